-- INSERT, UPDATE, DELETE … RETURNING: any expressions, *, columns of FROM and USING; TRUNCATE of several tables.
CREATE TABLE items (id INT PRIMARY KEY, name TEXT DEFAULT 'none', price NUMERIC(8,2), n BIGINT DEFAULT 1);
CREATE TABLE plain (a INT, b TEXT);
CREATE TABLE prices (item INT PRIMARY KEY, price NUMERIC(8,2));
CREATE VIEW worth AS SELECT name, SUM(price * n) AS total, COUNT(*) AS items FROM items GROUP BY name;
CREATE VIEW pairs AS SELECT a, b, COUNT(*) AS n FROM plain GROUP BY a, b;
INSERT INTO items VALUES (1, 'a', 1.5, 2), (2, 'b', 2.25, 3) RETURNING *;
INSERT INTO items (id, price) VALUES (3, '7') RETURNING id, name, price * n AS worth, 'text', NULL;
INSERT INTO items AS i (id) VALUES (4) RETURNING i.id, i.*, i.n + 1 AS more;
INSERT INTO plain SELECT id % 2, name FROM items RETURNING a, upper(b);
INSERT INTO plain DEFAULT VALUES RETURNING *;
INSERT INTO plain VALUES (1, 'x'), (1, 'x') RETURNING a, b;
INSERT INTO prices VALUES (1, 10), (2, 20), (9, 90) RETURNING item;
INSERT INTO items SELECT id + 100, name, price, n FROM items WHERE id > 100 RETURNING id;
-- check
UPDATE items SET n = n * 10 WHERE id < 3 RETURNING id, n, items.price AS p;
UPDATE items AS i SET price = p.price FROM prices AS p WHERE p.item = i.id RETURNING i.id, i.price, p.item, p.price AS q, *;
UPDATE items SET name = 'z' WHERE id > 1000 RETURNING *;
UPDATE plain SET b = b || '!' WHERE a = 1 RETURNING a, b;
UPDATE items SET (name, n) = ('both', 7) WHERE id = 2 RETURNING name, n;
-- check
DELETE FROM plain WHERE b = 'x!' RETURNING *;
DELETE FROM items USING prices WHERE items.id = prices.item AND prices.price > 15 RETURNING items.name, prices.price;
DELETE FROM items USING prices WHERE items.id = prices.item RETURNING items.*;
DELETE FROM prices RETURNING item + 1;
-- check
INSERT INTO items (id) VALUES (50) RETURNING nothing;
INSERT INTO items (id) VALUES (51) RETURNING COUNT(*);
INSERT INTO items (id) VALUES (52) RETURNING 1 / (id - 52);
INSERT INTO items (id) VALUES (3) RETURNING id;
SELECT COUNT(*) FROM items WHERE id >= 50;
BEGIN;
INSERT INTO items (id, price) VALUES (60, 6) RETURNING *;
UPDATE items SET id = id + 1 WHERE id = 60 RETURNING id;
DELETE FROM items WHERE id = 61 RETURNING id, price;
ROLLBACK;
-- check
TRUNCATE TABLE plain, items RESTART IDENTITY;
-- check
TRUNCATE items, missing;
INSERT INTO items VALUES (1, 'again', 1, 1) RETURNING *;
-- check
TRUNCATE items, plain, prices CASCADE;
