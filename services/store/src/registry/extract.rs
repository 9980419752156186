//! Forms of the register and of sessions as extracts have them: one row a form, one place an item.
//! Comes in: which forms, up to which places in the log. Goes out: a slice of them after the other,
//! each in the order of its keys. The invariants: pseudonyms are keyed hashes, so slices of their range
//! have about as many rows each, and nobody is in two; what is asked for twice is the same, but for
//! whom has withdrawn meanwhile; a form is given as the view `registry_form` or `session_form` showed
//! it when the log had come to those places.
//!
//! Which revision counts is found out here and not by the engine: it would sort all forms whole, and
//! they come in the order of the table's keys anyway, an episode's forms together.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::RangeInclusive;

use medvirk_domain::fixed::FixedPoint;
use medvirk_domain::form::{AgeBand, MissingReason, Respondent};
use medvirk_domain::ids::{InstrumentId, ItemId, Pseudonym, UnitId};
use medvirk_domain::time::Day;

use super::RegistryReader;
use crate::connection::{STATEMENT, fetch, fetch_one, within};
use crate::error::Error;

mod corrections;
mod form_row;
mod newest;

use corrections::{CorrectedRow, SessionCorrections};
use form_row::FormRow;
use newest::NewestForms;

pub use form_row::FormSource;

/// Which forms a dataset asks for.
#[derive(Debug, Clone)]
pub struct FormQuery {
    /// Where they were sent to.
    pub source: FormSource,
    /// On this instrument, in any version.
    pub instrument: InstrumentId,
    /// The items that are wanted of each, in this order.
    pub items: Vec<ItemId>,
    /// The items of which it is wanted why there is no value, in this order.
    pub reasons: Vec<ItemId>,
    /// Of these units; `None` for all.
    pub units: Option<Vec<UnitId>>,
    /// The days that the forms are about.
    pub days: RangeInclusive<Day>,
    /// Per partition of the event log, the first offset that is not wanted; partitions that are not
    /// named are not wanted at all.
    pub bounds: Vec<u64>,
}

/// A part of the range of pseudonyms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PseudonymSlice {
    /// From 0, below `of`.
    pub number: u32,
    /// How many there are; at least 1.
    pub of: u32,
}

/// A form of the register or of a session.
#[derive(Clone, PartialEq, Eq)]
pub struct ExtractedForm {
    /// The pseudonym of the patient.
    pub person: Pseudonym,
    /// The pseudonym of the episode.
    pub episode: Pseudonym,
    /// Id of the unit, as the form has it.
    pub unit: String,
    /// The day that the form is about.
    pub day: Day,
    /// Number of the session; 0 in the register.
    pub number: u32,
    /// The id that the client gave the submission.
    pub submission_id: [u8; 16],
    /// Milliseconds since 1970, UTC: when ingest took it.
    pub ingested_at: i64,
    /// Version of the instrument.
    pub version: u32,
    /// Who answered; `None` for a word that this program does not know.
    pub respondent: Option<Respondent>,
    /// The age band of the patient, where the form names one.
    pub age: Option<AgeBand>,
    /// In the order of [`FormQuery::items`]; `None` where the form has no value.
    pub values: Vec<Option<FixedPoint>>,
    /// In the order of [`FormQuery::reasons`]; `None` where the form gives no reason. Empty where it
    /// gives none at all.
    pub reasons: Vec<Option<MissingReason>>,
    /// The total, where it was sent alone.
    pub total: Option<FixedPoint>,
}

impl fmt::Debug for ExtractedForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ExtractedForm(redacted)")
    }
}

/// The columns of a [`FormRow`] that both sources have, but its answers.
const COLUMNS: &str = "person, episode, partition, unit, day, revision, version, respondent, \
     log_offset, submission_id, ingested_at";

/// So many received forms are read in one statement that nobody waits for.
const READ_AT_ONCE: u64 = 500_000;

impl RegistryReader {
    /// Per partition of the event log, the offset behind the last form of a source.
    ///
    /// # Errors
    /// If the server fails.
    pub async fn form_bounds(&self, source: FormSource) -> Result<Vec<u64>, Error> {
        let view = source.received();
        let sql = format!("SELECT partition, max(log_offset) + 1 FROM {view} GROUP BY partition");
        let query = self.server.query(&sql);
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
            "SELECT count() FROM {}{}",
            query.source.received(),
            query.condition()
        );
        fetch_one("count forms", query.bound(self, &sql)).await
    }

    /// The ids of the instruments of which a source has forms.
    ///
    /// # Errors
    /// If the server fails.
    pub async fn instruments_received(
        &self,
        source: FormSource,
    ) -> Result<BTreeSet<String>, Error> {
        let view = source.received();
        let sql = format!("SELECT toString(instrument) FROM {view} GROUP BY instrument");
        let found = fetch::<String>("read which forms there are", self.server.query(&sql)).await?;
        Ok(found.into_iter().collect())
    }

    /// Gives every form to `take`, all forms of a person one after the other.
    ///
    /// # Errors
    /// If the server fails.
    pub async fn every_form(
        &self,
        query: &FormQuery,
        mut take: impl FnMut(ExtractedForm),
    ) -> Result<(), Error> {
        let received = self.count_received(query).await?;
        let of = received.div_ceil(READ_AT_ONCE).max(1);
        let of = u32::try_from(of).unwrap_or(u32::MAX);
        for number in 0..of {
            self.each_form(query, PseudonymSlice { number, of }, &mut take)
                .await?;
        }
        Ok(())
    }

    /// Gives every form of a slice to `take`, by person, episode, partition and submission. Everything
    /// is read within the time of one statement, however slow whoever gets the rows is.
    ///
    /// # Errors
    /// If the server fails.
    pub async fn each_form(
        &self,
        query: &FormQuery,
        slice: PseudonymSlice,
        mut take: impl FnMut(ExtractedForm),
    ) -> Result<(), Error> {
        let corrections = self.corrections(query, slice).await?;
        let sql = format!(
            "SELECT {COLUMNS}, {}, total, {} AS answers, {} AS reasons FROM {}{}{} ORDER BY {}",
            query.source.columns(),
            answers(&query.items),
            reasons(&query.reasons),
            query.source.received(),
            query.condition(),
            slice.condition(),
            query.source.order(),
        );
        let statement = query.bound(self, &sql);
        let run = async {
            let mut cursor = statement.fetch::<FormRow>()?;
            let mut newest = NewestForms::of(query.source, |row: FormRow| take(row.into()));
            while let Some(row) = cursor.next().await? {
                if corrections.leave(&row) {
                    newest.add(row);
                }
            }
            newest.finish();
            Ok(())
        };
        within(STATEMENT, "read forms", run).await
    }

    /// What corrections say of the sessions of a slice. A form of the register is corrected alone, so
    /// there they say nothing.
    async fn corrections(
        &self,
        query: &FormQuery,
        slice: PseudonymSlice,
    ) -> Result<SessionCorrections, Error> {
        if query.source == FormSource::Register {
            return Ok(SessionCorrections::default());
        }
        let sql = format!(
            "SELECT person, episode, partition, unit, day, number, \
             max(revision) AS newest FROM {}{}{} AND revision > 0 GROUP BY person, episode, partition, unit, day, number",
            query.source.received(),
            query.condition_of_any_instrument(),
            slice.condition(),
        );
        let found = query.bound_of_any_instrument(self, &sql);
        let found = fetch::<CorrectedRow>("read corrections", found).await?;
        Ok(found.into_iter().collect())
    }
}

impl FormSource {
    /// The view of everything that was received and not withdrawn, in every revision.
    const fn received(self) -> &'static str {
        match self {
            Self::Register => "registry_form_received",
            Self::Sessions => "session_form_received",
        }
    }

    /// The columns that the other source lacks.
    const fn columns(self) -> &'static str {
        match self {
            Self::Register => "toUInt32(0) AS number, toUInt16(0) AS place, '' AS age",
            Self::Sessions => "number, place, age",
        }
    }

    /// The order of the keys of its table.
    const fn order(self) -> &'static str {
        match self {
            Self::Register => "person, episode, partition, submission_id",
            Self::Sessions => "person, episode, partition, submission_id, place",
        }
    }
}

impl FormQuery {
    /// The condition whose values [`FormQuery::bound`] binds.
    fn condition(&self) -> String {
        self.condition_of_any_instrument() + " AND instrument = ?"
    }

    /// The condition whose values [`FormQuery::bound_of_any_instrument`] binds.
    fn condition_of_any_instrument(&self) -> String {
        let units = match self.units {
            Some(_) => " AND has(?, unit)",
            None => "",
        };
        format!(
            " WHERE toInt32(day) BETWEEN {} AND {} \
             AND log_offset < arrayElement(CAST(?, 'Array(UInt64)'), toUInt32(partition) + 1){units}",
            self.days.start().0,
            self.days.end().0,
        )
    }

    fn bound(&self, reader: &RegistryReader, sql: &str) -> clickhouse::query::Query {
        let statement = self.bound_of_any_instrument(reader, sql);
        statement.bind(self.instrument.as_str())
    }

    fn bound_of_any_instrument(
        &self,
        reader: &RegistryReader,
        sql: &str,
    ) -> clickhouse::query::Query {
        let statement = reader.server.query(sql).bind(&self.bounds);
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

/// Why items have no value, as numbers; an empty array where the form gives no reason, as most do.
fn reasons(items: &[ItemId]) -> String {
    const NONE: &str = "CAST([], 'Array(UInt8)')";
    if items.is_empty() {
        return NONE.to_owned();
    }
    let words = MissingReason::ALL.map(|reason| format!("'{}'", reason.as_str()));
    let words = words.join(", ");
    let items: Vec<String> = items.iter().map(|item| format!("'{item}'")).collect();
    let items = items.join(", ");
    format!(
        "if(arrayExists(word -> word != '', missing), arrayMap(id -> \
         toUInt8(indexOf([{words}], toString(missing[indexOf(item, id)]))), [{items}]), {NONE})"
    )
}

impl PseudonymSlice {
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
        let reasons = row.reasons.into_iter();
        let reason = |number: u8| {
            let place = usize::from(number).checked_sub(1)?;
            MissingReason::ALL.get(place).copied()
        };
        Self {
            person: Pseudonym::new(row.person),
            episode: Pseudonym::new(row.episode),
            unit: row.unit,
            day: Day(row.day),
            number: row.number,
            submission_id: row.submission_id,
            ingested_at: row.ingested_at,
            version: row.version,
            respondent: Respondent::named(&row.respondent),
            age: AgeBand::named(&row.age),
            values: values
                .map(|value| value.map(FixedPoint::from_micros))
                .collect(),
            reasons: reasons.map(reason).collect(),
            total: row.total.map(FixedPoint::from_micros),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_meet_and_leave_nobody_out() {
        for of in [1, 2, 3, 7, 65_536] {
            let slice = |number| PseudonymSlice { number, of };
            assert_eq!(slice(0).first(0).unwrap(), "0".repeat(32));
            assert_eq!(slice(0).first(of), None);
            let firsts: Vec<_> = (0..of).map(|number| slice(0).first(number)).collect();
            assert!(firsts.windows(2).all(|two| two[0] < two[1]), "{of}");
            let last = slice(of - 1).condition();
            assert!(last.contains(">=") && !last.contains('<'), "{last}");
        }
        assert_eq!(PseudonymSlice { number: 3, of: 3 }.condition(), " AND 0");
    }
}
