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

  // A transaction whose changes of tables go along where a table is altered. Null: there is none.
  void changes_of(TransactionState* transaction) { transaction_ = transaction; }
  // Any CREATE, ALTER or DROP.
  void execute(Engine::Bound& bound);
  void create_table(Engine::Bound& bound);
  void create_view(Engine::Bound& bound);
  void alter_table(Engine::Bound& bound);
  void rename_view(Engine::Bound& bound);
  void alter_log(Engine::Bound& bound);
  void comment(const Statement& s);
  void create_domain(const std::shared_ptr<const Domain>& domain);
  void drop_domains(const std::vector<std::string>& names, bool if_exists, bool cascade);
  void drop(const std::vector<std::string>& names, bool views, bool if_exists, bool cascade);

  // Where the change stands now, to go back to.
  struct Mark { std::size_t number = 0, undo = 0; std::vector<std::function<void()>> moves, after; };
  Mark mark();
  void rollback(const Mark& mark);

  // What it has in common with a batch where change logs begin, or relations with logs are replaced: a sequence number of its own; 0: it needs none.
  std::uint64_t sequence() const { return sequence_; }
  // The file's transaction, if any, has been committed by the caller, or is by commit().
  void commit(bool storage_committed);

 private:
  void add(const std::shared_ptr<RelationState>& relation);
  void check_instances(const RelationState& view) const;
  void start_log(const RelationState& relation);
  // `after`, which has been added, is what `before` was: for subscribers and for the change log. keeps_log: whatever its definition says.
  void succeed(const std::shared_ptr<RelationState>& before, const std::shared_ptr<RelationState>& after, bool keeps_log);
  void succeed_in_log(const RelationState& before, const RelationState& after);
  void take_out(const std::shared_ptr<RelationState>& relation);
  void replace_view(const std::shared_ptr<RelationState>& old, Engine::Bound& bound);
  std::shared_ptr<ViewState> make_view(Engine::Bound& bound);
  void write_comments(const RelationState& relation) const;
  void set_domains(std::vector<std::shared_ptr<const Domain>> domains);
  void undo(std::size_t to);
  std::shared_ptr<TableState> replace_table(const std::shared_ptr<TableState>& old, Relation relation, const std::vector<int>& sources, std::string definition, bool cascade);
  void carry_over(const std::shared_ptr<TableState>& from, const std::shared_ptr<TableState>& to, const std::vector<int>& sources);
  void rebuild_view(const std::shared_ptr<RelationState>& before, const RelationState& was, const RelationState& now, const std::vector<int>& sources,
                    bool cascade);

  Engine& engine_;
  TransactionState* transaction_ = nullptr;
  bool done_ = false;
  bool tables_changed_ = false;               // made, altered or dropped: FOREIGN KEYs are found anew
  std::size_t marks_ = 0;
  std::uint64_t sequence_ = 0;
  std::vector<std::function<void()>> undo_;
  std::vector<std::function<void()>> moves_;  // of subscribers, at commit
  std::vector<std::function<void()>> after_;  // then
};

struct Engine::Mark {
  std::vector<TableChanges::Mark> tables;
  bool has_schema = false;
  SchemaChange::Mark schema;
};

}  // namespace weir::internal
