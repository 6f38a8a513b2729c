// LIKE and ILIKE.
//
// Cost     patterns of the shapes abc, abc%, %abc and %abc% are searched for directly; others backtrack at each % only.

#include <algorithm>

#include "sql/kernels.h"

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

}  // namespace

void add_patterns(Kernels& k) {
  k.add("~~ text text", like<false, false>);
  k.add("!~~ text text", like<false, true>);
  k.add("~~* text text", like<true, false>);
  k.add("!~~* text text", like<true, true>);
  k.add("like_escape text text", pointwise<[](View pattern, View escape) { return like_escape(pattern, escape); }>);
}

}  // namespace weir
