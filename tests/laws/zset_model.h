#pragma once
// Z-sets as slow, obvious maps: what the operators are compared with. Rows are texts, so that a failing case can be read.
//
// Law      Plain(a + b) = Plain(a) + Plain(b), entries of weight 0 left out.
// Nulls    an empty optional.

#include <cmath>
#include <cstdio>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "operators/expression.h"
#include "operators/gather.h"
#include "zset/array.h"
#include "zset/chunk.h"
#include "zset/datetime.h"
#include "zset/json.h"
#include "zset/numeric.h"

namespace weir::test {

using Cell = std::optional<std::string>;
using PlainRow = std::vector<Cell>;
using Plain = std::map<PlainRow, std::int64_t>;
using Kinds = std::vector<KeyKind>;

constexpr Type kNumerics{array_of(TypeId::kNumeric), 0, 0};

inline Datum datum_of(const Cell& cell, KeyKind kind, Arena& arena) {
  if (!cell) return Datum::of_null(physical(kind));
  switch (kind) {
    case KeyKind::kBool: return Datum::of(*cell == "t");
    case KeyKind::kInt: return Datum::of(static_cast<std::int64_t>(std::stoll(*cell)));
    case KeyKind::kDouble: return Datum::of(std::stod(*cell));
    case KeyKind::kText: case KeyKind::kPadded: case KeyKind::kJson: return Datum::of(Bytes::copy(*cell, arena));
    case KeyKind::kNumeric: return Datum::of(Numeric::parse(*cell).encode(arena));
    case KeyKind::kInterval: return Datum::of(parse_interval(*cell));
    case KeyKind::kArray: return Datum::of(parse_array(*cell, kNumerics, arena));
  }
  return Datum();
}

inline std::string text_of(double d) {
  char text[40];
  std::snprintf(text, sizeof text, "%.17g", d);
  return text;
}

inline Cell cell_of(const Datum& d, KeyKind kind) {
  if (d.null) return std::nullopt;
  switch (kind) {
    case KeyKind::kBool: return d.boolean ? "t" : "f";
    case KeyKind::kInt: return std::to_string(d.integer);
    case KeyKind::kDouble: return text_of(d.number);
    case KeyKind::kText: case KeyKind::kPadded: case KeyKind::kJson: return std::string(d.bytes.view());
    case KeyKind::kNumeric: return Numeric::decode(d.bytes).to_string();
    case KeyKind::kInterval: return format_interval(d.interval);
    case KeyKind::kArray: {
      std::string text;
      format_array(d.bytes, ArrayView(d.bytes.view()).kind() == KeyKind::kInt ? Type{array_of(TypeId::kBigint), 0, 0} : kNumerics, text);
      return text;
    }
  }
  return std::nullopt;
}

// One text for all values that SQL calls equal.
inline Cell canonical(const Cell& cell, KeyKind kind) {
  if (!cell) return cell;
  if (kind == KeyKind::kArray) {
    Arena arena;
    const Bytes array = parse_array(*cell, kNumerics, arena);
    std::string text;
    for (std::uint32_t i = 0; i < ArrayView(array.view()).size(); ++i) {
      const Datum d = ArrayView(array.view())[i];
      text += d.null ? "NULL," : Numeric::decode(d.bytes).trim_scale().to_string() + ',';
    }
    return text;
  }
  if (kind == KeyKind::kJson) {
    std::string text;
    append_jsonb_order(text, *cell);
    return text;
  }
  if (kind == KeyKind::kNumeric) return Numeric::parse(*cell).trim_scale().to_string();
  if (kind == KeyKind::kDouble) return text_of(std::stod(*cell) + 0.0);
  if (kind == KeyKind::kPadded) return cell->substr(0, cell->find_last_not_of(' ') + 1);
  if (kind == KeyKind::kInterval) {
    const Interval i = parse_interval(*cell);
    return std::to_string((i.months * 30ll + i.days) * kMicrosPerDay + i.micros);
  }
  return cell;
}
inline PlainRow canonical(PlainRow row, const Kinds& kinds) {
  for (std::size_t c = 0; c < row.size(); ++c) row[c] = canonical(row[c], kinds[c]);
  return row;
}

inline void add(Plain& to, const PlainRow& row, std::int64_t weight) {
  if ((to[row] += weight) == 0) to.erase(row);
}
inline void add(Plain& to, const Plain& from, std::int64_t factor = 1) {
  for (const auto& [row, weight] : from) add(to, row, weight * factor);
}
inline Plain canonical(const Plain& from, const Kinds& kinds) {
  Plain out;
  for (const auto& [row, weight] : from) add(out, canonical(row, kinds), weight);
  return out;
}
inline Plain plain_of(const Delta& delta, const Kinds& kinds) {
  Plain out;
  for (const Chunk& chunk : delta.chunks) {
    chunk.each([&](std::uint32_t i) {
      PlainRow row;
      for (std::size_t c = 0; c < kinds.size(); ++c) row.push_back(cell_of(chunk.columns[c].get(i), kinds[c]));
      add(out, row, chunk.weights[i]);
    });
  }
  return out;
}
// Is every row in it once, with a weight other than 0?
inline bool in_unique_form(const Delta& delta, const Kinds& kinds) {
  return delta.rows() == plain_of(delta, kinds).size();
}

using Entries = std::vector<std::pair<PlainRow, std::int64_t>>;
inline void delta_of(const Entries& entries, const Kinds& kinds, Arena& arena, Delta& out) {
  std::vector<Kind> physical_kinds;
  for (const KeyKind k : kinds) physical_kinds.push_back(physical(k));
  ChunkBuilder builder(physical_kinds, arena, out);
  for (const auto& [row, weight] : entries) {
    std::vector<Datum> values;
    for (std::size_t c = 0; c < kinds.size(); ++c) values.push_back(datum_of(row[c], kinds[c], arena));
    builder.append(values, weight);
  }
  builder.finish();
}

inline std::string to_string(const PlainRow& row) {
  std::string text = "(";
  for (std::size_t c = 0; c < row.size(); ++c) text += (c ? ", " : "") + row[c].value_or("NULL");
  return text + ")";
}
inline std::string to_string(const Plain& z) {
  std::string text;
  for (const auto& [row, weight] : z) text += (text.empty() ? "" : "; ") + to_string(row) + (weight > 0 ? " +" : " ") + std::to_string(weight);
  return "{" + text + "}";
}

// -- Expressions.

class ColumnRef final : public Expression {
 public:
  ColumnRef(int column, KeyKind kind, bool computed = false) : column_(column), kind_(kind), computed_(computed) {}
  Column evaluate(const Chunk& chunk, Arena&) const override { return chunk.columns[column_]; }
  KeyKind key_kind() const override { return kind_; }
  int column() const override { return computed_ ? -1 : column_; }
  std::string text() const override { return "#" + std::to_string(column_); }

 private:
  int column_;
  KeyKind kind_;
  bool computed_;  // does as if it were no plain column
};

// column > constant, over integers.
class Greater final : public Expression {
 public:
  Greater(int column, std::int64_t than) : column_(column), than_(than) {}
  Column evaluate(const Chunk& chunk, Arena& arena) const override {
    const Column& in = chunk.columns[column_];
    Column out = Column::make(Kind::kBool, chunk.size, true, arena);
    chunk.each([&](std::uint32_t i) { out.set(i, in.is_valid(i) ? Datum::of(in.ints()[i] > than_) : Datum::of_null(Kind::kBool)); });
    return out;
  }
  KeyKind key_kind() const override { return KeyKind::kBool; }
  std::string text() const override { return "#" + std::to_string(column_) + " > " + std::to_string(than_); }

 private:
  int column_;
  std::int64_t than_;
};

// left < right, over two integer columns.
class LessThan final : public Expression {
 public:
  LessThan(int left, int right) : left_(left), right_(right) {}
  Column evaluate(const Chunk& chunk, Arena& arena) const override {
    const Column &a = chunk.columns[left_], &b = chunk.columns[right_];
    Column out = Column::make(Kind::kBool, chunk.size, true, arena);
    chunk.each([&](std::uint32_t i) {
      out.set(i, a.is_valid(i) && b.is_valid(i) ? Datum::of(a.ints()[i] < b.ints()[i]) : Datum::of_null(Kind::kBool));
    });
    return out;
  }
  KeyKind key_kind() const override { return KeyKind::kBool; }
  std::string text() const override { return "#" + std::to_string(left_) + " < #" + std::to_string(right_); }

 private:
  int left_, right_;
};

inline ExpressionPtr column(int c, KeyKind kind) { return std::make_unique<ColumnRef>(c, kind); }
inline ExpressionPtr computed(int c, KeyKind kind) { return std::make_unique<ColumnRef>(c, kind, true); }
inline ExpressionPtr greater(int c, std::int64_t than) { return std::make_unique<Greater>(c, than); }
inline ExpressionPtr less(int a, int b) { return std::make_unique<LessThan>(a, b); }

}  // namespace weir::test
