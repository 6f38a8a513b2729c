#pragma once
// What went wrong, as a value: code, message and the place.
//
// Errors   nothing throws across the door. `Result::value()` on an error is the one exception: it throws `Failure`.
// Threads  plain values; no shared state.

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace weir {

enum class ErrorCode : std::uint8_t {
  kSyntax,       // text that is not SQL or not JSON
  kUnsupported,  // SQL that PostgreSQL has and weir does not (yet)
  kUnknownName,  // a table, view, column or function that does not exist
  kDuplicateName,
  kType,         // no such operator or conversion for these types
  kDependency,   // something still stands on what would be dropped
  kInput,        // a row that does not fit its table: text that is no number, a missing column
  kConstraint,   // duplicate key, NOT NULL, CHECK, a deleted row that is absent
  kEvaluation,   // overflow, division by zero, a cast that fails on a value
  kTransaction,  // a statement in a failed transaction, COMMIT without BEGIN
  kIo,           // the file: unreadable, full, locked
  kCorrupt,      // the file is no database of ours, or not of this version, or torn
  kBusy,         // the queue is full, and the caller asked not to wait (so long)
  kClosed,       // a handle that is closed, moved from, or belongs to another database
  kInternal,     // our own bug
};

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;
  std::string hint;     // "did you mean ...?"; may be empty
  std::string place;    // file, JSON pointer or table; may be empty
  int offset = -1;      // byte offset into the SQL text, -1 if unknown
  int line = 0;         // 1-based; 0 if unknown
  int column = 0;       // 1-based, in characters; 0 if unknown
  std::string excerpt;  // the line of SQL that `column` points into

  // The message as a terminal shows it: place, line, column, the line of SQL and a caret below it.
  std::string to_string() const;
};

// An Error on its way up inside a room. Caught at the door.
class Failure : public std::runtime_error {
 public:
  explicit Failure(Error error) : std::runtime_error(error.message), error_(std::move(error)) {}
  Failure(ErrorCode code, std::string message, int offset = -1) : std::runtime_error(message) {
    error_.code = code;
    error_.message = std::move(message);
    error_.offset = offset;
  }
  const Error& error() const { return error_; }
  Error& error() { return error_; }

 private:
  Error error_;
};

// Either a T or an Error.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}
  Result(Error error) : error_(std::move(error)) {}

  bool ok() const { return value_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Error& error() const { return error_; }
  T& value() & { check(); return *value_; }
  const T& value() const& { check(); return *value_; }
  T value() && { check(); return std::move(*value_); }

 private:
  void check() const { if (!value_) throw Failure(error_); }
  std::optional<T> value_;
  Error error_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}
  bool ok() const { return !error_; }
  explicit operator bool() const { return ok(); }
  const Error& error() const { return *error_; }
  void value() const { if (error_) throw Failure(*error_); }

 private:
  std::optional<Error> error_;
};

}  // namespace weir
