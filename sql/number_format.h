#pragma once
// to_char() of numbers: PostgreSQL's numeric format patterns (9 0 . , D G S MI PL SG PR L FM TH RN V EEEE), as its formatting.c fills them.
//
// Errors   Failure(kEvaluation) for a bad pattern: "multiple decimal points".
// Threads  pure functions.

#include <string>
#include <string_view>

#include "zset/numeric.h"

namespace weir {

std::string to_char_numeric(const Numeric& value, std::string_view format);
std::string to_char_integer(std::int64_t value, std::string_view format, bool wide);  // wide: BIGINT
std::string to_char_float(double value, std::string_view format, bool real);

}  // namespace weir
