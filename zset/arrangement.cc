#include "zset/arrangement.h"

#include <weir/error.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <new>
#include <utility>

#include "zset/array.h"
#include "zset/json.h"
#include "zset/consolidate.h"
#include "zset/datetime.h"
#include "zset/numeric.h"
#include "zset/pages.h"
#include "zset/prefetch.h"
#include "zset/slots.h"

namespace weir {
namespace {

using Row = Arrangement::Row;
constexpr Row kNone = Arrangement::kNone;
thread_local LateIndexes* late_indexes = nullptr;
constexpr std::uint32_t kIdentityIndex = 0;   // the identity table serving as a key index
constexpr std::uint32_t kFewRows = 8;         // up to so many, prefetching does not pay
constexpr std::size_t kCachedBytes = 256 * 1024;  // tables up to this size are taken to be in the cache
constexpr std::uint32_t kCompactRows = 4096;  // smaller arrangements are never compacted

template <class T>
T load(const std::byte* p) {
  T v;
  std::memcpy(&v, p, sizeof(T));
  return v;
}
template <class T>
void store(std::byte* p, const T& v) {
  std::memcpy(p, &v, sizeof(T));
}

// Where a column lies in a row.
struct Place {
  std::uint32_t offset = 0;
  std::uint32_t null_offset = 0;  // of the word that holds its null bit; 0: no row holds a NULL
  std::uint64_t null_mask = 0;

  bool is_null(const std::byte* row) const { return null_offset && (load<std::uint64_t>(row + null_offset) & null_mask); }
};

bool same_identity(Kind kind, const Column& c, std::uint32_t i, const std::byte* slot) {
  switch (kind) {
    case Kind::kBool: return c.bools()[i] == load<std::uint64_t>(slot);
    case Kind::kInt:
    case Kind::kDouble: return c.as<const std::uint64_t>()[i] == load<std::uint64_t>(slot);
    case Kind::kBytes: return c.bytes()[i] == load<Bytes>(slot);
    case Kind::kInterval: return c.intervals()[i] == load<Interval>(slot);
  }
  return false;
}

bool same_key(KeyKind kind, const Column& c, std::uint32_t i, const std::byte* slot) {
  switch (kind) {
    case KeyKind::kBool: return c.bools()[i] == load<std::uint64_t>(slot);
    case KeyKind::kInt: return c.ints()[i] == load<std::int64_t>(slot);
    case KeyKind::kDouble: {
      const double a = c.doubles()[i], b = load<double>(slot);
      return a == b || (std::isnan(a) && std::isnan(b));
    }
    case KeyKind::kText: return c.bytes()[i] == load<Bytes>(slot);
    case KeyKind::kNumeric: {
      const Bytes &a = c.bytes()[i], b = load<Bytes>(slot);
      return a == b || numeric_compare(a, b) == 0;
    }
    case KeyKind::kInterval: {
      const Interval &a = c.intervals()[i], b = load<Interval>(slot);
      return a == b || interval_compare(a, b) == 0;
    }
    case KeyKind::kPadded: {
      const Bytes &a = c.bytes()[i], b = load<Bytes>(slot);
      return a == b || without_padding(a.view()) == without_padding(b.view());
    }
    case KeyKind::kArray: {
      const Bytes &a = c.bytes()[i], b = load<Bytes>(slot);
      return a == b || array_compare(a, b) == 0;
    }
    case KeyKind::kJson: {
      const Bytes &a = c.bytes()[i], b = load<Bytes>(slot);
      return a == b || jsonb_compare(a, b) == 0;
    }
  }
  return false;
}

// Does a selected position hold a NULL?
bool holds_null(const Column& c, const Chunk& chunk) {
  if (!c.valid) return false;
  if (chunk.selected <= kFewRows) {
    for (std::uint32_t k = 0; k < chunk.selected; ++k) {
      if (!c.is_valid(chunk.position(k))) return true;
    }
    return false;
  }
  const std::uint32_t words = chunk.size / 64, rest = chunk.size % 64;
  std::uint64_t all = ~std::uint64_t{0};
  for (std::uint32_t w = 0; w < words; ++w) all &= c.valid[w];
  if (rest) all &= c.valid[words] | ~std::uint64_t{0} << rest;
  if (all == ~std::uint64_t{0}) return false;
  if (!chunk.selection) return true;
  bool null = false;
  chunk.each([&](std::uint32_t i) { null |= !c.is_valid(i); });
  return null;
}

// A column of a chunk without NULLs beside its place in a row that has no null bits.
struct Flat {
  const std::byte* data;
  std::uint32_t offset;
  Kind kind;

  bool same(std::uint32_t i, const std::byte* row) const {
    const std::byte* slot = row + offset;
    if (kind == Kind::kInt || kind == Kind::kDouble) return load<std::uint64_t>(data + i * std::size_t{8}) == load<std::uint64_t>(slot);
    if (kind == Kind::kBool) return load<std::uint8_t>(data + i) == load<std::uint64_t>(slot);
    const std::byte* value = data + i * std::size_t{16};
    if (load<std::uint64_t>(value) != load<std::uint64_t>(slot)) return false;
    return load<std::uint64_t>(value + 8) == load<std::uint64_t>(slot + 8) || (kind == Kind::kBytes && load<Bytes>(value) == load<Bytes>(slot));
  }
};

std::size_t heap_size(std::size_t n) { return (n + 8 + 15) & ~std::size_t{15}; }  // what malloc takes for it

struct Link {
  Row next = kNone, previous = kNone;
};

struct KeyIndex {
  std::vector<std::uint16_t> columns;
  std::vector<KeyKind> kinds;
  std::uint32_t users = 1;
  Slots slots;
  PagedArray links{sizeof(Link)};

  Link& link(Row row) const { return *reinterpret_cast<Link*>(links[row]); }
};

// Rows that entered or left an arrangement within one chunk, in order.
struct Events {
  std::uint32_t count = 0;
  bool dense = true;  // event k is position k
  Row rows[kChunkRows];
  std::uint32_t positions[kChunkRows];
  bool entered[kChunkRows];

  void add(Row row, std::uint32_t position, bool in) {
    dense &= position == count;
    rows[count] = row;
    positions[count] = position;
    entered[count++] = in;
  }
};

// The stack of free row numbers. The top kAhead lie here, and each free row says which one is kAhead below it: the memory of rows that are about to be used again is
// asked for in time.
class FreeRows {
 public:
  FreeRows() { ahead_.fill(kNone); }
  bool empty() const { return ahead_[top_] == kNone; }
  // below: what the top row says.
  Row pop(Row below) {
    const Row r = std::exchange(ahead_[top_], below);
    top_ = (top_ + kAhead - 1) % kAhead;
    return r;
  }
  Row top() const { return ahead_[top_]; }
  // Returns what the row has to say.
  Row push(Row row) {
    top_ = (top_ + 1) % kAhead;
    return std::exchange(ahead_[top_], row);
  }

 private:
  static constexpr std::size_t kAhead = 8;
  std::array<Row, kAhead> ahead_;
  std::size_t top_ = 0;
};

}  // namespace

struct Arrangement::Impl {
  std::vector<Kind> kinds;
  std::vector<KeyKind> key_kinds;
  std::vector<std::uint16_t> identity;
  bool unique;
  bool null_words = false;  // rows carry null bits: from the first NULL on
  std::vector<Place> places;
  std::vector<std::uint16_t> text_columns;  // of kind kBytes
  std::vector<std::uint16_t> steady;        // a row that agrees with another in these columns can take its place: those of the identity and of all indexes
  std::vector<Flat> flat;                   // of the chunk that is being applied

  PagedArray tuples;
  Row end = 0;             // row numbers in use or free
  FreeRows free_rows;
  std::vector<Row> freed;  // within this chunk: not to be reused before its indexes have followed
  std::uint64_t live = 0;
  std::uint64_t total = 0;
  std::uint64_t weight_bound = 0;  // no weight at rest is larger; saturates

  Slots slots;
  std::uint32_t identity_users = 0;
  std::vector<std::unique_ptr<KeyIndex>> indexes;  // index n is at n - 1

  struct Dead { char* data; std::uint32_t size; };
  std::vector<Dead> dead;  // strings of removed rows, until collect()
  std::size_t heap_bytes = 0;

  // A row is its weight, null bits if any row needs them, and a slot of 8 or 16 bytes a column. A free one has weight 0 and what FreeRows keeps at byte 8.
  static constexpr std::uint32_t kFreeLink = 8;

  static std::size_t stride_of(std::span<const KeyKind> types, bool nulls) {
    std::size_t n = 8 + (nulls ? (types.size() + 63) / 64 * 8 : 0);
    for (const KeyKind k : types) n += k >= KeyKind::kText ? 16 : 8;
    return std::max<std::size_t>(n, 16);
  }

  Impl(std::vector<KeyKind> types, std::vector<std::uint16_t> by, bool is_unique)
      : key_kinds(std::move(types)), identity(std::move(by)), unique(is_unique), tuples(stride_of(key_kinds, false)) {
    for (const KeyKind k : key_kinds) {
      static constexpr Kind kOf[] = {Kind::kBool, Kind::kInt, Kind::kDouble, Kind::kBytes, Kind::kBytes, Kind::kInterval, Kind::kBytes, Kind::kBytes, Kind::kBytes};
      kinds.push_back(kOf[static_cast<int>(k)]);
      if (kinds.back() == Kind::kBytes) text_columns.push_back(static_cast<std::uint16_t>(kinds.size() - 1));
    }
    lay_out();
    find_steady();
  }

  ~Impl() {
    collect();
    if (text_columns.empty()) return;
    for (Row r = 0; r < end; ++r) {
      if (weight(tuples[r]) == 0) continue;
      for (const std::uint16_t c : text_columns) {
        const Bytes b = load<Bytes>(tuples[r] + places[c].offset);
        if (!b.is_inline()) std::free(const_cast<char*>(b.data));
      }
    }
  }

  static std::int64_t weight(const std::byte* row) { return load<std::int64_t>(row); }

  void lay_out() {
    places.resize(kinds.size());
    std::uint32_t at = 8 + (null_words ? static_cast<std::uint32_t>((kinds.size() + 63) / 64 * 8) : 0);
    for (std::size_t c = 0; c < kinds.size(); ++c) {
      places[c] = {at, null_words ? static_cast<std::uint32_t>(8 + c / 64 * 8) : 0, std::uint64_t{1} << (c % 64)};
      at += kinds[c] == Kind::kBytes || kinds[c] == Kind::kInterval ? 16 : 8;
    }
  }

  void find_steady() {
    steady = identity;
    for (std::size_t c = 0; identity.empty() && c < kinds.size(); ++c) steady.push_back(static_cast<std::uint16_t>(c));
    for (const auto& index : indexes) {
      if (index) steady.insert(steady.end(), index->columns.begin(), index->columns.end());
    }
    std::sort(steady.begin(), steady.end());
    steady.erase(std::unique(steady.begin(), steady.end()), steady.end());
  }

  // The first NULL has come: gives every row null bits.
  void make_nullable() {
    PagedArray wider(stride_of(key_kinds, true));
    wider.reserve(end);
    const std::size_t old = tuples.stride(), added = (kinds.size() + 63) / 64 * 8;
    for (Row r = 0; r < end; ++r) {
      std::byte *from = tuples[r], *to = wider[r];
      store(to, load<std::uint64_t>(from));
      if (weight(from) == 0) {
        store(to + kFreeLink, load<Row>(from + kFreeLink));
      } else {
        std::memset(to + 8, 0, added);
        std::memcpy(to + 8 + added, from + 8, old - 8);
      }
    }
    tuples = std::move(wider);
    null_words = true;
    lay_out();
  }

  bool holds_nulls(const Chunk& chunk) const {
    for (const Column& c : chunk.cols()) {
      if (holds_null(c, chunk)) return true;
    }
    return false;
  }

  // -- Rows against chunks.
  bool matches_identity(const Chunk& chunk, std::uint32_t i, const std::byte* row, std::size_t c) const {
    const Column& column = chunk.columns[c];
    const bool null = !column.is_valid(i);
    return null == places[c].is_null(row) && (null || same_identity(kinds[c], column, i, row + places[c].offset));
  }
  bool matches_identity(const Chunk& chunk, std::uint32_t i, const std::byte* row) const {
    for (std::size_t c = 0; c < kinds.size(); ++c) {
      if (!matches_identity(chunk, i, row, c)) return false;
    }
    return true;
  }
  bool matches_identity(const Chunk& chunk, std::uint32_t i, const std::byte* row, std::span<const std::uint16_t> columns) const {
    for (const std::uint16_t c : columns) {
      if (!matches_identity(chunk, i, row, c)) return false;
    }
    return true;
  }
  // columns[n] of the chunk is compared with by[n] of the row.
  bool matches_key(std::span<const std::uint16_t> by, const Chunk& chunk, std::span<const std::uint16_t> columns, std::uint32_t i,
                   const std::byte* row) const {
    for (std::size_t k = 0; k < by.size(); ++k) {
      const Column& column = chunk.columns[columns[k]];
      const Place& place = places[by[k]];
      const bool null = !column.is_valid(i);
      if (null != place.is_null(row)) return false;
      if (!null && !same_key(key_kinds[by[k]], column, i, row + place.offset)) return false;
    }
    return true;
  }
  // Calls f with the fastest test of "row `r` has the key at position i of the chunk".
  template <class F>
  void with_key_match(std::span<const std::uint16_t> by, const Chunk& chunk, std::span<const std::uint16_t> columns, F&& f) const {
    if (by.size() == 1 && key_kinds[by[0]] == KeyKind::kInt && !null_words && !holds_null(chunk.columns[columns[0]], chunk)) {
      const std::int64_t* data = chunk.columns[columns[0]].ints();
      const std::uint32_t offset = places[by[0]].offset;
      f([=, this](std::uint32_t i, Row r) { return data[i] == load<std::int64_t>(tuples[r] + offset); });
    } else {
      f([=, &chunk, this](std::uint32_t i, Row r) { return matches_key(by, chunk, columns, i, tuples[r]); });
    }
  }

  // out[k]: the first row found under the hash of row k for which match(position, row) holds.
  template <class Match>
  void look_up(const Slots& table, const Chunk& chunk, const std::uint64_t* hashes, Row* out, Match&& match) const {
    const std::uint32_t n = chunk.selected;
    const auto resolve = [&](std::uint32_t k, std::size_t at) {
      for (;; at = table.after(at)) {
        const Slots::Slot s = table[at];
        if (!s) return kNone;
        if (Slots::alike(s, hashes[k]) && match(chunk.position(k), Slots::row(s))) return Slots::row(s);
      }
    };
    if (n <= kFewRows) {
      for (std::uint32_t k = 0; k < n; ++k) out[k] = resolve(k, table.home(hashes[k]));
      return;
    }
    std::uint32_t places_of[kChunkRows];
    for (std::uint32_t k = 0; k < n; ++k) table.prefetch(hashes[k]);
    for (std::uint32_t k = 0; k < n; ++k) {
      std::size_t at = table.home(hashes[k]);
      Slots::Slot s;
      while ((s = table[at]) && !Slots::alike(s, hashes[k])) at = table.after(at);
      places_of[k] = static_cast<std::uint32_t>(at);
      if (s) prefetch_line(tuples[Slots::row(s)]);
    }
    for (std::uint32_t k = 0; k < n; ++k) out[k] = resolve(k, places_of[k]);
  }

  // -- Changing.
  Row new_row() {
    if (!free_rows.empty()) {
      const Row below = load<Row>(tuples[free_rows.top()] + kFreeLink);
      if (below != kNone) prefetch_line(tuples[below]);
      return free_rows.pop(below);
    }
    tuples.reserve(std::size_t{end} + 1);
    return end++;
  }

  void write(const Chunk& chunk, std::uint32_t i, std::byte* row) {
    if (null_words) std::memset(row + 8, 0, (kinds.size() + 63) / 64 * 8);
    for (std::size_t c = 0; c < kinds.size(); ++c) {
      const Column& column = chunk.columns[c];
      std::byte* slot = row + places[c].offset;
      if (!column.is_valid(i)) {
        std::memset(slot, 0, kinds[c] == Kind::kBytes || kinds[c] == Kind::kInterval ? 16 : 8);
        store(row + places[c].null_offset, load<std::uint64_t>(row + places[c].null_offset) | places[c].null_mask);
        continue;
      }
      switch (kinds[c]) {
        case Kind::kBool: store(slot, std::uint64_t{column.bools()[i]}); break;
        case Kind::kInt:
        case Kind::kDouble: store(slot, column.as<const std::uint64_t>()[i]); break;
        case Kind::kBytes: store(slot, keep(column.bytes()[i])); break;
        case Kind::kInterval: store(slot, column.intervals()[i]); break;
      }
    }
  }
  Bytes keep(const Bytes& b) {
    if (b.is_inline()) return b;
    char* p = static_cast<char*>(std::malloc(b.size));
    if (!p) throw std::bad_alloc();
    std::memcpy(p, b.data, b.size);
    heap_bytes += heap_size(b.size);
    return Bytes(std::string_view(p, b.size));
  }
  void bury(const std::byte* row) {
    for (const std::uint16_t c : text_columns) {
      const Bytes b = load<Bytes>(row + places[c].offset);
      if (!b.is_inline()) dead.push_back({const_cast<char*>(b.data), b.size});
    }
  }

  // How rows of a chunk meet rows at rest: whether all columns agree, whether the steady ones do, and writing.
  struct FlatRows {
    Impl& a;
    bool match(std::uint32_t i, const std::byte* row) const {
      return std::all_of(a.flat.begin(), a.flat.end(), [=](const Flat& f) { return f.same(i, row); });
    }
    bool steady(std::uint32_t i, const std::byte* row) const {
      return std::all_of(a.steady.begin(), a.steady.end(), [=, this](std::uint16_t c) { return a.flat[c].same(i, row); });
    }
    void write(std::uint32_t i, std::byte* row) const {
      for (const Flat& f : a.flat) {
        std::byte* slot = row + f.offset;
        if (f.kind == Kind::kInt || f.kind == Kind::kDouble) store(slot, load<std::uint64_t>(f.data + i * std::size_t{8}));
        else if (f.kind == Kind::kBytes) store(slot, a.keep(load<Bytes>(f.data + i * std::size_t{16})));
        else if (f.kind == Kind::kBool) store(slot, std::uint64_t{load<std::uint8_t>(f.data + i)});
        else store(slot, load<Interval>(f.data + i * std::size_t{16}));
      }
    }
  };
  struct AnyRows {
    Impl& a;
    const Chunk& chunk;
    bool match(std::uint32_t i, const std::byte* row) const { return a.matches_identity(chunk, i, row); }
    bool steady(std::uint32_t i, const std::byte* row) const { return a.matches_identity(chunk, i, row, a.steady); }
    void write(std::uint32_t i, std::byte* row) const { a.write(chunk, i, row); }
  };

  // Takes a chunk into the rows and the identity table.
  template <class Rows>
  void merge(const Chunk& chunk, const std::uint64_t* hashes, Events& events, const Rows& rows) {
    const std::uint32_t n = chunk.selected;
    if (n > kFewRows) {
      for (std::uint32_t k = 0; k < n; ++k) slots.prefetch(hashes[k]);
      for (std::uint32_t k = 0; k < n; ++k) {
        std::size_t at = slots.home(hashes[k]);
        Slots::Slot s;
        while ((s = slots[at]) && !Slots::alike(s, hashes[k])) at = slots.after(at);
        if (s) prefetch_line(tuples[Slots::row(s)]);
      }
    }
    for (std::uint32_t k = 0; k < n; ++k) {
      const std::uint32_t i = chunk.position(k);
      const std::int64_t w = chunk.weights[i];
      if (w == 0) continue;
      total += static_cast<std::uint64_t>(w);
      const std::uint64_t size = w < 0 ? -static_cast<std::uint64_t>(w) : static_cast<std::uint64_t>(w);
      if (__builtin_add_overflow(weight_bound, size, &weight_bound)) weight_bound = UINT64_MAX;
      bool alone = true;  // no other row so far has a hash like this one's
      for (std::size_t at = slots.home(hashes[k]);; at = slots.after(at)) {
        const Slots::Slot s = slots[at];
        if (!s) {
          const Row r = new_row();
          std::byte* row = tuples[r];
          store(row, w);
          rows.write(i, row);
          slots.insert(at, hashes[k], r);
          events.add(r, i, true);
          ++live;
          break;
        }
        if (!Slots::alike(s, hashes[k])) continue;
        const Row r = Slots::row(s);
        std::byte* row = tuples[r];
        if (!rows.match(i, row)) {
          alone = false;
          continue;
        }
        const std::uint64_t sum = static_cast<std::uint64_t>(weight(row)) + static_cast<std::uint64_t>(w);
        if (sum == 0) {
          if (alone && k + 1 < n && takes_place(chunk, k + 1, hashes, at, w, row, rows)) {
            bury(row);
            rows.write(chunk.position(++k), row);
            total -= static_cast<std::uint64_t>(w);
            break;
          }
          slots.erase(at);
          bury(row);
          freed.push_back(r);
          events.add(r, i, false);
          --live;
        }
        store(row, sum);
        break;
      }
    }
  }
  // A row found at slot `at` leaves. Does row k of the chunk come in its stead, under the same identity and keys, as the only one of its hash?
  template <class Rows>
  bool takes_place(const Chunk& chunk, std::uint32_t k, const std::uint64_t* hashes, std::size_t at, std::int64_t leaving, const std::byte* row,
                   const Rows& rows) const {
    const std::uint32_t i = chunk.position(k);
    if (hashes[k] != hashes[k - 1] || static_cast<std::uint64_t>(chunk.weights[i]) != -static_cast<std::uint64_t>(leaving)) return false;
    for (at = slots.after(at); slots[at]; at = slots.after(at)) {
      if (Slots::alike(slots[at], hashes[k])) return false;
    }
    return rows.steady(i, row);
  }

  // Follows the rows in one index. The key of event k is at its position in columns of the chunk.
  void follow(KeyIndex& index, const Chunk& chunk, std::span<const std::uint16_t> columns, const Events& events) {
    Chunk changed = chunk;
    changed.selection = events.dense ? nullptr : events.positions;
    changed.size = events.dense ? events.count : chunk.size;
    changed.selected = events.count;
    std::uint64_t hashes[kChunkRows];
    hash_keys(changed, columns, index.kinds, hashes);
    index.links.reserve(end);
    with_key_match(index.columns, changed, columns, [&](auto&& match) { follow(index, changed, events, hashes, match); });
  }
  template <class Match>
  void follow(KeyIndex& index, const Chunk& chunk, const Events& events, const std::uint64_t* hashes, Match&& match) {
    Slots& table = index.slots;
    const std::uint32_t n = events.count;
    if (n > kFewRows) {
      for (std::uint32_t k = 0; k < n; ++k) table.prefetch(hashes[k]);
      for (std::uint32_t k = 0; k < n; ++k) {
        if (!events.entered[k]) {
          prefetch_line(index.links[events.rows[k]]);
          continue;
        }
        std::size_t at = table.home(hashes[k]);
        Slots::Slot s;
        while ((s = table[at]) && !Slots::alike(s, hashes[k])) at = table.after(at);
        if (!s) continue;
        prefetch_line(tuples[Slots::row(s)]);
        prefetch_line(index.links[Slots::row(s)]);
      }
    }
    for (std::uint32_t k = 0; k < n; ++k) {
      const Row r = events.rows[k];
      if (!events.entered[k]) {
        unlink(index, hashes[k], r);
        continue;
      }
      for (std::size_t at = table.home(hashes[k]);; at = table.after(at)) {
        const Slots::Slot s = table[at];
        if (!s) {
          index.link(r) = Link{};
          table.insert(at, hashes[k], r);
          break;
        }
        if (!Slots::alike(s, hashes[k]) || !match(chunk.position(k), Slots::row(s))) continue;
        index.link(r) = Link{Slots::row(s), kNone};
        index.link(Slots::row(s)).previous = r;
        table.repoint(at, r);
        break;
      }
    }
  }
  static void unlink(KeyIndex& index, std::uint64_t hash, Row r) {
    const Link l = index.link(r);
    if (l.next != kNone) index.link(l.next).previous = l.previous;
    if (l.previous != kNone) {
      index.link(l.previous).next = l.next;
      return;
    }
    std::size_t at = index.slots.home(hash);
    while (Slots::row(index.slots[at]) != r) at = index.slots.after(at);
    if (l.next != kNone) {
      index.slots.repoint(at, l.next);
    } else {
      index.slots.erase(at);
    }
  }

  // Takes all rows into an empty index.
  void build(KeyIndex& index, const std::function<void()>& between) {
    std::vector<std::uint16_t> in_chunk;
    for (std::size_t k = 0; k < index.columns.size(); ++k) in_chunk.push_back(static_cast<std::uint16_t>(k));
    Arena arena;
    batches([&](const Row* rows, std::uint32_t n) {
      arena.reset();
      Chunk chunk;
      chunk.size = chunk.selected = n;
      chunk.width = static_cast<std::uint16_t>(index.columns.size());
      chunk.columns = arena.array<Column>(index.columns.size());
      for (std::size_t k = 0; k < index.columns.size(); ++k) {
        chunk.columns[k] = Column::make(kinds[index.columns[k]], n, null_words, arena);
        gather({rows, n}, index.columns[k], chunk.columns[k]);
      }
      Events events;
      for (std::uint32_t k = 0; k < n; ++k) events.add(rows[k], k, true);
      follow(index, chunk, in_chunk, events);
      if (between) between();
    });
  }

  // Few rows: has the memory fetch the slots of all tables at the same time.
  void prefetch_few(const Chunk& chunk, const std::uint64_t* hashes) const {
    if (slots.bytes() <= kCachedBytes) return;
    for (std::uint32_t k = 0; k < chunk.selected; ++k) slots.prefetch(hashes[k]);
    for (const auto& index : indexes) {
      if (!index || index->slots.bytes() <= kCachedBytes) continue;
      std::uint64_t keys[kFewRows];
      hash_keys(chunk, index->columns, index->kinds, keys);
      for (std::uint32_t k = 0; k < chunk.selected; ++k) index->slots.prefetch(keys[k]);
    }
  }

  void apply(const Chunk& chunk) {
    const bool nulls = holds_nulls(chunk);
    if (nulls && !null_words) make_nullable();
    std::uint64_t hashes[kChunkRows];
    hash_rows(chunk, identity, hashes);
    if (chunk.selected <= kFewRows) prefetch_few(chunk, hashes);
    Events events;
    if (null_words) {
      merge(chunk, hashes, events, AnyRows{*this, chunk});
    } else {
      flat.clear();
      for (std::size_t c = 0; c < kinds.size(); ++c) flat.push_back({static_cast<const std::byte*>(chunk.columns[c].data), places[c].offset, kinds[c]});
      merge(chunk, hashes, events, FlatRows{*this});
    }
    if (events.count == 0) return;
    for (const auto& index : indexes) {
      if (index) follow(*index, chunk, index->columns, events);
    }
    for (const Row r : freed) store(tuples[r] + kFreeLink, free_rows.push(r));
    freed.clear();
  }

  // After a delta: memory that deletes have left unused goes back.
  void fit() {
    if (end > kCompactRows && live < end / 4) compact();
    slots.fit();
    for (const auto& index : indexes) {
      if (index) index->slots.fit();
    }
  }
  // Moves the rows down over the free ones, in order.
  void compact() {
    std::vector<Row> moved(end, kNone);
    Row to = 0;
    for (Row r = 0; r < end; ++r) {
      if (weight(tuples[r]) == 0) continue;
      if (to != r) std::memcpy(tuples[to], tuples[r], tuples.stride());
      moved[r] = to++;
    }
    const auto row_of = [&](Row r) { return r == kNone ? kNone : moved[r]; };
    slots.renumber(row_of);
    for (const auto& index : indexes) {
      if (!index) continue;
      index->slots.renumber(row_of);
      for (Row r = 0; r < end; ++r) {
        if (moved[r] == kNone) continue;
        const Link l = index->link(r);
        index->link(moved[r]) = Link{row_of(l.next), row_of(l.previous)};
      }
      index->links.shrink(to);
    }
    tuples.shrink(to);
    end = to;
    free_rows = FreeRows();
  }

  void collect() {
    for (const Dead& d : dead) {
      heap_bytes -= heap_size(d.size);
      std::free(d.data);
    }
    if (dead.capacity() > kChunkRows) {
      dead = {};
    } else {
      dead.clear();
    }
  }

  template <class T, class Read>
  void gather(std::span<const Row> rows, const Place& place, Column& out, Read&& read) const {
    T* data = out.as<T>();
    for (std::size_t k = 0; k < rows.size(); ++k) {
      if (rows[k] == kNone) {
        data[k] = T{};
        out.set_null(static_cast<std::uint32_t>(k));
        continue;
      }
      const std::byte* row = tuples[rows[k]];
      data[k] = read(row + place.offset);
      if (place.is_null(row)) out.set_null(static_cast<std::uint32_t>(k));
    }
  }
  void gather(std::span<const Row> rows, std::uint16_t column, Column& out) const {
    const Place& place = places[column];
    switch (kinds[column]) {
      case Kind::kBool:
        return gather<std::uint8_t>(rows, place, out, [](const std::byte* p) { return static_cast<std::uint8_t>(load<std::uint64_t>(p)); });
      case Kind::kInt: return gather<std::int64_t>(rows, place, out, load<std::int64_t>);
      case Kind::kDouble: return gather<double>(rows, place, out, load<double>);
      case Kind::kBytes: return gather<Bytes>(rows, place, out, load<Bytes>);
      case Kind::kInterval: return gather<Interval>(rows, place, out, load<Interval>);
    }
  }

  // Calls f(row numbers, count) for all rows in order, up to kChunkRows at a time.
  template <class F>
  void batches(F&& f) const {
    Row rows[kChunkRows];
    std::uint32_t n = 0;
    for (Row r = 0; r < end; ++r) {
      if (weight(tuples[r]) == 0) continue;
      rows[n++] = r;
      if (n == kChunkRows) {
        f(rows, n);
        n = 0;
      }
    }
    if (n) f(rows, n);
  }

  const KeyIndex& at(std::uint32_t index) const { return *indexes[index - 1]; }
  // The columns of an index and its table.
  std::span<const std::uint16_t> columns_of(std::uint32_t index) const {
    return index == kIdentityIndex ? std::span<const std::uint16_t>(identity) : std::span<const std::uint16_t>(at(index).columns);
  }
  const Slots& table_of(std::uint32_t index) const { return index == kIdentityIndex ? slots : at(index).slots; }

  void probe(std::uint32_t index, const Chunk& chunk, std::span<const std::uint16_t> columns, bool null_matches, Row* out) const {
    const std::span<const std::uint16_t> by = columns_of(index);
    std::uint64_t hashes[kChunkRows];
    if (index == kIdentityIndex) {
      hash_rows(chunk, columns, hashes);  // the same for the kinds that an identity index takes
    } else {
      hash_keys(chunk, columns, at(index).kinds, hashes);
    }
    with_key_match(by, chunk, columns,
                   [&](auto&& match) { look_up(table_of(index), chunk, hashes, out, [&](std::uint32_t i, Row r) { return match(i, r); }); });
    if (null_matches) return;
    for (const std::uint16_t c : columns) {
      const Column& column = chunk.columns[c];
      if (!holds_null(column, chunk)) continue;
      for (std::uint32_t k = 0; k < chunk.selected; ++k) {
        if (!column.is_valid(chunk.position(k))) out[k] = kNone;
      }
    }
  }
};

Arrangement::Arrangement(std::vector<KeyKind> kinds, std::vector<std::uint16_t> identity, bool unique)
    : impl_(std::make_unique<Impl>(std::move(kinds), std::move(identity), unique)) {}
Arrangement::~Arrangement() = default;

std::span<const Kind> Arrangement::kinds() const { return impl_->kinds; }
std::span<const KeyKind> Arrangement::key_kinds() const { return impl_->key_kinds; }
bool Arrangement::unique() const { return impl_->unique; }

std::uint32_t Arrangement::add_index(std::span<const std::uint16_t> columns) {
  Impl& a = *impl_;
  bool serves = a.unique && !columns.empty() && std::equal(columns.begin(), columns.end(), a.identity.begin(), a.identity.end());
  for (const std::uint16_t c : columns) {
    const KeyKind k = a.key_kinds[c];
    serves &= k == KeyKind::kBool || k == KeyKind::kInt || k == KeyKind::kText;
  }
  if (serves) {
    ++a.identity_users;
    return kIdentityIndex;
  }
  std::size_t free = a.indexes.size();
  for (std::size_t n = 0; n < a.indexes.size(); ++n) {
    if (a.indexes[n] && std::equal(columns.begin(), columns.end(), a.indexes[n]->columns.begin(), a.indexes[n]->columns.end())) {
      ++a.indexes[n]->users;
      return static_cast<std::uint32_t>(n + 1);
    }
    if (!a.indexes[n] && free == a.indexes.size()) free = n;
  }
  auto index = std::make_unique<KeyIndex>();
  index->columns.assign(columns.begin(), columns.end());
  for (const std::uint16_t c : columns) index->kinds.push_back(a.key_kinds[c]);
  const bool later = late_indexes && a.live >= LateIndexes::kManyRows;
  if (!later) a.build(*index, {});
  if (free == a.indexes.size()) a.indexes.emplace_back();
  a.indexes[free] = std::move(index);
  a.find_steady();
  if (later) late_indexes->waiting_.emplace_back(this, static_cast<std::uint32_t>(free + 1));
  return static_cast<std::uint32_t>(free + 1);
}

void Arrangement::drop_index(std::uint32_t index) {
  if (index == kIdentityIndex) {
    --impl_->identity_users;
  } else if (--impl_->indexes[index - 1]->users == 0) {
    impl_->indexes[index - 1].reset();
    impl_->find_steady();
  }
}

void Arrangement::probe(std::uint32_t index, const Chunk& probe, std::span<const std::uint16_t> columns, bool null_matches, Row* out) const {
  impl_->probe(index, probe, columns, null_matches, out);
}

Arrangement::Row Arrangement::probe_one(std::uint32_t index, std::span<const Datum> key, bool null_matches) const {
  const std::span<const std::uint16_t> by = impl_->columns_of(index);
  constexpr std::size_t kFew = 8;
  Column few[kFew];
  std::uint16_t numbers[kFew];
  std::vector<Column> many;
  std::vector<std::uint16_t> many_numbers;
  Column* columns = few;
  std::uint16_t* numbered = numbers;
  if (key.size() > kFew) {
    many.resize(key.size());
    many_numbers.resize(key.size());
    columns = many.data();
    numbered = many_numbers.data();
  }
  std::uint64_t no_null = 1, null = 0;
  for (std::size_t c = 0; c < key.size(); ++c) {
    columns[c].kind = impl_->kinds[by[c]];
    columns[c].data = const_cast<bool*>(&key[c].boolean);  // the members of the union share their address
    columns[c].valid = key[c].null ? &null : &no_null;
    numbered[c] = static_cast<std::uint16_t>(c);
  }
  Chunk chunk;
  chunk.size = chunk.selected = 1;
  chunk.width = static_cast<std::uint16_t>(key.size());
  chunk.columns = columns;
  Row row = kNone;
  impl_->probe(index, chunk, {numbered, key.size()}, null_matches, &row);
  return row;
}

Arrangement::Row Arrangement::next(std::uint32_t index, Row row) const {
  return index == kIdentityIndex ? kNone : impl_->at(index).link(row).next;
}

void Arrangement::find(const Chunk& chunk, Row* out) const {
  const Impl& a = *impl_;
  std::uint64_t hashes[kChunkRows];
  hash_rows(chunk, a.identity, hashes);
  a.look_up(a.slots, chunk, hashes, out, [&](std::uint32_t i, Row r) { return a.matches_identity(chunk, i, a.tuples[r]); });
}

bool Arrangement::matches(Row row, const Chunk& chunk, std::uint32_t position) const {
  return impl_->matches_identity(chunk, position, impl_->tuples[row]);
}

std::int64_t Arrangement::weight(Row row) const { return Impl::weight(impl_->tuples[row]); }

Datum Arrangement::get(Row row, std::uint16_t column) const {
  const Kind kind = impl_->kinds[column];
  const Place& place = impl_->places[column];
  const std::byte* p = impl_->tuples[row];
  if (place.is_null(p)) return Datum::of_null(kind);
  p += place.offset;
  switch (kind) {
    case Kind::kBool: return Datum::of(load<std::uint64_t>(p) != 0);
    case Kind::kInt: return Datum::of(load<std::int64_t>(p));
    case Kind::kDouble: return Datum::of(load<double>(p));
    case Kind::kBytes: return Datum::of(load<Bytes>(p));
    case Kind::kInterval: return Datum::of(load<Interval>(p));
  }
  return Datum();
}

void Arrangement::gather(std::span<const Row> rows, std::uint16_t column, Column& out) const { impl_->gather(rows, column, out); }

void Arrangement::prefetch(Row row) const { prefetch_line(impl_->tuples[row]); }

void Arrangement::check(const Delta& delta) const {
  std::uint64_t bound = impl_->weight_bound;
  for (const Chunk& chunk : delta.chunks) {
    chunk.each([&](std::uint32_t i) {
      const std::int64_t w = chunk.weights[i];
      if (__builtin_add_overflow(bound, w < 0 ? -static_cast<std::uint64_t>(w) : static_cast<std::uint64_t>(w), &bound)) bound = UINT64_MAX;
    });
  }
  if (bound <= static_cast<std::uint64_t>(INT64_MAX)) return;
  // Some weight has been huge: look at each row.
  Arena arena;
  Delta sums;
  consolidate(delta, arena, sums);
  std::vector<Row> rows(kChunkRows);
  for (const Chunk& chunk : sums.chunks) {
    find(chunk, rows.data());
    for (std::uint32_t k = 0; k < chunk.selected; ++k) {
      std::int64_t sum;
      if (rows[k] != kNone && __builtin_add_overflow(weight(rows[k]), chunk.weights[chunk.position(k)], &sum)) {
        throw Failure(ErrorCode::kEvaluation, "weight of a row out of range");
      }
    }
  }
}

void Arrangement::apply(const Delta& delta) noexcept {
  for (const Chunk& chunk : delta.chunks) impl_->apply(chunk);
  impl_->fit();
}

void Arrangement::collect() noexcept {
  if (!impl_->dead.empty()) impl_->collect();
}

void Arrangement::scan(Arena& arena, Delta& out, const std::function<void()>& between) const {
  const Impl& a = *impl_;
  a.batches([&](const Row* rows, std::uint32_t n) {
    Chunk chunk;
    chunk.size = chunk.selected = n;
    chunk.width = static_cast<std::uint16_t>(a.kinds.size());
    chunk.columns = arena.array<Column>(a.kinds.size());
    for (std::uint16_t c = 0; c < chunk.width; ++c) {
      chunk.columns[c] = Column::make(a.kinds[c], n, a.null_words, arena);
      a.gather({rows, n}, c, chunk.columns[c]);
    }
    auto* weights = arena.array<std::int64_t>(n);
    for (std::uint32_t k = 0; k < n; ++k) weights[k] = Impl::weight(a.tuples[rows[k]]);
    chunk.weights = weights;
    out.add(chunk);
    if (between) between();
  });
}

LateIndexes::LateIndexes() { late_indexes = this; }
LateIndexes::~LateIndexes() { late_indexes = nullptr; }

void LateIndexes::fill(const std::function<void()>& between) {
  for (const auto& [arrangement, index] : waiting_) arrangement->impl_->build(*arrangement->impl_->indexes[index - 1], between);
  waiting_.clear();
}

std::uint64_t Arrangement::rows() const { return impl_->live; }
std::int64_t Arrangement::total_weight() const { return static_cast<std::int64_t>(impl_->total); }

std::size_t Arrangement::bytes() const {
  const Impl& a = *impl_;
  std::size_t n = sizeof(Arrangement) + sizeof(Impl) + a.tuples.bytes() + a.slots.bytes() + a.heap_bytes + a.freed.capacity() * sizeof(Row) +
                  a.dead.capacity() * sizeof(Impl::Dead) + a.places.capacity() * sizeof(Place);
  for (const auto& index : a.indexes) {
    if (index) n += sizeof(KeyIndex) + index->slots.bytes() + index->links.bytes();
  }
  return n;
}

}  // namespace weir
