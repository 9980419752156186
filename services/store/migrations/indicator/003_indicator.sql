CREATE VIEW IF NOT EXISTS indicator AS
SELECT
    measure, catalogue, level, organisation, first_month, last_month, part, persons, new_in_year,
    single_therapist, single_device, close_month, variable, sum, sum_sq, partition
FROM indicator_rows FINAL
