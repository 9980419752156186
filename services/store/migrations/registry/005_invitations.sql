CREATE TABLE IF NOT EXISTS invitations
(
    partition UInt16 COMMENT 'partition of the event log',
    log_offset UInt64 COMMENT 'its offset there',
    submission_id FixedString(16) COMMENT 'the id that the client gave it',
    sender LowCardinality(String) COMMENT 'subject of the token it came with',
    catalogue FixedString(32) COMMENT 'SHA-256 of the catalogue that admitted it',
    ingested_at DateTime64(3, 'UTC') COMMENT 'when ingest took it',
    code FixedString(16) COMMENT 'pseudonym of the survey code',
    unit LowCardinality(String) COMMENT 'id of the unit',
    month UInt32 COMMENT 'month of discharge, YYYYMM',
    precedence UInt64 COMMENT '2^64 - 1 - log_offset: of equal keys the first in the log stays'
)
ENGINE = ReplacingMergeTree(precedence)
ORDER BY (code, partition, submission_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,
    old_parts_lifetime = 0, merge_tree_clear_old_parts_interval_seconds = 1
