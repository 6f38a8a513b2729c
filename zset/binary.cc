#include "zset/binary.h"

#include <weir/error.h>

#include <algorithm>

namespace weir {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// The character at `s`, whole.
std::string_view character(std::string_view s) {
  std::size_t n = 1;
  while (n < s.size() && (static_cast<unsigned char>(s[n]) & 0xC0) == 0x80) ++n;
  return s.substr(0, n);
}

constexpr std::size_t kUuidBytes = 16;

}  // namespace

std::string from_hex(std::string_view digits) {
  std::string out;
  out.reserve(digits.size() / 2);
  const auto digit = [&](std::size_t i) {
    const int value = hex_value(digits[i]);
    if (value < 0) throw Failure(ErrorCode::kInput, "invalid hexadecimal digit: \"" + std::string(character(digits.substr(i))) + "\"");
    return value;
  };
  for (std::size_t i = 0; i < digits.size();) {
    const char c = digits[i];
    if (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
      ++i;
      continue;
    }
    const int high = digit(i++);
    if (i == digits.size()) throw Failure(ErrorCode::kInput, "invalid hexadecimal data: odd number of digits");
    out += static_cast<char>(high << 4 | digit(i++));
  }
  return out;
}

void append_hex(std::string_view bytes, std::string& out) {
  constexpr char kDigits[] = "0123456789abcdef";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
}

std::string from_escapes(std::string_view text) {
  std::string out;
  const auto octal = [&](std::size_t i, char last) { return i < text.size() && text[i] >= '0' && text[i] <= last; };
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] != '\\') {
      out += text[i++];
    } else if (i + 1 < text.size() && text[i + 1] == '\\') {
      out += '\\';
      i += 2;
    } else if (octal(i + 1, '3') && octal(i + 2, '7') && octal(i + 3, '7')) {
      out += static_cast<char>((text[i + 1] - '0') << 6 | (text[i + 2] - '0') << 3 | (text[i + 3] - '0'));
      i += 4;
    } else {
      throw Failure(ErrorCode::kInput, "invalid input syntax for type bytea");
    }
  }
  return out;
}

std::string parse_bytea(std::string_view text) { return text.starts_with("\\x") ? from_hex(text.substr(2)) : from_escapes(text); }

void format_bytea(std::string_view bytes, std::string& out) {
  out += "\\x";
  append_hex(bytes, out);
}

std::string parse_uuid(std::string_view text) {
  std::string_view s = text;
  bool good = true;
  const bool braces = s.starts_with('{');
  if (braces) s.remove_prefix(1);
  std::string out;
  while (good && out.size() < kUuidBytes) {
    good = s.size() >= 2 && hex_value(s[0]) >= 0 && hex_value(s[1]) >= 0;
    if (!good) break;
    out += static_cast<char>(hex_value(s[0]) << 4 | hex_value(s[1]));
    s.remove_prefix(2);
    if (s.starts_with('-') && out.size() % 2 == 0 && out.size() < kUuidBytes) s.remove_prefix(1);
  }
  if (!good || s != (braces ? "}" : "")) {
    throw Failure(ErrorCode::kInput, "invalid input syntax for type uuid: \"" + std::string(text) + "\"");
  }
  return out;
}

void format_uuid(std::string_view bytes, std::string& out) {
  constexpr std::size_t kGroups[] = {4, 2, 2, 2, 6};
  std::size_t at = 0;
  for (const std::size_t n : kGroups) {
    if (at > 0) out += '-';
    append_hex(bytes.substr(at, n), out);
    at += n;
  }
}

}  // namespace weir
