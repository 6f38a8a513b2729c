// Any bytes as an SQL script over a small schema: every statement is done or refused, nothing throws across the door and no check fails.
#include <weir/weir.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto db = weir::Database::open(":memory:", weir::OpenOptions{.threads = 1}).value();
  db.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT, c NUMERIC(10,2), d DATE); CREATE TABLE s (a INTEGER, x DOUBLE PRECISION, y BOOLEAN, z TIMESTAMP);"
             "INSERT INTO t VALUES (1, 'x', 1.5, '2024-02-29'), (2, NULL, NULL, NULL); INSERT INTO s VALUES (1, 0.5, true, '2024-01-01'), (1, NULL, NULL, NULL)").value();
  weir::Session session = db.session();
  session.on_copy_stdin([](std::string&) { return false; });
  session.feed({reinterpret_cast<const char*>(data), size}, true);
  for (std::string statement; session.next(statement);) {
    if (statement.find("COPY") != std::string::npos || statement.find("copy") != std::string::npos) continue;  // reads files
    weir::Result<weir::Outcome> outcome = session.execute(statement);
    if (!outcome.ok() && outcome.error().code == weir::ErrorCode::kInternal) {
      std::fprintf(stderr, "internal error: %s\n", outcome.error().message.c_str());
      std::abort();
    }
  }
  return 0;
}
