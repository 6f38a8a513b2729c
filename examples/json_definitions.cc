// Tables and views declared in a JSON document, and rows read from NDJSON.
#include <weir/weir.h>

#include <fstream>
#include <iostream>
#include <sstream>

int main() {
  std::ifstream file("shop.json");
  std::stringstream document;
  document << file.rdbuf();

  auto db = weir::Database::open(":memory:").value();
  db.define(document.str()).value();  // all of it, or nothing and the reason

  std::ofstream("orders.ndjson") << R"({"id": 1, "customer": 7, "amount": 19.90, "day": "2024-02-29"}
{"insert": {"id": 2, "customer": 7, "amount": "40.00"}}
{"id": 3, "customer": 8}
{"update": {"id": 1, "amount": 24.90}}
{"delete": {"id": 3}}
)";
  weir::Reader reader = weir::Reader::open(db, "orders", "orders.ndjson").value();
  auto batch = db.begin();
  std::cout << reader.read(batch, 1000).value() << " lines\n";
  batch.commit().value();

  const weir::ResultSet totals = db.read("by_customer").value();
  for (std::size_t i = 0; i < totals.rows(); ++i) std::cout << totals[i]["customer"] << ' ' << totals[i]["orders"] << ' ' << totals[i]["total"] << '\n';
  std::cout << "large: " << db.read("large").value()[0]["about"] << '\n';

  // What is wrong is told with its place in the document.
  weir::Result<void> wrong = db.define(R"({"views": {"v": {"from": "orders", "were": "amount > 1"}}})");
  std::cout << wrong.error().place << ": " << wrong.error().message << "; " << wrong.error().hint << '\n';
}
