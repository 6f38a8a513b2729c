// A commit: submissions are queued, become one batch, and that one step of the circuit and one transaction of the file.

#include <algorithm>
#include <optional>

#include "views/door.h"
#include "views/engine.h"
#include "views/schema_change.h"
#include "zset/consolidate.h"
#include "zset/datetime.h"

namespace weir::internal {
namespace {

Failure no_such_table(const TableState& table) { return Failure(ErrorCode::kUnknownName, "table \"" + table.name() + "\" does not exist"); }

constexpr std::uint64_t kTimedOneIn = 16;  // where there is no file

Failure full_queue() { return Failure(ErrorCode::kBusy, "the queue of submissions is full: the transaction is open still, and can be submitted again"); }

SubmissionQueue::Deadline deadline_of(const SubmitOptions& options) {
  if (!options.wait) return std::nullopt;
  return std::chrono::steady_clock::now() + *options.wait;
}

void measure(Submitted& submitted) {
  submitted.rows = submitted.bytes = 0;
  for (std::size_t n = 0; n < submitted.transaction->used; ++n) submitted.rows += submitted.transaction->changes[n]->size();
  submitted.bytes = submitted.transaction->arena.allocated_bytes();
}

}  // namespace

void Engine::commit(Submitted& submitted, const SubmitOptions& options) {
  refuse_kept(*submitted.transaction);
  thread_local std::uint64_t commits = 0;
  Laps laps(!path_.empty() || commits++ % kTimedOneIn == 0);
  const auto deadline = deadline_of(options);
  if (!dispatcher_.wait_for_room(deadline) || !wait_until_thawed(*submitted.transaction, deadline)) throw full_queue();
  if (submitted.transaction->schema) {
    commit_alone(submitted);
  } else {
    measure(submitted);
    if (!queue_.commit(submitted, deadline)) throw full_queue();
  }
  laps.add_to(counters_.commit_ns);
  if (submitted.error) throw Failure(*submitted.error);
}

void Engine::submit(const std::shared_ptr<Submitted>& submitted, const SubmitOptions& options) {
  refuse_kept(*submitted->transaction);
  const auto deadline = deadline_of(options);
  if (!dispatcher_.wait_for_room(deadline) || !wait_until_thawed(*submitted->transaction, deadline)) throw full_queue();
  for (std::size_t n = 0; n < submitted->transaction->used; ++n) submitted->transaction->changes[n]->own();  // its caller goes on
  measure(*submitted);
  // What is queued does not keep the engine alive: the engine commits it before it ends.
  const std::shared_ptr<Engine> engine = std::move(submitted->transaction->engine);
  submitted->transaction->engine = nullptr;
  const auto give_back = [&] { submitted->transaction->engine = engine; };
  try {
    if (queue_.submit(submitted, deadline)) return;
  } catch (...) {
    give_back();
    throw;
  }
  give_back();
  throw full_queue();
}

void Engine::commit_durably(TransactionState& transaction, const Origin& origin) {
  // Without waiting for room in the queues of subscribers: a callback may wait for this.
  Submitted submitted;
  submitted.transaction = &transaction;
  submitted.origin = origin;
  measure(submitted);
  wait_until_thawed(transaction, std::nullopt);
  queue_.commit(submitted, std::nullopt);
  if (submitted.error) throw Failure(*submitted.error);
  if (storage_thread_) storage_thread_->wait(submitted.step);
}

void Engine::commit_alone(Submitted& submitted) {
  submitted.alone = true;
  const Writing writing(*this, submitted.transaction);
  marks_.clear();
  if (replayed(submitted)) return give_up(*submitted.transaction);
  note(submitted);
  counters_.batch_submissions.add_alone(1);
  submitted.receipt = commit_writing(*submitted.transaction);
  submitted.step = step_;
  watch_wal();
}

Receipt Engine::wait(Submitted& submitted, Ack until) {
  if (until == Ack::kQueued && !reached(submitted, Ack::kApplied)) return {0, 0, Ack::kQueued, false};
  if (!submitted.alone) queue_.wait(submitted);
  if (submitted.error) throw Failure(*submitted.error);
  Receipt receipt = submitted.receipt;
  if (until != Ack::kDurable || !storage_thread_) return receipt;
  storage_thread_->wait(submitted.step);
  receipt.ack = Ack::kDurable;
  return receipt;
}

bool Engine::reached(const Submitted& submitted, Ack ack) const {
  if (ack == Ack::kQueued) return true;
  if (!submitted.alone && !queue_.done(submitted)) return false;
  return ack == Ack::kApplied || submitted.error || !storage_thread_ || storage_thread_->settled(submitted.step);
}

void Engine::flush() {
  queue_.drain();
  if (storage_thread_) storage_thread_->drain();
}

std::optional<Origin> Engine::origin(std::string_view source) const {
  const auto lock = reading();
  const auto it = sources_.find(source);
  if (it == sources_.end()) return std::nullopt;
  return Origin{it->second.source, it->second.epoch, it->second.sequence};
}

// What is queued, as one batch.
void Engine::commit_batch(SubmissionQueue& queue) {
  std::optional<Writing> writing;
  std::optional<Error> refused;
  try {
    writing.emplace(*this, nullptr, Writing::BesideFilling());
    require_wal_room();
  } catch (const Failure& failure) {
    refused = failure.error();
  }
  batch_.clear();
  for (const auto& submission : queue.take()) batch_.push_back(static_cast<Submitted*>(submission.get()));
  // What had entered when its table was frozen.
  if (!refused && filling_ && std::any_of(batch_.begin(), batch_.end(), [&](const Submitted* s) { return frozen(*s->transaction); })) {
    const auto waited = guarded([&] { writing->wait_until_filled(nullptr); });
    if (!waited.ok()) refused = waited.error();
  }
  if (refused) {
    for (Submitted* submitted : batch_) submitted->error = refused;
  } else {
    counters_.batch_submissions.add_alone(batch_.size());
    commit_together(batch_);
    watch_wal();
  }
  for (const Submitted* submitted : batch_) {
    if (!submitted->error) continue;
    counters_.refused.fetch_add(1, std::memory_order_relaxed);
    const ErrorCode code = submitted->error->code;
    if (code == ErrorCode::kIo || code == ErrorCode::kCorrupt || code == ErrorCode::kInternal) log(LogEntry::Level::kError, "refused", {{"path", path_}, {"reason", submitted->error->message}});
  }
  writing.reset();
  for (Submitted* submitted : batch_) {
    if (submitted->owned) recycle(std::move(submitted->owned));
  }
}

// Each stands or falls alone. Where the whole fails, and not each for a reason of its own, halves of it are tried.
void Engine::commit_together(std::span<Submitted* const> batch) {
  if (batch.empty()) return;
  marks_.clear();
  if (batch.size() == 1) {
    Submitted& one = *batch[0];
    one.error.reset();
    const auto done = guarded([&] {
      if (replayed(one)) return;
      note(one);
      one.receipt = commit_writing(*one.transaction);
    });
    if (!done.ok()) one.error = done.error();
    one.step = step_;
    return;
  }
  together_.reset();
  together_.links_version = links_version_;
  const auto committed = guarded([&] {
    for (Submitted* submitted : batch) {
      submitted->error.reset();
      const auto absorbed = guarded([&] {
        if (replayed(*submitted)) return;
        submitted->rows_changed = absorb(*submitted->transaction);
        note(*submitted);
      });
      if (!absorbed.ok()) submitted->error = absorbed.error();
    }
    return commit_writing(together_);
  });
  together_.reset();
  if (committed.ok()) {
    for (Submitted* submitted : batch) {
      submitted->receipt = {committed.value().sequence, submitted->rows_changed, committed.value().ack, submitted->receipt.replayed};
      submitted->step = step_;
    }
    return;
  }
  if (committed.error().code == ErrorCode::kIo || committed.error().code == ErrorCode::kCorrupt) {
    for (Submitted* submitted : batch) submitted->error = committed.error();
    return;
  }
  commit_together(batch.first(batch.size() / 2));
  commit_together(batch.subspan(batch.size() / 2));
}

// Was it committed before? Then it is done.
bool Engine::replayed(Submitted& submitted) {
  submitted.receipt = {};
  submitted.rows_changed = 0;
  if (!submitted.origin) return false;
  const Origin& origin = *submitted.origin;
  const SourceMark* mark = nullptr;
  if (const auto it = sources_.find(origin.source); it != sources_.end()) mark = &it->second;
  for (const SourceMark& of_batch : marks_) {
    if (of_batch.source == origin.source) mark = &of_batch;
  }
  if (!mark || origin.epoch > mark->epoch) return false;
  if (origin.epoch < mark->epoch) {
    throw Failure(ErrorCode::kConstraint, "source \"" + origin.source + "\" is in epoch " + std::to_string(mark->epoch) + ": epoch " + std::to_string(origin.epoch) + " is over");
  }
  if (origin.sequence > mark->sequence) return false;
  submitted.receipt = {sequence_.load(), 0, !storage_ || storage_thread_ ? Ack::kApplied : Ack::kDurable, true};
  return true;
}

// Its origin goes to the file with the batch.
void Engine::note(const Submitted& submitted) {
  if (!submitted.origin) return;
  const SourceMark mark{submitted.origin->source, submitted.origin->epoch, submitted.origin->sequence};
  for (SourceMark& of_batch : marks_) {
    if (of_batch.source == mark.source) {
      of_batch = mark;
      return;
    }
  }
  marks_.push_back(mark);
}

// Adds the changes of one transaction to those of the batch: all of them or none.
std::uint64_t Engine::absorb(TransactionState& transaction) {
  std::uint64_t rows = 0;
  std::size_t n = 0;
  try {
    for (; n < transaction.used; ++n) {
      const std::shared_ptr<TableState>& table = transaction.changes[n]->table();
      if (table->dropped) throw no_such_table(*table);
      rows += together_.of(table).absorb(*transaction.changes[n]);
    }
    together_.linked_since = std::min(together_.linked_since, transaction.linked_since);
    together_.links_version = std::min(together_.links_version, transaction.links_version);
  } catch (...) {
    while (n-- > 0) together_.find(*transaction.changes[n]->table())->take_back();
    throw;
  }
  return rows;
}

Receipt Engine::commit_writing(TransactionState& transaction, std::optional<Moment> told) {
  const Moment time = told.value_or(time_of_step());
  const bool in_transaction = transaction.schema != nullptr;  // of the file
  end_left();
  Receipt receipt;
  deliveries_.clear();
  Laps laps(!path_.empty() || steps_timed_++ % kTimedOneIn == 0);
  try {
    std::size_t n = 0;
    // What a FOREIGN KEY of one asks for, another may take away: of the batch before, or of this one. Or the key itself is new.
    const bool together = &transaction == &together_ && transaction.linked_since != TransactionState::kNotLinked;
    if (together || transaction.linked_since < sequence_.load() || transaction.links_version != links_version_) recheck_links(transaction);
    if (nets_.size() < transaction.used) nets_.resize(transaction.used);
    numbered_.clear();
    bool any = false;
    for (; n < transaction.used; ++n) {
      TableChanges& changes = *transaction.changes[n];
      nets_[n].clear();
      if (changes.table()->dropped) {
        if (in_transaction) continue;
        throw no_such_table(*changes.table());
      }
      changes.refresh();
      receipt.rows += changes.net(transaction.arena, nets_[n]);
      if (nets_[n].empty() && !changes.table()->numbers.empty()) numbered_.push_back(changes.table().get());
      any = any || !nets_[n].empty();
    }
    const auto evaluate = [&](bool at_time) {
      if (at_time) circuit_->set_time(time);
      for (n = 0; n < transaction.used; ++n) {
        if (!nets_[n].empty()) circuit_->push(transaction.changes[n]->table()->node, nets_[n]);
      }
      circuit_->evaluate();
    };
    if (const bool changed = any; circuit_->next_wake() <= time) {
      // What the time brings is nobody's change here: where it cannot be computed, time stands, and changes go on; one of them may take the row away that it fails for.
      try {
        evaluate(time > circuit_->now());
        any = true;
        time_failure_.clear();
      } catch (const Failure& failure) {
        if (told || time <= circuit_->now()) throw;
        if (changed) evaluate(false);  // fails again where it is the change that cannot be computed
        if (time_failure_ != failure.error().message) log(LogEntry::Level::kError, "time_stands", {{"path", path_}, {"reason", failure.error().message}});
        time_failure_ = failure.error().message;
      }
    } else if (any) {
      evaluate(time > circuit_->now());
    }
    if (any) {
      laps.add_to(counters_.evaluate_ns);
      const std::uint64_t next = sequence_.load() + 1;
      touched_.clear();
      try {
        write_step(next, true, in_transaction, touched_, deliveries_);
      } catch (...) {
        circuit_->revert();
        throw;
      }
      laps.add_to(counters_.store_ns);
      {
        const std::unique_lock state(state_mutex_);
        circuit_->advance();
        show_time();
        sequence_.store(next, std::memory_order_release);
        for (n = 0; n < transaction.used; ++n) {
          if (!nets_[n].empty()) transaction.changes[n]->table()->version = next;
        }
        for (RelationState* relation : touched_) relation->digest = relation->next_digest;
      }
      laps.add_to(counters_.advance_ns);
      counters_.batch_rows.add_alone(receipt.rows);
    } else if (told || !marks_.empty()) {
      if (told) circuit_->set_time(time);
      touched_.clear();
      const std::uint64_t of_schema = in_transaction ? transaction.schema->sequence() : 0;
      try {
        if (storage_) write_step(std::max(sequence_.load(), of_schema), false, in_transaction, touched_, deliveries_);
      } catch (...) {
        if (told) circuit_->revert();
        throw;
      }
      const std::unique_lock state(state_mutex_);
      if (told) circuit_->advance();
      show_time();
    }
    if (in_transaction) {
      transaction.schema->commit(any || (!marks_.empty() && storage_));
      transaction.schema.reset();
      schema_owner_ = nullptr;
    }
  } catch (...) {
    marks_.clear();
    give_up(transaction);
    throw;
  }
  if (!marks_.empty()) {
    const std::unique_lock state(state_mutex_);
    for (const SourceMark& mark : marks_) sources_.insert_or_assign(mark.source, mark);
    marks_.clear();
  }
  if (!deliveries_.empty()) {
    deliver(deliveries_);
    laps.add_to(counters_.notify_ns);
  }
  receipt.sequence = sequence_.load();
  receipt.ack = !storage_ || storage_thread_ ? Ack::kApplied : Ack::kDurable;
  transaction.reset();
  return receipt;
}

// Does each row stand once in the relation's delta? Sure where its operator says so, where it is the net change of a table with a key, and where rows that are
// unique at rest only come, or only go.
bool Engine::in_unique_form(const RelationState& relation, const Delta& delta) const {
  if (circuit_->consolidated(relation.node) || (relation.keyed() && !relation.relation.is_view)) return true;
  if (!relation.rows->unique()) return false;
  std::uint64_t come = 0, go = 0, rows = 0;
  for (const Chunk& chunk : delta.chunks) {
    rows += chunk.selected;
    chunk.each([&](std::uint32_t i) {
      come += chunk.weights[i] > 0;
      go += chunk.weights[i] < 0;
    });
  }
  return come == rows || go == rows;
}

// Writes the step, if there was any, to the file, in one transaction, or hands it to the storage thread; and copies what subscribers are to get.
void Engine::write_step(std::uint64_t next, bool any, bool in_transaction, std::vector<RelationState*>& touched, std::vector<Delivery>& deliveries) {
  if (!storage_ && subscriptions_ == 0) return;
  const bool later = storage_thread_ && !in_transaction;
  std::unique_ptr<StoredStep> step = later ? std::make_unique<StoredStep>() : nullptr;
  const bool begins = storage_ && !later && !in_transaction;
  const bool moved = storage_ && (circuit_->follows_time() || stored_time_ || own_clock_) && stored_time_ != circuit_->now();
  if (begins) storage_->begin();
  try {
    if (any) collect_step(next, step.get(), touched, deliveries);
    if (later) {
      step->marks = marks_;
      if (moved) step->settings.emplace_back(kClockSetting, format_timestamptz(circuit_->now()));
      step->sequence = next;
      step_ = storage_thread_->push(std::move(step));
    } else if (storage_) {
      for (const SourceMark& mark : marks_) storage_->set_mark(mark);
      if (moved) storage_->set_setting(kClockSetting, format_timestamptz(circuit_->now()));
      storage_->set_sequence(next);
      storage_->commit();
    }
  } catch (...) {
    if (begins) storage_->rollback();
    throw;
  }
  if (moved) stored_time_ = circuit_->now();
}

// The net changes of the step: to the file, or to `step`; and to subscribers.
void Engine::collect_step(std::uint64_t next, StoredStep* step, std::vector<RelationState*>& touched, std::vector<Delivery>& deliveries) {
  const std::lock_guard lock(subscriptions_mutex_);
  const auto keep_numbers = [&](const TableState& table) {
    table.each_position([&](const std::string& setting, const Numbers& numbers) {
      if (step) step->settings.emplace_back(setting, numbers.position());
      else storage_->set_setting(setting, numbers.position());
    });
  };
  // Rows that came and went within the batch: what they were numbered with may stand elsewhere.
  for (const TableState* table : numbered_) {
    if (stores(*table)) keep_numbers(*table);
  }
  const auto hand_out = [&](RelationState& relation, const Delta& net) {
    if (stores(relation)) {
      relation.next_digest = relation.digest;
      relation.next_digest.add(net);
      touched.push_back(&relation);
      if (!relation.relation.is_view) keep_numbers(static_cast<const TableState&>(relation));
      if (step) {
        StoredStep::Write& write = step->writes.emplace_back();
        write.relation = relation.name();
        write.digest = relation.next_digest.to_string();
        write.logged = relation.relation.log.has_value();
        deep_copy(net, step->arena, write.rows);
      } else {
        storage_->write(relation.name(), net);
        storage_->set_digest(relation.name(), relation.next_digest.to_string());
        if (relation.relation.log) storage_->log(relation.name(), next, net);
      }
    }
    if (!relation.subscriptions.empty()) {
      const Change change = make_change(relation, next, false, net);
      for (const auto& subscription : relation.subscriptions) deliveries.push_back({subscription, change});
    }
  };
  Arena& arena = circuit_->step().arena();
  for (const NodeId node : circuit_->ran()) {
    const Delta& delta = circuit_->delta(node);
    if (node < fold_of_node_.size() && fold_of_node_[node]) {
      Delta sums;
      const bool summed = circuit_->consolidated(node);
      if (!summed) consolidate(delta, arena, sums);
      each_slice(*fold_of_node_[node], summed ? delta : sums, arena, [&](const Fold::Slice& slice, const Delta& rows) {
        for (RelationState* view = slice.views; view; view = view->next_of_slice) hand_out(*view, rows);
      });
    }
    if (node >= by_node_.size() || by_node_[node].empty()) continue;
    const Delta* net = nullptr;
    Delta sums;
    for (RelationState* relation : by_node_[node]) {
      if (!stores(*relation) && relation->subscriptions.empty()) continue;
      if (!net) {
        net = &delta;
        if (!in_unique_form(*relation, delta)) {
          consolidate(delta, arena, sums);
          net = &sums;
        }
      }
      if (net->empty()) break;
      hand_out(*relation, *net);
    }
  }
}

void Engine::deliver(std::vector<Delivery>& deliveries) {
  if (deliveries.empty()) return;
  for (Delivery& delivery : deliveries) {
    if (delivery.to->options().delivery == SubscribeOptions::Delivery::kInline) delivery.to->deliver(delivery.change);
    else dispatcher_.push(std::move(delivery.to), std::move(delivery.change));
  }
  deliveries.clear();
}

}  // namespace weir::internal
