// CREATE DOMAIN, CREATE TYPE and their DROP, values made values of a domain; COMMENT.

#include <algorithm>

#include "sql/binder.h"
#include "zset/enum_type.h"

namespace weir {

namespace {

std::string plain_name(std::vector<std::string> names, int offset) {
  if (names.size() == 2 && names[0] == "public") names.erase(names.begin());
  if (names.size() != 1) unsupported("schema \"" + names[0] + "\"", offset);
  return names[0];
}

void refuse_builtin(const std::string& name, int offset) {
  if (names_builtin_type(name)) unsupported("a type with the name of the built-in \"" + name + "\"", offset);
}

}  // namespace

const std::shared_ptr<const Domain>* Binder::domain_named(const Json& type) const {
  std::vector<std::string> names = strings_of(at(type, "names"));
  if (names.size() == 2 && names[0] == "public") names.erase(names.begin());
  const std::shared_ptr<const Domain>* domain = names.size() == 1 ? catalog_.find_domain(names[0]) : nullptr;
  if (!domain) return nullptr;
  if (type.contains("arrayBounds")) unsupported("an array of domain \"" + names[0] + "\"", location(type));
  if (type.contains("typmods")) throw Failure(ErrorCode::kSyntax, "type modifier is not allowed for type \"" + names[0] + "\"", location(type));
  return domain;
}

ExprPtr Binder::in_domain(ExprPtr value, const Domain& domain) const {
  const int offset = value->offset;
  for (const Domain::Rule& rule : domain.rules) {
    std::vector<ExprPtr> by;
    by.push_back(value->clone());
    value = bind_demand(std::move(value), substitute(*rule.condition, by), rule.complaint, offset);
  }
  return value;
}

Statement Binder::create_domain(const Json& body) {
  only(body, "CREATE DOMAIN", {"domainname", "typeName", "constraints", "collClause"});
  const Json& type = at(body, "typeName");
  const int place = location(type);
  if (body.contains("collClause")) unsupported("COLLATE of a domain", place);
  auto domain = std::make_shared<Domain>();
  domain->name = plain_name(strings_of(at(body, "domainname")), place);
  refuse_builtin(domain->name, place);
  domain->definition = text_;
  if (const auto* base = domain_named(type)) {
    domain->base = (*base)->name;
    domain->type = (*base)->type;
    domain->default_value = (*base)->default_value;
    domain->rules = (*base)->rules;
    for (Domain::Rule& rule : domain->rules) rule.name.clear();  // names are free again
  } else {
    domain->type = bind_type(type, false, nullptr);
  }
  Scope scope;
  scope.schema = {{"value", domain->type, true}};
  scope.columns = {{"value", 0}};
  Context context;
  bool null = false, not_null = false, has_default = false;
  std::vector<const Json*> checks;
  for (const Json& item : at(body, "constraints")) {
    const Json& constraint = *open(item).second;
    const std::string kind = text_field(constraint, "contype");
    const int offset = location(constraint);
    if (kind == "CONSTR_DEFAULT") {
      only(constraint, "DEFAULT", {"contype", "conname", "raw_expr"});
      if (has_default) throw Failure(ErrorCode::kSyntax, "multiple default expressions", offset);
      has_default = true;
      context.clause = "DEFAULT expressions";
      domain->default_value = fold(coerce(bind(at(constraint, "raw_expr"), context), domain->type, Cast::kAssignment, offset));
    } else if (kind == "CONSTR_NOTNULL" || kind == "CONSTR_NULL") {
      only(constraint, "NOT NULL", {"contype", "conname"});
      (kind == "CONSTR_NULL" ? null : not_null) = true;
      if (null && not_null) throw Failure(ErrorCode::kSyntax, "conflicting NULL/NOT NULL constraints", offset);
    } else if (kind == "CONSTR_CHECK") {
      only(constraint, "CHECK", {"contype", "conname", "raw_expr", "initially_valid"});
      checks.push_back(&constraint);
    } else {
      throw Failure(ErrorCode::kSyntax, "this constraint is not possible for domains", offset);
    }
  }
  if (not_null) {
    std::vector<ExprPtr> value;
    value.push_back(weir::column_of(scope.schema, 0));
    domain->rules.push_back({"", "domain " + domain->name + " does not allow null values", bind_operator("is not null", std::move(value), place)});
  }
  context.scope = &scope;
  context.clause = "check constraints";
  for (const Json* constraint : checks) {
    const int offset = location(*constraint);
    std::string name = text_field(*constraint, "conname");
    const auto taken = [&](const std::string& n) { return std::any_of(domain->rules.begin(), domain->rules.end(), [&](const Domain::Rule& r) { return r.name == n; }); };
    if (!name.empty() && taken(name)) {
      throw Failure(ErrorCode::kDuplicateName, "constraint \"" + name + "\" for domain " + domain->name + " already exists", offset);
    }
    if (name.empty()) name = domain->name + "_check";
    const std::string base = name;
    for (int i = 1; taken(name); ++i) name = base + std::to_string(i);
    ExprPtr condition = bind(at(*constraint, "raw_expr"), context);
    if (condition->type.id != TypeId::kBoolean && condition->type.id != TypeId::kUnknown) {
      throw Failure(ErrorCode::kType, "argument of CHECK must be type boolean, not type " + condition->type.to_string(), offset);
    }
    condition = fold(coerce(std::move(condition), Type{TypeId::kBoolean, 0, 0}, Cast::kImplicit, offset));
    domain->rules.push_back({name, "value for domain " + domain->name + " violates check constraint \"" + name + "\"", std::move(condition)});
  }
  if (!cast_domains_.empty()) unsupported("a cast to domain \"" + cast_domains_[0] + "\" in a domain", place);
  Statement out;
  out.kind = Statement::Kind::kCreateDomain;
  out.names = {domain->name};
  out.domain = std::move(domain);
  return out;
}

// An enum type is a domain that asks for nothing: of its own type.
Statement Binder::create_enum(const Json& body) {
  only(body, "CREATE TYPE", {"typeName", "vals"});
  auto type = std::make_shared<Domain>();
  type->name = plain_name(strings_of(at(body, "typeName")), -1);
  refuse_builtin(type->name, -1);
  type->definition = text_;
  type->is_enum = true;
  std::vector<std::string> labels = strings_of(at(body, "vals"));
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i].empty() || labels[i].size() > 63) throw Failure(ErrorCode::kSyntax, "invalid enum label \"" + labels[i] + "\": labels have 1 to 63 bytes", 0);
    if (std::find(labels.begin(), labels.begin() + static_cast<std::ptrdiff_t>(i), labels[i]) != labels.begin() + static_cast<std::ptrdiff_t>(i)) {
      throw Failure(ErrorCode::kDuplicateName, "enum label \"" + labels[i] + "\" stands twice", 0);
    }
  }
  type->type = Type{TypeId::kEnum, enter_enum({type->name, std::move(labels)}), 0};
  Statement out;
  out.kind = Statement::Kind::kCreateDomain;
  out.names = {type->name};
  out.domain = std::move(type);
  return out;
}

void check_enums(const Schema& schema) {
  for (const Field& field : schema) {
    if (element_of(field.type.id) != TypeId::kEnum || (field.type.precision != 0 && !is_array(field.type.id))) continue;
    unsupported(is_array(field.type.id) ? "an array of an enum type (column \"" + field.name + "\")" : "this function of an enum type (column \"" + field.name + "\")", -1);
  }
}

Statement Binder::comment(const Json& body) {
  only(body, "COMMENT", {"objtype", "object", "comment"});
  const std::string type = text_field(body, "objtype");
  const bool on_column = type == "OBJECT_COLUMN", on_view = type == "OBJECT_VIEW" || type == "OBJECT_MATVIEW";
  if (!on_column && !on_view && type != "OBJECT_TABLE") unsupported("COMMENT ON " + spaced(type.starts_with("OBJECT_") ? type.substr(7) : type), 0);
  Statement out;
  out.kind = Statement::Kind::kComment;
  std::vector<std::string> names = strings_of(at(*open(at(body, "object")).second, "items"));
  if (on_column && names.size() > 1) {
    out.column = names.back();
    names.pop_back();
  }
  out.names = {plain_name(std::move(names), 0)};
  out.comment = text_field(body, "comment");
  const Relation* relation = catalog_.find_relation(out.names[0]);
  if (!relation) throw Failure(ErrorCode::kUnknownName, "relation \"" + out.names[0] + "\" does not exist", 0);
  if (on_column) (void)table_column(*relation, out.column, 0);
  else if (relation->is_view != on_view) throw Failure(ErrorCode::kUnknownName, "\"" + out.names[0] + "\" is not a " + (on_view ? "view" : "table"), 0);
  return out;
}

Statement Binder::drop_domain(const Json& body) {
  Statement out;
  out.kind = Statement::Kind::kDropDomain;
  out.if_exists = flag(body, "missing_ok");
  out.cascade = text_field(body, "behavior") == "DROP_CASCADE";
  for (const Json& object : at(body, "objects")) {
    const Json& type = *open(object).second;
    out.names.push_back(plain_name(strings_of(at(type, "names")), location(type)));
    const auto* found = catalog_.find_domain(out.names.back());
    if (found && (*found)->is_enum && text_field(body, "removeType") == "OBJECT_DOMAIN") {
      throw Failure(ErrorCode::kUnknownName, "\"" + out.names.back() + "\" is not a domain", location(type));
    }
  }
  return out;
}

}  // namespace weir
