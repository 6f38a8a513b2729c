-- Casts of every pair of types, good and bad, in SELECTs, in changes (refused whole) and in a live view (the change that breaks it is refused).
CREATE TABLE c (id INT PRIMARY KEY, s TEXT, n NUMERIC(8,2), d DOUBLE PRECISION, b BOOLEAN, day DATE);
CREATE VIEW numbers AS SELECT id, CAST(s AS INTEGER) AS i, s::numeric AS n, s::float8 AS f, n::int AS ni, n::smallint AS ns, d::int AS di, d::numeric AS dn, d::bigint AS dl FROM c WHERE s <> 'skip';
CREATE VIEW texts AS SELECT id, n::text AS n, d::text AS d, b::text AS b, day::text AS day, n::varchar(3) AS nv, CAST(id AS VARCHAR(1)) AS iv FROM c;
INSERT INTO c VALUES (1, '12', 1.50, 2.5, TRUE, '2024-05-06'), (2, '-7', -0.50, -3.5, FALSE, NULL), (3, NULL, NULL, NULL, NULL, NULL);
-- check
INSERT INTO c VALUES (4, '8', 1, 1, TRUE, NULL), (5, 'eight', 1, 1, TRUE, NULL);
INSERT INTO c VALUES (4, '8.5', 1, 1, TRUE, NULL);
INSERT INTO c VALUES (4, '8', 99999, 1, TRUE, NULL);
INSERT INTO c VALUES (4, '8', 1, 1e10, TRUE, NULL);
UPDATE c SET s = 'x' WHERE id = 2;
INSERT INTO c VALUES (5, 'skip', 1, 1, TRUE, NULL);
-- check
UPDATE c SET s = s || '0';
DELETE FROM c WHERE s = 'skip0';
-- check
BEGIN;
INSERT INTO c VALUES (6, '6', 6, 6, TRUE, '2024-01-01');
INSERT INTO c VALUES (7, '7', 7, 7, 'no', 'today is not a date');
COMMIT;
-- check
BEGIN;
INSERT INTO c VALUES (6, '6', 6, 6, TRUE, '2024-01-01');
UPDATE c SET n = n * 10 WHERE id = 6;
SELECT id, n FROM c WHERE id = 6;
SELECT id, ni FROM numbers WHERE id = 6;
COMMIT;
-- check
SELECT '2024-01-01'::date::timestamp, '2024-01-01 10:11:12'::timestamp::date, '1'::text::int, 1::text, 1.50::text, 1e5::float8::text, 1e-5::text, TRUE::text::boolean, '5'::smallint::bigint::numeric::float8::real;
SELECT 'x'::date;
SELECT 5::date;
SELECT DATE '2024-01-01'::int;
SELECT TRUE::numeric;
SELECT 1::boolean::text, 0::boolean;
SELECT 1::bigint::boolean;
SELECT NULL::int, NULL::text, NULL::date, NULL::boolean, NULL::numeric(5,2);
SELECT CAST(NULL AS INT) + 1;
SELECT '123.456'::numeric(5,1), '-0'::numeric, '0x1F'::int;
SELECT 12345.67::numeric(5,2);
SELECT '1,5'::numeric;
SELECT '10:00'::interval, '1 day'::interval::text, INTERVAL '1 day'::text;
SELECT 1.5::real::text, 1.1::real::float8, 1.1::real::numeric, 1.1::float8::real;
SELECT 3000000000::int;
SELECT 3000000000::real, 3000000000::float8, 3000000000.5::bigint;
SELECT 'a'::varchar(0);
SELECT int4 '5', numeric '1.50', float8 '1e3', text 'x', varchar 'y', date 'Jan 5 2024';
SELECT 5::unknown_type;
