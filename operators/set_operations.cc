#include "operators/set_operations.h"

#include <algorithm>

#include "operators/pointwise.h"

namespace weir {
namespace {

using Weights = std::array<std::int64_t, 2>;

NodeId add(Circuit& circuit, NodeId left, NodeId right, std::int64_t (*f)(const Weights&), std::string label) {
  const auto types = circuit.types(left);
  const NodeId inputs[] = {left, right};
  return circuit.add(std::make_unique<Pointwise<2>>(std::vector<KeyKind>(types.begin(), types.end()), f, std::move(label)), inputs);
}

std::int64_t positive(std::int64_t w) { return std::max<std::int64_t>(w, 0); }

}  // namespace

NodeId intersect_all(Circuit& circuit, NodeId left, NodeId right) {
  return add(circuit, left, right, [](const Weights& w) { return std::min(positive(w[0]), positive(w[1])); }, "intersect all");
}

NodeId except_all(Circuit& circuit, NodeId left, NodeId right) {
  return add(circuit, left, right, [](const Weights& w) { return positive(positive(w[0]) - positive(w[1])); }, "except all");
}

}  // namespace weir
