-- Views on views where types, keys and NULLs pass through several layers; unions, tops and aggregates on top of each other; one batch through all.
CREATE TABLE e (id INT PRIMARY KEY, k TEXT, at TIMESTAMP, v NUMERIC(8,2), n INT);
CREATE VIEW clean AS SELECT id, COALESCE(k, 'none') AS k, at::date AS day, COALESCE(v, 0) AS v, n FROM e WHERE n IS DISTINCT FROM 0;
CREATE VIEW daily AS SELECT day, k, SUM(v) AS v, COUNT(*) AS c, AVG(n) AS a FROM clean GROUP BY day, k;
CREATE VIEW per_k AS SELECT k, SUM(v) AS total, MAX(v) AS top_day, COUNT(DISTINCT day) AS days FROM daily GROUP BY k;
CREATE VIEW ranked AS SELECT k, total FROM per_k ORDER BY total DESC, k LIMIT 2;
CREATE VIEW rest AS SELECT p.k, p.total FROM per_k p LEFT JOIN ranked r ON r.k = p.k WHERE r.k IS NULL;
CREATE VIEW pie AS SELECT k, total FROM ranked UNION ALL SELECT 'rest', SUM(total) FROM rest;
CREATE VIEW shares AS SELECT pie.k, ROUND(100 * pie.total / NULLIF(g.t, 0), 1) AS pct FROM pie CROSS JOIN (SELECT SUM(total) AS t FROM pie) g;
CREATE VIEW days AS SELECT DISTINCT day FROM daily;
CREATE VIEW matrix AS SELECT d.day, p.k, COALESCE(x.v, 0) AS v FROM days d CROSS JOIN per_k p LEFT JOIN daily x ON x.day IS NOT DISTINCT FROM d.day AND x.k = p.k;
CREATE VIEW check_sum AS SELECT (SELECT SUM(v) FROM matrix) AS m, (SELECT SUM(total) FROM per_k) AS p, (SELECT SUM(v) FROM clean) AS c;
CREATE VIEW extremes AS SELECT MIN(day) AS a, MAX(day) AS b, MAX(day) - MIN(day) AS span FROM days;
CREATE VIEW latest AS SELECT c.* FROM clean c JOIN extremes x ON x.b = c.day;
CREATE VIEW above AS SELECT c.id, c.v, p.total FROM clean c JOIN per_k p USING (k) WHERE c.v * 2 > p.total;
CREATE VIEW above_n AS SELECT COUNT(*) AS n FROM above HAVING COUNT(*) > 0;
CREATE VIEW gaps AS SELECT a.day, MIN(b.day) AS next FROM days a LEFT JOIN days b ON b.day > a.day GROUP BY a.day;
-- check
INSERT INTO e VALUES (1, 'a', '2024-01-01 10:00', 10, 1), (2, 'b', '2024-01-01 11:00', 5, 2), (3, NULL, '2024-01-03', 2.5, NULL), (4, 'c', NULL, NULL, 0), (5, 'a', '2024-01-02 23:59:59', 1, 7);
-- check
INSERT INTO e VALUES (6, 'c', '2024-01-02', 100, 1), (7, 'b', '2024-01-02', 5, -2);
-- check
UPDATE e SET k = 'd', v = -v WHERE id IN (1, 6);
-- check
UPDATE e SET at = at + INTERVAL '1 day', n = n - 1;
-- check
BEGIN;
DELETE FROM e WHERE k = 'd';
INSERT INTO e VALUES (8, 'a', '2024-01-02', 0, 3), (9, 'z', NULL, 3, 3);
SELECT * FROM pie ORDER BY k;
UPDATE e SET v = 7 WHERE id = 8;
SELECT * FROM shares ORDER BY k;
COMMIT;
-- check
DELETE FROM e;
-- check
INSERT INTO e VALUES (1, 'a', '2024-01-01 10:00', 10, 1);
-- check
