// Queries: SELECT, VALUES, set operations; grouping, windows, ORDER BY, LIMIT.
//
//     FROM → WHERE → GROUP BY → sub-selects → HAVING → windows → select list → DISTINCT → ORDER BY … LIMIT

#include <algorithm>

#include "sql/binder.h"
#include "sql/temporal.h"

namespace weir {

namespace {

constexpr Type kText{TypeId::kText, 0, 0};
constexpr Type kBigint{TypeId::kBigint, 0, 0};

const Fields kSelectFields = {"distinctClause", "targetList", "fromClause", "whereClause", "groupClause", "havingClause", "valuesLists", "sortClause",
                              "limitOffset", "limitCount", "limitOption", "withClause", "windowClause", "groupDistinct", "op", "all", "larg", "rarg"};

bool has_sublink(const Json& node) {
  if (node.is_object() && node.contains("SubLink")) return true;
  return (node.is_object() || node.is_array()) && std::any_of(node.begin(), node.end(), [](const Json& inside) { return has_sublink(inside); });
}

ExprPtr typed(ExprPtr expr) {
  const int offset = expr->offset;
  return expr->type.id == TypeId::kUnknown ? coerce(std::move(expr), kText, Cast::kImplicit, offset) : std::move(expr);
}

}  // namespace

// -------------------------------------------------------------------------------------------------------------- open literals

void retype(Plan& plan, std::uint16_t column, const Type& type, Cast context, int offset) {
  switch (plan.node) {
    case Plan::Node::kProject:
      plan.exprs[column] = coerce(std::move(plan.exprs[column]), type, context, offset);
      break;
    case Plan::Node::kValues:
      for (auto& row : plan.rows) row[column] = coerce(std::move(row[column]), type, context, offset);
      plan.schema[column].type = type;
      break;
    case Plan::Node::kUnionAll:
      for (PlanPtr& input : plan.inputs) retype(*input, column, type, context, offset);
      break;
    default:
      retype(*plan.inputs[0], column, type, context, offset);
      break;
  }
  derive_node(plan);
}

void settle(Plan& plan) {
  for (std::size_t i = 0; i < plan.schema.size(); ++i) {
    if (plan.schema[i].type.id == TypeId::kUnknown) retype(plan, static_cast<std::uint16_t>(i), kText, Cast::kImplicit, -1);
  }
}

// ------------------------------------------------------------------------------------------------------------------- grouping

int Grouping::find(const Expr& expr) const {
  const std::string text = expr.text();
  for (std::size_t i = 0; i < texts_.size(); ++i) {
    if (texts_[i] == text) return static_cast<int>(i);
  }
  return -1;
}

bool Grouping::depends_on_key(std::uint16_t column) const {
  const auto grouped = [&](std::uint16_t c) {
    for (std::size_t k = 0; k < keys_.size(); ++k) {
      const auto has = [&](const Groups::Set& set) { return k >= given_ || std::find(set.begin(), set.end(), k) != set.end(); };
      if (keys_[k]->node == Expr::Node::kColumn && keys_[k]->column == c && std::all_of(sets_.begin(), sets_.end(), has)) return true;
    }
    return false;
  };
  for (const ScopeTable& table : scope_.tables) {
    const bool ours = std::any_of(table.columns.begin(), table.columns.end(), [&](const ScopeColumn& c) { return c.index == column; });
    if (ours && !table.primary_key.empty() && std::all_of(table.primary_key.begin(), table.primary_key.end(), grouped)) return true;
  }
  return false;
}

void Grouping::ungrouped(const Expr& column) const {
  std::string name = scope_.schema[column.column].name;
  for (const ScopeTable& table : scope_.tables) {
    for (const ScopeColumn& c : table.columns) {
      if (c.index == column.column && !table.name.empty()) name = table.name + "." + c.name;
    }
  }
  throw Failure(ErrorCode::kSyntax, "column \"" + name + "\" must appear in the GROUP BY clause or be used in an aggregate function", column.offset);
}

void Grouping::extend(const Expr& expr) {
  if (find(expr) >= 0) return;
  if (expr.node == Expr::Node::kColumn && is_plain(expr.column)) {
    if (!depends_on_key(expr.column)) ungrouped(expr);
    texts_.push_back(expr.text());
    keys_.push_back(expr.clone());
  }
  if (expr.node == Expr::Node::kColumn && is_outer(expr.column)) return;
  for (const ExprPtr& arg : expr.args) extend(*arg);
}

ExprPtr Grouping::apply(const Expr& expr) const {
  if (const int key = find(expr); key >= 0) {
    ExprPtr column = Expr::make_column(static_cast<std::uint16_t>(key), expr.type);
    column->offset = expr.offset;
    return column;
  }
  ExprPtr out;
  if (expr.node == Expr::Node::kColumn) {
    if (is_plain(expr.column)) ungrouped(expr);
    out = expr.clone();
    if (expr.column < kGroupingBase) out->column = static_cast<std::uint16_t>(expr.column - kAggregateBase + keys_.size());
    else if (expr.column < kSubqueryBase) out->column = static_cast<std::uint16_t>(expr.column - kGroupingBase + keys_.size() + aggregates_);
    return out;
  }
  out = Expr::make(expr.node, expr.type, {}, expr.offset);
  out->constant = expr.constant;
  out->function = expr.function;
  for (const ExprPtr& arg : expr.args) out->args.push_back(apply(*arg));
  return out;
}

// --------------------------------------------------------------------------------------------------------------------- queries

BoundQuery Binder::bind_query(const Json& body, const Environment* outer_environment, const Scope* outer) {
  const Depth depth(depth_);
  if (body.contains("lockingClause")) unsupported("FOR UPDATE or FOR SHARE", -1);
  if (body.contains("intoClause")) unsupported("SELECT INTO", -1);
  only(body, "SELECT", kSelectFields);
  Environment environment;
  environment.outer = outer_environment;
  if (const Json* with = find(body, "withClause")) bind_with(*with, environment, outer);
  if (text_field(body, "op") != "SETOP_NONE") return bind_set_operation(body, &environment, outer);
  if (body.contains("valuesLists")) return bind_values(body, &environment, outer);
  return bind_select(body, &environment, outer);
}

PlanPtr Binder::bind_rows(const Json& body, const Environment* environment, std::vector<OrderKey>* order, const Scope* outer) {
  BoundQuery query = bind_query(body, environment, outer);
  settle(*query.plan);
  if (order) {
    const auto hidden = std::find_if(query.order.begin(), query.order.end(), [&](const OrderKey& key) { return key.column >= query.visible; });
    order->assign(query.order.begin(), hidden);
  }
  if (query.plan->schema.size() == query.visible) return std::move(query.plan);
  Columns visible;
  for (std::size_t i = 0; i < query.visible; ++i) visible.push_back(static_cast<std::uint16_t>(i));
  return make_columns(std::move(query.plan), visible);
}

PlanPtr Binder::bind_body(const Json& select, std::vector<std::string> names, std::vector<OrderKey>* order) {
  in_view_ = true;
  now_ = Now::kLive;
  PlanPtr plan = bind_rows(select, nullptr, order);
  check_enums(plan->schema);
  for (std::size_t i = 0; i < names.size() && i < plan->schema.size(); ++i) plan->schema[i].name = std::move(names[i]);
  plan = optimize(std::move(plan));
  check_now(*plan);
  return plan;
}

std::uint64_t Binder::limit_value(const Json& node, std::string_view clause, bool& given) {
  Context context;
  context.clause = clause;
  const int offset = location(*open(node).second);
  const ExprPtr expr = coerce(bind(node, context), kBigint, Cast::kAssignment, offset);
  Arena arena;
  const Datum value = evaluate_constant(*expr, arena);
  given = !value.null;
  if (value.null) return 0;
  if (value.integer < 0) throw Failure(ErrorCode::kEvaluation, std::string(clause) + " must not be negative", offset);
  return static_cast<std::uint64_t>(value.integer);
}

void Binder::limit(BoundQuery& query, const Json& body) {
  TopKSpec spec;
  bool given = false;
  if (const Json* count = find(body, "limitCount")) {
    spec.ties = text_field(body, "limitOption") == "LIMIT_OPTION_WITH_TIES";
    const auto [type, constant] = open(*count);
    if (spec.ties && type == "A_Const" && flag(*constant, "isnull")) {
      throw Failure(ErrorCode::kSyntax, "row count cannot be null in FETCH FIRST ... WITH TIES clause", location(*constant));
    }
    const std::uint64_t rows = limit_value(*count, "LIMIT", given);
    if (given) spec.limit = rows;
  }
  if (const Json* offset = find(body, "limitOffset")) spec.offset = limit_value(*offset, "OFFSET", given);
  if (!spec.limit && spec.offset == 0) return;
  spec.ties = spec.ties && spec.limit;
  spec.order = query.order;
  query.plan = make_top_k(std::move(query.plan), std::move(spec));
}

PlanPtr Binder::rows_of(std::vector<ValuesRow> rows, Schema schema, const Scope& scope) {
  auto values = std::make_unique<Plan>();
  values->node = Plan::Node::kValues;
  values->schema = std::move(schema);
  std::vector<PlanPtr> parts;
  for (ValuesRow& row : rows) {
    if (row.pending.subqueries.empty()) {
      values->rows.push_back(std::move(row.exprs));
      continue;
    }
    auto one = std::make_unique<Plan>();
    one->node = Plan::Node::kValues;
    one->rows.emplace_back();
    derive_node(*one);
    Slots slots;
    PlanPtr plan = attach(std::move(one), std::move(row.pending.subqueries), scope, [](const Expr& e) { return e.clone(); }, slots);
    for (ExprPtr& e : row.exprs) e = with_slots(*e, slots);
    parts.push_back(make_project(std::move(plan), std::move(row.exprs), names_of(values->schema)));
  }
  derive_node(*values);
  if (parts.empty()) return values;
  if (!values->rows.empty()) parts.insert(parts.begin(), std::move(values));
  return parts.size() == 1 ? std::move(parts[0]) : make_union_all(std::move(parts));
}

BoundQuery Binder::bind_values(const Json& body, const Environment* environment, const Scope* outer) {
  Scope scope;
  scope.outer = outer;
  Context context;
  context.scope = &scope;
  context.environment = environment;
  context.clause = "VALUES";
  std::vector<ValuesRow> rows;
  for (const Json& item : at(body, "valuesLists")) {
    rows.emplace_back();
    context.pending = &rows.back().pending;
    rows.back().exprs = bind_list(at(*open(item).second, "items"), context);
    if (rows.back().exprs.size() != rows[0].exprs.size()) {
      throw Failure(ErrorCode::kSyntax, "VALUES lists must all be the same length", rows.back().exprs.empty() ? -1 : rows.back().exprs[0]->offset);
    }
  }
  Schema schema;
  for (std::size_t i = 0; i < rows[0].exprs.size(); ++i) {
    std::vector<Type> types;
    for (const ValuesRow& row : rows) types.push_back(row.exprs[i]->type);
    const bool open_type = std::all_of(types.begin(), types.end(), [](const Type& t) { return t.id == TypeId::kUnknown; });
    const Type type = open_type ? Type{} : common_type(types, "VALUES", rows[0].exprs[i]->offset);
    for (ValuesRow& row : rows) {
      const int offset = row.exprs[i]->offset;
      row.exprs[i] = coerce(std::move(row.exprs[i]), type, Cast::kImplicit, offset);
    }
    schema.push_back({"column" + std::to_string(i + 1), type, true});
  }
  PlanPtr plan = rows_of(std::move(rows), std::move(schema), scope);
  BoundQuery query;
  query.visible = plan->schema.size();
  query.plan = std::move(plan);
  std::vector<Target> targets;
  for (std::size_t i = 0; i < query.visible; ++i) targets.push_back({query.plan->schema[i].name, column_of(query.plan->schema, static_cast<std::uint16_t>(i))});
  if (const Json* sorts = find(body, "sortClause")) {
    Scope scope;
    scope.schema = query.plan->schema;
    Context order;
    order.scope = &scope;
    order.clause = "ORDER BY";
    for (const Json& item : *sorts) {
      const Json& sort = *open(item).second;
      const SortItem key = sort_item(sort, [](const Json&) { return ExprPtr(); });
      const std::size_t target = sort_target(at(sort, "node"), targets, query.visible, order, "ORDER BY");
      require_comparable(query.plan->schema[std::min(target, query.visible - 1)].type, location(*open(at(sort, "node")).second));
      if (target >= query.visible) unsupported("ORDER BY an expression over VALUES", location(*open(at(sort, "node")).second));
      query.order.push_back({static_cast<std::uint16_t>(target), key.descending, key.nulls_first});
    }
  }
  limit(query, body);
  return query;
}

// One side of a set operation: without hidden columns; bare literals stay open.
PlanPtr Binder::bind_side(const Json& body, const Environment* environment, const Scope* outer) {
  BoundQuery query = bind_query(body, environment, outer);
  if (text_field(body, "op") != "SETOP_NONE") settle(*query.plan);
  if (query.plan->schema.size() == query.visible) return std::move(query.plan);
  Columns visible;
  for (std::size_t i = 0; i < query.visible; ++i) visible.push_back(static_cast<std::uint16_t>(i));
  settle(*query.plan);
  return make_columns(std::move(query.plan), visible);
}

// The side with its columns in these types.
PlanPtr Binder::converted(PlanPtr plan, std::span<const Type> types) {
  bool convert = false;
  for (std::size_t i = 0; i < types.size(); ++i) {
    if (plan->schema[i].type.id == TypeId::kUnknown) retype(*plan, static_cast<std::uint16_t>(i), types[i], Cast::kImplicit, -1);
    convert = convert || plan->schema[i].type.id != types[i].id;
  }
  if (!convert) return plan;
  std::vector<ExprPtr> exprs = all_columns(plan->schema);
  for (std::size_t i = 0; i < types.size(); ++i) exprs[i] = coerce(std::move(exprs[i]), types[i], Cast::kImplicit, -1);
  std::vector<std::string> names = names_of(plan->schema);
  return make_project(std::move(plan), std::move(exprs), std::move(names));
}

BoundQuery Binder::bind_set_operation(const Json& body, const Environment* environment, const Scope* outer) {
  const std::string op = text_field(body, "op");
  const bool all = flag(body, "all");
  const std::string name = op == "SETOP_UNION" ? "UNION" : op == "SETOP_INTERSECT" ? "INTERSECT" : "EXCEPT";
  PlanPtr sides[2] = {bind_side(at(body, "larg"), environment, outer), bind_side(at(body, "rarg"), environment, outer)};
  const std::size_t width = sides[0]->schema.size();
  if (sides[1]->schema.size() != width) {
    int offset = -1;
    if (const Json* list = find(at(body, "rarg"), "targetList")) offset = location(*open((*list)[0]).second);
    throw Failure(ErrorCode::kSyntax, "each " + name + " query must have the same number of columns", offset);
  }
  std::vector<Type> types;
  for (std::size_t i = 0; i < width; ++i) {
    const Type both[] = {sides[0]->schema[i].type, sides[1]->schema[i].type};
    types.push_back(common_type(both, name, -1));
  }
  for (PlanPtr& plan : sides) plan = converted(std::move(plan), types);

  if (op != "SETOP_UNION" || !all) {
    for (const Type& type : types) require_comparable(type, location(body));
  }

  BoundQuery query;
  query.visible = width;
  const auto binary = [&](Plan::Node node) {
    auto plan = std::make_unique<Plan>();
    plan->node = node;
    plan->inputs.push_back(std::move(sides[0]));
    plan->inputs.push_back(std::move(sides[1]));
    derive_node(*plan);
    return plan;
  };
  if (op == "SETOP_UNION") {
    query.plan = binary(Plan::Node::kUnionAll);
    if (!all) query.plan = make_distinct(std::move(query.plan));
  } else if (all) {
    query.plan = binary(op == "SETOP_INTERSECT" ? Plan::Node::kIntersectAll : Plan::Node::kExceptAll);
  } else {
    sides[0] = make_distinct(std::move(sides[0]));
    PlanPtr plan = binary(Plan::Node::kSemiJoin);
    plan->anti = op == "SETOP_EXCEPT";
    plan->null_matches = true;
    for (std::size_t i = 0; i < width; ++i) plan->left_keys.push_back(static_cast<std::uint16_t>(i));
    plan->right_keys = plan->left_keys;
    query.plan = std::move(plan);
  }
  // The result has the types of the whole, not of its first part.
  for (std::size_t i = 0; i < width; ++i) query.plan->schema[i].type = types[i];

  if (const Json* sorts = find(body, "sortClause")) {
    std::vector<Target> targets;
    for (std::size_t i = 0; i < width; ++i) targets.push_back({query.plan->schema[i].name, column_of(query.plan->schema, static_cast<std::uint16_t>(i))});
    Scope scope;
    Context context;
    context.scope = &scope;
    context.clause = "ORDER BY";
    for (const Json& item : *sorts) {
      const Json& sort = *open(item).second;
      const SortItem key = sort_item(sort, [](const Json&) { return ExprPtr(); });
      const auto [type, place] = open(at(sort, "node"));
      if (type != "ColumnRef" && type != "A_Const") {
        throw Failure(ErrorCode::kSyntax, "invalid " + name + " ORDER BY clause: only result column names can be used", location(*place));
      }
      const std::size_t target = sort_target(at(sort, "node"), targets, width, context, "ORDER BY");
      require_comparable(types[target], location(*place));
      query.order.push_back({static_cast<std::uint16_t>(target), key.descending, key.nulls_first});
    }
  }
  limit(query, body);
  return query;
}

// --------------------------------------------------------------------------------------------------------------------- SELECT

std::vector<Binder::Target> Binder::bind_targets(const Json& list, const Context& context) {
  std::vector<Target> targets;
  for (const Json& item : list) {
    const Json& target = *open(item).second;
    only(target, "a select item", {"name", "val"});
    const Json& value = at(target, "val");
    const auto [type, body] = open(value);
    if (type == "ColumnRef" && open(at(*body, "fields").back()).first == "A_Star") {
      std::vector<std::string> names = strings_of(at(*body, "fields"));
      names.pop_back();
      if (names.size() == 2 && names[0] == "public") names.erase(names.begin());
      if (names.size() > 1) unsupported("a name of so many parts", location(*body));
      const std::vector<ScopeColumn>* columns = nullptr;
      if (names.empty()) {
        if (context.scope->tables.empty()) throw Failure(ErrorCode::kSyntax, "SELECT * with no tables specified is not valid", location(*body));
        columns = &context.scope->columns;
      } else {
        for (const ScopeTable& table : context.scope->tables) {
          if (table.name == names[0]) columns = &table.columns;
        }
        if (!columns) {
          std::vector<std::string> tables;
          for (const ScopeTable& table : context.scope->tables) tables.push_back(table.name);
          Failure failure(ErrorCode::kUnknownName, "missing FROM-clause entry for table \"" + names[0] + "\"", location(*body));
          if (const std::string near = nearest_name(names[0], tables); !near.empty()) failure.error().hint = "did you mean \"" + near + "\"?";
          throw failure;
        }
      }
      for (const ScopeColumn& c : *columns) {
        targets.push_back({c.name, column_of(context.scope->schema, c.index)});
        targets.back().expr->offset = location(*body);
      }
    } else {
      std::string name = text_field(target, "name");
      if (name.empty()) name = output_name(value);
      targets.push_back({std::move(name), bind(value, context)});
    }
  }
  if (targets.empty()) unsupported("an empty select list", -1);
  if (targets.size() > kColumnsMost) throw Failure(ErrorCode::kSyntax, "target lists can have at most " + std::to_string(kColumnsMost) + " entries", -1);
  return targets;
}

SortItem Binder::sort_item(const Json& sort, const std::function<ExprPtr(const Json&)>& bind) {
  only(sort, "ORDER BY", {"node", "sortby_dir", "sortby_nulls"});
  SortItem item;
  const std::string direction = text_field(sort, "sortby_dir"), nulls = text_field(sort, "sortby_nulls");
  item.descending = direction == "SORTBY_DESC";
  item.nulls_first = nulls == "SORTBY_NULLS_DEFAULT" ? item.descending : nulls == "SORTBY_NULLS_FIRST";
  item.expr = bind(at(sort, "node"));
  return item;
}

// Which output column ORDER BY or DISTINCT ON means; what is none yet is added as a hidden one.
std::size_t Binder::sort_target(const Json& node, std::vector<Target>& targets, std::size_t visible, const Context& context, std::string_view clause) {
  const auto [type, body] = open(node);
  const int offset = location(*body);
  if (type == "ColumnRef" && at(*body, "fields").size() == 1) {
    const std::string name = string_of(at(*body, "fields")[0]);
    std::size_t found = visible;
    for (std::size_t i = 0; i < visible; ++i) {
      if (targets[i].name != name) continue;
      if (found < visible && targets[found].expr->text() != targets[i].expr->text()) {
        throw Failure(ErrorCode::kUnknownName, std::string(clause) + " \"" + name + "\" is ambiguous", offset);
      }
      if (found == visible) found = i;
    }
    if (found < visible) return found;
  }
  if (type == "A_Const") {
    if (!body->contains("ival")) throw Failure(ErrorCode::kSyntax, "non-integer constant in " + std::string(clause), offset);
    const std::int64_t position = integer_of(node, clause);
    if (position < 1 || position > static_cast<std::int64_t>(visible)) {
      throw Failure(ErrorCode::kSyntax, std::string(clause) + " position " + std::to_string(position) + " is not in select list", offset);
    }
    return static_cast<std::size_t>(position - 1);
  }
  ExprPtr expr = typed(bind(node, context));
  const std::string text = expr->text();
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (targets[i].expr->text() == text) return i;
  }
  targets.push_back({"?column?", std::move(expr)});
  return targets.size() - 1;
}

PlanPtr Binder::bind_where(const Json& node, PlanPtr plan, const Scope& scope, const Environment* environment) {
  PendingCalls pending;
  Context context;
  context.scope = &scope;
  context.environment = environment;
  context.clause = "WHERE";
  context.pending = &pending;
  std::vector<ExprPtr> plain, with_subqueries;
  std::vector<std::pair<const Json*, bool>> memberships;
  const std::function<void(const Json&)> add = [&](const Json& item) {
    const auto [type, body] = open(item);
    if (type == "BoolExpr" && text_field(*body, "boolop") == "AND_EXPR") {
      for (const Json& arg : at(*body, "args")) add(arg);
      return;
    }
    bool negated = false;
    const Json* inside = &item;
    for (auto [t, b] = open(*inside); t == "BoolExpr" && text_field(*b, "boolop") == "NOT_EXPR"; std::tie(t, b) = open(*inside)) {
      inside = &at(*b, "args")[0];
      negated = !negated;
    }
    const auto [inside_type, sublink] = open(*inside);
    if (inside_type == "SubLink" && text_field(*sublink, "subLinkType") != "EXPR_SUBLINK" && !has_sublink(at(*sublink, "testexpr"))) {
      memberships.emplace_back(sublink, negated);
      return;
    }
    std::vector<ExprPtr> conjuncts;
    split_conjuncts(bind_boolean(item, context), conjuncts);
    for (ExprPtr& c : conjuncts) {
      bool uses = false;
      each_column(*c, [&](std::uint16_t i) { uses = uses || is_subquery(i); });
      (uses ? with_subqueries : plain).push_back(std::move(c));
    }
  };
  add(node);
  plan = make_filter(std::move(plan), conjunction(std::move(plain)));
  for (const auto& [sublink, negated] : memberships) plan = bind_membership(*sublink, std::move(plan), context, negated);
  if (with_subqueries.empty()) return plan;
  return filter_by(std::move(plan), std::move(pending.subqueries), conjunction(std::move(with_subqueries)), scope);
}

BoundQuery Binder::bind_select(const Json& body, const Environment* environment, const Scope* outer) {
  From from = bind_from(find(body, "fromClause"), environment, outer);
  Scope& scope = from.scope;
  scope.outer = outer;
  PlanPtr plan = std::move(from.plan);
  if (const Json* where = find(body, "whereClause")) plan = bind_where(*where, std::move(plan), scope, environment);

  PendingCalls pending;
  Context context;
  context.scope = &scope;
  context.environment = environment;
  context.clause = "SELECT";
  context.pending = &pending;
  context.aggregates = context.windows = context.rows = true;
  context.named_windows = find(body, "windowClause");
  if (context.named_windows) check_windows(*context.named_windows, context);
  static const Json kNone = Json::array();
  std::vector<Target> targets = bind_targets(body.contains("targetList") ? at(body, "targetList") : kNone, context);
  const std::size_t visible = targets.size();

  Context grouping_context = context;
  grouping_context.clause = "GROUP BY";
  grouping_context.aggregates = grouping_context.windows = false;
  const Json* groups = find(body, "groupClause");
  Groups keys;
  if (groups) keys = bind_groups(*groups, targets, grouping_context, flag(body, "groupDistinct"));

  ExprPtr having;
  if (const Json* node = find(body, "havingClause")) {
    Context inside = context;
    inside.clause = "HAVING";
    inside.windows = inside.rows = false;
    having = bind_boolean(*node, inside);
  }

  Context order_context = context;
  order_context.clause = "ORDER BY";
  BoundQuery query;
  query.visible = visible;
  if (const Json* sorts = find(body, "sortClause")) {
    for (const Json& item : *sorts) {
      const Json& sort = *open(item).second;
      const SortItem key = sort_item(sort, [](const Json&) { return ExprPtr(); });
      const std::size_t target = sort_target(at(sort, "node"), targets, visible, order_context, "ORDER BY");
      query.order.push_back({static_cast<std::uint16_t>(target), key.descending, key.nulls_first});
    }
  } else if (!groups && !having && !body.contains("distinctClause") && pending.aggregates.empty() && pending.groupings.empty() && pending.windows.empty()) {
    for (const OrderKey& key : from.order) {
      const auto shows = [&](const Target& target) { return target.expr->node == Expr::Node::kColumn && target.expr->column == key.column; };
      auto target = std::find_if(targets.begin(), targets.end(), shows);
      if (target == targets.end()) target = targets.insert(target, {scope.schema[key.column].name, weir::column_of(scope.schema, key.column)});
      query.order.push_back({static_cast<std::uint16_t>(target - targets.begin()), key.descending, key.nulls_first});
    }
  }
  const Json* distinct = find(body, "distinctClause");
  const bool distinct_on = distinct && !distinct->empty() && (*distinct)[0].is_object() && !(*distinct)[0].empty();
  if (distinct && !distinct_on && targets.size() > visible) {
    throw Failure(ErrorCode::kSyntax, "for SELECT DISTINCT, ORDER BY expressions must appear in select list", targets.back().expr->offset);
  }
  Columns distinct_keys;
  if (distinct_on) {
    for (const Json& node : *distinct) {
      distinct_keys.push_back(static_cast<std::uint16_t>(sort_target(node, targets, visible, order_context, "DISTINCT ON")));
    }
    // ORDER BY may go on after the keys, but begins with them.
    std::size_t matched = 0;
    const auto is_key = [&](std::uint16_t c) { return std::find(distinct_keys.begin(), distinct_keys.end(), c) != distinct_keys.end(); };
    while (matched < query.order.size() && is_key(query.order[matched].column)) ++matched;
    const bool all_found = std::all_of(distinct_keys.begin(), distinct_keys.end(), [&](std::uint16_t c) {
      return std::any_of(query.order.begin(), query.order.begin() + static_cast<std::ptrdiff_t>(matched), [&](const OrderKey& k) { return k.column == c; });
    });
    if (!query.order.empty() && !all_found && matched < query.order.size()) {
      throw Failure(ErrorCode::kSyntax, "SELECT DISTINCT ON expressions must match initial ORDER BY expressions", targets[distinct_keys[0]].expr->offset);
    }
  }

  // A bare literal that rows are told apart or sorted by is a text.
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (targets[i].expr->type.id != TypeId::kUnknown && is_comparable(targets[i].expr->type)) continue;
    const std::string text = targets[i].expr->text();
    const bool compared = (distinct && !distinct_on) || std::find(distinct_keys.begin(), distinct_keys.end(), i) != distinct_keys.end() ||
                          std::any_of(query.order.begin(), query.order.end(), [&](const OrderKey& key) { return key.column == i; }) ||
                          std::any_of(keys.keys.begin(), keys.keys.end(), [&](const ExprPtr& key) { return key->text() == text; });
    if (!compared) continue;
    targets[i].expr = typed(std::move(targets[i].expr));
    require_comparable(targets[i].expr->type, targets[i].expr->offset);
  }

  Slots slots_below, slots;  // of sub-selects below the grouping and above it
  Columns window_columns;
  std::function<ExprPtr(const Expr&)> outside = [](const Expr& e) { return e.clone(); };
  std::optional<Grouping> grouping;
  if (groups || having || !pending.aggregates.empty() || !pending.groupings.empty()) {
    for (ExprPtr& key : keys.keys) {
      key = typed(std::move(key));
      require_comparable(key->type, key->offset);
    }
    std::vector<ExprPtr*> grouped;  // rows that are grouped by come from below
    for (ExprPtr& key : keys.keys) grouped.push_back(&key);
    for (Target& target : targets) {
      const std::string text = target.expr->text();
      if (std::any_of(keys.keys.begin(), keys.keys.end(), [&](const ExprPtr& key) { return key->text() == text; })) grouped.push_back(&target.expr);
    }
    plan = expand_rows(std::move(plan), grouped);
    for (Target& target : targets) {
      if (groups) target.expr = target.expr->type.id == TypeId::kUnknown && target.expr->node != Expr::Node::kConstant ? typed(std::move(target.expr)) : std::move(target.expr);
    }
    grouping.emplace(scope, std::move(keys), pending.aggregates.size());
    for (const Target& target : targets) grouping->extend(*target.expr);
    if (having) grouping->extend(*having);
    for (const Window& window : pending.windows) {
      for (const ExprPtr& e : window.partition) grouping->extend(*e);
      for (const SortItem& item : window.order) grouping->extend(*item.expr);
    }
    for (const WindowUse& use : pending.window_uses) {
      for (const ExprPtr* e : {&use.argument, &use.second, &use.count, &use.fallback}) {
        if (*e) grouping->extend(**e);
      }
    }
    for (const Subquery& subquery : pending.subqueries) {
      if (subquery.before_grouping) continue;
      each_reference(subquery, scope, [&](const Expr& e) { grouping->extend(e); });
    }
    for (Target& target : targets) target.expr = grouping->apply(*target.expr);
    if (having) having = grouping->apply(*having);
    for (Window& window : pending.windows) {
      for (ExprPtr& e : window.partition) e = grouping->apply(*e);
      for (SortItem& item : window.order) item.expr = grouping->apply(*item.expr);
    }
    for (WindowUse& use : pending.window_uses) {
      for (ExprPtr* e : {&use.argument, &use.second, &use.count, &use.fallback}) {
        if (*e) *e = grouping->apply(**e);
      }
    }
    outside = [&](const Expr& e) { return grouping->apply(e); };
    if (from.working_table && !pending.aggregates.empty()) {
      throw Failure(ErrorCode::kUnsupported, "aggregate functions are not allowed in a recursive query's recursive term", location(*from.working_table));
    }
    std::vector<Subquery> below;
    for (Subquery& subquery : pending.subqueries) {
      if (subquery.before_grouping) below.push_back(std::move(subquery));
    }
    std::erase_if(pending.subqueries, [](const Subquery& subquery) { return subquery.before_grouping; });
    plan = attach(std::move(plan), std::move(below), scope, [](const Expr& e) { return e.clone(); }, slots_below);
    plan = grouping->plan(std::move(plan), std::move(pending.aggregates), pending.groupings, slots_below);
  }
  plan = attach(std::move(plan), std::move(pending.subqueries), scope, outside, slots);
  const auto resolve = [&](const Expr& expr) {
    ExprPtr e = with_slots(expr, slots);
    renumber(*e, [&](std::uint16_t c) { return c >= kWindowBase && c < kOuterBase ? window_columns[c - kWindowBase] : c; });
    return e;
  };
  if (having) plan = make_filter(std::move(plan), resolve(*having));
  plan = attach_windows(std::move(plan), pending, resolve, window_columns);

  std::vector<ExprPtr> exprs;
  std::vector<std::string> names;
  for (Target& target : targets) {
    exprs.push_back(resolve(*target.expr));
    names.push_back(std::move(target.name));
  }
  std::vector<ExprPtr*> all;
  for (ExprPtr& e : exprs) all.push_back(&e);
  plan = expand_rows(std::move(plan), all);
  query.plan = make_project(std::move(plan), std::move(exprs), std::move(names));
  if (distinct && !distinct_on) query.plan = make_distinct(std::move(query.plan));
  if (distinct_on) {
    TopKSpec spec;
    spec.partition = distinct_keys;
    spec.order = query.order;
    spec.limit = 1;
    query.plan = make_top_k(std::move(query.plan), std::move(spec));
  }
  limit(query, body);
  return query;
}

}  // namespace weir
