#pragma once
// JSON and JSONB: both are texts in memory and in the file. A JSON is the text as it was given; a JSONB is written as PostgreSQL writes it, one text for each value
// but for the scale of its numbers.
//
// Law      the bytes that append_jsonb_order() appends compare as PostgreSQL's btree does; they are all that equality, order and hash of JSONB look at, so that
//          {"a": 1.0} and {"a": 1.00} are one key and two identities.
// Order    objects are above arrays, these above booleans, numbers, strings, null; the empty array alone is below all. Of two containers the one of fewer
//          members is first, then members decide from the first on, in an object key before value. Strings by bytes.
// Errors   Failure(kInput) for what is no JSON, is nested deeper than kJsonDepthMost, or, in JSONB, holds \u0000 or half a surrogate pair.
// Threads  pure functions. Views refer to the text that they are taken from.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "zset/slot.h"

namespace weir {

inline constexpr int kJsonDepthMost = 2000;

void check_json(std::string_view text, bool escapes);      // is it JSON? escapes: could all of its strings be texts?
std::string normalised_json(std::string_view text);        // the JSONB of a JSON

enum class JsonType : std::uint8_t { kNull, kString, kNumber, kBoolean, kArray, kObject };
// What follows takes JSON that was checked before, JSONB included.
JsonType json_type(std::string_view value);
std::string_view json_trimmed(std::string_view value);     // without spaces around it
std::string json_text(std::string_view string);            // what a string says: without quotes, escapes resolved
void append_json_string(std::string& out, std::string_view text);

// The members of an array or object, in their order.
class JsonMembers {
 public:
  explicit JsonMembers(std::string_view container);
  bool next();
  std::string_view key() const { return key_; }      // a JSON string; empty in an array
  std::string_view value() const { return value_; }

 private:
  void spaces();
  std::string_view take();
  std::string_view rest_, key_, value_;
  bool object_;
};

// An object of JSONB in the making: of equal keys the last counts.
class JsonbObject {
 public:
  void add(std::string key, std::string_view value) { members_.push_back({std::move(key), std::string(value)}); }  // the key's text; a JSONB
  void append_to(std::string& out);

 private:
  struct Member {
    std::string key, value;
  };
  std::vector<Member> members_;
};

void append_jsonb_order(std::string& out, std::string_view jsonb);
int jsonb_compare(const Bytes& a, const Bytes& b);
std::uint64_t jsonb_hash(const Bytes& jsonb);

}  // namespace weir
