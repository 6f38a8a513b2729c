// WITH: named queries, also recursive ones.
//
// What a recursive query may look like is PostgreSQL's: UNION [ALL] of a term without and a term with one reference to itself, which stands neither in a
// sub-select of an expression, nor where an outer join makes NULLs, nor below EXCEPT. Messages are PostgreSQL's.

#include <algorithm>
#include <set>

#include "sql/binder.h"
#include "sql/recursion.h"

namespace weir {

namespace {

struct Item {
  std::string name;
  const Json* body;
  const Json* select;
  int offset;
  std::set<std::size_t> needs;  // other items of the same WITH, itself included
};

// Calls f(name, body) for every relation that FROM clauses below name without a schema, but for those that an inner WITH defines.
void each_name(const Json& node, std::vector<std::string>& hidden, const std::function<void(const std::string&, const Json&)>& f) {
  if (node.is_array()) {
    for (const Json& item : node) each_name(item, hidden, f);
    return;
  }
  if (!node.is_object()) return;
  const auto visible = hidden.size();
  const Json* with = find(node, "withClause");
  if (with) {
    const bool recursive = flag(*with, "recursive");
    for (const Json& item : at(*with, "ctes")) {
      if (recursive) hidden.push_back(text_field(*open(item).second, "ctename"));
    }
    for (const Json& item : at(*with, "ctes")) {
      each_name(at(*open(item).second, "ctequery"), hidden, f);
      if (!recursive) hidden.push_back(text_field(*open(item).second, "ctename"));
    }
  }
  for (const auto& [key, value] : node.items()) {
    if (key == "withClause") continue;
    if (key == "RangeVar" && !value.contains("schemaname")) {
      const std::string name = text_field(value, "relname");
      if (std::find(hidden.begin(), hidden.end(), name) == hidden.end()) f(name, value);
    }
    each_name(value, hidden, f);
  }
  hidden.resize(visible);
}

// Whether the references of a recursive query to itself stand where they may.
class SelfReferences {
 public:
  explicit SelfReferences(const std::string& name) : name_(name) {}

  void check_non_recursive(const Json& select) { walk(select, Place::kNonRecursiveTerm); }
  void check_recursive(const Json& select) { walk(select, Place::kAllowed); }
  void check_with(const Json& with) { walk(with, Place::kSubquery); }

 private:
  enum class Place { kAllowed, kNonRecursiveTerm, kSubquery, kOuterJoin, kIntersect, kExcept };

  void refer(const Json& range, Place place) {
    static constexpr std::string_view kPlaces[] = {"", "its non-recursive term", "a subquery", "an outer join", "INTERSECT", "EXCEPT"};
    const std::string start = "recursive reference to query \"" + name_ + "\" must not appear ";
    if (place != Place::kAllowed) {
      throw Failure(ErrorCode::kUnsupported, start + "within " + std::string(kPlaces[static_cast<std::size_t>(place)]), location(range));
    }
    if (++count_ > 1) throw Failure(ErrorCode::kUnsupported, start + "more than once", location(range));
  }

  void walk(const Json& node, Place place) {
    if (node.is_array()) {
      for (const Json& item : node) walk(item, place);
      return;
    }
    if (!node.is_object()) return;
    for (const auto& [key, value] : node.items()) {
      if (key == "RangeVar") {
        const bool hidden = std::find(hidden_.begin(), hidden_.end(), name_) != hidden_.end();
        const bool ours = !hidden && !value.contains("schemaname") && text_field(value, "relname") == name_;
        if (ours) refer(value, place);
      } else if (key == "JoinExpr") {
        join(value, place);
      } else if (key == "SubLink") {
        walk(at(value, "subselect"), Place::kSubquery);
        walk(at(value, "testexpr"), place);
      } else if (key == "SelectStmt") {
        select(value, place);
      } else {
        walk(value, place);
      }
    }
  }

  void join(const Json& body, Place place) {
    const std::string type = text_field(body, "jointype");
    const Place null_side = place == Place::kAllowed ? Place::kOuterJoin : place;
    const bool full = type == "JOIN_FULL";
    walk(at(body, "larg"), full || type == "JOIN_RIGHT" ? null_side : place);
    walk(at(body, "rarg"), full || type == "JOIN_LEFT" ? null_side : place);
    walk(at(body, "quals"), place);
  }

  void select(const Json& body, Place place) {
    const auto visible = hidden_.size();
    if (const Json* with = find(body, "withClause")) {
      const bool recursive = flag(*with, "recursive");
      for (const Json& item : at(*with, "ctes")) {
        if (recursive) hidden_.push_back(text_field(*open(item).second, "ctename"));
      }
      for (const Json& item : at(*with, "ctes")) {
        walk(at(*open(item).second, "ctequery"), place);
        if (!recursive) hidden_.push_back(text_field(*open(item).second, "ctename"));
      }
    }
    const std::string op = text_field(body, "op");
    const bool all = flag(body, "all");
    for (const auto& [key, value] : body.items()) {
      if (key == "withClause") continue;
      Place here = place;
      if (place == Place::kAllowed && op == "SETOP_INTERSECT" && all && (key == "larg" || key == "rarg")) here = Place::kIntersect;
      if (place == Place::kAllowed && op == "SETOP_EXCEPT" && (key == "rarg" || (key == "larg" && all))) here = Place::kExcept;
      if (key == "larg" || key == "rarg") {
        select(value, here);
      } else {
        walk(value, here);
      }
    }
    hidden_.resize(visible);
  }

  const std::string& name_;
  std::vector<std::string> hidden_;  // names of inner WITH queries
  int count_ = 0;
};

bool reads_other_recursion(const Plan& plan, std::uint64_t own) {
  if (plan.node == Plan::Node::kWorkingTable) return plan.relation_id != own;
  const std::uint64_t inside = plan.node == Plan::Node::kRecursion ? plan.relation_id : own;
  for (std::size_t i = 0; i < plan.inputs.size(); ++i) {
    if (reads_other_recursion(*plan.inputs[i], inside)) return true;
  }
  return false;
}

void name_columns(Schema& schema, const Json& cte, const std::string& name, int offset) {
  const Json* list = find(cte, "aliascolnames");
  if (!list) return;
  const std::vector<std::string> names = strings_of(*list);
  if (names.size() > schema.size()) {
    throw Failure(ErrorCode::kUnknownName, "WITH query \"" + name + "\" has " + std::to_string(schema.size()) + " columns available but " +
                                               std::to_string(names.size()) + " columns specified", offset);
  }
  for (std::size_t i = 0; i < names.size(); ++i) schema[i].name = names[i];
}

}  // namespace

void Binder::bind_with(const Json& with, Environment& environment, const Scope* outer) {
  only(with, "WITH", {"ctes", "recursive"});
  std::vector<Item> items;
  for (const Json& entry : at(with, "ctes")) {
    const Json& cte = *open(entry).second;
    only(cte, "a WITH query", {"ctename", "aliascolnames", "ctematerialized", "ctequery"});
    Item item{text_field(cte, "ctename"), &cte, nullptr, location(cte), {}};
    for (const Item& other : items) {
      if (other.name != item.name) continue;
      throw Failure(ErrorCode::kDuplicateName, "WITH query name \"" + item.name + "\" specified more than once", item.offset);
    }
    const auto [type, select] = open(at(cte, "ctequery"));
    if (type != "SelectStmt") unsupported("a WITH query that changes data", item.offset);
    item.select = select;
    items.push_back(std::move(item));
  }
  if (flag(with, "recursive")) {  // a query may also name those behind it
    for (Item& item : items) {
      std::vector<std::string> hidden;
      each_name(*item.select, hidden, [&](const std::string& name, const Json&) {
        for (std::size_t i = 0; i < items.size(); ++i) {
          if (items[i].name == name) item.needs.insert(i);
        }
      });
    }
  }
  std::vector<bool> bound(items.size(), false);
  for (std::size_t n = 0; n < items.size(); ++n) {
    // The first whose needs are met.
    std::size_t next = 0;
    const auto ready = [&](std::size_t i) {
      return !bound[i] && std::all_of(items[i].needs.begin(), items[i].needs.end(), [&](std::size_t need) { return need == i || bound[need]; });
    };
    while (next < items.size() && !ready(next)) ++next;
    if (next == items.size()) {
      const auto left = std::find(bound.begin(), bound.end(), false) - bound.begin();
      unsupported("mutual recursion between WITH items", items[static_cast<std::size_t>(left)].offset);
    }
    Item& item = items[next];
    PlanPtr plan;
    if (item.needs.contains(next)) {
      plan = bind_recursive(*item.body, environment, outer);
    } else {
      plan = bind_rows(*item.select, &environment, nullptr, outer);
      name_columns(plan->schema, *item.body, item.name, item.offset);
    }
    environment.tables[item.name] = plan.get();
    environment.plans.push_back(std::move(plan));
    bound[next] = true;
  }
}

PlanPtr Binder::bind_recursive(const Json& cte, const Environment& environment, const Scope* outer) {
  const Depth depth(depth_);
  const std::string name = text_field(cte, "ctename");
  const int offset = location(cte);
  const Json& body = *open(at(cte, "ctequery")).second;
  if (text_field(body, "op") != "SETOP_UNION") {
    const std::string form = "non-recursive-term UNION [ALL] recursive-term";
    throw Failure(ErrorCode::kUnsupported, "recursive query \"" + name + "\" does not have the form " + form, offset);
  }
  SelfReferences references(name);
  references.check_non_recursive(Json{{"SelectStmt", at(body, "larg")}});
  references.check_recursive(Json{{"SelectStmt", at(body, "rarg")}});
  if (const Json* with = find(body, "withClause")) references.check_with(*with);
  const auto place_of = [](const Json& node) { return location(*open(node.is_array() ? node[0] : node).second); };
  if (const Json* sort = find(body, "sortClause")) {
    unsupported("ORDER BY in a recursive query", place_of(at(*open((*sort)[0]).second, "node")));
  }
  if (const Json* rows = find(body, "limitOffset")) unsupported("OFFSET in a recursive query", place_of(*rows));
  if (const Json* rows = find(body, "limitCount")) unsupported("LIMIT in a recursive query", place_of(*rows));
  only(body, "a recursive query", {"op", "all", "larg", "rarg", "withClause", "limitOption"});

  Environment inside;
  inside.outer = &environment;
  if (const Json* with = find(body, "withClause")) bind_with(*with, inside, outer);
  auto plan = std::make_unique<Plan>();
  plan->node = Plan::Node::kRecursion;
  plan->relation = name;
  plan->relation_id = ++recursions_;
  plan->all = flag(body, "all");
  PlanPtr base = bind_rows(at(body, "larg"), &inside, nullptr, outer);
  name_columns(base->schema, cte, name, offset);
  const std::size_t width = base->schema.size();

  auto working = std::make_unique<Plan>();
  working->node = Plan::Node::kWorkingTable;
  working->relation = name;
  working->relation_id = plan->relation_id;
  working->schema = base->schema;
  working->has_key = !plan->all;
  for (std::size_t i = 0; i < width; ++i) {
    working->schema[i].nullable = true;
    if (working->has_key) working->key.push_back(static_cast<std::uint16_t>(i));
  }
  Environment recursive;
  recursive.outer = &inside;
  recursive.tables[name] = working.get();
  PlanPtr term = bind_side(at(body, "rarg"), &recursive, outer);
  if (term->schema.size() != width) {
    int place = offset;
    if (const Json* list = find(at(body, "rarg"), "targetList")) place = location(*open((*list)[0]).second);
    throw Failure(ErrorCode::kSyntax, "each UNION query must have the same number of columns", place);
  }
  std::vector<Type> types;
  for (std::size_t i = 0; i < width; ++i) {
    const Type both[] = {base->schema[i].type, term->schema[i].type};
    Type overall = common_type(both, "UNION", -1);
    if (both[1].id == TypeId::kUnknown && overall.id == both[0].id) overall = both[0];
    if (overall != both[0]) {
      Failure failure(ErrorCode::kType, "recursive query \"" + name + "\" column " + std::to_string(i + 1) + " has type " + both[0].to_string() +
                                            " in non-recursive term but type " + overall.to_string() + " overall", offset);
      failure.error().hint = "cast the output of the non-recursive term to the correct type";
      throw failure;
    }
    if (!plan->all) require_comparable(overall, offset);
    types.push_back(overall);
  }
  term = converted(std::move(term), types);
  plan->inputs.push_back(std::move(base));
  plan->inputs.push_back(std::move(term));
  if (reads_other_recursion(*plan, plan->relation_id)) unsupported("a recursive query within the recursive term of another, which it reads,", offset);
  derive_node(*plan);
  return plan;
}

}  // namespace weir
