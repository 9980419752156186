//! A share in a group's work, as Kafka's own consumer groups deal it out. Comes in: a group. Goes
//! out: which partitions of the events are this member's. The invariant: the group deals out
//! partitions and nothing else; its member reads nothing, and commits nothing.
//!
//! Where the group reads on is committed under another name, by clients that are in no group: the
//! brokers refuse such a commit to a group that has members.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rdkafka::config::FromClientConfigAndContext as _;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use tokio::sync::{oneshot, watch};

use super::config::KafkaConfig;
use super::context::AssignmentContext;
use super::refusal::unusable;
use crate::cause::UnavailableLog;
use crate::membership::GroupMembership;
use crate::topic::Topic;

/// How often the member looks what is its own.
const EVERY: Duration = Duration::from_millis(100);

/// A thread that is the member. Dropped, it leaves the group; nobody waits for that.
struct GroupMember {
    left: Arc<AtomicBool>,
    _thread: JoinHandle<()>,
}

impl Drop for GroupMember {
    fn drop(&mut self) {
        self.left.store(true, Ordering::Release);
    }
}

/// Joins a group of consumers.
pub(super) fn join(config: &KafkaConfig, group: &str) -> Result<GroupMembership, UnavailableLog> {
    let made =
        BaseConsumer::from_config_and_context(&config.member(group), AssignmentContext::default());
    let consumer: BaseConsumer<AssignmentContext> = made.map_err(unusable)?;
    let topic = config.topic_name(Topic::Events);
    consumer.subscribe(&[&topic]).map_err(unusable)?;
    let (share, told) = watch::channel(None);
    let left = Arc::new(AtomicBool::new(false));
    let until = left.clone();
    let (tell, gone) = oneshot::channel();
    let named = thread::Builder::new().name(format!("member-{group}"));
    let spawned = named.spawn(move || {
        while !until.load(Ordering::Acquire) {
            look(&consumer, &share);
        }
        // It says so to the others as it goes.
        drop(consumer);
        tell.send(()).ok();
    });
    let thread = spawned.map_err(|error| UnavailableLog::because("join the group", error))?;
    let member = GroupMember {
        left,
        _thread: thread,
    };
    Ok(GroupMembership::shared(told, Box::new(member), gone))
}

/// Takes part for a moment, and tells what is new.
fn look(consumer: &BaseConsumer<AssignmentContext>, share: &watch::Sender<Option<BTreeSet<u32>>>) {
    // A record that came before its partition was stopped is dropped: tasks read for themselves.
    // Errors are the library's to mend, and whoever needs the brokers warns.
    drop(consumer.poll(EVERY));
    match stop_reading(consumer) {
        Ok(own) => {
            let own = consumer.context().is_dealt().then_some(own);
            share.send_if_modified(|known| {
                let new = *known != own;
                *known = own;
                new
            });
        }
        Err(error) => tracing::debug!(%error, "cannot tell the share of the work"),
    }
}

/// The partitions that are this member's, none of them read.
fn stop_reading(consumer: &BaseConsumer<AssignmentContext>) -> Result<BTreeSet<u32>, KafkaError> {
    let own = consumer.assignment()?;
    if own.count() > 0 {
        consumer.pause(&own)?;
    }
    let partitions = own.elements();
    let numbers = partitions.iter().map(|element| element.partition());
    Ok(numbers
        .filter_map(|number| u32::try_from(number).ok())
        .collect())
}
