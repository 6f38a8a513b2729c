// JSON and JSONB: their parts, tests and changes, values to JSON and JSON to values. Parts of the values are found by reading the text up to them.
//
// Nulls    a JSON null is a value; ->> and its like give it as NULL.
// Errors   functions over JSON that resolve escapes fail for a text where one of them cannot be resolved, wherever it stands, as PostgreSQL's do.

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "sql/kernels.h"
#include "zset/array.h"
#include "zset/json.h"
#include "zset/text_form.h"

namespace weir {
namespace {

using Int = std::int64_t;
using View = std::string_view;
using MaybeView = std::optional<View>;
using MaybeText = std::optional<std::string>;
using Path = std::vector<MaybeText>;  // NULLs are none

template <bool Binary>
inline constexpr TypeId kTypeOf = Binary ? TypeId::kJsonb : TypeId::kJson;

bool is_json(TypeId type) { return type == TypeId::kJson || type == TypeId::kJsonb; }

std::string normalised(View json) {
  try {
    return normalised_json(json);
  } catch (const Failure& failure) {
    fail(failure.error().message);
  }
}

// A value whose strings can all be read: those of a JSONB can.
template <bool Binary>
View readable(View value) {
  if constexpr (Binary) return value;
  try {
    check_json(value, true);
  } catch (const Failure& failure) {
    fail(failure.error().message);
  }
  return json_trimmed(value);
}

Path path_of(View texts) {
  const ArrayView array(texts);
  Path path;
  for (std::uint32_t i = 0; i < array.size(); ++i) {
    const Datum d = array[i];
    path.push_back(d.null ? MaybeText() : MaybeText(d.bytes.view()));
  }
  return path;
}

// As C's strtol reads all of it.
std::optional<Int> integer_of(const std::string& text) {
  char* end = nullptr;
  errno = 0;
  const long n = std::strtol(text.c_str(), &end, 10);
  if (text.empty() || end == text.c_str() || *end != '\0' || errno != 0 || n != static_cast<std::int32_t>(n)) return std::nullopt;
  return n;
}

bool same_text(View string, View text) {
  return string.find('\\') == View::npos ? string.substr(1, string.size() - 2) == text : json_text(string) == text;
}

Int count(View container) {
  Int n = 0;
  for (JsonMembers m(container); m.next();) ++n;
  return n;
}

// --- parts

MaybeView member(View value, View key) {
  MaybeView found;
  if (json_type(value) != JsonType::kObject) return found;
  for (JsonMembers m(value); m.next();) {
    if (same_text(m.key(), key)) found = m.value();  // of equal keys the last
  }
  return found;
}

MaybeView element(View value, Int n) {
  if (json_type(value) != JsonType::kArray) return std::nullopt;
  if (n < 0) n += count(value);
  if (n < 0) return std::nullopt;
  JsonMembers m(value);
  while (m.next()) {
    if (n-- == 0) return m.value();
  }
  return std::nullopt;
}

// A JSONB that is no container is at the one place of an array of itself.
template <bool Binary>
MaybeView element_of_any(View value, Int n) {
  if (Binary && json_type(value) < JsonType::kArray) return n == 0 || n == -1 ? MaybeView(value) : std::nullopt;
  return element(readable<Binary>(value), n);
}

MaybeView at_path(View value, const Path& path) {
  MaybeView at = value;
  for (const MaybeText& step : path) {
    if (!step) return std::nullopt;
    if (json_type(*at) == JsonType::kArray) {
      const std::optional<Int> n = integer_of(*step);
      at = n ? element(*at, *n) : std::nullopt;
    } else {
      at = member(*at, *step);
    }
    if (!at) return at;
  }
  return at;
}

MaybeText text_of(const MaybeView& value) {
  if (!value || json_type(*value) == JsonType::kNull) return std::nullopt;
  return json_type(*value) == JsonType::kString ? json_text(*value) : std::string(*value);
}

template <bool Binary, bool Text>
Column extract(const Function&, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  return fill<MaybeText>(rows, arena, [&](std::uint32_t i) -> MaybeText {
    Path path;
    for (const Column& c : args.subspan(1)) path.emplace_back(c.bytes()[i].view());
    const MaybeView found = at_path(readable<Binary>(args[0].bytes()[i].view()), path);
    if (Text) return text_of(found);
    return found ? MaybeText(*found) : MaybeText();
  });
}

template <bool Binary>
void add_parts(Kernels& k) {
  const std::string type = Binary ? "jsonb" : "json", one = type + "_object_field", nth = type + "_array_element", deep = type + "_extract_path";
  const Kernel field = pointwise<[](View v, View key) { return member(readable<Binary>(v), key); }>;
  const Kernel field_text = pointwise<[](View v, View key) { return text_of(member(readable<Binary>(v), key)); }>;
  const Kernel item = pointwise<[](View v, Int n) { return element_of_any<Binary>(v, n); }>;
  const Kernel item_text = pointwise<[](View v, Int n) { return text_of(element_of_any<Binary>(v, n)); }>;
  for (const std::string& name : {std::string("->"), one}) k.add(name + ' ' + type + " text", field);
  for (const std::string& name : {std::string("->>"), one + "_text"}) k.add(name + ' ' + type + " text", field_text);
  for (const std::string& name : {std::string("->"), nth}) k.add(name + ' ' + type + " int4", item);
  for (const std::string& name : {std::string("->>"), nth + "_text"}) k.add(name + ' ' + type + " int4", item_text);
  k.add("#> " + type + " _text", pointwise<[](View v, View path) { return at_path(readable<Binary>(v), path_of(path)); }>);
  k.add("#>> " + type + " _text", pointwise<[](View v, View path) { return text_of(at_path(readable<Binary>(v), path_of(path))); }>);
  k.add(deep + ' ' + type + " text", extract<Binary, false>);
  k.add(deep + "_text " + type + " text", extract<Binary, true>);
  k.add(type + "_typeof " + type, pointwise<[](View v) -> View {
          switch (json_type(v)) {
            case JsonType::kNull: return "null";
            case JsonType::kString: return "string";
            case JsonType::kNumber: return "number";
            case JsonType::kBoolean: return "boolean";
            case JsonType::kArray: return "array";
            case JsonType::kObject: break;
          }
          return "object";
        }>);
  k.add(type + "_array_length " + type, pointwise<[](View v) -> Int {
          if (json_type(v) == JsonType::kObject) fail("cannot get array length of a non-array");
          if (json_type(v) != JsonType::kArray) fail("cannot get array length of a scalar");
          return count(v);
        }>);
}

// --- tests

bool is_scalar(View v) { return json_type(v) < JsonType::kArray; }
bool same(View a, View b) { return a == b || jsonb_compare(Bytes(a), Bytes(b)) == 0; }

bool contains(View value, View part, bool top) {
  const JsonType type = json_type(part);
  if (type == JsonType::kObject) {
    if (json_type(value) != type) return false;
    for (JsonMembers m(part); m.next();) {
      const MaybeView found = member(value, json_text(m.key()));
      if (!found || !contains(*found, m.value(), false)) return false;
    }
    return true;
  }
  if (type != JsonType::kArray) {
    if (!top || json_type(value) != JsonType::kArray) return is_scalar(value) && same(value, part);
    for (JsonMembers m(value); m.next();) {  // an array contains what stands in it
      if (is_scalar(m.value()) && same(m.value(), part)) return true;
    }
    return false;
  }
  if (json_type(value) != type) return false;
  for (JsonMembers wanted(part); wanted.next();) {
    bool found = false;
    for (JsonMembers m(value); m.next() && !found;) found = contains(m.value(), wanted.value(), false);
    if (!found) return false;
  }
  return true;
}

bool has(View value, View key) {
  switch (json_type(value)) {
    case JsonType::kString: return same_text(value, key);
    case JsonType::kObject: return member(value, key).has_value();
    case JsonType::kArray:
      for (JsonMembers m(value); m.next();) {
        if (json_type(m.value()) == JsonType::kString && same_text(m.value(), key)) return true;
      }
      return false;
    default: return false;
  }
}

template <bool All>
bool has_some(View value, View keys) {
  for (const MaybeText& key : path_of(keys)) {
    if (key && has(value, *key) != All) return !All;
  }
  return All;
}

// --- changes

// The members of a container, and of what is none the value itself.
void append_elements(std::string& out, View value) {
  const auto add = [&](View v) {
    if (out.size() > 1) out += ", ";
    out += v;
  };
  if (json_type(value) != JsonType::kArray) return add(value);
  for (JsonMembers m(value); m.next();) add(m.value());
}

// What is made is no deeper than what can be read again. REQUIRES: a JSON.
std::string bounded(std::string json) {
  if (json.size() <= 2 * std::size_t{kJsonDepthMost}) return json;
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (quoted) {
      if (c == '\\') ++i;
      else quoted = c != '"';
    } else if (c == '"') {
      quoted = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kJsonDepthMost) fail("JSON is nested in more than " + std::to_string(kJsonDepthMost) + " levels");
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return json;
}

std::string concatenated(View a, View b) {
  const bool left = json_type(a) == JsonType::kObject, right = json_type(b) == JsonType::kObject;
  if (left && right) {
    JsonbObject all;
    for (const View side : {a, b}) {
      for (JsonMembers m(side); m.next();) all.add(json_text(m.key()), m.value());
    }
    std::string out;
    all.append_to(out);
    return out;
  }
  std::string out = "[";
  append_elements(out, a);
  append_elements(out, b);
  return bounded(out + ']');
}

// The container without the members that `drop` names.
template <class F>
std::string without(View value, F&& drop) {
  const bool object = json_type(value) == JsonType::kObject;
  std::string out(1, object ? '{' : '[');
  bool first = true;
  for (JsonMembers m(value); m.next();) {
    if (drop(m)) continue;
    if (!first) out += ", ";
    first = false;
    if (object) (out += m.key()) += ": ";
    out += m.value();
  }
  return out + (object ? '}' : ']');
}

std::string without_keys(View value, const Path& keys) {
  if (is_scalar(value)) fail("cannot delete from scalar");
  const bool object = json_type(value) == JsonType::kObject;
  return without(value, [&](const JsonMembers& m) {
    const View name = object ? m.key() : m.value();
    if (json_type(name) != JsonType::kString) return false;
    return std::any_of(keys.begin(), keys.end(), [&](const MaybeText& key) { return key && same_text(name, *key); });
  });
}

std::string without_place(View value, Int n) {
  if (is_scalar(value)) fail("cannot delete from scalar");
  if (json_type(value) == JsonType::kObject) fail("cannot delete from object using integer index");
  if (n < 0) n += count(value);
  Int at = 0;
  return without(value, [&](const JsonMembers&) { return at++ == n; });
}

enum class Change : std::uint8_t { kDelete, kReplace, kCreate, kInsertBefore, kInsertAfter };
bool inserts(Change c) { return c == Change::kInsertBefore || c == Change::kInsertAfter; }
bool creates(Change c) { return c == Change::kCreate || inserts(c); }

// PostgreSQL's setPath.
std::string changed(View value, const Path& path, std::size_t level, Change change, View to) {
  if (!path[level]) fail("path element at position " + std::to_string(level + 1) + " is null");
  const std::string& step = *path[level];
  const bool last = level + 1 == path.size();
  if (json_type(value) == JsonType::kObject) {
    JsonbObject out;
    bool found = false;
    for (JsonMembers m(value); m.next();) {
      std::string key = json_text(m.key());
      if (key != step) {
        out.add(std::move(key), m.value());
        continue;
      }
      found = true;
      if (!last) out.add(std::move(key), changed(m.value(), path, level + 1, change, to));
      else if (inserts(change)) fail("cannot replace existing key");
      else if (change != Change::kDelete) out.add(std::move(key), to);
    }
    if (!found && last && creates(change)) out.add(step, to);
    std::string text;
    out.append_to(text);
    return text;
  }
  if (json_type(value) != JsonType::kArray) return std::string(value);
  const std::optional<Int> given = integer_of(step);
  if (!given) fail("path element at position " + std::to_string(level + 1) + " is not an integer: \"" + step + '"');
  const Int n = count(value), at = *given < 0 ? *given + n : std::min(*given, n);  // below 0: before the first
  std::string out = "[";
  const auto put = [&](View v) {
    if (out.size() > 1) out += ", ";
    out += v;
  };
  bool done = false;
  if (last && creates(change) && (at < 0 || n == 0)) {
    put(to);
    done = true;
  }
  Int i = 0;
  for (JsonMembers m(value); m.next(); ++i) {
    if (i != at) {
      put(m.value());
      continue;
    }
    done = true;
    if (!last) {
      put(changed(m.value(), path, level + 1, change, to));
      continue;
    }
    if (change == Change::kInsertBefore || change == Change::kCreate) put(to);
    if (inserts(change)) put(m.value());
    if (change == Change::kInsertAfter || change == Change::kReplace) put(to);
  }
  if (last && creates(change) && !done) put(to);
  return out + ']';
}

std::string without_path(View value, View texts) {
  const Path path = path_of(texts);
  if (is_scalar(value)) fail("cannot delete path in scalar");
  if (path.empty() || count(value) == 0) return std::string(value);
  return changed(value, path, 0, Change::kDelete, {});
}

std::string with_path(View value, View texts, Change change, View to) {
  const Path path = path_of(texts);
  if (is_scalar(value)) fail("cannot set path in scalar");
  if (path.empty() || (count(value) == 0 && change == Change::kReplace)) return std::string(value);
  return bounded(changed(value, path, 0, change, to));
}

template <bool Binary>
void append_stripped(std::string& out, View value) {
  const JsonType type = json_type(value);
  if (type == JsonType::kString) return append_json_string(out, json_text(value));
  if (is_scalar(value)) {
    out += value;
    return;
  }
  const bool object = type == JsonType::kObject;
  out += object ? '{' : '[';
  bool first = true;
  for (JsonMembers m(value); m.next();) {
    if (object && json_type(m.value()) == JsonType::kNull) continue;
    if (!first) out += Binary ? ", " : ",";
    first = false;
    if (object) {
      append_json_string(out, json_text(m.key()));
      out += Binary ? ": " : ":";
    }
    append_stripped<Binary>(out, m.value());
  }
  out += object ? '}' : ']';
}

template <bool Binary>
std::string stripped(View value) {
  std::string out;
  append_stripped<Binary>(out, readable<Binary>(value));
  return out;
}

void append_pretty(std::string& out, View value, std::size_t level) {
  if (is_scalar(value)) {
    out += value;
    return;
  }
  constexpr std::size_t kIndent = 4;
  const bool object = json_type(value) == JsonType::kObject;
  out += object ? '{' : '[';
  bool first = true;
  for (JsonMembers m(value); m.next();) {
    if (!first) out += ',';
    first = false;
    out += '\n';
    out.append((level + 1) * kIndent, ' ');
    if (object) (out += m.key()) += ": ";
    append_pretty(out, m.value(), level + 1);
  }
  out += '\n';
  out.append(level * kIndent, ' ');
  out += object ? '}' : ']';
}

// --- values to JSON

// The text form of what is no JSON, no array and no text; dates as ISO 8601 has them.
std::string form_of(const Datum& d, TypeId type) {
  if (type == TypeId::kBoolean) return d.boolean ? "true" : "false";
  std::string text;
  format_datum(d, Type{type, 0, 0}, text);
  if (type == TypeId::kTimestamp || type == TypeId::kTimestamptz) {
    const std::size_t space = text.find(' ');
    if (space != std::string::npos) text[space] = 'T';
  }
  if (type == TypeId::kTimestamptz) {
    const std::size_t zone = text.find("+00");
    if (zone != std::string::npos) text.insert(zone + 3, ":00");
  }
  return text;
}

template <bool Binary>
void append_json(std::string& out, const Datum& d, TypeId type) {
  if (d.null) {
    out += "null";
    return;
  }
  if (is_array(type)) {
    const ArrayView array(d.bytes.view());
    out += '[';
    for (std::uint32_t i = 0; i < array.size(); ++i) {
      if (i != 0) out += Binary ? ", " : ",";
      append_json<Binary>(out, array[i], element_of(type));
    }
    out += ']';
    return;
  }
  switch (type) {
    case TypeId::kJson:
      if (Binary) out += normalised(d.bytes.view());
      else out += d.bytes.view();
      return;
    case TypeId::kJsonb: out += d.bytes.view(); return;
    case TypeId::kBoolean: out += form_of(d, type); return;
    case TypeId::kSmallint: case TypeId::kInteger: case TypeId::kBigint: case TypeId::kReal: case TypeId::kDouble: case TypeId::kNumeric: {
      const std::string text = form_of(d, type);
      if (text.find_first_of("Nn") != std::string::npos) append_json_string(out, text);  // NaN, Infinity
      else if (Binary && text.find('e') != std::string::npos) out += normalised(text);
      else out += Binary && text == "-0" ? "0" : text;
      return;
    }
    default: append_json_string(out, form_of(d, type));
  }
}

Datum value(const Column& column, std::uint32_t i) { return column.is_valid(i) ? column.get(i) : Datum::of_null(column.kind); }

template <bool Binary>
Column to_json(const Function& self, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  return fill<std::string>(rows, arena, [&](std::uint32_t i) {
    std::string out;
    append_json<Binary>(out, args[0].get(i), self.args[0].id);
    return bounded(std::move(out));
  });
}

std::string key_of(const Datum& d, TypeId type) {
  if (d.null) fail("null value not allowed for object key");
  if (is_json(type) || is_array(type)) fail("key value must be scalar, not array, composite, or json");
  return form_of(d, type);
}

// Names and values by turns. Dense: as a row is written, without spaces.
template <bool Binary, bool Dense = false>
Column build_object(const Function& self, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  if (args.size() % 2 != 0 && rows.selected > 0) fail("argument list must have even number of elements");
  return fill<std::string>(rows, arena, [&](std::uint32_t i) {
    JsonbObject members;
    std::string out, one;
    if (!Binary) out += '{';
    for (std::size_t a = 0; a < args.size(); a += 2) {
      std::string key = key_of(value(args[a], i), self.args[a].id);
      one.clear();
      append_json<Binary>(one, value(args[a + 1], i), self.args[a + 1].id);
      if (Binary) {
        members.add(std::move(key), one);
        continue;
      }
      if (a != 0) out += Dense ? "," : ", ";
      append_json_string(out, key);
      (out += Dense ? ":" : " : ") += one;
    }
    if (Binary) members.append_to(out);
    else out += '}';
    return bounded(std::move(out));
  });
}

template <bool Binary>
Column build_array(const Function& self, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  return fill<std::string>(rows, arena, [&](std::uint32_t i) {
    std::string out = "[";
    for (std::size_t a = 0; a < args.size(); ++a) {
      if (a != 0) out += ", ";
      append_json<Binary>(out, value(args[a], i), self.args[a].id);
    }
    return bounded(out + ']');
  });
}

// An object of texts: of keys and values by turns, or of each in an array of its own.
template <bool Binary>
std::string object_of(const Path& keys, const Path& values) {
  JsonbObject members;
  std::string out;
  if (!Binary) out += '{';
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (!keys[i]) fail("null value not allowed for object key");
    std::string one;
    if (values[i]) append_json_string(one, *values[i]);
    else one = "null";
    if (Binary) {
      members.add(*keys[i], one);
      continue;
    }
    if (i != 0) out += ", ";
    append_json_string(out, *keys[i]);
    (out += " : ") += one;
  }
  if (Binary) members.append_to(out);
  else out += '}';
  return out;
}

template <bool Binary>
std::string object_of_one(View texts) {
  const Path all = path_of(texts);
  if (all.size() % 2 != 0) fail("array must have even number of elements");
  Path keys, values;
  for (std::size_t i = 0; i < all.size(); ++i) (i % 2 == 0 ? keys : values).push_back(all[i]);
  return object_of<Binary>(keys, values);
}

template <bool Binary>
std::string object_of_two(View keys, View values) {
  const Path names = path_of(keys), texts = path_of(values);
  if (names.size() != texts.size()) fail("mismatched array dimensions");
  return object_of<Binary>(names, texts);
}

// --- rows and groups

// The members of a container as an array.
template <bool Binary, JsonPart Part>
Column members_of(const Function& self, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  constexpr bool kElements = Part == JsonPart::kElements || Part == JsonPart::kElementTexts;
  constexpr bool kTexts = Part == JsonPart::kElementTexts || Part == JsonPart::kTexts;
  ArrayBuilder out(key_kind_of(element_of(self.result.id)));
  return fill<Bytes>(rows, arena, [&](std::uint32_t i) {
    const View given = args[0].bytes()[i].view();
    const View container = Part == JsonPart::kElements ? json_trimmed(given) : readable<Binary>(given);
    if (json_type(container) != (kElements ? JsonType::kArray : JsonType::kObject)) {
      fail(kElements ? "cannot extract elements from a value that is no array" : "cannot take a value that is no object apart");
    }
    for (JsonMembers m(container); m.next();) {
      if constexpr (Part == JsonPart::kKeys) {
        out.add(Datum::of(Bytes(json_text(m.key()))));
      } else if constexpr (kTexts) {
        const MaybeText text = text_of(m.value());
        out.add(text ? Datum::of(Bytes(*text)) : Datum::of_null(Kind::kBytes));
      } else {
        out.add(Datum::of(Bytes(m.value())));
      }
    }
    return out.take(arena);
  });
}

template <bool Binary>
Kernel members_kernel(JsonPart part) {
  switch (part) {
    case JsonPart::kElements: return members_of<Binary, JsonPart::kElements>;
    case JsonPart::kElementTexts: return members_of<Binary, JsonPart::kElementTexts>;
    case JsonPart::kKeys: return members_of<Binary, JsonPart::kKeys>;
    case JsonPart::kValues: return members_of<Binary, JsonPart::kValues>;
    case JsonPart::kTexts: break;
  }
  return members_of<Binary, JsonPart::kTexts>;
}

// What stood in an array before it became a JSON stands on a line of its own.
template <bool Binary, bool Lines>
Column collect(const Function& self, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  const TypeId type = element_of(self.args[0].id);
  return fill<std::string>(rows, arena, [&](std::uint32_t i) {
    const ArrayView array(args[0].bytes()[i].view());
    std::string out = "[";
    for (std::uint32_t k = 0; k < array.size(); ++k) {
      const Datum d = array[k];
      if (k != 0) out += Lines && !d.null ? ", \n " : ", ";
      append_json<Binary>(out, d, type);
    }
    return bounded(out + ']');
  });
}

template <bool Binary>
Column merge(const Function&, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  return fill<std::string>(rows, arena, [&](std::uint32_t i) {
    const ArrayView array(args[0].bytes()[i].view());
    JsonbObject all;
    std::string out = Binary ? "" : "{ ";
    for (std::uint32_t k = 0; k < array.size(); ++k) {
      const Datum d = array[k];
      const View object = d.bytes.view();
      if (Binary) {
        for (JsonMembers m(object); m.next();) all.add(json_text(m.key()), m.value());
        continue;
      }
      if (k != 0) out += ", ";
      out += object.substr(1, object.size() - 2);
    }
    if (Binary) all.append_to(out);
    else out += " }";
    return bounded(std::move(out));
  });
}

// --- JSON to values

Column to_boolean(const Function&, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  return fill<bool>(rows, arena, [&](std::uint32_t i) {
    const View v = args[0].bytes()[i].view();
    if (json_type(v) != JsonType::kBoolean) fail("cannot cast this jsonb value to type boolean");
    return v == "true";
  });
}

Column to_number(const Function& self, std::span<const Column> args, const Chunk& rows, Arena& arena) {
  const Column number = fill<Numeric>(rows, arena, [&](std::uint32_t i) {
    const View v = args[0].bytes()[i].view();
    if (json_type(v) != JsonType::kNumber) fail("cannot cast this jsonb value to type " + self.target.to_string());
    return Numeric::parse(v);
  });
  return call(*self.inner, {&number, 1}, rows, arena);
}

template <bool Binary>
void add_making(Kernels& k) {
  const std::string type = Binary ? "jsonb" : "json";
  k.add("to_" + type + " anyelement", to_json<Binary>);
  k.add(type + "_build_object any", build_object<Binary>);
  k.add(type + "_build_object", build_object<Binary>);
  k.add(type + "_build_array any", build_array<Binary>);
  k.add(type + "_build_array", build_array<Binary>);
  k.add(type + "_object _text", pointwise<[](View texts) { return object_of_one<Binary>(texts); }>);
  k.add(type + "_object _text _text", pointwise<[](View keys, View values) { return object_of_two<Binary>(keys, values); }>);
  k.add(type + "_strip_nulls " + type, pointwise<[](View v) { return stripped<Binary>(v); }>);
}

Type plain(TypeId id) { return Type{id, 0, 0}; }

Function made(std::string name, TypeId from, TypeId to, Kernel kernel) {
  Function f;
  f.name = std::move(name);
  f.args = {plain(from)};
  f.result = plain(to);
  f.kernel = kernel;
  return f;
}

}  // namespace

void add_json(Kernels& k) {
  add_parts<true>(k);
  add_parts<false>(k);
  add_making<true>(k);
  add_making<false>(k);
  k.add("array_to_json anyarray", to_json<false>);
  for (const std::string name : {"@>", "jsonb_contains"}) k.add(name + " jsonb jsonb", pointwise<[](View a, View b) { return contains(a, b, true); }>);
  for (const std::string name : {"<@", "jsonb_contained"}) k.add(name + " jsonb jsonb", pointwise<[](View a, View b) { return contains(b, a, true); }>);
  for (const std::string name : {"?", "jsonb_exists"}) k.add(name + " jsonb text", pointwise<[](View v, View key) { return has(v, key); }>);
  for (const std::string name : {"?|", "jsonb_exists_any"}) k.add(name + " jsonb _text", pointwise<[](View v, View keys) { return has_some<false>(v, keys); }>);
  for (const std::string name : {"?&", "jsonb_exists_all"}) k.add(name + " jsonb _text", pointwise<[](View v, View keys) { return has_some<true>(v, keys); }>);
  for (const std::string name : {"||", "jsonb_concat"}) k.add(name + " jsonb jsonb", pointwise<[](View a, View b) { return concatenated(a, b); }>);
  for (const std::string name : {"-", "jsonb_delete"}) {
    k.add(name + " jsonb text", pointwise<[](View v, View key) { return without_keys(v, {MaybeText(key)}); }>);
    k.add(name + " jsonb int4", pointwise<[](View v, Int n) { return without_place(v, n); }>);
    k.add(name + " jsonb _text", pointwise<[](View v, View keys) { return without_keys(v, path_of(keys)); }>);
  }
  for (const std::string name : {"#-", "jsonb_delete_path"}) k.add(name + " jsonb _text", pointwise<[](View v, View path) { return without_path(v, path); }>);
  k.add("jsonb_set jsonb _text jsonb", pointwise<[](View v, View path, View to) { return with_path(v, path, Change::kCreate, to); }>);
  k.add("jsonb_set jsonb _text jsonb bool", pointwise<[](View v, View path, View to, bool create) {
          return with_path(v, path, create ? Change::kCreate : Change::kReplace, to);
        }>);
  k.add("jsonb_insert jsonb _text jsonb bool", pointwise<[](View v, View path, View to, bool after) {
          return with_path(v, path, after ? Change::kInsertAfter : Change::kInsertBefore, to);
        }>);
  k.add("jsonb_pretty jsonb", pointwise<[](View v) {
          std::string out;
          append_pretty(out, v, 0);
          return out;
        }>);
}

ExprPtr bind_json_row(TypeId to, std::span<const std::string> names, std::vector<ExprPtr> values, int offset) {
  std::vector<ExprPtr> args;
  Function f = made("row to " + plain(to).to_string(), TypeId::kText, to, to == TypeId::kJsonb ? build_object<true> : build_object<false, true>);
  f.strict = false;
  f.args.clear();
  std::string key = f.name;
  for (std::size_t i = 0; i < names.size(); ++i) {
    args.push_back(Expr::make_constant(Datum::of(Bytes(names[i])), plain(TypeId::kText), offset));
    args.push_back(std::move(values[i]));
    for (const ExprPtr* a : {&args.end()[-2], &args.back()}) {
      f.args.push_back(plain((*a)->type.id));
      key += ", " + f.args.back().to_string();
    }
  }
  const Function& function = interned(key, [&] { return f; });
  return Expr::make_call(function, function.result, std::move(args), offset);
}

const Function& json_object_test(TypeId type) {
  const std::string name = plain(type).to_string() + " object";
  return interned(name, [&] {
    return made(name, type, type, pointwise<[](View v) {
                  if (json_type(v) != JsonType::kObject) fail("a value that is no object cannot become a record");
                  return v;
                }>);
  });
}

const Function& json_members(TypeId from, JsonPart part) {
  const bool texts = part != JsonPart::kElements && part != JsonPart::kValues, binary = from == TypeId::kJsonb;
  constexpr const char* kParts[] = {"elements", "element texts", "keys", "values", "texts"};
  const std::string name = plain(from).to_string() + ' ' + kParts[static_cast<int>(part)];
  return interned(name, [&] {
    return made(name, from, array_of(texts ? TypeId::kText : from), binary ? members_kernel<true>(part) : members_kernel<false>(part));
  });
}

const Function& json_collection(TypeId array, TypeId to, bool lines) {
  const std::string name = plain(to).to_string() + (lines ? " of arrays" : " of rows");
  const Kernel kernel = to == TypeId::kJsonb ? collect<true, false> : lines ? collect<false, true> : collect<false, false>;
  return interned(name + ' ' + plain(array).to_string(), [&] { return made(name, array, to, kernel); });
}

const Function& json_merger(TypeId to) {
  const std::string name = plain(to).to_string() + " of members";
  return interned(name, [&] { return made(name, array_of(to), to, to == TypeId::kJsonb ? merge<true> : merge<false>); });
}

Kernel jsonb_to_boolean() { return to_boolean; }
Kernel jsonb_to_number() { return to_number; }

}  // namespace weir
