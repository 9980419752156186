CREATE VIEW IF NOT EXISTS episode AS
SELECT
    partition, log_offset, submission_id, sender, catalogue, ingested_at,
    person, episode, unit, event, day, therapist, ending
FROM episodes FINAL
WHERE (partition, person) NOT IN (SELECT partition, subject FROM withdrawn WHERE everything)
ORDER BY log_offset
LIMIT 1 BY person, episode, partition, event
