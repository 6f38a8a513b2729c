// Would catch: a missing or doubled term of Δ(a ⋈ b), both sides of a pair in one step, NULL keys that match, weights that are not multiplied, long chains,
// chunks passed on by reference with the wrong positions, results that depend on the executor.
#include "operators/join.h"

#include <weir/error.h>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "operators/linear.h"
#include "tests/laws/law.h"

namespace weir::test {
namespace {

Plain join_model(const Plain& a, const Plain& b, const std::vector<std::uint16_t>& left, const std::vector<std::uint16_t>& right,
                 const std::vector<JoinColumn>& output, const Kinds& a_kinds, const std::function<bool(const PlainRow&)>& condition = {}, bool null_matches = false) {
  Plain out;
  for (const auto& [x, w] : a) {
    for (const auto& [y, v] : b) {
      bool match = true;
      for (std::size_t k = 0; k < left.size(); ++k) {
        const KeyKind kind = a_kinds[left[k]];
        const bool both = x[left[k]] && y[right[k]], neither = !x[left[k]] && !y[right[k]];
        match = match && (both ? canonical(x[left[k]], kind) == canonical(y[right[k]], kind) : neither && null_matches);
      }
      if (!match) continue;
      PlainRow row;
      for (const auto& [from_right, c] : output) row.push_back(from_right ? y[c] : x[c]);
      if (!condition || condition(row)) add(out, row, w * v);
    }
  }
  return out;
}

Law join_law(Kinds a, Kinds b, std::vector<std::uint16_t> left, std::vector<std::uint16_t> right, bool with_condition) {
  Law law;
  std::vector<JoinColumn> output;
  for (std::uint16_t c = 0; c < a.size(); ++c) output.push_back({false, c}), law.output.push_back(a[c]);
  for (std::uint16_t c = 0; c < b.size(); ++c) output.push_back({true, c}), law.output.push_back(b[c]);
  law.inputs = {a, b};
  const int last = static_cast<int>(law.output.size()) - 1, first = static_cast<int>(a.size()) - 1;
  law.build = [=](Circuit& c, const std::vector<NodeId>& in) {
    JoinSpec spec{left, right, output, nullptr};
    if (with_condition) spec.condition = less(first, last);
    return join(c, in[0], in[1], std::move(spec));
  };
  law.model = [=](const std::vector<Plain>& in) {
    std::function<bool(const PlainRow&)> condition;
    if (with_condition) {
      condition = [=](const PlainRow& row) {
        const auto &x = row[static_cast<std::size_t>(first)], &y = row[static_cast<std::size_t>(last)];
        return x && y && std::stoll(*x) < std::stoll(*y);
      };
    }
    return join_model(in[0], in[1], left, right, output, a, condition);
  };
  return law;
}

RC_GTEST_PROP(JoinLaw, OneIntegerKey, ()) {
  law_holds(join_law({KeyKind::kInt, KeyKind::kText}, {KeyKind::kInt, KeyKind::kNumeric}, {0}, {0}, false), *ops());
}
RC_GTEST_PROP(JoinLaw, TwoKeysAndACondition, ()) {
  law_holds(join_law({KeyKind::kNumeric, KeyKind::kText, KeyKind::kInt}, {KeyKind::kText, KeyKind::kNumeric, KeyKind::kInt}, {0, 1}, {1, 0}, true), *ops());
}
RC_GTEST_PROP(JoinLaw, PaddedKey, ()) {
  law_holds(join_law({KeyKind::kPadded, KeyKind::kInt}, {KeyKind::kPadded, KeyKind::kInt}, {0}, {0}, false), *ops());
}
RC_GTEST_PROP(JoinLaw, NullEqualToNull, ()) {
  Law law;
  const Kinds kinds = {KeyKind::kInt, KeyKind::kText};
  law.inputs = {kinds, kinds};
  law.output = {KeyKind::kInt, KeyKind::kText, KeyKind::kInt};
  const std::vector<JoinColumn> output = {{false, 0}, {false, 1}, {true, 0}};
  law.build = [=](Circuit& c, const std::vector<NodeId>& in) { return join(c, in[0], in[1], JoinSpec{{0, 1}, {0, 1}, output, nullptr, true}); };
  law.model = [=](const std::vector<Plain>& in) { return join_model(in[0], in[1], {0, 1}, {0, 1}, output, kinds, {}, true); };
  law_holds(law, *ops());
}
RC_GTEST_PROP(JoinLaw, CrossJoinWithACondition, ()) {
  law_holds(join_law({KeyKind::kText, KeyKind::kInt}, {KeyKind::kInt}, {}, {}, true), *ops());
}
RC_GTEST_PROP(JoinLaw, KeysOfOtherKinds, ()) {
  law_holds(join_law({KeyKind::kDouble, KeyKind::kInterval, KeyKind::kBool}, {KeyKind::kDouble, KeyKind::kInterval, KeyKind::kBool}, {0, 1, 2}, {0, 1, 2}, false), *ops());
}
RC_GTEST_PROP(JoinLaw, SelfJoin, ()) {
  Law law;
  law.inputs = {{KeyKind::kInt, KeyKind::kInt}};
  law.output = {KeyKind::kInt, KeyKind::kInt};
  const std::vector<JoinColumn> output = {{false, 0}, {true, 1}};
  law.build = [=](Circuit& c, const std::vector<NodeId>& in) { return join(c, in[0], in[0], JoinSpec{{1}, {0}, output, nullptr}); };
  law.model = [=](const std::vector<Plain>& in) { return join_model(in[0], in[0], {1}, {0}, output, {KeyKind::kInt, KeyKind::kInt}); };
  law_holds(law, *ops());
}

Law semi_law(Kinds a, Kinds b, std::vector<std::uint16_t> left, std::vector<std::uint16_t> right, bool anti, bool null_matches) {
  Law law;
  law.inputs = {a, b};
  law.output = a;
  law.build = [=](Circuit& c, const std::vector<NodeId>& in) { return semi_join(c, in[0], in[1], left, right, anti, null_matches); };
  law.model = [=](const std::vector<Plain>& in) {
    std::map<PlainRow, std::int64_t> keys;
    const auto key_of = [&](const PlainRow& row, const std::vector<std::uint16_t>& columns, const Kinds& kinds) {
      PlainRow key;
      for (const auto c : columns) key.push_back(canonical(row[c], kinds[c]));
      return key;
    };
    const auto has_null = [](const PlainRow& key) { return std::any_of(key.begin(), key.end(), [](const Cell& c) { return !c; }); };
    for (const auto& [row, w] : in[1]) keys[key_of(row, right, b)] += w;
    Plain out;
    for (const auto& [row, w] : in[0]) {
      const PlainRow key = key_of(row, left, a);
      const auto found = keys.find(key);
      const bool present = found != keys.end() && found->second > 0 && (null_matches || !has_null(key));
      if (present != anti) add(out, row, w);
    }
    return out;
  };
  return law;
}

RC_GTEST_PROP(SemiJoinLaw, Semi, (bool null_matches)) {
  law_holds(semi_law({KeyKind::kInt, KeyKind::kText}, {KeyKind::kText, KeyKind::kInt}, {0}, {1}, false, null_matches), *ops());
}
RC_GTEST_PROP(SemiJoinLaw, Anti, (bool null_matches)) {
  law_holds(semi_law({KeyKind::kNumeric, KeyKind::kText}, {KeyKind::kText, KeyKind::kNumeric}, {0, 1}, {1, 0}, true, null_matches), *ops());
}
RC_GTEST_PROP(SemiJoinLaw, WithoutKeys, (bool anti)) { law_holds(semi_law({KeyKind::kInt}, {KeyKind::kInt}, {}, {}, anti, false), *ops()); }

// Bilinear: (a + a') ⋈ b = a ⋈ b + a' ⋈ b, and the same on the right.
RC_GTEST_PROP(JoinLaw, Bilinear, ()) {
  const Law law = join_law({KeyKind::kInt, KeyKind::kText}, {KeyKind::kInt, KeyKind::kText}, {0}, {0}, false);
  const auto steps = steps_of(law, *ops());
  const std::size_t half = steps.size() / 2;
  for (std::size_t varied = 0; varied < 2; ++varied) {
    std::vector<Entries> first(2), second(2), both(2);
    for (std::size_t s = 0; s < steps.size(); ++s) {
      for (std::size_t in = 0; in < 2; ++in) {
        const auto put = [&](std::vector<Entries>& to) { to[in].insert(to[in].end(), steps[s][in].begin(), steps[s][in].end()); };
        if (in != varied || s < half) put(first);
        if (in != varied || s >= half) put(second);
        put(both);
      }
    }
    Runner a(law), b(law), c(law);
    a.build(), b.build(), c.build();
    a.run(first), b.run(second), c.run(both);
    Plain sum = a.sum();
    add(sum, b.sum());
    RC_ASSERT(to_string(sum) == to_string(c.sum()));
  }
}

// Many rows under one key, more than one chunk on each side, and workers.
TEST(JoinLaw, LargeDeltasWhateverTheExecutor) {
  const Law law = join_law({KeyKind::kInt, KeyKind::kInt}, {KeyKind::kInt, KeyKind::kText}, {0}, {0}, false);
  std::vector<Entries> left(2), right(2), mixed(2);
  for (int i = 0; i < 30000; ++i) left[0].push_back({{std::to_string(i % 7000), std::to_string(i)}, 1});
  for (int i = 0; i < 12000; ++i) right[1].push_back({{std::to_string(i < 6000 ? i : 3), "text number " + std::to_string(i)}, i % 5 == 0 ? 2 : 1});
  for (int i = 0; i < 9000; ++i) {
    mixed[0].push_back({{std::to_string(i % 6000), std::to_string(i)}, -1});
    mixed[1].push_back({{std::to_string(i % 6000 + 100), "another text " + std::to_string(i)}, 1});
  }
  Plain sums[2];
  for (int n = 0; n < 2; ++n) {
    Runner runner(law, n == 0 ? Executor::serial() : Executor::threads(3));
    runner.build();
    runner.run(left);
    runner.run(right);
    runner.run(mixed);
    sums[n] = runner.sum();
    if (n == 0) {
      std::vector<Plain> in(2);
      for (const auto* step : {&left, &right, &mixed}) {
        for (std::size_t i = 0; i < 2; ++i) {
          for (const auto& [row, w] : (*step)[i]) add(in[i], row, w);
        }
      }
      std::map<Cell, std::vector<std::pair<PlainRow, std::int64_t>>> by_key;
      for (const auto& [row, w] : in[1]) by_key[row[0]].push_back({row, w});
      Plain expected;
      for (const auto& [row, w] : in[0]) {
        for (const auto& [other, v] : by_key[row[0]]) add(expected, PlainRow{row[0], row[1], other[0], other[1]}, w * v);
      }
      EXPECT_TRUE(expected == sums[0]);
    }
  }
  EXPECT_TRUE(sums[0] == sums[1]);
}

TEST(JoinLaw, ProductOfWeightsBeyond64BitsIsRefused) {
  const Law law = join_law({KeyKind::kInt}, {KeyKind::kInt}, {0}, {0}, false);
  Runner runner(law);
  runner.build();
  runner.run({{{{"1"}, std::int64_t{1} << 40}}, {}});
  EXPECT_THROW(runner.feed({{}, {{{"1"}, std::int64_t{1} << 40}}}), Failure);
  runner.run({{}, {{{"1"}, 2}}});
  EXPECT_EQ(to_string(runner.sum()), "{(1, 1) +" + std::to_string(std::int64_t{1} << 41) + "}");
}

TEST(JoinLaw, FreedNodesGiveBackTheirArrangements) {
  Circuit circuit(Executor::serial());
  const NodeId a = circuit.add_source({KeyKind::kInt}, {}, false, "a");
  const NodeId f = filter(circuit, a, greater(0, 1));
  const NodeId j = join(circuit, a, f, JoinSpec{{0}, {0}, {{false, 0}}, nullptr});
  const NodeId s = semi_join(circuit, f, a, {0}, {0}, true, false);
  circuit.backfill();
  EXPECT_NE(circuit.integral(f), nullptr);
  circuit.release(j);
  EXPECT_NE(circuit.integral(f), nullptr);
  circuit.release(s);
  EXPECT_EQ(circuit.integral(f), nullptr);
  circuit.release(f);
  EXPECT_EQ(circuit.node_count(), 1u);
}

}  // namespace
}  // namespace weir::test
