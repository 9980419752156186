//! The clinics: what happened and what was sent, in plain numbers. Goes out: a [`Story`], which
//! both the production fold and the broken victims are given. No attack reads it.

mod generate;

pub use generate::{Habits, generate};

/// What happened, in the order of the log.
#[derive(Clone)]
pub struct Story {
    /// The organisations.
    pub tree: Vec<Place>,
    /// What the catalogue asks for.
    pub limits: Limits,
    /// The first month; months are counted from January of year 0.
    pub first: i32,
    /// Whose each episode is.
    pub patients: Vec<u32>,
    /// Which patient holds each survey code.
    pub holders: Vec<u32>,
    /// The log.
    pub events: Vec<Event>,
}

/// A unit.
#[derive(Clone)]
pub struct Place {
    /// Number of its institution, unique over all trusts.
    pub institution: usize,
    /// Number of its trust.
    pub trust: usize,
    /// Registered as having one therapist.
    pub single_therapist: bool,
    /// Registered as having one device.
    pub single_device: bool,
}

/// What the catalogue asks for.
#[derive(Clone, Copy)]
pub struct Limits {
    /// Persons; codes twice as many.
    pub k: u32,
    /// Persons without any one source.
    pub r: u32,
    /// The outcome measure is shown by the tertial at the finest.
    pub tertial: bool,
}

/// Something in the log.
#[derive(Clone)]
pub struct Event {
    /// The credential.
    pub sender: u32,
    /// Number of the unit.
    pub unit: usize,
    /// What it says.
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

    /// Its month.
    pub fn month(self) -> i32 {
        self.0.div_euclid(32)
    }
}

/// What an event says.
#[derive(Clone)]
pub enum Body {
    /// An episode began.
    Open {
        /// Its number.
        episode: usize,
        /// When.
        day: Day,
        /// With whom.
        therapist: Option<u32>,
    },
    /// A session, or a correction of it.
    Session(Session),
    /// An episode ended.
    End {
        /// Its number.
        episode: usize,
        /// When.
        day: Day,
    },
    /// A survey code was issued.
    Issue {
        /// Its number.
        code: usize,
        /// Of which month.
        month: i32,
    },
    /// A survey was answered.
    Answer {
        /// Number of the code.
        code: usize,
        /// Of which month.
        month: i32,
        /// One answer, 1 to 5, for all items of each scale.
        marks: [i64; 3],
    },
    /// A patient withdraws from everything.
    Withdraw {
        /// Who.
        person: u32,
    },
    /// A month is closed.
    Close {
        /// Which.
        month: i32,
    },
}

/// A session.
#[derive(Clone)]
pub struct Session {
    /// Number of its episode.
    pub episode: usize,
    /// When.
    pub day: Day,
    /// Its number within the day.
    pub number: u32,
    /// The highest counts.
    pub revision: u32,
    /// What was answered.
    pub forms: Forms,
}

/// Totals of the forms of a session.
#[derive(Clone, Copy, Default)]
pub struct Forms {
    /// Session scale, in tenths, 0 to 400.
    pub srs: Option<i64>,
    /// Outcome scale, in tenths, 0 to 400.
    pub ors: Option<i64>,
    /// Depression total, 0 to 63.
    pub bdi: Option<i64>,
}

impl Story {
    /// The person whom an event is about, if it is about one.
    pub fn person(&self, event: &Event) -> Option<u32> {
        match &event.body {
            Body::Open { episode, .. } | Body::End { episode, .. } => Some(self.patients[*episode]),
            Body::Session(session) => Some(self.patients[session.episode]),
            Body::Withdraw { person } => Some(*person),
            Body::Issue { .. } | Body::Answer { .. } | Body::Close { .. } => None,
        }
    }
}
