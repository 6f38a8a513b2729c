#include "weir/database.h"

#include <algorithm>

#include "sql/document.h"
#include "sql/statement.h"
#include "views/door.h"
#include "views/engine.h"
#include "zset/text_form.h"
#include "views/schema_change.h"

namespace weir {

using internal::Engine;
using internal::guarded;

namespace {

Engine& open(const std::shared_ptr<Engine>& engine) {
  internal::require_open(engine != nullptr, "the database handle has been moved from");
  return *engine;
}

// Runs f with an error placed in `sql`, the first `skipped` bytes of which are not the caller's.
template <class F>
auto located(std::string_view sql, std::size_t skipped, F&& f) -> Result<std::invoke_result_t<F>> {
  auto result = guarded(std::forward<F>(f));
  if (result.ok()) return result;
  Error error = result.error();
  if (error.line == 0 && error.offset >= static_cast<int>(skipped)) {
    error.offset -= static_cast<int>(skipped);
    locate(error, sql.substr(skipped));
  }
  return error;
}

}  // namespace

Database::Database(std::shared_ptr<Engine> engine) : engine_(std::move(engine)) {}
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;

Result<Database> Database::open(const std::string& path, const OpenOptions& options) {
  return guarded([&] { return Database(Engine::open(path, options)); });
}

Result<OpenOptions> read_options(std::string_view definitions, const OpenOptions& base) {
  return guarded([&] {
    OpenOptions options = base;
    options_in(definitions, options);
    return options;
  });
}

Result<std::optional<Origin>> Database::origin(std::string_view source) const {
  return guarded([&] { return weir::open(engine_).origin(source); });
}

Result<void> Database::flush() {
  return guarded([&] { weir::open(engine_).flush(); });
}

Result<void> Database::close() {
  return guarded([&] { weir::open(engine_).close(); });
}

Result<void> Database::define(std::string_view json) {
  return guarded([&] {
    Engine& engine = weir::open(engine_);
    engine.define(json);
    for (const GateDefinition& gate : gates_in(json)) {
      try {
        engine.create_gate(gate.name, gate.options);
      } catch (const Failure& failure) {
        Error error = failure.error();
        error.place = gate.pointer;
        throw Failure(std::move(error));
      }
    }
  });
}

namespace {

Result<void> create(const std::shared_ptr<Engine>& handle, std::string_view name, const std::string& as, std::string_view sql) {
  const std::string prefix = "CREATE VIEW " + quote_identifier(name) + as;
  const std::string statement = prefix + std::string(sql);
  return located(statement, prefix.size(), [&] {
    Engine& engine = weir::open(handle);
    std::unique_ptr<internal::TransactionState> alone = engine.begin();
    try {
      engine.execute(*alone, statement, {}, true);
    } catch (const Failure& failure) {
      engine.rollback(*alone);
      engine.recycle(std::move(alone));
      if (failure.error().code == ErrorCode::kSyntax) check_fragment(sql, Fragment::kQuery);  // says better what is wrong with it
      throw;
    } catch (...) {
      engine.rollback(*alone);
      engine.recycle(std::move(alone));
      throw;
    }
    engine.recycle(std::move(alone));
  });
}

}  // namespace

Result<void> Database::create_view(std::string_view name, std::string_view sql) { return create(engine_, name, " AS ", sql); }

Result<void> Database::create_view(std::string_view name, const Query& query) {
  const Result<std::string> sql = query.sql();
  if (!sql.ok()) return sql.error();
  std::string options = query.is_lazy() ? "lazy" : "";
  if (query.feed() > 0) options += std::string(options.empty() ? "" : ", ") + "feed, retention = " + std::to_string(query.feed());
  return create(engine_, name, options.empty() ? " AS " : " WITH (" + options + ") AS ", sql.value());
}

Result<void> Database::drop(std::string_view relation) {
  return guarded([&] {
    Engine& engine = weir::open(engine_);
    const Engine::Writing writing(engine, nullptr);
    internal::SchemaChange change(engine);
    change.drop({std::string(relation)}, engine.state(relation)->relation.is_view, false, false);
    change.commit(false);
  });
}

Transaction Database::begin() {
  auto state = guarded([&] { return weir::open(engine_).begin(); });
  return Transaction(state.ok() ? std::move(state).value() : nullptr);
}

Result<Table> Database::table(std::string_view name) const {
  return guarded([&] {
    Engine& engine = weir::open(engine_);
    const auto lock = engine.reading();
    // The handle keeps the engine alive, which keeps the table's arrangement.
    struct Held {
      std::shared_ptr<Engine> engine;
      std::shared_ptr<internal::TableState> table;
    };
    auto held = std::make_shared<Held>(Held{engine_, engine.table(name)});
    Table table;
    table.state_ = std::shared_ptr<internal::TableState>(held, held->table.get());
    return table;
  });
}

Result<Subscription> Database::subscribe(std::string_view view, std::function<void(const Change&)> callback, const SubscribeOptions& options) {
  return guarded([&] {
    Subscription subscription;
    subscription.state_ = weir::open(engine_).subscribe(view, nullptr, std::move(callback), options);
    return subscription;
  });
}

Result<Subscription> Database::subscribe(std::string_view view, const Row& values, std::function<void(const Change&)> callback, const SubscribeOptions& options) {
  return guarded([&] {
    Subscription subscription;
    subscription.state_ = weir::open(engine_).subscribe(view, &values, std::move(callback), options);
    return subscription;
  });
}

Result<ResultSet> Database::query(std::string_view select) const {
  return located(select, 0, [&] { return weir::open(engine_).query(select); });
}

Result<ResultSet> Database::read(std::string_view relation) const {
  return guarded([&] {
    return weir::open(engine_).read(std::string(relation));
  });
}

Result<ResultSet> Database::read(std::string_view view, const Row& values) const {
  return guarded([&] { return weir::open(engine_).read(view, values); });
}

Result<ResultSet> Database::find(std::string_view relation, const Row& key) const {
  return guarded([&] { return weir::open(engine_).find(std::string(relation), key); });
}

Result<Snapshot> Database::snapshot(std::span<const std::string> relations) const {
  return guarded([&] {
    return weir::open(engine_).snapshot(relations);
  });
}

Result<std::string> Database::digest(std::string_view relation) const {
  return guarded([&] { return weir::open(engine_).digest(std::string(relation)); });
}

std::uint64_t Database::sequence() const { return engine_ ? engine_->sequence() : 0; }
bool Database::recovered() const { return engine_ && engine_->recovered(); }

std::vector<RelationInfo> Database::relations() const {
  auto list = guarded([&] {
    Engine& engine = weir::open(engine_);
    const auto lock = engine.reading();
    std::vector<RelationInfo> out;
    for (const auto& [id, state] : engine.relations()) {
      RelationInfo info;
      info.name = state->name();
      info.is_view = state->relation.is_view;
      info.schema = state->relation.schema;
      if (state->keyed()) {
        for (const std::uint16_t c : state->relation.key) info.key.push_back(state->relation.schema[c].name);
      }
      for (std::size_t c = 0; c < state->relation.schema.size(); ++c) {
        const Expr* value = state->relation.rules->default_of(static_cast<std::uint16_t>(c));
        if (value && value->node == Expr::Node::kConstant) info.defaults.emplace(state->relation.schema[c].name, to_value(value->constant.get(), value->type));
      }
      for (const Relation::Generated& g : state->relation.rules->generated) info.defaults.emplace(state->relation.schema[g.column].name, Value());
      for (const Relation::Identity& i : state->relation.rules->identities) info.defaults.emplace(state->relation.schema[i.column].name, Value());
      info.definition = state->definition;
      info.lazy = state->relation.lazy;
      if (state->relation.log) info.log = state->relation.log->batches;
      const internal::RelationState* rows = state->parametrised() ? nullptr : engine.rows_of(*state);
      info.rows = rows ? static_cast<std::uint64_t>(rows->total_weight()) : 0;
      out.push_back(std::move(info));
    }
    return out;
  });
  return list.ok() ? std::move(list).value() : std::vector<RelationInfo>();
}

Result<std::string> Database::explain(std::string_view view_or_query, Diagram diagram, bool analyze) const {
  return located(view_or_query, 0, [&] { return weir::open(engine_).explain(view_or_query, diagram, analyze); });
}

Result<Profile> Database::profile(std::string_view view_or_query) const {
  return located(view_or_query, 0, [&] { return weir::open(engine_).profile(view_or_query); });
}

Result<void> Database::set_profiling(bool on) {
  return guarded([&] { weir::open(engine_).set_profiling(on); });
}

Result<Stats> Database::stats() const {
  return guarded([&] { return weir::open(engine_).stats(); });
}

Database::Time Database::time() const { return Time(std::chrono::microseconds(engine_ ? engine_->time() - kTimeBegin : 0)); }

Result<void> Database::set_clock(Time to) {
  constexpr std::int64_t kFar = std::int64_t{1} << 60;  // beyond all times of a circuit
  return guarded([&] { weir::open(engine_).set_clock(kTimeBegin + std::clamp<std::int64_t>(to.time_since_epoch().count(), -kFar, kFar)); });
}

Result<void> Database::follow_system_clock() {
  return guarded([&] { weir::open(engine_).set_clock(std::nullopt); });
}

Result<Verification> Database::verify() const {
  return guarded([&] { return weir::open(engine_).verify(); });
}

Result<Verification> Database::check() const {
  return guarded([&] { return weir::open(engine_).check_all(); });
}

Result<std::uint64_t> Database::backup(const std::string& to) const {
  return guarded([&] { return weir::open(engine_).backup(to); });
}

Result<std::uint64_t> backup(const std::string& file, const std::string& to, const OpenOptions& options) {
  return guarded([&] { return internal::back_up(file, to, options); });
}

Result<void> Database::create_function(ScalarFunction function) {
  return guarded([&] { weir::open(engine_).create_function(std::move(function)); });
}

// ---- Subscription

Subscription::Subscription(Subscription&&) noexcept = default;

Subscription& Subscription::operator=(Subscription&& other) noexcept {
  if (this != &other) {
    end();
    state_ = std::move(other.state_);
  }
  return *this;
}

Subscription::~Subscription() { end(); }

void Subscription::end() {
  if (!state_) return;
  const std::shared_ptr<internal::SubscriptionState> state = std::move(state_);
  state_ = nullptr;
  state->end();
}

void Subscription::wait() {
  const std::shared_ptr<Engine> engine = state_ ? state_->engine() : nullptr;
  if (engine) engine->wait_for_delivery();
}

}  // namespace weir
