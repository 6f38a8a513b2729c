// Scalar expressions: names to columns, operators and functions to bound calls.

#include <algorithm>
#include <array>
#include <charconv>

#include "sql/aggregates.h"
#include "sql/binder.h"
#include "sql/kernels.h"
#include "zset/numeric.h"

namespace weir {

namespace {

constexpr int kParametersMost = 1000;
constexpr Type kBoolean{TypeId::kBoolean, 0, 0};

constexpr std::array<std::string_view, 11> kWindowFunctions = {"row_number", "rank", "dense_rank", "percent_rank", "cume_dist", "ntile", "lag", "lead", "first_value",
                                                              "last_value", "nth_value"};
// Aggregates of PostgreSQL that are refused by name, not called unknown.
constexpr std::array<std::string_view, 7> kOtherAggregates = {
    "xmlagg", "range_agg", "range_intersect_agg", "json_populate_record", "jsonb_populate_record", "json_populate_recordset", "jsonb_populate_recordset"};
constexpr std::array<std::string_view, 24> kVolatile = {
    "random", "now", "clock_timestamp", "statement_timestamp", "transaction_timestamp", "timeofday", "setseed", "nextval", "currval", "lastval", "setval",
    "gen_random_uuid", "pg_sleep", "txid_current", "pg_backend_pid", "version", "current_setting", "set_config", "pg_current_xact_id", "inet_client_addr",
    "current_schema", "current_database", "pg_typeof", "random_normal"};

// CURRENT_DATE, of SVFOP_CURRENT_DATE.
std::string name_of_word(const Json& body) {
  std::string name = text_field(body, "op");
  if (name.starts_with("SVFOP_")) name.erase(0, 6);
  if (name.ends_with("_N")) name.resize(name.size() - 2);
  return name;
}

const std::map<std::string, TypeId> kTypes = {
    {"bool", TypeId::kBoolean}, {"int2", TypeId::kSmallint}, {"int4", TypeId::kInteger}, {"int8", TypeId::kBigint}, {"float4", TypeId::kReal},
    {"float8", TypeId::kDouble}, {"numeric", TypeId::kNumeric}, {"text", TypeId::kText}, {"varchar", TypeId::kVarchar}, {"date", TypeId::kDate},
    {"timestamp", TypeId::kTimestamp}, {"interval", TypeId::kInterval}, {"timestamptz", TypeId::kTimestamptz},
    {"time", TypeId::kTime}, {"bpchar", TypeId::kBpchar}, {"uuid", TypeId::kUuid}, {"bytea", TypeId::kBytea},
    {"json", TypeId::kJson}, {"jsonb", TypeId::kJsonb}};
constexpr std::array<std::string_view, 37> kForeign = {
    "timetz", "bit", "varbit", "xml", "money", "inet", "cidr", "macaddr", "macaddr8", "point",
    "line", "lseg", "box", "path", "polygon", "circle", "tsvector", "tsquery", "oid", "name", "char", "serial", "serial4", "bigserial", "serial8", "smallserial",
    "serial2", "int4range", "int8range", "numrange", "tsrange", "tstzrange", "daterange", "regclass", "regtype", "pg_lsn", "record"};

template <std::size_t N>
bool among(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// The argument of -5 as the grammar folded it: libpg_query prints no negative integer, but says where its sign stands.
std::int64_t folded_integer(const std::string& text, int offset) {
  std::int64_t value = 0;
  bool negative = false;
  for (std::size_t i = offset < 0 ? text.size() : static_cast<std::size_t>(offset); i < text.size(); ++i) {
    const char c = text[i];
    if (c >= '0' && c <= '9') {
      std::from_chars(text.data() + i, text.data() + text.size(), value);
      break;
    }
    if (c == '-' && text.compare(i, 2, "--") == 0) {
      i = text.find('\n', i);
      if (i == std::string::npos) break;
    } else if (c == '/' && text.compare(i, 2, "/*") == 0) {
      int depth = 1;
      for (i += 2; i + 1 < text.size() && depth; ++i) {
        if (text.compare(i, 2, "/*") == 0) ++depth, ++i;
        else if (text.compare(i, 2, "*/") == 0) --depth, ++i;
      }
      --i;
    } else if (c == '-') {
      negative = !negative;
    }
  }
  return negative ? -value : value;
}

std::vector<ExprPtr> two(ExprPtr a, ExprPtr b) {
  std::vector<ExprPtr> out;
  out.push_back(std::move(a));
  out.push_back(std::move(b));
  return out;
}

std::vector<ExprPtr> one(ExprPtr a) {
  std::vector<ExprPtr> out;
  out.push_back(std::move(a));
  return out;
}

// Where no set-returning function may stand, whatever is around.
Context single(const Context& around, std::string_view clause) {
  Context inside = around;
  inside.rows = false;
  if (around.rows) inside.clause = clause;
  return inside;
}

ExprPtr both(Expr::Node node, ExprPtr a, ExprPtr b, int offset) { return Expr::make(node, kBoolean, two(std::move(a), std::move(b)), offset); }

}  // namespace

// ------------------------------------------------------------------------------------------------------------------- dispatch

ExprPtr Binder::bind(const Json& node, const Context& context) {
  const Depth depth(depth_);
  const auto [type, body] = open(node);
  const int offset = location(*body);
  if (type == "ColumnRef") return bind_column(*body, context);
  if (type == "A_Const") return bind_constant(*body);
  if (type == "A_Expr") return bind_operation(*body, context);
  if (type == "BoolExpr") {
    only(*body, "a condition", {"boolop", "args"});
    const std::string op = text_field(*body, "boolop");
    const Context inside = single(context, "arguments of AND, OR and NOT");
    std::vector<ExprPtr> args;
    for (const Json& arg : at(*body, "args")) {
      args.push_back(coerce(bind(arg, inside), kBoolean, Cast::kImplicit, location(*open(arg).second)));
      if (args.back()->type != kBoolean) {
        throw Failure(ErrorCode::kType, "argument of " + op.substr(0, op.find('_')) + " must be type boolean, not type " + args.back()->type.to_string(), offset);
      }
    }
    if (op == "NOT_EXPR") return bind_operator("not", std::move(args), offset);
    return Expr::make(op == "AND_EXPR" ? Expr::Node::kAnd : Expr::Node::kOr, kBoolean, std::move(args), offset);
  }
  if (type == "NullTest") {
    only(*body, "a null test", {"arg", "nulltesttype", "argisrow"});
    const bool negated = text_field(*body, "nulltesttype") == "IS_NOT_NULL";
    const std::string_view op = negated ? "is not null" : "is null";
    const auto [inside, row] = open(at(*body, "arg"));
    if (inside == "RowExpr") {  // every field is (not) NULL
      std::vector<ExprPtr> tests;
      for (const Json& item : at(*row, "args")) tests.push_back(bind_operator(op, one(bind(item, context)), offset));
      if (tests.empty()) unsupported("a null test of an empty row", offset);
      return tests.size() == 1 ? std::move(tests[0]) : Expr::make(Expr::Node::kAnd, kBoolean, std::move(tests), offset);
    }
    return bind_operator(op, one(bind(at(*body, "arg"), context)), offset);
  }
  if (type == "BooleanTest") {
    only(*body, "a truth test", {"arg", "booltesttype"});
    std::string op = text_field(*body, "booltesttype");  // IS_NOT_TRUE
    for (char& c : op) c = c == '_' ? ' ' : static_cast<char>(c - 'A' + 'a');
    return bind_operator(op, one(bind(at(*body, "arg"), single(context, "truth tests"))), offset);
  }
  if (type == "CaseExpr") return bind_case(*body, context);
  if (type == "TypeCast") return bind_cast(*body, context);
  if (type == "FuncCall") return bind_function(*body, context);
  if (type == "CoalesceExpr") {
    only(*body, "COALESCE", {"args"});
    Context inside = context;
    inside.rows = false;
    inside.clause = "COALESCE";
    return bind_call("coalesce", bind_list(at(*body, "args"), inside), nullptr, offset);
  }
  if (type == "MinMaxExpr") {
    only(*body, "GREATEST", {"op", "args"});
    return bind_call(text_field(*body, "op") == "IS_GREATEST" ? "greatest" : "least", bind_list(at(*body, "args"), context), nullptr, offset);
  }
  if (type == "CollateClause") {
    const std::vector<std::string> name = strings_of(at(*body, "collname"));
    if (name.empty() || (name.back() != "C" && name.back() != "POSIX" && name.back() != "ucs_basic")) unsupported("COLLATE " + (name.empty() ? "" : name.back()), offset);
    ExprPtr inside = bind(at(*body, "arg"), context);
    if (inside->type.id == TypeId::kUnknown) inside = coerce(std::move(inside), Type{TypeId::kText, 0, 0}, Cast::kImplicit, offset);
    if (inside->type.id != TypeId::kText && inside->type.id != TypeId::kVarchar && inside->type.id != TypeId::kBpchar) {
      throw Failure(ErrorCode::kType, "collations are not supported by type " + inside->type.to_string(), offset);
    }
    return inside;
  }
  if (type == "SubLink") return bind_sublink(*body, context);
  if (type == "RowExpr") unsupported("a row value here", offset);
  if (type == "SetToDefault") throw Failure(ErrorCode::kSyntax, "DEFAULT is not allowed in this context", offset);
  if (type == "SQLValueFunction") return bind_time_word(*body);
  if (type == "ParamRef") return bind_parameter(*body);
  if (type == "A_ArrayExpr") return bind_array_of(*body, nullptr, context);
  if (type == "A_Indirection") return bind_subscript(*body, context);
  if (type == "GroupingFunc") return bind_grouping(*body, context);
  if (type == "XmlExpr" || type == "XmlSerialize") unsupported("XML", offset);
  if (type == "NamedArgExpr") unsupported("an argument by name", offset);
  unsupported(spaced(type), offset);
}

ExprPtr Binder::bind_now(int offset) const {
  constexpr Type type{TypeId::kTimestamptz, 0, 0};
  if (now_ == Now::kLive) return Expr::make(Expr::Node::kNow, type, {}, offset);
  return Expr::make_constant(Datum::of(catalog_.now()), type, offset);
}

ExprPtr Binder::bind_time_word(const Json& body) const {
  static const std::map<std::string_view, TypeId> kTimes = {
      {"CURRENT_TIMESTAMP", TypeId::kTimestamptz}, {"LOCALTIMESTAMP", TypeId::kTimestamp}, {"CURRENT_DATE", TypeId::kDate}, {"LOCALTIME", TypeId::kTime}};
  const std::string name = name_of_word(body);
  const auto found = kTimes.find(name);
  if (found == kTimes.end() || now_ == Now::kRefused) throw Failure(ErrorCode::kUnsupported, name + " is volatile: a live view cannot depend on it", location(body));
  Type type{found->second, 0, 0};
  if (body.contains("typmod") && text_field(body, "op").ends_with("_N")) type.precision = std::min(body.value("typmod", 6), 6) + 1;
  return coerce(bind_now(location(body)), type, Cast::kExplicit, location(body));
}

ExprPtr Binder::bind_boolean(const Json& node, const Context& context) {
  const int offset = location(*open(node).second);
  ExprPtr expr = bind(node, context);
  if (expr->type.id == TypeId::kUnknown) expr = coerce(std::move(expr), kBoolean, Cast::kImplicit, offset);
  if (expr->type != kBoolean) {
    throw Failure(ErrorCode::kType, "argument of " + std::string(context.clause) + " must be type boolean, not type " + expr->type.to_string(),
                  offset >= 0 ? offset : expr->offset);
  }
  return expr;
}

std::vector<ExprPtr> Binder::bind_list(const Json& list, const Context& context) {
  std::vector<ExprPtr> out;
  for (const Json& item : list) out.push_back(bind(item, context));
  return out;
}

// --------------------------------------------------------------------------------------------------------- columns, constants

ExprPtr Binder::bind_column(const Json& body, const Context& context) {
  only(body, "a column", {"fields"});
  const int offset = location(body);
  const Json& fields = at(body, "fields");
  if (open(fields.back()).first == "A_Star") unsupported("* here", offset);
  std::vector<std::string> names = strings_of(fields);
  if (names.size() == 3 && names[0] == "public") names.erase(names.begin());
  if (names.size() > 2) unsupported("a name of " + std::to_string(names.size()) + " parts", offset);
  if (!context.scope) {
    throw Failure(ErrorCode::kUnknownName, "a column cannot stand in " + std::string(context.clause), offset);
  }
  const std::string table = names.size() == 2 ? names[0] : std::string();
  const Scope* scope = nullptr;
  const ScopeColumn column = look_up(*context.scope, table, names.back(), offset, &scope);
  ExprPtr expr = weir::column_of(scope->schema, column.index);
  expr->offset = offset;
  return scope == context.scope ? std::move(expr) : reference(*scope, std::move(expr));
}

ExprPtr Binder::bind_constant(const Json& body) {
  const int offset = location(body);
  Arena arena;
  if (flag(body, "isnull")) return Expr::make_constant(Datum::of_null(Kind::kBytes), Type{}, offset);
  if (const Json* field = find(body, "ival")) {
    const Json* value = find(*field, "ival");
    const bool negative = !value && offset >= 0 && static_cast<std::size_t>(offset) < text_.size() && text_[static_cast<std::size_t>(offset)] == '-';
    const std::int64_t i = value ? value->get<std::int64_t>() : negative ? folded_integer(text_, offset) : 0;
    return Expr::make_constant(Datum::of(i), Type{TypeId::kInteger, 0, 0}, offset);
  }
  if (const Json* field = find(body, "fval")) {
    const std::string text = text_field(*field, "fval");
    if (text.find_first_not_of("-0123456789") == std::string::npos) {
      std::int64_t i = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), i);
      if (error == std::errc() && end == text.data() + text.size()) {
        const bool small = i >= INT32_MIN && i <= INT32_MAX;
        return Expr::make_constant(Datum::of(i), Type{small ? TypeId::kInteger : TypeId::kBigint, 0, 0}, offset);
      }
    }
    return Expr::make_constant(Datum::of(Numeric::parse(text).encode(arena)), Type{TypeId::kNumeric, 0, 0}, offset);
  }
  if (const Json* field = find(body, "boolval")) return Expr::make_constant(Datum::of(flag(*field, "boolval")), kBoolean, offset);
  if (const Json* field = find(body, "sval")) {
    const std::string text = text_field(*field, "sval");
    return Expr::make_constant(Datum::of(Bytes(text)), Type{}, offset);
  }
  if (body.contains("bsval")) unsupported("a bit string", offset);
  unsupported("this constant", offset);
}

ExprPtr Binder::bind_parameter(const Json& body) {
  const int offset = location(body), number = body.value("number", 0);
  if (!parameters_ || !parameters_->allowed || number < 1 || number > kParametersMost) {
    throw Failure(ErrorCode::kUnknownName, "there is no parameter $" + std::to_string(number), offset);
  }
  const auto n = static_cast<std::size_t>(number - 1);
  if (parameters_->values) {
    ExprPtr value = parameters_->values->at(n)->clone();
    value->offset = offset;
    return value;
  }
  if (parameters_->types.size() <= n) parameters_->types.resize(n + 1);
  ExprPtr out = Expr::make(Expr::Node::kParameter, parameters_->types[n], {}, offset);
  out->column = static_cast<std::uint16_t>(n);
  return out;
}

std::int64_t Binder::integer_of(const Json& node, std::string_view what) {
  const auto [type, body] = open(node);
  if (type == "A_Const" && body->contains("ival")) return bind_constant(*body)->constant.get().integer;
  throw Failure(ErrorCode::kSyntax, std::string(what) + " must be a number", location(*body));
}

// ------------------------------------------------------------------------------------------------------------------ operators

ExprPtr Binder::compare_rows(const std::string& op, std::vector<ExprPtr> left, std::vector<ExprPtr> right, int offset) {
  if (left.size() != right.size()) throw Failure(ErrorCode::kType, "unequal number of entries in row expressions", offset);
  if (left.empty()) throw Failure(ErrorCode::kType, "cannot compare rows of zero length", offset);
  if (op == "=" || op == "<>") {
    std::vector<ExprPtr> tests;
    for (std::size_t i = 0; i < left.size(); ++i) tests.push_back(bind_operator(op, two(std::move(left[i]), std::move(right[i])), offset));
    if (tests.size() == 1) return std::move(tests[0]);
    return Expr::make(op == "=" ? Expr::Node::kAnd : Expr::Node::kOr, kBoolean, std::move(tests), offset);
  }
  if (op != "<" && op != "<=" && op != ">" && op != ">=") unsupported("operator " + op + " between rows", offset);
  // a < c, or a = c and (…): from the last field outwards.
  const std::string strict = op.substr(0, 1);
  ExprPtr result;
  for (std::size_t i = left.size(); i-- > 0;) {
    if (!result) {
      result = bind_operator(op, two(std::move(left[i]), std::move(right[i])), offset);
      continue;
    }
    ExprPtr first = bind_operator(strict, two(left[i]->clone(), right[i]->clone()), offset);
    ExprPtr equal = bind_operator("=", two(std::move(left[i]), std::move(right[i])), offset);
    result = both(Expr::Node::kOr, std::move(first), both(Expr::Node::kAnd, std::move(equal), std::move(result), offset), offset);
  }
  return result;
}

ExprPtr Binder::bind_comparison(const std::string& op, const Json& left, const Json& right, const Context& context, int offset) {
  const auto [left_type, left_body] = open(left);
  const auto [right_type, right_body] = open(right);
  if (left_type == "RowExpr" && right_type == "RowExpr") {
    const Context inside = single(context, "comparisons of rows");
    return compare_rows(op, bind_list(at(*left_body, "args"), inside), bind_list(at(*right_body, "args"), inside), offset);
  }
  if (left_type == "RowExpr" && right_type == "SubLink" && text_field(*right_body, "subLinkType") == "EXPR_SUBLINK") {
    std::vector<ExprPtr> row = bind_list(at(*left_body, "args"), single(context, "comparisons of rows"));
    std::vector<ExprPtr> columns = bind_row_sublink(*right_body, context);
    if (row.size() < columns.size()) throw Failure(ErrorCode::kSyntax, "subquery has too many columns", location(*right_body));
    if (row.size() > columns.size()) throw Failure(ErrorCode::kSyntax, "subquery has too few columns", location(*right_body));
    return compare_rows(op, std::move(row), std::move(columns), offset);
  }
  ExprPtr a = bind(left, context);
  return bind_operator(op, two(std::move(a), bind(right, context)), offset);
}

ExprPtr Binder::bind_operation(const Json& body, const Context& context) {
  only(body, "an operator", {"kind", "name", "lexpr", "rexpr"});
  const int offset = location(body);
  const std::string kind = text_field(body, "kind");
  const std::vector<std::string> names = strings_of(at(body, "name"));
  const std::string op = names.back();
  if (names.size() > 1 && names[0] != "pg_catalog") unsupported("OPERATOR(" + names[0] + "." + op + ")", offset);
  const Json* left = find(body, "lexpr");
  const Json& right = at(body, "rexpr");
  const auto [right_type, right_body] = open(right);

  if (kind == "AEXPR_OP") {
    if (left) return bind_comparison(op, *left, right, context, offset);
    return bind_operator(op, one(bind(right, context)), offset);
  }
  if (kind == "AEXPR_DISTINCT" || kind == "AEXPR_NOT_DISTINCT") {
    const std::string_view test = kind == "AEXPR_DISTINCT" ? "is distinct from" : "is not distinct from";
    const auto [left_type, left_body] = open(*left);
    if (left_type == "RowExpr" && right_type == "RowExpr") {
      std::vector<ExprPtr> a = bind_list(at(*left_body, "args"), context), b = bind_list(at(*right_body, "args"), context), tests;
      if (a.size() != b.size()) throw Failure(ErrorCode::kType, "unequal number of entries in row expressions", offset);
      if (a.empty()) throw Failure(ErrorCode::kType, "cannot compare rows of zero length", offset);
      for (std::size_t i = 0; i < a.size(); ++i) tests.push_back(bind_operator(test, two(std::move(a[i]), std::move(b[i])), offset));
      return Expr::make(kind == "AEXPR_DISTINCT" ? Expr::Node::kOr : Expr::Node::kAnd, kBoolean, std::move(tests), offset);
    }
    ExprPtr a = bind(*left, context), b = bind(right, context);
    const auto is_null = [](const Expr& e) { return e.node == Expr::Node::kConstant && e.type.id == TypeId::kUnknown && e.constant.get().null; };
    if (is_null(*b)) return bind_operator(kind == "AEXPR_DISTINCT" ? "is not null" : "is null", one(std::move(a)), offset);
    if (is_null(*a)) return bind_operator(kind == "AEXPR_DISTINCT" ? "is not null" : "is null", one(std::move(b)), offset);
    return bind_operator(test, two(std::move(a), std::move(b)), offset);
  }
  if (kind == "AEXPR_NULLIF") {
    ExprPtr a = bind(*left, context);
    return bind_call("nullif", two(std::move(a), bind(right, context)), nullptr, offset);
  }
  if (kind == "AEXPR_IN") {
    const bool negated = op == "<>";
    const auto [left_type, left_body] = open(*left);
    if (left_type == "RowExpr") {
      std::vector<ExprPtr> tests;
      for (const Json& item : at(*right_body, "items")) tests.push_back(bind_comparison("=", *left, item, context, offset));
      ExprPtr any = tests.size() == 1 ? std::move(tests[0]) : Expr::make(Expr::Node::kOr, kBoolean, std::move(tests), offset);
      return negated ? bind_operator("not", one(std::move(any)), offset) : std::move(any);
    }
    std::vector<ExprPtr> args = one(bind(*left, context));
    for (const Json& item : at(*right_body, "items")) args.push_back(bind(item, context));
    return bind_operator(negated ? "not in" : "in", std::move(args), offset);
  }
  if (kind == "AEXPR_LIKE" || kind == "AEXPR_ILIKE") {
    ExprPtr a = bind(*left, context);
    return bind_operator(op, two(std::move(a), bind(right, context)), offset);
  }
  if (kind == "AEXPR_SIMILAR") {
    ExprPtr a = bind(*left, context);
    return bind_operator(op, two(std::move(a), bind(right, context)), offset);
  }
  if (kind.starts_with("AEXPR_BETWEEN") || kind.starts_with("AEXPR_NOT_BETWEEN")) {
    const Json& low = at(*right_body, "items")[0];
    const Json& high = at(*right_body, "items")[1];
    const Context inside = single(context, "BETWEEN");
    const auto range = [&](const Json& from, const Json& to) {
      ExprPtr above = bind_comparison(">=", *left, from, inside, offset);
      return both(Expr::Node::kAnd, std::move(above), bind_comparison("<=", *left, to, inside, offset), offset);
    };
    const auto outside = [&](const Json& from, const Json& to) {
      ExprPtr below = bind_comparison("<", *left, from, inside, offset);
      return both(Expr::Node::kOr, std::move(below), bind_comparison(">", *left, to, inside, offset), offset);
    };
    if (kind == "AEXPR_BETWEEN") return range(low, high);
    if (kind == "AEXPR_NOT_BETWEEN") return outside(low, high);
    if (kind == "AEXPR_BETWEEN_SYM") {
      ExprPtr first = range(low, high);
      return both(Expr::Node::kOr, std::move(first), range(high, low), offset);
    }
    ExprPtr first = outside(low, high);
    return both(Expr::Node::kAnd, std::move(first), outside(high, low), offset);
  }
  if (kind == "AEXPR_OP_ANY" || kind == "AEXPR_OP_ALL") {
    const bool all = kind == "AEXPR_OP_ALL";
    ExprPtr a = bind(*left, context);
    if (right_type != "A_ArrayExpr" || !right_body->contains("elements")) {
      return bind_quantified(op, std::move(a), bind(right, context), all, offset);
    }
    std::vector<ExprPtr> items = bind_list(at(*right_body, "elements"), context);
    std::vector<Type> types;
    for (const ExprPtr& item : items) types.push_back(item->type);
    const Type element = common_type(types, "ARRAY", offset);
    if (is_array(element.id)) unsupported("an array of arrays", offset);
    for (ExprPtr& item : items) item = coerce(std::move(item), element, Cast::kImplicit, offset);
    std::vector<ExprPtr> tests;
    for (ExprPtr& item : items) tests.push_back(bind_operator(op, two(a->clone(), std::move(item)), offset));
    if (tests.size() == 1) return std::move(tests[0]);
    return Expr::make(all ? Expr::Node::kAnd : Expr::Node::kOr, kBoolean, std::move(tests), offset);
  }
  unsupported("operator " + op, offset);
}

ExprPtr Binder::bind_case(const Json& body, const Context& around) {
  Context context = around;
  context.rows = false;
  if (around.rows) context.clause = "CASE";
  only(body, "CASE", {"arg", "args", "defresult"});
  const int offset = location(body);
  const Json* subject = find(body, "arg");
  ExprPtr compared = subject ? bind(*subject, context) : nullptr;
  if (compared && compared->type.id == TypeId::kUnknown) compared = coerce(std::move(compared), Type{TypeId::kText, 0, 0}, Cast::kImplicit, offset);
  std::vector<ExprPtr> conditions, results;
  for (const Json& item : at(body, "args")) {
    const auto [type, when] = open(item);
    only(*when, "WHEN", {"expr", "result"});
    if (compared) {
      conditions.push_back(bind_operator("=", two(compared->clone(), bind(at(*when, "expr"), context)), location(*when)));
    } else {
      Context inside = context;
      inside.clause = "CASE/WHEN";
      conditions.push_back(bind_boolean(at(*when, "expr"), inside));
    }
    results.push_back(bind(at(*when, "result"), context));
  }
  const Json* otherwise = find(body, "defresult");
  results.push_back(otherwise ? bind(*otherwise, context) : Expr::make_constant(Datum::of_null(Kind::kBytes), Type{}, offset));
  std::vector<Type> types = {results.back()->type};  // PostgreSQL looks at ELSE first
  for (std::size_t i = 0; i + 1 < results.size(); ++i) types.push_back(results[i]->type);
  const Type type = common_type(types, "CASE", offset);
  std::vector<ExprPtr> args;
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (i < conditions.size()) args.push_back(std::move(conditions[i]));
    args.push_back(coerce(std::move(results[i]), type, Cast::kImplicit, offset));
  }
  return Expr::make(Expr::Node::kCase, type, std::move(args), offset);
}

// ---------------------------------------------------------------------------------------------------------------------- casts

bool names_builtin_type(const std::string& name) { return kTypes.contains(name) || among(kForeign, name); }

Type Binder::bind_type(const Json& body, bool literal, std::vector<std::int64_t>* interval_modifiers) {
  only(body, "a type", {"names", "typmods", "typemod", "arrayBounds", "pct_type", "setof"});
  const int offset = location(body);
  std::vector<std::string> names = strings_of(at(body, "names"));
  const std::string name = names.back();
  if (flag(body, "setof")) unsupported("SETOF", offset);
  if (flag(body, "pct_type")) unsupported("%TYPE", offset);
  if (const Json* bounds = find(body, "arrayBounds")) {
    if (bounds->size() > 1) unsupported("type " + name + "[][]: an array of more than one dimension", offset);
    Json element = body;
    element.erase("arrayBounds");
    Type type = bind_type(element, false, nullptr);
    type.id = array_of(type.id);
    return type;
  }
  if (names.size() > 2 || (names.size() == 2 && names[0] != "pg_catalog")) unsupported("type " + names[0] + "." + name, offset);
  std::vector<std::int64_t> modifiers;
  if (const Json* list = find(body, "typmods")) {
    for (const Json& item : *list) modifiers.push_back(integer_of(item, "a type modifier"));
  }
  const auto found = kTypes.find(name);
  if (found == kTypes.end()) {
    static const std::map<std::string, std::string> kSpelled = {{"timetz", "time with time zone"},
                                                                {"varbit", "bit varying"}};
    const auto spelled = kSpelled.find(name);
    if (catalog_.find_domain(name)) unsupported("domain \"" + name + "\" here", offset);
    if (spelled != kSpelled.end()) unsupported("type " + spelled->second, offset);
    if (among(kForeign, name)) unsupported("type " + name, offset);
    throw Failure(ErrorCode::kUnknownName, "type \"" + name + "\" does not exist", offset);
  }
  Type type{found->second, 0, 0};
  if (modifiers.empty()) return type;
  if (type.id == TypeId::kNumeric) {
    const std::int64_t precision = modifiers[0], scale = modifiers.size() > 1 ? modifiers[1] : 0;
    if (precision < 1 || precision > 1000) {
      throw Failure(ErrorCode::kType, "NUMERIC precision " + std::to_string(precision) + " must be between 1 and 1000", offset);
    }
    if (scale < -1000 || scale > 1000) throw Failure(ErrorCode::kType, "NUMERIC scale " + std::to_string(scale) + " must be between -1000 and 1000", offset);
    if (scale < 0 || scale > precision) unsupported("NUMERIC with a scale that is negative or larger than its precision", offset);
    type.precision = static_cast<std::int32_t>(precision);
    type.scale = static_cast<std::int32_t>(scale);
  } else if (type.id == TypeId::kVarchar || type.id == TypeId::kBpchar) {
    const std::string spelling = type.id == TypeId::kVarchar ? "varchar" : "char";
    if (modifiers[0] < 1) throw Failure(ErrorCode::kType, "length for type " + spelling + " must be at least 1", offset);
    if (modifiers[0] > 10485760) throw Failure(ErrorCode::kType, "length for type " + spelling + " cannot exceed 10485760", offset);
    type.precision = static_cast<std::int32_t>(modifiers[0]);
  } else if (type.id == TypeId::kTimestamp || type.id == TypeId::kTimestamptz || type.id == TypeId::kTime) {
    type.precision = static_cast<std::int32_t>(std::min<std::int64_t>(modifiers[0], 6)) + 1;
  } else if (type.id == TypeId::kInterval) {
    constexpr std::int64_t kAllFields = 0x7FFF;
    if (modifiers.size() > 1 || (modifiers[0] != kAllFields && !(literal && interval_modifiers))) unsupported("INTERVAL with fields or a precision", offset);
    if (interval_modifiers) *interval_modifiers = std::move(modifiers);
  } else {
    throw Failure(ErrorCode::kType, "type modifier is not allowed for type \"" + name + "\"", offset);
  }
  return type;
}

ExprPtr Binder::bind_cast(const Json& body, const Context& context) {
  only(body, "a cast", {"arg", "typeName"});
  const auto [kind, constant] = open(at(body, "arg"));
  const bool literal = kind == "A_Const" && constant->contains("sval");
  std::vector<std::int64_t> modifiers;
  const int offset = location(body) >= 0 ? location(body) : location(at(body, "typeName"));
  if (const auto* domain = domain_named(at(body, "typeName"))) {
    if (std::find(cast_domains_.begin(), cast_domains_.end(), (*domain)->name) == cast_domains_.end()) cast_domains_.push_back((*domain)->name);
    return in_domain(coerce(bind(at(body, "arg"), context), (*domain)->type, Cast::kExplicit, offset), **domain);
  }
  const Type type = bind_type(at(body, "typeName"), literal, &modifiers);
  if (kind == "A_ArrayExpr" && is_array(type.id)) return coerce(bind_array_of(*constant, &type, context), type, Cast::kExplicit, offset);
  ExprPtr inside = bind(at(body, "arg"), context);
  if (!modifiers.empty() && modifiers[0] != 0x7FFF) {
    // INTERVAL '5' DAY: a bare number counts in the last unit named.
    static const std::map<std::int64_t, std::string> kUnits = {{1 << 1, "month"}, {1 << 2, "year"}, {1 << 3, "day"}, {1 << 10, "hour"}, {1 << 11, "minute"}, {1 << 12, "second"}};
    const std::string text(inside->constant.get().bytes.view());
    const auto unit = kUnits.find(modifiers[0]);
    const std::size_t digits = text.find_first_not_of("+-");
    const bool number = digits != std::string::npos && digits <= 1 && text.find_first_not_of(unit != kUnits.end() && unit->second == "second" ? "0123456789." : "0123456789", digits) == std::string::npos;
    if (unit == kUnits.end() || !number) unsupported("INTERVAL with fields", location(at(body, "typeName")));
    const std::string spelled = text + " " + unit->second;
    inside = Expr::make_constant(Datum::of(Bytes(spelled)), Type{}, inside->offset);
  }
  return coerce(std::move(inside), type, Cast::kExplicit, offset);
}

// --------------------------------------------------------------------------------------------------------------------- arrays

ExprPtr Binder::bind_array_of(const Json& body, const Type* array, const Context& context) {
  only(body, "ARRAY", {"elements"});
  const Json* list = find(body, "elements");
  const Type element = array ? Type{element_of(array->id), array->precision, array->scale} : Type{};
  return bind_array(list ? bind_list(*list, context) : std::vector<ExprPtr>(), array ? &element : nullptr, location(body));
}

ExprPtr Binder::bind_subscript(const Json& body, const Context& context) {
  only(body, "a subscript", {"arg", "indirection"});
  const Json& list = at(body, "indirection");
  const int offset = location(*open(at(body, "arg")).second);
  for (const Json& item : list) {
    if (open(item).first != "A_Indices") unsupported("a field of a value", offset);
  }
  ExprPtr array = bind(at(body, "arg"), context);
  if (array->type.id == TypeId::kJsonb) return bind_json_subscripts(std::move(array), list, context);
  if (list.size() > 1) unsupported("more than one subscript", offset);
  const Json& indices = *open(list[0]).second;
  if (!is_array(array->type.id)) {
    throw Failure(ErrorCode::kType, "cannot subscript type " + Type{array->type.id, 0, 0}.to_string() + " because it does not support subscripting", offset);
  }
  const Type type = array->type, integer{TypeId::kInteger, 0, 0};
  std::vector<ExprPtr> args = one(std::move(array));
  const auto add = [&](const char* field, std::int64_t otherwise) {
    const Json* node = find(indices, field);
    ExprPtr e = node ? bind(*node, context) : Expr::make_constant(Datum::of(otherwise), integer, offset);
    const TypeId from = e->type.id;
    if (from != TypeId::kUnknown && from != TypeId::kNumeric && !(from >= TypeId::kSmallint && from <= TypeId::kDouble)) {
      throw Failure(ErrorCode::kType, "array subscript must have type integer", e->offset);
    }
    args.push_back(coerce(std::move(e), integer, Cast::kAssignment, offset));
  };
  if (!flag(indices, "is_slice")) {
    add("uidx", 0);
    const Function& f = array_subscript(type.id);
    return Expr::make_call(f, Type{element_of(type.id), type.precision, type.scale}, std::move(args), offset);
  }
  add("lidx", 1);
  add("uidx", INT32_MAX);
  return Expr::make_call(array_slice(type.id), type, std::move(args), offset);
}

// ------------------------------------------------------------------------------------------------------------------ functions

ExprPtr Binder::bind_function(const Json& body, const Context& context) {
  only(body, "a function call",
       {"funcname", "args", "agg_order", "agg_filter", "over", "agg_within_group", "agg_star", "agg_distinct", "func_variadic", "funcformat"});
  const int offset = location(body);
  const std::vector<std::string> names = strings_of(at(body, "funcname"));
  const std::string name = names.back();
  if (names.size() > 2 || (names.size() == 2 && names[0] != "pg_catalog" && names[0] != "public")) unsupported("a schema of functions", offset);
  if (flag(body, "func_variadic")) unsupported("VARIADIC", offset);
  const bool user = !catalog_.find(name).empty();
  if (body.contains("over")) {
    if (name == "json_object_agg" || name == "jsonb_object_agg") unsupported(name + " with OVER", offset);
    if (!is_json_aggregate(name)) return bind_window(name, body, context);
    ExprPtr rows = bind_window("array_agg", body, context);
    const Function& collection = json_collection(rows->type.id, name == "json_agg" ? TypeId::kJson : TypeId::kJsonb, false);
    return Expr::make_call(collection, collection.result, one(std::move(rows)), offset);
  }
  const std::optional<AggregateFunction> aggregate = aggregate_named(name);
  if (!user && is_json_aggregate(name)) return bind_aggregate(name, body, context);
  if (!user && aggregate && (flag(body, "agg_within_group") || !is_hypothetical(*aggregate))) return bind_aggregate(name, body, context);
  if (!user && among(kWindowFunctions, name)) throw Failure(ErrorCode::kSyntax, "window function " + name + " requires an OVER clause", offset);
  if (!user && returns_rows(name)) return bind_rows_call(name, body, context);
  if (!user && among(kOtherAggregates, name)) unsupported("function " + name, offset);
  if (!user && now_ != Now::kRefused && !body.contains("args") && (name == "now" || name == "transaction_timestamp" || name == "statement_timestamp")) return bind_now(offset);
  if (!user && among(kVolatile, name)) throw Failure(ErrorCode::kUnsupported, name + "() is volatile: a live view cannot depend on it", offset);
  for (const char* field : {"agg_within_group", "agg_order", "agg_filter", "agg_star", "agg_distinct"}) {
    if (body.contains(field)) {
      const std::string what = std::string(field) == "agg_within_group" ? "WITHIN GROUP" : std::string(field) == "agg_order" ? "ORDER BY" : std::string(field) == "agg_filter" ? "FILTER" : std::string(field) == "agg_star" ? "(*)" : "DISTINCT";
      throw Failure(ErrorCode::kType, what + " specified, but " + name + " is not an aggregate function", offset);
    }
  }
  const Json* list = find(body, "args");
  if (list && !user && (name == "to_json" || name == "to_jsonb" || name == "row_to_json" || name.starts_with("json_build_") || name.starts_with("jsonb_build_"))) {
    bool row = false;
    std::vector<ExprPtr> args = bind_json_list(name, *list, context, &row);
    if (row && args.size() == 1 && name.find("to_json") != std::string::npos) return std::move(args[0]);
    return bind_call(name, std::move(args), &catalog_, offset);
  }
  std::vector<ExprPtr> args;
  if (list) args = bind_list(*list, context);
  return bind_call(name, std::move(args), &catalog_, offset);
}

// ---------------------------------------------------------------------------------------------------------------------- names

namespace {

// PostgreSQL's FigureColname: how strongly a name suggests itself (2: a name, 1: a type, 0: none).
int figure_name(const Json& node, std::string& name) {
  const auto [type, body] = open(node);
  const auto take = [&](std::string_view found, int strength) {
    name = found;
    return strength;
  };
  if (type == "ColumnRef") {
    const std::string last = string_of(at(*body, "fields").back());
    return last.empty() ? 0 : take(last, 2);
  }
  if (type == "A_Indirection") {
    for (auto it = at(*body, "indirection").rbegin(); it != at(*body, "indirection").rend(); ++it) {
      if (const std::string field = string_of(*it); !field.empty()) return take(field, 2);
    }
    return figure_name(at(*body, "arg"), name);
  }
  if (type == "FuncCall") return take(string_of(at(*body, "funcname").back()), 2);
  if (type == "A_Expr") return text_field(*body, "kind") == "AEXPR_NULLIF" ? take("nullif", 2) : 0;
  if (type == "TypeCast") {
    const int strength = figure_name(at(*body, "arg"), name);
    return strength <= 1 ? take(string_of(at(at(*body, "typeName"), "names").back()), 1) : strength;
  }
  if (type == "CollateClause") return figure_name(at(*body, "arg"), name);
  if (type == "GroupingFunc") return take("grouping", 2);
  if (type == "SubLink") {
    const std::string kind = text_field(*body, "subLinkType");
    if (kind == "EXISTS_SUBLINK") return take("exists", 2);
    if (kind == "ARRAY_SUBLINK") return take("array", 2);
    if (kind == "EXPR_SUBLINK") {
      const Json* select = open(at(*body, "subselect")).second;
      while (const Json* left = find(*select, "larg")) select = left;
      if (const Json* list = find(*select, "targetList"); list && list->size() == 1) {
        const Json* target = open((*list)[0]).second;
        if (const std::string given = text_field(*target, "name"); !given.empty()) return take(given, 2);
        return figure_name(at(*target, "val"), name) ? 2 : take("?column?", 2);
      }
      return select->contains("valuesLists") ? take("column1", 2) : 0;
    }
    return 0;
  }
  if (type == "CaseExpr") {
    const Json* otherwise = find(*body, "defresult");
    const int strength = otherwise ? figure_name(*otherwise, name) : 0;
    return strength <= 1 ? take("case", 1) : strength;
  }
  if (type == "SQLValueFunction") {
    std::string word = name_of_word(*body);
    for (char& c : word) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    return take(word, 2);
  }
  if (type == "A_ArrayExpr") return take("array", 2);
  if (type == "RowExpr") return take("row", 2);
  if (type == "CoalesceExpr") return take("coalesce", 2);
  if (type == "MinMaxExpr") return take(text_field(*body, "op") == "IS_GREATEST" ? "greatest" : "least", 2);
  return 0;
}

}  // namespace

std::string Binder::output_name(const Json& node) {
  std::string name;
  return figure_name(node, name) ? name : "?column?";
}

}  // namespace weir
