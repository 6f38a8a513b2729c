#pragma once
// Rows that were read: of a query, of a view, by key.
//
// Errors   a row or column that is not there throws Failure(kUnknownName), whether asked for by number or by name.
// Threads  immutable after it is made.

#include <weir/error.h>
#include <weir/value.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

class RowView {
 public:
  RowView(const Schema* schema, const Value* values) : schema_(schema), values_(values) {}
  const Value& operator[](std::size_t column) const;
  const Value& operator[](std::string_view column) const;
  std::size_t size() const { return schema_->size(); }

 private:
  const Schema* schema_;
  const Value* values_;
};

class ResultSet {
 public:
  ResultSet() = default;
  ResultSet(Schema schema, std::vector<Value> values, std::uint64_t sequence)
      : schema_(std::move(schema)), values_(std::move(values)), sequence_(sequence) {}
  const Schema& schema() const { return schema_; }
  std::size_t rows() const { return schema_.empty() ? empty_rows : values_.size() / schema_.size(); }
  RowView operator[](std::size_t row) const;
  std::uint64_t sequence() const { return sequence_; }  // of the batch that the rows are of
  std::size_t empty_rows = 0;                           // rows of a result without columns

 private:
  Schema schema_;
  std::vector<Value> values_;
  std::uint64_t sequence_ = 0;
};

}  // namespace weir
