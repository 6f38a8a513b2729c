// libpg_query: its parser and scanner, and the limits set around them.

#include "sql/parse.h"

#include <pg_query.h>
#include <pthread.h>

#include <algorithm>
#include <charconv>
#include <cstring>
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

// libpg_query prints its tree by recursion, and TreeReader reads it so: a chain of operators as deep as the text is long needs a stack in proportion.
// Short texts run on this thread.
constexpr std::size_t kShortText = 4 * 1024;
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

// Reads the JSON that libpg_query writes, which is well formed, has no fractions, and little white space: several times as fast as a reader that has to doubt.
class TreeReader {
 public:
  explicit TreeReader(const char* text) : at_(text) {}
  Json read() {
    Json out;
    value(out);
    if (next() != '\0') bad();
    return out;
  }

 private:
  void value(Json& out) {
    switch (next()) {
      case '{': return object(out);
      case '[': return array(out);
      case '"': out = string(); return;
      case 't': word("true"), out = true; return;
      case 'f': word("false"), out = false; return;
      case 'n': word("null"), out = nullptr; return;
      default: return number(out);
    }
  }
  void object(Json& out) {
    out = Json::object();
    auto& members = out.get_ref<Json::object_t&>();
    ++at_;
    if (next() == '}') ++at_;
    else do {
      next();
      std::string name = string();
      if (next() != ':') bad();
      ++at_;
      value(members[std::move(name)]);
    } while (more('}'));
  }
  void array(Json& out) {
    out = Json::array();
    auto& items = out.get_ref<Json::array_t&>();
    ++at_;
    if (next() == ']') ++at_;
    else do value(items.emplace_back()); while (more(']'));
  }
  bool more(char end) {
    const char c = next();
    if (c != ',' && c != end) bad();
    ++at_;
    return c == ',';
  }
  void word(const char* expected) {
    const std::size_t n = std::strlen(expected);
    if (std::strncmp(at_, expected, n) != 0) bad();
    at_ += n;
  }
  void number(Json& out) {
    const char* end = at_ + std::strspn(at_, "-0123456789");
    std::int64_t integer = 0;
    const auto [stop, error] = std::from_chars(at_, end, integer);
    if (error != std::errc() || stop != end) bad();
    out = integer;
    at_ = end;
  }
  std::string string() {
    if (*at_ != '"') bad();
    const char* begin = ++at_;
    at_ += std::strcspn(at_, "\"\\");
    std::string out(begin, at_);
    while (*at_ == '\\') {
      escape(out);
      begin = at_;
      at_ += std::strcspn(at_, "\"\\");
      out.append(begin, at_);
    }
    if (*at_++ != '"') bad();
    return out;
  }
  void escape(std::string& out) {
    static constexpr std::string_view kEscapes = "\"\\/bfnrt", kMeant = "\"\\/\b\f\n\r\t";
    const char c = at_[1];
    if (c == 'u') {  // of control characters alone
      unsigned code = 0;
      const auto [stop, error] = std::from_chars(at_ + 2, at_ + 6, code, 16);
      if (error != std::errc() || stop != at_ + 6 || code > 0x7f) bad();
      out += static_cast<char>(code);
      at_ += 6;
      return;
    }
    const std::size_t n = kEscapes.find(c);
    if (n == std::string_view::npos) bad();
    out += kMeant[n];
    at_ += 2;
  }
  char next() {
    while (*at_ == ' ' || *at_ == '\n' || *at_ == '\t') ++at_;
    return *at_;
  }
  [[noreturn]] static void bad() { throw Failure(ErrorCode::kInternal, "libpg_query wrote a tree that cannot be read"); }

  const char* at_;
};

}  // namespace

Json read_tree(const char* text) { return TreeReader(text).read(); }

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
    Json tree = read_tree(parsed.result.parse_tree);
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
  const Json tree = read_tree(parsed.result.parse_tree);
  const Json& target = tree["stmts"][0]["stmt"]["SelectStmt"]["targetList"][0]["ResTarget"]["val"];
  return !target.contains("ColumnRef");
}

}  // namespace weir
