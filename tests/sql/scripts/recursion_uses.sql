-- What recursion is for: hops, bills of materials, hierarchies, transitive closure and components, costs, calendars, series; over several tables, views and types, with casts that free a column of its precision.
CREATE TABLE edge (a INT, b INT, w NUMERIC(6,2));
CREATE TABLE part (id BIGINT PRIMARY KEY, name TEXT, price NUMERIC(10,2));
CREATE TABLE uses (whole BIGINT, part BIGINT, n INT, PRIMARY KEY (whole, part));
CREATE TABLE emp (id INT PRIMARY KEY, boss INT, name CHAR(6), pay DOUBLE PRECISION, hired DATE);
CREATE VIEW hops AS WITH RECURSIVE r(n, d) AS (SELECT 1, 0 UNION SELECT e.b, r.d + 1 FROM r JOIN edge e ON e.a = r.n WHERE r.d < 6) SELECT n, MIN(d) AS d FROM r GROUP BY n;
CREATE VIEW bom AS WITH RECURSIVE b(id, n) AS (SELECT id, 1::bigint FROM part WHERE id < 3 UNION ALL SELECT u.part, b.n * u.n FROM b JOIN uses u ON u.whole = b.id WHERE b.n < 1000000) SELECT p.name, SUM(b.n) AS n, SUM(b.n * p.price) AS cost FROM b JOIN part p ON p.id = b.id GROUP BY p.name;
CREATE VIEW bomper AS WITH RECURSIVE b(top, id, n) AS (SELECT id, id, 1::bigint FROM part UNION ALL SELECT b.top, u.part, b.n * u.n FROM b JOIN uses u ON u.whole = b.id AND u.part > u.whole) SELECT top, SUM(b.n * p.price) AS cost, COUNT(*) AS rows FROM b JOIN part p USING (id) GROUP BY top;
CREATE VIEW chain AS WITH RECURSIVE c AS (SELECT id, boss, name, 1 AS level, name::text AS path FROM emp WHERE boss IS NULL UNION ALL SELECT e.id, e.boss, e.name, c.level + 1, c.path || '/' || e.name FROM emp e JOIN c ON e.boss = c.id WHERE level < 7) SELECT * FROM c;
CREATE VIEW pays AS WITH RECURSIVE c(root, id) AS (SELECT id, id FROM emp UNION SELECT c.root, e.id FROM c JOIN emp e ON e.boss = c.id) SELECT c.root, SUM(e.pay) AS s, MAX(e.hired) AS h, COUNT(*) AS k FROM c JOIN emp e ON e.id = c.id GROUP BY c.root;
CREATE VIEW chars AS WITH RECURSIVE c(name, id) AS (SELECT name, id FROM emp WHERE boss IS NULL UNION SELECT c.name, e.id FROM c JOIN emp e ON e.boss = c.id) SELECT name, COUNT(*) AS n FROM c GROUP BY name;
CREATE VIEW chars2 AS WITH RECURSIVE c(name) AS (SELECT name FROM emp WHERE boss IS NULL UNION SELECT e.name FROM c JOIN emp e ON e.name > c.name) SELECT name FROM c;
CREATE VIEW two AS WITH RECURSIVE up(n) AS (SELECT 3 UNION SELECT e.a FROM up JOIN edge e ON e.b = up.n), down(n) AS (SELECT 3 UNION SELECT e.b FROM down JOIN edge e ON e.a = down.n) SELECT up.n FROM up JOIN down ON up.n = down.n;
CREATE VIEW halved AS WITH RECURSIVE h(id, x) AS (SELECT id, price::numeric FROM part UNION ALL SELECT id, x / 2 FROM h WHERE x > 1) SELECT id, COUNT(*) AS n, SUM(x) AS s FROM h GROUP BY id;
CREATE VIEW initials AS WITH RECURSIVE i(id, s) AS (SELECT id, name::bpchar FROM emp WHERE boss IS NULL UNION ALL SELECT e.id, (i.s || e.name)::bpchar FROM i JOIN emp e ON e.boss = i.id WHERE length(i.s) < 20) SELECT id, s FROM i;
CREATE VIEW total_of_casts AS SELECT price::numeric AS p, name::varchar AS n FROM part UNION SELECT price * 1.001, name || '.' FROM part;
CREATE VIEW scc AS WITH RECURSIVE tc(a, b) AS (SELECT a, b FROM edge UNION SELECT t.a, e.b FROM tc t JOIN edge e ON e.a = t.b) SELECT x.a, COUNT(*) AS n FROM tc x JOIN tc y ON x.a = y.b AND x.b = y.a GROUP BY x.a;
CREATE VIEW base AS SELECT a, b FROM edge WHERE w > 0 OR w IS NULL;
CREATE VIEW over AS WITH RECURSIVE r(n) AS (SELECT a FROM base WHERE a = 1 UNION SELECT b.b FROM r JOIN base b ON b.a = r.n) SELECT n FROM r;
CREATE VIEW three AS WITH RECURSIVE r(n) AS (SELECT 1 UNION SELECT f.b FROM r JOIN edge e ON e.a = r.n JOIN emp m ON m.id = e.b JOIN edge f ON f.a = m.id) SELECT n FROM r;
CREATE VIEW series AS WITH RECURSIVE s(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM s WHERE n < 100) SELECT s.n, e.b FROM s JOIN edge e ON e.a = s.n;
CREATE VIEW fib AS WITH RECURSIVE f(a, b) AS (SELECT 0::bigint, 1::bigint UNION ALL SELECT b, a + b FROM f WHERE b < 1000) SELECT a FROM f;
CREATE VIEW fact AS WITH RECURSIVE f(n, x) AS (SELECT 1, 1::numeric UNION ALL SELECT n + 1, x * (n + 1) FROM f WHERE n < 25) SELECT n, x FROM f;
CREATE VIEW days AS WITH RECURSIVE d(x) AS (SELECT MIN(hired) FROM emp UNION ALL SELECT x + 1 FROM d WHERE x < (SELECT MAX(hired) FROM emp)) SELECT d.x, COUNT(e.id) AS n FROM d LEFT JOIN emp e ON e.hired = d.x GROUP BY d.x;
CREATE VIEW texts AS WITH RECURSIVE t(x) AS (SELECT 'a' UNION ALL SELECT x || 'b' FROM t WHERE length(x) < 5) SELECT x FROM t;
CREATE VIEW nulls AS WITH RECURSIVE t(n, x) AS (SELECT 1, NULL::text UNION SELECT e.b, CASE WHEN e.w > 1 THEN 'x' END FROM t JOIN edge e ON e.a = t.n) SELECT * FROM t;
CREATE VIEW bools AS WITH RECURSIVE t(n, x) AS (SELECT a, true FROM edge WHERE w IS NULL UNION SELECT e.b, NOT t.x FROM t JOIN edge e ON e.a = t.n) SELECT n, bool_and(x) AS al, COUNT(*) AS c FROM t GROUP BY n;
CREATE VIEW cost AS WITH RECURSIVE t(n, c) AS (SELECT 1, 0::numeric UNION SELECT e.b, t.c + e.w FROM t JOIN edge e ON e.a = t.n WHERE t.c + e.w < 6) SELECT n, MIN(c) AS c FROM t GROUP BY n;
CREATE VIEW doubles AS WITH RECURSIVE t(n, c) AS (SELECT 1, 0::double precision UNION SELECT e.b, t.c + 0.5 FROM t JOIN edge e ON e.a = t.n WHERE t.c < 3) SELECT n, c FROM t;
CREATE VIEW nulljoin AS WITH RECURSIVE t(n) AS (SELECT a FROM edge WHERE w = 1 UNION SELECT e.b FROM t JOIN edge e ON e.a IS NOT DISTINCT FROM t.n) SELECT n FROM t;
CREATE VIEW limits AS WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 50) SELECT n FROM t ORDER BY n LIMIT 7;
CREATE VIEW exists_out AS SELECT e.id FROM emp e WHERE NOT EXISTS (WITH RECURSIVE c(id) AS (SELECT e.boss UNION SELECT x.boss FROM c JOIN emp x ON x.id = c.id) SELECT 1 FROM c WHERE c.id = e.id);
CREATE VIEW viewover AS SELECT n, d FROM hops WHERE d > 1;
CREATE VIEW r_over AS WITH RECURSIVE q(n) AS (SELECT n FROM viewover UNION SELECT e.a FROM q JOIN edge e ON e.b = q.n) SELECT n FROM q;
-- check
INSERT INTO edge VALUES (1, 2, 1), (2, 3, 1.5), (3, 1, 0.5), (3, 4, 2), (4, 5, NULL), (5, 3, 1), (2, NULL, 1), (NULL, 2, 1);
INSERT INTO part VALUES (1, 'car', 10), (2, 'bike', 5), (3, 'wheel', 2.5), (4, 'bolt', 0.1), (5, 'rim', 1), (6, NULL, 3);
INSERT INTO uses VALUES (1, 3, 4), (1, 4, 20), (2, 3, 2), (3, 4, 5), (3, 5, 1), (5, 4, 2), (5, 6, 1);
INSERT INTO emp VALUES (1, NULL, 'ann', 100, '2024-01-01'), (2, 1, 'bob', 50.5, '2024-01-03'), (3, 1, 'cid', 40, '2024-01-03'), (4, 2, 'dan', 30, '2024-01-09'), (5, 4, 'eve', 20, NULL);
-- check
DELETE FROM edge WHERE a = 3 AND b = 1;
DELETE FROM uses WHERE whole = 3 AND part = 4;
UPDATE emp SET boss = 3 WHERE id = 2;
-- check
INSERT INTO edge VALUES (4, 1, 3), (3, 1, 1), (1, 2, 1);
UPDATE emp SET boss = 5 WHERE id = 3;
UPDATE part SET price = price * 2 WHERE id = 4;
-- check
DELETE FROM edge WHERE a = 1 AND w = 1;
UPDATE emp SET boss = NULL, name = 'ann   ' WHERE id = 2;
-- check
INSERT INTO edge VALUES (1, 3, 0.25);
INSERT INTO uses VALUES (4, 6, 3);
DELETE FROM emp WHERE id = 1;
-- check
UPDATE edge SET b = a, a = b WHERE a > 2;
DELETE FROM part WHERE id = 1;
-- check
DELETE FROM edge WHERE a = b OR a = 1;
-- check
