CREATE OR REPLACE VIEW registry_form AS
SELECT
    partition, log_offset, submission_id, sender, catalogue, ingested_at,
    person, episode, unit, day, revision,
    instrument, version, respondent, item, value, missing, total, scale, score
FROM
(
    SELECT
        *,
        max(revision) OVER (
            PARTITION BY person, episode, partition, unit, day, instrument, version, respondent
        ) AS newest
    FROM registry_form_received
)
WHERE revision = newest
ORDER BY log_offset
LIMIT 1 BY person, episode, partition, unit, day, instrument, version, respondent
