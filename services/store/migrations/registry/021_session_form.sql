CREATE OR REPLACE VIEW session_form AS
SELECT
    partition, log_offset, submission_id, sender, catalogue, ingested_at,
    person, episode, unit, day, number, revision, place,
    instrument, version, respondent, age, item, value, missing, total, scale, score
FROM
(
    SELECT
        *,
        max(revision) OVER (PARTITION BY person, episode, partition, unit, day, number) AS newest
    FROM session_form_received
)
WHERE revision = newest
ORDER BY log_offset, place
LIMIT 1 BY person, episode, partition, unit, day, number, instrument, respondent
