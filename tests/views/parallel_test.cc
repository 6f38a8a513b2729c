// Catches: results that depend on the number of threads: another order of rows in a change, another sum, a lost or doubled partition of a large delta.
#include <gtest/gtest.h>
#include <weir/weir.h>

#include <sstream>
#include <tuple>

#include "tests/views/open.h"

namespace weir {
namespace {

// All that subscribers see of a few large batches, as text, and the digests at the end.
std::string run(unsigned threads) {
  OpenOptions options;
  options.threads = threads;
  auto db = Database::open(":memory:", options).value();
  db.execute("CREATE TABLE stores (id BIGINT PRIMARY KEY, city TEXT NOT NULL);"
             "CREATE TABLE sales (id BIGINT PRIMARY KEY, store BIGINT NOT NULL, amount BIGINT NOT NULL, rate DOUBLE PRECISION NOT NULL);"
             "CREATE VIEW large AS SELECT id, store, amount * 2 AS twice FROM sales WHERE amount > 500;"
             "CREATE VIEW placed AS SELECT s.id, s.amount, t.city FROM sales s JOIN stores t ON t.id = s.store;"
             "CREATE VIEW lonely AS SELECT t.id, t.city FROM stores t LEFT JOIN sales s ON s.store = t.id AND s.amount > 990 WHERE s.id IS NULL;"
             "CREATE VIEW by_city AS SELECT city, COUNT(*) AS n, SUM(amount) AS total, MIN(amount) AS low, MAX(amount) AS high FROM placed GROUP BY city;"
             "CREATE VIEW rates AS SELECT store, SUM(rate) AS total, AVG(rate) AS mean FROM sales GROUP BY store;"
             "CREATE VIEW amounts AS SELECT DISTINCT amount FROM sales;"
             "CREATE VIEW best AS SELECT id, amount FROM sales ORDER BY amount DESC, id LIMIT 20").value();
  std::ostringstream seen;
  std::vector<Subscription> watches;
  SubscribeOptions now;
  now.delivery = SubscribeOptions::Delivery::kInline;
  const std::vector<std::string> views = {"large", "placed", "lonely", "by_city", "rates", "amounts", "best"};
  for (const std::string& view : views) {
    watches.push_back(db.subscribe(view, [&seen](const Change& change) {
      seen << change.view() << '@' << change.sequence() << '\n';
      for (const auto& row : change) {
        seen << row.weight();
        for (std::size_t c = 0; c < row.size(); ++c) seen << ' ' << row[c];
        seen << '\n';
      }
    }, now).value());
  }
  auto stores = db.begin();
  for (int i = 0; i < 300; ++i) stores.insert("stores", {i, "city " + std::to_string(i % 17)}).value();
  stores.commit().value();

  constexpr std::size_t kRows = 30000;
  const Table sales = db.table("sales").value();
  std::vector<std::int64_t> id(kRows), store(kRows), amount(kRows);
  std::vector<double> rate(kRows);
  std::uint64_t state = 9;
  for (std::size_t i = 0; i < kRows; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    id[i] = static_cast<std::int64_t>(i);
    store[i] = static_cast<std::int64_t>((state >> 33) % 310);  // some stores are not there
    amount[i] = static_cast<std::int64_t>((state >> 20) % 1000);
    rate[i] = static_cast<double>(amount[i]) / 7.0;
  }
  const ColumnData all[] = {{id.data(), nullptr}, {store.data(), nullptr}, {amount.data(), nullptr}, {rate.data(), nullptr}};
  auto first = db.begin();
  first.insert(sales, all, kRows).value();
  first.commit().value();
  auto second = db.begin();
  second.erase(sales, all, kRows / 2).value();
  second.commit().value();
  db.execute("UPDATE stores SET city = 'moved' WHERE id % 3 = 0").value();
  for (const std::string& view : views) seen << view << ' ' << db.digest(view).value() << '\n';
  return seen.str();
}

TEST(Parallel, SameBytesWhateverTheNumberOfThreads) {
  const std::string serial = run(1);
  EXPECT_GT(serial.size(), 1000000u);
  EXPECT_EQ(run(2) == serial, true);
  EXPECT_EQ(run(4) == serial, true);
}

// Views made over full tables, at once and within a transaction, and read back from the file.
TEST(Parallel, FilledAndRecoveredViewsAreTheSame) {
  const std::pair<const char*, const char*> views[] = {
      {"total", "SELECT COUNT(*) AS n, SUM(amount) AS s, MAX(rate) AS m, COUNT(DISTINCT store) AS d FROM sales"},
      {"of_total", "SELECT n + 1 AS n FROM (SELECT COUNT(*) AS n FROM sales WHERE amount > 3) AS c UNION SELECT 0"},
      {"by_store", "SELECT store, AVG(rate) AS a, MIN(amount) AS low, string_agg(amount::TEXT, ',' ORDER BY id) AS l FROM sales WHERE id < 12000 GROUP BY store"},
      {"amounts", "SELECT DISTINCT amount FROM sales"},
      {"others", "SELECT amount FROM sales EXCEPT ALL SELECT id FROM sales"},
      {"pairs", "SELECT s.id, t.id AS other FROM sales s JOIN sales t ON t.id = s.amount"},
      {"best", "SELECT id, amount FROM sales ORDER BY amount DESC, id LIMIT 20"},
      {"places", "SELECT id, RANK() OVER (PARTITION BY store ORDER BY amount) AS place FROM sales"}};
  std::vector<std::vector<std::string>> digests;
  for (const auto& [threads, begin, commit] : {std::tuple(1u, "", ""), {2u, "", ""}, {4u, "BEGIN; ", "; COMMIT"}}) {
    const Folder folder;
    OpenOptions options;
    options.threads = threads;
    digests.emplace_back();
    {
      auto db = Database::open(folder.file(), options).value();
      db.execute("CREATE TABLE sales (id BIGINT PRIMARY KEY, store BIGINT NOT NULL, amount BIGINT NOT NULL, rate DOUBLE PRECISION NOT NULL);"
                 "INSERT INTO sales SELECT i, i % 300, i * 7919 % 1000, i / 3.0 FROM generate_series(0, 19999) AS g(i)").value();
      for (const auto& [name, query] : views) db.execute(begin + ("CREATE VIEW " + std::string(name) + " AS " + query) + commit).value();
      db.execute("DELETE FROM sales WHERE id % 2 = 0").value();
      for (const auto& [name, query] : views) digests.back().push_back(db.digest(name).value());
      EXPECT_EQ(db.verify().value().difference, "");
    }
    auto db = Database::open(folder.file(), options).value();
    EXPECT_EQ(db.verify().value().difference, "");
    for (std::size_t n = 0; n < std::size(views); ++n) EXPECT_EQ(db.digest(views[n].first).value(), digests.back()[n]) << views[n].first;
    EXPECT_EQ(digests.back(), digests.front());
  }
}

}  // namespace
}  // namespace weir
