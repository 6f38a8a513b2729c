#include "operators/temporal_filter.h"

#include <weir/error.h>

#include <algorithm>
#include <set>

#include "operators/parallel_chunks.h"
#include "operators/row_store.h"
#include "operators/step_list.h"
#include "zset/datetime.h"
#include "zset/slots.h"

namespace weir {
namespace {

using Id = RowStore::Id;
using Rows = std::vector<std::uint32_t>;  // positions of a chunk, ascending

std::int64_t day_of(Moment t) { return t >= 0 ? t / kMicrosPerDay : -((kMicrosPerDay - 1 - t) / kMicrosPerDay); }
Moment first_of(std::int64_t day) { return day * kMicrosPerDay; }
Moment last_of(std::int64_t day) { return first_of(day) + kMicrosPerDay - 1; }

// What is to become of the rows of a chunk, by position.
struct Outlook {
  std::vector<std::uint8_t> shown;  // now
  std::vector<Moment> wakes;        // the next moment at which a condition changes; kNever also where one will never hold again
};

// Looks at a chunk through one condition after the other.
class Look {
 public:
  Look(const Chunk& chunk, Moment now, Outlook& out)
      : chunk_(chunk), now_(now), out_(out), holds_(chunk.size), truth_(chunk.size), at_(chunk.size), flip_(chunk.size), low_(chunk.size), high_(chunk.size) {
    out_.shown.assign(chunk.size, 1);
    out_.wakes.assign(chunk.size, kNever);
    chunk.each([&](std::uint32_t i) { alive_.push_back(i); });
  }

  void through(const TimeCondition& condition) {
    condition_ = &condition;
    ask(alive_, [this](std::uint32_t) { return now_; });
    Rows settled, waiting;  // waiting for the condition's last word
    for (const std::uint32_t i : alive_) {
      holds_[i] = truth_[i];
      flip_[i] = kNever;
      out_.shown[i] = out_.shown[i] & truth_[i];
      (holds_[i] == condition.enters ? settled : waiting).push_back(i);
    }
    if (condition.by_day) {
      find_midnight(std::move(settled));
      find_day(std::move(waiting));
    } else {
      find_within(std::move(waiting), [this](std::uint32_t) { return now_; }, [](std::uint32_t) { return kTimeEnd; });
    }
    std::erase_if(alive_, [&](std::uint32_t i) {
      const bool dead = !holds_[i] && flip_[i] == kNever;
      out_.wakes[i] = dead ? kNever : std::min(out_.wakes[i], flip_[i]);
      return dead;
    });
  }

 private:
  // truth_ of these rows, each at its own time.
  template <class At>
  void ask(const Rows& rows, At&& at) {
    if (rows.empty()) return;
    for (const std::uint32_t i : rows) at_[i] = at(i);
    scratch_.reset();
    Chunk timed = chunk_;
    timed.selection = rows.data();
    timed.selected = static_cast<std::uint32_t>(rows.size());
    timed.columns = scratch_.array<Column>(chunk_.width + std::size_t{1});
    std::copy_n(chunk_.columns, chunk_.width, timed.columns);
    timed.columns[timed.width++] = {Kind::kInt, at_.data(), nullptr};
    const Column result = condition_->condition->evaluate(timed, scratch_);
    for (const std::uint32_t i : rows) truth_[i] = result.is_valid(i) && result.bools()[i];
  }

  // The same at a time to come, at_, at which the condition may have no value that can be computed (a number is out of its range then): no row is wrong for that now.
  // For such a row at_ is the last of ever nearer moments at which it has one.
  template <class To>
  void ask_ahead(const Rows& rows, To&& to) {
    try {
      return ask(rows, to);
    } catch (const Failure&) {
    }
    for (const std::uint32_t i : rows) {
      for (Moment at = to(i);; at = now_ + (at - now_) / 2) {
        try {
          ask({i}, [at](std::uint32_t) { return at; });
          break;
        } catch (const Failure&) {
          if (at <= now_) throw;
        }
      }
    }
  }

  // high_: the first in (low_, high_] at which the condition has its last word, given that it has it at high_ and not at low_.
  template <class At>
  void search(Rows rows, At&& at) {
    const auto middle = [this](std::uint32_t i) { return low_[i] + (high_[i] - low_[i]) / 2; };
    for (;;) {
      std::erase_if(rows, [this](std::uint32_t i) { return high_[i] - low_[i] <= 1; });
      if (rows.empty()) return;
      ask(rows, [&](std::uint32_t i) { return at(middle(i)); });
      for (const std::uint32_t i : rows) (truth_[i] == condition_->enters ? high_ : low_)[i] = middle(i);
    }
  }

  // The flip of rows that do not have the last word at `from`, where they have it at `to`. Gives back the others.
  template <class From, class To>
  Rows find_within(Rows rows, From&& from, To&& to) {
    Rows others;
    ask_ahead(rows, to);
    std::erase_if(rows, [&](std::uint32_t i) {
      if (truth_[i] == condition_->enters) return false;
      if (at_[i] == to(i)) others.push_back(i);
      else flip_[i] = std::max(at_[i], now_ + 1);  // to be looked at again: further it could not be seen
      return true;
    });
    for (const std::uint32_t i : rows) {
      low_[i] = from(i);
      high_[i] = at_[i];
    }
    search(rows, [](Moment t) { return t; });
    for (const std::uint32_t i : rows) flip_[i] = high_[i];
    return others;
  }

  // Rows that have the last word of this day: the next one may begin with another.
  void find_midnight(Rows rows) {
    const Moment midnight = first_of(day_of(now_) + 1);
    if (midnight > kTimeEnd) return;
    ask(rows, [midnight](std::uint32_t) { return midnight; });
    for (const std::uint32_t i : rows) {
      if (truth_[i] != condition_->enters) flip_[i] = midnight;
    }
  }

  // Rows that wait: for a moment of this day, or of the first day that ends with the last word.
  void find_day(Rows rows) {
    const std::int64_t today = day_of(now_), end = day_of(kTimeEnd);
    rows = find_within(std::move(rows), [this](std::uint32_t) { return now_; }, [today](std::uint32_t) { return last_of(today); });
    ask(rows, [end](std::uint32_t) { return last_of(end); });
    std::erase_if(rows, [this](std::uint32_t i) { return truth_[i] != condition_->enters; });
    for (const std::uint32_t i : rows) {
      low_[i] = today;
      high_[i] = end;
    }
    search(rows, last_of);
    ask(rows, [this](std::uint32_t i) { return first_of(high_[i]); });
    std::erase_if(rows, [this](std::uint32_t i) {
      if (truth_[i] != condition_->enters) return false;
      flip_[i] = first_of(high_[i]);
      return true;
    });
    const std::vector<Moment> days = high_;
    find_within(std::move(rows), [&](std::uint32_t i) { return first_of(days[i]); }, [&](std::uint32_t i) { return last_of(days[i]); });
  }

  const Chunk& chunk_;
  const Moment now_;
  Outlook& out_;
  const TimeCondition* condition_ = nullptr;
  Rows alive_;  // no condition so far rules them out for ever
  std::vector<std::uint8_t> holds_, truth_;
  std::vector<Moment> at_, flip_, low_, high_;
  Arena scratch_;
};

bool same_value(const Column& column, std::uint32_t i, const std::byte* slot) {
  return with_type(column.kind, [&](auto* type) {
    std::remove_pointer_t<decltype(type)> value;
    std::memcpy(&value, slot, sizeof value);
    return std::memcmp(&value, column.as<const std::byte>() + i * sizeof value, sizeof value) == 0;
  });
}

class TemporalFilter final : public Operator {
 public:
  TemporalFilter(std::vector<KeyKind> types, std::vector<TimeCondition> conditions)
      : Operator(types), conditions_(std::move(conditions)), rows_(std::move(types), sizeof(Entry)) {}

  void evaluate(Step& step, Inputs inputs, Delta& out) override {
    take_due(step, out);
    const std::vector<Chunk>& chunks = inputs[0]->chunks;
    std::vector<Outlook> outlooks(chunks.size());
    const auto look = [&](std::size_t n) { outlooks[n] = look_at(chunks[n], step.now()); };
    if (chunks.size() > 1 && step.parallel(inputs[0]->rows())) {
      step.executor().run(chunks.size(), look);
    } else {
      for (std::size_t n = 0; n < chunks.size(); ++n) look(n);
    }
    for (std::size_t n = 0; n < chunks.size(); ++n) {
      out.add(selected(chunks[n], step.arena(), [&](std::uint32_t i) { return outlooks[n].shown[i] != 0; }));
      keep(selected(chunks[n], step.arena(), [&](std::uint32_t i) { return outlooks[n].wakes[i] != kNever; }), outlooks[n], step.arena());
    }
  }

  void advance() noexcept override {
    for (const Due& due : due_) {
      order_.erase(order_.begin());
      Entry& e = entry(due.id);
      e.ordered = false;
      e.wakes = due.wakes;
      e.shown = due.shown;
      if (due.wakes == kNever) {
        remove(due.id);
      } else if (!e.touched) {
        put_in_order(due.id, e);
      }
    }
    empty_list(due_);
    for (const Touched& t : touched_) {
      Entry& e = entry(t.id);
      e.touched = false;
      if (e.weight == 0) {
        if (e.ordered) order_.erase({e.wakes, t.id});
        remove(t.id);
      } else if (!e.ordered) {
        put_in_order(t.id, e);
      }
    }
    empty_list(touched_);
  }
  void revert() noexcept override {
    empty_list(due_);
    for (const Touched& t : touched_) {
      Entry& e = entry(t.id);
      e.touched = false;
      e.weight = t.before;
      if (e.weight == 0) remove(t.id);
    }
    empty_list(touched_);
  }

  // What is shown for ever is not in the state: contents are computed from those of the input, which touches nothing at rest.
  bool follows_time() const override { return true; }
  Moment wakes_at() const override { return order_.empty() ? kNever : order_.begin()->first; }
  std::string label() const override {
    std::string text = "filter by time";
    for (std::size_t c = 0; c < conditions_.size(); ++c) text += (c ? " AND " : " ") + conditions_[c].condition->text();
    return text;
  }
  std::uint64_t state_rows() const override { return rows_.rows(); }
  std::size_t state_bytes() const override { return rows_.bytes() + slots_.bytes() + order_.size() * kOrderNodeBytes; }

 private:
  static constexpr std::size_t kOrderNodeBytes = 48;
  struct Entry {
    std::int64_t weight;
    Moment wakes;
    bool shown, ordered, touched;  // ordered: it stands in order_
  };
  struct Touched {
    Id id;
    std::int64_t before;
  };
  struct Due {
    Id id;
    bool shown;
    Moment wakes;
  };

  Entry& entry(Id id) { return *reinterpret_cast<Entry*>(rows_.row(id)); }

  Outlook look_at(const Chunk& chunk, Moment now) const {
    Outlook out;
    Look look(chunk, now, out);
    for (const TimeCondition& c : conditions_) look.through(c);
    return out;
  }

  template <class F>
  static Chunk selected(const Chunk& chunk, Arena& arena, F&& f) {
    auto* positions = arena.array<std::uint32_t>(chunk.selected);
    Chunk out = chunk;
    out.selection = positions;
    out.selected = 0;
    chunk.each([&](std::uint32_t i) {
      if (f(i)) positions[out.selected++] = i;
    });
    return out;
  }

  // The rows whose moment has come: what they were is taken back, or comes.
  void take_due(Step& step, Delta& out) {
    std::vector<Id> ids;
    std::vector<std::int64_t> weights;
    for (auto it = order_.begin(); it != order_.end() && it->first <= step.now(); ++it) {
      ids.push_back(it->second);
      weights.push_back(entry(it->second).weight);
    }
    if (ids.empty()) return;
    Arena& arena = step.arena();
    Delta rows;
    rows_.emit(ids, weights, nullptr, arena, rows);
    std::size_t n = 0;
    for (Chunk& chunk : rows.chunks) {
      const Outlook outlook = look_at(chunk, step.now());
      auto* changes = arena.array<std::int64_t>(chunk.size);
      for (std::uint32_t i = 0; i < chunk.size; ++i, ++n) {
        const bool shown = outlook.shown[i] != 0, was = entry(ids[n]).shown;
        changes[i] = shown == was ? 0 : shown ? chunk.weights[i] : -chunk.weights[i];
        due_.push_back({ids[n], shown, outlook.wakes[i]});
      }
      chunk.weights = changes;
      Chunk changed = selected(chunk, arena, [&](std::uint32_t i) { return changes[i] != 0; });
      own_bytes(changed, arena);
      out.add(changed);
    }
  }

  // Rows that come may be gone from the state when the step ends.
  static void own_bytes(const Chunk& chunk, Arena& arena) {
    for (const Column& column : chunk.cols()) {
      if (column.kind != Kind::kBytes) continue;
      chunk.each([&](std::uint32_t i) {
        Bytes& b = column.as<Bytes>()[i];
        if (column.is_valid(i) && !b.is_inline()) b = Bytes::copy(b.view(), arena);
      });
    }
  }

  // Takes rows that will change yet into the state.
  void keep(const Chunk& chunk, const Outlook& outlook, Arena& arena) {
    if (chunk.selected == 0) return;
    auto* hashes = arena.array<std::uint64_t>(chunk.selected);
    hash_rows(chunk, {}, hashes);
    for (std::uint32_t k = 0; k < chunk.selected; ++k) {
      const std::uint32_t i = chunk.position(k);
      std::size_t at = slots_.home(hashes[k]);
      for (Slots::Slot s; (s = slots_[at]); at = slots_.after(at)) {
        if (Slots::alike(s, hashes[k]) && identical(Slots::row(s), chunk, i)) break;
      }
      const bool is_new = !slots_[at];
      Id id = RowStore::kNone;
      if (is_new) {
        id = rows_.add(chunk.columns, i, static_cast<std::uint32_t>(hashes[k] >> 32));
        slots_.insert(at, hashes[k], id);
      } else {
        id = Slots::row(slots_[at]);
      }
      Entry& e = entry(id);
      if (is_new) {
        e.wakes = outlook.wakes[i];
        e.shown = outlook.shown[i] != 0;
      }
      if (!e.touched) {
        touched_.push_back({id, e.weight});
        e.touched = true;
      }
      e.weight = add_weights(e.weight, chunk.weights[i]);
    }
  }

  bool identical(Id id, const Chunk& chunk, std::uint32_t position) const {
    const std::byte* row = rows_.row(id);
    for (std::size_t c = 0; c < chunk.width; ++c) {
      const Column& column = chunk.columns[c];
      const bool null = rows_.is_null(row, c);
      if (null == column.is_valid(position)) return false;
      if (null) continue;
      if (column.kind == Kind::kBytes) {
        Bytes b;
        std::memcpy(&b, rows_.slot(row, c), sizeof b);
        if (!(b == column.bytes()[position])) return false;
      } else if (!same_value(column, position, rows_.slot(row, c))) {
        return false;
      }
    }
    return true;
  }

  void put_in_order(Id id, Entry& e) {
    order_.emplace(e.wakes, id);
    e.ordered = true;
  }

  void remove(Id id) noexcept {
    std::size_t at = slots_.home(std::uint64_t{rows_.tag(id)} << 32);
    while (Slots::row(slots_[at]) != id) at = slots_.after(at);
    slots_.erase(at);
    rows_.remove(id);
    slots_.fit();
  }

  std::vector<TimeCondition> conditions_;
  RowStore rows_;
  Slots slots_;                              // by identity
  std::set<std::pair<Moment, Id>> order_;    // of the rows at rest, by wakes
  std::vector<Due> due_;                     // the first of order_
  std::vector<Touched> touched_;
};

}  // namespace

NodeId temporal_filter(Circuit& circuit, NodeId input, std::vector<TimeCondition> conditions) {
  const auto types = circuit.types(input);
  return circuit.add(std::make_unique<TemporalFilter>(std::vector<KeyKind>(types.begin(), types.end()), std::move(conditions)), {&input, 1});
}

}  // namespace weir
