#include <weir/value.h>

#include <ostream>

#include "zset/numeric.h"
#include "zset/text_form.h"
#include "zset/type_classes.h"

namespace weir {
Value Value::typed(TypeId type, std::int64_t integer, double number, std::string text) {
  Value value;
  value.type_ = type;
  value.integer_ = integer;
  value.double_ = number;
  value.text_ = std::move(text);
  return value;
}

double Value::number() const {
  if (is_floating(type_)) return double_;
  if (type_ == TypeId::kNumeric) return Numeric::parse(text_).to_double();
  return static_cast<double>(integer_);
}

std::string Value::to_string() const {
  switch (type_) {
    case TypeId::kUnknown: return {};
    case TypeId::kBoolean: return integer_ != 0 ? "t" : "f";
    case TypeId::kSmallint: case TypeId::kInteger: case TypeId::kBigint: return std::to_string(integer_);
    case TypeId::kReal: return format_real(static_cast<float>(double_));
    case TypeId::kDouble: return format_double(double_);
    default: return text_;
  }
}

bool operator==(const Value& a, const Value& b) {
  if (is_integer(a.type_) && is_integer(b.type_)) return a.integer_ == b.integer_;
  if (is_floating(a.type_) && is_floating(b.type_)) return a.double_ == b.double_ || (a.double_ != a.double_ && b.double_ != b.double_);
  if (is_text(a.type_) && is_text(b.type_)) return a.text_ == b.text_;
  return a.type_ == b.type_ && a.integer_ == b.integer_ && a.text_ == b.text_;
}

std::ostream& operator<<(std::ostream& out, const Value& value) { return out << (value.is_null() ? "NULL" : value.to_string()); }

}  // namespace weir
