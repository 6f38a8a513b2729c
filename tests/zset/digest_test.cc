// Catches: digests that depend on order, batching, bitmaps or what has been deleted again; different contents with equal digests.
#include "zset/digest.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/zset/rows.h"

namespace weir {
namespace {

const std::vector<KeyKind> kTypes = {KeyKind::kInt, KeyKind::kText, KeyKind::kDouble, KeyKind::kBool, KeyKind::kInterval};

std::vector<std::pair<test::Cells, std::int64_t>> some_rows() {
  std::vector<std::pair<test::Cells, std::int64_t>> rows(*rc::gen::inRange(0, 40));
  for (auto& [cells, weight] : rows) {
    for (const KeyKind k : kTypes) cells.push_back(test::some_cell(k, true, 8));
    weight = *rc::gen::inRange(-2, 3);
  }
  return rows;
}

RC_GTEST_PROP(Digest, IsEqualWhereContentsAre, (bool selections)) {
  const auto a = some_rows(), b = some_rows();
  Arena arena;
  const auto kinds = test::kinds_of(kTypes);
  using Rows = std::vector<std::pair<test::Cells, std::int64_t>>;
  const auto both = [&](const Rows& first, const Rows& second, std::uint32_t chunk_rows) {
    Digest d;
    d.add(test::delta_of(first, kinds, arena, chunk_rows, selections));
    d.add(test::delta_of(second, kinds, arena, chunk_rows, false));
    return d;
  };
  RC_ASSERT(both(a, b, 64) == both(b, a, 3));
  auto undo = a;
  for (auto& [cells, weight] : undo) weight = -weight;
  RC_ASSERT(both(a, undo, 7) == Digest());
  test::Model x, y;
  test::add_to(x, test::delta_of(a, kinds, arena, 64, false));
  test::add_to(y, test::delta_of(b, kinds, arena, 64, false));
  RC_ASSERT((x == y) == (both(a, {}, 64) == both(b, {}, 64)));
}

TEST(Digest, TellsValuesFromNullsAndColumnsApart) {
  Arena arena;
  const auto digest = [&](test::Cells cells) {
    std::vector<std::pair<test::Cells, std::int64_t>> rows = {{cells, 1}};
    Digest d;
    d.add(test::delta_of(rows, {Kind::kBytes, Kind::kBytes}, arena, 1, false));
    return d.to_string();
  };
  EXPECT_NE(digest({"", std::nullopt}), digest({std::nullopt, ""}));
  EXPECT_NE(digest({"ab", "c"}), digest({"a", "bc"}));
  EXPECT_NE(digest({"", ""}), digest({std::nullopt, std::nullopt}));
  EXPECT_EQ(digest({"x", "y"}).size(), 32u);
  EXPECT_EQ(Digest().to_string(), std::string(32, '0'));
}

}  // namespace
}  // namespace weir
