// The `weir` program: command line in, exit status out.

#include <CLI/CLI.hpp>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <map>
#include <system_error>

#include "cli/commands.h"

namespace weir::cli {

void complain(const Error& error) {
  std::string text = error.to_string();
  if (!text.ends_with('\n')) text += '\n';
  std::fflush(stdout);
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

Error io_error(const std::string& path, std::string what) {
  Error error;
  error.code = ErrorCode::kIo;
  error.place = path;
  error.message = std::move(what) + ": " + std::generic_category().message(errno);
  return error;
}

Result<std::string> read_file(const std::string& path) {
  std::FILE* file = path == "-" ? stdin : std::fopen(path.c_str(), "rb");
  if (!file) return io_error(path, "cannot open the file");
  std::string text;
  char buffer[1 << 14];
  for (std::size_t n; (n = std::fread(buffer, 1, sizeof buffer, file)) > 0;) text.append(buffer, n);
  const bool failed = std::ferror(file) != 0;
  Error error = failed ? io_error(path, "cannot read the file") : Error();
  if (file != stdin) std::fclose(file);
  if (failed) return error;
  return text;
}

namespace {

const std::map<std::string, Format> kFormats = {{"table", Format::kTable}, {"csv", Format::kCsv}, {"json", Format::kJson}};

CLI::Option* add_format(CLI::App& command, Format& format) {
  return command.add_option("--format", format, "how to print rows: table (default), csv, json")
      ->transform(CLI::CheckedTransformer(kFormats).description(""))->type_name("FORMAT")->default_str("");
}

const std::map<std::string, StatsFormat> kStatsFormats = {{"text", StatsFormat::kText}, {"json", StatsFormat::kJson}, {"prometheus", StatsFormat::kPrometheus}};
const std::map<std::string, Mode> kModes = {{"full", Mode::kFull}, {"pipelined", Mode::kPipelined}, {"memory", Mode::kMemory}};
const std::map<std::string, Clock> kClocks = {{"system", Clock::kSystem}, {"manual", Clock::kManual}};
const std::map<std::string, Preset> kPresets = {{"balanced", Preset::kBalanced}, {"throughput", Preset::kThroughput}, {"latency", Preset::kLatency}};

void add_open(CLI::App& command, ModeOptions& open) {
  command.add_option("--mode", open.mode, "full (default): a batch is in the file before the next begins; pipelined: it gets there meanwhile; memory: no file")
      ->transform(CLI::CheckedTransformer(kModes).description(""))->type_name("MODE")->default_str("");
  command.add_option("--preset", open.preset, "mode, batch, queue and cache together: balanced (default), throughput, latency")
      ->transform(CLI::CheckedTransformer(kPresets).description(""))->type_name("PRESET")->default_str("");
  command.add_option("--log", open.log, "append what there is to tell to this file, one JSON object a line; - is standard error (default: nothing is told)")->type_name("FILE");
  command.add_option("--clock", open.clock, "what now() in views follows: system (default), or manual: it stands until SET weir.clock = 'TIMESTAMP' moves it")
      ->transform(CLI::CheckedTransformer(kClocks).description(""))->type_name("CLOCK")->default_str("");
  command.add_option("--threads", open.threads, "for evaluation (default: one a core)")->type_name("N")->default_str("");
}

int dispatch(int argc, char** argv) {
  CLI::App app("weir keeps SQL views live: over changing tables, in memory or in a SQLite file.", "weir");
  app.require_subcommand(0, 1);
  app.set_version_flag("--version", std::string("weir ") + WEIR_VERSION);
  app.get_formatter()->column_width(34);

  SqlOptions sql;
  CLI::App& sql_command = *app.add_subcommand("sql", "run SQL statements from files or standard input");
  sql_command.add_option("--db", sql.db, "the database file, made if it is not there (default: in memory)")->type_name("FILE")->default_str("");
  add_format(sql_command, sql.format);
  sql_command.add_flag("--keep-going", sql.keep_going, "after a statement that fails go on with the next");
  add_open(sql_command, sql.open);
  sql_command.add_option("file", sql.files, "scripts, one after the other (default: standard input)")->type_name("FILE");
  sql_command.footer("Exit status: 0 done, 1 a file could not be used, 2 wrong use, 3 a statement failed.");

  RunOptions run;
  CLI::App& run_command = *app.add_subcommand("run", "keep the views of a definitions document (JSON) over rows from files");
  run_command.add_option("definitions", run.definitions, "the document")->type_name("DEFINITIONS.json")->required();
  run_command.add_option("--db", run.db, "the database file, made if it is not there (default: in memory)")->type_name("FILE")->default_str("");
  run_command.add_option("--input", run.inputs, "rows of a table: CSV with a header or NDJSON; - is standard input; repeatable, in this order")
      ->type_name("TABLE=FILE")->allow_extra_args(false)->take_all();
  run_command.add_option("--input-format", run.input_format, "csv or ndjson (default: by the file's ending)")->type_name("FORMAT")->default_str("")
      ->check(CLI::IsMember({"by-ending", "csv", "ndjson"}).description(""));
  run_command.add_option("--batch", run.batch, "rows a batch (default 1000)")->type_name("N")->default_str("")->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}).description(""));
  run_command.add_option("--window", run.windows, "each batch also deletes the rows of TABLE whose COLUMN is older than its newest less INTERVAL")
      ->type_name("TABLE.COLUMN=INTERVAL")->allow_extra_args(false)->take_all();
  run_command.add_option("--print", run.print, "print a view, or the answer of a query, at the end; repeatable")->type_name("VIEW|SQL")->allow_extra_args(false)->take_all();
  run_command.add_option("--print-rows", run.print_rows, "print at most so many rows of a view (default: all)")->type_name("N")->default_str("");
  run_command.add_option("--watch", run.watch, "print a view's changes as NDJSON as they commit; repeatable")->type_name("VIEW")->allow_extra_args(false)->take_all();
  run_command.add_option("--reject", run.reject, "skip bad rows and write them here with the reason, as NDJSON (default: a bad row ends the run)")->type_name("FILE");
  run_command.add_flag("--append", run.append, "read all of each input, also what an earlier run on this database has read");
  run_command.add_option("--stats", run.stats, "write here each second, and at the end, what `weir stats` shows: as JSON or for Prometheus where the name ends in .json or .prom, else as text")
      ->type_name("FILE");
  run_command.add_option("--profile", run.profile, "write here what each operator of the views has done: as JSON or Graphviz where the name ends in .json or .dot, else as text")
      ->type_name("FILE");
  add_format(run_command, run.format);
  add_open(run_command, run.open);
  run_command.add_flag("--progress", run.progress, "show the progress bar also where standard error is no terminal");
  run_command.add_flag("--quiet", run.quiet, "say nothing but results and errors");
  run_command.footer("Exit status: 0 done, 1 refused, 2 wrong use.");

  ExplainOptions explain;
  CLI::App& explain_command = *app.add_subcommand("explain", "show the plan and the circuit of views");
  explain_command.add_option("source", explain.source, "definitions (JSON), a script (SQL) or a database")->type_name("FILE")->required();
  explain_command.add_option("view", explain.views, "of these views (default: all)")->type_name("VIEW");
  explain_command.add_option("--query", explain.query, "of this query")->type_name("SQL");
  CLI::Option* graphviz = explain_command.add_flag("--graphviz", explain.graphviz, "as Graphviz: weir explain … --graphviz | dot -Tsvg");
  explain_command.add_flag("--json", explain.json, "as JSON: an object, by view")->excludes(graphviz);
  explain_command.add_flag("--profile", explain.profile, "with rows, batches, time and memory of each operator: in filling the views, or the query");

  std::string verified;
  CLI::App& verify_command = *app.add_subcommand("verify", "compute all views of a database anew and compare");
  verify_command.add_option("db", verified, "the database file, which a program may be writing to")->type_name("FILE")->required();
  verify_command.footer("Names the first difference. Exit status: 0 there is none, 1 there is one or the file could not be used, 2 wrong use.");

  std::string measured;
  StatsFormat stats_format = StatsFormat::kText;
  CLI::App& stats_command = *app.add_subcommand("stats", "show rows, memory and the file of a database; of one that runs: weir run --stats FILE");
  stats_command.add_option("db", measured, "the database file, which a program may be writing to")->type_name("FILE")->required();
  stats_command.add_option("--format", stats_format, "text (default), json, prometheus")
      ->transform(CLI::CheckedTransformer(kStatsFormats).description(""))->type_name("FORMAT")->default_str("");

  std::string checked;
  CLI::App& check_command = *app.add_subcommand("check", "is a database, or a copy that follows one, whole: pages, indexes, digests, and views as verify has it");
  check_command.add_option("db", checked, "the database file, which a program may be writing to")->type_name("FILE")->required();
  check_command.footer("Names the first thing that is wrong. Exit status: 0 nothing is, 1 something is or the file could not be used, 2 wrong use.");

  std::string copied, copy;
  CLI::App& backup_command = *app.add_subcommand("backup", "copy a database, and check the copy");
  backup_command.add_option("db", copied, "the database file, which a program may be writing to")->type_name("FILE")->required();
  backup_command.add_option("copy", copy, "the file to make")->type_name("COPY")->required();

  WatchOptions watch;
  CLI::App& watch_command = *app.add_subcommand("watch", "print a view's changes from its change log, as NDJSON: those that are there, and those to come");
  watch_command.add_option("db", watch.db, "the database file, which a program may be writing to")->type_name("FILE")->required();
  watch_command.add_option("view", watch.view, "a view or table WITH (feed) or WITH (audit)")->type_name("VIEW")->required();
  watch_command.add_option("--from", watch.from, "only what came after this sequence number (default: first the rows as they are)")->type_name("SEQ")->default_str("");
  watch_command.add_flag("--once", watch.once, "print what is there, and end");

  FollowOptions follow;
  CLI::App& follow_command = *app.add_subcommand("follow", "keep a copy of tables and views in another file, by their change logs");
  follow_command.add_option("source", follow.source, "the database file, which a program may be writing to")->type_name("FILE")->required();
  follow_command.add_option("copy", follow.copy, "a plain SQLite file, made if it is not there")->type_name("COPY")->required();
  follow_command.add_option("relation", follow.relations, "tables and views (default: all that have a change log)")->type_name("VIEW");
  follow_command.add_flag("--once", follow.once, "bring the copy to what the database is now, and end");
  follow_command.footer("May be killed at any time: the next goes on from there. weir check COPY compares its rows with their digests.");

  std::string topic;
  CLI::App& help_command = *app.add_subcommand("help", "show this, or what a command takes");
  help_command.add_option("command", topic)->type_name("COMMAND");
  CLI::App& version_command = *app.add_subcommand("version", "show the version");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kWrongUse;
  }
  if (sql_command.parsed()) return run_sql(sql);
  if (run_command.parsed()) return run_definitions(run);
  if (explain_command.parsed()) return run_explain(explain);
  if (verify_command.parsed()) return run_verify(verified);
  if (stats_command.parsed()) return run_stats(measured, stats_format);
  if (check_command.parsed()) return run_check(checked);
  if (backup_command.parsed()) return run_backup(copied, copy);
  if (watch_command.parsed()) return run_watch(watch);
  if (follow_command.parsed()) return run_follow(follow);
  if (version_command.parsed()) {
    std::cout << "weir " << WEIR_VERSION << "\n";
    return kDone;
  }
  if (!topic.empty()) {
    for (CLI::App* command : app.get_subcommands([](CLI::App*) { return true; })) {
      if (command->get_name() != topic) continue;
      std::cout << command->help("weir");
      return kDone;
    }
    std::cerr << "weir: there is no command " << topic << "; see: weir help\n";
    return kWrongUse;
  }
  // Not app.help(): that is the help of the command that was parsed, here `help`.
  (help_command.parsed() ? std::cout : std::cerr) << app.get_formatter()->make_help(&app, "weir", CLI::AppFormatMode::Normal);
  return help_command.parsed() ? kDone : kWrongUse;
}

}  // namespace
}  // namespace weir::cli

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a reader that went away is an error of the write
  try {
    return weir::cli::dispatch(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "weir: %s\n", error.what());
    return weir::cli::kRefused;
  }
}
