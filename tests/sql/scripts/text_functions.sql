-- Text functions over NULL, empty, long and non-ASCII texts; LIKE with escapes; VARCHAR(n) and CHAR padding; comparison and order.
CREATE TABLE t (id INT PRIMARY KEY, s TEXT, v VARCHAR(5), n INT);
CREATE VIEW basics AS SELECT id, upper(s) AS u, lower(s) AS l, length(s) AS len, char_length(s) AS cl, octet_length(s) AS ol, reverse(s) AS rev, s || v AS cat, initcap(s) AS ic FROM t;
CREATE VIEW pieces AS SELECT id, substr(s, 2) AS s2, substr(s, 2, 3) AS s23, substring(s FROM 2 FOR 2) AS sff, left(s, n) AS le, right(s, n) AS ri, split_part(s, ' ', 2) AS sp, position('a' IN s) AS pos, strpos(s, 'b') AS st FROM t;
CREATE VIEW pads AS SELECT id, lpad(s, 8, 'xy') AS lp, rpad(s, 8) AS rp, repeat(s, 2) AS rep, trim(s) AS tr, ltrim(s, 'a') AS lt, rtrim(s, 'c ') AS rt, btrim(s, ' a') AS bt, trim(BOTH 'a' FROM s) AS tb, trim(LEADING FROM s) AS tl FROM t;
CREATE VIEW changes AS SELECT id, replace(s, 'a', '') AS rp, translate(s, 'abc', 'xy') AS tr, overlay(s PLACING 'ZZ' FROM 2 FOR 1) AS ov, concat(s, v, n) AS cc, concat_ws('-', s, NULL, v, n) AS cw, coalesce(s, '?') AS co, nullif(s, '') AS nu, md5(s) AS md FROM t;
CREATE VIEW likes AS SELECT id, s LIKE 'a%' AS a, s LIKE '%\%%' AS pct, s LIKE '%!_%' ESCAPE '!' AS und, s NOT LIKE '_' AS one, s ILIKE 'A%' AS ia, s LIKE '' AS empty, s LIKE '%' AS al, s LIKE v || '%' AS dyn, starts_with(s, 'ab') AS sw FROM t;
CREATE VIEW codes AS SELECT id, ascii(s) AS a, chr(65 + n) AS c, s < v AS lt, s = v AS eq, s >= 'b' AS ge, greatest(s, v) AS g, to_hex(n) AS h FROM t WHERE n >= 0;
CREATE VIEW top AS SELECT s, id FROM t ORDER BY s DESC NULLS LAST, id LIMIT 3;
CREATE VIEW bottom AS SELECT s, id FROM t ORDER BY s, id LIMIT 3;
CREATE VIEW bounds AS SELECT MIN(s) AS lo, MAX(s) AS hi, COUNT(DISTINCT s) AS d, MIN(v) AS lov FROM t;
CREATE VIEW grouped AS SELECT left(s, 1) AS initial, COUNT(*) AS n, MAX(length(s)) AS longest FROM t GROUP BY left(s, 1);
INSERT INTO t VALUES (1, 'abc', 'ab', 2), (2, '', '', 0), (3, NULL, NULL, NULL), (4, 'Zoë Ünal', 'zoë', -1), (5, '100% a_b\c', 'x', 3), (6, '  padded a ', '  ', 20), (7, 'a', 'a', 1);
-- check
INSERT INTO t VALUES (8, 'this text is a good deal longer than twelve bytes', 'long', 5), (9, 'this text is a good deal longer than twelve bytez', 'long', 5), (10, '日本語テキスト', '日本語テキ', 4);
-- check
INSERT INTO t VALUES (11, 'x', 'toolong', 1);
INSERT INTO t VALUES (11, 'x', 'fit      ', 1);
INSERT INTO t VALUES (12, 'line' || chr(10) || 'break, "quoted"', 'q"q', 1), (13, 'NULL', 'null', 1);
-- check
UPDATE t SET s = s || s WHERE id IN (1, 8);
UPDATE t SET v = 'abcdef' WHERE id = 1;
UPDATE t SET v = left('abcdef', 5) WHERE id = 1;
-- check
SELECT 'abcdef'::varchar(3), CAST('abcdef' AS VARCHAR(3)), 'ab'::varchar(3) || 'cd';
SELECT 'it''s', E'a\tb', E'\u00e9', U&'\0061', $$dollar$$, 'a' 'b';
SELECT 'con'
  'cat';
SELECT substring('abc', 0, 2), substring('abc', -1, 3), substr('abc', 2, 0), left('abc', -5), right('abc', -1), repeat('x', -1), lpad('abc', 2), split_part('a,b,c', ',', -1), split_part('a,b', ',', 5);
SELECT substring('abc', 1, -1);
SELECT split_part('a', ',', 0);
SELECT chr(0);
SELECT 'a' LIKE 'a\';
SELECT 'a' < 'B', 'a' < 'b', 'Z' < 'a', '' < ' ', 'ab' < 'abc', 'é' > 'z';
SELECT 'x' || 1, 1 || 'x', 'x' || NULL, 'x' || 1.50, 'x' || TRUE, 'd' || DATE '2024-01-02';
SELECT 1 || 2;
SELECT length('日本'), octet_length('日本'), upper('ß'), lower('É'), position('本' IN '日本');
SELECT bool_and(n > 0), bool_or(n > 0), every(n > 0) FROM t;
DELETE FROM t WHERE id > 1;
-- check
DELETE FROM t;
-- check
