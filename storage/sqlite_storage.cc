#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <set>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "storage/change_logs.h"
#include "storage/meter.h"
#include "storage/open_file.h"
#include "storage/storage.h"
#include "zset/arena.h"
#include "zset/hash.h"
#include "zset/text_form.h"
#include "zset/type_classes.h"

namespace weir {
namespace {

constexpr std::int32_t kApplicationId = 0x57454952;  // "WEIR"
constexpr std::int32_t kFormat = 1;
constexpr int kBusyTimeoutMs = 5000;
constexpr int kBusyOfReadersMs = 50;  // for one that is about to end
constexpr int kCheckpointPages = 4000;  // of the WAL
constexpr std::uint64_t kWalHeader = 32, kWalFrameHeader = 24;
constexpr std::uint32_t kReadChunks = 16;  // handed on together while reading
constexpr std::size_t kRowsAtOnce = 16;    // that one statement writes
constexpr std::size_t kParametersMax = 32766;  // of a statement

std::string quoted(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

std::string lower(std::string_view s) {
  std::string out(s);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// The name, or the name with a suffix that makes it unlike all in `taken` (lower case); adds it there.
std::string free_name(const std::string& name, std::set<std::string>& taken) {
  const std::string low = lower(name);
  const std::string base = low.empty() || low.starts_with("sqlite_") || low.starts_with("weir_") ? "relation_" + name : name;
  std::string candidate = base;
  for (int n = 2; !taken.insert(lower(candidate)).second; ++n) candidate = base + "_" + std::to_string(n);
  return candidate;
}

using Statement = std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)>;
Statement no_statement() { return {nullptr, sqlite3_finalize}; }

const char* sqlite_type(TypeId id) {
  switch (id) {
    case TypeId::kBoolean: case TypeId::kSmallint: case TypeId::kInteger: case TypeId::kBigint: return "INTEGER";
    case TypeId::kReal: case TypeId::kDouble: return "REAL";
    case TypeId::kBytea: return "BLOB";
    default: return "TEXT";
  }
}


// One relation in the file, with its prepared statements.
struct Stored {
  StoredRelation relation;
  std::int64_t id = 0;
  std::string stored_as;
  std::vector<std::string> columns;  // names in SQLite
  bool unique = false;               // has a PRIMARY KEY in SQLite
  bool indexed = false;              // not unique: the index for deletes exists
  std::string digest;
  std::vector<std::string> scratch = {};  // text forms of the rows being bound
  // Of one row, and of kRowsAtOnce.
  Statement insert = no_statement(), replace = no_statement(), remove = no_statement();
  Statement insert_many = no_statement(), replace_many = no_statement();

  std::string table() const { return quoted(stored_as); }
  std::string index() const { return quoted("weir_index_" + std::to_string(id)); }
  // The columns by which a row is deleted.
  std::vector<std::uint16_t> found_by() const {
    if (!relation.key.empty()) return relation.key;
    std::vector<std::uint16_t> all(columns.size());
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint16_t>(i);
    return all;
  }
};

class SqliteStorage final : public Storage {
 public:
  SqliteStorage(const std::string& path, const StorageOptions& options) : path_(path), read_only_(options.read_only) {
    const bool existed = check_file(options) || !make_file();
    try {
      lock_ = std::make_unique<OpenFile>(path_, !options.read_only);
    } catch (...) {
      if (!existed) ::unlink(path_.c_str());
      throw;
    }
    try {
      connect(options);
    } catch (...) {
      close();
      throw;
    }
  }

  ~SqliteStorage() override { close(); }

  std::uint64_t sequence() const override { return sequence_; }

  std::vector<StoredRelation> catalog() const override {
    std::vector<std::pair<std::int64_t, const Stored*>> ordered;
    for (const auto& [name, stored] : relations_) ordered.emplace_back(stored.id, &stored);
    std::sort(ordered.begin(), ordered.end());
    std::vector<StoredRelation> out;
    for (const auto& [id, stored] : ordered) out.push_back(stored->relation);
    return out;
  }

  void read_parts(const StoredRelation& relation, const std::function<void(std::unique_ptr<StoredRows>)>& f) override {
    const Stored& stored = find(relation.name);
    std::string sql = "SELECT ";
    for (std::size_t i = 0; i < stored.columns.size(); ++i) sql += (i ? ", " : "") + quoted(stored.columns[i]);
    const std::string doing = "read " + stored.table() + " from";
    const Statement select = prepare(sql + " FROM " + stored.table(), doing.c_str());
    const Schema& schema = stored.relation.schema;
    std::vector<Kind> kinds;
    for (const Field& field : schema) kinds.push_back(kind_of(field.type.id));
    for (bool more = true; more;) {
      auto part = std::make_unique<StoredRows>();
      Arena& arena = part->arena;
      ChunkBuilder builder(kinds, arena, part->rows);
      for (std::uint32_t row = 0; row < kReadChunks * kChunkRows; ++row) {
        const int rc = sqlite3_step(select.get());
        if (rc != SQLITE_ROW) {
          if (rc != SQLITE_DONE) fail(doing.c_str(), rc);
          more = false;
          break;
        }
        const std::uint32_t at = builder.row(1);
        for (std::size_t c = 0; c < schema.size(); ++c) load(select.get(), static_cast<int>(c), stored, builder.columns()[c], at, arena);
      }
      builder.finish();
      if (!part->rows.empty()) f(std::move(part));
    }
  }

  std::string digest(const std::string& relation) const override {
    const auto it = relations_.find(relation);
    return it == relations_.end() ? "" : it->second.digest;
  }

  std::string setting(const std::string& name) const override {
    const auto it = settings_.find(name);
    return it == settings_.end() ? "" : it->second;
  }

  std::vector<SourceMark> marks() const override {
    std::vector<SourceMark> out;
    if (integer("SELECT count(*) FROM sqlite_master WHERE name = 'weir_source'", "read") == 0) return out;
    const Statement s = prepare("SELECT source, epoch, sequence FROM weir_source", "read");
    while (row(s.get(), "read")) {
      out.push_back({text(s.get(), 0), static_cast<std::uint64_t>(sqlite3_column_int64(s.get(), 1)), static_cast<std::uint64_t>(sqlite3_column_int64(s.get(), 2))});
    }
    return out;
  }

  std::vector<StoredLog> logs() const override { return logs_.list(); }

  void read_log(const StoredRelation& relation, std::uint64_t after, const std::function<void(std::uint64_t, std::unique_ptr<StoredRows>)>& f) const override {
    logs_.read(relation, after, f);
  }

  bool refresh() override {
    rest();
    const std::int64_t version = integer("PRAGMA data_version", "read");
    if (version == data_version_) return false;
    run("BEGIN", "read");
    if (integer("PRAGMA schema_version", "read") != schema_version_) {
      load_catalog();
    } else {
      load_sequence();
      std::map<std::int64_t, std::string> digests;
      const Statement select = prepare("SELECT relation, digest FROM weir_digest", "read the catalog of");
      while (row(select.get(), "read the catalog of")) digests.emplace(sqlite3_column_int64(select.get(), 0), text(select.get(), 1));
      for (auto& [name, stored] : relations_) stored.digest = digests[stored.id];
      logs_.load(db_);
    }
    data_version_ = version;
    return true;
  }

  void rest() noexcept override {
    if (!sqlite3_get_autocommit(db_)) sqlite3_exec(db_, "COMMIT", nullptr, nullptr, nullptr);
  }

  std::string damage() const override {
    const Statement s = prepare("PRAGMA integrity_check(1)", "check");
    const std::string found = row(s.get(), "check") ? text(s.get(), 0) : "it says nothing";
    return found == "ok" ? "" : found;
  }

  // Copies the pages of the snapshot that this storage shows. REQUIRES: read-only.
  void copy_to(const std::string& to) const {
    sqlite3* copy = nullptr;
    const auto close_copy = [](sqlite3* db) { sqlite3_close_v2(db); };
    const auto open_copy = [&] {
      const int rc = sqlite3_open_v2(to.c_str(), &copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
      return std::pair(std::unique_ptr<sqlite3, decltype(close_copy)>(copy, close_copy), rc);
    };
    const auto check = [&](int rc, const char* why) {
      if (rc != SQLITE_OK) throw Failure(ErrorCode::kIo, "cannot write the copy \"" + to + "\": " + why);
    };
    {
      const auto [opened, rc] = open_copy();
      check(rc, sqlite3_errstr(rc));
      check(sqlite3_exec(copy, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF", nullptr, nullptr, nullptr), sqlite3_errmsg(copy));  // a copy that stops is no copy
      sqlite3_backup* pages = sqlite3_backup_init(copy, "main", db_, "main");
      if (!pages) check(SQLITE_ERROR, sqlite3_errmsg(copy));
      const int copied = sqlite3_backup_step(pages, -1);
      const int finished = sqlite3_backup_finish(pages);
      check(copied == SQLITE_DONE ? finished : copied, sqlite3_errstr(copied == SQLITE_DONE ? finished : copied));
    }
    const auto [opened, rc] = open_copy();
    check(rc, sqlite3_errstr(rc));
    check(sqlite3_exec(copy, "PRAGMA journal_mode = DELETE", nullptr, nullptr, nullptr), sqlite3_errmsg(copy));  // one file, which can be read where nothing can be written
  }

  void add_stats(Stats& stats) const override {
    const MeterCounts& counts = meter_.counts();
    stats.has_file = true;
    stats.writes = counts.writes.load();
    stats.bytes_written = counts.bytes_written.load();
    stats.reads = counts.reads.load();
    stats.bytes_read = counts.bytes_read.load();
    stats.sync_ns = counts.syncs_ns.spread();
    stats.transaction_ns = transactions_ns_.spread();
    stats.wal_bytes = wal_bytes();
    stats.wal_limit_bytes = wal_limit_bytes_;
    stats.checkpoints = checkpoints_.load();
    stats.checkpoints_blocked = checkpoints_blocked_.load();
  }

  std::uint64_t wal_bytes() const override { return wal_bytes_.load(std::memory_order_relaxed); }

  bool empty_wal() override {
    sqlite3_busy_timeout(db_, kBusyOfReadersMs);
    const int rc = sqlite3_wal_checkpoint_v2(db_, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
    sqlite3_busy_timeout(db_, kBusyTimeoutMs);
    if ((rc & 0xff) != SQLITE_OK && (rc & 0xff) != SQLITE_BUSY) fail("checkpoint", rc);
    checkpoints_.fetch_add(1, std::memory_order_relaxed);
    if (rc == SQLITE_OK) wal_bytes_.store(0, std::memory_order_relaxed);
    else checkpoints_blocked_.fetch_add(1, std::memory_order_relaxed);
    return rc == SQLITE_OK;
  }

  void begin() override {
    if (read_only_) throw Failure(ErrorCode::kIo, "\"" + path_ + "\" is open for reading only");
    if (!doubt_.empty()) {
      throw Failure(ErrorCode::kIo, "\"" + path_ + "\" is read-only until it is opened again: " + doubt_ + ", and whether that batch is in the file is not known before");
    }
    if (poisoned_) {  // a rollback that could not re-read the catalog
      load_catalog();
      poisoned_ = false;
    }
    began_ = std::chrono::steady_clock::now();
    step_once(begin_, "BEGIN IMMEDIATE", "begin a transaction in");
    schema_changed_ = false;
    sequence_before_ = sequence_;
  }

  void create(const StoredRelation& relation) override {
    check_transaction();
    schema_changed_ = true;
    Stored stored{relation, 0, free_name(relation.name, taken_names_), column_names(relation.schema), is_unique(relation), false, ""};
    const Statement into = prepare("INSERT INTO weir_catalog (name, kind, stored_as, definition) VALUES (?, ?, ?, ?)", "create a relation in");
    bind_text(into.get(), 1, relation.name);
    bind_text(into.get(), 2, relation.is_view ? "view" : "table");
    bind_text(into.get(), 3, stored.stored_as);
    bind_text(into.get(), 4, relation.definition);
    finish(into.get(), "create a relation in");
    stored.id = sqlite3_last_insert_rowid(db_);
    const Statement column = prepare(
        "INSERT INTO weir_columns (relation, position, name, stored_as, type, type_id, precision, scale, nullable, key_position) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        "create a relation in");
    for (std::size_t i = 0; i < relation.schema.size(); ++i) {
      const Field& field = relation.schema[i];
      sqlite3_bind_int64(column.get(), 1, stored.id);
      sqlite3_bind_int64(column.get(), 2, static_cast<std::int64_t>(i));
      bind_text(column.get(), 3, field.name);
      bind_text(column.get(), 4, stored.columns[i]);
      const std::string type = field.type.to_string();
      bind_text(column.get(), 5, type);
      sqlite3_bind_int(column.get(), 6, static_cast<int>(field.type.id));
      sqlite3_bind_int(column.get(), 7, field.type.precision);
      sqlite3_bind_int(column.get(), 8, field.type.scale);
      sqlite3_bind_int(column.get(), 9, field.nullable ? 1 : 0);
      const auto key = std::find(relation.key.begin(), relation.key.end(), i);
      if (key == relation.key.end()) sqlite3_bind_null(column.get(), 10);
      else sqlite3_bind_int64(column.get(), 10, key - relation.key.begin());
      finish(column.get(), "create a relation in");
    }
    run(create_table_sql(stored), "create a table in");
    if (!stored.unique && !relation.key.empty()) make_index(stored);
    relations_.insert_or_assign(relation.name, std::move(stored));
  }

  void drop(const std::string& name) override {
    check_transaction();
    schema_changed_ = true;
    Stored& stored = find(name);
    stored.insert.reset();
    stored.replace.reset();
    stored.remove.reset();
    stored.insert_many.reset();
    stored.replace_many.reset();
    const std::string id = std::to_string(stored.id);
    run("DROP TABLE " + stored.table(), "drop a table in");
    run("DELETE FROM weir_catalog WHERE id = " + id, "drop a table in");
    run("DELETE FROM weir_columns WHERE relation = " + id, "drop a table in");
    run("DELETE FROM weir_digest WHERE relation = " + id, "drop a table in");
    taken_names_.erase(lower(stored.stored_as));
    relations_.erase(name);
  }

  void rewrite(const std::string& name) override { run("DELETE FROM " + find(name).table(), "rewrite a table in"); }

  void write(const std::string& name, const Delta& delta) override {
    check_transaction();
    Stored& stored = find(name);
    bool any_removed = false, any_added = false;
    for (const Chunk& chunk : delta.chunks) {
      chunk.each([&](std::uint32_t i) { (chunk.weights[i] < 0 ? any_removed : any_added) = true; });
    }
    if (stored.unique) {
      if (any_removed) remove_keys(stored, delta, any_added);
      if (any_added) add_rows(stored, delta, any_removed);
    } else {
      if (any_removed) remove_rows(stored, delta);
      if (any_added) add_rows(stored, delta, false);
    }
  }

  void set_sequence(std::uint64_t sequence) override {
    if (!set_sequence_) set_sequence_ = prepare("UPDATE weir_meta SET value = ? WHERE name = 'sequence'", "write to", true);
    sqlite3_bind_int64(set_sequence_.get(), 1, static_cast<std::int64_t>(sequence));
    finish(set_sequence_.get(), "write to");
    sequence_ = sequence;
  }

  void set_digest(const std::string& relation, const std::string& digest) override {
    Stored& stored = find(relation);
    if (!set_digest_) set_digest_ = prepare("INSERT OR REPLACE INTO weir_digest (relation, digest) VALUES (?, ?)", "write to", true);
    sqlite3_bind_int64(set_digest_.get(), 1, stored.id);
    bind_text(set_digest_.get(), 2, digest);
    finish(set_digest_.get(), "write to");
    changed_digests_.try_emplace(relation, stored.digest);
    stored.digest = digest;
  }

  void set_setting(const std::string& name, const std::string& value) override {
    const Statement set = prepare("INSERT OR REPLACE INTO weir_meta (name, value) VALUES (?, ?)", "write to");
    bind_text(set.get(), 1, name);
    bind_text(set.get(), 2, value);
    finish(set.get(), "write to");
    settings_[name] = value;
    schema_changed_ = true;
  }

  void savepoint(std::size_t number) override { run("SAVEPOINT weir" + std::to_string(number), "set a savepoint in"); }

  void rollback_to(std::size_t number) override {
    // A statement that is not reset would keep the tables that it reads locked.
    for (auto& [name, stored] : relations_) stored.insert.reset(), stored.replace.reset(), stored.remove.reset();
    run("ROLLBACK TO weir" + std::to_string(number), "roll back to a savepoint in");
    load_catalog();
  }

  void set_mark(const SourceMark& mark) override {
    if (!set_mark_) {
      run("CREATE TABLE IF NOT EXISTS weir_source (source TEXT PRIMARY KEY, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL) WITHOUT ROWID", "write to");
      set_mark_ = prepare("INSERT OR REPLACE INTO weir_source VALUES (?, ?, ?)", "write to", true);
      mark_is_new_ = true;
    }
    bind_text(set_mark_.get(), 1, mark.source);
    sqlite3_bind_int64(set_mark_.get(), 2, static_cast<std::int64_t>(mark.epoch));
    sqlite3_bind_int64(set_mark_.get(), 3, static_cast<std::int64_t>(mark.sequence));
    finish(set_mark_.get(), "write to");
  }

  void set_log(const StoredLog& log) override {
    check_transaction();
    schema_changed_ = true;
    logs_.set(log);
  }
  void drop_log(const std::string& relation) override {
    check_transaction();
    schema_changed_ = true;
    logs_.drop(relation);
  }
  void rename_log(const std::string& from, const std::string& to) override {
    check_transaction();
    schema_changed_ = true;
    logs_.rename(from, to);
  }
  void log(const std::string& relation, std::uint64_t sequence, const Delta& delta) override {
    check_transaction();
    logs_.write(relation, sequence, delta);
  }

  void commit() override {
    check_transaction();
    if (!commit_) commit_ = prepare("COMMIT", "commit to", true);
    const int rc = sqlite3_step(commit_.get());
    sqlite3_reset(commit_.get());
    if (rc != SQLITE_DONE) {
      // A write that fails leaves no commit record behind. After any other failure the record may be on disk.
      if (rc != SQLITE_FULL && rc != SQLITE_IOERR_WRITE && (rc & 0xff) != SQLITE_BUSY) doubt_ = std::string("a commit has failed (") + sqlite3_errmsg(db_) + ")";
      fail("commit to", rc);
    }
    mark_is_new_ = false;
    logs_.settle();
    changed_digests_.clear();
    transactions_ns_.add_alone(static_cast<std::uint64_t>(std::chrono::nanoseconds(std::chrono::steady_clock::now() - began_).count()));
  }

  void rollback() noexcept override {
    if (!sqlite3_get_autocommit(db_)) {
      sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr);
    }
    sequence_ = sequence_before_;
    if (mark_is_new_) set_mark_.reset();
    mark_is_new_ = false;
    for (auto& [name, digest] : changed_digests_) {
      if (const auto it = relations_.find(name); it != relations_.end()) it->second.digest = digest;
    }
    changed_digests_.clear();
    if (schema_changed_ || logs_.base_moved()) {
      try {
        load_catalog();
      } catch (...) {
        poisoned_ = true;
      }
    }
  }

 private:
  // Tells what the path is before SQLite sees it, which might otherwise change a file that is not ours. Returns whether the file is there and not empty.
  bool check_file(const StorageOptions& options) {
    struct stat info {};
    if (::stat(path_.c_str(), &info) != 0) {
      if (errno != ENOENT) throw Failure(ErrorCode::kIo, "cannot open \"" + path_ + "\": " + std::strerror(errno));
      if (!options.create || options.read_only) throw Failure(ErrorCode::kIo, "cannot open \"" + path_ + "\": no such file");
      return false;
    }
    if (!S_ISREG(info.st_mode)) throw Failure(ErrorCode::kIo, "cannot open \"" + path_ + "\": not a regular file");
    if (::access(path_.c_str(), options.read_only ? R_OK : R_OK | W_OK) != 0) {
      throw Failure(ErrorCode::kIo, "cannot open \"" + path_ + "\": " + std::strerror(errno));
    }
    if (info.st_size == 0) {
      if (options.read_only) throw Failure(ErrorCode::kCorrupt, "\"" + path_ + "\" is empty");
      return true;
    }
    std::array<unsigned char, 100> header{};
    if (const ssize_t n = read_unless_open(path_, header); n != kIsOpen) check_header(header, n);
    return true;
  }

  void check_header(const std::array<unsigned char, 100>& header, ssize_t n) const {
    const auto number = [&](std::size_t at) {
      return static_cast<std::int32_t>(std::uint32_t{header[at]} << 24 | std::uint32_t{header[at + 1]} << 16 | std::uint32_t{header[at + 2]} << 8 | header[at + 3]);
    };
    if (n < static_cast<ssize_t>(header.size()) || std::memcmp(header.data(), "SQLite format 3", 16) != 0) {
      throw Failure(ErrorCode::kCorrupt, "\"" + path_ + "\" is not a database");
    }
    if (number(68) != kApplicationId) {
      throw Failure(ErrorCode::kCorrupt, "\"" + path_ + "\" is a SQLite database, but not one that weir made");
    }
    check_format(number(60));
  }

  void check_format(std::int64_t format) const {
    if (format == kFormat) return;
    throw Failure(ErrorCode::kCorrupt, "\"" + path_ + "\" was made by another version of weir: its format is " + std::to_string(format) + ", this version reads " +
                                           std::to_string(kFormat));
  }

  // False: another program has made it just now.
  bool make_file() {
    const int fd = ::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0 && errno == EEXIST) return false;
    if (fd < 0) throw Failure(ErrorCode::kIo, "cannot create \"" + path_ + "\": " + std::strerror(errno));
    ::close(fd);
    return true;
  }

  void connect(const StorageOptions& options) {
    const int rc = sqlite3_open_v2(path_.c_str(), &db_, (options.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) | SQLITE_OPEN_NOMUTEX, meter_.name());
    if (rc != SQLITE_OK) fail("open", rc);
    sqlite3_extended_result_codes(db_, 1);
    sqlite3_busy_timeout(db_, kBusyTimeoutMs);
    run("PRAGMA temp_store = MEMORY", "open");
    data_version_ = integer("PRAGMA data_version", "open");
    if (options.read_only) run("BEGIN", "open");  // what is read first is what is read until the end
    if (integer("SELECT count(*) FROM sqlite_master", "open") == 0 && !options.read_only) initialise();
    if (integer("SELECT count(*) FROM sqlite_master WHERE name IN ('weir_meta', 'weir_catalog', 'weir_columns', 'weir_digest')", "open") != 4) {
      throw Failure(ErrorCode::kCorrupt, "\"" + path_ + "\" is a SQLite database, but not one that weir made: it has no table weir_meta");
    }
    check_format(integer("PRAGMA user_version", "open"));
    if (!options.read_only) {
      run("PRAGMA journal_mode = WAL", "open");
      run(options.sync ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL", "open");
      run("PRAGMA journal_size_limit = 67108864", "open");
      run("PRAGMA cache_size = -" + std::to_string(std::max<std::uint64_t>(options.cache_bytes, 1 << 20) / 1024), "open");
      wal_limit_bytes_ = options.wal_limit_bytes;
      page_bytes_ = static_cast<std::uint64_t>(integer("PRAGMA page_size", "open"));
      sqlite3_wal_hook(db_, committed, this);
    }
    load_catalog();
  }

  // As SQLite's own hook: brings the WAL to the file where it is large; what fails there is tried again by the next commit.
  static int committed(void* self, sqlite3* db, const char* name, int pages) {
    auto& storage = *static_cast<SqliteStorage*>(self);
    storage.wal_bytes_.store(kWalHeader + static_cast<std::uint64_t>(pages) * (storage.page_bytes_ + kWalFrameHeader), std::memory_order_relaxed);
    if (pages < kCheckpointPages) return SQLITE_OK;
    int in_wal = 0, in_file = 0;
    if (sqlite3_wal_checkpoint_v2(db, name, SQLITE_CHECKPOINT_PASSIVE, &in_wal, &in_file) != SQLITE_OK) return SQLITE_OK;
    storage.checkpoints_.fetch_add(1, std::memory_order_relaxed);
    if (in_file < in_wal) storage.checkpoints_blocked_.fetch_add(1, std::memory_order_relaxed);
    return SQLITE_OK;
  }

  void initialise() {
    run("BEGIN IMMEDIATE", "create");
    run("PRAGMA application_id = " + std::to_string(kApplicationId), "create");
    run("PRAGMA user_version = " + std::to_string(kFormat), "create");
    run("CREATE TABLE weir_meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID", "create");
    run("INSERT INTO weir_meta VALUES ('sequence', 0)", "create");
    run("CREATE TABLE weir_catalog (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, stored_as TEXT NOT NULL, definition TEXT NOT NULL)",
        "create");
    run("CREATE TABLE weir_columns (relation INTEGER, position INTEGER, name TEXT NOT NULL, stored_as TEXT NOT NULL, type TEXT NOT NULL, type_id INTEGER NOT NULL, "
        "precision INTEGER NOT NULL, scale INTEGER NOT NULL, nullable INTEGER NOT NULL, key_position INTEGER, PRIMARY KEY (relation, position)) WITHOUT ROWID",
        "create");
    run("CREATE TABLE weir_digest (relation INTEGER PRIMARY KEY, digest TEXT NOT NULL)", "create");
    run("COMMIT", "create");
  }

  void close() {
    relations_.clear();
    logs_.forget();
    for (Statement* s : {&begin_, &commit_, &set_sequence_, &set_digest_, &set_mark_}) s->reset();
    if (db_) sqlite3_close_v2(db_);
    db_ = nullptr;
    lock_.reset();
  }

  void load_sequence() { sequence_ = static_cast<std::uint64_t>(integer("SELECT value FROM weir_meta WHERE name = 'sequence'", "read the catalog of")); }

  void load_catalog() {
    relations_.clear();
    taken_names_.clear();
    settings_.clear();
    const Statement meta = prepare("SELECT name, value FROM weir_meta", "read the catalog of");
    while (row(meta.get(), "read the catalog of")) settings_[text(meta.get(), 0)] = text(meta.get(), 1);
    load_sequence();
    schema_version_ = integer("PRAGMA schema_version", "read the catalog of");
    std::map<std::int64_t, Stored> by_id;
    const Statement select = prepare(
        "SELECT id, name, kind, stored_as, definition, digest FROM weir_catalog LEFT JOIN weir_digest ON relation = id", "read the catalog of");
    while (row(select.get(), "read the catalog of")) {
      Stored stored;
      stored.id = sqlite3_column_int64(select.get(), 0);
      stored.relation.name = text(select.get(), 1);
      stored.relation.is_view = text(select.get(), 2) == "view";
      stored.stored_as = text(select.get(), 3);
      stored.relation.definition = text(select.get(), 4);
      stored.digest = text(select.get(), 5);
      by_id.emplace(stored.id, std::move(stored));
    }
    const Statement columns = prepare(
        "SELECT relation, name, stored_as, type_id, precision, scale, nullable, key_position FROM weir_columns ORDER BY relation, position", "read the catalog of");
    std::map<std::int64_t, std::map<std::int64_t, std::uint16_t>> keys;
    while (row(columns.get(), "read the catalog of")) {
      const auto it = by_id.find(sqlite3_column_int64(columns.get(), 0));
      const int type = sqlite3_column_int(columns.get(), 3);
      const bool known = type == static_cast<int>(TypeId::kEnum) ||
                         (type >= 0 && type <= 0xFF && element_of(static_cast<TypeId>(type)) <= kLastTypeId && type != static_cast<int>(TypeId::kArray));
      if (it == by_id.end() || !known) damaged("its catalog makes no sense");
      Stored& stored = it->second;
      if (sqlite3_column_type(columns.get(), 7) != SQLITE_NULL) {
        keys[stored.id][sqlite3_column_int64(columns.get(), 7)] = static_cast<std::uint16_t>(stored.columns.size());
      }
      Field field;
      field.name = text(columns.get(), 1);
      field.type = Type{static_cast<TypeId>(type), sqlite3_column_int(columns.get(), 4), sqlite3_column_int(columns.get(), 5)};
      field.nullable = sqlite3_column_int(columns.get(), 6) != 0;
      stored.relation.schema.push_back(std::move(field));
      stored.columns.push_back(text(columns.get(), 2));
    }
    for (auto& [id, stored] : by_id) {
      for (const auto& [position, column] : keys[id]) stored.relation.key.push_back(column);
      if (stored.columns.empty()) stored.columns.push_back("weir_row");
      stored.unique = is_unique(stored.relation);
      const Statement index = prepare("SELECT 1 FROM sqlite_master WHERE type = 'index' AND name = 'weir_index_" + std::to_string(id) + "'", "read the catalog of");
      stored.indexed = row(index.get(), "read the catalog of");
      taken_names_.insert(lower(stored.stored_as));
      std::string name = stored.relation.name;
      relations_.emplace(std::move(name), std::move(stored));
    }
    logs_.load(db_);
  }

  // A PRIMARY KEY of SQLite can say that rows are unique only where no key column is NULL.
  static bool is_unique(const StoredRelation& relation) {
    return !relation.key.empty() && std::none_of(relation.key.begin(), relation.key.end(), [&](std::uint16_t c) { return relation.schema[c].nullable; });
  }

  static std::vector<std::string> column_names(const Schema& schema) {
    std::set<std::string> taken;
    std::vector<std::string> names;
    for (const Field& field : schema) {
      std::string name = field.name.empty() ? "column" : field.name;
      for (int n = 2; !taken.insert(lower(name)).second; ++n) name = field.name + "_" + std::to_string(n);
      names.push_back(std::move(name));
    }
    if (names.empty()) names.push_back("weir_row");  // SQLite has no tables without columns
    return names;
  }

  static std::string create_table_sql(const Stored& stored) {
    const StoredRelation& relation = stored.relation;
    const bool rowid_is_key = stored.unique && relation.key.size() == 1 && is_integer(relation.schema[relation.key[0]].type.id);
    std::string sql = "CREATE TABLE " + stored.table() + " (";
    for (std::size_t i = 0; i < stored.columns.size(); ++i) {
      if (i) sql += ", ";
      sql += quoted(stored.columns[i]) + " " + (relation.schema.empty() ? "INTEGER" : sqlite_type(relation.schema[i].type.id));
      if (rowid_is_key && relation.key[0] == i) sql += " PRIMARY KEY";
      else if (!relation.is_view && !relation.schema[i].nullable) sql += " NOT NULL";
    }
    if (!stored.unique || rowid_is_key) return sql + ")";
    sql += ", PRIMARY KEY (";
    for (std::size_t i = 0; i < relation.key.size(); ++i) sql += (i ? ", " : "") + quoted(stored.columns[relation.key[i]]);
    return sql + ")) WITHOUT ROWID";
  }

  void make_index(Stored& stored) {
    std::string sql = "CREATE INDEX IF NOT EXISTS " + stored.index() + " ON " + stored.table() + " (";
    bool first = true;
    for (const std::uint16_t c : stored.found_by()) {
      sql += (first ? "" : ", ") + quoted(stored.columns[c]);
      first = false;
    }
    run(sql + ")", "make an index in");
    stored.indexed = true;
    schema_changed_ = true;
  }

  // -- Rows.

  // Rows of a delta, as they are to be written.
  struct RowAt {
    const Chunk* chunk;
    std::uint32_t position;
  };
  // By key where it is an integer: neighbours in the table are then written one after the other.
  static void sort_by_key(const Stored& stored, std::vector<RowAt>& rows) {
    if (!stored.unique || stored.relation.key.size() != 1 || !is_integer(stored.relation.schema[stored.relation.key[0]].type.id)) return;
    const auto key = [c = stored.relation.key[0]](const RowAt& row) { return row.chunk->columns[c].ints()[row.position]; };
    const auto before = [&](const RowAt& a, const RowAt& b) { return key(a) < key(b); };
    if (!std::is_sorted(rows.begin(), rows.end(), before)) std::sort(rows.begin(), rows.end(), before);
  }

  void prepare_insert(Stored& stored, Statement& statement, const char* verb, std::size_t rows) {
    if (statement) return;
    std::string row = "(?";
    for (std::size_t i = 1; i < stored.columns.size(); ++i) row += ", ?";
    row += ")";
    std::string sql = std::string(verb) + " INTO " + stored.table() + " VALUES " + row;
    for (std::size_t n = 1; n < rows; ++n) sql += ", " + row;
    statement = prepare(sql, "write to", true);
  }

  void add_rows(Stored& stored, const Delta& delta, bool replace) {
    std::vector<RowAt> rows;
    rows.reserve(delta.rows());
    for (const Chunk& chunk : delta.chunks) {
      chunk.each([&](std::uint32_t i) {
        for (std::int64_t copies = chunk.weights[i]; copies > 0; --copies) rows.push_back({&chunk, i});
      });
    }
    sort_by_key(stored, rows);
    const char* verb = replace ? "REPLACE" : "INSERT";
    const std::size_t width = stored.relation.schema.size();
    std::size_t at = 0;
    const auto write = [&](Statement& statement, std::size_t together) {
      prepare_insert(stored, statement, verb, together);
      stored.scratch.resize(std::max(stored.scratch.size(), together * width));
      for (; rows.size() - at >= together; at += together) {
        for (std::size_t p = 0; p < together * width; ++p) {
          const RowAt& row = rows[at + p / width];
          bind(statement.get(), static_cast<int>(p + 1), row.chunk->columns[p % width], row.position, stored, p % width, p);
        }
        finish(statement.get(), "write to");
      }
    };
    if (rows.size() >= kRowsAtOnce && width * kRowsAtOnce <= kParametersMax) write(replace ? stored.replace_many : stored.insert_many, kRowsAtOnce);
    if (at < rows.size()) write(replace ? stored.replace : stored.insert, 1);
  }

  // Deletes by key the rows that go and do not come back with the same key: those are replaced.
  void remove_keys(Stored& stored, const Delta& delta, bool any_added) {
    const std::vector<std::uint16_t>& key = stored.relation.key;
    if (!stored.remove) {
      std::string sql = "DELETE FROM " + stored.table() + " WHERE ";
      for (std::size_t i = 0; i < key.size(); ++i) sql += (i ? " AND " : "") + quoted(stored.columns[key[i]]) + " = ?";
      stored.remove = prepare(sql, "write to", true);
    }
    // The keys of added rows, in a table of open addressing.
    struct Added { std::uint64_t hash; const Chunk* chunk; std::uint32_t at; };
    std::vector<Added> added;
    std::vector<std::uint64_t> hashes(kChunkRows);
    if (any_added) {
      std::size_t slots = 16;
      while (slots < 2 * delta.rows()) slots *= 2;
      added.resize(slots, Added{0, nullptr, 0});
      for (const Chunk& chunk : delta.chunks) {
        hash_rows(chunk, key, hashes.data());
        for (std::uint32_t k = 0; k < chunk.selected; ++k) {
          const std::uint32_t i = chunk.position(k);
          if (chunk.weights[i] <= 0) continue;
          std::size_t slot = hashes[k] & (slots - 1);
          while (added[slot].chunk) slot = (slot + 1) & (slots - 1);
          added[slot] = {hashes[k], &chunk, i};
        }
      }
    }
    const auto comes_back = [&](std::uint64_t hash, const Chunk& chunk, std::uint32_t i) {
      for (std::size_t slot = hash & (added.size() - 1); added[slot].chunk; slot = (slot + 1) & (added.size() - 1)) {
        const Added& other = added[slot];
        if (other.hash == hash &&
            std::all_of(key.begin(), key.end(), [&](std::uint16_t c) { return identical(chunk.columns[c].get(i), other.chunk->columns[c].get(other.at)); })) {
          return true;
        }
      }
      return false;
    };
    std::vector<RowAt> gone;
    for (const Chunk& chunk : delta.chunks) {
      if (any_added) hash_rows(chunk, key, hashes.data());
      for (std::uint32_t k = 0; k < chunk.selected; ++k) {
        const std::uint32_t i = chunk.position(k);
        if (chunk.weights[i] < 0 && !(any_added && comes_back(hashes[k], chunk, i))) gone.push_back({&chunk, i});
      }
    }
    sort_by_key(stored, gone);
    stored.scratch.resize(std::max(stored.scratch.size(), key.size()));
    for (const RowAt& row : gone) {
      for (std::size_t c = 0; c < key.size(); ++c) bind(stored.remove.get(), static_cast<int>(c + 1), row.chunk->columns[key[c]], row.position, stored, key[c], c);
      finish(stored.remove.get(), "write to");
      if (sqlite3_changes(db_) != 1) changed_by_others(stored);
    }
  }

  // Deletes rows of relations without a key as often as their weights say.
  void remove_rows(Stored& stored, const Delta& delta) {
    if (!stored.indexed) make_index(stored);
    const std::vector<std::uint16_t> found_by = stored.found_by();
    if (!stored.remove) {
      std::string sql = "DELETE FROM " + stored.table() + " WHERE rowid IN (SELECT rowid FROM " + stored.table() + " WHERE ";
      for (std::size_t i = 0; i < found_by.size(); ++i) sql += (i ? " AND " : "") + quoted(stored.columns[found_by[i]]) + " IS ?";
      stored.remove = prepare(sql + " LIMIT ?)", "write to", true);
    }
    sqlite3_stmt* s = stored.remove.get();
    const bool no_columns = stored.relation.schema.empty();
    stored.scratch.resize(std::max(stored.scratch.size(), found_by.size()));
    for (const Chunk& chunk : delta.chunks) {
      chunk.each([&](std::uint32_t i) {
        if (chunk.weights[i] >= 0) return;
        int at = 1;
        for (const std::uint16_t c : found_by) {
          if (no_columns) sqlite3_bind_null(s, at++);
          else {
            bind(s, at, chunk.columns[c], i, stored, c, static_cast<std::size_t>(at - 1));
            ++at;
          }
        }
        sqlite3_bind_int64(s, at, -chunk.weights[i]);
        finish(s, "write to");
        if (sqlite3_changes(db_) != -chunk.weights[i]) changed_by_others(stored);
      });
    }
  }

  // `scratch`: which of the relation's texts may be used; they live until the statement has run.
  static void bind(sqlite3_stmt* s, int at, const Column& column, std::uint32_t i, Stored& stored, std::size_t c, std::size_t scratch) {
    if (!column.is_valid(i)) {
      sqlite3_bind_null(s, at);
      return;
    }
    const Type& type = stored.relation.schema[c].type;
    switch (type.id) {
      case TypeId::kBoolean: sqlite3_bind_int(s, at, column.bools()[i]); return;
      case TypeId::kSmallint: case TypeId::kInteger: case TypeId::kBigint: sqlite3_bind_int64(s, at, column.ints()[i]); return;
      case TypeId::kReal: case TypeId::kDouble: {
        const double d = column.doubles()[i];
        if (std::isnan(d)) sqlite3_bind_text(s, at, "NaN", 3, SQLITE_STATIC);
        else if (d == 0 && std::signbit(d)) sqlite3_bind_blob(s, at, "-0", 2, SQLITE_STATIC);
        else sqlite3_bind_double(s, at, d);
        return;
      }
      case TypeId::kText: case TypeId::kVarchar: case TypeId::kBpchar: case TypeId::kJson: case TypeId::kJsonb: case TypeId::kUnknown: {
        const Bytes& bytes = column.bytes()[i];
        sqlite3_bind_text(s, at, bytes.view().data(), static_cast<int>(bytes.size), SQLITE_STATIC);
        return;
      }
      case TypeId::kBytea: {
        const Bytes& bytes = column.bytes()[i];
        sqlite3_bind_blob(s, at, bytes.view().data(), static_cast<int>(bytes.size), SQLITE_STATIC);
        return;
      }
      default: {
        std::string& out = stored.scratch[scratch];
        out.clear();
        format_datum(column.get(i), type, out);
        sqlite3_bind_text(s, at, out.data(), static_cast<int>(out.size()), SQLITE_STATIC);
      }
    }
  }

  void load(sqlite3_stmt* s, int c, const Stored& stored, Column& column, std::uint32_t at, Arena& arena) const {
    const Field& field = stored.relation.schema[static_cast<std::size_t>(c)];
    const int found = sqlite3_column_type(s, c);
    const auto expect = [&](bool fits) {
      if (!fits) damaged("table " + stored.table() + ", column " + quoted(field.name) + " holds a value that weir did not write");
    };
    if (found == SQLITE_NULL) {
      expect(field.nullable);
      column.set(at, Datum::of_null(kind_of(field.type.id)));
      return;
    }
    switch (field.type.id) {
      case TypeId::kBoolean:
        expect(found == SQLITE_INTEGER);
        column.as<std::uint8_t>()[at] = sqlite3_column_int(s, c) != 0;
        return;
      case TypeId::kSmallint: case TypeId::kInteger: case TypeId::kBigint: {
        expect(found == SQLITE_INTEGER);
        const std::int64_t value = sqlite3_column_int64(s, c);
        expect(field.type.id == TypeId::kBigint || (field.type.id == TypeId::kInteger ? value == static_cast<std::int32_t>(value) : value == static_cast<std::int16_t>(value)));
        column.as<std::int64_t>()[at] = value;
        return;
      }
      case TypeId::kReal: case TypeId::kDouble:
        if (found == SQLITE_TEXT || found == SQLITE_BLOB) {
          const std::string_view value(static_cast<const char*>(sqlite3_column_blob(s, c)), static_cast<std::size_t>(sqlite3_column_bytes(s, c)));
          expect(value == (found == SQLITE_TEXT ? "NaN" : "-0"));
          column.as<double>()[at] = found == SQLITE_TEXT ? std::numeric_limits<double>::quiet_NaN() : -0.0;
        } else {
          column.as<double>()[at] = sqlite3_column_double(s, c);
        }
        return;
      case TypeId::kEnum: {
        expect(found == SQLITE_TEXT);
        const std::string_view label(reinterpret_cast<const char*>(sqlite3_column_text(s, c)), static_cast<std::size_t>(sqlite3_column_bytes(s, c)));
        try {
          column.set(at, parse_datum(label, field.type, arena));
        } catch (const Failure&) {
          expect(false);
        }
        return;
      }
      default: break;
    }
    const bool binary = field.type.id == TypeId::kBytea;
    expect(found == (binary ? SQLITE_BLOB : SQLITE_TEXT));
    // No bytes have no address in SQLite.
    const char* const data = binary ? static_cast<const char*>(sqlite3_column_blob(s, c)) : reinterpret_cast<const char*>(sqlite3_column_text(s, c));
    const std::string_view value = data ? std::string_view(data, static_cast<std::size_t>(sqlite3_column_bytes(s, c))) : std::string_view();
    if (kind_of(field.type.id) == Kind::kBytes && field.type.id != TypeId::kNumeric && field.type.id != TypeId::kUuid &&
        field.type.id != TypeId::kJson && field.type.id != TypeId::kJsonb && !is_array(field.type.id)) {
      column.as<Bytes>()[at] = Bytes::copy(value, arena);
      return;
    }
    try {
      // As it is: a NUMERIC in the file has the scale that it had, whatever its column's.
      column.set(at, parse_datum(value, Type{field.type.id, 0, 0}, arena));
    } catch (const Failure&) {
      expect(false);
    }
  }

  // -- SQLite.

  // SQLite ends a transaction by itself after some failures (a full disk); what follows must not be written without it.
  void check_transaction() const {
    if (sqlite3_get_autocommit(db_)) throw Failure(ErrorCode::kIo, "cannot write to \"" + path_ + "\": the transaction was rolled back by a failure before");
  }

  Stored& find(const std::string& name) {
    const auto it = relations_.find(name);
    if (it == relations_.end()) throw Failure(ErrorCode::kInternal, "storage does not know relation \"" + name + "\"");
    return it->second;
  }

  Statement prepare(const std::string& sql, const char* doing, bool lasting = false) const {
    sqlite3_stmt* s = nullptr;
    const int rc = sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()), lasting ? SQLITE_PREPARE_PERSISTENT : 0, &s, nullptr);
    if (rc != SQLITE_OK) fail(doing, rc);
    return {s, sqlite3_finalize};
  }
  bool row(sqlite3_stmt* s, const char* doing) const {
    const int rc = sqlite3_step(s);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) fail(doing, rc);
    return rc == SQLITE_ROW;
  }
  // Runs a statement that has no rows, and makes it ready for the next time.
  void finish(sqlite3_stmt* s, const char* doing) const {
    const int rc = sqlite3_step(s);
    sqlite3_reset(s);
    if (rc != SQLITE_DONE) fail(doing, rc);
  }
  void step_once(Statement& statement, const char* sql, const char* doing) {
    if (!statement) statement = prepare(sql, doing, true);
    finish(statement.get(), doing);
  }
  void run(const std::string& sql, const char* doing) const {
    const int rc = sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr);
    if (rc != SQLITE_OK) fail(doing, rc);
  }
  std::int64_t integer(const std::string& sql, const char* doing) const {
    const Statement s = prepare(sql, doing);
    if (!row(s.get(), doing)) damaged("its catalog makes no sense");
    return sqlite3_column_int64(s.get(), 0);
  }
  static std::string text(sqlite3_stmt* s, int column) {
    const auto* p = reinterpret_cast<const char*>(sqlite3_column_text(s, column));
    return p ? std::string(p, static_cast<std::size_t>(sqlite3_column_bytes(s, column))) : "";
  }
  static void bind_text(sqlite3_stmt* s, int at, std::string_view value) {
    sqlite3_bind_text(s, at, value.data(), static_cast<int>(value.size()), SQLITE_STATIC);
  }

  [[noreturn]] void fail(const char* doing, int rc) const {
    const std::string what = std::string("cannot ") + doing + " \"" + path_ + "\": ";
    const std::string why = db_ && sqlite3_errcode(db_) != SQLITE_OK ? sqlite3_errmsg(db_) : sqlite3_errstr(rc);
    switch (rc & 0xff) {
      case SQLITE_CORRUPT: throw Failure(ErrorCode::kCorrupt, what + "the file is damaged (" + why + ")");
      case SQLITE_NOTADB: throw Failure(ErrorCode::kCorrupt, what + "it is not a database");
      case SQLITE_CONSTRAINT: throw Failure(ErrorCode::kCorrupt, what + "another program has changed its tables (" + why + ")");
      case SQLITE_BUSY: case SQLITE_LOCKED: throw Failure(ErrorCode::kIo, what + "another program holds it locked");
      case SQLITE_FULL: throw Failure(ErrorCode::kIo, what + "the disk is full");
      default: throw Failure(ErrorCode::kIo, what + why);
    }
  }
  [[noreturn]] void damaged(const std::string& why) const { throw Failure(ErrorCode::kCorrupt, "\"" + path_ + "\" is damaged: " + why); }
  [[noreturn]] void changed_by_others(const Stored& stored) const {
    throw Failure(ErrorCode::kCorrupt, "cannot write to \"" + path_ + "\": another program has changed table " + stored.table());
  }

  std::string path_;
  bool read_only_;
  std::unique_ptr<OpenFile> lock_;
  Meter meter_;
  Distribution transactions_ns_;
  std::chrono::steady_clock::time_point began_;
  std::atomic<std::uint64_t> wal_bytes_{0}, checkpoints_{0}, checkpoints_blocked_{0};
  std::uint64_t wal_limit_bytes_ = 0, page_bytes_ = 0;
  sqlite3* db_ = nullptr;
  std::unordered_map<std::string, Stored> relations_;
  ChangeLogs logs_{[this](const char* doing, int rc) { fail(doing, rc); }};
  std::int64_t data_version_ = 0, schema_version_ = 0;  // of what was read last
  std::set<std::string> taken_names_;  // of tables, lower case
  std::unordered_map<std::string, std::string> settings_;
  std::uint64_t sequence_ = 0;
  std::uint64_t sequence_before_ = 0;  // the transaction
  std::unordered_map<std::string, std::string> changed_digests_;  // what they were before the transaction
  bool schema_changed_ = false;        // in this transaction: on rollback the catalog is read again
  bool poisoned_ = false;
  std::string doubt_;                  // a commit of which it is not known whether it is on disk
  bool mark_is_new_ = false;           // set_mark_ was prepared in this transaction, its table perhaps made there
  Statement begin_ = no_statement(), commit_ = no_statement(), set_sequence_ = no_statement(), set_digest_ = no_statement(), set_mark_ = no_statement();
};

}  // namespace

std::unique_ptr<Storage> Storage::open(const std::string& path, const StorageOptions& options) { return std::make_unique<SqliteStorage>(path, options); }

void Storage::backup(const std::string& from, const std::string& to, std::uint64_t& sequence) {
  StorageOptions options;
  options.read_only = true;
  const SqliteStorage source(from, options);
  sequence = source.sequence();
  const auto cannot = [&](const char* why) { return Failure(ErrorCode::kIo, "cannot create \"" + to + "\": " + why); };
  const int fd = ::open(to.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0) throw cannot(std::strerror(errno));
  ::close(fd);
  try {
    source.copy_to(to);
    const int copy = ::open(to.c_str(), O_RDWR | O_CLOEXEC);
    const bool synced = copy >= 0 && ::fsync(copy) == 0;
    const int error = errno;
    if (copy >= 0) ::close(copy);
    if (!synced) throw cannot(std::strerror(error));
  } catch (...) {
    ::unlink(to.c_str());
    throw;
  }
}

}  // namespace weir
