//! Victims that are broken on purpose, each in one way that somebody might think harmless, so that
//! it is seen that the attacks find persons where there are any to find. They publish the alliance
//! by month of a story: its score, the flag and the sessions.

use std::collections::{BTreeMap, BTreeSet};

use crate::calendar::{Calendar, Contribution, Identity, Truth};
use crate::clinic::{Body, Event, Session, Story};
use crate::public::{Facts, Figure, Level, Public, Row};

/// What is wrong with a victim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// A row as soon as k persons wait in a unit, at any time.
    AsSoonAsK,
    /// The month's figures so far, again after every session.
    Running,
    /// At the month's end; institutions' rows count everybody, beside those of their units.
    Nested,
    /// At the month's end; a row is held back where all answers are on one side of the cut-off.
    Sighted,
    /// At the month's end; k sessions are enough, whoever had them.
    Sessions,
    /// At the month's end; after a withdrawal the rows are published anew without the person.
    Amending,
}

/// What is public of a broken victim, who is in which row, and the truth.
pub struct Exposed {
    /// The rows.
    pub public: Public,
    /// Who is in them.
    pub calendar: Calendar,
    /// The answers.
    pub truth: Truth,
}

/// The measure that the broken victims publish.
const MEASURE: &str = "fit.alliance";

/// Runs a story.
pub fn publish(story: &Story, facts: &Facts, broken: Broken) -> Exposed {
    let mut press = Press {
        broken,
        k: facts.measure(MEASURE).k as usize,
        therapists: BTreeMap::new(),
        waiting: BTreeMap::new(),
        exposed: Exposed {
            public: Public {
                facts: facts.clone(),
                rows: Vec::new(),
            },
            calendar: Calendar::default(),
            truth: Truth::default(),
        },
    };
    for event in &story.events {
        match &event.body {
            Body::Open {
                episode, therapist, ..
            } => {
                press.therapists.insert(*episode, *therapist);
            }
            Body::Session(session) => press.session(story, event, session),
            Body::Close { month } => press.close(*month),
            Body::Withdraw { person } if broken == Broken::Amending => press.amend(*person),
            _ => {}
        }
    }
    press.exposed
}

struct Press {
    broken: Broken,
    k: usize,
    therapists: BTreeMap<usize, Option<u32>>,
    /// By unit.
    waiting: BTreeMap<usize, Vec<usize>>,
    exposed: Exposed,
}

impl Press {
    fn session(&mut self, story: &Story, event: &Event, session: &Session) {
        let Some(srs) = session.forms.srs else {
            return;
        };
        let (person, month) = (story.patients[session.episode], session.day.month());
        let calendar = &mut self.exposed.calendar;
        let place = calendar.contributions.len();
        calendar.contributions.push(Contribution {
            measure: MEASURE,
            identity: Identity::Month {
                unit: event.unit,
                month,
                person,
            },
            counted: person,
            patient: person,
            unit: event.unit,
            part: "",
            waits: month,
            placed: (session.day, session.number),
            therapist: self.therapists.get(&session.episode).copied().flatten(),
            senders: BTreeSet::from([event.sender]),
        });
        let below = if srs < 360 { 1_000_000 } else { 0 };
        self.exposed
            .truth
            .values
            .push(vec![srs * 100_000, below, 1_000_000]);
        let waiting = self.waiting.entry(event.unit).or_default();
        waiting.push(place);
        let (waiting, unit) = (waiting.clone(), self.unit(event.unit));
        match self.broken {
            Broken::AsSoonAsK if self.persons(&waiting) >= self.k => {
                self.row(Level::Unit, unit, month, waiting);
                self.waiting.remove(&event.unit);
            }
            Broken::Running if self.persons(&waiting) >= self.k => {
                self.row(Level::Unit, unit, month, waiting);
            }
            _ => {}
        }
    }

    fn close(&mut self, month: i32) {
        if self.broken == Broken::AsSoonAsK {
            return;
        }
        let waiting = std::mem::take(&mut self.waiting);
        let mut institutions: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (unit, places) in waiting {
            let names = &self.exposed.public.facts.units[unit];
            let institution = institutions.entry(names.institution.clone()).or_default();
            institution.extend(&places);
            let enough = match self.broken {
                Broken::Sessions => places.len() >= self.k,
                Broken::Sighted => self.persons(&places) >= self.k && self.varied(&places),
                _ => self.persons(&places) >= self.k,
            };
            if enough && self.broken != Broken::Running {
                self.row(Level::Unit, self.unit(unit), month, places);
            }
        }
        for (institution, places) in institutions {
            if self.broken == Broken::Nested && self.persons(&places) >= self.k {
                self.row(Level::Institution, institution, month, places);
            }
        }
    }

    fn amend(&mut self, person: u32) {
        for place in 0..self.exposed.public.rows.len() {
            let calendar = &self.exposed.calendar;
            let members = calendar.rows[place].clone();
            let of_person = |one: &usize| calendar.contributions[*one].patient == person;
            let left: Vec<usize> = members
                .iter()
                .copied()
                .filter(|one| !of_person(one))
                .collect();
            if left.len() < members.len() && self.persons(&left) >= self.k {
                let row = self.exposed.public.rows[place].clone();
                self.row(row.level, row.organisation, row.closed, left);
            }
        }
    }

    fn unit(&self, unit: usize) -> String {
        self.exposed.public.facts.units[unit].id.clone()
    }

    fn persons(&self, places: &[usize]) -> usize {
        let contributions = &self.exposed.calendar.contributions;
        let persons = places.iter().map(|place| contributions[*place].counted);
        persons.collect::<BTreeSet<u32>>().len()
    }

    fn varied(&self, places: &[usize]) -> bool {
        let values = &self.exposed.truth.values;
        let below = places.iter().filter(|place| values[**place][1] > 0).count();
        below > 0 && below < places.len()
    }

    fn row(&mut self, level: Level, organisation: String, month: i32, places: Vec<usize>) {
        let number = self.exposed.public.rows.len();
        let persons = self.persons(&places) as u32;
        self.exposed.calendar.rows.push(places);
        let facts = &self.exposed.public.facts;
        let figures = facts.measure(MEASURE).variables.iter().enumerate();
        let figures = figures.map(|(place, variable)| {
            let support = self.exposed.calendar.support(number, variable);
            let values = support
                .iter()
                .map(|one| self.exposed.truth.values[*one][place]);
            let squares = values
                .clone()
                .map(|value| i128::from(value) * i128::from(value));
            Figure {
                sum: values.sum(),
                sum_sq: Some(squares.sum()),
            }
        });
        let figures = figures.collect();
        self.exposed.public.rows.push(Row {
            measure: MEASURE.to_owned(),
            level,
            organisation,
            first: month,
            last: month,
            part: String::new(),
            persons,
            new_in_year: None,
            single_therapist: false,
            single_device: false,
            closed: month,
            figures,
        });
    }
}
