// FROM: tables, views, WITH queries, sub-selects and joins, and the names that they bring into sight.

#include <algorithm>

#include "sql/binder.h"

namespace weir {

namespace {

ScopeColumn shifted(ScopeColumn column, std::size_t by) {
  column.index = static_cast<std::uint16_t>(column.index + by);
  return column;
}

const ScopeColumn* only_column(const std::vector<ScopeColumn>& columns, const std::string& name, std::string_view side, int offset) {
  const ScopeColumn* found = nullptr;
  for (const ScopeColumn& c : columns) {
    if (c.name != name) continue;
    if (found) throw Failure(ErrorCode::kUnknownName, "common column name \"" + name + "\" appears more than once in " + std::string(side) + " table", offset);
    found = &c;
  }
  return found;
}

std::vector<ExprPtr> two(ExprPtr a, ExprPtr b) {
  std::vector<ExprPtr> out;
  out.push_back(std::move(a));
  out.push_back(std::move(b));
  return out;
}

}  // namespace

ScopeColumn Binder::look_up(const Scope& scope, const std::string& table, const std::string& column, int offset, const Scope** found) const {
  const ScopeColumn* result = nullptr;
  bool ambiguous = false, table_seen = false;
  for (const Scope* s = &scope; s && !result; s = s->outer) {
    if (table.empty()) {
      for (const ScopeColumn& c : s->columns) {
        if (c.name != column) continue;
        ambiguous = ambiguous || result;
        result = &c;
      }
    } else {
      for (const ScopeTable& t : s->tables) {
        if (t.name != table) continue;
        table_seen = true;
        for (const ScopeColumn& c : t.columns) {
          if (c.name != column) continue;
          ambiguous = ambiguous || result;
          result = &c;
        }
      }
      if (table_seen && !result) break;
    }
    *found = s;
  }
  if (ambiguous) throw Failure(ErrorCode::kUnknownName, "column reference \"" + column + "\" is ambiguous", offset);
  if (result) return *result;
  for (const Scope* s = &scope; s && table.empty(); s = s->outer) {
    *found = s;
    for (const ScopeTable& t : s->tables) {
      if (t.single && t.name == column) return t.columns[0];
    }
  }

  std::vector<std::string> names;
  std::string message;
  if (!table.empty() && !table_seen) {
    for (const Scope* s = &scope; s; s = s->outer) {
      for (const ScopeTable& t : s->tables) names.push_back(t.name);
    }
    Failure failure(ErrorCode::kUnknownName, "missing FROM-clause entry for table \"" + table + "\"", offset);
    if (const std::string near = nearest_name(table, names); !near.empty()) failure.error().hint = "did you mean \"" + near + "\"?";
    throw failure;
  }
  for (const Scope* s = &scope; s; s = s->outer) {
    for (const ScopeTable& t : s->tables) {
      if (table.empty() && t.name == column) unsupported("a whole row as a value (\"" + column + "\")", offset);
      if (!table.empty() && t.name != table) continue;
      for (const ScopeColumn& c : t.columns) names.push_back(c.name);
    }
  }
  Failure failure(ErrorCode::kUnknownName, table.empty() ? "column \"" + column + "\" does not exist" : "column " + table + "." + column + " does not exist", offset);
  if (const std::string near = nearest_name(column, names); !near.empty()) failure.error().hint = "did you mean \"" + near + "\"?";
  throw failure;
}

const Relation& Binder::relation_of(const Json& range) {
  only(range, "a table", {"relname", "schemaname", "inh", "relpersistence", "alias"});
  const int offset = location(range);
  const std::string schema = text_field(range, "schemaname");
  if (!schema.empty() && schema != "public") unsupported("schema \"" + schema + "\"", offset);
  if (text_field(range, "relpersistence") != "p") unsupported("a temporary or unlogged table", offset);
  const std::string name = text_field(range, "relname");
  if (const Relation* relation = catalog_.find_relation(name)) {
    mentions_.push_back({relation->id, offset, range.contains("alias")});
    return *relation;
  }
  Failure failure(ErrorCode::kUnknownName, "relation \"" + name + "\" does not exist", offset);
  if (const std::string near = nearest_name(name, catalog_.relation_names()); !near.empty()) failure.error().hint = "did you mean \"" + near + "\"?";
  throw failure;
}

PlanPtr Binder::scan(const Relation& relation) {
  if (!relation.parameters.empty()) {
    Failure failure(ErrorCode::kInput, "view \"" + relation.name + "\" has parameters: it has rows for given values only");
    failure.error().hint = "FROM " + quote_identifier(relation.name) + "(…) gives them";
    throw failure;
  }
  auto plan = std::make_unique<Plan>();
  plan->node = Plan::Node::kScan;
  plan->relation = relation.name;
  plan->relation_id = relation.id;
  plan->schema = relation.schema;
  plan->has_key = relation.has_key;
  plan->key = relation.key;
  return plan;
}

From Binder::relation_from(PlanPtr plan, const std::string& name, const Json* alias, const Columns& primary_key) {
  ScopeTable table;
  table.name = name;
  table.primary_key = primary_key;
  std::vector<std::string> given;
  if (alias) {
    only(*alias, "an alias", {"aliasname", "colnames"});
    table.name = text_field(*alias, "aliasname");
    if (const Json* list = find(*alias, "colnames")) given = strings_of(*list);
    if (given.size() > plan->schema.size()) {
      throw Failure(ErrorCode::kUnknownName, "table \"" + table.name + "\" has " + std::to_string(plan->schema.size()) + " columns available but " +
                                                 std::to_string(given.size()) + " columns specified", location(*alias));
    }
  }
  for (std::size_t i = 0; i < plan->schema.size(); ++i) {
    if (i < given.size()) plan->schema[i].name = given[i];
    table.columns.push_back({plan->schema[i].name, static_cast<std::uint16_t>(i)});
  }
  From from;
  from.scope.schema = plan->schema;
  from.scope.columns = table.columns;
  from.scope.tables.push_back(std::move(table));
  from.plan = std::move(plan);
  return from;
}

From Binder::bind_table(const Json& body, const Environment* environment) {
  const std::string name = text_field(body, "relname");
  const Json* alias = find(body, "alias");
  if (environment && !body.contains("schemaname")) {
    if (const Plan* query = environment->find(name)) {
      copied_nodes_ += nodes_of(*query);
      if (copied_nodes_ > kCopiedNodesMost) unsupported("so many uses of WITH queries within each other", location(body));
      From from = relation_from(query->clone(), name, alias, {});
      if (query->node == Plan::Node::kWorkingTable) from.working_table = &body;
      return from;
    }
  }
  if (PlanPtr rows = listing(body)) return relation_from(std::move(rows), name, alias, {});
  const Relation& relation = relation_of(body);
  From from = relation_from(scan(relation), name, alias, !relation.is_view && relation.has_key ? relation.key : Columns{});
  from.order = relation.order;
  return from;
}

// The view with parameters that a function in FROM names; null if it names none.
const Relation* Binder::parametrised(const Json& body) const {
  const auto [type, call] = open(at(*open(at(body, "functions")[0]).second, "items")[0]);
  if (type != "FuncCall") return nullptr;
  std::vector<std::string> names = strings_of(at(*call, "funcname"));
  if (names.size() == 2 && names[0] == "public") names.erase(names.begin());
  const Relation* view = names.size() == 1 ? catalog_.find_relation(names[0]) : nullptr;
  return view && !view->parameters.empty() ? view : nullptr;
}

// view(7): a view with parameters, its query with these values in their place.
From Binder::bind_parametrised(const Relation& view, const Json& body) {
  const Json* call = open(at(*open(at(body, "functions")[0]).second, "items")[0]).second;
  const int offset = location(*call);
  only(body, "a view with values", {"lateral", "functions", "alias"});
  only(*call, "a view with values", {"funcname", "args", "funcformat"});
  const Json& args = at(*call, "args");
  if (args.size() != view.parameters.size()) {
    throw Failure(ErrorCode::kInput, "view \"" + view.name + "\" has " + std::to_string(view.parameters.size()) + " parameters, not " + std::to_string(args.size()), offset);
  }
  Context context;
  context.clause = "the values of a view's parameters";
  std::vector<ExprPtr> values;
  for (std::size_t n = 0; n < args.size(); ++n) {
    values.push_back(fold(coerce(bind(args[n], context), view.parameters[n], Cast::kImplicit, offset)));
    if (values.back()->node != Expr::Node::kConstant) unsupported("a view with values that are not constants", offset);
  }
  Statement instance = bind_with_values(catalog_.definition_of(view.name), catalog_, values);
  From from = relation_from(std::move(instance.plan), view.name, find(body, "alias"), {});
  from.order = std::move(instance.order);
  return from;
}

From Binder::bind_item(const Json& node, const Environment* environment, const Scope* outer, const Scope* lateral) {
  const Depth depth(depth_);
  const auto [type, body] = open(node);
  const int offset = location(*body);
  if (type == "RangeVar") return bind_table(*body, environment);
  if (type == "JoinExpr") return bind_join(*body, environment, outer, lateral);
  if (type == "RangeSubselect") {
    only(*body, "a sub-select", {"lateral", "subquery", "alias"});
    const Json& select = *open(at(*body, "subquery")).second;
    const Json* alias = find(*body, "alias");
    if (!alias) throw Failure(ErrorCode::kSyntax, "subquery in FROM must have an alias", offset);
    std::vector<OrderKey> order;
    From from = relation_from(bind_rows(select, environment, &order, flag(*body, "lateral") ? lateral : outer), "", alias, {});
    from.order = std::move(order);
    return from;
  }
  if (type == "RangeFunction") {
    const Relation* view = parametrised(*body);
    return view ? bind_parametrised(*view, *body) : bind_function_rows(*body, environment, lateral);
  }
  if (type == "RangeTableSample") unsupported("TABLESAMPLE", offset);
  if (type == "RangeTableFunc") unsupported("XMLTABLE", offset);
  unsupported(spaced(type) + " in FROM", offset);
}

// Functions in FROM: generate_series, one row with the value of any other, or (bind_unnest) several and numbered ones.
From Binder::bind_function_rows(const Json& body, const Environment* environment, const Scope* lateral) {
  const Json& functions = at(body, "functions");
  const Json& pair = at(*open(functions[0]).second, "items");
  const auto [type, call] = open(pair[0]);
  const int offset = location(*call);
  only(body, "a function in FROM", {"lateral", "functions", "alias", "ordinality", "is_rowsfrom", "coldeflist"});
  Scope scope;
  scope.outer = lateral;
  Context context;
  context.scope = &scope;
  context.environment = environment;
  context.clause = "functions in FROM";
  const std::string function = type == "FuncCall" ? strings_of(at(*call, "funcname")).back() : "";
  const bool several = functions.size() > 1 || flag(body, "ordinality");
  if (several || (catalog_.find(function).empty() && returns_rows(function) && function != "generate_series")) return bind_unnest(body, context);
  if (body.contains("coldeflist")) unsupported("a column definition list of this function", offset);
  if (!pair[1].empty()) unsupported("a column definition list", offset);
  auto one = std::make_unique<Plan>();
  one->node = Plan::Node::kValues;
  one->rows.emplace_back();
  derive_node(*one);
  PlanPtr plan;
  std::string name = output_name(pair[0]);
  if (function == "generate_series") {
    only(*call, "generate_series", {"funcname", "args", "funcformat"});
    plan = std::make_unique<Plan>();
    plan->node = Plan::Node::kSeries;
    plan->inputs.push_back(std::move(one));
    plan->exprs = series_arguments(bind_list(at(*call, "args"), context), offset);
    derive_node(*plan);
  } else {
    std::vector<ExprPtr> value;
    value.push_back(bind(pair[0], context));
    if (value[0]->type.id == TypeId::kUnknown) value[0] = coerce(std::move(value[0]), Type{TypeId::kText, 0, 0}, Cast::kImplicit, offset);
    plan = make_project(std::move(one), std::move(value), {name});
  }
  const Json* alias = find(body, "alias");
  // The one column is called as the table is, unless the alias says how.
  if (alias) plan->schema.back().name = text_field(*alias, "aliasname");
  From rows = relation_from(std::move(plan), name, alias, {});
  rows.scope.tables[0].single = true;
  return rows;
}

From Binder::join_from(From all, From next, const Scope& lateral, int offset) {
  const std::size_t width = all.plan->schema.size();
  if (width + next.plan->schema.size() > kColumnsMost * 4) unsupported("so many columns in FROM", offset);
  for (ScopeTable& table : next.scope.tables) {
    for (const ScopeTable& other : all.scope.tables) {
      if (!table.name.empty() && other.name == table.name) {
        throw Failure(ErrorCode::kDuplicateName, "table name \"" + table.name + "\" specified more than once", offset);
      }
    }
    for (ScopeColumn& c : table.columns) c = shifted(c, width);
    for (std::uint16_t& c : table.primary_key) c = static_cast<std::uint16_t>(c + width);
    all.scope.tables.push_back(std::move(table));
  }
  for (const ScopeColumn& c : next.scope.columns) all.scope.columns.push_back(shifted(c, width));
  all.plan = join_lateral(Plan::JoinKind::kInner, std::move(all.plan), std::move(next.plan), lateral, nullptr);
  all.scope.schema = all.plan->schema;
  all.order.clear();
  if (next.working_table) all.working_table = next.working_table;
  return all;
}

From Binder::bind_from(const Json* list, const Environment* environment, const Scope* outer) {
  From all;
  if (!list || list->empty()) {
    all.plan = std::make_unique<Plan>();
    all.plan->node = Plan::Node::kValues;
    all.plan->rows.emplace_back();
    derive_node(*all.plan);
    return all;
  }
  for (const Json& item : *list) {
    Scope lateral = all.scope;
    lateral.outer = outer;
    From next = bind_item(item, environment, outer, &lateral);
    if (!all.plan) {
      all = std::move(next);
      continue;
    }
    all = join_from(std::move(all), std::move(next), lateral, location(*open(item).second));
  }
  return all;
}

From Binder::bind_join(const Json& body, const Environment* environment, const Scope* outer, const Scope* lateral) {
  only(body, "JOIN", {"jointype", "isNatural", "larg", "rarg", "usingClause", "quals", "alias", "rtindex"});
  From left = bind_item(at(body, "larg"), environment, outer, lateral);
  const std::string type = text_field(body, "jointype");
  Scope left_scope = left.scope;
  left_scope.outer = lateral;
  const bool may_be_lateral = type == "JOIN_INNER" || type == "JOIN_LEFT";
  From right = bind_item(at(body, "rarg"), environment, outer, may_be_lateral ? &left_scope : lateral);
  const std::size_t width = left.plan->schema.size();
  if (width + right.plan->schema.size() > kColumnsMost * 4) unsupported("so many columns in FROM", -1);
  const Plan::JoinKind kind = type == "JOIN_LEFT" ? Plan::JoinKind::kLeft : type == "JOIN_RIGHT" ? Plan::JoinKind::kRight : type == "JOIN_FULL" ? Plan::JoinKind::kFull
                                                                                                                                               : Plan::JoinKind::kInner;
  if (kind == Plan::JoinKind::kInner && type != "JOIN_INNER") unsupported(spaced(type), -1);

  for (ScopeTable& table : left.scope.tables) table.absent = table.absent || kind == Plan::JoinKind::kRight || kind == Plan::JoinKind::kFull;
  for (ScopeTable& table : right.scope.tables) table.absent = table.absent || kind == Plan::JoinKind::kLeft || kind == Plan::JoinKind::kFull;

  From joined;
  joined.working_table = left.working_table ? left.working_table : right.working_table;
  Scope& scope = joined.scope;
  scope.tables = std::move(left.scope.tables);
  for (ScopeTable& table : right.scope.tables) {
    for (const ScopeTable& other : scope.tables) {
      if (!table.name.empty() && other.name == table.name) {
        const auto [side, place] = open(at(body, "rarg"));
        throw Failure(ErrorCode::kDuplicateName, "table name \"" + table.name + "\" specified more than once", location(*place));
      }
    }
    for (ScopeColumn& c : table.columns) c = shifted(c, width);
    for (std::uint16_t& c : table.primary_key) c = static_cast<std::uint16_t>(c + width);
    scope.tables.push_back(std::move(table));
  }
  std::vector<ScopeColumn> right_columns;
  for (const ScopeColumn& c : right.scope.columns) right_columns.push_back(shifted(c, width));

  std::vector<std::string> common;
  if (flag(body, "isNatural")) {
    for (const ScopeColumn& c : left.scope.columns) {
      if (only_column(right_columns, c.name, "right", -1) && only_column(left.scope.columns, c.name, "left", -1)) common.push_back(c.name);
    }
  } else if (const Json* list = find(body, "usingClause")) {
    common = strings_of(*list);
    for (std::size_t i = 0; i < common.size(); ++i) {
      if (std::find(common.begin(), common.begin() + static_cast<std::ptrdiff_t>(i), common[i]) != common.begin() + static_cast<std::ptrdiff_t>(i)) {
        throw Failure(ErrorCode::kDuplicateName, "column name \"" + common[i] + "\" appears more than once in USING clause", -1);
      }
    }
  }

  Schema before = left.plan->schema;  // what ON sees: types alone matter
  before.insert(before.end(), right.plan->schema.begin(), right.plan->schema.end());
  std::vector<ExprPtr> conditions, merged;
  for (const std::string& name : common) {
    const ScopeColumn* l = only_column(left.scope.columns, name, "left", -1);
    const ScopeColumn* r = only_column(right_columns, name, "right", -1);
    if (!l || !r) {
      throw Failure(ErrorCode::kUnknownName, "column \"" + name + "\" specified in USING clause does not exist in " + (l ? "right" : "left") + " table", -1);
    }
    ExprPtr a = weir::column_of(before, l->index), b = weir::column_of(before, r->index);
    conditions.push_back(bind_operator("=", two(a->clone(), b->clone()), -1));
    const Type types[] = {a->type, b->type};
    const Type type_of_both = common_type(types, "JOIN/USING", -1);
    const bool keep_left = kind == Plan::JoinKind::kLeft || (kind == Plan::JoinKind::kInner && (a->type.id == type_of_both.id || b->type.id != type_of_both.id));
    a = coerce(std::move(a), type_of_both, Cast::kImplicit, -1);
    b = coerce(std::move(b), type_of_both, Cast::kImplicit, -1);
    if (kind == Plan::JoinKind::kFull) {
      merged.push_back(Expr::make(Expr::Node::kCoalesce, type_of_both, two(std::move(a), std::move(b))));
    } else {
      merged.push_back(keep_left ? std::move(a) : std::move(b));
    }
  }
  PendingCalls pending;
  Scope sides;
  sides.schema = before;
  sides.tables = scope.tables;
  sides.columns = left.scope.columns;
  sides.columns.insert(sides.columns.end(), right_columns.begin(), right_columns.end());
  sides.outer = outer;
  if (const Json* quals = find(body, "quals")) {
    Context context;
    context.scope = &sides;
    context.environment = environment;
    context.clause = "JOIN conditions";
    context.pending = &pending;
    conditions.push_back(bind_boolean(*quals, context));
  }
  std::vector<ExprPtr> flat;
  for (ExprPtr& c : conditions) split_conjuncts(std::move(c), flat);
  ExprPtr condition = conjunction(std::move(flat));
  if (!pending.subqueries.empty() && kind != Plan::JoinKind::kInner) {
    joined.plan = join_on_subqueries(kind, std::move(left.plan), std::move(right.plan), left_scope, sides, std::move(pending), std::move(condition));
  } else if (!pending.subqueries.empty()) {
    joined.plan = join_lateral(kind, std::move(left.plan), std::move(right.plan), left_scope, nullptr);
    joined.plan = filter_by(std::move(joined.plan), std::move(pending.subqueries), std::move(condition), sides);
  } else {
    joined.plan = join_lateral(kind, std::move(left.plan), std::move(right.plan), left_scope, std::move(condition));
  }

  // Merged columns that are not simply one of the two are appended.
  std::vector<ExprPtr> all;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < before.size(); ++i) {
    all.push_back(weir::column_of(before, static_cast<std::uint16_t>(i)));
    names.push_back(before[i].name);
  }
  for (std::size_t i = 0; i < common.size(); ++i) {
    if (merged[i]->node == Expr::Node::kColumn) {
      scope.columns.push_back({common[i], merged[i]->column});
    } else {
      scope.columns.push_back({common[i], static_cast<std::uint16_t>(all.size())});
      all.push_back(std::move(merged[i]));
      names.push_back(common[i]);
    }
  }
  if (all.size() > before.size()) joined.plan = make_project(std::move(joined.plan), std::move(all), std::move(names));
  const auto is_common = [&](const ScopeColumn& c) { return std::find(common.begin(), common.end(), c.name) != common.end(); };
  for (const ScopeColumn& c : left.scope.columns) {
    if (!is_common(c)) scope.columns.push_back(c);
  }
  for (const ScopeColumn& c : right_columns) {
    if (!is_common(c)) scope.columns.push_back(c);
  }
  scope.schema = joined.plan->schema;

  if (const Json* alias = find(body, "alias")) {  // one table, its columns those of the join
    only(*alias, "an alias", {"aliasname", "colnames"});
    ScopeTable table;
    table.name = text_field(*alias, "aliasname");
    std::vector<std::string> given;
    if (const Json* list = find(*alias, "colnames")) given = strings_of(*list);
    if (given.size() > scope.columns.size()) {
      throw Failure(ErrorCode::kUnknownName, "join \"" + table.name + "\" has fewer columns than its alias names", -1);
    }
    for (std::size_t i = 0; i < given.size(); ++i) scope.columns[i].name = given[i];
    table.columns = scope.columns;
    scope.tables.clear();
    scope.tables.push_back(std::move(table));
  }
  return joined;
}

}  // namespace weir
