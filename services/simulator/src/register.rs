//! What clinics tell the quality register of an episode. Comes in: an episode that is over. Goes
//! out: basic information of most, measurement points at intake, about every three months, at the
//! end and one year after it, and a yearly status form of some. The invariants: it has chance of its
//! own, so that what else an episode sends does not depend on it; what does not change in a patient
//! is told alike of every episode.

use medvirk_domain::form::AgeBand;
use medvirk_domain::time::Day;
use medvirk_proto::feedback::v1::submission::Kind;
use medvirk_proto::feedback::v1::{Ending, Form, RegistryForm, Respondent};

use super::draw::{DrawPurpose, SeededDraw};
use super::kit::{FormKit, answered, fill};

/// Of so many there is basic information.
const BASIS: f64 = 0.8;

/// About so often there is a measurement point, in days.
const OFTEN: (i32, i32) = (55, 88);
/// The states of a measurement point.
const ACTIVE: u32 = 1;
const TRANSFERRED: u32 = 2;
const BROKEN_OFF: u32 = 3;
const AGREED: u32 = 4;
const FOLLOWED_UP: u32 = 5;
const NOT_REACHED: u32 = 6;
const DECLINED: u32 = 7;

/// An episode as the register sees it.
pub(super) struct RegisterAccount<'a> {
    pub(super) patient: &'a str,
    pub(super) episode: &'a str,
    pub(super) unit: &'a str,
    /// The patient has been there before.
    pub(super) again: bool,
    pub(super) days: (Day, Day),
    /// Where it is not an adult.
    pub(super) age: Option<AgeBand>,
    pub(super) ending: Ending,
    /// How the patient sees the stay, between −1 and 1.
    pub(super) verdict: f64,
}

impl RegisterAccount<'_> {
    /// A source of chance for what this patient tells the register.
    pub(super) fn draw(&self, seed: u64) -> SeededDraw {
        of_reference(seed, self.episode)
    }

    /// Everything that is told, with its day.
    pub(super) fn forms(
        &self,
        kit: &FormKit,
        seed: u64,
        draw: &mut SeededDraw,
    ) -> Vec<(Day, Kind)> {
        let mut forms = Vec::new();
        if let Some(point) = &kit.point {
            for (day, state) in self.points(draw) {
                let form = answered(point, &self.answers(state, draw));
                forms.push((day, self.kind(day, form)));
            }
        }
        let status = kit.status.as_ref().filter(|_| draw.chance(0.45));
        if let Some(status) = status {
            let day = Day(self.days.0.0 + draw.between(0, 20));
            let share = draw.normal(0.45, 0.2);
            // The therapist fills it in with the patient.
            let form = Form {
                respondent: Respondent::Other.into(),
                ..fill(status, share, draw)
            };
            forms.push((day, self.kind(day, form)));
        }
        // Last, so that what was told before there was this form is still the same.
        let basis = kit.basis.as_ref().filter(|_| draw.chance(BASIS));
        if let Some(basis) = basis {
            let mut patient = of_reference(seed, self.patient);
            let day = Day((self.days.0.0 + draw.between(0, 9)).min(self.days.1.0));
            let form = answered(basis, &self.basis(&mut patient, draw));
            forms.push((day, self.kind(day, form)));
        }
        forms
    }

    /// The answers of the basic information: `patient` is the same in every episode of a patient.
    /// Now and then nobody asked, and what the register calls "not chosen" is sent.
    fn basis(&self, patient: &mut SeededDraw, draw: &mut SeededDraw) -> Vec<(&'static str, f64)> {
        let sex = if patient.chance(0.67) { 1 } else { 2 };
        let age = match self.age {
            Some(AgeBand::Child) => patient.between(8, 12),
            Some(AgeBand::Adolescent) => patient.between(13, 17),
            _ => (patient.normal(38.0, 11.0) as i32).clamp(18, 80),
        };
        let education = if age < 19 { 1 } else { patient.between(1, 4) };
        let substance = if age < 13 { 0 } else { patient.between(1, 6) };
        let earlier = self.again || patient.chance(0.55);
        let coded = |code: i32, draw: &mut SeededDraw| {
            if draw.chance(0.04) {
                0.0
            } else {
                f64::from(code)
            }
        };
        let (employment, housing) = (draw.between(1, 3), draw.between(1, 4));
        let injects = match (substance, draw.below(100)) {
            (_, 96..) => 3,
            (2 | 4, 0..40) => 2,
            _ => 1,
        };
        let mut answers = vec![
            ("sex", coded(sex, draw)),
            ("age", f64::from(age)),
            ("education", coded(education, draw)),
            ("employment", coded(employment, draw)),
            ("housing", coded(housing, draw)),
            ("substance", coded(substance, draw)),
            ("injecting", coded(injects, draw)),
            ("earlier-treatment", f64::from(u8::from(earlier))),
        ];
        // Many are not asked how much they drink.
        if age >= 16 && (substance == 1 || draw.chance(0.5)) {
            let middle = if substance == 1 { 32.0 } else { 5.0 };
            let units = draw.normal(middle, 0.5 * middle).clamp(0.0, 200.0);
            answers.push(("alcohol-units", (2.0 * units).round() / 2.0));
        }
        answers
    }

    /// The days and states of the measurement points.
    fn points(&self, draw: &mut SeededDraw) -> Vec<(Day, u32)> {
        let (start, over) = self.days;
        let mut points = Vec::new();
        // A short stay is over when it is first told of.
        let first = if draw.chance(0.07) {
            BROKEN_OFF
        } else {
            ACTIVE
        };
        let mut day = Day((start.0 + draw.between(0, 9)).min(over.0));
        points.push((day, first));
        loop {
            // Now and then nobody thinks of it in time.
            let late = if draw.chance(0.12) { 40 } else { 0 };
            day = Day(day.0 + draw.between(OFTEN.0, OFTEN.1) + late);
            if day >= over {
                break;
            }
            points.push((day, ACTIVE));
        }
        if draw.chance(0.85) {
            points.push((
                over,
                match self.ending {
                    Ending::Transfer => TRANSFERRED,
                    Ending::Unplanned => BROKEN_OFF,
                    _ => AGREED,
                },
            ));
        }
        if draw.chance(0.7) {
            let state = match draw.below(100) {
                0..50 => FOLLOWED_UP,
                50..85 => NOT_REACHED,
                _ => DECLINED,
            };
            points.push((Day(over.0 + 365 + draw.between(-10, 20)), state));
        }
        points
    }

    fn answers(&self, state: u32, draw: &mut SeededDraw) -> Vec<(&'static str, f64)> {
        // No, yes, not known; or nothing at all.
        let plan = |draw: &mut SeededDraw, yes: u32| match draw.below(100) {
            below if below < yes => 2.0,
            97.. => 0.0,
            below if below < yes + 5 => 3.0,
            _ => 1.0,
        };
        let benefit = draw
            .normal(3.7 + 2.0 * self.verdict, 0.9)
            .round()
            .clamp(1.0, 5.0);
        vec![
            ("status", f64::from(state)),
            ("plan", plan(draw, 76)),
            ("crisis-plan", plan(draw, 55)),
            ("benefit", benefit),
        ]
    }

    fn kind(&self, day: Day, form: Form) -> Kind {
        Kind::RegistryForm(RegistryForm {
            patient: self.patient.to_owned(),
            episode: self.episode.to_owned(),
            unit: self.unit.to_owned(),
            date: day.to_string(),
            form: Some(form),
            revision: 0,
        })
    }
}

/// Chance that belongs to a reference.
fn of_reference(seed: u64, reference: &str) -> SeededDraw {
    // FNV-1a: the same reference is always the same number.
    let hash = reference
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    SeededDraw::new(seed, DrawPurpose::Register(hash))
}
