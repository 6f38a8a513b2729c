#pragma once
// The law that every operator obeys, checked on a random stream of changes.
//
// Law      Q^Δ = D ∘ Q ∘ I: after every step the deltas put out add up to the model's Q of the deltas taken in. One row a batch, all in one batch, and an
//          operator that is added late (backfill) come to the same. A step that is evaluated and reverted leaves no trace. contents() is the integral of the output.

#include <rapidcheck.h>

#include <functional>

#include "circuit/circuit.h"
#include "tests/laws/zset_model.h"

namespace weir::test {

struct Law {
  std::vector<Kinds> inputs;
  Kinds output;
  std::function<NodeId(Circuit&, const std::vector<NodeId>&)> build;
  std::function<Plain(const std::vector<Plain>&)> model;
  bool bags = false;            // weights of the inputs stay at 0 or above once a step has ended
  bool up_to_equality = false;  // values that SQL calls equal count as the same in the output
  bool unique_form = false;     // each row once in a delta
  bool mild = false;            // no doubles whose squares overflow
};

// One entry of a stream of changes, small enough to shrink well: values are picked from lists.
struct Op {
  std::uint8_t input = 0;
  std::vector<std::uint8_t> picks;
  std::int8_t weight = 1;
  bool ends = false;  // the step, after this entry
};
inline std::ostream& operator<<(std::ostream& out, const Op& op) {
  out << "in" << int{op.input} << "[";
  for (const auto p : op.picks) out << int{p} << " ";
  return out << "]" << (op.weight > 0 ? "+" : "") << int{op.weight} << (op.ends ? " step" : "");
}

inline rc::Gen<std::vector<Op>> ops() {
  const auto pick = rc::gen::inRange<std::uint8_t>(0, 12);
  const auto one = rc::gen::build<Op>(
      rc::gen::set(&Op::input, rc::gen::inRange<std::uint8_t>(0, 2)), rc::gen::set(&Op::picks, rc::gen::container<std::vector<std::uint8_t>>(4, pick)),
      rc::gen::set(&Op::weight, rc::gen::element<std::int8_t>(1, 1, 1, 2, 3, -1, -1, -1, -2)), rc::gen::set(&Op::ends, rc::gen::element(false, false, true)));
  return rc::gen::container<std::vector<Op>>(one);
}

inline Cell picked(KeyKind kind, std::uint8_t pick, bool mild = false) {
  static const std::map<KeyKind, std::vector<Cell>> values = {
      {KeyKind::kBool, {"t", "f", std::nullopt}},
      {KeyKind::kInt, {"0", "1", "2", "3", "5", "-4", "7", "1000000007", std::nullopt}},
      {KeyKind::kDouble, {"0", "1.5", "-0", "2.25", "1.0000000000000001e+300", "0.10000000000000001", "-7", "0.30000000000000004", std::nullopt}},
      {KeyKind::kText, {"a", "b", "", "a text of more than twelve bytes", "ab", "a text of more than twelve bytez", std::nullopt}},
      {KeyKind::kNumeric, {"0", "1", "1.00", "2.5", "-1.25", "100000000000000000000000000000.5", "0.1", "2.50", std::nullopt}},
      {KeyKind::kPadded, {"a", "a  ", "b", "", "a text of more than twelve bytes", "a text of more than twelve bytes  ", std::nullopt}},
      {KeyKind::kArray, {"{}", "{1}", "{1.0}", "{1,NULL}", "{NULL}", "{1.50,2,3}", "{1.5,2.0,3}", std::nullopt}},
      {KeyKind::kJson, {"1", "1.0", "[]", "{\"a\": [1, null]}", "{\"a\": [1.00, null]}", "null", "\"a text of more than twelve bytes\"", std::nullopt}},
      {KeyKind::kInterval, {"1 day", "24:00:00", "1 mon", "30 days", "-00:00:01", "2 mons 3 days", std::nullopt}},
  };
  const auto& list = values.at(kind);
  const Cell& cell = list[pick % list.size()];
  return mild && cell && cell->ends_with("e+300") ? "1000000.25" : cell;
}

// The steps of a stream: for each input, entries. Where bags are asked for, a deletion takes no more than will be there when the step ends.
using Steps = std::vector<std::vector<Entries>>;
inline Steps steps_of(const Law& law, const std::vector<Op>& stream) {
  Steps steps;
  std::vector<Plain> at_rest(law.inputs.size());
  bool open = false;
  for (const Op& op : stream) {
    if (!open) steps.emplace_back(law.inputs.size());
    open = !op.ends;
    const std::size_t in = op.input % law.inputs.size();
    PlainRow row;
    for (std::size_t c = 0; c < law.inputs[in].size(); ++c) row.push_back(picked(law.inputs[in][c], op.picks[c], law.mild));
    std::int64_t weight = op.weight;
    if (law.bags) {
      const auto there = at_rest[in].find(row);
      weight = std::max(weight, there == at_rest[in].end() ? 0 : -there->second);
      if (weight == 0) continue;
    }
    add(at_rest[in], row, weight);
    auto& entries = steps.back()[in];
    entries.insert(entries.begin() + static_cast<std::ptrdiff_t>(op.picks[0] % (entries.size() + 1)), {row, weight});  // a deletion may come before its insertion
  }
  return steps;
}

class Runner {
 public:
  Runner(const Law& law, std::unique_ptr<Executor> executor = Executor::serial()) : law_(law), circuit_(std::move(executor)), inputs_(law.inputs.size()) {
    for (const Kinds& kinds : law.inputs) sources_.push_back(circuit_.add_source(kinds, {}, false, "source"));
  }
  void build() {
    node_ = circuit_.add(std::make_unique<Sink>(law_.output), std::vector<NodeId>{made_ = law_.build(circuit_, sources_)});
    circuit_.backfill();
    sum_ = Sink::last;
  }
  void feed(const std::vector<Entries>& step) {
    for (std::size_t in = 0; in < step.size(); ++in) {
      Delta delta;
      delta_of(step[in], law_.inputs[in], arena_, delta);
      if (!delta.empty()) circuit_.push(sources_[in], delta);
    }
    circuit_.evaluate();
  }
  void advance(const std::vector<Entries>& step) {
    if (node_ != kNoNode) {
      const Delta& delta = circuit_.delta(made_);
      if (law_.unique_form || circuit_.consolidated(made_)) RC_ASSERT(in_unique_form(delta, law_.output));
      add(sum_, plain_of(delta, law_.output));
    }
    for (std::size_t in = 0; in < step.size(); ++in) {
      for (const auto& [row, weight] : step[in]) add(inputs_[in], row, weight);
    }
    circuit_.advance();
    arena_.reset();
  }
  void run(const std::vector<Entries>& step) {
    feed(step);
    advance(step);
  }
  void revert() {
    circuit_.revert();
    arena_.reset();
  }
  Plain delta() const { return plain_of(circuit_.delta(made_), law_.output); }
  const Plain& sum() const { return sum_; }
  Plain contents() {
    Delta all;
    circuit_.contents(made_, all);
    const Plain out = plain_of(all, law_.output);
    circuit_.end_of_read();
    return out;
  }
  void check() {
    const Plain expected = law_.model(inputs_);
    if (law_.up_to_equality) {
      RC_ASSERT(to_string(canonical(sum_, law_.output)) == to_string(canonical(expected, law_.output)));
      RC_ASSERT(to_string(canonical(contents(), law_.output)) == to_string(canonical(expected, law_.output)));
    } else {
      RC_ASSERT(to_string(sum_) == to_string(expected));
      RC_ASSERT(to_string(contents()) == to_string(expected));
    }
  }
  Circuit& circuit() { return circuit_; }
  NodeId made() const { return made_; }

 private:
  // Sees what backfill() puts out.
  struct Sink final : Operator {
    using Operator::Operator;
    static inline Plain last;
    void evaluate(Step&, Inputs, Delta&) override {}
    void backfill(Step&, Inputs in, Delta&) override { last = plain_of(*in[0], Kinds(types().begin(), types().end())); }
    std::string label() const override { return "sink"; }
  };

  const Law& law_;
  Circuit circuit_;
  Arena arena_;
  std::vector<NodeId> sources_;
  NodeId made_ = kNoNode, node_ = kNoNode;
  std::vector<Plain> inputs_;
  Plain sum_;
};

inline void law_holds(const Law& law, const std::vector<Op>& stream) {
  const Steps steps = steps_of(law, stream);

  Runner stepwise(law), late(law), doubtful(law), at_once(law), one_by_one(law);
  stepwise.build();
  stepwise.check();
  for (const auto& step : steps) {
    stepwise.run(step);
    stepwise.check();
  }

  // Added when half of it has been.
  for (std::size_t s = 0; s < steps.size(); ++s) {
    if (s == steps.size() / 2) {
      late.build();
      late.check();
    }
    late.run(steps[s]);
    if (s >= steps.size() / 2) late.check();
  }

  // Every step tried and refused first, beside another one.
  doubtful.build();
  for (std::size_t s = 0; s < steps.size(); ++s) {
    doubtful.feed(steps[s]);
    const Plain tried = doubtful.delta();
    doubtful.revert();
    if (!law.bags) {
      doubtful.feed(steps[steps.size() - 1 - s]);
      doubtful.revert();
    }
    doubtful.feed(steps[s]);
    RC_ASSERT(to_string(doubtful.delta()) == to_string(tried));
    doubtful.advance(steps[s]);
    doubtful.check();
  }

  std::vector<Entries> all(law.inputs.size());
  for (const auto& step : steps) {
    for (std::size_t in = 0; in < step.size(); ++in) all[in].insert(all[in].end(), step[in].begin(), step[in].end());
  }
  at_once.build();
  at_once.run(all);
  at_once.check();

  if (law.bags) return;  // an entry alone may be a deletion of what comes later
  one_by_one.build();
  for (const auto& step : steps) {
    for (std::size_t in = 0; in < step.size(); ++in) {
      for (const auto& entry : step[in]) {
        std::vector<Entries> one(law.inputs.size());
        one[in].push_back(entry);
        one_by_one.run(one);
      }
    }
  }
  one_by_one.check();
}

}  // namespace weir::test
