//! What clinics, patients and operators do. Comes in: chance. Goes out: actions in the order in
//! which they reach the log. The invariant: every form `tag` carries the power of two of its
//! person, and every form `exit` that of its answer, so that a row's sum says who is in it.

mod oddities;

use medvirk_domain::fixed::FixedPoint;
use medvirk_domain::form::{Form, ItemResponse, Respondent};
use medvirk_domain::ids::Pseudonym;
use medvirk_domain::record::{
    ControlRecord, EpisodeEnding, EpisodeKey, Event, EventBody, WithdrawalScope, WithdrawalSubject,
};
use medvirk_domain::time::{Day, Month};

use crate::random::Random;
use crate::rules::{FIRST, Version};

/// Persons, at most; each has a bit.
pub(crate) const PERSONS: u8 = 12;

/// Survey codes, at most; each has a bit for its first answer, and one for its second.
pub(crate) const CODES: u8 = 10;

/// The share of stories, in percent, that are longer than anything is remembered.
const LONG: u64 = 6;

/// For how many months the fold remembers.
const MEMORY: u64 = 24;

const UNITS: [&str; 3] = ["ta1a", "ta1b", "tb1a"];

/// One thing that is done.
#[derive(Clone)]
pub(crate) enum Action {
    /// A tablet sends it.
    Submit(Box<Event>),
    /// Something that no ingest would let through, into a partition.
    Garbage(Vec<u8>),
    /// An operator, or the scheduler.
    Steer(ControlRecord),
    /// The month is closed, in partition 0 alone where the closer dies half-way.
    Close { month: Month, partly: bool },
    /// A catalogue comes into force; or two operators want that at the same time.
    Activate(Vec<(Month, &'static Version)>),
    /// Nothing happens for a while.
    Rest,
}

/// A story: its first month and what is done.
pub(crate) struct Story {
    pub(crate) first: Month,
    /// Until here there are faults.
    pub(crate) actions: Vec<Action>,
    /// Afterwards there are none; the last closes show what the state had become.
    pub(crate) epilogue: Vec<Action>,
    pub(crate) last: Month,
}

struct Writer<'r> {
    random: &'r mut Random,
    first: Month,
    months: u64,
    /// Longer than anything is remembered.
    long: bool,
    /// By month from the first.
    arrivals: Vec<Vec<Action>>,
}

pub(crate) fn person(number: u8) -> Pseudonym {
    Pseudonym::new([number + 1; 16])
}

pub(crate) fn named(kind: u8, number: u8) -> Pseudonym {
    let mut bytes = [number; 16];
    bytes[0] = kind;
    Pseudonym::new(bytes)
}

/// The pseudonym of a survey code.
pub(crate) fn code(number: u8) -> Pseudonym {
    named(b'c', number)
}

/// The number of a person, from the pseudonym.
pub(crate) fn number_of(person: &Pseudonym) -> u8 {
    person.as_bytes()[0] - 1
}

fn form(instrument: &str, items: &[(&str, i64)]) -> Form {
    let item = |(id, micros): &(&str, i64)| {
        let value = ItemResponse::Value(FixedPoint::from_micros(*micros));
        (id.parse().expect("an item's id"), value)
    };
    Form {
        instrument: instrument.parse().expect("an instrument's id"),
        version: 1,
        respondent: Respondent::Patient,
        items: items.iter().map(item).collect(),
        total: None,
        age: None,
    }
}

/// The power of two of a number, in two items.
pub(crate) fn bit(instrument: &str, number: u8) -> Form {
    let part = |ten: u8| {
        if number / 10 == ten {
            1_000_000 << (number % 10)
        } else {
            0
        }
    };
    form(instrument, &[("t0", part(0)), ("t1", part(1))])
}

/// The alliance in halves.
pub(crate) fn ally(halves: i64) -> Form {
    form("ally", &[("ally", halves * 500_000)])
}

/// An instrument whose item is called as itself.
pub(crate) fn more(instrument: &str, value: u64) -> Form {
    form(instrument, &[(instrument, value as i64 % 41 * 1_000_000)])
}

impl Story {
    pub(crate) fn new(random: &mut Random) -> Self {
        let first = Month::new(2024, 1 + random.below(12) as u32).expect("a month");
        let long = random.percent(LONG);
        let months = if long {
            MEMORY + 2 + random.below(4)
        } else {
            3 + random.below(4)
        };
        // At least one more, and up to the end of a tertial.
        let end = first.plus(months as i32);
        let more = std::iter::successors(Some(end), |month| Some(month.next()));
        let epilogue = 1 + more.take_while(|month| !month.ends_tertial()).count() as u64;
        let arrivals = vec![Vec::new(); (months + epilogue) as usize];
        let mut writer = Writer {
            random,
            first,
            months,
            long,
            arrivals,
        };
        writer.people();
        writer.codes();
        writer.oddities();
        let mut story = Self {
            first,
            actions: Vec::new(),
            epilogue: Vec::new(),
            last: first.plus((months + epilogue) as i32 - 1),
        };
        writer.tell(&mut story);
        story
    }
}

impl Writer<'_> {
    fn tell(mut self, story: &mut Story) {
        let mut arrivals = std::mem::take(&mut self.arrivals);
        for (after, come) in arrivals.iter_mut().enumerate() {
            // Sessions before their episode, corrections out of order, withdrawals in between.
            shuffle(self.random, come);
            let month = self.first.plus(after as i32);
            let calm = after as u64 >= self.months;
            let actions = if calm {
                &mut story.epilogue
            } else {
                &mut story.actions
            };
            actions.append(come);
            if !calm {
                actions.extend(self.odd_closes(month));
            }
            let partly = after as u64 + 1 < self.months && self.random.percent(15);
            actions.push(Action::Close { month, partly });
        }
    }

    fn odd_closes(&mut self, month: Month) -> Option<Action> {
        let close = |month: Month, early| {
            Action::Steer(ControlRecord::PeriodClose {
                month,
                ingested_at: month.closes_from() - early,
            })
        };
        match self.random.below(10) {
            0 => Some(close(month, 1)),
            1 => Some(close(month.plus(-2), 0)),
            2 => Some(close(month.previous(), 0)),
            3 | 4 => Some(Action::Rest),
            _ => None,
        }
    }

    fn people(&mut self) {
        for number in 0..6 + self.random.below(u64::from(PERSONS) - 5) as u8 {
            let episodes = 1 + u8::from(self.random.percent(25));
            for episode in 0..episodes {
                self.episode(number, episode);
            }
            if self.random.percent(30) {
                self.withdrawal(WithdrawalSubject::Person(person(number)));
            }
        }
    }

    fn withdrawal(&mut self, subject: WithdrawalSubject) {
        let all = self.arrivals.len() as u64;
        let at = self.random.below(all);
        let scope = if self.random.percent(75) {
            WithdrawalScope::All
        } else {
            WithdrawalScope::Registry
        };
        self.arrive(
            at,
            Action::Steer(ControlRecord::Withdrawal { subject, scope }),
        );
        if let WithdrawalSubject::Person(person) = subject
            && self.random.percent(50)
        {
            let later = at + self.random.below(3);
            self.arrive(later, Action::Steer(ControlRecord::Renewal { person }));
            if self.random.percent(20) {
                self.arrive(
                    later + 1,
                    Action::Steer(ControlRecord::Withdrawal { subject, scope }),
                );
            }
        }
    }

    fn episode(&mut self, number: u8, episode: u8) {
        let key = EpisodeKey {
            person: person(number),
            episode: named(b'e', number * 2 + episode),
        };
        let unit = UNITS[(usize::from(number) + self.random.index(2)) % 3];
        let desk = format!("desk-{unit}");
        let start = if self.long && self.random.percent(70) {
            self.random.below(3)
        } else {
            self.random.below(self.months)
        };
        let therapist = self.random.percent(80).then(|| named(b't', number % 4));
        let (day, late) = (self.day(start), self.late());
        let opened = EventBody::EpisodeOpened {
            episode: key,
            day,
            therapist,
        };
        self.send(start + late, unit, &desk, opened);
        let ending = self
            .random
            .percent(80)
            .then(|| start + self.random.below(3));
        let until = ending.unwrap_or(start + 3);
        // Some are closed when their first sessions are nearly forgotten, or are.
        let ending = if self.long && self.random.percent(30) {
            Some(start + MEMORY - 2 + self.random.below(6))
        } else {
            ending
        };
        for (place, month) in (start..=until).enumerate() {
            self.session(number, key, unit, month, 1 + place as u32);
        }
        if self.random.percent(35) {
            self.register_form(key, unit, start);
        }
        if let Some(month) = ending {
            let (day, late) = (self.day(month), self.late());
            let ending = EpisodeEnding::Planned;
            let closed = EventBody::EpisodeClosed {
                episode: key,
                day,
                ending,
            };
            self.send(month + late, unit, &desk, closed.clone());
            if self.random.percent(15) {
                let again = month + 1 + self.random.below(2);
                self.send(again, unit, &desk, closed);
            }
        }
    }

    fn session(&mut self, number: u8, key: EpisodeKey, unit: &str, month: u64, nth: u32) {
        let tablet = format!("tablet-{}", self.random.below(3));
        let day = self.day(month);
        let revisions = 1 + u32::from(self.random.percent(15)) + u32::from(self.random.percent(5));
        for revision in 0..revisions {
            let halves = self.random.below(81) as i64;
            let forms = vec![bit("tag", number), ally(halves)];
            let body = EventBody::Session {
                episode: key,
                day,
                number: nth,
                revision,
                forms,
            };
            let times = 1 + u64::from(self.random.percent(10));
            for _ in 0..times {
                let late = self.late();
                self.send(month + late, unit, &tablet, body.clone());
            }
        }
    }

    /// How many months late something comes.
    fn late(&mut self) -> u64 {
        match self.random.below(10) {
            0 => 2,
            1 => 1,
            _ => 0,
        }
    }

    fn day(&mut self, month: u64) -> Day {
        let month = self.first.plus(month as i32);
        Day(month.first_day().0 + self.random.below(28) as i32)
    }

    fn send(&mut self, at: u64, unit: &str, sender: &str, body: EventBody) {
        let event = Event {
            sender: sender.to_owned(),
            catalogue: FIRST.hash,
            submission_id: [self.random.below(256) as u8; 16],
            ingested_at: self.first.plus(at as i32).first_day().0 as i64 * 86_400_000,
            unit: unit.parse().expect("an id"),
            body,
        };
        if self.long && self.random.percent(20) {
            // The same once more, when it is nearly forgotten, or is.
            let again = at + MEMORY - 2 + self.random.below(6);
            self.arrive(again, Action::Submit(Box::new(event.clone())));
        }
        self.arrive(at, Action::Submit(Box::new(event)));
    }

    fn arrive(&mut self, at: u64, action: Action) {
        let last = self.arrivals.len() - 1;
        self.arrivals[last.min(at as usize)].push(action);
    }
}

fn shuffle(random: &mut Random, actions: &mut [Action]) {
    for end in (1..actions.len()).rev() {
        actions.swap(end, random.index(end + 1));
    }
}
