-- WITH RECURSIVE with UNION: reachability and transitive closure over graphs with cycles, duplicates and NULLs; a cycle does not hold itself up when what reached it goes.
CREATE TABLE edge (a INT, b INT);
CREATE TABLE start (n INT);
CREATE VIEW reach AS WITH RECURSIVE r(n) AS (SELECT n FROM start UNION SELECT e.b FROM r JOIN edge e ON e.a = r.n) SELECT n FROM r;
CREATE VIEW one AS WITH RECURSIVE r AS (SELECT 1 AS n UNION SELECT b FROM r, edge WHERE a = n) SELECT * FROM r;
CREATE VIEW closure AS WITH RECURSIVE c(a, b) AS (SELECT a, b FROM edge UNION SELECT c.a, e.b FROM c JOIN edge e ON c.b = e.a) SELECT a, b FROM c;
CREATE VIEW backwards AS WITH RECURSIVE c AS (SELECT a, b FROM edge UNION SELECT e.a, c.b FROM edge e JOIN c ON e.b = c.a) SELECT a, b FROM c;
CREATE VIEW counts AS WITH RECURSIVE c(a, b) AS (SELECT a, b FROM edge UNION SELECT c.a, e.b FROM c JOIN edge e ON c.b = e.a)
  SELECT a, COUNT(*) AS n, MAX(b) AS furthest FROM c GROUP BY a;
CREATE VIEW on_a_cycle AS WITH RECURSIVE c(a, b) AS (SELECT a, b FROM edge UNION SELECT c.a, e.b FROM c JOIN edge e ON c.b = e.a) SELECT DISTINCT a FROM c WHERE a = b;
CREATE VIEW two_steps AS WITH RECURSIVE r(n) AS (SELECT n FROM start UNION SELECT e2.b FROM r JOIN edge e1 ON e1.a = r.n JOIN edge e2 ON e2.a = e1.b) SELECT n FROM r;
CREATE VIEW both_ways AS WITH RECURSIVE r(n) AS (SELECT n FROM start UNION SELECT CASE WHEN e.a = r.n THEN e.b ELSE e.a END FROM r JOIN edge e ON r.n IN (e.a, e.b)) SELECT n FROM r;
CREATE VIEW unreached AS SELECT DISTINCT b FROM edge WHERE b NOT IN (WITH RECURSIVE r(n) AS (SELECT 1 UNION SELECT e.b FROM r JOIN edge e ON e.a = r.n AND e.b IS NOT NULL) SELECT n FROM r);
CREATE VIEW joined AS WITH RECURSIVE r(n) AS (SELECT n FROM start UNION SELECT e.b FROM r JOIN edge e ON e.a = r.n) SELECT r.n, e.b FROM r LEFT JOIN edge e ON e.a = r.n;
-- check
INSERT INTO edge VALUES (1, 2), (2, 3), (3, 1), (3, 4), (4, 5), (5, 6), (6, 4), (7, 8), (8, 7), (2, 3), (NULL, 1), (6, NULL), (9, 9);
INSERT INTO start VALUES (1), (7), (7);
-- check
DELETE FROM edge WHERE a = 3 AND b = 4;
-- check
DELETE FROM start WHERE n = 1;
-- check
INSERT INTO edge VALUES (8, 5), (3, 4);
-- check
DELETE FROM edge WHERE a = 8;
INSERT INTO start VALUES (3), (NULL);
-- check
BEGIN;
DELETE FROM edge WHERE a = 2 OR b = 2;
INSERT INTO edge VALUES (1, 3), (2, 7), (5, 2);
UPDATE start SET n = 5 WHERE n = 3;
COMMIT;
-- check
BEGIN;
DELETE FROM edge WHERE a = 5;
INSERT INTO edge VALUES (5, 9);
ROLLBACK;
SELECT * FROM reach ORDER BY n;
WITH RECURSIVE r(n) AS (SELECT 2 UNION SELECT e.b FROM r JOIN edge e ON e.a = r.n) SELECT n FROM r ORDER BY n;
DELETE FROM start;
-- check
DELETE FROM edge WHERE a >= 4;
INSERT INTO start VALUES (2), (1);
INSERT INTO edge VALUES (1, 2), (2, 1), (2, 10), (10, 11);
-- check
DELETE FROM edge WHERE a = 10;
