-- UPDATE and DELETE in every form: expressions of the old row, CASE, sub-selects, keys, no-ops, all rows, none; results seen through live views.
CREATE TABLE t (a INT, b INT, v NUMERIC(8,2), s VARCHAR(8), f DOUBLE PRECISION, d DATE, ok BOOLEAN DEFAULT FALSE, PRIMARY KEY (a, b));
CREATE TABLE log (a INT, note TEXT);
CREATE VIEW by_a AS SELECT a, COUNT(*) AS n, SUM(v) AS v, MAX(s) AS s, MIN(d) AS d FROM t GROUP BY a;
CREATE VIEW pairs AS SELECT t.a, t.b, l.note FROM t LEFT JOIN log l ON l.a = t.a;
CREATE VIEW best AS SELECT a, b, v FROM t ORDER BY v DESC NULLS LAST, a, b LIMIT 3;
CREATE VIEW oks AS SELECT ok, COUNT(*) AS n FROM t GROUP BY ok;
INSERT INTO t (a, b, v, s, f, d) VALUES (1, 1, 10, 'one', 0.5, '2024-01-01'), (1, 2, 20, 'two', 1.5, NULL), (2, 1, NULL, NULL, NULL, '2024-03-01'), (3, 3, 5.55, '', -2, '2024-02-29');
INSERT INTO log VALUES (1, 'x'), (1, 'y'), (4, 'z'), (NULL, 'n');
-- check
UPDATE t SET v = v * 1.1, f = f + v, s = s || '!' WHERE v > 5.55;
UPDATE t SET ok = v > 10;
-- check
UPDATE t SET a = a + 10 WHERE b = 1;
UPDATE t SET a = b, b = a WHERE a < 10 AND a <> b;
-- check
UPDATE t SET v = CASE WHEN v IS NULL THEN 0 ELSE -v END, d = d + 1;
UPDATE t SET v = (SELECT COUNT(*) FROM log WHERE log.a = t.a) WHERE s IS NOT NULL;
-- check
UPDATE t SET v = v;
UPDATE t SET s = 'x' WHERE FALSE;
UPDATE t SET s = 'x' WHERE NULL;
UPDATE t SET v = 1 / 3.0, f = 1 / 3.0, s = 123, d = '2024-05-05';
UPDATE t SET v = f, f = v;
-- check
UPDATE t SET s = 'toolongtext';
UPDATE t SET s = 'padded    ';
UPDATE t SET v = 1e6;
UPDATE t SET v = 'abc';
UPDATE t SET a = NULL;
UPDATE t SET (a, b) = (7, 7);
UPDATE t SET (v, s) = (7, 'row') WHERE a = 3;
UPDATE t SET a = 99, b = a WHERE a > 10;
-- check
UPDATE log SET note = upper(note), a = COALESCE(a, 3);
UPDATE log l SET note = l.note || l.a;
-- check
DELETE FROM t WHERE (a, b) IN (SELECT a, a FROM log);
DELETE FROM log WHERE note LIKE 'X%' OR a IS NULL;
DELETE FROM t x WHERE EXISTS (SELECT 1 FROM log WHERE log.a = x.b);
-- check
BEGIN;
DELETE FROM t;
INSERT INTO t (a, b, v) SELECT a, row_a, a * 1.5 FROM (SELECT a, a + 1 AS row_a FROM log) q;
UPDATE t SET v = v + 1;
DELETE FROM t WHERE a = 4;
INSERT INTO t (b, a) VALUES (1, 4), (2, 4);
UPDATE t SET b = b + 10 WHERE a = 4;
COMMIT;
-- check
INSERT INTO t (a, b, v, s) SELECT a + 100, b, v, 'copy' FROM t;
INSERT INTO log SELECT a, s FROM t UNION ALL SELECT b, NULL FROM t;
INSERT INTO log (note) VALUES ('only'), (DEFAULT);
INSERT INTO log (note, a) SELECT 'k', MAX(a) FROM t;
-- check
DELETE FROM log;
DELETE FROM t;
-- check
