-- BYTEA: hex and escaped input, text form, order, parts, concatenation, encodings, digests, keys, groups, joins; what PostgreSQL 15 has not (min, max) is refused.
CREATE TABLE f (id INT PRIMARY KEY, data BYTEA, label TEXT);
CREATE TABLE digests (sha BYTEA PRIMARY KEY, n INT, CHECK (length(sha) < 40));
CREATE VIEW parts AS SELECT id, data, length(data) AS n, octet_length(data) AS o, data || '\x00' AS longer, substring(data FROM 2 FOR 2) AS mid, substr(data, 3) AS rest, position('\xbe'::bytea IN data) AS at, overlay(data PLACING '\x0102'::bytea FROM 1 FOR 1) AS ov, trim('\x00de'::bytea FROM data) AS tr FROM f;
CREATE VIEW texts AS SELECT id, data::text AS t, encode(data, 'hex') AS h, encode(data, 'base64') AS b, encode(data, 'escape') AS e, md5(data) AS m, sha256(data) AS s, concat(data, label) AS c, decode(encode(data, 'base64'), 'base64') = data AS same FROM f;
CREATE VIEW compared AS SELECT id, data < '\x80' AS low, data = '\xdeadbeef' AS beef, data IN ('\x00', 'abc') AS listed, COALESCE(data, '\xff') AS c, GREATEST(data, '\x61') AS g FROM f;
CREATE VIEW grouped AS SELECT data, count(*) AS n FROM f GROUP BY data;
CREATE VIEW known AS SELECT f.id, d.n FROM f JOIN digests d ON sha224(f.data) = d.sha;
CREATE VIEW pairs AS SELECT a.id AS a, b.id AS b FROM f a JOIN f b ON a.data = b.data AND a.id < b.id;
CREATE VIEW top AS SELECT id, data FROM f ORDER BY data DESC NULLS LAST, id LIMIT 3;
CREATE VIEW win AS SELECT id, rank() OVER (ORDER BY data) AS r, lag(data) OVER (ORDER BY data, id) AS l FROM f;
INSERT INTO f VALUES (1, '\xDEADBEEF', 'beef'), (2, 'abc', 'abc'), (3, 'a\\b\000\377', NULL), (4, '', 'empty'), (5, NULL, NULL), (6, '\x616263', 'same'), (7, '\x00', 'nul'), (8, '\x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 'long');
INSERT INTO digests SELECT DISTINCT sha224(data), length(data) FROM f WHERE data IS NOT NULL;
-- check
INSERT INTO digests VALUES (sha224('abc'), 1);
INSERT INTO digests VALUES (sha512('abc'), 1);
INSERT INTO f VALUES (9, '\x1', NULL);
INSERT INTO f VALUES (9, '\xzz', NULL);
INSERT INTO f VALUES (9, 'a\b', NULL);
INSERT INTO f VALUES (9, 5, NULL);
SELECT data + 1 FROM f;
SELECT data || label FROM f;
SELECT min(data) FROM f;
SELECT upper(data) FROM f;
SELECT get_byte(data, 0) FROM f;
SELECT encode(data, 'rot13') FROM f;
SELECT get_byte(data, 0), get_bit(data, 1), set_byte(data, 0, 255), set_bit(data, 0, 1) FROM f WHERE id = 1;
UPDATE f SET data = data || data WHERE id IN (2, 6);
UPDATE f SET data = label::bytea WHERE id = 4;
-- check
DELETE FROM f WHERE data > '\x70';
-- check
DELETE FROM f;
DELETE FROM digests;
-- check
