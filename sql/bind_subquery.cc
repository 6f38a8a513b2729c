// Sub-selects in expressions: EXISTS, IN, ANY, ALL and scalar ones, alone or tied to the queries around, turned into joins.
//
//     WHERE EXISTS (q)         P ⋉ q                     WHERE NOT EXISTS (q)     P ▷ q
//     WHERE x IN (q)           P ⋉ q on x = y            WHERE x > ALL (q)        P ▷ q on (x > y) is not true
//     WHERE x NOT IN (q)       P ▷ q on x = y, ▷ q on y is null, ▷ q on x is null
//     elsewhere                the three parts of P for which the answer is true, unknown and false, each marked with it
//     (SELECT v … )            P ⟕ q, where q has at most one row for each row of P
//                              P ⟕ (top 1 of q ⋈ count of q), by what ties them, where it may have more: then the count is checked where the value is used
//     P, LATERAL q             P ⋈ q
//
// What ties q to P are conditions once sql/decorrelate.cc has been through it.

#include <algorithm>

#include "sql/binder.h"
#include "zset/text_form.h"

namespace weir {

namespace {

using Exprs = std::vector<ExprPtr>;
using Resolve = std::function<ExprPtr(const Expr&)>;
constexpr Type kBoolean{TypeId::kBoolean, 0, 0};
constexpr Type kBigint{TypeId::kBigint, 0, 0};

ExprPtr unary(std::string_view op, ExprPtr e, int offset) {
  Exprs args;
  args.push_back(std::move(e));
  return bind_operator(op, std::move(args), offset);
}

ExprPtr same(const Expr& e) { return e.clone(); }

// The plan and one more column.
PlanPtr with_column(PlanPtr plan, ExprPtr column) {
  Exprs exprs = all_columns(plan->schema);
  std::vector<std::string> names = names_of(plan->schema);
  exprs.push_back(std::move(column));
  names.emplace_back("?column?");
  return make_project(std::move(plan), std::move(exprs), std::move(names));
}

ExprPtr if_true(ExprPtr condition, ExprPtr value) {
  const Type type = value->type;
  Exprs args;
  args.push_back(std::move(condition));
  args.push_back(std::move(value));
  args.push_back(null_constant(type));
  return Expr::make(Expr::Node::kCase, type, std::move(args));
}

bool is_equality(const Expr& expr) { return expr.node == Expr::Node::kCall && expr.args.size() == 2 && expr.function->name == "="; }

bool is_total_aggregate(const Plan& plan) {
  if (plan.node == Plan::Node::kProject) return is_total_aggregate(*plan.inputs[0]);
  return plan.node == Plan::Node::kAggregate && plan.exprs.empty();
}

bool has_columns(const Expr& expr) {
  bool any = false;
  each_column(expr, [&](std::uint16_t) { any = true; });
  return any;
}

// Which values there are is all that counts: not how often.
PlanPtr as_set(PlanPtr plan) {
  while (plan->node == Plan::Node::kDistinct) plan = std::move(plan->inputs[0]);
  return plan;
}

}  // namespace

ExprPtr with_slots(const Expr& expr, const Slots& slots) {
  return replaced(expr, [&](const Expr& column) -> ExprPtr {
    if (!is_subquery(column.column)) return nullptr;
    const std::size_t slot = column.column - kSubqueryBase;
    if (slot >= slots.size() || !slots[slot]) unsupported("a sub-select of GROUP BY, or in an aggregate, also beside it", column.offset);
    return slots[slot]->clone();
  });
}

// ----------------------------------------------------------------------------------------------------- what belongs to other queries

ExprPtr Binder::reference(const Scope& scope, ExprPtr expr) {
  const std::string text = expr->text();
  const Type type = expr->type;
  const int offset = expr->offset;
  std::size_t i = 0;
  while (i < references_.size() && !(references_[i].scope == &scope && references_[i].expr->type == type && references_[i].expr->text() == text)) ++i;
  if (i == references_.size()) {
    if (kOuterBase + i > UINT16_MAX) unsupported("so many references of sub-selects to the queries around them", offset);
    references_.push_back({&scope, std::move(expr)});
  }
  ExprPtr column = Expr::make_column(static_cast<std::uint16_t>(kOuterBase + i), type);
  column->offset = offset;
  return column;
}

bool Binder::refers_to(const Plan& plan, const Scope& scope) const {
  return mentions(plan, [&](std::uint16_t c) { return references_[c - kOuterBase].scope == &scope; });
}

void Binder::each_reference(const Subquery& subquery, const Scope& scope, const std::function<void(const Expr&)>& see) const {
  const auto in_expr = [&](const Expr& expr) {
    each_column(expr, [&](std::uint16_t c) {
      if (is_outer(c) && references_[c - kOuterBase].scope == &scope) see(*references_[c - kOuterBase].expr);
    });
  };
  const std::function<void(const Plan&)> in_plan = [&](const Plan& plan) {
    each_expr(plan, in_expr);
    for (const PlanPtr& input : plan.inputs) in_plan(*input);
  };
  in_plan(*subquery.plan);
  if (subquery.test) in_expr(*subquery.test);
}

Dependent Binder::depend(PlanPtr inner, const Scope& scope, const Plan& rows, const Resolve& resolve, Form form) {
  Outside outside;
  outside.has = [&](std::uint16_t c) { return references_[c - kOuterBase].scope == &scope; };
  outside.rows = [&](const Columns& references) {
    Exprs exprs;
    for (std::uint16_t c : references) exprs.push_back(resolve(*references_[c - kOuterBase].expr));
    copied_nodes_ += nodes_of(rows);
    if (copied_nodes_ > kCopiedNodesMost) unsupported("so many sub-selects within each other", -1);
    return make_project(rows.clone(), std::move(exprs));
  };
  return decorrelate(std::move(inner), outside, form);
}

ExprPtr Binder::beside(const Expr& expr, std::size_t width, const Scope& scope, const Resolve& resolve) const {
  return replaced(expr, [&](const Expr& column) -> ExprPtr {
    if (!is_outer(column.column)) {
      ExprPtr moved = column.clone();
      moved->column = static_cast<std::uint16_t>(moved->column + width);
      return moved;
    }
    const Reference& r = references_[column.column - kOuterBase];
    return r.scope == &scope ? resolve(*r.expr) : nullptr;
  });
}

void Binder::find_columns(const Expr& expr, const Context& context, bool& inside, bool& outside) const {
  each_column(expr, [&](std::uint16_t c) {
    if (!is_subquery(c)) {
      (is_outer(c) ? outside : inside) = true;
      return;
    }
    for (const Subquery& subquery : context.pending->subqueries) {
      const std::size_t slot = c - kSubqueryBase;
      if (slot < subquery.slot || slot >= subquery.slot + subquery.slots()) continue;
      const auto see = [&](std::uint16_t reference) {
        (references_[reference - kOuterBase].scope == context.scope ? inside : outside) = true;
        return false;
      };
      mentions(*subquery.plan, see);
      if (subquery.test) mentions(*subquery.test, see);
    }
  });
}

// ------------------------------------------------------------------------------------------------------------------------ binding

PlanPtr Binder::bind_inner(const Json& select, const Context& context) {
  around_.push_back(&context);
  PlanPtr plan = bind_rows(select, context.environment, nullptr, context.scope);
  around_.pop_back();
  return plan;
}

ExprPtr Binder::quantified(const Json& body, const std::string& op, const Context& context, const Plan& inner) {
  const int offset = location(body);
  Exprs left;
  Context tested = context;
  tested.rows = false;
  tested.clause = "the test of a sub-select";
  const auto [type, row] = open(at(body, "testexpr"));
  if (type == "RowExpr") {
    left = bind_list(at(*row, "args"), tested);
  } else {
    left.push_back(bind(at(body, "testexpr"), tested));
  }
  if (left.size() < inner.schema.size()) throw Failure(ErrorCode::kSyntax, "subquery has too many columns", offset);
  if (left.size() > inner.schema.size()) throw Failure(ErrorCode::kSyntax, "subquery has too few columns", offset);
  for (ExprPtr& e : left) {
    if (has_columns(*e)) e = reference(*context.scope, std::move(e));
  }
  ExprPtr test = compare_rows(op, std::move(left), all_columns(inner.schema), offset);
  if (test->type != kBoolean) throw Failure(ErrorCode::kType, "operator " + op + " before ANY or ALL must yield a boolean", offset);
  return test;
}

ExprPtr Binder::bind_sublink(const Json& body, const Context& context) {
  const std::string type = text_field(body, "subLinkType");
  const int offset = location(body);
  if (type == "EXPR_SUBLINK") {
    Exprs columns = bind_row_sublink(body, context);
    if (columns.size() != 1) throw Failure(ErrorCode::kSyntax, "subquery must return only one column", offset);
    return std::move(columns[0]);
  }
  if (type == "ARRAY_SUBLINK") return bind_array_sublink(body, context);
  only(body, "a sub-select", {"subLinkType", "testexpr", "operName", "subselect"});
  if (!context.pending) unsupported("a sub-select in " + std::string(context.clause), offset);
  const Json& select = *open(at(body, "subselect")).second;
  Subquery subquery;
  if (type == "EXISTS_SUBLINK") {
    subquery.plan = as_set(bind_inner(select, context));
  } else if (type == "ANY_SUBLINK" || type == "ALL_SUBLINK") {
    const std::string op = body.contains("operName") ? strings_of(at(body, "operName")).back() : "=";
    subquery.plan = as_set(bind_inner(select, context));
    subquery.test = quantified(body, op, context, *subquery.plan);
    subquery.all = type == "ALL_SUBLINK";
  } else {
    unsupported("this kind of sub-select", offset);
  }
  ExprPtr expr = Expr::make_column(use(std::move(subquery), context), kBoolean);
  expr->offset = offset;
  return expr;
}

// ARRAY(SELECT v … ORDER BY k) is COALESCE((SELECT array_agg(v ORDER BY k) FROM (SELECT v, k … ORDER BY k) AS q(v, k)), '{}').
ExprPtr Binder::bind_array_sublink(const Json& body, const Context& context) {
  only(body, "a sub-select", {"subLinkType", "subselect"});
  const int offset = location(body);
  const auto column = [&](const std::string& name) {
    return Json{{"ColumnRef", {{"fields", Json::array({Json{{"String", {{"sval", name}}}}})}, {"location", offset}}}};
  };
  Json inner = at(body, "subselect");
  Json& select = inner.begin().value();
  const bool plain = text_field(select, "op") == "SETOP_NONE" && select.contains("targetList"), distinct = select.contains("distinctClause");
  if (distinct && !at(select, "distinctClause")[0].empty()) unsupported("ARRAY(SELECT DISTINCT ON …)", offset);
  std::string value_name;
  if (plain) {
    const Json& targets = at(select, "targetList");
    if (targets.size() != 1) throw Failure(ErrorCode::kSyntax, "subquery must return only one column", offset);
    const Json& target = *open(targets[0]).second;
    const auto [type, value] = open(at(target, "val"));
    if (type == "ColumnRef" && open(at(*value, "fields").back()).first == "A_Star") unsupported("ARRAY(SELECT * …)", offset);
    value_name = text_field(target, "name");
    if (value_name.empty()) value_name = output_name(at(target, "val"));
  }
  // What orders it: the value, or columns more behind it.
  Json order = Json::array(), more = Json::array(), names = Json::array({Json{{"String", {{"sval", "?array?"}}}}});
  if (const Json* sorts = find(select, "sortClause")) {
    for (const Json& item : *sorts) {
      const Json& sort = *open(item).second;
      const auto [type, node] = open(at(sort, "node"));
      const bool names_value = type == "ColumnRef" && at(*node, "fields").size() == 1 && string_of(at(*node, "fields")[0]) == value_name;
      std::string by = "?array?";
      if (plain && !distinct && type != "A_Const" && !names_value) {
        by = "?order" + std::to_string(more.size()) + "?";
        more.push_back({{"ResTarget", {{"name", by}, {"val", at(sort, "node")}}}});
        names.push_back({{"String", {{"sval", by}}}});
      }
      Json key = sort;
      key["node"] = column(by);
      order.push_back({{"SortBy", std::move(key)}});
    }
  }
  for (Json& target : more) select["targetList"].push_back(std::move(target));
  Json call = {{"funcname", Json::array({Json{{"String", {{"sval", "pg_catalog"}}}}, Json{{"String", {{"sval", "array_agg"}}}}})},
               {"args", Json::array({column("?array?")})},
               {"location", offset}};
  if (!order.empty()) call["agg_order"] = std::move(order);
  Json outer = {{"targetList", Json::array({Json{{"ResTarget", {{"val", {{"FuncCall", std::move(call)}}}}}}})},
                {"fromClause", Json::array({Json{{"RangeSubselect", {{"subquery", std::move(inner)}, {"alias", {{"aliasname", "?array?"}, {"colnames", std::move(names)}}}}}}})},
                {"limitOption", "LIMIT_OPTION_DEFAULT"},
                {"op", "SETOP_NONE"}};
  written_.push_back({{"subLinkType", "EXPR_SUBLINK"}, {"subselect", {{"SelectStmt", std::move(outer)}}}, {"location", offset}});
  Exprs values = bind_row_sublink(written_.back(), context);
  const Type type = values[0]->type;
  Arena arena;
  values.push_back(Expr::make_constant(parse_datum("{}", type, arena), type, offset));
  return Expr::make(Expr::Node::kCoalesce, type, std::move(values), offset);
}

Exprs Binder::bind_row_sublink(const Json& body, const Context& context) {
  only(body, "a sub-select", {"subLinkType", "subselect"});
  const int offset = location(body);
  if (!context.pending) unsupported("a sub-select in " + std::string(context.clause), offset);
  Subquery subquery;
  subquery.kind = Subquery::Kind::kValues;
  subquery.plan = bind_inner(*open(at(body, "subselect")).second, context);
  const Schema schema = subquery.plan->schema;
  const std::uint16_t first = use(std::move(subquery), context);
  Exprs out;
  for (std::size_t i = 0; i < schema.size(); ++i) {
    out.push_back(Expr::make_column(static_cast<std::uint16_t>(first + i), schema[i].type));
    out.back()->offset = offset;
  }
  return out;
}

std::uint16_t Binder::use(Subquery subquery, const Context& context) {
  PendingCalls& pending = *context.pending;
  subquery.before_grouping = context.in_aggregate || context.clause == "GROUP BY";
  const std::string text = subquery.plan->text();
  for (Subquery& known : pending.subqueries) {  // the same again
    const bool matches = known.kind == subquery.kind && known.all == subquery.all && !known.test == !subquery.test && known.plan->text() == text &&
                         (!known.test || known.test->text() == subquery.test->text());
    const bool in_place = known.before_grouping == subquery.before_grouping || context.clause == "GROUP BY";
    if (!matches || !in_place) continue;
    known.before_grouping = subquery.before_grouping;
    return static_cast<std::uint16_t>(kSubqueryBase + known.slot);
  }
  subquery.slot = pending.slots;
  pending.slots += subquery.slots();
  if (kSubqueryBase + pending.slots > kWindowBase) unsupported("so many sub-selects", -1);
  pending.subqueries.push_back(std::move(subquery));
  return static_cast<std::uint16_t>(kSubqueryBase + pending.subqueries.back().slot);
}

// ------------------------------------------------------------------------------------------------------------------------ joining

PlanPtr Binder::bind_membership(const Json& body, PlanPtr plan, const Context& context, bool negated) {
  only(body, "a sub-select", {"subLinkType", "testexpr", "operName", "subselect"});
  const int offset = location(body);
  const std::string type = text_field(body, "subLinkType");
  const Json& select = *open(at(body, "subselect")).second;
  if (type != "EXISTS_SUBLINK" && type != "ANY_SUBLINK" && type != "ALL_SUBLINK") unsupported("this kind of sub-select", offset);
  Context test_context = context;
  test_context.pending = nullptr;
  const bool exists = type == "EXISTS_SUBLINK", all = type == "ALL_SUBLINK";
  const std::string op = body.contains("operName") ? strings_of(at(body, "operName")).back() : "=";
  const bool not_in = !exists && negated != all && op == (all ? "<>" : "=");
  PlanPtr inside = as_set(bind_inner(select, context));
  ExprPtr raw = exists ? nullptr : quantified(body, not_in ? "=" : op, test_context, *inside);
  const Dependent inner = depend(std::move(inside), *context.scope, *plan, same, Form::kAny);
  const std::size_t width = plan->schema.size();
  const auto over_both = [&](const Expr& e) { return beside(e, width, *context.scope, same); };
  ExprPtr test = raw ? over_both(*substitute(*raw, inner.outputs)) : nullptr;
  const auto join = [&](ExprPtr more, bool anti) {
    Exprs conjuncts;
    for (const ExprPtr& c : inner.conjuncts) conjuncts.push_back(over_both(*c));
    if (more) split_conjuncts(std::move(more), conjuncts);
    plan = make_semi_join(std::move(plan), inner.plan->clone(), conjunction(std::move(conjuncts)), anti);
  };
  if (exists) {
    join(nullptr, negated);
  } else if (!all && !negated) {
    join(std::move(test), false);
  } else if (all && negated) {  // some row for which the test is false
    join(unary("not", std::move(test), offset), false);
  } else if (not_in && is_equality(*test)) {
    // No row is equal, none is NULL, and the tested value is not NULL unless there are no rows.
    Schema both = plan->schema;
    both.insert(both.end(), inner.plan->schema.begin(), inner.plan->schema.end());
    Exprs tests;
    for (const ExprPtr& side : test->args) {
      if (is_nullable(*side, both)) tests.push_back(unary("is null", side->clone(), offset));
    }
    join(std::move(test), true);
    for (ExprPtr& t : tests) join(std::move(t), true);
  } else {
    // ANY denied: every test is false. ALL: every test is true.
    if (not_in && all) test = unary("not", std::move(test), offset);
    join(unary(all ? "is not true" : "is not false", std::move(test), offset), true);
  }
  return plan;
}

PlanPtr Binder::attach_values(PlanPtr plan, Dependent inner, bool one_row, const Scope& scope, const Resolve& resolve, Slots& values) {
  const std::size_t width = plan->schema.size();
  ExprPtr given;  // is there a row, and only one?
  if (!one_row) {
    const std::size_t inner_width = inner.plan->schema.size();
    PlanPtr count = std::make_unique<Plan>();
    count->node = Plan::Node::kAggregate;
    count->inputs.push_back(inner.plan->clone());
    for (std::uint16_t key : inner.keys) count->exprs.push_back(column_of(inner.plan->schema, key));
    count->aggregates.push_back({AggregateFunction::kCountStar, nullptr, nullptr, false, kBigint});
    derive_node(*count);
    TopKSpec first;
    first.partition = inner.keys;
    first.limit = 1;
    Exprs meeting;
    for (std::size_t i = 0; i < inner.keys.size(); ++i) {
      Exprs sides;
      sides.push_back(column_of(inner.plan->schema, inner.keys[i]));
      sides.push_back(Expr::make_column(static_cast<std::uint16_t>(inner_width + i), sides[0]->type));
      meeting.push_back(bind_operator(inner.conjuncts[i]->function->name, std::move(sides), -1));
    }
    inner.plan = make_join(Plan::JoinKind::kInner, make_top_k(std::move(inner.plan), std::move(first)), std::move(count), conjunction(std::move(meeting)));
    given = unary("at most one row", column_of(inner.plan->schema, static_cast<std::uint16_t>(inner.plan->schema.size() - 1)), -1);
  } else if (!inner.of_nothing && std::any_of(inner.outputs.begin(), inner.outputs.end(), [](const ExprPtr& e) { return e->node != Expr::Node::kColumn; })) {
    // Without a row the values are NULL, whatever an expression makes of NULLs: a column that is never NULL tells.
    given = Expr::make_column(static_cast<std::uint16_t>(inner.plan->schema.size()), kBoolean);
    inner.plan = with_column(std::move(inner.plan), boolean_constant(true));
  }
  Exprs conjuncts;
  for (const ExprPtr& c : inner.conjuncts) conjuncts.push_back(beside(*c, width, scope, resolve));
  for (ExprPtr& output : inner.outputs) {
    if (given) output = if_true(given->clone(), std::move(output));
    values.push_back(beside(*output, width, scope, resolve));
  }
  const bool always = one_row && conjuncts.empty() && inner.plan->has_key && is_total_aggregate(*inner.plan);
  return make_join(always ? Plan::JoinKind::kInner : Plan::JoinKind::kLeft, std::move(plan), std::move(inner.plan), conjunction(std::move(conjuncts)));
}

PlanPtr Binder::attach(PlanPtr plan, std::vector<Subquery> subqueries, const Scope& scope, const Resolve& outside, Slots& slots) {
  if (subqueries.empty()) return plan;
  const PlanPtr rows = plan->clone();  // references are to its columns, which keep their places
  for (Subquery& subquery : subqueries) {
    if (slots.size() < subquery.slot + subquery.slots()) slots.resize(subquery.slot + subquery.slots());
    bool of_subquery = false;
    const Resolve resolve = [&](const Expr& expr) {
      const ExprPtr e = outside(expr);
      each_column(*e, [&](std::uint16_t c) {
        if (c >= kWindowBase && c < kOuterBase) unsupported("a window function that is compared with a sub-select", expr.offset);
        of_subquery = of_subquery || is_subquery(c);
      });
      return with_slots(*e, slots);
    };
    const std::size_t width = plan->schema.size();
    const auto over_both = [&](const Expr& e) { return beside(e, width, scope, resolve); };
    if (subquery.test) over_both(*subquery.test);  // what is compared may be a sub-select: then all rows have it
    const Plan& all_rows = of_subquery ? *plan : *rows;
    if (subquery.kind == Subquery::Kind::kValues) {
      const bool one_row = subquery.plan->has_key && subquery.plan->key.empty();
      Exprs values;
      Dependent inner = depend(std::move(subquery.plan), scope, all_rows, resolve, one_row ? Form::kOneRow : Form::kKeyed);
      plan = attach_values(std::move(plan), std::move(inner), one_row, scope, resolve, values);
      std::move(values.begin(), values.end(), slots.begin() + static_cast<std::ptrdiff_t>(subquery.slot));
      continue;
    }
    if (!subquery.test) {  // EXISTS: a mark beside each row that has one
      Dependent inner = depend(make_columns(std::move(subquery.plan), {}), scope, all_rows, resolve, Form::kKeyed);
      Exprs conjuncts;
      for (const ExprPtr& c : inner.conjuncts) conjuncts.push_back(over_both(*c));
      const std::size_t mark = width + inner.plan->schema.size();
      PlanPtr met = make_distinct(with_column(std::move(inner.plan), boolean_constant(true)));
      plan = make_join(Plan::JoinKind::kLeft, std::move(plan), std::move(met), conjunction(std::move(conjuncts)));
      Exprs either;
      either.push_back(Expr::make_column(static_cast<std::uint16_t>(mark), kBoolean));
      either.push_back(boolean_constant(false));
      slots[subquery.slot] = Expr::make(Expr::Node::kCoalesce, kBoolean, std::move(either));
      continue;
    }
    // The rows for which the answer is true, unknown and false, each with it.
    const Dependent inner = depend(std::move(subquery.plan), scope, all_rows, resolve, Form::kAny);
    ExprPtr test = over_both(*substitute(*subquery.test, inner.outputs));
    if (subquery.all) test = unary("not", std::move(test), -1);
    const auto condition = [&](const Expr& last) {
      Exprs parts;
      for (const ExprPtr& c : inner.conjuncts) parts.push_back(over_both(*c));
      split_conjuncts(last.clone(), parts);
      return conjunction(std::move(parts));
    };
    const ExprPtr unknown = unary("is null", test->clone(), -1);
    copied_nodes_ += 3 * nodes_of(*plan);
    if (copied_nodes_ > kCopiedNodesMost) unsupported("so many sub-selects within each other", -1);
    PlanPtr rest = make_semi_join(plan->clone(), inner.plan->clone(), condition(*test), true);
    std::vector<PlanPtr> parts;
    parts.push_back(with_column(make_semi_join(std::move(plan), inner.plan->clone(), condition(*test), false), boolean_constant(!subquery.all)));
    parts.push_back(with_column(make_semi_join(rest->clone(), inner.plan->clone(), condition(*unknown), false), null_constant(kBoolean)));
    parts.push_back(with_column(make_semi_join(std::move(rest), inner.plan->clone(), condition(*unknown), true), boolean_constant(subquery.all)));
    plan = make_union_all(std::move(parts));
    slots[subquery.slot] = Expr::make_column(static_cast<std::uint16_t>(width), kBoolean);
  }
  return plan;
}

PlanPtr Binder::join_lateral(Plan::JoinKind kind, PlanPtr plan, PlanPtr right, const Scope& scope, ExprPtr condition) {
  if (!refers_to(*right, scope)) return make_join(kind, std::move(plan), std::move(right), std::move(condition));
  if (PlanPtr out = unnest_beside(kind, plan, *right, scope, condition.get())) return out;
  const std::size_t width = plan->schema.size();
  std::vector<std::string> names = names_of(plan->schema);
  for (const Field& f : right->schema) names.push_back(f.name);
  Dependent inner = depend(std::move(right), scope, *plan, same, condition ? Form::kAny : Form::kOneRow);
  ExprPtr given;
  if (inner.of_nothing) {
    kind = Plan::JoinKind::kLeft;
  } else if (kind == Plan::JoinKind::kLeft && std::any_of(inner.outputs.begin(), inner.outputs.end(), [](const ExprPtr& e) { return e->node != Expr::Node::kColumn; })) {
    given = Expr::make_column(static_cast<std::uint16_t>(width + inner.plan->schema.size()), kBoolean);
    inner.plan = with_column(std::move(inner.plan), boolean_constant(true));
  }
  Exprs conjuncts, outputs, exprs = all_columns(plan->schema);
  for (const ExprPtr& c : inner.conjuncts) conjuncts.push_back(beside(*c, width, scope, same));
  for (const ExprPtr& e : inner.outputs) outputs.push_back(beside(*e, width, scope, same));
  if (condition) {
    split_conjuncts(replaced(*condition, [&](const Expr& c) -> ExprPtr { return !is_outer(c.column) && c.column >= width ? outputs[c.column - width]->clone() : nullptr; }),
                    conjuncts);
  }
  for (ExprPtr& e : outputs) exprs.push_back(given ? if_true(given->clone(), std::move(e)) : std::move(e));
  return make_project(make_join(kind, std::move(plan), std::move(inner.plan), conjunction(std::move(conjuncts))), std::move(exprs), std::move(names));
}

PlanPtr Binder::filter_by(PlanPtr plan, std::vector<Subquery> subqueries, ExprPtr condition, const Scope& scope) {
  Columns all;
  Slots slots;
  for (std::size_t i = 0; i < plan->schema.size(); ++i) all.push_back(static_cast<std::uint16_t>(i));
  plan = attach(std::move(plan), std::move(subqueries), scope, same, slots);
  return make_columns(make_filter(std::move(plan), with_slots(*condition, slots)), all);
}

PlanPtr Binder::join_on_subqueries(Plan::JoinKind kind, PlanPtr left, PlanPtr right, const Scope& left_scope, const Scope& sides, PendingCalls pending, ExprPtr condition) {
  if (kind != Plan::JoinKind::kLeft) unsupported("a sub-select in the condition of a RIGHT or FULL JOIN", condition->offset);
  // ON is a filter of the right side that speaks of the left one: LEFT JOIN LATERAL (SELECT … FROM right WHERE …) ON true.
  const std::size_t width = left->schema.size();
  Scope right_scope;
  right_scope.schema = right->schema;
  const auto from_right = [&](const Expr& expr) {
    return replaced(expr, [&](const Expr& column) -> ExprPtr {
      if (!is_plain(column.column)) return nullptr;
      ExprPtr moved = column.clone();
      if (column.column < width) return reference(left_scope, std::move(moved));
      moved->column = static_cast<std::uint16_t>(moved->column - width);
      return moved;
    });
  };
  const std::function<void(ExprPtr&)> move_references = [&](ExprPtr& e) {
    e = replaced(*e, [&](const Expr& column) -> ExprPtr {
      if (!is_outer(column.column) || references_[column.column - kOuterBase].scope != &sides) return nullptr;
      const ExprPtr expr = references_[column.column - kOuterBase].expr->clone();
      return reference(right_scope, from_right(*expr));
    });
  };
  const std::function<void(Plan&)> move_all = [&](Plan& plan) {
    each_expr(plan, move_references);
    for (PlanPtr& input : plan.inputs) move_all(*input);
  };
  for (Subquery& subquery : pending.subqueries) {
    move_all(*subquery.plan);
    if (subquery.test) move_references(subquery.test);
  }
  right = filter_by(std::move(right), std::move(pending.subqueries), from_right(*condition), right_scope);
  return join_lateral(kind, std::move(left), std::move(right), left_scope, nullptr);
}

}  // namespace weir
