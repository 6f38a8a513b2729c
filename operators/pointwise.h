#pragma once
// Operators whose output weight of a row depends on the input weights of that row alone: DISTINCT, INTERSECT ALL, EXCEPT ALL.
//
// Law      out[x] = f(I(in₀)[x], I(in₁)[x], …), so Δout[x] = f(now) − f(before), for touched rows x only.
// State    a WeightTable with a side an input.
// Threads  of a large delta, looking up and putting out are done in parallel; weights change in order, on one thread.

#include "circuit/operator.h"
#include "operators/parallel_chunks.h"
#include "operators/weight_table.h"

namespace weir {

template <std::size_t kSides>
class Pointwise final : public Operator {
 public:
  using Weights = typename WeightTable<kSides>::Weights;
  using Function = std::int64_t (*)(const Weights&);

  Pointwise(std::vector<KeyKind> types, Function f, std::string label) : Operator(types), f_(f), label_(std::move(label)), table_(std::move(types)) {}

  void evaluate(Step& step, Inputs inputs, Delta& out) override {
    for (std::size_t side = 0; side < kSides; ++side) table_.add(step, *inputs[side], side);
    const auto& touched = table_.touched();
    Executor* executor = step.parallel(touched.size()) ? &step.executor() : nullptr;
    std::vector<Delta> parts(executor ? touched.size() / kRangeRows + 1 : 0);
    each_range(executor, touched.size(), [&](std::size_t first, std::size_t last) {
      Arena& arena = step.arena();
      KeyTable::Id* ids = arena.array<KeyTable::Id>(last - first);
      std::int64_t* weights = arena.array<std::int64_t>(last - first);
      std::size_t n = 0;
      for (std::size_t t = first; t < last; ++t) {
        ids[n] = touched[t].id;
        weights[n] = f_(table_.weights(touched[t].id)) - f_(touched[t].before);
        n += weights[n] != 0;
      }
      table_.keys().rows().emit({ids, n}, {weights, n}, nullptr, arena, executor ? parts[first / kRangeRows] : out);
    });
    for (const Delta& part : parts) out.chunks.insert(out.chunks.end(), part.chunks.begin(), part.chunks.end());
  }
  void advance() noexcept override { table_.advance(); }
  void revert() noexcept override { table_.revert(); }

  bool contents(Step& step, Delta& out) const override {
    Arena& arena = step.arena();
    KeyTable::Id* ids = arena.array<KeyTable::Id>(table_.keys().size());
    std::int64_t* weights = arena.array<std::int64_t>(table_.keys().size());
    std::size_t n = 0;
    table_.keys().each([&](KeyTable::Id id) {
      ids[n] = id;
      weights[n] = f_(table_.weights(id));
      n += weights[n] != 0;
    });
    table_.keys().rows().emit({ids, n}, {weights, n}, nullptr, arena, out);
    return true;
  }
  bool has_state() const override { return true; }
  bool consolidated() const override { return true; }
  std::string label() const override { return label_; }
  std::uint64_t state_rows() const override { return table_.keys().size(); }
  std::size_t state_bytes() const override { return table_.keys().bytes(); }

 private:
  Function f_;
  std::string label_;
  WeightTable<kSides> table_;
};

}  // namespace weir
