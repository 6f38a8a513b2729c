#pragma once
// Records of a CSV file (RFC 4180) or lines of a text file, with the lines they stand on.
//
// A quoted field may hold delimiters, line breaks and doubled quotes. Lines end with LF or CRLF. A byte order mark at the start is passed over.
//
// Cost     one pass over the bytes; memory for one record, at most `record_bytes_max` and a block.
// Errors   Failure(kInput) with `line` set, kIo where reading fails. After kInput the next call goes on behind what was wrong: behind the record,
//          or, where a quote does not end or the record is too long, behind its first line.
// Threads  one at a time.

#include <weir/error.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

// Bytes of a file by blocks.
class ByteSource {
 public:
  // "-" is standard input. Failure(kIo).
  explicit ByteSource(std::string path);
  // Bytes that a function gives, as read() does.
  ByteSource(std::string name, std::function<std::size_t(char*, std::size_t)> from) : path_(std::move(name)), from_(std::move(from)) {}
  ~ByteSource();
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  // Reads up to `n` bytes; 0 at the end.
  std::size_t read(char* to, std::size_t n);
  const std::string& path() const { return path_; }
  std::uint64_t bytes_read() const { return bytes_read_; }
  std::uint64_t bytes_total() const { return bytes_total_; }  // 0 where it is not known

 private:
  std::string path_;
  std::function<std::size_t(char*, std::size_t)> from_;
  int file_ = -1;
  std::uint64_t bytes_read_ = 0, bytes_total_ = 0;
};

struct CsvField {
  std::string_view text;
  bool quoted = false;
};

class RecordReader {
 public:
  RecordReader(ByteSource& source, std::size_t record_bytes_max) : source_(source), record_bytes_max_(record_bytes_max) {}

  // The next CSV record. False at the end. What `fields` refers to lives until the next call.
  bool next_csv(std::vector<CsvField>& fields, char delimiter = ',');
  std::uint64_t bytes_consumed() const { return source_.bytes_read() - (buffer_.size() - begin_ - used_); }
  // The next line, without its end.
  bool next_line(std::string_view& line);

  std::uint64_t line() const { return record_line_; }  // where the last record begins, 1-based
  std::string_view text() const;                       // the last record (or what was wrong) as it stands in the file; at most 1 MB of it

 private:
  struct Span { std::size_t begin, end; bool quoted, doubled; };

  bool begin_record();
  bool at_end(std::size_t at);  // makes sure that byte `at` of the record is in the buffer; true where the file has no more
  std::size_t find(std::size_t at, std::string_view any);  // the first of `any` at or after `at`, or the end of the file
  void end_record(std::size_t size);
  void skip_line(std::size_t from);
  [[noreturn]] void fail(std::string message, std::size_t resume_after);
  void check_utf8(std::string_view text);

  ByteSource& source_;
  std::size_t record_bytes_max_;
  std::string buffer_;
  std::size_t begin_ = 0;       // of the record being read, in buffer_
  std::size_t used_ = 0;        // bytes of the last record, to be passed over by the next call
  bool source_ended_ = false, started_ = false;
  std::uint64_t line_ = 1;      // where the next record begins
  std::uint64_t record_line_ = 0;
  std::size_t text_size_ = 0;
  std::vector<Span> spans_;
  std::string unescaped_;
};

// The offset of the first byte that is no UTF-8 (or is NUL, which no text may hold), or npos.
std::size_t find_invalid_utf8(std::string_view text);

}  // namespace weir
