// Functions over texts. A text is UTF-8 and is counted in characters; case is that of ASCII letters, as under PostgreSQL's lc_ctype C.

#include <algorithm>
#include <bit>
#include <cstdio>

#include "sql/kernels.h"
#include "zset/hash.h"

namespace weir {
namespace {

using Int = std::int64_t;
using View = std::string_view;

constexpr Int kLongest = 0x3fffffff;  // bytes of a text, as in PostgreSQL

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

Int characters(View s) { return count_characters(s); }

// The byte at which character n (from 0) begins, s.size() where there are no more.
std::size_t byte_of(View s, Int n) {
  if (n <= 0) return 0;
  std::size_t i = 0;
  for (; i < s.size(); ++i) {
    if (!continues(s[i]) && n-- == 0) break;
  }
  return i;
}

std::size_t character_bytes(View s, std::size_t at) {
  std::size_t n = 1;
  while (at + n < s.size() && continues(s[at + n])) ++n;
  return n;
}

char lower_ascii(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
char upper_ascii(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }
bool alphanumeric(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

template <char (*F)(char)>
Bytes mapped(Arena& arena, View s) {
  char few[Bytes::kInline];
  char* p = s.size() <= Bytes::kInline ? few : arena.array<char>(s.size());
  std::ranges::transform(s, p, F);
  return Bytes(View(p, s.size()));
}

std::string initcap(View s) {
  std::string r(s);
  bool inside = false;
  for (char& c : r) {
    c = inside ? lower_ascii(c) : upper_ascii(c);
    inside = alphanumeric(c);
  }
  return r;
}

View substring(View s, Int start, Int length) {
  if (length < 0) fail("negative substring length not allowed");
  const Int end = start + length;  // both are 32 bits wide
  if (end <= 1) return {};
  const Int first = std::max<Int>(start, 1);
  const View from = s.substr(byte_of(s, first - 1));
  return from.substr(0, byte_of(from, end - first));
}
View substring(View s, Int start) { return s.substr(byte_of(s, start - 1)); }

View left(View s, Int n) { return s.substr(0, byte_of(s, n < 0 ? characters(s) + n : n)); }
View right(View s, Int n) { return s.substr(byte_of(s, n < 0 ? -n : characters(s) - n)); }

void check_length(Int bytes) {
  if (bytes > kLongest) fail("requested length too large");
}

template <bool Left>
std::string pad(View s, Int length, View filling) {
  length = std::max<Int>(length, 0);
  check_length(length * 4);
  const Int have = characters(s);
  if (have >= length || filling.empty()) return std::string(left(s, std::min(have, length)));
  std::string padding;
  std::size_t at = 0;
  for (Int n = length - have; n > 0; --n) {
    const std::size_t bytes = character_bytes(filling, at);
    padding += filling.substr(at, bytes);
    at = at + bytes == filling.size() ? 0 : at + bytes;
  }
  return Left ? padding + std::string(s) : std::string(s) + padding;
}

bool among(View set, View character) {
  for (std::size_t i = 0; i < set.size();) {
    const std::size_t n = character_bytes(set, i);
    if (set.substr(i, n) == character) return true;
    i += n;
  }
  return false;
}

View trim(View s, View set, bool front, bool back) {
  while (front && !s.empty()) {
    const std::size_t n = character_bytes(s, 0);
    if (!among(set, s.substr(0, n))) break;
    s.remove_prefix(n);
  }
  while (back && !s.empty()) {
    std::size_t at = s.size() - 1;
    while (at > 0 && continues(s[at])) --at;
    if (!among(set, s.substr(at))) break;
    s.remove_suffix(s.size() - at);
  }
  return s;
}

Int position(View s, View part) {
  const std::size_t at = s.find(part);
  return at == s.npos ? 0 : characters(s.substr(0, at)) + 1;
}

std::string replace(View s, View from, View to) {
  if (from.empty()) return std::string(s);
  std::string r;
  for (;;) {
    const std::size_t at = s.find(from);
    if (at == s.npos) break;
    r += s.substr(0, at);
    r += to;
    s.remove_prefix(at + from.size());
  }
  return r += s;
}

std::string translate(View s, View from, View to) {
  std::string r;
  for (std::size_t i = 0; i < s.size();) {
    const std::size_t n = character_bytes(s, i);
    const View c = s.substr(i, n);
    i += n;
    Int index = -1;
    Int k = 0;
    for (std::size_t j = 0; j < from.size() && index < 0; ++k) {
      const std::size_t m = character_bytes(from, j);
      if (from.substr(j, m) == c) index = k;
      j += m;
    }
    if (index < 0) {
      r += c;
    } else if (const std::size_t at = byte_of(to, index); at < to.size()) {
      r += to.substr(at, character_bytes(to, at));
    }
  }
  return r;
}

std::string reverse(View s) {
  std::string r(s.size(), '\0');
  std::size_t end = s.size();
  for (std::size_t i = 0; i < s.size();) {
    const std::size_t n = character_bytes(s, i);
    end -= n;
    std::copy_n(s.data() + i, n, r.data() + end);
    i += n;
  }
  return r;
}

std::string repeat(View s, Int n) {
  n = std::max<Int>(n, 0);
  check_length(n * static_cast<Int>(s.size()));
  std::string r;
  r.reserve(s.size() * static_cast<std::size_t>(n));
  for (; n > 0; --n) r += s;
  return r;
}

View split_part(View s, View separator, Int n) {
  if (n == 0) fail("field position must not be zero");
  if (s.empty()) return {};
  if (separator.empty()) return n == 1 || n == -1 ? s : View();
  if (n < 0) {
    Int fields = 1;
    for (std::size_t at = s.find(separator); at != s.npos; at = s.find(separator, at + separator.size())) ++fields;
    n += fields + 1;
    if (n <= 0) return {};
  }
  for (;;) {
    const std::size_t at = s.find(separator);
    if (--n == 0) return s.substr(0, at);
    if (at == s.npos) return {};
    s.remove_prefix(at + separator.size());
  }
}

Int ascii(View s) {
  if (s.empty()) return 0;
  const auto byte = [&](std::size_t i) { return i < s.size() ? static_cast<unsigned char>(s[i]) : 0u; };
  const unsigned c = byte(0);
  if (c < 0x80) return c;
  if (c < 0xE0) return ((c & 0x1F) << 6) | (byte(1) & 0x3F);
  if (c < 0xF0) return ((c & 0x0F) << 12) | ((byte(1) & 0x3F) << 6) | (byte(2) & 0x3F);
  return ((c & 0x07) << 18) | ((byte(1) & 0x3F) << 12) | ((byte(2) & 0x3F) << 6) | (byte(3) & 0x3F);
}

std::string chr(Int c) {
  if (c < 0) fail("character number must be positive");
  if (c == 0) fail("null character not permitted");
  if (c > 0x10FFFF) fail("requested character too large for encoding: " + std::to_string(c));
  if (c >= 0xD800 && c < 0xE000) fail("requested character not valid for encoding: " + std::to_string(c));
  const auto byte = [](Int b) { return static_cast<char>(b); };
  if (c < 0x80) return {byte(c)};
  if (c < 0x800) return {byte(0xC0 | c >> 6), byte(0x80 | (c & 0x3F))};
  if (c < 0x10000) return {byte(0xE0 | c >> 12), byte(0x80 | (c >> 6 & 0x3F)), byte(0x80 | (c & 0x3F))};
  return {byte(0xF0 | c >> 18), byte(0x80 | (c >> 12 & 0x3F)), byte(0x80 | (c >> 6 & 0x3F)), byte(0x80 | (c & 0x3F))};
}

// After a backslash: 4 hexadecimal digits, + and 6, u and 4, U and 8, or a second backslash; two halves of a surrogate pair are one character.
std::string unistr(View s) {
  std::string out;
  Int high = 0;  // the first half of a pair
  while (!s.empty()) {
    if (s[0] != '\\' || s.starts_with("\\\\")) {
      if (high != 0) fail("invalid Unicode surrogate pair");
      out += s[0];
      s.remove_prefix(s[0] == '\\' ? 2 : 1);
      continue;
    }
    s.remove_prefix(1);
    const std::size_t digits = s.starts_with('+') ? 6 : s.starts_with('U') ? 8 : 4;
    if (s.starts_with('+') || s.starts_with('u') || s.starts_with('U')) s.remove_prefix(1);
    const View hex = s.substr(0, digits);
    if (hex.size() < digits || hex.find_first_not_of("0123456789abcdefABCDEF") != hex.npos) {
      Failure failure(ErrorCode::kEvaluation, "invalid Unicode escape");
      failure.error().hint = "a backslash is followed by 4 hexadecimal digits, + and 6, u and 4, U and 8, or a second backslash";
      throw failure;
    }
    s.remove_prefix(digits);
    const auto c = static_cast<Int>(std::stoull(std::string(hex), nullptr, 16));
    if (c == 0 || c > 0x10FFFF) {
      char text[16];
      std::snprintf(text, sizeof text, "%04X", static_cast<unsigned>(c));
      fail(std::string("invalid Unicode code point: ") + text);
    }
    const bool first = c >= 0xD800 && c < 0xDC00, second = c >= 0xDC00 && c < 0xE000;
    if ((high != 0) != second) fail("invalid Unicode surrogate pair");
    if (first) {
      high = c;
    } else {
      out += chr(second ? 0x10000 + ((high & 0x3FF) << 10) + (c & 0x3FF) : c);
      high = 0;
    }
  }
  if (high != 0) fail("invalid Unicode surrogate pair");
  return out;
}

std::string overlay(View s, View with, Int start, Int length) {
  if (start <= 0) fail("negative substring length not allowed");
  const Int after = start + length;
  if (after != static_cast<std::int32_t>(after)) fail("integer out of range");
  return std::string(substring(s, 1, start - 1)) + std::string(with) + std::string(substring(s, after));
}

// RFC 1321.
std::string md5(View s) {
  static constexpr std::array<std::uint32_t, 64> kSines = {
      0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501, 0x698098d8, 0x8b44f7af, 0xffff5bb1,
      0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821, 0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453,
      0xd8a1e681, 0xe7d3fbc8, 0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a, 0xfffa3942,
      0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70, 0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05,
      0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665, 0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d,
      0x85845dd1, 0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};
  static constexpr std::array<int, 16> kShifts = {7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21};
  std::string message(s);
  message += '\x80';
  message.resize((message.size() + 8 + 63) / 64 * 64, '\0');
  const std::uint64_t bits = s.size() * 8;
  for (std::size_t i = 0; i < 8; ++i) message[message.size() - 8 + i] = static_cast<char>(bits >> (8 * i));
  std::array<std::uint32_t, 4> state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  for (std::size_t block = 0; block < message.size(); block += 64) {
    auto [a, b, c, d] = state;
    for (unsigned i = 0; i < 64; ++i) {
      std::uint32_t f = 0;
      unsigned word = 0;
      switch (i / 16) {
        case 0:
          f = (b & c) | (~b & d), word = i;
          break;
        case 1:
          f = (d & b) | (~d & c), word = (5 * i + 1) % 16;
          break;
        case 2:
          f = b ^ c ^ d, word = (3 * i + 5) % 16;
          break;
        default:
          f = c ^ (b | ~d), word = 7 * i % 16;
          break;
      }
      std::uint32_t w = 0;
      for (unsigned k = 0; k < 4; ++k) w |= std::uint32_t{static_cast<unsigned char>(message[block + word * 4 + k])} << (8 * k);
      const std::uint32_t rotated = std::rotl(a + f + kSines[i] + w, kShifts[i / 16 * 4 + i % 4]);
      a = d, d = c, c = b, b += rotated;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
  }
  std::string hex;
  for (std::uint32_t word : state) {
    for (int k = 0; k < 4; ++k, word >>= 8) {
      hex += "0123456789abcdef"[word >> 4 & 15];
      hex += "0123456789abcdef"[word & 15];
    }
  }
  return hex;
}

// Words that PostgreSQL quotes as identifiers: all key words but the unreserved ones.
constexpr View kKeyWords =
    " all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case cast char character check "
    "coalesce collate "
    "collation column concurrently constraint create cross current_catalog current_date current_role current_schema current_time current_timestamp "
    "current_user "
    "dec decimal default deferrable desc distinct do else end except exists extract false fetch float for foreign freeze from full grant greatest "
    "group grouping "
    "having ilike in initially inner inout int integer intersect interval into is isnull join lateral leading least left like limit localtime "
    "localtimestamp "
    "national natural nchar none normalize not notnull null nullif numeric offset on only or order out outer overlaps overlay placing position "
    "precision primary "
    "real references returning right row select session_user setof similar smallint some substring symmetric table tablesample then time timestamp "
    "to trailing "
    "treat trim true union unique user using values varchar variadic verbose when where window with xmlattributes xmlconcat xmlelement xmlexists "
    "xmlforest "
    "xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable ";

Column quote_nullable(const Function&, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  return fill<std::string>(rows, arena,
                           [&](std::uint32_t i) { return args[0].is_valid(i) ? quoted_literal(args[0].bytes()[i].view()) : std::string("NULL"); });
}

Column concat(const Function&, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  std::string text;
  return fill<std::string>(rows, arena, [&](std::uint32_t i) {
    text.clear();
    for (const Column& c : args) {
      if (c.is_valid(i)) text += c.bytes()[i].view();
    }
    return text;
  });
}

Column concat_ws(const Function&, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  return fill<std::optional<std::string>>(rows, arena, [&](std::uint32_t i) -> std::optional<std::string> {
    if (!args[0].is_valid(i)) return std::nullopt;
    std::string text;
    bool first = true;
    for (const Column& c : args.subspan(1)) {
      if (!c.is_valid(i)) continue;
      if (!first) text += args[0].bytes()[i].view();
      first = false;
      text += c.bytes()[i].view();
    }
    return text;
  });
}

Bytes joined(Arena& arena, View a, View b) {
  const std::size_t n = a.size() + b.size();
  if (n > static_cast<std::size_t>(kLongest)) fail("requested length too large");
  char few[Bytes::kInline];
  char* p = n <= Bytes::kInline ? few : arena.array<char>(n);
  std::ranges::copy(a, p);
  std::ranges::copy(b, p + a.size());
  return Bytes(View(p, n));
}

}  // namespace

std::int64_t count_characters(std::string_view s) {
  Int n = 0;
  for (char c : s) n += !continues(c);
  return n;
}

std::string quoted_identifier(View s) {
  const auto first = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  const bool plain = !s.empty() && first(s[0]) && std::ranges::all_of(s, [&](char c) { return first(c) || (c >= '0' && c <= '9'); });
  if (plain && kKeyWords.find(' ' + std::string(s) + ' ') == View::npos) return std::string(s);
  return '"' + replace(s, "\"", "\"\"") + '"';
}

std::string quoted_literal(View s) {
  std::string r = s.find('\\') == s.npos ? "'" : "E'";
  for (char c : s) {
    if (c == '\'' || c == '\\') r += c;
    r += c;
  }
  return r += '\'';
}

void add_texts(Kernels& k) {
  for (const char* name : {"length text", "char_length text", "character_length text"})
    k.add(name, pointwise<[](View s) { return characters(s); }>, Effort::kCheap);
  for (const std::string name : {"length", "char_length", "character_length"})
    k.add(name + " bpchar", pointwise<[](View s) { return characters(without_padding(s)); }>, Effort::kCheap);
  for (const std::string type : {"text", "bpchar"}) k.add("octet_length " + type, pointwise<[](View s) { return static_cast<Int>(s.size()); }>, Effort::kCheap);
  k.add("bit_length text", pointwise<[](View s) { return static_cast<Int>(s.size()) * 8; }>, Effort::kCheap);
  k.add("lower text", pointwise<[](Arena& arena, View s) { return mapped<lower_ascii>(arena, s); }>);
  k.add("upper text", pointwise<[](Arena& arena, View s) { return mapped<upper_ascii>(arena, s); }>);
  k.add("initcap text", pointwise<[](View s) { return initcap(s); }>);
  k.add("|| text text", pointwise<[](Arena& arena, View a, View b) { return joined(arena, a, b); }>);
  k.add("btrim text text", pointwise<[](View s, View set) { return trim(s, set, true, true); }>);
  k.add("ltrim text text", pointwise<[](View s, View set) { return trim(s, set, true, false); }>);
  k.add("rtrim text text", pointwise<[](View s, View set) { return trim(s, set, false, true); }>);
  k.add("btrim text", pointwise<[](View s) { return trim(s, " ", true, true); }>);
  k.add("ltrim text", pointwise<[](View s) { return trim(s, " ", true, false); }>);
  k.add("rtrim text", pointwise<[](View s) { return trim(s, " ", false, true); }>);
  k.add("lpad text int4 text", pointwise<[](View s, Int n, View filling) { return pad<true>(s, n, filling); }>);
  k.add("rpad text int4 text", pointwise<[](View s, Int n, View filling) { return pad<false>(s, n, filling); }>);
  k.add("lpad text int4", pointwise<[](View s, Int n) { return pad<true>(s, n, " "); }>);
  k.add("rpad text int4", pointwise<[](View s, Int n) { return pad<false>(s, n, " "); }>);
  k.add("left text int4", pointwise<[](View s, Int n) { return left(s, n); }>);
  k.add("right text int4", pointwise<[](View s, Int n) { return right(s, n); }>);
  for (const std::string name : {"substr", "substring"}) {
    k.add(name + " text int4 int4", pointwise<[](View s, Int start, Int length) { return substring(s, start, length); }>);
    k.add(name + " text int4", pointwise<[](View s, Int start) { return substring(s, start); }>);
  }
  k.add("position text text", pointwise<[](View s, View part) { return position(s, part); }>);
  k.add("strpos text text", pointwise<[](View s, View part) { return position(s, part); }>);
  k.add("replace text text text", pointwise<[](View s, View from, View to) { return replace(s, from, to); }>);
  k.add("translate text text text", pointwise<[](View s, View from, View to) { return translate(s, from, to); }>);
  k.add("reverse text", pointwise<[](View s) { return reverse(s); }>);
  k.add("repeat text int4", pointwise<[](View s, Int n) { return repeat(s, n); }>);
  k.add("split_part text text int4", pointwise<[](View s, View separator, Int n) { return split_part(s, separator, n); }>);
  k.add("ascii text", pointwise<[](View s) { return ascii(s); }>, Effort::kCheap);
  k.add("unistr text", pointwise<[](View s) { return unistr(s); }>);
  k.add("chr int4", pointwise<[](Int c) { return chr(c); }>);
  for (const std::string type : {"text", "bytea"}) k.add("md5 " + type, pointwise<[](View s) { return md5(s); }>);
  k.add("starts_with text text", pointwise<[](View s, View start) { return s.starts_with(start); }>, Effort::kCheap);
  k.add("^@ text text", pointwise<[](View s, View start) { return s.starts_with(start); }>, Effort::kCheap);
  k.add("overlay text text int4 int4", pointwise<[](View s, View with, Int start, Int n) { return overlay(s, with, start, n); }>);
  k.add("overlay text text int4", pointwise<[](View s, View with, Int start) { return overlay(s, with, start, characters(with)); }>);
  k.add("quote_ident text", pointwise<[](View s) { return quoted_identifier(s); }>);
  k.add("quote_literal text", pointwise<[](View s) { return quoted_literal(s); }>);
  k.add("quote_nullable text", quote_nullable);
  k.add("concat any", concat);
  k.add("concat_ws text any", concat_ws);
}

}  // namespace weir
