-- The highest bid of each window of 10 s.
CREATE VIEW v AS
SELECT b.auction, b.price, b.bidder, b.date_time, b.extra FROM bid b JOIN (
  SELECT MAX(price) AS price, date_bin('10 seconds', date_time, TIMESTAMP '2000-01-01') AS starttime FROM bid GROUP BY 2) top
ON b.price = top.price AND date_bin('10 seconds', b.date_time, TIMESTAMP '2000-01-01') = top.starttime;
