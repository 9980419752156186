//! One partition of the log, decoded once. Comes in: its records, also those that were erased. Goes
//! out: the same with who has withdrawn where. The invariant: it says of a record what the log says
//! up to its end, not what any process knew.

use std::collections::BTreeMap;

use medvirk_domain::ids::Pseudonym;
use medvirk_domain::record::{
    ControlRecord, Event, EventBody, LogRecord, WithdrawalScope, WithdrawalSubject,
};
use medvirk_eventlog::Topic;
use medvirk_records::codec::{self, DecodeError};

use crate::world::State;

/// A record in its place.
pub(super) struct Told {
    pub(super) offset: u64,
    pub(super) erased: bool,
    pub(super) record: Result<LogRecord, DecodeError>,
}

/// One partition. Tombstones are left out.
pub(super) struct Reading {
    records: Vec<Told>,
    /// Withdrawals (with their scope) and renewals of each, in log order.
    marks: BTreeMap<Pseudonym, Vec<(u64, Option<WithdrawalScope>)>>,
    /// Offsets of what was erased, each with that of the withdrawal that erased it, where that came
    /// later than the record.
    lost: Vec<(u64, u64)>,
}

/// Whose an event is.
pub(super) fn subject_of(event: &Event) -> Pseudonym {
    match &event.body {
        EventBody::EpisodeOpened { episode, .. }
        | EventBody::Session { episode, .. }
        | EventBody::EpisodeClosed { episode, .. }
        | EventBody::RegistryForm { episode, .. } => episode.person,
        EventBody::InvitationIssued { code, .. } | EventBody::DischargeSurvey { code, .. } => *code,
    }
}

fn is_of_register(event: &Event) -> bool {
    matches!(event.body, EventBody::RegistryForm { .. })
}

impl Reading {
    pub(super) fn new(state: &State, partition: u32) -> Self {
        let mut reading = Self {
            records: Vec::new(),
            marks: BTreeMap::new(),
            lost: Vec::new(),
        };
        for (offset, slot) in (0..).zip(state.records.of(Topic::Events, partition)) {
            let Some(value) = &slot.record.value else {
                continue;
            };
            let record = codec::decode_event(value);
            if let Ok(LogRecord::Control(control)) = &record {
                reading.mark(offset, control);
            }
            reading.records.push(Told {
                offset,
                erased: slot.erased,
                record,
            });
        }
        let erased = reading.events().filter(|(told, _)| told.erased);
        let lost = erased.filter_map(|(told, event)| {
            let is_late = reading.withdrawn_before(told.offset, subject_of(event));
            let mut marks = reading.marks_of(event).filter(|mark| mark.0 > told.offset);
            let by = marks.find(|mark| mark.1.is_some())?;
            (!is_late && !is_of_register(event)).then_some((told.offset, by.0))
        });
        reading.lost = lost.collect();
        reading
    }

    fn mark(&mut self, offset: u64, control: &ControlRecord) {
        let (whom, scope) = match *control {
            ControlRecord::Withdrawal {
                subject: WithdrawalSubject::Person(whom) | WithdrawalSubject::Code(whom),
                scope,
            } => (whom, Some(scope)),
            ControlRecord::Renewal { person } => (person, None),
            ControlRecord::PeriodClose { .. } => return,
        };
        self.marks.entry(whom).or_default().push((offset, scope));
    }

    pub(super) fn records(&self) -> impl Iterator<Item = &Told> {
        self.records.iter()
    }

    /// Those that could be read and steer nothing.
    pub(super) fn events(&self) -> impl Iterator<Item = (&Told, &Event)> {
        self.records.iter().filter_map(|told| match &told.record {
            Ok(LogRecord::Event(event)) => Some((told, event)),
            _ => None,
        })
    }

    /// Renewals, and the withdrawals that are about such an event.
    fn marks_of(
        &self,
        event: &Event,
    ) -> impl DoubleEndedIterator<Item = (u64, Option<WithdrawalScope>)> {
        let of_register = is_of_register(event);
        let marks = self.marks.get(&subject_of(event));
        let marks = marks.into_iter().flatten().copied();
        marks.filter(move |mark| of_register || mark.1 != Some(WithdrawalScope::Registry))
    }

    /// True for what came before a withdrawal, or between one and a renewal.
    pub(super) fn is_gone(&self, offset: u64, event: &Event) -> bool {
        let before = self.marks_of(event).rev().find(|mark| mark.0 < offset);
        let mut after = self.marks_of(event).filter(|mark| mark.0 > offset);
        before.is_some_and(|mark| mark.1.is_some()) || after.any(|mark| mark.1.is_some())
    }

    /// True if somebody has withdrawn from everything, and not come back before that place.
    pub(super) fn withdrawn_before(&self, offset: u64, whom: Pseudonym) -> bool {
        let mut marks = self.marks.get(&whom).into_iter().flatten().rev();
        let about_all =
            |mark: &&(u64, Option<WithdrawalScope>)| mark.1 != Some(WithdrawalScope::Registry);
        let last = marks.find(|mark| mark.0 < offset && about_all(mark));
        last.is_some_and(|mark| mark.1.is_some())
    }

    /// True if anything was erased.
    pub(super) fn is_erased_in_part(&self) -> bool {
        self.records.iter().any(|told| told.erased)
    }

    /// True if something that counted at that place is gone because of a withdrawal after it.
    pub(super) fn lost_before(&self, offset: u64) -> bool {
        let mut lost = self.lost.iter();
        lost.any(|(place, by)| *place < offset && offset < *by)
    }
}
