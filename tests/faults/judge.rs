//! What must be true after all faults. Comes in: a system that has caught up, and what was heard of
//! each submission. Goes out: a verdict, or a failure that says who is missing. The invariant: sets
//! are compared, never counts alone: the persons of a row are read from its sum.

use std::collections::BTreeSet;
use std::fmt;
use std::time::{Duration, Instant};

use medvirk_proto::admin::v1::ListDeadLettersRequest;
use medvirk_proto::admin::v1::admin_service_client::AdminServiceClient;
use medvirk_records::codec::encode_close;
use medvirk_tests::System;
use medvirk_tests::cohort::{CohortRow, Person, row_of_ledger};
use medvirk_tests::tally::{
    assert_in_the_log_as_heard, assert_in_the_registry_once, assert_in_the_rows_once, lines_in,
};

use crate::plan::{FIRST_MONTH, Plan};
use crate::scene::Scene;

/// What the system says when something has no room, and what it could not write then.
const NO_ROOM: [(&str, &str); 6] = [
    ("ing the log failed", "the log"),
    ("append a close", "the ledger"),
    ("cannot write checkpoint", "checkpoints"),
    ("cannot publish", "indicators"),
    ("failed; trying again", "the registry"),
    ("cannot write its data", "an engine's own end"),
];

/// How long a system without faults may take to fold the whole log and publish every close.
const REFOLD: Duration = Duration::from_secs(300);

/// What the judge found in the end.
pub(crate) struct Verdict {
    submissions: usize,
    sent: usize,
    acknowledged: usize,
    refused: u64,
    persons: usize,
    rows: usize,
    closes: usize,
    /// How often the system said that it could not write something.
    failed: Vec<(&'static str, usize)>,
}

/// Judges, and ends the system.
pub(crate) async fn judge(scene: Scene, plan: &Plan, people: &[Person]) -> Verdict {
    let tallies = scene.book.tallies();
    let system = &scene.system;
    let counts = system.registry_counts().await;
    assert_in_the_registry_once(&counts.expect("the registry answers"), &tallies);
    let rows = system.cohort_rows().await;
    assert_in_the_rows_once(&rows, people);
    no_dead_letters(system).await;
    let lines = lines_in(&system.reader("indicators")).await;
    assert_eq!(system.terminate().await, Some(0), "{}", system.last_words());

    assert_in_the_log_as_heard(&system.log_events().await, &tallies);
    let closes = as_the_ledger(system, plan, &rows).await;
    as_without_faults(system, plan, &lines).await;
    let told = system.told();
    let failed = NO_ROOM.map(|(words, what)| (what, told.matches(words).count()));
    Verdict {
        failed: failed.into(),
        submissions: tallies.len(),
        sent: tallies.values().map(|tally| tally.sent).sum(),
        acknowledged: tallies.values().map(|tally| tally.acknowledged).sum(),
        refused: scene.refused.into_inner(),
        persons: people.len(),
        rows: rows.len(),
        closes,
    }
}

async fn no_dead_letters(system: &System) {
    let mut admin = AdminServiceClient::new(system.channel().await);
    let listed = admin.list_dead_letters(system.as_admin(ListDeadLettersRequest {}));
    let letters = listed.await.expect("it is running").into_inner();
    assert_eq!(letters.dead_letters, [], "nothing was malformed");
}

/// The view shows what the ledger says. Gives the number of closes.
async fn as_the_ledger(system: &System, plan: &Plan, rows: &[CohortRow]) -> usize {
    let ledger = system.ledger().await;
    let mut told: Vec<CohortRow> = ledger
        .iter()
        .flat_map(|((_, month), close)| close.rows.iter().map(|row| row_of_ledger(*month, row)))
        .collect();
    told.sort_by(|a, b| (a.close, &a.organisation).cmp(&(b.close, &b.organisation)));
    assert_eq!(told, rows, "the view differs from the ledger");
    let months: BTreeSet<String> = ledger.keys().map(|(_, month)| month.to_string()).collect();
    assert!(
        months.into_iter().eq(plan.months.iter().cloned()),
        "every month is closed"
    );
    ledger.len()
}

/// A system that nothing happens to folds the same log into the same ledger and the same rows.
async fn as_without_faults(system: &System, plan: &Plan, rows: &[String]) {
    let other = System::builder()
        .cohort()
        .first_month(FIRST_MONTH)
        .prepare();
    system.copy_log(&other).await;
    other.start().await;
    let last = plan.months.last().expect("a run has months");
    // Years of closes at once: nobody is kept waiting for it.
    let begun = Instant::now();
    while other.closed_until().await.as_ref() != Some(last) {
        let waits = begun.elapsed() < REFOLD;
        assert!(
            waits,
            "the same log is not folded in {REFOLD:?} without faults"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let found = lines_in(&other.reader("indicators")).await;
    assert_eq!(found, rows, "without faults the rows are others");
    assert_eq!(other.terminate().await, Some(0));
    let (ledger, told) = (system.ledger().await, other.ledger().await);
    let bytes = |(place, close)| (place, encode_close(close));
    let same = ledger.iter().map(bytes).eq(told.iter().map(bytes));
    assert!(same, "without faults the ledger is another");
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            submissions,
            sent,
            acknowledged,
            refused,
            persons,
            rows,
            closes,
            failed,
        } = self;
        writeln!(
            f,
            "{submissions} submissions, sent {sent} times: {acknowledged} acknowledgements, \
             {refused} times told to send again; each is in the registry once"
        )?;
        write!(f, "what failed and was done again:")?;
        for (what, times) in failed {
            write!(f, " {what} {times},")?;
        }
        writeln!(f, " as the system itself says")?;
        write!(
            f,
            "{persons} persons in {rows} rows of {closes} closes, each once; the view is the \
             ledger, and both are those of the same log without faults"
        )
    }
}
