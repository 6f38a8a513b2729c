-- IN, NOT IN, EXISTS, ANY, ALL, scalar sub-selects: alone and tied to the query outside, with NULLs on every side, in WHERE, HAVING and the select list.
CREATE TABLE p (id INT PRIMARY KEY, x INT, y INT, s TEXT);
CREATE TABLE q (id INT PRIMARY KEY, x INT, z INT);
CREATE TABLE r (x INT NOT NULL, w NUMERIC(6,2));

CREATE VIEW v_in AS SELECT id FROM p WHERE x IN (SELECT x FROM q);
CREATE VIEW v_not_in AS SELECT id FROM p WHERE x NOT IN (SELECT x FROM q);
CREATE VIEW v_not_in_pure AS SELECT id FROM p WHERE id NOT IN (SELECT x FROM r);
CREATE VIEW v_not_in_tied AS SELECT id FROM p WHERE x NOT IN (SELECT z FROM q WHERE q.x = p.y);
CREATE VIEW v_in_tied AS SELECT id FROM p WHERE x IN (SELECT z FROM q WHERE q.x = p.y AND q.z > p.id);
CREATE VIEW v_in_row AS SELECT id FROM p WHERE (x, y) IN (SELECT x, z FROM q);
CREATE VIEW v_not_in_row AS SELECT id FROM p WHERE (x, y) NOT IN (SELECT x, z FROM q);
CREATE VIEW v_exists AS SELECT id FROM p WHERE EXISTS (SELECT 1 FROM q WHERE q.x = p.x);
CREATE VIEW v_not_exists AS SELECT id FROM p WHERE NOT EXISTS (SELECT * FROM q WHERE q.x = p.x AND q.z = p.y);
CREATE VIEW v_exists_less AS SELECT id FROM p WHERE EXISTS (SELECT 1 FROM q WHERE q.z < p.y);
CREATE VIEW v_not_exists_less AS SELECT id FROM p WHERE NOT EXISTS (SELECT 1 FROM q WHERE q.x = p.x AND q.z <> p.y);
CREATE VIEW v_exists_any AS SELECT id FROM p WHERE EXISTS (SELECT 1 FROM q);
CREATE VIEW v_not_exists_any AS SELECT id FROM p WHERE NOT EXISTS (SELECT 1 FROM q WHERE z > 3);
CREATE VIEW v_not_exists_if AS SELECT id FROM p WHERE NOT EXISTS (SELECT 1 FROM q WHERE p.y > 1 AND q.x = p.x);
CREATE VIEW v_any AS SELECT id FROM p WHERE x > ANY (SELECT z FROM q);
CREATE VIEW v_all AS SELECT id FROM p WHERE x >= ALL (SELECT z FROM q);
CREATE VIEW v_not_any AS SELECT id FROM p WHERE NOT (x > ANY (SELECT z FROM q));
CREATE VIEW v_not_all AS SELECT id FROM p WHERE NOT x >= ALL (SELECT z FROM q WHERE q.x = p.x);
CREATE VIEW v_ne_all AS SELECT id FROM p WHERE x <> ALL (SELECT x FROM q);
CREATE VIEW v_or AS SELECT id FROM p WHERE x IN (SELECT x FROM q) OR y = 2;
CREATE VIEW v_marks AS SELECT id, x IN (SELECT x FROM q) AS i, EXISTS (SELECT 1 FROM q WHERE q.x = p.x) AS e, x NOT IN (SELECT z FROM q) AS n, x > ALL (SELECT z FROM q) AS a FROM p;
CREATE VIEW v_case AS SELECT id, CASE WHEN EXISTS (SELECT 1 FROM q WHERE q.x = p.x) THEN 'yes' ELSE 'no' END AS c FROM p;
CREATE VIEW v_scalar AS SELECT id, (SELECT MAX(z) FROM q) AS m, (SELECT COUNT(*) FROM q) AS n FROM p;
CREATE VIEW v_scalar_where AS SELECT id FROM p WHERE x > (SELECT AVG(z) FROM q);
CREATE VIEW v_scalar_tied AS SELECT id, (SELECT COUNT(*) FROM q WHERE q.x = p.x) AS n, (SELECT SUM(z) FROM q WHERE q.x = p.x) AS s, (SELECT COUNT(*) * 10 + 1 FROM q WHERE q.x = p.x) AS k FROM p;
CREATE VIEW v_scalar_key AS SELECT id, (SELECT q.z + 1 FROM q WHERE q.id = p.x) AS z1, (SELECT COALESCE(q.z, -1) FROM q WHERE q.id = p.x) AS z2 FROM p;
CREATE VIEW v_scalar_max AS SELECT id FROM p WHERE x = (SELECT MAX(x) FROM p p2 WHERE p2.y = p.y);
CREATE VIEW v_scalar_top AS SELECT id, (SELECT z FROM q WHERE q.x = p.x ORDER BY z DESC NULLS LAST, id LIMIT 1) AS best FROM p;
CREATE VIEW v_having AS SELECT y, SUM(x) AS s FROM p GROUP BY y HAVING SUM(x) > (SELECT COUNT(*) FROM q);
CREATE VIEW v_having_in AS SELECT y, COUNT(*) AS n FROM p GROUP BY y HAVING COUNT(*) IN (SELECT x FROM q);
CREATE VIEW v_grouped AS SELECT y, COUNT(*) AS n, (SELECT SUM(z) FROM q WHERE q.x = p.y) AS qs FROM p GROUP BY y;
CREATE VIEW v_nested AS SELECT id FROM p WHERE x IN (SELECT x FROM q WHERE z IN (SELECT x FROM r WHERE w > 1));
CREATE VIEW v_two AS SELECT id FROM p WHERE x IN (SELECT x FROM q) AND y NOT IN (SELECT x FROM r) AND EXISTS (SELECT 1 FROM r WHERE r.x = p.y + 1);
CREATE VIEW v_agg_in AS SELECT id FROM p WHERE x IN (SELECT MAX(z) FROM q GROUP BY x);
CREATE VIEW v_group_exists AS SELECT id FROM p WHERE EXISTS (SELECT q.x FROM q WHERE q.x = p.x GROUP BY q.x HAVING COUNT(*) > 1);
CREATE VIEW v_join AS SELECT p.id, q.id AS qid FROM p JOIN q ON q.x = p.x WHERE q.z IN (SELECT x FROM r) AND p.s IS NOT NULL;
CREATE VIEW v_types AS SELECT id FROM p WHERE x IN (SELECT w FROM r);
CREATE VIEW v_literal AS SELECT id FROM p WHERE s IN (SELECT 'a' UNION SELECT 'b');
CREATE VIEW v_exists_limit AS SELECT id FROM p WHERE EXISTS (SELECT 1 FROM q WHERE q.x = p.x LIMIT 1);

-- check
INSERT INTO p VALUES (1, 1, 2, 'a'), (2, 2, 2, 'b'), (3, NULL, 1, NULL), (4, 4, NULL, 'd'), (5, 5, 5, 'a');
-- check
INSERT INTO q VALUES (1, 1, 2), (2, 2, 4);
-- check
INSERT INTO q VALUES (3, 2, NULL), (4, NULL, 5), (5, 5, 5);
INSERT INTO r VALUES (2, 1.50), (4, 5.00), (4, 1), (3, NULL);
-- check
DELETE FROM q WHERE x IS NULL;
UPDATE q SET z = 1 WHERE id = 3;
-- check
UPDATE p SET x = y, y = x;
DELETE FROM r WHERE x IN (SELECT x FROM q);
-- check
INSERT INTO r SELECT x, w * 2 FROM r;
DELETE FROM p WHERE NOT EXISTS (SELECT 1 FROM q WHERE q.x = p.x);
UPDATE p SET y = (SELECT MAX(z) FROM q WHERE q.x = p.x), s = s || '!' WHERE x IN (SELECT x FROM q);
-- check
DELETE FROM q;
-- check
