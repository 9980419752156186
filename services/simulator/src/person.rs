//! Patients, and what is sent about them. Comes in: a clinic and a month. Goes out: the openings,
//! sessions, closings, invitations and surveys of those who begin there in that month. The
//! invariant: what is sent twice is the same; a session has the same day, number and unit in
//! every correction.

use medvirk_domain::catalogue::EarlierScore;
use medvirk_domain::form::AgeBand;
use medvirk_domain::time::{Day, Month};
use medvirk_proto::feedback::v1::submission::Kind;
use medvirk_proto::feedback::v1::{
    Correction, DischargeSurvey, Ending, EpisodeClosing, EpisodeOpening, Form, Invitation, Session,
    Submission,
};

use super::battery::SessionSitting;
use super::clinic::SimulatedClinic;
use super::course::TreatmentCourse;
use super::draw::{DrawPurpose, SeededDraw};
use super::kit::{fill, fill_survey};
use super::register::RegisterAccount;
use super::sending::{SendingCredential, SimulatedSending};
use super::world::SimulatedWorld;

/// No treatment goes on for longer, in days.
const LONGEST: i32 = 180;

/// Everything about those who begin in a month, in no order between patients.
pub(super) fn cohort(
    world: &SimulatedWorld,
    clinic: &SimulatedClinic,
    month: Month,
) -> Vec<SimulatedSending> {
    let mut draw = SeededDraw::new(world.seed, DrawPurpose::Cohort(clinic.number, month));
    let holidays = if month.number() == 7 { 0.6 } else { 1.0 };
    let size = draw.normal(clinic.habits.starts * holidays, 1.2);
    let days = month.next().first_day().0 - month.first_day().0;
    let mut sent = Vec::new();
    for number in 0..draw.whole(size) {
        let start = Day(month.first_day().0 + draw.between(0, days - 1));
        let draw = SeededDraw::new(
            world.seed,
            DrawPurpose::Person(clinic.number, month, number),
        );
        let patient = format!("s{}-{}-{month}-{number}", world.seed, clinic.number);
        person(world, clinic, patient, start, draw, &mut sent);
    }
    sent
}

/// One patient: an episode, and sometimes a second.
fn person(
    world: &SimulatedWorld,
    clinic: &SimulatedClinic,
    patient: String,
    start: Day,
    draw: SeededDraw,
    sent: &mut Vec<SimulatedSending>,
) {
    let first = SimulatedEpisode::begin(world, clinic, &patient, 1, start, draw);
    let (mut draw, ended) = first.run(sent);
    if draw.chance(0.08) {
        let again = Day(ended.0 + draw.between(30, 150));
        SimulatedEpisode::begin(world, clinic, &patient, 2, again, draw).run(sent);
    }
}

/// A consultation that leads to no treatment. It is not closed, so that no measure counts it.
pub(super) fn consultation(
    world: &SimulatedWorld,
    clinic: &SimulatedClinic,
    draw: SeededDraw,
    day: Day,
    minute: u32,
) -> Vec<SimulatedSending> {
    let patient = format!("s{}-{}-{day}-m{minute}", world.seed, clinic.number);
    let mut sent = Vec::new();
    let mut episode = SimulatedEpisode::begin(world, clinic, &patient, 1, day, draw);
    // Somebody is there on every day.
    episode.start = day;
    let Some(outcome) = &world.kit.outcome else {
        return sent;
    };
    let share = episode.course.outcome(1, &mut episode.draw);
    let forms = vec![fill(outcome, share, &mut episode.draw)];
    let session = episode.session(1, day, forms);
    let tablet = episode.tablet();
    episode.open(day, &mut sent);
    episode.push(&mut sent, day, tablet, Kind::Session(session));
    sent
}

/// The episode that a sending is about; none for what carries no reference.
pub(super) fn episode_of(sending: &SimulatedSending) -> Option<&str> {
    match sending.submission.kind.as_ref()? {
        Kind::EpisodeOpened(opening) => Some(&opening.episode),
        Kind::Session(session) => Some(&session.episode),
        Kind::Correction(correction) => Some(&correction.session.as_ref()?.episode),
        Kind::EpisodeClosed(closing) => Some(&closing.episode),
        Kind::RegistryForm(form) => Some(&form.episode),
        Kind::Invitation(_) | Kind::DischargeSurvey(_) => None,
    }
}

/// An episode on its way.
struct SimulatedEpisode<'a> {
    world: &'a SimulatedWorld,
    clinic: &'a SimulatedClinic,
    patient: String,
    reference: String,
    /// The therapist's number, from 1.
    therapist: u32,
    /// The one in the room where the patient is seen, from 1.
    tablet: u32,
    start: Day,
    course: TreatmentCourse,
    /// Where it is not an adult.
    age: Option<AgeBand>,
    /// What monitoring said so far, oldest first.
    monitored: Vec<EarlierScore>,
    draw: SeededDraw,
}

impl<'a> SimulatedEpisode<'a> {
    fn begin(
        world: &'a SimulatedWorld,
        clinic: &'a SimulatedClinic,
        patient: &str,
        number: u32,
        start: Day,
        mut draw: SeededDraw,
    ) -> Self {
        let therapist = draw.below(clinic.therapists);
        // Where there are more tablets than therapists some have two or three rooms.
        let rooms = (clinic.tablets.saturating_sub(therapist))
            .div_ceil(clinic.therapists)
            .max(1);
        let tablet = (therapist + clinic.therapists * draw.below(rooms)) % clinic.tablets;
        Self {
            world,
            clinic,
            patient: patient.to_owned(),
            reference: format!("{patient}-e{number}"),
            therapist: therapist + 1,
            tablet: tablet + 1,
            start: working(start),
            course: TreatmentCourse::draw(&mut draw, &clinic.habits),
            age: age(clinic, patient),
            monitored: Vec::new(),
            draw,
        }
    }

    /// Sends all of it, and says when it was over.
    fn run(mut self, sent: &mut Vec<SimulatedSending>) -> (SeededDraw, Day) {
        // Some openings are made when the patient has been there a few times.
        let late = if self.draw.chance(0.12) {
            self.draw.between(3, 20)
        } else {
            0
        };
        self.open(Day(self.start.0 + late), sent);
        let (last, left) = self.treat(sent);
        let transferred = self.draw.chance(0.05);
        let ending = if left {
            Ending::Unplanned
        } else if transferred {
            Ending::Transfer
        } else {
            Ending::Planned
        };
        // Who stays away is closed when nobody expects them any more.
        let wait = if left { self.draw.between(21, 42) } else { 0 };
        let over = working(Day(last.0 + wait));
        let written = if self.draw.chance(0.3) {
            self.draw.between(1, 8)
        } else {
            0
        };
        self.close(over, Day(over.0 + written), ending, sent);
        self.survey(over, sent);
        self.register(over, ending, sent);
        (self.draw, over)
    }

    /// What the register is told, by the therapist's own device: the record opened the episode.
    fn register(&self, over: Day, ending: Ending, sent: &mut Vec<SimulatedSending>) {
        let unit = self.clinic.unit.to_string();
        let mut told = RegisterAccount {
            patient: &self.patient,
            episode: &self.reference,
            unit: &unit,
            again: !self.reference.ends_with("-e1"),
            days: (self.start, over),
            age: self.age,
            ending,
            verdict: 0.0,
        };
        let mut draw = told.draw(self.world.seed);
        told.verdict = self.course.verdict(&mut draw);
        for (day, kind) in told.forms(&self.world.kit, self.world.seed, &mut draw) {
            let submission = Submission {
                submission_id: draw.uuid(),
                kind: Some(kind),
            };
            sent.push(SimulatedSending {
                day,
                sender: SendingCredential::Tablet(self.clinic.number, self.tablet),
                submission,
                invitation: None,
            });
        }
    }

    fn open(&mut self, day: Day, sent: &mut Vec<SimulatedSending>) {
        let opening = EpisodeOpening {
            patient: self.patient.clone(),
            episode: self.reference.clone(),
            unit: self.clinic.unit.to_string(),
            date: self.start.to_string(),
            therapist: format!("{}-t{}", self.clinic.unit, self.therapist),
        };
        self.push(
            sent,
            day,
            SendingCredential::Record(self.clinic.number),
            Kind::EpisodeOpened(opening),
        );
    }

    fn close(&mut self, over: Day, day: Day, ending: Ending, sent: &mut Vec<SimulatedSending>) {
        let closing = EpisodeClosing {
            patient: self.patient.clone(),
            episode: self.reference.clone(),
            unit: self.clinic.unit.to_string(),
            date: over.to_string(),
            ending: ending.into(),
        };
        self.push(
            sent,
            day,
            SendingCredential::Record(self.clinic.number),
            Kind::EpisodeClosed(closing),
        );
    }

    /// Weekly sessions, more or less, until they are over or the patient stays away: the day of
    /// the last one, and whether the patient left.
    fn treat(&mut self, sent: &mut Vec<SimulatedSending>) -> (Day, bool) {
        let (mut day, mut last, mut number) = (self.start, self.start, 0);
        while number < self.course.planned() && day.0 - self.start.0 <= LONGEST {
            // Nobody fails to turn up the first time, or there would be no episode.
            if number == 0 || !self.draw.chance(0.08) {
                number += 1;
                last = day;
                self.meet(number, day, sent);
                if number < self.course.planned() && self.draw.chance(self.course.risk()) {
                    return (last, true);
                }
            }
            let pause = if self.draw.chance(0.2) { 14 } else { 7 };
            day = working(Day(day.0 + pause));
        }
        (last, false)
    }

    /// One session: what was answered is sent, most often at once, sometimes twice, sometimes
    /// corrected later.
    fn meet(&mut self, number: u32, day: Day, sent: &mut Vec<SimulatedSending>) {
        let forms = self.forms(number);
        if forms.is_empty() {
            return;
        }
        let tablet = self.tablet();
        let session = self.session(number, day, forms);
        let late = match self.draw.below(1_000) {
            0..40 => self.draw.between(1, 7),
            40..50 => self.draw.between(8, 60),
            _ => 0,
        };
        let taken = Day(day.0 + late);
        self.push(sent, taken, tablet, Kind::Session(session.clone()));
        if self.draw.chance(0.01) {
            // A tablet that has forgotten what it sent makes a new id for the same answers.
            let again = Day(taken.0 + self.draw.between(0, 3));
            self.push_once(sent, again, tablet, Kind::Session(session.clone()));
        }
        if self.draw.chance(0.015) {
            self.correct(session, taken, tablet, sent);
        }
    }

    /// The first form again, with other answers; sometimes once more.
    fn correct(
        &mut self,
        mut session: Session,
        taken: Day,
        tablet: SendingCredential,
        sent: &mut Vec<SimulatedSending>,
    ) {
        let mut day = taken;
        for revision in 1..=if self.draw.chance(0.1) { 2 } else { 1 } {
            let changed = self.forms(session.number);
            for form in &mut session.forms {
                let same = |other: &&Form| {
                    (&other.instrument, other.respondent) == (&form.instrument, form.respondent)
                };
                if let Some(other) = changed.iter().find(same) {
                    *form = other.clone();
                    break;
                }
            }
            day = Day(day.0 + self.draw.between(1, 15));
            let correction = Correction {
                session: Some(session.clone()),
                revision,
            };
            self.push(sent, day, tablet, Kind::Correction(correction));
        }
    }

    fn forms(&mut self, number: u32) -> Vec<Form> {
        let sitting = SessionSitting {
            kit: &self.world.kit,
            clinic: self.clinic,
            course: &self.course,
            age: self.age,
            number,
            monitored: &mut self.monitored,
            draw: &mut self.draw,
        };
        sitting.forms()
    }

    fn session(&self, number: u32, day: Day, forms: Vec<Form>) -> Session {
        Session {
            patient: self.patient.clone(),
            episode: self.reference.clone(),
            unit: self.clinic.unit.to_string(),
            date: day.to_string(),
            number,
            forms,
            earlier: Vec::new(),
        }
    }

    /// At discharge a code is issued; some use it, at once or within some weeks.
    fn survey(&mut self, over: Day, sent: &mut Vec<SimulatedSending>) {
        let kit = &self.world.kit;
        let short = kit.short_survey.as_ref().filter(|_| self.clinic.is_brief());
        let Some(survey) = short.or(kit.survey.as_ref()) else {
            return;
        };
        let invitation = Invitation {
            unit: self.clinic.unit.to_string(),
            month: over.month().to_string(),
        };
        let tablet = self.tablet();
        self.push_once(sent, over, tablet, Kind::Invitation(invitation));
        if !self.draw.chance(self.clinic.habits.answers) {
            return;
        }
        let code_of = sent
            .last()
            .map(|sending| sending.submission.submission_id.clone());
        let share = self.clinic.habits.experience + 0.3 * self.course.verdict(&mut self.draw);
        let form = fill_survey(survey, share, &mut self.draw);
        let wait = if self.draw.chance(0.5) {
            0
        } else {
            self.draw.between(1, 25)
        };
        let answer = DischargeSurvey {
            code: String::new(),
            form: Some(form),
        };
        self.push_once(
            sent,
            Day(over.0 + wait),
            SendingCredential::Code,
            Kind::DischargeSurvey(answer),
        );
        if let Some(last) = sent.last_mut() {
            last.invitation = code_of;
        }
    }

    /// The patient's own tablet, but now and then it is charging and the next one is taken.
    fn tablet(&mut self) -> SendingCredential {
        let other = u32::from(self.draw.chance(0.02));
        let tablet = 1 + (self.tablet - 1 + other) % self.clinic.tablets;
        SendingCredential::Tablet(self.clinic.number, tablet)
    }

    /// Sends it, and one time in ten once more, the same under the same id.
    fn push(
        &mut self,
        sent: &mut Vec<SimulatedSending>,
        day: Day,
        sender: SendingCredential,
        kind: Kind,
    ) {
        self.push_once(sent, day, sender, kind);
        if self.draw.chance(0.1) {
            let again = sent
                .last()
                .cloned()
                .expect("it was pushed on the line above");
            let later = if self.draw.chance(0.7) {
                0
            } else {
                self.draw.between(1, 3)
            };
            sent.push(SimulatedSending {
                day: Day(day.0 + later),
                ..again
            });
        }
    }

    fn push_once(
        &mut self,
        sent: &mut Vec<SimulatedSending>,
        day: Day,
        sender: SendingCredential,
        kind: Kind,
    ) {
        let submission = Submission {
            submission_id: self.draw.uuid(),
            kind: Some(kind),
        };
        sent.push(SimulatedSending {
            day,
            sender,
            submission,
            invitation: None,
        });
    }
}

/// Where the young are treated, half of them are children. The same in every episode of a patient.
fn age(clinic: &SimulatedClinic, patient: &str) -> Option<AgeBand> {
    let even = patient.bytes().last().is_some_and(|last| last % 2 == 0);
    clinic.is_young().then_some(if even {
        AgeBand::Child
    } else {
        AgeBand::Adolescent
    })
}

/// That day, or the next on which people work: no weekends, no sessions in the middle of July or
/// at Christmas.
fn working(day: Day) -> Day {
    let closed = |day: Day| {
        let (_, month, date) = day.civil();
        // 1970-01-01 was a Thursday; Monday is 0.
        let weekend = (day.0 + 3).rem_euclid(7) >= 5;
        weekend
            || (month == 7 && (8..=21).contains(&date))
            || (month, date) >= (12, 23)
            || (month, date) == (1, 1)
    };
    let mut day = day;
    while closed(day) {
        day = Day(day.0 + 1);
    }
    day
}
