#include "views/csv.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace weir {
namespace {

constexpr std::size_t kBlock = std::size_t{1} << 18;
constexpr std::size_t kTextShown = std::size_t{1} << 20;

[[noreturn]] void fail_io(const std::string& path, const char* what) {
  Failure failure(ErrorCode::kIo, std::string(what) + ": " + std::strerror(errno));
  failure.error().place = path;
  throw failure;
}

}  // namespace

ByteSource::ByteSource(std::string path) : path_(std::move(path)) {
  if (path_ == "-") {
    path_ = "standard input";
    file_ = STDIN_FILENO;
  } else {
    file_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    if (file_ < 0) fail_io(path_, "cannot open the file");
  }
  struct stat status;
  if (::fstat(file_, &status) == 0 && S_ISREG(status.st_mode)) bytes_total_ = static_cast<std::uint64_t>(status.st_size);
  if (::fstat(file_, &status) == 0 && S_ISDIR(status.st_mode)) {
    if (file_ != STDIN_FILENO) ::close(file_);
    errno = EISDIR;
    fail_io(path_, "cannot read the file");
  }
}

ByteSource::~ByteSource() {
  if (file_ > STDIN_FILENO) ::close(file_);
}

std::size_t ByteSource::read(char* to, std::size_t n) {
  if (from_) return from_(to, n);
  for (;;) {
    ssize_t got = ::read(file_, to, n);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_io(path_, "cannot read the file");
    bytes_read_ += static_cast<std::uint64_t>(got);
    return static_cast<std::size_t>(got);
  }
}

std::size_t find_invalid_utf8(std::string_view s) {
  for (std::size_t i = 0; i < s.size();) {
    if (i + 8 <= s.size()) {  // eight ASCII bytes, none of them NUL
      std::uint64_t word;
      std::memcpy(&word, s.data() + i, 8);
      if (((word | (word - 0x0101010101010101ull)) & 0x8080808080808080ull) == 0) {
        i += 8;
        continue;
      }
    }
    auto byte = [&](std::size_t k) -> unsigned { return i + k < s.size() ? static_cast<unsigned char>(s[i + k]) : 0u; };
    unsigned b = byte(0);
    std::size_t n = b == 0 ? 0 : b < 0x80 ? 1 : b >= 0xc2 && b <= 0xdf ? 2 : b >= 0xe0 && b <= 0xef ? 3 : b >= 0xf0 && b <= 0xf4 ? 4 : 0;
    bool good = n > 0;
    for (std::size_t k = 1; k < n; ++k) good = good && (byte(k) & 0xc0) == 0x80;
    if (n == 3) good = good && !(b == 0xe0 && byte(1) < 0xa0) && !(b == 0xed && byte(1) > 0x9f);
    if (n == 4) good = good && !(b == 0xf0 && byte(1) < 0x90) && !(b == 0xf4 && byte(1) > 0x8f);
    if (!good) return i;
    i += n;
  }
  return std::string_view::npos;
}

bool RecordReader::at_end(std::size_t at) {
  while (begin_ + at >= buffer_.size()) {
    if (source_ended_) return true;
    if (begin_ > 0) {
      buffer_.erase(0, begin_);
      begin_ = 0;
    }
    std::size_t old = buffer_.size();
    buffer_.resize(old + std::max(kBlock, std::min(old, std::size_t{1} << 24)));
    std::size_t n = source_.read(buffer_.data() + old, buffer_.size() - old);
    buffer_.resize(old + n);
    source_ended_ = n == 0;
  }
  return false;
}

bool RecordReader::begin_record() {
  begin_ += used_;
  used_ = 0;
  text_size_ = 0;
  record_line_ = line_;
  if (!started_) {
    started_ = true;
    constexpr std::string_view kMark = "\xef\xbb\xbf";
    if (!at_end(2) && std::string_view(buffer_).substr(begin_).starts_with(kMark)) begin_ += kMark.size();
  }
  return !at_end(0);
}

std::size_t RecordReader::find(std::size_t at, std::string_view any) {
  while (!at_end(at)) {
    const char* start = buffer_.data() + begin_ + at;
    const char* end = buffer_.data() + buffer_.size();
    const char* found = any.size() == 1 ? static_cast<const char*>(std::memchr(start, any[0], static_cast<std::size_t>(end - start)))
                                        : std::find_if(start, end, [&](char c) { return any.find(c) != std::string_view::npos; });
    if (found && found != end) at += static_cast<std::size_t>(found - start);
    else at += static_cast<std::size_t>(end - start);
    if (at > record_bytes_max_) {
      fail("the line is longer than " + std::to_string(record_bytes_max_) + " bytes (it begins: " + std::string(buffer_, begin_, 40) + "...)", 0);
    }
    if (found && found != end) return at;
  }
  return at;
}

void RecordReader::end_record(std::size_t size) {
  used_ = size;
  const char* from = buffer_.data() + begin_;
  line_ = record_line_ + static_cast<std::uint64_t>(std::count(from, from + size, '\n'));
}

// Passes over the rest of the line that byte `from` of the record is on, however long it is.
void RecordReader::skip_line(std::size_t from) {
  std::size_t at = from;
  while (!at_end(at)) {
    const char* start = buffer_.data() + begin_ + at;
    const void* found = std::memchr(start, '\n', buffer_.size() - begin_ - at);
    if (found) return end_record(at + static_cast<std::size_t>(static_cast<const char*>(found) - start) + 1);
    if (at <= kTextShown) {
      at = buffer_.size() - begin_;
    } else {
      buffer_.resize(begin_ + kTextShown);  // what is shown of it stays, the rest is let go
      at = kTextShown;
    }
  }
  end_record(at);
}

std::string_view RecordReader::text() const { return std::string_view(buffer_).substr(begin_, std::min(text_size_, kTextShown)); }

void RecordReader::fail(std::string message, std::size_t resume_after) {
  skip_line(resume_after);
  text_size_ = used_;
  while (text_size_ > 0 && (buffer_[begin_ + text_size_ - 1] == '\n' || buffer_[begin_ + text_size_ - 1] == '\r')) --text_size_;
  Failure failure(ErrorCode::kInput, std::move(message));
  failure.error().place = source_.path();
  failure.error().line = static_cast<int>(record_line_);
  throw failure;
}

void RecordReader::check_utf8(std::string_view text) {
  std::size_t bad = find_invalid_utf8(text);
  if (bad == std::string_view::npos) return;
  char bytes[16];
  std::snprintf(bytes, sizeof bytes, "0x%02x", static_cast<unsigned char>(text[bad]));
  Failure failure(ErrorCode::kInput, "invalid byte sequence for encoding \"UTF8\": " + std::string(bytes) + ", byte " +
                                         std::to_string(bad + 1) + " of the line");
  failure.error().place = source_.path();
  const std::string_view before = text.substr(0, bad);
  failure.error().line = static_cast<int>(record_line_) + static_cast<int>(std::count(before.begin(), before.end(), '\n'));
  throw failure;
}

bool RecordReader::next_line(std::string_view& line) {
  if (!begin_record()) return false;
  std::size_t end = find(0, "\n");
  end_record(at_end(end) ? end : end + 1);
  if (end > 0 && buffer_[begin_ + end - 1] == '\r') --end;
  text_size_ = end;
  line = std::string_view(buffer_).substr(begin_, end);
  check_utf8(line);
  return true;
}

bool RecordReader::next_csv(std::vector<CsvField>& fields, char delimiter) {
  if (!begin_record()) return false;
  spans_.clear();
  const char stops[] = {delimiter, '\n', '\r', '"'};
  auto byte = [&](std::size_t at) { return buffer_[begin_ + at]; };
  std::size_t at = 0, end = 0;
  for (bool more = true; more;) {
    Span field{at, at, false, false};
    if (!at_end(at) && byte(at) == '"') {
      field = {at + 1, at + 1, true, false};
      for (std::size_t quote = at + 1;; quote += 2) {
        quote = find(quote, "\"");
        if (at_end(quote)) fail("a quote is opened and not closed", 0);
        field.end = quote;
        if (at_end(quote + 1) || byte(quote + 1) != '"') break;
        field.doubled = true;
      }
      at = field.end + 1;
      if (!at_end(at) && byte(at) == '\r' && (at_end(at + 1) || byte(at + 1) != '\n')) {
        fail("a carriage return without a line feed behind a quoted field", at);
      }
      if (!at_end(at) && byte(at) != delimiter && byte(at) != '\n' && byte(at) != '\r') fail("text behind the closing quote of a field", at);
    } else {
      at = field.end = find(at, std::string_view(stops, 4));
      if (!at_end(at) && byte(at) == '"') fail("a quote inside of an unquoted field", at);
      if (!at_end(at) && byte(at) == '\r' && (at_end(at + 1) || byte(at + 1) != '\n')) fail("a carriage return inside of an unquoted field", at);
    }
    spans_.push_back(field);
    more = !at_end(at) && byte(at) == delimiter;
    end = at;
    if (more) ++at;
  }
  if (!at_end(at) && byte(at) == '\r') ++at;
  if (!at_end(at)) ++at;  // the line feed
  end_record(at);
  text_size_ = end;
  check_utf8(std::string_view(buffer_).substr(begin_, end));

  // Doubled quotes are made single beside the buffer.
  std::size_t doubled_bytes = 0;
  for (const Span& span : spans_) doubled_bytes += span.doubled ? span.end - span.begin : 0;
  unescaped_.clear();
  unescaped_.reserve(doubled_bytes);
  fields.clear();
  for (const Span& span : spans_) {
    std::string_view text = std::string_view(buffer_).substr(begin_ + span.begin, span.end - span.begin);
    if (span.doubled) {
      std::size_t from = unescaped_.size();
      for (std::size_t i = 0; i < text.size(); ++i) {
        unescaped_ += text[i];
        if (text[i] == '"') ++i;
      }
      text = std::string_view(unescaped_).substr(from);
    }
    fields.push_back({text, span.quoted});
  }
  return true;
}

}  // namespace weir
