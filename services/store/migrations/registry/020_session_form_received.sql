CREATE OR REPLACE VIEW session_form_received AS
SELECT
    partition, log_offset, submission_id, sender, catalogue, ingested_at,
    person, episode, unit, day, number, revision, place,
    instrument, version, respondent, age, item, value, missing, total, scale, score
FROM session_forms FINAL
WHERE (partition, person) NOT IN (SELECT partition, subject FROM withdrawn WHERE everything)
