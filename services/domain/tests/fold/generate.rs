//! Random logs. Comes in: proptest's choices, all small numbers, so that a failing log shrinks.
//! Goes out: a setting and the records of a log with its closes.

use std::fmt;

use medvirk_domain::fixed::FixedPoint;
use medvirk_domain::form::{Form, ItemResponse, MissingReason, Respondent};
use medvirk_domain::ids::Pseudonym;
use medvirk_domain::record::{EpisodeKey, Event, EventBody};

use crate::world::Setting;

mod strategy;
mod write;
pub(crate) use strategy::{Wildness, scenario};
pub(crate) use write::close_record;

/// The units that events name; the last is in no catalogue.
pub(crate) const UNITS: [&str; 9] = [
    "ta1a", "ta1b", "ta1c", "ta2a", "tb1a", "tb1b", "tb2a", "tc1a", "nowhere",
];

/// A log in the making.
#[derive(Clone)]
pub(crate) struct Scenario {
    pub(crate) setting: Setting,
    /// How many months are closed.
    pub(crate) months: u8,
    pub(crate) courses: Vec<Course>,
    pub(crate) codes: Vec<CodeStory>,
    /// What is odd about closing each month.
    pub(crate) habits: Vec<Habit>,
    pub(crate) incidents: Vec<Incident>,
}

/// Writes each event on a line of its own.
impl fmt::Debug for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:?}, {} months, {:?}",
            self.setting, self.months, self.habits
        )?;
        self.courses
            .iter()
            .try_for_each(|one| writeln!(f, "{one:?}"))?;
        self.codes
            .iter()
            .try_for_each(|one| writeln!(f, "{one:?}"))?;
        self.incidents
            .iter()
            .try_for_each(|one| writeln!(f, "{one:?}"))
    }
}

/// One episode of care.
#[derive(Debug, Clone)]
pub(crate) struct Course {
    pub(crate) person: u8,
    pub(crate) episode: u8,
    pub(crate) unit: u8,
    /// The months from genesis to the first session.
    pub(crate) start: i8,
    pub(crate) therapist: Option<u8>,
    pub(crate) opener: u8,
    pub(crate) opened_late: u8,
    /// Opened again so many months later, by another credential with another therapist.
    pub(crate) reopened: Option<u8>,
    pub(crate) visits: Vec<Visit>,
    pub(crate) points: Vec<Point>,
    pub(crate) ending: Option<End>,
    /// All of it is sent again so many months later.
    pub(crate) sent_again: Option<u8>,
}

/// One session of an episode.
#[derive(Debug, Clone)]
pub(crate) struct Visit {
    /// Months from the start of the episode.
    pub(crate) after: u8,
    pub(crate) day: u8,
    pub(crate) number: u8,
    /// At the next unit.
    pub(crate) away: bool,
    /// 0 is the opener.
    pub(crate) sender: u8,
    /// It is sent while the month before is not closed yet.
    pub(crate) early: bool,
    /// Months until it is sent.
    pub(crate) late: u8,
    /// Which forms, as bits.
    pub(crate) forms: u8,
    pub(crate) answers: [u8; 3],
    /// One item has no answer.
    pub(crate) blank: bool,
    /// Sent again so many months later.
    pub(crate) again: Option<Again>,
    pub(crate) corrections: Vec<Correction>,
    /// Place within the month's arrivals.
    pub(crate) order: u8,
}

/// One form of the register.
#[derive(Debug, Clone)]
pub(crate) struct Point {
    /// Months from the start of the episode.
    pub(crate) after: u8,
    pub(crate) day: u8,
    /// At the next unit.
    pub(crate) away: bool,
    /// 0 is the opener.
    pub(crate) sender: u8,
    /// Months until it is sent.
    pub(crate) late: u8,
    pub(crate) answers: [u8; 4],
    /// One item has no answer.
    pub(crate) blank: bool,
    pub(crate) young: bool,
    /// Sent again with other answers so many months later, with this revision.
    pub(crate) again: Option<(u8, u32)>,
    /// Place within the month's arrivals.
    pub(crate) order: u8,
}

/// The session once more without a revision.
#[derive(Debug, Clone)]
pub(crate) struct Again {
    pub(crate) later: u8,
    /// Whether other answers are sent than before.
    pub(crate) changed: bool,
    /// By another credential; 0 is the opener.
    pub(crate) sender: Option<u8>,
}

/// The session once more with a revision.
#[derive(Debug, Clone)]
pub(crate) struct Correction {
    pub(crate) revision: u8,
    pub(crate) late: u8,
    pub(crate) sender: u8,
    pub(crate) forms: u8,
    pub(crate) answers: [u8; 3],
    pub(crate) order: u8,
}

/// The end of an episode.
#[derive(Debug, Clone)]
pub(crate) struct End {
    /// Months from the start of the episode.
    pub(crate) after: u8,
    pub(crate) day: u8,
    pub(crate) away: bool,
    /// How, as a number.
    pub(crate) how: u8,
    pub(crate) early: bool,
    pub(crate) late: u8,
    /// Closed again so many months later, with that month's date.
    pub(crate) again: Option<u8>,
}

/// What happens to one survey code.
#[derive(Debug, Clone)]
pub(crate) struct CodeStory {
    pub(crate) unit: u8,
    pub(crate) month: i8,
    /// Issued so many months later.
    pub(crate) issued: Option<u8>,
    /// Answered so many months later, with that answer.
    pub(crate) answers: Vec<(u8, u8)>,
    pub(crate) order: u8,
}

/// What is odd about closing a month.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Habit {
    Usual,
    /// It is left to the next close.
    Skipped,
    Repeated,
    /// Tried a moment too early, before all of the month has come.
    TooEarly,
    /// An older month is closed once more.
    Old,
}

/// Something that happens to somebody.
#[derive(Debug, Clone)]
pub(crate) struct Incident {
    /// The months from genesis to the incident.
    pub(crate) at: u8,
    pub(crate) order: u8,
    pub(crate) what: Happens,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Happens {
    Withdrawal(u8),
    RegistryWithdrawal(u8),
    /// A withdrawal from everything, then one from the register.
    TwoWithdrawals(u8),
    /// A withdrawal, and so many months later a renewal; then what came before is sent again.
    Return(u8, u8),
    Renewal(u8),
    /// Of everything, or of the register's forms only.
    CodeWithdrawal(u8, bool),
    RegistryForm(u8),
    /// A form of an instrument that nobody knows, or an answer out of range.
    Bad(u8, bool),
}

// === ids ===

pub(crate) fn person(number: u8) -> Pseudonym {
    Pseudonym::new([number; 16])
}

fn other(kind: u8, number: u8) -> Pseudonym {
    let mut bytes = [number; 16];
    bytes[15] = kind;
    Pseudonym::new(bytes)
}

pub(crate) fn therapist(number: u8) -> Pseudonym {
    other(b't', number)
}

pub(crate) fn code(number: u8) -> Pseudonym {
    other(b'c', number)
}

pub(crate) fn episode(of: u8, number: u8) -> EpisodeKey {
    EpisodeKey {
        person: person(of),
        episode: other(b'e', number),
    }
}

/// Whom an event is about, where it is a person.
pub(crate) fn person_of(event: &Event) -> Option<Pseudonym> {
    match &event.body {
        EventBody::EpisodeOpened { episode, .. }
        | EventBody::Session { episode, .. }
        | EventBody::EpisodeClosed { episode, .. }
        | EventBody::RegistryForm { episode, .. } => Some(episode.person),
        EventBody::InvitationIssued { .. } | EventBody::DischargeSurvey { .. } => None,
    }
}

// === forms ===

fn items(instrument: &str, respondent: Respondent, values: &[(&str, Option<i32>)]) -> Form {
    let response = |value: Option<i32>| match value {
        Some(value) => ItemResponse::Value(FixedPoint::from_int(value)),
        None => ItemResponse::Missing(MissingReason::NotAnswered),
    };
    Form {
        instrument: instrument.parse().unwrap(),
        version: 1,
        respondent,
        items: values
            .iter()
            .map(|(item, value)| (item.parse().unwrap(), response(*value)))
            .collect(),
        total: None,
        age: None,
    }
}

/// The alliance in halves: 0 to 80 stands for 0 to 40.
pub(crate) fn ally(halves: u8) -> Form {
    let mut form = items("ally", Respondent::Patient, &[("ally", None)]);
    let value = FixedPoint::from_micros(i64::from(halves) * 500_000);
    form.items[0].1 = ItemResponse::Value(value);
    form
}

pub(crate) fn mood(respondent: Respondent, now: Option<u8>, calm: Option<u8>) -> Form {
    let values = [("now", now.map(i32::from)), ("calm", calm.map(i32::from))];
    items("mood", respondent, &values)
}

pub(crate) fn exit(first: u8, second: Option<u8>) -> Form {
    let values = [("a", Some(first.into())), ("b", second.map(i32::from))];
    items("exit", Respondent::Patient, &values)
}

/// A power of two for each of 40 persons.
pub(crate) fn tag(of: u8) -> Form {
    let bit = |ten: u8| Some(if of / 10 == ten { 1 << (of % 10) } else { 0 });
    let values = [
        ("t0", bit(0)),
        ("t1", bit(1)),
        ("t2", bit(2)),
        ("t3", bit(3)),
    ];
    items("tag", Respondent::Patient, &values)
}

/// A form of the register; `blank` leaves the state out.
pub(crate) fn point([status, plan, help, state]: [u8; 4], blank: bool) -> Form {
    let values = [
        ("status", Some(i32::from(status % 40 + 1))),
        ("plan", Some(i32::from(plan % 41))),
        ("help", Some(i32::from(help % 41))),
        ("state", (!blank).then_some(i32::from(state % 41))),
    ];
    items("point", Respondent::Other, &values)
}

pub(crate) fn extra(value: u8) -> Form {
    items(
        "extra",
        Respondent::Patient,
        &[("extra", Some(value.into()))],
    )
}

fn forms(of: u8, which: u8, [a, b, c]: [u8; 3], blank: bool) -> Vec<Form> {
    let all = [
        ally(a % 81),
        mood(
            Respondent::Patient,
            (!blank).then_some(b % 41),
            Some(c % 41),
        ),
        mood(
            Respondent::Caretaker,
            Some(c % 41),
            (!blank).then_some(a % 41),
        ),
        tag(of),
        extra(a % 41),
    ];
    let chosen = all.into_iter().enumerate();
    chosen
        .filter_map(|(bit, form)| (which >> bit & 1 == 1).then_some(form))
        .collect()
}
