#pragma once
// A plan to operators in a circuit. Equal sub-plans over the same relations become one stream, across all views, whenever they were added.
//
// Ownership  the result is retained once for the caller. Shared nodes are found through `Streams`, which drops those whose nodes have gone.

#include <functional>
#include <string>
#include <unordered_map>

#include "circuit/circuit.h"
#include "sql/plan.h"

namespace weir {

// Streams that exist, by the canonical text of their plans.
class Streams {
 public:
  NodeId find(const std::string& plan_text) const;  // kNoNode if there is none
  void put(std::string plan_text, NodeId node);
  void remove(NodeId node);                          // called for nodes that the circuit freed

 private:
  std::unordered_map<std::string, NodeId> by_text_;
  std::unordered_multimap<NodeId, std::string> by_node_;
};

// relation: the stream of a table or view. streams: may be null, then nothing is shared (one-off queries).
// Nodes that nobody else held are fresh: call circuit.backfill(). On Failure nothing stays behind.
NodeId lower(const Plan& plan, Circuit& circuit, const std::function<NodeId(const Plan& scan)>& relation, Streams* streams);

}  // namespace weir
