// The rewrite rules. Each takes a plan and gives one that means the same.
//
//     push    filters go down to where their columns are; nested inner joins, filters and projections are taken apart into leaves and conjuncts and put
//             together again, equalities between sides becoming keys; an outer join whose NULL rows a filter rejects becomes an inner one
//     prune   columns that nobody asks for go, at the outputs of joins and aggregates
//     derive  schemas and keys, bottom up
//
// Errors   as in PostgreSQL, a condition may be evaluated for rows that a join would have dropped; never for rows that a filter, LIMIT or an outer join's
//          condition at the same place would have, and conjuncts keep their order.

#include <algorithm>
#include <numeric>

#include "sql/decorrelate.h"
#include "sql/functions.h"
#include "sql/plan_build.h"
#include "sql/temporal.h"
#include "weir/error.h"

namespace weir {

namespace {

using Exprs = std::vector<ExprPtr>;
constexpr Type kBoolean{TypeId::kBoolean, 0, 0};
constexpr std::size_t kMergedSizeMost = 4096;  // nodes of the expressions of one projection after merging

ExprPtr column(std::size_t i, const Type& type) { return Expr::make_column(static_cast<std::uint16_t>(i), type); }

Exprs columns_of(const Schema& schema, std::size_t from = 0) {
  Exprs out;
  for (std::size_t i = 0; i < schema.size(); ++i) out.push_back(column(from + i, schema[i].type));
  return out;
}

void shift(Expr& expr, int by) {
  renumber(expr, [by](std::uint16_t c) { return static_cast<std::uint16_t>(c + by); });
}

// -------------------------------------------------------------------------------------------------------------------------- fold

void fold_all(Plan& plan) {
  for (PlanPtr& input : plan.inputs) fold_all(*input);
  each_expr(plan, [](ExprPtr& e) { e = fold(std::move(e)); });
}

// --------------------------------------------------------------------------------------------------------- what a condition says

// Where an expression's columns lie, of left ++ right with `width` left ones.
struct Sides {
  bool left = false, right = false;
};
Sides sides_of(const Expr& expr, std::size_t width) {
  Sides sides;
  each_column(expr, [&](std::uint16_t c) { (c < width ? sides.left : sides.right) = true; });
  return sides;
}

bool is_call(const Expr& expr, std::string_view name, std::size_t arguments) {
  return expr.node == Expr::Node::kCall && expr.args.size() == arguments && expr.function->name == name;
}

// Is the expression NULL where all these columns are?
bool null_with(const Expr& expr, const std::function<bool(std::uint16_t)>& nulls) {
  switch (expr.node) {
    case Expr::Node::kColumn: return nulls(expr.column);
    case Expr::Node::kConstant: return expr.constant.get().null;
    case Expr::Node::kCall:
      return expr.function->strict && std::any_of(expr.args.begin(), expr.args.end(), [&](const ExprPtr& a) { return null_with(*a, nulls); });
    case Expr::Node::kCoalesce: case Expr::Node::kAnd: case Expr::Node::kOr:
      return std::all_of(expr.args.begin(), expr.args.end(), [&](const ExprPtr& a) { return null_with(*a, nulls); });
    case Expr::Node::kCase: case Expr::Node::kParameter: case Expr::Node::kNow: return false;
  }
  return false;
}

// Is the condition not true where all these columns are NULL?
bool rejects_null(const Expr& expr, const std::function<bool(std::uint16_t)>& nulls) {
  const auto reject = [&](const ExprPtr& a) { return rejects_null(*a, nulls); };
  if (expr.node == Expr::Node::kAnd) return std::any_of(expr.args.begin(), expr.args.end(), reject);
  if (expr.node == Expr::Node::kOr) return std::all_of(expr.args.begin(), expr.args.end(), reject);
  if (is_call(expr, "is not null", 1)) return null_with(*expr.args[0], nulls);
  if (is_call(expr, "is true", 1)) return rejects_null(*expr.args[0], nulls);
  if (expr.node == Expr::Node::kConstant) {
    const Datum value = expr.constant.get();
    return value.null || !value.boolean;
  }
  return null_with(expr, nulls);
}

// ----------------------------------------------------------------------------------------------------------------- joins with keys

struct KeyPair {
  ExprPtr left, right;      // each over its own side
  bool null_safe = false;  // NULL meets NULL
};

bool is_equality(const Expr& e) { return is_call(e, "=", 2) || is_call(e, "is not distinct from", 2); }

// Takes `left = right` out of a conjunct over left ++ right; false if it is none.
bool take_key(const Expr& conjunct, std::size_t width, KeyPair& pair) {
  if (!is_equality(conjunct)) return false;
  for (std::size_t i = 0; i < 2; ++i) {
    const Expr& a = *conjunct.args[i];
    const Expr& b = *conjunct.args[1 - i];
    const Sides of_a = sides_of(a, width), of_b = sides_of(b, width);
    if (!of_a.left || of_a.right || of_b.left || !of_b.right || !keys_agree(a.type, b.type)) continue;
    pair.null_safe = conjunct.function->name != "=";
    pair.left = a.clone();
    pair.right = b.clone();
    shift(*pair.right, -static_cast<int>(width));
    return true;
  }
  return false;
}

// The column of `plan` that holds the expression; where there is none, it is appended to `extra`.
std::uint16_t key_column(const Plan& plan, ExprPtr expr, Exprs& extra) {
  if (expr->node == Expr::Node::kColumn) return expr->column;
  const std::string text = expr->text();
  for (std::size_t i = 0; i < extra.size(); ++i) {
    if (extra[i]->text() == text) return static_cast<std::uint16_t>(plan.schema.size() + i);
  }
  extra.push_back(std::move(expr));
  return static_cast<std::uint16_t>(plan.schema.size() + extra.size() - 1);
}

PlanPtr extended(PlanPtr plan, Exprs extra) {
  if (extra.empty()) return plan;
  Exprs exprs = columns_of(plan->schema);
  std::vector<std::string> names;
  for (const Field& f : plan->schema) names.push_back(f.name);
  for (ExprPtr& e : extra) {
    exprs.push_back(std::move(e));
    names.emplace_back("?column?");
  }
  return make_project(std::move(plan), std::move(exprs), std::move(names));
}

// A join or semijoin with these keys and this further condition over left ++ right. Keys that must be computed are columns of a projection below; the
// result has the columns of the inputs as they were.
PlanPtr keyed(PlanPtr node, PlanPtr left, PlanPtr right, std::vector<KeyPair> pairs, Exprs conjuncts) {
  const std::size_t left_width = left->schema.size(), right_width = right->schema.size();
  Exprs left_extra, right_extra;
  // Keys are compared in one way. Where NULL meets NULL in some of them, the others leave out the rows of the right side that have none.
  for (KeyPair& pair : pairs) pair.null_safe = pair.null_safe && is_nullable(*pair.left, left->schema) && is_nullable(*pair.right, right->schema);
  const auto null_safe = [](const KeyPair& pair) { return pair.null_safe; };
  node->null_matches = std::any_of(pairs.begin(), pairs.end(), null_safe);
  const bool full = node->node == Plan::Node::kJoin && node->join_kind == Plan::JoinKind::kFull;
  if (node->null_matches && full && !std::all_of(pairs.begin(), pairs.end(), null_safe)) {  // a full join keeps them: then it is a condition
    for (KeyPair& pair : pairs) {
      if (!pair.null_safe) continue;
      shift(*pair.right, static_cast<int>(left_width));
      Exprs both;
      both.push_back(std::move(pair.left));
      both.push_back(std::move(pair.right));
      conjuncts.push_back(bind_operator("is not distinct from", std::move(both), -1));
    }
    std::erase_if(pairs, null_safe);
    node->null_matches = false;
  }
  if (node->null_matches) {
    Exprs present;
    for (const KeyPair& pair : pairs) {
      if (pair.null_safe || !is_nullable(*pair.left, left->schema) || !is_nullable(*pair.right, right->schema)) continue;
      Exprs argument;
      argument.push_back(pair.right->clone());
      present.push_back(bind_operator("is not null", std::move(argument), -1));
    }
    right = make_filter(std::move(right), conjunction(std::move(present)));
  }
  node->left_keys.clear();
  node->right_keys.clear();
  for (KeyPair& pair : pairs) {
    const std::uint16_t l = key_column(*left, std::move(pair.left), left_extra), r = key_column(*right, std::move(pair.right), right_extra);
    bool known = false;
    for (std::size_t i = 0; i < node->left_keys.size(); ++i) known = known || (node->left_keys[i] == l && node->right_keys[i] == r);
    if (known) continue;
    node->left_keys.push_back(l);
    node->right_keys.push_back(r);
  }
  const std::size_t grown = left_extra.size();
  const bool computed = grown || !right_extra.empty();
  const std::size_t result_left = left_width, result_right = node->node == Plan::Node::kJoin ? right_width : 0;
  node->inputs.clear();
  node->inputs.push_back(extended(std::move(left), std::move(left_extra)));
  node->inputs.push_back(extended(std::move(right), std::move(right_extra)));
  node->exprs.clear();
  if (ExprPtr condition = conjunction(std::move(conjuncts))) {
    renumber(*condition, [&](std::uint16_t c) { return c < left_width ? c : static_cast<std::uint16_t>(c + grown); });
    node->exprs.push_back(std::move(condition));
  }
  derive_node(*node);
  if (!computed) return node;
  Columns back;
  for (std::size_t i = 0; i < result_left; ++i) back.push_back(static_cast<std::uint16_t>(i));
  for (std::size_t i = 0; i < result_right; ++i) back.push_back(static_cast<std::uint16_t>(left_width + grown + i));
  return make_columns(std::move(node), back);
}

PlanPtr new_node(Plan::Node node) {
  auto plan = std::make_unique<Plan>();
  plan->node = node;
  return plan;
}

// -------------------------------------------------------------------------------------------------------------------------- push

PlanPtr push(PlanPtr plan, Exprs conjuncts);

// Inner joins, filters and projections above leaves, taken apart: the leaves side by side, the conjuncts over all their columns.
struct Cluster {
  std::vector<PlanPtr> leaves;
  std::vector<std::size_t> bases;  // the first column of each leaf
  std::size_t width = 0;
  Exprs conjuncts;
};

bool is_open_join(const Plan& plan) {
  return plan.node == Plan::Node::kJoin && plan.join_kind == Plan::JoinKind::kInner && plan.left_keys.empty();
}

// Sizes of a plan's columns as expressions over the leaves, so that merging projections does not blow up.
std::vector<std::size_t> sizes_of(const Plan& plan) {
  if (plan.node == Plan::Node::kFilter) return sizes_of(*plan.inputs[0]);
  if (plan.node == Plan::Node::kProject) {
    const auto sized = [&](const std::vector<std::size_t>& in) {
      std::vector<std::size_t> out;
      for (const ExprPtr& e : plan.exprs) {
        std::size_t size = size_of(*e);
        each_column(*e, [&](std::uint16_t c) { size += in[c] - 1; });
        out.push_back(size);
      }
      return out;
    };
    std::vector<std::size_t> out = sized(sizes_of(*plan.inputs[0]));
    if (std::accumulate(out.begin(), out.end(), std::size_t{0}) > kMergedSizeMost) out = sized(std::vector<std::size_t>(plan.inputs[0]->schema.size(), 1));
    return out;
  }
  if (is_open_join(plan)) {
    std::vector<std::size_t> out = sizes_of(*plan.inputs[0]), right = sizes_of(*plan.inputs[1]);
    out.insert(out.end(), right.begin(), right.end());
    return out;
  }
  return std::vector<std::size_t>(plan.schema.size(), 1);
}

bool merges(const Plan& project) {
  std::size_t total = 0;
  const std::vector<std::size_t> in = sizes_of(*project.inputs[0]);
  for (const ExprPtr& e : project.exprs) {
    total += size_of(*e);
    each_column(*e, [&](std::uint16_t c) { total += in[c] - 1; });
  }
  return total <= kMergedSizeMost;
}

Exprs add_leaf(PlanPtr plan, Cluster& cluster) {
  Exprs out = columns_of(plan->schema, cluster.width);
  cluster.bases.push_back(cluster.width);
  cluster.width += plan->schema.size();
  cluster.leaves.push_back(std::move(plan));
  return out;
}

// The plan's columns over the cluster's.
Exprs flatten(PlanPtr plan, Cluster& cluster) {
  const auto add_condition = [&](const Expr& condition, const Exprs& columns) { split_conjuncts(substitute(condition, columns), cluster.conjuncts); };
  if (plan->node == Plan::Node::kFilter) {
    const ExprPtr condition = std::move(plan->exprs[0]);
    Exprs out = flatten(std::move(plan->inputs[0]), cluster);
    add_condition(*condition, out);
    return out;
  }
  if (plan->node == Plan::Node::kProject) {
    const bool merge = merges(*plan);
    const Exprs exprs = std::move(plan->exprs);
    const Exprs in = merge ? flatten(std::move(plan->inputs[0]), cluster) : add_leaf(std::move(plan->inputs[0]), cluster);
    Exprs out;
    for (const ExprPtr& e : exprs) out.push_back(substitute(*e, in));
    return out;
  }
  if (is_open_join(*plan)) {
    const ExprPtr condition = plan->exprs.empty() ? nullptr : std::move(plan->exprs[0]);
    Exprs out = flatten(std::move(plan->inputs[0]), cluster);
    Exprs right = flatten(std::move(plan->inputs[1]), cluster);
    std::move(right.begin(), right.end(), std::back_inserter(out));
    if (condition) add_condition(*condition, out);
    return out;
  }
  return add_leaf(std::move(plan), cluster);
}

PlanPtr push_cluster(PlanPtr plan, Exprs above) {
  const Schema schema = plan->schema;
  Cluster cluster;
  Exprs outputs = flatten(std::move(plan), cluster);
  for (ExprPtr& c : above) split_conjuncts(substitute(*c, outputs), cluster.conjuncts);
  for (ExprPtr& c : cluster.conjuncts) c = fold(std::move(c));
  Exprs flat;
  for (ExprPtr& c : cluster.conjuncts) split_conjuncts(std::move(c), flat);

  const std::size_t count = cluster.leaves.size();
  const auto leaf_of = [&](std::uint16_t c) {
    return static_cast<std::size_t>(std::upper_bound(cluster.bases.begin(), cluster.bases.end(), c) - cluster.bases.begin()) - 1;
  };
  // A leaf without columns shares its base with the next one; upper_bound takes the last, which is the one with columns.
  std::vector<Exprs> own(count);
  Exprs open_conjuncts, constant_conjuncts;
  for (ExprPtr& c : flat) {
    std::vector<bool> used(count, false);
    each_column(*c, [&](std::uint16_t i) { used[leaf_of(i)] = true; });
    const auto n = std::count(used.begin(), used.end(), true);
    if (n == 0) {
      constant_conjuncts.push_back(std::move(c));
    } else if (n == 1) {
      const std::size_t leaf = leaf_of([&] {
        std::uint16_t first = 0;
        each_column(*c, [&](std::uint16_t i) { first = i; });
        return first;
      }());
      shift(*c, -static_cast<int>(cluster.bases[leaf]));
      own[leaf].push_back(std::move(c));
    } else {
      open_conjuncts.push_back(std::move(c));
    }
  }

  // Conditions without columns hold for all rows or none, and come first; one that never holds makes the others idle.
  const bool never = std::any_of(constant_conjuncts.begin(), constant_conjuncts.end(), [](const ExprPtr& c) {
    return c->node == Expr::Node::kConstant && (c->constant.get().null || !c->constant.get().boolean);
  });
  if (never) {
    for (Exprs& conjuncts : own) conjuncts.clear();
    open_conjuncts.clear();
  }
  own[0].insert(own[0].begin(), std::make_move_iterator(constant_conjuncts.begin()), std::make_move_iterator(constant_conjuncts.end()));

  std::vector<std::size_t> widths;
  for (const PlanPtr& leaf : cluster.leaves) widths.push_back(leaf->schema.size());
  std::vector<int> where(cluster.width, -1);  // cluster column → column of what is joined so far
  std::vector<bool> joined(count, false);
  PlanPtr current;
  const auto seen = [&](const Expr& e) {
    bool all = true;
    each_column(e, [&](std::uint16_t c) { all = all && where[c] >= 0; });
    return all;
  };
  const auto within = [&](const Expr& e, std::size_t leaf) {
    bool all = true, any = false;
    each_column(e, [&](std::uint16_t c) { all = all && leaf_of(c) == leaf, any = true; });
    return all && any;
  };
  const auto connects = [&](const Expr& c, std::size_t leaf) {
    if (!is_equality(c) || !keys_agree(c.args[0]->type, c.args[1]->type)) return false;
    const auto has_columns = [](const Expr& e) {
      bool any = false;
      each_column(e, [&](std::uint16_t) { any = true; });
      return any;
    };
    for (std::size_t i = 0; i < 2; ++i) {
      if (within(*c.args[i], leaf) && has_columns(*c.args[1 - i]) && seen(*c.args[1 - i])) return true;
    }
    return false;
  };
  for (std::size_t step = 0; step < count; ++step) {
    // The next leaf in order that an equality ties to what is there; else one that any condition ties to it; else the next.
    std::size_t next = count;
    if (step > 0) {
      for (std::size_t leaf = 0; leaf < count && next == count; ++leaf) {
        if (!joined[leaf] && std::any_of(open_conjuncts.begin(), open_conjuncts.end(), [&](const ExprPtr& c) { return c && connects(*c, leaf); })) next = leaf;
      }
      for (std::size_t leaf = 0; leaf < count && next == count; ++leaf) {
        if (joined[leaf]) continue;
        for (const ExprPtr& c : open_conjuncts) {
          if (!c) continue;
          bool ties = true;
          each_column(*c, [&](std::uint16_t i) { ties = ties && (where[i] >= 0 || leaf_of(i) == leaf); });
          if (ties) next = leaf;
        }
      }
    }
    for (std::size_t leaf = 0; leaf < count && next == count; ++leaf) {
      if (!joined[leaf]) next = leaf;
    }
    joined[next] = true;
    PlanPtr leaf = push(std::move(cluster.leaves[next]), std::move(own[next]));
    const std::size_t width = current ? current->schema.size() : 0;
    for (std::size_t i = 0; i < widths[next]; ++i) where[cluster.bases[next] + i] = static_cast<int>(width + i);
    if (!current) {
      current = std::move(leaf);
      continue;
    }
    std::vector<KeyPair> pairs;
    Exprs rest, timed;  // a join has no time: what asks for it is a filter behind
    for (ExprPtr& c : open_conjuncts) {
      if (!c || !seen(*c)) continue;
      renumber(*c, [&](std::uint16_t i) { return static_cast<std::uint16_t>(where[i]); });
      KeyPair pair;
      if (take_key(*c, width, pair)) {
        pairs.push_back(std::move(pair));
      } else {
        (mentions_now(*c) ? timed : rest).push_back(std::move(c));
      }
      c = nullptr;
    }
    current = keyed(new_node(Plan::Node::kJoin), std::move(current), std::move(leaf), std::move(pairs), std::move(rest));
    current = make_filter(std::move(current), conjunction(std::move(timed)));
  }
  bool same = outputs.size() == current->schema.size();
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    renumber(*outputs[i], [&](std::uint16_t c) { return static_cast<std::uint16_t>(where[c]); });
    same = same && outputs[i]->node == Expr::Node::kColumn && outputs[i]->column == i;
  }
  if (!same) current = make_project(std::move(current), std::move(outputs));
  std::vector<std::string> names;
  for (const Field& f : schema) names.push_back(f.name);
  set_names(*current, names);
  return current;
}

// LEFT and FULL JOIN (RIGHT is turned around first).
PlanPtr push_outer_join(PlanPtr plan, Exprs above) {
  const std::size_t width = plan->inputs[0]->schema.size();
  const auto in_left = [&](std::uint16_t c) { return c < width; };
  const auto in_right = [&](std::uint16_t c) { return c >= width; };
  const bool left_met = std::any_of(above.begin(), above.end(), [&](const ExprPtr& c) { return rejects_null(*c, in_left); });
  const bool right_met = std::any_of(above.begin(), above.end(), [&](const ExprPtr& c) { return rejects_null(*c, in_right); });
  using JoinKind = Plan::JoinKind;
  if (plan->join_kind == JoinKind::kLeft && right_met) plan->join_kind = JoinKind::kInner;
  if (plan->join_kind == JoinKind::kRight && left_met) plan->join_kind = JoinKind::kInner;
  if (plan->join_kind == JoinKind::kFull && (left_met || right_met)) {
    plan->join_kind = left_met && right_met ? JoinKind::kInner : left_met ? JoinKind::kLeft : JoinKind::kRight;
  }
  if (plan->join_kind == JoinKind::kInner) {
    derive_node(*plan);
    return push(std::move(plan), std::move(above));
  }
  if (plan->join_kind == JoinKind::kRight) {
    const std::size_t right_width = plan->inputs[1]->schema.size();
    const auto turned = [&](std::uint16_t c) { return static_cast<std::uint16_t>(c < width ? c + right_width : c - width); };
    std::swap(plan->inputs[0], plan->inputs[1]);
    std::swap(plan->left_keys, plan->right_keys);
    plan->join_kind = JoinKind::kLeft;
    for (ExprPtr& e : plan->exprs) renumber(*e, turned);
    Schema schema = std::move(plan->schema);
    plan->schema.clear();
    derive_node(*plan);
    Columns back;
    for (std::size_t i = 0; i < schema.size(); ++i) back.push_back(turned(static_cast<std::uint16_t>(i)));
    PlanPtr project = make_columns(std::move(plan), back);
    return push(std::move(project), std::move(above));
  }

  Exprs left_conjuncts, right_conjuncts, rest, on;
  std::vector<KeyPair> pairs;
  for (std::size_t i = 0; i < plan->left_keys.size(); ++i) {
    pairs.push_back({column(plan->left_keys[i], plan->inputs[0]->schema[plan->left_keys[i]].type),
                     column(plan->right_keys[i], plan->inputs[1]->schema[plan->right_keys[i]].type), false});
  }
  const bool full = plan->join_kind == JoinKind::kFull;
  for (ExprPtr& c : above) {
    const Sides sides = sides_of(*c, width);
    (!full && sides.left && !sides.right ? left_conjuncts : rest).push_back(std::move(c));
  }
  Exprs conditions;
  if (!plan->exprs.empty()) split_conjuncts(fold(std::move(plan->exprs[0])), conditions);
  for (ExprPtr& c : conditions) {
    const Sides sides = sides_of(*c, width);
    KeyPair pair;
    if (!full && sides.right && !sides.left) {  // rows of the right side that fail it meet nothing
      shift(*c, -static_cast<int>(width));
      right_conjuncts.push_back(std::move(c));
    } else if (take_key(*c, width, pair)) {
      pairs.push_back(std::move(pair));
    } else {
      on.push_back(std::move(c));
    }
  }
  const bool decided = std::all_of(on.begin(), on.end(), [](const ExprPtr& c) { return c->node == Expr::Node::kConstant; });
  if (full && pairs.empty() && !decided) {  // PostgreSQL's rule, and no loss: every row would meet every other
    throw Failure(ErrorCode::kUnsupported, "FULL JOIN is only supported with an equality between its sides", on[0]->offset);
  }
  PlanPtr left = push(std::move(plan->inputs[0]), std::move(left_conjuncts));
  PlanPtr right = push(std::move(plan->inputs[1]), std::move(right_conjuncts));
  PlanPtr node = new_node(Plan::Node::kJoin);
  node->join_kind = plan->join_kind;
  return make_filter(keyed(std::move(node), std::move(left), std::move(right), std::move(pairs), std::move(on)), conjunction(std::move(rest)));
}

PlanPtr push_semi_join(PlanPtr plan, Exprs above) {
  const std::size_t width = plan->inputs[0]->schema.size();
  Exprs right_conjuncts, rest, conditions;
  std::vector<KeyPair> pairs;
  if (plan->null_matches) {  // a set operation: its keys are all there is
    plan->inputs[0] = push(std::move(plan->inputs[0]), std::move(above));
    plan->inputs[1] = push(std::move(plan->inputs[1]), {});
    derive_node(*plan);
    return plan;
  }
  for (std::size_t i = 0; i < plan->left_keys.size(); ++i) {
    pairs.push_back({column(plan->left_keys[i], plan->inputs[0]->schema[plan->left_keys[i]].type),
                     column(plan->right_keys[i], plan->inputs[1]->schema[plan->right_keys[i]].type), false});
  }
  if (!plan->exprs.empty()) split_conjuncts(fold(std::move(plan->exprs[0])), conditions);
  for (ExprPtr& c : conditions) {
    const Sides sides = sides_of(*c, width);
    KeyPair pair;
    if (!sides.left) {
      shift(*c, -static_cast<int>(width));
      right_conjuncts.push_back(std::move(c));
    } else if (!sides.right && !plan->anti) {
      above.push_back(std::move(c));
    } else if (!sides.right) {
      // NOT EXISTS for which a row outside must first qualify: a key that is TRUE, or NULL and then never met.
      Exprs args;
      args.push_back(std::move(c));
      args.push_back(boolean_constant(true));
      args.push_back(null_constant(kBoolean));
      pairs.push_back({Expr::make(Expr::Node::kCase, kBoolean, std::move(args)), boolean_constant(true)});
    } else if (take_key(*c, width, pair)) {
      pairs.push_back(std::move(pair));
    } else {
      rest.push_back(std::move(c));
    }
  }
  PlanPtr left = push(std::move(plan->inputs[0]), std::move(above));
  PlanPtr right = push(std::move(plan->inputs[1]), std::move(right_conjuncts));
  PlanPtr node = new_node(Plan::Node::kSemiJoin);
  node->anti = plan->anti;
  return keyed(std::move(node), std::move(left), std::move(right), std::move(pairs), std::move(rest));
}

// `place <= k` over a numbered top-k: its limit. Takes the conjunct where the limit says all of it.
bool take_limit(const Expr& conjunct, std::uint16_t number, TopKSpec& spec) {
  if (conjunct.node != Expr::Node::kCall || conjunct.args.size() != 2) return false;
  const Expr* a = conjunct.args[0].get();
  const Expr* b = conjunct.args[1].get();
  std::string op = conjunct.function->name;
  if (b->node == Expr::Node::kColumn) {
    std::swap(a, b);
    if (op == "<" || op == "<=") op = op == "<" ? ">" : ">=";
    else if (op == ">" || op == ">=") op = op == ">" ? "<" : "<=";
  }
  if (a->node != Expr::Node::kColumn || a->column != number || b->node != Expr::Node::kConstant || kind_of(b->type.id) != Kind::kInt) return false;
  const Datum bound = b->constant.get();
  if (bound.null || (op != "<=" && op != "<" && op != "=")) return false;
  std::int64_t most = bound.integer;
  if (op == "<") {
    if (most == INT64_MIN) return false;
    --most;
  }
  const std::uint64_t limit = most < 0 ? 0 : static_cast<std::uint64_t>(most);
  if (!spec.limit || *spec.limit > limit) spec.limit = limit;
  return op != "=" || most <= 1;
}

PlanPtr push(PlanPtr plan, Exprs conjuncts) {
  switch (plan->node) {
    case Plan::Node::kFilter: case Plan::Node::kProject:
      return push_cluster(std::move(plan), std::move(conjuncts));
    case Plan::Node::kJoin:
      if (is_open_join(*plan)) return push_cluster(std::move(plan), std::move(conjuncts));
      if (plan->join_kind != Plan::JoinKind::kInner) return push_outer_join(std::move(plan), std::move(conjuncts));
      return make_filter(std::move(plan), conjunction(std::move(conjuncts)));
    case Plan::Node::kSemiJoin:
      return push_semi_join(std::move(plan), std::move(conjuncts));
    case Plan::Node::kAggregate: {
      Exprs below, above;
      for (ExprPtr& c : conjuncts) {
        bool any = false, keys = true;
        each_column(*c, [&](std::uint16_t i) { any = true, keys = keys && i < plan->exprs.size(); });
        if (any && keys) {
          below.push_back(substitute(*c, plan->exprs));
        } else {
          above.push_back(std::move(c));
        }
      }
      plan->inputs[0] = push(std::move(plan->inputs[0]), std::move(below));
      derive_node(*plan);
      return make_filter(std::move(plan), conjunction(std::move(above)));
    }
    case Plan::Node::kDistinct: {
      PlanPtr input = push(std::move(plan->inputs[0]), std::move(conjuncts));
      if (input->has_key) {  // each row once already
        for (std::size_t i = 0; i < input->schema.size(); ++i) input->schema[i].name = plan->schema[i].name;
        return input;
      }
      plan->inputs[0] = std::move(input);
      derive_node(*plan);
      return plan;
    }
    case Plan::Node::kUnionAll: case Plan::Node::kIntersectAll: case Plan::Node::kExceptAll:
      for (PlanPtr& input : plan->inputs) {
        Exprs copies;
        for (const ExprPtr& c : conjuncts) copies.push_back(c->clone());
        input = push(std::move(input), std::move(copies));
      }
      derive_node(*plan);
      return plan;
    case Plan::Node::kTopK: {
      Exprs below, above;
      TopKSpec& spec = plan->top_k;
      const auto number = static_cast<std::uint16_t>(plan->schema.size() - 1);
      for (ExprPtr& c : conjuncts) {
        bool any = false, keys = true;
        each_column(*c, [&](std::uint16_t i) {
          any = true;
          keys = keys && std::find(spec.partition.begin(), spec.partition.end(), i) != spec.partition.end();
        });
        if (any && keys) {
          below.push_back(std::move(c));
        } else if (!(spec.row_number && spec.offset == 0 && take_limit(*c, number, spec))) {
          above.push_back(std::move(c));
        }
      }
      plan->inputs[0] = push(std::move(plan->inputs[0]), std::move(below));
      derive_node(*plan);
      return make_filter(std::move(plan), conjunction(std::move(above)));
    }
    case Plan::Node::kWindow: {
      Exprs below, above;
      const auto& partition = plan->window.partition;
      for (ExprPtr& c : conjuncts) {
        bool any = false, keys = true;
        each_column(*c, [&](std::uint16_t i) { any = true, keys = keys && std::find(partition.begin(), partition.end(), i) != partition.end(); });
        (any && keys ? below : above).push_back(std::move(c));
      }
      plan->inputs[0] = push(std::move(plan->inputs[0]), std::move(below));
      derive_node(*plan);
      return make_filter(std::move(plan), conjunction(std::move(above)));
    }
    case Plan::Node::kSeries: case Plan::Node::kUnnest: {
      Exprs below, above;
      const std::size_t value = plan->inputs[0]->schema.size();
      for (ExprPtr& c : conjuncts) {
        bool any = false, input = true;
        each_column(*c, [&](std::uint16_t i) { any = true, input = input && i < value; });
        (any && input ? below : above).push_back(std::move(c));
      }
      plan->inputs[0] = push(std::move(plan->inputs[0]), std::move(below));
      derive_node(*plan);
      return make_filter(std::move(plan), conjunction(std::move(above)));
    }
    case Plan::Node::kRecursion:
      for (PlanPtr& input : plan->inputs) input = push(std::move(input), {});
      derive_node(*plan);
      return make_filter(std::move(plan), conjunction(std::move(conjuncts)));
    case Plan::Node::kScan: case Plan::Node::kWorkingTable: case Plan::Node::kValues:
      return make_filter(std::move(plan), conjunction(std::move(conjuncts)));
  }
  return plan;
}

// ------------------------------------------------------------------------------------------------------------------------- prune

struct Pruned {
  PlanPtr plan;
  std::vector<int> map;  // old column → new one, or -1
};

std::vector<int> identity_map(std::size_t n) {
  std::vector<int> map(n);
  std::iota(map.begin(), map.end(), 0);
  return map;
}

void remap(Expr& expr, const std::vector<int>& map) {
  renumber(expr, [&](std::uint16_t c) { return static_cast<std::uint16_t>(map[c]); });
}

void remap(Columns& columns, const std::vector<int>& map) {
  for (std::uint16_t& c : columns) c = static_cast<std::uint16_t>(map[c]);
}

void need_columns(const Expr& expr, std::vector<bool>& need) {
  each_column(expr, [&](std::uint16_t c) { need[c] = true; });
}

// The columns of the input of a window or a top-k that have to stay. Ties are broken by all columns, so all stay; unless the order leaves no ties.
std::vector<bool> needed_in_order(const Plan& input, const Columns& partition, const std::vector<OrderKey>& order, const std::vector<bool>& need) {
  std::vector<bool> out(input.schema.size(), false);
  for (std::uint16_t c : partition) out[c] = true;
  for (const OrderKey& key : order) out[key.column] = true;
  const bool total = input.has_key && std::all_of(input.key.begin(), input.key.end(), [&](std::uint16_t c) { return out[c]; });
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = out[i] || need[i] || !total;
  return out;
}

Pruned prune(PlanPtr plan, std::vector<bool> need);

// Its output cut down to what is asked for.
Pruned cut(Pruned pruned, const std::vector<bool>& need) {
  Columns columns;
  std::vector<int> map(pruned.map.size(), -1);
  for (std::size_t i = 0; i < need.size(); ++i) {
    if (!need[i]) continue;
    map[i] = static_cast<int>(columns.size());
    columns.push_back(static_cast<std::uint16_t>(pruned.map[i]));
  }
  if (columns.empty()) {  // rows count, whatever they hold
    if (pruned.plan->schema.empty()) return pruned;
    columns.push_back(0);
  }
  if (columns.size() == pruned.plan->schema.size() && std::is_sorted(columns.begin(), columns.end())) return pruned;
  return {make_columns(std::move(pruned.plan), columns), std::move(map)};
}

// The same as prune(), and the output of a join cut down.
Pruned narrow(PlanPtr plan, const std::vector<bool>& need) {
  Pruned pruned = prune(std::move(plan), need);
  return pruned.plan->node == Plan::Node::kJoin ? cut(std::move(pruned), need) : std::move(pruned);
}

// An input of a join: where only columns of a table were picked, the table itself, whose arrangement every view shares. (A semijoin keeps no more of its
// right side than the keys: there any projection to columns is idle.)
Pruned join_input(PlanPtr plan, const std::vector<bool>& need, bool keys_alone) {
  Pruned pruned = keys_alone ? prune(std::move(plan), need) : narrow(std::move(plan), need);
  if (pruned.plan->node == Plan::Node::kWorkingTable) return cut(std::move(pruned), need);  // a nested circuit keeps a copy
  if (!is_pure_projection(*pruned.plan)) return pruned;
  const Plan::Node below = pruned.plan->inputs[0]->node;
  if (below == Plan::Node::kWorkingTable || (below != Plan::Node::kScan && (!keys_alone || below == Plan::Node::kJoin))) return pruned;
  for (int& i : pruned.map) {
    if (i >= 0) i = pruned.plan->exprs[static_cast<std::size_t>(i)]->column;
  }
  pruned.plan = std::move(pruned.plan->inputs[0]);
  return pruned;
}

// Exactly these columns, in order.
PlanPtr exactly(PlanPtr plan, const std::vector<bool>& need) {
  Pruned pruned = prune(std::move(plan), need);
  Columns columns;
  for (std::size_t i = 0; i < need.size(); ++i) {
    if (need[i]) columns.push_back(static_cast<std::uint16_t>(pruned.map[i]));
  }
  bool same = columns.size() == pruned.plan->schema.size();
  for (std::size_t i = 0; i < columns.size() && same; ++i) same = columns[i] == i;
  return same ? std::move(pruned.plan) : make_columns(std::move(pruned.plan), columns);
}

std::vector<bool> all_of(const Plan& plan) { return std::vector<bool>(plan.schema.size(), true); }

Pruned prune(PlanPtr plan, std::vector<bool> need) {
  Pruned out;
  switch (plan->node) {
    case Plan::Node::kScan: case Plan::Node::kWorkingTable: case Plan::Node::kValues:
      out.map = identity_map(plan->schema.size());
      break;
    case Plan::Node::kFilter: {
      need_columns(*plan->exprs[0], need);
      Pruned input = narrow(std::move(plan->inputs[0]), need);
      remap(*plan->exprs[0], input.map);
      plan->inputs[0] = std::move(input.plan);
      out.map = std::move(input.map);
      plan->schema.clear();
      break;
    }
    case Plan::Node::kProject: {
      if (std::none_of(need.begin(), need.end(), [](bool b) { return b; }) && !need.empty()) need[0] = true;
      Exprs exprs;
      std::vector<std::string> names;
      out.map.assign(need.size(), -1);
      std::vector<bool> below(plan->inputs[0]->schema.size(), false);
      for (std::size_t i = 0; i < need.size(); ++i) {
        if (!need[i]) continue;
        out.map[i] = static_cast<int>(exprs.size());
        need_columns(*plan->exprs[i], below);
        exprs.push_back(std::move(plan->exprs[i]));
        names.push_back(plan->schema[i].name);
      }
      const bool pure = std::all_of(exprs.begin(), exprs.end(), [](const ExprPtr& e) { return e->node == Expr::Node::kColumn; });
      // A join below gives just the columns that are computed with; a projection to columns is the join's own output.
      Pruned input = pure ? prune(std::move(plan->inputs[0]), below) : narrow(std::move(plan->inputs[0]), below);
      for (ExprPtr& e : exprs) remap(*e, input.map);
      bool same = pure && exprs.size() == input.plan->schema.size();
      for (std::size_t i = 0; i < exprs.size() && same; ++i) same = exprs[i]->column == i;
      if (same) {
        out.plan = std::move(input.plan);
        set_names(*out.plan, names);
        return out;
      }
      if (is_pure_projection(*input.plan) && (pure || input.plan->inputs[0]->node != Plan::Node::kJoin)) {  // two in a row
        for (ExprPtr& e : exprs) renumber(*e, [&](std::uint16_t c) { return input.plan->exprs[c]->column; });
        input.plan = std::move(input.plan->inputs[0]);
      }
      out.plan = make_project(std::move(input.plan), std::move(exprs), std::move(names));
      return out;
    }
    case Plan::Node::kJoin: case Plan::Node::kSemiJoin: {
      const std::size_t width = plan->inputs[0]->schema.size();
      need.resize(width + plan->inputs[1]->schema.size(), false);
      for (std::uint16_t c : plan->left_keys) need[c] = true;
      for (std::uint16_t c : plan->right_keys) need[width + c] = true;
      if (!plan->exprs.empty()) need_columns(*plan->exprs[0], need);
      const auto middle = need.begin() + static_cast<std::ptrdiff_t>(width);
      const bool keys_alone = plan->node == Plan::Node::kSemiJoin && plan->exprs.empty();
      Pruned left = join_input(std::move(plan->inputs[0]), std::vector<bool>(need.begin(), middle), false);
      Pruned right = join_input(std::move(plan->inputs[1]), std::vector<bool>(middle, need.end()), keys_alone);
      remap(plan->left_keys, left.map);
      remap(plan->right_keys, right.map);
      out.map = std::move(left.map);
      const auto new_width = static_cast<int>(left.plan->schema.size());
      for (int i : right.map) out.map.push_back(i < 0 ? -1 : i + new_width);
      if (!plan->exprs.empty()) remap(*plan->exprs[0], out.map);
      if (plan->node == Plan::Node::kSemiJoin) out.map.resize(width);
      plan->inputs[0] = std::move(left.plan);
      plan->inputs[1] = std::move(right.plan);
      plan->schema.clear();
      break;
    }
    case Plan::Node::kAggregate: {
      const std::size_t keys = plan->exprs.size();
      std::vector<AggregateCall> calls;
      out.map = identity_map(keys);
      if (keys == 0 && !need.empty() && std::none_of(need.begin(), need.end(), [](bool b) { return b; })) need[0] = true;
      for (std::size_t i = 0; i < plan->aggregates.size(); ++i) {
        out.map.push_back(need[keys + i] ? static_cast<int>(keys + calls.size()) : -1);
        if (need[keys + i]) calls.push_back(std::move(plan->aggregates[i]));
      }
      Schema names;
      for (std::size_t i = 0; i < out.map.size(); ++i) {
        if (out.map[i] >= 0) names.push_back(plan->schema[i]);
      }
      plan->aggregates = std::move(calls);
      plan->schema = std::move(names);
      std::vector<bool> below(plan->inputs[0]->schema.size(), false);
      for (const ExprPtr& e : plan->exprs) need_columns(*e, below);
      for (const AggregateCall& a : plan->aggregates) {
        a.each([&](const ExprPtr& e) { need_columns(*e, below); });
      }
      Pruned input = narrow(std::move(plan->inputs[0]), below);
      for (ExprPtr& e : plan->exprs) remap(*e, input.map);
      for (AggregateCall& a : plan->aggregates) {
        a.each([&](ExprPtr& e) { remap(*e, input.map); });
      }
      plan->inputs[0] = std::move(input.plan);
      break;
    }
    case Plan::Node::kSeries: case Plan::Node::kUnnest: {
      const std::size_t width = plan->inputs[0]->schema.size(), added = need.size() - width;
      std::vector<bool> below(need.begin(), need.begin() + static_cast<std::ptrdiff_t>(width));
      for (const ExprPtr& e : plan->exprs) need_columns(*e, below);
      Pruned input = narrow(std::move(plan->inputs[0]), below);
      for (ExprPtr& e : plan->exprs) remap(*e, input.map);
      out.map = std::move(input.map);
      for (std::size_t i = 0; i < added; ++i) out.map.push_back(static_cast<int>(input.plan->schema.size() + i));
      plan->inputs[0] = std::move(input.plan);
      plan->schema.clear();
      break;
    }
    case Plan::Node::kUnionAll:
      if (std::none_of(need.begin(), need.end(), [](bool b) { return b; }) && !need.empty()) need[0] = true;
      for (PlanPtr& input : plan->inputs) input = exactly(std::move(input), need);
      out.map.assign(need.size(), -1);
      for (std::size_t i = 0, n = 0; i < need.size(); ++i) {
        if (need[i]) out.map[i] = static_cast<int>(n++);
      }
      plan->schema.clear();
      break;
    case Plan::Node::kDistinct: case Plan::Node::kIntersectAll: case Plan::Node::kExceptAll: case Plan::Node::kRecursion:
      for (PlanPtr& input : plan->inputs) {
        const std::vector<bool> all = all_of(*input);
        input = exactly(std::move(input), all);
      }
      out.map = identity_map(plan->schema.size());
      break;
    case Plan::Node::kWindow: {
      WindowSpec& spec = plan->window;
      const auto width = plan->inputs[0]->schema.size();
      std::vector<bool> below = needed_in_order(*plan->inputs[0], spec.partition, spec.order, need);
      std::vector<WindowCall> calls;
      out.map.assign(need.size(), -1);
      for (std::size_t i = 0; i < spec.calls.size(); ++i) {
        if (!need[width + i]) continue;
        for (int c : {spec.calls[i].argument, spec.calls[i].second, spec.calls[i].count_column, spec.calls[i].fallback}) {
          if (c >= 0) below[static_cast<std::size_t>(c)] = true;
        }
        out.map[width + i] = static_cast<int>(calls.size());
        calls.push_back(spec.calls[i]);
      }
      if (calls.empty()) {
        need.resize(width);
        out = prune(std::move(plan->inputs[0]), std::move(need));
        out.map.resize(width + spec.calls.size(), -1);
        return out;
      }
      int n = 0;
      for (std::size_t i = 0; i < width; ++i) {
        if (below[i]) out.map[i] = n++;
      }
      for (std::size_t i = width; i < need.size(); ++i) {
        if (out.map[i] >= 0) out.map[i] += n;
      }
      plan->inputs[0] = exactly(std::move(plan->inputs[0]), below);
      remap(spec.partition, out.map);
      for (OrderKey& key : spec.order) key.column = static_cast<std::uint16_t>(out.map[key.column]);
      for (WindowCall& call : calls) {
        for (int* c : {&call.argument, &call.second, &call.count_column, &call.fallback}) {
          if (*c >= 0) *c = out.map[static_cast<std::size_t>(*c)];
        }
      }
      spec.calls = std::move(calls);
      plan->schema.clear();
      break;
    }
    case Plan::Node::kTopK: {
      TopKSpec& spec = plan->top_k;
      const auto width = plan->inputs[0]->schema.size();
      std::vector<bool> below = needed_in_order(*plan->inputs[0], spec.partition, spec.order, need);
      if (spec.row_number && !need[width] && spec.limit) spec.row_number = false;  // only the limit mattered
      std::vector<int> map(need.size(), -1);
      int n = 0;
      for (std::size_t i = 0; i < width; ++i) {
        if (below[i]) map[i] = n++;
      }
      if (spec.row_number) map[width] = n;
      plan->inputs[0] = exactly(std::move(plan->inputs[0]), below);
      remap(spec.partition, map);
      for (OrderKey& key : spec.order) key.column = static_cast<std::uint16_t>(map[key.column]);
      out.map = std::move(map);
      plan->schema.clear();
      break;
    }
  }
  derive_node(*plan);
  out.plan = std::move(plan);
  return out;
}

}  // namespace

PlanPtr prune_columns(PlanPtr plan) {
  const std::vector<bool> all = all_of(*plan);
  plan = exactly(std::move(plan), all);
  derive_all(*plan);
  return plan;
}

PlanPtr optimize(PlanPtr plan) {
  if (mentions(*plan, [](std::uint16_t) { return true; })) throw Failure(ErrorCode::kUnsupported, "a reference to a query around this one is not supported here");
  Schema names = plan->schema;
  fold_all(*plan);
  plan = prune_columns(push(std::move(plan), {}));
  for (std::size_t i = 0; i < names.size(); ++i) plan->schema[i].name = std::move(names[i].name);
  return plan;
}

}  // namespace weir
