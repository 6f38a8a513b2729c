#include <weir/type.h>

namespace weir {

std::string Type::to_string() const {
  switch (id) {
    case TypeId::kUnknown: return "unknown";
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
    case TypeId::kTimestamp: return "timestamp without time zone";
    case TypeId::kInterval: return "interval";
    case TypeId::kTimestamptz: return "timestamp with time zone";
    case TypeId::kTime: return "time without time zone";
  }
  return "unknown";
}

}  // namespace weir
