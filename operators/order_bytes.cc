#include "operators/order_bytes.h"

#include <bit>
#include <cmath>

#include "zset/array.h"
#include "zset/json.h"
#include "zset/numeric_parts.h"

namespace weir {

namespace {

// The highest bits first, the sign so that negative numbers come before.
template <class Unsigned>
void append_bits(std::string& out, Unsigned bits) {
  for (int shift = static_cast<int>(sizeof bits) * 8 - 8; shift >= 0; shift -= 8) out += static_cast<char>(static_cast<unsigned char>(bits >> shift));
}
void append_integer(std::string& out, std::int64_t value) { append_bits(out, static_cast<std::uint64_t>(value) ^ std::uint64_t{1} << 63); }

void append_double(std::string& out, double value) {
  if (value == 0) value = 0;  // -0 is 0
  auto bits = std::bit_cast<std::uint64_t>(value);
  bits = std::isnan(value) ? ~std::uint64_t{0} : bits >> 63 != 0 ? ~bits : bits | std::uint64_t{1} << 63;
  append_bits(out, bits);
}

void append_interval(std::string& out, const Interval& value) {
  constexpr std::int64_t kDayMicros = 86'400'000'000;
  const __int128 span = (static_cast<__int128>(value.months) * 30 + value.days) * kDayMicros + value.micros;
  append_bits(out, static_cast<unsigned __int128>(span) ^ static_cast<unsigned __int128>(1) << 127);
}

// What kind of number; then for one that is not zero the place of its first digit, and its digits without zeros at the end.
void append_numeric(std::string& out, const Bytes& value) {
  enum : char { kMinusInfinity, kNegative, kZero, kPositive, kInfinity, kNaN };
  const Numeric number = Numeric::decode(value);
  switch (number.kind) {
    case Numeric::Class::kNaN: out += char{kNaN}; return;
    case Numeric::Class::kInfinity: out += char{kInfinity}; return;
    case Numeric::Class::kMinusInfinity: out += char{kMinusInfinity}; return;
    case Numeric::Class::kFinite: break;
  }
  const int sign = number.sign();
  out += sign < 0 ? char{kNegative} : sign == 0 ? char{kZero} : char{kPositive};
  if (sign == 0) return;
  const std::size_t start = out.size();
  std::string digits = limbs_to_decimal(magnitude(number));
  append_bits(out, static_cast<std::uint32_t>(static_cast<std::int32_t>(digits.size()) - number.scale) ^ 1u << 31);
  digits.erase(digits.find_last_not_of('0') + 1);
  out += digits;
  out += '\0';
  if (sign < 0) {
    for (std::size_t i = start; i < out.size(); ++i) out[i] = static_cast<char>(~out[i]);
  }
}

// A byte 0 becomes 0 1, so that 0 0 ends it.
void append_text(std::string& out, std::string_view text) {
  for (const char c : text) {
    out += c;
    if (c == '\0') out += '\1';
  }
  out.append(2, '\0');
}

// Before each element a byte 1; a byte 0 ends it.
void append_array(std::string& out, const ArrayView& array) {
  for (std::uint32_t i = 0; i < array.size(); ++i) {
    out += '\1';
    append_order_bytes(out, array[i], array.kind(), false, false);
  }
  out += '\0';
}

}  // namespace

void append_order_bytes(std::string& out, const Datum& value, KeyKind kind, bool descending, bool nulls_first) {
  out += value.null == nulls_first ? '\0' : '\1';
  if (value.null) return;
  const std::size_t start = out.size();
  switch (kind) {
    case KeyKind::kBool: out += value.boolean ? '\1' : '\0'; break;
    case KeyKind::kInt: append_integer(out, value.integer); break;
    case KeyKind::kDouble: append_double(out, value.number); break;
    case KeyKind::kText: append_text(out, value.bytes.view()); break;
    case KeyKind::kPadded: append_text(out, without_padding(value.bytes.view())); break;
    case KeyKind::kNumeric: append_numeric(out, value.bytes); break;
    case KeyKind::kInterval: append_interval(out, value.interval); break;
    case KeyKind::kJson: append_jsonb_order(out, value.bytes.view()); break;
    case KeyKind::kArray: append_array(out, ArrayView(value.bytes.view())); break;
  }
  if (!descending) return;
  for (std::size_t i = start; i < out.size(); ++i) out[i] = static_cast<char>(~out[i]);
}

}  // namespace weir
