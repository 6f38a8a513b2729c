#include "views/schema_change.h"

#include <algorithm>

#include "sql/statement.h"
#include "sql/temporal.h"
#include "zset/consolidate.h"
#include "zset/datetime.h"

namespace weir::internal {
namespace {


StoredRelation stored(const RelationState& state) {
  const Relation& relation = state.relation;
  return {relation.name, relation.is_view, relation.schema, relation.has_key ? relation.key : std::vector<std::uint16_t>(), state.definition};
}

// PostgreSQL's rule for CREATE OR REPLACE VIEW: the old columns stay, new ones may follow.
void check_columns(const Schema& before, const Schema& after) {
  if (after.size() < before.size()) throw Failure(ErrorCode::kDependency, "cannot drop columns from view");
  for (std::size_t c = 0; c < before.size(); ++c) {
    if (before[c].name != after[c].name) {
      throw Failure(ErrorCode::kDependency, "cannot change name of view column " + in_quotes(before[c].name) + " to " + in_quotes(after[c].name));
    }
    if (before[c].type != after[c].type) {
      throw Failure(ErrorCode::kDependency, "cannot change data type of view column " + in_quotes(before[c].name) + " from " + before[c].type.to_string() + " to " +
                                                after[c].type.to_string());
    }
  }
}

}  // namespace

SchemaChange::SchemaChange(Engine& engine) : engine_(engine) {
  if (engine_.storage_thread_) engine_.storage_thread_->drain();
  if (engine_.storage_) engine_.storage_->begin();
}

SchemaChange::~SchemaChange() {
  if (done_) return;
  if (engine_.storage_) engine_.storage_->rollback();
  undo(0);
}

void SchemaChange::undo(std::size_t to) {
  const std::unique_lock state(engine_.state_mutex_);
  if (undo_.size() == to) return;
  while (undo_.size() > to) {
    undo_.back()();
    undo_.pop_back();
  }
  if (tables_changed_) engine_.link_tables();
}

SchemaChange::Mark SchemaChange::mark() {
  if (engine_.storage_) engine_.storage_->savepoint(marks_);
  return {marks_++, undo_.size(), moves_, after_};
}

void SchemaChange::rollback(const Mark& mark) {
  if (engine_.storage_) engine_.storage_->rollback_to(mark.number);
  undo(mark.undo);
  moves_ = mark.moves;
  after_ = mark.after;
}

void SchemaChange::commit(bool storage_committed) {
  if (engine_.storage_ && !storage_committed) {
    if (sequence_ > 0) engine_.storage_->set_sequence(sequence_);
    engine_.storage_->commit();
  }
  done_ = true;
  undo_.clear();
  const std::unique_lock state(engine_.state_mutex_);
  engine_.sequence_ = std::max(engine_.sequence_.load(), sequence_);
  for (const auto& move : moves_) move();  // before what they leave gives its stream back
  for (const auto& action : after_) action();
}

void SchemaChange::execute(Engine::Bound& bound) {
  const Statement& s = bound.statement;
  switch (s.kind) {
    case Statement::Kind::kCreateTable: create_table(bound); break;
    case Statement::Kind::kCreateView: create_view(bound); break;
    case Statement::Kind::kAlterTable: alter_table(bound); break;
    case Statement::Kind::kAlterView: rename_view(bound); break;
    case Statement::Kind::kAlterLog: alter_log(bound); break;
    case Statement::Kind::kComment: comment(s); break;
    case Statement::Kind::kCreateDomain: create_domain(s.domain); break;
    case Statement::Kind::kDropDomain: drop_domains(s.names, s.if_exists, s.cascade); break;
    default: drop(s.names, s.kind == Statement::Kind::kDropView, s.if_exists, s.cascade);
  }
}

// Enters a relation whose stream is attached.
void SchemaChange::add(const std::shared_ptr<RelationState>& relation) {
  Engine& engine = engine_;
  undo_.push_back([&engine, relation] {
    engine.remove(*relation);
    engine.detach(*relation);
  });
  engine.enter(relation);
  if (!engine.stores(*relation)) return;
  Storage& storage = *engine.storage_;
  storage.create(stored(*relation));
  if (engine.circuit_->follows_time()) storage.set_setting(kClockSetting, format_timestamptz(engine.circuit_->now()));
  Arena arena;
  Delta rows;
  relation->scan(arena, rows);
  relation->digest = Digest();
  relation->digest.add(rows);
  if (!rows.empty()) storage.write(relation->name(), rows);
  if (!relation->relation.is_view) {
    const auto keep = [&](const std::string& setting, const Numbers& numbers) { storage.set_setting(setting, numbers.position()); };
    static_cast<const TableState&>(*relation).each_position(keep);
  }
  storage.set_digest(relation->name(), relation->digest.to_string());
  if (!relation->comments.empty()) write_comments(*relation);
}

void SchemaChange::write_comments(const RelationState& relation) const {
  std::string script;
  for (const auto& [column, text] : relation.comments) {
    const std::string on = column.empty() ? (relation.relation.is_view ? "VIEW " : "TABLE ") : "COLUMN ";
    script += "COMMENT ON " + on + quote_identifier(relation.name()) + (column.empty() ? "" : "." + quote_identifier(column)) + " IS " + quote_literal(text) + ";\n";
  }
  engine_.storage_->set_setting(kCommentsSetting + relation.name(), script);
}

void SchemaChange::comment(const Statement& s) {
  const std::shared_ptr<RelationState> relation = engine_.state(s.names.at(0));
  const std::unique_lock state(engine_.state_mutex_);
  undo_.push_back([relation, before = relation->comments] { relation->comments = before; });
  if (s.comment.empty()) relation->comments.erase(s.column);
  else relation->comments[s.column] = s.comment;
  if (engine_.storage_) write_comments(*relation);
}

// Subscribers of an instance do not move to another view.
void SchemaChange::check_instances(const RelationState& view) const {
  if (!view.has_instances_only() || !engine_.has_instances(view)) return;
  throw Failure(ErrorCode::kDependency, "view " + in_quotes(view.name()) + " has subscribers" + (view.parametrised() ? " with values" : ", and is lazy") +
                                            ": they have to leave before it is replaced");
}

// Removes a relation; its stream stays until the commit.
void SchemaChange::take_out(const std::shared_ptr<RelationState>& relation) {
  Engine& engine = engine_;
  engine.remove(*relation);
  undo_.push_back([&engine, relation] { engine.enter(relation); });
  after_.push_back([&engine, relation] { engine.detach(*relation); });
  if (engine.stores(*relation)) engine.storage_->drop(relation->name());
  if (engine.stores(*relation) && !relation->comments.empty()) engine.storage_->set_setting(kCommentsSetting + relation->name(), "");
}

// ---- change logs

void SchemaChange::start_log(const RelationState& relation) {
  if (!relation.relation.log || !engine_.stores(relation)) return;
  sequence_ = engine_.sequence() + 1;
  engine_.storage_->set_log({relation.name(), relation.relation.log->batches, sequence_});
}

void SchemaChange::succeed(const std::shared_ptr<RelationState>& before, const std::shared_ptr<RelationState>& after, bool keeps_log) {
  Engine& engine = engine_;
  // At the commit `before` may have moved with what else the transaction has changed: what subscribers hold is what it is now.
  struct Held { Arena arena; Delta rows; };
  std::shared_ptr<Held> held;
  {
    const std::lock_guard lock(engine.subscriptions_mutex_);
    if (!before->subscriptions.empty()) held = std::make_shared<Held>();
  }
  if (held) {
    Arena arena;
    Delta rows;
    before->scan(arena, rows);
    deep_copy(rows, held->arena, held->rows);
  }
  moves_.push_back([&engine, before, after, held] { engine.move_subscriptions(*before, after, held ? &held->rows : nullptr); });
  if (keeps_log) after->relation.log = before->relation.log;
  if (engine_.stores(*after)) succeed_in_log(*before, *after);
}

void SchemaChange::succeed_in_log(const RelationState& before, const RelationState& after) {
  Storage& storage = *engine_.storage_;
  const std::optional<Relation::Log>& log = after.relation.log;
  if (!before.relation.log) return start_log(after);
  if (!log) return storage.drop_log(before.name());
  if (before.name() != after.name()) {
    storage.rename_log(before.name(), after.name());
    if (log->batches != 0) return start_log(after);  // who read the feed of another relation of this name must not go on with this one
  }
  const Schema& was = before.relation.schema;
  const Schema& is = after.relation.schema;
  const bool same_types = was.size() == is.size() && std::equal(was.begin(), was.end(), is.begin(), [](const Field& a, const Field& b) { return a.type == b.type; });
  if (!same_types) {
    if (before.relation.log->batches == 0) {
      Failure failure(ErrorCode::kUnsupported, "other columns for table " + in_quotes(before.name()) + ", of which an audit is kept, are not supported");
      failure.error().hint = "ALTER TABLE … RESET (audit) gives the audit up";
      throw failure;
    }
    return start_log(after);
  }
  Arena arena;
  Delta rows, net;
  before.scan(arena, rows);
  for (Chunk& chunk : rows.chunks) {
    auto* weights = arena.array<std::int64_t>(chunk.size);
    for (std::uint32_t i = 0; i < chunk.size; ++i) weights[i] = -chunk.weights[i];
    chunk.weights = weights;
  }
  after.scan(arena, rows);
  consolidate(rows, arena, net);
  if (!net.empty()) {
    sequence_ = engine_.sequence() + 1;
    storage.log(after.name(), sequence_, net);
  }
  if (before.relation.log->batches != log->batches) storage.set_log({after.name(), log->batches, 0});
}

void SchemaChange::alter_log(Engine::Bound& bound) {
  const std::shared_ptr<RelationState> relation = engine_.state(bound.statement.names.at(0));
  const std::unique_lock state(engine_.state_mutex_);
  std::optional<Relation::Log>& log = relation->relation.log;
  const std::optional<Relation::Log> before = std::exchange(log, bound.statement.log);
  undo_.push_back([relation, before] { relation->relation.log = before; });
  if (!engine_.stores(*relation)) return;
  if (!log) engine_.storage_->drop_log(relation->name());
  else if (!before) start_log(*relation);
  else engine_.storage_->set_log({relation->name(), log->batches, 0});
}

// ----

void SchemaChange::create_table(Engine::Bound& bound) {
  Statement& s = bound.statement;
  if (engine_.find_state(s.relation.name)) {
    if (s.if_exists) return;
    throw Failure(ErrorCode::kDuplicateName, "relation " + in_quotes(s.relation.name) + " already exists");
  }
  Relation relation = std::move(s.relation);
  relation.id = engine_.next_id_++;
  relation.is_view = false;
  auto table = std::make_shared<TableState>(std::move(relation), &engine_);
  table->definition = s.definition;
  tables_changed_ = true;
  const std::unique_lock state(engine_.state_mutex_);
  engine_.attach_table(*table);
  add(table);
  start_log(*table);
  engine_.link_tables();
}

std::shared_ptr<ViewState> SchemaChange::make_view(Engine::Bound& bound) {
  Statement& s = bound.statement;
  Relation relation;
  relation.name = s.names.at(0);
  relation.id = engine_.next_id_++;
  relation.is_view = true;
  relation.schema = s.plan->schema;
  relation.key = s.plan->key;
  relation.has_key = s.plan->has_key;
  relation.order = s.order;
  relation.parameters = s.parameters;
  relation.lazy = s.lazy;
  relation.log = s.log;
  relation.domains = s.relation.domains;
  auto view = std::make_shared<ViewState>(std::move(relation), std::move(s.plan));
  view->definition = s.definition;
  view->uses = std::move(bound.uses);
  return view;
}

void SchemaChange::create_view(Engine::Bound& bound) {
  Statement& s = bound.statement;
  const std::string& name = s.names.at(0);
  if (const auto* there = engine_.find_state(name)) {
    if (s.if_exists) return;
    if (!s.or_replace) throw Failure(ErrorCode::kDuplicateName, "relation " + in_quotes(name) + " already exists");
    if (!(*there)->relation.is_view) throw Failure(ErrorCode::kDuplicateName, in_quotes(name) + " is not a view");
    return replace_view(*there, bound);
  }
  const std::shared_ptr<ViewState> view = make_view(bound);
  const std::unique_lock state(engine_.state_mutex_);
  if (mentions_now(*view->plan)) engine_.catch_up();
  engine_.attach_view(*view);
  add(view);
  start_log(*view);
}

// A new view takes the place of the old one; the views on it are made again from their definitions. Subscribers get the difference.
void SchemaChange::replace_view(const std::shared_ptr<RelationState>& old_view, Engine::Bound& bound) {
  const std::shared_ptr<RelationState> old = old_view;
  engine_.require_no_gate(*old);
  std::vector<std::shared_ptr<RelationState>> all = engine_.dependents(*old);
  for (const auto& dependent : all) {
    const auto& uses = bound.uses;
    if (std::find(uses.begin(), uses.end(), dependent->relation.id) != uses.end()) {
      throw Failure(ErrorCode::kDependency, "view " + in_quotes(old->name()) + " cannot be defined by view " + in_quotes(dependent->name()) + ", which stands on it");
    }
  }
  // The view itself may be among what it uses only because CREATE OR REPLACE looked whether it is there.
  const std::uint64_t self = old->relation.id;
  const auto scans_self = [&](const auto& scans, const Plan& plan) -> bool {
    return (plan.node == Plan::Node::kScan && plan.relation_id == self) ||
           std::any_of(plan.inputs.begin(), plan.inputs.end(), [&](const PlanPtr& input) { return scans(scans, *input); });
  };
  const auto& mentions = bound.statement.mentions;  // the query of a lazy view is not scanned
  const bool names_self = std::any_of(mentions.begin(), mentions.end(), [&](const auto& mention) { return mention.relation == self; });
  if (names_self || scans_self(scans_self, *bound.statement.plan)) throw Failure(ErrorCode::kDependency, "view " + in_quotes(old->name()) + " cannot be defined by itself");
  std::erase(bound.uses, self);
  check_columns(old->relation.schema, bound.statement.plan->schema);

  all.insert(all.begin(), old);
  for (const auto& view : all) {
    check_instances(*view);
  }
  const std::unique_lock state(engine_.state_mutex_);
  if (mentions_now(*bound.statement.plan)) engine_.catch_up();
  for (auto it = all.rbegin(); it != all.rend(); ++it) take_out(*it);
  for (const auto& before : all) {
    std::shared_ptr<ViewState> after;
    if (before == old) {
      after = make_view(bound);
    } else {
      Engine::Bound again = engine_.bind(before->definition);
      const Schema& now = again.statement.plan->schema;
      const Schema& was = before->relation.schema;
      const bool same = now.size() == was.size() && std::equal(now.begin(), now.end(), was.begin(), [](const Field& a, const Field& b) { return a.name == b.name && a.type == b.type; });
      if (!same) throw Failure(ErrorCode::kDependency, "view " + in_quotes(before->name()) + ", which stands on " + in_quotes(old->name()) + ", would get other columns");
      after = make_view(again);
    }
    after->comments = before->comments;
    engine_.attach_view(*after);
    add(after);
    succeed(before, after, before != old);
  }
}

void SchemaChange::set_domains(std::vector<std::shared_ptr<const Domain>> domains) {
  Engine& engine = engine_;
  const std::unique_lock state(engine.state_mutex_);
  undo_.push_back([&engine, before = engine.domains_] {
    engine.domains_ = before;
    ++engine.schema_version_;
  });
  engine.domains_ = std::move(domains);
  ++engine.schema_version_;
  if (!engine.storage_) return;
  std::string script;
  for (const auto& domain : engine.domains_) script += domain->definition + "\n;\n";
  engine.storage_->set_setting(kDomainsSetting, script);
}

void SchemaChange::create_domain(const std::shared_ptr<const Domain>& domain) {
  if (engine_.find_domain(domain->name) || engine_.find_state(domain->name)) throw Failure(ErrorCode::kDuplicateName, "type " + in_quotes(domain->name) + " already exists");
  std::vector<std::shared_ptr<const Domain>> all = engine_.domains_;
  all.push_back(domain);
  set_domains(std::move(all));
}

void SchemaChange::drop_domains(const std::vector<std::string>& names, bool if_exists, bool cascade) {
  std::vector<std::shared_ptr<const Domain>> rest = engine_.domains_;
  for (const std::string& name : names) {
    if (std::erase_if(rest, [&](const auto& domain) { return domain->name == name; }) == 0 && !if_exists) {
      throw Failure(ErrorCode::kUnknownName, "type " + in_quotes(name) + " does not exist");
    }
  }
  const auto used = [&](const std::string& name, const std::string& user) {
    if (std::find(names.begin(), names.end(), name) == names.end()) return;
    if (cascade) throw Failure(ErrorCode::kUnsupported, "DROP DOMAIN … CASCADE of a domain that " + user + " stands on is not supported");
    throw Failure(ErrorCode::kDependency, "cannot drop type " + name + " because other objects depend on it: " + user);
  };
  for (const auto& domain : rest) used(domain->base, "type " + in_quotes(domain->name));
  for (const auto& [id, state] : engine_.relations()) {
    const Relation& relation = state->relation;
    for (const auto& [column, domain] : relation.rules->domains) used(domain->name, "column " + in_quotes(relation.schema[column].name) + " of table " + in_quotes(relation.name));
    for (const std::string& name : relation.domains) used(name, (relation.is_view ? "view " : "table ") + in_quotes(relation.name));
  }
  set_domains(std::move(rest));
}

void SchemaChange::drop(const std::vector<std::string>& names, bool views, bool if_exists, bool cascade) {
  std::map<std::uint64_t, std::shared_ptr<RelationState>> going;  // by id: in order of creation
  for (const std::string& name : names) {
    const auto* found = engine_.find_state(name);
    if (!found) {
      if (if_exists) continue;
      Error error;
      error.code = ErrorCode::kUnknownName;
      error.message = (views ? "view " : "table ") + in_quotes(name) + " does not exist";
      const std::vector<std::string> all = engine_.relation_names();
      if (const std::string near = nearest_name(name, all); !near.empty()) error.hint = "did you mean " + in_quotes(near) + "?";
      throw Failure(std::move(error));
    }
    if ((*found)->relation.is_view != views) throw Failure(ErrorCode::kUnknownName, in_quotes(name) + (views ? " is not a view" : " is not a table"));
    going.emplace((*found)->relation.id, *found);
  }
  const auto named = going;
  for (const auto& [id, relation] : named) {
    for (const auto& dependent : engine_.dependents(*relation)) {
      if (going.contains(dependent->relation.id)) continue;
      if (!cascade) {
        Error error;
        error.code = ErrorCode::kDependency;
        error.message = std::string("cannot drop ") + (views ? "view " : "table ") + in_quotes(relation->name()) + " because other objects depend on it: view " + in_quotes(dependent->name());
        error.hint = "DROP ... CASCADE drops the dependent objects too";
        throw Failure(std::move(error));
      }
      going.emplace(dependent->relation.id, dependent);
    }
  }
  for (const auto& [id, relation] : going) engine_.require_no_gate(*relation);
  std::map<std::uint64_t, std::shared_ptr<TableState>> bereft;  // tables that lose a FOREIGN KEY
  for (const auto& [id, relation] : named) {
    if (relation->relation.is_view) continue;
    for (const Link& link : static_cast<const TableState&>(*relation).children) {
      if (going.contains(link.child->relation.id)) continue;
      if (!cascade) {
        Error error;
        error.code = ErrorCode::kDependency;
        error.message = "cannot drop table " + in_quotes(relation->name()) + " because other objects depend on it: constraint " + in_quotes(link.foreign->name) + " on table " +
                        in_quotes(link.child->name());
        error.hint = "DROP ... CASCADE drops the dependent objects too";
        throw Failure(std::move(error));
      }
      bereft.emplace(link.child->relation.id, engine_.table(link.child->name()));
    }
  }
  const std::unique_lock state(engine_.state_mutex_);
  tables_changed_ = tables_changed_ || !views;
  // The youngest first: nobody stands on it any more.
  for (auto it = going.rbegin(); it != going.rend(); ++it) {
    take_out(it->second);
    if (engine_.storage_) engine_.storage_->drop_log(it->second->name());
  }
  for (const auto& [id, child] : bereft) {
    Relation without = child->relation;
    std::string definition = child->definition;
    std::vector<int> sources;
    for (std::size_t c = 0; c < without.schema.size(); ++c) sources.push_back(static_cast<int>(c));
    for (const Relation::Foreign& foreign : child->relation.rules->foreign) {
      if (std::any_of(named.begin(), named.end(), [&](const auto& n) { return n.second->name() == foreign.parent; })) {
        definition += "\n;\nALTER TABLE " + quote_identifier(child->name()) + " DROP CONSTRAINT " + quote_identifier(foreign.name);
        std::erase_if(without.rules->foreign, [&](const Relation::Foreign& f) { return f.name == foreign.name; });
      }
    }
    replace_table(child, std::move(without), sources, std::move(definition), false);
  }
  if (tables_changed_) engine_.link_tables();
}

}  // namespace weir::internal
