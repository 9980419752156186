//! Told logs, for the tests that are sentences. Comes in: who was where on which day. Goes out: the
//! rows of one measure, a line each, on which fold and reference agree.
//!
//! Unless told otherwise every person has an own therapist and an own tablet, and one episode.

use std::collections::BTreeSet;

use medvirk_domain::form::{AgeBand, Form, Respondent};
use medvirk_domain::record::{
    ControlRecord, EpisodeEnding, Event, EventBody, LogRecord, WithdrawalScope, WithdrawalSubject,
};
use medvirk_domain::row::Row;
use medvirk_domain::time::Month;

use crate::generate::{ally, close_record, code, episode, exit, mood, person, point, therapist};
use crate::task::{Ledger, compare};
use crate::world::{Setting, World};

/// A log that is being told.
pub(crate) struct Story {
    pub(crate) world: World,
    pub(crate) log: Vec<LogRecord>,
    /// Closes that somebody else has written first.
    pub(crate) theirs: Ledger,
    /// By person and trust.
    opened: BTreeSet<(u8, String)>,
    /// The month that is not closed yet.
    present: Month,
}

/// How a session was sent.
#[derive(Clone)]
pub(crate) struct Sent {
    pub(crate) by: String,
    pub(crate) episode: u8,
    pub(crate) number: u32,
    pub(crate) revision: u32,
    pub(crate) forms: Vec<Form>,
}

/// By that credential, once.
pub(crate) fn sent(by: &str, form: Form) -> Sent {
    Sent {
        by: by.to_owned(),
        episode: 0,
        number: 1,
        revision: 0,
        forms: vec![form],
    }
}

impl Story {
    /// k = 3 and r = 1, from January 2023 on.
    pub(crate) fn new() -> Self {
        Self::of(&Setting::plain(3, 1))
    }

    pub(crate) fn of(setting: &Setting) -> Self {
        let world = World::new(setting);
        Self {
            present: world.first,
            world,
            log: Vec::new(),
            theirs: Ledger::new(),
            opened: BTreeSet::new(),
        }
    }

    pub(crate) fn event(&mut self, sender: &str, unit: &str, body: EventBody) {
        self.log.push(LogRecord::Event(Event {
            sender: sender.to_owned(),
            catalogue: self.world.plan(self.present).hash,
            submission_id: [0; 16],
            ingested_at: 0,
            unit: unit.parse().expect("an id"),
            body,
        }));
    }

    /// An episode is opened by that credential, with that therapist, in the first trust.
    pub(crate) fn opened(&mut self, who: u8, number: u8, day: &str, by: &str, with: Option<u8>) {
        let body = EventBody::EpisodeOpened {
            episode: episode(who, number),
            day: day.parse().expect("a day"),
            therapist: with.map(therapist),
        };
        self.opened.insert((who, "ta".to_owned()));
        self.event(by, "ta1a", body);
    }

    /// The first episode, unless it is open already in that trust.
    fn is_in_care(&mut self, who: u8, unit: &str) {
        if self.opened.insert((who, unit[..2].to_owned())) {
            let body = EventBody::EpisodeOpened {
                episode: episode(who, 0),
                day: "2023-01-01".parse().expect("a day"),
                therapist: Some(therapist(who)),
            };
            self.event("epj", unit, body);
        }
    }

    /// A session as it is told.
    pub(crate) fn session(&mut self, who: u8, unit: &str, day: &str, sent: Sent) {
        let body = EventBody::Session {
            episode: episode(who, sent.episode),
            day: day.parse().expect("a day"),
            number: sent.number,
            revision: sent.revision,
            forms: sent.forms,
        };
        self.event(&sent.by, unit, body);
    }

    /// Each of them is in an episode and has a session about the alliance, a person's number being
    /// the score.
    pub(crate) fn seen(&mut self, who: impl IntoIterator<Item = u8>, unit: &str, day: &str) {
        for one in who {
            self.is_in_care(one, unit);
            let by = format!("tablet-{one}");
            self.session(one, unit, day, sent(&by, ally(2 * one)));
        }
    }

    /// Each of them has a whole episode in the unit: two forms on mood, `now` and then 10 more.
    pub(crate) fn treated(
        &mut self,
        who: impl IntoIterator<Item = u8>,
        unit: &str,
        day: &str,
        now: u8,
    ) {
        for one in who {
            self.is_in_care(one, unit);
            let by = format!("tablet-{one}");
            for (number, now) in [(1, now), (2, now + 10)] {
                let form = mood(Respondent::Patient, Some(now), Some(0));
                let whole = sent(&by, form);
                self.session(one, unit, day, Sent { number, ..whole });
            }
            self.ended(one, 0, unit, day);
        }
    }

    /// A form of the register of that episode, by a credential of the person's own: state, plan,
    /// help, and another state.
    pub(crate) fn registered(
        &mut self,
        who: u8,
        number: u8,
        unit: &str,
        day: &str,
        answers: [u8; 4],
    ) {
        self.is_in_care(who, unit);
        let body = EventBody::RegistryForm {
            episode: episode(who, number),
            day: day.parse().expect("a day"),
            revision: 0,
            form: point(answers, false),
        };
        self.event(&format!("register-{who}"), unit, body);
    }

    /// The last form of the register once more, with other answers and this revision.
    pub(crate) fn corrected(&mut self, revision: u32, answers: [u8; 4]) {
        let Some(LogRecord::Event(mut event)) = self.log.last().cloned() else {
            return;
        };
        let (unit, sender) = (event.unit.to_string(), event.sender.clone());
        if let EventBody::RegistryForm {
            form, revision: at, ..
        } = &mut event.body
        {
            (*form, *at) = (point(answers, false), revision);
        }
        self.event(&sender, &unit, event.body);
    }

    /// The same of a young person's first episode.
    pub(crate) fn registered_young(&mut self, who: u8, unit: &str, day: &str, answers: [u8; 4]) {
        self.registered(who, 0, unit, day, answers);
        let Some(LogRecord::Event(event)) = self.log.last_mut() else {
            return;
        };
        if let EventBody::RegistryForm { form, .. } = &mut event.body {
            form.age = Some(AgeBand::Adolescent);
        }
    }

    /// An end of that kind.
    pub(crate) fn ended_so(&mut self, who: u8, unit: &str, day: &str, ending: EpisodeEnding) {
        let body = EventBody::EpisodeClosed {
            episode: episode(who, 0),
            day: day.parse().expect("a day"),
            ending,
        };
        self.event("epj", unit, body);
    }

    pub(crate) fn ended(&mut self, who: u8, number: u8, unit: &str, day: &str) {
        let body = EventBody::EpisodeClosed {
            episode: episode(who, number),
            day: day.parse().expect("a day"),
            ending: EpisodeEnding::Planned,
        };
        self.event("epj", unit, body);
    }

    pub(crate) fn issued(&mut self, codes: impl IntoIterator<Item = u8>, unit: &str, month: &str) {
        for one in codes {
            let body = EventBody::InvitationIssued {
                code: code(one),
                month: month.parse().expect("a month"),
            };
            self.event("epj", unit, body);
        }
    }

    /// Both items get the answer, 1 to 5.
    pub(crate) fn answered(&mut self, number: u8, unit: &str, month: &str, answer: u8) {
        let body = EventBody::DischargeSurvey {
            code: code(number),
            month: month.parse().expect("a month"),
            form: exit(answer, Some(answer)),
        };
        self.event("web", unit, body);
    }

    pub(crate) fn withdraws(&mut self, who: u8) {
        self.withdraws_from(who, WithdrawalScope::All);
    }

    pub(crate) fn withdraws_from(&mut self, who: u8, scope: WithdrawalScope) {
        let withdrawal = ControlRecord::Withdrawal {
            subject: WithdrawalSubject::Person(person(who)),
            scope,
        };
        self.log.push(LogRecord::Control(withdrawal));
    }

    pub(crate) fn renews(&mut self, who: u8) {
        let person = person(who);
        self.log
            .push(LogRecord::Control(ControlRecord::Renewal { person }));
    }

    /// A month is closed when it may be.
    pub(crate) fn close(&mut self, month: &str) {
        let month: Month = month.parse().expect("a month");
        self.present = self.present.max(month.next());
        self.log.push(close_record(month));
    }

    /// All rows of the measure, as we compute them: month of the close, level, organisation, span, part, persons.
    pub(crate) fn rows(&self, measure: &str) -> Vec<String> {
        let rows = self.whole_rows(measure);
        rows.iter().map(|(month, row)| line(*month, row)).collect()
    }

    pub(crate) fn whole_rows(&self, measure: &str) -> Vec<(Month, Row)> {
        let closes = compare(&self.world, &self.log, &self.theirs);
        let mut rows = Vec::new();
        for close in closes {
            let of_this = close.rows().into_iter();
            let of_this = of_this.filter(|row| row.measure().as_str() == measure);
            rows.extend(of_this.map(|row| (close.month, row)));
        }
        rows
    }

    /// The sums of a variable in all rows of its measure.
    pub(crate) fn sums(&self, measure: &str, variable: &str) -> Vec<i64> {
        let of = |row: &Row| {
            let mut variables = row.variables().iter();
            let found = variables.find(|one| one.variable.as_str() == variable);
            found.expect("the measure has it").sum
        };
        let rows = self.whole_rows(measure);
        rows.iter().map(|(_, row)| of(row) / 1_000_000).collect()
    }
}

fn line(month: Month, row: &Row) -> String {
    let span = if row.first() == row.last() {
        String::new()
    } else {
        format!(" from {}", row.first())
    };
    let part = if row.part().is_empty() {
        String::new()
    } else {
        format!(" {}", row.part())
    };
    let organisation = row.organisation();
    format!("{month} {organisation}{part}{span}: {}", row.persons())
}
