-- Three-valued logic, CASE that must not evaluate what it does not take, IN and BETWEEN with NULLs, IS tests, COALESCE and NULLIF.
CREATE TABLE l (id INT PRIMARY KEY, a INT, b INT, p BOOLEAN, q BOOLEAN, s TEXT);
CREATE VIEW connectives AS SELECT id, p AND q AS conj, p OR q AS disj, NOT p AS neg, p = q AS eq, p <> q AS ne, p < q AS lt, p IS TRUE AS t, p IS NOT TRUE AS nt, p IS FALSE AS f, p IS UNKNOWN AS u, p IS NOT UNKNOWN AS nu, p::int AS i, p::text AS x FROM l;
CREATE VIEW lazy AS SELECT id, CASE WHEN b <> 0 THEN a / b ELSE 0 END AS q, CASE b WHEN 0 THEN -1 ELSE a / b END AS r, COALESCE(b, a / NULLIF(b, 0)) AS c, CASE WHEN a > 1 THEN 'big' WHEN a IS NULL THEN 'none' END AS w FROM l;
CREATE VIEW lists AS SELECT id, a IN (1, 2, NULL) AS i, a NOT IN (1, 2, NULL) AS ni, a IN (1, 2) AS j, a NOT IN (1, 2) AS nj, a IN (b, 3) AS k, s IN ('x', 'y') AS si, (a, b) IN ((1, 0), (2, 2)) AS pair FROM l;
CREATE VIEW ranges AS SELECT id, a BETWEEN 1 AND b AS bt, a NOT BETWEEN 1 AND 2 AS nb, a BETWEEN SYMMETRIC 3 AND 1 AS bs, a IS DISTINCT FROM b AS d, a IS NOT DISTINCT FROM b AS nd, a IS NULL AS n, s IS NOT NULL AS nn, a = ANY (ARRAY[1, 2]) AS anyarr, a <> ALL (ARRAY[1, 2]) AS allarr FROM l;
CREATE VIEW folded AS SELECT id, COALESCE(a, b, -1) AS c, NULLIF(a, b) AS n, GREATEST(a, b) AS g, LEAST(a, b, 1) AS le, num_nulls(a, b, p) AS nn FROM l;
CREATE VIEW kept AS SELECT id FROM l WHERE p;
CREATE VIEW not_kept AS SELECT id FROM l WHERE NOT p;
CREATE VIEW either AS SELECT id FROM l WHERE a > 1 OR b IS NULL OR s LIKE 'x%';
CREATE VIEW guard AS SELECT id FROM l WHERE b <> 0 AND CASE WHEN b = 0 THEN FALSE ELSE a / b > 0 END;
CREATE VIEW row_compare AS SELECT id, (a, b) < (2, 2) AS lt, (a, b) = (b, a) AS eq, ROW(a, b) IS NULL AS n, (a, b) IS DISTINCT FROM (1, 0) AS d FROM l;
INSERT INTO l VALUES (1, 1, 0, TRUE, FALSE, 'x'), (2, 2, 2, FALSE, NULL, 'y'), (3, NULL, 1, NULL, NULL, NULL), (4, 3, NULL, TRUE, TRUE, ''), (5, NULL, NULL, FALSE, TRUE, 'xx'), (6, -4, 3, NULL, FALSE, 'z');
-- check
UPDATE l SET p = NOT p, b = a, a = b;
-- check
SELECT NULL AND FALSE, NULL OR TRUE, NOT NULL, NULL = NULL, NULL IS NULL, NULL IN (1), 1 IN (NULL), 1 NOT IN (1, NULL);
SELECT TRUE::text, 't'::boolean, 'yes'::boolean, 'off'::boolean, '1'::boolean, ' FALSE '::boolean, 1::boolean;
SELECT 'maybe'::boolean;
SELECT CASE WHEN 1 = 1 THEN 1 ELSE 'x' END;
SELECT CASE WHEN TRUE THEN 1 ELSE 2.5 END, CASE WHEN TRUE THEN 1 ELSE NULL END, CASE WHEN FALSE THEN 1 END, CASE 1 WHEN 1 THEN 'a' END, COALESCE(NULL, 1, 2.5), COALESCE(NULL, NULL), NULLIF(1, 1), NULLIF('a', 'b');
SELECT CASE WHEN 1 THEN 2 END;
SELECT COALESCE(1, 'x');
SELECT 1 WHERE 1;
SELECT 1 WHERE NULL;
SELECT 1 WHERE 'true';
SELECT 1 = '1', '1' = 1, 1 = 1.0, 1.0 = 1.00, 'a' = 'A';
SELECT 1 = 'x';
SELECT 1 AND TRUE;
SELECT id FROM l WHERE a;
SELECT TRUE > FALSE, TRUE = 't', NOT 'f';
SELECT bool 'on', TRUE IS DISTINCT FROM NULL, NULL IS NOT DISTINCT FROM NULL;
SELECT 1 BETWEEN NULL AND 0, 1 BETWEEN 0 AND NULL, 2 IN (1, 2.0, 3);
DELETE FROM l;
-- check
SELECT id, NULLIF(id, 7) FROM l ORDER BY id;
SELECT NULLIF(DATE '2024-02-29', TIMESTAMP '2024-02-29 13:14'), NULLIF(DATE '2024-02-29', TIMESTAMP '2024-02-29'), NULLIF(TIMESTAMP '2024-02-29', DATE '2024-02-29');
SELECT NULLIF(32767::smallint, 70000) + 1::smallint;
