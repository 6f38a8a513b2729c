// weir verify: does a database hold what its tables say?

#include <string>

#include "cli/commands.h"

namespace weir::cli {

int run_verify(const std::string& path) {
  Result<Database> db = Database::open(path, OpenOptions{.create = false, .repair = false});
  if (!db.ok()) {
    complain(db.error());
    return kRefused;
  }
  const Result<Verification> found = db.value().verify();
  if (!found.ok()) {
    complain(found.error());
    return kRefused;
  }
  const Verification& v = found.value();
  if (!v.ok()) {
    (void)write_out(v.difference + "\n");
    return kRefused;
  }
  const auto some = [](std::uint64_t n, const char* what) { return std::to_string(n) + " " + what + (n == 1 ? "" : "s"); };
  return write_out("verified: " + some(v.tables, "table") + ", " + some(v.views, "view") + ", " + some(v.rows, "row") + "\n") ? kDone : kRefused;
}

}  // namespace weir::cli
