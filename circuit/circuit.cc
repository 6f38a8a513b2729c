#include "circuit/circuit.h"

#include <weir/error.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <unordered_map>

namespace weir {

Step::Step(Executor& executor) : executor_(executor), arenas_(executor.workers()) {}

void Step::reset() {
  for (Own& own : arenas_) own.arena.reset();
}

namespace {

struct Node {
  NodeId id = kNoNode;
  std::string label;             // of a source
  std::unique_ptr<Operator> op;  // null for a source
  std::vector<KeyKind> types;
  struct Consumer {
    Node* node;
    std::uint32_t input;  // which of its inputs this is
  };
  std::vector<Node*> inputs;
  std::vector<std::uint32_t> places;  // of each edge, in the input's consumers
  std::vector<Consumer> consumers;    // one entry an edge
  std::uint32_t level = 0;       // above all inputs
  std::uint32_t users = 1;
  bool fresh = false;
  bool consolidated = false;
  bool follows_time = false;
  Moment wakes_at = kNever;  // as in Impl::waiting
  std::vector<std::function<void()>> when_freed;

  std::unique_ptr<Arrangement> integral;
  std::uint32_t arrangers = 0;

  // Of this step.
  Delta out;
  std::vector<const Delta*> deltas;  // the `out` of each input
  bool queued = false;

  std::uint64_t rows_in = 0, rows_out = 0, steps = 0;
  std::uint64_t evaluate_ns = 0, keep_ns = 0;
};

// What streams hold, computed once a read.
using Contents = std::unordered_map<NodeId, Delta>;

}  // namespace

struct Circuit::Impl {
  std::unique_ptr<Executor> executor;
  Step step;
  std::vector<std::unique_ptr<Node>> nodes;  // by id
  std::vector<NodeId> free_ids, freed;
  std::vector<Node*> fresh;  // in the order they were added, which is topological
  std::size_t count = 0;
  bool reading = false;
  bool clocks = false;
  Moment time_before = kTimeBegin;            // this step
  std::set<std::pair<Moment, NodeId>> waiting;  // for their time
  std::size_t followers = 0;                  // operators that follow the time

  // Of this step.
  std::vector<std::vector<Node*>> queue;  // by level; 0: the sources that were pushed into
  std::uint32_t top = 0;                  // no level above is queued
  std::vector<Node*> called;              // operators whose evaluate was called
  std::vector<NodeId> ran;
  std::vector<Node*> arranged;            // of those that ran, once the step advances

  explicit Impl(std::unique_ptr<Executor> e) : executor(std::move(e)), step(*executor), queue(1) {}

  Node& at(NodeId id) const { return *nodes[id]; }

  Node& make() {
    auto node = std::make_unique<Node>();
    if (free_ids.empty()) {
      node->id = static_cast<NodeId>(nodes.size());
      nodes.emplace_back();
    } else {
      node->id = free_ids.back();
      free_ids.pop_back();
    }
    ++count;
    return *(nodes[node->id] = std::move(node));
  }

  void release(Node& node) {
    if (--node.users != 0) return;
    while (!node.when_freed.empty()) {
      const std::function<void()> action = std::move(node.when_freed.back());
      node.when_freed.pop_back();
      action();
    }
    for (std::size_t n = 0; n < node.inputs.size(); ++n) disconnect(*node.inputs[n], node.places[n]);
    if (node.fresh) fresh.erase(std::find(fresh.begin(), fresh.end(), &node));
    if (node.wakes_at != kNever) waiting.erase({node.wakes_at, node.id});
    followers -= node.follows_time;
    const std::unique_ptr<Node> gone = std::move(nodes[node.id]);
    freed.push_back(gone->id);
    --count;
    for (Node* input : gone->inputs) release(*input);
  }

  static void disconnect(Node& input, std::uint32_t place) {
    const Node::Consumer last = input.consumers.back();
    input.consumers[place] = last;
    last.node->places[last.input] = place;
    input.consumers.pop_back();
  }

  // -- The past of streams.
  const Delta& whole(Node& node, Contents& known, Step& step) {
    const auto [entry, added] = known.try_emplace(node.id);
    Delta& out = entry->second;
    if (!added) return out;
    if (node.fresh) throw Failure(ErrorCode::kInternal, "stream read before it was filled: " + name(node));
    if (node.integral) {
      node.integral->scan(step.arena(), out, [&] { step.breathe(); });
    } else if (!node.op->contents(step, out)) {
      if (node.op->has_state()) throw Failure(ErrorCode::kInternal, "operator does not tell its contents: " + name(node));
      std::vector<const Delta*> inputs;
      for (Node* input : node.inputs) inputs.push_back(&whole(*input, known, step));
      try {
        node.op->backfill(step, inputs, out);
      } catch (...) {
        node.op->revert();
        throw;
      }
      node.op->revert();
    }
    return out;
  }
  void fill_integral(Node& node, const Delta& contents, const Step& step) {
    node.integral->check(contents);
    if (!step.on_breath()) return node.integral->apply(contents);
    Delta part;
    for (const Chunk& chunk : contents.chunks) {
      part.clear();
      part.add(chunk);
      node.integral->apply(part);
      step.breathe();
    }
  }
  void end_of_use() {
    if (!reading) step.reset();
  }

  void fill_fresh(Step& step) {
    Contents known;
    for (Node* node : fresh) {
      std::vector<const Delta*> inputs;
      for (Node* input : node->inputs) inputs.push_back(&whole(*input, known, step));
      Delta& out = known[node->id];
      try {
        timed(node->evaluate_ns, [&] { node->op->backfill(step, inputs, out); });
        if (node->integral) timed(node->keep_ns, [&] { fill_integral(*node, out, step); });
      } catch (...) {
        node->op->revert();
        throw;
      }
      timed(node->keep_ns, [&] { node->op->advance(); });
      wait_again(*node);
      ++node->steps;
      for (const Delta* input : inputs) node->rows_in += input->rows();
      node->rows_out += out.rows();
    }
    for (Node* node : fresh) node->fresh = false;
    fresh.clear();
  }

  // Calls f, and adds to `ns` what it takes where clocks run.
  template <class F>
  void timed(std::uint64_t& ns, F&& f) const {
    if (!clocks) return f();
    const auto start = std::chrono::steady_clock::now();
    f();
    ns += static_cast<std::uint64_t>(std::chrono::nanoseconds(std::chrono::steady_clock::now() - start).count());
  }

  static std::string name(const Node& node) { return node.op ? node.op->label() : node.label; }

  // -- Stepping.
  void wait_again(Node& node) {
    if (!node.follows_time) return;
    const Moment at = node.op->wakes_at();
    if (at == node.wakes_at) return;
    if (node.wakes_at != kNever) waiting.erase({node.wakes_at, node.id});
    if (at != kNever) waiting.emplace(at, node.id);
    node.wakes_at = at;
  }
  void wake(Node& node) {
    if (node.queued || node.fresh) return;
    node.queued = true;
    queue[node.level].push_back(&node);
    top = std::max(top, node.level);
  }
  void hand_on(Node& node) {
    if (node.out.empty()) return;
    ran.push_back(node.id);
    node.rows_out += node.out.rows();
    for (const Node::Consumer& consumer : node.consumers) wake(*consumer.node);
  }
  void run_level(std::vector<Node*>& level) {
    std::uint64_t rows = 0;
    for (Node* node : level) {
      std::uint64_t in = 0;
      for (const Delta* delta : node->deltas) in += delta->rows();
      node->rows_in += in;
      ++node->steps;
      rows += in;
    }
    const auto evaluate = [&](std::size_t n) {
      timed(level[n]->evaluate_ns, [&] { level[n]->op->evaluate(step, level[n]->deltas, level[n]->out); });
    };
    if (level.size() > 1 && step.parallel(rows)) {
      called.insert(called.end(), level.begin(), level.end());
      executor->run(level.size(), evaluate);
      return;
    }
    for (std::size_t n = 0; n < level.size(); ++n) {
      called.push_back(level[n]);
      evaluate(n);
    }
  }
  void evaluate() {
    for (Node* source : queue[0]) {
      ++source->steps;
      hand_on(*source);
    }
    for (std::uint32_t n = 1; n <= top; ++n) {
      run_level(queue[n]);
      for (Node* node : queue[n]) hand_on(*node);
    }
    for (const NodeId id : ran) {
      Node& node = at(id);
      if (node.integral) timed(node.keep_ns, [&] { node.integral->check(node.out); });
    }
  }
  // Calls f(node) for all, in parallel where they have many rows between them.
  template <class F>
  void each(std::span<Node* const> all, std::uint64_t rows, F&& f) {
    if (all.size() > 1 && step.parallel(rows)) {
      executor->run(all.size(), [&](std::size_t n) { f(*all[n]); });
    } else {
      for (Node* node : all) f(*node);
    }
  }
  void advance() {
    std::uint64_t rows = 0;
    arranged.clear();
    for (const NodeId id : ran) {
      Node& node = at(id);
      rows += node.out.rows();
      if (node.integral) arranged.push_back(&node);
    }
    each(arranged, rows, [this](Node& node) { timed(node.keep_ns, [&] { node.integral->apply(node.out); }); });
    each(called, rows, [this](Node& node) { timed(node.keep_ns, [&] { node.op->advance(); }); });
    for (Node* node : arranged) timed(node->keep_ns, [&] { node->integral->collect(); });
    if (followers > 0) {
      for (Node* node : called) wait_again(*node);
    }
    time_before = step.now();
    clear();
  }
  void clear() {
    for (std::uint32_t n = 0; n <= top; ++n) {
      for (Node* node : queue[n]) {
        node->queued = false;
        node->out.clear();
      }
      queue[n].clear();
    }
    top = 0;
    called.clear();
    ran.clear();
    end_of_use();
  }
};

Circuit::Circuit(std::unique_ptr<Executor> executor) : impl_(std::make_unique<Impl>(std::move(executor))) {}
Circuit::~Circuit() = default;

NodeId Circuit::add_source(std::vector<KeyKind> types, std::vector<std::uint16_t> identity, bool unique, std::string label) {
  Node& node = impl_->make();
  node.label = std::move(label);
  node.types = types;
  node.integral = std::make_unique<Arrangement>(std::move(types), std::move(identity), unique);
  node.arrangers = 1;
  return node.id;
}

NodeId Circuit::add(std::unique_ptr<Operator> op, std::span<const NodeId> inputs) {
  Node& node = impl_->make();
  node.types.assign(op->types().begin(), op->types().end());
  node.op = std::move(op);
  node.level = 1;
  node.consolidated = node.op->consolidated();
  node.follows_time = node.op->follows_time();
  impl_->followers += node.follows_time;
  for (const NodeId id : inputs) {
    Node& input = impl_->at(id);
    ++input.users;
    node.places.push_back(static_cast<std::uint32_t>(input.consumers.size()));
    input.consumers.push_back({&node, static_cast<std::uint32_t>(node.inputs.size())});
    node.inputs.push_back(&input);
    node.deltas.push_back(&input.out);
    node.level = std::max(node.level, input.level + 1);
  }
  if (impl_->queue.size() <= node.level) impl_->queue.resize(node.level + 1);
  node.fresh = true;
  impl_->fresh.push_back(&node);
  return node.id;
}

Arrangement& Circuit::arrange(NodeId id, std::vector<std::uint16_t> identity, bool unique) {
  Node& node = impl_->at(id);
  if (!node.integral) {
    auto integral = std::make_unique<Arrangement>(node.types, std::move(identity), unique);
    if (!node.fresh) {
      Contents known;
      try {
        const Delta& contents = impl_->whole(node, known, impl_->step);
        integral->check(contents);
        integral->apply(contents);
      } catch (...) {
        impl_->end_of_use();
        throw;
      }
      impl_->end_of_use();
    }
    node.integral = std::move(integral);
  }
  ++node.arrangers;
  return *node.integral;
}

void Circuit::unarrange(NodeId id) {
  Node& node = impl_->at(id);
  if (--node.arrangers == 0) node.integral.reset();
}

Arrangement* Circuit::integral(NodeId node) const { return impl_->at(node).integral.get(); }
void Circuit::retain(NodeId node) { ++impl_->at(node).users; }
void Circuit::release(NodeId node) { impl_->release(impl_->at(node)); }
void Circuit::on_free(NodeId node, std::function<void()> action) { impl_->at(node).when_freed.push_back(std::move(action)); }

std::vector<NodeId> Circuit::take_freed() {
  impl_->free_ids.insert(impl_->free_ids.end(), impl_->freed.begin(), impl_->freed.end());
  return std::exchange(impl_->freed, {});
}

void Circuit::backfill() {
  try {
    impl_->fill_fresh(impl_->step);
  } catch (...) {
    impl_->end_of_use();
    throw;
  }
  impl_->end_of_use();
}

void Circuit::backfill(const std::function<void()>& breathe) {
  const std::unique_ptr<Executor> serial = Executor::serial();
  Step step(*serial);
  step.on_breath(breathe);
  step.set_now(impl_->step.now());
  impl_->fill_fresh(step);
}

bool Circuit::fresh(NodeId node) const { return impl_->at(node).fresh; }
bool Circuit::consolidated(NodeId node) const { return impl_->at(node).consolidated; }
std::span<const KeyKind> Circuit::types(NodeId node) const { return impl_->at(node).types; }

void Circuit::contents(NodeId node, Delta& out) {
  impl_->reading = true;
  Contents known;
  const Delta& whole = impl_->whole(impl_->at(node), known, impl_->step);
  out.chunks.insert(out.chunks.end(), whole.chunks.begin(), whole.chunks.end());
}

void Circuit::end_of_read() {
  impl_->reading = false;
  impl_->step.reset();
}

Step& Circuit::step() { return impl_->step; }

void Circuit::push(NodeId source, const Delta& delta) {
  Node& node = impl_->at(source);
  for (const Chunk& chunk : delta.chunks) node.out.add(chunk);
  impl_->wake(node);
}

void Circuit::set_time(Moment now) {
  impl_->step.set_now(now);
  for (auto it = impl_->waiting.begin(); it != impl_->waiting.end() && it->first <= now; ++it) impl_->wake(impl_->at(it->second));
}

Moment Circuit::now() const { return impl_->step.now(); }
Moment Circuit::next_wake() const { return impl_->waiting.empty() ? kNever : impl_->waiting.begin()->first; }
bool Circuit::follows_time() const { return impl_->followers > 0; }

void Circuit::evaluate() {
  try {
    impl_->evaluate();
  } catch (...) {
    revert();
    throw;
  }
}

const Delta& Circuit::delta(NodeId node) const { return impl_->at(node).out; }
std::span<const NodeId> Circuit::ran() const { return impl_->ran; }
void Circuit::advance() noexcept { impl_->advance(); }

void Circuit::revert() noexcept {
  for (Node* node : impl_->called) node->op->revert();
  impl_->step.set_now(impl_->time_before);
  impl_->clear();
}

Circuit::NodeInfo Circuit::info(NodeId id) const {
  const Node& node = impl_->at(id);
  NodeInfo info{};
  info.id = id;
  info.label = Impl::name(node);
  for (const Node* input : node.inputs) info.inputs.push_back(input->id);
  info.users = node.users;
  info.arranged = node.integral != nullptr;
  if (node.op) {
    info.state_rows = node.op->state_rows();
    info.state_bytes = node.op->state_bytes();
  }
  if (node.integral) {
    info.state_rows += node.integral->rows();
    info.state_bytes += node.integral->bytes();
  }
  info.rows_in = node.rows_in;
  info.rows_out = node.rows_out;
  info.steps = node.steps;
  info.evaluate_ns = node.evaluate_ns;
  info.keep_ns = node.keep_ns;
  return info;
}

void Circuit::run_clocks(bool on) { impl_->clocks = on; }
bool Circuit::clocks() const { return impl_->clocks; }

void Circuit::start_profile() {
  for (const auto& node : impl_->nodes) {
    if (node) node->rows_in = node->rows_out = node->steps = node->evaluate_ns = node->keep_ns = 0;
  }
}

std::vector<NodeId> Circuit::upstream(std::span<const NodeId> roots) const {
  std::vector<NodeId> order;
  std::vector<bool> seen(impl_->nodes.size());
  const auto visit = [&](auto&& self, const Node& node) -> void {
    if (seen[node.id]) return;
    seen[node.id] = true;
    for (const Node* input : node.inputs) self(self, *input);
    order.push_back(node.id);
  };
  for (const NodeId root : roots) visit(visit, impl_->at(root));
  return order;
}

std::size_t Circuit::node_count() const { return impl_->count; }

}  // namespace weir
