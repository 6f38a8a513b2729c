-- GROUP BY in all its spellings, dependence on a primary key, HAVING without GROUP BY, aggregates of expressions, grouped sub-selects.
CREATE TABLE customers (id INT PRIMARY KEY, name TEXT, city TEXT, credit NUMERIC(10,2));
CREATE TABLE orders (id INT PRIMARY KEY, customer INT, placed DATE, amount NUMERIC(10,2), items SMALLINT);

CREATE VIEW by_key AS SELECT c.id, c.name, c.city, COUNT(o.id) AS n, SUM(o.amount) AS total FROM customers c LEFT JOIN orders o ON o.customer = c.id GROUP BY c.id;
CREATE VIEW by_expression AS SELECT extract(year from placed) AS y, extract(month from placed) AS m, SUM(amount) AS s FROM orders GROUP BY extract(year from placed), 2;
CREATE VIEW by_case AS SELECT CASE WHEN amount > 100 THEN 'big' WHEN amount > 10 THEN 'mid' ELSE 'small' END AS size, COUNT(*), AVG(items) AS items FROM orders GROUP BY size;
CREATE VIEW total AS SELECT COUNT(*) AS n, SUM(amount) AS s, MIN(placed) AS first, MAX(placed) AS last, AVG(amount) AS a, COUNT(DISTINCT customer) AS c FROM orders;
CREATE VIEW total_if AS SELECT SUM(amount) AS s FROM orders HAVING COUNT(*) > 2;
CREATE VIEW one_group AS SELECT 'all' AS who, SUM(items) FROM orders GROUP BY ();
CREATE VIEW constants AS SELECT 1 AS one, COUNT(*) FROM orders GROUP BY 1;
CREATE VIEW keyed_only AS SELECT customer FROM orders GROUP BY customer;
CREATE VIEW having_other AS SELECT customer, MAX(amount) - MIN(amount) AS spread FROM orders GROUP BY customer HAVING SUM(items) > 3 AND customer IS NOT NULL;
CREATE VIEW of_aggregates AS SELECT n, COUNT(*) AS customers, SUM(s) AS s FROM (SELECT customer, COUNT(*) AS n, SUM(amount) AS s FROM orders GROUP BY customer) x GROUP BY n;
CREATE VIEW filters AS SELECT customer, COUNT(*) FILTER (WHERE amount > 50) AS big, SUM(amount) FILTER (WHERE items = 1) AS single, COUNT(DISTINCT items) FILTER (WHERE amount < 100) AS kinds,
  bool_or(amount > 100) AS any_big, every(items > 0) AS all_some, SUM(DISTINCT items) AS di, AVG(DISTINCT amount) AS da FROM orders GROUP BY customer;
CREATE VIEW nulls AS SELECT customer, placed, COUNT(*), COUNT(amount), SUM(amount) FROM orders GROUP BY customer, placed;
CREATE VIEW pushed AS SELECT * FROM (SELECT customer, SUM(amount) AS s FROM orders GROUP BY customer) x WHERE customer > 1 AND s > 20;
CREATE VIEW arithmetic AS SELECT customer + 1 AS k, SUM(amount * items) / COUNT(*) AS mean, SUM(amount) * 2 + COUNT(*) AS odd FROM orders GROUP BY customer + 1;
CREATE VIEW joined AS SELECT c.city, COUNT(*) AS n, SUM(o.amount) FILTER (WHERE o.items > 1) AS s FROM orders o JOIN customers c ON c.id = o.customer GROUP BY c.city HAVING COUNT(*) > 1;
CREATE VIEW distinct_agg AS SELECT DISTINCT COUNT(*) AS n FROM orders GROUP BY customer;
CREATE VIEW top_groups AS SELECT customer, SUM(amount) AS s FROM orders GROUP BY customer ORDER BY SUM(amount) DESC NULLS LAST, customer LIMIT 2;
CREATE VIEW texts AS SELECT city, MIN(name) AS a, MAX(name) AS z, COUNT(DISTINCT name) AS n FROM customers GROUP BY city;

-- check
INSERT INTO customers VALUES (1, 'Ann', 'Oslo', 100), (2, 'Bob', 'Oslo', NULL), (3, 'Cy', NULL, 5), (4, NULL, 'Bergen', 0);
INSERT INTO orders VALUES (1, 1, '2024-01-05', 120.50, 2), (2, 1, '2024-01-09', 9.99, 1), (3, 2, '2024-02-01', 50, NULL), (4, NULL, NULL, NULL, 1), (5, 9, '2023-02-01', 12, 3);
-- check
INSERT INTO orders VALUES (6, 3, '2024-02-01', 99.99, 4), (7, 3, '2024-02-01', 99.99, 4), (8, 2, '2024-03-01', -5, 0);
UPDATE customers SET name = 'Bo', city = 'Bergen' WHERE id = 2;
-- check
DELETE FROM orders WHERE customer = 1 OR customer IS NULL;
UPDATE orders SET customer = 1 WHERE id = 6;
UPDATE orders SET amount = amount + 1, items = DEFAULT WHERE id IN (5, 7);
-- check
DELETE FROM customers WHERE id = 3;
UPDATE orders SET customer = customer + 1;
-- check
DELETE FROM orders;
-- check
INSERT INTO orders (id, amount) VALUES (1, 1.00), (2, 1.0);
