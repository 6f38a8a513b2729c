#pragma once
// Queries built in C++ instead of written as text: From("orders").Where("amount > 10").GroupBy("customer").Aggregate("SUM(amount)", "total").
//
// Expressions inside are SQL. The builder makes the same SQL text that a person would write, and takes the same way from there: one dialect, one plan.
// Errors   every fragment is checked to be what its place asks for when the view is created; the message says which call it came from.
// Threads  plain values.

#include <weir/error.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

class Query {
 public:
  Query& Where(std::string condition);                                       // several are ANDed
  Query& Join(std::string relation, std::string on);                         // "airports a", "a.iata = f.origin"
  Query& LeftJoin(std::string relation, std::string on);
  Query& RightJoin(std::string relation, std::string on);
  Query& FullJoin(std::string relation, std::string on);
  Query& CrossJoin(std::string relation);
  Query& GroupBy(std::string expression);                                    // several add up
  Query& Aggregate(std::string expression, std::string name);                // a select item; with GroupBy the keys come first
  Query& Having(std::string condition);
  Query& Select(std::string expression, std::string name = "");
  Query& Distinct();
  Query& UnionAll(const Query& other);
  Query& OrderBy(std::string item);                                          // "total DESC NULLS LAST"
  Query& Limit(std::uint64_t rows);
  Query& Offset(std::uint64_t rows);
  Query& Lazy();                                                             // of a view: nothing is kept while nobody listens

  Query& Feed(std::uint64_t retention = 100'000);                            // of a view: its changes are kept in the file, of so many batches

  bool is_lazy() const { return lazy_; }
  std::uint64_t feed() const { return feed_; }                               // 0: none
  // The SQL text. Failure in the Result where a fragment is not what its place asks for.
  Result<std::string> sql() const;

 private:
  friend Query From(std::string relation);
  friend Query From(const Query& subquery, std::string alias);
  struct Clause { std::string kind, text, name; };
  std::vector<Clause> clauses_;
  bool lazy_ = false;
  std::uint64_t feed_ = 0;
};

Query From(std::string relation);                      // "orders" or "orders o"
Query From(const Query& subquery, std::string alias);  // a sub-select

}  // namespace weir
