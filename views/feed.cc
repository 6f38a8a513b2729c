#include "views/feed.h"

#include <weir/feed.h>

#include <algorithm>
#include <thread>

#include "views/door.h"
#include "views/engine.h"
#include "zset/consolidate.h"

namespace weir {
namespace internal {
namespace {

constexpr std::chrono::milliseconds kLookAgain{10};

std::string named(const StoredRelation& relation) { return std::string(relation.is_view ? "view" : "table") + " \"" + relation.name + "\""; }

Change change_of(const StoredRelation& relation, std::uint64_t sequence, bool is_snapshot, Arena arena, Delta rows) {
  auto data = std::make_shared<Change::Data>();
  data->view = relation.name;
  data->sequence = sequence;
  data->is_snapshot = is_snapshot;
  data->schema = relation.schema;
  data->arena = std::move(arena);
  data->rows = std::move(rows);
  data->size = data->rows.rows();
  return Change(std::move(data));
}

const StoredLog& require_log(const std::vector<StoredLog>& logs, const StoredRelation& relation) {
  if (const StoredLog* log = find(logs, relation.name)) return *log;
  Failure failure(ErrorCode::kInput, named(relation) + " keeps no change log");
  failure.error().hint = std::string("ALTER ") + (relation.is_view ? "VIEW" : "TABLE") + " … SET (feed) makes it keep one from then on";
  throw failure;
}

// The domains of a file, enum types among them, each made of its definition.
class Domains final : public Catalog {
 public:
  explicit Domains(const std::string& script) {
    bool complete = false;
    for (const StatementText& text : split_statements(script, complete)) {
      try {
        domains_.push_back(bind_statement(text, *this).domain);
      } catch (const Failure&) {  // its condition calls a function of the program that writes the file: no row needs it to be read
      }
    }
  }
  const std::shared_ptr<const Domain>* find_domain(std::string_view name) const override {
    const auto found = std::find_if(domains_.begin(), domains_.end(), [&](const auto& domain) { return domain->name == name; });
    return found == domains_.end() ? nullptr : &*found;
  }
  const Relation* find_relation(std::string_view) const override { return nullptr; }
  std::vector<std::string> relation_names() const override { return {}; }
  std::vector<const Function*> find(std::string_view) const override { return {}; }

 private:
  std::vector<std::shared_ptr<const Domain>> domains_;
};

// The name as it is to be found in a file; Failure(kUnknownName).
const StoredRelation& require(const std::vector<StoredRelation>& catalog, std::string_view name) {
  if (const StoredRelation* relation = find(catalog, name)) return *relation;
  Failure failure(ErrorCode::kUnknownName, "relation \"" + std::string(name) + "\" does not exist");
  std::vector<std::string> names;
  for (const StoredRelation& relation : catalog) names.push_back(relation.name);
  if (const std::string near = nearest_name(name, names); !near.empty()) failure.error().hint = "did you mean \"" + near + "\"?";
  throw failure;
}

}  // namespace

const StoredRelation* find(const std::vector<StoredRelation>& catalog, std::string_view name) {
  const auto it = std::find_if(catalog.begin(), catalog.end(), [&](const StoredRelation& r) { return r.name == name; });
  return it == catalog.end() ? nullptr : &*it;
}

const StoredLog* find(const std::vector<StoredLog>& logs, std::string_view name) {
  const auto it = std::find_if(logs.begin(), logs.end(), [&](const StoredLog& log) { return log.relation == name; });
  return it == logs.end() ? nullptr : &*it;
}

void read_log(const Storage& storage, const StoredRelation& relation, std::uint64_t after, const std::function<void(const Change&)>& f) {
  const std::vector<StoredLog> logs = storage.logs();
  const StoredLog& log = require_log(logs, relation);
  if (after < log.base) {
    Failure failure(ErrorCode::kInput, "the change log of " + named(relation) + " holds what came after sequence " + std::to_string(log.base) +
                                           ", and no longer all that came after " + std::to_string(after));
    failure.error().hint = "take it as it is now, and its changes from there";
    throw failure;
  }
  if (after > storage.sequence()) {
    throw Failure(ErrorCode::kInput,
                  "sequence " + std::to_string(after) + " has not been reached: the file is at " + std::to_string(storage.sequence()));
  }
  storage.read_log(relation, after, [&](std::uint64_t sequence, std::unique_ptr<StoredRows> rows) {
    if (!rows->rows.empty()) f(change_of(relation, sequence, false, std::move(rows->arena), std::move(rows->rows)));
  });
}

void enter_types(const Storage& storage) { const Domains domains(storage.setting(kDomainsSetting)); }

bool wait_for_commit(Storage& storage, std::chrono::milliseconds for_so_long) {
  const auto end = std::chrono::steady_clock::now() + for_so_long;
  while (!storage.refresh()) {
    const auto left = end - std::chrono::steady_clock::now();
    if (left <= std::chrono::nanoseconds(0)) return false;
    std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(left, kLookAgain));
  }
  return true;
}

// First, while others commit, what the file holds; then, with nobody else writing, what has come meanwhile.
std::shared_ptr<SubscriptionState> Engine::subscribe_after(std::string_view name, std::uint64_t after, std::function<void(const Change&)> callback,
                                                           const SubscribeOptions& options) {
  std::shared_ptr<SubscriptionState> subscription;
  {
    const auto lock = reading();
    if (!storage_) throw Failure(ErrorCode::kUnsupported, "a database in memory keeps no change logs");
    subscription = std::make_shared<SubscriptionState>(shared_from_this(), state(name), std::move(callback), options);
  }
  const auto catch_up = [&](const Storage& storage, const std::function<void(const Change&)>& f) {
    const std::vector<StoredRelation> catalog = storage.catalog();
    read_log(storage, require(catalog, name), after, [&](const Change& change) {
      f(change);
      after = change.sequence();
    });
  };
  if (!options_.read_only) {
    if (storage_thread_) storage_thread_->drain();
    StorageOptions look;
    look.read_only = true;
    catch_up(*Storage::open(path_, look), [&](const Change& change) { subscription->deliver(change); });
  }
  const Writing writing(*this, nullptr);
  end_left();
  if (storage_thread_) storage_thread_->drain();
  const std::shared_ptr<RelationState> found = state(name);
  std::vector<Delivery> deliveries;
  catch_up(*storage_, [&](const Change& change) { deliveries.push_back({subscription, change}); });
  {
    const std::lock_guard lock(subscriptions_mutex_);
    subscription->moved_to(found);
    found->subscriptions.push_back(subscription);
    ++subscriptions_;
  }
  deliver(deliveries);
  return subscription;
}

}  // namespace internal

// ---- Feed

struct Feed::Impl {
  std::string file;
  std::unique_ptr<Storage> storage;
  std::string relation;
  std::optional<std::uint64_t> at;
  bool fresh = true;  // the storage shows what has not been read

  void open() {
    StorageOptions options;
    options.read_only = true;
    options.create = false;
    storage = Storage::open(file, options);
    fresh = true;
  }
  std::uint64_t read(const std::function<void(const Change&)>& f);
};

Feed::Feed(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Feed::Feed(Feed&&) noexcept = default;
Feed::~Feed() = default;

Result<Feed> Feed::open(const std::string& file, std::string_view relation, std::optional<std::uint64_t> after) {
  return internal::guarded([&] {
    auto impl = std::make_unique<Impl>();
    impl->file = file;
    impl->open();
    impl->relation = relation;
    impl->at = after;
    const std::vector<StoredRelation> catalog = impl->storage->catalog();
    const std::vector<StoredLog> logs = impl->storage->logs();
    internal::require_log(logs, internal::require(catalog, relation));
    return Feed(std::move(impl));
  });
}

std::uint64_t Feed::Impl::read(const std::function<void(const Change&)>& f) {
  std::uint64_t changes = 0;
  internal::enter_types(*storage);
  const std::vector<StoredRelation> catalog = storage->catalog();
  const StoredRelation& found = internal::require(catalog, relation);
  if (!at) {
    Arena arena;
    Delta rows, net;
    storage->read(found, [&](const Delta& some) { deep_copy(some, arena, rows); });
    consolidate(rows, arena, net);
    f(internal::change_of(found, storage->sequence(), true, std::move(arena), std::move(net)));
    ++changes;
  } else {
    internal::read_log(*storage, found, *at, [&](const Change& change) {
      f(change);
      at = change.sequence();
      ++changes;
    });
  }
  at = storage->sequence();
  return changes;
}

Result<std::uint64_t> Feed::read(const std::function<void(const Change&)>& f) {
  return internal::guarded([&] {
    if (!impl_->fresh && !impl_->storage->refresh()) return std::uint64_t{0};
    try {
      const std::uint64_t changes = impl_->read(f);
      impl_->storage->rest();
      impl_->fresh = false;
      return changes;
    } catch (...) {
      impl_->open();  // what has not been read is there still
      throw;
    }
  });
}

Result<bool> Feed::wait(std::chrono::milliseconds for_so_long) {
  return internal::guarded([&] { return impl_->fresh = impl_->fresh || internal::wait_for_commit(*impl_->storage, for_so_long); });
}

std::uint64_t Feed::sequence() const { return impl_->at.value_or(0); }

}  // namespace weir
