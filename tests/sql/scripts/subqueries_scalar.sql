-- Scalar sub-selects that may give more than one row, correlated in every way, in every place.
CREATE TABLE a (id integer PRIMARY KEY, k integer, v numeric(8,2), t text);
CREATE TABLE b (id integer PRIMARY KEY, k integer, w integer, t text);
CREATE TABLE c (k integer, n integer);
INSERT INTO a VALUES (1, 1, 10.50, 'x'), (2, 2, 5.00, NULL), (3, NULL, 7.25, 'y'), (4, 2, NULL, 'z');
INSERT INTO b VALUES (1, 1, 3, 'p'), (2, 3, 4, 'q'), (3, NULL, 1, NULL);
INSERT INTO c VALUES (1, 1), (2, 2), (2, 3), (NULL, 4);
CREATE VIEW one_row AS SELECT a.id, (SELECT b.w FROM b WHERE b.k = a.k) AS w FROM a;
CREATE VIEW one_where AS SELECT a.id FROM a WHERE a.id > (SELECT b.id FROM b WHERE b.k = a.k);
CREATE VIEW one_uncorrelated AS SELECT a.id, (SELECT b.t FROM b WHERE b.w = 4) AS t FROM a;
CREATE VIEW less_than AS SELECT a.id, (SELECT max(b.w) FROM b WHERE b.id < a.id) AS m, (SELECT count(*) FROM b WHERE b.w > a.k OR b.k = a.id) AS n FROM a;
CREATE VIEW less_exists AS SELECT a.id FROM a WHERE EXISTS (SELECT 1 FROM b WHERE b.w > a.k AND b.id <> a.id);
CREATE VIEW two_levels AS SELECT a.id FROM a WHERE EXISTS (SELECT 1 FROM b WHERE b.k = a.k AND EXISTS (SELECT 1 FROM c WHERE c.k = b.k AND c.n <= a.id));
CREATE VIEW two_levels_scalar AS SELECT a.id, (SELECT sum(b.w + (SELECT count(*) FROM c WHERE c.n < b.id + a.id)) FROM b WHERE b.id <= a.id) AS s FROM a;
CREATE VIEW far_only AS SELECT a.id FROM a WHERE a.id IN (SELECT b.id FROM b WHERE b.w IN (SELECT c.n FROM c WHERE c.k = a.k));
CREATE VIEW of_union AS SELECT a.id, (SELECT max(x) FROM (SELECT b.w AS x FROM b WHERE b.k = a.k UNION ALL SELECT c.n FROM c WHERE c.k = a.k) u) AS m FROM a;
CREATE VIEW exists_except AS SELECT a.id FROM a WHERE EXISTS (SELECT c.n FROM c WHERE c.k = a.k EXCEPT SELECT b.w FROM b WHERE b.id < a.id);
CREATE VIEW grouped_inside AS SELECT a.id, (SELECT count(*) FROM (SELECT c.k FROM c WHERE c.n <= a.id GROUP BY c.k HAVING count(*) > 1) g) AS n FROM a;
CREATE VIEW having_inside AS SELECT a.id, (SELECT sum(c.n) FROM c WHERE c.k = a.k HAVING count(*) > 1) AS s FROM a;
CREATE VIEW exists_having AS SELECT a.id FROM a WHERE EXISTS (SELECT sum(c.n) FROM c WHERE c.k = a.k HAVING count(*) > a.id - 1);
CREATE VIEW distinct_inside AS SELECT a.id, (SELECT count(*) FROM (SELECT DISTINCT c.k FROM c WHERE c.n < a.id + 1) d) AS n FROM a;
CREATE VIEW limit_inside AS SELECT a.id, (SELECT b.t FROM b WHERE b.id <= a.id ORDER BY b.id DESC LIMIT 1) AS t FROM a;
CREATE VIEW in_case AS SELECT a.id, CASE WHEN a.k = 2 THEN (SELECT c.n FROM c WHERE c.n = a.id) ELSE (SELECT b.w FROM b WHERE b.k = a.k) END AS x FROM a;
CREATE VIEW in_order AS SELECT a.id FROM a ORDER BY (SELECT b.w FROM b WHERE b.k = a.k), a.id LIMIT 3;
CREATE VIEW in_argument AS SELECT a.k, sum((SELECT b.w FROM b WHERE b.id = a.id)) AS s, count(*) FILTER (WHERE EXISTS (SELECT 1 FROM c WHERE c.k = a.k)) AS n FROM a GROUP BY a.k;
CREATE VIEW in_group AS SELECT (SELECT b.t FROM b WHERE b.id = a.id) AS t, count(*) AS n FROM a GROUP BY (SELECT b.t FROM b WHERE b.id = a.id);
CREATE VIEW in_group_position AS SELECT (SELECT max(c.n) FROM c WHERE c.k = a.k) AS m, sum(a.id) AS s FROM a GROUP BY 1;
CREATE VIEW in_having AS SELECT a.k, count(*) AS n FROM a GROUP BY a.k HAVING count(*) >= (SELECT count(*) FROM c WHERE c.k = a.k);
CREATE VIEW beside_aggregates AS SELECT a.k, sum(a.v) AS s, (SELECT count(*) FROM c WHERE c.n > a.k) AS n, (SELECT min(c.n) FROM c) AS m FROM a GROUP BY a.k;
CREATE VIEW in_on AS SELECT a.id, b.id AS b FROM a JOIN b ON a.k = b.k AND b.w > (SELECT min(c.n) FROM c WHERE c.k = a.k);
CREATE VIEW in_left_on AS SELECT a.id, b.id AS b FROM a LEFT JOIN b ON EXISTS (SELECT 1 FROM c WHERE c.k = a.k AND c.n = b.w);
CREATE VIEW in_left_on_in AS SELECT a.id, b.id AS b FROM a LEFT JOIN b ON a.k = b.k AND a.id + b.id IN (SELECT c.n FROM c);
CREATE VIEW in_values AS VALUES (1, (SELECT count(*) FROM a)), (2, 3), ((SELECT max(id) FROM b), 4);
CREATE VIEW sub_in_sub AS SELECT a.id FROM a WHERE (SELECT max(b.w) FROM b) IN (SELECT c.n + 1 FROM c WHERE c.k = a.k);
CREATE VIEW numbers AS SELECT a.id, (SELECT a.v * 2 + count(*) FROM b WHERE b.id < a.v) AS x, (SELECT max(b.w * a.v) FROM b) AS y FROM a;
CREATE VIEW no_from AS SELECT a.id, (SELECT a.k + 1) AS x, (SELECT max(y) FROM (VALUES (a.k), (a.id), (2)) q (y)) AS m FROM a;
CREATE VIEW not_in_less AS SELECT a.id FROM a WHERE a.k NOT IN (SELECT c.n FROM c WHERE c.n > a.id);
CREATE VIEW all_less AS SELECT a.id, a.k >= ALL (SELECT c.n FROM c WHERE c.n < a.id) AS x, a.k IN (SELECT b.w FROM b WHERE b.id > a.id) AS y FROM a;
CREATE VIEW windows_inside AS SELECT a.id, (SELECT max(r) FROM (SELECT row_number() OVER (ORDER BY b.id) AS r FROM b WHERE b.w > a.k) q) AS r FROM a;
CREATE VIEW left_inside AS SELECT a.id, (SELECT count(b.id) FROM c LEFT JOIN b ON b.k = c.k AND b.w > a.id) AS n FROM a;
CREATE VIEW full_inside AS SELECT a.id, (SELECT count(*) FROM (SELECT b.k FROM b WHERE b.id < a.id) x FULL JOIN (SELECT c.k FROM c WHERE c.n < a.id) y ON x.k = y.k) AS n FROM a;
CREATE VIEW with_inside AS SELECT a.id, (WITH x AS (SELECT b.w FROM b WHERE b.id <= a.id) SELECT sum(p.w * q.w) FROM x p, x q) AS s FROM a;
-- check
INSERT INTO b VALUES (4, 2, 9, 'r'), (5, 7, 4, 's');
-- check
DELETE FROM b WHERE id = 5;
INSERT INTO b VALUES (5, 1, 4, 's');
-- check
UPDATE a SET k = (SELECT max(n) FROM c WHERE c.k = a.k) WHERE id IN (SELECT id FROM b);
UPDATE a SET (k, t) = (SELECT b.w, b.t FROM b WHERE b.id = a.id) WHERE a.id < 3;
INSERT INTO a VALUES (9, (SELECT max(k) FROM a), (SELECT avg(w) FROM b), 'new'), (10, 1, 1, 'old');
DELETE FROM c WHERE n > (SELECT min(b.w) FROM b WHERE b.k = c.k);
-- check
