-- Dates, timestamps and intervals: text forms, arithmetic, extraction, truncation, comparison, groups by period, extrema, infinities.
CREATE TABLE e (id INT PRIMARY KEY, d DATE, ts TIMESTAMP, n INT);
CREATE VIEW arithmetic AS SELECT id, d + 1 AS next, d - 7 AS before, d - DATE '2024-01-01' AS days, d + n AS plus, ts + INTERVAL '1 month' AS month, ts - INTERVAL '1 day 2 hours' AS earlier, d + INTERVAL '12 hours' AS noon, ts - TIMESTAMP '2024-01-01' AS since FROM e;
CREATE VIEW parts AS SELECT id, EXTRACT(YEAR FROM d) AS y, EXTRACT(MONTH FROM ts) AS m, EXTRACT(DOW FROM d) AS dow, EXTRACT(ISODOW FROM d) AS idow, EXTRACT(DOY FROM d) AS doy, EXTRACT(WEEK FROM d) AS w, EXTRACT(QUARTER FROM d) AS q, EXTRACT(HOUR FROM ts) AS h, EXTRACT(SECOND FROM ts) AS s, EXTRACT(EPOCH FROM ts) AS ep, date_part('minute', ts) AS mi, EXTRACT(MILLISECONDS FROM ts) AS ms FROM e;
CREATE VIEW truncated AS SELECT id, date_trunc('year', ts) AS y, date_trunc('quarter', ts) AS q, date_trunc('month', ts) AS m, date_trunc('week', ts) AS w, date_trunc('day', ts) AS dd, date_trunc('hour', ts) AS h, date_trunc('second', ts) AS s, ts::date AS dt, d::timestamp AS dts FROM e;
CREATE VIEW monthly AS SELECT date_trunc('month', ts) AS month, COUNT(*) AS n, MIN(ts) AS first, MAX(d) AS last FROM e GROUP BY 1;
CREATE VIEW formats AS SELECT id, to_char(ts, 'YYYY-MM-DD HH24:MI:SS') AS a, to_char(d, 'DD Mon YYYY, Day') AS b, to_char(ts, 'HH12:MI AM FMDDth "of" FMMonth') AS c, d::text AS dt, ts::text AS tt FROM e;
CREATE VIEW compared AS SELECT id, d < ts AS lt, d = ts::date AS same, d BETWEEN DATE '2024-01-01' AND '2024-12-31' AS y24, ts > '2024-02-01' AS late, age(ts, TIMESTAMP '2020-02-29') AS age FROM e;
CREATE VIEW recent AS SELECT id, ts FROM e ORDER BY ts DESC NULLS LAST, id LIMIT 2;
INSERT INTO e VALUES (1, '2024-02-29', '2024-02-29 12:34:56.789', 1), (2, '2023-12-31', '2023-12-31 23:59:59.999999', -1), (3, NULL, NULL, NULL), (4, '1999-01-01', '1999-01-01', 365), (5, '2024-01-31', '2024-01-31 00:00:00', 0);
-- check
INSERT INTO e VALUES (6, '0001-01-01', '0001-01-01 00:00:01', 2), (7, '0044-03-15 BC', '1969-12-31 23:59:59.5', 3), (8, '9999-12-31', '9999-12-31 23:59:59', 1);
-- check
UPDATE e SET ts = ts + INTERVAL '1 month', d = d + 30 WHERE id IN (1, 5);
-- check
INSERT INTO e VALUES (9, '2023-02-29', NULL, 1);
INSERT INTO e VALUES (9, NULL, '2023-01-01 25:00', 1);
INSERT INTO e VALUES (9, 'not a date', NULL, 1);
INSERT INTO e VALUES (9, '20240305', '20240305T010203', 1), (10, 'March 7, 2024', '2024-03-07T08:09:10', 1), (11, '3/8/2024', '2024-03-08 1:02 PM', 1);
-- check
SELECT DATE '2024-03-31' + INTERVAL '1 month', DATE '2024-03-31' - INTERVAL '1 month', TIMESTAMP '2024-01-31 10:00' + INTERVAL '1 month 1 day', INTERVAL '1 year 2 months 3 days 04:05:06.7', INTERVAL '36 hours', INTERVAL '-1 day', INTERVAL '1.5 days', INTERVAL '90 minutes' * 2, INTERVAL '1 month' / 2, -INTERVAL '1 day';
SELECT DATE '2024-03-01' - DATE '2024-02-01', TIMESTAMP '2024-03-01 12:00' - TIMESTAMP '2024-02-01';
SELECT make_date(2024, 2, 29), make_timestamp(2024, 1, 2, 3, 4, 5.5);
SELECT make_date(2023, 2, 29);
SELECT DATE 'infinity', DATE '-infinity' < DATE '2000-01-01', TIMESTAMP 'infinity';
SELECT DATE 'epoch', TIMESTAMP 'epoch', '2024-01-01'::date = '2024-01-01', DATE '2024-06-15' BETWEEN '2024-06-01' AND '2024-06-30';
SELECT INTERVAL '1 day' = INTERVAL '24 hours', INTERVAL '1 month' > INTERVAL '30 days', justify_days(INTERVAL '35 days'), justify_hours(INTERVAL '27 hours'), EXTRACT(DAY FROM INTERVAL '40 days 5 hours'), EXTRACT(EPOCH FROM INTERVAL '1 day 1 second');
SELECT DATE '2024-01-01' + 1.5;
SELECT DATE '2024-01-01' + DATE '2024-01-01';
SELECT DATE '2024-01-01' = 5;
SELECT EXTRACT(HOUR FROM DATE '2024-01-01');
SELECT EXTRACT(FORTNIGHT FROM DATE '2024-01-01');
SELECT date_trunc('eon', TIMESTAMP '2024-01-01');
SELECT EXTRACT(CENTURY FROM DATE '2000-12-31'), EXTRACT(DECADE FROM DATE '1999-01-01'), EXTRACT(ISOYEAR FROM DATE '2021-01-01'), EXTRACT(MILLENNIUM FROM DATE '2001-01-01'), EXTRACT(JULIAN FROM DATE '2024-01-01');
SELECT date_bin('15 minutes', TIMESTAMP '2024-02-11 15:44:17', TIMESTAMP '2001-01-01'), SUM(INTERVAL '1 hour'), AVG(d - DATE '2024-01-01') FROM e;
DELETE FROM e WHERE n = 1;
-- check
DELETE FROM e;
-- check
