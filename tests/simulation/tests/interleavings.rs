//! Every interleaving of small cases.

#![allow(clippy::print_stdout)] // Figures belong to the answer.

use std::time::Instant;

use medvirk_simulation::Sabotage;
use medvirk_simulation::explore::{Case, Log, explore};

const NOTHING: Case = Case {
    name: "one task",
    log: Log::Short,
    tasks: 1,
    publishers: 0,
    erasure: false,
    fed: false,
    one_disk: false,
    crashes: 0,
    unanswered: 0,
    lost_parts: 0,
    sabotage: Sabotage { #[cfg(feature = "mutants")] rule: None },
};

fn holds(case: &Case) {
    let started = Instant::now();
    match explore(case) {
        Ok(report) => println!("{}: {:?} {report:?}", case.name, started.elapsed()),
        Err(example) => panic!("{}:\n{example}", case.name),
    }
}

#[test]
fn tiny() {
    holds(&NOTHING);
    holds(&Case { name: "two tasks", tasks: 2, ..NOTHING });
    holds(&Case { name: "two tasks, a crash", tasks: 2, crashes: 1, ..NOTHING });
    holds(&Case { name: "two tasks, an erasure", tasks: 2, erasure: true, ..NOTHING });
    holds(&Case { name: "two tasks, a crash, an erasure", tasks: 2, erasure: true, crashes: 1, ..NOTHING });
    holds(&Case { name: "same, unanswered", tasks: 2, erasure: true, crashes: 1, unanswered: 1, ..NOTHING });
    holds(&Case { name: "publishers, fed", tasks: 0, publishers: 2, fed: true, crashes: 1, unanswered: 1, ..NOTHING });
}
