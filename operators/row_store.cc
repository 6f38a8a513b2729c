#include "operators/row_store.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <new>

namespace weir {
namespace {

constexpr std::size_t kLine = 64;

std::size_t round_up(std::size_t n, std::size_t to) { return (n + to - 1) / to * to; }

}  // namespace

RowStore::RowStore(std::vector<KeyKind> kinds, std::size_t payload_bytes) : kinds_(std::move(kinds)) {
  header_ = round_up(std::max<std::size_t>(payload_bytes, 0), 8);
  std::size_t at = header_ + round_up(4 + 4 * ((kinds_.size() + 1 + 31) / 32), 8);
  for (const KeyKind kind : kinds_) {
    offsets_.push_back(static_cast<std::uint16_t>(at));
    at += std::max<std::size_t>(8, slot_bytes(physical(kind)));
    has_bytes_ |= physical(kind) == Kind::kBytes;
  }
  stride_ = at <= 16 ? 16 : at <= 32 ? 32 : at <= 64 ? 64 : round_up(at, 16);
}

RowStore::~RowStore() {
  for (std::size_t p = 0; p < pages_.size(); ++p) {
    if (has_bytes_ && pages_[p].live != 0) {
      for (std::uint32_t r = 0; r < pages_[p].used; ++r) {
        std::byte* row = base_[p] + r * stride_;
        if (header(row)[1] & 1) drop_bytes(row);
      }
    }
    std::free(base_[p]);
  }
}

void RowStore::grow(std::uint32_t p) {
  Page& page = pages_[p];
  const std::uint32_t capacity = p > 0 ? kPageRows : std::max<std::uint32_t>(4, page.capacity * 2);
  auto* data = static_cast<std::byte*>(std::aligned_alloc(kLine, round_up(capacity * stride_, kLine)));
  if (!data) throw std::bad_alloc();
  if (page.used != 0) std::memcpy(data, base_[p], page.used * stride_);
  std::free(base_[p]);
  base_[p] = data;
  page_bytes_ += (capacity - page.capacity) * stride_;
  page.capacity = capacity;
}

// The lowest free row. Those of the word after it are asked for in time.
std::uint32_t RowStore::take_free(std::uint32_t p) {
  Page& page = pages_[p];
  const auto next = [&](std::uint32_t word) {
    while (word < kWords && page.free[word] == 0) ++word;
    return word;
  };
  const std::uint32_t word = next(page.first);
  if (word != page.first) {
    page.first = word;
    if (const std::uint32_t after = next(word + 1); after < kWords) {
      for (std::uint64_t rest = page.free[after]; rest != 0; rest &= rest - 1) {
        prefetch_line(base_[p] + (after * 64 + static_cast<std::uint32_t>(std::countr_zero(rest))) * stride_);
      }
    }
  }
  const std::uint32_t r = word * 64 + static_cast<std::uint32_t>(std::countr_zero(page.free[word]));
  page.free[word] &= page.free[word] - 1;
  return r;
}

RowStore::Id RowStore::add(const Column* columns, std::uint32_t position, std::uint32_t tag) {
  if (open_.empty()) {
    open_.push_back(static_cast<std::uint32_t>(pages_.size()));
    pages_.emplace_back();
    base_.push_back(nullptr);
  }
  const std::uint32_t p = open_.back();
  Page& page = pages_[p];
  if (page.live == page.used && page.used == page.capacity) grow(p);
  const std::uint32_t r = page.live == page.used ? page.used++ : take_free(p);
  ++live_;
  if (++page.live == kPageRows) open_.pop_back();

  std::byte* row = base_[p] + r * stride_;
  std::memset(row, 0, offsets_.empty() ? stride_ : offsets_[0]);
  std::uint32_t* head = header(row);
  head[0] = tag;
  head[1] = 1;
  for (std::size_t c = 0; c < kinds_.size(); ++c) {
    std::byte* slot = row + offsets_[c];
    const Column& column = columns[c];
    if (!column.is_valid(position)) {
      head[1 + (c + 1) / 32] |= 1u << ((c + 1) % 32);
      std::memset(slot, 0, std::max<std::size_t>(8, slot_bytes(column.kind)));
      continue;
    }
    switch (column.kind) {
      case Kind::kBool: {
        const std::uint64_t v = column.bools()[position];
        std::memcpy(slot, &v, 8);
        break;
      }
      case Kind::kInt: case Kind::kDouble: std::memcpy(slot, column.as<const char>() + position * 8, 8); break;
      case Kind::kInterval: std::memcpy(slot, column.as<const char>() + position * 16, 16); break;
      case Kind::kBytes: {
        Bytes b = column.bytes()[position];
        if (!b.is_inline()) {
          char* copy = new char[b.size];
          std::memcpy(copy, b.data, b.size);
          b.data = copy;
          heap_bytes_ += b.size;
        }
        std::memcpy(slot, &b, sizeof b);
        break;
      }
    }
  }
  return p << kShift | r;
}

void RowStore::drop_bytes(std::byte* row) noexcept {
  for (std::size_t c = 0; c < kinds_.size(); ++c) {
    if (physical(kinds_[c]) != Kind::kBytes) continue;
    Bytes b;
    std::memcpy(&b, row + offsets_[c], sizeof b);
    if (b.is_inline()) continue;
    heap_bytes_ -= b.size;
    delete[] b.data;
  }
}

void RowStore::remove(Id id) noexcept {
  const std::uint32_t p = id >> kShift, r = id & kMask;
  Page& page = pages_[p];
  std::byte* row = base_[p] + r * stride_;
  if (has_bytes_) drop_bytes(row);
  header(row)[1] = 0;
  if (page.live == kPageRows) open_.push_back(p);
  --live_;
  if (--page.live == 0) {
    page_bytes_ -= page.capacity * stride_;
    std::free(base_[p]);
    base_[p] = nullptr;
    page = Page{};
    return;
  }
  page.free[r / 64] |= std::uint64_t{1} << (r % 64);
  page.first = std::min(page.first, r / 64);
}

Datum RowStore::get(Id id, std::size_t column) const {
  const std::byte* r = row(id);
  Datum d = Datum::of_null(physical(kinds_[column]));
  if (is_null(r, column)) return d;
  d.null = false;
  const std::byte* s = slot(r, column);
  switch (d.kind) {
    case Kind::kBool: d.boolean = *reinterpret_cast<const std::uint64_t*>(s) != 0; break;
    case Kind::kInt: std::memcpy(&d.integer, s, 8); break;
    case Kind::kDouble: std::memcpy(&d.number, s, 8); break;
    case Kind::kBytes: std::memcpy(&d.bytes, s, 16); break;
    case Kind::kInterval: std::memcpy(&d.interval, s, 16); break;
  }
  return d;
}

void RowStore::gather(const Id* ids, std::uint32_t n, std::size_t column, Column& out) const {
  const std::size_t offset = offsets_[column];
  with_type(out.kind, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    T* to = out.as<T>();
    for (std::uint32_t k = 0; k < n; ++k) {
      const std::byte* r = row(ids[k]);
      std::memcpy(to + k, r + offset, sizeof(T));  // a boolean is the lowest byte of its slot
      if (is_null(r, column)) out.set_null(k);
    }
  });
}

void RowStore::emit(std::span<const Id> ids, std::span<const std::int64_t> weights, const std::int64_t* extra, Arena& arena, Delta& out) const {
  const std::size_t width = kinds_.size() + (extra ? 1 : 0);
  for (std::size_t at = 0; at < ids.size(); at += kChunkRows) {
    const auto n = static_cast<std::uint32_t>(std::min<std::size_t>(kChunkRows, ids.size() - at));
    Column* columns = arena.array<Column>(width);
    std::int64_t* w = arena.array<std::int64_t>(n);
    std::memcpy(w, weights.data() + at, n * sizeof *w);
    for (std::size_t c = 0; c < kinds_.size(); ++c) {
      columns[c] = Column::make(physical(kinds_[c]), n, true, arena);
      gather(ids.data() + at, n, c, columns[c]);
      trim_bitmap(columns[c], n);
      if (columns[c].kind != Kind::kBytes) continue;
      for (std::uint32_t k = 0; k < n; ++k) {
        Bytes& b = columns[c].as<Bytes>()[k];
        if (w[k] < 0 && !b.is_inline()) b = Bytes::copy(b.view(), arena);
      }
    }
    if (extra) {
      columns[width - 1] = Column::make(Kind::kInt, n, false, arena);
      std::memcpy(columns[width - 1].data, extra + at, n * sizeof(std::int64_t));
    }
    out.add(dense_chunk(n, {columns, width}, w));
  }
}

std::size_t RowStore::bytes() const {
  return page_bytes_ + heap_bytes_ + base_.capacity() * sizeof(std::byte*) + pages_.capacity() * sizeof(Page) + open_.capacity() * sizeof open_[0];
}

}  // namespace weir
