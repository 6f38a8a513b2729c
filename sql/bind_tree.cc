// Reading libpg_query's JSON: fields, node types, places, and the refusal of what nobody reads.

#include "sql/binder.h"

namespace weir {

const Json* find(const Json& body, const char* name) {
  const auto it = body.find(name);
  return it == body.end() ? nullptr : &*it;
}

const Json& at(const Json& body, const char* name) {
  static const Json kNothing = Json::array();
  const Json* field = body.is_object() ? find(body, name) : nullptr;
  return field ? *field : kNothing;
}

std::string text_field(const Json& body, const char* name) {
  const Json* field = find(body, name);
  return field && field->is_string() ? field->get<std::string>() : std::string();
}

bool flag(const Json& body, const char* name) {
  const Json* field = find(body, name);
  return field && field->is_boolean() && field->get<bool>();
}

int location(const Json& body) {
  const Json* field = find(body, "location");
  return field && field->is_number_integer() ? field->get<int>() : -1;
}

std::pair<std::string_view, const Json*> open(const Json& node) {
  static const Json kEmpty = Json::object();
  if (!node.is_object() || node.empty()) return {"", &kEmpty};
  const auto it = node.begin();
  return {it.key(), &it.value()};
}

std::string string_of(const Json& node) {
  const auto [type, body] = open(node);
  return type == "String" ? text_field(*body, "sval") : std::string();
}

std::vector<std::string> strings_of(const Json& list) {
  std::vector<std::string> out;
  for (const Json& item : list) out.push_back(string_of(item));
  return out;
}

void unsupported(const std::string& what, int offset) { throw Failure(ErrorCode::kUnsupported, what + " is not supported", offset); }

std::string spaced(std::string_view name) {
  std::string out;
  for (char c : name) {
    if (c >= 'A' && c <= 'Z') {
      if (!out.empty()) out += ' ';
      out += static_cast<char>(c + ('a' - 'A'));
    } else {
      out += c == '_' ? ' ' : c;
    }
  }
  return out;
}

void only(const Json& body, std::string_view what, Fields fields) {
  for (const auto& [name, value] : body.items()) {
    bool known = name == "location";
    for (std::string_view field : fields) known = known || field == name;
    if (known) continue;
    int offset = location(body);
    const Json* inside = value.is_array() && !value.empty() ? &value[0] : &value;
    if (inside->is_object()) {
      const int at = location(*open(*inside).second);
      if (at >= 0) offset = at;
    }
    unsupported(std::string(what) + " with " + spaced(name), offset);
  }
}

std::string relation_name(const Json& range) {
  only(range, "a name", {"relname", "schemaname", "inh", "relpersistence", "alias"});
  const std::string schema = text_field(range, "schemaname");
  if (!schema.empty() && schema != "public") unsupported("schema \"" + schema + "\"", location(range));
  if (text_field(range, "relpersistence") != "p") unsupported("a temporary or unlogged relation", location(range));
  return text_field(range, "relname");
}

const Plan* Environment::find(const std::string& name) const {
  for (const Environment* e = this; e; e = e->outer) {
    const auto it = e->tables.find(name);
    if (it != e->tables.end()) return it->second;
  }
  return nullptr;
}

Binder::Depth::Depth(int& depth) : depth_(depth) {
  if (++depth_ > 1000) {
    --depth_;
    throw Failure(ErrorCode::kUnsupported, "the statement is nested too deeply", 0);
  }
}

}  // namespace weir
