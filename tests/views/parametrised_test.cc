// Catches: a subscriber told of rows of other values, a snapshot that lacks rows or a change told twice, state that stays when its subscriber has left, values that are
// taken for another type than PostgreSQL infers, a view with parameters read as if it had rows, one lost by the file.

#include <gtest/gtest.h>

#include "open.h"

namespace weir {
namespace {

constexpr char kOrders[] =
    "CREATE TABLE orders (id BIGINT PRIMARY KEY, tenant INTEGER, status TEXT, amount NUMERIC(10,2));"
    "INSERT INTO orders VALUES (1, 7, 'open', 10), (2, 8, 'open', 20), (3, 7, 'paid', 30);"
    "CREATE VIEW open_orders AS SELECT id, amount FROM orders WHERE tenant = $1 AND status = 'open';"
    "CREATE VIEW totals AS SELECT COUNT(*) AS n, SUM(amount) AS s FROM orders WHERE tenant = $1 AND status = $2;"
    "CREATE VIEW above AS SELECT id FROM orders WHERE amount > $1";

SubscribeOptions without_delay() {
  SubscribeOptions options;
  options.delivery = SubscribeOptions::Delivery::kInline;
  return options;
}

std::size_t lines(const std::string& text, std::string_view what) {
  std::size_t n = 0;
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; ++at) ++n;
  return n;
}

TEST(Parametrised, SubscribersGetTheirValuesAlone) {
  Database db = memory(kOrders);
  std::vector<Texts> seven, eight, none, above;
  auto a = db.subscribe("open_orders", {7}, [&](const Change& c) { seven.push_back(text(c)); EXPECT_EQ(c.view(), "open_orders"); }, without_delay()).value();
  auto b = db.subscribe("open_orders", {8}, [&](const Change& c) { eight.push_back(text(c)); }, without_delay()).value();
  auto c = db.subscribe("totals", {9, "open"}, [&](const Change& change) { none.push_back(text(change)); }, without_delay()).value();
  auto d = db.subscribe("above", {"15.5"}, [&](const Change& change) { above.push_back(text(change)); }, without_delay()).value();
  db.execute("INSERT INTO orders VALUES (4, 7, 'open', 1); UPDATE orders SET tenant = 8 WHERE id = 1; INSERT INTO orders VALUES (5, 9, 'open', 50)").value();
  EXPECT_EQ(seven, (std::vector<Texts>{{"+1|1|10.00"}, {"+1|4|1.00"}, {"-1|1|10.00"}}));
  EXPECT_EQ(eight, (std::vector<Texts>{{"+1|2|20.00"}, {"+1|1|10.00"}}));
  EXPECT_EQ(none, (std::vector<Texts>{{"+1|0|NULL"}, {"+1|1|50.00", "-1|0|NULL"}}));
  EXPECT_EQ(above, (std::vector<Texts>{{"+1|2", "+1|3"}, {"+1|5"}}));
  b.end();
  db.execute("DELETE FROM orders").value();
  EXPECT_EQ(eight.size(), 2u);
  EXPECT_EQ(seven.back(), Texts{"-1|4|1.00"});
}

TEST(Parametrised, LeavingFreesTheState) {
  Database db = memory(kOrders);
  const std::string alone = db.explain("orders").value();
  {
    std::vector<Subscription> all;
    for (int k = 0; k < 50; ++k) all.push_back(db.subscribe("totals", {k, "open"}, [](const Change&) {}, without_delay()).value());
    const std::string one = db.explain("SELECT COUNT(*) FROM orders").value();
    EXPECT_LE(lines(one, "\n"), 8u);
    all.resize(1);
    db.execute("INSERT INTO orders VALUES (10, 0, 'open', 1)").value();
  }
  EXPECT_EQ(lines(db.explain("orders").value(), "\n"), lines(alone, "\n"));
  EXPECT_EQ(lines(db.explain("orders").value(), "users"), lines(alone, "users"));
  // From within a callback: the next writer ends it.
  Subscription own;
  int called = 0;
  own = db.subscribe("totals", {7, "open"}, [&](const Change& c) {
    ++called;
    if (!c.is_snapshot()) own.end();
  }, without_delay()).value();
  db.execute("INSERT INTO orders VALUES (11, 7, 'open', 1); INSERT INTO orders VALUES (12, 7, 'open', 1)").value();
  EXPECT_EQ(called, 2);
  EXPECT_EQ(lines(db.explain("orders").value(), "users"), lines(alone, "users"));
}

TEST(Parametrised, ReadWithValuesAndInFrom) {
  Database db = memory(kOrders);
  const auto check = [&] {
    EXPECT_EQ(text(db.read("open_orders", {7}).value()), Texts{"1|10.00"});
    EXPECT_EQ(text(db.read("totals", {7, "paid"}).value()), Texts{"1|30.00"});
    EXPECT_EQ(text(db.read("totals", {1, "paid"}).value()), Texts{"0|NULL"});
    EXPECT_EQ(text(db.read("totals", {Value(), "paid"}).value()), Texts{"0|NULL"});
  };
  check();
  auto a = db.subscribe("open_orders", {7}, [](const Change&) {}).value();
  auto b = db.subscribe("totals", {7, "paid"}, [](const Change&) {}).value();
  check();
  EXPECT_EQ(text(db.query("SELECT * FROM open_orders(7)").value()), Texts{"1|10.00"});
  EXPECT_EQ(text(db.query("SELECT x.n, y.n FROM totals(7, 'open') x CROSS JOIN totals(4 + 4, 'open') AS y").value()), Texts{"1|1"});
  db.execute("CREATE VIEW seven AS SELECT SUM(amount) AS s FROM open_orders(7); CREATE VIEW eight AS SELECT SUM(amount) AS s FROM open_orders(8)").value();
  db.execute("INSERT INTO orders VALUES (6, 8, 'open', 5)").value();
  EXPECT_EQ(text(db.read("seven").value()), Texts{"10.00"});
  EXPECT_EQ(text(db.read("eight").value()), Texts{"25.00"});
  EXPECT_NE(db.explain("eight").value().find("Folded"), std::string::npos);
  EXPECT_FALSE(db.drop("open_orders").ok());
}

TEST(Parametrised, WrongUseIsRefusedByName) {
  Database db = memory(kOrders);
  const auto message = [&](std::string_view sql) { return db.execute(sql).error().message; };
  EXPECT_EQ(message("SELECT * FROM open_orders"), "view \"open_orders\" has parameters: it has rows for given values only");
  EXPECT_EQ(message("SELECT * FROM open_orders(1, 2)"), "view \"open_orders\" has 1 parameters, not 2");
  EXPECT_EQ(message("SELECT $1"), "there is no parameter $1");
  EXPECT_EQ(message("CREATE VIEW x AS SELECT id FROM orders WHERE tenant = $2"), "could not determine data type of parameter $1");
  EXPECT_EQ(message("CREATE VIEW x AS SELECT id FROM orders WHERE $1 IS NULL"), "could not determine data type of parameter $1");
  EXPECT_NE(message("CREATE VIEW x AS SELECT id FROM orders WHERE tenant = $1 AND status = $1"), "");
  EXPECT_FALSE(db.read("open_orders").ok());
  EXPECT_FALSE(db.read("open_orders", {}).ok());
  EXPECT_FALSE(db.read("orders", {1}).ok());
  EXPECT_FALSE(db.read("open_orders", {"x"}).ok());
  EXPECT_FALSE(db.subscribe("open_orders", [](const Change&) {}).ok());
  EXPECT_FALSE(db.find("open_orders", {1}).ok());
  const auto watch = db.subscribe("open_orders", {7}, [](const Change&) {}).value();
  EXPECT_EQ(message("CREATE OR REPLACE VIEW open_orders AS SELECT id, amount FROM orders WHERE tenant = $1"),
            "view \"open_orders\" has subscribers with values: they have to leave before it is replaced");
  db.execute("DROP VIEW open_orders; INSERT INTO orders VALUES (20, 7, 'open', 1)").value();
}

TEST(Parametrised, JsonAndBuilderHaveThemToo) {
  Database db = memory(kOrders);
  db.create_view("b", From("orders").Where("tenant = $1").Select("id")).value();
  db.define(R"({"views": {"j": {"from": "orders", "where": "tenant = $1", "select": ["id"]}}})").value();
  EXPECT_EQ(text(db.read("b", {8}).value()), Texts{"2"});
  EXPECT_EQ(text(db.read("j", {8}).value()), Texts{"2"});
  EXPECT_NE(db.explain("j").value().find("Parameters: $1 integer"), std::string::npos);
}

TEST(Parametrised, TheFileKeepsTheDefinition) {
  Folder folder;
  { Database::open(folder.file()).value().execute(kOrders).value(); }
  Database db = Database::open(folder.file()).value();
  EXPECT_EQ(text(db.read("open_orders", {7}).value()), Texts{"1|10.00"});
  db.create_view("maybe", "SELECT id FROM orders WHERE $1 IS NULL OR tenant = $1").value();
  EXPECT_EQ(text(db.read("maybe", {7}).value()), (Texts{"1", "3"}));
  EXPECT_EQ(text(db.read("maybe", {Value()}).value()), (Texts{"1", "2", "3"}));
  std::vector<Texts> seen;
  auto watch = db.subscribe("open_orders", {8}, [&](const Change& c) { seen.push_back(text(c)); }, without_delay()).value();
  db.execute("UPDATE orders SET amount = 21 WHERE id = 2").value();
  EXPECT_EQ(seen, (std::vector<Texts>{{"+1|2|20.00"}, {"+1|2|21.00", "-1|2|20.00"}}));
}

}  // namespace
}  // namespace weir
