-- CTEs used twice, shadowed and chained; sub-selects three deep; views on views in a diamond; columns renamed on the way.
CREATE TABLE s (id INT PRIMARY KEY, g TEXT, v INT);
CREATE TABLE h (g TEXT, f NUMERIC(4,2));
CREATE VIEW cte_twice AS WITH t AS (SELECT g, SUM(v) AS s FROM s GROUP BY g) SELECT a.g, a.s, b.s AS other FROM t a JOIN t b ON a.s >= b.s;
CREATE VIEW cte_chain AS WITH a AS (SELECT g, v FROM s WHERE v > 0), b AS (SELECT g, COUNT(*) AS n FROM a GROUP BY g), c AS (SELECT MAX(n) AS m FROM b) SELECT b.g, b.n, c.m FROM b CROSS JOIN c;
CREATE VIEW cte_columns AS WITH t (x, y) AS (SELECT g, v FROM s) SELECT y, x FROM t;
CREATE VIEW cte_shadow AS WITH h AS (SELECT g, v FROM s) SELECT h.g, h.v FROM h;
CREATE VIEW cte_inside AS SELECT q.g FROM (WITH t AS (SELECT g FROM s) SELECT t.g FROM t UNION SELECT g FROM h) q;
CREATE VIEW cte_union AS WITH t AS (SELECT v FROM s) SELECT v FROM t UNION ALL SELECT -v FROM t;
CREATE VIEW cte_unused AS WITH t AS (SELECT 1 AS x) SELECT g FROM s;
CREATE VIEW cte_limit AS WITH t AS (SELECT id, v FROM s ORDER BY v DESC NULLS LAST, id LIMIT 2) SELECT COUNT(*) AS n, SUM(v) AS s FROM t;
CREATE VIEW cte_mat AS WITH t AS MATERIALIZED (SELECT g FROM s), u AS NOT MATERIALIZED (SELECT g FROM h) SELECT t.g FROM t JOIN u USING (g);
CREATE VIEW deep AS SELECT z.g, z.total FROM (SELECT y.g, y.total FROM (SELECT x.g, SUM(x.v) AS total FROM (SELECT g, v FROM s WHERE v IS NOT NULL) x GROUP BY x.g) y WHERE y.total > 1) z WHERE z.g <> 'zzz';
CREATE VIEW deep_join AS SELECT * FROM (SELECT s.g, s.v * h.f AS vf FROM s JOIN h ON h.g = s.g) a LEFT JOIN (SELECT g AS g2, COUNT(*) AS n FROM h GROUP BY g) b ON b.g2 = a.g;
CREATE VIEW base AS SELECT g, SUM(v) AS total, COUNT(*) AS n FROM s GROUP BY g;
CREATE VIEW high AS SELECT g, total FROM base WHERE total >= 5;
CREATE VIEW low AS SELECT g, total FROM base WHERE total < 5;
CREATE VIEW meet AS SELECT base.g, base.n, high.total AS h, low.total AS l FROM base LEFT JOIN high ON high.g = base.g LEFT JOIN low ON low.g = base.g;
CREATE VIEW again AS SELECT COUNT(*) AS n, COUNT(h) AS nh, COUNT(l) AS nl FROM meet;
CREATE VIEW renamed (a, b) AS SELECT total, g FROM base;
CREATE VIEW of_renamed AS SELECT b, a + 1 AS a1 FROM renamed WHERE a IS NOT NULL;
CREATE VIEW scalar_deep AS SELECT id, (SELECT MAX(f) FROM h WHERE h.g = s.g AND f > (SELECT MIN(f) FROM h)) AS m FROM s;
CREATE VIEW in_deep AS SELECT id FROM s WHERE g IN (SELECT g FROM h WHERE f IN (SELECT f FROM h WHERE f > 1));
CREATE VIEW no_from AS SELECT 1 AS one, 'x' AS t WHERE EXISTS (SELECT 1 FROM s);
CREATE VIEW constants AS SELECT 1 AS a, NULL AS b, 'x' AS c, 2.50 AS d, DATE '2024-01-01' AS e;
CREATE VIEW lists AS SELECT v.a, s.id FROM (VALUES (1, 'a'), (2, 'b'), (3, NULL)) v (a, g) LEFT JOIN s ON s.g = v.g;
CREATE VIEW literal_in AS SELECT id FROM s WHERE (g, v) IN (VALUES ('a', 1), ('b', 2));
-- check
INSERT INTO s VALUES (1, 'a', 1), (2, 'a', 4), (3, 'b', 2), (4, NULL, 7), (5, 'c', NULL);
INSERT INTO h VALUES ('a', 1.50), ('b', 0.25), ('a', 2.00), (NULL, 9);
-- check
UPDATE s SET v = v + 3 WHERE g = 'b';
-- check
UPDATE s SET g = 'b' WHERE id = 1;
DELETE FROM h WHERE g = 'a' AND f < 2;
-- check
DELETE FROM s WHERE g = 'b';
INSERT INTO s VALUES (6, 'a', -10);
-- check
WITH t AS (SELECT v FROM s) SELECT COUNT(*) FROM t;
WITH t AS (SELECT v FROM s) INSERT INTO h SELECT 'new', v FROM t WHERE v > 0;
WITH t AS (SELECT 1 AS x), t AS (SELECT 2 AS x) SELECT * FROM t;
WITH t AS (SELECT * FROM u), u AS (SELECT 1 AS x) SELECT * FROM t;
WITH t (a, b) AS (SELECT 1) SELECT * FROM t;
SELECT * FROM (SELECT 1);
SELECT * FROM (SELECT v FROM s) AS x, (SELECT x.v) AS y;
SELECT (SELECT v, g FROM s LIMIT 1);
SELECT (SELECT v FROM s WHERE id = 99) AS none, (SELECT COUNT(*) FROM s WHERE FALSE) AS zero;
SELECT id FROM s WHERE v = (SELECT MAX(v) FROM s);
SELECT id FROM s WHERE v IN (SELECT g FROM h);
SELECT id FROM s WHERE v IN (SELECT 1, 2);
SELECT s.id FROM s WHERE EXISTS (SELECT * FROM h WHERE h.g = s.g);
-- check
DELETE FROM s;
-- check
