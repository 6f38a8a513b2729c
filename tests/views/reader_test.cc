// Catches: CSV and NDJSON read other than RFC 4180 and JSON say, errors without the line they are on, rows that enter beside a bad one, and reading that cannot go on behind it.
#include "weir/reader.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "views/csv.h"

namespace weir {
namespace {

class ReaderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("weir_reader_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
    db_.execute("CREATE TABLE t (id BIGINT PRIMARY KEY, name TEXT NOT NULL, amount NUMERIC(8,2) DEFAULT NULL, day DATE DEFAULT NULL)").value();
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, std::string_view text) {
    std::ofstream(folder_ / name, std::ios::binary) << text;
    return (folder_ / name).string();
  }

  // Reads all in batches of `batch` rows. The error, or none.
  Error load(const std::string& path, ReadOptions options = {}, std::uint64_t batch = 100) {
    Result<Reader> reader = Reader::open(db_, "t", path, options);
    if (!reader.ok()) return reader.error();
    for (;;) {
      Transaction transaction = db_.begin();
      Result<std::uint64_t> n = reader.value().read(transaction, batch);
      if (!n.ok()) return n.error();
      if (n.value() == 0) return none();
      Result<Receipt> receipt = transaction.commit();
      if (!receipt.ok()) return receipt.error();
    }
  }
  static Error none() {
    Error error;
    error.message = "none";
    return error;
  }

  std::string rows(const std::string& columns = "id, name, amount, day") {
    ResultSet set = db_.query("SELECT " + columns + " FROM t ORDER BY id").value();
    std::string out;
    for (std::size_t r = 0; r < set.rows(); ++r) {
      for (std::size_t c = 0; c < set.schema().size(); ++c) out += (c ? "|" : "") + (set[r][c].is_null() ? std::string("NULL") : set[r][c].to_string());
      out += "\n";
    }
    return out;
  }

  std::filesystem::path folder_;
  Database db_ = Database::open(":memory:", OpenOptions{.threads = 1}).value();
};

TEST_F(ReaderTest, CsvFieldsAsRfc4180) {
  EXPECT_EQ(load(write("a.csv", "\xef\xbb\xbfname,id,day,amount\r\n\"a \"\"b\"\", c\",1,2024-02-29,1.5\r\n\"two\nlines\",2,,\r\n\"\",3,,\"7\"")).message, "none");
  EXPECT_EQ(rows(), "1|a \"b\", c|1.50|2024-02-29\n2|two\nlines|NULL|NULL\n3||7.00|NULL\n");
}

TEST_F(ReaderTest, CsvErrorsHaveTheirLine) {
  struct Case { const char* text; int line; const char* message; };
  const Case cases[] = {
      {"id,name\n1,a\n2,b\nx,c\n", 4, "column \"id\": invalid input syntax for type bigint: \"x\""},
      {"id,name\n1,\"a\nb\"\n2,b,c\n", 4, "3 fields where the header has 2"},
      {"id,name\n1\n", 2, "1 field where the header has 2"},
      {"id,name\n1,a\n\n2,b\n", 3, "1 field where the header has 2"},
      {"id,name\n1,a\"b\n", 2, "a quote inside of an unquoted field"},
      {"id,name\n1,\"a\"b\n", 2, "text behind the closing quote of a field"},
      {"id,name\n1,\"a\n2,b\n", 2, "a quote is opened and not closed"},
      {"id,name\n1,a\rb\n", 2, "a carriage return inside of an unquoted field"},
      {"id,name\n1,a\n2,\xff\n", 3, "invalid byte sequence for encoding \"UTF8\": 0xff, byte 3 of the line"},
      {"id,nam\n1,a\n", 1, "table \"t\" has no column \"nam\""},
      {"id,id\n1,2\n", 1, "the header names column \"id\" twice"},
      {"id\n1\n", 1, "the header lacks column \"name\" of table \"t\", which has no DEFAULT"},
      {"", 1, "the file is empty: a CSV file begins with a line of column names"},
      {"id,name\n1,a\n1,b\n", 3, "duplicate key"},
      {"id,name\n1,\n", 2, "null value"},
  };
  for (const Case& c : cases) {
    Error error = load(write("a.csv", c.text));
    EXPECT_EQ(error.line, c.line) << c.text;
    EXPECT_NE(error.message.find(c.message), std::string::npos) << c.text << ": " << error.message;
    EXPECT_EQ(error.place, (folder_ / "a.csv").string());
    EXPECT_EQ(rows(), "") << "nothing of a refused batch may enter: " << c.text;
  }
}

TEST_F(ReaderTest, RejectedRowsAreSkippedAndTold) {
  std::vector<std::string> told;
  ReadOptions options;
  options.reject = [&](std::uint64_t line, std::string_view text, const Error& why) { told.push_back(std::to_string(line) + "|" + std::string(text) + "|" + why.message.substr(0, 12)); };
  EXPECT_EQ(load(write("a.csv", "id,name\n1,a\nx,b\n2,\"c\n3,d\n1,e\n\xff,f\n4,g\n"), options).message, "none");
  EXPECT_EQ(rows("id, name"), "1|a\n3|d\n4|g\n");
  ASSERT_EQ(told.size(), 4u);
  EXPECT_EQ(told[0], "3|x,b|column \"id\":");
  EXPECT_EQ(told[1], "4|2,\"c|a quote is o");
  EXPECT_EQ(told[2], "6|1,e|duplicate ke");
  EXPECT_EQ(told[3], "7|\xff,f|invalid byte");
}

TEST_F(ReaderTest, NdjsonOperations) {
  EXPECT_EQ(load(write("a.ndjson", "{\"id\": 1, \"name\": \"a\"}\n\n{\"insert\": {\"id\": 2, \"name\": \"b\", \"amount\": 12.345}}\r\n{\"id\": 3, \"name\": \"c\"}\n"
                                   "{\"update\": {\"id\": 1, \"amount\": \"3\"}}\n{\"delete\": {\"id\": 3}}\n{\"delete\": {\"id\": 2, \"name\": \"b\", \"amount\": 12.35, \"day\": null}}"),
                 {}, 2).message, "none");
  EXPECT_EQ(rows(), "1|a|3.00|NULL\n");
}

TEST_F(ReaderTest, NdjsonErrorsHaveTheirLine) {
  struct Case { const char* text; int line; const char* message; };
  const Case cases[] = {
      {"{\"id\": 1, \"name\": \"a\"}\n{\"id\": 2,\n", 2, "not JSON"},
      {"{\"id\": 1, \"nome\": \"a\"}\n", 1, "has no column \"nome\""},
      {"{\"id\": true, \"name\": \"a\"}\n", 1, "column \"id\""},
      {"{\"id\": 1}\n", 1, "null value"},
      {"{\"delete\": {\"id\": 9}}\n", 1, ""},
      {"{\"delete\": {\"name\": \"a\"}}\n", 1, "has to give its primary key (id) or all columns"},
      {"{\"update\": {\"id\": 9, \"name\": \"a\"}}\n", 1, ""},
      {"{\"update\": {\"name\": \"a\"}}\n", 1, "has to give its primary key (id)"},
  };
  for (const Case& c : cases) {
    Error error = load(write("a.ndjson", c.text));
    EXPECT_NE(error.message, "none") << c.text;
    EXPECT_EQ(error.line, c.line) << c.text;
    EXPECT_NE(error.message.find(c.message), std::string::npos) << c.text << ": " << error.message;
    EXPECT_EQ(rows(), "");
  }
}

TEST_F(ReaderTest, AMissingColumnWithoutADefaultIsAnErrorAlsoWhereItMayBeNull) {
  db_.execute("CREATE TABLE d (id BIGINT PRIMARY KEY, n INTEGER DEFAULT 5, s TEXT)").value();
  const Error error = Reader::open(db_, "d", write("d.csv", "id\n1\n2\n")).error();
  EXPECT_EQ(error.message, "the header lacks column \"s\" of table \"d\", which has no DEFAULT");
}

TEST_F(ReaderTest, DefaultsFillMissingColumns) {
  db_.execute("CREATE TABLE d (id BIGINT PRIMARY KEY, n INTEGER NOT NULL DEFAULT 5, s TEXT DEFAULT NULL)").value();
  Reader reader = Reader::open(db_, "d", write("d.csv", "id\n1\n2\n")).value();
  Transaction transaction = db_.begin();
  EXPECT_EQ(reader.read(transaction, 10).value(), 2u);
  transaction.commit().value();
  ResultSet set = db_.read("d").value();
  EXPECT_EQ(set[0]["n"].integer(), 5);
  EXPECT_TRUE(set[1]["s"].is_null());
}

TEST_F(ReaderTest, SkipGoesOnWhereAnEarlierReadingEnded) {
  std::string path = write("a.csv", "id,name\n1,a\n2,\"b\nb\"\n3,c\n");
  Reader reader = Reader::open(db_, "t", path).value();
  EXPECT_EQ(reader.skip(2).value(), 2u);
  Transaction transaction = db_.begin();
  EXPECT_EQ(reader.read(transaction, 10).value(), 1u);
  EXPECT_EQ(reader.read(transaction, 10).value(), 0u);
  transaction.commit().value();
  EXPECT_EQ(rows("id"), "3\n");
  EXPECT_EQ(reader.bytes_read(), reader.bytes_total());
}

TEST_F(ReaderTest, LongLines) {
  ReadOptions options;
  options.line_bytes_max = 1 << 20;
  std::string big(3 << 20, 'x');
  for (const std::string quote : {"", "\""}) {
    Error error = load(write("a.csv", "id,name\n1," + quote + big + quote + "\n2,b\n"), options);
    EXPECT_EQ(error.line, 2);
    EXPECT_NE(error.message.find("longer than 1048576 bytes"), std::string::npos) << error.message;
    EXPECT_LT(error.message.size(), 300u);
    ReadOptions skipping = options;
    int rejected = 0;
    skipping.reject = [&](std::uint64_t, std::string_view text, const Error&) { ++rejected; EXPECT_LE(text.size(), std::size_t{1} << 20); };
    EXPECT_EQ(load(write("a.csv", "id,name\n1," + quote + big + quote + "\n2,b\n"), skipping).message, "none");
    EXPECT_EQ(rejected, 1);
    EXPECT_EQ(rows("id, name"), "2|b\n");
    db_.execute("DELETE FROM t").value();
  }
  EXPECT_EQ(load(write("a.csv", "id,name\n1,\"" + big + "\"\n")).message, "none");
  EXPECT_EQ(db_.query("SELECT length(name) FROM t").value()[0][0].integer(), 3 << 20);
}

TEST_F(ReaderTest, FilesThatCannotBeRead) {
  EXPECT_EQ(load((folder_ / "absent.csv").string()).code, ErrorCode::kIo);
  std::filesystem::create_directory(folder_ / "folder.csv");
  EXPECT_EQ(load((folder_ / "folder.csv").string()).code, ErrorCode::kIo);
  EXPECT_NE(load(write("rows.txt", "id,name\n")).message.find("which format"), std::string::npos);
  EXPECT_EQ(Reader::open(db_, "absent", write("a.csv", "id\n")).error().code, ErrorCode::kUnknownName);
}

TEST(Utf8, InvalidSequences) {
  EXPECT_EQ(find_invalid_utf8("plain ascii text"), std::string_view::npos);
  EXPECT_EQ(find_invalid_utf8("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"), std::string_view::npos);
  EXPECT_EQ(find_invalid_utf8(std::string_view("abc\0def", 7)), 3u);
  EXPECT_EQ(find_invalid_utf8("12345678\xc0\xaf"), 8u);          // overlong
  EXPECT_EQ(find_invalid_utf8("\xed\xa0\x80"), 0u);              // a surrogate
  EXPECT_EQ(find_invalid_utf8("a\xf4\x90\x80\x80"), 1u);         // beyond U+10FFFF
  EXPECT_EQ(find_invalid_utf8("ab\xe2\x82"), 2u);                // cut off
}

}  // namespace
}  // namespace weir
