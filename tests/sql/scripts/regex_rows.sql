-- Regular expressions as rows and arrays: regexp_matches with and without g, regexp_match, regexp_split_to_table, regexp_split_to_array; in FROM, LATERAL, LEFT JOIN LATERAL, WITH ORDINALITY, in select lists, GROUP BY and subqueries.
CREATE TABLE logs (id INT PRIMARY KEY, line TEXT, pattern TEXT);
CREATE TABLE words (word TEXT PRIMARY KEY, weight INT);
CREATE VIEW constants AS SELECT * FROM regexp_matches('foobarbequebaz', 'ba(.)(x)?', 'g') AS m;
CREATE VIEW tags AS SELECT id, m[1] AS tag FROM logs, regexp_matches(line, '#([a-z]+)', 'g') AS m;
CREATE VIEW pairs AS SELECT id, m[1] AS k, m[2] AS v, n FROM logs CROSS JOIN LATERAL regexp_matches(line, '(\w+)=(\w+)?', 'g') WITH ORDINALITY AS r(m, n);
CREATE VIEW first_pair AS SELECT id, regexp_match(line, '(\w+)=(\w+)?') AS pair, (regexp_match(line, '\d+'))[1] AS digits, regexp_match(line, pattern) AS own FROM logs;
CREATE VIEW kept AS SELECT id, m, n FROM logs LEFT JOIN LATERAL regexp_matches(line, '[0-9]+', 'g') WITH ORDINALITY AS r(m, n) ON true;
CREATE VIEW kept_some AS SELECT id, m FROM logs LEFT JOIN LATERAL regexp_matches(line, '[0-9]+', 'g') AS m ON m[1] <> '7';
CREATE VIEW by_own AS SELECT id, m FROM logs, regexp_matches(line, pattern, 'gi') AS m;
CREATE VIEW pieces AS SELECT id, p FROM logs, regexp_split_to_table(line, '[\s,]+') AS p;
CREATE VIEW numbered AS SELECT id, p, n FROM logs, regexp_split_to_table(line, '\s+') WITH ORDINALITY AS s(p, n);
CREATE VIEW characters AS SELECT id, c, count(*) AS n FROM logs, regexp_split_to_table(line, '') AS c GROUP BY id, c;
CREATE VIEW arrays AS SELECT id, regexp_split_to_array(line, '\s*[,;]\s*') AS parts, regexp_split_to_array(line, 'b*', 'i') AS degenerate, cardinality(regexp_split_to_array(line, pattern)) AS n FROM logs;
CREATE VIEW listed AS SELECT id, regexp_matches(line, '([a-z])([0-9])?', 'g') AS m FROM logs WHERE id < 5;
CREATE VIEW side_by_side AS SELECT id, regexp_matches(line, '[a-z]+', 'g') AS m, regexp_split_to_table(line, ' ') AS p, unnest(ARRAY[1, 2]) AS n FROM logs;
CREATE VIEW subscripted AS SELECT id, upper((regexp_matches(line, '[a-z]+', 'g'))[1]) AS word FROM logs;
CREATE VIEW frequent AS SELECT lower(p) AS word, count(*) AS n, min(id) AS first FROM logs, regexp_split_to_table(line, '\W+') AS p WHERE p <> '' GROUP BY lower(p);
CREATE VIEW grouped AS SELECT (regexp_matches(line, '[a-z]+', 'g'))[1] AS word, count(*) AS n FROM logs GROUP BY word;
CREATE VIEW matched_arrays AS SELECT m, count(*) AS n FROM logs, regexp_matches(line, '(\w)\w*', 'g') AS m GROUP BY m;
CREATE VIEW joined AS SELECT l.id, w.word, w.weight FROM logs l, regexp_split_to_table(l.line, '\W+') AS p JOIN words w ON w.word = p;
CREATE VIEW known AS SELECT id FROM logs WHERE EXISTS (SELECT 1 FROM regexp_split_to_table(line, '\W+') AS p JOIN words ON words.word = p);
CREATE VIEW totals AS SELECT id, (SELECT sum(m[1]::int) FROM regexp_matches(line, '\d+', 'g') AS m) AS total, ARRAY(SELECT p FROM regexp_split_to_table(line, '\s+') WITH ORDINALITY AS s(p, n) ORDER BY n DESC) AS backwards FROM logs;
CREATE VIEW counted AS SELECT word, (SELECT count(*) FROM logs WHERE word = ANY (regexp_split_to_array(line, '\W+'))) AS n FROM words;
CREATE VIEW lines AS SELECT id, m[1] AS m FROM logs, regexp_matches(line, '^.', 'gn') AS m;
CREATE VIEW spaced AS SELECT id, m FROM logs, regexp_matches(line, '( [a-z] ) # a letter', 'gx') AS m;
INSERT INTO logs VALUES (1, 'a=1 b= #red c=22 #blue', '[aB]'), (2, 'one,two ,three;  four', ','), (3, '', 'x*'), (4, NULL, 'a'), (5, 'no pattern 7 77', NULL), (6, 'Bb aBBa bab', 'b+'), (7, E'first line\nsecond x=y\n', '\n'),
 (8, 'grüße, größer #übung #ende', 'ß'), (9, 'a longer word: internationalization=much #tagging #tagging', '(t)(i)?');
INSERT INTO words VALUES ('one', 1), ('a', 2), ('line', 3), ('pattern', 4), ('nowhere', 5);
-- check
SELECT regexp_match('abc', '(b)(x)?(c)'), regexp_match('abc', 'x'), regexp_match('ABC', 'b', 'i'), regexp_match(NULL, 'a'), regexp_match('a', NULL);
SELECT regexp_match('foobarbequebaz', 'bar.*que'), regexp_match('foobarbequebaz', '(bar)(beque)'), (regexp_match('foobarbequebaz', 'bar.*que'))[1];
SELECT regexp_split_to_array('hello world', '\s*'), regexp_split_to_array('', 'x'), regexp_split_to_array(',a,,b,', ','), regexp_split_to_array('abc', ''), regexp_split_to_array('abc', 'b*'), regexp_split_to_array('aXbxc', 'x', 'i');
SELECT regexp_split_to_array('abc', '(b)'), regexp_split_to_array('bbb', 'b'), regexp_split_to_array('abab', '^a'), regexp_split_to_array('abab', 'b$');
SELECT * FROM regexp_matches('', '', 'g');
SELECT * FROM regexp_matches('abc', 'b*', 'g') WITH ORDINALITY;
SELECT * FROM regexp_matches('abc', '\M|\m', 'g') WITH ORDINALITY;
SELECT regexp_matches('abcabc', '(a)|(b)|(c)', 'g');
SELECT regexp_matches('abc', 'x', 'g');
SELECT * FROM regexp_split_to_table('a1b22c333', '[0-9]+');
SELECT regexp_split_to_table('the quick brown fox', '\s+') AS w ORDER BY w;
SELECT regexp_match('abc', 'b', 'g');
SELECT regexp_split_to_array('abc', 'b', 'g');
SELECT * FROM regexp_split_to_table('abc', 'b', 'g');
SELECT * FROM regexp_matches('abc', 'b', 'gz');
SELECT * FROM regexp_matches('abc', '(');
SELECT * FROM regexp_matches('abc');
SELECT regexp_match(1, 2);
SELECT count(regexp_matches(line, 'a')) FROM logs;
SELECT id FROM logs WHERE regexp_matches(line, 'a') IS NOT NULL;
SELECT CASE WHEN true THEN regexp_matches('a', 'a') END;
UPDATE logs SET line = line || ' more=9 #new', pattern = 'm' WHERE id IN (1, 3, 6);
UPDATE logs SET line = NULL WHERE id = 2;
UPDATE logs SET line = 'now a=b 5' WHERE id = 4;
-- check
DELETE FROM logs WHERE id IN (8, 9);
DELETE FROM words WHERE word = 'a';
INSERT INTO logs VALUES (10, 'a a a', 'a');
-- check
DELETE FROM logs;
DELETE FROM words;
-- check
