-- GROUP BY by name, ordinal, alias, expression, key that decides the rest, nothing; HAVING alone; DISTINCT and FILTER together; empty inputs.
CREATE TABLE o (id INT PRIMARY KEY, cust TEXT, city TEXT, amt NUMERIC(8,2), qty INT, day DATE);
CREATE TABLE c (name TEXT PRIMARY KEY, region TEXT, since DATE);
CREATE VIEW by_ordinal AS SELECT cust, city, COUNT(*) AS n FROM o GROUP BY 1, 2;
CREATE VIEW by_alias AS SELECT upper(cust) AS who, SUM(amt) AS s FROM o GROUP BY who;
CREATE VIEW by_expr AS SELECT qty / 10 AS tens, COUNT(*) AS n, SUM(qty) / COUNT(*) AS mean FROM o GROUP BY qty / 10;
CREATE VIEW expr_of_group AS SELECT lower(cust) || '!' AS w, MAX(amt) - MIN(amt) AS span FROM o GROUP BY lower(cust);
CREATE VIEW by_key AS SELECT o.id, o.cust, o.amt, COUNT(c.name) AS n FROM o LEFT JOIN c ON c.name = o.cust GROUP BY o.id;
CREATE VIEW no_group AS SELECT COUNT(*) AS n, SUM(amt) AS s, MIN(day) AS d, AVG(qty) AS a, MAX(cust) AS c FROM o;
CREATE VIEW having_only AS SELECT COUNT(*) AS n FROM o HAVING COUNT(*) > 2;
CREATE VIEW having_const AS SELECT 1 AS one FROM o HAVING SUM(qty) > 10;
CREATE VIEW group_no_agg AS SELECT city FROM o GROUP BY city;
CREATE VIEW group_unselected AS SELECT COUNT(*) AS n FROM o GROUP BY city;
CREATE VIEW having_more AS SELECT cust FROM o GROUP BY cust HAVING COUNT(DISTINCT city) > 1 AND SUM(amt) IS NOT NULL;
CREATE VIEW filters AS SELECT city, COUNT(*) FILTER (WHERE amt > 5) AS big, SUM(amt) FILTER (WHERE qty IS NULL) AS nq, COUNT(DISTINCT cust) FILTER (WHERE amt > 1) AS dc, SUM(DISTINCT qty) AS sd, AVG(DISTINCT amt) AS ad, MIN(amt) FILTER (WHERE cust = 'ann') AS ma, MAX(DISTINCT qty) AS mq, COUNT(DISTINCT qty) AS cq FROM o GROUP BY city;
CREATE VIEW agg_expr AS SELECT city, SUM(amt * qty) AS v, SUM(amt) * 2 AS t, COUNT(*) + 1 AS n1, COALESCE(SUM(qty), 0) AS sq, CASE WHEN COUNT(*) > 1 THEN 'many' ELSE 'one' END AS how FROM o GROUP BY city;
CREATE VIEW join_group AS SELECT c.region, COUNT(o.id) AS n, SUM(o.amt) AS s FROM c LEFT JOIN o ON o.cust = c.name GROUP BY c.region;
CREATE VIEW group_month AS SELECT EXTRACT(YEAR FROM day) AS y, EXTRACT(MONTH FROM day) AS m, SUM(amt) AS s FROM o GROUP BY 1, 2;
CREATE VIEW nested AS SELECT n, COUNT(*) AS groups FROM (SELECT cust, COUNT(*) AS n FROM o GROUP BY cust) q GROUP BY n;
CREATE VIEW max_of_sum AS SELECT MAX(s) AS m FROM (SELECT SUM(amt) AS s FROM o GROUP BY city) q;
CREATE VIEW by_const AS SELECT 'all' AS label, COUNT(*) AS n FROM o GROUP BY 'all'::text;
CREATE VIEW by_bool AS SELECT amt > 5 AS big, COUNT(*) AS n FROM o GROUP BY amt > 5;
CREATE VIEW by_null AS SELECT qty IS NULL AS missing, COUNT(*) AS n, COUNT(qty) AS nq FROM o GROUP BY 1;
CREATE VIEW empty_group AS SELECT COUNT(*) AS n, SUM(amt) AS s FROM o GROUP BY ();
CREATE VIEW dist_group AS SELECT DISTINCT COUNT(*) AS n FROM o GROUP BY city;
CREATE VIEW stats AS SELECT city, BOOL_AND(amt > 1) AS ba, BOOL_OR(qty > 3) AS bo FROM o GROUP BY city;
CREATE VIEW top_group AS SELECT cust, SUM(amt) AS s FROM o GROUP BY cust ORDER BY SUM(amt) DESC NULLS LAST, cust LIMIT 2;
-- check
INSERT INTO o VALUES (1, 'ann', 'rome', 5.50, 3, '2024-01-05'), (2, 'Ann', 'rome', NULL, 13, '2024-01-09'), (3, 'bob', 'oslo', 7, NULL, '2024-02-01'), (4, NULL, NULL, 1, 3, NULL);
INSERT INTO c VALUES ('ann', 'south', '2020-01-01'), ('bob', 'north', NULL), ('cid', 'north', '2021-01-01');
-- check
INSERT INTO o VALUES (5, 'ann', 'oslo', 5.50, 3, '2024-02-05'), (6, 'ann', 'oslo', 2.25, 13, '2024-01-06'), (7, 'bob', 'rome', 0.75, NULL, NULL);
-- check
UPDATE o SET city = 'rome' WHERE city = 'oslo';
-- check
UPDATE o SET city = NULL, cust = 'ann' WHERE id IN (3, 7);
DELETE FROM c WHERE name = 'bob';
-- check
DELETE FROM o WHERE cust = 'ann';
-- check
DELETE FROM o;
-- check
INSERT INTO o VALUES (1, 'cid', 'rome', 5.50, 3, '2024-01-05');
-- check
SELECT cust, COUNT(*) FROM o;
SELECT cust, city FROM o GROUP BY cust;
SELECT amt, COUNT(*) FROM o GROUP BY id ORDER BY 1;
SELECT COUNT(*) FROM o WHERE COUNT(*) > 1;
SELECT SUM(COUNT(*)) FROM o;
SELECT cust FROM o GROUP BY 2;
SELECT cust FROM o GROUP BY COUNT(*);
SELECT cust AS city, COUNT(*) FROM o GROUP BY city;
SELECT SUM(cust) FROM o;
SELECT AVG(TRUE) FROM o;
SELECT SUM(day) FROM o;
SELECT MIN(TRUE) FROM o;
SELECT COUNT(DISTINCT *) FROM o;
SELECT COUNT() FROM o;
SELECT SUM() FROM o;
SELECT SUM(qty, qty) FROM o;
SELECT MAX(id) FILTER (WHERE 1) FROM o;
SELECT upper(cust) FILTER (WHERE TRUE) FROM o;
SELECT * FROM o GROUP BY id;
SELECT o.* FROM o GROUP BY cust;
SELECT cust, COUNT(*) FROM o GROUP BY cust HAVING city = 'x';
SELECT cust FROM o HAVING TRUE;
SELECT 1 FROM o HAVING FALSE;
SELECT cust || 'x' FROM o GROUP BY cust || 'x';
SELECT cust || 'y' FROM o GROUP BY cust || 'x';
SELECT COUNT(*) AS n FROM o HAVING n > 1;
