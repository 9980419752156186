//! Each rule of the fold is broken in turn, and the comparison with the reference must notice.
//! `MEDVIRK_MUTANT_STORIES` says how many random logs each rule gets for its figure,
//! `MEDVIRK_MUTANT` names one rule, `MEDVIRK_SEED` makes other logs.

#![allow(clippy::print_stdout)] // Figures belong to the answer.

use std::collections::BTreeMap;
use std::ops::Range;

use medvirk_domain::record::{ControlRecord, LogRecord};
use medvirk_mutants::{Rule, break_rule, is_noticed_by};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::directed::{closes, persons, register, rows};
use crate::generate::{Wildness, scenario};
use crate::task::{Ledger, Truth, check, rows_of, strange, truth};
use crate::world::World;

/// Random logs for each rule.
const STORIES: u64 = 100;

/// Where fewer than this notice,
const ENOUGH: u64 = 4;

/// it gets so many times as many.
const TIMES: u64 = 4;

/// A log with what is in force, somebody else's closes, and what the reference says of it.
struct Told {
    world: World,
    log: Vec<LogRecord>,
    theirs: Ledger,
    truth: Truth,
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// The same number always gives the same story.
fn tell(seed: u64) -> Told {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_be_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    // A third of them is about what is remembered.
    let wild = match seed % 3 {
        0 => Wildness::SLOW,
        _ => Wildness::FULL,
    };
    let scenario = scenario(wild).new_tree(&mut runner);
    let scenario = scenario.unwrap().current();
    let world = World::new(&scenario.setting);
    let log = scenario.log(&world);
    // In a quarter of the stories some months are closed by a stranger who knew less.
    let theirs = match seed % 4 {
        0 => closed_by_another(&world, &log),
        _ => Ledger::new(),
    };
    Told {
        truth: truth(&world, &log, &theirs),
        world,
        log,
        theirs,
    }
}

/// Two of three months as a task closes them that lacks every seventh event.
fn closed_by_another(world: &World, log: &[LogRecord]) -> Ledger {
    let known = |(place, record): &(usize, &LogRecord)| {
        place % 7 > 0
            || matches!(
                record,
                LogRecord::Control(ControlRecord::PeriodClose { .. })
            )
    };
    let partial: Vec<LogRecord> = log
        .iter()
        .enumerate()
        .filter(known)
        .map(|(_, record)| record.clone())
        .collect();
    let closes = rows_of(world, &partial).into_iter();
    let some = closes.filter(|(month, _)| month.number() % 3 > 0);
    strange(world, some.collect())
}

fn notices(told: &Told, rule: Rule) -> bool {
    break_rule(Some(rule));
    let differs = check(&told.world, &told.log, &told.theirs, &told.truth).is_err();
    break_rule(None);
    differs
}

/// How many of the stories notice, by rule.
fn hunt(rules: &[Rule], seeds: impl Iterator<Item = u64>) -> BTreeMap<Rule, u64> {
    let mut noticed = BTreeMap::new();
    for seed in seeds {
        let told = tell(seed);
        for rule in rules {
            *noticed.entry(*rule).or_default() += u64::from(notices(&told, *rule));
        }
    }
    noticed
}

/// The same, by as many threads as there are processors.
fn hunt_all(rules: &[Rule], seeds: Range<u64>) -> BTreeMap<Rule, u64> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut noticed: BTreeMap<Rule, u64> = BTreeMap::new();
    std::thread::scope(|scope| {
        let share = |nth: usize| {
            let seeds = seeds.clone().skip(nth).step_by(threads);
            scope.spawn(move || hunt(rules, seeds))
        };
        let shares: Vec<_> = (0..threads).map(share).collect();
        for share in shares {
            for (rule, times) in share.join().expect("a fold does not panic") {
                *noticed.entry(rule).or_default() += times;
            }
        }
    });
    noticed
}

#[test]
fn every_broken_rule_of_the_fold_is_noticed() {
    let mut rules = Rule::FOLD.to_vec();
    if let Ok(only) = std::env::var("MEDVIRK_MUTANT") {
        rules.retain(|rule| format!("{rule:?}") == only);
    }
    let stories = number("MEDVIRK_MUTANT_STORIES").unwrap_or(STORIES);
    let first = number("MEDVIRK_SEED").unwrap_or(0);
    let mut noticed = hunt_all(&rules, first..first + stories);
    // The rarer ones get more of them.
    let rarer = |(rule, times): (&Rule, &u64)| (*times < ENOUGH).then_some(*rule);
    let rarer: Vec<Rule> = noticed.iter().filter_map(rarer).collect();
    let all = first + stories * TIMES;
    for (rule, times) in hunt_all(&rarer, first + stories..all) {
        *noticed.entry(rule).or_default() += times;
    }
    for (rule, times) in &noticed {
        let of = if rarer.contains(rule) {
            stories * TIMES
        } else {
            stories
        };
        println!("{rule:?}: {times} of {of}");
    }
    noticed.retain(|rule, times| *times == 0 && RARE.iter().all(|(rare, _)| rare != rule));
    assert!(noticed.is_empty(), "not noticed: {noticed:?}");
}

/// What a random log meets rarely, and the test that meets it every time.
const RARE: &[(Rule, fn())] = &[
    (
        Rule::TooOldToCome,
        persons::a_form_older_than_24_months_is_no_part_of_its_episode,
    ),
    (
        Rule::EpisodeForgotten,
        persons::an_episode_is_forgotten_whole_24_months_after_its_last_event,
    ),
    (
        Rule::LastEvent,
        persons::an_episode_that_is_sent_again_after_it_was_forgotten_counts_no_more,
    ),
    (
        Rule::EverySenderWaits,
        persons::what_the_opener_sent_first_is_not_what_waits_for_the_opening,
    ),
    (
        Rule::SpreadPersons,
        rows::a_sum_of_squares_is_there_from_twelve_persons_on,
    ),
    (
        Rule::SpreadCodes,
        rows::a_sum_of_squares_of_codes_is_there_from_twenty_four_on,
    ),
    (
        Rule::SpreadOfLast,
        rows::a_sum_of_squares_is_there_from_twelve_persons_on,
    ),
    (
        Rule::EmptiesParts,
        closes::a_row_without_a_part_empties_all_parts,
    ),
    (
        Rule::EmptiesBelow,
        closes::a_row_of_an_organisation_empties_all_units_below,
    ),
    (
        Rule::RegistryScope,
        persons::a_withdrawal_from_the_register_drops_nothing_that_waits,
    ),
    (
        Rule::RegistryDrops,
        register::a_withdrawal_from_the_register_drops_its_forms_and_nothing_else,
    ),
    (
        Rule::RegistryRemembered,
        register::a_withdrawal_from_the_register_drops_its_forms_and_nothing_else,
    ),
    (
        Rule::RegistryStartsAnew,
        register::what_was_before_a_return_to_the_register_does_not_count_again,
    ),
    (
        Rule::WidestScope,
        persons::a_withdrawal_from_the_register_takes_nothing_from_an_earlier_one,
    ),
    (
        Rule::EpisodeStartsAnew,
        persons::an_episode_that_began_before_a_renewal_counts_no_more,
    ),
];

#[test]
fn every_broken_rule_that_is_rare_is_noticed_every_time() {
    for (rule, test) in RARE {
        assert!(is_noticed_by(*rule, *test), "{rule:?}");
    }
}
