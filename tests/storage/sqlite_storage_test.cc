// Would catch: values that do not come back from the file as they went in; rows of keyless relations counted wrongly; updates that leave the old row; names that SQLite
// can't tell apart; a failed or rolled-back transaction that leaves a trace; a foreign, torn, locked or newer file that is opened, or changed by the attempt.
#include "storage/storage.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>

#include "zset/consolidate.h"
#include "zset/numeric.h"
#include "zset/text_form.h"

namespace weir {
namespace {

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "weir-storage-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string file(const std::string& name = "a.db") const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

std::string bytes_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

ErrorCode refusal(const std::string& path, std::string* message = nullptr, StorageOptions options = {}) {
  try {
    Storage::open(path, options);
  } catch (const Failure& failure) {
    if (message) *message = failure.error().message;
    return failure.error().code;
  }
  ADD_FAILURE() << "opened " << path;
  return ErrorCode::kInternal;
}

struct Rows {
  explicit Rows(const Schema& schema) : schema(schema) {
    for (const Field& field : schema) kinds.push_back(kind_of(field.type.id));
  }
  Rows& add(std::vector<const char*> texts, std::int64_t weight = 1) {
    std::vector<Datum> row;
    for (std::size_t c = 0; c < texts.size(); ++c) {
      row.push_back(texts[c] ? parse_datum(texts[c], schema[c].type, arena) : Datum::of_null(kinds[c]));
    }
    ChunkBuilder builder(kinds, arena, delta);
    builder.append(row, weight);
    builder.finish();
    return *this;
  }
  Schema schema;
  std::vector<Kind> kinds;
  Arena arena;
  Delta delta;
};

// Text rows and how often they stand in the file.
std::map<std::string, std::int64_t> contents(Storage& storage, const StoredRelation& relation) {
  std::map<std::string, std::int64_t> out;
  storage.read(relation, [&](const Delta& delta) {
    for (const Chunk& chunk : delta.chunks) {
      chunk.each([&](std::uint32_t i) {
        std::string row;
        for (std::size_t c = 0; c < relation.schema.size(); ++c) {
          const Datum value = chunk.columns[c].get(i);
          if (c) row += '|';
          if (value.null) row += "NULL";
          else format_datum(value, relation.schema[c].type, row);
        }
        out[row] += chunk.weights[i];
      });
    }
  });
  return out;
}

template <class F>
void in_transaction(Storage& storage, F&& f) {
  storage.begin();
  f();
  storage.commit();
}

Field field(const char* name, TypeId type, bool nullable = true) { return {name, Type{type, 0, 0}, nullable}; }

using Contents = std::map<std::string, std::int64_t>;

TEST(SqliteStorage, KeepsValuesOfEveryType) {
  const Folder folder;
  const Schema schema = {field("b", TypeId::kBoolean), field("s", TypeId::kSmallint), field("i", TypeId::kInteger), field("l", TypeId::kBigint), field("r", TypeId::kReal),
                         field("d", TypeId::kDouble), field("n", TypeId::kNumeric), field("t", TypeId::kText), field("v", TypeId::kVarchar), field("da", TypeId::kDate),
                         field("ti", TypeId::kTimestamp), field("iv", TypeId::kInterval)};
  const StoredRelation relation{"everything", false, schema, {}, "CREATE TABLE everything (…)"};
  Rows rows(schema);
  rows.add({"t", "-32768", "2147483647", "-9223372036854775808", "1.1", "-0", "1.00", "it's \"text\"", "", "2001-02-03", "1999-12-31 23:59:59.123456", "1 mon -2 days 03:00:00"});
  rows.add({"f", "1", "2", "3", "Infinity", "NaN", "NaN", "a text longer than twelve bytes: \xc3\xa4\xc3\xb6", "v", "infinity", "-infinity", "00:00:00"});
  rows.add({nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr});
  rows.add({"t", "0", "0", "0", "-0", "5e-324", "123456789012345678901234567890.5000", "NULL", "NaN", "4713-01-01 BC", "0001-01-01 00:00:00", "-1 years"});
  Digest digest;
  digest.add(rows.delta);
  {
    auto storage = Storage::open(folder.file(), {});
    in_transaction(*storage, [&] {
      storage->create(relation);
      storage->write("everything", rows.delta);
      storage->set_sequence(7);
      storage->set_digest("everything", digest.to_string());
      storage->set_setting("colour", "blue");
    });
  }
  auto storage = Storage::open(folder.file(), {});
  EXPECT_EQ(storage->sequence(), 7u);
  EXPECT_EQ(storage->setting("colour"), "blue");
  ASSERT_EQ(storage->catalog().size(), 1u);
  const StoredRelation again = storage->catalog()[0];
  EXPECT_EQ(again.definition, relation.definition);
  ASSERT_EQ(again.schema.size(), schema.size());
  for (std::size_t c = 0; c < schema.size(); ++c) EXPECT_EQ(again.schema[c].type, schema[c].type);
  Digest read;
  storage->read(again, [&](const Delta& delta) { read.add(delta); });
  EXPECT_EQ(read.to_string(), storage->digest("everything")) << "a value did not come back bit by bit";
}

TEST(SqliteStorage, UpdatesAndDeletesByKey) {
  const Folder folder;
  const Schema schema = {field("id", TypeId::kBigint, false), field("v", TypeId::kText)};
  const Schema two = {field("a", TypeId::kText, false), field("b", TypeId::kNumeric, false), field("v", TypeId::kBigint)};
  const StoredRelation one{"one", false, schema, {0}, "d"}, pair{"pair", true, two, {0, 1}, "d"};
  auto storage = Storage::open(folder.file(), {});
  in_transaction(*storage, [&] {
    storage->create(one);
    storage->create(pair);
    storage->write("one", Rows(schema).add({"1", "x"}).add({"2", "y"}).add({"3", nullptr}).delta);
    storage->write("pair", Rows(two).add({"a", "1.0", "1"}).add({"b", "1", "2"}).delta);
  });
  in_transaction(*storage, [&] {
    storage->write("one", Rows(schema).add({"1", "x"}, -1).add({"1", "z"}).add({"2", "y"}, -1).add({"4", "n"}).delta);
    storage->write("pair", Rows(two).add({"a", "1.0", "1"}, -1).add({"a", "1.00", "9"}).delta);  // another text of the same key
  });
  EXPECT_EQ(contents(*storage, one), (Contents{{"1|z", 1}, {"3|NULL", 1}, {"4|n", 1}}));
  EXPECT_EQ(contents(*storage, pair), (Contents{{"a|1.00|9", 1}, {"b|1|2", 1}}));
}

TEST(SqliteStorage, CountsRowsWithoutKeyAndFindsNulls) {
  const Folder folder;
  const Schema schema = {field("a", TypeId::kBigint), field("b", TypeId::kDouble), field("t", TypeId::kText)};
  const StoredRelation bag{"bag", false, schema, {}, "d"}, groups{"groups", true, schema, {0}, "d"};  // grouped by a nullable column
  auto storage = Storage::open(folder.file(), {});
  in_transaction(*storage, [&] {
    storage->create(bag);
    storage->create(groups);
    storage->write("bag", Rows(schema).add({"1", "NaN", nullptr}, 3).add({nullptr, "-0", "t"}, 2).delta);
    storage->write("groups", Rows(schema).add({nullptr, "1", "x"}).add({"1", "2", "y"}).delta);
  });
  in_transaction(*storage, [&] {
    storage->write("bag", Rows(schema).add({"1", "NaN", nullptr}, -2).add({nullptr, "-0", "t"}, -2).delta);
    storage->write("groups", Rows(schema).add({nullptr, "5", "x"}).add({nullptr, "1", "x"}, -1).delta);
  });
  EXPECT_EQ(contents(*storage, bag), (Contents{{"1|NaN|NULL", 1}}));
  EXPECT_EQ(contents(*storage, groups), (Contents{{"NULL|5|x", 1}, {"1|2|y", 1}}));
  storage->begin();
  EXPECT_THROW(storage->write("bag", Rows(schema).add({"1", "NaN", nullptr}, -2).delta), Failure) << "fewer rows there than are to go";
  storage->rollback();
  EXPECT_EQ(contents(*storage, bag), (Contents{{"1|NaN|NULL", 1}}));
}

TEST(SqliteStorage, RandomChangesLeaveWhatTheyAddUpTo) {
  rc::check("the file holds the sum of the deltas", [] {
    const Folder folder;
    const bool keyed = *rc::gen::arbitrary<bool>();
    const Schema schema = {field("k", TypeId::kBigint, false), field("v", TypeId::kBigint, !keyed)};
    const StoredRelation relation{"r", false, schema, keyed ? std::vector<std::uint16_t>{0} : std::vector<std::uint16_t>{}, "d"};
    auto storage = Storage::open(folder.file(), {false, true, false});
    in_transaction(*storage, [&] { storage->create(relation); });
    std::map<std::pair<int, int>, std::int64_t> model;
    for (int batch = *rc::gen::inRange(1, 6); batch > 0; --batch) {
      auto next = model;
      for (int n = *rc::gen::inRange(0, 12); n > 0; --n) {
        const int k = *rc::gen::inRange(0, 5), v = *rc::gen::inRange(0, 3);
        if (keyed) std::erase_if(next, [&](const auto& e) { return e.first.first == k; });
        if (*rc::gen::arbitrary<bool>()) ++next[{k, v}];
        else next.erase({k, v});
      }
      Rows rows(schema);
      for (auto all = {&model, &next}; const auto* m : all) {
        for (const auto& [row, count] : *m) {
          rows.add({std::to_string(row.first).c_str(), std::to_string(row.second).c_str()}, m == &model ? -count : count);
        }
      }
      Delta net;
      consolidate(rows.delta, rows.arena, net);
      in_transaction(*storage, [&] { storage->write("r", net); });
      model = next;
      Contents want;
      for (const auto& [row, count] : model) want[std::to_string(row.first) + "|" + std::to_string(row.second)] = count;
      RC_ASSERT(contents(*storage, relation) == want);
    }
  });
}

TEST(SqliteStorage, KeepsNamesApartThatSqliteConfuses) {
  const Folder folder;
  const Schema schema = {field("A", TypeId::kBigint), field("a", TypeId::kBigint), field("select", TypeId::kBigint)};
  const std::vector<std::string> names = {"orders", "Orders", "sqlite_master", "weir_meta", "a \"b\"", "weir_meta_2"};
  {
    auto storage = Storage::open(folder.file(), {});
    in_transaction(*storage, [&] {
      for (std::size_t n = 0; n < names.size(); ++n) {
        storage->create({names[n], false, schema, {}, "d"});
        storage->write(names[n], Rows(schema).add({std::to_string(n).c_str(), "1", "2"}).delta);
      }
      storage->create({"nothing", true, {}, {}, "d"});
      Rows none({});
      storage->write("nothing", none.add({}, 2).delta);
    });
    in_transaction(*storage, [&] {
      Rows none({});
      storage->write("nothing", none.add({}, -1).delta);
    });
  }
  auto storage = Storage::open(folder.file(), {});
  const auto catalog = storage->catalog();
  ASSERT_EQ(catalog.size(), names.size() + 1);
  for (std::size_t n = 0; n < names.size(); ++n) {
    EXPECT_EQ(catalog[n].name, names[n]);
    EXPECT_EQ(contents(*storage, catalog[n]), (Contents{{std::to_string(n) + "|1|2", 1}}));
  }
  EXPECT_EQ(contents(*storage, catalog.back()), (Contents{{"", 1}}));
}

TEST(SqliteStorage, RollbackLeavesNoTrace) {
  const Folder folder;
  const Schema schema = {field("id", TypeId::kBigint, false)};
  const StoredRelation a{"a", false, schema, {0}, "d"}, b{"b", false, schema, {}, "d"};
  auto storage = Storage::open(folder.file(), {});
  in_transaction(*storage, [&] {
    storage->create(a);
    storage->write("a", Rows(schema).add({"1"}).delta);
    storage->set_digest("a", "first");
    storage->set_sequence(1);
  });
  storage->begin();
  storage->drop("a");
  storage->create(b);
  storage->set_sequence(2);
  storage->rollback();
  EXPECT_EQ(storage->sequence(), 1u);
  ASSERT_EQ(storage->catalog().size(), 1u);
  EXPECT_EQ(contents(*storage, a), (Contents{{"1", 1}}));
  storage->begin();
  storage->set_digest("a", "second");
  EXPECT_THROW(storage->write("a", Rows(schema).add({"1"}).delta), Failure) << "a key twice";
  storage->rollback();
  EXPECT_EQ(storage->digest("a"), "first");
  in_transaction(*storage, [&] { storage->write("a", Rows(schema).add({"2"}).delta); });
  EXPECT_EQ(contents(*storage, a), (Contents{{"1", 1}, {"2", 1}}));
}

TEST(SqliteStorage, OtherClientsReadWhileItIsOpen) {
  const Folder folder;
  const Schema schema = {field("id", TypeId::kBigint, false), field("at", TypeId::kTimestamp)};
  auto storage = Storage::open(folder.file(), {});
  in_transaction(*storage, [&] {
    storage->create({"events", false, schema, {0}, "d"});
    storage->write("events", Rows(schema).add({"1", "2001-01-01 00:00:00"}).delta);
  });
  // Another process, as POSIX locks do not tell two users of one process apart.
  const std::string command = "test \"$(sqlite3 " + folder.file() + " 'SELECT id, at FROM events')\" = '1|2001-01-01 00:00:00'";
  if (std::system("command -v sqlite3 > /dev/null") == 0) {
    EXPECT_EQ(std::system(command.c_str()), 0);
  }
}

TEST(SqliteStorage, RefusesFilesThatAreNotOurs) {
  const Folder folder;
  std::string message;
  std::ofstream(folder.file("text")) << std::string(5000, 'x');
  const std::string text = bytes_of(folder.file("text"));
  EXPECT_EQ(refusal(folder.file("text"), &message), ErrorCode::kCorrupt);
  EXPECT_NE(message.find("is not a database"), std::string::npos) << message;
  EXPECT_EQ(bytes_of(folder.file("text")), text);

  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(folder.file("foreign").c_str(), &db), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(db, "CREATE TABLE t (a)", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(db);
  const std::string foreign = bytes_of(folder.file("foreign"));
  EXPECT_EQ(refusal(folder.file("foreign"), &message), ErrorCode::kCorrupt);
  EXPECT_NE(message.find("not one that weir made"), std::string::npos) << message;
  EXPECT_EQ(bytes_of(folder.file("foreign")), foreign);

  EXPECT_EQ(refusal(folder.file("no/such/folder.db")), ErrorCode::kIo);
  EXPECT_EQ(refusal(folder.file("none"), nullptr, {false, false, true}), ErrorCode::kIo);
  EXPECT_FALSE(std::filesystem::exists(folder.file("none")));
  std::filesystem::create_directory(folder.file("folder"));
  EXPECT_EQ(refusal(folder.file("folder")), ErrorCode::kIo);
}

TEST(SqliteStorage, RefusesAnotherVersionAndATornFile) {
  const Folder folder;
  const Schema schema = {field("id", TypeId::kBigint, false), field("t", TypeId::kText)};
  {
    auto storage = Storage::open(folder.file(), {});
    in_transaction(*storage, [&] {
      storage->create({"t", false, schema, {0}, "d"});
      Rows rows(schema);
      for (int i = 0; i < 2000; ++i) rows.add({std::to_string(i).c_str(), "some text that fills the pages of the file"});
      storage->write("t", rows.delta);
    });
  }
  const std::string good = bytes_of(folder.file());
  std::string newer = good;
  newer[63] = 9;
  std::ofstream(folder.file("newer"), std::ios::binary) << newer;
  std::string message;
  EXPECT_EQ(refusal(folder.file("newer"), &message), ErrorCode::kCorrupt);
  EXPECT_NE(message.find("format is 9"), std::string::npos) << message;
  EXPECT_EQ(bytes_of(folder.file("newer")), newer);

  std::ofstream(folder.file("torn"), std::ios::binary) << good.substr(0, good.size() / 2);
  EXPECT_EQ(refusal(folder.file("torn")), ErrorCode::kCorrupt);
  EXPECT_EQ(bytes_of(folder.file("torn")), good.substr(0, good.size() / 2));

  std::string scrambled = good;
  for (std::size_t i = 4096 * 8; i < scrambled.size(); ++i) scrambled[i] = static_cast<char>(i * 31);
  std::ofstream(folder.file("scrambled"), std::ios::binary) << scrambled;
  try {
    auto storage = Storage::open(folder.file("scrambled"), {});
    contents(*storage, storage->catalog().at(0));
    FAIL() << "read a scrambled file";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.error().code, ErrorCode::kCorrupt) << failure.what();
  }
}

TEST(SqliteStorage, OneWriterAtATime) {
  const Folder folder;
  auto storage = Storage::open(folder.file(), {});
  std::string message;
  EXPECT_EQ(refusal(folder.file(), &message), ErrorCode::kIo);
  EXPECT_NE(message.find("already open"), std::string::npos) << message;
  const pid_t child = fork();
  if (child == 0) {
    // The child holds no lock of its own: what it inherits is let go as soon as it opens the file anew, in a program of its own.
    const std::string command = "flock -n " + folder.file() + " true";
    _exit(std::system(command.c_str()) == 0 ? 1 : 0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 0) << "another program got the lock";
  storage.reset();
  EXPECT_NE(Storage::open(folder.file(), {}), nullptr);
}

TEST(SqliteStorage, AFullDiskRefusesTheBatchOnly) {
  const Folder folder;
  const Schema schema = {field("id", TypeId::kBigint, false), field("t", TypeId::kText)};
  const StoredRelation t{"t", false, schema, {0}, "d"};
  auto storage = Storage::open(folder.file(), {});
  in_transaction(*storage, [&] {
    storage->create(t);
    storage->write("t", Rows(schema).add({"1", "x"}).delta);
  });
  Rows many(schema);
  for (int i = 10; i < 5000; ++i) many.add({std::to_string(i).c_str(), "a row that takes up some room in the write-ahead log of the file"});
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{64 * 1024, before.rlim_max};
  const auto old = std::signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);
  storage->begin();
  bool refused = false;
  try {
    storage->write("t", many.delta);
    storage->commit();
  } catch (const Failure& failure) {
    refused = failure.error().code == ErrorCode::kIo;
  }
  storage->rollback();
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, old);
  EXPECT_TRUE(refused);
  EXPECT_EQ(contents(*storage, t), (Contents{{"1|x", 1}}));
  in_transaction(*storage, [&] { storage->write("t", Rows(schema).add({"2", "y"}).delta); });
  EXPECT_EQ(contents(*storage, t), (Contents{{"1|x", 1}, {"2|y", 1}}));
}

}  // namespace
}  // namespace weir
