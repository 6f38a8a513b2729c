#pragma once
// SQL text to statements: split, parsed by PostgreSQL's own grammar (libpg_query), bound against a catalog.
//
// Errors   Failure(kSyntax, kUnsupported, kUnknownName, kType, …) whose offset counts bytes in the script; locate() fills line, column and excerpt.
//          What weir does not support is refused here, by name ("DISTINCT ON is not supported"). No clause is ever silently dropped.
// Threads  pure but for libpg_query, which is thread safe.

#include <weir/profile.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sql/catalog.h"
#include "sql/plan.h"


namespace weir {

// One statement of a script, not parsed yet.
struct StatementText {
  std::string text;
  std::size_t offset = 0;  // of `text` in the script
};

// Cuts a script at its semicolons. `complete` is false where the last statement has no semicolon (or ends inside of a quote, a comment or a parenthesis) and
// more may follow; it is then the last element. Never throws; never splits inside of quotes.
std::vector<StatementText> split_statements(std::string_view script, bool& complete);

struct Statement {
  enum class Kind : std::uint8_t {
    kCreateTable, kCreateView, kDropTable, kDropView, kAlterTable, kAlterView, kAlterLog, kCreateDomain, kDropDomain, kComment, kInsert, kUpdate, kDelete, kTruncate, kCopy,
    kBegin, kCommit, kRollback, kSavepoint, kRollbackTo, kRelease, kSelect, kExplain, kSetClock, kNothing
  };
  Kind kind = Kind::kNothing;

  std::vector<std::string> names;  // tables and views created, dropped or changed; a savepoint
  bool read_only = false;          // kBegin
  bool if_exists = false;          // DROP … IF EXISTS; CREATE … IF NOT EXISTS
  bool cascade = false;
  bool or_replace = false;
  Relation relation;               // kCreateTable; kAlterTable: as it will be. kCreateView: only its domains
  std::vector<int> sources;        // kAlterTable: for each new column the old one, or -1: its default
  std::string new_name;            // kAlterView
  std::shared_ptr<const Domain> domain;  // kCreateDomain
  std::string column, comment;     // kComment; column "": on the table or view. comment "": none any more
  // kCreateView: where the text names a table or view: the place, and whether an alias follows. For the view itself: where its own name stands.
  struct Mention { std::uint64_t relation = 0; int offset = -1; bool aliased = false; };
  std::vector<Mention> mentions;
  int name_offset = -1;
  std::string definition;          // kCreateTable, kCreateView: the whole statement, to be stored
  bool lazy = false;               // kCreateView … WITH (lazy)
  std::optional<Relation::Log> log;  // kCreateView … WITH (feed); kAlterLog: as it will be
  std::vector<Type> parameters;    // kCreateView: of $1, …, which the plan then holds

  // kSelect, kCreateView: the query. kInsert: full rows of the table, converted, defaults filled in, generated columns left open. kDelete: the rows to delete, all columns.
  // kUpdate: old row ++ new row (converted). Checks and NOT NULL are not in the plan: the table enforces them. Optimised.
  PlanPtr plan;
  // kInsert into a table with identity columns, where some row takes a number: the plan then ends with the row's place, and for each of Rules::identities whether it
  // takes one.
  bool numbered = false;
  // RETURNING: expressions over the row (kUpdate: the new one), followed by what FROM or USING has, which the plan then ends with. None: no RETURNING.
  std::vector<ExprPtr> returning;
  Schema returned;
  // kSelect: sort the result by these and show the first `visible` columns. LIMIT is in the plan. kCreateView: the view's Relation::order.
  std::vector<OrderKey> order;
  std::size_t visible = 0;

  // kInsert … ON CONFLICT. Expressions over the row that is there ++ the one proposed.
  struct Conflict {
    bool updates = false;               // DO UPDATE
    bool by_key = false;                // rows of equal primary key conflict,
    std::vector<std::size_t> uniques;   // and those equal in these of Relation::uniques
    std::vector<ExprPtr> set;           // by column; null: stays
    ExprPtr where;                      // null: always
  };
  std::unique_ptr<Conflict> conflict;

  // kCopy … FROM
  std::string file;                          // "" = STDIN
  std::vector<std::uint16_t> copy_columns;   // of the table, in the file's order
  bool header = false;
  char delimiter = ',';
  std::string null_text;                     // unquoted text that stands for NULL

  // kExplain
  std::unique_ptr<Statement> explained;
  Diagram diagram = Diagram::kText;          // EXPLAIN (FORMAT …)
  bool analyze = false;

  // kSetClock: a moment to stand at, or nothing: the system's clock.
  std::optional<std::int64_t> clock;
};

// Parses and binds one statement. Offsets in errors are relative to statement.offset + text.
Statement bind_statement(const StatementText& statement, const Catalog& catalog);
// A CREATE VIEW with parameters, these constants in their place.
Statement bind_with_values(const std::string& definition, const Catalog& catalog, const std::vector<ExprPtr>& values);
// The statements that a stored table is made of: CREATE TABLE, then each ALTER TABLE since. The table as they leave it.
Statement bind_table_history(std::string_view script, const Catalog& catalog);
// The length of the name, qualified perhaps, that stands at `offset` in a statement.
std::size_t name_length(std::string_view sql, std::size_t offset);
// A view's body alone: SELECT …, VALUES …, WITH …. For JSON documents, the builder and stored views.
PlanPtr bind_query(std::string_view sql, const Catalog& catalog);
// Checks that `sql` is one scalar expression (or one select item, one order item …) and nothing more: what JSON documents and the builder embed. Failure(kSyntax).
enum class Fragment : std::uint8_t { kExpression, kSelectItem, kOrderItem, kRelation, kQuery };
void check_fragment(std::string_view sql, Fragment kind);
std::string quote_identifier(std::string_view name);
std::string quote_literal(std::string_view text);
inline std::string in_quotes(std::string_view name) { return '"' + std::string(name) + '"'; }  // as messages show a name
// The name among `names` nearest to a misspelt one (edit distance), or "".
std::string nearest_name(std::string_view name, std::span<const std::string> names);

// Fills line, column and excerpt from offset.
void locate(Error& error, std::string_view script);

}  // namespace weir
