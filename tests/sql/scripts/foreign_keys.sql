-- FOREIGN KEY, checked on both sides at the end of each statement: NO ACTION, RESTRICT, CASCADE, SET NULL, SET DEFAULT; composite, MATCH FULL, to itself, to UNIQUE columns.
CREATE TABLE p (id INT PRIMARY KEY, code TEXT UNIQUE, a INT, b INT, UNIQUE (a, b));
CREATE TABLE c_plain (id INT PRIMARY KEY, p INT REFERENCES p, note TEXT);
CREATE TABLE c_cascade (id INT PRIMARY KEY, p INT REFERENCES p (id) ON DELETE CASCADE ON UPDATE CASCADE, n INT CHECK (n < 100));
CREATE TABLE c_null (id INT, p TEXT REFERENCES p (code) ON DELETE SET NULL ON UPDATE SET NULL);
CREATE TABLE c_default (id INT PRIMARY KEY, p INT DEFAULT 0 REFERENCES p ON DELETE SET DEFAULT ON UPDATE CASCADE);
CREATE TABLE c_pair (x INT, y INT, CONSTRAINT pair FOREIGN KEY (y, x) REFERENCES p (b, a) ON DELETE RESTRICT);
CREATE TABLE c_full (x INT, y INT, FOREIGN KEY (x, y) REFERENCES p (a, b) MATCH FULL ON DELETE SET NULL (x, y));
CREATE TABLE grand (id INT PRIMARY KEY, c INT REFERENCES c_cascade ON DELETE CASCADE);
CREATE TABLE tree (id INT PRIMARY KEY, up INT REFERENCES tree ON DELETE CASCADE);
CREATE VIEW counts AS SELECT p.id, COUNT(c.id) AS n, SUM(c.n) AS s FROM p LEFT JOIN c_cascade c ON c.p = p.id GROUP BY p.id;
CREATE VIEW nulls AS SELECT p, COUNT(*) AS n FROM c_null GROUP BY p;
CREATE VIEW defaults AS SELECT * FROM c_default;
CREATE VIEW grands AS SELECT g.id, c.p FROM grand g JOIN c_cascade c ON c.id = g.c;
CREATE VIEW trees AS SELECT up, COUNT(*) AS n FROM tree GROUP BY up;
CREATE VIEW fulls AS SELECT * FROM c_full;
INSERT INTO p VALUES (0, 'zero', 0, 0), (1, 'one', 1, 1), (2, 'two', 2, 2), (3, 'three', 3, NULL), (4, NULL, NULL, NULL);
INSERT INTO c_plain VALUES (1, 1, 'x'), (2, NULL, 'y');
INSERT INTO c_cascade VALUES (1, 1, 10), (2, 1, 20), (3, 2, 30), (4, NULL, 40);
INSERT INTO c_null VALUES (1, 'one'), (1, 'one'), (2, 'two'), (3, NULL);
INSERT INTO c_default VALUES (1, 2), (2, 3), (3, DEFAULT);
INSERT INTO c_pair VALUES (0, 0), (NULL, 7), (7, NULL);
INSERT INTO c_full VALUES (2, 2), (NULL, NULL);
INSERT INTO grand VALUES (1, 1), (2, 3), (3, 3);
INSERT INTO tree VALUES (1, NULL), (2, 1), (3, 1), (4, 2), (5, 5), (6, 4);
-- check
INSERT INTO c_plain VALUES (3, 99, 'no');
INSERT INTO c_plain VALUES (3, 4, 'yes'), (4, 5, 'no');
INSERT INTO c_pair VALUES (1, 2);
INSERT INTO c_pair VALUES (3, NULL), (1, 1);
INSERT INTO c_full VALUES (1, NULL);
INSERT INTO c_full VALUES (9, 9);
INSERT INTO tree VALUES (8, 7), (7, 8);
INSERT INTO tree VALUES (10, 11);
UPDATE c_plain SET p = 77 WHERE id = 1;
UPDATE c_plain SET note = 'z';
UPDATE c_cascade SET p = p + 1 WHERE p = 1;
-- check
DELETE FROM p WHERE id = 1;
DELETE FROM p WHERE id = 0;
UPDATE p SET id = 10 WHERE id = 1;
UPDATE p SET id = 20 WHERE id = 2;
-- check
UPDATE p SET code = 'TWO' WHERE id = 20;
UPDATE p SET code = code WHERE id = 1;
DELETE FROM p WHERE id = 20;
-- check
DELETE FROM c_plain;
DELETE FROM c_pair WHERE x = 1;
DELETE FROM p WHERE id = 1 RETURNING *;
-- check
DELETE FROM tree WHERE id = 1;
UPDATE tree SET id = 50 WHERE id = 5;
DELETE FROM tree WHERE id = 5;
-- check
BEGIN;
INSERT INTO p VALUES (30, 'thirty', 30, 30);
INSERT INTO c_cascade VALUES (30, 30, 1);
INSERT INTO grand VALUES (30, 30);
SAVEPOINT s;
DELETE FROM p WHERE id = 30;
SELECT COUNT(*) FROM grand WHERE id = 30;
ROLLBACK TO s;
UPDATE p SET id = 31 WHERE id = 30;
SELECT p FROM c_cascade WHERE id = 30;
COMMIT;
-- check
BEGIN;
INSERT INTO c_plain VALUES (9, 31, 'blocks');
DELETE FROM p WHERE id = 31;
COMMIT;
-- check
INSERT INTO p VALUES (31, 'x') ON CONFLICT (id) DO UPDATE SET id = 32;
INSERT INTO c_cascade VALUES (50, 77, 1) ON CONFLICT (id) DO NOTHING;
TRUNCATE p;
TRUNCATE c_cascade;
TRUNCATE grand, c_cascade;
TRUNCATE tree;
-- check
CREATE TABLE bad (x INT REFERENCES nowhere);
CREATE TABLE bad (x INT REFERENCES p (a));
CREATE TABLE bad (x INT REFERENCES p (nothing));
CREATE TABLE bad (x INT REFERENCES c_null);
CREATE TABLE bad (x INT, FOREIGN KEY (x) REFERENCES p (a, b));
CREATE TABLE bad (x TEXT REFERENCES p);
CREATE TABLE bad (x INT REFERENCES counts);
CREATE TABLE bad (x INT REFERENCES p, FOREIGN KEY (y) REFERENCES p);
DROP TABLE p;
INSERT INTO c_default VALUES (9, 999);
DROP TABLE p CASCADE;
INSERT INTO c_default VALUES (9, 999);
-- check
DROP TABLE grand, c_cascade CASCADE;
TRUNCATE tree, c_null CASCADE;
INSERT INTO tree VALUES (1, 1);
-- check
