// Would catch: a large delta that comes out otherwise on several workers than on one, in other rows or in another order; groups that a refused large step leaves
// changed; a race between the shares of a delta (under ThreadSanitizer).
#include "operators/aggregate.h"
#include "operators/temporal_filter.h"
#include "operators/top_k.h"

#include <weir/error.h>

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/laws/law.h"

namespace weir::test {
namespace {

using F = AggregateFunction;

const Kinds kInput = {KeyKind::kInt, KeyKind::kText, KeyKind::kInt, KeyKind::kDouble, KeyKind::kNumeric};

// Rows of a delta, in order.
std::vector<std::string> rows_of(const Delta& delta, const Kinds& kinds) {
  std::vector<std::string> rows;
  for (const Chunk& chunk : delta.chunks) {
    chunk.each([&](std::uint32_t i) {
      PlainRow row;
      for (std::size_t c = 0; c < kinds.size(); ++c) row.push_back(cell_of(chunk.columns[c].get(i), kinds[c]));
      rows.push_back(to_string(row) + " " + std::to_string(chunk.weights[i]));
    });
  }
  return rows;
}

struct Built {
  Circuit circuit;
  NodeId source, made;
  Arena arena;

  Built(std::unique_ptr<Executor> executor, const std::function<NodeId(Circuit&, NodeId)>& build)
      : circuit(std::move(executor)), source(circuit.add_source(kInput, {}, false, "source")), made(build(circuit, source)) {
    circuit.backfill();
  }
  ~Built() { circuit.release(made); }
  std::vector<std::string> feed(const Entries& entries) {
    Delta delta;
    delta_of(entries, kInput, arena, delta);
    circuit.push(source, delta);
    circuit.evaluate();
    return rows_of(circuit.delta(made), Kinds(circuit.types(made).begin(), circuit.types(made).end()));
  }
  void advance() {
    circuit.advance();
    arena.reset();
  }
  void revert() {
    circuit.revert();
    arena.reset();
  }
  std::vector<std::string> contents() {
    Delta all;
    circuit.contents(made, all);
    auto rows = rows_of(all, Kinds(circuit.types(made).begin(), circuit.types(made).end()));
    circuit.end_of_read();
    std::sort(rows.begin(), rows.end());  // those of hash tables come in any order after a step that was undone
    return rows;
  }
};

PlainRow row_of(std::uint64_t i, std::uint64_t groups) {
  const std::uint64_t mixed = i * 2654435761u % 1000003;
  PlainRow row = {std::to_string(mixed % groups), "a text of some length " + std::to_string(mixed % 977), std::to_string(mixed % 5000), std::to_string(mixed % 100) + ".5",
                  std::to_string(mixed % 300) + ".25"};
  if (mixed % 11 == 0) row[0] = std::nullopt;
  if (mixed % 13 == 0) row[2] = std::nullopt;
  return row;
}

void same_on_all_executors(const std::function<NodeId(Circuit&, NodeId)>& build, bool refuses = true) {
  constexpr std::uint64_t kRows = 12000;
  for (const std::uint64_t groups : {std::uint64_t{1}, std::uint64_t{40}, std::uint64_t{9000}}) {
    Built one(Executor::serial(), build), three(Executor::threads(3), build);
    Entries first, mixed, refused, rest;
    for (std::uint64_t i = 0; i < kRows; ++i) {
      first.push_back({row_of(i, groups), 1});
      mixed.push_back({row_of(i, groups), i % 3 == 0 ? 1 : -1});
      if (i % 2 == 0) mixed.push_back({row_of(i + kRows, groups + 3), 2});
      if (i % 3 == 0) rest.push_back({row_of(i, groups), -2});
      if (i % 2 == 0) rest.push_back({row_of(i + kRows, groups + 3), -2});
    }
    refused = mixed;
    refused.push_back({{"77777777", "not there", "1", "1.5", "1.25"}, -1});
    const auto both = [&](auto&& f) {
      const auto expected = f(one), found = f(three);
      ASSERT_EQ(expected.size(), found.size());
      for (std::size_t i = 0; i < expected.size(); ++i) ASSERT_EQ(expected[i], found[i]) << i;
    };
    const auto all_of = [](Built& b) { return b.contents(); };
    both([&](Built& b) { return b.feed(first); });
    one.advance(), three.advance();
    const auto before = one.contents();
    if (refuses) {
      EXPECT_THROW(one.feed(refused), Failure);
      EXPECT_THROW(three.feed(refused), Failure);
    }
    EXPECT_EQ(one.contents(), before);
    both(all_of);
    both([&](Built& b) { return b.feed(mixed); });
    one.revert(), three.revert();
    EXPECT_EQ(one.contents(), before);
    both(all_of);
    both([&](Built& b) { return b.feed(mixed); });
    one.advance(), three.advance();
    both(all_of);
    both([&](Built& b) { return b.feed(rest); });
    one.advance(), three.advance();
    both(all_of);
  }
}

AggregateSpec spec(F f, int c, TypeId type, TypeId result, bool distinct = false, bool filtered = false) {
  AggregateSpec s{f, c < 0 ? nullptr : column(c, kInput[static_cast<std::size_t>(c)]), filtered ? greater(2, 1000) : nullptr, distinct, type, result};
  return s;
}

// Does a moment lie ahead: so many seconds after the time begins?
class Ahead final : public Expression {
 public:
  Column evaluate(const Chunk& chunk, Arena& arena) const override {
    const Column &in = chunk.columns[2], &now = chunk.columns[chunk.width - 1];
    Column out = Column::make(Kind::kBool, chunk.size, true, arena);
    chunk.each([&](std::uint32_t i) { out.set(i, in.is_valid(i) ? Datum::of(kTimeBegin + in.ints()[i] * 1'000'000 > now.ints()[i]) : Datum::of_null(Kind::kBool)); });
    return out;
  }
  KeyKind key_kind() const override { return KeyKind::kBool; }
  std::string text() const override { return "ahead #2"; }
};

TEST(LargeDeltas, FilterByTime) {
  const auto build = [](Circuit& circuit, NodeId in) {
    std::vector<TimeCondition> conditions;
    conditions.push_back({std::make_unique<Ahead>(), false, false});
    return temporal_filter(circuit, in, std::move(conditions));
  };
  same_on_all_executors(build, false);
  // Many rows leave at once.
  Built one(Executor::serial(), build), three(Executor::threads(3), build);
  for (Built* b : {&one, &three}) {
    Entries entries;
    for (std::uint64_t i = 0; i < 12000; ++i) entries.push_back({row_of(i, 9000), 1});
    b->feed(entries);
    b->advance();
    b->circuit.set_time(kTimeBegin + 4'000 * std::int64_t{1'000'000});
  }
  const auto gone = one.feed({});
  EXPECT_GT(gone.size(), 8'000u);
  EXPECT_EQ(gone, three.feed({}));
}

TEST(LargeDeltas, SumsCountsAndExtremes) {
  same_on_all_executors([](Circuit& circuit, NodeId in) {
    std::vector<ExpressionPtr> keys;
    keys.push_back(column(0, KeyKind::kInt));
    std::vector<AggregateSpec> specs;
    specs.push_back(spec(F::kCountStar, -1, TypeId::kUnknown, TypeId::kBigint));
    specs.push_back(spec(F::kSum, 2, TypeId::kInteger, TypeId::kBigint));
    specs.push_back(spec(F::kSum, 2, TypeId::kInteger, TypeId::kBigint, false, true));
    specs.push_back(spec(F::kSum, 3, TypeId::kDouble, TypeId::kDouble));
    specs.push_back(spec(F::kAvg, 4, TypeId::kNumeric, TypeId::kNumeric, false, true));
    specs.push_back(spec(F::kVarPop, 4, TypeId::kNumeric, TypeId::kNumeric));
    specs.push_back(spec(F::kMin, 1, TypeId::kText, TypeId::kText));
    specs.push_back(spec(F::kMax, 2, TypeId::kInteger, TypeId::kInteger, false, true));
    specs.push_back(spec(F::kCount, 1, TypeId::kText, TypeId::kBigint, true));
    specs.push_back(spec(F::kSum, 4, TypeId::kNumeric, TypeId::kNumeric, true, true));
    return aggregate(circuit, in, std::move(keys), std::move(specs));
  });
}

TEST(LargeDeltas, OfTheOneGroup) {
  same_on_all_executors([](Circuit& circuit, NodeId in) {
    std::vector<AggregateSpec> specs;
    specs.push_back(spec(F::kCountStar, -1, TypeId::kUnknown, TypeId::kBigint));
    specs.push_back(spec(F::kMax, 4, TypeId::kNumeric, TypeId::kNumeric));
    specs.push_back(spec(F::kCount, 1, TypeId::kText, TypeId::kBigint, true));
    return aggregate(circuit, in, {}, std::move(specs));
  });
}

// The group is there before its rows are.
TEST(LargeDeltas, FillingTheOneGroup) {
  for (const auto make : {+[] { return Executor::serial(); }, +[] { return Executor::threads(3); }}) {
    Circuit circuit(make());
    const NodeId in = circuit.add_source(kInput, {}, false, "source");
    Arena arena;
    Delta delta, out;
    Entries rows;
    for (std::uint64_t i = 0; i < 12000; ++i) rows.push_back({row_of(i, 40), 1});
    delta_of(rows, kInput, arena, delta);
    circuit.push(in, delta);
    circuit.evaluate();
    circuit.advance();
    std::vector<AggregateSpec> specs;
    specs.push_back(spec(F::kCountStar, -1, TypeId::kUnknown, TypeId::kBigint));
    specs.push_back(spec(F::kMax, 4, TypeId::kNumeric, TypeId::kNumeric));
    const NodeId made = aggregate(circuit, in, {}, std::move(specs));
    Arrangement& at_rest = circuit.arrange(made);
    circuit.backfill();
    at_rest.scan(arena, out);
    EXPECT_EQ(out.rows(), 1u);
    circuit.unarrange(made);
    circuit.release(made);
  }
}

TEST(LargeDeltas, OrderedSetsAndTexts) {
  same_on_all_executors([](Circuit& circuit, NodeId in) {
    std::vector<ExpressionPtr> keys;
    keys.push_back(column(0, KeyKind::kInt));
    std::vector<AggregateSpec> specs;
    for (const F f : {F::kPercentileDisc, F::kMode}) {
      specs.push_back(spec(f, 2, TypeId::kInteger, TypeId::kInteger));
      specs.back().order.push_back({0, false, false});
      if (f == F::kPercentileDisc) specs.back().direct.emplace_back(Datum::of(0.5));
    }
    specs.push_back(spec(F::kRank, 2, TypeId::kInteger, TypeId::kBigint));
    specs.back().order.push_back({0, true, false});
    specs.back().direct.emplace_back(Datum::of(std::int64_t{2500}));
    return aggregate(circuit, in, std::move(keys), std::move(specs));
  });
}

TEST(LargeDeltas, Distinct) {
  same_on_all_executors([](Circuit& circuit, NodeId in) { return except_all(circuit, distinct(circuit, in), in); }, false);
}

TopKSpec top(std::uint64_t offset, std::uint64_t limit, bool row_number, bool ties = false) {
  TopKSpec spec;
  spec.partition = {0};
  spec.order = {{2, true, false}, {3, false, false}};
  spec.offset = offset;
  spec.limit = limit;
  spec.row_number = row_number;
  spec.ties = ties;
  return spec;
}

TEST(LargeDeltas, TheFirstRowsOfEachPartition) {
  for (const TopKSpec& spec : {top(2, 5, true), top(0, 3, false, true), top(10, 200, false)}) {
    same_on_all_executors([&](Circuit& circuit, NodeId in) { return top_k(circuit, in, spec); });
  }
}

}  // namespace
}  // namespace weir::test
