#include "views/engine.h"

#include <algorithm>
#include <tuple>

#include "sql/document.h"
#include "sql/functions.h"
#include "views/door.h"
#include "views/read_ahead.h"
#include "views/rows_in.h"
#include "views/schema_change.h"
#include "zset/consolidate.h"
#include "zset/datetime.h"
#include "zset/pages.h"
#include "zset/text_form.h"

namespace weir::internal {
namespace {

constexpr std::size_t kTransactionBytes = 2048;  // what a transaction of few rows takes
constexpr std::size_t kBatchSubmissionsMax = 65'536;
constexpr std::size_t kPooledTransactions = 256, kPooledBytes = std::size_t{64} << 20;

std::unique_ptr<Executor> make_executor(unsigned threads) {
  if (threads == 0) threads = std::thread::hardware_concurrency();
#if defined(__SANITIZE_THREAD__)  // ThreadSanitizer reports false races inside of Debian's oneTBB
  return threads <= 1 ? Executor::serial() : Executor::threads(threads);
#else
  return threads <= 1 ? Executor::serial() : Executor::tbb(threads);
#endif
}

// Notes whom a statement asks for.
class Recording final : public Catalog {
 public:
  Recording(const Engine& engine, std::vector<std::uint64_t>& uses) : engine_(engine), uses_(uses) {}
  const Relation* find_relation(std::string_view name) const override {
    const Relation* found = engine_.find_relation(name);
    if (found && std::find(uses_.begin(), uses_.end(), found->id) == uses_.end()) uses_.push_back(found->id);
    return found;
  }
  const std::shared_ptr<const Domain>* find_domain(std::string_view name) const override { return engine_.find_domain(name); }
  std::vector<std::string> relation_names() const override { return engine_.relation_names(); }
  std::string definition_of(std::string_view name) const override { return engine_.definition_of(name); }
  std::map<std::string, std::string> comments_of(std::string_view name) const override { return engine_.comments_of(name); }
  std::vector<std::string> used_by(std::string_view name) const override { return engine_.used_by(name); }
  std::vector<const Function*> find(std::string_view name) const override { return engine_.find(name); }
  std::int64_t now() const override { return engine_.now(); }

 private:
  const Engine& engine_;
  std::vector<std::uint64_t>& uses_;
};

}  // namespace

// ---- opening and closing

std::shared_ptr<Engine> Engine::open(const std::string& path, const OpenOptions& options) {
  auto engine = std::make_shared<Engine>(options);
  for (const ScalarFunction& f : options.functions) engine->create_function(f);
  if (path == ":memory:") return engine;
  const auto start = std::chrono::steady_clock::now();
  if (options.mode == Mode::kMemory) throw Failure(ErrorCode::kInput, "mode memory keeps nothing in a file: open \":memory:\", or say full or pipelined");
  StorageOptions storage;
  engine->path_ = path;
  storage.create = options.create;
  storage.read_only = options.read_only;
  storage.sync = options.sync;
  storage.cache_bytes = options.cache_bytes;
  storage.wal_limit_bytes = options.wal_bytes;
  engine->storage_ = Storage::open(path, storage);
  if (engine->storage_->setting(kTablesSetting) == "none") {
    throw Failure(ErrorCode::kUnsupported, "\"" + path + "\" holds views without their tables (store_tables = false): they can be read with any SQLite client, not gone on with");
  }
  if (engine->storage_->setting(kTablesSetting) == kTablesOfCopy) {
    throw Failure(ErrorCode::kUnsupported, "\"" + path + "\" is a copy that weir follow keeps: it can be read with any SQLite client, and checked with weir check");
  }
  if (engine->storage_->catalog().empty() && !options.store_tables) {
    engine->storage_->begin();
    engine->storage_->set_setting(kTablesSetting, "none");
    engine->storage_->commit();
  } else if (!options.store_tables) {
    throw Failure(ErrorCode::kUnsupported, "\"" + path + "\" holds tables: it can't be opened with store_tables = false");
  }
  if (const std::string clock = engine->storage_->setting(kClockSetting); !clock.empty()) {
    engine->stored_time_ = parse_timestamptz(clock);
    engine->circuit_->set_time(*engine->stored_time_);
    engine->circuit_->advance();
  }
  engine->recovering_ = true;
  engine->recover();
  engine->recovering_ = false;
  for (SourceMark& mark : engine->storage_->marks()) engine->sources_.emplace(mark.source, mark);
  if (const std::string gates = engine->storage_->setting(kGatesSetting); !gates.empty()) {
    for (GateDefinition& gate : gates_in(gates)) engine->declared_gates_.emplace(std::move(gate.name), std::move(gate.options));
  }
  if (options.mode == Mode::kPipelined && !options.read_only) engine->storage_thread_ = std::make_unique<StorageThread>(*engine->storage_, options.queue_bytes);
  {
    const std::lock_guard writing(engine->writer_);
    const std::unique_lock state(engine->state_mutex_);
    engine->show_time();
  }
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start).count();
  engine->log(LogEntry::Level::kInfo, "opened", {{"path", path}, {"sequence", std::to_string(engine->sequence())}, {"relations", std::to_string(engine->relations_.size())},
                                                 {"ms", std::to_string(ms)}});
  return engine;
}

Engine::Engine(const OpenOptions& options)
    : options_(options),
      circuit_(std::make_unique<Circuit>(make_executor(options.threads))),
      own_clock_(options.clock == Clock::kManual),
      queue_({std::clamp<std::size_t>(options.batch_submissions, 1, kBatchSubmissionsMax), options.queue_rows, options.queue_bytes},
             [this](SubmissionQueue& queue) { commit_batch(queue); }) {
  reserve_memory(options.reserve_bytes);
  circuit_->run_clocks(options.profile);
}

Engine::~Engine() {
  (void)guarded([this] { close_gates(); }).ok();
  queue_.close();
  timer_.reset();  // nobody commits any more, who might set it
}

void Engine::close() {
  const auto gates = guarded([this] { close_gates(); });
  queue_.close();
  std::vector<std::shared_ptr<SubscriptionState>> ending;
  {
    std::unique_lock writing(writer_);
    filled_.wait(writing, [this] { return !filling_; });
    if (closed_.exchange(true)) return;
    const std::lock_guard lock(subscriptions_mutex_);
    for (const auto& [id, relation] : relations_) ending.insert(ending.end(), relation->subscriptions.begin(), relation->subscriptions.end());
    for (const auto& [id, instance] : instances_) ending.insert(ending.end(), instance->subscriptions.begin(), instance->subscriptions.end());
  }
  timer_.reset();
  dispatcher_.drain();
  for (const auto& subscription : ending) subscription->end();
  const std::lock_guard writing(writer_);
  const auto stored = guarded([&] { if (storage_thread_) storage_thread_->drain(); });
  const std::unique_lock state(state_mutex_);
  storage_.reset();
  log(LogEntry::Level::kInfo, "closed", {{"path", path_}, {"sequence", std::to_string(sequence_.load())}});
  stored.value();  // throws what kept batches from the file
  gates.value();
}

void Engine::recover() {
  const std::vector<StoredRelation> stored = storage_->catalog();
  recovered_ = !stored.empty();
  sequence_ = storage_->sequence();
  const auto bind_stored = [&](const StoredRelation& relation, Statement::Kind kind) {
    try {
      Bound bound;
      if (relation.is_view) bound = bind(relation.definition);
      else bound.statement = bind_table_history(relation.definition, *this);
      if (bound.statement.kind != kind) throw Failure(ErrorCode::kCorrupt, "its definition is something else");
      return bound;
    } catch (const Failure& failure) {
      Error error = failure.error();
      error.message = "cannot recover " + std::string(relation.is_view ? "view" : "table") + " \"" + relation.name + "\": " + error.message;
      if (error.code == ErrorCode::kUnknownName && error.hint.empty()) error.hint = "C++ functions that views use have to be given in OpenOptions::functions";
      throw Failure(std::move(error));
    }
  };
  // Whether a log is kept is said by the file, not by the definition: it may have been switched on or off since.
  std::map<std::string, Relation::Log> logs;
  for (const StoredLog& log : storage_->logs()) logs.emplace(log.relation, Relation::Log{log.batches});
  const auto set_log = [&](Relation& relation) {
    const auto it = logs.find(relation.name);
    relation.log = it == logs.end() ? std::nullopt : std::optional(it->second);
  };
  bool complete = false;
  for (const StatementText& text : split_statements(storage_->setting(kDomainsSetting), complete)) domains_.push_back(bind_statement(text, *this).domain);
  std::optional<ReadAhead> ahead;
  ahead.emplace(*storage_, stored);
  for (const StoredRelation& relation : stored) {
    if (relation.is_view) continue;
    Bound bound = bind_stored(relation, Statement::Kind::kCreateTable);
    Relation r = std::move(bound.statement.relation);
    r.id = next_id_++;
    set_log(r);
    auto table = std::make_shared<TableState>(std::move(r), this);
    table->definition = relation.definition;
    table->each_position([&](const std::string& setting, Numbers& numbers) { numbers.go_to(storage_->setting(setting)); });
    if (table->kinds().size() != relation.schema.size()) throw Failure(ErrorCode::kCorrupt, "table \"" + relation.name + "\" is not the one that the catalog defines");
    attach_table(*table);
    enter(table);
    read_comments(*table);
    ahead->table([&](const Delta& rows) {
      circuit_->push(table->node, rows);
      circuit_->evaluate();
      circuit_->advance();
      table->digest.add(rows);
    });
    const std::string digest = storage_->digest(relation.name);
    if (!digest.empty() && digest != table->digest.to_string()) {
      throw Failure(ErrorCode::kCorrupt, "table \"" + relation.name + "\" does not hold what was last committed: another program has changed it, or the file is damaged");
    }
  }
  link_tables();
  std::vector<std::shared_ptr<ViewState>> views;
  for (const StoredRelation& relation : stored) {
    if (!relation.is_view) continue;
    Bound bound = bind_stored(relation, Statement::Kind::kCreateView);
    Relation r;
    r.name = relation.name;
    r.id = next_id_++;
    r.is_view = true;
    r.schema = bound.statement.plan->schema;
    r.key = bound.statement.plan->key;
    r.has_key = bound.statement.plan->has_key;
    r.order = bound.statement.order;
    r.parameters = bound.statement.parameters;
    r.lazy = bound.statement.lazy;
    set_log(r);
    r.domains = bound.statement.relation.domains;
    auto view = std::make_shared<ViewState>(std::move(r), std::move(bound.statement.plan));
    view->definition = relation.definition;
    view->uses = std::move(bound.uses);
    attach_view(*view);
    enter(view);
    read_comments(*view);
    Arena arena;
    Delta rows;
    view->scan(arena, rows);
    view->digest.add(rows);
    views.push_back(std::move(view));
  }
  // What the file has of them.
  struct Different {
    const StoredRelation* relation;
    ViewState* view;
    bool same_shape;
  };
  std::vector<Different> different;
  std::size_t n = 0;
  for (const StoredRelation& relation : stored) {
    if (!relation.is_view) continue;
    ViewState& view = *views[n];
    const Relation& now = view.relation;
    const std::vector<std::uint16_t> key = now.has_key ? now.key : std::vector<std::uint16_t>();
    const bool same_shape = key == relation.key && now.schema.size() == relation.schema.size() &&
                            std::equal(now.schema.begin(), now.schema.end(), relation.schema.begin(), [](const Field& a, const Field& b) {
                              return a.name == b.name && a.type == b.type && a.nullable == b.nullable;
                            });
    const std::string digest = view.digest.to_string();
    if (!same_shape || ahead->digest_of_view(n) != digest || storage_->digest(relation.name) != digest) different.push_back({&relation, &view, same_shape});
    ++n;
  }
  ahead.reset();
  if (!options_.repair || options_.read_only) return;
  // The file has them as they were not: another version of weir computed them, or somebody changed them.
  for (const auto& [relation, view, same_shape] : different) {
    log(LogEntry::Level::kWarning, "view_rewritten", {{"path", path_}, {"view", relation->name}});
    const Relation& now = view->relation;
    Arena arena;
    Delta rows;
    view->scan(arena, rows);
    storage_->begin();
    try {
      if (same_shape) {
        storage_->rewrite(relation->name);
      } else {
        storage_->drop(relation->name);
        storage_->create({now.name, true, now.schema, now.has_key ? now.key : std::vector<std::uint16_t>(), relation->definition});
      }
      storage_->write(relation->name, rows);
      storage_->set_digest(relation->name, view->digest.to_string());
      if (now.log) {  // what it says does not lead to this: it begins anew
        storage_->set_sequence(sequence_ + 1);
        storage_->set_log({now.name, now.log->batches, sequence_ + 1});
      }
      storage_->commit();
      sequence_ = storage_->sequence();
    } catch (...) {
      storage_->rollback();
      throw;
    }
  }
}

// ---- locks

Engine::Writing::Writing(Engine& engine) : engine_(engine), lock_(engine.writer_, std::defer_lock) {
  ++engine.waiting_;
  lock_.lock();
  --engine.waiting_;
  engine.filled_.wait(lock_, [&] { return !engine.filling_; });
  if (engine.closed_) throw Failure(ErrorCode::kClosed, "the database is closed");
}

Engine::Writing::Writing(Engine& engine, const TransactionState* transaction) : Writing(engine) { check(transaction); }

Engine::Writing::Writing(Engine& engine, const TransactionState* transaction, BesideFilling) : engine_(engine), lock_(engine.writer_, std::defer_lock) {
  ++engine.waiting_;
  lock_.lock();
  --engine.waiting_;
  if (engine.closed_) throw Failure(ErrorCode::kClosed, "the database is closed");
  check(transaction);
}

void Engine::Writing::check(const TransactionState* transaction) const {
  if (engine_.schema_owner_ && engine_.schema_owner_ != transaction) {
    throw Failure(ErrorCode::kTransaction, "an open transaction is changing tables or views: it has to end first");
  }
}

void Engine::Writing::wait_until_filled(const TransactionState* transaction) {
  engine_.filled_.wait(lock_, [this] { return !engine_.filling_; });
  if (engine_.closed_) throw Failure(ErrorCode::kClosed, "the database is closed");
  check(transaction);
}

std::shared_lock<std::shared_mutex> Engine::reading() const {
  std::shared_lock lock(state_mutex_);
  if (closed_) throw Failure(ErrorCode::kClosed, "the database is closed");
  return lock;
}

// ---- catalog

const std::shared_ptr<RelationState>* Engine::find_state(std::string_view name) const {
  const auto it = by_name_.find(name);
  return it == by_name_.end() ? nullptr : &*it;
}

const Relation* Engine::find_relation(std::string_view name) const {
  const auto* found = find_state(name);
  return found ? &(*found)->relation : nullptr;
}

std::vector<std::string> Engine::relation_names() const {
  std::vector<std::string> names;
  for (const auto& [id, relation] : relations_) names.push_back(relation->name());
  return names;
}

const std::shared_ptr<const Domain>* Engine::find_domain(std::string_view name) const {
  const auto found = std::find_if(domains_.begin(), domains_.end(), [&](const auto& domain) { return domain->name == name; });
  return found == domains_.end() ? nullptr : &*found;
}

std::string Engine::definition_of(std::string_view name) const {
  const auto* found = find_state(name);
  return found ? (*found)->definition : "";
}

std::map<std::string, std::string> Engine::comments_of(std::string_view name) const {
  const auto* found = find_state(name);
  return found ? (*found)->comments : std::map<std::string, std::string>();
}

// As they were written.
void Engine::read_comments(RelationState& relation) const {
  bool complete = false;
  for (const StatementText& text : split_statements(storage_->setting(kCommentsSetting + relation.name()), complete)) {
    Statement s = bind_statement(text, *this);
    relation.comments[s.column] = std::move(s.comment);
  }
}

std::vector<std::string> Engine::used_by(std::string_view name) const {
  std::vector<std::string> names;
  const auto* found = find_state(name);
  if (!found) return names;
  for (const std::uint64_t id : (*found)->uses) {
    if (const auto it = relations_.find(id); it != relations_.end()) names.push_back(it->second->name());
  }
  return names;
}

std::vector<const Function*> Engine::find(std::string_view name) const {
  std::vector<const Function*> out;
  if (const auto it = functions_.find(name); it != functions_.end()) {
    for (const auto& function : it->second) out.push_back(function.get());
  }
  return out;
}

const std::shared_ptr<RelationState>& Engine::state(std::string_view name) const {
  if (const auto* found = find_state(name)) return *found;
  Error error;
  error.code = ErrorCode::kUnknownName;
  error.message = "relation \"" + std::string(name) + "\" does not exist";
  const std::vector<std::string> names = relation_names();
  if (const std::string near = nearest_name(name, names); !near.empty()) error.hint = "did you mean \"" + near + "\"?";
  throw Failure(std::move(error));
}

std::shared_ptr<TableState> Engine::table(std::string_view name) const {
  const std::shared_ptr<RelationState>& found = state(name);
  if (found->relation.is_view) throw Failure(ErrorCode::kUnsupported, "\"" + std::string(name) + "\" is a view: only tables can be changed");
  return std::static_pointer_cast<TableState>(found);
}

void Engine::create_function(ScalarFunction function) {
  if (function.name.empty() || !function.function) throw Failure(ErrorCode::kInput, "a function needs a name and something to call");
  auto made = std::make_unique<Function>();
  made->name = function.name;
  for (const TypeId type : function.arguments) made->args.push_back(Type{type, 0, 0});
  made->result = Type{function.result, 0, 0};
  made->user = std::move(function.function);
  const Writing writing(*this, nullptr);
  const std::unique_lock state(state_mutex_);
  auto& overloads = functions_[function.name];
  for (const auto& other : overloads) {
    if (other->args == made->args) throw Failure(ErrorCode::kDuplicateName, "function \"" + function.name + "\" already exists with the same argument types");
  }
  overloads.push_back(std::move(made));
  ++schema_version_;
}

Engine::Bound Engine::bind(std::string_view sql) const {
  Bound bound;
  bound.schema_version = schema_version_;
  const Recording catalog(*this, bound.uses);
  bound.statement = bind_statement({std::string(sql), 0}, catalog);
  for (Statement* s = &bound.statement; s; s = s->explained.get()) {
    if (s->plan) without_lazy(s->plan);
  }
  return bound;
}

// The queries of lazy views in the place of their scans: such a view has no stream.
void Engine::without_lazy(PlanPtr& plan) const {
  bool any = false;
  const auto replace = [&](const auto& self, PlanPtr& part) -> void {
    if (part->node == Plan::Node::kScan && part->relation != kBindings) {
      const RelationState& relation = by_id(part->relation_id);
      if (!relation.relation.lazy) return;
      PlanPtr query = relation.plan->clone();
      for (std::size_t c = 0; c < query->schema.size(); ++c) query->schema[c].name = part->schema[c].name;
      part = std::move(query);
      any = true;
      return;
    }
    for (PlanPtr& input : part->inputs) self(self, input);
  };
  replace(replace, plan);
  if (any) plan = optimize(std::move(plan));
}

Statement Engine::transaction_statement(std::string_view sql) const {
  const auto lock = reading();
  try {
    return bind(sql).statement;
  } catch (const Failure&) {
    return {};
  }
}

void Engine::enter(const std::shared_ptr<RelationState>& relation) {
  const std::uint64_t id = relation->relation.id;
  relations_.emplace(id, relation);
  by_name_.insert(relation);
  for (const std::uint64_t used : relation->uses) users_.emplace(used, id);
  if (!relation->has_instances_only()) {
    listen(*relation);
    if (relation->plan) offer(*relation);
  }
  relation->dropped = false;
  ++schema_version_;
}

void Engine::remove(const RelationState& relation) {
  const std::uint64_t id = relation.relation.id;
  const auto it = relations_.find(id);
  const std::shared_ptr<RelationState> keep = it->second;
  relations_.erase(it);
  by_name_.erase(by_name_.find(std::string_view(relation.name())));
  for (const std::uint64_t used : relation.uses) users_.erase({used, id});
  if (!keep->has_instances_only()) {
    unlisten(*keep);
    if (keep->plan) withdraw(*keep);
  }
  keep->dropped = true;
  ++schema_version_;
}

void Engine::listen(RelationState& relation) {
  if (relation.fold) return relation.fold->enter(relation);
  if (by_node_.size() <= relation.node) by_node_.resize(relation.node + 1);
  by_node_[relation.node].push_back(&relation);
}

void Engine::unlisten(RelationState& relation) {
  if (relation.fold) return relation.fold->remove(relation);
  std::vector<RelationState*>& here = by_node_[relation.node];
  here.erase(std::find(here.begin(), here.end(), &relation));
}

void Engine::attach_table(TableState& table) {
  const std::vector<std::uint16_t> key = table.keyed() ? table.relation.key : std::vector<std::uint16_t>();
  table.node = circuit_->add_source(table.key_kinds(), key, table.keyed(), table.name());
  table.rows = circuit_->integral(table.node);
  if (table.keyed()) table.key_index = table.rows->add_index(table.relation.key);
  for (TableIndex& index : table.indexes) index.number = table.rows->add_index(index.columns);
}

void Engine::attach_view(ViewState& view) {
  if (view.has_instances_only()) return;
  struct Shows { Engine& engine; ~Shows() { engine.show_time(); } } const shows{*this};
  const PlanPtr whole = without_folded(*view.plan);
  const Plan& plan = whole ? *whole : *view.plan;
  if (fold_view(view, plan)) return;
  if (view.instance_of != 0 && !view.relation.lazy) {  // made to be one of many
    fold_alone(view, plan);
    if (view.fold) return;
  }
  view.node = lower(plan, *circuit_, [this](const Plan& scan) { return stream_of(scan); }, &streams_);
  try {
    const std::vector<std::uint16_t> key = view.keyed() ? view.relation.key : std::vector<std::uint16_t>();
    view.rows = &circuit_->arrange(view.node, key, view.keyed() && !key.empty());
    try {
      circuit_->backfill();
      if (view.keyed()) view.key_index = view.rows->add_index(view.relation.key);
    } catch (...) {
      circuit_->unarrange(view.node);
      throw;
    }
  } catch (...) {
    circuit_->release(view.node);
    drop_freed_streams();
    throw;
  }
}

void Engine::detach(RelationState& relation) noexcept {
  if (relation.has_instances_only()) return end_instances(relation);
  if (relation.fold) {
    unbind_slice(relation);
    return show_time();
  }
  if (relation.keyed()) relation.rows->drop_index(relation.key_index);
  circuit_->unarrange(relation.node);
  circuit_->release(relation.node);
  drop_freed_streams();
  relation.rows = nullptr;
}

void Engine::drop_freed_streams() {
  for (const NodeId node : circuit_->take_freed()) streams_.remove(node);
  show_time();
}

std::vector<std::shared_ptr<RelationState>> Engine::dependents(const RelationState& relation) const {
  std::set<std::uint64_t> found;
  const auto add_users = [&](const auto& self, std::uint64_t id) -> void {
    for (auto it = users_.lower_bound({id, 0}); it != users_.end() && it->first == id; ++it) {
      if (found.insert(it->second).second) self(self, it->second);
    }
  };
  add_users(add_users, relation.relation.id);
  std::vector<std::shared_ptr<RelationState>> out;
  for (const std::uint64_t id : found) out.push_back(relations_.at(id));
  return out;
}

// ---- transactions

TransactionState::TransactionState() { arena.reserve(kTransactionBytes); }
TransactionState::~TransactionState() = default;

TableChanges& TransactionState::of(const std::shared_ptr<TableState>& table) {
  for (std::size_t n = 0; n < used; ++n) {
    if (changes[n]->table() == table) return *changes[n];
  }
  if (used == changes.size()) changes.push_back(std::make_unique<TableChanges>());
  changes[used]->start(table, arena);
  return *changes[used++];
}

TableChanges* TransactionState::find(const RelationState& table) const {
  for (std::size_t n = 0; n < used; ++n) {
    if (changes[n]->table().get() == &table) return changes[n].get();
  }
  return nullptr;
}

void TransactionState::reset() {
  for (std::size_t n = 0; n < used; ++n) changes[n]->start(nullptr, arena);
  used = 0;
  read_only = false;
  linked_since = kNotLinked;
  arena.reset();
}

std::vector<TableChanges::Mark> TransactionState::mark() {
  std::vector<TableChanges::Mark> marks;
  for (std::size_t n = 0; n < used; ++n) marks.push_back(changes[n]->mark());
  return marks;
}

void TransactionState::rollback(std::span<const TableChanges::Mark> marks) {
  for (std::size_t n = 0; n < used; ++n) {
    if (n < marks.size()) changes[n]->rollback(marks[n]);
    else changes[n]->start(nullptr, arena);
  }
  used = marks.size();
}

std::unique_ptr<TransactionState> Engine::begin() {
  if (closed_) throw Failure(ErrorCode::kClosed, "the database is closed");
  std::unique_ptr<TransactionState> transaction;
  {
    const std::lock_guard lock(pool_mutex_);
    if (!pool_.empty()) {
      transaction = std::move(pool_.back());
      pool_.pop_back();
      pooled_bytes_ -= transaction->arena.allocated_bytes();
    }
  }
  if (!transaction) transaction = std::make_unique<TransactionState>();
  transaction->engine = shared_from_this();
  transaction->links_version = links_version_;
  return transaction;
}

void Engine::recycle(std::unique_ptr<TransactionState> transaction) noexcept {
  const std::shared_ptr<Engine> keep = std::move(transaction->engine);
  transaction->engine = nullptr;
  transaction->reset();
  const std::lock_guard lock(pool_mutex_);
  const std::size_t bytes = transaction->arena.allocated_bytes();
  if (pool_.size() == kPooledTransactions || pooled_bytes_ + bytes > kPooledBytes) return;
  pooled_bytes_ += bytes;
  pool_.push_back(std::move(transaction));
}

void Engine::rollback(TransactionState& transaction) noexcept {
  if (!transaction.schema) return transaction.reset();
  const std::lock_guard writing(writer_);
  give_up(transaction);
}

void Engine::give_up(TransactionState& transaction) noexcept {
  if (transaction.schema) {
    transaction.schema.reset();
    schema_owner_ = nullptr;
  }
  transaction.reset();
}

Engine::Mark Engine::mark(TransactionState& transaction) {
  const Writing writing(*this, &transaction);
  Mark out;
  out.tables = transaction.mark();
  out.has_schema = transaction.schema != nullptr;
  if (out.has_schema) out.schema = transaction.schema->mark();
  return out;
}

void Engine::rollback(TransactionState& transaction, const Mark& mark) {
  const Writing writing(*this, &transaction);
  if (transaction.schema && mark.has_schema) {
    transaction.schema->rollback(mark.schema);
  } else if (transaction.schema) {
    transaction.schema.reset();
    schema_owner_ = nullptr;
  }
  transaction.rollback(mark.tables);
}

// ---- subscriptions

std::shared_ptr<SubscriptionState> Engine::subscribe(std::string_view relation, const Row* values, std::function<void(const Change&)> callback, const SubscribeOptions& options) {
  if (!callback) throw Failure(ErrorCode::kInput, "a subscription needs something to call");
  dispatcher_.wait_for_room();
  SubscribeOptions bounded = options;
  bounded.queue_changes_max = std::max<std::size_t>(1, options.queue_changes_max);
  if (options.after && values) throw Failure(ErrorCode::kUnsupported, "a view with parameters keeps no change log");
  if (options.after) return subscribe_after(relation, *options.after, std::move(callback), bounded);
  const Writing writing(*this, nullptr);
  end_left();
  const std::shared_ptr<RelationState> named = state(relation);
  const std::shared_ptr<RelationState> found = values ? make_instance(*named, give_values(*named, *values))
                                               : named->relation.lazy && !named->parametrised() ? make_instance(*named, whole_of(*named)) : named;
  if (found->parametrised()) throw Failure(ErrorCode::kInput, "view \"" + found->name() + "\" has parameters: subscribe with their values");
  auto subscription = std::make_shared<SubscriptionState>(shared_from_this(), found, std::move(callback), bounded);
  Arena arena;
  Delta rows, net;
  found->scan(arena, rows);
  consolidate(rows, arena, net);
  std::vector<Delivery> deliveries;
  deliveries.push_back({subscription, make_change(*found, sequence_.load(), true, net)});
  {
    const std::lock_guard lock(subscriptions_mutex_);
    found->subscriptions.push_back(subscription);
    ++subscriptions_;
  }
  deliver(deliveries);
  return subscription;
}

void Engine::move_subscriptions(RelationState& from, const std::shared_ptr<RelationState>& to, const Delta* held) {
  std::vector<Delivery> deliveries;
  {
    const std::lock_guard lock(subscriptions_mutex_);
    if (from.subscriptions.empty()) return;
    to->subscriptions = std::move(from.subscriptions);
    from.subscriptions.clear();
    const Schema &was = from.relation.schema, &is = to->relation.schema;
    const bool same_columns = std::equal(was.begin(), was.end(), is.begin(), is.end(), [](const Field& a, const Field& b) { return a.type == b.type; });
    Arena arena;
    Delta rows, net;
    to->scan(arena, rows);
    if (same_columns) {
      Delta before;
      if (held) before = *held;
      else from.scan(arena, before);
      for (Chunk& chunk : before.chunks) {
        auto* weights = arena.array<std::int64_t>(chunk.size);
        for (std::uint32_t i = 0; i < chunk.size; ++i) weights[i] = -chunk.weights[i];
        chunk.weights = weights;
        rows.add(chunk);
      }
    }
    consolidate(rows, arena, net);
    // With other columns than before there is no difference: a fresh start.
    const Change change = make_change(*to, sequence_.load(), !same_columns, net);
    for (const auto& subscription : to->subscriptions) {
      subscription->moved_to(to);
      if (!same_columns || change.size() > 0) deliveries.push_back({subscription, change});
    }
  }
  deliver(deliveries);
}

void Engine::forget(const SubscriptionState& subscription) noexcept {
  std::shared_ptr<SubscriptionState> gone;  // outlives the lock
  std::shared_ptr<RelationState> relation;
  struct AtEnd {
    Engine& engine;
    const std::shared_ptr<RelationState>& relation;
    ~AtEnd() { if (relation->instance_of != 0) engine.leave(relation); }
  } const at_end{*this, relation};
  const std::lock_guard lock(subscriptions_mutex_);
  relation = subscription.relation();
  std::vector<std::shared_ptr<SubscriptionState>>& all = relation->subscriptions;
  const auto it = std::find_if(all.begin(), all.end(), [&](const auto& s) { return s.get() == &subscription; });
  if (it == all.end()) return;
  gone = std::move(*it);
  all.erase(it);
  --subscriptions_;
}

// ---- reading

const RelationState* Engine::rows_of(const RelationState& relation) const {
  if (relation.parametrised()) throw Failure(ErrorCode::kInput, "view \"" + relation.name() + "\" has parameters: read it with their values");
  if (!relation.has_instances_only()) return &relation;
  return has_instances(relation) ? instances_.lower_bound({relation.relation.id, nullptr})->second : nullptr;
}

void Engine::each_read(std::span<const std::string> names, const std::function<void(const RelationState&, const Delta&)>& f) {
  const auto read_all = [&](auto&& sleeping) {
    for (const std::string& name : names) {
      const RelationState& relation = *state(name);
      const RelationState* rows = rows_of(relation);
      if (!rows) {
        if (!sleeping(relation)) return false;
        continue;
      }
      Arena arena;
      Delta delta;
      rows->scan(arena, delta);
      f(relation, delta);
    }
    return true;
  };
  {
    const auto lock = reading();
    if (read_all([](const RelationState&) { return false; })) return;
  }
  const Writing writing(*this);  // what a lazy view shows has to be computed
  read_all([&](const RelationState& relation) {
    evaluate(*relation.plan, nullptr, [&](const Delta& rows) { f(relation, rows); });
    return true;
  });
}

ResultSet Engine::read(const std::string& name) {
  ResultSet out;
  each_read({&name, 1}, [&](const RelationState& relation, const Delta& rows) {
    out = make_result(relation.relation.schema, relation.relation.schema.size(), relation.relation.order, rows);
  });
  return out;
}

Snapshot Engine::snapshot(std::span<const std::string> names) {
  Snapshot out;
  each_read(names, [&](const RelationState& relation, const Delta& rows) {
    const Schema& schema = relation.relation.schema;
    out.sequence = sequence_.load();
    out.relations.insert_or_assign(relation.name(), make_result(schema, schema.size(), relation.relation.order, rows));
  });
  if (names.empty()) out.sequence = sequence_.load();
  return out;
}

ResultSet Engine::find(const std::string& name, const Row& key) {
  Arena arena;
  std::vector<Datum> datums;
  const auto result = [&](const Schema& schema, std::vector<Value> values, bool found) {
    ResultSet out(schema, std::move(values), sequence_.load());
    out.empty_rows = schema.empty() && found ? 1 : 0;
    return out;
  };
  {
    const auto lock = reading();
    const RelationState& relation = *state(name);
    key_in(relation, key, arena, datums);
    const Schema& schema = relation.relation.schema;
    if (const RelationState* rows = rows_of(relation)) {
      std::vector<Value> values;
      const Arrangement::Row row = rows->find(datums, true);
      if (row != Arrangement::kNone) {
        for (std::uint16_t c = 0; c < schema.size(); ++c) values.push_back(to_value(rows->get(row, c), schema[c].type));
      }
      return result(schema, std::move(values), row != Arrangement::kNone);
    }
  }
  ResultSet out;
  each_read({&name, 1}, [&](const RelationState& relation, const Delta& rows) {
    const Schema& schema = relation.relation.schema;
    std::vector<Value> values;
    bool found = false;
    for (const Chunk& chunk : rows.chunks) {
      chunk.each([&](std::uint32_t i) {
        for (std::size_t k = 0; k < datums.size(); ++k) {
          const Datum value = chunk.columns[relation.relation.key[k]].get(i);
          if (value.null != datums[k].null || (!value.null && key_compare(value, datums[k], relation.kinds_of_key()[k]) != 0)) return;
        }
        found = true;
        for (std::uint16_t c = 0; c < schema.size(); ++c) values.push_back(to_value(chunk.columns[c].get(i), schema[c].type));
      });
    }
    out = result(schema, std::move(values), found);
  });
  return out;
}

std::string Engine::digest(const std::string& name) {
  {
    const auto lock = reading();
    const RelationState& relation = *state(name);
    if (!relation.relation.lazy && stores(relation)) return relation.digest.to_string();
  }
  Digest digest;
  each_read({&name, 1}, [&](const RelationState&, const Delta& rows) { digest.add(rows); });
  return digest.to_string();
}

// ---- definitions documents

void Engine::define(std::string_view json) {
  const std::vector<Definition> definitions = read_definitions(json);
  OpenOptions asked = options_;
  options_in(json, asked);
  const auto set = [](const OpenOptions& o) { return std::tuple(o.mode, o.sync, o.batch_submissions, o.queue_rows, o.queue_bytes, o.cache_bytes); };
  if (set(asked) != set(options_)) {
    Failure failure(ErrorCode::kInput, "the database is open with other options than these");
    failure.error().place = "/options";
    failure.error().hint = "open it with weir::read_options of this document";
    throw failure;
  }
  const Writing writing(*this, nullptr);
  SchemaChange change(*this);
  for (const Definition& definition : definitions) {
    try {
      if (const auto* there = find_state(definition.name)) {
        if ((*there)->relation.is_view == definition.is_view && (*there)->definition == definition.statement) continue;
        throw Failure(ErrorCode::kDuplicateName, std::string((*there)->relation.is_view ? "view" : "table") + " \"" + definition.name + "\" already exists, and is defined otherwise");
      }
      Bound bound = bind(definition.statement);
      change.execute(bound);
    } catch (const Failure& failure) {
      throw Failure(place_in_document(failure.error(), definition));
    }
  }
  change.commit(false);
}

}  // namespace weir::internal
