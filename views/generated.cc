// What tables put into rows by themselves: the values of generated columns, the numbers of identity columns.

#include <algorithm>

#include "views/engine.h"
#include "zset/consolidate.h"

namespace weir::internal {

Numbers::Numbers(const Relation& table, const Relation::Identity& identity)
    : identity_(identity), name_(table.name + "_" + table.schema[identity.column].name + "_seq"), next_(identity.start) {}

std::int64_t Numbers::take() {
  const std::lock_guard lock(mutex_);
  if (ended_) {
    const bool up = identity_.increment > 0;
    throw Failure(ErrorCode::kEvaluation, std::string("nextval: reached ") + (up ? "maximum" : "minimum") + " value of sequence \"" + name_ + "\" (" +
                                              std::to_string(up ? identity_.most : identity_.least) + ")");
  }
  const std::int64_t number = next_;
  ended_ = __builtin_add_overflow(next_, identity_.increment, &next_) || next_ > identity_.most || next_ < identity_.least;
  return number;
}

std::string Numbers::position() const {
  const std::lock_guard lock(mutex_);
  return ended_ ? "ended" : std::to_string(next_);
}

void Numbers::go_to(const std::string& position) {
  const std::lock_guard lock(mutex_);
  ended_ = position == "ended";
  next_ = position.empty() || ended_ ? identity_.start : std::stoll(position);
}

void TableState::each_position(const std::function<void(const std::string& setting, Numbers&)>& f) const {
  for (std::size_t n = 0; n < numbers.size(); ++n) {
    const std::string& column = relation.schema[relation.rules->identities[n].column].name;
    f("identity:" + quote_identifier(name()) + "." + quote_identifier(column), *numbers[n]);
  }
}

void TableState::complete(const Chunk& rows, Arena& arena) const {
  for (std::size_t n = 0; n < generated.size(); ++n) rows.columns[relation.rules->generated[n].column] = generated[n]->evaluate(rows, arena);
}

void TableState::complete(std::span<Datum> row, Arena& arena) const {
  if (generated.empty()) return;
  Delta one;
  ChunkBuilder builder(kinds(), arena, one, 1);
  builder.append(row, 1);
  builder.finish();
  complete(one.chunks[0], arena);
  for (const Relation::Generated& g : relation.rules->generated) row[g.column] = one.chunks[0].columns[g.column].get(0);
}

void TableState::fill(std::span<Datum> row, Arena& arena) const {
  for (const Relation::Generated& g : relation.rules->generated) {
    if (!row[g.column].null) throw Failure(ErrorCode::kConstraint, "cannot insert a non-DEFAULT value into column \"" + relation.schema[g.column].name + "\"");
  }
  for (std::size_t n = 0; n < numbers.size(); ++n) {
    Datum& value = row[relation.rules->identities[n].column];
    if (value.null) value = Datum::of(numbers[n]->take());
  }
  complete(row, arena);
}

void TableState::fill(const Chunk& rows, Arena& arena) const {
  for (const Relation::Generated& g : relation.rules->generated) {
    rows.each([&](std::uint32_t i) {
      if (rows.columns[g.column].is_valid(i)) throw Failure(ErrorCode::kConstraint, "cannot insert a non-DEFAULT value into column \"" + relation.schema[g.column].name + "\"");
    });
  }
  for (std::size_t n = 0; n < numbers.size(); ++n) {
    Column& column = rows.columns[relation.rules->identities[n].column];
    if (!column.valid) continue;
    Column filled = Column::make(Kind::kInt, rows.size, false, arena);
    rows.each([&](std::uint32_t i) { filled.set(i, Datum::of(column.is_valid(i) ? column.ints()[i] : numbers[n]->take())); });
    column = filled;
  }
  complete(rows, arena);
}

// INSERT: the rows in their places, with their numbers.
void Engine::number_rows(const TableState& table, Arena& arena, Delta& rows) const {
  struct Row {
    std::int64_t place;
    const Chunk* chunk;
    std::uint32_t position;
  };
  const auto width = static_cast<std::uint16_t>(table.kinds().size());
  std::vector<Row> order;
  for (const Chunk& chunk : rows.chunks) chunk.each([&](std::uint32_t i) { order.push_back({chunk.columns[width].ints()[i], &chunk, i}); });
  std::sort(order.begin(), order.end(), [](const Row& a, const Row& b) { return a.place < b.place; });
  Delta out;
  ChunkBuilder builder(table.kinds(), arena, out);
  std::vector<Datum> row(width);
  for (const Row& from : order) {
    for (std::uint16_t c = 0; c < width; ++c) row[c] = from.chunk->columns[c].get(from.position);
    for (std::size_t n = 0; n < table.numbers.size(); ++n) {
      if (from.chunk->columns[width + 1 + n].bools()[from.position]) row[table.relation.rules->identities[n].column] = Datum::of(table.numbers[n]->take());
    }
    builder.append(row, 1);
  }
  builder.finish();
  rows = std::move(out);
}

}  // namespace weir::internal
