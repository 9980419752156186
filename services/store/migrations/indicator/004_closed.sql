CREATE VIEW IF NOT EXISTS closed AS
SELECT partition, partitions, month, rows, hash
FROM closes FINAL
