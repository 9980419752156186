//! Scores, bases, cut-offs, z-scores and what is asked next equal those of `tests/python/score.py`,
//! which was written from the published rules and knows nothing of this crate: to the millionth,
//! for 10,000 generated forms of every shipped instrument.
//!
//! The seed is printed and can be given back by `MEDVIRK_SEED`.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail the test that calls them"
)]

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use medvirk_domain::catalogue::{
    AdaptiveQuestions, Catalogue, CatalogueLimits, EarlierScore, Instrument, Item, Scale, shipped,
};
use medvirk_domain::fixed::FixedPoint;
use medvirk_domain::form::{AgeBand, Coding, Form, ItemResponse, MissingReason, Respondent};
use medvirk_domain::ids::{CatalogueHash, ItemId};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::{Map, Value, json};

const FORMS: usize = 10_000;

/// What is sent to both.
struct Case<'a> {
    instrument: &'a Instrument,
    form: Form,
    coding: Option<Coding>,
    /// Oldest first; one entry per scale each.
    history: Vec<Vec<EarlierScore>>,
}

#[test]
fn scores_equal_those_of_an_independent_program() {
    let seed = std::env::var("MEDVIRK_SEED").ok();
    let seed = seed.map_or_else(rand::random, |seed| seed.parse().unwrap());
    println!("MEDVIRK_SEED={seed}");
    let mut draw = StdRng::seed_from_u64(seed);
    let catalogue = Catalogue::load(
        &shipped(),
        CatalogueHash::new([0; 32]),
        CatalogueLimits::default(),
    );
    let catalogue = catalogue.unwrap_or_else(|problems| panic!("{problems}"));
    for instrument in catalogue.instruments.values() {
        let cases: Vec<_> = (0..FORMS).map(|_| case(instrument, &mut draw)).collect();
        let expected = answers(&cases);
        assert_eq!(expected.len(), FORMS);
        for (case, expected) in cases.iter().zip(expected) {
            let ours = ours(case);
            assert_eq!(ours, expected, "{}", sent(case));
        }
        covers(instrument, &cases);
    }
}

/// The generated forms reach what they are there for.
fn covers(instrument: &Instrument, cases: &[Case<'_>]) {
    let some = |what: &str, holds: &dyn Fn(&Case<'_>) -> bool| {
        assert!(cases.iter().any(holds), "{}: no {what}", instrument.id);
    };
    if instrument.total_only.is_some() {
        some("total", &|case| case.form.total.is_some());
    }
    if instrument.coding_declared {
        some("agreement", &|case| case.coding == Some(Coding::Agreement));
        some("sentinel", &|case| {
            let sentinel = ItemResponse::Value(FixedPoint::from_int(-98));
            case.form.items.iter().any(|(_, sent)| *sent == sentinel)
        });
    }
    if instrument.is_adaptive() {
        let basis = |word: &'static str| {
            move |case: &Case<'_>| {
                let ours = ours(case);
                let scores = ours["scores"].as_object().unwrap();
                scores.values().any(|score| score[1] == word)
            }
        };
        for word in ["full", "partial", "trigger-only", "closed", "missing"] {
            let holds = basis(word);
            assert!(cases.iter().take(500).any(holds), "no {word}");
        }
    }
}

// === our own answers ===

fn ours(case: &Case<'_>) -> Value {
    let instrument = case.instrument;
    let mut form = case.form.clone();
    instrument.as_marked(&mut form, case.coding).unwrap();
    let scored = instrument
        .score(&form)
        .unwrap_or_else(|violations| panic!("{violations:?} in {}", sent(case)));
    let age = instrument.age_of(&form);
    let mut scores = Map::new();
    for (scale, score) in instrument.scales.iter().zip(&scored.scores) {
        let cutoff = scale.cutoff(form.respondent, age).map(FixedPoint::micros);
        let z = score.value.and_then(|value| scale.z(value));
        let value = score.value.map(FixedPoint::micros);
        let answer = json!([
            value,
            score.basis.as_str(),
            cutoff,
            z.map(FixedPoint::micros)
        ]);
        scores.insert(scale.id.to_string(), answer);
    }
    let earlier = case.history.concat();
    json!({
        "scores": scores,
        "open": open(&instrument.ask(&form, &earlier)),
        "next": open(&instrument.ask_next_time(&form, &scored, &earlier)),
    })
}

fn open(asking: &AdaptiveQuestions) -> Vec<String> {
    let open = asking.scales.iter().filter(|(_, open)| *open);
    open.map(|(scale, _)| scale.to_string()).collect()
}

// === the other program's ===

fn answers(cases: &[Case<'_>]) -> Vec<Value> {
    let python = std::env::var("MEDVIRK_PYTHON");
    let python = python.expect("MEDVIRK_PYTHON is set by cargo, in .cargo/config.toml");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/python/score.py");
    let mut child = Command::new(&python)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|why| panic!("{python}: {why}; `cargo xtask test` sets it up"));
    let mut to = child.stdin.take().unwrap();
    let lines: Vec<String> = cases.iter().map(|case| sent(case).to_string()).collect();
    let writer = std::thread::spawn(move || {
        for line in lines {
            writeln!(to, "{line}").unwrap();
        }
    });
    let from = BufReader::new(child.stdout.take().unwrap());
    let read = |line: std::io::Result<String>| serde_json::from_str(&line.unwrap()).unwrap();
    let answers = from.lines().map(read).collect();
    writer.join().unwrap();
    assert!(child.wait().unwrap().success());
    answers
}

fn sent(case: &Case<'_>) -> Value {
    let mut items = Map::new();
    for (item, response) in &case.form.items {
        let response = match response {
            ItemResponse::Value(value) => json!(value.micros()),
            ItemResponse::Missing(reason) => json!(reason.as_str()),
        };
        items.insert(item.to_string(), response);
    }
    let history = case.history.iter().map(|before| {
        let score = |it: &EarlierScore| {
            let score = json!([it.value.map(FixedPoint::micros), it.open]);
            (it.scale.to_string(), score)
        };
        Value::Object(before.iter().map(score).collect())
    });
    json!({
        "instrument": case.form.instrument.as_str(),
        "respondent": case.form.respondent.as_str(),
        "age": case.form.age.map(AgeBand::as_str),
        "coding": case.coding.map(|coding| match coding {
            Coding::Agreement => "agreement",
            Coding::HigherIsWorse => "higher-is-worse",
        }),
        "total": case.form.total.map(FixedPoint::micros),
        "items": items,
        "earlier": history.collect::<Vec<_>>(),
    })
}

// === generated forms ===

fn case<'a>(instrument: &'a Instrument, draw: &mut StdRng) -> Case<'a> {
    let respondent: Respondent = *instrument.respondents.choose(draw).unwrap();
    let age = instrument.ages.choose(draw).copied();
    let total = total(instrument, draw);
    let items = match total {
        Some(_) => Vec::new(),
        None => items(instrument, draw),
    };
    let coding = [Coding::Agreement, Coding::HigherIsWorse];
    let coding = instrument
        .coding_declared
        .then(|| *coding.choose(draw).unwrap());
    let times = if instrument.is_adaptive() {
        draw.random_range(0..5)
    } else {
        0
    };
    Case {
        instrument,
        form: Form {
            instrument: instrument.id.clone(),
            version: instrument.version,
            respondent,
            items,
            total,
            age: age.filter(|_| draw.random_bool(0.7)),
        },
        coding,
        history: (0..times).map(|_| before(instrument, draw)).collect(),
    }
}

fn total(instrument: &Instrument, draw: &mut StdRng) -> Option<FixedPoint> {
    let id = instrument.total_only.as_ref()?;
    if !instrument.items.is_empty() && draw.random_bool(0.8) {
        return None;
    }
    let scale = instrument.scales.iter().find(|scale| scale.id == *id)?;
    Some(on_grid(scale.min, scale.max, scale.total_step?, draw))
}

fn items(instrument: &Instrument, draw: &mut StdRng) -> Vec<(ItemId, ItemResponse)> {
    // Some forms are whole, some have holes.
    let holes = *[0.0, 0.05, 0.4].choose(draw).unwrap();
    let mut all: Vec<(ItemId, ItemResponse)> = Vec::new();
    for item in &instrument.items {
        if let Some(response) = response(instrument, item, holes, draw) {
            all.push((item.id.clone(), response));
        }
    }
    for scale in &instrument.scales {
        if draw.random_bool(0.4) {
            close(instrument, scale, &mut all);
        }
    }
    if all.is_empty() {
        let first = &instrument.items[0];
        all.push((first.id.clone(), ItemResponse::Value(first.max)));
    }
    all
}

fn response(
    instrument: &Instrument,
    item: &Item,
    holes: f64,
    draw: &mut StdRng,
) -> Option<ItemResponse> {
    if !draw.random_bool(holes) {
        return Some(ItemResponse::Value(on_grid(
            item.min, item.max, item.step, draw,
        )));
    }
    let sentinel = instrument.sentinels.choose(draw);
    if let Some((number, _)) = sentinel.filter(|_| draw.random_bool(0.5)) {
        return Some(ItemResponse::Value(*number));
    }
    let asked = |reason: &&MissingReason| **reason != MissingReason::ByDesign;
    let reasons: Vec<_> = item.missing.iter().filter(asked).copied().collect();
    let reason = reasons.choose(draw).copied();
    reason
        .filter(|_| draw.random_bool(0.8))
        .map(ItemResponse::Missing)
}

/// Leaves out by design whatever of the scale may be.
fn close(instrument: &Instrument, scale: &Scale, all: &mut [(ItemId, ItemResponse)]) {
    for place in &scale.items {
        let item = &instrument.items[*place];
        if !item.missing.contains(&MissingReason::ByDesign) {
            continue;
        }
        for (id, response) in all.iter_mut() {
            if *id == item.id {
                *response = ItemResponse::Missing(MissingReason::ByDesign);
            }
        }
    }
}

fn before(instrument: &Instrument, draw: &mut StdRng) -> Vec<EarlierScore> {
    let score = |scale: &Scale| EarlierScore {
        scale: scale.id.clone(),
        value: draw
            .random_bool(0.9)
            .then(|| on_grid(scale.min, scale.max, FixedPoint::from_micros(10_000), draw)),
        open: draw.random_bool(0.6),
    };
    instrument.scales.iter().map(score).collect()
}

/// A value on the steps, often one of the ends.
fn on_grid(min: FixedPoint, max: FixedPoint, step: FixedPoint, draw: &mut StdRng) -> FixedPoint {
    let steps = (max - min).micros() / step.micros();
    let chosen = match draw.random_range(0..5) {
        0 => 0,
        1 => steps,
        _ => draw.random_range(0..=steps),
    };
    FixedPoint::from_micros(min.micros() + chosen * step.micros())
}
