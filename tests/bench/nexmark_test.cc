// Would catch: a generator that draws in another order, or rounds or counts otherwise, than the one that the published figures are from.
#include "bench/nexmark/events.h"

#include <gtest/gtest.h>

#include <set>

namespace bench::nexmark {
namespace {

constexpr std::int64_t kEvents = 100'000;

std::int64_t sum(const Rows& rows, std::size_t column) {
  std::int64_t out = 0;
  for (std::size_t i = 0; i < rows.size; ++i) out += rows.columns[column].integer(i);
  return out;
}

// Of the texts called extra in the order of the events: of 50 one person's, three auctions', the rest bids'.
std::pair<std::uint64_t, std::size_t> hash_of_extras(const Events& e) {
  std::uint64_t hash = 0xcbf29ce484222325;
  std::size_t length = 0, person = 0, auction = 0, bid = 0;
  for (std::int64_t i = 0; i < kEvents; ++i) {
    const std::string_view text = i % 50 == 0 ? e.people.columns[7].text(person++) : i % 50 <= 3 ? e.auctions.columns[9].text(auction++) : e.bids.columns[6].text(bid++);
    length += text.size();
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  return {hash, length};
}

TEST(NexmarkEvents, AreThoseOfTheBenchmark) {
  const Events e = Generator().next(kEvents);
  EXPECT_EQ(e.people.size, 2'000u);
  EXPECT_EQ(e.auctions.size, 6'000u);
  EXPECT_EQ(e.bids.size, 92'000u);
  EXPECT_EQ(sum(e.bids, 0), 363'491'325);
  EXPECT_EQ(sum(e.bids, 1), 172'146'659);
  EXPECT_EQ(sum(e.bids, 2), 662'978'928'274);
  EXPECT_EQ(sum(e.auctions, 3), 44'529'087'240);
  EXPECT_EQ(sum(e.auctions, 4), 90'283'251'265);
  EXPECT_EQ((sum(e.auctions, 6) - sum(e.auctions, 5)) / 1000, 99'039'160);
  EXPECT_EQ(sum(e.auctions, 7), 11'261'257);
  EXPECT_EQ(sum(e.auctions, 8), 72'025);
  std::size_t hot = 0;
  const std::set<std::string_view> channels = {"Google", "Facebook", "Baidu", "Apple"};
  for (std::size_t i = 0; i < e.bids.size; ++i) hot += channels.count(e.bids.columns[3].text(i));
  EXPECT_EQ(hot, 91'084u);
  const auto [hash, length] = hash_of_extras(e);
  EXPECT_EQ(length, 8'860'622u);
  EXPECT_EQ(hash, 0x292147e00fd4be03u);
  EXPECT_EQ(e.people.columns[1].text(0), "Kate Jones");
  EXPECT_EQ(e.people.columns[2].text(0), "mdhbK@r4EFf.com");
  EXPECT_EQ(e.bids.columns[0].integer(0), 1002);
}

TEST(NexmarkEvents, AreTheSameInSmallBatches) {
  Generator whole, parts;
  const Events all = whole.next(1'000);
  std::size_t bid = 0;
  for (int n = 0; n < 1'000; n += 7) {
    const Events some = parts.next(std::min(7, 1'000 - n));
    for (std::size_t i = 0; i < some.bids.size; ++i, ++bid) {
      EXPECT_EQ(some.bids.columns[4].text(i), all.bids.columns[4].text(bid));
      EXPECT_EQ(some.bids.columns[5].integer(i), all.bids.columns[5].integer(bid));
    }
  }
  EXPECT_EQ(bid, all.bids.size);
}

}  // namespace
}  // namespace bench::nexmark
