#pragma once
// How values look in memory: five physical kinds carry every SQL type.
//
// A value that is NULL has an all-zero slot; padding is zero: equal slots of a kind other than kBytes are equal bit by bit.
// Threads  plain values.

#include <weir/type.h>

#include <compare>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "zset/arena.h"

namespace weir {

enum class Kind : std::uint8_t {
  kBool,      // 1 byte, 0 or 1
  kInt,       // 8 bytes: SMALLINT, INTEGER, BIGINT; DATE (days since 2000-01-01); TIMESTAMP and TIMESTAMPTZ (microseconds since 2000-01-01, the latter
              // in UTC); TIME (microseconds since midnight)
  kDouble,    // 8 bytes: REAL (rounded to float after each operation) and DOUBLE PRECISION
  kBytes,     // 16 bytes: TEXT, VARCHAR, CHAR, BYTEA, UUID (16 bytes of it), JSON and JSONB (zset/json.h), NUMERIC in the encoding of
              // zset/numeric.h, arrays in that of zset/array.h
  kInterval,  // 16 bytes
};

// DATE and TIMESTAMP infinities are the ends of the int64 range for both.
inline constexpr std::int64_t kInfinity = INT64_MAX;
inline constexpr std::int64_t kMinusInfinity = INT64_MIN;

constexpr Kind kind_of(TypeId id) {
  switch (id) {
    case TypeId::kBoolean: return Kind::kBool;
    case TypeId::kSmallint: case TypeId::kInteger: case TypeId::kBigint: case TypeId::kDate: case TypeId::kTimestamp: case TypeId::kTimestamptz:
    case TypeId::kTime: return Kind::kInt;
    case TypeId::kReal: case TypeId::kDouble: return Kind::kDouble;
    case TypeId::kEnum: return Kind::kBytes;
    case TypeId::kInterval: return Kind::kInterval;
    case TypeId::kUnknown: case TypeId::kNumeric: case TypeId::kText: case TypeId::kVarchar: case TypeId::kBpchar: case TypeId::kUuid:
    case TypeId::kBytea: case TypeId::kJson: case TypeId::kJsonb: case TypeId::kArray: return Kind::kBytes;
  }
  return Kind::kBytes;
}

// Bytes of a value of this kind in a column (and, with kBool padded to 8, in a row at rest).
constexpr std::size_t slot_bytes(Kind kind) {
  return kind == Kind::kBool ? 1 : kind == Kind::kBytes || kind == Kind::kInterval ? 16 : 8;
}

// A string of bytes: up to 12 inline (zero padded), longer ones by pointer beside their first four bytes. Owns nothing:
// in flight the bytes lie in the step's arena or in an arrangement; at rest in the arrangement's heap.
struct Bytes {
  static constexpr std::uint32_t kInline = 12;

  std::uint32_t size = 0;
  char head[4] = {};
  union {
    char tail[8];
    const char* data;
  };

  Bytes() : tail{} {}
  // Refers to `s` where it is too long to be inline: `s` must outlive the value.
  explicit Bytes(std::string_view s) : size(static_cast<std::uint32_t>(s.size())), tail{} {
    if (size <= kInline) {
      if (size > 0) std::memcpy(head, s.data(), size);  // head and tail are adjacent
    } else {
      std::memcpy(head, s.data(), 4);
      data = s.data();
    }
  }
  // Copies what is too long to be inline into the arena.
  static Bytes copy(std::string_view s, Arena& arena) {
    if (s.size() <= kInline) return Bytes(s);
    char* p = arena.array<char>(s.size());
    std::memcpy(p, s.data(), s.size());
    return Bytes(std::string_view(p, s.size()));
  }

  bool is_inline() const { return size <= kInline; }
  std::string_view view() const { return {is_inline() ? head : data, size}; }
  friend bool operator==(const Bytes& a, const Bytes& b) {
    if (std::memcmp(&a, &b, 8) != 0) return false;  // size and first four bytes
    return a.is_inline() ? std::memcmp(a.tail, b.tail, 8) == 0 : std::memcmp(a.data, b.data, a.size) == 0;
  }
};
static_assert(sizeof(Bytes) == 16);

// PostgreSQL's interval: three fields that do not convert into each other.
struct Interval {
  std::int64_t micros = 0;
  std::int32_t days = 0;
  std::int32_t months = 0;
  friend bool operator==(const Interval&, const Interval&) = default;  // bit by bit; SQL equality is interval_compare
};
static_assert(sizeof(Interval) == 16);

// One value of any kind, for constants, single rows and everything that is not hot. Owns nothing.
struct Datum {
  Kind kind = Kind::kBytes;
  bool null = true;
  union {
    bool boolean;
    std::int64_t integer;
    double number;
    Bytes bytes;
    Interval interval;
  };

  Datum() : bytes() {}
  static Datum of_null(Kind k) { Datum d; d.kind = k; return d; }
  static Datum of(bool v) { Datum d; d.kind = Kind::kBool; d.null = false; d.boolean = v; return d; }
  static Datum of(std::int64_t v) { Datum d; d.kind = Kind::kInt; d.null = false; d.integer = v; return d; }
  static Datum of(double v) { Datum d; d.kind = Kind::kDouble; d.null = false; d.number = v; return d; }
  static Datum of(Bytes v) { Datum d; d.kind = Kind::kBytes; d.null = false; d.bytes = v; return d; }
  static Datum of(Interval v) { Datum d; d.kind = Kind::kInterval; d.null = false; d.interval = v; return d; }
};

// A Datum that owns its bytes.
class Constant {
 public:
  Constant() = default;  // NULL
  explicit Constant(const Datum& d) : datum_(d) {
    if (d.kind == Kind::kBytes && !d.null) text_ = std::string(d.bytes.view());
  }
  Datum get() const {
    if (datum_.kind != Kind::kBytes || datum_.null) return datum_;
    return Datum::of(Bytes(text_));
  }

 private:
  Datum datum_;
  std::string text_;
};

}  // namespace weir
