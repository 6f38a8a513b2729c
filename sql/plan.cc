// Plans: making nodes, deriving schemas and keys, copying, canonical text, EXPLAIN.

#include "sql/plan.h"

#include <algorithm>

#include "sql/aggregates.h"
#include "sql/functions.h"
#include "sql/plan_build.h"
#include "zset/datetime.h"
#include "zset/numeric.h"
#include "zset/text_form.h"

namespace weir {

// ---------------------------------------------------------------------------------------------------------------- expressions

void each_column(const Expr& expr, const std::function<void(std::uint16_t)>& f) {
  if (expr.node == Expr::Node::kColumn) f(expr.column);
  for (const ExprPtr& arg : expr.args) each_column(*arg, f);
}

void renumber(Expr& expr, const std::function<std::uint16_t(std::uint16_t)>& f) {
  if (expr.node == Expr::Node::kColumn) expr.column = f(expr.column);
  for (ExprPtr& arg : expr.args) renumber(*arg, f);
}

ExprPtr replaced(const Expr& expr, const std::function<ExprPtr(const Expr& column)>& by) {
  if (expr.node == Expr::Node::kColumn) {
    ExprPtr column = by(expr);
    return column ? std::move(column) : expr.clone();
  }
  if (expr.args.empty()) return expr.clone();
  auto copy = std::make_unique<Expr>();
  copy->node = expr.node;
  copy->type = expr.type;
  copy->offset = expr.offset;
  copy->constant = expr.constant;
  copy->function = expr.function;
  copy->args.reserve(expr.args.size());
  for (const ExprPtr& arg : expr.args) copy->args.push_back(replaced(*arg, by));
  return copy;
}

ExprPtr substitute(const Expr& expr, const std::vector<ExprPtr>& by) {
  return replaced(expr, [&](const Expr& column) { return is_outer(column.column) ? nullptr : by[column.column]->clone(); });
}

void each_expr(Plan& plan, const std::function<void(ExprPtr&)>& f) {
  for (ExprPtr& e : plan.exprs) f(e);
  for (auto& row : plan.rows) {
    for (ExprPtr& e : row) f(e);
  }
  for (AggregateCall& a : plan.aggregates) a.each(f);
}

void each_expr(const Plan& plan, const std::function<void(const Expr&)>& f) {
  each_expr(const_cast<Plan&>(plan), [&](ExprPtr& e) { f(*e); });
}

std::size_t size_of(const Expr& expr) {
  std::size_t size = 1;
  for (const ExprPtr& arg : expr.args) size += size_of(*arg);
  return size;
}

bool is_true(const Expr& expr) {
  if (expr.node != Expr::Node::kConstant || expr.type.id != TypeId::kBoolean) return false;
  const Datum value = expr.constant.get();
  return !value.null && value.boolean;
}

void split_conjuncts(ExprPtr expr, std::vector<ExprPtr>& out) {
  if (!expr || is_true(*expr)) return;
  if (expr->node == Expr::Node::kAnd) {
    for (ExprPtr& arg : expr->args) split_conjuncts(std::move(arg), out);
  } else {
    out.push_back(std::move(expr));
  }
}

ExprPtr conjunction(std::vector<ExprPtr> conjuncts) {
  if (conjuncts.empty()) return nullptr;
  if (conjuncts.size() == 1) return std::move(conjuncts[0]);
  return Expr::make(Expr::Node::kAnd, Type{TypeId::kBoolean, 0, 0}, std::move(conjuncts));
}

ExprPtr boolean_constant(bool value) { return Expr::make_constant(Datum::of(value), Type{TypeId::kBoolean, 0, 0}); }

ExprPtr null_constant(const Type& type) { return Expr::make_constant(Datum::of_null(kind_of(type.id)), type); }

bool keys_agree(const Type& a, const Type& b) {
  const auto family = [](TypeId id) {
    switch (id) {
      case TypeId::kSmallint: case TypeId::kInteger: case TypeId::kBigint: return TypeId::kBigint;
      case TypeId::kReal: case TypeId::kDouble: return TypeId::kDouble;
      case TypeId::kText: case TypeId::kVarchar: return TypeId::kText;
      default: return id;
    }
  };
  return family(a.id) == family(b.id);
}

bool is_nullable(const Expr& expr, const Schema& input) {
  switch (expr.node) {
    case Expr::Node::kColumn: return is_outer(expr.column) || input[expr.column].nullable;
    case Expr::Node::kConstant: return expr.constant.get().null;
    case Expr::Node::kNow: return false;
    case Expr::Node::kCoalesce:
      return std::all_of(expr.args.begin(), expr.args.end(), [&](const ExprPtr& a) { return is_nullable(*a, input); });
    case Expr::Node::kAnd: case Expr::Node::kOr:
      return std::any_of(expr.args.begin(), expr.args.end(), [&](const ExprPtr& a) { return is_nullable(*a, input); });
    default: return true;
  }
}

ExprPtr column_of(const Schema& schema, std::uint16_t column) { return Expr::make_column(column, schema[column].type); }

std::vector<ExprPtr> all_columns(const Schema& schema) {
  std::vector<ExprPtr> out;
  for (std::size_t i = 0; i < schema.size(); ++i) out.push_back(column_of(schema, static_cast<std::uint16_t>(i)));
  return out;
}

std::vector<std::string> names_of(const Schema& schema) {
  std::vector<std::string> out;
  for (const Field& f : schema) out.push_back(f.name);
  return out;
}

// --------------------------------------------------------------------------------------------------------------------- nodes

namespace {

std::string_view name_of(const WindowCall& call) {
  switch (call.function) {
    case WindowFunction::kRowNumber: return "row_number";
    case WindowFunction::kRank: return "rank";
    case WindowFunction::kDenseRank: return "dense_rank";
    case WindowFunction::kPercentRank: return "percent_rank";
    case WindowFunction::kCumeDist: return "cume_dist";
    case WindowFunction::kNtile: return "ntile";
    case WindowFunction::kLag: return "lag";
    case WindowFunction::kLead: return "lead";
    case WindowFunction::kFirstValue: return "first_value";
    case WindowFunction::kLastValue: return "last_value";
    case WindowFunction::kNthValue: return "nth_value";
    case WindowFunction::kAggregate: return name_of(call.aggregate);
  }
  return "";
}

bool may_be_null(const WindowCall& call) {
  switch (call.function) {
    case WindowFunction::kRowNumber: case WindowFunction::kRank: case WindowFunction::kDenseRank: case WindowFunction::kPercentRank: case WindowFunction::kCumeDist:
      return false;
    case WindowFunction::kAggregate: return !is_count(call.aggregate);
    default: return true;
  }
}

PlanPtr make(Plan::Node node, PlanPtr a, PlanPtr b = nullptr) {
  auto plan = std::make_unique<Plan>();
  plan->node = node;
  plan->inputs.push_back(std::move(a));
  if (b) plan->inputs.push_back(std::move(b));
  return plan;
}

bool subset(const Columns& a, const Columns& b) {
  return std::all_of(a.begin(), a.end(), [&](std::uint16_t c) { return std::find(b.begin(), b.end(), c) != b.end(); });
}

// The output columns of a projection that pass these input columns on; false if one is lost.
bool map_columns(const Columns& columns, const std::vector<ExprPtr>& exprs, Columns& out) {
  for (std::uint16_t column : columns) {
    std::size_t i = 0;
    while (i < exprs.size() && !(exprs[i]->node == Expr::Node::kColumn && exprs[i]->column == column)) ++i;
    if (i == exprs.size()) return false;
    out.push_back(static_cast<std::uint16_t>(i));
  }
  return true;
}

void set_key(Plan& plan, Columns key) {
  plan.has_key = true;
  plan.key = std::move(key);
}

void key_of_join(Plan& plan) {
  const Plan& left = *plan.inputs[0];
  const Plan& right = *plan.inputs[1];
  const bool left_once = left.has_key && subset(left.key, plan.left_keys);     // a row of the right side meets at most one
  const bool right_once = right.has_key && subset(right.key, plan.right_keys);
  const auto width = static_cast<std::uint16_t>(left.schema.size());
  Columns right_key;
  for (std::uint16_t c : right.key) right_key.push_back(static_cast<std::uint16_t>(c + width));
  Columns both = left.key;
  both.insert(both.end(), right_key.begin(), right_key.end());
  const bool has_both = left.has_key && right.has_key;
  const auto never_null = [](const Plan& side) {
    return std::any_of(side.key.begin(), side.key.end(), [&](std::uint16_t c) { return !side.schema[c].nullable; });
  };
  switch (plan.join_kind) {
    case Plan::JoinKind::kInner:
      if (left.has_key && right_once) {
        set_key(plan, left.key);
      } else if (right.has_key && left_once) {
        set_key(plan, right_key);
      } else if (has_both) {
        set_key(plan, both);
      }
      return;
    case Plan::JoinKind::kLeft:
      if (left.has_key && right_once) {
        set_key(plan, left.key);
      } else if (has_both) {
        set_key(plan, both);
      }
      return;
    case Plan::JoinKind::kRight:
      if (right.has_key && left_once) {
        set_key(plan, right_key);
      } else if (has_both) {
        set_key(plan, both);
      }
      return;
    case Plan::JoinKind::kFull:
      if (has_both && (never_null(left) || never_null(right))) set_key(plan, both);
      return;
  }
}

// Leaves out of a key the columns that a condition holds to one value.
void without_fixed(const Expr& condition, Columns& key) {
  if (condition.node == Expr::Node::kAnd) {
    for (const ExprPtr& e : condition.args) without_fixed(*e, key);
    return;
  }
  if (condition.node != Expr::Node::kCall || condition.args.size() != 2 || condition.function->name != "=") return;
  const Expr& a = *condition.args[0];
  const Expr& b = *condition.args[1];
  // What is outside is one value wherever the key is asked for: for each row outside.
  const auto fixed = [](const Expr& e) {
    bool inside = false, any = false;
    each_column(e, [&](std::uint16_t c) { any = true, inside = inside || !is_outer(c); });
    return any ? !inside : e.is_constant() || e.node == Expr::Node::kParameter;
  };
  if (a.node == Expr::Node::kColumn && fixed(b)) std::erase(key, a.column);
  if (b.node == Expr::Node::kColumn && fixed(a)) std::erase(key, b.column);
}

}  // namespace

void derive_node(Plan& plan) {
  const Schema before = std::move(plan.schema);
  plan.schema.clear();
  const bool given = plan.node == Plan::Node::kScan || plan.node == Plan::Node::kWorkingTable;
  plan.has_key = given && plan.has_key;
  if (!given) plan.key.clear();
  const Plan* input = plan.inputs.empty() ? nullptr : plan.inputs[0].get();
  switch (plan.node) {
    case Plan::Node::kScan: case Plan::Node::kWorkingTable:
      plan.schema = before;
      return;
    case Plan::Node::kValues:
      plan.schema = before;
      if (plan.rows.size() <= 1) set_key(plan, {});
      return;
    case Plan::Node::kFilter: case Plan::Node::kSemiJoin:
      plan.schema = input->schema;
      if (input->has_key) set_key(plan, input->key);
      if (plan.has_key && plan.node == Plan::Node::kFilter) without_fixed(*plan.exprs[0], plan.key);
      break;
    case Plan::Node::kProject: {
      for (const ExprPtr& e : plan.exprs) {
        const bool column = e->node == Expr::Node::kColumn && !is_outer(e->column);
        plan.schema.push_back({column ? input->schema[e->column].name : "?column?", e->type, is_nullable(*e, input->schema)});
      }
      Columns key;
      if (input->has_key && map_columns(input->key, plan.exprs, key)) set_key(plan, std::move(key));
      break;
    }
    case Plan::Node::kJoin: {
      const Schema& right = plan.inputs[1]->schema;
      plan.schema = input->schema;
      plan.schema.insert(plan.schema.end(), right.begin(), right.end());
      const bool left_null = plan.join_kind == Plan::JoinKind::kRight || plan.join_kind == Plan::JoinKind::kFull;
      const bool right_null = plan.join_kind == Plan::JoinKind::kLeft || plan.join_kind == Plan::JoinKind::kFull;
      for (std::size_t i = 0; i < plan.schema.size(); ++i) {
        if (i < input->schema.size() ? left_null : right_null) plan.schema[i].nullable = true;
      }
      key_of_join(plan);
      break;
    }
    case Plan::Node::kAggregate: {
      Columns key;
      for (const ExprPtr& e : plan.exprs) {
        key.push_back(static_cast<std::uint16_t>(key.size()));
        plan.schema.push_back({e->node == Expr::Node::kColumn && !is_outer(e->column) ? input->schema[e->column].name : "?column?", e->type, is_nullable(*e, input->schema)});
      }
      for (const AggregateCall& a : plan.aggregates) {
        const bool star = a.function == AggregateFunction::kCountStar;
        plan.schema.push_back({star ? "count" : std::string(name_of(a.function)), a.result, !is_count(a.function)});
      }
      set_key(plan, std::move(key));
      break;
    }
    case Plan::Node::kDistinct: {
      plan.schema = input->schema;
      Columns key = input->key;
      if (!input->has_key) {
        for (std::size_t i = 0; i < plan.schema.size(); ++i) key.push_back(static_cast<std::uint16_t>(i));
      }
      set_key(plan, std::move(key));
      break;
    }
    case Plan::Node::kUnionAll: case Plan::Node::kIntersectAll: case Plan::Node::kExceptAll:
      plan.schema = input->schema;
      for (const PlanPtr& other : plan.inputs) {
        for (std::size_t i = 0; i < plan.schema.size(); ++i) {
          Field& field = plan.schema[i];
          if (other->schema[i].type != field.type) field.type = Type{field.type.id, 0, 0};  // lengths and scales of one side only
          if (plan.node == Plan::Node::kUnionAll) field.nullable = field.nullable || other->schema[i].nullable;
        }
      }
      if (plan.node != Plan::Node::kUnionAll && input->has_key) {
        set_key(plan, input->key);
      }
      break;
    case Plan::Node::kWindow:
      plan.schema = input->schema;
      for (const WindowCall& call : plan.window.calls) {
        const bool of_argument = call.result_type == TypeId::kEnum && call.argument >= 0;
        const Type type = of_argument ? input->schema[static_cast<std::size_t>(call.argument)].type : Type{call.result_type, 0, 0};
        plan.schema.push_back({std::string(name_of(call)), type, may_be_null(call)});
      }
      if (input->has_key) set_key(plan, input->key);
      break;
    case Plan::Node::kUnnest:
      plan.schema = input->schema;
      for (const ExprPtr& e : plan.exprs) plan.schema.push_back({"unnest", Type{element_of(e->type.id), e->type.precision, e->type.scale}, true});
      plan.schema.push_back({"ordinality", Type{TypeId::kBigint, 0, 0}, plan.all});
      if (input->has_key && !plan.all) {
        Columns key = input->key;
        key.push_back(static_cast<std::uint16_t>(plan.schema.size() - 1));
        set_key(plan, std::move(key));
      }
      break;
    case Plan::Node::kSeries:
      plan.schema = input->schema;
      plan.schema.push_back({"generate_series", plan.exprs[0]->type, false});
      if (input->has_key) {
        Columns key = input->key;
        key.push_back(static_cast<std::uint16_t>(plan.schema.size() - 1));
        set_key(plan, std::move(key));
      }
      break;
    case Plan::Node::kTopK: {
      plan.schema = input->schema;
      if (plan.top_k.row_number) plan.schema.push_back({"row_number", Type{TypeId::kBigint, 0, 0}, false});
      const bool one = plan.top_k.limit && *plan.top_k.limit <= (plan.top_k.ties ? 0 : 1);
      if (one && (!input->has_key || plan.top_k.partition.size() <= input->key.size())) {
        set_key(plan, plan.top_k.partition);
      } else if (input->has_key) {
        set_key(plan, input->key);
      } else if (plan.top_k.row_number) {
        Columns key = plan.top_k.partition;
        key.push_back(static_cast<std::uint16_t>(plan.schema.size() - 1));
        set_key(plan, std::move(key));
      }
      break;
    }
    case Plan::Node::kRecursion: {
      plan.schema = input->schema;
      Columns key;
      for (std::size_t i = 0; i < plan.schema.size(); ++i) {
        plan.schema[i].nullable = true;
        key.push_back(static_cast<std::uint16_t>(i));
      }
      if (!plan.all) set_key(plan, std::move(key));
      break;
    }
  }
  if (before.size() == plan.schema.size()) {
    for (std::size_t i = 0; i < before.size(); ++i) plan.schema[i].name = before[i].name;
  }
}

void derive_all(Plan& plan) {
  for (PlanPtr& input : plan.inputs) derive_all(*input);
  derive_node(plan);
}

PlanPtr make_filter(PlanPtr input, ExprPtr condition) {
  if (!condition) return input;
  PlanPtr plan = make(Plan::Node::kFilter, std::move(input));
  plan->exprs.push_back(std::move(condition));
  derive_node(*plan);
  return plan;
}

PlanPtr make_project(PlanPtr input, std::vector<ExprPtr> exprs, std::vector<std::string> names) {
  PlanPtr plan = make(Plan::Node::kProject, std::move(input));
  plan->exprs = std::move(exprs);
  derive_node(*plan);
  for (std::size_t i = 0; i < names.size(); ++i) plan->schema[i].name = std::move(names[i]);
  return plan;
}

PlanPtr make_columns(PlanPtr input, const Columns& columns) {
  std::vector<ExprPtr> exprs;
  for (std::uint16_t c : columns) exprs.push_back(column_of(input->schema, c));
  return make_project(std::move(input), std::move(exprs));
}

PlanPtr make_join(Plan::JoinKind kind, PlanPtr left, PlanPtr right, ExprPtr condition) {
  PlanPtr plan = make(Plan::Node::kJoin, std::move(left), std::move(right));
  plan->join_kind = kind;
  if (condition) plan->exprs.push_back(std::move(condition));
  derive_node(*plan);
  return plan;
}

PlanPtr make_semi_join(PlanPtr left, PlanPtr right, ExprPtr condition, bool anti) {
  PlanPtr plan = make(Plan::Node::kSemiJoin, std::move(left), std::move(right));
  plan->anti = anti;
  if (condition) plan->exprs.push_back(std::move(condition));
  derive_node(*plan);
  return plan;
}

PlanPtr make_distinct(PlanPtr input) {
  PlanPtr plan = make(Plan::Node::kDistinct, std::move(input));
  derive_node(*plan);
  return plan;
}

PlanPtr make_union_all(std::vector<PlanPtr> inputs) {
  auto plan = std::make_unique<Plan>();
  plan->node = Plan::Node::kUnionAll;
  plan->inputs = std::move(inputs);
  derive_node(*plan);
  return plan;
}

PlanPtr make_window(PlanPtr input, WindowSpec spec) {
  PlanPtr plan = make(Plan::Node::kWindow, std::move(input));
  plan->window = std::move(spec);
  derive_node(*plan);
  return plan;
}

PlanPtr make_top_k(PlanPtr input, TopKSpec spec) {
  PlanPtr plan = make(Plan::Node::kTopK, std::move(input));
  plan->top_k = std::move(spec);
  derive_node(*plan);
  return plan;
}

void set_names(Plan& plan, const std::vector<std::string>& names) {
  for (std::size_t i = 0; i < names.size(); ++i) plan.schema[i].name = names[i];
  const bool passes = plan.node == Plan::Node::kFilter || plan.node == Plan::Node::kSemiJoin || plan.node == Plan::Node::kDistinct || plan.node == Plan::Node::kTopK;
  if (passes && plan.inputs[0]->schema.size() == names.size()) set_names(*plan.inputs[0], names);
}

std::size_t nodes_of(const Plan& plan) {
  std::size_t n = 1;
  for (const PlanPtr& input : plan.inputs) n += nodes_of(*input);
  return n;
}

bool is_pure_projection(const Plan& plan) {
  return plan.node == Plan::Node::kProject &&
         std::all_of(plan.exprs.begin(), plan.exprs.end(), [](const ExprPtr& e) { return e->node == Expr::Node::kColumn; });
}

// ---------------------------------------------------------------------------------------------------------------------- copies

AggregateCall AggregateCall::clone() const {
  AggregateCall copy{function, argument ? argument->clone() : nullptr, filter ? filter->clone() : nullptr, distinct, result};
  for (const ExprPtr& e : more) copy.more.push_back(e->clone());
  copy.order = order;
  for (const ExprPtr& e : direct) copy.direct.push_back(e->clone());
  return copy;
}

PlanPtr Plan::clone() const {
  auto copy = std::make_unique<Plan>();
  copy->node = node;
  copy->schema = schema;
  for (const PlanPtr& input : inputs) copy->inputs.push_back(input->clone());
  copy->key = key;
  copy->has_key = has_key;
  copy->relation = relation;
  copy->relation_id = relation_id;
  for (const ExprPtr& e : exprs) copy->exprs.push_back(e->clone());
  for (const auto& row : rows) {
    copy->rows.emplace_back();
    for (const ExprPtr& e : row) copy->rows.back().push_back(e->clone());
  }
  copy->join_kind = join_kind;
  copy->left_keys = left_keys;
  copy->right_keys = right_keys;
  copy->anti = anti;
  copy->null_matches = null_matches;
  for (const AggregateCall& a : aggregates) copy->aggregates.push_back(a.clone());
  copy->top_k = top_k;
  copy->window = window;
  copy->all = all;
  return copy;
}

// ------------------------------------------------------------------------------------------------------------------------ text

namespace {

std::string_view name_of(Plan::JoinKind kind) {
  switch (kind) {
    case Plan::JoinKind::kInner: return "inner";
    case Plan::JoinKind::kLeft: return "left";
    case Plan::JoinKind::kRight: return "right";
    case Plan::JoinKind::kFull: return "full";
  }
  return "";
}

std::string list(const std::vector<ExprPtr>& exprs) {
  std::string out;
  for (const ExprPtr& e : exprs) out += (out.empty() ? "" : ", ") + e->text();
  return out;
}

std::string list(const Columns& columns) {
  std::string out;
  for (std::uint16_t c : columns) out += (out.empty() ? "#" : ", #") + std::to_string(c);
  return out;
}

std::string text_of(const std::vector<OrderKey>& order) {
  std::string out;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const OrderKey& key = order[i];
    if (i) out += ", ";
    out += "#" + std::to_string(key.column);
    if (key.descending) out += " desc";
    if (key.nulls_first != key.descending) out += key.nulls_first ? " nulls first" : " nulls last";
  }
  return out;
}

// print: of an expression.
template <class Print>
std::string text_of(const AggregateCall& a, Print&& print) {
  std::string out(name_of(a.function));
  if (a.argument) {
    out += std::string("(") + (a.distinct ? "distinct " : "") + print(*a.argument);
    for (const ExprPtr& e : a.more) out += ", " + print(*e);
    for (const ExprPtr& e : a.direct) out += " of " + print(*e);
    if (!a.order.empty()) out += " order by " + text_of(a.order);
    out += ')';
  }
  if (a.filter) out += " filter (" + print(*a.filter) + ")";
  return out;
}

std::string text_of(const FrameBound& bound, const Frame& frame, const WindowSpec& window) {
  const auto distance = [&] {
    if (frame.mode != Frame::Mode::kRange) return std::to_string(bound.count);
    switch (window.order_type) {
      case TypeId::kReal: case TypeId::kDouble: return format_double(bound.number);
      case TypeId::kNumeric: return Numeric::decode(Bytes(bound.numeric)).to_string();
      case TypeId::kDate: case TypeId::kTimestamp: case TypeId::kTimestamptz: case TypeId::kTime: case TypeId::kInterval: return "'" + format_interval(bound.interval) + "'";
      default: return std::to_string(bound.count);
    }
  };
  switch (bound.kind) {
    case FrameBound::Kind::kUnboundedPreceding: return "unbounded preceding";
    case FrameBound::Kind::kPreceding: return distance() + " preceding";
    case FrameBound::Kind::kCurrentRow: return "current row";
    case FrameBound::Kind::kFollowing: return distance() + " following";
    case FrameBound::Kind::kUnboundedFollowing: return "unbounded following";
  }
  return "";
}

std::string text_of(const WindowCall& call, const WindowSpec& window, const std::function<std::string(int)>& column) {
  static constexpr std::string_view kModes[] = {"rows", "range", "groups"}, kExclude[] = {"", " exclude current row", " exclude group", " exclude ties"};
  std::string out(name_of(call));
  std::string arguments = call.argument >= 0 ? column(call.argument) : "";
  if (call.second >= 0) arguments += ", " + column(call.second);
  const bool counted = call.function == WindowFunction::kNtile || call.function == WindowFunction::kLag || call.function == WindowFunction::kLead ||
                       call.function == WindowFunction::kNthValue;
  if (counted) arguments += (arguments.empty() ? "" : ", ") + (call.count_column >= 0 ? column(call.count_column) : std::to_string(call.count));
  if (call.fallback >= 0) arguments += ", " + column(call.fallback);
  if (!arguments.empty()) out += "(" + arguments + ")";
  if (has_frame(call.function)) {
    const Frame& f = call.frame;
    out += " " + std::string(kModes[static_cast<std::size_t>(f.mode)]) + " " + text_of(f.start, f, window) + " .. " + text_of(f.end, f, window);
    out += kExclude[static_cast<std::size_t>(f.exclude)];
  }
  return out;
}

std::string text_of(const TopKSpec& spec) {
  std::string out = "partition [" + list(spec.partition) + "] order [" + text_of(spec.order) + "]";
  if (spec.limit) out += " limit " + std::to_string(*spec.limit);
  if (spec.offset) out += " offset " + std::to_string(spec.offset);
  if (spec.row_number) out += " row_number";
  if (spec.ties) out += " ties";
  return out;
}

std::string rows_text(const Plan& plan) {
  std::string out;
  for (const auto& row : plan.rows) out += (out.empty() ? "(" : ", (") + list(row) + ")";
  for (const Field& f : plan.schema) out += " " + type_text(f.type);
  return out;
}

// What the node does, without its inputs: the canonical form.
std::string own_text(const Plan& plan) {
  const auto keys = [&] {
    std::string out;
    for (std::size_t i = 0; i < plan.left_keys.size(); ++i) {
      out += (i ? ", #" : " #") + std::to_string(plan.left_keys[i]) + " = #" + std::to_string(plan.right_keys[i]);
    }
    if (!plan.exprs.empty()) out += " if " + plan.exprs[0]->text();
    return out;
  };
  switch (plan.node) {
    case Plan::Node::kScan: return "scan " + plan.relation + "@" + std::to_string(plan.relation_id);
    case Plan::Node::kValues: return "values " + rows_text(plan);
    case Plan::Node::kFilter: return "filter " + plan.exprs[0]->text();
    case Plan::Node::kProject: return "project " + list(plan.exprs);
    case Plan::Node::kJoin: return "join " + std::string(name_of(plan.join_kind)) + (plan.null_matches ? " (nulls match)" : "") + keys();
    case Plan::Node::kSemiJoin: return std::string(plan.anti ? "anti" : "semi") + " join" + (plan.null_matches ? " (nulls match)" : "") + keys();
    case Plan::Node::kAggregate: {
      std::string out = "aggregate [" + list(plan.exprs) + "]";
      for (const AggregateCall& a : plan.aggregates) out += " " + a.text();
      return out;
    }
    case Plan::Node::kDistinct: return "distinct";
    case Plan::Node::kUnionAll: return "union all";
    case Plan::Node::kIntersectAll: return "intersect all";
    case Plan::Node::kExceptAll: return "except all";
    case Plan::Node::kSeries: return "series " + list(plan.exprs);
    case Plan::Node::kUnnest: return (plan.all ? "unnest or nulls " : "unnest ") + list(plan.exprs);
    case Plan::Node::kTopK: return "top-k " + text_of(plan.top_k);
    case Plan::Node::kWindow: {
      std::string out = "window partition [" + list(plan.window.partition) + "] order [" + text_of(plan.window.order) + "]";
      for (const WindowCall& call : plan.window.calls) out += " " + text_of(call, plan.window, [](int c) { return "#" + std::to_string(c); }) + "::" + Type{call.result_type, 0, 0}.to_string();
      return out;
    }
    case Plan::Node::kRecursion: return plan.all ? "recursion union all" : "recursion union";
    case Plan::Node::kWorkingTable: {  // of the one recursion that it stands in
      std::string out = "working table";
      for (const Field& f : plan.schema) out += " " + type_text(f.type);
      return out;
    }
  }
  return "";
}

// Relation names are quoted by their length, so that no name can look like a plan.
void append_text(const Plan& plan, std::string& out) {
  if (plan.node == Plan::Node::kScan) {
    out += "scan " + std::to_string(plan.relation.size()) + ":" + plan.relation + "@" + std::to_string(plan.relation_id);
  } else {
    out += own_text(plan);
  }
  for (const PlanPtr& input : plan.inputs) {
    out += " (";
    append_text(*input, out);
    out += ')';
  }
}

// For people: columns by name where the names say more than numbers, constants without their types.
std::string shown(const Schema& schema, std::size_t column) {
  return column < schema.size() && schema[column].name != "?column?" ? schema[column].name : "#" + std::to_string(column);
}

std::string readable(const Expr& expr, const Schema& schema) {
  if (expr.node == Expr::Node::kColumn) return shown(schema, expr.column);
  std::string text = expr.text(), out;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == '\'') {
      std::size_t end = i + 1;
      while (end < text.size() && text[end] != '\'') ++end;
      const std::string_view digits = std::string_view(text).substr(i + 1, end - i - 1);
      const bool number = !digits.empty() && digits.find_first_not_of("0123456789.") == std::string_view::npos;
      const auto typed = [&](std::string_view type) { return std::string_view(text).substr(end + 1).starts_with(type); };
      std::string_view type;
      for (const std::string_view one : {"::integer", "::bigint", "::numeric"}) type = number && typed(one) ? one : type;
      out += type.empty() ? text.substr(i, end + 1 - i) : std::string(digits);
      if (type.empty() && typed("::text")) type = "::text";
      i = end + 1 + type.size();
    } else if (text[i] == '#' && i + 1 < text.size() && text[i + 1] >= '0' && text[i + 1] <= '9') {
      std::size_t column = 0;
      for (++i; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i) column = column * 10 + static_cast<std::size_t>(text[i] - '0');
      out += shown(schema, column);
    } else {
      out += text[i++];
    }
  }
  return out;
}

std::string readable(const std::vector<ExprPtr>& exprs, const Schema& schema) {
  std::string out;
  for (const ExprPtr& e : exprs) out += (out.empty() ? "" : ", ") + readable(*e, schema);
  return out;
}

std::string readable(const Plan& plan) {
  const Schema none;
  const Schema& in = plan.inputs.empty() ? none : plan.inputs[0]->schema;
  const auto columns = [&](const Columns& list, const Schema& schema) {
    std::string out;
    for (std::uint16_t c : list) out += (out.empty() ? "" : ", ") + shown(schema, c);
    return out;
  };
  const auto order = [&](const std::vector<OrderKey>& keys) {
    std::string out;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const OrderKey& key = keys[i];
      out += (i ? ", " : " by ") + shown(in, key.column) + (key.descending ? " desc" : "");
      if (key.nulls_first != key.descending) out += key.nulls_first ? " nulls first" : " nulls last";
    }
    return out;
  };
  switch (plan.node) {
    case Plan::Node::kScan: return "scan " + plan.relation;
    case Plan::Node::kValues: return "values: " + std::to_string(plan.rows.size()) + " rows";
    case Plan::Node::kFilter: return "filter " + readable(*plan.exprs[0], in);
    case Plan::Node::kProject: return "project " + readable(plan.exprs, in);
    case Plan::Node::kJoin: case Plan::Node::kSemiJoin: {
      std::string out = plan.node == Plan::Node::kJoin ? std::string(name_of(plan.join_kind)) + " join" : plan.anti ? "anti join" : "semi join";
      for (std::size_t i = 0; i < plan.left_keys.size(); ++i) {
        out += (i ? ", " : " on ") + shown(in, plan.left_keys[i]) + " = " + shown(plan.inputs[1]->schema, plan.right_keys[i]);
      }
      if (!plan.exprs.empty()) {
        Schema both = in;
        both.insert(both.end(), plan.inputs[1]->schema.begin(), plan.inputs[1]->schema.end());
        out += " if " + readable(*plan.exprs[0], both);
      }
      return out;
    }
    case Plan::Node::kAggregate: {
      std::string out = plan.exprs.empty() ? "aggregate" : "aggregate by " + readable(plan.exprs, in);
      for (std::size_t i = 0; i < plan.aggregates.size(); ++i) {
        const AggregateCall& a = plan.aggregates[i];
        out += (i ? ", " : ": ") + text_of(a, [&](const Expr& e) { return readable(e, in); });
      }
      return out;
    }
    case Plan::Node::kWindow: {
      std::string out = "window";
      if (!plan.window.partition.empty()) out += " for each " + columns(plan.window.partition, in);
      out += order(plan.window.order);
      for (std::size_t i = 0; i < plan.window.calls.size(); ++i) {
        out += (i ? ", " : ": ") + text_of(plan.window.calls[i], plan.window, [&](int c) { return in[static_cast<std::size_t>(c)].name; });
      }
      return out;
    }
    case Plan::Node::kTopK: {
      std::string out = "top";
      if (plan.top_k.limit) out += " " + std::to_string(*plan.top_k.limit);
      if (plan.top_k.offset) out += " after " + std::to_string(plan.top_k.offset);
      if (plan.top_k.ties) out += " with ties";
      if (!plan.top_k.partition.empty()) out += " for each " + columns(plan.top_k.partition, in);
      out += order(plan.top_k.order);
      return out + (plan.top_k.row_number ? ", numbered" : "");
    }
    case Plan::Node::kRecursion: return own_text(plan) + ": " + plan.relation;
    case Plan::Node::kWorkingTable: return "working table " + plan.relation;
    default: return own_text(plan);
  }
}

}  // namespace

std::string AggregateCall::text() const {
  return text_of(*this, [](const Expr& e) { return e.text(); }) + "::" + result.to_string();
}

std::string Plan::text() const {
  std::string out;
  append_text(*this, out);
  return out;
}

std::string Plan::to_string(int indent) const {
  std::string out(static_cast<std::size_t>(indent) * 2, ' ');
  out += readable(*this);
  if (has_key) {
    out += "  [";
    if (key.empty()) out += "one row";
    for (std::size_t i = 0; i < key.size(); ++i) out += (i ? ", " : "key ") + shown(schema, key[i]);
    out += "]";
  }
  out += '\n';
  for (const PlanPtr& input : inputs) out += input->to_string(indent + 1);
  return out;
}

}  // namespace weir
