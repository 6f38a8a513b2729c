-- A scalar sub-select of two rows refuses the batch, but only where a row asks for its value; what is not taken in CASE is not asked.
CREATE TABLE a (id integer PRIMARY KEY, k integer);
CREATE TABLE b (k integer, w integer);
INSERT INTO a VALUES (1, 1), (2, 2);
INSERT INTO b VALUES (1, 10), (3, 30);
CREATE VIEW asked AS SELECT a.id, (SELECT b.w FROM b WHERE b.k = a.k) AS w FROM a;
CREATE VIEW lazy AS SELECT a.id, CASE WHEN a.id > 100 THEN (SELECT b.w FROM b) ELSE 0 END AS w FROM a;
INSERT INTO b VALUES (3, 31);
-- check
INSERT INTO b VALUES (1, 11);
-- check
INSERT INTO b VALUES (2, 20), (2, 20);
-- check
UPDATE a SET k = 3 WHERE id = 2;
-- check
INSERT INTO a VALUES (101, 7);
-- check
DELETE FROM b WHERE k = 3;
INSERT INTO b VALUES (2, 20);
UPDATE a SET k = (SELECT w FROM b);
UPDATE a SET k = (SELECT w FROM b WHERE b.k = a.k) WHERE id = 1;
-- check
INSERT INTO a VALUES (3, (SELECT k FROM b));
INSERT INTO b VALUES (1, 12);
-- check
