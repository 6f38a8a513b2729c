// INSERT … ON CONFLICT: each proposed row is inserted, left out, or makes an update of the row that is there already.
//
// As long as no update changes a column that rows may conflict in, what becomes of a row does not depend on the updates made before it: all rows are decided first, all
// updates computed at once, by vectors, and applied as one change. Otherwise rows are taken one at a time, each seeing those before it.

#include <algorithm>
#include <functional>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "sql/functions.h"
#include "views/engine.h"
#include "views/rows_in.h"
#include "zset/hash.h"

namespace weir::internal {
namespace {

using Place = TableChanges::Place;

class Resolver {
 public:
  using Apply = std::function<void(std::span<const TableChanges::Rows>, std::span<const TableChanges::Rows>)>;
  Resolver(const Statement::Conflict& conflict, const TableState& table, TableChanges& changes, Arena& arena, Apply apply)
      : conflict_(conflict), table_(table), changes_(changes), arena_(arena), apply_(std::move(apply)), first_kept_(changes.next_kept()) {
    if (conflict.by_key) arbiters_.push_back({std::nullopt, table.relation.key, table.kinds_of_key(), false, {}});
    for (const std::size_t u : conflict.uniques)
      arbiters_.push_back({u, table.indexes[u].columns, table.indexes[u].kinds, table.indexes[u].nulls_equal, {}});
    const auto changed = [&](std::uint16_t c) { return conflict.updates && (conflict.set[c] || table.relation.rules->generated_column(c)); };
    one_by_one_ = std::any_of(table.relation.key.begin(), table.relation.key.end(), changed);
    for (const TableIndex& index : table.indexes) one_by_one_ = one_by_one_ || std::any_of(index.columns.begin(), index.columns.end(), changed);
    for (const ExprPtr& set : conflict.set) set_.push_back(set ? compile(*set) : nullptr);
    if (conflict.where) where_ = compile(*conflict.where);
  }

  // `results`: the rows that came to be, in the order of the proposed ones.
  void resolve(const Delta& proposed, Delta& results) {
    if (!one_by_one_) return resolve_all(proposed, results);
    for (const Chunk& chunk : proposed.chunks) {
      chunk.each([&](std::uint32_t i) {
        auto* selection = arena_.array<std::uint32_t>(1);
        selection[0] = i;
        Chunk one = chunk;
        one.selection = selection;
        one.selected = 1;
        Delta alone;
        alone.add(one);
        resolve_all(alone, results);
      });
    }
  }

 private:
  // What rows conflict in: the primary key, or an index of the table.
  struct Arbiter {
    std::optional<std::size_t> index;
    std::vector<std::uint16_t> columns;
    std::vector<KeyKind> kinds;
    bool nulls_equal;
    std::unordered_multimap<std::uint64_t, std::vector<Datum>> proposed;  // keys of the rows that are going to be inserted
  };
  struct PlaceHash {
    std::size_t operator()(const Place& p) const { return hash_int(std::uint64_t{p.kept} << 32 | p.base); }
  };

  // In what stands in the table now, or in a row proposed before. False: no conflict; the row is noted as one that will be inserted.
  bool conflicts(const Chunk& chunk, std::uint32_t position, Place& there) {
    std::vector<std::vector<Datum>> keys(arbiters_.size());
    for (std::size_t a = 0; a < arbiters_.size(); ++a) {
      Arbiter& arbiter = arbiters_[a];
      for (const std::uint16_t c : arbiter.columns) keys[a].push_back(chunk.columns[c].get(position));
      const bool null = std::any_of(keys[a].begin(), keys[a].end(), [](const Datum& d) { return d.null; });
      if (null && !arbiter.nulls_equal) {
        keys[a].clear();
        continue;
      }
      there = arbiter.index ? changes_.find_in(*arbiter.index, keys[a]) : changes_.find_key(keys[a]);
      if (!there.none()) return true;
      const auto [from, to] = arbiter.proposed.equal_range(hash_of(arbiter, keys[a]));
      for (auto it = from; it != to; ++it) {
        bool equal = true;
        for (std::size_t k = 0; k < keys[a].size() && equal; ++k) equal = key_equal(it->second[k], keys[a][k], arbiter.kinds[k]);
        if (equal) return true;
      }
    }
    for (std::size_t a = 0; a < arbiters_.size(); ++a) {
      if (!keys[a].empty()) arbiters_[a].proposed.emplace(hash_of(arbiters_[a], keys[a]), std::move(keys[a]));
    }
    return false;
  }

  static std::uint64_t hash_of(const Arbiter& arbiter, const std::vector<Datum>& key) {
    std::uint64_t hash = 0;
    for (std::size_t k = 0; k < key.size(); ++k) hash = hash_combine(hash, key_hash(key[k], arbiter.kinds[k]));
    return hash;
  }

  [[noreturn]] static void second_time() {
    Error error;
    error.code = ErrorCode::kConstraint;
    error.message = "ON CONFLICT DO UPDATE command cannot affect row a second time";
    error.hint = "no two of the proposed rows may have the same key";
    throw Failure(std::move(error));
  }

  void resolve_all(const Delta& proposed, Delta& results) {
    struct Came {
      const Chunk* chunk;
      std::uint32_t position;
      std::size_t hit;
    };  // a proposed row, inserted itself or (chunk null) a hit
    const auto width = static_cast<std::uint16_t>(table_.kinds().size());
    for (Arbiter& arbiter : arbiters_) arbiter.proposed.clear();
    std::vector<Place> hits;
    std::vector<Came> came;
    Delta inserted, updates;
    ChunkBuilder fresh(table_.kinds(), arena_, inserted);
    std::vector<Kind> both = table_.kinds();
    both.insert(both.end(), table_.kinds().begin(), table_.kinds().end());
    ChunkBuilder pairs(both, arena_, updates);
    std::vector<Datum> row(both.size());
    for (const Chunk& chunk : proposed.chunks) {
      chunk.each([&](std::uint32_t i) {
        for (std::int64_t copy = 0; copy < chunk.weights[i]; ++copy) {
          Place there;
          if (!conflicts(chunk, i, there)) {
            fresh.append(chunk, i, 1);
            came.push_back({&chunk, i, 0});
          } else if (conflict_.updates) {
            if (there.none() || (there.kept != Place().kept && there.kept >= first_kept_)) second_time();
            for (std::uint16_t c = 0; c < width; ++c) {
              row[c] = changes_.value(there, c);
              row[width + c] = chunk.columns[c].get(i);
            }
            pairs.append(row, 1);
            came.push_back({nullptr, 0, hits.size()});
            hits.push_back(there);
          }
        }
      });
    }
    fresh.finish();
    pairs.finish();

    std::vector<TableChanges::Rows> before, after;
    std::unordered_set<Place, PlaceHash> affected;
    std::vector<std::pair<std::size_t, std::uint32_t>> updated(hits.size(), {SIZE_MAX, 0});  // where a hit's new row is: in `new_rows`
    Delta old_rows, new_rows;
    std::size_t first = 0;  // hit of the chunk's first row
    for (const Chunk& chunk : updates.chunks) {
      const Chunk passing = where_ ? select_true(chunk, where_->evaluate(chunk, arena_), arena_) : chunk;
      std::uint32_t position = 0;
      passing.each([&](std::uint32_t i) {
        if (!affected.insert(hits[first + i]).second) second_time();
        updated[first + i] = {new_rows.chunks.size(), position++};
      });
      first += chunk.size;
      if (passing.selected == 0) continue;
      Delta old_row, new_row;
      Chunk half = passing;
      half.width = width;
      old_row.add(half);
      half.columns = arena_.array<Column>(width);
      for (std::uint16_t c = 0; c < width; ++c) half.columns[c] = set_[c] ? set_[c]->evaluate(passing, arena_) : chunk.columns[c];
      new_row.add(half);
      deep_copy(old_row, arena_, old_rows);  // the table's texts may go, constants are their expressions'
      deep_copy(new_row, arena_, new_rows);
      table_.complete(new_rows.chunks.back(), arena_);
      table_.check(new_rows.chunks.back(), arena_);
    }
    for (const Chunk& chunk : old_rows.chunks) before.push_back(changes_.keep(chunk));
    for (const Chunk& chunk : new_rows.chunks) after.push_back(changes_.keep(chunk));
    for (const Chunk& chunk : inserted.chunks) after.push_back(changes_.keep(chunk));
    if (!after.empty()) apply_(before, after);

    ChunkBuilder out(table_.kinds(), arena_, results);
    for (const Came& one : came) {
      if (one.chunk)
        out.append(*one.chunk, one.position, 1);
      else if (updated[one.hit].first != SIZE_MAX)
        out.append(new_rows.chunks[updated[one.hit].first], updated[one.hit].second, 1);
    }
    out.finish();
  }

  const Statement::Conflict& conflict_;
  const TableState& table_;
  TableChanges& changes_;
  Arena& arena_;
  const Apply apply_;
  const std::uint32_t first_kept_;
  bool one_by_one_ = false;
  std::vector<Arbiter> arbiters_;
  std::vector<ExpressionPtr> set_;  // by column; null: stays
  ExpressionPtr where_;
};

}  // namespace

Outcome Engine::insert_resolving(TransactionState& transaction, const Statement& s, const Delta& rows) {
  const std::shared_ptr<TableState> target = table(s.names.at(0));
  TableChanges& changes = transaction.of(target);
  const std::vector<TableChanges::Mark> marks = transaction.mark();
  Delta results;
  Outcome outcome;
  try {
    const auto apply = [&](std::span<const TableChanges::Rows> before, std::span<const TableChanges::Rows> after) {
      change(transaction, target, before, after);
    };
    Resolver(*s.conflict, *target, changes, transaction.arena, apply).resolve(rows, results);
    for (const Chunk& chunk : results.chunks) outcome.changed += chunk.selected;
    if (!s.returning.empty()) {
      outcome.kind = Outcome::Kind::kRows;
      outcome.rows = returned(s, results, transaction.arena);
    }
  } catch (...) {
    transaction.rollback(marks);
    throw;
  }
  return outcome;
}

}  // namespace weir::internal
