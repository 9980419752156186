//! Whether the brokers would acknowledge an append. Comes in: what they say of themselves. Goes out:
//! how many brokers are up, and the first partition of which too few copies are up to date. The
//! invariant: it is asked anew each time. What the producer notes of its own connections tells something
//! else: one that it did not need, or that was idle for long, is closed on a healthy cluster too.

use std::collections::BTreeSet;

use rdkafka::metadata::Metadata;

use super::config::KafkaConfig;
use super::rules::in_sync;
use crate::cause::MissingTopics;
use crate::error::QuorumError;
use crate::topic::Topic;

/// What the brokers say of the topics of a deployment.
#[derive(Debug, Default)]
pub(super) struct ClusterState {
    /// Ids of the brokers that are up.
    up: BTreeSet<i32>,
    partitions: Vec<PartitionState>,
}

#[derive(Debug)]
struct PartitionState {
    topic: String,
    id: i32,
    /// Ids of the brokers that have a copy.
    copies: Vec<i32>,
    /// Ids of those whose copy is up to date; none where nobody leads.
    in_sync: Vec<i32>,
}

impl ClusterState {
    /// Fails where a topic is not there.
    pub(super) fn of(metadata: &Metadata, config: &KafkaConfig) -> Result<Self, MissingTopics> {
        let up = metadata.brokers().iter().map(|broker| broker.id());
        let mut state = Self {
            up: up.collect(),
            partitions: Vec::new(),
        };
        for topic in Topic::ALL.map(|topic| config.topic_name(topic)) {
            let known = metadata.topics().iter().find(|it| it.name() == topic);
            let partitions = known.map(|known| known.partitions()).unwrap_or_default();
            if partitions.is_empty() {
                let topics = vec![topic];
                return Err(MissingTopics { topics });
            }
            let partitions = partitions.iter().map(|partition| PartitionState {
                topic: topic.clone(),
                id: partition.id(),
                copies: partition.replicas().to_vec(),
                in_sync: if partition.leader() < 0 {
                    Vec::new()
                } else {
                    partition.isr().to_vec()
                },
            });
            state.partitions.extend(partitions);
        }
        Ok(state)
    }

    /// How many brokers are up.
    pub(super) fn up(&self) -> usize {
        self.up.len()
    }

    /// How many brokers are up or should be: those that have a copy of something.
    pub(super) fn known(&self) -> usize {
        let with_copies = self.partitions.iter().flat_map(|it| &it.copies);
        let known: BTreeSet<&i32> = with_copies.chain(&self.up).collect();
        known.len()
    }

    /// Fails unless enough copies of each partition are up to date, on brokers that are up.
    pub(super) fn check(&self, replication: u32) -> Result<(), QuorumError> {
        let needed = in_sync(replication) as usize;
        for PartitionState {
            topic, id, in_sync, ..
        } in &self.partitions
        {
            let in_sync = in_sync.iter().filter(|id| self.up.contains(id)).count();
            if in_sync < needed {
                return Err(QuorumError::NoQuorum {
                    topic: topic.clone(),
                    partition: *id,
                    in_sync,
                    needed,
                });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retry::PassingError as _;

    fn cluster(up: &[i32], in_sync: &[i32]) -> ClusterState {
        ClusterState {
            up: up.iter().copied().collect(),
            partitions: vec![PartitionState {
                topic: "feedback.events".to_owned(),
                id: 3,
                copies: vec![1, 2, 3],
                in_sync: in_sync.to_vec(),
            }],
        }
    }

    #[test]
    fn brokers_that_hold_a_copy_and_are_away_are_down() {
        let healthy = cluster(&[1, 2, 3], &[1, 2, 3]);
        assert_eq!((healthy.up(), healthy.known()), (3, 3));
        let one_away = cluster(&[1, 3], &[1, 3]);
        assert_eq!((one_away.up(), one_away.known()), (2, 3));
    }

    #[test]
    fn too_few_copies_are_told_with_their_place() {
        assert!(cluster(&[1, 2, 3], &[2, 3]).check(3).is_ok());
        assert!(cluster(&[1], &[1]).check(1).is_ok());
        // Also one that is not struck off yet although its broker is gone.
        for (up, in_sync) in [
            (&[1, 2, 3][..], &[2][..]),
            (&[1], &[1, 2]),
            (&[1, 2, 3], &[]),
        ] {
            let told = cluster(up, in_sync).check(3).unwrap_err();
            assert!(told.is_passing());
            assert!(told.to_string().starts_with("feedback.events, partition 3"));
        }
    }
}
