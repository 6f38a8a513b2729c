// weir sql: a script, statement by statement. From standard input each statement runs and is answered as soon as its semicolon has come.

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>

#include "cli/commands.h"

namespace weir::cli {
namespace {

class Script {
 public:
  Script(Database& db, const SqlOptions& options, std::string name) : session_(db.session()), options_(options), name_(std::move(name)) {}

  // Runs what is complete. False: stop.
  bool feed(std::string_view text, bool last) {
    session_.feed(text, last);
    for (std::string statement; session_.next(statement);) {
      if (!execute(statement)) return false;
    }
    return true;
  }
  int status() const { return status_; }

 private:
  bool execute(const std::string& statement) {
    Result<Outcome> outcome = session_.execute(statement);
    if (outcome.ok()) {
      if (outcome.value().kind != Outcome::Kind::kRows || write_out(to_text(outcome.value().rows, options_.format))) return true;
      complain(io_error("standard output", "cannot write"));
      status_ = kRefused;
      return false;
    }
    Error error = outcome.error();
    if (error.place.empty()) error.place = name_;
    complain(error);
    status_ = kStatementFailed;
    return options_.keep_going;
  }

  Session session_;
  const SqlOptions& options_;
  std::string name_;  // of the file; "" for standard input
  int status_ = kDone;
};

// 0, or the exit status to stop with.
int run_one(Database& db, const SqlOptions& options, const std::string& path) {
  const bool is_stdin = path == "-";
  int file = is_stdin ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    complain(io_error(path, "cannot open the file"));
    return kRefused;
  }
  Script script(db, options, is_stdin ? "" : path);
  std::string buffer(std::size_t{1} << 16, '\0');
  bool readable = true;
  for (bool going = true; going;) {
    ssize_t n = ::read(file, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      complain(io_error(is_stdin ? "standard input" : path, "cannot read"));
      readable = false;
      break;
    }
    going = script.feed(std::string_view(buffer.data(), static_cast<std::size_t>(n)), n == 0) && n > 0;
  }
  if (!is_stdin) ::close(file);
  return readable ? script.status() : kRefused;
}

}  // namespace

int run_sql(const SqlOptions& options) {
  Result<Database> db = Database::open(options.db, options.open.over({}));
  if (!db.ok()) {
    complain(db.error());
    return kRefused;
  }
  int status = kDone;
  const std::vector<std::string> standard_input = {"-"};
  for (const std::string& path : options.files.empty() ? standard_input : options.files) {
    int one = run_one(db.value(), options, path);
    if (one == kDone) continue;
    status = one;
    if (one != kStatementFailed || !options.keep_going) return status;
  }
  return status;
}

}  // namespace weir::cli
