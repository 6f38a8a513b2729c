// Would catch: a worked example in docs/derivations that is not what the operator does. Each page ends with a table of three steps; it is read and replayed here.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "operators/aggregate.h"
#include "operators/distinct.h"
#include "operators/join.h"
#include "operators/linear.h"
#include "operators/recursion.h"
#include "operators/semi_join.h"
#include "operators/series.h"
#include "operators/unnest.h"
#include "zset/array.h"
#include "operators/set_operations.h"
#include "operators/temporal_filter.h"
#include "operators/top_k.h"
#include "operators/window.h"
#include "tests/laws/zset_model.h"

namespace weir::test {
namespace {

std::string trimmed(const std::string& s) {
  const auto first = s.find_first_not_of(' '), last = s.find_last_not_of(' ');
  return first == std::string::npos ? "" : s.substr(first, last - first + 1);
}

std::vector<std::string> split(const std::string& s, char at) {
  std::vector<std::string> parts;
  std::stringstream in(s);
  for (std::string part; std::getline(in, part, at);) parts.push_back(trimmed(part));
  return parts;
}

// "(1, x) +1; (2, NULL) -2"
Entries entries_of(const std::string& text) {
  Entries entries;
  for (const std::string& part : split(text, ';')) {
    if (part.empty()) continue;
    const auto close = part.rfind(')');
    PlainRow row;
    for (const std::string& cell : split(part.substr(1, close - 1), ',')) row.push_back(cell == "NULL" ? Cell() : Cell(cell));
    entries.push_back({row, std::stoll(part.substr(close + 1))});
  }
  return entries;
}

// The table's rows: the deltas of the inputs, then that of the output.
std::vector<std::vector<Entries>> table_of(const std::string& page) {
  std::ifstream in(std::string(WEIR_SOURCE_DIR) + "/docs/derivations/" + page + ".md");
  std::vector<std::vector<Entries>> rows;
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    if (line.rfind("|---", 0) == 0) {
      inside = true;
    } else if (inside && line.rfind("| ", 0) == 0) {
      const auto cells = split(line, '|');  // the first is what stands before the first bar, the second the number of the step
      rows.emplace_back();
      for (std::size_t c = 2; c < cells.size(); ++c) rows.back().push_back(entries_of(cells[c]));
    }
  }
  return rows;
}

void replay(const std::string& page, const std::vector<Kinds>& inputs, const Kinds& output,
            const std::function<NodeId(Circuit&, const std::vector<NodeId>&)>& build) {
  const auto table = table_of(page);
  ASSERT_EQ(table.size(), 3u) << page;
  Circuit circuit(Executor::serial());
  std::vector<NodeId> sources;
  for (const Kinds& kinds : inputs) sources.push_back(circuit.add_source(kinds, {}, false, "source"));
  const NodeId node = build(circuit, sources);
  circuit.backfill();
  for (std::size_t step = 0; step < table.size(); ++step) {
    ASSERT_EQ(table[step].size(), inputs.size() + 1) << page;
    Arena arena;
    for (std::size_t in = 0; in < inputs.size(); ++in) {
      Delta delta;
      delta_of(table[step][in], inputs[in], arena, delta);
      circuit.push(sources[in], delta);
    }
    circuit.evaluate();
    Plain expected;
    for (const auto& [row, w] : table[step].back()) add(expected, row, w);
    EXPECT_EQ(to_string(plain_of(circuit.delta(node), output)), to_string(expected)) << page << ", step " << step + 1;
    circuit.advance();
  }
}

constexpr KeyKind kInt = KeyKind::kInt, kText = KeyKind::kText;
using Nodes = const std::vector<NodeId>&;

std::vector<ExpressionPtr> columns(std::initializer_list<std::pair<int, KeyKind>> list) {
  std::vector<ExpressionPtr> out;
  for (const auto& [c, kind] : list) out.push_back(column(c, kind));
  return out;
}

NodeId inner(Circuit& c, Nodes in) { return join(c, in[0], in[1], JoinSpec{{0}, {0}, {{false, 1}, {true, 1}}, nullptr}); }

class NullText final : public Expression {
 public:
  Column evaluate(const Chunk& chunk, Arena& arena) const override {
    Column out = Column::make(Kind::kBytes, chunk.size, true, arena);
    for (std::uint32_t i = 0; i < chunk.size; ++i) out.set(i, Datum::of_null(Kind::kBytes));
    return out;
  }
  KeyKind key_kind() const override { return kText; }
  std::string text() const override { return "NULL"; }
};

class One final : public Expression {
 public:
  Column evaluate(const Chunk& chunk, Arena& arena) const override {
    Column out = Column::make(Kind::kInt, chunk.size, false, arena);
    for (std::uint32_t i = 0; i < chunk.size; ++i) out.set(i, Datum::of(std::int64_t{1}));
    return out;
  }
  KeyKind key_kind() const override { return kInt; }
  std::string text() const override { return "1"; }
};

TEST(Derivations, Linear) {
  replay("linear", {{kInt, kText}}, {kText}, [](Circuit& c, Nodes in) { return project(c, filter(c, in[0], greater(0, 1)), columns({{1, kText}})); });
}
TEST(Derivations, Join) { replay("join", {{kInt, kText}, {kInt, kText}}, {kText, kText}, inner); }
TEST(Derivations, SemiJoin) {
  replay("semijoin", {{kInt, kText}, {kInt}}, {kInt, kText}, [](Circuit& c, Nodes in) { return semi_join(c, in[0], in[1], {0}, {0}, false, false); });
}
TEST(Derivations, Subquery) {
  replay("subquery", {{kInt}, {kInt}}, {kInt}, [](Circuit& c, Nodes in) { return semi_join(c, in[0], in[1], {0}, {0}, false, false); });
}
TEST(Derivations, Series) {
  replay("series", {{kInt}}, {kInt, kInt}, [](Circuit& c, Nodes in) {
    return series(c, in[0], std::make_unique<One>(), column(0, kInt), std::make_unique<One>(), TypeId::kInteger);
  });
}
class Twice final : public Expression {  // an array of column 0, twice
 public:
  Column evaluate(const Chunk& chunk, Arena& arena) const override {
    Column out = Column::make(Kind::kBytes, chunk.size, false, arena);
    chunk.each([&](std::uint32_t i) {
      ArrayBuilder array(kInt);
      for (int n = 0; n < 2; ++n) array.add(chunk.columns[0].is_valid(i) ? chunk.columns[0].get(i) : Datum());
      out.set(i, Datum::of(array.take(arena)));
    });
    return out;
  }
  KeyKind key_kind() const override { return KeyKind::kArray; }
  std::string text() const override { return "ARRAY[#0, #0]"; }
};
TEST(Derivations, Unnest) {
  replay("unnest", {{kInt}}, {kInt, kInt, kInt}, [](Circuit& c, Nodes in) {
    std::vector<ExpressionPtr> arrays;
    arrays.push_back(std::make_unique<Twice>());
    return unnest(c, in[0], std::move(arrays), {array_of(TypeId::kInteger)});
  });
}
TEST(Derivations, OuterJoin) {
  replay("outer_join", {{kInt, kText}, {kInt, kText}}, {kText, kText}, [](Circuit& c, Nodes in) {
    std::vector<ExpressionPtr> filled = columns({{1, kText}});
    filled.push_back(std::make_unique<NullText>());
    const NodeId unmatched = project(c, semi_join(c, in[0], in[1], {0}, {0}, true, false), std::move(filled));
    return union_all(c, std::vector<NodeId>{inner(c, in), unmatched});
  });
}
TEST(Derivations, Aggregate) {
  replay("aggregate", {{kInt, kInt}}, {kInt, kInt, kInt, kInt}, [](Circuit& c, Nodes in) {
    std::vector<AggregateSpec> specs;
    specs.push_back({AggregateFunction::kCountStar, nullptr, nullptr, false, TypeId::kUnknown, TypeId::kBigint});
    specs.push_back({AggregateFunction::kSum, column(1, kInt), nullptr, false, TypeId::kInteger, TypeId::kBigint});
    specs.push_back({AggregateFunction::kMin, column(1, kInt), nullptr, false, TypeId::kInteger, TypeId::kInteger});
    return aggregate(c, in[0], columns({{0, kInt}}), std::move(specs));
  });
}
TEST(Derivations, Distinct) { replay("distinct", {{kText}}, {kText}, [](Circuit& c, Nodes in) { return distinct(c, in[0]); }); }
TEST(Derivations, SetOperations) { replay("set_operations", {{kText}, {kText}}, {kText}, [](Circuit& c, Nodes in) { return except_all(c, in[0], in[1]); }); }
TEST(Derivations, TopK) {
  replay("top_k", {{kInt, kText}}, {kInt, kText}, [](Circuit& c, Nodes in) { return top_k(c, in[0], TopKSpec{{}, {{0, true, true}}, 0, 2, false}); });
}
TEST(Derivations, Window) {
  replay("window", {{kInt, kInt}}, {kInt, kInt, kInt}, [](Circuit& c, Nodes in) {
    WindowCall sum;
    sum.function = WindowFunction::kAggregate;
    sum.aggregate = AggregateFunction::kSum;
    sum.argument = 1;
    sum.argument_type = TypeId::kInteger;
    return window(c, in[0], WindowSpec{{}, {{0, false, false}}, TypeId::kInteger, {sum}});
  });
}
TEST(Derivations, Recursion) {
  replay("recursion", {{kInt}, {kInt, kInt}}, {kInt}, [](Circuit& c, Nodes in) {
    RecursionSpec spec;  // SELECT e.b FROM w JOIN e ON e.a = w.n
    spec.step = [](Circuit& nested, NodeId working, std::span<const NodeId> others) {
      return join(nested, working, others[0], JoinSpec{{0}, {0}, {{true, 1}, {false, 1}}, nullptr});
    };
    return recursion(c, in[0], {&in[1], 1}, spec);
  });
}
// Does day #0 lie within two days of the time, or not after it?
class InDays final : public Expression {
 public:
  explicit InDays(bool lower) : lower_(lower) {}
  Column evaluate(const Chunk& chunk, Arena& arena) const override {
    Column out = Column::make(Kind::kBool, chunk.size, false, arena);
    chunk.each([&](std::uint32_t i) {
      const Moment day = chunk.columns[0].ints()[i] * kMicrosPerDay, now = chunk.columns[1].ints()[i];
      out.set(i, Datum::of(lower_ ? day > now - 2 * kMicrosPerDay : day <= now));
    });
    return out;
  }
  KeyKind key_kind() const override { return KeyKind::kBool; }
  std::string text() const override { return lower_ ? "#0 > now - 2" : "#0 <= now"; }

 private:
  bool lower_;
};
// The clock is no stream of its own: its row is the time of the step.
TEST(Derivations, Temporal) {
  const auto table = table_of("temporal");
  ASSERT_EQ(table.size(), 3u);
  Circuit circuit(Executor::serial());
  const NodeId source = circuit.add_source({kInt}, {}, false, "source");
  std::vector<TimeCondition> conditions;
  conditions.push_back({std::make_unique<InDays>(true), false, false});
  conditions.push_back({std::make_unique<InDays>(false), true, false});
  const NodeId node = temporal_filter(circuit, source, std::move(conditions));
  circuit.backfill();
  for (const auto& step : table) {
    ASSERT_EQ(step.size(), 3u);
    circuit.set_time(std::stoll(*step[1].back().first[0]) * kMicrosPerDay);
    Arena arena;
    Delta delta;
    delta_of(step[0], {kInt}, arena, delta);
    circuit.push(source, delta);
    circuit.evaluate();
    Plain expected;
    for (const auto& [row, w] : step[2]) add(expected, row, w);
    EXPECT_EQ(to_string(plain_of(circuit.delta(node), {kInt})), to_string(expected));
    circuit.advance();
  }
}

}  // namespace
}  // namespace weir::test
