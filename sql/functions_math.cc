// Mathematical functions over doubles, numerics and integers, with the special cases and errors of PostgreSQL's float.c and numeric.c.

#include <cerrno>
#include <cmath>

#include "sql/kernels.h"

namespace weir {
namespace {

using Int = std::int64_t;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kPi = 3.14159265358979323846;
constexpr double kRadiansPerDegree = 0.0174532925199432957692;

[[noreturn]] void overflow() { fail("value out of range: overflow"); }
[[noreturn]] void underflow() { fail("value out of range: underflow"); }
[[noreturn]] void bad_input() { fail("input is out of range"); }

double power(double x, double y) {
  if (std::isnan(x)) return std::isnan(y) || y != 0 ? kNaN : 1;
  if (std::isnan(y)) return x == 1 ? 1 : kNaN;
  if (x == 0 && y < 0) fail("zero raised to a negative power is undefined");
  if (x < 0 && std::floor(y) != y) fail("a negative number raised to a non-integer power yields a complex result");
  if (std::isinf(y)) {
    const double a = std::fabs(x);
    if (a == 1) return 1;
    if (y > 0) return a > 1 ? y : 0;
    return a > 1 ? 0 : -y;
  }
  if (std::isinf(x)) {
    if (y == 0) return 1;
    if (x > 0) return y > 0 ? x : 0;
    const bool odd = std::floor(y / 2) != y / 2;
    if (y > 0) return odd ? x : -x;
    return odd ? -0.0 : 0.0;
  }
  errno = 0;
  const double r = std::pow(x, y);
  if (std::isinf(r) || (errno == ERANGE && r != 0)) overflow();
  if (r == 0 && x != 0) underflow();
  return r;
}

double exponential(double x) {
  if (std::isnan(x)) return x;
  if (std::isinf(x)) return x > 0 ? x : 0;
  const double r = std::exp(x);
  if (std::isinf(r)) overflow();
  if (r == 0) underflow();
  return r;
}

template <double (*F)(double)>
double logarithm(double x) {
  if (x == 0) fail("cannot take logarithm of zero");
  if (x < 0) fail("cannot take logarithm of a negative number");
  return F(x);
}

double square_root(double x) {
  if (x < 0) fail("cannot take square root of a negative number");
  return std::sqrt(x);
}

double degrees(double x) {
  const double r = x / kRadiansPerDegree;
  if (std::isinf(r) && !std::isinf(x)) overflow();
  return r;
}

double radians(double x) {
  const double r = x * kRadiansPerDegree;
  if (r == 0 && x != 0) underflow();
  return r;
}

template <double (*F)(double)>
double finite(double x) {
  if (std::isinf(x)) bad_input();
  return F(x);
}
template <double (*F)(double)>
double within_one(double x) {
  if (x < -1 || x > 1) bad_input();
  return F(x);
}

double hyperbolic_sine(double x) {
  return std::sinh(x);  // infinite beyond the range, as PostgreSQL has it
}
double hyperbolic_cosine(double x) { return std::cosh(x); }
double inverse_hyperbolic_cosine(double x) {
  if (x < 1) bad_input();
  return std::acosh(x);
}
double inverse_hyperbolic_tangent(double x) {
  if (x < -1 || x > 1) bad_input();
  if (x == -1) return -std::numeric_limits<double>::infinity();
  if (x == 1) return std::numeric_limits<double>::infinity();
  return std::atanh(x);
}

// Functions of degrees are exact at the multiples of 30 and 45: each is scaled by its own value there.
struct Degrees {
  double sin_30 = std::sin(30 * kRadiansPerDegree);
  double one_minus_cos_60 = 1 - std::cos(60 * kRadiansPerDegree);
  double asin_half = std::asin(0.5);
  double acos_half = std::acos(0.5);
  double atan_one = std::atan(1.0);
  double tan_45 = 0, cot_45 = 0;
  Degrees() {
    tan_45 = sine(45) / cosine(45);
    cot_45 = cosine(45) / sine(45);
  }
  double sine_to_30(double x) const { return std::sin(x * kRadiansPerDegree) / sin_30 / 2; }
  double cosine_to_60(double x) const { return 1 - (1 - std::cos(x * kRadiansPerDegree)) / one_minus_cos_60 / 2; }
  double sine(double x) const { return x <= 30 ? sine_to_30(x) : cosine_to_60(90 - x); }  // 0 to 90 degrees
  double cosine(double x) const { return x <= 60 ? cosine_to_60(x) : sine_to_30(90 - x); }
  double arc_sine(double x) const { return x <= 0.5 ? std::asin(x) / asin_half * 30 : 90 - std::acos(x) / acos_half * 60; }  // 0 to 1
  double arc_cosine(double x) const { return x <= 0.5 ? 90 - std::asin(x) / asin_half * 30 : std::acos(x) / acos_half * 60; }
};
const Degrees& in_degrees() {
  static const Degrees d;
  return d;
}

// Folds an angle into 0 to 90 degrees; the signs are those of sine and cosine there.
double first_quadrant(double x, int& sine_sign, int& cosine_sign) {
  if (std::isinf(x)) bad_input();
  x = std::fmod(x, 360);
  sine_sign = cosine_sign = 1;
  if (x < 0) x = -x, sine_sign = -sine_sign;
  if (x > 180) x = 360 - x, sine_sign = -sine_sign;
  if (x > 90) x = 180 - x, cosine_sign = -cosine_sign;
  return x;
}
double sind(double x) {
  if (std::isnan(x)) return x;
  int s, c;
  x = first_quadrant(x, s, c);
  return s * in_degrees().sine(x);
}
double cosd(double x) {
  if (std::isnan(x)) return x;
  int s, c;
  x = first_quadrant(x, s, c);
  return c * in_degrees().cosine(x);
}
double tand(double x) {
  if (std::isnan(x)) return x;
  int s, c;
  x = first_quadrant(x, s, c);
  const double r = s * c * (in_degrees().sine(x) / in_degrees().cosine(x) / in_degrees().tan_45);
  return r == 0 ? 0 : r;
}
double cotd(double x) {
  if (std::isnan(x)) return x;
  int s, c;
  x = first_quadrant(x, s, c);
  const double r = s * c * (in_degrees().cosine(x) / in_degrees().sine(x) / in_degrees().cot_45);
  return r == 0 ? 0 : r;
}
double asind(double x) { return x >= 0 ? in_degrees().arc_sine(x) : -in_degrees().arc_sine(-x); }
double acosd(double x) { return x >= 0 ? in_degrees().arc_cosine(x) : 90 + in_degrees().arc_sine(-x); }
double cotangent(double x) { return 1 / std::tan(x); }

template <bool Wide>
Int greatest_common_divisor(Int a, Int b) {
  constexpr Int kMin = Wide ? INT64_MIN : INT32_MIN;
  const auto magnitude = [](Int v) { return v < 0 ? 0 - static_cast<std::uint64_t>(v) : static_cast<std::uint64_t>(v); };
  std::uint64_t x = magnitude(a), y = magnitude(b);
  while (y) {
    const std::uint64_t r = x % y;
    x = y;
    y = r;
  }
  if (x == magnitude(kMin)) fail(Wide ? "bigint out of range" : "integer out of range");
  return static_cast<Int>(x);
}

template <bool Wide>
Int least_common_multiple(Int a, Int b) {
  if (a == 0 || b == 0) return 0;
  Int r = 0;
  const char* message = Wide ? "bigint out of range" : "integer out of range";
  if (__builtin_mul_overflow(a / greatest_common_divisor<Wide>(a, b), b, &r) || r == INT64_MIN) fail(message);
  r = r < 0 ? -r : r;
  if (!Wide && r > INT32_MAX) fail(message);
  return r;
}

bool special(const Numeric& n) { return n.kind != Numeric::Class::kFinite; }
Numeric nan() {
  Numeric n;
  n.kind = Numeric::Class::kNaN;
  return n;
}

Numeric numeric_gcd(Numeric a, Numeric b) {
  if (special(a) || special(b)) return nan();
  const std::int32_t scale = std::max(a.scale, b.scale);
  while (!b.is_zero()) {
    Numeric r = a % b;
    a = std::move(b);
    b = std::move(r);
  }
  return a.abs().round(scale);
}

Numeric numeric_lcm(const Numeric& a, const Numeric& b) {
  if (special(a) || special(b)) return nan();
  const std::int32_t scale = std::max(a.scale, b.scale);
  if (a.is_zero() || b.is_zero()) return Numeric::make(0, scale);
  return (a.div_trunc(numeric_gcd(a, b)) * b).abs().round(scale);
}

Numeric factorial(Int n) {
  if (n < 0) fail("factorial of a negative number is undefined");
  if (n > 32177) fail("value overflows numeric format");
  Numeric r(1);
  for (Int i = 2; i <= n; ++i) r = r * Numeric(i);
  return r;
}

Int buckets_checked(Int count) {
  if (count <= 0) fail("count must be greater than zero");
  return count;
}
Int one_more(Int count) {
  if (count == INT32_MAX) fail("integer out of range");
  return count + 1;
}

Int bucket_of_double(double x, double low, double high, Int count) {
  buckets_checked(count);
  if (std::isnan(x) || std::isnan(low) || std::isnan(high)) fail("operand, lower bound, and upper bound cannot be NaN");
  if (std::isinf(low) || std::isinf(high)) fail("lower and upper bounds must be finite");
  if (low == high) fail("lower bound cannot equal upper bound");
  const bool up = low < high;
  if (up ? x < low : x > low) return 0;
  if (up ? x >= high : x <= high) return one_more(count);
  const double n = static_cast<double>(count);
  const double r = up ? n * (x - low) / (high - low) + 1 : n * (low - x) / (low - high) + 1;
  return std::fabs(r) < 0x1p31 ? static_cast<Int>(r) : INT32_MIN;  // as the machine converts
}

Int bucket_of_numeric(const Numeric& x, const Numeric& low, const Numeric& high, Int count) {
  buckets_checked(count);
  if (x.kind == Numeric::Class::kNaN || low.kind == Numeric::Class::kNaN || high.kind == Numeric::Class::kNaN) {
    fail("operand, lower bound, and upper bound cannot be NaN");
  }
  if (special(low) || special(high)) fail("lower and upper bounds must be finite");
  const int order = low.compare(high);
  if (order == 0) fail("lower bound cannot equal upper bound");
  if (order < 0 ? x.compare(low) < 0 : x.compare(low) > 0) return 0;
  if (order < 0 ? x.compare(high) >= 0 : x.compare(high) <= 0) return one_more(count);
  return ((x - low) * Numeric(count) / (high - low) + Numeric(1)).floor().to_int64();  // the quotient is rounded, as PostgreSQL's is
}

std::int32_t clamp_scale(Int scale) { return static_cast<std::int32_t>(std::min<Int>(std::max<Int>(scale, -2000), 2000)); }

double sign_of(double x) { return x > 0 ? 1 : x < 0 ? -1 : 0; }
Numeric sign_of(const Numeric& n) { return n.kind == Numeric::Class::kNaN ? n : Numeric(n.sign()); }

std::string hexadecimal(std::uint64_t v) {
  std::string s;
  do s.insert(s.begin(), "0123456789abcdef"[v & 15]);
  while (v >>= 4);
  return s;
}

void add_double(Kernels& k, const std::string& name, Kernel kernel, Effort effort = Effort::kCareful) { k.add(name + " float8", kernel, effort); }

}  // namespace

void add_mathematics(Kernels& k) {
  for (const char* name : {"ceil", "ceiling"}) {
    add_double(k, name, pointwise<[](double x) { return std::ceil(x); }>, Effort::kCheap);
    k.add(std::string(name) + " numeric", pointwise<[](const Numeric& x) { return x.ceil(); }>);
  }
  add_double(k, "floor", pointwise<[](double x) { return std::floor(x); }>, Effort::kCheap);
  add_double(k, "round", pointwise<[](double x) { return std::nearbyint(x); }>, Effort::kCheap);
  add_double(k, "trunc", pointwise<[](double x) { return std::trunc(x); }>, Effort::kCheap);
  add_double(k, "sign", pointwise<[](double x) { return sign_of(x); }>, Effort::kCheap);
  k.add("floor numeric", pointwise<[](const Numeric& x) { return x.floor(); }>);
  k.add("sign numeric", pointwise<[](const Numeric& x) { return sign_of(x); }>);
  k.add("round numeric", pointwise<[](const Numeric& x) { return x.round(0); }>);
  k.add("trunc numeric", pointwise<[](const Numeric& x) { return x.trunc(0); }>);
  k.add("round numeric int4", pointwise<[](const Numeric& x, Int s) { return x.round(clamp_scale(s)); }>);
  k.add("trunc numeric int4", pointwise<[](const Numeric& x, Int s) { return x.trunc(clamp_scale(s)); }>);
  k.add("scale numeric", pointwise<[](const Numeric& x) -> std::optional<Int> {
          if (special(x)) return std::nullopt;
          return x.scale;
        }>);
  k.add("min_scale numeric", pointwise<[](const Numeric& x) -> std::optional<Int> {
          if (special(x)) return std::nullopt;
          return x.min_scale();
        }>);
  k.add("trim_scale numeric", pointwise<[](const Numeric& x) { return special(x) ? x : x.trim_scale(); }>);

  for (const std::string name : {"power", "pow", "^"}) {
    k.add(name + " float8 float8", pointwise<[](double x, double y) { return power(x, y); }>);
    k.add(name + " numeric numeric", pointwise<[](const Numeric& x, const Numeric& y) { return x.power(y); }>);
  }
  add_double(k, "sqrt", pointwise<[](double x) { return square_root(x); }>);
  add_double(k, "|/", pointwise<[](double x) { return square_root(x); }>);
  add_double(k, "cbrt", pointwise<[](double x) { return std::cbrt(x); }>);
  add_double(k, "||/", pointwise<[](double x) { return std::cbrt(x); }>);
  add_double(k, "exp", pointwise<[](double x) { return exponential(x); }>);
  add_double(k, "ln", pointwise<[](double x) { return logarithm<std::log>(x); }>);
  add_double(k, "log", pointwise<[](double x) { return logarithm<std::log10>(x); }>);
  add_double(k, "log10", pointwise<[](double x) { return logarithm<std::log10>(x); }>);
  k.add("sqrt numeric", pointwise<[](const Numeric& x) { return x.sqrt(); }>);
  k.add("exp numeric", pointwise<[](const Numeric& x) { return x.exp(); }>);
  k.add("ln numeric", pointwise<[](const Numeric& x) { return x.ln(); }>);
  k.add("log numeric", pointwise<[](const Numeric& x) { return x.log(Numeric(10)); }>);
  k.add("log10 numeric", pointwise<[](const Numeric& x) { return x.log(Numeric(10)); }>);
  k.add("log numeric numeric", pointwise<[](const Numeric& base, const Numeric& x) { return x.log(base); }>);

  k.add("pi", pointwise<[]() { return kPi; }>, Effort::kCheap);
  add_double(k, "degrees", pointwise<[](double x) { return degrees(x); }>);
  add_double(k, "radians", pointwise<[](double x) { return radians(x); }>);
  add_double(k, "sin", pointwise<[](double x) { return finite<std::sin>(x); }>);
  add_double(k, "cos", pointwise<[](double x) { return finite<std::cos>(x); }>);
  add_double(k, "tan", pointwise<[](double x) { return finite<std::tan>(x); }>);
  add_double(k, "cot", pointwise<[](double x) { return finite<cotangent>(x); }>);
  add_double(k, "asin", pointwise<[](double x) { return within_one<std::asin>(x); }>);
  add_double(k, "acos", pointwise<[](double x) { return within_one<std::acos>(x); }>);
  add_double(k, "atan", pointwise<[](double x) { return std::atan(x); }>);
  k.add("atan2 float8 float8", pointwise<[](double y, double x) { return std::atan2(y, x); }>);
  add_double(k, "sinh", pointwise<[](double x) { return hyperbolic_sine(x); }>);
  add_double(k, "cosh", pointwise<[](double x) { return hyperbolic_cosine(x); }>);
  add_double(k, "tanh", pointwise<[](double x) { return std::tanh(x); }>);
  add_double(k, "asinh", pointwise<[](double x) { return std::asinh(x); }>);
  add_double(k, "acosh", pointwise<[](double x) { return inverse_hyperbolic_cosine(x); }>);
  add_double(k, "atanh", pointwise<[](double x) { return inverse_hyperbolic_tangent(x); }>);
  add_double(k, "sind", pointwise<[](double x) { return sind(x); }>);
  add_double(k, "cosd", pointwise<[](double x) { return cosd(x); }>);
  add_double(k, "tand", pointwise<[](double x) { return tand(x); }>);
  add_double(k, "cotd", pointwise<[](double x) { return cotd(x); }>);
  add_double(k, "asind", pointwise<[](double x) { return within_one<asind>(x); }>);
  add_double(k, "acosd", pointwise<[](double x) { return within_one<acosd>(x); }>);
  add_double(k, "atand", pointwise<[](double x) { return std::atan(x) / in_degrees().atan_one * 45; }>);
  k.add("atan2d float8 float8", pointwise<[](double y, double x) { return std::atan2(y, x) / in_degrees().atan_one * 45; }>);

  k.add("gcd int4 int4", pointwise<[](Int a, Int b) { return greatest_common_divisor<false>(a, b); }>);
  k.add("gcd int8 int8", pointwise<[](Int a, Int b) { return greatest_common_divisor<true>(a, b); }>);
  k.add("gcd numeric numeric", pointwise<[](const Numeric& a, const Numeric& b) { return numeric_gcd(a, b); }>);
  k.add("lcm int4 int4", pointwise<[](Int a, Int b) { return least_common_multiple<false>(a, b); }>);
  k.add("lcm int8 int8", pointwise<[](Int a, Int b) { return least_common_multiple<true>(a, b); }>);
  k.add("lcm numeric numeric", pointwise<[](const Numeric& a, const Numeric& b) { return numeric_lcm(a, b); }>);
  k.add("factorial int8", pointwise<[](Int n) { return factorial(n); }>);
  k.add("width_bucket float8 float8 float8 int4", pointwise<[](double x, double a, double b, Int n) { return bucket_of_double(x, a, b, n); }>);
  k.add("width_bucket numeric numeric numeric int4",
        pointwise<[](const Numeric& x, const Numeric& a, const Numeric& b, Int n) { return bucket_of_numeric(x, a, b, n); }>);
  k.add("to_hex int4", pointwise<[](Int v) { return hexadecimal(static_cast<std::uint32_t>(v)); }>);
  k.add("to_hex int8", pointwise<[](Int v) { return hexadecimal(static_cast<std::uint64_t>(v)); }>);
}

}  // namespace weir
