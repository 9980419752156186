//! What does not change while a case is explored, and the book in which all that can be written
//! gets a number. Comes in: a tale. Goes out: records, closes, sequences by number. The invariant:
//! equal things have one number, so that states can be compared by numbers.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use medvirk_domain::fold::FOLD_VERSION;
use medvirk_domain::ids::CatalogueHash;
use medvirk_domain::record::{ControlRecord, LogRecord};
use medvirk_domain::row::{Close, Row};
use medvirk_domain::time::Month;
use medvirk_eventlog::NewRecord;
use medvirk_records::catalogue::Plan;
use medvirk_records::codec;
use medvirk_records::genesis::Genesis;
use medvirk_store::{RowsHash, hash_of};

use super::tale::{self, Told, VICTIM};
use crate::rules::FIRST;
use crate::story;
use crate::tables::state::keyed;

/// Months that tables can have in a case.
pub(super) const MONTHS: usize = 4;

/// Of each month a number; what it counts says the field.
pub(super) type PerMonth = [u8; MONTHS];

/// The number of a close.
pub(super) type CloseId = u8;

/// The number of a sequence of closes, as a ledger has them after its genesis.
pub(super) type SequenceId = u32;

/// The number of a checkpoint.
pub(super) type CheckpointId = u16;

type Keyed = BTreeMap<String, (CatalogueHash, Row)>;

/// What does not change.
pub(super) struct Ground {
    pub(super) first: Month,
    pub(super) tale: Vec<Told>,
    pub(super) events: Vec<NewRecord>,
    pub(super) genesis: Vec<u8>,
    pub(super) catalogue: Vec<NewRecord>,
    /// Offsets of the records that are erased, as bits.
    pub(super) victim: u32,
    /// Where the withdrawal is.
    pub(super) withdrawal: Option<u64>,
    /// Where a read may end: before what can be erased, and after what is followed by a
    /// checkpoint. Anywhere else is as good as the next of these.
    pub(super) cuts: Vec<u64>,
    /// How many months are closed before each record.
    pub(super) closed_before: Vec<usize>,
    /// What the ledger must have.
    pub(super) wanted: Vec<CloseId>,
    /// Offsets of the records that are set aside, as bits.
    pub(super) bad: u32,
    book: Mutex<Book>,
}

/// What has a number.
#[derive(Default)]
pub(super) struct Book {
    closes: Vec<(Close, u8)>,
    /// Month, rows, and their hash; 0 is no rows at all.
    contents: Vec<(usize, Keyed, RowsHash)>,
    sequences: Vec<Arc<[CloseId]>>,
    by_sequence: HashMap<Arc<[CloseId]>, SequenceId>,
    checkpoints: Vec<Checkpoint>,
    by_checkpoint: HashMap<CheckpointKey, CheckpointId>,
}

/// A checkpoint that somebody wrote.
#[derive(Clone)]
pub(super) struct Checkpoint {
    pub(super) bytes: Arc<[u8]>,
    /// The records that were folded, as bits.
    pub(super) folded: u32,
    pub(super) next: u64,
}

/// What tells checkpoints apart. Their bytes do not: maps are written in any order.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct CheckpointKey {
    pub(super) folded: u32,
    pub(super) next: u64,
    /// The closes that were obeyed.
    pub(super) obeyed: Vec<Option<CloseId>>,
    /// How it came about, where a broken rule makes that play a part.
    pub(super) trail: Option<(u32, u32)>,
}

impl Ground {
    pub(super) fn new(tale: Vec<Told>) -> Arc<Self> {
        let first = tale::first_month();
        let verdict = tale::fold(&tale);
        let events = tale
            .iter()
            .map(|told| NewRecord::new(codec::event_key([7; 16]), told.encode()))
            .collect();
        let victim = (0..).zip(&tale).filter_map(|(offset, told): (u32, _)| {
            (told.subject() == Some(story::person(VICTIM))).then_some(1 << offset)
        });
        let withdrawal = tale.iter().position(|told| {
            let LogRecord::Control(control) = &told.record else {
                return false;
            };
            matches!(control, ControlRecord::Withdrawal { .. })
        });
        let mut book = Book::default();
        let none = (0, Keyed::new(), RowsHash::empty());
        book.contents.push(none);
        book.sequence(&[]);
        let wanted = verdict.closes.iter().map(|close| book.close(first, close));
        Arc::new(Self {
            first,
            events,
            genesis: codec::encode_genesis(&Genesis::new(1, first)),
            catalogue: catalogue(first, verdict.closes.len()),
            victim: victim.sum(),
            withdrawal: withdrawal.map(|offset| offset as u64),
            closed_before: verdict.closed_before,
            wanted: wanted.collect(),
            bad: verdict.bad,
            cuts: cuts(&tale),
            tale,
            book: Mutex::new(book),
        })
    }

    pub(super) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its place among the months of the case.
    pub(super) fn index_of(&self, month: Month) -> usize {
        index_of(self.first, month)
    }

    pub(super) fn month(&self, index: usize) -> Month {
        self.first.plus(index as i32)
    }
}

fn index_of(first: Month, month: Month) -> usize {
    let months = (0..MONTHS).find(|after| first.plus(*after as i32) == month);
    months.expect("a month of the case")
}

fn catalogue(first: Month, months: usize) -> Vec<NewRecord> {
    let mut records = vec![NewRecord::new(
        b"catalogue".to_vec(),
        codec::encode_catalogue(&FIRST.hash, &FIRST.files),
    )];
    records.extend((0..=months as i32 + 1).map(|after| {
        let plan = codec::encode_plan(&Plan {
            month: first.plus(after),
            catalogue: FIRST.hash,
            fold_version: FOLD_VERSION,
        });
        NewRecord::new(b"plan".to_vec(), plan)
    }));
    records
}

fn cuts(tale: &[Told]) -> Vec<u64> {
    let mut cuts = vec![tale.len() as u64];
    for (offset, told) in (0..).zip(tale) {
        match &told.record {
            LogRecord::Control(_) => cuts.push(offset + 1),
            LogRecord::Event(_) if told.subject() == Some(story::person(VICTIM)) => {
                cuts.push(offset)
            }
            LogRecord::Event(_) => {}
        }
    }
    cuts.sort_unstable();
    cuts.dedup();
    cuts
}

impl Book {
    pub(super) fn close(&mut self, first: Month, close: &Close) -> CloseId {
        if let Some(known) = self.closes.iter().position(|(known, _)| known == close) {
            return known as CloseId;
        }
        let content = self.content(index_of(first, close.month), keyed(close));
        self.closes.push((close.clone(), content));
        CloseId::try_from(self.closes.len() - 1).expect("few closes in a case")
    }

    pub(super) fn close_of(&self, id: CloseId) -> &Close {
        &self.closes[usize::from(id)].0
    }

    /// The number of its rows.
    pub(super) fn content_of(&self, id: CloseId) -> u8 {
        self.closes[usize::from(id)].1
    }

    fn content(&mut self, month: usize, rows: Keyed) -> u8 {
        if rows.is_empty() {
            return 0;
        }
        let known = |known: &(usize, Keyed, RowsHash)| known.0 == month && known.1 == rows;
        if let Some(known) = self.contents.iter().position(known) {
            return known as u8;
        }
        let first = tale::first_month();
        let (catalogue, _) = rows.values().next().expect("it is not empty");
        let hash = hash_of(&Close {
            month: first.plus(month as i32),
            offset: 0,
            catalogue: *catalogue,
            fold_version: FOLD_VERSION,
            rows: rows.values().map(|(_, row)| row.clone()).collect(),
        });
        self.contents.push((month, rows, hash));
        u8::try_from(self.contents.len() - 1).expect("few rows in a case")
    }

    /// What is there when `more` comes to `there`: the last row with a key stays.
    pub(super) fn merged(&mut self, there: u8, more: u8) -> u8 {
        if there == 0 || there == more {
            return more;
        }
        let (month, mut rows, _) = self.contents[usize::from(there)].clone();
        rows.extend(self.contents[usize::from(more)].1.clone());
        self.content(month, rows)
    }

    pub(super) fn hash_of(&self, content: u8) -> RowsHash {
        self.contents[usize::from(content)].2
    }

    /// True if each row of `some` is in `all`.
    pub(super) fn is_within(&self, some: u8, all: u8) -> bool {
        let all = &self.contents[usize::from(all)].1;
        let some = &self.contents[usize::from(some)].1;
        some.iter().all(|(key, row)| all.get(key) == Some(row))
    }

    pub(super) fn sequence(&mut self, closes: &[CloseId]) -> SequenceId {
        if let Some(known) = self.by_sequence.get(closes) {
            return *known;
        }
        let closes: Arc<[CloseId]> = closes.into();
        self.sequences.push(closes.clone());
        let id = self.sequences.len() as SequenceId - 1;
        self.by_sequence.insert(closes, id);
        id
    }

    pub(super) fn sequence_of(&self, id: SequenceId) -> Arc<[CloseId]> {
        self.sequences[id as usize].clone()
    }

    /// The first close of each month in a sequence.
    pub(super) fn firsts(&self, first: Month, id: SequenceId) -> [Option<CloseId>; MONTHS] {
        let mut firsts = [None; MONTHS];
        for close in self.sequence_of(id).iter() {
            let month = index_of(first, self.close_of(*close).month);
            firsts[month] = firsts[month].or(Some(*close));
        }
        firsts
    }

    pub(super) fn checkpoint(&mut self, key: CheckpointKey, bytes: &[u8]) -> CheckpointId {
        if let Some(known) = self.by_checkpoint.get(&key) {
            return *known;
        }
        self.checkpoints.push(Checkpoint {
            bytes: bytes.into(),
            folded: key.folded,
            next: key.next,
        });
        let id = self.checkpoints.len() as CheckpointId - 1;
        self.by_checkpoint.insert(key, id);
        id
    }

    pub(super) fn checkpoint_of(&self, id: CheckpointId) -> Checkpoint {
        self.checkpoints[usize::from(id)].clone()
    }
}
