ALTER TABLE session_forms
    ADD COLUMN IF NOT EXISTS age LowCardinality(String)
    COMMENT 'child, adolescent or adult; empty where the form names none' AFTER respondent
