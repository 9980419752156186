//! Corrections, before and after the close that publishes what they correct.

use std::collections::BTreeSet;

use medvirk_attacker::attack::contributions;
use medvirk_attacker::calendar::reckon;
use medvirk_attacker::clinic::catalogues::session;
use medvirk_attacker::clinic::{Body, Event, Habits, REGISTER, Session, Story, generate};
use medvirk_attacker::public::Row;
use medvirk_attacker::rng::Rng;
use medvirk_attacker::table::{Line, Table};
use medvirk_attacker::victim::broken;

use crate::{Attack, Seen, seeds, share};

pub(crate) const ATTACKS: &[Attack] = &[
    (
        "a_correction_changes_nothing_that_was_public",
        a_correction_changes_nothing_that_was_public,
    ),
    (
        "rows_that_are_corrected_name_whom",
        rows_that_are_corrected_name_whom,
    ),
];

const ATTACK: &str = "corrections between closes";

/// A correction of a random session, sent by one of the unit's tablets in the month of the session
/// or in one of the four after it; with the last month closed before it.
fn corrected(story: &Story, rng: &mut Rng) -> (Story, i32) {
    let sessions = story.events.iter().filter_map(|event| match &event.body {
        // A form of the register is sent once and never corrected.
        Body::Session(session) if session.number != REGISTER => Some((event, session)),
        _ => None,
    });
    let sessions: Vec<(&Event, &Session)> = sessions.collect();
    let (event, session) = sessions[rng.below(sessions.len() as u32) as usize];
    let forms = self::session(
        Some(rng.between(0, 400)),
        Some(rng.between(0, 400)),
        Some(rng.between(0, 63)),
    );
    let correction = Session {
        revision: 9,
        forms,
        ..session.clone()
    };
    let month = session.day.month() + rng.below(5) as i32;
    let mut story = story.clone();
    let after_close =
        |event: &Event| matches!(event.body, Body::Close { month: closed } if closed == month - 1);
    let place = story.events.iter().position(after_close);
    let place = place.map_or(0, |place| place + 1);
    // Somewhere in that month.
    let rest = story.events[place..].iter();
    let length = rest
        .take_while(|event| !matches!(event.body, Body::Close { .. }))
        .count();
    let event = Event {
        body: Body::Session(correction),
        ..event.clone()
    };
    let place = place + rng.below(length as u32 + 1) as usize;
    story.events.insert(place, event);
    let closed = story.events[..place]
        .iter()
        .rev()
        .find_map(|event| match event.body {
            Body::Close { month } => Some(month),
            _ => None,
        });
    (story, closed.unwrap_or(i32::MIN))
}

fn a_correction_changes_nothing_that_was_public(table: &Table) {
    let (mut tries, mut late, mut effective) = (0, 0, 0);
    for seed in seeds(4) {
        let mut rng = Rng::new(seed);
        let seen = Seen::of(generate(seed, &Habits::usual(2, 14, 6.0)));
        for _ in 0..30 {
            let (story, closed) = corrected(&seen.story, &mut rng);
            let public = seen.victim.publish(&story);
            let before = |rows: &[Row]| {
                let rows = rows.iter().filter(|row| row.closed <= closed);
                rows.cloned().collect::<Vec<Row>>()
            };
            assert_eq!(
                before(&public.rows),
                before(&seen.public.rows),
                "what is public changes"
            );
            let (calendar, truth) = reckon(&story, &public);
            assert_eq!(truth.contradiction(&public, &calendar), None);
            for (measure, place) in public.variables() {
                let fewest = public.measure(&measure).fewest();
                let of = (measure.as_str(), place);
                let found = contributions::attack(&public, &calendar, of, fewest);
                assert!(found.disjoint && found.in_few.is_empty() && found.solved.is_empty());
            }
            tries += 1;
            late += usize::from(closed > i32::MIN);
            effective += usize::from(public != seen.public);
        }
    }
    table.line(Line {
        attack: ATTACK,
        knows: "the calendar, and all that was ever public",
        data: "random clinics".to_owned(),
        attacked: tries,
        of: "corrections",
        ..Line::default()
    });
    table.note(
        ATTACK,
        format!("{late} of {tries} after a close, {effective} change a later row"),
    );
    assert!(effective > 0 && effective < tries);
}

fn rows_that_are_corrected_name_whom(table: &Table) {
    let (mut named, mut tries) = (0, 0);
    let seed = seeds(1)[0];
    let mut rng = Rng::new(seed);
    let exposed = Seen::of(generate(seed, &Habits::usual(2, 8, 8.0))).exposed();
    let of = ("fit.alliance", 0);
    let there: BTreeSet<usize> = exposed.calendar.rows.iter().flatten().copied().collect();
    for place in there {
        let contribution = &exposed.calendar.contributions[place];
        if *contribution.measure != *of.0 || rng.percent(80) {
            continue;
        }
        let patient = contribution.patient;
        let mut values = exposed.truth.values[place].clone();
        values[0] = 40_000_000 - values[0];
        let exposed = broken::corrected(exposed.clone(), place, values);
        let found = contributions::attack(&exposed.public, &exposed.calendar, of, 5);
        tries += 1;
        named += usize::from(found.in_few.contains(&patient));
    }
    table.broken(ATTACK, "rows published anew", share(named, tries));
    assert!(2 * named > tries);
}
