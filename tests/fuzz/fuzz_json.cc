// Any bytes as a definitions document, and as a line of NDJSON.
#include <weir/weir.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "sql/document.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  auto db = weir::Database::open(":memory:", weir::OpenOptions{.threads = 1}).value();
  weir::Result<void> defined = db.define(text);
  if (!defined.ok() && (defined.error().code == weir::ErrorCode::kInternal || !db.relations().empty())) {
    std::fprintf(stderr, "refused, and not cleanly: %s\n", defined.error().message.c_str());
    std::abort();
  }
  try {
    (void)weir::read_json_row(text);
  } catch (const weir::Failure&) {
  }
  return 0;
}
