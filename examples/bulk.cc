// Whole columns as spans: the fastest way in. Nothing is copied that need not be.
#include <weir/weir.h>

#include <cstdint>
#include <iostream>
#include <string_view>
#include <vector>

int main() {
  auto db = weir::Database::open(":memory:").value();
  db.execute("CREATE TABLE samples (id BIGINT PRIMARY KEY, sensor TEXT NOT NULL, value DOUBLE PRECISION);"
             "CREATE VIEW by_sensor AS SELECT sensor, COUNT(*) AS samples, COUNT(value) AS valid, SUM(value) AS sum FROM samples GROUP BY sensor").value();
  const weir::Table samples = db.table("samples").value();  // resolved once

  constexpr std::size_t kRows = 100'000;
  std::vector<std::int64_t> ids(kRows);
  std::vector<std::string_view> sensors(kRows);
  std::vector<double> values(kRows);
  std::vector<std::uint8_t> missing(kRows);  // 1 = NULL
  for (std::size_t i = 0; i < kRows; ++i) {
    ids[i] = static_cast<std::int64_t>(i);
    sensors[i] = i % 4 == 0 ? "roof" : "cellar";
    values[i] = static_cast<double>(i % 100) / 4;
    missing[i] = i % 1000 == 999;
  }

  auto batch = db.begin();
  const weir::ColumnData columns[] = {{ids.data()}, {sensors.data()}, {values.data(), missing.data()}};
  batch.insert(samples, columns, kRows).value();
  std::cout << batch.commit().value().rows << " rows\n";

  auto second = db.begin();  // deletes are arrays too
  second.erase(samples, columns, kRows / 2).value();
  second.commit().value();

  const weir::ResultSet rows = db.query("SELECT * FROM by_sensor ORDER BY sensor").value();
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    std::cout << rows[i]["sensor"] << ' ' << rows[i]["samples"] << ' ' << rows[i]["valid"] << ' ' << rows[i]["sum"] << '\n';
  }
}
