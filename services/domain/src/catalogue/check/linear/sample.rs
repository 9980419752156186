//! Persons to look at. Comes in: a measure and its instrument. Goes out: answers around the bounds
//! that the measure names, and elsewhere.

use super::measured::MeasuredInstrument;
use super::residue::{over, plus, residue};
use crate::catalogue::instrument::{Instrument, Item, Scale, ScoringMethod};
use crate::catalogue::measure::{Condition, ConditionTest, MemberValue, VariableValue};
use crate::fixed::FixedPoint;
use crate::form::AgeBand;
use crate::record::EpisodeEnding;

/// How an episode may end.
const ENDINGS: [EpisodeEnding; 4] = [
    EpisodeEnding::Unknown,
    EpisodeEnding::Planned,
    EpisodeEnding::Unplanned,
    EpisodeEnding::Transfer,
];

/// What might be known of one person.
pub(super) struct SamplePerson {
    pub(super) first: SampleAnswers,
    pub(super) last: SampleAnswers,
    /// The age band at the first and at the last form.
    pub(super) ages: (Option<AgeBand>, Option<AgeBand>),
    pub(super) forms: FixedPoint,
    pub(super) days: FixedPoint,
    pub(super) gap: FixedPoint,
    pub(super) ending: EpisodeEnding,
    pub(super) answered: FixedPoint,
}

/// One form, wholly answered.
pub(super) struct SampleAnswers {
    /// Of the items, in the instrument's order.
    items: Vec<FixedPoint>,
    /// Of the scales, in the instrument's order; read where a scale has no items.
    totals: Vec<FixedPoint>,
}

impl MeasuredInstrument<'_> {
    /// Draws a person whose values the catalogue allows.
    pub(super) fn draw(&self, draws: &mut SampleDraws) -> SamplePerson {
        let mut first = self.draw_answers(draws);
        let mut last = self.draw_answers(draws);
        let ids: Vec<_> = self
            .measure
            .values()
            .filter_map(MemberValue::scale)
            .collect();
        for id in ids {
            let instrument = self.instrument.expect("a sound scene has one");
            let scale = instrument
                .scale(id)
                .expect("a sound scene names known scales");
            let targets = self.targets(instrument, scale);
            if draws.below(3) > 0 {
                first.aim(instrument, scale, draws.pick(&targets), draws);
            }
            let near =
                first.score(instrument, scale) + draws.pick(&self.changes(instrument, scale));
            match draws.below(3) {
                0 => {}
                1 => last.aim(instrument, scale, draws.pick(&targets), draws),
                _ => last.aim(instrument, scale, near, draws),
            }
        }
        let forms = draws.pick(&self.form_counts());
        let (days, gap) = self.draw_days(forms, draws);
        SamplePerson {
            first,
            last,
            ages: self.draw_ages(draws),
            forms,
            days,
            gap,
            ending: draws.one_of(&ENDINGS),
            answered: draws.pick(&[FixedPoint::ZERO, FixedPoint::ONE]),
        }
    }

    /// Of the age bands that have every cut-off that is read; nobody else is a member.
    fn draw_ages(&self, draws: &mut SampleDraws) -> (Option<AgeBand>, Option<AgeBand>) {
        let (Some(instrument), Some(form)) = (self.instrument, self.measure.population.form())
        else {
            return (None, None);
        };
        let judged = self.measure.values().filter(|value| {
            matches!(
                value,
                MemberValue::FirstClinical(_) | MemberValue::LastClinical(_)
            )
        });
        let scales: Vec<&Scale> = judged
            .filter_map(|value| instrument.scale(value.scale()?))
            .collect();
        let mut ages = instrument.judged_ages();
        ages.retain(|age| {
            let mut cutoffs = scales.iter().map(|it| it.cutoff(form.respondent, *age));
            cutoffs.all(|cutoff| cutoff.is_some())
        });
        if ages.is_empty() {
            (None, None)
        } else {
            (draws.one_of(&ages), draws.one_of(&ages))
        }
    }

    /// So many forms leave at most so many gaps, of which the longest is at most as long as the
    /// whole and at least as long as an even share of it.
    fn draw_days(&self, forms: FixedPoint, draws: &mut SampleDraws) -> (FixedPoint, FixedPoint) {
        let bounds = |wanted: MemberValue| {
            let asked = self.bounds(|value| *value == wanted);
            let some = [FixedPoint::from_int(30), FixedPoint::from_int(90)];
            around(asked.into_iter().chain(some), FixedPoint::ONE)
        };
        let gaps = forms.micros() / FixedPoint::ONE.micros() + 1;
        if draws.below(2) == 0 {
            let days = draws.pick(&bounds(MemberValue::Days)).max(FixedPoint::ZERO);
            let whole = days.micros() / FixedPoint::ONE.micros();
            let least = (whole + gaps - 1) / gaps;
            let gap = draws.between(least, whole);
            (days, gap)
        } else {
            let gap = draws.pick(&bounds(MemberValue::Gap)).max(FixedPoint::ZERO);
            let whole = gap.micros() / FixedPoint::ONE.micros();
            (draws.between(whole, whole * gaps), gap)
        }
    }

    fn draw_answers(&self, draws: &mut SampleDraws) -> SampleAnswers {
        let Some(instrument) = self.instrument else {
            return SampleAnswers {
                items: Vec::new(),
                totals: Vec::new(),
            };
        };
        let items = instrument.items.iter();
        SampleAnswers {
            items: items
                .map(|it| draws.on_grid(it.min, it.max, it.step))
                .collect(),
            totals: instrument
                .scales
                .iter()
                .map(|it| draws.on_grid(it.min, it.max, unit(instrument, it)))
                .collect(),
        }
    }

    /// Scores around everything that the measure asks of this scale.
    fn targets(&self, instrument: &Instrument, scale: &Scale) -> Vec<FixedPoint> {
        let asked = self.bounds(|value| {
            matches!(value, MemberValue::Score(id) | MemberValue::First(id) | MemberValue::Last(id) if *id == scale.id)
        });
        let cutoffs = scale.cutoffs.iter().map(|it| it.value);
        around(
            asked
                .into_iter()
                .chain([scale.min, scale.max])
                .chain(cutoffs),
            unit(instrument, scale),
        )
    }

    /// Changes around everything that the measure asks of changes of this scale.
    fn changes(&self, instrument: &Instrument, scale: &Scale) -> Vec<FixedPoint> {
        let asked =
            self.bounds(|value| matches!(value, MemberValue::Change(id) if *id == scale.id));
        let reliable = scale.reliable_change.into_iter();
        let reliable = reliable.flat_map(|by| [by, FixedPoint::ZERO - by]);
        around(
            asked.into_iter().chain([FixedPoint::ZERO]).chain(reliable),
            unit(instrument, scale),
        )
    }

    fn form_counts(&self) -> Vec<FixedPoint> {
        let changes = self.measure.values().any(MemberValue::needs_two);
        let fewest = if self.measure.population.is_of_episodes() && changes {
            FixedPoint::from_int(2)
        } else {
            FixedPoint::ONE
        };
        let asked = self.bounds(|value| *value == MemberValue::Forms);
        let few = [fewest, fewest + FixedPoint::from_int(3)];
        let counts = around(asked.into_iter().chain(few), FixedPoint::ONE);
        counts
            .into_iter()
            .filter(|it| *it >= fewest && it.is_on_step(FixedPoint::ZERO, FixedPoint::ONE))
            .collect()
    }

    /// The bounds of conditions on such numbers, and the ends at which they are clamped.
    fn bounds(&self, wanted: impl Fn(&MemberValue) -> bool) -> Vec<FixedPoint> {
        let mut bounds = Vec::new();
        let parts = self.measure.parts.iter().flat_map(|parts| &parts.when);
        let mut conditions: Vec<&Condition> = parts.collect();
        for variable in &self.measure.variables {
            match &variable.value {
                VariableValue::Flag(of) => conditions.extend(of),
                VariableValue::Number(_) => {
                    if variable.value.values().into_iter().any(&wanted) {
                        bounds.extend([variable.min, variable.max]);
                    }
                }
            }
        }
        let asked = conditions.into_iter().filter(|it| wanted(&it.value));
        bounds.extend(asked.map(|it| match it.test {
            ConditionTest::AtMost(bound)
            | ConditionTest::AtLeast(bound)
            | ConditionTest::Below(bound)
            | ConditionTest::Above(bound) => bound,
        }));
        bounds
    }
}

impl SampleAnswers {
    pub(super) fn score(&self, instrument: &Instrument, scale: &Scale) -> FixedPoint {
        if scale.items.is_empty() {
            return self.totals[place_of(instrument, scale)];
        }
        let values: Vec<_> = self.items.iter().copied().map(Some).collect();
        scale
            .of_items(&instrument.items, &values)
            .unwrap_or(scale.min)
    }

    /// The score as a residue, without the rounding to a millionth.
    pub(super) fn exact(&self, instrument: &Instrument, scale: &Scale) -> u64 {
        if scale.items.is_empty() {
            return residue(self.score(instrument, scale).micros().into());
        }
        let terms = scale.items.iter().map(|place| {
            let item = &instrument.items[*place];
            let value = item.turned(self.items[*place]);
            match scale.method {
                ScoringMethod::Sum | ScoringMethod::Mean { .. } => residue(value.micros().into()),
                ScoringMethod::Index { .. } => over(
                    residue((value - item.min).micros().into()),
                    residue((item.max - item.min).micros().into()),
                ),
            }
        });
        let sum = terms.fold(0, plus);
        match scale.method {
            ScoringMethod::Sum => sum,
            ScoringMethod::Mean { .. } | ScoringMethod::Index { .. } => {
                over(sum, residue(scale.items.len() as i128))
            }
        }
    }

    /// Changes the answers so that the score comes close to the target from below.
    fn aim(
        &mut self,
        instrument: &Instrument,
        scale: &Scale,
        target: FixedPoint,
        draws: &mut SampleDraws,
    ) {
        let target = target.clamp(scale.min, scale.max);
        if scale.items.is_empty() {
            self.totals[place_of(instrument, scale)] = target;
            return;
        }
        let weight = |item: &Item| match scale.method {
            ScoringMethod::Index { .. } => 1.0,
            ScoringMethod::Sum | ScoringMethod::Mean { .. } => (item.max - item.min).to_f64(),
        };
        let items = || scale.items.iter().map(|place| &instrument.items[*place]);
        let share = (target - scale.min).to_f64() / (scale.max - scale.min).to_f64();
        let mut budget = share * items().map(weight).sum::<f64>();
        let start = draws.below(scale.items.len() as u64) as usize;
        for place in scale
            .items
            .iter()
            .cycle()
            .skip(start)
            .take(scale.items.len())
        {
            let item = &instrument.items[*place];
            let taken = budget.min(weight(item));
            let steps = taken / weight(item) * (item.max - item.min).to_f64() / item.step.to_f64();
            let steps = (steps + 1e-6).floor();
            let value = item.min.micros() + steps as i64 * item.step.micros();
            self.items[*place] = item.turned(FixedPoint::from_micros(value));
            budget -= steps * item.step.to_f64() / (item.max - item.min).to_f64() * weight(item);
        }
    }
}

fn place_of(instrument: &Instrument, scale: &Scale) -> usize {
    let place = instrument.scales.iter().position(|it| it.id == scale.id);
    place.expect("the scale is the instrument's")
}

/// A small distance between two scores.
fn unit(instrument: &Instrument, scale: &Scale) -> FixedPoint {
    let items = scale.items.iter().map(|place| &instrument.items[*place]);
    let steps: i64 = items
        .map(|it| (it.max - it.min).micros() / it.step.micros())
        .sum();
    scale
        .total_step
        .filter(|step| *step > FixedPoint::ZERO)
        .unwrap_or_else(|| (scale.max - scale.min).div_int(steps.max(1)))
        .max(FixedPoint::from_micros(1))
}

/// The bounds and their neighbours.
fn around(bounds: impl Iterator<Item = FixedPoint>, unit: FixedPoint) -> Vec<FixedPoint> {
    bounds
        .flat_map(|bound| {
            [
                bound - unit - unit,
                bound - unit,
                bound,
                bound + unit,
                bound + unit + unit,
            ]
        })
        .collect()
}

/// A generator with a fixed seed (Knuth's MMIX constants): the same catalogue is judged the same.
pub(super) struct SampleDraws(u64);

impl SampleDraws {
    /// The draws from the beginning of the sequence.
    pub(super) const fn new() -> Self {
        Self(1)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn pick(&mut self, from: &[FixedPoint]) -> FixedPoint {
        self.one_of(from)
    }

    fn one_of<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }

    /// A whole number, both ends included.
    fn between(&mut self, low: i64, high: i64) -> FixedPoint {
        let above = self.below((high - low).max(0).unsigned_abs() + 1) as i64;
        FixedPoint::from_micros((low + above) * FixedPoint::ONE.micros())
    }

    fn on_grid(&mut self, min: FixedPoint, max: FixedPoint, step: FixedPoint) -> FixedPoint {
        let steps = (max - min).micros() / step.micros();
        let step = step.micros() * self.below(steps.max(0).unsigned_abs() + 1) as i64;
        FixedPoint::from_micros(min.micros() + step)
    }
}
