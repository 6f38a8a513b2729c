-- Bids of a bidder in a session: it ends where none comes for 10 s.
CREATE VIEW v AS
SELECT bidder, COUNT(*) AS bid_count, MIN(date_time) AS starttime, MAX(date_time) AS endtime FROM (
  SELECT bidder, date_time, SUM(fresh) OVER (PARTITION BY bidder ORDER BY date_time) AS session FROM (
    SELECT bidder, date_time, CASE WHEN date_time - LAG(date_time) OVER (PARTITION BY bidder ORDER BY date_time) < INTERVAL '10 seconds' THEN 0 ELSE 1 END AS fresh
    FROM bid) gaps) sessions
GROUP BY bidder, session;
