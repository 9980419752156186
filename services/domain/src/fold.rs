//! The fold: what one partition of the event log says (design §4 and §5).
//!
//! Comes in: the records of one partition in offset order, each with the catalogue that admitted
//! it, and at a `PeriodClose` the catalogue in force. Goes out: the rows of each close. The
//! invariant: the state is a function of the log up to here and of the closes in the ledger;
//! neither the clock, nor the number of partitions, nor a crash plays a part.
//!
//! A close has three steps, and only the last one changes anything:
//!
//! 1. [`Fold::begin_close`] lists every contribution that waits ([`contribution`], §4.2–4.4);
//! 2. [`Fold::release`] groups them and makes the rows that are releasable ([`release`], §4.5–4.7);
//! 3. [`Fold::obey`] empties what the first close in the ledger says, whoever wrote it (§5).

mod contribution;
mod facts;
mod obey;
mod release;
mod state;

pub use contribution::Waiting;

use hashbrown::{HashMap, HashSet};
use serde::{Deserialize, Serialize};

use crate::admission::{self, AdmittedForm, RecordRejection};
use crate::catalogue::Catalogue;
use crate::form::Form;
use crate::ids::{Pseudonym, UnitId};
use crate::partition::LogPartition;
use crate::record::{Control, Ending, EpisodeKey, Event, EventBody, Scope, Subject};
use crate::time::{Day, Month};
use crate::withdrawal::StandingWithdrawals;
use state::{Closed, Name, Names, Opened, REGISTER, StoredForm, TrustState};

/// The version of the rules in this module. A plan names the version in force; a binary stops
/// before one that it does not know.
pub const FOLD_VERSION: u32 = 1;

/// For how many months, measured against the last closed one, what has entered a group is
/// remembered; what is older goes to the registry only (§4.2).
const MEMORY_MONTHS: i32 = 24;

/// A survey code expires at the close of this many months after its own (§3).
const CODE_MONTHS: i32 = 2;

/// Everything that one partition of the log says.
///
/// It is serialisable for checkpoints alone; nobody but the fold knows its shape.
#[derive(Serialize, Deserialize)]
pub struct Fold {
    partition: u32,
    partitions: u32,
    first_month: Month,
    /// The last closed month.
    closed: Option<Month>,
    names: Names,
    /// The first month in which each measure was in force.
    since: HashMap<Name, Month>,
    /// What is ever pooled together lies within one trust, so nothing else is needed to make a
    /// trust's rows; this is why the number of partitions plays no part.
    trusts: HashMap<Name, TrustState>,
    withdrawn: StandingWithdrawals,
    /// The month in which a withdrawn person began to take part again: in everything,
    renewed: HashMap<Pseudonym, Month>,
    /// and in the register.
    renewed_register: HashMap<Pseudonym, Month>,
    /// The measures in force that read forms of the register.
    of_register: HashSet<Name>,
}

impl Fold {
    /// An empty fold. `catalogue` is the one in force in `first_month`, the month of the
    /// deployment's genesis.
    pub fn new(partition: u32, partitions: u32, first_month: Month, catalogue: &Catalogue) -> Self {
        let mut fold = Self {
            partition,
            partitions,
            first_month,
            closed: None,
            names: Names::default(),
            since: HashMap::new(),
            trusts: HashMap::new(),
            withdrawn: StandingWithdrawals::default(),
            renewed: HashMap::new(),
            renewed_register: HashMap::new(),
            of_register: HashSet::new(),
        };
        fold.go_over_to(catalogue);
        fold
    }

    /// The last closed month.
    pub fn closed(&self) -> Option<Month> {
        self.closed
    }

    /// The first month that is not closed at this place in the log.
    pub fn present(&self) -> Month {
        self.closed.map_or(self.first_month, Month::next)
    }

    /// How many episodes are held, for the metrics.
    pub fn episodes(&self) -> usize {
        self.trusts.values().map(|trust| trust.episodes.len()).sum()
    }

    /// Folds an event in. `catalogue` is the one that the event names.
    ///
    /// # Errors
    /// A [`RecordRejection`] says why the record is set aside. The state is as before.
    pub fn apply_event(
        &mut self,
        event: &Event,
        catalogue: &Catalogue,
    ) -> Result<(), RecordRejection> {
        let partition = LogPartition {
            number: self.partition,
            of: self.partitions,
        };
        let admitted = admission::admit(event, catalogue, partition)?;
        let trust = self.names.intern(admitted.trust.as_str());
        let forms = self.stored_forms(event, admitted.forms);
        match &event.body {
            EventBody::EpisodeOpened {
                episode,
                day,
                therapist,
            } => {
                let (opener, day) = (self.names.intern(&event.sender), *day);
                let therapist = *therapist;
                let opened = Opened {
                    opener,
                    therapist,
                    day,
                };
                if let Some((trust, month)) = self.counting(trust, episode, None) {
                    let both = trust.both(*episode, month);
                    both.for_each(|episode| episode.open(opened));
                }
            }
            EventBody::Session { episode, day, .. } => {
                if let Some((trust, month)) = self.counting(trust, episode, Some(*day)) {
                    let episode = trust.episode(*episode, month);
                    forms.into_iter().for_each(|form| episode.add(form));
                }
            }
            EventBody::EpisodeClosed {
                episode,
                day,
                ending,
            } => self.close_episode(trust, episode, (*day, *ending), &event.unit),
            EventBody::RegistryForm { episode, day, .. } => {
                if self.registered(episode.person, day.month())
                    && let Some((trust, month)) = self.counting(trust, episode, Some(*day))
                {
                    let episode = trust.registered(*episode, month);
                    forms.into_iter().for_each(|form| episode.add(form));
                }
            }
            EventBody::InvitationIssued { code, month } => {
                if let Some(code) = self.code(trust, *code, *month, &event.unit) {
                    code.issued = true;
                }
            }
            EventBody::DischargeSurvey { code, month, .. } => {
                if let Some(code) = self.code(trust, *code, *month, &event.unit) {
                    code.respond(forms);
                }
            }
        }
        Ok(())
    }

    fn close_episode(
        &mut self,
        trust: Name,
        episode: &EpisodeKey,
        (day, ending): (Day, Ending),
        unit: &UnitId,
    ) {
        let unit = self.names.intern(unit.as_str());
        let closed = Closed { unit, day, ending };
        if let Some((trust, month)) = self.counting(trust, episode, Some(day)) {
            let both = trust.both(*episode, month);
            both.for_each(|episode| episode.close(closed));
        }
    }

    /// The forms of an admitted event as the fold keeps them.
    fn stored_forms(&mut self, event: &Event, admitted: Vec<AdmittedForm<'_>>) -> Vec<StoredForm> {
        let (day, number, revision) = match event.body {
            EventBody::Session {
                day,
                number,
                revision,
                ..
            } => (day, number, revision),
            EventBody::RegistryForm { day, revision, .. } => (day, REGISTER, revision),
            EventBody::DischargeSurvey { month, .. } => (month.first_day(), 1, 0),
            _ => return Vec::new(),
        };
        let store = |(form, admitted): (&Form, AdmittedForm<'_>)| StoredForm {
            day,
            number,
            revision: u16::try_from(revision).unwrap_or(u16::MAX),
            age: admitted.instrument.age_of(form),
            unit: self.names.intern(event.unit.as_str()),
            sender: self.names.intern(&event.sender),
            kind: self
                .names
                .intern_form(&form.instrument, form.version, form.respondent),
            scores: admitted.scores,
        };
        event.body.forms().iter().zip(admitted).map(store).collect()
    }

    /// The trust's state, if this of the episode can still count, and the month of which the episode
    /// has heard with it. An opening has no `day` here: it
    /// is no contribution, and one may begin long before the clinic comes to use the service.
    fn counting(
        &mut self,
        trust: Name,
        episode: &EpisodeKey,
        day: Option<Day>,
    ) -> Option<(&mut TrustState, Month)> {
        let month = day.map(Day::month);
        let withdrawn = self.has_withdrawn(episode.person);
        let before_renewal = month.is_some_and(|month| self.is_before_renewal(episode, month));
        let too_old = month.is_some_and(|month| self.is_forgotten(month));
        if withdrawn || before_renewal || too_old {
            return None;
        }
        let present = self.present();
        let latest = month.map_or(present, |own| own.max(present));
        Some((self.trusts.entry(trust).or_default(), latest))
    }

    /// True for a form of the register that can still count: nobody has withdrawn from it, and it
    /// is not of a time before the person came back to it.
    fn registered(&self, person: Pseudonym, month: Month) -> bool {
        let withdrawn = self.withdrawn.scope_of(person).is_some();
        let before = self.is_before_register_renewal(person, month);
        !withdrawn && !before
    }

    /// True for a person or a code, until a renewal. A withdrawal from the register is about its
    /// forms only.
    fn has_withdrawn(&self, whom: Pseudonym) -> bool {
        self.withdrawn.scope_of(whom) == Some(Scope::All)
    }

    /// True for a month before a person came back to the register.
    fn is_before_register_renewal(&self, person: Pseudonym, month: Month) -> bool {
        self.renewed_register
            .get(&person)
            .is_some_and(|renewed| month < *renewed)
    }

    /// True for what a person who withdrew and came back did before: it may be in a row already.
    fn is_before_renewal(&self, episode: &EpisodeKey, month: Month) -> bool {
        self.renewed
            .get(&episode.person)
            .is_some_and(|renewed| month < *renewed)
    }

    /// The state of a survey code, unless it has expired or was withdrawn.
    fn code(
        &mut self,
        trust: Name,
        code: Pseudonym,
        month: Month,
        unit: &UnitId,
    ) -> Option<&mut state::Code> {
        let expired = self.present() > month.plus(CODE_MONTHS);
        if expired || self.has_withdrawn(code) {
            return None;
        }
        let unit = self.names.intern(unit.as_str());
        Some(
            self.trusts
                .entry(trust)
                .or_default()
                .code(code, unit, month),
        )
    }

    /// Folds a control record in and says which months it closes, in order: none but for a
    /// `PeriodClose` that is in time. Each of them is then closed by the three steps above.
    pub fn apply_control(&mut self, control: &Control) -> Vec<Month> {
        match *control {
            Control::PeriodClose { month, ingested_at } => return self.due(month, ingested_at),
            Control::Withdrawal { subject, scope } => self.withdraw(subject, scope),
            Control::Renewal { person } => {
                let scope = self.withdrawn.renew(person);
                if scope.is_some() {
                    self.renewed_register.insert(person, self.present());
                }
                if scope == Some(Scope::All) {
                    self.renewed.insert(person, self.present());
                }
            }
        }
        Vec::new()
    }

    /// The months that a `PeriodClose` closes: skipped ones first, none twice, none too early.
    fn due(&self, month: Month, ingested_at: i64) -> Vec<Month> {
        if !admission::closes_in_time(month, ingested_at) {
            return Vec::new();
        }
        let next = |last: &Month| (*last < month).then(|| last.next());
        let first = self.present();
        std::iter::successors((first <= month).then_some(first), next).collect()
    }

    /// Drops what waits and what is remembered of a person. What has entered a row stands; that
    /// it has entered is forgotten, as a replay of the log after the erasure has never known it.
    fn withdraw(&mut self, subject: Subject, scope: Scope) {
        let (Subject::Person(whom) | Subject::Code(whom)) = subject;
        self.withdrawn.withdraw(whom, scope);
        for trust in self.trusts.values_mut() {
            if scope == Scope::All {
                trust.forget(whom);
            } else {
                trust.forget_register(whom, &self.of_register);
            }
        }
    }

    /// True for months of which nothing is remembered any more.
    fn is_forgotten(&self, month: Month) -> bool {
        self.closed
            .is_some_and(|closed| month < closed.plus(-MEMORY_MONTHS))
    }

    /// Notes which measures are new with this catalogue: they count from the present month on.
    fn go_over_to(&mut self, catalogue: &Catalogue) {
        let from = self.present();
        let mut since = HashMap::new();
        self.of_register.clear();
        for (id, measure) in &catalogue.measures {
            let name = self.names.intern(id.as_str());
            since.insert(name, self.since.get(&name).copied().unwrap_or(from));
            if measure.population.is_of_register() {
                self.of_register.insert(name);
            }
        }
        self.since = since;
    }
}
