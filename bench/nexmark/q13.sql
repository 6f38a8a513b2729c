-- Bids with a table on the side.
CREATE VIEW v AS
SELECT b.auction, b.bidder, b.price, b.date_time, s.value FROM bid b JOIN side_input s ON b.auction % 10000 = s.key;
