#pragma once
// From the hash of a key to the numbers of those who have, or had, a row with it. Only ever added to: who looks asks each number itself.
//
// Cost     O(1) expected to add; a look-up visits the numbers under one hash.
// Threads  none of its own.

#include <cstdint>
#include <vector>

namespace weir::internal {

class Postings {
 public:
  void clear() {
    postings_.clear();
    heads_.clear();
  }
  void add(std::uint64_t hash, std::uint32_t number) {
    if (postings_.size() >= heads_.size()) {
      heads_.assign(heads_.empty() ? 16 : heads_.size() * 2, 0);
      for (std::size_t p = 0; p < postings_.size(); ++p) link(p);
    }
    postings_.push_back({hash, number, 0});
    link(postings_.size() - 1);
  }
  // Calls f(number) until it says true; whether it did.
  template <class F>
  bool any(std::uint64_t hash, F&& f) const {
    if (heads_.empty()) return false;
    for (std::uint32_t p = heads_[hash & (heads_.size() - 1)]; p; p = postings_[p - 1].next) {
      if (postings_[p - 1].hash == hash && f(postings_[p - 1].number)) return true;
    }
    return false;
  }

 private:
  struct Posting {
    std::uint64_t hash;
    std::uint32_t number, next;  // next: posting + 1, 0 = none
  };
  void link(std::size_t p) {
    std::uint32_t& head = heads_[postings_[p].hash & (heads_.size() - 1)];
    postings_[p].next = head;
    head = static_cast<std::uint32_t>(p + 1);
  }
  std::vector<Posting> postings_;
  std::vector<std::uint32_t> heads_;
};

}  // namespace weir::internal
