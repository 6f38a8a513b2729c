#include "weir/result_set.h"

namespace weir {

const Value& RowView::operator[](std::size_t column) const {
  if (column < schema_->size()) return values_[column];
  throw Failure(ErrorCode::kUnknownName, "the row has " + std::to_string(schema_->size()) + " columns, and no column " + std::to_string(column));
}

const Value& RowView::operator[](std::string_view column) const {
  for (std::size_t c = 0; c < schema_->size(); ++c) {
    if ((*schema_)[c].name == column) return values_[c];
  }
  throw Failure(ErrorCode::kUnknownName, "the row has no column \"" + std::string(column) + "\"");
}

RowView ResultSet::operator[](std::size_t row) const {
  if (row < rows()) return {&schema_, values_.data() + row * schema_.size()};
  throw Failure(ErrorCode::kUnknownName, "the result has " + std::to_string(rows()) + " rows, and no row " + std::to_string(row));
}

}  // namespace weir
