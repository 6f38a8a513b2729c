#pragma once
// Plan nodes made whole: schema and key derived from their inputs, expressions copied and renumbered.
//
// Law      derive_node() is the one place where a node's types, nullability and key come from; whoever changes a node calls it again.
// Nulls    a field is nullable unless it is known not to be: columns NOT NULL, constants, COUNT.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sql/plan.h"

namespace weir {

using Columns = std::vector<std::uint16_t>;

// Columns from here on stand in a sub-select for expressions of the queries around it, until decorrelate() (sql/decorrelate.h) has joined them.
inline constexpr std::uint16_t kOuterBase = 0xC000;
inline bool is_outer(std::uint16_t column) { return column >= kOuterBase; }

PlanPtr make_filter(PlanPtr input, ExprPtr condition);
PlanPtr make_project(PlanPtr input, std::vector<ExprPtr> exprs, std::vector<std::string> names = {});  // no names: those of columns that pass through
PlanPtr make_columns(PlanPtr input, const Columns& columns);                                           // a projection to columns alone
PlanPtr make_join(Plan::JoinKind kind, PlanPtr left, PlanPtr right, ExprPtr condition);
PlanPtr make_semi_join(PlanPtr left, PlanPtr right, ExprPtr condition, bool anti);
PlanPtr make_distinct(PlanPtr input);
PlanPtr make_union_all(std::vector<PlanPtr> inputs);
PlanPtr make_top_k(PlanPtr input, TopKSpec spec);
PlanPtr make_window(PlanPtr input, WindowSpec spec);

// Schema (names are kept where there are some) and key of this node, those of its inputs being right.
void derive_node(Plan& plan);
void derive_all(Plan& plan);

void set_names(Plan& plan, const std::vector<std::string>& names);  // of the columns, also where they pass through nodes below
std::size_t nodes_of(const Plan& plan);
bool is_pure_projection(const Plan& plan);  // kProject of columns only
bool is_nullable(const Expr& expr, const Schema& input);
ExprPtr column_of(const Schema& schema, std::uint16_t column);
std::vector<ExprPtr> all_columns(const Schema& schema);
std::vector<std::string> names_of(const Schema& schema);

// -- Expressions.
void each_column(const Expr& expr, const std::function<void(std::uint16_t)>& f);
void renumber(Expr& expr, const std::function<std::uint16_t(std::uint16_t)>& f);
// A copy in which columns are what `by` makes of them; where it makes null, they stay.
ExprPtr replaced(const Expr& expr, const std::function<ExprPtr(const Expr& column)>& by);
ExprPtr substitute(const Expr& expr, const std::vector<ExprPtr>& by);  // column i becomes by[i]; outer ones stay
// Every expression of the node itself.
void each_expr(Plan& plan, const std::function<void(ExprPtr&)>& f);
void each_expr(const Plan& plan, const std::function<void(const Expr&)>& f);
std::size_t size_of(const Expr& expr);
bool is_true(const Expr& expr);
void split_conjuncts(ExprPtr expr, std::vector<ExprPtr>& out);          // AND taken apart, TRUE left out
ExprPtr conjunction(std::vector<ExprPtr> conjuncts);                    // null for none
ExprPtr boolean_constant(bool value);
ExprPtr null_constant(const Type& type);
// May two columns of these types be keys of one join: do equal values have equal slots' meaning?
bool keys_agree(const Type& a, const Type& b);

}  // namespace weir
