// WITH (…) of tables and views, and ALTER … SET (…), RESET (…): lazy views, change logs.

#include <algorithm>
#include <charconv>

#include "sql/binder.h"

namespace weir {
namespace {

constexpr std::uint64_t kFeedBatches = 100'000;

struct LogOptions {
  bool feed = false, audit = false;
  std::uint64_t retention = kFeedBatches;
  int retention_at = -1;  // where it is said

  // True: it was one of these.
  bool take(const std::string& name, const Json& option, bool is_view) {
    const OptionValue value = value_of_option(option);
    if (name == "feed") {
      feed = value.truth;
    } else if (name == "audit" && !is_view) {
      audit = value.truth;
    } else if (name == "retention") {
      retention_at = location(option);
      const char* const end = value.value.data() + value.value.size();
      if (std::from_chars(value.value.data(), end, retention) != std::from_chars_result{end, std::errc()} || retention == 0 ||
          retention > INT32_MAX) {
        throw Failure(ErrorCode::kSyntax, "retention is a number of batches, 1 or more", retention_at);
      }
    } else {
      return false;
    }
    return true;
  }

  std::optional<Relation::Log> log() const {
    if (retention_at >= 0 && !feed) throw Failure(ErrorCode::kSyntax, "retention is of a feed: WITH (feed, retention = …)", retention_at);
    if (audit && feed) throw Failure(ErrorCode::kSyntax, "an audit keeps all that a feed does: WITH (audit) alone", -1);
    if (audit) return Relation::Log{0};
    if (feed) return Relation::Log{retention};
    return std::nullopt;
  }
};

std::string kind(bool is_view) { return is_view ? "a view" : "a table"; }

}  // namespace

OptionValue value_of_option(const Json& option) {
  OptionValue out;
  const Json* arg = find(option, "arg");
  if (!arg) return out;
  const auto [type, inner] = open(*arg);
  if (type == "Integer") {
    const std::int64_t number = inner->value("ival", std::int64_t{0});
    out.bare = out.value = std::to_string(number);
    out.truth = number != 0;
    return out;
  }
  out.bare = out.value = string_of(*arg);
  for (char& c : out.value) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  if (type == "Boolean")
    out.truth = flag(*inner, "boolval");
  else
    out.truth = out.value != "false" && out.value != "off" && out.value != "0";
  return out;
}

RelationOptions relation_options(const Json& body, bool is_view) {
  RelationOptions out;
  LogOptions log;
  if (const Json* options = find(body, "options")) {
    for (const Json& item : *options) {
      const Json& option = *open(item).second;
      const std::string name = text_field(option, "defname");
      if (option.contains("defnamespace"))
        unsupported(kind(is_view) + " WITH (" + text_field(option, "defnamespace") + "." + name + ")", location(option));
      if (name == "lazy" && is_view)
        out.lazy = value_of_option(option).truth;
      else if (!log.take(name, option, is_view))
        unsupported(kind(is_view) + " WITH (" + name + ")", location(option));
    }
  }
  out.log = log.log();
  if (out.log && out.lazy)
    throw Failure(ErrorCode::kSyntax, "a lazy view has no changes to keep: WITH (lazy) and WITH (feed) exclude each other", -1);
  return out;
}

// ALTER TABLE … SET (…), ALTER VIEW … RESET (…).
Statement Binder::alter_options(const Json& body) {
  only(body, "ALTER", {"relation", "cmds", "objtype", "missing_ok"});
  const Json& range = at(body, "relation");
  Statement out;
  out.names = {relation_name(range)};
  if (flag(body, "missing_ok") && !catalog_.find_relation(out.names[0])) return out;
  const Relation& relation = relation_of(range);
  const bool is_view = relation.is_view;
  if ((text_field(body, "objtype") == "OBJECT_TABLE") == is_view) {
    throw Failure(ErrorCode::kUnknownName, "\"" + relation.name + "\" is not " + kind(!is_view), location(range));
  }
  out.kind = Statement::Kind::kAlterLog;
  LogOptions log;
  if (relation.log) {
    log.audit = relation.log->batches == 0;
    log.feed = !log.audit;
    if (log.feed) log.retention = relation.log->batches;
  }
  for (const Json& item : at(body, "cmds")) {
    const Json& command = *open(item).second;
    const std::string type = text_field(command, "subtype");
    only(command, "ALTER", {"subtype", "def", "behavior"});
    if (type != "AT_SetRelOptions" && type != "AT_ResetRelOptions") unsupported("SET (…) beside other changes", location(range));
    for (const Json& element : at(*open(at(command, "def")).second, "items")) {
      const Json& option = *open(element).second;
      const std::string name = text_field(option, "defname");
      const bool was_feed = log.feed, was_audit = log.audit;
      if (option.contains("defnamespace") || !(name == "feed" || name == "retention" || (name == "audit" && !is_view))) {
        unsupported("ALTER of " + kind(is_view) + " SET (" + name + ")", location(option));
      }
      if (type == "AT_SetRelOptions") {
        log.take(name, option, is_view);
        // One takes the place of the other.
        if (log.feed && !was_feed) log.audit = false;
        if (log.audit && !was_audit) log.feed = false;
      } else if (name == "feed") {
        log.feed = false;
      } else if (name == "audit") {
        log.audit = false;
      } else {
        log.retention = kFeedBatches;
      }
    }
  }
  out.log = log.log();
  if (out.log && relation.lazy) throw Failure(ErrorCode::kUnsupported, "a lazy view has no changes to keep", location(range));
  if (out.log && !relation.parameters.empty())
    throw Failure(ErrorCode::kUnsupported, "a view with parameters has no changes to keep", location(range));
  return out;
}

}  // namespace weir
