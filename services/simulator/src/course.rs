//! The course of one treatment. Comes in: chance and the unit's habits. Goes out: what a patient
//! would answer at each session, as a share of a scale's range. The invariant: scores stay within
//! their range, and the course is decided at intake, noise apart.
//!
//! The figures are those of outpatients in general (intake about 17 of 40 on the outcome scale);
//! they are plausible, not estimates of any real service.

use super::clinic::ClinicHabits;
use super::draw::SeededDraw;

/// The range of the outcome and the alliance scale.
const POINTS: f64 = 40.0;
/// The range of the depression total.
const DEPRESSION: f64 = 63.0;

/// How a patient responds to treatment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TreatmentResponse {
    /// Most of the gain comes within three sessions.
    Early,
    /// The gain comes evenly.
    Gradual,
    /// None to speak of.
    None,
    /// The patient gets worse in treatment.
    Worse,
}

/// What was decided at intake.
pub(super) struct TreatmentCourse {
    response: TreatmentResponse,
    /// Points of the outcome scale.
    intake: f64,
    /// Points, reached at the end.
    gain: f64,
    /// Points of the alliance scale, on an ordinary day.
    alliance: f64,
    /// The depression total at intake.
    depression: f64,
    /// How many sessions were agreed on.
    planned: u32,
}

impl TreatmentCourse {
    /// Decides how treatment goes.
    pub(super) fn draw(draw: &mut SeededDraw, habits: &ClinicHabits) -> Self {
        let response = match draw.below(100) {
            0..25 => TreatmentResponse::Early,
            25..60 => TreatmentResponse::Gradual,
            60..89 => TreatmentResponse::None,
            _ => TreatmentResponse::Worse,
        };
        let intake = draw.normal(17.0, 6.0).clamp(3.0, 37.0);
        let gain = match response {
            TreatmentResponse::Early => draw.normal(11.0, 3.0).max(0.0) * habits.effect,
            TreatmentResponse::Gradual => draw.normal(9.5, 4.0).max(0.0) * habits.effect,
            TreatmentResponse::None => draw.normal(0.0, 1.5),
            TreatmentResponse::Worse => draw.normal(-5.5, 2.0).min(0.0),
        };
        // Who begins high has little to gain.
        let room = ((POINTS - intake) / 23.0).min(1.0);
        Self {
            response,
            intake,
            gain: if gain > 0.0 { gain * room } else { gain },
            alliance: draw.normal(36.0 + habits.alliance, 2.5).clamp(20.0, POINTS),
            depression: draw.normal(50.0 - 1.3 * intake, 5.0).clamp(5.0, 58.0),
            planned: (4 + draw.below(6) + draw.below(7)).min(16),
        }
    }

    /// How many sessions were agreed on: 4 to 15.
    pub(super) const fn planned(&self) -> u32 {
        self.planned
    }

    /// The risk at each session that it was the last.
    pub(super) const fn risk(&self) -> f64 {
        match self.response {
            TreatmentResponse::Early => 0.03,
            TreatmentResponse::Gradual => 0.035,
            TreatmentResponse::None => 0.07,
            TreatmentResponse::Worse => 0.09,
        }
    }

    /// The answer on the outcome scale at the start of a session, from 1.
    pub(super) fn outcome(&self, session: u32, draw: &mut SeededDraw) -> f64 {
        within(draw.normal(self.intake + self.reached(session), 1.6) / POINTS)
    }

    /// The answer on the alliance scale at the end of a session: high, with a dip now and then.
    pub(super) fn alliance(&self, draw: &mut SeededDraw) -> f64 {
        let dip = if draw.chance(0.06) {
            f64::from(draw.between(4, 12))
        } else {
            0.0
        };
        within(draw.normal(self.alliance - dip, 1.2) / POINTS)
    }

    /// The depression total at a session: it falls as the outcome rises.
    pub(super) fn depression(&self, session: u32, draw: &mut SeededDraw) -> f64 {
        within(draw.normal(self.depression - 1.3 * self.reached(session), 2.0) / DEPRESSION)
    }

    /// How the patient sees the stay when it is over, between −1 and 1.
    pub(super) fn verdict(&self, draw: &mut SeededDraw) -> f64 {
        draw.normal(self.gain / POINTS, 0.12).clamp(-1.0, 1.0)
    }

    /// Points gained at a session, from 1.
    fn reached(&self, session: u32) -> f64 {
        let done = f64::from(session.saturating_sub(1));
        let all = f64::from(self.planned - 1);
        let share = match self.response {
            TreatmentResponse::Early => (done / 3.0).min(0.85 + 0.15 * (done / all).min(1.0)),
            _ => done / all,
        };
        self.gain * share.min(1.0)
    }
}

fn within(share: f64) -> f64 {
    share.clamp(0.0, 1.0)
}
