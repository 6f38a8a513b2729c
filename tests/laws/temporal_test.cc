// Would catch: a row that is not taken back when its time is over, or twice; one that comes and goes within a step, or is deleted in the step in which it leaves; a step that is
// refused and leaves the time, or rows, behind; state that stays; conditions that fall back at midnight.
#include "operators/temporal_filter.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/laws/law.h"
#include "zset/datetime.h"

namespace weir::test {
namespace {

constexpr Moment kStart = kMicrosPerDay * 9'000;

// A moment of the row, a third of a day apart, and the time as the condition sees it: some thirds of a day before; or every three days as the first of them.
class Ask final : public Expression {
 public:
  Ask(int column, std::int64_t shift, bool above, bool clamped) : column_(column), shift_(shift), above_(above), clamped_(clamped) {}
  static Moment of(std::int64_t thirds) { return kStart + (thirds % 50) * (kMicrosPerDay / 3); }
  bool holds(std::int64_t value, Moment now) const {
    Moment seen = now - shift_ * (kMicrosPerDay / 3);
    if (clamped_) seen = now / kMicrosPerDay / 3 * 3 * kMicrosPerDay + now % kMicrosPerDay;
    return above_ ? of(value) > seen : of(value) <= seen;
  }
  Column evaluate(const Chunk& chunk, Arena& arena) const override {
    const Column &in = chunk.columns[column_], &now = chunk.columns[chunk.width - 1];
    Column out = Column::make(Kind::kBool, chunk.size, true, arena);
    chunk.each([&](std::uint32_t i) { out.set(i, in.is_valid(i) ? Datum::of(holds(in.ints()[i], now.ints()[i])) : Datum::of_null(Kind::kBool)); });
    return out;
  }
  KeyKind key_kind() const override { return KeyKind::kBool; }
  std::string text() const override { return "ask #" + std::to_string(column_); }

 private:
  int column_;
  std::int64_t shift_;
  bool above_, clamped_;
};

struct Shape {
  std::vector<Ask> asks;
  std::vector<bool> enters, by_day;
};

Shape shape(int which) {
  switch (which) {
    case 0: return {{Ask(0, 2, true, false)}, {false}, {false}};
    case 1: return {{Ask(0, 4, true, false), Ask(0, 0, false, false)}, {false, true}, {false, false}};
    case 2: return {{Ask(0, 0, true, true)}, {false}, {true}};
    default: return {{Ask(0, 0, false, true), Ask(0, 7, true, false)}, {true, false}, {true, false}};
  }
}

RC_GTEST_PROP(TemporalLaw, IsTheFilterAtTheTimeOfEachStep, ()) {
  const Shape now_shape = shape(*rc::gen::inRange(0, 4));
  Moment now = kTimeBegin;
  Law law;
  law.inputs = {{KeyKind::kInt, KeyKind::kNumeric}};
  law.output = law.inputs[0];
  law.build = [&](Circuit& c, const std::vector<NodeId>& in) {
    std::vector<TimeCondition> conditions;
    for (std::size_t n = 0; n < now_shape.asks.size(); ++n) conditions.push_back({std::make_unique<Ask>(now_shape.asks[n]), now_shape.enters[n], now_shape.by_day[n]});
    return temporal_filter(c, in[0], std::move(conditions));
  };
  law.model = [&](const std::vector<Plain>& in) {
    Plain out;
    for (const auto& [row, w] : in[0]) {
      if (row[0] && std::all_of(now_shape.asks.begin(), now_shape.asks.end(), [&](const Ask& ask) { return ask.holds(std::stoll(*row[0]), now); })) add(out, row, w);
    }
    return out;
  };
  const std::vector<Op> stream = *ops();
  law_holds(law, stream);  // the time stands

  const Steps steps = steps_of(law, stream);
  const auto moves = *rc::gen::container<std::vector<int>>(steps.size(), rc::gen::element(0, 0, 1, 2, 3, 5, 9));
  Runner early(law), late(law), doubtful(law);

  early.build();
  doubtful.build();
  Moment next = kStart;
  for (std::size_t s = 0; s < steps.size(); ++s) {
    const Moment before = now;
    next += moves[s] * (kMicrosPerDay / 3);
    if (s == steps.size() / 2) {
      late.circuit().set_time(now);
      late.circuit().advance();
      late.build();
      late.check();
    }
    now = next;
    for (Runner* runner : {&early, &late}) {
      runner->circuit().set_time(now);
      runner->run(steps[s]);
      if (runner == &early || s >= steps.size() / 2) runner->check();
    }
    const std::vector<Entries> nothing(law.inputs.size());
    doubtful.circuit().set_time(now);
    doubtful.feed(steps[steps.size() - 1 - s]);
    doubtful.revert();
    RC_ASSERT(doubtful.circuit().now() == before);
    doubtful.circuit().set_time(now);  // the time first, then the rows
    doubtful.run(nothing);
    doubtful.run(steps[s]);
    doubtful.check();
  }
  // When all moments are over no row is kept; nor when the rows have gone.
  now = kStart + 1000 * kMicrosPerDay;
  early.circuit().set_time(now);
  early.run(std::vector<Entries>(law.inputs.size()));
  early.check();
  RC_ASSERT(early.circuit().info(early.made()).state_rows == 0u);
  RC_ASSERT(early.circuit().next_wake() == kNever);
  for (const auto& step : steps) {
    for (const auto& [row, weight] : step[0]) doubtful.run({{{row, -weight}}});
  }
  RC_ASSERT(doubtful.circuit().info(doubtful.made()).state_rows == 0u);
  RC_ASSERT(to_string(doubtful.sum()) == "{}");
}

}  // namespace
}  // namespace weir::test
