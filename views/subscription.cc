#include "views/subscription.h"

#include "views/engine.h"
#include "zset/text_form.h"

namespace weir {

// ---- Change

Change::Change(std::shared_ptr<const Data> data) : data_(std::move(data)) {}
const std::string& Change::view() const { return data_->view; }
std::uint64_t Change::sequence() const { return data_->sequence; }
bool Change::is_snapshot() const { return data_->is_snapshot; }
const Schema& Change::schema() const { return data_->schema; }
std::size_t Change::size() const { return data_->size; }

ChangedRow Change::operator[](std::size_t i) const {
  if (i >= data_->size) {
    throw Failure(ErrorCode::kUnknownName, "the change has " + std::to_string(data_->size) + " rows, and no row " + std::to_string(i));
  }
  std::call_once(data_->read, [&] {
    data_->values.reserve(data_->size * data_->schema.size());
    data_->weights.reserve(data_->size);
    for (const Chunk& chunk : data_->rows.chunks) {
      chunk.each([&](std::uint32_t position) {
        for (std::size_t c = 0; c < data_->schema.size(); ++c) data_->values.push_back(to_value(chunk.columns[c].get(position), data_->schema[c].type));
        data_->weights.push_back(chunk.weights[position]);
      });
    }
  });
  return {RowView(&data_->schema, data_->values.data() + i * data_->schema.size()), data_->weights[i]};
}

namespace internal {

Change make_change(const RelationState& relation, std::uint64_t sequence, bool is_snapshot, const Delta& rows) {
  auto data = std::make_shared<Change::Data>();
  data->view = relation.name();
  data->sequence = sequence;
  data->is_snapshot = is_snapshot;
  data->schema = relation.relation.schema;
  std::size_t bytes = 0;
  for (const Chunk& chunk : rows.chunks) {
    const auto room = [&](std::size_t n) { bytes += (n + 15) & ~std::size_t{15}; };
    room(chunk.width * sizeof(Column));
    room(chunk.selected * sizeof(std::int64_t));
    for (const Column& column : chunk.cols()) {
      room(chunk.selected * slot_bytes(column.kind));
      if (column.valid) room((chunk.selected + 63) / 64 * sizeof(std::uint64_t));
      if (column.kind != Kind::kBytes) continue;
      chunk.each([&](std::uint32_t i) {
        if (!column.bytes()[i].is_inline()) room(column.bytes()[i].size);
      });
    }
  }
  data->arena.reserve(bytes);
  deep_copy(rows, data->arena, data->rows);
  data->size = data->rows.rows();
  return Change(std::move(data));
}

// ---- SubscriptionState

SubscriptionState::SubscriptionState(std::shared_ptr<Engine> engine, std::shared_ptr<RelationState> relation, std::function<void(const Change&)> callback,
                                     const SubscribeOptions& options)
    : engine_(std::move(engine)), relation_(std::move(relation)), callback_(std::move(callback)), options_(options) {}

std::shared_ptr<Engine> SubscriptionState::engine() const {
  const std::lock_guard lock(mutex_);
  return engine_;
}

namespace {
thread_local int t_callbacks = 0;
}  // namespace

bool SubscriptionState::in_callback() { return t_callbacks != 0; }

void SubscriptionState::deliver(const Change& change) noexcept {
  const std::lock_guard running(running_);
  if (ended()) return;
  ++t_callbacks;
  try {
    callback_(change);
  } catch (...) {  // the subscriber's own affair: the others and the commit go on
  }
  --t_callbacks;
  delivered_.fetch_add(1, std::memory_order_relaxed);
}

void SubscriptionState::end() {
  ended_.store(true, std::memory_order_release);
  std::shared_ptr<Engine> engine;
  {
    const std::lock_guard lock(mutex_);
    engine.swap(engine_);
  }
  if (engine) engine->forget(*this);
  const std::lock_guard running(running_);  // waits for a callback of another thread
}

// ---- Dispatcher

Dispatcher::Dispatcher() : queue_(std::make_shared<Queue>()) {}

Dispatcher::~Dispatcher() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(queue_->mutex);
    queue_->stop = true;
  }
  queue_->pushed.notify_all();
  if (std::this_thread::get_id() == thread_.get_id()) thread_.detach();
  else thread_.join();
}

void Dispatcher::push(std::shared_ptr<SubscriptionState> to, Change change) {
  const std::lock_guard lock(queue_->mutex);
  if (!thread_.joinable()) {
    thread_ = std::thread(run, queue_);
    queue_->thread = thread_.get_id();
  }
  if (++to->queued_ == to->options().queue_changes_max) ++queue_->full;
  queue_->changes.emplace_back(std::move(to), std::move(change));
  ++queue_->pushed_count;
  queue_->pushed.notify_one();
}

bool Dispatcher::wait_for_room(const std::optional<std::chrono::steady_clock::time_point>& deadline) {
  if (queue_->full.load(std::memory_order_relaxed) == 0) return true;
  std::unique_lock lock(queue_->mutex);
  if (queue_->thread == std::this_thread::get_id()) return true;
  const auto room = [&] { return queue_->full.load() == 0; };
  if (deadline) return queue_->popped.wait_until(lock, *deadline, room);
  queue_->popped.wait(lock, room);
  return true;
}

std::uint64_t Dispatcher::queued(const SubscriptionState& to) const {
  const std::lock_guard lock(queue_->mutex);
  return to.queued_;
}

void Dispatcher::drain() {
  std::unique_lock lock(queue_->mutex);
  if (queue_->thread == std::this_thread::get_id()) return;
  const std::uint64_t target = queue_->pushed_count;
  queue_->popped.wait(lock, [&] { return queue_->delivered_count >= target; });
}

void Dispatcher::run(std::shared_ptr<Queue> queue) {
  std::unique_lock lock(queue->mutex);
  for (;;) {
    queue->pushed.wait(lock, [&] { return queue->stop || !queue->changes.empty(); });
    if (queue->changes.empty()) return;
    auto [to, change] = std::move(queue->changes.front());
    queue->changes.pop_front();
    lock.unlock();
    to->deliver(change);
    lock.lock();
    if (to->queued_-- == to->options().queue_changes_max) --queue->full;
    ++queue->delivered_count;
    queue->popped.notify_all();
    // The subscriber and the rows may be freed here, and with them whatever the callback holds: not under the lock.
    lock.unlock();
    to.reset();
    change = Change(nullptr);
    lock.lock();
  }
}

}  // namespace internal
}  // namespace weir
