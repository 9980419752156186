//! What the registrar does to the log, and compaction. Comes in: the events of a partition. Goes
//! out: tombstones, and then gaps. The invariant is the registrar's: a withdrawal erases nothing
//! before the ledger has every close that precedes it (design §5).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use medvirk_domain::ids::Pseudonym;
use medvirk_domain::record::{Control, Event, EventBody, Record, Scope, Subject};
use medvirk_domain::time::Month;
use medvirk_eventlog::{NewRecord, Stored, Topic, codec};

use crate::world::{Link, World};

struct Eraser {
    link: Link,
    partition: u32,
    first: Month,
    hasty: bool,
    withdrawn: BTreeSet<Pseudonym>,
    keys: Vec<(Pseudonym, Vec<u8>)>,
    newest_close: Option<Month>,
}

fn subject_of(event: &Event) -> Pseudonym {
    match &event.body {
        EventBody::EpisodeOpened { episode, .. }
        | EventBody::Session { episode, .. }
        | EventBody::EpisodeClosed { episode, .. }
        | EventBody::RegistryForm { episode, .. } => episode.person,
        EventBody::InvitationIssued { code, .. } | EventBody::DischargeSurvey { code, .. } => *code,
    }
}

/// Erases in one partition for ever. A hasty one does not wait for the ledger.
pub(crate) async fn run(world: Arc<World>, partition: u32, first: Month, hasty: bool) {
    let mut eraser = Eraser {
        link: Link::outside(&world),
        partition,
        first,
        hasty,
        withdrawn: BTreeSet::new(),
        keys: Vec::new(),
        newest_close: None,
    };
    let mut next = 0;
    loop {
        eraser.link.step().await;
        let batch = world
            .state()
            .records
            .read(Topic::Events, partition, next, 8);
        for stored in &batch.records {
            eraser.take(stored).await;
        }
        next = batch.next;
        world.state().erased_up_to[partition as usize] = next;
        if batch.records.is_empty() {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

/// Compacts now and then.
pub(crate) async fn compact(world: Arc<World>) {
    loop {
        let (pause, too) = {
            let mut state = world.state();
            (state.random.millis(5_000), state.random.percent(30))
        };
        tokio::time::sleep(pause).await;
        let mut state = world.state();
        let erased = state.records.compact(too);
        state.counts.erased += erased;
        if state.fault(10) {
            state.lose_a_part();
        }
    }
}

impl Eraser {
    async fn take(&mut self, stored: &Stored) {
        let Some(value) = &stored.value else {
            return;
        };
        match codec::decode_event(value) {
            Ok(Record::Event(event)) => {
                let subject = subject_of(&event);
                match self.withdrawn.contains(&subject) {
                    true => self.tombstone(&stored.key).await,
                    false => self.keys.push((subject, stored.key.clone())),
                }
            }
            Ok(Record::Control(Control::PeriodClose { month, ingested_at })) => {
                if ingested_at >= month.closes_from() && month >= self.first {
                    self.newest_close = self.newest_close.max(Some(month));
                }
            }
            Ok(Record::Control(Control::Withdrawal { subject, scope })) => {
                let (Subject::Person(subject) | Subject::Code(subject)) = subject;
                if scope == Scope::All {
                    self.erase(subject).await;
                }
            }
            Ok(Record::Control(Control::Renewal { person })) => {
                self.withdrawn.remove(&person);
            }
            Err(_) => {}
        }
    }

    async fn erase(&mut self, subject: Pseudonym) {
        while !self.hasty && !self.ledger_is_there() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let keys = std::mem::take(&mut self.keys);
        let (erased, kept) = keys.into_iter().partition(|(whose, _)| *whose == subject);
        self.keys = kept;
        let erased: Vec<(Pseudonym, Vec<u8>)> = erased;
        for (_, key) in &erased {
            self.tombstone(key).await;
        }
        self.withdrawn.insert(subject);
    }

    fn ledger_is_there(&self) -> bool {
        let state = self.link.state();
        let last = state.closes[self.partition as usize].keys().next_back();
        self.newest_close.as_ref() <= last
    }

    async fn tombstone(&self, key: &[u8]) {
        self.link.step().await;
        let gone = [NewRecord::tombstone(key.to_owned())];
        let mut state = self.link.state();
        state.store(Topic::Events, self.partition, &gone);
        state.store(Topic::DeadLetter, 0, &gone);
    }
}
