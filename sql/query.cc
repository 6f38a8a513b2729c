#include "weir/query.h"

#include "sql/select_text.h"

namespace weir {

// A clause is kept as it was called: kind (the call's name), text (the fragment; a sub-select's SQL), name (condition of a join, alias or name
// of an item).
Query From(std::string relation) {
  Query query;
  query.clauses_.push_back({"From", std::move(relation), ""});
  return query;
}

Query From(const Query& subquery, std::string alias) {
  Query query;
  Result<std::string> sql = subquery.sql();
  if (sql.ok()) query.clauses_.push_back({"FromQuery", sql.value(), std::move(alias)});
  else query.clauses_.push_back({"Broken", sql.error().message, sql.error().place});
  return query;
}

Query& Query::Where(std::string condition) { clauses_.push_back({"Where", std::move(condition), ""}); return *this; }
Query& Query::Join(std::string relation, std::string on) { clauses_.push_back({"Join", std::move(relation), std::move(on)}); return *this; }
Query& Query::LeftJoin(std::string relation, std::string on) { clauses_.push_back({"LeftJoin", std::move(relation), std::move(on)}); return *this; }
Query& Query::RightJoin(std::string relation, std::string on) { clauses_.push_back({"RightJoin", std::move(relation), std::move(on)}); return *this; }
Query& Query::FullJoin(std::string relation, std::string on) { clauses_.push_back({"FullJoin", std::move(relation), std::move(on)}); return *this; }
Query& Query::CrossJoin(std::string relation) { clauses_.push_back({"CrossJoin", std::move(relation), ""}); return *this; }
Query& Query::GroupBy(std::string expression) { clauses_.push_back({"GroupBy", std::move(expression), ""}); return *this; }
Query& Query::Aggregate(std::string expression, std::string name) { clauses_.push_back({"Aggregate", std::move(expression), std::move(name)}); return *this; }
Query& Query::Having(std::string condition) { clauses_.push_back({"Having", std::move(condition), ""}); return *this; }
Query& Query::Select(std::string expression, std::string name) { clauses_.push_back({"Select", std::move(expression), std::move(name)}); return *this; }
Query& Query::Distinct() { clauses_.push_back({"Distinct", "", ""}); return *this; }
Query& Query::OrderBy(std::string item) { clauses_.push_back({"OrderBy", std::move(item), ""}); return *this; }
Query& Query::Limit(std::uint64_t rows) { clauses_.push_back({"Limit", std::to_string(rows), ""}); return *this; }
Query& Query::Offset(std::uint64_t rows) { clauses_.push_back({"Offset", std::to_string(rows), ""}); return *this; }

Query& Query::Lazy() {
  lazy_ = true;
  return *this;
}

Query& Query::Feed(std::uint64_t retention) {
  feed_ = retention;
  return *this;
}

Query& Query::UnionAll(const Query& other) {
  Result<std::string> sql = other.sql();
  if (sql.ok()) clauses_.push_back({"UnionAll", sql.value(), ""});
  else clauses_.push_back({"Broken", sql.error().message, sql.error().place});
  return *this;
}

Result<std::string> Query::sql() const {
  SelectParts parts;
  std::vector<SelectParts::Item> items;
  bool aggregates = false;
  try {
    for (const Clause& clause : clauses_) {
      const std::string& kind = clause.kind;
      const bool of_query = kind == "FromQuery" || kind == "UnionAll";
      const std::string call = (kind == "FromQuery" ? "From" : kind) + "(" + (of_query ? "a query" : quote_literal(clause.text)) + ")";
      Part part{clause.text, call};
      SqlText query;
      if (kind == "From") {
        parts.from = SelectParts::Source{part, nullptr, ""};
      } else if (kind == "FromQuery") {
        parts.from = SelectParts::Source{{}, std::make_shared<SqlText>(query.add_unchecked(part)), clause.name};
      } else if (kind == "Broken") {
        Failure failure(ErrorCode::kSyntax, clause.text);
        failure.error().place = clause.name;
        throw failure;
      } else if (kind == "Where") {
        parts.where.push_back(part);
      } else if (kind == "Having") {
        parts.having.push_back(part);
      } else if (kind == "GroupBy") {
        parts.group_by.push_back(part);
      } else if (kind == "OrderBy") {
        parts.order_by.push_back(part);
      } else if (kind == "Select" || kind == "Aggregate") {
        items.push_back({part, clause.name});
        aggregates = aggregates || kind == "Aggregate";
      } else if (kind == "Distinct") {
        parts.distinct = true;
      } else if (kind == "UnionAll") {
        parts.union_all.push_back(query.add_unchecked(part));
      } else if (kind == "Limit") {
        parts.limit = std::stoull(clause.text);
      } else if (kind == "Offset") {
        parts.offset = std::stoull(clause.text);
      } else {
        SelectParts::Join join;
        join.kind = kind == "LeftJoin"    ? "LEFT JOIN"
                    : kind == "RightJoin" ? "RIGHT JOIN"
                    : kind == "FullJoin"  ? "FULL JOIN"
                    : kind == "CrossJoin" ? "CROSS JOIN"
                                          : "JOIN";
        join.source.relation = part;
        if (kind != "CrossJoin") join.on = Part{clause.name, call};
        parts.joins.push_back(std::move(join));
      }
    }
    // Select() says all that is shown; without it the keys of GroupBy() come before what Aggregate() adds.
    bool selects = false;
    for (const Clause& clause : clauses_) selects = selects || clause.kind == "Select";
    if (!selects && (aggregates || !parts.group_by.empty())) {
      for (const Part& key : parts.group_by) parts.select.push_back({key, ""});
    }
    parts.select.insert(parts.select.end(), items.begin(), items.end());
    return to_sql(parts).text();
  } catch (const Failure& failure) {
    return failure.error();
  }
}

}  // namespace weir
