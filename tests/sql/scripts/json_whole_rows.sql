-- Whole rows as JSON: row_to_json, to_json(b), json(b)_agg, json(b)_object_agg, json(b)_build_… of a table's name; of one that an outer join may leave out it is refused.
CREATE TABLE shops (id INT PRIMARY KEY, name TEXT, at TIMESTAMP, tags TEXT[]);
CREATE TABLE sales (shop INT, n NUMERIC(6,2), "Who" VARCHAR(5));
CREATE VIEW rows AS SELECT id, row_to_json(shops) AS r, to_json(shops) AS j, to_jsonb(shops) AS b FROM shops;
CREATE VIEW listed AS SELECT json_agg(s ORDER BY id) AS j, jsonb_agg(s ORDER BY id) AS b FROM shops s;
CREATE VIEW nested AS SELECT s.id, jsonb_build_object('shop', s, 'n', x.n) AS o, json_build_array(s, x) AS a FROM shops s JOIN sales x ON x.shop = s.id;
CREATE VIEW named AS SELECT json_object_agg(id, s ORDER BY id) AS j, jsonb_object_agg(id, s ORDER BY id) AS b FROM shops s;
CREATE VIEW orders AS SELECT shop, jsonb_agg(t ORDER BY n, "Who") AS t FROM (SELECT shop, n, "Who" FROM sales) t GROUP BY shop;
CREATE VIEW inside AS SELECT id, (SELECT json_agg(x ORDER BY n, "Who") FROM sales x WHERE x.shop = s.id) AS sales FROM shops s;
CREATE VIEW maybe AS SELECT s.id, to_jsonb(x) FROM shops s LEFT JOIN sales x ON x.shop = s.id;
INSERT INTO shops VALUES (1, 'a "q"', '2020-01-02 03:04:05', '{x,NULL}'), (2, NULL, NULL, NULL), (3, 'c', '-infinity', '{}');
INSERT INTO sales VALUES (1, 1.5, 'x'), (1, 2, NULL), (2, NULL, 'y'), (9, 0, 'z');
-- check
UPDATE shops SET name = 'b' WHERE id = 2;
DELETE FROM sales WHERE shop = 1 AND n = 2;
INSERT INTO sales VALUES (3, 3, 'w');
-- check
SELECT row_to_json(1);
SELECT row_to_json(nothing) FROM shops;
