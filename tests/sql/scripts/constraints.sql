-- DEFAULT, CHECK, NOT NULL, PRIMARY KEY (composite, too), UNIQUE: what is refused leaves nothing behind, what is allowed goes through.
CREATE TABLE k (a INT, b TEXT, c INT DEFAULT 5 CHECK (c > 0), d TEXT NOT NULL DEFAULT 'none', e NUMERIC(6,2) DEFAULT 1.5, f DATE DEFAULT '2024-01-01', CONSTRAINT sane CHECK (a < 100 OR c IS NULL), PRIMARY KEY (a, b));
CREATE TABLE u (id INT PRIMARY KEY, x INT, y BOOLEAN DEFAULT TRUE, z INT DEFAULT 1 + 2);
CREATE VIEW all_k AS SELECT * FROM k;
CREATE VIEW count_k AS SELECT a, COUNT(*) AS n, SUM(c) AS s FROM k GROUP BY a;
CREATE VIEW joined AS SELECT k.a, k.b, u.x FROM k JOIN u ON u.id = k.a;
INSERT INTO k (a, b) VALUES (1, 'x'), (1, 'y'), (2, 'x');
INSERT INTO u VALUES (1, 10), (2, NULL);
INSERT INTO u (x, id) VALUES (7, 3);
INSERT INTO u VALUES (4, DEFAULT, DEFAULT, DEFAULT);
INSERT INTO u DEFAULT VALUES;
-- check
INSERT INTO k (a, b) VALUES (1, 'x');
INSERT INTO k (a, b) VALUES (3, 'x'), (3, 'x');
INSERT INTO k (a) VALUES (3);
INSERT INTO k (b) VALUES ('q');
INSERT INTO k VALUES (3, 'x', 0);
INSERT INTO k VALUES (3, 'x', NULL, NULL);
INSERT INTO k VALUES (3, 'x', NULL);
INSERT INTO k VALUES (100, 'x', 1);
INSERT INTO k VALUES (100, 'x', NULL);
INSERT INTO k VALUES (4, 'x', 1, 'd', 99999);
INSERT INTO k VALUES (4, 'x', 1, 'd', 1.005, '2024-02-30');
INSERT INTO k (a, b, c, zz) VALUES (4, 'x', 1, 1);
INSERT INTO k (a, a) VALUES (4, 4);
INSERT INTO k VALUES (4, 'x', 1, 'd', 1, '2024-01-01', 7);
INSERT INTO k (a, b) VALUES (4);
INSERT INTO k (a, b) VALUES (4, 'x', 1);
INSERT INTO missing VALUES (1);
-- check
UPDATE k SET a = 2 WHERE a = 1 AND b = 'x';
UPDATE k SET a = a + 50;
UPDATE k SET a = a - 49;
-- check
UPDATE k SET a = 15 - a, b = b || a WHERE a < 5;
-- check
UPDATE k SET b = 'same';
UPDATE k SET d = NULL;
UPDATE k SET d = DEFAULT, c = DEFAULT, e = NULL;
UPDATE k SET c = -1 WHERE b LIKE 'x%';
UPDATE k SET c = c - 5 WHERE a = 3;
UPDATE k SET (c, d) = (9, 'both') WHERE a = 3;
UPDATE u SET id = 2 WHERE id = 1;
UPDATE u SET nothing = 1;
UPDATE u SET x = 'abc';
UPDATE u SET x = x + 1, x = 2;
-- check
DELETE FROM u WHERE id = 2;
INSERT INTO u VALUES (2, 22);
BEGIN;
DELETE FROM u WHERE id = 2;
INSERT INTO u VALUES (2, 33);
COMMIT;
-- check
BEGIN;
INSERT INTO u VALUES (50, 1);
INSERT INTO u VALUES (50, 2);
INSERT INTO u VALUES (51, 3);
COMMIT;
SELECT * FROM u ORDER BY id;
-- check
CREATE TABLE bad (a INT, a TEXT);
CREATE TABLE bad (a INT PRIMARY KEY, b INT PRIMARY KEY);
CREATE TABLE bad (a INT, PRIMARY KEY (b));
CREATE TABLE bad (a NOTATYPE);
CREATE TABLE bad (a INT DEFAULT 'x');
CREATE TABLE bad (a INT CHECK (b > 0));
CREATE TABLE bad (a INT CHECK (a + 1));
CREATE TABLE bad (a INT DEFAULT a);
CREATE TABLE k (z INT);
CREATE TABLE IF NOT EXISTS k (z INT);
CREATE VIEW k AS SELECT 1;
DELETE FROM k;
DELETE FROM u;
-- check
INSERT INTO k (a, b) VALUES (1, 'x');
-- check
