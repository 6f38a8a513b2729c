-- Recursive terms of every form under changes that make and break cycles: set operations, windows, LIMIT and DISTINCT ON of each iteration, LATERAL, nested recursion, keys of every type, CREATE RECURSIVE VIEW.
CREATE TABLE t (k INT PRIMARY KEY, s VARCHAR(8), n NUMERIC, r REAL, u UUID, ts TIMESTAMP, i INTERVAL, by BYTEA, tz TIMESTAMPTZ, c CHAR(4));
CREATE TABLE link (x INT, y INT);
CREATE VIEW v_s AS WITH RECURSIVE r(s, d) AS (SELECT s::text, 0 FROM t WHERE k = 1 UNION SELECT r.s || t.s, d + 1 FROM r JOIN t ON t.k = d + 2) SELECT * FROM r;
CREATE VIEW v_vc AS WITH RECURSIVE r(s) AS (SELECT s FROM t WHERE k = 1 UNION SELECT b.s FROM r JOIN t a ON a.s = r.s JOIN link l ON l.x = a.k JOIN t b ON b.k = l.y) SELECT * FROM r;
CREATE VIEW v_c AS WITH RECURSIVE r(c) AS (SELECT c FROM t WHERE k = 1 UNION SELECT b.c FROM r JOIN t a ON a.c = r.c JOIN link l ON l.x = a.k JOIN t b ON b.k = l.y) SELECT c, c || '|' FROM r;
CREATE VIEW v_n AS WITH RECURSIVE r(n) AS (SELECT n FROM t WHERE k = 1 UNION SELECT b.n FROM r JOIN t a ON a.n = r.n JOIN link l ON l.x = a.k JOIN t b ON b.k = l.y) SELECT COUNT(*), SUM(n) FROM r;
CREATE VIEW v_r AS WITH RECURSIVE r(r) AS (SELECT r FROM t WHERE k = 1 UNION SELECT b.r FROM r JOIN t a ON a.r = r.r JOIN link l ON l.x = a.k JOIN t b ON b.k = l.y) SELECT r FROM r;
CREATE VIEW v_u AS WITH RECURSIVE r(u) AS (SELECT u FROM t WHERE k = 1 UNION SELECT b.u FROM r JOIN t a ON a.u = r.u JOIN link l ON l.x = a.k JOIN t b ON b.k = l.y) SELECT u FROM r;
CREATE VIEW v_ts AS WITH RECURSIVE r(ts, d) AS (SELECT ts, 0 FROM t UNION ALL SELECT r.ts + INTERVAL '1 month', d + 1 FROM r WHERE d < 3) SELECT ts, d FROM r;
CREATE VIEW v_i AS WITH RECURSIVE r(i, d) AS (SELECT i, 0 FROM t UNION SELECT r.i + r.i, d + 1 FROM r WHERE d < 3) SELECT SUM(i), COUNT(*) FROM r;
CREATE VIEW v_by AS WITH RECURSIVE r(k, b) AS (SELECT k, by FROM t WHERE k = 1 UNION SELECT l.y, t.by FROM r JOIN link l ON l.x = r.k JOIN t ON t.k = l.y) SELECT k, b FROM r;
CREATE VIEW v_tz AS WITH RECURSIVE r(k, b) AS (SELECT k, tz FROM t WHERE k = 1 UNION SELECT l.y, GREATEST(t.tz, r.b) FROM r JOIN link l ON l.x = r.k JOIN t ON t.k = l.y) SELECT k, b FROM r;
CREATE VIEW v_left AS WITH RECURSIVE r(k, s) AS (SELECT 1, 'start'::varchar(8) UNION SELECT l.y, t.s FROM r LEFT JOIN link l ON l.x = r.k LEFT JOIN t ON t.k = l.y) SELECT k, s FROM r;
CREATE VIEW v_right AS WITH RECURSIVE r(k) AS (SELECT 1 UNION SELECT COALESCE(l.y, 0) FROM link l RIGHT JOIN r ON l.x = r.k) SELECT k FROM r;
CREATE VIEW v_cross AS WITH RECURSIVE r(k) AS (SELECT 1 UNION SELECT l.y FROM r, link l WHERE l.x < r.k) SELECT k FROM r;
CREATE VIEW v_using AS WITH RECURSIVE r(x) AS (SELECT 1 UNION SELECT y FROM r JOIN link USING (x)) SELECT x FROM r;
CREATE VIEW v_natural AS WITH RECURSIVE r(x) AS (SELECT 1 UNION SELECT y FROM r NATURAL JOIN link) SELECT x FROM r;
CREATE VIEW v_star AS WITH RECURSIVE r AS (SELECT * FROM link WHERE x = 1 UNION SELECT link.* FROM r JOIN link ON link.x = r.y) SELECT * FROM r;
CREATE VIEW v_win AS WITH RECURSIVE r(k, n) AS (SELECT 1, 1::bigint UNION SELECT l.y, row_number() OVER (PARTITION BY l.x ORDER BY l.y) FROM r JOIN link l ON l.x = r.k) SELECT k, n FROM r;
CREATE VIEW v_top AS WITH RECURSIVE r(k) AS (SELECT 1 UNION (SELECT l.y FROM r JOIN link l ON l.x = r.k ORDER BY l.y DESC LIMIT 2)) SELECT k FROM r;
CREATE VIEW v_don AS WITH RECURSIVE r(k) AS (SELECT 1 UNION (SELECT DISTINCT ON (l.x) l.y FROM r JOIN link l ON l.x = r.k ORDER BY l.x, l.y)) SELECT k FROM r;
CREATE VIEW v_uni AS WITH RECURSIVE r(k) AS (SELECT 1 UNION (SELECT l.y FROM r JOIN link l ON l.x = r.k UNION ALL SELECT k FROM t WHERE k > 3)) SELECT k FROM r;
CREATE VIEW v_uni3 AS WITH RECURSIVE r(k) AS (SELECT 1 UNION SELECT 2 UNION SELECT l.y FROM r JOIN link l ON l.x = r.k) SELECT k FROM r;
CREATE VIEW v_except AS WITH RECURSIVE r(k) AS (SELECT 1 UNION (SELECT l.y FROM r JOIN link l ON l.x = r.k EXCEPT SELECT k FROM t)) SELECT k FROM r;
CREATE VIEW v_inter AS WITH RECURSIVE r(k) AS (SELECT 1 UNION (SELECT l.y FROM r JOIN link l ON l.x = r.k INTERSECT SELECT k FROM t)) SELECT k FROM r;
CREATE VIEW v_notin AS WITH RECURSIVE r(k) AS (SELECT 1 UNION SELECT l.y FROM r JOIN link l ON l.x = r.k WHERE l.y NOT IN (SELECT k FROM t WHERE s IS NULL)) SELECT k FROM r;
CREATE VIEW v_scalar AS WITH RECURSIVE r(k, s) AS (SELECT 1, 0::bigint UNION SELECT l.y, (SELECT COUNT(*) FROM link m WHERE m.x = l.y) FROM r JOIN link l ON l.x = r.k) SELECT k, s FROM r;
CREATE VIEW v_in_rec AS WITH RECURSIVE a(k) AS (SELECT 1 UNION SELECT l.y FROM a JOIN link l ON l.x = a.k), b(k) AS (SELECT k FROM t UNION SELECT l.x FROM b JOIN link l ON l.y = b.k WHERE l.x IN (SELECT k FROM a)) SELECT k FROM b;
CREATE VIEW v_nested AS WITH RECURSIVE r(k) AS (SELECT 1 UNION SELECT q.k FROM r JOIN (WITH RECURSIVE z(o, k) AS (SELECT x, y FROM link UNION SELECT z.o, l.y FROM z JOIN link l ON l.x = z.k) SELECT o, k FROM z) q ON q.o = r.k) SELECT k FROM r;
CREATE RECURSIVE VIEW v_short (k) AS SELECT 1 UNION SELECT l.y FROM v_short JOIN link l ON l.x = v_short.k;
CREATE RECURSIVE VIEW v_nums (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM v_nums WHERE n < 20;
CREATE VIEW v_selfref2 AS WITH RECURSIVE r(k) AS (SELECT 1 UNION SELECT a.k + b.k FROM r a JOIN r b ON a.k < b.k) SELECT k FROM r;
CREATE VIEW v_mut AS WITH RECURSIVE a(k) AS (SELECT 1 UNION SELECT k FROM b), b(k) AS (SELECT 2 UNION SELECT k FROM a) SELECT k FROM a;
CREATE VIEW v_lat2 AS WITH RECURSIVE r(k) AS (SELECT 1 UNION SELECT z.y FROM r CROSS JOIN LATERAL (SELECT y FROM link WHERE x = r.k UNION SELECT k FROM t WHERE k = r.k + 1) z) SELECT k FROM r;
CREATE VIEW v_insub AS WITH RECURSIVE r(k) AS (SELECT 1 UNION SELECT z.y FROM (SELECT l.y FROM (SELECT k FROM r) q JOIN link l ON l.x = q.k) z) SELECT k FROM r;
CREATE VIEW v_latref AS WITH RECURSIVE r(k) AS (SELECT 1 UNION SELECT z.k FROM link l, LATERAL (SELECT l.y AS k FROM r WHERE r.k = l.x) z) SELECT k FROM r;
CREATE VIEW v_full AS WITH RECURSIVE r(k) AS (SELECT 1 UNION SELECT l.y FROM (SELECT k FROM r) q FULL JOIN link l ON l.x = q.k) SELECT k FROM r;
CREATE VIEW v_lsub AS WITH RECURSIVE r(k) AS (SELECT 1 UNION SELECT l.y FROM link l LEFT JOIN (SELECT k FROM r) q ON l.x = q.k) SELECT k FROM r;
CREATE VIEW v_where AS WITH RECURSIVE r(k) AS (SELECT 1 UNION SELECT l.y FROM r JOIN link l ON l.x = r.k) SELECT * FROM r WHERE k = 3;
CREATE VIEW v_where4 AS WITH RECURSIVE r(k) AS (SELECT 1 UNION SELECT l.y FROM r JOIN link l ON l.x = r.k) SELECT * FROM r WHERE k = 4;
CREATE VIEW v_start2 AS WITH RECURSIVE r(k) AS (SELECT x FROM link WHERE x = 2 UNION SELECT l.y FROM r JOIN link l ON l.x = r.k) SELECT * FROM r;
CREATE VIEW v_start3 AS WITH RECURSIVE r(k) AS (SELECT x FROM link WHERE x = 3 UNION SELECT l.y FROM r JOIN link l ON l.x = r.k) SELECT * FROM r;
CREATE VIEW v_start4 AS WITH RECURSIVE r(k) AS (SELECT x FROM link WHERE x = 4 UNION SELECT l.y FROM r JOIN link l ON l.x = r.k) SELECT * FROM r;
CREATE VIEW v_unused AS WITH RECURSIVE r(k) AS (SELECT 1 UNION SELECT l.y FROM r JOIN link l ON l.x = r.k) SELECT k FROM t;
CREATE VIEW v_notrec AS WITH RECURSIVE r(k) AS (SELECT x FROM link) SELECT k FROM r;
CREATE VIEW v_count AS WITH RECURSIVE r(k, d) AS (SELECT 1, 0 UNION ALL SELECT l.y, d + 1 FROM r JOIN link l ON l.x = r.k WHERE d < 4) SELECT k, d, COUNT(*) AS paths FROM r GROUP BY k, d;
-- check
INSERT INTO t VALUES (1, 'one', 1.0, 1.5, '00000000-0000-0000-0000-000000000001', '2024-01-31 10:00', '1 day', '\x01', '2024-01-01 00:00+00', 'ab'), (2, 'two', 1.0, -0.0, '00000000-0000-0000-0000-000000000002', '2024-02-29', '25:00', '\x', '2024-01-02 00:00+02', 'ab  '), (3, 'one', 3, 0.0, NULL, NULL, NULL, NULL, NULL, NULL), (4, NULL, NULL, 'NaN', '00000000-0000-0000-0000-000000000001', '1999-12-31', '1 month', '\x01', '2024-03-01', 'zz');
INSERT INTO link VALUES (1, 2), (2, 3), (3, 1), (3, 4), (4, 4), (1, 3), (1, 2);
-- check
DELETE FROM link WHERE x = 1 AND y = 2;
-- check
DELETE FROM link WHERE x = 3;
INSERT INTO link VALUES (2, 1), (NULL, 3), (3, NULL);
-- check
UPDATE t SET n = 1.0, c = 'zz', s = 'two' WHERE k = 1;
INSERT INTO t VALUES (5, 'five', 2.5, 2, NULL, '2023-03-31', '-1 day', '\xff', NULL, 'q');
INSERT INTO link VALUES (1, 2), (2, 5), (5, 4), (4, 1);
-- check
DELETE FROM t WHERE k = 3;
DELETE FROM link WHERE y = 1;
-- check
UPDATE link SET y = x, x = y;
-- check
DELETE FROM link WHERE x = 2;
-- check
