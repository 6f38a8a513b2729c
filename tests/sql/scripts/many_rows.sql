-- Thousands of rows in one statement: what holds for one vector of rows holds across several; large groups emptied and refilled, tops refilled.
CREATE TABLE d (n INT);
CREATE TABLE t (id INT PRIMARY KEY, g INT, s TEXT, v NUMERIC(10,2), f DOUBLE PRECISION);
INSERT INTO d VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9);
CREATE VIEW groups AS SELECT g, COUNT(*) AS n, SUM(v) AS v, AVG(v) AS a, MIN(s) AS lo, MAX(s) AS hi, COUNT(DISTINCT s) AS ds, MAX(f) AS f FROM t GROUP BY g;
CREATE VIEW total AS SELECT COUNT(*) AS n, SUM(v) AS v, MIN(id) AS a, MAX(id) AS b, SUM(f) AS f, COUNT(DISTINCT v) AS dv FROM t;
CREATE VIEW top AS SELECT id, v FROM t ORDER BY v DESC NULLS LAST, id LIMIT 20 OFFSET 5;
CREATE VIEW words AS SELECT DISTINCT s FROM t;
CREATE VIEW joined AS SELECT t.g, d.n, COUNT(*) AS c FROM t JOIN d ON d.n = t.g % 10 GROUP BY t.g, d.n;
CREATE VIEW lonely AS SELECT d.n, t.id FROM d LEFT JOIN t ON t.g = d.n AND t.v > 9990;
CREATE VIEW firsts AS SELECT DISTINCT ON (g) g, id, v FROM t ORDER BY g, v NULLS FIRST, id;
INSERT INTO t SELECT a.n + 10 * b.n + 100 * c.n + 1000 * e.n, a.n * b.n, CASE WHEN c.n < 5 THEN 'w' || b.n ELSE 'a longer word, number ' || (a.n + e.n) END, NULLIF(a.n * 1000 + e.n, 3004) / 1.5, a.n / 8.0 FROM d a, d b, d c, d e WHERE e.n < 5;
-- check
UPDATE t SET v = v + 1, g = g + 1 WHERE id % 3 = 0;
-- check
DELETE FROM t WHERE g IN (SELECT g FROM t WHERE v > 6000 OR v IS NULL);
-- check
UPDATE t SET id = id + 100000, s = s || '!' WHERE id >= 100;
-- check
DELETE FROM t WHERE id > 100;
-- check
BEGIN;
DELETE FROM t;
INSERT INTO t SELECT a.n + 10 * b.n + 100 * c.n + 1000 * e.n, b.n, repeat('x', 50 * a.n), c.n, NULL FROM d a, d b, d c, d e WHERE e.n < 3;
DELETE FROM t WHERE id % 2 = 1;
SELECT * FROM total;
COMMIT;
-- check
DELETE FROM t;
-- check
