-- UNNEST in FROM, LATERAL and LEFT JOIN LATERAL, of several arrays, WITH ORDINALITY; generate_subscripts, string_to_table; set-returning functions in select lists, side by side, and in GROUP BY.
CREATE TABLE a (id INT PRIMARY KEY, i INT[], t TEXT[], s TEXT);
CREATE TABLE names (n INT PRIMARY KEY, name TEXT);
CREATE VIEW constants AS SELECT * FROM unnest(ARRAY[3, 1, NULL]) AS u;
CREATE VIEW several AS SELECT * FROM unnest(ARRAY[1, 2, 3], '{a,b}'::text[]) WITH ORDINALITY AS u(x, y, n);
CREATE VIEW beside AS SELECT id, x FROM a, unnest(i) AS x;
CREATE VIEW numbered AS SELECT id, u.x, u.y, u.place FROM a CROSS JOIN LATERAL unnest(i, t) WITH ORDINALITY AS u(x, y, place);
CREATE VIEW kept AS SELECT id, x, ordinality FROM a LEFT JOIN LATERAL unnest(i) WITH ORDINALITY AS u(x) ON true;
CREATE VIEW kept_some AS SELECT id, x FROM a LEFT JOIN LATERAL unnest(i) AS u(x) ON x > 1;
CREATE VIEW filtered AS SELECT id, x FROM a JOIN LATERAL unnest(i) AS u(x) ON x <> id WHERE x > 0;
CREATE VIEW counted AS SELECT x, count(*) AS n, sum(id) AS ids FROM a, unnest(i) AS x GROUP BY x;
CREATE VIEW joined AS SELECT a.id, n.name FROM a, unnest(i) AS x JOIN names n ON n.n = x;
CREATE VIEW held AS SELECT id FROM a WHERE EXISTS (SELECT 1 FROM unnest(i) AS x WHERE x > 2);
CREATE VIEW sums AS SELECT id, (SELECT sum(x) FROM unnest(i) AS x) AS total, ARRAY(SELECT x * 2 FROM unnest(i) WITH ORDINALITY AS u(x, n) ORDER BY n DESC) AS doubled FROM a;
CREATE VIEW subscripts AS SELECT id, k, t[k] AS v FROM a, generate_subscripts(t, 1) AS k;
CREATE VIEW downwards AS SELECT id, k FROM a, generate_subscripts(t, 1, true) AS k;
CREATE VIEW pieces AS SELECT id, p, n FROM a, string_to_table(s, ',') WITH ORDINALITY AS q(p, n);
CREATE VIEW numbered_series AS SELECT id, v, n FROM a, generate_series(id, 3) WITH ORDINALITY AS g(v, n);
CREATE VIEW listed AS SELECT id, unnest(i) AS x FROM a;
CREATE VIEW two AS SELECT id, unnest(i) AS x, unnest(t) AS y, generate_series(1, 2) AS g FROM a;
CREATE VIEW computed AS SELECT id, unnest(i) * 10 + id AS x, upper(unnest(t)) AS y FROM a WHERE id < 5;
CREATE VIEW different AS SELECT DISTINCT unnest(i) AS x FROM a;
CREATE VIEW top AS SELECT id, unnest(i) AS x FROM a ORDER BY x DESC NULLS LAST, id LIMIT 4;
CREATE VIEW per AS SELECT unnest(t) AS tag, count(*) AS n FROM a GROUP BY tag;
CREATE VIEW regrouped AS SELECT id % 2 AS g, unnest(array_agg(id ORDER BY id)) AS ids FROM a GROUP BY id % 2;
CREATE VIEW ranked AS SELECT id, unnest(i) AS x, row_number() OVER (ORDER BY id) AS r FROM a;
CREATE VIEW from_nothing AS SELECT unnest(ARRAY[1, 2]) AS a, unnest(ARRAY['x', 'y', 'z']) AS b;
CREATE VIEW united AS SELECT unnest(i) AS x FROM a UNION ALL SELECT id FROM a;
CREATE VIEW inside AS SELECT id FROM a WHERE 2 IN (SELECT unnest(i));
INSERT INTO a VALUES (1, '{1,2,2}', '{a,b}', 'p,q'), (2, '{}', '{x,NULL,y}', ''), (3, NULL, NULL, NULL), (4, '{NULL,7}', '{a}', 'one'), (5, '{3,1,2,9}', '{"a long text of many bytes",b}', ',,');
INSERT INTO names VALUES (1, 'one'), (2, 'two'), (7, 'seven');
-- check
SELECT unnest(1);
SELECT unnest('{1}');
SELECT id FROM a WHERE unnest(i) > 1;
SELECT sum(unnest(i)) FROM a;
SELECT CASE WHEN true THEN unnest(i) END FROM a;
SELECT COALESCE(unnest(i), 0) FROM a;
SELECT count(*) FROM a HAVING unnest(ARRAY[true]);
SELECT * FROM unnest(5);
SELECT * FROM a LIMIT unnest(ARRAY[1]);
SELECT unnest(ARRAY[true, false]) AND true;
SELECT NOT unnest(ARRAY[true, false]);
SELECT unnest(ARRAY[true]) IS TRUE;
SELECT unnest(ARRAY[1, 2]) BETWEEN 1 AND 1;
SELECT (unnest(ARRAY[1, 2]), 1) = (1, 1);
SELECT unnest(ARRAY[1, 2]) IN (1, 3), unnest(ARRAY[1, 2]) IS NULL, unnest(ARRAY[1, 2]) = ANY (ARRAY[1]), GREATEST(unnest(ARRAY[1, 5]), 3);
UPDATE a SET i = i || 4, t = t || 'b'::text WHERE id IN (1, 2);
UPDATE a SET i = '{2}' WHERE id = 3;
-- check
UPDATE a SET i = NULL WHERE id = 5;
DELETE FROM a WHERE id = 4;
DELETE FROM names WHERE n = 2;
-- check
DELETE FROM a;
DELETE FROM names;
-- check
