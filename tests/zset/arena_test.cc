// Catches: memory handed out twice within a step, misaligned memory, an arena that keeps growing from step to step.
#include "zset/arena.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstring>
#include <vector>

namespace weir {
namespace {

TEST(Arena, NeverNull) {
  Arena arena;
  EXPECT_NE(arena.bytes(0), nullptr);
  EXPECT_NE(arena.array<int>(0), nullptr);
}

RC_GTEST_PROP(Arena, PiecesAreAlignedAndApart, (std::vector<std::uint32_t> sizes)) {
  Arena arena;
  for (int step = 0; step < 3; ++step) {
    std::vector<std::pair<unsigned char*, std::size_t>> pieces;
    for (std::size_t n = 0; n < sizes.size(); ++n) {
      const std::size_t size = sizes[n] % (n % 16 == 0 ? 100'000 : 500);
      auto* p = arena.array<unsigned char>(size);
      RC_ASSERT(reinterpret_cast<std::uintptr_t>(p) % 16 == 0);
      std::memset(p, static_cast<int>(n), size);
      pieces.emplace_back(p, size);
    }
    for (std::size_t n = 0; n < pieces.size(); ++n) {
      RC_ASSERT(std::all_of(pieces[n].first, pieces[n].first + pieces[n].second, [&](unsigned char c) { return c == static_cast<unsigned char>(n); }));
    }
    arena.reset();
    RC_ASSERT(arena.allocated_bytes() <= Arena::kKeepBytes);
  }
}

TEST(Arena, ResetKeepsLittleAndReusesIt) {
  Arena arena;
  for (int n = 0; n < 100; ++n) arena.bytes(1'000'000);
  EXPECT_GE(arena.allocated_bytes(), 100'000'000u);
  arena.reset();
  const std::size_t kept = arena.allocated_bytes();
  EXPECT_LE(kept, Arena::kKeepBytes);
  EXPECT_GT(kept, 0u);
  for (int step = 0; step < 10; ++step) {
    for (int n = 0; n < 20; ++n) arena.bytes(1000);
    arena.reset();
  }
  EXPECT_EQ(arena.allocated_bytes(), kept);
}

TEST(Arena, OneHugeBlockIsNotKept) {
  Arena arena;
  arena.bytes(Arena::kKeepBytes * 2);
  arena.reset();
  EXPECT_EQ(arena.allocated_bytes(), 0u);
  EXPECT_NE(arena.bytes(100), nullptr);
}

TEST(Arena, ZeroedIsZeroAlsoWhenReused) {
  Arena arena;
  std::memset(arena.bytes(1000), 0xff, 1000);
  arena.reset();
  const auto* p = arena.zeroed<std::uint64_t>(100);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(p[i], 0u);
}

}  // namespace
}  // namespace weir
