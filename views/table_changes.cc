#include "views/table_changes.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "operators/gather.h"
#include "zset/hash.h"
#include "zset/prefetch.h"

namespace weir::internal {
namespace {

std::array<std::int64_t, kChunkRows> filled(std::int64_t value) {
  std::array<std::int64_t, kChunkRows> out;
  out.fill(value);
  return out;
}

Failure duplicate_key(const TableState& table, const Chunk& chunk, std::uint32_t position) {
  Error error;
  error.code = ErrorCode::kConstraint;
  error.message = "duplicate key value violates unique constraint \"" + table.relation.rules->key_name + "\"";
  error.hint = "key " + describe_key(table, chunk, position) + " already exists";
  return Failure(std::move(error));
}

Failure absent_row(const TableState& table, const std::string& what) {
  return Failure(ErrorCode::kConstraint, "table \"" + table.name() + "\" has no such row" + what);
}

Failure conflict(const TableState& table) {
  return Failure(ErrorCode::kTransaction, "could not serialize access to table \"" + table.name() + "\" due to concurrent update");
}

}  // namespace

const std::int64_t* plus_ones() {
  static const std::array<std::int64_t, kChunkRows> ones = filled(1);
  return ones.data();
}

const std::int64_t* minus_ones() {
  static const std::array<std::int64_t, kChunkRows> ones = filled(-1);
  return ones.data();
}

void TableChanges::start(std::shared_ptr<TableState> table, Arena& arena) {
  table_ = std::move(table);
  arena_ = &arena;
  chunks_.clear();
  borrowed_.clear();
  unindexed_.clear();
  entries_.clear();
  undo_.clear();
  marked_ = false;
  postings_.clear();
  mask_ = 0;
  all_plain_ = true;
  open_ = kNone;
  if (!table_) return;
  version_ = table_->version;
  single_int_key_ = table_->kinds_of_key().size() == 1 && table_->kinds_of_key()[0] == KeyKind::kInt;
}

std::uint64_t TableChanges::size() const {
  std::uint64_t rows = entries_.size();
  for (const std::uint32_t number : unindexed_) rows += chunks_[number].selected;
  return rows;
}

// ---- rows that are kept

TableChanges::Rows TableChanges::keep(const Chunk& chunk) {
  chunks_.push_back(chunk);
  return {static_cast<std::uint32_t>(chunks_.size() - 1), chunk};
}

void TableChanges::borrows(std::span<const Rows> rows) {
  for (const Rows& some : rows) borrowed_.push_back(some.number);
}

void TableChanges::own() {
  for (const std::uint32_t number : borrowed_) {
    const Chunk& chunk = chunks_[number];
    for (Column& column : chunk.cols()) {
      const std::size_t bytes = chunk.size * slot_bytes(column.kind);
      column.data = std::memcpy(arena_->bytes(bytes), column.data, bytes);
      if (column.kind != Kind::kBytes) continue;
      for (std::uint32_t i = 0; i < chunk.size; ++i) {
        if (column.is_valid(i)) column.as<Bytes>()[i] = Bytes::copy(column.bytes()[i].view(), *arena_);
      }
    }
  }
  borrowed_.clear();
}

TableChanges::Rows TableChanges::keep(std::span<const Datum> row) {
  if (open_ == kNone || chunks_[open_].size == open_capacity_) {
    open_capacity_ = open_ == kNone ? 4 : std::min(kChunkRows, open_capacity_ * 4);
    Chunk chunk;
    chunk.width = static_cast<std::uint16_t>(row.size());
    chunk.columns = arena_->array<Column>(row.size());
    for (std::size_t c = 0; c < row.size(); ++c) {
      chunk.columns[c] = Column::make(table_->kinds()[c], open_capacity_, true, *arena_);  // checked later, NOT NULL too
    }
    chunk.weights = plus_ones();
    chunks_.push_back(chunk);
    open_ = static_cast<std::uint32_t>(chunks_.size() - 1);
  }
  all_plain_ = false;
  Chunk& open = chunks_[open_];
  const std::uint32_t position = open.size++;
  open.selected = open.size;
  for (std::size_t c = 0; c < row.size(); ++c) {
    Datum value = row[c];
    if (value.kind == Kind::kBytes && !value.null) value.bytes = Bytes::copy(value.bytes.view(), *arena_);
    open.columns[c].set(position, value);
  }
  std::uint32_t* selection = arena_->array<std::uint32_t>(1);
  selection[0] = position;
  Chunk one = open;
  one.selection = selection;
  one.selected = 1;
  return {open_, one};
}

// ---- the hash table of touched keys

void TableChanges::reserve(std::size_t entries) {
  if (mask_ != 0 && entries * 2 <= mask_ + 1) return;
  if (entries > entries_.capacity()) entries_.reserve(std::max(entries, entries_.capacity() * 2));
  std::size_t slots = 16;
  while (slots < entries * 2) slots *= 2;
  mask_ = slots - 1;
  rebuild_slots();
}

void TableChanges::rebuild_slots() {
  slots_.assign(mask_ + 1, 0);
  for (std::size_t e = 0; e < entries_.size(); ++e) {
    std::size_t slot = entries_[e].hash & mask_;
    while (slots_[slot]) slot = (slot + 1) & mask_;
    slots_[slot] = static_cast<std::uint32_t>(e + 1);
  }
}

bool TableChanges::same_key(std::uint32_t kept_row, const Chunk& chunk, std::uint32_t position) const {
  if (table_->keyed()) {
    if (single_int_key_) {  // the slot of a NULL is 0, whose hash is another
      const std::uint16_t c = table_->relation.key[0];
      return chunks_[kept_row / kChunkRows].columns[c].ints()[kept_row % kChunkRows] == chunk.columns[c].ints()[position];
    }
    for (std::size_t k = 0; k < table_->relation.key.size(); ++k) {
      const std::uint16_t c = table_->relation.key[k];
      if (!key_equal(kept(kept_row, c), chunk.columns[c].get(position), table_->key_kinds()[c])) return false;
    }
    return true;
  }
  for (std::uint16_t c = 0; c < chunk.width; ++c) {
    if (!identical(kept(kept_row, c), chunk.columns[c].get(position))) return false;
  }
  return true;
}

std::uint32_t TableChanges::find_entry(std::uint32_t hash, const Chunk& chunk, std::uint32_t position) const {
  if (mask_ == 0) return kNone;
  for (std::size_t slot = hash & mask_; slots_[slot]; slot = (slot + 1) & mask_) {
    const std::uint32_t e = slots_[slot] - 1;
    if (entries_[e].hash == hash && same_key(entries_[e].key, chunk, position)) return e;
  }
  return kNone;
}

// Of the first n hashes.
void TableChanges::prefetch_entries(std::uint32_t n) const {
  constexpr std::size_t kCachedSlots = 4096;
  if (mask_ < kCachedSlots || n <= 8) return;
  const auto slot = [&](std::uint32_t k) { return &slots_[static_cast<std::uint32_t>(hashes_[k] >> 32 ^ hashes_[k]) & mask_]; };
  for (std::uint32_t k = 0; k < n; ++k) prefetch_line(slot(k));
  for (std::uint32_t k = 0; k < n; ++k) {
    if (*slot(k)) prefetch_line(&entries_[*slot(k) - 1]);
  }
}

std::uint32_t TableChanges::add_entry(const Entry& entry) {
  reserve(entries_.size() + 1);
  entries_.push_back(entry);
  std::size_t slot = entry.hash & mask_;
  while (slots_[slot]) slot = (slot + 1) & mask_;
  slots_[slot] = static_cast<std::uint32_t>(entries_.size());
  return slots_[slot] - 1;
}

TableChanges::Entry& TableChanges::touch(std::uint32_t index) {
  if (index < entries_before_) undo_.emplace_back(index, entries_[index]);
  all_plain_ = false;
  return entries_[index];
}

// ---- changes

template <class F>
void TableChanges::atomically(F&& f) {
  refresh();
  if (!marked_) undo_.clear();
  const std::size_t undo_before = undo_.size();
  entries_before_ = entries_.size();
  unindexed_before_ = unindexed_.size();
  try {
    f();
    if (!table_->indexes.empty()) follow(undo_before);
  } catch (...) {
    restore(undo_before, entries_before_);
    if (unindexed_.size() > unindexed_before_) unindexed_.resize(unindexed_before_);
    throw;
  }
}

void TableChanges::restore(std::size_t undo, std::size_t entries) {
  // What was kept meanwhile stays, but is nobody's row.
  all_plain_ = false;
  while (undo_.size() > undo) {
    entries_[undo_.back().first] = undo_.back().second;
    undo_.pop_back();
  }
  entries_.resize(entries);
  if (mask_) rebuild_slots();
}

TableChanges::Mark TableChanges::mark() {
  index_all();
  marked_ = true;
  return {undo_.size(), entries_.size(), version_};
}

void TableChanges::rollback(const Mark& mark) {
  restore(mark.undo, mark.entries);
  if (version_ != mark.version) version_ = ~std::uint64_t{0};  // resolved against another state of the table
}

void TableChanges::insert(std::span<const Rows> rows) {
  atomically([&] { apply(Operation::kInsert, rows); });
}

void TableChanges::erase(std::span<const Rows> rows) {
  index_all();
  atomically([&] { apply(Operation::kErase, rows); });
}

void TableChanges::upsert(std::span<const Rows> rows) {
  atomically([&] { apply(Operation::kUpsert, rows); });
}

void TableChanges::update(std::span<const Rows> before, std::span<const Rows> after) {
  index_all();
  atomically([&] {
    apply(Operation::kErase, before);
    apply(Operation::kInsert, after);
  });
}

void TableChanges::apply(Operation operation, std::span<const Rows> all) {
  if (table_->keyed() && all.size() > 1) {
    std::size_t rows = 0;
    for (const Rows& some : all) rows += some.chunk.selected;
    reserve(entries_.size() + rows);
  }
  for (const Rows& some : all) apply(operation, some);
}

void TableChanges::apply(Operation operation, const Rows& rows) {
  if (rows.chunk.selected == 0) return;
  if (hashes_.size() < rows.chunk.selected) {  // a transaction of few rows stays small
    hashes_.resize(rows.chunk.selected);
    bases_.resize(rows.chunk.selected);
  }
  if (table_->keyed()) {
    apply_keyed(operation, rows);
  } else if (operation == Operation::kInsert && entries_.empty() && !marked_ && table_->indexes.empty() && rows.chunk.weights == plus_ones() &&
             rows.number != open_) {
    unindexed_.push_back(rows.number);
  } else {
    index_all();
    apply_counted(operation, rows);
  }
}

void TableChanges::apply_keyed(Operation operation, const Rows& rows) {
  const TableState& table = *table_;
  const Chunk& chunk = rows.chunk;
  const std::vector<std::uint16_t>& key = table.relation.key;
  hash_keys(chunk, key, table.kinds_of_key(), hashes_.data());
  table.rows->probe(table.key_index, chunk, key, false, bases_.data());
  reserve(entries_.size() + chunk.selected);
  if (operation != Operation::kInsert || chunk.selection) all_plain_ = false;
  prefetch_entries(chunk.selected);
  for (std::uint32_t k = 0; k < chunk.selected; ++k) {
    const std::uint32_t position = chunk.position(k);
    const std::uint32_t row = rows.number * kChunkRows + position;
    const auto hash = static_cast<std::uint32_t>(hashes_[k] >> 32 ^ hashes_[k]);
    std::uint32_t index = find_entry(hash, chunk, position);
    const bool fresh = index == kNone;
    if (fresh) {
      Entry entry;
      entry.hash = hash;
      entry.base = bases_[k];
      entry.key = row;
      entry.row = entry.base == kNone ? kNone : kBase;
      index = add_entry(entry);
    }
    Entry& entry = fresh ? entries_[index] : touch(index);
    switch (operation) {
      case Operation::kInsert:
        if (entry.row != kNone || chunk.weights[position] != 1) throw duplicate_key(table, chunk, position);
        entry.row = row;
        break;
      case Operation::kUpsert:
        if (fresh) entry.any_base = true;
        entry.row = row;
        break;
      case Operation::kErase: {
        bool there = chunk.weights[position] == 1 && entry.row != kNone;
        if (there && entry.row == kBase) {
          there = equals_base(entry.base, chunk, position, true);
          entry.before = row;
        } else if (there) {
          for (std::uint16_t c = 0; c < chunk.width && there; ++c) there = key_equal(kept(entry.row, c), chunk.columns[c].get(position), table.key_kinds()[c]);
        }
        if (!there) throw absent_row(table, ": key " + describe_key(table, chunk, position));
        entry.row = kNone;
        break;
      }
    }
  }
}

void TableChanges::apply_counted(Operation operation, const Rows& rows) {
  const TableState& table = *table_;
  const Chunk& chunk = rows.chunk;
  hash_rows(chunk, {}, hashes_.data());
  table.rows->find(chunk, bases_.data());
  reserve(entries_.size() + chunk.selected);
  all_plain_ = false;
  for (std::uint32_t k = 0; k < chunk.selected; ++k) {
    const std::uint32_t position = chunk.position(k);
    const auto hash = static_cast<std::uint32_t>(hashes_[k] >> 32 ^ hashes_[k]);
    std::uint32_t index = find_entry(hash, chunk, position);
    if (index == kNone) {
      Entry entry;
      entry.hash = hash;
      entry.base = bases_[k];
      entry.key = rows.number * kChunkRows + position;
      index = add_entry(entry);
    }
    Entry& entry = touch(index);
    entry.count += operation == Operation::kInsert ? chunk.weights[position] : -chunk.weights[position];
    const std::int64_t there = entry.base == kNone ? 0 : table.rows->weight(entry.base);
    if (there + entry.count < 0) throw absent_row(table, "");
  }
}

// From now on rows of a table without a key are counted.
void TableChanges::index_all() {
  if (unindexed_.empty()) return;
  std::vector<std::uint32_t> chunks;
  chunks.swap(unindexed_);
  refresh();
  hashes_.resize(kChunkRows);
  bases_.resize(kChunkRows);
  for (const std::uint32_t number : chunks) apply_counted(Operation::kInsert, {number, chunks_[number]});
  // Done for good, whatever becomes of the call that asked for it.
  undo_.clear();
  entries_before_ = entries_.size();
}

bool TableChanges::equals_base(Arrangement::Row base, const Chunk& chunk, std::uint32_t position, bool by_key) const {
  if (table_->rows->matches(base, chunk, position)) return true;
  if (!by_key) return false;
  for (std::uint16_t c = 0; c < chunk.width; ++c) {
    if (!key_equal(table_->rows->get(base, c), chunk.columns[c].get(position), table_->key_kinds()[c])) return false;
  }
  return true;
}

bool TableChanges::find(std::span<const Datum> key, std::vector<Datum>& row) {
  const Place place = find_key(key);
  if (place.none()) return false;
  row.resize(table_->kinds().size());
  for (std::uint16_t c = 0; c < row.size(); ++c) row[c] = value(place, c);
  return true;
}

TableChanges::Place TableChanges::find_key(std::span<const Datum> key) {
  refresh();
  const TableState& table = *table_;
  if (!entries_.empty()) {
    // A row that holds only the key, to look it up among the changes.
    std::vector<Column> columns(table.kinds().size());
    Arena scratch;
    for (std::size_t k = 0; k < key.size(); ++k) {
      columns[table.relation.key[k]] = Column::make(key[k].kind, 1, true, scratch);
      columns[table.relation.key[k]].set(0, key[k]);
    }
    const Chunk chunk = dense_chunk(1, columns, plus_ones());
    std::uint64_t hash = 0;
    hash_keys(chunk, table.relation.key, table.kinds_of_key(), &hash);
    const std::uint32_t index = find_entry(static_cast<std::uint32_t>(hash >> 32 ^ hash), chunk, 0);
    if (index != kNone) return current(entries_[index]);
  }
  return {kNone, table.rows->probe_one(table.key_index, key, false)};
}

void TableChanges::refresh() {
  if (version_ == table_->version) return;
  const std::vector<Entry> before = entries_;
  try {
    find_bases();
    if (!table_->indexes.empty()) {
      post_all();
      for (std::uint32_t e = 0; e < entries_.size(); ++e) check_unique(e);
    }
  } catch (...) {
    entries_ = before;  // asked again, it says the same
    throw;
  }
  version_ = table_->version;
}

void TableChanges::find_bases() {
  const TableState& table = *table_;
  for (Entry& entry : entries_) {
    const Chunk& chunk = chunks_[entry.key / kChunkRows];
    std::uint32_t position = entry.key % kChunkRows;
    Chunk one = chunk;
    one.selection = &position;
    one.selected = 1;
    if (!table.keyed()) {
      table.rows->find(one, &entry.base);
      const std::int64_t there = entry.base == kNone ? 0 : table.rows->weight(entry.base);
      if (there + entry.count < 0) throw conflict(table);
      continue;
    }
    const Arrangement::Row before = entry.base;
    table.rows->probe(table.key_index, one, table.relation.key, false, &entry.base);
    if (entry.any_base) continue;
    if (entry.before != kNone) {
      if (entry.base == kNone || !equals_base(entry.base, chunks_[entry.before / kChunkRows], entry.before % kChunkRows, true)) throw conflict(table);
    } else if (before == kNone && entry.base != kNone) {
      if (entry.row == kNone) entry.row = kBase;  // inserted and erased here, inserted there meanwhile
      else throw duplicate_key(table, chunk, position);
    } else if (entry.row == kBase && entry.base == kNone) {
      entry.row = kNone;
    }
  }
}

// ---- one transaction after the other

TableChanges::Rows TableChanges::selected(std::uint32_t kept_row, std::uint32_t* position) const {
  *position = kept_row % kChunkRows;
  Rows one{kept_row / kChunkRows, chunks_[kept_row / kChunkRows]};
  one.chunk.selection = position;
  one.chunk.selected = 1;
  return one;
}

std::uint64_t TableChanges::absorb(TableChanges& other) {
  other.refresh();
  refresh();
  const bool plain = table_->keyed() ? entries_.empty() && other.all_plain_ : entries_.empty() && other.entries_.empty();
  if (!table_->keyed() && !plain) index_all();
  const auto first_chunk = static_cast<std::uint32_t>(chunks_.size());
  chunks_.insert(chunks_.end(), other.chunks_.begin(), other.chunks_.end());
  open_ = kNone;
  all_plain_ = all_plain_ && plain && first_chunk == 0;
  undo_.clear();
  entries_before_ = entries_.size();
  unindexed_before_ = unindexed_.size();
  std::uint64_t rows = 0;
  try {
    reserve(entries_.size() + other.entries_.size());
    for (const Entry& theirs : other.entries_) rows += absorb_entry(other, theirs, first_chunk);
    for (const std::uint32_t number : other.unindexed_) {
      rows += chunks_[first_chunk + number].selected;
      if (plain) {
        unindexed_.push_back(first_chunk + number);
      } else {
        hashes_.resize(kChunkRows);
        bases_.resize(kChunkRows);
        apply_counted(Operation::kInsert, {first_chunk + number, chunks_[first_chunk + number]});
      }
    }
    if (!table_->indexes.empty()) follow(0);
  } catch (...) {
    take_back();
    throw;
  }
  return rows;
}

void TableChanges::take_back() {
  restore(0, entries_before_);
  if (unindexed_.size() > unindexed_before_) unindexed_.resize(unindexed_before_);
}

std::uint64_t TableChanges::absorb_entry(const TableChanges& other, const Entry& theirs, std::uint32_t first_chunk) {
  const TableState& table = *table_;
  const auto ours = [&](std::uint32_t row) { return row == kNone || row == kBase ? row : row + first_chunk * kChunkRows; };
  std::uint32_t position = 0;
  const Rows key = other.selected(theirs.key, &position);
  std::uint32_t index = find_entry(theirs.hash, key.chunk, position);
  const bool fresh = index == kNone;
  if (fresh) {
    Entry entry;
    entry.hash = theirs.hash;
    entry.base = theirs.base;
    entry.key = ours(theirs.key);
    entry.row = table.keyed() && theirs.base != kNone ? kBase : kNone;
    index = add_entry(entry);
  }
  Entry& entry = fresh ? entries_[index] : touch(index);
  if (!table.keyed()) {
    entry.count += theirs.count;
    const std::int64_t there = entry.base == kNone ? 0 : table.rows->weight(entry.base);
    if (there + entry.count < 0) throw conflict(table);
    return static_cast<std::uint64_t>(theirs.count < 0 ? -theirs.count : theirs.count);
  }
  if (theirs.row == kBase) return 0;                        // looked at, left as it was
  if (theirs.any_base) {
    if (theirs.row == kNone && entry.row == kNone) return 0;
  } else if (theirs.before != kNone) {
    bool same = entry.row != kNone;                         // where it is the table's, refresh() has compared it
    if (same && entry.row != kBase) {
      std::uint32_t at = 0;
      const Rows before = other.selected(theirs.before, &at);
      for (std::uint16_t c = 0; c < before.chunk.width && same; ++c) same = key_equal(kept(entry.row, c), before.chunk.columns[c].get(at), table.key_kinds()[c]);
    }
    if (!same) throw conflict(table);
  } else {
    if (theirs.row == kNone) return 0;                      // inserted and erased
    if (entry.row != kNone) throw duplicate_key(table, key.chunk, position);
  }
  const bool as_before = theirs.row != kNone && entry.row == kBase && equals_base(entry.base, other.chunks_[theirs.row / kChunkRows], theirs.row % kChunkRows, false);
  entry.row = ours(theirs.row);
  return as_before ? 0 : 1;
}

// ---- the net change

std::uint64_t TableChanges::net(Arena& arena, Delta& out) {
  const TableState& table = *table_;
  if (!table.keyed()) {
    std::uint64_t rows = 0;
    for (const std::uint32_t number : unindexed_) {
      out.add(chunks_[number]);
      rows += chunks_[number].selected;
    }
    ChunkBuilder builder(table.kinds(), arena, out, static_cast<std::uint32_t>(std::min<std::size_t>(entries_.size() + 1, kChunkRows)));
    for (const Entry& entry : entries_) {
      if (entry.count == 0) continue;
      builder.append(chunks_[entry.key / kChunkRows], entry.key % kChunkRows, entry.count);
      rows += static_cast<std::uint64_t>(entry.count < 0 ? -entry.count : entry.count);
    }
    builder.finish();
    return rows;
  }
  const bool many_small = entries_.size() <= 8 || (chunks_.size() > 16 && entries_.size() < chunks_.size() * 64);
  if (all_plain_ && !many_small) {
    for (const Chunk& chunk : chunks_) out.add(chunk);
    return entries_.size();
  }
  std::uint64_t rows = 0;
  std::vector<Arrangement::Row> gone;
  std::vector<std::vector<std::uint32_t>> come(many_small ? 0 : chunks_.size());
  std::vector<Datum> old(table.kinds().size());
  Delta added;
  ChunkBuilder builder(table.kinds(), arena, added, static_cast<std::uint32_t>(std::min<std::size_t>(entries_.size() * 2, kChunkRows)));
  for (const Entry& entry : entries_) {
    if (entry.row == kBase || (entry.row == kNone && entry.base == kNone)) continue;
    if (entry.row != kNone) {
      const std::uint32_t number = entry.row / kChunkRows, position = entry.row % kChunkRows;
      if (entry.base != kNone && equals_base(entry.base, chunks_[number], position, false)) continue;
      if (entry.base != kNone) {  // a row that goes is followed by the one that takes its place: arrangements then change it in place
        for (std::uint16_t c = 0; c < old.size(); ++c) old[c] = table.rows->get(entry.base, c);
        builder.append(old, -1);
      }
      if (many_small || entry.base != kNone) builder.append(chunks_[number], position, 1);
      else come[number].push_back(position);
    } else {
      gone.push_back(entry.base);
    }
    ++rows;
  }
  builder.finish();
  for (std::size_t from = 0; from < gone.size(); from += kChunkRows) {
    const auto n = static_cast<std::uint32_t>(std::min<std::size_t>(kChunkRows, gone.size() - from));
    Chunk chunk;
    chunk.size = chunk.selected = n;
    chunk.width = static_cast<std::uint16_t>(table.kinds().size());
    chunk.columns = arena.array<Column>(table.kinds().size());
    for (std::uint16_t c = 0; c < chunk.width; ++c) {
      chunk.columns[c] = Column::make(table.kinds()[c], n, table.relation.schema[c].nullable, arena);
      table.rows->gather({gone.data() + from, n}, c, chunk.columns[c]);
    }
    chunk.weights = minus_ones();
    out.add(chunk);
  }
  for (std::size_t number = 0; number < come.size(); ++number) {
    if (come[number].empty()) continue;
    std::vector<std::uint32_t>& positions = come[number];
    Chunk chunk = chunks_[number];
    if (positions.size() == chunk.size) {
      chunk.selection = nullptr;
    } else {
      if (!std::is_sorted(positions.begin(), positions.end())) std::sort(positions.begin(), positions.end());
      std::uint32_t* selection = arena.array<std::uint32_t>(positions.size());
      std::copy(positions.begin(), positions.end(), selection);
      chunk.selection = selection;
    }
    chunk.selected = static_cast<std::uint32_t>(positions.size());
    chunk.weights = plus_ones();
    out.add(chunk);
  }
  for (const Chunk& chunk : added.chunks) {
    for (std::size_t c = 0; c < table.kinds().size(); ++c) {
      if (!table.relation.schema[c].nullable) chunk.columns[c].valid = nullptr;
    }
    out.add(chunk);
  }
  return rows;
}

}  // namespace weir::internal
