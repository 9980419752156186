//! No variable of a measure is a linear function of the others and of the number of persons.
//!
//! Variables are functions of what a person answered: numbers of it, and flags on it. A linear
//! dependence holds for every possible answer, so it holds for a sample of them; variables that
//! are independent on some sample are independent. The sample is drawn around the bounds that the
//! conditions name, by a generator with a fixed seed. So nothing dependent passes, and something
//! independent is refused only if 20,000 draws do not tell it apart.
//!
//! Two things are looked at: the exact numbers (first, last and change are dependent, although
//! rounding each to its grain hides it), and the values as they are counted (a number clamped to
//! 0 and 1 is a flag).

mod measured;
mod residue;
mod sample;

use crate::catalogue::draft::CatalogueDraft;
use crate::catalogue::measure::{Condition, MemberValue, Variable, VariableValue};
use crate::catalogue::problem::{CatalogueLimits, ProblemReport};
use crate::fixed::FixedPoint;
use crate::form::AgeBand;
use crate::ids::ScaleId;

use super::variable::wrong_value;
use measured::MeasuredInstrument;
use residue::{EchelonForm, minus, residue};
use sample::{SampleAnswers, SampleDraws, SamplePerson};

const DRAWS: u32 = 20_000;

/// None of a measure's variables is a linear function of others.
pub(super) fn independent(
    draft: &CatalogueDraft,
    _: &CatalogueLimits,
    report: &mut ProblemReport<'_>,
) {
    for (id, measure) in &draft.measures {
        let scene = MeasuredInstrument {
            measure,
            instrument: draft.instrument_of(measure),
        };
        let blamed = scene.instrument.is_some_and(|instrument| {
            let element = format!("instrument/{}/{}", instrument.id, instrument.version);
            report.blames(&element)
        });
        let misread = measure
            .values()
            .any(|value| wrong_value(draft, measure, value).is_some());
        if blamed || misread || !scene.is_sound() {
            continue;
        }
        if let Some(variable) = scene.first_dependent() {
            let element = format!("measure/{id}/variable/{}", variable.id);
            let message = format!(
                "{} follows from the variables before it and the number of persons",
                variable.id
            );
            report.add(&element, "linear", message);
        }
    }
}

impl<'a> MeasuredInstrument<'a> {
    fn first_dependent(&self) -> Option<&'a Variable> {
        let mut draws = SampleDraws::new();
        let width = self.measure.variables.len() + 1;
        let (mut exact, mut counted) = (EchelonForm::new(width), EchelonForm::new(width));
        for _ in 0..DRAWS {
            if exact.is_full() && counted.is_full() {
                return None;
            }
            let person = self.draw(&mut draws);
            exact.add(self.row(|variable| self.exact(variable, &person)));
            counted
                .add(self.row(|variable| residue(self.counted(variable, &person).micros().into())));
        }
        let gap = exact.gap().into_iter().chain(counted.gap()).min()?;
        // Column 0 is the number of persons, which is never nought.
        self.measure.variables.get(gap - 1)
    }

    fn row(&self, value: impl Fn(&Variable) -> u64) -> Vec<u64> {
        let variables = self.measure.variables.iter().map(value);
        std::iter::once(1).chain(variables).collect()
    }

    /// The value before clamping and rounding, as a residue: means and indices are fractions.
    fn exact(&self, variable: &Variable, person: &SamplePerson) -> u64 {
        match &variable.value {
            VariableValue::Flag(_) => residue(self.counted(variable, person).micros().into()),
            VariableValue::Number(value) => {
                let of = |answers: &SampleAnswers| match value.scale() {
                    Some(id) => self.scale(id, |it, scale| answers.exact(it, scale)),
                    None => 0,
                };
                match value {
                    MemberValue::Score(_) | MemberValue::Last(_) => of(&person.last),
                    MemberValue::First(_) => of(&person.first),
                    MemberValue::Change(_) => minus(of(&person.last), of(&person.first)),
                    _ => residue(self.number(value, person).micros().into()),
                }
            }
        }
    }

    /// The value as it is counted.
    fn counted(&self, variable: &Variable, person: &SamplePerson) -> FixedPoint {
        match &variable.value {
            VariableValue::Number(value) => self
                .number(value, person)
                .clamp(variable.min, variable.max)
                .round_to(variable.grain),
            VariableValue::Flag(conditions) => {
                let holds = |it: &Condition| it.test.holds(self.number(&it.value, person));
                one_if(conditions.iter().all(holds))
            }
        }
    }

    fn number(&self, value: &MemberValue, person: &SamplePerson) -> FixedPoint {
        let of = |answers: &SampleAnswers| match value.scale() {
            Some(id) => self.scale(id, |it, scale| answers.score(it, scale)),
            None => FixedPoint::ZERO,
        };
        match value {
            MemberValue::Score(_) | MemberValue::Last(_) => of(&person.last),
            MemberValue::First(_) => of(&person.first),
            MemberValue::Change(_) => of(&person.last) - of(&person.first),
            MemberValue::FirstClinical(id) => self.clinical(id, &person.first, person.ages.0),
            MemberValue::LastClinical(id) => self.clinical(id, &person.last, person.ages.1),
            MemberValue::Improved(id) => self.reliably(id, &person.first, &person.last),
            MemberValue::Deteriorated(id) => self.reliably(id, &person.last, &person.first),
            MemberValue::Forms => person.forms,
            MemberValue::Days => person.days,
            MemberValue::Gap => person.gap,
            MemberValue::Ended(ending) => one_if(person.ending == *ending),
            MemberValue::Answered => person.answered,
        }
    }

    /// 1 in the clinical range of the age band; a person whose age has no cut-off is not drawn.
    fn clinical(&self, id: &ScaleId, of: &SampleAnswers, age: Option<AgeBand>) -> FixedPoint {
        let respondent = self.measure.population.form().map(|it| it.respondent);
        self.scale(id, |it, scale| {
            let cutoff = respondent.and_then(|respondent| scale.cutoff(respondent, age));
            one_if(cutoff.is_some_and(|cutoff| scale.is_clinical(of.score(it, scale), cutoff)))
        })
    }

    /// 1 where the second is reliably better than the first.
    fn reliably(&self, id: &ScaleId, from: &SampleAnswers, to: &SampleAnswers) -> FixedPoint {
        self.scale(id, |it, scale| {
            let gain = scale.gain(from.score(it, scale), to.score(it, scale));
            one_if(scale.reliable_change.is_some_and(|by| gain >= by))
        })
    }
}

fn one_if(holds: bool) -> FixedPoint {
    if holds {
        FixedPoint::ONE
    } else {
        FixedPoint::ZERO
    }
}
