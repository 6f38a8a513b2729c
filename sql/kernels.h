#pragma once
// How kernels are written and registered: pointwise<lambda>() makes a vectorised kernel of a function on single values, its lanes deduced from
// its signature.
//
//     kernels.add("ascii text", pointwise<[](std::string_view s) { return ascii(s); }>, Effort::kCheap);
//
// Shapes   lanes: bool, int64_t, double, string_view (TEXT, VARCHAR, CHAR, BYTEA, arrays), Bytes (any kBytes as it is), Numeric, Interval. Results also std::string
//          (copied to the arena) and optional<> of each (NULL). A first parameter Arena& gets the step's arena.
// Nulls    kernels of strict functions see no NULL, but for those added as kNullSafe or kCheap, which see the zero slots of NULLs; what they make of
//          these is thrown away.
// Threads  kernels are pure.

#include <array>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>

#include "sql/functions.h"
#include "weir/error.h"
#include "zset/nan.h"
#include "zset/numeric.h"

namespace weir {

// sql/overloads.cc
extern const std::string_view kForeignTypes;
extern const std::string_view kOperatorOverloads;
extern const std::string_view kFunctionOverloads;

[[noreturn]] inline void fail(std::string message) { throw Failure(ErrorCode::kEvaluation, std::move(message)); }

template <class T>
struct Lane;
template <class T>
struct PlainLane {
  using Slot = T;
  static T load(const T& slot) { return slot; }
  static T store(const T& value, Arena&) { return value; }
};
template <>
struct Lane<std::int64_t> : PlainLane<std::int64_t> {
  static constexpr Kind kKind = Kind::kInt;
};
template <>
struct Lane<double> : PlainLane<double> {
  static constexpr Kind kKind = Kind::kDouble;
  static double store(double value, Arena&) { return one_nan(value); }
};
template <>
struct Lane<Bytes> : PlainLane<Bytes> {
  static constexpr Kind kKind = Kind::kBytes;
};
template <>
struct Lane<Interval> : PlainLane<Interval> {
  static constexpr Kind kKind = Kind::kInterval;
};
template <>
struct Lane<bool> {
  using Slot = std::uint8_t;
  static constexpr Kind kKind = Kind::kBool;
  static bool load(std::uint8_t slot) { return slot != 0; }
  static std::uint8_t store(bool value, Arena&) { return value; }
};
// A view of an inline slot points into the slot itself: load() must see the column's memory, not a copy.
template <>
struct Lane<std::string_view> {
  using Slot = Bytes;
  static constexpr Kind kKind = Kind::kBytes;
  static std::string_view load(const Bytes& slot) { return slot.view(); }
  static Bytes store(std::string_view value, Arena&) { return Bytes(value); }  // refers to the argument's or the arena's memory
};
template <>
struct Lane<std::string> {
  using Slot = Bytes;
  static constexpr Kind kKind = Kind::kBytes;
  static Bytes store(const std::string& value, Arena& arena) { return Bytes::copy(value, arena); }
};
template <>
struct Lane<Numeric> {
  using Slot = Bytes;
  static constexpr Kind kKind = Kind::kBytes;
  static Numeric load(const Bytes& slot) { return Numeric::decode(slot); }
  static Bytes store(const Numeric& value, Arena& arena) { return value.encode(arena); }
};

template <class T>
struct OptionalTraits {
  static constexpr bool kIs = false;
  using Value = T;
};
template <class T>
struct OptionalTraits<std::optional<T>> {
  static constexpr bool kIs = true;
  using Value = T;
};

// Results for the rows of `rows`: out[i] = f(i).
template <class R, class F>
Column fill(const Chunk& rows, Arena& arena, F&& f) {
  using Value = typename OptionalTraits<R>::Value;
  using Slot = typename Lane<Value>::Slot;
  Column out = Column::make(Lane<Value>::kKind, rows.size, OptionalTraits<R>::kIs, arena);
  Slot* __restrict data = out.as<Slot>();
  const auto put = [&](std::uint32_t i) {
    if constexpr (OptionalTraits<R>::kIs) {
      if (const R r = f(i)) {
        data[i] = Lane<Value>::store(*r, arena);
      } else {
        data[i] = Slot();
        out.set_null(i);
      }
    } else {
      data[i] = Lane<Value>::store(f(i), arena);
    }
  };
  if (rows.selection) {
    for (std::uint32_t k = 0; k < rows.selected; ++k) put(rows.selection[k]);
  } else {
    const std::uint32_t n = rows.size;
    for (std::uint32_t i = 0; i < n; ++i) put(i);
  }
  return out;
}

template <auto F, class P>
struct Pointwise;
template <auto F, class R, class... A>
struct Pointwise<F, R (*)(A...)> {
  static Column run(const Function&, std::span<const Column> args, const Chunk& rows, Arena& arena) {
    return run(args, rows, arena, std::index_sequence_for<A...>());
  }
  template <std::size_t... I>
  static Column run([[maybe_unused]] std::span<const Column> args, const Chunk& rows, Arena& arena, std::index_sequence<I...>) {
    const std::tuple<const typename Lane<std::decay_t<A>>::Slot*...> in{args[I].template as<const typename Lane<std::decay_t<A>>::Slot>()...};
    return fill<R>(rows, arena, [&]([[maybe_unused]] std::uint32_t i) { return F(Lane<std::decay_t<A>>::load(std::get<I>(in)[i])...); });
  }
};
template <auto F, class R, class... A>
struct Pointwise<F, R (*)(Arena&, A...)> {
  static Column run(const Function&, std::span<const Column> args, const Chunk& rows, Arena& arena) {
    return run(args, rows, arena, std::index_sequence_for<A...>());
  }
  template <std::size_t... I>
  static Column run([[maybe_unused]] std::span<const Column> args, const Chunk& rows, Arena& arena, std::index_sequence<I...>) {
    const std::tuple<const typename Lane<std::decay_t<A>>::Slot*...> in{args[I].template as<const typename Lane<std::decay_t<A>>::Slot>()...};
    return fill<R>(rows, arena, [&]([[maybe_unused]] std::uint32_t i) { return F(arena, Lane<std::decay_t<A>>::load(std::get<I>(in)[i])...); });
  }
};
template <auto F>
inline constexpr Kernel pointwise = &Pointwise<F, decltype(+F)>::run;

// The kernels by signature, "name type type …" in PostgreSQL's internal type names.
class Kernels {
 public:
  struct Entry {
    Kernel kernel;
    Effort effort;
  };
  void add(std::string signature, Kernel kernel, Effort effort = Effort::kCareful) { entries_[std::move(signature)] = {kernel, effort}; }
  const Entry* find(const std::string& signature) const {
    const auto it = entries_.find(signature);
    return it == entries_.end() ? nullptr : &it->second;
  }

 private:
  std::unordered_map<std::string, Entry> entries_;
};

inline constexpr std::array<const char*, 3> kIntegers = {"int2", "int4", "int8"};
inline constexpr std::array<const char*, 2> kFloats = {"float4", "float8"};

void add_arithmetic(Kernels& kernels);   // sql/functions_arithmetic.cc
void add_comparisons(Kernels& kernels);  // sql/functions_compare.cc
void add_mathematics(Kernels& kernels);  // sql/functions_math.cc
void add_texts(Kernels& kernels);        // sql/functions_text.cc
void add_patterns(Kernels& kernels);     // sql/functions_pattern.cc
void add_datetimes(Kernels& kernels);    // sql/functions_datetime.cc
void add_formats(Kernels& kernels);      // sql/functions_format.cc
void add_binaries(Kernels& kernels);     // sql/functions_binary.cc
void add_arrays(Kernels& kernels);       // sql/functions_array.cc
void add_json(Kernels& kernels);         // sql/functions_json.cc
void add_json_paths(Kernels& kernels);   // sql/functions_json_path.cc

// Functions that no catalog of overloads lists, since the grammar makes them: null tests, truth tests, IS DISTINCT FROM, GREATEST. Made for their
// argument types on demand; live as long as the process.
const Function& null_test(bool negated, const Type& argument);
const Function& truth_test(std::string_view op);  // "not", "is true", …
const Function& distinct_test(bool negated, const Type& argument);
const Function& extremum(bool greatest, const Type& argument);
const Function& null_count(bool nulls);
const Function& one_row_test();  // of a count of rows: true, or an error for more than one
const Function& in_list(const Type& argument);  // x, then constants of x's type
const Function& array_constructor(TypeId element);  // ARRAY[…]
const Function& array_subscript(TypeId array);      // array[i]
const Function& array_slice(TypeId array);          // array[i:j]
// x <op> ANY (array), or ALL. REQUIRES: the operator takes two arguments and gives a boolean
const Function& array_quantifier(const Function& op, bool all);
const Function& series_array(TypeId element);       // generate_series, as an array of start, stop, step
// What UNNEST of the array stands for in a select list, until the plan below gives it.
const Function& unnest_marker(TypeId array);
bool is_unnest_marker(const Function& function);
const Function& texts_of_bytes();  // a BYTEA that holds a TEXT[], as an element of what regexp_matches gives
// The members of a JSON or JSONB as an array: the elements of one as they are, or as texts; of an object its keys, its values, its values as texts.
enum class JsonPart : std::uint8_t { kElements, kElementTexts, kKeys, kValues, kTexts };
const Function& json_object_test(TypeId type);  // the value, or an error if it is no object
const Function& json_members(TypeId from, JsonPart part);
// Of an array of values one JSON or JSONB: what JSON_AGG makes of its rows, each on a line of its own where they were arrays.
const Function& json_collection(TypeId array, TypeId to, bool lines);
ExprPtr bind_json_row(TypeId to, std::span<const std::string> names, std::vector<ExprPtr> values, int offset);  // TO_JSON of a row
const Function& json_merger(TypeId to);  // of an array of objects one: what JSON_OBJECT_AGG makes of its pairs
void check_json_path(const Expr& path);  // of a constant: is it a path?
Kernel jsonb_to_boolean();
Kernel jsonb_to_number();   // calls Function::inner, the cast of a NUMERIC
Kernel array_conversion();  // calls Function::inner, a cast, for each element
// The pieces of a text between separators: without one each character; of an empty text none.
void each_part(std::string_view text, std::optional<std::string_view> separator, const std::function<void(std::string_view)>& put);
// The cast between two types, or null if there is none. An explicit cast to VARCHAR(n) or CHAR(n) cuts what is too long, any other refuses it.
const Function* cast_function(TypeId from, const Type& to, bool explicit_cast);
const Function& output_function(TypeId from);  // the text form, as concat() and format() see it
// A cast that changes the type but not the bits.
bool is_relabel(const Function& function);

// Interns a function made on demand: one per `key`.
const Function& interned(const std::string& key, const std::function<Function()>& make);

// Texts (sql/functions_text.cc).
std::int64_t count_characters(std::string_view s);
std::string quoted_identifier(std::string_view s);
std::string quoted_literal(std::string_view s);

// A call on columns: NULLs of strict functions are taken care of.
Column call(const Function& function, std::span<const Column> args, const Chunk& rows, Arena& arena);

}  // namespace weir
