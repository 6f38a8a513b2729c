#include "storage/change_code.h"

#include <weir/error.h>

#include <algorithm>
#include <bit>
#include <cstring>

namespace weir {
namespace {

constexpr char kVersion = 1;

std::uint64_t zigzag(std::int64_t n) { return (static_cast<std::uint64_t>(n) << 1) ^ static_cast<std::uint64_t>(n >> 63); }
std::int64_t unzigzag(std::uint64_t n) { return static_cast<std::int64_t>((n >> 1) ^ (~(n & 1) + 1)); }
std::int64_t difference(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
std::int64_t sum(std::int64_t a, std::int64_t b) { return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b)); }
// The bytes of a double the other way round: those of the fraction, mostly zero, come first.
std::uint64_t turned(std::uint64_t n) { return __builtin_bswap64(n); }

void put(std::uint64_t n, std::string& out) {
  for (; n >= 0x80; n >>= 7) out += static_cast<char>(n | 0x80);
  out += static_cast<char>(n);
}

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  std::uint64_t number() {
    std::uint64_t n = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto b = static_cast<unsigned char>(take(1)[0]);
      n |= std::uint64_t{b & 0x7fu} << shift;
      if (b < 0x80) return n;
    }
    damaged();
  }
  std::string_view take(std::uint64_t n) {
    if (n > bytes_.size()) damaged();
    const std::string_view out = bytes_.substr(0, n);
    bytes_.remove_prefix(n);
    return out;
  }
  std::size_t left() const { return bytes_.size(); }
  [[noreturn]] static void damaged() { throw Failure(ErrorCode::kCorrupt, "a change log holds what weir did not write"); }

 private:
  std::string_view bytes_;
};

struct Last {
  std::int64_t integer = 0;
  std::uint64_t number = 0;
  std::string_view bytes;
  Interval interval;
};

void put_value(const Column& column, std::uint32_t i, Last& last, std::string& out) {
  switch (column.kind) {
    case Kind::kBool:
      out += static_cast<char>(column.bools()[i]);
      break;
    case Kind::kInt: {
      const std::int64_t value = column.ints()[i];
      put(zigzag(difference(value, last.integer)), out);
      last.integer = value;
      break;
    }
    case Kind::kDouble: {
      const auto bits = std::bit_cast<std::uint64_t>(column.doubles()[i]);
      put(turned(bits ^ last.number), out);
      last.number = bits;
      break;
    }
    case Kind::kBytes: {
      const std::string_view value = column.bytes()[i].view();
      const auto shared = static_cast<std::size_t>(
          std::mismatch(value.begin(), value.begin() + static_cast<std::ptrdiff_t>(std::min(value.size(), last.bytes.size())), last.bytes.begin())
              .first -
          value.begin());
      put(shared, out);
      put(value.size() - shared, out);
      out += value.substr(shared);
      last.bytes = value;
      break;
    }
    case Kind::kInterval: {
      const Interval value = column.intervals()[i];
      put(zigzag(value.months), out);
      put(zigzag(value.days), out);
      put(zigzag(value.micros), out);
      break;
    }
  }
}

void take_value(Reader& in, Column& column, std::uint32_t i, Last& last, Arena& arena) {
  switch (column.kind) {
    case Kind::kBool: {
      const char value = in.take(1)[0];
      if (value != 0 && value != 1) Reader::damaged();
      column.as<std::uint8_t>()[i] = static_cast<std::uint8_t>(value);
      break;
    }
    case Kind::kInt:
      column.as<std::int64_t>()[i] = last.integer = sum(last.integer, unzigzag(in.number()));
      break;
    case Kind::kDouble:
      column.as<double>()[i] = std::bit_cast<double>(last.number ^= turned(in.number()));
      break;
    case Kind::kBytes: {
      const std::uint64_t shared = in.number(), more = in.number();
      if (shared > last.bytes.size()) Reader::damaged();
      if (more == 0) {  // nothing of its own: it lies where the one before does
        last.bytes = last.bytes.substr(0, shared);
      } else {
        const std::string_view rest = in.take(more);
        char* const text = arena.array<char>(shared + more);
        if (shared > 0) std::memcpy(text, last.bytes.data(), shared);
        std::memcpy(text + shared, rest.data(), more);
        last.bytes = {text, shared + more};
      }
      if (last.bytes.size() > UINT32_MAX) Reader::damaged();
      column.as<Bytes>()[i] = Bytes(last.bytes);
      break;
    }
    case Kind::kInterval: {
      Interval& value = column.as<Interval>()[i];
      const std::int64_t months = unzigzag(in.number()), days = unzigzag(in.number());
      value.months = static_cast<std::int32_t>(months);
      value.days = static_cast<std::int32_t>(days);
      value.micros = unzigzag(in.number());
      if (value.months != months || value.days != days) Reader::damaged();
      break;
    }
  }
}

}  // namespace

void encode(const Delta& delta, std::string& out) {
  out += kVersion;
  put(delta.rows(), out);
  for (const Chunk& chunk : delta.chunks) {
    put(chunk.selected, out);
    chunk.each([&](std::uint32_t i) { put(zigzag(chunk.weights[i]), out); });
    for (const Column& column : chunk.cols()) {
      bool any_null = false;
      chunk.each([&](std::uint32_t i) { any_null = any_null || !column.is_valid(i); });
      out += static_cast<char>(any_null);
      if (any_null) chunk.each([&](std::uint32_t i) { out += static_cast<char>(column.is_valid(i)); });
      Last last;
      chunk.each([&](std::uint32_t i) {
        if (column.is_valid(i)) put_value(column, i, last, out);
      });
    }
  }
}

void decode(std::string_view bytes, std::span<const Kind> kinds, Arena& arena, Delta& out) {
  Reader in(bytes);
  do {
    if (in.take(1)[0] != kVersion) Reader::damaged();
    std::uint64_t rows = in.number();
    if (rows > in.left()) Reader::damaged();  // a weight takes a byte
    while (rows > 0) {
      const std::uint64_t size = in.number();
      if (size == 0 || size > kChunkRows || size > rows) Reader::damaged();
      rows -= size;
      Chunk chunk;
      chunk.size = chunk.selected = static_cast<std::uint32_t>(size);
      chunk.width = static_cast<std::uint16_t>(kinds.size());
      auto* weights = arena.array<std::int64_t>(size);
      for (std::uint64_t i = 0; i < size; ++i) weights[i] = unzigzag(in.number());
      chunk.weights = weights;
      chunk.columns = arena.array<Column>(kinds.size());
      for (std::size_t c = 0; c < kinds.size(); ++c) {
        const bool any_null = in.take(1)[0] != 0;
        Column& column = chunk.columns[c] = Column::make(kinds[c], chunk.size, any_null, arena);
        const std::string_view valid = any_null ? in.take(size) : std::string_view();
        Last last;
        for (std::uint32_t i = 0; i < chunk.size; ++i) {
          if (any_null && valid[i] == 0)
            column.set(i, Datum::of_null(kinds[c]));
          else
            take_value(in, column, i, last, arena);
        }
      }
      out.add(chunk);
    }
  } while (in.left() > 0);
}

}  // namespace weir
