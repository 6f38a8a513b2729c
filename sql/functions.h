#pragma once
// Functions, operators and casts of SQL, PostgreSQL's rules for choosing among them, and their vectorised kernels.
//
// Everything that computes a scalar is a Function here: `+`, `lower`, the cast of text to date, `is_null`. The binder asks bind_call / bind_operator / coerce for
// a bound call (overloads and implicit casts resolved as in PostgreSQL, chapter 10 "Type Conversion"); compile() makes kernels of the bound tree.
//
// Nulls    a strict function is not called for rows with a NULL argument: the result is NULL.
// Errors   binding: Failure(kType or kUnknownName) with the offset: "operator does not exist: text + integer", "function foo(integer) does not exist".
//          kernels: Failure(kEvaluation) in PostgreSQL's words.
// Threads  the registry is immutable after start; kernels are const.

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "operators/expression.h"
#include "sql/expr.h"
#include "weir/value.h"

namespace weir {

// Arguments are indexed by the chunk's positions like every Column; only rows of `rows` are to be computed (strict: rows with a NULL argument are
// already left out of its selection, and marked NULL in the result by the caller). Returns a column with or without a bitmap.
using Kernel = Column (*)(const Function& self, std::span<const Column> args, const Chunk& rows, Arena& arena);

// What a kernel may be given beside the rows that need it.
enum class Effort : std::uint8_t {
  kCareful,   // only rows without NULL arguments: it may fail, or its cost is not small
  kNullSafe,  // rows with NULL arguments too: their zero slots do no harm. It may fail for others
  kCheap,     // any rows: it cannot fail and takes a few instructions
};

struct Function {
  std::string name;              // "lower", "+", "cast"
  std::vector<Type> args;
  Type result;                   // typmods where they are fixed
  bool strict = true;
  bool variadic = false;         // the last argument repeats (concat, greatest)
  Effort effort = Effort::kCareful;
  Kernel kernel = nullptr;
  Type target;                   // casts: the type cast to, with its typmod
  const Function* inner = nullptr;  // what is called for the elements of an array, or for the number of a JSONB
  std::function<Value(std::span<const Value>)> user;  // functions that the program registered; called row by row
};

enum class Cast : std::uint8_t { kImplicit, kAssignment, kExplicit };

// User functions visible to a statement, beside the built-in ones.
class UserFunctions {
 public:
  virtual ~UserFunctions() = default;
  virtual std::vector<const Function*> find(std::string_view name) const = 0;
};

// A call by name. Arguments may have type kUnknown (bare literals and NULL). `users` may be null.
ExprPtr bind_call(std::string_view name, std::vector<ExprPtr> args, const UserFunctions* users, int offset);
// "at most one row" (of a count: true, or the error of a scalar sub-select), "+", "=", "<", "||", "like", "ilike", "not like", "~", "not" (one argument), "-" (one or two), "is null", "is distinct from", … as functions.
ExprPtr bind_operator(std::string_view op, std::vector<ExprPtr> args, int offset);
// Converts to `type`, its typmod applied. A literal of unknown type is read at bind time. Failure(kType) if there is no such cast in this context.
ExprPtr coerce(ExprPtr expr, const Type& type, Cast context, int offset);
// The type that CASE, COALESCE, UNION, IN and VALUES give to all of these (PostgreSQL 10.5); all unknown: text. `what` is for the message.
Type common_type(std::span<const Type> types, std::string_view what, int offset);
// Can values of the type be told apart and sorted? JSON cannot. require: Failure(kType) where they cannot.
bool is_comparable(const Type& type);
void require_comparable(const Type& type, int offset);
bool converts_implicitly(TypeId from, TypeId to);
bool function_exists(std::string_view name);
// ARRAY[…] of these, in their common type, or explicitly in the one given. An element of type array is refused.
ExprPtr bind_array(std::vector<ExprPtr> elements, const Type* element, int offset);
// left <op> ANY (array), or ALL.
ExprPtr bind_quantified(std::string_view op, ExprPtr left, ExprPtr array, bool all, int offset);

// The aggregates' result and argument types: the type that SUM etc. of `argument` has, or Failure(kType).
Type aggregate_result(std::string_view function, const Type& argument, int offset);

// The first argument, where the second is not false; else Failure(kEvaluation) with the complaint.
ExprPtr bind_demand(ExprPtr value, ExprPtr condition, const std::string& complaint, int offset);

// Replaces constant subtrees by their values. A subtree that fails (1/0) is left as it is, to fail when a row is evaluated.
ExprPtr fold(ExprPtr expr);

// Kernels for a bound tree. Common subtrees may be computed once.
ExpressionPtr compile(const Expr& expr);
// Evaluates an expression without columns. Failure(kEvaluation).
Datum evaluate_constant(const Expr& expr, Arena& arena);

}  // namespace weir
