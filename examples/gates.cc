// An admission gate: a budget in a table, handed out to any number of threads, exactly, and a live view over what was used.
#include <weir/weir.h>

#include <atomic>
#include <iostream>
#include <thread>
#include <vector>

int main() {
  auto db = weir::Database::open("gates.db").value();
  db.execute("CREATE TABLE limits (tenant TEXT PRIMARY KEY, units BIGINT NOT NULL); INSERT INTO limits VALUES ('acme', 1000), ('initech', 5)").value();
  const weir::Gate gate = db.create_gate("api", {.budget = "limits"}).value();
  db.execute("CREATE VIEW left_over AS SELECT l.tenant, l.units - u.admitted AS units FROM limits l JOIN api_usage u ON u.tenant = l.tenant").value();

  // Four threads want four thousand of a thousand.
  std::atomic<int> admitted{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      const weir::GateKey acme = gate.key({"acme"}).value();
      for (int i = 0; i < 1000; ++i) admitted += acme.try_acquire() ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::cout << "acme: " << admitted << " admitted\n";

  // All or none; what is not used comes back; a refill is done once, however often it is repeated.
  std::cout << "initech, 6 of 5: " << (gate.try_acquire({"initech"}, 6) ? "admitted" : "refused") << '\n';
  std::cout << "initech, 4 of 5: " << (gate.try_acquire({"initech"}, 4) ? "admitted" : "refused") << '\n';
  gate.refund({"initech"}, 1).value();
  for (int i = 0; i < 3; ++i) gate.refill({"initech"}, 10, {.origin = weir::Origin{"billing", 1, 1}}).value();

  gate.flush().value();
  const auto rows = db.query("SELECT tenant, units FROM left_over ORDER BY tenant").value();
  for (std::size_t i = 0; i < rows.rows(); ++i) std::cout << rows[i]["tenant"] << " has " << rows[i]["units"] << " left\n";
}
