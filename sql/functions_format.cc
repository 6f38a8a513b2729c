// format(), to_char() and to_date().

#include <algorithm>
#include <cstdlib>

#include "sql/kernels.h"
#include "sql/number_format.h"
#include "zset/datetime.h"

namespace weir {
namespace {

using Int = std::int64_t;
using View = std::string_view;

// format(): %[position$][flags][width]type, arguments as texts.
class Formatter {
 public:
  Formatter(std::span<const Column> args, std::uint32_t row) : args_(args), row_(row), format_(args[0].bytes()[row].view()) {}

  std::string run() {
    std::string out;
    while (at_ < format_.size()) {
      const char c = format_[at_++];
      if (c != '%') {
        out += c;
        continue;
      }
      need();
      if (format_[at_] == '%') {
        out += '%';
        ++at_;
        continue;
      }
      specifier(out);
    }
    return out;
  }

 private:
  void need() const {
    if (at_ >= format_.size()) fail("unterminated format() type specifier");
  }
  bool digits(Int& value) {
    bool any = false;
    value = 0;
    for (; at_ < format_.size() && format_[at_] >= '0' && format_[at_] <= '9'; ++at_, any = true) {
      value = value * 10 + (format_[at_] - '0');
      if (value > INT32_MAX) fail("number is out of range");
    }
    return any;
  }
  std::optional<View> argument(Int position) const {
    if (position >= static_cast<Int>(args_.size())) fail("too few arguments for format()");
    const Column& c = args_[static_cast<std::size_t>(position)];
    if (!c.is_valid(row_)) return std::nullopt;
    return c.bytes()[row_].view();
  }
  void specifier(std::string& out) {
    Int position = -1, width = 0, n = 0;
    bool left = false;
    bool have_width = false;
    if (digits(n)) {
      need();
      if (format_[at_] == '$') {
        if (n == 0) fail("format specifies argument 0, but arguments are numbered from 1");
        position = n;
        ++at_;
        need();
      } else {
        width = n;
        have_width = true;
      }
    }
    if (!have_width) {
      for (; at_ < format_.size() && format_[at_] == '-'; ++at_) left = true;
      need();
      if (format_[at_] == '*') {
        ++at_;
        need();
        Int from = next_;
        if (digits(n)) {
          need();
          if (format_[at_] != '$') fail("width argument position must be ended by \"$\"");
          if (n == 0) fail("format specifies argument 0, but arguments are numbered from 1");
          from = n;
          ++at_;
          need();
        }
        next_ = from + 1;
        const std::optional<View> text = argument(from);
        width = text ? std::strtoll(std::string(*text).c_str(), nullptr, 10) : 0;
        if (width < 0) {
          left = true;
          width = -width;
        }
      } else if (digits(n)) {
        width = n;
        need();
      }
    }
    const char type = format_[at_++];
    if (type != 's' && type != 'I' && type != 'L') {
      fail("unrecognized format() type specifier \"" + std::string(1, type) + '"');
    }
    if (position < 0) position = next_;
    next_ = position + 1;
    const std::optional<View> value = argument(position);
    if (!value && type == 'I') fail("null values cannot be formatted as an SQL identifier");
    const std::string text = !value        ? (type == 'L' ? "NULL" : "")
                             : type == 's' ? std::string(*value)
                             : type == 'I' ? quoted_identifier(*value)
                                           : quoted_literal(*value);
    const Int padding = width - count_characters(text);
    if (!left && padding > 0) out.append(static_cast<std::size_t>(padding), ' ');
    out += text;
    if (left && padding > 0) out.append(static_cast<std::size_t>(padding), ' ');
  }

  std::span<const Column> args_;
  std::uint32_t row_;
  View format_;
  std::size_t at_ = 0;
  Int next_ = 1;
};

Column format(const Function&, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  return fill<std::optional<std::string>>(rows, arena, [&](std::uint32_t i) -> std::optional<std::string> {
    if (!args[0].is_valid(i)) return std::nullopt;
    return Formatter(args, i).run();
  });
}

// to_date() with the usual patterns: YYYY YYY YY Y MM MON MONTH DD DDD HH24 MI SS, FM, and whatever stands between them.
class DateReader {
 public:
  DateReader(View text, View format) : whole_(text), text_(text), format_(format) {}

  Int run() {
    bool first = true;
    while (!format_.empty() && !text_.empty()) {
      const std::optional<Field> field = next_field();
      if (field || first) {
        for (; !text_.empty() && space(text_[0]); ++extra_) text_.remove_prefix(1);
      }
      first = false;
      if (field) {
        read(*field);
        for (extra_ = 0; !text_.empty() && space(text_[0]); ++extra_) text_.remove_prefix(1);
        continue;
      }
      const char c = format_[0];
      if (c == '"' || c == '\\') unsupported();
      if (space(c) || separator(c)) {
        format_.remove_prefix(1);
        --extra_;
        if (!text_.empty() && (space(text_[0]) || separator(text_[0]))) {
          text_.remove_prefix(1);
          ++extra_;
        }
      } else {
        if (letter(c)) unsupported();
        format_.remove_prefix(1);
        if (extra_ > 0)
          --extra_;
        else if (!text_.empty())
          text_.remove_prefix(1);
      }
    }
    return date();
  }

 private:
  enum class Part : std::uint8_t { kYear, kMonth, kMonthName, kDay, kDayOfYear, kHour, kMinute, kSecond };
  struct Field {
    Part part;
    int length;
    bool fill;
    View name;
  };

  static bool space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
  static bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80; }
  static bool digit(char c) { return c >= '0' && c <= '9'; }
  static bool separator(char c) { return c > ' ' && c < 127 && !letter(c) && !digit(c); }
  static char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }
  [[noreturn]] static void unsupported() { throw Failure(ErrorCode::kUnsupported, "this pattern of to_date() is not supported"); }

  static std::optional<Field> field_at(View& format) {
    struct Word {
      View name;
      Part part;
      int length;
    };
    static constexpr std::array<Word, 12> kWords = {{{"YYYY", Part::kYear, 4},
                                                     {"YYY", Part::kYear, 3},
                                                     {"YY", Part::kYear, 2},
                                                     {"Y", Part::kYear, 1},
                                                     {"MONTH", Part::kMonthName, 0},
                                                     {"MON", Part::kMonthName, 3},
                                                     {"MM", Part::kMonth, 2},
                                                     {"MI", Part::kMinute, 2},
                                                     {"DDD", Part::kDayOfYear, 3},
                                                     {"DD", Part::kDay, 2},
                                                     {"HH24", Part::kHour, 2},
                                                     {"SS", Part::kSecond, 2}}};
    const auto starts = [&](View name, std::size_t from) {
      if (format.size() < from + name.size()) return false;
      for (std::size_t i = 0; i < name.size(); ++i) {
        if (upper(format[from + i]) != name[i]) return false;
      }
      return true;
    };
    const bool fill = starts("FM", 0);
    const std::size_t from = fill ? 2 : 0;
    if (starts("YYYYTH", from) || starts("Y,YYY", from) || starts("SSSS", from)) return std::nullopt;
    for (const Word& w : kWords) {
      if (!starts(w.name, from)) continue;
      format.remove_prefix(from + w.name.size());
      if (format.size() >= 2 && upper(format[0]) == 'T' && upper(format[1]) == 'H') unsupported();
      return Field{w.part, w.length, fill, w.name};
    }
    return std::nullopt;
  }
  std::optional<Field> next_field() { return field_at(format_); }

  // Whether what follows in the format is no digit, so that all digits belong to this field.
  bool free_length() const {
    if (format_.empty()) return true;
    View rest = format_;
    if (const std::optional<Field> next = field_at(rest)) return next->part == Part::kMonthName;
    return !digit(format_[0]);
  }

  void read(const Field& f) {
    if (f.part == Part::kMonthName) {
      set(month_, month_named(f), f);
      return;
    }
    Int value = 0;
    std::size_t used = 0;
    const bool all = f.fill || free_length();
    View source = text_;
    if (!all) {
      if (source.size() < static_cast<std::size_t>(f.length)) fail("source string too short for \"" + std::string(f.name) + "\" formatting field");
      source = source.substr(0, static_cast<std::size_t>(f.length));
    }
    std::size_t sign = 0;
    while (sign < source.size() && space(source[sign])) ++sign;
    bool negative = false;
    if (sign < source.size() && (source[sign] == '-' || source[sign] == '+')) negative = source[sign++] == '-';
    for (used = sign; used < source.size() && digit(source[used]); ++used) {
      value = value * 10 + (source[used] - '0');
      if (value > INT32_MAX) fail("value for \"" + std::string(f.name) + "\" in source string is out of range");
    }
    if (used == sign || (!all && used < static_cast<std::size_t>(f.length))) {
      fail("invalid value \"" + std::string(source.substr(0, used == sign ? std::max<std::size_t>(f.length, 1) : f.length)) + "\" for \"" +
           std::string(f.name) + '"');
    }
    text_.remove_prefix(used);
    if (negative) value = -value;
    const bool short_year = f.part == Part::kYear && f.length < 4 && used < 4;
    switch (f.part) {
      case Part::kYear:
        set(year_, short_year ? complete_year(value) : value, f);
        break;
      case Part::kMonth:
        set(month_, value, f);
        break;
      case Part::kDay:
        set(day_, value, f);
        break;
      case Part::kDayOfYear:
        set(day_of_year_, value, f);
        break;
      case Part::kHour:
        set(hour_, value, f);
        break;
      case Part::kMinute:
        set(minute_, value, f);
        break;
      default:
        set(second_, value, f);
        break;
    }
  }

  static Int complete_year(Int year) {
    return year < 0 ? year : year < 70 ? year + 2000 : year < 100 ? year + 1900 : year < 520 ? year + 2000 : year < 1000 ? year + 1000 : year;
  }

  Int month_named(const Field& f) {
    static constexpr std::array<View, 12> kMonths = {"JANUARY", "FEBRUARY", "MARCH",     "APRIL",   "MAY",      "JUNE",
                                                     "JULY",    "AUGUST",   "SEPTEMBER", "OCTOBER", "NOVEMBER", "DECEMBER"};
    for (std::size_t m = 0; m < kMonths.size(); ++m) {
      const View name = f.length ? kMonths[m].substr(0, 3) : kMonths[m];
      if (text_.size() < name.size()) continue;
      if (!std::equal(name.begin(), name.end(), text_.begin(), [](char a, char b) { return a == upper(b); })) continue;
      text_.remove_prefix(name.size());
      return static_cast<Int>(m) + 1;
    }
    fail("invalid value \"" + std::string(text_) + "\" for \"" + std::string(f.name) + '"');
  }

  void set(std::optional<Int>& part, Int value, const Field& f) {
    if (part && *part != 0 && *part != value) fail("conflicting values for \"" + std::string(f.name) + "\" field in formatting string");
    part = value;
  }

  [[noreturn]] void out_of_range() const { fail("date/time field value out of range: \"" + std::string(whole_) + '"'); }

  Int date() const {
    if (hour_.value_or(0) < 0 || hour_.value_or(0) > 24 || minute_.value_or(0) < 0 || minute_.value_or(0) > 59 || second_.value_or(0) < 0 ||
        second_.value_or(0) > 60) {
      out_of_range();
    }
    Int year = year_.value_or(0), month = month_.value_or(0), day = day_.value_or(0);
    if (year < 0) ++year;  // -1 is 1 BC
    if (year < -4713 || year > 5874897) out_of_range();
    if (day_of_year_ && *day_of_year_ != 0) {
      if (year == 0) fail("cannot calculate day of year without year information");
      const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
      if (*day_of_year_ < 1 || *day_of_year_ > (leap ? 366 : 365)) out_of_range();
      if (month <= 1 && day <= 1) return days_from_civil(year, 1, 1) + *day_of_year_ - 1;
      unsupported();
    }
    if (month == 0 && month_) month = 1;
    if (month_.value_or(1) < 0 || month > 12 || day < 0 || day > 31) out_of_range();
    day = std::max<Int>(day, 1);
    const Int days = days_from_civil(year, static_cast<int>(std::max<Int>(month, 1)), 1) + day - 1;
    if (year != 0 && civil_from_date(days).day != day) out_of_range();  // in the year 0 PostgreSQL lets days run into the next month
    return days;
  }

  View whole_, text_, format_;
  Int extra_ = 0;  // spaces and separators skipped beyond those of the format
  std::optional<Int> year_, month_, day_, day_of_year_, hour_, minute_, second_;
};

}  // namespace

void add_formats(Kernels& k) {
  k.add("format text", format);
  k.add("format text any", format);
  k.add("to_date text text", pointwise<[](View text, View format) { return DateReader(text, format).run(); }>);
  k.add("to_char numeric text", pointwise<[](const Numeric& n, View format) { return to_char_numeric(n, format); }>);
  k.add("to_char int4 text", pointwise<[](Int n, View format) { return to_char_integer(n, format, false); }>);
  k.add("to_char int8 text", pointwise<[](Int n, View format) { return to_char_integer(n, format, true); }>);
  k.add("to_char float4 text", pointwise<[](double n, View format) { return to_char_float(n, format, true); }>);
  k.add("to_char float8 text", pointwise<[](double n, View format) { return to_char_float(n, format, false); }>);
  k.add("to_char timestamp text", pointwise<[](Int t, View format) { return to_char_timestamp(t, format); }>);
  k.add("to_char timestamptz text", pointwise<[](Int t, View format) { return to_char_timestamp(t, format, true); }>);
  k.add("to_char interval text", pointwise<[](const Interval& i, View format) { return to_char_interval(i, format); }>);
}

}  // namespace weir
