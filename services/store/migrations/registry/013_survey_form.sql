CREATE VIEW IF NOT EXISTS survey_form AS
SELECT
    partition, log_offset, submission_id, sender, catalogue, ingested_at,
    code, unit, month,
    instrument, version, respondent, item, value, missing, total, scale, score
FROM survey_forms FINAL
WHERE (partition, code) NOT IN (SELECT partition, subject FROM withdrawn WHERE everything)
ORDER BY log_offset
LIMIT 1 BY code
