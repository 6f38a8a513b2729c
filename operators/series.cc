#include "operators/series.h"

#include "operators/gather.h"
#include "operators/parallel_chunks.h"
#include "weir/error.h"
#include "zset/datetime.h"
#include "zset/numeric.h"

namespace weir {
namespace {

constexpr std::uint64_t kValuesMost = 10'000'000;

[[noreturn]] void refuse(const std::string& message) { throw Failure(ErrorCode::kEvaluation, message); }

// first, next(first), … while within(value).
template <class Value, class Within, class Next, class Store>
void walk(Value value, Within&& within, Next&& next, Store&& store) {
  for (std::uint64_t n = 0; within(value); ++n) {
    if (n == kValuesMost) refuse("generate_series of more than 10000000 values");
    store(value);
    if (!next(value)) return;
  }
}

void finite(const Numeric& n, const char* what) {
  if (n.kind == Numeric::Class::kNaN) refuse(std::string(what) + " cannot be NaN");
  if (n.kind != Numeric::Class::kFinite) refuse(std::string(what) + " cannot be infinity");
}

class Series final : public Operator {
 public:
  Series(std::vector<KeyKind> types, ExpressionPtr start, ExpressionPtr stop, ExpressionPtr step, TypeId type)
      : Operator(std::move(types)), start_(std::move(start)), stop_(std::move(stop)), step_(std::move(step)), type_(type) {}

  void evaluate(Step& step, Inputs inputs, Delta& out) override {
    each_chunk(step, *inputs[0], out, [&](const Chunk& chunk, Arena& arena, Delta& to) {
      const Column start = start_->evaluate(chunk, arena), stop = stop_->evaluate(chunk, arena), by = step_->evaluate(chunk, arena);
      Batch batch(chunk, start.kind, arena, to);
      chunk.each([&](std::uint32_t i) {
        if (start.is_valid(i) && stop.is_valid(i) && by.is_valid(i)) {
          each_of_series(start.get(i), stop.get(i), by.get(i), type_, arena, [&](const Datum& value) { batch.add(i, value); });
        }
      });
      batch.flush();
    });
  }
  std::string label() const override { return "series " + start_->text() + ", " + stop_->text() + ", " + step_->text(); }

 private:
  // Rows of a chunk beside values, up to a chunk of them.
  class Batch {
   public:
    Batch(const Chunk& chunk, Kind kind, Arena& arena, Delta& out) : chunk_(chunk), kind_(kind), arena_(arena), out_(out) {}
    void add(std::uint32_t position, const Datum& value) {
      if (n_ == kChunkRows) flush();
      if (n_ == 0) {
        positions_ = arena_.array<std::uint32_t>(kChunkRows);
        values_ = Column::make(kind_, kChunkRows, false, arena_);
      }
      positions_[n_] = position;
      values_.set(n_++, value);
    }
    void flush() {
      if (n_ == 0) return;
      Column* columns = arena_.array<Column>(chunk_.width + std::size_t{1});
      for (std::uint16_t c = 0; c < chunk_.width; ++c) columns[c] = gather(chunk_.columns[c], positions_, n_, arena_);
      columns[chunk_.width] = values_;
      std::int64_t* weights = arena_.array<std::int64_t>(n_);
      for (std::uint32_t k = 0; k < n_; ++k) weights[k] = chunk_.weights[positions_[k]];
      out_.add(dense_chunk(n_, {columns, chunk_.width + std::size_t{1}}, weights));
      n_ = 0;
    }

   private:
    const Chunk& chunk_;
    Kind kind_;
    Arena& arena_;
    Delta& out_;
    std::uint32_t* positions_ = nullptr;
    Column values_;
    std::uint32_t n_ = 0;
  };

  ExpressionPtr start_, stop_, step_;
  TypeId type_;
};

}  // namespace

void each_of_series(const Datum& start, const Datum& stop, const Datum& by, TypeId type, Arena& arena, const std::function<void(const Datum&)>& put) {
  const auto zero = [] { refuse("step size cannot equal zero"); };
  if (type == TypeId::kNumeric) {
    const Numeric last = Numeric::decode(stop.bytes), step = Numeric::decode(by.bytes), first = Numeric::decode(start.bytes);
    finite(first, "start value");
    finite(last, "stop value");
    finite(step, "step size");
    const int sign = step.is_zero() ? 0 : step.sign();
    if (sign == 0) zero();
    walk(first, [&](const Numeric& v) { return v.compare(last) * sign <= 0; },
         [&](Numeric& v) {
           v = v + step;
           return true;
         },
         [&](const Numeric& v) { put(Datum::of(v.encode(arena))); });
    return;
  }
  const std::int64_t last = stop.integer;
  if (type == TypeId::kTimestamp || type == TypeId::kTimestamptz) {
    const Interval step = by.interval;
    const int sign = interval_compare(step, Interval{});
    if (sign == 0) zero();
    walk(start.integer, [&](std::int64_t v) { return sign > 0 ? v <= last : v >= last; },
         [&](std::int64_t& v) {
           v = timestamp_plus(v, step);
           return true;
         },
         [&](std::int64_t v) { put(Datum::of(v)); });
    return;
  }
  const std::int64_t step = by.integer;
  if (step == 0) zero();
  walk(start.integer, [&](std::int64_t v) { return step > 0 ? v <= last : v >= last; }, [&](std::int64_t& v) { return !__builtin_add_overflow(v, step, &v); },
       [&](std::int64_t v) { put(Datum::of(v)); });
}

NodeId series(Circuit& circuit, NodeId input, ExpressionPtr start, ExpressionPtr stop, ExpressionPtr step, TypeId type) {
  const auto in = circuit.types(input);
  std::vector<KeyKind> types(in.begin(), in.end());
  types.push_back(start->key_kind());
  return circuit.add(std::make_unique<Series>(std::move(types), std::move(start), std::move(stop), std::move(step), type), {&input, 1});
}

}  // namespace weir
