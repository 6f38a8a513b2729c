// ALTER TABLE, and renames: a new table takes the old one's place, its rows and what the transaction has changed in it go along, and the views on it are made again.
//
// A view is kept as text. Where its text would mean something else afterwards (`*` would show a new column, a name would be found elsewhere, or not at all), the place
// that names the table is rewritten to give the table as the view knew it: `t` becomes `new_name AS t`, `t AS t(a, b)` or `(SELECT a, x AS b FROM t) AS t`. What a name
// means is told by binding: with the columns in question called something that no text can say, the plan has to be the same.

#include <algorithm>

#include "sql/statement.h"
#include "views/schema_change.h"
#include "zset/consolidate.h"

namespace weir::internal {
namespace {

constexpr char kUnsayable[] = "\x01";


bool same_columns(const Schema& a, const Schema& b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](const Field& x, const Field& y) { return x.name == y.name && x.type == y.type; });
}

// A constant of a type, as SQL.
std::string_view some_value(TypeId type) {
  if (is_array(type)) return "'{}'";
  switch (type) {
    case TypeId::kBoolean: return "TRUE";
    case TypeId::kSmallint: case TypeId::kInteger: case TypeId::kBigint: case TypeId::kReal: case TypeId::kDouble: case TypeId::kNumeric: return "1";
    case TypeId::kDate: case TypeId::kTimestamp: case TypeId::kTimestamptz: return "'2000-01-01'";
    case TypeId::kTime: return "'01:00'";
    case TypeId::kInterval: return "'1 day'";
    case TypeId::kUuid: return "'00000000-0000-0000-0000-000000000001'";
    case TypeId::kJson: case TypeId::kJsonb: return "'1'";
    default: return "'x'";
  }
}

// The catalog with other names for the columns of one table.
class Renamed final : public Catalog {
 public:
  Renamed(const Catalog& rest, Relation relation) : rest_(rest), relation_(std::move(relation)) {}
  const Relation* find_relation(std::string_view name) const override { return name == relation_.name ? &relation_ : rest_.find_relation(name); }
  const std::shared_ptr<const Domain>* find_domain(std::string_view name) const override { return rest_.find_domain(name); }
  std::vector<std::string> relation_names() const override { return rest_.relation_names(); }
  std::string definition_of(std::string_view name) const override { return rest_.definition_of(name); }
  std::vector<const Function*> find(std::string_view name) const override { return rest_.find(name); }

 private:
  const Catalog& rest_;
  const Relation relation_;
};

// The text with other words wherever it mentions the table: `aliased` where an alias follows, else `alone`.
std::string edited(const Statement& view, std::string text, std::uint64_t table, const std::string& aliased, const std::string& alone) {
  std::vector<Statement::Mention> mentions = view.mentions;
  std::sort(mentions.begin(), mentions.end(), [](const auto& a, const auto& b) { return a.offset > b.offset; });
  int last = -1;
  for (const Statement::Mention& mention : mentions) {
    if (mention.relation != table || mention.offset < 0 || mention.offset == last) continue;
    last = mention.offset;
    const auto offset = static_cast<std::size_t>(mention.offset);
    text.replace(offset, name_length(text, offset), mention.aliased ? aliased : alone);
  }
  return text;
}

}  // namespace

void SchemaChange::alter_table(Engine::Bound& bound) {
  Statement& s = bound.statement;
  const std::shared_ptr<TableState> old = engine_.table(s.names.at(0));
  engine_.require_no_gate(*old);
  const bool renames = s.relation.name != old->name() || [&] {
    for (std::size_t c = 0; c < s.sources.size(); ++c) {
      if (s.sources[c] >= 0 && s.relation.schema[c].name != old->relation.schema[static_cast<std::size_t>(s.sources[c])].name) return true;
    }
    return false;
  }();
  for (const Link& link : old->children) {
    if (renames)
      throw Failure(ErrorCode::kUnsupported, "renaming a table that foreign key constraint " + in_quotes(link.foreign->name) +
                                                 " refers to, or a column of it, is not supported");
  }
  const std::unique_lock state(engine_.state_mutex_);
  replace_table(old, std::move(s.relation), s.sources, old->definition + "\n;\n" + s.definition, s.cascade);
  engine_.link_tables();
}

// REQUIRES: the state lock exclusively.
std::shared_ptr<TableState> SchemaChange::replace_table(const std::shared_ptr<TableState>& old, Relation relation, const std::vector<int>& sources,
                                                        std::string definition, bool cascade) {
  tables_changed_ = true;
  const std::vector<std::shared_ptr<RelationState>> views = engine_.dependents(*old);
  relation.id = engine_.next_id_++;
  auto table = std::make_shared<TableState>(std::move(relation), &engine_);
  table->definition = std::move(definition);
  for (const auto& [column, comment] : old->comments) {
    if (column.empty()) table->comments[column] = comment;
  }
  for (std::size_t c = 0; c < sources.size(); ++c) {
    const auto found = sources[c] < 0 ? old->comments.end() : old->comments.find(old->relation.schema[static_cast<std::size_t>(sources[c])].name);
    if (found != old->comments.end()) table->comments[table->relation.schema[c].name] = found->second;
  }
  for (std::size_t n = 0; n < table->numbers.size(); ++n) {
    const int source = sources[table->relation.rules->identities[n].column];
    for (std::size_t o = 0; o < old->numbers.size(); ++o) {
      if (old->relation.rules->identities[o].column == source) table->numbers[n] = old->numbers[o];
    }
  }

  // Rows, and defaults where there was no column.
  Arena arena;
  Delta rows, moved;
  old->rows->scan(arena, rows);
  std::vector<Datum> defaults;
  for (std::size_t c = 0; c < sources.size(); ++c) {
    const Expr* value = sources[c] < 0 ? table->relation.rules->default_of(static_cast<std::uint16_t>(c)) : nullptr;
    defaults.push_back(value ? evaluate_constant(*value, arena) : Datum::of_null(table->kinds()[c]));
  }
  for (const Chunk& chunk : rows.chunks) {
    Chunk out = chunk;
    out.width = static_cast<std::uint16_t>(sources.size());
    out.columns = arena.array<Column>(sources.size());
    for (std::size_t c = 0; c < sources.size(); ++c) {
      if (sources[c] >= 0) {
        out.columns[c] = chunk.columns[sources[c]];
        continue;
      }
      out.columns[c] = Column::make(table->kinds()[c], chunk.size, true, arena);
      for (std::uint32_t i = 0; i < chunk.size; ++i) out.columns[c].set(i, defaults[c]);
    }
    table->complete(out, arena);
    table->check(out, arena);
    moved.add(out);
  }

  for (auto it = views.rbegin(); it != views.rend(); ++it) take_out(*it);
  take_out(old);
  engine_.attach_table(*table);
  try {
    // All rows as one change of an empty table: PRIMARY KEY and UNIQUE are checked by the way of every change.
    TableChanges changes;
    changes.start(table, arena);
    std::vector<TableChanges::Rows> all;
    for (const Chunk& chunk : moved.chunks) all.push_back(changes.keep(chunk));
    changes.insert(all);
    Delta net;
    changes.net(arena, net);
    if (!net.empty()) {
      engine_.circuit_->push(table->node, net);
      engine_.circuit_->evaluate();
      engine_.circuit_->advance();
    }
  } catch (...) {
    engine_.detach(*table);
    throw;
  }
  add(table);
  for (const Relation::Foreign& foreign : table->relation.rules->foreign) {
    const auto& before = old->relation.rules->foreign;
    if (std::any_of(before.begin(), before.end(), [&](const Relation::Foreign& f) { return f.name == foreign.name; })) continue;
    engine_.link_tables();
    for (const Link& link : table->parents) {
      if (link.foreign != &foreign) continue;
      for (const RelationState* side : {static_cast<const RelationState*>(old.get()), static_cast<const RelationState*>(link.parent)}) {
        const TableChanges* changes = transaction_ ? transaction_->find(*side) : nullptr;
        if (!changes || !changes->any()) continue;
        throw Failure(ErrorCode::kUnsupported, "a new foreign key in a transaction that has changed table " + in_quotes(side->name()) + " is not supported");
      }
      const TableIndex& index = table->indexes[link.child_index];
      for (const Chunk& chunk : moved.chunks) {
        chunk.each([&](std::uint32_t i) {
          std::vector<Datum> key;
          for (const std::uint16_t c : index.columns) key.push_back(chunk.columns[c].get(i));
          if (std::any_of(key.begin(), key.end(), [](const Datum& d) { return d.null; })) return;
          if (link.parent->rows->probe_one(link.parent->indexes[link.parent_index].number, key, false) != Arrangement::kNone) return;
          throw Failure(ErrorCode::kConstraint,
                        "insert or update on table " + in_quotes(table->name()) + " violates foreign key constraint " + in_quotes(foreign.name));
        });
      }
    }
  }
  succeed(old, table, true);
  for (const auto& view : views) rebuild_view(view, *old, *table, sources, cascade);
  carry_over(old, table, sources);
  return table;
}

// What the transaction has changed in the old table, it has changed in the new one.
void SchemaChange::carry_over(const std::shared_ptr<TableState>& from, const std::shared_ptr<TableState>& to, const std::vector<int>& sources) {
  TableChanges* before = transaction_ ? transaction_->find(*from) : nullptr;
  if (!before || !before->any()) return;
  Arena& arena = transaction_->arena;
  Delta net, copy;
  before->refresh();
  before->net(arena, net);
  deep_copy(net, arena, copy);
  TableChanges& changes = transaction_->of(to);
  std::vector<TableChanges::Rows> gone, come;
  std::vector<Datum> row(sources.size());
  for (const Chunk& chunk : copy.chunks) {
    chunk.each([&](std::uint32_t i) {
      for (std::size_t c = 0; c < sources.size(); ++c) {
        const Expr* value = sources[c] < 0 ? to->relation.rules->default_of(static_cast<std::uint16_t>(c)) : nullptr;
        row[c] = sources[c] >= 0 ? chunk.columns[sources[c]].get(i) : value ? evaluate_constant(*value, arena) : Datum::of_null(to->kinds()[c]);
      }
      to->complete(row, arena);
      const TableChanges::Rows kept = changes.keep(row);
      const std::int64_t weight = chunk.weights[i];
      if (weight > 0) to->check(kept.chunk, arena);
      (weight < 0 ? gone : come).insert((weight < 0 ? gone : come).end(), static_cast<std::size_t>(weight < 0 ? -weight : weight), kept);
    });
  }
  changes.update(gone, come);
}

// A view on a table or view that has been replaced, `sources` telling which column was which. Where the view cannot be as it was, it goes (cascade), or all fails.
void SchemaChange::rebuild_view(const std::shared_ptr<RelationState>& before, const RelationState& was, const RelationState& now,
                                const std::vector<int>& sources, bool cascade) {
  check_instances(*before);
  const std::string& text = before->definition;
  const auto bound = [&](const std::string& sql, const Catalog& catalog, Statement& out) {
    try {
      out = bind_statement({sql, 0}, catalog);
      return true;
    } catch (const Failure&) {
      return false;
    }
  };
  const auto as_before = [&](const Statement& s) { return same_columns(s.plan->schema, before->relation.schema); };
  const auto find_text = [&]() -> std::string {
    // Does it stand on a column that is gone?
    const Relation& old = was.relation;
    Relation poisoned = old;
    bool any_gone = false;
    for (std::size_t c = 0; c < old.schema.size(); ++c) {
      if (std::find(sources.begin(), sources.end(), static_cast<int>(c)) != sources.end()) continue;
      any_gone = true;
      poisoned.schema.edit([&](Schema& fields) { fields[c].name = kUnsayable + fields[c].name; });
    }
    Statement with, without;
    bool free = true;
    if (any_gone) {
      if (!bound(text, Renamed(engine_, old), with)) return "";
      free = bound(text, Renamed(engine_, poisoned), without) && as_before(without) && with.plan->text() == without.plan->text();
    }
    // As the view knows the table.
    Relation known = now.relation;
    known.name = was.name();
    std::string list, select;
    bool in_place = sources.size() == old.schema.size();
    for (std::size_t c = 0; c < sources.size(); ++c) {
      in_place = in_place && sources[c] == static_cast<int>(c);
      if (sources[c] < 0) {
        known.schema.edit([&](Schema& fields) { fields[c].name = kUnsayable + fields[c].name; });
        continue;
      }
      const std::string& name = old.schema[static_cast<std::size_t>(sources[c])].name;
      known.schema.edit([&](Schema& fields) { fields[c].name = name; });
      const std::string quoted = quote_identifier(now.relation.schema[c].name);
      select += (select.empty() ? "" : ", ") + quoted + (name == now.relation.schema[c].name ? "" : " AS " + quote_identifier(name));
      list += (list.empty() ? "" : ", ") + quote_identifier(name);
    }
    Statement meant, real;
    if (!free || !bound(text, Renamed(engine_, known), meant)) {
      // Perhaps the text names all columns, as t(a, b) or (SELECT a AS b, c FROM t): then what is gone becomes a constant. Where it does not matter which one,
      // nothing asks for it.
      if (!any_gone) return "";
      const auto with_constants = [&](bool null) {
        std::string select;
        for (std::size_t c = 0; c < old.schema.size(); ++c) {
          const auto source = std::find(sources.begin(), sources.end(), static_cast<int>(c));
          const Type& type = old.schema[c].type;
          const std::string value = source != sources.end() ? quote_identifier(now.relation.schema[static_cast<std::size_t>(source - sources.begin())].name)
                                                            : "CAST(" + std::string(null ? "NULL" : some_value(type.id)) + " AS " + type.to_string() + ")";
          select += (select.empty() ? "(SELECT " : ", ") + value + " AS " + quote_identifier(old.schema[c].name);
        }
        select += " FROM " + quote_identifier(now.name()) + ")";
        return edited(with, text, was.relation.id, select, select + " AS " + quote_identifier(was.name()));
      };
      const std::string candidate = with_constants(true);
      const bool as_it_was = bound(candidate, engine_, real) && as_before(real) && bound(with_constants(false), engine_, meant) && as_before(meant);
      return as_it_was && real.plan->text() == meant.plan->text() ? candidate : "";
    }
    if (now.name() == was.name() && bound(text, engine_, real) && as_before(real) && as_before(meant) && real.plan->text() == meant.plan->text())
      return text;
    const std::string name = quote_identifier(now.name()), alias = " AS " + quote_identifier(was.name());
    const std::string all = "(SELECT " + select + " FROM " + name + ")";
    std::vector<std::string> candidates;
    if (same_columns(now.relation.schema, old.schema)) candidates.push_back(edited(meant, text, now.relation.id, name, name + alias));
    if (in_place) candidates.push_back(edited(meant, text, now.relation.id, all, name + alias + "(" + list + ")"));
    candidates.push_back(edited(meant, text, now.relation.id, all, all + alias));
    for (const std::string& candidate : candidates) {
      if (bound(candidate, engine_, real) && as_before(real)) return candidate;
    }
    return "";
  };
  const std::string chosen = find_text();
  if (chosen.empty()) {
    if (cascade) {
      if (engine_.storage_) engine_.storage_->drop_log(before->name());
      return engine_.require_no_gate(*before);
    }
    throw Failure(ErrorCode::kDependency, "cannot alter " + in_quotes(was.name()) + " because view " + in_quotes(before->name()) + " depends on it");
  }
  Engine::Bound again = engine_.bind(chosen);
  const std::shared_ptr<ViewState> after = make_view(again);
  after->comments = before->comments;
  engine_.attach_view(*after);
  add(after);
  succeed(before, after, true);
}

void SchemaChange::rename_view(Engine::Bound& bound) {
  const std::shared_ptr<RelationState> old = engine_.state(bound.statement.names.at(0));
  engine_.require_no_gate(*old);
  const std::vector<std::shared_ptr<RelationState>> views = engine_.dependents(*old);
  std::string text = old->definition;
  const Engine::Bound before = engine_.bind(text);
  const auto at = static_cast<std::size_t>(before.statement.name_offset);
  text.replace(at, name_length(text, at), quote_identifier(bound.statement.new_name));
  check_instances(*old);
  const std::unique_lock state(engine_.state_mutex_);
  for (auto it = views.rbegin(); it != views.rend(); ++it) take_out(*it);
  take_out(old);
  Engine::Bound again = engine_.bind(text);
  const std::shared_ptr<ViewState> now = make_view(again);
  now->comments = old->comments;
  engine_.attach_view(*now);
  add(now);
  succeed(old, now, true);
  std::vector<int> sources;
  for (std::size_t c = 0; c < now->relation.schema.size(); ++c) sources.push_back(static_cast<int>(c));
  for (const auto& view : views) rebuild_view(view, *old, *now, sources, false);
}

}  // namespace weir::internal
