// Catches: streams that are not shared though their plans are equal, nodes left behind by a plan that fails or is released, an outer join composed wrongly.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "operators/linear.h"
#include "plan_catalog.h"
#include "sql/lower.h"
#include "zset/text_form.h"

namespace weir {
namespace {

class Lower : public testing::Test {
 protected:
  Lower() : circuit(Executor::serial()) {
    for (const char* name : {"a", "b", "c"}) {
      const Relation& relation = *catalog.find_relation(name);
      std::vector<KeyKind> kinds;
      for (const Field& f : relation.schema) kinds.push_back(key_kind_of(f.type.id));
      tables[relation.id] = circuit.add_source(kinds, relation.key, relation.has_key, name);
    }
  }
  NodeId build(const std::string& sql) {
    plan = bind_query(sql, catalog);
    const NodeId node = lower(*plan, circuit, [&](const Plan& scan) { return tables.at(scan.relation_id); }, &streams);
    circuit.backfill();
    return node;
  }
  void drop(NodeId node) {
    circuit.release(node);
    for (NodeId freed : circuit.take_freed()) streams.remove(freed);
  }
  // Adds rows, given as texts, to a table.
  void change(const char* table, std::vector<std::vector<const char*>> rows, std::int64_t weight = 1) {
    const Relation& relation = *catalog.find_relation(table);
    std::vector<Kind> kinds;
    for (const Field& f : relation.schema) kinds.push_back(kind_of(f.type.id));
    Arena arena;
    Delta delta;
    ChunkBuilder builder(kinds, arena, delta);
    for (const auto& row : rows) {
      std::vector<Datum> values;
      for (std::size_t i = 0; i < kinds.size(); ++i) values.push_back(row[i] ? parse_datum(row[i], relation.schema[i].type, arena) : Datum::of_null(kinds[i]));
      builder.append(values, weight);
    }
    builder.finish();
    circuit.push(tables.at(relation.id), delta);
    circuit.evaluate();
    circuit.advance();
  }
  // What a stream holds: rows with their weights, sorted.
  std::map<std::string, std::int64_t> rows(NodeId node) {
    std::map<std::string, std::int64_t> out;
    Delta delta;
    circuit.contents(node, delta);
    for (const Chunk& chunk : delta.chunks) {
      chunk.each([&](std::uint32_t i) {
        std::string row;
        for (std::size_t c = 0; c < plan->schema.size(); ++c) {
          if (c) row += '|';
          const Datum value = chunk.columns[c].get(i);
          if (value.null) row += '~';
          else format_datum(value, plan->schema[c].type, row);
        }
        if ((out[row] += chunk.weights[i]) == 0) out.erase(row);
      });
    }
    circuit.end_of_read();
    return out;
  }
  using Rows = std::map<std::string, std::int64_t>;

  PlanCatalog catalog;
  Circuit circuit;
  Streams streams;
  std::map<std::uint64_t, NodeId> tables;
  PlanPtr plan;
};

TEST_F(Lower, EqualPlansAreOneStream) {
  const std::size_t before = circuit.node_count();
  const NodeId one = build("SELECT k, sum(v) FROM a WHERE k > 1 GROUP BY k");
  const std::size_t nodes = circuit.node_count();
  const NodeId two = build("SELECT x.k AS other, sum(v) AS name FROM a x WHERE x.k > 1 GROUP BY x.k");
  EXPECT_EQ(one, two);
  EXPECT_EQ(circuit.node_count(), nodes);
  const NodeId three = build("SELECT id FROM a WHERE k > 1");
  EXPECT_EQ(circuit.node_count(), nodes + 1);  // the filter is there already
  drop(one);
  EXPECT_EQ(circuit.node_count(), nodes + 1);
  drop(two);
  drop(three);
  EXPECT_EQ(circuit.node_count(), before);
  const NodeId again = build("SELECT k, sum(v) FROM a WHERE k > 1 GROUP BY k");
  EXPECT_EQ(circuit.node_count(), nodes);
  drop(again);
}

TEST_F(Lower, AFailureLeavesNothingBehind) {
  const std::size_t before = circuit.node_count();
  const PlanPtr bad = bind_query("SELECT a.id FROM a JOIN (SELECT k FROM c WHERE d > '2020-01-01') x ON x.k = a.k UNION ALL SELECT * FROM (VALUES (1 / 0)) v", catalog);
  for (int i = 0; i < 2; ++i) {
    EXPECT_THROW(lower(*bad, circuit, [&](const Plan& scan) { return tables.at(scan.relation_id); }, &streams), Failure);
    for (NodeId freed : circuit.take_freed()) streams.remove(freed);
    EXPECT_EQ(circuit.node_count(), before);
  }
}

TEST_F(Lower, LeftJoinFollowsBothSides) {
  const NodeId node = build("SELECT a.id, b.id, b.w FROM a LEFT JOIN b ON a.k = b.k");
  change("a", {{"1", "1", "2", "x"}, {"2", nullptr, "3", "y"}});
  EXPECT_EQ(rows(node), (Rows{{"1|~|~", 1}, {"2|~|~", 1}}));
  change("b", {{"7", "1", "0.5", nullptr}, {"8", "1", "1.5", nullptr}});
  EXPECT_EQ(rows(node), (Rows{{"1|7|0.5", 1}, {"1|8|1.5", 1}, {"2|~|~", 1}}));
  change("b", {{"7", "1", "0.5", nullptr}, {"8", "1", "1.5", nullptr}}, -1);
  EXPECT_EQ(rows(node), (Rows{{"1|~|~", 1}, {"2|~|~", 1}}));
  drop(node);
}

TEST_F(Lower, OuterJoinsWithAConditionTellRowsApart) {
  const NodeId node = build("SELECT a.id, b.id FROM a FULL JOIN b ON a.k = b.k AND a.v > b.w");
  change("a", {{"1", "1", "2", "x"}, {"2", "1", "0", "x"}});
  change("b", {{"7", "1", "1", nullptr}, {"8", "2", "1", nullptr}});
  EXPECT_EQ(rows(node), (Rows{{"1|7", 1}, {"2|~", 1}, {"~|8", 1}}));
  change("a", {{"1", "1", "2", "x"}}, -1);
  EXPECT_EQ(rows(node), (Rows{{"2|~", 1}, {"~|7", 1}, {"~|8", 1}}));
  drop(node);
}

TEST_F(Lower, ATableWithDuplicatesKeepsThem) {
  const NodeId node = build("SELECT c.d, b.id FROM c LEFT JOIN b ON b.k = c.k AND b.w > 1");
  change("c", {{"1", "2024-01-01", nullptr}, {"1", "2024-01-01", nullptr}});
  EXPECT_EQ(rows(node), (Rows{{"2024-01-01|~", 2}}));
  change("b", {{"7", "1", "3", nullptr}});
  EXPECT_EQ(rows(node), (Rows{{"2024-01-01|7", 2}}));
  drop(node);
}

TEST_F(Lower, AViewOverOneTableIsTheTable) {
  const NodeId node = build("SELECT * FROM a");
  EXPECT_EQ(node, tables.at(catalog.find_relation("a")->id));
  drop(node);
}

}  // namespace
}  // namespace weir
