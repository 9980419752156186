//! What rows say of their episodes. Comes in: the facts of rows, in the order of their dates. Goes
//! out: openings and closings. The invariants: who opens an episode and who closes it follows dates,
//! never the order of rows; an episode is not closed before it is opened.

use std::collections::BTreeMap;

use medvirk_proto::feedback::v1::submission::Kind;
use medvirk_proto::feedback::v1::{EpisodeClosing, EpisodeOpening};

use crate::columns::CLOSED_BEFORE_OPENED;
use crate::fate::{FateEnd, FateSubject, SubjectFate};
use crate::row::{EpisodeFacts, EpisodeReference, RowProblem};

/// What the rows say of their episodes, put together.
#[derive(Default)]
pub(super) struct EpisodesOfRows(BTreeMap<EpisodeReference, KnownEpisode>);

/// An episode, as its rows tell of it.
struct KnownEpisode {
    /// The first row by date.
    first_row: usize,
    /// What is known of it; the unit is that of the first row.
    facts: EpisodeFacts,
    last_unit: String,
}

impl EpisodesOfRows {
    /// Takes what a row says; a problem if an earlier one says something else.
    pub(super) fn add(&mut self, row: usize, facts: EpisodeFacts) -> Result<(), RowProblem> {
        let known = self.0.entry(facts.about.clone());
        let known = known.or_insert_with(|| KnownEpisode {
            first_row: row,
            last_unit: String::new(),
            facts: facts.clone(),
        });
        let first = known.first_row;
        let differs = |field: &str| {
            let reason = format!("is not what row {first} says of the same episode");
            RowProblem::new(field, reason)
        };
        if differ(known.facts.opened.as_ref(), facts.opened.as_ref()) {
            return Err(differs("opened"));
        }
        if differ(known.facts.closed.as_ref(), facts.closed.as_ref()) {
            return Err(differs("closed"));
        }
        let all = &mut known.facts;
        all.opened = all.opened.take().or(facts.opened);
        all.closed = all.closed.take().or(facts.closed);
        // Therapists may change; the opening names the first.
        all.therapist = all.therapist.take().or(facts.therapist);
        known.last_unit = facts.unit;
        Ok(())
    }

    /// Openings and closings, episode by episode.
    pub(super) fn said(self) -> Vec<EpisodeSaying> {
        let mut episodes: Vec<_> = self.0.into_values().collect();
        episodes.sort_by_key(|known| known.first_row);
        episodes.iter().flat_map(KnownEpisode::said).collect()
    }
}

/// What the rows say of one episode.
pub(super) enum EpisodeSaying {
    /// An opening or a closing to be sent.
    Due {
        row: usize,
        what: FateSubject,
        kind: Kind,
    },
    /// What cannot be so.
    Refused(SubjectFate),
}

/// One row says when it was opened and another when it was closed, and both cannot be so.
fn refused(row: usize) -> [EpisodeSaying; 2] {
    let problem = RowProblem::new("closed", CLOSED_BEFORE_OPENED);
    [FateSubject::Opening, FateSubject::Closing].map(|what| {
        EpisodeSaying::Refused(SubjectFate {
            row,
            what,
            id: String::new(),
            end: FateEnd::Refused(vec![problem.clone()]),
        })
    })
}

// === impl KnownEpisode ===

impl KnownEpisode {
    fn said(&self) -> Vec<EpisodeSaying> {
        let row = self.first_row;
        let closed = self.facts.closed.as_ref().map(|(day, _)| day);
        // Days are YYYY-MM-DD, so text sorts as they do.
        let is_closed_before_opened = closed
            .zip(self.facts.opened.as_ref())
            .is_some_and(|(closed, opened)| closed < opened);
        if is_closed_before_opened {
            return refused(row).into();
        }
        let due = |what, kind| EpisodeSaying::Due { row, what, kind };
        let opening = self.opening().map(Kind::EpisodeOpened);
        let closing = self.closing().map(Kind::EpisodeClosed);
        let opening = opening.map(|kind| due(FateSubject::Opening, kind));
        let closing = closing.map(|kind| due(FateSubject::Closing, kind));
        opening.into_iter().chain(closing).collect()
    }

    fn opening(&self) -> Option<EpisodeOpening> {
        let facts = &self.facts;
        Some(EpisodeOpening {
            patient: facts.about.patient.clone(),
            episode: facts.about.episode.clone(),
            unit: facts.unit.clone(),
            date: facts.opened.clone()?,
            therapist: facts.therapist.clone().unwrap_or_default(),
        })
    }

    fn closing(&self) -> Option<EpisodeClosing> {
        let (date, ending) = self.facts.closed.clone()?;
        Some(EpisodeClosing {
            patient: self.facts.about.patient.clone(),
            episode: self.facts.about.episode.clone(),
            unit: self.last_unit.clone(),
            date,
            ending: ending.into(),
        })
    }
}

/// True if both are said and are not the same.
fn differ<T: PartialEq>(known: Option<T>, said: Option<T>) -> bool {
    known.zip(said).is_some_and(|(known, said)| known != said)
}
