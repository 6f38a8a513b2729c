// The floor of the workload `flights`: both views kept by hand. One thread, standard containers.
//
//   floor_flights FILE [BATCH] [TIMED]
//
// FILE: departed_at,delay,distance,origin,destination in time order, perhaps after an id; plain or .gz; airports.csv beside it. Prints what floor prints.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include <sys/resource.h>
#include <time.h>

using i64 = std::int64_t;
using u64 = std::uint64_t;
using Clock = std::chrono::steady_clock;

u64 mix(u64 z) {
  z += 0x9E3779B97F4A7C15ull;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

i64 text_hash(const std::string& text) {
  u64 h = 0xCBF29CE484222325ull;
  for (unsigned char c : text) h = (h ^ c) * 0x100000001B3ull;
  return (i64)h;
}

u64 row_hash(std::initializer_list<i64> columns) {
  u64 h = 0;
  for (i64 c : columns) h = mix(h ^ (u64)c);
  return h;
}

double cpu_seconds() {
  timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

// Half away from zero, as SQL's ROUND.
i64 rounded(i64 a, i64 b) { return a < 0 ? -((-a * 2 + b) / (b * 2)) : (a * 2 + b) / (b * 2); }

std::vector<std::string> lines(const std::string& file) {
  FILE* in = popen((file.ends_with(".gz") ? "gzip -dc '" + file + "'" : "cat '" + file + "'").c_str(), "r");
  std::vector<std::string> out;
  for (char text[1024]; in && std::fgets(text, sizeof text, in);) out.emplace_back(text, std::string(text).find_last_not_of("\n") + 1);
  if (!in || pclose(in) != 0 || out.empty()) { std::fprintf(stderr, "floor_flights: cannot read %s\n", file.c_str()); std::exit(1); }
  return out;
}

std::vector<std::string> fields(const std::string& line) {
  std::vector<std::string> out(1);
  bool quoted = false;
  for (char c : line) {
    if (c == '"') quoted = !quoted;
    else if (c == ',' && !quoted) out.emplace_back();
    else out.back() += c;
  }
  return out;
}

struct Flight { i64 at, delay; int month, origin, destination; };  // airports by number
struct State { i64 flights = 0, minutes = 0, late = 0; std::map<i64, i64> delays; };
struct Route { i64 flights = 0, minutes = 0; };
using Ranked = std::tuple<i64, std::string, std::string>;  // -mean in tenths, the airports: the worst first

int main(int argc, char** argv) {
  if (argc < 2) { std::fprintf(stderr, "usage: floor_flights FILE [BATCH] [TIMED]\n"); return 2; }
  const std::string file = argv[1];
  const i64 batch = argc > 2 ? std::atoll(argv[2]) : 1000, timed = argc > 3 ? std::atoll(argv[3]) : INT64_MAX;
  std::vector<std::string> name;
  std::unordered_map<std::string, int> number;
  auto airport = [&](const std::string& iata) {
    auto [at, added] = number.try_emplace(iata, (int)name.size());
    if (added) name.push_back(iata);
    return at->second;
  };
  std::vector<std::string> state_name;
  std::vector<int> state_of;  // by airport, -1: none
  const std::size_t slash = file.rfind('/');
  const auto airports = lines((slash == std::string::npos ? "" : file.substr(0, slash + 1)) + "airports.csv");
  std::unordered_map<std::string, int> states;
  for (std::size_t i = 1; i < airports.size(); ++i) {
    const auto f = fields(airports[i]);
    const std::size_t a = airport(f[0]);
    state_of.resize(a + 1, -1);
    auto [at, added] = states.try_emplace(f[3], (int)state_name.size());
    if (added) state_name.push_back(f[3]);
    state_of[a] = at->second;
  }
  std::vector<Flight> rows;
  {
    const auto text = lines(file);
    const std::size_t first = fields(text[0])[0] == "id" ? 1 : 0;
    for (std::size_t i = 1; i < text.size(); ++i) {
      const auto f = fields(text[i]);
      const std::string& t = f[first];
      tm at{};
      at.tm_year = std::stoi(t.substr(0, 4)) - 1900; at.tm_mon = std::stoi(t.substr(5, 2)) - 1; at.tm_mday = std::stoi(t.substr(8, 2));
      at.tm_hour = std::stoi(t.substr(11, 2)); at.tm_min = std::stoi(t.substr(14, 2)); at.tm_sec = std::stoi(t.substr(17, 2));
      rows.push_back({timegm(&at), std::stoll(f[first + 1]), (at.tm_year + 1900) * 12 + at.tm_mon, airport(f[first + 3]), airport(f[first + 4])});
    }
  }
  state_of.resize(name.size(), -1);

  std::unordered_map<i64, State> by_state;   // state << 32 | month
  std::unordered_map<i64, Route> routes;     // origin << 32 | destination
  std::set<Ranked> ranking;
  auto ranked = [&](i64 key, const Route& r) { return Ranked{-rounded(r.minutes * 10, r.flights), name[key >> 32], name[key & 0xFFFFFFFF]}; };
  std::vector<std::pair<i64, std::array<i64, 4>>> touched;  // groups and what they were
  std::unordered_map<i64, Route> moved;
  std::vector<Ranked> top;
  volatile std::size_t emitted = 0;
  auto change = [&](const Flight& f, i64 sign) {
    if (state_of[f.origin] >= 0) {
      const i64 key = (i64)state_of[f.origin] << 32 | f.month;
      State& s = by_state[key];
      touched.push_back({key, {s.flights, s.minutes, s.late, s.delays.empty() ? 0 : s.delays.rbegin()->first}});
      s.flights += sign; s.minutes += sign * f.delay; s.late += sign * (f.delay >= 15);
      auto at = s.delays.try_emplace(f.delay).first;
      if ((at->second += sign) == 0) s.delays.erase(at);
    }
    const i64 key = (i64)f.origin << 32 | f.destination;
    Route& r = routes[key];
    moved.try_emplace(key, r);
    r.flights += sign; r.minutes += sign * f.delay;
  };
  auto finish = [&] {
    std::stable_sort(touched.begin(), touched.end(), [](auto& a, auto& b) { return a.first < b.first; });
    for (std::size_t i = 0; i < touched.size(); ++i) {
      if (i && touched[i].first == touched[i - 1].first) continue;
      State& s = by_state[touched[i].first];
      const std::array<i64, 4> now{s.flights, s.minutes, s.late, s.delays.empty() ? 0 : s.delays.rbegin()->first};
      emitted = emitted + (now != touched[i].second);
      if (s.flights == 0) by_state.erase(touched[i].first);
    }
    for (auto& [key, was] : moved) {
      auto at = routes.find(key);
      if (was.flights >= 10) ranking.erase(ranked(key, was));
      if (at->second.flights >= 10) ranking.insert(ranked(key, at->second));
      if (at->second.flights == 0) routes.erase(at);
    }
    std::vector<Ranked> now;
    for (auto& r : ranking) { if (now.size() == 10) break; now.push_back(r); }
    emitted = emitted + (now != top);
    top.swap(now);
    touched.clear(); moved.clear();
  };

  std::vector<double> times;
  double counted = 0, cpu = 0;
  std::size_t oldest = 0;
  const std::size_t n = rows.size(), untimed = n - std::min<u64>(n, timed);
  for (std::size_t at = 0; at < n;) {
    const bool measured = at >= untimed;
    const std::size_t end = measured ? std::min<std::size_t>(n, at + batch) : std::min<std::size_t>(untimed, at + 100000);
    if (measured && times.empty()) cpu = cpu_seconds();
    const std::size_t gone = oldest;
    auto t = Clock::now();
    for (std::size_t i = at; i < end; ++i) change(rows[i], 1);
    while (oldest < at && rows[oldest].at < rows[end - 1].at - 30 * 86400) change(rows[oldest++], -1);
    finish();
    if (measured) {
      times.push_back(std::chrono::duration<double, std::micro>(Clock::now() - t).count());
      counted += end - at + oldest - gone;
    }
    at = end;
  }
  cpu = cpu_seconds() - cpu;
  u64 digest = 0;
  for (auto& [key, s] : by_state) {
    const i64 month = key & 0xFFFFFFFF;
    digest += row_hash({text_hash(state_name[key >> 32]), month / 12, month % 12 + 1, s.flights, rounded(s.minutes * 100, s.flights), s.delays.rbegin()->first,
                        rounded(s.late * 1000, s.flights)});
  }
  for (auto& [mean, from, to] : top) digest += row_hash({text_hash(from), text_hash(to), routes[(i64)number[from] << 32 | number[to]].flights, -mean});
  double total = 0;
  for (double t : times) total += t;
  std::sort(times.begin(), times.end());
  rusage used;
  getrusage(RUSAGE_SELF, &used);
  std::printf("floor %-14s batch=%-6lld rows/s=%.3e p50_us=%.2f p99_us=%.2f digest=%016llx wall_s=%.3f cpu_s=%.3f peak_mb=%ld\n", "flights", (long long)batch, counted / total * 1e6,
              times[times.size() / 2], times[times.size() * 99 / 100], (unsigned long long)digest, total / 1e6, cpu, used.ru_maxrss >> 10);
}
