#include "workload.h"

#include <algorithm>
#include <stdexcept>

namespace bench {

namespace {

std::uint64_t scramble(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

// Cuts rows 0..n-1, made by `row`, into insert batches.
template <class F>
void insert_batches(const std::string& table, std::size_t width, std::int64_t n, const Cut& cut, std::vector<Batch>& load, std::vector<Batch>& timed, F row) {
  for (std::int64_t i = 0; i < n; ++i) {
    std::vector<Batch>& out = cut.is_timed(i, n) ? timed : load;
    if (cut.starts(i, n)) out.push_back({table, Rows(width), {}, {}});
    row(i, out.back().inserts);
  }
}
template <class F>
void load_rows(const std::string& table, std::size_t width, std::int64_t n, std::vector<Batch>& load, F row) {
  insert_batches(table, width, n, {.batch = 100000, .timed = 0}, load, load, row);
}
template <class F>
Phase insert_phase(const std::string& name, const std::string& table, std::size_t width, std::int64_t n, const Cut& cut, F row) {
  Phase phase{name, cut.batch, {}, {}};
  insert_batches(table, width, n, cut, phase.load, phase.batches, row);
  return phase;
}

// One upsert a batch.
template <class F>
Phase upsert_phase(const std::string& name, const std::string& table, std::size_t width, std::int64_t n, F row) {
  Phase phase{name, 1, {}, {}};
  for (std::int64_t i = 0; i < n; ++i) {
    phase.batches.push_back({table, {}, {}, Rows(width)});
    row(phase.batches.back().upserts);
  }
  return phase;
}

struct Row3 { std::int64_t id, g, v; };

// The stream of 60 % inserts and 40 % deletes of group_mixed, minmax and topk.
struct Mixed {
  std::vector<Row3> live;
  std::int64_t next = 0;

  Phase phase(const std::string& name, const std::string& table, Random& r, std::int64_t groups, std::int64_t values, const Cut& cut) {
    constexpr std::int64_t kChanges = 500000;
    Phase out{name, cut.batch, {}, {}};
    for (std::int64_t i = 0; i < kChanges; ++i) {
      std::vector<Batch>& all = cut.is_timed(i, kChanges) ? out.batches : out.load;
      if (cut.starts(i, kChanges)) all.push_back({table, Rows(3), Rows(3), {}});
      Batch& b = all.back();
      if (r.below(10) < 6) {
        Row3 x{next++, 0, 0};
        x.g = r.below(groups);
        x.v = r.below(values);
        live.push_back(x);
        b.inserts.add({x.id, x.g, x.v});
      } else {
        const std::size_t j = static_cast<std::size_t>(r.below(static_cast<std::int64_t>(live.size())));
        b.deletes.add({live[j].id, live[j].g, live[j].v});
        live[j] = live.back();
        live.pop_back();
      }
    }
    return out;
  }
};

Workload filter(const Cut& cut) {
  Workload w;
  w.schema = "CREATE TABLE items (id BIGINT PRIMARY KEY, a BIGINT NOT NULL, b BIGINT NOT NULL);"
             "CREATE VIEW v AS SELECT id, a * 2 AS a2 FROM items WHERE b < 50";
  Random r{1};
  w.phases.push_back(insert_phase("filter", "items", 3, 1000000, cut, [&](std::int64_t i, Rows& rows) {
                        const std::int64_t a = r.below(1000000);
                        rows.add({i, a, r.below(100)});
                      }));
  return w;
}

Workload join_sum(const Cut& cut) {
  Workload w;
  w.schema = "CREATE TABLE customers (id BIGINT PRIMARY KEY, region BIGINT NOT NULL);"
             "CREATE TABLE orders (id BIGINT PRIMARY KEY, customer BIGINT NOT NULL, amount BIGINT NOT NULL);"
             "CREATE VIEW v AS SELECT c.region, SUM(o.amount) AS s, COUNT(*) AS n FROM orders o JOIN customers c ON c.id = o.customer GROUP BY c.region";
  load_rows("customers", 2, 100000, w.load, [](std::int64_t i, Rows& rows) { rows.add({i, i * 7919 % 50}); });
  Random r{2};
  std::vector<std::int64_t> customer(1000000);
  w.phases.push_back(insert_phase("join_sum(a)", "orders", 3, 1000000, cut, [&](std::int64_t i, Rows& rows) {
                        customer[static_cast<std::size_t>(i)] = r.below(100000);
                        rows.add({i, customer[static_cast<std::size_t>(i)], r.below(1000)});
                      }));
  w.phases.push_back(upsert_phase("join_sum(b)", "orders", 3, 20000, [&](Rows& rows) {
                        const std::int64_t id = r.below(1000000);
                        rows.add({id, customer[static_cast<std::size_t>(id)], r.below(1000)});
                      }));
  w.phases.push_back(upsert_phase("join_sum(c)", "customers", 2, 1000, [&](Rows& rows) {
                        const std::int64_t id = r.below(100000);
                        rows.add({id, r.below(50)});
                      }));
  return w;
}

Workload group_mixed(const Cut& cut) {
  Workload w;
  w.schema = "CREATE TABLE rows (id BIGINT PRIMARY KEY, g BIGINT NOT NULL, v BIGINT NOT NULL);"
             "CREATE VIEW v AS SELECT g, COUNT(*) AS n, SUM(v) AS s FROM rows GROUP BY g";
  Random r{3};
  Mixed m;
  load_rows("rows", 3, 100000, w.load, [&](std::int64_t g, Rows& rows) {
    const Row3 x{m.next++, g, r.below(1000)};
    m.live.push_back(x);
    rows.add({x.id, x.g, x.v});
  });
  w.phases.push_back(m.phase("group_mixed", "rows", r, 100000, 1000, cut));
  return w;
}

Workload ordered(const std::string& name, const std::string& table, const std::string& schema, std::uint64_t seed, std::int64_t groups, std::int64_t values,
                 const Cut& cut) {
  Workload w;
  w.schema = schema;
  Random r{seed};
  Mixed m;
  load_rows(table, 3, 1000000, w.load, [&](std::int64_t, Rows& rows) {
    Row3 x{m.next++, 0, 0};
    x.g = r.below(groups);
    x.v = r.below(values);
    m.live.push_back(x);
    rows.add({x.id, x.g, x.v});
  });
  w.phases.push_back(m.phase(name, table, r, groups, values, cut));
  return w;
}

Workload minmax(const Cut& cut) {
  return ordered("minmax", "rows",
                 "CREATE TABLE rows (id BIGINT PRIMARY KEY, g BIGINT NOT NULL, v BIGINT NOT NULL);"
                 "CREATE VIEW v AS SELECT g, MIN(v) AS low, MAX(v) AS high FROM rows GROUP BY g",
                 5, 1000, 1000000000, cut);
}

Workload topk(const Cut& cut) {
  return ordered("topk", "orders",
                 "CREATE TABLE orders (id BIGINT PRIMARY KEY, customer BIGINT NOT NULL, amount BIGINT NOT NULL);"
                 "CREATE VIEW v AS SELECT customer, id, amount FROM (SELECT customer, id, amount, ROW_NUMBER() OVER (PARTITION BY customer ORDER BY "
                 "amount DESC, id) AS place FROM orders) ranked WHERE place <= 10",
                 6, 10000, 1000, cut);
}

Workload star(const Cut& cut) {
  Workload w;
  w.schema = "CREATE TABLE customers (id BIGINT PRIMARY KEY, region BIGINT NOT NULL);"
             "CREATE TABLE products (id BIGINT PRIMARY KEY, category BIGINT NOT NULL);"
             "CREATE TABLE stores (id BIGINT PRIMARY KEY, city BIGINT NOT NULL);"
             "CREATE TABLE sales (id BIGINT PRIMARY KEY, customer BIGINT NOT NULL, product BIGINT NOT NULL, store BIGINT NOT NULL, amount BIGINT NOT NULL);"
             "CREATE VIEW v AS SELECT p.category, c.region, t.city, SUM(s.amount) AS s FROM sales s JOIN customers c ON c.id = s.customer "
             "JOIN products p ON p.id = s.product JOIN stores t ON t.id = s.store GROUP BY p.category, c.region, t.city";
  auto dimension = [&](const char* table, std::int64_t n, std::int64_t modulus) {
    load_rows(table, 2, n, w.load, [&](std::int64_t i, Rows& rows) { rows.add({i, i * 7919 % modulus}); });
  };
  dimension("customers", 100000, 50);
  dimension("products", 10000, 100);
  dimension("stores", 1000, 200);
  Random r{7};
  struct Sale { std::int64_t customer, product, store; };
  std::vector<Sale> sales(1000000);
  w.phases.push_back(insert_phase("star(a)", "sales", 5, 1000000, cut, [&](std::int64_t i, Rows& rows) {
                        Sale& s = sales[static_cast<std::size_t>(i)];
                        s.customer = r.below(100000);
                        s.product = r.below(10000);
                        s.store = r.below(1000);
                        rows.add({i, s.customer, s.product, s.store, r.below(1000)});
                      }));
  w.phases.push_back(upsert_phase("star(b)", "sales", 5, 20000, [&](Rows& rows) {
                        const std::int64_t id = r.below(1000000);
                        const Sale& s = sales[static_cast<std::size_t>(id)];
                        rows.add({id, s.customer, s.product, s.store, r.below(1000)});
                      }));
  return w;
}

Workload reach() {
  Workload w;
  w.schema = "CREATE TABLE edges (src BIGINT NOT NULL, dst BIGINT NOT NULL);"
             "CREATE VIEW v AS WITH RECURSIVE reach(node) AS (SELECT 0::bigint UNION SELECT e.dst FROM reach JOIN edges e ON e.src = reach.node) "
             "SELECT node FROM reach";
  constexpr std::int64_t kNodes = 100000;
  Random r{8};
  struct Edge { std::int64_t src, dst; };
  std::vector<Edge> live;
  const auto draw = [&] {
    const std::int64_t src = r.below(kNodes);
    live.push_back({src, r.below(kNodes)});
    return live.back();
  };
  load_rows("edges", 2, 200000, w.load, [&](std::int64_t, Rows& rows) {
    const Edge e = draw();
    rows.add({e.src, e.dst});
  });
  Phase phase{"reach", 1, {}, {}};
  for (int i = 0; i < 2000; ++i) {
    Batch batch{"edges", {}, {}, {}};
    Rows& rows = i % 2 == 0 ? batch.inserts : batch.deletes;
    rows = Rows(2);
    if (i % 2 == 0) {
      const Edge e = draw();
      rows.add({e.src, e.dst});
    } else {
      Edge& e = live[static_cast<std::size_t>(r.below(static_cast<std::int64_t>(live.size())))];
      rows.add({e.src, e.dst});
      e = live.back();
      live.pop_back();
    }
    phase.batches.push_back(std::move(batch));
  }
  w.phases.push_back(std::move(phase));
  return w;
}

}  // namespace

std::uint64_t Random::next() { return scramble(state += 0x9E3779B97F4A7C15ull); }

void RowHash::add(std::int64_t column) { state = scramble((state ^ static_cast<std::uint64_t>(column)) + 0x9E3779B97F4A7C15ull); }

// FNV-1a.
void RowHash::add(std::string_view text) {
  std::uint64_t h = 0xCBF29CE484222325ull;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001B3ull;
  add(static_cast<std::int64_t>(h));
}

std::uint64_t row_hash(std::initializer_list<std::int64_t> columns) {
  RowHash hash;
  for (const std::int64_t c : columns) hash.add(c);
  return hash.state;
}

std::vector<std::string> workload_names() { return {"filter", "join_sum", "group_mixed", "minmax", "topk", "star", "reach", "flights"}; }

Workload make_workload(const std::string& name, const Cut& cut, const std::string& flights) {
  if (name == "filter") return filter(cut);
  if (name == "join_sum") return join_sum(cut);
  if (name == "group_mixed") return group_mixed(cut);
  if (name == "minmax") return minmax(cut);
  if (name == "topk") return topk(cut);
  if (name == "star") return star(cut);
  if (name == "reach") return reach();
  if (name == "flights") return make_flights(cut, flights);
  throw std::invalid_argument("no workload is called \"" + name + "\"");
}

}  // namespace bench
