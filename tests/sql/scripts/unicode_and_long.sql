-- Texts of every length and alphabet as values, keys, groups and in output: quotes, commas, line breaks, emoji, 12 and 13 bytes, thousands of bytes.
CREATE TABLE t (k TEXT PRIMARY KEY, v TEXT, n INT);
CREATE VIEW lengths AS SELECT k, length(v) AS l, octet_length(v) AS o, left(v, 3) AS l3, right(v, 2) AS r2, upper(left(v, 5)) AS u FROM t;
CREATE VIEW by_v AS SELECT v, COUNT(*) AS n, MIN(k) AS k FROM t GROUP BY v;
CREATE VIEW pairs AS SELECT a.k, b.k AS other FROM t a JOIN t b ON a.v = b.v AND a.k < b.k;
CREATE VIEW lo AS SELECT MIN(v) AS lo, MAX(v) AS hi, COUNT(DISTINCT v) AS d FROM t;
CREATE VIEW top AS SELECT v, k FROM t ORDER BY v DESC NULLS LAST, k LIMIT 2;
CREATE VIEW empties AS SELECT k, v = '' AS e, v IS NULL AS n, v || '' AS c, COALESCE(v, 'NULL') AS s FROM t;
INSERT INTO t VALUES ('twelve bytes', 'twelve bytes', 1), ('thirteen byte', 'thirteen byte', 2), ('', '', 3), (' ', ' ', 4), ('null', NULL, 5), ('NULL', 'NULL', 6);
INSERT INTO t VALUES ('emoji 😀', '😀👍🏽', 7), ('naïve', 'café', 8), ('e' || chr(769), 'e' || chr(769), 9), ('é', 'é', 10), ('quote"', 'a "quoted" text', 11), ('comma', 'a,b', 12), ('line', 'a' || chr(10) || 'b', 13), ('cr', 'a' || chr(13), 14), ('tab', E'a\tb', 15), ('back\slash', 'c:\dir', 16), ('apos''', '''', 17), ('dot', '\.', 18);
-- check
INSERT INTO t VALUES ('long1', repeat('x', 5000), 1), ('long2', repeat('x', 4999) || 'y', 2), ('long3', repeat('日本', 1000), 3);
-- check
INSERT INTO t VALUES ('twelve bytes', 'again', 1);
INSERT INTO t VALUES ('e' || chr(769) || 'x', 'ok', 1), ('éx', 'ok', 1);
UPDATE t SET v = repeat('x', 5000) WHERE k IN ('long2', 'dot');
-- check
UPDATE t SET k = k || k;
UPDATE t SET v = k WHERE n > 8;
-- check
SELECT k, v FROM t WHERE k LIKE '%é%' OR v LIKE '%😀%' ORDER BY k;
SELECT k FROM t WHERE v = '' OR v = ' ' ORDER BY k;
DELETE FROM t WHERE length(v) > 12;
-- check
DELETE FROM t;
-- check
