-- UUID: input forms, text form, order, keys, groups, joins, set operations, sub-selects, windows; what PostgreSQL 15 has not (min, max) is refused.
CREATE TABLE u (id UUID PRIMARY KEY, parent UUID, n INT DEFAULT 0);
CREATE VIEW forms AS SELECT id, id::text AS t, 'x' || parent AS x, concat(id, n) AS c, id = parent AS eq, id < parent AS lt, id IN ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{ffffffff-ffff-ffff-ffff-ffffffffffff}') AS listed, COALESCE(parent, id) AS co, GREATEST(id, parent) AS g FROM u;
CREATE VIEW children AS SELECT p.id, count(c.id) AS n FROM u p LEFT JOIN u c ON c.parent = p.id GROUP BY p.id;
CREATE VIEW parents AS SELECT parent, count(*) AS n, sum(n) AS s, count(DISTINCT id) AS d FROM u GROUP BY parent;
CREATE VIEW roots AS SELECT id FROM u EXCEPT SELECT parent FROM u;
CREATE VIEW orphans AS SELECT id FROM u WHERE parent NOT IN (SELECT id FROM u);
CREATE VIEW first AS SELECT id, n FROM u ORDER BY id LIMIT 2;
CREATE VIEW ranked AS SELECT id, row_number() OVER (PARTITION BY parent ORDER BY id DESC) AS r FROM u;
INSERT INTO u VALUES ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', NULL, 1), ('{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A12}', 'a0eebc999c0b4ef8bb6d6bb9bd380a11', 2), ('ffffffff-ffff-ffff-ffff-ffffffffffff', 'a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11', 3), ('00000000-0000-0000-0000-000000000000', '12345678-1234-1234-1234-123456789abc', 4);
-- check
INSERT INTO u VALUES ('A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11');
INSERT INTO u VALUES ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1');
INSERT INTO u VALUES ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1g');
INSERT INTO u VALUES (5);
SELECT min(id) FROM u;
SELECT sum(id) FROM u;
SELECT id + 1 FROM u;
SELECT id LIKE 'a%' FROM u;
SELECT id = 'x' FROM u;
SELECT id::int FROM u;
SELECT upper(id) FROM u;
UPDATE u SET parent = 'ffffffff-ffff-ffff-ffff-ffffffffffff' WHERE parent IS NULL;
UPDATE u SET id = '11111111-1111-1111-1111-111111111111' WHERE n = 2;
-- check
INSERT INTO u SELECT md5(n::text)::uuid, id, n + 10 FROM u;
-- check
SELECT * FROM u ORDER BY id;
DELETE FROM u WHERE id > '80000000-0000-0000-0000-000000000000';
-- check
DELETE FROM u;
-- check
