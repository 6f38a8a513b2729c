-- Bids of a bidder in each window of 10 s.
CREATE VIEW v AS
SELECT bidder, COUNT(*) AS bid_count, date_bin('10 seconds', date_time, TIMESTAMP '2000-01-01') AS starttime FROM bid GROUP BY 1, 3;
