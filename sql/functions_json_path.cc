// jsonb_path_exists, jsonb_path_query and the others, @? and @@.
//
// Nulls    what a path's error gives where errors are silent, and a match that is neither true nor false.

#include "sql/json_path.h"
#include "sql/kernels.h"
#include "zset/array.h"
#include "zset/json.h"

namespace weir {
namespace {

using View = std::string_view;

// put(what the path finds in the value, the path, are errors silent?) for each row.
template <class R, class F>
Column each_result(std::span<const Column> args, bool silent, const Chunk& rows, Arena& arena, F&& put, bool whether = false) {
  std::optional<JsonPath> path;
  std::string text;  // of it: most often the same for all rows
  return fill<R>(rows, arena, [&](std::uint32_t i) -> R {
    const View wanted = args[1].bytes()[i].view();
    if (!path || wanted != text) {
      text = wanted;
      try {
        path.emplace(wanted);
      } catch (const Failure& failure) {
        fail(failure.error().message);
      }
    }
    const View variables = args.size() > 2 ? args[2].bytes()[i].view() : View("{}");
    if (json_type(variables) != JsonType::kObject) fail("\"vars\" argument is not an object");
    const bool quiet = silent || (args.size() > 3 && args[3].bools()[i] != 0);
    return put(path->query(args[0].bytes()[i].view(), variables, whether), *path, quiet);
  });
}

template <bool Silent>
Column exists(const Function&, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  using R = std::optional<bool>;
  return each_result<R>(args, Silent, rows, arena, [](const JsonPath::Result& found, const JsonPath& path, bool silent) -> R {
    if (!found.error.empty() && (path.strict() || found.items.empty())) {
      if (!silent) fail(found.error);
      return std::nullopt;
    }
    return !found.items.empty();
  }, true);
}

template <bool Silent>
Column match(const Function&, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  using R = std::optional<bool>;
  return each_result<R>(args, Silent, rows, arena, [](const JsonPath::Result& found, const JsonPath&, bool silent) -> R {
    if (!found.error.empty() && !silent) fail(found.error);
    if (found.error.empty() && found.items.size() == 1) {
      if (json_type(found.items[0]) == JsonType::kBoolean) return found.items[0] == "true";
      if (json_type(found.items[0]) == JsonType::kNull) return std::nullopt;
    }
    if (!silent) fail("single boolean result is expected");
    return std::nullopt;
  });
}

void check(const JsonPath::Result& found, bool silent) {
  if (!found.error.empty() && !silent) fail(found.error);
}

Column query(const Function&, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  return each_result<Bytes>(args, false, rows, arena, [&](const JsonPath::Result& found, const JsonPath&, bool silent) {
    check(found, silent);
    ArrayBuilder out(KeyKind::kJson);
    for (const std::string& item : found.items) out.add(Datum::of(Bytes(View(item))));
    return out.take(arena);
  });
}

Column query_array(const Function&, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  return each_result<std::string>(args, false, rows, arena, [](const JsonPath::Result& found, const JsonPath&, bool silent) {
    check(found, silent);
    std::string out = "[";
    for (const std::string& item : found.items) {
      if (out.size() > 1) out += ", ";
      out += item;
    }
    return out + ']';
  });
}

Column query_first(const Function&, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  using R = std::optional<std::string>;
  return each_result<R>(args, false, rows, arena, [](const JsonPath::Result& found, const JsonPath&, bool silent) {
    check(found, silent);
    return found.items.empty() ? R() : R(found.items[0]);
  });
}

}  // namespace

void add_json_paths(Kernels& k) {
  k.add("@? jsonb jsonpath", exists<true>);
  k.add("@@ jsonb jsonpath", match<true>);
  for (const std::string args : {" jsonb jsonpath", " jsonb jsonpath jsonb", " jsonb jsonpath jsonb bool"}) {
    k.add("jsonb_path_exists" + args, exists<false>);
    k.add("jsonb_path_match" + args, match<false>);
    k.add("jsonb_path_query" + args, query);
    k.add("jsonb_path_query_array" + args, query_array);
    k.add("jsonb_path_query_first" + args, query_first);
  }
}

void check_json_path(const Expr& path) {
  if (path.node != Expr::Node::kConstant || path.constant.get().null) return;
  try {
    const JsonPath parsed(path.constant.get().bytes.view());
  } catch (Failure& failure) {
    failure.error().offset = path.offset;
    throw;
  }
}

}  // namespace weir
