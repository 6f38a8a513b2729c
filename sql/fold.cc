#include "sql/fold.h"

#include <algorithm>

#include "sql/functions.h"
#include "sql/kernels.h"
#include "sql/plan_build.h"

namespace weir {

namespace {

constexpr Type kBigint{TypeId::kBigint, 0, 0};
constexpr Type kBoolean{TypeId::kBoolean, 0, 0};

// The parameter or constant of `column = constant`, and its column; null if the conjunct is something else.
Expr* compared(Expr& conjunct, std::uint16_t* column = nullptr) {
  if (conjunct.node != Expr::Node::kCall || conjunct.args.size() != 2 || conjunct.function->name != "=") return nullptr;
  for (std::size_t i = 0; i < 2; ++i) {
    const Expr& given = *conjunct.args[i];
    const Expr& a = given.node == Expr::Node::kCall && is_relabel(*given.function) ? *given.args[0] : given;  // VARCHAR as TEXT
    Expr& b = *conjunct.args[1 - i];
    if (a.node != Expr::Node::kColumn || !keys_agree(a.type, b.type)) continue;
    if (b.node != Expr::Node::kParameter && (b.node != Expr::Node::kConstant || b.constant.get().null)) continue;
    if (column) *column = a.column;
    return &b;
  }
  return nullptr;
}

template <class F>
void each_conjunct(ExprPtr& condition, F&& f) {
  if (condition->node != Expr::Node::kAnd) return f(condition);
  for (ExprPtr& arg : condition->args) each_conjunct(arg, f);
}

// The constants that filters compare columns with, filter by filter.
void find_constants(Plan& plan, std::vector<std::vector<Expr*>>& out) {
  if (plan.node == Plan::Node::kFilter) {
    std::vector<Expr*> found;
    each_conjunct(plan.exprs[0], [&](ExprPtr& conjunct) {
      Expr* constant = compared(*conjunct);
      if (constant && constant->node == Expr::Node::kConstant) found.push_back(constant);
    });
    if (!found.empty()) out.push_back(std::move(found));
  }
  for (PlanPtr& input : plan.inputs) find_constants(*input, out);
}

// Puts parameters in place of constants: each its own, or with `unify` one for equal constants.
Parametrised with_parameters(PlanPtr plan, const std::vector<Expr*>& constants, bool unify) {
  Parametrised out;
  for (Expr* constant : constants) {
    std::size_t n = out.values.size();
    if (unify) {
      const std::string text = constant->text();
      n = static_cast<std::size_t>(std::find_if(out.values.begin(), out.values.end(), [&](const ExprPtr& v) { return v->text() == text; }) - out.values.begin());
    }
    if (n == out.values.size()) out.values.push_back(constant->clone());
    constant->node = Expr::Node::kParameter;
    constant->column = static_cast<std::uint16_t>(n);
    constant->constant = Constant();
  }
  out.text = plan->text();
  out.plan = std::move(plan);
  return out;
}

void put_values(Expr& expr, std::span<const ExprPtr> values) {
  if (expr.node == Expr::Node::kParameter) {
    expr.node = Expr::Node::kConstant;
    expr.constant = values[expr.column]->constant;
    expr.column = 0;
  }
  for (ExprPtr& arg : expr.args) put_values(*arg, values);
}

// ---- lifting

class Lifting {
 public:
  Lifting(std::span<const ExprPtr> values, std::uint64_t id) {
    bindings_.node = Plan::Node::kScan;
    bindings_.relation = kBindings;
    bindings_.relation_id = id;
    bindings_.schema.push_back({"binding", kBigint, false});
    for (std::size_t n = 0; n < values.size(); ++n) bindings_.schema.push_back({"$" + std::to_string(n + 1), values[n]->type, false});
    bindings_.has_key = true;
    bindings_.key = {0};
  }

  // A plan and where it carries the binding; -1: it does not, and is as it was.
  struct Node {
    PlanPtr plan;
    int binding = -1;
    bool carries() const { return binding >= 0; }
    std::uint16_t own() const { return static_cast<std::uint16_t>(binding); }
    // Where a column of the plan as it was has gone.
    std::uint16_t at(std::uint16_t c) const { return static_cast<std::uint16_t>(binding < 0 || c < binding ? c : c + 1); }
    void move(Columns& columns) const {
      for (std::uint16_t& c : columns) c = at(c);
    }
    void move(std::vector<OrderKey>& order) const {
      for (OrderKey& key : order) key.column = at(key.column);
    }
    void move(Expr& expr) const {
      renumber(expr, [this](std::uint16_t c) { return at(c); });
    }
  };

  // False where there is no law.
  bool lift(const Plan& from, Node& out) {
    if (from.node == Plan::Node::kRecursion) return recursion(from, out);
    if (from.node == Plan::Node::kWorkingTable) {
      working_table(from, out);
      return true;
    }
    std::vector<Node> inputs(from.inputs.size());
    bool any = false;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (!lift(*from.inputs[i], inputs[i])) return false;
      any = any || inputs[i].carries();
    }
    if (from.node == Plan::Node::kFilter) {
      filter(from, std::move(inputs[0]), out);
      return true;
    }
    if (!any) {
      out.plan = from.clone();
      return true;
    }
    out.plan = own_copy(from);
    switch (from.node) {
      case Plan::Node::kProject: project(std::move(inputs[0]), out); return true;
      case Plan::Node::kJoin: return join(inputs, out);
      case Plan::Node::kSemiJoin: return semi_join(inputs, out);
      case Plan::Node::kAggregate: aggregate(std::move(inputs[0]), out); return true;
      case Plan::Node::kDistinct: case Plan::Node::kUnionAll: case Plan::Node::kIntersectAll: case Plan::Node::kExceptAll: return alike(inputs, out);
      case Plan::Node::kTopK:
        inputs[0].move(out.plan->top_k.partition);
        inputs[0].move(out.plan->top_k.order);
        out.plan->top_k.partition.push_back(inputs[0].own());
        above(std::move(inputs[0]), out);
        return true;
      case Plan::Node::kWindow: window(std::move(inputs[0]), out); return true;
      default: return false;
    }
  }

 private:
  // The node without its inputs.
  static PlanPtr own_copy(const Plan& from) {
    auto plan = from.clone();
    plan->inputs.clear();
    plan->schema.clear();
    return plan;
  }

  // The node stands on one input whose columns it passes on.
  static void above(Node input, Node& out) {
    out.binding = input.binding;
    out.plan->inputs.push_back(std::move(input.plan));
    derive_node(*out.plan);
  }

  void filter(const Plan& from, Node input, Node& out) {
    Columns columns, parameters;
    std::vector<ExprPtr> rest;
    ExprPtr condition = from.exprs[0]->clone();
    each_conjunct(condition, [&](ExprPtr& conjunct) {
      std::uint16_t column = 0;
      const Expr* parameter = compared(*conjunct, &column);
      if (parameter && parameter->node == Expr::Node::kParameter) {
        columns.push_back(input.at(column));
        parameters.push_back(static_cast<std::uint16_t>(parameter->column + 1));
      } else {
        rest.push_back(std::move(conjunct));
      }
    });
    out = std::move(input);
    if (!columns.empty()) {
      const auto width = static_cast<std::uint16_t>(out.plan->schema.size());
      if (out.carries()) {
        columns.push_back(out.own());
        parameters.push_back(0);
      }
      Columns kept;
      for (std::uint16_t c = 0; c < width; ++c) kept.push_back(c);
      if (!out.carries()) {
        kept.push_back(width);
        out.binding = width;
      }
      auto meets = std::make_unique<Plan>();
      meets->node = Plan::Node::kJoin;
      meets->inputs.push_back(std::move(out.plan));
      meets->inputs.push_back(bindings_.clone());
      meets->left_keys = std::move(columns);
      meets->right_keys = std::move(parameters);
      derive_node(*meets);
      out.plan = make_columns(std::move(meets), kept);
    }
    for (const ExprPtr& e : rest) out.move(*e);
    out.plan = make_filter(std::move(out.plan), conjunction(std::move(rest)));
  }

  static void project(Node input, Node& out) {
    for (const ExprPtr& e : out.plan->exprs) input.move(*e);
    out.binding = static_cast<int>(out.plan->exprs.size());
    out.plan->exprs.push_back(column_of(input.plan->schema, input.own()));
    out.plan->inputs.push_back(std::move(input.plan));
    derive_node(*out.plan);
  }

  // Condition and keys of a join or a semijoin.
  static void tie(std::vector<Node>& inputs, std::size_t old_left_width, Node& out) {
    Plan& plan = *out.plan;
    Node &left = inputs[0], &right = inputs[1];
    const std::size_t width = left.plan->schema.size();
    for (const ExprPtr& e : plan.exprs) {
      renumber(*e, [&](std::uint16_t c) {
        return c < old_left_width ? left.at(c) : static_cast<std::uint16_t>(width + right.at(static_cast<std::uint16_t>(c - old_left_width)));
      });
    }
    left.move(plan.left_keys);
    right.move(plan.right_keys);
    if (left.carries() && right.carries()) {
      plan.left_keys.push_back(left.own());
      plan.right_keys.push_back(right.own());
    }
    for (Node& input : inputs) plan.inputs.push_back(std::move(input.plan));
    derive_node(plan);
  }

  static std::size_t old_width(const Node& node) { return node.plan->schema.size() - (node.carries() ? 1 : 0); }

  static bool join(std::vector<Node>& inputs, Node& out) {
    const Plan::JoinKind kind = out.plan->join_kind;
    if (kind != Plan::JoinKind::kInner && !(kind == Plan::JoinKind::kLeft && inputs[0].carries())) return false;
    const auto width = static_cast<std::uint16_t>(inputs[0].plan->schema.size());
    const bool both = inputs[0].carries() && inputs[1].carries();
    const std::uint16_t other = static_cast<std::uint16_t>(width + (inputs[1].carries() ? inputs[1].own() : 0));
    out.binding = inputs[0].carries() ? inputs[0].binding : other;
    tie(inputs, old_width(inputs[0]), out);
    if (!both) return true;
    Columns kept;
    for (std::uint16_t c = 0; c < out.plan->schema.size(); ++c) {
      if (c != other) kept.push_back(c);
    }
    out.plan = make_columns(std::move(out.plan), kept);
    return true;
  }

  static bool semi_join(std::vector<Node>& inputs, Node& out) {
    if (!inputs[0].carries()) return false;
    out.binding = inputs[0].binding;
    tie(inputs, old_width(inputs[0]), out);
    return true;
  }

  void aggregate(Node input, Node& out) {
    Plan& plan = *out.plan;
    for (const ExprPtr& e : plan.exprs) input.move(*e);
    for (AggregateCall& a : plan.aggregates) {
      a.each([&](ExprPtr& e) { input.move(*e); });
    }
    if (plan.exprs.empty()) mark(plan, input);
    out.binding = static_cast<int>(plan.exprs.size());
    plan.exprs.push_back(column_of(input.plan->schema, input.own()));
    plan.inputs.push_back(std::move(input.plan));
    derive_node(plan);
  }

  // One row of no input: the input gets a column that is TRUE, and a row a binding where it is FALSE and all else is NULL.
  void mark(Plan& aggregate, Node& input) {
    const Schema schema = input.plan->schema;
    std::vector<ExprPtr> of_rows, of_bindings;
    for (std::uint16_t c = 0; c < schema.size(); ++c) {
      of_rows.push_back(column_of(schema, c));
      of_bindings.push_back(c == input.own() ? column_of(bindings_.schema, 0) : null_constant(schema[c].type));
    }
    of_rows.push_back(boolean_constant(true));
    of_bindings.push_back(boolean_constant(false));
    std::vector<PlanPtr> parts;
    parts.push_back(make_project(std::move(input.plan), std::move(of_rows)));
    parts.push_back(make_project(bindings_.clone(), std::move(of_bindings)));
    input.plan = make_union_all(std::move(parts));
    for (AggregateCall& a : aggregate.aggregates) {
      std::vector<ExprPtr> conditions;
      conditions.push_back(Expr::make_column(static_cast<std::uint16_t>(schema.size()), kBoolean));
      if (a.filter) conditions.push_back(std::move(a.filter));
      a.filter = conjunction(std::move(conditions));
    }
  }

  static bool alike(std::vector<Node>& inputs, Node& out) {
    if (!std::all_of(inputs.begin(), inputs.end(), [](const Node& n) { return n.carries(); })) return false;
    const std::size_t width = old_width(inputs[0]);
    for (Node& input : inputs) {
      if (input.binding != static_cast<int>(width)) {
        Columns columns;
        for (std::uint16_t c = 0; c < width; ++c) columns.push_back(input.at(c));
        columns.push_back(input.own());
        input.plan = make_columns(std::move(input.plan), columns);
      }
      out.plan->inputs.push_back(std::move(input.plan));
    }
    out.binding = static_cast<int>(width);
    derive_node(*out.plan);
    return true;
  }

  // A recursion for each binding: its working table carries the number from where it starts.
  bool recursion(const Plan& from, Node& out) {
    std::vector<Node> inputs(2);
    if (!lift(*from.inputs[0], inputs[0])) return false;
    if (inputs[0].carries()) recursions_.push_back(from.relation_id);
    const bool can = lift(*from.inputs[1], inputs[1]);
    if (inputs[0].carries()) recursions_.pop_back();
    if (!can) return false;
    out.plan = inputs[0].carries() || inputs[1].carries() ? own_copy(from) : from.clone();
    return out.plan->inputs.empty() ? alike(inputs, out) : true;
  }

  void working_table(const Plan& from, Node& out) const {
    out.plan = from.clone();
    if (std::find(recursions_.begin(), recursions_.end(), from.relation_id) == recursions_.end()) return;
    out.binding = static_cast<int>(from.schema.size());
    out.plan->schema.push_back(bindings_.schema[0]);
    if (from.has_key) out.plan->key.push_back(out.own());
  }

  static void window(Node input, Node& out) {
    WindowSpec& spec = out.plan->window;
    input.move(spec.partition);
    input.move(spec.order);
    spec.partition.push_back(input.own());
    for (WindowCall& call : spec.calls) {
      for (int* c : {&call.argument, &call.second, &call.count_column, &call.fallback}) {
        if (*c >= 0) *c = input.at(static_cast<std::uint16_t>(*c));
      }
    }
    above(std::move(input), out);
  }

  Plan bindings_;
  std::vector<std::uint64_t> recursions_;  // around, whose working tables carry the number
};

}  // namespace

std::vector<Parametrised> parametrise(const Plan& plan) {
  std::vector<Parametrised> out;
  PlanPtr copy = plan.clone();
  std::vector<std::vector<Expr*>> filters;
  find_constants(*copy, filters);
  const std::size_t count = filters.size();
  if (count == 1) {
    out.push_back(with_parameters(std::move(copy), filters[0], false));
    return out;
  }
  for (std::size_t n = 0; n < count; ++n) {
    if (n > 0) {
      copy = plan.clone();
      filters.clear();
      find_constants(*copy, filters);
    }
    out.push_back(with_parameters(std::move(copy), filters[n], false));
  }
  if (count < 2) return out;
  // Every filter has to meet bindings by the same constants: one that knew less would hand each of its rows to all the others' bindings.
  copy = plan.clone();
  filters.clear();
  find_constants(*copy, filters);
  std::vector<Expr*> all;
  std::vector<std::vector<std::string>> texts;
  for (const auto& constants : filters) {
    std::vector<std::string> of_filter;
    for (const Expr* constant : constants) of_filter.push_back(constant->text());
    std::sort(of_filter.begin(), of_filter.end());
    of_filter.erase(std::unique(of_filter.begin(), of_filter.end()), of_filter.end());
    texts.push_back(std::move(of_filter));
    all.insert(all.end(), constants.begin(), constants.end());
  }
  if (std::all_of(texts.begin(), texts.end(), [&](const auto& t) { return t == texts[0]; })) out.push_back(with_parameters(std::move(copy), all, true));
  return out;
}

PlanPtr instantiate(const Plan& parametrised, std::span<const ExprPtr> values) {
  PlanPtr plan = parametrised.clone();
  const auto put = [&](const auto& self, Plan& p) -> void {
    if (p.node == Plan::Node::kFilter) put_values(*p.exprs[0], values);
    for (PlanPtr& input : p.inputs) self(self, *input);
  };
  put(put, *plan);
  return plan;
}

Lifted lift(const Plan& parametrised, std::span<const ExprPtr> values, std::uint64_t bindings_id) {
  Lifting lifting(values, bindings_id);
  Lifting::Node out;
  if (!lifting.lift(parametrised, out) || !out.carries()) return {};
  return {std::move(out.plan), out.own()};
}

}  // namespace weir
