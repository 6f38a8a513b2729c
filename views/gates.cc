// Gates of a database: which there are, what they stand on, and their handles.

#include <algorithm>
#include <set>

#include "sql/document.h"
#include "sql/statement.h"
#include "views/door.h"
#include "views/engine.h"
#include "views/gate_state.h"
#include "zset/type_classes.h"

namespace weir::internal {
namespace {

constexpr auto kPeriodMin = std::chrono::milliseconds(1);
constexpr std::int64_t kUnitsMax = std::int64_t{1} << 60;


bool alike(const GateOptions& a, const GateOptions& b) {
  return a.budget == b.budget && a.column == b.column && a.units == b.units && a.key == b.key && a.window.kind == b.window.kind && a.window.period == b.window.period && a.max_exposure == b.max_exposure &&
         a.refresh == b.refresh && a.stripes == b.stripes;
}

void check(const std::string& name, const GateOptions& options) {
  const auto refuse = [&](const std::string& why) { throw Failure(ErrorCode::kInput, "gate " + in_quotes(name) + ": " + why); };
  if (name.empty()) refuse("it needs a name");
  if (options.units) {
    if (!options.budget.empty() || !options.column.empty()) refuse("its budget is a table or view, or so many units a key, not both");
    if (*options.units < 0 || *options.units > kUnitsMax) refuse("units are 0 to " + std::to_string(kUnitsMax));
    if (options.key.empty()) refuse("units a key, and no key");
    std::set<std::string> names = {"admitted", "leased", "forfeited", "used"};
    for (const auto& [column, type] : options.key) {
      if (column.empty() || !names.insert(column).second) refuse("column " + in_quotes(column) + " of the key: it needs a name of its own");
      if (!is_integer(type) && type != TypeId::kText) refuse("column " + in_quotes(column) + " of the key is neither an integer nor a text");
    }
  } else if (options.budget.empty() || !options.key.empty()) {
    refuse(options.budget.empty() ? "it needs a budget: a table, a view, or units" : "the key is that of " + in_quotes(options.budget));
  }
  if (options.max_exposure < 0) refuse("max_exposure is 0 or more");
  if (options.refresh < kPeriodMin) refuse("refresh is a millisecond or more");
  const std::int64_t slots = options.window.kind == GateWindow::Kind::kSliding ? static_cast<std::int64_t>(GateWindowState::kSlots) : 1;
  if (options.window.kind == GateWindow::Kind::kNone) {
    if (options.window.period.count() != 0) refuse("a period without a window");
  } else if (options.window.period < kPeriodMin * slots) {
    refuse("the period of its window is " + std::to_string(slots) + " ms or more");
  }
}

GateState::Budget budget_of(const std::string& name, const GateOptions& options, const RelationState& relation) {
  const auto refuse = [&](const std::string& why) { throw Failure(ErrorCode::kInput, "gate " + in_quotes(name) + ": " + why); };
  const std::string shown = (relation.relation.is_view ? "view " : "table ") + in_quotes(relation.name());
  if (relation.parametrised()) refuse(shown + " has parameters");
  if (relation.relation.lazy) refuse(shown + " is lazy: a budget has to be kept");
  if (!relation.keyed() || relation.relation.key.empty()) {
    refuse(shown + (relation.relation.is_view ? " has no key: GROUP BY gives it one, or the key of a table in its columns" : " has no primary key"));
  }
  GateState::Budget budget;
  budget.usage = name + "_usage";
  const Schema& schema = relation.relation.schema;
  const std::vector<std::uint16_t>& key = relation.relation.key;
  for (const std::uint16_t c : key) {
    if (!is_integer(schema[c].type.id) && schema[c].type.id != TypeId::kText && schema[c].type.id != TypeId::kVarchar) refuse("column " + in_quotes(schema[c].name) + " of the key is neither an integer nor a text");
    budget.key.push_back(schema[c]);
  }
  std::vector<std::string> amounts;
  for (std::uint16_t c = 0; c < schema.size(); ++c) {
    const bool amount = std::find(key.begin(), key.end(), c) == key.end() && is_integer(schema[c].type.id);
    if (amount) amounts.push_back(schema[c].name);
    if (options.column != schema[c].name) continue;
    if (!amount) refuse("column " + in_quotes(options.column) + " is in the key, or no integer");
    budget.column = options.column;
  }
  if (!options.column.empty() && budget.column.empty()) {
    Failure failure(ErrorCode::kUnknownName, "gate " + in_quotes(name) + ": " + shown + " has no column " + in_quotes(options.column));
    if (const std::string near = nearest_name(options.column, amounts); !near.empty()) failure.error().hint = "did you mean " + in_quotes(near) + "?";
    throw failure;
  }
  if (budget.column.empty()) {
    if (amounts.size() != 1) refuse(shown + " has " + (amounts.empty() ? "no integer" : "several integers") + " beside its key: say which column is the budget");
    budget.column = amounts[0];
  }
  return budget;
}

GateState::Budget constant_budget(const std::string& name, const GateOptions& options) {
  GateState::Budget budget;
  budget.usage = name + "_usage";
  for (const auto& [column, type] : options.key) {
    Field field;
    field.name = column;
    field.type.id = type;
    field.nullable = false;
    budget.key.push_back(field);
  }
  return budget;
}

// The columns of <gate>_usage.
std::string usage_columns(const GateState::Budget& budget, const GateOptions& options) {
  std::string columns, key;
  for (const Field& field : budget.key) {
    columns += quote_identifier(field.name) + ' ' + field.type.to_string() + ", ";
    key += (key.empty() ? "" : ", ") + quote_identifier(field.name);
  }
  columns += "admitted BIGINT NOT NULL, leased BIGINT NOT NULL, forfeited BIGINT NOT NULL, ";
  if (options.window.kind != GateWindow::Kind::kNone) columns += "used TEXT NOT NULL, ";
  return columns + "PRIMARY KEY (" + key + ")";
}

bool is_usage(const RelationState& relation, const GateState::Budget& budget, const GateOptions& options) {
  const Schema& schema = relation.relation.schema;
  const std::size_t width = budget.key.size();
  std::vector<std::string> more = {"admitted", "leased", "forfeited"};
  if (options.window.kind != GateWindow::Kind::kNone) more.push_back("used");
  if (relation.relation.is_view || schema.size() != width + more.size() || relation.relation.key.size() != width) return false;
  for (std::size_t c = 0; c < schema.size(); ++c) {
    if (c < width && (schema[c].name != budget.key[c].name || schema[c].type != budget.key[c].type || relation.relation.key[c] != c)) return false;
    if (c >= width && schema[c].name != more[c - width]) return false;
  }
  return true;
}

}  // namespace

std::shared_ptr<GateState> Engine::create_gate(const std::string& name, const GateOptions& asked) {
  const std::lock_guard making(making_gates_);
  check(name, asked);
  GateOptions options = asked;
  options.stripes = std::min(options.stripes, GateState::kStripesMax);
  if (const auto open = find_gate(name)) {
    if (alike(open->options(), options)) return open;
    throw Failure(ErrorCode::kDuplicateName, "gate " + in_quotes(name) + " already exists, and is defined otherwise");
  }
  const auto find_budget = [&] { return options.units ? constant_budget(name, options) : budget_of(name, options, *state(options.budget)); };
  std::string make;
  {
    const auto lock = reading();
    const GateState::Budget budget = find_budget();
    if (!find_state(budget.usage)) make = "CREATE TABLE " + quote_identifier(budget.usage) + " (" + usage_columns(budget, options) + ")";
  }
  if (!make.empty()) {
    // Without waiting for room in the queues of subscribers: a callback may wait for making_gates_.
    std::unique_ptr<TransactionState> transaction = begin();
    const auto made = guarded([&] { execute(*transaction, make, {}, true, false); });
    rollback(*transaction);
    recycle(std::move(transaction));
    made.value();
  }
  std::shared_ptr<GateState> made;
  {
    const Writing writing(*this, nullptr);
    GateState::Budget budget = find_budget();
    if (!is_usage(*state(budget.usage), budget, options)) {
      throw Failure(ErrorCode::kDuplicateName, "gate " + in_quotes(name) + ": " + in_quotes(budget.usage) + " is there, and is not what a gate like this keeps");
    }
    made = std::make_shared<GateState>(*this, name, options, std::move(budget));
    std::shared_ptr<SubscriptionState> changes;
    if (!options.units) {
      // It has no claim on the engine.
      const std::shared_ptr<RelationState> relation = state(options.budget);
      changes = std::make_shared<SubscriptionState>(nullptr, relation, [gate = made.get()](const Change& change) { gate->on_budget(change); },
                                                    SubscribeOptions{SubscribeOptions::Delivery::kInline, 1});
      const std::lock_guard lock(subscriptions_mutex_);
      relation->subscriptions.push_back(changes);
      ++subscriptions_;
    }
    const std::lock_guard lock(gates_mutex_);
    gates_.emplace(name, OpenGate{made, changes});
    any_gates_ = true;
  }
  try {
    made->open();
    if (const auto it = declared_gates_.find(name); it == declared_gates_.end() || !alike(it->second, options)) {
      auto declared = declared_gates_;
      declared.insert_or_assign(name, options);
      declare_gates(std::move(declared));
    }
  } catch (...) {
    end_gate(name);
    throw;
  }
  return made;
}

std::shared_ptr<GateState> Engine::find_gate(std::string_view name) const {
  const std::lock_guard lock(gates_mutex_);
  const auto it = gates_.find(name);
  return it == gates_.end() ? nullptr : it->second.state;
}

std::shared_ptr<GateState> Engine::gate(std::string_view name) {
  if (closed_) throw Failure(ErrorCode::kClosed, "the database is closed");
  if (auto open = find_gate(name)) return open;
  std::optional<GateOptions> declared;
  std::vector<std::string> names;
  {
    const std::lock_guard making(making_gates_);
    for (const auto& [other, options] : declared_gates_) names.push_back(other);
    if (const auto it = declared_gates_.find(name); it != declared_gates_.end()) declared = it->second;
  }
  if (declared) return create_gate(std::string(name), *declared);
  Failure failure(ErrorCode::kUnknownName, "gate " + in_quotes(name) + " does not exist");
  if (const std::string near = nearest_name(name, names); !near.empty()) failure.error().hint = "did you mean " + in_quotes(near) + "?";
  throw failure;
}

void Engine::drop_gate(std::string_view name) {
  const std::lock_guard making(making_gates_);
  auto declared = declared_gates_;
  const auto it = declared.find(name);
  if (it == declared.end()) throw Failure(ErrorCode::kUnknownName, "gate " + in_quotes(name) + " does not exist");
  if (const auto open = find_gate(name)) {
    const auto closed = guarded([&] { open->close(); });
    end_gate(open->name());
    closed.value();
  }
  declared.erase(it);
  declare_gates(std::move(declared));
}

void Engine::declare_gates(std::map<std::string, GateOptions, std::less<>> gates) {
  const Writing writing(*this, nullptr);
  if (storage_) {
    if (storage_thread_) storage_thread_->drain();
    storage_->begin();
    try {
      storage_->set_setting(kGatesSetting, gates_document(gates));
      storage_->commit();
    } catch (...) {
      storage_->rollback();
      throw;
    }
  }
  declared_gates_ = std::move(gates);
}

void Engine::end_gate(const std::string& name) noexcept {
  OpenGate gone;
  {
    const std::lock_guard lock(gates_mutex_);
    const auto it = gates_.find(name);
    if (it == gates_.end()) return;
    gone = std::move(it->second);
    gates_.erase(it);
    any_gates_ = !gates_.empty();
  }
  if (!gone.budget) return;
  forget(*gone.budget);
  gone.budget->end();
}

void Engine::close_gates() {
  const std::lock_guard making(making_gates_);
  std::vector<std::shared_ptr<GateState>> all;
  {
    const std::lock_guard lock(gates_mutex_);
    for (const auto& [name, gate] : gates_) all.push_back(gate.state);
  }
  std::optional<Error> failed;
  for (const auto& gate : all) {
    const auto closed = guarded([&] { gate->close(); });
    if (!closed.ok() && !failed) failed = closed.error();
    end_gate(gate->name());
  }
  if (failed) throw Failure(std::move(*failed));
}

void Engine::refuse_kept(const TransactionState& transaction) const {
  if (!any_gates_.load(std::memory_order_acquire)) return;
  const std::lock_guard lock(gates_mutex_);
  for (std::size_t n = 0; n < transaction.used; ++n) {
    for (const auto& [name, gate] : gates_) {
      if (transaction.changes[n]->any() && transaction.changes[n]->table()->name() == gate.state->budget().usage) {
        throw Failure(ErrorCode::kConstraint, "table " + in_quotes(gate.state->budget().usage) + " is kept by gate " + in_quotes(name) + ": nobody else changes it while the gate is open");
      }
    }
  }
}

void Engine::require_no_gate(const RelationState& relation) const {
  const std::lock_guard lock(gates_mutex_);
  for (const auto& [name, gate] : gates_) {
    if (relation.name() != gate.state->options().budget && relation.name() != gate.state->budget().usage) continue;
    throw Failure(ErrorCode::kDependency, "gate " + in_quotes(name) + " stands on " + in_quotes(relation.name()) + " while it is open");
  }
}

}  // namespace weir::internal

namespace weir {

using internal::GateState;
using internal::guarded;

namespace {

// The handle keeps the engine alive, and with it the gate.
std::shared_ptr<GateState> handle(const std::shared_ptr<internal::Engine>& engine, std::shared_ptr<GateState> gate) {
  struct Held {
    std::shared_ptr<internal::Engine> engine;
    std::shared_ptr<GateState> gate;
  };
  auto held = std::make_shared<Held>(Held{engine, std::move(gate)});
  return {held, held->gate.get()};
}

GateState& open(const std::shared_ptr<GateState>& gate) {
  internal::require_open(gate != nullptr, "an empty gate handle");
  return *gate;
}

}  // namespace

Result<Gate> Database::create_gate(std::string_view name, const GateOptions& options) {
  return guarded([&] {
    internal::require_open(engine_ != nullptr, "the database handle has been moved from");
    Gate gate;
    gate.state_ = handle(engine_, engine_->create_gate(std::string(name), options));
    return gate;
  });
}

Result<void> Database::drop_gate(std::string_view name) {
  return guarded([&] {
    internal::require_open(engine_ != nullptr, "the database handle has been moved from");
    engine_->drop_gate(name);
  });
}

Result<Gate> Database::gate(std::string_view name) const {
  return guarded([&] {
    internal::require_open(engine_ != nullptr, "the database handle has been moved from");
    Gate gate;
    gate.state_ = handle(engine_, engine_->gate(name));
    return gate;
  });
}

Admission Gate::try_acquire(const Row& key, std::int64_t n) const { return state_ ? state_->acquire(key, n) : Admission::Answer::kUnavailable; }

Admission Gate::try_acquire_for(const Row& key, std::int64_t n, std::chrono::milliseconds wait) const {
  if (!state_) return Admission::Answer::kUnavailable;
  const auto found = guarded([&] { return state_->find(key); });
  if (found.ok()) return state_->acquire_for(*found.value(), n, wait);
  return found.error().code == ErrorCode::kInput ? Admission::Answer::kInvalid : Admission::Answer::kUnavailable;
}

Result<void> Gate::refund(const Row& key, std::int64_t n) const {
  return guarded([&] { open(state_).refund(*state_->find(key), n); });
}

Result<Receipt> Gate::refill(const Row& key, std::int64_t n, const SubmitOptions& options) const {
  return guarded([&] { return open(state_).refill(key, n, options); });
}

Result<GateKey> Gate::key(const Row& key) const {
  return guarded([&] {
    GateKey made;
    made.key_ = open(state_).find(key);
    made.gate_ = state_;
    return made;
  });
}

Result<Gate::Usage> Gate::usage(const Row& key) const {
  return guarded([&] { return open(state_).usage(*state_->find(key)); });
}

Gate::Stats Gate::stats() const { return state_ ? state_->stats() : Stats(); }

Result<void> Gate::status() const {
  if (!state_) return guarded([&] { open(state_); });
  const std::optional<Error> failure = state_->failure();
  return failure ? Result<void>(*failure) : Result<void>();
}

Result<void> Gate::flush() const {
  return guarded([&] { open(state_).flush(); });
}

const std::string& Gate::name() const {
  static const std::string none;
  return state_ ? state_->name() : none;
}

Admission GateKey::try_acquire(std::int64_t n) const { return gate_ ? gate_->acquire(*key_, n) : Admission::Answer::kUnavailable; }

Admission GateKey::try_acquire_for(std::int64_t n, std::chrono::milliseconds wait) const {
  return gate_ ? gate_->acquire_for(*key_, n, wait) : Admission::Answer::kUnavailable;
}

Result<void> GateKey::refund(std::int64_t n) const {
  return guarded([&] { open(gate_).refund(*key_, n); });
}

}  // namespace weir
