CREATE VIEW IF NOT EXISTS registry_form_received AS
SELECT
    partition, log_offset, submission_id, sender, catalogue, ingested_at,
    person, episode, unit, day, revision,
    instrument, version, respondent, item, value, missing, total, scale, score
FROM registry_forms FINAL
WHERE (partition, person) NOT IN (SELECT partition, subject FROM withdrawn)
