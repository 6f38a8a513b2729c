#pragma once
// What a program hands over, as columns: arrays of the caller, or one row of values.
//
// Cost     arrays that already look as columns do are not copied; the others are, once.
// Errors   Failure(kInput) with the column and the value.
// Ownership  chunks refer to the caller's arrays and to the arena.

#include <weir/database.h>

#include <span>
#include <vector>

#include "views/table_state.h"

namespace weir::internal {

// Appends chunks with the weight 1.
void columns_in(const TableState& table, std::span<const ColumnData> columns, std::size_t rows, Arena& arena, std::vector<Chunk>& out);
void row_in(const TableState& table, const Row& row, Arena& arena, std::vector<Datum>& out);
// Values of the table's primary key (or a view's key), in its order.
void key_in(const RelationState& relation, const Row& key, Arena& arena, std::vector<Datum>& out);
// One value of one column.
Datum value_in(const RelationState& relation, std::uint16_t column, const Value& value, Arena& arena);

}  // namespace weir::internal
