#pragma once
// Tables of PostgreSQL's answers: "operation | operands | result |" a line, '#' begins a comment.
//
// Threads  plain functions.

#include <gtest/gtest.h>
#include <weir/error.h>

#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace weir::test {

using Operands = std::vector<std::string>;
using Operations = std::map<std::string, std::function<std::string(const Operands&)>>;

// Holds every line of tests/zset/<file> against the operations; returns how many there were. A Failure answers "ERROR: " and its message.
inline int compare_answers(const std::string& file, const Operations& operations) {
  std::ifstream in(std::string(WEIR_SOURCE_DIR "/tests/zset/") + file);
  EXPECT_TRUE(in.is_open()) << file;
  std::string line;
  int cases = 0;
  while (std::getline(in, line)) {
    if (line.empty() || line[0] == '#') continue;
    std::vector<std::string> fields(1);
    for (const char c : line) {
      if (c == '|') fields.emplace_back();
      else fields.back() += c;
    }
    fields.pop_back();  // behind the last '|'
    const auto operation = operations.find(fields.front());
    if (operation == operations.end()) {
      ADD_FAILURE() << "unknown operation: " << line;
      continue;
    }
    std::string answer;
    try {
      answer = operation->second(Operands(fields.begin() + 1, fields.end() - 1));
    } catch (const Failure& failure) {
      answer = std::string("ERROR: ") + failure.what();
    }
    EXPECT_EQ(answer, fields.back()) << line;
    ++cases;
  }
  return cases;
}

}  // namespace weir::test
