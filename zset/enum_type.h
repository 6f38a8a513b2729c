#pragma once
// CREATE TYPE … AS ENUM: the types that the databases of this process have.
//
// A value is two bytes that say the label's place in the type, the highest first, and the label: bytes compare as the type orders its labels, and show the label
// whatever is known of the type.
//
// Law      a type's number is a function of its name and its labels: the same in every process.
// Threads  any. What is entered stays.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

struct EnumType {
  std::string name;
  std::vector<std::string> labels;  // at most 65,535
  bool operator==(const EnumType&) const = default;
};

std::int32_t enter_enum(const EnumType& type);       // its number: Type::precision, never 0
const EnumType* find_enum(std::int32_t number);      // null: there is none
// The value with this label. Failure(kInput) where the type has none.
std::string enum_value(std::int32_t number, std::string_view label);
std::string_view enum_label(std::string_view value);

}  // namespace weir
