#pragma once
// The aggregate functions by name: what each takes and gives.
//
// Errors   Failure(kType) in PostgreSQL's words where it knows no such function over these types.
// Threads  pure functions.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "operators/aggregate.h"
#include "sql/expr.h"

namespace weir {

// JSON_AGG, JSON_OBJECT_AGG and their like: ARRAY_AGG, and one value of what it has collected.
bool is_json_aggregate(std::string_view name);
std::optional<AggregateFunction> aggregate_named(std::string_view name);
std::string_view name_of(AggregateFunction function);  // "count(*)" for kCountStar

// Converts the arguments to what the function takes, and gives its result type. name: as written ("every", "stddev").
Type bind_arguments(AggregateFunction function, const std::string& name, std::vector<ExprPtr>& arguments, int offset);

// The same for WITHIN GROUP: direct arguments, and those that ORDER BY names.
Type bind_within_group(AggregateFunction function, const std::string& name, std::vector<ExprPtr>& direct, std::vector<ExprPtr>& ordered, int offset);

}  // namespace weir
