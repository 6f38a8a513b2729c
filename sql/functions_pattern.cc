// LIKE and ILIKE; the functions over regular expressions (sql/regex.h).
//
// Cost     LIKE: patterns of the shapes abc, abc%, %abc and %abc% are searched for directly; others backtrack at each % only.

#include <algorithm>
#include <list>

#include "sql/kernels.h"
#include "sql/regex.h"
#include "zset/array.h"

namespace weir {
namespace {

using View = std::string_view;

enum class Match { kFalse, kTrue, kAbort };  // kAbort: no later start can match either

void next_character(View& s) {
  s.remove_prefix(1);
  while (!s.empty() && (static_cast<unsigned char>(s[0]) & 0xC0) == 0x80) s.remove_prefix(1);
}

[[noreturn]] void open_escape() { fail("LIKE pattern must not end with escape character"); }

Match match(View text, View pattern) {
  if (pattern == "%") return Match::kTrue;
  while (!text.empty() && !pattern.empty()) {
    if (pattern[0] == '\\') {
      pattern.remove_prefix(1);
      if (pattern.empty()) open_escape();
      if (pattern[0] != text[0]) return Match::kFalse;
    } else if (pattern[0] == '%') {
      pattern.remove_prefix(1);
      for (; !pattern.empty(); pattern.remove_prefix(1)) {
        if (pattern[0] == '%') continue;
        if (pattern[0] != '_') break;
        if (text.empty()) return Match::kAbort;
        next_character(text);
      }
      if (pattern.empty()) return Match::kTrue;
      if (pattern[0] == '\\' && pattern.size() < 2) open_escape();
      const char first = pattern[0] == '\\' ? pattern[1] : pattern[0];
      for (; !text.empty(); next_character(text)) {
        if (text[0] != first) continue;
        if (const Match m = match(text, pattern); m != Match::kFalse) return m;
      }
      return Match::kAbort;
    } else if (pattern[0] == '_') {
      next_character(text);
      pattern.remove_prefix(1);
      continue;
    } else if (pattern[0] != text[0]) {
      return Match::kFalse;
    }
    text.remove_prefix(1);
    pattern.remove_prefix(1);
  }
  if (!text.empty()) return Match::kFalse;
  while (!pattern.empty() && pattern[0] == '%') pattern.remove_prefix(1);
  return pattern.empty() ? Match::kTrue : Match::kAbort;
}

// A pattern, looked at once for many texts.
class LikePattern {
 public:
  explicit LikePattern(View pattern) : pattern_(pattern), literal_(pattern) {
    open_front_ = literal_.starts_with('%');
    if (open_front_) literal_.remove_prefix(1);
    open_back_ = literal_.ends_with('%');
    if (open_back_) literal_.remove_suffix(1);
    plain_ = literal_.find_first_of("%_\\") == View::npos;
  }
  bool matches(View text) const {
    if (!plain_) return match(text, pattern_) == Match::kTrue;
    if (open_front_) return open_back_ ? text.find(literal_) != View::npos : text.ends_with(literal_);
    return open_back_ ? text.starts_with(literal_) : text == literal_;
  }

 private:
  View pattern_, literal_;
  bool open_front_ = false, open_back_ = false, plain_ = false;
};

std::string lower(View s) {
  std::string r(s);
  std::ranges::transform(r, r.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return r;
}

template <bool AnyCase, bool Negated>
Column like(const Function&, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  const Bytes* texts = args[0].bytes();
  const Bytes* patterns = args[1].bytes();
  std::optional<LikePattern> pattern;
  std::string lowered;
  const Bytes* last = nullptr;
  return fill<bool>(rows, arena, [&](std::uint32_t i) {
    if (!last || !(*last == patterns[i])) {
      last = &patterns[i];
      if (AnyCase) lowered = lower(last->view());
      pattern.emplace(AnyCase ? View(lowered) : last->view());
    }
    const bool found = AnyCase ? pattern->matches(lower(texts[i].view())) : pattern->matches(texts[i].view());
    return found != Negated;
  });
}

// LIKE … ESCAPE: the pattern with backslashes for escapes.
std::string like_escape(View pattern, View escape) {
  std::string r;
  if (escape.empty()) {
    for (char c : pattern) {
      if (c == '\\') r += '\\';
      r += c;
    }
    return r;
  }
  View rest = escape;
  next_character(rest);
  if (!rest.empty()) fail("invalid escape string");
  if (escape == "\\") return std::string(pattern);
  bool after = false;
  while (!pattern.empty()) {
    if (pattern.starts_with(escape) && !after) {
      r += '\\';
      pattern.remove_prefix(escape.size());
      after = true;
      continue;
    }
    if (pattern[0] == '\\' && !after) r += '\\';
    r += pattern[0];
    pattern.remove_prefix(1);
    after = false;
  }
  return r;
}

// ---- regular expressions

using Int = std::int64_t;
using Characters = std::vector<char32_t>;

// Patterns seen last by this thread, ready to match. Valid until the next call.
const Regex& compiled(View pattern, Regex::Flags flags) {
  struct Entry {
    std::string key;
    Regex regex;
  };
  constexpr std::size_t kKept = 32;
  thread_local std::list<Entry> cache;
  std::string key(pattern);
  for (const bool flag : {flags.ignore_case, flags.newline_stops, flags.newline_anchors, flags.expanded, flags.quoted}) key += flag ? '1' : '0';
  for (auto it = cache.begin(); it != cache.end(); ++it) {
    if (it->key != key) continue;
    cache.splice(cache.begin(), cache, it);
    return cache.front().regex;
  }
  cache.push_front({std::move(key), Regex(pattern, flags)});
  if (cache.size() > kKept) cache.pop_back();
  return cache.front().regex;
}

std::string utf8(const Characters& text, std::size_t begin, std::size_t end) {
  std::string s;
  for (std::size_t i = begin; i < end; ++i) append_utf8(s, text[i]);
  return s;
}

// The options of regexp_replace() and its like. `function`: who does not take 'g'; "" takes it.
Regex::Flags parse_flags(View text, bool& global, const char* function = "") {
  Regex::Flags f;
  global = false;
  for (char c : text) {
    switch (c) {
      case 'g':
        global = true;
        if (*function) fail(std::string(function) + "() does not support the \"global\" option");
        break;
      case 'b':
      case 'e':
        fail("basic and extended POSIX regular expressions are not supported");
      case 'c':
        f.ignore_case = false;
        break;
      case 'i':
        f.ignore_case = true;
        break;
      case 'm':
      case 'n':
        f.newline_stops = f.newline_anchors = true;
        break;
      case 'p':
        f.newline_stops = true, f.newline_anchors = false;
        break;
      case 'q':
        f.quoted = true;
        break;
      case 's':
        f.newline_stops = f.newline_anchors = false;
        break;
      case 't':
        f.expanded = false;
        break;
      case 'w':
        f.newline_stops = false, f.newline_anchors = true;
        break;
      case 'x':
        f.expanded = true;
        break;
      default:
        fail("invalid regular expression option: \"" + std::string(1, c) + '"');
    }
  }
  return f;
}

template <bool AnyCase, bool Negated>
bool regex_matches(View text, View pattern) {
  Regex::Flags flags;
  flags.ignore_case = AnyCase;
  return compiled(pattern, flags).matches(to_characters(text)) != Negated;
}

Int checked(Int value, Int least, const char* name) {
  if (value < least) fail(std::string("invalid value for parameter \"") + name + "\": " + std::to_string(value));
  return value;
}

// Replaces match number n (from 1), or all where n is 0.
std::string regexp_replace(View text, View pattern, View replacement, Int start, Int n, Regex::Flags flags) {
  const Regex& regex = compiled(pattern, flags);
  const Characters characters = to_characters(text);
  std::vector<Regex::Span> spans;
  std::string out;
  std::size_t copied = 0, from = static_cast<std::size_t>(start) - 1;
  const auto span = [&](std::size_t group) {
    if (group >= spans.size() || spans[group].begin < 0) return;
    out += utf8(characters, static_cast<std::size_t>(spans[group].begin), static_cast<std::size_t>(spans[group].end));
  };
  for (Int matches = 1; from <= characters.size() && regex.find(characters, from, spans); ++matches) {
    const auto begin = static_cast<std::size_t>(spans[0].begin), end = static_cast<std::size_t>(spans[0].end);
    from = begin == end ? end + 1 : end;
    if (n > 0 && matches != n) continue;
    out += utf8(characters, copied, begin);
    for (std::size_t i = 0; i < replacement.size(); ++i) {
      const char next = i + 1 < replacement.size() ? replacement[i + 1] : '\0';
      if (replacement[i] != '\\' || !((next >= '1' && next <= '9') || next == '&' || next == '\\')) {
        out += replacement[i];
        continue;
      }
      ++i;
      if (next == '\\')
        out += next;
      else
        span(next == '&' ? 0 : static_cast<std::size_t>(next - '0'));
    }
    copied = end;
    if (n > 0) break;
  }
  return out += utf8(characters, copied, characters.size());
}

std::string regexp_replace(View text, View pattern, View replacement, View options) {
  if (!options.empty() && options[0] >= '0' && options[0] <= '9')
    fail("invalid regular expression option: \"" + std::string(options.substr(0, 1)) + '"');
  bool global = false;
  const Regex::Flags flags = parse_flags(options, global);
  return regexp_replace(text, pattern, replacement, 1, global ? 0 : 1, flags);
}

// substring(text from pattern): the first group, or all where the pattern has none.
std::optional<std::string> regex_substring(View text, View pattern) {
  const Regex& regex = compiled(pattern, {});
  const Characters characters = to_characters(text);
  std::vector<Regex::Span> spans;
  if (!regex.find(characters, 0, spans)) return std::nullopt;
  const Regex::Span& s = spans[regex.groups() > 0 ? 1 : 0];
  if (s.begin < 0) return std::nullopt;
  return utf8(characters, static_cast<std::size_t>(s.begin), static_cast<std::size_t>(s.end));
}

// A pattern without groups counts as one.
std::optional<std::size_t> group_number(const Regex& regex, Int group) {
  if (regex.groups() == 0 && group == 1) return 0;
  if (static_cast<std::size_t>(group) > regex.groups()) return std::nullopt;
  return static_cast<std::size_t>(group);
}

// Where to look for the next match.
std::size_t after(const Regex::Span& match) { return static_cast<std::size_t>(match.begin == match.end ? match.end + 1 : match.end); }

// Match number n from `start` on.
bool find_match(const Regex& regex, const Characters& text, Int start, Int n, std::vector<Regex::Span>& spans) {
  std::size_t from = static_cast<std::size_t>(start) - 1;
  while (from <= text.size() && regex.find(text, from, spans)) {
    if (--n == 0) return true;
    from = after(spans[0]);
  }
  return false;
}

Int regexp_count(View text, View pattern, Int start, View options) {
  checked(start, 1, "start");
  bool global = false;
  const Regex& regex = compiled(pattern, parse_flags(options, global, "regexp_count"));
  const Characters characters = to_characters(text);
  std::vector<Regex::Span> spans;
  std::size_t from = static_cast<std::size_t>(start) - 1;
  Int n = 0;
  for (; from <= characters.size() && regex.find(characters, from, spans); ++n) {
    from = after(spans[0]);
  }
  return n;
}

Int regexp_instr(View text, View pattern, Int start, Int n, Int end, View options, Int group) {
  checked(start, 1, "start");
  checked(n, 1, "n");
  if (end != 0 && end != 1) fail("invalid value for parameter \"endoption\": " + std::to_string(end));
  checked(group, 0, "subexpr");
  bool global = false;
  const Regex& regex = compiled(pattern, parse_flags(options, global, "regexp_instr"));
  std::vector<Regex::Span> spans;
  const std::optional<std::size_t> number = group_number(regex, group);
  if (!number || !find_match(regex, to_characters(text), start, n, spans)) return 0;
  const Regex::Span& s = spans[*number];
  return s.begin < 0 ? 0 : (end ? s.end : s.begin) + 1;
}

std::optional<std::string> regexp_substr(View text, View pattern, Int start, Int n, View options, Int group) {
  checked(start, 1, "start");
  checked(n, 1, "n");
  checked(group, 0, "subexpr");
  bool global = false;
  const Regex& regex = compiled(pattern, parse_flags(options, global, "regexp_substr"));
  const Characters characters = to_characters(text);
  std::vector<Regex::Span> spans;
  const std::optional<std::size_t> number = group_number(regex, group);
  if (!number || !find_match(regex, characters, start, n, spans)) return std::nullopt;
  const Regex::Span& s = spans[*number];
  if (s.begin < 0) return std::nullopt;
  return utf8(characters, static_cast<std::size_t>(s.begin), static_cast<std::size_t>(s.end));
}

Bytes piece_of(const Characters& text, const Regex::Span& s, Arena& arena) {
  return Bytes::copy(utf8(text, static_cast<std::size_t>(s.begin), static_cast<std::size_t>(s.end)), arena);
}

// A match as an array: its groups, or where the pattern has none, all of it.
Bytes groups_of(const Regex& regex, const Characters& text, const std::vector<Regex::Span>& spans, Arena& arena) {
  ArrayBuilder out(KeyKind::kText);
  for (std::size_t g = regex.groups() > 0 ? 1 : 0; g <= regex.groups(); ++g) {
    out.add(g < spans.size() && spans[g].begin >= 0 ? Datum::of(piece_of(text, spans[g], arena)) : Datum::of_null(Kind::kBytes));
  }
  return out.take(arena);
}

std::optional<Bytes> regexp_match(Arena& arena, View text, View pattern, View options) {
  bool global = false;
  const Regex& regex = compiled(pattern, parse_flags(options, global, "regexp_match"));
  const Characters characters = to_characters(text);
  std::vector<Regex::Span> spans;
  if (!regex.find(characters, 0, spans)) return std::nullopt;
  return groups_of(regex, characters, spans, arena);
}

// The first match, or with 'g' all, each an array as bytes.
Bytes regexp_matches(Arena& arena, View text, View pattern, View options) {
  bool global = false;
  const Regex& regex = compiled(pattern, parse_flags(options, global));
  const Characters characters = to_characters(text);
  std::vector<Regex::Span> spans;
  ArrayBuilder out(KeyKind::kText);
  for (std::size_t from = 0; from <= characters.size() && regex.find(characters, from, spans);) {
    out.add(Datum::of(groups_of(regex, characters, spans, arena)));
    if (!global) break;
    from = after(spans[0]);
  }
  return out.take(arena);
}

// What is between the matches. One of no characters counts only within the text, and not right after another.
Bytes regexp_split(Arena& arena, View text, View pattern, View options, const char* function) {
  bool global = false;
  const Regex& regex = compiled(pattern, parse_flags(options, global, function));
  const Characters characters = to_characters(text);
  const auto size = static_cast<std::int64_t>(characters.size());
  std::vector<Regex::Span> spans;
  ArrayBuilder out(KeyKind::kText);
  std::int64_t begin = 0, last = 0;  // of the piece; the end of the match before
  for (std::size_t from = 0; from <= characters.size() && regex.find(characters, from, spans); from = after(spans[0])) {
    if (spans[0].begin < size && spans[0].end > last) {
      out.add(Datum::of(piece_of(characters, {begin, spans[0].begin}, arena)));
      begin = spans[0].end;
    }
    last = spans[0].end;
  }
  out.add(Datum::of(piece_of(characters, {begin, size}, arena)));
  return out.take(arena);
}

// The pattern of SIMILAR TO as an ordinary one.
std::string similar_to_escape(View pattern, View escape) {
  if (to_characters(escape).size() > 1) fail("invalid escape string");
  std::string r = "^(?:";
  int quotes = 0;
  bool after = false, in_class = false;
  while (!pattern.empty()) {
    const char c = pattern[0];
    if (!after && !escape.empty() && pattern.starts_with(escape)) {
      pattern.remove_prefix(escape.size());
      after = true;
      continue;
    }
    if (after) {
      if (c == '"' && !in_class) {
        if (++quotes > 2) fail("SQL regular expression may not contain more than two escape-double-quote separators");
        r += quotes == 1 ? "){1,1}?(" : "){1,1}(?:";
      } else {
        r += '\\';
        r += c;
      }
      after = false;
    } else if (in_class) {
      if (c == '\\') r += c;
      r += c;
      in_class = c != ']';
    } else if (c == '%') {
      r += ".*";
    } else if (c == '_') {
      r += '.';
    } else if (c == '(') {
      r += "(?:";
    } else {
      if (c == '\\' || c == '.' || c == '^' || c == '$') r += '\\';
      r += c;
      in_class = c == '[';
    }
    pattern.remove_prefix(1);
  }
  return r += ")$";
}

bool regexp_like(View text, View pattern, View options) {
  bool global = false;
  return compiled(pattern, parse_flags(options, global, "regexp_like")).matches(to_characters(text));
}

}  // namespace

void add_patterns(Kernels& k) {
  for (const std::string type : {"text", "bpchar"}) {
    k.add("~~ " + type + " text", like<false, false>);
    k.add("!~~ " + type + " text", like<false, true>);
    k.add("~~* " + type + " text", like<true, false>);
    k.add("!~~* " + type + " text", like<true, true>);
  }
  k.add("like_escape text text", pointwise<[](View pattern, View escape) { return like_escape(pattern, escape); }>);

  for (const std::string type : {"text", "bpchar"}) {
    k.add("~ " + type + " text", pointwise<[](View s, View p) { return regex_matches<false, false>(s, p); }>);
    k.add("!~ " + type + " text", pointwise<[](View s, View p) { return regex_matches<false, true>(s, p); }>);
    k.add("~* " + type + " text", pointwise<[](View s, View p) { return regex_matches<true, false>(s, p); }>);
    k.add("!~* " + type + " text", pointwise<[](View s, View p) { return regex_matches<true, true>(s, p); }>);
  }
  k.add("similar_to_escape text", pointwise<[](View p) { return similar_to_escape(p, "\\"); }>);
  k.add("similar_to_escape text text", pointwise<[](View p, View e) { return similar_to_escape(p, e); }>);
  k.add("substring text text", pointwise<[](View s, View p) { return regex_substring(s, p); }>);
  k.add("substring text text text", pointwise<[](View s, View p, View e) { return regex_substring(s, similar_to_escape(p, e)); }>);
  k.add("regexp_like text text", pointwise<[](View s, View p) { return regexp_like(s, p, ""); }>);
  k.add("regexp_like text text text", pointwise<[](View s, View p, View f) { return regexp_like(s, p, f); }>);
  k.add("regexp_match text text", pointwise<[](Arena& a, View s, View p) { return regexp_match(a, s, p, ""); }>);
  k.add("regexp_match text text text", pointwise<regexp_match>);
  k.add("regexp_matches text text", pointwise<[](Arena& a, View s, View p) { return regexp_matches(a, s, p, ""); }>);
  k.add("regexp_matches text text text", pointwise<regexp_matches>);
  k.add("regexp_split_to_array text text", pointwise<[](Arena& a, View s, View p) { return regexp_split(a, s, p, "", "regexp_split_to_array"); }>);
  k.add("regexp_split_to_array text text text", pointwise<[](Arena& a, View s, View p, View f) { return regexp_split(a, s, p, f, "regexp_split_to_array"); }>);
  k.add("regexp_split_to_table text text", pointwise<[](Arena& a, View s, View p) { return regexp_split(a, s, p, "", "regexp_split_to_table"); }>);
  k.add("regexp_split_to_table text text text", pointwise<[](Arena& a, View s, View p, View f) { return regexp_split(a, s, p, f, "regexp_split_to_table"); }>);
  k.add("regexp_replace text text text", pointwise<[](View s, View p, View r) { return regexp_replace(s, p, r, ""); }>);
  k.add("regexp_replace text text text text", pointwise<[](View s, View p, View r, View f) { return regexp_replace(s, p, r, f); }>);
  k.add("regexp_replace text text text int4",
        pointwise<[](View s, View p, View r, Int start) { return regexp_replace(s, p, r, checked(start, 1, "start"), 1, {}); }>);
  k.add("regexp_replace text text text int4 int4", pointwise<[](View s, View p, View r, Int start, Int n) {
          return regexp_replace(s, p, r, checked(start, 1, "start"), checked(n, 0, "n"), {});
        }>);
  k.add("regexp_replace text text text int4 int4 text", pointwise<[](View s, View p, View r, Int start, Int n, View f) {
          bool global = false;
          return regexp_replace(s, p, r, checked(start, 1, "start"), checked(n, 0, "n"), parse_flags(f, global));
        }>);
  k.add("regexp_count text text", pointwise<[](View s, View p) { return regexp_count(s, p, 1, ""); }>);
  k.add("regexp_count text text int4", pointwise<[](View s, View p, Int start) { return regexp_count(s, p, start, ""); }>);
  k.add("regexp_count text text int4 text", pointwise<[](View s, View p, Int start, View f) { return regexp_count(s, p, start, f); }>);
  k.add("regexp_instr text text", pointwise<[](View s, View p) { return regexp_instr(s, p, 1, 1, 0, "", 0); }>);
  k.add("regexp_instr text text int4", pointwise<[](View s, View p, Int i) { return regexp_instr(s, p, i, 1, 0, "", 0); }>);
  k.add("regexp_instr text text int4 int4", pointwise<[](View s, View p, Int i, Int n) { return regexp_instr(s, p, i, n, 0, "", 0); }>);
  k.add("regexp_instr text text int4 int4 int4", pointwise<[](View s, View p, Int i, Int n, Int e) { return regexp_instr(s, p, i, n, e, "", 0); }>);
  k.add("regexp_instr text text int4 int4 int4 text",
        pointwise<[](View s, View p, Int i, Int n, Int e, View f) { return regexp_instr(s, p, i, n, e, f, 0); }>);
  k.add("regexp_instr text text int4 int4 int4 text int4",
        pointwise<[](View s, View p, Int i, Int n, Int e, View f, Int g) { return regexp_instr(s, p, i, n, e, f, g); }>);
  k.add("regexp_substr text text", pointwise<[](View s, View p) { return regexp_substr(s, p, 1, 1, "", 0); }>);
  k.add("regexp_substr text text int4", pointwise<[](View s, View p, Int i) { return regexp_substr(s, p, i, 1, "", 0); }>);
  k.add("regexp_substr text text int4 int4", pointwise<[](View s, View p, Int i, Int n) { return regexp_substr(s, p, i, n, "", 0); }>);
  k.add("regexp_substr text text int4 int4 text", pointwise<[](View s, View p, Int i, Int n, View f) { return regexp_substr(s, p, i, n, f, 0); }>);
  k.add("regexp_substr text text int4 int4 text int4",
        pointwise<[](View s, View p, Int i, Int n, View f, Int g) { return regexp_substr(s, p, i, n, f, g); }>);
}

}  // namespace weir
