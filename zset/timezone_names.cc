#include "zset/timezone_names.h"

#include <algorithm>
#include <iterator>

#include "zset/ascii.h"

namespace weir {
namespace {

struct Abbreviation {
  std::string_view name;
  std::int16_t minutes;  // east of UTC
};
constexpr std::int16_t kChanged = INT16_MAX;  // has meant more than one offset

constexpr Abbreviation kAbbreviations[] = {
    {"acdt", 630}, {"acsst", 630}, {"acst", 570}, {"act", -300}, {"acwst", 525}, {"adt", -180}, {"aedt", 660}, {"aesst", 660}, {"aest", 600},
    {"aft", 270}, {"akdt", -480}, {"akst", -540}, {"almst", 420}, {"almt", 360}, {"amst", kChanged}, {"amt", -240}, {"anast", kChanged},
    {"anat", kChanged}, {"arst", kChanged}, {"art", kChanged}, {"ast", -240}, {"awsst", 540}, {"awst", 480}, {"azost", 0}, {"azot", -60},
    {"azst", kChanged}, {"azt", kChanged}, {"bdst", 120}, {"bdt", 360}, {"bnt", 480}, {"bort", 480}, {"bot", -240}, {"bra", -180}, {"brst", -120},
    {"brt", -180}, {"bst", 60}, {"btt", 360}, {"cadt", 630}, {"cast", 570}, {"cct", 480}, {"cdt", -300}, {"cest", 120}, {"cet", 60},
    {"cetdst", 120}, {"chadt", 825}, {"chast", 765}, {"chut", 600}, {"ckt", kChanged}, {"clst", -180}, {"clt", kChanged}, {"cot", -300},
    {"cst", -360}, {"cxt", 420}, {"davt", kChanged}, {"ddut", 600}, {"easst", kChanged}, {"east", kChanged}, {"eat", 180}, {"edt", -240},
    {"eest", 180}, {"eet", 120}, {"eetdst", 180}, {"egst", 0}, {"egt", -60}, {"est", -300}, {"fet", 180}, {"fjst", 780}, {"fjt", 720},
    {"fkst", kChanged}, {"fkt", kChanged}, {"fnst", -60}, {"fnt", -120}, {"galt", -360}, {"gamt", -540}, {"gest", kChanged}, {"get", kChanged},
    {"gft", -180}, {"gilt", 720}, {"gmt", 0}, {"gyt", kChanged}, {"hkt", 480}, {"hst", -600}, {"ict", 420}, {"idt", 180}, {"iot", kChanged},
    {"irkst", kChanged}, {"irkt", kChanged}, {"irt", 210}, {"ist", 120}, {"jayt", 540}, {"jst", 540}, {"kdt", 600}, {"kgst", 360},
    {"kgt", kChanged}, {"kost", kChanged}, {"krast", kChanged}, {"krat", kChanged}, {"kst", 540}, {"lhdt", kChanged}, {"lhst", 630}, {"ligt", 600},
    {"lint", kChanged}, {"lkt", kChanged}, {"magst", kChanged}, {"magt", kChanged}, {"mart", -570}, {"mawt", kChanged}, {"mdt", -360},
    {"mest", 120}, {"mesz", 120}, {"met", 60}, {"metdst", 120}, {"mez", 60}, {"mht", 720}, {"mmt", 390}, {"mpt", 600}, {"msd", 240},
    {"msk", kChanged}, {"mst", -420}, {"must", 300}, {"mut", 240}, {"mvt", 300}, {"myt", 480}, {"ndt", -150}, {"nft", -210}, {"novst", kChanged},
    {"novt", kChanged}, {"npt", 345}, {"nst", -210}, {"nut", kChanged}, {"nzdt", 780}, {"nzst", 720}, {"nzt", 720}, {"omsst", kChanged},
    {"omst", kChanged}, {"pdt", -420}, {"pet", -300}, {"petst", kChanged}, {"pett", kChanged}, {"pgt", 600}, {"pht", 480}, {"pkst", 360},
    {"pkt", 300}, {"pmdt", -120}, {"pmst", -180}, {"pont", 660}, {"pst", -480}, {"pwt", 540}, {"pyst", -180}, {"pyt", kChanged}, {"ret", 240},
    {"sadt", 630}, {"sast", 120}, {"sct", 240}, {"sgt", kChanged}, {"taht", -600}, {"tft", 300}, {"tjt", 300}, {"tkt", kChanged}, {"tmt", kChanged},
    {"tot", 780}, {"trut", 600}, {"tvt", 720}, {"uct", 0}, {"ulast", 540}, {"ulat", kChanged}, {"ut", 0}, {"utc", 0}, {"uyst", -120}, {"uyt", -180},
    {"uzst", 360}, {"uzt", 300}, {"vet", kChanged}, {"vlast", kChanged}, {"vlat", kChanged}, {"volt", kChanged}, {"vut", 660}, {"wadt", 480},
    {"wakt", 720}, {"wast", 420}, {"wat", 60}, {"wdt", 540}, {"wet", 0}, {"wetdst", 60}, {"wft", 720}, {"wgst", -120}, {"wgt", -180}, {"xjt", 360},
    {"yakst", kChanged}, {"yakt", kChanged}, {"yapt", 600}, {"yekst", 360}, {"yekt", kChanged}, {"z", 0}, {"zulu", 0},
};

constexpr std::string_view kNames[] = {
    "africa/abidjan", "africa/accra", "africa/addis_ababa", "africa/algiers", "africa/asmara", "africa/asmera", "africa/bamako", "africa/bangui",
    "africa/banjul", "africa/bissau", "africa/blantyre", "africa/brazzaville", "africa/bujumbura", "africa/cairo", "africa/casablanca",
    "africa/ceuta", "africa/conakry", "africa/dakar", "africa/dar_es_salaam", "africa/djibouti", "africa/douala", "africa/el_aaiun",
    "africa/freetown", "africa/gaborone", "africa/harare", "africa/johannesburg", "africa/juba", "africa/kampala", "africa/khartoum",
    "africa/kigali", "africa/kinshasa", "africa/lagos", "africa/libreville", "africa/lome", "africa/luanda", "africa/lubumbashi", "africa/lusaka",
    "africa/malabo", "africa/maputo", "africa/maseru", "africa/mbabane", "africa/mogadishu", "africa/monrovia", "africa/nairobi", "africa/ndjamena",
    "africa/niamey", "africa/nouakchott", "africa/ouagadougou", "africa/porto-novo", "africa/sao_tome", "africa/timbuktu", "africa/tripoli",
    "africa/tunis", "africa/windhoek", "america/adak", "america/anchorage", "america/anguilla", "america/antigua", "america/araguaina",
    "america/argentina/buenos_aires", "america/argentina/catamarca", "america/argentina/comodrivadavia", "america/argentina/cordoba",
    "america/argentina/jujuy", "america/argentina/la_rioja", "america/argentina/mendoza", "america/argentina/rio_gallegos",
    "america/argentina/salta", "america/argentina/san_juan", "america/argentina/san_luis", "america/argentina/tucuman", "america/argentina/ushuaia",
    "america/aruba", "america/asuncion", "america/atikokan", "america/atka", "america/bahia", "america/bahia_banderas", "america/barbados",
    "america/belem", "america/belize", "america/blanc-sablon", "america/boa_vista", "america/bogota", "america/boise", "america/buenos_aires",
    "america/cambridge_bay", "america/campo_grande", "america/cancun", "america/caracas", "america/catamarca", "america/cayenne", "america/cayman",
    "america/chicago", "america/chihuahua", "america/ciudad_juarez", "america/coral_harbour", "america/cordoba", "america/costa_rica",
    "america/coyhaique", "america/creston", "america/cuiaba", "america/curacao", "america/danmarkshavn", "america/dawson", "america/dawson_creek",
    "america/denver", "america/detroit", "america/dominica", "america/edmonton", "america/eirunepe", "america/el_salvador", "america/ensenada",
    "america/fort_nelson", "america/fort_wayne", "america/fortaleza", "america/glace_bay", "america/godthab", "america/goose_bay",
    "america/grand_turk", "america/grenada", "america/guadeloupe", "america/guatemala", "america/guayaquil", "america/guyana", "america/halifax",
    "america/havana", "america/hermosillo", "america/indiana/indianapolis", "america/indiana/knox", "america/indiana/marengo",
    "america/indiana/petersburg", "america/indiana/tell_city", "america/indiana/vevay", "america/indiana/vincennes", "america/indiana/winamac",
    "america/indianapolis", "america/inuvik", "america/iqaluit", "america/jamaica", "america/jujuy", "america/juneau",
    "america/kentucky/louisville", "america/kentucky/monticello", "america/knox_in", "america/kralendijk", "america/la_paz", "america/lima",
    "america/los_angeles", "america/louisville", "america/lower_princes", "america/maceio", "america/managua", "america/manaus", "america/marigot",
    "america/martinique", "america/matamoros", "america/mazatlan", "america/mendoza", "america/menominee", "america/merida", "america/metlakatla",
    "america/mexico_city", "america/miquelon", "america/moncton", "america/monterrey", "america/montevideo", "america/montreal",
    "america/montserrat", "america/nassau", "america/new_york", "america/nipigon", "america/nome", "america/noronha", "america/north_dakota/beulah",
    "america/north_dakota/center", "america/north_dakota/new_salem", "america/nuuk", "america/ojinaga", "america/panama", "america/pangnirtung",
    "america/paramaribo", "america/phoenix", "america/port-au-prince", "america/port_of_spain", "america/porto_acre", "america/porto_velho",
    "america/puerto_rico", "america/punta_arenas", "america/rainy_river", "america/rankin_inlet", "america/recife", "america/regina",
    "america/resolute", "america/rio_branco", "america/rosario", "america/santa_isabel", "america/santarem", "america/santiago",
    "america/santo_domingo", "america/sao_paulo", "america/scoresbysund", "america/shiprock", "america/sitka", "america/st_barthelemy",
    "america/st_johns", "america/st_kitts", "america/st_lucia", "america/st_thomas", "america/st_vincent", "america/swift_current",
    "america/tegucigalpa", "america/thule", "america/thunder_bay", "america/tijuana", "america/toronto", "america/tortola", "america/vancouver",
    "america/virgin", "america/whitehorse", "america/winnipeg", "america/yakutat", "america/yellowknife", "antarctica/casey", "antarctica/davis",
    "antarctica/dumontdurville", "antarctica/macquarie", "antarctica/mawson", "antarctica/mcmurdo", "antarctica/palmer", "antarctica/rothera",
    "antarctica/south_pole", "antarctica/syowa", "antarctica/troll", "antarctica/vostok", "arctic/longyearbyen", "asia/aden", "asia/almaty",
    "asia/amman", "asia/anadyr", "asia/aqtau", "asia/aqtobe", "asia/ashgabat", "asia/ashkhabad", "asia/atyrau", "asia/baghdad", "asia/bahrain",
    "asia/baku", "asia/bangkok", "asia/barnaul", "asia/beirut", "asia/bishkek", "asia/brunei", "asia/calcutta", "asia/chita", "asia/choibalsan",
    "asia/chongqing", "asia/chungking", "asia/colombo", "asia/dacca", "asia/damascus", "asia/dhaka", "asia/dili", "asia/dubai", "asia/dushanbe",
    "asia/famagusta", "asia/gaza", "asia/harbin", "asia/hebron", "asia/ho_chi_minh", "asia/hong_kong", "asia/hovd", "asia/irkutsk", "asia/istanbul",
    "asia/jakarta", "asia/jayapura", "asia/jerusalem", "asia/kabul", "asia/kamchatka", "asia/karachi", "asia/kashgar", "asia/kathmandu",
    "asia/katmandu", "asia/khandyga", "asia/kolkata", "asia/krasnoyarsk", "asia/kuala_lumpur", "asia/kuching", "asia/kuwait", "asia/macao",
    "asia/macau", "asia/magadan", "asia/makassar", "asia/manila", "asia/muscat", "asia/nicosia", "asia/novokuznetsk", "asia/novosibirsk",
    "asia/omsk", "asia/oral", "asia/phnom_penh", "asia/pontianak", "asia/pyongyang", "asia/qatar", "asia/qostanay", "asia/qyzylorda",
    "asia/rangoon", "asia/riyadh", "asia/saigon", "asia/sakhalin", "asia/samarkand", "asia/seoul", "asia/shanghai", "asia/singapore",
    "asia/srednekolymsk", "asia/taipei", "asia/tashkent", "asia/tbilisi", "asia/tehran", "asia/tel_aviv", "asia/thimbu", "asia/thimphu",
    "asia/tokyo", "asia/tomsk", "asia/ujung_pandang", "asia/ulaanbaatar", "asia/ulan_bator", "asia/urumqi", "asia/ust-nera", "asia/vientiane",
    "asia/vladivostok", "asia/yakutsk", "asia/yangon", "asia/yekaterinburg", "asia/yerevan", "atlantic/azores", "atlantic/bermuda",
    "atlantic/canary", "atlantic/cape_verde", "atlantic/faeroe", "atlantic/faroe", "atlantic/jan_mayen", "atlantic/madeira", "atlantic/reykjavik",
    "atlantic/south_georgia", "atlantic/st_helena", "atlantic/stanley", "australia/act", "australia/adelaide", "australia/brisbane",
    "australia/broken_hill", "australia/canberra", "australia/currie", "australia/darwin", "australia/eucla", "australia/hobart", "australia/lhi",
    "australia/lindeman", "australia/lord_howe", "australia/melbourne", "australia/north", "australia/nsw", "australia/perth",
    "australia/queensland", "australia/south", "australia/sydney", "australia/tasmania", "australia/victoria", "australia/west",
    "australia/yancowinna", "brazil/acre", "brazil/denoronha", "brazil/east", "brazil/west", "canada/atlantic", "canada/central", "canada/eastern",
    "canada/mountain", "canada/newfoundland", "canada/pacific", "canada/saskatchewan", "canada/yukon", "cet", "chile/continental",
    "chile/easterisland", "cst6cdt", "cuba", "eet", "egypt", "eire", "est", "est5edt", "etc/gmt", "etc/gmt+0", "etc/gmt+1", "etc/gmt+10",
    "etc/gmt+11", "etc/gmt+12", "etc/gmt+2", "etc/gmt+3", "etc/gmt+4", "etc/gmt+5", "etc/gmt+6", "etc/gmt+7", "etc/gmt+8", "etc/gmt+9", "etc/gmt-0",
    "etc/gmt-1", "etc/gmt-10", "etc/gmt-11", "etc/gmt-12", "etc/gmt-13", "etc/gmt-14", "etc/gmt-2", "etc/gmt-3", "etc/gmt-4", "etc/gmt-5",
    "etc/gmt-6", "etc/gmt-7", "etc/gmt-8", "etc/gmt-9", "etc/gmt0", "etc/greenwich", "etc/uct", "etc/universal", "etc/utc", "etc/zulu",
    "europe/amsterdam", "europe/andorra", "europe/astrakhan", "europe/athens", "europe/belfast", "europe/belgrade", "europe/berlin",
    "europe/bratislava", "europe/brussels", "europe/bucharest", "europe/budapest", "europe/busingen", "europe/chisinau", "europe/copenhagen",
    "europe/dublin", "europe/gibraltar", "europe/guernsey", "europe/helsinki", "europe/isle_of_man", "europe/istanbul", "europe/jersey",
    "europe/kaliningrad", "europe/kiev", "europe/kirov", "europe/kyiv", "europe/lisbon", "europe/ljubljana", "europe/london", "europe/luxembourg",
    "europe/madrid", "europe/malta", "europe/mariehamn", "europe/minsk", "europe/monaco", "europe/moscow", "europe/nicosia", "europe/oslo",
    "europe/paris", "europe/podgorica", "europe/prague", "europe/riga", "europe/rome", "europe/samara", "europe/san_marino", "europe/sarajevo",
    "europe/saratov", "europe/simferopol", "europe/skopje", "europe/sofia", "europe/stockholm", "europe/tallinn", "europe/tirane",
    "europe/tiraspol", "europe/ulyanovsk", "europe/uzhgorod", "europe/vaduz", "europe/vatican", "europe/vienna", "europe/vilnius",
    "europe/volgograd", "europe/warsaw", "europe/zagreb", "europe/zaporozhye", "europe/zurich", "factory", "gb", "gb-eire", "gmt", "gmt+0", "gmt-0",
    "gmt0", "greenwich", "hongkong", "hst", "iceland", "indian/antananarivo", "indian/chagos", "indian/christmas", "indian/cocos", "indian/comoro",
    "indian/kerguelen", "indian/mahe", "indian/maldives", "indian/mauritius", "indian/mayotte", "indian/reunion", "iran", "israel", "jamaica",
    "japan", "kwajalein", "libya", "met", "mexico/bajanorte", "mexico/bajasur", "mexico/general", "mst", "mst7mdt", "navajo", "nz", "nz-chat",
    "pacific/apia", "pacific/auckland", "pacific/bougainville", "pacific/chatham", "pacific/chuuk", "pacific/easter", "pacific/efate",
    "pacific/enderbury", "pacific/fakaofo", "pacific/fiji", "pacific/funafuti", "pacific/galapagos", "pacific/gambier", "pacific/guadalcanal",
    "pacific/guam", "pacific/honolulu", "pacific/johnston", "pacific/kanton", "pacific/kiritimati", "pacific/kosrae", "pacific/kwajalein",
    "pacific/majuro", "pacific/marquesas", "pacific/midway", "pacific/nauru", "pacific/niue", "pacific/norfolk", "pacific/noumea",
    "pacific/pago_pago", "pacific/palau", "pacific/pitcairn", "pacific/pohnpei", "pacific/ponape", "pacific/port_moresby", "pacific/rarotonga",
    "pacific/saipan", "pacific/samoa", "pacific/tahiti", "pacific/tarawa", "pacific/tongatapu", "pacific/truk", "pacific/wake", "pacific/wallis",
    "pacific/yap", "poland", "portugal", "prc", "pst8pdt", "roc", "rok", "singapore", "turkey", "uct", "universal", "us/alaska", "us/aleutian",
    "us/arizona", "us/central", "us/east-indiana", "us/eastern", "us/hawaii", "us/indiana-starke", "us/michigan", "us/mountain", "us/pacific",
    "us/samoa", "utc", "w-su", "wet", "zulu",
};

// Names of UTC that do not look like a POSIX rule.
constexpr std::string_view kUtc[] = {"etc/gmt", "etc/greenwich", "etc/uct", "etc/universal", "etc/utc", "etc/zulu", "greenwich", "universal"};

constexpr bool by_name(const Abbreviation& a, const Abbreviation& b) { return a.name < b.name; }
static_assert(std::is_sorted(std::begin(kAbbreviations), std::end(kAbbreviations), by_name));
static_assert(std::is_sorted(std::begin(kNames), std::end(kNames)));

const Abbreviation* abbreviation(std::string_view lower) {
  lower = lower.substr(0, 10);  // more of a word does not count
  const auto* at = std::lower_bound(std::begin(kAbbreviations), std::end(kAbbreviations), Abbreviation{lower, 0}, by_name);
  return at != std::end(kAbbreviations) && at->name == lower ? at : nullptr;
}

// std offset [dst [offset]], as "est5edt" or "gmt+3:30"; a name is whatever stands before a sign or a digit. Rules for the change of clocks are not taken.
struct PosixRule {
  bool valid = false;
  bool summer_time = false;
  std::int32_t west = 0;  // seconds
};

PosixRule read_posix_rule(std::string_view s) {
  PosixRule rule;
  std::size_t i = 0;
  const auto name = [&] {
    const std::size_t start = i;
    if (i < s.size() && s[i] == '<') {
      i = std::min(s.find('>', i), s.size() - 1) + 1;
      return s[i - 1] == '>';
    }
    while (i < s.size() && !is_digit(s[i]) && s[i] != '+' && s[i] != '-') ++i;
    return i > start;
  };
  std::int32_t seconds = 0;
  const auto number = [&](int greatest, std::int32_t unit) {
    const std::size_t start = i;
    int value = 0;
    for (; i < s.size() && is_digit(s[i]); ++i) {
      value = value * 10 + (s[i] - '0');
      if (value > greatest) return false;
    }
    seconds += value * unit;
    return i > start;
  };
  const auto offset = [&] {
    const bool negative = i < s.size() && s[i] == '-';
    if (i < s.size() && (s[i] == '+' || s[i] == '-')) ++i;
    seconds = 0;
    bool good = number(167, 3600);
    for (const int unit : {60, 1}) {
      if (!good || i == s.size() || s[i] != ':') break;
      ++i;
      good = number(unit == 60 ? 59 : 60, unit);
    }
    if (negative) seconds = -seconds;
    return good;
  };
  name();
  if (!offset()) return rule;
  rule.west = seconds;
  rule.summer_time = i != s.size();
  rule.valid = !rule.summer_time || (name() && (i == s.size() || (offset() && i == s.size())));
  return rule;
}

}  // namespace

bool is_timezone_abbreviation(std::string_view lower) { return abbreviation(lower) != nullptr; }

bool is_timezone_name(std::string_view lower) {
  return std::binary_search(std::begin(kNames), std::end(kNames), lower) || read_posix_rule(lower).valid;
}

std::optional<std::int32_t> timezone_offset(std::string_view lower) {
  if (const Abbreviation* a = abbreviation(lower)) return a->minutes == kChanged ? std::nullopt : std::optional(a->minutes * 60);
  if (std::find(std::begin(kUtc), std::end(kUtc), lower) != std::end(kUtc)) return 0;
  const bool own_rules = std::binary_search(std::begin(kNames), std::end(kNames), lower) && !lower.starts_with("gmt") && !lower.starts_with("etc/gmt");
  const PosixRule rule = read_posix_rule(lower);
  return own_rules || !rule.valid || rule.summer_time ? std::nullopt : std::optional(-rule.west);
}

}  // namespace weir
