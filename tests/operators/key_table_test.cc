// Would catch: keys that SQL calls equal in two entries or unequal ones in one, entries lost when the table grows, shrinks or closes a hole, pages that are not given back.
#include "operators/key_table.h"

#include <gtest/gtest.h>

#include "operators/weight_table.h"
#include "tests/laws/zset_model.h"

namespace weir::test {
namespace {

using Id = KeyTable::Id;

std::vector<Id> find_or_add(KeyTable& table, const Entries& entries, const Kinds& kinds, bool only_find = false) {
  Arena arena;
  Delta delta;
  delta_of(entries, kinds, arena, delta);
  std::vector<Id> all;
  for (const Chunk& chunk : delta.chunks) {
    std::vector<Id> ids(chunk.size);
    if (only_find) table.find(chunk, arena, ids.data());
    else table.find_or_add(chunk, arena, ids.data());
    all.insert(all.end(), ids.begin(), ids.end());
  }
  return all;
}

TEST(KeyTable, EqualKeysAreOneEntry) {
  const Kinds kinds = {KeyKind::kNumeric, KeyKind::kDouble, KeyKind::kInterval, KeyKind::kText, KeyKind::kBool};
  KeyTable table(kinds, 8);
  const auto ids = find_or_add(table,
                               {{{"1.0", "0", "1 mon", "a", "t"}, 1},
                                {{"1.00", "-0", "30 days", "a", "t"}, 1},
                                {{"1.0", "0", "1 mon", std::nullopt, "t"}, 1},
                                {{"1.000", "0", "30 days", std::nullopt, "t"}, 1},
                                {{"1.0", "0", "1 mon", "", "t"}, 1},
                                {{"1.0", "0", "1 mon", "a", "f"}, 1},
                                {{"1.0", "nan", "1 mon", "a", "f"}, 1},
                                {{"1.0", "nan", "1 mon", "a", "f"}, 1}},
                               kinds);
  EXPECT_EQ(ids[0], ids[1]);
  EXPECT_EQ(ids[2], ids[3]);
  EXPECT_EQ(ids[6], ids[7]);
  EXPECT_EQ(table.size(), 5u);
  EXPECT_EQ(cell_of(table.rows().get(ids[1], 0), KeyKind::kNumeric), "1.0");  // the first seen
}

TEST(KeyTable, GrowsAndShrinks) {
  const Kinds kinds = {KeyKind::kInt, KeyKind::kText};
  KeyTable table(kinds, 8);
  Entries entries;
  for (int i = 0; i < 10000; ++i) entries.push_back({{std::to_string(i % 100), "a rather long text " + std::to_string(i)}, 1});
  const auto ids = find_or_add(table, entries, kinds);
  EXPECT_EQ(table.size(), 10000u);
  EXPECT_EQ(find_or_add(table, entries, kinds), ids);
  EXPECT_EQ(find_or_add(table, entries, kinds, true), ids);
  const std::size_t full = table.bytes();
  for (std::size_t i = 0; i < ids.size(); i += 2) table.erase(ids[i]);
  const auto found = find_or_add(table, entries, kinds, true);
  for (std::size_t i = 0; i < ids.size(); ++i) EXPECT_EQ(found[i], i % 2 == 0 ? KeyTable::kNone : ids[i]);
  for (std::size_t i = 1; i < ids.size(); i += 2) table.erase(ids[i]);
  EXPECT_EQ(table.size(), 0u);
  EXPECT_LT(table.bytes(), full / 100);
}

TEST(KeyTable, WithoutColumnsThereIsOneEntry) {
  KeyTable table({}, 8);
  const auto ids = find_or_add(table, {{{}, 1}, {{}, 1}}, {});
  EXPECT_EQ(ids[0], ids[1]);
  EXPECT_EQ(table.size(), 1u);
}

TEST(WeightTable, RevertRestoresAndAdvanceDropsWhatIsEmpty) {
  const Kinds kinds = {KeyKind::kInt};
  WeightTable<2> table(kinds);
  const auto put = [&](const Entries& entries, std::size_t side) {
    Arena arena;
    Delta delta;
    delta_of(entries, kinds, arena, delta);
    for (const Chunk& chunk : delta.chunks) table.add(chunk, side, arena);
  };
  put({{{"1"}, 2}, {{"2"}, 1}, {{"1"}, 1}}, 0);
  put({{{"1"}, 5}}, 1);
  ASSERT_EQ(table.touched().size(), 2u);
  EXPECT_EQ(table.weights(table.touched()[0].id), (std::array<std::int64_t, 2>{3, 5}));
  table.advance();
  put({{{"1"}, -3}, {{"3"}, 1}}, 0);
  table.revert();
  EXPECT_EQ(table.keys().size(), 2u);
  put({{{"1"}, -3}, {{"3"}, 1}, {{"3"}, -1}}, 0);
  put({{{"1"}, -5}}, 1);
  table.advance();
  EXPECT_EQ(table.keys().size(), 1u);
  EXPECT_TRUE(table.touched().empty());
}

}  // namespace
}  // namespace weir::test
