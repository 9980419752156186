//! What must be true after all faults. Comes in: a system that has caught up, and what was heard of
//! each submission. Goes out: a verdict, or a failure that says who is missing. The invariant: sets
//! are compared, never counts alone: the persons of a row are read from its sum.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::{Duration, Instant};

use medvirk_domain::record::Record;
use medvirk_eventlog::codec::{decode_event, encode_close};
use medvirk_proto::admin::v1::ListDeadLettersRequest;
use medvirk_proto::admin::v1::admin_service_client::AdminServiceClient;
use medvirk_tests::cohort::{CohortRow, Person, row_of_ledger, rows_of};
use medvirk_tests::{System, registry_id};

use crate::plan::{FIRST_MONTH, Plan};
use crate::scene::{Scene, Tally};

/// Everything that a row says.
const ROWS: &str = "SELECT toString(tuple(measure, hex(catalogue), level, organisation, first_month, \
    last_month, part, persons, new_in_year, single_therapist, single_device, close_month, variable, \
    sum, sum_sq, partition)) AS row FROM indicator ORDER BY row";

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

/// What was found.
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
    let tallies = scene.tallies();
    let system = &scene.system;
    in_the_registry_once(system, &tallies).await;
    let rows = system.cohort_rows().await;
    in_the_rows_once(&rows, people);
    no_dead_letters(system).await;
    let lines = lines(system).await;
    assert_eq!(system.terminate().await, Some(0), "{}", system.last_words());

    in_the_log_as_heard(system, &tallies).await;
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

/// Everything was acknowledged in the end; each is in the registry once, and nothing else is.
async fn in_the_registry_once(system: &System, tallies: &BTreeMap<String, Tally>) {
    let heard = tallies.iter().filter(|(_, tally)| tally.acknowledged > 0);
    let expected: BTreeSet<String> = heard.map(|(id, _)| registry_id(id)).collect();
    assert_eq!(
        expected.len(),
        tallies.len(),
        "clinics send until they are told"
    );
    let counts = system
        .registry_counts()
        .await
        .expect("the registry answers");
    let found: BTreeSet<String> = counts.keys().cloned().collect();
    let lost: Vec<_> = expected.difference(&found).collect();
    let foreign: Vec<_> = found.difference(&expected).collect();
    let twice: Vec<_> = counts.iter().filter(|(_, times)| **times != 1).collect();
    assert!(
        lost.is_empty(),
        "acknowledged and not in the registry: {lost:?}"
    );
    assert!(
        foreign.is_empty(),
        "in the registry and never sent: {foreign:?}"
    );
    assert!(
        twice.is_empty(),
        "in the registry more than once: {twice:?}"
    );
}

/// Every person is in the row of its unit and month, once.
fn in_the_rows_once(rows: &[CohortRow], people: &[Person]) {
    let expected = rows_of(people);
    for (row, wanted) in rows.iter().zip(&expected) {
        let (found, meant) = (row.members(), wanted.members());
        assert_eq!(
            row, wanted,
            "in the row are {found:?}, it should be {meant:?}"
        );
    }
    assert_eq!(rows.len(), expected.len(), "one row per unit and month");
}

async fn no_dead_letters(system: &System) {
    let mut admin = AdminServiceClient::new(system.channel().await);
    let listed = admin.list_dead_letters(system.as_admin(ListDeadLettersRequest {}));
    let letters = listed.await.expect("it is running").into_inner();
    assert_eq!(letters.dead_letters, [], "nothing was malformed");
}

/// Each acknowledgement stands for a copy in the log, and each copy for an attempt. A lost copy is
/// seen here even where a later one took its place.
async fn in_the_log_as_heard(system: &System, tallies: &BTreeMap<String, Tally>) {
    let mut copies: BTreeMap<String, usize> = BTreeMap::new();
    for value in system.log_events().await {
        if let Ok(Record::Event(event)) = decode_event(&value) {
            let id = uuid::Uuid::from_bytes(event.submission_id).to_string();
            *copies.entry(id).or_default() += 1;
        }
    }
    for (id, copies) in &copies {
        let sent = tallies.get(id).map_or(0, |tally| tally.sent);
        assert!(
            *copies <= sent,
            "{id} is {copies} times in the log, sent {sent} times"
        );
    }
    for (id, tally) in tallies {
        let (copies, acknowledged) = (copies.get(id).copied().unwrap_or(0), tally.acknowledged);
        assert!(
            acknowledged <= copies,
            "{id} was acknowledged {acknowledged} times and is {copies} times in the log"
        );
    }
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
    let found = lines(&other).await;
    assert_eq!(found, rows, "without faults the rows are others");
    assert_eq!(other.terminate().await, Some(0));
    let (ledger, told) = (system.ledger().await, other.ledger().await);
    let bytes = |(place, close)| (place, encode_close(close));
    let same = ledger.iter().map(bytes).eq(told.iter().map(bytes));
    assert!(same, "without faults the ledger is another");
}

async fn lines(system: &System) -> Vec<String> {
    let rows = system.reader("indicators").query(ROWS).fetch_all().await;
    rows.expect("the indicators answer")
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
