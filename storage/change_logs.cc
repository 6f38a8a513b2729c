#include "storage/change_logs.h"

#include <sqlite3.h>
#include <weir/error.h>

#include <algorithm>

#include "storage/change_code.h"
#include "zset/consolidate.h"

namespace weir {
namespace {

constexpr std::uint64_t kGivenUpTogether = 256;  // batches, at most

std::string table(std::int64_t id) { return "weir_log_" + std::to_string(id); }

void bind_text(sqlite3_stmt* s, int at, const std::string& value) {
  sqlite3_bind_text(s, at, value.data(), static_cast<int>(value.size()), SQLITE_STATIC);
}
void bind_number(sqlite3_stmt* s, int at, std::uint64_t value) { sqlite3_bind_int64(s, at, static_cast<std::int64_t>(value)); }

}  // namespace

void ChangeLogs::load(sqlite3* db) {
  forget();
  db_ = db;
  const char* const doing = "read the catalog of";
  const auto row = [&](sqlite3_stmt* s) {
    const int rc = sqlite3_step(s);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) fail_(doing, rc);
    return rc == SQLITE_ROW;
  };
  const Statement any = prepare("SELECT 1 FROM sqlite_master WHERE name = 'weir_feed'", doing);
  if (!row(any.get())) return;
  const Statement select = prepare("SELECT id, relation, batches, base FROM weir_feed", doing);
  while (row(select.get())) {
    Log log{{}, sqlite3_column_int64(select.get(), 0), {nullptr, sqlite3_finalize}};
    const auto* name = reinterpret_cast<const char*>(sqlite3_column_text(select.get(), 1));
    log.log.relation.assign(name ? name : "", static_cast<std::size_t>(sqlite3_column_bytes(select.get(), 1)));
    log.log.batches = static_cast<std::uint64_t>(sqlite3_column_int64(select.get(), 2));
    log.log.base = static_cast<std::uint64_t>(sqlite3_column_int64(select.get(), 3));
    std::string key = log.log.relation;
    logs_.emplace(std::move(key), std::move(log));
  }
}

void ChangeLogs::forget() {
  logs_.clear();
  base_moved_ = false;
}

std::vector<StoredLog> ChangeLogs::list() const {
  std::vector<StoredLog> out;
  for (const auto& [name, log] : logs_) out.push_back(log.log);
  return out;
}

void ChangeLogs::set(const StoredLog& log) {
  const char* const doing = "make a change log in";
  run("CREATE TABLE IF NOT EXISTS weir_feed (id INTEGER PRIMARY KEY AUTOINCREMENT, relation TEXT NOT NULL UNIQUE, batches INTEGER NOT NULL, base "
      "INTEGER NOT NULL)",
      doing);
  if (const auto it = logs_.find(log.relation); it != logs_.end()) {
    it->second.log.batches = log.batches;
    return give_up(it->second, log.base);
  }
  const Statement into = prepare("INSERT INTO weir_feed (relation, batches, base) VALUES (?, ?, ?)", doing);
  bind_text(into.get(), 1, log.relation);
  bind_number(into.get(), 2, log.batches);
  bind_number(into.get(), 3, log.base);
  finish(into.get(), doing);
  const std::int64_t id = sqlite3_last_insert_rowid(db_);
  run("CREATE TABLE " + table(id) + " (sequence INTEGER PRIMARY KEY, change BLOB NOT NULL)", doing);
  logs_.emplace(log.relation, Log{log, id, {nullptr, sqlite3_finalize}});
}

void ChangeLogs::drop(const std::string& relation) {
  const auto it = logs_.find(relation);
  if (it == logs_.end()) return;
  const std::int64_t id = it->second.id;
  logs_.erase(it);
  run("DROP TABLE " + table(id), "drop a change log in");
  run("DELETE FROM weir_feed WHERE id = " + std::to_string(id), "drop a change log in");
}

void ChangeLogs::rename(const std::string& from, const std::string& to) {
  drop(to);
  auto node = logs_.extract(from);
  const Statement update = prepare("UPDATE weir_feed SET relation = ? WHERE id = " + std::to_string(node.mapped().id), "rename a change log in");
  bind_text(update.get(), 1, to);
  finish(update.get(), "rename a change log in");
  node.key() = node.mapped().log.relation = to;
  logs_.insert(std::move(node));
}

void ChangeLogs::write(const std::string& relation, std::uint64_t sequence, const Delta& delta) {
  Log& log = find(relation);
  // A batch and what replaced a relation in the same transaction have one number: their codes stand one behind the other.
  if (!log.insert) {
    log.insert = prepare(
        "INSERT INTO " + table(log.id) + " VALUES (?, ?) ON CONFLICT (sequence) DO UPDATE SET change = CAST(change || excluded.change AS BLOB)",
        "write to");
  }
  code_.clear();
  encode(delta, code_);
  bind_number(log.insert.get(), 1, sequence);
  sqlite3_bind_blob64(log.insert.get(), 2, code_.data(), code_.size(), SQLITE_STATIC);
  finish(log.insert.get(), "write to");
  const std::uint64_t batches = log.log.batches;
  if (batches == 0 || sequence <= batches) return;
  const std::uint64_t base = sequence - batches;
  if (base <= log.log.base + std::min(batches / 8, kGivenUpTogether)) return;
  // Who is at the last change that goes has missed none.
  const Statement last = prepare("SELECT max(sequence) FROM " + table(log.id) + " WHERE sequence <= ?", "shorten a change log in");
  bind_number(last.get(), 1, base);
  if (const int rc = sqlite3_step(last.get()); rc != SQLITE_ROW) fail_("shorten a change log in", rc);
  if (sqlite3_column_type(last.get(), 0) != SQLITE_NULL) give_up(log, static_cast<std::uint64_t>(sqlite3_column_int64(last.get(), 0)));
}

void ChangeLogs::read(const StoredRelation& relation, std::uint64_t after,
                      const std::function<void(std::uint64_t, std::unique_ptr<StoredRows>)>& f) const {
  const char* const doing = "read a change log of";
  std::vector<Kind> kinds;
  for (const Field& field : relation.schema) kinds.push_back(kind_of(field.type.id));
  const Statement select =
      prepare("SELECT sequence, change FROM " + table(logs_.at(relation.name).id) + " WHERE sequence > ? ORDER BY sequence", doing);
  bind_number(select.get(), 1, after);
  for (;;) {
    const int rc = sqlite3_step(select.get());
    if (rc == SQLITE_DONE) return;
    if (rc != SQLITE_ROW) fail_(doing, rc);
    const auto* const bytes = static_cast<const char*>(sqlite3_column_blob(select.get(), 1));
    auto rows = std::make_unique<StoredRows>();
    Delta parts;
    decode(bytes ? std::string_view(bytes, static_cast<std::size_t>(sqlite3_column_bytes(select.get(), 1))) : std::string_view(), kinds, rows->arena,
           parts);
    consolidate(parts, rows->arena, rows->rows);
    f(static_cast<std::uint64_t>(sqlite3_column_int64(select.get(), 0)), std::move(rows));
  }
}

// What is as old as `base`, or older.
void ChangeLogs::give_up(Log& log, std::uint64_t base) {
  base_moved_ = true;
  log.log.base = std::max(log.log.base, base);
  const std::string to = std::to_string(log.log.base);
  run("DELETE FROM " + table(log.id) + " WHERE sequence <= " + to, "shorten a change log in");
  run("UPDATE weir_feed SET base = " + to + ", batches = " + std::to_string(log.log.batches) + " WHERE id = " + std::to_string(log.id),
      "shorten a change log in");
}

ChangeLogs::Log& ChangeLogs::find(const std::string& relation) {
  const auto it = logs_.find(relation);
  if (it == logs_.end()) throw Failure(ErrorCode::kInternal, "storage knows no change log of \"" + relation + "\"");
  return it->second;
}

ChangeLogs::Statement ChangeLogs::prepare(const std::string& sql, const char* doing) const {
  sqlite3_stmt* s = nullptr;
  const int rc = sqlite3_prepare_v2(db_, sql.data(), static_cast<int>(sql.size()), &s, nullptr);
  if (rc != SQLITE_OK) fail_(doing, rc);
  return {s, sqlite3_finalize};
}

void ChangeLogs::run(const std::string& sql, const char* doing) const {
  const int rc = sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr);
  if (rc != SQLITE_OK) fail_(doing, rc);
}

void ChangeLogs::finish(sqlite3_stmt* statement, const char* doing) const {
  const int rc = sqlite3_step(statement);
  sqlite3_reset(statement);
  if (rc != SQLITE_DONE) fail_(doing, rc);
}

}  // namespace weir
