#include "operators/frame_range.h"

#include <cmath>

#include "zset/datetime.h"
#include "zset/numeric.h"

namespace weir {
namespace {

// Is an infinite distance taken from the infinity it leads to?
bool everything(bool infinite_distance, int sign_of_infinite_own, bool minus) { return infinite_distance && sign_of_infinite_own == (minus ? 1 : -1); }

}  // namespace

bool FrameRange::within(const Datum& value, const Datum& own, const FrameBound& bound, bool below) const {
  const bool minus = (bound.kind == FrameBound::Kind::kPreceding) != key_.descending;
  int c = 0;  // of the value and own ± distance
  switch (type_) {
    case TypeId::kReal: case TypeId::kDouble: {
      const double base = own.number;
      if (std::isnan(value.number) || std::isnan(base)) {
        c = static_cast<int>(std::isnan(value.number)) - static_cast<int>(std::isnan(base));
        break;
      }
      if (everything(std::isinf(bound.number), std::isinf(base) ? (base > 0 ? 1 : -1) : 0, minus)) return true;
      const double sum = minus ? base - bound.number : base + bound.number;
      c = value.number < sum ? -1 : value.number > sum;
      break;
    }
    case TypeId::kNumeric: {
      const Numeric base = Numeric::decode(own.bytes), distance = Numeric::decode(Bytes(bound.numeric));
      const Numeric v = Numeric::decode(value.bytes);
      if (v.kind == Numeric::Class::kNaN || base.kind == Numeric::Class::kNaN) {
        c = static_cast<int>(v.kind == Numeric::Class::kNaN) - static_cast<int>(base.kind == Numeric::Class::kNaN);
        break;
      }
      const int infinite = base.kind == Numeric::Class::kInfinity ? 1 : base.kind == Numeric::Class::kMinusInfinity ? -1 : 0;
      if (everything(distance.kind == Numeric::Class::kInfinity, infinite, minus)) return true;
      c = v.compare(minus ? base - distance : base + distance);
      break;
    }
    case TypeId::kDate: {
      const std::int64_t sum = timestamp_plus(date_to_timestamp(own.integer), minus ? interval_negate(bound.interval) : bound.interval);
      const std::int64_t v = date_to_timestamp(value.integer);
      c = v < sum ? -1 : v > sum;
      break;
    }
    case TypeId::kTimestamp: case TypeId::kTimestamptz: {
      const std::int64_t sum = timestamp_plus(own.integer, minus ? interval_negate(bound.interval) : bound.interval);
      c = value.integer < sum ? -1 : value.integer > sum;
      break;
    }
    case TypeId::kTime: {  // not around the clock; days and months of the distance do not count
      std::int64_t sum = 0;
      const bool beyond = minus ? __builtin_sub_overflow(own.integer, bound.interval.micros, &sum) : __builtin_add_overflow(own.integer, bound.interval.micros, &sum);
      c = beyond ? (minus ? 1 : -1) : value.integer < sum ? -1 : value.integer > sum;
      break;
    }
    case TypeId::kInterval:
      c = interval_compare(value.interval, interval_plus(own.interval, minus ? interval_negate(bound.interval) : bound.interval));
      break;
    default: {
      const __int128 sum = minus ? static_cast<__int128>(own.integer) - bound.count : static_cast<__int128>(own.integer) + bound.count;
      c = value.integer < sum ? -1 : value.integer > sum;
      break;
    }
  }
  return below ? c <= 0 : c >= 0;
}

bool FrameRange::from_start(const Datum& value, const Datum& own) const {
  if (value.null || own.null) return key_.nulls_first ? !value.null || own.null : value.null || !own.null;
  return within(value, own, frame_.start, key_.descending);
}

bool FrameRange::until_end(const Datum& value, const Datum& own) const {
  if (value.null || own.null) return key_.nulls_first ? value.null : own.null;
  return within(value, own, frame_.end, !key_.descending);
}

}  // namespace weir
