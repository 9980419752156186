//! From rows to submissions. Comes in: rows as an importer read them. Goes out: what is to be sent,
//! and the fate of everything else. The invariants: a submission's id is a keyed function of what it
//! says, so the same row has the same id; the same thing is sent once; of two things that cannot
//! both be so, the one that is later by date is refused, and of one day the later row; a closing is
//! sent only when every row of its episode was taken.

mod episodes;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use medvirk_proto::feedback::v1::submission::Kind;
use medvirk_proto::feedback::v1::{Correction, RegistryForm, Session, Submission};
use prost::Message as _;

use super::fate::{FateEnd, FateSubject, SubjectFate};
use super::ids::SubmissionIds;
use super::known::{KnownForms, without_answers};
use super::row::{EpisodeReference, ImportedRow, PlaceInTime, RowOutcome, RowProblem};
use episodes::{EpisodeSaying, EpisodesOfRows};

/// Everything that is to be done with a file.
pub(super) struct ImportPlan {
    /// In the order in which they are sent: openings, forms, closings.
    pub(super) due: Vec<DueSubmission>,
    /// What is not sent.
    pub(super) settled: Vec<SubjectFate>,
    /// How references of a row were normalised.
    pub(super) notes: BTreeMap<usize, Vec<RowProblem>>,
}

/// One thing to send.
pub(super) struct DueSubmission {
    pub(super) row: usize,
    pub(super) what: FateSubject,
    pub(super) about: EpisodeReference,
    pub(super) submission: Submission,
}

// === impl ImportPlan ===

impl ImportPlan {
    /// Plans what to do. `sent` are ids of what an earlier run brought, and `known` is what earlier
    /// files have said.
    pub(super) fn new(
        mut rows: Vec<ImportedRow>,
        ids: &SubmissionIds,
        revision: Option<u32>,
        sent: &BTreeSet<String>,
        known: &KnownForms,
    ) -> Self {
        let mut making = PlanBuilder {
            ids,
            sent,
            known,
            seen: HashMap::new(),
            untaken: BTreeMap::new(),
            plan: Self {
                due: Vec::new(),
                settled: Vec::new(),
                notes: BTreeMap::new(),
            },
        };
        let mut episodes = EpisodesOfRows::default();
        let (mut sessions, mut forms) = (HashMap::new(), HashMap::new());
        rows.sort_by_cached_key(order);
        for mut row in rows {
            if !row.notes.is_empty() {
                let notes = std::mem::take(&mut row.notes);
                making.plan.notes.insert(row.number, notes);
            }
            // A row that is refused may say anything of its episode.
            let is_refused = matches!(row.outcome, RowOutcome::Refuse(_));
            if let Some(facts) = row.episode.take().filter(|_| !is_refused)
                && let Err(problem) = episodes.add(row.number, facts)
            {
                row.outcome = RowOutcome::Refuse(vec![problem]);
            }
            let (number, about) = (row.number, row.about);
            match row.outcome {
                RowOutcome::Skip(reason) => making.settle(number, FateEnd::Skipped(reason)),
                RowOutcome::Hold(reason) => making.leave(number, about, FateEnd::Held(reason)),
                RowOutcome::Refuse(problems) => {
                    making.leave(number, about, FateEnd::Refused(problems))
                }
                RowOutcome::Form(form) => {
                    let revision = revision.unwrap_or(form.revision);
                    let form = RegistryForm { revision, ..form };
                    match second_form(&mut forms, number, &form) {
                        Some(reason) => making.leave(number, about, FateEnd::Different(reason)),
                        None => making.add(number, FateSubject::Form, Kind::RegistryForm(form)),
                    }
                }
                RowOutcome::Session(session) => match clash(&mut sessions, number, &session) {
                    Some(problem) => making.leave(number, about, FateEnd::Refused(vec![problem])),
                    None => making.add(number, FateSubject::Form, kind_of(session, revision)),
                },
            }
        }
        for said in episodes.said() {
            match said {
                EpisodeSaying::Due { row, what, kind } => making.add(row, what, kind),
                EpisodeSaying::Refused(fate) => making.plan.settled.push(fate),
            }
        }
        making.plan.due.sort_by_key(|due| (due.what, due.row));
        making.plan
    }
}

/// By date, time and number of the session, then by row.
fn order(row: &ImportedRow) -> (bool, Option<PlaceInTime>, usize) {
    let place = row.episode.as_ref().map(|facts| facts.place.clone());
    (place.is_none(), place, row.number)
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

type SessionPlace = (String, String, u32, String, i32);

/// Notes the forms of a session; a problem if an earlier row has one of them with other answers.
fn clash(
    sessions: &mut HashMap<SessionPlace, (usize, Session)>,
    row: usize,
    session: &Session,
) -> Option<RowProblem> {
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
            problem = Some(RowProblem::new("number", reason));
        }
    }
    problem
}

/// Notes a form of the register; a reason if an earlier row has it with other content. The system
/// keeps one of a unit, episode, day, instrument and respondent.
fn second_form(
    forms: &mut HashMap<Vec<u8>, (usize, RegistryForm)>,
    row: usize,
    form: &RegistryForm,
) -> Option<String> {
    let content = form.form.clone().unwrap_or_default();
    let of = RegistryForm {
        form: Some(without_answers(&content)),
        ..form.clone()
    };
    let (first, known) = forms
        .entry(of.encode_to_vec())
        .or_insert_with(|| (row, form.clone()));
    (known != form).then(|| {
        format!(
            "is the form of row {first}, of the same unit, episode and day, which says something \
             else and stands; --revision N sends a file that corrects an earlier one"
        )
    })
}

/// A plan that is being made.
struct PlanBuilder<'a> {
    ids: &'a SubmissionIds,
    /// Ids of what an earlier run brought.
    sent: &'a BTreeSet<String>,
    known: &'a KnownForms,
    /// Rows by the id of what they say.
    seen: HashMap<String, usize>,
    /// The first row of an episode that was not taken.
    untaken: BTreeMap<EpisodeReference, usize>,
    plan: ImportPlan,
}

impl PlanBuilder<'_> {
    fn settle(&mut self, row: usize, end: FateEnd) {
        self.plan.settled.push(SubjectFate {
            row,
            what: FateSubject::Row,
            id: String::new(),
            end,
        });
    }

    /// Settles a row that was not taken, so that its episode is not closed.
    fn leave(&mut self, row: usize, about: Option<EpisodeReference>, end: FateEnd) {
        if let Some(about) = about {
            let first = self.untaken.entry(about).or_insert(row);
            *first = row.min(*first);
        }
        self.settle(row, end);
    }

    fn add(&mut self, row: usize, what: FateSubject, kind: Kind) {
        let id = self.ids.of(&kind).to_string();
        let about = about(&kind);
        let first = *self.seen.entry(id.clone()).or_insert(row);
        let end = if first != row {
            FateEnd::Known(format!("says the same as row {first}"))
        } else if self.sent.contains(&id) {
            FateEnd::Known("an earlier run sent it".to_owned())
        } else if self.known.contradicts(&self.known.claims(&kind)) {
            if what == FateSubject::Form {
                self.untaken.entry(about).or_insert(row);
            }
            FateEnd::Different(different(what).to_owned())
        } else if let Some(untaken) = self
            .untaken
            .get(&about)
            .filter(|_| what == FateSubject::Closing)
        {
            FateEnd::Held(held_back(*untaken))
        } else {
            let submission = Submission {
                submission_id: id,
                kind: Some(kind),
            };
            self.plan.due.push(DueSubmission {
                row,
                what,
                about,
                submission,
            });
            return;
        };
        self.plan.settled.push(SubjectFate { row, what, id, end });
    }
}

/// Why a closing is not sent.
pub(super) fn held_back(row: usize) -> String {
    format!(
        "row {row} of the same episode was not taken: the closing is sent when every row of the \
         episode is"
    )
}

fn different(what: FateSubject) -> &'static str {
    match what {
        FateSubject::Opening => "an earlier file has another day for it, which stands",
        FateSubject::Closing => "an earlier file has another day or ending for it, which stands",
        FateSubject::Row | FateSubject::Form => {
            "an earlier file has it with other content, which stands; if this one is right, send it \
             with --revision N, higher than before"
        }
    }
}

/// Whose episode a submission is about.
fn about(kind: &Kind) -> EpisodeReference {
    let (patient, episode) = match kind {
        Kind::EpisodeOpened(it) => (&it.patient, &it.episode),
        Kind::EpisodeClosed(it) => (&it.patient, &it.episode),
        Kind::Session(it) => (&it.patient, &it.episode),
        Kind::RegistryForm(it) => (&it.patient, &it.episode),
        Kind::Correction(Correction {
            session: Some(it), ..
        }) => (&it.patient, &it.episode),
        _ => (&String::new(), &String::new()),
    };
    EpisodeReference {
        patient: patient.clone(),
        episode: episode.clone(),
    }
}

#[cfg(test)]
mod tests;
