#include "operators/accumulator_ordered.h"

#include <weir/error.h>

#include <cmath>
#include <cstdio>
#include <optional>

#include "operators/order_bytes.h"
#include "operators/ordered_changes.h"
#include "zset/array.h"
#include "zset/nan.h"

namespace weir {
namespace {

using F = AggregateFunction;

// What is common to all of them: a tree a group, its changes, and answers that are kept when a step first touches a group.
template <class Order>
class InOrder : public Accumulator {
 public:
  using Value = typename Order::Value;
  using Set = OrderedMultiset<Value>;
  using Change = typename Set::Change;
  using Owner = ValueOwner<Value>;
  struct State {
    Set set;
    std::int64_t total;   // values
    const Datum* frozen;  // the answers, by number, as they were before the step; null: to be read off the set
  };

  explicit InOrder(std::size_t bytes = sizeof(State)) : Accumulator(bytes) {}

  void destroy(std::byte* group) noexcept override {
    this->template at<State>(group).set.clear(own_);
  }
  void freeze(std::byte* before, Arena& arena) const override {
    State& s = this->template at<State>(before);
    Datum* answers = new (arena.bytes(asked_ * sizeof(Datum))) Datum[asked_];
    for (std::uint32_t q = 0; q < asked_; ++q) {
      answers[q] = answer(before, q, arena);
      if (!answers[q].null && answers[q].kind == Kind::kBytes) answers[q].bytes = Bytes::copy(answers[q].bytes.view(), arena);
    }
    s.frozen = answers;
  }
  bool logged() const override { return false; }
  bool counts() const override { return false; }

  void settle(Accumulator::Groups groups, std::uint32_t n, Executor* executor) override {
    changes_.settle(n, executor, own_, [&](std::uint32_t g) -> Set& { return this->template at<State>(groups[g]).set; },
                    [&](std::uint32_t g, std::span<const Change> changes, Owner& own) { apply(groups[g], changes, own); });
  }
  void undo(Accumulator::Groups groups, std::uint32_t) noexcept override {
    changes_.undo(own_, [&](std::uint32_t g, std::span<const Change> changes, Owner& own) { apply(groups[g], changes, own); });
  }
  void forget() noexcept override { changes_.forget(); }
  void finish(const Asked& asked, const std::byte* const* groups, std::uint32_t n, Column& out, Arena& arena) const override {
    for (std::uint32_t k = 0; k < n; ++k) {
      const State& s = this->template at<State>(groups[k]);
      const Datum d = s.frozen ? s.frozen[asked.number] : answer(groups[k], asked.number, arena);
      out.set(k, d.null ? Datum::of_null(out.kind) : d);
    }
  }
  std::size_t heap_bytes(const std::byte* group) const override { return this->template at<State>(group).set.bytes(); }
  std::size_t common_bytes() const override { return own_.bytes; }

 protected:
  virtual Datum answer(const std::byte* group, std::uint32_t question, Arena& arena) const = 0;
  virtual void apply(std::byte* group, std::span<const Change> changes, Owner& own) {
    State& s = this->template at<State>(group);
    s.set.apply(changes, Order(), own);
    for (const Change& c : changes) s.total += c.weight;
  }
  static Value value_at(const Set& set, std::int64_t position) {
    Value found{};
    set.each_from(position, [&](const Value& v, std::int64_t) {
      found = v;
      return false;
    });
    return found;
  }

  OrderedChanges<Order> changes_;
  Owner own_;
  std::uint32_t asked_ = 0;
};

// -- MODE, PERCENTILE_CONT, PERCENTILE_DISC.

// What SQL's order alone says: 0 for values that only their looks tell apart.
struct Plainly {
  int operator()(std::int64_t a, std::int64_t b) const { return a < b ? -1 : a > b; }
  int operator()(double a, double b) const { return a == b ? 0 : DoubleOrder()(a, b); }
  int operator()(const Interval& a, const Interval& b) const { return interval_compare(a, b); }
};
template <class Order>
int compare_plainly(const typename Order::Value& a, const typename Order::Value& b) {
  if constexpr (std::is_same_v<Order, NumericOrder>) return numeric_compare(a, b);
  else if constexpr (std::is_same_v<Order, ArrayOrder>) return array_compare(a, b);
  else if constexpr (std::is_same_v<Order, JsonOrder>) return jsonb_compare(a, b);
  else if constexpr (std::is_same_v<Order, TextOrder>) return Order()(a, b);
  else if constexpr (std::is_same_v<Order, PaddedOrder>) return without_padding(a.view()).compare(without_padding(b.view()));
  else return Plainly()(a, b);
}

Datum between(double low, double high, double part) { return Datum::of(one_nan(low + part * (high - low))); }
Datum between(const Interval& low, const Interval& high, double part) {
  return Datum::of(interval_plus(interval_times(interval_plus(high, interval_negate(low)), part), low));
}

template <class Order>
class OrderedSet final : public InOrder<Order> {
 public:
  using Base = InOrder<Order>;
  using Value = typename Base::Value;
  using Change = typename Base::Change;
  using Set = typename Base::Set;
  struct Frequent {  // a value, whatever its looks, and how often it is there
    Value value;
    std::int64_t count;
  };
  struct FrequentOrder {
    int operator()(const Frequent& a, const Frequent& b) const {
      return a.count != b.count ? (a.count > b.count ? -1 : 1) : compare_plainly<Order>(a.value, b.value);
    }
  };
  struct FrequentOwner {
    ValueOwner<Value>* own;
    void keep(Frequent& f) { own->keep(f.value); }
    void meet(const Frequent&) {}
    void drop(const Frequent& f) { own->drop(f.value); }
  };
  struct State {
    typename Base::State values;
    OrderedMultiset<Frequent> modes;
  };

  explicit OrderedSet(bool booleans) : Base(sizeof(State)), booleans_(booleans) {}

  std::uint32_t ask(const AggregateSpec& spec) override {
    Question q{spec.function, spec.order[0].descending, std::nullopt};
    if (spec.function != F::kMode && !spec.direct[0].get().null) q.fraction = spec.direct[0].get().number;
    modes_ |= spec.function == F::kMode;
    questions_.push_back(q);
    return Base::asked_++;
  }
  void destroy(std::byte* group) noexcept override {
    Base::destroy(group);
    FrequentOwner own{&this->own_};
    this->template at<State>(group).modes.clear(own);
  }
  std::size_t heap_bytes(const std::byte* group) const override { return Base::heap_bytes(group) + this->template at<State>(group).modes.bytes(); }
  bool update(const Chunk& rows, const Column* value, Accumulator::Groups, const std::uint32_t* numbers, bool) override {
    each_value(rows, value, [&](std::uint32_t i) {
      if constexpr (std::is_same_v<Value, std::int64_t>) {
        this->changes_.add(booleans_ ? value->bools()[i] & 1 : value->ints()[i], rows.weights[i], numbers[i]);
      } else {
        this->changes_.add(value->as<const Value>()[i], rows.weights[i], numbers[i]);
      }
    });
    return true;
  }

 protected:
  void apply(std::byte* group, std::span<const Change> changes, typename Base::Owner& values_own) override {
    if (!modes_) return Base::apply(group, changes, values_own);
    State& s = this->template at<State>(group);
    std::vector<std::int64_t> before;
    const auto each_class = [&](auto&& f) {
      for (std::size_t i = 0; i < changes.size(); ++i) {
        if (i == 0 || compare_plainly<Order>(changes[i - 1].value, changes[i].value) != 0) f(changes[i].value);
      }
    };
    each_class([&](const Value& v) { before.push_back(count_of(s.values.set, v)); });
    Base::apply(group, changes, values_own);
    FrequentOwner own{&values_own};
    std::size_t at = 0;
    each_class([&](const Value& v) {
      const std::int64_t was = before[at++], is = count_of(s.values.set, v);
      if (was == is) return;
      if (was > 0) s.modes.add({v, was}, -1, FrequentOrder(), own);
      if (is > 0) s.modes.add({v, is}, 1, FrequentOrder(), own);
    });
  }

  Datum answer(const std::byte* group, std::uint32_t question, Arena&) const override {
    const Question& q = questions_[question];
    const typename Base::State& s = this->template at<typename Base::State>(group);
    if (q.function == F::kMode) return s.total <= 0 ? Datum() : datum(mode(this->template at<State>(group), q.descending));
    if (!q.fraction) return Datum();
    const double fraction = *q.fraction;
    if (!(fraction >= 0 && fraction <= 1)) {
      throw Failure(ErrorCode::kEvaluation, "percentile value " + format_short(fraction) + " is not between 0 and 1");
    }
    if (s.total <= 0) return Datum();
    const auto value = [&](std::int64_t position) { return Base::value_at(s.set, q.descending ? s.total - 1 - position : position); };
    if (q.function == F::kPercentileDisc) {
      const auto row = static_cast<std::int64_t>(std::ceil(fraction * static_cast<double>(s.total)));
      return datum(value(std::max<std::int64_t>(row - 1, 0)));
    }
    if constexpr (std::is_same_v<Value, double> || std::is_same_v<Value, Interval>) {
      const double place = fraction * static_cast<double>(s.total - 1);
      const auto first = static_cast<std::int64_t>(std::floor(place)), second = static_cast<std::int64_t>(std::ceil(place));
      return first == second ? Datum::of(value(first)) : between(value(first), value(second), place - static_cast<double>(first));
    }
    return Datum();
  }

 private:
  struct Question {
    F function;
    bool descending;
    std::optional<double> fraction;
  };

  Datum datum(const Value& v) const {
    if constexpr (std::is_same_v<Value, std::int64_t>) {
      if (booleans_) return Datum::of(v != 0);
    }
    return Datum::of(v);
  }
  static std::string format_short(double d) {  // as printf's %g
    char text[32];
    std::snprintf(text, sizeof text, "%g", d);
    return text;
  }
  // The weight of all that is plainly before the value, and of all that is plainly it.
  static typename Set::Rank place_of(const Set& set, const Value& value) {
    const auto before = set.rank(value, [](const Value& a, const Value& b) { return compare_plainly<Order>(a, b) < 0 ? -1 : 1; }).before;
    const auto until = set.rank(value, [](const Value& a, const Value& b) { return compare_plainly<Order>(a, b) <= 0 ? -1 : 1; }).before;
    return {before, until - before};
  }
  static std::int64_t count_of(const Set& set, const Value& value) { return place_of(set, value).weight; }
  static Value mode(const State& s, bool descending) {
    Frequent most = s.modes.front();
    if (descending) {  // the last among those that are as frequent
      const auto equals = s.modes.rank(most, [&](const Frequent& a, const Frequent& b) { return a.count >= b.count ? -1 : 1; }).before;
      s.modes.each_from(equals - 1, [&](const Frequent& f, std::int64_t) {
        most = f;
        return false;
      });
    }
    return Base::value_at(s.values.set, place_of(s.values.set, most.value).before);
  }

  bool booleans_, modes_ = false;
  std::vector<Question> questions_;
};

// -- Rows by bytes that begin with those of their ORDER BY.

class Placed : public InOrder<TextOrder> {
 public:
  Placed(const AggregateSpec& spec, std::size_t bytes) : InOrder(bytes), order_(spec.order) {
    kinds_.push_back(spec.argument->key_kind());
    for (const ExpressionPtr& e : spec.more) kinds_.push_back(e->key_kind());
  }
  void forget() noexcept override {
    InOrder::forget();
    arena_.reset();
  }

 protected:
  // append(bytes, position) makes the bytes of a row. NULLs of `value`, where it is given, are skipped.
  template <class Append>
  void note(const Chunk& rows, const Column* value, const std::uint32_t* numbers, Append&& append) {
    std::string bytes;
    each_value(rows, value, [&](std::uint32_t i) {
      bytes.clear();
      append(bytes, i);
      changes_.add(Bytes::copy(bytes, arena_), rows.weights[i], numbers[i]);
    });
  }

  std::vector<OrderKey> order_;
  std::vector<KeyKind> kinds_;  // of the arguments

 private:
  Arena arena_;
};

class Hypothetical final : public Placed {
 public:
  struct State {
    InOrder::State rows;
    Set distinct;
  };
  explicit Hypothetical(const AggregateSpec& spec) : Placed(spec, sizeof(State)) {}

  std::uint32_t ask(const AggregateSpec& spec) override {
    Question q{spec.function, {}};
    for (std::size_t i = 0; i < order_.size(); ++i) {
      append_order_bytes(q.row, spec.direct[i].get(), kinds_[i], order_[i].descending, order_[i].nulls_first);
    }
    dense_ |= spec.function == F::kDenseRank;
    questions_.push_back(std::move(q));
    return asked_++;
  }
  void destroy(std::byte* group) noexcept override {
    InOrder::destroy(group);
    at<State>(group).distinct.clear(own_);
  }
  std::size_t heap_bytes(const std::byte* group) const override { return InOrder::heap_bytes(group) + at<State>(group).distinct.bytes(); }
  bool update(const Chunk& rows, const Column* values, Groups, const std::uint32_t* numbers, bool) override {
    note(rows, nullptr, numbers, [&](std::string& bytes, std::uint32_t i) {
      for (std::size_t c = 0; c < order_.size(); ++c) append_order_bytes(bytes, values[c].get(i), kinds_[c], order_[c].descending, order_[c].nulls_first);
    });
    return true;
  }

 protected:
  void apply(std::byte* group, std::span<const Change> changes, Owner& own) override {
    if (!dense_) return InOrder::apply(group, changes, own);
    State& s = at<State>(group);
    std::vector<bool> before;
    for (const Change& c : changes) before.push_back(s.rows.set.rank(c.value, TextOrder()).weight > 0);
    InOrder::apply(group, changes, own);
    for (std::size_t i = 0; i < changes.size(); ++i) {
      const bool is = s.rows.set.rank(changes[i].value, TextOrder()).weight > 0;
      if (is != before[i]) s.distinct.add(changes[i].value, is ? 1 : -1, TextOrder(), own);
    }
  }
  Datum answer(const std::byte* group, std::uint32_t question, Arena&) const override {
    const Question& q = questions_[question];
    const State& s = at<State>(group);
    const Bytes row{std::string_view(q.row)};
    const auto rank = s.rows.set.rank(row, TextOrder());
    switch (q.function) {
      case F::kDenseRank: return Datum::of(s.distinct.rank(row, TextOrder()).before + 1);
      case F::kPercentRank: return Datum::of(s.rows.total == 0 ? 0.0 : static_cast<double>(rank.before) / static_cast<double>(s.rows.total));
      case F::kCumeDist: return Datum::of(static_cast<double>(rank.before + rank.weight + 1) / static_cast<double>(s.rows.total + 1));
      default: return Datum::of(rank.before + 1);
    }
  }

 private:
  struct Question {
    F function;
    std::string row;  // that is asked about
  };
  std::vector<Question> questions_;
  bool dense_ = false;
};

// All rows of a group, one answer.
class List : public Placed {
 public:
  explicit List(const AggregateSpec& spec) : Placed(spec, sizeof(State)) {}
  std::uint32_t ask(const AggregateSpec&) final {
    asked_ = 1;
    return 0;
  }

 protected:
  void append_place(std::string& bytes, const Column* values, std::uint32_t i) const {
    for (const OrderKey& key : order_) append_order_bytes(bytes, values[key.column].get(i), kinds_[key.column], key.descending, key.nulls_first);
  }
};

// A text in its place: [ the bytes of ORDER BY | the text | its separator | the sizes of both ]. Equal places are in order of text, then separator.
class TextList final : public List {
 public:
  using List::List;
  bool update(const Chunk& rows, const Column* values, Groups, const std::uint32_t* numbers, bool) override {
    note(rows, values, numbers, [&](std::string& bytes, std::uint32_t i) {
      append_place(bytes, values, i);
      const std::string_view text = values[0].bytes()[i].view();
      const std::string_view separator = values[1].is_valid(i) ? values[1].bytes()[i].view() : std::string_view();
      bytes += text;
      // No text holds a byte 0: the shorter of two comes first, whatever its separator. Of two separators NULL is the last.
      bytes += '\0';
      bytes += values[1].is_valid(i) ? '\1' : '\2';
      bytes += separator;
      for (const std::size_t size : {text.size(), separator.size()}) {
        const auto n = static_cast<std::uint32_t>(size);
        bytes.append(reinterpret_cast<const char*>(&n), sizeof n);
      }
    });
    return true;
  }

 protected:
  Datum answer(const std::byte* group, std::uint32_t, Arena& arena) const override {
    const InOrder::State& s = at<InOrder::State>(group);
    if (s.total <= 0) return Datum();
    std::string out;
    bool first = true;
    s.set.each_from(0, [&](const Bytes& entry, std::int64_t copies) {
      const std::string_view bytes = entry.view();
      std::uint32_t sizes[2];
      std::memcpy(sizes, bytes.data() + bytes.size() - sizeof sizes, sizeof sizes);
      const std::string_view separator = bytes.substr(bytes.size() - sizeof sizes - sizes[1], sizes[1]);
      const std::string_view text = bytes.substr(bytes.size() - sizeof sizes - sizes[1] - 2 - sizes[0], sizes[0]);
      if (static_cast<std::uint64_t>(copies) > kTextMost || out.size() + (text.size() + separator.size()) * static_cast<std::uint64_t>(copies) > kTextMost) {
        throw Failure(ErrorCode::kEvaluation, "out of memory: the text of string_agg is longer than 1 GB");
      }
      for (; copies > 0; --copies) {
        if (!first) out += separator;
        out += text;
        first = false;
      }
      return true;
    });
    return Datum::of(Bytes::copy(out, arena));
  }

 private:
  static constexpr std::uint64_t kTextMost = std::uint64_t{1} << 30;
};

// A value in its place: [ the bytes of ORDER BY | the value, nothing for NULL | its size, or that it is NULL ]. Without ORDER BY in order of the values.
class ArrayList final : public List {
 public:
  explicit ArrayList(const AggregateSpec& spec) : List(spec) { order_.push_back({0, false, false}); }
  bool update(const Chunk& rows, const Column* values, Groups, const std::uint32_t* numbers, bool) override {
    note(rows, nullptr, numbers, [&](std::string& bytes, std::uint32_t i) {
      append_place(bytes, values, i);
      const std::size_t head = bytes.size();
      const bool null = !values[0].is_valid(i);
      if (!null) append_value(bytes, values[0], i);
      const std::uint32_t size = null ? kNull : static_cast<std::uint32_t>(bytes.size() - head);
      bytes.append(reinterpret_cast<const char*>(&size), sizeof size);
    });
    return true;
  }

 protected:
  Datum answer(const std::byte* group, std::uint32_t, Arena& arena) const override {
    const InOrder::State& s = at<InOrder::State>(group);
    if (s.total <= 0) return Datum();
    ArrayBuilder out(kinds_[0]);
    s.set.each_from(0, [&](const Bytes& entry, std::int64_t copies) {
      const std::string_view bytes = entry.view();
      std::uint32_t size;
      std::memcpy(&size, bytes.data() + bytes.size() - sizeof size, sizeof size);
      const Datum value = size == kNull ? Datum() : value_of(bytes.substr(bytes.size() - sizeof size - size, size));
      for (; copies > 0; --copies) out.add(value);
      return true;
    });
    return Datum::of(out.take(arena));
  }

 private:
  static constexpr std::uint32_t kNull = UINT32_MAX;

  static void append_value(std::string& out, const Column& column, std::uint32_t i) {
    if (column.kind == Kind::kBytes) {
      out += column.bytes()[i].view();
    } else {
      const std::size_t n = slot_bytes(column.kind);
      out.append(column.as<const char>() + i * n, n);
    }
  }
  Datum value_of(std::string_view bytes) const {
    switch (physical(kinds_[0])) {
      case Kind::kBool: return Datum::of(bytes[0] != 0);
      case Kind::kInt: return Datum::of(load<std::int64_t>(bytes));
      case Kind::kDouble: return Datum::of(load<double>(bytes));
      case Kind::kInterval: return Datum::of(load<Interval>(bytes));
      case Kind::kBytes: break;
    }
    return Datum::of(Bytes(bytes));
  }
  template <class T>
  static T load(std::string_view bytes) {
    T value;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
};

}  // namespace

std::unique_ptr<Accumulator> make_ordered_set(TypeId argument) {
  switch (key_kind_of(argument)) {
    case KeyKind::kBool: return std::make_unique<OrderedSet<IntegerOrder>>(true);
    case KeyKind::kInt: return std::make_unique<OrderedSet<IntegerOrder>>(false);
    case KeyKind::kDouble: return std::make_unique<OrderedSet<DoubleOrder>>(false);
    case KeyKind::kNumeric: return std::make_unique<OrderedSet<NumericOrder>>(false);
    case KeyKind::kInterval: return std::make_unique<OrderedSet<IntervalOrder>>(false);
    case KeyKind::kPadded: return std::make_unique<OrderedSet<PaddedOrder>>(false);
    case KeyKind::kArray: return std::make_unique<OrderedSet<ArrayOrder>>(false);
    case KeyKind::kJson: return std::make_unique<OrderedSet<JsonOrder>>(false);
    case KeyKind::kText: break;
  }
  return std::make_unique<OrderedSet<TextOrder>>(false);
}

std::unique_ptr<Accumulator> make_hypothetical(const AggregateSpec& spec) { return std::make_unique<Hypothetical>(spec); }
std::unique_ptr<Accumulator> make_text_list(const AggregateSpec& spec) { return std::make_unique<TextList>(spec); }
std::unique_ptr<Accumulator> make_array_list(const AggregateSpec& spec) { return std::make_unique<ArrayList>(spec); }

}  // namespace weir
