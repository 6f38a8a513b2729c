// Catches a value or a display scale that is not PostgreSQL's (a table of its answers), a result that differs between the fast path on 128 bits and
// the long one, an encoding that is not canonical, and a hash that tells equal numbers apart.

#include "zset/numeric.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <weir/error.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "zset/limbs.h"

namespace weir {
namespace {

Numeric num(std::string_view text) { return Numeric::parse(text); }

std::vector<std::string> fields(const std::string& line) {
  std::vector<std::string> parts(1);
  for (const char c : line) {
    if (c == '|') parts.emplace_back();
    else parts.back().push_back(c);
  }
  return parts;
}

using Text = const std::string&;
using Operation = std::function<std::string(Text, Text)>;

const std::map<std::string, Operation>& operations() {
  static const std::map<std::string, Operation> all = {
      {"add", [](Text a, Text b) { return (num(a) + num(b)).to_string(); }},
      {"sub", [](Text a, Text b) { return (num(a) - num(b)).to_string(); }},
      {"mul", [](Text a, Text b) { return (num(a) * num(b)).to_string(); }},
      {"div", [](Text a, Text b) { return (num(a) / num(b)).to_string(); }},
      {"mod", [](Text a, Text b) { return (num(a) % num(b)).to_string(); }},
      {"div_trunc", [](Text a, Text b) { return num(a).div_trunc(num(b)).to_string(); }},
      {"compare", [](Text a, Text b) { return std::to_string(num(a).compare(num(b))); }},
      {"round", [](Text a, Text b) { return num(a).round(std::stoi(b)).to_string(); }},
      {"trunc", [](Text a, Text b) { return num(a).trunc(std::stoi(b)).to_string(); }},
      {"typed", [](Text a, Text b) { return num(a).typed(10, std::stoi(b)).to_string(); }},
      {"ceil", [](Text a, Text) { return num(a).ceil().to_string(); }},
      {"floor", [](Text a, Text) { return num(a).floor().to_string(); }},
      {"sqrt", [](Text a, Text) { return num(a).sqrt().to_string(); }},
      {"exp", [](Text a, Text) { return num(a).exp().to_string(); }},
      {"ln", [](Text a, Text) { return num(a).ln().to_string(); }},
      {"log", [](Text a, Text b) { return num(b).log(num(a)).to_string(); }},
      {"power", [](Text a, Text b) { return num(a).power(num(b)).to_string(); }},
      {"trim_scale", [](Text a, Text) { return num(a).trim_scale().to_string(); }},
      {"parse", [](Text a, Text) { return num(a).to_string(); }},
      {"to_int64", [](Text a, Text) { return std::to_string(num(a).to_int64()); }},
      {"from_double", [](Text a, Text) { return Numeric::from_double(std::strtod(a.c_str(), nullptr), 15).to_string(); }},
      {"from_float", [](Text a, Text) { return Numeric::from_double(std::strtof(a.c_str(), nullptr), 6).to_string(); }},
  };
  return all;
}

TEST(Numeric, AnswersAsPostgreSQL) {
  std::ifstream file(WEIR_SOURCE_DIR "/tests/zset/numeric_cases.txt");
  ASSERT_TRUE(file.is_open());
  std::string line;
  int cases = 0;
  while (std::getline(file, line)) {
    if (line.empty() || line[0] == '#') continue;
    const auto part = fields(line);
    ASSERT_EQ(part.size(), 4u) << line;
    std::string answer;
    try {
      if (part[0] == "to_double") {
        EXPECT_EQ(num(part[1]).to_double(), std::strtod(part[3].c_str(), nullptr)) << line;
        answer = part[3];
      } else if (part[0] == "to_float") {
        EXPECT_EQ(num(part[1]).to_float(), std::strtof(part[3].c_str(), nullptr)) << line;
        answer = part[3];
      } else {
        answer = operations().at(part[0])(part[1], part[2]);
      }
    } catch (const Failure& failure) {
      answer = std::string("ERR ") + failure.what();
    }
    EXPECT_EQ(answer, part[3]) << line;
    ++cases;
  }
  EXPECT_GT(cases, 500);
}

TEST(Numeric, EndsOfTheFormat) {
  EXPECT_EQ(num("1e131071").to_string().size(), 131072u);
  EXPECT_THROW(num("1e131072"), Failure);
  EXPECT_THROW(num("1e131071") * num("10"), Failure);
  EXPECT_THROW(num("9e131071") + num("1e131071"), Failure);
  EXPECT_EQ((num("1e-16383") * num("1e-1")).to_string(), "0." + std::string(16383, '0'));
  EXPECT_THROW(num("1e-16384"), Failure);
  EXPECT_EQ(num("1.5").round(20000).scale, 16383);
}

TEST(Numeric, DoublesAtTheDoor) {
  EXPECT_THROW(num("1e400").to_double(), Failure);
  EXPECT_THROW(num("1e-400").to_double(), Failure);
  EXPECT_EQ(num("4e-324").to_double(), 0x1p-1074);
  EXPECT_TRUE(std::isnan(num("NaN").to_double()));
  EXPECT_EQ(num("-inf").to_double(), -INFINITY);
  EXPECT_EQ(num("16777217").to_float(), 16777216.0F);
}

// Digits, sign and scale of a number that may or may not fit 128 bits.
rc::Gen<std::string> numbers() {
  return rc::gen::exec([] {
    const int digits = *rc::gen::element(1, 2, 4, 9, 18, 19, 21, 22, 24, 37, 38, 39, 40, 60);
    std::string text = *rc::gen::container<std::string>(static_cast<std::size_t>(digits), rc::gen::elementOf(std::string("0123456789990")));
    const int scale = *rc::gen::inRange(0, digits + 3);
    if (scale > 0) {
      if (scale >= digits) text.insert(0, static_cast<std::size_t>(scale - digits + 1), '0');
      text.insert(text.size() - static_cast<std::size_t>(scale), 1, '.');
    }
    return (*rc::gen::arbitrary<bool>() ? "-" : "") + text;
  });
}

// The same number, always by the long way.
Limbs coefficient(const Numeric& n) { return n.limbs.empty() ? limbs_from(static_cast<unsigned __int128>(n.small < 0 ? -n.small : n.small)) : n.limbs; }

RC_GTEST_PROP(Numeric, EncodingIsCanonicalAndComesBack, ()) {
  Arena arena;
  const Numeric n = num(*numbers());
  const Bytes bytes = n.encode(arena);
  const Numeric back = Numeric::decode(bytes);
  RC_ASSERT(back.to_string() == n.to_string());
  RC_ASSERT(back.encode(arena) == bytes);
  RC_ASSERT(bytes.size == 3 + (limbs_bits(coefficient(n)) + 7) / 8);
  RC_ASSERT(num(n.to_string()).encode(arena) == bytes);
}

TEST(Numeric, SmallNumbersTakeTheFastPath) {
  Arena arena;
  for (const char* text : {"0", "-0.01", "12.50", "-170141183460469231731687303715884105727", "170141183460469231731687303715884105.727"}) {
    __int128 coefficient = 0;
    std::int32_t scale = 0;
    ASSERT_TRUE(numeric_small(num(text).encode(arena), coefficient, scale)) << text;
    EXPECT_EQ(Numeric::make(coefficient, scale).to_string(), text);
  }
  for (const char* text : {"NaN", "inf", "-inf", "170141183460469231731687303715884105728"}) {
    __int128 coefficient = 0;
    std::int32_t scale = 0;
    EXPECT_FALSE(numeric_small(num(text).encode(arena), coefficient, scale)) << text;
  }
}

RC_GTEST_PROP(Numeric, FastPathsAgreeWithTheLongWay, ()) {
  Arena arena;
  const Numeric a = num(*numbers()), b = num(*numbers());
  const Bytes x = a.encode(arena), y = b.encode(arena);
  RC_ASSERT(numeric_add(x, y, arena) == (a + b).encode(arena));
  RC_ASSERT(numeric_subtract(x, y, arena) == (a - b).encode(arena));
  RC_ASSERT(numeric_multiply(x, y, arena) == (a * b).encode(arena));
  RC_ASSERT(numeric_compare(x, y) == a.compare(b));
  RC_ASSERT((a * b).to_string().size() >= static_cast<std::size_t>((a * b).scale));
  RC_ASSERT(coefficient(a * b) == limbs_multiply(coefficient(a), coefficient(b)));
  RC_ASSERT(((a + b) - b).compare(a) == 0);
  RC_ASSERT((a - b).sign() == a.compare(b));
  if (!b.is_zero()) {
    const Numeric remainder = a % b;
    RC_ASSERT((a.div_trunc(b) * b + remainder).compare(a) == 0);
    RC_ASSERT(remainder.abs().compare(b.abs()) < 0);
  }
}

RC_GTEST_PROP(Numeric, EqualNumbersHashAlike, ()) {
  Arena arena;
  const Numeric n = num(*numbers());
  const Numeric longer = n.round(n.scale + *rc::gen::inRange(0, 50));
  RC_ASSERT(numeric_compare(n.encode(arena), longer.encode(arena)) == 0);
  RC_ASSERT(numeric_hash(n.encode(arena)) == numeric_hash(longer.encode(arena)));
  RC_ASSERT(n.is_zero() || numeric_hash(n.encode(arena)) != numeric_hash((-n).encode(arena)));
}

RC_GTEST_PROP(Limbs, DivisionUndoesMultiplication, (const Limbs& some, const Limbs& other, const Limbs& third)) {
  const auto natural = [](Limbs a) {
    while (!a.empty() && a.back() == 0) a.pop_back();
    return a;
  };
  const Limbs a = natural(some), b = limbs_add(natural(other), Limbs{1}), c = natural(third);
  Limbs rest;
  limbs_divide(c, b, &rest);
  const Limbs product = limbs_add(limbs_multiply(a, b), rest);
  Limbs remainder;
  RC_ASSERT(limbs_divide(product, b, &remainder) == a);
  RC_ASSERT(remainder == rest);
  RC_ASSERT(limbs_from_decimal(limbs_to_decimal(product)) == product);
  const Limbs root = limbs_root(product);
  RC_ASSERT(limbs_compare(limbs_multiply(root, root), product) <= 0);
  const Limbs next = limbs_add(root, Limbs{1});
  RC_ASSERT(limbs_compare(limbs_multiply(next, next), product) > 0);
}

// The estimate of a quotient's limb that is one too large: rare in random numbers.
TEST(Limbs, DivisionCorrectsItsEstimate) {
  const Limbs a{0, 0xfffffffe, 0x80000000}, b{0xffffffff, 0x80000000};
  Limbs remainder;
  const Limbs quotient = limbs_divide(a, b, &remainder);
  EXPECT_EQ(limbs_add(limbs_multiply(quotient, b), remainder), a);
  EXPECT_LT(limbs_compare(remainder, b), 0);
  const Limbs c{3, 0, 0x80000000}, d{1, 0, 0x20000000};
  const Limbs q = limbs_divide(c, d, &remainder);
  EXPECT_EQ(limbs_add(limbs_multiply(q, d), remainder), c);
  EXPECT_LT(limbs_compare(remainder, d), 0);
}

TEST(Limbs, LongNumbersToDecimalAndBack) {
  std::string text = "7";
  for (int i = 0; i < 3000; ++i) text += std::to_string(i * 7919 % 1000 == 0 ? 0 : i);
  text += std::string(700, '0');
  EXPECT_EQ(limbs_to_decimal(limbs_from_decimal(text)), text);
}

}  // namespace
}  // namespace weir
