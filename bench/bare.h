#pragma once
// What SQLite alone takes to write the same rows in the same transactions: a loop of prepared statements, tuned as weir's own storage is.
//
// Order    table() for each, then begin, write and remove, commit.
// Errors   std::runtime_error.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace bench {

struct Cell {
  std::int64_t integer = 0;
  std::string text;  // of a column that is not an integer
};
using Cells = std::vector<Cell>;

class BareSqlite {
 public:
  explicit BareSqlite(const std::string& path);
  ~BareSqlite();
  BareSqlite(const BareSqlite&) = delete;

  // is_text: by column. key: its columns. Returns the table's number.
  std::size_t table(const std::string& name, const std::vector<bool>& is_text, const std::vector<std::size_t>& key);
  void begin();
  void write(std::size_t table, std::vector<const Cells*> rows, bool replace);
  void remove(std::size_t table, std::vector<const Cells*> rows);
  void commit();

 private:
  struct Table;
  void run(const std::string& sql);
  sqlite3_stmt* prepare(const std::string& sql);
  void finish(sqlite3_stmt* statement);
  void bind(sqlite3_stmt* statement, int at, const Table& table, std::size_t column, const Cell& cell);
  void sort(const Table& table, std::vector<const Cells*>& rows) const;

  sqlite3* db_ = nullptr;
  std::vector<std::unique_ptr<Table>> tables_;
  std::vector<sqlite3_stmt*> statements_;
  sqlite3_stmt *begin_ = nullptr, *commit_ = nullptr;
};

}  // namespace bench
