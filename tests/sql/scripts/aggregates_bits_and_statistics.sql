-- BIT_AND, BIT_OR, BIT_XOR; variances and deviations of every number type, exact where PostgreSQL's are; COVAR, CORR and REGR; with DISTINCT, FILTER, HAVING, as windows.
CREATE TABLE m (id INT PRIMARY KEY, g TEXT, s SMALLINT, i INT, b BIGINT, n NUMERIC, p NUMERIC(10, 3), r REAL, d DOUBLE PRECISION, e DOUBLE PRECISION, t INTERVAL, ok BOOLEAN);
CREATE VIEW bits AS SELECT g, bit_and(s) AS sa, bit_or(s) AS so, bit_xor(s) AS sx, bit_and(i) AS ia, bit_or(i) AS io, bit_xor(i) AS ix, bit_and(b) AS ba, bit_or(b) AS bo, bit_xor(b) AS bx FROM m GROUP BY g;
CREATE VIEW bits_all AS SELECT bit_and(i), bit_or(i), bit_xor(i), bit_xor(DISTINCT i) AS xd, bit_and(DISTINCT i) AS ad, bit_or(i) FILTER (WHERE ok) AS okay FROM m;
CREATE VIEW spread_small AS SELECT g, variance(s) AS v, var_pop(s) AS vp, stddev(s) AS d, stddev_pop(s) AS dp FROM m GROUP BY g;
CREATE VIEW spread_int AS SELECT g, variance(i) AS v, var_samp(i) AS vs, var_pop(i) AS vp, stddev(i) AS d, stddev_samp(i) AS ds, stddev_pop(i) AS dp, avg(i) AS a, count(i) AS c FROM m GROUP BY g;
CREATE VIEW spread_big AS SELECT g, variance(b) AS v, var_pop(b) AS vp, stddev(b) AS d, stddev_pop(b) AS dp FROM m GROUP BY g;
CREATE VIEW spread_numeric AS SELECT g, variance(n) AS v, var_pop(n) AS vp, stddev(n) AS d, stddev_pop(n) AS dp, sum(n) AS s FROM m GROUP BY g;
CREATE VIEW spread_scaled AS SELECT variance(p) AS v, var_pop(p) AS vp, stddev(p) AS d, stddev_pop(p) AS dp FROM m;
CREATE VIEW spread_real AS SELECT g, variance(r) AS v, var_pop(r) AS vp, stddev(r) AS d, stddev_pop(r) AS dp FROM m GROUP BY g;
CREATE VIEW spread_double AS SELECT g, variance(d) AS v, var_pop(d) AS vp, stddev(d) AS dd, stddev_pop(d) AS dp, avg(d) AS a FROM m GROUP BY g;
CREATE VIEW spread_few AS SELECT g, stddev(DISTINCT i) AS di, variance(DISTINCT n) AS dn, stddev(i) FILTER (WHERE ok) AS fi, variance(d) FILTER (WHERE d > 1) AS fd FROM m GROUP BY g HAVING count(*) > 1;
CREATE VIEW pairs AS SELECT g, covar_pop(d, e) AS cp, covar_samp(d, e) AS cs, corr(d, e) AS c, regr_count(d, e) AS rc, regr_avgx(d, e) AS ax, regr_avgy(d, e) AS ay, regr_sxx(d, e) AS xx, regr_syy(d, e) AS yy, regr_sxy(d, e) AS xy, regr_slope(d, e) AS sl, regr_intercept(d, e) AS ic, regr_r2(d, e) AS r2 FROM m GROUP BY g;
CREATE VIEW pairs_mixed AS SELECT regr_slope(i, s) AS a, corr(n, r) AS b, covar_pop(b, 2) AS c, regr_count(DISTINCT s, i) AS d, covar_samp(i, s) FILTER (WHERE ok) AS e FROM m;
CREATE VIEW times AS SELECT g, sum(t) AS s, avg(t) AS a, min(t) AS lo, max(t) AS hi, every(ok) AS ev, bool_or(ok) AS bo FROM m GROUP BY g;
CREATE VIEW moving AS SELECT id, bit_or(s) OVER w AS bo, bit_and(i) OVER (PARTITION BY g) AS ba, var_pop(i) OVER w AS vp, stddev(n) OVER (ORDER BY id ROWS 2 PRECEDING) AS sn, regr_slope(d, e) OVER w AS sl, regr_count(d, e) OVER (PARTITION BY g) AS rc, variance(i) FILTER (WHERE ok) OVER w AS vf FROM m WINDOW w AS (PARTITION BY g ORDER BY id);
CREATE VIEW correlated AS SELECT id, (SELECT regr_count(i, s) FROM m AS o WHERE o.g = m.g) AS n, (SELECT bit_or(i) FROM m AS o WHERE o.g = m.g) AS bo FROM m;
-- check
INSERT INTO m VALUES
  (1, 'a', 5, 12, 9223372036854775807, 1.5, 1.250, 1.5, 1.5, 2, '1 day 02:00', true),
  (2, 'a', 3, -7, -9223372036854775808, 2.25, -3.125, 2.5, 4, 3.5, '1 mon -1 days', false),
  (3, 'a', NULL, 12, 17, 2.250, 7, 0.1, -2, NULL, NULL, NULL),
  (4, 'b', -32768, 2147483647, 1, 123456789012345678901234567890.123456, 0.001, 3e10, 1e100, 7, '00:00:01.5', true),
  (5, NULL, 1, 1, 1, 'NaN', NULL, NULL, NULL, 1, '-3 years', NULL);
-- check
INSERT INTO m VALUES
  (6, 'b', 32767, -2147483648, -1, -0.5, 4.999, -1, -1e100, 7, '2 days', false),
  (7, 'b', 7, 0, 0, 0, 0, 0, 0, 8, '-2 days', true),
  (8, NULL, 1, 3, 12345678901, 2, 2, 2, 2, 2, '1 year 2 mons', true),
  (9, 'c', 4, 100, 100, 1.0, 1, 1, 1, 1, NULL, false),
  (10, 'c', 4, 100, 100, 1.000, 1, 1, 1, 2, NULL, NULL);
-- check
UPDATE m SET n = 'Infinity', d = 'Infinity' WHERE id = 9;
-- check
UPDATE m SET n = 3, d = 'NaN' WHERE id IN (5, 9);
-- check
DELETE FROM m WHERE id IN (2, 4, 5);
UPDATE m SET s = s + 1, d = 0.1, e = id * 0.3 WHERE g = 'b' OR g IS NULL;
-- check
UPDATE m SET d = 1e300, e = 1e-300 WHERE id = 8;
-- check
DELETE FROM m WHERE g = 'a';
-- check
UPDATE m SET g = 'all', n = n + 0.00001;
-- check
