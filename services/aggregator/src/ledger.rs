//! One partition of the ledger, as a task reads it. Comes in: the topic `indicator.ledger`. Goes
//! out: the first close of each month. The invariant: a close counts only once it was read back,
//! so that two tasks that write the same month obey the same record.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use medvirk_domain::row::Close;
use medvirk_domain::time::Month;
use medvirk_eventlog::{Log, NewRecord, Topic};
use medvirk_records::Error;
use medvirk_records::codec::{self, LedgerRecord};

use crate::patience::{patiently, pause};

/// How much is read at a time, in bytes.
const READ_BYTES: usize = 4 << 20;

/// The closes of one partition, as far as they were read.
pub(crate) struct Ledger {
    log: Arc<dyn Log>,
    partition: u32,
    next: u64,
    closes: BTreeMap<Month, Close>,
}

impl Ledger {
    pub(crate) fn new(log: Arc<dyn Log>, partition: u32) -> Self {
        Self {
            log,
            partition,
            next: 0,
            closes: BTreeMap::new(),
        }
    }

    /// By month.
    pub(crate) fn closes(&self) -> &BTreeMap<Month, Close> {
        &self.closes
    }

    /// Reads up to where the ledger ends at the time of the call.
    pub(crate) async fn read_to_end(&mut self) -> Result<(), Error> {
        let end = patiently!(
            "read the ledger",
            self.log.end(Topic::Ledger, self.partition)
        )?;
        while self.next < end {
            let (log, partition, next) = (&self.log, self.partition, self.next);
            let batch = patiently!(
                "read the ledger",
                log.read(Topic::Ledger, partition, next, READ_BYTES, Duration::ZERO)
            )?;
            for stored in &batch.records {
                self.take(stored.offset, stored.value.as_deref().unwrap_or_default())?;
            }
            self.next = batch.next;
        }
        Ok(())
    }

    /// The first close of a month counts.
    fn take(&mut self, offset: u64, value: &[u8]) -> Result<(), Error> {
        let undecodable = |source| Error::Undecodable {
            topic: Topic::Ledger,
            partition: self.partition,
            offset,
            source,
        };
        if let LedgerRecord::Close(close) = codec::decode_ledger(value).map_err(undecodable)? {
            self.closes.entry(close.month).or_insert(close);
        }
        Ok(())
    }

    /// The first close of the month in the ledger. Where there is none yet, appends what
    /// `compute` gives, as often as it takes until one is read.
    pub(crate) async fn first_close(
        &mut self,
        month: Month,
        compute: impl FnOnce() -> Close,
    ) -> Result<(Close, bool), Error> {
        self.read_to_end().await?;
        if let Some(close) = self.closes.get(&month) {
            return Ok((close.clone(), false));
        }
        let computed = compute();
        let value = codec::encode_close(&computed);
        loop {
            let record = NewRecord {
                key: Vec::new(),
                value: Some(value.clone()),
            };
            match self.log.append(Topic::Ledger, self.partition, record).await {
                Ok(_) => {}
                // Unknown is no reason to stop: the read decides, and a second copy is harmless.
                Err(error) if error.is_passing() => pause("append a close", &error).await,
                Err(error) => return Err(error.into()),
            }
            self.read_to_end().await?;
            if let Some(close) = self.closes.get(&month) {
                return Ok((close.clone(), true));
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use medvirk_domain::ids::CatalogueHash;

    use crate::tests::OddLedger;

    fn close(month: &str, offset: u64) -> Close {
        Close {
            month: month.parse().unwrap(),
            offset,
            catalogue: CatalogueHash::new([7; 32]),
            fold_version: 1,
            rows: Vec::new(),
        }
    }

    async fn log() -> (tempfile::TempDir, Arc<dyn Log>) {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("file:{}", dir.path().display());
        let log = medvirk_eventlog::open(&url, 2).await.unwrap();
        (dir, log)
    }

    #[tokio::test]
    async fn the_first_close_of_a_month_is_obeyed_also_when_it_is_somebody_elses() {
        let (_dir, log) = log().await;
        let mut ours = Ledger::new(log.clone(), 1);
        let mut theirs = Ledger::new(log, 1);
        let month = "2024-01".parse().unwrap();
        ours.read_to_end().await.unwrap();
        // They write between our computing and our appending.
        let (first, computed) = theirs
            .first_close(month, || close("2024-01", 8))
            .await
            .unwrap();
        assert!(computed);
        let (obeyed, computed) = ours.first_close(month, || unreachable!()).await.unwrap();
        assert!(!computed);
        assert_eq!(obeyed, first);
    }

    #[tokio::test]
    pub(crate) async fn a_close_that_comes_before_our_own_is_obeyed() {
        let (_dir, log) = log().await;
        let theirs = close("2024-01", 7);
        let log = OddLedger::first_has(log, codec::encode_close(&theirs));
        let mut ledger = Ledger::new(log, 0);
        let ours = || close("2024-01", 8);
        let (obeyed, computed) = ledger.first_close(theirs.month, ours).await.unwrap();
        assert!(computed);
        assert_eq!(obeyed, theirs);
    }

    #[tokio::test]
    pub(crate) async fn of_two_closes_of_a_month_in_the_ledger_the_first_counts() {
        let (_dir, log) = log().await;
        for offset in [3, 4] {
            let record = NewRecord::new(
                b"x".to_vec(),
                codec::encode_close(&close("2024-01", offset)),
            );
            log.append(Topic::Ledger, 0, record).await.unwrap();
        }
        let mut ledger = Ledger::new(log, 0);
        ledger.read_to_end().await.unwrap();
        assert_eq!(
            ledger
                .closes()
                .values()
                .map(|close| close.offset)
                .collect::<Vec<_>>(),
            [3]
        );
    }
}
