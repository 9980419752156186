//! Whoever keeps the processes running. Comes in: processes. Goes out: where each listens now, and
//! what must not have happened. The invariants: one that ends and asks to be started again is; one
//! that ends otherwise is a complaint, which fails the test.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use serde_json::Value;

use super::Kind;
use super::process::{Group, Process};
use crate::network::Network;
use crate::system::get;

/// How often the processes are looked at.
const EVERY: Duration = Duration::from_millis(50);

/// It may be started again, and then it may go well.
const TEMPORARY: i32 = 75;

/// Every process of a deployment, by name.
pub(super) struct Nodes {
    group: Group,
    network: Network,
    nodes: BTreeMap<String, Node>,
    /// What the supervisor has seen.
    seen: Mutex<Seen>,
}

struct Node {
    kind: Kind,
    process: Process,
    /// Where it listens, once that is known; and how much it had said before it was started.
    place: Mutex<(Option<Place>, usize)>,
}

/// Where a process listens.
#[derive(Clone)]
struct Place {
    /// gRPC; an engine's HTTP.
    serves: SocketAddr,
    /// Health; an engine has none.
    health: Option<String>,
}

#[derive(Default)]
struct Seen {
    complaints: Vec<String>,
    /// How often each has asked to be started again.
    restarts: BTreeMap<String, usize>,
}

impl Nodes {
    pub(super) fn new(group: Group, network: Network) -> Self {
        Self {
            group,
            network,
            nodes: BTreeMap::new(),
            seen: Mutex::default(),
        }
    }

    pub(super) fn add(&mut self, kind: Kind, name: String, process: Process) {
        let place = Mutex::default();
        self.nodes.insert(
            name,
            Node {
                kind,
                process,
                place,
            },
        );
    }

    /// The names of all of a kind.
    pub(super) fn of(&self, kind: Kind) -> Vec<String> {
        let of_kind = self.nodes.iter().filter(|(_, node)| node.kind == kind);
        of_kind.map(|(name, _)| name.clone()).collect()
    }

    /// Starts a process that does not run.
    pub(super) fn start(&self, name: &str) {
        let node = self.node(name);
        if !node.process.is_running() {
            // What an earlier one said is not this one's.
            std::fs::remove_file(node.addresses()).ok();
            *node.place() = (None, node.process.told().len());
            node.process.start(&self.group);
        }
    }

    /// `kill -9`; says so if it did not run.
    pub(super) async fn kill(&self, name: &str) -> bool {
        self.node(name).process.kill().await
    }

    pub(super) fn signal(&self, name: &str, signal: &str) {
        self.node(name).process.signal(signal);
    }

    pub(super) fn set_clock(&self, name: &str, seconds: i64) {
        self.node(name).process.set_clock(seconds);
    }

    /// True once it answers that it is ready; an engine, once it listens.
    pub(super) async fn is_ready(&self, name: &str) -> bool {
        let place = self.node(name).place().0.clone();
        match place {
            None => false,
            Some(Place { health: None, .. }) => true,
            Some(Place {
                health: Some(health),
                ..
            }) => {
                let answer = get(&health, "/readyz", None).await;
                answer.is_some_and(|(status, _)| status == 200)
            }
        }
    }

    /// Looks after them until they are gone.
    pub(super) async fn look_after(nodes: Weak<Self>) {
        while let Some(nodes) = nodes.upgrade() {
            nodes.look();
            drop(nodes);
            tokio::time::sleep(EVERY).await;
        }
    }

    fn look(&self) {
        for (name, node) in &self.nodes {
            match node.process.has_ended() {
                Ok(None) => {}
                Ok(Some(Some(TEMPORARY))) => {
                    *self.seen().restarts.entry(name.clone()).or_default() += 1;
                    self.start(name);
                }
                ended => {
                    let complaint = format!("{name} ended by itself: {ended:?}");
                    self.seen().complaints.push(complaint);
                }
            }
            let mut place = node.place();
            if place.0.is_none()
                && let Some(found) = node.find_place(place.1)
            {
                self.network.place(name, found.serves);
                place.0 = Some(found);
            }
        }
    }

    /// What must not have happened.
    pub(super) fn complaints(&self) -> Vec<String> {
        self.seen().complaints.clone()
    }

    /// How often each has asked to be started again.
    pub(super) fn restarts(&self) -> BTreeMap<String, usize> {
        self.seen().restarts.clone()
    }

    /// Nothing is started any more; all end when the last hold on them goes.
    pub(super) fn end(&self) {
        for node in self.nodes.values() {
            node.process.signal("KILL");
        }
    }

    /// The end of what each said.
    pub(super) fn last_words(&self) -> String {
        let words = |(name, node): (&String, &Node)| {
            let told = node.process.told();
            let lines: Vec<&str> = told.lines().collect();
            let last = &lines[lines.len().saturating_sub(8)..];
            format!("{name}\n    {}", last.join("\n    "))
        };
        let all: Vec<String> = self.nodes.iter().map(words).collect();
        all.join("\n")
    }

    fn node(&self, name: &str) -> &Node {
        let node = self.nodes.get(name);
        node.unwrap_or_else(|| panic!("there is no {name}"))
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to look after them.
    pub(super) fn supervise(self: &Arc<Self>) {
        tokio::spawn(Self::look_after(Arc::downgrade(self)));
    }
}

impl Node {
    fn place(&self) -> MutexGuard<'_, (Option<Place>, usize)> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where a role says where it listens.
    fn addresses(&self) -> std::path::PathBuf {
        self.process.said().with_file_name("data/addresses.json")
    }

    /// As an engine prints it and a role writes it.
    fn find_place(&self, said_before: usize) -> Option<Place> {
        if self.kind == Kind::Engine {
            let told = self.process.told();
            // Whole lines only.
            let lines = told.get(said_before..)?.split_inclusive('\n');
            let mut whole = lines.filter_map(|line| line.strip_suffix('\n')?.parse().ok());
            let serves = whole.next()?;
            return Some(Place {
                serves,
                health: None,
            });
        }
        let text = std::fs::read_to_string(self.addresses()).ok()?;
        let addresses: Value = serde_json::from_str(&text).ok()?;
        Some(Place {
            serves: addresses["grpc"].as_str()?.parse().ok()?,
            health: Some(addresses["admin"].as_str()?.to_owned()),
        })
    }
}
