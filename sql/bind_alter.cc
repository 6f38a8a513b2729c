// ALTER TABLE and ALTER VIEW: the table as it will be, and which old column each new one comes from.

#include <algorithm>

#include "sql/binder.h"

namespace weir {

namespace {

// Takes a column out of a list of columns, those behind it moving up. False: it was not in it.
bool take_out(Columns& columns, std::uint16_t gone) {
  const auto it = std::find(columns.begin(), columns.end(), gone);
  const bool there = it != columns.end();
  if (there) columns.erase(it);
  for (std::uint16_t& c : columns) c = static_cast<std::uint16_t>(c > gone ? c - 1 : c);
  return there;
}

bool uses_column(const Expr& expr, std::uint16_t column) {
  bool used = false;
  each_column(expr, [&](std::uint16_t c) { used = used || c == column; });
  return used;
}

void drop_column(Relation& table, std::uint16_t gone) {
  const auto uses = [&](const Columns& columns) { return std::find(columns.begin(), columns.end(), gone) != columns.end(); };
  if (uses(table.key)) {
    table.key.clear();
    table.has_key = false;
    table.rules->key_name.clear();
  }
  std::erase_if(table.rules->uniques, [&](const Relation::Unique& u) { return uses(u.columns); });
  std::erase_if(table.rules->foreign, [&](const Relation::Foreign& f) { return uses(f.columns); });
  std::erase_if(table.rules->checks, [&](const Relation::Check& check) { return uses_column(*check.condition, gone); });
  std::erase_if(table.rules->domains, [&](const auto& use) { return use.first == gone; });
  std::erase_if(table.rules->generated, [&](const Relation::Generated& g) { return g.column == gone; });
  std::erase_if(table.rules->identities, [&](const Relation::Identity& i) { return i.column == gone; });
  take_out(table.key, gone);
  for (Relation::Unique& u : table.rules->uniques) take_out(u.columns, gone);
  for (Relation::Foreign& f : table.rules->foreign) {
    take_out(f.columns, gone);
    take_out(f.set_columns, gone);
  }
  const auto moved = [&](std::uint16_t c) { return static_cast<std::uint16_t>(c > gone ? c - 1 : c); };
  for (Relation::Check& check : table.rules->checks) {
    ExprPtr condition = check.condition->clone();
    renumber(*condition, moved);
    check.text = condition->text();
    check.condition = std::move(condition);
  }
  for (Relation::Generated& generated : table.rules->generated) {
    ExprPtr expr = generated.expr->clone();
    renumber(*expr, moved);
    generated = {moved(generated.column), std::move(expr)};
  }
  for (Relation::Identity& identity : table.rules->identities) identity.column = moved(identity.column);
  for (auto& [column, domain] : table.rules->domains) column = moved(column);
  table.schema.edit([&](Schema& fields) { fields.erase(fields.begin() + gone); });
  table.rules->defaults.erase(table.rules->defaults.begin() + gone);
}

}  // namespace

Statement Binder::alter_table(const Json& body) {
  for (const Json& item : at(body, "cmds")) {
    if (text_field(*open(item).second, "subtype").ends_with("etRelOptions")) return alter_options(body);
  }
  only(body, "ALTER TABLE", {"relation", "cmds", "objtype", "missing_ok"});
  const Json& range = at(body, "relation");
  Statement out;
  out.kind = Statement::Kind::kAlterTable;
  out.definition = text_;
  out.names = {relation_name(range)};
  if (text_field(body, "objtype") != "OBJECT_TABLE") unsupported("this ALTER of a view or another object", location(range));
  if (flag(body, "missing_ok") && !catalog_.find_relation(out.names[0])) {
    out.kind = Statement::Kind::kNothing;
    return out;
  }
  const Relation& before = writable(range, "alter");
  Relation& table = out.relation = before;
  table.rules->defaults.resize(table.schema.size());
  for (std::size_t i = 0; i < table.schema.size(); ++i) out.sources.push_back(static_cast<int>(i));
  const int offset = location(range);
  for (const Json& item : at(body, "cmds")) {
    const Json& command = *open(item).second;
    only(command, "ALTER TABLE", {"subtype", "name", "def", "behavior", "missing_ok"});
    const std::string type = text_field(command, "subtype"), name = text_field(command, "name");
    const auto [def_type, def] = open(at(command, "def"));
    if (type == "AT_AddColumn") {
      const std::string column = text_field(*def, "colname");
      const bool there = std::any_of(table.schema.begin(), table.schema.end(), [&](const Field& f) { return f.name == column; });
      if (there && flag(command, "missing_ok")) continue;
      if (there)
        throw Failure(ErrorCode::kDuplicateName, "column \"" + column + "\" of relation \"" + table.name + "\" already exists", location(*def));
      std::vector<std::pair<const Json*, int>> constraints;
      add_column(table, *def, constraints);
      table.rules->defaults.resize(table.schema.size());
      out.sources.push_back(-1);
      const std::size_t identities = before.rules->identities.size();
      for (const auto& [constraint, number] : constraints) add_constraint(table, *constraint, number);
      if (table.rules->identities.size() > identities) unsupported("ALTER TABLE … ADD COLUMN of an identity column", location(*def));
    } else if (type == "AT_DropColumn") {
      const bool there = std::any_of(table.schema.begin(), table.schema.end(), [&](const Field& f) { return f.name == name; });
      if (!there && flag(command, "missing_ok")) continue;
      const bool cascade = text_field(command, "behavior") == "DROP_CASCADE";
      for (std::uint16_t gone = table_column(table, name, offset); cascade;) {  // what is generated of it goes first
        const auto& generated = table.rules->generated;
        const auto user = std::find_if(generated.begin(), generated.end(), [&](const Relation::Generated& g) { return uses_column(*g.expr, gone); });
        if (user == generated.end()) break;
        out.sources.erase(out.sources.begin() + user->column);
        drop_column(table, user->column);
        gone = table_column(table, name, offset);
      }
      const std::uint16_t gone = table_column(table, name, offset);
      for (const Relation::Generated& generated : table.rules->generated) {
        if (!uses_column(*generated.expr, gone)) continue;
        throw Failure(ErrorCode::kDependency, "cannot drop column \"" + name + "\" of table \"" + table.name + "\" because other objects depend on it: column \"" +
                                                  table.schema[generated.column].name + "\"", offset);
      }
      if (table.schema.size() == 1) unsupported("a table without columns", offset);
      drop_column(table, gone);
      out.sources.erase(out.sources.begin() + gone);
      out.cascade = out.cascade || cascade;
    } else if (type == "AT_ColumnDefault") {
      const std::uint16_t column = table_column(table, name, offset);
      const Relation::Identity* identity = table.rules->identity_column(column);
      if (table.rules->generated_column(column) || (identity && !identity->serial)) {
        throw Failure(ErrorCode::kSyntax, "column \"" + name + "\" of relation \"" + table.name + "\" is " + (identity ? "an identity" : "a generated") + " column", offset);
      }
      std::erase_if(table.rules->identities, [&](const Relation::Identity& i) { return i.column == column; });
      table.rules->defaults[column] = nullptr;
      if (!command.contains("def")) continue;
      Context context;
      context.clause = "DEFAULT expressions";
      table.rules->defaults[column] = fold(coerce(bind(at(command, "def"), context), table.schema[column].type, Cast::kAssignment, location(*def)));
    } else if (type == "AT_SetNotNull") {
      const std::uint16_t column = table_column(table, name, offset);
      table.schema.edit([&](Schema& fields) { fields[column].nullable = false; });
    } else if (type == "AT_DropNotNull") {
      const std::uint16_t column = table_column(table, name, offset);
      if (std::find(table.key.begin(), table.key.end(), column) != table.key.end()) {
        throw Failure(ErrorCode::kConstraint, "column \"" + name + "\" is in a primary key", offset);
      }
      if (const Relation::Identity* identity = table.rules->identity_column(column); identity && !identity->serial) {
        throw Failure(ErrorCode::kConstraint, "column \"" + name + "\" of relation \"" + table.name + "\" is an identity column", offset);
      }
      table.schema.edit([&](Schema& fields) { fields[column].nullable = true; });
    } else if (type == "AT_AddConstraint") {
      if (def_type != "Constraint") unsupported(spaced(def_type), offset);
      add_constraint(table, *def, -1);
    } else if (type == "AT_DropConstraint") {
      const auto named = [&](const auto& constraint) { return constraint.name == name; };
      bool found = std::erase_if(table.rules->checks, named) + std::erase_if(table.rules->uniques, named) + std::erase_if(table.rules->foreign, named) > 0;
      if (!found && table.has_key && name == table.rules->key_name) {
        table.key.clear();
        table.has_key = false;
        table.rules->key_name.clear();
        found = true;
      }
      if (!found && !flag(command, "missing_ok")) {
        throw Failure(ErrorCode::kUnknownName, "constraint \"" + name + "\" of relation \"" + table.name + "\" does not exist", offset);
      }
      out.cascade = out.cascade || text_field(command, "behavior") == "DROP_CASCADE";
    } else {
      std::string what = spaced(type.starts_with("AT_") ? type.substr(3) : type);
      for (char& c : what) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
      unsupported("ALTER TABLE … " + what, offset);
    }
  }
  check_generated(table);
  table.domains.insert(table.domains.end(), cast_domains_.begin(), cast_domains_.end());
  return out;
}

Statement Binder::rename(const Json& body) {
  only(body, "RENAME", {"renameType", "relationType", "relation", "subname", "newname", "behavior", "missing_ok"});
  const std::string what = text_field(body, "renameType");
  if (what != "OBJECT_TABLE" && what != "OBJECT_VIEW" && what != "OBJECT_MATVIEW" && what != "OBJECT_COLUMN" && what != "OBJECT_TABCONSTRAINT") {
    unsupported("ALTER … RENAME of " + spaced(what.starts_with("OBJECT_") ? what.substr(7) : what), -1);
  }
  const Json& range = at(body, "relation");
  const int offset = location(range);
  Statement out;
  out.definition = text_;
  out.names = {relation_name(range)};
  if (flag(body, "missing_ok") && !catalog_.find_relation(out.names[0])) return out;
  const Relation& before = relation_of(range);
  const std::string name = text_field(body, "newname"), old = text_field(body, "subname");
  const bool whole = what != "OBJECT_COLUMN" && what != "OBJECT_TABCONSTRAINT";
  if (whole && catalog_.find_relation(name)) throw Failure(ErrorCode::kDuplicateName, "relation \"" + name + "\" already exists", offset);
  if (before.is_view) {
    if (!whole) unsupported("renaming a column of a view", offset);
    out.kind = Statement::Kind::kAlterView;
    out.new_name = name;
    return out;
  }
  if (what == "OBJECT_VIEW" || what == "OBJECT_MATVIEW") throw Failure(ErrorCode::kUnknownName, "\"" + before.name + "\" is not a view", offset);
  out.kind = Statement::Kind::kAlterTable;
  out.relation = before;
  for (std::size_t i = 0; i < before.schema.size(); ++i) out.sources.push_back(static_cast<int>(i));
  if (whole) {
    out.relation.name = name;
  } else if (what == "OBJECT_COLUMN") {
    const std::uint16_t column = table_column(before, old, offset);
    for (const Field& field : before.schema) {
      if (field.name == name)
        throw Failure(ErrorCode::kDuplicateName, "column \"" + name + "\" of relation \"" + before.name + "\" already exists", offset);
    }
    out.relation.schema.edit([&](Schema& fields) { fields[column].name = name; });
  } else {
    std::string* found = out.relation.has_key && before.rules->key_name == old ? &out.relation.rules->key_name : nullptr;
    const auto look = [&](auto& constraints) {
      for (auto& constraint : constraints) {
        if (constraint.name == name)
          throw Failure(ErrorCode::kDuplicateName, "constraint \"" + name + "\" for relation \"" + before.name + "\" already exists", offset);
        if (constraint.name == old) found = &constraint.name;
      }
    };
    look(out.relation.rules->checks);
    look(out.relation.rules->uniques);
    look(out.relation.rules->foreign);
    if (!found) throw Failure(ErrorCode::kUnknownName, "constraint \"" + old + "\" for table \"" + before.name + "\" does not exist", offset);
    *found = name;
  }
  return out;
}

}  // namespace weir
