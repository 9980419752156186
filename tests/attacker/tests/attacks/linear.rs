//! Sums as equations: one unknown per contribution, and one per person.

use std::collections::BTreeMap;

use medvirk_attacker::algebra::r_squared;
use medvirk_attacker::attack::{across, constants, contributions};
use medvirk_attacker::calendar::{Calendar, Truth};
use medvirk_attacker::clinic::{Habits, generate};
use medvirk_attacker::public::Public;
use medvirk_attacker::table::{Line, Table};
use medvirk_attacker::victim::broken::{self, Broken};

use crate::{Attack, Seen, demo_sized, random, seeds, share};

pub(crate) const ATTACKS: &[Attack] = &[
    (
        "no_combination_of_rows_is_about_fewer_than_k_persons",
        no_combination_of_rows_is_about_fewer_than_k_persons,
    ),
    (
        "running_figures_give_persons_away",
        running_figures_give_persons_away,
    ),
    (
        "a_constant_is_seldom_solved_in_months",
        a_constant_is_seldom_solved_in_months,
    ),
    (
        "what_varies_is_guessed_badly_where_a_constant_is_solved",
        what_varies_is_guessed_badly_where_a_constant_is_solved,
    ),
    (
        "a_constant_is_solved_where_rows_come_more_often",
        a_constant_is_solved_where_rows_come_more_often,
    ),
    (
        "counts_of_sessions_are_found_across_measures",
        counts_of_sessions_are_found_across_measures,
    ),
];

const RANK: &str = "rank, pairs, fewer than k";
const CONSTANT: &str = "a constant over 36 months";
const CALENDAR: &str = "the calendar";
const ALLIANCE: (&str, usize) = ("fit.alliance", 0);

/// What rank and pairs find in several publications; nobody is ever found.
#[derive(Default)]
pub(crate) struct Ranked {
    unknowns: usize,
    guesses: Vec<f64>,
    values: Vec<f64>,
}

impl Ranked {
    /// Attacks all variables; `value` is the one whose best guess is looked at.
    pub(crate) fn attack(&mut self, seen: &Seen, value: Option<(&str, usize)>) {
        for (id, place) in seen.public.variables() {
            let measure = seen.public.measure(&id);
            let fewest = seen
                .public
                .catalogues
                .iter()
                .filter_map(|facts| facts.find(&id));
            let fewest = fewest.map(|measure| measure.fewest()).min();
            let fewest = fewest.unwrap_or(measure.fewest());
            let of = (id.as_str(), place);
            let found = contributions::attack(&seen.public, &seen.calendar, of, fewest);
            self.unknowns += found.unknowns;
            if value == Some(of) {
                self.guesses.extend(found.guesses.values());
                let truth = |one: &usize| seen.truth.values[*one][place] as f64;
                self.values.extend(found.guesses.keys().map(truth));
            }
            assert!(found.disjoint, "{of:?}: a contribution is in two rows");
            assert!(
                found.solved.is_empty() && found.in_pairs == 0,
                "{of:?}: {found:?}"
            );
            assert!(
                found.in_few.is_empty() && found.fewest >= fewest,
                "{of:?}: {found:?}"
            );
        }
    }

    pub(crate) fn tell(self, table: &Table, data: &str) {
        let r2 = !self.values.is_empty();
        table.line(Line {
            attack: RANK,
            knows: CALENDAR,
            data: data.to_owned(),
            attacked: self.unknowns,
            of: "values",
            isolated: 0,
            r2: r2.then(|| r_squared(&self.guesses, &self.values)),
        });
    }
}

fn no_combination_of_rows_is_about_fewer_than_k_persons(table: &Table) {
    let runs = seeds(40);
    let mut ranked = Ranked::default();
    for seed in &runs {
        ranked.attack(&random(*seed), Some(ALLIANCE));
    }
    ranked.tell(table, "random clinics");
    let mut ranked = Ranked::default();
    ranked.attack(&demo_sized(runs[0]), Some(ALLIANCE));
    ranked.tell(table, "as large as the demo");
}

fn running_figures_give_persons_away(table: &Table) {
    let story = generate(seeds(1)[0], &Habits::usual(2, 12, 14.0));
    let exposed = broken::publish(&story, Broken::Running);
    let found = contributions::attack(&exposed.public, &exposed.calendar, ALLIANCE, 5);
    for (place, value) in &found.solved {
        assert_eq!(
            *value, exposed.truth.values[*place][0],
            "what is solved is true"
        );
    }
    let isolated = share(found.solved.len(), found.unknowns);
    table.broken(RANK, "figures so far, after every session", isolated);
    assert!(isolated > 50.0);
    let exposed = broken::publish(&story, Broken::Nested);
    let found = contributions::attack(&exposed.public, &exposed.calendar, ALLIANCE, 5);
    assert!(!found.disjoint);
}

/// Solved, all, and R² of the best guess.
fn constant(public: &Public, calendar: &Calendar, truth: &Truth) -> (usize, usize, f64) {
    let found = constants::attack(public, calendar, ALLIANCE, 0.0);
    let last = last_values(calendar, truth);
    for (person, value) in &found.solved {
        assert_eq!(*value, last[person], "what is solved is true");
    }
    (
        found.solved.len(),
        found.persons.len(),
        against(&found, &last),
    )
}

/// The last score of the alliance of every patient.
fn last_values(calendar: &Calendar, truth: &Truth) -> BTreeMap<u32, i64> {
    let contributions = calendar.contributions.iter().zip(&truth.values);
    let of_alliance = contributions.filter(|(one, _)| *one.measure == *ALLIANCE.0);
    of_alliance
        .map(|(one, values)| (one.patient, values[0]))
        .collect()
}

/// R² of what is guessed of each person.
fn against(found: &constants::Found, last: &BTreeMap<u32, i64>) -> f64 {
    let guesses: Vec<f64> = found.guesses.values().copied().collect();
    let values = found.guesses.keys().map(|person| last[person] as f64);
    r_squared(&guesses, &values.collect::<Vec<f64>>())
}

/// A unit whose patients answer the same for ever: nothing odd, every month three years long.
fn steady(present: f64, stay: f64) -> Habits {
    Habits {
        stay,
        odd: 0,
        constant: true,
        ..Habits::usual(1, 36, present)
    }
}

fn a_constant_is_seldom_solved_in_months(table: &Table) {
    let runs = seeds(20);
    // Patients in care at a time, and the most that may be solved in ordinary courses, in percent.
    let units = [(8.0, 2.0), (14.0, 1.0), (25.0, 0.1)];
    // For how long they stay, and in which share of months they do not come.
    let ordinary = [(3.0, 15), (6.0, 15)];
    for (stay, absent) in ordinary
        .into_iter()
        .chain([(12.0, 15), (6.0, 0), (12.0, 0)])
    {
        for (present, most) in units {
            let (mut solved, mut persons, mut explained) = (0, 0, 0.0);
            for seed in &runs {
                let habits = Habits {
                    absent,
                    ..steady(present, stay)
                };
                let seen = Seen::of(generate(*seed, &habits));
                let (found, of, r2) = constant(&seen.public, &seen.calendar, &seen.truth);
                (solved, persons) = (solved + found, persons + of);
                explained += r2 / runs.len() as f64;
            }
            table.line(Line {
                attack: CONSTANT,
                knows: "the calendar, and that an answer never changes",
                data: format!("units of {present:2}, courses of {stay:2} months, {absent} % away"),
                attacked: persons,
                of: "persons",
                isolated: solved,
                r2: Some(explained),
            });
            let is_ordinary = ordinary.contains(&(stay, absent));
            // Where the same people come every month for a year, differences of months name those
            // few who come and go: a finding, in the README, and a reason to admit only states.
            assert!(share(solved, persons) <= if is_ordinary { most } else { 25.0 });
        }
    }
}

fn what_varies_is_guessed_badly_where_a_constant_is_solved(table: &Table) {
    let runs = seeds(10);
    for present in [8.0, 14.0, 25.0] {
        let (mut explained, mut persons) = (0.0, 0);
        for seed in &runs {
            let habits = Habits {
                absent: 0,
                constant: false,
                ..steady(present, 12.0)
            };
            let seen = Seen::of(generate(*seed, &habits));
            // The attacker even knows how much the answers vary.
            let noise = 0.12 * 0.12 / (0.4 * 0.4 / 12.0);
            let found = constants::attack(&seen.public, &seen.calendar, ALLIANCE, noise);
            let last = last_values(&seen.calendar, &seen.truth);
            explained += against(&found, &last) / runs.len() as f64;
            persons += found.persons.len();
        }
        table.line(Line {
            attack: "a state that varies, 36 months",
            knows: "the calendar, and by how much answers vary",
            data: format!("units of {present:2}, courses of 12 months, never away"),
            attacked: persons,
            of: "persons",
            isolated: 0,
            r2: Some(explained),
        });
        assert!(explained < 0.5);
    }
}

fn a_constant_is_solved_where_rows_come_more_often(table: &Table) {
    for fault in [Broken::AsSoonAsK, Broken::Weekly] {
        for (present, seed) in [8.0, 14.0, 25.0].into_iter().zip(seeds(3)) {
            let stay = if fault == Broken::Weekly { 12.0 } else { 6.0 };
            let story = generate(seed, &steady(present, stay));
            let exposed = broken::publish(&story, fault);
            let (solved, persons, r2) =
                constant(&exposed.public, &exposed.calendar, &exposed.truth);
            let solved = share(solved, persons);
            table.note(
                CONSTANT,
                format!("{fault:?}, units of {present}, courses of {stay} months: {solved:.0} % of {persons}, R² {r2:.2}"),
            );
            if present == 14.0 {
                table.broken(CONSTANT, &format!("{fault:?}, units of 14"), solved);
            }
            // A weekly release has as many equations as persons in units of 14 only.
            assert!(solved > 50.0 || fault == Broken::Weekly && (present != 14.0 || solved > 5.0));
        }
    }
}

fn counts_of_sessions_are_found_across_measures(table: &Table) {
    let (mut solved, mut exact, mut episodes) = (0, 0, 0);
    for seed in seeds(20) {
        let seen = random(seed);
        let counts = [("fit.course", 0), ("bdi.outcome", 3)];
        let found = across::attack(&seen.public, &seen.calendar, &counts);
        // A form that came between the two measures' rows makes the counts differ.
        let is_true =
            |(place, value): &(&usize, &i64)| seen.truth.values[**place].last() == Some(*value);
        exact += found.solved.iter().filter(is_true).count();
        (solved, episodes) = (solved + found.solved.len(), episodes + found.episodes);
    }
    // Out of scope: who has the calendar that this needs knows the number of sessions already.
    table.line(Line {
        attack: "numbers of sessions across measures",
        knows: "the calendar, and that two measures count the same sessions",
        data: "random clinics".to_owned(),
        attacked: episodes,
        of: "episodes",
        isolated: solved,
        r2: None,
    });
    let note = format!("{exact} of {solved} rightly, and in the calendar already");
    table.note("numbers of sessions across measures", note);
}
