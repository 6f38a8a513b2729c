#pragma once
// PostgreSQL's regular expressions (Henry Spencer's "advanced" ones): ~, regexp_replace(), substring(… from …), SIMILAR TO.
//
// A pattern is parsed to a tree whose nodes each own a part of one automaton. Whether and where a text matches is found by running sets of states
// over it; where groups matter, the tree then cuts the match up piece by piece, each as long (or as short) as its quantifiers prefer: the rules of
// PostgreSQL's regexec.c.
//
// Cost     a search without groups takes O(text × pattern); groups cost that much for each cut that is tried.
// Errors   Failure(kEvaluation): "invalid regular expression: quantifier operand invalid". Basic and extended POSIX syntax
//          ((?b), (?e)) is kUnsupported.
// Classes  letters, digits and case are ASCII, as under lc_ctype C.
// Threads  matching is const.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

class Regex {
 public:
  // Options that SQL functions pass beside the pattern; embedded ones override them.
  struct Flags {
    bool ignore_case = false;
    bool newline_stops = false;    // . and [^…] do not match a newline
    bool newline_anchors = false;  // ^ and $ match at newlines
    bool expanded = false;         // spaces and comments are skipped
    bool quoted = false;           // the pattern is a plain text
  };
  struct Span {
    std::int64_t begin = -1, end = -1;  // in characters; -1: the group took no part
  };

  Regex(std::string_view pattern, Flags flags);
  ~Regex();
  Regex(Regex&&) noexcept;

  std::size_t groups() const;
  bool matches(const std::vector<char32_t>& text) const;
  // The first match from `start` on: the whole and the groups. Characters before `start` are seen by ^, \m and lookbehind.
  bool find(const std::vector<char32_t>& text, std::size_t start, std::vector<Span>& spans) const;

 private:
  struct Impl;
  std::unique_ptr<const Impl> impl_;
};

std::vector<char32_t> to_characters(std::string_view utf8);
void append_utf8(std::string& out, char32_t c);

}  // namespace weir
