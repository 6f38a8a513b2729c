#include "operators/key_table.h"

#include <numeric>

#include "zset/array.h"
#include "zset/json.h"
#include "zset/datetime.h"
#include "zset/numeric.h"

namespace weir {
namespace {

constexpr std::size_t kPrefetchRows = 8, kPrefetchBytes = 16 * 1024;  // below, prefetching does not pay

template <class T>
T load(const std::byte* p) {
  T v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

}  // namespace

void KeyTable::hash(const Chunk& keys, std::uint64_t* out) const {
  if (single_int_) {
    const Column& c = keys.columns[0];
    std::uint32_t k = 0;
    if (c.valid) {
      keys.each([&](std::uint32_t i) { out[k++] = c.is_valid(i) ? hash_int(static_cast<std::uint64_t>(c.ints()[i])) : 0; });
    } else {
      keys.each([&](std::uint32_t i) { out[k++] = hash_int(static_cast<std::uint64_t>(c.ints()[i])); });
    }
    return;
  }
  std::vector<std::uint16_t> columns(keys.width);
  std::iota(columns.begin(), columns.end(), std::uint16_t{0});
  hash_keys(keys, columns, rows_.kinds(), out);
}

bool KeyTable::equal(Id id, const Chunk& keys, std::uint32_t position) const {
  const std::byte* row = rows_.row(id);
  const auto kinds = rows_.kinds();
  for (std::size_t c = 0; c < kinds.size(); ++c) {
    const Column& column = keys.columns[c];
    const bool null = rows_.is_null(row, c);
    if (null == column.is_valid(position)) return false;
    if (null) continue;
    const std::byte* slot = rows_.slot(row, c);
    switch (kinds[c]) {
      case KeyKind::kBool:
        if (load<std::uint8_t>(slot) != column.bools()[position]) return false;
        break;
      case KeyKind::kInt:
        if (load<std::int64_t>(slot) != column.ints()[position]) return false;
        break;
      case KeyKind::kDouble: {
        const double a = load<double>(slot), b = column.doubles()[position];
        if (!(a == b || (a != a && b != b))) return false;
        break;
      }
      case KeyKind::kText:
        if (!(load<Bytes>(slot) == column.bytes()[position])) return false;
        break;
      case KeyKind::kNumeric: {
        const Bytes a = load<Bytes>(slot);
        const Bytes& b = column.bytes()[position];
        if (!(a == b) && numeric_compare(a, b) != 0) return false;
        break;
      }
      case KeyKind::kPadded:
        if (without_padding(load<Bytes>(slot).view()) != without_padding(column.bytes()[position].view())) return false;
        break;
      case KeyKind::kArray: {
        const Bytes a = load<Bytes>(slot);
        const Bytes& b = column.bytes()[position];
        if (!(a == b) && array_compare(a, b) != 0) return false;
        break;
      }
      case KeyKind::kJson: {
        const Bytes a = load<Bytes>(slot);
        const Bytes& b = column.bytes()[position];
        if (!(a == b) && jsonb_compare(a, b) != 0) return false;
        break;
      }
      case KeyKind::kInterval:
        if (interval_compare(load<Interval>(slot), column.intervals()[position]) != 0) return false;
        break;
    }
  }
  return true;
}

template <class Equal, class F>
void KeyTable::each_slot(const Chunk& keys, const std::uint64_t* hashes, Equal&& equal, F&& f) const {
  if (keys.selected > kPrefetchRows && slots_.bytes() > kPrefetchBytes) {
    for (std::uint32_t k = 0; k < keys.selected; ++k) slots_.prefetch(hashes[k]);
    for (std::uint32_t k = 0; k < keys.selected; ++k) {
      std::size_t at = slots_.home(hashes[k]);
      Slots::Slot s;
      while ((s = slots_[at]) && !Slots::alike(s, hashes[k])) at = slots_.after(at);
      if (s) rows_.prefetch(Slots::row(s));
    }
  }
  for (std::uint32_t k = 0; k < keys.selected; ++k) {
    const std::uint32_t i = keys.position(k);
    std::size_t at = slots_.home(hashes[k]);
    for (Slots::Slot s; (s = slots_[at]); at = slots_.after(at)) {
      if (Slots::alike(s, hashes[k]) && equal(Slots::row(s), i)) break;
    }
    f(hashes[k], i, at);
  }
}

template <class F>
void KeyTable::each_slot(const Chunk& keys, Arena& arena, F&& f) const {
  std::uint64_t* hashes = arena.array<std::uint64_t>(keys.selected);
  hash(keys, hashes);
  if (single_int_ && !keys.columns[0].valid) {
    const std::int64_t* values = keys.columns[0].ints();
    each_slot(keys, hashes, [=, this](Id id, std::uint32_t i) {
      const std::byte* row = rows_.row(id);
      return load<std::int64_t>(rows_.slot(row, 0)) == values[i] && !rows_.is_null(row, 0);
    }, f);
  } else {
    each_slot(keys, hashes, [&](Id id, std::uint32_t i) { return equal(id, keys, i); }, f);
  }
}

void KeyTable::find_or_add(const Chunk& keys, Arena& arena, Id* out) {
  each_slot(keys, arena, [&](std::uint64_t hash, std::uint32_t i, std::size_t at) {
    if (!slots_[at]) {
      out[i] = rows_.add(keys.columns, i, static_cast<std::uint32_t>(hash >> 32));
      slots_.insert(at, hash, out[i]);
    } else {
      out[i] = Slots::row(slots_[at]);
    }
  });
}

void KeyTable::find(const Chunk& keys, Arena& arena, Id* out) const {
  each_slot(keys, arena, [&](std::uint64_t, std::uint32_t i, std::size_t at) { out[i] = slots_[at] ? Slots::row(slots_[at]) : kNone; });
}

void KeyTable::add_missing(const Chunk& keys, Arena& arena, Id* out) {
  auto* selection = arena.array<std::uint32_t>(keys.selected);
  Chunk missing = keys;
  missing.selection = selection;
  missing.selected = 0;
  keys.each([&](std::uint32_t i) {
    selection[missing.selected] = i;
    missing.selected += out[i] == kNone;
  });
  if (missing.selected != 0) find_or_add(missing, arena, out);
}

void KeyTable::erase(Id id) noexcept {
  std::size_t at = slots_.home(std::uint64_t{rows_.tag(id)} << 32);
  while (Slots::row(slots_[at]) != id) at = slots_.after(at);
  slots_.erase(at);
  rows_.remove(id);
  slots_.fit();
}

}  // namespace weir
