//! What sums of squares, and the make-up of rows, say by themselves.

use medvirk_attacker::attack::multisets::Figures;
use medvirk_attacker::attack::twins;
use medvirk_attacker::clinic::catalogues::{
    ALLIANCE, CARETAKER, CHILD_ALLIANCE, CHILD_CARETAKER, CHILD_OUTCOME, DEPRESSION,
    GROUP_ALLIANCE, MONITORING_2, MONITORING_3, OUTCOME, POINT, STATUS, outcome, session, survey,
};
use medvirk_attacker::clinic::{Body, Form, Habits, Story, generate};
use medvirk_attacker::public::Facts;
use medvirk_attacker::rng::Rng;
use medvirk_attacker::table::{Line, Table};
use medvirk_attacker::victim::broken::{self, Broken};

use crate::{Attack, Seen, demo_sized, random, seeds, share};

const ONE: i64 = 1_000_000;
const MULTISETS: &str = "multisets of n, sum, squares";
const TWINS: &str = "twins that differ in one answer";

pub(crate) const ATTACKS: &[Attack] = &[
    (
        "a_sum_of_squares_of_twelve_leaves_many_multisets",
        a_sum_of_squares_of_twelve_leaves_many_multisets,
    ),
    (
        "indices_of_few_items_have_fewer_values_than_steps",
        indices_of_few_items_have_fewer_values_than_steps,
    ),
    (
        "public_sums_of_squares_are_of_twelve_and_fine_grained",
        public_sums_of_squares_are_of_twelve_and_fine_grained,
    ),
    (
        "one_answer_changes_sums_and_nothing_else",
        one_answer_changes_sums_and_nothing_else,
    ),
    (
        "a_rule_that_looks_at_answers_tells_them",
        a_rule_that_looks_at_answers_tells_them,
    ),
];

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

fn a_sum_of_squares_of_twelve_leaves_many_multisets(table: &Table) {
    let mut rng = Rng::new(seeds(1)[0]);
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
            let note = format!(
                "{steps} steps, {shape:?}: unique (knowing one) n=3 {:?}, n=5 {:?} %, n=12 {:?}, n=16 {:?} %",
                few[0], few[1], many[0], many[1]
            );
            table.note(MULTISETS, note);
            if matches!(shape, Shape::Even | Shape::Bell) {
                assert!(
                    many.iter()
                        .all(|(alone, knowing)| *alone == 0.0 && *knowing == 0.0)
                );
                // Without the rule of twelve it would be found.
                assert!(few[0].1 > 50.0, "{few:?}");
                if shape == Shape::Bell && steps == 64 {
                    table.broken(MULTISETS, "3 persons, knowing one", few[0].1);
                }
            }
        }
    }
}

/// The survey's indices have 101 steps by their grain, but their items allow 21, 17 and 13 values.
fn indices_of_few_items_have_fewer_values_than_steps(table: &Table) {
    let mut rng = Rng::new(seeds(1)[0]);
    for values in [21, 17, 13] {
        for shape in [Shape::Even, Shape::Bell, Shape::High, Shape::Ceiling] {
            let [twelve, codes] = [12, 24].map(|n| unique(&mut rng, shape, n, values));
            let note = format!(
                "{values} values, {shape:?}: unique (knowing one) n=12 {twelve:?} %, n=24 {codes:?} %"
            );
            table.note(MULTISETS, note);
            assert!(shape == Shape::Ceiling || codes.0 + codes.1 == 0.0);
        }
    }
}

fn public_sums_of_squares_are_of_twelve_and_fine_grained(table: &Table) {
    let runs = seeds(20);
    let mut stories: Vec<Seen> = runs.iter().map(|seed| random(*seed)).collect();
    stories.push(demo_sized(runs[0]));
    squares(table, "random clinics", stories.iter());
}

pub(crate) fn squares<'a>(table: &Table, data: &str, stories: impl Iterator<Item = &'a Seen>) {
    let (mut rows, mut unique, mut certain) = (0, 0, 0);
    for seen in stories {
        for row in &seen.public.rows {
            let measure = seen.public.measure_of(row);
            for (variable, figure) in measure.variables.iter().zip(&row.figures) {
                let n = i64::from(row.persons);
                certain += usize::from([n * variable.min, n * variable.max].contains(&figure.sum));
                let Some(sum_sq) = figure.sum_sq else {
                    continue;
                };
                let least = if measure.counts_codes() { 24 } else { 12 };
                assert!(row.persons >= least && variable.steps() >= 20 && !variable.adds);
                let figures = Figures::of_row(row.persons, figure.sum, sum_sq, variable);
                let solutions = figures.solutions(2);
                assert_ne!(solutions, Some(0), "the true answers fit");
                rows += 1;
                unique += usize::from(solutions == Some(1));
            }
        }
    }
    table.line(Line {
        attack: MULTISETS,
        knows: "nothing",
        data: data.to_owned(),
        attacked: rows,
        of: "sums of squares",
        isolated: unique,
        r2: None,
    });
    let note = format!("{data}: {certain} sums of answers all alike at an end (out of scope)");
    table.note(MULTISETS, note);
    assert!(data != "random clinics" || unique == 0);
}

/// The same story but for one answer, which stays on its side of what decides the part.
fn twin(story: &Story, rng: &mut Rng) -> Story {
    let mut twin = story.clone();
    let facts = &story.catalogues[0];
    loop {
        let place = rng.below(twin.events.len() as u32) as usize;
        match &mut twin.events[place].body {
            Body::Session(session) if !session.forms.is_empty() => {
                for form in &mut session.forms {
                    let before = form.clone();
                    *form = other(rng, facts, &before);
                    if !same_part(facts, &before, form) {
                        *form = before;
                    }
                }
            }
            Body::Answer { form, .. } => *form = other(rng, facts, form),
            _ => continue,
        }
        return twin;
    }
}

/// Other scores where there are some.
fn other(rng: &mut Rng, facts: &Facts, form: &Form) -> Form {
    let mut drawn = match form.instrument {
        place if !facts.shipped || [POINT, STATUS, MONITORING_2, MONITORING_3].contains(&place) => {
            let scales = facts.instruments[form.instrument].scales.iter();
            let score = scales.map(|scale| {
                let steps = (scale.max - scale.min) / scale.step;
                Some(scale.min + scale.step * rng.between(0, steps))
            });
            Form {
                instrument: form.instrument,
                scores: score.collect(),
            }
        }
        // On both sides of the cut-off.
        ALLIANCE => {
            let srs = [rng.between(0, 359), rng.between(360, 400)][rng.below(2) as usize];
            session(Some(srs), None, None).remove(0)
        }
        OUTCOME => session(None, Some(rng.between(0, 400)), None).remove(0),
        DEPRESSION => session(None, None, Some(rng.between(0, 63))).remove(0),
        place @ (CHILD_OUTCOME | CHILD_CARETAKER | CARETAKER) => {
            outcome(place, rng.between(0, 400) * ONE / 10)
        }
        place @ (CHILD_ALLIANCE | GROUP_ALLIANCE) => Form {
            instrument: place,
            scores: vec![Some(rng.between(0, 400) * ONE / 10)],
        },
        place => survey(place, [1, 2, 3].map(|_| rng.between(1, 5))),
    };
    for (drawn, known) in drawn.scores.iter_mut().zip(&form.scores) {
        *drawn = known.and(*drawn);
    }
    drawn
}

/// True if no condition of a part tells the two forms apart.
fn same_part(facts: &Facts, one: &Form, other: &Form) -> bool {
    let parts = facts
        .measures
        .iter()
        .filter_map(|measure| measure.part.as_ref());
    let mut conditions = parts.flat_map(|part| &part.when);
    conditions.all(|condition| {
        let side = |form: &Form| -> Vec<Option<bool>> {
            let scores = form.scores.iter();
            scores
                .map(|score| score.map(|score| condition.holds(score)))
                .collect()
        };
        side(one) == side(other)
    })
}

fn one_answer_changes_sums_and_nothing_else(table: &Table) {
    let shipped: Vec<Seen> = seeds(12).iter().map(|seed| random(*seed)).collect();
    tell_apart(table, "random clinics", &shipped);
}

pub(crate) fn tell_apart(table: &Table, data: &str, stories: &[Seen]) {
    let (mut twins, mut differ) = (0, 0);
    for seen in stories {
        let mut rng = Rng::new(seen.public.rows.len() as u64);
        for _ in 0..if stories.len() > 20 { 4 } else { 12 } {
            let other = seen.victim.publish(&twin(&seen.story, &mut rng));
            let found = twins::attack(&seen.public, &other);
            assert_eq!(found.rows, 0, "an answer decides which rows there are");
            // One row of each measure that reads the forms of a session.
            assert!(
                found.sums <= seen.public.catalogues[0].measures.len(),
                "{found:?}"
            );
            twins += 1;
            differ += usize::from(found.sums > 0);
        }
    }
    table.line(Line {
        attack: TWINS,
        knows: "all but one answer",
        data: data.to_owned(),
        attacked: twins,
        of: "twins",
        ..Line::default()
    });
    table.note(TWINS, format!("{data}: {differ} of {twins} differ in sums"));
    assert!(differ > 0);
}

fn a_rule_that_looks_at_answers_tells_them(table: &Table) {
    let seed = seeds(1)[0];
    let habits = Habits {
        odd: 0,
        sessions: 1,
        absent: 0,
        constant: true,
        ..Habits::usual(6, 12, 6.0)
    };
    let story = generate(seed, &habits);
    let mut rng = Rng::new(seed);
    let publish = |story: &Story| broken::publish(story, Broken::Sighted).public;
    let public = publish(&story);
    let twins = (0..200).map(|_| twins::attack(&public, &publish(&twin(&story, &mut rng))));
    let told = twins.filter(|found| found.rows > 0).count();
    table.broken(
        TWINS,
        "rows of answers all on one side held back",
        share(told, 200),
    );
    assert!(told > 0);
}
