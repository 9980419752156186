//! Forms of the register as extracts have them: one row a form, one place an item. Comes in: which
//! forms, up to which places in the log. Goes out: a slice of them after the other, each in the order
//! of its keys. The invariants: pseudonyms are keyed hashes, so slices of their range have about as
//! many rows each, and nobody is in two; what is asked for twice is the same, but for whom has
//! withdrawn meanwhile; a form is given as the view `registry_form` showed it when the log had come to
//! those places.
//!
//! Which revision counts is found out here and not by the engine: it would sort all forms whole, and
//! they come in the order of the table's keys anyway, an episode's forms together.

use std::collections::HashMap;
use std::fmt;
use std::ops::RangeInclusive;

use clickhouse::Row;
use medvirk_domain::fixed::Fixed;
use medvirk_domain::ids::{InstrumentId, ItemId, Pseudonym, UnitId};
use medvirk_domain::time::Day;
use serde::Deserialize;

use super::RegistryReader;
use crate::connection::{STATEMENT, fetch, fetch_one, within};
use crate::error::Error;

mod newest;

use newest::Newest;

/// Which forms of the register.
#[derive(Debug, Clone)]
pub struct FormQuery {
    /// On this instrument, in any version.
    pub instrument: InstrumentId,
    /// The items that are wanted of each, in this order.
    pub items: Vec<ItemId>,
    /// Of these units; `None` for all.
    pub units: Option<Vec<UnitId>>,
    /// About these days.
    pub days: RangeInclusive<Day>,
    /// Per partition of the event log, the first offset that is not wanted; partitions that are not
    /// named are not wanted at all.
    pub bounds: Vec<u64>,
}

/// A part of the range of pseudonyms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice {
    /// From 0, below `of`.
    pub number: u32,
    /// How many there are; at least 1.
    pub of: u32,
}

/// A form of the register.
#[derive(Clone, PartialEq, Eq)]
pub struct ExtractedForm {
    /// Whose.
    pub person: Pseudonym,
    /// In which episode.
    pub episode: Pseudonym,
    /// Id of the unit, as the form has it.
    pub unit: String,
    /// The day that the form is about.
    pub day: Day,
    /// The id that the client gave the submission.
    pub submission_id: [u8; 16],
    /// Milliseconds since 1970, UTC: when ingest took it.
    pub ingested_at: i64,
    /// Version of the instrument.
    pub version: u32,
    /// In the order of [`FormQuery::items`]; `None` where the form has no value.
    pub values: Vec<Option<Fixed>>,
}

impl fmt::Debug for ExtractedForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ExtractedForm(redacted)")
    }
}

/// What a file of forms is as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Census {
    /// How many forms there are.
    pub forms: u64,
    /// How many persons are in the smallest group of those that share what was asked about; `None`
    /// where there is no form at all.
    pub smallest_group: Option<u64>,
}

#[derive(Clone, Row, Deserialize)]
struct FormRow {
    person: [u8; 16],
    episode: [u8; 16],
    partition: u16,
    unit: String,
    day: i32,
    revision: u32,
    version: u32,
    respondent: String,
    log_offset: u64,
    submission_id: [u8; 16],
    ingested_at: i64,
    answers: Vec<Option<i64>>,
}

/// The columns of a [`FormRow`] but its answers.
const COLUMNS: &str = "person, episode, partition, unit, day, revision, version, respondent, \
     log_offset, submission_id, ingested_at";

/// So many received forms are read in one statement that nobody waits for.
const READ_AT_ONCE: u64 = 500_000;

/// What persons of a group share: a unit, and values.
type Shared = (String, Vec<Option<Fixed>>);

/// The persons of a group: how many, and who was the last one.
type Persons = (u64, Pseudonym);

impl RegistryReader {
    /// Per partition of the event log, the offset behind the last form of the register.
    ///
    /// # Errors
    /// If the server fails.
    pub async fn form_bounds(&self) -> Result<Vec<u64>, Error> {
        let sql = "SELECT partition, max(log_offset) + 1 FROM registry_form_received \
                   GROUP BY partition";
        let query = self.server.query(sql);
        let found = fetch::<(u16, u64)>("read how far the register has come", query).await?;
        let partitions = found
            .iter()
            .map(|(partition, _)| usize::from(*partition) + 1);
        let mut bounds = vec![0; partitions.max().unwrap_or(0)];
        for (partition, bound) in found {
            bounds[usize::from(partition)] = bound;
        }
        Ok(bounds)
    }

    /// How many forms were received, in every revision: at least as many as there are, and fewer
    /// than before only when somebody has withdrawn.
    ///
    /// # Errors
    /// If the server fails.
    pub async fn count_received(&self, query: &FormQuery) -> Result<u64, Error> {
        let sql = format!(
            "SELECT count() FROM registry_form_received{}",
            query.condition()
        );
        fetch_one("count forms", query.bound(self, &sql)).await
    }

    /// Looks at every form: how many there are, and at the groups of those that share a unit and the
    /// values of these items, or where none are named, a unit and a month.
    ///
    /// # Errors
    /// If the server fails.
    pub async fn census(&self, query: &FormQuery, items: &[ItemId]) -> Result<Census, Error> {
        let query = FormQuery {
            items: items.to_vec(),
            ..query.clone()
        };
        let received = self.count_received(&query).await?;
        let of = received.div_ceil(READ_AT_ONCE).max(1);
        let of = u32::try_from(of).unwrap_or(u32::MAX);
        let (mut forms, mut groups) = (0, HashMap::<Shared, Persons>::new());
        let mut count = |form: ExtractedForm| {
            let shared = match items {
                [] => vec![Some(Fixed::from_micros(form.day.month().yyyymm().into()))],
                _ => form.values,
            };
            forms += 1;
            // All forms of a person come one after the other.
            let group = groups.entry((form.unit, shared));
            let (persons, last) = group.or_insert((1, form.person));
            if *last != form.person {
                (*persons, *last) = (*persons + 1, form.person);
            }
        };
        for number in 0..of {
            let slice = Slice { number, of };
            self.each_form(&query, slice, &mut count).await?;
        }
        let smallest_group = groups.values().map(|(persons, _)| *persons).min();
        Ok(Census {
            forms,
            smallest_group,
        })
    }

    /// Gives every form of a slice to `take`, by person, episode, partition and submission. Everything
    /// is read within the time of one statement, however slow whoever gets the rows is.
    ///
    /// # Errors
    /// If the server fails.
    pub async fn each_form(
        &self,
        query: &FormQuery,
        slice: Slice,
        mut take: impl FnMut(ExtractedForm),
    ) -> Result<(), Error> {
        let sql = format!(
            "SELECT {COLUMNS}, {} AS answers FROM registry_form_received{}{} \
             ORDER BY person, episode, partition, submission_id",
            answers(&query.items),
            query.condition(),
            slice.condition()
        );
        let statement = query.bound(self, &sql);
        let run = async {
            let mut cursor = statement.fetch::<FormRow>()?;
            let mut newest = Newest::new(|row: FormRow| take(row.into()));
            while let Some(row) = cursor.next().await? {
                newest.add(row);
            }
            newest.finish();
            Ok(())
        };
        within(STATEMENT, "read forms", run).await
    }
}

impl FormQuery {
    /// What [`FormQuery::bound`] binds.
    fn condition(&self) -> String {
        let units = match self.units {
            Some(_) => " AND has(?, unit)",
            None => "",
        };
        format!(
            " WHERE instrument = ? AND toInt32(day) BETWEEN {} AND {} \
             AND log_offset < arrayElement(CAST(?, 'Array(UInt64)'), toUInt32(partition) + 1){units}",
            self.days.start().0,
            self.days.end().0,
        )
    }

    fn bound(&self, reader: &RegistryReader, sql: &str) -> clickhouse::query::Query {
        let statement = reader.server.query(sql);
        let statement = statement.bind(self.instrument.as_str()).bind(&self.bounds);
        match &self.units {
            Some(units) => {
                let ids: Vec<&str> = units.iter().map(UnitId::as_str).collect();
                statement.bind(ids)
            }
            None => statement,
        }
    }
}

/// The values of items as an array; an id has no letter that would end the text.
fn answers(items: &[ItemId]) -> String {
    let answer = |item: &ItemId| format!("value[indexOf(item, '{item}')]");
    let answers: Vec<String> = items.iter().map(answer).collect();
    format!("CAST([{}], 'Array(Nullable(Int64))')", answers.join(", "))
}

impl Slice {
    /// The first pseudonym of slice `number`, in hexadecimal; `None` behind the last one.
    fn first(self, number: u32) -> Option<String> {
        let place = (u128::from(number) << 64) / u128::from(self.of.max(1));
        let place = u64::try_from(place).ok()?;
        Some(format!("{place:016x}0000000000000000"))
    }

    fn condition(self) -> String {
        let bound = |number| self.first(number);
        let bytes = |hex: String| format!("toFixedString(unhex('{hex}'), 16)");
        let from = bound(self.number).map(|hex| format!(" AND person >= {}", bytes(hex)));
        let to =
            bound(self.number.saturating_add(1)).map(|hex| format!(" AND person < {}", bytes(hex)));
        // Behind the last slice there is nobody.
        from.map_or(" AND 0".to_owned(), |from| from + &to.unwrap_or_default())
    }
}

impl From<FormRow> for ExtractedForm {
    fn from(row: FormRow) -> Self {
        let values = row.answers.into_iter();
        Self {
            person: Pseudonym::new(row.person),
            episode: Pseudonym::new(row.episode),
            unit: row.unit,
            day: Day(row.day),
            submission_id: row.submission_id,
            ingested_at: row.ingested_at,
            version: row.version,
            values: values.map(|value| value.map(Fixed::from_micros)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_meet_and_leave_nobody_out() {
        for of in [1, 2, 3, 7, 65_536] {
            let slice = |number| Slice { number, of };
            assert_eq!(slice(0).first(0).unwrap(), "0".repeat(32));
            assert_eq!(slice(0).first(of), None);
            let firsts: Vec<_> = (0..of).map(|number| slice(0).first(number)).collect();
            assert!(firsts.windows(2).all(|two| two[0] < two[1]), "{of}");
            let last = slice(of - 1).condition();
            assert!(last.contains(">=") && !last.contains('<'), "{last}");
        }
        assert_eq!(Slice { number: 3, of: 3 }.condition(), " AND 0");
    }
}
