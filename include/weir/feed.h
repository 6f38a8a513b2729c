#pragma once
// The changes of a table or view out of the change log that a file keeps of it (WITH (feed), WITH (audit)), whichever program writes to the file.
//
//     auto feed = weir::Feed::open("shop.db", "totals", 17).value();            // all after batch 17
//     for (;;) {
//       feed.read([](const weir::Change& change) { … }).value();                // what is there: each once, in order
//       feed.wait(std::chrono::seconds(10)).value();                            // until something is committed
//     }
//
// Threads  one at a time.
// Errors   returned: Error(kInput) where the relation has no log, or a log that no longer goes back so far, with the sequence number from which it can be read.

#include <weir/change.h>
#include <weir/error.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace weir {

class Feed {
 public:
  // Without `after`: first the relation as it is, as a snapshot.
  static Result<Feed> open(const std::string& file, std::string_view relation, std::optional<std::uint64_t> after = std::nullopt);
  Feed(Feed&&) noexcept;
  ~Feed();
  // Calls f with each change that is there and has not been read. How many there were.
  Result<std::uint64_t> read(const std::function<void(const Change&)>& f);
  // Until something is committed to the file, of whatever relation. False: nothing was, for so long.
  Result<bool> wait(std::chrono::milliseconds for_so_long);
  std::uint64_t sequence() const;  // up to which it has been read

 private:
  struct Impl;
  explicit Feed(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir
