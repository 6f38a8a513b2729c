// weir explain: the plan and the circuit of views, and what their operators do, as text, as Graphviz or as JSON.

#include <cstdio>
#include <set>
#include <sstream>

#include "cli/commands.h"

namespace weir::cli {
namespace {

// Several diagrams of one circuit as one: its nodes and edges, each once.
class Picture {
 public:
  void add(const std::string& diagram) {
    std::istringstream lines(diagram);
    for (std::string line; std::getline(lines, line);) {
      if (line != "}" && seen_.insert(line).second) text_ += line + "\n";
    }
  }
  std::string text() const { return text_.empty() ? "" : text_ + "}\n"; }

 private:
  std::set<std::string> seen_;
  std::string text_;
};

// Definitions, a script or a database, told apart by their first bytes.
Result<void> load(const std::string& source, bool profile, std::optional<Database>& db) {
  constexpr std::string_view kDatabaseMagic = "SQLite format 3";
  Result<std::string> text = read_file(source);
  if (!text.ok()) return text.error();
  const bool is_database = text.value().starts_with(kDatabaseMagic);
  const Result<OpenOptions> said = read_options(text.value());  // no document: an error that is of no interest
  OpenOptions options = is_database || !said.ok() ? OpenOptions() : said.value();
  options.threads = 1;
  options.create = false;
  options.read_only = is_database;
  options.profile = profile;
  Result<Database> opened = Database::open(is_database ? source : ":memory:", options);
  if (!opened.ok()) return opened.error();
  db.emplace(std::move(opened).value());
  if (is_database) return {};
  std::size_t first = text.value().find_first_not_of(" \t\r\n");
  Error error;
  if (first != std::string::npos && text.value()[first] == '{') {
    Result<void> defined = db->define(text.value());
    if (defined.ok()) return {};
    error = defined.error();
    error.place = source + (error.place.empty() ? "" : ": " + error.place);
  } else {
    Result<std::vector<Outcome>> done = db->execute(text.value());
    if (done.ok()) return {};
    error = done.error();
    if (error.place.empty()) error.place = source;
  }
  return error;
}

}  // namespace

std::vector<std::string> view_names(const Database& db) {
  std::vector<std::string> names;
  for (const RelationInfo& relation : db.relations()) {
    if (relation.is_view) names.push_back(relation.name);
  }
  return names;
}

Result<std::string> explain_all(const Database& db, const std::vector<std::string>& subjects, Diagram diagram, bool analyze) {
  Picture picture;
  std::string out;
  for (const std::string& subject : subjects) {
    Result<std::string> one = db.explain(subject, diagram, analyze);
    if (!one.ok()) return one.error();
    std::string text = std::move(one).value();
    if (!text.ends_with('\n')) text += '\n';
    if (diagram == Diagram::kGraphviz) {
      picture.add(text);
    } else if (diagram == Diagram::kJson) {
      out += out.empty() ? "{" : ",\n";
      append_json(subject, out);
      out += ": " + text.substr(0, text.size() - 1);
    } else {
      out += subjects.size() > 1 ? "view " + subject + "\n" + text + "\n" : text;
    }
  }
  if (diagram == Diagram::kJson) out += out.empty() ? "{}\n" : "}\n";
  return diagram == Diagram::kGraphviz ? picture.text() : out;
}

int run_explain(const ExplainOptions& options) {
  std::optional<Database> db;
  if (Result<void> loaded = load(options.source, options.profile, db); !loaded.ok()) {
    complain(loaded.error());
    return kRefused;
  }
  std::vector<std::string> subjects = options.views;
  if (!options.query.empty()) subjects.push_back(options.query);
  if (subjects.empty()) subjects = view_names(*db);
  const Diagram diagram = options.graphviz ? Diagram::kGraphviz : options.json ? Diagram::kJson : Diagram::kText;
  const Result<std::string> text = explain_all(*db, subjects, diagram, options.profile);
  if (!text.ok()) {
    complain(text.error());
    return kRefused;
  }
  return write_out(text.value()) ? kDone : kRefused;
}

}  // namespace weir::cli
