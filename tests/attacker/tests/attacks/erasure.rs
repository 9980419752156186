//! Erasure of each person and each code between any two steps, with and without a renewal, and
//! comparison of all that was ever public.

use std::collections::BTreeSet;

use medvirk_attacker::attack::{contributions, rest};
use medvirk_attacker::calendar::{Calendar, Contribution, Identity, reckon};
use medvirk_attacker::clinic::{Body, Event, Habits, Story, generate};
use medvirk_attacker::public::{Public, Row};
use medvirk_attacker::rng::Rng;
use medvirk_attacker::table::{Line, Table};
use medvirk_attacker::victim::{self, Ledger, Victim, broken};

use crate::{Attack, Seen, seeds, share};

pub(crate) const ATTACKS: &[Attack] = &[
    (
        "an_erasure_changes_nothing_that_was_public_and_isolates_nobody",
        an_erasure_changes_nothing_that_was_public_and_isolates_nobody,
    ),
    (
        "who_renews_and_withdraws_again_is_not_isolated",
        who_renews_and_withdraws_again_is_not_isolated,
    ),
    (
        "a_code_that_is_withdrawn_is_in_no_later_row",
        a_code_that_is_withdrawn_is_in_no_later_row,
    ),
    (
        "an_erasure_touches_no_other_trust",
        an_erasure_touches_no_other_trust,
    ),
    (
        "amended_rows_isolate_who_withdrew",
        amended_rows_isolate_who_withdrew,
    ),
    (
        "what_comes_back_with_a_renewal_is_counted_twice",
        what_comes_back_with_a_renewal_is_counted_twice,
    ),
];

const ERASURE: &str = "erasure";
const RENEWAL: &str = "erasure, renewal, erasure";
const CODES: &str = "erasure of codes";
const KNOWS: &str = "the calendar, and all that was ever public";

/// Whose data is erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    Person(u32),
    Code(usize),
}

impl Whose {
    fn withdraws(self) -> Body {
        match self {
            Self::Person(person) => Body::Withdraw { person },
            Self::Code(code) => Body::WithdrawCode { code },
        }
    }

    /// True for what is erased: all that the event says of it.
    fn is_of(self, story: &Story, event: &Event) -> bool {
        let control = matches!(
            event.body,
            Body::Withdraw { .. } | Body::WithdrawCode { .. } | Body::Renew { .. }
        );
        let of = match self {
            Self::Person(person) => story.person(event) == Some(person),
            Self::Code(code) => story.code(event) == Some(code),
        };
        of && !control
    }

    fn counts_in(self, one: &Contribution) -> bool {
        match (self, one.identity) {
            (Self::Person(person), identity) => identity.person() == Some(person),
            (Self::Code(code), Identity::Code(of)) => of == code,
            (Self::Code(_), _) => false,
        }
    }
}

fn without_withdrawals(seed: u64, habits: &Habits) -> Story {
    let mut story = generate(seed, habits);
    story.events.retain(|event| {
        !matches!(
            event.body,
            Body::Withdraw { .. } | Body::WithdrawCode { .. } | Body::Renew { .. }
        )
    });
    story
}

fn control(body: Body) -> Event {
    Event {
        sender: 0,
        unit: 0,
        body,
    }
}

/// Somebody withdraws at that place in the log.
fn withdrawn(story: &Story, whose: Whose, place: usize) -> Story {
    let mut story = story.clone();
    story.events.insert(place, control(whose.withdraws()));
    story
}

/// The log after everything that stood before the last withdrawal was erased from it, and what
/// came later while it was in force.
fn erased(story: &Story, whose: Whose) -> Story {
    let mut story = story.clone();
    let events = std::mem::take(&mut story.events);
    let is = |event: &Event, renewal: bool| match event.body {
        Body::Renew { person } => renewal && whose == Whose::Person(person),
        Body::Withdraw { person } => !renewal && whose == Whose::Person(person),
        Body::WithdrawCode { code } => !renewal && whose == Whose::Code(code),
        _ => false,
    };
    // Backwards: what a later withdrawal erases, unless it came after the renewal that followed.
    let (mut kept, mut gone) = (Vec::new(), false);
    let mut in_force = events.iter().any(|event| is(event, false));
    let last = events
        .iter()
        .rposition(|event| is(event, false) || is(event, true));
    if let Some(last) = last {
        in_force = is(&events[last], false);
    }
    for event in events.into_iter().rev() {
        gone |= is(&event, false);
        let erased = (gone || in_force) && whose.is_of(&story, &event);
        if !erased {
            kept.push(event);
        }
    }
    kept.reverse();
    story.events = kept;
    story
}

fn is_close(event: &Event) -> bool {
    matches!(event.body, Body::Close { .. })
}

fn closes(events: &[Event]) -> usize {
    events.iter().filter(|event| is_close(event)).count()
}

/// The beginning of every month, and a place inside.
fn places(story: &Story, rng: &mut Rng) -> Vec<usize> {
    let closes = story
        .events
        .iter()
        .enumerate()
        .filter(|(_, event)| is_close(event));
    let mut places = vec![0];
    for (close, _) in closes {
        let before = places[places.len() - 1];
        places.push(before + rng.below((close - before) as u32 + 1) as usize);
        places.push(close + 1);
    }
    places
}

/// The rows of so many closes.
fn before(story: &Story, public: &Public, closed: usize) -> Vec<Row> {
    let last = story.first + closed as i32 - 1;
    let rows = public.rows.iter().filter(|row| row.closed <= last);
    rows.cloned().collect()
}

/// Rows that only one of two publications has.
fn changed<'a>(one: &'a Public, other: &'a Public) -> Vec<&'a Row> {
    let alone = |these: &'a Public, those: &'a Public| {
        these
            .rows
            .iter()
            .filter(|row| !those.rows.contains(row))
            .collect::<Vec<&Row>>()
    };
    [alone(one, other), alone(other, one)].concat()
}

/// What was public before stays, a replay of the log without what was erased gives the same, and
/// nobody is found in all of it. `from` is where the log differs from that of `usual`.
fn check(victim: &Victim, story: &Story, from: usize, usual: &Public, whose: Whose) {
    let ledger = victim.publish_after(story, &Ledger::default());
    let public = victim::public(story, &ledger);
    let closed = closes(&story.events[..from]);
    assert_eq!(
        before(story, &public, closed),
        before(story, usual, closed),
        "what is public changes"
    );
    // The log is compacted some time after the last withdrawal.
    let is_last = |event: &Event| {
        matches!((&event.body, whose), (Body::Withdraw { person }, Whose::Person(of)) if *person == of)
            || matches!((&event.body, whose), (Body::WithdrawCode { code }, Whose::Code(of)) if *code == of)
    };
    let last = story
        .events
        .iter()
        .rposition(is_last)
        .expect("somebody withdraws");
    let replayed = victim.publish_after(
        &erased(story, whose),
        &ledger.up_to(closes(&story.events[..last])),
    );
    assert_eq!(
        victim::public(story, &replayed),
        public,
        "a replay of the erased log differs"
    );
    let (calendar, truth) = reckon(story, &public);
    assert_eq!(truth.contradiction(&public, &calendar), None);
    nobody_is_found(&public, &calendar);
    for (place, row) in public.rows.iter().enumerate() {
        let present = present_at(story, whose, row.closed);
        let there = calendar
            .last_ones(place)
            .iter()
            .any(|one| whose.counts_in(one));
        assert!(present || !there, "{whose:?} is in a later row");
    }
}

/// False if a withdrawal is in force when that month is closed.
fn present_at(story: &Story, whose: Whose, month: i32) -> bool {
    let mut present = true;
    for event in &story.events {
        match (&event.body, whose) {
            (Body::Withdraw { person }, Whose::Person(of)) if *person == of => present = false,
            (Body::Renew { person }, Whose::Person(of)) if *person == of => present = true,
            (Body::WithdrawCode { code }, Whose::Code(of)) if *code == of => present = false,
            (Body::Close { month: closed }, _) if *closed == month => return present,
            _ => {}
        }
    }
    present
}

fn nobody_is_found(public: &Public, calendar: &Calendar) {
    for measure in &public.catalogues[0].measures {
        let found = contributions::attack(public, calendar, (&measure.id, 0), measure.fewest());
        assert!(found.disjoint && found.in_few.is_empty() && found.solved.is_empty());
    }
}

fn tell(table: &Table, attack: &'static str, data: &str, attacked: usize) {
    table.line(Line {
        attack,
        knows: KNOWS,
        data: data.to_owned(),
        attacked,
        of: "erasures",
        ..Line::default()
    });
}

fn an_erasure_changes_nothing_that_was_public_and_isolates_nobody(table: &Table) {
    let seed = seeds(1)[0];
    let mut rng = Rng::new(seed);
    let story = without_withdrawals(seed, &Habits::usual(2, 13, 5.0));
    let victim = Victim::of(&story);
    let usual = victim.publish(&story);
    let persons: BTreeSet<u32> = story.patients.iter().copied().collect();
    let mut runs = 0;
    for person in persons {
        for place in places(&story, &mut rng) {
            if rng.percent(50) {
                continue;
            }
            let whose = Whose::Person(person);
            let story = withdrawn(&story, whose, place);
            check(&victim, &story, place, &usual, whose);
            runs += 1;
        }
    }
    tell(
        table,
        ERASURE,
        "each person, in or between half of the months",
        runs,
    );
}

fn who_renews_and_withdraws_again_is_not_isolated(table: &Table) {
    let (mut runs, mut back) = (0, 0);
    for seed in seeds(2) {
        let mut rng = Rng::new(seed);
        // Long courses, so that there is something after a renewal.
        let habits = Habits {
            stay: 8.0,
            ..Habits::usual(2, 14, 6.0)
        };
        let story = without_withdrawals(seed, &habits);
        let victim = Victim::of(&story);
        let usual = victim.publish(&story);
        for _ in 0..60 {
            let person = story.patients[rng.below(story.patients.len() as u32) as usize];
            let mut at: Vec<usize> = (0..3)
                .map(|_| rng.below(story.events.len() as u32) as usize)
                .collect();
            at.sort_unstable();
            let mut changed = story.clone();
            // From the last to the first, so that places stay.
            let again = rng.percent(70);
            if again {
                changed
                    .events
                    .insert(at[2], control(Body::Withdraw { person }));
            }
            let mut anew = changed.clone();
            // Somebody who comes back opens the episodes again.
            let openings: Vec<Event> = story.events[..at[1]]
                .iter()
                .filter(|event| {
                    matches!(event.body, Body::Open { .. }) && story.person(event) == Some(person)
                })
                .cloned()
                .collect();
            let month = story.first + closes(&story.events[..at[1]]) as i32;
            for mut event in openings {
                if let Body::Open { day, .. } = &mut event.body {
                    *day = medvirk_attacker::clinic::Day::new(month, 1);
                }
                anew.events.insert(at[1], event);
            }
            anew.events.insert(at[1], control(Body::Renew { person }));
            anew.events
                .insert(at[0], control(Body::Withdraw { person }));
            check(&victim, &anew, at[0], &usual, Whose::Person(person));
            let public = victim.publish(&anew);
            let (calendar, _) = reckon(&anew, &public);
            let renewed = |one: &&Contribution| one.patient == person && one.waits >= month;
            back += usize::from(calendar.contributions.iter().any(|one| renewed(&one)));
            runs += 1;
        }
    }
    tell(table, RENEWAL, "at three random places each", runs);
    table.note(
        RENEWAL,
        format!("{back} of {runs} persons count again after the renewal"),
    );
    assert!(back > 0);
}

fn a_code_that_is_withdrawn_is_in_no_later_row(table: &Table) {
    let seed = seeds(1)[0];
    let mut rng = Rng::new(seed);
    let story = without_withdrawals(seed, &Habits::usual(2, 8, 8.0));
    let victim = Victim::of(&story);
    let usual = victim.publish(&story);
    let mut runs = 0;
    for code in 0..story.holders.len() {
        for place in places(&story, &mut rng) {
            if rng.percent(30) {
                let whose = Whose::Code(code);
                let story = withdrawn(&story, whose, place);
                check(&victim, &story, place, &usual, whose);
                runs += 1;
            }
        }
    }
    tell(table, CODES, "each code, in and between months", runs);
}

fn an_erasure_touches_no_other_trust(_: &Table) {
    let seed = seeds(1)[0];
    let story = without_withdrawals(seed, &Habits::usual(8, 12, 6.0));
    let victim = Victim::of(&story);
    let usual = victim.publish(&story);
    let facts = &usual.catalogues[0];
    let persons: BTreeSet<u32> = story.patients.iter().copied().collect();
    for person in persons.iter().step_by(persons.len() / 20) {
        let of = story
            .events
            .iter()
            .find(|event| story.person(event) == Some(*person));
        let Some(unit) = of.map(|event| event.unit) else {
            continue;
        };
        let public = victim.publish(&withdrawn(&story, Whose::Person(*person), 0));
        for row in changed(&usual, &public) {
            let home = &facts.units[unit].trust;
            let covered = (0..facts.units.len()).filter(|unit| facts.covers(row, *unit));
            assert!(
                covered
                    .map(|unit| &facts.units[unit].trust)
                    .all(|trust| trust == home)
            );
        }
    }
}

/// The share of those in rows whose patient is named by rows that are published anew without them.
fn amended(seen: &Seen, of: (&str, usize), codes: bool) -> f64 {
    let exposed = broken::Exposed {
        public: seen.public.clone(),
        calendar: seen.calendar.clone(),
        truth: seen.truth.clone(),
    };
    let rows = exposed.calendar.rows.iter().flatten();
    let there: BTreeSet<(u32, u32)> = rows
        .map(|one| &exposed.calendar.contributions[*one])
        .filter(|one| *one.measure == *of.0)
        .map(|one| (one.counted, one.patient))
        .collect();
    let named = |(counted, patient): &&(u32, u32)| {
        let gone = |one: &Contribution| {
            one.counted == *counted && matches!(one.identity, Identity::Code(_)) == codes
        };
        let exposed = broken::amended(exposed.clone(), &gone);
        let found = contributions::attack(&exposed.public, &exposed.calendar, of, 2);
        found.in_few.contains(patient)
    };
    share(there.iter().filter(named).count(), there.len())
}

fn amended_rows_isolate_who_withdrew(table: &Table) {
    let seed = seeds(1)[0];
    let story = without_withdrawals(seed, &Habits::usual(2, 6, 10.0));
    let seen = Seen::of(story);
    let persons = amended(&seen, ("fit.alliance", 0), false);
    table.broken(ERASURE, "rows amended", persons);
    table.broken(RENEWAL, "rows amended", persons);
    // Many discharges, so that there are rows of more codes than they need.
    let habits = Habits {
        stay: 2.0,
        ..Habits::usual(2, 12, 20.0)
    };
    let seen = Seen::of(without_withdrawals(seed, &habits));
    let codes = amended(&seen, ("kem.response", 0), true);
    table.broken(CODES, "rows amended", codes);
    assert!(persons > 50.0 && codes > 50.0, "{persons} {codes}");
}

fn what_comes_back_with_a_renewal_is_counted_twice(table: &Table) {
    let seed = seeds(1)[0];
    let seen = Seen::of(without_withdrawals(seed, &Habits::usual(2, 12, 8.0)));
    let exposed = seen.exposed();
    let there: BTreeSet<u32> = exposed
        .calendar
        .rows
        .iter()
        .flatten()
        .map(|one| exposed.calendar.contributions[*one].patient)
        .collect();
    let twice = |person: &&u32| {
        let exposed = broken::resurrected(exposed.clone(), **person);
        rest::attack(&exposed.public, &exposed.calendar).twice > 0
    };
    let found = share(there.iter().filter(twice).count(), there.len());
    table.broken(RENEWAL, "old contributions come back, counted twice", found);
    assert!(found > 10.0);
}
