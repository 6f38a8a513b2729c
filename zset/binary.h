#pragma once
// BYTEA and UUID: bytes that are not text. Both are kept as they are: a UUID is 16 bytes.
//
// Errors   Failure(kInput): "invalid input syntax for type bytea", "invalid hexadecimal digit: \"x\"", ...
// Threads  pure functions.

#include <string>
#include <string_view>

namespace weir {

std::string parse_bytea(std::string_view text);  // "\x0aff", or text with \\ and \ooo
void format_bytea(std::string_view bytes, std::string& out);
std::string parse_uuid(std::string_view text);   // 32 digits, hyphens after any four, braces around all
void format_uuid(std::string_view bytes, std::string& out);

std::string from_hex(std::string_view digits);   // spaces between bytes are read over
void append_hex(std::string_view bytes, std::string& out);
std::string from_escapes(std::string_view text);

}  // namespace weir
