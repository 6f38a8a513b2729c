-- The id of a channel: by its name, else from the url.
CREATE VIEW v AS
SELECT auction, bidder, price, channel, channel_id FROM (
  SELECT *, CASE lower(channel) WHEN 'apple' THEN '0' WHEN 'google' THEN '1' WHEN 'facebook' THEN '2' WHEN 'baidu' THEN '3'
            ELSE substring(url FROM '[&?]channel_id=([^&]*)') END AS channel_id FROM bid) named
WHERE channel_id IS NOT NULL;
