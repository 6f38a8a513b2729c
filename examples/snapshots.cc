// Reading: a view as it stands, one row by its key, several views at one sequence number, and a query of the moment.
#include <weir/weir.h>

#include <iostream>

int main() {
  auto db = weir::Database::open(":memory:").value();
  db.execute("CREATE TABLE votes (id BIGINT PRIMARY KEY, party TEXT NOT NULL);"
             "CREATE VIEW by_party AS SELECT party, COUNT(*) AS votes FROM votes GROUP BY party;"
             "CREATE VIEW turnout AS SELECT COUNT(*) AS votes FROM votes;"
             "INSERT INTO votes VALUES (1, 'oak'), (2, 'elm'), (3, 'oak')").value();

  // A result keeps what it read, whatever is committed later.
  const weir::ResultSet before = db.read("by_party").value();
  db.execute("INSERT INTO votes VALUES (4, 'ash')").value();
  std::cout << "parties before: " << before.rows() << ", now: " << db.read("by_party").value().rows() << '\n';

  // A view that has a key is read by it.
  std::cout << "oak: " << db.find("by_party", {"oak"}).value()[0]["votes"] << '\n';
  std::cout << "fir: " << db.find("by_party", {"fir"}).value().rows() << " rows\n";

  // All of them at the same batch, while others may commit.
  const std::string names[] = {"by_party", "turnout"};
  const weir::Snapshot snapshot = db.snapshot(names).value();
  std::int64_t sum = 0;
  const weir::ResultSet& parties = snapshot.relations.at("by_party");
  for (std::size_t i = 0; i < parties.rows(); ++i) sum += parties[i]["votes"].integer();
  std::cout << sum << " of " << snapshot.relations.at("turnout")[0]["votes"] << '\n';

  // Any query that could be a view, and an order.
  const weir::ResultSet top = db.query("SELECT party, votes FROM by_party ORDER BY votes DESC, party LIMIT 2").value();
  for (std::size_t i = 0; i < top.rows(); ++i) std::cout << top[i]["party"] << ' ' << top[i]["votes"] << '\n';
}
