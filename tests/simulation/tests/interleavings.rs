//! Every interleaving of small cases. `MEDVIRK_EXPLORE=all` looks at larger ones too.
//! `MEDVIRK_CASE` and `MEDVIRK_STEPS`, as a failure printed them, follow one way.

#![allow(clippy::print_stdout)] // Figures belong to the answer.

use std::time::Instant;

use medvirk_simulation::explore::{Case, Log, explore, follow};

fn text(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn holds(case: &Case) {
    if text("MEDVIRK_CASE").is_some_and(|only| only != case.name) {
        return;
    }
    if let Some(steps) = text("MEDVIRK_STEPS") {
        let choices = steps
            .split('.')
            .map(|choice| choice.parse().expect("numbers with dots between them"));
        println!("{}", follow(case, &choices.collect::<Vec<_>>()));
        return;
    }
    let started = Instant::now();
    match explore(case) {
        Ok(report) => println!("{}: {:?} {report:?}", case.name, started.elapsed()),
        Err(example) => panic!("MEDVIRK_CASE={:?}\n{example}", case.name),
    }
}

/// Holds if larger cases are asked for.
fn holds_too(case: &Case) {
    if text("MEDVIRK_EXPLORE").is_some_and(|which| which == "all") {
        holds(case);
    }
}

/// Two tasks fold seventeen records; a process or the erasure crashes.
fn ledger() -> Case {
    Case {
        tasks: 2,
        erasure: true,
        crashes: 1,
        ..Case::new("ledger", Log::Long)
    }
}

/// Two publishers bring a ledger that anybody writes into the tables.
fn tables() -> Case {
    Case {
        publishers: 2,
        fed: true,
        crashes: 1,
        unanswered: 1,
        ..Case::new("tables", Log::Short)
    }
}

/// Fold, publisher and erasure in one.
fn whole() -> Case {
    Case {
        tasks: 1,
        publishers: 1,
        erasure: true,
        crashes: 1,
        ..Case::new("whole", Log::Short)
    }
}

#[test]
fn two_tasks_a_crash_and_an_erasure() {
    holds(&ledger());
}

#[test]
fn two_tasks_with_their_checkpoints_in_one_place() {
    holds(&Case {
        name: "ledger, one disk",
        log: Log::Short,
        one_disk: true,
        ..ledger()
    });
}

#[test]
fn two_tasks_and_a_request_without_an_answer() {
    holds(&Case {
        name: "ledger, unanswered",
        crashes: 0,
        unanswered: 1,
        ..ledger()
    });
}

#[test]
fn two_publishers_a_crash_and_a_request_without_an_answer() {
    holds(&tables());
}

#[test]
fn two_publishers_and_a_lost_part() {
    holds(&Case {
        name: "tables, a lost part",
        crashes: 0,
        unanswered: 0,
        lost_parts: 1,
        ..tables()
    });
}

#[test]
fn a_task_with_its_publisher() {
    holds(&whole());
}

#[test]
fn two_tasks_with_a_publisher() {
    holds(&Case {
        name: "whole, two tasks",
        tasks: 2,
        crashes: 0,
        ..whole()
    });
}

#[test]
fn larger_cases() {
    holds_too(&Case {
        name: "ledger, one disk, long",
        one_disk: true,
        ..ledger()
    });
    holds_too(&Case {
        name: "ledger, all faults, short",
        log: Log::Short,
        unanswered: 1,
        ..ledger()
    });
    holds_too(&Case {
        name: "whole, all faults",
        unanswered: 1,
        ..whole()
    });
    holds_too(&Case {
        name: "whole, two processes",
        tasks: 2,
        publishers: 2,
        erasure: false,
        crashes: 0,
        ..whole()
    });
}

#[test]
fn a_way_is_the_same_twice() {
    let way = [0, 0, 1, 1, 2, 0, 1, 0, 1, 0];
    let first = follow(&ledger(), &way);
    assert_eq!(first.steps.len(), way.len(), "{first}");
    assert_eq!(first, follow(&ledger(), &way));
}

/// The names are what `xtask` asks for in the build that can break rules.
#[cfg(feature = "mutants")]
mod broken_rules {
    use medvirk_mutants::Rule;
    use medvirk_simulation::Sabotage;

    use super::*;

    /// The smallest case that shows it, and what it shows.
    fn is_noticed(rule: Rule, case: Case, what: &str) {
        let sabotage = Sabotage { rule: Some(rule) };
        let case = Case { sabotage, ..case };
        let example = explore(&case).expect_err("a broken rule breaks a promise");
        println!("{rule:?}: {} steps\n{example}", example.steps.len());
        assert!(example.what.contains(what), "{}", example.what);
        // The way can be given back.
        assert_eq!(follow(&case, &example.choices).steps, example.steps);
        explore(&Case {
            sabotage: Sabotage::default(),
            ..case
        })
        .expect("the rule that is not broken keeps them");
    }

    fn short() -> Case {
        Case {
            tasks: 1,
            ..Case::new("short", Log::Short)
        }
    }

    fn long() -> Case {
        Case {
            log: Log::Long,
            ..short()
        }
    }

    const DIFFERS: &str = "not what the log says";

    #[test]
    fn who_obeys_the_own_close() {
        let case = Case {
            tasks: 2,
            erasure: true,
            ..short()
        };
        is_noticed(Rule::ObeyTheFirst, case, DIFFERS);
        is_noticed(Rule::FirstCounts, case, DIFFERS);
    }

    #[test]
    fn who_does_not_read_back() {
        let case = Case {
            unanswered: 1,
            ..short()
        };
        is_noticed(Rule::ReadBack, case, "out of order");
    }

    #[test]
    fn who_inserts_before_the_read_back() {
        is_noticed(Rule::LedgerBeforeTables, short(), "the ledger has not");
    }

    #[test]
    fn who_compares_marks_alone() {
        let case = Case {
            tasks: 0,
            publishers: 1,
            fed: true,
            lost_parts: 1,
            ..short()
        };
        is_noticed(Rule::CompareRows, case, "nothing leads to a good end");
    }

    #[test]
    fn who_reads_the_ledger_before_the_view() {
        let case = Case {
            tasks: 0,
            publishers: 2,
            fed: true,
            ..short()
        };
        is_noticed(Rule::LedgerAfterView, case, "NotInLedger");
    }

    #[test]
    fn who_writes_the_checkpoint_too_early() {
        let case = Case {
            crashes: 1,
            ..short()
        };
        is_noticed(Rule::CheckpointAfterClose, case, "");
    }

    #[test]
    fn who_erases_too_early_or_not_at_all() {
        let case = Case {
            erasure: true,
            ..short()
        };
        is_noticed(Rule::LedgerBeforeErasure, case, DIFFERS);
        is_noticed(Rule::TombstonesBeforeKeys, case, "records of whom");
    }

    #[test]
    fn who_does_not_set_aside() {
        is_noticed(Rule::SetAside, long(), "not set aside");
        let case = Case {
            unanswered: 1,
            ..long()
        };
        is_noticed(Rule::SetAsideAcknowledged, case, "not set aside");
    }

    #[test]
    fn who_folds_otherwise() {
        for rule in [
            Rule::WithdrawalDrops,
            Rule::NotTooEarly,
            Rule::EnteredOnce,
            Rule::HighestRevision,
        ] {
            is_noticed(rule, long(), "in the ledger");
        }
        is_noticed(Rule::SkippedFirst, long(), "out of order");
    }
}
