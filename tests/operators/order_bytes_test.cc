// Would catch: two values whose bytes compare otherwise than ORDER BY compares the values, equal values with other bytes, and a value whose bytes are the beginning of
// another's, so that what follows decides.
#include "operators/order_bytes.h"

#include <gtest/gtest.h>

#include "tests/laws/zset_model.h"

namespace weir::test {
namespace {

int sign(int n) { return n < 0 ? -1 : n > 0; }

std::string bytes_of(const Cell& cell, KeyKind kind, bool descending, bool nulls_first) {
  Arena arena;
  std::string out;
  append_order_bytes(out, datum_of(cell, kind, arena), kind, descending, nulls_first);
  return out;
}

void compares(KeyKind kind, std::vector<Cell> cells) {
  cells.push_back(std::nullopt);
  Arena arena;
  for (const bool descending : {false, true}) {
    for (const bool nulls_first : {false, true}) {
      for (const Cell& a : cells) {
        for (const Cell& b : cells) {
          const int expected = !a || !b ? (static_cast<int>(!a) - static_cast<int>(!b)) * (nulls_first ? -1 : 1)
                                        : sign(key_compare(datum_of(a, kind, arena), datum_of(b, kind, arena), kind)) * (descending ? -1 : 1);
          const std::string x = bytes_of(a, kind, descending, nulls_first), y = bytes_of(b, kind, descending, nulls_first);
          const std::string which = a.value_or("NULL") + " and " + b.value_or("NULL") + (descending ? ", descending" : "");
          EXPECT_EQ(sign(x.compare(y)), expected) << which;
          EXPECT_FALSE(x != y && (x.starts_with(y) || y.starts_with(x))) << which;
        }
      }
    }
  }
}

TEST(OrderBytes, CompareLikeTheValues) {
  compares(KeyKind::kBool, {"t", "f"});
  compares(KeyKind::kInt, {"0", "1", "-1", "255", "256", "-256", "9223372036854775807", "-9223372036854775808"});
  compares(KeyKind::kDouble, {"0", "-0", "1", "-1", "1e-300", "-1e-300", "1e300", "-1e300", "inf", "-inf", "nan", "0.1", "0.10000000000000002"});
  compares(KeyKind::kText, {"", "a", "ab", "b", "a text of more than twelve bytes", "\x01", std::string("a\0", 2), std::string("a\0b", 3), "\xc3\xa9"});
  compares(KeyKind::kPadded, {"", "  ", "a", "a   ", "ab", "a b", "a\t"});
  compares(KeyKind::kNumeric, {"0", "0.00", "1", "1.00", "-1", "10", "9.99", "-9.99", "-10", "0.001", "-0.001", "1e40", "-1e40", "123456789012345678901234567890.5", "NaN", "Infinity",
                               "-Infinity", "100", "1000", "0.1", "0.12"});
  compares(KeyKind::kInterval, {"1 day", "24:00:00", "1 mon", "30 days", "-00:00:01", "00:00:00", "-1 mon", "29 days 23:59:59.999999"});
  compares(KeyKind::kJson, {"null", "[]", "\"\"", "\"a\"", "\"ab\"", "1", "1.0", "-1", "10", "0.5", "true", "false", "[1]", "[1.00]", "[1, 2]", "[[]]", "{}", "{\"a\": 1}", "{\"a\": [1]}", "{\"b\": null}"});
  compares(KeyKind::kArray, {"{}", "{0}", "{0.0}", "{-1}", "{0,0}", "{0,-1}", "{NULL}", "{0,NULL}", "{NULL,NULL}", "{NaN}", "{100}", "{9,1}"});
}

TEST(OrderBytes, SeveralKeysCompareOneAfterTheOther) {
  const auto pair = [](const char* a, const char* b) { return bytes_of(a, KeyKind::kText, false, false) + bytes_of(b, KeyKind::kInt, true, false); };
  EXPECT_LT(pair("a", "1"), pair("ab", "9"));
  EXPECT_GT(pair("a", "1"), pair("a", "2"));
  EXPECT_LT(pair("", "-5"), pair("a", "7"));
}

}  // namespace
}  // namespace weir::test
