#include "operators/key_table.h"

#include <numeric>

#include "zset/datetime.h"
#include "zset/numeric.h"

namespace weir {
namespace {

constexpr std::size_t kPrefetchRows = 8, kPrefetchSlots = 2048, kSmallest = 8;

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

void KeyTable::prefetch(const Chunk& keys, const std::uint64_t* hashes) const {
  if (keys.selected <= kPrefetchRows || slots_.size() <= kPrefetchSlots) return;
  const std::size_t mask = slots_.size() - 1;
  for (std::uint32_t k = 0; k < keys.selected; ++k) __builtin_prefetch(&slots_[(hashes[k] >> 32) & mask]);
  for (std::uint32_t k = 0; k < keys.selected; ++k) {
    const std::uint64_t s = slots_[(hashes[k] >> 32) & mask];
    if (s) rows_.prefetch(static_cast<Id>(s) - 1);
  }
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
      case KeyKind::kInterval:
        if (interval_compare(load<Interval>(slot), column.intervals()[position]) != 0) return false;
        break;
    }
  }
  return true;
}

template <bool kSingleInt>
std::size_t KeyTable::slot(std::uint32_t tag, const Chunk& keys, std::uint32_t position) const {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = tag & mask;; at = (at + 1) & mask) {
    const std::uint64_t s = slots_[at];
    if (s == 0) return at;
    if (static_cast<std::uint32_t>(s >> 32) != tag) continue;
    const Id id = static_cast<Id>(s) - 1;
    if constexpr (kSingleInt) {
      const Column& column = keys.columns[0];
      const std::byte* row = rows_.row(id);
      const bool null = rows_.is_null(row, 0);
      if (null == column.is_valid(position)) continue;
      if (null || load<std::int64_t>(rows_.slot(row, 0)) == column.ints()[position]) return at;
    } else {
      if (equal(id, keys, position)) return at;
    }
  }
}

template <bool kSingleInt>
void KeyTable::find_or_add_each(const Chunk& keys, const std::uint64_t* hashes, Id* out) {
  std::uint32_t k = 0;
  keys.each([&](std::uint32_t i) {
    const auto tag = static_cast<std::uint32_t>(hashes[k++] >> 32);
    std::size_t at = slot<kSingleInt>(tag, keys, i);
    if (slots_[at] == 0) {
      if ((rows_.rows() + 1) * 2 > slots_.size()) {
        resize(slots_.size() * 2);
        at = slot<kSingleInt>(tag, keys, i);
      }
      const Id id = rows_.add(keys.columns, i, tag);
      slots_[at] = static_cast<std::uint64_t>(tag) << 32 | (id + 1);
    }
    out[i] = static_cast<Id>(slots_[at]) - 1;
  });
}

void KeyTable::find_or_add(const Chunk& keys, Arena& arena, Id* out) {
  if (slots_.empty()) slots_.resize(kSmallest);
  std::uint64_t* hashes = arena.array<std::uint64_t>(keys.selected);
  hash(keys, hashes);
  prefetch(keys, hashes);
  single_int_ ? find_or_add_each<true>(keys, hashes, out) : find_or_add_each<false>(keys, hashes, out);
}

void KeyTable::find(const Chunk& keys, Arena& arena, Id* out) const {
  if (slots_.empty()) {
    keys.each([&](std::uint32_t i) { out[i] = kNone; });
    return;
  }
  std::uint64_t* hashes = arena.array<std::uint64_t>(keys.selected);
  hash(keys, hashes);
  prefetch(keys, hashes);
  std::uint32_t k = 0;
  keys.each([&](std::uint32_t i) {
    const auto tag = static_cast<std::uint32_t>(hashes[k++] >> 32);
    out[i] = static_cast<Id>(slots_[single_int_ ? slot<true>(tag, keys, i) : slot<false>(tag, keys, i)]) - 1;
  });
}

void KeyTable::erase(Id id) noexcept {
  std::size_t mask = slots_.size() - 1;
  std::size_t hole = rows_.tag(id) & mask;
  while (static_cast<Id>(slots_[hole]) != id + 1) hole = (hole + 1) & mask;
  for (std::size_t at = (hole + 1) & mask; slots_[at] != 0; at = (at + 1) & mask) {
    const std::size_t home = (slots_[at] >> 32) & mask;
    if (((at - home) & mask) < ((at - hole) & mask)) continue;
    slots_[hole] = slots_[at];
    hole = at;
  }
  slots_[hole] = 0;
  rows_.remove(id);
  if (slots_.size() > kSmallest && rows_.rows() * 8 < slots_.size()) resize(slots_.size() / 2);
}

void KeyTable::resize(std::size_t n) {
  std::vector<std::uint64_t> old(n);
  old.swap(slots_);
  const std::size_t mask = n - 1;
  for (const std::uint64_t s : old) {
    if (s == 0) continue;
    std::size_t at = (s >> 32) & mask;
    while (slots_[at] != 0) at = (at + 1) & mask;
    slots_[at] = s;
  }
}

}  // namespace weir
