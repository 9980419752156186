//! What must be true in the end. Comes in: a deployment that has caught up, what was heard of each
//! submission, and the people it was about. Goes out: a verdict, or a failure that says who is
//! missing. The invariant: the rows are compared with what one process without faults makes of the
//! same log, and with the people themselves.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use medvirk_eventlog::{Log, Topic};
use medvirk_records::codec::encode_close;
use medvirk_tests::cohort::{self, CohortRow, Person, row_of_ledger};
use medvirk_tests::log::{Ledger, copy_log, dead_letters_in, events_in, ledger_in};
use medvirk_tests::tally::{
    Tallies, assert_in_the_log_as_heard, assert_in_the_registry_once, assert_in_the_rows_once,
    lines_in,
};
use medvirk_tests::{Deployment, System, registry_counts};

/// How long one process without faults may take to fold the whole log and publish every close.
const REFOLD: Duration = Duration::from_secs(300);

/// What the judge found in the end.
pub(crate) struct Verdict {
    submissions: usize,
    sent: usize,
    acknowledged: usize,
    copies: usize,
    persons: usize,
    rows: usize,
    closes: usize,
}

/// Judges a deployment that has caught up.
pub(crate) async fn judge(deployment: &Deployment, catalogue: &Path, people: &[Person]) -> Verdict {
    let tallies = deployment.book().tallies();
    let [indicators, registry] = deployment.readers().await;
    let counts = registry_counts(&registry).await;
    assert_in_the_registry_once(&counts.expect("the registry answers"), &tallies);
    let rows = cohort::rows_in(&indicators).await;
    let rows = rows.expect("the indicators answer");
    assert_in_the_rows_once(&rows, people);

    let log = deployment.log().await;
    let events = events_in(log.as_ref()).await;
    assert_in_the_log_as_heard(&events, &tallies);
    assert_eq!(
        dead_letters_in(log.as_ref()).await,
        0,
        "nothing was malformed"
    );
    let ledger = ledger_in(log.as_ref()).await;
    assert_as_the_ledger(&ledger, &rows);
    let lines = lines_in(&indicators).await;
    assert_as_without_faults(deployment, catalogue, &log, &ledger, &lines).await;
    deployment.assert_well();
    Verdict {
        copies: events.len(),
        persons: people.len(),
        rows: rows.len(),
        closes: ledger.len(),
        ..Verdict::of(&tallies)
    }
}

/// The view shows what the ledger says.
fn assert_as_the_ledger(ledger: &Ledger, rows: &[CohortRow]) {
    let mut told: Vec<CohortRow> = ledger
        .iter()
        .flat_map(|((_, month), close)| close.rows.iter().map(|row| row_of_ledger(*month, row)))
        .collect();
    told.sort_by(|a, b| (a.close, &a.organisation).cmp(&(b.close, &b.organisation)));
    assert_eq!(told, rows, "the view differs from the ledger");
}

/// One process on embedded storage, which nothing happens to, folds the same log into the same
/// ledger, byte for byte, and the same rows, column for column.
async fn assert_as_without_faults(
    deployment: &Deployment,
    catalogue: &Path,
    log: &Arc<dyn Log>,
    ledger: &Ledger,
    lines: &[String],
) {
    let partitions = log.partitions(Topic::Events);
    let other = System::builder()
        .catalogue(catalogue)
        .first_month(deployment.first_month())
        .setting("LOG__PARTITIONS", &partitions.to_string())
        .prepare();
    copy_log(log.as_ref(), other.log(partitions).await.as_ref()).await;
    other.start().await;
    let last = ledger.keys().map(|(_, month)| *month).max();
    let last = last.expect("months were closed").to_string();
    let begun = Instant::now();
    while other.closed_until().await.as_ref() != Some(&last) {
        assert!(begun.elapsed() < REFOLD, "not folded in {REFOLD:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let found = lines_in(&other.reader("indicators")).await;
    assert_eq!(found, lines, "without faults the rows are others");
    assert_eq!(other.terminate().await, Some(0));
    let told = ledger_in(other.log(partitions).await.as_ref()).await;
    let bytes = |(place, close)| (place, encode_close(close));
    let same = ledger.iter().map(bytes).eq(told.iter().map(bytes));
    assert!(same, "without faults the ledger is another");
}

impl Verdict {
    fn of(tallies: &Tallies) -> Self {
        Self {
            submissions: tallies.len(),
            sent: tallies.values().map(|tally| tally.sent).sum(),
            acknowledged: tallies.values().map(|tally| tally.acknowledged).sum(),
            copies: 0,
            persons: 0,
            rows: 0,
            closes: 0,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            submissions,
            sent,
            acknowledged,
            copies,
            persons,
            rows,
            closes,
        } = self;
        writeln!(
            f,
            "{submissions} submissions, sent {sent} times: {acknowledged} acknowledgements, {copies} \
             records in the log; each is in the registry once"
        )?;
        write!(
            f,
            "{persons} persons in {rows} rows of {closes} closes, each once; the view is the ledger, \
             and both are those of the same log without faults"
        )
    }
}
