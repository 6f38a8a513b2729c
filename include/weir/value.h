#pragma once
// One SQL value at the door: what a program passes in and reads out.
//
// A text passed for a column of another type is read as PostgreSQL reads a quoted literal: "19.90" fills a NUMERIC, "2001-01-01" a DATE.
// Threads  plain values.

#include <weir/type.h>

#include <cstdint>
#include <string>
#include <iosfwd>
#include <string_view>
#include <type_traits>

namespace weir {

class Value {
 public:
  Value() = default;  // NULL
  Value(std::nullptr_t) {}
  Value(bool b) : type_(TypeId::kBoolean), integer_(b) {}
  template <class I>
    requires(std::is_integral_v<I> && !std::is_same_v<I, bool>)
  Value(I i) : type_(TypeId::kBigint), integer_(static_cast<std::int64_t>(i)) {}
  Value(double d) : type_(TypeId::kDouble), double_(d) {}
  Value(const char* text) : type_(TypeId::kText), text_(text) {}
  Value(std::string_view text) : type_(TypeId::kText), text_(text) {}
  Value(std::string text) : type_(TypeId::kText), text_(std::move(text)) {}

  // A value that weir read: `text` is PostgreSQL's text form (NUMERIC, DATE, TIMESTAMP, TIMESTAMPTZ, TIME, INTERVAL, UUID, BYTEA, JSON, JSONB, arrays, texts), `integer` the
  // raw one (DATE: days, TIMESTAMP: microseconds, both since 2000-01-01, TIMESTAMPTZ in UTC; TIME: microseconds since midnight).
  static Value typed(TypeId type, std::int64_t integer, double number, std::string text);

  TypeId type() const { return type_; }  // kUnknown for NULL
  bool is_null() const { return type_ == TypeId::kUnknown; }
  bool boolean() const { return integer_ != 0; }
  std::int64_t integer() const { return integer_; }  // integers and the raw forms of dates and times
  double number() const;                             // any numeric type, as double
  std::string to_string() const;                     // PostgreSQL's text form; "" for NULL

  friend bool operator==(const Value&, const Value&);

 private:
  TypeId type_ = TypeId::kUnknown;
  std::int64_t integer_ = 0;
  double double_ = 0;
  std::string text_;
};

std::ostream& operator<<(std::ostream&, const Value&);

}  // namespace weir
