#pragma once
// SQL/JSON paths as PostgreSQL has them: '$.a[*] ? (@.x > 1)'.
//
// Cost     a value is read once for each step of the path that visits it.
// Errors   the constructor: Failure(kInput) for what is no path, Failure(kUnsupported) for .datetime() and .keyvalue(). query(): see there.
// Threads  query() is const.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

class JsonPath {
 public:
  explicit JsonPath(std::string_view text);
  ~JsonPath();
  JsonPath(const JsonPath&) = delete;
  JsonPath& operator=(const JsonPath&) = delete;

  struct Result {
    std::vector<std::string> items;  // JSONBs: those found before the error, where there is one
    std::string error;               // empty: none
  };
  // `variables`: an object. `whether`: only whether there is an item is asked. Failure(kEvaluation) for a variable that is not in it.
  Result query(std::string_view jsonb, std::string_view variables, bool whether) const;
  bool strict() const;

 private:
  struct Impl;
  std::unique_ptr<const Impl> impl_;
};

}  // namespace weir
