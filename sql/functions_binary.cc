// Functions over BYTEA: its parts, its encodings as text, digests.

#include <array>
#include <bit>

#include "sql/kernels.h"
#include "zset/binary.h"

namespace weir {
namespace {

using Int = std::int64_t;
using View = std::string_view;

// Bytes start to start + length - 1, counted from 1, as far as there are any.
View part(View s, Int start, Int length) {
  if (length < 0) fail("negative substring length not allowed");
  const Int end = std::min(start + length, static_cast<Int>(s.size()) + 1), from = std::max<Int>(start, 1);
  return from >= end ? View() : s.substr(static_cast<std::size_t>(from - 1), static_cast<std::size_t>(end - from));
}
View part(View s, Int start) { return start > static_cast<Int>(s.size()) ? View() : s.substr(static_cast<std::size_t>(std::max<Int>(start, 1) - 1)); }

std::string overlaid(View s, View with, Int start, Int length) {
  if (start <= 0) fail("negative substring length not allowed");
  const Int after = start + length;
  if (after != static_cast<std::int32_t>(after)) fail("integer out of range");
  return std::string(part(s, 1, start - 1)) + std::string(with) + std::string(part(s, after));
}

View trimmed(View s, View set, bool front, bool back) {
  while (front && !s.empty() && set.find(s.front()) != View::npos) s.remove_prefix(1);
  while (back && !s.empty() && set.find(s.back()) != View::npos) s.remove_suffix(1);
  return s;
}

std::size_t checked_index(Int n, Int size) {
  if (n < 0 || n >= size) fail("index " + std::to_string(n) + " out of valid range, 0.." + std::to_string(size - 1));
  return static_cast<std::size_t>(n);
}

int byte_at(View s, std::size_t i) { return static_cast<unsigned char>(s[i]); }

std::string with_byte(View s, Int n, Int value) {
  std::string out(s);
  out[checked_index(n, static_cast<Int>(s.size()))] = static_cast<char>(value);
  return out;
}

std::string with_bit(View s, Int n, Int value) {
  std::string out(s);
  const std::size_t i = checked_index(n, static_cast<Int>(s.size()) * 8);
  if (value != 0 && value != 1) fail("new bit must be 0 or 1");
  const int mask = 1 << (i % 8);
  out[i / 8] = static_cast<char>(value ? byte_at(s, i / 8) | mask : byte_at(s, i / 8) & ~mask);
  return out;
}

// --- text encodings

constexpr View kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string to_base64(View s) {
  constexpr std::size_t kLine = 76;
  std::string out;
  std::size_t in_line = 0;
  for (std::size_t i = 0; i < s.size(); i += 3) {
    const std::size_t n = std::min<std::size_t>(3, s.size() - i);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) group = group << 8 | (k < n ? static_cast<std::uint32_t>(byte_at(s, i + k)) : 0);
    for (std::size_t k = 0; k < 4; ++k) out += k <= n ? kBase64[group >> (18 - 6 * k) & 63] : '=';
    in_line += 4;
    if (in_line >= kLine) {
      out += '\n';
      in_line = 0;
    }
  }
  return out;
}

std::string from_base64(View s) {
  std::string out;
  std::uint32_t group = 0;
  int have = 0, ends = 0;
  for (std::size_t i = 0; i < s.size(); ++i) {
    const char c = s[i];
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') continue;
    std::uint32_t value = 0;
    if (c == '=') {
      if (ends == 0) {  // the third or the fourth of a group
        if (have != 2 && have != 3) fail("unexpected \"=\" while decoding base64 sequence");
        ends = have - 1;
      }
    } else if (const std::size_t at = kBase64.find(c); at != View::npos) {
      value = static_cast<std::uint32_t>(at);
    } else {
      std::size_t n = 1;
      while (i + n < s.size() && (static_cast<unsigned char>(s[i + n]) & 0xC0) == 0x80) ++n;
      fail("invalid symbol \"" + std::string(s.substr(i, n)) + "\" found while decoding base64 sequence");
    }
    group = group << 6 | value;
    if (++have < 4) continue;
    out += static_cast<char>(group >> 16 & 255);
    if (ends == 0 || ends > 1) out += static_cast<char>(group >> 8 & 255);
    if (ends == 0 || ends > 2) out += static_cast<char>(group & 255);
    group = 0;
    have = 0;
  }
  if (have != 0) fail("invalid base64 end sequence");
  return out;
}

std::string to_escapes(View s) {
  std::string out;
  for (const char c : s) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte == 0 || byte >= 0x80) {
      for (const int shift : {6, 3, 0}) out += shift == 6 ? "\\" : "", out += static_cast<char>('0' + (byte >> shift & 7));
    } else {
      out += c;
      if (c == '\\') out += c;
    }
  }
  return out;
}

enum class Encoding : std::uint8_t { kHex, kBase64, kEscape };

Encoding encoding_named(View name) {
  std::string lower(name);
  for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  if (lower == "hex") return Encoding::kHex;
  if (lower == "base64") return Encoding::kBase64;
  if (lower != "escape") fail("unrecognized encoding: \"" + std::string(name) + '"');
  return Encoding::kEscape;
}

std::string encode(View s, View name) {
  switch (encoding_named(name)) {
    case Encoding::kHex: {
      std::string out;
      append_hex(s, out);
      return out;
    }
    case Encoding::kBase64: return to_base64(s);
    case Encoding::kEscape: break;
  }
  return to_escapes(s);
}

std::string decode(View s, View name) {
  const Encoding encoding = encoding_named(name);
  if (encoding == Encoding::kBase64) return from_base64(s);
  try {
    return encoding == Encoding::kHex ? from_hex(s) : from_escapes(s);
  } catch (const Failure& failure) {
    fail(failure.error().message);
  }
}

// --- digests: SHA-2, FIPS 180-4. The constants are the first bits of the roots of the first primes.

constexpr std::array<std::uint64_t, 80> kRounds = {
    0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc, 0x3956c25bf348b538, 0x59f111f1b605d019, 0x923f82a4af194f9b,
    0xab1c5ed5da6d8118, 0xd807aa98a3030242, 0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2, 0x72be5d74f27b896f, 0x80deb1fe3b1696b1,
    0x9bdc06a725c71235, 0xc19bf174cf692694, 0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65, 0x2de92c6f592b0275,
    0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5, 0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4,
    0xc6e00bf33da88fc2, 0xd5a79147930aa725, 0x06ca6351e003826f, 0x142929670a0e6e70, 0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed,
    0x53380d139d95b3df, 0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b, 0xa2bfe8a14cf10364, 0xa81a664bbc423001,
    0xc24b8b70d0f89791, 0xc76c51a30654be30, 0xd192e819d6ef5218, 0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8, 0x19a4c116b8d2d0c8,
    0x1e376c085141ab53, 0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8, 0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3,
    0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec, 0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915,
    0xc67178f2e372532b, 0xca273eceea26619c, 0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178, 0x06f067aa72176fba, 0x0a637dc5a2c898a6,
    0x113f9804bef90dae, 0x1b710b35131c471b, 0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc, 0x431d67c49c100d4c, 0x4cc5d4becb3e42b6,
    0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817};

template <class Word>
using Digest = std::array<Word, 8>;
constexpr Digest<std::uint32_t> kSha224 = {0xc1059ed8, 0x367cd507, 0x3070dd17, 0xf70e5939, 0xffc00b31, 0x68581511, 0x64f98fa7, 0xbefa4fa4};
constexpr Digest<std::uint32_t> kSha256 = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
constexpr Digest<std::uint64_t> kSha384 = {0xcbbb9d5dc1059ed8, 0x629a292a367cd507, 0x9159015a3070dd17, 0x152fecd8f70e5939,
                                           0x67332667ffc00b31, 0x8eb44a8768581511, 0xdb0c2e0d64f98fa7, 0x47b5481dbefa4fa4};
constexpr Digest<std::uint64_t> kSha512 = {0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
                                           0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};

template <class Word>
std::string sha2(View s, Digest<Word> h, std::size_t bytes) {
  constexpr bool kLong = sizeof(Word) == 8;
  constexpr std::size_t kBlock = sizeof(Word) * 16, kRoundCount = kLong ? 80 : 64;
  using Turns = std::array<int, 12>;
  constexpr Turns t = kLong ? Turns{1, 8, 7, 19, 61, 6, 14, 18, 41, 28, 34, 39} : Turns{7, 18, 3, 17, 19, 10, 6, 11, 25, 2, 13, 22};
  const auto turned = [](Word x, int a, int b, int c) { return std::rotr(x, a) ^ std::rotr(x, b) ^ std::rotr(x, c); };
  std::string padded(s);
  padded += '\x80';
  while (padded.size() % kBlock != kBlock - 2 * sizeof(Word)) padded += '\0';
  padded.append(2 * sizeof(Word) - 8, '\0');  // the length is as wide as two words
  for (int shift = 56; shift >= 0; shift -= 8) padded += static_cast<char>(static_cast<std::uint64_t>(s.size()) * 8 >> shift & 255);
  for (std::size_t at = 0; at < padded.size(); at += kBlock) {
    std::array<Word, kRoundCount> w{};
    for (std::size_t i = 0; i < 16; ++i) {
      for (std::size_t k = 0; k < sizeof(Word); ++k) w[i] = static_cast<Word>(w[i] << 8 | static_cast<Word>(byte_at(padded, at + i * sizeof(Word) + k)));
    }
    for (std::size_t i = 16; i < kRoundCount; ++i) {
      const Word a = w[i - 15], b = w[i - 2];
      w[i] = w[i - 16] + (std::rotr(a, t[0]) ^ std::rotr(a, t[1]) ^ (a >> t[2])) + w[i - 7] + (std::rotr(b, t[3]) ^ std::rotr(b, t[4]) ^ (b >> t[5]));
    }
    Digest<Word> v = h;
    for (std::size_t i = 0; i < kRoundCount; ++i) {
      const Word k = static_cast<Word>(kLong ? kRounds[i] : kRounds[i] >> 32);
      const Word x = v[7] + turned(v[4], t[6], t[7], t[8]) + ((v[4] & v[5]) ^ (~v[4] & v[6])) + k + w[i];
      const Word y = turned(v[0], t[9], t[10], t[11]) + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
      v = {static_cast<Word>(x + y), v[0], v[1], v[2], static_cast<Word>(v[3] + x), v[4], v[5], v[6]};
    }
    for (std::size_t i = 0; i < 8; ++i) h[i] += v[i];
  }
  std::string out;
  for (std::size_t i = 0; i < bytes; ++i) out += static_cast<char>(h[i / sizeof(Word)] >> (8 * (sizeof(Word) - 1 - i % sizeof(Word))) & 255);
  return out;
}

Int bits_set(View s) {
  Int n = 0;
  for (const char c : s) n += std::popcount(static_cast<unsigned char>(c));
  return n;
}

}  // namespace

void add_binaries(Kernels& k) {
  k.add("|| bytea bytea", pointwise<[](View a, View b) { return std::string(a) + std::string(b); }>);
  for (const std::string name : {"length", "octet_length"}) k.add(name + " bytea", pointwise<[](View s) { return static_cast<Int>(s.size()); }>, Effort::kCheap);
  k.add("bit_length bytea", pointwise<[](View s) { return static_cast<Int>(s.size()) * 8; }>, Effort::kCheap);
  k.add("bit_count bytea", pointwise<[](View s) { return bits_set(s); }>);
  for (const std::string name : {"substr", "substring"}) {
    k.add(name + " bytea int4 int4", pointwise<[](View s, Int start, Int length) { return part(s, start, length); }>);
    k.add(name + " bytea int4", pointwise<[](View s, Int start) { return part(s, start); }>);
  }
  k.add("overlay bytea bytea int4 int4", pointwise<[](View s, View with, Int start, Int n) { return overlaid(s, with, start, n); }>);
  k.add("overlay bytea bytea int4", pointwise<[](View s, View with, Int start) { return overlaid(s, with, start, static_cast<Int>(with.size())); }>);
  k.add("position bytea bytea", pointwise<[](View s, View inner) { return static_cast<Int>(s.find(inner) + 1); }>, Effort::kNullSafe);
  k.add("btrim bytea bytea", pointwise<[](View s, View set) { return trimmed(s, set, true, true); }>);
  k.add("ltrim bytea bytea", pointwise<[](View s, View set) { return trimmed(s, set, true, false); }>);
  k.add("rtrim bytea bytea", pointwise<[](View s, View set) { return trimmed(s, set, false, true); }>);
  k.add("get_byte bytea int4", pointwise<[](View s, Int n) -> Int { return byte_at(s, checked_index(n, static_cast<Int>(s.size()))); }>);
  k.add("set_byte bytea int4 int4", pointwise<[](View s, Int n, Int value) { return with_byte(s, n, value); }>);
  k.add("get_bit bytea int8", pointwise<[](View s, Int n) -> Int {
          const std::size_t i = checked_index(n, static_cast<Int>(s.size()) * 8);
          return (byte_at(s, i / 8) >> (i % 8)) & 1;
        }>);
  k.add("set_bit bytea int8 int4", pointwise<[](View s, Int n, Int value) { return with_bit(s, n, value); }>);
  k.add("encode bytea text", pointwise<[](View s, View name) { return encode(s, name); }>);
  k.add("decode text text", pointwise<[](View s, View name) { return decode(s, name); }>);
  k.add("sha224 bytea", pointwise<[](View s) { return sha2(s, kSha224, 28); }>);
  k.add("sha256 bytea", pointwise<[](View s) { return sha2(s, kSha256, 32); }>);
  k.add("sha384 bytea", pointwise<[](View s) { return sha2(s, kSha384, 48); }>);
  k.add("sha512 bytea", pointwise<[](View s) { return sha2(s, kSha512, 64); }>);
}

}  // namespace weir
