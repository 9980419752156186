//! What the make-up of rows says: which there are, of which span, of how many, how many of them
//! new; and whether a row that lacks somebody names who was late.

use medvirk_attacker::attack::{contributions, late, news, presence};
use medvirk_attacker::calendar::Identity;
use medvirk_attacker::clinic::{Habits, generate};
use medvirk_attacker::table::{Line, Table};
use medvirk_attacker::victim::broken;

use crate::{Attack, Seen, demo_sized, random, seeds, share};

pub(crate) const ATTACKS: &[Attack] = &[
    (
        "the_make_up_of_rows_follows_from_the_calendar",
        the_make_up_of_rows_follows_from_the_calendar,
    ),
    (
        "rows_that_are_held_back_for_their_answers_tell_them",
        rows_that_are_held_back_for_their_answers_tell_them,
    ),
    (
        "new_persons_are_not_counted_where_that_would_tell_a_part",
        new_persons_are_not_counted_where_that_would_tell_a_part,
    ),
    (
        "who_was_late_can_be_guessed_and_no_answer",
        who_was_late_can_be_guessed_and_no_answer,
    ),
];

const PRESENCE: &str = "presence of rows";

fn the_make_up_of_rows_follows_from_the_calendar(table: &Table) {
    let (mut predicted, mut spans) = (0, [0; 3]);
    let runs = seeds(60);
    let stories = runs.iter().map(|seed| random(*seed));
    for seen in stories.chain([demo_sized(runs[0])]) {
        let found = presence::attack(&seen.public, &seen.calendar);
        assert!(
            found.missing.is_empty() && found.unexpected.is_empty(),
            "{found:#?}"
        );
        predicted += found.predicted;
        for row in &seen.public.rows {
            spans[match row.last - row.first {
                0 => 0,
                1..4 => 1,
                _ => 2,
            }] += 1;
        }
    }
    table.line(Line {
        attack: PRESENCE,
        knows: "the calendar",
        data: "random clinics".to_owned(),
        attacked: predicted,
        of: "rows",
        ..Line::default()
    });
    let [months, tertials, years] = spans;
    let note = format!(
        "all predicted, with span, persons and new persons: {months} months, {tertials} tertials, {years} years"
    );
    table.note(PRESENCE, note);
    assert!(months > 0 && tertials > 0 && years > 0);
}

fn rows_that_are_held_back_for_their_answers_tell_them(table: &Table) {
    let (mut told, mut all) = (0, 0);
    for seed in seeds(5) {
        let exposed = Seen::of(generate(seed, &Habits::usual(6, 24, 6.0))).exposed();
        let persons = |public: &medvirk_attacker::public::Public| {
            let rows = public
                .rows
                .iter()
                .filter(|row| row.measure == "fit.alliance");
            rows.map(|row| row.persons as usize).sum::<usize>()
        };
        all += persons(&exposed.public);
        let exposed = broken::hidden(exposed, ("fit.alliance", 1));
        let found = presence::attack(&exposed.public, &exposed.calendar);
        assert!(found.unexpected.is_empty());
        told += found.told;
    }
    let found = share(told, all);
    table.broken(PRESENCE, "rows of answers all alike held back", found);
    assert!(told > 0);
}

fn new_persons_are_not_counted_where_that_would_tell_a_part(table: &Table) {
    const NEWS: &str = "new persons";
    let (mut asked, mut told) = (0, 0);
    for seed in seeds(10) {
        // Two episodes in a year are frequent.
        let habits = Habits {
            stay: 2.0,
            odd: 25,
            ..Habits::usual(4, 24, 12.0)
        };
        let seen = Seen::of(generate(seed, &habits));
        let found = news::attack(&seen.public, &seen.calendar);
        assert!(found.told.is_empty(), "{found:?}");
        asked += found.asked;
        let exposed = broken::with_news(seen.exposed());
        let found = news::attack(&exposed.public, &exposed.calendar);
        told += found.told.len();
        for (closed, unit, person, part, there) in found.told {
            let rows = exposed.public.rows.iter().enumerate();
            let here = rows.filter(|(_, row)| {
                row.closed == closed && (&row.measure, &row.part) == (&part.0, &part.1)
            });
            let is_there = here.into_iter().any(|(place, row)| {
                let facts = exposed.public.facts(closed);
                let last = exposed.calendar.last_ones(place);
                facts.covers(row, unit) && last.iter().any(|one| one.counted == person)
            });
            assert_eq!(is_there, there, "what is told is true");
        }
    }
    table.line(Line {
        attack: NEWS,
        knows: "the calendar, but not who is in which part",
        data: "random clinics, many second episodes".to_owned(),
        attacked: asked,
        of: "persons who come back",
        ..Line::default()
    });
    table.broken(NEWS, "new persons of parts", share(told, asked));
    assert!(told > 0);
}

fn who_was_late_can_be_guessed_and_no_answer(table: &Table) {
    const LATE: &str = "late forms";
    let (mut lacking, mut named, mut rightly, mut forms, mut candidates) = (0, 0, 0, 0, 0);
    let (mut reopened, mut tries) = (0, 0);
    for seed in seeds(30) {
        // A group that stays, so that a row tells much of who is lacking.
        let habits = Habits {
            stay: 10.0,
            absent: 2,
            odd: 2,
            ..Habits::usual(4, 18, 7.0)
        };
        let seen = Seen::of(generate(seed, &habits));
        let found = late::attack(&seen.public, &seen.calendar, "fit.alliance");
        let contributions = seen.calendar.contributions.iter();
        let late: std::collections::BTreeSet<(usize, i32, u32)> = contributions
            .filter_map(|one| match one.identity {
                Identity::Month {
                    unit,
                    month,
                    person,
                } if one.waits > month => Some((unit, month, person)),
                _ => None,
            })
            .collect();
        forms += late.len();
        lacking += found.lacking;
        named += found.named.len();
        rightly += found.named.intersection(&late).count();
        candidates += found.candidates.iter().sum::<usize>();
        let exposed = broken::reopened(seen.exposed(), "fit.alliance");
        let of = ("fit.alliance", 0);
        let found = contributions::attack(&exposed.public, &exposed.calendar, of, 5);
        let late: std::collections::BTreeSet<u32> = late.iter().map(|one| one.2).collect();
        reopened += late.intersection(&found.in_few).count();
        tries += late.len();
    }
    table.broken(LATE, "closed months opened again", share(reopened, tries));
    // Out of scope: the row is about k persons as any other, and says nothing of their answers.
    table.line(Line {
        attack: LATE,
        knows: "who was seen when, not when forms came",
        data: "stable groups, few late forms".to_owned(),
        attacked: forms,
        of: "late persons",
        isolated: rightly,
        r2: None,
    });
    let note = format!(
        "{lacking} rows lack one person; named {named}, {rightly} rightly; else {candidates} candidates in all; that somebody was late, no answer"
    );
    table.note(LATE, note);
    assert!(10 * reopened > tries);
}
