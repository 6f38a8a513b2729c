#include <weir/type.h>

#include "zset/enum_type.h"

namespace weir {

std::string Type::to_string() const {
  const auto digits = [this] { return precision == 0 ? std::string() : "(" + std::to_string(precision - 1) + ")"; };
  if (is_array(id)) return Type{element_of(id), precision, scale}.to_string() + "[]";
  switch (id) {
    case TypeId::kArray: case TypeId::kUnknown: return "unknown";
    case TypeId::kEnum: {
      const EnumType* type = find_enum(precision);
      return type ? type->name : "anyenum";
    }
    case TypeId::kBoolean: return "boolean";
    case TypeId::kSmallint: return "smallint";
    case TypeId::kInteger: return "integer";
    case TypeId::kBigint: return "bigint";
    case TypeId::kReal: return "real";
    case TypeId::kDouble: return "double precision";
    case TypeId::kNumeric: return precision == 0 ? "numeric" : "numeric(" + std::to_string(precision) + "," + std::to_string(scale) + ")";
    case TypeId::kText: return "text";
    case TypeId::kVarchar: return precision == 0 ? "character varying" : "character varying(" + std::to_string(precision) + ")";
    case TypeId::kDate: return "date";
    case TypeId::kTimestamp: return "timestamp" + digits() + " without time zone";
    case TypeId::kInterval: return "interval";
    case TypeId::kTimestamptz: return "timestamp" + digits() + " with time zone";
    case TypeId::kTime: return "time" + digits() + " without time zone";
    case TypeId::kBpchar: return precision == 0 ? "character" : "character(" + std::to_string(precision) + ")";
    case TypeId::kUuid: return "uuid";
    case TypeId::kBytea: return "bytea";
    case TypeId::kJson: return "json";
    case TypeId::kJsonb: return "jsonb";
  }
  return "unknown";
}

}  // namespace weir
