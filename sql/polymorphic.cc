#include "sql/polymorphic.h"

#include <vector>

#include "sql/functions.h"
#include "weir/error.h"

namespace weir {

Variable variable_named(std::string_view type) {
  if (type == "anyelement") return Variable::kElement;
  if (type == "anynonarray") return Variable::kNonArray;
  if (type == "anyarray") return Variable::kArray;
  if (type == "anycompatible") return Variable::kCompatible;
  if (type == "anycompatiblearray") return Variable::kCompatibleArray;
  return Variable::kNone;
}

TypeId Variables::type_of(Variable v) const {
  switch (v) {
    case Variable::kElement: case Variable::kNonArray: return element;
    case Variable::kArray: return element == TypeId::kUnknown ? element : array_of(element);
    case Variable::kCompatible: return compatible;
    case Variable::kCompatibleArray: return compatible == TypeId::kUnknown ? compatible : array_of(compatible);
    case Variable::kNone: break;
  }
  return TypeId::kUnknown;
}

std::optional<Variables> resolve(std::span<const Variable> declared, std::span<const TypeId> given) {
  Variables out;
  std::vector<Type> compatible;
  bool element_in_array = false, compatible_in_array = false;
  for (std::size_t i = 0; i < declared.size(); ++i) {
    const Variable v = declared[i];
    const bool array = v == Variable::kArray || v == Variable::kCompatibleArray;
    element_in_array = element_in_array || v == Variable::kArray;
    compatible_in_array = compatible_in_array || v == Variable::kCompatibleArray;
    if (v == Variable::kNone || given[i] == TypeId::kUnknown) continue;
    if (array && !is_array(given[i])) return std::nullopt;
    const TypeId element = array ? element_of(given[i]) : given[i];
    if (v == Variable::kNonArray && is_array(element)) return std::nullopt;
    if (v == Variable::kCompatible || v == Variable::kCompatibleArray) {
      compatible.push_back(Type{element, 0, 0});
    } else if (out.element == TypeId::kUnknown) {
      out.element = element;
    } else if (out.element != element) {
      return std::nullopt;
    }
  }
  if (element_in_array && is_array(out.element)) return std::nullopt;
  if (!compatible.empty()) {
    try {
      out.compatible = common_type(compatible, "arguments", -1).id;
    } catch (const Failure&) {
      return std::nullopt;
    }
    for (const Type& t : compatible) {
      if (!converts_implicitly(t.id, out.compatible)) return std::nullopt;
    }
    if (compatible_in_array && is_array(out.compatible)) return std::nullopt;
  }
  return out;
}

}  // namespace weir
