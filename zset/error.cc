#include <weir/error.h>

#include <string_view>

namespace weir {
namespace {

constexpr std::size_t kExcerptMax = 120;  // characters of the SQL line that are shown; a longer line is cut around the caret
constexpr std::size_t kContext = 80;      // of these, before the caret

bool starts_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

// The bytes of the characters [first, first + count).
std::string_view characters(std::string_view s, std::size_t first, std::size_t count) {
  std::size_t begin = s.size(), end = s.size(), n = 0;
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (!starts_character(s[i])) continue;
    if (n == first) begin = i;
    if (n == first + count) {
      end = i;
      break;
    }
    ++n;
  }
  return s.substr(begin, end - begin);
}

std::size_t character_count(std::string_view s) {
  std::size_t n = 0;
  for (char c : s) n += starts_character(c);
  return n;
}

}  // namespace

std::string Error::to_string() const {
  std::string out = "ERROR: " + message;
  std::string where = place;
  if (line > 0) where += (where.empty() ? "" : ", ") + std::string("line ") + std::to_string(line);
  if (line > 0 && column > 0) where += ", column " + std::to_string(column);
  if (!where.empty()) out += "\n  at " + where;
  if (!excerpt.empty()) {
    const std::string head = line > 0 ? "LINE " + std::to_string(line) + ": " : "LINE: ";
    const std::size_t length = character_count(excerpt);
    const std::size_t caret = column > 0 ? static_cast<std::size_t>(column) - 1 : 0;
    const std::size_t first = length > kExcerptMax && caret > kContext ? caret - kContext : 0;
    const std::string_view shown = characters(excerpt, first, kExcerptMax);
    const std::string cut = first > 0 ? "..." : "";
    out += "\n" + head + cut + std::string(shown) + (first + kExcerptMax < length ? "..." : "");
    if (column > 0) {
      out += "\n" + std::string(head.size() + cut.size(), ' ');
      std::size_t n = first;
      for (const char c : shown) {  // a tab before the caret stays a tab, so that both lines move alike
        if (!starts_character(c)) continue;
        if (n++ >= caret) break;
        out += c == '\t' ? '\t' : ' ';
      }
      if (n < caret) out.append(caret - n, ' ');
      out += '^';
    }
  }
  if (!hint.empty()) out += "\nHINT: " + hint;
  return out;
}

}  // namespace weir
