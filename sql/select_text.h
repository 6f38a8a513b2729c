#pragma once
// A query in parts, as a JSON document or the builder gives it, put together to SQL text.
//
// Every part is checked to be what its place asks for (check_fragment), so that no part can reach beyond its place: `1) OR (1` is no expression.
//
// Errors   Failure(kSyntax) whose `place` is the origin of the part, its offset within the part.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sql/document.h"
#include "sql/statement.h"

namespace weir {

// A part of a query as it was given, and where it was given: a JSON pointer, or a call of the builder.
struct Part {
  std::string text;
  std::string origin;
};

// SQL text under construction that remembers where its parts came from.
class SqlText {
 public:
  SqlText& add(std::string_view sql) { text_ += sql; return *this; }
  SqlText& add_name(std::string_view name) { return add(quote_identifier(name)); }
  // Checks the part and adds it. A part ends with a line break: a comment at its end ends there too.
  SqlText& add(const Part& part, Fragment kind);
  // Adds it unchecked.
  SqlText& add_unchecked(const Part& part);
  SqlText& add(const SqlText& other);

  const std::string& text() const { return text_; }
  const std::vector<Definition::Piece>& pieces() const { return pieces_; }

 private:
  std::string text_;
  std::vector<Definition::Piece> pieces_;
};

struct SelectParts {
  // One relation of FROM: a fragment ("orders o"), or a sub-select with a name.
  struct Source {
    Part relation;
    std::shared_ptr<const SqlText> subquery;
    std::string alias;
  };
  struct Join {
    std::string kind;  // JOIN, LEFT JOIN, RIGHT JOIN, FULL JOIN, CROSS JOIN
    Source source;
    std::optional<Part> on;
    std::vector<std::string> using_columns;
  };
  struct Item {
    Part expression;
    std::string name;  // "": none given
  };
  std::vector<std::pair<std::string, SqlText>> with;
  std::optional<Source> from;
  std::vector<Join> joins;
  std::vector<Part> where, group_by, having, order_by;
  std::vector<Item> select;
  bool distinct = false;
  std::vector<SqlText> union_all;
  std::optional<std::uint64_t> limit, offset;
};

// The text of the query. An empty `select` is *.
SqlText to_sql(const SelectParts& parts);

}  // namespace weir
