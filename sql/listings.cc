// The catalog as tables to ask: information_schema.tables, .columns, .views, .table_constraints, .key_column_usage, weir_dependencies and weir_comments. In queries, not in views: they
// do not change by steps.

#include <algorithm>

#include "sql/binder.h"

namespace weir {

namespace {

constexpr char kDatabase[] = "weir", kSchema[] = "public";

// Rows of constants, one column after the other.
class Listing {
 public:
  explicit Listing(std::vector<std::pair<const char*, TypeId>> columns) : plan_(std::make_unique<Plan>()) {
    plan_->node = Plan::Node::kValues;
    for (const auto& [name, type] : columns) plan_->schema.push_back({name, Type{type, 0, 0}, true});
  }
  Listing& row() {
    plan_->rows.emplace_back();
    return *this;
  }
  Listing& text(std::string_view value) { return add(Datum::of(Bytes(value))); }
  Listing& number(std::int64_t value) { return add(Datum::of(value)); }
  Listing& number_or_null(bool has, std::int64_t value) { return has ? number(value) : null(); }
  Listing& text_or_null(const std::string& value) { return value.empty() ? null() : text(value); }
  Listing& null() {
    auto& row = plan_->rows.back();
    row.push_back(null_constant(plan_->schema[row.size()].type));
    return *this;
  }
  Listing& name_of(const std::string& table) { return text(kDatabase).text(kSchema).text(table); }
  PlanPtr take() {
    derive_node(*plan_);
    return std::move(plan_);
  }

 private:
  Listing& add(const Datum& value) {
    auto& row = plan_->rows.back();
    row.push_back(Expr::make_constant(value, plan_->schema[row.size()].type));
    return *this;
  }
  PlanPtr plan_;
};

constexpr TypeId kText = TypeId::kText, kInt = TypeId::kInteger;

PlanPtr tables(const Catalog& catalog) {
  Listing out({{"table_catalog", kText}, {"table_schema", kText}, {"table_name", kText}, {"table_type", kText}, {"is_insertable_into", kText}});
  for (const std::string& name : catalog.relation_names()) {
    const bool is_view = catalog.find_relation(name)->is_view;
    out.row().name_of(name).text(is_view ? "VIEW" : "BASE TABLE").text(is_view ? "NO" : "YES");
  }
  return out.take();
}

// PostgreSQL's name without what stands in parentheses.
std::string type_name(const Type& type) {
  if (is_array(type.id)) return "ARRAY";
  if (type.id == TypeId::kEnum) return "USER-DEFINED";
  std::string name = type.to_string();
  const std::size_t open = name.find('('), close = name.find(')');
  if (open != std::string::npos && close != std::string::npos) name.erase(open, close + 1 - open);
  return name;
}

PlanPtr columns(const Catalog& catalog) {
  Listing out({{"table_catalog", kText},
               {"table_schema", kText},
               {"table_name", kText},
               {"column_name", kText},
               {"ordinal_position", kInt},
               {"is_nullable", kText},
               {"data_type", kText},
               {"character_maximum_length", kInt},
               {"numeric_precision", kInt},
               {"numeric_precision_radix", kInt},
               {"numeric_scale", kInt},
               {"is_identity", kText},
               {"identity_generation", kText},
               {"is_generated", kText}});
  for (const std::string& name : catalog.relation_names()) {
    const Relation& relation = *catalog.find_relation(name);
    std::int64_t position = 0;
    for (const Field& field : relation.schema) {
      const TypeId id = field.type.id;
      const std::int64_t bits = id == TypeId::kSmallint  ? 16
                                : id == TypeId::kInteger ? 32
                                : id == TypeId::kBigint  ? 64
                                : id == TypeId::kReal    ? 24
                                : id == TypeId::kDouble  ? 53
                                                         : 0;
      const bool whole = bits != 0 && id != TypeId::kReal && id != TypeId::kDouble, numeric = id == TypeId::kNumeric,
                 bounded = numeric && field.type.precision > 0;
      out.row().name_of(name).text(field.name).number(++position).text(field.nullable || relation.is_view ? "YES" : "NO").text(type_name(field.type));
      out.number_or_null(id == TypeId::kVarchar && field.type.precision > 0, field.type.precision);
      out.number_or_null(bits != 0 || bounded, bits != 0 ? bits : field.type.precision).number_or_null(bits != 0 || numeric, bits != 0 ? 2 : 10);
      out.number_or_null(whole || bounded, whole ? 0 : field.type.scale);
      const auto c = static_cast<std::uint16_t>(position - 1);
      const Relation::Identity* identity = relation.rules->identity_column(c);
      const bool is_identity = identity && !identity->serial;
      out.text(is_identity ? "YES" : "NO").text_or_null(is_identity ? (identity->always ? "ALWAYS" : "BY DEFAULT") : "");
      out.text(relation.rules->generated_column(c) ? "ALWAYS" : "NEVER");
    }
  }
  return out.take();
}

PlanPtr views(const Catalog& catalog) {
  Listing out({{"table_catalog", kText}, {"table_schema", kText}, {"table_name", kText}, {"view_definition", kText}});
  for (const std::string& name : catalog.relation_names()) {
    if (catalog.find_relation(name)->is_view) out.row().name_of(name).text_or_null(catalog.definition_of(name));
  }
  return out.take();
}

// Calls f(table, name of the constraint, its type, its columns).
template <class F>
void each_constraint(const Catalog& catalog, F&& f) {
  for (const std::string& name : catalog.relation_names()) {
    const Relation& table = *catalog.find_relation(name);
    if (table.is_view) continue;
    if (table.has_key) f(table, table.rules->key_name, "PRIMARY KEY", table.key);
    for (const Relation::Unique& unique : table.rules->uniques) f(table, unique.name, "UNIQUE", unique.columns);
    for (const Relation::Foreign& foreign : table.rules->foreign) f(table, foreign.name, "FOREIGN KEY", foreign.columns);
    for (const Relation::Check& check : table.rules->checks) f(table, check.name, "CHECK", Columns());
  }
}

PlanPtr table_constraints(const Catalog& catalog) {
  Listing out({{"constraint_catalog", kText},
               {"constraint_schema", kText},
               {"constraint_name", kText},
               {"table_catalog", kText},
               {"table_schema", kText},
               {"table_name", kText},
               {"constraint_type", kText}});
  each_constraint(catalog, [&](const Relation& table, const std::string& name, const char* type, const Columns&) {
    out.row().name_of(name).name_of(table.name).text(type);
  });
  return out.take();
}

PlanPtr key_column_usage(const Catalog& catalog) {
  Listing out({{"constraint_catalog", kText},
               {"constraint_schema", kText},
               {"constraint_name", kText},
               {"table_catalog", kText},
               {"table_schema", kText},
               {"table_name", kText},
               {"column_name", kText},
               {"ordinal_position", kInt}});
  each_constraint(catalog, [&](const Relation& table, const std::string& name, const char*, const Columns& columns) {
    std::int64_t position = 0;
    for (const std::uint16_t c : columns) out.row().name_of(name).name_of(table.name).text(table.schema[c].name).number(++position);
  });
  return out.take();
}

PlanPtr dependencies(const Catalog& catalog) {
  Listing out({{"view_name", kText}, {"depends_on", kText}});
  for (const std::string& name : catalog.relation_names()) {
    for (const std::string& used : catalog.used_by(name)) out.row().text(name).text(used);
  }
  return out.take();
}

PlanPtr comments(const Catalog& catalog) {
  Listing out({{"relation_name", kText}, {"column_name", kText}, {"comment", kText}});
  for (const std::string& name : catalog.relation_names()) {
    for (const auto& [column, comment] : catalog.comments_of(name)) out.row().text(name).text_or_null(column).text(comment);
  }
  return out.take();
}

}  // namespace

PlanPtr Binder::listing(const Json& range) {
  static const std::map<std::string, PlanPtr (*)(const Catalog&)> kListings = {{"information_schema.tables", tables},
                                                                               {"information_schema.columns", columns},
                                                                               {"information_schema.views", views},
                                                                               {"information_schema.table_constraints", table_constraints},
                                                                               {"information_schema.key_column_usage", key_column_usage},
                                                                               {".weir_dependencies", dependencies},
                                                                               {".weir_comments", comments}};
  const std::string name = text_field(range, "relname");
  const auto found = kListings.find(text_field(range, "schemaname") + "." + name);
  if (found == kListings.end() || (!range.contains("schemaname") && catalog_.find_relation(name))) return nullptr;
  only(range, "a table", {"relname", "schemaname", "inh", "relpersistence", "alias"});
  if (in_view_) unsupported("a view of " + name, location(range));
  return found->second(catalog_);
}

}  // namespace weir
