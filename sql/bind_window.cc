// Window functions: OVER, named windows, frames.

#include <algorithm>

#include "sql/aggregates.h"
#include "sql/binder.h"
#include "zset/datetime.h"
#include "zset/numeric.h"

namespace weir {

namespace {

constexpr Type kBoolean{TypeId::kBoolean, 0, 0}, kInteger{TypeId::kInteger, 0, 0}, kBigint{TypeId::kBigint, 0, 0}, kText{TypeId::kText, 0, 0};

// PostgreSQL's frameOptions.
constexpr int kRange = 0x2, kRows = 0x4, kStartUnboundedPreceding = 0x20, kEndUnboundedFollowing = 0x100, kStartCurrentRow = 0x200,
              kEndCurrentRow = 0x400, kStartPreceding = 0x800, kEndPreceding = 0x1000, kStartFollowing = 0x2000, kEndFollowing = 0x4000,
              kExcludeCurrentRow = 0x8000, kExcludeGroup = 0x10000, kExcludeTies = 0x20000;
constexpr int kDefaultFrame = kRange | kStartUnboundedPreceding | kEndCurrentRow;

const std::map<std::string, WindowFunction> kFunctions = {
    {"row_number", WindowFunction::kRowNumber}, {"rank", WindowFunction::kRank}, {"dense_rank", WindowFunction::kDenseRank},
    {"percent_rank", WindowFunction::kPercentRank}, {"cume_dist", WindowFunction::kCumeDist}, {"ntile", WindowFunction::kNtile},
    {"lag", WindowFunction::kLag}, {"lead", WindowFunction::kLead}, {"first_value", WindowFunction::kFirstValue},
    {"last_value", WindowFunction::kLastValue}, {"nth_value", WindowFunction::kNthValue}};
int options_of(const Json& definition) { return definition.value("frameOptions", kDefaultFrame); }

const Json* find_window(const Json* named, const std::string& name, std::size_t& place) {
  for (place = 0; named && place < named->size(); ++place) {
    const Json* body = open((*named)[place]).second;
    if (text_field(*body, "name") == name) return body;
  }
  return nullptr;
}

[[noreturn]] void no_window(const std::string& name, int offset) { throw Failure(ErrorCode::kUnknownName, "window \"" + name + "\" does not exist", offset); }

// A definition put together from those it refers to.
struct Definition {
  const Json* partition = nullptr;
  const Json* order = nullptr;
  const Json* frame = nullptr;
};
// named: windows that it may refer to; `count` of them.
Definition define(const Json& body, const Json* named, std::size_t count) {
  only(body, "a window", {"name", "refname", "partitionClause", "orderClause", "frameOptions", "startOffset", "endOffset"});
  Definition out{weir::find(body, "partitionClause"), weir::find(body, "orderClause"), &body};
  const std::string base_name = text_field(body, "refname");
  if (base_name.empty()) return out;
  std::size_t place = 0;
  const Json* found = find_window(named, base_name, place);
  if (!found || place >= count) no_window(base_name, location(body));
  const Definition base = define(*found, named, place);
  if (out.partition) throw Failure(ErrorCode::kSyntax, "cannot override PARTITION BY clause of window \"" + base_name + "\"", location(body));
  if (out.order && base.order) throw Failure(ErrorCode::kSyntax, "cannot override ORDER BY clause of window \"" + base_name + "\"", location(body));
  if (options_of(*base.frame) != kDefaultFrame) {
    throw Failure(ErrorCode::kSyntax, "cannot copy window \"" + base_name + "\" because it has a frame clause", location(body));
  }
  out.partition = base.partition;
  if (!out.order) out.order = base.order;
  return out;
}

}  // namespace

Frame Binder::bind_frame(const Json& body, const std::vector<SortItem>& order) {
  const int options = options_of(body), offset = location(body);
  Frame frame;
  frame.mode = options & kRange ? Frame::Mode::kRange : options & kRows ? Frame::Mode::kRows : Frame::Mode::kGroups;
  frame.exclude = options & kExcludeCurrentRow ? Frame::Exclude::kCurrentRow
                  : options & kExcludeGroup    ? Frame::Exclude::kGroup
                  : options & kExcludeTies     ? Frame::Exclude::kTies
                                               : Frame::Exclude::kNothing;
  if (frame.mode == Frame::Mode::kGroups && order.empty()) throw Failure(ErrorCode::kSyntax, "GROUPS mode requires an ORDER BY clause", offset);
  using Bound = FrameBound::Kind;
  frame.start.kind = options & kStartUnboundedPreceding ? Bound::kUnboundedPreceding
                     : options & kStartCurrentRow       ? Bound::kCurrentRow
                     : options & kStartPreceding        ? Bound::kPreceding
                     : options & kStartFollowing        ? Bound::kFollowing
                                                        : Bound::kUnboundedFollowing;
  frame.end.kind = options & kEndUnboundedFollowing ? Bound::kUnboundedFollowing
                   : options & kEndCurrentRow       ? Bound::kCurrentRow
                   : options & kEndPreceding        ? Bound::kPreceding
                   : options & kEndFollowing        ? Bound::kFollowing
                                                    : Bound::kUnboundedPreceding;
  for (const char* field : {"startOffset", "endOffset"}) {
    const Json* node = weir::find(body, field);
    if (!node) continue;
    FrameBound& bound = std::string_view(field) == "startOffset" ? frame.start : frame.end;
    const int at = location(*open(*node).second);
    Context context;
    context.clause = frame.mode == Frame::Mode::kRange ? "RANGE" : frame.mode == Frame::Mode::kRows ? "ROWS" : "GROUPS";
    ExprPtr expr = bind(*node, context);
    Type type = kBigint;
    if (frame.mode == Frame::Mode::kRange) {
      if (order.size() != 1) {
        throw Failure(ErrorCode::kSyntax, "RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column", offset);
      }
      const TypeId column = order[0].expr->type.id;
      switch (column) {
        case TypeId::kSmallint: case TypeId::kInteger: case TypeId::kBigint: break;
        case TypeId::kReal: case TypeId::kDouble: type = Type{TypeId::kDouble, 0, 0}; break;
        case TypeId::kNumeric: type = Type{TypeId::kNumeric, 0, 0}; break;
        case TypeId::kDate: case TypeId::kTimestamp: case TypeId::kTimestamptz: case TypeId::kTime: case TypeId::kInterval: type = Type{TypeId::kInterval, 0, 0}; break;
        default:
          throw Failure(ErrorCode::kType, "RANGE with offset PRECEDING/FOLLOWING is not supported for column type " + order[0].expr->type.to_string(), at);
      }
    }
    expr = coerce(std::move(expr), type, Cast::kImplicit, at);
    Arena arena;
    const Datum value = evaluate_constant(*expr, arena);
    const std::string side = std::string_view(field) == "startOffset" ? "starting" : "ending";
    if (value.null) throw Failure(ErrorCode::kEvaluation, "frame " + side + " offset must not be null", at);
    bool negative = false;
    switch (type.id) {
      case TypeId::kDouble:
        bound.number = value.number;
        negative = !(value.number >= 0);
        break;
      case TypeId::kNumeric: {
        const Numeric number = Numeric::decode(value.bytes);
        bound.numeric = std::string(value.bytes.view());
        negative = number.kind == Numeric::Class::kNaN || number.sign() < 0;
        break;
      }
      case TypeId::kInterval:
        bound.interval = value.interval;
        negative = order[0].expr->type.id == TypeId::kTime ? value.interval.micros < 0 : interval_compare(value.interval, Interval{}) < 0;
        break;
      default:
        bound.count = value.integer;
        negative = value.integer < 0;
        break;
    }
    if (negative) {
      throw Failure(ErrorCode::kEvaluation,
                    frame.mode == Frame::Mode::kRange ? "invalid preceding or following size in window function" : "frame " + side + " offset must not be negative", at);
    }
  }
  if (order.empty() && frame.mode == Frame::Mode::kRange) {  // all rows are peers
    if (frame.start.kind == Bound::kCurrentRow) frame.start.kind = Bound::kUnboundedPreceding;
    if (frame.end.kind == Bound::kCurrentRow) frame.end.kind = Bound::kUnboundedFollowing;
  }
  return frame;
}

Window Binder::bind_definition(const Json* partition, const Json* order, const Context& context) {
  const auto plain = [&](const Json& node) {
    ExprPtr expr = bind(node, context);
    const int offset = expr->offset;
    require_comparable(expr->type, offset);
    return expr->type.id == TypeId::kUnknown ? coerce(std::move(expr), kText, Cast::kImplicit, offset) : std::move(expr);
  };
  Window window;
  if (partition) {
    for (const Json& item : *partition) window.partition.push_back(plain(item));
  }
  if (order) {
    for (const Json& item : *order) window.order.push_back(sort_item(*open(item).second, plain));
  }
  return window;
}

void Binder::check_windows(const Json& named, const Context& context) {
  PendingCalls unused;
  Context inside = context;
  inside.pending = &unused;
  inside.windows = inside.rows = false;
  inside.clause = "window definitions";
  std::size_t first = 0;
  for (std::size_t i = 0; i < named.size(); ++i) {
    const Json& body = *open(named[i]).second;
    const std::string name = text_field(body, "name");
    find_window(&named, name, first);
    if (first != i) throw Failure(ErrorCode::kDuplicateName, "window \"" + name + "\" is already defined", location(body));
    const Definition definition = define(body, &named, i);
    bind_frame(body, bind_definition(definition.partition, definition.order, inside).order);
  }
}

ExprPtr Binder::bind_window(const std::string& name, const Json& body, const Context& context) {
  const int offset = location(body);
  const auto function = kFunctions.find(name);
  const std::optional<AggregateFunction> aggregate = aggregate_named(name);
  if (function == kFunctions.end() && !aggregate) {
    if (function_exists(name)) throw Failure(ErrorCode::kType, "OVER specified, but " + name + " is not a window function nor an aggregate function", offset);
    unsupported("window function " + name, offset);
  }
  if (context.in_aggregate) throw Failure(ErrorCode::kSyntax, "aggregate function calls cannot contain window function calls", offset);
  if (!context.windows || !context.pending) {
    throw Failure(ErrorCode::kSyntax, "window functions are not allowed in " + std::string(context.clause), offset);
  }
  if (flag(body, "agg_within_group")) {
    throw Failure(ErrorCode::kUnsupported, "OVER is not supported for ordered-set aggregate " + name, offset);
  }
  if (flag(body, "agg_distinct")) throw Failure(ErrorCode::kUnsupported, "DISTINCT is not implemented for window functions", offset);
  if (body.contains("agg_order")) throw Failure(ErrorCode::kUnsupported, "aggregate ORDER BY is not implemented for window functions", offset);
  if (flag(body, "agg_star") && name != "count") throw Failure(ErrorCode::kType, name + "(*) is not a function: only count(*) is", offset);

  // What it is over.
  const Json* over = &at(body, "over");
  const Json* named = context.named_windows;
  std::size_t place = named ? named->size() : 0;
  if (const std::string used = text_field(*over, "name"); !used.empty()) {
    over = find_window(named, used, place);
    if (!over) no_window(used, location(at(body, "over")));
  }
  const Definition definition = define(*over, named, place);
  Context inside = context;
  inside.windows = inside.rows = false;
  inside.clause = "window definitions";
  Window window = bind_definition(definition.partition, definition.order, inside);

  // What is asked for.
  inside.clause = "window functions";
  WindowUse use;
  WindowCall& call = use.call;
  call.frame = bind_frame(*definition.frame, window.order);
  std::vector<ExprPtr> args;
  if (const Json* list = weir::find(body, "args")) args = bind_list(*list, inside);
  const auto arguments = [&](std::size_t least, std::size_t most) {
    if (args.size() >= least && args.size() <= most) return;
    throw Failure(ErrorCode::kUnknownName, "function " + name + " with " + std::to_string(args.size()) + " arguments does not exist", offset);
  };
  const auto settled = [&](ExprPtr expr) {
    if (expr->type.id == TypeId::kUnknown) throw Failure(ErrorCode::kType, "could not determine polymorphic type because input has type unknown", offset);
    return expr;
  };
  const auto take_count = [&](ExprPtr expr) {
    expr = fold(coerce(std::move(expr), kInteger, Cast::kImplicit, offset));
    if (expr->node == Expr::Node::kConstant && !expr->constant.get().null) call.count = expr->constant.get().integer;
    else use.count = std::move(expr);
  };
  Type result = kBigint;
  if (function != kFunctions.end()) {
    call.function = function->second;
    if (body.contains("agg_filter")) throw Failure(ErrorCode::kUnsupported, "FILTER is not implemented for non-aggregate window functions", offset);
    switch (call.function) {
      case WindowFunction::kRowNumber: case WindowFunction::kRank: case WindowFunction::kDenseRank:
        arguments(0, 0);
        break;
      case WindowFunction::kPercentRank: case WindowFunction::kCumeDist:
        arguments(0, 0);
        result = Type{TypeId::kDouble, 0, 0};
        break;
      case WindowFunction::kNtile:
        arguments(1, 1);
        take_count(std::move(args[0]));
        result = kInteger;
        break;
      case WindowFunction::kLag: case WindowFunction::kLead:
        arguments(1, 3);
        if (args.size() == 3) {
          const Type types[] = {args[0]->type, args[2]->type};
          const bool open_type = types[0].id == TypeId::kUnknown && types[1].id == TypeId::kUnknown;
          const Type common = open_type ? kText : common_type(types, name, offset);
          const Type plain = without_typmod(common);
          args[0] = coerce(std::move(args[0]), plain, Cast::kImplicit, offset);
          use.fallback = coerce(std::move(args[2]), plain, Cast::kImplicit, offset);
        }
        if (args.size() > 1) take_count(std::move(args[1]));
        use.argument = settled(std::move(args[0]));
        result = use.argument->type;
        break;
      case WindowFunction::kFirstValue: case WindowFunction::kLastValue:
        arguments(1, 1);
        use.argument = settled(std::move(args[0]));
        result = use.argument->type;
        break;
      case WindowFunction::kNthValue:
        arguments(2, 2);
        take_count(std::move(args[1]));
        use.argument = settled(std::move(args[0]));
        result = use.argument->type;
        break;
      case WindowFunction::kAggregate: break;
    }
  } else {
    if (is_ordered_set(*aggregate)) throw Failure(ErrorCode::kUnsupported, "OVER is not supported for ordered-set aggregate " + name, offset);
    call.function = WindowFunction::kAggregate;
    call.aggregate = *aggregate;
    ExprPtr filter;
    if (const Json* node = weir::find(body, "agg_filter")) {
      Context of_filter = inside;
      of_filter.clause = "FILTER";
      filter = bind_boolean(*node, of_filter);
    }
    if (filter && *aggregate == AggregateFunction::kArrayAgg) unsupported("array_agg with FILTER and OVER", offset);
    if (flag(body, "agg_star")) {
      call.aggregate = AggregateFunction::kCountStar;
    } else {
      if (args.empty() && name == "count") throw Failure(ErrorCode::kType, "count(*) must be used to call a parameterless aggregate function", offset);
      result = bind_arguments(*aggregate, name, args, offset);
      use.argument = std::move(args[0]);
      if (args.size() > 1) use.second = std::move(args[1]);
    }
    if (filter) {  // what does not pass is as NULL, which aggregates skip
      if (!use.argument) {
        call.aggregate = AggregateFunction::kCount;
        use.argument = Expr::make_constant(Datum::of(true), kBoolean, offset);
      }
      const Type type = use.argument->type;
      std::vector<ExprPtr> parts;
      parts.push_back(std::move(filter));
      parts.push_back(std::move(use.argument));
      parts.push_back(null_constant(type));
      use.argument = Expr::make(Expr::Node::kCase, type, std::move(parts), offset);
    }
  }
  call.result_type = result.id;
  if (use.argument) call.argument_type = use.argument->type.id;

  std::vector<Window>& windows = context.pending->windows;
  const auto same = [&](const Window& other) {
    const auto equal = [](const ExprPtr& a, const ExprPtr& b) { return a->text() == b->text(); };
    const auto equal_items = [&](const SortItem& a, const SortItem& b) {
      return a.descending == b.descending && a.nulls_first == b.nulls_first && equal(a.expr, b.expr);
    };
    return std::equal(window.partition.begin(), window.partition.end(), other.partition.begin(), other.partition.end(), equal) &&
           std::equal(window.order.begin(), window.order.end(), other.order.begin(), other.order.end(), equal_items);
  };
  use.window = static_cast<std::size_t>(std::find_if(windows.begin(), windows.end(), same) - windows.begin());
  if (use.window == windows.size()) windows.push_back(std::move(window));
  std::vector<WindowUse>& uses = context.pending->window_uses;
  const auto same_use = [&](const WindowUse& other) {
    const auto equal = [](const ExprPtr& a, const ExprPtr& b) { return !a == !b && (!a || a->text() == b->text()); };
    return other.window == use.window && other.call == use.call && equal(other.argument, use.argument) && equal(other.second, use.second) && equal(other.count, use.count) &&
           equal(other.fallback, use.fallback);
  };
  const auto index = static_cast<std::size_t>(std::find_if(uses.begin(), uses.end(), same_use) - uses.begin());
  if (index == uses.size()) uses.push_back(std::move(use));
  ExprPtr expr = Expr::make_column(static_cast<std::uint16_t>(kWindowBase + index), without_typmod(result));
  expr->offset = offset;
  return expr;
}

PlanPtr Binder::attach_windows(PlanPtr plan, PendingCalls& pending, const std::function<ExprPtr(const Expr&)>& resolve, Columns& columns) {
  columns.assign(pending.window_uses.size(), 0);
  const auto only_numbers = [&](std::size_t w) {
    return std::all_of(pending.window_uses.begin(), pending.window_uses.end(),
                       [&](const WindowUse& use) { return use.window != w || use.call.function == WindowFunction::kRowNumber; });
  };
  // Row numbers alone come last: a filter over them makes a top-k of them.
  for (const bool numbers : {false, true}) {
    for (std::size_t w = 0; w < pending.windows.size(); ++w) {
      if (only_numbers(w) != numbers) continue;
      Window& window = pending.windows[w];
      std::vector<ExprPtr> exprs;
      std::vector<std::string> names;
      for (std::size_t i = 0; i < plan->schema.size(); ++i) {
        exprs.push_back(weir::column_of(plan->schema, static_cast<std::uint16_t>(i)));
        names.push_back(plan->schema[i].name);
      }
      const auto place = [&](ExprPtr expr) -> std::uint16_t {
        expr = resolve(*expr);
        const std::string text = expr->text();
        for (std::size_t i = 0; i < exprs.size(); ++i) {
          if (exprs[i]->text() == text) return static_cast<std::uint16_t>(i);
        }
        exprs.push_back(std::move(expr));
        names.emplace_back("?column?");
        return static_cast<std::uint16_t>(exprs.size() - 1);
      };
      WindowSpec spec;
      for (ExprPtr& e : window.partition) spec.partition.push_back(place(std::move(e)));
      if (window.order.size() == 1) spec.order_type = window.order[0].expr->type.id;
      for (SortItem& item : window.order) spec.order.push_back({place(std::move(item.expr)), item.descending, item.nulls_first});
      std::vector<std::size_t> uses;
      for (std::size_t u = 0; u < pending.window_uses.size(); ++u) {
        WindowUse& use = pending.window_uses[u];
        if (use.window != w) continue;
        uses.push_back(u);
        if (use.argument) use.call.argument = place(std::move(use.argument));
        if (use.second) use.call.second = place(std::move(use.second));
        if (use.count) use.call.count_column = place(std::move(use.count));
        if (use.fallback) use.call.fallback = place(std::move(use.fallback));
        spec.calls.push_back(use.call);
      }
      if (exprs.size() > plan->schema.size()) plan = make_project(std::move(plan), std::move(exprs), std::move(names));
      const std::size_t width = plan->schema.size();
      if (numbers) {
        TopKSpec top;
        top.partition = std::move(spec.partition);
        top.order = std::move(spec.order);
        top.row_number = true;
        plan = make_top_k(std::move(plan), std::move(top));
        for (std::size_t u : uses) columns[u] = static_cast<std::uint16_t>(width);
      } else {
        plan = make_window(std::move(plan), std::move(spec));
        for (std::size_t i = 0; i < uses.size(); ++i) columns[uses[i]] = static_cast<std::uint16_t>(width + i);
      }
    }
  }
  return plan;
}

}  // namespace weir
