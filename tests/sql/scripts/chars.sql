-- CHAR(n): blanks at the end are filled in and do not count. Text form, casts, lengths, patterns, keys, groups, joins, set operations, extrema, order, windows; VARCHAR(n) and CHAR(n) that are too long.
CREATE TABLE c (id INT PRIMARY KEY, a CHAR(5), b CHAR(3), t TEXT, v VARCHAR(4), one CHAR);
CREATE TABLE codes (code CHAR(4) PRIMARY KEY, name CHARACTER(8) DEFAULT 'none', CHECK (code <> 'bad'));
CREATE VIEW forms AS SELECT id, a, b, a || '|' AS cat, a::text || '|' AS txt, length(a) AS n, octet_length(a) AS o, upper(a) || '|' AS u, concat(a, '|') AS con, a::char(2) AS cut, a::varchar(2) AS vcut, b::char(6) AS wide, t::char(4) AS tc, one FROM c;
CREATE VIEW compared AS SELECT id, a = b AS eq, a < b AS lt, a = t AS text_eq, a = v AS var_eq, a = 'ab' AS lit, a IN ('ab', 'xyz ') AS listed, a BETWEEN 'a' AND 'c' AS btw, a LIKE 'ab' AS lk, a LIKE 'ab%' AS lkp, a ~ 'b *$' AS re, a IS DISTINCT FROM b AS dist, GREATEST(a, b) AS g, COALESCE(a, b, 'zz') AS co, NULLIF(a, b) AS nu, CASE WHEN id > 1 THEN a ELSE b END AS ca FROM c;
CREATE VIEW groups AS SELECT a, COUNT(*) AS n, MIN(b) AS lo, MAX(b) AS hi, COUNT(DISTINCT b) AS d FROM c GROUP BY a;
CREATE VIEW mixed AS SELECT a FROM c UNION SELECT b FROM c;
CREATE VIEW common AS SELECT a FROM c INTERSECT SELECT b FROM c;
CREATE VIEW joined AS SELECT x.id AS x, y.id AS y FROM c x JOIN c y ON x.a = y.b;
CREATE VIEW to_text AS SELECT x.id AS x, y.id AS y FROM c x JOIN c y ON x.a = y.t;
CREATE VIEW coded AS SELECT id, name FROM c LEFT JOIN codes ON c.b = codes.code;
CREATE VIEW in_sub AS SELECT id FROM c WHERE a IN (SELECT b FROM c);
CREATE VIEW top AS SELECT id, a FROM c ORDER BY a DESC NULLS LAST, id LIMIT 3;
CREATE VIEW win AS SELECT id, rank() OVER (ORDER BY a) AS r, count(*) OVER (PARTITION BY b) AS n, lag(a) OVER (ORDER BY a, id) AS l FROM c;
INSERT INTO c VALUES (1, 'ab', 'ab', 'ab', 'ab', 'x'), (2, 'ab   ', 'xyz', 'ab ', 'ab  ', 'y  '), (3, NULL, NULL, NULL, NULL, NULL), (4, 'é', 'é ', 'é', 'é', 'é'), (5, '', ' ', '', ' ', ' ');
INSERT INTO codes VALUES ('ab', 'alpha'), ('xyz', DEFAULT);
-- check
INSERT INTO codes VALUES ('ab  ', 'again');
INSERT INTO codes VALUES ('bad', 'bad');
INSERT INTO codes VALUES ('toolong', 'x');
INSERT INTO c VALUES (9, 'abcdef');
INSERT INTO c (id, one) VALUES (9, 'xy');
INSERT INTO c (id, v) VALUES (9, 'abcde');
INSERT INTO c (id, a, v) VALUES (6, 'abcde     ', 'abcd      '), (7, 'abcdef'::char(5), 'abcdef'::varchar(4)), (8, 12::char(5), true::varchar(4));
INSERT INTO c (id, a) VALUES (9, 123456);
-- check
UPDATE c SET a = b, b = a WHERE id IN (1, 4, 5);
UPDATE c SET b = a WHERE id = 6;
UPDATE c SET t = a, v = b WHERE id < 4;
UPDATE codes SET code = 'zz' WHERE name = 'alpha';
-- check
SELECT a || b FROM c ORDER BY id;
SELECT a + 1 FROM c;
SELECT a AND TRUE FROM c;
SELECT SUM(a) FROM c;
SELECT id, a FROM c ORDER BY a, id;
SELECT DISTINCT a FROM c ORDER BY a;
DELETE FROM c WHERE a = 'ab';
DELETE FROM codes WHERE code = 'zz   ';
-- check
DELETE FROM c;
DELETE FROM codes;
-- check
