CREATE TABLE IF NOT EXISTS episodes
(
    partition UInt16 COMMENT 'partition of the event log',
    log_offset UInt64 COMMENT 'its offset there',
    submission_id FixedString(16) COMMENT 'the id that the client gave it',
    sender LowCardinality(String) COMMENT 'subject of the token it came with',
    catalogue FixedString(32) COMMENT 'SHA-256 of the catalogue that admitted it',
    ingested_at DateTime64(3, 'UTC') COMMENT 'when ingest took it',
    person FixedString(16) COMMENT 'pseudonym of the patient',
    episode FixedString(16) COMMENT 'pseudonym of the episode',
    unit LowCardinality(String) COMMENT 'id of the unit',
    event LowCardinality(String) COMMENT 'opened or closed',
    day Date32 COMMENT 'when',
    therapist Nullable(FixedString(16)) COMMENT 'pseudonym of the therapist named at the opening',
    ending LowCardinality(String) COMMENT 'unknown, planned, unplanned or transfer; empty at an opening',
    precedence UInt64 COMMENT '2^64 - 1 - log_offset: of equal keys the first in the log stays'
)
ENGINE = ReplacingMergeTree(precedence)
ORDER BY (person, episode, partition, event, submission_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,
    old_parts_lifetime = 0, merge_tree_clear_old_parts_interval_seconds = 1
