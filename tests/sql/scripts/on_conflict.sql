-- INSERT … ON CONFLICT DO NOTHING and DO UPDATE: by primary key, by UNIQUE, by name, without a target; EXCLUDED, WHERE, RETURNING, rows that meet twice.
CREATE TABLE stock (item TEXT PRIMARY KEY, n INT NOT NULL DEFAULT 0 CHECK (n >= 0), price NUMERIC(8,2), note TEXT);
CREATE TABLE users (id INT PRIMARY KEY, mail TEXT UNIQUE, a INT, b INT, CONSTRAINT ab UNIQUE (a, b));
CREATE TABLE bag (x INT UNIQUE, y TEXT);
CREATE VIEW total AS SELECT COUNT(*) AS items, SUM(n) AS n, SUM(n * price) AS worth FROM stock;
CREATE VIEW by_note AS SELECT note, COUNT(*) AS items, SUM(n) AS n FROM stock GROUP BY note;
CREATE VIEW all_users AS SELECT * FROM users;
CREATE VIEW all_bag AS SELECT * FROM bag;
INSERT INTO stock VALUES ('apple', 5, 1.5, 'red'), ('pear', 2, 2, NULL);
INSERT INTO users VALUES (1, 'a', 1, 1), (2, 'b', 1, 2), (3, NULL, NULL, 1);
INSERT INTO bag VALUES (1, 'one'), (NULL, 'none');
-- check
INSERT INTO stock VALUES ('apple', 1, 9, 'x'), ('fig', 7, 3, 'new') ON CONFLICT DO NOTHING;
INSERT INTO stock VALUES ('apple', 1, 9, 'x'), ('nut', 1, 1, 'y') ON CONFLICT (item) DO NOTHING RETURNING *;
INSERT INTO stock VALUES ('kiwi', 1, 1, 'a'), ('kiwi', 2, 2, 'b') ON CONFLICT DO NOTHING RETURNING item, n;
INSERT INTO stock VALUES ('apple', 10, 9.99, 'more'), ('plum', 4, 4, 'new') ON CONFLICT (item) DO UPDATE SET n = stock.n + EXCLUDED.n, price = excluded.price RETURNING *;
INSERT INTO stock AS s (item, n) VALUES ('apple', 100), ('pear', 100) ON CONFLICT (item) DO UPDATE SET n = s.n * 2, note = DEFAULT WHERE s.note IS NULL RETURNING item, s.n, note;
INSERT INTO stock (item, n, note) VALUES ('pear', 3, 'p') ON CONFLICT ON CONSTRAINT stock_pkey DO UPDATE SET (n, note) = (EXCLUDED.n, stock.item || '/' || EXCLUDED.note);
-- check
INSERT INTO stock VALUES ('apple', 1), ('apple', 2) ON CONFLICT (item) DO UPDATE SET n = EXCLUDED.n;
INSERT INTO stock VALUES ('lime', 1), ('lime', 2) ON CONFLICT (item) DO UPDATE SET n = EXCLUDED.n;
INSERT INTO stock VALUES ('apple', 1), ('apple', 2) ON CONFLICT (item) DO UPDATE SET n = EXCLUDED.n WHERE EXCLUDED.n = 2;
INSERT INTO stock VALUES ('apple', 1) ON CONFLICT (item) DO UPDATE SET n = -1;
INSERT INTO stock VALUES ('apple', -1) ON CONFLICT (item) DO NOTHING;
INSERT INTO stock VALUES ('apple', NULL) ON CONFLICT (item) DO NOTHING;
INSERT INTO stock VALUES ('apple', 1) ON CONFLICT (item) DO UPDATE SET n = n + 1;
INSERT INTO stock VALUES ('apple', 1) ON CONFLICT (n) DO NOTHING;
INSERT INTO stock VALUES ('apple', 1) ON CONFLICT DO UPDATE SET n = 1;
INSERT INTO stock VALUES ('apple', 1) ON CONFLICT ON CONSTRAINT nothing DO NOTHING;
INSERT INTO stock VALUES ('apple', 1) ON CONFLICT (nothing) DO NOTHING;
INSERT INTO stock VALUES ('apple', 0) ON CONFLICT (item) DO UPDATE SET n = 1 / EXCLUDED.n;
INSERT INTO stock VALUES ('apple', 0) ON CONFLICT (item) DO UPDATE SET n = 6 RETURNING 1 / (n - 6);
SELECT n FROM stock WHERE item = 'apple';
-- check
INSERT INTO stock SELECT item, 1, price, note FROM stock UNION ALL SELECT 'date', 1, 1, 'd' ON CONFLICT (item) DO UPDATE SET n = stock.n + EXCLUDED.n;
-- check
INSERT INTO users VALUES (9, 'a', 5, 5) ON CONFLICT (mail) DO UPDATE SET a = EXCLUDED.a, b = EXCLUDED.b RETURNING *;
INSERT INTO users VALUES (9, 'z', 1, 2) ON CONFLICT (b, a) DO UPDATE SET mail = EXCLUDED.mail;
INSERT INTO users VALUES (9, 'z', 7, 7) ON CONFLICT (a, b) DO NOTHING;
INSERT INTO users VALUES (1, 'q', 8, 8) ON CONFLICT (mail) DO NOTHING;
INSERT INTO users VALUES (10, NULL, NULL, 1), (11, NULL, NULL, 1) ON CONFLICT (a, b) DO UPDATE SET mail = 'never';
INSERT INTO users VALUES (1, 'new', 20, 20), (12, 'z', 21, 21), (13, 'free', 22, 22), (14, 'free2', 5, 5) ON CONFLICT DO NOTHING RETURNING id;
INSERT INTO users VALUES (3, 'k', 0, 0) ON CONFLICT (id) DO UPDATE SET id = users.id + 500, mail = EXCLUDED.mail RETURNING *;
INSERT INTO users VALUES (1, 'm', 0, 0), (501, 'n', 0, 0) ON CONFLICT (id) DO UPDATE SET id = users.id + 500;
INSERT INTO users VALUES (2, 'm', 30, 0), (502, 'n', 31, 0) ON CONFLICT (id) DO UPDATE SET id = users.id + 600;
INSERT INTO users VALUES (1, 'a', 40, 0), (1, 'n', 41, 0) ON CONFLICT (id) DO UPDATE SET id = 700;
-- check
INSERT INTO bag VALUES (1, 'again'), (NULL, 'more'), (2, 'two') ON CONFLICT (x) DO UPDATE SET y = bag.y || '+' || EXCLUDED.y RETURNING x, y;
INSERT INTO bag VALUES (1, 'again'), (3, 'three') ON CONFLICT DO NOTHING;
-- check
BEGIN;
INSERT INTO stock VALUES ('melon', 1, 1, 'm');
INSERT INTO stock VALUES ('melon', 5, 1, 'm') ON CONFLICT (item) DO UPDATE SET n = stock.n + EXCLUDED.n;
INSERT INTO stock VALUES ('melon', 5, 1, 'm') ON CONFLICT (item) DO UPDATE SET n = stock.n + EXCLUDED.n RETURNING n;
DELETE FROM stock WHERE item = 'melon';
INSERT INTO stock VALUES ('melon', 9, 1, 'm') ON CONFLICT (item) DO UPDATE SET n = stock.n + EXCLUDED.n RETURNING n;
SAVEPOINT s;
INSERT INTO stock VALUES ('melon', 1, 1, 'm'), ('melon', 2, 1, 'm') ON CONFLICT (item) DO UPDATE SET n = 0;
ROLLBACK TO s;
INSERT INTO users VALUES (1, 'a', 1, 1) ON CONFLICT (id) DO UPDATE SET a = 77;
COMMIT;
-- check
DELETE FROM stock;
INSERT INTO stock VALUES ('x', 1) ON CONFLICT (item) DO UPDATE SET n = 2;
INSERT INTO stock VALUES ('x', 1) ON CONFLICT (item) DO UPDATE SET n = 2;
-- check
