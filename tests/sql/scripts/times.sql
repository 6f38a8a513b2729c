-- TIME: spellings, text form, arithmetic around the clock, casts, fields, comparison, keys, groups, sums, extrema, windows over distances of time.
CREATE TABLE s (id INT PRIMARY KEY, t TIME, u TIME WITHOUT TIME ZONE, d DATE, i INTERVAL);
CREATE TABLE slots (t TIME PRIMARY KEY, name TEXT, CHECK (t < '23:00'));
CREATE VIEW arithmetic AS SELECT id, t + i AS later, t - i AS earlier, t - u AS apart, d + t AS moment, t + d AS moment2, i + t AS later2 FROM s;
CREATE VIEW casts AS SELECT id, t::text AS x, t::interval AS i, i::time AS back, (d + t)::time AS again, u::text || '!' AS y, t || '' AS z FROM s;
CREATE VIEW parts AS SELECT id, EXTRACT(HOUR FROM t) AS h, EXTRACT(MINUTE FROM t) AS m, EXTRACT(SECOND FROM t) AS s, EXTRACT(EPOCH FROM t) AS e, EXTRACT(MILLISECONDS FROM t) AS ms, date_part('hour', t) AS hh, date_trunc('hour', t) AS tr, to_char(t, 'HH12:MI:SS AM') AS f FROM s;
CREATE VIEW compared AS SELECT id, t < u AS lt, t = u AS eq, t BETWEEN '09:00' AND '17:00' AS work, t IN ('04:05:06', '12:00') AS listed, GREATEST(t, u) AS g, COALESCE(t, u) AS c, t > INTERVAL '5 hours' AS long FROM s;
CREATE VIEW hours AS SELECT date_part('hour', t) AS h, COUNT(*) AS n, MIN(t) AS a, MAX(u) AS b, SUM(t) AS total, AVG(t) AS mean FROM s GROUP BY 1;
CREATE VIEW by_time AS SELECT t, COUNT(*) AS n FROM s GROUP BY t;
CREATE VIEW joined AS SELECT id, name FROM s JOIN slots ON s.t = slots.t;
CREATE VIEW late AS SELECT id, t FROM s ORDER BY t DESC NULLS LAST, id LIMIT 3;
CREATE VIEW near AS SELECT id, COUNT(*) OVER (ORDER BY t RANGE BETWEEN '1 hour' PRECEDING AND '30 minutes' FOLLOWING) AS n, SUM(t) OVER (ORDER BY id) AS running, MAX(t) OVER (ORDER BY id ROWS 1 PRECEDING) AS m FROM s;
INSERT INTO s VALUES (1, '04:05:06', '04:05:06.789', '2024-02-29', '1 hour'), (2, '23:30', '00:00', '2023-12-31', '1 day 45 minutes'), (3, NULL, NULL, NULL, NULL), (4, '24:00', '12:00 PM', '1999-01-01', '-1 hour'), (5, '4:05 PM', '040506', '2024-01-31', '100 hours');
INSERT INTO slots VALUES ('04:05:06', 'early'), ('16:05', 'tea');
-- check
INSERT INTO slots VALUES ('04:05:06.000', 'again');
INSERT INTO slots VALUES ('23:30', 'late');
INSERT INTO s VALUES (6, '04:05', '04:05', '2024-03-01', '1 month'), (7, '23:59:59.999999', '12:00 AM', 'infinity', '00:00:00.000001'), (8, TIMESTAMP '2024-01-01 08:30', INTERVAL '30 hours', NULL, TIME '01:00');
-- check
UPDATE s SET t = t + INTERVAL '1 hour', u = i WHERE id <> 3;
-- check
INSERT INTO s VALUES (20, '25:00');
INSERT INTO s VALUES (20, '12:60');
INSERT INTO s VALUES (20, 'noon');
INSERT INTO s VALUES (20, 5);
SELECT t + t FROM s;
SELECT t + 1 FROM s;
SELECT -t FROM s;
SELECT EXTRACT(DAY FROM t) FROM s;
SELECT t::date FROM s;
SELECT t::timestamp FROM s;
SELECT t = d FROM s;
SELECT make_time(8, 15, 23.5), make_time(24, 0, 0), TIME '04:05:06.789012', TIME '04:05:06 PST', '2003-04-12 04:05:06'::time, TIME 'allballs';
SELECT make_time(24, 0, 1);
SELECT (TIME '09:00', TIME '10:00') OVERLAPS (TIME '09:30', INTERVAL '2 hours') AS o, TIME '23:00' - INTERVAL '-2 hours' AS w, TIME '01:00' - TIME '02:30' AS n, DATE '2024-01-01' + TIME '24:00' AS m;
SELECT id, t FROM s ORDER BY t, id;
DELETE FROM s WHERE t < '12:00';
-- check
DELETE FROM s;
DELETE FROM slots;
-- check
CREATE TABLE p (id INT PRIMARY KEY, a TIME(0), b TIMESTAMP(3), c TIMESTAMPTZ(0), d TIME(6));
CREATE VIEW rounded AS SELECT id, a, b, c, d, b::timestamp(0) AS b0, c + INTERVAL '0.7 s' AS later, d::time(2) AS d2, b::time(1) AS b1 FROM p;
INSERT INTO p VALUES (1, '12:34:56.5', '2024-01-01 00:00:00.12345', '1999-12-31 23:59:59.5', '12:34:56.789012'), (2, '23:59:59.7', '1999-01-01 00:00:00.0005', 'infinity', NULL), (3, TIME '00:00:00.49', TIMESTAMP '2024-01-01 00:00:00.9996', TIMESTAMP '1990-01-01 00:00:00.5', '24:00');
-- check
UPDATE p SET a = d, b = b + INTERVAL '0.0006 s', c = b WHERE id < 3;
-- check
DELETE FROM p;
-- check
