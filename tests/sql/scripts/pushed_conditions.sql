-- Conditions moved through joins, groups, unions, tops: outer joins keep their NULL rows, what guards a division still guards it, constants fix keys.
CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT, s TEXT);
CREATE TABLE one (x INT);
CREATE VIEW where_const AS SELECT id FROM t WHERE 1 = 1;
CREATE VIEW where_false AS SELECT id, COUNT(*) AS n FROM t WHERE FALSE GROUP BY id;
CREATE VIEW agg_false AS SELECT COUNT(*) AS n, SUM(a) AS s FROM t WHERE 1 = 2;
CREATE VIEW join_const AS SELECT t.id, one.x FROM t JOIN one ON one.x = 1 AND t.a = 2;
CREATE VIEW left_const AS SELECT t.id, one.x FROM t LEFT JOIN one ON t.a = 2;
CREATE VIEW left_where AS SELECT t.id, one.x FROM t LEFT JOIN one ON one.x = t.a WHERE one.x > 0;
CREATE VIEW left_null AS SELECT t.id FROM t LEFT JOIN one ON one.x = t.a WHERE one.x IS NULL AND t.b > 0;
CREATE VIEW left_coalesce AS SELECT t.id, COALESCE(one.x, -1) AS c FROM t LEFT JOIN one ON one.x = t.a WHERE COALESCE(one.x, -1) < 2;
CREATE VIEW right_filter AS SELECT o.x, t.id FROM (SELECT * FROM t WHERE b > 1) t RIGHT JOIN (SELECT * FROM one WHERE x > 0) o ON o.x = t.a;
CREATE VIEW full_filter AS SELECT o.x, t.id FROM (SELECT * FROM t WHERE b > 1) t FULL JOIN (SELECT * FROM one WHERE x > 0) o ON o.x = t.a WHERE t.id IS NULL OR o.x IS NULL;
CREATE VIEW full_const AS SELECT f.k, f.l FROM (SELECT 1 AS k, x FROM one) o FULL JOIN (SELECT 2 AS k, 3 AS l, a FROM t) f ON f.a = o.x;
CREATE VIEW left_made AS SELECT t.id, q.flag, q.n + 1 AS n1 FROM t LEFT JOIN (SELECT x, TRUE AS flag, COUNT(*) AS n FROM one GROUP BY x) q ON q.x = t.a;
CREATE VIEW left_coal AS SELECT t.id, q.c FROM t LEFT JOIN (SELECT x, COALESCE(x, 0) AS c FROM one) q ON q.x = t.a WHERE q.c IS NULL OR q.c > 1;
CREATE VIEW chain_outer AS SELECT a.id, b.id AS bid, c.x FROM t a LEFT JOIN t b ON a.a = b.b LEFT JOIN one c ON c.x = b.a WHERE c.x IS NOT NULL OR b.id IS NULL;
CREATE VIEW nested_outer AS SELECT a.id, b.id AS bid, c.x FROM t a LEFT JOIN (t b FULL JOIN one c ON c.x = b.a) ON a.a = b.b;
CREATE VIEW distinct_join AS SELECT DISTINCT t.a FROM t JOIN one ON one.x <> t.b;
CREATE VIEW group_join AS SELECT q.a, SUM(q.n) AS n FROM (SELECT a, b, COUNT(*) AS n FROM t GROUP BY a, b) q JOIN one ON one.x = q.b GROUP BY q.a;
CREATE VIEW having_col AS SELECT a, b, COUNT(*) AS n FROM t GROUP BY a, b HAVING a > b OR COUNT(*) > 1;
CREATE VIEW filter_on_group AS SELECT * FROM (SELECT a, COUNT(*) AS n FROM t GROUP BY a) q WHERE a = 1;
CREATE VIEW filter_on_global AS SELECT * FROM (SELECT COUNT(*) AS n FROM t) q WHERE n = 0;
CREATE VIEW filter_on_union AS SELECT * FROM (SELECT a AS x, 'a' AS w FROM t UNION ALL SELECT b, 'b' FROM t) q WHERE x = 2 AND w = 'a';
CREATE VIEW filter_on_except AS SELECT * FROM (SELECT a FROM t EXCEPT ALL SELECT b FROM t) q WHERE a > 1;
CREATE VIEW filter_on_top AS SELECT * FROM (SELECT id, a FROM t ORDER BY a DESC NULLS LAST, id LIMIT 2) q WHERE a < 3;
CREATE VIEW filter_on_distinct AS SELECT * FROM (SELECT DISTINCT a, b FROM t) q WHERE a = b;
CREATE VIEW filter_on_diston AS SELECT * FROM (SELECT DISTINCT ON (a) a, b, id FROM t ORDER BY a, b DESC NULLS LAST, id) q WHERE b > 1;
CREATE VIEW div_after AS SELECT id, 10 / a AS q FROM t WHERE a <> 0;
CREATE VIEW div_join AS SELECT t.id FROM t JOIN one ON one.x = t.a AND t.a <> 0 WHERE 10 / t.a > 1;
CREATE VIEW div_group AS SELECT b, SUM(a) / COUNT(a) AS m FROM t GROUP BY b HAVING COUNT(a) > 0;
CREATE VIEW div_having AS SELECT b, 100 / SUM(a) AS m FROM t GROUP BY b HAVING SUM(a) <> 0;
CREATE VIEW same_twice AS SELECT a AS x, a AS y, a + 0 AS z FROM t;
CREATE VIEW keyless AS SELECT s FROM t;
CREATE VIEW no_columns_read AS SELECT 1 AS one FROM t, one;
CREATE VIEW count_cross AS SELECT COUNT(*) AS n FROM t, one, t AS t2;
CREATE VIEW eq_two AS SELECT t.id FROM t WHERE a = b AND b = 2;
CREATE VIEW contradictory AS SELECT id FROM t WHERE a = 1 AND a = 2;
CREATE VIEW by_pk AS SELECT s, a FROM t WHERE id = 3;
CREATE VIEW by_pk_join AS SELECT t.s, one.x FROM t JOIN one ON one.x = t.a WHERE t.id = 3;
-- check
INSERT INTO t VALUES (1, 1, 2, 'x'), (2, 2, 2, 'x'), (3, 0, NULL, NULL), (4, NULL, 1, 'y'), (5, 2, 3, 'x');
-- check
INSERT INTO one VALUES (1), (2), (2), (NULL);
-- check
UPDATE t SET a = b, b = a;
-- check
UPDATE t SET id = 8 - id WHERE id IN (3, 5) AND FALSE;
UPDATE t SET a = 0 WHERE b = 1;
-- check
DELETE FROM one WHERE x = 2;
INSERT INTO one VALUES (0), (3);
-- check
DELETE FROM t WHERE id = 3;
INSERT INTO t VALUES (3, 2, 2, 'back');
-- check
DELETE FROM t;
-- check
DELETE FROM one;
-- check
