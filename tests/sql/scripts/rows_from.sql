-- ROWS FROM: functions in FROM side by side, those of rows and others, alone, LATERAL, LEFT JOIN LATERAL, WITH ORDINALITY; WITH ORDINALITY of functions that return one value.
CREATE TABLE a (id INT PRIMARY KEY, i INT[], t TEXT, n INT);
CREATE VIEW constants AS SELECT * FROM ROWS FROM (generate_series(1, 3), unnest(ARRAY['a', 'b'])) WITH ORDINALITY;
CREATE VIEW beside AS SELECT id, x, y, z FROM a, ROWS FROM (unnest(i), string_to_table(t, ','), generate_series(1, n)) AS r (x, y, z);
CREATE VIEW numbered AS SELECT id, r.* FROM a CROSS JOIN LATERAL ROWS FROM (unnest(i), regexp_matches(t, '[a-z]', 'g'), upper(t)) WITH ORDINALITY AS r (x, m, u, k);
CREATE VIEW kept AS SELECT id, x, y, k FROM a LEFT JOIN LATERAL ROWS FROM (unnest(i), regexp_split_to_table(t, ',')) WITH ORDINALITY AS r (x, y, k) ON true;
CREATE VIEW kept_some AS SELECT id, x, y FROM a LEFT JOIN LATERAL ROWS FROM (unnest(i), generate_subscripts(i, 1)) AS r (x, y) ON x > y;
CREATE VIEW pairs AS SELECT id, x, y, v FROM a, ROWS FROM (unnest(i, ARRAY[t]), abs(n)) AS r (x, y, v);
CREATE VIEW one AS SELECT id, u, k FROM a, upper(t) WITH ORDINALITY AS r (u, k);
CREATE VIEW alone AS SELECT id, r FROM a, ROWS FROM (lower(t)) AS r;
CREATE VIEW alone_array AS SELECT id, r FROM a, ROWS FROM (string_to_array(t, ',')) AS r;
CREATE VIEW sums AS SELECT id, (SELECT sum(x * y) FROM ROWS FROM (unnest(i), generate_series(n, 9)) AS r (x, y)) AS s FROM a;
CREATE VIEW counted AS SELECT y, count(*) AS c FROM a, ROWS FROM (unnest(i), string_to_table(t, ',')) AS r (x, y) GROUP BY y;
CREATE VIEW nothing AS SELECT * FROM ROWS FROM (coalesce(NULL, 3), lower(NULL));
INSERT INTO a VALUES (1, '{1,2,3}', 'a,B', 2), (2, '{}', '', 0), (3, NULL, NULL, NULL), (4, '{7,NULL}', 'x,y,z', -1), (5, '{5,4,3,2}', 'one', 5);
-- check
SELECT generate_series.generate_series, upper.* FROM ROWS FROM (generate_series(1, 2)), upper('a');
SELECT generate_series.upper FROM ROWS FROM (generate_series(1, 2), upper('a'));
SELECT * FROM ROWS FROM (generate_series(1, 2), upper('a')) AS r (x);
SELECT * FROM ROWS FROM (generate_series(1, 2), upper('a')) AS r (x, y, z);
SELECT * FROM ROWS FROM (generate_series(1, 2), nothing(1));
SELECT * FROM abs(-3) WITH ORDINALITY;
UPDATE a SET i = i || 9, t = t || ',new' WHERE id IN (1, 2);
UPDATE a SET n = 3, t = 'q' WHERE id = 3;
-- check
DELETE FROM a WHERE id IN (1, 4);
-- check
DELETE FROM a;
-- check
