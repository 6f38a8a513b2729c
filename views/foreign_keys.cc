// FOREIGN KEY: checked on both sides at the end of each statement, with what ON DELETE and ON UPDATE ask for.
//
// A change is a list of rows before and after. A row that came must find its parent; a key that a parent lost must have no children left, or takes them along: that is
// a change of the child's table, which is dealt with in the same way, in turn. All of it or nothing.
//
// Cost     one probe of the other side for each row that came, or key that went; one row for each row that an action changes.

#include <algorithm>
#include <deque>

#include "sql/functions.h"
#include "views/engine.h"
#include "views/schema_change.h"

namespace weir::internal {
namespace {

using Rows = TableChanges::Rows;
using Place = TableChanges::Place;
using Action = Relation::Foreign::Action;
using Columns = std::vector<std::uint16_t>;

struct RowAt {
  const Chunk* chunk;
  std::uint32_t position;
};

std::vector<RowAt> flat(std::span<const Rows> rows) {
  std::vector<RowAt> out;
  for (const Rows& r : rows) r.chunk.each([&](std::uint32_t i) { out.push_back({&r.chunk, i}); });
  return out;
}

std::vector<Datum> values(const RowAt& row, const Columns& columns) {
  std::vector<Datum> out;
  for (const std::uint16_t c : columns) out.push_back(row.chunk->columns[c].get(row.position));
  return out;
}

std::size_t nulls(const std::vector<Datum>& key) {
  return static_cast<std::size_t>(std::count_if(key.begin(), key.end(), [](const Datum& d) { return d.null; }));
}

bool equal(const std::vector<Datum>& a, const std::vector<Datum>& b, const TableIndex& index) {
  for (std::size_t k = 0; k < a.size(); ++k) {
    if (!key_equal(a[k], b[k], index.kinds[k])) return false;
  }
  return true;
}

[[noreturn]] void violated(const std::string& message, const std::string& hint) {
  Error error;
  error.code = ErrorCode::kConstraint;
  error.message = message;
  error.hint = hint;
  throw Failure(std::move(error));
}

[[noreturn]] void no_parent(const Link& link, const std::vector<Datum>& key) {
  violated("insert or update on table \"" + link.child->name() + "\" violates foreign key constraint \"" + link.foreign->name + "\"",
           "key " + describe_key(*link.child, link.foreign->columns, key) + " is not present in table \"" + link.parent->name() + "\"");
}

[[noreturn]] void has_children(const Link& link, const std::vector<Datum>& key) {
  violated("update or delete on table \"" + link.parent->name() + "\" violates foreign key constraint \"" + link.foreign->name + "\" on table \"" +
               link.child->name() + "\"",
           "key " + describe_key(*link.parent, link.parent->indexes[link.parent_index].columns, key) + " is still referenced from table \"" +
               link.child->name() + "\"");
}

// Which one to ask: whoever has changes knows more than the table.
Place find_row(const TransactionState& transaction, const TableState& table, std::size_t index, const std::vector<Datum>& key) {
  if (TableChanges* changes = transaction.find(table)) return changes->find_in(index, key);
  return {Place().kept, table.rows->probe_one(table.indexes[index].number, key, false)};
}

void check_parent(const TransactionState& transaction, const Link& link, const std::vector<Datum>& key) {
  const std::size_t missing = nulls(key);
  if (missing == key.size() || (missing > 0 && !link.foreign->full)) return;
  if (missing > 0) {
    violated("insert or update on table \"" + link.child->name() + "\" violates foreign key constraint \"" + link.foreign->name + "\"",
             "MATCH FULL does not allow mixing of null and nonnull key values");
  }
  if (find_row(transaction, *link.parent, link.parent_index, key).none()) no_parent(link, key);
}

struct Step {
  std::shared_ptr<TableState> table;
  std::vector<Rows> before, after;
};

// What one key does to the rows that refer to it, if it is no longer there.
void follow_key(TransactionState& transaction, Engine& engine, const Link& link, const std::vector<Datum>& key, const std::vector<Datum>* becomes,
                Step& out) {
  const Relation::Foreign& foreign = *link.foreign;
  const Action action = becomes ? foreign.on_update : foreign.on_delete;
  if (action == Action::kNoAction && !find_row(transaction, *link.parent, link.parent_index, key).none()) return;
  if (find_row(transaction, *link.child, link.child_index, key).none()) return;
  if (action == Action::kNoAction || action == Action::kRestrict) has_children(link, key);
  if (!out.table) out.table = engine.table(link.child->name());
  TableChanges& changes = transaction.of(out.table);
  struct Child {
    Place place;
    std::int64_t count;
  };
  std::vector<Child> children;
  changes.each_in(link.child_index, key, [&](const Place& place, std::int64_t count) { children.push_back({place, count}); });
  std::vector<Datum> row(link.child->kinds().size());
  for (const Child& child : children) {
    for (std::uint16_t c = 0; c < row.size(); ++c) row[c] = changes.value(child.place, c);
    const Rows before = changes.keep(row);
    out.before.insert(out.before.end(), static_cast<std::size_t>(child.count), before);
    if (action == Action::kCascade && !becomes) continue;
    if (action == Action::kCascade) {
      for (std::size_t k = 0; k < key.size(); ++k) row[foreign.columns[k]] = (*becomes)[k];
    } else {
      for (const std::uint16_t c : becomes ? foreign.columns : foreign.set_columns) {
        const Expr* value = action == Action::kSetDefault ? link.child->relation.rules->default_of(c) : nullptr;
        row[c] = value ? evaluate_constant(*value, transaction.arena) : Datum::of_null(link.child->kinds()[c]);
      }
    }
    link.child->complete(row, transaction.arena);
    const Rows after = changes.keep(row);
    link.child->check(after.chunk, transaction.arena);
    out.after.insert(out.after.end(), static_cast<std::size_t>(child.count), after);
  }
}

void apply(TableChanges& changes, std::span<const Rows> before, std::span<const Rows> after) {
  if (before.empty())
    changes.insert(after);
  else if (after.empty())
    changes.erase(before);
  else
    changes.update(before, after);
}

}  // namespace

void Engine::change(TransactionState& transaction, const std::shared_ptr<TableState>& table, std::span<const Rows> before,
                    std::span<const Rows> after) {
  if (!table->linked()) return apply(transaction.of(table), before, after);
  transaction.linked_since = std::min(transaction.linked_since, sequence());
  const std::vector<TableChanges::Mark> marks = transaction.mark();
  try {
    std::deque<Step> steps;
    steps.push_back({table, {before.begin(), before.end()}, {after.begin(), after.end()}});
    for (; !steps.empty(); steps.pop_front()) {
      const Step step = steps.front();
      apply(transaction.of(step.table), step.before, step.after);
      const std::vector<RowAt> went = flat(step.before), came = flat(step.after);
      for (const Link& link : step.table->children) {
        const TableIndex& index = step.table->indexes[link.parent_index];
        Step next;
        for (std::size_t i = 0; i < went.size(); ++i) {
          const std::vector<Datum> key = values(went[i], index.columns);
          if (nulls(key) > 0) continue;
          std::vector<Datum> becomes;
          if (i < came.size()) becomes = values(came[i], index.columns);
          if (i < came.size() && equal(key, becomes, index)) continue;
          follow_key(transaction, *this, link, key, i < came.size() ? &becomes : nullptr, next);
        }
        if (next.table) steps.push_back(std::move(next));
      }
      for (const Link& link : step.table->parents) {
        const TableIndex& index = step.table->indexes[link.child_index];
        for (std::size_t i = 0; i < came.size(); ++i) {
          const std::vector<Datum> key = values(came[i], index.columns);
          if (i < went.size() && equal(key, values(went[i], index.columns), index)) continue;
          check_parent(transaction, link, key);
        }
      }
    }
  } catch (...) {
    transaction.rollback(marks);
    throw;
  }
}

void Engine::recheck_links(TransactionState& transaction) const {
  for (std::size_t n = 0; n < transaction.used; ++n) {
    TableChanges& changes = *transaction.changes[n];
    const TableState& table = *changes.table();
    if (table.dropped || !table.linked()) continue;
    changes.refresh();
    changes.each_change([&](const Place& before, const Place& now) {
      const auto key_of = [&](const Place& place, const TableIndex& index) {
        std::vector<Datum> key;
        for (const std::uint16_t c : index.columns) key.push_back(changes.value(place, c));
        return key;
      };
      for (const Link& link : table.parents) {
        if (now.kept != Place().kept) check_parent(transaction, link, key_of(now, table.indexes[link.child_index]));
      }
      for (const Link& link : table.children) {
        if (before.none()) continue;
        const std::vector<Datum> key = key_of(before, table.indexes[link.parent_index]);
        if (nulls(key) > 0 || !find_row(transaction, table, link.parent_index, key).none()) continue;
        if (!find_row(transaction, *link.child, link.child_index, key).none()) has_children(link, key);
      }
    });
  }
}

// ---- both sides

namespace {

std::size_t index_over(TableState& table, const Columns& columns) {
  for (std::size_t i = 0; i < table.indexes.size(); ++i) {
    if (table.indexes[i].columns == columns && !table.indexes[i].nulls_equal) return i;
  }
  TableIndex index{columns, {}, table.rows->add_index(columns), false, false, ""};
  for (const std::uint16_t c : columns) index.kinds.push_back(table.key_kinds()[c]);
  table.indexes.push_back(std::move(index));
  return table.indexes.size() - 1;
}

bool same_set(Columns a, Columns b) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  return a == b;
}

}  // namespace

void Engine::link_tables() {
  ++links_version_;
  for (const auto& [id, relation] : relations_) {
    if (relation->relation.is_view) continue;
    auto& table = static_cast<TableState&>(*relation);
    table.parents.clear();
    table.children.clear();
  }
  for (const auto& [id, relation] : relations_) {
    if (relation->relation.is_view) continue;
    auto& child = static_cast<TableState&>(*relation);
    for (const Relation::Foreign& foreign : child.relation.rules->foreign) {
      TableState& parent = *table(foreign.parent);
      Columns columns;
      for (const std::string& name : foreign.parent_columns) {
        const Schema& schema = parent.relation.schema;
        const auto found = std::find_if(schema.begin(), schema.end(), [&](const Field& f) { return f.name == name; });
        if (found == schema.end())
          throw Failure(ErrorCode::kUnknownName, "column \"" + name + "\" referenced in foreign key constraint does not exist");
        columns.push_back(static_cast<std::uint16_t>(found - schema.begin()));
      }
      if (columns.empty()) {
        if (!parent.keyed()) throw Failure(ErrorCode::kConstraint, "there is no primary key for referenced table \"" + parent.name() + "\"");
        columns = parent.relation.key;
        if (columns.size() != foreign.columns.size())
          throw Failure(ErrorCode::kSyntax, "number of referencing and referenced columns for foreign key disagree");
      } else {
        const auto& uniques = parent.relation.rules->uniques;
        const bool unique = (parent.keyed() && same_set(columns, parent.relation.key)) ||
                            std::any_of(uniques.begin(), uniques.end(), [&](const Relation::Unique& u) { return same_set(columns, u.columns); });
        if (!unique)
          throw Failure(ErrorCode::kConstraint, "there is no unique constraint matching given keys for referenced table \"" + parent.name() + "\"");
      }
      for (std::size_t k = 0; k < columns.size(); ++k) {
        const Type& ours = child.relation.schema[foreign.columns[k]].type;
        const Type& theirs = parent.relation.schema[columns[k]].type;
        const bool enums = (ours.id == TypeId::kEnum || theirs.id == TypeId::kEnum) && ours != theirs;
        if (enums || child.key_kinds()[foreign.columns[k]] != parent.key_kinds()[columns[k]]) {
          throw Failure(ErrorCode::kUnsupported, "foreign key constraint \"" + foreign.name + "\" between types " + ours.to_string() + " and " +
                                                     theirs.to_string() + " is not supported");
        }
      }
      const std::size_t parent_index = index_over(parent, columns), child_index = index_over(child, foreign.columns);
      const Link link{&child, &parent, &foreign, child_index, parent_index};
      child.parents.push_back(link);
      parent.children.push_back(link);
    }
  }
}

}  // namespace weir::internal
