// Catches: rows lost, doubled or with wrong weights after any history; chains that miss rows of a key or hold others'; keys compared bit by bit where SQL
// calls them equal; strings freed too early or never; memory that stays after deletes; weights that wrap.
#include "zset/arrangement.h"

#include <weir/error.h>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <limits>
#include <map>

#include "tests/zset/rows.h"
#include "zset/numeric.h"

namespace weir {
namespace {

using test::Cells;
using test::Model;
using Rows = std::vector<std::pair<Cells, std::int64_t>>;

struct Index {
  std::uint32_t id;
  std::vector<std::uint16_t> columns;
};

Cells stored(const Arrangement& a, Arrangement::Row row) {
  Cells cells;
  for (std::uint16_t c = 0; c < a.kinds().size(); ++c) cells.push_back(test::spell(a.get(row, c)));
  return cells;
}

bool same_key(const Cells& a, const std::vector<std::uint16_t>& a_columns, const Cells& b, const Index& index, const std::vector<KeyKind>& types,
              bool null_matches) {
  for (std::size_t k = 0; k < index.columns.size(); ++k) {
    const KeyKind type = types[index.columns[k]];
    const Datum x = test::datum(a[a_columns[k]], test::kind_of_key(type)), y = test::datum(b[index.columns[k]], test::kind_of_key(type));
    if ((x.null || y.null) && !null_matches) return false;
    if (!key_equal(x, y, type)) return false;
  }
  return true;
}

// Everything that can be asked of the arrangement, against the model.
void compare(const Arrangement& a, const Model& model, const std::vector<Index>& indexes, const std::vector<KeyKind>& types, const Rows& probes) {
  const std::vector<Kind> kinds = test::kinds_of(types);
  RC_ASSERT(a.rows() == model.size());
  std::int64_t total = 0;
  for (const auto& [row, weight] : model) total += weight;
  RC_ASSERT(a.total_weight() == total);
  Arena arena;
  Delta scanned;
  a.scan(arena, scanned);
  Model all;
  test::add_to(all, scanned);
  RC_ASSERT(all == model);
  RC_ASSERT(scanned.rows() == model.size());

  const Delta asked = test::delta_of(probes, kinds, arena, *rc::gen::element(1u, 4u, 500u), *rc::gen::arbitrary<bool>());
  std::vector<Arrangement::Row> found(kChunkRows);
  for (const Chunk& chunk : asked.chunks) {
    a.find(chunk, found.data());
    for (std::uint32_t k = 0; k < chunk.selected; ++k) {
      const Cells row = test::row_at(chunk, chunk.position(k));
      const auto at = model.find(row);
      RC_ASSERT((found[k] != Arrangement::kNone) == (at != model.end()));
      if (at == model.end()) continue;
      RC_ASSERT(stored(a, found[k]) == row);
      RC_ASSERT(a.weight(found[k]) == at->second);
    }
    for (const Index& index : indexes) {
      const bool null_matches = *rc::gen::arbitrary<bool>();
      a.probe(index.id, chunk, index.columns, null_matches, found.data());
      for (std::uint32_t k = 0; k < chunk.selected; ++k) {
        const Cells row = test::row_at(chunk, chunk.position(k));
        std::vector<Datum> key;
        for (const std::uint16_t c : index.columns) key.push_back(test::datum(row[c], kinds[c]));
        RC_ASSERT(a.probe_one(index.id, key, null_matches) == found[k]);
        Model want, got;
        for (const auto& [other, weight] : model) {
          if (same_key(row, index.columns, other, index, types, null_matches)) want[other] = weight;
        }
        std::size_t steps = 0;
        for (Arrangement::Row r = found[k]; r != Arrangement::kNone; r = a.next(index.id, r)) {
          RC_ASSERT(++steps <= model.size());
          got[stored(a, r)] = a.weight(r);
        }
        RC_ASSERT(steps == got.size());
        RC_ASSERT(got == want);
      }
    }
  }
}

void random_history(bool unique) {
  static const std::vector<KeyKind> kSome = {KeyKind::kInt, KeyKind::kInt, KeyKind::kText, KeyKind::kDouble, KeyKind::kBool, KeyKind::kInterval};
  std::vector<KeyKind> types;
  const int width = *rc::gen::inRange(unique ? 1 : 0, 5);
  for (int c = 0; c < width; ++c) types.push_back(*rc::gen::elementOf(kSome));
  std::vector<std::uint16_t> identity;
  for (std::uint16_t c = 0; c < types.size(); ++c) {
    if (identity.size() < 2 && *rc::gen::arbitrary<bool>()) identity.push_back(c);
  }
  if (unique && identity.empty()) identity.push_back(0);
  const bool nulls = *rc::gen::arbitrary<bool>();
  const int domain = *rc::gen::element(3, 8, 40);
  Arrangement a(types, identity, unique);
  Model model;
  std::map<Cells, Cells> by_identity;  // where unique: the row of each identity
  std::vector<Index> indexes;
  const auto identity_of = [&](const Cells& row) {
    Cells key;
    for (const std::uint16_t c : identity) key.push_back(row[c]);
    return key;
  };
  const int steps = *rc::gen::inRange(1, 12);
  for (int step = 0; step < steps; ++step) {
    const int what = *rc::gen::inRange(0, 10);
    if (what < 2) {
      std::vector<std::uint16_t> columns;
      for (std::uint16_t c = 0; c < types.size(); ++c) {
        if (*rc::gen::inRange(0, 3) == 0) columns.push_back(c);
      }
      if (what == 0) columns = identity;
      if (*rc::gen::arbitrary<bool>()) std::reverse(columns.begin(), columns.end());
      indexes.push_back({a.add_index(columns), columns});
    } else if (what == 2 && !indexes.empty()) {
      const std::size_t n = *rc::gen::inRange<std::size_t>(0, indexes.size());
      a.drop_index(indexes[n].id);
      indexes.erase(indexes.begin() + static_cast<std::ptrdiff_t>(n));
    }
    Rows rows;
    if (what == 9) {  // everything goes
      for (const auto& [row, weight] : model) rows.emplace_back(row, -weight);
      by_identity.clear();
    } else {
      const int count = *rc::gen::inRange(0, *rc::gen::element(2, 10, 120));
      for (int n = 0; n < count; ++n) {
        Cells row;
        for (const KeyKind k : types) row.push_back(test::some_cell(k, nulls && step > 2, domain));
        if (!unique) {
          rows.emplace_back(row, *rc::gen::inRange(-2, 3));
          continue;
        }
        const Cells key = identity_of(row);
        const auto old = by_identity.find(key);
        if (old != by_identity.end()) rows.emplace_back(old->second, -1);
        if (old != by_identity.end() && *rc::gen::arbitrary<bool>()) {
          by_identity.erase(old);
        } else {
          rows.emplace_back(row, 1);
          by_identity[key] = row;
        }
      }
    }
    if (unique && *rc::gen::arbitrary<bool>()) std::reverse(rows.begin(), rows.end());  // weights are negative in between
    Arena arena;
    const Delta delta = test::delta_of(rows, test::kinds_of(types), arena, *rc::gen::element(1u, 7u, 500u), *rc::gen::arbitrary<bool>());
    test::add_to(model, delta);
    a.check(delta);
    a.apply(delta);
    a.collect();
    Rows probes;
    for (const auto& [row, weight] : model) {
      if (probes.size() < 30) probes.emplace_back(row, 1);
    }
    for (int n = 0; n < 10; ++n) {
      Cells row;
      for (const KeyKind k : types) row.push_back(test::some_cell(k, nulls, domain));
      probes.emplace_back(row, 1);
    }
    compare(a, model, indexes, types, probes);
  }
}

RC_GTEST_PROP(Arrangement, AgreesWithAMap, ()) { random_history(false); }
RC_GTEST_PROP(Arrangement, AgreesWithAMapWhereUnique, ()) { random_history(true); }

Delta ints(const std::vector<std::vector<std::int64_t>>& rows, std::int64_t weight, Arena& arena) {
  Delta out;
  const std::vector<Kind> kinds(rows.empty() ? 0 : rows[0].size(), Kind::kInt);
  ChunkBuilder builder(kinds, arena, out);
  for (const auto& row : rows) {
    std::vector<Datum> values;
    for (const std::int64_t v : row) values.push_back(Datum::of(v));
    builder.append(values, weight);
  }
  builder.finish();
  return out;
}

TEST(Arrangement, ManyRowsComeAndGoAndSoDoesTheirMemory) {
  Arrangement a({KeyKind::kInt, KeyKind::kInt}, {0}, true);
  const std::uint16_t second[] = {1};
  const std::uint32_t index = a.add_index(second);
  const std::size_t empty = a.bytes();
  for (int round = 0; round < 3; ++round) {
    Arena arena;
    std::vector<std::vector<std::int64_t>> rows;
    for (std::int64_t n = 0; n < 100'000; ++n) rows.push_back({n, n % 100});
    a.apply(ints(rows, 1, arena));
    a.collect();
    EXPECT_EQ(a.rows(), 100'000u);
    const std::size_t full = a.bytes();
    rows.erase(rows.begin() + 500, rows.begin() + 1000);  // 500 rows stay, in the middle of others
    a.apply(ints(rows, -1, arena));
    a.collect();
    EXPECT_EQ(a.rows(), 500u);
    EXPECT_LT(a.bytes(), full / 10);
    std::size_t count = 0;
    const Datum key[] = {Datum::of(std::int64_t{3})};
    for (Arrangement::Row r = a.probe_one(index, key, false); r != Arrangement::kNone; r = a.next(index, r)) {
      EXPECT_EQ(a.get(r, 0).integer % 100, 3);
      ++count;
    }
    EXPECT_EQ(count, 5u);
    Delta rest;
    a.scan(arena, rest);
    std::vector<std::vector<std::int64_t>> left;
    for (std::int64_t n = 500; n < 1000; ++n) left.push_back({n, n % 100});
    a.apply(ints(left, -1, arena));
    EXPECT_EQ(a.rows(), 0u);
    EXPECT_LT(a.bytes(), empty + 300'000);
  }
}

TEST(Arrangement, ALongChainIsCheapToChange) {
  Arrangement a({KeyKind::kInt, KeyKind::kInt}, {0}, true);
  const std::uint16_t second[] = {1};
  const std::uint32_t index = a.add_index(second);
  Arena arena;
  std::vector<std::vector<std::int64_t>> rows;
  for (std::int64_t n = 0; n < 200'000; ++n) rows.push_back({n, 1});
  a.apply(ints(rows, 1, arena));
  std::rotate(rows.begin(), rows.begin() + 77'777, rows.end());
  a.apply(ints(rows, -1, arena));  // quadratic work would not end
  EXPECT_EQ(a.rows(), 0u);
  const Datum key[] = {Datum::of(std::int64_t{1})};
  EXPECT_EQ(a.probe_one(index, key, false), Arrangement::kNone);
}

TEST(Arrangement, RemovedStringsStayUntilCollect) {
  Arrangement a({KeyKind::kText}, {}, false);
  const std::string text(10'000, 'x');
  Arena arena;
  Delta insert, seen, remove;
  const Kind kinds[] = {Kind::kBytes};
  ChunkBuilder in(kinds, arena, insert), out(kinds, arena, remove);
  const Datum v[] = {Datum::of(Bytes(text))};
  in.append(v, 1);
  in.finish();
  const std::size_t before = a.bytes();
  a.apply(insert);
  EXPECT_GE(a.bytes(), before + 10'000);
  a.scan(arena, seen);
  out.append(seen.chunks.at(0), 0, -1);
  out.finish();
  a.apply(remove);
  EXPECT_EQ(a.rows(), 0u);
  EXPECT_EQ(seen.chunks[0].columns[0].bytes()[0].view(), text);
  a.collect();
  EXPECT_LT(a.bytes(), before + 1000);
}

TEST(Arrangement, KeysAreEqualAsInSql) {
  Arena arena;
  Arrangement a({KeyKind::kNumeric, KeyKind::kDouble}, {}, false);
  Delta delta;
  const Kind kinds[] = {Kind::kBytes, Kind::kDouble};
  ChunkBuilder builder(kinds, arena, delta);
  const auto add = [&](const char* n, double d) {
    const Datum v[] = {Datum::of(Numeric::parse(n).encode(arena)), Datum::of(d)};
    builder.append(v, 1);
  };
  add("1.0", 0.0);
  add("1.00", -0.0);
  add("2", std::numeric_limits<double>::quiet_NaN());
  builder.finish();
  a.apply(delta);
  EXPECT_EQ(a.rows(), 3u);
  const std::uint16_t numeric[] = {0}, number[] = {1};
  const auto count = [&](std::uint32_t index, const Datum& key) {
    int n = 0;
    for (auto r = a.probe_one(index, {&key, 1}, false); r != Arrangement::kNone; r = a.next(index, r)) ++n;
    return n;
  };
  EXPECT_EQ(count(a.add_index(numeric), Datum::of(Numeric::parse("1").encode(arena))), 2);
  const std::uint32_t by_number = a.add_index(number);
  EXPECT_EQ(count(by_number, Datum::of(0.0)), 2);
  EXPECT_EQ(count(by_number, Datum::of(-std::numeric_limits<double>::quiet_NaN())), 1);
}

TEST(Arrangement, WeightsNeverWrap) {
  Arrangement a({KeyKind::kInt}, {}, false);
  Arena arena;
  a.apply(ints({{1}}, INT64_MAX - 5, arena));
  EXPECT_NO_THROW(a.check(ints({{1}}, 5, arena)));
  EXPECT_NO_THROW(a.check(ints({{2}}, 6, arena)));
  EXPECT_NO_THROW(a.check(ints({{1}, {1}}, -6, arena)));
  EXPECT_THROW(a.check(ints({{1}}, 6, arena)), Failure);
  EXPECT_THROW(a.check(ints({{1}, {1}}, 3, arena)), Failure);
}

TEST(Arrangement, TheIdentityOfAUniqueOneServesAsIndex) {
  Arrangement a({KeyKind::kInt, KeyKind::kInt}, {1, 0}, true);
  Arena arena;
  const std::uint16_t same[] = {1, 0}, other[] = {0, 1};
  const std::size_t before = a.bytes();
  const std::uint32_t index = a.add_index(same);
  EXPECT_EQ(a.bytes(), before);
  EXPECT_NE(a.add_index(other), index);
  EXPECT_GT(a.bytes(), before);
}

}  // namespace
}  // namespace weir
