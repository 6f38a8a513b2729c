// Catches a sum that depends on the order of its terms, that does not come back after a retraction, or that is not the nearest double: rounding of ties,
// subnormals, huge values, cancellation, growth of the window on both sides, the sign's limb.

#include "zset/exact_sum.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <utility>
#include <vector>

namespace weir {
namespace {

using Term = std::pair<double, std::int64_t>;
constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kMax = std::numeric_limits<double>::max();
constexpr double kTiny = std::numeric_limits<double>::denorm_min();

// The slow, obvious sum: one signed column for each bit position / 32, in units of 2^-1075 so that halves of ulps can be told.
class Reference {
 public:
  void add(double x, __int128 weight) {
    if (x == 0) return;
    int exponent;
    const auto mantissa = static_cast<std::int64_t>(std::ldexp(std::frexp(x, &exponent), 53));
    int position = exponent - 53 + 1075;
    std::int64_t m = mantissa;
    for (; position < 0; ++position) m /= 2;  // of a subnormal, whose low bits are zero
    for (int part = 0; part < 2; ++part) {    // the mantissa in two halves of 27 bits
      const __int128 piece = (part == 0 ? m % (1 << 27) : m / (1 << 27)) * weight;
      const int at = position + 27 * part;
      // piece * 2^(at % 32) in digits of 32 bits
      const bool negative = piece < 0;
      auto rest = static_cast<unsigned __int128>(negative ? -piece : piece);
      std::array<std::int64_t, 6> digits{};
      for (int i = 0; i < 4; ++i, rest >>= 32) {
        const auto digit = static_cast<std::uint64_t>(static_cast<std::uint32_t>(rest)) << (at % 32);
        digits[i] += static_cast<std::uint32_t>(digit);
        digits[i + 1] += static_cast<std::int64_t>(digit >> 32);
      }
      for (int i = 0; i < 6; ++i) columns_[at / 32 + i] += negative ? -digits[i] : digits[i];
    }
  }
  int sign() const {
    auto c = columns_;
    for (std::size_t i = 0; i + 1 < c.size(); ++i) {
      const std::int64_t carry = c[i] >> 32;
      c[i] -= carry * (std::int64_t{1} << 32);
      c[i + 1] += carry;
    }
    if (c.back() != 0) return c.back() < 0 ? -1 : 1;
    return std::any_of(c.begin(), c.end(), [](std::int64_t d) { return d != 0; }) ? 1 : 0;
  }

 private:
  std::array<std::int64_t, 80> columns_{};
};

// The nearest double to the sum, ties to even?
void expect_nearest(const std::vector<Term>& terms, double value) {
  Reference sum;
  for (const auto& [x, w] : terms) sum.add(x, w);
  if (std::isinf(value)) {  // at or beyond the largest double and half its ulp
    Reference twice;
    for (const auto& [x, w] : terms) twice.add(x, 2 * static_cast<__int128>(w));
    const int towards = value > 0 ? 1 : -1;
    twice.add(kMax, -2 * towards);
    twice.add(0x1p970, -2 * towards);
    EXPECT_GE(twice.sign() * towards, 0);
    return;
  }
  const bool even = (std::bit_cast<std::uint64_t>(value) & 1) == 0;
  for (const double direction : {-kInf, kInf}) {
    const double next = std::nextafter(value, direction);
    Reference distance;  // 2 sum - value - next
    for (const auto& [x, w] : terms) distance.add(x, 2 * static_cast<__int128>(w));
    distance.add(value, -1);
    if (std::isinf(next)) {
      distance.add(value, -1);
      distance.add(std::copysign(std::ldexp(1.0, 971), value), -1);
    } else {
      distance.add(next, -1);
    }
    const int beyond = direction > 0 ? distance.sign() : -distance.sign();
    EXPECT_TRUE(beyond < 0 || (beyond == 0 && even)) << "value " << value << " direction " << direction;
  }
}

double sum_of(const std::vector<Term>& terms) {
  ExactSum sum;
  for (const auto& [x, w] : terms) sum.add(x, w);
  return sum.value();
}

double random_double(std::mt19937_64& random, int flavour) {
  for (;;) {
    double x = 0;
    switch (flavour) {
      case 0: x = std::bit_cast<double>(random()); break;                                                           // any bits at all
      case 1: x = static_cast<double>(static_cast<std::int64_t>(random() % 2'000'000) - 1'000'000) / 100; break;     // money
      case 2: x = std::ldexp(static_cast<double>(random() >> 11), static_cast<int>(random() % 12) - 1085); break;    // about the subnormals
      case 3: x = std::ldexp(static_cast<double>(random() >> 11), 965 + static_cast<int>(random() % 6)); break;      // about the largest
      case 4: x = std::ldexp(1.0, static_cast<int>(random() % 120) - 60); break;                                     // ties
      default: x = std::ldexp(static_cast<double>(random() >> 11), static_cast<int>(random() % 400) - 200); break;
    }
    if ((random() & 1) != 0) x = -x;
    if (std::isfinite(x)) return x;
  }
}

TEST(ExactSum, KnownSums) {
  EXPECT_EQ(sum_of({}), 0.0);
  EXPECT_EQ(sum_of({{0.1, 10}}), 1.0);
  EXPECT_EQ(sum_of({{0.1, 1}, {0.2, 1}, {0.3, 1}}), 0.6);
  EXPECT_EQ(sum_of({{1e308, 1}, {1.0, 1}, {-1e308, 1}}), 1.0);
  EXPECT_EQ(sum_of({{1e308, 1}, {1e-308, 1}, {1e308, -1}}), 1e-308);
  EXPECT_EQ(sum_of({{1e16, 1}, {1.0, 1}}), 1e16);                     // a tie, to even
  EXPECT_EQ(sum_of({{1e16, 1}, {1.0, 1}, {kTiny, 1}}), 1e16 + 2);     // beyond the tie by the least there is
  EXPECT_EQ(sum_of({{1e16, 1}, {1.0, 1}, {kTiny, -1}}), 1e16);
  EXPECT_EQ(sum_of({{-1e16, 1}, {-1.0, 1}, {-kTiny, 1}}), -1e16 - 2);
  EXPECT_EQ(sum_of({{kTiny, 3}}), 3 * kTiny);
  EXPECT_EQ(sum_of({{-kTiny, INT64_MAX}}), -std::ldexp(1.0, 63 - 1074));
  EXPECT_EQ(sum_of({{-1.0, INT64_MIN}}), 0x1p63);
  EXPECT_EQ(sum_of({{kMax, INT64_MIN}, {kMax, INT64_MAX}, {kMax, 2}}), kMax);
  EXPECT_EQ(sum_of({{kMax, 1}, {0x1p969, 1}}), kMax);                 // less than half an ulp more
  EXPECT_EQ(sum_of({{kMax, 1}, {0x1p970, 1}}), kInf);
  EXPECT_EQ(sum_of({{2.5, 1}, {2.5, -1}}), 0.0);
}

TEST(ExactSum, InfinitiesAndNaNsAreCountedApart) {
  ExactSum sum;
  sum.add(1.5, 1);
  sum.add(kInf, 1);
  EXPECT_EQ(sum.value(), kInf);
  EXPECT_FALSE(sum.overflows());
  sum.add(-kInf, 1);
  EXPECT_TRUE(std::isnan(sum.value()));
  sum.add(kInf, -1);
  EXPECT_EQ(sum.value(), -kInf);
  sum.add(-kInf, -1);
  EXPECT_EQ(sum.value(), 1.5);
  sum.add(std::nan(""), 2);
  EXPECT_TRUE(std::isnan(sum.value()));
  sum.add(std::nan(""), -2);
  EXPECT_EQ(sum.value(), 1.5);
  sum.add(kMax, 2);
  EXPECT_TRUE(sum.overflows());
  sum.add(kMax, -1);
  EXPECT_FALSE(sum.overflows());
}

TEST(ExactSum, IsTheNearestDoubleInAnyOrderAndComesBack) {
  std::mt19937_64 random(20240501);
  for (int round = 0; round < 3000; ++round) {
    const int flavour = round % 7;
    std::vector<Term> terms(1 + random() % 12);
    for (auto& [x, w] : terms) {
      x = random_double(random, flavour == 6 ? static_cast<int>(random() % 6) : flavour);
      const auto kind = random() % 10;
      w = kind == 0 ? static_cast<std::int64_t>(random()) : kind < 3 ? static_cast<std::int64_t>(random() % 2000) - 1000 : kind < 6 ? -1 : 1;
    }
    const double value = sum_of(terms);
    expect_nearest(terms, value);

    ExactSum sum;
    std::vector<Term> guests(random() % 6);
    for (auto& [x, w] : guests) x = random_double(random, 0), w = static_cast<std::int64_t>(random() % 7) - 3;
    std::vector<Term> all = terms;
    for (const auto& [x, w] : guests) all.emplace_back(x, w);
    for (const auto& [x, w] : guests) all.emplace_back(x, -w);
    std::shuffle(all.begin(), all.end(), random);
    for (const auto& [x, w] : all) sum.add(x, w);
    ASSERT_EQ(std::bit_cast<std::uint64_t>(sum.value()), std::bit_cast<std::uint64_t>(value));

    for (const auto& [x, w] : all) sum.add(x, -w);
    ASSERT_EQ(std::bit_cast<std::uint64_t>(sum.value()), 0u);
  }
}

struct Pairs {
  ExactSum x, y, xy;
  std::int64_t n = 0;
  void add(double a, double b, std::int64_t weight = 1) {
    x.add(a, weight);
    y.add(b, weight);
    xy.add_product(a, b, weight);
    n += weight;
  }
  double moment() const { return comoment(n, x, y, xy); }
  bool overflows() const { return comoment_overflows(n, x, y, xy); }
};

TEST(ExactSum, ComomentsAreTheNearestDoubles) {
  Pairs p;
  p.add(1, 1);
  EXPECT_EQ(p.moment(), 0);
  p.add(2, 4);
  EXPECT_EQ(p.moment(), 1.5);
  p.add(4, -8);
  EXPECT_EQ(p.moment(), -16);  // 1*1 + 2*4 - 4*8 - 7*(-3)/3
  p.add(1e300, 1e-300);
  p.add(1e300, 1e-300, -1);
  p.add(kTiny, kTiny, 5);
  p.add(kTiny, kTiny, -5);
  EXPECT_EQ(p.moment(), -16);
  Pairs third;  // 0 and 1, 1 and 1, 0 and 0: 1 - 1*2/3 = 1/3
  third.add(0, 1), third.add(1, 1), third.add(0, 0);
  EXPECT_EQ(third.moment(), 1.0 / 3);
  Pairs far;  // cancellation that leaves nothing of a naive sum
  far.add(1e9 + 1, 1e9 + 1), far.add(1e9 - 1, 1e9 - 1);
  EXPECT_EQ(far.moment(), 2);
  Pairs small;
  small.add(kTiny, 1), small.add(0, 0);
  EXPECT_EQ(small.moment(), 0);  // half of the smallest number: to even
  small.add(2 * kTiny, 2);
  EXPECT_EQ(small.moment(), 2 * kTiny);
}

TEST(ExactSum, ComomentsComeBackAndTellOverflow) {
  Pairs p;
  p.add(0.1, 0.3), p.add(7, -0.2);
  const double before = p.moment();
  p.add(kInf, 1);
  EXPECT_TRUE(std::isnan(p.moment()));
  EXPECT_FALSE(p.overflows());
  p.add(kInf, 1, -1);
  p.add(-1.5e200, -1e200, 3);
  EXPECT_TRUE(p.overflows());
  p.add(-1.5e200, -1e200, -3);
  EXPECT_EQ(p.moment(), before);
  EXPECT_FALSE(p.overflows());
  Pairs same;
  same.add(1e300, 1e300, 1000);
  EXPECT_FALSE(same.overflows());
  EXPECT_EQ(same.moment(), 0);
}

TEST(ExactSum, OrdinaryNumbersStaySmall) {
  std::mt19937_64 random(7);
  ExactSum sum;
  for (int i = 0; i < 100'000; ++i) sum.add(random_double(random, 1), 1);
  EXPECT_LE(sum.heap_bytes(), 64u);
}

}  // namespace
}  // namespace weir
