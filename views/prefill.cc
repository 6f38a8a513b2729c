#include "views/prefill.h"

#include "sql/temporal.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <thread>

namespace weir::internal {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kSlice = std::chrono::milliseconds(3);
constexpr auto kPause = std::chrono::milliseconds(1);  // where somebody waits

bool looks_at_rows_only(const Plan& plan) {
  switch (plan.node) {
    case Plan::Node::kValues: case Plan::Node::kScan: return true;
    case Plan::Node::kFilter: return !mentions_now(*plan.exprs[0]) && looks_at_rows_only(*plan.inputs[0]);
    case Plan::Node::kProject: return looks_at_rows_only(*plan.inputs[0]);
    default: return false;
  }
}

}  // namespace

// ---- freezing tables

Engine::Frozen::~Frozen() {
  if (tables_.empty()) return;
  const std::lock_guard lock(engine_.freeze_mutex_);
  for (const RelationState* table : tables_) engine_.frozen_.erase(std::find(engine_.frozen_.begin(), engine_.frozen_.end(), table));
  engine_.any_frozen_ = !engine_.frozen_.empty();
  engine_.thawed_.notify_all();
}

void Engine::Frozen::add(std::vector<const RelationState*> tables) {
  {
    const std::lock_guard lock(engine_.freeze_mutex_);
    tables_ = std::move(tables);
    engine_.frozen_.insert(engine_.frozen_.end(), tables_.begin(), tables_.end());
    engine_.any_frozen_ = true;
  }
  engine_.queue_.drain();
}

// The tables below a new view, where they have many rows.
std::vector<const RelationState*> Engine::to_freeze(const Bound& create) const {
  std::set<const RelationState*> tables;
  std::set<std::uint64_t> seen;
  std::uint64_t rows = 0;
  const auto visit = [&](const auto& self, std::uint64_t id) -> void {
    const auto found = relations_.find(id);
    if (!seen.insert(id).second || found == relations_.end()) return;
    const RelationState& relation = *found->second;
    if (!relation.fold && relation.rows) rows += relation.rows->rows();
    if (!relation.relation.is_view) tables.insert(&relation);
    for (const std::uint64_t used : relation.uses) self(self, used);
  };
  for (const std::uint64_t id : create.uses) visit(visit, id);
  if (rows < LateIndexes::kManyRows || create.statement.lazy || !create.statement.parameters.empty()) return {};
  return {tables.begin(), tables.end()};
}

bool Engine::frozen(const TransactionState& transaction) const {
  const std::lock_guard lock(freeze_mutex_);
  for (std::size_t n = 0; n < transaction.used; ++n) {
    if (std::find(frozen_.begin(), frozen_.end(), transaction.changes[n]->table().get()) != frozen_.end()) return true;
  }
  return false;
}

// False: the deadline has passed.
bool Engine::wait_until_thawed(const TransactionState& transaction, const SubmissionQueue::Deadline& deadline) {
  if (!any_frozen_.load(std::memory_order_relaxed)) return true;
  std::unique_lock lock(freeze_mutex_);
  const auto thawed = [&] {
    for (std::size_t n = 0; n < transaction.used; ++n) {
      if (std::find(frozen_.begin(), frozen_.end(), transaction.changes[n]->table().get()) != frozen_.end()) return false;
    }
    return true;
  };
  if (deadline) return thawed_.wait_until(lock, *deadline, thawed);
  thawed_.wait(lock, thawed);
  return true;
}

// A change of rows that needs no operators to be found, in a table that nobody reads and no FOREIGN KEY leads on from.
bool Engine::goes_beside_filling(const Bound& bound) const {
  const Statement& s = bound.statement;
  const bool changes = s.kind == Statement::Kind::kInsert || s.kind == Statement::Kind::kUpdate || s.kind == Statement::Kind::kDelete;
  if (!changes || s.conflict || bound.schema_version != schema_version_ || !looks_at_rows_only(*s.plan)) return false;
  const auto* found = find_state(s.names.at(0));
  if (!found || (*found)->relation.is_view || static_cast<const TableState&>(**found).linked()) return false;
  for (const std::uint64_t used : bound.uses) {
    if (by_id(used).relation.is_view) return false;
  }
  const std::lock_guard lock(freeze_mutex_);
  return std::find(frozen_.begin(), frozen_.end(), found->get()) == frozen_.end();
}

// ---- filling streams

Engine::Prefilled::Prefilled(Engine& engine, Writing& writing, const Statement& create) : engine_(engine) {
  if (engine.find_state(create.names.at(0))) return;  // it is replaced, or refused
  const PlanPtr whole = engine.without_folded(*create.plan);
  const Plan& plan = whole ? *whole : *create.plan;
  for (const Parametrised& way : parametrise(plan)) {
    if (engine.candidates_.contains(way.text)) return;  // it becomes a slice
  }
  Circuit& circuit = *engine.circuit_;
  std::unique_lock state(engine.state_mutex_);
  if (mentions_now(plan)) engine.catch_up();
  Clock::time_point begun = Clock::now();
  const std::function<void()> breathe = [&] {
    if (Clock::now() - begun < kSlice) return;
    state.unlock();
    writing.lock_.unlock();
    if (engine.waiting_ > 0) std::this_thread::sleep_for(kPause);
    writing.lock_.lock();
    state.lock();
    begun = Clock::now();
  };
  NodeId node = kNoNode;
  bool arranged = false;
  try {
    LateIndexes indexes;
    node = lower(plan, circuit, [&](const Plan& scan) { return engine.stream_of(scan); }, &engine.streams_);
    const std::vector<std::uint16_t> key = create.plan->has_key ? create.plan->key : std::vector<std::uint16_t>();
    circuit.arrange(node, key, !key.empty());
    arranged = true;
    engine.filling_ = true;
    indexes.fill(breathe);
    circuit.backfill(breathe);
    node_ = node;
  } catch (...) {  // making the view fails likewise, and says why
    if (arranged) circuit.unarrange(node);
    if (node != kNoNode) circuit.release(node);
    engine.drop_freed_streams();
  }
  engine.filling_ = false;
  engine.filled_.notify_all();
}

Engine::Prefilled::~Prefilled() {
  if (node_ == kNoNode) return;
  const std::unique_lock state(engine_.state_mutex_);
  engine_.circuit_->unarrange(node_);
  engine_.circuit_->release(node_);
  engine_.drop_freed_streams();
}

}  // namespace weir::internal
