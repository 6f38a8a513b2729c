// Would catch: entries lost or doubled when nodes split, merge or are rebuilt, sums below nodes that drift, weights other than 1, values that are kept and never dropped.
#include "operators/ordered_multiset.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

namespace weir::test {
namespace {

using Set = OrderedMultiset<std::int64_t>;
int order(std::int64_t a, std::int64_t b) { return a < b ? -1 : a > b; }

struct Owner {
  std::map<std::int64_t, int> held;
  void keep(std::int64_t& v) { ++held[v]; }
  void meet(const std::int64_t& v) { EXPECT_EQ(held[v], 1); }
  void drop(const std::int64_t& v) { --held[v]; }
};

struct Both {
  Set set{};
  Owner owner;
  std::map<std::int64_t, std::int64_t> model;

  void add(std::int64_t v, std::int64_t w) {
    const std::int64_t now = set.add(v, w, order, owner);
    EXPECT_EQ(now, model[v] += w);
    if (model[v] == 0) model.erase(v);
  }
  void apply(const std::map<std::int64_t, std::int64_t>& changes) {
    std::vector<Set::Change> list;
    for (const auto& [v, w] : changes) {
      list.push_back({v, w});
      if ((model[v] += w) == 0) model.erase(v);
    }
    set.apply(list, order, owner);
  }
  void check() {
    ASSERT_EQ(set.entries(), model.size());
    ASSERT_EQ(set.empty(), model.empty());
    std::uint32_t negatives = 0;
    for (const auto& [v, w] : model) negatives += w < 0;
    ASSERT_EQ(set.negatives(), negatives);
    for (const auto& [v, n] : owner.held) ASSERT_EQ(n, model.count(v) ? 1 : 0);
    if (model.empty()) return;
    ASSERT_EQ(set.front(), model.begin()->first);
    ASSERT_EQ(set.back(), model.rbegin()->first);
    if (negatives != 0) return;
    std::int64_t before = 0;
    auto at = model.begin();
    set.each_from(0, [&](std::int64_t v, std::int64_t copies) {
      EXPECT_EQ(v, at->first);
      EXPECT_EQ(copies, at->second);
      ++at;
      return true;
    });
    ASSERT_EQ(at, model.end());
    for (const auto& [v, w] : model) {
      const auto rank = set.rank(v, order);
      ASSERT_EQ(rank.before, before);
      ASSERT_EQ(rank.weight, w);
      bool first = true;
      set.each_from(before + w - 1, [&](std::int64_t found, std::int64_t copies) {
        EXPECT_EQ(found, v);
        EXPECT_EQ(copies, 1);
        return first = false;
      });
      ASSERT_FALSE(first);
      before += w;
    }
    ASSERT_EQ(set.rank(model.rbegin()->first + 1, order).before, before);
  }
  ~Both() {
    set.clear(owner);
    for (const auto& [v, n] : owner.held) EXPECT_EQ(n, 0);
  }
};

TEST(OrderedMultiset, AgreesWithAMap) {
  for (const std::uint64_t seed : {1u, 2u, 3u, 4u}) {
    Both both;
    std::uint64_t state = seed;
    const auto next = [&](std::uint64_t n) {
      state = state * 6364136223846793005ull + 1442695040888963407ull;
      return static_cast<std::int64_t>((state >> 33) % n);
    };
    for (int round = 0; round < 12; ++round) {
      const bool growing = round % 4 < 2;
      for (int i = 0; i < 1500; ++i) {
        if (growing || both.model.empty()) {
          both.add(next(seed == 2 ? 50 : 1000000), seed == 3 ? next(4) + 1 : 1);
        } else {
          auto at = both.model.lower_bound(next(1000000));
          if (at == both.model.end()) at = both.model.begin();
          both.add(at->first, seed == 3 && at->second > 1 ? -1 : -at->second);
        }
      }
      both.check();
      std::map<std::int64_t, std::int64_t> changes;
      for (int i = 0, n = static_cast<int>(next(600)); i < n; ++i) changes[next(1000000)] = seed == 4 && i % 3 == 0 ? -2 : 1;
      for (const auto& [v, w] : both.model) {
        if (next(5) == 0) changes[v] = -w;
      }
      both.apply(changes);
      both.check();
    }
    std::map<std::int64_t, std::int64_t> rest;
    for (const auto& [v, w] : both.model) rest[v] = -w;
    both.apply(rest);
    both.check();
    EXPECT_TRUE(both.set.empty());
  }
}

// From one change in a hundred entries to one in two: single ones, runs of a leaf, and all anew.
TEST(OrderedMultiset, ManyChangesAtOnce) {
  for (const std::int64_t weight : {1, 3}) {
    Both both;
    std::uint64_t state = 7;
    const auto next = [&](std::uint64_t n) {
      state = state * 6364136223846793005ull + 1442695040888963407ull;
      return static_cast<std::int64_t>((state >> 33) % n);
    };
    for (int i = 0; i < 3000; ++i) both.add(next(100000), weight);
    for (int round = 0; round < 60; ++round) {
      const std::uint64_t one_in = std::uint64_t{2} + static_cast<std::uint64_t>(round) % 40 * 2;
      std::map<std::int64_t, std::int64_t> changes;
      for (const auto& [v, w] : both.model) {
        if (next(one_in * 2) == 0) changes[v] = round % 3 == 0 && w > 1 ? -1 : -w;
        if (next(one_in * 2) == 0) changes[v + 1 + next(30)] = round % 5 == 0 ? next(3) + 1 : weight;
        if (round % 7 == 0 && next(one_in * 4) == 0) changes[v] = 1;
      }
      if (round % 4 == 3) std::erase_if(changes, [](const auto& c) { return c.second > 0; });
      both.apply(changes);
      both.check();
    }
  }
}

TEST(OrderedMultiset, InAscendingAndDescendingOrder) {
  Both up, down;
  for (std::int64_t i = 0; i < 5000; ++i) {
    up.add(i, 1);
    down.add(-i, 2);
  }
  up.check(), down.check();
  for (std::int64_t i = 0; i < 5000; ++i) {
    up.add(i, -1);
    down.add(-i, -2);
    if (i % 500 == 0) up.check(), down.check();
  }
  EXPECT_TRUE(up.set.empty() && down.set.empty());
}

RC_GTEST_PROP(OrderedMultiset, SmallOnes, (const std::vector<std::pair<std::uint8_t, std::int8_t>>& changes)) {
  Both both;
  for (const auto& [v, w] : changes) {
    if (w != 0) both.add(v % 16, w % 3 == 0 ? 1 : w);
    both.check();
  }
}

}  // namespace
}  // namespace weir::test
