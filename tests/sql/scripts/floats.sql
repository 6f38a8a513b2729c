-- REAL and DOUBLE PRECISION: text form, NaN and infinities in order, groups and sums, -0, mixed arithmetic, exactness after deletes.
CREATE TABLE f (id INT PRIMARY KEY, d DOUBLE PRECISION, r REAL);
CREATE VIEW shown AS SELECT id, d, r, d + r AS dr, d * 2 AS d2, r * 2 AS r2, -d AS nd, d::text AS dt, r::text AS rt, r::float8 AS rd, d = r AS same FROM f;
CREATE VIEW ordered AS SELECT id, d FROM f ORDER BY d DESC, id LIMIT 3;
CREATE VIEW lowest AS SELECT id, r FROM f ORDER BY r NULLS FIRST, id LIMIT 3;
CREATE VIEW by_d AS SELECT d, COUNT(*) AS n FROM f GROUP BY d;
CREATE VIEW by_r AS SELECT DISTINCT r FROM f;
CREATE VIEW bounds AS SELECT MIN(d) AS d1, MAX(d) AS d2, MIN(r) AS r1, MAX(r) AS r2, COUNT(DISTINCT d) AS nd FROM f;
CREATE VIEW total AS SELECT SUM(d) AS sd, AVG(d) AS ad FROM f WHERE d < 1e15 AND d > -1e15;
CREATE VIEW classes AS SELECT id, CASE WHEN d > 0 THEN 'plus' WHEN d < 0 THEN 'minus' WHEN d = 0 THEN 'zero' ELSE 'none' END AS c FROM f;
INSERT INTO f VALUES (1, 0.1, 0.1), (2, 1e300, 1e30), (3, 'NaN', 'NaN'), (4, 'Infinity', '-inf'), (5, '-Infinity', 'infinity'), (6, NULL, NULL), (7, 0, -0.0), (8, -0.0, 0);
-- check
INSERT INTO f VALUES (9, 123456789.123456789, 123456789.123456789), (10, 1e-7, 1e-7), (11, 100000000000000000000, 1e10), (12, 1e15, 1e15), (13, 1e16, 1e5), (14, 1e14, 1e6), (15, 0.0001, 0.0001), (16, 0.00001, 0.00001);
-- check
DELETE FROM f WHERE id IN (2, 3, 4);
-- check
UPDATE f SET d = d + 0.2 WHERE id = 1;
UPDATE f SET d = 'nan' WHERE d IS NULL;
-- check
SELECT d, r FROM f WHERE d = 'NaN';
SELECT 'NaN'::float8 = 'NaN'::float8, 'NaN'::float8 > 'Infinity'::float8, 'Infinity'::float8 - 'Infinity'::float8, '-0'::float8;
SELECT 1.5::real + 1, 1.5::real + 1.1, 1.5::real * 2::bigint, 0.1::real + 0.2::real, 0.1::float8 + 0.2::float8, 1::real / 3, 1::float8 / 3;
SELECT 3::real, 3::float8, 1e21::float8, 1e-5::float8, 123456.789::real, 16777217::real, 0.1::real::float8;
SELECT round(2.5::float8), trunc(-2.7::float8), ceil(-0.5::float8), floor(0.5::float8), sign(-0.0::float8), abs(-1.5::real), sqrt(2::float8), power(2::float8, 0.5), cbrt(27::float8), exp(1::float8), ln(10::float8), log(100::float8), log(2.0, 8.0);
SELECT 'abc'::float8;
SELECT '1e400'::float8;
SELECT '1e-400'::float8;
SELECT 1.0::float8 / 0.0;
SELECT 'Infinity'::float8::numeric, 'NaN'::numeric;
SELECT sin(0::float8), cos(0::float8), atan2(1::float8, 1::float8), pi(), degrees(pi()), radians(180::float8);
SELECT width_bucket(5.35, 0.024, 10.06, 5);
DELETE FROM f;
-- check
