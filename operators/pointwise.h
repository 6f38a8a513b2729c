#pragma once
// Operators whose output weight of a row depends on the input weights of that row alone: DISTINCT, INTERSECT ALL, EXCEPT ALL.
//
// Law      out[x] = f(I(in₀)[x], I(in₁)[x], …), so Δout[x] = f(now) − f(before), for touched rows x only.
// State    a WeightTable with a side an input.

#include "circuit/operator.h"
#include "operators/weight_table.h"

namespace weir {

template <std::size_t kSides>
class Pointwise final : public Operator {
 public:
  using Weights = typename WeightTable<kSides>::Weights;
  using Function = std::int64_t (*)(const Weights&);

  Pointwise(std::vector<KeyKind> types, Function f, std::string label) : Operator(types), f_(f), label_(std::move(label)), table_(std::move(types)) {}

  void evaluate(Step& step, Inputs inputs, Delta& out) override {
    Arena& arena = step.arena();
    for (std::size_t side = 0; side < kSides; ++side) {
      for (const Chunk& chunk : inputs[side]->chunks) table_.add(chunk, side, arena);
    }
    const auto& touched = table_.touched();
    KeyTable::Id* ids = arena.array<KeyTable::Id>(touched.size());
    std::int64_t* weights = arena.array<std::int64_t>(touched.size());
    std::size_t n = 0;
    for (const auto& t : touched) {
      ids[n] = t.id;
      weights[n] = f_(table_.weights(t.id)) - f_(t.before);
      n += weights[n] != 0;
    }
    table_.keys().rows().emit({ids, n}, {weights, n}, nullptr, arena, out);
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
