#pragma once
// Keeps a read-only copy of tables and views in another file, by their change logs (WITH (feed), WITH (audit)), whichever program writes to the source.
//
//     auto follower = weir::Follower::open("shop.db", "copy.db").value();
//     for (;;) {
//       follower.step().value();                                                // the copy is as the source is now
//       follower.wait(std::chrono::seconds(10)).value();                        // until something is committed there
//     }
//
// The copy is a plain SQLite file with a table for each relation and, in weir_meta, the sequence number of the source's batch that it is of. One transaction brings it from one batch to
// a later one: at each instant, and after a crash at any, it is as the source was after one of its batches. Each such transaction is compared with the source by the digests of all
// relations before it is committed. What has no way through its log (it was made anew, or the copy is too far behind) is copied whole.
//
// Threads  one at a time. One process writes to a copy; any SQLite client may read it.
// Errors   returned. Error(kCorrupt): the copy would not equal the source, or is one of another; it stays as it was.

#include <weir/database.h>
#include <weir/error.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace weir {

class Follower {
 public:
  // relations: none means all that have a log, also those to come. The copy is made where it is not there.
  static Result<Follower> open(const std::string& source, const std::string& copy, std::span<const std::string> relations = {});
  Follower(Follower&&) noexcept;
  ~Follower();
  // Brings the copy to what the source is now. Its sequence number.
  Result<std::uint64_t> step();
  // Until something is committed to the source. False: nothing was, for so long.
  Result<bool> wait(std::chrono::milliseconds for_so_long);

 private:
  struct Impl;
  explicit Follower(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Is a file whole: of a database Database::check(), of a copy its pages and indexes and each relation against its digest.
Result<Verification> check(const std::string& file);

}  // namespace weir
