-- What a recursive term may do: joins with views, outer joins that keep it, EXISTS, DISTINCT, GROUP BY, windows and LIMIT of each iteration, set operations; several
-- queries in one WITH, in any order; one over the result of another; aggregates, joins and windows outside of the cycle.
CREATE TABLE edge (a INT, b INT, w INT);
CREATE TABLE node (id INT PRIMARY KEY, shut BOOLEAN, label TEXT);
CREATE VIEW open_edge AS SELECT e.a, e.b, e.w FROM edge e JOIN node n ON n.id = e.b WHERE NOT n.shut;
CREATE VIEW over_view AS WITH RECURSIVE r(n) AS (SELECT 1 UNION SELECT b FROM r JOIN open_edge ON a = n) SELECT n FROM r;
CREATE VIEW with_exists AS WITH RECURSIVE r(n) AS (SELECT 1 UNION SELECT b FROM r JOIN edge ON a = n WHERE EXISTS (SELECT 1 FROM node WHERE id = b AND NOT shut)) SELECT n FROM r;
CREATE VIEW with_not_exists AS WITH RECURSIVE r(n) AS (SELECT 1 UNION SELECT b FROM r JOIN edge ON a = n WHERE NOT EXISTS (SELECT 1 FROM node WHERE id = b AND shut)) SELECT n FROM r;
CREATE VIEW with_not_in AS WITH RECURSIVE r(n) AS (SELECT id FROM node UNION SELECT b FROM r JOIN edge ON a = n WHERE b NOT IN (SELECT id FROM node WHERE shut)) SELECT n FROM r;
CREATE VIEW left_joined AS WITH RECURSIVE r(n, d) AS (SELECT 1, 0 UNION ALL SELECT e.b, d + 1 FROM r LEFT JOIN edge e ON e.a = r.n WHERE d < 3) SELECT n, d FROM r;
CREATE VIEW left_on AS WITH RECURSIVE r(n, d) AS (SELECT 1, 0 UNION ALL SELECT COALESCE(e.b, -1), d + 1 FROM r LEFT JOIN edge e ON e.a = r.n AND e.w > r.d WHERE d < 3) SELECT n, d FROM r;
CREATE VIEW right_joined AS WITH RECURSIVE r(n, d) AS (SELECT 1, 0 UNION SELECT e.b, d + 1 FROM edge e RIGHT JOIN r ON e.a = r.n WHERE d < 3) SELECT n, d FROM r;
CREATE VIEW with_distinct AS WITH RECURSIVE r(n, d) AS (SELECT 1, 0 UNION ALL SELECT DISTINCT e.b, d + 1 FROM r JOIN edge e ON e.a = r.n WHERE d < 4) SELECT n, d FROM r;
CREATE VIEW grouped AS WITH RECURSIVE r(n, d) AS (SELECT 1, 0 UNION ALL SELECT e.b, d + 1 FROM r JOIN edge e ON e.a = r.n WHERE d < 4 GROUP BY e.b, d + 1) SELECT n, d FROM r;
CREATE VIEW first_two AS WITH RECURSIVE r(n, d) AS (SELECT 1, 0 UNION ALL (SELECT e.b, d + 1 FROM r JOIN edge e ON e.a = r.n WHERE d < 4 ORDER BY e.b, e.w LIMIT 2)) SELECT n, d FROM r;
CREATE VIEW windowed AS WITH RECURSIVE r(n, d, k) AS (SELECT 1, 0, 1::bigint UNION ALL SELECT b, d, k FROM (
  SELECT e.b, r.d + 1 AS d, ROW_NUMBER() OVER (ORDER BY e.b, e.w) AS k FROM r JOIN edge e ON e.a = r.n WHERE r.d < 4) s WHERE k <= 3) SELECT n, d, k FROM r;
CREATE VIEW ranked AS WITH RECURSIVE r(n, d, k) AS (SELECT 1, 0, 1::bigint UNION ALL
  SELECT e.b, r.d + 1, COUNT(*) OVER (PARTITION BY e.b) FROM r JOIN edge e ON e.a = r.n WHERE r.d < 3) SELECT n, d, k FROM r;
CREATE VIEW and_always AS WITH RECURSIVE r(n) AS (SELECT 1 UNION (SELECT b FROM r JOIN edge ON a = n UNION ALL SELECT id FROM node WHERE shut)) SELECT n FROM r;
CREATE VIEW intersected AS WITH RECURSIVE r(n) AS (SELECT 1 UNION (SELECT b FROM r JOIN edge ON a = n INTERSECT SELECT id FROM node)) SELECT n FROM r;
CREATE VIEW minus AS WITH RECURSIVE r(n) AS (SELECT 1 UNION (SELECT b FROM r JOIN edge ON a = n EXCEPT SELECT id FROM node WHERE shut)) SELECT n FROM r;
CREATE VIEW of_subselect AS WITH RECURSIVE r(n) AS (SELECT 1 UNION SELECT b FROM (SELECT n AS m FROM r WHERE n > 0) s JOIN edge ON a = m) SELECT n FROM r;
CREATE VIEW aggregated_outside AS WITH RECURSIVE r(n, d) AS (SELECT 1, 0 UNION SELECT g.b, d + 1 FROM r JOIN (SELECT a, MAX(b) AS b, SUM(w) AS w FROM edge GROUP BY a) g ON g.a = r.n WHERE d < 9 AND g.w > 0) SELECT n, d FROM r;
CREATE VIEW two AS WITH RECURSIVE up(n) AS (SELECT 1 UNION SELECT b FROM up JOIN edge ON a = n), down(n) AS (SELECT 1 UNION SELECT a FROM down JOIN edge ON b = n)
  SELECT n, COUNT(*) AS sides FROM (SELECT n FROM up UNION ALL SELECT n FROM down) s GROUP BY n;
CREATE VIEW one_over_another AS WITH RECURSIVE r(n) AS (SELECT 1 UNION SELECT b FROM r JOIN edge ON a = n), c(x, y) AS (
  SELECT a, b FROM edge WHERE a IN (SELECT n FROM r) UNION SELECT c.x, e.b FROM c JOIN edge e ON e.a = c.y JOIN r ON r.n = e.b) SELECT x, y FROM c;
CREATE VIEW forward AS WITH RECURSIVE last AS (SELECT MAX(n) AS n FROM r), r(n) AS (SELECT b FROM first UNION SELECT b FROM r JOIN edge ON a = n), first AS (SELECT b FROM edge WHERE a = 1)
  SELECT last.n, r.n AS m FROM last, r;
CREATE VIEW not_recursive AS WITH RECURSIVE t AS (SELECT a FROM edge) SELECT a FROM t;
CREATE VIEW union_not_recursive AS WITH RECURSIVE t AS (SELECT a FROM edge UNION SELECT b FROM edge) SELECT a FROM t;
CREATE VIEW shadowed AS WITH RECURSIVE edge2 AS (SELECT 1 AS n UNION SELECT b FROM edge2 JOIN (WITH edge2 AS (SELECT 5 AS q) SELECT a, b FROM edge, edge2) s ON a = n) SELECT n FROM edge2;
CREATE VIEW twice AS WITH RECURSIVE r(n) AS (SELECT 1 UNION SELECT b FROM r JOIN edge ON a = n) SELECT x.n, y.n AS m FROM r x JOIN r y ON x.n < y.n;
CREATE VIEW inner_with AS WITH RECURSIVE r(n) AS (WITH s AS (SELECT 1 AS n) SELECT n FROM s UNION SELECT b FROM r JOIN edge ON a = n) SELECT n FROM r;
CREATE VIEW with_in_term AS WITH RECURSIVE r(n) AS (SELECT 1 UNION (WITH x AS (SELECT a, b FROM edge WHERE w > 0) SELECT b FROM r JOIN x ON a = n)) SELECT n FROM r;
CREATE VIEW labels AS WITH RECURSIVE r(n, path) AS (SELECT id, label FROM node WHERE NOT shut UNION SELECT e.b, substr(r.path || n.label, 1, 6) FROM r JOIN edge e ON e.a = r.n JOIN node n ON n.id = e.b) SELECT n, path FROM r;
CREATE VIEW nulls AS WITH RECURSIVE r(n, x) AS (SELECT 1, NULL::int UNION SELECT b, w FROM r JOIN edge ON a = n) SELECT n, x FROM r;
CREATE VIEW only_itself AS WITH RECURSIVE r(n) AS (SELECT a FROM edge UNION SELECT n FROM r) SELECT n FROM r;
CREATE VIEW top_of AS WITH RECURSIVE r(n, d) AS (SELECT 1, 0 UNION SELECT b, d + 1 FROM r JOIN edge ON a = n WHERE d < 5) SELECT n, MIN(d) AS d, RANK() OVER (ORDER BY MIN(d)) FROM r GROUP BY n;
CREATE VIEW small AS WITH RECURSIVE r(n) AS (SELECT 1::bigint UNION SELECT b FROM r JOIN edge ON a = n) SELECT n FROM r;
CREATE VIEW decimals AS WITH RECURSIVE r(x) AS (SELECT round(w, 2) FROM edge UNION SELECT round(x / 2, 2) FROM r WHERE x > 1) SELECT x FROM r;
-- check
INSERT INTO node VALUES (1, false, 'a'), (2, false, 'b'), (3, true, 'c'), (4, false, 'd'), (5, NULL, 'e'), (6, false, NULL), (7, true, 'g');
INSERT INTO edge VALUES (1, 2, 1), (1, 3, 2), (2, 4, 0), (3, 4, 1), (4, 1, 3), (4, 5, 1), (5, 6, 2), (6, 7, 1), (1, 2, 1), (2, NULL, 1), (7, 2, NULL);
-- check
UPDATE node SET shut = NOT shut WHERE id IN (2, 3);
-- check
DELETE FROM edge WHERE a = 4;
INSERT INTO edge VALUES (6, 1, 5), (3, 5, 1);
-- check
BEGIN;
UPDATE edge SET b = 6 WHERE a = 2;
DELETE FROM node WHERE id = 7;
INSERT INTO node VALUES (8, true, 'h');
INSERT INTO edge VALUES (6, 8, 1), (8, 8, 1);
COMMIT;
-- check
DELETE FROM edge WHERE a = 1 AND b = 2;
-- check
DELETE FROM edge WHERE a = 1;
-- check
INSERT INTO edge VALUES (1, 6, 1);
