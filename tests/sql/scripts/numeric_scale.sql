-- NUMERIC results carry PostgreSQL's scale: sums and products of mixed scales, division, AVG, ROUND, modulo, extrema, and their text form.
CREATE TABLE m (id INT PRIMARY KEY, a NUMERIC(10,2), b NUMERIC(12,4), c NUMERIC, i INT, s SMALLINT, l BIGINT, f DOUBLE PRECISION, r REAL);
CREATE VIEW products AS SELECT id, a + b AS ab, a * b AS mul, a - c AS ac, -a AS neg, a / NULLIF(b, 0) AS div, a % NULLIF(i, 0) AS md, a / 3 AS third, i / 2.0 AS half FROM m;
CREATE VIEW rounds AS SELECT id, ROUND(b) AS r0, ROUND(b, 1) AS r1, ROUND(b, -1) AS rm, ROUND(a, 5) AS r5, TRUNC(b, 2) AS t2, CEIL(a) AS ce, FLOOR(a) AS fl, SIGN(b) AS sg, ABS(b) AS ab FROM m;
CREATE VIEW sums AS SELECT SUM(a) AS sa, SUM(b) AS sb, SUM(c) AS sc, SUM(a + b) AS sab, SUM(i) AS si, SUM(s) AS ss, SUM(l) AS sl, SUM(f) AS sf, SUM(r) AS sr FROM m;
CREATE VIEW averages AS SELECT AVG(a) AS a, AVG(b) AS b, AVG(c) AS c, AVG(i) AS i, AVG(s) AS s, AVG(l) AS l, AVG(f) AS f, AVG(r) AS r FROM m;
CREATE VIEW extrema AS SELECT MIN(a) AS a1, MAX(a) AS a2, MIN(a * b) AS p1, MAX(a * b) AS p2 FROM m;
CREATE VIEW powers AS SELECT id, POWER(i, 2) AS p, SQRT(ABS(a)) AS q, EXP(0.5) AS e, LN(ABS(a) + 1) AS ln, i ^ 2 AS ipow, POWER(a, 2) AS pa FROM m;
CREATE VIEW mixed AS SELECT id, CASE WHEN i > 1 THEN a ELSE i END AS ci, COALESCE(a, i) AS co, GREATEST(a, i, l) AS g, LEAST(a, f) AS lf, NULLIF(a, i) AS n FROM m;
-- check
INSERT INTO m VALUES (1, 1.5, 2.2500, 1.10, 3, 2, 10, 0.1, 0.1), (2, -7.25, 0.0001, 100, -4, -3, 9223372036854775807, 1e100, 3e38), (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
-- check
INSERT INTO m VALUES (4, 0, 0, 0, 0, 0, 0, 0, 0), (5, 99999999.99, 99999999.9999, 123456789012345678901234567890.123456789, 2147483647, 32767, 5, -0.0, 1.17e-38);
-- check
UPDATE m SET c = 0.00000000000000000001 WHERE id = 1;
-- check
INSERT INTO m (id, c) VALUES (6, 1.100), (7, 2.1), (8, 3.10);
-- check
DELETE FROM m WHERE id IN (5, 2);
-- check
INSERT INTO m (id, a) VALUES (9, 123456789.00);
INSERT INTO m (id, a) VALUES (9, 1.005), (10, 1.015), (11, -1.005), (12, 12345678.994);
-- check
SELECT 1/3, 1.0/3, 10/4.0, 7/2, -7/2, 7%3, -7%3, 7%-3, 1e0/3, 1::real/3;
SELECT 2.50 * 2.0, 0.1 + 0.20, 1.000 - 1, 5.0 / 2.000, 100000000000.0 / 3, 1 / 300000.0, 0.00001 / 3;
SELECT ROUND(2.5), ROUND(-2.5), ROUND(2.5::float8), ROUND(3.5::float8), ROUND(1234.567, -2), ROUND(0.5::float8), ROUND(12, 1), ROUND(2::bigint);
SELECT 1::numeric(5,2), 1.005::numeric(5,2), 1.5::int, 2.5::int, -2.5::int, 2.5::float8::int, 3.5::float8::int, 1e10::float8::bigint;
SELECT MOD(7, 3), MOD(7.5, 2), DIV(7, 2), DIV(7.5, 2), GCD(12, 18), LCM(4, 6), ABS(-3), SIGN(-3), SIGN(-2.5), SIGN(-2.5::float8);
SELECT CAST(12345.678 AS NUMERIC(6,1)), CAST(0.1::float8 AS NUMERIC), CAST(0.1::real AS NUMERIC), CAST(1e20::float8 AS NUMERIC), CAST('1e5' AS NUMERIC), CAST('  1.50 ' AS NUMERIC);
SELECT 9999999999999999999, 1e3, 1.e1, .5, 1E-5, 12345678901234567890.5;
DELETE FROM m;
-- check
