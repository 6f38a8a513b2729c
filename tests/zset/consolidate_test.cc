// Catches: duplicates left or rows lost, an order that is not of first appearance, weights of the input changed, overflow unseen.
#include "zset/consolidate.h"

#include <weir/error.h>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "tests/zset/rows.h"

namespace weir {
namespace {

RC_GTEST_PROP(Consolidate, IsTheUniqueFormInOrderOfFirstAppearance, (bool selections)) {
  static const std::vector<KeyKind> kSome = {KeyKind::kInt, KeyKind::kText, KeyKind::kDouble, KeyKind::kBool, KeyKind::kInterval};
  std::vector<KeyKind> types;
  const int width = *rc::gen::inRange(0, 4);
  for (int c = 0; c < width; ++c) types.push_back(kSome[*rc::gen::inRange<std::size_t>(0, kSome.size())]);
  std::vector<std::pair<test::Cells, std::int64_t>> rows(*rc::gen::inRange(0, *rc::gen::element(3, 12, 200)));
  for (auto& [cells, weight] : rows) {
    for (const KeyKind k : types) cells.push_back(test::some_cell(k, true, 8));
    weight = *rc::gen::inRange(-2, 3);
  }
  Arena arena;
  const Delta in = test::delta_of(rows, test::kinds_of(types), arena, *rc::gen::element(1u, 3u, 64u), selections);
  Delta out;
  consolidate(in, arena, out);
  test::Model want, got, again;
  test::add_to(want, in);
  test::add_to(got, out);
  RC_ASSERT(want == got);
  RC_ASSERT(out.rows() == want.size());  // each row once
  std::vector<test::Cells> order, first;
  std::set<test::Cells> seen;
  for (const auto& [cells, weight] : rows) {
    if (seen.insert(cells).second && want.count(cells)) first.push_back(cells);
  }
  for (const Chunk& chunk : out.chunks) {
    chunk.each([&](std::uint32_t i) { order.push_back(test::row_at(chunk, i)); });
  }
  RC_ASSERT(order == first);
  test::add_to(again, in);
  RC_ASSERT(again == want);  // the input is as it was
}

TEST(Consolidate, ManyChunksOfManyRows) {
  Arena arena;
  Delta in, out;
  const Kind kinds[] = {Kind::kInt};
  ChunkBuilder builder(kinds, arena, in);
  for (std::int64_t n = 0; n < 100'000; ++n) {
    const Datum v[] = {Datum::of(n % 1000)};
    builder.append(v, n % 1000 == 7 ? (n < 50'000 ? 1 : -1) : 1);
  }
  builder.finish();
  consolidate(in, arena, out);
  EXPECT_EQ(out.rows(), 999u);
  EXPECT_EQ(out.chunks.at(0).weights[0], 100);
}

TEST(Consolidate, WithoutDuplicatesNothingIsCopied) {
  Arena arena;
  Delta in, out;
  const Kind kinds[] = {Kind::kInt};
  ChunkBuilder builder(kinds, arena, in);
  for (std::int64_t n = 0; n < 100; ++n) {
    const Datum v[] = {Datum::of(n)};
    builder.append(v, 1);
  }
  builder.finish();
  consolidate(in, arena, out);
  ASSERT_EQ(out.chunks.size(), in.chunks.size());
  EXPECT_EQ(out.chunks[0].weights, in.chunks[0].weights);
  EXPECT_EQ(out.chunks[0].selection, nullptr);
}

TEST(Consolidate, OverflowIsAnError) {
  Arena arena;
  Delta in, out;
  const Kind kinds[] = {Kind::kInt};
  ChunkBuilder builder(kinds, arena, in);
  const Datum v[] = {Datum::of(std::int64_t{1})};
  builder.append(v, INT64_MAX);
  builder.append(v, 1);
  builder.finish();
  EXPECT_THROW(consolidate(in, arena, out), Failure);
}

}  // namespace
}  // namespace weir
