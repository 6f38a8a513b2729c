#include "views/gate_state.h"

#include <algorithm>

#include "sql/statement.h"
#include "views/door.h"
#include "views/rows_in.h"
#include "zset/type_classes.h"

namespace weir::internal {
namespace {

constexpr int kRefillTries = 1000;
constexpr std::int64_t kGrowth = 8;  // of a lease that was not enough
constexpr auto kMeasure = std::chrono::milliseconds(100);
constexpr auto kWakeUp = std::chrono::milliseconds(1), kWakeUpAtLeast = std::chrono::milliseconds(10);

unsigned stripes_of(const GateOptions& options) {
  const unsigned asked = options.stripes ? options.stripes : std::thread::hardware_concurrency();
  return std::clamp(asked, 1U, GateState::kStripesMax);
}

std::int64_t system_clock_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}


}  // namespace

GateState::GateState(Engine& engine, std::string name, const GateOptions& options, Budget budget)
    : engine_(engine),
      name_(std::move(name)),
      options_(options),
      budget_(std::move(budget)),
      slot_us_(GateWindowState::slot_us(options.window)),
      clock_(options.clock ? options.clock : system_clock_us),
      stripes_(stripes_of(options)),
      refreshes_a_measure_(std::max<std::uint64_t>(1, static_cast<std::uint64_t>(kMeasure / options.refresh))) {}

GateState::~GateState() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    stop_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

// ---- the epoch

void GateState::open() {
  const auto mark = engine_.origin("gate:" + name_);
  stats_.epoch = mark ? mark->epoch + 1 : 1;
  const ResultSet leased = engine_.query("SELECT * FROM " + quote_identifier(budget_.usage) + " WHERE leased > 0");
  const std::size_t width = budget_.key.size();
  for (std::size_t i = 0; i < leased.rows(); ++i) {
    Row row;
    for (std::size_t c = 0; c < leased.schema().size(); ++c) row.push_back(leased[i][c]);
    const std::int64_t lost = row[width + 1].integer();
    stats_.forfeited_at_open += lost;
    row[width + 1] = 0;
    row[width + 2] = row[width + 2].integer() + lost;
    if (options_.window.kind != GateWindow::Kind::kNone) {
      GateWindowState window(options_.window);
      window.read(row[width + 3].to_string());
      window.forfeit(lost, clock_());
      row[width + 3] = window.to_string();
    }
    rows_.push_back(std::move(row));
  }
  write(rows_);
  thread_ = std::thread([this] { run(); });
}

void GateState::close() {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    closed_ = true;
    stop_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
  Lock lock(mutex_);
  served_.wait(lock, [&] { return !leading_; });
  leading_ = true;
  rows_.clear();
  for (GateKeyState* key : active_) {
    drain(*key);
    key->cover = 0;
    if (key->admitted != key->row_admitted || key->row_leased != 0) rows_.push_back(row_of(*key, key->admitted, 0, key->window.to_string()));
  }
  for (Shard& shard : shards_) {
    const std::shared_lock keys(shard.mutex);
    for (const auto& [id, key] : shard.keys) reopen(*key);  // they are unavailable now, not exhausted
  }
  lock.unlock();
  const auto written = guarded([&] { if (!rows_.empty()) write(rows_); });
  lock.lock();
  leading_ = false;
  served_.notify_all();
  room_.notify_all();
  written.value();
}

void GateState::run() {
  Lock lock(mutex_);
  while (!closed_) {
    stop_.wait_for(lock, options_.refresh);
    served_.wait(lock, [&] { return !leading_ || closed_; });
    if (!closed_) lead(lock, true);
  }
}

// ---- keys

bool GateState::id_of(const Row& key, std::string& id) const {
  id.clear();
  if (key.size() != budget_.key.size()) return false;
  for (std::size_t c = 0; c < key.size(); ++c) {
    const TypeId type = key[c].type();
    if (is_integer(budget_.key[c].type.id)) {
      if (!is_integer(type)) return false;
      const std::int64_t number = key[c].integer();
      id.append(reinterpret_cast<const char*>(&number), sizeof number);
    } else {
      if (type != TypeId::kText && type != TypeId::kVarchar) return false;
      const std::string text = key[c].to_string();
      const std::uint64_t size = text.size();
      id.append(reinterpret_cast<const char*>(&size), sizeof size);
      id += text;
    }
  }
  return true;
}

Failure GateState::bad_key() const {
  std::string columns;
  for (const Field& field : budget_.key) columns += (columns.empty() ? "" : ", ") + field.name;
  return Failure(ErrorCode::kInput, "gate \"" + name_ + "\": a key is (" + columns + "), as integers and texts");
}

GateState::Key GateState::find_loaded(std::string_view id) {
  Shard& shard = shard_of(id);
  const std::shared_lock lock(shard.mutex);
  const auto it = shard.keys.find(id);
  return it == shard.keys.end() ? nullptr : it->second;
}

GateState::Key GateState::find(const Row& key, std::string_view id) {
  if (Key found = find_loaded(id)) return found;
  Shard& shard = shard_of(id);
  const std::unique_lock lock(shard.mutex);
  Key& made = shard.keys[std::string(id)];
  if (!made) made = std::make_shared<GateKeyState>(std::string(id), key, options_.window, stripes_);
  return made;
}

GateState::Key GateState::find(const Row& key) {
  std::string id;
  if (!id_of(key, id)) throw bad_key();
  const Key found = find(key, id);
  Lock lock(mutex_);
  load(lock, *found);
  return found;
}

// From the tables, without the lock. What commits meanwhile comes by on_budget(), and is newer.
void GateState::load(Lock& lock, GateKeyState& key) {
  key.asked = true;
  if (key.loaded) return;
  lock.unlock();
  struct Read {
    std::optional<ResultSet> budget;
    ResultSet usage;
  };
  const auto read = guarded([&] { return Read{options_.units ? std::nullopt : std::optional(engine_.find(options_.budget, key.key)), engine_.find(budget_.usage, key.key)}; });
  lock.lock();
  if (key.loaded) return;
  const auto& [budget, usage] = read.value();
  if (!budget) {
    key.budget = *options_.units;
  } else if (budget->sequence() >= key.budget_sequence) {
    key.budget = budget->rows() > 0 ? std::max<std::int64_t>(0, (*budget)[0][budget_.column].integer()) : 0;
    key.budget_sequence = budget->sequence();
  }
  if (usage.rows() > 0) {
    const std::size_t width = budget_.key.size();
    const RowView row = usage[0];
    key.admitted = key.row_admitted = key.admitted_before = row[width].integer();
    key.forfeited = row[width + 2].integer();
    if (options_.window.kind == GateWindow::Kind::kNone) key.window.count(key.admitted + key.forfeited);
    else key.window.read(row[width + 3].to_string());
  }
  key.loaded = true;
}

// Forgets keys that nobody holds or has asked for since it last came by; a part of them at a time.
void GateState::sweep() {
  Shard& shard = shards_[swept_++ % kShards];
  const std::unique_lock lock(shard.mutex);
  std::erase_if(shard.keys, [](const auto& entry) {
    GateKeyState& key = *entry.second;
    return !std::exchange(key.asked, false) && !key.active && entry.second.use_count() == 1;
  });
}

void GateState::activate(GateKeyState& key) {
  if (std::exchange(key.active, true)) return;
  key.idle = 0;
  active_.push_back(&key);
}

// ---- the books

void GateState::count_handed_out(GateKeyState& key, std::int64_t handed_out) {
  key.admitted += handed_out;
  key.cover -= handed_out;
  const bool windowed = options_.window.kind != GateWindow::Kind::kNone;
  if (key.window.advance(windowed ? clock_() : 0, key.budget, handed_out)) key.cover = 0;
}

void GateState::drain(GateKeyState& key) { count_handed_out(key, key.drain()); }

// REQUIRES: where leases end with a slot, that the stripes were drained since it began.
void GateState::fill(GateKeyState& key) {
  const std::int64_t units = std::min(key.cover - key.in_stripes, room(key));
  if (units > 0) {
    key.put(units, tag(key));
    activate(key);
  }
  key.closed_until.store(key.in_stripes == 0 && room(key) <= 0 ? key.window.next_room(key.budget) : 0, std::memory_order_release);
}

void GateState::expose(GateKeyState& key, std::int64_t units) {
  exposure_ += units - key.exposed;
  key.exposed = units;
}

void GateState::reopen(GateKeyState& key) {
  key.closed_until.store(0, std::memory_order_release);
  room_.notify_all();
}

Row GateState::row_of(const GateKeyState& key, std::int64_t admitted, std::int64_t leased, const std::string& window) const {
  Row row = key.key;
  row.insert(row.end(), {admitted, leased, key.forfeited});
  if (options_.window.kind != GateWindow::Kind::kNone) row.push_back(window);
  return row;
}

void GateState::on_budget(const Change& change) {
  std::unordered_map<std::string, std::int64_t> budgets;
  Row row(budget_.key.size());
  std::string id;
  for (const ChangedRow& changed : change) {
    for (std::size_t c = 0; c < row.size(); ++c) row[c] = changed[budget_.key[c].name];
    if (!id_of(row, id)) continue;
    if (changed.weight() > 0) budgets[id] = std::max<std::int64_t>(0, changed[budget_.column].integer());
    else budgets.try_emplace(id, 0);
  }
  const std::lock_guard lock(mutex_);
  for (const auto& [changed, budget] : budgets) {
    const Key key = find_loaded(changed);
    if (!key || key->budget_sequence > change.sequence()) continue;
    if (key->loaded) drain(*key);
    key->budget = budget;
    key->budget_sequence = change.sequence();
    if (!key->loaded) continue;
    reopen(*key);
    fill(*key);
  }
}

// ---- acquiring

Admission GateState::acquire(const Row& key, std::int64_t n) {
  thread_local std::string id;
  if (!id_of(key, id)) return Answer::kInvalid;
  Key found;
  {
    Shard& shard = shard_of(id);
    const std::shared_lock lock(shard.mutex);
    const auto it = shard.keys.find(std::string_view(id));
    if (it != shard.keys.end()) {
      if (const auto answer = acquire_at_once(*it->second, n)) return *answer;
      found = it->second;
    }
  }
  if (!found) found = find(key, id);
  return acquire_slowly(*found, n, std::nullopt);
}

Admission GateState::acquire_for(GateKeyState& key, std::int64_t n, std::chrono::milliseconds wait) {
  if (n > 0 && key.take(n, slot_us_ > 0 ? GateKeyState::tag_of(clock_() / slot_us_) : 0)) return Answer::kAdmitted;
  return acquire_slowly(key, n, std::chrono::steady_clock::now() + wait);
}

Admission GateState::acquire_slowly(GateKeyState& key, std::int64_t n, const Deadline& deadline) {
  if (n <= 0) return n == 0 ? Answer::kAdmitted : Answer::kInvalid;
  Lock lock(mutex_);
  const auto loaded = guarded([&] { load(lock, key); });
  if (!loaded.ok()) {
    if (loaded.error().code == ErrorCode::kInput) return Answer::kInvalid;
    failed_ = loaded.error();
    return Answer::kUnavailable;
  }
  for (;;) {
    Waiter waiter{&key, n};
    serve(lock, waiter);
    if (waiter.answer != Answer::kExhausted || !deadline) return waiter.answer;
    auto until = *deadline;
    if (std::chrono::steady_clock::now() >= until) return Answer::kExhausted;
    if (options_.window.kind != GateWindow::Kind::kNone) {
      // A clock of tests moves as it likes.
      const auto step = options_.clock ? std::chrono::microseconds(kWakeUp)
                                       : std::clamp(std::chrono::microseconds(key.window.next_room(key.budget) - clock_()), std::chrono::microseconds(100),
                                                    std::chrono::microseconds(kWakeUpAtLeast));
      until = std::min(until, std::chrono::steady_clock::now() + step);
    }
    room_.wait_until(lock, until);
  }
}

void GateState::serve(Lock& lock, Waiter& waiter) {
  waiting_.push_back(&waiter);
  while (!waiter.done) {
    if (!leading_) lead(lock, false);
    else served_.wait(lock);
  }
}

void GateState::refund(GateKeyState& key, std::int64_t n) {
  Lock lock(mutex_);
  if (closed_) throw Failure(ErrorCode::kClosed, "gate \"" + name_ + "\" is closed");
  load(lock, key);
  drain(key);
  if (n < 0 || n > key.admitted) {
    fill(key);
    throw Failure(ErrorCode::kInput, "gate \"" + name_ + "\": " + std::to_string(n) + " units can't be refunded, " + std::to_string(key.admitted) + " were admitted");
  }
  key.admitted -= n;
  const std::int64_t free = key.window.take_back(n);
  activate(key);
  reopen(key);
  const bool in_memory = exposure_ + free <= options_.max_exposure;
  if (in_memory) {
    key.cover += free;
    key.refunded += free;
    expose(key, key.exposed + free);
  }
  fill(key);
  if (in_memory) return;
  Waiter waiter{&key, 0, true};
  serve(lock, waiter);
}

Receipt GateState::refill(const Row& key, std::int64_t n, const SubmitOptions& options) {
  if (options_.units) throw Failure(ErrorCode::kInput, "gate \"" + name_ + "\" has " + std::to_string(*options_.units) + " units a key: there is no table to refill");
  std::string sql = "UPDATE " + quote_identifier(options_.budget) + " SET " + quote_identifier(budget_.column) + " = " + quote_identifier(budget_.column) + " + " +
                    std::to_string(n) + " WHERE ";
  std::string id;
  if (!id_of(key, id)) throw bad_key();
  for (std::size_t c = 0; c < key.size(); ++c) {
    std::string text = key[c].to_string();
    if (!is_integer(budget_.key[c].type.id)) {
      for (std::size_t at = 0; (at = text.find('\'', at)) != std::string::npos; at += 2) text.insert(at, 1, '\'');
      text = "'" + text + "'";
    }
    sql += (c ? " AND " : "") + quote_identifier(budget_.key[c].name) + " = " + text;
  }
  for (int tries = 1;; ++tries) {
    // Another may change the row between the reading and the commit: then it is read again.
    std::unique_ptr<TransactionState> transaction = engine_.begin();
    Submitted submitted;
    submitted.transaction = transaction.get();
    submitted.origin = options.origin;
    const auto done = guarded([&] {
      if (engine_.execute(*transaction, sql, {}, false).changed == 0) {
        throw Failure(ErrorCode::kConstraint, "\"" + options_.budget + "\" has no row with this key");
      }
      engine_.commit(submitted, options);
      return submitted.receipt;
    });
    engine_.rollback(*transaction);
    engine_.recycle(std::move(transaction));
    if (done.ok() || done.error().code != ErrorCode::kTransaction || tries == kRefillTries) return done.value();
  }
}

// ---- the leader

GateState::Entry& GateState::entry_of(GateKeyState& key, bool drained) {
  if (key.in_batch >= 0) {
    if (drained) drain(key);
    return batch_[static_cast<std::size_t>(key.in_batch)];
  }
  key.in_batch = static_cast<int>(batch_.size());
  batch_.push_back({});
  batch_.back().key = &key;
  // Units of a slot that is over have to leave the stripes.
  if (drained || slot_us_ > 0) drain(key);
  else count_handed_out(key, key.settle());
  return batch_.back();
}

void GateState::decide(Waiter& waiter, std::vector<Waiter*>& later) {
  const auto answer = [&](Answer a) {
    waiter.answer = a;
    waiter.done = true;
  };
  if (closed_) return answer(Answer::kUnavailable);
  GateKeyState& key = *waiter.key;
  Entry& entry = entry_of(key, true);
  if (waiter.writes) {
    entry.grants.push_back(&waiter);
    entry.writes = true;
  } else if (waiter.n <= room(key)) {
    key.admitted += waiter.n;
    key.window.count(waiter.n);
    activate(key);
    if (waiter.n <= key.cover) {
      key.cover -= waiter.n;
      return answer(Answer::kAdmitted);
    }
    entry.grants.push_back(&waiter);
    entry.granted += waiter.n;
    entry.writes = true;
  } else if (entry.writes) {
    later.push_back(&waiter);  // what is being reserved may come back
  } else {
    answer(Answer::kExhausted);
  }
}

// How much of the budget the key is to have leased, and whether its row is written.
void GateState::plan_lease(Entry& entry, bool refresh) {
  GateKeyState& key = *entry.key;
  const std::int64_t most = std::min(options_.max_exposure, GateKeyState::kStripeMax);
  // Use is measured over a while, however often what was used is written: a lease that shrinks between two requests costs a transaction for each.
  const bool measures = refresh && refreshes_ % refreshes_a_measure_ == 0;
  if (measures) {
    const std::int64_t used = std::clamp<std::int64_t>(key.admitted - key.admitted_before, 0, most);
    key.admitted_before = key.admitted;
    key.idle = used > 0 ? 0 : key.idle + 1;
    if (2 * used > key.target) key.target = 2 * used;
    else if (key.target > 8 * used) key.target /= 2;
  } else if (entry.granted > 0) {
    key.target = kGrowth * std::min(std::max(key.target, entry.granted), most);
  }
  const bool leaves = refresh && key.idle >= kIdleMeasures && !entry.writes;
  const std::int64_t left = room(key) + key.in_stripes;
  std::int64_t lease = std::min({key.target, most / static_cast<std::int64_t>(std::max<std::size_t>(1, active_.size())), left / 2,
                                 options_.max_exposure - (exposure_ - key.exposed) - key.refunded});
  if (leaves) lease = 0;
  lease = std::max<std::int64_t>(lease, 0);
  std::int64_t keep = std::max<std::int64_t>(0, std::min(key.cover, left));
  if (leaves || (refresh && lease < keep / 2)) {  // more than it should have, and others may need
    drain(key);
    keep = std::max<std::int64_t>(0, std::min({lease, key.cover, room(key)}));
  }
  lease = std::max(lease, keep);
  entry.writes = entry.writes || (refresh && (key.admitted != key.row_admitted || lease < key.row_leased / 2 || (leaves && key.row_leased > 0)));
  if (!entry.writes) return fill(key);
  entry.admitted = key.admitted;
  entry.leased = lease;
  entry.covered = key.cover = keep;
  entry.slot = key.window.slot();
  entry.refunded = key.refunded;
  entry.window = key.window.to_string();
  expose(key, std::max(key.row_leased, lease) + key.refunded);
  activate(key);
  if (entry.grants.empty() || keep > 0) fill(key);
}

void GateState::lead(Lock& lock, bool refresh) {
  leading_ = true;
  taken_.swap(waiting_);
  std::vector<Waiter*> later;
  for (Waiter* waiter : taken_) decide(*waiter, later);
  taken_.clear();
  waiting_.insert(waiting_.begin(), later.begin(), later.end());
  if (refresh && !closed_) {
    for (GateKeyState* key : active_) entry_of(*key, false);
  }
  for (std::size_t i = 0; i < batch_.size(); ++i) plan_lease(batch_[i], refresh);
  rows_.clear();
  for (const Entry& entry : batch_) {
    if (entry.writes) rows_.push_back(row_of(*entry.key, entry.admitted, entry.leased, entry.window));
  }
  if (!rows_.empty()) {
    served_.notify_all();  // those who need not wait for it
    lock.unlock();
    const auto written = guarded([&] { write(rows_); });
    lock.lock();
    ++stats_.transactions;
    failed_.reset();
    if (!written.ok()) failed_ = written.error();
  }
  for (Entry& entry : batch_) {
    entry.key->in_batch = -1;
    if (entry.writes) settle(entry);
  }
  batch_.clear();
  if (refresh) {
    ++refreshes_;
    std::erase_if(active_, [](GateKeyState* key) {
      const bool rests = key->idle >= kIdleMeasures && key->in_stripes == 0 && key->cover == 0 && key->row_leased == 0 && key->admitted == key->row_admitted;
      if (rests) key->active = false;
      return rests;
    });
    sweep();
  }
  leading_ = false;
  served_.notify_all();
}

// The row is in the file, or it is not.
void GateState::settle(Entry& entry) {
  GateKeyState& key = *entry.key;
  drain(key);
  const bool same_slot = slot_us_ == 0 || key.window.slot() == entry.slot;
  const auto give_back = [&](Waiter& waiter, Answer answer) {
    waiter.answer = answer;
    if (same_slot) key.window.take_back(waiter.n);
    key.admitted -= waiter.n;
  };
  if (failed_) {
    for (Waiter* waiter : entry.grants) give_back(*waiter, Answer::kUnavailable);
    reopen(key);
  } else {
    key.row_admitted = entry.admitted;
    key.row_leased = entry.leased;
    key.refunded -= entry.refunded;
    expose(key, entry.leased + key.refunded);
    if (same_slot) key.cover += entry.leased - entry.covered;
    for (Waiter* waiter : entry.grants) waiter->answer = Answer::kAdmitted;
    // The budget may have been lowered before this batch.
    while (same_slot && !entry.grants.empty() && key.window.used() > key.budget) {
      give_back(*entry.grants.back(), Answer::kExhausted);
      entry.grants.back()->done = true;
      entry.grants.pop_back();
    }
  }
  for (Waiter* waiter : entry.grants) waiter->done = true;
  fill(key);
}

void GateState::write(const std::vector<Row>& rows) {
  try {
    if (!rows.empty()) {
      const auto lock = engine_.reading();
      const std::shared_ptr<TableState> table = engine_.table(budget_.usage);
      TableChanges& changes = transaction_.of(table);
      for (const Row& row : rows) {
        row_in(*table, row, transaction_.arena, transaction_.row);
        const TableChanges::Rows kept = changes.keep(transaction_.row);
        changes.upsert({&kept, 1});
      }
    }
    engine_.commit_durably(transaction_, Origin{"gate:" + name_, stats_.epoch, ++sequence_});
  } catch (...) {
    transaction_.reset();
    throw;
  }
  transaction_.reset();
}

// ---- telling

Gate::Usage GateState::usage(GateKeyState& key) {
  Lock lock(mutex_);
  load(lock, key);
  drain(key);
  fill(key);
  return {key.budget, key.admitted, key.cover, key.forfeited};
}

Gate::Stats GateState::stats() {
  const std::lock_guard lock(mutex_);
  Gate::Stats out = stats_;
  out.exposure = exposure_;
  for (Shard& shard : shards_) {
    const std::shared_lock keys(shard.mutex);
    out.keys += shard.keys.size();
  }
  return out;
}

std::optional<Error> GateState::failure() {
  const std::lock_guard lock(mutex_);
  if (failed_ || !closed_) return failed_;
  Error error;
  error.code = ErrorCode::kClosed;
  error.message = "gate \"" + name_ + "\" is closed";
  return error;
}

void GateState::flush() {
  Lock lock(mutex_);
  served_.wait(lock, [&] { return !leading_; });
  if (closed_) return;
  lead(lock, true);
  if (failed_) throw Failure(*failed_);
}

}  // namespace weir::internal
