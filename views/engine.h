#pragma once
// The engine behind Database: catalog, circuit, file, subscriptions; the only place where they meet.
//
// A commit: net change per table → circuit.evaluate → storage.commit → circuit.advance → subscribers. Whatever fails before the advance leaves everything as it was.
//
// Threads    two locks, taken in this order. `Writing`: commits, DDL, statements that need the circuit, one at a time. The state lock (shared_mutex): shared by those
//            who read the catalog and arrangements, exclusive while these change: the advance of a step, DDL, one-off circuits. A Writing that only reads needs no state
//            lock: nobody else changes anything.
// Errors     Failure. A transaction that has changed tables or views (DDL) owns the schema until it ends: others' writes get kTransaction meanwhile.
// Ownership  handles keep the engine alive; it ends with the last of them.

#include <weir/gate.h>

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "circuit/circuit.h"
#include "sql/catalog.h"
#include "sql/lower.h"
#include "sql/statement.h"
#include "storage/storage.h"
#include "views/fold.h"
#include "views/stats.h"
#include "views/storage_thread.h"
#include "views/submission_queue.h"
#include "views/subscription.h"
#include "views/table_changes.h"
#include "views/table_state.h"
#include "views/timer.h"

namespace weir::internal {

class SchemaChange;
class Engine;
class GateState;

inline constexpr char kDomainsSetting[] = "domains";  // of the file: their CREATE statements
inline constexpr char kCommentsSetting[] = "comments:";  // of the file, with the relation's name behind it: COMMENT statements
inline constexpr char kGatesSetting[] = "gates";  // of the file: the gates, as a definitions document
inline constexpr char kClockSetting[] = "clock";  // likewise: the time of the last step, where views follow the time

inline constexpr char kTablesSetting[] = "tables";  // of the file: "", or that it can't be gone on with
inline constexpr char kTablesOfCopy[] = "copy";     // what a follower keeps

// Where COPY … FROM STDIN reads lines from; empty: there is no STDIN.
using CopyLines = std::function<bool(std::string&)>;

// The changes of a transaction, on their way to a commit.
class TransactionState {
 public:
  TransactionState();
  ~TransactionState();
  TableChanges& of(const std::shared_ptr<TableState>& table);
  TableChanges* find(const RelationState& table) const;  // null: untouched
  void reset();                                          // forgets all changes
  std::vector<TableChanges::Mark> mark();
  void rollback(std::span<const TableChanges::Mark> marks);

  std::shared_ptr<Engine> engine;                        // null: ended
  Arena arena;
  std::vector<std::unique_ptr<TableChanges>> changes;    // the first `used` count
  std::size_t used = 0;
  std::unique_ptr<SchemaChange> schema;                  // tables and views made and dropped
  bool read_only = false;
  std::uint64_t linked_since = kNotLinked;               // the engine's sequence when a FOREIGN KEY was checked first
  static constexpr std::uint64_t kNotLinked = ~std::uint64_t{0};
  std::uint64_t links_version = 0;                       // of the engine, when it began
  std::vector<Datum> row, key;                           // for one row at a time
  std::vector<Chunk> chunks;
  std::vector<TableChanges::Rows> rows;
};

// A transaction in the queue, and what became of it.
struct Submitted : Submission {
  TransactionState* transaction = nullptr;
  std::unique_ptr<TransactionState> owned;               // the same, where nobody waits
  std::optional<Origin> origin;
  std::uint64_t rows_changed = 0;
  bool alone = false;                                    // it did not go through the queue, and is done
  std::uint64_t step = 0;                                // of the storage thread: durable when that is in the file; 0: when it is done
  Receipt receipt;
  std::optional<Error> error;
};

class Engine final : public Catalog, public std::enable_shared_from_this<Engine> {
 public:
  static std::shared_ptr<Engine> open(const std::string& path, const OpenOptions& options);
  Engine(const OpenOptions& options);
  ~Engine() override;
  void close();

  // -- Locks.
  class Writing {
   public:
    explicit Writing(Engine& engine);                              // to use the circuit, not to change anything
    Writing(Engine& engine, const TransactionState* transaction);  // Failure where another transaction owns the schema
    // The same, also between two slices of a view's filling: then only steps are possible that do not reach its tables (prefill.cc).
    struct BesideFilling {};
    Writing(Engine& engine, const TransactionState* transaction, BesideFilling);
    void wait_until_filled(const TransactionState* transaction);  // Failure as the constructor: others have had their turn meanwhile

   private:
    friend class Engine;
    void check(const TransactionState* transaction) const;
    Engine& engine_;
    std::unique_lock<std::mutex> lock_;
  };
  std::shared_lock<std::shared_mutex> reading() const;  // Failure(kClosed)

  // -- Catalog. REQUIRES: the state lock or Writing.
  const Relation* find_relation(std::string_view name) const override;
  const std::shared_ptr<const Domain>* find_domain(std::string_view name) const override;
  std::vector<std::string> relation_names() const override;
  std::string definition_of(std::string_view name) const override;
  std::map<std::string, std::string> comments_of(std::string_view name) const override;
  std::vector<std::string> used_by(std::string_view name) const override;
  std::vector<const Function*> find(std::string_view name) const override;
  // The time of a statement that looks once: with the system's clock the present, unless a view would have moved by then and has not yet.
  Moment now() const override;
  const std::shared_ptr<RelationState>* find_state(std::string_view name) const;
  const std::shared_ptr<RelationState>& state(std::string_view name) const;  // Failure(kUnknownName)
  std::shared_ptr<TableState> table(std::string_view name) const;            // Failure also where it is a view
  RelationState& by_id(std::uint64_t id) const { return *relations_.at(id); }
  const std::map<std::uint64_t, std::shared_ptr<RelationState>>& relations() const { return relations_; }  // by id: in order of creation
  void create_function(ScalarFunction function);

  // -- Transactions.
  std::unique_ptr<TransactionState> begin();
  void recycle(std::unique_ptr<TransactionState> transaction) noexcept;
  // Waits until it is committed, or Failure: its own, or kBusy (no room before the deadline; nothing has happened).
  void commit(Submitted& submitted, const SubmitOptions& options);
  // Queues it; `owned` goes back to the pool when it is done.
  void submit(const std::shared_ptr<Submitted>& submitted, const SubmitOptions& options);
  Receipt wait(Submitted& submitted, Ack until);
  bool reached(const Submitted& submitted, Ack ack) const;
  void flush();
  std::optional<Origin> origin(std::string_view source) const;
  // For gates: into their own tables, with what others submit; returns when it is in the file.
  void commit_durably(TransactionState& transaction, const Origin& origin);
  void rollback(TransactionState& transaction) noexcept;
  // One statement inside of a transaction. `autocommit`: commits at once. `waits`: for room in the queues of subscribers before.
  Outcome execute(TransactionState& transaction, std::string_view sql, const CopyLines& lines, bool autocommit, bool waits = true);
  // A statement about transactions, for the session; kNothing where it does not parse.
  Statement transaction_statement(std::string_view sql) const;
  // Where a transaction stands, tables and views made included, to go back to.
  struct Mark;
  Mark mark(TransactionState& transaction);
  void rollback(TransactionState& transaction, const Mark& mark);

  // Rows go and come: the k-th of `before` becomes the k-th of `after`, what is left over goes or comes alone. With what FOREIGN KEYs make of it.
  // REQUIRES: the state lock or Writing.
  void change(TransactionState& transaction, const std::shared_ptr<TableState>& table, std::span<const TableChanges::Rows> before,
              std::span<const TableChanges::Rows> after);

  // -- Reading.
  ResultSet query(std::string_view select);
  ResultSet read(const std::string& relation);                               // in the order of its ORDER BY
  ResultSet read(std::string_view relation, const Row& values);              // of a view with parameters
  ResultSet find(const std::string& relation, const Row& key);
  std::string digest(const std::string& relation);
  Snapshot snapshot(std::span<const std::string> relations);
  // The state that holds a relation's rows: of a lazy view that of somebody who listens to it, null where nobody does. REQUIRES: the state lock or Writing.
  const RelationState* rows_of(const RelationState& relation) const;
  std::string explain(std::string_view view_or_query, Diagram diagram, bool analyze);  // explain.cc
  Profile profile(std::string_view view_or_query);
  void set_profiling(bool on);
  std::uint64_t sequence() const { return sequence_.load(std::memory_order_acquire); }
  bool recovered() const { return recovered_; }
  void define(std::string_view json);
  Stats stats();                                                             // stats.cc
  Verification verify();                                                     // verify.cc
  Verification check_all();
  std::uint64_t backup(const std::string& to);                               // backup.cc

  // -- The clock (clock.cc). Its time is that of the last step; it never goes back.
  Moment time() const { return time_; }
  void set_clock(std::optional<Moment> to);                                  // stands there from now on, and moves as it is told; nothing: the system's clock

  // -- Subscriptions.
  // values: of the parameters, where the view has some.
  std::shared_ptr<SubscriptionState> subscribe(std::string_view relation, const Row* values, std::function<void(const Change&)> callback, const SubscribeOptions& options);
  // The same from a change log (feed.cc).
  std::shared_ptr<SubscriptionState> subscribe_after(std::string_view relation, std::uint64_t after, std::function<void(const Change&)> callback, const SubscribeOptions& options);
  void forget(const SubscriptionState& subscription) noexcept;                // it has ended
  void wait_for_delivery() { dispatcher_.drain(); }

  // -- Gates (gates.cc).
  std::shared_ptr<GateState> create_gate(const std::string& name, const GateOptions& options);
  std::shared_ptr<GateState> gate(std::string_view name);                     // Failure(kUnknownName)
  void drop_gate(std::string_view name);                                      // likewise

 private:
  friend class SchemaChange;

  // Binding notes which relations a statement names.
  struct Bound {
    Statement statement;
    std::vector<std::uint64_t> uses;
    std::uint64_t schema_version = 0;
  };
  // Calls f with the rows of each, all of one sequence number; from the start again where one has to be computed.
  void each_read(std::span<const std::string> relations, const std::function<void(const RelationState&, const Delta&)>& f);
  void without_lazy(PlanPtr& plan) const;                                    // REQUIRES: the state lock or Writing
  Bound bind(std::string_view sql) const;                                    // REQUIRES: the state lock or Writing
  void recover();
  void read_comments(RelationState& relation) const;
  bool stores(const RelationState& relation) const { return storage_ && relation.instance_of == 0 && (relation.relation.is_view || options_.store_tables); }

  // -- The catalog's records of a relation. REQUIRES: Writing and the state lock exclusively.
  void enter(const std::shared_ptr<RelationState>& relation);
  void remove(const RelationState& relation);
  void attach_table(TableState& table);
  void attach_view(ViewState& view);                                         // lowers the plan and fills the view
  void detach(RelationState& relation) noexcept;                             // gives the stream back
  void drop_freed_streams();

  // -- Folding (fold.cc). REQUIRES: as above.
  NodeId stream_of(const Plan& scan) const;
  const Plan& plan_of(const RelationState& view, PlanPtr& made) const;       // `made` owns it where it had to be made
  PlanPtr without_folded(const Plan& plan) const;                            // null: it scans no folded view
  bool fold_view(RelationState& view, const Plan& plan);
  void fold_alone(RelationState& view, const Plan& plan);                    // a fold of its own, if it can be one
  bool fold_both(RelationState& only, RelationState& view, Parametrised& way);
  std::unique_ptr<Fold> make_fold(Parametrised& way, const RelationState& view);
  void end_fold(Fold& fold) noexcept;
  void bind_slice(Fold& fold, std::span<const ExprPtr> values, RelationState& view);
  void unbind_slice(RelationState& view) noexcept;
  void step_binding(Fold& fold, std::int64_t binding, std::span<const Datum> values, std::int64_t weight);
  void listen(RelationState& relation);                                      // to its stream; and no more
  void unlisten(RelationState& relation);
  void offer(RelationState& view);
  void withdraw(RelationState& view);
  void link_tables();                                                        // finds both sides of all FOREIGN KEYs anew (foreign_keys.cc)
  std::vector<std::shared_ptr<RelationState>> dependents(const RelationState& relation) const;  // transitive, in order of creation

  // -- Commits (commit.cc).
  void commit_alone(Submitted& submitted);
  void commit_batch(SubmissionQueue& queue);
  void commit_together(std::span<Submitted* const> batch);                   // REQUIRES: Writing
  std::uint64_t absorb(TransactionState& transaction);                       // likewise
  bool replayed(Submitted& submitted);                                       // likewise; Failure where its epoch is over
  void note(const Submitted& submitted);
  // Likewise. told: what the clock is told to show; else it shows what it does.
  Receipt commit_writing(TransactionState& transaction, std::optional<Moment> told = std::nullopt);
  Moment time_of_step() const;                                               // likewise
  void show_time();                                                          // REQUIRES: Writing and the state lock exclusively
  bool take_due();                                                           // a step, if the time for one has come
  void catch_up();                                                           // likewise: to as late a time as needs no step
  void give_up(TransactionState& transaction) noexcept;                      // likewise
  void log(LogEntry::Level level, const char* event, std::vector<std::pair<std::string, std::string>> fields) const noexcept;
  void watch_wal();                                                          // likewise
  void require_wal_room();                                                   // likewise; Failure(kBusy)
  struct Delivery { std::shared_ptr<SubscriptionState> to; Change change; };
  bool in_unique_form(const RelationState& relation, const Delta& delta) const;
  void write_step(std::uint64_t next, bool any, bool in_transaction, std::vector<RelationState*>& touched, std::vector<Delivery>& deliveries);
  void collect_step(std::uint64_t next, StoredStep* step, std::vector<RelationState*>& touched, std::vector<Delivery>& deliveries);
  void deliver(std::vector<Delivery>& deliveries);
  // Of a view that is replaced; they get the difference to what they hold. held: null: what `from` has now.
  void move_subscriptions(RelationState& from, const std::shared_ptr<RelationState>& to, const Delta* held);
  Verification compare_with_tables();                                        // REQUIRES: Writing
  Outcome run(TransactionState& transaction, Bound& bound, const std::vector<Chunk>& copied);
  Outcome change_rows(TransactionState& transaction, Statement& statement);
  void recheck_links(TransactionState& transaction) const;                   // at commit, where others have committed since
  void number_rows(const TableState& table, Arena& arena, Delta& rows) const;  // INSERT (generated.cc)
  Outcome insert_resolving(TransactionState& transaction, const Statement& statement, const Delta& rows);  // ON CONFLICT (on_conflict.cc)
  ResultSet returned(const Statement& statement, const Delta& rows, Arena& arena) const;
  void truncate(TransactionState& transaction, const Statement& statement);
  std::vector<Chunk> read_copy(TransactionState& transaction, const Statement& statement, const CopyLines& lines) const;

  // -- EXPLAIN (explain.cc).
  ResultSet explain_query(const Statement& explain);
  Profile profile_query(const Statement& query, bool analyze);
  Profile profile_relation(const RelationState& relation);
  std::vector<OperatorProfile> operators_of(NodeId root) const;

  // -- Views with parameters, and lazy ones (parametrised.cc).
  Statement give_values(const RelationState& view, const Row& values) const;
  Statement whole_of(const RelationState& view) const;                       // of a lazy view
  std::shared_ptr<RelationState> make_instance(const RelationState& view, Statement statement);  // REQUIRES: Writing
  void end_instance(RelationState& instance) noexcept;                       // REQUIRES: Writing and the state lock exclusively
  void end_instances(const RelationState& view) noexcept;                    // likewise
  void leave(const std::shared_ptr<RelationState>& instance) noexcept;
  bool has_instances(const RelationState& view) const;
  void end_left();                                                           // REQUIRES: Writing

  void refuse_kept(const TransactionState& transaction) const;               // tables that a gate keeps
  void require_no_gate(const RelationState& relation) const;                 // Failure(kDependency): one stands on it. REQUIRES: Writing
  std::shared_ptr<GateState> find_gate(std::string_view name) const;         // null: it is not open
  void end_gate(const std::string& name) noexcept;
  void declare_gates(std::map<std::string, GateOptions, std::less<>> gates); // in the file. REQUIRES: making_gates_
  void close_gates();                                                        // Failure: of the first that could not give back its leases

  // -- Filling the streams of a view before it is made, in slices between which others commit (prefill.cc).
  class Frozen;
  class Prefilled;
  std::vector<const RelationState*> to_freeze(const Bound& create) const;    // none: not worth it. REQUIRES: the state lock or Writing
  bool frozen(const TransactionState& transaction) const;
  bool wait_until_thawed(const TransactionState& transaction, const SubmissionQueue::Deadline& deadline);
  bool goes_beside_filling(const Bound& bound) const;                        // REQUIRES: Writing

  // -- One-off evaluation (evaluate.cc). Calls f with the rows of a plan as the transaction (may be null) sees them; weights say how often.
  using RowsFunction = std::function<void(const Delta&)>;
  void evaluate(const Plan& plan, TransactionState* transaction, const RowsFunction& f);  // REQUIRES: Writing
  bool evaluate_in_place(const Plan& plan, TransactionState* transaction, const RowsFunction& f) const;
  void evaluate_live(const Plan& plan, const RowsFunction& f);
  void evaluate_apart(const Plan& plan, TransactionState& transaction, const RowsFunction& f);
  bool sees_changes(const Plan& plan, TransactionState* transaction) const;
  void pipeline(const Plan& plan, TransactionState* transaction, Arena& arena, std::vector<ExpressionPtr>& expressions, Delta& out) const;
  bool probe_key(const Plan& filter, TransactionState* transaction, Arena& arena, Delta& out) const;
  void contents(const RelationState& relation, TransactionState* transaction, Arena& arena, Delta& out) const;
  ResultSet make_result(const Schema& schema, std::size_t visible, const std::vector<OrderKey>& order, const Delta& rows) const;
  ResultSet make_result(const Statement& select, const Delta& rows) const { return make_result(select.plan->schema, select.visible, select.order, rows); }

  struct StringHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>()(s); }
  };
  // Relations by their names.
  static std::string_view name_of(std::string_view name) { return name; }
  static std::string_view name_of(const std::shared_ptr<RelationState>& relation) { return relation->name(); }
  struct NameHash {
    using is_transparent = void;
    template <class T>
    std::size_t operator()(const T& named) const { return std::hash<std::string_view>()(name_of(named)); }
  };
  struct SameName {
    using is_transparent = void;
    template <class A, class B>
    bool operator()(const A& a, const B& b) const { return name_of(a) == name_of(b); }
  };

  const OpenOptions options_;
  std::string path_;                           // of the file; "" in memory
  std::unique_ptr<Storage> storage_;           // null in memory
  std::unique_ptr<StorageThread> storage_thread_;  // mode pipelined; idle once the database is closed
  std::unique_ptr<Circuit> circuit_;
  Streams streams_;
  std::atomic<bool> closed_{false};
  std::atomic<std::uint64_t> sequence_{0};
  bool recovered_ = false;

  std::unordered_map<std::string, SourceMark, StringHash, std::equal_to<>> sources_;  // guarded as the catalog
  std::mutex writer_;
  std::atomic<int> waiting_{0};                // for writer_
  bool filling_ = false;                       // a view's streams; guarded by writer_
  std::condition_variable filled_;
  mutable std::mutex freeze_mutex_;
  std::vector<const RelationState*> frozen_;   // tables that are being read for a new view
  std::atomic<bool> any_frozen_{false};
  std::condition_variable thawed_;
  mutable std::shared_mutex state_mutex_;
  const TransactionState* schema_owner_ = nullptr;

  std::map<std::uint64_t, std::shared_ptr<RelationState>> relations_;
  std::set<std::pair<std::uint64_t, std::uint64_t>> users_;                  // (relation, view that uses it)
  std::unordered_set<std::shared_ptr<RelationState>, NameHash, SameName> by_name_;
  std::vector<std::vector<RelationState*>> by_node_;
  std::unordered_map<std::string, std::vector<std::unique_ptr<const Function>>, StringHash, std::equal_to<>> functions_;
  std::unordered_map<std::string, FoldCandidate> candidates_;               // by the text of a plan with parameters
  std::unordered_map<const RelationState*, std::vector<std::string>> offered_;
  std::unordered_map<std::uint64_t, NodeId> bindings_;                       // by Fold::id
  std::vector<Fold*> fold_of_node_;
  std::set<std::pair<std::uint64_t, RelationState*>> instances_;             // (instance_of, instance)
  std::vector<std::shared_ptr<RelationState>> left_;                         // instances to be ended; guarded by subscriptions_mutex_
  std::atomic<bool> any_left_{false};
  std::atomic<bool> own_clock_{false};                       // it is told, not the system's
  std::atomic<Moment> time_{kTimeBegin}, next_wake_{kNever}; // of the circuit, for who only reads
  std::unique_ptr<Timer> timer_;                             // none: no view has waited for a moment
  bool recovering_ = false;
  std::optional<Moment> stored_time_;                        // in the file, or on its way there; nothing: no view has followed the time

  std::uint64_t next_id_ = 1;
  std::uint64_t schema_version_ = 0;
  std::vector<std::shared_ptr<const Domain>> domains_;      // in order of creation
  std::atomic<std::uint64_t> links_version_{0};              // how often FOREIGN KEYs have come or gone
  std::mutex subscriptions_mutex_;             // of RelationState::subscriptions; taken last
  std::atomic<std::size_t> subscriptions_{0};

  std::mutex pool_mutex_;
  std::vector<std::unique_ptr<TransactionState>> pool_;
  std::size_t pooled_bytes_ = 0;
  Dispatcher dispatcher_;

  struct OpenGate {
    std::shared_ptr<GateState> state;
    std::shared_ptr<SubscriptionState> budget;
  };
  std::mutex making_gates_;                    // taken before all others
  mutable std::mutex gates_mutex_;             // taken last
  std::map<std::string, OpenGate, std::less<>> gates_;
  std::map<std::string, GateOptions, std::less<>> declared_gates_;           // open or not; guarded by making_gates_
  std::atomic<bool> any_gates_{false};

  // Of the commit in progress, kept for the next.
  std::vector<Delta> nets_;
  std::vector<RelationState*> touched_;
  std::vector<const TableState*> numbered_;  // with an identity column, and without a net change
  std::string time_failure_;  // why time stands; "": it does not
  std::vector<Delivery> deliveries_;
  std::vector<Submitted*> batch_;
  std::vector<SourceMark> marks_;
  Counters counters_;
  mutable std::mutex log_mutex_;
  bool wal_told_ = false;
  std::uint64_t steps_timed_ = 0;
  std::uint64_t step_ = 0;                     // the last that went to the storage thread
  TransactionState together_;
  SubmissionQueue queue_;                      // its thread uses all of the above
};

// Copies a file of ours, opens the copy, checks it and gives it its name. Its sequence number.
std::uint64_t back_up(const std::string& file, const std::string& to, const OpenOptions& options);

}  // namespace weir::internal
