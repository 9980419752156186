//! What actors do, found out by running them. Comes in: a local state and an answer. Goes out: the
//! local state after it, and a checkpoint if one was written. The invariant: the code is the
//! aggregator's and the registrar's own; it is run once for each local state and answer, and what
//! it did is written down.
//!
//! A local state stands for every history of answers that leads to it. That histories may be put
//! together is a claim about the code; [`Actors::audit`] tests it with a second history of each.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use medvirk_aggregator::{Aggregator, AggregatorConfig, AggregatorDependencies, AggregatorHandle};
use medvirk_domain::ids::Pseudonym;
use medvirk_domain::record::WithdrawalScope;
use medvirk_domain::time::Month;
use medvirk_eventlog::Log;
use medvirk_records::catalogue::PlanFollower;
use medvirk_registrar::erasure::{self, ErasureStep, PlacedWithdrawal};
use medvirk_runtime::{ManualClock, StopToken};

use super::ground::{CheckpointId, CheckpointKey, Ground, SequenceId};
use super::script::{Answer, Call, Indicator, Registry, Role, Script};
use super::tale::VICTIM;
use crate::rules::LIMITS;
use crate::story;

/// The number of a local state.
pub(super) type NodeId = u32;

/// Where the offset of the next record is in a checkpoint's bytes: after magic, CRC and version.
const NEXT_AT: std::ops::Range<usize> = 20..28;

/// What an actor has been told, as far as it can still matter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
struct Facts {
    /// The events that it has, as bits, and where it reads on.
    events: u32,
    next: u64,
    ledger: SequenceId,
    /// It has read the ledger once; a start with a checkpoint looks like a close otherwise.
    begun: bool,
    /// It has appended a close and wants to read it back.
    appended: bool,
    /// What the tables told in this comparison.
    tables: Vec<Answer>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    role: Role,
    facts: Facts,
    closed: Option<Month>,
    call: Call,
    /// The way here, where all ways are kept apart.
    trail: Option<(NodeId, Answer)>,
}

/// How a local state came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    Start(Option<CheckpointId>),
    /// After that history of that state, with this answer.
    After(NodeId, usize, Answer),
}

struct Node {
    key: Key,
    origins: Vec<Origin>,
    answered: Vec<Answer>,
}

/// What an answer brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Edge {
    pub(super) to: NodeId,
    pub(super) put: Option<CheckpointId>,
}

struct Ran {
    call: Call,
    closed: Option<Month>,
    put: Option<Vec<u8>>,
}

/// Every local state that was met.
pub(super) struct Actors {
    ground: Arc<Ground>,
    plans: PlanFollower,
    /// Histories are not put together.
    apart: bool,
    nodes: Vec<Node>,
    by_key: HashMap<Key, NodeId>,
    edges: HashMap<(NodeId, Answer), Edge>,
    starts: HashMap<(Role, Option<CheckpointId>), NodeId>,
    /// How often the code was run.
    pub(super) runs: u64,
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without I/O starts")
}

impl Actors {
    pub(super) fn new(ground: &Arc<Ground>, apart: bool) -> Self {
        let log: Arc<dyn Log> = Script::new(ground, Role::Eraser, None, Vec::new());
        let plans = runtime().block_on(PlanFollower::open(log, LIMITS));
        Self {
            ground: ground.clone(),
            plans: plans.expect("the catalogue of the case loads"),
            apart,
            nodes: Vec::new(),
            by_key: HashMap::new(),
            edges: HashMap::new(),
            starts: HashMap::new(),
            runs: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// What it asks there.
    pub(super) fn call(&self, node: NodeId) -> &Call {
        &self.nodes[node as usize].key.call
    }

    /// True if nothing of a comparison of the tables is left in memory.
    pub(super) fn is_at_rest(&self, node: NodeId) -> bool {
        self.nodes[node as usize].key.facts.tables.is_empty()
    }

    /// An actor that begins, with a checkpoint or with none.
    pub(super) fn start(&mut self, role: Role, from: Option<CheckpointId>) -> NodeId {
        if let Some(known) = self.starts.get(&(role, from)) {
            return *known;
        }
        let mut facts = Facts::default();
        if let Some(from) = from {
            let kept = self.ground.book().checkpoint_of(from);
            (facts.events, facts.next) = (kept.folded, kept.next);
        }
        let ran = self.run(role, Origin::Start(from), None);
        let key = Key {
            role,
            facts,
            closed: ran.closed,
            call: ran.call,
            trail: None,
        };
        let node = self.note(key, Origin::Start(from));
        self.starts.insert((role, from), node);
        node
    }

    /// What an answer brings; the code is run where that is not known yet.
    pub(super) fn answer(&mut self, node: NodeId, answer: Answer) -> Edge {
        if let Some(edge) = self.edges.get(&(node, answer)) {
            return *edge;
        }
        let edge = self.try_out(node, 0, answer);
        self.nodes[node as usize].answered.push(answer);
        self.edges.insert((node, answer), edge);
        edge
    }

    fn try_out(&mut self, node: NodeId, history: usize, answer: Answer) -> Edge {
        let Node { key, origins, .. } = &self.nodes[node as usize];
        let (role, before) = (key.role, key.call.clone());
        let mut facts = key.facts.clone();
        let ran = self.run(role, origins[history], Some((before.clone(), answer)));
        facts.take(&before, answer);
        if ran.call == Call::Marks && answer != Answer::Done {
            // A comparison is over.
            facts.tables.clear();
        }
        let put = ran.put.as_ref().map(|bytes| {
            let trail = self.apart.then_some((node, self.edges.len() as u32));
            self.keep(bytes, &facts, trail)
        });
        // A publisher goes on for ever, so its histories have no end.
        let apart = self.apart && role != Role::Publisher;
        let key = Key {
            role,
            facts,
            closed: ran.closed,
            call: ran.call,
            trail: apart.then_some((node, answer)),
        };
        let to = self.note(key, Origin::After(node, history, answer));
        Edge { to, put }
    }

    fn keep(&self, bytes: &[u8], facts: &Facts, trail: Option<(u32, u32)>) -> CheckpointId {
        let next = bytes[NEXT_AT].try_into().map(u64::from_le_bytes);
        let next = next.expect("a checkpoint says where it was written");
        let mut book = self.ground.book();
        let firsts = book.firsts(self.ground.first, facts.ledger);
        let closed = self.ground.closed_before[next as usize];
        let key = CheckpointKey {
            folded: facts.events & ((1 << next) - 1),
            next,
            obeyed: firsts[..closed].to_vec(),
            trail,
        };
        book.checkpoint(key, bytes)
    }

    fn note(&mut self, key: Key, origin: Origin) -> NodeId {
        if let Some(known) = self.by_key.get(&key) {
            let origins = &mut self.nodes[*known as usize].origins;
            if origins.len() < 2 && !origins.contains(&origin) {
                origins.push(origin);
            }
            return *known;
        }
        let id = self.nodes.len() as NodeId;
        self.by_key.insert(key.clone(), id);
        self.nodes.push(Node {
            key,
            origins: vec![origin],
            answered: Vec::new(),
        });
        id
    }

    /// Follows a second history of every state that has one. Says how many answers were tried,
    /// or where two histories that were put together go different ways.
    pub(super) fn audit(&mut self) -> Result<u64, String> {
        let mut tried = 0;
        let mut open: Vec<NodeId> = (0..self.nodes.len() as NodeId).collect();
        let mut done = vec![false; self.nodes.len()];
        while let Some(node) = open.pop() {
            let Node {
                origins, answered, ..
            } = &self.nodes[node as usize];
            if origins.len() < 2 || std::mem::replace(&mut done[node as usize], true) {
                continue;
            }
            for answer in answered.clone() {
                let (first, second) = (self.edges[&(node, answer)], self.try_out(node, 1, answer));
                tried += 1;
                if first != second {
                    return Err(self.differ(node, answer, [first, second]));
                }
                // It may have got its second history by this.
                open.push(first.to);
            }
        }
        Ok(tried)
    }

    fn differ(&self, node: NodeId, answer: Answer, edges: [Edge; 2]) -> String {
        let [first, second] = edges.map(|edge| (&self.nodes[edge.to as usize].key, edge.put));
        let key = &self.nodes[node as usize].key;
        format!("two histories of {key:?} differ after {answer:?}: {first:?}, {second:?}")
    }

    fn history(&self, origin: Origin) -> (Option<CheckpointId>, Vec<(Call, Answer)>) {
        let (mut at, mut answers) = (origin, Vec::new());
        loop {
            match at {
                Origin::Start(from) => {
                    answers.reverse();
                    return (from, answers);
                }
                Origin::After(node, history, answer) => {
                    answers.push((self.call(node).clone(), answer));
                    at = self.nodes[node as usize].origins[history];
                }
            }
        }
    }

    fn run(&mut self, role: Role, origin: Origin, more: Option<(Call, Answer)>) -> Ran {
        self.runs += 1;
        let (from, mut answers) = self.history(origin);
        answers.extend(more);
        let start = from.map(|from| self.ground.book().checkpoint_of(from).bytes.to_vec());
        let script = Script::new(&self.ground, role, start, answers);
        let runtime = runtime();
        let (ended, closed) = match role {
            Role::Eraser => {
                let offset = self.ground.withdrawal.expect("somebody withdraws");
                (runtime.block_on(erase(&script, offset)), None)
            }
            Role::Task | Role::Publisher => runtime.block_on(self.aggregate(&script)),
        };
        drop(runtime);
        let (call, put) = script.outcome();
        Ran {
            call: ended.or(call).expect("it waits or has ended"),
            closed,
            put,
        }
    }

    async fn aggregate(&self, script: &Arc<Script>) -> (Option<Call>, Option<Month>) {
        let deps = AggregatorDependencies {
            log: script.clone(),
            plans: self.plans.clone(),
            writer: Arc::new(Indicator(script.clone())),
            checkpoints: script.clone(),
            clock: Arc::new(ManualClock::default()),
        };
        let config = AggregatorConfig {
            first_month: self.ground.first,
            compare_every: Duration::from_secs(60),
        };
        let aggregator = Aggregator::new(config, deps);
        let handle: AggregatorHandle = aggregator.handle();
        let ended = tokio::select! {
            biased;
            ended = aggregator.run(StopToken::new()) => Some(Call::Stopped(format!("{ended:?}"))),
            () = script.stuck.notified() => None,
        };
        (ended, handle.progress()[0].closed)
    }
}

/// The registrar's steps, from the first one on after any error.
async fn erase(script: &Arc<Script>, offset: u64) -> Option<Call> {
    let subject: Pseudonym = story::person(VICTIM);
    let withdrawal = PlacedWithdrawal {
        partition: 0,
        offset,
        subject,
        scope: WithdrawalScope::All,
    };
    let registry = Registry(script.clone());
    let all = async {
        'again: loop {
            for step in ErasureStep::ALL {
                let done = erasure::perform(step, &withdrawal, script.as_ref(), &registry).await;
                if done.is_err() {
                    continue 'again;
                }
            }
            return Call::Done;
        }
    };
    tokio::select! {
        biased;
        done = all => Some(done),
        () = script.stuck.notified() => None,
    }
}

impl Facts {
    fn take(&mut self, call: &Call, answer: Answer) {
        self.appended = matches!(call, Call::Append(_));
        match (call, answer) {
            (_, Answer::Events(bits, next)) => {
                self.events |= bits;
                self.next = next;
            }
            (Call::Ledger, Answer::Ledger(ledger)) => {
                self.ledger = ledger;
                self.begun = true;
            }
            _ => {}
        }
        let compares = matches!(call, Call::Marks | Call::Months | Call::Rows(_));
        let in_comparison = !self.tables.is_empty();
        if compares || in_comparison {
            self.tables.push(answer);
        }
    }
}
