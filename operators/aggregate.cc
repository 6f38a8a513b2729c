#include "operators/aggregate.h"

#include <weir/error.h>

#include <algorithm>

#include "operators/accumulator.h"
#include "operators/gather.h"
#include "operators/key_table.h"
#include "operators/step_list.h"
#include "operators/weight_table.h"

namespace weir {
namespace {

using Id = KeyTable::Id;

bool same_expression(const Expression* a, const Expression* b) {
  if (!a || !b) return a == b;
  if (a->column() >= 0 || b->column() >= 0) return a->column() == b->column();
  return a->key_kind() == b->key_kind() && a->text() == b->text();
}

Column value_of(const Expression& e, const Chunk& chunk, Arena& arena) {
  return e.column() >= 0 ? chunk.columns[e.column()] : e.evaluate(chunk, arena);
}

class Aggregate final : public Operator {
 public:
  Aggregate(std::vector<KeyKind> types, std::vector<ExpressionPtr> keys, std::vector<AggregateSpec> specs)
      : Operator(std::move(types)), keys_(std::move(keys)), specs_(std::move(specs)) {
    for (std::size_t a = 0; a < specs_.size(); ++a) plan_output(a, false);
    for (std::size_t a = 0; a < specs_.size(); ++a) plan_output(a, true);
    row_bytes_ = sizeof(GroupHead);
    for (Part& part : parts_) {
      part.accumulator->place(row_bytes_);
      if (!part.accumulator->plain()) built_.push_back(part.accumulator.get());
      row_bytes_ += (part.accumulator->bytes() + 7) / 8 * 8;
    }
    std::vector<KeyKind> kinds;
    for (const ExpressionPtr& key : keys_) kinds.push_back(key->key_kind());
    groups_ = std::make_unique<KeyTable>(std::move(kinds), row_bytes_);
  }
  ~Aggregate() override {
    groups_->each([&](Id id) {
      for (Accumulator* accumulator : built_) accumulator->destroy(groups_->rows().row(id));
    });
  }

  void evaluate(Step& step, Inputs inputs, Delta& out) override {
    Arena& arena = step.arena();
    for (const Chunk& chunk : inputs[0]->chunks) {
      take(chunk, arena);
      step.breathe();
    }
    settle(arena);
    put_touched(arena, out);
  }
  void backfill(Step& step, Inputs inputs, Delta& out) override {
    if (keys_.empty()) {  // the one group, there from now on
      Chunk one = dense_chunk(1, {}, nullptr);
      Id id;
      groups_->find_or_add(one, step.arena(), &id);
      touch(id, step.arena());
    }
    evaluate(step, inputs, out);
  }

  void advance() noexcept override {
    for (std::size_t n = 0; n < touched_.size(); ++n) {
      const Touched& t = touched_[n];
      prefetch(n + kAhead);
      auto& head = groups_->payload<GroupHead>(t.id);
      head.touched = 0;
      if (!keys_.empty() && head.rows == 0) drop(t.id);
    }
    for (Part& part : parts_) {
      if (part.distinct) part.distinct->advance();
    }
    forget();
  }
  void revert() noexcept override {
    std::vector<std::byte*> rows;
    for (auto entry = log_.rbegin(); entry != log_.rend(); ++entry) {
      rows.resize(entry->rows.size);
      entry->rows.each([&](std::uint32_t i) { rows[i] = groups_->rows().row(entry->ids[i]); });
      if (entry->part >= 0) parts_[static_cast<std::size_t>(entry->part)].accumulator->update(entry->rows, entry->values, rows.data(), nullptr, true);
      else add_rows(entry->rows, rows.data(), true);
    }
    rows.resize(touched_.size());
    for (std::size_t t = 0; t < touched_.size(); ++t) rows[t] = groups_->rows().row(touched_[t].id);
    for (Part& part : parts_) {
      part.accumulator->undo(rows.data(), static_cast<std::uint32_t>(rows.size()));
      if (part.distinct) part.distinct->revert();
    }
    for (const Touched& t : touched_) {
      groups_->payload<GroupHead>(t.id).touched = 0;
      if (!existed(t)) drop(t.id);
    }
    forget();
  }

  bool contents(Step& step, Delta& out) const override {
    Block block(step.arena());
    groups_->each([&](Id id) {
      block.add(id, groups_->rows().row(id), 1, false);
      if (block.n == kChunkRows) flush(block, step.arena(), out);
    });
    flush(block, step.arena(), out);
    return true;
  }
  bool has_state() const override { return true; }
  bool consolidated() const override { return true; }
  std::string label() const override {
    std::string text = "aggregate";
    for (std::size_t k = 0; k < keys_.size(); ++k) text += (k ? ", " : " by ") + keys_[k]->text();
    return text;
  }
  std::uint64_t state_rows() const override {
    std::uint64_t n = groups_->size();
    for (const Part& part : parts_) n += part.distinct ? part.distinct->keys().size() : 0;
    return n;
  }
  std::size_t state_bytes() const override {
    std::size_t n = groups_->bytes();
    for (const Part& part : parts_) n += part.accumulator->common_bytes() + (part.distinct ? part.distinct->keys().bytes() : 0);
    if (built_.empty()) return n;
    groups_->each([&](Id id) {
      for (const Accumulator* accumulator : built_) n += accumulator->heap_bytes(groups_->rows().row(id));
    });
    return n;
  }

 private:
  // One accumulator, which may serve several aggregates over the same values: SUM, AVG and COUNT; MIN and MAX.
  struct Part {
    const AggregateSpec* spec;  // the first of those that it serves
    std::unique_ptr<Accumulator> accumulator;
    std::unique_ptr<WeightTable<1>> distinct;  // of (group, values)
    std::vector<int> arguments;                // of arguments_
    int filter;                                // of filters_; -1: none
  };
  struct Touched {
    Id id;
    const std::byte* before;  // its row when the step first touched it
  };
  // What has been added to an accumulator, so that it can be taken out.
  struct Logged {
    int part;  // -1: to the row counts
    Chunk rows;
    const Column* values;
    const Id* ids;  // by position
  };
  // Rows on their way out.
  struct Block {
    Id* ids;
    const std::byte** rows;
    std::int64_t* weights;
    bool* goes;  // the group is about to be removed
    std::uint32_t n = 0;
    explicit Block(Arena& arena)
        : ids(arena.array<Id>(kChunkRows)), rows(arena.array<const std::byte*>(kChunkRows)), weights(arena.array<std::int64_t>(kChunkRows)),
          goes(arena.array<bool>(kChunkRows)) {}
    void add(Id id, const std::byte* row, std::int64_t weight, bool leaves) {
      ids[n] = id;
      rows[n] = row;
      weights[n] = weight;
      goes[n++] = leaves;
    }
  };

  static int find_or_add(std::vector<const Expression*>& list, const Expression* e) {
    if (!e) return -1;
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (same_expression(list[i], e)) return static_cast<int>(i);
    }
    list.push_back(e);
    return static_cast<int>(list.size()) - 1;
  }

  // COUNTs come last: each may be read off what another aggregate keeps.
  void plan_output(std::size_t a, bool counts) {
    const AggregateSpec& spec = specs_[a];
    const bool is_count = spec.function == AggregateFunction::kCount || spec.function == AggregateFunction::kCountStar;
    if (is_count != counts) return;
    part_of_.resize(specs_.size(), -1);
    asked_.resize(specs_.size());
    asked_[a] = {spec.function, spec.result_type};
    if (spec.function == AggregateFunction::kCountStar && !spec.filter) return;  // the group's rows
    const bool distinct = spec.distinct && !ignores_repeats(spec.function);
    const int filter = find_or_add(filters_, spec.filter.get());
    std::vector<int> arguments;
    if (spec.argument) arguments.push_back(find_or_add(arguments_, spec.argument.get()));
    for (const ExpressionPtr& e : spec.more) arguments.push_back(find_or_add(arguments_, e.get()));
    for (std::size_t p = 0; p < parts_.size(); ++p) {
      const Part& part = parts_[p];
      if (part.arguments != arguments || part.filter != filter || (part.distinct != nullptr) != distinct) continue;
      if (!share_accumulator(*part.spec, spec) && !(is_count && part.accumulator->counts())) continue;
      part_of_[a] = static_cast<int>(p);
      asked_[a].number = part.accumulator->ask(spec);
      return;
    }
    Part part{&spec, make_accumulator(spec), nullptr, std::move(arguments), filter};
    if (distinct) {
      std::vector<KeyKind> kinds = {KeyKind::kInt};
      for (const int argument : part.arguments) kinds.push_back(arguments_[static_cast<std::size_t>(argument)]->key_kind());
      part.distinct = std::make_unique<WeightTable<1>>(std::move(kinds));
    }
    part_of_[a] = static_cast<int>(parts_.size());
    asked_[a].number = part.accumulator->ask(spec);
    parts_.push_back(std::move(part));
  }

  std::uint32_t touch(Id id, Arena& arena) {
    std::byte* row = groups_->rows().row(id);
    auto& head = *reinterpret_cast<GroupHead*>(row);
    auto* before = static_cast<std::byte*>(arena.bytes(row_bytes_));
    std::memcpy(before, row, row_bytes_);
    for (const Accumulator* accumulator : built_) {
      if (head.made) accumulator->freeze(before, arena);
      else accumulator->construct(row);
    }
    head.made = 1;
    touched_.push_back({id, before});
    return head.touched = static_cast<std::uint32_t>(touched_.size());
  }
  // The row of touched group n: these loops go over as many groups as the step has touched, which may be many more than the cache holds.
  static constexpr std::size_t kAhead = 16;
  void prefetch(std::size_t n) const {
    if (n < touched_.size()) groups_->rows().prefetch(touched_[n].id);
  }
  bool existed(const Touched& t) const { return reinterpret_cast<const GroupHead*>(t.before)->made != 0; }

  static bool add_rows(const Chunk& rows, std::byte* const* groups, bool negate) {
    bool overflow = false;
    rows.each([&](std::uint32_t i) {
      auto& head = *reinterpret_cast<GroupHead*>(groups[i]);
      overflow |= negate ? __builtin_sub_overflow(head.rows, rows.weights[i], &head.rows) : __builtin_add_overflow(head.rows, rows.weights[i], &head.rows);
    });
    return !overflow;
  }

  void take(const Chunk& chunk, Arena& arena) {
    Id* ids = arena.array<Id>(chunk.size);
    if (keys_.empty()) {
      const Id only = 0;
      std::fill_n(ids, chunk.size, only);
    } else {
      Chunk keys = chunk;
      keys.width = static_cast<std::uint16_t>(keys_.size());
      keys.columns = arena.array<Column>(keys_.size());
      for (std::size_t k = 0; k < keys_.size(); ++k) keys.columns[k] = value_of(*keys_[k], chunk, arena);
      groups_->find_or_add(keys, arena, ids);
    }
    auto** groups = arena.array<std::byte*>(chunk.size);
    auto* numbers = arena.array<std::uint32_t>(chunk.size);
    chunk.each([&](std::uint32_t i) {
      groups[i] = groups_->rows().row(ids[i]);
      const std::uint32_t touched = reinterpret_cast<const GroupHead*>(groups[i])->touched;
      numbers[i] = (touched ? touched : touch(ids[i], arena)) - 1;
    });
    log_.push_back({-1, chunk, nullptr, ids});
    if (!add_rows(chunk, groups, false)) throw_weight_out_of_range();

    Chunk* filtered = arena.array<Chunk>(filters_.size());
    for (std::size_t f = 0; f < filters_.size(); ++f) filtered[f] = select_true(chunk, value_of(*filters_[f], chunk, arena), arena);
    // An argument is computed for the rows that pass the filter, and once for all parts that take the same.
    const Column** values = arena.array<const Column*>(arguments_.size() * (filters_.size() + 1));
    std::fill_n(values, arguments_.size() * (filters_.size() + 1), nullptr);
    for (std::size_t p = 0; p < parts_.size(); ++p) {
      const Part& part = parts_[p];
      const Chunk& rows = part.filter < 0 ? chunk : filtered[part.filter];
      if (rows.selected == 0) continue;
      const auto value = [&](int argument) {
        const Column*& known = values[static_cast<std::size_t>(part.filter + 1) * arguments_.size() + static_cast<std::size_t>(argument)];
        if (!known) {
          Column* c = arena.array<Column>(1);
          *c = value_of(*arguments_[static_cast<std::size_t>(argument)], rows, arena);
          known = c;
        }
        return known;
      };
      const Column* taken = nullptr;
      if (part.arguments.size() == 1) {
        taken = value(part.arguments[0]);
      } else if (!part.arguments.empty()) {
        Column* several = arena.array<Column>(part.arguments.size());
        for (std::size_t a = 0; a < part.arguments.size(); ++a) several[a] = *value(part.arguments[a]);
        taken = several;
      }
      if (part.distinct) take_distinct(part, rows, taken, ids, arena);
      else update(p, rows, taken, ids, groups, numbers);
    }
  }

  void update(std::size_t p, const Chunk& rows, const Column* values, const Id* ids, std::byte* const* groups, const std::uint32_t* numbers) {
    Accumulator& accumulator = *parts_[p].accumulator;
    if (accumulator.logged()) log_.push_back({static_cast<int>(p), rows, values, ids});
    if (!accumulator.update(rows, values, groups, numbers, false)) throw Failure(ErrorCode::kEvaluation, "aggregate out of range");
  }

  void take_distinct(const Part& part, const Chunk& rows, const Column* values, const Id* ids, Arena& arena) {
    Chunk pairs = rows;
    pairs.width = static_cast<std::uint16_t>(1 + part.arguments.size());
    pairs.columns = arena.array<Column>(pairs.width);
    pairs.columns[0] = Column::make(Kind::kInt, rows.size, false, arena);
    rows.each([&](std::uint32_t i) { pairs.columns[0].as<std::int64_t>()[i] = ids[i]; });
    std::copy_n(values, part.arguments.size(), pairs.columns + 1);
    if (part.spec->function == AggregateFunction::kStringAgg) {  // a NULL separator is one
      const std::span<Column> all = pairs.cols();
      pairs.width = 2;
      pairs = without_nulls(pairs, arena);
      pairs.width = static_cast<std::uint16_t>(all.size());
      pairs.columns = all.data();
    } else if (part.spec->function != AggregateFunction::kArrayAgg) {
      pairs = without_nulls(pairs, arena);
    }
    if (pairs.selected != 0) part.distinct->add(pairs, 0, arena);
  }

  // The values that appear in or vanish from their groups, to the accumulator behind DISTINCT.
  void feed_distinct(std::size_t p, Arena& arena) {
    const WeightTable<1>& table = *parts_[p].distinct;
    const auto& touched = table.touched();
    for (std::size_t at = 0; at < touched.size();) {
      const auto room = static_cast<std::uint32_t>(std::min<std::size_t>(kChunkRows, touched.size() - at));
      Id* pairs = arena.array<Id>(room);
      std::int64_t* weights = arena.array<std::int64_t>(room);
      std::uint32_t n = 0;
      for (const std::size_t end = at + room; at < end; ++at) {
        const std::int64_t now = table.weights(touched[at].id)[0];
        if (now < 0) throw Failure(ErrorCode::kEvaluation, "a value is deleted that is not in its group");
        if ((now > 0) == (touched[at].before[0] > 0)) continue;
        pairs[n] = touched[at].id;
        weights[n++] = now > 0 ? 1 : -1;
      }
      if (n == 0) continue;
      const std::size_t width = 1 + parts_[p].arguments.size();
      Column* columns = arena.array<Column>(width);
      for (std::size_t c = 0; c < width; ++c) {
        columns[c] = Column::make(physical(table.keys().rows().kinds()[c]), n, true, arena);
        table.keys().rows().gather(pairs, n, c, columns[c]);
      }
      Id* ids = arena.array<Id>(n);
      auto** groups = arena.array<std::byte*>(n);
      auto* numbers = arena.array<std::uint32_t>(n);
      for (std::uint32_t k = 0; k < n; ++k) {
        ids[k] = static_cast<Id>(columns[0].ints()[k]);
        groups[k] = groups_->rows().row(ids[k]);
        numbers[k] = reinterpret_cast<const GroupHead*>(groups[k])->touched - 1;
      }
      for (std::size_t c = 1; c < width; ++c) trim_bitmap(columns[c], n);
      update(p, dense_chunk(n, {columns, width}, weights), columns + 1, ids, groups, numbers);
    }
  }

  void settle(Arena& arena) {
    for (std::size_t p = 0; p < parts_.size(); ++p) {
      if (parts_[p].distinct) feed_distinct(p, arena);
    }
    const auto n = static_cast<std::uint32_t>(touched_.size());
    auto** rows = arena.array<std::byte*>(n);
    for (std::uint32_t t = 0; t < n; ++t) {
      prefetch(t + kAhead);
      rows[t] = groups_->rows().row(touched_[t].id);
      if (reinterpret_cast<const GroupHead*>(rows[t])->rows < 0) throw Failure(ErrorCode::kEvaluation, "a row is deleted that is not in its group");
    }
    for (Part& part : parts_) part.accumulator->settle(rows, n);
  }

  void put_touched(Arena& arena, Delta& out) const {
    Block block(arena);
    for (std::size_t n = 0; n < touched_.size(); ++n) {
      const Touched& t = touched_[n];
      prefetch(n + kAhead);
      if (block.n + 2 > kChunkRows) flush(block, arena, out);
      const std::byte* now = groups_->rows().row(t.id);
      const bool stays = keys_.empty() || reinterpret_cast<const GroupHead*>(now)->rows > 0;
      if (existed(t)) block.add(t.id, t.before, -1, !stays);
      if (stays) block.add(t.id, now, 1, false);
    }
    flush(block, arena, out);
  }

  // A retraction is followed by the insertion of the same group, if it stays: where the two are equal neither is selected.
  void flush(Block& block, Arena& arena, Delta& out) const {
    if (block.n == 0) return;
    const std::uint32_t n = block.n;
    Column* columns = arena.array<Column>(types().size());
    for (std::size_t k = 0; k < keys_.size(); ++k) {
      columns[k] = Column::make(physical(types()[k]), n, true, arena);
      groups_->rows().gather(block.ids, n, k, columns[k]);
      trim_bitmap(columns[k], n);
      if (columns[k].kind != Kind::kBytes) continue;
      for (std::uint32_t i = 0; i < n; ++i) {
        Bytes& b = columns[k].as<Bytes>()[i];
        if (block.goes[i] && !b.is_inline()) b = Bytes::copy(b.view(), arena);
      }
    }
    for (std::size_t a = 0; a < specs_.size(); ++a) {
      Column& column = columns[keys_.size() + a];
      column = Column::make(physical(types()[keys_.size() + a]), n, true, arena);
      if (part_of_[a] < 0) {
        for (std::uint32_t i = 0; i < n; ++i) column.as<std::int64_t>()[i] = reinterpret_cast<const GroupHead*>(block.rows[i])->rows;
        column.valid = nullptr;
      } else {
        parts_[static_cast<std::size_t>(part_of_[a])].accumulator->finish(asked_[a], block.rows, n, column, arena);
        trim_bitmap(column, n);
      }
    }
    std::int64_t* weights = arena.array<std::int64_t>(n);
    std::memcpy(weights, block.weights, n * sizeof *weights);
    Chunk chunk = dense_chunk(n, {columns, types().size()}, weights);
    std::uint32_t* selection = arena.array<std::uint32_t>(n);
    std::uint32_t selected = 0;
    for (std::uint32_t i = 0; i < n; ++i) {
      if (weights[i] < 0 && i + 1 < n && block.ids[i + 1] == block.ids[i] && same_aggregates(columns, i)) {
        ++i;
        continue;
      }
      selection[selected++] = i;
    }
    if (selected != n) {
      chunk.selection = selection;
      chunk.selected = selected;
    }
    out.add(chunk);
    block.n = 0;
  }
  bool same_aggregates(const Column* columns, std::uint32_t i) const {
    for (std::size_t c = keys_.size(); c < types().size(); ++c) {
      if (!identical_at(columns[c], i, i + 1)) return false;
    }
    return true;
  }

  void drop(Id id) noexcept {
    for (Accumulator* accumulator : built_) accumulator->destroy(groups_->rows().row(id));
    groups_->erase(id);
  }
  void forget() noexcept {
    for (Part& part : parts_) part.accumulator->forget();
    empty_list(touched_);
    empty_list(log_);
  }

  std::vector<ExpressionPtr> keys_;
  std::vector<AggregateSpec> specs_;
  std::vector<const Expression*> arguments_, filters_;
  std::vector<Part> parts_;
  std::vector<Accumulator*> built_;  // of the parts whose state is more than bytes
  std::vector<int> part_of_;  // by aggregate; -1: the rows of the group
  std::vector<Asked> asked_;  // by aggregate
  std::size_t row_bytes_ = 0;
  std::unique_ptr<KeyTable> groups_;
  std::vector<Touched> touched_;
  std::vector<Logged> log_;
};

}  // namespace

NodeId aggregate(Circuit& circuit, NodeId input, std::vector<ExpressionPtr> keys, std::vector<AggregateSpec> aggregates) {
  std::vector<KeyKind> types;
  for (const ExpressionPtr& key : keys) types.push_back(key->key_kind());
  for (const AggregateSpec& spec : aggregates) types.push_back(key_kind_of(spec.result_type));
  return circuit.add(std::make_unique<Aggregate>(std::move(types), std::move(keys), std::move(aggregates)), {&input, 1});
}

}  // namespace weir
