// Casts between types, and to and from text.

#include <cmath>

#include "sql/kernels.h"
#include "zset/datetime.h"
#include "zset/hash.h"
#include "zset/text_form.h"

namespace weir {
namespace {

using Int = std::int64_t;

Column relabel(const Function&, std::span<const Column> args, const Chunk&, Arena&) { return args[0]; }

const char* range_message(TypeId to) {
  return to == TypeId::kSmallint ? "smallint out of range" : to == TypeId::kInteger ? "integer out of range" : "bigint out of range";
}

bool fits(Int v, TypeId to) {
  return to == TypeId::kSmallint ? v == static_cast<std::int16_t>(v) : to == TypeId::kInteger ? v == static_cast<std::int32_t>(v) : true;
}

Column narrow_integer(const Function& self, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  const Int* in = args[0].ints();
  bool bad = false;
  Column out = fill<Int>(rows, arena, [&](std::uint32_t i) {
    bad |= !fits(in[i], self.target.id);
    return in[i];
  });
  if (bad) fail(range_message(self.target.id));
  return out;
}

// Rounds half to even.
Column float_to_integer(const Function& self, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  const double* in = args[0].doubles();
  return fill<Int>(rows, arena, [&](std::uint32_t i) {
    const double r = std::nearbyint(in[i]);
    if (!(r >= -0x1p63 && r < 0x1p63) || !fits(static_cast<Int>(r), self.target.id)) fail(range_message(self.target.id));
    return static_cast<Int>(r);
  });
}

Column numeric_to_integer(const Function& self, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  const Bytes* in = args[0].bytes();
  const std::string type = Type{self.target.id, 0, 0}.to_string();
  return fill<Int>(rows, arena, [&](std::uint32_t i) {
    __int128 small;
    std::int32_t scale;
    if (numeric_small(in[i], small, scale) && scale == 0 && small == static_cast<Int>(small)) {
      if (!fits(static_cast<Int>(small), self.target.id)) fail(range_message(self.target.id));
      return static_cast<Int>(small);
    }
    const Numeric n = Numeric::decode(in[i]);
    if (n.kind == Numeric::Class::kNaN) fail("cannot convert NaN to " + type);
    if (n.kind != Numeric::Class::kFinite) fail("cannot convert infinity to " + type);
    Int v = 0;
    try {
      v = n.to_int64();
    } catch (const Failure&) {
      fail(range_message(self.target.id));
    }
    if (!fits(v, self.target.id)) fail(range_message(self.target.id));
    return v;
  });
}

Column double_to_real(const Function&, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  const double* in = args[0].doubles();
  return fill<double>(rows, arena, [&](std::uint32_t i) -> double {
    const float f = static_cast<float>(in[i]);
    if (std::isinf(f) && !std::isinf(in[i])) fail("value out of range: overflow");
    if (f == 0 && in[i] != 0) fail("value out of range: underflow");
    return f;
  });
}

Column to_typed_numeric(const Function& self, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  const Bytes* in = args[0].bytes();
  return fill<Numeric>(rows, arena, [&](std::uint32_t i) { return Numeric::decode(in[i]).typed(self.target.precision, self.target.scale); });
}

// Bytes of the first n characters; the whole text where it has no more.
std::size_t prefix_bytes(std::string_view s, std::int64_t n) {
  std::size_t i = 0;
  for (; i < s.size(); ++i) {
    if ((static_cast<unsigned char>(s[i]) & 0xC0) != 0x80 && n-- == 0) break;
  }
  return i;
}

template <bool Cut>
Column to_typed_varchar(const Function& self, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  const Bytes* in = args[0].bytes();
  return fill<std::string_view>(rows, arena, [&](std::uint32_t i) {
    const std::string_view s = in[i].view();
    const std::size_t n = prefix_bytes(s, self.target.precision);
    if (!Cut && s.find_first_not_of(' ', n) != s.npos) {
      fail("value too long for type " + self.target.to_string());
    }
    return s.substr(0, n);
  });
}

// Cut or refused as VARCHAR(n), then filled with blanks.
template <bool Cut>
Column to_typed_char(const Function& self, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  Column out = to_typed_varchar<Cut>(self, args, rows, arena);
  Bytes* data = out.as<Bytes>();
  rows.each([&](std::uint32_t i) {
    const std::int64_t missing = self.target.precision - count_characters(data[i].view());
    if (missing > 0) data[i] = Bytes::copy(std::string(data[i].view()) + std::string(static_cast<std::size_t>(missing), ' '), arena);
  });
  return out;
}

Column rounded_seconds(const Function& self, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  const Int* in = args[0].ints();
  return fill<Int>(rows, arena, [&](std::uint32_t i) { return round_seconds(in[i], self.target.precision - 1); });
}

Column from_text(const Function& self, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  const Bytes* in = args[0].bytes();
  Column out = Column::make(kind_of(self.target.id), rows.size, false, arena);
  try {
    rows.each([&](std::uint32_t i) { out.set(i, parse_datum(in[i].view(), self.target, arena)); });
  } catch (const Failure& failure) {
    fail(failure.error().message);
  }
  return out;
}

template <bool Output>  // the form that clients see: t and f for booleans
Column to_text(const Function& self, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  const Type from{self.args[0].id, 0, 0};
  std::string text;
  return fill<std::string>(rows, arena, [&](std::uint32_t i) -> std::string {
    if (from.id == TypeId::kBoolean && !Output) return args[0].bools()[i] ? "true" : "false";
    text.clear();
    format_datum(args[0].get(i), from, text);
    return text;
  });
}

bool integer(TypeId t) { return t == TypeId::kSmallint || t == TypeId::kInteger || t == TypeId::kBigint; }
bool text(TypeId t) { return t == TypeId::kText || t == TypeId::kVarchar || t == TypeId::kBpchar; }

struct Choice {
  Kernel kernel = nullptr;
  Effort effort = Effort::kCareful;
  const Function* inner = nullptr;
};

Choice choose(TypeId from, const Type& to, bool explicit_cast) {
  if (is_array(from) && is_array(to.id)) {
    const Function* f = cast_function(element_of(from), Type{element_of(to.id), to.precision, to.scale}, explicit_cast);
    if (!f) return {};
    if (is_relabel(*f)) return {relabel, Effort::kCheap};
    return {array_conversion(), Effort::kCareful, f};
  }
  if (from == to.id) {
    if (to.precision == 0) return {relabel, Effort::kCheap};
    if (from == TypeId::kNumeric) return {to_typed_numeric};
    if (from == TypeId::kVarchar) return {explicit_cast ? to_typed_varchar<true> : to_typed_varchar<false>};
    if (from == TypeId::kBpchar) return {explicit_cast ? to_typed_char<true> : to_typed_char<false>};
    return {rounded_seconds, Effort::kNullSafe};
  }
  if (from == TypeId::kJsonb && to.id == TypeId::kJson) return {pointwise<[](Bytes s) { return s; }>, Effort::kCheap};  // another notion of equality: no relabel
  if (from == TypeId::kJson && to.id == TypeId::kJsonb) return {from_text};
  if (from == TypeId::kJsonb && to.id == TypeId::kBoolean) return {jsonb_to_boolean()};
  if (from == TypeId::kJsonb && to.id >= TypeId::kSmallint && to.id <= TypeId::kNumeric) {
    return {jsonb_to_number(), Effort::kCareful, cast_function(TypeId::kNumeric, Type{to.id, 0, 0}, true)};
  }
  if (from == TypeId::kBpchar && text(to.id)) return {pointwise<[](std::string_view s) { return without_padding(s); }>, Effort::kCheap};
  if (text(from) && to.id == TypeId::kBpchar) return {pointwise<[](Bytes s) { return s; }>, Effort::kCheap};  // another notion of equality: no relabel
  if (text(from) && text(to.id)) return {relabel, Effort::kCheap};
  if (text(from)) return {from_text};
  if (text(to.id)) return {to_text<false>};
  if (integer(from)) {
    if (integer(to.id)) {
      if (from < to.id) return {relabel, Effort::kCheap};
      return {narrow_integer, Effort::kNullSafe};
    }
    if (to.id == TypeId::kDouble) return {pointwise<[](Int v) { return static_cast<double>(v); }>, Effort::kCheap};
    if (to.id == TypeId::kReal) return {pointwise<[](Int v) -> double { return static_cast<float>(v); }>, Effort::kCheap};
    if (to.id == TypeId::kNumeric) return {pointwise<[](Int v) { return Numeric(v); }>};
    if (to.id == TypeId::kBoolean) return {pointwise<[](Int v) { return v != 0; }>, Effort::kCheap};
  }
  if (from == TypeId::kReal || from == TypeId::kDouble) {
    if (integer(to.id)) return {float_to_integer, Effort::kNullSafe};
    if (to.id == TypeId::kDouble) return {relabel, Effort::kCheap};
    if (to.id == TypeId::kReal) return {double_to_real, Effort::kNullSafe};
    if (to.id == TypeId::kNumeric && from == TypeId::kReal) return {pointwise<[](double v) { return Numeric::from_double(v, 6); }>};
    if (to.id == TypeId::kNumeric) return {pointwise<[](double v) { return Numeric::from_double(v, 15); }>};
  }
  if (from == TypeId::kNumeric) {
    if (integer(to.id)) return {numeric_to_integer};
    if (to.id == TypeId::kDouble) return {pointwise<[](const Numeric& n) { return n.to_double(); }>};
    if (to.id == TypeId::kReal) return {pointwise<[](const Numeric& n) -> double { return n.to_float(); }>};
  }
  if (from == TypeId::kBoolean && to.id == TypeId::kInteger) return {pointwise<[](bool v) -> Int { return v; }>, Effort::kCheap};
  const auto moment = [](TypeId t) { return t == TypeId::kTimestamp || t == TypeId::kTimestamptz; };  // one and the same in UTC
  if (from == TypeId::kDate && moment(to.id)) return {pointwise<[](Int d) { return date_to_timestamp(d); }>};
  if (moment(from) && to.id == TypeId::kDate) return {pointwise<[](Int t) { return timestamp_to_date(t); }>, Effort::kNullSafe};
  if (moment(from) && moment(to.id)) return {relabel, Effort::kCheap};
  if (moment(from) && to.id == TypeId::kTime) return {pointwise<[](Int t) { return timestamp_to_time(t); }>, Effort::kNullSafe};
  if (from == TypeId::kTime && to.id == TypeId::kInterval) return {pointwise<[](Int t) { return Interval{.micros = t}; }>, Effort::kCheap};
  if (from == TypeId::kInterval && to.id == TypeId::kTime) return {pointwise<[](Interval i) { return interval_to_time(i); }>, Effort::kCheap};
  return {};
}

}  // namespace

const Function* cast_function(TypeId from, const Type& to, bool explicit_cast) {
  const TypeId element = element_of(from);
  const bool cuts = (element == TypeId::kVarchar || element == TypeId::kBpchar) && to.id == from && explicit_cast;
  const Choice choice = choose(from, to, explicit_cast);
  if (!choice.kernel) return nullptr;
  const Type source{from, 0, 0};
  const std::string number = to.id == TypeId::kEnum ? " " + std::to_string(to.precision) : "";  // types of different databases may have one name
  return &interned((cuts ? "cut " : "cast ") + source.to_string() + " as " + to.to_string() + number, [&] {
    Function f;
    f.name = cuts ? "cut" : "cast";
    f.args = {source};
    f.result = to;
    f.kernel = choice.kernel;
    f.effort = choice.effort;
    f.target = to;
    f.inner = choice.inner;
    return f;
  });
}

const Function& output_function(TypeId from) {
  const Type source{from, 0, 0};
  return interned("output " + source.to_string(), [&] {
    Function f;
    f.name = "output";
    f.args = {source};
    f.result = Type{TypeId::kText, 0, 0};
    f.kernel = to_text<true>;
    return f;
  });
}

bool is_relabel(const Function& function) { return function.kernel == relabel; }

}  // namespace weir
