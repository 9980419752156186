CREATE VIEW IF NOT EXISTS invitation AS
SELECT
    partition, log_offset, submission_id, sender, catalogue, ingested_at,
    code, unit, month
FROM invitations FINAL
WHERE (partition, code) NOT IN (SELECT partition, subject FROM withdrawn WHERE everything)
ORDER BY log_offset
LIMIT 1 BY code, partition
