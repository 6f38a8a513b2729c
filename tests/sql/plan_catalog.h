#pragma once
// A catalog for tests of the binder and the planner: three tables and a view, defined by their own statements.
//
// Threads  one.

#include <map>
#include <string>
#include <vector>

#include "sql/plan.h"
#include "sql/statement.h"
#include "weir/error.h"

namespace weir {

class PlanCatalog : public Catalog {
 public:
  PlanCatalog() {
    add("CREATE TABLE a (id INT PRIMARY KEY, k INT, v NUMERIC(8,2), t TEXT)");
    add("CREATE TABLE b (id INT PRIMARY KEY, k BIGINT, w DOUBLE PRECISION, t VARCHAR(10))");
    add("CREATE TABLE c (k SMALLINT NOT NULL, d DATE, ts TIMESTAMP)");
    add("CREATE VIEW totals AS SELECT k, SUM(v) AS s FROM a GROUP BY k");
  }
  void add(const std::string& sql) {
    Statement statement = bind_statement({sql, 0}, *this);
    Relation relation;
    if (statement.kind == Statement::Kind::kCreateTable) {
      relation = std::move(statement.relation);
    } else {
      relation.name = statement.names[0];
      relation.is_view = true;
      relation.schema = statement.plan->schema;
      relation.has_key = statement.plan->has_key;
      relation.key = statement.plan->key;
    }
    relation.id = relations_.size() + 1;
    const std::string name = relation.name;
    relations_[name] = std::move(relation);
  }
  const Relation* find_relation(std::string_view name) const override {
    const auto it = relations_.find(std::string(name));
    return it == relations_.end() ? nullptr : &it->second;
  }
  std::vector<std::string> relation_names() const override {
    std::vector<std::string> names;
    for (const auto& [name, relation] : relations_) names.push_back(name);
    return names;
  }
  std::vector<const Function*> find(std::string_view) const override { return {}; }

 private:
  std::map<std::string, Relation> relations_;
};

// The plan for people, its lines without trailing spaces; or "error at N: message (hint)".
inline std::string plan_of(const std::string& sql) {
  static const PlanCatalog catalog;
  try {
    return bind_query(sql, catalog)->to_string();
  } catch (const Failure& failure) {
    const Error& e = failure.error();
    return "error at " + std::to_string(e.offset) + ": " + e.message + (e.hint.empty() ? "" : " (" + e.hint + ")");
  }
}

}  // namespace weir
