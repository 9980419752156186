//! Which months the log has something of. Comes in: `feedback.events`. Goes out: whether a month may
//! be closed without anybody asking. The invariant: a month that no record speaks of and through which
//! the service was not in use is not closed by itself, because a close is for ever and its records may
//! still be on their way.

use std::collections::BTreeSet;
use std::sync::Arc;

use medvirk_domain::record::LogRecord;
use medvirk_domain::time::Month;
use medvirk_eventlog::{Log, LogStep, LogStepError, LogWalk, Topic};
use medvirk_records::codec;

/// What to do with a month that is due and of which the log has nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EmptyMonths {
    /// It stays open until its records come, or until somebody closes it.
    #[default]
    StayOpen,
    /// It is closed like every other one.
    Close,
}

/// What was read of the log so far; each record is read once.
pub struct RecordedMonths {
    log: Arc<dyn Log>,
    /// Where reading goes on in each partition.
    next: Vec<u64>,
    months: BTreeSet<Month>,
    /// When the first of all records was taken in, in milliseconds since 1970.
    in_use_since: Option<i64>,
}

impl RecordedMonths {
    /// Nothing is read yet.
    pub fn new(log: Arc<dyn Log>) -> Self {
        let partitions = log.partitions(Topic::Events);
        Self {
            log,
            next: vec![0; partitions as usize],
            months: BTreeSet::new(),
            in_use_since: None,
        }
    }

    /// True if the log has an event of the month, or had any event when the month could first be
    /// closed: then the service was in use, and the month was a quiet one. Reads no further than
    /// it must.
    ///
    /// # Errors
    /// When the log does not answer. Damage is gone round: what is behind it may tell as well.
    pub async fn has(&mut self, month: Month) -> Result<bool, LogStepError> {
        for partition in 0..self.next.len() {
            if self.tells(month) {
                return Ok(true);
            }
            self.read(partition, month).await?;
        }
        Ok(self.tells(month))
    }

    fn tells(&self, month: Month) -> bool {
        let was_in_use = |since| since < month.closes_from();
        self.months.contains(&month) || self.in_use_since.is_some_and(was_in_use)
    }

    async fn read(&mut self, partition: usize, month: Month) -> Result<(), LogStepError> {
        let number = u32::try_from(partition).expect("partitions are counted by u32");
        let end = self.log.end(Topic::Events, number).await?;
        let range = self.next[partition].min(end)..end;
        let mut walk = LogWalk::through(self.log.clone(), Topic::Events, number, range);
        while let Some(step) = walk.step().await? {
            self.next[partition] = match step {
                LogStep::Records { batch, .. } => {
                    let values = batch.records.iter().filter_map(|it| it.value.as_deref());
                    values.for_each(|value| self.note(value));
                    batch.next
                }
                LogStep::Damaged { offset, .. } => offset + 1,
            };
            if self.tells(month) {
                return Ok(());
            }
        }
        self.next[partition] = end;
        Ok(())
    }

    fn note(&mut self, value: &[u8]) {
        if let Ok(LogRecord::Event(event)) = codec::decode_event(value) {
            let since = self.in_use_since.get_or_insert(event.ingested_at);
            *since = event.ingested_at.min(*since);
            self.months.insert(event.body.month());
        }
    }
}

#[cfg(test)]
mod tests {
    use medvirk_domain::ids::{CatalogueHash, Pseudonym};
    use medvirk_domain::record::{Event, EventBody};
    use medvirk_eventlog::NewRecord;

    use super::*;

    fn month(text: &str) -> Month {
        text.parse().unwrap()
    }

    /// An event of a month that was taken in when another month could be closed.
    fn event(of: &str, taken_in: &str) -> NewRecord {
        let event = Event {
            sender: "tablet".to_owned(),
            catalogue: CatalogueHash::new([1; 32]),
            submission_id: [2; 16],
            ingested_at: month(taken_in).closes_from(),
            unit: "unit-a".parse().unwrap(),
            body: EventBody::InvitationIssued {
                code: Pseudonym::new([3; 16]),
                month: month(of),
            },
        };
        let key = codec::event_key(event.submission_id);
        NewRecord::new(key, codec::encode_event(&event))
    }

    async fn log(events: &[(u32, NewRecord)]) -> (tempfile::TempDir, Arc<dyn Log>) {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("file:{}", dir.path().display());
        let log = medvirk_eventlog::open(&url, 2).await.unwrap();
        for (partition, event) in events {
            let stored = log.append(Topic::Events, *partition, event.clone());
            stored.await.unwrap();
        }
        (dir, log)
    }

    #[tokio::test]
    async fn before_the_first_record_no_month_has_any() {
        let (_dir, log) = log(&[]).await;
        let mut recorded = RecordedMonths::new(log.clone());
        assert!(!recorded.has(month("2024-01")).await.unwrap());

        log.append(Topic::Events, 1, event("2024-03", "2024-05"))
            .await
            .unwrap();
        for (asked, has) in [("2024-02", false), ("2024-03", true), ("2024-04", false)] {
            assert_eq!(recorded.has(month(asked)).await.unwrap(), has, "{asked}");
        }
    }

    #[tokio::test]
    async fn a_quiet_month_of_a_service_in_use_counts_as_recorded() {
        let (_dir, log) = log(&[(0, event("2024-01", "2024-03"))]).await;
        let mut recorded = RecordedMonths::new(log);
        // Taken in when March could be closed, so it tells nothing of February and March.
        for (asked, has) in [("2024-02", false), ("2024-03", false), ("2024-04", true)] {
            assert_eq!(recorded.has(month(asked)).await.unwrap(), has, "{asked}");
        }
    }

    #[tokio::test]
    async fn the_first_of_all_records_counts_in_whatever_partition_it_is() {
        let of_two = [
            (0, event("2024-06", "2024-06")),
            (1, event("2024-01", "2024-01")),
        ];
        let (_dir, log) = log(&of_two).await;
        let mut recorded = RecordedMonths::new(log);
        assert!(recorded.has(month("2024-02")).await.unwrap());
        assert!(
            !RecordedMonths::new(recorded.log.clone())
                .has(month("2023-12"))
                .await
                .unwrap()
        );
    }
}
