//! Walking a partition against its tables. Comes in: what was committed. Goes out: what is odd.
//! The invariant: a stretch of the log is read before the tables are, so what it says was there.

use std::collections::{BTreeSet, HashMap, HashSet};

use medvirk_domain::admission::closes_in_time;
use medvirk_domain::ids::Pseudonym;
use medvirk_domain::partition::LogPartition;
use medvirk_domain::record::{ControlRecord, Event, LogRecord, WithdrawalSubject};
use medvirk_eventlog::{LogStep, LogWalk, StoredRecord, Topic};
use medvirk_records::codec;
use medvirk_registrar::registry_rows::{RecordPlace, append_rows};
use medvirk_store::RegistryBatch;
use medvirk_store::registry::{ControlAction, ControlMark, LogKey, OddRow, PartitionErasure};

use super::controls::ControlRecords;
use super::judge::RegistryFindings;
use super::reading::{RegistryReading, RegistryUnreadable};

/// A stretch of the log that is compared at once: so many records, or so many bytes of them.
const RECORDS: usize = 100_000;
const BYTES: usize = 32 << 20;

/// The first walk: through the control records.
pub(super) async fn controls(
    reading: &RegistryReading,
    partition: u32,
    next: u64,
) -> Result<ControlRecords, RegistryUnreadable> {
    let (mut marks, mut closes) = (Vec::new(), BTreeSet::new());
    let mut walk = walk(reading, partition, 0, next);
    while let Some(step) = walk.step().await? {
        for (offset, control) in controls_of(step) {
            match control {
                ControlRecord::PeriodClose { month, ingested_at } => {
                    if closes_in_time(month, ingested_at) {
                        closes.insert(month);
                    }
                }
                other => marks.extend(mark(partition, offset, other)),
            }
        }
    }
    let erasures = medvirk_registrar::erasures(partition, &marks, next);
    Ok(ControlRecords {
        partition,
        next,
        marks,
        closes,
        erasures,
    })
}

/// Who withdrew, or came back, from `from` on: the registrar may be at it.
pub(super) async fn leaving(
    reading: &RegistryReading,
    partition: u32,
    from: u64,
) -> Result<HashSet<Pseudonym>, RegistryUnreadable> {
    let end = reading.log.end(Topic::Events, partition).await?;
    let mut leaving = HashSet::new();
    let mut walk = walk(reading, partition, from, end);
    while let Some(step) = walk.step().await? {
        let marks = controls_of(step).into_iter();
        let marks = marks.filter_map(|(offset, control)| mark(partition, offset, control));
        leaving.extend(marks.map(|mark| mark.subject));
    }
    Ok(leaving)
}

fn walk(reading: &RegistryReading, partition: u32, from: u64, to: u64) -> LogWalk {
    LogWalk::through(reading.log.clone(), Topic::Events, partition, from..to)
}

fn controls_of(step: LogStep) -> Vec<(u64, ControlRecord)> {
    let LogStep::Records { batch, .. } = step else {
        return Vec::new();
    };
    let control = |stored: StoredRecord| match codec::decode_event(stored.value.as_deref()?) {
        Ok(LogRecord::Control(control)) => Some((stored.offset, control)),
        _ => None,
    };
    batch.records.into_iter().filter_map(control).collect()
}

fn mark(partition: u32, log_offset: u64, control: ControlRecord) -> Option<ControlMark> {
    let (subject, action) = match control {
        ControlRecord::Withdrawal {
            subject: WithdrawalSubject::Person(subject) | WithdrawalSubject::Code(subject),
            scope,
        } => (subject, ControlAction::Withdrawn(scope)),
        ControlRecord::Renewal { person } => (person, ControlAction::Renewed),
        ControlRecord::PeriodClose { .. } => return None,
    };
    Some(ControlMark {
        partition,
        log_offset,
        subject,
        action,
    })
}

/// The second walk: everything that was committed, stretch by stretch, with the tables.
pub(super) async fn compare(
    reading: &RegistryReading,
    controls: &ControlRecords,
    judge: &mut RegistryFindings,
) -> Result<Vec<OddRow>, RegistryUnreadable> {
    let mut stretch = LogStretch::new(reading, controls);
    let end = reading.log.end(Topic::Events, controls.partition).await?;
    let mut walk = walk(reading, controls.partition, 0, end);
    while let Some(step) = walk.step().await? {
        match step {
            LogStep::Records { batch, .. } => {
                for stored in batch.records {
                    stretch.apply(stored);
                }
                if stretch.is_full() {
                    stretch.compare_up_to(batch.next, judge).await?;
                }
            }
            LogStep::Damaged { offset, .. } => stretch.unread.extend([offset]),
        }
    }
    stretch.compare_up_to(end, judge).await?;
    judge.lingering(
        controls.partition,
        stretch.lingering.into_values().collect(),
    );
    Ok(stretch.odd)
}

struct LogStretch<'a> {
    reading: &'a RegistryReading,
    controls: &'a ControlRecords,
    by_subject: HashMap<Pseudonym, Vec<&'a PartitionErasure>>,
    partitions: u32,
    from: u64,
    said: RegistryBatch,
    bytes: usize,
    /// Offsets that cannot be read: whatever the tables have of them is right.
    unread: HashSet<u64>,
    /// Records that must be gone and are there, by key, until their tombstone comes.
    lingering: HashMap<Vec<u8>, u64>,
    odd: Vec<OddRow>,
}

impl<'a> LogStretch<'a> {
    fn new(reading: &'a RegistryReading, controls: &'a ControlRecords) -> Self {
        let mut by_subject: HashMap<_, Vec<_>> = HashMap::new();
        for erasure in &controls.erasures {
            by_subject.entry(erasure.subject).or_default().push(erasure);
        }
        Self {
            reading,
            controls,
            by_subject,
            partitions: reading.log.partitions(Topic::Events),
            from: 0,
            said: RegistryBatch::default(),
            bytes: 0,
            unread: HashSet::new(),
            lingering: HashMap::new(),
            odd: Vec::new(),
        }
    }

    fn is_full(&self) -> bool {
        self.said.log_keys.len() >= RECORDS || self.bytes >= BYTES
    }

    fn apply(&mut self, stored: StoredRecord) {
        let Some(value) = &stored.value else {
            self.lingering.remove(&stored.key);
            return;
        };
        if stored.offset >= self.controls.next {
            return;
        }
        let Ok(LogRecord::Event(event)) = codec::decode_event(value) else {
            return;
        };
        if self.must_be_gone(stored.offset, &event) {
            self.lingering.insert(stored.key, stored.offset);
            return;
        }
        self.bytes += value.len();
        self.expect_rows(stored, event);
    }

    fn must_be_gone(&self, offset: u64, event: &Event) -> bool {
        let erasures = self.by_subject.get(&event.subject());
        erasures.is_some_and(|erasures| {
            let covers = |erasure: &&&PartitionErasure| {
                offset < erasure.before && erasure.scope.covers(&event.body)
            };
            erasures.iter().any(|erasure| covers(&erasure))
        })
    }

    /// What the registrar must have brought into the tables.
    fn expect_rows(&mut self, stored: StoredRecord, event: Event) {
        let Some(catalogue) = self.reading.plans.get(&event.catalogue) else {
            // The check of the log names it.
            self.unread.insert(stored.offset);
            return;
        };
        let place = RecordPlace {
            partition: LogPartition {
                number: self.controls.partition,
                of: self.partitions,
            },
            offset: stored.offset,
        };
        self.said.log_keys.push(LogKey {
            subject: event.subject(),
            partition: self.controls.partition,
            log_offset: place.offset,
            key: stored.key,
            registry_form: event.body.is_of_register(),
        });
        // What is refused is among the dead letters and has no row.
        let _ = append_rows(place, event, &catalogue, &mut self.said);
    }

    async fn compare_up_to(
        &mut self,
        next: u64,
        judge: &mut RegistryFindings,
    ) -> Result<(), RegistryUnreadable> {
        let next = next.min(self.controls.next);
        if self.from >= next {
            return Ok(());
        }
        let (partition, tables) = (self.controls.partition, &self.reading.tables);
        let held = tables.held(partition, self.from..next).await?;
        judge.compared(&held, &self.said);
        let mut odd = held.compare(&self.said);
        odd.retain(|one| !self.unread.contains(&one.log_offset));
        self.odd
            .extend(tables.without_repeats(partition, odd).await?);
        (self.from, self.bytes, self.said) = (next, 0, RegistryBatch::default());
        Ok(())
    }
}
