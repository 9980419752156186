//! What a measure knows of a member of its population (design §4.1). Comes in: the forms of a
//! session, an episode or a survey, and the catalogue's instrument. Goes out: numbers. The
//! invariant: what is not known is `None`, never nought.

use crate::catalogue::{Instrument, MemberValue, Scale};
use crate::fixed::FixedPoint;
use crate::fold::state::StoredForm;
use crate::form::Respondent;
use crate::record::EpisodeEnding;
use crate::time::Day;

/// What the variables of a contribution are computed from.
pub(super) enum MemberFacts<'a> {
    /// One form, and how many forms count.
    Form { form: &'a StoredForm, forms: usize },
    /// All forms of an episode, by date, then number; the days of its opening and closing.
    Episode {
        forms: &'a [&'a StoredForm],
        days: (Day, Day),
        ending: EpisodeEnding,
    },
    /// A survey code, answered or not.
    Code { answered: bool },
}

/// The instrument that a measure reads, and whose answers.
#[derive(Clone, Copy)]
pub(super) struct InstrumentLens<'a> {
    pub(super) instrument: &'a Instrument,
    pub(super) respondent: Respondent,
}

impl MemberFacts<'_> {
    pub(super) fn number(
        &self,
        value: &MemberValue,
        lens: Option<InstrumentLens<'_>>,
    ) -> Option<FixedPoint> {
        match (self, value) {
            (Self::Form { form, .. }, MemberValue::Score(id)) => {
                let (place, _) = lens?.scale(id)?;
                form.scores[place]
            }
            (Self::Form { forms, .. }, MemberValue::Forms) => count(*forms),
            (Self::Episode { forms, .. }, MemberValue::Forms) => count(forms.len()),
            (Self::Episode { days, .. }, MemberValue::Days) => {
                Some(FixedPoint::from_int(length(days.0, days.1)))
            }
            (Self::Episode { forms, days, .. }, MemberValue::Gap) => {
                Some(FixedPoint::from_int(longest_gap(forms, days.0, days.1)))
            }
            (Self::Episode { ending, .. }, MemberValue::Ended(how)) => Some(one_if(ending == how)),
            (Self::Episode { forms, .. }, value) => of_course(forms, value, lens?),
            (Self::Code { answered }, MemberValue::Answered) => Some(one_if(*answered)),
            _ => None,
        }
    }
}

impl<'a> InstrumentLens<'a> {
    /// A scale, and the place of its score among a form's.
    fn scale(self, id: &crate::ids::ScaleId) -> Option<(usize, &'a Scale)> {
        let mut scales = self.instrument.scales.iter().enumerate();
        scales.find(|(_, scale)| scale.id == *id)
    }

    /// 1 in the clinical range of the form's age band, which is strictly on the worse side.
    fn clinical(self, scale: &Scale, form: &StoredForm, score: FixedPoint) -> Option<FixedPoint> {
        let cutoff = scale.cutoff(self.respondent, form.age)?;
        Some(one_if(scale.is_clinical(score, cutoff)))
    }
}

/// What the scores of an episode say.
fn of_course(
    forms: &[&StoredForm],
    value: &MemberValue,
    lens: InstrumentLens<'_>,
) -> Option<FixedPoint> {
    let (place, scale) = lens.scale(value.scale()?)?;
    let mut course = forms
        .iter()
        .filter_map(|form| Some((*form, form.scores[place]?)));
    let first = course.next()?;
    // Whatever compares needs another score.
    let last = course.next_back();
    let gain = || Some(scale.gain(first.1, last?.1));
    let reliable = scale.reliable_change;
    match value {
        MemberValue::First(_) => Some(first.1),
        MemberValue::Last(_) => Some(last?.1),
        MemberValue::Change(_) => Some(last?.1 - first.1),
        MemberValue::FirstClinical(_) => lens.clinical(scale, first.0, first.1),
        MemberValue::LastClinical(_) => {
            let (form, score) = last?;
            lens.clinical(scale, form, score)
        }
        MemberValue::Improved(_) => Some(one_if(gain()? >= reliable?)),
        MemberValue::Deteriorated(_) => Some(one_if(FixedPoint::ZERO - gain()? >= reliable?)),
        _ => None,
    }
}

/// In days. An episode that is closed before it is opened has none.
fn length(opened: Day, closed: Day) -> i32 {
    (closed.0 - opened.0).max(0)
}

/// In days. Forms from outside the episode's days end no gap.
fn longest_gap(forms: &[&StoredForm], opened: Day, closed: Day) -> i32 {
    let mut before = opened;
    let mut longest = 0;
    let inside = forms.iter().map(|form| form.day);
    let inside = inside.filter(|day| (opened..=closed).contains(day));
    for day in inside.chain([closed]) {
        longest = longest.max(day.0 - before.0);
        before = day;
    }
    longest
}

fn count(forms: usize) -> Option<FixedPoint> {
    i32::try_from(forms).ok().map(FixedPoint::from_int)
}

fn one_if(holds: bool) -> FixedPoint {
    if holds {
        FixedPoint::ONE
    } else {
        FixedPoint::ZERO
    }
}
