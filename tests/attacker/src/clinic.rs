//! The clinics: what happened and what was sent, in plain numbers. Goes out: a [`Story`], which
//! both the production fold and the broken victims are given. No attack reads it. Stories are
//! generated, or made of the log of a running system by the whole-system tests.

pub mod catalogues;
mod generate;

pub use generate::{Habits, generate, generate_under};

use crate::public::Facts;

/// What happened, in the order of the log.
#[derive(Clone)]
pub struct Story {
    /// The catalogues, by the month from which they are in force.
    pub catalogues: Vec<Facts>,
    /// The first month; months are counted from January of year 0.
    pub first: i32,
    /// Whose each episode is.
    pub patients: Vec<u32>,
    /// Which patient holds each survey code.
    pub holders: Vec<u32>,
    /// The events in the order of the log.
    pub events: Vec<Event>,
}

/// Something in the log.
#[derive(Clone)]
pub struct Event {
    /// The number of the credential that sent it.
    pub sender: u32,
    /// Number of the unit.
    pub unit: usize,
    /// What the event says.
    pub body: Body,
}

/// A day: its month times 32 and the day of the month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i32);

impl Day {
    /// A day of a month, from 1.
    pub fn new(month: i32, day: i32) -> Self {
        Self(month * 32 + day)
    }

    /// The month that the day is in.
    pub fn month(self) -> i32 {
        self.0.div_euclid(32)
    }

    /// Days from a beginning to this day.
    pub fn number(self) -> i64 {
        let (month, day) = (i64::from(self.month()), i64::from(self.0.rem_euclid(32)));
        // Years begin in March, so that the day that some lack is the last.
        let months = month - 2;
        let (year, of_year) = (months.div_euclid(12), months.rem_euclid(12));
        let leap = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
        365 * year + leap + (153 * of_year + 2) / 5 + day
    }
}

/// How an episode ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// As agreed, or it is not known how.
    Otherwise,
    /// By the patient alone.
    Unplanned,
    /// Another service took over.
    Transfer,
}

/// The number of a session that is none: what it has are forms of the register.
pub const REGISTER: u32 = 0;

/// What an event says.
#[derive(Clone)]
pub enum Body {
    /// An episode of a patient began.
    Open {
        /// The number of the episode.
        episode: usize,
        /// The day on which it began.
        day: Day,
        /// The therapist, if one is named.
        therapist: Option<u32>,
    },
    /// A session, or a correction of it.
    Session(Session),
    /// An episode of a patient ended.
    End {
        /// The number of the episode.
        episode: usize,
        /// The day on which it ended.
        day: Day,
        /// How the episode ended.
        ending: Ending,
    },
    /// A survey code was issued.
    Issue {
        /// The number of the code.
        code: usize,
        /// The month of the discharge.
        month: i32,
    },
    /// A survey was answered.
    Answer {
        /// Number of the code.
        code: usize,
        /// The month of the discharge.
        month: i32,
        /// The form that was answered.
        form: Form,
    },
    /// A patient withdraws from everything.
    Withdraw {
        /// The number of the patient.
        person: u32,
    },
    /// Whoever holds a survey code withdraws.
    WithdrawCode {
        /// Number of the code.
        code: usize,
    },
    /// A patient who withdrew takes part again.
    Renew {
        /// The number of the patient.
        person: u32,
    },
    /// A month is closed.
    Close {
        /// The month that is closed.
        month: i32,
    },
}

/// One session with its forms.
#[derive(Clone)]
pub struct Session {
    /// Number of its episode.
    pub episode: usize,
    /// The day of the session.
    pub day: Day,
    /// Its number within the day.
    pub number: u32,
    /// The revision; of several the highest counts.
    pub revision: u32,
    /// What was answered, an instrument once at most.
    pub forms: Vec<Form>,
}

/// A form with its answers.
#[derive(Clone, PartialEq, Eq)]
pub struct Form {
    /// Place of the instrument in the catalogue.
    pub instrument: usize,
    /// In millionths, by the instrument's scales; what was left out has none.
    pub scores: Vec<Option<i64>>,
}

impl Story {
    /// The person whom an event is about, if it is about one.
    pub fn person(&self, event: &Event) -> Option<u32> {
        match &event.body {
            Body::Open { episode, .. } | Body::End { episode, .. } => Some(self.patients[*episode]),
            Body::Session(session) => Some(self.patients[session.episode]),
            Body::Withdraw { person } | Body::Renew { person } => Some(*person),
            Body::Issue { .. }
            | Body::Answer { .. }
            | Body::WithdrawCode { .. }
            | Body::Close { .. } => None,
        }
    }

    /// The survey code that an event is about, if it is about one.
    pub fn code(&self, event: &Event) -> Option<usize> {
        match &event.body {
            Body::Issue { code, .. } | Body::Answer { code, .. } | Body::WithdrawCode { code } => {
                Some(*code)
            }
            _ => None,
        }
    }

    /// The events that are taken: what names a unit that the catalogue in force does not have is
    /// refused before it comes into the log.
    pub fn taken(&self) -> impl Iterator<Item = &Event> {
        let mut present = self.first;
        self.events.iter().filter(move |event| {
            match event.body {
                Body::Close { month } => present = month + 1,
                Body::Withdraw { .. } | Body::WithdrawCode { .. } | Body::Renew { .. } => {}
                _ => return Facts::in_force(&self.catalogues, present).units[event.unit].there,
            }
            true
        })
    }
}
