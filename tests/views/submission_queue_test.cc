// Would catch: a batch that is not what was queued when the committer became free; a cap that is passed; submissions lost, committed twice or out of order; a full queue that
// refuses who would wait, or lets in who would not fit; a queue that depends on time.
#include "views/submission_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include <weir/error.h>

namespace weir::internal {
namespace {

using namespace std::chrono_literals;

struct Numbered : Submission {
  explicit Numbered(int n) : number(n) { rows = 1, bytes = 100; }
  int number;
};

// A queue whose committer is held until release().
class Held {
 public:
  explicit Held(const SubmissionQueue::Limits& limits = {}) : queue(limits, [this](SubmissionQueue& q) { commit(q); }) {}
  void hold() {
    holding_ = true;
    first_ = std::make_shared<Numbered>(-1);
    ASSERT_TRUE(queue.submit(first_, std::nullopt));
    while (queue.counts().submissions > 0) std::this_thread::yield();
  }
  void release() { holding_ = false; }

  std::vector<std::size_t> sizes;  // of the batches after the one that is held
  std::vector<int> order;
  SubmissionQueue queue;

 private:
  void commit(SubmissionQueue& q) {
    const SubmissionQueue::Batch& batch = q.take();
    if (!batch.empty() && static_cast<const Numbered&>(*batch[0]).number == -1) {
      while (holding_) std::this_thread::yield();
      return;
    }
    sizes.push_back(batch.size());
    for (const auto& submission : batch) order.push_back(static_cast<const Numbered&>(*submission).number);
  }
  std::atomic<bool> holding_{false};
  std::shared_ptr<Numbered> first_;
};

std::vector<std::size_t> batches(int queued) {
  Held held;
  held.hold();
  for (int i = 0; i < queued; ++i) EXPECT_TRUE(held.queue.submit(std::make_shared<Numbered>(i), 0s + std::chrono::steady_clock::now()));
  held.release();
  held.queue.drain();
  EXPECT_EQ(held.order.size(), static_cast<std::size_t>(queued));
  for (int i = 0; i < queued; ++i) EXPECT_EQ(held.order[static_cast<std::size_t>(i)], i);
  EXPECT_EQ(held.queue.counts().submissions, 0u);
  return held.sizes;
}

TEST(SubmissionQueue, WhatIsQueuedIsTheNextBatch) {
  using Sizes = std::vector<std::size_t>;
  for (int k = 1; k <= 128; ++k) ASSERT_EQ(batches(k), (Sizes{static_cast<std::size_t>(k)}));
  EXPECT_EQ(batches(129), (Sizes{128, 1}));
  EXPECT_EQ(batches(256), (Sizes{128, 128}));
  EXPECT_EQ(batches(512), (Sizes{128, 128, 128, 128}));
  EXPECT_EQ(batches(1000), (Sizes{128, 128, 128, 128, 128, 128, 128, 104}));
  EXPECT_EQ(batches(1001), (Sizes{128, 128, 128, 128, 128, 128, 128, 105}));
}

TEST(SubmissionQueue, TheCapIsConfigured) {
  Held held({.batch_submissions = 65'536});
  held.hold();
  for (int i = 0; i < 70'000; ++i) ASSERT_TRUE(held.queue.submit(std::make_shared<Numbered>(i), std::nullopt));
  held.release();
  held.queue.drain();
  EXPECT_EQ(held.sizes, (std::vector<std::size_t>{65'536, 70'000 - 65'536}));
}

TEST(SubmissionQueue, ALoneOneIsCommittedByItsCaller) {
  std::thread::id by;
  int commits = 0;
  SubmissionQueue queue({}, [&](SubmissionQueue& q) {
    EXPECT_EQ(q.take().size(), 1u);
    by = std::this_thread::get_id();
    ++commits;
  });
  for (int i = 0; i < 3; ++i) {
    Numbered one(i);
    EXPECT_TRUE(queue.commit(one, std::nullopt));
    EXPECT_EQ(by, std::this_thread::get_id());
    EXPECT_EQ(commits, i + 1);
  }
}

TEST(SubmissionQueue, FollowersShareOneBatch) {
  Held held;
  held.hold();
  std::vector<std::thread> threads;
  for (int i = 0; i < 20; ++i) {
    threads.emplace_back([&held, i] {
      Numbered one(i);
      EXPECT_TRUE(held.queue.commit(one, std::nullopt));
    });
  }
  while (held.queue.counts().submissions < 20) std::this_thread::yield();
  held.release();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(held.sizes, std::vector<std::size_t>{20});
}

TEST(SubmissionQueue, ManyThreadsLoseNothing) {
  std::uint64_t sum = 0, count = 0;
  SubmissionQueue queue({.batch_submissions = 7, .rows = 50}, [&](SubmissionQueue& q) {
    for (const auto& submission : q.take()) {
      sum += static_cast<std::uint64_t>(static_cast<const Numbered&>(*submission).number);
      ++count;
    }
  });
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&queue, t] {
      for (int i = 0; i < 500; ++i) {
        if ((i + t) % 2) {
          EXPECT_TRUE(queue.submit(std::make_shared<Numbered>(i), std::nullopt));
        } else {
          Numbered one(i);
          EXPECT_TRUE(queue.commit(one, std::nullopt));
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  queue.close();
  EXPECT_EQ(count, 4000u);
  EXPECT_EQ(sum, 8u * 499 * 500 / 2);
}

TEST(SubmissionQueue, AFullOneDoesAsTheCallerAsked) {
  Held held({.batch_submissions = 128, .rows = 3, .bytes = 1000});
  held.hold();
  const auto now = [] { return std::chrono::steady_clock::now(); };
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(held.queue.submit(std::make_shared<Numbered>(i), now()));
  EXPECT_FALSE(held.queue.submit(std::make_shared<Numbered>(3), now())) << "does not wait";
  const auto before = now();
  EXPECT_FALSE(held.queue.submit(std::make_shared<Numbered>(3), before + 20ms)) << "waits so long";
  EXPECT_GE(now() - before, 20ms);
  std::thread waiting([&] { EXPECT_TRUE(held.queue.submit(std::make_shared<Numbered>(3), std::nullopt)); });
  while (held.queue.counts().waiting == 0) std::this_thread::yield();
  EXPECT_FALSE(held.queue.submit(std::make_shared<Numbered>(4), now())) << "nobody overtakes who waits";
  held.release();
  waiting.join();
  held.queue.drain();
  EXPECT_EQ(held.order, (std::vector<int>{0, 1, 2, 3}));

  held.hold();
  auto large = std::make_shared<Numbered>(5);
  large->bytes = 5000;
  EXPECT_TRUE(held.queue.submit(large, now())) << "larger than the queue: alone it may enter";
  EXPECT_FALSE(held.queue.submit(std::make_shared<Numbered>(6), now())) << "bytes count, too";
  held.release();
  held.queue.drain();
}

TEST(SubmissionQueue, ClosedItTakesNothingAndLosesNothing) {
  Held held;
  held.hold();
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(held.queue.submit(std::make_shared<Numbered>(i), std::nullopt));
  held.release();
  held.queue.close();
  EXPECT_EQ(held.order.size(), 5u);
  EXPECT_THROW(held.queue.submit(std::make_shared<Numbered>(9), std::nullopt), Failure);
}

}  // namespace
}  // namespace weir::internal
