// + - * / % and the bit operators, over integers, floats, numerics, dates and intervals.
//
// Integers of all widths are 64 bits wide in memory; the width of the result decides what is out of range. Loops note that some row failed and
// say so after the loop, so that they stay free of branches.

#include <cfloat>
#include <cmath>

#include "sql/kernels.h"
#include "zset/datetime.h"

namespace weir {
namespace {

using Int = std::int64_t;

[[noreturn]] void out_of_range(int width) {
  fail(width == 2 ? "smallint out of range" : width == 4 ? "integer out of range" : "bigint out of range");
}

template <int Width>
constexpr bool fits(Int v) {
  if constexpr (Width == 2) return v == static_cast<std::int16_t>(v);
  if constexpr (Width == 4) return v == static_cast<std::int32_t>(v);
  return true;
}

struct Add {
  template <int Width>
  static Int of(Int a, Int b, bool& bad) {
    const Int r = static_cast<Int>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
    if constexpr (Width == 8)
      bad |= ((a ^ r) & (b ^ r)) < 0;
    else
      bad |= !fits<Width>(r);
    return r;
  }
};
struct Subtract {
  template <int Width>
  static Int of(Int a, Int b, bool& bad) {
    const Int r = static_cast<Int>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
    if constexpr (Width == 8)
      bad |= ((a ^ b) & (a ^ r)) < 0;
    else
      bad |= !fits<Width>(r);
    return r;
  }
};
struct Multiply {
  template <int Width>
  static Int of(Int a, Int b, bool& bad) {
    Int r = 0;
    if constexpr (Width == 8) {
      bad |= __builtin_mul_overflow(a, b, &r);
    } else {
      r = a * b;
      bad |= !fits<Width>(r);
    }
    return r;
  }
};

template <class Op, int Width>
Column integers(const Function&, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  const Int* a = args[0].ints();
  const Int* b = args[1].ints();
  bool bad = false;
  Column out = fill<Int>(rows, arena, [&](std::uint32_t i) { return Op::template of<Width>(a[i], b[i], bad); });
  if (bad) out_of_range(Width);
  return out;
}

template <int Width>
Column divide_integers(const Function&, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  const Int* a = args[0].ints();
  const Int* b = args[1].ints();
  return fill<Int>(rows, arena, [&](std::uint32_t i) -> Int {
    if (b[i] == 0) fail("division by zero");
    if (b[i] == -1) {
      bool bad = false;
      const Int r = Subtract::of<Width>(0, a[i], bad);
      if (bad) out_of_range(Width);
      return r;
    }
    return a[i] / b[i];
  });
}

template <int Width>
Column negate_integers(const Function&, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  const Int* a = args[0].ints();
  bool bad = false;
  Column out = fill<Int>(rows, arena, [&](std::uint32_t i) { return Subtract::of<Width>(0, a[i], bad); });
  if (bad) out_of_range(Width);
  return out;
}

template <int Width>
Column absolute_integers(const Function&, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  const Int* a = args[0].ints();
  bool bad = false;
  Column out = fill<Int>(rows, arena, [&](std::uint32_t i) { return a[i] < 0 ? Subtract::of<Width>(0, a[i], bad) : a[i]; });
  if (bad) out_of_range(Width);
  return out;
}

Int remainder(Int a, Int b) {
  if (b == 0) fail("division by zero");
  return b == -1 ? 0 : a % b;
}

// Shifts wrap as the machine's do, which is what PostgreSQL's are.
template <int Width>
Int shift_left(Int a, Int b) {
  if constexpr (Width == 8) return static_cast<Int>(static_cast<std::uint64_t>(a) << (b & 63));
  const std::uint32_t r = static_cast<std::uint32_t>(a) << (b & 31);
  return Width == 4 ? Int{static_cast<std::int32_t>(r)} : Int{static_cast<std::int16_t>(r)};
}
template <int Width>
Int shift_right(Int a, Int b) {
  return a >> (b & (Width == 8 ? 63 : 31));
}

// Floats: R is the type in which the result is rounded.
template <class R>
bool infinite(R r) {
  return std::fabs(r) > (sizeof(R) == 4 ? R(FLT_MAX) : R(DBL_MAX));
}

struct FloatAdd {
  template <class R>
  static R of(R a, R b, bool& over, bool&) {
    const R r = a + b;
    over |= infinite(r) & !infinite(a) & !infinite(b);
    return r;
  }
};
struct FloatSubtract {
  template <class R>
  static R of(R a, R b, bool& over, bool&) {
    const R r = a - b;
    over |= infinite(r) & !infinite(a) & !infinite(b);
    return r;
  }
};
struct FloatMultiply {
  template <class R>
  static R of(R a, R b, bool& over, bool& under) {
    const R r = a * b;
    over |= infinite(r) & !infinite(a) & !infinite(b);
    under |= (r == 0) & (a != 0) & (b != 0);
    return r;
  }
};

template <class Op, class R>
Column floats(const Function&, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  const double* a = args[0].doubles();
  const double* b = args[1].doubles();
  bool over = false, under = false;
  Column out = fill<double>(rows, arena,
                            [&](std::uint32_t i) -> double { return Op::template of<R>(static_cast<R>(a[i]), static_cast<R>(b[i]), over, under); });
  if (over) fail("value out of range: overflow");
  if (under) fail("value out of range: underflow");
  return out;
}

template <class R>
Column divide_floats(const Function&, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  const double* a = args[0].doubles();
  const double* b = args[1].doubles();
  return fill<double>(rows, arena, [&](std::uint32_t i) -> double {
    const R x = static_cast<R>(a[i]), y = static_cast<R>(b[i]);
    if (y == 0 && !std::isnan(x)) fail("division by zero");
    const R r = x / y;
    if (infinite(r) && !infinite(x)) fail("value out of range: overflow");
    if (r == 0 && x != 0 && !infinite(y)) fail("value out of range: underflow");
    return r;
  });
}

constexpr Int kFirstDate = -2451545, kEndDate = 2145031949;

Int date_plus(Int date, Int days) {
  if (date == kInfinity || date == kMinusInfinity) return date;
  const Int r = date + days;
  if (r < kFirstDate || r >= kEndDate) fail("date out of range");
  return r;
}

template <int Width>
void add_width(Kernels& k, const char* left, const char* right) {
  const std::string types = std::string(" ") + left + ' ' + right;
  k.add("+" + types, integers<Add, Width>, Effort::kNullSafe);
  k.add("-" + types, integers<Subtract, Width>);
  k.add("*" + types, integers<Multiply, Width>, Effort::kNullSafe);
  k.add("/" + types, divide_integers<Width>);
}

template <int Width>
void add_integers(Kernels& k, const std::string& t) {
  add_width<Width>(k, t.c_str(), t.c_str());
  k.add("- " + t, negate_integers<Width>);
  k.add("+ " + t, pointwise<[](Int a) { return a; }>, Effort::kCheap);
  k.add("abs " + t, absolute_integers<Width>);
  k.add("@ " + t, absolute_integers<Width>);
  k.add("% " + t + ' ' + t, pointwise<[](Int a, Int b) { return remainder(a, b); }>);
  k.add("mod " + t + ' ' + t, pointwise<[](Int a, Int b) { return remainder(a, b); }>);
  k.add("& " + t + ' ' + t, pointwise<[](Int a, Int b) { return a & b; }>, Effort::kCheap);
  k.add("| " + t + ' ' + t, pointwise<[](Int a, Int b) { return a | b; }>, Effort::kCheap);
  k.add("# " + t + ' ' + t, pointwise<[](Int a, Int b) { return a ^ b; }>, Effort::kCheap);
  k.add("~ " + t, pointwise<[](Int a) { return ~a; }>, Effort::kCheap);
  k.add("<< " + t + " int4", pointwise<[](Int a, Int b) { return shift_left<Width>(a, b); }>, Effort::kCheap);
  k.add(">> " + t + " int4", pointwise<[](Int a, Int b) { return shift_right<Width>(a, b); }>, Effort::kCheap);
}

template <class R>
void add_floats(Kernels& k, const char* left, const char* right) {
  const std::string types = std::string(" ") + left + ' ' + right;
  k.add("+" + types, floats<FloatAdd, R>, Effort::kNullSafe);
  k.add("-" + types, floats<FloatSubtract, R>, Effort::kNullSafe);
  k.add("*" + types, floats<FloatMultiply, R>, Effort::kNullSafe);
  k.add("/" + types, divide_floats<R>);
}

}  // namespace

void add_arithmetic(Kernels& k) {
  add_integers<2>(k, "int2");
  add_integers<4>(k, "int4");
  add_integers<8>(k, "int8");
  add_width<4>(k, "int2", "int4");
  add_width<4>(k, "int4", "int2");
  for (const char* narrow : {"int2", "int4"}) {
    add_width<8>(k, narrow, "int8");
    add_width<8>(k, "int8", narrow);
  }

  add_floats<float>(k, "float4", "float4");
  add_floats<double>(k, "float4", "float8");
  add_floats<double>(k, "float8", "float4");
  add_floats<double>(k, "float8", "float8");
  for (const std::string t : kFloats) {
    k.add("- " + t, pointwise<[](double a) { return -a; }>, Effort::kCheap);
    k.add("+ " + t, pointwise<[](double a) { return a; }>, Effort::kCheap);
    k.add("abs " + t, pointwise<[](double a) { return std::fabs(a); }>, Effort::kCheap);
    k.add("@ " + t, pointwise<[](double a) { return std::fabs(a); }>, Effort::kCheap);
  }

  k.add("+ numeric numeric", pointwise<[](Arena& arena, Bytes a, Bytes b) { return numeric_add(a, b, arena); }>);
  k.add("- numeric numeric", pointwise<[](Arena& arena, Bytes a, Bytes b) { return numeric_subtract(a, b, arena); }>);
  k.add("* numeric numeric", pointwise<[](Arena& arena, Bytes a, Bytes b) { return numeric_multiply(a, b, arena); }>);
  k.add("/ numeric numeric", pointwise<[](const Numeric& a, const Numeric& b) { return a / b; }>);
  k.add("% numeric numeric", pointwise<[](const Numeric& a, const Numeric& b) { return a % b; }>);
  k.add("mod numeric numeric", pointwise<[](const Numeric& a, const Numeric& b) { return a % b; }>);
  k.add("div numeric numeric", pointwise<[](const Numeric& a, const Numeric& b) { return a.div_trunc(b); }>);
  k.add("- numeric", pointwise<[](const Numeric& a) { return -a; }>);
  k.add("+ numeric", pointwise<[](Bytes a) { return a; }>, Effort::kCheap);
  k.add("abs numeric", pointwise<[](const Numeric& a) { return a.abs(); }>);
  k.add("@ numeric", pointwise<[](const Numeric& a) { return a.abs(); }>);

  k.add("+ date int4", pointwise<[](Int d, Int n) { return date_plus(d, n); }>);
  k.add("+ int4 date", pointwise<[](Int n, Int d) { return date_plus(d, n); }>);
  k.add("- date int4", pointwise<[](Int d, Int n) { return date_plus(d, -n); }>);
  k.add("- date date", pointwise<[](Int a, Int b) -> Int {
          if (a == kInfinity || a == kMinusInfinity || b == kInfinity || b == kMinusInfinity) fail("cannot subtract infinite dates");
          return a - b;
        }>);
  k.add("+ date interval", pointwise<[](Int d, Interval i) { return timestamp_plus(date_to_timestamp(d), i); }>);
  k.add("+ interval date", pointwise<[](Interval i, Int d) { return timestamp_plus(date_to_timestamp(d), i); }>);
  k.add("- date interval", pointwise<[](Int d, Interval i) { return timestamp_plus(date_to_timestamp(d), interval_negate(i)); }>);
  for (const std::string t : {"timestamp", "timestamptz"}) {
    k.add("+ " + t + " interval", pointwise<[](Int t, Interval i) { return timestamp_plus(t, i); }>);
    k.add("+ interval " + t, pointwise<[](Interval i, Int t) { return timestamp_plus(t, i); }>);
    k.add("- " + t + " interval", pointwise<[](Int t, Interval i) { return timestamp_plus(t, interval_negate(i)); }>);
    k.add("- " + t + ' ' + t, pointwise<[](Int a, Int b) { return timestamp_minus(a, b); }>);
  }
  k.add("+ time interval", pointwise<[](Int t, Interval i) { return time_plus(t, i); }>);
  k.add("+ interval time", pointwise<[](Interval i, Int t) { return time_plus(t, i); }>);
  k.add("- time interval", pointwise<[](Int t, Interval i) { return time_plus(t, {.micros = static_cast<Int>(0 - static_cast<std::uint64_t>(i.micros))}); }>);
  k.add("- time time", pointwise<[](Int a, Int b) { return Interval{.micros = a - b}; }>);
  k.add("+ date time", pointwise<[](Int d, Int t) { return date_plus_time(d, t); }>);
  k.add("+ time date", pointwise<[](Int t, Int d) { return date_plus_time(d, t); }>);
  k.add("+ interval interval", pointwise<[](Interval a, Interval b) { return interval_plus(a, b); }>);
  k.add("- interval interval", pointwise<[](Interval a, Interval b) { return interval_plus(a, interval_negate(b)); }>);
  k.add("- interval", pointwise<[](Interval a) { return interval_negate(a); }>);
  k.add("* interval float8", pointwise<[](Interval a, double f) { return interval_times(a, f); }>);
  k.add("* float8 interval", pointwise<[](double f, Interval a) { return interval_times(a, f); }>);
  k.add("/ interval float8", pointwise<[](Interval a, double f) { return interval_divide(a, f); }>);
}

}  // namespace weir
