#pragma once
// An admission gate: hands out units of a budget, exactly, to any number of threads.
//
//     CREATE TABLE limits (tenant BIGINT PRIMARY KEY, units BIGINT NOT NULL)
//     auto gate = db.create_gate("api", {.budget = "limits"}).value();
//     if (gate.try_acquire({7})) …                                    // one unit of tenant 7
//
// The budget of a key is an integer column of a row of a table, or of a view that has a key; or a number that is the same for every key. What is handed out is a table, <gate>_usage,
// that views may stand on; nobody else changes it while the gate is open. The gate itself is in the file too: Database::gate(name) opens it again.
//
// Law        at every instant, and across any crash: admitted ≤ reserved ≤ budget. A unit is reserved in the file before it is handed out: many at once (a lease), handed out
//            from memory. docs/gates.md has the derivation.
// Cost       try_acquire is one compare-and-swap where a lease has units; a transaction, shared by all who wait, where it has none. A refusal is a load.
// Threads    all calls from any thread, but not from a subscriber's kInline callback.
// Ownership  handles keep the database alive. A gate ends with Database::close(), which gives back what is leased; a crash forfeits it: at most max_exposure units.

#include <weir/database.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir {

namespace internal { class GateState; struct GateKeyState; }

// What a budget is of. Budget and rate are the same number: so many a period.
struct GateWindow {
  enum class Kind : std::uint8_t {
    kNone,         // of all time: what is refilled is the budget
    kFixed,        // of each period: from its multiples since 1970 on
    kSliding,      // of any stretch of time as long as a period. A unit counts for up to 1/16 of a period longer
    kTokenBucket,  // as many at once, and so many more in each period as time goes on
  } kind = Kind::kNone;
  std::chrono::microseconds period{0};   // at least 1 ms; of a sliding one 16 ms
};

struct GateOptions {
  std::string budget = "";               // a table with a primary key, or a view with a key: integers and texts
  std::string column = "";               // of the amount: SMALLINT, INTEGER or BIGINT. "": the only one that is not in the key
  // Instead of a table or view: every key has so many units; and the columns of the key: SMALLINT, INTEGER, BIGINT, TEXT.
  std::optional<std::int64_t> units = std::nullopt;
  std::vector<std::pair<std::string, TypeId>> key = {};
  GateWindow window = {};
  std::int64_t max_exposure = 10'000;    // units, over all keys, that are leased and not yet reported: what a crash may forfeit. 0: each admission is in the file first
  std::chrono::milliseconds refresh{100};  // how often what was handed out goes to <gate>_usage, and leases are topped up
  unsigned stripes = 0;                  // of a lease, so that threads don't meet; 0: as many as there are cores
  std::function<std::int64_t()> clock = {};  // microseconds since 1970, for windows; empty: the system's. The file does not keep it
};

class Admission {
 public:
  enum class Answer : std::uint8_t {
    kAdmitted,
    kExhausted,    // the budget has less, or there is no such key
    kInvalid,      // a negative number, a key of other types
    kUnavailable,  // nothing can be reserved: Gate::status() says why
  };
  Admission(Answer answer) : answer_(answer) {}
  explicit operator bool() const { return answer_ == Answer::kAdmitted; }
  Answer answer() const { return answer_; }

 private:
  Answer answer_;
};

// A key by handle: looked up once.
class GateKey {
 public:
  Admission try_acquire(std::int64_t n = 1) const;
  Admission try_acquire_for(std::int64_t n, std::chrono::milliseconds wait) const;
  Result<void> refund(std::int64_t n) const;

 private:
  friend class Gate;
  std::shared_ptr<internal::GateState> gate_;
  std::shared_ptr<internal::GateKeyState> key_;
};

class Gate {
 public:
  // All n or none.
  Admission try_acquire(const Row& key, std::int64_t n = 1) const;
  // Waits so long for a refill, a refund or time to bring them.
  Admission try_acquire_for(const Row& key, std::int64_t n, std::chrono::milliseconds wait) const;
  // Gives back what was acquired and not used. Error(kInput): more than was ever acquired.
  Result<void> refund(const Row& key, std::int64_t n) const;
  // Adds to the budget, which has to be a table. With an origin it is done once, however often it is repeated.
  Result<Receipt> refill(const Row& key, std::int64_t n, const SubmitOptions& options = {}) const;
  Result<GateKey> key(const Row& key) const;

  struct Usage {
    std::int64_t budget = 0;
    std::int64_t admitted = 0;    // ever, less what was refunded
    std::int64_t leased = 0;      // reserved, and not handed out
    std::int64_t forfeited = 0;   // leased when the program or the machine stopped; counts as used up
  };
  Result<Usage> usage(const Row& key) const;
  struct Stats {
    std::uint64_t epoch = 0;              // how often the gate was opened
    std::int64_t forfeited_at_open = 0;   // by the crash before
    std::int64_t exposure = 0;            // what a crash would forfeit now, at most
    std::uint64_t keys = 0;               // in memory
    std::uint64_t transactions = 0;       // of this epoch
  };
  Stats stats() const;
  Result<void> status() const;            // why the last reservation failed, if it did
  Result<void> flush() const;             // until all that was handed out is in <gate>_usage
  const std::string& name() const;

 private:
  friend class Database;
  std::shared_ptr<internal::GateState> state_;
};

}  // namespace weir
