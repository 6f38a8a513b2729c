#pragma once
// A DBSP circuit that is stepped, and grown and pruned while it lives.
//
//     sources ──▶ operators ──▶ … ──▶ streams that views hold
//
// A stream is the output of one node. It may own its integral: an arrangement, shared by all who need the stream at rest.
//
// Order    step: push() deltas into sources; evaluate(); then the caller reads delta() of what it cares about and commits; then advance(), or revert().
//          Only nodes with a non-empty input, or whose time has come, are visited, by levels; the nodes of a level may run in parallel.
// Cost     of a step: what its deltas cost, whatever the number of nodes that they do not reach.
// Threads  one at a time, but for reads of integrals between steps.
// Errors   evaluate() throws what an operator throws; the step is then reverted and the circuit is as before.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "circuit/operator.h"

namespace weir {

using NodeId = std::uint32_t;
inline constexpr NodeId kNoNode = 0xffffffff;

class Circuit {
 public:
  explicit Circuit(std::unique_ptr<Executor> executor);
  ~Circuit();

  // -- Building. A new node is fresh until backfill() is called; release() frees a node with its last user.
  // A source has an integral from the start.
  NodeId add_source(std::vector<KeyKind> types, std::vector<std::uint16_t> identity, bool unique, std::string label);
  NodeId add(std::unique_ptr<Operator> op, std::span<const NodeId> inputs);  // retains the inputs
  // The integral of a stream. The first caller's identity decides how its rows are found. Counted: pair with unarrange().
  Arrangement& arrange(NodeId node, std::vector<std::uint16_t> identity = {}, bool unique = false);
  void unarrange(NodeId node);
  Arrangement* integral(NodeId node) const;  // nullptr if nobody arranges it
  void retain(NodeId node);
  void release(NodeId node);                 // at 0 users: the node, its state and its hold on its inputs go
  // Called when the node is freed, before its inputs are released: gives back what its operator arranged and indexed.
  void on_free(NodeId node, std::function<void()> action);
  // The nodes freed since the last call. Their ids may be used again after it.
  std::vector<NodeId> take_freed();
  // Fills all fresh nodes from the past of their inputs. If it throws, the fresh nodes are reverted; the caller releases them.
  void backfill();
  // The same, on one thread, calling `breathe` often: in it there may be steps that do not reach the fresh nodes, and nothing else may happen.
  void backfill(const std::function<void()>& breathe);
  bool fresh(NodeId node) const;
  std::span<const KeyKind> types(NodeId node) const;  // of the columns of a stream
  bool consolidated(NodeId node) const;               // is every delta of the stream in unique form?
  // The whole content of a stream now, as a delta that lives until end_of_read(). For one-off queries and new subscribers. Rows may repeat.
  void contents(NodeId node, Delta& out);
  void end_of_read();

  // -- Stepping.
  Step& step();
  void push(NodeId source, const Delta& delta);  // copies the list of chunks, not the data, which must live until advance or revert
  // The time of this step, and from then on. Part of the step: revert() takes it back. REQUIRES: not before now().
  void set_time(Moment now);
  Moment now() const;
  Moment next_wake() const;                      // when a step is due although nothing is pushed; kNever: no operator waits for its time
  bool follows_time() const;                     // is there an operator whose output changes with the time?
  void evaluate();
  const Delta& delta(NodeId node) const;         // this step's output; empty where the node did not run
  std::span<const NodeId> ran() const;           // nodes with a non-empty delta in this step, by level
  void advance() noexcept;
  void revert() noexcept;

  // -- Looking.
  struct NodeInfo {
    NodeId id;
    std::string label;
    std::vector<NodeId> inputs;
    std::uint32_t users = 0;
    std::uint64_t state_rows = 0;
    std::size_t state_bytes = 0;  // private state and integral
    bool arranged = false;
    std::uint64_t rows_in = 0, rows_out = 0, steps = 0;  // since the node was made, or start_profile()
    std::uint64_t evaluate_ns = 0, keep_ns = 0;          // of that, while clocks ran: in evaluation; in bringing state and integral up to date
  };
  NodeInfo info(NodeId node) const;
  // Clocks around every call of an operator, or none: then they cost a branch a call.
  void run_clocks(bool on);
  bool clocks() const;
  void start_profile();  // counts from 0
  std::vector<NodeId> upstream(std::span<const NodeId> roots) const;  // all nodes that feed these, topologically
  std::size_t node_count() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir
