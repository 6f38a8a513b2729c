-- now(), CURRENT_TIMESTAMP, LOCALTIMESTAMP and CURRENT_DATE in conditions of views, against columns of every type of moment: rows are there between the moments at which they enter and
-- leave. (Bounds lie years away, since two servers never look at the same microsecond; tests/views/clock_test.cc moves the clock.)
CREATE TABLE e (id INT PRIMARY KEY, k INT, ts TIMESTAMP, tz TIMESTAMPTZ, d DATE, keep INTERVAL);
INSERT INTO e VALUES (1, 1, '2001-01-01 00:00', '2001-01-01 00:00+00', '2001-01-01', '1 year'), (2, 1, '1850-06-01', '1850-06-01 12:00+00', '1850-06-01', '500 years'),
  (3, 2, '2300-02-28 10:00', '2300-02-28 10:00+00', '2300-02-28', '10 days'), (4, NULL, NULL, NULL, NULL, NULL), (5, 2, 'infinity', '-infinity', 'infinity', '3 months');
CREATE VIEW recent AS SELECT id, ts FROM e WHERE ts > now() - interval '100 years';
CREATE VIEW recent_zoned AS SELECT id FROM e WHERE tz >= CURRENT_TIMESTAMP - interval '100 years' AND tz < CURRENT_TIMESTAMP;
CREATE VIEW recent_days AS SELECT id, d FROM e WHERE d > CURRENT_DATE - interval '100 years' AND k IS NOT NULL;
CREATE VIEW days_back AS SELECT id FROM e WHERE CURRENT_DATE - d BETWEEN 3000 AND 40000 AND d < 'infinity';
CREATE VIEW between_them AS SELECT id FROM e WHERE ts BETWEEN now() - interval '100 years' AND now() + interval '100 years';
CREATE VIEW to_come AS SELECT id FROM e WHERE LOCALTIMESTAMP < ts;
CREATE VIEW over AS SELECT id FROM e WHERE ts + keep < LOCALTIMESTAMP;
CREATE VIEW kept AS SELECT id FROM e WHERE ts > now() - keep;
CREATE VIEW neither AS SELECT id FROM e WHERE NOT (ts > now() - interval '100 years') OR k = 2 AND d < now();
CREATE VIEW by_epoch AS SELECT id FROM e WHERE extract(epoch FROM tz) < extract(epoch FROM now()) - 1000000 AND tz <> '-infinity';
CREATE VIEW aged AS SELECT id FROM e WHERE now() - tz > interval '3000 days' AND tz BETWEEN '0001-01-01' AND '9999-01-01';
CREATE VIEW this_century AS SELECT id FROM e WHERE date_trunc('century', ts) = date_trunc('century', LOCALTIMESTAMP);
CREATE VIEW counts AS SELECT k, COUNT(*), MAX(ts) FROM e WHERE ts < now() GROUP BY k;
CREATE VIEW quiet AS SELECT k FROM e GROUP BY k HAVING MAX(ts) < now() + interval '100 years';
CREATE VIEW pairs AS SELECT a.id, b.id AS other FROM e a LEFT JOIN e b ON a.k = b.k AND b.ts < now();
CREATE VIEW meets AS SELECT a.id, b.id AS other FROM e a JOIN e b ON a.k = b.k AND a.ts - b.ts < now() - a.ts WHERE a.id < 5 AND b.id < 5;
CREATE VIEW without AS SELECT id FROM e WHERE NOT EXISTS (SELECT 1 FROM e f WHERE f.k = e.k AND f.ts > now());
CREATE VIEW on_it AS SELECT id FROM recent WHERE id > 1;
INSERT INTO e VALUES (6, 1, '2010-05-05', '2010-05-05+00', '2010-05-05', '2 days'), (7, 3, '2200-01-01', '1700-01-01+00', '0044-03-15 BC', '5 hours');
-- check
UPDATE e SET ts = ts - interval '300 years' WHERE id = 3;
UPDATE e SET tz = tz + interval '400 years', k = 2 WHERE id IN (2, 7);
DELETE FROM e WHERE id = 1;
-- check
SELECT id FROM e WHERE ts > now() - interval '100 years' AND d < CURRENT_DATE ORDER BY id;
INSERT INTO e SELECT 8, 8, date_trunc('year', now()), date_trunc('year', CURRENT_TIMESTAMP), date_trunc('year', LOCALTIMESTAMP), interval '50 years';
UPDATE e SET d = CASE WHEN CURRENT_DATE < '2001-01-01' THEN d ELSE '2400-01-01' END WHERE id = 6;
CREATE VIEW settled AS SELECT id, ts IS NULL AS none FROM e WHERE ts > now() - keep OR ts IS NULL;
-- check
DELETE FROM e WHERE id = 8 OR id = 6;
