//! The log that is explored. Comes in: nothing. Goes out: records, and what they say if nothing
//! goes wrong. The invariant: each record is there for a rule, so that breaking it shows.

use medvirk_domain::fold::Fold;
use medvirk_domain::ids::Pseudonym;
use medvirk_domain::record::{
    ControlRecord, EpisodeEnding, EpisodeKey, Event, EventBody, LogRecord, WithdrawalScope,
    WithdrawalSubject,
};
use medvirk_domain::row::Close;
use medvirk_domain::time::{Day, Month};
use medvirk_records::codec;

use crate::rules::FIRST;
use crate::story::{self, named, person};

/// Whose records are erased.
pub(super) const VICTIM: u8 = 1;

/// A record of the log.
pub(super) struct Told {
    /// For whoever reads a counter-example.
    pub(super) label: &'static str,
    pub(super) record: LogRecord,
}

/// The first month of the deployment; April ends its tertial.
pub(super) fn first_month() -> Month {
    Month::new(2024, 2).expect("a month")
}

/// Three persons, three months, and in each record something to get wrong.
pub(super) fn long() -> Vec<Told> {
    let first = first_month();
    let (march, april) = (first.next(), first.plus(2));
    vec![
        opened("0 opens", 0),
        opened("1 opens", VICTIM),
        session("0 in February", 0, first, 0, 10),
        // The second correction comes before the first.
        session("0 in February, corrected twice", 0, first, 2, 30),
        session("0 in February, corrected", 0, first, 1, 20),
        session("1 in February", VICTIM, first, 0, 12),
        // February's row is of 0 and 1.
        closes("February closes", first, 0),
        // Of this 1 withdraws before the close.
        session("1 in March", VICTIM, march, 0, 14),
        withdraws("1 withdraws"),
        opened("2 opens", 2),
        // Alone in March; in April 0 would be there too if February had not taken her.
        session("2 in March", 2, march, 0, 16),
        bad("unreadable to the fold"),
        closes("February closes again", first, 0),
        ended("0 ends in March", 0, march),
        ended("2 ends in March", 2, march),
        // March has no close of its own.
        closes("April closes", april, 0),
        closes("May closes too early", april.next(), 1),
    ]
}

/// The same with as little as can be erased and counted twice.
pub(super) fn short() -> Vec<Told> {
    let first = first_month();
    let (march, april) = (first.next(), first.plus(2));
    vec![
        opened("0 opens", 0),
        opened("1 opens", VICTIM),
        session("0 in February", 0, first, 0, 10),
        session("1 in February", VICTIM, first, 0, 12),
        closes("February closes", first, 0),
        withdraws("1 withdraws"),
        opened("2 opens", 2),
        session("2 in March", 2, march, 0, 16),
        closes("April closes", april, 0),
    ]
}

fn episode(number: u8) -> EpisodeKey {
    EpisodeKey {
        person: person(number),
        episode: named(b'e', number),
    }
}

fn day(month: Month) -> Day {
    Day(month.first_day().0 + 3)
}

fn event(label: &'static str, sender: String, body: EventBody) -> Told {
    let record = LogRecord::Event(Event {
        sender,
        catalogue: FIRST.hash,
        submission_id: [7; 16],
        ingested_at: 0,
        unit: "ta1a".parse().expect("an id"),
        body,
    });
    Told { label, record }
}

fn opened(label: &'static str, number: u8) -> Told {
    let body = EventBody::EpisodeOpened {
        episode: episode(number),
        day: day(first_month()),
        therapist: Some(named(b't', number)),
    };
    event(label, "desk".to_owned(), body)
}

fn session(label: &'static str, number: u8, month: Month, revision: u32, halves: i64) -> Told {
    let body = EventBody::Session {
        episode: episode(number),
        day: day(month),
        number: month.number(),
        revision,
        forms: vec![story::bit("tag", number), story::ally(halves)],
    };
    event(label, format!("tablet-{number}"), body)
}

fn bad(label: &'static str) -> Told {
    let body = EventBody::Session {
        episode: episode(0),
        day: day(first_month()),
        number: 9,
        revision: 0,
        forms: vec![medvirk_domain::form::Form {
            instrument: "nobody-knows-it".parse().expect("an id"),
            ..story::ally(1)
        }],
    };
    event(label, "tablet-0".to_owned(), body)
}

fn ended(label: &'static str, number: u8, month: Month) -> Told {
    let body = EventBody::EpisodeClosed {
        episode: episode(number),
        day: day(month),
        ending: EpisodeEnding::Planned,
    };
    event(label, "desk".to_owned(), body)
}

fn closes(label: &'static str, month: Month, early: i64) -> Told {
    let ingested_at = month.closes_from() - early;
    let record = LogRecord::Control(ControlRecord::PeriodClose { month, ingested_at });
    Told { label, record }
}

fn withdraws(label: &'static str) -> Told {
    let record = LogRecord::Control(ControlRecord::Withdrawal {
        subject: WithdrawalSubject::Person(person(VICTIM)),
        scope: WithdrawalScope::All,
    });
    Told { label, record }
}

impl Told {
    pub(super) fn encode(&self) -> Vec<u8> {
        match &self.record {
            LogRecord::Event(event) => codec::encode_event(event),
            LogRecord::Control(control) => codec::encode_control(control, 0),
        }
    }

    /// Whose it is, if it is anybody's.
    pub(super) fn subject(&self) -> Option<Pseudonym> {
        match &self.record {
            LogRecord::Event(event) => match &event.body {
                EventBody::EpisodeOpened { episode, .. }
                | EventBody::Session { episode, .. }
                | EventBody::EpisodeClosed { episode, .. } => Some(episode.person),
                _ => None,
            },
            LogRecord::Control(_) => None,
        }
    }
}

/// What the log says if nothing ever goes wrong.
pub(super) struct Verdict {
    pub(super) closes: Vec<Close>,
    /// How many months are closed before each record.
    pub(super) closed_before: Vec<usize>,
    /// The records that are set aside.
    pub(super) bad: u32,
}

/// Folds the log without log, tables, crash or erasure.
pub(super) fn fold(tale: &[Told]) -> Verdict {
    let catalogue = FIRST.loaded.as_ref();
    let mut fold = Fold::new(0, 1, first_month(), catalogue);
    let mut verdict = Verdict {
        closes: Vec::new(),
        closed_before: Vec::new(),
        bad: 0,
    };
    for (offset, told) in (0..).zip(tale) {
        verdict.closed_before.push(verdict.closes.len());
        let control = match &told.record {
            LogRecord::Event(event) => {
                if fold.apply_event(event, catalogue).is_err() {
                    verdict.bad |= 1 << offset;
                }
                continue;
            }
            LogRecord::Control(control) => control,
        };
        for month in fold.apply_control(control) {
            let waiting = fold.begin_close(month, catalogue);
            let rows = fold.release(&waiting, catalogue);
            fold.obey(waiting, &rows, catalogue, catalogue);
            verdict.closes.push(Close {
                month,
                offset,
                catalogue: catalogue.hash,
                fold_version: 1,
                rows,
            });
        }
    }
    verdict.closed_before.push(verdict.closes.len());
    verdict
}
