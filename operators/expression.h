#pragma once
// What operators ask of an expression: values for a chunk. The room sql/ compiles expressions to this.
//
// Shapes   the result is indexed by the chunk's positions; only selected positions are computed, the others are undefined.
// Nulls    the result has a bitmap, or none where no value is NULL.
// Errors   Failure(kEvaluation) for a row that has no value (overflow, division by zero); rows that are not selected never fail.
// Threads  evaluate() is const and may run in parallel, each call with its own arena.

#include <memory>
#include <string>

#include "zset/chunk.h"
#include "zset/hash.h"

namespace weir {

class Expression {
 public:
  virtual ~Expression() = default;
  virtual Column evaluate(const Chunk& chunk, Arena& arena) const = 0;
  virtual KeyKind key_kind() const = 0;  // of the result
  // The input column that the expression just passes on, or -1.
  virtual int column() const { return -1; }
  virtual std::string text() const = 0;
};

using ExpressionPtr = std::unique_ptr<const Expression>;

// Keeps the positions at which a boolean column is true (neither false nor NULL). Returns the chunk with a new selection.
Chunk select_true(const Chunk& chunk, const Column& condition, Arena& arena);

}  // namespace weir
