-- Sub-selects three deep that speak of queries two and three levels out, through groups, set operations, LATERAL, windows and WITH.
CREATE TABLE a (id integer PRIMARY KEY, k integer, v numeric, t text);
CREATE TABLE b (id integer PRIMARY KEY, k integer, w numeric, t text);
CREATE TABLE c (k integer, n integer, d timestamp);
INSERT INTO a VALUES (1, 1, 1.0, 'x'), (2, 2, 1.00, NULL), (3, NULL, 7.25, 'y'), (4, 2, NULL, 'z'), (5, 1, 2, 'x');
INSERT INTO b VALUES (1, 1, 1, 'x'), (2, 3, 1.00, 'q'), (3, NULL, 2, NULL), (4, 2, 7.250, 'y'), (5, 2, 4, 'z');
INSERT INTO c VALUES (1, 1, '2024-01-01'), (2, 2, '2024-01-02'), (2, 3, NULL), (NULL, 4, '2024-01-04'), (1, 1, '2024-01-01');
CREATE VIEW three AS SELECT a.id FROM a WHERE EXISTS (SELECT 1 FROM b WHERE b.k = a.k AND EXISTS (SELECT 1 FROM c WHERE c.k = b.k AND EXISTS (SELECT 1 FROM b x WHERE x.id = c.n AND x.id < a.id AND x.k <= b.id)));
CREATE VIEW three_not AS SELECT a.id FROM a WHERE NOT EXISTS (SELECT 1 FROM b WHERE b.k = a.k AND NOT EXISTS (SELECT 1 FROM c WHERE c.k = b.k AND c.n >= a.id));
CREATE VIEW far_not_in AS SELECT a.id FROM a WHERE a.id NOT IN (SELECT b.id FROM b WHERE b.k NOT IN (SELECT c.n FROM c WHERE c.k = a.k));
CREATE VIEW far_in_list AS SELECT a.id, (SELECT max((SELECT count(*) FROM c WHERE c.n > a.id AND c.k = b.k)) FROM b WHERE b.id > 1) AS m FROM a;
CREATE VIEW far_in_list_tied AS SELECT a.id, (SELECT sum(b.id + (SELECT min(c.n) FROM c WHERE c.k = a.k)) FROM b WHERE b.k = a.k) AS m FROM a;
CREATE VIEW far_grouped AS SELECT a.id, (SELECT max(n) FROM (SELECT b.k, count(*) + a.id AS n FROM b WHERE EXISTS (SELECT 1 FROM c WHERE c.k = b.k AND c.n <> a.k) GROUP BY b.k) g) AS m FROM a;
CREATE VIEW far_having AS SELECT a.id FROM a WHERE a.k IN (SELECT b.k FROM b GROUP BY b.k HAVING count(*) > (SELECT count(*) FROM c WHERE c.k = b.k AND c.n > a.id));
CREATE VIEW far_set AS SELECT a.id, (SELECT count(*) FROM (SELECT b.id FROM b WHERE b.id > a.id EXCEPT SELECT c.n FROM c WHERE c.k = a.k INTERSECT SELECT b.id FROM b WHERE b.t = a.t) u) AS n FROM a;
CREATE VIEW far_lateral AS SELECT a.id, s.x FROM a LEFT JOIN LATERAL (SELECT b.id * 10 + q.n AS x FROM b LEFT JOIN LATERAL (SELECT count(*) AS n FROM c WHERE c.k = b.k AND c.n >= a.id) q ON true WHERE b.k = a.k) s ON true;
CREATE VIEW far_lateral_top AS SELECT a.id, s.id AS b, s.n FROM a, LATERAL (SELECT b.id, q.n FROM b, LATERAL (SELECT c.n FROM c WHERE c.n > b.id - a.id ORDER BY c.n LIMIT 1) q WHERE b.id <> a.id ORDER BY b.id DESC LIMIT 2) s;
CREATE VIEW looks AS SELECT a.id, (SELECT a.v * 10 FROM b WHERE b.id = a.id) AS x, (SELECT max(b.id * a.v) FROM b) AS y, (SELECT a.v + max(b.w) FROM b WHERE b.w <= a.v) AS z FROM a;
CREATE VIEW looks_lateral AS SELECT a.id, s.x FROM a, LATERAL (SELECT DISTINCT a.v AS x FROM b WHERE b.w >= a.v) s;
CREATE VIEW windowed AS SELECT a.id, (SELECT string FROM (SELECT b.t AS string, row_number() OVER (PARTITION BY b.k ORDER BY b.id DESC) AS r FROM b WHERE b.k = a.k) q WHERE r = 1) AS t FROM a;
CREATE VIEW windows_over AS SELECT a.id, rank() OVER (ORDER BY (SELECT count(*) FROM b WHERE b.id < a.k)) AS r, sum((SELECT max(b.id) FROM b WHERE b.k = a.k)) OVER (ORDER BY a.id) AS s FROM a;
CREATE VIEW distinct_on AS SELECT DISTINCT ON ((SELECT max(b.id) FROM b WHERE b.k = a.k)) a.k, a.id FROM a ORDER BY (SELECT max(b.id) FROM b WHERE b.k = a.k), a.id;
CREATE VIEW distinct_list AS SELECT DISTINCT (SELECT b.t FROM b WHERE b.id = a.id), EXISTS (SELECT 1 FROM c WHERE c.n = a.id) FROM a;
CREATE VIEW union_of AS SELECT (SELECT max(b.id) FROM b WHERE b.k = a.k) AS x FROM a UNION ALL SELECT (SELECT count(*) FROM a WHERE a.k > c.n) FROM c;
CREATE VIEW with_far AS WITH q AS (SELECT a.id, a.k FROM a WHERE a.id > (SELECT min(c.n) FROM c)) SELECT q.id, (WITH r AS (SELECT b.id FROM b WHERE b.k = q.k) SELECT count(*) FROM r WHERE r.id IN (SELECT x.id FROM q x)) AS n FROM q;
CREATE VIEW rows_in AS SELECT a.id, (a.id, a.k) IN (SELECT b.id, b.k FROM b WHERE b.id < a.id + 2) AS x, (a.k, a.t) NOT IN (SELECT b.k, b.t FROM b) AS y FROM a;
CREATE VIEW rows_equal AS SELECT a.id, (a.id, a.k) = (SELECT b.id, b.k FROM b WHERE b.id = a.id) AS x, (a.id, a.k) < (SELECT b.id, b.k FROM b WHERE b.id = a.k) AS y FROM a WHERE (a.k, a.id) >= (SELECT min(b.k), min(b.id) FROM b) OR a.k IS NULL;
CREATE VIEW rows_lists AS SELECT a.id FROM a WHERE (a.id, a.k) IN ((1, 1), (2, NULL), (4, (SELECT max(c.k) FROM c))) OR ROW(a.k, a.v) IS NULL OR (a.id, a.k) < (2, 0);
CREATE VIEW any_all AS SELECT a.id, a.k = ANY (SELECT c.n FROM c WHERE c.k <= a.k) AS x, a.v > ALL (SELECT b.w FROM b WHERE b.id < a.id) AS y, NOT a.k < ANY (SELECT b.k FROM b WHERE b.id > a.id) AS z FROM a;
CREATE VIEW where_or AS SELECT a.id FROM a WHERE a.k = 1 OR EXISTS (SELECT 1 FROM b WHERE b.w > a.v) OR a.id IN (SELECT c.n FROM c WHERE c.k IS NOT DISTINCT FROM a.k);
CREATE VIEW case_of AS SELECT a.id, CASE WHEN EXISTS (SELECT 1 FROM b WHERE b.k > a.k) THEN (SELECT min(b.k) FROM b WHERE b.k > a.k) WHEN a.k IN (SELECT c.n FROM c) THEN -1 ELSE coalesce((SELECT c.n FROM c WHERE c.n = a.id), -2) END AS x FROM a;
CREATE VIEW lazy_division AS SELECT a.id, CASE WHEN a.id > 100 THEN (SELECT 1 / (a.id - a.id) FROM b WHERE b.id = 1) ELSE 1 END AS x FROM a;
CREATE VIEW on_both AS SELECT a.id, b.id AS b, c.n FROM a LEFT JOIN b ON b.k = a.k AND b.id IN (SELECT c.n FROM c WHERE c.k = a.k) LEFT JOIN c ON c.k = b.k AND c.n > (SELECT min(x.id) FROM b x WHERE x.k = a.k);
CREATE VIEW on_any AS SELECT a.id, b.id AS b FROM a LEFT JOIN b ON a.id + b.id IN (SELECT c.n FROM c WHERE c.k = a.k OR c.k = b.k);
CREATE VIEW on_join AS SELECT a.id, b.id AS b FROM a JOIN b ON a.id + b.id IN (SELECT c.n FROM c WHERE c.k = a.k OR c.k = b.k) OR a.id = b.id;
CREATE VIEW having_exists AS SELECT a.k, count(*) AS n FROM a GROUP BY a.k HAVING EXISTS (SELECT 1 FROM c WHERE c.k = a.k AND c.n <= count(*) + 1) OR a.k IS NULL;
CREATE VIEW times AS SELECT a.id, g.d::date AS d FROM a, LATERAL (SELECT min(c.d) AS first, max(c.d) AS last FROM c WHERE c.n >= a.k) m, generate_series(m.first, m.last, interval '1 day') g(d);
CREATE VIEW ranked AS SELECT id, k FROM (SELECT a.id, a.k, rank() OVER (PARTITION BY a.k ORDER BY a.v) AS r FROM a WHERE EXISTS (SELECT 1 FROM b WHERE b.id <= a.id)) q WHERE r <= 1;
-- check
INSERT INTO b VALUES (6, 1, 0.50, 'y'), (7, 1, 3, 'x');
INSERT INTO c VALUES (1, 5, '2024-01-06'), (3, 2, NULL);
-- check
UPDATE a SET v = v + 0.5, k = 3 WHERE id IN (1, 3);
DELETE FROM c WHERE n = 1;
-- check
UPDATE a SET v = (SELECT max(b.w) FROM b WHERE b.id < a.id), t = (SELECT b.t FROM b WHERE b.id = a.id);
DELETE FROM b WHERE b.id > (SELECT avg(x.id) FROM b x WHERE x.k IS NOT DISTINCT FROM b.k);
-- check
CREATE TABLE seller (id INT PRIMARY KEY, boss INT, tier TEXT);
CREATE TABLE sale (id INT, seller INT, st TEXT);
CREATE VIEW outer_aggregates AS SELECT tier, (SELECT count(*) FROM sale WHERE seller = max(s.id)) AS n, (SELECT string_agg(st, ',' ORDER BY id) FROM sale WHERE seller BETWEEN min(s.id) AND max(s.id)) AS l FROM seller s GROUP BY ROLLUP (tier);
CREATE VIEW outer_aggregate_alone AS SELECT (SELECT sum(s.id) FROM sale LIMIT 1) AS total FROM seller s;
CREATE VIEW outer_having AS SELECT tier, count(*) AS n FROM seller s GROUP BY tier HAVING EXISTS (SELECT 1 FROM sale WHERE sale.id = count(s.boss)) ORDER BY (SELECT max(st) FROM sale WHERE sale.id > count(s.id)), tier;
CREATE VIEW grouping_of_subselect AS SELECT (SELECT max(b.tier) FROM seller b WHERE b.id = s.boss) AS above, count(*) AS n, grouping((SELECT max(b.tier) FROM seller b WHERE b.id = s.boss)) AS g FROM seller s GROUP BY ROLLUP ((SELECT max(b.tier) FROM seller b WHERE b.id = s.boss));
CREATE VIEW ranks_of_nothing AS SELECT s.id, l.*, (SELECT rank('b') WITHIN GROUP (ORDER BY st) FROM sale WHERE seller = s.id) AS alone FROM seller s, LATERAL (SELECT rank('b') WITHIN GROUP (ORDER BY st) AS r, dense_rank('b') WITHIN GROUP (ORDER BY st) AS d, cume_dist('b') WITHIN GROUP (ORDER BY st) AS c, percent_rank('b') WITHIN GROUP (ORDER BY st) AS p, regr_count(id, seller) AS n FROM sale WHERE seller < s.id) l;
-- check
INSERT INTO seller VALUES (1, NULL, 'a'), (2, 1, 'b'), (3, 1, NULL), (4, 2, 'b');
-- check
INSERT INTO sale VALUES (1, 1, 'x'), (2, 1, 'a'), (3, 2, NULL), (1, 4, 'c'), (0, NULL, 'b');
-- check
DELETE FROM seller WHERE id = 4;
UPDATE sale SET seller = 3 WHERE id = 2;
-- check
DELETE FROM sale;
-- check
