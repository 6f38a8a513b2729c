-- Tables and their changes: column types and their other names, defaults, constraints, every form of INSERT, UPDATE, DELETE; what must be refused is refused.
CREATE TABLE kinds (
  b BOOLEAN, s SMALLINT, i INTEGER, l BIGINT, r REAL, d DOUBLE PRECISION, n NUMERIC, m NUMERIC(12,3), p DECIMAL(5), t TEXT, v VARCHAR(5), w CHARACTER VARYING,
  day DATE, at TIMESTAMP, span INTERVAL);
CREATE TABLE aliases (a int2, b int4, c int8, d float4, e float8, f bool, g decimal, h float, i float(24), j timestamp without time zone, k int, x dec(4,1));
CREATE TABLE strict (id INT PRIMARY KEY, n INT NOT NULL CHECK (n > 0), m INT DEFAULT 7 CONSTRAINT m_small CHECK (m < 100), t TEXT DEFAULT 'dflt', u NUMERIC(6,2) DEFAULT 1.005 NULL,
  CHECK (n <> m), CONSTRAINT both CHECK (n + m < 150));
CREATE TABLE pair (a INT, b TEXT, c INT, PRIMARY KEY (b, a));
CREATE TABLE IF NOT EXISTS pair (z INT);
CREATE TABLE bag (x INT, y TEXT);

CREATE VIEW all_kinds AS SELECT * FROM kinds;
CREATE VIEW all_aliases AS SELECT * FROM aliases;
CREATE VIEW all_strict AS SELECT * FROM strict;
CREATE VIEW all_pairs AS SELECT * FROM pair;
CREATE VIEW all_bags AS SELECT * FROM bag;

INSERT INTO kinds VALUES (true, 1, 2, 3, 1.1, 2.2, 3.3, 4.4449, 55.5, 'text', 'abc', 'long text that goes on and on', '2024-02-29', '2024-02-29 12:34:56.789', '1 day 2 hours');
INSERT INTO kinds VALUES ('yes', '-1', '+2', 9223372036854775807, '1e10', 'NaN', 'NaN', 1e8, -99999, '', 'abc  ', 'é', 'infinity', '-infinity', '-3 months');
INSERT INTO kinds (t) VALUES (DEFAULT), (NULL), ('x' || 'y');
INSERT INTO kinds (i, n, t) SELECT i + 1, n * 2, upper(t) FROM kinds WHERE i IS NOT NULL;
INSERT INTO kinds (d, m, i) VALUES (1, 2.0005, 2.5), (1.5::real, 7, 3.5), (10, 8, '12');
INSERT INTO aliases VALUES (1, 2, 3, 1.5, 2.5, 'f', 1.10, 2, 3, '2020-01-01', 4, 123.45), (NULL, NULL, NULL, 'Infinity', '-Infinity', 'off', 0.000, -0.0, 1e-5, NULL, NULL, -0.05);
INSERT INTO strict VALUES (1, 5), (2, 6, 8), (3, 1, DEFAULT, DEFAULT, NULL);
INSERT INTO strict (n, id) VALUES (9, 4);
INSERT INTO pair VALUES (1, 'a', 1), (1, 'b', 2), (2, 'a', 3);
INSERT INTO bag VALUES (1, 'a'), (1, 'a'), (1, NULL), (NULL, NULL), (NULL, NULL);
INSERT INTO bag DEFAULT VALUES;
INSERT INTO bag TABLE bag;
INSERT INTO bag (y, x) SELECT 'lit', 5 UNION ALL SELECT NULL, 6;
INSERT INTO bag WITH w AS (SELECT 42 AS x) SELECT x, 'w' FROM w;
INSERT INTO bag SELECT x FROM bag WHERE x = 6 ORDER BY x LIMIT 1;
INSERT INTO bag (SELECT 100 + x, y FROM bag WHERE x IS NOT NULL ORDER BY x DESC, y LIMIT 2);
-- check
UPDATE bag SET y = 'updated' WHERE x = 1;
UPDATE bag SET (x, y) = (x + 1, y || x) WHERE x > 4;
UPDATE bag AS g SET y = DEFAULT, x = g.x * 2 WHERE g.y = 'updated';
UPDATE pair SET a = b_a.v FROM (SELECT 5 AS v) b_a WHERE false;
UPDATE pair SET c = s.n FROM (SELECT x, COUNT(*) AS n FROM bag GROUP BY x) s WHERE s.x = pair.a;
UPDATE pair p SET c = q.c + 1 FROM pair q WHERE q.a = p.a AND q.b <> p.b AND EXISTS (SELECT 1 FROM bag WHERE x = p.a);
DELETE FROM bag USING pair p WHERE p.a = bag.x AND p.b = bag.y;
DELETE FROM bag b1 USING bag b2 WHERE b1.x = b2.x - 36;
UPDATE strict SET m = DEFAULT, t = NULL, n = n + 1 WHERE id > 1;
UPDATE strict SET id = id + 10;
UPDATE pair SET a = 3 - a WHERE b = 'z';
UPDATE strict SET u = (SELECT SUM(x) FROM bag) WHERE id = 11;
-- check
DELETE FROM bag g WHERE g.x IS NULL AND y IS NULL;
DELETE FROM pair WHERE (a, b) = (1, 'b');
DELETE FROM kinds WHERE i IN (SELECT i + 1 FROM kinds);
-- check

-- constraints
INSERT INTO strict VALUES (11, 5);
INSERT INTO strict VALUES (20, 5), (20, 6);
INSERT INTO strict VALUES (NULL, 5);
INSERT INTO strict VALUES (21, NULL);
INSERT INTO strict (id) VALUES (21);
INSERT INTO strict VALUES (21, -5);
INSERT INTO strict VALUES (21, 5, 100);
INSERT INTO strict VALUES (21, 5, 5);
INSERT INTO strict VALUES (21, 90, 80);
INSERT INTO strict VALUES (22, 5, NULL);
UPDATE strict SET n = 0;
UPDATE strict SET id = 1;
UPDATE strict SET n = NULL WHERE id = 11;
INSERT INTO pair VALUES (2, 'a', 9);
INSERT INTO pair VALUES (2, NULL, 9);
INSERT INTO kinds (v) VALUES ('toolong');
INSERT INTO kinds (v) VALUES ('fits     ');
INSERT INTO kinds (s) VALUES (40000);
INSERT INTO kinds (i) VALUES (3000000000);
INSERT INTO kinds (m) VALUES (1e9);
INSERT INTO kinds (b) VALUES (1);
INSERT INTO kinds (b) VALUES ('maybe');
INSERT INTO kinds (day) VALUES ('2024-02-30');
INSERT INTO kinds (i) VALUES (1/0);
INSERT INTO kinds (t) VALUES (1), (true), (DATE '2020-01-01'), (1.50);
INSERT INTO kinds (day) VALUES (TIMESTAMP '2020-01-01 10:00');
INSERT INTO kinds (i) VALUES (DATE '2020-01-01');
INSERT INTO kinds VALUES (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16);
INSERT INTO bag VALUES (1), (1, 2);
-- check
BEGIN;
DELETE FROM bag;
INSERT INTO bag VALUES (1, 'in');
SELECT * FROM bag;
SELECT * FROM all_bags;
ROLLBACK;
-- check
BEGIN;
UPDATE pair SET a = a + 10;
UPDATE pair SET a = a - 9;
INSERT INTO pair VALUES (100, 'q', NULL);
DELETE FROM pair WHERE a = 100;
END;
-- check
TRUNCATE bag;
TRUNCATE TABLE pair;
-- check
DROP TABLE bag;
DROP VIEW all_bags, all_pairs;
DROP TABLE bag, pair;
DROP TABLE IF EXISTS bag, pair;
DROP VIEW IF EXISTS nothing CASCADE;
DROP TABLE strict CASCADE;
SELECT * FROM all_strict;
