#include "zset/datetime_patterns.h"

namespace weir::datetime {
namespace {

// Of two that begin alike the longer one comes first.
constexpr Keyword kKeywords[] = {
    {"A.D.", Pattern::kEraDots}, {"A.M.", Pattern::kHalfOfDayDots}, {"AD", Pattern::kEra}, {"AM", Pattern::kHalfOfDay}, {"B.C.", Pattern::kEraDots},
    {"BC", Pattern::kEra}, {"CC", Pattern::kCentury}, {"DAY", Pattern::kDayName, true}, {"DDD", Pattern::kDayOfYear}, {"DD", Pattern::kDay},
    {"DY", Pattern::kDayShort, true}, {"D", Pattern::kDayOfWeek}, {"FF1", Pattern::kFraction, false, 1}, {"FF2", Pattern::kFraction, false, 2},
    {"FF3", Pattern::kFraction, false, 3}, {"FF4", Pattern::kFraction, false, 4}, {"FF5", Pattern::kFraction, false, 5},
    {"FF6", Pattern::kFraction, false, 6}, {"FX", Pattern::kFixed}, {"HH24", Pattern::kHour24}, {"HH12", Pattern::kHour12}, {"HH", Pattern::kHour12},
    {"IDDD", Pattern::kIsoDayOfYear}, {"ID", Pattern::kIsoDayOfWeek}, {"IW", Pattern::kIsoWeek}, {"IYYY", Pattern::kIsoYear4},
    {"IYY", Pattern::kIsoYear3}, {"IY", Pattern::kIsoYear2}, {"I", Pattern::kIsoYear1}, {"J", Pattern::kJulian}, {"MI", Pattern::kMinute},
    {"MM", Pattern::kMonth}, {"MONTH", Pattern::kMonthName, true}, {"MON", Pattern::kMonthShort, true}, {"MS", Pattern::kMillisecond},
    {"OF", Pattern::kZoneOffset}, {"P.M.", Pattern::kHalfOfDayDots}, {"PM", Pattern::kHalfOfDay}, {"Q", Pattern::kQuarter}, {"RM", Pattern::kRoman},
    {"SSSSS", Pattern::kSecondOfDay}, {"SSSS", Pattern::kSecondOfDay}, {"SS", Pattern::kSecond}, {"TZH", Pattern::kZoneHour},
    {"TZM", Pattern::kZoneMinute}, {"TZ", Pattern::kZone}, {"US", Pattern::kMicrosecond}, {"WW", Pattern::kWeekOfYear}, {"W", Pattern::kWeekOfMonth},
    {"Y,YYY", Pattern::kYearComma}, {"YYYY", Pattern::kYear4}, {"YYY", Pattern::kYear3}, {"YY", Pattern::kYear2}, {"Y", Pattern::kYear1},
};

bool spelled(std::string_view s, std::string_view word, Case how) {
  if (s.size() < word.size()) return false;
  for (std::size_t i = 0; i < word.size(); ++i) {
    const char want = how == Case::kUpper || (how == Case::kCapital && i == 0) ? word[i] : lower(word[i]);
    if (s[i] != want) return false;
  }
  return true;
}

}  // namespace

const Keyword* keyword_at(std::string_view s, Case& how) {
  for (const Keyword& k : kKeywords) {
    for (const Case c : {Case::kUpper, Case::kCapital, Case::kLower}) {
      if ((c != Case::kCapital || k.capital) && spelled(s, k.text, c)) {
        how = c;
        return &k;
      }
    }
  }
  return nullptr;
}

}  // namespace weir::datetime
