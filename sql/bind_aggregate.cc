// Aggregates: calls, and what GROUP BY makes of them.

#include <algorithm>

#include "sql/aggregates.h"
#include "sql/binder.h"
#include "sql/kernels.h"

namespace weir {

namespace {

using Set = Groups::Set;
constexpr std::size_t kSetsMost = 4096;

ExprPtr typed(ExprPtr expr) {
  const int offset = expr->offset;
  return expr->type.id == TypeId::kUnknown ? coerce(std::move(expr), Type{TypeId::kText, 0, 0}, Cast::kImplicit, offset) : std::move(expr);
}

TypeId json_result(std::string_view name) { return name.starts_with("jsonb") ? TypeId::kJsonb : TypeId::kJson; }

// What the ARRAY_AGG of a JSON aggregate collects: values as they are, or objects of one pair each.
std::vector<ExprPtr> json_arguments(const std::string& name, std::vector<ExprPtr> arguments, bool distinct, bool& lines, int offset) {
  const bool object = name.ends_with("object_agg"), binary = json_result(name) == TypeId::kJsonb;
  if (arguments.size() != (object ? 2 : 1)) {
    throw Failure(ErrorCode::kType, "function " + name + " of " + std::to_string(arguments.size()) + " arguments does not exist", offset);
  }
  const bool array = is_array(arguments[0]->type.id);
  if (!object && !array) return arguments;
  if (distinct) unsupported(array ? "DISTINCT in " + name + " of arrays" : "DISTINCT in " + name, offset);
  lines = true;
  std::vector<ExprPtr> out;
  out.push_back(bind_call(!object ? (binary ? "to_jsonb" : "to_json") : binary ? "jsonb_build_object" : "json_build_object", std::move(arguments), nullptr, offset));
  return out;
}

// The column that stands for the aggregate in expressions of the query with this context.
ExprPtr add_aggregate(AggregateCall call, const Context& context, int offset) {
  if (!context.aggregates || !context.pending) {
    throw Failure(ErrorCode::kSyntax, "aggregate functions are not allowed in " + std::string(context.clause), offset);
  }
  std::vector<AggregateCall>& calls = context.pending->aggregates;
  const std::string text = call.text();
  const auto same = [&](const AggregateCall& other) { return other.text() == text; };
  const auto index = static_cast<std::uint16_t>(std::find_if(calls.begin(), calls.end(), same) - calls.begin());
  const Type type = call.result;
  if (index == calls.size()) calls.push_back(std::move(call));
  ExprPtr expr = Expr::make_column(static_cast<std::uint16_t>(kAggregateBase + index), type);
  expr->offset = offset;
  return expr;
}

}  // namespace

// ---------------------------------------------------------------------------------------------------------------------- calls

ExprPtr Binder::bind_aggregate(const std::string& name, const Json& body, const Context& context) {
  const int offset = location(body);
  if (context.in_aggregate) throw Failure(ErrorCode::kSyntax, "aggregate function calls cannot be nested", offset);
  Context inside = context;
  inside.in_aggregate = true;
  inside.windows = inside.rows = false;
  inside.clause = "an aggregate";
  AggregateCall call;
  const bool json = is_json_aggregate(name);
  bool lines = false;
  call.function = json ? AggregateFunction::kArrayAgg : *aggregate_named(name);
  call.distinct = flag(body, "agg_distinct");
  std::vector<ExprPtr> arguments;
  if (const Json* list = find(body, "args")) arguments = json ? bind_json_list(name, *list, inside, &lines) : bind_list(*list, inside);
  std::vector<SortItem> order;
  if (const Json* list = find(body, "agg_order")) {
    for (const Json& item : *list) order.push_back(sort_item(*open(item).second, [&](const Json& node) { return bind(node, inside); }));
  }
  for (const SortItem& item : order) require_comparable(item.expr->type, item.expr->offset);
  if (call.distinct) {
    for (const ExprPtr& e : arguments) require_comparable(e->type, e->offset);
  }
  if (flag(body, "agg_within_group")) {
    if (!is_ordered_set(call.function) && !is_hypothetical(call.function)) {
      throw Failure(ErrorCode::kType, name + " is not an ordered-set aggregate, so it cannot have WITHIN GROUP", offset);
    }
    std::vector<ExprPtr> ordered;
    for (SortItem& item : order) ordered.push_back(std::move(item.expr));
    call.result = bind_within_group(call.function, name, arguments, ordered, offset);
    for (ExprPtr& e : arguments) {
      e = fold(std::move(e));
      if (e->node != Expr::Node::kConstant) unsupported("an argument of " + name + " that is not constant", e->offset);
    }
    call.direct = std::move(arguments);
    for (std::size_t i = 0; i < order.size(); ++i) call.order.push_back({static_cast<std::uint16_t>(i), order[i].descending, order[i].nulls_first});
    arguments = std::move(ordered);
  } else if (flag(body, "agg_star")) {
    if (name != "count") throw Failure(ErrorCode::kType, name + "(*) is not a function: only count(*) is", offset);
    call.function = AggregateFunction::kCountStar;
    call.result = Type{TypeId::kBigint, 0, 0};
  } else {
    if (arguments.empty() && name == "count") throw Failure(ErrorCode::kType, "count(*) must be used to call a parameterless aggregate function", offset);
    if (json) arguments = json_arguments(name, std::move(arguments), call.distinct, lines, offset);
    std::vector<std::string> given;  // what an ORDER BY may repeat: an argument before its conversion, but a literal as what it has become
    for (const ExprPtr& e : arguments) given.push_back(e->type.id == TypeId::kUnknown ? "" : e->text());
    call.result = bind_arguments(call.function, name, arguments, offset);
    for (std::size_t i = 0; i < given.size(); ++i) {
      if (given[i].empty()) given[i] = arguments[i]->text();
    }
    for (SortItem& item : order) {
      const auto found = item.expr->type.id == TypeId::kUnknown ? given.end() : std::find(given.begin(), given.end(), item.expr->text());
      auto place = arguments.begin() + (found - given.begin());
      ExprPtr expr = typed(std::move(item.expr));
      if (place == arguments.end()) {
        if (call.distinct) {
          throw Failure(ErrorCode::kSyntax, "in an aggregate with DISTINCT, ORDER BY expressions must appear in argument list", expr->offset);
        }
        if (!is_list(call.function)) continue;  // to all others the order is the same
        given.push_back(expr->text());
        place = arguments.insert(place, std::move(expr));
      }
      if (is_list(call.function)) {
        call.order.push_back({static_cast<std::uint16_t>(place - arguments.begin()), item.descending, item.nulls_first});
      }
    }
  }
  if (!arguments.empty()) {
    call.argument = std::move(arguments[0]);
    call.more.assign(std::move_iterator(arguments.begin() + 1), std::move_iterator(arguments.end()));
  }
  if (const Json* filter = find(body, "agg_filter")) {
    inside.clause = "FILTER";
    call.filter = bind_boolean(*filter, inside);
  }
  bool inside_columns = false, outside_columns = false;
  call.each([&](const ExprPtr& e) { find_columns(*e, context, inside_columns, outside_columns); });
  ExprPtr answer =
      outside_columns && !inside_columns ? bind_outer_aggregate(std::move(call), context, offset) : add_aggregate(std::move(call), context, offset);
  if (!json) return answer;
  const TypeId to = json_result(name);
  const Function& whole = name.ends_with("object_agg") ? json_merger(to) : json_collection(answer->type.id, to, lines && to == TypeId::kJson);
  std::vector<ExprPtr> rows;
  rows.push_back(std::move(answer));
  return Expr::make_call(whole, whole.result, std::move(rows), offset);
}

ExprPtr Binder::bind_outer_aggregate(AggregateCall call, const Context& context, int offset) {
  // It belongs to the nearest query that it speaks of.
  const Scope* scope = context.scope->outer;
  const auto speaks_of = [&](const Scope* query) {
    bool any = false;
    call.each([&](const ExprPtr& e) {
      each_column(*e, [&](std::uint16_t c) {
        if (is_subquery(c)) unsupported("a sub-select in an aggregate of the query outside", offset);
        any = any || references_[c - kOuterBase].scope == query;
      });
    });
    return any;
  };
  while (scope && !speaks_of(scope)) scope = scope->outer;
  const auto found = std::find_if(around_.rbegin(), around_.rend(), [&](const Context* other) { return other->scope == scope; });
  if (found == around_.rend()) throw Failure(ErrorCode::kSyntax, "aggregate functions are not allowed in FROM clause of their own query level", offset);
  call.each([&](ExprPtr& e) {
    e = replaced(*e, [&](const Expr& column) -> ExprPtr {
      const Reference& r = references_[column.column - kOuterBase];
      if (r.scope != scope) return nullptr;
      each_column(*r.expr, [&](std::uint16_t c) {
        if (!is_plain(c) && !is_outer(c)) throw Failure(ErrorCode::kSyntax, "aggregate function calls cannot be nested", offset);
      });
      return r.expr->clone();
    });
  });
  if ((*found)->in_aggregate) throw Failure(ErrorCode::kSyntax, "aggregate function calls cannot be nested", offset);
  return reference(*scope, add_aggregate(std::move(call), **found, offset));
}

ExprPtr Binder::bind_grouping(const Json& body, const Context& context) {
  only(body, "GROUPING", {"args"});
  const int offset = location(body);
  if (!context.aggregates || !context.pending) {
    throw Failure(ErrorCode::kSyntax, "grouping operations are not allowed in " + std::string(context.clause), offset);
  }
  if (context.in_aggregate) throw Failure(ErrorCode::kSyntax, "aggregate function calls cannot be nested", offset);
  Context inside = context;
  inside.clause = "GROUPING";
  inside.aggregates = inside.windows = inside.rows = false;
  std::vector<ExprPtr> arguments = bind_list(at(body, "args"), inside);
  if (arguments.size() > 31) throw Failure(ErrorCode::kSyntax, "GROUPING must have fewer than 32 arguments", offset);
  ExprPtr expr = Expr::make_column(static_cast<std::uint16_t>(kGroupingBase + context.pending->groupings.size()), Type{TypeId::kInteger, 0, 0});
  expr->offset = offset;
  context.pending->groupings.push_back(std::move(arguments));
  return expr;
}

// ------------------------------------------------------------------------------------------------------------------- GROUP BY

Groups Binder::bind_groups(const Json& list, const std::vector<Target>& targets, const Context& context, bool distinct) {
  Groups groups;
  const auto take_target = [&](const Target& target, int offset) {
    each_column(*target.expr, [&](std::uint16_t c) {
      if (c >= kAggregateBase && c < kSubqueryBase) throw Failure(ErrorCode::kSyntax, "aggregate functions are not allowed in GROUP BY", offset);
      if (c >= kWindowBase && c < kOuterBase) throw Failure(ErrorCode::kSyntax, "window functions are not allowed in GROUP BY", offset);
      if (!is_subquery(c)) return;
      for (Subquery& subquery : context.pending->subqueries) {
        const std::size_t slot = c - kSubqueryBase;
        if (slot < subquery.slot || slot >= subquery.slot + subquery.slots()) continue;
        subquery.before_grouping = true;
        each_reference(subquery, *context.scope, [&](const Expr& e) {
          each_column(e, [&](std::uint16_t i) {
            if (i >= kAggregateBase && i < kSubqueryBase) throw Failure(ErrorCode::kSyntax, "aggregate functions are not allowed in GROUP BY", offset);
          });
        });
      }
    });
    return target.expr->clone();
  };
  const auto bind_key = [&](const Json& node) -> ExprPtr {
    const auto [type, body] = open(node);
    const int offset = location(*body);
    if (type == "A_Const") {
      if (!body->contains("ival")) throw Failure(ErrorCode::kSyntax, "non-integer constant in GROUP BY", offset);
      const std::int64_t position = integer_of(node, "GROUP BY");
      if (position < 1 || position > static_cast<std::int64_t>(targets.size())) {
        throw Failure(ErrorCode::kSyntax, "GROUP BY position " + std::to_string(position) + " is not in select list", offset);
      }
      return take_target(targets[static_cast<std::size_t>(position - 1)], offset);
    }
    if (type == "ColumnRef" && at(*body, "fields").size() == 1) {
      const std::string name = string_of(at(*body, "fields")[0]);
      const auto& columns = context.scope->columns;
      if (std::none_of(columns.begin(), columns.end(), [&](const ScopeColumn& c) { return c.name == name; })) {
        const Target* found = nullptr;
        for (const Target& target : targets) {
          if (target.name != name) continue;
          if (found && found->expr->text() != target.expr->text()) {
            throw Failure(ErrorCode::kUnknownName, "GROUP BY \"" + name + "\" is ambiguous", offset);
          }
          found = &target;
        }
        if (found) return take_target(*found, offset);
      }
    }
    return bind(node, context);
  };
  // An expression, or several in parentheses.
  const std::function<void(const Json&, Set&)> add_keys = [&](const Json& node, Set& set) {
    const auto [type, body] = open(node);
    if (type == "RowExpr" && text_field(*body, "row_format") == "COERCE_IMPLICIT_CAST") {
      for (const Json& item : at(*body, "args")) add_keys(item, set);
      return;
    }
    ExprPtr key = bind_key(node);
    set.push_back(groups.keys.size());
    groups.keys.push_back(std::move(key));
  };
  const std::function<std::vector<Set>(const Json&)> sets_of = [&](const Json& node) {
    const auto [type, body] = open(node);
    if (type != "GroupingSet") {
      std::vector<Set> one(1);
      add_keys(node, one[0]);
      return one;
    }
    const std::string kind = text_field(*body, "kind");
    const int offset = location(*body);
    if (kind == "GROUPING_SET_EMPTY") return std::vector<Set>(1);
    const Json& content = at(*body, "content");
    std::vector<Set> sets;
    if (kind == "GROUPING_SET_SETS") {
      for (const Json& item : content) {
        for (Set& set : sets_of(item)) sets.push_back(std::move(set));
      }
      return sets;
    }
    std::vector<Set> parts(content.size());
    for (std::size_t i = 0; i < parts.size(); ++i) add_keys(content[i], parts[i]);
    const auto put = [&](auto&& takes) {
      sets.emplace_back();
      for (std::size_t i = 0; i < parts.size(); ++i) {
        if (takes(i)) sets.back().insert(sets.back().end(), parts[i].begin(), parts[i].end());
      }
    };
    if (kind == "GROUPING_SET_ROLLUP") {
      for (std::size_t n = parts.size() + 1; n-- > 0;) put([&](std::size_t i) { return i < n; });
    } else {
      if (parts.size() > 12) throw Failure(ErrorCode::kSyntax, "CUBE is limited to 12 elements", offset);
      for (std::size_t out = 0; out < std::size_t{1} << parts.size(); ++out) put([&](std::size_t i) { return (out >> i & 1) == 0; });
    }
    return sets;
  };
  // Every set of one item with every set of the next.
  groups.sets.resize(1);
  for (const Json& node : list) {
    const std::vector<Set> sets = sets_of(node);
    if (groups.sets.size() * sets.size() > kSetsMost) throw Failure(ErrorCode::kSyntax, "too many grouping sets present (maximum 4096)", location(*open(node).second));
    std::vector<Set> product;
    for (const Set& before : groups.sets) {
      for (const Set& set : sets) {
        product.push_back(before);
        product.back().insert(product.back().end(), set.begin(), set.end());
      }
    }
    groups.sets = std::move(product);
  }
  groups.distinct = distinct;
  return groups;
}

Grouping::Grouping(const Scope& scope, std::vector<ExprPtr> keys) : scope_(scope) {
  for (ExprPtr& key : keys) {
    if (find(*key) >= 0) continue;
    texts_.push_back(key->text());
    keys_.push_back(std::move(key));
  }
}

Grouping::Grouping(const Scope& scope, Groups groups, std::size_t aggregates) : scope_(scope), aggregates_(aggregates) {
  Set places;
  for (ExprPtr& key : groups.keys) {
    int place = find(*key);
    if (place < 0) {
      place = static_cast<int>(keys_.size());
      texts_.push_back(key->text());
      keys_.push_back(std::move(key));
    }
    places.push_back(static_cast<std::size_t>(place));
  }
  given_ = keys_.size();
  if (groups.sets.empty()) groups.sets.resize(1);
  for (Set& set : groups.sets) {
    for (std::size_t& key : set) key = places[key];
    std::sort(set.begin(), set.end());
    set.erase(std::unique(set.begin(), set.end()), set.end());
    if (!groups.distinct || std::find(sets_.begin(), sets_.end(), set) == sets_.end()) sets_.push_back(std::move(set));
  }
}

PlanPtr Grouping::plan(PlanPtr input, std::vector<AggregateCall> aggregates, const std::vector<std::vector<ExprPtr>>& groupings,
                       const Slots& slots) const {
  std::vector<std::vector<std::size_t>> asked;  // of each GROUPING(…) the keys it asks about
  for (const auto& arguments : groupings) {
    asked.emplace_back();
    for (const ExprPtr& e : arguments) {
      const int key = find(*e);
      if (key < 0 || static_cast<std::size_t>(key) >= given_) {
        throw Failure(ErrorCode::kSyntax, "arguments to GROUPING must be grouping expressions of the associated query level", e->offset);
      }
      asked.back().push_back(static_cast<std::size_t>(key));
    }
  }
  for (AggregateCall& call : aggregates) call.each([&](ExprPtr& e) { e = with_slots(*e, slots); });
  std::vector<PlanPtr> parts;
  for (std::size_t s = 0; s < sets_.size(); ++s) {
    const bool last = s + 1 == sets_.size();
    const auto has = [&](std::size_t key) { return key >= given_ || std::binary_search(sets_[s].begin(), sets_[s].end(), key); };
    auto grouped = std::make_unique<Plan>();
    grouped->node = Plan::Node::kAggregate;
    grouped->inputs.push_back(last ? std::move(input) : input->clone());
    for (std::size_t k = 0; k < keys_.size(); ++k) {
      if (has(k)) grouped->exprs.push_back(with_slots(*keys_[k], slots));
    }
    for (const AggregateCall& call : aggregates) grouped->aggregates.push_back(call.clone());
    derive_node(*grouped);
    if (sets_.size() == 1 && asked.empty()) return grouped;
    std::vector<ExprPtr> exprs;
    std::uint16_t from = 0;
    for (std::size_t k = 0; k < keys_.size(); ++k) exprs.push_back(has(k) ? weir::column_of(grouped->schema, from++) : null_constant(keys_[k]->type));
    for (std::size_t a = 0; a < aggregates.size(); ++a) exprs.push_back(weir::column_of(grouped->schema, from++));
    for (const auto& keys : asked) {
      std::int64_t bits = 0;
      for (const std::size_t key : keys) bits = bits << 1 | !has(key);
      exprs.push_back(Expr::make_constant(Datum::of(bits), Type{TypeId::kInteger, 0, 0}));
    }
    parts.push_back(make_project(std::move(grouped), std::move(exprs)));
  }
  return parts.size() == 1 ? std::move(parts[0]) : make_union_all(std::move(parts));
}

}  // namespace weir
