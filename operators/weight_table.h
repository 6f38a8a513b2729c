#pragma once
// The weight of each key, on one or more sides, changed in place during a step and restored exactly by revert().
//
// Law      add(Δ) takes w to w + Δ. An entry whose weights are all 0 is gone once the step has ended.
// State    8 bytes a side, beside the key. Weights may be negative.
// Order    touched() is in order of first touch.
// Errors   a weight beyond 64 bits is Failure(kEvaluation).

#include <array>

#include "circuit/operator.h"
#include "operators/key_table.h"
#include "operators/step_list.h"

namespace weir {

template <std::size_t kSides>
class WeightTable {
 public:
  using Id = KeyTable::Id;
  using Weights = std::array<std::int64_t, kSides>;
  struct Touched {
    Id id;
    Weights before;
  };

  explicit WeightTable(std::vector<KeyKind> kinds) : keys_(std::move(kinds), sizeof(Entry)) {}

  // The columns of the chunk are the key.
  void add(const Chunk& chunk, std::size_t side, Arena& arena) {
    Id* ids = arena.array<Id>(chunk.size);
    keys_.find_or_add(chunk, arena, ids);
    add(chunk, ids, side);
  }
  // The same for all chunks of a delta. Of a large one the entries are looked up in parallel, and changed in order.
  void add(Step& step, const Delta& delta, std::size_t side) {
    if (delta.chunks.size() < 2 || !step.parallel(delta.rows())) {
      for (const Chunk& chunk : delta.chunks) add(chunk, side, step.arena());
      return;
    }
    std::vector<Id*> ids(delta.chunks.size());
    step.executor().run(ids.size(), [&](std::size_t c) {
      ids[c] = step.arena().template array<Id>(delta.chunks[c].size);
      keys_.find(delta.chunks[c], step.arena(), ids[c]);
    });
    for (std::size_t c = 0; c < ids.size(); ++c) {
      keys_.add_missing(delta.chunks[c], step.arena(), ids[c]);
      add(delta.chunks[c], ids[c], side);
    }
  }
  const std::vector<Touched>& touched() const { return touched_; }
  const Weights& weights(Id id) const { return keys_.payload<Entry>(id).weights; }
  const KeyTable& keys() const { return keys_; }

  void advance() noexcept {
    for (const Touched& t : touched_) settle(t.id);
    empty_list(touched_);
  }
  void revert() noexcept {
    for (const Touched& t : touched_) {
      keys_.payload<Entry>(t.id).weights = t.before;
      settle(t.id);
    }
    empty_list(touched_);
  }

 private:
  struct Entry {
    Weights weights;
    bool touched;
  };
  void add(const Chunk& chunk, const Id* ids, std::size_t side) {
    chunk.each([&](std::uint32_t i) {
      Entry& e = keys_.payload<Entry>(ids[i]);
      if (e.touched) return;
      e.touched = true;
      touched_.push_back({ids[i], e.weights});
    });
    chunk.each([&](std::uint32_t i) {
      std::int64_t& w = keys_.payload<Entry>(ids[i]).weights[side];
      w = add_weights(w, chunk.weights[i]);
    });
  }
  void settle(Id id) noexcept {
    Entry& e = keys_.payload<Entry>(id);
    e.touched = false;
    if (e.weights == Weights{}) keys_.erase(id);
  }

  KeyTable keys_;
  std::vector<Touched> touched_;
};

}  // namespace weir
