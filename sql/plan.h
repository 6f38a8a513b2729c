#pragma once
// A bound, typed query: a tree of relational operators. The one form to which SQL text, JSON documents and the builder come down.
//
// Law      text() is canonical: two plans with equal text over the same relations are the same stream (hash-consing).
// Threads  a plan is built by one thread and then only read.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "operators/aggregate.h"
#include "operators/top_k.h"
#include "operators/window.h"
#include "sql/expr.h"

namespace weir {

struct Plan;
using PlanPtr = std::unique_ptr<Plan>;

struct AggregateCall {
  AggregateFunction function;
  ExprPtr argument;  // over the input of the aggregate; null for COUNT(*)
  ExprPtr filter;    // may be null
  bool distinct = false;
  Type result;
  std::vector<ExprPtr> more = {};    // further arguments, and what `order` needs
  std::vector<OrderKey> order = {};  // of argument (column 0) and more (from 1 on)
  std::vector<ExprPtr> direct = {};  // constants: the fraction of a percentile, the row of a hypothetical rank
  AggregateCall clone() const;
  std::string text() const;   // canonical
  template <class F>
  void each(F&& f) {
    if (argument) f(argument);
    for (ExprPtr& e : more) f(e);
    if (filter) f(filter);
  }
  template <class F>
  void each(F&& f) const {
    const_cast<AggregateCall*>(this)->each([&](const ExprPtr& e) { f(e); });
  }
};

struct Plan {
  enum class Node : std::uint8_t {
    kScan,          // relation
    kValues,        // rows of constant expressions (SELECT without FROM: one row, no columns)
    kFilter,        // exprs[0]
    kProject,       // exprs
    kJoin,          // join_kind; left_keys/right_keys, null_matches; exprs: at most one condition over left ++ right columns. Schema: left ++ right
    kSemiJoin,      // left_keys/right_keys, anti, null_matches; exprs: at most one condition over left ++ right columns. Schema: left
    kAggregate,     // exprs: keys; aggregates. Schema: keys ++ aggregates
    kDistinct,
    kUnionAll,
    kIntersectAll,
    kExceptAll,
    kTopK,          // top_k
    kWindow,        // window. Schema: input ++ calls
    kSeries,        // generate_series; exprs: start, stop, step. Schema: input ++ value
    kUnnest,        // exprs: arrays. all: a row without elements stays. Schema: input ++ an element of each ++ its place
    kRecursion,     // inputs: the non-recursive and the recursive term; all; relation: its name. Schema: that of the first, NULLs allowed
    kWorkingTable,  // within a recursive term: the rows that the last iteration found. relation_id: of which recursion
  };
  enum class JoinKind : std::uint8_t { kInner, kLeft, kRight, kFull };

  Node node = Node::kScan;
  Schema schema;
  std::vector<PlanPtr> inputs;
  std::vector<std::uint16_t> key;  // columns that determine a row, each row at most once; only if has_key (an empty key with has_key: at most one row)
  bool has_key = false;

  std::string relation;            // kScan, kRecursion, kWorkingTable
  std::uint64_t relation_id = 0;   // kScan: tells a relation from a later one of the same name. kRecursion, kWorkingTable: within one statement
  std::vector<ExprPtr> exprs;
  std::vector<std::vector<ExprPtr>> rows;  // kValues
  JoinKind join_kind = JoinKind::kInner;
  std::vector<std::uint16_t> left_keys, right_keys;
  bool anti = false, null_matches = false;
  std::vector<AggregateCall> aggregates;
  TopKSpec top_k;
  WindowSpec window;
  bool all = false;                // kRecursion: UNION ALL. kUnnest: as an outer join

  PlanPtr clone() const;
  std::string text() const;                     // canonical
  std::string to_string(int indent = 0) const;  // for EXPLAIN: a line a node
};

// The rewrite rules, each a function from plan to plan (sql/rewrite.cc): fold constants, push predicates down and turn equalities over both sides of a
// join into keys, prune columns, derive keys.
PlanPtr optimize(PlanPtr plan);
PlanPtr prune_columns(PlanPtr plan);  // the last two alone

}  // namespace weir
