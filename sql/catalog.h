#pragma once
// What the binder may ask about the database.

#include <weir/error.h>
#include <weir/type.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "operators/order_key.h"
#include "sql/functions.h"
#include "zset/shared.h"

namespace weir {

struct Plan;

// CREATE DOMAIN: a type with conditions on its values, and perhaps a default. Its values are values of the type.
struct Domain {
  std::string name, base;                      // base: the domain that it stands on, if it does
  Type type;
  std::shared_ptr<const Expr> default_value;   // null: none
  struct Rule { std::string name, complaint; std::shared_ptr<const Expr> condition; };  // over the value as column 0; complaint: what the error says
  std::vector<Rule> rules;                     // those of the base first; NOT NULL is one, too
  std::string definition;                      // the CREATE statement
  bool is_enum = false;                        // CREATE TYPE … AS ENUM: it has a type of its own
};

struct Relation {
  std::string name;
  std::uint64_t id = 0;
  bool is_view = false;
  SharedVector<Field> schema;
  std::vector<std::uint16_t> key;  // tables: PRIMARY KEY; views: the derived key
  bool has_key = false;
  // Views with parameters ($1, …): their types. Its statement is bound again where values are given; such a view has no rows of its own.
  std::vector<Type> parameters;
  bool lazy = false;               // views WITH (lazy): no rows are kept where nobody listens
  // WITH (feed), WITH (audit): the change of each batch is kept in the file, for so many batches; 0: for ever.
  struct Log { std::uint64_t batches = 0; };
  std::optional<Log> log;
  // Views: the ORDER BY of the query, as far as the view has its columns. Rows have no order at rest; who reads the whole view sorts by it.
  std::vector<OrderKey> order;
  std::vector<std::string> domains;  // that its expressions cast to
  struct Check { std::string name; std::string text; std::shared_ptr<const Expr> condition; };
  struct Unique { std::string name; std::vector<std::uint16_t> columns; bool nulls_equal = false; };
  struct Foreign {
    enum class Action : std::uint8_t { kNoAction, kRestrict, kCascade, kSetNull, kSetDefault };
    std::string name;
    std::vector<std::uint16_t> columns;
    std::string parent;                       // a table
    std::vector<std::string> parent_columns;  // none: its primary key
    Action on_delete = Action::kNoAction, on_update = Action::kNoAction;
    std::vector<std::uint16_t> set_columns;   // by SET NULL and SET DEFAULT on delete
    bool full = false;                        // MATCH FULL
  };
  // A column that is computed from the others of its row (none of them generated), and one whose values come from a sequence of its own.
  struct Generated { std::uint16_t column; std::shared_ptr<const Expr> expr; };
  struct Identity {
    std::uint16_t column;
    bool always = false, serial = false;      // GENERATED ALWAYS; SERIAL and not IDENTITY
    std::int64_t start = 1, increment = 1, least = 1, most = 1;
  };
  // Tables. Defaults are expressions without columns (null: NULL); checks are boolean expressions over the row.
  struct Rules {
    std::vector<std::shared_ptr<const Expr>> defaults;
    std::vector<Check> checks;
    std::string key_name;                     // of the primary key's constraint, if there is one
    std::vector<Unique> uniques;              // UNIQUE; nulls_equal: NULLS NOT DISTINCT
    std::vector<Foreign> foreign;             // FOREIGN KEY
    std::vector<Generated> generated;
    std::vector<Identity> identities;
    std::vector<std::pair<std::uint16_t, std::shared_ptr<const Domain>>> domains;  // of columns
    const Generated* generated_column(std::uint16_t column) const;  // null: it is not one
    const Identity* identity_column(std::uint16_t column) const;
    const Expr* default_of(std::uint16_t column) const;             // its own or its domain's; null: NULL
  };
  Optional<Rules> rules;
};

class Catalog : public UserFunctions {
 public:
  virtual const Relation* find_relation(std::string_view name) const = 0;
  virtual const std::shared_ptr<const Domain>* find_domain(std::string_view) const { return nullptr; }
  virtual std::vector<std::string> relation_names() const = 0;  // for "did you mean", and listings
  // now() of a statement that looks once, in microseconds since 2000-01-01.
  virtual std::int64_t now() const { return 0; }
  virtual std::string definition_of(std::string_view) const { return ""; }                // of a view, for listings
  virtual std::map<std::string, std::string> comments_of(std::string_view) const { return {}; }  // on columns, and on the relation itself: ""; for listings
  virtual std::vector<std::string> used_by(std::string_view) const { return {}; }         // what a view names in its query, for listings
};

}  // namespace weir
