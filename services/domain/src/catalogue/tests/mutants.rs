//! Each rule of the loader that the fold builds on is broken in turn, and a test must notice.

use super::*;
use medvirk_mutants::{Rule, is_noticed_by};

#[test]
fn every_broken_rule_of_the_loader_is_noticed() {
    let tests: [(Rule, fn()); 6] = [
        (
            Rule::DoubledForCodes,
            k_is_doubled_for_codes_and_for_nothing_else,
        ),
        (Rule::JanuaryOnly, change::a_measure_changes_in_a_january),
        (
            Rule::MayRise,
            change::k_and_r_rise_at_any_time_and_fall_in_a_january,
        ),
        (Rule::TrustStays, change::a_unit_never_changes_trust),
        (
            Rule::SpreadSteps,
            measures::only_fine_variables_have_a_spread,
        ),
        (
            Rule::Apart,
            apart::a_flag_never_joins_what_is_seen_with_an_answer,
        ),
    ];
    assert_eq!(tests.map(|(rule, _)| rule), *Rule::LOADER);
    for (rule, test) in tests {
        assert!(is_noticed_by(rule, test), "{rule:?}");
    }
}
