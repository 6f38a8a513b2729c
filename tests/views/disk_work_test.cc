// Would catch: writes to the file that follow how often rows change instead of which have changed; a batch that comes to nothing and is written all the same.
//
// More operations: WEIR_OPERATIONS=10000000 build/dev/tests/test_views --gtest_filter='DiskWork.*'
#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>
#include <vector>

#include "tests/views/open.h"

namespace weir {
namespace {

constexpr std::int64_t kTags = 128;

struct Work {
  std::uint64_t table_rows = 0, view_rows = 0, bytes = 0, syncs = 0;
  friend bool operator==(const Work&, const Work&) = default;
};

class DiskWork : public ::testing::Test {
 protected:
  DiskWork() {
    OpenOptions options;
    options.threads = 1;
    options.queue_bytes = std::uint64_t{4} << 30;
    db_.emplace(Database::open(folder_.file(), options).value());
    db_->execute("CREATE TABLE t (tag BIGINT PRIMARY KEY, v BIGINT NOT NULL);"
                 "CREATE VIEW sums AS SELECT tag, SUM(v) AS v, COUNT(*) AS n FROM t GROUP BY tag; INSERT INTO t SELECT g, 0 FROM generate_series(0, 127) g")
        .value();
  }

  // One batch of so many operations, each tag in turn; the last on each leaves `net`. What it made the file do.
  Work batch(std::int64_t operations, std::int64_t tags, std::int64_t net) {
    const Stats before = db_->stats().value();
    const Table table = db_->table("t").value();
    std::vector<std::int64_t> tag(static_cast<std::size_t>(operations)), v(tag.size());
    for (std::int64_t i = 0; i < operations; ++i) {
      tag[static_cast<std::size_t>(i)] = i % tags;
      v[static_cast<std::size_t>(i)] = i >= operations - tags ? net : i;
    }
    Transaction transaction = db_->begin();
    const ColumnData columns[] = {{tag.data(), nullptr}, {v.data(), nullptr}};
    transaction.upsert(table, columns, tag.size()).value();
    transaction.commit().value();
    const Stats after = db_->stats().value();
    Work out;
    for (std::size_t r = 0; r < after.relations.size(); ++r) {
      (after.relations[r].is_view ? out.view_rows : out.table_rows) += after.relations[r].rows_out - before.relations[r].rows_out;
    }
    out.bytes = after.bytes_written - before.bytes_written;
    out.syncs = after.sync_ns.count - before.sync_ns.count;
    return out;
  }

  static std::int64_t many() {
    const char* given = std::getenv("WEIR_OPERATIONS");
    return given ? std::strtoll(given, nullptr, 10) : 1'000'000;
  }

  const Folder folder_;
  std::optional<Database> db_;
};

TEST_F(DiskWork, ManyOperationsOnOneKeyWriteOneRow) {
  batch(1, 1, 100);
  const Work one = batch(1, 1, 200);
  EXPECT_EQ(one.table_rows, 2u) << "the row that goes, and the one that comes";
  EXPECT_EQ(one.view_rows, 2u);
  EXPECT_EQ(one.syncs, 1u);
  EXPECT_EQ(batch(many(), 1, 400), one);
  EXPECT_EQ(batch(many(), 1, 400), Work()) << "net zero";
}

TEST_F(DiskWork, ManyOperationsOnManyAggregatesWriteEachOnce) {
  batch(1000, kTags, 100);
  const Work few = batch(1000, kTags, 200);
  EXPECT_EQ(few.table_rows, 2u * kTags);
  EXPECT_EQ(few.view_rows, 2u * kTags);
  EXPECT_EQ(few.syncs, 1u);
  EXPECT_EQ(batch(many(), kTags, 400), few);
}

}  // namespace
}  // namespace weir
