// Would catch: a filter that keeps NULL or false, a projection that mixes columns up, a series that goes past its stop, the wrong way, or on from a NULL, a union that counts a stream once that stands in it twice,
// anything that is kept from one step to the next.
#include "operators/linear.h"
#include "operators/series.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/laws/law.h"

namespace weir::test {
namespace {

const Kinds kPair = {KeyKind::kInt, KeyKind::kText};

RC_GTEST_PROP(LinearLaw, Filter, ()) {
  Law law;
  law.inputs = {kPair};
  law.output = kPair;
  law.build = [](Circuit& c, const std::vector<NodeId>& in) { return filter(c, in[0], greater(0, 1)); };
  law.model = [](const std::vector<Plain>& in) {
    Plain out;
    for (const auto& [row, w] : in[0]) {
      if (row[0] && std::stoll(*row[0]) > 1) add(out, row, w);
    }
    return out;
  };
  law_holds(law, *ops());
}

RC_GTEST_PROP(LinearLaw, Project, ()) {
  Law law;
  law.inputs = {kPair};
  law.output = {KeyKind::kText, KeyKind::kInt, KeyKind::kText};
  law.build = [](Circuit& c, const std::vector<NodeId>& in) {
    std::vector<ExpressionPtr> columns;
    columns.push_back(column(1, KeyKind::kText));
    columns.push_back(computed(0, KeyKind::kInt));
    columns.push_back(computed(1, KeyKind::kText));
    return project(c, in[0], std::move(columns));
  };
  law.model = [](const std::vector<Plain>& in) {
    Plain out;
    for (const auto& [row, w] : in[0]) add(out, PlainRow{row[1], row[0], row[1]}, w);
    return out;
  };
  law_holds(law, *ops());
}

RC_GTEST_PROP(LinearLaw, ProjectToNothing, ()) {
  Law law;
  law.inputs = {kPair};
  law.output = {};
  law.build = [](Circuit& c, const std::vector<NodeId>& in) { return project(c, in[0], {}); };
  law.model = [](const std::vector<Plain>& in) {
    Plain out;
    for (const auto& [row, w] : in[0]) add(out, PlainRow{}, w);
    return out;
  };
  law_holds(law, *ops());
}

RC_GTEST_PROP(LinearLaw, UnionOfThree, ()) {
  Law law;
  law.inputs = {kPair, kPair};
  law.output = kPair;
  law.build = [](Circuit& c, const std::vector<NodeId>& in) { return union_all(c, std::vector<NodeId>{in[0], in[1], in[0]}); };
  law.model = [](const std::vector<Plain>& in) {
    Plain out;
    add(out, in[0], 2);
    add(out, in[1]);
    return out;
  };
  law_holds(law, *ops());
}

// An integer column in a small range, so that a series over it has an end.
class Reduced final : public Expression {
 public:
  Reduced(int column, std::int64_t by, std::int64_t from) : column_(column), by_(by), from_(from) {}
  std::int64_t of(std::int64_t v) const { return from_ + (v % by_ + by_) % by_; }
  Column evaluate(const Chunk& chunk, Arena& arena) const override {
    const Column& in = chunk.columns[column_];
    Column out = Column::make(Kind::kInt, chunk.size, true, arena);
    chunk.each([&](std::uint32_t i) { out.set(i, in.is_valid(i) ? Datum::of(of(in.ints()[i])) : Datum::of_null(Kind::kInt)); });
    return out;
  }
  KeyKind key_kind() const override { return KeyKind::kInt; }
  std::string text() const override { return "reduced #" + std::to_string(column_); }

 private:
  int column_;
  std::int64_t by_, from_;
};

// Steps go up and down; never 0.
RC_GTEST_PROP(LinearLaw, Series, ()) {
  for (const std::int64_t step : {2, -1}) {
    Law law;
    law.inputs = {{KeyKind::kInt, KeyKind::kInt}};
    law.output = {KeyKind::kInt, KeyKind::kInt, KeyKind::kInt};
    law.build = [step](Circuit& c, const std::vector<NodeId>& in) {
      return series(c, in[0], std::make_unique<Reduced>(0, 7, -2), std::make_unique<Reduced>(1, 5, 0), std::make_unique<Reduced>(0, 1, step), TypeId::kBigint);
    };
    law.model = [step](const std::vector<Plain>& in) {
      Plain out;
      const Reduced start(0, 7, -2), stop(1, 5, 0);
      for (const auto& [row, w] : in[0]) {
        if (!row[0] || !row[1]) continue;
        const std::int64_t last = stop.of(std::stoll(*row[1]));
        for (std::int64_t v = start.of(std::stoll(*row[0])); step > 0 ? v <= last : v >= last; v += step) add(out, {row[0], row[1], std::to_string(v)}, w);
      }
      return out;
    };
    law_holds(law, *ops());
  }
}

TEST(LinearLaw, ConstantIsThereFromBackfillOnAndNeverChanges) {
  Circuit circuit(Executor::serial());
  Arena arena;
  Delta rows;
  const Entries entries = {{{"1", "a text of more than twelve bytes"}, 1}, {{"2", std::nullopt}, 2}};
  delta_of(entries, kPair, arena, rows);
  const NodeId node = constant(circuit, kPair, rows);
  arena.reset();
  circuit.backfill();
  Delta all;
  circuit.contents(node, all);
  Plain expected;
  for (const auto& [row, w] : entries) add(expected, row, w);
  EXPECT_EQ(to_string(plain_of(all, kPair)), to_string(expected));
  circuit.end_of_read();
}

}  // namespace
}  // namespace weir::test
