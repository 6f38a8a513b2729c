-- The average price of a seller's last ten closed auctions, at each of them.
CREATE VIEW v AS
SELECT seller, id, AVG(final) OVER (PARTITION BY seller ORDER BY expires, id ROWS BETWEEN 9 PRECEDING AND CURRENT ROW) AS avg FROM (
  SELECT a.seller, a.id, a.expires, MAX(b.price) AS final FROM auction a JOIN bid b ON a.id = b.auction AND b.date_time BETWEEN a.date_time AND a.expires
  GROUP BY a.id, a.seller, a.expires) won;
