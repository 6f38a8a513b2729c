// Catches: `weir` printing other than psql does, statements from a pipe that wait for later ones, errors without their place or with the wrong exit status, and runs that
// read rows twice or lose them.
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <weir/weir.h>

namespace {

struct Said {
  int status;
  std::string out, err;
};

class Program : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("weir_cli_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  static std::string slurp(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  std::string write(const std::string& name, std::string_view text) {
    std::ofstream(folder_ / name, std::ios::binary) << text;
    return name;
  }
  // Runs weir with these arguments (words for the shell), in the test's folder.
  Said weir(const std::string& arguments, std::string_view input = "") {
    write("stdin", input);
    std::string command = "cd '" + folder_.string() + "' && '" WEIR_PROGRAM "' " + arguments + " <stdin >stdout 2>stderr";
    int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, slurp(folder_ / "stdout"), slurp(folder_ / "stderr")};
  }
  Said sql(std::string_view script, const std::string& arguments = "--format csv") { return weir("sql " + arguments, script); }

  // The first column of a query on the SQLite file, lines joined by a space.
  std::string sqlite(const std::string& file, const std::string& query) {
    sqlite3* db = nullptr;
    EXPECT_EQ(sqlite3_open_v2((folder_ / file).c_str(), &db, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
    sqlite3_busy_timeout(db, 60000);  // one that was killed has left its log to whoever comes next
    std::string out;
    auto add = [](void* to, int, char** values, char**) {
      std::string& text = *static_cast<std::string*>(to);
      text += (text.empty() ? "" : " ") + std::string(values[0] ? values[0] : "NULL");
      return 0;
    };
    EXPECT_EQ(sqlite3_exec(db, query.c_str(), add, &out, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
    sqlite3_close(db);
    return out;
  }

  std::filesystem::path folder_;
};

// ---- weir sql

TEST_F(Program, CsvIsThatOfPsql) {
  Said said = sql("CREATE TABLE t (a INTEGER, b TEXT, c BOOLEAN);\n"
                  "INSERT INTO t VALUES (1, 'x,y', true), (2, 'say \"hi\"', false), (3, NULL, NULL), (4, '', true), (5, ' pad ', true), (6, E'two\\nlines', true), (7, '\\.', true);\n"
                  "SELECT a, b, c AS \"the, c\" FROM t ORDER BY a;\nUPDATE t SET a = 0 WHERE a = 9;\nSELECT COUNT(*) FROM t WHERE a > 99;");
  EXPECT_EQ(said.status, 0) << said.err;
  EXPECT_EQ(said.out, "a,b,\"the, c\"\n1,\"x,y\",t\n2,\"say \"\"hi\"\"\",f\n3,,\n4,,t\n5, pad ,t\n6,\"two\nlines\",t\n7,\"\\.\",t\ncount\n0\n");
  EXPECT_EQ(said.err, "");
}

TEST_F(Program, TablesAreAlignedAsPsqlAligns) {
  Said said = sql("SELECT 1 AS id, 'a' AS name, 1.50 AS amount UNION ALL SELECT 22, 'zoë', NULL ORDER BY 1;\nSELECT 1 AS n WHERE false;", "");
  EXPECT_EQ(said.out,
            " id | name | amount \n"
            "----+------+--------\n"
            "  1 | a    |   1.50\n"
            " 22 | zoë  |       \n"
            "(2 rows)\n\n"
            " n \n"
            "---\n"
            "(0 rows)\n\n");
}

TEST_F(Program, JsonHasOneLineAStatement) {
  Said said = sql("SELECT 1 AS a, 'q\"\\' AS b, NULL AS c, true AS d, 1.50 AS e, CAST('NaN' AS DOUBLE PRECISION) AS f, DATE '2024-02-29' AS g; SELECT 1 AS a WHERE false;", "--format json");
  EXPECT_EQ(said.out, "[{\"a\":1,\"b\":\"q\\\"\\\\\",\"c\":null,\"d\":true,\"e\":1.50,\"f\":\"NaN\",\"g\":\"2024-02-29\"}]\n[]\n");
}

TEST_F(Program, AnErrorStopsWithPlaceAndCaret) {
  Said said = sql("SELECT 1 AS a;\nSELECT 1,\n  nope FROM t;\nSELECT 2 AS b;");
  EXPECT_EQ(said.status, 3);
  EXPECT_EQ(said.out, "a\n1\n");
  EXPECT_NE(said.err.find("\"t\""), std::string::npos) << said.err;
  EXPECT_NE(said.err.find("line 3, column 13\n"), std::string::npos) << said.err;
  EXPECT_NE(said.err.find("  nope FROM t"), std::string::npos) << said.err;
  EXPECT_NE(said.err.find("^"), std::string::npos) << said.err;
}

TEST_F(Program, AStatementThatFailsOnARowHasItsPlace) {
  Said said = sql("CREATE TABLE t (a INTEGER PRIMARY KEY);\n-- the first\nINSERT INTO t VALUES (1); /* and */ INSERT INTO t\n  VALUES (1);\n");
  EXPECT_EQ(said.status, 3);
  EXPECT_NE(said.err.find("line 3, column 37\n"), std::string::npos) << said.err;
  EXPECT_NE(said.err.find("(a)=(1) already exists"), std::string::npos) << said.err;
}

TEST_F(Program, KeepGoingGoesOn) {
  Said said = sql("SELECT 1 AS a;\nSELEC 2;\nSELECT 3 AS c;", "--format csv --keep-going");
  EXPECT_EQ(said.out, "a\n1\nc\n3\n");
  EXPECT_EQ(said.status, 3);
  EXPECT_NE(said.err, "");
}

TEST_F(Program, AnOpenTransactionIsRolledBack) {
  EXPECT_EQ(sql("CREATE TABLE t (a INTEGER); BEGIN; INSERT INTO t VALUES (1);", "--db t.db").status, 0);
  EXPECT_EQ(sql("SELECT COUNT(*) AS n FROM t;", "--db t.db --format csv").out, "n\n0\n");
  EXPECT_EQ(sql("BEGIN; INSERT INTO t VALUES (1); SELECT nope;", "--db t.db").status, 3);
  EXPECT_EQ(sql("SELECT COUNT(*) AS n FROM t;", "--db t.db --format csv").out, "n\n0\n");
}

TEST_F(Program, AFailedTransactionRefusesEverythingUpToItsEnd) {
  Said said = sql("CREATE TABLE t (a INTEGER PRIMARY KEY); BEGIN; INSERT INTO t VALUES (1), (1); SELECT 5 AS five; COMMIT; SELECT COUNT(*) AS n FROM t;", "--format csv --keep-going");
  EXPECT_EQ(said.out, "n\n0\n");
}

TEST_F(Program, FilesAreRunInOrderAndNamedInErrors) {
  write("one.sql", "CREATE TABLE t (a INTEGER);\nINSERT INTO t VALUES (1);");
  write("two.sql", "SELECT a FROM t;\nSELECT b FROM t;");
  Said said = weir("sql --format csv one.sql two.sql");
  EXPECT_EQ(said.status, 3);
  EXPECT_EQ(said.out, "a\n1\n");
  EXPECT_NE(said.err.find("two.sql, line 2, column 8"), std::string::npos) << said.err;
  EXPECT_EQ(weir("sql absent.sql").status, 1);
}

TEST_F(Program, CopyReadsBesideTheWorkingDirectory) {
  write("rows.csv", "a,b\n1,\"x\ny\"\n2,\n");
  Said said = sql("CREATE TABLE t (a INTEGER, b TEXT); COPY t FROM 'rows.csv' WITH (FORMAT csv, HEADER true); SELECT a, b IS NULL AS n FROM t ORDER BY a;");
  EXPECT_EQ(said.out, "a,n\n1,f\n2,t\n") << said.err;
}

TEST_F(Program, ExplainHasAQueryPlan) {
  Said said = sql("CREATE TABLE t (a INTEGER); EXPLAIN SELECT COUNT(*) FROM t;");
  EXPECT_EQ(said.out.substr(0, 11), "QUERY PLAN\n") << said.err;
}

// Each answer comes before the next question is asked.
TEST_F(Program, APipeIsAnsweredStatementByStatement) {
  int to[2], from[2];
  ASSERT_EQ(::pipe(to), 0);
  ASSERT_EQ(::pipe(from), 0);
  pid_t child = ::fork();
  if (child == 0) {
    ::dup2(to[0], 0);
    ::dup2(from[1], 1);
    ::dup2(from[1], 2);
    for (int fd : {to[0], to[1], from[0], from[1]}) ::close(fd);
    ::execl(WEIR_PROGRAM, "weir", "sql", "--format", "csv", "--keep-going", static_cast<char*>(nullptr));
    ::_exit(127);
  }
  ::close(to[0]);
  ::close(from[1]);
  auto ask = [&](std::string_view question, std::string_view end) {
    EXPECT_EQ(::write(to[1], question.data(), question.size()), static_cast<ssize_t>(question.size()));
    std::string answer;
    while (!answer.ends_with(end)) {
      char c;
      if (::read(from[0], &c, 1) != 1) break;
      answer += c;
    }
    return answer;
  };
  EXPECT_EQ(ask("SELECT 1 AS a;\n", "a\n1\n"), "a\n1\n");
  EXPECT_EQ(ask("CREATE TABLE t (x INTEGER); INSERT INTO t\nVALUES (5);SELECT x ", ""), "");
  EXPECT_EQ(ask("FROM t;", "x\n5\n"), "x\n5\n");
  std::string refused = ask("SELECT nope;\nSELECT 2 AS b;\n", "b\n2\n");
  EXPECT_NE(refused.find("nope"), std::string::npos);
  EXPECT_EQ(ask("SELECT 'it''s; here' AS c -- no end; here\n;", "c\nit's; here\n"), "c\nit's; here\n");
  ::close(to[1]);
  int status;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 3);
  ::close(from[0]);
}

// ---- weir run

constexpr char kShop[] = R"json({"tables": {"orders": {"columns": {"id": "BIGINT", "customer": "TEXT NOT NULL", "amount": "NUMERIC(10,2) DEFAULT NULL", "day": "TIMESTAMP DEFAULT NULL"}, "primary_key": "id"}},
 "views": {"totals": {"from": "orders", "group_by": "customer", "select": ["customer", {"SUM(amount)": "total"}]}}})json";

TEST_F(Program, RunLoadsAndPrints) {
  write("shop.json", kShop);
  write("orders.csv", "id,customer,amount,day\n1,ada,5,2024-01-01\n2,bob,1.25,2024-01-02\n3,ada,2,2024-01-03\n");
  Said said = weir("run shop.json --input orders=orders.csv --batch 2 --print totals --format csv");
  EXPECT_EQ(said.status, 0) << said.err;
  EXPECT_TRUE(said.out == "customer,total\nada,7.00\nbob,1.25\n" || said.out == "customer,total\nbob,1.25\nada,7.00\n") << said.out;
  EXPECT_NE(said.err.find("orders: 3 rows in "), std::string::npos) << said.err;
  EXPECT_EQ(weir("run shop.json --quiet --input orders=- --input-format csv --print totals --format json", "id,customer\n1,eve\n").out, "[{\"customer\":\"eve\",\"total\":null}]\n");
}

TEST_F(Program, RunWatchesChanges) {
  write("shop.json", kShop);
  write("orders.ndjson", "{\"id\": 1, \"customer\": \"ada\", \"amount\": 5}\n{\"update\": {\"id\": 1, \"amount\": 7}}\n{\"delete\": {\"id\": 1}}\n");
  Said said = weir("run shop.json --input orders=orders.ndjson --batch 1 --watch totals --quiet");
  EXPECT_EQ(said.status, 0) << said.err;
  std::string out = said.out;
  EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 4) << out;
  EXPECT_NE(out.find(",\"view\":\"totals\",\"weight\":1,\"row\":{\"customer\":\"ada\",\"total\":5.00}}\n"), std::string::npos) << out;
  EXPECT_NE(out.find(",\"view\":\"totals\",\"weight\":-1,\"row\":{\"customer\":\"ada\",\"total\":7.00}}\n"), std::string::npos) << out;
  EXPECT_EQ(out.substr(0, 12), "{\"sequence\":") << out;
}

TEST_F(Program, RunTwiceRecoversAndReadsNoRowTwice) {
  write("shop.json", kShop);
  write("orders.csv", "id,customer,amount\n1,ada,5\n2,bob,1.25\n3,ada,2\n");
  const std::string command = "run shop.json --db shop.db --input orders=orders.csv --batch 2 --print totals --format csv";
  Said first = weir(command);
  EXPECT_EQ(first.status, 0) << first.err;
  EXPECT_EQ(first.err.find("recovered"), std::string::npos);
  EXPECT_EQ(sqlite("shop.db", "SELECT total FROM totals ORDER BY customer"), "7.00 1.25");
  Said second = weir(command);
  EXPECT_EQ(second.status, 0) << second.err;
  EXPECT_NE(second.err.find("recovered 1 table and 1 view at sequence "), std::string::npos) << second.err;
  EXPECT_NE(second.err.find("all 3 rows of orders.csv were read before"), std::string::npos) << second.err;
  EXPECT_EQ(sqlite("shop.db", "SELECT COUNT(*) FROM orders"), "3");

  write("orders.csv", "id,customer,amount\n1,ada,5\n2,bob,1.25\n3,ada,2\n4,bob,1\n");
  Said third = weir(command);
  EXPECT_NE(third.err.find("1 row in "), std::string::npos) << third.err;
  EXPECT_EQ(sqlite("shop.db", "SELECT total FROM totals ORDER BY customer"), "7.00 2.25");

  write("orders.csv", "id,customer,amount\n1,ada,5\n");
  EXPECT_EQ(weir(command).status, 1) << "a file that lost rows is no continuation";
}

TEST_F(Program, ARunThatFailsGoesOnBehindItsLastBatch) {
  write("shop.json", kShop);
  write("orders.csv", "id,customer,amount\n1,ada,5\n2,bob,1.25\n3,ada,x\n4,eve,1\n");
  const std::string command = "run shop.json --db shop.db --input orders=orders.csv --batch 2";
  Said first = weir(command);
  EXPECT_EQ(first.status, 1);
  EXPECT_NE(first.err.find("orders.csv, line 4"), std::string::npos) << first.err;
  EXPECT_NE(first.err.find("\"amount\""), std::string::npos) << first.err;
  EXPECT_EQ(sqlite("shop.db", "SELECT COUNT(*) FROM orders"), "2");
  write("orders.csv", "id,customer,amount\n1,ada,5\n2,bob,1.25\n3,ada,2\n4,eve,1\n");
  EXPECT_EQ(weir(command).status, 0);
  EXPECT_EQ(sqlite("shop.db", "SELECT COUNT(*) FROM orders"), "4");
}

TEST_F(Program, RejectedRowsGoToAFile) {
  write("shop.json", kShop);
  write("orders.csv", "id,customer,amount\n1,ada,5\nx,bob,1\n1,eve,2\n4,\"eve,1\n5,fay,3\n");
  Said said = weir("run shop.json --input orders=orders.csv --reject bad.ndjson --print totals --format csv");
  EXPECT_EQ(said.status, 0) << said.err;
  EXPECT_NE(said.err.find("3 rejected to bad.ndjson"), std::string::npos) << said.err;
  std::string bad = slurp(folder_ / "bad.ndjson");
  EXPECT_EQ(std::count(bad.begin(), bad.end(), '\n'), 3) << bad;
  EXPECT_NE(bad.find("{\"file\":\"orders.csv\",\"line\":3,\"table\":\"orders\",\"reason\":\""), std::string::npos) << bad;
  EXPECT_NE(bad.find("\"line\":5,"), std::string::npos) << bad;
  EXPECT_NE(bad.find("\"text\":\"4,\\\"eve,1\"}"), std::string::npos) << bad;
}

TEST_F(Program, AWindowDropsWhatIsOlder) {
  write("shop.json", kShop);
  write("orders.csv", "id,customer,amount,day\n1,ada,5,2024-01-01\n2,bob,1,2024-01-02\n3,ada,2,2024-02-01\n4,ada,3,2024-01-20\n");
  Said said = weir("run shop.json --input orders=orders.csv --batch 1 --window \"orders.day=30 days\" --print totals --format csv");
  EXPECT_EQ(said.status, 0) << said.err;
  EXPECT_TRUE(said.out == "customer,total\nada,5.00\nbob,1.00\n" || said.out == "customer,total\nbob,1.00\nada,5.00\n") << said.out;
}

TEST_F(Program, BadDefinitionsHaveTheirPlace) {
  write("a.json", "{\n \"tables\": {,\n}");
  Said said = weir("run a.json");
  EXPECT_EQ(said.status, 1);
  EXPECT_NE(said.err.find("a.json"), std::string::npos) << said.err;
  write("b.json", R"({"tables": {"t": {"columns": {"a": "INTEGER"}}}, "views": {"v": {"from": "t", "where": "b > 1"}}})");
  said = weir("run b.json --db b.db");
  EXPECT_EQ(said.status, 1);
  EXPECT_NE(said.err.find("/views/v/where"), std::string::npos) << said.err;
  EXPECT_EQ(weir("sql --db b.db --format csv", "SELECT * FROM t;").status, 3) << "nothing of a refused document may stay";
  EXPECT_EQ(weir("run absent.json").status, 1);
}

TEST_F(Program, OutputThatCannotBeWrittenEndsTheRun) {
  write("one.sql", "SELECT 1 AS a; SELECT 2 AS b;");
  std::string command = "cd '" + folder_.string() + "' && '" WEIR_PROGRAM "' sql one.sql >/dev/full 2>stderr";
  int status = std::system(command.c_str());
  EXPECT_EQ(WEXITSTATUS(status), 1);
  EXPECT_NE(slurp(folder_ / "stderr").find("standard output"), std::string::npos);
}

TEST_F(Program, WrongUseIsStatusTwo) {
  for (const char* arguments : {"", "nonsense", "sql --format xml", "run", "run x.json --input orders", "run x.json --window nonsense", "run x.json --batch 0", "run x.json --input t=-", "help nonsense"}) {
    EXPECT_EQ(weir(arguments).status, 2) << arguments;
  }
}

TEST_F(Program, FilesThatAreNoDatabases) {
  write("text.db", std::string(8192, 'x'));
  Said said = weir("sql --db text.db", "SELECT 1;");
  EXPECT_EQ(said.status, 1);
  EXPECT_NE(said.err.find("text.db"), std::string::npos) << said.err;
  EXPECT_EQ(weir("sql --db absent/folder/a.db", "SELECT 1;").status, 1);
}

// ---- the rest

TEST_F(Program, HelpAndVersion) {
  Said help = weir("help");
  EXPECT_EQ(help.status, 0);
  for (const char* command : {"run", "sql", "explain"}) EXPECT_NE(help.out.find(command), std::string::npos);
  EXPECT_NE(weir("help run").out.find("--watch"), std::string::npos);
  EXPECT_EQ(weir("version").out.substr(0, 5), "weir ");
  EXPECT_EQ(weir("--version").out, weir("version").out);
}

TEST_F(Program, ExplainShowsPlanAndCircuit) {
  write("shop.json", kShop);
  write("shop.sql", "CREATE TABLE t (a INTEGER);\nCREATE VIEW v AS SELECT a, COUNT(*) FROM t GROUP BY a;\n");
  Said text = weir("explain shop.json");
  EXPECT_EQ(text.status, 0) << text.err;
  EXPECT_NE(text.out, "");
  Said dot = weir("explain shop.sql v --graphviz");
  EXPECT_EQ(dot.status, 0) << dot.err;
  EXPECT_NE(dot.out.find("digraph"), std::string::npos) << dot.out;
  write("two.sql", "CREATE TABLE t (a INTEGER);\nCREATE VIEW v AS SELECT a, COUNT(*) FROM t GROUP BY a;\nCREATE VIEW w AS SELECT DISTINCT a FROM t;\n");
  dot = weir("explain two.sql --graphviz");
  EXPECT_EQ(dot.out.find("digraph"), dot.out.rfind("digraph")) << "all views are one picture";
  for (const char* name : {"\\nv\"", "\\nw\""}) EXPECT_NE(dot.out.find(name), std::string::npos) << dot.out;
  EXPECT_EQ(weir("explain shop.sql --query 'SELECT a FROM t'").status, 0);
  EXPECT_EQ(weir("explain shop.sql absent").status, 1);
}

TEST_F(Program, ProfilesGoToTextJsonAndPictures) {
  write("two.sql", "CREATE TABLE t (a INTEGER);\nINSERT INTO t VALUES (1), (1);\nCREATE VIEW v AS SELECT a, COUNT(*) FROM t GROUP BY a;\nCREATE VIEW w AS SELECT DISTINCT a FROM t;\n");
  Said said = weir("explain two.sql --profile");
  EXPECT_NE(said.out.find("keep ms"), std::string::npos) << said.out << said.err;
  said = weir("explain two.sql --profile --graphviz");
  EXPECT_EQ(said.out.find("digraph"), said.out.rfind("digraph"));
  EXPECT_NE(said.out.find("rows in"), std::string::npos) << said.out;
  said = weir("explain two.sql --profile --json");
  EXPECT_EQ(said.out.rfind("{\"v\": {\"plan\"", 0), 0u) << said.out;
  EXPECT_NE(said.out.find("\"w\": {"), std::string::npos) << said.out;
  EXPECT_EQ(weir("explain two.sql --json --graphviz").status, 2);
  write("d.json", R"({"tables": {"t": {"columns": {"a": "BIGINT"}}}, "views": {"v": "SELECT a, COUNT(*) AS n FROM t GROUP BY a"}})");
  write("t.csv", "a\n1\n2\n1\n");
  said = weir("run d.json --input t=t.csv --batch 1 --profile p.json");
  EXPECT_EQ(said.status, 0) << said.err;
  EXPECT_NE(slurp(folder_ / "p.json").find("\"batches\": 4, \"rows_in\": 3"), std::string::npos) << slurp(folder_ / "p.json");
}

// ---- weir check, weir backup

TEST_F(Program, ChecksAndCopiesAFileThatAnotherProgramWritesTo) {
  weir::Database db = weir::Database::open((folder_ / "live.db").string()).value();
  db.execute("CREATE TABLE t (id INT PRIMARY KEY, v INT); CREATE VIEW s AS SELECT SUM(v) AS v FROM t; INSERT INTO t VALUES (1, 2), (2, 3)").value();
  EXPECT_EQ(weir("check live.db").out, "checked: 1 table, 1 view, 3 rows\n");
  EXPECT_EQ(weir("verify live.db").out, "verified: 1 table, 1 view, 3 rows\n");
  EXPECT_EQ(weir("backup live.db copy.db").out, "copied and checked: copy.db at sequence 1\n");
  EXPECT_NE(weir("explain live.db s").out.find("aggregate"), std::string::npos);
  const Said again = weir("backup live.db copy.db");
  EXPECT_EQ(again.status, 1);
  EXPECT_EQ(again.err, "ERROR: cannot create \"copy.db\": it exists already\n");
  const Said second = weir("sql --db live.db", "INSERT INTO t VALUES (3, 3);");
  EXPECT_EQ(second.status, 1);
  EXPECT_EQ(second.err, "ERROR: cannot open \"live.db\": another program has it open for writing\n");
  db.execute("INSERT INTO t VALUES (3, 4)").value();
  EXPECT_EQ(weir("check live.db").out, "checked: 1 table, 1 view, 4 rows\n");
  EXPECT_EQ(sqlite("copy.db", "SELECT v FROM s"), "5");
  db.close().value();
  EXPECT_EQ(weir("check copy.db").status, 0);
}

TEST_F(Program, FilesThatAreNotOursAreToldAndLeftAlone) {
  write("text.db", "hello, this is no database, whatever its name says; but it is longer than the header of one, which has a hundred bytes");
  sql("CREATE TABLE t (a INT); INSERT INTO t VALUES (1);", "--db ours.db");
  std::string newer = slurp(folder_ / "ours.db");
  newer[63] = 77;  // the format
  write("newer.db", newer);
  newer[63] = 1;
  write("torn.db", newer.substr(0, newer.size() / 2));
  sqlite3* foreign = nullptr;
  ASSERT_EQ(sqlite3_open((folder_ / "foreign.db").c_str(), &foreign), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(foreign, "CREATE TABLE x (a)", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(foreign);
  const std::pair<const char*, const char*> cases[] = {{"text.db", "is not a database"},
                                                       {"newer.db", "was made by another version of weir: its format is 77, this version reads 1"},
                                                       {"torn.db", "damaged"},
                                                       {"foreign.db", "is a SQLite database, but not one that weir made"}};
  for (const auto& [file, says] : cases) {
    const std::string before = slurp(folder_ / file);
    for (const char* command : {"check FILE", "verify FILE", "backup FILE copy.db", "sql --db FILE", "explain FILE"}) {
      std::string words = command;
      words.replace(words.find("FILE"), 4, file);
      if (std::string(file) == "text.db" && words.starts_with("explain")) continue;  // might be a script
      const Said said = weir(words, "INSERT INTO t VALUES (2);");
      EXPECT_EQ(said.status, 1) << words;
      EXPECT_NE((said.err + said.out).find(says), std::string::npos) << words << ": " << said.err << said.out;
    }
    EXPECT_EQ(slurp(folder_ / file), before) << file;
  }
  EXPECT_FALSE(std::filesystem::exists(folder_ / "copy.db"));
}

// ---- weir watch, weir follow

// A command that goes on until it is killed, in the test's folder; what it prints goes to `out`.
class Running {
 public:
  Running(const std::filesystem::path& folder, const std::string& arguments, const std::string& out) : child_(::fork()) {
    if (child_ != 0) return;
    const std::string command = "cd '" + folder.string() + "' && exec '" WEIR_PROGRAM "' " + arguments + " >" + out + " 2>" + out + ".err";
    ::execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    ::_exit(127);
  }
  ~Running() { kill(); }
  void kill() {
    if (child_ <= 0) return;
    ::kill(child_, SIGKILL);
    ::waitpid(std::exchange(child_, -1), nullptr, 0);
  }

 private:
  pid_t child_;
};

// Until it is so; false after a minute.
template <class F>
bool waits_for(F&& f) {
  for (int i = 0; i < 6000; ++i) {
    if (f()) return true;
    ::usleep(10'000);
  }
  return false;
}

TEST_F(Program, WatchPrintsWhatIsInTheLogAndWhatAnotherProgramCommits) {
  weir::Database db = weir::Database::open((folder_ / "live.db").string()).value();
  db.execute("CREATE TABLE t (k INT PRIMARY KEY, v TEXT); CREATE VIEW n WITH (feed) AS SELECT v, COUNT(*) AS n FROM t GROUP BY v; INSERT INTO t VALUES (1, 'a'); INSERT INTO t VALUES (2, 'a')").value();
  const std::uint64_t at = db.sequence();
  const std::string s = std::to_string(at), next = std::to_string(at + 1);
  const std::string second = "{\"sequence\":" + s + ",\"view\":\"n\",\"weight\":-1,\"row\":{\"v\":\"a\",\"n\":1}}\n{\"sequence\":" + s + ",\"view\":\"n\",\"weight\":1,\"row\":{\"v\":\"a\",\"n\":2}}\n";
  EXPECT_EQ(weir("watch live.db n --from " + std::to_string(at - 1) + " --once").out, second);
  EXPECT_EQ(weir("watch live.db n --from " + s + " --once").out, "");
  EXPECT_EQ(weir("watch live.db n --once").out, second.substr(second.find('\n') + 1));
  EXPECT_EQ(weir("watch live.db t --once").err, "ERROR: table \"t\" keeps no change log\nHINT: ALTER TABLE … SET (feed) makes it keep one from then on\n");
  EXPECT_EQ(weir("watch live.db m --once").status, 1);
  Running watch(folder_, "watch live.db n --from " + std::to_string(at - 1), "watched");
  EXPECT_TRUE(waits_for([&] { return slurp(folder_ / "watched") == second; })) << slurp(folder_ / "watched.err");
  db.execute("INSERT INTO t VALUES (3, 'b')").value();
  EXPECT_TRUE(waits_for([&] { return slurp(folder_ / "watched") == second + "{\"sequence\":" + next + ",\"view\":\"n\",\"weight\":1,\"row\":{\"v\":\"b\",\"n\":1}}\n"; }));
}

TEST_F(Program, FollowKeepsACopyWhateverItIsKilledBy) {
  weir::Database db = weir::Database::open((folder_ / "live.db").string()).value();
  db.execute("CREATE TABLE t (k INT PRIMARY KEY, v INT) WITH (feed); CREATE VIEW s WITH (feed) AS SELECT v % 3 AS m, SUM(k) AS s FROM t GROUP BY v % 3; CREATE TABLE u (a INT)").value();
  for (int round = 0; round < 8; ++round) {
    Running follow(folder_, "follow live.db copy.db", "followed");
    for (int i = 0; i < 25; ++i) db.execute("INSERT INTO t VALUES (" + std::to_string(round * 25 + i) + ", " + std::to_string(i) + "); DELETE FROM t WHERE k % 7 = " + std::to_string(i % 7)).value();
    if (round % 2) ::usleep(static_cast<useconds_t>(round) * 7000);
    if (round == 6) {
      EXPECT_TRUE(waits_for([&] { return std::filesystem::exists(folder_ / "copy.db") && sqlite("copy.db", "SELECT value FROM weir_meta WHERE name = 'sequence'") == std::to_string(db.sequence()); }))
          << slurp(folder_ / "followed.err");
    }
    follow.kill();
    if (!slurp(folder_ / "followed").empty()) {  // it was not killed while it made the file
      EXPECT_EQ(weir("check copy.db").status, 0);
    }
  }
  const Said said = weir("follow live.db copy.db --once");
  std::string at = std::to_string(db.sequence());
  if (at.size() > 3) at.insert(at.size() - 3, ",");
  EXPECT_EQ(said.out, "copy.db is live.db at sequence " + at + "\n") << said.err;
  for (const char* relation : {"t", "s"}) {
    EXPECT_EQ(sqlite("copy.db", std::string("SELECT digest FROM weir_digest JOIN weir_catalog ON id = relation WHERE name = '") + relation + "'"), db.digest(relation).value());
  }
  EXPECT_EQ(weir("check copy.db").out.substr(0, 25), "checked: 1 table, 1 view,");
  EXPECT_EQ(sqlite("copy.db", "SELECT count(*) FROM sqlite_master WHERE name = 'u'"), "0");
  EXPECT_EQ(weir("sql --db copy.db", "SELECT 1;").err,
            "ERROR: \"copy.db\" is a copy that weir follow keeps: it can be read with any SQLite client, and checked with weir check\n");
}

TEST_F(Program, WatchAndFollowReadEveryType) {
  ASSERT_EQ(sql("CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');"
                "CREATE TABLE t (k INT PRIMARY KEY, m mood, j JSONB, a INT[], d DATE, n NUMERIC(9,3), i INTERVAL, u UUID, b BYTEA, c CHAR(4)) WITH (audit);"
                "CREATE VIEW v WITH (feed) AS SELECT m, COUNT(*) AS n, MAX(d) AS d FROM t GROUP BY m;"
                "INSERT INTO t VALUES (1, 'ok', '{\"a\": [1, null]}', '{1,NULL}', '2020-02-29', 1.5, '1 mon', '00000000-0000-0000-0000-00000000000a', '\\x00ff', 'ab');"
                "INSERT INTO t VALUES (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL), (3, 'happy', '1', '{}', 'infinity', 'NaN', '-1 day', NULL, '', '');",
                "--db a.db")
                .status,
            0);
  EXPECT_EQ(weir("follow a.db copy.db --once").err, "");
  sql("UPDATE t SET m = 'sad', n = 2 WHERE k = 1; DELETE FROM t WHERE k = 2;", "--db a.db");
  EXPECT_EQ(weir("follow a.db copy.db --once").err, "");
  EXPECT_EQ(weir("check copy.db").out, "checked: 1 table, 1 view, 4 rows\n");
  EXPECT_EQ(weir("check a.db").status, 0);
  EXPECT_EQ(sqlite("copy.db", "SELECT m FROM t ORDER BY k"), "sad happy");
  const std::string row = "\"view\":\"v\",\"weight\":1,\"row\":{\"m\":\"sad\",\"n\":1,\"d\":\"2020-02-29\"}}\n";
  EXPECT_NE(weir("watch a.db v --once").out.find(row), std::string::npos);
  EXPECT_NE(weir("watch a.db v --from 4 --once").out.find(row), std::string::npos) << weir("watch a.db v --from 4 --once").err;
}

// ---- weir stats

TEST_F(Program, StatsOfAFileAndOfARun) {
  sql("CREATE TABLE t (a INT); CREATE VIEW n AS SELECT COUNT(*) AS n FROM t; INSERT INTO t VALUES (1), (2);", "--db a.db --log log.json");
  EXPECT_NE(slurp(folder_ / "log.json").find("\"event\":\"opened\",\"path\":\"a.db\""), std::string::npos) << slurp(folder_ / "log.json");
  EXPECT_NE(weir("stats a.db").out.find("table t                 2 rows; changes: 2 in, 2 out\n"), std::string::npos) << weir("stats a.db").out;
  EXPECT_NE(weir("stats a.db --format json").out.find("\"name\":\"n\",\"kind\":\"view\",\"rows\":1"), std::string::npos);
  EXPECT_NE(weir("stats a.db --format prometheus").out.find("weir_relation_rows{relation=\"t\",kind=\"table\"} 2\n"), std::string::npos);
  EXPECT_EQ(weir("stats none.db").status, 1);
  write("d.json", R"({"tables": {"t": {"columns": {"a": "int"}}}})");
  write("t.csv", "a\n1\n2\n3\n");
  EXPECT_EQ(weir("run d.json --input t=t.csv --stats s.prom --quiet").status, 0);
  EXPECT_NE(slurp(folder_ / "s.prom").find("weir_batch_rows_sum 3\n"), std::string::npos) << slurp(folder_ / "s.prom");
}

}  // namespace
