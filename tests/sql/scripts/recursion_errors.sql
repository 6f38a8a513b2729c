-- Errors within a recursion: a batch is refused where a row that is there fails, and not where only an old working table would meet a new row.
CREATE TABLE e (a INT, b INT);
CREATE TABLE f (a INT, d INT);
CREATE VIEW by_union AS WITH RECURSIVE r(n) AS (SELECT 1 UNION SELECT 12 / b FROM r JOIN e ON a = n) SELECT n FROM r;
CREATE VIEW by_union_all AS WITH RECURSIVE r(n, k) AS (SELECT 1, 0 UNION ALL SELECT 12 / b, k + 1 FROM r JOIN e ON a = n WHERE k < 5) SELECT n, k FROM r;
CREATE VIEW of_three AS WITH RECURSIVE r(n) AS (SELECT a FROM e WHERE b = 1 UNION SELECT e.b / f.d FROM r JOIN e ON e.a = r.n JOIN f ON f.a = e.b) SELECT n FROM r;
CREATE VIEW with_groups AS WITH RECURSIVE r(n, k) AS (SELECT 1, 0 UNION SELECT s.m, s.k + 1 FROM (SELECT 60 / SUM(q.b)::int AS m, MAX(q.k) AS k FROM (SELECT r.n, r.k, e.b FROM r JOIN e ON e.a = r.n) q GROUP BY q.n) s WHERE s.k < 5) SELECT n, k FROM r;
-- check
INSERT INTO e VALUES (1, 2), (6, 3), (4, 4), (2, 1);
INSERT INTO f VALUES (1, 1), (4, 2);
-- check
BEGIN;
DELETE FROM e WHERE a = 1;
INSERT INTO e VALUES (6, 0), (1, 12);
COMMIT;
-- check
INSERT INTO e VALUES (1, 2);
-- check
BEGIN;
DELETE FROM e WHERE b = 0;
INSERT INTO e VALUES (1, 2), (3, 0);
UPDATE f SET d = 0 WHERE a = 1;
COMMIT;
-- check
BEGIN;
DELETE FROM e WHERE a = 6;
INSERT INTO e VALUES (4, 0), (6, 1);
COMMIT;
-- check
BEGIN;
DELETE FROM e WHERE a = 1;
INSERT INTO e VALUES (12, 0), (6, 0), (1, 3), (1, -3);
COMMIT;
-- check
BEGIN;
UPDATE e SET b = 6 WHERE a = 1 AND b = -3;
DELETE FROM e WHERE b = 0;
INSERT INTO e VALUES (5, 0), (2, 3), (2, -3);
COMMIT;
-- check
UPDATE e SET b = 0 WHERE a = 1;
-- check
DELETE FROM e;
-- check
INSERT INTO e VALUES (1, 4), (3, 2);
-- check
