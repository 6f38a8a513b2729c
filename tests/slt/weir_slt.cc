// weir-slt: runs sqllogictest files, each query also as a live view. README.md tells the format and the modes.

#include <weir/weir.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace {

using Texts = std::vector<std::string>;

// ------------------------------------------------------------------------------------------------------------------------ files

struct Record {
  enum class Kind { kOk, kError, kQuery } kind = Kind::kOk;
  std::size_t line = 0;
  std::string sql;
  std::string error;                 // kError: what its message holds
  std::string types, sort, label;    // kQuery
  Texts expected;                    // values, or "N values hashing to …"
};

[[noreturn]] void malformed(const std::string& file, std::size_t line, const std::string& why) {
  std::cerr << file << ':' << line << ": " << why << '\n';
  std::exit(2);
}

bool is_ours(const std::string& engine) { return engine == "weir" || engine == "postgresql"; }

std::vector<Record> read_file(const std::string& path) {
  std::ifstream in(path);
  if (!in) malformed(path, 0, "cannot be read");
  std::vector<Record> out;
  std::string line;
  std::size_t number = 0;
  const auto next = [&] {
    if (!std::getline(in, line)) return false;
    if (line.ends_with('\r')) line.pop_back();
    ++number;
    return true;
  };
  const auto paragraph = [&](const char* end) {  // up to an empty line or `end`
    Texts lines;
    while (next() && !line.empty() && line != end) lines.push_back(line);
    return lines;
  };
  bool skipped = false;
  while (next()) {
    std::istringstream words(line);
    std::string word, what;
    if (!(words >> word) || word.starts_with('#')) continue;
    words >> what;
    if (word == "skipif" || word == "onlyif") {
      skipped = skipped || is_ours(what) == (word == "skipif");
    } else if (word == "hash-threshold") {
      skipped = false;  // it is about the writing of files
    } else if (word == "halt") {
      if (!skipped) break;
      skipped = false;
    } else if (word == "statement" || word == "query") {
      Record record;
      record.line = number;
      if (what == "error") {
        record.kind = Record::Kind::kError;
        std::getline(words >> std::ws, record.error);
      } else if (word == "query") {
        record.kind = Record::Kind::kQuery;
        record.types = what;
        if (!(words >> record.sort)) record.sort = "nosort";
        words >> record.label;
        if (what.empty() || what.find_first_not_of("ITR") != std::string::npos) malformed(path, number, "the types of a query are I, T and R");
        if (record.sort != "nosort" && record.sort != "rowsort" && record.sort != "valuesort") malformed(path, number, "there is no sort mode " + record.sort);
      } else if (what != "ok") {
        malformed(path, number, "a statement is ok or error");
      }
      for (const std::string& l : paragraph("----")) record.sql += (record.sql.empty() ? "" : "\n") + l;
      if (line == "----") {
        for (const std::string& row : paragraph("")) {
          std::istringstream values(row);
          for (std::string value; std::getline(values, value, '\t');) record.expected.push_back(value);
        }
      }
      if (!skipped) out.push_back(std::move(record));
      skipped = false;
    } else {
      malformed(path, number, "no record begins with " + word);
    }
  }
  return out;
}

std::string first_word(const std::string& sql) {
  std::string word;
  std::istringstream(sql) >> word;
  std::transform(word.begin(), word.end(), word.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return word;
}

// Says what there is, not what is in it.
bool is_definition(const Record& record) {
  const std::string word = first_word(record.sql);
  return record.kind == Record::Kind::kOk && (word == "create" || word == "alter" || word == "drop");
}

bool is_ordered(const std::string& sql) {
  std::string lower = sql;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower.find("order by") != std::string::npos;
}

// ---------------------------------------------------------------------------------------------------------------------- answers

std::string text_of(const weir::Value& value, char type) {
  if (value.is_null()) return "NULL";
  const std::string text = value.to_string();
  if (type == 'R') {
    char out[400];
    std::snprintf(out, sizeof out, "%.3f", std::strtod(text.c_str(), nullptr));
    return out;
  }
  if (type == 'I') {
    if (value.type() == weir::TypeId::kBoolean) return value.boolean() ? "1" : "0";
    const std::size_t digits = text.find_first_not_of("-0123456789");
    return digits == std::string::npos ? text : std::to_string(std::strtoll(text.c_str(), nullptr, 10));
  }
  if (text.empty()) return "(empty)";
  std::string out = text;
  for (char& c : out) {
    if (c < ' ' || c > '~') c = '@';
  }
  return out;
}

std::vector<Texts> rows_of(const weir::ResultSet& result, const std::string& types) {
  std::vector<Texts> rows(result.rows());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (std::size_t c = 0; c < result.schema().size(); ++c) rows[i].push_back(text_of(result[i][c], c < types.size() ? types[c] : 'T'));
  }
  return rows;
}

Texts values_of(std::vector<Texts> rows, const std::string& sort) {
  if (sort == "rowsort") std::sort(rows.begin(), rows.end());
  Texts values;
  for (const Texts& row : rows) values.insert(values.end(), row.begin(), row.end());
  if (sort == "valuesort") std::sort(values.begin(), values.end());
  return values;
}

Texts hashed(const Texts& values) {
  std::string all;
  for (const std::string& v : values) {
    for (const char c : v) all += c == '\'' ? std::string("''") : std::string(1, c);
    all += '\n';
  }
  const weir::Database db = weir::Database::open(":memory:").value();
  return {std::to_string(values.size()) + " values hashing to " + db.query("SELECT md5('" + all + "')").value()[0][0].to_string()};
}

bool is_hash(const Texts& values) { return values.size() == 1 && values[0].find(" values hashing to ") != std::string::npos; }

std::string shown(const Texts& values) {
  std::string out;
  for (std::size_t i = 0; i < values.size() && i < 20; ++i) out += (i ? " | " : "") + values[i];
  return values.size() > 20 ? out + " … of " + std::to_string(values.size()) : out;
}

// ------------------------------------------------------------------------------------------------------------------------- a run

enum class Mode { kScript, kBefore, kAfter };
const std::map<std::string, Mode> kModes = {{"script", Mode::kScript}, {"before", Mode::kBefore}, {"after", Mode::kAfter}};

class Run {
 public:
  Run(std::string file, std::vector<Record> records, std::string name, bool strict)
      : file_(std::move(file)), records_(std::move(records)), name_(std::move(name)), mode_(kModes.at(name_)), strict_(strict), views_(records_.size()), db_(open()), session_(db_.session()) {}

  bool all_right() {
    const auto is_query = [](const Record& r) { return r.kind == Record::Kind::kQuery; };
    const std::size_t queries_end = static_cast<std::size_t>(records_.rend() - std::find_if(records_.rbegin(), records_.rend(), is_query));
    for (at_ = 0; at_ < records_.size(); ++at_) {
      if (at_ == queries_end) end();
      if (mode_ == Mode::kBefore && !is_definition(records_[at_]) && (at_ == 0 || is_definition(records_[at_ - 1]))) register_queries();
      if (records_[at_].kind == Record::Kind::kQuery) query();
      else statement();
    }
    if (at_ == queries_end) end();
    std::cout << (failures_ ? "FAIL " : "PASS ") << file_ << ' ' << name_ << " records=" << records_.size() << " views=" << compared_views_ << " one-off=" << one_off_
              << " failures=" << failures_ << std::endl;
    return failures_ == 0;
  }

 private:
  static weir::Database open() {
    weir::OpenOptions options;
    options.threads = 1;
    return weir::Database::open(":memory:", options).value();
  }
  void fail(std::size_t record, const std::string& why) {
    ++failures_;
    std::cout << file_ << ':' << records_[record].line << ": " << name_ << ": " << why << "\n    " << records_[record].sql << std::endl;
  }

  void statement() {
    const Record& r = records_[at_];
    const std::string word = first_word(r.sql);
    if (word == "drop" || word == "alter") drop_views();
    const auto done = session_.execute(r.sql);
    if (r.kind == Record::Kind::kOk) {
      if (!done.ok()) fail(at_, done.error().message);
    } else if (done.ok()) {
      fail(at_, "it is not refused");
    } else if (done.error().message.find(r.error) == std::string::npos) {
      fail(at_, "it is refused, for another reason: " + done.error().message);
    }
  }

  // The queries up to the next definition.
  void register_queries() {
    for (std::size_t i = at_; i < records_.size() && !is_definition(records_[i]); ++i) {
      if (records_[i].kind == Record::Kind::kQuery) make_view(i);
    }
  }
  void make_view(std::size_t record) {
    const Record& r = records_[record];
    std::string name = "slt_" + std::to_string(record), columns;
    for (std::size_t c = 0; c < r.types.size(); ++c) columns += (c ? ", c" : "c") + std::to_string(c);
    const auto made = db_.execute("CREATE VIEW " + name + " (" + columns + ") AS " + r.sql);
    if (made.ok()) views_[record] = std::move(name);
    else if (strict_) fail(record, "it is no view: " + made.error().message);
  }
  void drop_views() {
    for (auto& view : views_) {
      if (view) db_.drop(*view).value();
      view.reset();
    }
  }

  void query() {
    const Record& r = records_[at_];
    if (mode_ == Mode::kAfter) make_view(at_);
    const bool live = views_[at_].has_value();
    if (mode_ != Mode::kScript) ++(live ? compared_views_ : one_off_);
    const auto answer = live ? db_.read(*views_[at_]) : db_.query(r.sql);
    if (!answer.ok()) return fail(at_, answer.error().message);
    if (answer.value().schema().size() != r.types.size()) return fail(at_, "it has " + std::to_string(answer.value().schema().size()) + " columns");
    const std::vector<Texts> rows = rows_of(answer.value(), r.types);
    Texts values = values_of(rows, r.sort), expected = r.expected;
    if (r.sort == "nosort" && values != expected && live && !is_ordered(r.sql) && !is_hash(expected)) {
      // A view without ORDER BY has its rows in no order.
      values = values_of(rows, "rowsort");
      std::vector<Texts> given(expected.size() / r.types.size());
      for (std::size_t i = 0; i < given.size() * r.types.size(); ++i) given[i / r.types.size()].push_back(expected[i]);
      expected = values_of(std::move(given), "rowsort");
    }
    if (is_hash(expected)) values = hashed(values);
    if (values != expected) fail(at_, "expected " + shown(expected) + "\n    found    " + shown(values));
    if (r.label.empty()) return;
    const auto [before, fresh] = labels_.try_emplace(r.label, values);
    if (!fresh && before->second != values) fail(at_, "another answer than before under label " + r.label);
  }

  // Views that changes have led here are what their queries are from scratch; also when all has been deleted.
  void end() {
    compare_views();
    std::vector<weir::RelationInfo> relations = db_.relations();
    for (auto r = relations.rbegin(); r != relations.rend(); ++r) {
      if (r->is_view) continue;
      const auto emptied = db_.execute("DELETE FROM \"" + r->name + '"');
      if (!emptied.ok()) std::cout << file_ << ": " << name_ << ": table " << r->name << " cannot be emptied: " << emptied.error().message << std::endl, ++failures_;
    }
    compare_views();
  }
  void compare_views() {
    for (std::size_t i = 0; i < views_.size(); ++i) {
      if (!views_[i]) continue;
      const Record& r = records_[i];
      const auto live = db_.read(*views_[i]), scratch = db_.query(r.sql);
      if (!live.ok() || !scratch.ok()) {
        fail(i, (live.ok() ? scratch : live).error().message);
        continue;
      }
      const Texts is = values_of(rows_of(live.value(), r.types), "rowsort"), should = values_of(rows_of(scratch.value(), r.types), "rowsort");
      if (is != should) fail(i, "in the end, from scratch " + shown(should) + "\n    live         " + shown(is));
    }
  }

  const std::string file_;
  const std::vector<Record> records_;
  const std::string name_;
  const Mode mode_;
  const bool strict_;
  std::vector<std::optional<std::string>> views_;  // by record: of those that are live
  weir::Database db_;
  weir::Session session_;  // of the file's statements
  std::size_t at_ = 0, failures_ = 0, compared_views_ = 0, one_off_ = 0;
  std::map<std::string, Texts> labels_;
};

int usage() {
  std::cerr << "weir-slt [--mode script|before|after|all] [--strict] FILE.slt...\n";
  return 2;
}

}  // namespace

int main(int count, char** arguments) {
  std::string mode = "all";
  bool strict = false;
  Texts files;
  for (int i = 1; i < count; ++i) {
    const std::string word = arguments[i];
    if (word == "--strict") strict = true;
    else if (word == "--mode" && i + 1 < count) mode = arguments[++i];
    else if (word.starts_with("--")) return usage();
    else files.push_back(word);
  }
  if (files.empty() || (mode != "all" && !kModes.contains(mode))) return usage();
  bool good = true;
  for (const std::string& file : files) {
    const std::vector<Record> records = read_file(file);
    for (const auto& [name, m] : kModes) {
      if (mode == "all" || mode == name) good = Run(file, records, name, strict).all_right() && good;
    }
  }
  return good ? 0 : 1;
}
