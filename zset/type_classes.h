#pragma once
// The families of SQL types that are treated alike.
//
// Threads    pure functions

#include <weir/type.h>

namespace weir {

constexpr bool is_integer(TypeId id) { return id == TypeId::kSmallint || id == TypeId::kInteger || id == TypeId::kBigint; }
constexpr bool is_floating(TypeId id) { return id == TypeId::kReal || id == TypeId::kDouble; }
constexpr bool is_text(TypeId id) { return id == TypeId::kText || id == TypeId::kVarchar || id == TypeId::kBpchar; }

}  // namespace weir
