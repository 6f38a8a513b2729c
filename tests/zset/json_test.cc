// Catches JSON that PostgreSQL refuses let in or the reverse, a JSONB that is not written as PostgreSQL writes it, an order that is not its btree's, and equal values that hash
// or sort by other bytes.
#include "zset/json.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "weir/error.h"

namespace weir {
namespace {

bool is_json(const std::string& text) {
  try {
    check_json(text, false);
  } catch (const Failure&) {
    return false;
  }
  return true;
}

std::string order(const std::string& json) {
  std::string out;
  append_jsonb_order(out, normalised_json(json));
  return out;
}

TEST(Json, TakesWhatPostgreSQLTakes) {
  for (const char* good : {"null", " true\t", "false", "0", "-0", "1.50", "1e5", "1E+5", "-1.5e-10", "\"\"", "\"\\u0000\"", "\"\\ud83d\"", "[]", " [ ] ", "[1 , [2],{}]", "{}", "{\"a\":1,\"a\" : [ ]}",
                           "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\x7f\""}) {
    EXPECT_TRUE(is_json(good)) << good;
  }
  for (const char* bad : {"", " ", "nul", "nulll", "True", "01", "+1", "1.", ".5", "1e", "-", "1a", "1 2", "\"", "\"a", "\"\\x\"", "\"\\u12g4\"", "\"\\u123", "\"\t\"", "[", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "]",
                          "{", "{a:1}", "{1:2}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{\"a\":1", "{\"a\":1}}", "'a'", "\v1"}) {
    EXPECT_FALSE(is_json(bad)) << bad;
  }
}

TEST(Json, NestsThisDeepAndNoDeeper) {
  const auto nested = [](int depth) { return std::string(static_cast<std::size_t>(depth), '[') + std::string(static_cast<std::size_t>(depth), ']'); };
  EXPECT_EQ(normalised_json(nested(kJsonDepthMost)), nested(kJsonDepthMost));
  EXPECT_FALSE(is_json(nested(kJsonDepthMost + 1)));
}

TEST(Json, IsNormalisedAsPostgreSQLDoes) {
  EXPECT_EQ(normalised_json(" { \"bb\" : 1 , \"a\":[1,2 ,null],\"aa\":{} , \"\":true, \"a\" : \"last\"} "), R"({"": true, "a": "last", "aa": {}, "bb": 1})");
  EXPECT_EQ(normalised_json("[-0, -0.0, 1e2, 1.50e1, 1e-5, 1.000, 12345678901234567890123.10]"), "[0, 0.0, 100, 15.0, 0.00001, 1.000, 12345678901234567890123.10]");
  EXPECT_EQ(normalised_json(R"("\u00e9\ud83d\ude04\/\u0001\u001f\n\"\\")"), "\"\xc3\xa9\xf0\x9f\x98\x84/\\u0001\\u001f\\n\\\"\\\\\"");
  EXPECT_EQ(normalised_json(R"({"\u0061": 1, "a": 2})"), R"({"a": 2})");
  for (const char* bad : {R"("\u0000")", R"("\ud83d")", R"("\ude04")", R"("\ud83dx")", R"("\ud83d\n")", R"("\ud83d\ud83d")", R"({"\u0000": 1})"}) EXPECT_THROW(normalised_json(bad), Failure) << bad;
}

TEST(Json, OrderIsPostgreSQLs) {
  const std::vector<std::string> sorted = {"[]",   "null",    "\"\"",    "\"a\"",     "\"a\\n\"",   "\"aa\"",     "\"b\"",       "-10",      "-9", "-1", "-0.5", "-0.05", "0",
                                           "0.05", "0.5",     "1",       "1.01",      "9",          "10",         "1e30",        "false",    "true", "[null]", "[\"a\"]", "[1]", "[[]]", "[{}]",
                                           "[1, 2]", "[1, 3]", "{}",     "{\"a\": 1}", "{\"a\": []}", "{\"aa\": 0}", "{\"b\": 0}", "{\"a\": 1, \"b\": 2}"};
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    for (std::size_t j = 0; j < sorted.size(); ++j) {
      const int expected = i < j ? -1 : i > j;
      const int found = order(sorted[i]).compare(order(sorted[j]));
      EXPECT_EQ(found < 0 ? -1 : found > 0, expected) << sorted[i] << " and " << sorted[j];
    }
  }
}

TEST(Json, EqualityIsThatOfNumbers) {
  const Bytes a(std::string_view("{\"a\": [1.0, 20]}")), b(std::string_view("{\"a\": [1.000, 20.0]}"));
  EXPECT_FALSE(a == b);
  EXPECT_EQ(jsonb_compare(a, b), 0);
  EXPECT_EQ(jsonb_hash(a), jsonb_hash(b));
  EXPECT_NE(jsonb_compare(a, Bytes(std::string_view("{\"a\": [1.0, 2]}"))), 0);
}

TEST(Json, MembersAreThoseOfTheTextAsItIs) {
  std::string all;
  for (JsonMembers m(" { \"a\\\"\" :  1 , \"b\" : [ 1, \"]\" ] , \"c\":{\"x\":\"}\"}} "); m.next();) ((all += m.key()) += '=') += std::string(m.value()) + ';';
  EXPECT_EQ(all, "\"a\\\"\"=1;\"b\"=[ 1, \"]\" ];\"c\"={\"x\":\"}\"};");
  EXPECT_FALSE(JsonMembers("[ ]").next());
  EXPECT_EQ(json_text(R"("\u00e9\t")"), "\xc3\xa9\t");
  EXPECT_EQ(json_type(" [1]"), JsonType::kArray);
}

}  // namespace
}  // namespace weir
