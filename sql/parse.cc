// libpg_query: its parser and scanner, and the limits set around them.

#include "sql/parse.h"

#include <pg_query.h>
#include <pthread.h>

#include <algorithm>
#include <exception>
#include <functional>

#include "weir/error.h"

namespace weir {

namespace {

// libpg_query counts characters from 1.
int byte_offset(std::string_view sql, int cursor) {
  if (cursor <= 0) return -1;
  std::size_t at = 0;
  for (int left = cursor - 1; left > 0 && at < sql.size(); --left) {
    ++at;
    while (at < sql.size() && (sql[at] & 0xC0) == 0x80) ++at;
  }
  return static_cast<int>(at);
}

// Rejects what a C string or a UTF-8 decoder would stumble over.
void check_text(std::string_view s) {
  const auto bad = [&](std::size_t at) { throw Failure(ErrorCode::kSyntax, "invalid byte sequence for encoding \"UTF8\"", static_cast<int>(at)); };
  for (std::size_t i = 0; i < s.size();) {
    const auto c = static_cast<unsigned char>(s[i]);
    if (c == 0) bad(i);
    if (c < 0x80) {
      ++i;
      continue;
    }
    const std::size_t n = c >= 0xC2 && c <= 0xDF ? 2 : c >= 0xE0 && c <= 0xEF ? 3 : c >= 0xF0 && c <= 0xF4 ? 4 : 0;
    if (n == 0 || i + n > s.size()) bad(i);
    for (std::size_t k = 1; k < n; ++k) {
      if ((s[i + k] & 0xC0) != 0x80) bad(i);
    }
    const auto second = static_cast<unsigned char>(s[i + 1]);
    if ((c == 0xE0 && second < 0xA0) || (c == 0xED && second > 0x9F) || (c == 0xF0 && second < 0x90) || (c == 0xF4 && second > 0x8F)) bad(i);
    i += n;
  }
}

// libpg_query prints its tree by recursion: a chain of operators as deep as the text is long needs a stack in proportion. Short texts run on this thread.
constexpr std::size_t kShortText = 16 * 1024;
constexpr std::size_t kStackPerByte = 1024;
constexpr std::size_t kStackMost = std::size_t{1} << 30;

void with_stack(std::size_t text_bytes, const std::function<void()>& work) {
  if (text_bytes <= kShortText) return work();
  struct Task {
    const std::function<void()>& work;
    std::exception_ptr error;
  } task{work, nullptr};
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, std::min(kStackMost, (std::size_t{8} << 20) + text_bytes * kStackPerByte));
  pthread_t thread;
  const auto run = [](void* self) -> void* {
    auto* t = static_cast<Task*>(self);
    try {
      t->work();
    } catch (...) {
      t->error = std::current_exception();
    }
    return nullptr;
  };
  const int failed = pthread_create(&thread, &attributes, run, &task);
  pthread_attr_destroy(&attributes);
  if (failed) throw Failure(ErrorCode::kInternal, "no thread to parse a long statement");
  pthread_join(thread, nullptr);
  if (task.error) std::rethrow_exception(task.error);
}

}  // namespace

Json parse_statement(const std::string& sql) {
  check_text(sql);
  Json out;
  with_stack(sql.size(), [&] {
    struct Parsed {
      PgQueryParseResult result;
      explicit Parsed(const char* text) : result(pg_query_parse(text)) {}
      ~Parsed() { pg_query_free_parse_result(result); }
    } parsed(sql.c_str());
    if (const PgQueryError* error = parsed.result.error) {
      throw Failure(ErrorCode::kSyntax, error->message ? error->message : "syntax error", byte_offset(sql, error->cursorpos));
    }
    Json tree = Json::parse(parsed.result.parse_tree);
    Json& statements = tree["stmts"];
    if (statements.empty()) return;
    if (statements.size() > 1) {
      throw Failure(ErrorCode::kSyntax, "one statement is expected, not several", statements[1].value("stmt_location", 0));
    }
    out = std::move(statements[0]["stmt"]);
  });
  return out;
}

bool is_keyword(std::string_view name) {
  if (name.find_first_of("0123456789") != std::string_view::npos) return false;  // no keyword has a digit
  // A word is safe where the parser takes it as a column, a table, an alias and a function argument alike.
  const std::string word(name);
  const std::string probe = "SELECT " + word + ", t." + word + " AS " + word + " FROM " + word + " AS " + word;
  struct Parsed {
    PgQueryParseResult result;
    explicit Parsed(const char* text) : result(pg_query_parse(text)) {}
    ~Parsed() { pg_query_free_parse_result(result); }
  } parsed(probe.c_str());
  if (parsed.result.error) return true;
  const Json tree = Json::parse(parsed.result.parse_tree);
  const Json& target = tree["stmts"][0]["stmt"]["SelectStmt"]["targetList"][0]["ResTarget"]["val"];
  return !target.contains("ColumnRef");
}

}  // namespace weir
