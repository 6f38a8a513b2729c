#include "operators/numeric_total.h"

#include <vector>

#include "zset/arena.h"
#include "zset/numeric_parts.h"

namespace weir {

namespace {

struct OfScale {
  std::int32_t scale;
  std::int64_t n = 0;
  __int128 small = 0;  // coefficients
  Numeric large;       // what 128 bits did not hold
  bool is_empty() const { return n == 0 && small == 0 && large.is_zero(); }
};

bool count(std::int64_t& n, std::int64_t weight) { return !__builtin_add_overflow(n, weight, &n); }

// A square has twice the scale, which may be beyond that of a NUMERIC at rest.
Numeric square_of(const Numeric& number) {
  if (number.kind == Numeric::Class::kFinite) return multiply_rounded(number, number, 2 * number.scale);
  Numeric square = number;
  if (square.kind == Numeric::Class::kMinusInfinity) square.kind = Numeric::Class::kInfinity;
  return square;
}

}  // namespace

struct NumericTotal::Parts {
  std::int64_t nan = 0, plus_infinity = 0, minus_infinity = 0;
  std::vector<OfScale> scales;
  OfScale& of(std::int32_t scale) {
    for (OfScale& p : scales) {
      if (p.scale == scale) return p;
    }
    scales.push_back({scale, 0, 0, Numeric()});
    return scales.back();
  }
};

NumericTotal::Parts& NumericTotal::parts() {
  if (form == Form::kOneScale) {
    auto* made = new Parts;
    if (n != 0 || small != 0) made->scales.push_back({scale, n, small, Numeric()});
    more = made;
    form = Form::kParts;
  }
  return *static_cast<Parts*>(more);
}

bool NumericTotal::add(const Bytes& value, std::int64_t weight) {
  __int128 coefficient = 0;
  std::int32_t own_scale = 0;
  if (numeric_small(value, coefficient, own_scale)) add_small(coefficient, own_scale, weight);
  else add_number(Numeric::decode(value), weight);
  return count(n, weight);
}

bool NumericTotal::add_square(const Bytes& value, std::int64_t weight) {
  __int128 coefficient = 0, square = 0;
  std::int32_t own_scale = 0;
  if (numeric_small(value, coefficient, own_scale) && !__builtin_mul_overflow(coefficient, coefficient, &square)) {
    add_small(square, 2 * own_scale, weight);
  } else {
    add_number(square_of(Numeric::decode(value)), weight);
  }
  return count(n, weight);
}

void NumericTotal::add_small(__int128 coefficient, std::int32_t own_scale, std::int64_t weight) {
  __int128 product = 0, sum = small;
  if (__builtin_mul_overflow(coefficient, static_cast<__int128>(weight), &product)) return add_number(Numeric::make(coefficient, own_scale), weight);
  if (form == Form::kOneScale) {
    if (n == 0 && small == 0) scale = own_scale;
    if (own_scale == scale && !__builtin_add_overflow(sum, product, &sum)) {
      small = sum;
      return;
    }
  }
  OfScale& part = parts().of(own_scale);
  sum = part.small;
  part.n += weight;
  if (__builtin_add_overflow(sum, product, &sum)) {
    part.large = sum_of_any_size(part.large, Numeric::make(part.small, own_scale));
    sum = product;
  }
  part.small = sum;
}

void NumericTotal::add_number(const Numeric& number, std::int64_t weight) {
  Parts& all = parts();
  switch (number.kind) {
    case Numeric::Class::kNaN: all.nan += weight; return;
    case Numeric::Class::kInfinity: all.plus_infinity += weight; return;
    case Numeric::Class::kMinusInfinity: all.minus_infinity += weight; return;
    case Numeric::Class::kFinite: break;
  }
  OfScale& part = all.of(number.scale);
  part.n += weight;
  part.large = sum_of_any_size(part.large, multiply_rounded(number, Numeric(weight), number.scale));
}

Numeric NumericTotal::total() const {
  if (form == Form::kOneScale) return Numeric::make(small, scale);
  if (form == Form::kFrozen) return Numeric::decode(*static_cast<const Bytes*>(more));
  const Parts& all = *static_cast<const Parts*>(more);
  Numeric sum;
  if (all.nan != 0 || (all.plus_infinity != 0 && all.minus_infinity != 0)) {
    sum.kind = Numeric::Class::kNaN;
  } else if (all.plus_infinity != 0) {
    sum.kind = Numeric::Class::kInfinity;
  } else if (all.minus_infinity != 0) {
    sum.kind = Numeric::Class::kMinusInfinity;
  } else {
    for (const OfScale& part : all.scales) {
      if (!part.is_empty()) sum = sum_of_any_size(sum_of_any_size(sum, Numeric::make(part.small, part.scale)), part.large);
    }
  }
  return sum;
}

void NumericTotal::release() noexcept {
  if (form != Form::kParts) return;
  auto* all = static_cast<Parts*>(more);
  std::erase_if(all->scales, [](const OfScale& part) { return part.is_empty(); });
  if (all->nan != 0 || all->plus_infinity != 0 || all->minus_infinity != 0 || !all->scales.empty() || n != 0) return;
  delete all;
  more = nullptr;
  small = 0;
  form = Form::kOneScale;
}

void NumericTotal::destroy() noexcept {
  if (form == Form::kParts) delete static_cast<Parts*>(more);
}

std::size_t NumericTotal::heap_bytes() const {
  if (form != Form::kParts) return 0;
  const auto& parts = *static_cast<const Parts*>(more);
  std::size_t n = sizeof parts + parts.scales.capacity() * sizeof(OfScale);
  for (const OfScale& of : parts.scales) n += of.large.limbs.capacity() * sizeof of.large.limbs[0];
  return n;
}

void NumericTotal::freeze(Arena& arena) {
  if (form != Form::kParts) return;
  more = new (arena.bytes(sizeof(Bytes))) Bytes(total().encode(arena));
  form = Form::kFrozen;
}

}  // namespace weir
