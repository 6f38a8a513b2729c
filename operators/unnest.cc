#include "operators/unnest.h"

#include <algorithm>

#include "operators/gather.h"
#include "operators/parallel_chunks.h"
#include "zset/array.h"

namespace weir {
namespace {

class Unnest final : public Operator {
 public:
  Unnest(std::vector<KeyKind> types, std::vector<ExpressionPtr> arrays, std::vector<Kind> elements, bool keep)
      : Operator(std::move(types)), arrays_(std::move(arrays)), elements_(std::move(elements)), keep_(keep) {}

  void evaluate(Step& step, Inputs inputs, Delta& out) override {
    each_chunk(step, *inputs[0], out, [&](const Chunk& chunk, Arena& arena, Delta& to) {
      std::vector<Column> arrays;
      for (const ExpressionPtr& e : arrays_) arrays.push_back(e->evaluate(chunk, arena));
      Batch batch(chunk, elements_, arena, to);
      chunk.each([&](std::uint32_t i) {
        std::uint32_t most = 0;
        for (const Column& a : arrays) {
          if (a.is_valid(i)) most = std::max(most, ArrayView(a.bytes()[i].view()).size());
        }
        for (std::uint32_t n = 0; n < most; ++n) batch.add(i, n, arrays);
        if (most == 0 && keep_) batch.add_none(i);
      });
      batch.flush();
    });
  }
  std::string label() const override {
    std::string out = keep_ ? "unnest or nulls" : "unnest";
    for (const ExpressionPtr& e : arrays_) out += (&e == arrays_.data() ? " " : ", ") + e->text();
    return out;
  }

 private:
  // Rows of a chunk beside elements, up to a chunk of them.
  class Batch {
   public:
    Batch(const Chunk& chunk, const std::vector<Kind>& elements, Arena& arena, Delta& out)
        : chunk_(chunk), elements_(elements), width_(chunk.width + elements.size() + 1), arena_(arena), out_(out) {}
    void add(std::uint32_t position, std::uint32_t n, const std::vector<Column>& arrays) {
      start(position);
      for (std::size_t a = 0; a < arrays.size(); ++a) {
        Datum value = Datum::of_null(elements_[a]);
        if (arrays[a].is_valid(position)) {
          const ArrayView array(arrays[a].bytes()[position].view());
          if (n < array.size()) value = array[n];
        }
        columns_[chunk_.width + a].set(rows_, value);
      }
      columns_[width_ - 1].set(rows_++, Datum::of(std::int64_t{n} + 1));
    }
    void add_none(std::uint32_t position) {
      start(position);
      for (std::size_t a = 0; a < elements_.size(); ++a) columns_[chunk_.width + a].set(rows_, Datum::of_null(elements_[a]));
      columns_[width_ - 1].set(rows_++, Datum::of_null(Kind::kInt));
    }
    void flush() {
      if (rows_ == 0) return;
      for (std::uint16_t c = 0; c < chunk_.width; ++c) columns_[c] = gather(chunk_.columns[c], positions_, rows_, arena_);
      for (std::size_t c = chunk_.width; c < width_; ++c) trim_bitmap(columns_[c], rows_);
      std::int64_t* weights = arena_.array<std::int64_t>(rows_);
      for (std::uint32_t k = 0; k < rows_; ++k) weights[k] = chunk_.weights[positions_[k]];
      out_.add(dense_chunk(rows_, {columns_, width_}, weights));
      rows_ = 0;
    }

   private:
    void start(std::uint32_t position) {
      if (rows_ == kChunkRows) flush();
      if (rows_ == 0) {
        positions_ = arena_.array<std::uint32_t>(kChunkRows);
        columns_ = arena_.array<Column>(width_);
        for (std::size_t a = 0; a < elements_.size(); ++a) columns_[chunk_.width + a] = Column::make(elements_[a], kChunkRows, true, arena_);
        columns_[width_ - 1] = Column::make(Kind::kInt, kChunkRows, true, arena_);
      }
      positions_[rows_] = position;
    }

    const Chunk& chunk_;
    const std::vector<Kind>& elements_;
    std::size_t width_;
    Arena& arena_;
    Delta& out_;
    std::uint32_t* positions_ = nullptr;
    Column* columns_ = nullptr;
    std::uint32_t rows_ = 0;
  };

  std::vector<ExpressionPtr> arrays_;
  std::vector<Kind> elements_;
  bool keep_;
};

}  // namespace

NodeId unnest(Circuit& circuit, NodeId input, std::vector<ExpressionPtr> arrays, std::vector<TypeId> types, bool keep) {
  const auto in = circuit.types(input);
  std::vector<KeyKind> out(in.begin(), in.end());
  std::vector<Kind> elements;
  for (const TypeId type : types) {
    out.push_back(key_kind_of(element_of(type)));
    elements.push_back(kind_of(element_of(type)));
  }
  out.push_back(KeyKind::kInt);
  return circuit.add(std::make_unique<Unnest>(std::move(out), std::move(arrays), std::move(elements), keep), {&input, 1});
}

}  // namespace weir
