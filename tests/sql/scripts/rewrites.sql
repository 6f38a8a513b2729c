-- What the planner moves: filters through outer joins, projections, unions, aggregates and top-k; outer joins that become inner; computed keys; comma joins in a bad order.
CREATE TABLE a (id INT PRIMARY KEY, k INT, v NUMERIC(8,2), t TEXT);
CREATE TABLE b (id INT PRIMARY KEY, k BIGINT, w DOUBLE PRECISION, t VARCHAR(10));
CREATE TABLE c (k SMALLINT, d DATE, ts TIMESTAMP);

CREATE VIEW computed_keys AS SELECT a.id, b.id AS bid FROM a JOIN b ON a.k = b.k + 1 AND lower(a.t) = b.t;
CREATE VIEW mixed_types AS SELECT a.id, b.id AS bid FROM a, b WHERE a.k = b.k AND a.v = b.w;
CREATE VIEW date_time AS SELECT x.d, y.ts FROM c x JOIN c y ON x.d = y.ts;
CREATE VIEW comma AS SELECT a.id, b.id AS bid, c.d FROM a, b, c WHERE a.k = c.k AND b.k = c.k AND a.v > 1;
CREATE VIEW reduced_left AS SELECT a.id, b.t FROM a LEFT JOIN b ON a.k = b.k WHERE b.w > 1;
CREATE VIEW reduced_or AS SELECT a.id, b.t FROM a LEFT JOIN b ON a.k = b.k WHERE b.w > 1 OR b.id = 2;
CREATE VIEW kept_left AS SELECT a.id, b.t FROM a LEFT JOIN b ON a.k = b.k WHERE b.w > 1 OR a.id > 0;
CREATE VIEW kept_null AS SELECT a.id FROM a LEFT JOIN b ON a.k = b.k WHERE b.id IS NULL OR b.w IS NULL;
CREATE VIEW kept_coalesce AS SELECT a.id, COALESCE(b.t, 'none') AS t FROM a LEFT JOIN b ON a.k = b.k WHERE COALESCE(b.w, 5) > 1;
CREATE VIEW left_on AS SELECT a.id, b.id AS bid FROM a LEFT JOIN b ON a.k = b.k AND a.v > 1 AND b.w < 10;
CREATE VIEW left_theta AS SELECT a.id, b.id AS bid FROM a LEFT JOIN b ON a.k = b.k AND a.v > b.w;
CREATE VIEW left_only_theta AS SELECT a.id, b.id AS bid FROM a LEFT JOIN b ON a.v > b.w;
CREATE VIEW full_theta AS SELECT a.id, b.id AS bid FROM a FULL JOIN b ON a.k = b.k AND a.v > b.w;
CREATE VIEW full_sides AS SELECT a.id, b.id AS bid FROM a FULL JOIN b ON a.k = b.k AND a.v > 1 AND b.w > 1;
CREATE VIEW full_left AS SELECT a.id, b.id AS bid FROM a FULL JOIN b ON a.k = b.k WHERE a.v > 0;
CREATE VIEW full_right AS SELECT a.id, b.id AS bid FROM a FULL JOIN b ON a.k = b.k WHERE b.w > 0;
CREATE VIEW full_inner AS SELECT a.id, b.id AS bid FROM a FULL JOIN b ON a.k = b.k WHERE b.w > 0 AND a.v > 0;
CREATE VIEW full_using AS SELECT k, a.id, b.id AS bid FROM a FULL JOIN b USING (k) WHERE k > 1;
CREATE VIEW right_join AS SELECT a.id, b.* FROM a RIGHT JOIN b ON a.k = b.k AND a.t = b.t WHERE b.w IS NOT NULL;
CREATE VIEW chain AS SELECT a.id, b.id AS bid, c.d FROM a LEFT JOIN b ON a.k = b.k LEFT JOIN c ON c.k = b.k WHERE a.id < 5;
CREATE VIEW chain_full AS SELECT a.id, b.id AS bid, c.d FROM a FULL JOIN b ON a.k = b.k FULL JOIN c ON c.k = COALESCE(a.k, b.k);
CREATE VIEW nested_outer AS SELECT a.id, s.bid, s.d FROM a LEFT JOIN (SELECT b.id AS bid, b.k, c.d FROM b JOIN c ON b.k = c.k) s ON s.k = a.k;
CREATE VIEW inner_of_outer AS SELECT a.id, s.bid FROM a JOIN (SELECT b.id AS bid, b.k, c.k AS ck FROM b LEFT JOIN c ON b.k = c.k) s ON s.k = a.k WHERE s.ck IS NULL;
CREATE VIEW cross_none AS SELECT a.id, c.k FROM a CROSS JOIN c WHERE a.id = 1;
CREATE VIEW never AS SELECT a.id, 1 / (a.id - a.id) AS z FROM a WHERE false;
CREATE VIEW guarded AS SELECT id, 100 / k AS q FROM a WHERE k <> 0;
CREATE VIEW guarded_below AS SELECT id, q FROM (SELECT id, k, CASE WHEN k <> 0 THEN 100 / k END AS q FROM a) s WHERE k <> 0 AND q > 3;
CREATE VIEW through_union AS SELECT * FROM (SELECT id, t FROM a UNION ALL SELECT id, t FROM b) u WHERE id > 1 AND t LIKE 'x%';
CREATE VIEW through_distinct AS SELECT * FROM (SELECT DISTINCT k, t FROM a) u WHERE k > 1;
CREATE VIEW through_except AS SELECT * FROM (SELECT k FROM a EXCEPT SELECT k FROM b) u WHERE k > 0;
CREATE VIEW through_top AS SELECT * FROM (SELECT id, v FROM a ORDER BY v DESC NULLS LAST, id LIMIT 3) u WHERE id > 1;
CREATE VIEW through_group AS SELECT * FROM (SELECT k, t, COUNT(*) AS n FROM a GROUP BY k, t) u WHERE k = 1 AND n > 1;
CREATE VIEW over_partition AS SELECT id, k, n FROM (SELECT id, k, ROW_NUMBER() OVER (PARTITION BY k ORDER BY v DESC NULLS LAST, id) AS n FROM a) s WHERE k > 0 AND n < 3;
CREATE VIEW numbered AS SELECT id, n FROM (SELECT id, ROW_NUMBER() OVER (ORDER BY v NULLS FIRST, id) AS n FROM a) s;
CREATE VIEW exactly_second AS SELECT id FROM (SELECT id, ROW_NUMBER() OVER (PARTITION BY k ORDER BY id) AS n FROM a) s WHERE 2 = n;
CREATE VIEW self_join AS SELECT x.id, y.id AS other FROM a x JOIN a y ON x.k = y.k AND x.id < y.id;
CREATE VIEW wide AS SELECT y + y AS z FROM (SELECT x + x AS y FROM (SELECT id + id AS x FROM a) p) q WHERE y > 4;
CREATE VIEW twice AS WITH w AS (SELECT k, COUNT(*) AS n FROM a GROUP BY k) SELECT x.k, x.n, y.n AS m FROM w x JOIN w y ON x.n = y.n AND x.k <= y.k;
CREATE VIEW only_count AS SELECT COUNT(*) AS n FROM a JOIN b ON a.k = b.k;
CREATE VIEW constant_columns AS SELECT 1 AS one, 'x' AS x, NULL AS n, a.k FROM a LEFT JOIN b ON b.k = a.k;
CREATE VIEW group_join AS SELECT a.t, SUM(b.w) AS w, COUNT(*) AS n FROM a JOIN b ON b.k = a.k GROUP BY a.t;
CREATE VIEW key_join AS SELECT a.*, b.w FROM a JOIN b ON a.id = b.id;
CREATE VIEW union_types AS SELECT id, v AS n FROM a UNION SELECT k, w FROM b;
CREATE VIEW union_nulls AS SELECT NULL AS n, 'l' AS s UNION ALL SELECT id, t FROM a;

-- check
INSERT INTO a VALUES (1, 1, 2.50, 'X'), (2, 1, 0.5, 'x1'), (3, 2, NULL, 'xx'), (4, NULL, 9, NULL), (5, 3, 3, 'Y'), (6, 4, 4.00, 'x');
INSERT INTO b VALUES (1, 1, 2.5, 'x'), (2, 0, 0.25, 'x'), (3, 3, NULL, 'y'), (4, NULL, 7, 'z'), (5, 2, 100, 'x1'), (6, 9, 4, 'xx');
INSERT INTO c VALUES (1, '2024-01-01', '2024-01-01'), (2, '2024-01-02', '2024-01-01 12:00'), (NULL, NULL, NULL), (3, '2024-01-02', '2024-01-02 00:00'), (9, '2024-01-09', NULL);
-- check
UPDATE a SET k = k + 1;
UPDATE b SET k = 2 WHERE k IS NULL;
-- check
BEGIN;
DELETE FROM b WHERE id IN (1, 5);
INSERT INTO a VALUES (7, 3, 1.01, 'y'), (8, 3, 1.01, 'y');
UPDATE c SET k = 4 WHERE k = 3;
COMMIT;
-- check
UPDATE a SET v = v * 2, t = upper(t);
UPDATE b SET w = -w;
-- check
DELETE FROM a WHERE id > 3;
INSERT INTO c SELECT * FROM c;
-- check
DELETE FROM c;
DELETE FROM b;
