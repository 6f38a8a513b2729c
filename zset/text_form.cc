#include "zset/text_form.h"

#include <weir/error.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>

#include "zset/array.h"
#include "zset/ascii.h"
#include "zset/binary.h"
#include "zset/datetime.h"
#include "zset/enum_type.h"
#include "zset/hash.h"
#include "zset/json.h"
#include "zset/numeric.h"
#include "zset/type_classes.h"

namespace weir {
namespace {

std::string_view trimmed(std::string_view s) {
  while (!s.empty() && is_space(s.front())) s.remove_prefix(1);
  while (!s.empty() && is_space(s.back())) s.remove_suffix(1);
  return s;
}

[[noreturn]] void invalid_syntax(std::string_view text, const char* type) {
  throw Failure(ErrorCode::kInput, "invalid input syntax for type " + std::string(type) + ": \"" + std::string(text) + "\"");
}

// --- text --------------------------------------------------------------------------------------------------------------------------------------------

// Bytes of the well-formed character at `s`, 0 if there is none.
std::size_t utf8_character(std::string_view s) {
  const auto byte = [&](std::size_t i) { return i < s.size() ? static_cast<unsigned char>(s[i]) : 0u; };
  const auto tail = [&](std::size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const unsigned first = byte(0);
  if (first == 0) return 0;
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return tail(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool shortest = first != 0xE0 || byte(1) >= 0xA0, no_surrogate = first != 0xED || byte(1) <= 0x9F;
    return tail(1) && tail(2) && shortest && no_surrogate ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool shortest = first != 0xF0 || byte(1) >= 0x90, in_range = first != 0xF4 || byte(1) <= 0x8F;
    return tail(1) && tail(2) && tail(3) && shortest && in_range ? 4 : 0;
  }
  return 0;
}

[[noreturn]] void invalid_bytes(std::string_view s) {
  const auto first = static_cast<unsigned char>(s[0]);
  const std::size_t announced = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF8 ? 4 : 1;
  std::string message = "invalid byte sequence for encoding \"UTF8\":";
  for (const char c : s.substr(0, announced)) {
    char hex[8];
    std::snprintf(hex, sizeof hex, " 0x%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
    message += hex;
  }
  throw Failure(ErrorCode::kInput, message);
}

void check_utf8(std::string_view s) {
  std::size_t i = 0;
  while (i < s.size()) {
    if (s.size() - i >= 8) {  // eight bytes of ASCII without a NUL at once
      std::uint64_t word;
      std::memcpy(&word, s.data() + i, 8);
      if (((word | (word - 0x0101010101010101u)) & 0x8080808080808080u) == 0) {
        i += 8;
        continue;
      }
    }
    const std::size_t n = utf8_character(s.substr(i));
    if (n == 0) invalid_bytes(s.substr(i));
    i += n;
  }
}

std::string_view fit_length(std::string_view s, const Type& type) {
  const std::int32_t length_max = type.precision;
  if (length_max == 0 || s.size() <= static_cast<std::size_t>(length_max)) return s;
  std::int32_t n = 0;
  for (std::size_t i = 0; i < s.size(); ++i) {
    if ((static_cast<unsigned char>(s[i]) & 0xC0) == 0x80 || n++ < length_max) continue;
    if (s.find_first_not_of(' ', i) != std::string_view::npos) {
      throw Failure(ErrorCode::kInput, "value too long for type " + type.to_string());
    }
    return s.substr(0, i);
  }
  return s;
}

Bytes padded_copy(std::string_view s, std::int32_t length, Arena& arena) {
  const auto characters = std::count_if(s.begin(), s.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
  if (characters >= length) return Bytes::copy(s, arena);
  std::string padded(s);
  padded.append(static_cast<std::size_t>(length - characters), ' ');
  return Bytes::copy(padded, arena);
}

// --- numbers -------------------------------------------------------------------------------------------------------------------------------------------

struct IntegerRange {
  std::int64_t least, greatest;
  const char* name;
};

IntegerRange range_of(TypeId id) {
  if (id == TypeId::kSmallint) return {INT16_MIN, INT16_MAX, "smallint"};
  if (id == TypeId::kInteger) return {INT32_MIN, INT32_MAX, "integer"};
  return {INT64_MIN, INT64_MAX, "bigint"};
}

std::int64_t parse_integer(std::string_view text, TypeId id) {
  const IntegerRange range = range_of(id);
  std::size_t i = 0;
  while (i < text.size() && is_space(text[i])) ++i;
  bool negative = false;
  if (i < text.size() && (text[i] == '-' || text[i] == '+')) negative = text[i++] == '-';
  if (i == text.size() || !is_digit(text[i])) invalid_syntax(text, range.name);
  std::int64_t value = 0;  // kept negative: that side has one more
  for (; i < text.size() && is_digit(text[i]); ++i) {
    if (__builtin_mul_overflow(value, std::int64_t{10}, &value) || __builtin_sub_overflow(value, std::int64_t{text[i] - '0'}, &value) || value < range.least) {
      throw Failure(ErrorCode::kInput, "value \"" + std::string(text) + "\" is out of range for type " + range.name);
    }
  }
  while (i < text.size() && is_space(text[i])) ++i;
  if (i != text.size()) invalid_syntax(text, range.name);
  if (negative) return value;
  if (value < -range.greatest) throw Failure(ErrorCode::kInput, "value \"" + std::string(text) + "\" is out of range for type " + range.name);
  return -value;
}

bool equal_ignoring_case(std::string_view s, std::string_view word) {
  return s.size() == word.size() && std::equal(s.begin(), s.end(), word.begin(), [](char a, char b) { return lower(a) == b; });
}

template <class F>
F parse_floating(std::string_view text, const char* type) {
  std::string_view s = trimmed(text);
  bool negative = false;
  if (!s.empty() && (s[0] == '-' || s[0] == '+')) {
    negative = s[0] == '-';
    s.remove_prefix(1);
  }
  if (equal_ignoring_case(s, "nan")) return std::numeric_limits<F>::quiet_NaN();
  if (equal_ignoring_case(s, "inf") || equal_ignoring_case(s, "infinity")) return negative ? -std::numeric_limits<F>::infinity() : std::numeric_limits<F>::infinity();
  const bool hex = s.size() > 2 && s[0] == '0' && lower(s[1]) == 'x';
  if (hex) s.remove_prefix(2);
  if (s.empty() || (!is_digit(s[0]) && s[0] != '.' && !(hex && lower(s[0]) >= 'a' && lower(s[0]) <= 'f'))) invalid_syntax(text, type);
  F value = 0;
  const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), value, hex ? std::chars_format::hex : std::chars_format::general);
  if (error == std::errc::invalid_argument || end != s.data() + s.size()) invalid_syntax(text, type);
  const auto significant = [&](char c) { return c != '0' && c != '.'; };
  const std::string_view mantissa = hex ? s.substr(0, s.find_first_of("pP")) : s.substr(0, s.find_first_of("eE"));
  const bool vanished = value == 0 && std::any_of(mantissa.begin(), mantissa.end(), significant);
  if (error == std::errc::result_out_of_range || std::isinf(value) || vanished) {
    throw Failure(ErrorCode::kInput, "\"" + std::string(trimmed(text)) + "\" is out of range for type " + type);
  }
  return negative ? -value : value;
}

bool parse_boolean(std::string_view text) {
  const std::string_view s = trimmed(text);
  const auto begins = [&](std::string_view word, std::size_t least) { return s.size() >= least && s.size() <= word.size() && equal_ignoring_case(s, word.substr(0, s.size())); };
  if (begins("true", 1) || begins("yes", 1) || begins("on", 2) || s == "1") return true;
  if (begins("false", 1) || begins("no", 1) || begins("off", 2) || s == "0") return false;
  invalid_syntax(text, "boolean");
}

// The decimal digits of a number and where its point stands: d1.d2d3… · 10^exponent.
struct Decimal {
  char digits[20];
  int count = 0;
  int exponent = 0;  // of the first digit
};

Decimal decimal_of(const char* begin, const char* end) {  // of "d.ddde±xx"
  Decimal d;
  const char* p = begin;
  for (; p != end && *p != 'e'; ++p) {
    if (*p != '.') d.digits[d.count++] = *p;
  }
  if (p != end) std::from_chars(p + (p[1] == '+' ? 2 : 1), end, d.exponent);
  while (d.count > 1 && d.digits[d.count - 1] == '0') --d.count;
  return d;
}

// Whether the shortest digits lie exactly half way to a neighbour. Such digits read back as `x` only where a reader rounds half to even, which PostgreSQL
// does not take for granted: it writes 1e23 as 9.999999999999999e+22. A point half way has more binary digits than x, so that only within these bounds 17 (9)
// decimal digits can write it.
template <class F>
bool half_way(F x, const Decimal& d) {
  constexpr F kLeast = sizeof(F) == 8 ? static_cast<F>(4e15) : static_cast<F>(4e6);
  if (x < kLeast || static_cast<double>(x) > 1e42) return false;
  const long double up = (static_cast<long double>(x) + std::nextafter(x, std::numeric_limits<F>::infinity())) / 2;
  const long double down = (static_cast<long double>(x) + std::nextafter(x, F{0})) / 2;
  for (const long double middle : {up, down}) {
    char text[80];
    const int n = std::snprintf(text, sizeof text, "%.50Le", middle);
    const char* p = text;
    bool same = true;
    int at = 0;
    for (; p != text + n && *p != 'e'; ++p) {
      if (!is_digit(*p)) continue;
      same = same && *p == (at < d.count ? d.digits[at] : '0');
      ++at;
    }
    int exponent = 0;
    std::from_chars(p + (p[1] == '+' ? 2 : 1), text + n, exponent);
    if (same && exponent == d.exponent) return true;
  }
  return false;
}

// The fewest digits that read back as x. REQUIRES: x is finite and above 0.
template <class F>
Decimal shortest(F x) {
  char buffer[64];
  const auto result = std::to_chars(buffer, buffer + sizeof buffer, x, std::chars_format::scientific);
  Decimal d = decimal_of(buffer, result.ptr);
  if (!half_way(x, d)) return d;
  for (int precision = d.count - 1; precision < std::numeric_limits<F>::max_digits10; ++precision) {
    const auto r = std::to_chars(buffer, buffer + sizeof buffer, x, std::chars_format::scientific, precision);
    F back = 0;
    std::from_chars(buffer, r.ptr, back);
    const Decimal candidate = decimal_of(buffer, r.ptr);
    if (back == x && !half_way(x, candidate)) return candidate;
  }
  return d;
}

template <class F>
void append_floating(F x, int fixed_digits_max, std::string& out) {
  if (std::isnan(x)) {
    out += "NaN";
    return;
  }
  if (std::signbit(x)) out += '-';
  x = std::fabs(x);
  if (std::isinf(x)) {
    out += "Infinity";
    return;
  }
  if (x == 0) {
    out += '0';
    return;
  }
  const Decimal d = shortest(x);
  if (d.exponent >= -4 && d.exponent < fixed_digits_max) {
    if (d.exponent < 0) {
      out += "0.";
      out.append(static_cast<std::size_t>(-d.exponent - 1), '0');
      out.append(d.digits, static_cast<std::size_t>(d.count));
      return;
    }
    const int whole = d.exponent + 1;
    out.append(d.digits, static_cast<std::size_t>(std::min(whole, d.count)));
    if (whole > d.count) out.append(static_cast<std::size_t>(whole - d.count), '0');
    if (d.count > whole) {
      out += '.';
      out.append(d.digits + whole, static_cast<std::size_t>(d.count - whole));
    }
    return;
  }
  out += d.digits[0];
  if (d.count > 1) {
    out += '.';
    out.append(d.digits + 1, static_cast<std::size_t>(d.count - 1));
  }
  out += d.exponent < 0 ? "e-" : "e+";
  const int magnitude = std::abs(d.exponent);
  if (magnitude < 10) out += '0';
  out += std::to_string(magnitude);
}

// --- conversions -----------------------------------------------------------------------------------------------------------------------------------------

bool is_number(TypeId id) { return is_integer(id) || is_floating(id) || id == TypeId::kNumeric; }

Datum integer_in_range(std::int64_t value, TypeId id) {
  const IntegerRange range = range_of(id);
  if (value < range.least || value > range.greatest) throw Failure(ErrorCode::kInput, std::string(range.name) + " out of range");
  return Datum::of(value);
}

Datum rounded_to_integer(double value, TypeId id) {
  const double whole = std::rint(value);
  if (!(whole >= -9223372036854775808.0 && whole < 9223372036854775808.0)) throw Failure(ErrorCode::kInput, std::string(range_of(id).name) + " out of range");
  return integer_in_range(static_cast<std::int64_t>(whole), id);
}

Datum rounded_to_integer(const Numeric& value, TypeId id) {
  const char* name = range_of(id).name;
  if (value.kind != Numeric::Class::kFinite) {
    throw Failure(ErrorCode::kInput, std::string("cannot convert ") + (value.kind == Numeric::Class::kNaN ? "NaN" : "infinity") + " to " + name);
  }
  const Numeric limit = Numeric::make(__int128{1} << 64, 0);
  if (value.abs().compare(limit) > 0) throw Failure(ErrorCode::kInput, std::string(name) + " out of range");
  return integer_in_range(value.to_int64(), id);
}

double as_real(double value) {
  const auto narrow = static_cast<float>(value);
  if (std::isinf(narrow) && !std::isinf(value)) throw Failure(ErrorCode::kInput, "value out of range: overflow");
  if (narrow == 0 && value != 0) throw Failure(ErrorCode::kInput, "value out of range: underflow");
  return static_cast<double>(narrow);
}

Datum numeric_datum(Numeric value, const Type& type, Arena& arena) {
  if (type.precision != 0) value = value.typed(type.precision, type.scale);
  return Datum::of(value.encode(arena));
}

// A text column takes a boolean as its cast to text writes it.
std::string cast_to_text(const Value& value) {
  if (value.type() == TypeId::kBoolean) return value.boolean() ? "true" : "false";
  return value.to_string();
}

Datum number_to(const Value& value, const Type& type, Arena& arena) {
  const TypeId from = value.type();
  switch (type.id) {
    case TypeId::kSmallint: case TypeId::kInteger: case TypeId::kBigint:
      if (is_integer(from)) return integer_in_range(value.integer(), type.id);
      if (is_floating(from)) return rounded_to_integer(value.number(), type.id);
      return rounded_to_integer(Numeric::parse(value.to_string()), type.id);
    case TypeId::kReal: return Datum::of(from == TypeId::kNumeric ? parse_floating<float>(value.to_string(), "real") : as_real(value.number()));
    case TypeId::kDouble: return Datum::of(from == TypeId::kNumeric ? parse_floating<double>(value.to_string(), "double precision") : value.number());
    default: break;
  }
  if (is_integer(from)) return numeric_datum(Numeric(value.integer()), type, arena);
  if (is_floating(from)) return numeric_datum(Numeric::from_double(value.number(), from == TypeId::kReal ? 6 : 15), type, arena);
  return numeric_datum(Numeric::parse(value.to_string()), type, arena);
}

}  // namespace

std::string format_double(double d) {
  std::string out;
  append_floating(d, 15, out);
  return out;
}

std::string format_real(float f) {
  std::string out;
  append_floating(f, 6, out);
  return out;
}

Datum parse_datum(std::string_view text, const Type& type, Arena& arena) {
  check_utf8(text);
  switch (type.id) {
    case TypeId::kBoolean: return Datum::of(parse_boolean(text));
    case TypeId::kEnum: return Datum::of(Bytes::copy(enum_value(type.precision, text), arena));
    case TypeId::kSmallint: case TypeId::kInteger: case TypeId::kBigint: return Datum::of(parse_integer(text, type.id));
    case TypeId::kReal: return Datum::of(static_cast<double>(parse_floating<float>(text, "real")));
    case TypeId::kDouble: return Datum::of(parse_floating<double>(text, "double precision"));
    case TypeId::kNumeric: return numeric_datum(Numeric::parse(text), type, arena);
    case TypeId::kVarchar: return Datum::of(Bytes::copy(fit_length(text, type), arena));
    case TypeId::kBpchar: return Datum::of(padded_copy(fit_length(text, type), type.precision, arena));
    case TypeId::kUuid: return Datum::of(Bytes::copy(parse_uuid(text), arena));
    case TypeId::kBytea: return Datum::of(Bytes::copy(parse_bytea(text), arena));
    case TypeId::kJson: check_json(text, false); break;
    case TypeId::kJsonb: return Datum::of(Bytes::copy(normalised_json(text), arena));
    case TypeId::kDate: return Datum::of(parse_date(text));
    case TypeId::kTimestamp: return Datum::of(parse_timestamp(text, type.precision - 1));
    case TypeId::kInterval: return Datum::of(parse_interval(text));
    case TypeId::kTimestamptz: return Datum::of(parse_timestamptz(text, type.precision - 1));
    case TypeId::kTime: return Datum::of(parse_time(text, type.precision - 1));
    case TypeId::kText: case TypeId::kUnknown: case TypeId::kArray: break;
  }
  if (is_array(type.id)) return Datum::of(parse_array(text, type, arena));
  return Datum::of(Bytes::copy(text, arena));
}

void format_datum(const Datum& value, const Type& type, std::string& out) {
  if (value.null) return;
  if (is_array(type.id)) return format_array(value.bytes, type, out);
  switch (type.id) {
    case TypeId::kBoolean: out += value.boolean ? 't' : 'f'; return;
    case TypeId::kSmallint: case TypeId::kInteger: case TypeId::kBigint: {
      char digits[24];
      out.append(digits, std::to_chars(digits, digits + sizeof digits, value.integer).ptr);
      return;
    }
    case TypeId::kEnum: out += enum_label(value.bytes.view()); return;
    case TypeId::kReal: append_floating(static_cast<float>(value.number), 6, out); return;
    case TypeId::kDouble: append_floating(value.number, 15, out); return;
    case TypeId::kNumeric: out += Numeric::decode(value.bytes).to_string(); return;
    case TypeId::kDate: out += format_date(value.integer); return;
    case TypeId::kTimestamp: out += format_timestamp(value.integer); return;
    case TypeId::kInterval: out += format_interval(value.interval); return;
    case TypeId::kTimestamptz: out += format_timestamptz(value.integer); return;
    case TypeId::kTime: out += format_time(value.integer); return;
    case TypeId::kText: case TypeId::kVarchar: case TypeId::kBpchar: case TypeId::kJson: case TypeId::kJsonb: case TypeId::kUnknown:
      out += value.bytes.view();
      return;
    case TypeId::kUuid: format_uuid(value.bytes.view(), out); return;
    case TypeId::kBytea: format_bytea(value.bytes.view(), out); return;
    case TypeId::kArray: return;
  }
}

Datum from_value(const Value& value, const Type& type, Arena& arena) {
  const TypeId from = value.type();
  if (value.is_null()) return Datum::of_null(kind_of(type.id));
  if (from == TypeId::kBpchar && type.id != TypeId::kBpchar) return parse_datum(without_padding(value.to_string()), type, arena);
  if (is_text(from) || from == TypeId::kUnknown) return parse_datum(value.to_string(), type, arena);
  if (is_text(type.id) || type.id == TypeId::kUnknown) return parse_datum(cast_to_text(value), type, arena);
  if (is_number(from) && is_number(type.id)) return number_to(value, type, arena);
  if (from == TypeId::kBoolean && type.id == TypeId::kBoolean) return Datum::of(value.boolean());
  const auto moment = [](TypeId id) { return id == TypeId::kTimestamp || id == TypeId::kTimestamptz; };
  const auto rounded = [&](std::int64_t micros) { return Datum::of(round_seconds(micros, type.precision - 1)); };
  if (from == TypeId::kDate && moment(type.id)) return Datum::of(date_to_timestamp(value.integer()));
  if (moment(from) && type.id == TypeId::kDate) return Datum::of(timestamp_to_date(value.integer()));
  if ((moment(from) && moment(type.id)) || (from == TypeId::kTime && type.id == from)) return rounded(value.integer());
  if (moment(from) && type.id == TypeId::kTime && timestamp_to_time(value.integer())) return rounded(*timestamp_to_time(value.integer()));
  if (from == TypeId::kDate && type.id == from) return Datum::of(value.integer());
  if (from == TypeId::kInterval && type.id == TypeId::kInterval) return Datum::of(parse_interval(value.to_string()));
  if (from == type.id && kind_of(from) == Kind::kBytes) return parse_datum(value.to_string(), type, arena);
  throw Failure(ErrorCode::kInput, "a value of type " + Type{from}.to_string() + " does not fit type " + type.to_string());
}

Value to_value(const Datum& value, const Type& type) {
  if (value.null) return {};
  const TypeId id = type.id == TypeId::kUnknown ? TypeId::kText : type.id;
  switch (kind_of(id)) {
    case Kind::kBool: return Value(value.boolean);
    case Kind::kDouble: return Value::typed(id, 0, value.number, {});
    case Kind::kInt:
      if (is_integer(id)) return Value::typed(id, value.integer, 0, {});
      break;
    case Kind::kBytes: case Kind::kInterval: break;
  }
  std::string text;
  format_datum(value, type, text);
  return Value::typed(id, kind_of(id) == Kind::kInt ? value.integer : 0, 0, std::move(text));
}

}  // namespace weir
