-- People who opened an auction in the window of 10 s in which they registered.
CREATE VIEW v AS
SELECT p.id, p.name, p.starttime FROM (
  SELECT id, name, date_bin('10 seconds', date_time, TIMESTAMP '2000-01-01') AS starttime FROM person GROUP BY 1, 2, 3) p
JOIN (SELECT seller, date_bin('10 seconds', date_time, TIMESTAMP '2000-01-01') AS starttime FROM auction GROUP BY 1, 2) a
ON p.id = a.seller AND p.starttime = a.starttime;
