CREATE VIEW IF NOT EXISTS shown_months AS
SELECT month
FROM closed
GROUP BY month
HAVING uniqExact(partition) = max(partitions)
