// Would catch: a row behind a change that keeps its old answer, frames one row off at either end, peers split, a neighbour that is not told, states of whole
// partitions that a step or a refused step leaves wrong, EXCLUDE that leaves out too much, NULLs on the wrong side of a distance.
#include "operators/window.h"

#include <weir/error.h>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/laws/law.h"

namespace weir::test {
namespace {

using Bound = FrameBound::Kind;
constexpr std::int64_t kBeyond = 1'000'000'000'000;

// Integers throughout: (partition, order, value, more).
const Kinds kWindowRow = {KeyKind::kInt, KeyKind::kInt, KeyKind::kInt, KeyKind::kInt};

int compare(const Cell& a, const Cell& b, const OrderKey& key) {
  if (!a || !b) return a.has_value() == b.has_value() ? 0 : (!a == key.nulls_first ? -1 : 1);
  const auto x = std::stoll(*a), y = std::stoll(*b);
  return x == y ? 0 : (x < y) != key.descending ? -1 : 1;
}

// One partition, each copy of a row for itself.
struct Model {
  const WindowSpec& spec;
  std::vector<PlainRow> rows;
  std::vector<std::int64_t> group;  // the number of each row's peer group

  int peers(std::size_t a, std::size_t b) const {
    for (const OrderKey& k : spec.order) {
      if (const int c = compare(rows[a][k.column], rows[b][k.column], k)) return c;
    }
    return 0;
  }
  // Is row j at or behind the bound as seen from row i (as a start), or at or before it (as an end)?
  bool within(const Frame& f, const FrameBound& b, bool start, std::size_t i, std::size_t j) const {
    if (b.kind == Bound::kUnboundedPreceding) return start;
    if (b.kind == Bound::kUnboundedFollowing) return !start;
    const std::int64_t by = b.kind == Bound::kPreceding ? -b.count : b.kind == Bound::kFollowing ? b.count : 0;
    const auto side = [&](std::int64_t at, std::int64_t edge) { return start ? at >= edge : at <= edge; };
    if (f.mode == Frame::Mode::kRows) return side(static_cast<std::int64_t>(j), static_cast<std::int64_t>(i) + by);
    if (f.mode == Frame::Mode::kGroups || b.kind == Bound::kCurrentRow) return side(group[j], group[i] + by);
    const OrderKey& key = spec.order[0];
    // NULLs as values far beyond all others, and a distance from them as none.
    const auto place = [&](const Cell& c) -> std::int64_t {
      if (!c) return key.nulls_first ? -kBeyond : kBeyond;
      return key.descending ? -std::stoll(*c) : std::stoll(*c);
    };
    const Cell &own = rows[i][key.column], &other = rows[j][key.column];
    return side(place(other), place(own) + (own ? by : 0));
  }
  std::vector<std::size_t> frame(const Frame& f, std::size_t i) const {
    std::vector<std::size_t> out;
    for (std::size_t j = 0; j < rows.size(); ++j) {
      if (!within(f, f.start, true, i, j) || !within(f, f.end, false, i, j)) continue;
      if (f.exclude == Frame::Exclude::kCurrentRow && i == j) continue;
      if (f.exclude == Frame::Exclude::kGroup && group[i] == group[j]) continue;
      if (f.exclude == Frame::Exclude::kTies && group[i] == group[j] && i != j) continue;
      out.push_back(j);
    }
    return out;
  }
  Cell answer(const WindowCall& call, std::size_t i) const {
    const auto n = static_cast<std::int64_t>(rows.size());
    const auto count_if = [&](auto&& f) {
      std::int64_t c = 0;
      for (std::size_t j = 0; j < rows.size(); ++j) c += f(j);
      return c;
    };
    const auto argument = [&](std::size_t j) { return rows[j][static_cast<std::size_t>(call.argument)]; };
    const std::int64_t before = count_if([&](std::size_t j) { return group[j] < group[i]; });
    switch (call.function) {
      case WindowFunction::kRowNumber: return std::to_string(i + 1);
      case WindowFunction::kRank: return std::to_string(before + 1);
      case WindowFunction::kDenseRank: return std::to_string(group[i] + 1);
      case WindowFunction::kPercentRank: return text_of(n == 1 ? 0.0 : static_cast<double>(before) / static_cast<double>(n - 1));
      case WindowFunction::kCumeDist:
        return text_of(static_cast<double>(count_if([&](std::size_t j) { return group[j] <= group[i]; })) / static_cast<double>(n));
      case WindowFunction::kNtile: {
        std::int64_t bucket = 0, at = 0;
        for (; at <= static_cast<std::int64_t>(i); ++bucket) at += n / call.count + (bucket < n % call.count);
        return std::to_string(bucket);
      }
      case WindowFunction::kLag: case WindowFunction::kLead: {
        const std::int64_t target = static_cast<std::int64_t>(i) + (call.function == WindowFunction::kLead ? call.count : -call.count);
        if (target >= 0 && target < n) return argument(static_cast<std::size_t>(target));
        return call.fallback >= 0 ? rows[i][static_cast<std::size_t>(call.fallback)] : std::nullopt;
      }
      default: break;
    }
    const std::vector<std::size_t> in = frame(call.frame, i);
    if (call.function == WindowFunction::kFirstValue) return in.empty() ? std::nullopt : argument(in.front());
    if (call.function == WindowFunction::kLastValue) return in.empty() ? std::nullopt : argument(in.back());
    if (call.function == WindowFunction::kNthValue) {
      return static_cast<std::int64_t>(in.size()) < call.count ? std::nullopt : argument(in[static_cast<std::size_t>(call.count - 1)]);
    }
    if (call.aggregate == AggregateFunction::kCountStar) return std::to_string(in.size());
    Cell sum;
    for (const std::size_t j : in) {
      const Cell v = argument(j);
      if (!v) continue;
      if (!sum) sum = v;
      else if (call.aggregate == AggregateFunction::kSum) sum = std::to_string(std::stoll(*sum) + std::stoll(*v));
      else if (call.aggregate == AggregateFunction::kMin) sum = std::to_string(std::min(std::stoll(*sum), std::stoll(*v)));
      else sum = std::to_string(std::max(std::stoll(*sum), std::stoll(*v)));
    }
    return sum;
  }
};

Law window_law(WindowSpec spec) {
  Law law;
  law.inputs = {kWindowRow};
  law.output = kWindowRow;
  for (const WindowCall& call : spec.calls) law.output.push_back(key_kind_of(call.result_type));
  law.bags = law.unique_form = true;
  law.build = [=](Circuit& c, const std::vector<NodeId>& in) { return window(c, in[0], spec); };
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
          if (const int c = compare(a[k.column], b[k.column], k)) return c < 0;
        }
        for (std::uint16_t c = 0; c < a.size(); ++c) {
          if (const int d = compare(a[c], b[c], {c, false, false})) return d < 0;
        }
        return false;
      });
      Model model{spec, rows, {}};
      for (std::size_t i = 0; i < rows.size(); ++i) model.group.push_back(i == 0 ? 0 : model.group[i - 1] + (model.peers(i - 1, i) != 0));
      for (std::size_t i = 0; i < rows.size(); ++i) {
        PlainRow row = rows[i];
        for (const WindowCall& call : spec.calls) row.push_back(model.answer(call, i));
        add(out, row, 1);
      }
    }
    return out;
  };
  return law;
}

WindowCall plain(WindowFunction f, TypeId result = TypeId::kBigint) {
  WindowCall call;
  call.function = f;
  call.result_type = result;
  return call;
}
WindowCall of(WindowFunction f, std::int64_t count = 1, int fallback = -1) {
  WindowCall call = plain(f);
  call.argument = 2;
  call.count = count;
  call.fallback = fallback;
  return call;
}
WindowCall over(AggregateFunction f, const Frame& frame) {
  WindowCall call = plain(WindowFunction::kAggregate);
  call.aggregate = f;
  call.frame = frame;
  if (f != AggregateFunction::kCountStar) call.argument = 2;
  call.argument_type = TypeId::kInteger;
  return call;
}
WindowCall over(WindowFunction f, const Frame& frame, std::int64_t count = 1) {
  WindowCall call = of(f, count);
  call.frame = frame;
  return call;
}
FrameBound bound(Bound kind, std::int64_t count = 0) {
  FrameBound b;
  b.kind = kind;
  b.count = count;
  return b;
}
Frame frame(Frame::Mode mode, FrameBound start, FrameBound end, Frame::Exclude exclude = Frame::Exclude::kNothing) {
  Frame f;
  f.mode = mode;
  f.start = start;
  f.end = end;
  f.exclude = exclude;
  return f;
}

void holds(std::vector<WindowCall> calls, std::vector<std::uint16_t> partition = {0}, std::vector<OrderKey> order = {{1, false, false}}) {
  law_holds(window_law({std::move(partition), std::move(order), TypeId::kInteger, std::move(calls)}), *ops());
}

RC_GTEST_PROP(WindowLaw, RowNumber, ()) { holds({plain(WindowFunction::kRowNumber)}); }
RC_GTEST_PROP(WindowLaw, Rank, ()) { holds({plain(WindowFunction::kRank)}); }
RC_GTEST_PROP(WindowLaw, DenseRank, ()) { holds({plain(WindowFunction::kDenseRank)}, {}, {{1, true, true}}); }
RC_GTEST_PROP(WindowLaw, Distribution, ()) { holds({plain(WindowFunction::kPercentRank, TypeId::kDouble), plain(WindowFunction::kCumeDist, TypeId::kDouble)}); }
RC_GTEST_PROP(WindowLaw, CumeDist, ()) { holds({plain(WindowFunction::kCumeDist, TypeId::kDouble)}, {}, {{1, false, true}, {2, true, false}}); }
RC_GTEST_PROP(WindowLaw, Ntile, ()) {
  WindowCall call = plain(WindowFunction::kNtile);
  call.count = 3;
  holds({call}, {});
}
RC_GTEST_PROP(WindowLaw, Lag, ()) { holds({of(WindowFunction::kLag)}); }
RC_GTEST_PROP(WindowLaw, Lead, ()) { holds({of(WindowFunction::kLead, 2, 3)}, {}); }
RC_GTEST_PROP(WindowLaw, LagOfFollowing, ()) { holds({of(WindowFunction::kLag, -2, 3)}, {}); }
RC_GTEST_PROP(WindowLaw, Neighbours, ()) { holds({of(WindowFunction::kLag, 1), of(WindowFunction::kLead, 1), plain(WindowFunction::kRank)}, {}); }

// Every frame that a mode has, one at a time and beside another.
RC_GTEST_PROP(WindowLaw, Frames, ()) {
  const std::vector<FrameBound> starts = {bound(Bound::kUnboundedPreceding), bound(Bound::kPreceding, 2), bound(Bound::kPreceding, 0), bound(Bound::kCurrentRow),
                                          bound(Bound::kFollowing, 1)};
  const std::vector<FrameBound> ends = {bound(Bound::kPreceding, 1), bound(Bound::kCurrentRow), bound(Bound::kFollowing, 0), bound(Bound::kFollowing, 3),
                                        bound(Bound::kUnboundedFollowing)};
  const auto any_frame = [&] {
    const auto s = *rc::gen::inRange<std::size_t>(0, starts.size()), e = *rc::gen::inRange<std::size_t>(0, ends.size());
    const auto mode = *rc::gen::element(Frame::Mode::kRows, Frame::Mode::kRange, Frame::Mode::kGroups);
    const auto exclude = *rc::gen::element(Frame::Exclude::kNothing, Frame::Exclude::kNothing, Frame::Exclude::kCurrentRow, Frame::Exclude::kGroup, Frame::Exclude::kTies);
    return frame(mode, starts[s], ends[e], exclude);
  };
  const auto any_call = [&] {
    const auto f = *rc::gen::inRange(0, 7);
    switch (f) {
      case 0: return over(AggregateFunction::kCountStar, any_frame());
      case 1: case 2: return over(AggregateFunction::kSum, any_frame());
      case 3: return over(AggregateFunction::kMin, any_frame());
      case 4: return over(WindowFunction::kFirstValue, any_frame());
      case 5: return over(WindowFunction::kLastValue, any_frame());
      default: return over(WindowFunction::kNthValue, any_frame(), 2);
    }
  };
  std::vector<WindowCall> calls = {any_call()};
  if (*rc::gen::inRange(0, 3) == 0) calls.push_back(any_call());
  const OrderKey key{1, *rc::gen::arbitrary<bool>(), *rc::gen::arbitrary<bool>()};
  const std::vector<std::uint16_t> partition = *rc::gen::arbitrary<bool>() ? std::vector<std::uint16_t>{0} : std::vector<std::uint16_t>{};
  holds(std::move(calls), partition, {key});
}

RC_GTEST_PROP(WindowLaw, WholePartitions, ()) {
  const Frame whole = frame(Frame::Mode::kRange, bound(Bound::kUnboundedPreceding), bound(Bound::kUnboundedFollowing));
  holds({over(AggregateFunction::kSum, whole), over(AggregateFunction::kCountStar, whole)}, {0}, {});
}
RC_GTEST_PROP(WindowLaw, WholeMaximum, ()) {
  holds({over(AggregateFunction::kMax, frame(Frame::Mode::kRange, bound(Bound::kUnboundedPreceding), bound(Bound::kUnboundedFollowing)))}, {0}, {});
}
RC_GTEST_PROP(WindowLaw, Running, ()) {
  holds({over(AggregateFunction::kSum, frame(Frame::Mode::kRange, bound(Bound::kUnboundedPreceding), bound(Bound::kCurrentRow)))});
}

// Only what changes comes out.
TEST(Window, NeighboursAlone) {
  WindowSpec spec{{}, {{1, false, false}}, TypeId::kInteger, {of(WindowFunction::kLag)}};
  const Law law = window_law(spec);
  Runner runner(law);
  runner.build();
  std::vector<Entries> step(1);
  for (int i = 0; i < 3000; ++i) step[0].push_back({{"0", std::to_string(2 * i), std::to_string(i), "0"}, 1});
  runner.run(step);
  runner.feed({{{{"0", "3001", "7", "0"}, 1}}});
  EXPECT_EQ(runner.delta().size(), 3u);  // the new row, and the one behind it before and after
  runner.advance({{{{"0", "3001", "7", "0"}, 1}}});
  EXPECT_TRUE(runner.contents() == runner.sum());
}

TEST(Window, ARefusedStepLeavesNothingBehind) {
  WindowSpec spec{{0}, {{1, false, false}}, TypeId::kInteger,
                  {over(AggregateFunction::kSum, frame(Frame::Mode::kRange, bound(Bound::kUnboundedPreceding), bound(Bound::kCurrentRow)))}};
  const Law law = window_law(spec);
  Runner runner(law);
  runner.build();
  runner.run({{{{"1", "1", "5", "0"}, 1}, {{"1", "2", "7", "0"}, 1}}});
  EXPECT_THROW(runner.feed({{{{"1", "0", "1", "0"}, 1}, {{"2", "1", "1", "0"}, -1}}}), Failure);
  EXPECT_THROW(runner.feed({{{{"1", "0", "9223372036854775807", "0"}, 1}}}), Failure);
  runner.run({{{{"1", "0", "1", "0"}, 1}}});
  EXPECT_EQ(to_string(runner.sum()), "{(1, 0, 1, 0, 1) +1; (1, 1, 5, 0, 6) +1; (1, 2, 7, 0, 13) +1}");
  runner.run({{{{"1", "0", "1", "0"}, -1}, {{"1", "1", "5", "0"}, -1}, {{"1", "2", "7", "0"}, -1}}});
  EXPECT_EQ(runner.circuit().info(runner.made()).state_rows, 0u);
}

}  // namespace
}  // namespace weir::test
