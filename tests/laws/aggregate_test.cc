// Would catch: groups that linger or vanish too early, a minimum that stays after its deletion, sums that drift, scales of NUMERIC sums that depend on what has been
// deleted, DISTINCT that counts a value twice, FILTER that is forgotten on the way out, rows put out though nothing changed, state that a refused step leaves behind.
#include "operators/aggregate.h"

#include <weir/error.h>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/laws/law.h"
#include "zset/exact_sum.h"

namespace weir::test {
namespace {

struct Wanted {
  AggregateFunction function;
  bool distinct = false, filtered = false;
};
using F = AggregateFunction;

TypeId result_of(F function, TypeId argument) {
  switch (function) {
    case F::kCountStar: case F::kCount: return TypeId::kBigint;
    case F::kVarPop: case F::kVarSamp: case F::kStddevPop: case F::kStddevSamp:
      return argument == TypeId::kReal || argument == TypeId::kDouble ? TypeId::kDouble : TypeId::kNumeric;
    case F::kSum: return argument == TypeId::kBigint ? TypeId::kNumeric : argument == TypeId::kInteger ? TypeId::kBigint : argument;
    case F::kAvg:
      return argument == TypeId::kBigint || argument == TypeId::kInteger ? TypeId::kNumeric : argument == TypeId::kReal ? TypeId::kDouble : argument;
    default: return argument;
  }
}

bool is_variance(F f) { return f == F::kVarPop || f == F::kVarSamp || f == F::kStddevPop || f == F::kStddevSamp; }

Cell variance_model(F function, TypeId type, const std::vector<std::string>& list) {
  const bool sample = function == F::kVarSamp || function == F::kStddevSamp, root = function == F::kStddevPop || function == F::kStddevSamp;
  const auto n = static_cast<std::int64_t>(list.size());
  if (n == 1 && sample) return std::nullopt;
  if (type == TypeId::kDouble) {
    ExactSum sum, squares;
    for (const auto& v : list) sum.add(std::stod(v), 1), squares.add_product(std::stod(v), std::stod(v), 1);
    const double variance = comoment(n, sum, sum, squares) / static_cast<double>(sample ? n - 1 : n);
    return text_of(root ? std::sqrt(variance) : variance);
  }
  Numeric sum, squares;
  for (const auto& v : list) sum = sum + Numeric::parse(v), squares = squares + Numeric::parse(v) * Numeric::parse(v);
  return numeric_variance(n, sum, squares, sample, root).to_string();
}

Cell bits_model(F function, const std::vector<std::string>& list) {
  std::int64_t bits = function == F::kBitAnd ? -1 : 0;
  for (const auto& v : list) {
    if (function == F::kBitAnd) bits &= std::stoll(v);
    else if (function == F::kBitOr) bits |= std::stoll(v);
    else bits ^= std::stoll(v);
  }
  return std::to_string(bits);
}

// SQL's order, and the order of looks among equals: fewer digits, fewer months, -0 first.
bool before(const std::string& a, const std::string& b, KeyKind kind) {
  switch (kind) {
    case KeyKind::kInt: return std::stoll(a) < std::stoll(b);
    case KeyKind::kDouble: {
      const double x = std::stod(a), y = std::stod(b);
      return x != y ? x < y : std::signbit(x) && !std::signbit(y);
    }
    case KeyKind::kNumeric: {
      const Numeric x = Numeric::parse(a), y = Numeric::parse(b);
      return x.compare(y) != 0 ? x.compare(y) < 0 : x.scale < y.scale;
    }
    case KeyKind::kInterval: {
      const Interval x = parse_interval(a), y = parse_interval(b);
      if (interval_compare(x, y) != 0) return interval_compare(x, y) < 0;
      return x.months != y.months ? x.months < y.months : x.days < y.days;
    }
    default: return a < b;
  }
}

Cell aggregate_model(const Wanted& wanted, TypeId type, const std::vector<std::pair<Cell, std::int64_t>>& values, std::int64_t rows) {
  if (wanted.function == F::kCountStar) return std::to_string(rows);
  const KeyKind kind = key_kind_of(type);
  std::vector<std::string> list;  // each as often as it stands there
  std::map<Cell, std::int64_t> seen;
  for (const auto& [value, weight] : values) {
    if (!value) continue;
    if (wanted.distinct && seen[canonical(value, kind)]++ > 0) continue;
    list.insert(list.end(), wanted.distinct ? 1 : static_cast<std::size_t>(weight), *value);
  }
  if (wanted.function == F::kCount) return std::to_string(list.size());
  if (list.empty()) return std::nullopt;
  if (is_variance(wanted.function)) return variance_model(wanted.function, type, list);
  if (wanted.function == F::kBitAnd || wanted.function == F::kBitOr || wanted.function == F::kBitXor) return bits_model(wanted.function, list);
  const auto less = [&](const std::string& a, const std::string& b) { return before(a, b, kind); };
  const bool average = wanted.function == F::kAvg;
  switch (wanted.function) {
    case F::kMin: return cell_of(datum_of(*std::min_element(list.begin(), list.end(), less), kind, *std::make_unique<Arena>()), kind);
    case F::kMax: return cell_of(datum_of(*std::max_element(list.begin(), list.end(), less), kind, *std::make_unique<Arena>()), kind);
    case F::kBoolAnd: return std::all_of(list.begin(), list.end(), [](const auto& v) { return v == "t"; }) ? "t" : "f";
    case F::kBoolOr: return std::any_of(list.begin(), list.end(), [](const auto& v) { return v == "t"; }) ? "t" : "f";
    default: break;
  }
  if (kind == KeyKind::kInterval) {
    Interval sum;
    for (const auto& v : list) sum = interval_plus(sum, parse_interval(v));
    return format_interval(average ? interval_divide(sum, static_cast<double>(list.size())) : sum);
  }
  if (kind == KeyKind::kDouble) {
    ExactSum sum;
    for (const auto& v : list) sum.add(std::stod(v), 1);
    if (type == TypeId::kReal && !average) return text_of(static_cast<float>(sum.value()));
    return text_of(average ? sum.value() / static_cast<double>(list.size()) : sum.value());
  }
  Numeric sum;
  for (const auto& v : list) sum = sum + Numeric::parse(v);
  return (average ? sum / Numeric(static_cast<std::int64_t>(list.size())) : sum).to_string();
}

// Rows (key, value, filter): grouped by the first column where there is one.
Law aggregate_law(const Kinds& keys, TypeId type, std::vector<Wanted> wanted) {
  Law law;
  const KeyKind kind = key_kind_of(type);
  Kinds input = keys;
  input.push_back(kind);
  input.push_back(KeyKind::kInt);
  law.inputs = {input};
  law.output = keys;
  for (const Wanted& w : wanted) law.output.push_back(key_kind_of(result_of(w.function, type)));
  law.bags = law.unique_form = true;
  const int value = static_cast<int>(keys.size()), filter = value + 1;
  law.build = [=](Circuit& c, const std::vector<NodeId>& in) {
    std::vector<ExpressionPtr> key_columns;
    for (std::size_t k = 0; k < keys.size(); ++k) key_columns.push_back(column(static_cast<int>(k), keys[k]));
    std::vector<AggregateSpec> specs;
    for (const Wanted& w : wanted) {
      AggregateSpec spec{w.function, nullptr, nullptr, w.distinct, type, result_of(w.function, type)};
      if (w.function != F::kCountStar) spec.argument = specs.size() % 2 == 0 ? column(value, kind) : computed(value, kind);
      if (w.filtered) spec.filter = greater(filter, 1);
      specs.push_back(std::move(spec));
    }
    return aggregate(c, in[0], std::move(key_columns), std::move(specs));
  };
  law.model = [=](const std::vector<Plain>& in) {
    std::map<PlainRow, std::vector<std::pair<PlainRow, std::int64_t>>> groups;
    if (keys.empty()) groups[{}];
    for (const auto& [row, w] : in[0]) groups[{row.begin(), row.begin() + value}].push_back({row, w});
    Plain out;
    for (const auto& [key, members] : groups) {
      PlainRow result = key;
      for (const Wanted& w : wanted) {
        std::vector<std::pair<Cell, std::int64_t>> values;
        std::int64_t rows = 0;
        for (const auto& [row, weight] : members) {
          const Cell& f = row[static_cast<std::size_t>(filter)];
          if (w.filtered && !(f && std::stoll(*f) > 1)) continue;
          values.push_back({row[static_cast<std::size_t>(value)], weight});
          rows += weight;
        }
        result.push_back(aggregate_model(w, type, values, rows));
      }
      add(out, result, 1);
    }
    return out;
  };
  return law;
}

const std::vector<Wanted> kArithmetic = {{F::kCountStar}, {F::kSum}, {F::kAvg}, {F::kCount}, {F::kMin}, {F::kMax}, {F::kCountStar, false, true}, {F::kSum, false, true},
                                         {F::kMax, false, true}, {F::kCount, true}};

RC_GTEST_PROP(AggregateLaw, Integer, ()) { law_holds(aggregate_law({KeyKind::kInt}, TypeId::kInteger, kArithmetic), *ops()); }
RC_GTEST_PROP(AggregateLaw, Bigint, ()) { law_holds(aggregate_law({KeyKind::kText}, TypeId::kBigint, kArithmetic), *ops()); }
RC_GTEST_PROP(AggregateLaw, Numeric, ()) { law_holds(aggregate_law({KeyKind::kInt}, TypeId::kNumeric, kArithmetic), *ops()); }
RC_GTEST_PROP(AggregateLaw, Double, ()) {
  Law law = aggregate_law({KeyKind::kInt}, TypeId::kDouble, kArithmetic);
  law.mild = true;
  law_holds(law, *ops());
}
RC_GTEST_PROP(AggregateLaw, HugeDoubles, ()) {
  law_holds(aggregate_law({KeyKind::kInt}, TypeId::kDouble, {{F::kSum}, {F::kCount}, {F::kMin}, {F::kSum, true}, {F::kSum, false, true}}), *ops());
}
const std::vector<Wanted> kVariances = {{F::kVarPop}, {F::kVarSamp}, {F::kStddevPop}, {F::kStddevSamp}, {F::kStddevSamp, true}, {F::kVarPop, false, true}, {F::kCount}};
RC_GTEST_PROP(AggregateLaw, IntegerVariances, ()) { law_holds(aggregate_law({KeyKind::kInt}, TypeId::kInteger, kVariances), *ops()); }
RC_GTEST_PROP(AggregateLaw, NumericVariances, ()) {
  law_holds(aggregate_law({KeyKind::kInt}, TypeId::kNumeric, {{F::kVarPop}, {F::kVarSamp}, {F::kStddevPop}, {F::kStddevSamp, false, true}, {F::kCount}}), *ops());
}
RC_GTEST_PROP(AggregateLaw, DoubleVariances, ()) {
  Law law = aggregate_law({KeyKind::kInt}, TypeId::kDouble, kVariances);
  law.mild = true;
  law_holds(law, *ops());
}
RC_GTEST_PROP(AggregateLaw, Bits, ()) {
  law_holds(aggregate_law({KeyKind::kInt}, TypeId::kInteger, {{F::kBitAnd}, {F::kBitOr}, {F::kBitXor}, {F::kBitXor, true}, {F::kBitAnd, true}, {F::kBitOr, false, true}}), *ops());
  law_holds(aggregate_law({}, TypeId::kBigint, {{F::kBitAnd}, {F::kBitOr}, {F::kBitXor}, {F::kCount}}), *ops());
}

// Rows (key, y, x), either of which may be NULL.
RC_GTEST_PROP(AggregateLaw, Pairs, ()) {
  Law law;
  law.inputs = {{KeyKind::kInt, KeyKind::kDouble, KeyKind::kDouble}};
  const std::vector<F> functions = {F::kRegrCount, F::kRegrSxx, F::kRegrSyy, F::kRegrSxy, F::kRegrAvgX, F::kCovarSamp};
  law.output = {KeyKind::kInt, KeyKind::kInt};
  law.output.resize(1 + functions.size(), KeyKind::kDouble);
  law.bags = law.unique_form = law.mild = true;
  law.build = [=](Circuit& c, const std::vector<NodeId>& in) {
    std::vector<ExpressionPtr> keys;
    keys.push_back(column(0, KeyKind::kInt));
    std::vector<AggregateSpec> specs;
    for (const F f : functions) {
      specs.push_back({f, column(1, KeyKind::kDouble), nullptr, false, TypeId::kDouble, f == F::kRegrCount ? TypeId::kBigint : TypeId::kDouble});
      specs.back().more.push_back(column(2, KeyKind::kDouble));
    }
    return aggregate(c, in[0], std::move(keys), std::move(specs));
  };
  law.model = [](const std::vector<Plain>& in) {
    struct Sums {
      ExactSum x, y, xx, yy, xy;
      std::int64_t n = 0;
    };
    std::map<Cell, Sums> groups;
    for (const auto& [row, w] : in[0]) {
      Sums& s = groups[row[0]];
      if (!row[1] || !row[2]) continue;
      const double y = std::stod(*row[1]), x = std::stod(*row[2]);
      for (std::int64_t i = 0; i < w; ++i) {
        s.x.add(x, 1), s.y.add(y, 1), s.xx.add_product(x, x, 1), s.yy.add_product(y, y, 1), s.xy.add_product(y, x, 1);
        ++s.n;
      }
    }
    Plain out;
    for (const auto& group : groups) {
      const Sums& s = group.second;
      const auto n = static_cast<double>(s.n);
      const auto if_any = [&](std::int64_t least, auto&& f) { return s.n < least ? Cell() : Cell(text_of(f())); };
      add(out, {group.first, std::to_string(s.n), if_any(1, [&] { return comoment(s.n, s.x, s.x, s.xx); }), if_any(1, [&] { return comoment(s.n, s.y, s.y, s.yy); }),
                if_any(1, [&] { return comoment(s.n, s.x, s.y, s.xy); }), if_any(1, [&] { return s.x.value() / n; }),
                if_any(2, [&] { return comoment(s.n, s.x, s.y, s.xy) / (n - 1); })}, 1);
    }
    return out;
  };
  law_holds(law, *ops());
}
RC_GTEST_PROP(AggregateLaw, Interval, ()) { law_holds(aggregate_law({KeyKind::kInt}, TypeId::kInterval, {{F::kSum}, {F::kAvg}, {F::kMin}, {F::kMax}, {F::kCount}}), *ops()); }
RC_GTEST_PROP(AggregateLaw, Text, ()) { law_holds(aggregate_law({KeyKind::kInt}, TypeId::kText, {{F::kMin}, {F::kMax}, {F::kCount, true}, {F::kCount}}), *ops()); }
RC_GTEST_PROP(AggregateLaw, Boolean, ()) { law_holds(aggregate_law({KeyKind::kInt}, TypeId::kBoolean, {{F::kBoolAnd}, {F::kBoolOr}, {F::kCount}}), *ops()); }
RC_GTEST_PROP(AggregateLaw, WithoutKeys, ()) { law_holds(aggregate_law({}, TypeId::kInteger, kArithmetic), *ops()); }
RC_GTEST_PROP(AggregateLaw, OnlyKeys, ()) { law_holds(aggregate_law({KeyKind::kText, KeyKind::kInt}, TypeId::kInteger, {}), *ops()); }
RC_GTEST_PROP(AggregateLaw, DistinctSums, ()) {
  law_holds(aggregate_law({KeyKind::kInt}, TypeId::kInteger, {{F::kSum, true}, {F::kAvg, true}, {F::kCount, true}, {F::kSum, true, true}, {F::kSum}}), *ops());
}
RC_GTEST_PROP(AggregateLaw, DistinctNumeric, ()) {
  Law law = aggregate_law({KeyKind::kInt}, TypeId::kNumeric, {{F::kSum, true}, {F::kCount, true}});
  law.up_to_equality = true;  // whether 1 or 1.00 stands for both depends on which came first
  law_holds(law, *ops());
}
RC_GTEST_PROP(AggregateLaw, NumericKeys, ()) {
  Law law = aggregate_law({KeyKind::kNumeric}, TypeId::kInteger, {{F::kCountStar}, {F::kSum}});
  const auto model = law.model;
  const Kinds kinds = law.inputs[0];
  law.model = [=](const std::vector<Plain>& in) { return model({canonical(in[0], kinds)}); };
  law.up_to_equality = true;
  law_holds(law, *ops());
}

std::vector<Entries> one(PlainRow row, std::int64_t weight = 1) { return {{{std::move(row), weight}}}; }

TEST(Aggregate, ARefusedStepLeavesNothingBehind) {
  const Law law = aggregate_law({KeyKind::kInt}, TypeId::kInteger, {{F::kSum}, {F::kMin}, {F::kCount, true}});
  Runner runner(law);
  runner.build();
  runner.run(one({"1", "5", "0"}));
  EXPECT_THROW(runner.feed({{{{"1", "6", "0"}, 1}, {{"2", "7", "0"}, -1}}}), Failure);      // group 2 has no row
  EXPECT_THROW(runner.feed({{{{"1", "6", "0"}, -1}, {{"1", "5", "0"}, 1}}}), Failure);      // group 1 has no 6
  EXPECT_THROW(runner.feed(one({"1", "1000000000", "0"}, std::int64_t{1} << 40)), Failure); // SUM(integer) beyond bigint
  runner.run(one({"1", "4", "0"}));
  EXPECT_EQ(to_string(runner.sum()), "{(1, 9, 4, 2) +1}");
  runner.run({{{{"1", "4", "0"}, -1}, {{"1", "5", "0"}, -1}}});
  EXPECT_EQ(to_string(runner.sum()), "{}");
  EXPECT_EQ(runner.circuit().info(runner.made()).state_rows, 0u);
}

TEST(Aggregate, NothingIsPutOutWhereNoResultChanges) {
  const Law law = aggregate_law({KeyKind::kInt}, TypeId::kInteger, {{F::kMax}});
  Runner runner(law);
  runner.build();
  runner.run(one({"1", "5", "0"}));
  runner.feed(one({"1", "3", "0"}));
  EXPECT_TRUE(runner.circuit().delta(runner.made()).empty());
  runner.advance(one({"1", "3", "0"}));
}

// Groups of thousands of values, some changes at a time and many in one step, against a sorted list.
TEST(Aggregate, ExtremesOfLargeGroups) {
  const Law law = aggregate_law({KeyKind::kInt}, TypeId::kBigint, {{F::kMin}, {F::kMax}, {F::kCountStar}});
  for (const std::size_t batch : {1u, 7u, 300u, 5000u}) {
    Runner runner(law);
    runner.build();
    std::uint64_t state = batch;
    const auto next = [&](std::uint64_t n) {
      state = state * 6364136223846793005ull + 1442695040888963407ull;
      return (state >> 33) % n;
    };
    std::vector<PlainRow> live;
    Plain all;
    for (std::size_t done = 0; done < (batch == 1 ? 1500u : 20000u);) {
      std::vector<Entries> step(1);
      for (std::size_t i = 0; i < batch; ++i, ++done) {
        if (live.empty() || next(10) < (done % 8000 < 5000 ? 8 : 1)) {
          live.push_back({std::to_string(next(3)), std::to_string(next(100000)), "0"});
          step[0].push_back({live.back(), 1});
        } else {
          const std::size_t j = next(live.size());
          step[0].push_back({live[j], -1});
          live[j] = live.back();
          live.pop_back();
        }
      }
      runner.feed(step);
      if (done % 3 == 0) {
        runner.revert();
        runner.feed(step);
      }
      runner.advance(step);
    }
    for (const auto& row : live) add(all, row, 1);
    EXPECT_EQ(to_string(runner.sum()), to_string(law.model({all}))) << batch;
  }
}

TEST(Aggregate, MemoryGoesDownAfterDeletes) {
  const Law law = aggregate_law({KeyKind::kText}, TypeId::kText, {{F::kMin}, {F::kCount, true}});
  Runner runner(law);
  runner.build();
  std::vector<Entries> step(1);
  for (int i = 0; i < 20000; ++i) step[0].push_back({{"group number " + std::to_string(i / 2), "some value, quite long " + std::to_string(i), "0"}, 1});
  runner.run(step);
  EXPECT_GT(runner.circuit().info(runner.made()).state_bytes, 1000000u);
  for (auto& entry : step[0]) entry.second = -1;
  runner.run(step);
  EXPECT_LT(runner.circuit().info(runner.made()).state_bytes, 10000u);
}

}  // namespace
}  // namespace weir::test
