#pragma once
// The binder: PostgreSQL's parse tree to bound plans. One object a statement. For sql/bind_*.cc alone.
//
// Expressions are bound over the columns of FROM. What cannot be said yet at that point stands in them as a column with a number beyond all plans: an
// aggregate, a window function, a sub-select, a column of the query outside. bind_query.cc puts the real columns there once the plan below has them.
//
// Errors   Failure with byte offsets into the statement. Every field of every node is either used, or checked to be what it is by default, or refused by name.
// Threads  one.

#include <cstdint>
#include <list>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sql/decorrelate.h"
#include "sql/functions.h"
#include "sql/parse.h"
#include "sql/plan_build.h"
#include "sql/statement.h"

namespace weir {

// Numbers of columns that stand for something else until the plan below has it.
inline constexpr std::uint16_t kAggregateBase = 0x4000, kGroupingBase = 0x6000, kSubqueryBase = 0x8000, kWindowBase = 0xA000;  // and kOuterBase (sql/plan_build.h)
inline constexpr std::size_t kColumnsMost = 1664;  // PostgreSQL's limit of a select list
inline constexpr std::size_t kCopiedNodesMost = 20'000;

inline bool is_plain(std::uint16_t column) { return column < kAggregateBase; }
inline bool is_subquery(std::uint16_t column) { return column >= kSubqueryBase && column < kWindowBase; }


// -- The tree (bind_tree.cc).
using Fields = std::initializer_list<std::string_view>;
const Json* find(const Json& body, const char* name);
const Json& at(const Json& body, const char* name);  // an empty list where it is missing: libpg_query leaves out what is empty
std::string text_field(const Json& body, const char* name);
bool flag(const Json& body, const char* name);
int location(const Json& body);
std::pair<std::string_view, const Json*> open(const Json& node);  // {"Type": body}
std::string string_of(const Json& node);                           // {"String": {"sval": …}}
std::vector<std::string> strings_of(const Json& list);
[[noreturn]] void unsupported(const std::string& what, int offset);
void only(const Json& body, std::string_view what, Fields fields);  // any other field is refused by name
std::string relation_name(const Json& range);                       // of a RangeVar, in the one schema that there is

// What an option in parentheses is given: as it stands, in small letters, and as true (which it is without a value) or false.
struct OptionValue {
  std::string bare, value;
  bool truth = true;
};
OptionValue value_of_option(const Json& option);
// WITH (…) of a table or a view.
struct RelationOptions {
  bool lazy = false;
  std::optional<Relation::Log> log;
};
RelationOptions relation_options(const Json& body, bool is_view);
std::string spaced(std::string_view name);                          // "lockingClause" → "locking clause"

// -- Names in sight.
struct ScopeColumn {
  std::string name;
  std::uint16_t index;  // of the plan's columns
};
struct ScopeTable {
  std::string name;
  std::vector<ScopeColumn> columns;
  Columns primary_key;  // of a table itself: those of the plan's columns that are its key
  bool absent = false;  // an outer join may have put NULLs in place of its rows
  bool single = false;  // of a function that gives a value a row: its name alone is that value
};
struct Scope {
  Schema schema;                     // of the plan
  std::vector<ScopeTable> tables;    // for `t.c` and `t.*`
  std::vector<ScopeColumn> columns;  // for `c` and `*`: merged ones first
  const Scope* outer = nullptr;      // of the query that this one is a sub-select of
};
struct From {
  PlanPtr plan;
  Scope scope;
  std::vector<OrderKey> order;  // of the view or sub-select that is all of FROM: a query over it that has no order of its own takes it over, as in PostgreSQL
  const Json* working_table = nullptr;  // where FROM names the recursive query that it is part of; null: it does not
};

// WITH: names to plans, inner ones first.
struct Environment {
  const Environment* outer = nullptr;
  std::map<std::string, const Plan*> tables;
  std::vector<PlanPtr> plans;
  const Plan* find(const std::string& name) const;
};

// A sub-select in an expression. What it takes from the query around it stands in its plan as a Reference.
struct Subquery {
  enum class Kind : std::uint8_t { kTruth, kValues } kind = Kind::kTruth;
  PlanPtr plan;
  ExprPtr test;                 // kTruth: over the plan's columns. Does it hold for one of the rows (EXISTS: null, ANY), or for all of them?
  bool all = false;
  bool before_grouping = false; // in a key of GROUP BY or an argument of an aggregate
  std::size_t slot = 0;         // its first column is kSubqueryBase + slot
  std::size_t slots() const { return kind == Kind::kTruth ? 1 : plan->schema.size(); }
};

// What the slots of sub-selects are over a plan's columns; null: nothing.
using Slots = std::vector<ExprPtr>;
ExprPtr with_slots(const Expr& expr, const Slots& slots);

// What an outer column (kOuterBase + its number) stands for: an expression of the query with this scope.
struct Reference {
  const Scope* scope;
  ExprPtr expr;
};

struct SortItem {
  ExprPtr expr;
  bool descending = false, nulls_first = false;
};

struct Window {
  std::vector<ExprPtr> partition;
  std::vector<SortItem> order;
};

// A window function as it stands in an expression: `call` lacks its columns until the plan below has them.
struct WindowUse {
  std::size_t window = 0;  // of PendingCalls::windows
  WindowCall call;
  ExprPtr argument, second, count, fallback;  // null where there is none
};

// What expressions of one SELECT left to be put in place.
struct PendingCalls {
  std::vector<AggregateCall> aggregates;              // column kAggregateBase + index
  std::vector<std::vector<ExprPtr>> groupings;        // GROUPING(…): column kGroupingBase + index
  std::vector<Window> windows;          // each once
  std::vector<WindowUse> window_uses;   // column kWindowBase + index
  std::vector<Subquery> subqueries;
  std::size_t slots = 0;  // of all sub-selects
};

struct Context {
  const Scope* scope = nullptr;
  const Environment* environment = nullptr;
  std::string_view clause;          // for messages: "WHERE"
  PendingCalls* pending = nullptr;       // where sub-selects go; null: none allowed
  bool aggregates = false, windows = false;
  bool in_aggregate = false;
  bool rows = false;  // set-returning functions
  const Json* named_windows = nullptr;  // the WINDOW clause
};

// A bound query: the visible columns, then hidden ones that ORDER BY needs.
struct BoundQuery {
  PlanPtr plan;
  std::size_t visible = 0;
  std::vector<OrderKey> order;
};

// What GROUP BY says: the keys of all its grouping sets, and of each set which keys are in it. Without GROUPING SETS, ROLLUP and CUBE: one set of all.
struct Groups {
  using Set = std::vector<std::size_t>;
  std::vector<ExprPtr> keys;
  std::vector<Set> sets;
  bool distinct = false;  // each set once
};

// GROUP BY: from expressions over the input to expressions over keys ++ aggregates ++ GROUPING(…)s.
class Grouping {
 public:
  Grouping(const Scope& scope, std::vector<ExprPtr> keys);
  Grouping(const Scope& scope, Groups groups, std::size_t aggregates);
  void extend(const Expr& expr);             // first all expressions: columns that depend on a grouped primary key become keys
  ExprPtr apply(const Expr& expr) const;     // then each
  const std::vector<ExprPtr>& keys() const { return keys_; }
  // The plan of it: keys ++ aggregates ++ groupings, over `input`. slots: of the sub-selects in keys and aggregates.
  PlanPtr plan(PlanPtr input, std::vector<AggregateCall> aggregates, const std::vector<std::vector<ExprPtr>>& groupings, const Slots& slots) const;

 private:
  int find(const Expr& expr) const;
  bool depends_on_key(std::uint16_t column) const;
  [[noreturn]] void ungrouped(const Expr& column) const;
  const Scope& scope_;
  std::vector<ExprPtr> keys_;
  std::vector<std::string> texts_;
  std::vector<Groups::Set> sets_;  // of the keys given; those that depend on them are in all
  std::size_t given_ = 0, aggregates_ = 0;
};

// $1, …: of a view with parameters.
struct Parameters {
  bool allowed = false;
  std::vector<Type> types;                         // as far as they are known; as many as are used
  const std::vector<ExprPtr>* values = nullptr;    // constants to put in their place
};

class Binder {
 public:
  Binder(const Catalog& catalog, const std::string& text, Parameters* parameters = nullptr) : catalog_(catalog), text_(text), parameters_(parameters) {}

  Statement bind_statement(const Json& tree);
  PlanPtr bind_body(const Json& select, std::vector<std::string> names, std::vector<OrderKey>* order = nullptr);  // of a view

 private:
  // bind_statement.cc
  Statement create_table(const Json& body);
  Statement create_view(const Json& body);
  Statement create_as(const Json& body);
  Statement drop(const Json& body);
  Statement insert(const Json& body);
  Statement update(const Json& body);
  Statement erase(const Json& body);
  Statement truncate(const Json& body);
  Statement copy(const Json& body);
  Statement transaction(const Json& body);
  Statement set(const Json& body);
  Statement explain(const Json& body);
  Statement select(const Json& body);
  const Relation& writable(const Json& range, std::string_view what);
  From changed_from(const Relation& table, const Json& range, const Json* others, const Environment* environment);
  std::uint16_t table_column(const Relation& table, const std::string& name, int offset) const;
  ExprPtr default_of(const Relation& table, std::uint16_t column) const;
  void add_constraint(Relation& table, const Json& constraint, int column);

  // bind_domain.cc
  Statement create_domain(const Json& body);
  Statement create_enum(const Json& body);
  Statement drop_domain(const Json& body);
  Statement comment(const Json& body);
  const std::shared_ptr<const Domain>* domain_named(const Json& type) const;  // null: it is no domain
  ExprPtr in_domain(ExprPtr value, const Domain& domain) const;               // the value, or an error

  // bind_generated.cc
  void add_generated(Relation& table, const Json& constraint, std::uint16_t column);
  void add_identity(Relation& table, const Json& constraint, std::uint16_t column);
  void check_generated(const Relation& table) const;  // when all constraints are there
  // May the column be set to this by INSERT, by UPDATE? Failure, or false: to DEFAULT, of a column that is generated.
  enum class Override : std::uint8_t { kNone, kSystem, kUser };
  bool insertable(const Relation& table, std::uint16_t column, bool is_default, Override override, int offset) const;
  bool updatable(const Relation& table, std::uint16_t column, bool is_default, int offset) const;

  // bind_change.cc
  Statement alter_table(const Json& body);
  Statement alter_options(const Json& body);                       // bind_options.cc
  Statement rename(const Json& body);
  void add_column(Relation& table, const Json& item, std::vector<std::pair<const Json*, int>>& constraints);
  void add_unique(Relation& table, const Json& constraint, int column);
  void add_foreign(Relation& table, const Json& constraint, int column);
  void bind_conflict(const Json& body, const Relation& table, const From& from, Statement& out);
  void bind_returning(const Json& body, const Scope& scope, Statement& out);

  // bind_query.cc
  BoundQuery bind_query(const Json& body, const Environment* environment, const Scope* outer);
  BoundQuery bind_set_operation(const Json& body, const Environment* environment, const Scope* outer);
  BoundQuery bind_values(const Json& body, const Environment* environment, const Scope* outer);
  // The rows of VALUES, each with its own sub-selects.
  struct ValuesRow {
    std::vector<ExprPtr> exprs;
    PendingCalls pending;
  };
  PlanPtr rows_of(std::vector<ValuesRow> rows, Schema schema, const Scope& scope);
  BoundQuery bind_select(const Json& body, const Environment* environment, const Scope* outer);
  // A query as a relation: without hidden columns, types settled. `order`: where its ORDER BY goes, up to the first hidden column.
  PlanPtr bind_rows(const Json& body, const Environment* environment, std::vector<OrderKey>* order = nullptr, const Scope* outer = nullptr);
  PlanPtr bind_side(const Json& body, const Environment* environment, const Scope* outer);
  PlanPtr converted(PlanPtr plan, std::span<const Type> types);
  struct Target {
    std::string name;
    ExprPtr expr;
  };
  std::vector<Target> bind_targets(const Json& list, const Context& context);
  SortItem sort_item(const Json& sort, const std::function<ExprPtr(const Json&)>& bind);
  std::size_t sort_target(const Json& node, std::vector<Target>& targets, std::size_t visible, const Context& context, std::string_view clause);
  Groups bind_groups(const Json& list, const std::vector<Target>& targets, const Context& context, bool distinct);
  void limit(BoundQuery& query, const Json& body);
  std::uint64_t limit_value(const Json& node, std::string_view clause, bool& given);
  PlanPtr bind_where(const Json& node, PlanPtr plan, const Scope& scope, const Environment* environment);

  // bind_with.cc
  void bind_with(const Json& with, Environment& environment, const Scope* outer);
  PlanPtr bind_recursive(const Json& cte, const Environment& environment, const Scope* outer);

  // bind_from.cc
  // outer: of the query around this one. lateral: what LATERAL items and functions see beside it: the items to their left.
  From bind_from(const Json* list, const Environment* environment, const Scope* outer);
  From join_from(From left, From right, const Scope& lateral, int offset);  // side by side, as a comma joins them
  From bind_item(const Json& node, const Environment* environment, const Scope* outer, const Scope* lateral);
  From bind_function_rows(const Json& body, const Environment* environment, const Scope* lateral);
  From bind_table(const Json& body, const Environment* environment);
  From bind_join(const Json& body, const Environment* environment, const Scope* outer, const Scope* lateral);
  const Relation* parametrised(const Json& body) const;
  From bind_parametrised(const Relation& view, const Json& body);  // view(values)
  From relation_from(PlanPtr plan, const std::string& name, const Json* alias, const Columns& primary_key);
  const Relation& relation_of(const Json& range);
  PlanPtr listing(const Json& range);  // null: not one (listings.cc)
  PlanPtr scan(const Relation& relation);
  ScopeColumn look_up(const Scope& scope, const std::string& table, const std::string& column, int offset, const Scope** found) const;

  // bind_subquery.cc
  PlanPtr bind_inner(const Json& select, const Context& context);
  ExprPtr bind_sublink(const Json& body, const Context& context);
  ExprPtr bind_array_sublink(const Json& body, const Context& context);  // ARRAY (SELECT …)
  std::vector<ExprPtr> bind_row_sublink(const Json& body, const Context& context);  // the columns of (SELECT a, b …) as one row
  ExprPtr quantified(const Json& body, const std::string& op, const Context& context, const Plan& inner);
  // Does the expression, its sub-selects included, use columns of this query, and of queries outside?
  void find_columns(const Expr& expr, const Context& context, bool& inside, bool& outside) const;
  std::uint16_t use(Subquery subquery, const Context& context);  // the column of its first slot
  // A conjunct of WHERE that tests a sub-select, joined to the plan.
  PlanPtr bind_membership(const Json& sublink, PlanPtr plan, const Context& context, bool negated);
  ExprPtr reference(const Scope& scope, ExprPtr expr);  // the outer column that stands for it
  bool refers_to(const Plan& plan, const Scope& scope) const;
  void each_reference(const Subquery& subquery, const Scope& scope, const std::function<void(const Expr&)>& see) const;  // what it takes from there
  // The sub-select without its references to `scope`. resolve: what a reference is over the columns of `rows`, which holds all rows of that query.
  Dependent depend(PlanPtr inner, const Scope& scope, const Plan& rows, const std::function<ExprPtr(const Expr&)>& resolve, Form form);
  // An expression over a Dependent's columns as one over `rows`' columns ++ the Dependent's.
  ExprPtr beside(const Expr& expr, std::size_t width, const Scope& scope, const std::function<ExprPtr(const Expr&)>& resolve) const;
  // Joins sub-selects to the plan of the query with this scope, whose columns stay the first ones. slots: what they are then, to be computed where they are used,
  // since that may fail. outside: takes an expression of this query to the plan's columns.
  PlanPtr attach(PlanPtr plan, std::vector<Subquery> subqueries, const Scope& scope, const std::function<ExprPtr(const Expr&)>& outside, Slots& slots);
  PlanPtr attach_values(PlanPtr plan, Dependent inner, bool one_row, const Scope& scope, const std::function<ExprPtr(const Expr&)>& resolve, Slots& values);
  // The rows of the plan for which the condition holds; it may use the sub-selects.
  PlanPtr filter_by(PlanPtr plan, std::vector<Subquery> subqueries, ExprPtr condition, const Scope& scope);
  // An outer join whose ON has sub-selects.
  PlanPtr join_on_subqueries(Plan::JoinKind kind, PlanPtr left, PlanPtr right, const Scope& left_scope, const Scope& sides, PendingCalls pending, ExprPtr condition);
  // LATERAL: the plan's columns ++ those of `right` for each of its rows. kind: inner or left.
  PlanPtr join_lateral(Plan::JoinKind kind, PlanPtr plan, PlanPtr right, const Scope& scope, ExprPtr condition);

  // bind_expression.cc
  ExprPtr bind(const Json& node, const Context& context);
  ExprPtr bind_boolean(const Json& node, const Context& context);
  std::vector<ExprPtr> bind_list(const Json& list, const Context& context);
  ExprPtr bind_column(const Json& body, const Context& context);
  ExprPtr bind_constant(const Json& body);
  ExprPtr bind_parameter(const Json& body);
  ExprPtr bind_operation(const Json& body, const Context& context);
  ExprPtr bind_comparison(const std::string& op, const Json& left, const Json& right, const Context& context, int offset);
  ExprPtr compare_rows(const std::string& op, std::vector<ExprPtr> left, std::vector<ExprPtr> right, int offset);
  ExprPtr bind_array_of(const Json& body, const Type* array, const Context& context);  // ARRAY[…], converted where a cast says to what
  ExprPtr bind_subscript(const Json& body, const Context& context);
  // What a function that makes JSON takes: expressions, and rows by the names of their tables, which become objects of the type that the function gives.
  std::vector<ExprPtr> bind_json_list(const std::string& function, const Json& list, const Context& context, bool* row = nullptr);
  const ScopeTable* row_named(const Json& node, const Context& context) const;
  ExprPtr bind_json_subscripts(ExprPtr value, const Json& list, const Context& context);
  ExprPtr bind_case(const Json& body, const Context& around);
  ExprPtr bind_cast(const Json& body, const Context& context);
  ExprPtr bind_function(const Json& body, const Context& context);
  ExprPtr bind_now(int offset) const;  // REQUIRES: it is not refused
  ExprPtr bind_time_word(const Json& body) const;  // CURRENT_TIMESTAMP and the like

  // bind_rows.cc: set-returning functions
  // The array whose elements are the function's rows.
  ExprPtr bind_rows_array(const std::string& name, std::vector<ExprPtr> args, int offset);
  ExprPtr bind_rows_call(const std::string& name, const Json& body, const Context& context);  // in a select list
  From bind_unnest(const Json& body, const Context& context);  // functions in FROM, side by side
  PlanPtr unnest_beside(Plan::JoinKind kind, PlanPtr& plan, const Plan& right, const Scope& scope, const Expr* condition);  // null: no plain LATERAL unnest

  Type bind_type(const Json& body, bool literal, std::vector<std::int64_t>* interval_modifiers);
  std::int64_t integer_of(const Json& node, std::string_view what);  // a constant
  std::string output_name(const Json& node);

  // bind_aggregate.cc
  ExprPtr bind_grouping(const Json& body, const Context& context);
  ExprPtr bind_aggregate(const std::string& name, const Json& body, const Context& context);
  ExprPtr bind_outer_aggregate(AggregateCall call, const Context& context, int offset);  // one that speaks of a query outside alone: it belongs there

  // bind_window.cc
  ExprPtr bind_window(const std::string& name, const Json& body, const Context& context);
  Window bind_definition(const Json* partition, const Json* order, const Context& context);
  Frame bind_frame(const Json& body, const std::vector<SortItem>& order);
  void check_windows(const Json& named, const Context& context);  // also those that nothing uses
  // Puts the windows over the plan; columns: where each use then is.
  PlanPtr attach_windows(PlanPtr plan, PendingCalls& pending, const std::function<ExprPtr(const Expr&)>& resolve, Columns& columns);

  struct Depth {
    explicit Depth(int& depth);
    ~Depth() { --depth_; }
    int& depth_;
  };

  const Catalog& catalog_;
  const std::string& text_;
  Parameters* const parameters_;
  std::list<Json> written_;  // trees that stand for others, by their meaning
  std::vector<Reference> references_;
  std::vector<const Context*> around_;  // of the expressions that hold the sub-select at hand, the innermost last
  std::vector<Statement::Mention> mentions_;
  std::vector<std::string> cast_domains_;  // that the statement casts to
  bool in_view_ = false;
  // What now() is: refused, one value, or in a view what sql/temporal.h makes of it.
  enum class Now : std::uint8_t { kRefused, kOnce, kLive } now_ = Now::kRefused;
  int depth_ = 0;
  std::uint64_t recursions_ = 0;    // recursive queries bound so far
  std::size_t copied_nodes_ = 0;  // of WITH queries and queries with sub-selects: they may double with every level
};

bool returns_rows(std::string_view function);
bool names_builtin_type(const std::string& name);  // supported or not
// start, stop and step of generate_series, in the type that PostgreSQL takes for them.
std::vector<ExprPtr> series_arguments(std::vector<ExprPtr> args, int offset);
// The plan with the rows of the set-returning functions in the expressions beside its own, and these then columns.
PlanPtr expand_rows(PlanPtr plan, std::span<ExprPtr* const> exprs);

void check_enums(const Schema& schema);  // refuses values whose enum type is not known any more, and arrays of them

// Gives columns that are still bare literals a type: this one, or text.
void retype(Plan& plan, std::uint16_t column, const Type& type, Cast context, int offset);
void settle(Plan& plan);

}  // namespace weir
