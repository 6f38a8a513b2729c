// The workload `flights`: real flights in time order, each batch also deleting what is more than 30 days older than its last.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <stdexcept>

#include "workload.h"

namespace bench {
namespace {

// The text lives as long as the program: columns refer to it.
std::string_view read_whole(const std::string& file) {
  static std::deque<std::string> kept;
  const bool packed = file.size() > 3 && file.compare(file.size() - 3, 3, ".gz") == 0;
  FILE* in = packed ? popen(("gzip -dc '" + file + "'").c_str(), "r") : std::fopen(file.c_str(), "r");
  if (!in) throw std::runtime_error("cannot read " + file);
  std::string& text = kept.emplace_back();
  char part[1 << 16];
  for (std::size_t n; (n = std::fread(part, 1, sizeof part, in)) > 0;) text.append(part, n);
  if ((packed ? pclose(in) : std::fclose(in)) != 0 || text.empty()) throw std::runtime_error("cannot read " + file);
  return text;
}

// Takes the next line of a CSV file apart. Quotes around a field go; false: there is none.
bool next_line(std::string_view& text, std::vector<std::string_view>& fields) {
  fields.clear();
  if (text.empty()) return false;
  for (bool more = true; more;) {
    const bool quoted = text.starts_with('"');
    if (quoted) text.remove_prefix(1);
    const std::size_t end = std::min(quoted ? text.find('"') : text.find_first_of(",\n"), text.size());
    fields.push_back(text.substr(0, end));
    text.remove_prefix(std::min(text.size(), end + (quoted ? 1 : 0)));
    more = text.starts_with(',');
    if (!text.empty()) text.remove_prefix(1);
  }
  return true;
}

std::int64_t integer(std::string_view text) { return std::strtoll(std::string(text).c_str(), nullptr, 10); }

// "2001-01-01 00:47:00" in microseconds since 2000-01-01.
std::int64_t micros(std::string_view t) {
  using namespace std::chrono;
  const auto date = [](std::int64_t y, std::int64_t m, std::int64_t d) {
    return sys_days(year(static_cast<int>(y)) / month(static_cast<unsigned>(m)) / day(static_cast<unsigned>(d)));
  };
  const auto days = (date(integer(t.substr(0, 4)), integer(t.substr(5, 2)), integer(t.substr(8, 2))) - date(2000, 1, 1)).count();
  return (days * 86400 + integer(t.substr(11, 2)) * 3600 + integer(t.substr(14, 2)) * 60 + integer(t.substr(17, 2))) * 1000000;
}

struct Flight {
  std::int64_t id, at, delay, distance;
  std::string_view departed, origin, destination;
};

void add(Rows& rows, const Flight& f) {
  if (rows.columns.empty()) {
    rows.columns.resize(6);
    rows.texts.resize(6);
  }
  rows.columns[0].push_back(f.id);
  rows.columns[1].push_back(f.at);
  rows.texts[1].push_back(f.departed);
  rows.columns[2].push_back(f.delay);
  rows.columns[3].push_back(f.distance);
  rows.texts[4].push_back(f.origin);
  rows.texts[5].push_back(f.destination);
}

}  // namespace

Workload make_flights(const Cut& cut, const std::string& file) {
  Workload w;
  w.schema =
      "CREATE TABLE airports (iata TEXT PRIMARY KEY, state TEXT NOT NULL);"
      "CREATE TABLE flights (id BIGINT PRIMARY KEY, departed_at TIMESTAMP NOT NULL, delay INTEGER NOT NULL, distance INTEGER NOT NULL, origin TEXT NOT NULL, "
      "destination TEXT NOT NULL);"
      "CREATE VIEW by_state AS SELECT a.state, CAST(EXTRACT(YEAR FROM f.departed_at) AS INTEGER) AS year, CAST(EXTRACT(MONTH FROM f.departed_at) AS INTEGER) AS month, "
      "COUNT(*) AS flights, ROUND(AVG(f.delay), 2) AS mean, MAX(f.delay) AS most, ROUND(100.0 * COUNT(*) FILTER (WHERE f.delay >= 15) / COUNT(*), 1) AS late_percent "
      "FROM flights f JOIN airports a ON a.iata = f.origin GROUP BY a.state, EXTRACT(YEAR FROM f.departed_at), EXTRACT(MONTH FROM f.departed_at);"
      "CREATE VIEW worst_routes AS SELECT origin, destination, COUNT(*) AS flights, ROUND(AVG(delay), 1) AS mean FROM flights GROUP BY origin, destination "
      "HAVING COUNT(*) >= 10 ORDER BY mean DESC, origin, destination LIMIT 10";
  w.views = {{"by_state", true}, {"worst_routes", true}};
  w.arguments = file;

  std::vector<std::string_view> fields;
  std::string_view text = read_whole((std::filesystem::path(file).parent_path() / "airports.csv").string());
  Batch airports{"airports", Rows(2), {}, {}};
  airports.inserts.texts.resize(2);
  next_line(text, fields);
  while (next_line(text, fields)) {
    airports.inserts.texts[0].push_back(fields[0]);
    airports.inserts.texts[1].push_back(fields[3]);
  }
  w.load.push_back(std::move(airports));

  text = read_whole(file);
  next_line(text, fields);
  const std::size_t first = fields[0] == "id" ? 1 : 0;
  std::vector<Flight> flights;
  while (next_line(text, fields)) {
    const std::string_view* f = fields.data() + first;
    flights.push_back({static_cast<std::int64_t>(flights.size()), micros(f[0]), integer(f[1]), integer(f[2]), f[0], f[3], f[4]});
  }
  constexpr std::int64_t kKept = std::int64_t{30} * 86400 * 1000000;
  const auto n = static_cast<std::int64_t>(flights.size());
  Phase phase{"flights", cut.batch, {}, {}};
  std::size_t oldest = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    std::vector<Batch>& out = cut.is_timed(i, n) ? phase.batches : phase.load;
    if (cut.starts(i, n)) out.push_back({"flights", {}, {}, {}});
    add(out.back().inserts, flights[static_cast<std::size_t>(i)]);
    if (i + 1 == n || cut.starts(i + 1, n)) {
      // At most those of earlier batches: what comes and goes at once would be no row of either.
      const auto begin = static_cast<std::size_t>(i) + 1 - out.back().inserts.size();
      for (; oldest < begin && flights[oldest].at < flights[static_cast<std::size_t>(i)].at - kKept; ++oldest) add(out.back().deletes, flights[oldest]);
    }
  }
  w.phases.push_back(std::move(phase));
  return w;
}

}  // namespace bench
