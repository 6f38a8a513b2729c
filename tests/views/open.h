#pragma once
// What the tests of this folder share: a database in memory or in a file of its own, and results as text.
//
// Errors   a refused call throws Failure, which fails the test.

#include <weir/weir.h>

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <vector>

namespace weir {

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "weir-views-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string file(const std::string& name = "a.db") const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

inline Database memory(std::string_view script = "") {
  OpenOptions options;
  options.threads = 1;
  Database db = Database::open(":memory:", options).value();
  db.execute(script).value();
  return db;
}

// Rows as "a|b", NULL as "NULL", sorted.
inline std::vector<std::string> text(const ResultSet& rows) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    std::string line;
    for (std::size_t c = 0; c < rows.schema().size(); ++c) {
      if (c) line += '|';
      line += rows[i][c].is_null() ? "NULL" : rows[i][c].to_string();
    }
    out.push_back(line);
  }
  std::sort(out.begin(), out.end());
  return out;
}

inline std::vector<std::string> text(const Change& change) {
  std::vector<std::string> out;
  for (const ChangedRow& row : change) {
    std::string line = (row.weight() > 0 ? "+" : "") + std::to_string(row.weight());
    for (std::size_t c = 0; c < change.schema().size(); ++c) line += "|" + (row[c].is_null() ? "NULL" : row[c].to_string());
    out.push_back(line);
  }
  std::sort(out.begin(), out.end());
  return out;
}

using Texts = std::vector<std::string>;

}  // namespace weir
