#pragma once
// What a subscriber gets: the exact change of a view by one batch.
//
// A row with weight 1 came, with weight -1 went; an updated row is both. Rows are consolidated: each stands once, no weight is 0.
// Threads  immutable; copies share their rows.

#include <weir/result_set.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace weir {

class ChangedRow : public RowView {
 public:
  ChangedRow(RowView row, std::int64_t weight) : RowView(row), weight_(weight) {}
  std::int64_t weight() const { return weight_; }

 private:
  std::int64_t weight_;
};

class Change {
 public:
  struct Data;  // internal: rows in columns, turned into values when they are read
  explicit Change(std::shared_ptr<const Data> data);

  const std::string& view() const;
  std::uint64_t sequence() const;  // of the batch
  bool is_snapshot() const;        // the first one, or a fresh start: replace what you hold
  const Schema& schema() const;
  std::size_t size() const;
  ChangedRow operator[](std::size_t i) const;  // Failure(kUnknownName) if there is no such row

  // All rows at once, without a Value each: arrays of size() entries, in the order of the rows. A NULL is 0, and 1 in `nulls` where that is given.
  // Failure: kUnknownName for a column that is not there, kType for one that is not of these types.
  void weights(std::int64_t* out) const;
  void integers(std::size_t column, std::int64_t* out, std::uint8_t* nulls = nullptr) const;  // BOOLEAN, integers, raw dates and times, NUMERIC (kEvaluation: not whole, too large)
  void numbers(std::size_t column, double* out, std::uint8_t* nulls = nullptr) const;         // REAL, DOUBLE PRECISION, NUMERIC (the nearest; kEvaluation: too large)
  void texts(std::size_t column, std::string_view* out, std::uint8_t* nulls = nullptr) const; // TEXT, VARCHAR; valid as long as this change or a copy of it

  class Iterator {
   public:
    Iterator(const Change* change, std::size_t i) : change_(change), i_(i) {}
    ChangedRow operator*() const { return (*change_)[i_]; }
    Iterator& operator++() { ++i_; return *this; }
    bool operator!=(const Iterator& o) const { return i_ != o.i_; }

   private:
    const Change* change_;
    std::size_t i_;
  };
  Iterator begin() const { return {this, 0}; }
  Iterator end() const { return {this, size()}; }

 private:
  std::shared_ptr<const Data> data_;
};

}  // namespace weir
