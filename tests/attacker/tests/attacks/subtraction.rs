//! Subtracting what one knows: one source's persons, published totals.

use medvirk_attacker::attack::{removal, rest};
use medvirk_attacker::clinic::catalogues::Limits;
use medvirk_attacker::clinic::{Habits, generate};
use medvirk_attacker::table::{Line, Table};
use medvirk_attacker::victim::broken::{self, Broken};

use crate::{Attack, Seen, demo_sized, random, seeds, share};

pub(crate) const ATTACKS: &[Attack] = &[
    (
        "no_source_and_no_organisation_leaves_too_few",
        no_source_and_no_organisation_leaves_too_few,
    ),
    (
        "a_rule_that_counts_sessions_leaves_too_few",
        a_rule_that_counts_sessions_leaves_too_few,
    ),
    (
        "the_production_rule_with_lax_limits_leaves_too_few",
        the_production_rule_with_lax_limits_leaves_too_few,
    ),
    (
        "rows_leave_nothing_to_subtract_but_from_others_totals",
        rows_leave_nothing_to_subtract_but_from_others_totals,
    ),
];

const REMOVAL: &str = "removal of a source or organisation";
const TOTALS: &str = "totals minus rows";

fn no_source_and_no_organisation_leaves_too_few(table: &Table) {
    let runs = seeds(60);
    let mut least: Option<removal::Left> = None;
    let mut rows = 0;
    let stories = runs.iter().map(|seed| random(*seed));
    for seen in stories.chain([demo_sized(runs[0])]) {
        let left = removal::attack(&seen.public, &seen.calendar);
        assert!(left.broken.is_empty(), "{:#?}", left.broken);
        rows += seen.public.rows.len();
        least = Some(match least {
            Some(before) => before.and(left),
            None => left,
        });
    }
    table.line(Line {
        attack: REMOVAL,
        knows: "the calendar, and all of one source or organisation",
        data: "random clinics".to_owned(),
        attacked: rows,
        of: "rows",
        ..Line::default()
    });
    table.note(REMOVAL, format!("fewest left in any row: {least:?}"));
}

fn a_rule_that_counts_sessions_leaves_too_few(table: &Table) {
    let runs = seeds(1);
    let habits = Habits {
        odd: 0,
        ..Habits::usual(4, 12, 4.0)
    };
    let story = generate(runs[0], &habits);
    for broken in [Broken::Sessions, Broken::AsSoonAsK] {
        let exposed = broken::publish(&story, broken);
        let left = removal::attack(&exposed.public, &exposed.calendar);
        let rows = exposed.public.rows.len();
        let found = share(left.rows_broken, rows);
        table.broken(REMOVAL, &format!("{broken:?}"), found);
        assert!(found > 50.0 || broken == Broken::AsSoonAsK && found > 0.0);
    }
}

fn the_production_rule_with_lax_limits_leaves_too_few(table: &Table) {
    let runs = seeds(1);
    let mut habits = Habits::usual(4, 12, 3.0);
    habits.limits = Limits {
        k: 2,
        r: 0,
        tertial: false,
    };
    let mut seen = Seen::of(generate(runs[0], &habits));
    // Judged by the default limits.
    for measure in &mut seen.public.catalogues[0].measures {
        (measure.k, measure.r) = (5 * (1 + u32::from(measure.counts_codes())), 3);
    }
    let left = removal::attack(&seen.public, &seen.calendar);
    let found = share(left.rows_broken, seen.public.rows.len());
    table.broken(REMOVAL, "k = 2, r = 0", found);
    assert!(found > 50.0);
}

fn rows_leave_nothing_to_subtract_but_from_others_totals(table: &Table) {
    let runs = seeds(20);
    let (mut years, mut few, mut shown) = (0, 0, 0.0);
    for seed in &runs {
        let seen = random(*seed);
        let rest = rest::attack(&seen.public, &seen.calendar);
        assert_eq!(rest.twice, 0, "rows have a contribution in common");
        (years, few) = (years + rest.years, few + rest.few);
        shown += rest.shown / runs.len() as f64;
    }
    table.line(Line {
        attack: TOTALS,
        knows: "yearly totals of every unit, from elsewhere (out of scope)",
        data: "random clinics".to_owned(),
        attacked: years,
        of: "units' years",
        isolated: few,
        r2: None,
    });
    table.note(
        TOTALS,
        format!("{shown:.0} % of contributions are in rows, none in two"),
    );
    let story = generate(runs[0], &Habits::usual(4, 12, 4.0));
    let exposed = broken::publish(&story, Broken::Nested);
    let rest = rest::attack(&exposed.public, &exposed.calendar);
    let all = exposed.calendar.contributions.len();
    table.broken(
        TOTALS,
        "nested rows, contributions in two",
        share(rest.twice, all),
    );
    assert!(rest.twice > 0);
}
