//! Random logs. Comes in: proptest's choices, all small numbers, so that a failing log shrinks.
//! Goes out: a setting and the records of a log with its closes.

use std::fmt;

use medvirk_domain::fixed::Fixed;
use medvirk_domain::form::{Form, MissingReason, Respondent, Response};
use medvirk_domain::ids::Pseudonym;
use medvirk_domain::record::{
    Control, Ending, EpisodeKey, Event, EventBody, Record, Scope, Subject,
};
use medvirk_domain::time::{Day, Month};

use crate::world::{Setting, World};

mod strategy;
pub(crate) use strategy::{Wildness, scenario};

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

/// One line each.
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
    /// Months from genesis.
    pub(crate) start: i8,
    pub(crate) therapist: Option<u8>,
    pub(crate) opener: u8,
    pub(crate) opened_late: u8,
    /// Opened again so many months later, by another credential with another therapist.
    pub(crate) reopened: Option<u8>,
    pub(crate) visits: Vec<Visit>,
    pub(crate) ending: Option<End>,
    /// All of it is sent again so many months later.
    pub(crate) sent_again: Option<u8>,
}

/// One session.
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
    /// Sent again so many months later, perhaps with other answers.
    pub(crate) again: Option<(u8, bool)>,
    pub(crate) corrections: Vec<Correction>,
    /// Place within the month's arrivals.
    pub(crate) order: u8,
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
    pub(crate) early: bool,
    pub(crate) late: u8,
    /// Closed again so many months later, with that month's date.
    pub(crate) again: Option<u8>,
}

/// One survey code.
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
    /// Tried a moment too early before.
    TooEarly,
    /// An older month is closed once more.
    Old,
}

/// Something that happens to somebody.
#[derive(Debug, Clone)]
pub(crate) struct Incident {
    /// Months from genesis.
    pub(crate) at: u8,
    pub(crate) order: u8,
    pub(crate) what: Happens,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Happens {
    Withdrawal(u8),
    RegistryWithdrawal(u8),
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
        Some(value) => Response::Value(Fixed::from_int(value)),
        None => Response::Missing(MissingReason::NotAnswered),
    };
    Form {
        instrument: instrument.to_owned(),
        version: 1,
        respondent,
        items: values
            .iter()
            .map(|(item, value)| ((*item).to_owned(), response(*value)))
            .collect(),
        total: None,
    }
}

/// The alliance in halves: 0 to 80 stands for 0 to 40.
pub(crate) fn ally(halves: u8) -> Form {
    let mut form = items("ally", Respondent::Patient, &[("ally", None)]);
    let value = Fixed::from_micros(i64::from(halves) * 500_000);
    form.items[0].1 = Response::Value(value);
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

// === from the scenario to the log ===

/// Records with the month (from genesis) and the place in which they arrive.
struct Writer<'w> {
    world: &'w World,
    arrivals: Vec<(i32, u8, Record)>,
}

impl Scenario {
    /// The records of the log.
    pub(crate) fn log(&self, world: &World) -> Vec<Record> {
        let mut writer = Writer {
            world,
            arrivals: Vec::new(),
        };
        for course in &self.courses {
            writer.course(course);
        }
        for (number, story) in self.codes.iter().enumerate() {
            writer.code(number as u8, story);
        }
        for incident in &self.incidents {
            writer.incident(incident);
        }
        writer
            .arrivals
            .sort_by_key(|(month, order, _)| (*month, *order));
        let mut log = Vec::new();
        for after in 0..i32::from(self.months) {
            let come = writer
                .arrivals
                .iter()
                .filter(|(month, _, _)| *month == after);
            log.extend(come.map(|(_, _, record)| record.clone()));
            let last = after + 1 == i32::from(self.months);
            let habit = self.habits.get(after as usize).copied();
            log.extend(closes(world.first.plus(after), habit.filter(|_| !last)));
        }
        log
    }
}

pub(crate) fn close_record(month: Month) -> Record {
    Record::Control(Control::PeriodClose {
        month,
        ingested_at: month.closes_from(),
    })
}

fn closes(month: Month, habit: Option<Habit>) -> Vec<Record> {
    let too_early = Record::Control(Control::PeriodClose {
        month,
        ingested_at: month.closes_from() - 1,
    });
    match habit.unwrap_or(Habit::Usual) {
        Habit::Usual => vec![close_record(month)],
        Habit::Skipped => vec![],
        Habit::Repeated => vec![close_record(month), close_record(month)],
        Habit::TooEarly => vec![too_early, close_record(month)],
        Habit::Old => vec![close_record(month.plus(-3)), close_record(month)],
    }
}

impl Writer<'_> {
    fn day(&self, month: i32, day: u8) -> Day {
        Day(self.world.first.plus(month).first_day().0 + i32::from(day))
    }

    fn event(&mut self, month: i32, order: u8, (unit, sender): (&str, String), body: EventBody) {
        let month = month.max(0);
        let event = Event {
            sender,
            catalogue: self.world.plan(self.world.first.plus(month)).hash,
            submission_id: [0; 16],
            ingested_at: 0,
            unit: unit.parse().expect("an id"),
            body,
        };
        self.arrivals.push((month, order, Record::Event(event)));
    }

    fn course(&mut self, course: &Course) {
        let before = self.arrivals.len();
        let key = episode(course.person, course.episode);
        let start = i32::from(course.start);
        let unit = UNITS[course.unit as usize];
        let opened = EventBody::EpisodeOpened {
            episode: key,
            day: self.day(start, 0),
            therapist: course.therapist.map(therapist),
        };
        let opener = format!("epj-{}", course.opener);
        let arrival = start + i32::from(course.opened_late);
        self.event(arrival, 0, (unit, opener.clone()), opened);
        if let Some(later) = course.reopened {
            let opened = EventBody::EpisodeOpened {
                episode: key,
                day: self.day(start + i32::from(later), 3),
                therapist: Some(therapist(9)),
            };
            let arrival = start + i32::from(later);
            self.event(arrival, 200, (unit, "tablet-1".to_owned()), opened);
        }
        for visit in &course.visits {
            self.visit(course, &opener, visit);
        }
        if let Some(end) = &course.ending {
            self.ending(course, end);
        }
        if let Some(later) = course.sent_again {
            let mut again = self.arrivals[before..].to_vec();
            again.iter_mut().for_each(|one| one.0 += i32::from(later));
            self.arrivals.extend(again);
        }
    }

    fn visit(&mut self, course: &Course, opener: &str, visit: &Visit) {
        let unit = UNITS[(course.unit + u8::from(visit.away)) as usize % UNITS.len()];
        let sender = |number: u8| match number {
            0 => opener.to_owned(),
            number => format!("tablet-{number}"),
        };
        let month = i32::from(course.start) + i32::from(visit.after);
        let session = |writer: &Self, revision: u8, forms: Vec<Form>| EventBody::Session {
            episode: episode(course.person, course.episode),
            day: writer.day(month, visit.day),
            number: visit.number.into(),
            revision: revision.into(),
            forms,
        };
        let sent = forms(course.person, visit.forms, visit.answers, visit.blank);
        let arrival = month + i32::from(visit.late) - i32::from(visit.early);
        let from = (unit, sender(visit.sender));
        let body = session(self, 0, sent);
        self.event(arrival, visit.order, from.clone(), body.clone());
        if let Some((later, changed)) = visit.again {
            let [a, b, c] = visit.answers;
            let other = forms(course.person, visit.forms, [b, c, a], false);
            let body = if changed {
                session(self, 0, other)
            } else {
                body
            };
            let order = visit.order.wrapping_add(90);
            self.event(arrival + i32::from(later), order, from, body);
        }
        for one in &visit.corrections {
            let sent = forms(course.person, one.forms, one.answers, false);
            let body = session(self, one.revision, sent);
            let from = (unit, sender(one.sender));
            self.event(month + i32::from(one.late), one.order, from, body);
        }
    }

    fn ending(&mut self, course: &Course, end: &End) {
        let key = episode(course.person, course.episode);
        let unit = UNITS[(course.unit + u8::from(end.away)) as usize % UNITS.len()];
        let month = i32::from(course.start) + i32::from(end.after);
        let ended = |writer: &Self, month: i32| EventBody::EpisodeClosed {
            episode: key,
            day: writer.day(month, end.day),
            ending: Ending::Planned,
        };
        let from = (unit, format!("epj-{}", course.opener));
        let body = ended(self, month);
        let arrival = month + i32::from(end.late) - i32::from(end.early);
        self.event(arrival, 220, from.clone(), body);
        if let Some(later) = end.again {
            let body = ended(self, month + i32::from(later));
            self.event(month + i32::from(later), 40, from, body);
        }
    }

    fn code(&mut self, number: u8, story: &CodeStory) {
        let from = (UNITS[story.unit as usize], "epj-0".to_owned());
        let month = self.world.first.plus(story.month.into());
        let arrival = i32::from(story.month);
        if let Some(late) = story.issued {
            let body = EventBody::InvitationIssued {
                code: code(number),
                month,
            };
            self.event(arrival + i32::from(late), story.order, from.clone(), body);
        }
        for (late, answer) in &story.answers {
            let body = EventBody::DischargeSurvey {
                code: code(number),
                month,
                form: exit(
                    answer % 5 + 1,
                    (answer % 3 > 0).then_some(answer / 5 % 5 + 1),
                ),
            };
            self.event(arrival + i32::from(*late), 100, from.clone(), body);
        }
    }

    fn incident(&mut self, incident: &Incident) {
        let (at, order) = (i32::from(incident.at), incident.order);
        let from = ("ta1a", "tablet-1".to_owned());
        let withdrawal = |subject, scope| Control::Withdrawal { subject, scope };
        let control = match incident.what {
            Happens::Withdrawal(number) => withdrawal(Subject::Person(person(number)), Scope::All),
            Happens::RegistryWithdrawal(number) => {
                withdrawal(Subject::Person(person(number)), Scope::Registry)
            }
            Happens::CodeWithdrawal(number, all) => {
                let scope = if all { Scope::All } else { Scope::Registry };
                withdrawal(Subject::Code(code(number)), scope)
            }
            Happens::Renewal(number) => Control::Renewal {
                person: person(number),
            },
            Happens::RegistryForm(number) => {
                let body = EventBody::RegistryForm {
                    episode: episode(number, 0),
                    day: self.day(at, 1),
                    form: extra(1),
                };
                return self.event(at, order, from, body);
            }
            Happens::Bad(number, unknown) => {
                let mut form = extra(41);
                if unknown {
                    "unheard-of".clone_into(&mut form.instrument);
                }
                let body = EventBody::Session {
                    episode: episode(number, 0),
                    day: self.day(at, 1),
                    number: 1,
                    revision: 0,
                    forms: vec![ally(1), form],
                };
                return self.event(at, order, from, body);
            }
        };
        self.arrivals.push((at, order, Record::Control(control)));
    }
}
