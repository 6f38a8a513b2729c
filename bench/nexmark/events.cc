#include "events.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <iterator>

namespace bench::nexmark {
namespace {

constexpr std::int64_t kBaseMs = 1'436'918'400'000 - 946'684'800'000, kSpacingMs = 10;  // 2015-07-15, since 2000
constexpr std::int64_t kFirstId = 1000, kFirstCategory = 10, kCategories = 5;
constexpr std::int64_t kActivePeople = 1000, kLead = 10, kInFlight = 100, kHotEvery = 100;
constexpr std::uint64_t kAuctionMs = 33'320;

constexpr const char* kFirstNames[] = {"Peter", "Paul", "Luke", "John", "Saul", "Vicky", "Kate", "Julie", "Sarah", "Deiter", "Walter"};
constexpr const char* kLastNames[] = {"Shultz", "Abrams", "Spencer", "White", "Bartels", "Walton", "Smith", "Jones", "Noris"};
constexpr const char* kCities[] = {"Phoenix", "Los Angeles", "San Francisco", "Boise", "Portland", "Bend", "Redmond", "Seattle", "Kent", "Cheyenne"};
constexpr const char* kStates[] = {"AZ", "CA", "ID", "OR", "WA", "WY"};
constexpr const char* kChannels[] = {"Google", "Facebook", "Baidu", "Apple"};
constexpr const char* kSites[] = {"googl", "meta", "bidu", "aapl"};

std::uint64_t split_mix(std::uint64_t& state) {
  state += 0x9E3779B97F4A7C15;
  std::uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

std::uint32_t reversed(std::uint32_t n) {
  std::uint32_t out = 0;
  for (int i = 0; i < 32; ++i, n >>= 1) out = out << 1 | (n & 1);
  return out;
}

std::int64_t time_of(std::int64_t event) { return (kBaseMs + kSpacingMs * event) * 1000; }

}  // namespace

const char* const kSchema =
    "CREATE TABLE person (id BIGINT, name TEXT, email_address TEXT, credit_card TEXT, city TEXT, state TEXT, date_time TIMESTAMP(3), extra TEXT);"
    "CREATE TABLE auction (id BIGINT, item_name TEXT, description TEXT, initial_bid BIGINT, reserve BIGINT, date_time TIMESTAMP(3), expires TIMESTAMP(3), seller BIGINT,"
    " category BIGINT, extra TEXT);"
    "CREATE TABLE bid (auction BIGINT, bidder BIGINT, price BIGINT, channel TEXT, url TEXT, date_time TIMESTAMP(3), extra TEXT);"
    "CREATE TABLE side_input (key BIGINT PRIMARY KEY, value TEXT);";

std::string_view Column::text(std::size_t row) const {
  const std::size_t start = row ? ends_[row - 1] : 0;
  return std::string_view(bytes_).substr(start, ends_[row] - start);
}

const void* Column::data() {
  if (is_text()) {
    texts_.clear();
    for (std::size_t i = 0; i < ends_.size(); ++i) texts_.push_back(text(i));
    return texts_.data();
  }
  return integers_.data();
}

std::uint64_t Generator::draw() { return split_mix(state_); }

// Widening multiplication; what would make some results likelier is drawn again.
std::uint64_t Generator::below(std::uint64_t n) {
  const std::uint64_t zone = (n << std::countl_zero(n)) - 1;
  while (true) {
    const unsigned __int128 m = static_cast<unsigned __int128>(draw()) * n;
    if (static_cast<std::uint64_t>(m) <= zone) return static_cast<std::uint64_t>(m >> 64);
  }
}

std::uint32_t Generator::below32(std::uint32_t n) {
  const std::uint32_t zone = (n << std::countl_zero(n)) - 1;
  while (true) {
    const std::uint64_t m = std::uint64_t{draw32()} * n;
    if (static_cast<std::uint32_t>(m) <= zone) return static_cast<std::uint32_t>(m >> 32);
  }
}

std::string Generator::letters(std::uint64_t length) {
  constexpr char kLetters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::string out;
  out.reserve(length);
  while (out.size() < length) {
    const std::uint32_t n = draw32() >> 26;
    if (n < 62) out += kLetters[n];
  }
  return out;
}

std::string Generator::text(std::uint64_t longest) { return letters(3 + below(longest - 2)); }

// Fills a row of `have` bytes up to about `want`.
std::string Generator::extra(std::uint64_t have, std::uint64_t want) {
  if (have > want) return "";
  const std::uint64_t gap = want - have;
  const auto spread = static_cast<std::uint64_t>(std::llround(0.2 * static_cast<double>(gap)));
  return spread == 0 ? "" : letters(gap - spread + below(2 * spread + 1));
}

std::int64_t Generator::price() {
  const float u = static_cast<float>(draw32() >> 9) / static_cast<float>(1 << 23);
  return static_cast<std::int64_t>(std::ceil(powf(10.0F, u * 6.0F) * 100.0F));
}

std::int64_t Generator::active_person(std::int64_t last_person) {
  const std::int64_t people = last_person + 1, active = std::min(people, kActivePeople);
  return people - active + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(active + kLead)));
}

void Generator::person(Rows& out, std::int64_t last_person, std::int64_t time) {
  std::string name = kFirstNames[below32(std::size(kFirstNames))];
  name += std::string(" ") + kLastNames[below32(std::size(kLastNames))];
  std::string email = text(7);
  email += "@" + text(5) + ".com";
  std::string card;
  for (int i = 0; i < 4; ++i) {
    char group[8];
    std::snprintf(group, sizeof group, "%s%04u", i ? " " : "", below32(10'000));
    card += group;
  }
  const std::string city = kCities[below32(std::size(kCities))], state = kStates[below32(std::size(kStates))];
  std::vector<Column>& c = out.columns;
  c[0].add(last_person + kFirstId);
  c[1].add(name);
  c[2].add(email);
  c[3].add(card);
  c[4].add(city);
  c[5].add(state);
  c[6].add(time);
  c[7].add(extra(8 + name.size() + email.size() + card.size() + city.size() + state.size(), 200));
  ++out.size;
}

void Generator::auction(Rows& out, std::int64_t last_person, std::int64_t last_auction, std::int64_t time) {
  const std::int64_t seller = below(4) == 0 ? active_person(last_person) : last_person / kHotEvery * kHotEvery;
  const auto category = static_cast<std::int64_t>(below(kCategories));
  const std::int64_t initial = price();
  const auto length = static_cast<std::int64_t>(1 + below(kAuctionMs));
  const std::string item = text(20), description = text(100);
  const std::int64_t reserve = initial + price();
  std::vector<Column>& c = out.columns;
  c[0].add(last_auction + kFirstId);
  c[1].add(item);
  c[2].add(description);
  c[3].add(initial);
  c[4].add(reserve);
  c[5].add(time);
  c[6].add(time + length * 1000);
  c[7].add(seller + kFirstId);
  c[8].add(category + kFirstCategory);
  c[9].add(extra(48 + item.size() + description.size(), 500));
  ++out.size;
}

void Generator::bid(Rows& out, std::int64_t last_person, std::int64_t last_auction, std::int64_t time) {
  const std::int64_t oldest = std::max<std::int64_t>(last_auction - kInFlight, 0);
  const std::int64_t auction = below(2) == 0 ? oldest + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(last_auction - oldest + 1))) : last_auction / kHotEvery * kHotEvery;
  const std::int64_t bidder = below(4) == 0 ? active_person(last_person) : last_person / kHotEvery * kHotEvery + 1;
  const std::int64_t offer = price();
  const std::uint32_t number = below32(10'000);
  std::string channel, url = "https://www.nexmark.com/";
  if (below(100) == 99) {
    Generator own;
    own.state_ = number;
    channel = "channel-" + std::to_string(number);
    url += own.text(5) + "/item.htm?query=1";
    if (own.below32(10) != 9) url += "&channel_id=" + std::to_string(reversed(number));
  } else {
    const std::uint64_t which = below(std::size(kChannels));
    channel = kChannels[which];
    url += kSites[which] + std::string("/item.htm?query=1");
  }
  std::vector<Column>& c = out.columns;
  c[0].add(auction + kFirstId);
  c[1].add(bidder + kFirstId);
  c[2].add(offer);
  c[3].add(channel);
  c[4].add(url);
  c[5].add(time);
  c[6].add(extra(32, 100));
  ++out.size;
}

Events Generator::next(std::int64_t events) {
  Events out;
  for (const std::int64_t end = event_ + events; event_ < end; ++event_) {
    const std::int64_t epoch = event_ / 50, kind = event_ % 50, time = time_of(event_);
    if (kind == 0) person(out.people, epoch, time);
    else if (kind <= 3) auction(out.auctions, epoch, 3 * epoch + kind - 1, time);
    else bid(out.bids, epoch, 3 * epoch + 2, time);
  }
  return out;
}

}  // namespace bench::nexmark
