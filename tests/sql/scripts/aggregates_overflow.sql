-- Sums, averages and variances at the ends of DOUBLE and REAL: what PostgreSQL refuses is refused, and nothing else; deletes leave no trace.
CREATE TABLE f (id INT PRIMARY KEY, d DOUBLE PRECISION, r REAL);
INSERT INTO f VALUES (1, 1e300, 1e30), (2, 1e300, 1e30);
CREATE VIEW sums AS SELECT sum(d) AS s, sum(r) AS sr FROM f;
CREATE VIEW means AS SELECT avg(d) AS a, avg(r) AS ar, count(d) AS n FROM f;
CREATE VIEW spreads AS SELECT var_pop(d) AS v, stddev(d) AS sd, variance(r) AS vr FROM f;
-- check
INSERT INTO f VALUES (3, 1e300, 1e38);
-- check
INSERT INTO f VALUES (4, -1e300, 0);
INSERT INTO f VALUES (5, 0, 0);
INSERT INTO f VALUES (6, 1.7e308, 0);
INSERT INTO f VALUES (7, 1, 3.4e38);
-- check
DELETE FROM f WHERE id < 3;
-- check
INSERT INTO f VALUES (8, 1.7e308, 1);
-- check
DELETE FROM f;
INSERT INTO f VALUES (10, 1e155, 1), (11, -1e155, 1);
INSERT INTO f VALUES (12, 1e150, 1), (13, -1e150, 1);
-- check
DELETE FROM f WHERE id = 10;
INSERT INTO f VALUES (14, 1e-310, 1e-40);
DELETE FROM f WHERE id < 14;
-- check
CREATE TABLE g (id INT PRIMARY KEY, d DOUBLE PRECISION, r REAL);
CREATE VIEW boundless AS SELECT sum(d) AS s, avg(d) AS a, var_pop(d) AS v, stddev(r) AS sd, corr(d, r) AS c FROM g;
INSERT INTO g VALUES (1, 1, 2), (2, 1.5, 3), (3, 'Infinity', 1);
-- check
INSERT INTO g VALUES (4, '-Infinity', 'NaN');
-- check
DELETE FROM g WHERE id = 3;
-- check
DELETE FROM g WHERE id = 4;
-- check
