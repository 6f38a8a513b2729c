// Catches: memory that is reused and not zeroed; blocks that overlap or are not aligned; ranges that are lost when blocks go back; a block that was never set
// aside given to the reserve.
#include "zset/pages.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

namespace weir {
namespace {

constexpr std::size_t kHuge = 2 * 1024 * 1024;

bool all_zero(const Block& block) {
  for (std::size_t i = 0; i < block.bytes(); i += i + 64 < block.bytes() ? 64 : 1) {
    if (block.data()[i] != std::byte{0}) return false;
  }
  return true;
}

TEST(Pages, BlocksAreZeroedAndApartWhereverTheyComeFrom) {
  std::mt19937 random(1);
  for (const std::size_t reserved : {std::size_t{0}, 8 * kHuge, 12 * kHuge}) {
    reserve_memory(reserved);
    std::vector<Block> blocks;
    for (int n = 0; n < 60; ++n) {
      if (blocks.size() < 12 && random() % 3 != 0) {
        const std::size_t bytes = random() % 4 == 0 ? random() % kHuge + 1 : (random() % 3 + 1) * kHuge - random() % 2 * 4096 * (random() % 2);
        Block block(bytes);
        ASSERT_GE(block.bytes(), bytes);
        ASSERT_TRUE(all_zero(block));
        if (bytes >= kHuge) { ASSERT_EQ(reinterpret_cast<std::uintptr_t>(block.data()) % kHuge, 0u); }
        std::memset(block.data(), 0xff, block.bytes());
        for (const Block& other : blocks) ASSERT_TRUE(block.data() + block.bytes() <= other.data() || other.data() + other.bytes() <= block.data());
        blocks.push_back(std::move(block));
      } else if (!blocks.empty()) {
        std::swap(blocks[random() % blocks.size()], blocks.back());
        blocks.pop_back();
      }
    }
  }
}

TEST(Pages, WhatGoesBackToTheReserveIsJoinedAgain) {
  constexpr std::size_t kReserved = 16 * kHuge;
  reserve_memory(kReserved);
  const std::byte* whole = nullptr;
  for (int round = 0; round < 3; ++round) {
    std::vector<Block> blocks;
    for (int n = 0; n < 4; ++n) blocks.emplace_back(kHuge);
    std::swap(blocks[0], blocks[2]);
    blocks.clear();
    const Block large(4 * kHuge);
    if (round > 0) { EXPECT_EQ(large.data(), whole); }
    whole = large.data();
  }
}

}  // namespace
}  // namespace weir
