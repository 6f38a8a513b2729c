-- Groups, joins and extrema by every type: long texts that share a prefix, booleans, dates, timestamps, numerics of other scale, reals, NULLs.
CREATE TABLE t (id INT, s TEXT, v VARCHAR(30), b BOOLEAN, d DATE, ts TIMESTAMP, n NUMERIC(8,3), f DOUBLE PRECISION, r REAL, l BIGINT, h SMALLINT);
CREATE TABLE u (s TEXT, v VARCHAR(10), b BOOLEAN, d DATE, ts TIMESTAMP, n NUMERIC(10,1), f REAL, l INT);
CREATE VIEW by_s AS SELECT s, COUNT(*) AS n, MIN(v) AS lo, MAX(v) AS hi FROM t GROUP BY s;
CREATE VIEW by_b AS SELECT b, COUNT(*) AS n, MIN(d) AS lo, MAX(ts) AS hi FROM t GROUP BY b;
CREATE VIEW by_d AS SELECT d, COUNT(*) AS n, MIN(n) AS lo, MAX(f) AS hi FROM t GROUP BY d;
CREATE VIEW by_ts AS SELECT ts, COUNT(DISTINCT s) AS n, MIN(r) AS lo, MAX(l) AS hi FROM t GROUP BY ts;
CREATE VIEW by_n AS SELECT n, SUM(h) AS s, MIN(h) AS lo, MAX(s) AS hi FROM t GROUP BY n;
CREATE VIEW by_f AS SELECT f, r, COUNT(*) AS n FROM t GROUP BY f, r;
CREATE VIEW by_many AS SELECT s, b, d, ts, n, COUNT(*) AS c FROM t GROUP BY s, b, d, ts, n;
CREATE VIEW js AS SELECT t.id, u.n FROM t JOIN u ON t.s = u.s;
CREATE VIEW jv AS SELECT t.id, u.n FROM t JOIN u ON t.v = u.v;
CREATE VIEW jsv AS SELECT t.id, u.v FROM t JOIN u ON t.s = u.v;
CREATE VIEW jb AS SELECT t.id, u.b FROM t JOIN u USING (b);
CREATE VIEW jd AS SELECT t.id, u.d FROM t LEFT JOIN u ON t.d = u.d AND t.b = u.b;
CREATE VIEW jdts AS SELECT t.id, u.ts FROM t JOIN u ON t.d = u.ts;
CREATE VIEW jn AS SELECT t.id, t.n, u.n AS un FROM t JOIN u ON t.n = u.n;
CREATE VIEW jnl AS SELECT t.id, u.n FROM t JOIN u ON t.l = u.n;
CREATE VIEW jhl AS SELECT t.id, u.l FROM t JOIN u ON t.h = u.l;
CREATE VIEW jf AS SELECT t.id, u.f FROM t JOIN u ON t.r = u.f;
CREATE VIEW jdf AS SELECT t.id, u.f FROM t JOIN u ON t.f = u.f;
CREATE VIEW jdn AS SELECT t.id, u.n FROM t JOIN u ON t.f = u.n;
CREATE VIEW dist AS SELECT DISTINCT b, d, v FROM t;
CREATE VIEW cds AS SELECT COUNT(DISTINCT s) AS s, COUNT(DISTINCT b) AS b, COUNT(DISTINCT d) AS d, COUNT(DISTINCT ts) AS ts, COUNT(DISTINCT n) AS n, COUNT(DISTINCT f) AS f, COUNT(DISTINCT r) AS r, SUM(DISTINCT n) AS sn, AVG(DISTINCT l) AS al, SUM(DISTINCT h) AS sh FROM t;
-- check
INSERT INTO t VALUES (1, 'a text that is long, number 1', 'short', TRUE, '2024-01-01', '2024-01-01 00:00', 1.5, 0.5, 0.5, 2, 3), (2, 'a text that is long, number 2', 'short', FALSE, '2024-01-01', '2024-01-01 10:00', 1.500, 0.1, 0.1, 3, 3), (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL), (4, '', '', TRUE, '1969-12-31', '1969-12-31 23:59:59', -1.5, -0.0, 0, -1, -1);
INSERT INTO u VALUES ('a text that is long, number 1', 'short', TRUE, '2024-01-01', '2024-01-01', 1.5, 0.5, 3), (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL), ('', '', FALSE, '1969-12-31', '2024-01-01', 2, 0.1, -1), ('short', 'a', NULL, NULL, '1969-12-31', -1.5, 0, 2);
-- check
INSERT INTO t SELECT id + 10, s, v, NOT b, d + 1, ts, n * 2, f, r, l, h FROM t;
-- check
UPDATE t SET s = v, v = left(s, 10) WHERE id < 3;
UPDATE u SET n = n + 1.5, ts = d, f = -f;
-- check
DELETE FROM t WHERE id IN (1, 11, 3);
UPDATE u SET s = NULL, b = NULL WHERE l = 3;
-- check
DELETE FROM t;
-- check
