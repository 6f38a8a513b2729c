#include "sql/temporal.h"

#include <algorithm>
#include <array>
#include <string>

#include "sql/functions.h"
#include "sql/plan_build.h"
#include "sql/recursion.h"
#include "weir/error.h"
#include "zset/datetime.h"

namespace weir {
namespace {

constexpr Type kTime{TypeId::kTimestamptz, 0, 0};

// How a value goes as the time passes.
struct Course {
  int direction = 0;     // +1: it never falls, -1: it never rises, 0: it stays
  bool by_day = false;   // so within each day, and from day to day at the first moments of days and at the last, alone
  bool in_day = true;    // of the moments of a day it makes moments of one day, or one moment; and of the first ones (the last ones) of all days the same time of day
};

const Expr* first_now(const Expr& expr) {
  if (expr.node == Expr::Node::kNow) return &expr;
  for (const ExprPtr& arg : expr.args) {
    if (const Expr* found = first_now(*arg)) return found;
  }
  return nullptr;
}

[[noreturn]] void refuse(const Expr& expr, const std::string& why) {
  const Expr* now = first_now(expr);
  Failure failure(ErrorCode::kUnsupported, "now() is not supported in a view " + why, now ? now->offset : expr.offset);
  failure.error().hint = "a view may compare now() with what is in a row, in WHERE: ts > now() - interval '1 hour'";
  throw failure;
}

bool is_moment(TypeId id) { return id == TypeId::kTimestamp || id == TypeId::kTimestamptz || id == TypeId::kDate; }
bool is_wide_number(TypeId id) { return id == TypeId::kBigint || id == TypeId::kNumeric || id == TypeId::kDouble; }
bool is_number(TypeId id) { return is_wide_number(id) || id == TypeId::kInteger || id == TypeId::kSmallint || id == TypeId::kReal; }

std::string text_constant(const Expr& e) {
  const Datum d = e.node == Expr::Node::kConstant ? e.constant.get() : Datum::of_null(Kind::kBytes);
  std::string text(d.null || d.kind != Kind::kBytes ? std::string_view() : d.bytes.view());
  for (char& c : text) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return text;
}

template <std::size_t N>
bool among(const std::array<std::string_view, N>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

class Courses {
 public:
  explicit Courses(const Expr& condition) : condition_(condition) {}

  Course of(const Expr& e) const {
    if (e.node == Expr::Node::kNow) return {1, false, true};
    if (!mentions_now(e)) return {};
    switch (e.node) {
      case Expr::Node::kAnd: case Expr::Node::kOr: {
        Course out;
        for (const ExprPtr& arg : e.args) out = both(out, of(*arg), *arg);
        return out;
      }
      case Expr::Node::kCall: return e.function->user ? unknown(e) : call(e);
      default: return unknown(e);
    }
  }

 private:
  [[noreturn]] Course unknown(const Expr& e) const {
    (void)e;
    refuse(condition_, "in a condition of which weir can't tell when it changes");
  }
  Course both(Course a, Course b, const Expr& where) const {
    if (a.direction * b.direction < 0) refuse(where, "where one condition becomes true, or false, more than once as time passes");
    Course out{a.direction != 0 ? a.direction : b.direction, a.by_day || b.by_day, a.in_day && b.in_day};
    return out;
  }
  static Course turned(Course c) {
    c.direction = -c.direction;
    return c;
  }
  static Course loose(Course c) {  // no more of one day
    c.in_day = false;
    return c;
  }

  Course call(const Expr& e) const {
    const std::string& name = e.function->name;
    const auto arg = [&](std::size_t n) -> const Expr& { return *e.args[n]; };
    if (e.function->target.id != TypeId::kUnknown) return cast(e);
    if (e.args.size() == 1) {
      if (name == "not") return turned(of(arg(0)));
      if (name == "is true") return of(arg(0));
      if (name == "-" && is_number(e.type.id)) return loose(turned(of(arg(0))));
      return unknown(e);
    }
    if (name == "greatest" || name == "least") {
      Course out;
      for (const ExprPtr& a : e.args) out = both(out, of(*a), *a);
      return loose(out);
    }
    if (name == "date_bin" && e.args.size() == 3 && !mentions_now(arg(0)) && !mentions_now(arg(2))) return loose(of(arg(1)));
    if (e.args.size() != 2) return unknown(e);
    if (name == ">" || name == ">=") return both(of(arg(0)), turned(of(arg(1))), e);
    if (name == "<" || name == "<=") return both(turned(of(arg(0))), of(arg(1)), e);
    if (name == "+") return sum(e, 1);
    if (name == "-") return sum(e, -1);
    if (name == "*" || name == "/") return scaled(e);
    if (mentions_now(arg(0))) return unknown(e);
    const std::string word = text_constant(arg(0));
    if (name == "date_trunc" && is_moment(arg(1).type.id) && !word.empty()) return of(arg(1));
    if (name == "timezone" && !word.empty() && is_moment(arg(1).type.id)) return word == "utc" || word == "gmt" ? of(arg(1)) : loose(of(arg(1)));
    if (name == "extract" || name == "date_part") {
      static constexpr std::array<std::string_view, 6> kGrow = {"epoch", "year", "isoyear", "decade", "century", "millennium"};
      const bool grows = is_moment(arg(1).type.id) ? among(kGrow, word) : arg(1).type.id == TypeId::kInterval && word == "epoch";
      if (grows) return loose(of(arg(1)));
    }
    return unknown(e);
  }

  Course cast(const Expr& e) const {
    const TypeId from = e.args[0]->type.id, to = e.function->target.id;
    const Course inside = of(*e.args[0]);
    if (is_moment(from) && is_moment(to)) return e.type.precision == 0 ? inside : loose(inside);  // rounded, it may be of the next day
    if (is_number(from) && is_wide_number(to)) return loose(inside);
    if (from == to && to == TypeId::kInterval) return loose(inside);
    refuse(condition_, "as " + Type{to, 0, 0}.to_string());
  }

  Course sum(const Expr& e, int sign) const {
    const Expr &a = *e.args[0], &b = *e.args[1];
    const TypeId left = a.type.id, right = b.type.id;
    if (is_moment(left) && right == TypeId::kInterval) return shifted(a, b);
    if (sign > 0 && left == TypeId::kInterval && is_moment(right)) return shifted(b, a);
    const Course x = of(a), y = sign > 0 ? of(b) : turned(of(b));
    const bool days = left == TypeId::kDate || right == TypeId::kDate;
    const bool plain = (is_number(left) && is_number(right)) || (left == TypeId::kInterval && right == TypeId::kInterval) || (is_moment(left) && left == right) ||
                       (days && (is_number(left) || is_number(right)));
    if (!plain) return unknown(e);
    const Course out = both(x, y, e);
    return days && e.type.id == TypeId::kDate ? out : loose(out);
  }

  // A moment and an interval, added or subtracted.
  Course shifted(const Expr& moment, const Expr& by) const {
    if (mentions_now(by)) return unknown(by);
    Course out = of(moment);
    const bool known = by.node == Expr::Node::kConstant && !by.constant.get().null;
    const Interval i = known ? by.constant.get().interval : Interval{};
    const bool months = !known || i.months != 0;
    if (months && !out.in_day) refuse(condition_, "with months added to a moment that is not of the same day");
    out.by_day = out.by_day || months;
    out.in_day = out.in_day && known && i.micros % kMicrosPerDay == 0;
    return out;
  }

  Course scaled(const Expr& e) const {
    const bool first = mentions_now(*e.args[0]);
    const Expr& factor = first ? *e.args[1] : *e.args[0];
    if ((!first && e.function->name == "/") || factor.node != Expr::Node::kConstant || factor.constant.get().null || !is_number(factor.type.id) || !is_number(e.type.id)) return unknown(e);
    std::vector<ExprPtr> against;
    against.push_back(factor.clone());
    against.push_back(coerce(Expr::make_constant(Datum::of(std::int64_t{0}), Type{TypeId::kInteger, 0, 0}), factor.type, Cast::kExplicit, e.offset));
    Arena arena;
    const Datum positive = evaluate_constant(*bind_operator(">", std::move(against), e.offset), arena);
    const Course inside = loose(of(first ? *e.args[0] : *e.args[1]));
    return positive.boolean ? inside : turned(inside);
  }

  const Expr& condition_;
};

ExprPtr with_time_column(const Expr& e, std::uint16_t column) {
  if (e.node == Expr::Node::kNow) return Expr::make_column(column, kTime);
  ExprPtr out = e.clone();
  for (std::size_t a = 0; a < out->args.size(); ++a) out->args[a] = with_time_column(*e.args[a], column);
  return out;
}

// `=` as <= and >=.
void split_equality(ExprPtr conjunct, std::vector<ExprPtr>& out) {
  const bool equality = conjunct->node == Expr::Node::kCall && conjunct->function->name == "=" && conjunct->args.size() == 2 && mentions_now(*conjunct);
  if (!equality) return out.push_back(std::move(conjunct));
  for (const char* op : {"<=", ">="}) {
    std::vector<ExprPtr> args;
    for (const ExprPtr& a : conjunct->args) args.push_back(a->clone());
    out.push_back(bind_operator(op, std::move(args), conjunct->offset));
  }
}

}  // namespace

bool mentions_now(const Expr& expr) { return first_now(expr) != nullptr; }

bool mentions_now(const Plan& plan) {
  bool found = false;
  each_expr(plan, [&](const Expr& e) { found = found || mentions_now(e); });
  return found || std::any_of(plan.inputs.begin(), plan.inputs.end(), [](const PlanPtr& input) { return mentions_now(*input); });
}

TimedCondition split_by_time(const Expr& condition, std::size_t width) {
  std::vector<ExprPtr> conjuncts, all, timeless;
  split_conjuncts(condition.clone(), conjuncts);
  for (ExprPtr& c : conjuncts) split_equality(std::move(c), all);
  TimedCondition out;
  for (ExprPtr& c : all) {
    if (!mentions_now(*c)) {
      timeless.push_back(std::move(c));
      continue;
    }
    const Course course = Courses(*c).of(*c);
    out.timed.push_back({with_time_column(*c, static_cast<std::uint16_t>(width)), course.direction > 0, course.by_day});
  }
  out.timeless = conjunction(std::move(timeless));
  return out;
}

void check_now(const Plan& plan) {
  if (plan.node == Plan::Node::kFilter) {
    const Expr& condition = *plan.exprs[0];
    (void)split_by_time(condition, plan.inputs[0]->schema.size());
    if (mentions_now(condition) && reads_working_table(plan)) refuse(condition, "in the recursive term of a query");
  } else {
    each_expr(plan, [&](const Expr& e) {
      if (mentions_now(e)) refuse(e, plan.node == Plan::Node::kJoin || plan.node == Plan::Node::kSemiJoin ? "in the condition of such a join" : "but in conditions of WHERE, HAVING and ON");
    });
  }
  for (const PlanPtr& input : plan.inputs) check_now(*input);
}

}  // namespace weir
