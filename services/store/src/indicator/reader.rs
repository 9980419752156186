//! Reading rows for figures. Comes in: what is asked for. Goes out: rows of shown months, and marks
//! by which a reader knows that what it has read before still stands.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use medvirk_domain::ids::{DeploymentId, MeasureId};
use medvirk_domain::time::Month;

use super::hash::RowsHash;
use super::wire::{self, ClosedRecord, IndicatorRecord};
use super::{IndicatorRow, hash, read_back};
use crate::connection::{ClickHouseServer, DatabaseConnection, fetch};
use crate::error::Error;
use crate::ownership::{self, TableOwnership};

const ROWS: &str = "read indicator rows";
const CLOSES: &str = "read the closes of a year";

/// Which rows a reader asks for.
#[derive(Debug, Clone, Default)]
pub struct RowQuery {
    /// Of these measures; empty for all.
    pub measures: Vec<MeasureId>,
    /// Of these organisations, of whatever level; empty for all. Those above or below are not
    /// implied.
    pub organisations: Vec<String>,
    /// Whose span lies whole in these months; `None` for all.
    pub span: Option<RangeInclusive<Month>>,
}

/// What a close of a shown month is known by: another one where it has other rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CloseMark(pub u64);

/// The rows that were closed in a year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct YearOfRows {
    /// Of shown months, in any order.
    pub rows: Vec<IndicatorRow>,
    /// True if every close has the rows that it was marked complete with, and there are no others.
    /// Otherwise rows are lost or being mended, and this is what there is just now.
    pub whole: bool,
}

/// Reads rows of shown months. Needs `SELECT` on the three views and nothing else.
#[derive(Clone)]
pub struct IndicatorReader {
    server: ClickHouseServer,
}

impl IndicatorReader {
    /// Connects nothing yet.
    ///
    /// # Errors
    /// If the database's name is no identifier.
    pub fn new(connection: &DatabaseConnection) -> Result<Self, Error> {
        let server = ClickHouseServer::new(connection)?;
        Ok(Self { server })
    }

    /// Whose tables these are. Asks for nothing else, and may be asked before the migration.
    ///
    /// # Errors
    /// [`Error::OtherDeployment`] where they name another one, or if the server fails.
    pub async fn ownership(&self, ours: DeploymentId) -> Result<TableOwnership, Error> {
        ownership::of_view(&self.server, ours).await
    }

    /// Months that every partition has closed, in order.
    ///
    /// # Errors
    /// If the server fails.
    pub async fn shown_months(&self) -> Result<Vec<Month>, Error> {
        let sql = "SELECT month FROM shown_months ORDER BY month";
        let months = fetch::<u32>("read the shown months", self.server.query(sql)).await?;
        let month = |yyyymm: u32| wire::month(yyyymm, "month");
        months.into_iter().map(month).collect()
    }

    /// The same, each with its mark; one small query, however many rows there are.
    ///
    /// # Errors
    /// If the server fails.
    pub async fn marks(&self) -> Result<BTreeMap<Month, CloseMark>, Error> {
        let sql = "SELECT month, groupBitXor(sipHash64(partition, partitions, rows, hash)) \
                   FROM closed WHERE month IN (SELECT month FROM shown_months) GROUP BY month";
        let marks = fetch::<(u32, u64)>("read the marks of closes", self.server.query(sql)).await?;
        let mark = |(yyyymm, mark)| Ok((wire::month(yyyymm, "month")?, CloseMark(mark)));
        marks.into_iter().map(mark).collect()
    }

    /// Every row that was closed in a year, and whether they are all.
    ///
    /// # Errors
    /// If the server fails.
    pub async fn closed_in(&self, year: i32) -> Result<YearOfRows, Error> {
        let sql = "SELECT ?fields FROM closed WHERE intDiv(month, 100) = ? \
                   AND month IN (SELECT month FROM shown_months)";
        let closes = fetch::<ClosedRecord>(CLOSES, self.server.query(sql).bind(year)).await?;
        let sql = "SELECT ?fields FROM indicator WHERE intDiv(close_month, 100) = ? \
                   AND close_month IN (SELECT month FROM shown_months)";
        let records = fetch::<IndicatorRecord>(ROWS, self.server.query(sql).bind(year)).await?;
        let whole = agree(&closes, &records);
        let rows = records
            .into_iter()
            .map(wire::row)
            .collect::<Result<_, _>>()?;
        Ok(YearOfRows { rows, whole })
    }

    /// Rows of shown months that meet the query, ordered by their key.
    ///
    /// # Errors
    /// If the server fails.
    pub async fn rows(&self, query: &RowQuery) -> Result<Vec<IndicatorRow>, Error> {
        let records = fetch::<IndicatorRecord>(ROWS, self.select(query)).await?;
        records.into_iter().map(wire::row).collect()
    }

    /// As [`super::IndicatorWriter::closes`].
    ///
    /// # Errors
    /// If the server fails.
    pub async fn closes(&self, partition: u32) -> Result<BTreeMap<Month, RowsHash>, Error> {
        read_back::closes(&self.server, partition).await
    }

    /// As [`super::IndicatorWriter::read_back_year`].
    ///
    /// # Errors
    /// If the server fails.
    pub async fn read_back_year(
        &self,
        partition: u32,
        year: i32,
    ) -> Result<BTreeMap<Month, RowsHash>, Error> {
        read_back::year(&self.server, partition, year).await
    }

    /// Every partition and month of which the views have rows or the mark of a close.
    ///
    /// # Errors
    /// If the server fails.
    pub async fn places(&self) -> Result<BTreeSet<(u32, Month)>, Error> {
        let sql = "SELECT DISTINCT partition, close_month FROM indicator \
                   UNION DISTINCT SELECT partition, month FROM closed";
        let query = self.server.query(sql);
        let places = fetch::<(u16, u32)>("read which closes are there", query).await?;
        let place = |(partition, yyyymm): (u16, u32)| {
            Ok((partition.into(), wire::month(yyyymm, "close_month")?))
        };
        places.into_iter().map(place).collect()
    }

    fn select(&self, query: &RowQuery) -> clickhouse::query::Query {
        let mut sql = String::from(
            "SELECT ?fields FROM indicator \
             WHERE close_month IN (SELECT month FROM shown_months)",
        );
        for (wanted, condition) in [
            (!query.measures.is_empty(), " AND measure IN ?"),
            (!query.organisations.is_empty(), " AND organisation IN ?"),
            (
                query.span.is_some(),
                " AND first_month >= ? AND last_month <= ?",
            ),
        ] {
            sql.push_str(if wanted { condition } else { "" });
        }
        sql.push_str(
            " ORDER BY measure, level, organisation, first_month, last_month, part, \
             close_month, partition",
        );
        let mut statement = self.server.query(&sql);
        if !query.measures.is_empty() {
            let ids: Vec<&str> = query.measures.iter().map(MeasureId::as_str).collect();
            statement = statement.bind(ids);
        }
        if !query.organisations.is_empty() {
            statement = statement.bind(&query.organisations);
        }
        match &query.span {
            Some(span) => statement
                .bind(span.start().yyyymm())
                .bind(span.end().yyyymm()),
            None => statement,
        }
    }
}

/// True if each close has just the rows that it is marked with, and there is no other.
fn agree(closes: &[ClosedRecord], records: &[IndicatorRecord]) -> bool {
    let mut found: BTreeMap<(u16, u32), Vec<&IndicatorRecord>> = BTreeMap::new();
    for record in records {
        let of = (record.partition, record.close_month);
        found.entry(of).or_default().push(record);
    }
    let as_marked = closes.iter().all(|close| {
        let rows = found
            .remove(&(close.partition, close.month))
            .unwrap_or_default();
        let marked = RowsHash {
            rows: close.rows,
            hash: close.hash,
        };
        hash::of_records(rows) == marked
    });
    as_marked && found.is_empty()
}
