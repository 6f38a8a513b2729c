// What tables are kept by, and what may stand behind INSERT, UPDATE and DELETE: UNIQUE, FOREIGN KEY, ON CONFLICT, RETURNING.

#include <algorithm>

#include "sql/binder.h"

namespace weir {

namespace {

bool same_set(Columns a, Columns b) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  return a == b;
}

bool has_constraint(const Relation& table, const std::string& name) {
  const auto named = [&](const auto& constraint) { return constraint.name == name; };
  return name == table.rules->key_name || std::any_of(table.rules->uniques.begin(), table.rules->uniques.end(), named) ||
         std::any_of(table.rules->checks.begin(), table.rules->checks.end(), named) || std::any_of(table.rules->foreign.begin(), table.rules->foreign.end(), named);
}

// The name that is given, or one made of the table's and the columns' names.
std::string constraint_name(const Relation& table, const Json& constraint, const Columns& columns, const std::string& ending) {
  std::string name = text_field(constraint, "conname");
  if (!name.empty()) {
    if (has_constraint(table, name))
      throw Failure(ErrorCode::kDuplicateName, "constraint \"" + name + "\" for relation \"" + table.name + "\" already exists",
                    location(constraint));
    return name;
  }
  std::string base = table.name;
  for (const std::uint16_t c : columns) base += "_" + table.schema[c].name;
  base += ending;
  name = base;
  for (int i = 1; has_constraint(table, name); ++i) name = base + std::to_string(i);
  return name;
}

Relation::Foreign::Action action_of(const std::string& letter) {
  using Action = Relation::Foreign::Action;
  return letter == "c"   ? Action::kCascade
         : letter == "r" ? Action::kRestrict
         : letter == "n" ? Action::kSetNull
         : letter == "d" ? Action::kSetDefault
                         : Action::kNoAction;
}

}  // namespace

void Binder::add_foreign(Relation& table, const Json& constraint, int column) {
  only(constraint, "FOREIGN KEY",
       {"contype", "conname", "pktable", "fk_attrs", "pk_attrs", "fk_matchtype", "fk_upd_action", "fk_del_action", "fk_del_set_cols",
        "initially_valid"});
  const int offset = location(constraint);
  Relation::Foreign foreign;
  if (column >= 0) foreign.columns.push_back(static_cast<std::uint16_t>(column));
  for (const std::string& name : strings_of(at(constraint, "fk_attrs"))) foreign.columns.push_back(table_column(table, name, offset));
  const Json& parent = at(constraint, "pktable");
  foreign.parent = relation_name(parent);
  foreign.parent_columns = strings_of(at(constraint, "pk_attrs"));
  foreign.on_delete = action_of(text_field(constraint, "fk_del_action"));
  foreign.on_update = action_of(text_field(constraint, "fk_upd_action"));
  foreign.full = text_field(constraint, "fk_matchtype") == "f";
  if (text_field(constraint, "fk_matchtype") == "p") unsupported("MATCH PARTIAL", offset);
  for (const std::string& name : strings_of(at(constraint, "fk_del_set_cols"))) {
    foreign.set_columns.push_back(table_column(table, name, offset));
    if (std::find(foreign.columns.begin(), foreign.columns.end(), foreign.set_columns.back()) == foreign.columns.end()) {
      throw Failure(ErrorCode::kSyntax, "column \"" + name + "\" referenced in ON DELETE SET action must be part of foreign key", offset);
    }
  }
  if (foreign.set_columns.empty()) foreign.set_columns = foreign.columns;
  if (!foreign.parent_columns.empty() && foreign.parent_columns.size() != foreign.columns.size()) {
    throw Failure(ErrorCode::kSyntax, "number of referencing and referenced columns for foreign key disagree", offset);
  }
  using Action = Relation::Foreign::Action;
  const auto sets = [](Action action) { return action == Action::kSetNull || action == Action::kSetDefault; };
  for (const std::uint16_t c : foreign.columns) {
    if (table.rules->generated_column(c) && (sets(foreign.on_update) || foreign.on_update == Action::kCascade || sets(foreign.on_delete))) {
      throw Failure(ErrorCode::kSyntax, "invalid " + std::string(sets(foreign.on_delete) ? "ON DELETE" : "ON UPDATE") + " action for foreign key constraint containing generated column", offset);
    }
    if (table.rules->identity_column(c) && (foreign.on_update == Action::kSetDefault || foreign.on_delete == Action::kSetDefault)) {
      unsupported("SET DEFAULT of an identity column", offset);
    }
  }
  foreign.name = constraint_name(table, constraint, foreign.columns, "_fkey");
  table.rules->foreign.push_back(std::move(foreign));
}

void Binder::add_unique(Relation& table, const Json& constraint, int column) {
  only(constraint, "UNIQUE", {"contype", "conname", "keys", "nulls_not_distinct"});
  const int offset = location(constraint);
  Relation::Unique unique;
  unique.nulls_equal = flag(constraint, "nulls_not_distinct");
  if (column >= 0) unique.columns.push_back(static_cast<std::uint16_t>(column));
  for (const std::string& name : strings_of(at(constraint, "keys"))) {
    const std::uint16_t key = table_column(table, name, offset);
    if (std::find(unique.columns.begin(), unique.columns.end(), key) != unique.columns.end()) {
      throw Failure(ErrorCode::kDuplicateName, "column \"" + name + "\" appears twice in unique constraint", offset);
    }
    unique.columns.push_back(key);
  }
  for (const std::uint16_t key : unique.columns) require_comparable(table.schema[key].type, offset);
  if (unique.columns.size() > 32) throw Failure(ErrorCode::kUnsupported, "cannot use more than 32 columns in an index", offset);
  unique.name = constraint_name(table, constraint, unique.columns, "_key");
  table.rules->uniques.push_back(std::move(unique));
}

void Binder::bind_conflict(const Json& body, const Relation& table, const From& from, Statement& out) {
  const Json* clause = find(body, "onConflictClause");
  if (!clause) return;
  only(*clause, "ON CONFLICT", {"action", "infer", "targetList", "whereClause"});
  const int offset = location(*clause);
  auto conflict = std::make_unique<Statement::Conflict>();
  conflict->updates = text_field(*clause, "action") == "ONCONFLICT_UPDATE";
  if (const Json* infer = find(*clause, "infer")) {
    only(*infer, "ON CONFLICT", {"indexElems", "conname"});
    const std::string name = text_field(*infer, "conname");
    Columns columns;
    bool expressions = false;
    for (const Json& item : at(*infer, "indexElems")) {
      const Json& element = *open(item).second;
      expressions = expressions || element.contains("expr");
      if (expressions) break;
      only(element, "ON CONFLICT", {"name", "ordering", "nulls_ordering"});
      const std::uint16_t column = table_column(table, text_field(element, "name"), location(*infer));
      if (std::find(columns.begin(), columns.end(), column) == columns.end()) columns.push_back(column);
    }
    const auto matches = [&](const std::string& its_name, const Columns& its_columns) {
      return name.empty() ? !expressions && same_set(its_columns, columns) : its_name == name;
    };
    conflict->by_key = table.has_key && matches(table.rules->key_name, table.key);
    for (std::size_t u = 0; u < table.rules->uniques.size(); ++u) {
      if (matches(table.rules->uniques[u].name, table.rules->uniques[u].columns)) conflict->uniques.push_back(u);
    }
    if (!conflict->by_key && conflict->uniques.empty()) {
      throw Failure(ErrorCode::kUnknownName,
                    name.empty() ? "there is no unique or exclusion constraint matching the ON CONFLICT specification"
                                 : "constraint \"" + name + "\" for table \"" + table.name + "\" does not exist",
                    location(*infer));
    }
  } else {
    if (conflict->updates) throw Failure(ErrorCode::kSyntax, "ON CONFLICT DO UPDATE requires inference specification or constraint name", offset);
    conflict->by_key = table.has_key;
    for (std::size_t u = 0; u < table.rules->uniques.size(); ++u) conflict->uniques.push_back(u);
  }
  if (conflict->updates) {
    const From both = join_from(From{from.plan->clone(), from.scope, {}}, relation_from(scan(table), "excluded", nullptr, {}), from.scope, offset);
    Context context;
    context.scope = &both.scope;
    context.clause = "ON CONFLICT";
    conflict->set.resize(table.schema.size());
    for (const Json& item : at(*clause, "targetList")) {
      const Json& target = *open(item).second;
      only(target, "SET", {"name", "val"});
      const std::uint16_t column = table_column(table, text_field(target, "name"), location(target));
      ExprPtr& set = conflict->set[column];
      if (set) throw Failure(ErrorCode::kSyntax, "multiple assignments to same column \"" + table.schema[column].name + "\"", location(target));
      const Json* value = &at(target, "val");
      if (const auto [type, multi] = open(*value); type == "MultiAssignRef") {
        const auto [source, row] = open(at(*multi, "source"));
        if (source != "RowExpr") unsupported("a sub-select in ON CONFLICT", location(target));
        const auto number = static_cast<std::size_t>((*multi).value("colno", 1)), count = static_cast<std::size_t>((*multi).value("ncolumns", 0));
        if (at(*row, "args").size() != count)
          throw Failure(ErrorCode::kSyntax, "number of columns does not match number of values", location(target));
        value = &at(*row, "args")[number - 1];
      }
      if (!updatable(table, column, open(*value).first == "SetToDefault", location(target))) continue;
      set = open(*value).first == "SetToDefault"
                ? default_of(table, column)
                : fold(coerce(bind(*value, context), table.schema[column].type, Cast::kAssignment, location(*open(*value).second)));
    }
    if (const Json* where = find(*clause, "whereClause")) conflict->where = fold(bind_boolean(*where, context));
  }
  out.conflict = std::move(conflict);
}

void Binder::bind_returning(const Json& body, const Scope& scope, Statement& out) {
  const Json* list = find(body, "returningList");
  if (!list) return;
  Context context;
  context.scope = &scope;
  context.clause = "RETURNING";
  for (Target& target : bind_targets(*list, context)) {
    if (target.expr->type.id == TypeId::kUnknown)
      target.expr = coerce(std::move(target.expr), Type{TypeId::kText, 0, 0}, Cast::kImplicit, target.expr->offset);
    out.returned.push_back({std::move(target.name), target.expr->type, is_nullable(*target.expr, scope.schema)});
    out.returning.push_back(fold(std::move(target.expr)));
  }
}

}  // namespace weir
