//! One partition of the ledger, as whoever needs its rows reads it. Comes in: the topic
//! `indicator.ledger`. Goes out: the first close of each month. The invariant: of two closes of a
//! month the first counts, for everybody.
//!
//! Whoever only asks whether a month is closed decodes no rows: [`wait_for_close`].

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use medvirk_domain::row::Close;
use medvirk_domain::time::Month;
use medvirk_eventlog::{
    Log, LogAppendError, LogWalk, NewRecord, StoredRecord, Topic, repeat_while_passing,
};

use crate::codec::outline_ledger;
use crate::codec::{DecodeError, LedgerOutline, LedgerRecord, decode_ledger, encode_close};
use crate::error::{LedgerReadError, UndecodableRecord};

/// How much is read at a time while waiting for a close, in bytes.
const READ_BYTES: usize = 4 << 20;
/// How long a read waits for a close that is not there yet.
const READ_WAIT: Duration = Duration::from_millis(500);

/// The closes of one partition, as far as they were read.
pub struct LedgerView {
    log: Arc<dyn Log>,
    partition: u32,
    next: u64,
    closes: BTreeMap<Month, Close>,
}

impl LedgerView {
    /// A view of a partition of which nothing is read yet.
    pub fn new(log: Arc<dyn Log>, partition: u32) -> Self {
        Self {
            log,
            partition,
            next: 0,
            closes: BTreeMap::new(),
        }
    }

    /// The first close of each month, as far as the ledger was read.
    pub fn closes(&self) -> &BTreeMap<Month, Close> {
        &self.closes
    }

    /// Reads up to where the ledger ends at the time of the call. Waits for a log that does not
    /// answer.
    ///
    /// # Errors
    /// When a record is damaged or cannot be decoded, or when the log fails for good.
    pub async fn read_to_end(&mut self) -> Result<(), LedgerReadError> {
        let (log, partition) = (self.log.clone(), self.partition);
        let end = repeat_while_passing(|| log.end(Topic::Ledger, partition), warn).await?;
        while self.next < end {
            let next = self.next;
            let read = || async {
                let mut walk = LogWalk::through(&*log, Topic::Ledger, partition, next..end);
                walk.batch().await
            };
            // A view that ends before the end of the ledger would lack closes.
            let Some(batch) = repeat_while_passing(read, warn).await? else {
                continue;
            };
            for stored in &batch.records {
                self.apply(stored)?;
            }
            self.next = batch.next;
        }
        Ok(())
    }

    /// Appends a close. It counts only once it was read back, and only if it is the first of its
    /// month.
    ///
    /// # Errors
    /// Those of an append.
    pub async fn append(&self, close: &Close) -> Result<(), LogAppendError> {
        let record = NewRecord::new(Vec::new(), encode_close(close));
        let appended = self.log.append(Topic::Ledger, self.partition, record).await;
        appended.map(|_| ())
    }

    fn apply(&mut self, stored: &StoredRecord) -> Result<(), LedgerReadError> {
        let value = stored.value.as_deref().unwrap_or_default();
        let decoded =
            decode_ledger(value).map_err(|source| undecodable(self.partition, stored, source));
        if let LedgerRecord::Close(close) = decoded? {
            self.closes.entry(close.month).or_insert(close);
        }
        Ok(())
    }
}

/// Waits until a partition's ledger has a close of that month or of a later one. Closes are
/// appended in the order of their months, so the last one tells. No row is decoded.
///
/// # Errors
/// When the log fails, or a record cannot be decoded.
pub async fn wait_for_close(
    log: &dyn Log,
    partition: u32,
    month: Month,
) -> Result<(), LedgerReadError> {
    let mut next = 0;
    loop {
        let batch = log
            .read(Topic::Ledger, partition, next, READ_BYTES, READ_WAIT)
            .await?;
        for stored in &batch.records {
            let value = stored.value.as_deref().unwrap_or_default();
            let outline =
                outline_ledger(value).map_err(|source| undecodable(partition, stored, source))?;
            if matches!(outline, LedgerOutline::Close { month: closed } if closed >= month) {
                return Ok(());
            }
        }
        next = batch.next;
    }
}

fn undecodable(partition: u32, stored: &StoredRecord, source: DecodeError) -> UndecodableRecord {
    UndecodableRecord {
        topic: Topic::Ledger,
        partition,
        offset: stored.offset,
        source,
    }
}

fn warn(error: &impl Display) {
    let what = "read the ledger";
    tracing::warn!(what, %error, "the log fails; trying again");
}
