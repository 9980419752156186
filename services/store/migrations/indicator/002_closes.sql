CREATE TABLE IF NOT EXISTS closes
(
    partition UInt16 COMMENT 'partition of the ledger',
    partitions UInt16 COMMENT 'how many partitions the deployment has',
    month UInt32 COMMENT 'YYYYMM',
    rows UInt64 COMMENT 'rows of the close; 0 for an empty one',
    hash UInt128 COMMENT 'xxh3-128 of the rows'
)
ENGINE = ReplacingMergeTree
ORDER BY (partition, month)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,
    old_parts_lifetime = 0
