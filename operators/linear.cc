#include "operators/linear.h"

#include "operators/gather.h"
#include "operators/parallel_chunks.h"
#include "weir/error.h"
#include "zset/consolidate.h"

namespace weir {
namespace {

std::vector<KeyKind> types_of(const Circuit& circuit, NodeId node) {
  const auto types = circuit.types(node);
  return {types.begin(), types.end()};
}

// f for each chunk. A delta may hold rows that come and go again within the step, made of one input's past and another's present; no moment has them. An expression
// that fails is asked again for the rows that are left once all are added up.
template <class F>
void each_real_chunk(Step& step, const Delta& in, Delta& out, F&& f) {
  const std::size_t before = out.chunks.size();
  try {
    each_chunk(step, in, out, f);
  } catch (const Failure&) {
    Delta real;
    consolidate(in, step.arena(), real);
    if (real.rows() == in.rows()) throw;
    out.chunks.resize(before);
    each_chunk(step, real, out, f);
  }
}

class Filter final : public Operator {
 public:
  Filter(std::vector<KeyKind> types, ExpressionPtr condition) : Operator(std::move(types)), condition_(std::move(condition)) {}

  void evaluate(Step& step, Inputs inputs, Delta& out) override {
    each_real_chunk(step, *inputs[0], out, [&](const Chunk& chunk, Arena& arena, Delta& to) {
      to.add(select_true(chunk, condition_->evaluate(chunk, arena), arena));
    });
  }
  std::string label() const override { return "filter " + condition_->text(); }

 private:
  ExpressionPtr condition_;
};

class Project final : public Operator {
 public:
  Project(std::vector<KeyKind> types, std::vector<ExpressionPtr> columns) : Operator(std::move(types)), columns_(std::move(columns)) {}

  void evaluate(Step& step, Inputs inputs, Delta& out) override {
    each_real_chunk(step, *inputs[0], out, [&](const Chunk& chunk, Arena& arena, Delta& to) {
      Chunk result = chunk;
      result.width = static_cast<std::uint16_t>(columns_.size());
      result.columns = arena.array<Column>(columns_.size());
      for (std::size_t c = 0; c < columns_.size(); ++c) {
        const int from = columns_[c]->column();
        result.columns[c] = from >= 0 ? chunk.columns[from] : columns_[c]->evaluate(chunk, arena);
      }
      to.add(result);
    });
  }
  std::string label() const override {
    std::string text = "project";
    for (std::size_t c = 0; c < columns_.size(); ++c) text += (c ? ", " : " ") + columns_[c]->text();
    return text;
  }

 private:
  std::vector<ExpressionPtr> columns_;
};

class UnionAll final : public Operator {
 public:
  using Operator::Operator;

  void evaluate(Step&, Inputs inputs, Delta& out) override {
    for (const Delta* in : inputs) out.chunks.insert(out.chunks.end(), in->chunks.begin(), in->chunks.end());
  }
  std::string label() const override { return "union all"; }
};

class ConstantRows final : public Operator {
 public:
  ConstantRows(std::vector<KeyKind> types, const Delta& rows) : Operator(std::move(types)) { deep_copy(rows, arena_, rows_); }

  void evaluate(Step&, Inputs, Delta&) override {}
  void backfill(Step&, Inputs, Delta& out) override { put(out); }
  bool contents(Step&, Delta& out) const override {
    put(out);
    return true;
  }
  bool has_state() const override { return true; }
  std::string label() const override { return "values (" + std::to_string(rows_.rows()) + ")"; }
  std::uint64_t state_rows() const override { return rows_.rows(); }
  std::size_t state_bytes() const override { return arena_.allocated_bytes(); }

 private:
  void put(Delta& out) const { out.chunks.insert(out.chunks.end(), rows_.chunks.begin(), rows_.chunks.end()); }

  Arena arena_;
  Delta rows_;
};

}  // namespace

NodeId filter(Circuit& circuit, NodeId input, ExpressionPtr condition) {
  return circuit.add(std::make_unique<Filter>(types_of(circuit, input), std::move(condition)), {&input, 1});
}

NodeId project(Circuit& circuit, NodeId input, std::vector<ExpressionPtr> columns) {
  std::vector<KeyKind> types;
  for (const ExpressionPtr& e : columns) types.push_back(e->key_kind());
  return circuit.add(std::make_unique<Project>(std::move(types), std::move(columns)), {&input, 1});
}

NodeId union_all(Circuit& circuit, std::span<const NodeId> inputs) {
  return circuit.add(std::make_unique<UnionAll>(types_of(circuit, inputs[0])), inputs);
}

NodeId constant(Circuit& circuit, std::vector<KeyKind> types, const Delta& rows) {
  return circuit.add(std::make_unique<ConstantRows>(std::move(types), rows), {});
}

}  // namespace weir
