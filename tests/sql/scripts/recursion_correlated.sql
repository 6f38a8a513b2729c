-- Recursive queries that speak of the query around them, and sub-selects, LATERAL, series and windows within a recursive term, with cycles that come and go.
CREATE TABLE edge (a INT, b INT, w NUMERIC(6,2));
CREATE TABLE node (id INT PRIMARY KEY, label VARCHAR(10), d INT);
CREATE VIEW lat AS SELECT n.id, r.x FROM node n, LATERAL (WITH RECURSIVE r(x) AS (SELECT n.id UNION SELECT e.b FROM r JOIN edge e ON e.a = r.x) SELECT x FROM r) r;
CREATE VIEW cnt AS SELECT n.id, (WITH RECURSIVE r(x) AS (SELECT n.id UNION SELECT e.b FROM r JOIN edge e ON e.a = r.x) SELECT COUNT(*) FROM r) AS c FROM node n;
CREATE VIEW deep AS SELECT n.id, (WITH RECURSIVE r(x, k) AS (SELECT n.id, 0 UNION ALL SELECT e.b, k + 1 FROM r JOIN edge e ON e.a = r.x WHERE k < n.d) SELECT MAX(k) FROM r) AS c FROM node n;
CREATE VIEW ex AS SELECT n.id FROM node n WHERE EXISTS (WITH RECURSIVE r(x) AS (SELECT b FROM edge WHERE a = n.id UNION SELECT e.b FROM r JOIN edge e ON e.a = r.x) SELECT 1 FROM r WHERE r.x = n.id);
CREATE VIEW inn AS SELECT n.id FROM node n WHERE n.id IN (WITH RECURSIVE r(x) AS (SELECT 1 UNION SELECT e.b FROM r JOIN edge e ON e.a = r.x) SELECT x FROM r);
CREATE VIEW notin AS SELECT n.id FROM node n WHERE n.id NOT IN (WITH RECURSIVE r(x) AS (SELECT 1 UNION SELECT e.b FROM r JOIN edge e ON e.a = r.x) SELECT x FROM r WHERE x IS NOT NULL);
CREATE VIEW ser AS WITH RECURSIVE r(x) AS (SELECT id FROM node UNION SELECT g FROM r, generate_series(r.x, r.x + 2) g WHERE g < 9) SELECT x FROM r;
CREATE VIEW latin AS WITH RECURSIVE r(x) AS (SELECT 1 UNION SELECT s.b FROM r, LATERAL (SELECT e.b FROM edge e WHERE e.a = r.x ORDER BY e.b LIMIT 1) s) SELECT x FROM r;
CREATE VIEW scal AS WITH RECURSIVE r(x, k) AS (SELECT 1, 0 UNION SELECT (SELECT MAX(e.b) FROM edge e WHERE e.a = r.x), k + 1 FROM r WHERE k < 5) SELECT x, k FROM r;
CREATE VIEW exin AS WITH RECURSIVE r(x) AS (SELECT 1 UNION SELECT e.b FROM r JOIN edge e ON e.a = r.x WHERE NOT EXISTS (SELECT 1 FROM node n WHERE n.id = e.b AND n.d < r.x)) SELECT x FROM r;
CREATE VIEW aggin AS WITH RECURSIVE r(x, s) AS (SELECT 1, 0::bigint UNION SELECT e.b, s.c FROM r JOIN edge e ON e.a = r.x, LATERAL (SELECT COUNT(*) AS c FROM edge f WHERE f.a = e.b) s) SELECT x, s FROM r;
CREATE VIEW tot AS WITH RECURSIVE r(x) AS (SELECT 1::bigint UNION SELECT s.m FROM (SELECT MAX(x) + 1 AS m FROM r) s WHERE s.m < 5) SELECT x FROM r;
CREATE VIEW grp AS WITH RECURSIVE r(x, c) AS (SELECT 1, 1::bigint UNION SELECT s.b, s.c FROM (SELECT e.b, COUNT(*) AS c FROM (SELECT x FROM r) q JOIN edge e ON e.a = q.x GROUP BY e.b) s WHERE c < 10) SELECT x, c FROM r;
CREATE VIEW lj AS WITH RECURSIVE r(x, k) AS (SELECT 1, 0 UNION SELECT e.b, k + 1 FROM r LEFT JOIN edge e ON e.a = r.x WHERE k < 4) SELECT x, k FROM r;
CREATE VIEW rj AS WITH RECURSIVE r(x, k) AS (SELECT 1, 0 UNION SELECT r.x, k + 1 FROM edge e RIGHT JOIN r ON e.a = r.x WHERE k < 4) SELECT x, k FROM r;
CREATE VIEW exc AS WITH RECURSIVE r(x) AS (SELECT 1 UNION (SELECT x + 1 FROM r WHERE x < 8 EXCEPT SELECT b FROM edge)) SELECT x FROM r;
CREATE VIEW ints AS WITH RECURSIVE r(x) AS (SELECT 1 UNION (SELECT x + 1 FROM r WHERE x < 8 INTERSECT SELECT b FROM edge)) SELECT x FROM r;
CREATE VIEW gsets AS WITH RECURSIVE r(x) AS (SELECT 1 UNION SELECT e.b FROM r JOIN edge e ON e.a = r.x) SELECT r.x, n.label, COUNT(*) FROM r LEFT JOIN node n ON n.id = r.x GROUP BY ROLLUP (r.x, n.label);
-- check
INSERT INTO node VALUES (1, 'a', 3), (2, 'b', 2), (3, 'c', 1), (4, 'd', 0), (5, NULL, NULL);
INSERT INTO edge VALUES (1, 2, 1), (2, 3, 2), (3, 1, 0), (3, 4, 1), (5, 5, 2);
-- check
DELETE FROM edge WHERE a = 3 AND b = 1;
-- check
INSERT INTO edge VALUES (4, 1, 1), (4, NULL, 2), (2, 5, 1);
UPDATE node SET d = 4 WHERE id = 4;
-- check
DELETE FROM node WHERE id = 2;
-- check
UPDATE edge SET b = 4 WHERE a = 1;
-- check
DELETE FROM edge WHERE a = 4;
-- check
INSERT INTO edge SELECT id, id + 1, 1 FROM node;
-- check
