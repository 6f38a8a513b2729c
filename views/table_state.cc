#include "views/table_state.h"

#include "sql/functions.h"
#include "sql/plan_build.h"
#include "zset/text_form.h"

namespace weir::internal {

RelationState::RelationState(Relation r) : relation(std::move(r)) {
  Shape of;
  of.kinds.reserve(relation.schema.size());
  of.key_kinds.reserve(relation.schema.size());
  for (const Field& field : relation.schema) {
    of.kinds.push_back(kind_of(field.type.id));
    of.key_kinds.push_back(key_kind_of(field.type.id));
  }
  if (relation.has_key) {
    for (const std::uint16_t c : relation.key) of.kinds_of_key.push_back(of.key_kinds[c]);
  }
  shape = std::make_shared<const Shape>(std::move(of));
}

TableState::TableState(Relation r, const Engine* owner) : RelationState(std::move(r)), engine(owner) {
  relation.has_key = !relation.key.empty();
  for (const Relation::Check& check : relation.rules->checks) checks.push_back(compile(*check.condition));
  for (const auto& [column, domain] : relation.rules->domains) {
    for (const Domain::Rule& rule : domain->rules) {
      ExprPtr condition = rule.condition->clone();
      renumber(*condition, [column = column](std::uint16_t) { return column; });
      domain_rules.emplace_back(compile(*condition), &rule.complaint);
    }
  }
  for (const Relation::Generated& g : relation.rules->generated) generated.push_back(compile(*g.expr));
  for (const Relation::Identity& identity : relation.rules->identities) numbers.push_back(std::make_shared<Numbers>(relation, identity));
  for (const Relation::Unique& unique : relation.rules->uniques) {
    TableIndex index{unique.columns, {}, 0, true, unique.nulls_equal, unique.name};
    for (const std::uint16_t c : index.columns) index.kinds.push_back(key_kinds()[c]);
    indexes.push_back(std::move(index));
  }
}

void TableState::check(const Chunk& rows, Arena& arena) const {
  for (const auto& [rule, complaint] : domain_rules) {
    const Column passed = rule->evaluate(rows, arena);
    rows.each([&, complaint = complaint](std::uint32_t i) {
      if (passed.is_valid(i) && !passed.bools()[i]) throw Failure(ErrorCode::kConstraint, *complaint);
    });
  }
  for (std::uint16_t c = 0; c < rows.width; ++c) {
    if (relation.schema[c].nullable || !rows.columns[c].valid) continue;
    rows.each([&](std::uint32_t i) {
      if (!rows.columns[c].is_valid(i)) {
        throw Failure(ErrorCode::kConstraint,
                      "null value in column \"" + relation.schema[c].name + "\" of relation \"" + name() + "\" violates not-null constraint");
      }
    });
  }
  for (std::size_t n = 0; n < checks.size(); ++n) {
    const Column passed = checks[n]->evaluate(rows, arena);
    rows.each([&](std::uint32_t i) {
      if (passed.is_valid(i) && !passed.bools()[i]) {
        throw Failure(ErrorCode::kConstraint, "new row for relation \"" + name() + "\" violates check constraint \"" + relation.rules->checks[n].name + "\"");
      }
    });
  }
}

std::string describe_key(const RelationState& state, const Chunk& rows, std::uint32_t position) {
  std::vector<Datum> values;
  for (const std::uint16_t c : state.relation.key) values.push_back(rows.columns[c].get(position));
  return describe_key(state, state.relation.key, values);
}

std::string describe_key(const RelationState& state, std::span<const std::uint16_t> columns, std::span<const Datum> values_of_key) {
  std::string names, values;
  for (std::size_t k = 0; k < columns.size(); ++k) {
    const Field& field = state.relation.schema[columns[k]];
    if (!names.empty()) names += ", ", values += ", ";
    names += field.name;
    if (values_of_key[k].null) values += "null";
    else format_datum(values_of_key[k], field.type, values);
  }
  return "(" + names + ")=(" + values + ")";
}

}  // namespace weir::internal
