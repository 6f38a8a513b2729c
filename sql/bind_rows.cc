// Set-returning functions: unnest, generate_series, generate_subscripts, string_to_table, regexp_matches, regexp_split_to_table. Each is UNNEST of an array.
//
//     FROM f(…) [WITH ORDINALITY]      unnest over one row                    P, LATERAL f(…)      unnest over P
//     ROWS FROM (f(…), g(…))           unnest of both arrays side by side
//     SELECT …, f(…), g(…)             unnest of both arrays side by side, over all that the select list sees

#include <algorithm>

#include "sql/binder.h"
#include "sql/kernels.h"

namespace weir {

namespace {

constexpr std::string_view kFunctions[] = {"unnest", "generate_series", "generate_subscripts", "string_to_table", "regexp_matches", "regexp_split_to_table",
                                           "jsonb_path_query"};

// Functions that take a JSON or JSONB apart, without that in their names.
struct JsonFunction {
  std::string_view name;
  std::vector<JsonPart> parts;             // a column each
  std::vector<std::string_view> columns;  // in FROM; none: named as any function's
  bool records = false;                    // FROM says which columns they have
};
const JsonFunction* json_function(std::string_view name, TypeId& from) {
  static const std::vector<JsonFunction> kJson = {{"array_elements", {JsonPart::kElements}, {"value"}},
                                                  {"array_elements_text", {JsonPart::kElementTexts}, {"value"}},
                                                  {"object_keys", {JsonPart::kKeys}, {}},
                                                  {"each", {JsonPart::kKeys, JsonPart::kValues}, {"key", "value"}},
                                                  {"each_text", {JsonPart::kKeys, JsonPart::kTexts}, {"key", "value"}},
                                                  {"to_record", {}, {}, true},
                                                  {"to_recordset", {JsonPart::kElements}, {}, true}};
  const std::size_t underscore = name.find('_');
  if (underscore == std::string_view::npos) return nullptr;
  const std::string_view type = name.substr(0, underscore);
  if (type != "json" && type != "jsonb") return nullptr;
  from = type == "json" ? TypeId::kJson : TypeId::kJsonb;
  const auto found = std::find_if(kJson.begin(), kJson.end(), [&](const JsonFunction& f) { return f.name == name.substr(underscore + 1); });
  return found == kJson.end() ? nullptr : &*found;
}

void each_marker(ExprPtr& expr, const std::function<void(ExprPtr&)>& f) {
  if (expr->node == Expr::Node::kCall && is_unnest_marker(*expr->function)) return f(expr);
  for (ExprPtr& a : expr->args) each_marker(a, f);
}

PlanPtr unnest_of(PlanPtr input, std::vector<ExprPtr> arrays) {
  auto plan = std::make_unique<Plan>();
  plan->node = Plan::Node::kUnnest;
  plan->inputs.push_back(std::move(input));
  plan->exprs = std::move(arrays);
  derive_node(*plan);
  return plan;
}

// What the function gives for each row, of an element of its array: regexp_matches' are arrays themselves, as their bytes.
ExprPtr row_of(const std::string& function, ExprPtr element) {
  if (function != "regexp_matches") return element;
  const int offset = element->offset;
  const Function& f = texts_of_bytes();
  std::vector<ExprPtr> args;
  args.push_back(std::move(element));
  return Expr::make_call(f, f.result, std::move(args), offset);
}

bool is_true(const Expr* condition) {
  if (!condition) return true;
  return condition->node == Expr::Node::kConstant && condition->type.id == TypeId::kBoolean && !condition->constant.get().null && condition->constant.get().boolean;
}

}  // namespace

bool returns_rows(std::string_view function) {
  TypeId type{};
  return std::find(std::begin(kFunctions), std::end(kFunctions), function) != std::end(kFunctions) || json_function(function, type);
}

// A member of an object as a column of a record. A JSON null is NULL.
ExprPtr record_column(const ExprPtr& object, const std::string& name, const Type& type, int offset) {
  if (is_array(type.id)) unsupported("a column of type " + type.to_string() + " in a record of JSON", offset);
  const auto part = [&](std::string_view op) {
    std::vector<ExprPtr> args;
    args.push_back(object->clone());
    args.push_back(Expr::make_constant(Datum::of(Bytes(name)), Type{TypeId::kText, 0, 0}, offset));
    return bind_operator(op, std::move(args), offset);
  };
  if (type.id != TypeId::kJson && type.id != TypeId::kJsonb) {
    return coerce(coerce(part("->>"), without_typmod(type), Cast::kExplicit, offset), type, Cast::kAssignment, offset);
  }
  std::vector<ExprPtr> test, branches;
  test.push_back(part("->>"));
  branches.push_back(bind_operator("is not null", std::move(test), offset));
  branches.push_back(coerce(part("->"), type, Cast::kExplicit, offset));
  branches.push_back(null_constant(type));
  return Expr::make(Expr::Node::kCase, type, std::move(branches), offset);
}

// The arrays of the parts of a JSON that the function gives.
std::vector<ExprPtr> json_arrays(std::string_view name, std::vector<ExprPtr> args, int offset) {
  TypeId type{};
  const JsonFunction& f = *json_function(name, type);
  std::string given;
  for (const ExprPtr& a : args) given += (given.empty() ? "" : ", ") + Type{a->type.id, 0, 0}.to_string();
  if (args.size() != 1 || (args[0]->type.id != type && args[0]->type.id != TypeId::kUnknown)) {
    throw Failure(ErrorCode::kType, "function " + std::string(name) + "(" + given + ") does not exist", offset);
  }
  const ExprPtr value = coerce(std::move(args[0]), Type{type, 0, 0}, Cast::kImplicit, offset);
  std::vector<ExprPtr> arrays;
  if (f.parts.empty()) {  // the value itself
    std::vector<ExprPtr> one;
    one.push_back(value->clone());
    arrays.push_back(bind_array(std::move(one), nullptr, offset));
  }
  for (const JsonPart part : f.parts) {
    const Function& members = json_members(type, part);
    std::vector<ExprPtr> one;
    one.push_back(value->clone());
    arrays.push_back(Expr::make_call(members, members.result, std::move(one), offset));
  }
  return arrays;
}

std::vector<ExprPtr> series_arguments(std::vector<ExprPtr> args, int offset) {
  std::string given;
  bool integers = false, bigints = false, numerics = false, timestamps = false, zoned = false, others = false, texts = false;
  for (const ExprPtr& e : args) {
    given += (given.empty() ? "" : ", ") + Type{e->type.id, 0, 0}.to_string();
    switch (e->type.id) {
      case TypeId::kSmallint: break;
      case TypeId::kInteger: integers = true; break;
      case TypeId::kBigint: bigints = true; break;
      case TypeId::kNumeric: numerics = true; break;
      case TypeId::kTimestamp: timestamps = true; break;
      case TypeId::kTimestamptz: zoned = true; break;
      case TypeId::kUnknown: texts = true; break;
      default: others = others || &e != &args.back() || e->type.id != TypeId::kInterval; break;
    }
  }
  const bool dates = args.size() == 3 && (args[0]->type.id == TypeId::kDate || args[1]->type.id == TypeId::kDate);
  const bool times = args.size() == 3 && (args[2]->type.id == TypeId::kInterval || (args[2]->type.id == TypeId::kUnknown && (timestamps || zoned || dates)));
  const bool numbers = !times && !timestamps && !zoned && !others && (integers || bigints || numerics) && (args.size() == 2 || args.size() == 3);
  zoned = zoned || (times && !timestamps && (dates || texts));  // PostgreSQL prefers it where both would do
  const auto is_time = [](const Type& t) { return t.id == TypeId::kTimestamp || t.id == TypeId::kTimestamptz || t.id == TypeId::kDate || t.id == TypeId::kUnknown; };
  if (!numbers && !(times && (timestamps || zoned) && is_time(args[0]->type) && is_time(args[1]->type))) {
    throw Failure(ErrorCode::kType, "function generate_series(" + given + ") does not exist", offset);
  }
  const Type type{zoned ? TypeId::kTimestamptz : times ? TypeId::kTimestamp : numerics ? TypeId::kNumeric : bigints ? TypeId::kBigint : TypeId::kInteger, 0, 0};
  if (args.size() == 2) args.push_back(Expr::make_constant(Datum::of(std::int64_t{1}), Type{TypeId::kInteger, 0, 0}));
  for (std::size_t i = 0; i < 3; ++i) args[i] = coerce(std::move(args[i]), times && i == 2 ? Type{TypeId::kInterval, 0, 0} : type, Cast::kImplicit, offset);
  return args;
}

PlanPtr expand_rows(PlanPtr plan, std::span<ExprPtr* const> exprs) {
  const std::size_t width = plan->schema.size();
  std::vector<ExprPtr> arrays;
  std::vector<std::string> texts;
  for (ExprPtr* expr : exprs) {
    each_marker(*expr, [&](ExprPtr& call) {
      const std::string text = call->text();
      const auto place = static_cast<std::size_t>(std::find(texts.begin(), texts.end(), text) - texts.begin());
      if (place == texts.size()) {
        each_column(*call->args[0], [&](std::uint16_t c) {
          if (!is_plain(c) && !is_outer(c)) unsupported("this argument of a set-returning function in GROUP BY", call->offset);
        });
        texts.push_back(text);
        arrays.push_back(std::move(call->args[0]));
      }
      const int offset = call->offset;
      call = Expr::make_column(static_cast<std::uint16_t>(width + place), call->type);
      call->offset = offset;
    });
  }
  return arrays.empty() ? std::move(plan) : unnest_of(std::move(plan), std::move(arrays));
}

ExprPtr Binder::bind_rows_array(const std::string& name, std::vector<ExprPtr> args, int offset) {
  if (name == "generate_series") {
    args = series_arguments(std::move(args), offset);
    const Function& f = series_array(args[0]->type.id);
    return Expr::make_call(f, f.result, std::move(args), offset);
  }
  if (TypeId type{}; json_function(name, type)) {
    std::vector<ExprPtr> arrays = json_arrays(name, std::move(args), offset);
    if (arrays.size() > 1 || name.find("_to_record") != std::string::npos) unsupported(name + " in a select list", offset);
    return std::move(arrays[0]);
  }
  if (name == "string_to_table") return bind_call("string_to_array", std::move(args), nullptr, offset);
  if (name == "generate_subscripts" || name.starts_with("regexp_") || name == "jsonb_path_query") return bind_call(name, std::move(args), nullptr, offset);
  std::string types;
  for (const ExprPtr& a : args) types += (types.empty() ? "" : ", ") + Type{a->type.id, 0, 0}.to_string();
  if (args.size() == 1 && args[0]->type.id == TypeId::kUnknown) throw Failure(ErrorCode::kType, "function unnest(unknown) is not unique", offset);
  if (args.size() != 1 || !is_array(args[0]->type.id)) throw Failure(ErrorCode::kType, "function unnest(" + types + ") does not exist", offset);
  return std::move(args[0]);
}

ExprPtr Binder::bind_rows_call(const std::string& name, const Json& body, const Context& context) {
  only(body, "a set-returning function", {"funcname", "args", "funcformat"});
  const int offset = location(body);
  if (!context.rows || context.in_aggregate) {
    throw Failure(ErrorCode::kSyntax, "set-returning functions are not allowed in " + std::string(context.in_aggregate ? "an aggregate" : context.clause), offset);
  }
  Context inside = context;
  inside.rows = false;
  inside.clause = "the arguments of another";
  ExprPtr array = bind_rows_array(name, bind_list(at(body, "args"), inside), offset);
  const Type type{element_of(array->type.id), array->type.precision, array->type.scale};
  std::vector<ExprPtr> args;
  const Function& f = unnest_marker(array->type.id);
  args.push_back(std::move(array));
  return row_of(name, Expr::make_call(f, type, std::move(args), offset));
}

// Each function gives a column, an element of its array a row; one that returns no rows has an array of its value.
From Binder::bind_unnest(const Json& body, const Context& context) {
  std::vector<ExprPtr> arrays;
  std::vector<std::string> names, functions;  // of the columns; "" where the function returns no rows
  std::string table;
  bool own_names = false;  // columns are called as the function says
  bool records = false;    // the elements are records, of the columns that a list defines
  TypeId type_of_json{};
  int offset_of_call = -1;
  const auto add = [&](ExprPtr array, const std::string& name, const std::string& function) {
    arrays.push_back(std::move(array));
    names.push_back(name);
    functions.push_back(function);
  };
  const auto only_one = [](ExprPtr expr) {
    std::vector<ExprPtr> out;
    out.push_back(std::move(expr));
    return out;
  };
  for (const Json& function : at(body, "functions")) {
    const Json& pair = at(*open(function).second, "items");
    const auto [type, call] = open(pair[0]);
    const int offset = location(*call);
    if (!pair[1].empty()) unsupported("a column definition list", offset);
    const std::string name = type == "FuncCall" ? strings_of(at(*call, "funcname")).back() : "";
    if (!returns_rows(name) || !catalog_.find(name).empty()) {
      ExprPtr value = bind(pair[0], context);
      if (is_array(value->type.id)) unsupported("an array, as the value of a function in FROM that is numbered or stands beside others", offset);
      add(bind_array(only_one(std::move(value)), nullptr, offset), output_name(pair[0]), "");
      if (table.empty()) table = names[0];
      continue;
    }
    if (table.empty()) table = name;
    only(*call, "a set-returning function", {"funcname", "args", "funcformat"});
    std::vector<ExprPtr> args = bind_list(at(*call, "args"), context);
    offset_of_call = offset;
    if (const JsonFunction* json = json_function(name, type_of_json)) {
      std::vector<ExprPtr> parts = json_arrays(name, std::move(args), offset);
      own_names = !json->columns.empty();
      records = records || json->records;
      for (std::size_t i = 0; i < parts.size(); ++i) add(std::move(parts[i]), json->columns.empty() ? name : std::string(json->columns[i]), name);
    } else if (name != "unnest" || args.size() < 2) {
      add(bind_rows_array(name, std::move(args), offset), name, name);
    } else {
      for (ExprPtr& a : args) add(bind_rows_array(name, only_one(std::move(a)), offset), name, name);
    }
  }
  auto row = std::make_unique<Plan>();
  row->node = Plan::Node::kValues;
  row->rows.emplace_back();
  derive_node(*row);
  const Json* definitions = find(body, "coldeflist");
  if (definitions && !records) throw Failure(ErrorCode::kSyntax, "a column definition list is only allowed for functions returning \"record\"", offset_of_call);
  if (records && !definitions) throw Failure(ErrorCode::kSyntax, "a column definition list is required for functions returning \"record\"", offset_of_call);
  PlanPtr plan = unnest_of(std::move(row), std::move(arrays));
  std::vector<ExprPtr> columns;
  for (std::size_t i = 0; i < names.size(); ++i) columns.push_back(row_of(functions[i], weir::column_of(plan->schema, static_cast<std::uint16_t>(i))));
  // The one column of a function is called as the table is, unless the alias says how.
  const Json* alias = find(body, "alias");
  if (names.size() == 1 && alias && !own_names) names[0] = text_field(*alias, "aliasname");
  if (flag(body, "ordinality")) {
    columns.push_back(weir::column_of(plan->schema, static_cast<std::uint16_t>(names.size())));
    names.push_back("ordinality");
  }
  if (definitions) {
    const Function& test = json_object_test(type_of_json);
    const ExprPtr object = Expr::make_call(test, test.result, only_one(weir::column_of(plan->schema, 0)), offset_of_call);
    if (flag(body, "ordinality") || functions.size() > 1) unsupported("WITH ORDINALITY or ROWS FROM of " + table, offset_of_call);
    names.clear();
    columns.clear();
    for (const Json& item : *definitions) {
      const Json& definition = *open(item).second;
      only(definition, "a column of a record", {"colname", "typeName", "is_local"});
      names.push_back(text_field(definition, "colname"));
      columns.push_back(record_column(object, names.back(), bind_type(at(definition, "typeName"), false, nullptr), location(definition)));
    }
  }
  const bool single = columns.size() == 1 && !definitions;
  From rows = relation_from(make_project(std::move(plan), std::move(columns), std::move(names)), table, alias, {});
  rows.scope.tables[0].single = single;
  return rows;
}

// P, LATERAL unnest(…): more columns and rows of P, without a join.
PlanPtr Binder::unnest_beside(Plan::JoinKind kind, PlanPtr& plan, const Plan& right, const Scope& scope, const Expr* condition) {
  if (right.node != Plan::Node::kProject || right.inputs[0]->node != Plan::Node::kUnnest) return nullptr;
  const Plan& unnest = *right.inputs[0];
  const bool left = kind == Plan::JoinKind::kLeft;
  if (unnest.inputs[0]->node != Plan::Node::kValues || (left ? !is_true(condition) : kind != Plan::JoinKind::kInner)) return nullptr;
  const std::size_t width = plan->schema.size();
  const auto moved = [&](const Expr& expr) {
    return replaced(expr, [&](const Expr& column) -> ExprPtr {
      if (is_outer(column.column)) {
        const Reference& r = references_[column.column - kOuterBase];
        return r.scope == &scope ? r.expr->clone() : nullptr;
      }
      ExprPtr at = column.clone();
      at->column = static_cast<std::uint16_t>(at->column + width);
      return at;
    });
  };
  std::vector<ExprPtr> arrays, exprs;
  std::vector<std::string> names;
  for (const ExprPtr& e : unnest.exprs) arrays.push_back(moved(*e));
  for (std::size_t i = 0; i < width; ++i) {
    exprs.push_back(weir::column_of(plan->schema, static_cast<std::uint16_t>(i)));
    names.push_back(plan->schema[i].name);
  }
  for (std::size_t i = 0; i < right.exprs.size(); ++i) {
    exprs.push_back(moved(*right.exprs[i]));
    names.push_back(right.schema[i].name);
  }
  PlanPtr out = unnest_of(std::move(plan), std::move(arrays));
  if (left) {
    out->all = true;
    out->schema.clear();
    out->has_key = false;
    derive_node(*out);
  }
  out = make_project(std::move(out), std::move(exprs), std::move(names));
  return left || is_true(condition) ? std::move(out) : make_filter(std::move(out), condition->clone());
}

}  // namespace weir
