#pragma once
// Natural numbers of any length, for what of NUMERIC does not fit 128 bits.
//
// Little endian, base 2^32, without leading zeros; zero is empty. Every function takes and gives that form.
// Cost     schoolbook: products and quotients in O(n m) limbs. NUMERIC ends at about 15,000 limbs.
// Threads  pure functions.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

using Limbs = std::vector<std::uint32_t>;

Limbs limbs_from(unsigned __int128 value);
unsigned __int128 limbs_to_128(const Limbs& a);           // REQUIRES: below 2^128
Limbs limbs_from_decimal(std::string_view digits);        // REQUIRES: only digits
std::string limbs_to_decimal(const Limbs& a);             // "0" where zero; no leading zeros otherwise
std::size_t limbs_bits(const Limbs& a);                   // position of the highest bit set, plus one

int limbs_compare(const Limbs& a, const Limbs& b);
Limbs limbs_add(const Limbs& a, const Limbs& b);
Limbs limbs_subtract(const Limbs& a, const Limbs& b);     // REQUIRES: a >= b
Limbs limbs_multiply(const Limbs& a, const Limbs& b);
void limbs_multiply_add(Limbs& a, std::uint32_t factor, std::uint32_t term);  // a = a factor + term
std::uint32_t limbs_divide_small(Limbs& a, std::uint32_t divisor);            // a = a / divisor; gives the remainder. REQUIRES: divisor != 0
Limbs limbs_divide(const Limbs& a, const Limbs& b, Limbs* remainder = nullptr);  // rounds down. REQUIRES: b is not zero
Limbs limbs_divide_nearest(const Limbs& a, const Limbs& b);                   // rounds halves up. REQUIRES: b is not zero
Limbs limbs_shift_left(const Limbs& a, std::size_t bits);
Limbs limbs_shift_right(const Limbs& a, std::size_t bits);                    // rounds down
Limbs limbs_root(const Limbs& a);                                             // of the square, rounded down
Limbs limbs_power_of_ten(std::size_t exponent);

}  // namespace weir
