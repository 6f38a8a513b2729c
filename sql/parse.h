#pragma once
// SQL text to PostgreSQL's parse tree, through libpg_query. For sql/ alone.
//
// Errors   Failure(kSyntax) with the byte offset in the text.
// Threads  pure.

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace weir {

using Json = nlohmann::json;

// The one statement in the text: {"SelectStmt": {…}}. null for a text without one. More than one is an error.
Json parse_statement(const std::string& sql);
// A tree as libpg_query writes it: JSON without fractions. Failure(kInternal) for another text. The stack that it takes grows with the depth.
Json read_tree(const char* text);
bool is_keyword(std::string_view name);  // one that can't stand as a bare identifier everywhere

}  // namespace weir
