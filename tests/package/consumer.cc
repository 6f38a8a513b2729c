// Catches: headers or targets that only work within weir's own build. Prints "7 42".
#include <weir/weir.h>

#include <iostream>

int main() {
  auto db = weir::Database::open(":memory:").value();
  db.execute("CREATE TABLE t (a BIGINT, b BIGINT); CREATE VIEW v AS SELECT a, SUM(b) AS total FROM t GROUP BY a").value();
  auto batch = db.begin();
  batch.insert("t", {7, 40}).value();
  batch.insert("t", {7, 2}).value();
  batch.commit().value();
  const weir::ResultSet rows = db.read("v").value();
  std::cout << rows[0]["a"] << ' ' << rows[0]["total"] << '\n';
}
