#include "operators/accumulator_statistics.h"

#include <weir/error.h>

#include <bit>
#include <cmath>
#include <new>

#include "operators/accumulator_loops.h"
#include "operators/numeric_total.h"
#include "zset/exact_sum.h"
#include "zset/nan.h"
#include "zset/numeric.h"

namespace weir {
namespace {

using F = AggregateFunction;

// How many values have each bit.
template <int kBits>
class Bits final : public Accumulator {
 public:
  struct State {
    std::int64_t n;
    std::int64_t of[kBits];
  };
  Bits() : Accumulator(sizeof(State)) {}
  bool plain() const override { return true; }

  bool update(const Chunk& rows, const Column* value, Groups groups, const std::uint32_t*, bool negate) override {
    bool overflow = false;
    const std::int64_t* v = value->ints();
    each_weighted(rows, value, negate, [&](std::uint32_t i, std::int64_t w) {
      State& s = at<State>(groups[i]);
      overflow |= add_to(s.n, w);
      for (std::uint64_t bits = static_cast<std::uint64_t>(v[i]) & kAll; bits != 0; bits &= bits - 1) {
        overflow |= add_to(s.of[std::countr_zero(bits)], w);
      }
    });
    return !overflow;
  }
  void finish(const Asked& asked, const std::byte* const* groups, std::uint32_t n, Column& out, Arena&) const override {
    finish_counted<State>(asked, groups, n, out, [&](std::uint32_t k, const State& s) {
      if (s.n == 0) return false;
      std::uint64_t bits = 0;
      for (int b = 0; b < kBits; ++b) {
        const bool set = asked.function == F::kBitAnd ? s.of[b] == s.n : asked.function == F::kBitOr ? s.of[b] != 0 : (s.of[b] & 1) != 0;
        bits |= std::uint64_t{set} << b;
      }
      const std::uint64_t sign = bits >> (kBits - 1) & 1;
      out.as<std::int64_t>()[k] = static_cast<std::int64_t>(sign ? bits | ~kAll : bits);
      return true;
    });
  }

 private:
  static constexpr std::uint64_t kAll = ~std::uint64_t{0} >> (64 - kBits);
};

bool is_sample(F function) { return function == F::kVarSamp || function == F::kStddevSamp; }
bool is_root(F function) { return function == F::kStddevPop || function == F::kStddevSamp; }

class IntegerVariance final : public Accumulator {
 public:
  struct State {
    Wide sum, high, low;  // Σx, and Σx² = high 2^64 + low
    std::int64_t n;
  };
  IntegerVariance() : Accumulator(sizeof(State)) {}
  bool plain() const override { return true; }

  bool update(const Chunk& rows, const Column* value, Groups groups, const std::uint32_t*, bool negate) override {
    bool overflow = false;
    const std::int64_t* v = value->ints();
    each_weighted(rows, value, negate, [&](std::uint32_t i, std::int64_t w) {
      State& s = at<State>(groups[i]);
      const auto square = static_cast<unsigned __int128>(static_cast<__int128>(v[i]) * v[i]);
      __int128 sum = s.sum, high = s.high, low = s.low;
      overflow |= __builtin_add_overflow(sum, static_cast<__int128>(v[i]) * w, &sum);
      overflow |= __builtin_add_overflow(high, static_cast<__int128>(square >> 64) * w, &high);
      overflow |= __builtin_add_overflow(low, static_cast<__int128>(static_cast<std::uint64_t>(square)) * w, &low);
      s.sum = sum;
      s.high = high;
      s.low = low;
      overflow |= add_to(s.n, w);
    });
    return !overflow;
  }
  void finish(const Asked& asked, const std::byte* const* groups, std::uint32_t n, Column& out, Arena& arena) const override {
    const Numeric limb = Numeric::make(static_cast<__int128>(1) << 64, 0);
    finish_counted<State>(asked, groups, n, out, [&](std::uint32_t k, const State& s) {
      if (s.n <= is_sample(asked.function)) return false;
      const Numeric squares = Numeric::make(s.high, 0) * limb + Numeric::make(s.low, 0);
      out.as<Bytes>()[k] = numeric_variance(s.n, Numeric::make(s.sum, 0), squares, is_sample(asked.function), is_root(asked.function)).encode(arena);
      return true;
    });
  }
};

class NumericVariance final : public Accumulator {
 public:
  struct State {
    NumericTotal sum, squares;
  };
  NumericVariance() : Accumulator(sizeof(State)) {}

  void destroy(std::byte* group) noexcept override {
    at<State>(group).sum.destroy();
    at<State>(group).squares.destroy();
  }
  std::size_t heap_bytes(const std::byte* group) const override { return at<State>(group).sum.heap_bytes() + at<State>(group).squares.heap_bytes(); }
  void freeze(std::byte* before, Arena& arena) const override {
    at<State>(before).sum.freeze(arena);
    at<State>(before).squares.freeze(arena);
  }
  bool update(const Chunk& rows, const Column* value, Groups groups, const std::uint32_t*, bool negate) override {
    bool fits = true;
    const Bytes* v = value->bytes();
    each_weighted(rows, value, negate, [&](std::uint32_t i, std::int64_t w) {
      State& s = at<State>(groups[i]);
      fits &= s.sum.add(v[i], w);
      fits &= s.squares.add_square(v[i], w);
    });
    return fits;
  }
  void settle(Groups groups, std::uint32_t n, Executor*) override { undo(groups, n); }
  void undo(Groups groups, std::uint32_t n) noexcept override {
    for (std::uint32_t k = 0; k < n; ++k) {
      at<State>(groups[k]).sum.release();
      at<State>(groups[k]).squares.release();
    }
  }
  void finish(const Asked& asked, const std::byte* const* groups, std::uint32_t n, Column& out, Arena& arena) const override {
    for (std::uint32_t k = 0; k < n; ++k) {
      const State& s = at<State>(groups[k]);
      if (asked.function == F::kCount) {
        out.as<std::int64_t>()[k] = s.sum.n;
      } else if (s.sum.n <= is_sample(asked.function)) {
        out.set(k, Datum::of_null(out.kind));
      } else {
        out.as<Bytes>()[k] = numeric_variance(s.sum.n, s.sum.total(), s.squares.total(), is_sample(asked.function), is_root(asked.function)).encode(arena);
      }
    }
  }
};

// Exact sums with what follows from them, computed when a step ends: what a retraction shows must not depend on the sums as they are by then.
double comoment_of(std::int64_t n, const ExactSum& x, const ExactSum& y, const ExactSum& xy) {
  if (n <= 0) return 0;
  const double answer = comoment(n, x, y, xy);
  if (std::fabs(answer) > 0x1p960 && comoment_overflows(n, x, y, xy)) throw Failure(ErrorCode::kEvaluation, "value out of range: overflow");
  return answer;
}
double sum_of(const ExactSum& sum) {
  if (sum.overflows()) throw Failure(ErrorCode::kEvaluation, "value out of range: overflow");
  return sum.value();
}

class DoubleVariance final : public Accumulator {
 public:
  struct State {
    ExactSum sum, squares;
    std::int64_t n;
    double spread;  // Σ(x - mean)²
  };
  DoubleVariance() : Accumulator(sizeof(State)) {}

  void construct(std::byte* group) const override {
    new (&at<State>(group).sum) ExactSum();
    new (&at<State>(group).squares) ExactSum();
  }
  void destroy(std::byte* group) noexcept override {
    at<State>(group).sum.~ExactSum();
    at<State>(group).squares.~ExactSum();
  }
  std::size_t heap_bytes(const std::byte* group) const override { return at<State>(group).sum.heap_bytes() + at<State>(group).squares.heap_bytes(); }
  bool update(const Chunk& rows, const Column* value, Groups groups, const std::uint32_t*, bool negate) override {
    bool overflow = false;
    const double* v = value->doubles();
    each_weighted(rows, value, negate, [&](std::uint32_t i, std::int64_t w) {
      State& s = at<State>(groups[i]);
      s.sum.add(v[i], w);
      s.squares.add_product(v[i], v[i], w);
      overflow |= add_to(s.n, w);
    });
    return !overflow;
  }
  void settle(Groups groups, std::uint32_t n, Executor*) override {
    for (std::uint32_t k = 0; k < n; ++k) {
      State& s = at<State>(groups[k]);
      sum_of(s.sum);
      s.spread = comoment_of(s.n, s.sum, s.sum, s.squares);
    }
  }
  void undo(Groups groups, std::uint32_t n) noexcept override {
    for (std::uint32_t k = 0; k < n; ++k) {
      State& s = at<State>(groups[k]);
      s.spread = s.n > 0 ? comoment(s.n, s.sum, s.sum, s.squares) : 0;
    }
  }
  void finish(const Asked& asked, const std::byte* const* groups, std::uint32_t n, Column& out, Arena&) const override {
    finish_counted<State>(asked, groups, n, out, [&](std::uint32_t k, const State& s) {
      if (s.n <= is_sample(asked.function)) return false;
      const double variance = s.spread / static_cast<double>(is_sample(asked.function) ? s.n - 1 : s.n);
      out.as<double>()[k] = one_nan(is_root(asked.function) ? std::sqrt(variance) : variance);
      return true;
    });
  }
};

// Of pairs (y, x): those in which neither is NULL.
class Regression final : public Accumulator {
 public:
  struct State {
    ExactSum sums[5];  // x, y, x², y², xy
    std::int64_t n;
    double x, y, xx, yy, xy;  // Σx, Σy, Σ(x - mean x)², …
  };
  Regression() : Accumulator(sizeof(State)) {}

  void construct(std::byte* group) const override {
    for (ExactSum& sum : at<State>(group).sums) new (&sum) ExactSum();
  }
  void destroy(std::byte* group) noexcept override {
    for (ExactSum& sum : at<State>(group).sums) sum.~ExactSum();
  }
  std::size_t heap_bytes(const std::byte* group) const override {
    std::size_t n = 0;
    for (const ExactSum& sum : at<State>(group).sums) n += sum.heap_bytes();
    return n;
  }
  bool update(const Chunk& rows, const Column* values, Groups groups, const std::uint32_t*, bool negate) override {
    bool overflow = false;
    const double *ys = values[0].doubles(), *xs = values[1].doubles();
    each_weighted(rows, values, negate, [&](std::uint32_t i, std::int64_t w) {
      if (!values[1].is_valid(i)) return;
      State& s = at<State>(groups[i]);
      const double x = xs[i], y = ys[i];
      s.sums[0].add(x, w);
      s.sums[1].add(y, w);
      s.sums[2].add_product(x, x, w);
      s.sums[3].add_product(y, y, w);
      s.sums[4].add_product(x, y, w);
      overflow |= add_to(s.n, w);
    });
    return !overflow;
  }
  bool counts() const override { return false; }
  void settle(Groups groups, std::uint32_t n, Executor*) override {
    for (std::uint32_t k = 0; k < n; ++k) {
      State& s = at<State>(groups[k]);
      s.x = sum_of(s.sums[0]);
      s.y = sum_of(s.sums[1]);
      s.xx = comoment_of(s.n, s.sums[0], s.sums[0], s.sums[2]);
      s.yy = comoment_of(s.n, s.sums[1], s.sums[1], s.sums[3]);
      s.xy = comoment_of(s.n, s.sums[0], s.sums[1], s.sums[4]);
    }
  }
  void undo(Groups groups, std::uint32_t n) noexcept override {
    for (std::uint32_t k = 0; k < n; ++k) {
      State& s = at<State>(groups[k]);
      const bool any = s.n > 0;
      s.x = s.sums[0].value();
      s.y = s.sums[1].value();
      s.xx = any ? comoment(s.n, s.sums[0], s.sums[0], s.sums[2]) : 0;
      s.yy = any ? comoment(s.n, s.sums[1], s.sums[1], s.sums[3]) : 0;
      s.xy = any ? comoment(s.n, s.sums[0], s.sums[1], s.sums[4]) : 0;
    }
  }
  void finish(const Asked& asked, const std::byte* const* groups, std::uint32_t n, Column& out, Arena&) const override {
    for (std::uint32_t k = 0; k < n; ++k) {
      const State& s = at<State>(groups[k]);
      if (asked.function == F::kRegrCount) out.as<std::int64_t>()[k] = s.n;
      else if (double answer = 0; answered(asked.function, s, answer)) out.as<double>()[k] = one_nan(answer);
      else out.set(k, Datum::of_null(out.kind));
    }
  }

 private:
  // false: NULL.
  static bool answered(F function, const State& s, double& answer) {
    const auto n = static_cast<double>(s.n);
    if (s.n < 1) return false;
    switch (function) {
      case F::kRegrAvgX: answer = s.x / n; return true;
      case F::kRegrAvgY: answer = s.y / n; return true;
      case F::kRegrSxx: answer = s.xx; return true;
      case F::kRegrSyy: answer = s.yy; return true;
      case F::kRegrSxy: answer = s.xy; return true;
      case F::kCovarPop: answer = s.xy / n; return true;
      case F::kCovarSamp: answer = s.xy / (n - 1); return s.n > 1;
      case F::kCorr: answer = s.xy / std::sqrt(s.xx * s.yy); return s.xx != 0 && s.yy != 0;
      case F::kRegrSlope: answer = s.xy / s.xx; return s.xx != 0;
      case F::kRegrIntercept: answer = (s.y - s.x * s.xy / s.xx) / n; return s.xx != 0;
      case F::kRegrR2: answer = s.yy == 0 ? 1 : s.xy * s.xy / (s.xx * s.yy); return s.xx != 0;
      default: return false;
    }
  }
};

}  // namespace

std::unique_ptr<Accumulator> make_bits(TypeId argument) {
  switch (argument) {
    case TypeId::kSmallint: return std::make_unique<Bits<16>>();
    case TypeId::kInteger: return std::make_unique<Bits<32>>();
    default: return std::make_unique<Bits<64>>();
  }
}

std::unique_ptr<Accumulator> make_variance(TypeId argument) {
  switch (key_kind_of(argument)) {
    case KeyKind::kInt: return std::make_unique<IntegerVariance>();
    case KeyKind::kNumeric: return std::make_unique<NumericVariance>();
    default: return std::make_unique<DoubleVariance>();
  }
}

std::unique_ptr<Accumulator> make_regression() { return std::make_unique<Regression>(); }

}  // namespace weir
