-- COPY from CSV: quoted separators and line breaks, empty against NULL, a column list, defaults for the rest, bad rows that leave nothing behind.
CREATE TABLE t (id INT PRIMARY KEY, s TEXT, n NUMERIC(6,2) DEFAULT 1.5, d DATE, b BOOLEAN);
CREATE TABLE strict (id INT PRIMARY KEY, s INT NOT NULL);
CREATE VIEW v AS SELECT s, COUNT(*) AS n, SUM(n) AS total FROM t GROUP BY s;
CREATE VIEW all_t AS SELECT * FROM t;
COPY t FROM 'nowhere.csv' CSV HEADER;
COPY missing FROM 'copying.csv' CSV;
COPY t (id, nothing) FROM 'copying_two.csv' CSV;
-- check
COPY t FROM 'copying.csv' WITH (FORMAT csv, HEADER true);
COPY t (id, s) FROM 'copying_two.csv' CSV;
-- check
COPY t FROM 'copying.csv' CSV HEADER;
COPY t (id, s) FROM 'copying_bad.csv' CSV HEADER;
COPY strict FROM 'copying_two.csv' CSV;
COPY t FROM 'copying_two.csv' CSV;
COPY t (id) FROM 'copying_two.csv' CSV;
-- check
BEGIN;
DELETE FROM t WHERE id >= 20;
COPY t (id, s) FROM 'copying_two.csv' WITH (FORMAT csv);
UPDATE t SET n = 0 WHERE id = 20;
COMMIT;
-- check
DELETE FROM t;
COPY t (id, s) FROM 'copying_two.csv' (FORMAT csv, NULL 'x');
-- check
