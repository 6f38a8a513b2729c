// Would catch: a copy that a power failure or kill -9 at any write leaves between two batches of its source, or with a sequence number that is not that of its rows; a change that is applied twice,
// or not at all, by the follower that goes on.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>
#include <weir/weir.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <thread>
#include <utility>

#include "storage/storage.h"
#include "tests/crash/fault_vfs.h"
#include "tests/views/open.h"
#include "zset/digest.h"

namespace weir::crash {
namespace {

constexpr int kStates = 6;

// The sequence number, and the digest of each relation that is in the file.
using State = std::pair<std::uint64_t, std::map<std::string, std::string>>;

State state_of(const std::string& file, bool logged_only) {
  StorageOptions options;
  options.read_only = true;
  const auto storage = Storage::open(file, options);
  State out{storage->sequence(), {}};
  std::vector<std::string> logged;
  for (const StoredLog& log : storage->logs()) logged.push_back(log.relation);
  for (const StoredRelation& relation : storage->catalog()) {
    if (logged_only && std::find(logged.begin(), logged.end(), relation.name) == logged.end()) continue;
    Digest digest;
    storage->read(relation, [&](const Delta& rows) { digest.add(rows); });
    out.second[relation.name] = digest.to_string();
  }
  return out;
}

unsigned number_from(const char* name, unsigned otherwise) {
  const char* value = std::getenv(name);
  return value ? static_cast<unsigned>(std::strtoul(value, nullptr, 10)) : otherwise;
}

// A source at several times, each a file of its own: several batches lie between two, and tables and views that come, go and are replaced.
class Sources {
 public:
  explicit Sources(unsigned seed) {
    std::mt19937 random(seed);
    Database db = Database::open(folder_.file("source"), {.threads = 1}).value();
    db.execute(
          "CREATE TABLE items (id BIGINT PRIMARY KEY, kind BIGINT, note TEXT) WITH (audit); CREATE TABLE bag (a BIGINT, b TEXT) WITH (feed, "
          "retention = 4);"
          "CREATE VIEW kinds WITH (feed) AS SELECT kind, COUNT(*) AS n, MAX(note) AS last FROM items GROUP BY kind")
        .value();
    for (int state = 0; state < kStates; ++state) {
      for (int batch = 0; batch < 5; ++batch) {
        const std::string n = std::to_string(random() % 40), k = std::to_string(random() % 4);
        db.execute("INSERT INTO items SELECT " + n + " + g * 40, " + k +
                   ", repeat('note ', 20) || g FROM generate_series(1, 30) AS g ON CONFLICT DO NOTHING")
            .value();
        db.execute("DELETE FROM items WHERE kind = " + k + " AND id % 3 = 0; INSERT INTO bag VALUES (" + k + ", 'b'), (" + k + ", 'b')").value();
        if (random() % 3 == 0) db.execute("DELETE FROM bag WHERE a = " + k).value();
        if (random() % 6 == 0)
          db.execute("CREATE OR REPLACE VIEW kinds WITH (feed) AS SELECT kind, COUNT(*) AS n, MAX(note) AS last FROM items WHERE id > " + n +
                     " GROUP BY kind")
              .value();
        if (random() % 6 == 0)
          db.execute(std::exchange(extra_, !extra_) ? "DROP VIEW extra" : "CREATE VIEW extra WITH (feed) AS SELECT a FROM bag").value();
      }
      db.backup(file(state)).value();
      states.push_back(state_of(file(state), true));
    }
  }
  std::string file(int state) const { return folder_.file("source" + std::to_string(state)); }
  std::vector<State> states;

 private:
  Folder folder_;
  bool extra_ = false;
};

// Follows the source from what it is at one time to what it is at the next.
void follow(const Sources& sources, const std::string& copy) {
  for (int state = 0; state < kStates; ++state) {
    if (std::filesystem::exists(copy)) {
      StorageOptions look;
      look.read_only = true;
      try {
        if (Storage::open(copy, look)->sequence() > sources.states[static_cast<std::size_t>(state)].first) continue;
      } catch (const Failure&) {  // there is nothing in it yet
      }
    }
    auto follower = Follower::open(sources.file(state), copy);
    if (!follower.ok() || !follower.value().step().ok()) return;
  }
}

// The copy is empty, or the source as it was at one of the times; the next follower brings it to the end.
void check_after_crash(const Sources& sources, const std::string& copy) {
  if (std::filesystem::exists(copy) && std::filesystem::file_size(copy) > 0) {
    Storage::open(copy, {});  // who writes next ends what SQLite was about when the file was made
    const State found = state_of(copy, false);
    if (!found.second.empty()) {
      ASSERT_NE(std::find(sources.states.begin(), sources.states.end(), found), sources.states.end()) << "the copy is at sequence " << found.first;
      ASSERT_TRUE(check(copy).value().ok());
    }
  }
  follow(sources, copy);
  ASSERT_EQ(state_of(copy, false), sources.states.back());
  ASSERT_TRUE(check(copy).value().ok());
}

TEST(FollowerCrash, PowerLossAtAnyPoint) {
  const unsigned points = number_from("WEIR_CRASH_POINTS", 120) / 2, first = number_from("WEIR_CRASH_SEED", 1);
  constexpr unsigned kPointsOfSource = 30;
  const Folder folder;
  const std::string copy = folder.file("copy"), made = folder.file("made");
  std::optional<Sources> sources;
  std::uint64_t changes = 0;
  for (unsigned point = 0; point < points; ++point) {
    const unsigned seed = first + point / kPointsOfSource;
    if (point % kPointsOfSource == 0) sources.emplace(seed);
    const auto begin = [&] {
      for (const char* ending : {"", "-wal", "-shm"}) std::filesystem::remove(copy + ending);
      std::filesystem::copy_file(made, copy);
    };
    if (point == 0) Follower::open(sources->file(0), made).value();  // a file, and nothing in it
    begin();
    FaultVfs faults;
    if (point % kPointsOfSource == 0) {
      follow(*sources, copy);
      changes = faults.counts().changes;
      ASSERT_EQ(state_of(copy, false), sources->states.back());
      begin();
      faults.reset();
    }
    std::mt19937 random(seed * 1'000'003 + point);
    const std::uint64_t at = 1 + random() % (changes + 2);
    faults.stop_at(at);
    follow(*sources, copy);
    const Leave what = std::array{Leave::kEverything, Leave::kSynced, Leave::kRandom, Leave::kRandom}[random() % 4];
    faults.leave(what, random);
    faults.reset();
    SCOPED_TRACE("seed " + std::to_string(seed) + ", point " + std::to_string(point) + ", stops at change " + std::to_string(at) + " of " +
                 std::to_string(changes) + ", leaves " + std::to_string(static_cast<int>(what)));
    check_after_crash(*sources, copy);
    if (HasFailure()) return;
  }
}

TEST(FollowerCrash, Kill9AtAnyPoint) {
  const unsigned points = number_from("WEIR_CRASH_POINTS", 120) / 8, first = number_from("WEIR_CRASH_SEED", 1);
  const Sources sources(first);
  const Folder folder;
  for (unsigned point = 0; point < points; ++point) {
    const std::string copy = folder.file(std::to_string(point));
    const pid_t child = ::fork();
    if (child == 0) {
      std::mt19937 random(first * 1'000'003 + point);
      FaultVfs faults;
      const unsigned at = 1 + random() % 120;
      std::thread killer([&] {
        while (faults.counts().changes < at) ::usleep(20);
        ::kill(::getpid(), SIGKILL);
      });
      killer.detach();
      follow(sources, copy);
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    SCOPED_TRACE("kill -9, seed " + std::to_string(first) + ", point " + std::to_string(point));
    check_after_crash(sources, copy);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace weir::crash
