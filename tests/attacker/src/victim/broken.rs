//! Victims that are broken on purpose, each in one way that somebody might think harmless, so that
//! it is seen that the attacks find persons where there are any to find. Those here publish the
//! alliance by month of a story: its score, the flag and the sessions. Those in `again` publish
//! what the production rule does, and then something more, or less.

mod again;

pub use again::{amended, corrected, hidden, reopened, restated, resurrected, with_news};

use std::collections::{BTreeMap, BTreeSet};

use crate::calendar::{Calendar, Contribution, Identity, Truth};
use crate::clinic::catalogues::{ALLIANCE, ONE};
use crate::clinic::{Body, Event, Session, Story};
use crate::public::{Figure, Level, Measure, Public, Row};

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
    /// At the end of every week.
    Weekly,
}

/// What is public of a victim, who is in which row, and the truth.
#[derive(Clone)]
pub struct Exposed {
    /// The rows that are public.
    pub public: Public,
    /// Who is in them.
    pub calendar: Calendar,
    /// The answers that the rows are made of.
    pub truth: Truth,
}

/// The measure that the broken victims publish.
const MEASURE: &str = "fit.alliance";

/// Runs a story and publishes its rows.
pub fn publish(story: &Story, broken: Broken) -> Exposed {
    let facts = &story.catalogues[0];
    let mut press = Press {
        broken,
        k: facts.find(MEASURE).map_or(1, |measure| measure.k) as usize,
        therapists: BTreeMap::new(),
        waiting: BTreeMap::new(),
        exposed: Exposed {
            public: Public {
                catalogues: vec![facts.clone()],
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
            _ => {}
        }
    }
    press.exposed
}

struct Press {
    broken: Broken,
    k: usize,
    therapists: BTreeMap<usize, Option<u32>>,
    /// The contributions that wait in each unit.
    waiting: BTreeMap<usize, Vec<usize>>,
    exposed: Exposed,
}

impl Press {
    fn session(&mut self, story: &Story, event: &Event, session: &Session) {
        let form = session
            .forms
            .iter()
            .find(|form| form.instrument == ALLIANCE);
        let Some(srs) = form.and_then(|form| form.scores[0]) else {
            return;
        };
        let (person, month) = (story.patients[session.episode], session.day.month());
        let calendar = &mut self.exposed.calendar;
        let place = calendar.contributions.len();
        calendar.contributions.push(Contribution {
            measure: MEASURE.into(),
            identity: Identity::Month {
                unit: event.unit,
                month,
                person,
            },
            counted: person,
            patient: person,
            unit: event.unit,
            part: "".into(),
            waits: month,
            placed: (session.day, session.number),
            therapist: self.therapists.get(&session.episode).copied().flatten(),
            senders: BTreeSet::from([event.sender]),
        });
        let below = if srs < 36 * ONE { ONE } else { 0 };
        self.exposed.truth.values.push(vec![srs, below, ONE]);
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
        if self.broken == Broken::Weekly {
            return self.weeks(month, waiting);
        }
        let mut institutions: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (unit, places) in waiting {
            let names = &self.exposed.public.catalogues[0].units[unit];
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

    fn weeks(&mut self, month: i32, waiting: BTreeMap<usize, Vec<usize>>) {
        for (unit, places) in waiting {
            for week in 0..4 {
                let day = |one: &&usize| self.exposed.calendar.contributions[**one].placed.0;
                let of_week = |one: &&usize| (day(one).0 - month * 32 - 1) / 7 == week;
                let places: Vec<usize> = places.iter().filter(of_week).copied().collect();
                if self.persons(&places) >= self.k {
                    self.row(Level::Unit, self.unit(unit), month, places);
                }
            }
        }
    }

    fn unit(&self, unit: usize) -> String {
        self.exposed.public.catalogues[0].units[unit].id.clone()
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
        let row = Row {
            measure: MEASURE.to_owned(),
            level,
            organisation,
            first: month,
            last: month,
            part: String::new(),
            persons: 0,
            new_in_year: None,
            single_therapist: false,
            single_device: false,
            closed: month,
            figures: Vec::new(),
        };
        self.exposed.push(row, places);
    }
}

impl Exposed {
    /// Publishes a row about those contributions; persons and figures are filled in.
    fn push(&mut self, mut row: Row, places: Vec<usize>) {
        let measure = self.public.measure_of(&row).clone();
        let number = self.calendar.rows.len();
        self.calendar.rows.push(places);
        row.persons = self.calendar.members(number).len() as u32;
        row.figures = self.figures(number, &measure);
        self.public.rows.push(row);
    }

    fn figures(&self, row: usize, measure: &Measure) -> Vec<Figure> {
        let variables = measure.variables.iter().enumerate();
        let figure = variables.map(|(place, variable)| {
            let support = self.calendar.support(row, variable).into_iter();
            let values = support.map(|one| self.truth.values[one][place]);
            let squares = values.clone().map(|value| i128::from(value).pow(2));
            Figure {
                sum: values.sum(),
                sum_sq: Some(squares.sum()),
            }
        });
        figure.collect()
    }
}
