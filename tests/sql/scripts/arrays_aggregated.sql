-- array_agg with ORDER BY, DISTINCT and FILTER, NULLs kept, and over windows; ARRAY (SELECT …), correlated too; aggregates of arrays. array_agg of arrays is refused.
CREATE TABLE s (id INT PRIMARY KEY, g INT, x INT, t TEXT, n NUMERIC, d DOUBLE PRECISION, i INTERVAL, b BOOLEAN);
CREATE TABLE grp (g INT PRIMARY KEY, name TEXT);
CREATE VIEW sorted AS SELECT g, array_agg(x ORDER BY x, id) AS xs, array_agg(x ORDER BY x DESC NULLS LAST) AS down, array_agg(t ORDER BY id DESC) AS ts, array_agg(n ORDER BY n NULLS FIRST, id) AS ns, array_agg(id ORDER BY t COLLATE "C", id) AS by_t FROM s GROUP BY g;
CREATE VIEW once AS SELECT g, array_agg(DISTINCT x) AS xs, array_agg(DISTINCT x ORDER BY x DESC) AS down, array_agg(DISTINCT t) AS ts, array_agg(DISTINCT b) AS bs, array_agg(DISTINCT id / 2) AS halves FROM s GROUP BY g;
CREATE VIEW chosen AS SELECT g, array_agg(x ORDER BY id) FILTER (WHERE x > 1) AS big, array_agg(id ORDER BY id) FILTER (WHERE false) AS none, cardinality(array_agg(id)) AS c, (array_agg(t ORDER BY id))[1] AS first, array_to_string(array_agg(t ORDER BY id), ',', '-') AS joined FROM s GROUP BY g;
CREATE VIEW everything AS SELECT array_agg(id ORDER BY id) AS ids, array_agg(d ORDER BY d, id) AS ds, array_agg(i ORDER BY i, id) AS iv, array_agg(b ORDER BY b, id) AS bs FROM s;
CREATE VIEW held AS SELECT g FROM s GROUP BY g HAVING array_agg(x ORDER BY id) @> ARRAY[2];
CREATE VIEW above AS SELECT ids, count(*) AS n FROM (SELECT array_agg(x ORDER BY x) AS ids FROM s GROUP BY g) q GROUP BY ids;
CREATE VIEW running AS SELECT id, array_agg(x) OVER (PARTITION BY g ORDER BY id) AS upto, array_agg(id) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) AS near, array_agg(t) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW EXCLUDE CURRENT ROW) AS before FROM s;
CREATE VIEW selected AS SELECT name, ARRAY(SELECT x FROM s WHERE s.g = grp.g ORDER BY id) AS xs, ARRAY(SELECT DISTINCT x FROM s WHERE s.g = grp.g ORDER BY x DESC) AS once, ARRAY(SELECT t FROM s WHERE s.g = grp.g ORDER BY x DESC NULLS LAST, id LIMIT 2) AS top, cardinality(ARRAY(SELECT id FROM s WHERE s.g > grp.g)) AS later FROM grp;
CREATE VIEW flat AS SELECT ARRAY(SELECT x * 10 FROM s WHERE x IS NOT NULL ORDER BY 1, id) AS xs, ARRAY(SELECT t AS tt FROM s ORDER BY tt NULLS FIRST, id DESC) AS ts, ARRAY(SELECT 1 WHERE false) AS none, ARRAY(VALUES (1), (2), (3)) @> '{3}' AS listed, ARRAY(SELECT x FROM s UNION SELECT g FROM s ORDER BY 1) AS both_;
CREATE VIEW members AS SELECT id FROM s WHERE x = ANY (ARRAY(SELECT g FROM grp));
CREATE VIEW together AS SELECT g, string_agg(t, ',' ORDER BY id) AS st, array_agg(t ORDER BY id) AS ts, count(*) AS n, sum(x) AS sx FROM s GROUP BY ROLLUP (g);
INSERT INTO s VALUES (1, 1, 2, 'b', 1.50, 1.5, '1 day', true), (2, 1, NULL, NULL, NULL, 'NaN', NULL, NULL), (3, 1, 2, 'a', 1.5, '-0', '24:00', false), (4, 2, 5, '', 0.10, 0, '1 mon', true), (5, 2, 1, 'a long text of many bytes', 12345678901234567890.123, 1e300, '-1 day', true), (6, 3, NULL, 'x,y', 'NaN', NULL, '30 days', NULL), (7, NULL, 3, 'N', 2, 2, '1 us', false);
INSERT INTO grp VALUES (1, 'one'), (2, 'two'), (4, 'four');
-- check
SELECT array_agg('x') FROM s;
SELECT array_agg(x, t) FROM s;
SELECT array_agg(DISTINCT x ORDER BY id) FROM s;
SELECT ARRAY(SELECT id, x FROM s);
SELECT array_agg(id ORDER BY id), max(ARRAY[x, id]), count(DISTINCT ARRAY[g]) FROM s;
INSERT INTO s VALUES (8, 1, 7, 'b', 3, 3, NULL, true), (9, 4, 4, 'q', 4, 4, NULL, true);
UPDATE s SET x = x + 1, t = t || '!' WHERE id IN (1, 4);
-- check
UPDATE s SET g = 2 WHERE g = 1 AND id < 3;
DELETE FROM s WHERE id IN (5, 7);
DELETE FROM grp WHERE g = 2;
-- check
DELETE FROM s;
DELETE FROM grp;
-- check
