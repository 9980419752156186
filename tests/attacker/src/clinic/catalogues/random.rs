//! Made-up catalogues. Comes in: chance. Goes out: instruments and measures of every kind, also such
//! as the loader must refuse; whatever it accepts is attacked.

use super::parts::{ONE, condition, flag, number};
use crate::public::{
    Facts, Instrument, Kind, Measure, On, Part, Scale, Test, Unit, Value, Variable,
};
use crate::rng::Rng;

/// A catalogue for those units. A third of them is wild, which few rules let pass.
pub fn random(rng: &mut Rng, from: i32, units: Vec<Unit>) -> Facts {
    let count = 2 + rng.below(3) as usize;
    let wild = rng.percent(35);
    let instruments: Vec<Instrument> = (0..count).map(|place| instrument(rng, place)).collect();
    let mut measures = Vec::new();
    for (place, instrument) in instruments.iter().enumerate() {
        // Now and then two measures read one instrument.
        for again in 0..1 + u32::from(wild && rng.percent(15)) {
            let id = format!("m{place}{again}.made");
            let on = match rng.below(10) {
                0..5 => On::Session(place),
                5..9 => On::Closed(place),
                _ => On::Survey(place),
            };
            measures.push(measure(rng, id, on, instrument, wild));
        }
    }
    Facts {
        from,
        shipped: false,
        joined: false,
        instruments,
        measures,
        units,
    }
}

fn instrument(rng: &mut Rng, place: usize) -> Instrument {
    let kind = [Kind::Total, Kind::Items][rng.below(2) as usize];
    let scales = match kind {
        Kind::Items => 1 + rng.below(3),
        _ => 1,
    };
    let items = kind == Kind::Items;
    let mut scales: Vec<Scale> = (0..scales).map(|number| scale(rng, number)).collect();
    for scale in scales.iter_mut().filter(|_| items) {
        // Others know some, and some must be answered.
        scale.seen = rng.percent(30);
        scale.required = scale.seen || rng.percent(50);
    }
    Instrument {
        id: format!("made-{place}"),
        kind,
        scales,
    }
}

fn scale(rng: &mut Rng, number: u32) -> Scale {
    let step = [ONE / 10, ONE / 4, ONE / 2, ONE, 2 * ONE][rng.below(5) as usize];
    let steps = [1, 4, 6, 10, 19, 20, 40, 63, 100, 400][rng.below(10) as usize];
    let min = rng.between(-2, 2) * step * 5;
    Scale {
        id: format!("s{number}"),
        min,
        max: min + step * steps,
        step,
        seen: false,
        required: false,
    }
}

fn measure(rng: &mut Rng, id: String, on: On, of: &Instrument, wild: bool) -> Measure {
    let codes = matches!(on, On::Survey(_));
    let mut variables: Vec<Variable> = Vec::new();
    for place in 0..1 + rng.below(4) {
        let variable = variable(rng, place, on, of);
        // The same number twice is the most frequent reason for a refusal.
        let same = |known: &Variable| known.reading == variable.reading;
        if wild || !variables.iter().any(same) {
            variables.push(variable);
        }
    }
    // Parts where there may be some, and sometimes where there may be none.
    let split = match on {
        On::Closed(_) => rng.percent(50),
        _ => wild && rng.percent(10),
    };
    let mut k = [5, 5, 5, 6, 7, 10][rng.below(6) as usize];
    let mut r = [3, 3, 3, 4, 5][rng.below(5) as usize];
    if wild && rng.percent(20) {
        (k, r) = (4, 2);
    }
    Measure {
        id,
        on,
        k: k * (1 + u32::from(codes)),
        r,
        tertial: rng.percent(25),
        part: split.then(|| part(rng, on, of)),
        variables,
    }
}

fn part(rng: &mut Rng, on: On, of: &Instrument) -> Part {
    let scale = rng.below(of.scales.len() as u32) as usize;
    let value = match on {
        On::Closed(_) if rng.percent(90) => Value::First(scale),
        On::Closed(_) => Value::Last(scale),
        _ => Value::Score(scale),
    };
    let bound = within(rng, &of.scales[scale]);
    Part {
        when: vec![condition(value, test(rng), bound)],
        then: "one".to_owned(),
        otherwise: "other".to_owned(),
    }
}

fn variable(rng: &mut Rng, place: u32, on: On, of: &Instrument) -> Variable {
    let id = format!("v{place}");
    let scale = rng.below(of.scales.len() as u32) as usize;
    let value = reads(rng, on, scale);
    if value == Value::Unplanned {
        return number(&id, value, 0, ONE, ONE, false);
    }
    if value == Value::Forms {
        let forms = number(&id, value, 0, rng.between(1, 60) * ONE, ONE, false);
        let adds = matches!(on, On::Session(_)) && rng.percent(60);
        return Variable { adds, ..forms };
    }
    let of = &of.scales[scale];
    if rng.percent(30) {
        let mut conditions = vec![(value, test(rng), within(rng, of))];
        // Now and then it joins something else.
        if rng.percent(20) {
            let other = match on {
                On::Closed(_) => Value::Unplanned,
                _ => Value::Forms,
            };
            conditions.push((other, Test::AtLeast, ONE));
        }
        return flag(&id, &conditions);
    }
    let (min, max) = match value {
        Value::Change(_) => (of.min - of.max, of.max - of.min),
        _ => (of.min, of.max),
    };
    // Coarser than the scale, or with its ends cut off.
    let grain = of.step * [1, 1, 1, 2, 5][rng.below(5) as usize];
    let cut = [0, 0, 1][rng.below(3) as usize] * grain;
    let down = |bound: i64| bound.div_euclid(grain) * grain;
    let (min, max) = (down(min + cut), down(max - cut));
    let steps = (max - min) / grain + 1;
    let spread = steps >= 20 && rng.percent(60) || rng.percent(3);
    number(&id, value, min, max.max(min), grain, spread)
}

fn reads(rng: &mut Rng, on: On, scale: usize) -> Value {
    match on {
        On::Session(_) if rng.percent(75) => Value::Score(scale),
        On::Closed(_) if rng.percent(80) => {
            [Value::First, Value::Change, Value::Last][rng.below(3) as usize](scale)
        }
        On::Closed(_) if rng.percent(50) => Value::Unplanned,
        On::Session(_) | On::Closed(_) => Value::Forms,
        On::First(_) | On::Survey(_) | On::Invitation => Value::Score(scale),
    }
}

fn test(rng: &mut Rng) -> Test {
    [Test::AtMost, Test::AtLeast, Test::Below, Test::Above][rng.below(4) as usize]
}

fn within(rng: &mut Rng, scale: &Scale) -> i64 {
    scale.min + scale.step * rng.between(0, (scale.max - scale.min) / scale.step)
}
