// format(), and what reads and writes by formats: to_char(), to_date(), to_timestamp().

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

}  // namespace

void add_formats(Kernels& k) {
  k.add("format text", format);
  k.add("format text any", format);
  k.add("to_timestamp text text", pointwise<[](View text, View format) { return to_timestamp(text, format); }>);
  k.add("to_date text text", pointwise<[](View text, View format) { return to_date(text, format); }>);
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
