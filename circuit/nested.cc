#include "circuit/nested.h"

namespace weir {

void NestedCircuit::push(NodeId source, const Delta& delta) {
  pushed_.push_back({source, delta});
  circuit_.push(source, delta);
}

const Delta& NestedCircuit::evaluate(NodeId output) {
  try {
    circuit_.evaluate();
  } catch (...) {
    pushed_.resize(ends_.empty() ? 0 : ends_.back());
    throw;
  }
  evaluated_ = true;
  return circuit_.delta(output);
}

void NestedCircuit::advance() noexcept {
  circuit_.advance();
  ends_.push_back(pushed_.size());
  evaluated_ = false;
}

void NestedCircuit::settle() noexcept {
  pushed_.clear();
  ends_.clear();
}

void NestedCircuit::undo() noexcept {
  if (evaluated_) circuit_.revert();
  evaluated_ = false;
  while (!ends_.empty()) {
    pushed_.resize(ends_.back());
    ends_.pop_back();
    Arena arena;
    for (std::size_t n = ends_.empty() ? 0 : ends_.back(); n < pushed_.size(); ++n) {
      Delta negated;
      for (Chunk chunk : pushed_[n].delta.chunks) {
        std::int64_t* weights = arena.array<std::int64_t>(chunk.size);
        chunk.each([&](std::uint32_t i) { weights[i] = -chunk.weights[i]; });
        chunk.weights = weights;
        negated.add(chunk);
      }
      circuit_.push(pushed_[n].source, negated);
    }
    circuit_.evaluate();
    circuit_.advance();
  }
  pushed_.clear();
}

}  // namespace weir
