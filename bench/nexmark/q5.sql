-- The auctions with most bids in each window of 10 s, one every 2 s.
CREATE VIEW v AS
SELECT auction, starttime, num FROM (
  SELECT auction, starttime, num, RANK() OVER (PARTITION BY starttime ORDER BY num DESC) AS place FROM (
    SELECT b.auction, date_bin('2 seconds', b.date_time, TIMESTAMP '2000-01-01') - s.back * INTERVAL '2 seconds' AS starttime, COUNT(*) AS num
    FROM bid b CROSS JOIN generate_series(0, 4) AS s(back) GROUP BY 1, 2) counted) ranked
WHERE place <= 1;
