//! Reading rows for figures.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use medvirk_domain::ids::MeasureId;
use medvirk_domain::time::Month;

use super::hash::RowsHash;
use super::wire::{self, Record};
use super::{IndicatorRow, read_back};
use crate::connection::{Connection, Server, fetch};
use crate::error::Error;

/// Which rows.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// Of these measures; empty for all.
    pub measures: Vec<MeasureId>,
    /// Of these organisations, of whatever level; empty for all. Those above or below are not
    /// implied.
    pub organisations: Vec<String>,
    /// Whose span lies whole in these months; `None` for all.
    pub span: Option<RangeInclusive<Month>>,
}

/// Reads rows of shown months. Needs `SELECT` on the three views and nothing else.
#[derive(Clone)]
pub struct IndicatorReader {
    server: Server,
}

impl IndicatorReader {
    /// Connects nothing yet.
    ///
    /// # Errors
    /// If the database's name is no identifier.
    pub fn new(connection: &Connection) -> Result<Self, Error> {
        let server = Server::new(connection)?;
        Ok(Self { server })
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

    /// Rows of shown months that meet the query, ordered by their key.
    ///
    /// # Errors
    /// If the server fails.
    pub async fn rows(&self, query: &Query) -> Result<Vec<IndicatorRow>, Error> {
        let records = fetch::<Record>("read indicator rows", self.select(query)).await?;
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

    fn select(&self, query: &Query) -> clickhouse::query::Query {
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
