#pragma once
// SQL types, as PostgreSQL names them.
//
// Threads  plain values.

#include <cstdint>
#include <string>
#include <vector>

namespace weir {

enum class TypeId : std::uint8_t {
  kUnknown,  // a bare NULL or quoted literal whose type is still open
  kBoolean,
  kSmallint,
  kInteger,
  kBigint,
  kReal,
  kDouble,
  kNumeric,
  kText,
  kVarchar,
  kDate,
  kTimestamp,
  kInterval,
  kTimestamptz,  // a moment; written and read in UTC
  kTime,
  kBpchar,       // CHAR(n): blanks at the end do not count
  kUuid,
  kBytea,
  kJson,         // the text as it was given; no two are compared
  kJsonb,

  kEnum = 0x7F,  // one of the labels of a CREATE TYPE … AS ENUM
  kArray = 0x80,  // an array of T is kArray | T: array_of(), element_of()
};
inline constexpr TypeId kLastTypeId = TypeId::kJsonb;

constexpr bool is_array(TypeId id) { return static_cast<std::uint8_t>(id) >= static_cast<std::uint8_t>(TypeId::kArray); }
constexpr TypeId array_of(TypeId element) { return static_cast<TypeId>(static_cast<std::uint8_t>(element) | static_cast<std::uint8_t>(TypeId::kArray)); }
// The id itself where it is no array's.
constexpr TypeId element_of(TypeId array) { return static_cast<TypeId>(static_cast<std::uint8_t>(array) & ~static_cast<std::uint8_t>(TypeId::kArray)); }

struct Type {
  TypeId id = TypeId::kUnknown;
  std::int32_t precision = 0;  // NUMERIC: total digits, 0 = unconstrained. VARCHAR, CHAR: length in characters, 0 = unbounded.
                               // ENUM: the number of the type (zset/enum_type.h).
                               // TIMESTAMP, TIMESTAMPTZ, TIME: one more than the digits of a second, 0 = all six
  std::int32_t scale = 0;      // NUMERIC with a precision: digits after the point. Of an array: both are its elements'

  friend bool operator==(const Type&, const Type&) = default;
  std::string to_string() const;  // as PostgreSQL's format_type: "numeric(10,2)", "timestamp without time zone"
};

struct Field {
  std::string name;
  Type type;
  bool nullable = true;

  friend bool operator==(const Field&, const Field&) = default;
};

using Schema = std::vector<Field>;

}  // namespace weir
