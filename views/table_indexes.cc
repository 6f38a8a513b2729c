// The indexes of a table as an open transaction sees them: UNIQUE, and look-ups by other columns than the primary key.
//
// An index of the table answers for the rows at rest, of which the transaction may have removed some; postings answer for those that it has brought. An entry is
// posted under each key that it ever had and asked for the one that it has now, so that nothing has to be taken out when a call is undone.

#include <unordered_set>

#include "operators/gather.h"
#include "views/table_changes.h"
#include "zset/hash.h"

namespace weir::internal {
namespace {

std::uint64_t hash_of(const TableIndex& index, std::span<const Datum> key) {
  std::uint64_t hash = 0;
  for (std::size_t k = 0; k < key.size(); ++k) hash = hash_combine(hash, key_hash(key[k], index.kinds[k]));
  return hash;
}

}  // namespace

std::int64_t TableChanges::count(const Entry& entry) const {
  if (table_->keyed()) return current(entry).none() ? 0 : 1;
  return (entry.base == kNone ? 0 : table_->rows->weight(entry.base)) + entry.count;
}

TableChanges::Place TableChanges::current(const Entry& entry) const {
  if (table_->keyed()) return entry.row == kBase ? Place{kNone, entry.base} : Place{entry.row, kNone};
  return count(entry) > 0 ? Place{entry.key, kNone} : Place{};
}

bool TableChanges::key_of(const TableIndex& index, const Place& place, std::vector<Datum>& key) const {
  key.clear();
  for (const std::uint16_t c : index.columns) {
    key.push_back(value(place, c));
    if (key.back().null && !index.nulls_equal) return false;
  }
  return true;
}

std::uint32_t TableChanges::entry_of_base(Arrangement::Row base) const {
  if (mask_ == 0) return kNone;
  const TableState& table = *table_;
  Arena scratch;
  std::vector<Column> columns(table.kinds().size());
  for (std::uint16_t c = 0; c < columns.size(); ++c) {
    columns[c] = Column::make(table.kinds()[c], 1, true, scratch);
    columns[c].set(0, table.rows->get(base, c));
  }
  const Chunk chunk = dense_chunk(1, columns, plus_ones());
  std::uint64_t hash = 0;
  if (table.keyed())
    hash_keys(chunk, table.relation.key, table.kinds_of_key(), &hash);
  else
    hash_rows(chunk, {}, &hash);
  return find_entry(static_cast<std::uint32_t>(hash >> 32 ^ hash), chunk, 0);
}

// Calls f(place, how often) for the rows under a key, but for that of one entry, until it says true.
template <class F>
bool TableChanges::any_in(std::size_t number, std::span<const Datum> key, std::uint32_t except, F&& f) const {
  const TableIndex& index = table_->indexes[number];
  const Arrangement& rows = *table_->rows;
  for (Arrangement::Row row = rows.probe_one(index.number, key, index.nulls_equal); row != Arrangement::kNone; row = rows.next(index.number, row)) {
    const std::uint32_t e = entry_of_base(row);
    if (e == kNone) {
      if (f(Place{kNone, row}, rows.weight(row))) return true;
    } else if (e != except && entries_[e].base == row && (!table_->keyed() || entries_[e].row == kBase)) {
      const Place place = current(entries_[e]);
      if (!place.none() && f(place, count(entries_[e]))) return true;
    }
  }
  if (number >= postings_.size()) return false;
  std::unordered_set<std::uint32_t> seen;  // who was posted twice under this key
  return postings_[number].any(hash_of(index, key), [&](std::uint32_t e) {
    if (e == except || e >= entries_.size() || (!table_->keyed() && entries_[e].base != kNone)) return false;
    const Place place = current(entries_[e]);
    if (place.kept == kNone) return false;
    for (std::size_t k = 0; k < key.size(); ++k) {
      if (!key_equal(key[k], value(place, index.columns[k]), index.kinds[k])) return false;
    }
    return seen.insert(e).second && f(place, count(entries_[e]));
  });
}

TableChanges::Place TableChanges::find_in(std::size_t index, std::span<const Datum> key) {
  refresh();
  index_all();
  post_all();
  Place found;
  any_in(index, key, kNone, [&](const Place& place, std::int64_t) {
    found = place;
    return true;
  });
  return found;
}

void TableChanges::each_in(std::size_t index, std::span<const Datum> key, const std::function<void(const Place&, std::int64_t)>& f) {
  refresh();
  index_all();
  post_all();
  any_in(index, key, kNone, [&](const Place& place, std::int64_t count) {
    f(place, count);
    return false;
  });
}

void TableChanges::each_change(const std::function<void(const Place&, const Place&)>& f) const {
  for (const Entry& entry : entries_) f(Place{kNone, entry.base}, current(entry));
}

void TableChanges::post(std::uint32_t entry) {
  const Place place = current(entries_[entry]);
  if (place.kept == kNone) return;
  std::vector<Datum> key;
  for (std::size_t i = 0; i < postings_.size(); ++i) {
    if (key_of(table_->indexes[i], place, key)) postings_[i].add(hash_of(table_->indexes[i], key), entry);
  }
}

void TableChanges::post_all() {
  if (postings_.size() == table_->indexes.size()) return;  // else it is the first call, or an index is new
  postings_.clear();
  postings_.resize(table_->indexes.size());
  for (std::uint32_t e = 0; e < entries_.size(); ++e) post(e);
}

void TableChanges::check_unique(std::uint32_t entry) const {
  const Place place = current(entries_[entry]);
  if (place.kept == kNone) return;
  std::vector<Datum> key;
  for (std::size_t i = 0; i < table_->indexes.size(); ++i) {
    const TableIndex& index = table_->indexes[i];
    if (!index.unique || !key_of(index, place, key)) continue;
    if (count(entries_[entry]) == 1 && !any_in(i, key, entry, [](const Place&, std::int64_t) { return true; })) continue;
    Error error;
    error.code = ErrorCode::kConstraint;
    error.message = "duplicate key value violates unique constraint \"" + index.name + "\"";
    error.hint = "key " + describe_key(*table_, index.columns, key) + " already exists";
    throw Failure(std::move(error));
  }
}

void TableChanges::follow(std::size_t undo_before) {
  post_all();
  const auto each_touched = [&](auto&& f) {
    for (std::size_t u = undo_before; u < undo_.size(); ++u) f(undo_[u].first);
    for (std::size_t e = entries_before_; e < entries_.size(); ++e) f(static_cast<std::uint32_t>(e));
  };
  each_touched([&](std::uint32_t e) { post(e); });
  each_touched([&](std::uint32_t e) { check_unique(e); });
}

}  // namespace weir::internal
