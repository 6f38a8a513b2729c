// Catches an array that reads back otherwise than it was written, an order or a hash that is not that of its elements, NULLs out of place, and literals that PostgreSQL
// refuses let in.
#include "zset/array.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "weir/error.h"
#include "zset/text_form.h"

namespace weir {
namespace {

std::string read_back(const std::string& text, TypeId element) {
  Arena arena;
  std::string out;
  const Type type{array_of(element), 0, 0};
  format_array(parse_array(text, type, arena), type, out);
  return out;
}

TEST(Array, ReadsAndWritesAsPostgreSQL) {
  EXPECT_EQ(read_back("{}", TypeId::kInteger), "{}");
  EXPECT_EQ(read_back(" { 1 , null,-3 } ", TypeId::kInteger), "{1,NULL,-3}");
  EXPECT_EQ(read_back(R"({a b, "c,d" ,"NULL",nUlL,"","q\"r\\", \x})", TypeId::kText), R"({"a b","c,d","NULL",NULL,"","q\"r\\",x})");
  EXPECT_EQ(read_back("{1.0,1.00,NaN}", TypeId::kNumeric), "{1.0,1.00,NaN}");
  EXPECT_EQ(read_back("{t,false}", TypeId::kBoolean), "{t,f}");
  EXPECT_EQ(read_back("{2020-01-02 03:04:05}", TypeId::kTimestamp), "{\"2020-01-02 03:04:05\"}");
  EXPECT_EQ(read_back("{1 day,24:00:00}", TypeId::kInterval), "{\"1 day\",24:00:00}");
  for (const char* bad : {"", "1", "{", "{1", "{1,", "{1,}", "{,1}", "{1}}", "{1}x", "{\"1", "{1\"2\"}", "{\"1\"2}", "[1:2", "{1\\"}) {
    EXPECT_THROW(read_back(bad, TypeId::kInteger), Failure) << bad;
  }
  EXPECT_THROW(read_back("{{1}}", TypeId::kInteger), Failure);
  EXPECT_THROW(read_back("[2:3]={1,2}", TypeId::kInteger), Failure);
}

TEST(Array, EqualityIsThatOfTheElements) {
  Arena arena;
  const Type numerics{array_of(TypeId::kNumeric), 0, 0};
  const Bytes a = parse_array("{1.0,NULL}", numerics, arena), b = parse_array("{1,NULL}", numerics, arena);
  EXPECT_FALSE(a == b);
  EXPECT_EQ(array_compare(a, b), 0);
  EXPECT_EQ(array_hash(a), array_hash(b));
}

RC_GTEST_PROP(Array, HoldsWhatIsPutInAndComparesByIt, ()) {
  using Elements = std::vector<std::optional<std::string>>;
  const auto some = [] {
    return *rc::gen::container<Elements>(rc::gen::map(rc::gen::inRange(0, 6), [](int n) {
      return n == 0 ? std::nullopt : std::optional(std::string(static_cast<std::size_t>(n * 4), static_cast<char>('a' + n % 2)));
    }));
  };
  Arena arena;
  const auto array = [&](const Elements& list) {
    ArrayBuilder out(KeyKind::kText);
    for (const auto& e : list) out.add(e ? Datum::of(Bytes(*e)) : Datum());
    return out.take(arena);
  };
  const Elements x = some(), y = some();
  const Bytes a = array(x), b = array(y);
  const ArrayView view(a.view());
  RC_ASSERT(view.size() == x.size());
  for (std::uint32_t i = 0; i < x.size(); ++i) {
    RC_ASSERT(view[i].null == !x[i]);
    if (x[i]) RC_ASSERT(view[i].bytes.view() == *x[i]);
  }
  const auto below = [](const auto& u, const auto& v) { return u && (!v || *u < *v); };  // NULL above all
  const bool less = std::lexicographical_compare(x.begin(), x.end(), y.begin(), y.end(), below);
  const bool more = std::lexicographical_compare(y.begin(), y.end(), x.begin(), x.end(), below);
  RC_ASSERT(array_compare(a, b) == (less ? -1 : more ? 1 : 0));
  std::string text;
  const Type texts{array_of(TypeId::kText), 0, 0};
  format_array(a, texts, text);
  RC_ASSERT(parse_array(text, texts, arena) == a);
}

}  // namespace
}  // namespace weir
