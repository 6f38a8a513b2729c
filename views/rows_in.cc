#include "views/rows_in.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "operators/gather.h"
#include "views/csv.h"
#include "views/table_changes.h"
#include "zset/datetime.h"
#include "zset/nan.h"
#include "zset/text_form.h"

namespace weir::internal {
namespace {

[[noreturn]] void refuse(const RelationState& relation, std::uint16_t column, const std::string& why, std::size_t row = 0, bool has_row = false) {
  throw Failure(ErrorCode::kInput, "column \"" + relation.relation.schema[column].name + "\"" + (has_row ? ", row " + std::to_string(row) : "") + ": " + why);
}

// One column of the caller, as one long Column of n rows.
class ColumnIn {
 public:
  ColumnIn(const TableState& table, std::uint16_t number, const ColumnData& from, std::size_t rows, Arena& arena)
      : table_(table), number_(number), field_(table.relation.schema[number]), from_(from), rows_(rows), arena_(arena) {
    column_.kind = kind_of(field_.type.id);
    column_.data = const_cast<void*>(from.data);
    if (from.nulls && std::find_if(from.nulls, from.nulls + rows, [](std::uint8_t n) { return n != 0; }) != from.nulls + rows) nulls_ = from.nulls;
    if (!from.data && rows) refuse(table, number, "no data");
    switch (column_.kind) {
      case Kind::kBool: bools(); break;
      case Kind::kInt: ints(); break;
      case Kind::kDouble: doubles(); break;
      case Kind::kBytes: texts(); break;
      case Kind::kInterval: parsed<Interval>(); break;
    }
  }
  // Rows from `begin`; REQUIRES: a multiple of 64.
  Column part(std::size_t begin, std::uint32_t n) const {
    Column out = column_;
    out.data = static_cast<std::byte*>(out.data) + begin * slot_bytes(out.kind);
    if (nulls_) {
      out.valid = arena_.zeroed<std::uint64_t>((n + 63) / 64);
      for (std::uint32_t i = 0; i < n; ++i) {
        if (!nulls_[begin + i]) out.set_valid(i);
      }
    }
    return out;
  }

 private:
  bool is_null(std::size_t i) const { return nulls_ && nulls_[i]; }
  template <class T> const T* in() const { return static_cast<const T*>(from_.data); }
  template <class T, class F>
  void copy(F&& f) {
    T* out = arena_.zeroed<T>(rows_);
    for (std::size_t i = 0; i < rows_; ++i) {
      if (!is_null(i)) out[i] = f(i);
    }
    column_.data = out;
  }
  [[noreturn]] void refuse_row(std::size_t row, const std::string& why) const { refuse(table_, number_, why, row, true); }

  void bools() {
    const std::uint8_t* data = in<std::uint8_t>();
    if (nulls_ || std::any_of(data, data + rows_, [](std::uint8_t b) { return b > 1; })) {
      copy<std::uint8_t>([&](std::size_t i) { return data[i] != 0 ? 1 : 0; });
    }
  }

  void ints() {
    const std::int64_t* data = in<std::int64_t>();
    const TypeId type = field_.type.id;
    if (type == TypeId::kSmallint || type == TypeId::kInteger) {
      const std::int64_t low = type == TypeId::kSmallint ? std::numeric_limits<std::int16_t>::min() : std::numeric_limits<std::int32_t>::min();
      const std::int64_t high = type == TypeId::kSmallint ? std::numeric_limits<std::int16_t>::max() : std::numeric_limits<std::int32_t>::max();
      bool outside = false;
      for (std::size_t i = 0; i < rows_; ++i) outside |= data[i] < low || data[i] > high;
      for (std::size_t i = 0; outside && i < rows_; ++i) {
        if (!is_null(i) && (data[i] < low || data[i] > high)) {
          refuse_row(i, "value \"" + std::to_string(data[i]) + "\" is out of range for type " + field_.type.to_string());
        }
      }
    }
    if (type == TypeId::kTime) {
      for (std::size_t i = 0; i < rows_; ++i) {
        if (!is_null(i) && (data[i] < 0 || data[i] > kMicrosPerDay)) refuse_row(i, "value \"" + std::to_string(data[i]) + "\" is out of range for type " + field_.type.to_string());
      }
    }
    const int digits = field_.type.precision - 1;
    if (nulls_ || digits >= 0) copy<std::int64_t>([&](std::size_t i) { return round_seconds(data[i], digits); });
  }

  void doubles() {
    const double* data = in<double>();
    const bool real = field_.type.id == TypeId::kReal;
    const auto clean = [&](double d) { return one_nan(real ? static_cast<double>(static_cast<float>(d)) : d); };  // a REAL is a float
    bool as_it_is = !nulls_;
    for (std::size_t i = 0; as_it_is && i < rows_; ++i) as_it_is = data[i] == data[i] && clean(data[i]) == data[i];
    if (!as_it_is) {
      copy<double>([&](std::size_t i) {
        const double d = clean(data[i]);
        if (std::isinf(d) && !std::isinf(data[i])) refuse_row(i, "value " + format_double(data[i]) + " is out of range for type real");
        return d;
      });
    }
  }

  void texts() {
    const TypeId type = field_.type.id;
    if (type != TypeId::kText && (type != TypeId::kVarchar || field_.type.precision > 0)) return parsed<Bytes>();
    const std::string_view* data = in<std::string_view>();
    copy<Bytes>([&](std::size_t i) {
      if (find_invalid_utf8(data[i]) != std::string_view::npos) refuse_row(i, "invalid byte sequence for encoding \"UTF8\"");
      return Bytes(data[i]);
    });
  }

  template <class T>
  void parsed() {
    const std::string_view* data = in<std::string_view>();
    copy<T>([&](std::size_t i) {
      if (find_invalid_utf8(data[i]) != std::string_view::npos) refuse_row(i, "invalid byte sequence for encoding \"UTF8\"");
      try {
        const Datum value = parse_datum(data[i], field_.type, arena_);
        if constexpr (std::is_same_v<T, Bytes>) return value.bytes;
        else return value.interval;
      } catch (const Failure& failure) {
        refuse_row(i, failure.error().message);
      }
    });
  }

  const TableState& table_;
  const std::uint16_t number_;
  const Field& field_;
  const ColumnData& from_;
  const std::size_t rows_;
  Arena& arena_;
  Column column_;
  const std::uint8_t* nulls_ = nullptr;  // only if one is set
};

}  // namespace

void columns_in(const TableState& table, std::span<const ColumnData> columns, std::size_t rows, Arena& arena, std::vector<Chunk>& out) {
  const std::size_t width = table.kinds().size();
  if (columns.size() != width) {
    throw Failure(ErrorCode::kInput, "table \"" + table.name() + "\" has " + std::to_string(width) + " columns, not " + std::to_string(columns.size()));
  }
  if (rows == 0) return;
  const std::size_t chunks = (rows + kChunkRows - 1) / kChunkRows, first = out.size();
  Column* all = arena.array<Column>(chunks * width);
  for (std::size_t n = 0; n < chunks; ++n) {
    out.push_back(dense_chunk(static_cast<std::uint32_t>(std::min<std::size_t>(kChunkRows, rows - n * kChunkRows)), {all + n * width, width}, plus_ones()));
  }
  for (std::uint16_t c = 0; c < width; ++c) {
    const ColumnIn column(table, c, columns[c], rows, arena);
    for (std::size_t n = 0; n < chunks; ++n) out[first + n].columns[c] = column.part(n * kChunkRows, out[first + n].size);
  }
}

Datum value_in(const RelationState& relation, std::uint16_t column, const Value& value, Arena& arena) {
  try {
    if (value.type() == TypeId::kText || value.type() == TypeId::kVarchar) {
      if (find_invalid_utf8(value.to_string()) != std::string_view::npos) throw Failure(ErrorCode::kInput, "invalid byte sequence for encoding \"UTF8\"");
    }
    Datum out = from_value(value, relation.relation.schema[column].type, arena);
    if (out.kind == Kind::kDouble && !out.null) out.number = one_nan(out.number);
    return out;
  } catch (const Failure& failure) {
    if (failure.error().code != ErrorCode::kInput) throw;
    refuse(relation, column, failure.error().message);
  }
}

void row_in(const TableState& table, const Row& row, Arena& arena, std::vector<Datum>& out) {
  if (row.size() != table.kinds().size()) {
    throw Failure(ErrorCode::kInput, "table \"" + table.name() + "\" has " + std::to_string(table.kinds().size()) + " columns, not " + std::to_string(row.size()));
  }
  out.resize(row.size());
  for (std::uint16_t c = 0; c < row.size(); ++c) out[c] = value_in(table, c, row[c], arena);
}

void key_in(const RelationState& relation, const Row& key, Arena& arena, std::vector<Datum>& out) {
  const char* kind = relation.relation.is_view ? "view \"" : "table \"";
  if (!relation.keyed()) throw Failure(ErrorCode::kInput, kind + relation.name() + "\" has no " + (relation.relation.is_view ? "key" : "primary key"));
  if (key.size() != relation.relation.key.size()) {
    throw Failure(ErrorCode::kInput, std::string("the key of ") + kind + relation.name() + "\" has " + std::to_string(relation.relation.key.size()) + " columns, not " +
                                         std::to_string(key.size()));
  }
  out.resize(key.size());
  for (std::size_t k = 0; k < key.size(); ++k) out[k] = value_in(relation, relation.relation.key[k], key[k], arena);
}

}  // namespace weir::internal
