#include "zset/enum_type.h"

#include <weir/error.h>

#include <algorithm>
#include <map>
#include <mutex>

#include "zset/hash.h"

namespace weir {
namespace {

struct Types {
  std::mutex mutex;
  std::map<std::int32_t, EnumType> by_number;
};

Types& types() {
  static Types* const all = new Types();
  return *all;
}

std::int32_t number_of(const EnumType& type) {
  std::uint64_t hash = hash_bytes(type.name);
  for (const std::string& label : type.labels) hash = hash_combine(hash, hash_bytes(label));
  const auto number = static_cast<std::int32_t>(hash >> 33);
  return number == 0 ? 1 : number;
}

}  // namespace

std::int32_t enter_enum(const EnumType& type) {
  if (type.labels.size() > 0xFFFF) throw Failure(ErrorCode::kUnsupported, "an enum type with more than 65,535 labels is not supported");
  const std::int32_t number = number_of(type);
  const std::lock_guard lock(types().mutex);
  const auto [at, fresh] = types().by_number.emplace(number, type);
  if (!fresh && at->second != type) throw Failure(ErrorCode::kUnsupported, "type \"" + type.name + "\" cannot be told from type \"" + at->second.name + "\": give it another name");
  return number;
}

const EnumType* find_enum(std::int32_t number) {
  const std::lock_guard lock(types().mutex);
  const auto found = types().by_number.find(number);
  return found == types().by_number.end() ? nullptr : &found->second;
}

std::string enum_value(std::int32_t number, std::string_view label) {
  const EnumType* type = find_enum(number);
  const std::size_t place = type ? static_cast<std::size_t>(std::find(type->labels.begin(), type->labels.end(), label) - type->labels.begin()) : 0;
  if (!type || place == type->labels.size()) {
    throw Failure(ErrorCode::kInput, "invalid input value for enum " + (type ? type->name : std::string("type")) + ": \"" + std::string(label) + "\"");
  }
  std::string value = {static_cast<char>(place >> 8), static_cast<char>(place & 0xFF)};
  return value += label;
}

std::string_view enum_label(std::string_view value) { return value.substr(std::min<std::size_t>(2, value.size())); }

}  // namespace weir
