//! Rows as the tables of the registry hold them. Pseudonyms, ids and hashes are `FixedString`,
//! days are days since 1970, times are milliseconds since 1970, numbers are millionths.

use std::borrow::Cow;

use clickhouse::Row;
use data_encoding::HEXLOWER;
use medvirk_domain::fixed::FixedPoint;
use medvirk_domain::form::{AgeBand, Form, ItemResponse, MissingReason, Respondent};
use medvirk_domain::ids::{CatalogueHash, InstrumentId, ItemId, Pseudonym};
use medvirk_domain::record::EpisodeEnding;
use medvirk_domain::time::Day;
use serde::{Deserialize, Serialize};

use super::{
    CurveForm, EpisodeEvent, EpisodeKind, FormWithScores, IssuedInvitation, LogKey, PeriodClosed,
    RecordOrigin, RegistryForm, SessionForm, SurveyForm,
};
use crate::error::Error;

/// A word of ours when written, the table's when read.
type DatabaseWord = Cow<'static, str>;

/// Declares a row with the columns of its origin before its own and those of its form after them.
macro_rules! rows {
    ($($name:ident { $($field:ident: $type:ty,)* } $($form:ident)?;)*) => {
        $(rows!(@ $name { $($field: $type,)* } $($form)?);)*
    };
    (@ $name:ident { $($field:ident: $type:ty,)* }) => {
        #[derive(Row, Serialize, Deserialize, PartialEq)]
        pub(super) struct $name {
            partition: u16,
            pub(super) log_offset: u64,
            pub(super) submission_id: [u8; 16],
            sender: String,
            catalogue: [u8; 32],
            ingested_at: i64,
            $(pub(super) $field: $type,)*
            precedence: u64,
        }
    };
    (@ $name:ident { $($field:ident: $type:ty,)* } form) => {
        rows!(@ $name {
            $($field: $type,)*
            instrument: String,
            version: u32,
            respondent: DatabaseWord,
            item: Vec<String>,
            value: Vec<Option<i64>>,
            missing: Vec<DatabaseWord>,
            total: Option<i64>,
            scale: Vec<String>,
            score: Vec<Option<i64>>,
        });
    };
}

rows! {
    SessionFormRow {
        person: [u8; 16],
        episode: [u8; 16],
        unit: String,
        day: i32,
        number: u32,
        revision: u32,
        place: u16,
        age: DatabaseWord,
    } form;
    RegistryFormRow {
        person: [u8; 16],
        episode: [u8; 16],
        unit: String,
        day: i32,
        revision: u32,
    } form;
    SurveyFormRow {
        code: [u8; 16],
        unit: String,
        month: u32,
    } form;
    EpisodeRow {
        person: [u8; 16],
        episode: [u8; 16],
        unit: String,
        event: DatabaseWord,
        day: i32,
        therapist: Option<[u8; 16]>,
        ending: DatabaseWord,
    };
    InvitationRow {
        code: [u8; 16],
        unit: String,
        month: u32,
    };
}

#[derive(Row, Serialize, Deserialize, PartialEq)]
pub(super) struct LogKeyRow {
    pub(super) subject: [u8; 16],
    partition: u16,
    pub(super) log_offset: u64,
    #[serde(with = "serde_bytes")]
    key: Vec<u8>,
    registry_form: bool,
}

#[derive(Row, Serialize)]
pub(super) struct PeriodClosedRow {
    partition: u16,
    month: u32,
    log_offset: u64,
}

#[derive(Row, Deserialize)]
pub(super) struct CurveRow {
    catalogue: [u8; 32],
    partition: u16,
    unit: String,
    day: i32,
    number: u32,
    instrument: String,
    version: u32,
    respondent: String,
    age: String,
    item: Vec<String>,
    value: Vec<Option<i64>>,
    missing: Vec<String>,
    total: Option<i64>,
}

/// Fills a row from where it comes and from its form, where it has one.
macro_rules! fill {
    ($name:ident, $origin:expr, { $($field:ident: $value:expr),* $(,)? } $(, $form:expr)?) => {{
        let origin: &RecordOrigin = $origin;
        $(let form: &FormWithScores = $form;)?
        fill!(@ $name, origin, { $($field: $value),* } $(, form, $form)?)
    }};
    (@ $name:ident, $origin:ident, { $($field:ident: $value:expr),* }) => {
        $name {
            partition: narrow($origin.partition),
            log_offset: $origin.log_offset,
            submission_id: $origin.submission_id,
            sender: $origin.sender.clone(),
            catalogue: *$origin.catalogue.as_bytes(),
            ingested_at: $origin.ingested_at,
            $($field: $value,)*
            precedence: u64::MAX - $origin.log_offset,
        }
    };
    (@ $name:ident, $origin:ident, { $($field:ident: $value:expr),* }, $form:ident, $again:expr) => {
        fill!(@ $name, $origin, {
            $($field: $value,)*
            instrument: $form.form.instrument.to_string(),
            version: $form.form.version,
            respondent: $form.form.respondent.as_str().into(),
            item: items($form),
            value: values($form),
            missing: missing($form),
            total: $form.form.total.map(FixedPoint::micros),
            scale: $form.scores.iter().map(|(scale, _)| scale.clone()).collect(),
            score: $form.scores.iter().map(|(_, score)| score.map(FixedPoint::micros)).collect()
        })
    };
}

impl From<&SessionForm> for SessionFormRow {
    fn from(of: &SessionForm) -> Self {
        fill!(SessionFormRow, &of.origin, {
            person: *of.episode.person.as_bytes(),
            episode: *of.episode.episode.as_bytes(),
            unit: of.unit.to_string(),
            day: of.day.0,
            number: of.number,
            revision: of.revision,
            place: narrow(of.place),
            age: of.form.form.age.map_or("", AgeBand::as_str).into(),
        }, &of.form)
    }
}

impl From<&RegistryForm> for RegistryFormRow {
    fn from(of: &RegistryForm) -> Self {
        fill!(RegistryFormRow, &of.origin, {
            person: *of.episode.person.as_bytes(),
            episode: *of.episode.episode.as_bytes(),
            unit: of.unit.to_string(),
            day: of.day.0,
            revision: of.revision,
        }, &of.form)
    }
}

impl From<&SurveyForm> for SurveyFormRow {
    fn from(of: &SurveyForm) -> Self {
        fill!(SurveyFormRow, &of.origin, {
            code: *of.code.as_bytes(),
            unit: of.unit.to_string(),
            month: of.month.yyyymm(),
        }, &of.form)
    }
}

impl From<&EpisodeEvent> for EpisodeRow {
    fn from(of: &EpisodeEvent) -> Self {
        let (event, therapist, ending) = match of.kind {
            EpisodeKind::Opened { therapist } => ("opened", therapist, ""),
            EpisodeKind::Closed { ending } => ("closed", None, word(ending)),
        };
        fill!(EpisodeRow, &of.origin, {
            person: *of.episode.person.as_bytes(),
            episode: *of.episode.episode.as_bytes(),
            unit: of.unit.to_string(),
            event: event.into(),
            day: of.day.0,
            therapist: therapist.map(|therapist| *therapist.as_bytes()),
            ending: ending.into(),
        })
    }
}

impl From<&IssuedInvitation> for InvitationRow {
    fn from(of: &IssuedInvitation) -> Self {
        fill!(InvitationRow, &of.origin, {
            code: *of.code.as_bytes(),
            unit: of.unit.to_string(),
            month: of.month.yyyymm(),
        })
    }
}

impl From<&LogKey> for LogKeyRow {
    fn from(of: &LogKey) -> Self {
        Self {
            subject: *of.subject.as_bytes(),
            partition: narrow(of.partition),
            log_offset: of.log_offset,
            key: of.key.clone(),
            registry_form: of.registry_form,
        }
    }
}

impl From<&PeriodClosed> for PeriodClosedRow {
    fn from(of: &PeriodClosed) -> Self {
        Self {
            partition: narrow(of.partition),
            month: of.month.yyyymm(),
            log_offset: of.log_offset,
        }
    }
}

impl TryFrom<CurveRow> for CurveForm {
    type Error = Error;

    fn try_from(row: CurveRow) -> Result<Self, Error> {
        let attempt = "read a curve";
        let foreign = |column| Error::Foreign { attempt, column };
        let answers = row.value.into_iter().zip(&row.missing);
        let answers: Option<Vec<ItemResponse>> = answers.map(|(v, m)| response(v, m)).collect();
        let answers = answers.ok_or(foreign("missing"))?;
        let items = row.item.into_iter().map(ItemId::try_from);
        let items: Result<Vec<ItemId>, _> = items.collect();
        let items = items.map_err(|_| foreign("item"))?;
        let age = age(&row.age).ok_or(foreign("age"))?;
        let form = Form {
            instrument: InstrumentId::try_from(row.instrument)
                .map_err(|_| foreign("instrument"))?,
            version: row.version,
            respondent: Respondent::named(&row.respondent).ok_or(foreign("respondent"))?,
            age,
            items: items.into_iter().zip(answers).collect(),
            total: row.total.map(FixedPoint::from_micros),
        };
        Ok(Self {
            catalogue: CatalogueHash::new(row.catalogue),
            partition: row.partition.into(),
            unit: row.unit.parse().map_err(|_| foreign("unit"))?,
            day: Day(row.day),
            number: row.number,
            form,
        })
    }
}

fn items(form: &FormWithScores) -> Vec<String> {
    let items = form.form.items.iter();
    items.map(|(item, _)| item.to_string()).collect()
}

fn values(form: &FormWithScores) -> Vec<Option<i64>> {
    let value = |(_, response): &(ItemId, ItemResponse)| match response {
        ItemResponse::Value(value) => Some(value.micros()),
        ItemResponse::Missing(_) => None,
    };
    form.form.items.iter().map(value).collect()
}

fn missing(form: &FormWithScores) -> Vec<DatabaseWord> {
    let reason = |(_, response): &(ItemId, ItemResponse)| match response {
        ItemResponse::Value(_) => "".into(),
        ItemResponse::Missing(reason) => reason.as_str().into(),
    };
    form.form.items.iter().map(reason).collect()
}

fn word(ending: EpisodeEnding) -> &'static str {
    match ending {
        EpisodeEnding::Unknown => "unknown",
        EpisodeEnding::Planned => "planned",
        EpisodeEnding::Unplanned => "unplanned",
        EpisodeEnding::Transfer => "transfer",
    }
}

/// What an item was answered with: a value, or the word for why there is none.
fn response(value: Option<i64>, missing: &str) -> Option<ItemResponse> {
    if let Some(value) = value {
        return Some(ItemResponse::Value(FixedPoint::from_micros(value)));
    }
    MissingReason::named(missing).map(ItemResponse::Missing)
}

/// An age band, or none where the word is empty.
fn age(word: &str) -> Option<Option<AgeBand>> {
    match word {
        "" => Some(None),
        word => AgeBand::named(word).map(Some),
    }
}

pub(super) fn narrow(number: u32) -> u16 {
    u16::try_from(number).expect("partitions and forms of a submission are fewer than 65,536")
}

/// A pseudonym as SQL.
pub(super) fn literal(pseudonym: &Pseudonym) -> String {
    let hex = HEXLOWER.encode(pseudonym.as_bytes());
    format!("toFixedString(unhex('{hex}'), 16)")
}
