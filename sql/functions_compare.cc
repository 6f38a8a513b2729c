// Comparisons, null and truth tests, IS DISTINCT FROM, GREATEST and LEAST, IN lists.
//
// Order    PostgreSQL's: false < true; NaN equals itself and is above all other floats and numerics; text by bytes; intervals with months of 30 days.

#include "sql/kernels.h"
#include "zset/array.h"
#include "zset/datetime.h"
#include "zset/hash.h"
#include "zset/json.h"

namespace weir {
namespace {

using Int = std::int64_t;

// A predicate of the order of two values.
struct Equal {
  static bool of(int c) { return c == 0; }
  template <class T>
  static bool plain(T a, T b) {
    return a == b;
  }
};
struct NotEqual {
  static bool of(int c) { return c != 0; }
  template <class T>
  static bool plain(T a, T b) {
    return a != b;
  }
};
struct Less {
  static bool of(int c) { return c < 0; }
  template <class T>
  static bool plain(T a, T b) {
    return a < b;
  }
};
struct LessEqual {
  static bool of(int c) { return c <= 0; }
  template <class T>
  static bool plain(T a, T b) {
    return a <= b;
  }
};
struct Greater {
  static bool of(int c) { return c > 0; }
  template <class T>
  static bool plain(T a, T b) {
    return a > b;
  }
};
struct GreaterEqual {
  static bool of(int c) { return c >= 0; }
  template <class T>
  static bool plain(T a, T b) {
    return a >= b;
  }
};

// NaN as the largest value: with `!(a <= b)` and its like no branch is needed.
inline bool float_less(double a, double b) { return (a < b) | ((b != b) & (a == a)); }
inline bool float_equal(double a, double b) { return (a == b) | ((a != a) & (b != b)); }
template <class Op>
bool compare_floats(double a, double b);
template <>
bool compare_floats<Equal>(double a, double b) {
  return float_equal(a, b);
}
template <>
bool compare_floats<NotEqual>(double a, double b) {
  return !float_equal(a, b);
}
template <>
bool compare_floats<Less>(double a, double b) {
  return float_less(a, b);
}
template <>
bool compare_floats<LessEqual>(double a, double b) {
  return !float_less(b, a);
}
template <>
bool compare_floats<Greater>(double a, double b) {
  return float_less(b, a);
}
template <>
bool compare_floats<GreaterEqual>(double a, double b) {
  return !float_less(a, b);
}

template <class Op>
void add_operator(Kernels& k, const std::string& name) {
  const Kernel ints = pointwise<[](Int a, Int b) { return Op::plain(a, b); }>;
  for (const std::string a : kIntegers) {
    for (const std::string b : kIntegers) k.add(name + ' ' + a + ' ' + b, ints, Effort::kCheap);
  }
  k.add(name + " date date", ints, Effort::kCheap);
  for (const std::string t : {"timestamp", "timestamptz", "time"}) k.add(name + ' ' + t + ' ' + t, ints, Effort::kCheap);
  k.add(name + " bool bool", pointwise<[](bool a, bool b) { return Op::plain(int{a}, int{b}); }>, Effort::kCheap);
  for (const std::string a : kFloats) {
    for (const std::string b : kFloats)
      k.add(name + ' ' + a + ' ' + b, pointwise<[](double x, double y) { return compare_floats<Op>(x, y); }>, Effort::kCheap);
  }
  k.add(name + " numeric numeric", pointwise<[](Bytes a, Bytes b) { return Op::of(numeric_compare(a, b)); }>);
  k.add(name + " interval interval", pointwise<[](Interval a, Interval b) { return Op::of(interval_compare(a, b)); }>, Effort::kCheap);
  for (const std::string t : {"text", "bytea", "uuid", "anyenum"}) {
    if constexpr (std::is_same_v<Op, Equal> || std::is_same_v<Op, NotEqual>) {
      k.add(name + ' ' + t + ' ' + t, pointwise<[](Bytes a, Bytes b) { return Op::plain(a == b, true); }>, Effort::kCheap);
    } else {
      k.add(name + ' ' + t + ' ' + t, pointwise<[](std::string_view a, std::string_view b) { return Op::of(a.compare(b)); }>, Effort::kCheap);
    }
  }
  k.add(name + " jsonb jsonb", pointwise<[](Bytes a, Bytes b) { return Op::of(a == b ? 0 : jsonb_compare(a, b)); }>);
  k.add(name + " anyarray anyarray", pointwise<[](Bytes a, Bytes b) { return Op::of(a == b ? 0 : array_compare(a, b)); }>);
  k.add(name + " bpchar bpchar",
        pointwise<[](std::string_view a, std::string_view b) { return Op::of(without_padding(a).compare(without_padding(b))); }>, Effort::kCheap);
}

template <bool Negated>
Column null_kernel(const Function&, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  Column out = Column::make(Kind::kBool, rows.size, false, arena);
  std::uint8_t* data = out.as<std::uint8_t>();
  if (!args[0].valid) {
    __builtin_memset(data, Negated ? 1 : 0, rows.size);
    return out;
  }
  const std::uint64_t* valid = args[0].valid;
  for (std::uint32_t i = 0; i < rows.size; ++i) data[i] = static_cast<std::uint8_t>((valid[i >> 6] >> (i & 63) & 1) == (Negated ? 1 : 0));
  return out;
}

// IS [NOT] TRUE, FALSE: Wanted is the truth value asked for.
template <bool Wanted, bool Negated>
Column truth_kernel(const Function&, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  const std::uint8_t* in = args[0].bools();
  return fill<bool>(rows, arena, [&](std::uint32_t i) { return (args[0].is_valid(i) && (in[i] != 0) == Wanted) != Negated; });
}

template <bool Negated>
Column distinct_kernel(const Function& self, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  const KeyKind kind = key_kind_of(self.args[0].id);
  const Column& a = args[0];
  const Column& b = args[1];
  return fill<bool>(rows, arena, [&](std::uint32_t i) {
    const bool va = a.is_valid(i), vb = b.is_valid(i);
    if (!va || !vb) return (va != vb) != Negated;
    if (kind == KeyKind::kInt) return (a.ints()[i] != b.ints()[i]) != Negated;
    return !key_equal(a.get(i), b.get(i), kind) != Negated;
  });
}

template <bool Greatest>
Column extremum_kernel(const Function& self, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  const KeyKind kind = key_kind_of(self.args[0].id);
  Column out = Column::make(kind_of(self.result.id), rows.size, true, arena);
  rows.each([&](std::uint32_t i) {
    Datum best = Datum::of_null(out.kind);
    for (const Column& c : args) {
      if (!c.is_valid(i)) continue;
      const Datum d = c.get(i);
      if (best.null || (Greatest ? key_compare(d, best, kind) > 0 : key_compare(d, best, kind) < 0)) best = d;
    }
    out.set(i, best);
  });
  return out;
}

template <bool Nulls>
Column null_count_kernel(const Function&, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  return fill<Int>(rows, arena, [&](std::uint32_t i) {
    Int n = 0;
    for (const Column& c : args) n += c.is_valid(i) != Nulls;
    return n;
  });
}

Column in_kernel(const Function& self, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  const KeyKind kind = key_kind_of(self.args[0].id);
  return fill<std::optional<bool>>(rows, arena, [&](std::uint32_t i) -> std::optional<bool> {
    if (!args[0].is_valid(i)) return std::nullopt;
    const Datum x = args[0].get(i);
    bool null = false;
    for (const Column& c : args.subspan(1)) {
      if (!c.is_valid(i))
        null = true;
      else if (key_equal(x, c.get(i), kind))
        return true;
    }
    if (null) return std::nullopt;
    return false;
  });
}

Function made(std::string name, std::vector<Type> args, TypeId result, bool strict, Kernel kernel, Effort effort) {
  Function f;
  f.name = std::move(name);
  f.args = std::move(args);
  f.result = Type{result, 0, 0};
  f.strict = strict;
  f.kernel = kernel;
  f.effort = effort;
  return f;
}

Type plain(const Type& t) { return Type{t.id, 0, 0}; }

bool at_most_one(Int rows) {
  if (rows > 1) fail("more than one row returned by a subquery used as an expression");
  return true;
}

}  // namespace

void add_comparisons(Kernels& k) {
  add_operator<Equal>(k, "=");
  add_operator<NotEqual>(k, "<>");
  add_operator<Less>(k, "<");
  add_operator<LessEqual>(k, "<=");
  add_operator<Greater>(k, ">");
  add_operator<GreaterEqual>(k, ">=");
}

const Function& null_test(bool negated, const Type& argument) {
  const std::string name = negated ? "is not null" : "is null";
  return interned(name + ' ' + plain(argument).to_string(), [&] {
    return made(name, {plain(argument)}, TypeId::kBoolean, false, negated ? null_kernel<true> : null_kernel<false>, Effort::kCheap);
  });
}

const Function& truth_test(std::string_view op) {
  const std::string name(op);
  return interned(name, [&] {
    const Type boolean{TypeId::kBoolean, 0, 0};
    if (name == "not") return made(name, {boolean}, TypeId::kBoolean, true, pointwise<[](bool a) { return !a; }>, Effort::kCheap);
    const Kernel kernel = name == "is true"        ? truth_kernel<true, false>
                          : name == "is not true"  ? truth_kernel<true, true>
                          : name == "is false"     ? truth_kernel<false, false>
                          : name == "is not false" ? truth_kernel<false, true>
                          : name == "is unknown"   ? null_kernel<false>
                                                   : null_kernel<true>;
    return made(name, {boolean}, TypeId::kBoolean, false, kernel, Effort::kCheap);
  });
}

const Function& distinct_test(bool negated, const Type& argument) {
  const std::string name = negated ? "is not distinct from" : "is distinct from";
  return interned(name + ' ' + plain(argument).to_string(), [&] {
    return made(name, {plain(argument), plain(argument)}, TypeId::kBoolean, false, negated ? distinct_kernel<true> : distinct_kernel<false>,
                Effort::kCheap);
  });
}

const Function& extremum(bool greatest, const Type& argument) {
  const std::string name = greatest ? "greatest" : "least";
  return interned(name + ' ' + plain(argument).to_string(), [&] {
    Function f = made(name, {plain(argument)}, argument.id, false, greatest ? extremum_kernel<true> : extremum_kernel<false>, Effort::kCheap);
    f.variadic = true;
    return f;
  });
}

const Function& null_count(bool nulls) {
  const std::string name = nulls ? "num_nulls" : "num_nonnulls";
  return interned(name, [&] {
    Function f = made(name, {Type{}}, TypeId::kInteger, false, nulls ? null_count_kernel<true> : null_count_kernel<false>, Effort::kCheap);
    f.variadic = true;
    return f;
  });
}

namespace {

Column demand(const Function& self, std::span<const Column> args, const Chunk& rows, Arena&) {
  rows.each([&](std::uint32_t i) {
    if (args[1].is_valid(i) && !args[1].bools()[i]) fail(self.name);
  });
  return args[0];
}

}  // namespace

ExprPtr bind_demand(ExprPtr value, ExprPtr condition, const std::string& complaint, int offset) {
  const Type type = value->type, boolean{TypeId::kBoolean, 0, 0};
  const Function& f = interned("demand " + complaint + ": " + plain(type).to_string(),
                               [&] { return made(complaint, {plain(type), boolean}, type.id, false, demand, Effort::kCareful); });
  std::vector<ExprPtr> args;
  args.push_back(std::move(value));
  args.push_back(std::move(condition));
  return Expr::make_call(f, type, std::move(args), offset);
}

const Function& one_row_test() {
  return interned("at most one row", [] {
    return made("at most one row", {Type{TypeId::kBigint, 0, 0}}, TypeId::kBoolean, true, pointwise<at_most_one>, Effort::kCareful);
  });
}

const Function& in_list(const Type& argument) {
  return interned("in " + plain(argument).to_string(), [&] {
    Function f = made("in", {plain(argument)}, TypeId::kBoolean, false, in_kernel, Effort::kCheap);
    f.variadic = true;
    return f;
  });
}

}  // namespace weir
