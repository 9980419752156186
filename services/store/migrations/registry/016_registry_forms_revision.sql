ALTER TABLE registry_forms
    ADD COLUMN IF NOT EXISTS revision UInt32
    COMMENT 'of one kind of form about one day the highest counts' AFTER day
