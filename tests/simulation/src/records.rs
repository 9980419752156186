//! The records of the simulated log. Comes in: appends and compactions. Goes out: what a reader
//! sees. The invariant: what was erased is never read again; the judge alone still has it.

use medvirk_eventlog::{NewRecord, RecordBatch, StoredRecord, Topic};

/// The records of every topic.
pub(crate) struct Records {
    events: Vec<Vec<Slot>>,
    ledger: Vec<Vec<Slot>>,
    dead_letter: Vec<Slot>,
    catalogue: Vec<Slot>,
}

/// A place in the log.
pub(crate) struct Slot {
    pub(crate) record: NewRecord,
    pub(crate) erased: bool,
}

impl Records {
    pub(crate) fn new(partitions: u32) -> Self {
        let empty = || (0..partitions).map(|_| Vec::new()).collect();
        Self {
            events: empty(),
            ledger: empty(),
            dead_letter: Vec::new(),
            catalogue: Vec::new(),
        }
    }

    pub(crate) fn of(&self, topic: Topic, partition: u32) -> &[Slot] {
        match topic {
            Topic::Events => &self.events[partition as usize],
            Topic::Ledger => &self.ledger[partition as usize],
            Topic::DeadLetter => &self.dead_letter,
            Topic::Catalogue => &self.catalogue,
        }
    }

    fn of_mut(&mut self, topic: Topic, partition: u32) -> &mut Vec<Slot> {
        match topic {
            Topic::Events => &mut self.events[partition as usize],
            Topic::Ledger => &mut self.ledger[partition as usize],
            Topic::DeadLetter => &mut self.dead_letter,
            Topic::Catalogue => &mut self.catalogue,
        }
    }

    pub(crate) fn append(&mut self, topic: Topic, partition: u32, record: NewRecord) -> u64 {
        let slots = self.of_mut(topic, partition);
        slots.push(Slot {
            record,
            erased: false,
        });
        slots.len() as u64 - 1
    }

    pub(crate) fn end(&self, topic: Topic, partition: u32) -> u64 {
        self.of(topic, partition).len() as u64
    }

    /// From `from` on, at most so many places.
    pub(crate) fn read(&self, topic: Topic, partition: u32, from: u64, most: usize) -> RecordBatch {
        let slots = self.of(topic, partition);
        let next = slots.len().min(from as usize + most);
        let places = from as usize..next;
        let records = places
            .filter(|place| !slots[*place].erased)
            .map(|place| {
                let NewRecord { key, value } = slots[place].record.clone();
                let offset = place as u64;
                StoredRecord { offset, key, value }
            })
            .collect();
        RecordBatch {
            records,
            next: next as u64,
        }
    }

    /// Erases what tombstones name, and the tombstones if so wished. Says how much.
    pub(crate) fn compact(&mut self, tombstones_too: bool) -> u64 {
        let topics = self.events.iter_mut().chain([&mut self.dead_letter]);
        topics.map(|slots| compact(slots, tombstones_too)).sum()
    }
}

fn compact(slots: &mut [Slot], tombstones_too: bool) -> u64 {
    let is_tombstone = |slot: &Slot| !slot.erased && slot.record.value.is_none();
    if !slots.iter().any(is_tombstone) {
        return 0;
    }
    let mut dead = std::collections::BTreeSet::new();
    let mut erased = 0;
    for slot in slots.iter_mut().rev().filter(|slot| !slot.erased) {
        if slot.record.value.is_none() {
            dead.insert(slot.record.key.clone());
            slot.erased = tombstones_too;
        } else if dead.contains(&slot.record.key) {
            slot.erased = true;
            erased += 1;
        }
    }
    erased
}
