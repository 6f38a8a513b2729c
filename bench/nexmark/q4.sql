-- The average winning price of a category: an auction is won by the highest bid between its start and its end.
CREATE VIEW v AS
SELECT category, AVG(final) AS avg FROM (
  SELECT MAX(b.price) AS final, a.category FROM auction a JOIN bid b ON a.id = b.auction AND b.date_time BETWEEN a.date_time AND a.expires
  GROUP BY a.id, a.category) won
GROUP BY category;
