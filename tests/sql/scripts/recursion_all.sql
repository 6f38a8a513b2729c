-- WITH RECURSIVE with UNION ALL: every path counts, with depth counters, paths as texts, number series, and multiplicities of duplicate edges.
CREATE TABLE part (parent TEXT, child TEXT, quantity INT);
CREATE TABLE person (id INT PRIMARY KEY, boss INT, name VARCHAR(20), pay NUMERIC(8,2));
CREATE TABLE most (n INT);
CREATE VIEW parts AS WITH RECURSIVE p(part, depth, quantity) AS (
  SELECT child, 1, quantity::bigint FROM part WHERE parent = 'car'
  UNION ALL SELECT c.child, p.depth + 1, p.quantity * c.quantity FROM p JOIN part c ON c.parent = p.part WHERE p.depth < 5) SELECT * FROM p;
CREATE VIEW needed AS WITH RECURSIVE p(part, depth, quantity) AS (
  SELECT child, 1, quantity::bigint FROM part WHERE parent = 'car'
  UNION ALL SELECT c.child, p.depth + 1, p.quantity * c.quantity FROM p JOIN part c ON c.parent = p.part WHERE p.depth < 5)
  SELECT part, SUM(quantity) AS total, COUNT(*) AS ways, MIN(depth) AS nearest FROM p GROUP BY part;
CREATE VIEW chain AS WITH RECURSIVE c AS (
  SELECT id, boss, name::text AS path, 0 AS level FROM person WHERE boss IS NULL
  UNION ALL SELECT p.id, p.boss, c.path || ' > ' || p.name, c.level + 1 FROM person p JOIN c ON p.boss = c.id WHERE c.level < 6) SELECT id, path, level FROM c;
CREATE VIEW pay_below AS WITH RECURSIVE below(top, id, level) AS (
  SELECT id, id, 0 FROM person UNION ALL SELECT b.top, p.id, b.level + 1 FROM below b JOIN person p ON p.boss = b.id WHERE b.level < 6)
  SELECT b.top, SUM(p.pay) AS pay, COUNT(*) - 1 AS people FROM below b JOIN person p USING (id) GROUP BY b.top;
CREATE VIEW series AS WITH RECURSIVE s(n) AS (SELECT 1 FROM most UNION ALL SELECT s.n + 1 FROM s, most m WHERE s.n < m.n) SELECT n FROM s;
CREATE VIEW numbers AS WITH RECURSIVE s(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM s WHERE n < 50) SELECT n, n * n AS square FROM s;
CREATE VIEW fibonacci AS WITH RECURSIVE f(i, a, b) AS (SELECT 1, 0::bigint, 1::bigint UNION ALL SELECT i + 1, b, a + b FROM f WHERE i < 60) SELECT i, a FROM f;
CREATE VIEW factorials AS WITH RECURSIVE f AS (SELECT 1 AS n, 1::numeric AS f UNION ALL SELECT n + 1, f * (n + 1) FROM f WHERE n < 30) SELECT * FROM f;
CREATE VIEW copies AS WITH RECURSIVE c(x, n) AS (SELECT quantity, 1 FROM part UNION ALL SELECT x, n + 1 FROM c WHERE n < x AND n < 4) SELECT x, n FROM c;
CREATE VIEW text_base AS WITH RECURSIVE t AS (SELECT 'a' AS s UNION ALL SELECT s || 'b' FROM t WHERE length(s) < 5) SELECT s FROM t;
-- check
INSERT INTO part VALUES ('car', 'wheel', 4), ('car', 'engine', 1), ('wheel', 'bolt', 5), ('engine', 'bolt', 20), ('engine', 'piston', 4), ('piston', 'bolt', 2),
  ('car', 'wheel', 1), ('bolt', 'steel', 1), (NULL, 'x', 1), ('x', NULL, 3);
INSERT INTO person VALUES (1, NULL, 'Ada', 9000), (2, 1, 'Bob', 5000.5), (3, 1, 'Cyd', 5000), (4, 2, 'Dan', 3000), (5, 4, 'Eve', NULL), (6, 9, 'Fox', 1000);
INSERT INTO most VALUES (3);
-- check
UPDATE person SET boss = 3 WHERE id = 4;
DELETE FROM part WHERE parent = 'engine' AND child = 'bolt';
-- check
UPDATE person SET boss = 5 WHERE id = 2;
INSERT INTO part VALUES ('steel', 'bolt', 2);
UPDATE most SET n = 7;
-- check
UPDATE person SET boss = 1 WHERE id = 2;
DELETE FROM part WHERE parent = 'steel';
INSERT INTO most VALUES (4);
-- check
DELETE FROM person WHERE id = 1;
DELETE FROM part WHERE child = 'wheel';
-- check
UPDATE person SET boss = NULL WHERE id = 3;
UPDATE person SET id = 9 WHERE id = 4;
-- check
DELETE FROM most;
