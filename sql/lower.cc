// Plans to operators. What operators do not do alone is first said as a plan of those that they do:
//
//     a ⟕ b            J + (a ▷ b) × NULL                     J = a ⋈ b on the keys
//     a ⟕ b, θ         J + (a ▷ π_id(J)) × NULL               J = a ⋈ b on the keys and θ; id: a's key, or its whole rows; NULL equals NULL
//     a ⟗ b            J + (a ▷ …) × NULL + NULL × (b ▷ …)
//     a ⋉ b, θ         a ⋉ π_id(a ⋈ b on the keys and θ)      and ▷ likewise
//
// so that every part has a canonical text and is shared like any other stream.

#include "sql/lower.h"

#include <algorithm>

#include "operators/aggregate.h"
#include "operators/distinct.h"
#include "operators/join.h"
#include "operators/linear.h"
#include "operators/recursion.h"
#include "operators/semi_join.h"
#include "operators/series.h"
#include "operators/set_operations.h"
#include "operators/top_k.h"
#include "operators/unnest.h"
#include "operators/window.h"
#include "sql/functions.h"
#include "sql/plan_build.h"
#include "sql/recursion.h"
#include "sql/temporal.h"
#include "weir/error.h"

namespace weir {

NodeId Streams::find(const std::string& plan_text) const {
  const auto it = by_text_.find(plan_text);
  return it == by_text_.end() ? kNoNode : it->second;
}

void Streams::put(std::string plan_text, NodeId node) {
  by_node_.emplace(node, plan_text);
  by_text_[std::move(plan_text)] = node;
}

void Streams::remove(NodeId node) {
  const auto [first, last] = by_node_.equal_range(node);
  for (auto it = first; it != last; ++it) {
    const auto found = by_text_.find(it->second);
    if (found != by_text_.end() && found->second == node) by_text_.erase(found);
  }
  by_node_.erase(first, last);
}

namespace {

Columns range(std::size_t n, std::size_t from = 0) {
  Columns out;
  for (std::size_t i = 0; i < n; ++i) out.push_back(static_cast<std::uint16_t>(from + i));
  return out;
}

// The columns by which rows of a side are told apart.
Columns identity_of(const Plan& side) { return side.has_key && !side.key.empty() ? side.key : range(side.schema.size()); }

PlanPtr node_of(Plan::Node node, PlanPtr left, PlanPtr right) {
  auto plan = std::make_unique<Plan>();
  plan->node = node;
  plan->inputs.push_back(std::move(left));
  plan->inputs.push_back(std::move(right));
  return plan;
}

PlanPtr inner_part(const Plan& join) {
  PlanPtr plan = node_of(Plan::Node::kJoin, join.inputs[0]->clone(), join.inputs[1]->clone());
  plan->left_keys = join.left_keys;
  plan->right_keys = join.right_keys;
  plan->null_matches = join.null_matches;
  if (!join.exprs.empty()) plan->exprs.push_back(join.exprs[0]->clone());
  derive_node(*plan);
  return plan;
}

// An outer join's columns `out` as a union of what meets and what does not.
PlanPtr expand_outer_join(const Plan& join, const Columns& out) {
  const Plan& left = *join.inputs[0];
  const Plan& right = *join.inputs[1];
  const std::size_t width = left.schema.size();
  const bool keep_left = join.join_kind != Plan::JoinKind::kRight, keep_right = join.join_kind != Plan::JoinKind::kLeft;
  const bool by_identity = !join.exprs.empty();

  // The inner part, with what tells the rows of a kept side apart where a condition decides who meets.
  Columns columns = out;
  const auto place = [&](std::uint16_t column) {
    auto it = std::find(columns.begin(), columns.end(), column);
    if (it == columns.end()) it = columns.insert(columns.end(), column);
    return static_cast<std::uint16_t>(it - columns.begin());
  };
  Columns left_ids, right_ids;  // in `columns`
  if (by_identity && keep_left) {
    for (std::uint16_t c : identity_of(left)) left_ids.push_back(place(c));
  }
  if (by_identity && keep_right) {
    for (std::uint16_t c : identity_of(right)) right_ids.push_back(place(static_cast<std::uint16_t>(c + width)));
  }
  PlanPtr inner = make_columns(inner_part(join), columns);

  std::vector<PlanPtr> parts;
  const auto unmatched = [&](bool is_left) {
    const Plan& kept = is_left ? left : right;
    const Plan& other = is_left ? right : left;
    PlanPtr anti;
    if (by_identity) {
      anti = node_of(Plan::Node::kSemiJoin, kept.clone(), make_columns(inner->clone(), is_left ? left_ids : right_ids));
      anti->left_keys = identity_of(kept);
      anti->right_keys = range(anti->left_keys.size());
      anti->null_matches = true;
    } else {
      anti = node_of(Plan::Node::kSemiJoin, kept.clone(), other.clone());
      anti->left_keys = is_left ? join.left_keys : join.right_keys;
      anti->right_keys = is_left ? join.right_keys : join.left_keys;
      anti->null_matches = join.null_matches;
    }
    anti->anti = true;
    derive_node(*anti);
    std::vector<ExprPtr> exprs;
    for (std::uint16_t c : out) {
      const bool own = (c < width) == is_left;
      exprs.push_back(own ? Expr::make_column(static_cast<std::uint16_t>(is_left ? c : c - width), join.schema[c].type) : null_constant(join.schema[c].type));
    }
    return make_project(std::move(anti), std::move(exprs));
  };
  if (keep_left) parts.push_back(unmatched(true));
  if (keep_right) parts.push_back(unmatched(false));
  if (columns.size() > out.size()) inner = make_columns(std::move(inner), range(out.size()));
  parts.insert(parts.begin(), std::move(inner));
  return make_union_all(std::move(parts));
}

PlanPtr expand_semi_join(const Plan& plan) {
  const Plan& left = *plan.inputs[0];
  PlanPtr met = make_columns(inner_part(plan), identity_of(left));
  PlanPtr out = node_of(Plan::Node::kSemiJoin, left.clone(), std::move(met));
  out->left_keys = identity_of(left);
  out->right_keys = range(out->left_keys.size());
  out->null_matches = true;
  out->anti = plan.anti;
  derive_node(*out);
  return out;
}

class Lowering {
 public:
  Lowering(Circuit& circuit, const std::function<NodeId(const Plan&)>& relation, Streams& streams) : circuit_(circuit), relation_(relation), streams_(streams) {}

  // The plan's stream, retained once for the caller.
  NodeId lower(const Plan& plan) {
    if (plan.node == Plan::Node::kScan) {
      const NodeId node = relation_(plan);
      circuit_.retain(node);
      return node;
    }
    std::string text = plan.text();
    if (const NodeId known = streams_.find(text); known != kNoNode) {
      circuit_.retain(known);
      return known;
    }
    const NodeId node = build(plan);
    streams_.put(std::move(text), node);
    put_.push_back(node);
    return node;
  }

  // After a Failure: the nodes made are gone.
  void forget() {
    for (NodeId node : put_) streams_.remove(node);
  }

 private:
  // A stream held while what reads it is built.
  class Held {
   public:
    Held(Circuit& circuit, NodeId node) : circuit_(circuit), node_(node) {}
    ~Held() { circuit_.release(node_); }
    Held(const Held&) = delete;
    operator NodeId() const { return node_; }

   private:
    Circuit& circuit_;
    NodeId node_;
  };

  NodeId build(const Plan& plan) {
    switch (plan.node) {
      case Plan::Node::kScan: return lower(plan);
      case Plan::Node::kValues: return values(plan);
      case Plan::Node::kFilter: {
        if (mentions_now(*plan.exprs[0])) return filtered_by_time(plan);
        const Held input(circuit_, lower(*plan.inputs[0]));
        return filter(circuit_, input, compile(*plan.exprs[0]));
      }
      case Plan::Node::kProject: {
        const Plan& below = *plan.inputs[0];
        if (below.node == Plan::Node::kJoin && is_pure_projection(plan)) {
          Columns columns;
          for (const ExprPtr& e : plan.exprs) columns.push_back(e->column);
          return joined(below, columns);
        }
        const Held input(circuit_, lower(below));
        std::vector<ExpressionPtr> columns;
        for (const ExprPtr& e : plan.exprs) columns.push_back(compile(*e));
        return project(circuit_, input, std::move(columns));
      }
      case Plan::Node::kJoin: return joined(plan, range(plan.schema.size()));
      case Plan::Node::kSemiJoin: {
        if (!plan.exprs.empty()) return lower(*expand_semi_join(plan));
        const Held left(circuit_, lower(*plan.inputs[0])), right(circuit_, lower(*plan.inputs[1]));
        return semi_join(circuit_, left, right, plan.left_keys, plan.right_keys, plan.anti, plan.null_matches);
      }
      case Plan::Node::kAggregate: {
        const Held input(circuit_, lower(*plan.inputs[0]));
        std::vector<ExpressionPtr> keys;
        for (const ExprPtr& e : plan.exprs) keys.push_back(compile(*e));
        std::vector<AggregateSpec> specs;
        for (const AggregateCall& a : plan.aggregates) {
          specs.push_back({a.function, a.argument ? compile(*a.argument) : nullptr, a.filter ? compile(*a.filter) : nullptr, a.distinct,
                           a.argument ? a.argument->type.id : TypeId::kUnknown, a.result.id});
          for (const ExprPtr& e : a.more) specs.back().more.push_back(compile(*e));
          specs.back().order = a.order;
          for (const ExprPtr& e : a.direct) specs.back().direct.push_back(e->constant);
        }
        return aggregate(circuit_, input, std::move(keys), std::move(specs));
      }
      case Plan::Node::kDistinct: {
        const Held input(circuit_, lower(*plan.inputs[0]));
        return distinct(circuit_, input);
      }
      case Plan::Node::kUnionAll: {
        std::vector<std::unique_ptr<Held>> held;
        std::vector<NodeId> inputs;
        for (const PlanPtr& input : plan.inputs) {
          held.push_back(std::make_unique<Held>(circuit_, lower(*input)));
          inputs.push_back(*held.back());
        }
        return union_all(circuit_, inputs);
      }
      case Plan::Node::kIntersectAll: case Plan::Node::kExceptAll: {
        const Held left(circuit_, lower(*plan.inputs[0])), right(circuit_, lower(*plan.inputs[1]));
        return plan.node == Plan::Node::kIntersectAll ? intersect_all(circuit_, left, right) : except_all(circuit_, left, right);
      }
      case Plan::Node::kTopK: {
        const Held input(circuit_, lower(*plan.inputs[0]));
        return top_k(circuit_, input, plan.top_k);
      }
      case Plan::Node::kSeries: {
        const Held input(circuit_, lower(*plan.inputs[0]));
        return series(circuit_, input, compile(*plan.exprs[0]), compile(*plan.exprs[1]), compile(*plan.exprs[2]), plan.exprs[0]->type.id);
      }
      case Plan::Node::kUnnest: {
        const Held input(circuit_, lower(*plan.inputs[0]));
        std::vector<ExpressionPtr> arrays;
        std::vector<TypeId> types;
        for (const ExprPtr& e : plan.exprs) {
          arrays.push_back(compile(*e));
          types.push_back(e->type.id);
        }
        return unnest(circuit_, input, std::move(arrays), std::move(types), plan.all);
      }
      case Plan::Node::kWindow: {
        const Held input(circuit_, lower(*plan.inputs[0]));
        return window(circuit_, input, plan.window);
      }
      case Plan::Node::kRecursion: return recursive(plan);
      case Plan::Node::kWorkingTable: break;
    }
    throw Failure(ErrorCode::kInternal, "a plan without an operator");
  }

  NodeId filtered_by_time(const Plan& plan) {
    TimedCondition condition = split_by_time(*plan.exprs[0], plan.inputs[0]->schema.size());
    if (condition.timeless) return lower_timed(*make_filter(plan.inputs[0]->clone(), std::move(condition.timeless)), condition);
    return lower_timed(*plan.inputs[0], condition);
  }
  NodeId lower_timed(const Plan& below, const TimedCondition& condition) {
    const Held input(circuit_, lower(below));
    std::vector<TimeCondition> timed;
    for (const TimedCondition::Part& part : condition.timed) timed.push_back({compile(*part.condition), part.enters, part.by_day});
    return temporal_filter(circuit_, input, std::move(timed));
  }

  // What the recursive term reads outside of its recursion is lowered here, the rest in the nested circuit.
  NodeId recursive(const Plan& plan) {
    const LiftedTerm term = lift_recursive_term(plan);
    const Held base(circuit_, lower(*plan.inputs[0]));
    std::vector<std::unique_ptr<Held>> held;
    std::vector<NodeId> others;
    for (const PlanPtr& other : term.others) {
      held.push_back(std::make_unique<Held>(circuit_, lower(*other)));
      others.push_back(*held.back());
    }
    RecursionSpec spec;
    spec.all = plan.all;
    spec.step = [&](Circuit& inner, NodeId working, std::span<const NodeId> sources) {
      const auto source = [&](const Plan& scan) { return scan.relation_id == 0 ? working : sources[scan.relation_id - 1]; };
      return weir::lower(*term.plan, inner, source, nullptr);
    };
    return recursion(circuit_, base, others, spec);
  }

  // The join's columns `out`.
  NodeId joined(const Plan& plan, const Columns& out) {
    if (plan.join_kind != Plan::JoinKind::kInner) return lower(*expand_outer_join(plan, out));
    const std::size_t width = plan.inputs[0]->schema.size();
    Columns columns = out;
    JoinSpec spec;
    if (!plan.exprs.empty()) {
      const ExprPtr condition = plan.exprs[0]->clone();
      renumber(*condition, [&](std::uint16_t c) {
        auto it = std::find(columns.begin(), columns.end(), c);
        if (it == columns.end()) it = columns.insert(columns.end(), c);
        return static_cast<std::uint16_t>(it - columns.begin());
      });
      spec.condition = compile(*condition);
    }
    spec.left_keys = plan.left_keys;
    spec.right_keys = plan.right_keys;
    spec.null_matches = plan.null_matches;
    for (std::uint16_t c : columns) spec.output.push_back({c >= width, static_cast<std::uint16_t>(c < width ? c : c - width)});
    const Held left(circuit_, lower(*plan.inputs[0])), right(circuit_, lower(*plan.inputs[1]));
    if (columns.size() == out.size()) return join(circuit_, left, right, std::move(spec));
    const Held whole(circuit_, join(circuit_, left, right, std::move(spec)));
    std::vector<ExpressionPtr> kept;
    for (std::size_t i = 0; i < out.size(); ++i) kept.push_back(compile(*Expr::make_column(static_cast<std::uint16_t>(i), plan.schema[out[i]].type)));
    return project(circuit_, whole, std::move(kept));
  }

  NodeId values(const Plan& plan) {
    Arena arena;
    std::vector<Kind> kinds;
    std::vector<KeyKind> types;
    for (const Field& f : plan.schema) {
      kinds.push_back(kind_of(f.type.id));
      types.push_back(key_kind_of(f.type.id));
    }
    Delta rows;
    ChunkBuilder builder(kinds, arena, rows, static_cast<std::uint32_t>(std::min<std::size_t>(plan.rows.size(), kChunkRows)));
    std::vector<Datum> row(kinds.size());
    for (const auto& exprs : plan.rows) {
      for (std::size_t i = 0; i < exprs.size(); ++i) {
        const Expr& e = *exprs[i];
        row[i] = e.node == Expr::Node::kConstant ? e.constant.get() : evaluate_constant(e, arena);
        if (row[i].null) row[i] = Datum::of_null(kinds[i]);
      }
      builder.append(row, 1);
    }
    builder.finish();
    return constant(circuit_, std::move(types), rows);
  }

  Circuit& circuit_;
  const std::function<NodeId(const Plan&)>& relation_;
  Streams& streams_;
  std::vector<NodeId> put_;
};

}  // namespace

NodeId lower(const Plan& plan, Circuit& circuit, const std::function<NodeId(const Plan& scan)>& relation, Streams* streams) {
  Streams own;
  Lowering lowering(circuit, relation, streams ? *streams : own);
  try {
    return lowering.lower(plan);
  } catch (...) {
    lowering.forget();
    throw;
  }
}

}  // namespace weir
