// Would catch: a mode that stays after its values have gone, percentiles off by one position, ties broken by chance, ranks that count a row twice, texts joined in the
// wrong order or with a separator too many, and state that a refused or reverted step leaves in the trees.
#include "operators/aggregate.h"

#include <weir/error.h>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

#include "tests/laws/law.h"

namespace weir::test {
namespace {

using F = AggregateFunction;

// Rows (key, integer, text, double). Of each group: its values, each as often as it is there.
struct Group {
  std::vector<std::int64_t> integers;
  std::vector<std::optional<std::int64_t>> places;
  std::vector<std::pair<std::optional<std::int64_t>, std::string>> texts;
  std::vector<double> doubles;
};

Law ordered_law(std::vector<AggregateSpec> (*specs)(), Kinds results, PlainRow (*model)(Group)) {
  Law law;
  law.inputs = {{KeyKind::kInt, KeyKind::kInt, KeyKind::kText, KeyKind::kDouble}};
  law.output = results;
  law.output.insert(law.output.begin(), KeyKind::kInt);
  law.bags = law.unique_form = law.mild = true;
  law.build = [=](Circuit& c, const std::vector<NodeId>& in) {
    std::vector<ExpressionPtr> keys;
    keys.push_back(column(0, KeyKind::kInt));
    return aggregate(c, in[0], std::move(keys), specs());
  };
  law.model = [=](const std::vector<Plain>& in) {
    std::map<Cell, Group> groups;
    for (const auto& [row, w] : in[0]) {
      Group& g = groups[row[0]];
      for (std::int64_t i = 0; i < w; ++i) {
        const auto integer = row[1] ? std::optional<std::int64_t>(std::stoll(*row[1])) : std::nullopt;
        g.places.push_back(integer);
        if (integer) g.integers.push_back(*integer);
        if (row[2]) g.texts.push_back({integer, *row[2]});
        if (row[3]) g.doubles.push_back(std::stod(*row[3]) + 0.0);
      }
    }
    Plain out;
    for (auto& [key, g] : groups) {
      std::sort(g.integers.begin(), g.integers.end());
      std::sort(g.doubles.begin(), g.doubles.end());
      PlainRow row = model(std::move(g));
      row.insert(row.begin(), key);
      add(out, row, 1);
    }
    return out;
  };
  return law;
}

AggregateSpec within(F function, int c, KeyKind kind, TypeId type, TypeId result, std::vector<Datum> direct = {}, bool descending = false) {
  AggregateSpec spec{function, column(c, kind), nullptr, false, type, result};
  spec.order.push_back({0, descending, descending});
  for (const Datum& d : direct) spec.direct.emplace_back(d);
  return spec;
}

template <class T>
Cell discrete(const std::vector<T>& sorted, double fraction) {
  if (sorted.empty()) return std::nullopt;
  const double row = std::ceil(fraction * static_cast<double>(sorted.size()));
  return std::to_string(sorted[row < 1 ? 0 : static_cast<std::size_t>(row) - 1]);
}

RC_GTEST_PROP(OrderedAggregateLaw, PercentilesAndModes, ()) {
  const auto specs = [] {
    std::vector<AggregateSpec> out;
    for (const double fraction : {0.0, 0.3, 0.5, 1.0}) {
      out.push_back(within(F::kPercentileDisc, 1, KeyKind::kInt, TypeId::kInteger, TypeId::kInteger, {Datum::of(fraction)}));
      out.push_back(within(F::kPercentileCont, 3, KeyKind::kDouble, TypeId::kDouble, TypeId::kDouble, {Datum::of(fraction)}));
    }
    out.push_back(within(F::kPercentileDisc, 1, KeyKind::kInt, TypeId::kInteger, TypeId::kInteger, {Datum::of(0.25)}, true));
    out.push_back(within(F::kMode, 1, KeyKind::kInt, TypeId::kInteger, TypeId::kInteger));
    out.push_back(within(F::kMode, 1, KeyKind::kInt, TypeId::kInteger, TypeId::kInteger, {}, true));
    return out;
  };
  const auto model = [](Group g) {
    PlainRow row;
    for (const double fraction : {0.0, 0.3, 0.5, 1.0}) {
      row.push_back(discrete(g.integers, fraction));
      if (g.doubles.empty()) {
        row.push_back(std::nullopt);
        continue;
      }
      const double place = fraction * static_cast<double>(g.doubles.size() - 1);
      const double low = g.doubles[static_cast<std::size_t>(std::floor(place))], high = g.doubles[static_cast<std::size_t>(std::ceil(place))];
      row.push_back(text_of(low + (place - std::floor(place)) * (high - low)));
    }
    std::vector<std::int64_t> down(g.integers.rbegin(), g.integers.rend());
    row.push_back(discrete(down, 0.25));
    std::map<std::int64_t, int> often;
    for (const auto i : g.integers) ++often[i];
    Cell first, last;
    int most = 0;
    for (const auto& [i, n] : often) {
      if (n > most) first = std::to_string(i);
      if (n >= most) last = std::to_string(i);
      most = std::max(most, n);
    }
    row.push_back(first);
    row.push_back(last);
    return row;
  };
  Kinds kinds;
  for (int i = 0; i < 4; ++i) kinds.insert(kinds.end(), {KeyKind::kInt, KeyKind::kDouble});
  kinds.insert(kinds.end(), {KeyKind::kInt, KeyKind::kInt, KeyKind::kInt});
  Law law = ordered_law(specs, kinds, model);
  law.up_to_equality = true;  // 0 and -0
  law_holds(law, *ops());
}

RC_GTEST_PROP(OrderedAggregateLaw, HypotheticalRanks, ()) {
  const auto specs = [] {
    std::vector<AggregateSpec> out;
    for (const F f : {F::kRank, F::kDenseRank}) {
      out.push_back(within(f, 1, KeyKind::kInt, TypeId::kInteger, TypeId::kBigint, {Datum::of(std::int64_t{2})}));
      out.push_back(within(f, 1, KeyKind::kInt, TypeId::kInteger, TypeId::kBigint, {Datum::of(std::int64_t{2})}, true));
    }
    out.push_back(within(F::kCumeDist, 1, KeyKind::kInt, TypeId::kInteger, TypeId::kDouble, {Datum::of(std::int64_t{2})}));
    return out;
  };
  const auto model = [](Group g) {
    std::set<std::int64_t> below, above;
    std::int64_t less = 0, more = 0, nulls = 0, same = 0;
    for (const auto& p : g.places) {
      if (!p) ++nulls;
      else if (*p < 2) ++less, below.insert(*p);
      else if (*p > 2) ++more, above.insert(*p);
      else ++same;
    }
    const auto n = static_cast<double>(g.places.size() + 1);
    return PlainRow{std::to_string(less + 1), std::to_string(nulls + more + 1), std::to_string(below.size() + 1),
                    std::to_string(above.size() + (nulls > 0) + 1), text_of(static_cast<double>(less + same + 1) / n)};
  };
  law_holds(ordered_law(specs, {KeyKind::kInt, KeyKind::kInt, KeyKind::kInt, KeyKind::kInt, KeyKind::kDouble}, model), *ops());
}

RC_GTEST_PROP(OrderedAggregateLaw, Texts, ()) {
  const auto specs = [] {
    std::vector<AggregateSpec> out;
    for (const bool ordered : {false, true}) {  // by the integer, downwards
      AggregateSpec spec{F::kStringAgg, column(2, KeyKind::kText), nullptr, false, TypeId::kText, TypeId::kText};
      spec.more.push_back(column(2, KeyKind::kText));  // its own separator
      if (ordered) spec.more.push_back(column(1, KeyKind::kInt)), spec.order.push_back({2, true, true});
      out.push_back(std::move(spec));
    }
    AggregateSpec once{F::kStringAgg, column(2, KeyKind::kText), nullptr, true, TypeId::kText, TypeId::kText};
    once.more.push_back(column(2, KeyKind::kText));
    out.push_back(std::move(once));
    return out;
  };
  const auto model = [](Group g) {
    const auto joined = [](const auto& list) {
      Cell out;
      for (const auto& [place, text] : list) out = out ? *out + text + text : text;
      return out;
    };
    const auto by_text = [](const auto& a, const auto& b) { return a.second < b.second; };
    std::sort(g.texts.begin(), g.texts.end(), by_text);
    PlainRow row{joined(g.texts)};
    auto placed = g.texts;
    std::stable_sort(placed.begin(), placed.end(), [](const auto& a, const auto& b) { return a.first && b.first ? *a.first > *b.first : !a.first && b.first; });
    row.push_back(joined(placed));
    g.texts.erase(std::unique(g.texts.begin(), g.texts.end(), [](const auto& a, const auto& b) { return a.second == b.second; }), g.texts.end());
    row.push_back(joined(g.texts));
    return row;
  };
  law_holds(ordered_law(specs, {KeyKind::kText, KeyKind::kText, KeyKind::kText}, model), *ops());
}

RC_GTEST_PROP(OrderedAggregateLaw, Arrays, ()) {
  const auto specs = [] {
    std::vector<AggregateSpec> out;
    for (const bool distinct : {false, true}) {
      for (const bool down : {false, true}) {
        AggregateSpec spec{F::kArrayAgg, column(1, KeyKind::kInt), nullptr, distinct, TypeId::kBigint, array_of(TypeId::kBigint)};
        if (down) spec.order.push_back({0, true, true});
        out.push_back(std::move(spec));
      }
    }
    return out;
  };
  const auto model = [](Group g) {  // NULL is above all
    PlainRow row;
    const auto below = [](const auto& a, const auto& b) { return a && (!b || *a < *b); };
    std::sort(g.places.begin(), g.places.end(), below);
    for (const bool distinct : {false, true}) {
      if (distinct) g.places.erase(std::unique(g.places.begin(), g.places.end()), g.places.end());
      std::string up, down;
      for (const auto& p : g.places) {
        const std::string text = p ? std::to_string(*p) : "NULL";
        up += (up.empty() ? "{" : ",") + text;
        down = text + (down.empty() ? "}" : ",") + down;
      }
      row.push_back(up + '}');
      row.push_back('{' + down);
    }
    return row;
  };
  Law law = ordered_law(specs, {KeyKind::kArray, KeyKind::kArray, KeyKind::kArray, KeyKind::kArray}, model);
  law_holds(law, *ops());
}

TEST(OrderedAggregate, MemoryGoesDownAfterDeletes) {
  const auto specs = [] {
    std::vector<AggregateSpec> out;
    out.push_back(within(F::kMode, 2, KeyKind::kText, TypeId::kText, TypeId::kText));
    out.push_back(within(F::kDenseRank, 2, KeyKind::kText, TypeId::kText, TypeId::kBigint, {Datum::of(Bytes("x"))}));
    return out;
  };
  const Law law = ordered_law(specs, {KeyKind::kText, KeyKind::kInt}, nullptr);
  Runner runner(law);
  runner.build();
  std::vector<Entries> step(1);
  for (int i = 0; i < 20000; ++i) step[0].push_back({{std::to_string(i % 10), "1", "some value, quite long " + std::to_string(i), "0"}, 1});
  runner.run(step);
  EXPECT_GT(runner.circuit().info(runner.made()).state_bytes, 2000000u);
  for (auto& entry : step[0]) entry.second = -1;
  runner.run(step);
  EXPECT_LT(runner.circuit().info(runner.made()).state_bytes, 10000u);
}

}  // namespace
}  // namespace weir::test
