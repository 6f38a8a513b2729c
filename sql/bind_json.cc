// JSON in expressions: subscripts, and rows that functions make JSON of.

#include <algorithm>

#include "sql/binder.h"
#include "sql/kernels.h"

namespace weir {

// The table whose row an expression is; null: it is none.
const ScopeTable* Binder::row_named(const Json& node, const Context& context) const {
  const auto [type, body] = open(node);
  if (type != "ColumnRef" || at(*body, "fields").size() != 1 || !context.scope) return nullptr;
  const std::string name = string_of(at(*body, "fields")[0]);
  const ScopeTable* row = nullptr;
  for (const Scope* s = context.scope; s; s = s->outer) {
    if (std::any_of(s->columns.begin(), s->columns.end(), [&](const ScopeColumn& c) { return c.name == name; })) return nullptr;
    for (const ScopeTable& t : s->tables) {
      if (!row && t.name == name) row = &t;
    }
  }
  return name.empty() || (row && row->single) ? nullptr : row;
}

std::vector<ExprPtr> Binder::bind_json_list(const std::string& function, const Json& list, const Context& context, bool* row) {
  std::vector<ExprPtr> out;
  for (const Json& item : list) {
    const ScopeTable* table = row_named(item, context);
    if (!table) {
      out.push_back(bind(item, context));
      continue;
    }
    const int offset = location(*open(item).second);
    if (table->absent) unsupported("a whole row that an outer join may leave out (\"" + table->name + "\")", offset);
    if (row) *row = true;
    std::vector<std::string> names;
    std::vector<ExprPtr> values;
    for (const ScopeColumn& c : table->columns) {
      names.push_back(c.name);
      Json field = {{"ColumnRef", {{"fields", Json::array({{{"String", {{"sval", table->name}}}}, {{"String", {{"sval", c.name}}}}})}, {"location", offset}}}};
      values.push_back(bind(field, context));
    }
    out.push_back(bind_json_row(function.find("jsonb") == std::string::npos ? TypeId::kJson : TypeId::kJsonb, names, std::move(values), offset));
  }
  return out;
}

// jsonb['a'][1] is jsonb #> ARRAY['a', '1'].
ExprPtr Binder::bind_json_subscripts(ExprPtr value, const Json& list, const Context& context) {
  const Type text{TypeId::kText, 0, 0};
  const int offset = value->offset;
  std::vector<ExprPtr> path;
  for (const Json& item : list) {
    const Json& indices = *open(item).second;
    if (flag(indices, "is_slice")) throw Failure(ErrorCode::kType, "jsonb subscript does not support slices", offset);
    ExprPtr step = bind(at(indices, "uidx"), context);
    const bool integer = step->type.id == TypeId::kSmallint || step->type.id == TypeId::kInteger;
    if (!integer && !converts_implicitly(step->type.id, TypeId::kText)) {
      throw Failure(ErrorCode::kType, "subscript type " + Type{step->type.id, 0, 0}.to_string() + " is not supported", step->offset);
    }
    path.push_back(coerce(std::move(step), text, Cast::kExplicit, offset));
  }
  std::vector<ExprPtr> args;
  args.push_back(std::move(value));
  args.push_back(bind_array(std::move(path), &text, offset));
  return bind_operator("#>", std::move(args), offset);
}

}  // namespace weir
