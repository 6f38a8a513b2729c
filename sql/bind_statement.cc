// Statements: definitions, changes, COPY, transactions, EXPLAIN. And the entrances of sql/statement.h.

#include <algorithm>

#include "sql/binder.h"
#include "zset/datetime.h"

namespace weir {

namespace {

std::string statement_name(std::string_view type) {
  static const std::map<std::string_view, std::string> kNames = {
      {"VariableSetStmt", "SET"}, {"VariableShowStmt", "SHOW"}, {"AlterTableStmt", "ALTER TABLE"}, {"RenameStmt", "ALTER … RENAME"}, {"IndexStmt", "CREATE INDEX"},
      {"CreateSeqStmt", "CREATE SEQUENCE"}, {"CreateFunctionStmt", "CREATE FUNCTION"}, {"CreateSchemaStmt", "CREATE SCHEMA"}, {"AlterEnumStmt", "ALTER TYPE … ADD VALUE or RENAME VALUE"},
      {"CompositeTypeStmt", "CREATE TYPE"}, {"CreateDomainStmt", "CREATE DOMAIN"}, {"CreateTrigStmt", "CREATE TRIGGER"}, {"RuleStmt", "CREATE RULE"}, {"MergeStmt", "MERGE"},
      {"VacuumStmt", "VACUUM or ANALYZE"}, {"RefreshMatViewStmt", "REFRESH MATERIALIZED VIEW"}, {"PrepareStmt", "PREPARE"}, {"ExecuteStmt", "EXECUTE"},
      {"DeclareCursorStmt", "DECLARE"}, {"GrantStmt", "GRANT or REVOKE"}, {"DoStmt", "DO"}, {"CallStmt", "CALL"}, {"LockStmt", "LOCK"},
      {"CreateExtensionStmt", "CREATE EXTENSION"}, {"CreatedbStmt", "CREATE DATABASE"}, {"DiscardStmt", "DISCARD"}, {"NotifyStmt", "NOTIFY"}, {"ListenStmt", "LISTEN"}};
  const auto found = kNames.find(type);
  if (found != kNames.end()) return found->second;
  if (type.ends_with("Stmt")) type.remove_suffix(4);
  std::string name = spaced(type);
  for (char& c : name) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  return name;
}

// Of SERIAL and its like: the type of the column.
std::optional<TypeId> serial_type(const Json& type) {
  static const std::map<std::string, TypeId> kTypes = {{"serial", TypeId::kInteger},    {"serial4", TypeId::kInteger}, {"bigserial", TypeId::kBigint},
                                                       {"serial8", TypeId::kBigint},    {"smallserial", TypeId::kSmallint}, {"serial2", TypeId::kSmallint}};
  const std::vector<std::string> names = strings_of(at(type, "names"));
  const auto found = names.size() == 1 ? kTypes.find(names[0]) : kTypes.end();
  if (found == kTypes.end()) return std::nullopt;
  if (type.contains("arrayBounds")) throw Failure(ErrorCode::kUnsupported, "array of serial is not implemented", location(type));
  return found->second;
}

void check_unique_names(const Schema& schema, int offset) {
  for (std::size_t i = 0; i < schema.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (schema[i].name == schema[j].name) throw Failure(ErrorCode::kDuplicateName, "column \"" + schema[i].name + "\" specified more than once", offset);
    }
  }
}

}  // namespace

// --------------------------------------------------------------------------------------------------------------- definitions

void Binder::add_constraint(Relation& table, const Json& constraint, int column) {
  const std::string type = text_field(constraint, "contype");
  const int offset = location(constraint);
  if (type == "CONSTR_NULL") return;
  if (type == "CONSTR_NOTNULL") {
    only(constraint, "NOT NULL", {"contype", "conname"});
    table.schema.edit([&](Schema& fields) { fields[static_cast<std::size_t>(column)].nullable = false; });
    return;
  }
  if (type == "CONSTR_PRIMARY") {
    only(constraint, "PRIMARY KEY", {"contype", "conname", "keys"});
    if (table.has_key) throw Failure(ErrorCode::kSyntax, "multiple primary keys for table \"" + table.name + "\" are not allowed", offset);
    table.has_key = true;
    table.rules->key_name = text_field(constraint, "conname");
    if (table.rules->key_name.empty()) table.rules->key_name = table.name + "_pkey";
    if (column >= 0) table.key.push_back(static_cast<std::uint16_t>(column));
    if (const Json* keys = find(constraint, "keys")) {
      for (const std::string& name : strings_of(*keys)) {
        const std::uint16_t key = table_column(table, name, offset);
        if (std::find(table.key.begin(), table.key.end(), key) != table.key.end()) {
          throw Failure(ErrorCode::kDuplicateName, "column \"" + name + "\" appears twice in primary key constraint", offset);
        }
        table.key.push_back(key);
      }
    }
    for (const std::uint16_t key : table.key) require_comparable(table.schema[key].type, offset);
    table.schema.edit([&](Schema& fields) {
      for (const std::uint16_t key : table.key) fields[key].nullable = false;
    });
    return;
  }
  if (type == "CONSTR_GENERATED") return add_generated(table, constraint, static_cast<std::uint16_t>(column));
  if (type == "CONSTR_IDENTITY") return add_identity(table, constraint, static_cast<std::uint16_t>(column));
  if (type == "CONSTR_UNIQUE") return add_unique(table, constraint, column);
  if (type == "CONSTR_FOREIGN") return add_foreign(table, constraint, column);
  Scope scope;
  ScopeTable columns;
  columns.name = table.name;
  for (std::size_t i = 0; i < table.schema.size(); ++i) columns.columns.push_back({table.schema[i].name, static_cast<std::uint16_t>(i)});
  scope.schema = table.schema;
  scope.columns = columns.columns;
  scope.tables.push_back(std::move(columns));
  Context context;
  if (type == "CONSTR_DEFAULT") {
    only(constraint, "DEFAULT", {"contype", "raw_expr"});
    context.clause = "DEFAULT expressions";
    const Field& field = table.schema[static_cast<std::size_t>(column)];
    if (table.rules->defaults[static_cast<std::size_t>(column)]) {
      throw Failure(ErrorCode::kSyntax, "multiple default values specified for column \"" + field.name + "\" of table \"" + table.name + "\"", offset);
    }
    if (table.rules->generated_column(static_cast<std::uint16_t>(column)) || table.rules->identity_column(static_cast<std::uint16_t>(column))) {
      throw Failure(ErrorCode::kSyntax, "both default and " + std::string(table.rules->generated_column(static_cast<std::uint16_t>(column)) ? "generation expression" : "identity") +
                                            " specified for column \"" + field.name + "\" of table \"" + table.name + "\"", offset);
    }
    ExprPtr value = fold(coerce(bind(at(constraint, "raw_expr"), context), field.type, Cast::kAssignment, offset));
    table.rules->defaults[static_cast<std::size_t>(column)] = std::move(value);
    return;
  }
  if (type == "CONSTR_CHECK") {
    only(constraint, "CHECK", {"contype", "conname", "raw_expr", "initially_valid"});
    context.scope = &scope;
    context.clause = "check constraints";
    ExprPtr condition = bind(at(constraint, "raw_expr"), context);
    if (condition->type.id == TypeId::kUnknown) condition = coerce(std::move(condition), Type{TypeId::kBoolean, 0, 0}, Cast::kImplicit, offset);
    if (condition->type.id != TypeId::kBoolean) {
      throw Failure(ErrorCode::kType, "argument of CHECK must be type boolean, not type " + condition->type.to_string(), offset);
    }
    condition = fold(std::move(condition));
    std::string name = text_field(constraint, "conname");
    const auto taken = [&](const std::string& n) {
      return std::any_of(table.rules->checks.begin(), table.rules->checks.end(), [&](const Relation::Check& c) { return c.name == n; });
    };
    if (name.empty()) {  // as PostgreSQL names it: by the one column that it is about, if it is one
      std::vector<std::uint16_t> used;
      each_column(*condition, [&](std::uint16_t c) {
        if (std::find(used.begin(), used.end(), c) == used.end()) used.push_back(c);
      });
      std::string base = table.name + (used.size() == 1 ? "_" + table.schema[used[0]].name : "") + "_check";
      name = base;
      for (int i = 1; taken(name); ++i) name = base + std::to_string(i);
    } else if (taken(name)) {
      throw Failure(ErrorCode::kDuplicateName, "constraint \"" + name + "\" for relation \"" + table.name + "\" already exists", offset);
    }
    std::string text = condition->text();
    table.rules->checks.push_back({std::move(name), std::move(text), std::move(condition)});
    return;
  }
  static const std::map<std::string, std::string> kNames = {
      {"CONSTR_EXCLUSION", "EXCLUDE"}, {"CONSTR_ATTR_DEFERRABLE", "DEFERRABLE"}, {"CONSTR_ATTR_NOT_DEFERRABLE", "NOT DEFERRABLE"},
      {"CONSTR_ATTR_DEFERRED", "INITIALLY DEFERRED"}, {"CONSTR_ATTR_IMMEDIATE", "INITIALLY IMMEDIATE"}};
  const auto found = kNames.find(type);
  unsupported(found == kNames.end() ? spaced(type) : found->second, offset);
}

void Binder::add_column(Relation& table, const Json& item, std::vector<std::pair<const Json*, int>>& constraints) {
  const int offset = location(item);
  only(item, "a column", {"colname", "typeName", "is_local", "constraints", "collClause"});
  Field field;
  field.name = text_field(item, "colname");
  const std::optional<TypeId> serial = serial_type(at(item, "typeName"));
  const std::shared_ptr<const Domain>* domain = domain_named(at(item, "typeName"));
  field.type = serial ? Type{*serial, 0, 0} : domain ? (*domain)->type : bind_type(at(item, "typeName"), false, nullptr);
  if (const Json* collation = find(item, "collClause")) {
    const std::vector<std::string> name = strings_of(at(*collation, "collname"));
    if (name.empty() || (name.back() != "C" && name.back() != "POSIX" && name.back() != "ucs_basic")) unsupported("this collation", location(*collation));
  }
  for (const Field& other : table.schema) {
    if (other.name == field.name) throw Failure(ErrorCode::kDuplicateName, "column \"" + field.name + "\" specified more than once", offset);
  }
  table.schema.edit([&](Schema& fields) { fields.push_back(std::move(field)); });
  const auto number = static_cast<std::uint16_t>(table.schema.size() - 1);
  if (domain) {
    table.rules->domains.emplace_back(number, *domain);
    table.rules->defaults.resize(table.schema.size());
  }
  if (serial) add_identity(table, Json::object({{"location", location(at(item, "typeName"))}}), number);
  if (const Json* list = find(item, "constraints")) {
    bool null = false, not_null = serial.has_value();
    for (const Json& c : *list) {
      const Json* constraint = open(c).second;
      null = null || text_field(*constraint, "contype") == "CONSTR_NULL";
      for (const char* kind : {"CONSTR_NOTNULL", "CONSTR_PRIMARY", "CONSTR_IDENTITY"}) not_null = not_null || text_field(*constraint, "contype") == kind;
      constraints.emplace_back(constraint, static_cast<int>(number));
    }
    if (null && not_null) {
      throw Failure(ErrorCode::kSyntax, "conflicting NULL/NOT NULL declarations for column \"" + table.schema.back().name + "\"", offset);
    }
  }
}

Statement Binder::create_table(const Json& body) {
  if (body.contains("inhRelations")) unsupported("INHERITS or PARTITION OF", -1);
  if (body.contains("partspec")) unsupported("PARTITION BY", location(at(body, "partspec")));
  only(body, "CREATE TABLE", {"relation", "tableElts", "oncommit", "if_not_exists", "options"});
  if (text_field(body, "oncommit") != "ONCOMMIT_NOOP") unsupported("ON COMMIT", -1);
  Statement out;
  out.kind = Statement::Kind::kCreateTable;
  out.if_exists = flag(body, "if_not_exists");
  out.definition = text_;
  Relation& table = out.relation;
  table.name = relation_name(at(body, "relation"));
  table.log = relation_options(body, false).log;
  out.names = {table.name};
  std::vector<std::pair<const Json*, int>> constraints;  // with the column that they stand at, or -1
  if (const Json* elements = find(body, "tableElts")) {
    for (const Json& element : *elements) {
      const auto [type, item] = open(element);
      const int offset = location(*item);
      if (type == "Constraint") {
        constraints.emplace_back(item, -1);
        continue;
      }
      if (type == "TableLikeClause") unsupported("LIKE in CREATE TABLE", location(at(*item, "relation")));
      if (type != "ColumnDef") unsupported(spaced(type), offset);
      add_column(table, *item, constraints);
    }
  }
  if (table.schema.empty()) unsupported("a table without columns", location(at(body, "relation")));
  if (table.schema.size() > 1600) throw Failure(ErrorCode::kSyntax, "tables can have at most 1600 columns", location(at(body, "relation")));
  table.rules->defaults.resize(table.schema.size());
  for (const auto& [constraint, column] : constraints) add_constraint(table, *constraint, column);
  check_generated(table);
  if (catalog_.find_domain(table.name)) throw Failure(ErrorCode::kDuplicateName, "type \"" + table.name + "\" already exists", location(at(body, "relation")));
  out.relation.domains = cast_domains_;
  return out;
}

Statement Binder::create_view(const Json& body) {
  only(body, "CREATE VIEW", {"view", "aliases", "query", "replace", "options", "withCheckOption"});
  if (text_field(body, "withCheckOption") != "NO_CHECK_OPTION") unsupported("WITH CHECK OPTION", -1);
  Statement out;
  out.kind = Statement::Kind::kCreateView;
  out.names = {relation_name(at(body, "view"))};
  out.or_replace = flag(body, "replace");
  const RelationOptions options = relation_options(body, true);
  out.lazy = options.lazy;
  out.log = options.log;
  out.definition = text_;
  std::vector<std::string> names;
  if (const Json* list = find(body, "aliases")) names = strings_of(*list);
  const std::size_t given = names.size();
  out.plan = bind_body(*open(at(body, "query")).second, std::move(names), &out.order);
  if (given > out.plan->schema.size()) {
    throw Failure(ErrorCode::kSyntax, "CREATE VIEW specifies more column names than columns", location(at(body, "view")));
  }
  check_unique_names(out.plan->schema, location(at(body, "view")));
  out.name_offset = location(at(body, "view"));
  out.relation.domains = cast_domains_;
  out.mentions = std::move(mentions_);
  return out;
}

Statement Binder::create_as(const Json& body) {
  const Json& into = at(body, "into");
  if (text_field(body, "objtype") != "OBJECT_MATVIEW") unsupported("CREATE TABLE AS", location(at(into, "rel")));
  only(body, "CREATE MATERIALIZED VIEW", {"query", "into", "objtype", "if_not_exists"});
  if (flag(into, "skipData")) unsupported("WITH NO DATA", location(at(into, "rel")));
  only(into, "CREATE MATERIALIZED VIEW", {"rel", "colNames", "options", "onCommit"});
  Statement out;
  out.kind = Statement::Kind::kCreateView;
  out.names = {relation_name(at(into, "rel"))};
  out.if_exists = flag(body, "if_not_exists");
  const RelationOptions options = relation_options(into, true);
  out.lazy = options.lazy;
  out.log = options.log;
  out.definition = text_;
  const auto [type, query] = open(at(body, "query"));
  if (type != "SelectStmt") unsupported("a materialized view of " + statement_name(type), location(at(into, "rel")));
  std::vector<std::string> names;
  if (const Json* list = find(into, "colNames")) names = strings_of(*list);
  const std::size_t given = names.size();
  out.plan = bind_body(*query, std::move(names), &out.order);
  if (given > out.plan->schema.size()) throw Failure(ErrorCode::kSyntax, "too many column names were specified", location(at(into, "rel")));
  check_unique_names(out.plan->schema, location(at(into, "rel")));
  out.name_offset = location(at(into, "rel"));
  out.relation.domains = cast_domains_;
  out.mentions = std::move(mentions_);
  return out;
}

Statement Binder::drop(const Json& body) {
  only(body, "DROP", {"objects", "removeType", "behavior", "missing_ok"});
  const std::string type = text_field(body, "removeType");
  if (type == "OBJECT_DOMAIN" || type == "OBJECT_TYPE") return drop_domain(body);
  Statement out;
  if (type == "OBJECT_TABLE") {
    out.kind = Statement::Kind::kDropTable;
  } else if (type == "OBJECT_VIEW" || type == "OBJECT_MATVIEW") {
    out.kind = Statement::Kind::kDropView;
  } else {
    std::string name = type.starts_with("OBJECT_") ? type.substr(7) : type;
    unsupported("DROP " + name, -1);
  }
  out.if_exists = flag(body, "missing_ok");
  out.cascade = text_field(body, "behavior") == "DROP_CASCADE";
  for (const Json& object : at(body, "objects")) {
    std::vector<std::string> names = strings_of(at(*open(object).second, "items"));
    if (names.size() == 2 && names[0] == "public") names.erase(names.begin());
    if (names.size() != 1) unsupported("schema \"" + names[0] + "\"", -1);
    out.names.push_back(names[0]);
  }
  return out;
}

// ------------------------------------------------------------------------------------------------------------------- changes

const Relation& Binder::writable(const Json& range, std::string_view what) {
  const Relation& relation = relation_of(range);
  if (relation.is_view) throw Failure(ErrorCode::kUnsupported, "cannot " + std::string(what) + " view \"" + relation.name + "\"", location(range));
  return relation;
}

std::uint16_t Binder::table_column(const Relation& table, const std::string& name, int offset) const {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < table.schema.size(); ++i) {
    if (table.schema[i].name == name) return static_cast<std::uint16_t>(i);
    names.push_back(table.schema[i].name);
  }
  Failure failure(ErrorCode::kUnknownName, "column \"" + name + "\" of relation \"" + table.name + "\" does not exist", offset);
  if (const std::string near = nearest_name(name, names); !near.empty()) failure.error().hint = "did you mean \"" + near + "\"?";
  throw failure;
}

ExprPtr Binder::default_of(const Relation& table, std::uint16_t column) const {
  if (const Expr* value = table.rules->default_of(column)) return value->clone();
  return null_constant(table.schema[column].type);
}

Statement Binder::insert(const Json& body) {
  only(body, "INSERT", {"relation", "cols", "selectStmt", "override", "withClause", "onConflictClause", "returningList"});
  const std::string overriding = text_field(body, "override");
  const Override override = overriding == "OVERRIDING_SYSTEM_VALUE" ? Override::kSystem : overriding == "OVERRIDING_USER_VALUE" ? Override::kUser : Override::kNone;
  const Relation& table = writable(at(body, "relation"), "insert into");
  Statement out;
  out.kind = Statement::Kind::kInsert;
  out.names = {table.name};
  const From target = changed_from(table, at(body, "relation"), nullptr, nullptr);
  bind_conflict(body, table, target, out);
  bind_returning(body, target.scope, out);
  const std::size_t width = table.schema.size();
  Columns columns;
  if (const Json* list = find(body, "cols")) {
    for (const Json& item : *list) {
      const Json& target = *open(item).second;
      only(target, "a column of INSERT", {"name"});
      const std::uint16_t column = table_column(table, text_field(target, "name"), location(target));
      if (std::find(columns.begin(), columns.end(), column) != columns.end()) {
        throw Failure(ErrorCode::kDuplicateName, "column \"" + table.schema[column].name + "\" specified more than once", location(target));
      }
      columns.push_back(column);
    }
  }
  const bool listed = !columns.empty();
  if (!listed) {
    for (std::size_t i = 0; i < width; ++i) columns.push_back(static_cast<std::uint16_t>(i));
  }
  const auto check_count = [&](std::size_t given, int offset) {
    if (given > columns.size()) throw Failure(ErrorCode::kSyntax, "INSERT has more expressions than target columns", offset);
    if (listed && given < columns.size()) throw Failure(ErrorCode::kSyntax, "INSERT has more target columns than expressions", offset);
  };
  std::vector<std::string> names;
  for (const Field& f : table.schema) names.push_back(f.name);
  const std::vector<Relation::Identity>& identities = table.rules->identities;
  const Type place_type{TypeId::kBigint, 0, 0};

  const Json* source = find(body, "selectStmt");
  const Json* select = source ? open(*source).second : nullptr;
  const bool plain_values = select && select->contains("valuesLists") && !select->contains("sortClause") && !select->contains("limitCount") &&
                            !select->contains("limitOffset") && !select->contains("withClause") && !body.contains("withClause");
  if (!select || plain_values) {
    Schema schema = table.schema;
    for (Field& f : schema) f.nullable = true;
    const Scope scope;
    Environment none;
    Context context;
    context.scope = &scope;
    context.environment = &none;
    context.clause = "VALUES";
    std::vector<ValuesRow> rows;
    static const Json kOneRow = Json::array({Json::object({{"List", {{"items", Json::array()}}}})});
    const Json& lists = select ? at(*select, "valuesLists") : kOneRow;
    std::size_t first_count = 0;
    for (const Json& list : lists) {
      const Json& items = at(*open(list).second, "items");
      if (rows.empty()) first_count = items.size();
      rows.emplace_back();
      context.pending = &rows.back().pending;
      const int at = items.empty() ? -1 : location(*open(items[0]).second);
      if (items.size() != first_count) throw Failure(ErrorCode::kSyntax, "VALUES lists must all be the same length", at);
      if (select) check_count(items.size(), at);
      std::vector<ExprPtr> row(width);
      for (std::size_t i = 0; i < items.size(); ++i) {
        const std::uint16_t column = columns[i];
        const auto [type, item] = open(items[i]);
        const int offset = location(*item);
        const bool is_default = type == "SetToDefault";
        const bool given = insertable(table, column, is_default, override, offset);
        ExprPtr value = is_default ? nullptr : fold(coerce(bind(items[i], context), table.schema[column].type, Cast::kAssignment, offset));
        if (given && value) row[column] = std::move(value);
      }
      for (const Relation::Identity& identity : identities) {
        row.push_back(boolean_constant(!row[identity.column]));
        out.numbered = out.numbered || !row[identity.column];
      }
      for (std::size_t i = 0; i < width; ++i) {
        if (!row[i]) row[i] = default_of(table, static_cast<std::uint16_t>(i));
      }
      rows.back().exprs = std::move(row);
    }
    if (out.numbered) {
      schema.push_back({"place", place_type, false});
      for (const Relation::Identity& identity : identities) schema.push_back({table.schema[identity.column].name, Type{TypeId::kBoolean, 0, 0}, false});
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
      std::vector<ExprPtr>& row = rows[i].exprs;
      if (out.numbered) row.insert(row.begin() + static_cast<std::ptrdiff_t>(width), Expr::make_constant(Datum::of(static_cast<std::int64_t>(i)), place_type));
      else row.resize(width);
    }
    const bool plain = std::all_of(rows.begin(), rows.end(), [](const ValuesRow& row) { return row.pending.subqueries.empty(); });
    PlanPtr plan = rows_of(std::move(rows), std::move(schema), scope);
    out.plan = plain ? std::move(plan) : optimize(std::move(plan));
    return out;
  }

  Environment environment;
  if (const Json* with = find(body, "withClause")) bind_with(*with, environment, nullptr);
  BoundQuery query = bind_query(*select, &environment, nullptr);
  const int at = [&] {
    const Json* list = find(*select, "targetList");
    return list && !list->empty() ? location(*open((*list)[0]).second) : -1;
  }();
  check_count(query.visible, at);
  for (std::size_t i = 0; i < query.visible; ++i) {
    if (query.plan->schema[i].type.id == TypeId::kUnknown) retype(*query.plan, static_cast<std::uint16_t>(i), table.schema[columns[i]].type, Cast::kAssignment, at);
  }
  settle(*query.plan);
  std::vector<ExprPtr> row(width);
  std::vector<bool> taken(width);
  for (std::size_t i = 0; i < query.visible; ++i) taken[columns[i]] = insertable(table, columns[i], false, override, at);
  for (const Relation::Identity& identity : identities) out.numbered = out.numbered || !taken[identity.column];
  if (out.numbered) {  // each row stands for itself, in the order of the query
    TopKSpec spec;
    spec.order = query.order;
    spec.row_number = true;
    query.plan = make_top_k(std::move(query.plan), std::move(spec));
  }
  for (std::size_t i = 0; i < query.visible; ++i) {
    if (taken[columns[i]]) row[columns[i]] = coerce(weir::column_of(query.plan->schema, static_cast<std::uint16_t>(i)), table.schema[columns[i]].type, Cast::kAssignment, at);
  }
  for (std::size_t i = 0; i < width; ++i) {
    if (!row[i]) row[i] = default_of(table, static_cast<std::uint16_t>(i));
  }
  if (out.numbered) {
    row.push_back(weir::column_of(query.plan->schema, static_cast<std::uint16_t>(query.plan->schema.size() - 1)));
    names.emplace_back("place");
    for (const Relation::Identity& identity : identities) {
      row.push_back(boolean_constant(!taken[identity.column]));
      names.push_back(table.schema[identity.column].name);
    }
  }
  out.plan = optimize(make_project(std::move(query.plan), std::move(row), std::move(names)));
  return out;
}

Statement Binder::update(const Json& body) {
  only(body, "UPDATE", {"relation", "targetList", "whereClause", "withClause", "fromClause", "returningList"});
  Environment environment;
  if (const Json* with = find(body, "withClause")) bind_with(*with, environment, nullptr);
  const Relation& table = writable(at(body, "relation"), "update");
  Statement out;
  out.kind = Statement::Kind::kUpdate;
  out.names = {table.name};
  const std::size_t width = table.schema.size();
  const Json* others = find(body, "fromClause");
  if (others && !table.has_key) unsupported("UPDATE … FROM of a table without a primary key", location(at(body, "relation")));
  From from = changed_from(table, at(body, "relation"), others, &environment);
  PendingCalls pending;
  Context context;
  context.scope = &from.scope;
  context.environment = &environment;
  context.clause = "UPDATE";
  context.pending = &pending;
  std::vector<ExprPtr> values(width), row_values;  // row_values: of the last SET (…) = (SELECT …)
  for (const Json& item : at(body, "targetList")) {
    const Json& target = *open(item).second;
    only(target, "SET", {"name", "val"});
    const int offset = location(target);
    const std::uint16_t column = table_column(table, text_field(target, "name"), offset);
    if (values[column]) throw Failure(ErrorCode::kSyntax, "multiple assignments to same column \"" + table.schema[column].name + "\"", offset);
    const Json* value = &at(target, "val");
    if (const auto [type, multi] = open(*value); type == "MultiAssignRef") {
      const auto [source, row] = open(at(*multi, "source"));
      const int number = (*multi).value("colno", 0), count = (*multi).value("ncolumns", 0);
      if (source == "SubLink") {
        (void)updatable(table, column, false, offset);
        if (number == 1) row_values = bind_row_sublink(*row, context);
        if (static_cast<int>(row_values.size()) != count) throw Failure(ErrorCode::kSyntax, "number of columns does not match number of values", offset);
        values[column] = coerce(std::move(row_values[static_cast<std::size_t>(number - 1)]), table.schema[column].type, Cast::kAssignment, offset);
        continue;
      }
      if (source != "RowExpr") throw Failure(ErrorCode::kSyntax, "source for a multiple-column UPDATE item must be a sub-SELECT or ROW() expression", offset);
      if (static_cast<int>(at(*row, "args").size()) != count) throw Failure(ErrorCode::kSyntax, "number of columns does not match number of values", offset);
      value = &at(*row, "args")[static_cast<std::size_t>(number - 1)];
    }
    const bool is_default = open(*value).first == "SetToDefault";
    if (!updatable(table, column, is_default, offset)) continue;
    if (is_default) {
      values[column] = default_of(table, column);
    } else {
      values[column] = coerce(bind(*value, context), table.schema[column].type, Cast::kAssignment, location(*open(*value).second));
    }
  }
  PlanPtr plan = std::move(from.plan);
  if (const Json* where = find(body, "whereClause")) plan = bind_where(*where, std::move(plan), from.scope, &environment);
  Slots slots;
  plan = attach(std::move(plan), std::move(pending.subqueries), from.scope, [](const Expr& e) { return e.clone(); }, slots);
  std::vector<ExprPtr> exprs;
  std::vector<std::string> names;
  for (int half = 0; half < 2; ++half) {
    for (std::size_t i = 0; i < width; ++i) {
      names.push_back(table.schema[i].name);
      if (half == 0 || !values[i]) {
        exprs.push_back(Expr::make_column(static_cast<std::uint16_t>(i), table.schema[i].type));
      } else {
        exprs.push_back(with_slots(*values[i], slots));
      }
    }
  }
  bind_returning(body, from.scope, out);
  for (std::size_t i = width; !out.returning.empty() && i < from.scope.schema.size(); ++i) {
    exprs.push_back(weir::column_of(from.scope.schema, static_cast<std::uint16_t>(i)));
    names.push_back(from.scope.schema[i].name);
  }
  plan = make_project(std::move(plan), std::move(exprs), std::move(names));
  if (others) {  // of several new rows for one old one, PostgreSQL takes any
    TopKSpec spec;
    spec.partition = table.key;
    spec.limit = 1;
    plan = make_top_k(std::move(plan), std::move(spec));
  }
  out.plan = optimize(std::move(plan));
  return out;
}

// The table that changes, and what stands in FROM or USING beside it.
From Binder::changed_from(const Relation& table, const Json& range, const Json* others, const Environment* environment) {
  From from = relation_from(scan(table), table.name, find(range, "alias"), table.has_key ? table.key : Columns{});
  if (!others) return from;
  From more = bind_from(others, environment, nullptr);
  return join_from(std::move(from), std::move(more), Scope(), location(range));
}

Statement Binder::erase(const Json& body) {
  only(body, "DELETE", {"relation", "whereClause", "withClause", "usingClause", "returningList"});
  Environment environment;
  if (const Json* with = find(body, "withClause")) bind_with(*with, environment, nullptr);
  const Relation& table = writable(at(body, "relation"), "delete from");
  Statement out;
  out.kind = Statement::Kind::kDelete;
  out.names = {table.name};
  const Json* others = find(body, "usingClause");
  From from = changed_from(table, at(body, "relation"), others, &environment);
  PlanPtr plan = std::move(from.plan);
  if (const Json* where = find(body, "whereClause")) plan = bind_where(*where, std::move(plan), from.scope, &environment);
  Columns columns;
  for (std::size_t i = 0; i < table.schema.size(); ++i) columns.push_back(static_cast<std::uint16_t>(i));
  bind_returning(body, from.scope, out);
  bool returns_others = false;
  for (const ExprPtr& expr : out.returning) each_column(*expr, [&](std::uint16_t c) { returns_others = returns_others || c >= table.schema.size(); });
  if (returns_others) {  // of several rows of USING for one row, PostgreSQL takes any
    if (!table.has_key) unsupported("RETURNING of columns of USING, with a table without a primary key,", location(at(body, "relation")));
    TopKSpec spec;
    spec.partition = table.key;
    spec.limit = 1;
    for (std::size_t i = table.schema.size(); i < from.scope.schema.size(); ++i) columns.push_back(static_cast<std::uint16_t>(i));
    out.plan = optimize(make_top_k(make_columns(std::move(plan), columns), std::move(spec)));
    return out;
  }
  plan = make_columns(std::move(plan), columns);
  if (others) {  // each row once, however many rows of USING it meets
    PlanPtr met = std::move(plan);
    plan = make_semi_join(scan(table), std::move(met), nullptr, false);
    plan->left_keys = plan->right_keys = columns;
    plan->null_matches = true;
    derive_node(*plan);
  }
  out.plan = optimize(std::move(plan));
  return out;
}

Statement Binder::truncate(const Json& body) {
  only(body, "TRUNCATE", {"relations", "behavior", "restart_seqs"});
  Statement out;
  out.kind = Statement::Kind::kTruncate;
  out.cascade = text_field(body, "behavior") == "DROP_CASCADE";
  for (const Json& range : at(body, "relations")) {
    const Relation& table = writable(*open(range).second, "truncate");
    const std::string& name = table.name;
    if (flag(body, "restart_seqs") && !table.rules->identities.empty()) {
      unsupported("TRUNCATE … RESTART IDENTITY of a table with identity columns", location(*open(range).second));
    }
    if (std::find(out.names.begin(), out.names.end(), name) == out.names.end()) out.names.push_back(name);
  }
  return out;
}

Statement Binder::copy(const Json& body) {
  if (body.contains("query") || !flag(body, "is_from")) unsupported("COPY … TO", -1);
  if (flag(body, "is_program")) unsupported("COPY FROM PROGRAM", -1);
  if (body.contains("whereClause")) unsupported("COPY … WHERE", -1);
  only(body, "COPY", {"relation", "attlist", "is_from", "filename", "options"});
  const Relation& table = writable(at(body, "relation"), "copy to");
  Statement out;
  out.kind = Statement::Kind::kCopy;
  out.names = {table.name};
  out.file = text_field(body, "filename");
  if (const Json* list = find(body, "attlist")) {
    for (const std::string& name : strings_of(*list)) {
      const std::uint16_t column = table_column(table, name, -1);
      if (std::find(out.copy_columns.begin(), out.copy_columns.end(), column) != out.copy_columns.end()) {
        throw Failure(ErrorCode::kDuplicateName, "column \"" + name + "\" specified more than once", -1);
      }
      if (table.rules->generated_column(column)) {
        throw Failure(ErrorCode::kSyntax, "column \"" + name + "\" is a generated column: it cannot be used in COPY", location(at(body, "relation")));
      }
      out.copy_columns.push_back(column);
    }
  } else {
    for (std::size_t i = 0; i < table.schema.size(); ++i) {
      if (!table.rules->generated_column(static_cast<std::uint16_t>(i))) out.copy_columns.push_back(static_cast<std::uint16_t>(i));
    }
  }
  bool csv = false;
  if (const Json* options = find(body, "options")) {
    for (const Json& item : *options) {
      const Json& option = *open(item).second;
      const std::string name = text_field(option, "defname");
      const int offset = location(option);
      const OptionValue given = value_of_option(option);
      const auto& [bare, value, truth] = given;
      const auto character = [&, &bare = given.bare] {
        if (bare.size() != 1 || bare[0] == '\n' || bare[0] == '\r') throw Failure(ErrorCode::kSyntax, "COPY " + name + " must be a single one-byte character", offset);
        return bare[0];
      };
      if (name == "format") {
        if (value != "csv") unsupported("COPY FORMAT " + value, offset);
        csv = true;
      } else if (name == "header") {
        if (value == "match") unsupported("COPY HEADER MATCH", offset);
        out.header = truth;
      } else if (name == "delimiter") {
        out.delimiter = character();
      } else if (name == "null") {
        out.null_text = bare;
      } else if (name == "quote" || name == "escape") {
        if (character() != '"') unsupported("COPY with another " + name + " than '\"'", offset);
      } else if (name == "encoding") {
        if (value != "utf8" && value != "utf-8") unsupported("COPY with encoding " + bare, offset);
      } else if (name == "freeze") {
        unsupported("COPY FREEZE", offset);
      } else {
        unsupported("COPY " + spaced(name), offset);
      }
    }
  }
  if (!csv) unsupported("COPY in another format than CSV", location(at(body, "relation")));
  return out;
}

// -------------------------------------------------------------------------------------------------------- everything else

Statement Binder::transaction(const Json& body) {
  static const std::map<std::string_view, Statement::Kind> kKinds = {
      {"TRANS_STMT_BEGIN", Statement::Kind::kBegin}, {"TRANS_STMT_START", Statement::Kind::kBegin}, {"TRANS_STMT_COMMIT", Statement::Kind::kCommit},
      {"TRANS_STMT_ROLLBACK", Statement::Kind::kRollback}, {"TRANS_STMT_SAVEPOINT", Statement::Kind::kSavepoint},
      {"TRANS_STMT_ROLLBACK_TO", Statement::Kind::kRollbackTo}, {"TRANS_STMT_RELEASE", Statement::Kind::kRelease}};
  const std::string kind = text_field(body, "kind");
  Statement out;
  if (const auto found = kKinds.find(kind); found != kKinds.end()) {
    out.kind = found->second;
  } else {
    std::string name = kind.starts_with("TRANS_STMT_") ? kind.substr(11) : kind;
    for (char& c : name) c = c == '_' ? ' ' : c;
    unsupported(name, 0);
  }
  only(body, "a transaction", {"kind", "options", "savepoint_name"});
  if (const std::string name = text_field(body, "savepoint_name"); !name.empty()) out.names = {name};
  for (const Json& item : at(body, "options")) {  // every isolation level may be given more isolation than it asks for
    const Json& option = *open(item).second;
    if (text_field(option, "defname") == "transaction_read_only") out.read_only = integer_of(at(option, "arg"), "READ ONLY") != 0;
  }
  return out;
}

// SET weir.clock = '2026-01-01 12:00' | 'system', and RESET weir.clock.
Statement Binder::set(const Json& body) {
  const std::string name = text_field(body, "name"), kind = text_field(body, "kind");
  if (name != "weir.clock") unsupported("SET " + name, 0);
  if (flag(body, "is_local")) unsupported("SET LOCAL weir.clock", 0);
  Statement out;
  out.kind = Statement::Kind::kSetClock;
  if (kind == "VAR_SET_DEFAULT" || kind == "VAR_RESET") return out;
  const Json& args = at(body, "args");
  if (kind != "VAR_SET_VALUE" || args.size() != 1) unsupported("SET weir.clock to this", 0);
  const auto [type, constant] = open(args[0]);
  if (type != "A_Const" || !constant->contains("sval")) throw Failure(ErrorCode::kType, "weir.clock is a timestamp, as text, or 'system'", location(*constant));
  const std::string text = text_field(at(*constant, "sval"), "sval");
  if (text == "system") return out;
  try {
    out.clock = parse_timestamptz(text);
  } catch (Failure& failure) {
    failure.error().offset = location(*constant);
    throw;
  }
  return out;
}

Statement Binder::explain(const Json& body) {
  only(body, "EXPLAIN", {"query", "options"});
  Statement out;
  out.kind = Statement::Kind::kExplain;
  if (const Json* options = find(body, "options")) {
    for (const Json& item : *options) {
      const Json& option = *open(item).second;
      const std::string name = text_field(option, "defname");
      const auto [bare, value, truth] = value_of_option(option);
      if (name == "analyze") {
        out.analyze = truth;
        continue;
      }
      if (name != "format") unsupported("EXPLAIN " + name, location(option));
      if (value == "dot" || value == "graphviz") out.diagram = Diagram::kGraphviz;
      else if (value == "json") out.diagram = Diagram::kJson;
      else if (value == "text") out.diagram = Diagram::kText;
      else unsupported("EXPLAIN (FORMAT " + value + ")", location(option));
    }
  }
  const auto [type, query] = open(at(body, "query"));
  if (type != "SelectStmt" && type != "ViewStmt" && type != "CreateTableAsStmt") unsupported("EXPLAIN of " + statement_name(type), -1);
  out.explained = std::make_unique<Statement>(bind_statement(at(body, "query")));
  return out;
}

Statement Binder::select(const Json& body) {
  Statement out;
  out.kind = Statement::Kind::kSelect;
  BoundQuery query = bind_query(body, nullptr, nullptr);
  settle(*query.plan);
  check_enums(query.plan->schema);
  out.visible = query.visible;
  out.order = std::move(query.order);
  out.plan = optimize(std::move(query.plan));
  return out;
}

Statement Binder::bind_statement(const Json& tree) {
  if (tree.is_null()) return {};
  const auto [type, body] = open(tree);
  if (type == "SelectStmt" || type == "InsertStmt" || type == "UpdateStmt" || type == "DeleteStmt") now_ = Now::kOnce;
  if (type == "SelectStmt") return select(*body);
  if (type == "VariableSetStmt") return set(*body);
  if (type == "CreateStmt") return create_table(*body);
  if (type == "ViewStmt") return create_view(*body);
  if (type == "CreateTableAsStmt") return create_as(*body);
  if (type == "DropStmt") return drop(*body);
  if (type == "CommentStmt") return comment(*body);
  if (type == "CreateEnumStmt") return create_enum(*body);
  if (type == "CreateDomainStmt") return create_domain(*body);
  if (type == "CreateSchemaStmt" && text_field(*body, "schemaname") == "public" && flag(*body, "if_not_exists")) return {};  // it does exist
  if (type == "AlterTableStmt") return alter_table(*body);
  if (type == "RenameStmt") return rename(*body);
  if (type == "InsertStmt") return insert(*body);
  if (type == "UpdateStmt") return update(*body);
  if (type == "DeleteStmt") return erase(*body);
  if (type == "TruncateStmt") return truncate(*body);
  if (type == "CopyStmt") return copy(*body);
  if (type == "TransactionStmt") return transaction(*body);
  if (type == "ExplainStmt") return explain(*body);
  unsupported(statement_name(type), 0);
}

namespace {

// The types that the places of parameters gave them: for each the first in the text.
void find_types(const Plan& plan, std::vector<Type>& types) {
  std::vector<int> places(types.size(), -1);
  const auto in_expression = [&](const auto& self, const Expr& e) -> void {
    if (e.node == Expr::Node::kParameter && e.type.id != TypeId::kUnknown && (places[e.column] < 0 || e.offset < places[e.column])) {
      places[e.column] = e.offset;
      types[e.column] = e.type;
    }
    for (const ExprPtr& arg : e.args) self(self, *arg);
  };
  const auto in_plan = [&](const auto& self, const Plan& p) -> void {
    for (const ExprPtr& e : p.exprs) in_expression(in_expression, *e);
    for (const auto& row : p.rows) {
      for (const ExprPtr& e : row) in_expression(in_expression, *e);
    }
    for (const AggregateCall& a : p.aggregates) {
      a.each([&](const ExprPtr& e) { in_expression(in_expression, *e); });
    }
    for (const PlanPtr& input : p.inputs) self(self, *input);
  };
  in_plan(in_plan, plan);
}

// A view may have parameters. It is bound once to find their types, and again with them: each place has to agree.
Statement bind_tree(const Json& tree, const std::string& text, const Catalog& catalog) {
  Parameters parameters;
  parameters.allowed = tree.is_object() && (tree.contains("ViewStmt") || tree.contains("CreateTableAsStmt"));
  Statement out = Binder(catalog, text, &parameters).bind_statement(tree);
  if (parameters.types.empty()) return out;
  find_types(*out.plan, parameters.types);
  for (std::size_t n = 0; n < parameters.types.size(); ++n) {
    if (parameters.types[n].id == TypeId::kUnknown) throw Failure(ErrorCode::kType, "could not determine data type of parameter $" + std::to_string(n + 1), 0);
  }
  out = Binder(catalog, text, &parameters).bind_statement(tree);
  out.parameters = std::move(parameters.types);
  if (out.log) throw Failure(ErrorCode::kUnsupported, "a view with parameters has no changes to keep: WITH (feed) is not supported there", out.name_offset);
  return out;
}

}  // namespace

Statement bind_with_values(const std::string& definition, const Catalog& catalog, const std::vector<ExprPtr>& values) {
  Parameters parameters;
  parameters.allowed = true;
  parameters.values = &values;
  return Binder(catalog, definition, &parameters).bind_statement(parse_statement(definition));
}

Statement bind_statement(const StatementText& statement, const Catalog& catalog) {
  try {
    return bind_tree(parse_statement(statement.text), statement.text, catalog);
  } catch (Failure& failure) {
    if (failure.error().offset >= 0) failure.error().offset += static_cast<int>(statement.offset);
    throw;
  }
}

Statement bind_table_history(std::string_view script, const Catalog& catalog) {
  // The table as it is so far, under its name so far.
  struct SoFar final : Catalog {
    explicit SoFar(const Catalog& rest) : rest(rest) {}
    const Relation* find_relation(std::string_view name) const override { return made && name == made->name ? made : rest.find_relation(name); }
    const std::shared_ptr<const Domain>* find_domain(std::string_view name) const override { return rest.find_domain(name); }
    std::vector<std::string> relation_names() const override { return rest.relation_names(); }
    std::vector<const Function*> find(std::string_view name) const override { return rest.find(name); }
    const Catalog& rest;
    const Relation* made = nullptr;
  } so_far(catalog);
  bool complete = false;
  Statement table;
  for (const StatementText& text : split_statements(script, complete)) {
    Statement next = bind_statement(text, so_far);
    if (next.kind != (so_far.made ? Statement::Kind::kAlterTable : Statement::Kind::kCreateTable)) throw Failure(ErrorCode::kCorrupt, "its definition is something else");
    table = std::move(next);
    so_far.made = &table.relation;
  }
  if (!so_far.made) throw Failure(ErrorCode::kCorrupt, "its definition is empty");
  table.kind = Statement::Kind::kCreateTable;
  return table;
}

PlanPtr bind_query(std::string_view sql, const Catalog& catalog) {
  const std::string text(sql);
  const Json tree = parse_statement(text);
  const auto [type, body] = open(tree);
  if (type != "SelectStmt") throw Failure(ErrorCode::kSyntax, "a query is expected: SELECT, VALUES or WITH", 0);
  return Binder(catalog, text).bind_body(*body, {});
}

}  // namespace weir
