//! What sums of squares, and the make-up of rows, say by themselves.

use medvirk_attacker::attack::multisets::Figures;
use medvirk_attacker::attack::twins;
use medvirk_attacker::clinic::{Body, Habits, Story, generate};
use medvirk_attacker::rng::Rng;
use medvirk_attacker::victim::Victim;
use medvirk_attacker::victim::broken::{self, Broken};

use crate::{demo_sized, random, seeds, share};

/// How answers lie on the scale.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Shape {
    Even,
    Bell,
    /// Most within a tenth of the scale.
    Narrow,
    /// In the upper part, as satisfaction is.
    High,
    /// Nearly all at the upper end.
    Ceiling,
}

fn answers(rng: &mut Rng, shape: Shape, n: usize, top: i64) -> Vec<i64> {
    let one = |rng: &mut Rng| match shape {
        Shape::Even => rng.unit(),
        Shape::Bell => 0.5 + 0.2 * rng.normal(),
        Shape::Narrow => 0.6 + 0.04 * rng.normal(),
        Shape::High => 0.8 + 0.15 * rng.normal(),
        Shape::Ceiling => 1.0 - 0.05 * rng.normal().abs() * rng.unit(),
    };
    let step = |part: f64| (part * top as f64).round().clamp(0.0, top as f64) as i64;
    (0..n).map(|_| step(one(rng))).collect()
}

/// In percent of tries, only one multiset fits; and the same for somebody who knows a member.
fn unique(rng: &mut Rng, shape: Shape, n: usize, steps: i64) -> (f64, f64) {
    const TRIES: usize = 100;
    let (mut alone, mut knowing) = (0, 0);
    for _ in 0..TRIES {
        let answers = answers(rng, shape, n, steps - 1);
        let figures = Figures::of_answers(&answers, steps - 1);
        alone += usize::from(figures.solutions(2) == Some(1));
        knowing += usize::from(figures.without(answers[0]).solutions(2) == Some(1));
    }
    (share(alone, TRIES), share(knowing, TRIES))
}

#[test]
fn a_sum_of_squares_of_twelve_leaves_many_multisets() {
    let mut rng = Rng::new(seeds("multisets", 1)[0]);
    for steps in [41, 64, 127] {
        for shape in [
            Shape::Even,
            Shape::Bell,
            Shape::Narrow,
            Shape::High,
            Shape::Ceiling,
        ] {
            let few = [3, 5].map(|n| unique(&mut rng, shape, n, steps));
            let many = [12, 16].map(|n| unique(&mut rng, shape, n, steps));
            println!(
                "  {steps} steps, {shape:?}: unique (knowing one) n=3 {:?}, n=5 {:?} %, n=12 {:?}, n=16 {:?} %",
                few[0], few[1], many[0], many[1]
            );
            if matches!(shape, Shape::Even | Shape::Bell) {
                assert!(
                    many.iter()
                        .all(|(alone, knowing)| *alone == 0.0 && *knowing == 0.0)
                );
                // Without the rule of twelve it would be found.
                assert!(few[0].1 > 50.0, "{few:?}");
            }
        }
    }
}

/// The survey's indices have 101 steps on paper, but their items allow 21, 17 and 13 values.
#[test]
fn indices_of_few_items_have_fewer_values_than_steps() {
    let mut rng = Rng::new(seeds("multisets of indices", 1)[0]);
    for values in [21, 17, 13] {
        for shape in [Shape::Even, Shape::Bell, Shape::High, Shape::Ceiling] {
            let (alone, knowing) = unique(&mut rng, shape, 24, values);
            println!(
                "  {values} values, {shape:?}: n=24 unique {alone} %, knowing one {knowing} %"
            );
            assert!(shape == Shape::Ceiling || alone + knowing == 0.0);
        }
    }
}

#[test]
fn public_sums_of_squares_are_of_twelve_and_fine_grained() {
    let runs = seeds("sums of squares in rows", 20);
    let (mut seen_rows, mut unique, mut certain) = (0, 0, 0);
    let stories = runs.iter().map(|seed| random(*seed));
    for seen in stories.chain([demo_sized(runs[0])]) {
        for row in &seen.public.rows {
            let measure = seen.public.facts.measure(&row.measure);
            for (variable, figure) in measure.variables.iter().zip(&row.figures) {
                let n = i64::from(row.persons);
                certain += usize::from([n * variable.min, n * variable.max].contains(&figure.sum));
                let Some(sum_sq) = figure.sum_sq else {
                    continue;
                };
                let least = if measure.codes { 24 } else { 12 };
                assert!(row.persons >= least && variable.steps() >= 20 && !variable.adds);
                let figures = Figures::of_row(row.persons, figure.sum, sum_sq, variable);
                let solutions = figures.solutions(2);
                assert_ne!(solutions, Some(0), "the true answers fit");
                seen_rows += 1;
                unique += usize::from(solutions == Some(1));
            }
        }
    }
    println!(
        "  {seen_rows} sums of squares: only one multiset fits {unique}; {certain} sums of answers all alike at an end (out of scope)"
    );
    assert_eq!(unique, 0);
}

/// The same story but for one answer, which stays on its side of what decides the part.
fn twin(story: &Story, rng: &mut Rng) -> Story {
    let mut twin = story.clone();
    loop {
        let place = rng.below(twin.events.len() as u32) as usize;
        match &mut twin.events[place].body {
            Body::Session(session) => {
                let forms = &mut session.forms;
                if let Some(ors) = forms.ors {
                    let clinical = ors < 250;
                    forms.ors = Some(if clinical {
                        rng.between(0, 249)
                    } else {
                        rng.between(250, 400)
                    });
                }
                // On both sides of the cut-off.
                let srs = [rng.between(0, 359), rng.between(360, 400)][rng.below(2) as usize];
                forms.srs = forms.srs.map(|_| srs);
                forms.bdi = forms.bdi.map(|_| rng.between(0, 63));
            }
            Body::Answer { marks, .. } => *marks = [1, 2, 3].map(|_| rng.between(1, 5)),
            _ => continue,
        }
        return twin;
    }
}

#[test]
fn one_answer_changes_sums_and_nothing_else() {
    let runs = seeds("twins", 12);
    let (mut twins, mut differ) = (0, 0);
    for seed in runs {
        let mut rng = Rng::new(seed);
        let seen = random(seed);
        for _ in 0..15 {
            let other = seen.victim.publish(&twin(&seen.story, &mut rng));
            let found = twins::attack(&seen.public, &other);
            assert_eq!(found.rows, 0, "an answer decides which rows there are");
            // One row of each measure that reads the forms of a session.
            assert!(found.sums <= 3, "{found:?}");
            twins += 1;
            differ += usize::from(found.sums > 0);
        }
    }
    println!("  {twins} twins: 0 differ in rows, {differ} in sums");
    assert!(differ > 0);
}

#[test]
fn a_rule_that_looks_at_answers_tells_them() {
    let runs = seeds("twins, broken", 1);
    let story = generate(
        runs[0],
        &Habits {
            odd: 0,
            sessions: 1,
            absent: 0,
            constant: true,
            ..Habits::usual(6, 12, 6.0)
        },
    );
    let mut rng = Rng::new(runs[0]);
    let facts = Victim::of(&story).facts().clone();
    let publish = |story: &Story| broken::publish(story, &facts, Broken::Sighted).public;
    let public = publish(&story);
    let twins = (0..200).map(|_| twins::attack(&public, &publish(&twin(&story, &mut rng))));
    let told = twins.filter(|found| found.rows > 0).count();
    println!("  {told} of 200 twins differ in rows");
    assert!(told > 0);
}
