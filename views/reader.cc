#include "weir/reader.h"

#include <algorithm>
#include <map>
#include <optional>

#include "sql/document.h"
#include "sql/statement.h"
#include "views/csv.h"

namespace weir {
namespace {

std::string lower(std::string_view s) {
  std::string out(s);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}


// Errors that a row can be to blame for; others (a closed database, a failed disk) end the reading.
bool is_of_a_row(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInput:
    case ErrorCode::kConstraint:
    case ErrorCode::kEvaluation:
    case ErrorCode::kType:
    case ErrorCode::kUnknownName: return true;
    default: return false;
  }
}

}  // namespace

struct Reader::Impl {
  Impl(const Database& db, std::string_view table_name, const std::string& path, const ReadOptions& read_options)
      : options(read_options),
        source(path),
        records(source, read_options.line_bytes_max),
        table(db.table(table_name).value().name()),
        schema(db.table(table_name).value().schema()) {
    for (const RelationInfo& relation : db.relations()) {
      if (relation.name != table) continue;
      for (const std::string& name : relation.key) key.push_back(*find_column(name));
      defaults.resize(schema.size());
      for (const auto& [name, value] : relation.defaults) defaults[*find_column(name)] = value;
    }
    format = options.format;
    if (format == ReadOptions::Format::kByEnding) {
      std::string name = lower(path);
      if (name.ends_with(".csv")) format = ReadOptions::Format::kCsv;
      else if (name.ends_with(".ndjson") || name.ends_with(".jsonl") || name.ends_with(".json")) format = ReadOptions::Format::kNdjson;
      else fail("neither .csv nor .ndjson: say which format it is", 0);
    }
    if (format == ReadOptions::Format::kCsv) read_header();
  }

  // ---- what rows look like

  std::optional<std::size_t> find_column(std::string_view name) const {
    for (std::size_t c = 0; c < schema.size(); ++c) {
      if (schema[c].name == name) return c;
    }
    std::string folded = lower(name);
    for (std::size_t c = 0; c < schema.size(); ++c) {
      if (schema[c].name == folded) return c;
    }
    return std::nullopt;
  }

  std::size_t column(std::string_view name) const {
    if (auto c = find_column(name)) return *c;
    Failure failure(ErrorCode::kInput, "table " + in_quotes(table) + " has no column " + in_quotes(name));
    std::vector<std::string> names;
    for (const Field& field : schema) names.push_back(field.name);
    if (std::string near = nearest_name(name, names); !near.empty()) failure.error().hint = "did you mean " + in_quotes(near) + "?";
    throw failure;
  }

  [[noreturn]] void fail(std::string message, std::uint64_t line) const {
    Failure failure(ErrorCode::kInput, std::move(message));
    failure.error().place = source.path();
    failure.error().line = static_cast<int>(line);
    throw failure;
  }

  void read_header() {
    if (!records.next_csv(fields)) fail("the file is empty: a CSV file begins with a line of column names", 1);
    std::vector<bool> seen(schema.size());
    for (const CsvField& field : fields) {
      std::size_t c;
      try {
        c = column(field.text);
      } catch (Failure& failure) {
        failure.error().place = source.path();
        failure.error().line = 1;
        throw;
      }
      if (seen[c]) fail("the header names column " + in_quotes(field.text) + " twice", 1);
      seen[c] = true;
      csv_columns.push_back(c);
    }
    for (std::size_t c = 0; c < schema.size(); ++c) {
      if (!seen[c] && !defaults[c]) {
        fail("the header lacks column " + in_quotes(schema[c].name) + " of table " + in_quotes(table) + ", which has no DEFAULT", 1);
      }
    }
  }

  // ---- rows into a transaction

  // A row of which some columns are given; the others take their defaults.
  void insert(Transaction& into, std::vector<std::pair<std::size_t, Value>> given) const {
    Row row(schema.size());
    std::vector<bool> is_given(schema.size());
    for (auto& [c, value] : given) row[c] = std::move(value), is_given[c] = true;
    for (std::size_t c = 0; c < schema.size(); ++c) {
      if (!is_given[c] && defaults[c]) row[c] = *defaults[c];
    }
    into.insert(table, row).value();
  }

  void erase(Transaction& into, std::vector<std::pair<std::size_t, Value>> given) const {
    Row row(schema.size());
    for (auto& [c, value] : given) row[c] = std::move(value);
    if (given.size() == schema.size()) return into.erase(table, row).value();
    if (key.empty()) {
      throw Failure(ErrorCode::kInput, "a delete from table " + in_quotes(table) + ", which has no primary key, has to give all columns");
    }
    Row key_row;
    for (std::size_t c : key) key_row.push_back(std::move(row[c]));
    if (given.size() != key.size() || std::any_of(key_row.begin(), key_row.end(), [](const Value& v) { return v.is_null(); })) {
      throw Failure(ErrorCode::kInput,
                    "a delete from table " + in_quotes(table) + " has to give its primary key (" + key_names() + ") or all columns");
    }
    into.erase_key(table, key_row).value();
  }

  void update(Transaction& into, std::vector<std::pair<std::size_t, Value>> given) const {
    if (key.empty()) throw Failure(ErrorCode::kInput, "an update of table " + in_quotes(table) + ", which has no primary key");
    Row key_row(key.size());
    std::map<std::string, Value> set;
    for (auto& [c, value] : given) {
      auto at = std::find(key.begin(), key.end(), c);
      if (at == key.end()) set[schema[c].name] = std::move(value);
      else key_row[static_cast<std::size_t>(at - key.begin())] = std::move(value);
    }
    if (std::any_of(key_row.begin(), key_row.end(), [](const Value& v) { return v.is_null(); })) {
      throw Failure(ErrorCode::kInput, "an update of table " + in_quotes(table) + " has to give its primary key (" + key_names() + ")");
    }
    if (set.empty()) throw Failure(ErrorCode::kInput, "an update that gives nothing but the primary key");
    into.update(table, key_row, set).value();
  }

  std::string key_names() const {
    std::string out;
    for (std::size_t c : key) out += (out.empty() ? "" : ", ") + schema[c].name;
    return out;
  }

  // Reads one record and hands it over. False at the end of the file.
  bool read_one(Transaction& into) {
    JsonRow::Operation operation = JsonRow::Operation::kInsert;
    std::vector<std::pair<std::size_t, Value>> given;
    if (format == ReadOptions::Format::kCsv) {
      if (!records.next_csv(fields)) return false;
      if (fields.size() != csv_columns.size()) {
        const char* noun = fields.size() == 1 ? " field" : " fields";
        fail(std::to_string(fields.size()) + noun + " where the header has " + std::to_string(csv_columns.size()), records.line());
      }
      given.reserve(fields.size());
      for (std::size_t i = 0; i < fields.size(); ++i) {
        given.emplace_back(csv_columns[i], fields[i].text.empty() && !fields[i].quoted ? Value() : Value(fields[i].text));
      }
    } else {
      std::string_view line;
      do {
        if (!records.next_line(line)) return false;
      } while (line.find_first_not_of(" \t") == std::string_view::npos);
      JsonRow row = read_json_row(line);
      operation = row.operation;
      given.reserve(row.fields.size());
      for (auto& [name, value] : row.fields) given.emplace_back(column(name), std::move(value));
    }
    switch (operation) {
      case JsonRow::Operation::kInsert: insert(into, std::move(given)); break;
      case JsonRow::Operation::kDelete: erase(into, std::move(given)); break;
      case JsonRow::Operation::kUpdate: update(into, std::move(given)); break;
    }
    return true;
  }

  // False at the end. A bad record throws with its place, or goes to the reject sink.
  bool read_record(Transaction& into) {
    try {
      return read_one(into);
    } catch (Failure& failure) {
      Error& error = failure.error();
      if (!is_of_a_row(error.code)) throw;
      if (error.place.empty()) error.place = source.path();
      if (error.line == 0 || error.offset >= 0) error.line = static_cast<int>(records.line());
      error.offset = -1;
      error.column = 0;
      error.excerpt.clear();
      if (!options.reject) throw;
      ++rejected;
      options.reject(records.line(), records.text(), error);
      return true;
    }
  }

  bool skip_record() {
    try {
      if (format == ReadOptions::Format::kCsv) return records.next_csv(fields);
      std::string_view line;
      do {
        if (!records.next_line(line)) return false;
      } while (line.find_first_not_of(" \t") == std::string_view::npos);
    } catch (const Failure& failure) {
      if (failure.error().code != ErrorCode::kInput) throw;  // a bad record was counted when it was read, and counts now
    }
    return true;
  }

  ReadOptions options;
  ByteSource source;
  RecordReader records;
  std::string table;
  Schema schema;
  std::vector<std::size_t> key;
  std::vector<std::optional<Value>> defaults;  // by column
  ReadOptions::Format format = ReadOptions::Format::kCsv;
  std::vector<std::size_t> csv_columns;  // of the table, in the header's order
  std::vector<CsvField> fields;
  std::uint64_t rejected = 0;
};

Reader::Reader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Reader::Reader(Reader&&) noexcept = default;
Reader::~Reader() = default;

Result<Reader> Reader::open(const Database& db, std::string_view table, const std::string& path, const ReadOptions& options) {
  try {
    return Reader(std::make_unique<Impl>(db, table, path, options));
  } catch (const Failure& failure) {
    return failure.error();
  }
}

Result<std::uint64_t> Reader::read(Transaction& into, std::uint64_t rows) {
  try {
    std::uint64_t n = 0;
    while (n < rows && impl_->read_record(into)) ++n;
    return n;
  } catch (const Failure& failure) {
    return failure.error();
  }
}

Result<std::uint64_t> Reader::skip(std::uint64_t rows) {
  try {
    std::uint64_t n = 0;
    while (n < rows && impl_->skip_record()) ++n;
    return n;
  } catch (const Failure& failure) {
    return failure.error();
  }
}

std::uint64_t Reader::rows_rejected() const { return impl_->rejected; }
std::uint64_t Reader::bytes_read() const { return impl_->records.bytes_consumed(); }
std::uint64_t Reader::bytes_total() const { return impl_->source.bytes_total(); }

}  // namespace weir
