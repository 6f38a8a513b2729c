#pragma once
// A view over tables of many rows: its streams are filled before it is made, in slices between which others commit.
//
// The streams are made and held, and filled slice by slice; then the view is made as any view is: it finds its streams, and they are full. Meanwhile the tables that they are
// computed from are frozen: who changes them waits, before he enters the queue. Changes of all other tables, readers, and statements that only look at rows go on.
//
// Cost     a slice takes a few milliseconds, which is what others wait for. The whole runs on one thread.
// Threads  as Engine: between two slices no lock is held. Nothing but steps, and reading, happens until all is filled: whatever else wants Writing waits.
// Errors   none of its own: where filling fails nothing stays, and making the view says why.

#include "views/engine.h"

namespace weir::internal {

// Tables frozen, and streams held, while it lives. REQUIRES: it lives as long as Writing at least, but for the time before that is taken.
class Engine::Frozen {
 public:
  explicit Frozen(Engine& engine) : engine_(engine) {}
  ~Frozen();
  Frozen(const Frozen&) = delete;

  void add(std::vector<const RelationState*> tables);    // and waits for the changes of them that have been queued
  bool any() const { return !tables_.empty(); }

 private:
  Engine& engine_;
  std::vector<const RelationState*> tables_;
};

// The streams of a plan, filled and held while it lives. REQUIRES: Writing, which its constructor gives back between slices.
class Engine::Prefilled {
 public:
  Prefilled(Engine& engine, Writing& writing, const Statement& create);
  ~Prefilled();
  Prefilled(const Prefilled&) = delete;

 private:
  Engine& engine_;
  NodeId node_ = kNoNode;
};

}  // namespace weir::internal
