// format(), and to_char() of timestamps and intervals.

#include <algorithm>

#include "sql/kernels.h"
#include "zset/datetime.h"

namespace weir {
namespace {

using Int = std::int64_t;
using View = std::string_view;

}  // namespace

void add_formats(Kernels& k) {
  k.add("to_char timestamp text", pointwise<[](Int t, View format) { return to_char_timestamp(t, format); }>);
  k.add("to_char interval text", pointwise<[](const Interval& i, View format) { return to_char_interval(i, format); }>);
}

}  // namespace weir
