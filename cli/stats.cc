// weir stats, and what `run` writes by --stats and --log.

#include <cstdio>
#include <memory>

#include "cli/commands.h"

namespace weir::cli {

std::string stats_as(const Stats& stats, StatsFormat format) {
  switch (format) {
    case StatsFormat::kJson: return stats.to_json();
    case StatsFormat::kPrometheus: return stats.to_prometheus();
    case StatsFormat::kText: break;
  }
  return stats.to_text();
}

int run_stats(const std::string& path, StatsFormat format) {
  Result<Database> db = Database::open(path, OpenOptions{.create = false, .read_only = true, .repair = false});
  const Result<Stats> stats = db.ok() ? db.value().stats() : Result<Stats>(db.error());
  if (!stats.ok()) {
    complain(stats.error());
    return kRefused;
  }
  return write_out(stats_as(stats.value(), format)) ? kDone : kRefused;
}

void write_stats(const Stats& stats, const std::string& path) {
  const StatsFormat format = path.ends_with(".json") ? StatsFormat::kJson : path.ends_with(".prom") ? StatsFormat::kPrometheus : StatsFormat::kText;
  const std::string text = stats_as(stats, format), part = path + ".part";
  std::FILE* file = std::fopen(part.c_str(), "w");
  const bool written = file && std::fwrite(text.data(), 1, text.size(), file) == text.size();
  if ((file && std::fclose(file) != 0) || !written || std::rename(part.c_str(), path.c_str()) != 0) throw Failure(io_error(path, "cannot write the file"));
}

LogFunction log_to(const std::string& path) {
  const auto close = [](std::FILE* file) {
    if (file != stderr) std::fclose(file);
  };
  const std::shared_ptr<std::FILE> file(path == "-" ? stderr : std::fopen(path.c_str(), "a"), [close](std::FILE* f) { if (f) close(f); });
  if (!file) throw Failure(io_error(path, "cannot write the file"));
  return [file](const LogEntry& entry) {
    const std::string line = entry.to_json();
    std::fwrite(line.data(), 1, line.size(), file.get());
    std::fflush(file.get());
  };
}

}  // namespace weir::cli
