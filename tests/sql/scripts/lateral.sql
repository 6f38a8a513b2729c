-- LATERAL: sub-selects and functions that speak of what stands to their left, with LEFT JOIN, aggregates, the latest row before, VALUES, generate_series.
CREATE TABLE a (id integer PRIMARY KEY, k integer, v numeric(8,2), t text);
CREATE TABLE b (id integer PRIMARY KEY, k integer, w integer, t text);
CREATE TABLE ticks (sym text, ts timestamp, price numeric);
CREATE TABLE trades (id integer PRIMARY KEY, sym text, ts timestamp, n integer);
INSERT INTO a VALUES (1, 1, 10.50, 'x'), (2, 2, 5.00, NULL), (3, NULL, 7.25, 'y'), (4, 2, NULL, 'z');
INSERT INTO b VALUES (1, 1, 3, 'p'), (2, 3, 4, 'q'), (3, NULL, 1, NULL), (4, 2, 6, 'r'), (5, 2, 7, 's'), (6, 2, 8, 't');
INSERT INTO ticks VALUES ('A', '2024-01-01 10:00', 1.5), ('A', '2024-01-01 10:05', 1.60), ('B', '2024-01-01 10:01', 7), (NULL, '2024-01-01 10:00', 9);
INSERT INTO trades VALUES (1, 'A', '2024-01-01 10:03', 5), (2, 'A', '2024-01-01 10:05', 6), (3, 'B', '2024-01-01 10:00', 7), (4, NULL, '2024-01-01 11:00', 8);
CREATE VIEW comma AS SELECT a.id, s.x FROM a, LATERAL (SELECT b.w + a.id AS x FROM b WHERE b.k = a.k) s;
CREATE VIEW comma_less AS SELECT a.id, s.* FROM a, LATERAL (SELECT b.id AS b, b.w FROM b WHERE b.id < a.id) s;
CREATE VIEW left_true AS SELECT a.id, s.x, s.one FROM a LEFT JOIN LATERAL (SELECT b.w + a.id AS x, 1 AS one FROM b WHERE b.k = a.k) s ON true;
CREATE VIEW left_condition AS SELECT a.id, s.w FROM a LEFT JOIN LATERAL (SELECT b.w FROM b WHERE b.k = a.k) s ON s.w > a.id + 4;
CREATE VIEW aggregate AS SELECT a.id, s.n, s.m FROM a, LATERAL (SELECT count(*) AS n, max(b.w) AS m FROM b WHERE b.k = a.k) s;
CREATE VIEW aggregate_less AS SELECT a.id, s.n, s.m FROM a CROSS JOIN LATERAL (SELECT count(*) AS n, sum(b.w * a.v) AS m FROM b WHERE b.w > a.k) s WHERE s.n < 3;
CREATE VIEW aggregate_on AS SELECT a.id, s.n FROM a LEFT JOIN LATERAL (SELECT count(*) AS n FROM b WHERE b.k = a.k) s ON s.n > 0;
CREATE VIEW grouped AS SELECT a.id, s.k, s.n FROM a LEFT JOIN LATERAL (SELECT b.k, count(*) AS n FROM b WHERE b.id >= a.id GROUP BY b.k) s ON true;
CREATE VIEW top_two AS SELECT a.id, s.w FROM a LEFT JOIN LATERAL (SELECT b.w FROM b WHERE b.k = a.k ORDER BY b.w DESC LIMIT 2) s ON true;
CREATE VIEW top_less AS SELECT a.id, s.w FROM a, LATERAL (SELECT b.w FROM b WHERE b.id > a.id ORDER BY b.w DESC, b.id LIMIT 2 OFFSET 1) s;
CREATE VIEW asof AS SELECT t.id, q.price FROM trades t LEFT JOIN LATERAL (SELECT price FROM ticks WHERE ticks.sym = t.sym AND ticks.ts <= t.ts ORDER BY ticks.ts DESC, price LIMIT 1) q ON true;
CREATE VIEW asof_inner AS SELECT t.id, q.ts, q.price * t.n AS total FROM trades t, LATERAL (SELECT ts, price FROM ticks WHERE sym = t.sym AND ts < t.ts ORDER BY ts DESC, price LIMIT 1) q;
CREATE VIEW chained AS SELECT a.id, p.x, q.y FROM a, LATERAL (SELECT a.k + 1 AS x) p, LATERAL (SELECT count(*) AS y FROM b WHERE b.w > p.x OR b.id = a.id) q;
CREATE VIEW of_values AS SELECT a.id, q.c, q.n FROM a, LATERAL (VALUES ('k', a.k), ('id', a.id), ('one', 1)) q (c, n);
CREATE VIEW of_union AS SELECT a.id, u.x FROM a, LATERAL (SELECT a.k AS x UNION SELECT b.w FROM b WHERE b.k = a.k) u;
CREATE VIEW in_join AS SELECT a.id, b.id AS b, s.z FROM a JOIN b ON a.k = b.k LEFT JOIN LATERAL (SELECT max(c.w) AS z FROM b c WHERE c.id < b.id AND c.k = a.k) s ON true;
CREATE VIEW comma_join AS SELECT a.id, b.id AS b, s.z FROM a, b JOIN LATERAL (SELECT a.id + b.id AS z WHERE a.k = b.k) s ON true;
CREATE VIEW nested AS SELECT a.id, s.x, s.y FROM a, LATERAL (SELECT b.id AS x, r.y FROM b, LATERAL (SELECT a.id * b.id AS y WHERE b.w > a.id) r WHERE b.k = a.k) s;
CREATE VIEW in_exists AS SELECT a.id FROM a WHERE EXISTS (SELECT 1 FROM b, LATERAL (SELECT b.w + a.id AS x) s WHERE s.x > 7 AND b.k = a.k);
CREATE VIEW series AS SELECT a.id, g FROM a, generate_series(1, a.k) g;
CREATE VIEW series_left AS SELECT a.id, g.n FROM a LEFT JOIN generate_series(a.id, 6, a.k) AS g(n) ON g.n <> 4;
CREATE VIEW series_alone AS SELECT generate_series, generate_series * 2 AS d FROM generate_series(5, 1, -2);
CREATE VIEW series_numeric AS SELECT x FROM generate_series(1.0, 2, 0.25) x;
CREATE VIEW series_of_numeric AS SELECT a.id, x FROM a, generate_series(a.v, 11, 1.5) x;
CREATE VIEW series_days AS SELECT d, count(t.id) AS n FROM generate_series(timestamp '2024-01-01 10:00', '2024-01-01 11:00', interval '15 minutes') d LEFT JOIN trades t ON t.ts >= d AND t.ts < d + interval '15 minutes' GROUP BY d;
CREATE VIEW series_months AS SELECT m::date AS m FROM generate_series(timestamp '2024-01-31', timestamp '2024-06-30', interval '1 month') m;
CREATE VIEW series_big AS SELECT n FROM generate_series(9223372036854775805, 9223372036854775807) n;
CREATE VIEW series_counts AS SELECT count(*) AS n FROM generate_series(1, 3000) x, generate_series(1, 2) y WHERE x % 7 = y;
CREATE VIEW function AS SELECT a.id, u FROM a, upper(a.t) u;
CREATE VIEW function_alone AS SELECT * FROM abs(-3);
-- check
INSERT INTO ticks VALUES ('A', '2024-01-01 10:02', 1.55), ('B', '2024-01-01 09:59', 6.9), ('A', '2024-01-01 10:05', 1.59);
UPDATE a SET k = 3 WHERE id = 1;
-- check
DELETE FROM ticks WHERE price < 1.6;
DELETE FROM b WHERE w = 7;
INSERT INTO trades VALUES (5, 'B', '2024-01-01 10:45', 1);
-- check
