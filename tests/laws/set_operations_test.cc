// Would catch: rows that appear twice or linger, a weight that passes zero twice in a step, NULLs that are not one row, 1.0 beside 1.00.
#include "operators/set_operations.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "operators/distinct.h"
#include "tests/laws/law.h"

namespace weir::test {
namespace {

const Kinds kRow = {KeyKind::kNumeric, KeyKind::kText};

Plain pointwise(const Plain& a, const Plain& b, const std::function<std::int64_t(std::int64_t, std::int64_t)>& f) {
  const Plain x = canonical(a, kRow), y = canonical(b, kRow);
  Plain all = x, out;
  all.insert(y.begin(), y.end());
  for (const auto& [row, unused] : all) {
    const auto i = x.find(row), j = y.find(row);
    const std::int64_t w = f(i == x.end() ? 0 : std::max<std::int64_t>(0, i->second), j == y.end() ? 0 : std::max<std::int64_t>(0, j->second));
    if (w != 0) add(out, row, w);
  }
  return out;
}

Law law_of(std::size_t inputs, std::function<NodeId(Circuit&, const std::vector<NodeId>&)> build, std::function<std::int64_t(std::int64_t, std::int64_t)> f) {
  Law law;
  law.inputs.assign(inputs, kRow);
  law.output = kRow;
  law.build = std::move(build);
  law.model = [=](const std::vector<Plain>& in) { return pointwise(in[0], in.size() > 1 ? in[1] : Plain(), f); };
  law.up_to_equality = law.unique_form = true;
  return law;
}

RC_GTEST_PROP(DistinctLaw, OverAnyWeights, ()) {
  law_holds(law_of(1, [](Circuit& c, const std::vector<NodeId>& in) { return distinct(c, in[0]); }, [](std::int64_t a, std::int64_t) { return a > 0; }), *ops());
}
RC_GTEST_PROP(SetLaw, IntersectAll, ()) {
  law_holds(law_of(2, [](Circuit& c, const std::vector<NodeId>& in) { return intersect_all(c, in[0], in[1]); },
                   [](std::int64_t a, std::int64_t b) { return std::min(a, b); }), *ops());
}
RC_GTEST_PROP(SetLaw, ExceptAll, ()) {
  law_holds(law_of(2, [](Circuit& c, const std::vector<NodeId>& in) { return except_all(c, in[0], in[1]); },
                   [](std::int64_t a, std::int64_t b) { return std::max<std::int64_t>(a - b, 0); }), *ops());
}
RC_GTEST_PROP(SetLaw, OfAStreamAndItself, ()) {
  law_holds(law_of(1, [](Circuit& c, const std::vector<NodeId>& in) { return except_all(c, in[0], in[0]); }, [](std::int64_t, std::int64_t) { return 0; }), *ops());
}

TEST(DistinctLaw, StateGoesDownAfterDeletes) {
  Law law = law_of(1, [](Circuit& c, const std::vector<NodeId>& in) { return distinct(c, in[0]); }, {});
  Runner runner(law);
  runner.build();
  const auto empty = runner.circuit().info(runner.made()).state_bytes;
  std::vector<Entries> step(1);
  for (int i = 0; i < 20000; ++i) step[0].push_back({{std::to_string(i), "some text that is long " + std::to_string(i)}, 1});
  runner.run(step);
  EXPECT_EQ(runner.circuit().info(runner.made()).state_rows, 20000u);
  for (auto& entry : step[0]) entry.second = -1;
  runner.run(step);
  EXPECT_EQ(runner.circuit().info(runner.made()).state_rows, 0u);
  EXPECT_LT(runner.circuit().info(runner.made()).state_bytes, empty + 10000);
  EXPECT_TRUE(runner.sum().empty());
}

}  // namespace
}  // namespace weir::test
