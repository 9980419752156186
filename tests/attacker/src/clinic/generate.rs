//! Random clinics. Comes in: a seed and habits. Goes out: a story in which most happens as it
//! should, and the odd now and then: late, twice, corrected, at another unit, two episodes at once.

mod others;

use super::catalogues::{self, Limits, ONE, POINT, SHORT_SURVEY, STATUS, SURVEY};
use super::{Body, Day, Ending, Event, Form, REGISTER, Session, Story};
use crate::public::{Facts, Instrument, On};
use crate::rng::Rng;

/// How the clinics work.
#[derive(Clone, Copy)]
pub struct Habits {
    /// Units; every two are an institution, every four a trust.
    pub units: usize,
    /// Months until the last close.
    pub months: i32,
    /// Patients who are in care in a unit at a time.
    pub present: f64,
    /// For how many months, on average, 1 or more.
    pub stay: f64,
    /// Sessions in a month, at most.
    pub sessions: u32,
    /// A month without a session, in percent.
    pub absent: u32,
    /// What is odd happens so often, in percent.
    pub odd: u32,
    /// A person's answers never change.
    pub constant: bool,
    /// What the catalogue asks for.
    pub limits: Limits,
}

impl Habits {
    /// Units of about so many patients, with everything odd now and then.
    pub fn usual(units: usize, months: i32, present: f64) -> Self {
        Self {
            units,
            months,
            present,
            stay: 4.0,
            sessions: 3,
            absent: 15,
            odd: 6,
            constant: false,
            limits: Limits::default(),
        }
    }

    /// The units, of which some are registered for a single source where odd things happen.
    pub fn units(&self, rng: &mut Rng) -> Vec<crate::public::Unit> {
        let unit = |number| crate::public::Unit {
            single_therapist: self.odd > 0 && rng.percent(10),
            single_device: self.odd > 0 && rng.percent(10),
            ..catalogues::unit(number, number / 2, number / 4)
        };
        (0..self.units).map(unit).collect()
    }
}

/// The first month, January 2023.
const FIRST: i32 = 2023 * 12;
/// Credentials of a unit have numbers from here on: tablets from 1, the patient record 0.
const PER_UNIT: u32 = 100;

/// Makes a story under the catalogue that the program brings.
pub fn generate(seed: u64, habits: &Habits) -> Story {
    let mut rng = Rng::new(seed);
    let units = habits.units(&mut rng);
    let facts = catalogues::shipped(FIRST, units, habits.limits);
    write(rng, habits, vec![facts])
}

/// Makes a story under other catalogues, which have the habits' number of units.
pub fn generate_under(seed: u64, habits: &Habits, catalogues: Vec<Facts>) -> Story {
    write(Rng::new(seed), habits, catalogues)
}

fn write(rng: Rng, habits: &Habits, catalogues: Vec<Facts>) -> Story {
    let story = Story {
        catalogues,
        first: FIRST,
        patients: Vec::new(),
        holders: Vec::new(),
        events: Vec::new(),
    };
    let mut writer = Writer {
        more: Rng::new(habits.months as u64),
        rng,
        habits,
        story,
        persons: 0,
        sent: Vec::new(),
    };
    for unit in 0..habits.units {
        writer.unit(unit);
    }
    writer.finish()
}

struct Writer<'a> {
    rng: Rng,
    /// For what others than adult patients fill in: what else happens does not depend on it.
    more: Rng,
    habits: &'a Habits,
    story: Story,
    persons: u32,
    /// With the month before whose close it is in the log, and chance.
    sent: Vec<((i32, u64), Event)>,
}

/// The care of one patient.
struct Care {
    unit: usize,
    person: u32,
    episode: usize,
    from: i32,
    to: i32,
    /// What the patient answers, but for noise, from 0 to 1.
    level: f64,
}

impl Writer<'_> {
    fn unit(&mut self, unit: usize) {
        let warm = -(self.habits.stay as i32) * 2;
        let rate = self.habits.present / self.habits.stay;
        for month in warm..self.habits.months {
            let mut arrivals = rate as u32;
            arrivals += u32::from(self.rng.unit() < rate.fract());
            // As many again, or none, so that months differ.
            arrivals = (0..2 * arrivals).filter(|_| self.rng.percent(50)).count() as u32;
            arrivals += u32::from(rate < 1.0 && self.rng.unit() < rate);
            for _ in 0..arrivals {
                self.patient(unit, FIRST + month);
            }
        }
    }

    fn patient(&mut self, unit: usize, from: i32) {
        let person = self.persons;
        self.persons += 1;
        let level = self.rng.unit();
        let to = self.care(person, unit, from, level);
        // A second episode: at once, while the first goes on, or later.
        if self.odd(2) {
            let after = self.rng.below((to - from + 3) as u32) as i32;
            let there = self.somewhere(unit);
            self.care(person, there, from + after, level);
        }
        self.codes(person, unit, to);
        if self.odd(1) {
            self.withdrawal(person, unit, from, to, level);
        }
    }

    /// A withdrawal; some renew and go on, and some of these withdraw again.
    fn withdrawal(&mut self, person: u32, unit: usize, from: i32, to: i32, level: f64) {
        let mut when = from + self.rng.below((to - from + 3) as u32) as i32;
        self.send(when, 0, unit, Body::Withdraw { person });
        if !self.rng.percent(50) {
            return;
        }
        when += self.rng.below(3) as i32;
        self.send(when, 0, unit, Body::Renew { person });
        let to = self.care(person, unit, when, level);
        if self.rng.percent(40) {
            let again = when + self.rng.below((to - when + 2) as u32) as i32;
            self.send(again, 0, unit, Body::Withdraw { person });
        }
    }

    /// True so often, times the habit.
    fn odd(&mut self, times: u32) -> bool {
        self.rng.percent((self.habits.odd * times).min(100))
    }

    /// The same unit, or its neighbour in the institution.
    fn somewhere(&mut self, unit: usize) -> usize {
        let neighbour = unit ^ 1;
        if neighbour < self.habits.units && self.rng.percent(40) {
            neighbour
        } else {
            unit
        }
    }

    /// Where a person of a unit is seen in a month: at its neighbour while the unit is not there,
    /// and half of them at the neighbour that is new.
    fn seen_at(&self, unit: usize, person: u32, month: i32) -> usize {
        let there = |unit: usize, month: i32| {
            let facts = Facts::in_force(&self.story.catalogues, month);
            facts.units.get(unit).is_some_and(|unit| unit.there)
        };
        let neighbour = unit ^ 1;
        let is_new = there(neighbour, month) && !there(neighbour, FIRST);
        let leaves = !there(unit, month) || is_new && person.is_multiple_of(2);
        if leaves && there(neighbour, month) {
            neighbour
        } else {
            unit
        }
    }

    fn care(&mut self, person: u32, unit: usize, from: i32, level: f64) -> i32 {
        let episode = self.story.patients.len();
        self.story.patients.push(person);
        let mut to = from;
        while self.rng.unit() > 1.0 / self.habits.stay && to < from + 40 {
            to += 1;
        }
        let unit = self.seen_at(unit, person, from);
        let there = &self.story.catalogues[0].units[unit];
        let therapists = if there.single_therapist { 1 } else { 4 };
        let therapist = unit as u32 * 10 + self.rng.below(therapists);
        let therapist = (!self.odd(1)).then_some(therapist);
        let late = i32::from(self.odd(1)) * 2;
        let open = Body::Open {
            episode,
            day: Day::new(from, 1),
            therapist,
        };
        self.send(from + late, Self::record(unit), unit, open);
        let care = Care {
            unit,
            person,
            episode,
            from,
            to,
            level,
        };
        for month in from..=to {
            self.month(&care, month);
            self.register(&care, month);
        }
        if !self.odd(1) {
            let day = self.day(to);
            let late = self.late();
            let unit = self.seen_at(unit, person, to);
            let ending = match self.rng.below(10) {
                0..3 => Ending::Unplanned,
                3 => Ending::Transfer,
                _ => Ending::Otherwise,
            };
            let end = Body::End {
                episode,
                day,
                ending,
            };
            self.send(to + late, Self::record(unit), unit, end);
        }
        to
    }

    fn record(unit: usize) -> u32 {
        unit as u32 * PER_UNIT
    }

    fn tablet(&mut self, unit: usize) -> u32 {
        let tablets = if self.story.catalogues[0].units[unit].single_device {
            1
        } else {
            3
        };
        Self::record(unit) + 1 + self.rng.below(tablets)
    }

    fn day(&mut self, month: i32) -> Day {
        Day::new(month, self.rng.between(1, 28) as i32)
    }

    fn late(&mut self) -> i32 {
        if self.odd(1) {
            self.rng.between(1, 4) as i32
        } else {
            0
        }
    }

    fn month(&mut self, care: &Care, month: i32) {
        if self.rng.percent(self.habits.absent) {
            return;
        }
        for _ in 0..=self.rng.below(self.habits.sessions) {
            let usual = self.seen_at(care.unit, care.person, month);
            let unit = if self.odd(1) {
                self.somewhere(usual)
            } else {
                usual
            };
            let session = Session {
                episode: care.episode,
                day: self.day(month),
                number: 1 + self.rng.below(2),
                revision: 0,
                forms: self.forms(care, month),
            };
            self.session(unit, session, care);
        }
    }

    /// What the register is told in a month: a measurement point, a status form, often nothing.
    fn register(&mut self, care: &Care, month: i32) {
        if !self.story.catalogues[0].shipped || self.habits.constant {
            return;
        }
        let state = if self.rng.percent(85) {
            1
        } else {
            self.rng.between(0, 7)
        };
        let point = [
            state,
            self.rng.between(0, 3),
            self.rng.between(0, 3),
            self.rng.between(0, 5),
        ];
        let status = [
            Some(self.rng.between(0, 4) * ONE),
            Some(self.rng.between(2, 10) * ONE / 2),
        ];
        let forms = [
            (POINT, 60, point.map(|mark| Some(mark * ONE)).to_vec()),
            (STATUS, 25, status.to_vec()),
        ];
        for (instrument, often, scores) in forms {
            if !self.rng.percent(often) {
                continue;
            }
            let unit = self.seen_at(care.unit, care.person, month);
            let session = Session {
                episode: care.episode,
                day: self.day(month),
                number: REGISTER,
                revision: 0,
                forms: vec![Form { instrument, scores }],
            };
            let sender = if self.odd(1) {
                Self::record(unit)
            } else {
                self.tablet(unit)
            };
            let late = self.late();
            self.send(month + late, sender, unit, Body::Session(session.clone()));
            if self.odd(1) {
                let late = self.late();
                self.send(month + late, sender, unit, Body::Session(session));
            }
        }
    }

    /// Sends it, and perhaps again, and perhaps a correction.
    fn session(&mut self, unit: usize, session: Session, care: &Care) {
        let month = session.day.month();
        let sender = if self.odd(1) {
            Self::record(unit)
        } else {
            self.tablet(unit)
        };
        let late = self.late();
        self.send(month + late, sender, unit, Body::Session(session.clone()));
        if self.odd(1) {
            let again = Session {
                forms: self.forms(care, month),
                ..session.clone()
            };
            let (late, sender) = (self.late(), self.tablet(unit));
            self.send(month + late, sender, unit, Body::Session(again));
        }
        if self.odd(1) {
            let revision = 1 + self.rng.below(2);
            let corrected = Session {
                revision,
                forms: self.forms(care, month),
                ..session
            };
            let (late, sender) = (self.late(), self.tablet(unit));
            self.send(month + late, sender, unit, Body::Session(corrected));
        }
    }

    fn forms(&mut self, care: &Care, month: i32) -> Vec<Form> {
        let facts = &self.story.catalogues[0];
        if !facts.shipped {
            let used = facts.instruments.clone().into_iter().enumerate();
            let surveys: Vec<On> = facts.measures.iter().map(|one| one.on).collect();
            let used = used.filter(|(place, _)| !surveys.contains(&On::Survey(*place)));
            let forms = used.filter_map(|(place, of)| self.made_up(care.level, place, &of));
            let mut forms: Vec<Form> = forms.collect();
            self.set_seen(care.person, &mut forms);
            return forms;
        }
        if self.habits.constant {
            let srs = Some((care.level * 400.0) as i64);
            return catalogues::session(srs, None, None);
        }
        let done = f64::from(month - care.from + 1) / f64::from(care.to - care.from + 1);
        let (level, done) = (0.5 * care.level, 0.25 * done);
        let srs = !self.odd(1);
        let srs = srs.then(|| self.near(0.6 + 0.8 * level, 400.0));
        let ors = self.near(0.2 + level + done, 400.0);
        let bdi = self.near(0.8 - level - done, 63.0);
        let mut forms = catalogues::session(srs, Some(ors), Some(bdi));
        forms.extend(self.others(care, level + done));
        forms
    }

    fn near(&mut self, centre: f64, top: f64) -> i64 {
        near(&mut self.rng, centre, top)
    }

    /// A form of a made-up instrument, sometimes none, sometimes with a score left out.
    fn made_up(&mut self, level: f64, place: usize, of: &Instrument) -> Option<Form> {
        if self.odd(1) {
            return None;
        }
        let mut scores = Vec::new();
        for scale in &of.scales {
            let steps = (scale.max - scale.min) / scale.step;
            let score = scale.min + scale.step * self.near(level, steps as f64);
            let may_be = of.kind == crate::public::Kind::Items && !scale.required;
            let left_out = may_be && self.odd(1);
            scores.push((!left_out).then_some(score));
        }
        Some(Form {
            instrument: place,
            scores,
        })
    }

    /// Sex, age and the like are the person's, and never left out.
    fn set_seen(&self, person: u32, forms: &mut [Form]) {
        let facts = &self.story.catalogues[0];
        for form in forms {
            let scales = facts.instruments[form.instrument].scales.iter();
            for (place, scale) in scales.enumerate().filter(|(_, scale)| scale.seen) {
                let mut chance = Rng::new(u64::from(person) << 8 | place as u64);
                let steps = (scale.max - scale.min) / scale.step;
                let score = scale.min + scale.step * chance.between(0, steps);
                form.scores[place] = Some(score);
            }
        }
    }

    fn answer(&mut self) -> Option<Form> {
        let facts = &self.story.catalogues[0];
        if facts.shipped {
            let marks = [1, 2, 3].map(|_| self.rng.between(1, 5));
            let short = self.rng.percent(30);
            let survey = [SURVEY, SHORT_SURVEY][usize::from(short)];
            return Some(catalogues::survey(survey, marks));
        }
        let read = facts.measures.iter().find_map(|one| match one.on {
            On::Survey(place) => Some((place, facts.instruments[place].clone())),
            _ => None,
        });
        let level = self.rng.unit();
        let (place, of) = read?;
        self.made_up(level, place, &of)
    }

    /// The codes of a discharge: mostly one, some hold two.
    fn codes(&mut self, person: u32, unit: usize, month: i32) {
        if self.habits.constant {
            return;
        }
        for _ in 0..1 + u32::from(self.odd(4)) {
            let code = self.story.holders.len();
            self.story.holders.push(person);
            let unit = self.seen_at(unit, person, month);
            self.send(month, Self::record(unit), unit, Body::Issue { code, month });
            if self.rng.percent(70)
                && let Some(form) = self.answer()
            {
                let after = self.rng.below(3) as i32;
                let answer = Body::Answer { code, month, form };
                self.send(month + after, PER_UNIT * 1000, unit, answer);
            }
            if self.odd(1) {
                let when = month + self.rng.below(3) as i32;
                self.send(when, 0, unit, Body::WithdrawCode { code });
            }
        }
    }

    /// Puts an event into the log before the close of `month`, or, as that comes days after the
    /// month's end, sometimes before the close of the month before.
    fn send(&mut self, month: i32, sender: u32, unit: usize, body: Body) {
        let early = i32::from(self.odd(1));
        let place = (month - early).max(FIRST);
        let order = self.rng.bits();
        self.sent
            .push(((place, order), Event { sender, unit, body }));
    }

    fn finish(mut self) -> Story {
        let last = FIRST + self.habits.months - 1;
        for month in FIRST..=last {
            let close = Event {
                sender: 0,
                unit: 0,
                body: Body::Close { month },
            };
            self.sent.push(((month, u64::MAX), close));
        }
        self.sent.retain(|((month, _), _)| *month <= last);
        self.sent.sort_by_key(|(place, _)| *place);
        self.story.events = self.sent.into_iter().map(|(_, event)| event).collect();
        self.story
    }
}

fn near(rng: &mut Rng, centre: f64, top: f64) -> i64 {
    ((centre + rng.normal() * 0.12) * top)
        .round()
        .clamp(0.0, top) as i64
}
