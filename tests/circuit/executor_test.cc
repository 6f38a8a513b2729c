// Catches: tasks lost or run twice, two threads with one worker number, nested runs that hang, the wrong exception, deadlock at the end.
#include "circuit/executor.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace weir {
namespace {

class AnyExecutor : public testing::TestWithParam<std::pair<const char*, unsigned>> {
 protected:
  static std::unique_ptr<Executor> make() {
    const std::string kind = GetParam().first;
    return kind == "serial" ? Executor::serial() : kind == "threads" ? Executor::threads(GetParam().second) : Executor::tbb(GetParam().second);
  }
};

TEST_P(AnyExecutor, RunsEachTaskOnce) {
  const auto e = make();
  for (const std::size_t n : {0u, 1u, 2u, 7u, 1000u}) {
    std::vector<std::atomic<int>> seen(n);
    e->run(n, [&](std::size_t i) { ++seen[i]; });
    for (const auto& s : seen) EXPECT_EQ(s, 1);
  }
}

TEST_P(AnyExecutor, WorkerNumbersAreBelowWorkersAndNotShared) {
  const auto e = make();
  EXPECT_EQ(e->worker(), 0u);
  std::vector<std::atomic<int>> inside(e->workers());
  e->run(200, [&](std::size_t) {
    const unsigned w = e->worker();
    ASSERT_LT(w, e->workers());
    EXPECT_EQ(inside[w].fetch_add(1), 0);
    std::this_thread::yield();
    EXPECT_EQ(e->worker(), w);
    inside[w].fetch_sub(1);
  });
  EXPECT_EQ(e->worker(), 0u);
}

TEST_P(AnyExecutor, RunsMayBeNested) {
  const auto e = make();
  std::vector<std::atomic<int>> seen(20 * 30);
  e->run(20, [&](std::size_t i) {
    const unsigned before = e->worker();
    e->run(30, [&](std::size_t j) { ++seen[i * 30 + j]; });
    EXPECT_EQ(e->worker(), before);
  });
  for (const auto& s : seen) EXPECT_EQ(s, 1);
}

TEST_P(AnyExecutor, TheFirstExceptionByNumberIsThrown) {
  const auto e = make();
  for (int round = 0; round < 20; ++round) {
    try {
      e->run(100, [&](std::size_t i) {
        if (i == 13 || i == 50 || i == 99) throw std::runtime_error(std::to_string(i));
      });
      ADD_FAILURE();
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "13");
    }
  }
}

TEST_P(AnyExecutor, ANestedExceptionComesThrough) {
  const auto e = make();
  EXPECT_THROW(e->run(4, [&](std::size_t) { e->run(4, [](std::size_t j) { if (j == 2) throw std::runtime_error("inner"); }); }), std::runtime_error);
}

TEST_P(AnyExecutor, OneInsideAnotherKeepsItsOwnNumbers) {
  const auto outer = make(), inner = make();
  std::atomic<int> count = 0;
  outer->run(3, [&](std::size_t) {
    EXPECT_EQ(inner->worker(), 0u);
    count += 1;
  });
  EXPECT_EQ(count, 3);
}

INSTANTIATE_TEST_SUITE_P(All, AnyExecutor,
                         testing::Values(std::pair{"serial", 1u}, std::pair{"threads", 1u}, std::pair{"threads", 4u}, std::pair{"Tbb", 1u}, std::pair{"Tbb", 4u},
                                         std::pair{"Tbb", 0u}),
                         [](const auto& info) { return std::string(info.param.first) + std::to_string(info.param.second); });

}  // namespace
}  // namespace weir
