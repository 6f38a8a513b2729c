// Would catch: ties in no order, NULLs on the wrong side, a window that forgets who moves up when somebody leaves, weights cut at the window's edge,
// row numbers that stay behind.
#include "operators/top_k.h"

#include <weir/error.h>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/laws/law.h"

namespace weir::test {
namespace {

int compare(const Cell& a, const Cell& b, KeyKind kind, const OrderKey& key) {
  if (!a || !b) return a.has_value() == b.has_value() ? 0 : (!a == key.nulls_first ? -1 : 1);
  Arena arena;
  const int c = key_compare(datum_of(a, kind, arena), datum_of(b, kind, arena), kind);
  return key.descending ? -c : c;
}

Law top_law(Kinds kinds, TopKSpec spec) {
  Law law;
  law.inputs = {kinds};
  law.output = kinds;
  if (spec.row_number) law.output.push_back(KeyKind::kInt);
  law.bags = law.unique_form = true;
  law.build = [=](Circuit& c, const std::vector<NodeId>& in) { return top_k(c, in[0], spec); };
  law.model = [=](const std::vector<Plain>& in) {
    std::map<PlainRow, std::vector<PlainRow>> partitions;
    for (const auto& [row, w] : in[0]) {
      PlainRow key;
      for (const auto c : spec.partition) key.push_back(row[c]);
      for (std::int64_t i = 0; i < w; ++i) partitions[key].push_back(row);
    }
    Plain out;
    for (auto& [key, rows] : partitions) {
      std::sort(rows.begin(), rows.end(), [&](const PlainRow& a, const PlainRow& b) {
        for (const OrderKey& k : spec.order) {
          if (const int c = compare(a[k.column], b[k.column], kinds[k.column], k)) return c < 0;
        }
        for (std::uint16_t c = 0; c < kinds.size(); ++c) {
          if (const int d = compare(a[c], b[c], kinds[c], {c, false, false})) return d < 0;
        }
        return false;
      });
      const auto peers = [&](const PlainRow& a, const PlainRow& b) {
        return std::all_of(spec.order.begin(), spec.order.end(), [&](const OrderKey& k) { return compare(a[k.column], b[k.column], kinds[k.column], k) == 0; });
      };
      const auto in_window = [&](std::size_t i) {
        if (!spec.limit || i < spec.offset + *spec.limit) return true;
        return spec.ties && *spec.limit != 0 && peers(rows[i], rows[spec.offset + *spec.limit - 1]);
      };
      for (std::size_t i = spec.offset; i < rows.size() && in_window(i); ++i) {
        PlainRow row = rows[i];
        if (spec.row_number) row.push_back(std::to_string(i + 1));
        add(out, row, 1);
      }
    }
    return out;
  };
  return law;
}

const Kinds kTopRow = {KeyKind::kInt, KeyKind::kText, KeyKind::kInt};

RC_GTEST_PROP(TopKLaw, Limit, ()) { law_holds(top_law(kTopRow, {{}, {{2, true, true}}, 0, 3, false}), *ops()); }
RC_GTEST_PROP(TopKLaw, LimitAndOffset, ()) { law_holds(top_law(kTopRow, {{}, {{0, false, false}, {1, true, false}}, 2, 3, false}), *ops()); }
RC_GTEST_PROP(TopKLaw, OffsetOnly, ()) { law_holds(top_law(kTopRow, {{}, {{1, false, true}}, 4, std::nullopt, false}), *ops()); }
RC_GTEST_PROP(TopKLaw, Partitions, ()) { law_holds(top_law(kTopRow, {{0}, {{2, true, true}}, 0, 2, false}), *ops()); }
RC_GTEST_PROP(TopKLaw, RowNumbers, ()) { law_holds(top_law(kTopRow, {{1}, {{2, false, false}}, 0, std::nullopt, true}), *ops()); }
RC_GTEST_PROP(TopKLaw, RowNumbersInAWindow, ()) { law_holds(top_law(kTopRow, {{}, {{2, false, false}}, 1, 4, true}), *ops()); }
RC_GTEST_PROP(TopKLaw, NoLimitIsIdentity, ()) { law_holds(top_law(kTopRow, {{}, {}, 0, std::nullopt, false}), *ops()); }
RC_GTEST_PROP(TopKLaw, LimitZero, ()) { law_holds(top_law(kTopRow, {{}, {{0, false, false}}, 0, 0, false}), *ops()); }
RC_GTEST_PROP(TopKLaw, Ties, ()) { law_holds(top_law(kTopRow, {{}, {{2, true, true}}, 0, 2, false, true}), *ops()); }
RC_GTEST_PROP(TopKLaw, TiesOfTwoKeysAndOffset, ()) { law_holds(top_law(kTopRow, {{}, {{0, false, false}, {1, true, false}}, 1, 3, false, true}), *ops()); }
RC_GTEST_PROP(TopKLaw, TiesOfPartitions, ()) { law_holds(top_law(kTopRow, {{0}, {{1, false, true}}, 0, 1, false, true}), *ops()); }
RC_GTEST_PROP(TopKLaw, NoTiesOfNothing, ()) { law_holds(top_law(kTopRow, {{}, {{0, false, false}}, 1, 0, false, true}), *ops()); }
RC_GTEST_PROP(TopKLaw, OtherKinds, ()) {
  Law law = top_law({KeyKind::kDouble, KeyKind::kInterval, KeyKind::kBool}, {{}, {{1, true, false}, {0, false, true}}, 1, 3, false});
  law.up_to_equality = true;
  law_holds(law, *ops());
}
RC_GTEST_PROP(TopKLaw, NumericOrder, ()) {
  Law law = top_law({KeyKind::kNumeric, KeyKind::kDouble}, {{}, {{0, true, false}}, 0, 4, false});
  law.up_to_equality = true;
  law_holds(law, *ops());
}

// Windows larger than what is compared as a whole.
TEST(TopK, LargeWindows) {
  for (const TopKSpec& spec : {TopKSpec{{}, {{0, false, false}}, 500, 1000, false}, TopKSpec{{}, {{0, true, false}}, 700, std::nullopt, false},
                               TopKSpec{{}, {{0, false, false}}, 0, 900, false}, TopKSpec{{}, {{0, false, false}}, 100, 800, true},
                               TopKSpec{{}, {{1, false, false}}, 100, 900, false, true}, TopKSpec{{}, {{1, true, false}, {0, false, false}}, 0, 700, false, true},
                               TopKSpec{{}, {{1, false, false}}, 0, 3, false, true}}) {
    for (const std::size_t batch : {1u, 5u, 400u}) {
      const Law law = top_law({KeyKind::kInt, KeyKind::kInt}, spec);
      Runner runner(law);
      runner.build();
      std::uint64_t state = batch;
      const auto next = [&](std::uint64_t n) {
        state = state * 6364136223846793005ull + 1442695040888963407ull;
        return (state >> 33) % n;
      };
      Plain all;
      const auto change = [&](std::size_t n, std::size_t inserts) {
        std::vector<Entries> step(1);
        for (std::size_t i = 0; i < n; ++i) {
          if (all.empty() || next(10) < inserts) {
            const PlainRow row = {std::to_string(next(1000)), std::to_string(next(10))};
            const auto w = static_cast<std::int64_t>(next(3) + 1);
            step[0].push_back({row, w});
            add(all, row, w);
          } else {
            auto at = all.lower_bound({std::to_string(next(1000)), std::nullopt});
            if (at == all.end()) at = all.begin();
            const PlainRow row = at->first;
            const auto w = static_cast<std::int64_t>(next(static_cast<std::uint64_t>(at->second)) + 1);
            step[0].push_back({row, -w});
            add(all, row, -w);
          }
        }
        runner.feed(step);
        if (next(2) == 0) {
          runner.revert();
          runner.feed(step);
        }
        runner.advance(step);
      };
      change(2500, 10);
      EXPECT_TRUE(runner.sum() == law.model({all}));
      for (int i = 0; i < 12; ++i) {
        change(batch, 5);
        EXPECT_TRUE(runner.sum() == law.model({all})) << "batch " << batch << " step " << i << " offset " << spec.offset;
      }
      EXPECT_TRUE(runner.contents() == law.model({all}));
    }
  }
}

TEST(TopK, DeletingWhatIsNotThereIsRefusedAndLeavesNothingBehind) {
  const Law law = top_law({KeyKind::kInt, KeyKind::kText}, {{}, {{0, false, false}}, 0, 2, false});
  Runner runner(law);
  runner.build();
  runner.run({{{{"1", "a text of more than twelve bytes"}, 1}, {{"3", "c"}, 1}}});
  EXPECT_THROW(runner.feed({{{{"0", "z"}, 1}, {{"1", "a text of more than twelve bytes"}, -1}, {{"2", "b"}, -1}}}), Failure);
  runner.run({{{{"2", "b"}, 1}}});
  EXPECT_EQ(to_string(runner.sum()), "{(1, a text of more than twelve bytes) +1; (2, b) +1}");
  runner.run({{{{"1", "a text of more than twelve bytes"}, -1}, {{"2", "b"}, -1}, {{"3", "c"}, -1}}});
  EXPECT_EQ(runner.circuit().info(runner.made()).state_rows, 0u);
}

}  // namespace
}  // namespace weir::test
