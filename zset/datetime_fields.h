#pragma once
// The fields of a date, a time or an interval as text: cut apart by their shape alone, before anything is known of their meaning.
//
// Threads  pure functions.

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "zset/ascii.h"
#include "zset/datetime_words.h"

namespace weir::datetime {

enum class Fault : std::uint8_t { kNone, kSyntax, kRange, kOrder, kZone };

// What is being read, for messages.
struct Source {
  std::string_view text;
  const char* type;
  const char* range;  // what is out of range: a timestamp, with and without time zone

  [[noreturn]] void fail(Fault fault) const;
  [[noreturn]] void out_of_range() const;
};

struct DateField {
  enum class Shape : std::uint8_t { kNumber, kString, kDate, kTime, kSigned, kSpecial } shape;
  std::string text;  // in lower case
};

// Cuts `s` into fields; false where that is not possible.
bool split(std::string_view s, std::vector<DateField>& out);

// A number at the front of `s`, which is moved behind it. Faults where it does not fit.
template <class I>
Fault leading_integer(std::string_view& s, I& value) {
  const char* first = s.data();
  const char* last = first + s.size();
  if (first != last && *first == '+') ++first;
  const auto [end, error] = std::from_chars(first, last, value);
  if (error == std::errc::result_out_of_range) return Fault::kRange;
  if (error != std::errc{}) return Fault::kSyntax;
  s.remove_prefix(static_cast<std::size_t>(end - s.data()));
  return Fault::kNone;
}

Fault read_fraction(std::string_view s, double& fraction);  // ".25" to 0.25; "." is 0. Nothing may follow
Fault read_micros(std::string_view s, int& micros);

Fault read_zone(std::string_view s, std::int32_t& east);  // "+02", "-0230", "+02:30:15": seconds east of UTC

inline constexpr std::uint32_t kDateBits = bit(DatePart::kYear) | bit(DatePart::kMonth) | bit(DatePart::kDay);
inline constexpr std::uint32_t kSecondBits = bit(DatePart::kSecond) | bit(DatePart::kMillisecond) | bit(DatePart::kMicrosecond);
inline constexpr std::uint32_t kTimeBits = bit(DatePart::kHour) | bit(DatePart::kMinute) | kSecondBits;

inline int front(std::string_view s) { return s.empty() ? 0 : static_cast<unsigned char>(s.front()); }

}  // namespace weir::datetime
