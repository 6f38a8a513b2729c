#pragma once
// Files of rows into tables: CSV with a header line, and NDJSON.
//
// NDJSON rows are plain objects (an insert) or {"insert": {…}}, {"delete": {…}}, {"update": {…}} (by primary key).
// Errors   place (file and line), column and value. By default the first bad row refuses the batch it is in and ends the reading; with a `reject` sink such rows are
//          skipped, counted and reported.
// Threads  one at a time.

#include <weir/database.h>

#include <functional>
#include <istream>
#include <memory>
#include <string>

namespace weir {

struct ReadOptions {
  enum class Format : std::uint8_t { kByEnding, kCsv, kNdjson } format = Format::kByEnding;
  std::size_t line_bytes_max = std::size_t{64} << 20;   // a longer line is an error
  // A row that was refused: its line number (1-based, the first line of the record), its text and why. Set: bad rows are skipped.
  std::function<void(std::uint64_t line, std::string_view text, const Error& why)> reject;
};

class Reader {
 public:
  // path "-" is standard input. Failure kIo if it can't be opened; kInput if the CSV header names an unknown column or lacks one that has no DEFAULT.
  static Result<Reader> open(const Database& db, std::string_view table, const std::string& path, const ReadOptions& options = {});
  Reader(Reader&&) noexcept;
  ~Reader();
  // Adds up to `rows` rows to the transaction; fewer at the end of the file. Returns how many were read (rejected ones included), 0 at the end.
  Result<std::uint64_t> read(Transaction& into, std::uint64_t rows);
  // Passes over rows without looking at their values, to go on where an earlier reading ended. Returns how many there were.
  Result<std::uint64_t> skip(std::uint64_t rows);
  std::uint64_t rows_rejected() const;
  std::uint64_t bytes_read() const;
  std::uint64_t bytes_total() const;  // 0 where it is not known

 private:
  struct Impl;
  explicit Reader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir
