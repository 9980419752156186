//! What holds for every log. `PROPTEST_CASES` sets how many logs each property is tried on.

use std::collections::{BTreeMap, BTreeSet};

use medvirk_domain::record::{
    ControlRecord, Event, EventBody, LogRecord, WithdrawalScope, WithdrawalSubject,
};
use medvirk_domain::row::{Row, RowLevel};
use medvirk_domain::time::Month;
use proptest::prelude::*;

use crate::generate::{Scenario, Wildness, person_of, scenario};
use crate::reference::Key;
use crate::task::{Ledger, Task, compare, rows_of, strange};
use crate::world::World;

mod groups;
mod replays;

fn cases(usual: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok();
    let cases = asked.and_then(|text| text.parse().ok()).unwrap_or(usual);
    ProptestConfig {
        cases,
        max_shrink_iters: 20_000,
        ..ProptestConfig::default()
    }
}

fn told(scenario: &Scenario) -> (World, Vec<LogRecord>) {
    let world = World::new(&scenario.setting);
    let log = scenario.log(&world);
    (world, log)
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn the_rows_are_those_of_the_reference(scenario in scenario(Wildness::FULL)) {
        let (world, log) = told(&scenario);
        compare(&world, &log, &Ledger::new());
    }
}

proptest! {
    #![proptest_config(cases(60))]

    /// The same where much happens after two years.
    #[test]
    fn the_rows_are_those_of_the_reference_for_years(scenario in scenario(Wildness::SLOW)) {
        let (world, log) = told(&scenario);
        compare(&world, &log, &Ledger::new());
    }
}
