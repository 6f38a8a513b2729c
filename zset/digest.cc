#include "zset/digest.h"

namespace weir {
namespace {

// The finaliser of splitmix64: a bijection that mixes all bits.
std::uint64_t mix(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

struct Hash {
  std::uint64_t a = 0x243f6a8885a308d3ull, b = 0x13198a2e03707344ull;

  void add(std::uint64_t v) {
    a = mix(a + v * 0x9E3779B97F4A7C15ull);
    b = mix((b ^ v) * 0xD6E8FEB86659FD93ull + 0xa4093822299f31d0ull);
  }
  void add(std::string_view s) {
    add(s.size());
    for (std::size_t i = 0; i < s.size(); i += 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, s.data() + i, s.size() - i < 8 ? s.size() - i : 8);
      add(word);
    }
  }
};

}  // namespace

void Digest::add(const Delta& delta) {
  Hash hashes[kChunkRows];
  for (const Chunk& chunk : delta.chunks) {
    for (std::uint32_t k = 0; k < chunk.selected; ++k) hashes[k] = Hash();
    for (const Column& c : chunk.cols()) {
      const auto column = [&](auto&& one) {
        for (std::uint32_t k = 0; k < chunk.selected; ++k) {
          const std::uint32_t i = chunk.position(k);
          if (c.valid) {
            hashes[k].add(std::uint64_t{c.is_valid(i)});
            if (!c.is_valid(i)) continue;
          } else {
            hashes[k].add(std::uint64_t{1});
          }
          one(hashes[k], i);
        }
      };
      switch (c.kind) {
        case Kind::kBool: column([&](Hash& h, std::uint32_t i) { h.add(std::uint64_t{c.bools()[i]}); }); break;
        case Kind::kInt:
        case Kind::kDouble: column([&](Hash& h, std::uint32_t i) { h.add(c.as<const std::uint64_t>()[i]); }); break;
        case Kind::kBytes: column([&](Hash& h, std::uint32_t i) { h.add(c.bytes()[i].view()); }); break;
        case Kind::kInterval:
          column([&](Hash& h, std::uint32_t i) {
            const Interval& v = c.intervals()[i];
            h.add(static_cast<std::uint64_t>(v.micros));
            h.add(static_cast<std::uint64_t>(static_cast<std::uint32_t>(v.days)) << 32 | static_cast<std::uint32_t>(v.months));
          });
          break;
      }
    }
    for (std::uint32_t k = 0; k < chunk.selected; ++k) {
      const unsigned __int128 h = static_cast<unsigned __int128>(hashes[k].a) << 64 | hashes[k].b;
      sum += h * static_cast<unsigned __int128>(static_cast<__int128>(chunk.weights[chunk.position(k)]));
    }
  }
}

std::string Digest::to_string() const {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string s(32, '0');
  for (int i = 0; i < 32; ++i) s[31 - i] = kHex[static_cast<unsigned>(sum >> (4 * i)) & 15];
  return s;
}

}  // namespace weir
