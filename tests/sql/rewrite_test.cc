// Catches: a filter pushed where it changes the answer or left where it costs, an equality that does not become a key, an outer join reduced wrongly, a column
// carried for nobody, a lost or a false key.

#include <gtest/gtest.h>

#include "plan_catalog.h"

namespace weir {
namespace {

// The plan's lines joined by newlines, after an opening newline, so that raw strings read well.
std::string shown(const std::string& sql) { return "\n" + plan_of(sql); }

TEST(Rewrite, EqualitiesBecomeKeysAndFiltersGoDown) {
  EXPECT_EQ(shown("SELECT a.id, b.t FROM a, b WHERE a.k = b.k AND a.v > 3 AND b.w > 1 AND a.v > b.w"), R"(
project id, t
  inner join on k = k if (cast(v as double precision) > w)  [key id, id]
    filter (v > 3)  [key id]
      scan a  [key id]
    filter (w > '1'::double precision)  [key id]
      scan b  [key id]
)");
}

TEST(Rewrite, JoinsReadTablesThemselves) {
  EXPECT_EQ(shown("SELECT x.id FROM (SELECT id, k FROM a) x LEFT JOIN (SELECT k FROM b) y ON x.k = y.k"), R"(
project id
  left join on k = k  [key id, id]
    scan a  [key id]
    scan b  [key id]
)");
}

TEST(Rewrite, KeysAreComputedBelowTheJoin) {
  EXPECT_EQ(shown("SELECT a.id, c.d FROM a JOIN c ON a.k + 1 = c.k"), R"(
project id, d
  inner join on #1 = k
    project id, (k + 1)  [key id]
      scan a  [key id]
    scan c
)");
}

TEST(Rewrite, CommaJoinsAreOrderedByWhatTiesThem) {
  EXPECT_EQ(shown("SELECT a.id, b.id FROM a, b, c WHERE a.k = c.k AND b.k = c.k"), R"(
project id, id
  inner join on k = k
    project id, k
      inner join on k = k
        scan a  [key id]
        scan c
    scan b  [key id]
)");
}

TEST(Rewrite, OuterJoinsAreReducedOnlyWhereNullsAreRejected) {
  const auto kind = [](const std::string& from) {
    const std::string plan = plan_of("SELECT a.id, b.id FROM " + from);
    for (const char* k : {"left join", "full join", "inner join"}) {
      if (plan.find(k) != std::string::npos) return std::string(k);
    }
    return plan;
  };
  EXPECT_EQ(kind("a LEFT JOIN b ON a.k = b.k WHERE b.w > 1"), "inner join");
  EXPECT_EQ(kind("a LEFT JOIN b ON a.k = b.k WHERE b.w IS NOT NULL"), "inner join");
  EXPECT_EQ(kind("a LEFT JOIN b ON a.k = b.k WHERE b.w > 1 OR b.id = 1"), "inner join");
  EXPECT_EQ(kind("a LEFT JOIN b ON a.k = b.k WHERE b.w > 1 OR a.id = 1"), "left join");
  EXPECT_EQ(kind("a LEFT JOIN b ON a.k = b.k WHERE b.w IS NULL"), "left join");
  EXPECT_EQ(kind("a LEFT JOIN b ON a.k = b.k WHERE COALESCE(b.w, 1) = 1"), "left join");
  EXPECT_EQ(kind("a LEFT JOIN b ON a.k = b.k WHERE a.v > 1"), "left join");
  EXPECT_EQ(kind("a RIGHT JOIN b ON a.k = b.k WHERE b.w > 1"), "left join");
  EXPECT_EQ(kind("a RIGHT JOIN b ON a.k = b.k WHERE a.v > 1"), "inner join");
  EXPECT_EQ(kind("a FULL JOIN b ON a.k = b.k WHERE a.v > 1"), "left join");
  EXPECT_EQ(kind("a FULL JOIN b ON a.k = b.k WHERE a.v > 1 AND b.w > 1"), "inner join");
  EXPECT_EQ(kind("a FULL JOIN b ON a.k = b.k WHERE (a.v > 1) IS NOT TRUE"), "full join");
}

TEST(Rewrite, ConditionsOfOuterJoinsStayWhereTheyDecide) {
  EXPECT_EQ(shown("SELECT a.id, b.id FROM a LEFT JOIN b ON a.k = b.k AND b.w > 1 AND a.v > 2 WHERE a.id > 5"), R"(
project id, id  [key id, id]
  left join on k = k if (v > 2)  [key id, id]
    filter (id > 5)  [key id]
      scan a  [key id]
    filter (w > '1'::double precision)  [key id]
      scan b  [key id]
)");
}

TEST(Rewrite, FiltersPassGroupsButNotLimits) {
  EXPECT_EQ(shown("SELECT * FROM (SELECT k, COUNT(*) AS n FROM a GROUP BY k) s WHERE k > 1 AND n > 2"), R"(
filter (n > 2)  [key k]
  aggregate by k: count(*)  [key k]
    filter (k > 1)  [key id]
      scan a  [key id]
)");
  EXPECT_EQ(shown("SELECT * FROM (SELECT id FROM a ORDER BY id LIMIT 3) s WHERE id > 1"), R"(
filter (id > 1)  [key id]
  top 3 by id  [key id]
    project id  [key id]
      scan a  [key id]
)");
}

TEST(Rewrite, NumberedRowsBecomeATopK) {
  EXPECT_EQ(shown("SELECT id, k FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY k ORDER BY v, id) AS n FROM a) s WHERE n <= 2 AND k > 0"), R"(
project id, k  [key id]
  top 2 for each k by v, id  [key id]
    project id, k, v  [key id]
      filter (k > 0)  [key id]
        scan a  [key id]
)");
  EXPECT_NE(shown("SELECT id FROM (SELECT id, ROW_NUMBER() OVER (ORDER BY id) AS n FROM a) s WHERE n = 3").find("filter"), std::string::npos);
  EXPECT_EQ(shown("SELECT id FROM (SELECT id, ROW_NUMBER() OVER (ORDER BY id) AS n FROM a) s WHERE 1 = n").find("filter"), std::string::npos);
}

TEST(Rewrite, SubSelectsBecomeSemijoins) {
  EXPECT_EQ(shown("SELECT id FROM a WHERE k IN (SELECT k FROM b) AND NOT EXISTS (SELECT 1 FROM c WHERE c.k = a.k AND c.d > '2020-01-01')"), R"(
project id  [key id]
  anti join on k = k  [key id]
    semi join on k = k  [key id]
      scan a  [key id]
      scan b  [key id]
    filter (d > '2020-01-01'::date)
      scan c
)");
  EXPECT_EQ(shown("SELECT id FROM a WHERE id NOT IN (SELECT k FROM c)"), R"(
project id  [key id]
  anti join on id = k  [key id]
    scan a  [key id]
    scan c
)");
}

TEST(Rewrite, KeysAreDerived) {
  const auto key = [](const std::string& sql) {
    const std::string plan = plan_of(sql);
    const std::string line = plan.substr(0, plan.find('\n'));
    const std::size_t at = line.find("  [");
    return at == std::string::npos ? std::string("none") : line.substr(at + 3, line.size() - at - 4);
  };
  EXPECT_EQ(key("SELECT t, id FROM a"), "key id");
  EXPECT_EQ(key("SELECT t FROM a"), "none");
  EXPECT_EQ(key("SELECT k, COUNT(*) FROM a GROUP BY k"), "key k");
  EXPECT_EQ(key("SELECT COUNT(*) FROM a"), "one row");
  EXPECT_EQ(key("SELECT a.id, b.w FROM a JOIN b ON a.k = b.id"), "key id");
  EXPECT_EQ(key("SELECT a.id, b.id AS bid FROM a JOIN b ON a.k = b.k"), "key id, bid");
  EXPECT_EQ(key("SELECT a.id, b.w FROM a LEFT JOIN b ON a.k = b.id"), "key id");
  EXPECT_EQ(key("SELECT a.id, b.w FROM a LEFT JOIN b ON a.k = b.k"), "none");
  EXPECT_EQ(key("SELECT DISTINCT k, t FROM a"), "key k, t");
  EXPECT_EQ(key("SELECT id FROM a UNION ALL SELECT id FROM a"), "none");
  EXPECT_EQ(key("SELECT k FROM a EXCEPT SELECT k FROM c"), "key k");
  EXPECT_EQ(key("SELECT DISTINCT ON (k) k, t FROM a ORDER BY k, id"), "key k");
  EXPECT_EQ(key("SELECT x.k, x.s FROM totals x WHERE s > 1"), "key k");
}

TEST(Rewrite, DistinctOfDistinctRowsGoes) {
  EXPECT_EQ(plan_of("SELECT DISTINCT id, k FROM a").find("distinct"), std::string::npos);
  EXPECT_NE(plan_of("SELECT DISTINCT k FROM a").find("distinct"), std::string::npos);
}

TEST(Rewrite, ConstantsAreFoldedAndImpossibleFiltersAskNothingElse) {
  EXPECT_EQ(shown("SELECT id FROM a WHERE k > 1 + 2 AND true"), R"(
project id  [key id]
  filter (k > 3)  [key id]
    scan a  [key id]
)");
  EXPECT_EQ(shown("SELECT id FROM a WHERE 1 / k > 0 AND 1 = 2"), R"(
project id  [key id]
  filter 'f'::boolean  [key id]
    scan a  [key id]
)");
}

}  // namespace
}  // namespace weir
