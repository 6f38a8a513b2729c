#pragma once
// Arrays of one dimension, counted from 1: a value of type T[] as a string of bytes that says itself how its elements compare.
//
//     [ KeyKind of the elements | any NULL? | 0 0 | count, 4 bytes | a bit an element, set if it is NULL (only where one is) | elements ]
//     elements: 1 byte (bool), 8 (integers, doubles, dates and times) or 16 (intervals) each; texts, BYTEAs, UUIDs and NUMERICs: where each ends, 4 bytes, then all
//
// Law      equal arrays of elements that are equal bit by bit are equal byte by byte; the element type's own notion of a key decides array_compare and array_hash.
// Order    PostgreSQL's: by elements, from the first on; NULL is above all others; then the shorter one is first.
// Errors   Failure(kInput): "malformed array literal: \"{1\"", what reading an element says, and several dimensions or another first subscript than 1, which
//          are not supported.
// Threads  pure functions. A view refers to the bytes that it is given.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "zset/hash.h"
#include "zset/slot.h"

namespace weir {

class ArrayView {
 public:
  explicit ArrayView(std::string_view bytes);  // which must stay where they are: a short value's lie in its slot
  KeyKind kind() const { return static_cast<KeyKind>(bytes_[0]); }
  std::uint32_t size() const { return size_; }
  bool any_null() const { return bytes_[1] != 0; }
  Datum operator[](std::uint32_t i) const;  // counted from 0. Longer bytes lie in the array

 private:
  std::string_view bytes_;
  std::uint32_t size_;
};

class ArrayBuilder {
 public:
  explicit ArrayBuilder(KeyKind kind) : kind_(kind) {}
  void add(const Datum& value);
  void add(const ArrayView& values, std::uint32_t from, std::uint32_t to);
  std::uint32_t size() const { return size_; }
  Bytes take(Arena& arena);  // the array; the builder is empty again

 private:
  KeyKind kind_;
  std::uint32_t size_ = 0;
  bool any_null_ = false;
  std::vector<bool> nulls_;
  std::vector<std::uint32_t> ends_;
  std::string values_;
};

int array_compare(const Bytes& a, const Bytes& b);
std::uint64_t array_hash(const Bytes& array);

Bytes parse_array(std::string_view text, const Type& type, Arena& arena);  // "{1,NULL,\"a b\"}"
void format_array(const Bytes& array, const Type& type, std::string& out);

}  // namespace weir
