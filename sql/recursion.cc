#include "sql/recursion.h"

#include <algorithm>

#include "sql/plan_build.h"
#include "weir/error.h"

namespace weir {
namespace {

constexpr Type kBigint{TypeId::kBigint, 0, 0};

Columns counted(std::size_t n, std::size_t from = 0) {
  Columns out;
  for (std::size_t i = 0; i < n; ++i) out.push_back(static_cast<std::uint16_t>(from + i));
  return out;
}

std::uint16_t last_of(const Plan& plan) { return static_cast<std::uint16_t>(plan.schema.size() - 1); }

// A projection to columns; of one to columns, that one's input.
PlanPtr pick(PlanPtr plan, Columns columns) {
  if (columns == counted(plan->schema.size())) return plan;
  if (is_pure_projection(*plan)) {
    for (std::uint16_t& c : columns) c = plan->exprs[c]->column;
    return pick(std::move(plan->inputs[0]), std::move(columns));
  }
  return make_columns(std::move(plan), columns);
}

// Plans with the iteration as one more column, the last; the others stand where they stood.
class Lifting {
 public:
  explicit Lifting(const Plan& recursion) : recursion_(recursion) {}

  LiftedTerm term() {
    LiftedTerm out;
    out.plan = prune_columns(lift(*recursion_.inputs[1]));
    place_others(out.plan, out.others);
    return out;
  }

 private:
  [[noreturn]] static void refuse(const std::string& what) {
    throw Failure(ErrorCode::kUnsupported, what + " within a recursive term is not supported");
  }

  static PlanPtr scan(const Plan& of, std::uint64_t id) {
    auto plan = std::make_unique<Plan>();
    plan->node = Plan::Node::kScan;
    plan->relation = id == 0 ? "working table" : "other";
    plan->relation_id = id;
    plan->schema = of.schema;
    plan->has_key = of.has_key;
    plan->key = of.key;
    return plan;
  }

  // All rows of all working tables. With UNION a row is in one of them once; while a batch is on its way it may be in two: the iteration is part of
  // the key.
  PlanPtr working() const {
    PlanPtr plan = scan(*recursion_.inputs[0], 0);
    for (Field& f : plan->schema) f.nullable = true;
    plan->schema.push_back({"iteration", kBigint, false});
    plan->has_key = !recursion_.all;
    plan->key = plan->has_key ? counted(plan->schema.size()) : Columns();
    return plan;
  }

  // What is outside. Not yet a scan: a join then picks the columns that it needs, and no others are kept within.
  PlanPtr other(const Plan& plan) {
    outside_.push_back(&plan);
    PlanPtr leaf = scan(plan, outside_.size());
    leaf->node = Plan::Node::kWorkingTable;
    return leaf;
  }
  void place_others(PlanPtr& plan, std::vector<PlanPtr>& others) const {
    const bool picked = is_pure_projection(*plan) && plan->inputs[0]->node == Plan::Node::kWorkingTable;
    if (!picked && plan->node != Plan::Node::kWorkingTable) {
      for (PlanPtr& input : plan->inputs) place_others(input, others);
      return;
    }
    PlanPtr outside = outside_[(picked ? *plan->inputs[0] : *plan).relation_id - 1]->clone();
    if (picked) {
      Columns columns;
      for (const ExprPtr& e : plan->exprs) columns.push_back(e->column);
      outside = pick(std::move(outside), std::move(columns));
    }
    const std::string text = outside->text();
    std::size_t n = 0;
    while (n < others.size() && others[n]->text() != text) ++n;
    plan = scan(*outside, n + 1);
    if (n == others.size()) others.push_back(std::move(outside));
  }

  // What is outside, again at each iteration that has a working table.
  PlanPtr everywhere(const Plan& plan) {
    PlanPtr iterations = make_distinct(pick(working(), {static_cast<std::uint16_t>(recursion_.inputs[0]->schema.size())}));
    return make_join(Plan::JoinKind::kInner, other(plan), std::move(iterations), nullptr);
  }

  PlanPtr lift(const Plan& plan) {
    if (!reads_working_table(plan)) return everywhere(plan);
    if (plan.node == Plan::Node::kWorkingTable) return working();
    if (plan.node == Plan::Node::kJoin || plan.node == Plan::Node::kSemiJoin) return lift_join(plan);
    PlanPtr out = plan.clone();
    for (std::size_t n = 0; n < plan.inputs.size(); ++n) out->inputs[n] = lift(*plan.inputs[n]);
    const Plan& input = *out->inputs[0];
    const std::uint16_t iteration = last_of(input);
    std::size_t added = 0;  // columns that the node puts behind those of its input
    switch (plan.node) {
      case Plan::Node::kFilter: case Plan::Node::kDistinct: case Plan::Node::kUnionAll: case Plan::Node::kIntersectAll: case Plan::Node::kExceptAll:
        break;
      case Plan::Node::kProject: {
        if (is_pure_projection(plan)) {
          Columns columns;
          for (const ExprPtr& e : plan.exprs) columns.push_back(e->column);
          columns.push_back(iteration);
          return pick(std::move(out->inputs[0]), std::move(columns));
        }
        out->exprs.push_back(column_of(input.schema, iteration));
        break;
      }
      case Plan::Node::kAggregate:
        if (plan.exprs.empty()) refuse("an aggregate without GROUP BY over a recursive query");  // one row also where there is none to aggregate
        out->exprs.push_back(column_of(input.schema, iteration));
        added = plan.aggregates.size();
        break;
      case Plan::Node::kTopK:
        out->top_k.partition.push_back(iteration);
        added = plan.top_k.row_number ? 1 : 0;
        break;
      case Plan::Node::kSeries: added = 1; break;
      case Plan::Node::kUnnest: added = plan.exprs.size() + 1; break;
      case Plan::Node::kWindow:
        out->window.partition.push_back(iteration);
        added = plan.window.calls.size();
        break;
      default: refuse("this");
    }
    out->schema.clear();
    derive_node(*out);
    if (added == 0) return out;
    const std::size_t before = plan.schema.size() - added;
    Columns columns = counted(before), behind = counted(added, before + 1);
    columns.insert(columns.end(), behind.begin(), behind.end());
    columns.push_back(static_cast<std::uint16_t>(before));
    return pick(std::move(out), std::move(columns));
  }

  // A side that is outside stays as it is, unless its rows show also where they meet nothing: then they show at every iteration.
  PlanPtr lift_join(const Plan& plan) {
    const bool semi = plan.node == Plan::Node::kSemiJoin;
    const bool keeps_left = semi || plan.join_kind == Plan::JoinKind::kLeft, keeps_right = !semi && plan.join_kind == Plan::JoinKind::kRight;
    if (!semi && plan.join_kind == Plan::JoinKind::kFull) refuse("a full join with a recursive query");
    const bool left_inside = keeps_left || reads_working_table(*plan.inputs[0]), right_inside = keeps_right || reads_working_table(*plan.inputs[1]);
    const std::size_t left = plan.inputs[0]->schema.size(), right = plan.inputs[1]->schema.size();
    const auto moved = [&](std::uint16_t c) { return static_cast<std::uint16_t>(c < left ? c : c + (left_inside ? 1 : 0)); };

    PlanPtr out = plan.clone();
    out->inputs[0] = left_inside ? lift(*plan.inputs[0]) : other(*plan.inputs[0]);
    out->inputs[1] = right_inside ? lift(*plan.inputs[1]) : other(*plan.inputs[1]);
    if (left_inside && right_inside) {
      out->left_keys.push_back(last_of(*out->inputs[0]));
      out->right_keys.push_back(last_of(*out->inputs[1]));
    }
    for (const ExprPtr& e : out->exprs) renumber(*e, moved);
    out->schema.clear();
    derive_node(*out);
    if (semi) return out;
    Columns columns;
    for (std::size_t c = 0; c < left + right; ++c) columns.push_back(moved(static_cast<std::uint16_t>(c)));
    columns.push_back(left_inside && !keeps_right ? static_cast<std::uint16_t>(left) : last_of(*out));
    return pick(std::move(out), std::move(columns));
  }

  const Plan& recursion_;
  std::vector<const Plan*> outside_;  // plans within recursion_
};

}  // namespace

bool reads_working_table(const Plan& plan) {
  if (plan.node == Plan::Node::kWorkingTable) return true;
  if (plan.node == Plan::Node::kRecursion) return false;  // its own: one within it reads no other
  return std::any_of(plan.inputs.begin(), plan.inputs.end(), [](const PlanPtr& input) { return reads_working_table(*input); });
}

LiftedTerm lift_recursive_term(const Plan& recursion) { return Lifting(recursion).term(); }

}  // namespace weir
