// The columns of a Change as arrays of the caller.
#include <limits>

#include "views/subscription.h"
#include "zset/numeric.h"

namespace weir {
namespace {

[[noreturn]] void wrong_type(const Schema& schema, std::size_t c, const char* wanted) {
  throw Failure(ErrorCode::kType, "column \"" + schema[c].name + "\" is of type " + schema[c].type.to_string() + ", not " + wanted);
}

void check_column(const Schema& schema, std::size_t c) {
  if (c >= schema.size()) throw Failure(ErrorCode::kUnknownName, "there is no column " + std::to_string(c) + " of " + std::to_string(schema.size()));
}

// read(column, position) where not NULL.
template <class T, class Read>
void fill(const Delta& rows, std::size_t c, T* out, std::uint8_t* nulls, Read read) {
  for (const Chunk& chunk : rows.chunks) {
    const Column& column = chunk.columns[c];
    chunk.each([&](std::uint32_t i) {
      const bool valid = column.is_valid(i);
      *out++ = valid ? read(column, i) : T{};
      if (nulls) *nulls++ = !valid;
    });
  }
}

std::int64_t whole(const Bytes& numeric) {
  __int128 coefficient;
  std::int32_t scale;
  bool fits = numeric_small(numeric, coefficient, scale);
  for (; fits && scale > 0; --scale) {
    fits = coefficient % 10 == 0;
    coefficient /= 10;
  }
  constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min(), kMost = std::numeric_limits<std::int64_t>::max();
  if (!fits || coefficient < kLeast || coefficient > kMost) throw Failure(ErrorCode::kEvaluation, Numeric::decode(numeric).to_string() + " is no integer of 64 bits");
  return static_cast<std::int64_t>(coefficient);
}

}  // namespace

void Change::weights(std::int64_t* out) const {
  for (const Chunk& chunk : data_->rows.chunks) chunk.each([&](std::uint32_t i) { *out++ = chunk.weights[i]; });
}

void Change::integers(std::size_t c, std::int64_t* out, std::uint8_t* nulls) const {
  const Schema& schema = data_->schema;
  check_column(schema, c);
  const Kind kind = kind_of(schema[c].type.id);
  if (kind == Kind::kInt) {
    fill(data_->rows, c, out, nulls, [](const Column& column, std::uint32_t i) { return column.ints()[i]; });
  } else if (kind == Kind::kBool) {
    fill(data_->rows, c, out, nulls, [](const Column& column, std::uint32_t i) { return std::int64_t{column.bools()[i]}; });
  } else if (schema[c].type.id == TypeId::kNumeric) {
    fill(data_->rows, c, out, nulls, [](const Column& column, std::uint32_t i) { return whole(column.bytes()[i]); });
  } else {
    wrong_type(schema, c, "an integer, a number without fraction, a date or a time");
  }
}

void Change::numbers(std::size_t c, double* out, std::uint8_t* nulls) const {
  check_column(data_->schema, c);
  if (kind_of(data_->schema[c].type.id) == Kind::kDouble) {
    fill(data_->rows, c, out, nulls, [](const Column& column, std::uint32_t i) { return column.doubles()[i]; });
  } else if (data_->schema[c].type.id == TypeId::kNumeric) {
    fill(data_->rows, c, out, nulls, [](const Column& column, std::uint32_t i) { return Numeric::decode(column.bytes()[i]).to_double(); });
  } else {
    wrong_type(data_->schema, c, "real, double precision or numeric");
  }
}

void Change::texts(std::size_t c, std::string_view* out, std::uint8_t* nulls) const {
  check_column(data_->schema, c);
  const TypeId id = data_->schema[c].type.id;
  if (id != TypeId::kText && id != TypeId::kVarchar) wrong_type(data_->schema, c, "text or character varying");
  fill(data_->rows, c, out, nulls, [](const Column& column, std::uint32_t i) { return column.bytes()[i].view(); });
}

}  // namespace weir
