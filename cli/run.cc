// weir run: a definitions document, rows from files in batches, and views printed or watched.
//
// Progress of every input is kept in the table weir_inputs, written in the same batch as the rows: a run that is repeated, or goes on after a
// crash, reads no row twice.

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>

#include "cli/commands.h"
#include "cli/progress.h"

namespace weir::cli {
namespace {

constexpr auto kStatsPeriod = std::chrono::seconds(1);
constexpr const char* kInputs = "weir_inputs";

struct Input {
  std::string table, path;
  std::string name() const { return table + "=" + path; }
};

struct Window {
  std::string table, column, interval;
};

Failure wrong_use(const std::string& message) { return Failure(ErrorCode::kInput, message); }

Input parse_input(const std::string& text) {
  std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size()) throw wrong_use("--input " + text + ": expected TABLE=FILE");
  return {text.substr(0, equals), text.substr(equals + 1)};
}

void check_format(const Input& input, const std::string& format) {
  if (input.path == "-" && format == "by-ending") throw wrong_use("--input " + input.name() + ": standard input has no ending: say --input-format csv or ndjson");
}

Window parse_window(const std::string& text) {
  std::size_t dot = text.find('.'), equals = text.find('=');
  if (dot == std::string::npos || equals == std::string::npos || dot == 0 || equals < dot + 2 || equals + 1 == text.size()) {
    throw wrong_use("--window " + text + ": expected TABLE.COLUMN=INTERVAL, as in flights.departed_at='30 days'");
  }
  return {text.substr(0, dot), text.substr(dot + 1, equals - dot - 1), text.substr(equals + 1)};
}

std::string quoted(std::string_view text, char quote) {
  std::string out(1, quote);
  for (char c : text) {
    if (c == quote) out += quote;
    out += c;
  }
  return out + quote;
}

std::string plural(std::uint64_t n, const std::string& what) { return with_commas(n) + " " + what + (n == 1 ? "" : "s"); }

// The file that refused rows go to, one JSON object a line.
class Rejects {
 public:
  explicit Rejects(const std::string& path) : path_(path) {
    if (path.empty()) return;
    file_.reset(std::fopen(path.c_str(), "w"));
    if (!file_) throw Failure(io_error(path, "cannot write the file"));
  }
  bool wanted() const { return file_ != nullptr; }
  void add(const Input& input, std::uint64_t line, std::string_view text, const Error& why) {
    std::string out = "{\"file\":";
    append_json(input.path, out);
    out += ",\"line\":" + std::to_string(line) + ",\"table\":";
    append_json(input.table, out);
    out += ",\"reason\":";
    append_json(why.message, out);
    out += ",\"text\":";
    append_json(printable(text), out);
    out += "}\n";
    std::fwrite(out.data(), 1, out.size(), file_.get());
  }
  void close() {
    if (file_ && (std::fflush(file_.get()) != 0 || std::ferror(file_.get()))) throw Failure(io_error(path_, "cannot write the file"));
  }

 private:
  // JSON is UTF-8: bytes that are not become U+FFFD.
  static std::string printable(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size();) {
      unsigned char b = static_cast<unsigned char>(text[i]);
      std::size_t n = b < 0x80 ? 1 : b >= 0xc2 && b < 0xe0 ? 2 : b >= 0xe0 && b < 0xf0 ? 3 : b >= 0xf0 && b < 0xf5 ? 4 : 0;
      bool good = n > 0 && i + n <= text.size();
      for (std::size_t k = 1; good && k < n; ++k) good = (static_cast<unsigned char>(text[i + k]) & 0xc0) == 0x80;
      if (good) out += text.substr(i, n);
      else out += "\xef\xbf\xbd";
      i += good ? n : 1;
    }
    return out;
  }
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::string path_;
  std::unique_ptr<std::FILE, Close> file_;
};

// The bar belongs on a terminal that nothing else is written to meanwhile.
bool draws(const RunOptions& options) {
  if (options.quiet || options.progress) return !options.quiet;
  return ::isatty(STDERR_FILENO) && (options.watch.empty() || !::isatty(STDOUT_FILENO));
}

class Run {
 public:
  explicit Run(const RunOptions& options)
      : options_(options), drawing_(draws(options)), rejects_(options.reject) {
    for (const std::string& text : options.inputs) inputs_.push_back(parse_input(text));
    for (const Input& input : inputs_) check_format(input, options.input_format);
    for (const std::string& text : options.windows) windows_.push_back(parse_window(text));
  }

  void run() {
    Result<std::string> document = read_file(options_.definitions);
    OpenOptions open = open_options(document);
    open.profile = !options_.profile.empty();
    db_.emplace(Database::open(options_.db, open).value());
    if (db_->recovered()) tell_recovered();
    if (!document.ok()) throw Failure(document.error());
    if (Result<void> defined = db_->define(document.value()); !defined.ok()) {
      Error error = defined.error();
      error.place = options_.definitions + (error.place.empty() ? "" : ": " + error.place);
      throw Failure(std::move(error));
    }
    for (const std::string& subject : options_.print) (void)shown(subject);  // unknown names are told before hours of reading
    keep_progress_ = options_.db != ":memory:" && !inputs_.empty();
    if (keep_progress_) {
      db_->execute(std::string("CREATE TABLE IF NOT EXISTS ") + kInputs + " (input TEXT PRIMARY KEY, rows_read BIGINT NOT NULL)").value();
    }
    watch();
    for (const Input& input : inputs_) load(input);
    rejects_.close();
    for (const std::string& view : options_.print) print(view);
    write_profile();
    tell_stats(true);
    if (options_.db != ":memory:") say("tables and views are in " + options_.db + ", a SQLite database at sequence " + with_commas(db_->sequence()));
    watches_.clear();
    db_->close().value();
  }

 private:
  // The document's options, unless it is none: that is told after what the database has to tell.
  OpenOptions open_options(const Result<std::string>& document) const {
    if (!document.ok()) return options_.open.over({});
    const Result<OpenOptions> said = read_options(document.value());
    return options_.open.over(said.ok() ? said.value() : OpenOptions());
  }

  void say(const std::string& text) const {
    if (options_.quiet) return;
    std::fprintf(stderr, "%s\n", text.c_str());
    std::fflush(stderr);
  }

  void tell_recovered() {
    std::uint64_t tables = 0, views = 0;
    for (const RelationInfo& relation : db_->relations()) {
      if (relation.name != kInputs) ++(relation.is_view ? views : tables);
    }
    say("recovered " + plural(tables, "table") + " and " + plural(views, "view") + " at sequence " + with_commas(db_->sequence()) + " from " +
        options_.db);
  }

  void watch() {
    for (const std::string& view : options_.watch) {
      auto print_change = [this](const Change& change) {
        std::string out;
        append_json_lines(change, out);
        if (!write_out(out)) broken_ = true;
      };
      watches_.push_back(db_->subscribe(view, print_change, SubscribeOptions{.delivery = SubscribeOptions::Delivery::kInline}).value());
    }
  }

  // The rows of a view or table; of a query, where it is no name.
  ResultSet shown(const std::string& subject) const {
    for (const RelationInfo& relation : db_->relations()) {
      if (relation.name == subject) return db_->read(subject).value();
    }
    return subject.find(' ') == std::string::npos ? db_->read(subject).value() : db_->query(subject).value();
  }

  void print(const std::string& view) {
    ResultSet rows = shown(view);
    const std::size_t all = rows.rows();
    if (options_.print_rows > 0 && all > options_.print_rows) rows = first_rows(rows, options_.print_rows);
    if (!write_out((options_.format == Format::kTable ? view + "\n" : "") + to_text(rows, options_.format))) broken_ = true;
    if (rows.rows() < all) say(view + ": " + with_commas(rows.rows()) + " of " + plural(all, "row") + " shown");
    check_output();
  }

  static ResultSet first_rows(const ResultSet& rows, std::size_t n) {
    std::vector<Value> values;
    for (std::size_t r = 0; r < n; ++r) {
      for (std::size_t c = 0; c < rows.schema().size(); ++c) values.push_back(rows[r][c]);
    }
    return ResultSet(rows.schema(), std::move(values), rows.sequence());
  }

  void write_profile() const {
    const std::string& path = options_.profile;
    if (path.empty()) return;
    const Diagram diagram = path.ends_with(".json") ? Diagram::kJson : path.ends_with(".dot") ? Diagram::kGraphviz : Diagram::kText;
    const std::string text = explain_all(*db_, view_names(*db_), diagram, true).value();
    std::FILE* file = std::fopen(path.c_str(), "w");
    const bool written = file && std::fwrite(text.data(), 1, text.size(), file) == text.size();
    if ((file && std::fclose(file) != 0) || !written) throw Failure(io_error(path, "cannot write the file"));
  }

  void tell_stats(bool last) {
    if (options_.stats.empty()) return;
    const auto now = std::chrono::steady_clock::now();
    if (!last && now - stats_written_ < kStatsPeriod) return;
    write_stats(db_->stats().value(), options_.stats);
    stats_written_ = now;
  }

  void check_output() const {
    if (broken_) throw Failure(io_error("standard output", "cannot write"));
  }

  std::uint64_t rows_read_before(const Input& input) {
    if (!keep_progress_ || options_.append || input.path == "-") return 0;
    ResultSet rows = db_->find(kInputs, {Value(input.name())}).value();
    return rows.rows() == 0 ? 0 : static_cast<std::uint64_t>(rows[0]["rows_read"].integer());
  }

  void load(const Input& input) {
    ReadOptions read_options;
    if (options_.input_format == "csv") read_options.format = ReadOptions::Format::kCsv;
    if (options_.input_format == "ndjson") read_options.format = ReadOptions::Format::kNdjson;
    if (rejects_.wanted()) {
      read_options.reject = [&](std::uint64_t line, std::string_view text, const Error& why) { rejects_.add(input, line, text, why); };
    }
    Reader reader = Reader::open(*db_, input.table, input.path, read_options).value();
    const std::uint64_t before = rows_read_before(input);
    if (before > 0 && reader.skip(before).value() < before) {
      throw Failure(ErrorCode::kInput, input.path + ": the database has read " + plural(before, "row") +
                                           " of it already, but it holds fewer (--append reads all of it)");
    }
    Progress progress(input.table, drawing_);
    std::uint64_t rows = 0;
    while (std::uint64_t n = batch(input, reader, before + rows)) {
      rows += n;
      progress.update(rows, reader.bytes_read(), reader.bytes_total());
      check_output();
      tell_stats(false);
    }
    double seconds = progress.finish();
    tell_loaded(input, before, rows, reader.rows_rejected(), seconds);
  }

  // One batch: rows of the input, what falls out of the windows by them, and how far the input is read. Returns the rows.
  std::uint64_t batch(const Input& input, Reader& reader, std::uint64_t rows_before) {
    Transaction transaction = db_->begin();
    std::uint64_t n = reader.read(transaction, options_.batch).value();
    if (n == 0) return 0;
    for (const Window& window : windows_) {
      if (window.table == input.table) expire(window, transaction);
    }
    if (keep_progress_ && input.path != "-") {
      transaction.upsert(kInputs, {Value(input.name()), Value(rows_before + n)}).value();
    }
    if (Result<Receipt> receipt = transaction.commit(); !receipt.ok()) {
      Error error = receipt.error();
      if (error.place.empty()) error.place = input.path + ", rows " + with_commas(rows_before + 1) + " to " + with_commas(rows_before + n);
      throw Failure(std::move(error));
    }
    return n;
  }

  static void expire(const Window& window, Transaction& transaction) {
    const std::string table = quoted(window.table, '"'), column = quoted(window.column, '"');
    ResultSet oldest = transaction.execute("SELECT MAX(" + column + ") - INTERVAL " + quoted(window.interval, '\'') + " FROM " + table).value();
    if (oldest.rows() == 0 || oldest[0][0].is_null()) return;
    transaction.execute("DELETE FROM " + table + " WHERE " + column + " < TIMESTAMP " + quoted(oldest[0][0].to_string(), '\'')).value();
  }

  void tell_loaded(const Input& input, std::uint64_t before, std::uint64_t rows, std::uint64_t rejected, double seconds) const {
    if (before > 0 && rows == 0) {
      return say(input.table + ": all " + plural(before, "row") + " of " + input.path + " were read before; nothing to do");
    }
    char time[64];
    std::snprintf(time, sizeof time, " in %.2f s (", seconds);
    const auto rate = static_cast<std::uint64_t>(static_cast<double>(rows) / std::max(seconds, 1e-6));
    std::string text = input.table + ": " + plural(rows, "row") + time + with_commas(rate) + " rows/s)";
    if (before > 0) text += ", after " + with_commas(before) + " that were read before";
    if (rejected > 0) text += ", " + with_commas(rejected) + " rejected to " + options_.reject;
    say(text);
  }

  const RunOptions& options_;
  bool drawing_;
  Rejects rejects_;
  std::vector<Input> inputs_;
  std::vector<Window> windows_;
  std::optional<Database> db_;
  std::vector<Subscription> watches_;
  std::chrono::steady_clock::time_point stats_written_{};
  bool keep_progress_ = false;
  bool broken_ = false;  // standard output
};

}  // namespace

int run_definitions(const RunOptions& options) {
  std::optional<Run> run;
  try {
    run.emplace(options);
  } catch (const Failure& failure) {
    complain(failure.error());
    return failure.error().code == ErrorCode::kInput ? kWrongUse : kRefused;
  }
  try {
    run->run();
  } catch (const Failure& failure) {
    complain(failure.error());
    return kRefused;
  }
  return kDone;
}

}  // namespace weir::cli
