#pragma once
// A circuit inside of an operator: it makes many steps within one step of the circuit outside, and all of them can be taken back.
//
// Law      an inner step is taken back by pushing the negation of what it was given: Z-sets are a group, and its streams hold again what they held before.
// Order    push, evaluate, advance for each inner step; then settle() when the step outside advances, or undo() when it is reverted.
// State    what the inner circuit keeps; and, until settle() or undo(), the list of the chunks pushed since.
// Threads  one, the caller's: inner steps run serially.
// Errors   evaluate() throws what an operator throws; the inner step is then reverted, those before it stand until undo().

#include <cstdint>
#include <vector>

#include "circuit/circuit.h"

namespace weir {

class NestedCircuit {
 public:
  NestedCircuit() : circuit_(Executor::serial()) {}

  Circuit& circuit() { return circuit_; }
  const Circuit& circuit() const { return circuit_; }

  // The data must live until settle() or undo().
  void push(NodeId source, const Delta& delta);
  // Runs the inner step; what `output` puts out lives until advance().
  const Delta& evaluate(NodeId output);
  void advance() noexcept;

  void settle() noexcept;
  void undo() noexcept;

 private:
  struct Pushed {
    NodeId source;
    Delta delta;
  };
  Circuit circuit_;
  std::vector<Pushed> pushed_;
  std::vector<std::size_t> ends_;  // of each inner step, in pushed_
  bool evaluated_ = false;         // and not yet advanced
};

}  // namespace weir
