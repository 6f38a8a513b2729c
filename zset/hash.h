#pragma once
// Hashing of values, rows and keys, a vector at a time.
//
// Two notions of "the same", kept apart:
//   identity   two rows are one element of a Z-set when their slots are equal bit by bit and their long Bytes byte by byte: 1.0 and 1.00 are two
//              NUMERICs, -0.0 and 0.0 two doubles, since a reader can tell them apart.
//   key        what SQL's = , GROUP BY and DISTINCT call equal (NULL and NULL are one group): 1.0 and 1.00 are one key. Only NUMERIC (flag), CHAR, doubles,
//              intervals, JSONB and arrays of these differ from identity.
// Threads    pure functions.

#include <cstdint>
#include <span>

#include "zset/chunk.h"

namespace weir {

// How a column takes part in a key. kBytes needs to know what it holds. kPadded is CHAR: blanks at the end do not count; kJson is JSONB.
enum class KeyKind : std::uint8_t { kBool, kInt, kDouble, kText, kNumeric, kInterval, kPadded, kArray, kJson };
KeyKind key_kind_of(TypeId id);

inline std::uint64_t hash_int(std::uint64_t key) {
  const std::uint64_t h = (key ^ (key >> 32)) * 0x9E3779B97F4A7C15ull;
  return h ^ (h >> 32);
}
inline std::uint64_t hash_combine(std::uint64_t h, std::uint64_t next) { return hash_int(h * 0xBF58476D1CE4E5B9ull + next); }
inline std::string_view without_padding(std::string_view s) { return s.substr(0, s.find_last_not_of(' ') + 1); }
std::uint64_t hash_bytes(std::string_view s);

// out[k] is the hash of row k (k counts rows, not positions) over the key columns named. Equal keys hash alike, and like datum_key_hash folded over the columns.
void hash_keys(const Chunk& chunk, std::span<const std::uint16_t> columns, std::span<const KeyKind> kinds, std::uint64_t* out);
// The same over identity; `columns` empty = all.
void hash_rows(const Chunk& chunk, std::span<const std::uint16_t> columns, std::uint64_t* out);

std::uint64_t key_hash(const Datum& value, KeyKind kind);
bool key_equal(const Datum& a, const Datum& b, KeyKind kind);      // NULL equals NULL
int key_compare(const Datum& a, const Datum& b, KeyKind kind);     // REQUIRES: neither is NULL. NaN is the largest; text by bytes (collation C)
bool identical(const Datum& a, const Datum& b);

}  // namespace weir
