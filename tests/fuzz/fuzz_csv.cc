// Any bytes as a CSV file, its bad records skipped: reading ends, and every accepted row is in the table.
#include <weir/weir.h>

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto db = weir::Database::open(":memory:", weir::OpenOptions{.threads = 1}).value();
  db.execute("CREATE TABLE t (a TEXT, b INTEGER, c NUMERIC(8,2))").value();
  int file = ::memfd_create("fuzz", 0);
  const std::string_view header = "a,b,c\n";
  if (::write(file, header.data(), header.size()) < 0 || ::write(file, data, size) < 0) std::abort();
  weir::ReadOptions options;
  options.format = weir::ReadOptions::Format::kCsv;
  options.line_bytes_max = 256;
  std::uint64_t rejected = 0, read = 0;
  options.reject = [&](std::uint64_t line, std::string_view, const weir::Error& why) {
    ++rejected;
    if (line < 2 || why.message.empty()) std::abort();
  };
  {
    auto reader = weir::Reader::open(db, "t", "/proc/self/fd/" + std::to_string(file), options).value();
    auto batch = db.begin();
    while (std::uint64_t n = reader.read(batch, 7).value()) read += n;
    batch.commit().value();
    if (reader.rows_rejected() != rejected) std::abort();
  }
  ::close(file);
  if (db.read("t").value().rows() != read - rejected) std::abort();
  return 0;
}
