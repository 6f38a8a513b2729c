// The text side of statements: cutting scripts apart, quoting, places of errors, fragments.

#include "sql/statement.h"

#include <algorithm>
#include <cctype>

#include "sql/parse.h"

namespace weir {

namespace {

bool is_name_start(char c) { return std::isalpha(static_cast<unsigned char>(c)) || c == '_' || (c & 0x80); }
bool is_name_part(char c) { return is_name_start(c) || (c >= '0' && c <= '9') || c == '$'; }

// The position after the token that begins at `at`. Sets `open` where it does not end.
std::size_t skip_token(std::string_view s, std::size_t at, bool& open) {
  const char c = s[at];
  const auto quoted = [&](std::size_t from, char quote, bool escapes) {
    for (std::size_t i = from; i < s.size(); ++i) {
      if (escapes && s[i] == '\\') {
        ++i;
      } else if (s[i] == quote) {
        if (i + 1 < s.size() && s[i + 1] == quote) ++i;
        else return i + 1;
      }
    }
    open = true;
    return s.size();
  };
  if (c == '-' && s.substr(at, 2) == "--") return std::min(s.find('\n', at), s.size());
  if (c == '/' && s.substr(at, 2) == "/*") {
    int depth = 1;
    for (std::size_t i = at + 2; i + 1 < s.size(); ++i) {
      if (s[i] == '/' && s[i + 1] == '*') {
        ++depth;
        ++i;
      } else if (s[i] == '*' && s[i + 1] == '/') {
        ++i;
        if (--depth == 0) return i + 1;
      }
    }
    open = true;
    return s.size();
  }
  if (c == '\'' || c == '"') return quoted(at + 1, c, false);
  if ((c == 'e' || c == 'E') && at + 1 < s.size() && s[at + 1] == '\'') return quoted(at + 2, '\'', true);
  if (c == '$') {
    std::size_t end = at + 1;
    if (end < s.size() && is_name_start(s[end])) {
      while (end < s.size() && is_name_part(s[end]) && s[end] != '$') ++end;
    }
    if (end < s.size() && s[end] == '$') {
      const std::string_view tag = s.substr(at, end + 1 - at);
      const std::size_t close = s.find(tag, end + 1);
      if (close == std::string_view::npos) {
        open = true;
        return s.size();
      }
      return close + tag.size();
    }
    return at + 1;
  }
  if (is_name_start(c)) {
    while (at < s.size() && is_name_part(s[at])) ++at;
    return at;
  }
  return at + 1;
}

}  // namespace

std::vector<StatementText> split_statements(std::string_view script, bool& complete) {
  std::vector<StatementText> out;
  complete = true;
  std::size_t start = std::string_view::npos;  // of the statement's first token
  bool open = false;
  int depth = 0;
  for (std::size_t at = 0; at < script.size();) {
    const char c = script[at];
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v') {
      ++at;
      continue;
    }
    if (c == ';' && depth <= 0) {
      if (start != std::string_view::npos) out.push_back({std::string(script.substr(start, at - start)), start});
      start = std::string_view::npos;
      depth = 0;
      ++at;
      continue;
    }
    const bool comment = script.substr(at, 2) == "--" || script.substr(at, 2) == "/*";
    const std::size_t begin = at;
    at = skip_token(script, at, open);
    if (comment && !open) continue;
    if (start == std::string_view::npos) start = begin;
    if (c == '(') ++depth;
    if (c == ')') --depth;
  }
  if (start != std::string_view::npos) {
    complete = false;
    out.push_back({std::string(script.substr(start)), start});
  }
  return out;
}

std::string quote_identifier(std::string_view name) {
  const bool plain = !name.empty() && !(name[0] >= '0' && name[0] <= '9') && name[0] != '$' &&
                     std::all_of(name.begin(), name.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '_' || (c >= '0' && c <= '9') || c == '$'; });
  if (plain && !is_keyword(name)) return std::string(name);
  std::string out = "\"";
  for (char c : name) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

std::string quote_literal(std::string_view text) {
  const bool backslash = text.find('\\') != std::string_view::npos;
  std::string out = backslash ? "E'" : "'";
  for (char c : text) {
    if (c == '\'' || c == '\\') out += c;
    out += c;
  }
  return out + '\'';
}

std::string nearest_name(std::string_view name, std::span<const std::string> names) {
  std::string best;
  std::size_t best_distance = name.size() < 3 ? 1 : std::max<std::size_t>(1, name.size() / 3) + 1;  // the first one too far
  std::vector<std::size_t> row, before, before2;
  for (const std::string& candidate : names) {
    if (candidate == name || candidate.empty()) continue;
    if (std::max(candidate.size(), name.size()) - std::min(candidate.size(), name.size()) >= best_distance) continue;
    before2.clear();
    before.resize(candidate.size() + 1);
    for (std::size_t j = 0; j <= candidate.size(); ++j) before[j] = j;
    for (std::size_t i = 1; i <= name.size(); ++i) {
      row.assign(candidate.size() + 1, i);
      for (std::size_t j = 1; j <= candidate.size(); ++j) {
        const char a = static_cast<char>(std::tolower(static_cast<unsigned char>(name[i - 1])));
        const char b = static_cast<char>(std::tolower(static_cast<unsigned char>(candidate[j - 1])));
        row[j] = std::min({row[j - 1] + 1, before[j] + 1, before[j - 1] + (a != b)});
        if (i > 1 && j > 1 && name[i - 1] == candidate[j - 2] && name[i - 2] == candidate[j - 1]) row[j] = std::min(row[j], before2[j - 2] + 1);
      }
      before2 = std::move(before);
      before = row;
    }
    if (before.back() < best_distance) {
      best_distance = before.back();
      best = candidate;
    }
  }
  return best;
}

void locate(Error& error, std::string_view script) {
  if (error.offset < 0) return;
  const std::size_t offset = std::min(static_cast<std::size_t>(error.offset), script.size());
  std::size_t begin = 0;
  error.line = 1;
  for (std::size_t i = 0; i < offset; ++i) {
    if (script[i] == '\n') {
      ++error.line;
      begin = i + 1;
    }
  }
  error.column = 1 + static_cast<int>(std::count_if(script.begin() + static_cast<std::ptrdiff_t>(begin), script.begin() + static_cast<std::ptrdiff_t>(offset),
                                                    [](char c) { return (c & 0xC0) != 0x80; }));
  std::size_t end = std::min(script.find('\n', begin), script.size());
  if (end > begin && script[end - 1] == '\r') --end;
  error.excerpt = std::string(script.substr(begin, end - begin));
}

std::size_t name_length(std::string_view sql, std::size_t offset) {
  bool open = false;
  const auto blank = [&](std::size_t at) { return at < sql.size() && (sql[at] == ' ' || (sql[at] >= '\t' && sql[at] <= '\r')); };
  std::size_t end = skip_token(sql, offset, open);
  for (std::size_t at = end; at < sql.size();) {
    while (blank(at)) ++at;
    if (at >= sql.size() || sql[at] != '.') break;
    for (++at; blank(at);) ++at;
    if (at >= sql.size()) break;
    at = end = skip_token(sql, at, open);
  }
  return end - offset;
}

void check_fragment(std::string_view sql, Fragment kind) {
  std::string_view before, after;
  switch (kind) {
    case Fragment::kExpression: before = "SELECT (", after = "\n)"; break;
    case Fragment::kSelectItem: before = "SELECT "; break;
    case Fragment::kOrderItem: before = "SELECT 1 ORDER BY "; break;
    case Fragment::kRelation: before = "SELECT 1 FROM "; break;
    case Fragment::kQuery: break;
  }
  const auto bad = [&](int offset) {
    static constexpr std::string_view kWhat[] = {"an expression", "a select item", "an item of ORDER BY", "a relation", "a query"};
    throw Failure(ErrorCode::kSyntax, "this is not " + std::string(kWhat[static_cast<std::size_t>(kind)]), offset);
  };
  try {
    const std::string text = std::string(before) + std::string(sql) + std::string(after);
    const Json tree = parse_statement(text);
    const Json* select = tree.is_object() && tree.contains("SelectStmt") ? &tree["SelectStmt"] : nullptr;
    if (!select) bad(0);
    if (kind == Fragment::kQuery) return;
    // What the fragment may have added to `SELECT …`: one item of the one clause that it stands in, and nothing else.
    const auto count = [&](const char* field) { return select->contains(field) ? (*select)[field].size() : 0; };
    std::size_t fields = 3;  // targetList, limitOption, op
    bool good = (*select)["op"] == "SETOP_NONE" && (*select)["limitOption"] == "LIMIT_OPTION_DEFAULT" && count("targetList") == 1;
    if (kind == Fragment::kOrderItem) ++fields, good = good && count("sortClause") == 1;
    if (kind == Fragment::kRelation) ++fields, good = good && count("fromClause") == 1;
    good = good && select->size() == fields;
    if (good && kind == Fragment::kExpression) {
      const Json& target = (*select)["targetList"][0]["ResTarget"];
      good = !target.contains("name") && !target["val"].contains("RowExpr");
    }
    if (!good) bad(0);
    if (kind == Fragment::kExpression) {  // also without parentheses around it: `a) OR (b` closes those above
      before = "SELECT ";
      (void)parse_statement(std::string(before) + std::string(sql));
    }
  } catch (Failure& failure) {
    int& offset = failure.error().offset;
    if (offset >= 0) offset = std::clamp(offset - static_cast<int>(before.size()), 0, static_cast<int>(sql.size()));
    throw;
  }
}

}  // namespace weir
