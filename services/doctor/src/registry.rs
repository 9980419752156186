//! Examining the registry (`medvirk admin doctor`). Comes in: the log, and the tables through a
//! user that cannot write. Goes out: checks, told one by one. The invariants: nothing is
//! written; only what the registrar has committed is demanded; what is said of people who withdraw
//! meanwhile is left out; no pseudonym, key or answer leaves this module.
//!
//! Each partition is walked twice: first for its control records, which say what must be gone, and
//! then in stretches, each compared with what the tables have of it.

mod reading;

mod controls;

mod stretch;

mod judge;

use crate::check::{DoctorCheck, DoctorReport};
use medvirk_eventlog::Topic;
use medvirk_records::genesis;
use medvirk_registrar::{GROUP, dead_letters};
use medvirk_store::TableOwnership;
use medvirk_store::registry::PartitionErasure;

use crate::run::LATER;
use controls::ControlRecords;
use judge::RegistryFindings;
use reading::RegistryUnreadable;

pub(crate) use reading::RegistryReading;

/// Compares the registry with the log, as far as registrars have committed it, in whatever
/// processes they are; and reports what it finds.
pub(crate) async fn examine(reading: Option<RegistryReading>, report: &DoctorReport) {
    let Some(reading) = reading else {
        let mut check = DoctorCheck::new("registry");
        let found = "this process may not read the registry";
        check.not_seen(found, "give it a reader of the registry, [registry] reader");
        report.tell(check).await;
        return;
    };
    report.begin("registry").await;
    for check in registry(&reading).await {
        report.tell(check).await;
    }
    report.begin("offsets").await;
    report.tell(offsets(&reading).await).await;
}

async fn registry(reading: &RegistryReading) -> [DoctorCheck; 3] {
    let mut judge = RegistryFindings::new();
    judge.ownership(&ownership(reading).await);
    let mut erasures = Vec::new();
    for partition in 0..reading.log.partitions(Topic::Events) {
        match look(reading, partition, &mut judge).await {
            Ok(controls) => erasures.extend(controls.erasures),
            Err(stopped) => judge.stopped(partition, &stopped),
        }
    }
    judge.beyond(&beyond(reading).await);
    let letters = letters(reading, &erasures).await;
    judge.letters(letters);
    judge.checks()
}

/// Whose the tables are.
async fn ownership(reading: &RegistryReading) -> Result<TableOwnership, RegistryUnreadable> {
    match genesis::read(reading.log.as_ref()).await? {
        Some(genesis) => Ok(reading.tables.ownership(genesis.deployment).await?),
        // What a log without a genesis is, another check says.
        None => Ok(TableOwnership::Ours),
    }
}

/// Compares one partition with its tables.
async fn look(
    reading: &RegistryReading,
    partition: u32,
    judge: &mut RegistryFindings,
) -> Result<ControlRecords, RegistryUnreadable> {
    let committed = reading.log.committed(GROUP, Topic::Events, partition);
    let next = committed.await?.unwrap_or(0);
    let controls = stretch::controls(reading, partition, next).await?;
    let marks = reading.tables.marks(partition).await?;
    let closes = reading.tables.period_closes(partition).await?;
    judge.marks(partition, &controls, &marks);
    judge.period_closes(partition, &controls, &closes);
    let odd = stretch::compare(reading, &controls, judge).await?;
    // Who withdrew in the meantime is being erased just now.
    let leaving = stretch::leaving(reading, partition, next).await?;
    judge.odd(&controls, &leaving, odd);
    Ok(controls)
}

/// Rows of places that the log has not.
async fn beyond(reading: &RegistryReading) -> Result<u64, RegistryUnreadable> {
    let mut ends = Vec::new();
    let partitions = reading.log.partitions(Topic::Events);
    // The tables first would be as good: what is in them was in the log before.
    for partition in 0..partitions {
        ends.push(reading.log.end(Topic::Events, partition).await?);
    }
    // More may have come in since; what a second look finds too was beyond the first ends.
    match reading.tables.beyond(&ends).await? {
        0 => Ok(0),
        _ => {
            for (partition, end) in (0..).zip(&mut ends) {
                *end = reading.log.end(Topic::Events, partition).await?;
            }
            Ok(reading.tables.beyond(&ends).await?)
        }
    }
}

/// Dead letters of people who withdrew.
async fn letters(
    reading: &RegistryReading,
    erasures: &[PartitionErasure],
) -> Result<usize, RegistryUnreadable> {
    let letters = dead_letters::of(reading.log.as_ref(), erasures).await?;
    Ok(letters.keys.len())
}

/// What the registrar has committed lies within the log.
async fn offsets(reading: &RegistryReading) -> DoctorCheck {
    let mut check = DoctorCheck::new("offsets");
    let mut lag = 0;
    let partitions = reading.log.partitions(Topic::Events);
    for partition in 0..partitions {
        let committed = reading.log.committed(GROUP, Topic::Events, partition).await;
        let end = reading.log.end(Topic::Events, partition).await;
        match (committed, end) {
            (Ok(committed), Ok(end)) => {
                lag += end.saturating_sub(committed.unwrap_or(0));
                if committed.is_some_and(|committed| committed > end) {
                    check.differs(
                        format!("partition {partition} is committed beyond the end of the log"),
                        "find out whether the log was replaced by an older copy",
                    );
                }
            }
            (Err(error), _) | (_, Err(error)) => check.not_seen(
                format!("partition {partition}: the log could not be read: {error}"),
                LATER,
            ),
        }
    }
    check.compared = format!("committed offsets of {partitions} partitions with the log's ends");
    if lag > 0 {
        check.waits(
            format!("{lag} records are not in the tables yet"),
            "nothing, while the number falls; else look at the system's own log lines",
        );
    }
    check
}
