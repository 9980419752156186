CREATE TABLE IF NOT EXISTS log_keys
(
    subject FixedString(16) COMMENT 'pseudonym of the patient or of the survey code',
    partition UInt16 COMMENT 'partition of the event log',
    log_offset UInt64 COMMENT 'offset there',
    key String COMMENT 'key of the record: what a tombstone names',
    registry_form Bool COMMENT 'it is a form of the quality register'
)
ENGINE = ReplacingMergeTree
ORDER BY (subject, partition, log_offset)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,
    old_parts_lifetime = 0, merge_tree_clear_old_parts_interval_seconds = 1
