-- TIMESTAMPTZ in UTC: zones and offsets read, text form, AT TIME ZONE, casts, arithmetic, fields, truncation, keys, groups, joins, extrema, windows, infinities.
CREATE TABLE e (id INT PRIMARY KEY, at TIMESTAMPTZ, ts TIMESTAMP, d DATE);
CREATE TABLE k (at TIMESTAMP WITH TIME ZONE PRIMARY KEY, n INT DEFAULT 1, CHECK (at > '2000-01-01 00:00+00'));
CREATE VIEW forms AS SELECT id, at, at::text AS t, at::date AS d, at::timestamp AS ts, at::time AS c, at AT TIME ZONE 'UTC' AS utc, at AT TIME ZONE '-05:30' AS p, at AT TIME ZONE INTERVAL '-05:30' AS i, ts AT TIME ZONE 'EST' AS est FROM e;
CREATE VIEW casts AS SELECT id, ts::timestamptz AS a, d::timestamptz AS b, date_trunc('month', d) AS m, d + TIME '12:00' AS noon, COALESCE(at, ts, d) AS any_of FROM e;
CREATE VIEW arithmetic AS SELECT id, at + INTERVAL '1 month 1 day' AS later, at - INTERVAL '90 minutes' AS earlier, at - ts AS apart, at - TIMESTAMPTZ '2024-01-01 00:00+02' AS since, age(at, '2020-02-29') AS age, date_bin('15 minutes', at, '2001-01-01') AS bin FROM e;
CREATE VIEW parts AS SELECT id, EXTRACT(YEAR FROM at) AS y, EXTRACT(HOUR FROM at) AS h, EXTRACT(EPOCH FROM at) AS ep, date_part('minute', at) AS mi, EXTRACT(TIMEZONE FROM at) AS tz, date_part('dow', d) AS dow, to_char(at, 'YYYY-MM-DD HH24:MI:SS TZ OF') AS f FROM e;
CREATE VIEW compared AS SELECT id, at < ts AS lt, at = ts AS eq, at >= d AS ge, at > '2024-02-01' AS late, at BETWEEN '2024-01-01 00:00+00' AND '2024-12-31 00:00+00' AS y24, at IN ('2024-02-29 12:34:56.789+00', '2024-01-31 00:00 EST') AS listed, at IS DISTINCT FROM ts AS differs, GREATEST(at, ts) AS g, LEAST(at, ts, d) AS l, NULLIF(at, ts) AS n FROM e;
CREATE VIEW monthly AS SELECT date_trunc('month', at) AS month, COUNT(*) AS n, MIN(at) AS first, MAX(at) AS last, COUNT(DISTINCT at) AS different FROM e GROUP BY 1;
CREATE VIEW joined AS SELECT a.id AS a, b.id AS b FROM e a JOIN e b ON a.at = b.ts;
CREATE VIEW with_keys AS SELECT id, n FROM e JOIN k USING (at);
CREATE VIEW recent AS SELECT id, at FROM e ORDER BY at DESC NULLS LAST, id LIMIT 2;
CREATE VIEW moving AS SELECT id, COUNT(*) OVER (ORDER BY at RANGE BETWEEN '1 month' PRECEDING AND '12 hours' FOLLOWING) AS near, LAG(at) OVER (ORDER BY at, id) AS before FROM e;
CREATE VIEW distinct_at AS SELECT DISTINCT at FROM e;
INSERT INTO e VALUES (1, '2024-02-29 12:34:56.789+00', '2024-02-29 12:34:56.789', '2024-02-29'), (2, '2023-12-31 23:59:59.999999 EST', '2023-12-31 23:59:59.999999', '2023-12-31'), (3, NULL, NULL, NULL), (4, '1999-01-01', '1999-01-01', '1999-01-01'), (5, '2024-01-31T00:00:00+05:30', '2024-01-31 00:00:00', '2024-01-31');
INSERT INTO k VALUES ('2024-02-29 13:34:56.789+01', 7), ('2024-01-30 18:30Z', 8);
-- check
INSERT INTO k VALUES ('2024-02-29 12:34:56.789 UTC');
INSERT INTO k VALUES ('1999-01-01');
INSERT INTO e VALUES (6, 'infinity', '-infinity', 'infinity'), (7, '0044-03-15 12:00 BC', '0044-03-15 12:00 BC', '0044-03-15 BC'), (8, '9999-12-31 23:59:59-12', '9999-12-31 23:59:59', '9999-12-31'), (9, 'epoch', 'epoch', 'epoch'), (10, TIMESTAMP '2024-05-05 05:05', TIMESTAMPTZ '2024-05-05 05:05+03', TIMESTAMPTZ '2024-05-05 01:05+03');
-- check
UPDATE e SET at = at + INTERVAL '1 month', d = at WHERE id IN (1, 5);
UPDATE k SET at = at + INTERVAL '1 month';
-- check
INSERT INTO e VALUES (20, '2023-02-29 00:00+00');
INSERT INTO e VALUES (20, '2023-02-28 00:00+99');
INSERT INTO e VALUES (20, '2023-02-28 00:00 Nowhere/City');
INSERT INTO e VALUES (20, 5);
INSERT INTO e VALUES (20, '294276-12-31 23:59:59-01');
SELECT at AT TIME ZONE 'Nowhere/City' FROM e;
SELECT at AT TIME ZONE INTERVAL '1 day' FROM e;
SELECT at + at FROM e;
SELECT at + 1 FROM e;
SELECT at LIKE '2024%' FROM e;
SELECT EXTRACT(FORTNIGHT FROM at) FROM e;
SELECT to_timestamp(0), to_timestamp(1709210096.789), to_timestamp('infinity'::float8), to_timestamp(-1e10), make_timestamptz(2024, 2, 29, 12, 34, 56.789), make_timestamptz(2024, 2, 29, 12, 34, 56.789, '+02'), make_timestamptz(2024, 2, 29, 12, 34, 56.789, 'EST');
SELECT to_timestamp(1e20);
SELECT TIMESTAMPTZ '2024-03-31 23:30-01' AS a, '2024-03-31'::timestamptz AS b, (TIMESTAMPTZ '2024-01-01' , INTERVAL '1 month') OVERLAPS (TIMESTAMPTZ '2024-01-15', TIMESTAMPTZ '2024-03-01') AS o, isfinite(TIMESTAMPTZ 'infinity') AS f, date_trunc('day', TIMESTAMPTZ '2024-03-31 23:30-01', 'EST') AS est;
SELECT id, at FROM e ORDER BY at, id;
DELETE FROM e WHERE at > '2024-01-01';
-- check
DELETE FROM e;
DELETE FROM k;
-- check
