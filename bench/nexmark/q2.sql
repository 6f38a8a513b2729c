-- Bids on some auctions.
CREATE VIEW v AS SELECT auction, price FROM bid WHERE auction % 123 = 0;
