-- Bids passed through.
CREATE VIEW v AS SELECT auction, bidder, price, date_time, extra FROM bid;
