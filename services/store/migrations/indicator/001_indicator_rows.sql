CREATE TABLE IF NOT EXISTS indicator_rows
(
    measure LowCardinality(String) COMMENT 'id of the measure',
    catalogue FixedString(32) COMMENT 'SHA-256 of the catalogue in force',
    level LowCardinality(String) COMMENT 'unit, institution or trust',
    organisation String COMMENT 'id at that level',
    first_month UInt32 COMMENT 'first month of the span, YYYYMM',
    last_month UInt32 COMMENT 'last month of the span, YYYYMM',
    part LowCardinality(String) COMMENT 'id of the part; empty where joined or where there is none',
    persons UInt32 COMMENT 'distinct persons, or codes',
    new_in_year Nullable(UInt32) COMMENT 'persons in no earlier row of this measure and year',
    single_therapist Bool COMMENT 'the unit is registered as having one therapist',
    single_device Bool COMMENT 'the unit is registered as having one device',
    close_month UInt32 COMMENT 'the month whose close released the row, YYYYMM',
    variable Array(LowCardinality(String)) COMMENT 'ids of the variables, in the order of the measure',
    sum Array(Int64) COMMENT 'per variable, in millionths',
    sum_sq Array(Nullable(Int128)) COMMENT 'per variable, in units of 1e-12; only where a spread is shown',
    partition UInt16 COMMENT 'partition of the ledger'
)
ENGINE = ReplacingMergeTree
PARTITION BY intDiv(close_month, 100)
ORDER BY (measure, level, organisation, first_month, last_month, part, close_month, partition)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,
    old_parts_lifetime = 0
