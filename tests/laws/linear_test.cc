// Would catch: a filter that keeps NULL or false, a projection that mixes columns up, a series that goes past its stop, the wrong way, or on from a NULL, a union that counts a stream once that stands in it twice,
// an array whose elements come beside another's, in other places or in a row too many; a row without elements that goes or stays where it must not;
// anything that is kept from one step to the next.
#include "operators/linear.h"
#include "operators/series.h"
#include "operators/unnest.h"

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

// The elements of an array's text: no element of the law's arrays holds a comma.
PlainRow elements_of(const Cell& array) {
  PlainRow out;
  if (!array || *array == "{}") return out;
  for (std::size_t from = 1; from < array->size();) {
    const std::size_t to = array->find_first_of(",}", from);
    const std::string element = array->substr(from, to - from);
    out.push_back(element == "NULL" ? Cell() : element);
    from = to + 1;
  }
  return out;
}

// Unnest of the array columns `arrays` of rows of one integer and three arrays.
Law unnest_law(const std::vector<int>& arrays, bool keep) {
  Law law;
  law.inputs = {{KeyKind::kInt, KeyKind::kArray, KeyKind::kArray, KeyKind::kArray}};
  law.output = law.inputs[0];
  law.output.insert(law.output.end(), arrays.size(), KeyKind::kNumeric);
  law.output.push_back(KeyKind::kInt);
  law.build = [=](Circuit& c, const std::vector<NodeId>& in) {
    std::vector<ExpressionPtr> expressions;
    for (const int a : arrays) expressions.push_back(column(a, KeyKind::kArray));
    return unnest(c, in[0], std::move(expressions), std::vector<TypeId>(arrays.size(), kNumerics.id), keep);
  };
  law.model = [=](const std::vector<Plain>& in) {
    Plain out;
    for (const auto& [row, w] : in[0]) {
      std::vector<PlainRow> elements;
      std::size_t most = 0;
      for (const int a : arrays) {
        elements.push_back(elements_of(row[static_cast<std::size_t>(a)]));
        most = std::max(most, elements.back().size());
      }
      for (std::size_t n = 0; n < most; ++n) {
        PlainRow wide = row;
        for (const PlainRow& e : elements) wide.push_back(n < e.size() ? e[n] : Cell());
        wide.push_back(std::to_string(n + 1));
        add(out, wide, w);
      }
      if (most > 0 || !keep) continue;
      PlainRow wide = row;
      wide.resize(row.size() + arrays.size() + 1);
      add(out, wide, w);
    }
    return out;
  };
  return law;
}

RC_GTEST_PROP(LinearLaw, UnnestOfOneArray, ()) { law_holds(unnest_law({2}, false), *ops()); }
RC_GTEST_PROP(LinearLaw, UnnestOfSeveralArrays, ()) { law_holds(unnest_law({1, 3, 2}, false), *ops()); }
RC_GTEST_PROP(LinearLaw, UnnestThatKeepsRowsWithoutElements, ()) {
  law_holds(unnest_law({1}, true), *ops());
  law_holds(unnest_law({3, 1}, true), *ops());
}

// Q(a + b) = Q(a) + Q(b), and Q(-a) = -Q(a), whatever the weights.
RC_GTEST_PROP(LinearLaw, UnnestIsLinear, (bool keep)) {
  const Law law = unnest_law({1, 2}, keep);
  const std::vector<Op> one = *ops(), other = *ops();
  const auto sum_of = [&](std::initializer_list<std::pair<const std::vector<Op>*, std::int64_t>> streams) {
    std::vector<Entries> all(1);
    for (const auto& [stream, factor] : streams) {
      for (const auto& step : steps_of(law, *stream)) {
        for (const auto& [row, w] : step[0]) all[0].push_back({row, w * factor});
      }
    }
    Runner runner(law);
    runner.build();
    runner.run(all);
    return runner.sum();
  };
  Plain apart = sum_of({{&one, 1}});
  add(apart, sum_of({{&other, 1}}), -2);
  RC_ASSERT(to_string(sum_of({{&one, 1}, {&other, -2}})) == to_string(apart));
}

// More elements than a chunk has rows, of rows that one chunk holds.
TEST(LinearLaw, UnnestOfLongArrays) {
  const Law law = unnest_law({1}, true);
  std::string array = "{0";
  for (int i = 1; i < 3000; ++i) array += ',' + std::to_string(i);
  array += '}';
  Runner runner(law);
  runner.build();
  const Entries entries = {{{"1", array, std::nullopt, std::nullopt}, 2}, {{"2", "{}", std::nullopt, std::nullopt}, 1}, {{"3", array, std::nullopt, std::nullopt}, -1}};
  runner.run({entries});
  EXPECT_EQ(to_string(runner.sum()), to_string(law.model({Plain(entries.begin(), entries.end())})));
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
