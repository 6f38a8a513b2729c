// Would catch: rows that do not come back from their code as they went in, weights and NULLs included; codes one behind the other that are not the sum; bytes that are no code and are read
// all the same; a log that a rollback leaves changed.
#include "storage/change_logs.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <random>

#include "storage/change_code.h"
#include "tests/zset/rows.h"

namespace weir {
namespace {

constexpr KeyKind kTypes[] = {KeyKind::kBool, KeyKind::kInt, KeyKind::kDouble, KeyKind::kText, KeyKind::kInterval};

Datum some(Kind kind, std::mt19937_64& random, Arena& arena) {
  if (random() % 5 == 0) return Datum::of_null(kind);
  const std::uint64_t r = random() % 3 == 0 ? random() : random() % 4;
  Datum out = Datum::of_null(kind);
  switch (kind) {
    case Kind::kBool:
      return Datum::of(r % 2 != 0);
    case Kind::kInt:
      return Datum::of(static_cast<std::int64_t>(r));
    case Kind::kDouble:
      return Datum::of(r % 4 == 0 ? -0.0 : r % 4 == 1 ? std::nan("") : static_cast<double>(r) / 8);
    case Kind::kBytes:
      return Datum::of(Bytes::copy(std::string(r % 40, 'a') + std::to_string(r), arena));
    case Kind::kInterval:
      return Datum::of(Interval{static_cast<std::int64_t>(r), -static_cast<std::int32_t>(r >> 40), static_cast<std::int32_t>(r)});
  }
  return out;
}

// Rows of these columns; only every other row of some chunks is selected.
void fill(const std::vector<Kind>& kinds, std::size_t rows, std::mt19937_64& random, Arena& arena, Delta& out) {
  ChunkBuilder builder(kinds, arena, out);
  for (std::size_t i = 0; i < rows; ++i) {
    std::vector<Datum> row;
    for (const Kind kind : kinds) row.push_back(some(kind, random, arena));
    builder.append(row, static_cast<std::int64_t>(random() % 5) - 2 ? static_cast<std::int64_t>(random() % 7) - 9 : INT64_MIN);
  }
  builder.finish();
  for (Chunk& chunk : out.chunks) {
    if (random() % 2 || chunk.size < 2) continue;
    auto* selection = arena.array<std::uint32_t>(chunk.size);
    chunk.selected = 0;
    for (std::uint32_t k = 0; k < chunk.size; k += 2) selection[chunk.selected++] = k;
    chunk.selection = selection;
  }
}

std::vector<std::vector<Datum>> rows_of(const Delta& delta) {
  std::vector<std::vector<Datum>> out;
  for (const Chunk& chunk : delta.chunks) {
    chunk.each([&](std::uint32_t i) {
      std::vector<Datum> row = {Datum::of(chunk.weights[i])};
      for (const Column& column : chunk.cols()) row.push_back(column.get(i));
      out.push_back(std::move(row));
    });
  }
  return out;
}

void expect_same(const Delta& a, const Delta& b) {
  const auto x = rows_of(a), y = rows_of(b);
  RC_ASSERT(x.size() == y.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    for (std::size_t c = 0; c < x[i].size(); ++c) RC_ASSERT(identical(x[i][c], y[i][c]));
  }
}

TEST(ChangeCode, GivesBackWhatItWasMadeOf) {
  rc::check([](std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::vector<Kind> kinds;
    for (std::size_t c = random() % 6; c > 0; --c) kinds.push_back(test::kind_of_key(kTypes[random() % std::size(kTypes)]));
    Arena arena;
    Delta first, second, back, whole;
    fill(kinds, random() % 9 == 0 ? 5000 : random() % 20, random, arena, first);
    fill(kinds, random() % 20, random, arena, second);
    std::string code;
    encode(first, code);
    decode(code, kinds, arena, back);
    expect_same(first, back);
    encode(second, code);
    decode(code, kinds, arena, whole);
    for (const Chunk& chunk : second.chunks) first.add(chunk);
    expect_same(first, whole);
  });
}

TEST(ChangeCode, OtherBytesAreRefusedOrRowsOfTheseColumns) {
  rc::check([](std::uint64_t seed) {
    std::mt19937_64 random(seed);
    const std::vector<Kind> kinds = {Kind::kInt, Kind::kBytes, Kind::kDouble, Kind::kBool, Kind::kInterval};
    Arena arena;
    Delta delta, back;
    fill(kinds, 1 + random() % 30, random, arena, delta);
    std::string code;
    encode(delta, code);
    if (random() % 2)
      code.resize(random() % code.size());
    else
      for (int n = 0; n < 3; ++n) code[random() % code.size()] = static_cast<char>(random());
    try {
      decode(code, kinds, arena, back);
      RC_ASSERT(back.rows() < 1'000'000);
    } catch (const Failure& failure) {
      RC_ASSERT(failure.error().code == ErrorCode::kCorrupt);
    }
  });
}

TEST(ChangeCode, AnUpdateTakesFewBytes) {
  Arena arena;
  Delta delta;
  const std::vector<Kind> kinds = {Kind::kInt, Kind::kBytes, Kind::kDouble};
  ChunkBuilder builder(kinds, arena, delta);
  const Bytes text = Bytes::copy("a name that both rows have, and that is rather long", arena);
  builder.append(std::vector<Datum>{Datum::of(std::int64_t{1'000'000'000'000}), Datum::of(text), Datum::of(1.5)}, -1);
  builder.append(std::vector<Datum>{Datum::of(std::int64_t{1'000'000'000'000}), Datum::of(text), Datum::of(2.5)}, 1);
  builder.finish();
  std::string code;
  encode(delta, code);
  EXPECT_LT(code.size(), 90u) << "the rows are 150 bytes";
}

TEST(ChangeLogs, AreAsTheTransactionLeavesThem) {
  const std::string file = (std::filesystem::temp_directory_path() / ("weir-logs-" + std::to_string(::getpid()))).string();
  const auto remove = [&] {
    for (const char* ending : {"", "-wal", "-shm"}) std::filesystem::remove(file + ending);
  };
  remove();
  {
    const auto storage = Storage::open(file, {});
    StoredRelation t;
    t.name = "t";
    t.schema = {{"k", Type{TypeId::kBigint, 0, 0}, true}};
    Arena arena;
    Delta one;
    const std::vector<Kind> kinds = {Kind::kInt};
    ChunkBuilder builder(kinds, arena, one);
    builder.append(std::vector<Datum>{Datum::of(std::int64_t{1})}, 1);
    builder.finish();
    const auto transaction = [&](bool commits, const auto& f) {
      storage->begin();
      f();
      if (commits)
        storage->commit();
      else
        storage->rollback();
    };
    const auto sequences = [&](const StoredRelation& of, std::uint64_t after) {
      std::vector<std::uint64_t> out;
      storage->read_log(of, after, [&](std::uint64_t sequence, const std::unique_ptr<StoredRows>& rows) {
        for (const Chunk& chunk : rows->rows.chunks) EXPECT_EQ(chunk.weights[0], sequence == 3 ? 2 : 1);
        out.push_back(sequence);
      });
      return out;
    };
    transaction(false, [&] { storage->set_log({"t", 4, 1}); });
    EXPECT_TRUE(storage->logs().empty());
    transaction(true, [&] {
      storage->create(t);
      storage->set_log({"t", 4, 1});
    });
    for (std::uint64_t s = 2; s <= 5; ++s) {
      transaction(true, [&] {
        storage->log("t", s, one);
        if (s == 3) storage->log("t", s, one);  // twice in one transaction: the sum
      });
    }
    EXPECT_EQ(sequences(t, 1), (std::vector<std::uint64_t>{2, 3, 4, 5}));
    transaction(false, [&] {
      for (std::uint64_t s = 6; s <= 9; ++s) storage->log("t", s, one);
    });
    EXPECT_EQ(sequences(t, 1), (std::vector<std::uint64_t>{2, 3, 4, 5}));
    EXPECT_EQ(storage->logs().at(0).base, 1u);
    transaction(true, [&] {
      for (std::uint64_t s = 6; s <= 9; ++s) storage->log("t", s, one);
    });
    EXPECT_EQ(storage->logs().at(0).base, 5u);
    EXPECT_EQ(sequences(t, 5), (std::vector<std::uint64_t>{6, 7, 8, 9}));
    transaction(true, [&] { storage->set_log({"t", 0, 0}); });  // from now on all
    for (std::uint64_t s = 10; s <= 30; ++s) transaction(true, [&] { storage->log("t", s, one); });
    EXPECT_EQ(sequences(t, 5).size(), 25u);
    transaction(true, [&] { storage->rename_log("t", "u"); });
    transaction(true, [&] {
      storage->drop("t");
      t.name = "u";
      storage->create(t);
    });
    EXPECT_EQ(sequences(t, 28), (std::vector<std::uint64_t>{29, 30}));
  }
  {
    const auto storage = Storage::open(file, {});
    ASSERT_EQ(storage->logs().size(), 1u);
    EXPECT_EQ(storage->logs()[0].relation, "u");
    EXPECT_EQ(storage->logs()[0].base, 5u);
    storage->begin();
    storage->drop_log("u");
    storage->commit();
    EXPECT_TRUE(storage->logs().empty());
  }
  remove();
}

}  // namespace
}  // namespace weir
