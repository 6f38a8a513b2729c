#include "bare.h"

#include <sqlite3.h>

#include <algorithm>
#include <stdexcept>

namespace bench {
namespace {

constexpr std::size_t kRowsAtOnce = 16;

}  // namespace

struct BareSqlite::Table {
  std::vector<bool> is_text;
  std::vector<std::size_t> key;
  sqlite3_stmt *insert[2], *replace[2], *remove;  // of one row, of kRowsAtOnce
};

BareSqlite::BareSqlite(const std::string& path) {
  if (sqlite3_open(path.c_str(), &db_) != SQLITE_OK) throw std::runtime_error("cannot open " + path);
  for (const char* pragma : {"journal_mode = WAL", "synchronous = FULL", "cache_size = -65536", "wal_autocheckpoint = 4000", "temp_store = MEMORY"}) {
    run(std::string("PRAGMA ") + pragma);
  }
  begin_ = prepare("BEGIN IMMEDIATE");
  commit_ = prepare("COMMIT");
}

BareSqlite::~BareSqlite() {
  for (sqlite3_stmt* statement : statements_) sqlite3_finalize(statement);
  sqlite3_close(db_);
}

void BareSqlite::run(const std::string& sql) {
  if (sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) throw std::runtime_error(sqlite3_errmsg(db_));
}

sqlite3_stmt* BareSqlite::prepare(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(db_, sql.c_str(), -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) != SQLITE_OK) throw std::runtime_error(sqlite3_errmsg(db_));
  statements_.push_back(statement);
  return statement;
}

void BareSqlite::finish(sqlite3_stmt* statement) {
  const int rc = sqlite3_step(statement);
  sqlite3_reset(statement);
  if (rc != SQLITE_DONE) throw std::runtime_error(sqlite3_errmsg(db_));
}

std::size_t BareSqlite::table(const std::string& name, const std::vector<bool>& is_text, const std::vector<std::size_t>& key) {
  const bool rowid = key.size() == 1 && !is_text[key[0]];
  const auto column = [](std::size_t c) { return "c" + std::to_string(c); };
  std::string columns, keys, match, row = "(";
  for (std::size_t c = 0; c < is_text.size(); ++c) {
    columns += (c ? ", " : "") + column(c) + (is_text[c] ? " TEXT" : " INTEGER") + (rowid && key[0] == c ? " PRIMARY KEY" : " NOT NULL");
    row += c ? ", ?" : "?";
  }
  row += ")";
  for (std::size_t k = 0; k < key.size(); ++k) {
    keys += (k ? ", " : "") + column(key[k]);
    match += (k ? " AND " : "") + column(key[k]) + " = ?";
  }
  run("CREATE TABLE " + name + " (" + columns + (rowid ? ")" : ", PRIMARY KEY (" + keys + ")) WITHOUT ROWID"));
  auto t = std::make_unique<Table>(Table{is_text, key, {}, {}, prepare("DELETE FROM " + name + " WHERE " + match)});
  std::string rows = row;
  for (std::size_t n = 1; n < kRowsAtOnce; ++n) rows += ", " + row;
  for (const bool many : {false, true}) {
    t->insert[many] = prepare("INSERT INTO " + name + " VALUES " + (many ? rows : row));
    t->replace[many] = prepare("REPLACE INTO " + name + " VALUES " + (many ? rows : row));
  }
  tables_.push_back(std::move(t));
  return tables_.size() - 1;
}

void BareSqlite::begin() { finish(begin_); }
void BareSqlite::commit() { finish(commit_); }

void BareSqlite::bind(sqlite3_stmt* statement, int at, const Table& table, std::size_t column, const Cell& cell) {
  if (table.is_text[column]) sqlite3_bind_text(statement, at, cell.text.data(), static_cast<int>(cell.text.size()), SQLITE_STATIC);
  else sqlite3_bind_int64(statement, at, cell.integer);
}

void BareSqlite::sort(const Table& table, std::vector<const Cells*>& rows) const {
  if (table.key.size() != 1) return;
  std::sort(rows.begin(), rows.end(), [c = table.key[0]](const Cells* a, const Cells* b) { return (*a)[c].integer < (*b)[c].integer; });
}

void BareSqlite::write(std::size_t number, std::vector<const Cells*> rows, bool replace) {
  const Table& table = *tables_[number];
  sort(table, rows);
  const std::size_t width = table.is_text.size();
  for (std::size_t at = 0; at < rows.size();) {
    const bool many = rows.size() - at >= kRowsAtOnce;
    sqlite3_stmt* statement = (replace ? table.replace : table.insert)[many];
    const std::size_t together = many ? kRowsAtOnce : 1;
    for (std::size_t p = 0; p < together * width; ++p) bind(statement, static_cast<int>(p + 1), table, p % width, (*rows[at + p / width])[p % width]);
    finish(statement);
    at += together;
  }
}

void BareSqlite::remove(std::size_t number, std::vector<const Cells*> rows) {
  const Table& table = *tables_[number];
  sort(table, rows);
  for (const Cells* row : rows) {
    for (std::size_t k = 0; k < table.key.size(); ++k) bind(table.remove, static_cast<int>(k + 1), table, table.key[k], (*row)[table.key[k]]);
    finish(table.remove);
  }
}

}  // namespace bench
