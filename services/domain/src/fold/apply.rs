//! Folding records in (design §4.2, §4.3, §5). Comes in: the records of one partition in the order of
//! the log. Goes out: what the fold holds after each. The invariant: a record that is set aside
//! changes nothing.

use super::partition_fold::Fold;
use super::state::{
    EpisodeClosing, EpisodeOpening, InternedName, REGISTER, StoredForm, SurveyCode, TrustState,
};
use crate::admission::{self, AdmittedForm, RecordRejection};
use crate::catalogue::Catalogue;
use crate::form::Form;
use crate::ids::{Pseudonym, UnitId};
use crate::limits::CODE_MONTHS;
use crate::partition::LogPartition;
use crate::record::{
    ControlRecord, EpisodeKey, Event, EventBody, WithdrawalScope, WithdrawalSubject,
};
use crate::time::{Day, Month};

impl Fold {
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
                let opened = EpisodeOpening {
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
            } => {
                let unit = self.names.intern(event.unit.as_str());
                let (day, ending) = (*day, *ending);
                self.close_episode(trust, episode, EpisodeClosing { unit, day, ending });
            }
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

    fn close_episode(&mut self, trust: InternedName, episode: &EpisodeKey, closed: EpisodeClosing) {
        if let Some((trust, month)) = self.counting(trust, episode, Some(closed.day)) {
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
                .intern_form(form.instrument.as_str(), form.version, form.respondent),
            scores: admitted.scores,
        };
        event.body.forms().iter().zip(admitted).map(store).collect()
    }

    /// The trust's state, if this of the episode can still count, and the month of which the episode
    /// has heard with it. An opening has no `day` here: it
    /// is no contribution, and one may begin long before the clinic comes to use the service.
    fn counting(
        &mut self,
        trust: InternedName,
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

    /// The state of a survey code, unless it has expired or was withdrawn.
    fn code(
        &mut self,
        trust: InternedName,
        code: Pseudonym,
        month: Month,
        unit: &UnitId,
    ) -> Option<&mut SurveyCode> {
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
    pub fn apply_control(&mut self, control: &ControlRecord) -> Vec<Month> {
        match *control {
            ControlRecord::PeriodClose { month, ingested_at } => {
                return self.due(month, ingested_at);
            }
            ControlRecord::Withdrawal { subject, scope } => self.withdraw(subject, scope),
            ControlRecord::Renewal { person } => {
                let scope = self.withdrawn.renew(person);
                if scope.is_some() {
                    self.renewed_register.insert(person, self.present());
                }
                if scope == Some(WithdrawalScope::All) {
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
    fn withdraw(&mut self, subject: WithdrawalSubject, scope: WithdrawalScope) {
        let (WithdrawalSubject::Person(whom) | WithdrawalSubject::Code(whom)) = subject;
        self.withdrawn.withdraw(whom, scope);
        for trust in self.trusts.values_mut() {
            if scope == WithdrawalScope::All {
                trust.forget(whom);
            } else {
                trust.forget_register(whom, &self.of_register);
            }
        }
    }
}
