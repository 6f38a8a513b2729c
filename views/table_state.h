#pragma once
// A table or a view as the engine holds it: its definition, its stream in the circuit and the integral of that stream.
//
// Threads    `name`, `relation` (but for its `log`), kinds and compiled checks never change. What changes is changed by the writer with the state lock held (see engine.h).
// Ownership  shared: handles and subscriptions outlive a DROP, which sets `dropped`. The node belongs to the circuit.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "circuit/circuit.h"
#include "operators/expression.h"
#include "sql/catalog.h"
#include "sql/plan.h"
#include "views/numbers.h"
#include "zset/digest.h"

namespace weir::internal {

class Engine;
class SubscriptionState;

struct Fold;

struct RelationState {
  Relation relation;
  std::string definition;                   // the CREATE statement
  SharedVector<std::uint64_t> uses;         // ids of the relations that its query names
  const std::vector<Kind>& kinds() const { return shape->kinds; }                 // of the columns
  const std::vector<KeyKind>& key_kinds() const { return shape->key_kinds; }
  const std::vector<KeyKind>& kinds_of_key() const { return shape->kinds_of_key; }  // of the columns of relation.key
  struct Shape {
    std::vector<Kind> kinds;
    std::vector<KeyKind> key_kinds, kinds_of_key;
    friend bool operator==(const Shape&, const Shape&) = default;
  };
  std::shared_ptr<const Shape> shape;       // views of one fold share theirs

  NodeId node = kNoNode;
  Arrangement* rows = nullptr;              // of all views of the fold, where there is one
  std::uint32_t key_index = 0;              // over relation.key; only if it has one
  Digest digest;                            // kept up to date only where there is a file
  Digest next_digest;                       // of the step in progress
  std::vector<std::shared_ptr<SubscriptionState>> subscriptions;  // guarded by Engine::subscriptions_mutex_
  bool dropped = false;
  std::map<std::string, std::string> comments;  // by column; "": on the relation itself

  PlanPtr plan;                             // views that are not folded

  // A folded view is the rows of `node` that carry its binding (views/fold.h).
  Fold* fold = nullptr;
  std::int64_t binding = 0;
  RelationState* next_of_slice = nullptr;   // another view with the same binding

  // A view with parameters has neither node nor rows. One that has been given values is an instance: in no catalog, in no file, there while somebody listens.
  // The same goes for a lazy view, with no values to give.
  bool parametrised() const { return !relation.parameters.empty(); }
  bool has_instances_only() const { return instance_of == 0 && (parametrised() || relation.lazy); }
  std::uint64_t instance_of = 0;            // the id of the view with parameters, or of the lazy one

  // The contents, whole, by key and counted. Columns are the relation's, whatever else `rows` has.
  void scan(Arena& arena, Delta& out) const;
  Arrangement::Row find(std::span<const Datum> key, bool null_matches) const;
  Datum get(Arrangement::Row row, std::uint16_t column) const;
  std::int64_t total_weight() const;

  const std::string& name() const { return relation.name; }
  bool keyed() const { return relation.has_key; }

 protected:
  explicit RelationState(Relation r);
};

struct ViewState : RelationState {
  ViewState(Relation r, PlanPtr p) : RelationState(std::move(r)) { plan = std::move(p); }
};

// An index that constraints look rows up in.
struct TableIndex {
  std::vector<std::uint16_t> columns;
  std::vector<KeyKind> kinds;
  std::uint32_t number = 0;                 // of the arrangement's index
  bool unique = false, nulls_equal = false;
  std::string name;                         // of the constraint
};

struct TableState;

// A FOREIGN KEY, seen from both sides: each finds the other's rows in an index.
struct Link {
  TableState* child;
  TableState* parent;
  const Relation::Foreign* foreign;         // of the child
  std::size_t child_index, parent_index;    // of TableState::indexes, columns in the same order
};

struct TableState : RelationState, std::enable_shared_from_this<TableState> {
  TableState(Relation r, const Engine* owner);

  // Failure(kConstraint) if a row breaks NOT NULL or a CHECK.
  void check(const Chunk& rows, Arena& arena) const;

  const Engine* engine;
  // Puts in what the table itself makes: generated columns; at first also the numbers of identity columns, where there is NULL. What is in generated columns does not
  // matter to complete(); fill() refuses all but NULL. The chunk's columns are replaced.
  void complete(const Chunk& rows, Arena& arena) const;
  void complete(std::span<Datum> row, Arena& arena) const;
  void fill(const Chunk& rows, Arena& arena) const;
  void fill(std::span<Datum> row, Arena& arena) const;

  std::vector<ExpressionPtr> checks;        // as relation.rules->checks
  std::vector<std::pair<ExpressionPtr, const std::string*>> domain_rules;  // of columns, and what to say where one is broken
  std::vector<ExpressionPtr> generated;     // as relation.rules->generated
  void each_position(const std::function<void(const std::string& setting, Numbers&)>& f) const;  // `setting`: the name under which the file keeps it
  std::vector<std::shared_ptr<Numbers>> numbers;  // as relation.rules->identities; of the table before, where it has been altered
  std::vector<TableIndex> indexes;          // first those of relation.rules->uniques
  std::vector<Link> parents, children;      // kept by Engine::link_tables
  bool linked() const { return !parents.empty() || !children.empty(); }
  std::uint64_t version = 0;                // the sequence number of the last batch that changed it
};

// Text of a row's columns for messages: "(id)=(7)".
std::string describe_key(const RelationState& state, const Chunk& rows, std::uint32_t position);
std::string describe_key(const RelationState& state, std::span<const std::uint16_t> columns, std::span<const Datum> values);

}  // namespace weir::internal
