-- STRING_AGG with ORDER BY, DISTINCT, FILTER; MODE, PERCENTILE_CONT, PERCENTILE_DISC and hypothetical RANKs WITHIN GROUP, over every type, up and down; STRING_AGG over frames.
CREATE TABLE w (id INT PRIMARY KEY, g TEXT, t TEXT, sep TEXT, i INT, n NUMERIC, d DOUBLE PRECISION, b BOOLEAN, iv INTERVAL, day DATE);
CREATE VIEW lists AS SELECT g, string_agg(t, ', ' ORDER BY id) AS by_id, string_agg(t, '' ORDER BY i DESC NULLS LAST, id) AS by_i, string_agg(i::text, '+' ORDER BY n, d DESC, id) AS sums FROM w GROUP BY g;
CREATE VIEW lists_few AS SELECT g, string_agg(DISTINCT t, ',' ORDER BY t) AS once, string_agg(DISTINCT t, ',' ORDER BY t DESC) AS back, string_agg(DISTINCT t, sep) AS pairs, string_agg(t, ';' ORDER BY id) FILTER (WHERE b) AS some FROM w GROUP BY g;
CREATE VIEW lists_all AS SELECT string_agg(t, sep ORDER BY iv, day DESC NULLS FIRST, id) AS own_sep, string_agg(t, NULL ORDER BY id) AS no_sep, string_agg('x', '-') AS xs, count(*) AS n FROM w;
CREATE VIEW lists_kinds AS SELECT string_agg(id::text, ' ' ORDER BY b, id) AS b, string_agg(id::text, ' ' ORDER BY n DESC, id) AS n, string_agg(id::text, ' ' ORDER BY d, id) AS d, string_agg(id::text, ' ' ORDER BY t DESC NULLS LAST, id) AS t, string_agg(id::text, ' ' ORDER BY iv DESC, id) AS iv, string_agg(id::text, ' ' ORDER BY day NULLS FIRST, id DESC) AS day FROM w;
CREATE VIEW modes AS SELECT g, mode() WITHIN GROUP (ORDER BY t) AS t, mode() WITHIN GROUP (ORDER BY t DESC) AS td, mode() WITHIN GROUP (ORDER BY i) AS i, mode() WITHIN GROUP (ORDER BY n DESC) + 0 AS n, mode() WITHIN GROUP (ORDER BY d) AS d, mode() WITHIN GROUP (ORDER BY b DESC) AS b, mode() WITHIN GROUP (ORDER BY day) AS day FROM w GROUP BY g;
CREATE VIEW medians AS SELECT g, percentile_cont(0.5) WITHIN GROUP (ORDER BY d) AS d, percentile_cont(0.25) WITHIN GROUP (ORDER BY i DESC) AS i, percentile_cont(0.9) WITHIN GROUP (ORDER BY n) AS n, percentile_cont(0.5) WITHIN GROUP (ORDER BY iv) AS iv, percentile_cont(NULL) WITHIN GROUP (ORDER BY d) AS none FROM w GROUP BY g;
CREATE VIEW quantiles AS SELECT g, percentile_disc(0.5) WITHIN GROUP (ORDER BY t) AS t, percentile_disc(0) WITHIN GROUP (ORDER BY i) AS i0, percentile_disc(1) WITHIN GROUP (ORDER BY i) AS i1, percentile_disc(0.3) WITHIN GROUP (ORDER BY i DESC) AS i3, percentile_disc(0.7) WITHIN GROUP (ORDER BY b) AS b, percentile_disc(0.6) WITHIN GROUP (ORDER BY day DESC) AS day, percentile_disc(0.75) WITHIN GROUP (ORDER BY d) FILTER (WHERE i > 1) AS d FROM w GROUP BY g;
CREATE VIEW ranks AS SELECT g, rank(3) WITHIN GROUP (ORDER BY i) AS r, dense_rank(3) WITHIN GROUP (ORDER BY i) AS dr, percent_rank(3) WITHIN GROUP (ORDER BY i) AS pr, cume_dist(3) WITHIN GROUP (ORDER BY i) AS cd, rank('b', 2.5) WITHIN GROUP (ORDER BY t DESC, n NULLS FIRST) AS r2, dense_rank('b') WITHIN GROUP (ORDER BY t) AS dt, rank(NULL::int) WITHIN GROUP (ORDER BY i) AS rn FROM w GROUP BY g;
CREATE VIEW ranks_all AS SELECT rank(1) WITHIN GROUP (ORDER BY i), dense_rank(1) WITHIN GROUP (ORDER BY i DESC), percent_rank(1) WITHIN GROUP (ORDER BY i), cume_dist(1) WITHIN GROUP (ORDER BY i), mode() WITHIN GROUP (ORDER BY i), percentile_cont(0.5) WITHIN GROUP (ORDER BY i), percentile_disc(0.5) WITHIN GROUP (ORDER BY i) FROM w WHERE g = 'a';
CREATE VIEW moving AS SELECT id, string_agg(t, sep) OVER (PARTITION BY g ORDER BY id) AS run, string_agg(t, ',') OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND 2 FOLLOWING EXCLUDE CURRENT ROW) AS near, string_agg(id::text, '') FILTER (WHERE b) OVER (ORDER BY id DESC) AS up, string_agg(t, '|') OVER (ORDER BY id ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS rest FROM w;
CREATE VIEW ignored_order AS SELECT g, sum(i ORDER BY n) AS s, count(DISTINCT i ORDER BY i) AS c, max(t ORDER BY id DESC) AS m FROM w GROUP BY g HAVING percentile_cont(0.5) WITHIN GROUP (ORDER BY i) > 1 ORDER BY g;
-- check
INSERT INTO w VALUES
  (1, 'a', 'pear', '/', 3, 1.5, 1.5, true, '1 day', '2024-01-01'), (2, 'a', 'fig', NULL, 1, 2.5, 0.1, false, '1 mon', '2024-02-01'),
  (3, 'a', 'pear', '-', 3, 1.5, NULL, true, '-1 hour', NULL), (4, 'b', 'a rather long name of a fruit', '::', NULL, NULL, 4, NULL, '30 days', '2023-01-01'),
  (5, 'b', '', '', 7, -3, 'NaN', false, NULL, 'infinity'), (6, NULL, 'kiwi', ',', 2, 0, -1, true, '2 days 03:04:05', '2024-01-01');
-- check
INSERT INTO w VALUES (7, 'a', NULL, '!', 1, 12345678901234567890.5, -7, false, '1 day', '2024-01-01'), (8, 'a', 'fig', '?', 9, -0.001, 1e10, true, '00:00:01', '2024-03-01'),
  (9, NULL, 'kiwi', ';', 2, 'NaN', 'Infinity', NULL, '-3 years', NULL), (10, NULL, 'apple', ';', 5, '-Infinity', '-Infinity', NULL, '1 year', '0001-01-01 BC'), (11, 'c', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
-- check
UPDATE w SET t = 'fig' WHERE id = 1;
DELETE FROM w WHERE id IN (4, 9);
-- check
UPDATE w SET g = 'a' WHERE g IS NULL OR g = 'b';
-- check
UPDATE w SET i = i + 1, t = t || id, n = n / 3, d = d * 2 WHERE id % 2 = 0;
-- check
DELETE FROM w WHERE id > 2;
-- check
DELETE FROM w;
-- check
CREATE TABLE short (id INT PRIMARY KEY, c CHAR(3), v VARCHAR(5));
CREATE VIEW lists_short AS SELECT string_agg(DISTINCT c, ',' ORDER BY c) AS c, string_agg(DISTINCT v, ',' ORDER BY v DESC) AS v, string_agg(DISTINCT c, v ORDER BY c, v) AS pairs, string_agg(DISTINCT 'a', ',' ORDER BY 'a'::text) AS a FROM short;
INSERT INTO short VALUES (1, 'a', 'x'), (2, 'b', 'x'), (3, 'a ', 'y'), (4, NULL, 'z'), (5, 'c', NULL);
-- check
DELETE FROM short WHERE id < 3;
-- check
