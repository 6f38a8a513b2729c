-- Deltas that are split over threads: what holds for one row holds for nine thousand, whether the views are there before or made over them.
CREATE TABLE t (id INT PRIMARY KEY, g INT, s TEXT, v NUMERIC(10,2), f DOUBLE PRECISION, d DATE, b BOOLEAN);
CREATE TABLE u (id INT PRIMARY KEY, g INT, w BIGINT);
CREATE TABLE bag (a INT, c TEXT);
CREATE VIEW groups AS SELECT g, COUNT(*) AS n, COUNT(s) AS ns, SUM(v) AS v, AVG(v) AS a, SUM(f) AS f, MIN(s) AS lo, MAX(v) AS hi, MIN(d) AS d, bool_and(b) AS x, bit_or(id) AS bo,
  stddev_pop(v) AS sd, COUNT(DISTINCT s) AS ds, SUM(v) FILTER (WHERE b) AS fv FROM t GROUP BY g;
CREATE VIEW total AS SELECT COUNT(*) AS n, SUM(v) AS v, MIN(id) AS a, MAX(id) AS b, SUM(f) AS f, COUNT(DISTINCT v) AS dv, var_samp(id) AS va FROM t;
CREATE VIEW words AS SELECT DISTINCT g, b FROM t;
CREATE VIEW fulls AS SELECT t.id, u.id AS other FROM t FULL JOIN u ON u.id = t.id + 5000 WHERE COALESCE(t.id, u.id) % 40 = 3;
CREATE VIEW most AS SELECT id, g, v FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY g ORDER BY v DESC NULLS LAST, id) AS r FROM t) AS x WHERE r <= 3;
CREATE VIEW top AS SELECT id, v FROM t ORDER BY v DESC NULLS LAST, id LIMIT 20 OFFSET 5;
CREATE VIEW bags AS SELECT a, c, COUNT(*) AS n FROM bag GROUP BY a, c HAVING COUNT(*) > 2;
INSERT INTO u SELECT i, NULLIF(i % 211, 7), i * 7919 % 10007 FROM generate_series(0, 1999) AS n(i);
INSERT INTO t SELECT i, NULLIF(i * 31 % 211, 5), CASE WHEN i % 5 = 0 THEN NULL WHEN i % 2 = 0 THEN 'w' || i % 90 ELSE 'a word that is longer, ' || i % 70 END, NULLIF(i * 37 % 10007, 3) / 4.0,
  i / 7.0, DATE '2001-01-01' + i % 900, NULLIF(i % 4, 3) = 1 FROM generate_series(0, 9199) AS n(i);
INSERT INTO bag SELECT i % 1500, CASE WHEN i % 4 < 3 THEN 'x' END FROM generate_series(0, 8399) AS n(i);
-- check
UPDATE t SET v = v + 1, g = g + 1, s = s || '!' WHERE id % 2 = 0;
UPDATE u SET w = w + 1 WHERE id % 100 < 99;
-- check
DELETE FROM t WHERE id % 10 <> 3;
DELETE FROM bag WHERE a % 2 = 1;
-- check
INSERT INTO t SELECT 100000 + i, i % 3, 'back', 1.5, i, NULL, TRUE FROM generate_series(0, 8399) AS n(i);
DELETE FROM u;
-- check
