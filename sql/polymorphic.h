#pragma once
// Functions over arrays of any element: PostgreSQL's type variables (parse_coerce.c, enforce_generic_type_consistency).
//
// Two variables, each for an element: T of anyelement, anynonarray and anyarray, whose arguments must be of one type as they are; and C of anycompatible and
// anycompatiblearray, whose arguments are converted to a common one.
// Threads  pure functions.

#include <optional>
#include <span>
#include <string_view>

#include "weir/type.h"

namespace weir {

enum class Variable : std::uint8_t { kNone, kElement, kNonArray, kArray, kCompatible, kCompatibleArray };
Variable variable_named(std::string_view type);  // "anyarray"

struct Variables {
  TypeId element = TypeId::kUnknown, compatible = TypeId::kUnknown;  // unknown where no argument says it
  TypeId type_of(Variable v) const;
};
// What the variables stand for; none if the arguments do not agree. An argument of unknown type says nothing.
std::optional<Variables> resolve(std::span<const Variable> declared, std::span<const TypeId> given);

}  // namespace weir
