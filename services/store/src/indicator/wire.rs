//! A row as the table `indicator_rows` holds it.

use clickhouse::Row;
use medvirk_domain::ids::{CatalogueHash, MeasureId, VariableId};
use medvirk_domain::row::{self, Close, RowLevel, RowParts, VariableSum};
use medvirk_domain::time::Month;
use serde::{Deserialize, Serialize};

use super::IndicatorRow;
use crate::error::Error;

#[derive(Row, Serialize, Deserialize, Clone)]
pub(super) struct IndicatorRecord {
    pub(super) measure: String,
    pub(super) catalogue: [u8; 32],
    pub(super) level: String,
    pub(super) organisation: String,
    pub(super) first_month: u32,
    pub(super) last_month: u32,
    pub(super) part: String,
    pub(super) persons: u32,
    pub(super) new_in_year: Option<u32>,
    pub(super) single_therapist: bool,
    pub(super) single_device: bool,
    pub(super) close_month: u32,
    pub(super) variable: Vec<String>,
    pub(super) sum: Vec<i64>,
    pub(super) sum_sq: Vec<Option<i128>>,
    pub(super) partition: u16,
}

/// A close as the table `closes` holds it.
#[derive(Row, Serialize, Deserialize)]
pub(super) struct ClosedRecord {
    pub(super) partition: u16,
    pub(super) partitions: u16,
    pub(super) month: u32,
    pub(super) rows: u64,
    pub(super) hash: u128,
}

/// The rows of a close, in its order.
pub(super) fn records(partition: u16, close: &Close) -> Vec<IndicatorRecord> {
    let record = |row: &row::Row| record(partition, close, row);
    close.rows.iter().map(record).collect()
}

fn record(partition: u16, close: &Close, row: &row::Row) -> IndicatorRecord {
    let variables = row.variables();
    IndicatorRecord {
        measure: row.measure().to_string(),
        catalogue: *close.catalogue.as_bytes(),
        level: row.level().as_str().to_owned(),
        organisation: row.organisation().to_owned(),
        first_month: row.first().yyyymm(),
        last_month: row.last().yyyymm(),
        part: row.part().to_owned(),
        persons: row.persons(),
        new_in_year: row.new_in_year(),
        single_therapist: row.single_therapist(),
        single_device: row.single_device(),
        close_month: close.month.yyyymm(),
        variable: variables.iter().map(|v| v.variable.to_string()).collect(),
        sum: variables.iter().map(|v| v.sum).collect(),
        sum_sq: variables.iter().map(|v| v.sum_sq).collect(),
        partition,
    }
}

/// What a reader gets.
pub(super) fn row(record: IndicatorRecord) -> Result<IndicatorRow, Error> {
    Ok(IndicatorRow {
        catalogue: CatalogueHash::new(record.catalogue),
        close_month: month(record.close_month, "close_month")?,
        row: RowParts {
            variables: variables(&record)?,
            measure: parse::<MeasureId>(&record.measure, "measure")?,
            level: RowLevel::parse(&record.level).ok_or(foreign("level"))?,
            organisation: record.organisation,
            first: month(record.first_month, "first_month")?,
            last: month(record.last_month, "last_month")?,
            part: record.part,
            persons: record.persons,
            new_in_year: record.new_in_year,
            single_therapist: record.single_therapist,
            single_device: record.single_device,
        },
    })
}

fn variables(record: &IndicatorRecord) -> Result<Vec<VariableSum>, Error> {
    let count = record.variable.len();
    if record.sum.len() != count || record.sum_sq.len() != count {
        return Err(foreign("sum"));
    }
    let sums = record.sum.iter().zip(&record.sum_sq);
    let all = record.variable.iter().zip(sums);
    all.map(|(id, (sum, sum_sq))| {
        Ok(VariableSum {
            variable: parse::<VariableId>(id, "variable")?,
            sum: *sum,
            sum_sq: *sum_sq,
        })
    })
    .collect()
}

pub(super) fn month(yyyymm: u32, column: &'static str) -> Result<Month, Error> {
    Month::from_yyyymm(yyyymm).ok_or(foreign(column))
}

fn parse<T: std::str::FromStr>(text: &str, column: &'static str) -> Result<T, Error> {
    text.parse().map_err(|_| foreign(column))
}

fn foreign(column: &'static str) -> Error {
    let attempt = "read indicator rows";
    Error::Foreign { attempt, column }
}
