//! Each rule of what is let in that the fold builds on is broken in turn, and a test must notice.

use medvirk_mutants::{Rule, is_noticed_by};

#[test]
fn every_broken_rule_of_the_door_is_noticed() {
    let tests: [(Rule, fn()); 2] = [
        (
            Rule::ManagerOpens,
            crate::submissions::every_kind_needs_its_role,
        ),
        (
            Rule::CodeIsOver,
            crate::surveys::a_code_is_taken_until_the_close_of_the_second_month_after_its_own,
        ),
    ];
    assert_eq!(tests.map(|(rule, _)| rule), *Rule::DOOR);
    for (rule, test) in tests {
        assert!(is_noticed_by(rule, test), "{rule:?}");
    }
}
