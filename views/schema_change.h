#pragma once
// Tables and views made, replaced and dropped: all of it or nothing.
//
// Every step is done at once, in the catalog, in the circuit and in the file's open transaction, and is undone in reverse order if commit() is not reached. What a
// dropped relation held is given back at commit only.
//
// Threads    REQUIRES: Writing, in every call and when it is destroyed. Takes the state lock itself.
// Errors     Failure; the caller then lets the whole change go.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "views/engine.h"

namespace weir::internal {

class SchemaChange {
 public:
  explicit SchemaChange(Engine& engine);
  ~SchemaChange();
  SchemaChange(const SchemaChange&) = delete;

  // Any CREATE or DROP.
  void execute(Engine::Bound& bound);
  void create_table(Engine::Bound& bound);
  void create_view(Engine::Bound& bound);
  void drop(const std::vector<std::string>& names, bool views, bool if_exists, bool cascade);

  // The file's transaction, if any, has been committed by the caller, or is by commit().
  void commit(bool storage_committed);

 private:
  void add(const std::shared_ptr<RelationState>& relation);
  void take_out(const std::shared_ptr<RelationState>& relation);
  void replace_view(const std::shared_ptr<RelationState>& old, Engine::Bound& bound);
  std::shared_ptr<ViewState> make_view(Engine::Bound& bound);

  Engine& engine_;
  bool done_ = false;
  std::vector<std::function<void()>> undo_;
  std::vector<std::function<void()>> after_;  // at commit
};

}  // namespace weir::internal
