// weir watch, weir follow: the changes that a file keeps of its tables and views, as lines or into a copy. Another program writes to the file meanwhile.

#include <string>

#include "cli/commands.h"

namespace weir::cli {
namespace {

constexpr std::chrono::hours kLong{1};

}  // namespace

int run_watch(const WatchOptions& options) {
  try {
    Feed feed = Feed::open(options.db, options.view, options.from).value();
    bool read_by_somebody = true;
    do {
      feed.read([&](const Change& change) {
            std::string out;
            append_json_lines(change, out);
            read_by_somebody = read_by_somebody && write_out(out);
          })
          .value();
      if (options.once) break;
      feed.wait(kLong).value();
    } while (read_by_somebody);
    return read_by_somebody ? kDone : kRefused;
  } catch (const Failure& failure) {
    complain(failure.error());
    return kRefused;
  }
}

int run_follow(const FollowOptions& options) {
  try {
    Follower follower = Follower::open(options.source, options.copy, options.relations).value();
    const std::uint64_t at = follower.step().value();
    (void)write_out(options.copy + " is " + options.source + " at sequence " + with_commas(at) + "\n");
    while (!options.once) {
      follower.wait(kLong).value();
      follower.step().value();
    }
    return kDone;
  } catch (const Failure& failure) {
    complain(failure.error());
    return kRefused;
  }
}

}  // namespace weir::cli
