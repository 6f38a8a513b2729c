#include "operators/semi_join.h"

#include <numeric>

#include "operators/gather.h"
#include "operators/parallel_chunks.h"
#include "operators/weight_table.h"

namespace weir {
namespace {

using Row = Arrangement::Row;

class SemiJoin final : public Operator {
 public:
  SemiJoin(std::vector<KeyKind> types, std::vector<KeyKind> key_kinds, Arrangement& left, std::vector<std::uint16_t> left_keys,
           std::vector<std::uint16_t> right_keys, bool anti, bool null_matches)
      : Operator(std::move(types)), left_(left), left_keys_(std::move(left_keys)), right_keys_(std::move(right_keys)), anti_(anti), null_matches_(null_matches),
        index_(left.add_index(left_keys_)), right_(std::move(key_kinds)) {}
  void drop_index() { left_.drop_index(index_); }

  void evaluate(Step& step, Inputs inputs, Delta& out) override {
    count_right(step.arena(), *inputs[1]);
    if (!inputs[0]->empty()) select(step, *inputs[0], out);
    put_changed_keys(step.arena(), out);
  }
  // The arrangement of the left side is already full: no key has changed for it, all of it goes through the filter once.
  void backfill(Step& step, Inputs inputs, Delta& out) override {
    count_right(step.arena(), *inputs[1]);
    select(step, *inputs[0], out);
  }
  void advance() noexcept override { right_.advance(); }
  void revert() noexcept override { right_.revert(); }

  bool contents(Step& step, Delta& out) const override {
    Delta all;
    left_.scan(step.arena(), all);
    select(step, all, out);
    return true;
  }
  bool has_state() const override { return true; }
  std::string label() const override {
    return std::string(anti_ ? "antijoin" : "semijoin") + " on " + std::to_string(left_keys_.size()) + (left_keys_.size() == 1 ? " key" : " keys");
  }
  std::uint64_t state_rows() const override { return right_.keys().size(); }
  std::size_t state_bytes() const override { return right_.keys().bytes(); }

 private:
  void count_right(Arena& arena, const Delta& delta) {
    for (const Chunk& chunk : delta.chunks) {
      Chunk keys = pick(chunk, right_keys_, arena);
      if (!null_matches_) keys = without_nulls(keys, arena);
      if (keys.selected != 0) right_.add(keys, 0, arena);
    }
  }

  // Δa · [key ∈ I(b)], or its complement.
  void select(Step& step, const Delta& delta, Delta& out) const {
    each_chunk(step, delta, out, [&](const Chunk& chunk, Arena& arena, Delta& to) {
      const Chunk keys = pick(chunk, left_keys_, arena);
      KeyTable::Id* ids = arena.array<KeyTable::Id>(chunk.size);
      right_.keys().find(keys, arena, ids);
      std::uint32_t* selection = arena.array<std::uint32_t>(chunk.selected);
      std::uint32_t n = 0;
      keys.each([&](std::uint32_t i) {  // without null_matches no key with NULL is in the table: such a row finds nothing
        const bool present = ids[i] != KeyTable::kNone && right_.weights(ids[i])[0] > 0;
        selection[n] = i;
        n += present != anti_;
      });
      Chunk result = chunk;
      if (n != chunk.selected) {
        result.selection = selection;
        result.selected = n;
      }
      to.add(result);
    });
  }

  // ± z⁻¹(I(a))[key] for the keys that appeared or vanished.
  void put_changed_keys(Arena& arena, Delta& out) const {
    const auto& touched = right_.touched();
    KeyTable::Id* ids = arena.array<KeyTable::Id>(touched.size());
    std::int64_t* signs = arena.array<std::int64_t>(touched.size());
    std::size_t n = 0;
    for (const auto& t : touched) {
      const bool before = t.before[0] > 0, now = right_.weights(t.id)[0] > 0;
      if (before == now) continue;
      ids[n] = t.id;
      signs[n++] = now != anti_ ? 1 : -1;
    }
    if (n == 0) return;
    Delta keys;
    right_.keys().rows().emit({ids, n}, {signs, n}, nullptr, arena, keys);
    std::vector<std::uint16_t> columns(left_keys_.size());
    std::iota(columns.begin(), columns.end(), std::uint16_t{0});
    Row* rows = arena.array<Row>(kChunkRows);
    std::int64_t* weights = nullptr;
    std::uint32_t filled = kChunkRows;
    Row* first = arena.array<Row>(kChunkRows);
    const auto flush = [&] {
      if (!weights || filled == 0) return;
      Column* out_columns = arena.array<Column>(types().size());
      for (std::uint16_t c = 0; c < types().size(); ++c) {
        out_columns[c] = Column::make(physical(types()[c]), filled, true, arena);
        left_.gather({rows, filled}, c, out_columns[c]);
        trim_bitmap(out_columns[c], filled);
      }
      out.add(dense_chunk(filled, {out_columns, types().size()}, weights));
      filled = 0;
    };
    for (const Chunk& chunk : keys.chunks) {
      left_.probe(index_, chunk, columns, null_matches_, first);
      for (std::uint32_t k = 0; k < chunk.selected; ++k) {
        for (Row row = first[k]; row != Arrangement::kNone; row = left_.next(index_, row)) {
          if (filled == kChunkRows) {
            flush();
            weights = arena.array<std::int64_t>(kChunkRows);
            filled = 0;
          }
          rows[filled] = row;
          weights[filled++] = multiply_weights(chunk.weights[chunk.position(k)], left_.weight(row));
        }
      }
    }
    flush();
  }

  Arrangement& left_;
  std::vector<std::uint16_t> left_keys_, right_keys_;
  bool anti_, null_matches_;
  std::uint32_t index_;
  WeightTable<1> right_;
};

}  // namespace

NodeId semi_join(Circuit& circuit, NodeId left, NodeId right, std::vector<std::uint16_t> left_keys, std::vector<std::uint16_t> right_keys, bool anti,
                 bool null_matches) {
  const auto left_types = circuit.types(left);
  std::vector<KeyKind> key_kinds;
  for (const std::uint16_t c : left_keys) key_kinds.push_back(left_types[c]);
  auto op = std::make_unique<SemiJoin>(std::vector<KeyKind>(left_types.begin(), left_types.end()), std::move(key_kinds), circuit.arrange(left),
                                       std::move(left_keys), std::move(right_keys), anti, null_matches);
  SemiJoin* self = op.get();
  const NodeId inputs[] = {left, right};
  const NodeId node = circuit.add(std::move(op), inputs);
  circuit.on_free(node, [&circuit, self, left] {
    self->drop_index();
    circuit.unarrange(left);
  });
  return node;
}

}  // namespace weir
