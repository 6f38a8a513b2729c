#include "operators/aggregate.h"

#include <weir/error.h>

#include <algorithm>
#include <utility>

#include "operators/accumulator.h"
#include "operators/gather.h"
#include "operators/key_table.h"
#include "operators/parallel_chunks.h"
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
    Executor* executor = step.parallel(inputs[0]->rows()) ? &step.executor() : nullptr;
    if (executor && inputs[0]->chunks.size() > 1) {
      take_in_parallel(step, *inputs[0]);
    } else {
      for (const Chunk& chunk : inputs[0]->chunks) {
        take(chunk, arena);
        step.breathe();
      }
    }
    settle(step, executor);
    put_touched(step, executor, out);
  }
  void backfill(Step& step, Inputs inputs, Delta& out) override {
    if (keys_.empty()) {  // the one group, there from now on
      Chunk one = dense_chunk(1, {}, nullptr);
      Id id;
      groups_->find_or_add(one, step.arena(), &id);
      touch(id);
      remember(0, 1, step.arena());
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
    const std::byte* before;  // its row when the step first touched it; null: not remembered yet
  };
  // The rows of a chunk that one part takes, and their arguments.
  struct PartRows {
    Chunk rows;
    const Column* values;
  };
  // What a chunk brings. By position: the entries of its groups, their rows, their numbers.
  struct Taken {
    Chunk rows, keys;
    PartRows* parts;
    Id* ids;
    std::byte** groups;
    std::uint32_t* numbers;
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

  std::uint32_t touch(Id id) {
    touched_.push_back({id, nullptr});
    return groups_->payload<GroupHead>(id).touched = static_cast<std::uint32_t>(touched_.size());
  }
  // Keeps the rows of touched groups as they are, before anything is added to them.
  void remember(std::size_t first, std::size_t last, Arena& arena) {
    for (std::size_t n = first; n < last; ++n) {
      prefetch(n + kAhead);
      std::byte* row = groups_->rows().row(touched_[n].id);
      auto& head = *reinterpret_cast<GroupHead*>(row);
      auto* before = static_cast<std::byte*>(arena.bytes(row_bytes_));
      std::memcpy(before, row, row_bytes_);
      for (const Accumulator* accumulator : built_) {
        if (head.made) accumulator->freeze(before, arena);
        else accumulator->construct(row);
      }
      head.made = 1;
      touched_[n].before = before;
    }
  }
  // The row of touched group n: these loops go over as many groups as the step has touched, which may be many more than the cache holds.
  static constexpr std::size_t kAhead = 16;
  void prefetch(std::size_t n) const {
    if (n < touched_.size()) groups_->rows().prefetch(touched_[n].id);
  }
  bool existed(const Touched& t) const {
    return (t.before ? reinterpret_cast<const GroupHead*>(t.before)->made : groups_->payload<GroupHead>(t.id).made) != 0;
  }

  static bool add_rows(const Chunk& rows, std::byte* const* groups, bool negate) {
    bool overflow = false;
    rows.each([&](std::uint32_t i) {
      auto& head = *reinterpret_cast<GroupHead*>(groups[i]);
      overflow |= negate ? __builtin_sub_overflow(head.rows, rows.weights[i], &head.rows) : __builtin_add_overflow(head.rows, rows.weights[i], &head.rows);
    });
    return !overflow;
  }

  // Computes keys, filters and arguments. An argument is computed for the rows that pass the filter, and once for all parts that take the same.
  Taken prepare(const Chunk& chunk, Arena& arena) const {
    Taken t{chunk, chunk, arena.array<PartRows>(parts_.size()), arena.array<Id>(chunk.size), arena.array<std::byte*>(chunk.size),
            arena.array<std::uint32_t>(chunk.size)};
    t.keys.width = static_cast<std::uint16_t>(keys_.size());
    t.keys.columns = arena.array<Column>(keys_.size());
    for (std::size_t k = 0; k < keys_.size(); ++k) t.keys.columns[k] = value_of(*keys_[k], chunk, arena);

    Chunk* filtered = arena.array<Chunk>(filters_.size());
    for (std::size_t f = 0; f < filters_.size(); ++f) filtered[f] = select_true(chunk, value_of(*filters_[f], chunk, arena), arena);
    const Column** values = arena.array<const Column*>(arguments_.size() * (filters_.size() + 1));
    std::fill_n(values, arguments_.size() * (filters_.size() + 1), nullptr);
    for (std::size_t p = 0; p < parts_.size(); ++p) {
      const Part& part = parts_[p];
      const Chunk& rows = part.filter < 0 ? chunk : filtered[part.filter];
      t.parts[p] = {rows, nullptr};
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
      if (part.arguments.size() == 1) {
        t.parts[p].values = value(part.arguments[0]);
      } else if (!part.arguments.empty()) {
        Column* several = arena.array<Column>(part.arguments.size());
        for (std::size_t a = 0; a < part.arguments.size(); ++a) several[a] = *value(part.arguments[a]);
        t.parts[p].values = several;
      }
    }
    return t;
  }
  // Numbers the groups that the step had not touched.
  void number(const Taken& t) {
    for (std::uint32_t k = 0; k < t.rows.selected; ++k) {
      if (k + kAhead < t.rows.selected) groups_->rows().prefetch(t.ids[t.rows.position(k + kAhead)]);
      const std::uint32_t i = t.rows.position(k), touched = groups_->payload<GroupHead>(t.ids[i]).touched;
      t.numbers[i] = (touched ? touched : touch(t.ids[i])) - 1;
    }
  }
  void find_rows(const Taken& t) {
    t.rows.each([&](std::uint32_t i) { t.groups[i] = groups_->rows().row(t.ids[i]); });
  }

  void take(const Chunk& chunk, Arena& arena) {
    const Taken t = prepare(chunk, arena);
    if (keys_.empty()) std::fill_n(t.ids, chunk.size, Id{0});
    else groups_->find_or_add(t.keys, arena, t.ids);
    const std::size_t known = touched_.size();
    number(t);
    find_rows(t);
    remember(known, touched_.size(), arena);
    count(chunk, t, log_);
    for (std::size_t p = 0; p < parts_.size(); ++p) take_part(p, t, arena);
  }
  void take_part(std::size_t p, const Taken& t, Arena& arena) {
    const PartRows& part = t.parts[p];
    if (part.rows.selected == 0) return;
    if (parts_[p].distinct) take_distinct(parts_[p], part.rows, part.values, t.ids, arena);
    else update(p, part.rows, part.values, t.ids, t.groups, t.numbers, log_);
  }

  // Large deltas: all that a chunk needs no other for in parallel; then the numbers of the groups, in order; then the groups, dealt out by number, in parallel.
  void take_in_parallel(Step& step, const Delta& in) {
    Executor& executor = step.executor();
    std::vector<Taken> taken(in.chunks.size());
    executor.run(taken.size(), [&](std::size_t c) {
      taken[c] = prepare(in.chunks[c], step.arena());
      if (keys_.empty()) std::fill_n(taken[c].ids, in.chunks[c].size, Id{0});
      else groups_->find(taken[c].keys, step.arena(), taken[c].ids);
    });
    const std::size_t known = touched_.size();  // the one group, of backfill(), is remembered already
    for (const Taken& t : taken) {
      if (!keys_.empty()) groups_->add_missing(t.keys, step.arena(), t.ids);
      number(t);
    }
    each_range(&executor, touched_.size() - known, [&](std::size_t first, std::size_t last) { remember(known + first, known + last, step.arena()); });

    // Rows whose group has number n go to share n mod kShares.
    std::vector<Share*> shares(taken.size());
    executor.run(taken.size(), [&](std::size_t c) {
      find_rows(taken[c]);
      shares[c] = deal_out(taken[c], step.arena());
    });
    std::vector<std::size_t> whole;  // parts that take their rows one chunk after the other
    for (std::size_t p = 0; p < parts_.size(); ++p) {
      if (parts_[p].distinct || !parts_[p].accumulator->logged()) whole.push_back(p);
    }
    std::vector<std::vector<Logged>> logs(kShares);
    const auto keep_logs = [&] {
      for (const std::vector<Logged>& log : logs) log_.insert(log_.end(), log.begin(), log.end());
    };
    try {
      executor.run(kShares + whole.size(), [&](std::size_t task) {
        for (std::size_t c = 0; c < taken.size(); ++c) {
          const Taken& t = taken[c];
          if (task >= kShares) {
            take_part(whole[task - kShares], t, step.arena());
            continue;
          }
          const Share& share = shares[c][task];
          if (share.rows.selected == 0) continue;
          count(share.rows, t, logs[task]);
          for (std::size_t p = 0; p < parts_.size(); ++p) {
            const Chunk& rows = share.parts[p];
            if (rows.selected != 0) update(p, rows, t.parts[p].values, t.ids, t.groups, t.numbers, logs[task]);
          }
        }
      });
    } catch (...) {
      keep_logs();
      throw;
    }
    keep_logs();
  }

  // Of a chunk: its rows, and those that each part takes that may be updated in shares.
  struct Share {
    Chunk rows;
    Chunk* parts;
  };
  static constexpr std::size_t kShares = 16;
  Share* deal_out(const Taken& t, Arena& arena) const {
    auto* shares = arena.array<Share>(kShares);
    Chunk* of_rows = deal_out(t.rows, t.numbers, arena);
    std::vector<Chunk*> of_filters(filters_.size());
    for (std::size_t s = 0; s < kShares; ++s) shares[s] = {of_rows[s], new (arena.bytes(parts_.size() * sizeof(Chunk))) Chunk[parts_.size()]};
    for (std::size_t p = 0; p < parts_.size(); ++p) {
      if (parts_[p].distinct || !parts_[p].accumulator->logged()) continue;
      Chunk*& dealt = parts_[p].filter < 0 ? of_rows : of_filters[static_cast<std::size_t>(parts_[p].filter)];
      if (!dealt) dealt = deal_out(t.parts[p].rows, t.numbers, arena);
      for (std::size_t s = 0; s < kShares; ++s) shares[s].parts[p] = dealt[s];
    }
    return shares;
  }
  static Chunk* deal_out(const Chunk& rows, const std::uint32_t* numbers, Arena& arena) {
    std::uint32_t ends[kShares] = {};
    rows.each([&](std::uint32_t i) { ++ends[numbers[i] % kShares]; });
    auto* selection = arena.array<std::uint32_t>(rows.selected);
    auto* shares = arena.array<Chunk>(kShares);
    std::uint32_t at = 0;
    for (std::size_t s = 0; s < kShares; ++s) {
      shares[s] = rows;
      shares[s].selection = selection + at;
      shares[s].selected = ends[s];
      at += std::exchange(ends[s], at);
    }
    rows.each([&](std::uint32_t i) { selection[ends[numbers[i] % kShares]++] = i; });
    return shares;
  }

  void count(const Chunk& rows, const Taken& t, std::vector<Logged>& log) {
    log.push_back({-1, rows, nullptr, t.ids});
    if (!add_rows(rows, t.groups, false)) throw_weight_out_of_range();
  }
  void update(std::size_t p, const Chunk& rows, const Column* values, const Id* ids, std::byte* const* groups, const std::uint32_t* numbers,
              std::vector<Logged>& log) {
    Accumulator& accumulator = *parts_[p].accumulator;
    if (accumulator.logged()) log.push_back({static_cast<int>(p), rows, values, ids});
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
      update(p, dense_chunk(n, {columns, width}, weights), columns + 1, ids, groups, numbers, log_);
    }
  }

  void settle(Step& step, Executor* executor) {
    for (std::size_t p = 0; p < parts_.size(); ++p) {
      if (parts_[p].distinct) feed_distinct(p, step.arena());
    }
    auto** rows = step.arena().array<std::byte*>(touched_.size());
    each_range(executor, touched_.size(), [&](std::size_t first, std::size_t last) {
      for (std::size_t t = first; t < last; ++t) {
        prefetch(t + kAhead);
        rows[t] = groups_->rows().row(touched_[t].id);
        if (reinterpret_cast<const GroupHead*>(rows[t])->rows < 0) throw Failure(ErrorCode::kEvaluation, "a row is deleted that is not in its group");
      }
      for (const Part& part : parts_) {
        if (part.accumulator->logged()) part.accumulator->settle(rows + first, static_cast<std::uint32_t>(last - first), nullptr);
      }
    });
    for (const Part& part : parts_) {
      if (!part.accumulator->logged()) part.accumulator->settle(rows, static_cast<std::uint32_t>(touched_.size()), executor);
    }
  }

  void put_touched(Step& step, Executor* executor, Delta& out) const {
    std::vector<Delta> parts(executor ? touched_.size() / kRangeRows + 1 : 0);
    each_range(executor, touched_.size(), [&](std::size_t first, std::size_t last) {
      put_touched(first, last, step.arena(), executor ? parts[first / kRangeRows] : out);
    });
    for (const Delta& part : parts) out.chunks.insert(out.chunks.end(), part.chunks.begin(), part.chunks.end());
  }
  void put_touched(std::size_t first, std::size_t last, Arena& arena, Delta& out) const {
    Block block(arena);
    for (std::size_t n = first; n < last; ++n) {
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
    std::byte* row = groups_->rows().row(id);
    for (Accumulator* accumulator : built_) {
      if (reinterpret_cast<const GroupHead*>(row)->made) accumulator->destroy(row);
    }
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
