// Session: a script, statement by statement, with BEGIN, COMMIT and ROLLBACK as PostgreSQL has them.

#include <algorithm>

#include "views/door.h"
#include "views/engine.h"
#include "views/schema_change.h"

namespace weir {
namespace internal {
namespace {

// Where a statement begins, behind blanks and comments.
std::size_t first_word(std::string_view sql) {
  std::size_t at = 0;
  while (at < sql.size()) {
    if (sql.substr(at, 2) == "--") {
      at = std::min(sql.find('\n', at), sql.size());
    } else if (sql.substr(at, 2) == "/*") {
      int depth = 0;
      do {
        const std::string_view mark = sql.substr(at, 2);
        depth += mark == "/*" ? 1 : mark == "*/" ? -1 : 0;
        at += mark == "/*" || mark == "*/" ? 2 : 1;
      } while (depth > 0 && at < sql.size());
    } else if (sql[at] == ' ' || (sql[at] >= '\t' && sql[at] <= '\r')) {
      ++at;
    } else {
      return at;
    }
  }
  return 0;
}

}  // namespace

class SessionState {
 public:
  std::shared_ptr<Engine> engine;
  std::unique_ptr<TransactionState> transaction;  // null: between transactions
  bool failed = false;                            // the transaction has to be rolled back, to a savepoint at least
  std::vector<std::pair<std::string, Engine::Mark>> savepoints;
  CopyLines lines;

  std::string text;                               // fed, not handed out yet
  std::string before;                             // what stands before `text` on its first line
  int line = 1;                                   // of the first line of `text`
  bool last = false;
  std::vector<StatementText> ready;               // in order; `next_ready` is to be handed out
  std::size_t next_ready = 0;
  bool looked = true;                             // nothing new since `text` was split

  // The statement handed out last, and where it began.
  std::string current, current_before;
  int current_line = 1;

  ~SessionState() { end(); }

  void end() {
    if (transaction) {
      engine->rollback(*transaction);
      engine->recycle(std::move(transaction));
    }
    failed = false;
    savepoints.clear();
  }

  void take(std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i) {
      if (text[i] == '\n') {
        ++line;
        before.clear();
      } else {
        before += text[i];
      }
    }
    text.erase(0, bytes);
  }

  bool next(std::string& statement) {
    for (;;) {
      if (next_ready < ready.size()) {
        const StatementText& found = ready[next_ready++];
        // Offsets of `ready` count from where `text` began when it was split.
        const std::size_t begin = found.offset - taken_, size = found.text.size();
        take(begin);
        current = statement = found.text;
        current_before = before;
        current_line = line;
        take(size);
        taken_ = found.offset + size;
        return true;
      }
      if (looked) return false;
      looked = true;
      bool complete = false;
      // What is left of the statement handed out last is its semicolon.
      ready = split_statements(text, complete);
      if (!complete && !last && !ready.empty()) ready.pop_back();
      next_ready = 0;
      taken_ = 0;
      if (ready.empty()) return false;
    }
  }

  // Places an error in the script that has been fed.
  void place(Error& error, std::string_view statement) const {
    if (error.line != 0) return;
    if (error.offset < 0 && error.place.empty()) error.offset = static_cast<int>(first_word(statement));  // a row that breaks a constraint, a full disk
    locate(error, statement);
    if (error.line == 0 || statement != current) return;
    if (error.line == 1) {
      for (const char c : current_before) error.column += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
      error.excerpt = current_before + error.excerpt;
    }
    error.line += current_line - 1;
  }

  Outcome execute(std::string_view sql) {
    const Statement about = transaction_statement(sql);
    const Statement::Kind kind = about.kind;
    if (kind == Statement::Kind::kCommit || kind == Statement::Kind::kRollback) {
      if (!transaction) return {};  // PostgreSQL: a warning
      const bool commits = kind == Statement::Kind::kCommit && !failed;
      try {
        if (commits) {
          Submitted submitted;
          submitted.transaction = transaction.get();
          engine->commit(submitted, {});
        }
      } catch (...) {
        end();
        throw;
      }
      end();
      return {};
    }
    if (kind == Statement::Kind::kRollbackTo) {
      const std::size_t found = savepoint("ROLLBACK TO SAVEPOINT", about.names.at(0));
      engine->rollback(*transaction, savepoints[found].second);
      savepoints.resize(found + 1);
      failed = false;
      return {};
    }
    if (failed) throw Failure(ErrorCode::kTransaction, "current transaction is aborted, commands ignored until end of transaction block");
    if (kind == Statement::Kind::kBegin) {
      if (!transaction) {
        transaction = engine->begin();
        transaction->read_only = about.read_only;
      }
      return {};
    }
    if (kind == Statement::Kind::kSavepoint) {
      if (!transaction) throw Failure(ErrorCode::kTransaction, "SAVEPOINT can only be used in transaction blocks");
      savepoints.emplace_back(about.names.at(0), engine->mark(*transaction));
      return {};
    }
    if (kind == Statement::Kind::kRelease) {
      savepoints.resize(savepoint("RELEASE SAVEPOINT", about.names.at(0)));
      return {};
    }
    if (transaction) {
      try {
        return engine->execute(*transaction, sql, lines, false);
      } catch (...) {
        failed = true;
        throw;
      }
    }
    std::unique_ptr<TransactionState> alone = engine->begin();
    try {
      Outcome outcome = engine->execute(*alone, sql, lines, true);
      engine->recycle(std::move(alone));
      return outcome;
    } catch (...) {
      engine->rollback(*alone);
      engine->recycle(std::move(alone));
      throw;
    }
  }

 private:
  // The statement, if it is about transactions, or kNothing: told by the first word, then by the parser.
  Statement transaction_statement(std::string_view sql) const {
    std::string word;
    for (std::size_t at = first_word(sql); at < sql.size() && word.size() < 10; ++at) {
      const char c = sql[at];
      if (c >= 'a' && c <= 'z') word += static_cast<char>(c - 'a' + 'A');
      else if (c >= 'A' && c <= 'Z') word += c;
      else break;
    }
    for (const char* one : {"BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE"}) {
      if (word == one) return engine->transaction_statement(sql);
    }
    return {};
  }

  // The youngest of this name. As in PostgreSQL, asking for one that is not there spoils the transaction.
  std::size_t savepoint(const char* statement, const std::string& name) {
    if (!transaction) throw Failure(ErrorCode::kTransaction, std::string(statement) + " can only be used in transaction blocks");
    for (std::size_t n = savepoints.size(); n-- > 0;) {
      if (savepoints[n].first == name) return n;
    }
    failed = true;
    throw Failure(ErrorCode::kTransaction, "savepoint \"" + name + "\" does not exist");
  }

  std::size_t taken_ = 0;
};

}  // namespace internal

using internal::guarded;

Session::Session(std::unique_ptr<internal::SessionState> state) : state_(std::move(state)) {}
Session::Session(Session&&) noexcept = default;
Session::~Session() = default;

void Session::feed(std::string_view text, bool last) {
  if (!state_) return;
  state_->text += text;
  state_->last = state_->last || last;
  if (last || text.find(';') != std::string_view::npos) state_->looked = false;
}

bool Session::next(std::string& statement) { return state_ && state_->next(statement); }

Result<Outcome> Session::execute(std::string_view statement) {
  auto outcome = guarded([&] {
    internal::require_open(state_ != nullptr, "the session has ended");
    internal::require_open(state_->engine != nullptr, "the database handle has been moved from");
    return state_->execute(statement);
  });
  if (outcome.ok() || !state_) return outcome;
  Error error = outcome.error();
  state_->place(error, statement);
  return error;
}

bool Session::in_transaction() const { return state_ && state_->transaction; }

void Session::on_copy_stdin(std::function<bool(std::string& line)> next_line) {
  if (state_) state_->lines = std::move(next_line);
}

// ---- Database's own

Session Database::session() {
  auto state = std::make_unique<internal::SessionState>();
  state->engine = engine_;
  return Session(std::move(state));
}

Result<std::vector<Outcome>> Database::execute(std::string_view script) {
  bool complete = false;
  std::vector<Outcome> outcomes;
  Session one = session();
  for (const StatementText& statement : split_statements(script, complete)) {
    Result<Outcome> outcome = one.execute(statement.text);
    if (!outcome.ok()) {
      Error error = outcome.error();
      if (error.offset >= 0) {
        error.offset += static_cast<int>(statement.offset);
        locate(error, script);
      }
      return error;
    }
    outcomes.push_back(std::move(outcome).value());
  }
  return outcomes;
}

}  // namespace weir
