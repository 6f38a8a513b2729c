// A database in a file: closed and opened again it goes on where it was. The file is plain SQLite.
#include <weir/weir.h>

#include <iostream>

namespace {

void print(const weir::Database& db) {
  const weir::ResultSet stock = db.query("SELECT * FROM stock ORDER BY item").value();
  for (std::size_t i = 0; i < stock.rows(); ++i) std::cout << "  " << stock[i]["item"] << ' ' << stock[i]["pieces"] << '\n';
}

}  // namespace

int main() {
  std::string digest;
  std::uint64_t sequence;
  {
    auto db = weir::Database::open("stock.db").value();
    std::cout << (db.recovered() ? "recovered\n" : "new\n");
    db.execute("CREATE TABLE moves (id BIGINT PRIMARY KEY, item TEXT NOT NULL, pieces INTEGER NOT NULL);"
               "CREATE VIEW stock AS SELECT item, SUM(pieces) AS pieces FROM moves GROUP BY item;"
               "INSERT INTO moves VALUES (1, 'nails', 500), (2, 'nails', -20), (3, 'glue', 3)").value();
    print(db);
    digest = db.digest("stock").value();
    sequence = db.sequence();
    db.close().value();
  }
  auto db = weir::Database::open("stock.db").value();
  std::cout << (db.recovered() ? "recovered\n" : "new\n");
  std::cout << "same content: " << (db.digest("stock").value() == digest) << ", same sequence: " << (db.sequence() == sequence) << '\n';
  db.execute("INSERT INTO moves VALUES (4, 'glue', -3); DELETE FROM moves WHERE id = 2").value();  // views go on from their state in the file
  print(db);

  // After close() a handle gives an error.
  db.close().value();
  std::cout << "closed: " << (db.read("stock").error().code == weir::ErrorCode::kClosed) << '\n';
}
