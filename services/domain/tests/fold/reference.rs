//! Sections 4 and 5 of the design once more, as plainly as they can be written, to be compared
//! with the fold. Comes in: the records of the log and the rows that the ledger holds. Goes out:
//! the rows of each close, with the contributions that are in each. Nothing is kept but the list of
//! what happened; every close looks through all of it again. It shares no code with the fold.

use std::collections::{BTreeMap, BTreeSet};

use medvirk_domain::catalogue::{Catalogue, FormRef};
use medvirk_domain::form::{Form, Respondent};
use medvirk_domain::ids::{MeasureId, Pseudonym, ScaleId, TrustId, UnitId};
use medvirk_domain::record::{
    ControlRecord, EpisodeEnding, EpisodeKey, Event, EventBody, WithdrawalScope, WithdrawalSubject,
};
use medvirk_domain::row::{Row, RowLevel};
use medvirk_domain::time::{Day, Month};

use crate::world::World;

mod heard;
mod register;
mod release;
mod values;
mod waiting;

pub(crate) use release::Released;
use release::release;

/// The log so far, and the closes that were obeyed.
pub(crate) struct Reference<'w> {
    world: &'w World,
    history: Vec<Happening>,
    closes: Vec<PastClose>,
}

/// Something that the log says, or a close that was obeyed at this place of it.
enum Happening {
    Said(Said),
    PersonWithdrew(Pseudonym),
    LeftRegister(Pseudonym),
    CodeWithdrawn(Pseudonym),
    Renewed { person: Pseudonym, present: Month },
    Closed(Month),
}

/// An event that could be scored.
struct Said {
    /// The first month that was not closed when it arrived.
    present: Month,
    sender: String,
    trust: TrustId,
    unit: UnitId,
    what: What,
}

enum What {
    Opened {
        episode: EpisodeKey,
        day: Day,
        therapist: Option<Pseudonym>,
    },
    Session {
        episode: EpisodeKey,
        day: Day,
        number: u32,
        revision: u32,
        forms: Vec<Filled>,
    },
    Registered {
        episode: EpisodeKey,
        day: Day,
        revision: u32,
        form: Vec<Filled>,
    },
    Ended {
        episode: EpisodeKey,
        day: Day,
        how: EpisodeEnding,
    },
    Issued {
        code: Pseudonym,
        month: Month,
    },
    Answered {
        code: Pseudonym,
        month: Month,
        form: Filled,
    },
}

/// A form with its scores.
#[derive(Clone)]
pub(crate) struct Filled {
    pub(crate) instrument: String,
    pub(crate) version: u32,
    pub(crate) respondent: Respondent,
    /// Millionths; `None` where there is no score.
    pub(crate) scores: BTreeMap<ScaleId, Option<i64>>,
    /// What the instrument says of each scale.
    pub(crate) bounds: BTreeMap<ScaleId, Bounds>,
}

impl Filled {
    /// The same instrument in the same version by the same respondent.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        (&self.instrument, self.version, self.respondent)
            == (&other.instrument, other.version, other.respondent)
    }
}

/// What a scale is judged by, in millionths.
#[derive(Clone)]
pub(crate) struct Bounds {
    /// For this respondent and age band.
    pub(crate) cutoff: Option<i64>,
    pub(crate) reliable_change: Option<i64>,
    pub(crate) higher_is_better: bool,
}

impl Filled {
    fn is_a(&self, kind: &FormRef) -> bool {
        self.instrument == kind.instrument.as_str()
            && self.version == kind.version
            && self.respondent == kind.respondent
    }
}

/// A close that was obeyed.
struct PastClose {
    /// Its place in the history.
    place: usize,
    month: Month,
    /// What entered a group.
    entered: BTreeSet<Key>,
    /// Who is in its rows, and with which unit.
    in_rows: Vec<(MeasureId, UnitId, Pseudonym)>,
    /// What went on waiting, and with which month.
    waiting: BTreeMap<Key, Month>,
}

/// What is remembered of a contribution.
pub(crate) type Key = (MeasureId, TrustId, Identity);

/// §4.2: a person has one contribution per measure, unit and month, or per episode; a code has one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Identity {
    Month {
        month: Month,
        unit: UnitId,
        person: Pseudonym,
    },
    Episode(EpisodeKey),
    RegisteredEpisode(EpisodeKey),
    /// A patient's first form of the register.
    Person(Pseudonym),
    Code(Pseudonym),
}

/// A contribution, as §4.2 has it.
#[derive(Debug, Clone)]
pub(crate) struct Contribution {
    pub(crate) measure: MeasureId,
    pub(crate) trust: TrustId,
    pub(crate) unit: UnitId,
    pub(crate) part: String,
    pub(crate) own: Month,
    pub(crate) waits: Month,
    /// The person, or the code.
    pub(crate) person: Pseudonym,
    pub(crate) identity: Identity,
    pub(crate) placed: (Day, u32),
    pub(crate) therapist: Option<Pseudonym>,
    pub(crate) senders: BTreeSet<String>,
    /// Millionths, in the measure's order.
    pub(crate) values: Vec<i64>,
}

impl Contribution {
    pub(crate) fn key(&self) -> Key {
        let Self {
            measure,
            trust,
            identity,
            ..
        } = self;
        (measure.clone(), trust.clone(), identity.clone())
    }
}

/// What waits at a close and what comes out of it.
#[derive(Clone)]
pub(crate) struct Closing {
    pub(crate) month: Month,
    pub(crate) waiting: Vec<Contribution>,
    pub(crate) released: Vec<Released>,
    /// Patients whose first form of the register came to nothing.
    spent: Vec<Key>,
}

impl Closing {
    pub(crate) fn rows(&self) -> Vec<Row> {
        self.released.iter().map(|one| one.row.clone()).collect()
    }

    /// What waits and is in none of its rows.
    pub(crate) fn rest(&self) -> Vec<&Contribution> {
        let shown: BTreeSet<Key> = self
            .released
            .iter()
            .flat_map(|one| one.members.iter().map(Contribution::key))
            .collect();
        let left = |one: &&Contribution| !shown.contains(&one.key());
        self.waiting.iter().filter(left).collect()
    }
}

/// Everything that the log says of an episode at one place.
struct Episode {
    trust: TrustId,
    key: EpisodeKey,
    opened: (Day, Option<Pseudonym>),
    ended: Option<(UnitId, Day, EpisodeEnding)>,
    forms: Vec<Counted>,
}

/// A form that counts.
struct Counted {
    unit: UnitId,
    day: Day,
    number: u32,
    sender: String,
    form: Filled,
}

/// Everything that the log says of a survey code at one place.
struct Code {
    trust: TrustId,
    unit: UnitId,
    code: Pseudonym,
    month: Month,
    issued: bool,
    answers: Vec<Filled>,
}

// === what happens ===

impl<'w> Reference<'w> {
    pub(crate) fn new(world: &'w World) -> Self {
        Self {
            world,
            history: Vec::new(),
            closes: Vec::new(),
        }
    }

    fn closed(&self) -> Option<Month> {
        self.closes.last().map(|close| close.month)
    }

    fn present(&self) -> Month {
        self.closed().map_or(self.world.first, Month::next)
    }

    /// False if the event is refused.
    pub(crate) fn event(&mut self, event: &Event) -> bool {
        let said = self.said(event);
        let taken = said.is_some();
        self.history.extend(said.map(Happening::Said));
        taken
    }

    /// `None` if it is refused.
    fn said(&self, event: &Event) -> Option<Said> {
        let catalogue = self.world.named(&event.catalogue);
        let trust = catalogue.organisations.trust_of(&event.unit)?.clone();
        Some(Said {
            present: self.present(),
            sender: event.sender.clone(),
            trust,
            unit: event.unit.clone(),
            what: what(&event.body, catalogue)?,
        })
    }

    /// The months to close, in order (§4.4).
    pub(crate) fn control(&mut self, control: &ControlRecord) -> Vec<Month> {
        match *control {
            ControlRecord::PeriodClose { month, ingested_at } => {
                let mut months = Vec::new();
                let mut next = self.present();
                while ingested_at >= month.closes_from() && next <= month {
                    months.push(next);
                    next = next.next();
                }
                return months;
            }
            ControlRecord::Withdrawal {
                scope: WithdrawalScope::Registry,
                subject,
            } => {
                if let WithdrawalSubject::Person(person) = subject {
                    self.history.push(Happening::LeftRegister(person));
                }
            }
            ControlRecord::Withdrawal { subject, .. } => self.history.push(match subject {
                WithdrawalSubject::Person(person) => Happening::PersonWithdrew(person),
                WithdrawalSubject::Code(code) => Happening::CodeWithdrawn(code),
            }),
            ControlRecord::Renewal { person } => self.history.push(Happening::Renewed {
                person,
                present: self.present(),
            }),
        }
        Vec::new()
    }

    /// What waits and what may be released. Nothing changes.
    pub(crate) fn close(&self, month: Month) -> Closing {
        let waiting = self.waiting(month);
        let spent = self.spent(month, &waiting);
        let catalogue = self.world.plan(month);
        let released = release(month, catalogue, &waiting, &self.in_rows(month.year()));
        Closing {
            month,
            waiting,
            released,
            spent,
        }
    }

    /// §5: the rows empty what waits, as it stands here.
    pub(crate) fn obey(&mut self, closing: Closing, rows: &[Row]) {
        let month = closing.month;
        let organisations = &self.world.plan(month).organisations;
        let mut left = closing.waiting;
        let mut close = PastClose {
            place: self.history.len(),
            month,
            entered: closing.spent.into_iter().collect(),
            in_rows: Vec::new(),
            waiting: BTreeMap::new(),
        };
        for row in rows {
            let (emptied, stays) = left.into_iter().partition(|one| {
                let organisation = match row.level() {
                    RowLevel::Unit => one.unit.as_str(),
                    RowLevel::Institution => organisations.units[&one.unit].institution.as_str(),
                    RowLevel::Trust => one.trust.as_str(),
                };
                *row.measure() == one.measure
                    && row.organisation() == organisation
                    && (row.part().is_empty() || row.part() == one.part)
                    && (row.first()..=row.last()).contains(&one.waits)
            });
            left = stays;
            let emptied: Vec<Contribution> = emptied;
            for one in emptied {
                close.entered.insert(one.key());
                close.in_rows.push((one.measure, one.unit, one.person));
            }
        }
        for one in left {
            if month.ends_year() {
                close.entered.insert(one.key());
            } else {
                close.waiting.insert(one.key(), one.waits);
            }
        }
        self.closes.push(close);
        self.history.push(Happening::Closed(month));
    }
}

/// `None` if a form of it is refused.
fn what(body: &EventBody, catalogue: &Catalogue) -> Option<What> {
    Some(match body {
        &EventBody::EpisodeOpened {
            episode,
            day,
            therapist,
        } => What::Opened {
            episode,
            day,
            therapist,
        },
        EventBody::Session {
            episode,
            day,
            number,
            revision,
            forms,
        } => What::Session {
            episode: *episode,
            day: *day,
            number: *number,
            revision: *revision,
            forms: forms
                .iter()
                .map(|form| fill(form, catalogue))
                .collect::<Option<_>>()?,
        },
        &EventBody::EpisodeClosed {
            episode,
            day,
            ending,
        } => What::Ended {
            episode,
            day,
            how: ending,
        },
        &EventBody::InvitationIssued { code, month } => What::Issued { code, month },
        EventBody::DischargeSurvey { code, month, form } => What::Answered {
            code: *code,
            month: *month,
            form: fill(form, catalogue)?,
        },
        EventBody::RegistryForm {
            episode,
            day,
            revision,
            form,
        } => What::Registered {
            episode: *episode,
            day: *day,
            revision: *revision,
            form: vec![fill(form, catalogue)?],
        },
    })
}

/// A form with its scores, or `None` if it is refused.
fn fill(form: &Form, catalogue: &Catalogue) -> Option<Filled> {
    let instrument = catalogue.instrument(form.instrument.as_str(), form.version)?;
    let scored = instrument.score(form).ok()?;
    // The cut-off for the respondent and the age band, which may be assumed.
    let age = form.age.or(instrument.default_age);
    let bounds = instrument.scales.iter().map(|scale| {
        let is_for = |one: &&medvirk_domain::catalogue::ClinicalCutoff| {
            (one.respondent.is_none() || one.respondent == Some(form.respondent))
                && (one.age.is_none() || one.age == age)
        };
        let bounds = Bounds {
            cutoff: scale
                .cutoffs
                .iter()
                .find(is_for)
                .map(|one| one.value.micros()),
            reliable_change: scale.reliable_change.map(|by| by.micros()),
            higher_is_better: scale.higher_is_better,
        };
        (scale.id.clone(), bounds)
    });
    Some(Filled {
        bounds: bounds.collect(),
        instrument: form.instrument.to_string(),
        version: form.version,
        respondent: form.respondent,
        scores: scored
            .scores
            .into_iter()
            .map(|score| (score.scale, score.value.map(|value| value.micros())))
            .collect(),
    })
}
