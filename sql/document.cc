#include "sql/document.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>
#include <span>

#include "sql/parse.h"
#include "sql/select_text.h"
#include "sql/statement.h"

namespace weir {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr int kDepthMax = 64;

[[noreturn]] void fail(const std::string& pointer, std::string message, std::string hint = "", ErrorCode code = ErrorCode::kSyntax) {
  Failure failure(code, std::move(message));
  failure.error().place = pointer.empty() ? "/" : pointer;
  failure.error().hint = std::move(hint);
  throw failure;
}

// RFC 6901.
std::string child(const std::string& pointer, std::string_view key) {
  std::string out = pointer + "/";
  for (char c : key) {
    if (c == '~') out += "~0";
    else if (c == '/') out += "~1";
    else out += c;
  }
  return out;
}
std::string child(const std::string& pointer, std::size_t index) { return pointer + "/" + std::to_string(index); }


const char* kind_of(const OrderedJson& json) {
  switch (json.type()) {
    case OrderedJson::value_t::null: return "null";
    case OrderedJson::value_t::object: return "an object";
    case OrderedJson::value_t::array: return "an array";
    case OrderedJson::value_t::string: return "a string";
    case OrderedJson::value_t::boolean: return "a boolean";
    default: return "a number";
  }
}

[[noreturn]] void fail_kind(const std::string& pointer, const std::string& expected, const OrderedJson& found) {
  fail(pointer, "expected " + expected + ", found " + kind_of(found));
}

// ---- text to JSON

// The parser's message without its prefix "[json.exception.parse_error.101] parse error at line 1, column 2: ".
std::string message_of(const OrderedJson::exception& error) {
  std::string_view what = error.what();
  if (std::size_t at = what.find("] "); at != std::string_view::npos) what.remove_prefix(at + 2);
  if (what.starts_with("parse error")) {
    if (std::size_t at = what.find(": "); at != std::string_view::npos) what.remove_prefix(at + 2);
  }
  return "not JSON: " + std::string(what);
}

OrderedJson parse_document(std::string_view text) {
  struct Open {
    bool is_object;
    std::set<std::string> keys;
    std::string pointer;
    std::string last_key;
    std::size_t elements = 0;
  };
  std::vector<Open> open;
  auto here = [&] {
    if (open.empty()) return std::string();
    return open.back().is_object ? child(open.back().pointer, open.back().last_key) : child(open.back().pointer, open.back().elements);
  };
  auto watch = [&](int depth, OrderedJson::parse_event_t event, OrderedJson& parsed) {
    using Event = OrderedJson::parse_event_t;
    if (depth > kDepthMax) fail(here(), "nested more than " + std::to_string(kDepthMax) + " deep");
    if (event == Event::object_start || event == Event::array_start) {
      std::string pointer = here();
      open.push_back({event == Event::object_start, {}, std::move(pointer), {}});
    } else if (event == Event::key) {
      open.back().last_key = parsed.get<std::string>();
      if (!open.back().keys.insert(open.back().last_key).second) fail(here(), "field " + in_quotes(open.back().last_key) + " is given twice");
    } else if (event == Event::object_end || event == Event::array_end) {
      open.pop_back();
      if (!open.empty()) ++open.back().elements;
    } else if (event == Event::value && !open.empty()) {
      ++open.back().elements;
    }
    return true;
  };
  try {
    return OrderedJson::parse(text.begin(), text.end(), watch);
  } catch (const OrderedJson::parse_error& error) {
    Failure failure(ErrorCode::kSyntax, message_of(error));
    failure.error().offset = static_cast<int>(std::min(error.byte > 0 ? error.byte - 1 : 0, text.size()));
    locate(failure.error(), text);
    throw failure;
  } catch (const OrderedJson::exception& error) {
    throw Failure(ErrorCode::kSyntax, message_of(error));
  }
}

// ---- fields

void check_fields(const OrderedJson& object, const std::string& pointer, const std::vector<std::string>& known) {
  if (!object.is_object()) fail_kind(pointer, "an object", object);
  for (const auto& [key, value] : object.items()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    std::string near = nearest_name(key, known);
    std::string list;
    for (const std::string& name : known) list += (list.empty() ? "" : ", ") + name;
    fail(child(pointer, key), "unknown field " + in_quotes(key), near.empty() ? "known here: " + list : "did you mean " + in_quotes(near) + "?");
  }
}

const OrderedJson* field(const OrderedJson& object, const char* name) {
  auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

std::string read_string(const OrderedJson& json, const std::string& pointer, const std::string& what) {
  if (!json.is_string()) fail_kind(pointer, what, json);
  std::string text = json.get<std::string>();
  if (text.find('\0') != std::string::npos) fail(pointer, "a text with a NUL character");
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) fail(pointer, "expected " + what + ", found an empty string");
  return text;
}

bool read_bool(const OrderedJson& json, const std::string& pointer) {
  if (!json.is_boolean()) fail_kind(pointer, "true or false", json);
  return json.get<bool>();
}

// One string, or an array of them.
std::vector<Part> read_parts(const OrderedJson& json, const std::string& pointer, const std::string& what) {
  std::vector<Part> parts;
  if (!json.is_array()) {
    parts.push_back({read_string(json, pointer, what + " or an array of them"), pointer});
    return parts;
  }
  if (json.empty()) fail(pointer, "expected " + what + ", found an empty array");
  for (std::size_t i = 0; i < json.size(); ++i) parts.push_back({read_string(json[i], child(pointer, i), what), child(pointer, i)});
  return parts;
}

// SQL text: one string, or an array of its lines.
SqlText read_sql_lines(const OrderedJson& json, const std::string& pointer) {
  SqlText sql;
  for (const Part& line : read_parts(json, pointer, "SQL text")) sql.add_unchecked(line);
  return sql;
}

std::uint64_t read_count(const OrderedJson& json, const std::string& pointer) {
  if (!json.is_number_integer() || (json.is_number_integer() && !json.is_number_unsigned() && json.get<std::int64_t>() < 0)) {
    fail_kind(pointer, "a number of rows, 0 or more", json);
  }
  return json.get<std::uint64_t>();
}

// ---- queries

Error place_in_pieces(Error error, const SqlText& sql, const std::string& pointer);
SqlText read_query(const OrderedJson& json, const std::string& pointer);

// SQL text that has to be one query.
SqlText read_query_text(const OrderedJson& json, const std::string& pointer) {
  SqlText sql = read_sql_lines(json, pointer);
  try {
    check_fragment(sql.text(), Fragment::kQuery);
  } catch (const Failure& failure) {
    throw Failure(place_in_pieces(failure.error(), sql, pointer));
  }
  return sql;
}

// "orders o", {"table": "orders", "as": "o"} or {"query": …, "as": "o"}; with `more` fields beside.
SelectParts::Source read_source(const OrderedJson& json, const std::string& pointer, std::vector<std::string> more) {
  SelectParts::Source source;
  if (json.is_string() && more.empty()) {
    source.relation = {read_string(json, pointer, "a relation"), pointer};
    return source;
  }
  if (!json.is_object()) fail_kind(pointer, more.empty() ? "a relation or an object" : "an object", json);
  more.insert(more.begin(), {"table", "query", "as"});
  check_fields(json, pointer, more);
  const OrderedJson *table = field(json, "table"), *query = field(json, "query"), *as = field(json, "as");
  if ((table == nullptr) == (query == nullptr)) fail(pointer, "expected one of \"table\" and \"query\"");
  if (as) source.alias = read_string(*as, child(pointer, "as"), "a name");
  if (table) {
    source.relation = {quote_identifier(read_string(*table, child(pointer, "table"), "the name of a table or view")), child(pointer, "table")};
  } else {
    if (!as) fail(pointer, "a query in place of a table needs a name: \"as\"");
    source.subquery = std::make_shared<SqlText>(read_query(*query, child(pointer, "query")));
  }
  return source;
}

SelectParts::Join read_join(const OrderedJson& json, const std::string& pointer) {
  SelectParts::Join join;
  join.source = read_source(json, pointer, {"type", "on", "using"});
  std::string type = "inner";
  if (const OrderedJson* given = field(json, "type")) type = read_string(*given, child(pointer, "type"), "a join type");
  const std::vector<std::pair<std::string, std::string>> kinds = {
      {"inner", "JOIN"}, {"left", "LEFT JOIN"}, {"right", "RIGHT JOIN"}, {"full", "FULL JOIN"}, {"cross", "CROSS JOIN"}};
  auto kind = std::find_if(kinds.begin(), kinds.end(), [&](const auto& k) { return k.first == type; });
  if (kind == kinds.end()) fail(child(pointer, "type"), "there is no join of type " + in_quotes(type), "inner, left, right, full, cross");
  join.kind = kind->second;
  const OrderedJson *on = field(json, "on"), *columns = field(json, "using");
  if (type == "cross" && (on || columns)) fail(pointer, "a cross join has no condition");
  if (type != "cross" && (on == nullptr) == (columns == nullptr)) fail(pointer, "expected one of \"on\" and \"using\"");
  if (on) {
    SqlText condition;
    std::vector<Part> parts = read_parts(*on, child(pointer, "on"), "a condition");
    if (parts.size() == 1) {
      join.on = parts[0];
    } else {
      for (std::size_t i = 0; i < parts.size(); ++i) condition.add(i ? " AND (" : "(").add(parts[i], Fragment::kExpression).add(")");
      join.on = Part{condition.text(), child(pointer, "on")};
    }
  }
  if (columns) {
    for (const Part& part : read_parts(*columns, child(pointer, "using"), "a column")) join.using_columns.push_back(part.text);
  }
  return join;
}

std::vector<SelectParts::Item> read_select(const OrderedJson& json, const std::string& pointer) {
  std::vector<SelectParts::Item> items;
  auto read_item = [&](const OrderedJson& item, const std::string& at) {
    if (item.is_string()) {
      items.push_back({{read_string(item, at, "a select item"), at}, ""});
      return;
    }
    if (!item.is_object()) fail_kind(at, "a select item or an object {\"expression\": \"name\"}", item);
    if (item.empty()) fail(at, "expected {\"expression\": \"name\"}, found an empty object");
    for (const auto& [expression, name] : item.items()) {
      items.push_back({{expression, child(at, expression)}, read_string(name, child(at, expression), "the name of the expression")});
    }
  };
  if (!json.is_array()) {
    read_item(json, pointer);
    return items;
  }
  if (json.empty()) fail(pointer, "expected select items, found an empty array");
  for (std::size_t i = 0; i < json.size(); ++i) read_item(json[i], child(pointer, i));
  return items;
}

const std::vector<std::string> kQueryFields = {"with",   "from",     "join",      "where",    "group_by", "having",
                                               "select", "distinct", "union_all", "order_by", "limit",    "offset"};

SqlText read_structured_query(const OrderedJson& json, const std::string& pointer) {
  check_fields(json, pointer, kQueryFields);
  SelectParts parts;
  auto at = [&](const char* name) { return child(pointer, name); };
  if (const OrderedJson* with = field(json, "with")) {
    if (!with->is_object()) fail_kind(at("with"), "an object of queries by name", *with);
    for (const auto& [name, query] : with->items()) parts.with.emplace_back(name, read_query(query, child(at("with"), name)));
  }
  if (const OrderedJson* from = field(json, "from")) parts.from = read_source(*from, at("from"), {});
  if (const OrderedJson* join = field(json, "join")) {
    if (!parts.from) fail(at("join"), "a join without \"from\"");
    if (join->is_array()) {
      for (std::size_t i = 0; i < join->size(); ++i) parts.joins.push_back(read_join((*join)[i], child(at("join"), i)));
    } else {
      parts.joins.push_back(read_join(*join, at("join")));
    }
  }
  if (const OrderedJson* where = field(json, "where")) parts.where = read_parts(*where, at("where"), "a condition");
  if (const OrderedJson* group_by = field(json, "group_by")) parts.group_by = read_parts(*group_by, at("group_by"), "an expression");
  if (const OrderedJson* having = field(json, "having")) parts.having = read_parts(*having, at("having"), "a condition");
  if (const OrderedJson* select = field(json, "select")) parts.select = read_select(*select, at("select"));
  else if (!parts.from) fail(pointer, "a query needs \"from\" or \"select\"");
  else if (!parts.group_by.empty() || !parts.having.empty()) fail(pointer, "a query with \"group_by\" or \"having\" needs \"select\"");
  if (const OrderedJson* distinct = field(json, "distinct")) parts.distinct = read_bool(*distinct, at("distinct"));
  if (const OrderedJson* others = field(json, "union_all")) {
    if (others->is_array() && !(others->size() > 0 && (*others)[0].is_string())) {
      for (std::size_t i = 0; i < others->size(); ++i) parts.union_all.push_back(read_query((*others)[i], child(at("union_all"), i)));
    } else {
      parts.union_all.push_back(read_query(*others, at("union_all")));
    }
  }
  if (const OrderedJson* order_by = field(json, "order_by")) parts.order_by = read_parts(*order_by, at("order_by"), "an order item");
  if (const OrderedJson* limit = field(json, "limit")) parts.limit = read_count(*limit, at("limit"));
  if (const OrderedJson* offset = field(json, "offset")) parts.offset = read_count(*offset, at("offset"));
  return to_sql(parts);
}

SqlText read_query(const OrderedJson& json, const std::string& pointer) {
  if (json.is_string() || json.is_array()) return read_query_text(json, pointer);
  if (!json.is_object()) fail_kind(pointer, "SQL text or a structured query", json);
  return read_structured_query(json, pointer);
}

// ---- tables

// A type as SQL writes it, and nothing more: words, and numbers in one pair of parentheses, then the brackets of an array.
bool is_type(std::string_view text) {
  while (text.ends_with(']')) {
    const std::size_t open = text.rfind('[');
    if (open == std::string_view::npos || text.find_first_not_of("0123456789", open + 1) != text.size() - 1) return false;
    text = text.substr(0, open);
  }
  int parentheses = 0;
  bool inside = false;
  for (char c : text) {
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_', digit = c >= '0' && c <= '9';
    if (c == '(') {
      if (++parentheses > 1) return false;
      inside = true;
    } else if (c == ')') {
      if (!inside) return false;
      inside = false;
    } else if (inside ? !(digit || c == ',' || c == ' ') : !(letter || digit || c == ' ')) {
      return false;
    }
  }
  return !inside && !text.empty();
}

// Takes `words` off the end of `text`, whatever the case and the spaces.
bool take_suffix(std::string& text, std::string_view first, std::string_view second) {
  auto take_word = [&](std::string& from, std::string_view word) {
    while (!from.empty() && from.back() == ' ') from.pop_back();
    if (from.size() <= word.size() || from[from.size() - word.size() - 1] != ' ') return false;
    for (std::size_t i = 0; i < word.size(); ++i) {
      char c = from[from.size() - word.size() + i];
      if ((c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c) != word[i]) return false;
    }
    from.resize(from.size() - word.size());
    return true;
  };
  std::string rest = text;
  if (!take_word(rest, second) || !take_word(rest, first)) return false;
  while (!rest.empty() && rest.back() == ' ') rest.pop_back();
  text = rest;
  return true;
}

void read_column(const std::string& name, const OrderedJson& json, const std::string& pointer, SqlText& sql) {
  const OrderedJson* given = &json;
  std::string type_pointer = pointer;
  bool not_null = false, primary_key = false;
  const OrderedJson *default_value = nullptr, *generated = nullptr, *identity = nullptr, *check = nullptr;
  if (json.is_object()) {
    check_fields(json, pointer, {"type", "not_null", "primary_key", "default", "generated", "identity", "check", "description"});
    given = field(json, "type");
    if (!given) fail(pointer, "column " + in_quotes(name) + " needs a \"type\"");
    type_pointer = child(pointer, "type");
    if (const OrderedJson* f = field(json, "not_null")) not_null = read_bool(*f, child(pointer, "not_null"));
    if (const OrderedJson* f = field(json, "primary_key")) primary_key = read_bool(*f, child(pointer, "primary_key"));
    default_value = field(json, "default");
    generated = field(json, "generated");
    identity = field(json, "identity");
    check = field(json, "check");
  }
  std::string type = read_string(*given, type_pointer, json.is_object() ? "a type" : "a type or an object");
  for (bool more = true; more;) {
    more = false;
    if (take_suffix(type, "NOT", "NULL")) more = not_null = true;
    if (take_suffix(type, "PRIMARY", "KEY")) more = primary_key = true;
  }
  if (!is_type(type)) fail(type_pointer, in_quotes(type) + " is no type", "", ErrorCode::kType);
  sql.add_name(name).add(" ").add_unchecked({type, type_pointer});
  if (not_null) sql.add("NOT NULL ");
  if (primary_key) sql.add("PRIMARY KEY ");
  if (default_value) {
    const std::string at = child(pointer, "default");
    if (default_value->is_structured()) fail_kind(at, "an SQL expression", *default_value);
    std::string text = default_value->is_string() ? read_string(*default_value, at, "an expression") : default_value->dump();
    sql.add("DEFAULT (").add({text, at}, Fragment::kExpression).add(") ");
  }
  if (generated) {
    const std::string at = child(pointer, "generated");
    sql.add("GENERATED ALWAYS AS (").add({read_string(*generated, at, "an expression"), at}, Fragment::kExpression).add(") STORED ");
  }
  if (identity) {
    const std::string at = child(pointer, "identity"), when = read_string(*identity, at, "\"always\" or \"by default\"");
    if (when != "always" && when != "by default") fail(at, "\"always\" or \"by default\" is expected");
    sql.add(when == "always" ? "GENERATED ALWAYS AS IDENTITY " : "GENERATED BY DEFAULT AS IDENTITY ");
  }
  if (check) {
    for (const Part& part : read_parts(*check, child(pointer, "check"), "a condition")) sql.add("CHECK (").add(part, Fragment::kExpression).add(") ");
  }
}

// " WITH (…)" of the options that are true, or nothing.
std::string relation_options(const OrderedJson& json, const std::string& pointer, std::initializer_list<const char*> names) {
  std::string out;
  for (const char* name : names) {
    const OrderedJson* given = field(json, name);
    if (given && read_bool(*given, child(pointer, name))) out += std::string(out.empty() ? " WITH (" : ", ") + name;
  }
  if (const OrderedJson* batches = field(json, "retention")) {
    const std::uint64_t number = batches->is_number_unsigned() ? batches->get<std::uint64_t>() : 0;
    if (number == 0 || number > INT32_MAX) fail_kind(child(pointer, "retention"), "a number of batches, 1 or more", *batches);
    if (out.find("feed") == std::string::npos) fail(child(pointer, "retention"), "retention is of a feed, and there is none");
    out += ", retention = " + std::to_string(number);
  }
  return out.empty() ? out : out + ")";
}

SqlText read_table(const std::string& name, const OrderedJson& json, const std::string& pointer) {
  check_fields(json, pointer, {"columns", "primary_key", "checks", "description", "audit", "feed", "retention"});
  const OrderedJson* columns = field(json, "columns");
  if (!columns) fail(pointer, "table " + in_quotes(name) + " needs \"columns\"");
  if (!columns->is_object()) fail_kind(child(pointer, "columns"), "an object of columns by name", *columns);
  if (columns->empty()) fail(child(pointer, "columns"), "table " + in_quotes(name) + " needs a column");
  SqlText sql;
  sql.add("CREATE TABLE ").add_name(name).add(" (");
  bool first = true;
  std::vector<std::string> names;
  for (const auto& [column, definition] : columns->items()) {
    const std::string at = child(child(pointer, "columns"), column);
    if (column.empty()) fail(at, "a column without a name");
    if (!first) sql.add(", ");
    first = false;
    names.push_back(column);
    read_column(column, definition, at, sql);
  }
  if (const OrderedJson* key = field(json, "primary_key")) {
    std::vector<Part> parts = read_parts(*key, child(pointer, "primary_key"), "a column");
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (std::find(names.begin(), names.end(), parts[i].text) == names.end()) {
        std::string near = nearest_name(parts[i].text, names);
        fail(parts[i].origin, "table " + in_quotes(name) + " has no column " + in_quotes(parts[i].text),
             near.empty() ? "" : "did you mean " + in_quotes(near) + "?", ErrorCode::kUnknownName);
      }
      sql.add(i ? ", " : ", PRIMARY KEY (").add_name(parts[i].text);
    }
    sql.add(")");
  }
  if (const OrderedJson* checks = field(json, "checks")) {
    for (const Part& part : read_parts(*checks, child(pointer, "checks"), "a condition")) {
      sql.add(", CHECK (").add(part, Fragment::kExpression).add(")");
    }
  }
  sql.add(")");
  const std::string options = relation_options(json, pointer, {"audit", "feed"});
  if (!options.empty()) sql.add(options);
  return sql;
}

// ---- views in the order of what they stand on

// Names of the relations that a query reads. `hidden`: names of CTEs in scope.
void collect_relations(const Json& node, std::vector<std::string> hidden, std::set<std::string>& out) {
  if (node.is_array()) {
    for (const Json& element : node) collect_relations(element, hidden, out);
    return;
  }
  if (!node.is_object()) return;
  if (auto range = node.find("RangeVar"); range != node.end() && range->contains("relname")) {
    std::string name = (*range)["relname"].get<std::string>();
    if (std::find(hidden.begin(), hidden.end(), name) == hidden.end()) out.insert(name);
    return;
  }
  auto with = node.find("withClause");
  if (with != node.end() && with->contains("ctes")) {
    const bool recursive = with->contains("recursive");
    for (const Json& element : (*with)["ctes"]) {
      const Json& cte = element["CommonTableExpr"];
      std::string name = cte["ctename"].get<std::string>();
      if (recursive) hidden.push_back(name);
      collect_relations(cte["ctequery"], hidden, out);
      if (!recursive) hidden.push_back(name);
    }
  }
  for (const auto& [key, value] : node.items()) {
    if (key != "withClause") collect_relations(value, hidden, out);
  }
}

std::set<std::string> relations_of(const std::string& statement) {
  std::set<std::string> out;
  const Json tree = parse_statement(statement);
  if (tree.is_object() && tree.contains("ViewStmt")) collect_relations(tree["ViewStmt"]["query"], {}, out);
  return out;
}

class ViewOrder {
 public:
  explicit ViewOrder(std::vector<Definition> views) : views_(std::move(views)), state_(views_.size(), State::kNew) {
    for (const Definition& view : views_) needs_.push_back(relations_of(view.statement));
  }
  void append_to(std::vector<Definition>& out) {
    for (std::size_t i = 0; i < views_.size(); ++i) visit(i, out);
  }

 private:
  enum class State { kNew, kOpen, kDone };

  void visit(std::size_t i, std::vector<Definition>& out) {
    if (state_[i] == State::kDone) return;
    path_.push_back(i);
    if (state_[i] == State::kOpen) fail_cycle(i);
    state_[i] = State::kOpen;
    for (std::size_t k = 0; k < views_.size(); ++k) {
      if (needs_[i].contains(views_[k].name)) visit(k, out);
    }
    state_[i] = State::kDone;
    path_.pop_back();
    out.push_back(views_[i]);
  }

  [[noreturn]] void fail_cycle(std::size_t i) {
    auto begin = std::find(path_.begin(), path_.end(), i);
    std::string names;
    for (auto at = begin; at != path_.end(); ++at) names += (names.empty() ? "" : " -> ") + views_[*at].name;
    fail(views_[i].pointer, "views stand on each other in a cycle: " + names, "", ErrorCode::kDependency);
  }

  std::vector<Definition> views_;
  std::vector<std::set<std::string>> needs_;
  std::vector<State> state_;
  std::vector<std::size_t> path_;
};

Definition define(bool is_view, const std::string& name, const std::string& pointer, const SqlText& sql) {
  return {is_view, name, pointer, sql.text(), sql.pieces()};
}

Definition read_view(const std::string& name, const OrderedJson& json, const std::string& pointer) {
  SqlText sql;
  const bool has_options = json.is_object() && (json.contains("lazy") || json.contains("feed") || json.contains("retention"));
  sql.add("CREATE VIEW ").add_name(name);
  if (has_options) sql.add(relation_options(json, pointer, {"lazy", "feed"}));
  sql.add(" AS ");
  if (json.is_object() && json.contains("sql")) {
    check_fields(json, pointer, {"sql", "lazy", "feed", "retention", "description"});
    sql.add(read_query_text(json["sql"], child(pointer, "sql")));
  } else if (json.is_object() && (json.contains("description") || has_options)) {
    OrderedJson query = json;
    if (json.contains("description")) (void)read_string(json["description"], child(pointer, "description"), "a text");
    query.erase("description");
    for (const char* option : {"lazy", "feed", "retention"}) query.erase(option);
    sql.add(read_query(query, pointer));
  } else {
    sql.add(read_query(json, pointer));
  }
  return define(true, name, pointer, sql);
}

Error place_in(Error error, const std::vector<Definition::Piece>& pieces, const std::string& text, const std::string& pointer) {
  error.place = pointer;
  error.line = error.column = 0;
  error.excerpt.clear();
  const std::size_t offset = error.offset < 0 ? text.size() + 1 : static_cast<std::size_t>(error.offset);
  error.offset = -1;
  const Definition::Piece* found = nullptr;
  for (const Definition::Piece& piece : pieces) {  // the innermost
    if (offset >= piece.begin && offset <= piece.end && (!found || piece.end - piece.begin <= found->end - found->begin)) found = &piece;
  }
  if (!found) return error;
  error.place = found->pointer;
  error.offset = static_cast<int>(offset - found->begin);
  locate(error, std::string_view(text).substr(found->begin, found->end - found->begin));
  return error;
}

Error place_in_pieces(Error error, const SqlText& sql, const std::string& pointer) {
  return place_in(std::move(error), sql.pieces(), sql.text(), pointer);
}

}  // namespace

namespace {

template <class T>
T read_word(const OrderedJson& json, const std::string& pointer, const std::vector<std::pair<std::string, T>>& words) {
  std::string all;
  for (const auto& [word, meaning] : words) {
    if (json.is_string() && json.get<std::string>() == word) return meaning;
    all += (all.empty() ? "" : ", ") + word;
  }
  if (!json.is_string()) fail_kind(pointer, "one of " + all, json);
  fail(pointer, "expected one of " + all + ", found " + in_quotes(json.get<std::string>()));
}

void read_options(const OrderedJson& json, const std::string& pointer, OpenOptions& out) {
  check_fields(json, pointer, {"description", "preset", "mode", "sync", "batch_submissions", "queue_rows", "queue_bytes", "cache_bytes"});
  if (const OrderedJson* preset = field(json, "preset")) {
    const std::vector<std::pair<std::string, Preset>> words = {{"balanced", Preset::kBalanced}, {"throughput", Preset::kThroughput}, {"latency", Preset::kLatency}};
    const OpenOptions set = OpenOptions::preset(read_word(*preset, child(pointer, "preset"), words));
    out.mode = set.mode;
    out.batch_submissions = set.batch_submissions;
    out.queue_rows = set.queue_rows;
    out.queue_bytes = set.queue_bytes;
    out.cache_bytes = set.cache_bytes;
  }
  if (const OrderedJson* mode = field(json, "mode")) {
    const std::vector<std::pair<std::string, Mode>> words = {{"full", Mode::kFull}, {"pipelined", Mode::kPipelined}, {"memory", Mode::kMemory}};
    out.mode = read_word(*mode, child(pointer, "mode"), words);
  }
  if (const OrderedJson* sync = field(json, "sync")) out.sync = read_bool(*sync, child(pointer, "sync"));
  const auto number = [&](const char* name, std::uint64_t max) -> std::uint64_t {
    const OrderedJson& found = *field(json, name);
    if (!found.is_number_unsigned() || found.get<std::uint64_t>() < 1 || found.get<std::uint64_t>() > max) {
      fail(child(pointer, name), "expected a whole number from 1 to " + std::to_string(max));
    }
    return found.get<std::uint64_t>();
  };
  constexpr std::uint64_t kMax = std::uint64_t{1} << 40;
  if (field(json, "batch_submissions")) out.batch_submissions = number("batch_submissions", 65'536);
  if (field(json, "queue_rows")) out.queue_rows = number("queue_rows", kMax);
  if (field(json, "queue_bytes")) out.queue_bytes = number("queue_bytes", kMax);
  if (field(json, "cache_bytes")) out.cache_bytes = number("cache_bytes", kMax);
}

}  // namespace

namespace {

std::int64_t read_number(const OrderedJson& json, const std::string& pointer, std::int64_t least, std::int64_t most) {
  if (!json.is_number_integer()) fail_kind(pointer, "an integer", json);
  const bool fits = json.is_number_unsigned() ? json.get<std::uint64_t>() <= static_cast<std::uint64_t>(most) : true;
  if (!fits || json.get<std::int64_t>() < least) fail(pointer, "expected an integer of " + std::to_string(least) + " to " + std::to_string(most));
  return json.get<std::int64_t>();
}

constexpr std::int64_t kUnitsMax = std::int64_t{1} << 60, kMillisecondsMax = std::int64_t{1} << 40;
constexpr std::array<std::pair<std::string_view, TypeId>, 4> kGateKeyTypes{
    {{"SMALLINT", TypeId::kSmallint}, {"INTEGER", TypeId::kInteger}, {"BIGINT", TypeId::kBigint}, {"TEXT", TypeId::kText}}};

GateOptions read_gate(const OrderedJson& json, const std::string& pointer) {
  check_fields(json, pointer, {"description", "budget", "column", "units", "key", "window", "max_exposure", "refresh_ms", "stripes"});
  const auto at = [&](const char* name) { return child(pointer, name); };
  GateOptions out;
  const OrderedJson *budget = field(json, "budget"), *units = field(json, "units"), *key = field(json, "key");
  if (!budget == !units) fail(pointer, "a gate needs a \"budget\", a table or a view, or the \"units\" that each key has");
  if (!units != !key) fail(pointer, "\"units\" and \"key\" go together");
  if (budget) out.budget = read_string(*budget, at("budget"), "the name of a table or view");
  if (units) {
    out.units = read_number(*units, at("units"), 0, kUnitsMax);
    if (!key->is_object() || key->empty()) fail_kind(at("key"), "an object of column types by name", *key);
    for (const auto& [column, type] : key->items()) {
      const std::string text = read_string(type, child(at("key"), column), "a type");
      const auto known = std::find_if(kGateKeyTypes.begin(), kGateKeyTypes.end(), [&](const auto& one) { return one.first == text; });
      if (known == kGateKeyTypes.end()) fail(child(at("key"), column), "the key of a gate can't have a column of type " + in_quotes(text), "SMALLINT, INTEGER, BIGINT, TEXT");
      out.key.emplace_back(column, known->second);
    }
  }
  if (const OrderedJson* column = field(json, "column")) out.column = read_string(*column, at("column"), "the name of a column");
  if (const OrderedJson* exposure = field(json, "max_exposure")) out.max_exposure = read_number(*exposure, at("max_exposure"), 0, kUnitsMax);
  if (const OrderedJson* time = field(json, "refresh_ms")) out.refresh = std::chrono::milliseconds(read_number(*time, at("refresh_ms"), 1, kMillisecondsMax));
  if (const OrderedJson* count = field(json, "stripes")) out.stripes = static_cast<unsigned>(read_number(*count, at("stripes"), 0, 16));
  if (const OrderedJson* window = field(json, "window")) {
    check_fields(*window, at("window"), {"kind", "period_ms", "period_us"});
    const OrderedJson *kind = field(*window, "kind"), *period = field(*window, "period_ms"), *exact = field(*window, "period_us");
    if (!kind || !period == !exact) fail(at("window"), "a window needs a \"kind\" and a \"period_ms\" or \"period_us\"");
    const std::string name = read_string(*kind, child(at("window"), "kind"), "a kind of window");
    if (name == "fixed") out.window.kind = GateWindow::Kind::kFixed;
    else if (name == "sliding") out.window.kind = GateWindow::Kind::kSliding;
    else if (name == "token_bucket") out.window.kind = GateWindow::Kind::kTokenBucket;
    else fail(child(at("window"), "kind"), "there is no window of kind " + in_quotes(name), "fixed, sliding, token_bucket");
    if (period) out.window.period = std::chrono::milliseconds(read_number(*period, child(at("window"), "period_ms"), 1, kMillisecondsMax));
    else out.window.period = std::chrono::microseconds(read_number(*exact, child(at("window"), "period_us"), 1000, 1000 * kMillisecondsMax));
  }
  return out;
}

std::vector<GateDefinition> read_gates(const OrderedJson& document) {
  std::vector<GateDefinition> out;
  const OrderedJson* given = field(document, "gates");
  if (!given) return out;
  if (!given->is_object()) fail_kind("/gates", "an object of gates by name", *given);
  for (const auto& [name, json] : given->items()) {
    const std::string at = child("/gates", name);
    if (name.empty()) fail(at, "a gate without a name");
    out.push_back({name, at, read_gate(json, at)});
  }
  return out;
}

}  // namespace

std::vector<GateDefinition> gates_in(std::string_view text) {
  const OrderedJson document = parse_document(text);
  if (!document.is_object()) fail_kind("", "an object", document);
  return read_gates(document);
}

std::string gates_document(const std::map<std::string, GateOptions, std::less<>>& gates) {
  OrderedJson all = OrderedJson::object();
  for (const auto& [name, options] : gates) {
    OrderedJson gate = OrderedJson::object();
    if (options.units) {
      gate["units"] = *options.units;
      for (const auto& [column, type] : options.key) {
        gate["key"][column] = std::find_if(kGateKeyTypes.begin(), kGateKeyTypes.end(), [id = type](const auto& one) { return one.second == id; })->first;
      }
    } else {
      gate["budget"] = options.budget;
      if (!options.column.empty()) gate["column"] = options.column;
    }
    gate["max_exposure"] = std::min(options.max_exposure, kUnitsMax);
    gate["refresh_ms"] = std::min<std::int64_t>(options.refresh.count(), kMillisecondsMax);
    if (options.stripes) gate["stripes"] = options.stripes;
    if (options.window.kind != GateWindow::Kind::kNone) {
      const bool fixed = options.window.kind == GateWindow::Kind::kFixed, sliding = options.window.kind == GateWindow::Kind::kSliding;
      gate["window"] = {{"kind", fixed ? "fixed" : sliding ? "sliding" : "token_bucket"}, {"period_us", std::min<std::int64_t>(options.window.period.count(), 1000 * kMillisecondsMax)}};
    }
    all[name] = std::move(gate);
  }
  return OrderedJson{{"gates", std::move(all)}}.dump();
}

void options_in(std::string_view text, OpenOptions& options) {
  const OrderedJson document = parse_document(text);
  if (!document.is_object()) fail_kind("", "an object", document);
  if (const OrderedJson* given = field(document, "options")) read_options(*given, "/options", options);
}

std::vector<Definition> read_definitions(std::string_view text) {
  const OrderedJson document = parse_document(text);
  check_fields(document, "", {"$schema", "description", "options", "tables", "views", "gates"});
  OpenOptions checked;
  (void)read_gates(document);
  if (const OrderedJson* given = field(document, "options")) read_options(*given, "/options", checked);
  std::vector<Definition> out, views;
  std::set<std::string> names;
  if (const OrderedJson* tables = field(document, "tables")) {
    if (!tables->is_object()) fail_kind("/tables", "an object of tables by name", *tables);
    for (const auto& [name, json] : tables->items()) {
      const std::string at = child("/tables", name);
      if (name.empty()) fail(at, "a table without a name");
      out.push_back(define(false, name, at, read_table(name, json, at)));
      names.insert(name);
    }
  }
  if (const OrderedJson* given = field(document, "views")) {
    if (!given->is_object()) fail_kind("/views", "an object of views by name", *given);
    for (const auto& [name, json] : given->items()) {
      const std::string at = child("/views", name);
      if (name.empty()) fail(at, "a view without a name");
      if (!names.insert(name).second) fail(at, "there is a table " + in_quotes(name) + " too", "", ErrorCode::kDuplicateName);
      views.push_back(read_view(name, json, at));
    }
  }
  ViewOrder(std::move(views)).append_to(out);
  return out;
}

Error place_in_document(Error error, const Definition& definition) {
  return place_in(std::move(error), definition.pieces, definition.statement, definition.pointer);
}

// ---- rows

namespace {

class RowHandler {
 public:
  JsonRow row;

  bool null() { return value(Value(nullptr)); }
  bool boolean(bool b) { return value(Value(b)); }
  bool number_integer(std::int64_t i) { return value(Value(std::to_string(i))); }
  bool number_unsigned(std::uint64_t u) { return value(Value(std::to_string(u))); }
  bool number_float(double, const std::string& text) { return value(Value(text)); }
  bool string(std::string& text) {
    if (text.find('\0') != std::string::npos) refuse("column " + in_quotes(key_) + ": a text with a NUL character");
    return value(Value(std::move(text)));
  }
  bool binary(OrderedJson::binary_t&) { return true; }
  bool key(std::string& name) {
    key_ = std::move(name);
    return true;
  }
  bool start_object(std::size_t) {
    if (++depth_ == 1) return true;
    if (depth_ == 2 && row.fields.empty() && !operation_seen_) {
      operation_seen_ = true;
      if (key_ == "insert") row.operation = JsonRow::Operation::kInsert;
      else if (key_ == "delete") row.operation = JsonRow::Operation::kDelete;
      else if (key_ == "update") row.operation = JsonRow::Operation::kUpdate;
      else refuse("column " + in_quotes(key_) + ": an object is no value of a column");
      return true;
    }
    if (operation_seen_ && depth_ == 2) refuse("one line holds one insert, delete or update");
    refuse("column " + in_quotes(key_) + ": an object is no value of a column");
  }
  bool end_object() {
    --depth_;
    return true;
  }
  bool start_array(std::size_t) {
    if (depth_ == 0) refuse("an array is no row: expected an object");
    refuse("column " + in_quotes(key_) + ": an array is no value of a column");
  }
  bool end_array() { return true; }
  bool parse_error(std::size_t byte, const std::string&, const OrderedJson::exception& error) {
    refuse(message_of(error) + " (byte " + std::to_string(byte) + " of the line)");
  }

 private:
  [[noreturn]] static void refuse(std::string message) { throw Failure(ErrorCode::kInput, std::move(message)); }

  bool value(Value v) {
    if (depth_ == 0) refuse("expected an object, a row");
    if (depth_ == 1 && operation_seen_) refuse("one line holds one insert, delete or update");
    for (const auto& [name, other] : row.fields) {
      if (name == key_) refuse("column " + in_quotes(key_) + " is given twice");
    }
    row.fields.emplace_back(key_, std::move(v));
    return true;
  }

  int depth_ = 0;
  bool operation_seen_ = false;
  std::string key_;
};

}  // namespace

JsonRow read_json_row(std::string_view line) {
  RowHandler handler;
  OrderedJson::sax_parse(line.begin(), line.end(), &handler);
  return std::move(handler.row);
}

std::string json_quote(std::string_view text) { return OrderedJson(text).dump(-1, ' ', false, OrderedJson::error_handler_t::replace); }

std::string definitions_schema() {
  return R"json({
  "$schema": "http://json-schema.org/draft-07/schema#",
  "title": "weir definitions",
  "description": "Tables, and views that are kept live over them.",
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "$schema": {"type": "string"},
    "description": {"type": "string"},
    "options": {
      "description": "How the database is opened: weir run takes them from here, a program with weir::read_options.",
      "type": "object",
      "additionalProperties": false,
      "properties": {
        "description": {"type": "string"},
        "preset": {"enum": ["balanced", "throughput", "latency"]},
        "mode": {"enum": ["full", "pipelined", "memory"]},
        "sync": {"type": "boolean"},
        "batch_submissions": {"type": "integer", "minimum": 1, "maximum": 65536},
        "queue_rows": {"type": "integer", "minimum": 1},
        "queue_bytes": {"type": "integer", "minimum": 1},
        "cache_bytes": {"type": "integer", "minimum": 1}
      }
    },
    "tables": {"type": "object", "additionalProperties": {"$ref": "#/definitions/table"}},
    "views": {"type": "object", "additionalProperties": {"$ref": "#/definitions/view"}},
    "gates": {"type": "object", "additionalProperties": {"$ref": "#/definitions/gate"}}
  },
  "definitions": {
    "text": {"type": "string", "minLength": 1},
    "texts": {
      "description": "One, or several.",
      "anyOf": [{"$ref": "#/definitions/text"}, {"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/text"}}]
    },
    "table": {
      "type": "object",
      "additionalProperties": false,
      "required": ["columns"],
      "properties": {
        "description": {"type": "string"},
        "columns": {"type": "object", "minProperties": 1, "additionalProperties": {"$ref": "#/definitions/column"}},
        "primary_key": {"$ref": "#/definitions/texts"},
        "checks": {"description": "SQL conditions that every row has to fulfil.", "$ref": "#/definitions/texts"},
        "audit": {"description": "The change of each batch is kept in the file for ever.", "type": "boolean"},
        "feed": {"$ref": "#/definitions/feed"},
        "retention": {"$ref": "#/definitions/retention"}
      }
    },
    "column": {
      "anyOf": [
        {"description": "An SQL type; NOT NULL and PRIMARY KEY may follow.", "$ref": "#/definitions/text"},
        {
          "type": "object",
          "additionalProperties": false,
          "required": ["type"],
          "properties": {
            "description": {"type": "string"},
            "type": {"$ref": "#/definitions/text"},
            "not_null": {"type": "boolean"},
            "primary_key": {"type": "boolean"},
            "default": {"description": "An SQL expression.", "type": ["string", "number", "boolean", "null"]},
            "generated": {"description": "An SQL expression over the other columns, which the column always has as its value.", "$ref": "#/definitions/text"},
            "identity": {"description": "Numbers of a sequence: always, or where no value is given.", "enum": ["always", "by default"]},
            "check": {"$ref": "#/definitions/texts"}
          }
        }
      ]
    },
    "view": {
      "anyOf": [
        {"description": "SQL text: one string, or its lines.", "$ref": "#/definitions/texts"},
        {
          "type": "object",
          "additionalProperties": false,
          "required": ["sql"],
          "properties": {
            "sql": {"$ref": "#/definitions/texts"},
            "lazy": {"$ref": "#/definitions/lazy"},
            "feed": {"$ref": "#/definitions/feed"},
            "retention": {"$ref": "#/definitions/retention"},
            "description": {"type": "string"}
          }
        },
        {"$ref": "#/definitions/structured_query"}
      ]
    },
    "lazy": {"description": "Of a view: no rows are kept while nobody listens.", "type": "boolean"},
    "feed": {"description": "The change of each batch is kept in the file, for `retention` batches.", "type": "boolean"},
    "retention": {"description": "Of a feed: batches. Default: 100000.", "type": "integer", "minimum": 1, "maximum": 2147483647},
    "gate": {
      "description": "Admits work against a budget. Opened when the tables and views are there; usage is in the table <gate>_usage. The file keeps it.",
      "type": "object",
      "additionalProperties": false,
      "anyOf": [{"required": ["budget"]}, {"required": ["units", "key"]}],
      "properties": {
        "description": {"type": "string"},
        "budget": {"description": "A table with a primary key, or a view with a key.", "$ref": "#/definitions/text"},
        "units": {"description": "Instead: what each key has.", "type": "integer", "minimum": 0},
        "key": {"description": "With units: the columns of the key.", "type": "object", "minProperties": 1, "additionalProperties": {"enum": ["SMALLINT", "INTEGER", "BIGINT", "TEXT"]}},
        "column": {"description": "Of the amount. Default: the only integer beside the key.", "$ref": "#/definitions/text"},
        "max_exposure": {"description": "Units that a crash may forfeit. 0: each admission is in the file first.", "type": "integer", "minimum": 0},
        "refresh_ms": {"type": "integer", "minimum": 1},
        "stripes": {"type": "integer", "minimum": 0, "maximum": 16},
        "window": {
          "type": "object",
          "additionalProperties": false,
          "required": ["kind"],
          "anyOf": [{"required": ["period_ms"]}, {"required": ["period_us"]}],
          "properties": {
            "kind": {"enum": ["fixed", "sliding", "token_bucket"]},
            "period_ms": {"type": "integer", "minimum": 1},
            "period_us": {"description": "Instead of period_ms.", "type": "integer", "minimum": 1000}
          }
        }
      }
    },
    "query": {"anyOf": [{"$ref": "#/definitions/texts"}, {"$ref": "#/definitions/structured_query"}]},
    "structured_query": {
      "type": "object",
      "additionalProperties": false,
      "anyOf": [{"required": ["from"]}, {"required": ["select"]}],
      "properties": {
        "description": {"description": "Of a view.", "type": "string"},
        "lazy": {"$ref": "#/definitions/lazy"},
        "feed": {"$ref": "#/definitions/feed"},
        "retention": {"$ref": "#/definitions/retention"},
        "with": {"type": "object", "additionalProperties": {"$ref": "#/definitions/query"}},
        "from": {"anyOf": [{"$ref": "#/definitions/text"}, {"$ref": "#/definitions/source"}]},
        "join": {"anyOf": [{"$ref": "#/definitions/join"}, {"type": "array", "items": {"$ref": "#/definitions/join"}}]},
        "where": {"description": "Several are ANDed.", "$ref": "#/definitions/texts"},
        "group_by": {"$ref": "#/definitions/texts"},
        "having": {"$ref": "#/definitions/texts"},
        "select": {
          "anyOf": [{"$ref": "#/definitions/item"}, {"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/item"}}]
        },
        "distinct": {"type": "boolean"},
        "union_all": {"anyOf": [{"$ref": "#/definitions/query"}, {"type": "array", "items": {"$ref": "#/definitions/query"}}]},
        "order_by": {"$ref": "#/definitions/texts"},
        "limit": {"type": "integer", "minimum": 0},
        "offset": {"type": "integer", "minimum": 0}
      }
    },
    "item": {
      "anyOf": [
        {"$ref": "#/definitions/text"},
        {"description": "{\"expression\": \"name\"}", "type": "object", "minProperties": 1, "additionalProperties": {"$ref": "#/definitions/text"}}
      ]
    },
    "source": {
      "type": "object",
      "additionalProperties": false,
      "properties": {
        "table": {"$ref": "#/definitions/text"},
        "query": {"$ref": "#/definitions/query"},
        "as": {"$ref": "#/definitions/text"}
      }
    },
    "join": {
      "type": "object",
      "additionalProperties": false,
      "properties": {
        "type": {"enum": ["inner", "left", "right", "full", "cross"]},
        "table": {"$ref": "#/definitions/text"},
        "query": {"$ref": "#/definitions/query"},
        "as": {"$ref": "#/definitions/text"},
        "on": {"$ref": "#/definitions/texts"},
        "using": {"$ref": "#/definitions/texts"}
      }
    }
  }
}
)json";
}

}  // namespace weir
