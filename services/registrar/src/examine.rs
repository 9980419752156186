//! Examining the registry (`medvirk admin doctor`). Comes in: the log, and the tables through an
//! examiner that cannot write. Goes out: checks, told one by one. The invariants: nothing is
//! written; only what the registrar has committed is demanded; what is said of people who withdraw
//! meanwhile is left out; no pseudonym, key or answer leaves this module.
//!
//! Each partition is walked twice: first for its control records, which say what must be gone, and
//! then in stretches, each compared with what the tables have of it.

mod stretch;

mod judge;

use std::sync::Arc;

use medvirk_eventlog::{Error as LogError, Log, Topic};
use medvirk_records::catalogue::Plans;
use medvirk_records::genesis;
use medvirk_runtime::examination::{Check, Examination};
use medvirk_store::registry::Erasure;
use medvirk_store::{Ownership, RegistryExaminer};

use crate::{GROUP, dead_letters};
use judge::Judge;
use stretch::Controls;

/// What to do when the log or the tables do not answer.
const LATER: &str = "look at the system's own log lines, and run this again";

/// What an examination of the registry looks at.
#[derive(Clone)]
pub struct Examiner {
    /// The log.
    pub log: Arc<dyn Log>,
    /// Catalogues and plans.
    pub plans: Plans,
    /// The registry tables, with credentials that cannot write.
    pub tables: RegistryExaminer,
}

/// Why a partition could not be looked at to its end.
#[derive(Debug, thiserror::Error)]
enum Stopped {
    #[error("the log could not be read: {0}")]
    Log(#[from] LogError),
    #[error("the log could not be read: {0}")]
    Records(#[from] medvirk_records::Error),
    #[error("{0}")]
    Tables(#[from] medvirk_store::Error),
}

impl Examiner {
    /// Compares the registry with the log, as far as registrars have committed it, in whatever
    /// processes they are; and tells what it finds. Safe to drop at any moment.
    pub async fn examine(&self, examination: &Examination) {
        examination.begin("registry").await;
        let mut judge = Judge::new();
        judge.ownership(&ownership(self).await);
        let mut erasures = Vec::new();
        for partition in 0..self.log.partitions(Topic::Events) {
            match look(self, partition, &mut judge).await {
                Ok(controls) => erasures.extend(controls.erasures),
                Err(stopped) => judge.stopped(partition, &stopped),
            }
        }
        judge.beyond(&beyond(self).await);
        let letters = letters(self, &erasures).await;
        judge.letters(letters);
        for check in judge.checks() {
            examination.tell(check).await;
        }
        examination.begin("offsets").await;
        examination.tell(offsets(self).await).await;
    }
}

/// Whose the tables are.
async fn ownership(examiner: &Examiner) -> Result<Ownership, Stopped> {
    match genesis::read(examiner.log.as_ref()).await? {
        Some(genesis) => Ok(examiner.tables.ownership(genesis.deployment).await?),
        // What a log without a genesis is, another check says.
        None => Ok(Ownership::Ours),
    }
}

/// One partition.
async fn look(examiner: &Examiner, partition: u32, judge: &mut Judge) -> Result<Controls, Stopped> {
    let committed = examiner.log.committed(GROUP, Topic::Events, partition);
    let next = committed.await?.unwrap_or(0);
    let controls = stretch::controls(examiner, partition, next).await?;
    let marks = examiner.tables.marks(partition).await?;
    let closes = examiner.tables.period_closes(partition).await?;
    judge.marks(partition, &controls, &marks);
    judge.period_closes(partition, &controls, &closes);
    let odd = stretch::compare(examiner, &controls, judge).await?;
    // Who withdrew in the meantime is being erased just now.
    let leaving = stretch::leaving(examiner, partition, next).await?;
    judge.odd(&controls, &leaving, odd);
    Ok(controls)
}

/// Rows of places that the log has not.
async fn beyond(examiner: &Examiner) -> Result<u64, Stopped> {
    let mut ends = Vec::new();
    let partitions = examiner.log.partitions(Topic::Events);
    // The tables first would be as good: what is in them was in the log before.
    for partition in 0..partitions {
        ends.push(examiner.log.end(Topic::Events, partition).await?);
    }
    // More may have come in since; what a second look finds too was beyond the first ends.
    match examiner.tables.beyond(&ends).await? {
        0 => Ok(0),
        _ => {
            for (partition, end) in (0..).zip(&mut ends) {
                *end = examiner.log.end(Topic::Events, partition).await?;
            }
            Ok(examiner.tables.beyond(&ends).await?)
        }
    }
}

/// Dead letters of people who withdrew.
async fn letters(examiner: &Examiner, erasures: &[Erasure]) -> Result<usize, Stopped> {
    let letters = dead_letters::of(examiner.log.as_ref(), erasures).await?;
    Ok(letters.keys.len())
}

/// What the registrar has committed lies within the log.
async fn offsets(examiner: &Examiner) -> Check {
    let mut check = Check::new("offsets");
    let mut lag = 0;
    let partitions = examiner.log.partitions(Topic::Events);
    for partition in 0..partitions {
        let committed = examiner
            .log
            .committed(GROUP, Topic::Events, partition)
            .await;
        let end = examiner.log.end(Topic::Events, partition).await;
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
