CREATE TABLE IF NOT EXISTS period_closes
(
    partition UInt16 COMMENT 'partition of the event log',
    month UInt32 COMMENT 'a month that may be closed, YYYYMM',
    log_offset UInt64 COMMENT 'offset of the PeriodClose there'
)
ENGINE = ReplacingMergeTree
ORDER BY (partition, month)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,
    old_parts_lifetime = 0, merge_tree_clear_old_parts_interval_seconds = 1
