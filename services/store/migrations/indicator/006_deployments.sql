CREATE TABLE IF NOT EXISTS deployments
(
    id FixedString(16) COMMENT 'id of the deployment whose rows these are, from the genesis of its log'
)
ENGINE = ReplacingMergeTree
ORDER BY id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
