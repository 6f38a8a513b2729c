// Catches: equal keys that hash apart, identity and key equality mixed up, hashes that depend on selections or bitmaps, hashes without spread.
#include "zset/hash.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "tests/zset/rows.h"
#include "zset/numeric.h"

namespace weir {
namespace {

const std::vector<KeyKind> kKeys = {KeyKind::kBool, KeyKind::kInt, KeyKind::kDouble, KeyKind::kText, KeyKind::kInterval};

RC_GTEST_PROP(Hash, OfChunksAgreesWithOfValues, (bool selections)) {
  std::vector<std::pair<test::Cells, std::int64_t>> rows(*rc::gen::inRange(1, 60));
  for (auto& [cells, weight] : rows) {
    for (const KeyKind k : kKeys) cells.push_back(test::some_cell(k, true, 12));
    weight = 1;
  }
  Arena arena;
  const Delta delta = test::delta_of(rows, test::kinds_of(kKeys), arena, 100, selections);
  std::vector<std::uint16_t> columns;
  std::vector<KeyKind> kinds;
  const int n = *rc::gen::inRange(1, 6);
  for (int c = 0; c < n; ++c) {
    columns.push_back(static_cast<std::uint16_t>(*rc::gen::inRange(0, 5)));
    kinds.push_back(kKeys[columns.back()]);
  }
  const Chunk& chunk = delta.chunks.at(0);
  std::vector<std::uint64_t> keys(kChunkRows), whole(kChunkRows);
  hash_keys(chunk, columns, kinds, keys.data());
  hash_rows(chunk, {}, whole.data());
  const auto folded = [&](std::uint32_t i) {
    std::uint64_t h = 0;
    for (std::size_t c = 0; c < columns.size(); ++c) {
      const std::uint64_t v = key_hash(chunk.columns[columns[c]].get(i), kinds[c]);
      h = c == 0 ? v : hash_combine(h, v);
    }
    return h;
  };
  for (std::uint32_t k = 0; k < chunk.selected; ++k) {
    RC_ASSERT(keys[k] == folded(chunk.position(k)));
    for (std::uint32_t j = 0; j < k; ++j) {
      const bool same = test::row_at(chunk, chunk.position(j)) == test::row_at(chunk, chunk.position(k));
      RC_ASSERT(same == (whole[j] == whole[k]));
    }
  }
}

TEST(Hash, KeysThatSqlCallsEqual) {
  const auto same = [](const Datum& a, const Datum& b, KeyKind k) { return key_equal(a, b, k) && key_hash(a, k) == key_hash(b, k); };
  EXPECT_TRUE(same(Datum::of(0.0), Datum::of(-0.0), KeyKind::kDouble));
  EXPECT_FALSE(identical(Datum::of(0.0), Datum::of(-0.0)));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(same(Datum::of(nan), Datum::of(-nan), KeyKind::kDouble));
  EXPECT_EQ(key_compare(Datum::of(nan), Datum::of(std::numeric_limits<double>::infinity()), KeyKind::kDouble), 1);
  EXPECT_TRUE(same(Datum::of(Interval{0, 30, 0}), Datum::of(Interval{0, 0, 1}), KeyKind::kInterval));
  EXPECT_FALSE(identical(Datum::of(Interval{0, 30, 0}), Datum::of(Interval{0, 0, 1})));
  Arena arena;
  const Datum one = Datum::of(Numeric::parse("1.0").encode(arena)), also = Datum::of(Numeric::parse("1.000").encode(arena));
  EXPECT_TRUE(same(one, also, KeyKind::kNumeric));
  EXPECT_FALSE(identical(one, also));
  EXPECT_TRUE(same(Datum::of_null(Kind::kInt), Datum::of_null(Kind::kInt), KeyKind::kInt));
  EXPECT_FALSE(key_equal(Datum::of_null(Kind::kInt), Datum::of(std::int64_t{0}), KeyKind::kInt));
}

TEST(Hash, TextByBytes) {
  const auto text = [](const char* s) { return Datum::of(Bytes(std::string_view(s))); };
  EXPECT_EQ(key_compare(text("a"), text("ab"), KeyKind::kText), -1);
  EXPECT_EQ(key_compare(text("\xc3\xa4"), text("z"), KeyKind::kText), 1);
  EXPECT_EQ(key_compare(text("same, and more than twelve"), text("same, and more than twelve"), KeyKind::kText), 0);
}

TEST(Hash, TextsOfEveryLengthDiffer) {
  std::set<std::uint64_t> seen;
  std::string s;
  for (int n = 0; n < 200; ++n) {
    EXPECT_TRUE(seen.insert(hash_bytes(s)).second) << n;
    for (std::size_t i = 0; i < s.size(); ++i) {  // every byte counts
      std::string other = s;
      other[i] ^= 1;
      EXPECT_NE(hash_bytes(other), hash_bytes(s)) << n << ' ' << i;
    }
    s += static_cast<char>('a' + n % 26);
  }
}

TEST(Hash, UpperBitsSpread) {
  for (const std::uint64_t step : {1ull, 2ull, 7ull, 1024ull, 1ull << 20, 1ull << 32, 1ull << 40}) {
    std::vector<int> buckets(4096);
    for (std::uint64_t n = 0; n < 4096 * 4; ++n) ++buckets[hash_int(n * step) >> 52];
    EXPECT_LT(*std::max_element(buckets.begin(), buckets.end()), 32) << step;
  }
}

}  // namespace
}  // namespace weir
