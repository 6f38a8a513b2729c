// Generated columns and identity columns: how tables declare them, and what statements may put into them.

#include <algorithm>
#include <limits>

#include "sql/binder.h"

namespace weir {

const Relation::Generated* Relation::Rules::generated_column(std::uint16_t column) const {
  const auto found = std::find_if(generated.begin(), generated.end(), [&](const Generated& g) { return g.column == column; });
  return found == generated.end() ? nullptr : &*found;
}

const Relation::Identity* Relation::Rules::identity_column(std::uint16_t column) const {
  const auto found = std::find_if(identities.begin(), identities.end(), [&](const Identity& i) { return i.column == column; });
  return found == identities.end() ? nullptr : &*found;
}

const Expr* Relation::Rules::default_of(std::uint16_t column) const {
  if (column < defaults.size() && defaults[column]) return defaults[column].get();
  for (const auto& [its, domain] : domains) {
    if (its == column) return domain->default_value.get();
  }
  return nullptr;
}

namespace {

[[noreturn]] void refuse(const std::string& what, const Relation& table, std::uint16_t column, int offset) {
  throw Failure(ErrorCode::kSyntax, what + " specified for column \"" + table.schema[column].name + "\" of table \"" + table.name + "\"", offset);
}

const Expr* find_column(const Expr& expr, const std::function<bool(std::uint16_t)>& is) {
  if (expr.node == Expr::Node::kColumn && is(expr.column)) return &expr;
  for (const ExprPtr& arg : expr.args) {
    if (const Expr* found = find_column(*arg, is)) return found;
  }
  return nullptr;
}

// The parser's tree has no integers below 0: those are read where they stand.
std::int64_t sequence_value(const Json& option, const Type& type, std::string_view sql) {
  const auto [kind, value] = open(at(option, "arg"));
  std::string text = kind == "Float" ? text_field(*value, "fval") : std::to_string(value->value("ival", std::int64_t{0}));
  if (kind == "Integer" && !value->contains("ival")) {
    const auto from = std::min(static_cast<std::size_t>(std::max(location(option), 0)), sql.size());
    const std::size_t number = sql.find_first_of("0123456789", from), sign = sql.find('-', from);
    if (sign < number) text = "-" + std::string(sql.substr(number, sql.find_first_not_of("0123456789", number) - number));
  }
  Arena arena;
  try {
    return evaluate_constant(*coerce(Expr::make_constant(Datum::of(Bytes(text)), Type{}), type, Cast::kExplicit, location(option)), arena).integer;
  } catch (const Failure&) {
    throw Failure(ErrorCode::kSyntax, "value " + text + " of the sequence is out of range for type " + type.to_string(), location(option));
  }
}

}  // namespace

void Binder::add_generated(Relation& table, const Json& constraint, std::uint16_t column) {
  only(constraint, "a generated column", {"contype", "conname", "generated_when", "raw_expr"});
  const int offset = location(constraint);
  if (table.rules->generated_column(column)) refuse("multiple generation clauses", table, column, offset);
  if (column < table.rules->defaults.size() && table.rules->defaults[column]) refuse("both default and generation expression", table, column, offset);
  if (table.rules->identity_column(column)) refuse("both identity and generation expression", table, column, offset);
  Scope scope;
  ScopeTable columns;
  columns.name = table.name;
  for (std::size_t i = 0; i < table.schema.size(); ++i) columns.columns.push_back({table.schema[i].name, static_cast<std::uint16_t>(i)});
  scope.schema = table.schema;
  scope.columns = columns.columns;
  scope.tables.push_back(std::move(columns));
  Context context;
  context.scope = &scope;
  context.clause = "column generation expressions";
  ExprPtr value = fold(coerce(bind(at(constraint, "raw_expr"), context), table.schema[column].type, Cast::kAssignment, offset));
  table.rules->generated.push_back({column, std::move(value)});
}

void Binder::check_generated(const Relation& table) const {
  for (const Relation::Generated& generated : table.rules->generated) {
    const Expr* used = find_column(*generated.expr, [&](std::uint16_t c) { return table.rules->generated_column(c) != nullptr; });
    if (!used) continue;
    throw Failure(ErrorCode::kSyntax, "cannot use generated column \"" + table.schema[used->column].name + "\" in column generation expression", used->offset);
  }
}

// Of SERIAL: a constraint without a type.
void Binder::add_identity(Relation& table, const Json& constraint, std::uint16_t column) {
  only(constraint, "an identity column", {"contype", "conname", "generated_when", "options"});
  const int offset = location(constraint);
  Relation::Identity identity;
  identity.column = column;
  identity.serial = !constraint.contains("contype");
  identity.always = text_field(constraint, "generated_when") == "a";
  if (table.rules->identity_column(column)) {
    refuse(table.rules->identity_column(column)->serial ? "both default and identity" : "multiple identity specifications", table, column, offset);
  }
  if (column < table.rules->defaults.size() && table.rules->defaults[column]) refuse("both default and identity", table, column, offset);
  if (table.rules->generated_column(column)) refuse("both identity and generation expression", table, column, offset);
  const Type& type = table.schema[column].type;
  switch (type.id) {
    case TypeId::kSmallint: identity.most = std::numeric_limits<std::int16_t>::max(); break;
    case TypeId::kInteger: identity.most = std::numeric_limits<std::int32_t>::max(); break;
    case TypeId::kBigint: identity.most = std::numeric_limits<std::int64_t>::max(); break;
    default: throw Failure(ErrorCode::kType, "identity column type must be smallint, integer, or bigint", offset);
  }
  const std::int64_t lowest = -identity.most - 1;
  const Json *start = nullptr, *least = nullptr, *most = nullptr;
  for (const Json& item : at(constraint, "options")) {
    const Json& option = *open(item).second;
    const std::string name = text_field(option, "defname");
    const bool given = option.contains("arg");
    if (name == "start") start = &option;
    else if (name == "increment") identity.increment = sequence_value(option, Type{TypeId::kBigint, 0, 0}, text_);
    else if (name == "minvalue") least = given ? &option : nullptr;
    else if (name == "maxvalue") most = given ? &option : nullptr;
    else if (name == "cycle" ? flag(*open(at(option, "arg")).second, "boolval") : name != "cache") unsupported("an identity column with " + name, location(option));
  }
  if (identity.increment == 0) throw Failure(ErrorCode::kSyntax, "INCREMENT must not be zero", offset);
  if (identity.increment < 0) {
    identity.least = lowest;
    identity.most = -1;
  }
  if (least) identity.least = sequence_value(*least, type, text_);
  if (most) identity.most = sequence_value(*most, type, text_);
  if (identity.least >= identity.most) {
    throw Failure(ErrorCode::kSyntax, "MINVALUE (" + std::to_string(identity.least) + ") must be less than MAXVALUE (" + std::to_string(identity.most) + ")", offset);
  }
  identity.start = start ? sequence_value(*start, Type{TypeId::kBigint, 0, 0}, text_) : identity.increment > 0 ? identity.least : identity.most;
  if (identity.start < identity.least || identity.start > identity.most) {
    const bool low = identity.start < identity.least;
    throw Failure(ErrorCode::kSyntax, "START value (" + std::to_string(identity.start) + ") cannot be " + (low ? "less than MINVALUE (" : "greater than MAXVALUE (") +
                                          std::to_string(low ? identity.least : identity.most) + ")", offset);
  }
  table.schema.edit([&](Schema& fields) { fields[column].nullable = false; });
  table.rules->identities.push_back(identity);
}

bool Binder::insertable(const Relation& table, std::uint16_t column, bool is_default, Override override, int offset) const {
  const Relation::Identity* identity = table.rules->identity_column(column);
  const bool generated = table.rules->generated_column(column) != nullptr;
  if (!generated && !identity) return true;
  if (is_default) return false;
  if (identity && !identity->serial && override == Override::kUser) return false;
  if (generated || (identity->always && override != Override::kSystem)) {
    Failure failure(ErrorCode::kConstraint, "cannot insert a non-DEFAULT value into column \"" + table.schema[column].name + "\"", offset);
    failure.error().hint = generated ? "it is a generated column" : "it is an identity column: OVERRIDING SYSTEM VALUE takes the value all the same";
    throw failure;
  }
  return true;
}

bool Binder::updatable(const Relation& table, std::uint16_t column, bool is_default, int offset) const {
  const Relation::Identity* identity = table.rules->identity_column(column);
  const bool generated = table.rules->generated_column(column) != nullptr;
  if (!is_default && (generated || (identity && identity->always))) {
    throw Failure(ErrorCode::kConstraint, "column \"" + table.schema[column].name + "\" can only be updated to DEFAULT", offset);
  }
  if (is_default && identity) unsupported("DEFAULT for an identity column in UPDATE", offset);
  return !generated;
}

}  // namespace weir
