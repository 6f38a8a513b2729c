// A subscriber gets the view as it is, then each change of it once and in order.
#include <weir/weir.h>

#include <algorithm>
#include <iostream>
#include <string>
#include <vector>

namespace {

void print(const weir::Change& change) {
  std::vector<std::string> lines;
  for (const auto& row : change) {
    lines.push_back((row.weight() > 0 ? "  + " : "  - ") + row["room"].to_string() + " " + row["guests"].to_string());
  }
  std::sort(lines.begin(), lines.end());  // a change is a set: its rows have no order
  std::cout << (change.is_snapshot() ? "snapshot\n" : "change\n");
  for (const std::string& line : lines) std::cout << line << '\n';
}

}  // namespace

int main() {
  auto db = weir::Database::open(":memory:").value();
  db.execute("CREATE TABLE stays (guest TEXT PRIMARY KEY, room TEXT NOT NULL);"
             "CREATE VIEW occupied AS SELECT room, COUNT(*) AS guests FROM stays GROUP BY room;"
             "INSERT INTO stays VALUES ('Ada', 'blue'), ('Bob', 'red')").value();

  auto watch = db.subscribe("occupied", print).value();  // callbacks run on a thread of the database

  db.execute("INSERT INTO stays VALUES ('Cleo', 'blue')").value();
  db.execute("UPDATE stays SET room = 'green' WHERE guest = 'Bob'").value();
  db.execute("DELETE FROM stays WHERE guest = 'Nobody'").value();  // changes nothing: no callback
  watch.wait();

  watch.end();  // also at the end of its scope; no callback runs after that
  db.execute("DELETE FROM stays").value();
  std::cout << "rooms at the end: " << db.read("occupied").value().rows() << '\n';
}
