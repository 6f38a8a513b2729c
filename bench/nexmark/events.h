#pragma once
// The generator of Nexmark: an auction site as people, auctions and bids, one event each 10 ms of event time, as columns ready to be handed to weir.
//
// Of 50 events one is a person, three are auctions, the rest bids. One sequence of random numbers for the whole run (SplitMix64, seed 1): the same events whatever the size of
// the batches. It follows the settings of Feldera's generator; its check values are a test (tests/bench/nexmark_test.cc).
//
// Units    times are microseconds since 2000, as TIMESTAMP columns have them; prices whole numbers.
// Threads  plain values.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bench::nexmark {

// One column: integers, or texts one after the other.
class Column {
 public:
  void add(std::int64_t value) { integers_.push_back(value); }
  void add(std::string_view text) { bytes_ += text; ends_.push_back(bytes_.size()); }
  bool is_text() const { return integers_.empty(); }
  std::int64_t integer(std::size_t row) const { return integers_[row]; }
  std::string_view text(std::size_t row) const;
  // An array of int64_t or of std::string_view, until the next add().
  const void* data();

 private:
  std::vector<std::int64_t> integers_;
  std::string bytes_;
  std::vector<std::size_t> ends_;
  std::vector<std::string_view> texts_;
};

struct Rows {
  std::vector<Column> columns;
  std::size_t size = 0;
  explicit Rows(std::size_t width) : columns(width) {}
};

// In the order of the columns of kSchema.
struct Events {
  Rows people{8}, auctions{10}, bids{7};
};

extern const char* const kSchema;

class Generator {
 public:
  Events next(std::int64_t events);

 private:
  std::uint64_t draw();
  std::uint32_t draw32() { return static_cast<std::uint32_t>(draw() >> 32); }
  std::uint64_t below(std::uint64_t n);
  std::uint32_t below32(std::uint32_t n);
  std::string text(std::uint64_t longest);
  std::string letters(std::uint64_t length);
  std::string extra(std::uint64_t have, std::uint64_t want);
  std::int64_t price();
  std::int64_t active_person(std::int64_t last_person);
  void person(Rows& out, std::int64_t last_person, std::int64_t time);
  void auction(Rows& out, std::int64_t last_person, std::int64_t last_auction, std::int64_t time);
  void bid(Rows& out, std::int64_t last_person, std::int64_t last_auction, std::int64_t time);

  std::uint64_t state_ = 1;
  std::int64_t event_ = 0;
};

}  // namespace bench::nexmark
