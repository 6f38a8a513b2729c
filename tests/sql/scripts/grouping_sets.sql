-- GROUPING SETS, ROLLUP, CUBE, mixed lists and nested ones, the empty set over no rows, sets that repeat, GROUPING in the list, HAVING and ORDER BY; FILTER and DISTINCT.
CREATE TABLE s (id INT PRIMARY KEY, region TEXT, city TEXT, kind TEXT, qty INT, price NUMERIC(8, 2));
CREATE VIEW rolled AS SELECT region, city, count(*) AS n, sum(qty) AS q FROM s GROUP BY ROLLUP (region, city);
CREATE VIEW cubed AS SELECT region, kind, sum(price) AS p, grouping(region, kind) AS g FROM s GROUP BY CUBE (region, kind);
CREATE VIEW listed AS SELECT region, city, kind, count(*) AS n, grouping(region) AS gr, grouping(city, kind, region) AS g FROM s GROUP BY GROUPING SETS ((region, city), kind, (region), ());
CREATE VIEW mixed AS SELECT kind, region, city, avg(price) AS a, count(DISTINCT qty) AS d FROM s GROUP BY kind, ROLLUP (region, city);
CREATE VIEW product AS SELECT region, city, kind, max(qty) AS m FROM s GROUP BY GROUPING SETS (region, city), GROUPING SETS (kind, ());
CREATE VIEW nested AS SELECT region, city, kind, count(*) AS n FROM s GROUP BY GROUPING SETS (ROLLUP (region, city), CUBE (kind), GROUPING SETS (kind, ()));
CREATE VIEW composite AS SELECT region, city, kind, count(*) AS n FROM s GROUP BY ROLLUP ((region, city), kind);
CREATE VIEW repeated AS SELECT region, count(*) AS n FROM s GROUP BY GROUPING SETS (region, region, (), ());
CREATE VIEW once AS SELECT region, city, count(*) AS n FROM s GROUP BY DISTINCT ROLLUP (region, city), ROLLUP (region);
CREATE VIEW empties AS SELECT count(*) AS n, sum(qty) AS q FROM s GROUP BY GROUPING SETS ((), ());
CREATE VIEW having_sets AS SELECT region, city, sum(qty) AS q FROM s GROUP BY ROLLUP (region, city) HAVING grouping(city) = 1 OR sum(qty) > 5;
CREATE VIEW having_null AS SELECT region, count(*) AS n FROM s GROUP BY ROLLUP (region) HAVING region IS NOT NULL;
CREATE VIEW having_null_too AS SELECT region, count(*) AS n FROM s GROUP BY CUBE (region) HAVING region IS NULL AND count(*) > 0;
CREATE VIEW exprs AS SELECT lower(region) || '!' AS r, qty / 2 AS h, coalesce(kind, 'all') AS k, count(*) FILTER (WHERE price > 2) AS f, sum(DISTINCT qty) AS sd FROM s GROUP BY GROUPING SETS (lower(region), qty / 2, (kind, lower(region)));
CREATE VIEW ordered AS SELECT region, city, sum(qty) AS q FROM s GROUP BY ROLLUP (region, city) ORDER BY grouping(region, city), region NULLS LAST, city NULLS LAST;
CREATE VIEW top AS SELECT region, sum(qty) AS q FROM s GROUP BY ROLLUP (region) ORDER BY grouping(region) DESC, region LIMIT 2;
CREATE VIEW by_place AS SELECT region AS r, city, count(*) AS n FROM s GROUP BY ROLLUP (1, 2);
CREATE VIEW by_alias AS SELECT upper(kind) AS u, count(*) AS n FROM s GROUP BY CUBE (u);
CREATE VIEW plain_grouping AS SELECT region, grouping(region) AS g, count(*) AS n FROM s GROUP BY region;
CREATE VIEW dependent AS SELECT id, region, kind, count(*) AS n FROM s GROUP BY GROUPING SETS ((id, kind), (id));
CREATE VIEW over_sets AS SELECT region, city, sum(qty) AS q, rank() OVER (PARTITION BY grouping(region, city) ORDER BY sum(qty) DESC NULLS LAST) AS r FROM s GROUP BY ROLLUP (region, city);
CREATE VIEW of_sets AS SELECT g, count(*) AS n, sum(p) AS p FROM (SELECT grouping(region, kind) AS g, sum(price) AS p FROM s GROUP BY CUBE (region, kind)) AS x GROUP BY g;
CREATE VIEW ordered_sets AS SELECT region, percentile_disc(0.5) WITHIN GROUP (ORDER BY qty) AS m, string_agg(kind, ',' ORDER BY id) AS k, stddev(qty) AS d, bit_or(qty) AS b FROM s GROUP BY ROLLUP (region);
CREATE VIEW with_sub AS SELECT region, (SELECT count(*) FROM s) AS total, count(*) AS n FROM s GROUP BY ROLLUP (region);
CREATE VIEW filtered AS SELECT * FROM (SELECT region, city, count(*) AS n FROM s GROUP BY ROLLUP (region, city)) AS x WHERE region = 'north' AND city IS NULL;
CREATE VIEW united AS SELECT region, count(*) AS n FROM s GROUP BY ROLLUP (region) UNION SELECT kind, count(*) FROM s GROUP BY CUBE (kind);
-- check
INSERT INTO s VALUES (1, 'north', 'oslo', 'a', 3, 1.50), (2, 'north', 'oslo', 'b', 4, 2.25), (3, 'north', NULL, 'a', 5, NULL), (4, NULL, 'rome', NULL, 6, 7), (5, 'South', 'rome', 'a', NULL, 3);
-- check
INSERT INTO s VALUES (6, 'South', 'rome', 'b', 3, 1), (7, NULL, NULL, NULL, 1, 1);
-- check
UPDATE s SET city = 'bari' WHERE id IN (5, 6);
DELETE FROM s WHERE id = 4;
-- check
UPDATE s SET region = NULL;
-- check
DELETE FROM s WHERE id < 6;
-- check
DELETE FROM s;
-- check
