//! From rows to submissions. Comes in: rows as an importer read them. Goes out: what is to be sent,
//! and the fate of everything else. The invariants: a submission's id is a keyed function of what it
//! says, so the same row has the same id; the same thing is sent once; of two things that cannot
//! both be so, the later row is refused.

use std::collections::{BTreeSet, HashMap};

use hmac::{Hmac, KeyInit as _, Mac as _};
use medvirk_proto::feedback::v1::submission::Kind;
use medvirk_proto::feedback::v1::{
    Correction, EpisodeClosing, EpisodeOpening, RegistryForm, Session, Submission,
};
use prost::Message as _;
use sha2::{Digest as _, Sha256};
use uuid::{Builder, Uuid};

use super::row::{Facts, Outcome, Problem, Row};

/// Makes submission ids. The log and the registry keep them, so without the key nobody must be
/// able to try references by them.
pub(super) struct Ids(Hmac<Sha256>);

/// Everything that is to be done with a file.
pub(super) struct Plan {
    /// In the order in which they are sent: openings, forms, closings.
    pub(super) due: Vec<Due>,
    /// What is not sent.
    pub(super) settled: Vec<Fate>,
}

/// One thing to send.
pub(super) struct Due {
    pub(super) row: usize,
    pub(super) what: What,
    pub(super) submission: Submission,
}

/// What a fate is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    Row,
    Opening,
    Form,
    Closing,
}

/// What became of one thing.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fate {
    pub(super) row: usize,
    pub(super) what: What,
    /// Empty where there is no submission.
    pub(super) id: String,
    pub(super) end: End,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum End {
    /// The system has it.
    Sent,
    /// It would be sent.
    WouldBeSent,
    /// The system had it before.
    Known(String),
    Refused(Vec<Problem>),
    Skipped(String),
    /// Nobody can say: the run ended before.
    Open,
}

// === impl Ids ===

impl Ids {
    /// Under the key of a file's own content.
    pub(super) fn of_file(bytes: &[u8]) -> Self {
        Self::new(&Sha256::digest(bytes))
    }

    pub(super) fn new(key: &[u8]) -> Self {
        let keyed = Hmac::new_from_slice(key).expect("a key of any length");
        Self(keyed)
    }

    fn of(&self, kind: &Kind) -> Uuid {
        let submission = Submission {
            submission_id: String::new(),
            kind: Some(kind.clone()),
        };
        let mut keyed = self.0.clone();
        keyed.update(b"medvirk import 1\0");
        keyed.update(&submission.encode_to_vec());
        let digest = keyed.finalize().into_bytes();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        Builder::from_custom_bytes(bytes).into_uuid()
    }
}

// === impl Plan ===

impl Plan {
    /// Plans what to do. `known` are ids of what an earlier run brought.
    pub(super) fn new(
        rows: Vec<Row>,
        ids: &Ids,
        revision: Option<u32>,
        known: &BTreeSet<String>,
    ) -> Self {
        let mut making = Making {
            ids,
            known,
            seen: HashMap::new(),
            plan: Self {
                due: Vec::new(),
                settled: Vec::new(),
            },
        };
        let mut episodes = Episodes::default();
        let mut sessions = HashMap::new();
        for mut row in rows {
            if let Some(facts) = row.episode.take()
                && let Err(problem) = episodes.add(row.number, facts)
            {
                row.outcome = Outcome::Refuse(vec![problem]);
            }
            let number = row.number;
            match row.outcome {
                Outcome::Skip(reason) => making.settle(number, End::Skipped(reason)),
                Outcome::Refuse(problems) => making.settle(number, End::Refused(problems)),
                Outcome::Form(form) => {
                    let revision = revision.unwrap_or(form.revision);
                    let form = RegistryForm { revision, ..form };
                    making.add(number, What::Form, Kind::RegistryForm(form));
                }
                Outcome::Session(session) => match clash(&mut sessions, number, &session) {
                    Some(problem) => making.settle(number, End::Refused(vec![problem])),
                    None => making.add(number, What::Form, kind_of(session, revision)),
                },
            }
        }
        episodes.submit(&mut making);
        making.plan.due.sort_by_key(|due| (due.what, due.row));
        making.plan
    }
}

fn kind_of(session: Session, revision: Option<u32>) -> Kind {
    match revision {
        None => Kind::Session(session),
        Some(revision) => Kind::Correction(Correction {
            session: Some(session),
            revision,
        }),
    }
}

type Place = (String, String, u32, String, i32);

/// Notes the forms of a session; a problem if an earlier row has one of them with other answers.
fn clash(
    sessions: &mut HashMap<Place, (usize, Session)>,
    row: usize,
    session: &Session,
) -> Option<Problem> {
    let mut problem = None;
    for form in &session.forms {
        let place = (
            session.patient.clone(),
            session.episode.clone(),
            session.number,
            form.instrument.clone(),
            form.respondent,
        );
        let (first, known) = sessions
            .entry(place)
            .or_insert_with(|| (row, session.clone()));
        if known != session {
            let reason = format!("is the session of row {first}, which says something else");
            problem = Some(Problem::new("number", reason));
        }
    }
    problem
}

/// A plan that is being made.
struct Making<'a> {
    ids: &'a Ids,
    known: &'a BTreeSet<String>,
    /// Rows by the id of what they say.
    seen: HashMap<String, usize>,
    plan: Plan,
}

impl Making<'_> {
    fn settle(&mut self, row: usize, end: End) {
        self.plan.settled.push(Fate {
            row,
            what: What::Row,
            id: String::new(),
            end,
        });
    }

    fn add(&mut self, row: usize, what: What, kind: Kind) {
        let id = self.ids.of(&kind).to_string();
        let first = *self.seen.entry(id.clone()).or_insert(row);
        let reason = if first != row {
            format!("says the same as row {first}")
        } else if self.known.contains(&id) {
            "an earlier run sent it".to_owned()
        } else {
            let submission = Submission {
                submission_id: id,
                kind: Some(kind),
            };
            self.plan.due.push(Due {
                row,
                what,
                submission,
            });
            return;
        };
        self.plan.settled.push(Fate {
            row,
            what,
            id,
            end: End::Known(reason),
        });
    }
}

/// What the rows say of their episodes, put together.
#[derive(Default)]
struct Episodes(HashMap<(String, String), Known>);

/// An episode: its first row, what is known of it, and the unit of its last row.
struct Known {
    row: usize,
    facts: Facts,
    last_unit: String,
}

impl Episodes {
    /// Takes what a row says; a problem if an earlier row says something else.
    fn add(&mut self, row: usize, facts: Facts) -> Result<(), Problem> {
        let key = (facts.patient.clone(), facts.episode.clone());
        let known = self.0.entry(key).or_insert_with(|| Known {
            row,
            last_unit: String::new(),
            facts: facts.clone(),
        });
        let first = known.row;
        let differs = |field: &str| {
            let reason = format!("is not what row {first} says of the same episode");
            Problem::new(field, reason)
        };
        if !agree(&mut known.facts.opened, facts.opened) {
            return Err(differs("opened"));
        }
        // Therapists may change; the opening names the first.
        agree(&mut known.facts.therapist, facts.therapist);
        if !agree(&mut known.facts.closed, facts.closed) {
            return Err(differs("closed"));
        }
        known.last_unit = facts.unit;
        Ok(())
    }

    fn submit(self, making: &mut Making) {
        let mut episodes: Vec<_> = self.0.into_values().collect();
        episodes.sort_by_key(|known| known.row);
        for Known {
            row,
            facts,
            last_unit,
        } in episodes
        {
            if let Some(date) = facts.opened {
                let opening = EpisodeOpening {
                    patient: facts.patient.clone(),
                    episode: facts.episode.clone(),
                    unit: facts.unit.clone(),
                    date,
                    therapist: facts.therapist.unwrap_or_default(),
                };
                making.add(row, What::Opening, Kind::EpisodeOpened(opening));
            }
            if let Some((date, ending)) = facts.closed {
                let closing = EpisodeClosing {
                    patient: facts.patient,
                    episode: facts.episode,
                    unit: last_unit,
                    date,
                    ending: ending.into(),
                };
                making.add(row, What::Closing, Kind::EpisodeClosed(closing));
            }
        }
    }
}

/// Keeps what is said first; false if something else is said now.
fn agree<T: PartialEq>(known: &mut Option<T>, said: Option<T>) -> bool {
    match (&known, said) {
        (_, None) => true,
        (None, said) => {
            *known = said;
            true
        }
        (Some(known), Some(said)) => *known == said,
    }
}

// === impl What ===

impl What {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Row => "row",
            Self::Opening => "opening of the episode",
            Self::Form => "form",
            Self::Closing => "closing of the episode",
        }
    }
}

#[cfg(test)]
mod tests;
