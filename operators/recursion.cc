#include "operators/recursion.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <string>

#include "circuit/nested.h"
#include "operators/iteration_weights.h"
#include "operators/key_table.h"
#include "operators/step_list.h"
#include "weir/error.h"
#include "zset/consolidate.h"

namespace weir {
namespace {

// The rows without their last column, the iteration.
Chunk without_iteration(Chunk chunk) {
  --chunk.width;
  return chunk;
}

void append(const Delta& delta, Delta& to) { to.chunks.insert(to.chunks.end(), delta.chunks.begin(), delta.chunks.end()); }

// The inner circuit and the walk through its iterations. What Cᵢ and Wᵢ are is for the two below to say.
class Recursion : public Operator {
 public:
  Recursion(std::vector<KeyKind> types, std::span<const std::vector<KeyKind>> others, const RecursionSpec& spec)
      : Operator(types), iterations_most_(spec.iterations_most) {
    Circuit& inner = nested_.circuit();
    types.push_back(KeyKind::kInt);
    working_ = inner.add_source(std::move(types), {}, false, "working table");
    for (const std::vector<KeyKind>& other : others) others_.push_back(inner.add_source(other, {}, false, "other"));
    output_ = spec.step(inner, working_, others_);
    inner.backfill();
  }

  void evaluate(Step& step, Inputs inputs, Delta& out) final {
    Arena& arena = step.arena();
    bool ends = false;
    try {
      ends = change(inputs, arena);
    } catch (const Failure&) {
      // Perhaps of a row that no moment has: a working table of the past has met what is outside now. From nothing on, only what is there is evaluated.
      revert();
      Delta before;
      negated_working_tables(arena, before);
      if (before.empty()) throw;
      nested_.push(working_, before);
      start_again(before, nested_.evaluate(output_), arena);
      nested_.advance();
      ends = change(inputs, arena);
    }
    if (!ends) throw Failure(ErrorCode::kEvaluation, "recursion does not end after " + std::to_string(iterations_most_) + " iterations");
    finish(arena, out);
  }
  bool has_state() const final { return true; }
  bool consolidated() const final { return true; }
  std::uint64_t state_rows() const override { return sum_of(&Circuit::NodeInfo::state_rows); }
  std::size_t state_bytes() const override { return sum_of(&Circuit::NodeInfo::state_bytes); }

 protected:
  virtual void begin(const Delta& base, Arena& arena) = 0;               // Δbase
  virtual void add(const Chunk& rows, Arena& arena) = 0;                 // Δ of what `step` puts out, with the iterations that it stands at
  virtual bool next(std::uint32_t& i, Arena& arena, Delta& delta) = 0;   // the next iteration at which something may change, and ΔWᵢ
  virtual void finish(Arena& arena, Delta& out) = 0;
  // All working tables are empty now: `before` took their rows away, and `gone` is what `step` put out for it. Only C₀ stands.
  virtual void start_again(const Delta& before, const Delta& gone, Arena& arena) = 0;

  // ΔWᵢ with i as its last column.
  static void put_iteration(Delta& delta, std::uint32_t i, Arena& arena) {
    for (Chunk& chunk : delta.chunks) {
      Column* columns = arena.array<Column>(chunk.width + std::size_t{1});
      std::copy_n(chunk.columns, chunk.width, columns);
      columns[chunk.width] = Column::make(Kind::kInt, chunk.size, false, arena);
      std::fill_n(columns[chunk.width].as<std::int64_t>(), chunk.size, std::int64_t{i});
      chunk.columns = columns;
      ++chunk.width;
    }
  }

  NestedCircuit nested_;
  NodeId working_ = kNoNode;

 private:
  // False where it does not end.
  bool change(Inputs inputs, Arena& arena) {
    // What the others change, over the working tables as they were.
    bool changed = false;
    for (std::size_t n = 0; n < others_.size(); ++n) {
      if (inputs[n + 1]->empty()) continue;
      nested_.push(others_[n], *inputs[n + 1]);
      changed = true;
    }
    if (changed) run(arena);
    begin(*inputs[0], arena);
    // Then each iteration that changes, in order: those before it are final.
    Delta delta;
    for (std::uint32_t i; next(i, arena, delta); delta.clear()) {
      if (delta.empty()) continue;
      if (i >= iterations_most_) return false;
      nested_.push(working_, delta);
      run(arena);
    }
    return true;
  }
  void negated_working_tables(Arena& arena, Delta& out) const {
    Delta rows;
    nested_.circuit().integral(working_)->scan(arena, rows);
    deep_copy(rows, arena, out);  // the arrangement gives up what is taken away
    for (Chunk& chunk : out.chunks) {
      std::int64_t* weights = arena.array<std::int64_t>(chunk.size);
      chunk.each([&](std::uint32_t n) { weights[n] = -chunk.weights[n]; });
      chunk.weights = weights;
    }
  }
  void run(Arena& arena) {
    for (const Chunk& chunk : nested_.evaluate(output_).chunks) add(chunk, arena);
    nested_.advance();
  }
  template <class T>
  T sum_of(T Circuit::NodeInfo::* member) const {
    T sum = 0;
    const Circuit& inner = nested_.circuit();
    for (const NodeId node : inner.upstream({&output_, 1})) sum += inner.info(node).*member;
    return sum;
  }

  std::vector<NodeId> others_;
  NodeId output_ = kNoNode;
  std::uint32_t iterations_most_;
};

// UNION: a row is in Wᵢ where i is the first iteration with a positive weight.
class UnionRecursion final : public Recursion {
 public:
  UnionRecursion(std::vector<KeyKind> types, std::span<const std::vector<KeyKind>> others, const RecursionSpec& spec)
      : Recursion(types, others, spec), rows_(std::move(types), sizeof(Entry)) {}
  ~UnionRecursion() override {
    rows_.each([&](Id id) { rows_.payload<Entry>(id).weights.clear(); });
  }

  void advance() noexcept override {
    nested_.settle();
    for (const Id id : touched_) {
      Entry& e = rows_.payload<Entry>(id);
      e.first = e.weights.first();
      e.known = e.first != IterationWeights::kNever;
    }
    end();
  }
  void revert() noexcept override {
    nested_.undo();
    for (std::size_t n = changes_.size(); n-- != 0;) change(changes_[n].id, changes_[n].iteration, -changes_[n].weight);
    end();
  }

  bool contents(Step& step, Delta& out) const override {
    std::vector<Id> ids;
    rows_.each([&](Id id) {
      if (rows_.payload<Entry>(id).known) ids.push_back(id);
    });
    const std::vector<std::int64_t> ones(ids.size(), 1);
    rows_.rows().emit(ids, ones, nullptr, step.arena(), out);
    return true;
  }
  std::string label() const override { return "recursion (union)"; }
  std::uint64_t state_rows() const override { return Recursion::state_rows() + rows_.size(); }
  std::size_t state_bytes() const override { return Recursion::state_bytes() + rows_.bytes() + block_bytes_; }

 private:
  using Id = KeyTable::Id;
  // Payloads begin as zeros.
  struct Entry {
    IterationWeights weights;  // in each Cᵢ
    std::uint32_t first;       // the iteration at which the row is in Wᵢ, before this step; if it is known
    std::uint32_t visited;     // the last iteration at which it was looked at in this step, +1
    bool known, touched;
  };
  struct Change {
    Id id;
    std::uint32_t iteration;
    std::int64_t weight;
  };

  void begin(const Delta& base, Arena& arena) override {
    for (const Chunk& chunk : base.chunks) {
      note(chunk, arena, [](std::uint32_t) { return std::int64_t{0}; });
    }
  }
  void add(const Chunk& rows, Arena& arena) override {
    const std::int64_t* iterations = rows.columns[rows.width - 1].ints();
    note(without_iteration(rows), arena, [&](std::uint32_t position) { return iterations[position] + 1; });
  }

  void start_again(const Delta&, const Delta& gone, Arena& arena) override {
    for (const Chunk& chunk : gone.chunks) add(chunk, arena);
    due_.clear();
    rows_.each([&](Id id) {
      Entry& e = rows_.payload<Entry>(id);
      if (e.weights.first() != 0) return;
      if (!e.touched) touched_.push_back(id);
      e.touched = true;
      due_[0].push_back(id);
    });
    from_nothing_ = true;
  }

  template <class Iteration>
  void note(const Chunk& chunk, Arena& arena, Iteration&& iteration) {
    Id* ids = arena.array<Id>(chunk.size);
    rows_.find_or_add(chunk, arena, ids);
    chunk.each([&](std::uint32_t i) {
      Entry& e = rows_.payload<Entry>(ids[i]);
      if (e.touched) return;
      e.touched = true;
      touched_.push_back(ids[i]);
    });
    chunk.each([&](std::uint32_t i) {
      const auto at = static_cast<std::uint32_t>(iteration(i));
      change(ids[i], at, chunk.weights[i]);
      changes_.push_back({ids[i], at, chunk.weights[i]});
      due_[at].push_back(ids[i]);
    });
  }
  void change(Id id, std::uint32_t iteration, std::int64_t weight) {
    IterationWeights& weights = rows_.payload<Entry>(id).weights;
    block_bytes_ -= weights.block_bytes();
    weights.add(iteration, weight);
    block_bytes_ += weights.block_bytes();
  }

  bool next(std::uint32_t& i, Arena& arena, Delta& delta) override {
    if (due_.empty()) return false;
    const auto due = due_.extract(due_.begin());
    i = due.key();
    Id* ids = arena.array<Id>(due.mapped().size());
    std::int64_t* weights = arena.array<std::int64_t>(due.mapped().size());
    std::size_t n = 0;
    for (const Id id : due.mapped()) {
      Entry& e = rows_.payload<Entry>(id);
      if (e.visited == i + 1) continue;
      e.visited = i + 1;
      const std::uint32_t first = e.weights.first();  // final where it is not behind i
      const bool was = !from_nothing_ && e.known && e.first == i, is = first == i;
      if (was != is) {
        ids[n] = id;
        weights[n++] = is ? 1 : -1;
      }
      if (is && e.known && e.first > i) due_[e.first].push_back(id);  // it has come earlier: there it is no longer new
      // It has gone from where it was, or before: the next iteration that reaches it may be the one at which it now is new.
      if (first > i && first != IterationWeights::kNever && e.known && e.first <= i) due_[first].push_back(id);
    }
    if (n == 0) return true;
    rows_.rows().emit({ids, n}, {weights, n}, nullptr, arena, delta);
    put_iteration(delta, i, arena);
    return true;
  }

  void finish(Arena& arena, Delta& out) override {
    Id* ids = arena.array<Id>(touched_.size());
    std::int64_t* weights = arena.array<std::int64_t>(touched_.size());
    std::size_t n = 0;
    for (const Id id : touched_) {
      const Entry& e = rows_.payload<Entry>(id);
      const bool is = e.weights.first() != IterationWeights::kNever;
      if (is == e.known) continue;
      ids[n] = id;
      weights[n++] = is ? 1 : -1;
    }
    rows_.rows().emit({ids, n}, {weights, n}, nullptr, arena, out);
  }

  void end() noexcept {
    for (const Id id : touched_) {
      Entry& e = rows_.payload<Entry>(id);
      e.touched = false;
      e.visited = 0;
      if (e.weights.empty()) rows_.erase(id);
    }
    empty_list(touched_);
    empty_list(changes_);
    due_.clear();
    from_nothing_ = false;
  }

  KeyTable rows_;
  std::size_t block_bytes_ = 0;
  // Of this step.
  std::vector<Id> touched_;
  std::vector<Change> changes_;
  std::map<std::uint32_t, std::vector<Id>> due_;  // whom to look at, by iteration
  bool from_nothing_ = false;                     // the working tables were emptied first
};

// UNION ALL: Wᵢ is Cᵢ, multiplicities and all. The inner source of the working table holds it.
class UnionAllRecursion final : public Recursion {
 public:
  using Recursion::Recursion;

  void advance() noexcept override {
    nested_.settle();
    end();
  }
  void revert() noexcept override {
    nested_.undo();
    end();
  }
  bool contents(Step& step, Delta& out) const override {
    Delta rows;
    nested_.circuit().integral(working_)->scan(step.arena(), rows);
    for (const Chunk& chunk : rows.chunks) out.add(without_iteration(chunk));
    return true;
  }
  std::string label() const override { return "recursion (union all)"; }

 private:
  void begin(const Delta& base, Arena&) override {
    if (!base.empty()) append(base, due_[0]);
  }
  void start_again(const Delta& before, const Delta&, Arena& arena) override {
    for (const Chunk& chunk : before.chunks) {
      const Chunk rows = without_iteration(chunk);
      all_.add(rows);
      // C₀ as it stands: what was taken away of it comes back.
      const std::int64_t* iterations = chunk.columns[rows.width].ints();
      std::uint32_t* selection = arena.array<std::uint32_t>(chunk.selected);
      std::int64_t* weights = arena.array<std::int64_t>(chunk.size);
      std::uint32_t n = 0;
      chunk.each([&](std::uint32_t i) {
        if (iterations[i] != 0) return;
        weights[i] = -chunk.weights[i];
        selection[n++] = i;
      });
      if (n == 0) continue;
      Chunk first = rows;
      first.weights = weights;
      first.selection = selection;
      first.selected = n;
      due_[0].add(first);
    }
  }
  // Copied: what the inner step put out is gone when it ends.
  void add(const Chunk& rows, Arena& arena) override {
    const std::int64_t* iterations = rows.columns[rows.width - 1].ints();
    std::vector<std::uint32_t> order;
    order.reserve(rows.selected);
    rows.each([&](std::uint32_t i) { order.push_back(i); });
    std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return iterations[a] < iterations[b]; });
    for (std::size_t from = 0, to; from < order.size(); from = to) {
      const std::int64_t i = iterations[order[from]];
      to = from + 1;
      while (to < order.size() && iterations[order[to]] == i) ++to;
      Delta part;
      part.add(without_iteration(rows));
      part.chunks[0].selection = order.data() + from;
      part.chunks[0].selected = static_cast<std::uint32_t>(to - from);
      deep_copy(part, arena, due_[static_cast<std::uint32_t>(i + 1)]);
    }
  }

  bool next(std::uint32_t& i, Arena& arena, Delta& delta) override {
    if (due_.empty()) return false;
    const auto due = due_.extract(due_.begin());
    i = due.key();
    consolidate(due.mapped(), arena, delta);
    append(delta, all_);
    put_iteration(delta, i, arena);
    return true;
  }
  void finish(Arena& arena, Delta& out) override { consolidate(all_, arena, out); }

  void end() noexcept {
    due_.clear();
    all_.clear();
  }

  // Of this step.
  std::map<std::uint32_t, Delta> due_;  // ΔCᵢ, in parts
  Delta all_;                           // Σ ΔWᵢ
};

}  // namespace

NodeId recursion(Circuit& circuit, NodeId base, std::span<const NodeId> others, const RecursionSpec& spec) {
  const auto types_of = [&](NodeId node) {
    const auto types = circuit.types(node);
    return std::vector<KeyKind>(types.begin(), types.end());
  };
  std::vector<std::vector<KeyKind>> other_types;
  std::vector<NodeId> inputs{base};
  for (const NodeId other : others) {
    other_types.push_back(types_of(other));
    inputs.push_back(other);
  }
  if (spec.all) return circuit.add(std::make_unique<UnionAllRecursion>(types_of(base), other_types, spec), inputs);
  return circuit.add(std::make_unique<UnionRecursion>(types_of(base), other_types, spec), inputs);
}

}  // namespace weir
