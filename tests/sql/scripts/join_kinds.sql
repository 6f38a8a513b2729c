-- Every join kind with every kind of condition: equal keys, less than, constants, one side only, none that hold; USING and NATURAL column order.
CREATE TABLE x (id INT, k INT, s TEXT);
CREATE TABLE y (k INT, id INT, t TEXT);
CREATE TABLE z (s TEXT, id BIGINT, w NUMERIC(5,1));
CREATE VIEW inner_eq AS SELECT x.*, y.* FROM x JOIN y ON x.k = y.k;
CREATE VIEW inner_lt AS SELECT x.id, y.id AS yid FROM x JOIN y ON x.k < y.k;
CREATE VIEW inner_ne AS SELECT x.id, y.id AS yid FROM x, y WHERE x.k <> y.k AND x.id = y.id;
CREATE VIEW left_eq AS SELECT x.id, x.s, y.t FROM x LEFT JOIN y ON x.k = y.k;
CREATE VIEW left_two AS SELECT x.id, y.t FROM x LEFT JOIN y ON x.k = y.k AND x.id = y.id;
CREATE VIEW left_more AS SELECT x.id, x.k, y.t FROM x LEFT JOIN y ON x.k = y.k AND y.id > x.id;
CREATE VIEW left_mine AS SELECT x.id, y.t FROM x LEFT JOIN y ON x.k = y.k AND x.s = 'a';
CREATE VIEW left_theirs AS SELECT x.id, y.t FROM x LEFT JOIN y ON x.k = y.k AND y.t LIKE 'p%';
CREATE VIEW left_lt AS SELECT x.id, y.id AS yid FROM x LEFT JOIN y ON x.k < y.k;
CREATE VIEW left_true AS SELECT x.id, y.t FROM x LEFT JOIN y ON TRUE;
CREATE VIEW left_false AS SELECT x.id, y.t FROM x LEFT JOIN y ON FALSE;
CREATE VIEW right_eq AS SELECT x.id, y.t FROM x RIGHT JOIN y ON x.k = y.k;
CREATE VIEW right_lt AS SELECT x.id, y.id AS yid FROM x RIGHT JOIN y ON x.k > y.k;
CREATE VIEW full_eq AS SELECT x.id, y.t FROM x FULL JOIN y ON x.k = y.k;
CREATE VIEW full_more AS SELECT x.id, x.k, y.t FROM x FULL JOIN y ON x.k = y.k AND x.id < y.id;
CREATE VIEW full_using AS SELECT * FROM x FULL JOIN y USING (k);
CREATE VIEW using_one AS SELECT * FROM x JOIN y USING (k);
CREATE VIEW using_two AS SELECT * FROM x JOIN y USING (id, k);
CREATE VIEW using_left AS SELECT * FROM x LEFT JOIN y USING (id);
CREATE VIEW using_right AS SELECT * FROM x RIGHT JOIN y USING (id);
CREATE VIEW natural_xy AS SELECT * FROM x NATURAL JOIN y;
CREATE VIEW natural_full AS SELECT * FROM x NATURAL FULL JOIN y;
CREATE VIEW natural_three AS SELECT * FROM x NATURAL JOIN z NATURAL LEFT JOIN y;
CREATE VIEW using_types AS SELECT id, x.s, z.w FROM x FULL JOIN z USING (id);
CREATE VIEW coalesced AS SELECT k, x.k AS xk, y.k AS yk FROM x FULL JOIN y USING (k);
CREATE VIEW cross_all AS SELECT x.id, y.id AS yid, z.id AS zid FROM x CROSS JOIN y, z;
CREATE VIEW self_join AS SELECT a.id, b.id AS other FROM x a JOIN x b ON a.k = b.k AND a.id < b.id;
CREATE VIEW self_left AS SELECT a.id, b.s FROM x a LEFT JOIN x b ON a.id = b.k;
CREATE VIEW chain AS SELECT x.id, y.t, z.w FROM x LEFT JOIN y ON x.k = y.k LEFT JOIN z ON z.id = y.id;
CREATE VIEW chain_in AS SELECT x.id, y.t, z.w FROM x LEFT JOIN (y JOIN z ON z.id = y.id) ON x.k = y.k;
CREATE VIEW chain_where AS SELECT x.id, y.t FROM x LEFT JOIN y ON x.k = y.k WHERE y.t IS NULL OR y.t <> 'p';
CREATE VIEW full_where AS SELECT x.id, y.id AS yid FROM x FULL JOIN y ON x.k = y.k WHERE COALESCE(x.id, y.id) > 1;
CREATE VIEW mixed_types AS SELECT x.id, z.w FROM x JOIN z ON x.id = z.id AND x.k = z.w;
CREATE VIEW computed AS SELECT x.id, y.id AS yid FROM x JOIN y ON x.k + 1 = y.k * 2;
CREATE VIEW not_distinct AS SELECT x.id, y.id AS yid FROM x JOIN y ON x.k IS NOT DISTINCT FROM y.k;
CREATE VIEW or_join AS SELECT x.id, y.id AS yid FROM x JOIN y ON x.k = y.k OR x.id = y.id;
CREATE VIEW left_or AS SELECT x.id, y.id AS yid FROM x LEFT JOIN y ON x.k = y.k OR x.id = y.id;
CREATE VIEW alias_join AS SELECT * FROM (x JOIN y USING (k)) AS j (a, b, c, d, e);
CREATE VIEW full_full AS SELECT x.id, y.t, z.w FROM x FULL JOIN y ON x.k = y.k FULL JOIN z ON z.id = x.id;
-- check
INSERT INTO x VALUES (1, 1, 'a'), (2, 2, 'b'), (3, NULL, 'c'), (2, 2, 'b'), (NULL, 3, NULL);
INSERT INTO y VALUES (1, 1, 'p'), (2, 3, 'q'), (NULL, 2, 'r'), (4, NULL, NULL);
INSERT INTO z VALUES ('a', 1, 1.0), ('b', 2, 2.5), (NULL, 3, NULL), ('c', 3, 3.0);
-- check
BEGIN;
INSERT INTO y VALUES (2, 2, 'pp'), (3, NULL, 'n');
DELETE FROM x WHERE id = 1;
INSERT INTO x VALUES (4, 4, 'a'), (1, 2, 'a');
UPDATE z SET id = 4 WHERE s = 'a';
COMMIT;
-- check
UPDATE x SET k = id, id = k;
UPDATE y SET k = k + 1;
-- check
DELETE FROM y WHERE k IS NOT NULL;
-- check
DELETE FROM x;
-- check
SELECT x.id FROM x JOIN y USING (t);
SELECT id FROM x, y;
SELECT x.* FROM x JOIN x ON TRUE;
SELECT * FROM x JOIN y ON x.k = z.id;
SELECT k FROM x JOIN y ON x.k = y.k;
SELECT x.id FROM x a;
SELECT * FROM x JOIN y ON x.s = y.k;
SELECT * FROM x JOIN y ON 1;
