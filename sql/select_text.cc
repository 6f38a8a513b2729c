#include "sql/select_text.h"

namespace weir {

SqlText& SqlText::add(const Part& part, Fragment kind) {
  try {
    check_fragment(part.text, kind);
  } catch (Failure& failure) {
    Error& error = failure.error();
    error.place = part.origin;
    if (error.offset >= 0) locate(error, part.text);
    throw;
  }
  return add_unchecked(part);
}

SqlText& SqlText::add_unchecked(const Part& part) {
  std::size_t begin = text_.size();
  text_ += part.text;
  pieces_.push_back({begin, text_.size(), part.origin});
  text_ += '\n';
  return *this;
}

SqlText& SqlText::add(const SqlText& other) {
  const std::size_t shift = text_.size();
  text_ += other.text_;
  for (const Definition::Piece& piece : other.pieces_) pieces_.push_back({piece.begin + shift, piece.end + shift, piece.pointer});
  return *this;
}

namespace {

void add_source(const SelectParts::Source& source, SqlText& sql) {
  if (source.subquery) sql.add("(").add(*source.subquery).add(") ");
  else sql.add(source.relation, Fragment::kRelation);
  if (!source.alias.empty()) sql.add("AS ").add_name(source.alias).add(" ");
}

void add_conditions(std::string_view keyword, const std::vector<Part>& conditions, SqlText& sql) {
  if (conditions.empty()) return;
  sql.add(keyword);
  for (std::size_t i = 0; i < conditions.size(); ++i) sql.add(i ? "AND (" : "(").add(conditions[i], Fragment::kExpression).add(") ");
}

void add_list(std::string_view keyword, const std::vector<Part>& items, Fragment kind, SqlText& sql) {
  if (items.empty()) return;
  sql.add(keyword);
  for (std::size_t i = 0; i < items.size(); ++i) sql.add(i ? ", " : "").add(items[i], kind);
}

}  // namespace

SqlText to_sql(const SelectParts& parts) {
  SqlText sql;
  for (std::size_t i = 0; i < parts.with.size(); ++i) {
    sql.add(i ? ", " : "WITH ").add_name(parts.with[i].first).add(" AS (").add(parts.with[i].second).add(") ");
  }
  sql.add(parts.distinct ? "SELECT DISTINCT " : "SELECT ");
  if (parts.select.empty()) sql.add("* ");
  for (std::size_t i = 0; i < parts.select.size(); ++i) {
    const SelectParts::Item& item = parts.select[i];
    if (i) sql.add(", ");
    if (item.name.empty()) sql.add(item.expression, Fragment::kSelectItem);
    else sql.add(item.expression, Fragment::kExpression).add("AS ").add_name(item.name).add(" ");
  }
  if (parts.from) {
    sql.add("FROM ");
    add_source(*parts.from, sql);
  }
  for (const SelectParts::Join& join : parts.joins) {
    sql.add(join.kind).add(" ");
    add_source(join.source, sql);
    if (join.on) sql.add("ON (").add(*join.on, Fragment::kExpression).add(") ");
    for (std::size_t i = 0; i < join.using_columns.size(); ++i) sql.add(i ? ", " : "USING (").add_name(join.using_columns[i]);
    if (!join.using_columns.empty()) sql.add(") ");
  }
  add_conditions("WHERE ", parts.where, sql);
  add_list("GROUP BY ", parts.group_by, Fragment::kExpression, sql);
  add_conditions("HAVING ", parts.having, sql);
  for (const SqlText& other : parts.union_all) sql.add("UNION ALL (").add(other).add(") ");
  add_list("ORDER BY ", parts.order_by, Fragment::kOrderItem, sql);
  if (parts.limit) sql.add("LIMIT " + std::to_string(*parts.limit) + " ");
  if (parts.offset) sql.add("OFFSET " + std::to_string(*parts.offset));
  return sql;
}

}  // namespace weir
