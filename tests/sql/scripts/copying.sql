-- COPY from CSV: quoted separators, empty against NULL, a column list, defaults for the rest, bad rows that leave nothing behind.
CREATE TABLE t (id INT PRIMARY KEY, s TEXT, n NUMERIC(6,2) DEFAULT 1.5, d DATE, b BOOLEAN);
CREATE VIEW v AS SELECT s, COUNT(*) AS n, SUM(n) AS total FROM t GROUP BY s;
CREATE VIEW all_t AS SELECT * FROM t;
COPY t FROM 'nowhere.csv' CSV HEADER;
COPY t FROM 'nowhere.csv' WITH (FORMAT csv, HEADER true);
COPY missing FROM 'nowhere.csv' CSV;
COPY t (id, nothing) FROM 'nowhere.csv' CSV;
-- check
INSERT INTO t VALUES (1, 'a', DEFAULT, '2024-01-01', TRUE);
-- check
