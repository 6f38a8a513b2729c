#include "sql/recursion.h"

#include <algorithm>

#include "sql/plan_build.h"
#include "weir/error.h"

namespace weir {
namespace {

constexpr Type kBigint{TypeId::kBigint, 0, 0};

// A plan with the iteration somewhere among its columns.
struct Lifted {
  PlanPtr plan;
  Columns columns;              // where each column of the plan as it was is now
  std::uint16_t iteration = 0;  // where the iteration is
};

Columns counted(std::size_t n, std::size_t from = 0) {
  Columns out;
  for (std::size_t i = 0; i < n; ++i) out.push_back(static_cast<std::uint16_t>(from + i));
  return out;
}

Columns mapped(const Columns& columns, const Columns& by) {
  Columns out;
  for (const std::uint16_t c : columns) out.push_back(by[c]);
  return out;
}

ExprPtr mapped(const Expr& expr, const Columns& by) {
  ExprPtr out = expr.clone();
  renumber(*out, [&](std::uint16_t c) { return by[c]; });
  return out;
}

// The node without its inputs.
PlanPtr shell(const Plan& plan) {
  PlanPtr copy = std::make_unique<Plan>();
  copy->node = plan.node;
  copy->join_kind = plan.join_kind;
  copy->left_keys = plan.left_keys;
  copy->right_keys = plan.right_keys;
  copy->anti = plan.anti;
  copy->null_matches = plan.null_matches;
  for (const AggregateCall& a : plan.aggregates) copy->aggregates.push_back(a.clone());
  copy->top_k = plan.top_k;
  copy->window = plan.window;
  return copy;
}

class Lifting {
 public:
  explicit Lifting(const Plan& recursion) : recursion_(recursion) {}

  LiftedTerm term() {
    LiftedTerm out;
    out.plan = normal(lift(*recursion_.inputs[1]));
    out.others = std::move(others_);
    return out;
  }

 private:
  [[noreturn]] static void refuse(const std::string& what) { throw Failure(ErrorCode::kUnsupported, what + " of a recursive query is not supported"); }

  // The columns in their order, the iteration behind them.
  static PlanPtr normal(Lifted lifted) {
    Columns columns = lifted.columns;
    columns.push_back(lifted.iteration);
    Plan& plan = *lifted.plan;
    if (columns == counted(plan.schema.size())) return std::move(lifted.plan);
    if (plan.node != Plan::Node::kProject) return make_columns(std::move(lifted.plan), columns);
    std::vector<ExprPtr> exprs;
    for (const std::uint16_t c : columns) exprs.push_back(plan.exprs[c]->clone());
    return make_project(std::move(plan.inputs[0]), std::move(exprs));
  }

  PlanPtr scan(const Plan& of, std::uint64_t id) {
    auto plan = std::make_unique<Plan>();
    plan->node = Plan::Node::kScan;
    plan->relation = id == 0 ? "working table" : "other";
    plan->relation_id = id;
    plan->schema = of.schema;
    plan->has_key = of.has_key;
    plan->key = of.key;
    return plan;
  }

  // All rows of all working tables. One row is at one iteration at most once (UNION): the iteration is part of the key.
  PlanPtr working() {
    const Plan& base = *recursion_.inputs[0];
    PlanPtr plan = scan(base, 0);
    for (Field& f : plan->schema) f.nullable = true;
    plan->schema.push_back({"iteration", kBigint, false});
    plan->has_key = !recursion_.all;
    plan->key = plan->has_key ? counted(plan->schema.size()) : Columns();
    return plan;
  }

  // What is outside, as the inner circuit sees it.
  PlanPtr other(const Plan& plan) {
    const std::string text = plan.text();
    std::size_t n = 0;
    while (n < others_.size() && others_[n]->text() != text) ++n;
    if (n == others_.size()) others_.push_back(plan.clone());
    return scan(plan, n + 1);
  }

  // What is outside, again at each iteration that has a working table.
  Lifted everywhere(const Plan& plan) {
    const std::size_t width = plan.schema.size();
    PlanPtr iterations = make_distinct(make_columns(working(), {static_cast<std::uint16_t>(recursion_.inputs[0]->schema.size())}));
    return {make_join(Plan::JoinKind::kInner, other(plan), std::move(iterations), nullptr), counted(width), static_cast<std::uint16_t>(width)};
  }

  Lifted lift(const Plan& plan) {
    if (!reads_working_table(plan)) return everywhere(plan);
    switch (plan.node) {
      case Plan::Node::kWorkingTable: {
        const std::size_t width = plan.schema.size();
        return {working(), counted(width), static_cast<std::uint16_t>(width)};
      }
      case Plan::Node::kFilter: {
        Lifted in = lift(*plan.inputs[0]);
        in.plan = make_filter(std::move(in.plan), mapped(*plan.exprs[0], in.columns));
        return in;
      }
      case Plan::Node::kProject: {
        Lifted in = lift(*plan.inputs[0]);
        std::vector<ExprPtr> exprs;
        for (const ExprPtr& e : plan.exprs) exprs.push_back(mapped(*e, in.columns));
        exprs.push_back(Expr::make_column(in.iteration, kBigint));
        return {make_project(std::move(in.plan), std::move(exprs)), counted(plan.exprs.size()), static_cast<std::uint16_t>(plan.exprs.size())};
      }
      case Plan::Node::kJoin: return join(plan);
      case Plan::Node::kSemiJoin: return semi_join(plan);
      case Plan::Node::kAggregate: return aggregate(plan);
      case Plan::Node::kDistinct: {
        PlanPtr out = make_distinct(normal(lift(*plan.inputs[0])));
        return whole(std::move(out));
      }
      case Plan::Node::kUnionAll: case Plan::Node::kIntersectAll: case Plan::Node::kExceptAll: {
        PlanPtr out = shell(plan);
        for (const PlanPtr& input : plan.inputs) out->inputs.push_back(normal(lift(*input)));
        derive_node(*out);
        return whole(std::move(out));
      }
      case Plan::Node::kTopK: {
        Lifted in = lift(*plan.inputs[0]);
        TopKSpec spec = plan.top_k;
        spec.partition = mapped(spec.partition, in.columns);
        spec.partition.push_back(in.iteration);
        for (OrderKey& key : spec.order) key.column = in.columns[key.column];
        if (spec.row_number) in.columns.push_back(static_cast<std::uint16_t>(in.plan->schema.size()));
        in.plan = make_top_k(std::move(in.plan), std::move(spec));
        return in;
      }
      case Plan::Node::kWindow: {
        Lifted in = lift(*plan.inputs[0]);
        WindowSpec spec = plan.window;
        spec.partition = mapped(spec.partition, in.columns);
        spec.partition.push_back(in.iteration);
        for (OrderKey& key : spec.order) key.column = in.columns[key.column];
        for (WindowCall& call : spec.calls) {
          for (int* c : {&call.argument, &call.second, &call.count_column, &call.fallback}) {
            if (*c >= 0) *c = in.columns[static_cast<std::size_t>(*c)];
          }
        }
        const std::size_t width = in.plan->schema.size();
        for (std::size_t i = 0; i < spec.calls.size(); ++i) in.columns.push_back(static_cast<std::uint16_t>(width + i));
        in.plan = make_window(std::move(in.plan), std::move(spec));
        return in;
      }
      case Plan::Node::kSeries: {
        Lifted in = lift(*plan.inputs[0]);
        PlanPtr out = shell(plan);
        for (const ExprPtr& e : plan.exprs) out->exprs.push_back(mapped(*e, in.columns));
        in.columns.push_back(static_cast<std::uint16_t>(in.plan->schema.size()));
        out->inputs.push_back(std::move(in.plan));
        derive_node(*out);
        in.plan = std::move(out);
        return in;
      }
      case Plan::Node::kScan: case Plan::Node::kValues: case Plan::Node::kRecursion: break;
    }
    throw Failure(ErrorCode::kInternal, "a leaf that reads a working table");
  }

  static Lifted whole(PlanPtr plan) {
    const std::size_t width = plan->schema.size() - 1;
    return {std::move(plan), counted(width), static_cast<std::uint16_t>(width)};
  }

  // Both sides of a join. One that is outside stays as it is, unless its rows show also where they meet nothing (`kept`): then they show at every iteration.
  struct Sides {
    Lifted left, right;
    bool left_inside, right_inside;
  };
  Sides sides(const Plan& plan, bool left_kept, bool right_kept) {
    const auto side = [&](const Plan& input, bool inside) {
      return inside ? lift(input) : Lifted{other(input), counted(input.schema.size()), 0};
    };
    const bool left = left_kept || reads_working_table(*plan.inputs[0]), right = right_kept || reads_working_table(*plan.inputs[1]);
    return {side(*plan.inputs[0], left), side(*plan.inputs[1], right), left, right};
  }
  // The node over both sides, and where the columns of left ++ right are in theirs.
  PlanPtr over(const Plan& plan, Sides& both, Columns& columns) {
    const std::size_t width = both.left.plan->schema.size();
    columns = both.left.columns;
    for (const std::uint16_t c : both.right.columns) columns.push_back(static_cast<std::uint16_t>(width + c));
    PlanPtr out = shell(plan);
    out->left_keys = mapped(plan.left_keys, both.left.columns);
    out->right_keys = mapped(plan.right_keys, both.right.columns);
    if (both.left_inside && both.right_inside) {
      out->left_keys.push_back(both.left.iteration);
      out->right_keys.push_back(both.right.iteration);
    }
    if (!plan.exprs.empty()) out->exprs.push_back(mapped(*plan.exprs[0], columns));
    out->inputs.push_back(std::move(both.left.plan));
    out->inputs.push_back(std::move(both.right.plan));
    derive_node(*out);
    return out;
  }

  Lifted join(const Plan& plan) {
    if (plan.join_kind == Plan::JoinKind::kFull) refuse("a full join within the recursive term");
    const bool of_right = plan.join_kind == Plan::JoinKind::kRight;
    Sides both = sides(plan, plan.join_kind == Plan::JoinKind::kLeft, of_right);
    const std::size_t width = both.left.plan->schema.size();
    const auto iteration = static_cast<std::uint16_t>(both.left_inside && !of_right ? both.left.iteration : width + both.right.iteration);
    Columns columns;
    PlanPtr out = over(plan, both, columns);
    return {std::move(out), std::move(columns), iteration};
  }

  Lifted semi_join(const Plan& plan) {
    Sides both = sides(plan, true, false);
    Lifted out{nullptr, both.left.columns, both.left.iteration};
    Columns columns;
    out.plan = over(plan, both, columns);
    return out;
  }

  Lifted aggregate(const Plan& plan) {
    if (plan.exprs.empty()) refuse("an aggregate without GROUP BY within the recursive term");  // one row also where there is none to aggregate
    Lifted in = lift(*plan.inputs[0]);
    PlanPtr out = shell(plan);
    for (const ExprPtr& e : plan.exprs) out->exprs.push_back(mapped(*e, in.columns));
    const auto keys = static_cast<std::uint16_t>(plan.exprs.size());
    out->exprs.push_back(Expr::make_column(in.iteration, kBigint));
    for (AggregateCall& a : out->aggregates) {
      a.each([&](ExprPtr& e) { e = mapped(*e, in.columns); });
    }
    out->inputs.push_back(std::move(in.plan));
    derive_node(*out);
    Columns columns = counted(keys), rest = counted(plan.aggregates.size(), keys + std::size_t{1});
    columns.insert(columns.end(), rest.begin(), rest.end());
    return {std::move(out), std::move(columns), keys};
  }

  const Plan& recursion_;
  std::vector<PlanPtr> others_;
};

}  // namespace

bool reads_working_table(const Plan& plan) {
  if (plan.node == Plan::Node::kWorkingTable) return true;
  if (plan.node == Plan::Node::kRecursion) return false;  // its own: one within it reads no other
  return std::any_of(plan.inputs.begin(), plan.inputs.end(), [](const PlanPtr& input) { return reads_working_table(*input); });
}

LiftedTerm lift_recursive_term(const Plan& recursion) { return Lifting(recursion).term(); }

}  // namespace weir
