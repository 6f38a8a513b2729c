#pragma once
// Bound expressions: names resolved, types known, every conversion explicit. What the binder makes and compile() turns into kernels.
//
// Threads  a tree is built by one thread and then only read.

#include <weir/type.h>

#include <memory>
#include <string>
#include <vector>

#include "zset/slot.h"

namespace weir {

struct Function;  // sql/functions.h

// The type without lengths and scales; an enum type stays itself.
inline Type without_typmod(const Type& type) { return type.id == TypeId::kEnum ? type : Type{type.id, 0, 0}; }

struct Expr;
using ExprPtr = std::unique_ptr<Expr>;

struct Expr {
  enum class Node : std::uint8_t {
    kColumn,    // `column` of the input row
    kConstant,
    kParameter, // `column`: its number, from 0. A constant that is not known yet: none is left in a plan that becomes operators
    kCall,      // function(args); casts between types are calls too
    kAnd,       // lazy, left to right; SQL's three-valued logic
    kOr,
    kCase,      // args: when, then, when, then, …, else (always there; conditions are boolean). Lazy.
    kCoalesce,  // lazy
    kNow,       // the time of the step, a TIMESTAMPTZ. In the plans of views alone; a statement that looks once has a constant in its place
  };
  Node node = Node::kConstant;
  Type type;
  int offset = -1;                     // into the SQL text
  std::uint16_t column = 0;
  Constant constant;
  const Function* function = nullptr;  // lives as long as the registry (built-ins) or the database (user functions)
  std::vector<ExprPtr> args;

  static ExprPtr make_column(std::uint16_t column, Type type);
  static ExprPtr make_constant(const Datum& value, Type type, int offset = -1);
  static ExprPtr make_call(const Function& function, Type type, std::vector<ExprPtr> args, int offset = -1);
  static ExprPtr make(Node node, Type type, std::vector<ExprPtr> args, int offset = -1);
  ExprPtr clone() const;
  // Canonical: equal text (over the same input) = equal meaning. Hash-consing relies on it: types and typmods of constants and casts are part of it.
  std::string text() const;
  bool is_constant() const;            // no column in it and nothing volatile: may be folded
};

// Canonical: types of one name are told apart.
std::string type_text(const Type& type);

}  // namespace weir
