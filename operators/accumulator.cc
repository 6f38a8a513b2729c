#include "operators/accumulator.h"

#include <weir/error.h>

#include <cmath>
#include <limits>
#include <new>
#include <utility>

#include "operators/ordered_multiset.h"
#include "operators/step_list.h"
#include "zset/datetime.h"
#include "zset/exact_sum.h"
#include "zset/numeric.h"

namespace weir {
namespace {

using Wide = __int128 __attribute__((aligned(8)));

// Calls f(position) for each row whose value is not NULL.
template <class F>
void each_value(const Chunk& rows, const Column* value, F&& f) {
  if (!value || !value->valid) {
    rows.each(f);
    return;
  }
  rows.each([&](std::uint32_t i) {
    if (value->is_valid(i)) f(i);
  });
}

std::int64_t wrapped_negation(std::int64_t w) { return static_cast<std::int64_t>(-static_cast<std::uint64_t>(w)); }

// f(position, weight), with one loop a direction.
template <class F>
void each_weighted(const Chunk& rows, const Column* value, bool negate, F&& f) {
  const std::int64_t* w = rows.weights;
  if (negate) each_value(rows, value, [&](std::uint32_t i) { f(i, wrapped_negation(w[i])); });
  else each_value(rows, value, [&](std::uint32_t i) { f(i, w[i]); });
}

bool add_to(std::int64_t& n, std::int64_t w) { return __builtin_add_overflow(n, w, &n); }

template <class State, class Accumulators, class F>
void each_state(const Accumulators& self, Accumulator::Groups groups, std::uint32_t n, F&& f) {
  for (std::uint32_t k = 0; k < n; ++k) f(self.template at<State>(groups[k]));
}

class Count final : public Accumulator {
 public:
  Count() : Accumulator(sizeof(std::int64_t)) {}
  bool plain() const override { return true; }

  bool update(const Chunk& rows, const Column* value, Groups groups, const std::uint32_t*, bool negate) override {
    bool overflow = false;
    each_weighted(rows, value, negate, [&](std::uint32_t i, std::int64_t w) { overflow |= add_to(at<std::int64_t>(groups[i]), w); });
    return !overflow;
  }
  void finish(AggregateFunction, TypeId, const std::byte* const* groups, std::uint32_t n, Column& out, Arena&) const override {
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
  void finish(AggregateFunction function, TypeId result, const std::byte* const* groups, std::uint32_t n, Column& out, Arena& arena) const override {
    for (std::uint32_t k = 0; k < n; ++k) {
      const State& s = at<State>(groups[k]);
      if (function == AggregateFunction::kCount) {
        out.as<std::int64_t>()[k] = s.n;
      } else if (s.n == 0) {
        out.set(k, Datum::of_null(out.kind));
      } else if (function == AggregateFunction::kAvg) {
        out.as<Bytes>()[k] = (Numeric::make(s.sum, 0) / Numeric(s.n)).encode(arena);
      } else if (result == TypeId::kNumeric) {
        out.as<Bytes>()[k] = Numeric::make(s.sum, 0).encode(arena);
      } else {
        const auto sum = static_cast<std::int64_t>(s.sum);
        if (sum != s.sum) throw Failure(ErrorCode::kEvaluation, "bigint out of range");
        out.as<std::int64_t>()[k] = sum;
      }
    }
  }
};

class DoubleSum final : public Accumulator {
 public:
  struct State {
    ExactSum sum;
    std::int64_t n;
    double value;  // of the sum when the step ended
  };
  DoubleSum() : Accumulator(sizeof(State)) {}

  void construct(std::byte* group) const override { new (&at<State>(group).sum) ExactSum(); }
  void destroy(std::byte* group) noexcept override { at<State>(group).sum.~ExactSum(); }

  bool update(const Chunk& rows, const Column* value, Groups groups, const std::uint32_t*, bool negate) override {
    bool overflow = false;
    const double* v = value->doubles();
    each_weighted(rows, value, negate, [&](std::uint32_t i, std::int64_t w) {
      State& s = at<State>(groups[i]);
      s.sum.add(v[i], w);
      overflow |= add_to(s.n, w);
    });
    return !overflow;
  }
  void settle(Groups groups, std::uint32_t n) override {
    for (std::uint32_t k = 0; k < n; ++k) {
      State& s = at<State>(groups[k]);
      if (s.sum.overflows()) throw Failure(ErrorCode::kEvaluation, "value out of range: overflow");
      s.value = s.sum.value();
    }
  }
  void undo(Groups groups, std::uint32_t n) noexcept override {
    for (std::uint32_t k = 0; k < n; ++k) at<State>(groups[k]).value = at<State>(groups[k]).sum.value();
  }
  void finish(AggregateFunction function, TypeId result, const std::byte* const* groups, std::uint32_t n, Column& out, Arena&) const override {
    for (std::uint32_t k = 0; k < n; ++k) {
      const State& s = at<State>(groups[k]);
      if (function == AggregateFunction::kCount) {
        out.as<std::int64_t>()[k] = s.n;
      } else if (s.n == 0) {
        out.set(k, Datum::of_null(out.kind));
      } else if (function == AggregateFunction::kAvg) {
        out.as<double>()[k] = s.value / static_cast<double>(s.n);
      } else if (result == TypeId::kReal) {
        const float rounded = static_cast<float>(s.value);
        if (std::isinf(rounded) && !std::isinf(s.value)) throw Failure(ErrorCode::kEvaluation, "value out of range: overflow");
        out.as<double>()[k] = rounded;
      } else {
        out.as<double>()[k] = s.value;
      }
    }
  }
};

// Σ of NUMERIC. As long as all values have one display scale and the sum of their coefficients fits 128 bits, that sum is all there is;
// otherwise a sum and a count for each scale, since the scale of the result is the largest among the values present.
class NumericSum final : public Accumulator {
 public:
  struct OfScale {
    std::int32_t scale;
    std::int64_t n = 0;
    Wide small = 0;    // coefficients
    Numeric large;     // what 128 bits did not hold
  };
  struct Parts {
    std::int64_t nan = 0, plus_infinity = 0, minus_infinity = 0;
    std::vector<OfScale> scales;
  };
  enum class Form : std::uint32_t { kOneScale, kParts, kFrozen };
  struct State {
    Wide small;
    std::int64_t n;  // values, the infinities and NaN among them
    std::int32_t scale;
    Form form;
    void* more;  // Parts of kParts; Bytes, the sum, of kFrozen
  };
  NumericSum() : Accumulator(sizeof(State)) {}

  void destroy(std::byte* group) noexcept override {
    State& s = at<State>(group);
    if (s.form == Form::kParts) delete static_cast<Parts*>(s.more);
  }
  void freeze(std::byte* before, Arena& arena) const override {
    State& s = at<State>(before);
    if (s.form != Form::kParts) return;
    s.more = new (arena.bytes(sizeof(Bytes))) Bytes(total(s).encode(arena));
    s.form = Form::kFrozen;
  }
  bool update(const Chunk& rows, const Column* value, Groups groups, const std::uint32_t*, bool negate) override {
    bool overflow = false;
    const Bytes* v = value->bytes();
    each_weighted(rows, value, negate, [&](std::uint32_t i, std::int64_t w) {
      State& s = at<State>(groups[i]);
      add(s, v[i], w);
      overflow |= add_to(s.n, w);
    });
    return !overflow;
  }
  void settle(Groups groups, std::uint32_t n) override { release_empty(groups, n); }
  void undo(Groups groups, std::uint32_t n) noexcept override { release_empty(groups, n); }
  void finish(AggregateFunction function, TypeId, const std::byte* const* groups, std::uint32_t n, Column& out, Arena& arena) const override {
    for (std::uint32_t k = 0; k < n; ++k) {
      const State& s = at<State>(groups[k]);
      if (function == AggregateFunction::kCount) {
        out.as<std::int64_t>()[k] = s.n;
      } else if (s.n == 0) {
        out.set(k, Datum::of_null(out.kind));
      } else if (function == AggregateFunction::kAvg) {
        out.as<Bytes>()[k] = (total(s) / Numeric(s.n)).encode(arena);
      } else {
        out.as<Bytes>()[k] = total(s).encode(arena);
      }
    }
  }

 private:
  static void add(State& s, const Bytes& value, std::int64_t weight) {
    __int128 coefficient = 0, product = 0;
    std::int32_t scale = 0;
    const bool small = numeric_small(value, coefficient, scale) && !__builtin_mul_overflow(coefficient, static_cast<__int128>(weight), &product);
    if (s.form == Form::kOneScale) {
      if (small && s.n == 0 && s.small == 0) s.scale = scale;
      __int128 sum = s.small;
      if (small && scale == s.scale && !__builtin_add_overflow(sum, product, &sum)) {
        s.small = sum;
        return;
      }
      auto* parts = new Parts;
      if (s.n != 0 || s.small != 0) parts->scales.push_back({s.scale, s.n, s.small, Numeric()});
      s.more = parts;
      s.form = Form::kParts;
    }
    Parts& parts = *static_cast<Parts*>(s.more);
    if (small) {
      OfScale& p = of_scale(parts, scale);
      __int128 sum = p.small;
      p.n += weight;
      if (__builtin_add_overflow(sum, product, &sum)) {
        p.large = p.large + Numeric::make(p.small, scale);
        sum = product;
      }
      p.small = sum;
      return;
    }
    const Numeric number = Numeric::decode(value);
    switch (number.kind) {
      case Numeric::Class::kNaN: parts.nan += weight; return;
      case Numeric::Class::kInfinity: parts.plus_infinity += weight; return;
      case Numeric::Class::kMinusInfinity: parts.minus_infinity += weight; return;
      case Numeric::Class::kFinite: break;
    }
    OfScale& p = of_scale(parts, number.scale);
    p.n += weight;
    p.large = p.large + number * Numeric(weight);
  }
  static OfScale& of_scale(Parts& parts, std::int32_t scale) {
    for (OfScale& p : parts.scales) {
      if (p.scale == scale) return p;
    }
    parts.scales.push_back({scale, 0, 0, Numeric()});
    return parts.scales.back();
  }
  static bool is_empty(const OfScale& p) { return p.n == 0 && p.small == 0 && p.large.is_zero(); }

  static Numeric total(const State& s) {
    if (s.form == Form::kOneScale) return Numeric::make(s.small, s.scale);
    if (s.form == Form::kFrozen) return Numeric::decode(*static_cast<const Bytes*>(s.more));
    const Parts& parts = *static_cast<const Parts*>(s.more);
    Numeric sum;
    if (parts.nan != 0 || (parts.plus_infinity != 0 && parts.minus_infinity != 0)) {
      sum.kind = Numeric::Class::kNaN;
    } else if (parts.plus_infinity != 0) {
      sum.kind = Numeric::Class::kInfinity;
    } else if (parts.minus_infinity != 0) {
      sum.kind = Numeric::Class::kMinusInfinity;
    } else {
      for (const OfScale& p : parts.scales) {
        if (!is_empty(p)) sum = sum + Numeric::make(p.small, p.scale) + p.large;
      }
    }
    return sum;
  }

  void release_empty(Groups groups, std::uint32_t n) const noexcept {
    for (std::uint32_t k = 0; k < n; ++k) {
      State& s = at<State>(groups[k]);
      if (s.form != Form::kParts) continue;
      auto* parts = static_cast<Parts*>(s.more);
      std::erase_if(parts->scales, is_empty);
      if (parts->nan != 0 || parts->plus_infinity != 0 || parts->minus_infinity != 0 || !parts->scales.empty() || s.n != 0) continue;
      delete parts;
      s.more = nullptr;
      s.small = 0;
      s.form = Form::kOneScale;
    }
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
  void finish(AggregateFunction function, TypeId, const std::byte* const* groups, std::uint32_t n, Column& out, Arena&) const override {
    for (std::uint32_t k = 0; k < n; ++k) {
      const State& s = at<State>(groups[k]);
      if (function == AggregateFunction::kCount) {
        out.as<std::int64_t>()[k] = s.n;
        continue;
      }
      if (s.n == 0) {
        out.set(k, Datum::of_null(out.kind));
        continue;
      }
      Interval sum;
      sum.micros = static_cast<std::int64_t>(s.micros);
      sum.days = static_cast<std::int32_t>(s.days);
      sum.months = static_cast<std::int32_t>(s.months);
      if (sum.micros != s.micros || sum.days != s.days || sum.months != s.months) throw Failure(ErrorCode::kEvaluation, "interval out of range");
      out.as<Interval>()[k] = function == AggregateFunction::kAvg ? interval_divide(sum, static_cast<double>(s.n)) : sum;
    }
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
  void finish(AggregateFunction function, TypeId, const std::byte* const* groups, std::uint32_t n, Column& out, Arena&) const override {
    for (std::uint32_t k = 0; k < n; ++k) {
      const State& s = at<State>(groups[k]);
      if (s.of[0] == 0 && s.of[1] == 0) out.set(k, Datum::of_null(out.kind));
      else out.as<std::uint8_t>()[k] = function == AggregateFunction::kBoolAnd ? s.of[0] == 0 : s.of[1] != 0;
    }
  }
};

// Orders of values: SQL's, and where that calls two values equal that a reader can tell apart (1.0 and 1.00), one more step, so that each is kept.
struct IntegerOrder {
  using Value = std::int64_t;
  int operator()(std::int64_t a, std::int64_t b) const { return a < b ? -1 : a > b; }
};
struct DoubleOrder {
  using Value = double;
  int operator()(double a, double b) const {
    if (a < b) return -1;
    if (a > b) return 1;
    if (a == b) return static_cast<int>(std::signbit(b)) - static_cast<int>(std::signbit(a));
    return static_cast<int>(std::isnan(a)) - static_cast<int>(std::isnan(b));
  }
};
struct TextOrder {
  using Value = Bytes;
  int operator()(const Bytes& a, const Bytes& b) const { return a.view().compare(b.view()); }
};
struct PaddedOrder {
  using Value = Bytes;
  int operator()(const Bytes& a, const Bytes& b) const {
    const int c = without_padding(a.view()).compare(without_padding(b.view()));
    return c != 0 ? c : a.view().compare(b.view());
  }
};
struct NumericOrder {
  using Value = Bytes;
  int operator()(const Bytes& a, const Bytes& b) const {
    if (a == b) return 0;
    const int c = numeric_compare(a, b);
    return c != 0 ? c : a.view().compare(b.view());
  }
};
struct IntervalOrder {
  using Value = Interval;
  int operator()(const Interval& a, const Interval& b) const {
    const int c = interval_compare(a, b);
    if (c != 0) return c;
    if (a.months != b.months) return a.months < b.months ? -1 : 1;
    return a.days != b.days ? (a.days < b.days ? -1 : 1) : 0;
  }
};

// MIN and MAX: the values of each group in order. The changes of a step are collected, brought into order group by group, and applied together.
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
    Set& set = at<State>(group).set;
    set_bytes_ -= set.bytes();
    set.clear(own_);
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
    each_value(rows, value, [&](std::uint32_t i) {
      pending_.push_back({v[i], rows.weights[i]});
      number_.push_back(numbers[i]);
    });
    return true;
  }
  bool logged() const override { return false; }

  void settle(Groups groups, std::uint32_t n) override {
    if (pending_.empty()) return;
    sort_by_group(n);
    const Order order;
    std::uint32_t to = 0;
    for (std::uint32_t g = 0; g < n; ++g) {  // in order of value, each once, without those that cancel out
      const std::uint32_t first = ends_[g], last = ends_[g + 1];
      ends_[g] = to;
      std::sort(changes_.begin() + first, changes_.begin() + last, [&](const Change& a, const Change& b) { return order(a.value, b.value) < 0; });
      for (std::uint32_t i = first; i < last;) {
        Change sum = changes_[i++];
        while (i < last && order(changes_[i].value, sum.value) == 0) sum.weight = add_weights(sum.weight, changes_[i++].weight);
        if (sum.weight != 0) changes_[to++] = sum;
      }
    }
    ends_[n] = to;
    for (std::uint32_t g = 0; g < n; ++g) {
      if (g + 2 * kAhead < n) at<State>(groups[g + 2 * kAhead]).set.prefetch();
      if (g + kAhead < n && ends_[g + kAhead] != ends_[g + kAhead + 1]) {
        at<State>(groups[g + kAhead]).set.prefetch(changes_[ends_[g + kAhead]].value, order);
      }
      apply(groups[g], g);
      applied_ = g + 1;
      if (at<State>(groups[g]).set.negatives() != 0) throw Failure(ErrorCode::kEvaluation, "a value is deleted that is not in its group");
    }
  }
  void undo(Groups groups, std::uint32_t) noexcept override {
    for (Change& c : changes_) c.weight = wrapped_negation(c.weight);
    for (std::uint32_t g = applied_; g-- > 0;) apply(groups[g], g);
  }
  void forget() noexcept override {
    empty_list(pending_);
    empty_list(number_);
    empty_list(changes_);
    empty_list(ends_);
    applied_ = 0;
  }

  bool counts() const override { return false; }
  void finish(AggregateFunction function, TypeId, const std::byte* const* groups, std::uint32_t n, Column& out, Arena&) const override {
    for (std::uint32_t k = 0; k < n; ++k) {
      const State& s = at<State>(groups[k]);
      if (!s.any) out.set(k, Datum::of_null(out.kind));
      else out.as<Value>()[k] = function == AggregateFunction::kMin ? s.min : s.max;
    }
  }
  std::size_t heap_bytes() const override { return own_.bytes + set_bytes_; }

 private:
  static constexpr std::uint32_t kAhead = 4;

  struct Owner {
    std::size_t bytes = 0;
    void keep([[maybe_unused]] Value& v) {
      if constexpr (std::is_same_v<Value, Bytes>) {
        if (v.is_inline()) return;
        char* copy = new char[v.size];
        std::memcpy(copy, v.data, v.size);
        v.data = copy;
        bytes += v.size;
      }
    }
    void meet(const Value&) {}
    void drop([[maybe_unused]] const Value& v) {
      if constexpr (std::is_same_v<Value, Bytes>) {
        if (v.is_inline()) return;
        bytes -= v.size;
        delete[] v.data;
      }
    }
  };

  void apply(std::byte* group, std::uint32_t g) {
    if (ends_[g] == ends_[g + 1]) return;
    State& s = at<State>(group);
    set_bytes_ -= s.set.bytes();
    s.set.apply({changes_.data() + ends_[g], ends_[g + 1] - ends_[g]}, Order(), own_);
    set_bytes_ += s.set.bytes();
    s.any = !s.set.empty();
    s.min = s.any ? s.set.front() : Value();
    s.max = s.any ? s.set.back() : Value();
  }

  // pending_ into changes_ by the number of the group; those of group g lie at ends_[g] … ends_[g + 1].
  void sort_by_group(std::uint32_t n) {
    ends_.assign(n + 2, 0);
    for (const std::uint32_t g : number_) ++ends_[g + 2];
    for (std::uint32_t g = 2; g < n + 2; ++g) ends_[g] += ends_[g - 1];
    changes_.resize(pending_.size());
    for (std::size_t i = 0; i < pending_.size(); ++i) changes_[ends_[number_[i] + 1]++] = pending_[i];
  }

  std::vector<Change> pending_, changes_;
  std::vector<std::uint32_t> number_, ends_;
  std::uint32_t applied_ = 0;
  Owner own_;
  std::size_t set_bytes_ = 0;
};

enum class Family { kCount, kSum, kExtremes, kBooleans };

Family family(AggregateFunction f) {
  switch (f) {
    case AggregateFunction::kCountStar: case AggregateFunction::kCount: return Family::kCount;
    case AggregateFunction::kSum: case AggregateFunction::kAvg: return Family::kSum;
    case AggregateFunction::kMin: case AggregateFunction::kMax: return Family::kExtremes;
    case AggregateFunction::kBoolAnd: case AggregateFunction::kBoolOr: return Family::kBooleans;
  }
  return Family::kCount;
}

[[noreturn]] void refuse() { throw Failure(ErrorCode::kUnsupported, "no such aggregate over this type"); }

}  // namespace

bool share_accumulator(AggregateFunction a, AggregateFunction b) { return family(a) == family(b); }

std::unique_ptr<Accumulator> make_accumulator(AggregateFunction function, TypeId argument) {
  const KeyKind kind = key_kind_of(argument);
  switch (family(function)) {
    case Family::kCount: return std::make_unique<Count>();
    case Family::kBooleans: return std::make_unique<Booleans>();
    case Family::kSum:
      switch (kind) {
        case KeyKind::kInt: return std::make_unique<IntegerSum>();
        case KeyKind::kDouble: return std::make_unique<DoubleSum>();
        case KeyKind::kNumeric: return std::make_unique<NumericSum>();
        case KeyKind::kInterval: return std::make_unique<IntervalSum>();
        case KeyKind::kBool: case KeyKind::kText: case KeyKind::kPadded: refuse();
      }
      break;
    case Family::kExtremes:
      switch (kind) {
        case KeyKind::kInt: return std::make_unique<Extremes<IntegerOrder>>();
        case KeyKind::kDouble: return std::make_unique<Extremes<DoubleOrder>>();
        case KeyKind::kNumeric: return std::make_unique<Extremes<NumericOrder>>();
        case KeyKind::kText: return std::make_unique<Extremes<TextOrder>>();
        case KeyKind::kPadded: return std::make_unique<Extremes<PaddedOrder>>();
        case KeyKind::kInterval: return std::make_unique<Extremes<IntervalOrder>>();
        case KeyKind::kBool: refuse();
      }
      break;
  }
  refuse();
}

}  // namespace weir
