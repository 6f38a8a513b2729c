#pragma once
// A delta as few bytes, for change logs.
//
// By columns; whole numbers as the difference to the row before, in as many bytes as that needs; texts without the beginning that they share with the row before: the old and
// the new row of an update, or rows in the order of a key, take little more than what tells them apart.
//
// Law      decode(encode(a) ++ encode(b)) = a + b.
// Cost     O(bytes), both ways.
// Errors   decode: Failure(kCorrupt) where the bytes are not what encode() makes of such columns; never more is read or allocated than they can say.
// Threads  pure.

#include <span>
#include <string>
#include <string_view>

#include "zset/chunk.h"

namespace weir {

void encode(const Delta& delta, std::string& out);  // adds to `out`
void decode(std::string_view bytes, std::span<const Kind> kinds, Arena& arena, Delta& out);

}  // namespace weir
