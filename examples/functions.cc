// C++ lambdas as SQL functions, kept live in views like any other expression.
#include <weir/weir.h>
#include <weir/function.h>

#include <algorithm>
#include <cstdint>
#include <iostream>
#include <optional>
#include <string>

int main() {
  auto db = weir::Database::open(":memory:").value();

  // Types are those of the lambda; it is not called for NULL arguments.
  db.create_function(weir::function("clamp", [](std::int64_t x, std::int64_t low, std::int64_t high) { return std::clamp(x, low, high); })).value();
  db.create_function(weir::function("shout", [](const std::string& text) { return text + "!"; })).value();
  // An empty optional is NULL.
  db.create_function(weir::function("half", [](std::int64_t x) { return x % 2 ? std::nullopt : std::optional<std::int64_t>(x / 2); })).value();

  db.execute("CREATE TABLE readings (id BIGINT PRIMARY KEY, name TEXT, value BIGINT);"
             "CREATE VIEW calm AS SELECT clamp(value, 0, 100) AS level, COUNT(*) AS n FROM readings GROUP BY clamp(value, 0, 100);"
             "CREATE VIEW halves AS SELECT id, shout(name) AS name, half(value) AS half FROM readings;"
             "INSERT INTO readings VALUES (1, 'sun', 250), (2, 'rain', -5), (3, NULL, 1000), (4, 'fog', 41)").value();

  const weir::ResultSet calm = db.query("SELECT * FROM calm ORDER BY level").value();
  for (std::size_t i = 0; i < calm.rows(); ++i) std::cout << calm[i]["level"] << ": " << calm[i]["n"] << '\n';
  const weir::ResultSet halves = db.query("SELECT * FROM halves ORDER BY id").value();
  for (std::size_t i = 0; i < halves.rows(); ++i) {
    std::cout << halves[i]["id"] << ' ' << (halves[i]["name"].is_null() ? "NULL" : halves[i]["name"].to_string()) << ' '
              << (halves[i]["half"].is_null() ? "NULL" : halves[i]["half"].to_string()) << '\n';
  }
}
