// weir verify, weir check, weir backup: is a file good, and a copy of it that is. Other programs may be writing to it meanwhile.

#include <string>

#include "cli/commands.h"

namespace weir::cli {
namespace {

int say(const Result<Verification>& found, const char* what) {
  if (!found.ok()) {
    complain(found.error());
    return kRefused;
  }
  const Verification& v = found.value();
  if (!v.ok()) {
    (void)write_out(v.difference + "\n");
    return kRefused;
  }
  const auto some = [](std::uint64_t n, const char* of) { return std::to_string(n) + " " + of + (n == 1 ? "" : "s"); };
  return write_out(std::string(what) + ": " + some(v.tables, "table") + ", " + some(v.views, "view") + ", " + some(v.rows, "row") + "\n") ? kDone : kRefused;
}

Result<Database> open_to_look(const std::string& path) { return Database::open(path, OpenOptions{.create = false, .read_only = true, .repair = false}); }

}  // namespace

int run_verify(const std::string& path) {
  Result<Database> db = open_to_look(path);
  return say(db.ok() ? db.value().verify() : Result<Verification>(db.error()), "verified");
}

int run_check(const std::string& path) { return say(check(path), "checked"); }

int run_backup(const std::string& path, const std::string& to) {
  const Result<std::uint64_t> copied = backup(path, to);
  if (!copied.ok()) {
    complain(copied.error());
    return kRefused;
  }
  return write_out("copied and checked: " + to + " at sequence " + with_commas(copied.value()) + "\n") ? kDone : kRefused;
}

}  // namespace weir::cli
