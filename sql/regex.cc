// The regular expressions: parser, automaton, matcher.

#include "sql/regex.h"

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <string>

#include "weir/error.h"

namespace weir {
namespace {

constexpr int kInfinite = 256;  // of a bound; bounds given go to 255
constexpr std::size_t kStatesMost = 100'000;

[[noreturn]] void invalid(const char* what) { throw Failure(ErrorCode::kEvaluation, std::string("invalid regular expression: ") + what); }

bool is_digit(char32_t c) { return c >= '0' && c <= '9'; }
bool is_lower(char32_t c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char32_t c) { return c >= 'A' && c <= 'Z'; }
bool is_alpha(char32_t c) { return is_lower(c) || is_upper(c); }
bool is_word(char32_t c) { return is_alpha(c) || is_digit(c) || c == '_'; }
bool is_space(char32_t c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool in_class(std::string_view name, char32_t c) {
  if (name == "alpha") return is_alpha(c);
  if (name == "digit") return is_digit(c);
  if (name == "alnum") return is_alpha(c) || is_digit(c);
  if (name == "lower") return is_lower(c);
  if (name == "upper") return is_upper(c);
  if (name == "space") return is_space(c);
  if (name == "blank") return c == ' ' || c == '\t';
  if (name == "punct") return c > ' ' && c < 127 && !is_alpha(c) && !is_digit(c);
  if (name == "print") return c >= ' ' && c < 127;
  if (name == "graph") return c > ' ' && c < 127;
  if (name == "cntrl") return c < ' ' || c == 127;
  if (name == "xdigit") return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  if (name == "word") return is_word(c);
  if (name == "ascii") return c < 128;
  invalid("invalid character class");
}

// A set of characters.
struct Set {
  struct Class {
    std::string name;
    bool negated;
  };
  std::vector<std::pair<char32_t, char32_t>> ranges;
  std::vector<Class> classes;
  bool negated = false;
  bool no_newline = false;
  bool ignore_case = false;

  bool has(char32_t c) const {
    if (no_newline && c == '\n') return false;
    bool found = holds(c);
    if (!found && ignore_case && is_alpha(c)) found = holds(c ^ 0x20);
    return found != negated;
  }

 private:
  bool holds(char32_t c) const {
    for (const auto& [from, to] : ranges) {
      if (c >= from && c <= to) return true;
    }
    for (const Class& k : classes) {
      if (in_class(k.name, c) != k.negated) return true;
    }
    return false;
  }
};

// What an edge that consumes nothing demands.
enum class Check : std::uint8_t { kNone, kLineStart, kLineEnd, kTextStart, kTextEnd, kWordStart, kWordEnd, kBoundary, kNoBoundary, kLook };

struct Look {
  int begin, end;  // states
  bool ahead, negated;
};

struct Edge {
  int to;
  int set = -1;  // consumes a character of this set
  Check check = Check::kNone;
  int look = -1;
};

// Flags of a tree node, as in PostgreSQL's regcomp.c.
enum : unsigned { kLonger = 1, kShorter = 2, kMixed = 4, kCapture = 8, kBackReference = 16 };
constexpr unsigned kLocal = kLonger | kShorter;
constexpr unsigned preference(unsigned f) { return f & kLocal; }
constexpr unsigned up(unsigned f) { return (f & ~kLocal) | ((f & kLonger) && (f & kShorter) ? unsigned{kMixed} : 0u); }
constexpr bool messy(unsigned f) { return (f & (kMixed | kCapture | kBackReference)) != 0; }
constexpr unsigned combine(unsigned a, unsigned b) { return up(a | b) | (preference(a) ? preference(a) : preference(b)); }

struct Tree {
  enum class Op : std::uint8_t { kPlain, kConcatenation, kAlternatives, kIteration, kBackReference };
  Op op = Op::kPlain;
  unsigned flags = 0;
  int begin = 0, end = 0;  // states: between them lies all that the node matches
  int capture = 0;         // the group's number
  int reference = 0, least = 1, most = 1;
  std::vector<std::unique_ptr<Tree>> children;
};
using TreePtr = std::unique_ptr<Tree>;

TreePtr node(Tree::Op op, unsigned flags, int begin, int end) {
  auto t = std::make_unique<Tree>();
  t->op = op;
  t->flags = flags;
  t->begin = begin;
  t->end = end;
  return t;
}

// The automaton and the tree over it.
struct Automaton {
  std::vector<std::vector<Edge>> states;
  std::vector<Set> sets;
  std::vector<Look> looks;
  TreePtr root;
  std::size_t groups = 0;
  Regex::Flags flags;
};

class Parser {
 public:
  Parser(std::string_view pattern, Regex::Flags flags, Automaton& impl) : text_(to_characters(pattern)), flags_(flags), impl_(impl) {}

  void run() {
    if (prefix("***=")) {
      flags_.quoted = true;
    } else if (prefix("***:")) {
      // the syntax that is the rule anyway
    } else if (prefix("***")) {
      invalid("invalid regexp (reg version 0.8)");
    }
    if (!flags_.quoted) options();
    const int begin = state(), end = state();
    if (flags_.quoted) {
      int at = begin;
      for (char32_t c : text_from()) {
        const int next = state();
        consume(at, next, literal(c));
        at = next;
      }
      empty(at, end);
      impl_.root = node(Tree::Op::kPlain, 0, begin, end);
    } else {
      impl_.root = alternatives(begin, end, false, true);
      skip_expanded();
      if (at_ < text_.size()) invalid("parentheses () not balanced");
    }
    impl_.groups = groups_;
    impl_.flags = flags_;
  }

 private:
  // -- characters of the pattern
  bool done() const { return at_ >= text_.size(); }
  char32_t peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : 0; }
  bool prefix(std::string_view s) {
    if (text_.size() - at_ < s.size()) return false;
    for (std::size_t i = 0; i < s.size(); ++i) {
      if (text_[at_ + i] != static_cast<unsigned char>(s[i])) return false;
    }
    at_ += s.size();
    return true;
  }
  std::vector<char32_t> text_from() const { return {text_.begin() + static_cast<std::ptrdiff_t>(at_), text_.end()}; }

  void options() {
    if (peek() != '(' || peek(1) != '?' || !is_alpha(peek(2))) return;
    for (at_ += 2; !done() && is_alpha(peek()); ++at_) {
      switch (peek()) {
        case 'b':
        case 'e':
          throw Failure(ErrorCode::kUnsupported, "basic and extended POSIX regular expressions are not supported");
        case 'c':
          flags_.ignore_case = false;
          break;
        case 'i':
          flags_.ignore_case = true;
          break;
        case 'm':
        case 'n':
          flags_.newline_stops = flags_.newline_anchors = true;
          break;
        case 'p':
          flags_.newline_stops = true, flags_.newline_anchors = false;
          break;
        case 'q':
          flags_.quoted = true;
          break;
        case 's':
          flags_.newline_stops = flags_.newline_anchors = false;
          break;
        case 't':
          flags_.expanded = false;
          break;
        case 'w':
          flags_.newline_stops = false, flags_.newline_anchors = true;
          break;
        case 'x':
          flags_.expanded = true;
          break;
        default:
          invalid("invalid embedded option");
      }
    }
    if (peek() != ')') invalid("invalid embedded option");
    ++at_;
  }

  // White space and comments: in expanded syntax, and (?#…) always.
  void skip_expanded() {
    for (;;) {
      if (flags_.expanded && is_space(peek()) && !done()) {
        ++at_;
      } else if (flags_.expanded && peek() == '#') {
        while (!done() && peek() != '\n') ++at_;
      } else if (peek() == '(' && peek(1) == '?' && peek(2) == '#') {
        while (!done() && peek() != ')') ++at_;
        if (!done()) ++at_;
      } else {
        return;
      }
    }
  }

  // -- the automaton
  int state() {
    if (impl_.states.size() >= kStatesMost) invalid("regular expression is too complex");
    impl_.states.emplace_back();
    return static_cast<int>(impl_.states.size()) - 1;
  }
  void add(int from, Edge edge) { impl_.states[static_cast<std::size_t>(from)].push_back(edge); }
  void empty(int from, int to) { add(from, Edge{to}); }
  void consume(int from, int to, Set set) {
    impl_.sets.push_back(std::move(set));
    add(from, Edge{to, static_cast<int>(impl_.sets.size()) - 1});
  }
  void check(int from, int to, Check what, int look = -1) { add(from, Edge{to, -1, what, look}); }

  Set literal(char32_t c) const {
    Set s;
    s.ranges.emplace_back(c, c);
    s.ignore_case = flags_.ignore_case;
    return s;
  }

  // A copy of the part between two states, between two new ones.
  std::pair<int, int> copy(int begin, int end) {
    std::vector<int> to(impl_.states.size(), -1);
    std::vector<int> queue{begin};
    to[static_cast<std::size_t>(begin)] = state();
    if (to[static_cast<std::size_t>(end)] < 0) to[static_cast<std::size_t>(end)] = state();
    while (!queue.empty()) {
      const int from = queue.back();
      queue.pop_back();
      if (from == end) continue;
      const std::vector<Edge> edges = impl_.states[static_cast<std::size_t>(from)];
      for (Edge e : edges) {
        int& target = to[static_cast<std::size_t>(e.to)];
        if (target < 0) {
          target = state();
          queue.push_back(e.to);
        }
        e.to = target;
        add(to[static_cast<std::size_t>(from)], e);
      }
    }
    return {to[static_cast<std::size_t>(begin)], to[static_cast<std::size_t>(end)]};
  }

  // Between two new states: what lies between begin and end, `least` to `most` times.
  std::pair<int, int> repeated(int begin, int end, int least, int most) {
    const int first = state(), last = state();
    int at = first;
    for (int i = 0; i < least; ++i) {
      const auto [b, e] = copy(begin, end);
      empty(at, b);
      at = e;
    }
    if (most == kInfinite) {
      const auto [b, e] = copy(begin, end);
      const int loop = state();
      empty(at, loop);
      empty(loop, b);
      empty(e, loop);
      at = loop;
    } else {
      for (int i = least; i < most; ++i) {
        const auto [b, e] = copy(begin, end);
        empty(at, last);
        empty(at, b);
        at = e;
      }
    }
    empty(at, last);
    return {first, last};
  }

  // -- the grammar
  TreePtr alternatives(int begin, int end, bool look, bool top) {
    TreePtr branches = node(Tree::Op::kAlternatives, kLonger, begin, end);
    for (;;) {
      const int b = state(), e = state();
      empty(begin, b);
      empty(e, end);
      TreePtr t = branch(b, e, look);
      branches->flags |= up(branches->flags | t->flags);
      branches->children.push_back(std::move(t));
      if (peek() != '|' || done()) break;
      ++at_;
    }
    if (!top && peek() != ')') invalid("parentheses () not balanced");
    if (branches->children.size() == 1) {
      TreePtr only = std::move(branches->children[0]);
      if (only->capture != 0 || only->op != Tree::Op::kPlain) return only;
      only->begin = begin;
      only->end = end;
      return only;
    }
    if (!messy(branches->flags)) {
      branches->children.clear();
      branches->op = Tree::Op::kPlain;
    }
    return branches;
  }

  TreePtr branch(int begin, int end, bool look) {
    int at = begin;
    bool seen = false;
    TreePtr t = node(Tree::Op::kPlain, 0, begin, end);
    for (;;) {
      skip_expanded();
      if (done() || peek() == '|' || peek() == ')') break;
      if (seen) {
        const int next = state();
        empty(at, next);
        at = next;
      }
      seen = true;
      const int next = state();
      if (atom(at, next, begin, end, look, t)) return t;
      at = next;
    }
    empty(at, end);
    return t;
  }

  bool quantifier(int& least, int& most, unsigned& prefers) {
    skip_expanded();
    least = most = 1;
    prefers = 0;
    const char32_t c = peek();
    if (done() || (c != '*' && c != '+' && c != '?' && !(c == '{' && is_digit(peek(1))))) return false;
    ++at_;
    bool fixed = false;
    if (c == '*') {
      least = 0, most = kInfinite;
    } else if (c == '+') {
      most = kInfinite;
    } else if (c == '?') {
      least = 0;
    } else {
      least = most = number();
      fixed = peek() != ',';
      if (!fixed) {
        ++at_;
        most = is_digit(peek()) ? number() : kInfinite;
        if (least > most) invalid("invalid repetition count(s)");
      }
      if (peek() != '}') invalid("invalid repetition count(s)");
      ++at_;
    }
    bool shortest = false;
    if (peek() == '?' && !done()) {
      ++at_;
      shortest = true;
    }
    if (!fixed) prefers = shortest ? kShorter : kLonger;
    skip_expanded();
    const char32_t next = peek();
    if (!done() && (next == '*' || next == '+' || next == '?' || (next == '{' && is_digit(peek(1))))) invalid("quantifier operand invalid");
    return true;
  }

  int number() {
    int n = 0;
    while (is_digit(peek()) && n < 256) n = n * 10 + static_cast<int>(text_[at_++] - '0');
    if (is_digit(peek()) || n > 255) invalid("invalid repetition count(s)");
    return n;
  }

  // One quantified atom or constraint from state `left` to `right`. True if it took in all the rest of the branch as well.
  bool atom(int left, int right, int branch_begin, int branch_end, bool look, TreePtr& top) {
    enum class Kind { kSimple, kGroup, kReference, kConstraint } kind = Kind::kSimple;
    TreePtr inner;
    int group = 0, reference = 0;
    const char32_t c = peek();
    const int begin = state(), end = state();
    const auto constrain = [&](Check what, int index = -1) {
      kind = Kind::kConstraint;
      check(begin, end, what, index);
    };
    switch (c) {
      case '*':
      case '+':
      case '?':
        invalid("quantifier operand invalid");
      case '^':
        ++at_;
        constrain(Check::kLineStart);
        break;
      case '$':
        ++at_;
        constrain(Check::kLineEnd);
        break;
      case '.': {
        ++at_;
        Set any;
        any.negated = true;
        any.no_newline = flags_.newline_stops;
        consume(begin, end, any);
        break;
      }
      case '[':
        if (prefix("[[:<:]]")) {
          constrain(Check::kWordStart);
        } else if (prefix("[[:>:]]")) {
          constrain(Check::kWordEnd);
        } else {
          ++at_;
          consume(begin, end, bracket());
        }
        break;
      case '(': {
        ++at_;
        bool capturing = !look;
        if (peek() == '?' && !done()) {
          ++at_;
          const bool behind = peek() == '<';
          if (behind) ++at_;
          const char32_t k = peek();
          ++at_;
          if (k == ':' && !behind) {
            capturing = false;
          } else if (k == '=' || k == '!') {
            const int b = state(), e = state();
            alternatives(b, e, true, false);
            ++at_;
            impl_.looks.push_back(Look{b, e, !behind, k == '!'});
            constrain(Check::kLook, static_cast<int>(impl_.looks.size()) - 1);
            break;
          } else {
            invalid("quantifier operand invalid");
          }
        }
        if (capturing) group = static_cast<int>(++groups_);
        inner = alternatives(begin, end, look, false);
        ++at_;
        if (capturing) {
          kind = Kind::kGroup;
          if (inner->capture != 0) {  // ((x)): a node for each
            TreePtr outer = node(Tree::Op::kConcatenation, inner->flags, inner->begin, inner->end);
            outer->children.push_back(std::move(inner));
            inner = std::move(outer);
          }
          inner->capture = group;
          inner->flags |= kCapture;
          closed_.push_back({group, begin, end});
        }
        break;
      }
      case '{':
        if (is_digit(peek(1))) invalid("quantifier operand invalid");
        ++at_;
        consume(begin, end, literal('{'));
        break;
      case '\\': {
        ++at_;
        if (done()) invalid("invalid escape \\ sequence");
        if (const std::optional<Check> constraint = constraint_escape()) {
          constrain(*constraint);
        } else if ((reference = back_reference()) > 0) {
          if (look) invalid("invalid backreference number");
          const auto found = std::ranges::find(closed_, reference, &Closed::group);
          if (found == closed_.end()) invalid("invalid backreference number");
          kind = Kind::kReference;
          const auto [b, e] = copy(found->begin, found->end);
          empty(begin, b);
          empty(e, end);
        } else {
          Set s;
          if (!class_escape(s))
            s = literal(character_escape());
          else
            s.ignore_case = false;
          consume(begin, end, s);
        }
        break;
      }
      default:
        ++at_;
        consume(begin, end, literal(c));
    }

    int least, most;
    unsigned prefers;
    if (kind == Kind::kConstraint) {
      skip_expanded();
      const char32_t q = peek();
      if (!done() && (q == '*' || q == '+' || q == '?' || (q == '{' && is_digit(peek(1))))) invalid("quantifier operand invalid");
      empty(left, begin);
      empty(end, right);
      return false;
    }
    quantifier(least, most, prefers);
    if (least == 0 && most == 0) {  // matches nothing but the empty text; its groups never take part
      empty(left, right);
      return false;
    }

    const unsigned f = top->flags | prefers | (inner ? inner->flags : 0);
    if (kind == Kind::kSimple && !messy(up(f)) && !(inner && messy(inner->flags))) {
      if (least == 1 && most == 1) {
        empty(left, begin);
        empty(end, right);
      } else {
        const auto [b, e] = repeated(begin, end, least, most);
        empty(left, b);
        empty(e, right);
      }
      top->flags = f;
      return false;
    }

    // The hard part: groups, references, a mix of long and short. The branch becomes prefix . (atom . rest).
    if (kind == Kind::kReference) {
      inner = node(Tree::Op::kBackReference, kBackReference, begin, end);
      inner->reference = reference;
    }
    if (!inner) inner = node(Tree::Op::kPlain, 0, begin, end);
    inner->begin = begin;
    inner->end = end;
    TreePtr repeated_atom;
    if (kind == Kind::kReference) {
      inner->least = least;
      inner->most = most;
      inner->flags |= combine(prefers, inner->flags);
      if (least != 1 || most != 1) std::tie(inner->begin, inner->end) = repeated(begin, end, least, most);
      repeated_atom = std::move(inner);
    } else if (least == 1 && most == 1 &&
               (prefers == 0 || (inner->flags & (kLocal | kMixed)) == 0 || prefers == (inner->flags & (kLocal | kMixed)))) {
      inner->flags |= combine(prefers, inner->flags);
      repeated_atom = std::move(inner);
    } else if (!(inner->flags & (kCapture | kBackReference))) {
      const auto [b, e] = repeated(begin, end, least, most);
      repeated_atom = node(Tree::Op::kPlain, combine(prefers, inner->flags), b, e);
    } else if (least > 0 && !(inner->flags & kBackReference)) {  // x{m,n} is x{m-1,n-1}x, with groups in the last x alone
      const auto [b, e] = repeated(begin, end, least - 1, most == kInfinite ? most : most - 1);
      const unsigned g = combine(prefers, inner->flags);
      repeated_atom = node(Tree::Op::kConcatenation, g, b, end);
      empty(e, begin);
      repeated_atom->children.push_back(node(Tree::Op::kPlain, preference(g), b, e));
      repeated_atom->children.push_back(std::move(inner));
    } else {
      const auto [b, e] = repeated(begin, end, least, most);
      repeated_atom = node(Tree::Op::kIteration, combine(prefers, inner->flags), b, e);
      repeated_atom->least = least;
      repeated_atom->most = most;
      repeated_atom->children.push_back(std::move(inner));
    }

    TreePtr t = node(Tree::Op::kConcatenation, combine(prefers, repeated_atom->flags), repeated_atom->begin, branch_end);
    const int after = repeated_atom->end;
    t->children.push_back(std::move(repeated_atom));
    skip_expanded();
    if (!done() && peek() != '|' && peek() != ')') {
      const int rest_begin = state();
      empty(after, rest_begin);
      TreePtr rest = branch(rest_begin, branch_end, look);
      t->flags |= combine(t->flags, rest->flags);
      t->children.push_back(std::move(rest));
    } else {
      empty(after, branch_end);
      TreePtr only = std::move(t->children[0]);
      t = std::move(only);
    }
    empty(left, t->begin);
    const bool bare = left == branch_begin;
    if (bare) {
      t->flags |= combine(top->flags, t->flags);
      top = std::move(t);
    } else {
      TreePtr whole = node(Tree::Op::kConcatenation, 0, branch_begin, branch_end);
      const unsigned prefix_flags = top->flags;
      whole->flags = combine(prefix_flags, t->flags);
      whole->children.push_back(node(Tree::Op::kPlain, prefix_flags, branch_begin, left));
      whole->children.push_back(std::move(t));
      top = std::move(whole);
    }
    return true;
  }

  // -- escapes
  std::optional<Check> constraint_escape() {
    std::optional<Check> c;
    switch (peek()) {
      case 'A':
        c = Check::kTextStart;
        break;
      case 'Z':
        c = Check::kTextEnd;
        break;
      case 'm':
        c = Check::kWordStart;
        break;
      case 'M':
        c = Check::kWordEnd;
        break;
      case 'y':
        c = Check::kBoundary;
        break;
      case 'Y':
        c = Check::kNoBoundary;
        break;
      default:
        break;
    }
    if (c) ++at_;
    return c;
  }

  int back_reference() {
    if (peek() < '1' || peek() > '9') return 0;
    std::size_t end = at_;
    int n = 0;
    while (end < text_.size() && is_digit(text_[end]) && n < 1000) n = n * 10 + static_cast<int>(text_[end++] - '0');
    if (n < 10 || n <= static_cast<int>(groups_)) {
      at_ = end;
      return n;
    }
    return 0;  // an octal number
  }

  bool class_escape(Set& s) {
    const char32_t c = peek();
    const char32_t low = is_upper(c) ? c + 32 : c;
    if (low != 'd' && low != 's' && low != 'w') return false;
    ++at_;
    s.classes.push_back({low == 'd' ? "digit" : low == 's' ? "space" : "word", is_upper(c)});
    return true;
  }

  char32_t hexadecimal(int least, int most) {
    char32_t n = 0;
    int digits = 0;
    for (; digits < most && !done() && in_class("xdigit", peek()); ++digits, ++at_) {
      const char32_t c = peek();
      n = n * 16 + (is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
      if (n > 0x7FFFFFFE) invalid("invalid escape \\ sequence");
    }
    if (digits < least) invalid("invalid escape \\ sequence");
    return n;
  }

  char32_t character_escape() {
    const char32_t c = text_[at_++];
    if (!is_alpha(c) && !is_digit(c)) return c;
    switch (c) {
      case 'a':
        return 7;
      case 'b':
        return 8;
      case 'B':
        return '\\';
      case 'c': {
        if (done()) invalid("invalid escape \\ sequence");
        return text_[at_++] & 037;
      }
      case 'e':
        return 27;
      case 'f':
        return '\f';
      case 'n':
        return '\n';
      case 'r':
        return '\r';
      case 't':
        return '\t';
      case 'v':
        return '\v';
      case 'u':
        return hexadecimal(4, 4);
      case 'U':
        return hexadecimal(8, 8);
      case 'x':
        return hexadecimal(1, 255);
      default:
        break;
    }
    if (!is_digit(c) || c > '7') invalid("invalid escape \\ sequence");
    char32_t n = c - '0';
    for (int i = 1; i < 3 && peek() >= '0' && peek() <= '7'; ++i) n = n * 8 + (text_[at_++] - '0');
    return n;
  }

  // -- brackets
  std::string named(char32_t kind) {  // after "[:" up to ":]"
    at_ += 2;
    std::string name;
    while (!done() && !(peek() == kind && peek(1) == ']')) {
      append_utf8(name, peek());
      ++at_;
    }
    if (done()) invalid("brackets [] not balanced");
    at_ += 2;
    return name;
  }

  char32_t collating_element(const std::string& name) {
    const std::vector<char32_t> c = to_characters(name);
    if (c.size() != 1) invalid("invalid collating element");
    return c[0];
  }

  Set bracket() {
    Set s;
    s.ignore_case = flags_.ignore_case;
    if (peek() == '^') {
      s.negated = true;
      s.no_newline = flags_.newline_stops;
      ++at_;
    }
    for (bool first = true;; first = false) {
      if (done()) invalid("brackets [] not balanced");
      if (peek() == ']' && !first) break;
      if (peek() == '[' && peek(1) == ':') {
        const std::string name = named(':');
        in_class(name, 'a');
        if (s.ignore_case && (name == "lower" || name == "upper"))
          s.classes.push_back({"alpha", false});
        else
          s.classes.push_back({name, false});
        continue;
      }
      if (peek() == '[' && peek(1) == '=') {
        const char32_t c = collating_element(named('='));
        s.ranges.emplace_back(c, c);
        continue;
      }
      char32_t from;
      if (peek() == '[' && peek(1) == '.') {
        from = collating_element(named('.'));
      } else if (peek() == '\\') {
        ++at_;
        if (done()) invalid("invalid escape \\ sequence");
        Set escape;
        if (class_escape(escape)) {
          s.classes.push_back(escape.classes[0]);
          continue;
        }
        from = character_escape();
      } else if (peek() == '-' && !first && peek(1) != ']') {
        invalid("invalid character range");
      } else {
        from = text_[at_++];
      }
      char32_t to = from;
      if (peek() == '-' && peek(1) != ']' && at_ + 1 < text_.size()) {
        ++at_;
        if (peek() == '[' && peek(1) == '.') {
          to = collating_element(named('.'));
        } else if (peek() == '[' && (peek(1) == ':' || peek(1) == '=')) {
          invalid("invalid character range");
        } else if (peek() == '\\') {
          ++at_;
          if (done()) invalid("invalid escape \\ sequence");
          Set escape;
          if (class_escape(escape)) invalid("invalid character range");
          to = character_escape();
        } else {
          to = text_[at_++];
        }
        if (to < from) invalid("invalid character range");
      }
      s.ranges.emplace_back(from, to);
    }
    ++at_;
    return s;
  }

  struct Closed {
    int group, begin, end;
  };

  std::vector<char32_t> text_;
  Regex::Flags flags_;
  Automaton& impl_;
  std::size_t at_ = 0;
  std::size_t groups_ = 0;
  std::vector<Closed> closed_;  // groups that a reference may name
};

class Matcher {
 public:
  Matcher(const Automaton& impl, const std::vector<char32_t>& text) : impl_(impl), text_(text), mark_(impl.states.size(), 0) {}

  // Whether any text from `start` on matches, back references aside. Where it begins this does not say.
  bool exists(std::size_t start) {
    const Tree& root = *impl_.root;
    current_.clear();
    for (std::size_t i = start;; ++i) {
      begin_set();
      next_.clear();
      for (int s : current_) enter(s, i);
      enter(root.begin, i);
      if (seen(root.end)) return true;
      if (i >= text_.size()) return false;
      step(i);
    }
  }

  bool find(std::size_t start, std::vector<Regex::Span>& spans) {
    const Tree& root = *impl_.root;
    if (!exists(start)) return false;
    const bool shortest = (root.flags & kShorter) != 0;
    for (std::size_t i = start; i <= text_.size(); ++i) {
      std::vector<std::size_t> all = ends(root, i, text_.size());
      if (!shortest) std::ranges::reverse(all);
      for (std::size_t j : all) {
        spans.assign(impl_.groups + 1, Regex::Span{});
        spans_ = &spans;
        if (!messy(root.flags) && root.capture == 0) {
          spans[0] = {static_cast<std::int64_t>(i), static_cast<std::int64_t>(j)};
          return true;
        }
        if (dissect(root, i, j)) {
          spans[0] = {static_cast<std::int64_t>(i), static_cast<std::int64_t>(j)};
          return true;
        }
      }
    }
    return false;
  }

 private:
  // -- running sets of states
  void begin_set() { ++stamp_; }
  bool seen(int s) const { return mark_[static_cast<std::size_t>(s)] == stamp_; }

  // Adds a state and all that it reaches at position i without consuming.
  void enter(int s, std::size_t i) {
    if (seen(s)) return;
    std::vector<int>& stack = stack_;
    const std::size_t base = stack.size();
    mark_[static_cast<std::size_t>(s)] = stamp_;
    stack.push_back(s);
    while (stack.size() > base) {
      const int at = stack.back();
      stack.pop_back();
      next_.push_back(at);
      for (const Edge& e : impl_.states[static_cast<std::size_t>(at)]) {
        if (e.set >= 0 || seen(e.to) || (e.check != Check::kNone && !holds(e, i))) continue;
        mark_[static_cast<std::size_t>(e.to)] = stamp_;
        stack.push_back(e.to);
      }
    }
  }

  // From the set in next_ over the character at i: current_ is the set after it, not yet closed.
  void step(std::size_t i) {
    current_.clear();
    const char32_t c = text_[i];
    for (int s : next_) {
      for (const Edge& e : impl_.states[static_cast<std::size_t>(s)]) {
        if (e.set >= 0 && impl_.sets[static_cast<std::size_t>(e.set)].has(c)) current_.push_back(e.to);
      }
    }
  }

  // Where texts from i that the node matches end, in ascending order.
  std::vector<std::size_t> ends(const Tree& t, std::size_t i, std::size_t limit) { return ends(t.begin, t.end, i, limit); }
  std::vector<std::size_t> ends(int begin, int end, std::size_t i, std::size_t limit) {
    std::vector<std::size_t> found;
    current_.assign(1, begin);
    for (;; ++i) {
      begin_set();
      next_.clear();
      for (int s : current_) {
        if (s != end || begin == end)
          enter(s, i);
        else
          mark_[static_cast<std::size_t>(s)] = stamp_;
      }
      if (seen(end)) found.push_back(i);
      if (i >= limit) return found;
      std::erase(next_, end);  // what lies behind the node's end is not part of it
      step(i);
      if (current_.empty()) return found;
    }
  }
  bool matches_exactly(const Tree& t, std::size_t i, std::size_t j) {
    const std::vector<std::size_t> all = ends(t, i, j);
    return !all.empty() && all.back() == j;
  }

  bool newline(std::size_t i) const { return text_[i] == '\n'; }
  bool word(std::size_t i) const { return i < text_.size() && is_word(text_[i]); }

  bool holds(const Edge& e, std::size_t i) {
    const bool before = i > 0 && is_word(text_[i - 1]);
    switch (e.check) {
      case Check::kNone:
        return true;
      case Check::kTextStart:
        return i == 0;
      case Check::kTextEnd:
        return i == text_.size();
      case Check::kLineStart:
        return i == 0 || (impl_.flags.newline_anchors && newline(i - 1));
      case Check::kLineEnd:
        return i == text_.size() || (impl_.flags.newline_anchors && newline(i));
      case Check::kWordStart:
        return !before && word(i);
      case Check::kWordEnd:
        return before && !word(i);
      case Check::kBoundary:
        return before != word(i);
      case Check::kNoBoundary:
        return before == word(i);
      case Check::kLook:
        break;
    }
    const Look& look = impl_.looks[static_cast<std::size_t>(e.look)];
    Matcher inside(impl_, text_);
    bool found = false;
    if (look.ahead) {
      found = !inside.ends(look.begin, look.end, i, text_.size()).empty();
    } else {
      for (std::size_t from = i + 1; from-- > 0 && !found;) {
        const std::vector<std::size_t> all = inside.ends(look.begin, look.end, from, i);
        found = !all.empty() && all.back() == i;
      }
    }
    return found != look.negated;
  }

  // -- cutting a match up (regexec.c: cdissect and what it calls)
  bool dissect(const Tree& t, std::size_t i, std::size_t j) {
    bool ok = true;
    switch (t.op) {
      case Tree::Op::kPlain:
        break;
      case Tree::Op::kBackReference:
        ok = refers(t, i, j);
        break;
      case Tree::Op::kConcatenation:
        ok = t.children.size() == 1 ? dissect(*t.children[0], i, j) : concatenation(t, i, j);
        break;
      case Tree::Op::kAlternatives:
        ok = std::ranges::any_of(t.children, [&](const TreePtr& child) { return matches_exactly(*child, i, j) && dissect(*child, i, j); });
        break;
      case Tree::Op::kIteration:
        ok = iteration(t, i, j);
        break;
    }
    if (ok && t.capture) (*spans_)[static_cast<std::size_t>(t.capture)] = {static_cast<std::int64_t>(i), static_cast<std::int64_t>(j)};
    return ok;
  }

  void forget(const Tree& t) {
    if (t.capture) (*spans_)[static_cast<std::size_t>(t.capture)] = Regex::Span{};
    for (const TreePtr& child : t.children) forget(*child);
  }

  bool concatenation(const Tree& t, std::size_t i, std::size_t j) {
    const Tree& left = *t.children[0];
    const Tree& right = *t.children[1];
    std::vector<std::size_t> middles = ends(left, i, j);
    if (!(left.flags & kShorter)) std::ranges::reverse(middles);
    for (std::size_t m : middles) {
      if (!matches_exactly(right, m, j)) continue;
      forget(left);
      forget(right);
      if (dissect(left, i, m) && dissect(right, m, j)) return true;
    }
    return false;
  }

  bool refers(const Tree& t, std::size_t i, std::size_t j) {
    const Regex::Span& group = (*spans_)[static_cast<std::size_t>(t.reference)];
    if (group.begin < 0) return false;
    const auto from = static_cast<std::size_t>(group.begin), length = static_cast<std::size_t>(group.end - group.begin);
    if (length == 0) return i == j;
    if ((j - i) % length != 0) return false;
    const std::size_t times = (j - i) / length;
    if (times < static_cast<std::size_t>(t.least) || (t.most != kInfinite && times > static_cast<std::size_t>(t.most))) return false;
    const auto same = [&](char32_t a, char32_t b) { return a == b || (impl_.flags.ignore_case && is_alpha(a) && (a ^ 0x20) == b); };
    for (std::size_t k = i; k < j; ++k) {
      if (!same(text_[from + (k - i) % length], text_[k])) return false;
    }
    return true;
  }

  bool iteration(const Tree& t, std::size_t i, std::size_t j) {
    const Tree& child = *t.children[0];
    const auto least = static_cast<std::size_t>(std::max(t.least, 1));
    std::size_t most = j - i;
    if (t.most != kInfinite) most = std::min(most, static_cast<std::size_t>(t.most));
    most = std::max(most, least);
    forget(child);
    if (iterate(child, i, j, least, most, 1, i)) return true;
    forget(child);
    return t.least <= 0 && i == j;
  }

  // Piece k of an iteration begins at `at`.
  bool iterate(const Tree& child, std::size_t i, std::size_t j, std::size_t least, std::size_t most, std::size_t k, std::size_t at) {
    std::vector<std::size_t> stops = ends(child, at, j);
    if (!(child.flags & kShorter)) std::ranges::reverse(stops);
    for (std::size_t stop : stops) {
      const bool last = stop == j;
      if (!last && k >= most) continue;
      if (last && k < least) continue;  // more pieces are needed. (PostgreSQL does not look for empty ones behind the last.)
      if (!last && stop == at && (k >= least || least - k < j - at)) continue;  // an empty piece only where one is needed
      forget(child);
      if (!dissect(child, at, stop)) continue;
      if (last || iterate(child, i, j, least, most, k + 1, stop)) return true;
    }
    return false;
  }

  const Automaton& impl_;
  const std::vector<char32_t>& text_;
  std::vector<std::uint64_t> mark_;
  std::uint64_t stamp_ = 0;
  std::vector<int> current_, next_, stack_;
  std::vector<Regex::Span>* spans_ = nullptr;
};

}  // namespace

struct Regex::Impl : Automaton {};

Regex::Regex(std::string_view pattern, Flags flags) {
  auto impl = std::make_unique<Impl>();
  Parser(pattern, flags, *impl).run();
  impl_ = std::move(impl);
}
Regex::~Regex() = default;
Regex::Regex(Regex&&) noexcept = default;

std::size_t Regex::groups() const { return impl_->groups; }

bool Regex::matches(const std::vector<char32_t>& text) const {
  Matcher matcher(*impl_, text);
  if (!(impl_->root->flags & kBackReference)) return matcher.exists(0);
  std::vector<Span> spans;
  return matcher.find(0, spans);
}

bool Regex::find(const std::vector<char32_t>& text, std::size_t start, std::vector<Span>& spans) const {
  return Matcher(*impl_, text).find(start, spans);
}

std::vector<char32_t> to_characters(std::string_view s) {
  std::vector<char32_t> out;
  out.reserve(s.size());
  for (std::size_t i = 0; i < s.size();) {
    const auto c = static_cast<unsigned char>(s[i]);
    const std::size_t n = c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
    char32_t value = n == 1 ? c : c & (0xFF >> (n + 1));
    for (std::size_t k = 1; k < n && i + k < s.size(); ++k) value = value << 6 | (static_cast<unsigned char>(s[i + k]) & 0x3F);
    out.push_back(value);
    i += n;
  }
  return out;
}

void append_utf8(std::string& out, char32_t c) {
  const auto put = [&](char32_t b) { out += static_cast<char>(b); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | c >> 6), put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12), put(0x80 | (c >> 6 & 0x3F)), put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | c >> 18), put(0x80 | (c >> 12 & 0x3F)), put(0x80 | (c >> 6 & 0x3F)), put(0x80 | (c & 0x3F));
  }
}

}  // namespace weir
