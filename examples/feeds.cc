// A view's changes by their sequence numbers: a reader that was away goes on where it was, and a copy in another file follows.
#include <weir/weir.h>

#include <iostream>

namespace {

void print(const weir::Change& change) {
  std::cout << (change.is_snapshot() ? "as it is:" : "change:");
  for (const auto& row : change) std::cout << "  " << (row.weight() > 0 ? "+" : "-") << row["item"] << ' ' << row["pieces"];
  std::cout << '\n';
}

}  // namespace

int main() {
  auto db = weir::Database::open("stock.db").value();
  db.execute("CREATE TABLE moves (id BIGINT PRIMARY KEY, item TEXT NOT NULL, pieces INTEGER NOT NULL) WITH (audit);"
             "CREATE VIEW stock WITH (feed, retention = 1000) AS SELECT item, SUM(pieces) AS pieces FROM moves GROUP BY item;"
             "INSERT INTO moves VALUES (1, 'nails', 500)").value();

  std::uint64_t seen;
  {  // another process might do this
    auto feed = weir::Feed::open("stock.db", "stock").value();
    feed.read(print).value();
    seen = feed.sequence();
  }
  db.execute("INSERT INTO moves VALUES (2, 'nails', -20)").value();
  db.execute("INSERT INTO moves VALUES (3, 'glue', 3)").value();

  std::cout << "back again\n";
  auto feed = weir::Feed::open("stock.db", "stock", seen).value();
  feed.read(print).value();

  std::cout << "within this process, then live\n";
  auto watch = db.subscribe("stock", print, {.after = seen + 1}).value();
  db.execute("DELETE FROM moves WHERE id = 3").value();
  watch.wait();

  auto follower = weir::Follower::open("stock.db", "copy.db").value();
  std::cout << "the copy is at the same sequence: " << (follower.step().value() == db.sequence()) << ", and good: " << weir::check("copy.db").value().ok() << '\n';
  std::cout << weir::Feed::open("stock.db", "stock", 0).value().read(print).error().message << '\n';
}
