#include "zset/hash.h"

#include <bit>
#include <cmath>
#include <limits>

#include "zset/array.h"
#include "zset/datetime.h"
#include "zset/json.h"
#include "zset/numeric.h"

namespace weir {
namespace {

constexpr std::uint64_t kNullHash = 0x8f1bbcdc1a2b3c5dull;

std::uint64_t load(const char* p) {
  std::uint64_t v;
  std::memcpy(&v, p, 8);
  return v;
}

// The folded 128-bit product.
std::uint64_t multiply(std::uint64_t a, std::uint64_t b) {
  const unsigned __int128 p = static_cast<unsigned __int128>(a) * b;
  return static_cast<std::uint64_t>(p) ^ static_cast<std::uint64_t>(p >> 64);
}

constexpr std::uint64_t kA = 0xa0761d6478bd642full, kB = 0xe7037ed1a0b428dbull, kC = 0x8ebc6af09c88c6e3ull;

std::uint64_t hash_of(const Bytes& b) {
  const char* slot = reinterpret_cast<const char*>(&b);
  if (b.is_inline()) return multiply(load(slot) ^ kA, load(slot + 8) ^ kB);
  const char* p = b.data;
  std::size_t n = b.size;
  std::uint64_t h = n * kC;
  for (; n > 16; n -= 16, p += 16) h = multiply(load(p) ^ kA, load(p + 8) ^ h);
  const char* end = p + n;  // the last 16 bytes may overlap what is taken in already; of 13 to 15 bytes the first and last 8 do
  return multiply(load(b.size < 16 ? p : end - 16) ^ kB, load(end - 8) ^ h);
}

std::uint64_t double_key(double d) {
  if (std::isnan(d)) return std::bit_cast<std::uint64_t>(std::numeric_limits<double>::quiet_NaN());
  return std::bit_cast<std::uint64_t>(d == 0 ? 0.0 : d);
}

std::uint64_t hash_of(const Interval& i) {
  return hash_combine(hash_int(static_cast<std::uint64_t>(i.micros)),
                      static_cast<std::uint64_t>(static_cast<std::uint32_t>(i.days)) << 32 | static_cast<std::uint32_t>(i.months));
}

// Takes one column into the hashes. value(i) is the hash of the value at position i.
template <class F>
void fold(const Chunk& chunk, const Column& column, bool first, std::uint64_t* out, F value) {
  const auto rows = [&](auto&& one) {
    if (chunk.selection) {
      for (std::uint32_t k = 0; k < chunk.selected; ++k) one(k, chunk.selection[k]);
    } else {
      for (std::uint32_t k = 0; k < chunk.selected; ++k) one(k, k);
    }
  };
  if (column.valid) {
    if (first) {
      rows([&](std::uint32_t k, std::uint32_t i) { out[k] = column.is_valid(i) ? value(i) : kNullHash; });
    } else {
      rows([&](std::uint32_t k, std::uint32_t i) { out[k] = hash_combine(out[k], column.is_valid(i) ? value(i) : kNullHash); });
    }
  } else if (first) {
    rows([&](std::uint32_t k, std::uint32_t i) { out[k] = value(i); });
  } else {
    rows([&](std::uint32_t k, std::uint32_t i) { out[k] = hash_combine(out[k], value(i)); });
  }
}

void fold_key(const Chunk& chunk, const Column& c, KeyKind kind, bool first, std::uint64_t* out) {
  switch (kind) {
    case KeyKind::kBool: return fold(chunk, c, first, out, [p = c.bools()](std::uint32_t i) { return hash_int(p[i]); });
    case KeyKind::kInt: return fold(chunk, c, first, out, [p = c.ints()](std::uint32_t i) { return hash_int(static_cast<std::uint64_t>(p[i])); });
    case KeyKind::kDouble: return fold(chunk, c, first, out, [p = c.doubles()](std::uint32_t i) { return hash_int(double_key(p[i])); });
    case KeyKind::kText: return fold(chunk, c, first, out, [p = c.bytes()](std::uint32_t i) { return hash_of(p[i]); });
    case KeyKind::kNumeric: return fold(chunk, c, first, out, [p = c.bytes()](std::uint32_t i) { return hash_int(numeric_hash(p[i])); });
    case KeyKind::kInterval: return fold(chunk, c, first, out, [p = c.intervals()](std::uint32_t i) { return hash_int(interval_hash(p[i])); });
    case KeyKind::kArray: return fold(chunk, c, first, out, [p = c.bytes()](std::uint32_t i) { return array_hash(p[i]); });
    case KeyKind::kJson: return fold(chunk, c, first, out, [p = c.bytes()](std::uint32_t i) { return jsonb_hash(p[i]); });
    case KeyKind::kPadded: return fold(chunk, c, first, out, [p = c.bytes()](std::uint32_t i) { return hash_bytes(without_padding(p[i].view())); });
  }
}

void fold_identity(const Chunk& chunk, const Column& c, bool first, std::uint64_t* out) {
  switch (c.kind) {
    case Kind::kBool: return fold(chunk, c, first, out, [p = c.bools()](std::uint32_t i) { return hash_int(p[i]); });
    case Kind::kInt:
    case Kind::kDouble: return fold(chunk, c, first, out, [p = c.as<const char>()](std::uint32_t i) { return hash_int(load(p + 8 * std::size_t{i})); });
    case Kind::kBytes: return fold(chunk, c, first, out, [p = c.bytes()](std::uint32_t i) { return hash_of(p[i]); });
    case Kind::kInterval: return fold(chunk, c, first, out, [p = c.intervals()](std::uint32_t i) { return hash_of(p[i]); });
  }
}

}  // namespace

KeyKind key_kind_of(TypeId id) {
  switch (kind_of(id)) {
    case Kind::kBool: return KeyKind::kBool;
    case Kind::kInt: return KeyKind::kInt;
    case Kind::kDouble: return KeyKind::kDouble;
    case Kind::kInterval: return KeyKind::kInterval;
    case Kind::kBytes:
      if (is_array(id)) return KeyKind::kArray;
      if (id == TypeId::kJsonb) return KeyKind::kJson;
      return id == TypeId::kNumeric ? KeyKind::kNumeric : id == TypeId::kBpchar ? KeyKind::kPadded : KeyKind::kText;
  }
  return KeyKind::kText;
}

std::uint64_t hash_bytes(std::string_view s) { return hash_of(Bytes(s)); }

void hash_keys(const Chunk& chunk, std::span<const std::uint16_t> columns, std::span<const KeyKind> kinds, std::uint64_t* out) {
  if (columns.empty()) std::memset(out, 0, chunk.selected * sizeof(std::uint64_t));
  for (std::size_t c = 0; c < columns.size(); ++c) fold_key(chunk, chunk.columns[columns[c]], kinds[c], c == 0, out);
}

void hash_rows(const Chunk& chunk, std::span<const std::uint16_t> columns, std::uint64_t* out) {
  const std::size_t n = columns.empty() ? chunk.width : columns.size();
  if (n == 0) std::memset(out, 0, chunk.selected * sizeof(std::uint64_t));
  for (std::size_t c = 0; c < n; ++c) fold_identity(chunk, chunk.columns[columns.empty() ? c : columns[c]], c == 0, out);
}

std::uint64_t key_hash(const Datum& value, KeyKind kind) {
  if (value.null) return kNullHash;
  switch (kind) {
    case KeyKind::kBool: return hash_int(value.boolean);
    case KeyKind::kInt: return hash_int(static_cast<std::uint64_t>(value.integer));
    case KeyKind::kDouble: return hash_int(double_key(value.number));
    case KeyKind::kText: return hash_of(value.bytes);
    case KeyKind::kNumeric: return hash_int(numeric_hash(value.bytes));
    case KeyKind::kInterval: return hash_int(interval_hash(value.interval));
    case KeyKind::kPadded: return hash_bytes(without_padding(value.bytes.view()));
    case KeyKind::kArray: return array_hash(value.bytes);
    case KeyKind::kJson: return jsonb_hash(value.bytes);
  }
  return 0;
}

bool key_equal(const Datum& a, const Datum& b, KeyKind kind) {
  if (a.null || b.null) return a.null == b.null;
  if (kind == KeyKind::kText) return a.bytes == b.bytes;
  return key_compare(a, b, kind) == 0;
}

int key_compare(const Datum& a, const Datum& b, KeyKind kind) {
  const auto three_way = [](auto x, auto y) { return x < y ? -1 : x > y ? 1 : 0; };
  switch (kind) {
    case KeyKind::kBool: return three_way(a.boolean, b.boolean);
    case KeyKind::kInt: return three_way(a.integer, b.integer);
    case KeyKind::kDouble: {
      const bool x = std::isnan(a.number), y = std::isnan(b.number);
      return x || y ? three_way(x, y) : three_way(a.number, b.number);
    }
    case KeyKind::kText: return three_way(a.bytes.view().compare(b.bytes.view()), 0);
    case KeyKind::kNumeric: return a.bytes == b.bytes ? 0 : numeric_compare(a.bytes, b.bytes);
    case KeyKind::kInterval: return interval_compare(a.interval, b.interval);
    case KeyKind::kPadded: return three_way(without_padding(a.bytes.view()).compare(without_padding(b.bytes.view())), 0);
    case KeyKind::kArray: return a.bytes == b.bytes ? 0 : array_compare(a.bytes, b.bytes);
    case KeyKind::kJson: return a.bytes == b.bytes ? 0 : jsonb_compare(a.bytes, b.bytes);
  }
  return 0;
}

bool identical(const Datum& a, const Datum& b) {
  if (a.null || b.null) return a.null == b.null;
  switch (a.kind) {
    case Kind::kBool: return a.boolean == b.boolean;
    case Kind::kInt: return a.integer == b.integer;
    case Kind::kDouble: return std::bit_cast<std::uint64_t>(a.number) == std::bit_cast<std::uint64_t>(b.number);
    case Kind::kBytes: return a.bytes == b.bytes;
    case Kind::kInterval: return a.interval == b.interval;
  }
  return false;
}

}  // namespace weir
