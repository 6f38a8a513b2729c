#include "weir/result_set.h"

namespace weir {

const Value& RowView::operator[](std::string_view column) const {
  for (std::size_t c = 0; c < schema_->size(); ++c) {
    if ((*schema_)[c].name == column) return values_[c];
  }
  throw Failure(ErrorCode::kUnknownName, "the row has no column \"" + std::string(column) + "\"");
}

}  // namespace weir
