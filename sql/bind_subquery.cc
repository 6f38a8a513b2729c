// Sub-selects in expressions: EXISTS, IN, ANY, ALL and scalar ones, alone or tied to the query outside, turned into joins.
//
//     WHERE EXISTS (q)         P ⋉ q                     WHERE NOT EXISTS (q)     P ▷ q
//     WHERE x IN (q)           P ⋉ q on x = y            WHERE x > ALL (q)        P ▷ q on (x > y) is not true
//     WHERE x NOT IN (q)       P ▷ q on x = y, ▷ q on y is null, ▷ q on x is null
//     elsewhere                the three parts of P for which the answer is true, unknown and false, each marked with it
//     (SELECT v … )            P ⟕ q, where q has at most one row for each row of P

#include <algorithm>

#include "sql/binder.h"

namespace weir {

namespace {

constexpr Type kBoolean{TypeId::kBoolean, 0, 0};
constexpr Type kText{TypeId::kText, 0, 0};

ExprPtr unary(std::string_view op, ExprPtr e, int offset) {
  std::vector<ExprPtr> args;
  args.push_back(std::move(e));
  return bind_operator(op, std::move(args), offset);
}

// Columns of the query outside, seen from the sub-select.
ExprPtr from_inside(ExprPtr expr) {
  renumber(*expr, [&](std::uint16_t c) {
    if (is_outer(c)) unsupported("a sub-select that refers to a query further out than the next", expr->offset);
    return is_plain(c) ? static_cast<std::uint16_t>(c + kOuterBase) : c;
  });
  return expr;
}

struct Sides {
  bool inner = false, outer = false;
};
Sides sides_of(const Expr& expr) {
  Sides sides;
  each_column(expr, [&](std::uint16_t c) { (is_outer(c) ? sides.outer : sides.inner) = true; });
  return sides;
}

bool is_equality(const Expr& expr) { return expr.node == Expr::Node::kCall && expr.args.size() == 2 && expr.function->name == "="; }

// Which argument of `inner = outer` is the inner one; -1 where the conjunct is something else.
int inner_argument(const Expr& conjunct) {
  if (!is_equality(conjunct)) return -1;
  for (int i = 0; i < 2; ++i) {
    const Sides a = sides_of(*conjunct.args[static_cast<std::size_t>(i)]), b = sides_of(*conjunct.args[static_cast<std::size_t>(1 - i)]);
    if (a.inner && !a.outer && !b.inner) return i;
  }
  return -1;
}

// Does each row outside meet at most one row inside?
bool at_most_one(const Inner& inner) {
  if (inner.one_each) return true;
  if (!inner.plan->has_key) return false;
  return std::all_of(inner.plan->key.begin(), inner.plan->key.end(), [&](std::uint16_t key) {
    return std::any_of(inner.conjuncts.begin(), inner.conjuncts.end(), [&](const ExprPtr& c) {
      const int i = inner_argument(*c);
      return i >= 0 && c->args[static_cast<std::size_t>(i)]->node == Expr::Node::kColumn && c->args[static_cast<std::size_t>(i)]->column == key;
    });
  });
}

bool is_total_aggregate(const Plan& plan) {
  if (plan.node == Plan::Node::kProject) return is_total_aggregate(*plan.inputs[0]);
  return plan.node == Plan::Node::kAggregate && plan.exprs.empty();
}

bool is_plain_select(const Json& select) { return text_field(select, "op") == "SETOP_NONE" && !select.contains("valuesLists"); }

}  // namespace

Inner Binder::bind_inner(const Json& select, const Context& context, bool exists) {
  Inner inner;
  try {
    inner.plan = bind_rows(select, context.environment);
  } catch (const Failure& failure) {
    if (failure.error().code != ErrorCode::kUnknownName || !context.scope || !is_plain_select(select)) throw;
    return bind_correlated(select, context, exists);  // the name may be one of the query outside
  }
  for (std::size_t i = 0; i < inner.plan->schema.size(); ++i) inner.values.push_back(weir::column_of(inner.plan->schema, static_cast<std::uint16_t>(i)));
  return inner;
}

Inner Binder::bind_correlated(const Json& select, const Context& context, bool exists) {
  const Depth depth(depth_);
  for (const char* field : {"withClause", "lockingClause", "windowClause", "intoClause"}) {
    if (select.contains(field)) unsupported("a correlated sub-select with " + spaced(field), -1);
  }
  Inner inner;
  From from = bind_from(find(select, "fromClause"), context.environment);
  Scope& scope = from.scope;
  scope.outer = context.scope;
  inner.plan = std::move(from.plan);
  if (const Json* where = find(select, "whereClause")) inner.plan = bind_where(*where, std::move(inner.plan), scope, context.environment, &inner.conjuncts);

  Pending pending;
  Context inside;
  inside.scope = &scope;
  inside.environment = context.environment;
  inside.clause = "SELECT";
  inside.pending = &pending;
  inside.aggregates = true;
  std::vector<Target> targets = bind_targets(at(select, "targetList"), inside);
  Context grouping_context = inside;
  grouping_context.clause = "GROUP BY";
  grouping_context.aggregates = false;
  grouping_context.pending = nullptr;
  const Json* groups = find(select, "groupClause");
  std::vector<ExprPtr> keys;
  if (groups) keys = bind_groups(*groups, targets, grouping_context);
  ExprPtr having;
  if (const Json* node = find(select, "havingClause")) {
    inside.clause = "HAVING";
    having = bind_boolean(*node, inside);
  }
  if (!pending.subqueries.empty()) unsupported("a sub-select in the select list of a correlated one", -1);
  for (Target& target : targets) {
    if (target.expr->type.id == TypeId::kUnknown) target.expr = coerce(std::move(target.expr), kText, Cast::kImplicit, target.expr->offset);
    inner.values.push_back(std::move(target.expr));
  }

  const auto equalities_only = [&](std::string_view what) {
    for (const ExprPtr& c : inner.conjuncts) {
      if (inner_argument(*c) < 0) unsupported("a correlated sub-select with " + std::string(what) + " tied by something else than equality", c->offset);
    }
  };
  const bool limited = select.contains("limitCount") || select.contains("limitOffset");
  if (groups || having || !pending.aggregates.empty()) {
    inner.scalar_aggregate = !groups;
    if (inner.scalar_aggregate && (having || exists)) unsupported("a correlated aggregate with HAVING or in EXISTS", -1);
    if (limited) unsupported("a correlated aggregate with LIMIT", -1);
    equalities_only("an aggregate");
    for (const ExprPtr& c : inner.conjuncts) keys.push_back(c->args[static_cast<std::size_t>(inner_argument(*c))]->clone());
    Grouping grouping(scope, std::move(keys));
    for (const ExprPtr& value : inner.values) grouping.extend(*value);
    if (having) grouping.extend(*having);
    for (ExprPtr& value : inner.values) value = grouping.apply(*value);
    for (ExprPtr& c : inner.conjuncts) c = grouping.apply(*c);
    if (having) having = grouping.apply(*having);
    auto aggregate = std::make_unique<Plan>();
    aggregate->node = Plan::Node::kAggregate;
    aggregate->inputs.push_back(std::move(inner.plan));
    for (const ExprPtr& key : grouping.keys()) aggregate->exprs.push_back(key->clone());
    aggregate->aggregates = std::move(pending.aggregates);
    derive_node(*aggregate);
    if (having && sides_of(*having).outer) unsupported("HAVING with columns of the query outside", having->offset);
    if (inner.scalar_aggregate) {  // over no rows: COUNT is 0, the others are NULL, as an outer join makes them
      std::vector<ExprPtr> columns;
      for (std::size_t i = 0; i < aggregate->schema.size(); ++i) {
        ExprPtr column = weir::column_of(aggregate->schema, static_cast<std::uint16_t>(i));
        if (!aggregate->schema[i].nullable && i >= aggregate->exprs.size()) {
          std::vector<ExprPtr> args;
          const Type type = column->type;
          args.push_back(std::move(column));
          args.push_back(Expr::make_constant(Datum::of(std::int64_t{0}), type));
          column = Expr::make(Expr::Node::kCoalesce, type, std::move(args));
        }
        columns.push_back(std::move(column));
      }
      const std::function<ExprPtr(const Expr&)> replace = [&](const Expr& e) {
        if (e.node == Expr::Node::kColumn && is_plain(e.column)) return columns[e.column]->clone();
        ExprPtr copy = Expr::make(e.node, e.type, {}, e.offset);
        copy->column = e.column;
        copy->constant = e.constant;
        copy->function = e.function;
        for (const ExprPtr& arg : e.args) copy->args.push_back(replace(*arg));
        return copy;
      };
      for (ExprPtr& value : inner.values) value = replace(*value);
    }
    inner.plan = make_filter(std::move(aggregate), std::move(having));
    return inner;
  }
  if (!limited) return inner;  // DISTINCT and ORDER BY change nothing about which values there are

  // The first rows for each row outside: a top-k by what ties them.
  Query cut;
  std::vector<ExprPtr> exprs;
  for (std::size_t i = 0; i < inner.plan->schema.size(); ++i) exprs.push_back(weir::column_of(inner.plan->schema, static_cast<std::uint16_t>(i)));
  if (select.contains("distinctClause")) unsupported("a correlated sub-select with DISTINCT and LIMIT", -1);
  equalities_only("LIMIT");
  TopKSpec spec;
  const auto place = [&](ExprPtr expr) {
    if (sides_of(*expr).outer) unsupported("ORDER BY a column of the query outside", expr->offset);
    if (expr->node == Expr::Node::kColumn) return expr->column;
    exprs.push_back(std::move(expr));
    return static_cast<std::uint16_t>(exprs.size() - 1);
  };
  for (ExprPtr& c : inner.conjuncts) {
    ExprPtr& tied = c->args[static_cast<std::size_t>(inner_argument(*c))];
    const Type type = tied->type;
    const std::uint16_t column = place(std::move(tied));
    spec.partition.push_back(column);
    tied = Expr::make_column(column, type);
  }
  if (const Json* sorts = find(select, "sortClause")) {
    inside.clause = "ORDER BY";
    for (const Json& item : *sorts) {
      const Json& sort = *open(item).second;
      const auto [type, node] = open(at(sort, "node"));
      SortItem key = sort_item(sort, [&, kind = type, body = node](const Json& what) {
        const std::string name = kind == "ColumnRef" && at(*body, "fields").size() == 1 ? string_of(at(*body, "fields")[0]) : std::string();
        for (std::size_t i = 0; i < targets.size(); ++i) {
          if (!name.empty() && targets[i].name == name) return inner.values[i]->clone();
        }
        if (kind == "A_Const") {
          const std::int64_t position = integer_of(what, "ORDER BY");
          if (position < 1 || position > static_cast<std::int64_t>(inner.values.size())) throw Failure(ErrorCode::kSyntax, "ORDER BY position is not in select list", location(*body));
          return inner.values[static_cast<std::size_t>(position - 1)]->clone();
        }
        return bind(what, inside);
      });
      spec.order.push_back({place(std::move(key.expr)), key.descending, key.nulls_first});
    }
  }
  std::vector<std::string> names;
  for (const Field& f : inner.plan->schema) names.push_back(f.name);
  names.resize(exprs.size(), "?column?");
  cut.plan = exprs.size() > inner.plan->schema.size() ? make_project(std::move(inner.plan), std::move(exprs), std::move(names)) : std::move(inner.plan);
  limit(cut, select);
  if (cut.plan->node == Plan::Node::kTopK && (cut.plan->top_k.limit || cut.plan->top_k.offset)) {
    spec.limit = cut.plan->top_k.limit;
    spec.offset = cut.plan->top_k.offset;
    inner.one_each = spec.limit && *spec.limit <= 1;
    cut.plan = make_top_k(std::move(cut.plan->inputs[0]), std::move(spec));
  }
  inner.plan = std::move(cut.plan);
  return inner;
}

ExprPtr Binder::quantified(const Json& body, const std::string& op, const Context& context, const Inner& inner) {
  const int offset = location(body);
  std::vector<ExprPtr> left, right;
  const auto [type, row] = open(at(body, "testexpr"));
  if (type == "RowExpr") {
    left = bind_list(at(*row, "args"), context);
  } else {
    left.push_back(bind(at(body, "testexpr"), context));
  }
  if (left.size() < inner.values.size()) throw Failure(ErrorCode::kSyntax, "subquery has too many columns", offset);
  if (left.size() > inner.values.size()) throw Failure(ErrorCode::kSyntax, "subquery has too few columns", offset);
  for (ExprPtr& e : left) e = from_inside(std::move(e));
  for (const ExprPtr& e : inner.values) right.push_back(e->clone());
  ExprPtr test = compare_rows(op, std::move(left), std::move(right), offset);
  if (test->type != kBoolean) throw Failure(ErrorCode::kType, "operator " + op + " before ANY or ALL must yield a boolean", offset);
  return test;
}

ExprPtr Binder::bind_sublink(const Json& body, const Context& context) {
  only(body, "a sub-select", {"subLinkType", "testexpr", "operName", "subselect"});
  const int offset = location(body);
  const std::string type = text_field(body, "subLinkType");
  if (!context.pending) unsupported("a sub-select in " + std::string(context.clause), offset);
  if (context.in_aggregate) unsupported("a sub-select inside of an aggregate", offset);
  const Json& select = *open(at(body, "subselect")).second;
  Subquery subquery;
  Type result = kBoolean;
  if (type == "EXISTS_SUBLINK") {
    Inner inner = bind_inner(select, context, true);
    subquery.plan = std::move(inner.plan);
    subquery.condition = conjunction(std::move(inner.conjuncts));
  } else if (type == "ANY_SUBLINK" || type == "ALL_SUBLINK") {
    const std::string op = body.contains("operName") ? strings_of(at(body, "operName")).back() : "=";
    Inner inner = bind_inner(select, context, false);
    if (inner.scalar_aggregate) unsupported("a correlated aggregate in IN, ANY or ALL", offset);
    subquery.test = quantified(body, op, context, inner);
    subquery.all = type == "ALL_SUBLINK";
    subquery.plan = std::move(inner.plan);
    subquery.condition = conjunction(std::move(inner.conjuncts));
  } else if (type == "EXPR_SUBLINK") {
    Inner inner = bind_inner(select, context, false);
    if (inner.values.size() != 1) throw Failure(ErrorCode::kSyntax, "subquery must return only one column", offset);
    if (!at_most_one(inner)) unsupported("a scalar sub-select that may give more than one row", offset);
    subquery.kind = Subquery::Kind::kValue;
    subquery.always_matches = inner.conjuncts.empty() && is_total_aggregate(*inner.plan);
    subquery.of_nothing = inner.scalar_aggregate;
    subquery.plan = std::move(inner.plan);
    subquery.condition = conjunction(std::move(inner.conjuncts));
    subquery.value = std::move(inner.values[0]);
    result = subquery.value->type;
  } else {
    unsupported(type == "ARRAY_SUBLINK" ? "ARRAY(SELECT …)" : "this kind of sub-select", offset);
  }
  const auto index = static_cast<std::uint16_t>(context.pending->subqueries.size());
  context.pending->subqueries.push_back(std::move(subquery));
  ExprPtr expr = Expr::make_column(static_cast<std::uint16_t>(kSubqueryBase + index), result);
  expr->offset = offset;
  return expr;
}

PlanPtr Binder::bind_membership(const Json& body, PlanPtr plan, const Context& context, bool negated) {
  only(body, "a sub-select", {"subLinkType", "testexpr", "operName", "subselect"});
  const int offset = location(body);
  const std::string type = text_field(body, "subLinkType");
  const Json& select = *open(at(body, "subselect")).second;
  if (type != "EXISTS_SUBLINK" && type != "ANY_SUBLINK" && type != "ALL_SUBLINK") unsupported(type == "ARRAY_SUBLINK" ? "ARRAY(SELECT …)" : "this kind of sub-select", offset);
  Context test_context = context;
  test_context.pending = nullptr;
  const bool exists = type == "EXISTS_SUBLINK";
  Inner inner = bind_inner(select, context, exists);
  if (inner.scalar_aggregate) unsupported("a correlated aggregate in EXISTS, IN, ANY or ALL", offset);
  const auto width = static_cast<std::uint16_t>(plan->schema.size());
  const auto join = [&](ExprPtr test, bool anti) {
    std::vector<ExprPtr> conjuncts;
    for (const ExprPtr& c : inner.conjuncts) conjuncts.push_back(c->clone());
    if (test) split_conjuncts(std::move(test), conjuncts);
    ExprPtr condition = conjunction(std::move(conjuncts));
    if (condition) {
      renumber(*condition, [&](std::uint16_t c) { return is_outer(c) ? static_cast<std::uint16_t>(c - kOuterBase) : static_cast<std::uint16_t>(c + width); });
    }
    plan = make_semi_join(std::move(plan), inner.plan->clone(), std::move(condition), anti);
  };
  if (exists) {
    join(nullptr, negated);
    return plan;
  }
  std::string op = body.contains("operName") ? strings_of(at(body, "operName")).back() : "=";
  const bool all = type == "ALL_SUBLINK";
  if (!all && !negated) {
    join(quantified(body, op, test_context, inner), false);
    return plan;
  }
  if (all && negated) {  // some row for which the test is false
    join(unary("not", quantified(body, op, test_context, inner), offset), false);
    return plan;
  }
  const bool not_in = (!all && op == "=") || (all && op == "<>");
  if (not_in) {
    ExprPtr equal = quantified(body, "=", test_context, inner);
    if (is_equality(*equal)) {
      // No row is equal, none is NULL, and the tested value is not NULL unless there are no rows.
      Schema outer_schema = context.scope->schema;
      const auto may_be_null = [&](const Expr& e) {
        const Sides sides = sides_of(e);
        if (sides.inner && sides.outer) return true;
        ExprPtr copy = e.clone();
        renumber(*copy, [](std::uint16_t c) { return is_outer(c) ? static_cast<std::uint16_t>(c - kOuterBase) : c; });
        return is_nullable(*copy, sides.outer ? outer_schema : inner.plan->schema);
      };
      std::vector<ExprPtr> tests;
      for (const ExprPtr& side : equal->args) {
        if (may_be_null(*side)) tests.push_back(unary("is null", side->clone(), offset));
      }
      join(std::move(equal), true);
      for (ExprPtr& test : tests) join(std::move(test), true);
      return plan;
    }
  }
  // ANY denied: every test is false. ALL: every test is true.
  join(unary(all ? "is not true" : "is not false", quantified(body, op, test_context, inner), offset), true);
  return plan;
}

}  // namespace weir
