#include "operators/distinct.h"

#include "operators/pointwise.h"

namespace weir {

NodeId distinct(Circuit& circuit, NodeId input) {
  const auto types = circuit.types(input);
  return circuit.add(std::make_unique<Pointwise<1>>(std::vector<KeyKind>(types.begin(), types.end()),
                                                    [](const std::array<std::int64_t, 1>& w) -> std::int64_t { return w[0] > 0; }, "distinct"),
                     {&input, 1});
}

}  // namespace weir
