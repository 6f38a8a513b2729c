// Would catch: labels in another order than the type's, types of one name that are taken for each other, numbers that differ from run to run.
#include "zset/enum_type.h"

#include <weir/error.h>
#include <weir/type.h>

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(EnumType, ValuesCompareAsTheTypeSays) {
  EnumType type{"size", {}};
  for (int i = 0; i < 300; ++i) type.labels.push_back("label " + std::to_string(999 - i));
  const std::int32_t number = enter_enum(type);
  for (std::size_t i = 1; i < type.labels.size(); ++i) EXPECT_LT(enum_value(number, type.labels[i - 1]), enum_value(number, type.labels[i]));
  EXPECT_EQ(enum_label(enum_value(number, "label 700")), "label 700");
  EXPECT_THROW(enum_value(number, "label 7"), Failure);
}

TEST(EnumType, Numbers) {
  const std::int32_t number = enter_enum({"mood", {"sad", "ok"}});
  EXPECT_GT(number, 0);
  EXPECT_EQ(enter_enum({"mood", {"sad", "ok"}}), number);
  EXPECT_NE(enter_enum({"mood", {"ok", "sad"}}), number);
  EXPECT_NE(enter_enum({"moods", {"ad", "ok"}}), number);
  EXPECT_EQ((Type{TypeId::kEnum, number, 0}.to_string()), "mood");
  EXPECT_EQ((Type{TypeId::kEnum, 0, 0}.to_string()), "anyenum");
  EXPECT_THROW(enum_value(0, "sad"), Failure);
}

}  // namespace
}  // namespace weir
