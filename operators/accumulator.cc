#include "operators/accumulator.h"

#include <weir/error.h>

#include <cmath>
#include <limits>
#include <new>
#include <utility>

#include "operators/accumulator_ordered.h"
#include "operators/accumulator_statistics.h"
#include "operators/numeric_total.h"
#include "operators/ordered_changes.h"
#include "zset/datetime.h"
#include "zset/exact_sum.h"
#include "zset/nan.h"
#include "zset/numeric_parts.h"

namespace weir {
namespace {

class Count final : public Accumulator {
 public:
  Count() : Accumulator(sizeof(std::int64_t)) {}
  bool plain() const override { return true; }

  bool update(const Chunk& rows, const Column* value, Groups groups, const std::uint32_t*, bool negate) override {
    bool overflow = false;
    each_weighted(rows, value, negate, [&](std::uint32_t i, std::int64_t w) { overflow |= add_to(at<std::int64_t>(groups[i]), w); });
    return !overflow;
  }
  void finish(const Asked&, const std::byte* const* groups, std::uint32_t n, Column& out, Arena&) const override {
    for (std::uint32_t k = 0; k < n; ++k) out.as<std::int64_t>()[k] = at<std::int64_t>(groups[k]);
  }
};

class IntegerSum final : public Accumulator {
 public:
  struct State {
    Wide sum;
    std::int64_t n;
  };
  IntegerSum() : Accumulator(sizeof(State)) {}
  bool plain() const override { return true; }

  bool update(const Chunk& rows, const Column* value, Groups groups, const std::uint32_t*, bool negate) override {
    bool overflow = false;
    const std::int64_t* v = value->ints();
    each_weighted(rows, value, negate, [&](std::uint32_t i, std::int64_t w) {
      State& s = at<State>(groups[i]);
      __int128 sum = s.sum;
      overflow |= __builtin_add_overflow(sum, static_cast<__int128>(v[i]) * w, &sum);
      s.sum = sum;
      overflow |= add_to(s.n, w);
    });
    return !overflow;
  }
  void finish(const Asked& asked, const std::byte* const* groups, std::uint32_t n, Column& out, Arena& arena) const override {
    finish_counted<State>(asked, groups, n, out, [&](std::uint32_t k, const State& s) {
      if (s.n == 0) return false;
      if (asked.function == AggregateFunction::kAvg) {
        out.as<Bytes>()[k] = (Numeric::make(s.sum, 0) / Numeric(s.n)).encode(arena);
      } else if (asked.result == TypeId::kNumeric) {
        out.as<Bytes>()[k] = Numeric::make(s.sum, 0).encode(arena);
      } else {
        const auto sum = static_cast<std::int64_t>(s.sum);
        if (sum != s.sum) throw Failure(ErrorCode::kEvaluation, "bigint out of range");
        out.as<std::int64_t>()[k] = sum;
      }
      return true;
    });
  }
};

// Squares of values up to here cannot make the spread of a group overflow.
constexpr double kHuge = 0x1p511;

class DoubleSum final : public Accumulator {
 public:
  struct State {
    ExactSum sum;
    std::int64_t n;
    double value;       // of the sum when the step ended
    ExactSum* squares;  // of huge values; null as long as there was none
    std::uint64_t spread_overflows;  // of the values as they were when the step ended: PostgreSQL's AVG keeps it too, and fails
  };
  DoubleSum() : Accumulator(sizeof(State)) {}

  void construct(std::byte* group) const override { new (&at<State>(group).sum) ExactSum(); }
  void destroy(std::byte* group) noexcept override {
    at<State>(group).sum.~ExactSum();
    delete at<State>(group).squares;
  }
  std::size_t heap_bytes(const std::byte* group) const override {
    const State& s = at<State>(group);
    return s.sum.heap_bytes() + (s.squares ? sizeof *s.squares + s.squares->heap_bytes() : 0);
  }

  bool update(const Chunk& rows, const Column* value, Groups groups, const std::uint32_t*, bool negate) override {
    bool overflow = false;
    const double* v = value->doubles();
    each_weighted(rows, value, negate, [&](std::uint32_t i, std::int64_t w) {
      State& s = at<State>(groups[i]);
      s.sum.add(v[i], w);
      overflow |= add_to(s.n, w);
      if (std::fabs(v[i]) > kHuge) {
        if (!s.squares) s.squares = new ExactSum;
        s.squares->add_product(v[i], v[i], w);
      }
    });
    return !overflow;
  }
  void settle(Groups groups, std::uint32_t n, Executor*) override {
    for (std::uint32_t k = 0; k < n; ++k) {
      State& s = at<State>(groups[k]);
      if (s.sum.overflows()) throw Failure(ErrorCode::kEvaluation, "value out of range: overflow");
      s.value = s.sum.value();
      s.spread_overflows = spread_overflows(s);
    }
  }
  void undo(Groups groups, std::uint32_t n) noexcept override {
    for (std::uint32_t k = 0; k < n; ++k) {
      State& s = at<State>(groups[k]);
      s.value = s.sum.value();
      s.spread_overflows = spread_overflows(s);
    }
  }
  void finish(const Asked& asked, const std::byte* const* groups, std::uint32_t n, Column& out, Arena&) const override {
    finish_counted<State>(asked, groups, n, out, [&](std::uint32_t k, const State& s) {
      if (s.n == 0) return false;
      if (asked.function == AggregateFunction::kAvg) {
        if (s.spread_overflows) throw Failure(ErrorCode::kEvaluation, "value out of range: overflow");
        out.as<double>()[k] = one_nan(s.value / static_cast<double>(s.n));
      } else if (asked.result == TypeId::kReal) {
        const float rounded = static_cast<float>(s.value);
        if (std::isinf(rounded) && !std::isinf(s.value)) throw Failure(ErrorCode::kEvaluation, "value out of range: overflow");
        out.as<double>()[k] = one_nan(rounded);
      } else {
        out.as<double>()[k] = one_nan(s.value);
      }
      return true;
    });
  }

 private:
  static bool spread_overflows(const State& s) { return s.squares && comoment_overflows(s.n, s.sum, s.sum, *s.squares); }
};

class NumericSum final : public Accumulator {
 public:
  NumericSum() : Accumulator(sizeof(NumericTotal)) {}

  void destroy(std::byte* group) noexcept override { at<NumericTotal>(group).destroy(); }
  std::size_t heap_bytes(const std::byte* group) const override { return at<NumericTotal>(group).heap_bytes(); }
  void freeze(std::byte* before, Arena& arena) const override { at<NumericTotal>(before).freeze(arena); }
  bool update(const Chunk& rows, const Column* value, Groups groups, const std::uint32_t*, bool negate) override {
    bool fits = true;
    const Bytes* v = value->bytes();
    each_weighted(rows, value, negate, [&](std::uint32_t i, std::int64_t w) { fits &= at<NumericTotal>(groups[i]).add(v[i], w); });
    return fits;
  }
  void settle(Groups groups, std::uint32_t n, Executor*) override { undo(groups, n); }
  void undo(Groups groups, std::uint32_t n) noexcept override {
    for (std::uint32_t k = 0; k < n; ++k) at<NumericTotal>(groups[k]).release();
  }
  void finish(const Asked& asked, const std::byte* const* groups, std::uint32_t n, Column& out, Arena& arena) const override {
    finish_counted<NumericTotal>(asked, groups, n, out, [&](std::uint32_t k, const NumericTotal& s) {
      if (s.n == 0) return false;
      out.as<Bytes>()[k] = (asked.function == AggregateFunction::kAvg ? s.total() / Numeric(s.n) : checked(s.total())).encode(arena);
      return true;
    });
  }
};

class IntervalSum final : public Accumulator {
 public:
  struct State {
    Wide micros;
    std::int64_t days, months, n;
  };
  IntervalSum() : Accumulator(sizeof(State)) {}

  bool update(const Chunk& rows, const Column* value, Groups groups, const std::uint32_t*, bool negate) override {
    bool overflow = false;
    const Interval* v = value->intervals();
    each_weighted(rows, value, negate, [&](std::uint32_t i, std::int64_t w) {
      State& s = at<State>(groups[i]);
      std::int64_t days, months;
      __int128 micros = s.micros;
      overflow |= __builtin_add_overflow(micros, static_cast<__int128>(v[i].micros) * w, &micros);
      s.micros = micros;
      overflow |= __builtin_mul_overflow(static_cast<std::int64_t>(v[i].days), w, &days);
      overflow |= __builtin_mul_overflow(static_cast<std::int64_t>(v[i].months), w, &months);
      overflow |= add_to(s.days, days);
      overflow |= add_to(s.months, months);
      overflow |= add_to(s.n, w);
    });
    return !overflow;
  }
  void finish(const Asked& asked, const std::byte* const* groups, std::uint32_t n, Column& out, Arena&) const override {
    finish_counted<State>(asked, groups, n, out, [&](std::uint32_t k, const State& s) {
      if (s.n == 0) return false;
      Interval sum;
      sum.micros = static_cast<std::int64_t>(s.micros);
      sum.days = static_cast<std::int32_t>(s.days);
      sum.months = static_cast<std::int32_t>(s.months);
      if (sum.micros != s.micros || sum.days != s.days || sum.months != s.months) throw Failure(ErrorCode::kEvaluation, "interval out of range");
      out.as<Interval>()[k] = asked.function == AggregateFunction::kAvg ? interval_divide(sum, static_cast<double>(s.n)) : sum;
      return true;
    });
  }
};

class Booleans final : public Accumulator {
 public:
  struct State {
    std::int64_t of[2];  // how many are false, how many true
  };
  Booleans() : Accumulator(sizeof(State)) {}

  bool update(const Chunk& rows, const Column* value, Groups groups, const std::uint32_t*, bool negate) override {
    bool overflow = false;
    const std::uint8_t* v = value->bools();
    each_weighted(rows, value, negate, [&](std::uint32_t i, std::int64_t w) { overflow |= add_to(at<State>(groups[i]).of[v[i] & 1], w); });
    return !overflow;
  }
  bool counts() const override { return false; }
  void finish(const Asked& asked, const std::byte* const* groups, std::uint32_t n, Column& out, Arena&) const override {
    for (std::uint32_t k = 0; k < n; ++k) {
      const State& s = at<State>(groups[k]);
      if (s.of[0] == 0 && s.of[1] == 0) out.set(k, Datum::of_null(out.kind));
      else out.as<std::uint8_t>()[k] = asked.function == AggregateFunction::kBoolAnd ? s.of[0] == 0 : s.of[1] != 0;
    }
  }
};

// MIN and MAX: the values of each group in order.
template <class Order>
class Extremes final : public Accumulator {
 public:
  using Value = typename Order::Value;
  using Set = OrderedMultiset<Value>;
  using Change = typename Set::Change;
  struct State {
    Set set;
    std::uint64_t any;  // are there values? The smallest and the largest when the step ended:
    Value min, max;
  };
  Extremes() : Accumulator(sizeof(State)) {}

  void destroy(std::byte* group) noexcept override {
    at<State>(group).set.clear(own_);
  }
  void freeze(std::byte* before, Arena& arena) const override {
    if constexpr (std::is_same_v<Value, Bytes>) {
      State& s = at<State>(before);
      if (!s.any) return;
      s.min = Bytes::copy(s.min.view(), arena);
      s.max = Bytes::copy(s.max.view(), arena);
    }
  }

  bool update(const Chunk& rows, const Column* value, Groups, const std::uint32_t* numbers, bool) override {
    const auto* v = value->as<const Value>();
    each_value(rows, value, [&](std::uint32_t i) { changes_.add(v[i], rows.weights[i], numbers[i]); });
    return true;
  }
  bool logged() const override { return false; }

  void settle(Groups groups, std::uint32_t n, Executor* executor) override {
    changes_.settle(n, executor, own_, [&](std::uint32_t g) -> Set& { return at<State>(groups[g]).set; },
                    [&](std::uint32_t g, std::span<const Change> changes, ValueOwner<Value>& own) { apply(at<State>(groups[g]), changes, own); });
  }
  void undo(Groups groups, std::uint32_t) noexcept override {
    changes_.undo(own_, [&](std::uint32_t g, std::span<const Change> changes, ValueOwner<Value>& own) { apply(at<State>(groups[g]), changes, own); });
  }
  void forget() noexcept override { changes_.forget(); }

  bool counts() const override { return false; }
  void finish(const Asked& asked, const std::byte* const* groups, std::uint32_t n, Column& out, Arena&) const override {
    for (std::uint32_t k = 0; k < n; ++k) {
      const State& s = at<State>(groups[k]);
      if (!s.any) out.set(k, Datum::of_null(out.kind));
      else out.as<Value>()[k] = asked.function == AggregateFunction::kMin ? s.min : s.max;
    }
  }
  std::size_t heap_bytes(const std::byte* group) const override { return at<State>(group).set.bytes(); }
  std::size_t common_bytes() const override { return own_.bytes; }

 private:
  static void apply(State& s, std::span<const Change> changes, ValueOwner<Value>& own) {
    s.set.apply(changes, Order(), own);
    s.any = !s.set.empty();
    s.min = s.any ? s.set.front() : Value();
    s.max = s.any ? s.set.back() : Value();
  }

  OrderedChanges<Order> changes_;
  ValueOwner<Value> own_;
};

enum class Family { kCount, kSum, kExtremes, kBooleans, kBits, kVariance, kRegression, kTextList, kArrayList, kOrderedSet, kHypothetical };

Family family(AggregateFunction f) {
  using F = AggregateFunction;
  switch (f) {
    case F::kCountStar: case F::kCount: return Family::kCount;
    case F::kSum: case F::kAvg: return Family::kSum;
    case F::kMin: case F::kMax: return Family::kExtremes;
    case F::kBoolAnd: case F::kBoolOr: return Family::kBooleans;
    case F::kBitAnd: case F::kBitOr: case F::kBitXor: return Family::kBits;
    case F::kStringAgg: return Family::kTextList;
    case F::kArrayAgg: return Family::kArrayList;
    case F::kMode: case F::kPercentileCont: case F::kPercentileDisc: return Family::kOrderedSet;
    case F::kRank: case F::kDenseRank: case F::kPercentRank: case F::kCumeDist: return Family::kHypothetical;
    case F::kVarPop: case F::kVarSamp: case F::kStddevPop: case F::kStddevSamp: return Family::kVariance;
    case F::kCovarPop: case F::kCovarSamp: case F::kCorr: case F::kRegrCount: case F::kRegrAvgX: case F::kRegrAvgY: case F::kRegrSxx: case F::kRegrSyy:
    case F::kRegrSxy: case F::kRegrSlope: case F::kRegrIntercept: case F::kRegrR2: return Family::kRegression;
  }
  return Family::kCount;
}

[[noreturn]] void refuse() { throw Failure(ErrorCode::kUnsupported, "no such aggregate over this type"); }

}  // namespace

bool share_accumulator(const AggregateSpec& a, const AggregateSpec& b) {
  if (family(a.function) != family(b.function)) return false;
  const auto same = [](const OrderKey& x, const OrderKey& y) { return x.column == y.column && x.descending == y.descending && x.nulls_first == y.nulls_first; };
  return is_ordered_set(a.function) || std::equal(a.order.begin(), a.order.end(), b.order.begin(), b.order.end(), same);
}

std::unique_ptr<Accumulator> make_accumulator(const AggregateSpec& spec) {
  switch (family(spec.function)) {
    case Family::kTextList: return make_text_list(spec);
    case Family::kArrayList: return make_array_list(spec);
    case Family::kOrderedSet: return make_ordered_set(spec.argument_type);
    case Family::kHypothetical: return make_hypothetical(spec);
    default: return make_accumulator(spec.function, spec.argument_type);
  }
}

std::unique_ptr<Accumulator> make_accumulator(AggregateFunction function, TypeId argument) {
  const KeyKind kind = key_kind_of(argument);
  switch (family(function)) {
    case Family::kCount: return std::make_unique<Count>();
    case Family::kBooleans: return std::make_unique<Booleans>();
    case Family::kBits: return make_bits(argument);
    case Family::kVariance: return make_variance(argument);
    case Family::kRegression: return make_regression();
    case Family::kTextList: case Family::kArrayList: case Family::kOrderedSet: case Family::kHypothetical: break;
    case Family::kSum:
      switch (kind) {
        case KeyKind::kInt: return std::make_unique<IntegerSum>();
        case KeyKind::kDouble: return std::make_unique<DoubleSum>();
        case KeyKind::kNumeric: return std::make_unique<NumericSum>();
        case KeyKind::kInterval: return std::make_unique<IntervalSum>();
        case KeyKind::kBool: case KeyKind::kText: case KeyKind::kPadded: case KeyKind::kArray: case KeyKind::kJson: refuse();
      }
      break;
    case Family::kExtremes:
      switch (kind) {
        case KeyKind::kInt: return std::make_unique<Extremes<IntegerOrder>>();
        case KeyKind::kDouble: return std::make_unique<Extremes<DoubleOrder>>();
        case KeyKind::kNumeric: return std::make_unique<Extremes<NumericOrder>>();
        case KeyKind::kText: return std::make_unique<Extremes<TextOrder>>();
        case KeyKind::kPadded: return std::make_unique<Extremes<PaddedOrder>>();
        case KeyKind::kArray: return std::make_unique<Extremes<ArrayOrder>>();
        case KeyKind::kInterval: return std::make_unique<Extremes<IntervalOrder>>();
        case KeyKind::kBool: case KeyKind::kJson: refuse();
      }
      break;
  }
  refuse();
}

}  // namespace weir
