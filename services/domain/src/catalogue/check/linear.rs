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

use crate::catalogue::build::Draft;
use crate::catalogue::instrument::{Instrument, Item, Method, Scale};
use crate::catalogue::measure::{
    Condition, Measure, Population, Test, Value, Variable, VariableValue,
};
use crate::catalogue::problem::{Limits, Report};
use crate::fixed::Fixed;

use super::measure::{instrument_of, values_in, values_of};
use super::variable::{find_scale, scale_of};

const DRAWS: u32 = 20_000;

/// None of a measure's variables is a linear function of others.
pub(super) fn independent(draft: &Draft, _: &Limits, report: &mut Report<'_>) {
    for (id, measure) in &draft.measures {
        let scene = Scene {
            measure,
            instrument: instrument_of(draft, measure),
        };
        let blamed = scene.instrument.is_some_and(|instrument| {
            let element = format!("instrument/{}/{}", instrument.id, instrument.version);
            report.blames(&element)
        });
        if blamed || !scene.is_sound() {
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

/// A measure with the instrument that it reads.
struct Scene<'a> {
    measure: &'a Measure,
    instrument: Option<&'a Instrument>,
}

/// What might be known of one person.
struct Person {
    first: Answers,
    last: Answers,
    forms: Fixed,
    answered: Fixed,
}

/// One form, wholly answered.
#[derive(Clone)]
struct Answers {
    /// Of the items, in the instrument's order.
    items: Vec<Fixed>,
    /// Of the scales without items, in the instrument's order.
    totals: Vec<Fixed>,
}

impl<'a> Scene<'a> {
    /// Other rules find what is wrong with a measure that cannot be looked at.
    fn is_sound(&self) -> bool {
        let scales_known = values_of(self.measure).filter_map(scale_of).all(|id| {
            self.instrument
                .is_some_and(|instrument| find_scale(instrument, id).is_some())
        });
        let grids = self
            .measure
            .variables
            .iter()
            .all(|it| it.grain > Fixed::ZERO && it.min <= it.max);
        let items = self.instrument.into_iter().flat_map(|it| &it.items);
        scales_known
            && grids
            && items
                .into_iter()
                .all(|it| it.step > Fixed::ZERO && it.min < it.max)
    }

    fn first_dependent(&self) -> Option<&'a Variable> {
        let mut draws = Draws(1);
        let width = self.measure.variables.len() + 1;
        let (mut exact, mut counted) = (Echelon::new(width), Echelon::new(width));
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
    fn exact(&self, variable: &Variable, person: &Person) -> u64 {
        match &variable.value {
            VariableValue::Flag(_) => residue(self.counted(variable, person).micros().into()),
            VariableValue::Number(value) => {
                let of = |answers: &Answers| match scale_of(value) {
                    Some(id) => self.scale(id, |it, scale| answers.exact(it, scale)),
                    None => 0,
                };
                match value {
                    Value::Score(_) | Value::Last(_) => of(&person.last),
                    Value::First(_) => of(&person.first),
                    Value::Change(_) => minus(of(&person.last), of(&person.first)),
                    Value::Forms => residue(person.forms.micros().into()),
                    Value::Answered => residue(person.answered.micros().into()),
                }
            }
        }
    }

    /// The value as it is counted.
    fn counted(&self, variable: &Variable, person: &Person) -> Fixed {
        match &variable.value {
            VariableValue::Number(value) => self
                .number(value, person)
                .clamp(variable.min, variable.max)
                .round_to(variable.grain),
            VariableValue::Flag(conditions) => {
                let holds = |it: &Condition| it.test.holds(self.number(&it.value, person));
                if conditions.iter().all(holds) {
                    Fixed::ONE
                } else {
                    Fixed::ZERO
                }
            }
        }
    }

    fn number(&self, value: &Value, person: &Person) -> Fixed {
        let of = |answers: &Answers| match scale_of(value) {
            Some(id) => self.scale(id, |it, scale| answers.score(it, scale)),
            None => Fixed::ZERO,
        };
        match value {
            Value::Score(_) | Value::Last(_) => of(&person.last),
            Value::First(_) => of(&person.first),
            Value::Change(_) => of(&person.last) - of(&person.first),
            Value::Forms => person.forms,
            Value::Answered => person.answered,
        }
    }

    fn scale<T>(&self, id: &crate::ids::ScaleId, read: impl Fn(&Instrument, &Scale) -> T) -> T {
        let instrument = self.instrument.expect("a sound scene has one");
        let scale = find_scale(instrument, id).expect("a sound scene names known scales");
        read(instrument, scale)
    }

    // === drawing ===

    fn draw(&self, draws: &mut Draws) -> Person {
        let mut first = self.draw_answers(draws);
        let mut last = self.draw_answers(draws);
        let ids: Vec<_> = values_of(self.measure).filter_map(scale_of).collect();
        for id in ids {
            let instrument = self.instrument.expect("a sound scene has one");
            let scale = find_scale(instrument, id).expect("a sound scene names known scales");
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
        Person {
            first,
            last,
            forms: draws.pick(&self.form_counts()),
            answered: draws.pick(&[Fixed::ZERO, Fixed::ONE]),
        }
    }

    fn draw_answers(&self, draws: &mut Draws) -> Answers {
        let Some(instrument) = self.instrument else {
            return Answers {
                items: Vec::new(),
                totals: Vec::new(),
            };
        };
        let items = instrument.items.iter();
        Answers {
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
    fn targets(&self, instrument: &Instrument, scale: &Scale) -> Vec<Fixed> {
        let asked = self.bounds(|value| {
            matches!(value, Value::Score(id) | Value::First(id) | Value::Last(id) if *id == scale.id)
        });
        around(
            asked.into_iter().chain([scale.min, scale.max]),
            unit(instrument, scale),
        )
    }

    /// Changes around everything that the measure asks of changes of this scale.
    fn changes(&self, instrument: &Instrument, scale: &Scale) -> Vec<Fixed> {
        let asked = self.bounds(|value| matches!(value, Value::Change(id) if *id == scale.id));
        around(
            asked.into_iter().chain([Fixed::ZERO]),
            unit(instrument, scale),
        )
    }

    fn form_counts(&self) -> Vec<Fixed> {
        let changes =
            values_of(self.measure).any(|value| matches!(value, Value::Last(_) | Value::Change(_)));
        let episode = matches!(self.measure.population, Population::EpisodeClosed(_));
        let fewest = if episode && changes {
            Fixed::from_int(2)
        } else {
            Fixed::ONE
        };
        let asked = self.bounds(|value| *value == Value::Forms);
        let few = [fewest, fewest + Fixed::from_int(3)];
        let counts = around(asked.into_iter().chain(few), Fixed::ONE);
        counts
            .into_iter()
            .filter(|it| *it >= fewest && it.is_on_step(Fixed::ZERO, Fixed::ONE))
            .collect()
    }

    /// The bounds of conditions on such numbers, and the ends at which they are clamped.
    fn bounds(&self, wanted: impl Fn(&Value) -> bool) -> Vec<Fixed> {
        let mut bounds = Vec::new();
        let parts = self.measure.parts.iter().flat_map(|parts| &parts.when);
        let mut conditions: Vec<&Condition> = parts.collect();
        for variable in &self.measure.variables {
            match &variable.value {
                VariableValue::Flag(of) => conditions.extend(of),
                VariableValue::Number(_) => {
                    if values_in(&variable.value).into_iter().any(&wanted) {
                        bounds.extend([variable.min, variable.max]);
                    }
                }
            }
        }
        let asked = conditions.into_iter().filter(|it| wanted(&it.value));
        bounds.extend(asked.map(|it| match it.test {
            Test::AtMost(bound)
            | Test::AtLeast(bound)
            | Test::Below(bound)
            | Test::Above(bound) => bound,
        }));
        bounds
    }
}

impl Answers {
    fn score(&self, instrument: &Instrument, scale: &Scale) -> Fixed {
        if scale.items.is_empty() {
            return self.totals[place_of(instrument, scale)];
        }
        let values: Vec<_> = self.items.iter().copied().map(Some).collect();
        scale
            .of_items(&instrument.items, &values)
            .unwrap_or(scale.min)
    }

    /// The score as a residue, without the rounding to a millionth.
    fn exact(&self, instrument: &Instrument, scale: &Scale) -> u64 {
        if scale.items.is_empty() {
            return residue(self.score(instrument, scale).micros().into());
        }
        let terms = scale.items.iter().map(|place| {
            let (item, value) = (&instrument.items[*place], self.items[*place]);
            match scale.method {
                Method::Sum | Method::Mean { .. } => residue(value.micros().into()),
                Method::Index { .. } => over(
                    residue((value - item.min).micros().into()),
                    residue((item.max - item.min).micros().into()),
                ),
            }
        });
        let sum = terms.fold(0, plus);
        match scale.method {
            Method::Sum => sum,
            Method::Mean { .. } | Method::Index { .. } => {
                over(sum, residue(scale.items.len() as i128))
            }
        }
    }

    /// Changes the answers so that the score comes close to the target from below.
    fn aim(&mut self, instrument: &Instrument, scale: &Scale, target: Fixed, draws: &mut Draws) {
        let target = target.clamp(scale.min, scale.max);
        if scale.items.is_empty() {
            self.totals[place_of(instrument, scale)] = target;
            return;
        }
        let weight = |item: &Item| match scale.method {
            Method::Index { .. } => 1.0,
            Method::Sum | Method::Mean { .. } => (item.max - item.min).to_f64(),
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
            self.items[*place] = Fixed::from_micros(value);
            budget -= steps * item.step.to_f64() / (item.max - item.min).to_f64() * weight(item);
        }
    }
}

fn place_of(instrument: &Instrument, scale: &Scale) -> usize {
    let place = instrument.scales.iter().position(|it| it.id == scale.id);
    place.expect("the scale is the instrument's")
}

/// A small distance between two scores.
fn unit(instrument: &Instrument, scale: &Scale) -> Fixed {
    let items = scale.items.iter().map(|place| &instrument.items[*place]);
    let steps: i64 = items
        .map(|it| (it.max - it.min).micros() / it.step.micros())
        .sum();
    scale
        .total_step
        .filter(|step| *step > Fixed::ZERO)
        .unwrap_or_else(|| (scale.max - scale.min).div_int(steps.max(1)))
        .max(Fixed::from_micros(1))
}

/// The bounds and their neighbours.
fn around(bounds: impl Iterator<Item = Fixed>, unit: Fixed) -> Vec<Fixed> {
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
struct Draws(u64);

impl Draws {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn pick(&mut self, from: &[Fixed]) -> Fixed {
        from[self.below(from.len() as u64) as usize]
    }

    fn on_grid(&mut self, min: Fixed, max: Fixed, step: Fixed) -> Fixed {
        let steps = (max - min).micros() / step.micros();
        let step = step.micros() * self.below(steps.max(0).unsigned_abs() + 1) as i64;
        Fixed::from_micros(min.micros() + step)
    }
}

// === arithmetic modulo a prime, where fractions are exact ===

/// A Mersenne prime. That a determinant is a multiple of it by chance does not happen to anybody.
const PRIME: u64 = (1 << 61) - 1;

/// Rows in echelon form: for each column the row that starts there.
struct Echelon(Vec<Option<Vec<u64>>>);

impl Echelon {
    fn new(width: usize) -> Self {
        Self(vec![None; width])
    }

    fn is_full(&self) -> bool {
        self.0.iter().all(Option::is_some)
    }

    /// The first column that is a linear function of those before it.
    fn gap(&self) -> Option<usize> {
        self.0.iter().position(Option::is_none)
    }

    fn add(&mut self, mut row: Vec<u64>) {
        for column in 0..row.len() {
            let head = row[column];
            if head == 0 {
                continue;
            }
            let Some(known) = &self.0[column] else {
                let scaled = row.iter().map(|value| over(*value, head)).collect();
                self.0[column] = Some(scaled);
                return;
            };
            for (value, known) in row.iter_mut().zip(known) {
                *value = minus(*value, times(*known, head));
            }
        }
    }
}

fn residue(value: i128) -> u64 {
    value.rem_euclid(PRIME.into()) as u64
}

fn plus(left: u64, right: u64) -> u64 {
    (left + right) % PRIME
}

fn minus(left: u64, right: u64) -> u64 {
    (left + PRIME - right) % PRIME
}

fn times(left: u64, right: u64) -> u64 {
    (u128::from(left) * u128::from(right) % u128::from(PRIME)) as u64
}

/// Division by a residue that is not nought, by Fermat.
fn over(left: u64, right: u64) -> u64 {
    let (mut inverse, mut base, mut exponent) = (1, right, PRIME - 2);
    while exponent > 0 {
        if exponent % 2 == 1 {
            inverse = times(inverse, base);
        }
        base = times(base, base);
        exponent /= 2;
    }
    times(left, inverse)
}
