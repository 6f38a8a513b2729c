#pragma once
// JSON definitions documents, and structured queries, to SQL text. The builder of the door takes the same way: there is one dialect.
//
//     { "tables": { "orders": { "columns": { "id": "BIGINT", "amount": {"type": "NUMERIC(12,2)", "not_null": true, "default": "0"} },
//                                "primary_key": ["id"], "checks": ["amount >= 0"] } },
//       "views":  { "totals": "SELECT …",
//                   "big": { "from": "orders", "where": "amount > 100", "select": ["id", {"amount * 2": "double_amount"}], "order_by": ["id DESC"], "limit": 10 } },
//       "gates":  { "api": { "budget": "limits", "max_exposure": 1000, "window": {"kind": "sliding", "period_ms": 60000} },
//                   "logins": { "units": 5, "key": {"address": "TEXT"}, "window": {"kind": "token_bucket", "period_ms": 60000} } } }
//
// Errors   Failure with `place` set to the JSON pointer of what is wrong ("/views/totals/where"). Unknown fields are errors; no clause is silently dropped.
// Order    views may be declared in any order; the result lists tables first, then views after what they stand on. A cycle is an error that names it.

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weir/database.h"
#include "weir/error.h"
#include "weir/gate.h"
#include "weir/value.h"

namespace weir {

struct Definition {
  bool is_view = false;
  std::string name;
  std::string pointer;     // JSON pointer of the definition
  std::string statement;   // CREATE TABLE … or CREATE VIEW …
  // Where offsets in `statement` come from: [begin, end) and the JSON pointer of the fragment that stands there.
  struct Piece { std::size_t begin, end; std::string pointer; };
  std::vector<Piece> pieces;
};

struct GateDefinition {
  std::string name, pointer;
  GateOptions options;
};

std::vector<Definition> read_definitions(std::string_view json);  // checks the gates too
std::vector<GateDefinition> gates_in(std::string_view json);
std::string gates_document(const std::map<std::string, GateOptions, std::less<>>& gates);  // what gates_in() reads
// Sets what the document's "options" say; the rest stays.
void options_in(std::string_view json, OpenOptions& options);
// Rewrites an error in `definition.statement` into one in the document: place = pointer of the fragment; line, column and excerpt within it.
Error place_in_document(Error error, const Definition& definition);

// One line of NDJSON: a plain object (an insert), or {"insert": {…}}, {"delete": {…}}, {"update": {…}}. Values of columns as text or null, in the order of the object.
struct JsonRow {
  enum class Operation : std::uint8_t { kInsert, kDelete, kUpdate } operation = Operation::kInsert;
  std::vector<std::pair<std::string, Value>> fields;  // numbers as texts where a double would lose digits
};
JsonRow read_json_row(std::string_view line);          // Failure(kInput)
std::string json_quote(std::string_view text);         // with the quotes
std::string definitions_schema();                      // the published JSON Schema

}  // namespace weir
