// Would catch: a cycle that holds itself up after what reached it has gone, rows that move to another iteration and are lost or doubled on the way, a refused step that leaves
// something in the nested circuit, an endless recursion.
#include "operators/recursion.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <random>
#include <set>

#include "operators/distinct.h"
#include "operators/join.h"
#include "operators/linear.h"
#include "operators/semi_join.h"
#include "tests/laws/law.h"
#include "weir/error.h"

namespace weir::test {
namespace {

using Term = std::function<Plain(const Plain& working, const std::vector<Plain>& inputs)>;

// Iteration by iteration, as PostgreSQL does it; a row is new where its weight is positive for the first time.
Plain naive(Plain base, const std::vector<Plain>& inputs, bool all, const Term& term) {
  Plain out;
  std::set<PlainRow> seen;
  for (Plain candidates = std::move(base); !candidates.empty();) {
    Plain working;
    for (const auto& [row, weight] : candidates) {
      if (all) add(working, row, weight);
      else if (weight > 0 && seen.insert(row).second) add(working, row, 1);
    }
    add(out, working);
    candidates = working.empty() ? Plain() : term(working, inputs);
  }
  return out;
}

// SELECT e.b FROM w JOIN e ON e.a = w.n
Plain along(const Plain& working, const Plain& edges) {
  Plain out;
  for (const auto& [row, weight] : working) {
    for (const auto& [edge, w] : edges) {
      if (row[0] && edge[0] == row[0]) add(out, {edge[1]}, weight * w);
    }
  }
  return out;
}

const JoinSpec& edge_join() {
  static const JoinSpec spec{{0}, {0}, {{true, 1}, {false, 1}}, nullptr};
  return spec;
}
JoinSpec copy(const JoinSpec& spec) { return JoinSpec{spec.left_keys, spec.right_keys, spec.output, nullptr}; }

RecursionSpec along_edges(bool all) {
  RecursionSpec spec;
  spec.all = all;
  spec.step = [](Circuit& inner, NodeId working, std::span<const NodeId> others) { return join(inner, working, others[0], copy(edge_join())); };
  return spec;
}

Law law_of(KeyKind kind, bool all, std::function<RecursionSpec()> spec, Term term) {
  Law law;
  law.inputs = {{kind}, {kind, kind}};
  law.output = {kind};
  law.unique_form = true;
  law.build = [spec](Circuit& c, const std::vector<NodeId>& in) {
    const NodeId others[] = {in[1], in[0]};
    return recursion(c, in[0], others, spec());
  };
  law.model = [=](const std::vector<Plain>& in) { return naive(in[0], in, all, term); };
  return law;
}

const Term kAlong = [](const Plain& working, const std::vector<Plain>& in) { return along(working, in[1]); };

RC_GTEST_PROP(RecursionLaw, Union, ()) { law_holds(law_of(KeyKind::kInt, false, [] { return along_edges(false); }, kAlong), *ops()); }
RC_GTEST_PROP(RecursionLaw, UnionOfLongTexts, ()) { law_holds(law_of(KeyKind::kText, false, [] { return along_edges(false); }, kAlong), *ops()); }

// Edges that go up only: every way ends.
RC_GTEST_PROP(RecursionLaw, UnionAll, ()) {
  law_holds(law_of(KeyKind::kInt, true,
                   [] {
                     RecursionSpec spec;
                     spec.all = true;
                     spec.step = [](Circuit& inner, NodeId working, std::span<const NodeId> others) {
                       return join(inner, working, filter(inner, others[0], less(0, 1)), copy(edge_join()));
                     };
                     return spec;
                   },
                   [](const Plain& working, const std::vector<Plain>& in) {
                     Plain up;
                     for (const auto& [edge, w] : in[1]) {
                       if (edge[0] && edge[1] && std::stoll(*edge[0]) < std::stoll(*edge[1])) add(up, edge, w);
                     }
                     return along(working, up);
                   }),
            *ops());
}

// A term with state of its own that is not linear, and that reads what base is, too: SELECT DISTINCT e.b FROM w JOIN e ON e.a = w.n WHERE e.b IN (base).
RC_GTEST_PROP(RecursionLaw, TermThatIsNotLinear, ()) {
  law_holds(law_of(KeyKind::kInt, false,
                   [] {
                     RecursionSpec spec;
                     spec.step = [](Circuit& inner, NodeId working, std::span<const NodeId> others) {
                       return distinct(inner, semi_join(inner, join(inner, working, others[0], copy(edge_join())), others[1], {0}, {0}, false, false));
                     };
                     return spec;
                   },
                   [](const Plain& working, const std::vector<Plain>& in) {
                     Plain out;
                     for (const auto& [row, weight] : along(working, in[1])) {
                       const auto there = in[0].find(row);
                       if (row[0] && there != in[0].end() && there->second > 0 && weight > 0) add(out, row, 1);
                     }
                     return out;
                   }),
            *ops());
}

std::vector<Entries> edges(Entries list) { return {{}, std::move(list)}; }
PlainRow edge(int a, int b) { return {std::to_string(a), std::to_string(b)}; }

TEST(RecursionLaw, ManyChangesOfAGraph) {
  const Law law = law_of(KeyKind::kInt, false, [] { return along_edges(false); }, kAlong);
  for (const unsigned seed : {1u, 2u, 3u}) {
    std::mt19937 random(seed);
    const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    Runner runner(law);
    runner.build();
    runner.run({{{{"0"}, 1}}, {}});
    std::vector<PlainRow> live;
    for (int step = 0; step < 150; ++step) {
      Entries changes;
      for (int n = below(4) + 1; n != 0; --n) {
        if (live.size() < 60 || below(2) == 0) {
          live.push_back(edge(below(40), below(40)));
          changes.push_back({live.back(), 1});
        } else {
          const auto at = static_cast<std::size_t>(below(static_cast<int>(live.size())));
          changes.push_back({live[at], -1});
          live[at] = live.back();
          live.pop_back();
        }
      }
      if (step % 5 == 0) {
        runner.feed(edges(changes));
        runner.revert();
      }
      runner.run(edges(changes));
      runner.check();
    }
  }
}

TEST(RecursionLaw, ACycleDoesNotHoldItselfUp) {
  const Law law = law_of(KeyKind::kInt, false, [] { return along_edges(false); }, kAlong);
  Runner runner(law);
  runner.build();
  Entries all{{edge(0, 1), 1}};
  for (int n = 1; n < 1000; ++n) all.push_back({edge(n, n + 1), 1});
  all.push_back({edge(1000, 1), 1});
  runner.run({{{{"0"}, 1}}, all});
  EXPECT_EQ(runner.sum().size(), 1001u);
  runner.run(edges({{edge(0, 1), -1}}));
  EXPECT_EQ(runner.sum().size(), 1u);
  runner.run(edges({{edge(0, 500), 1}}));
  EXPECT_EQ(runner.sum().size(), 1001u);
}

TEST(RecursionLaw, WhatDoesNotEndIsRefusedAndLeavesNothing) {
  const auto at_most_1000 = [] {
    RecursionSpec spec = along_edges(true);
    spec.iterations_most = 1000;
    return spec;
  };
  const Law law = law_of(KeyKind::kInt, true, at_most_1000, kAlong);
  Runner runner(law);
  runner.build();
  runner.run({{{{"1"}, 1}}, {{edge(1, 2), 1}, {edge(2, 3), 1}}});
  const auto message = [&](const std::vector<Entries>& step) -> std::string {
    try {
      runner.feed(step);
    } catch (const Failure& failure) {
      return failure.error().message;
    }
    return "";
  };
  EXPECT_EQ(message(edges({{edge(3, 1), 1}})), "recursion does not end after 1000 iterations");
  EXPECT_EQ(message(edges({{edge(3, 1), 2}})), "weight out of range");  // 2, 4, 8, … ways
  runner.check();
  runner.run(edges({{edge(3, 4), 1}, {edge(1, 2), 1}}));
  runner.check();
  EXPECT_EQ(to_string(runner.sum()), "{(1) +1; (2) +2; (3) +2; (4) +2}");
}

TEST(RecursionLaw, StateGoesDownAfterDeletes) {
  for (const bool all : {false, true}) {
    const Law law = law_of(KeyKind::kText, all, [all] { return along_edges(all); }, kAlong);
    Runner runner(law);
    runner.build();
    std::vector<Entries> step(2);
    step[0].push_back({{"a node with quite a long name 0"}, 1});
    for (int i = 0; i < 20000; ++i) {
      step[1].push_back({{"a node with quite a long name " + std::to_string(i / 3), "a node with quite a long name " + std::to_string(i + 1)}, 1});
    }
    runner.run(step);
    EXPECT_EQ(runner.sum().size(), 20001u);
    const auto full = runner.circuit().info(runner.made()).state_bytes;
    for (auto& entries : step) {
      for (auto& entry : entries) entry.second = -1;
    }
    runner.run(step);
    EXPECT_TRUE(runner.sum().empty());
    EXPECT_EQ(runner.circuit().info(runner.made()).state_rows, 0u);
    EXPECT_LT(runner.circuit().info(runner.made()).state_bytes, full / 4);  // small arrangements are not compacted
  }
}

}  // namespace
}  // namespace weir::test
