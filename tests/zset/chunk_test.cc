// Catches: values or NULLs lost or moved when rows are built, selected or copied; copies that still depend on the original.
#include "zset/chunk.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/zset/rows.h"

namespace weir {
namespace {

using test::Cells;

std::vector<std::pair<Cells, std::int64_t>> some_rows(const std::vector<KeyKind>& types, int most) {
  std::vector<std::pair<Cells, std::int64_t>> rows(*rc::gen::inRange(0, most));
  for (auto& [cells, weight] : rows) {
    for (const KeyKind k : types) cells.push_back(test::some_cell(k, true, 12));
    weight = *rc::gen::inRange(-2, 3);
  }
  return rows;
}

const std::vector<KeyKind> kAll = {KeyKind::kBool, KeyKind::kInt, KeyKind::kDouble, KeyKind::kText, KeyKind::kInterval};

RC_GTEST_PROP(ChunkBuilder, KeepsRowsInOrder, ()) {
  const auto rows = some_rows(kAll, 200);
  const std::vector<Kind> kinds = test::kinds_of(kAll);
  Arena arena;
  Delta out;
  ChunkBuilder builder(kinds, arena, out, *rc::gen::inRange(0, 100));
  for (const auto& [cells, weight] : rows) {
    std::vector<Datum> values;
    for (std::size_t c = 0; c < kinds.size(); ++c) values.push_back(test::datum(cells[c], kinds[c]));
    builder.append(values, weight);
  }
  builder.finish();
  RC_ASSERT(out.rows() == rows.size());
  std::size_t n = 0;
  for (const Chunk& chunk : out.chunks) {
    chunk.each([&](std::uint32_t i) {
      RC_ASSERT(test::row_at(chunk, i) == rows[n].first);
      RC_ASSERT(chunk.weights[i] == rows[n].second);
      ++n;
    });
  }
}

RC_GTEST_PROP(DeepCopy, IsTheSameAndStandsAlone, (bool selections)) {
  const auto rows = some_rows(kAll, 150);
  Arena arena, copies;
  Delta copy;
  test::Model before, after;
  {
    auto gone = std::make_unique<Arena>();
    auto owned = std::make_unique<std::vector<std::pair<Cells, std::int64_t>>>(rows);
    const Delta delta = test::delta_of(*owned, test::kinds_of(kAll), *gone, 40, selections);
    test::add_to(before, delta);
    deep_copy(delta, copies, copy);
  }
  test::add_to(after, copy);
  RC_ASSERT(before == after);
}

TEST(ChunkBuilder, FullChunksAreHandedOn) {
  Arena arena;
  Delta out;
  const Kind kinds[] = {Kind::kInt};
  ChunkBuilder builder(kinds, arena, out);
  for (std::int64_t n = 0; n < 5000; ++n) {
    const Datum v[] = {Datum::of(n)};
    builder.append(v, 1);
  }
  builder.finish();
  builder.finish();
  EXPECT_EQ(out.rows(), 5000u);
  std::int64_t n = 0;
  for (const Chunk& c : out.chunks) {
    EXPECT_LE(c.size, kChunkRows);
    c.each([&](std::uint32_t i) { EXPECT_EQ(c.columns[0].ints()[i], n++); });
  }
}

TEST(ChunkBuilder, RowsWithoutColumns) {
  Arena arena;
  Delta out;
  ChunkBuilder builder({}, arena, out, 1);
  builder.append(std::span<const Datum>(), 3);
  builder.finish();
  ASSERT_EQ(out.rows(), 1u);
  EXPECT_EQ(out.chunks[0].width, 0);
}

TEST(Column, NullSlotsAreZero) {
  Arena arena;
  Column c = Column::make(Kind::kBytes, 3, true, arena);
  std::memset(c.data, 0xff, 48);
  c.set(1, Datum::of_null(Kind::kBytes));
  EXPECT_FALSE(c.is_valid(1));
  EXPECT_TRUE(c.is_valid(0));
  EXPECT_EQ(c.bytes()[1], Bytes());
}

}  // namespace
}  // namespace weir
