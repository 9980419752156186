CREATE VIEW IF NOT EXISTS withdrawn AS
SELECT
    partition,
    subject,
    maxIf(log_offset + 1, action = 'renewal') AS lifted,
    maxIf(log_offset + 1, action = 'all') > lifted AS everything
FROM withdrawals FINAL
GROUP BY partition, subject
HAVING maxIf(log_offset + 1, action != 'renewal') > lifted
