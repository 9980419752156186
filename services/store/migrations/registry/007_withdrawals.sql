CREATE TABLE IF NOT EXISTS withdrawals
(
    partition UInt16 COMMENT 'partition of the event log',
    log_offset UInt64 COMMENT 'offset of the control record there',
    subject FixedString(16) COMMENT 'pseudonym of the patient or of the survey code',
    action LowCardinality(String) COMMENT 'registry or all for a withdrawal of that scope, renewal where it is lifted'
)
ENGINE = ReplacingMergeTree
ORDER BY (partition, log_offset)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,
    old_parts_lifetime = 0, merge_tree_clear_old_parts_interval_seconds = 1
