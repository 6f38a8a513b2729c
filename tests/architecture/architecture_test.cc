// Catches: an include that goes up or across between rooms, a third party outside of its home, a header without a contract, two types of one name (the linker keeps
// one's destructor for both). The edge table is the architecture.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

// What each room may include. "door" is include/weir/. cli/ has nothing but the door: what it can do, a library user can.
const std::map<std::string, std::set<std::string>> kEdges = {
    {"door", {"door"}},
    {"zset", {"door", "zset"}},
    {"circuit", {"door", "zset", "circuit"}},
    {"operators", {"door", "zset", "circuit", "operators"}},
    {"sql", {"door", "zset", "circuit", "operators", "sql"}},
    {"storage", {"door", "zset", "storage"}},
    {"views", {"door", "zset", "circuit", "operators", "sql", "storage", "views"}},
    {"cli", {"door", "cli"}},
};

// Where each third party may be included: a folder or a file.
const std::vector<std::pair<std::string, std::string>> kHomes = {
    {"tbb/", "circuit/executor.cc"}, {"oneapi/", "circuit/executor.cc"}, {"sqlite3", "storage/"},
    {"pg_query", "sql/"},            {"nlohmann/", "sql/"},              {"CLI/", "cli/"},
};

struct Source {
  std::string path;  // below the top
  std::string room;
  std::vector<std::string> lines;
};

const std::vector<Source>& sources() {
  static const std::vector<Source> all = [] {
    std::vector<Source> out;
    const fs::path top = WEIR_SOURCE_DIR;
    for (const auto& [room, edges] : kEdges) {
      for (const auto& entry : fs::recursive_directory_iterator(top / (room == "door" ? "include/weir" : room))) {
        std::string ending = entry.path().extension();
        if (ending != ".h" && ending != ".cc") continue;
        Source source{fs::relative(entry.path(), top).string(), room, {}};
        std::ifstream file(entry.path());
        for (std::string line; std::getline(file, line);) source.lines.push_back(line);
        out.push_back(std::move(source));
      }
    }
    return out;
  }();
  return all;
}

template <class F>
void for_each_include(F f) {
  static const std::regex include(R"(^\s*#\s*include\s*[<"]([^>"]+)[>"])");
  for (const Source& source : sources()) {
    for (std::size_t i = 0; i < source.lines.size(); ++i) {
      std::smatch match;
      if (std::regex_search(source.lines[i], match, include)) f(source, source.path + ":" + std::to_string(i + 1), match[1].str());
    }
  }
}

TEST(Architecture, RoomsIncludeOnlyWhatIsBelow) {
  ASSERT_GT(sources().size(), 30u);
  for_each_include([](const Source& source, const std::string& where, const std::string& included) {
    std::string first = included.substr(0, included.find('/'));
    if (first == "weir") first = "door";
    if (!kEdges.contains(first)) return;
    EXPECT_TRUE(kEdges.at(source.room).contains(first)) << where << ": " << source.room << " may not include " << included;
  });
}

TEST(Architecture, ThirdPartiesStayAtHome) {
  for_each_include([](const Source& source, const std::string& where, const std::string& included) {
    for (const auto& [party, home] : kHomes) {
      if (included.starts_with(party)) { EXPECT_TRUE(source.path.starts_with(home)) << where << ": " << included << " lives in " << home; }
    }
  });
}

TEST(Architecture, HeadersOfThirdPartiesAreNotPassedOn) {
  for_each_include([](const Source& source, const std::string& where, const std::string& included) {
    if (!source.path.ends_with(".h")) return;
    for (const char* heavy : {"tbb/", "sqlite3", "pg_query"}) EXPECT_FALSE(included.starts_with(heavy)) << where << ": in a header";
  });
}

TEST(Architecture, HeadersHaveAContract) {
  for (const Source& source : sources()) {
    if (!source.path.ends_with(".h")) continue;
    ASSERT_GE(source.lines.size(), 2u) << source.path;
    EXPECT_EQ(source.lines[0], "#pragma once") << source.path;
    EXPECT_TRUE(source.lines[1].starts_with("// ")) << source.path << ": the label block begins on the second line";
  }
}

TEST(Architecture, NothingIsLeftForLater) {
  for (const Source& source : sources()) {
    for (std::size_t i = 0; i < source.lines.size(); ++i) {
      for (const char* word : {"TODO", "FIXME", "XXX", "HACK"}) {
        EXPECT_EQ(source.lines[i].find(word), std::string::npos) << source.path << ":" << i + 1 << ": " << word;
      }
    }
  }
}

// By namespace and name; what stands in a namespace without a name is a file's own.
TEST(Architecture, NoTwoTypesHaveOneName) {
  static const std::regex opens(R"(^namespace ?([A-Za-z_:]*) ?\{$)"), type(R"(^(struct|class|enum class|union) ([A-Za-z_]+)( final)?( :.*)? ?\{.*)");
  std::map<std::string, std::string> defined;
  for (const Source& source : sources()) {
    std::vector<std::string> spaces;
    for (std::size_t i = 0; i < source.lines.size(); ++i) {
      const std::string& line = source.lines[i];
      std::smatch match;
      if (std::regex_match(line, match, opens)) spaces.push_back(match[1]);
      if (line.starts_with("}  // namespace") && !spaces.empty()) spaces.pop_back();
      if (!std::regex_match(line, match, type)) continue;
      if (std::find(spaces.begin(), spaces.end(), "") != spaces.end()) continue;
      if (i > 0 && source.lines[i - 1].starts_with("template")) continue;
      std::string name = match[2];
      for (auto space = spaces.rbegin(); space != spaces.rend(); ++space) name = *space + "::" + name;
      const std::string where = source.path + ":" + std::to_string(i + 1);
      const auto [there, fresh] = defined.emplace(name, where);
      EXPECT_TRUE(fresh) << name << " is defined in " << there->second << " and in " << where;
    }
  }
  EXPECT_GT(defined.size(), 100u);
}

}  // namespace
