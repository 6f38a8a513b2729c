#include "zset/json.h"

#include <weir/error.h>

#include <algorithm>

#include "zset/ascii.h"
#include "zset/hash.h"
#include "zset/numeric.h"

namespace weir {
namespace {

using View = std::string_view;

bool is_json_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_word(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (static_cast<unsigned char>(c) & 0x80) != 0; }

void append_utf8(std::string& out, std::uint32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | c >> 6);
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | c >> 12);
    out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | c >> 18);
    out += static_cast<char>(0x80 | (c >> 12 & 0x3F));
    out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  }
}

// Reads a text once. With `escapes` every string's escapes are resolved; with an `out` the value is written there as JSONB.
class Parser {
 public:
  Parser(View text, bool escapes) : text_(text), escapes_(escapes) {}

  void document(std::string* out) {
    value(out);
    spaces();
    if (at_ != text_.size()) refuse();
  }

  // A string from its first quote on, to behind its last.
  void string(std::string* out) {
    std::uint32_t high = 0;  // the first half of a pair
    for (++at_;; ++at_) {
      if (at_ == text_.size()) refuse();
      const char c = text_[at_];
      if (c == '"') break;
      if (static_cast<unsigned char>(c) < 0x20) refuse();
      if (c != '\\') {
        if (high != 0) surrogate();
        if (out) *out += c;
        continue;
      }
      if (++at_ == text_.size()) refuse();
      if (text_[at_] == 'u') {
        unicode(high, out);
        continue;
      }
      constexpr View kEscapes = "\"\\/bfnrt", kMeanings = "\"\\/\b\f\n\r\t";
      const std::size_t which = kEscapes.find(text_[at_]);
      if (which == View::npos) refuse();
      if (high != 0) surrogate();
      if (out) *out += kMeanings[which];
    }
    if (high != 0) surrogate();
    ++at_;
  }

 private:
  [[noreturn]] void refuse() const { throw Failure(ErrorCode::kInput, "invalid input syntax for type json: \"" + std::string(text_.substr(0, 200)) + '"'); }
  [[noreturn]] static void surrogate() {
    throw Failure(ErrorCode::kInput, "invalid input syntax for type json: half of a Unicode surrogate pair");
  }

  void spaces() {
    while (at_ < text_.size() && is_json_space(text_[at_])) ++at_;
  }
  char peek() {
    spaces();
    if (at_ == text_.size()) refuse();
    return text_[at_];
  }

  void unicode(std::uint32_t& high, std::string* out) {
    std::uint32_t c = 0;
    for (int i = 0; i < 4; ++i) {
      if (++at_ == text_.size()) refuse();
      const char d = static_cast<char>(text_[at_] | 0x20);
      if (is_digit(text_[at_])) c = c * 16 + static_cast<std::uint32_t>(text_[at_] - '0');
      else if (d >= 'a' && d <= 'f') c = c * 16 + static_cast<std::uint32_t>(d - 'a' + 10);
      else refuse();
    }
    if (!escapes_) return;
    if (c == 0) throw Failure(ErrorCode::kInput, "unsupported Unicode escape sequence: \\u0000 cannot be converted to text");
    const bool is_high = c >= 0xD800 && c < 0xDC00, is_low = c >= 0xDC00 && c < 0xE000;
    if (is_low != (high != 0)) surrogate();
    if (is_high) {
      high = c;
      return;
    }
    if (is_low) c = 0x10000 + ((high & 0x3FF) << 10) + (c & 0x3FF);
    high = 0;
    if (out) append_utf8(*out, c);
  }

  void number(std::string* out) {
    const std::size_t start = at_;
    const auto digits = [&] {
      if (at_ == text_.size() || !is_digit(text_[at_])) refuse();
      while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
    };
    const auto next_is = [&](View any) { return at_ < text_.size() && any.find(text_[at_]) != View::npos; };
    if (text_[at_] == '-') ++at_;
    if (next_is("0")) ++at_;
    else digits();
    bool plain = true;
    if (next_is(".")) {
      ++at_;
      digits();
    }
    if (next_is("eE")) {
      plain = false;
      ++at_;
      if (next_is("+-")) ++at_;
      digits();
    }
    if (at_ < text_.size() && is_word(text_[at_])) refuse();
    if (!out) return;
    const View given = text_.substr(start, at_ - start);
    constexpr std::size_t kShort = 1000;
    if (plain && given.size() < kShort && !given.starts_with("-0")) *out += given;
    else *out += Numeric::parse(given).to_string();
  }

  void value(std::string* out) {
    const char c = peek();
    if (c == '{') return object(out);
    if (c == '[') return array(out);
    if (c == '"') {
      std::string text;
      string(escapes_ && out ? &text : nullptr);
      if (out) append_json_string(*out, text);
      return;
    }
    if (c == '-' || is_digit(c)) return number(out);
    const std::size_t start = at_;
    while (at_ < text_.size() && is_word(text_[at_])) ++at_;
    const View word = text_.substr(start, at_ - start);
    if (word != "true" && word != "false" && word != "null") refuse();
    if (out) *out += word;
  }

  void enter() {
    if (++depth_ > kJsonDepthMost) throw Failure(ErrorCode::kInput, "JSON is nested deeper than " + std::to_string(kJsonDepthMost) + " levels");
    ++at_;
  }

  void array(std::string* out) {
    enter();
    if (out) *out += '[';
    if (peek() != ']') {
      for (;;) {
        value(out);
        const char c = peek();
        if (c == ']') break;
        if (c != ',') refuse();
        ++at_;
        if (out) *out += ", ";
      }
    }
    ++at_;
    --depth_;
    if (out) *out += ']';
  }

  void object(std::string* out) {
    enter();
    JsonbObject members;
    if (peek() != '}') {
      for (;;) {
        if (peek() != '"') refuse();
        std::string key, one;
        string(out ? &key : nullptr);
        if (peek() != ':') refuse();
        ++at_;
        value(out ? &one : nullptr);
        if (out) members.add(std::move(key), one);
        const char c = peek();
        if (c == '}') break;
        if (c != ',') refuse();
        ++at_;
      }
    }
    ++at_;
    --depth_;
    if (out) members.append_to(*out);
  }

  View text_;
  bool escapes_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

// Where the string that begins here ends: behind its last quote.
std::size_t string_end(View s) {
  std::size_t i = 1;
  while (s[i] != '"') i += s[i] == '\\' ? 2 : 1;
  return i + 1;
}

std::size_t value_end(View s) {
  if (s[0] == '"') return string_end(s);
  if (s[0] != '{' && s[0] != '[') {
    std::size_t i = 1;
    while (i < s.size() && (is_word(s[i]) || s[i] == '.' || s[i] == '+' || s[i] == '-')) ++i;
    return i;
  }
  int depth = 0;
  for (std::size_t i = 0;;) {
    const char c = s[i];
    if (c == '"') {
      i += string_end(s.substr(i));
      continue;
    }
    ++i;
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && --depth == 0) return i;
  }
}

// -- Order.

void append_count(std::string& out, std::uint32_t n) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(static_cast<unsigned char>(n >> shift));
}

// The sign; of a number that is not zero the place of its first digit, then its digits without zeros at either end.
void append_number(std::string& out, View text) {
  const bool negative = text[0] == '-';
  if (negative) text.remove_prefix(1);
  const std::size_t point = std::min(text.find('.'), text.size());
  const std::size_t first = text.find_first_not_of("0.");
  if (first == View::npos) {
    out += '\1';
    return;
  }
  out += negative ? '\0' : '\2';
  const std::size_t start = out.size();
  append_count(out, 0x80000000u + static_cast<std::uint32_t>(point) - static_cast<std::uint32_t>(first < point ? first : first - 1));
  for (const char c : text.substr(first)) {
    if (c != '.') out += c;
  }
  out.erase(out.find_last_not_of('0') + 1);
  out += '\0';
  if (!negative) return;
  for (std::size_t i = start; i < out.size(); ++i) out[i] = static_cast<char>(~out[i]);
}

void append_text(std::string& out, View string) {
  if (string.find('\\') == View::npos) out += string.substr(1, string.size() - 2);
  else out += json_text(string);
  out += '\0';  // which no JSONB holds
}

void append_value(std::string& out, View value) {
  const JsonType type = json_type(value);
  out += static_cast<char>(type);
  switch (type) {
    case JsonType::kNull: return;
    case JsonType::kBoolean: out += value[0] == 't' ? '\1' : '\0'; return;
    case JsonType::kNumber: return append_number(out, value);
    case JsonType::kString: return append_text(out, value);
    case JsonType::kArray: case JsonType::kObject: break;
  }
  const std::size_t head = out.size();
  append_count(out, 0);
  std::uint32_t n = 0;
  for (JsonMembers members(value); members.next(); ++n) {
    if (type == JsonType::kObject) append_text(out, members.key());
    append_value(out, members.value());
  }
  std::string count;
  append_count(count, n);
  out.replace(head, count.size(), count);
}

std::string order_of(const Bytes& jsonb) {
  std::string out;
  append_jsonb_order(out, jsonb.view());
  return out;
}

}  // namespace

void check_json(View text, bool escapes) { Parser(text, escapes).document(nullptr); }

std::string normalised_json(View text) {
  std::string out;
  Parser(text, true).document(&out);
  return out;
}

View json_trimmed(View value) {
  while (!value.empty() && is_json_space(value.front())) value.remove_prefix(1);
  while (!value.empty() && is_json_space(value.back())) value.remove_suffix(1);
  return value;
}

JsonType json_type(View value) {
  switch (json_trimmed(value)[0]) {
    case 'n': return JsonType::kNull;
    case '"': return JsonType::kString;
    case 't': case 'f': return JsonType::kBoolean;
    case '[': return JsonType::kArray;
    case '{': return JsonType::kObject;
    default: return JsonType::kNumber;
  }
}

std::string json_text(View string) {
  if (string.find('\\') == View::npos) return std::string(string.substr(1, string.size() - 2));
  std::string out;
  Parser(string, true).string(&out);
  return out;
}

void append_json_string(std::string& out, View text) {
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          out += "\\u00";
          out += c < 0x10 ? '0' : '1';
          out += "0123456789abcdef"[c & 0xF];
        } else {
          out += c;
        }
    }
  }
  out += '"';
}

JsonMembers::JsonMembers(View container) : rest_(json_trimmed(container)), object_(rest_[0] == '{') { rest_.remove_prefix(1); }

void JsonMembers::spaces() {
  while (is_json_space(rest_[0])) rest_.remove_prefix(1);
}

View JsonMembers::take() {
  const View taken = rest_.substr(0, value_end(rest_));
  rest_.remove_prefix(taken.size());
  spaces();
  return taken;
}

bool JsonMembers::next() {
  spaces();
  if (rest_[0] == ',') {
    rest_.remove_prefix(1);
    spaces();
  }
  if (rest_[0] == ']' || rest_[0] == '}') return false;
  if (object_) {
    key_ = take();
    rest_.remove_prefix(1);  // :
    spaces();
  }
  value_ = take();
  return true;
}

void JsonbObject::append_to(std::string& out) {
  const auto before = [](const Member& a, const Member& b) { return a.key.size() != b.key.size() ? a.key.size() < b.key.size() : a.key < b.key; };
  std::stable_sort(members_.begin(), members_.end(), before);
  out += '{';
  bool first = true;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    if (i + 1 < members_.size() && members_[i].key == members_[i + 1].key) continue;
    if (!first) out += ", ";
    first = false;
    append_json_string(out, members_[i].key);
    out += ": ";
    out += members_[i].value;
  }
  out += '}';
}

void append_jsonb_order(std::string& out, View jsonb) {
  const JsonType type = json_type(jsonb);
  // What stands alone: below it the empty array, above it the others, then objects.
  out += jsonb == "[]" ? '\0' : type < JsonType::kArray ? '\1' : '\2';
  append_value(out, jsonb);
}

int jsonb_compare(const Bytes& a, const Bytes& b) {
  const int c = order_of(a).compare(order_of(b));
  return c < 0 ? -1 : c > 0;
}

std::uint64_t jsonb_hash(const Bytes& jsonb) { return hash_bytes(order_of(jsonb)); }

}  // namespace weir
