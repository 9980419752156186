//! What is filled in at a session, and by whom. Comes in: a patient's course and what the unit
//! uses. Goes out: forms, the patient's own outcome form first. The invariant: each instrument and
//! respondent is there at most once, and an adaptive form is asked as its instrument asks.

use medvirk_domain::catalogue::{EarlierScore, Instrument};
use medvirk_domain::form::AgeBand;
use medvirk_proto::feedback::v1::{AgeBand as WireAge, Form, Respondent};

use super::clinic::SimulatedClinic;
use super::course::TreatmentCourse;
use super::draw::SeededDraw;
use super::kit::{FormKit, ask, fill};

/// Monitoring takes long: it is done every so many sessions.
const MONITORED: u32 = 4;

/// A session, before anything is filled in.
pub(super) struct SessionSitting<'a> {
    pub(super) kit: &'a FormKit,
    pub(super) clinic: &'a SimulatedClinic,
    pub(super) course: &'a TreatmentCourse,
    /// Where it is not an adult's.
    pub(super) age: Option<AgeBand>,
    /// The session's number, from 1.
    pub(super) number: u32,
    /// What the episode's monitoring said so far; what it says now is added.
    pub(super) monitored: &'a mut Vec<EarlierScore>,
    pub(super) draw: &'a mut SeededDraw,
}

impl SessionSitting<'_> {
    /// Fills in the forms of this session.
    pub(super) fn forms(mut self) -> Vec<Form> {
        let mut forms = Vec::new();
        self.outcome(&mut forms);
        self.depression(&mut forms);
        self.alliance(&mut forms);
        self.group(&mut forms);
        self.monitoring(&mut forms);
        forms
    }

    fn outcome(&mut self, forms: &mut Vec<Form>) {
        let kit = self.kit;
        let used = if self.age == Some(AgeBand::Child) {
            &kit.child_outcome
        } else {
            &kit.outcome
        };
        if let Some(outcome) = used.as_ref().filter(|_| !self.draw.chance(0.03)) {
            let share = self.course.outcome(self.number, self.draw);
            forms.push(self.aged(outcome, share));
        }
        // Somebody who came along fills it in too, and sees it a little better.
        let caretaker = self.age.is_some() && self.draw.chance(0.75);
        if let Some(outcome) = used.as_ref().filter(|_| caretaker) {
            let share = 0.05 + self.course.outcome(self.number, self.draw);
            forms.push(Form {
                respondent: Respondent::Caretaker.into(),
                ..self.aged(outcome, share)
            });
        }
    }

    fn depression(&mut self, forms: &mut Vec<Form>) {
        let every_fourth = self.number % 4 == 1 || self.number == self.course.planned();
        let used = self.clinic.habits.depression && self.age.is_none();
        let depression = self.kit.depression.as_ref();
        if let Some(depression) = depression.filter(|_| used && every_fourth) {
            let share = self.course.depression(self.number, self.draw);
            forms.push(fill(depression, share, self.draw));
        }
    }

    fn alliance(&mut self, forms: &mut Vec<Form>) {
        let kit = self.kit;
        let used = if self.age == Some(AgeBand::Child) {
            &kit.child_alliance
        } else {
            &kit.alliance
        };
        // Some leave before they have filled in the second form.
        if let Some(alliance) = used.as_ref().filter(|_| !self.draw.chance(0.12)) {
            let share = self.course.alliance(self.draw);
            forms.push(self.aged(alliance, share));
        }
    }

    /// Every other session is one of a group, too.
    fn group(&mut self, forms: &mut Vec<Form>) {
        let used = self.clinic.has_groups() && self.number.is_multiple_of(2);
        if let Some(alliance) = self.kit.group_alliance.as_ref().filter(|_| used) {
            let share = self.course.alliance(self.draw) - 0.03;
            forms.push(fill(alliance, share, self.draw));
        }
    }

    fn monitoring(&mut self, forms: &mut Vec<Form>) {
        let used = self.number % MONITORED == 1;
        if let Some(monitoring) = self.clinic.monitoring(self.kit).filter(|_| used) {
            let trouble = 1.0 - self.course.outcome(self.number, self.draw);
            forms.push(ask(monitoring, trouble, self.monitored, self.draw));
        }
    }

    /// A form that names the age band, where it is not an adult's.
    fn aged(&mut self, instrument: &Instrument, share: f64) -> Form {
        let age = match self.age {
            Some(AgeBand::Child) => WireAge::Child,
            Some(AgeBand::Adolescent) => WireAge::Adolescent,
            Some(AgeBand::Adult) | None => WireAge::Unspecified,
        };
        Form {
            age: age.into(),
            ..fill(instrument, share, self.draw)
        }
    }
}
