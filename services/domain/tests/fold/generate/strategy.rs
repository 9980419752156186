//! What proptest chooses. Common things are common: most people are seen at home, in time and
//! once, so that groups become large enough; everything odd happens now and then.

use proptest::collection::vec;
use proptest::option::{of, weighted};
use proptest::prelude::*;

use super::{
    Again, CodeStory, Correction, Course, End, Habit, Happens, Incident, Point, Scenario, Visit,
};
use crate::world::Setting;

/// How odd the log may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wildness {
    /// Two submissions may contradict each other.
    pub(crate) conflicts: bool,
    /// People may withdraw and come back; bad records come.
    pub(crate) incidents: bool,
    /// Things may come late, the catalogue may change, closes may be odd.
    pub(crate) disorder: bool,
    /// Every person has one episode.
    pub(crate) one_episode: bool,
    /// Things may take two years.
    pub(crate) slow: bool,
    /// At most so many months.
    pub(crate) months: u8,
}

impl Wildness {
    pub(crate) const FULL: Self = Self {
        conflicts: true,
        incidents: true,
        disorder: true,
        one_episode: false,
        slow: false,
        months: 40,
    };

    /// What happens now and then after two years happens often.
    pub(crate) const SLOW: Self = Self {
        slow: true,
        months: 34,
        ..Self::FULL
    };
}

pub(crate) fn scenario(wild: Wildness) -> impl Strategy<Value = Scenario> {
    let most = wild.months;
    let short = if wild.slow { 0 } else { 3 };
    let months = prop_oneof![short => 4..=most.min(16), 1 => most * 3 / 4..=most];
    // In a short window most people come at once, and the rows are large.
    let window = prop_oneof![Just(2u8), Just(5), Just(u8::MAX)];
    (months, window).prop_flat_map(move |(months, window)| {
        let window = window.min(if wild.slow { 5 } else { months });
        let codes = prop_oneof![5 => 0..=40usize, 1 => 30..=70usize];
        let parts = (
            setting(wild),
            vec(
                course(wild, window),
                5..=if wild.one_episode { 40 } else { 60 },
            ),
            codes.prop_flat_map(move |codes| vec(code(wild, window), codes)),
            vec(habit(wild), months as usize),
            vec(incident(months), 0..=if wild.incidents { 6 } else { 0 }),
        );
        parts.prop_map(move |(setting, mut courses, codes, habits, incidents)| {
            if wild.one_episode {
                for (number, course) in courses.iter_mut().enumerate() {
                    (course.person, course.episode) = (number as u8, 0);
                }
            }
            Scenario {
                setting,
                months,
                courses,
                codes,
                habits,
                incidents,
            }
        })
    })
}

/// In so many of a hundred cases, where it is allowed at all.
fn rarely<S>(allowed: bool, percent: u32, what: S) -> impl Strategy<Value = Option<S::Value>>
where
    S: Strategy,
    S::Value: Clone,
{
    let percent = if allowed { percent } else { 0 };
    prop_oneof![100 - percent => Just(None), percent => what.prop_map(Some)]
}

fn setting(wild: Wildness) -> impl Strategy<Value = Setting> {
    let changes = if wild.disorder { 8 } else { 0 };
    let k = prop_oneof![4 => Just(2u32), 2 => Just(3), 1 => Just(4), 1 => Just(5)];
    let extra = vec(any::<bool>(), 0..=changes);
    (k, 0..=2u32, 1..=12u32, any::<bool>(), extra).prop_map(move |(k, r, first, january, extra)| {
        Setting {
            k,
            r: r.min(k - 1),
            first,
            january: january && wild.disorder,
            extra,
        }
    })
}

/// 0, unless things may come late.
fn late(wild: Wildness) -> impl Strategy<Value = u8> {
    let odd = u32::from(wild.disorder);
    let slow = 4 * u32::from(wild.slow);
    prop_oneof![12 => Just(0u8), 2 * odd => 1..4u8, odd => 4..30u8, slow => 22..28u8]
}

fn early(wild: Wildness) -> impl Strategy<Value = bool> {
    let odd = u32::from(wild.disorder);
    prop_oneof![6 => Just(false), odd => Just(true)]
}

fn course(wild: Wildness, window: u8) -> impl Strategy<Value = Course> {
    let unit = prop_oneof![
        12 => Just(0u8), 6 => Just(1), 3 => Just(2), 3 => Just(3), 5 => Just(4), 3 => Just(5),
        1 => Just(6), 1 => Just(7)
    ];
    let who = (0..30u8, prop_oneof![5 => Just(0u8), 1 => Just(1)], unit);
    let start = -2..window as i8;
    let opening = (
        of(0..3u8),
        0..2u8,
        late(wild),
        rarely(wild.conflicts, 10, 0..6u8),
    );
    let visits = prop_oneof![1 => vec(visit(wild), 0..2), 5 => vec(visit(wild), 2..6)];
    let points = prop_oneof![2 => Just(Vec::new()), 4 => vec(point(wild), 1..5)];
    let ending = weighted(0.8, ending(wild));
    let sent_again = rarely(wild.disorder, 15, prop_oneof![0..24u8, 24..29u8]);
    (who, start, opening, (visits, points), (ending, sent_again)).prop_map(
        |((person, episode, unit), start, opening, (visits, points), (ending, sent_again))| {
            let (therapist, opener, opened_late, reopened) = opening;
            Course {
                person,
                episode,
                unit,
                start,
                therapist,
                opener,
                opened_late,
                reopened,
                visits,
                points,
                ending,
                sent_again,
            }
        },
    )
}

/// Months from the start of the episode: now and then after a long pause.
fn after(wild: Wildness, usual: u8) -> impl Strategy<Value = u8> {
    let odd = u32::from(wild.disorder) + 4 * u32::from(wild.slow);
    prop_oneof![20 => 0..usual, odd => 22..28u8]
}

fn again() -> impl Strategy<Value = Again> {
    let later = prop_oneof![Just(0u8), 1..6u8, 20..30u8];
    let all = (later, any::<bool>(), of(sender()));
    all.prop_map(|(later, changed, sender)| Again {
        later,
        changed,
        sender,
    })
}

fn visit(wild: Wildness) -> impl Strategy<Value = Visit> {
    let corrections = vec(correction(), 0..=if wild.conflicts { 2 } else { 0 });
    let corrections = weighted(0.1, corrections).prop_map(Option::unwrap_or_default);
    let day = prop_oneof![2 => 0..3u8, 3 => 0..28u8];
    let moment = (after(wild, 4), day, 1..3u8, (early(wild), late(wild)));
    let from = (
        prop_oneof![9 => Just(false), 1 => Just(true)],
        sender(),
        any::<u8>(),
    );
    let what = (
        which(),
        any::<[u8; 3]>(),
        prop_oneof![9 => Just(false), 1 => Just(true)],
    );
    (
        moment,
        from,
        what,
        rarely(wild.conflicts, 15, again()),
        corrections,
    )
        .prop_map(
            |(
                (after, day, number, (early, late)),
                (away, sender, order),
                what,
                again,
                corrections,
            )| {
                let (forms, answers, blank) = what;
                Visit {
                    after,
                    day,
                    number,
                    away,
                    sender,
                    early,
                    late,
                    forms,
                    answers,
                    blank,
                    again,
                    corrections,
                    order,
                }
            },
        )
}

fn point(wild: Wildness) -> impl Strategy<Value = Point> {
    let seldom = || prop_oneof![9 => Just(false), 1 => Just(true)];
    let moment = (after(wild, 5), 0..28u8, seldom(), late(wild));
    let what = (any::<[u8; 4]>(), seldom(), seldom());
    let again = rarely(wild.conflicts, 15, (0..30u8, 0..3u32));
    (moment, sender(), what, again, any::<u8>()).prop_map(
        |((after, day, away, late), sender, (answers, blank, young), again, order)| Point {
            after,
            day,
            away,
            sender,
            late,
            answers,
            blank,
            young,
            again,
            order,
        },
    )
}

/// Mostly what every session has.
fn which() -> impl Strategy<Value = u8> {
    prop_oneof![5 => Just(0b11111u8), 1 => 1..32u8]
}

/// Now and then the opener.
fn sender() -> impl Strategy<Value = u8> {
    prop_oneof![1 => Just(0u8), 12 => 1..5u8]
}

fn correction() -> impl Strategy<Value = Correction> {
    let late = prop_oneof![3 => 0..2u8, 1 => 2..30u8];
    let all = (
        1..4u8,
        late,
        sender(),
        which(),
        any::<[u8; 3]>(),
        any::<u8>(),
    );
    all.prop_map(
        |(revision, late, sender, forms, answers, order)| Correction {
            revision,
            late,
            sender,
            forms,
            answers,
            order,
        },
    )
}

fn ending(wild: Wildness) -> impl Strategy<Value = End> {
    let away = prop_oneof![9 => Just(false), 1 => Just(true)];
    (
        after(wild, 5),
        prop_oneof![0..3u8, 0..28u8],
        (away, 0..4u8),
        (early(wild), late(wild)),
        rarely(wild.conflicts, 10, 0..30u8),
    )
        .prop_map(|(after, day, (away, how), (early, late), again)| End {
            after,
            day,
            away,
            how,
            early,
            late,
            again,
        })
}

fn code(wild: Wildness, window: u8) -> impl Strategy<Value = CodeStory> {
    let unit = prop_oneof![6 => Just(0u8), 2 => Just(1), 1 => 2..8u8];
    let most = if wild.conflicts { 3usize } else { 1 };
    let odd = if wild.disorder { 5u8 } else { 2 };
    let answers = vec((0..odd, any::<u8>()), 0..=most);
    let issued = weighted(0.9, late(wild));
    (unit, -2..window as i8, issued, answers, any::<u8>()).prop_map(
        |(unit, month, issued, answers, order)| CodeStory {
            unit,
            month,
            issued,
            answers,
            order,
        },
    )
}

fn habit(wild: Wildness) -> impl Strategy<Value = Habit> {
    let odd = u32::from(wild.disorder);
    prop_oneof![
        10 => Just(Habit::Usual),
        odd => Just(Habit::Skipped),
        odd => Just(Habit::Repeated),
        odd => Just(Habit::TooEarly),
        odd => Just(Habit::Old),
    ]
}

fn incident(months: u8) -> impl Strategy<Value = Incident> {
    let who = 0..30u8;
    let what = prop_oneof![
        3 => who.clone().prop_map(Happens::Withdrawal),
        1 => who.clone().prop_map(Happens::RegistryWithdrawal),
        1 => who.clone().prop_map(Happens::TwoWithdrawals),
        4 => (who.clone(), 0..4u8).prop_map(|(who, later)| Happens::Return(who, later)),
        1 => who.clone().prop_map(Happens::Renewal),
        1 => (0..24u8, any::<bool>()).prop_map(|(code, all)| Happens::CodeWithdrawal(code, all)),
        1 => who.clone().prop_map(Happens::RegistryForm),
        1 => (who, any::<bool>()).prop_map(|(who, unknown)| Happens::Bad(who, unknown)),
    ];
    (0..months, any::<u8>(), what).prop_map(|(at, order, what)| Incident { at, order, what })
}
