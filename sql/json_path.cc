#include "sql/json_path.h"

#include <weir/error.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "sql/regex.h"
#include "zset/json.h"
#include "zset/numeric.h"
#include "zset/text_form.h"

namespace weir {
namespace {

using View = std::string_view;
using Items = std::vector<std::string>;

enum class Op : std::uint8_t {
  kRoot, kCurrent, kLast, kVariable, kLiteral,
  kKey, kAnyKey, kAnyElement, kIndex, kDeep, kFilter, kType, kSize, kAbs, kFloor, kCeiling, kDouble,  // steps
  kAdd, kSubtract, kMultiply, kDivide, kModulo, kPlus, kMinus,
  kAnd, kOr, kNot, kIsUnknown, kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual, kExists, kStartsWith, kLikeRegex,  // predicates
};
bool is_predicate(Op op) { return op >= Op::kAnd; }

constexpr std::uint32_t kAllLevels = std::numeric_limits<std::uint32_t>::max();

struct Node {
  Op op;
  std::string text;                     // a key, a variable's name, a literal as JSONB
  std::vector<Node> args;               // kIndex: from, to by turns; `to` means nothing where `single` says so
  std::vector<Node> steps;              // what follows
  std::vector<bool> single;             // kIndex: a place, no range
  std::uint32_t first = 0, last = 0;    // kDeep: levels
  std::shared_ptr<const Regex> regex;
};

// ---------------------------------------------------------------------------------------------------------------------- text to tree

struct Token {
  enum class Kind : std::uint8_t { kEnd, kWord, kString, kNumber, kVariable, kSign } kind = Kind::kEnd;
  std::string text;
  bool integer = false;
};

class Reader {
 public:
  explicit Reader(View text) : text_(text) { next(); }

  Node path(bool& lax) {
    if (is_word("strict") || is_word("lax")) {
      lax = is_word("lax");
      next();
    }
    Node out = any_of();
    if (token_.kind != Token::Kind::kEnd) refuse();
    return out;
  }

 private:
  static constexpr int kDepthMost = 500;
  static constexpr int kTokensMost = 2000;  // chains of operators and of steps are as deep as they are long
  struct Depth {
    explicit Depth(Reader& r) : reader(r) {
      if (++reader.depth_ > kDepthMost) reader.refuse();
    }
    ~Depth() { --reader.depth_; }
    Reader& reader;
  };

  [[noreturn]] void refuse() const { throw Failure(ErrorCode::kInput, "syntax error in jsonpath: \"" + std::string(text_) + '"'); }

  // -- Tokens.
  static bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
  static bool is_special(char c) { return is_blank(c) || View("?%$.[]{}()|&!=<>@#,*:-+/\"").find(c) != View::npos; }
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  char at(std::size_t i) const { return i < text_.size() ? text_[i] : '\0'; }

  // An escape after its backslash.
  void escape(std::string& out) {
    const char c = at(at_++);
    constexpr View kNames = "bfnrtv", kMeanings = "\b\f\n\r\t\v";
    if (const std::size_t i = kNames.find(c); i != View::npos) {
      out += kMeanings[i];
      return;
    }
    if (c == '\0') refuse();
    if (c != 'x' && c != 'u') {
      out += c;
      return;
    }
    const auto hex = [&](int least, int most) {
      std::uint32_t value = 0;
      int n = 0;
      for (; n < most && std::isxdigit(static_cast<unsigned char>(at(at_))); ++n) value = value * 16 + static_cast<std::uint32_t>(std::stoi(std::string(1, at(at_++)), nullptr, 16));
      if (n < least) refuse();
      return value;
    };
    const auto unit = [&] {
      if (at(at_) != '{') return hex(4, 4);
      ++at_;
      const std::uint32_t value = hex(1, 6);
      if (at(at_++) != '}') refuse();
      return value;
    };
    std::uint32_t value = c == 'x' ? hex(2, 2) : unit();
    if (value >= 0xD800 && value < 0xDC00) {
      if (at(at_) != '\\' || at(at_ + 1) != 'u') refuse();
      at_ += 2;
      const std::uint32_t low = unit();
      if (low < 0xDC00 || low > 0xDFFF) refuse();
      value = 0x10000 + ((value & 0x3FF) << 10) + (low & 0x3FF);
    } else if (value == 0 || (value >= 0xDC00 && value < 0xE000) || value > 0x10FFFF) {
      refuse();
    }
    append_utf8(out, static_cast<char32_t>(value));
  }

  std::string quoted() {
    std::string out;
    for (++at_; at(at_) != '"';) {
      if (at_ >= text_.size()) refuse();
      if (text_[at_] == '\\') {
        ++at_;
        escape(out);
      } else {
        out += text_[at_++];
      }
    }
    ++at_;
    return out;
  }

  std::string word() {
    std::string out;
    while (at_ < text_.size() && !is_special(text_[at_])) {
      if (text_[at_] == '\\') {
        ++at_;
        escape(out);
      } else if (text_[at_] == '/' && at(at_ + 1) == '*') {
        break;
      } else {
        out += text_[at_++];
      }
    }
    return out;
  }

  void number() {
    const std::size_t start = at_;
    token_.integer = true;
    while (is_digit(at(at_))) ++at_;
    if (at_ - start > 1 && text_[start] == '0') refuse();
    if (at(at_) == '.' && (at_ > start || is_digit(at(at_ + 1)))) {
      token_.integer = false;
      ++at_;
      while (is_digit(at(at_))) ++at_;
    }
    if ((at(at_) | 0x20) == 'e') {
      token_.integer = false;
      ++at_;
      if (at(at_) == '+' || at(at_) == '-') ++at_;
      if (!is_digit(at(at_))) refuse();
      while (is_digit(at(at_))) ++at_;
    }
    if (at_ < text_.size() && !is_special(text_[at_])) refuse();
    token_.kind = Token::Kind::kNumber;
    token_.text = Numeric::parse(text_.substr(start, at_ - start)).to_string();
  }

  void next() {
    if (++tokens_ > kTokensMost) throw Failure(ErrorCode::kUnsupported, "a jsonpath of more than " + std::to_string(kTokensMost) + " words and signs is not supported");
    token_ = Token();
    for (;;) {
      while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
      if (at(at_) != '/' || at(at_ + 1) != '*') break;
      at_ = text_.find("*/", at_ + 2);
      if (at_ == View::npos) refuse();
      at_ += 2;
    }
    if (at_ >= text_.size()) return;
    const char c = text_[at_];
    if (c == '"') {
      token_.kind = Token::Kind::kString;
      token_.text = quoted();
    } else if (c == '$' && (at(at_ + 1) == '"' || (at_ + 1 < text_.size() && !is_special(text_[at_ + 1])))) {
      ++at_;
      token_.kind = Token::Kind::kVariable;
      token_.text = at(at_) == '"' ? quoted() : word();
    } else if (is_digit(c) || (c == '.' && is_digit(at(at_ + 1)))) {
      number();
    } else if (!is_special(c)) {
      token_.kind = Token::Kind::kWord;
      token_.text = word();
    } else {
      token_.kind = Token::Kind::kSign;
      for (const View sign : {"**", "&&", "||", "==", "!=", "<>", "<=", ">="}) {
        if (text_.substr(at_, 2) == sign) token_.text = sign;
      }
      if (token_.text.empty()) token_.text = c;
      at_ += token_.text.size();
    }
  }

  bool is_sign(View sign) const { return token_.kind == Token::Kind::kSign && token_.text == sign; }
  bool is_word(View word) const {
    if (token_.kind != Token::Kind::kWord || token_.text.size() != word.size()) return false;
    return std::equal(word.begin(), word.end(), token_.text.begin(), [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b + 32 : b); });
  }
  bool take(View sign) {
    if (!is_sign(sign)) return false;
    next();
    return true;
  }
  void expect(View sign) {
    if (!take(sign)) refuse();
  }

  // -- Rules.
  Node make(Op op, Node a) const {
    Node out{op, {}, {}, {}, {}, 0, 0, nullptr};
    out.args.push_back(std::move(a));
    return out;
  }
  Node make(Op op, Node a, Node b) const {
    Node out = make(op, std::move(a));
    out.args.push_back(std::move(b));
    return out;
  }
  static Node leaf(Op op, std::string text = {}) { return Node{op, std::move(text), {}, {}, {}, 0, 0, nullptr}; }
  // A predicate has no steps: with steps it is a value.
  static bool tests(const Node& n) { return is_predicate(n.op) && n.steps.empty(); }
  Node test(Node n) const {
    if (!tests(n)) refuse();
    return n;
  }
  Node value(Node n) const {
    if (tests(n)) refuse();
    return n;
  }

  Node any_of() {
    const Depth depth(*this);
    Node left = all_of();
    while (is_sign("||")) {
      next();
      left = make(Op::kOr, test(std::move(left)), test(all_of()));
    }
    return left;
  }
  Node all_of() {
    Node left = negated();
    while (is_sign("&&")) {
      next();
      left = make(Op::kAnd, test(std::move(left)), test(negated()));
    }
    return left;
  }
  Node negated() {
    if (!take("!")) return compared();
    if (!is_sign("(") && !is_word("exists")) refuse();
    return make(Op::kNot, test(accessed()));
  }
  Node compared() {
    Node left = sum();
    static constexpr std::pair<View, Op> kOps[] = {{"==", Op::kEqual}, {"!=", Op::kNotEqual}, {"<>", Op::kNotEqual}, {"<", Op::kLess}, {"<=", Op::kLessEqual}, {">", Op::kGreater}, {">=", Op::kGreaterEqual}};
    for (const auto& [sign, op] : kOps) {
      if (!is_sign(sign)) continue;
      next();
      return make(op, value(std::move(left)), value(sum()));
    }
    if (is_word("starts")) {
      next();
      if (!is_word("with")) refuse();
      next();
      if (token_.kind != Token::Kind::kString && token_.kind != Token::Kind::kVariable) refuse();
      return make(Op::kStartsWith, value(std::move(left)), primary());
    }
    if (is_word("like_regex")) return like(value(std::move(left)));
    return left;
  }
  Node like(Node left) {
    next();
    if (token_.kind != Token::Kind::kString) refuse();
    const std::string pattern = token_.text;
    next();
    Regex::Flags flags;
    flags.newline_stops = true;
    bool expanded = false;
    if (is_word("flag")) {
      next();
      if (token_.kind != Token::Kind::kString) refuse();
      for (const char c : token_.text) {
        switch (c) {
          case 'i': flags.ignore_case = true; break;
          case 's': flags.newline_stops = false; break;
          case 'm': flags.newline_anchors = true; break;
          case 'x': expanded = true; break;
          case 'q': flags.quoted = true; break;
          default: refuse();
        }
      }
      next();
    }
    if (flags.quoted) flags.newline_stops = flags.newline_anchors = false;
    else if (expanded) throw Failure(ErrorCode::kUnsupported, "flag x of like_regex is not supported");
    Node out = make(Op::kLikeRegex, std::move(left));
    out.regex = std::make_shared<const Regex>(pattern, flags);
    return out;
  }
  Node sum() {
    Node left = product();
    while (is_sign("+") || is_sign("-")) {
      const Op op = is_sign("+") ? Op::kAdd : Op::kSubtract;
      next();
      left = make(op, value(std::move(left)), value(product()));
    }
    return left;
  }
  Node product() {
    Node left = with_sign();
    while (is_sign("*") || is_sign("/") || is_sign("%")) {
      const Op op = is_sign("*") ? Op::kMultiply : is_sign("/") ? Op::kDivide : Op::kModulo;
      next();
      left = make(op, value(std::move(left)), value(with_sign()));
    }
    return left;
  }
  Node with_sign() {
    const Depth depth(*this);
    if (!is_sign("+") && !is_sign("-")) return accessed();
    const Op op = is_sign("+") ? Op::kPlus : Op::kMinus;
    next();
    return make(op, value(with_sign()));
  }
  Node accessed() {
    Node out = primary();
    for (;;) {
      if (take(".")) {
        out.steps.push_back(member());
      } else if (is_sign("[")) {
        out.steps.push_back(subscript());
      } else if (take("?")) {
        expect("(");
        const bool outer = std::exchange(in_filter_, true);
        out.steps.push_back(make(Op::kFilter, test(any_of())));
        in_filter_ = outer;
        expect(")");
      } else {
        return out;
      }
    }
  }
  Node primary() {
    if (take("(")) {
      Node inside = any_of();
      expect(")");
      if (!tests(inside) || !is_word("is")) return inside;
      next();
      if (!is_word("unknown")) refuse();
      next();
      return make(Op::kIsUnknown, std::move(inside));
    }
    Node out;
    switch (token_.kind) {
      case Token::Kind::kString: {
        std::string json;
        append_json_string(json, token_.text);
        out = leaf(Op::kLiteral, json);
        break;
      }
      case Token::Kind::kNumber: out = leaf(Op::kLiteral, token_.text); break;
      case Token::Kind::kVariable: out = leaf(Op::kVariable, token_.text); break;
      case Token::Kind::kSign:
        if (is_sign("$")) {
          out = leaf(Op::kRoot);
        } else if (is_sign("@") && in_filter_) {
          out = leaf(Op::kCurrent);
        } else {
          refuse();
        }
        break;
      case Token::Kind::kWord:
        if (token_.text == "true" || token_.text == "false" || token_.text == "null") {
          out = leaf(Op::kLiteral, token_.text);
        } else if (is_word("last") && in_subscript_) {
          out = leaf(Op::kLast);
        } else if (is_word("exists")) {
          next();
          expect("(");
          out = make(Op::kExists, value(any_of()));
          expect(")");
          return out;
        } else {
          refuse();
        }
        break;
      case Token::Kind::kEnd: refuse();
    }
    next();
    return out;
  }
  std::uint32_t level() {
    if (is_word("last")) {
      next();
      return kAllLevels;
    }
    if (token_.kind != Token::Kind::kNumber || !token_.integer || token_.text.size() > 9) refuse();
    const auto n = static_cast<std::uint32_t>(std::stoul(token_.text));
    next();
    return n;
  }
  Node member() {
    if (take("*")) return leaf(Op::kAnyKey);
    if (take("**")) {
      Node out = leaf(Op::kDeep);
      out.last = kAllLevels;
      if (take("{")) {
        out.first = out.last = level();
        if (is_word("to")) {
          next();
          out.last = level();
        }
        expect("}");
      }
      return out;
    }
    if (token_.kind != Token::Kind::kWord && token_.kind != Token::Kind::kString) refuse();
    const bool may_call = token_.kind == Token::Kind::kWord;
    Node out = leaf(Op::kKey, token_.text);
    static constexpr std::pair<View, Op> kMethods[] = {{"type", Op::kType}, {"size", Op::kSize}, {"abs", Op::kAbs}, {"floor", Op::kFloor}, {"ceiling", Op::kCeiling}, {"double", Op::kDouble}};
    Op method = Op::kKey;
    bool other = false;
    for (const auto& [name, op] : kMethods) {
      if (is_word(name)) method = op;
    }
    other = is_word("datetime") || is_word("keyvalue");
    next();
    if (!may_call || !is_sign("(")) return out;
    if (other) throw Failure(ErrorCode::kUnsupported, "jsonpath method ." + out.text + "() is not supported");
    if (method == Op::kKey) refuse();
    next();
    expect(")");
    return leaf(method);
  }
  Node subscript() {
    next();
    if (take("*")) {
      expect("]");
      return leaf(Op::kAnyElement);
    }
    Node out = leaf(Op::kIndex);
    const bool outer = std::exchange(in_subscript_, true);
    do {
      out.args.push_back(value(any_of()));
      out.single.push_back(!is_word("to"));
      if (is_word("to")) {
        next();
        out.args.push_back(value(any_of()));
      } else {
        out.args.push_back(leaf(Op::kRoot));
      }
    } while (take(","));
    in_subscript_ = outer;
    expect("]");
    return out;
  }

  View text_;
  std::size_t at_ = 0;
  Token token_;
  int depth_ = 0, tokens_ = 0;
  bool in_filter_ = false, in_subscript_ = false;
};

// -------------------------------------------------------------------------------------------------------------------- evaluation

enum class Truth : std::uint8_t { kFalse, kTrue, kUnknown };
Truth truth(bool b) { return b ? Truth::kTrue : Truth::kFalse; }

bool is_container(View v) { return json_type(v) >= JsonType::kArray; }

// An error is a text; a run that has failed finds nothing more.
class Run {
 public:
  Run(View root, View variables, bool lax) : root_(root), variables_(variables), lax_(lax), ignores_(lax) {}

  // The node's values, then its steps.
  bool item(const Node& n, Items& out) {
    switch (n.op) {
      case Op::kRoot: return step(n, 0, root_, out);
      case Op::kCurrent: return step(n, 0, current_, out);
      case Op::kLiteral: return step(n, 0, n.text, out);
      case Op::kLast: return step(n, 0, std::to_string(size_ - 1), out);
      case Op::kVariable:
        for (JsonMembers m(variables_); m.next();) {
          if (json_text(m.key()) == n.text) return step(n, 0, m.value(), out);
        }
        throw Failure(ErrorCode::kEvaluation, "could not find jsonpath variable \"" + n.text + '"');
      case Op::kAdd: case Op::kSubtract: case Op::kMultiply: case Op::kDivide: case Op::kModulo: return arithmetic(n, out);
      case Op::kPlus: case Op::kMinus: {
        Items given;
        if (!unwrapped(n.args[0], given)) return false;
        for (const std::string& v : given) {
          if (json_type(v) != JsonType::kNumber && tested == &n && n.steps.empty()) continue;
          if (json_type(v) != JsonType::kNumber) return failed("operand of unary jsonpath operator is not a numeric value");
          const std::string result = n.op == Op::kPlus ? v : (-Numeric::parse(v)).to_string();
          if (!step(n, 0, result, out)) return false;
        }
        return true;
      }
      default: break;
    }
    const Truth t = predicate(n);
    return step(n, 0, t == Truth::kUnknown ? "null" : t == Truth::kTrue ? "true" : "false", out);
  }
  std::string error;
  const Node* tested = nullptr;  // of this only whether it gives something is asked

 private:
  bool failed(std::string message) {
    error = std::move(message);
    return false;
  }

  // The steps of n from the i-th on, for a value.
  bool step(const Node& n, std::size_t i, View v, Items& out) { return step(n, i, v, lax_, out); }
  bool step(const Node& n, std::size_t i, View v, bool unwrap, Items& out) {
    if (i == n.steps.size()) {
      out.emplace_back(v);
      return true;
    }
    const Node& s = n.steps[i];
    const JsonType type = json_type(v);
    const bool array = type == JsonType::kArray;
    const auto each_element = [&] {
      for (JsonMembers m(v); m.next();) {
        if (!step(n, i, m.value(), false, out)) return false;
      }
      return true;
    };
    switch (s.op) {
      case Op::kKey:
        if (type == JsonType::kObject) {
          for (JsonMembers m(v); m.next();) {
            if (json_text(m.key()) == s.text) return step(n, i + 1, m.value(), out);
          }
          return ignores_ || failed("JSON object does not contain key \"" + s.text + '"');
        }
        if (array && unwrap) return each_element();
        return ignores_ || failed("jsonpath member accessor can only be applied to an object");
      case Op::kAnyKey:
        if (type == JsonType::kObject) return deep(n, i + 1, v, 1, 1, 1, out);
        if (array && unwrap) return each_element();
        return ignores_ || failed("jsonpath wildcard member accessor can only be applied to an object");
      case Op::kAnyElement:
        if (array) return deep(n, i + 1, v, 1, 1, 1, out);
        if (lax_) return step(n, i + 1, v, out);
        return ignores_ || failed("jsonpath wildcard array accessor can only be applied to an array");
      case Op::kIndex: return subscripts(n, i, v, out);
      case Op::kDeep: {
        const bool saved = std::exchange(ignores_, true);
        bool good = s.first > 0 || step(n, i + 1, v, out);
        if (good && is_container(v)) good = deep(n, i + 1, v, 1, s.first, s.last, out);
        ignores_ = saved;
        return good;
      }
      case Op::kFilter: {
        if (array && unwrap) return each_element();
        const View saved = std::exchange(current_, v);
        const Truth t = predicate(s.args[0]);
        current_ = saved;
        return t != Truth::kTrue || step(n, i + 1, v, out);
      }
      case Op::kType: {
        constexpr View kTypes[] = {"\"null\"", "\"string\"", "\"number\"", "\"boolean\"", "\"array\"", "\"object\""};
        return step(n, i + 1, kTypes[static_cast<std::size_t>(type)], out);
      }
      case Op::kSize: {
        if (!array && !lax_ && !ignores_) return failed("jsonpath item method .size() can only be applied to an array");
        return step(n, i + 1, std::to_string(array ? size_of(v) : 1), out);
      }
      case Op::kAbs: case Op::kFloor: case Op::kCeiling: {
        if (array && unwrap) return each_element();
        if (type != JsonType::kNumber) return failed("jsonpath item method can only be applied to a numeric value");
        const Numeric number = Numeric::parse(v);
        return step(n, i + 1, (s.op == Op::kAbs ? number.abs() : s.op == Op::kFloor ? number.floor() : number.ceil()).to_string(), out);
      }
      default: break;
    }
    if (array && unwrap) return each_element();  // .double()
    std::optional<std::string> number;
    if (type == JsonType::kNumber || type == JsonType::kString) number = as_double(type == JsonType::kString ? json_text(v) : std::string(v), type == JsonType::kString);
    if (!number) return failed("jsonpath item method .double() can only be applied to a string or numeric value that fits double precision");
    return step(n, i + 1, *number, out);
  }

  static std::optional<std::string> as_double(const std::string& text, bool string) {
    try {
      Arena arena;
      const double d = parse_datum(text, Type{TypeId::kDouble, 0, 0}, arena).number;
      if (std::isnan(d) || std::isinf(d)) return std::nullopt;
      return string ? Numeric::from_double(d, 15).to_string() : text;
    } catch (const Failure&) {
      return std::nullopt;
    }
  }

  static std::int64_t size_of(View array) {
    std::int64_t n = 0;
    for (JsonMembers m(array); m.next();) ++n;
    return n;
  }

  // The values in a container from level `first` to level `last`, each before those in it.
  bool deep(const Node& n, std::size_t i, View v, std::uint32_t level, std::uint32_t first, std::uint32_t last, Items& out) {
    if (level > last) return true;
    for (JsonMembers m(v); m.next();) {
      const bool container = is_container(m.value());
      if ((level >= first || (first == kAllLevels && last == kAllLevels && !container)) && !step(n, i, m.value(), out)) return false;
      if (level < last && container && !deep(n, i, m.value(), level + 1, first, last, out)) return false;
    }
    return true;
  }

  bool subscripts(const Node& n, std::size_t i, View v, Items& out) {
    const Node& s = n.steps[i];
    const bool array = json_type(v) == JsonType::kArray;
    if (!array && !lax_) return ignores_ || failed("jsonpath array accessor can only be applied to an array");
    const std::int64_t outer = size_, size = array ? size_of(v) : 1;
    for (std::size_t k = 0; k < s.single.size(); ++k) {
      size_ = size;
      std::int64_t from = 0, to = 0;
      const bool good = index(s.args[2 * k], from) && (s.single[k] || index(s.args[2 * k + 1], to));
      size_ = outer;
      if (!good) return false;
      if (s.single[k]) to = from;
      if (!ignores_ && (from < 0 || from > to || to >= size)) return failed("jsonpath array subscript is out of bounds");
      from = std::max<std::int64_t>(from, 0);
      to = std::min(to, size - 1);
      if (from > to) continue;
      if (!array) {
        if (!step(n, i + 1, v, out)) return false;
        continue;
      }
      std::int64_t at = 0;
      for (JsonMembers m(v); at <= to && m.next(); ++at) {
        if (at >= from && !step(n, i + 1, m.value(), out)) return false;
      }
    }
    return true;
  }

  bool index(const Node& n, std::int64_t& place) {
    Items found;
    if (!item(n, found)) return false;
    if (found.size() != 1 || json_type(found[0]) != JsonType::kNumber) return failed("jsonpath array subscript is not a single numeric value");
    try {
      place = Numeric::parse(found[0]).trunc(0).to_int64();
    } catch (const Failure&) {
      place = INT64_MAX;
    }
    if (place != static_cast<std::int32_t>(place)) return failed("jsonpath array subscript is out of integer range");
    return true;
  }

  // The items of n; in lax mode the elements of those that are arrays.
  bool unwrapped(const Node& n, Items& out) {
    if (!lax_) return item(n, out);
    Items found;
    const bool good = item(n, found);
    for (const std::string& v : found) {
      if (json_type(v) != JsonType::kArray) {
        out.push_back(v);
        continue;
      }
      for (JsonMembers m(v); m.next();) out.emplace_back(m.value());
    }
    return good;
  }

  bool arithmetic(const Node& n, Items& out) {
    std::string sides[2];
    for (std::size_t k = 0; k < 2; ++k) {
      Items found;
      if (!unwrapped(n.args[k], found)) return false;
      if (found.size() != 1 || json_type(found[0]) != JsonType::kNumber) return failed("operand of a jsonpath operator is not a single numeric value");
      sides[k] = found[0];
    }
    const Numeric a = Numeric::parse(sides[0]), b = Numeric::parse(sides[1]);
    std::string result;
    try {
      switch (n.op) {
        case Op::kAdd: result = (a + b).to_string(); break;
        case Op::kSubtract: result = (a - b).to_string(); break;
        case Op::kMultiply: result = (a * b).to_string(); break;
        case Op::kDivide: result = (a / b).to_string(); break;
        default: result = (a % b).to_string();
      }
    } catch (const Failure& failure) {
      return failed(failure.error().message);
    }
    return step(n, 0, result, out);
  }

  Truth predicate(const Node& n) {
    switch (n.op) {
      case Op::kAnd: {
        const Truth left = predicate(n.args[0]);
        if (left == Truth::kFalse) return left;
        const Truth right = predicate(n.args[1]);
        return right == Truth::kTrue ? left : right;
      }
      case Op::kOr: {
        const Truth left = predicate(n.args[0]);
        if (left == Truth::kTrue) return left;
        const Truth right = predicate(n.args[1]);
        return right == Truth::kFalse ? left : right;
      }
      case Op::kNot: {
        const Truth t = predicate(n.args[0]);
        return t == Truth::kUnknown ? t : truth(t == Truth::kFalse);
      }
      case Op::kIsUnknown: return truth(predicate(n.args[0]) == Truth::kUnknown);
      case Op::kExists: {
        Items found;
        const Node* outer = std::exchange(tested, lax_ ? &n.args[0] : nullptr);
        const bool good = quietly([&] { return item(n.args[0], found); });
        tested = outer;
        if (!good && (!lax_ || found.empty())) return Truth::kUnknown;
        return truth(!found.empty());
      }
      default: break;
    }
    Items left, right;
    if (!quietly([&] { return unwrapped(n.args[0], left); })) return Truth::kUnknown;
    if (n.op == Op::kLikeRegex) {
      right.emplace_back("null");
    } else if (!quietly([&] { return n.op == Op::kStartsWith ? item(n.args[1], right) : unwrapped(n.args[1], right); })) {
      return Truth::kUnknown;
    }
    bool found = false, unknown = false;
    for (const std::string& a : left) {
      for (const std::string& b : right) {
        const Truth t = compared(n, a, b);
        if (t == Truth::kUnknown) {
          if (!lax_) return t;
          unknown = true;
        } else if (t == Truth::kTrue) {
          if (lax_) return t;
          found = true;
        }
      }
    }
    return found ? Truth::kTrue : unknown ? Truth::kUnknown : Truth::kFalse;
  }

  // What fails within a predicate makes it unknown.
  template <class F>
  bool quietly(F&& f) {
    const std::string before = error;
    const bool good = f();
    error = before;
    return good;
  }

  static Truth compared(const Node& n, const std::string& a, const std::string& b) {
    const JsonType x = json_type(a), y = json_type(b);
    if (n.op == Op::kLikeRegex) return x == JsonType::kString ? truth(n.regex->matches(to_characters(json_text(a)))) : Truth::kUnknown;
    if (n.op == Op::kStartsWith) {
      return x == JsonType::kString && y == JsonType::kString ? truth(json_text(a).starts_with(json_text(b))) : Truth::kUnknown;
    }
    if (x != y) return x == JsonType::kNull || y == JsonType::kNull ? truth(n.op == Op::kNotEqual) : Truth::kUnknown;
    if (is_container(a)) return Truth::kUnknown;
    const int c = jsonb_compare(Bytes(View(a)), Bytes(View(b)));
    switch (n.op) {
      case Op::kEqual: return truth(c == 0);
      case Op::kNotEqual: return truth(c != 0);
      case Op::kLess: return truth(c < 0);
      case Op::kLessEqual: return truth(c <= 0);
      case Op::kGreater: return truth(c > 0);
      default: return truth(c >= 0);
    }
  }

  View root_, variables_, current_;
  bool lax_, ignores_;
  std::int64_t size_ = 0;  // of the array whose subscript is looked at
};

}  // namespace

struct JsonPath::Impl {
  Node node;
  bool lax = true;
};

JsonPath::JsonPath(View text) {
  auto impl = std::make_unique<Impl>();
  impl->node = Reader(text).path(impl->lax);
  impl_ = std::move(impl);
}
JsonPath::~JsonPath() = default;

bool JsonPath::strict() const { return !impl_->lax; }

JsonPath::Result JsonPath::query(View jsonb, View variables, bool whether) const {
  Result out;
  Run run(jsonb, variables, impl_->lax);
  if (whether && impl_->lax) run.tested = &impl_->node;
  run.item(impl_->node, out.items);
  out.error = std::move(run.error);
  return out;
}

}  // namespace weir
