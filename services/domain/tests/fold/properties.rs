//! What holds for every log.
use crate::generate::{Wildness, scenario};
use crate::task::{Ledger, compare};
use crate::world::World;
use proptest::prelude::*;

fn cases(usual: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok();
    let cases = asked.and_then(|text| text.parse().ok()).unwrap_or(usual);
    ProptestConfig {
        cases,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn the_rows_are_those_of_the_reference(scenario in scenario(Wildness::FULL)) {
        let world = World::new(&scenario.setting);
        compare(&world, &scenario.log(&world), &Ledger::new());
    }
}
