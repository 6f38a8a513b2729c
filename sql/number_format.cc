#include "sql/number_format.h"

#include <algorithm>
#include <array>
#include <cfloat>
#include <cmath>
#include <cstring>
#include <vector>

#include "weir/error.h"

namespace weir {
namespace {

[[noreturn]] void fail(const char* message) { throw Failure(ErrorCode::kEvaluation, message); }

enum class Key : std::uint8_t { kText, kComma, kPoint, kZero, kNine, kB, kC, kD, kE, kFM, kG, kL, kMI, kPL, kPR, kRN, kSG, kSP, kS, kTH, kV };

struct Word {
  const char* name;
  Key key;
};
// Longer names come before their beginnings.
constexpr std::array<Word, 20> kWords = {{{",", Key::kComma}, {".", Key::kPoint}, {"0", Key::kZero}, {"9", Key::kNine}, {"B", Key::kB},
                                          {"C", Key::kC},     {"D", Key::kD},     {"EEEE", Key::kE}, {"FM", Key::kFM},  {"G", Key::kG},
                                          {"L", Key::kL},     {"MI", Key::kMI},   {"PL", Key::kPL},  {"PR", Key::kPR},  {"RN", Key::kRN},
                                          {"SG", Key::kSG},   {"SP", Key::kSP},   {"S", Key::kS},    {"TH", Key::kTH},  {"V", Key::kV}}};

struct Node {
  Key key = Key::kText;
  bool lower = false;
  std::string text;
};

enum class SignAt : std::uint8_t { kNone, kFront, kBack };

struct Pattern {
  std::vector<Node> nodes;
  int pre = 0, post = 0, multi = 0, zero_start = 0, zero_end = 0, sign_after = 0;
  SignAt locale_sign = SignAt::kNone;
  bool decimal = false, zero = false, blank = false, fill = false, locale = false, bracket = false, minus = false, plus = false, roman = false,
       shift = false, scientific = false;

  explicit Pattern(std::string_view format) {
    while (!format.empty()) {
      if (take_word(format)) continue;
      if (format[0] == '"') {
        format.remove_prefix(1);
        while (!format.empty()) {
          if (format[0] == '"') {
            format.remove_prefix(1);
            break;
          }
          if (format[0] == '\\' && format.size() > 1) format.remove_prefix(1);
          take_text(format);
        }
        continue;
      }
      if (format[0] == '\\' && format.size() > 1 && format[1] == '"') format.remove_prefix(1);
      take_text(format);
    }
  }

 private:
  void take_text(std::string_view& format) {
    Node n;
    n.text = format[0];
    nodes.push_back(n);
    format.remove_prefix(1);
  }
  bool take_word(std::string_view& format) {
    for (const Word& w : kWords) {
      std::string lower = w.name;
      for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
      if (!format.starts_with(w.name) && !format.starts_with(lower)) continue;
      Node n;
      n.key = w.key;
      n.lower = !format.starts_with(w.name);
      format.remove_prefix(lower.size());
      nodes.push_back(n);
      prepare(w.key);
      return true;
    }
    return false;
  }
  void prepare(Key key) {
    if (scientific && key != Key::kE) fail("\"EEEE\" must be the last pattern used");
    switch (key) {
      case Key::kNine:
        if (bracket) fail("\"9\" must be ahead of \"PR\"");
        ++(shift ? multi : decimal ? post : pre);
        break;
      case Key::kZero:
        if (bracket) fail("\"0\" must be ahead of \"PR\"");
        if (!zero && !decimal) {
          zero = true;
          zero_start = pre + 1;
        }
        ++(decimal ? post : pre);
        zero_end = pre + post;
        break;
      case Key::kB:
        if (pre == 0 && post == 0 && !zero) blank = true;
        break;
      case Key::kD:
      case Key::kPoint:
        if (decimal) fail("multiple decimal points");
        if (shift) fail("cannot use \"V\" and decimal point together");
        decimal = true;
        break;
      case Key::kFM:
        fill = true;
        break;
      case Key::kS:
        if (locale) fail("cannot use \"S\" twice");
        if (plus || minus || bracket) fail("cannot use \"S\" and \"PL\"/\"MI\"/\"SG\"/\"PR\" together");
        if (!decimal) {
          locale_sign = SignAt::kFront;
          sign_after = pre;
          locale = true;
        } else if (locale_sign == SignAt::kNone) {
          locale_sign = SignAt::kBack;
          locale = true;
        }
        break;
      case Key::kMI:
        if (locale) fail("cannot use \"S\" and \"MI\" together");
        minus = true;
        break;
      case Key::kPL:
        if (locale) fail("cannot use \"S\" and \"PL\" together");
        plus = true;
        break;
      case Key::kSG:
        if (locale) fail("cannot use \"S\" and \"SG\" together");
        minus = plus = true;
        break;
      case Key::kPR:
        if (locale || plus || minus) fail("cannot use \"PR\" and \"S\"/\"PL\"/\"MI\"/\"SG\" together");
        bracket = true;
        break;
      case Key::kRN:
        roman = true;
        break;
      case Key::kV:
        if (decimal) fail("cannot use \"V\" and decimal point together");
        shift = true;
        break;
      case Key::kE:
        if (scientific) fail("cannot use \"EEEE\" twice");
        if (blank || fill || locale || bracket || minus || plus || roman || shift) fail("\"EEEE\" is incompatible with other formats");
        scientific = true;
        break;
      default:
        break;
    }
  }
};

const char* ordinal(const std::string& number, bool lower) {
  char last = number.back();
  if (last < '0' || last > '9') throw Failure(ErrorCode::kEvaluation, '"' + number + "\" is not a number");
  if (number.size() > 1 && number[number.size() - 2] == '1') last = '0';
  switch (last) {
    case '1':
      return lower ? "st" : "ST";
    case '2':
      return lower ? "nd" : "ND";
    case '3':
      return lower ? "rd" : "RD";
    default:
      return lower ? "th" : "TH";
  }
}

// Fills a pattern with the digits of a number (without its sign): formatting.c's NUM_processor and NUM_numpart_to_char.
class Filler {
 public:
  Filler(Pattern pattern, std::string number, int spaces, char sign)
      : p_(std::move(pattern)), number_(std::move(number)), sign_(sign), spaces_(spaces) {}

  std::string run() {
    if (p_.zero_start) --p_.zero_start;
    if (p_.scientific) return number_;
    if (p_.roman) {
      const bool fill = p_.fill;
      std::vector<Node> nodes = std::move(p_.nodes);
      p_ = Pattern("");
      p_.nodes = std::move(nodes);
      p_.fill = fill;
      p_.roman = true;
      spaces_ = 0;
    }
    if (p_.plus || p_.minus) {
      sign_written_ = p_.minus;
    } else {
      if (sign_ != '-' && p_.fill) p_.bracket = false;
      sign_written_ = sign_ == '+' && p_.fill && !p_.locale;
      if (p_.locale_sign == SignAt::kFront && p_.pre == p_.sign_after) p_.locale_sign = SignAt::kBack;
    }
    count_ = p_.post + p_.pre - 1;
    if (p_.fill && p_.decimal) find_last_relevant();
    if (!sign_written_ && spaces_ == 0) ++count_;
    for (const Node& n : p_.nodes) put(n);
    return out_.substr(0, out_.find('\0'));
  }

 private:
  static constexpr std::size_t kNowhere = std::string::npos;

  void find_last_relevant() {
    const std::size_t point = number_.find('.');
    if (point == kNowhere) return;
    last_relevant_ = point;
    for (std::size_t i = point + 1; i < number_.size(); ++i) {
      if (number_[i] != '0') last_relevant_ = i;
    }
    if (p_.zero_end > spaces_) {
      const auto last_zero = static_cast<std::size_t>(std::min(static_cast<int>(number_.size()) - 1, p_.zero_end - spaces_));
      last_relevant_ = std::max(last_relevant_, last_zero);
    }
  }
  char digit() const { return at_ < number_.size() ? number_[at_] : '\0'; }
  bool relevant_is_point() const { return last_relevant_ != kNowhere && number_[last_relevant_] == '.'; }
  bool space_before_point() const { return !p_.zero && at_ == 0 && number_.starts_with('0') && p_.post != 0; }

  void put(const Node& n) {
    switch (n.key) {
      case Key::kText:
        out_ += n.text;
        break;
      case Key::kNine:
      case Key::kZero:
      case Key::kPoint:
      case Key::kD:
        put_digit(n.key);
        break;
      case Key::kComma:
      case Key::kG:
        if (inside_)
          out_ += ',';
        else if (!p_.fill)
          out_ += ' ';
        break;
      case Key::kL:
        out_ += ' ';
        break;
      case Key::kRN: {
        std::string roman = number_;
        if (n.lower) std::ranges::transform(roman, roman.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
        if (!p_.fill && roman.size() < 15) out_.append(15 - roman.size(), ' ');
        out_ += roman;
        break;
      }
      case Key::kTH:
        if (!p_.roman && number_[0] != '#' && sign_ != '-' && !p_.decimal) out_ += ordinal(number_, n.lower);
        break;
      case Key::kMI:
        if (sign_ == '-')
          out_ += '-';
        else if (!p_.fill)
          out_ += ' ';
        break;
      case Key::kPL:
        if (sign_ == '+')
          out_ += '+';
        else if (!p_.fill)
          out_ += ' ';
        break;
      case Key::kSG:
        out_ += sign_;
        break;
      default:
        break;
    }
  }

  void put_digit(Key key) {
    if (p_.roman) return;
    inside_ = false;
    if (!sign_written_ && (current_ >= spaces_ || (p_.zero && p_.zero_start == current_)) && (!space_before_point() || relevant_is_point())) {
      if (p_.locale) {
        if (p_.locale_sign == SignAt::kFront) {
          out_ += sign_;
          sign_written_ = true;
        }
      } else if (p_.bracket) {
        out_ += sign_ == '+' ? ' ' : '<';
        sign_written_ = true;
      } else {
        if (sign_ == '-')
          out_ += '-';
        else if (!p_.fill)
          out_ += ' ';
        sign_written_ = true;
      }
    }
    if (current_ < spaces_ && (p_.zero_start > current_ || !p_.zero)) {
      if (!p_.fill) out_ += ' ';
    } else if (p_.zero && current_ < spaces_ && p_.zero_start <= current_) {
      out_ += '0';
      inside_ = true;
    } else {
      if (digit() == '.') {
        if (!relevant_is_point() || p_.fill) out_ += '.';
      } else if (last_relevant_ != kNowhere && at_ > last_relevant_ && key != Key::kZero) {
        // a zero that FM drops
      } else if (space_before_point()) {
        if (!p_.fill)
          out_ += ' ';
        else if (relevant_is_point())
          out_ += '0';
      } else {
        out_ += digit();  // behind the last digit a zero byte, which ends the text as it does in PostgreSQL
        inside_ = true;
      }
      if (at_ < number_.size()) ++at_;
    }
    int end = count_ + (spaces_ ? 1 : 0) + (p_.decimal ? 1 : 0);
    if (last_relevant_ != kNowhere && last_relevant_ == at_) end = current_;
    if (current_ + 1 == end) {
      if (sign_written_ && p_.bracket)
        out_ += sign_ == '+' ? ' ' : '>';
      else if (p_.locale && p_.locale_sign == SignAt::kBack)
        out_ += sign_;
    }
    ++current_;
  }

  Pattern p_;
  std::string number_, out_;
  char sign_;
  int spaces_;  // places before the first digit
  bool sign_written_ = false;
  bool inside_ = false;  // the last place held a digit
  int count_ = 0, current_ = 0;
  std::size_t at_ = 0, last_relevant_ = kNowhere;
};

std::string hashes(const Pattern& p) {
  std::string s(static_cast<std::size_t>(p.pre + p.post + 1), '#');
  s[static_cast<std::size_t>(p.pre)] = '.';
  return s;
}

std::string scientific_hashes(const Pattern& p) {
  std::string s(static_cast<std::size_t>(p.pre + p.post + 6), '#');
  s[0] = ' ';
  s[static_cast<std::size_t>(p.pre + 1)] = '.';
  return s;
}

std::string roman(std::int64_t n) {
  if (n < 1 || n > 3999) return std::string(15, '#');
  static constexpr std::array<std::pair<int, const char*>, 13> kNumerals = {{{1000, "M"},
                                                                             {900, "CM"},
                                                                             {500, "D"},
                                                                             {400, "CD"},
                                                                             {100, "C"},
                                                                             {90, "XC"},
                                                                             {50, "L"},
                                                                             {40, "XL"},
                                                                             {10, "X"},
                                                                             {9, "IX"},
                                                                             {5, "V"},
                                                                             {4, "IV"},
                                                                             {1, "I"}}};
  std::string s;
  for (const auto& [value, numeral] : kNumerals) {
    for (; n >= value; n -= value) s += numeral;
  }
  return s;
}

// `text` has a sign where it is negative.
std::string filled(Pattern p, std::string text) {
  const char sign = text.starts_with('-') ? '-' : '+';
  if (sign == '-') text.erase(0, 1);
  const int digits = static_cast<int>(std::min(text.find('.'), text.size()));
  int spaces = 0;
  if (digits < p.pre)
    spaces = p.pre - digits;
  else if (digits > p.pre)
    text = hashes(p);
  return Filler(std::move(p), std::move(text), spaces, sign).run();
}

std::string printed(const char* format, int digits, double value) {
  std::string s(512, '\0');
  s.resize(static_cast<std::size_t>(std::snprintf(s.data(), s.size(), format, digits, value)));
  return s;
}

// d.ddde+nn with so many digits after the point.
std::string scientific_numeric(const Numeric& n, int digits) {
  if (n.kind != Numeric::Class::kFinite) return n.to_string();
  int exponent = 0;
  std::string all;
  if (!n.is_zero()) {
    all = n.abs().to_string();
    const std::size_t point = std::min(all.find('.'), all.size());
    if (point < all.size()) all.erase(point, 1);
    const std::size_t first = all.find_first_not_of('0');
    exponent = static_cast<int>(point) - static_cast<int>(first) - 1;
  }
  const auto shifted = [&](int e) {  // |n| / 10^e, rounded to the digits
    Numeric scaled = n.abs();
    for (int i = 0; i < e; ++i) scaled = scaled * Numeric::make(1, 1);
    for (int i = 0; i > e; --i) scaled = scaled * Numeric(10);
    return scaled.round(digits);
  };
  const Numeric significand = shifted(exponent);  // may round to 10.0, which PostgreSQL prints as it is
  char tail[16];
  std::snprintf(tail, sizeof tail, "e%c%02d", exponent < 0 ? '-' : '+', std::abs(exponent));
  return (n.sign() < 0 ? "-" : "") + significand.to_string() + tail;
}

std::string signed_scientific(std::string s) {
  if (s[0] == '+')
    s[0] = ' ';
  else if (s[0] != '-')
    s.insert(s.begin(), ' ');
  return s;
}

std::int64_t power_of_ten(int n) {
  std::int64_t r = 1;
  for (; n > 0; --n) {
    if (__builtin_mul_overflow(r, std::int64_t{10}, &r)) fail("bigint out of range");
  }
  return r;
}

}  // namespace

std::string to_char_numeric(const Numeric& value, std::string_view format) {
  if (format.empty()) return {};
  Pattern p(format);
  if (p.roman) {
    const Numeric rounded = value.kind == Numeric::Class::kFinite ? value.round(0) : value;
    if (rounded.kind != Numeric::Class::kFinite)
      fail(rounded.kind == Numeric::Class::kNaN ? "cannot convert NaN to integer" : "cannot convert infinity to integer");
    if (rounded.compare(Numeric(INT32_MAX)) > 0 || rounded.compare(Numeric(INT32_MIN)) < 0) fail("integer out of range");
    return Filler(std::move(p), roman(rounded.to_int64()), 0, '\0').run();
  }
  if (p.scientific) return value.kind == Numeric::Class::kFinite ? signed_scientific(scientific_numeric(value, p.post)) : scientific_hashes(p);
  Numeric scaled = value;
  if (p.shift) {
    scaled = value * Numeric(10).power(Numeric(p.multi));
    p.pre += p.multi;
  }
  std::string text = scaled.kind == Numeric::Class::kFinite ? scaled.round(p.post).to_string() : scaled.to_string();
  return filled(std::move(p), std::move(text));
}

std::string to_char_integer(std::int64_t value, std::string_view format, bool wide) {
  if (format.empty()) return {};
  Pattern p(format);
  if (p.roman) {
    if (value != static_cast<std::int32_t>(value)) fail("integer out of range");
    return Filler(std::move(p), roman(value), 0, '\0').run();
  }
  if (p.scientific) {
    return signed_scientific(wide ? scientific_numeric(Numeric(value), p.post) : printed("%+.*e", p.post, static_cast<double>(value)));
  }
  if (p.shift) {
    std::int64_t r = 0;
    const bool over = __builtin_mul_overflow(value, power_of_ten(p.multi), &r);
    if (wide && over) fail("bigint out of range");
    value = wide ? r : static_cast<std::int32_t>(r);  // an INTEGER wraps around, as in PostgreSQL
    p.pre += p.multi;
  }
  std::string text = std::to_string(value);
  if (p.post) text += '.' + std::string(static_cast<std::size_t>(p.post), '0');
  return filled(std::move(p), std::move(text));
}

std::string to_char_float(double value, std::string_view format, bool real) {
  if (format.empty()) return {};
  Pattern p(format);
  if (p.roman) {
    const double rounded = std::nearbyint(value);
    return Filler(std::move(p), roman(rounded >= 1 && rounded <= 3999 ? static_cast<std::int64_t>(rounded) : 0), 0, '\0').run();
  }
  const bool finite = std::isfinite(value);
  if (p.scientific) return finite ? signed_scientific(printed("%+.*e", p.post, value)) : scientific_hashes(p);
  if (p.shift) {
    value *= std::pow(10.0, p.multi);
    if (real) value = static_cast<float>(value);
    p.pre += p.multi;
  }
  const int most = real ? FLT_DIG : DBL_DIG;
  const std::string name = std::isnan(value) ? "NaN" : "Infinity";
  const int digits = static_cast<int>(finite ? printed("%.*f", 0, std::fabs(value)).size() : name.size());
  if (digits >= most)
    p.post = 0;
  else if (digits + p.post > most)
    p.post = most - digits;
  std::string text = finite ? printed("%.*f", p.post, value) : value < 0 ? '-' + name : name;
  return filled(std::move(p), std::move(text));
}

}  // namespace weir
