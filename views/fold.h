#pragma once
// Views that differ in constants alone, as the engine holds them: one circuit over a relation of bindings (sql/fold.h), of which each view is a slice.
//
// A view whose plan has such constants is at first a stream of its own. When a second one comes that differs from it in them, both become bindings of a fold; so do all
// that follow. Adding a view is then a step of the circuit that inserts its binding; dropping it deletes the binding; the last one takes the fold with it.
//
// State    a binding a distinct list of constants; the rows of all views in one arrangement, found by binding.
// Cost     a change costs what the slices that it touches cost, whatever the number of views.
// Threads  as RelationState.

#include <cstdint>
#include <string>
#include <vector>

#include "circuit/circuit.h"
#include "sql/fold.h"
#include "views/table_state.h"

namespace weir::internal {

struct Fold {
  std::uint64_t id = 0;                     // of the bindings, among the ids of relations
  Parametrised plan;                        // the values are of no view in particular

  NodeId bindings = kNoNode;                // (binding, parameters…)
  Arrangement* bound = nullptr;
  std::uint32_t number_index = 0, values_index = 0;

  NodeId node = kNoNode;                    // the rows of all views
  Arrangement* rows = nullptr;
  std::uint16_t binding = 0;                // the column that carries the binding
  std::uint32_t slice_index = 0, key_index = 0;
  bool keyed = false;

  struct Slice {
    std::uint32_t users = 0;                // who holds the binding
    RelationState* views = nullptr;         // in the catalog: RelationState::next_of_slice goes on
  };
  std::vector<Slice> slices;                // by binding
  std::vector<std::int64_t> free;           // bindings to be given again
  std::size_t users = 0;                    // of all slices

  std::shared_ptr<const RelationState::Shape> shape;  // of the first view, and of all that are like it
  SharedVector<Field> schema;
  SharedVector<std::uint64_t> uses;

  std::uint16_t at(std::uint16_t column) const { return column < binding ? column : static_cast<std::uint16_t>(column + 1); }
  void enter(RelationState& view);
  void remove(RelationState& view);
};

// What is known of plans with one text: the fold, or the only view so far.
struct FoldCandidate {
  std::unique_ptr<Fold> fold;
  RelationState* only = nullptr;
};

// The rows of a slice, without the binding, `rows` being of fold.node and sorted by nothing. Calls f(slice, its rows).
void each_slice(const Fold& fold, const Delta& rows, Arena& arena, const std::function<void(const Fold::Slice&, const Delta&)>& f);

}  // namespace weir::internal
