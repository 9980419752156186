//! From a scenario to the records of its log, in the order in which they arrive.

use medvirk_domain::form::{AgeBand, Form};
use medvirk_domain::ids::Pseudonym;
use medvirk_domain::record::{
    ControlRecord, EpisodeEnding, Event, EventBody, LogRecord, WithdrawalScope, WithdrawalSubject,
};
use medvirk_domain::time::{Day, Month};

use super::{
    CodeStory, Course, End, Habit, Happens, Incident, Point, Scenario, UNITS, Visit, ally, code,
    episode, exit, extra, forms, person, person_of, point, therapist,
};
use crate::world::World;

/// Records with the month (from genesis) and the place in which they arrive.
struct Writer<'w> {
    world: &'w World,
    arrivals: Vec<(i32, u8, LogRecord)>,
}

impl Scenario {
    /// The records of the log.
    pub(crate) fn log(&self, world: &World) -> Vec<LogRecord> {
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
            let come = writer.arrivals.iter();
            let come = come.filter(|(month, _, _)| *month == after);
            let mut come: Vec<_> = come.map(|(_, _, record)| record.clone()).collect();
            let last = after + 1 == i32::from(self.months);
            let habit = self.habits.get(after as usize).copied();
            let (month, habit) = (world.first.plus(after), habit.filter(|_| !last));
            if matches!(habit, Some(Habit::TooEarly)) {
                come.insert(come.len() / 2, close_at(month, month.closes_from() - 1));
            }
            log.extend(come);
            log.extend(closes(month, habit.unwrap_or(Habit::Usual)));
        }
        log
    }
}

pub(crate) fn close_record(month: Month) -> LogRecord {
    close_at(month, month.closes_from())
}

fn close_at(month: Month, ingested_at: i64) -> LogRecord {
    LogRecord::Control(ControlRecord::PeriodClose { month, ingested_at })
}

fn closes(month: Month, habit: Habit) -> Vec<LogRecord> {
    match habit {
        Habit::Usual | Habit::TooEarly => vec![close_record(month)],
        Habit::Skipped => vec![],
        Habit::Repeated => vec![close_record(month), close_record(month)],
        Habit::Old => vec![close_record(month.plus(-3)), close_record(month)],
    }
}

impl Writer<'_> {
    fn day(&self, month: i32, day: u8) -> Day {
        Day(self.world.first.plus(month).first_day().0 + i32::from(day))
    }

    fn event(&mut self, month: i32, order: u8, from: (&str, String), body: EventBody) {
        let (unit, sender) = from;
        let month = month.max(0);
        let event = Event {
            sender,
            catalogue: self.world.plan(self.world.first.plus(month)).hash,
            submission_id: [0; 16],
            ingested_at: 0,
            unit: unit.parse().expect("an id"),
            body,
        };
        self.arrivals.push((month, order, LogRecord::Event(event)));
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
        for point in &course.points {
            self.point(course, &opener, point);
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
        self.event(arrival, visit.order, from, body.clone());
        if let Some(again) = &visit.again {
            let [a, b, c] = visit.answers;
            let other = forms(course.person, visit.forms, [b, c, a], false);
            let body = if again.changed {
                session(self, 0, other)
            } else {
                body
            };
            let order = visit.order.wrapping_add(90);
            let from = (unit, sender(again.sender.unwrap_or(visit.sender)));
            self.event(arrival + i32::from(again.later), order, from, body);
        }
        for one in &visit.corrections {
            let sent = forms(course.person, one.forms, one.answers, false);
            let body = session(self, one.revision, sent);
            let from = (unit, sender(one.sender));
            self.event(month + i32::from(one.late), one.order, from, body);
        }
    }

    fn point(&mut self, course: &Course, opener: &str, one: &Point) {
        let unit = UNITS[(course.unit + u8::from(one.away)) as usize % UNITS.len()];
        let sender = match one.sender {
            0 => opener.to_owned(),
            number => format!("register-{number}"),
        };
        let month = i32::from(course.start) + i32::from(one.after);
        let registered = |writer: &Self, answers: [u8; 4], revision| EventBody::RegistryForm {
            episode: episode(course.person, course.episode),
            day: writer.day(month, one.day),
            revision,
            form: Form {
                age: one.young.then_some(AgeBand::Adolescent),
                ..point(answers, one.blank)
            },
        };
        let body = registered(self, one.answers, 0);
        let arrival = month + i32::from(one.late);
        self.event(arrival, one.order, (unit, sender.clone()), body);
        if let Some((later, revision)) = one.again {
            let [a, b, c, d] = one.answers;
            let body = registered(self, [b, c, d, a], revision);
            let from = (unit, sender);
            self.event(arrival + i32::from(later), one.order, from, body);
        }
    }

    fn ending(&mut self, course: &Course, end: &End) {
        let key = episode(course.person, course.episode);
        let unit = UNITS[(course.unit + u8::from(end.away)) as usize % UNITS.len()];
        let month = i32::from(course.start) + i32::from(end.after);
        let ended = |writer: &Self, month: i32| EventBody::EpisodeClosed {
            episode: key,
            day: writer.day(month, end.day),
            ending: match end.how {
                0 => EpisodeEnding::Unknown,
                1 => EpisodeEnding::Planned,
                2 => EpisodeEnding::Unplanned,
                _ => EpisodeEnding::Transfer,
            },
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

    /// The person's clinic sends everything again.
    fn renewal(&mut self, person: Pseudonym, at: i32, order: u8) {
        let renewal = LogRecord::Control(ControlRecord::Renewal { person });
        self.arrivals.push((at, order, renewal));
        let is_of = |record: &LogRecord| match record {
            LogRecord::Event(event) => person_of(event) == Some(person),
            LogRecord::Control(_) => false,
        };
        let before = self.arrivals.iter();
        let before = before.filter(|(month, _, record)| *month < at && is_of(record));
        let again: Vec<_> = before.map(|(_, _, one)| (at, order, one.clone())).collect();
        self.arrivals.extend(again);
    }

    fn incident(&mut self, incident: &Incident) {
        let (at, order) = (i32::from(incident.at), incident.order);
        let from = ("ta1a", "tablet-1".to_owned());
        let control = match incident.what {
            Happens::Withdrawal(number) => withdrawal_of(number, WithdrawalScope::All),
            Happens::RegistryWithdrawal(number) => withdrawal_of(number, WithdrawalScope::Registry),
            Happens::TwoWithdrawals(number) => {
                let everything = withdrawal_of(number, WithdrawalScope::All);
                self.arrivals
                    .push((at, order, LogRecord::Control(everything)));
                withdrawal_of(number, WithdrawalScope::Registry)
            }
            Happens::Return(number, later) => {
                let everything = withdrawal_of(number, WithdrawalScope::All);
                self.arrivals
                    .push((at, order, LogRecord::Control(everything)));
                return self.renewal(person(number), at + i32::from(later), order);
            }
            Happens::CodeWithdrawal(number, all) => {
                let scope = if all {
                    WithdrawalScope::All
                } else {
                    WithdrawalScope::Registry
                };
                ControlRecord::Withdrawal {
                    subject: WithdrawalSubject::Code(code(number)),
                    scope,
                }
            }
            Happens::Renewal(number) => ControlRecord::Renewal {
                person: person(number),
            },
            Happens::RegistryForm(number) => {
                let body = EventBody::RegistryForm {
                    episode: episode(number, 0),
                    day: self.day(at, 1),
                    revision: 0,
                    form: extra(1),
                };
                return self.event(at, order, from, body);
            }
            Happens::Bad(number, unknown) => {
                let mut form = extra(41);
                if unknown {
                    form.instrument = "unheard-of".parse().unwrap();
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
        self.arrivals.push((at, order, LogRecord::Control(control)));
    }
}

fn withdrawal_of(number: u8, scope: WithdrawalScope) -> ControlRecord {
    ControlRecord::Withdrawal {
        subject: WithdrawalSubject::Person(person(number)),
        scope,
    }
}
