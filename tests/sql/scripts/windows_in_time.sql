-- Windows in time: tumbling by date_bin and date_trunc, hopping by generate_series beside each row, sessions by LAG and a running SUM, sliding by RANGE.
CREATE TABLE clicks (id INT PRIMARY KEY, who INT, at TIMESTAMP, cents INT);
INSERT INTO clicks VALUES (1, 1, '2026-03-01 10:01', 5), (2, 1, '2026-03-01 10:04:59', 7), (3, 2, '2026-03-01 10:05', 1), (4, 1, '2026-03-01 10:40', 2), (5, 2, '2026-03-01 11:59:59.999', 9),
  (6, NULL, '2026-03-01 10:05', 4), (7, 1, NULL, 3);
CREATE VIEW tumbling AS SELECT date_bin('5 minutes', at, '2001-01-01') AS begins, COUNT(*), SUM(cents) FROM clicks GROUP BY 1;
CREATE VIEW by_hour AS SELECT who, date_trunc('hour', at) AS hour, SUM(cents) AS cents FROM clicks GROUP BY who, date_trunc('hour', at);
-- Ten minutes, beginning every five: the windows [w, w + 10 minutes) that a click is in.
CREATE VIEW hopping AS
  SELECT w AS begins, w + interval '10 minutes' AS ends, COUNT(*), SUM(cents), MAX(at) AS last
  FROM clicks, LATERAL generate_series(date_bin('5 minutes', at, '2001-01-01') - interval '5 minutes', date_bin('5 minutes', at, '2001-01-01'), interval '5 minutes') AS w
  GROUP BY w;
CREATE VIEW hopping_zoned AS
  SELECT w, local, COUNT(*)
  FROM (SELECT w, w AT TIME ZONE 'UTC' AS local FROM clicks, LATERAL generate_series(date_trunc('day', at)::date - 1, at::date, interval '12 hours') AS w) AS hops GROUP BY w, local;
CREATE VIEW hopping_each AS
  SELECT c.who, w, COUNT(c.id) AS n
  FROM clicks c CROSS JOIN LATERAL generate_series(date_bin('1 hour', c.at, '2001-01-01') - interval '3 hours', c.at, '1 hour') AS s(w)
  GROUP BY c.who, w HAVING COUNT(c.id) > 1;
-- A session ends when nothing comes for ten minutes.
CREATE VIEW sessions AS
  SELECT who, session, MIN(at) AS begins, MAX(at) AS ends, COUNT(*), SUM(cents) AS cents
  FROM (SELECT who, at, cents, SUM(fresh) OVER (PARTITION BY who ORDER BY at, id) AS session
        FROM (SELECT *, CASE WHEN at - LAG(at) OVER (PARTITION BY who ORDER BY at, id) <= interval '10 minutes' THEN 0 ELSE 1 END AS fresh FROM clicks WHERE at IS NOT NULL) AS marked) AS numbered
  GROUP BY who, session;
CREATE VIEW zoned_series AS SELECT id, generate_series(at::timestamptz, at AT TIME ZONE 'UTC' + interval '1 hour', '25 minutes') AS g FROM clicks WHERE who = 2;
CREATE VIEW longest AS SELECT who, MAX(ends - begins) AS longest FROM sessions GROUP BY who;
CREATE VIEW sliding AS SELECT id, who, SUM(cents) OVER (PARTITION BY who ORDER BY at RANGE BETWEEN interval '10 minutes' PRECEDING AND CURRENT ROW) AS last_ten FROM clicks WHERE at IS NOT NULL;
-- check
INSERT INTO clicks VALUES (8, 1, '2026-03-01 10:12', 11), (9, 1, '2026-03-01 10:22', 1), (10, 1, '2026-03-01 10:31', 6);
-- check
UPDATE clicks SET at = at + interval '7 minutes' WHERE id IN (1, 3, 9);
DELETE FROM clicks WHERE id = 8;
-- check
UPDATE clicks SET who = 2 WHERE who IS NULL;
DELETE FROM clicks WHERE who = 1 AND cents > 4;
