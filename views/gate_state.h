#pragma once
// A gate: its keys in memory, and the one transaction at a time that reserves for all who wait.
//
//     try_acquire ─▶ take() from a stripe ─▶ admitted
//                     └▶ waiting ─▶ leader: what the file covers is admitted at once;
//                                           for the rest one transaction: admitted += Σ, leased = the next lease ─▶ admitted, stripes are filled
//     every refresh ─▶ leader: the same for the keys that are in use, whether somebody waits or not
//
// Order      a unit gets into a stripe, or is admitted past it, after the transaction that reserves it is durable. Transactions carry (gate:<name>, epoch, sequence): of an
//            epoch that is over they are refused, by the same record that makes submissions exactly once.
// Threads    locks in this order: the engine's, mutex_, a shard's. No transaction is made with mutex_ held; who commits (Writing) may call on_budget().
// Ownership  the engine owns it, handles share it; it has no claim on the engine. After close() nothing is handed out.
// Errors     a reservation that fails admits nobody: kUnavailable, and status() keeps the reason.

#include <weir/gate.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "views/engine.h"
#include "views/gate_key.h"

namespace weir::internal {

class GateState {
 public:
  static constexpr unsigned kStripesMax = 16;

  using Key = std::shared_ptr<GateKeyState>;
  using Deadline = std::optional<std::chrono::steady_clock::time_point>;

  // What a gate stands on, found in the catalog.
  struct Budget {
    Schema key;                        // its columns
    std::string column;                // "": a constant
    std::string usage;                 // the table
  };

  GateState(Engine& engine, std::string name, const GateOptions& options, Budget budget);
  ~GateState();
  // A new epoch: what the last one had leased is forfeited. Then the gate hands out.
  void open();
  // Gives back what is leased. Failure where that can't be written: then it is forfeited.
  void close();

  Admission acquire(GateKeyState& key, std::int64_t n) {
    const auto answer = acquire_at_once(key, n);
    return answer ? *answer : acquire_slowly(key, n, std::nullopt);
  }
  Admission acquire(const Row& key, std::int64_t n);
  Admission acquire_for(GateKeyState& key, std::int64_t n, std::chrono::milliseconds wait);
  void refund(GateKeyState& key, std::int64_t n);
  Receipt refill(const Row& key, std::int64_t n, const SubmitOptions& options);
  Key find(const Row& key);            // Failure(kInput)
  Gate::Usage usage(GateKeyState& key);
  Gate::Stats stats();
  std::optional<Error> failure();
  void flush();

  void on_budget(const Change& change);
  const std::string& name() const { return name_; }
  const GateOptions& options() const { return options_; }
  const Budget& budget() const { return budget_; }

 private:
  using Lock = std::unique_lock<std::mutex>;
  using Answer = Admission::Answer;
  struct Waiter {
    GateKeyState* key;
    std::int64_t n;
    bool writes = false;               // it is done when the row is written
    bool done = false;
    Answer answer = Answer::kUnavailable;
  };
  // A key in the leader's batch.
  struct Entry {
    GateKeyState* key;
    std::vector<Waiter*> grants;       // to be admitted when the transaction is durable
    std::int64_t granted = 0;
    bool writes = false;
    std::int64_t admitted = 0, leased = 0, covered = 0, slot = 0, refunded = 0;  // as they go to the row
    std::string window;
  };
  struct Shard {
    std::shared_mutex mutex;
    struct Hash {
      using is_transparent = void;
      std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>()(s); }
    };
    std::unordered_map<std::string, Key, Hash, std::equal_to<>> keys;
  };
  static constexpr std::size_t kShards = 64;
  static constexpr unsigned kIdleMeasures = 10;  // then a lease is given back

  // Without a lock: none where it takes one to know.
  std::optional<Admission> acquire_at_once(GateKeyState& key, std::int64_t n) {
    if (n <= 0) return n == 0 ? Answer::kAdmitted : Answer::kInvalid;
    const std::int64_t now = slot_us_ > 0 ? clock_() : 0;
    if (key.take(n, slot_us_ > 0 ? GateKeyState::tag_of(now / slot_us_) : 0)) return Answer::kAdmitted;
    const std::int64_t until = key.closed_until.load(std::memory_order_acquire);
    if (until == GateWindowState::kNever || (until != 0 && clock_() < until)) return Answer::kExhausted;
    return std::nullopt;
  }
  Admission acquire_slowly(GateKeyState& key, std::int64_t n, const Deadline& deadline);
  bool id_of(const Row& key, std::string& id) const;     // false: other types than the budget's
  Failure bad_key() const;
  Shard& shard_of(std::string_view id) { return shards_[std::hash<std::string_view>()(id) % kShards]; }
  Key find(const Row& key, std::string_view id);
  Key find_loaded(std::string_view id);                  // null: not in memory
  void load(Lock& lock, GateKeyState& key);
  void serve(Lock& lock, Waiter& waiter);                // until it is done
  void lead(Lock& lock, bool refresh);
  Entry& entry_of(GateKeyState& key, bool drained);
  void decide(Waiter& waiter, std::vector<Waiter*>& later);
  void plan_lease(Entry& entry, bool refresh);
  void write(const std::vector<Row>& rows);              // durable when it returns; Failure
  void settle(Entry& entry);
  void drain(GateKeyState& key);                         // books and stripes are exact then, until fill()
  void count_handed_out(GateKeyState& key, std::int64_t handed_out);
  void fill(GateKeyState& key);
  std::int64_t room(const GateKeyState& key) const { return key.budget - key.window.used() - key.in_stripes; }
  std::uint64_t tag(const GateKeyState& key) const { return slot_us_ > 0 ? GateKeyState::tag_of(key.window.slot()) : 0; }
  void expose(GateKeyState& key, std::int64_t units);
  void activate(GateKeyState& key);
  void reopen(GateKeyState& key);                        // there may be room now
  void sweep();
  Row row_of(const GateKeyState& key, std::int64_t admitted, std::int64_t leased, const std::string& window) const;
  void run();

  Engine& engine_;
  const std::string name_;
  const GateOptions options_;
  const Budget budget_;
  const std::int64_t slot_us_;
  const std::function<std::int64_t()> clock_;
  const unsigned stripes_;
  const std::uint64_t refreshes_a_measure_;

  std::mutex mutex_;
  std::condition_variable served_, room_, stop_;
  bool leading_ = false, closed_ = false;
  std::vector<Waiter*> waiting_;
  std::vector<GateKeyState*> active_;
  std::int64_t exposure_ = 0;
  std::size_t swept_ = 0;
  std::uint64_t refreshes_ = 0;
  Gate::Stats stats_;
  std::uint64_t sequence_ = 0;
  std::optional<Error> failed_;
  std::array<Shard, kShards> shards_;
  std::thread thread_;

  // The leader's.
  std::vector<Entry> batch_;
  std::vector<Waiter*> taken_;
  std::vector<Row> rows_;
  TransactionState transaction_;
};

}  // namespace weir::internal
