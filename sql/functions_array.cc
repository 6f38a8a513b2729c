// Arrays: their making, subscripts and slices, functions and operators over them, `x = ANY (array)`.
//
// Nulls    an element is equal to another as for =, NULLs to NULLs only where a function says so (array_position, array_remove, array_replace).

#include <algorithm>

#include "operators/series.h"
#include "sql/kernels.h"
#include "zset/array.h"
#include "zset/text_form.h"

namespace weir {
namespace {

using Int = std::int64_t;
using View = std::string_view;

ArrayView view(const Column& column, std::uint32_t i) { return ArrayView(column.bytes()[i].view()); }
Datum value(const Column& column, std::uint32_t i) { return column.is_valid(i) ? column.get(i) : Datum::of_null(column.kind); }
TypeId element_type(const Function& self) { return element_of(self.result.id); }
KeyKind element_kind(const Function& self) { return key_kind_of(element_type(self)); }

// out[i] = f(i); a NULL where that is null.
template <class F>
Column each_datum(Kind kind, const Chunk& rows, Arena& arena, F&& f) {
  Column out = Column::make(kind, rows.size, true, arena);
  rows.each([&](std::uint32_t i) {
    const Datum d = f(i);
    out.set(i, d.null ? Datum::of_null(kind) : d);
  });
  return out;
}

// --- making

Column construct(const Function& self, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  ArrayBuilder out(element_kind(self));
  return fill<Bytes>(rows, arena, [&](std::uint32_t i) {
    for (const Column& c : args) out.add(value(c, i));
    return out.take(arena);
  });
}

Column append(const Function& self, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  ArrayBuilder out(element_kind(self));
  return fill<Bytes>(rows, arena, [&](std::uint32_t i) {
    if (args[0].is_valid(i)) out.add(view(args[0], i), 0, view(args[0], i).size());
    out.add(value(args[1], i));
    return out.take(arena);
  });
}

Column prepend(const Function& self, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  ArrayBuilder out(element_kind(self));
  return fill<Bytes>(rows, arena, [&](std::uint32_t i) {
    out.add(value(args[0], i));
    if (args[1].is_valid(i)) out.add(view(args[1], i), 0, view(args[1], i).size());
    return out.take(arena);
  });
}

Column concatenate(const Function& self, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  ArrayBuilder out(element_kind(self));
  return each_datum(Kind::kBytes, rows, arena, [&](std::uint32_t i) {
    if (!args[0].is_valid(i) || !args[1].is_valid(i)) return value(args[args[0].is_valid(i) ? 0 : 1], i);
    for (const Column& c : args) out.add(view(c, i), 0, view(c, i).size());
    return Datum::of(out.take(arena));
  });
}

// --- parts

Column subscript(const Function& self, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  return each_datum(kind_of(self.result.id), rows, arena, [&](std::uint32_t i) {
    const ArrayView array = view(args[0], i);
    const Int n = args[1].ints()[i];
    return n < 1 || n > array.size() ? Datum() : array[static_cast<std::uint32_t>(n - 1)];
  });
}

Bytes part(const ArrayView& array, Int from, Int to, Arena& arena) {
  ArrayBuilder out(array.kind());
  from = std::max<Int>(from, 1);
  to = std::min<Int>(to, array.size());
  if (from <= to) out.add(array, static_cast<std::uint32_t>(from - 1), static_cast<std::uint32_t>(to));
  return out.take(arena);
}

Column slice(const Function&, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  return fill<Bytes>(rows, arena, [&](std::uint32_t i) { return part(view(args[0], i), args[1].ints()[i], args[2].ints()[i], arena); });
}

Column trim(const Function&, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  return fill<Bytes>(rows, arena, [&](std::uint32_t i) {
    const ArrayView array = view(args[0], i);
    const Int n = args[1].ints()[i];
    if (n < 0 || n > array.size()) fail("number of elements to trim must be between 0 and " + std::to_string(array.size()));
    return part(array, 1, array.size() - n, arena);
  });
}

template <class F>
Column filtered(std::span<const Column> args, const Chunk& rows, Arena& arena, F&& put) {
  return each_datum(Kind::kBytes, rows, arena, [&](std::uint32_t i) {
    if (!args[0].is_valid(i)) return Datum();
    const ArrayView array = view(args[0], i);
    const Datum wanted = value(args[1], i);
    ArrayBuilder out(array.kind());
    for (std::uint32_t k = 0; k < array.size(); ++k) {
      const Datum d = array[k];
      put(out, i, d, key_equal(d, wanted, array.kind()));
    }
    return Datum::of(out.take(arena));
  });
}

Column remove(const Function&, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  return filtered(args, rows, arena, [&](ArrayBuilder& out, std::uint32_t, const Datum& d, bool found) {
    if (!found) out.add(d);
  });
}

Column replace(const Function&, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  return filtered(args, rows, arena, [&](ArrayBuilder& out, std::uint32_t i, const Datum& d, bool found) { out.add(found ? value(args[2], i) : d); });
}

// --- places

Column position(const Function&, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  return fill<std::optional<Int>>(rows, arena, [&](std::uint32_t i) -> std::optional<Int> {
    if (!args[0].is_valid(i)) return std::nullopt;
    const ArrayView array = view(args[0], i);
    if (array.size() == 0) return std::nullopt;
    Int from = 1;
    if (args.size() == 3) {
      if (!args[2].is_valid(i)) fail("initial position must not be null");
      from = std::max<Int>(args[2].ints()[i], 1);
    }
    const Datum wanted = value(args[1], i);
    for (; from <= array.size(); ++from) {
      if (key_equal(array[static_cast<std::uint32_t>(from - 1)], wanted, array.kind())) return from;
    }
    return std::nullopt;
  });
}

Column positions(const Function&, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  return each_datum(Kind::kBytes, rows, arena, [&](std::uint32_t i) {
    if (!args[0].is_valid(i)) return Datum();
    const ArrayView array = view(args[0], i);
    const Datum wanted = value(args[1], i);
    ArrayBuilder out(KeyKind::kInt);
    for (std::uint32_t k = 0; k < array.size(); ++k) {
      if (key_equal(array[k], wanted, array.kind())) out.add(Datum::of(Int{k} + 1));
    }
    return Datum::of(out.take(arena));
  });
}

// --- sets

bool has(const ArrayView& array, const Datum& wanted) {  // a NULL is nowhere
  for (std::uint32_t i = 0; i < array.size() && !wanted.null; ++i) {
    const Datum d = array[i];
    if (!d.null && key_equal(d, wanted, array.kind())) return true;
  }
  return false;
}

bool contains(const ArrayView& array, const ArrayView& part) {
  for (std::uint32_t i = 0; i < part.size(); ++i) {
    if (!has(array, part[i])) return false;
  }
  return true;
}

bool overlap(const ArrayView& a, const ArrayView& b) {
  for (std::uint32_t i = 0; i < a.size(); ++i) {
    if (has(b, a[i])) return true;
  }
  return false;
}

// --- texts

Column to_text(const Function& self, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  const Type element{element_of(self.args[0].id), 0, 0};
  return fill<std::optional<std::string>>(rows, arena, [&](std::uint32_t i) -> std::optional<std::string> {
    if (!args[0].is_valid(i) || !args[1].is_valid(i)) return std::nullopt;
    const ArrayView array = view(args[0], i);
    const bool shows_null = args.size() == 3 && args[2].is_valid(i);
    std::string out;
    bool first = true;
    for (std::uint32_t k = 0; k < array.size(); ++k) {
      const Datum d = array[k];
      if (d.null && !shows_null) continue;
      if (!first) out += args[1].bytes()[i].view();
      first = false;
      if (d.null) out += args[2].bytes()[i].view();
      else format_datum(d, element, out);
    }
    return out;
  });
}

Column from_text(const Function&, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  return each_datum(Kind::kBytes, rows, arena, [&](std::uint32_t i) {
    if (!args[0].is_valid(i)) return Datum();
    const View text = args[0].bytes()[i].view();
    ArrayBuilder out(KeyKind::kText);
    each_part(text, args[1].is_valid(i) ? std::optional(args[1].bytes()[i].view()) : std::nullopt, [&](View piece) {
      const bool null = args.size() == 3 && args[2].is_valid(i) && piece == args[2].bytes()[i].view();
      out.add(null ? Datum::of_null(Kind::kBytes) : Datum::of(Bytes(piece)));
    });
    return Datum::of(out.take(arena));
  });
}

Column series_of(const Function& self, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  ArrayBuilder out(element_kind(self));
  return fill<Bytes>(rows, arena, [&](std::uint32_t i) {
    each_of_series(args[0].get(i), args[1].get(i), args[2].get(i), element_type(self), arena, [&](const Datum& d) { out.add(d); });
    return out.take(arena);
  });
}

Column subscripts(const Function&, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  ArrayBuilder out(KeyKind::kInt);
  return fill<Bytes>(rows, arena, [&](std::uint32_t i) {
    const Int n = args[1].ints()[i] == 1 ? view(args[0], i).size() : 0;
    const bool reverse = args.size() == 3 && args[2].bools()[i] != 0;
    for (Int k = 1; k <= n; ++k) out.add(Datum::of(reverse ? n + 1 - k : k));
    return out.take(arena);
  });
}

// --- element by element

// One value n times.
Column repeated(const Datum& d, std::uint32_t n, Arena& arena) {
  Column out = Column::make(d.kind, n, d.null, arena);
  for (std::uint32_t i = 0; i < n; ++i) out.set(i, d);
  return out;
}

// The elements from … to - 1.
Column elements(const ArrayView& array, Kind kind, std::uint32_t from, std::uint32_t to, Arena& arena) {
  Column out = Column::make(kind, to - from, array.any_null(), arena);
  for (std::uint32_t k = from; k < to; ++k) out.set(k - from, array[k]);
  return out;
}

Chunk rows_of(std::uint32_t n) {
  Chunk chunk;
  chunk.size = chunk.selected = n;
  return chunk;
}

Column convert(const Function& self, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  const Kind from = kind_of(element_of(self.args[0].id));
  ArrayBuilder out(element_kind(self));
  return fill<Bytes>(rows, arena, [&](std::uint32_t i) {
    const ArrayView array = view(args[0], i);
    for (std::uint32_t at = 0; at < array.size(); at += kChunkRows) {
      const std::uint32_t n = std::min(array.size() - at, kChunkRows);
      const Column given = elements(array, from, at, at + n, arena), made = call(*self.inner, {&given, 1}, rows_of(n), arena);
      for (std::uint32_t k = 0; k < n; ++k) out.add(value(made, k));
    }
    return out.take(arena);
  });
}

// The answers of x <op> element for the elements, put together: true where one is (All: false), else NULL where one is, else false (All: true).
template <bool All>
std::optional<bool> quantified(const Function& op, const Datum& x, const ArrayView& array, std::uint32_t step, Arena& arena) {
  const Kind kind = kind_of(op.args[1].id);
  bool null = false;
  for (std::uint32_t at = 0; at < array.size(); at += step) {
    const std::uint32_t n = std::min(array.size() - at, step);
    const Column sides[] = {repeated(x, n, arena), elements(array, kind, at, at + n, arena)};
    const Column answers = call(op, sides, rows_of(n), arena);
    for (std::uint32_t k = 0; k < n; ++k) {
      if (!answers.is_valid(k)) null = true;
      else if ((answers.bools()[k] != 0) != All) return !All;
    }
  }
  if (null) return std::nullopt;
  return All;
}

template <bool All>
Column quantifier(const Function& self, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  const Function& op = *self.inner;
  const bool equal = op.name == "=", unequal = op.name == "<>";
  return fill<std::optional<bool>>(rows, arena, [&](std::uint32_t i) -> std::optional<bool> {
    if (!args[1].is_valid(i)) return std::nullopt;
    const ArrayView array = view(args[1], i);
    if (array.size() == 0) return All;
    if (!args[0].is_valid(i)) return std::nullopt;
    const Datum x = args[0].get(i);
    if (equal || unequal) {
      bool null = false;
      for (std::uint32_t k = 0; k < array.size(); ++k) {
        const Datum d = array[k];
        if (d.null) null = true;
        else if ((key_equal(x, d, array.kind()) == equal) != All) return !All;
      }
      if (null) return std::nullopt;
      return All;
    }
    try {
      return quantified<All>(op, x, array, kChunkRows, arena);
    } catch (const Failure&) {
      return quantified<All>(op, x, array, 1, arena);  // what follows the element that decides is not looked at
    }
  });
}

Function made(std::string name, std::vector<Type> args, const Type& result, bool strict, Kernel kernel) {
  Function f;
  f.name = std::move(name);
  f.args = std::move(args);
  f.result = result;
  f.strict = strict;
  f.kernel = kernel;
  return f;
}

Type plain(TypeId id) { return Type{id, 0, 0}; }

}  // namespace

void each_part(View text, std::optional<View> separator, const std::function<void(View)>& put) {
  if (text.empty()) return;
  if (!separator) {
    for (std::size_t from = 0, to = 0; from < text.size(); from = to) {
      do ++to;
      while (to < text.size() && (static_cast<unsigned char>(text[to]) & 0xC0) == 0x80);
      put(text.substr(from, to - from));
    }
    return;
  }
  if (separator->empty()) return put(text);
  for (std::size_t from = 0;;) {
    const std::size_t to = text.find(*separator, from);
    put(text.substr(from, to == View::npos ? to : to - from));
    if (to == View::npos) return;
    from = to + separator->size();
  }
}

void add_arrays(Kernels& k) {
  k.add("array_append anycompatiblearray anycompatible", append);
  k.add("array_prepend anycompatible anycompatiblearray", prepend);
  k.add("array_cat anycompatiblearray anycompatiblearray", concatenate);
  k.add("|| anycompatiblearray anycompatible", append);
  k.add("|| anycompatible anycompatiblearray", prepend);
  k.add("|| anycompatiblearray anycompatiblearray", concatenate);
  k.add("array_remove anycompatiblearray anycompatible", remove);
  k.add("array_replace anycompatiblearray anycompatible anycompatible", replace);
  k.add("array_position anycompatiblearray anycompatible", position);
  k.add("array_position anycompatiblearray anycompatible int4", position);
  k.add("array_positions anycompatiblearray anycompatible", positions);
  k.add("trim_array anyarray int4", trim);
  k.add("array_to_string anyarray text", to_text);
  k.add("array_to_string anyarray text text", to_text);
  k.add("string_to_array text text", from_text);
  k.add("generate_subscripts anyarray int4", subscripts);
  k.add("generate_subscripts anyarray int4 bool", subscripts);
  k.add("string_to_array text text text", from_text);
  k.add("cardinality anyarray", pointwise<[](View a) -> Int { return ArrayView(a).size(); }>);
  k.add("array_ndims anyarray", pointwise<[](View a) { return ArrayView(a).size() == 0 ? std::nullopt : std::optional<Int>(1); }>);
  k.add("array_dims anyarray", pointwise<[](View a) {
          const std::uint32_t n = ArrayView(a).size();
          return n == 0 ? std::nullopt : std::optional("[1:" + std::to_string(n) + "]");
        }>);
  k.add("array_lower anyarray int4", pointwise<[](View a, Int d) { return d != 1 || ArrayView(a).size() == 0 ? std::nullopt : std::optional<Int>(1); }>);
  for (const char* name : {"array_length", "array_upper"}) {
    k.add(name + std::string(" anyarray int4"), pointwise<[](View a, Int d) {
            const std::uint32_t n = ArrayView(a).size();
            return d != 1 || n == 0 ? std::nullopt : std::optional<Int>(n);
          }>);
  }
  k.add("@> anyarray anyarray", pointwise<[](View a, View b) { return contains(ArrayView(a), ArrayView(b)); }>);
  k.add("<@ anyarray anyarray", pointwise<[](View a, View b) { return contains(ArrayView(b), ArrayView(a)); }>);
  k.add("&& anyarray anyarray", pointwise<[](View a, View b) { return overlap(ArrayView(a), ArrayView(b)); }>);
}

const Function& series_array(TypeId element) {
  return interned("series " + plain(element).to_string(), [&] {
    const Type by = plain(element == TypeId::kTimestamp || element == TypeId::kTimestamptz ? TypeId::kInterval : element);
    return made("series", {plain(element), plain(element), by}, plain(array_of(element)), true, series_of);
  });
}

const Function& unnest_marker(TypeId array) {
  return interned("unnest " + plain(array).to_string(), [&] {
    Function f = made("unnest", {plain(array)}, plain(element_of(array)), false, nullptr);
    f.user = [](std::span<const Value>) -> Value { fail("unnest is no scalar function"); };  // it is never called, and never folded
    return f;
  });
}
bool is_unnest_marker(const Function& function) { return function.name == "unnest" && function.user; }

const Function& array_constructor(TypeId element) {
  return interned("array " + plain(element).to_string(), [&] {
    Function f = made("array", {plain(element)}, plain(array_of(element)), false, construct);
    f.variadic = true;
    return f;
  });
}

const Function& array_subscript(TypeId array) {
  return interned("subscript " + plain(array).to_string(),
                  [&] { return made("subscript", {plain(array), plain(TypeId::kInteger)}, plain(element_of(array)), true, subscript); });
}

const Function& array_slice(TypeId array) {
  const Type integer = plain(TypeId::kInteger);
  return interned("slice " + plain(array).to_string(), [&] { return made("slice", {plain(array), integer, integer}, plain(array), true, slice); });
}

const Function& array_quantifier(const Function& op, bool all) {
  const std::string name = op.name + (all ? " all" : " any");
  const Type left = op.args[0], right = plain(array_of(op.args[1].id));
  return interned(name + ' ' + left.to_string() + ' ' + right.to_string(), [&] {
    Function f = made(name, {left, right}, plain(TypeId::kBoolean), false, all ? quantifier<true> : quantifier<false>);
    f.inner = &op;
    return f;
  });
}

const Function& texts_of_bytes() {
  return interned("texts of bytes", [] {
    Function f = made("texts of", {plain(TypeId::kBytea)}, plain(array_of(TypeId::kText)), true, pointwise<[](Bytes array) { return array; }>);
    f.effort = Effort::kCheap;
    return f;
  });
}

Kernel array_conversion() { return convert; }

}  // namespace weir
