//! The one judgement of a record: what an event of the log is worth (design §3, §4.2).
//!
//! Comes in: an event, the catalogue that it names, and the partition that it stands in. Goes out:
//! its trust and the scores of its forms, or the reason for which it is set aside whole. The
//! invariant: the judgement is a function of these three and of the fold's version; neither the
//! clock, nor the catalogue in force, nor what came before plays a part.
//!
//! In this order:
//!
//! 1. the unit is in the catalogue, and says which trust the event is of;
//! 2. the trust belongs to the partition;
//! 3. for each form, the instrument is in the catalogue, and the form obeys it: then it has scores.
//!
//! The fold, the registrar and the doctor call [`admit`], so a record is in the rows and in the
//! registry, or among the dead letters, and never both. A dead letter that is sent in again is a
//! record like any other, judged anew by the catalogue that it names. Ingest has a door of its own,
//! which also asks who sends and on which day; what a form must obey it asks the same instrument.
//!
//! Whether somebody has withdrawn is no matter of worth: see [`crate::withdrawal`].

use crate::catalogue::{Catalogue, Instrument};
use crate::fixed::FixedPoint;
use crate::form::Form;
use crate::ids::TrustId;
use crate::partition::LogPartition;
use crate::record::Event;
use crate::time::Month;

/// The scores of one form, in the instrument's order of scales; none where a scale has no score.
pub type FormScores = Box<[Option<FixedPoint>]>;

/// Why a record is set aside: a closed list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecordRejection {
    /// The unit is not in the catalogue that the record names.
    #[error("the unit is not in the catalogue that the record names")]
    UnknownUnit,
    /// The unit's trust belongs to another partition.
    #[error("the unit's trust belongs to another partition")]
    WrongPartition,
    /// The instrument or its version is not in the catalogue that the record names.
    #[error("the instrument is not in the catalogue that the record names")]
    UnknownInstrument,
    /// A form does not obey its instrument.
    #[error("a form does not obey its instrument")]
    InvalidForm,
}

/// An event that counts.
pub struct AdmittedEvent<'c> {
    /// The trust of the unit that it names.
    pub trust: &'c TrustId,
    /// What its forms are worth, in their order in the event.
    pub forms: Vec<AdmittedForm<'c>>,
}

/// What a form of an admitted event is worth.
pub struct AdmittedForm<'c> {
    /// The instrument that it obeys.
    pub instrument: &'c Instrument,
    /// Its scores, in the instrument's order of scales.
    pub scores: FormScores,
}

/// Judges an event by the catalogue that it names.
///
/// # Errors
/// The reason for which the whole record is set aside.
pub fn admit<'c>(
    event: &Event,
    catalogue: &'c Catalogue,
    partition: LogPartition,
) -> Result<AdmittedEvent<'c>, RecordRejection> {
    let trust = catalogue
        .organisations
        .trust_of(&event.unit)
        .ok_or(RecordRejection::UnknownUnit)?;
    if !partition.holds(trust) {
        return Err(RecordRejection::WrongPartition);
    }
    let forms = event.body.forms().iter();
    let forms = forms.map(|form| admit_form(form, catalogue));
    Ok(AdmittedEvent {
        trust,
        forms: forms.collect::<Result<_, _>>()?,
    })
}

fn admit_form<'c>(
    form: &Form,
    catalogue: &'c Catalogue,
) -> Result<AdmittedForm<'c>, RecordRejection> {
    let instrument = catalogue
        .instrument(form.instrument.as_str(), form.version)
        .ok_or(RecordRejection::UnknownInstrument)?;
    let scores = instrument
        .score_values(form)
        .map_err(|_| RecordRejection::InvalidForm)?;
    Ok(AdmittedForm { instrument, scores })
}

/// True if a `PeriodClose` of `month` that was broadcast at that time closes it: one that comes too
/// early closes nothing. The time is in milliseconds since 1970.
pub fn closes_in_time(month: Month, ingested_at: i64) -> bool {
    ingested_at >= month.closes_from()
}

// === impl RecordRejection ===

impl RecordRejection {
    /// The word that dead letters and metrics use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownUnit => "unknown-unit",
            Self::WrongPartition => "wrong-partition",
            Self::UnknownInstrument => "unknown-instrument",
            Self::InvalidForm => "invalid-form",
        }
    }
}

#[cfg(test)]
mod tests;
