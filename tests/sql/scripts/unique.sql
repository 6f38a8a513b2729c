-- UNIQUE: of a column, of a table, composite, NULLs distinct or not, named, with and without a primary key; kept within transactions and savepoints.
CREATE TABLE people (id INT PRIMARY KEY, mail TEXT UNIQUE, first TEXT, last TEXT, n NUMERIC UNIQUE, CONSTRAINT full_name UNIQUE (last, first));
CREATE TABLE bag (a INT UNIQUE, b TEXT, c DOUBLE PRECISION, UNIQUE (b, c));
CREATE TABLE one_null (id INT PRIMARY KEY, x INT, y INT, UNIQUE NULLS NOT DISTINCT (x, y));
CREATE VIEW all_people AS SELECT * FROM people;
CREATE VIEW by_last AS SELECT last, COUNT(*) AS n, MAX(mail) AS m FROM people GROUP BY last;
CREATE VIEW all_bag AS SELECT a, b, c FROM bag;
CREATE VIEW all_null AS SELECT * FROM one_null;
INSERT INTO people VALUES (1, 'a@x', 'Ann', 'Lee', 1.0), (2, 'b@x', 'Bob', 'Lee', 2), (3, NULL, 'Cy', 'Poe', NULL), (4, NULL, NULL, 'Poe', NULL), (5, NULL, NULL, 'Poe', NULL);
INSERT INTO bag VALUES (1, 'x', 1.5), (2, 'x', 2.5), (NULL, 'y', NULL), (NULL, 'y', NULL), (3, NULL, 1), (NULL, NULL, NULL);
INSERT INTO one_null VALUES (1, 1, NULL), (2, NULL, NULL), (3, 1, 1);
-- check
INSERT INTO people VALUES (6, 'a@x', 'New', 'One', 6);
INSERT INTO people VALUES (6, 'c@x', 'Ann', 'Lee', 6);
INSERT INTO people VALUES (6, 'c@x', 'New', 'One', 1.00);
INSERT INTO people VALUES (6, 'c@x', 'New', 'One', 6), (7, 'c@x', 'New', 'Two', 7);
INSERT INTO people SELECT id + 10, mail, first || '2', last, n + 10 FROM people;
INSERT INTO people SELECT id + 10, mail || '2', first || '2', last, n + 10 FROM people;
-- check
UPDATE people SET mail = 'a@x' WHERE id = 2;
UPDATE people SET mail = 'b@x' WHERE id = 2;
UPDATE people SET id = id + 100;
UPDATE people SET mail = 'same';
UPDATE people SET last = 'Lee', first = 'Bob' WHERE id = 101;
UPDATE people SET mail = NULL, n = NULL;
UPDATE people SET first = NULL;
-- check
INSERT INTO bag VALUES (1, 'z', 9);
INSERT INTO bag VALUES (9, 'x', 2.5);
INSERT INTO bag VALUES (9, 'y', NULL), (10, 'y', NULL);
INSERT INTO bag VALUES (11, 'q', 1), (11, 'r', 1);
UPDATE bag SET a = 5 WHERE b = 'y' AND a IS NULL;
UPDATE bag SET b = 'x' WHERE a = 3;
UPDATE bag SET b = 'x' WHERE a = 3 AND c = 1;
UPDATE bag SET c = 2.5 WHERE a = 1;
DELETE FROM bag WHERE a = 2;
UPDATE bag SET c = 2.5 WHERE a = 1;
-- check
INSERT INTO one_null VALUES (4, 1, NULL);
INSERT INTO one_null VALUES (4, NULL, NULL);
INSERT INTO one_null VALUES (4, NULL, 1), (5, NULL, 1);
INSERT INTO one_null VALUES (4, NULL, 1);
-- check
BEGIN;
DELETE FROM people WHERE id = 102;
INSERT INTO people VALUES (1, 'b@x', 'Bob', 'Lee', 2);
UPDATE people SET mail = 'c@x' WHERE id = 1;
INSERT INTO people VALUES (2, 'b@x', 'Bea', 'Lee', 3);
SAVEPOINT s;
INSERT INTO people VALUES (3, 'c@x', 'Di', 'Lee', 4);
ROLLBACK TO s;
DELETE FROM people WHERE id = 2;
INSERT INTO people VALUES (3, 'b@x', 'Di', 'Lee', 4);
ROLLBACK TO s;
INSERT INTO people VALUES (3, 'd@x', 'Di', 'Lee', 4);
COMMIT;
-- check
BEGIN;
INSERT INTO bag VALUES (50, 'p', 1);
UPDATE bag SET a = 51 WHERE a = 50;
INSERT INTO bag VALUES (50, 'p', 2);
DELETE FROM bag WHERE a = 51;
INSERT INTO bag VALUES (51, 'p', 1);
INSERT INTO bag VALUES (52, 'p', 1);
COMMIT;
-- check
CREATE TABLE bad (a INT, UNIQUE (b));
CREATE TABLE bad (a INT, UNIQUE (a, a));
CREATE TABLE bad (a INT, b INT, CONSTRAINT u UNIQUE (a), CONSTRAINT u UNIQUE (a, b));
DELETE FROM people;
DELETE FROM bag;
DELETE FROM one_null;
INSERT INTO people VALUES (1, 'a@x', 'Ann', 'Lee', 1);
-- check
