#include "operators/join.h"

#include <algorithm>
#include <bit>

#include "operators/gather.h"
#include "operators/parallel_chunks.h"

namespace weir {
namespace {

using Row = Arrangement::Row;

// Where a row of a delta stands.
struct Place {
  std::uint32_t chunk, position;
};

class Join final : public Operator {
 public:
  Join(std::vector<KeyKind> types, Arrangement& left, Arrangement& right, JoinSpec spec)
      : Operator(std::move(types)), left_(left), right_(right), spec_(std::move(spec)), left_index_(left.add_index(spec_.left_keys)),
        right_index_(right.add_index(spec_.right_keys)) {
    for (const std::uint16_t c : spec_.left_keys) key_kinds_.push_back(left.key_kinds()[c]);
  }
  void drop_indexes() {
    left_.drop_index(left_index_);
    right_.drop_index(right_index_);
  }

  void evaluate(Step& step, Inputs inputs, Delta& out) override {
    if (!inputs[0]->empty()) probe(step, *inputs[0], false, out);
    if (!inputs[1]->empty()) probe(step, *inputs[1], true, out);
    if (!inputs[0]->empty() && !inputs[1]->empty()) join_deltas(step.arena(), *inputs[0], *inputs[1], out);
  }
  // Both arrangements hold all that has been: I(a) ⋈ I(b) is one probe of the other side.
  void backfill(Step& step, Inputs inputs, Delta& out) override { probe(step, *inputs[0], false, out); }

  std::string label() const override {
    std::string text = spec_.left_keys.empty() ? "cross join" : "join on " + std::to_string(spec_.left_keys.size()) + (spec_.left_keys.size() == 1 ? " key" : " keys");
    return spec_.condition ? text + " and " + spec_.condition->text() : text;
  }

 private:
  // Pairs of a probing row and a matching one, up to a chunk of them.
  struct Pairs {
    std::uint32_t* positions;  // in the probing chunk
    std::uint32_t* matches;    // rows of an arrangement, or numbers of places
    std::uint32_t n = 0;
    explicit Pairs(Arena& arena, std::uint32_t capacity) : positions(arena.array<std::uint32_t>(capacity)), matches(arena.array<std::uint32_t>(capacity)) {}
  };

  // Δ ⋈ z⁻¹(I(other)).
  void probe(Step& step, const Delta& delta, bool delta_is_right, Delta& out) const {
    const Arrangement& other = delta_is_right ? left_ : right_;
    if (other.rows() == 0) return;
    each_chunk(step, delta, out, [&](const Chunk& chunk, Arena& arena, Delta& to) { probe_chunk(chunk, delta_is_right, other, arena, to); });
  }

  void probe_chunk(const Chunk& chunk, bool delta_is_right, const Arrangement& other, Arena& arena, Delta& out) const {
    const std::uint32_t index = delta_is_right ? left_index_ : right_index_;
    const std::uint32_t n = chunk.selected;
    Row* rows = arena.array<Row>(n);
    other.probe(index, chunk, delta_is_right ? spec_.right_keys : spec_.left_keys, spec_.null_matches, rows);

    // `active` are the probing rows that still have matches: one match of each is taken in turn, so that their memory latencies overlap.
    std::uint32_t* active = arena.array<std::uint32_t>(n);
    std::uint32_t m = 0;
    for (std::uint32_t k = 0; k < n; ++k) {
      if (rows[k] == Arrangement::kNone) continue;
      active[m] = chunk.position(k);
      rows[m++] = rows[k];
    }
    if (m == 0) return;
    bool whole = m == chunk.size;  // the first round is the chunk itself: its columns can be passed on as they are
    std::uint32_t* next = arena.array<std::uint32_t>(m);
    Pairs pairs(arena, kChunkRows);
    const auto flush = [&](bool by_reference) {
      put(chunk, pairs, by_reference, arena, out, delta_is_right, [&](Arena& a, std::uint16_t column) {
        Column c = Column::make(physical(other.key_kinds()[column]), pairs.n, true, a);
        other.gather({pairs.matches, pairs.n}, column, c);
        trim_bitmap(c, pairs.n);
        return c;
      }, [&](std::uint32_t match) { return other.weight(match); });
      pairs.n = 0;
    };
    while (m != 0) {
      std::uint32_t left = 0;
      for (std::uint32_t k = 0; k < m; ++k) {
        next[k] = other.next(index, rows[k]);
        if (next[k] != Arrangement::kNone) {
          other.prefetch(next[k]);
          ++left;
        }
      }
      for (std::uint32_t at = 0; at < m;) {
        const std::uint32_t take = std::min(m - at, kChunkRows - pairs.n);
        std::memcpy(pairs.positions + pairs.n, active + at, take * sizeof *active);
        std::memcpy(pairs.matches + pairs.n, rows + at, take * sizeof *rows);
        pairs.n += take;
        at += take;
        if (pairs.n == kChunkRows || (whole && at == m)) flush(whole);
      }
      whole = false;
      if (left == 0) break;
      std::uint32_t kept = 0;
      for (std::uint32_t k = 0; k < m; ++k) {
        if (next[k] == Arrangement::kNone) continue;
        active[kept] = active[k];
        rows[kept++] = next[k];
      }
      m = kept;
    }
    if (pairs.n != 0) flush(false);
  }

  // The pairs as a dense chunk: columns of the probing side by position, of the other by `other_column`.
  template <class OtherColumn, class OtherWeight>
  void put(const Chunk& chunk, const Pairs& pairs, bool by_reference, Arena& arena, Delta& out, bool chunk_is_right, OtherColumn&& other_column,
           OtherWeight&& other_weight) const {
    Column* columns = arena.array<Column>(spec_.output.size());
    for (std::size_t c = 0; c < spec_.output.size(); ++c) {
      const auto [right, column] = spec_.output[c];
      if (right != chunk_is_right) columns[c] = other_column(arena, column);
      else columns[c] = by_reference ? chunk.columns[column] : gather(chunk.columns[column], pairs.positions, pairs.n, arena);
    }
    std::int64_t* weights = arena.array<std::int64_t>(pairs.n);
    for (std::uint32_t k = 0; k < pairs.n; ++k) weights[k] = multiply_weights(chunk.weights[pairs.positions[k]], other_weight(pairs.matches[k]));
    const Chunk result = dense_chunk(pairs.n, {columns, spec_.output.size()}, weights);
    out.add(spec_.condition ? select_true(result, spec_.condition->evaluate(result, arena), arena) : result);
  }

  // Δa ⋈ Δb by a hash table over the smaller one, in the arena.
  void join_deltas(Arena& arena, const Delta& left, const Delta& right, Delta& out) const {
    const bool build_right = right.rows() <= left.rows();
    const Delta& build = build_right ? right : left;
    const Delta& probing = build_right ? left : right;
    const auto& build_keys = build_right ? spec_.right_keys : spec_.left_keys;
    const auto& probe_keys = build_right ? spec_.left_keys : spec_.right_keys;
    const auto total = static_cast<std::uint32_t>(build.rows());

    Place* places = arena.array<Place>(total);
    std::uint32_t* chain = arena.array<std::uint32_t>(total);  // the next row of the same slot, +1
    std::uint64_t* hashes = arena.array<std::uint64_t>(total);
    const std::size_t slots = std::bit_ceil<std::size_t>(total * 2);
    std::uint32_t* heads = arena.zeroed<std::uint32_t>(slots);
    Chunk* keyed = arena.array<Chunk>(build.chunks.size());
    std::vector<std::uint16_t> columns(key_kinds_.size());
    for (std::size_t c = 0; c < columns.size(); ++c) columns[c] = static_cast<std::uint16_t>(c);
    std::uint32_t n = 0;
    for (std::uint32_t b = 0; b < build.chunks.size(); ++b) {
      keyed[b] = keys_of(build.chunks[b], build_keys, arena);
      if (keyed[b].selected == 0) continue;
      hash_keys(keyed[b], columns, key_kinds_, hashes + n);
      keyed[b].each([&](std::uint32_t i) {
        std::uint32_t& head = heads[hashes[n] >> 32 & (slots - 1)];
        places[n] = {b, i};
        chain[n] = head;
        head = ++n;
      });
    }
    std::uint64_t* probe_hashes = arena.array<std::uint64_t>(kChunkRows);
    for (const Chunk& chunk : probing.chunks) {
      const Chunk keys = keys_of(chunk, probe_keys, arena);
      if (keys.selected == 0) continue;
      hash_keys(keys, columns, key_kinds_, probe_hashes);
      Pairs pairs(arena, kChunkRows);
      const auto flush = [&] {
        put(chunk, pairs, false, arena, out, !build_right, [&](Arena& a, std::uint16_t column) {
          return gather_places(build, places, column, pairs, a);
        }, [&](std::uint32_t match) { return build.chunks[places[match].chunk].weights[places[match].position]; });
        pairs.n = 0;
      };
      std::uint32_t k = 0;
      keys.each([&](std::uint32_t i) {
        const std::uint64_t h = probe_hashes[k++];
        for (std::uint32_t at = heads[h >> 32 & (slots - 1)]; at != 0; at = chain[at - 1]) {
          if (hashes[at - 1] != h || !equal(keys, i, keyed[places[at - 1].chunk], places[at - 1].position)) continue;
          pairs.positions[pairs.n] = i;
          pairs.matches[pairs.n++] = at - 1;
          if (pairs.n == kChunkRows) flush();
        }
      });
      if (pairs.n != 0) flush();
    }
  }

  Chunk keys_of(const Chunk& chunk, std::span<const std::uint16_t> columns, Arena& arena) const {
    const Chunk keys = pick(chunk, columns, arena);
    return spec_.null_matches ? keys : without_nulls(keys, arena);
  }

  bool equal(const Chunk& a, std::uint32_t i, const Chunk& b, std::uint32_t j) const {
    for (std::size_t c = 0; c < key_kinds_.size(); ++c) {
      const bool valid = a.columns[c].is_valid(i);
      if (valid != b.columns[c].is_valid(j)) return false;
      if (!valid) continue;
      if (!equal_at(a.columns[c], i, b.columns[c], j, key_kinds_[c])) return false;
    }
    return true;
  }

  static Column gather_places(const Delta& from, const Place* places, std::uint16_t column, const Pairs& pairs, Arena& arena) {
    Column out = Column::make(from.chunks[0].columns[column].kind, pairs.n, true, arena);
    with_type(out.kind, [&](auto* type) {
      using T = std::remove_pointer_t<decltype(type)>;
      for (std::uint32_t k = 0; k < pairs.n; ++k) {
        const Place& p = places[pairs.matches[k]];
        const Column& c = from.chunks[p.chunk].columns[column];
        out.as<T>()[k] = c.as<const T>()[p.position];
        if (!c.is_valid(p.position)) out.set_null(k);
      }
    });
    trim_bitmap(out, pairs.n);
    return out;
  }

  Arrangement& left_;
  Arrangement& right_;
  JoinSpec spec_;
  std::uint32_t left_index_, right_index_;
  std::vector<KeyKind> key_kinds_;
};

}  // namespace

NodeId join(Circuit& circuit, NodeId left, NodeId right, JoinSpec spec) {
  const auto left_types = circuit.types(left), right_types = circuit.types(right);
  std::vector<KeyKind> types;
  for (const auto [from_right, column] : spec.output) types.push_back(from_right ? right_types[column] : left_types[column]);
  auto op = std::make_unique<Join>(std::move(types), circuit.arrange(left), circuit.arrange(right), std::move(spec));
  Join* self = op.get();
  const NodeId inputs[] = {left, right};
  const NodeId node = circuit.add(std::move(op), inputs);
  circuit.on_free(node, [&circuit, self, left, right] {
    self->drop_indexes();
    circuit.unarrange(left);
    circuit.unarrange(right);
  });
  return node;
}

}  // namespace weir
