// Pulling up, and below that the domain: see the header.
//
//     pull(σ q)         the conjuncts that speak of the outside go up                pull(π q)      outputs are computed above
//     pull(a ⋈ b)       both are pulled                                              pull(γ q)      keys ++ the columns that the equalities compare
//
//     D·(σ q) = σ (D·q)           D·(a ⋈ b) = D·a ⋈ D·b on d = d          D·(γ q) = γ by d ++ keys (D·q), for one row always: D ⟕ it
//     D·(a ⟕ b) = D·a ⟕ D·b       D·(a ∪ b) = D·a ∪ D·b                   D·q = D × q where q speaks of nothing outside
//     D·(w, a ∪ step(w)) = (w′, D·a ∪ D·step(w)) with D·w = w′

#include "sql/decorrelate.h"

#include <algorithm>

#include "sql/functions.h"
#include "weir/error.h"

namespace weir {

bool mentions(const Expr& expr, const std::function<bool(std::uint16_t)>& which) {
  bool found = false;
  each_column(expr, [&](std::uint16_t c) { found = found || (is_outer(c) && which(c)); });
  return found;
}

bool mentions(const Plan& plan, const std::function<bool(std::uint16_t)>& which) {
  bool found = false;
  each_expr(plan, [&](const Expr& e) { found = found || mentions(e, which); });
  return found || std::any_of(plan.inputs.begin(), plan.inputs.end(), [&](const PlanPtr& input) { return mentions(*input, which); });
}

namespace {

using Exprs = std::vector<ExprPtr>;
constexpr Type kBoolean{TypeId::kBoolean, 0, 0};
constexpr std::size_t kOutputsMost = 4096;  // nodes of the outputs of one plan

Exprs columns_of(const Schema& schema, std::size_t from = 0) {
  Exprs out;
  for (std::size_t i = 0; i < schema.size(); ++i) out.push_back(Expr::make_column(static_cast<std::uint16_t>(from + i), schema[i].type));
  return out;
}

ExprPtr call(std::string_view op, ExprPtr a, ExprPtr b) {
  Exprs args;
  args.push_back(std::move(a));
  args.push_back(std::move(b));
  return bind_operator(op, std::move(args), -1);
}

// Can a reader tell two values apart that are equal? Then D has them both.
bool has_lookalikes(TypeId id) {
  return id == TypeId::kNumeric || id == TypeId::kReal || id == TypeId::kDouble || id == TypeId::kInterval || id == TypeId::kBpchar ||
         id == TypeId::kJson || id == TypeId::kJsonb || is_array(id);  // JSON is compared as its text
}

// The rows outside, each once: references side by side, and the texts of those that need them.
struct Domain {
  PlanPtr plan;
  Columns references;                    // each is a column of the plan, in this order
  std::vector<std::uint16_t> keys;       // the columns that tell the rows apart
  ExprPtr key_of(std::size_t i) const {  // the same, outside
    ExprPtr value = Expr::make_column(references[i], plan->schema[i].type);
    return keys[i] == i ? std::move(value) : coerce(std::move(value), Type{TypeId::kText, 0, 0}, Cast::kExplicit, -1);
  }
};

class Decorrelation {
 public:
  explicit Decorrelation(const Outside& outside) : outside_(outside) {}

  Dependent run(PlanPtr plan, Form form) {
    Dependent out = pull(std::move(plan), form == Form::kOneRow);
    if (form != Form::kKeyed) return out;
    out = laid_out(keyed(std::move(out)));
    out.keys = compared(out);
    return out;
  }

 private:
  bool speaks(const Expr& e) const { return mentions(e, outside_.has); }
  bool speaks(const Plan& p) const { return mentions(p, outside_.has) || reads_recursion(p); }
  bool reads_recursion(const Plan& p) const {
    if (p.node == Plan::Node::kWorkingTable && std::find(recursions_.begin(), recursions_.end(), p.relation_id) != recursions_.end()) return true;
    return std::any_of(p.inputs.begin(), p.inputs.end(), [&](const PlanPtr& input) { return reads_recursion(*input); });
  }
  // Of any query around, also one further out.
  static bool far(const Expr& e) {
    return mentions(e, [](std::uint16_t) { return true; });
  }
  bool speaks(const Exprs& exprs) const {
    return std::any_of(exprs.begin(), exprs.end(), [&](const ExprPtr& e) { return speaks(*e); });
  }

  // Which argument of a conjunct is over the plan alone, the other being of the outside: -1 if the conjunct is no such equality.
  int inner_argument(const Expr& e) const {
    if (e.node != Expr::Node::kCall || e.args.size() != 2 || (e.function->name != "=" && e.function->name != "is not distinct from")) return -1;
    for (std::size_t i = 0; i < 2; ++i) {
      bool plain = false;
      each_column(*e.args[1 - i], [&](std::uint16_t c) { plain = plain || !is_outer(c); });
      if (!plain && speaks(*e.args[1 - i]) && !speaks(*e.args[i])) return static_cast<int>(i);
    }
    return -1;
  }
  // Conjuncts that speak of queries further out alone filter here, where a group or a key must not depend on them.
  Dependent settled(Dependent d) const {
    Exprs kept, own;
    for (ExprPtr& c : d.conjuncts) (speaks(*c) ? kept : own).push_back(std::move(c));
    d.conjuncts = std::move(kept);
    d.plan = make_filter(std::move(d.plan), conjunction(std::move(own)));
    return d;
  }
  bool all_equalities(const Dependent& d) const {
    return std::all_of(d.conjuncts.begin(), d.conjuncts.end(), [&](const ExprPtr& c) { return inner_argument(*c) >= 0; });
  }
  Dependent keyed(Dependent d) {
    d = settled(std::move(d));
    return all_equalities(d) && !speaks(d.outputs) ? std::move(d) : with_domain(std::move(d));
  }

  // ------------------------------------------------------------------------------------------------------------------ domains

  Domain domain_of(const std::function<void(const std::function<void(const Expr&)>&)>& each) const {
    Domain domain;
    each([&](const Expr& e) {
      each_column(e, [&](std::uint16_t c) {
        if (is_outer(c) && outside_.has(c)) domain.references.push_back(c);
      });
    });
    std::sort(domain.references.begin(), domain.references.end());
    domain.references.erase(std::unique(domain.references.begin(), domain.references.end()), domain.references.end());
    PlanPtr rows = outside_.rows(domain.references);
    Exprs exprs = columns_of(rows->schema);
    for (std::size_t i = 0; i < domain.references.size(); ++i) {
      domain.keys.push_back(static_cast<std::uint16_t>(i));
      if (!has_lookalikes(rows->schema[i].type.id)) continue;
      domain.keys[i] = static_cast<std::uint16_t>(exprs.size());
      exprs.push_back(coerce(exprs[i]->clone(), Type{TypeId::kText, 0, 0}, Cast::kExplicit, -1));
    }
    domain.plan = make_distinct(make_project(std::move(rows), std::move(exprs)));
    return domain;
  }

  // The expression over D ++ …: references are D's columns, the others move by `shift`.
  ExprPtr over(const Expr& e, const Domain& d, const std::function<std::uint16_t(std::uint16_t)>& move) const {
    ExprPtr out = e.clone();
    renumber(*out, [&](std::uint16_t c) {
      if (!is_outer(c)) return move(c);
      const auto found = std::lower_bound(d.references.begin(), d.references.end(), c);
      return found != d.references.end() && *found == c ? static_cast<std::uint16_t>(found - d.references.begin()) : c;
    });
    return out;
  }
  ExprPtr over(const Expr& e, const Domain& d) const {
    return over(e, d, [w = d.plan->schema.size()](std::uint16_t c) { return static_cast<std::uint16_t>(c + w); });
  }

  // D's columns of a plan tied to the rows outside.
  Dependent tied(PlanPtr plan, const Domain& d, std::size_t outputs) const {
    Dependent out;
    const std::size_t width = d.plan->schema.size();
    for (std::size_t i = 0; i < outputs; ++i) out.outputs.push_back(column_of(plan->schema, static_cast<std::uint16_t>(width + i)));
    for (std::size_t i = 0; i < d.references.size(); ++i) {
      out.conjuncts.push_back(call("is not distinct from", column_of(plan->schema, d.keys[i]), d.key_of(i)));
    }
    out.plan = std::move(plan);
    return out;
  }

  // What is pulled already, joined with D.
  Dependent with_domain(Dependent in) {
    const Domain d = domain_of([&](const auto& see) {
      for (const ExprPtr& e : in.outputs) see(*e);
      for (const ExprPtr& e : in.conjuncts) see(*e);
    });
    Exprs conjuncts, outputs;
    for (const ExprPtr& c : in.conjuncts) conjuncts.push_back(over(*c, d));
    PlanPtr plan = make_join(Plan::JoinKind::kInner, d.plan->clone(), std::move(in.plan), conjunction(std::move(conjuncts)));
    for (std::size_t i = 0; i < d.plan->schema.size(); ++i) outputs.push_back(column_of(plan->schema, static_cast<std::uint16_t>(i)));
    for (const ExprPtr& e : in.outputs) outputs.push_back(over(*e, d));
    return tied(make_project(std::move(plan), std::move(outputs)), d, in.outputs.size());
  }

  Dependent with_domain(PlanPtr plan) {
    const std::size_t width = plan->schema.size();
    const std::function<void(const Plan&, const std::function<void(const Expr&)>&)> each = [&](const Plan& p, const auto& see) {
      each_expr(p, see);
      for (const PlanPtr& input : p.inputs) each(*input, see);
    };
    const Domain d = domain_of([&](const auto& see) { each(*plan, see); });
    return tied(unnest(std::move(plan), d), d, width);
  }

  // --------------------------------------------------------------------------------------------------------------- pulling up

  Dependent whole(PlanPtr plan) const {
    Dependent out;
    out.outputs = columns_of(plan->schema);
    out.plan = std::move(plan);
    return out;
  }

  // The outputs as columns.
  Dependent materialized(Dependent in) {
    in = settled(std::move(in));
    return in.conjuncts.empty() && !speaks(in.outputs) ? whole(make_project(std::move(in.plan), std::move(in.outputs))) : with_domain(std::move(in));
  }

  void add_condition(Dependent& to, const Expr& condition) const {
    Exprs all, own;
    split_conjuncts(substitute(condition, to.outputs), all);
    for (ExprPtr& c : all) (far(*c) ? to.conjuncts : own).push_back(std::move(c));
    to.plan = make_filter(std::move(to.plan), conjunction(std::move(own)));
  }

  // The outputs as columns of the plan, and after them those that the equalities compare.
  Dependent laid_out(Dependent in) const {
    Exprs exprs = std::move(in.outputs);
    in.outputs.clear();
    for (std::size_t i = 0; i < exprs.size(); ++i) in.outputs.push_back(Expr::make_column(static_cast<std::uint16_t>(i), exprs[i]->type));
    for (ExprPtr& c : in.conjuncts) {
      ExprPtr& inner = c->args[static_cast<std::size_t>(inner_argument(*c))];
      const Type type = inner->type;
      exprs.push_back(std::move(inner));
      inner = Expr::make_column(static_cast<std::uint16_t>(exprs.size() - 1), type);
    }
    in.plan = make_project(std::move(in.plan), std::move(exprs));
    return in;
  }
  Columns compared(const Dependent& d) const {
    Columns out;
    for (const ExprPtr& c : d.conjuncts) out.push_back(c->args[static_cast<std::size_t>(inner_argument(*c))]->column);
    return out;
  }

  Dependent pull(PlanPtr plan, bool may_be_of_nothing) {
    const bool filters = plan->node == Plan::Node::kFilter || plan->node == Plan::Node::kProject || plan->node == Plan::Node::kSemiJoin ||
                         (plan->node == Plan::Node::kJoin && plan->join_kind == Plan::JoinKind::kInner);
    if (!speaks(*plan) && !(filters && mentions(*plan, [](std::uint16_t) { return true; }))) return whole(std::move(plan));
    switch (plan->node) {
      case Plan::Node::kFilter: {
        Dependent in = pull(std::move(plan->inputs[0]), false);
        add_condition(in, *plan->exprs[0]);
        return in;
      }
      case Plan::Node::kProject: {
        Dependent in = pull(std::move(plan->inputs[0]), may_be_of_nothing);
        std::size_t size = 0;
        for (const ExprPtr& e : plan->exprs) {
          size += size_of(*e);
          each_column(*e, [&](std::uint16_t c) { size += is_outer(c) ? 0 : size_of(*in.outputs[c]); });
        }
        if (size > kOutputsMost && !in.of_nothing) in = materialized(std::move(in));
        Exprs outputs;
        for (const ExprPtr& e : plan->exprs) outputs.push_back(substitute(*e, in.outputs));
        in.outputs = std::move(outputs);
        return in;
      }
      case Plan::Node::kJoin: return pull_join(std::move(plan));
      case Plan::Node::kSemiJoin: {
        const bool left_alone = !plan->null_matches && !speaks(*plan->inputs[1]) && !(plan->exprs.size() && speaks(*plan->exprs[0]));
        if (!left_alone) break;
        Dependent in = pull(std::move(plan->inputs[0]), false);
        if (speaks(in.outputs)) in = with_domain(std::move(in));
        const std::size_t old_width = in.outputs.size(), width = in.plan->schema.size();
        ExprPtr condition = plan->exprs.empty() ? nullptr : std::move(plan->exprs[0]);
        if (condition) condition = substitute(*condition, both_sides(in, old_width, width, plan->inputs[1]->schema));
        in.plan = make_semi_join(std::move(in.plan), std::move(plan->inputs[1]), std::move(condition), plan->anti);
        return in;
      }
      case Plan::Node::kAggregate: return pull_aggregate(std::move(plan), may_be_of_nothing);
      case Plan::Node::kDistinct: {
        Dependent in = laid_out(keyed(pull(std::move(plan->inputs[0]), false)));
        in.plan = make_distinct(std::move(in.plan));
        return in;
      }
      case Plan::Node::kTopK: {
        Dependent in = laid_out(keyed(pull(std::move(plan->inputs[0]), false)));
        for (std::uint16_t c : compared(in)) plan->top_k.partition.push_back(c);
        const std::size_t number = in.plan->schema.size();
        in.plan = make_top_k(std::move(in.plan), std::move(plan->top_k));
        if (in.plan->schema.size() > number) in.outputs.push_back(column_of(in.plan->schema, static_cast<std::uint16_t>(number)));
        return in;
      }
      case Plan::Node::kWindow: {
        Dependent in = laid_out(keyed(pull(std::move(plan->inputs[0]), false)));
        for (std::uint16_t c : compared(in)) plan->window.partition.push_back(c);
        const std::size_t first = in.plan->schema.size();
        in.plan = make_window(std::move(in.plan), std::move(plan->window));
        for (std::size_t i = first; i < in.plan->schema.size(); ++i) in.outputs.push_back(column_of(in.plan->schema, static_cast<std::uint16_t>(i)));
        return in;
      }
      case Plan::Node::kValues:
        if (plan->rows.size() == 1) {
          Dependent out;
          out.outputs = std::move(plan->rows[0]);
          plan->rows[0].clear();
          plan->schema.clear();
          derive_node(*plan);
          out.plan = std::move(plan);
          return out;
        }
        break;
      case Plan::Node::kScan: case Plan::Node::kUnionAll: case Plan::Node::kIntersectAll: case Plan::Node::kExceptAll: case Plan::Node::kSeries:
      case Plan::Node::kUnnest:
      case Plan::Node::kRecursion: case Plan::Node::kWorkingTable: break;
    }
    return speaks(*plan) ? with_domain(std::move(plan)) : whole(std::move(plan));
  }

  // The columns of a join's two sides, the left one having been pulled.
  Exprs both_sides(const Dependent& left, std::size_t old_width, std::size_t width, const Schema& right) const {
    Exprs out;
    for (std::size_t i = 0; i < old_width; ++i) out.push_back(left.outputs[i]->clone());
    Exprs of_right = columns_of(right, width);
    std::move(of_right.begin(), of_right.end(), std::back_inserter(out));
    return out;
  }

  Dependent pull_join(PlanPtr plan) {
    if (plan->join_kind == Plan::JoinKind::kInner) {
      Dependent left = pull(std::move(plan->inputs[0]), false), right = pull(std::move(plan->inputs[1]), false);
      const std::size_t width = left.plan->schema.size();
      const auto shifted = [&](ExprPtr e) {
        renumber(*e, [&](std::uint16_t c) { return is_outer(c) ? c : static_cast<std::uint16_t>(c + width); });
        return e;
      };
      for (ExprPtr& e : right.outputs) left.outputs.push_back(shifted(std::move(e)));
      for (ExprPtr& e : right.conjuncts) left.conjuncts.push_back(shifted(std::move(e)));
      left.plan = make_join(Plan::JoinKind::kInner, std::move(left.plan), std::move(right.plan), nullptr);
      if (!plan->exprs.empty()) {
        Exprs all, own;
        split_conjuncts(substitute(*plan->exprs[0], left.outputs), all);
        for (ExprPtr& c : all) (far(*c) ? left.conjuncts : own).push_back(std::move(c));
        if (ExprPtr condition = conjunction(std::move(own))) left.plan->exprs.push_back(std::move(condition));
        derive_node(*left.plan);
      }
      return left;
    }
    const bool left_alone = plan->join_kind == Plan::JoinKind::kLeft && !speaks(*plan->inputs[1]) && !(plan->exprs.size() && speaks(*plan->exprs[0]));
    if (!left_alone) return with_domain(std::move(plan));
    Dependent left = pull(std::move(plan->inputs[0]), false);
    if (speaks(left.outputs)) left = with_domain(std::move(left));
    const std::size_t old_width = left.outputs.size(), width = left.plan->schema.size();
    Exprs outputs = both_sides(left, old_width, width, plan->inputs[1]->schema);
    ExprPtr condition = plan->exprs.empty() ? nullptr : substitute(*plan->exprs[0], outputs);
    left.plan = make_join(Plan::JoinKind::kLeft, std::move(left.plan), std::move(plan->inputs[1]), std::move(condition));
    left.outputs = std::move(outputs);
    return left;
  }

  Dependent pull_aggregate(PlanPtr plan, bool may_be_of_nothing) {
    const bool total = plan->exprs.empty();
    if (total && !may_be_of_nothing) return with_domain(std::move(plan));
    const std::vector<AggregateFunction> functions = functions_of(*plan);
    Dependent in = settled(pull(std::move(plan->inputs[0]), false));
    bool outside = speaks(in.outputs) || !all_equalities(in);
    each_expr(*plan, [&](const Expr& e) { outside = outside || speaks(e); });
    if (outside) {  // everything that the aggregate sees, and D, below it
      const Domain d = domain_of([&](const auto& see) {
        for (const ExprPtr& e : in.outputs) see(*e);
        for (const ExprPtr& e : in.conjuncts) see(*e);
        each_expr(*plan, see);
      });
      Exprs conjuncts, columns;
      for (const ExprPtr& c : in.conjuncts) conjuncts.push_back(over(*c, d));
      PlanPtr below = make_join(Plan::JoinKind::kInner, d.plan->clone(), std::move(in.plan), conjunction(std::move(conjuncts)));
      for (std::size_t i = 0; i < d.plan->schema.size(); ++i) columns.push_back(column_of(below->schema, static_cast<std::uint16_t>(i)));
      for (const ExprPtr& e : in.outputs) columns.push_back(over(*e, d));
      plan->inputs[0] = make_project(std::move(below), std::move(columns));
      const std::size_t width = plan->schema.size();
      Dependent out = tied(aggregate_by(std::move(plan), d), d, width);
      if (total) of_nothing(out, d.plan->schema.size(), functions);
      return out;
    }
    Exprs keys;
    for (const ExprPtr& e : plan->exprs) keys.push_back(substitute(*e, in.outputs));
    const std::size_t own = keys.size();
    for (ExprPtr& c : in.conjuncts) {
      ExprPtr& inner = c->args[static_cast<std::size_t>(inner_argument(*c))];
      const Type type = inner->type;
      keys.push_back(std::move(inner));
      inner = Expr::make_column(static_cast<std::uint16_t>(keys.size() - 1), type);
    }
    const std::size_t added = keys.size() - own, calls = plan->aggregates.size();
    plan->exprs.clear();
    each_expr(*plan, [&](ExprPtr& e) { e = substitute(*e, in.outputs); });
    plan->exprs = std::move(keys);
    plan->inputs[0] = std::move(in.plan);
    plan->schema.clear();
    derive_node(*plan);
    in.outputs.clear();
    for (std::size_t i = 0; i < own; ++i) in.outputs.push_back(column_of(plan->schema, static_cast<std::uint16_t>(i)));
    for (std::size_t i = 0; i < calls; ++i) in.outputs.push_back(column_of(plan->schema, static_cast<std::uint16_t>(own + added + i)));
    in.plan = std::move(plan);
    if (total) of_nothing(in, added, functions);
    return in;
  }

  static std::vector<AggregateFunction> functions_of(const Plan& plan) {
    std::vector<AggregateFunction> out;
    for (const AggregateCall& a : plan.aggregates) out.push_back(a.function);
    return out;
  }
  // Over no rows: COUNT is 0, a hypothetical rank is the first one, the others are NULL, as an outer join makes them.
  static ExprPtr over_nothing(const Schema& schema, std::uint16_t column, AggregateFunction function) {
    ExprPtr e = column_of(schema, column);
    if (!is_count(function) && !is_hypothetical(function)) return e;
    const bool first = is_hypothetical(function) && function != AggregateFunction::kPercentRank;
    Exprs args;
    const Type type = e->type;
    args.push_back(std::move(e));
    args.push_back(Expr::make_constant(type.id == TypeId::kDouble ? Datum::of(first ? 1.0 : 0.0) : Datum::of(std::int64_t{first}), type));
    return Expr::make(Expr::Node::kCoalesce, type, std::move(args));
  }
  // The last columns of its plan, from `first` on, are these aggregates.
  static void of_nothing(Dependent& d, std::size_t first, const std::vector<AggregateFunction>& functions) {
    d.of_nothing = true;
    for (std::size_t i = 0; i < functions.size(); ++i) d.outputs[i] = over_nothing(d.plan->schema, static_cast<std::uint16_t>(first + i), functions[i]);
  }

  // -------------------------------------------------------------------------------------------------- D pushed down to the leaves

  // γ with D's columns as the first keys, over an input that has them.
  PlanPtr aggregate_by(PlanPtr plan, const Domain& d) const {
    each_expr(*plan, [&](ExprPtr& e) { e = over(*e, d); });
    Exprs keys = columns_of(d.plan->schema);
    std::move(plan->exprs.begin(), plan->exprs.end(), std::back_inserter(keys));
    plan->exprs = std::move(keys);
    plan->schema.clear();
    derive_node(*plan);
    return plan;
  }

  PlanPtr crossed(PlanPtr plan, const Domain& d) const {
    if (plan->node == Plan::Node::kValues && plan->rows.size() == 1 && plan->schema.empty()) return d.plan->clone();
    return make_join(Plan::JoinKind::kInner, d.plan->clone(), std::move(plan), nullptr);
  }

  // d = d, at these two places.
  Exprs meeting(const Domain& d, std::size_t left, std::size_t right) const {
    Exprs out;
    for (std::uint16_t key : d.keys) {
      const Type type = d.plan->schema[key].type;
      out.push_back(call("is not distinct from", Expr::make_column(static_cast<std::uint16_t>(left + key), type), Expr::make_column(static_cast<std::uint16_t>(right + key), type)));
    }
    return out;
  }

  // D ++ the plan's columns.
  PlanPtr unnest(PlanPtr plan, const Domain& d) {
    if (!speaks(*plan)) return crossed(std::move(plan), d);
    const std::size_t w = d.plan->schema.size();
    switch (plan->node) {
      case Plan::Node::kFilter: return make_filter(unnest(std::move(plan->inputs[0]), d), over(*plan->exprs[0], d));
      case Plan::Node::kProject: {
        Exprs exprs = columns_of(d.plan->schema);
        for (const ExprPtr& e : plan->exprs) exprs.push_back(over(*e, d));
        std::vector<std::string> names = names_of(d.plan->schema);
        for (const Field& f : plan->schema) names.push_back(f.name);
        return make_project(unnest(std::move(plan->inputs[0]), d), std::move(exprs), std::move(names));
      }
      case Plan::Node::kJoin: return unnest_join(std::move(plan), d);
      case Plan::Node::kSemiJoin: {
        const std::size_t width = plan->inputs[0]->schema.size();
        const bool both = speaks(*plan->inputs[1]);
        plan->inputs[0] = unnest(std::move(plan->inputs[0]), d);
        if (both) plan->inputs[1] = unnest(std::move(plan->inputs[1]), d);
        Exprs conjuncts;
        if (!plan->exprs.empty()) {
          conjuncts.push_back(over(*plan->exprs[0], d, [&](std::uint16_t c) { return static_cast<std::uint16_t>(c + (c >= width && both ? 2 * w : w)); }));
          plan->exprs.clear();
        }
        for (std::uint16_t& c : plan->left_keys) c = static_cast<std::uint16_t>(c + w);
        if (both) {
          for (std::uint16_t& c : plan->right_keys) c = static_cast<std::uint16_t>(c + w);
        }
        if (both && plan->null_matches) {
          plan->left_keys.insert(plan->left_keys.end(), d.keys.begin(), d.keys.end());
          plan->right_keys.insert(plan->right_keys.end(), d.keys.begin(), d.keys.end());
        } else if (both) {
          Exprs same = meeting(d, 0, w + width);
          std::move(same.begin(), same.end(), std::back_inserter(conjuncts));
        }
        if (ExprPtr condition = conjunction(std::move(conjuncts))) plan->exprs.push_back(std::move(condition));
        derive_node(*plan);
        return plan;
      }
      case Plan::Node::kAggregate: {
        const bool total = plan->exprs.empty();
        const std::vector<AggregateFunction> functions = functions_of(*plan);
        plan->inputs[0] = unnest(std::move(plan->inputs[0]), d);
        PlanPtr by = aggregate_by(std::move(plan), d);
        if (!total) return by;
        const Schema schema = by->schema;
        PlanPtr all = make_join(Plan::JoinKind::kLeft, d.plan->clone(), std::move(by), conjunction(meeting(d, 0, w)));
        Exprs exprs = columns_of(d.plan->schema);
        for (std::size_t i = w; i < schema.size(); ++i) {
          ExprPtr e = over_nothing(schema, static_cast<std::uint16_t>(i), functions[i - w]);
          renumber(*e, [&](std::uint16_t c) { return static_cast<std::uint16_t>(c + w); });
          exprs.push_back(std::move(e));
        }
        return make_project(std::move(all), std::move(exprs), names_of(schema));
      }
      case Plan::Node::kDistinct: return make_distinct(unnest(std::move(plan->inputs[0]), d));
      case Plan::Node::kUnionAll: case Plan::Node::kIntersectAll: case Plan::Node::kExceptAll:
        for (PlanPtr& input : plan->inputs) input = unnest(std::move(input), d);
        plan->schema.clear();
        derive_node(*plan);
        return plan;
      case Plan::Node::kTopK: {
        TopKSpec spec = std::move(plan->top_k);
        for (std::uint16_t& c : spec.partition) c = static_cast<std::uint16_t>(c + w);
        for (std::size_t i = 0; i < w; ++i) spec.partition.push_back(static_cast<std::uint16_t>(i));
        for (OrderKey& key : spec.order) key.column = static_cast<std::uint16_t>(key.column + w);
        return make_top_k(unnest(std::move(plan->inputs[0]), d), std::move(spec));
      }
      case Plan::Node::kWindow: {
        WindowSpec spec = std::move(plan->window);
        for (std::uint16_t& c : spec.partition) c = static_cast<std::uint16_t>(c + w);
        for (std::size_t i = 0; i < w; ++i) spec.partition.push_back(static_cast<std::uint16_t>(i));
        for (OrderKey& key : spec.order) key.column = static_cast<std::uint16_t>(key.column + w);
        for (WindowCall& c : spec.calls) {
          for (int* column : {&c.argument, &c.second, &c.count_column, &c.fallback}) {
            if (*column >= 0) *column += static_cast<int>(w);
          }
        }
        return make_window(unnest(std::move(plan->inputs[0]), d), std::move(spec));
      }
      case Plan::Node::kValues: {
        std::vector<PlanPtr> parts;
        for (const auto& row : plan->rows) {
          Exprs exprs = columns_of(d.plan->schema);
          for (const ExprPtr& e : row) exprs.push_back(over(*e, d));
          parts.push_back(make_project(d.plan->clone(), std::move(exprs)));
        }
        return parts.size() == 1 ? std::move(parts[0]) : make_union_all(std::move(parts));
      }
      case Plan::Node::kSeries: case Plan::Node::kUnnest:
        plan->inputs[0] = unnest(std::move(plan->inputs[0]), d);
        for (ExprPtr& e : plan->exprs) e = over(*e, d);
        plan->schema.clear();
        derive_node(*plan);
        return plan;
      case Plan::Node::kRecursion:  // of each row of D a recursion of its own: the working tables have D's columns, too
        plan->inputs[0] = unnest(std::move(plan->inputs[0]), d);
        recursions_.push_back(plan->relation_id);
        plan->inputs[1] = unnest(std::move(plan->inputs[1]), d);
        recursions_.pop_back();
        plan->schema.clear();
        derive_node(*plan);
        return plan;
      case Plan::Node::kWorkingTable:
        plan->schema.insert(plan->schema.begin(), d.plan->schema.begin(), d.plan->schema.end());
        for (Field& f : plan->schema) f.nullable = true;
        plan->key.clear();
        for (std::size_t i = 0; plan->has_key && i < plan->schema.size(); ++i) plan->key.push_back(static_cast<std::uint16_t>(i));
        return plan;
      case Plan::Node::kScan: break;
    }
    throw Failure(ErrorCode::kUnsupported, "this sub-select that refers to the query around it is not supported");
  }

  PlanPtr unnest_join(PlanPtr plan, const Domain& d) {
    using Kind = Plan::JoinKind;
    const std::size_t w = d.plan->schema.size(), width = plan->inputs[0]->schema.size(), right_width = plan->inputs[1]->schema.size();
    ExprPtr condition = plan->exprs.empty() ? nullptr : std::move(plan->exprs[0]);
    if (plan->join_kind == Kind::kRight) {  // turned around
      if (condition) renumber(*condition, [&](std::uint16_t c) { return is_outer(c) ? c : static_cast<std::uint16_t>(c < width ? c + right_width : c - width); });
      PlanPtr turned = unnest_join(make_join(Kind::kLeft, std::move(plan->inputs[1]), std::move(plan->inputs[0]), std::move(condition)), d);
      Columns back;
      for (std::size_t i = 0; i < w; ++i) back.push_back(static_cast<std::uint16_t>(i));
      for (std::size_t i = 0; i < width; ++i) back.push_back(static_cast<std::uint16_t>(w + right_width + i));
      for (std::size_t i = 0; i < right_width; ++i) back.push_back(static_cast<std::uint16_t>(w + i));
      return make_columns(std::move(turned), back);
    }
    const bool full = plan->join_kind == Kind::kFull;
    PlanPtr left = unnest(std::move(plan->inputs[0]), d);
    const bool both = full || speaks(*plan->inputs[1]);
    PlanPtr right = both ? unnest(std::move(plan->inputs[1]), d) : std::move(plan->inputs[1]);
    Exprs conjuncts;
    if (condition) conjuncts.push_back(over(*condition, d, [&](std::uint16_t c) { return static_cast<std::uint16_t>(c + (c >= width && both ? 2 * w : w)); }));
    if (both) {
      Exprs same = meeting(d, 0, w + width);
      std::move(same.begin(), same.end(), std::back_inserter(conjuncts));
    }
    if (full) {  // a row that has no partner has D's columns from its own side: a column that is never NULL tells which
      Exprs exprs = columns_of(left->schema);
      exprs.push_back(boolean_constant(true));
      left = make_project(std::move(left), std::move(exprs));
      for (ExprPtr& c : conjuncts) {
        renumber(*c, [&](std::uint16_t i) { return is_outer(i) || i < w + width ? i : static_cast<std::uint16_t>(i + 1); });
      }
    }
    PlanPtr joined = make_join(plan->join_kind, std::move(left), std::move(right), conjunction(std::move(conjuncts)));
    if (!both) return joined;
    const std::size_t second = w + width + (full ? 1 : 0);
    Exprs exprs;
    for (std::size_t i = 0; i < w; ++i) {
      ExprPtr own = column_of(joined->schema, static_cast<std::uint16_t>(i));
      if (full) {
        Exprs args;
        const Type type = own->type;
        args.push_back(Expr::make_column(static_cast<std::uint16_t>(w + width), kBoolean));
        args.push_back(std::move(own));
        args.push_back(column_of(joined->schema, static_cast<std::uint16_t>(second + i)));
        own = Expr::make(Expr::Node::kCase, type, std::move(args));
      }
      exprs.push_back(std::move(own));
    }
    for (std::size_t i = 0; i < width; ++i) exprs.push_back(column_of(joined->schema, static_cast<std::uint16_t>(w + i)));
    for (std::size_t i = 0; i < right_width; ++i) exprs.push_back(column_of(joined->schema, static_cast<std::uint16_t>(second + w + i)));
    return make_project(std::move(joined), std::move(exprs));
  }

  const Outside& outside_;
  std::vector<std::uint64_t> recursions_;  // whose working tables have D's columns: what reads one depends on D
};

}  // namespace

Dependent decorrelate(PlanPtr plan, const Outside& outside, Form form) { return Decorrelation(outside).run(std::move(plan), form); }

}  // namespace weir
