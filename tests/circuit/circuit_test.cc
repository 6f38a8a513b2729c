// Catches: nodes that run without a change or miss one, integrals that lag or run ahead, a failed step that leaves traces, a node added late that knows less than
// one added early, states kept for nobody, results that depend on the executor.
#include "circuit/circuit.h"

#include <weir/error.h>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>

namespace weir {
namespace {

using Model = std::map<std::int64_t, std::int64_t>;
const std::vector<KeyKind> kOneInt = {KeyKind::kInt};
const Kind kInts[] = {Kind::kInt};
constexpr std::int64_t kBad = 1'000'000'013;

Model model_of(const Delta& delta) {
  Model m;
  for (const Chunk& chunk : delta.chunks) {
    chunk.each([&](std::uint32_t i) {
      const std::int64_t v = chunk.columns[0].ints()[i];
      if ((m[v] += chunk.weights[i]) == 0) m.erase(v);
    });
  }
  return m;
}
Model model_of(const Arrangement& a) {
  Arena arena;
  Delta all;
  a.scan(arena, all);
  return model_of(all);
}
Model sum(Model a, const Model& b) {
  for (const auto& [v, w] : b) {
    if ((a[v] += w) == 0) a.erase(v);
  }
  return a;
}

Delta delta_of(const std::vector<std::pair<std::int64_t, std::int64_t>>& rows, Arena& arena) {
  Delta out;
  ChunkBuilder builder(kInts, arena, out);
  for (const auto& [v, w] : rows) {
    const Datum row[] = {Datum::of(v)};
    builder.append(row, w);
  }
  builder.finish();
  return out;
}

struct Calls {
  int evaluate = 0, advance = 0, revert = 0, backfill = 0, freed = 0;
};

// Adds its inputs and a constant to each value; stateless. Fails on kBad.
class Add final : public Operator {
 public:
  Add(std::int64_t n, Calls* calls = nullptr) : Operator(kOneInt), n_(n), calls_(calls) {}
  ~Add() override { if (calls_) ++calls_->freed; }
  void evaluate(Step& step, Inputs inputs, Delta& out) override {
    if (calls_) ++calls_->evaluate;
    ChunkBuilder builder(kInts, step.arena(), out);
    for (const Delta* input : inputs) {
      for (const Chunk& chunk : input->chunks) {
        chunk.each([&](std::uint32_t i) {
          if (chunk.columns[0].ints()[i] == kBad) throw Failure(ErrorCode::kEvaluation, "a bad value");
          const Datum row[] = {Datum::of(chunk.columns[0].ints()[i] + n_)};
          builder.append(row, chunk.weights[i]);
        });
      }
    }
    builder.finish();
  }
  void advance() noexcept override { if (calls_) ++calls_->advance; }
  void revert() noexcept override { if (calls_) ++calls_->revert; }
  void backfill(Step& step, Inputs inputs, Delta& out) override {
    if (calls_) ++calls_->backfill;
    evaluate(step, inputs, out);
  }
  std::string label() const override { return "add " + std::to_string(n_); }

 private:
  std::int64_t n_;
  Calls* calls_;
};

// COUNT(*): one row, also of nothing. Private state; changes it in place and reverts.
class Count final : public Operator {
 public:
  Count() : Operator(kOneInt) {}
  void evaluate(Step& step, Inputs inputs, Delta& out) override {
    const std::int64_t before = count_;
    for (const Chunk& chunk : inputs[0]->chunks) {
      chunk.each([&](std::uint32_t i) { pending_ += chunk.weights[i]; });
    }
    if (pending_ != 0) put(step, out, {{before, -1}, {before + pending_, 1}});
  }
  void backfill(Step& step, Inputs inputs, Delta& out) override {
    Delta change;
    evaluate(step, inputs, change);
    put(step, out, {{pending_, 1}});
  }
  void advance() noexcept override {
    count_ += pending_;
    pending_ = 0;
  }
  void revert() noexcept override { pending_ = 0; }
  bool contents(Step& step, Delta& out) const override {
    put(step, out, {{count_, 1}});
    return true;
  }
  bool has_state() const override { return true; }
  std::string label() const override { return "count"; }

 private:
  static void put(Step& step, Delta& out, std::vector<std::pair<std::int64_t, std::int64_t>> rows) {
    for (const Chunk& c : delta_of(rows, step.arena()).chunks) out.add(c);
  }
  std::int64_t count_ = 0, pending_ = 0;
};

NodeId add(Circuit& c, std::unique_ptr<Operator> op, std::vector<NodeId> inputs) { return c.add(std::move(op), inputs); }

void step(Circuit& c, NodeId source, const std::vector<std::pair<std::int64_t, std::int64_t>>& rows) {
  Arena arena;
  c.push(source, delta_of(rows, arena));
  c.evaluate();
  c.advance();
}

TEST(Circuit, OnlyNodesWithAChangedInputRun) {
  Circuit c(Executor::serial());
  const NodeId a = c.add_source(kOneInt, {0}, false, "a"), b = c.add_source(kOneInt, {0}, false, "b");
  Calls of_a, of_b, after_empty;
  const NodeId left = add(c, std::make_unique<Add>(1, &of_a), {a});
  add(c, std::make_unique<Add>(2, &of_b), {b});
  const NodeId count = add(c, std::make_unique<Count>(), {left});
  add(c, std::make_unique<Add>(0, &after_empty), {count});
  c.backfill();
  EXPECT_EQ(after_empty.backfill, 1);
  of_a = of_b = after_empty = {};
  Arena arena;
  const Delta delta = delta_of({{1, 1}, {2, 1}}, arena);
  c.push(a, delta);
  c.evaluate();
  EXPECT_EQ(std::vector<NodeId>(c.ran().begin(), c.ran().end()), (std::vector<NodeId>{a, left, count, 5}));
  EXPECT_EQ(model_of(c.delta(left)), (Model{{2, 1}, {3, 1}}));
  EXPECT_EQ(model_of(c.delta(count)), (Model{{0, -1}, {2, 1}}));
  EXPECT_TRUE(c.integral(a)->rows() == 0);  // still as before the step
  c.advance();
  EXPECT_EQ(c.integral(a)->rows(), 2u);
  EXPECT_TRUE(c.delta(left).empty());
  EXPECT_TRUE(c.ran().empty());
  EXPECT_EQ(of_a.evaluate, 1);
  EXPECT_EQ(of_a.advance, 1);
  EXPECT_EQ(of_b.evaluate, 0);
  step(c, a, {{5, 1}, {5, -1}});  // the count does not change, so what follows it does not run
  EXPECT_EQ(after_empty.evaluate, 1);
}

TEST(Circuit, AFailedStepLeavesNothing) {
  Circuit c(Executor::serial());
  const NodeId a = c.add_source(kOneInt, {0}, false, "a");
  Calls fails, later;
  const NodeId count = add(c, std::make_unique<Count>(), {a});
  const NodeId bad = add(c, std::make_unique<Add>(0, &fails), {a});
  add(c, std::make_unique<Add>(0, &later), {bad});
  c.arrange(count);
  c.backfill();
  fails = later = {};
  step(c, a, {{1, 1}});
  Arena arena;
  c.push(a, delta_of({{2, 1}, {kBad, 1}}, arena));
  EXPECT_THROW(c.evaluate(), Failure);
  EXPECT_EQ(fails.revert, 1);
  EXPECT_EQ(later.revert, 0);
  EXPECT_TRUE(c.ran().empty());
  EXPECT_EQ(model_of(*c.integral(count)), (Model{{1, 1}}));
  EXPECT_EQ(model_of(*c.integral(a)), (Model{{1, 1}}));
  c.push(a, delta_of({{3, 1}}, arena));
  c.evaluate();
  EXPECT_EQ(model_of(c.delta(count)), (Model{{1, -1}, {2, 1}}));
  c.revert();  // refused by the disk
  step(c, a, {{3, 1}, {4, 1}});
  EXPECT_EQ(model_of(*c.integral(count)), (Model{{3, 1}}));
}

TEST(Circuit, AWeightThatDoesNotFitRefusesTheStep) {
  Circuit c(Executor::serial());
  const NodeId a = c.add_source(kOneInt, {0}, false, "a");
  const NodeId count = add(c, std::make_unique<Add>(0), {a});
  c.arrange(count);
  c.backfill();
  step(c, a, {{1, INT64_MAX}});
  Arena arena;
  c.push(a, delta_of({{1, 1}}, arena));
  EXPECT_THROW(c.evaluate(), Failure);
  EXPECT_EQ(model_of(*c.integral(a)), (Model{{1, INT64_MAX}}));
}

TEST(Circuit, AStreamMayFeedANodeTwice) {
  Circuit c(Executor::serial());
  const NodeId a = c.add_source(kOneInt, {0}, false, "a");
  const NodeId twice = add(c, std::make_unique<Add>(0), {a, a});
  c.backfill();
  Arena arena;
  c.push(a, delta_of({{7, 1}}, arena));
  c.evaluate();
  EXPECT_EQ(model_of(c.delta(twice)), (Model{{7, 2}}));
  c.advance();
  c.release(twice);
  EXPECT_EQ(c.info(a).users, 1u);
  step(c, a, {{8, 1}});
  EXPECT_EQ(c.node_count(), 1u);
}

TEST(Circuit, PushesOfOneStepAddUp) {
  Circuit c(Executor::serial());
  const NodeId a = c.add_source(kOneInt, {0}, false, "a");
  Calls calls;
  add(c, std::make_unique<Add>(0, &calls), {a});
  c.backfill();
  calls = {};
  Arena arena;
  c.push(a, delta_of({{7, 1}}, arena));
  c.push(a, delta_of({{8, 1}}, arena));
  c.push(a, Delta());
  c.evaluate();
  c.advance();
  EXPECT_EQ(calls.evaluate, 1);
  EXPECT_EQ(model_of(*c.integral(a)), (Model{{7, 1}, {8, 1}}));
}

TEST(Circuit, ReleaseFreesWhatNobodyUses) {
  Circuit c(Executor::serial());
  const NodeId a = c.add_source(kOneInt, {0}, false, "a");
  Calls first, second;
  std::vector<std::string> log;
  const NodeId x = add(c, std::make_unique<Add>(1, &first), {a});
  const NodeId y = add(c, std::make_unique<Add>(1, &second), {x});
  c.arrange(x);
  c.on_free(y, [&] {
    EXPECT_NE(c.integral(x), nullptr);
    c.unarrange(x);
    log.push_back("y");
  });
  c.backfill();
  c.release(x);  // y still stands on it
  EXPECT_EQ(c.node_count(), 3u);
  EXPECT_TRUE(c.take_freed().empty());
  c.retain(y);
  c.release(y);
  EXPECT_EQ(second.freed, 0);
  c.release(y);
  EXPECT_EQ(first.freed, 1);
  EXPECT_EQ(second.freed, 1);
  EXPECT_EQ(log, std::vector<std::string>{"y"});
  EXPECT_EQ(c.node_count(), 1u);
  EXPECT_EQ(c.take_freed(), (std::vector<NodeId>{y, x}));
  EXPECT_TRUE(c.take_freed().empty());
  const NodeId again = add(c, std::make_unique<Add>(1), {a});
  EXPECT_TRUE(again == x || again == y);  // numbers are used again
  c.backfill();
  step(c, a, {{1, 1}});
}

TEST(Circuit, ConsumersGoInAnyOrder) {
  Circuit c(Executor::serial());
  const NodeId a = c.add_source(kOneInt, {0}, false, "a");
  constexpr int kConsumers = 60;
  std::vector<Calls> calls(kConsumers);
  std::vector<NodeId> nodes;
  for (int n = 0; n < kConsumers; ++n) nodes.push_back(add(c, std::make_unique<Add>(n, &calls[static_cast<std::size_t>(n)]), n % 3 ? std::vector<NodeId>{a} : std::vector<NodeId>{a, a}));
  c.backfill();
  std::vector<bool> gone(kConsumers);
  for (int n = 0; n < kConsumers; ++n) {
    const auto k = static_cast<std::size_t>(n * 37 % kConsumers);
    c.release(nodes[k]);
    gone[k] = true;
    for (Calls& of : calls) of.evaluate = 0;
    step(c, a, {{n, 1}});
    for (std::size_t i = 0; i < calls.size(); ++i) EXPECT_EQ(calls[i].evaluate, gone[i] ? 0 : 1);
  }
  EXPECT_EQ(c.node_count(), 1u);
}

TEST(Circuit, AFailedBackfillIsRevertedAndReleased) {
  Circuit c(Executor::serial());
  const NodeId a = c.add_source(kOneInt, {0}, false, "a");
  step(c, a, {{kBad, 1}});
  Calls calls;
  const NodeId count = add(c, std::make_unique<Count>(), {a});
  const NodeId bad = add(c, std::make_unique<Add>(0, &calls), {a});
  EXPECT_THROW(c.backfill(), Failure);
  EXPECT_EQ(calls.revert, 1);
  EXPECT_TRUE(c.fresh(bad));
  c.release(bad);
  c.release(count);
  EXPECT_EQ(c.node_count(), 1u);
  const NodeId good = add(c, std::make_unique<Count>(), {a});
  c.backfill();
  EXPECT_FALSE(c.fresh(good));
  Delta out;
  c.contents(good, out);
  EXPECT_EQ(model_of(out), (Model{{1, 1}}));
  c.end_of_read();
}

TEST(Circuit, UpstreamIsTopological) {
  Circuit c(Executor::serial());
  const NodeId a = c.add_source(kOneInt, {0}, false, "a"), b = c.add_source(kOneInt, {0}, false, "b");
  const NodeId x = add(c, std::make_unique<Add>(1), {a});
  const NodeId y = add(c, std::make_unique<Add>(1), {x, a});
  add(c, std::make_unique<Add>(1), {b});
  const NodeId roots[] = {y, x};
  EXPECT_EQ(c.upstream(roots), (std::vector<NodeId>{a, x, y}));
  EXPECT_EQ(c.info(y).label, "add 1");
  EXPECT_EQ(c.info(y).inputs, (std::vector<NodeId>{x, a}));
  EXPECT_EQ(c.info(a).label, "a");
}

// Over any history: what a node has put out since its backfill, or holds, is the same whenever it was added and whoever runs the steps.
RC_GTEST_PROP(Circuit, NodesAddedEarlyAndLateAgree, (bool parallel, bool arrange_late)) {
  Circuit c(parallel ? Executor::threads(3) : Executor::serial());
  const NodeId a = c.add_source(kOneInt, {0}, false, "a"), b = c.add_source(kOneInt, {0}, false, "b");
  struct Chain { NodeId sum, plus, count, last; };
  Model outputs[4];
  const auto build = [&] {
    Chain n;
    n.sum = add(c, std::make_unique<Add>(100), {a, b});
    n.plus = add(c, std::make_unique<Add>(1), {n.sum});
    n.count = add(c, std::make_unique<Count>(), {n.plus});
    n.last = add(c, std::make_unique<Add>(5), {n.count, n.sum});
    return n;
  };
  const auto all_of = [](const Chain& n) { return std::vector<NodeId>{n.sum, n.plus, n.count, n.last}; };
  const Chain early = build();
  c.backfill();
  outputs[2] = {{0, 1}};
  outputs[3] = {{5, 1}};
  std::vector<Chain> chains = {early};
  Model whole_a;
  const int steps = *rc::gen::inRange(0, 10);
  for (int s = 0; s < steps; ++s) {
    Arena arena;
    for (const NodeId source : {a, b}) {
      const auto rows = *rc::gen::container<std::vector<std::pair<std::int64_t, std::int64_t>>>(
          rc::gen::pair(rc::gen::inRange<std::int64_t>(20, 30), rc::gen::inRange<std::int64_t>(-1, 3)));
      const Delta delta = delta_of(rows, arena);
      c.push(source, delta);
      if (source == a) whole_a = sum(whole_a, model_of(delta));
    }
    c.evaluate();
    if (*rc::gen::inRange(0, 4) == 0) {
      c.revert();
      whole_a = model_of(*c.integral(a));
    } else {
      for (std::size_t n = 0; n < 4; ++n) outputs[n] = sum(outputs[n], model_of(c.delta(all_of(early)[n])));
      c.advance();
    }
    if (*rc::gen::inRange(0, 3) == 0) {
      chains.push_back(build());
      if (!arrange_late) c.arrange(chains.back().last);
      c.backfill();
      if (arrange_late) c.arrange(chains.back().plus);
    }
    RC_ASSERT(model_of(*c.integral(a)) == whole_a);
    for (const Chain& chain : chains) {
      for (std::size_t n = 0; n < 4; ++n) {
        const NodeId node = all_of(chain)[n];
        Delta now;
        c.contents(node, now);
        RC_ASSERT(model_of(now) == outputs[n]);
        if (c.integral(node)) RC_ASSERT(model_of(*c.integral(node)) == outputs[n]);
      }
      c.end_of_read();
    }
  }
  for (const Chain& chain : chains) {
    for (const NodeId node : all_of(chain)) c.release(node);
  }
  RC_ASSERT(c.node_count() == 2u);
}

Model large_steps(std::unique_ptr<Executor> executor) {
  Circuit c(std::move(executor));
  const NodeId a = c.add_source(kOneInt, {0}, false, "a");
  std::vector<NodeId> middle;
  for (int n = 0; n < 10; ++n) {
    middle.push_back(add(c, std::make_unique<Add>(n * 1000), {a}));
    c.arrange(middle.back());
  }
  const NodeId all = c.add(std::make_unique<Add>(0), middle);
  c.arrange(all);
  c.backfill();
  std::vector<std::pair<std::int64_t, std::int64_t>> rows;
  for (std::int64_t n = 0; n < 20'000; ++n) rows.emplace_back(n + 20, n % 3 + 1);
  step(c, a, rows);
  const Model result = model_of(*c.integral(all));
  rows.emplace_back(kBad, 1);
  Arena arena;
  c.push(a, delta_of(rows, arena));
  EXPECT_THROW(c.evaluate(), Failure);
  EXPECT_EQ(model_of(*c.integral(all)), result);
  return result;
}

TEST(Circuit, LargeStepsGiveTheSameOnThreads) { EXPECT_EQ(large_steps(Executor::threads(4)), large_steps(Executor::serial())); }
TEST(Circuit, LargeStepsGiveTheSameOnTbb) { EXPECT_EQ(large_steps(Executor::tbb(4)), large_steps(Executor::serial())); }

}  // namespace
}  // namespace weir
