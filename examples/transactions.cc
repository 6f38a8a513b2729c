// Batches over several tables are applied whole or not at all.
#include <weir/weir.h>

#include <iostream>

namespace {

void print(const weir::Database& db) {
  const weir::ResultSet sums = db.read("money").value();
  std::cout << "sequence " << db.sequence() << ": " << sums[0]["total"] << " in " << sums[0]["accounts"] << " accounts\n";
}

}  // namespace

int main() {
  auto db = weir::Database::open(":memory:").value();
  db.execute("CREATE TABLE accounts (name TEXT PRIMARY KEY, balance BIGINT NOT NULL CHECK (balance >= 0));"
             "CREATE TABLE transfers (id BIGINT PRIMARY KEY, source TEXT, target TEXT, amount BIGINT);"
             "CREATE VIEW money AS SELECT COUNT(*) AS accounts, SUM(balance) AS total FROM accounts").value();

  auto open = db.begin();
  open.upsert("accounts", {"ada", 100}).value();
  open.upsert("accounts", {"bob", 20}).value();
  const weir::Receipt receipt = open.commit().value();
  std::cout << receipt.rows << " rows in batch " << receipt.sequence << '\n';
  print(db);

  auto move = db.begin();
  move.update("accounts", {"ada"}, {{"balance", 70}}).value();
  move.update("accounts", {"bob"}, {{"balance", 50}}).value();
  move.insert("transfers", {1, "ada", "bob", 30}).value();
  move.commit().value();
  print(db);

  // What is not committed never was: rollback() says so, and so does the end of the scope.
  {
    auto half = db.begin();
    half.erase_key("accounts", {"bob"}).value();
  }
  print(db);

  // A batch that breaks a rule is refused with the reason.
  auto bad = db.begin();
  bad.insert("transfers", {2, "bob", "ada", 60}).value();
  weir::Result<void> taken = bad.update("accounts", {"bob"}, {{"balance", -10}});
  weir::Result<weir::Receipt> committed = taken.ok() ? bad.commit() : weir::Result<weir::Receipt>(taken.error());
  std::cout << "refused: " << committed.error().message << '\n';
  bad.rollback();
  print(db);
}
