-- Tables without a key: duplicates are rows of their own; UPDATE and DELETE reach each of them; rows become equal and part again.
CREATE TABLE d (x INT, y TEXT);
CREATE VIEW rows AS SELECT x, y FROM d;
CREATE VIEW xs AS SELECT x FROM d;
CREATE VIEW sets AS SELECT DISTINCT y FROM d;
CREATE VIEW pairs AS SELECT a.x AS x1, b.x AS x2 FROM d a JOIN d b ON a.y = b.y;
CREATE VIEW n AS SELECT COUNT(*) AS n, COUNT(DISTINCT x) AS dx FROM d;
INSERT INTO d VALUES (1, 'a'), (1, 'a'), (2, 'a'), (NULL, NULL), (NULL, NULL), (1, 'b');
-- check
UPDATE d SET x = 2 WHERE x = 1 AND y = 'a';
-- check
UPDATE d SET x = x + 1;
-- check
UPDATE d SET y = 'b';
-- check
DELETE FROM d WHERE x = 3;
-- check
INSERT INTO d SELECT x, y FROM d;
INSERT INTO d SELECT * FROM d WHERE x IS NULL;
-- check
BEGIN;
INSERT INTO d VALUES (9, 'z'), (9, 'z');
UPDATE d SET x = 10 WHERE y = 'z';
DELETE FROM d WHERE x = 10;
INSERT INTO d VALUES (9, 'z');
SELECT x, COUNT(*) FROM d GROUP BY x;
SELECT * FROM n;
COMMIT;
-- check
DELETE FROM d WHERE x IS NULL;
DELETE FROM d;
-- check
INSERT INTO d (y) SELECT s FROM (VALUES ('p'), ('q'), (NULL)) AS w (s);
INSERT INTO d VALUES (1), (2);
TRUNCATE d;
-- check
