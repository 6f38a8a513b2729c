#include "zset/datetime_fields.h"

#include <weir/error.h>

#include <cmath>

namespace weir::datetime {
namespace {

using Word = DateWord::Kind;

bool is_punct(char c) { return c > ' ' && c < 127 && !is_alnum(c); }

constexpr std::size_t kFieldsMax = 25;
constexpr std::size_t kTextMax = 150;

}  // namespace

void Source::fail(Fault fault) const {
  const std::string quoted = "\"" + std::string(text) + "\"";
  switch (fault) {
    case Fault::kRange:
    case Fault::kOrder: {
      const bool interval = std::string_view(type) == "interval";
      Failure failure(ErrorCode::kInput, std::string(interval ? "interval" : "date/time") + " field value out of range: " + quoted);
      if (fault == Fault::kOrder) failure.error().hint = "Dates are read as month, day, year, or year-month-day.";
      throw failure;
    }
    case Fault::kZone: throw Failure(ErrorCode::kInput, "time zone displacement out of range: " + quoted);
    case Fault::kNone:
    case Fault::kSyntax: break;
  }
  throw Failure(ErrorCode::kInput, "invalid input syntax for type " + std::string(type) + ": " + quoted);
}
void Source::out_of_range() const {
  throw Failure(ErrorCode::kInput, std::string(range) + " out of range: \"" + std::string(text) + "\"");
}

bool split(std::string_view s, std::vector<DateField>& out) {
  using Shape = DateField::Shape;
  std::size_t i = 0, total = 0;
  const auto at = [&](std::size_t k) { return k < s.size() ? s[k] : '\0'; };
  while (i < s.size()) {
    if (is_space(s[i])) {
      ++i;
      continue;
    }
    DateField f{Shape::kNumber, {}};
    const auto take = [&] { f.text += lower(s[i++]); };
    const auto digits = [&] { while (is_digit(at(i))) take(); };
    if (is_digit(s[i])) {
      digits();
      if (at(i) == ':') {
        f.shape = Shape::kTime;
        while (is_digit(at(i)) || at(i) == ':' || at(i) == '.') take();
      } else if (at(i) == '-' || at(i) == '/' || at(i) == '.') {
        const char delimiter = s[i];
        take();
        if (is_digit(at(i))) {
          f.shape = delimiter == '.' ? Shape::kNumber : Shape::kDate;
          digits();
          if (at(i) == delimiter) {  // a date has the same delimiter twice
            f.shape = Shape::kDate;
            take();
            while (is_digit(at(i)) || at(i) == delimiter) take();
          }
        } else {
          f.shape = Shape::kDate;
          while (is_alnum(at(i)) || at(i) == delimiter) take();
        }
      }
    } else if (s[i] == '.') {
      take();
      digits();
    } else if (is_alpha(s[i])) {
      f.shape = Shape::kString;
      while (is_alpha(at(i))) take();
      const char next = at(i);
      const bool joined = next == '-' || next == '/' || next == '.' ||
                          ((next == '+' || is_digit(next)) && date_word(f.text).kind == Word::kUnknown);
      if (joined) {
        f.shape = Shape::kDate;
        do take();
        while (is_alnum(at(i)) || at(i) == '+' || at(i) == '-' || at(i) == '/' || at(i) == '_' || at(i) == '.' || at(i) == ':');
      }
    } else if (s[i] == '+' || s[i] == '-') {
      take();
      while (is_space(at(i))) ++i;
      if (is_digit(at(i))) {
        f.shape = Shape::kSigned;
        while (is_digit(at(i)) || at(i) == ':' || at(i) == '.' || at(i) == '-') take();
      } else if (is_alpha(at(i))) {
        f.shape = Shape::kSpecial;
        while (is_alpha(at(i))) take();
      } else {
        return false;
      }
    } else if (is_punct(s[i])) {
      ++i;
      continue;
    } else {
      return false;
    }
    total += f.text.size() + 1;
    out.push_back(std::move(f));
    if (out.size() > kFieldsMax || total > kTextMax + kFieldsMax) return false;
  }
  return true;
}

Fault read_fraction(std::string_view s, double& fraction) {
  fraction = 0;
  if (s.size() <= 1) return Fault::kNone;
  const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), fraction, std::chars_format::fixed);
  return error != std::errc{} || end != s.data() + s.size() ? Fault::kSyntax : Fault::kNone;
}

Fault read_micros(std::string_view s, int& micros) {
  double fraction = 0;
  const Fault fault = read_fraction(s, fraction);
  micros = static_cast<int>(std::rint(fraction * 1e6));
  return fault;
}

Fault read_zone(std::string_view s, std::int32_t& east) {
  if (s.empty() || (s[0] != '+' && s[0] != '-')) return Fault::kSyntax;
  const bool negative = s[0] == '-';
  s.remove_prefix(1);
  const std::size_t length = s.size();
  int hour = 0, minute = 0, second = 0;
  if (leading_integer(s, hour) == Fault::kRange) return Fault::kZone;
  if (front(s) == ':') {
    s.remove_prefix(1);
    if (leading_integer(s, minute) == Fault::kRange) return Fault::kZone;
    if (front(s) == ':') {
      s.remove_prefix(1);
      if (leading_integer(s, second) == Fault::kRange) return Fault::kZone;
    }
  } else if (s.empty() && length > 2) {
    minute = hour % 100;
    hour /= 100;
  }
  if (hour < 0 || hour > 15 || minute < 0 || minute >= 60 || second < 0 || second >= 60) return Fault::kZone;
  east = (hour * 60 + minute) * 60 + second;
  if (negative) east = -east;
  return s.empty() ? Fault::kNone : Fault::kSyntax;
}

}  // namespace weir::datetime
