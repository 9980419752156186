//! What the topics must be like. Comes in: a topic. Goes out: the settings that it is created
//! with, and those on which a promise rests. The invariant: what is created is safe.

use super::config::FRAME_BYTES;
use crate::cause::UnsafeSetting;
use crate::topic::{DEAD_LETTER_DAYS, MAX_RECORD_BYTES, Topic};

/// A tombstone takes effect within this and the time that a segment is written to.
const WEEK_MS: u64 = 7 * 86_400_000;
/// How long a dead letter is kept.
const DEAD_LETTER_MS: u64 = DEAD_LETTER_DAYS * 86_400_000;

/// A setting of a topic on which a promise rests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SettingRule {
    pub(super) setting: &'static str,
    bound: SettingBound,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum SettingBound {
    /// These words, in any order.
    Is(String),
    AtMost(u64),
    AtLeast(u64),
}

impl SettingRule {
    /// What a new topic gets.
    pub(super) fn value(&self) -> String {
        match &self.bound {
            SettingBound::Is(value) => value.clone(),
            SettingBound::AtMost(limit) | SettingBound::AtLeast(limit) => limit.to_string(),
        }
    }

    /// What is wrong with what was found, if something is.
    pub(super) fn judge(&self, topic: &str, found: Option<&str>) -> Option<UnsafeSetting> {
        let found = found.unwrap_or("not told");
        let number = found.parse::<u64>();
        let (safe, is_safe) = match &self.bound {
            SettingBound::Is(value) => (value.clone(), words(value) == words(found)),
            SettingBound::AtMost(limit) => (
                format!("at most {limit}"),
                number.is_ok_and(|number| number <= *limit),
            ),
            SettingBound::AtLeast(limit) => (
                format!("at least {limit}"),
                number.is_ok_and(|number| number >= *limit),
            ),
        };
        let judged = || UnsafeSetting {
            topic: topic.to_owned(),
            setting: self.setting.to_owned(),
            found: found.to_owned(),
            safe,
        };
        (!is_safe).then(judged)
    }
}

fn words(value: &str) -> Vec<&str> {
    let mut words: Vec<&str> = value.split(',').map(str::trim).collect();
    words.sort_unstable();
    words
}

/// How many copies must be up to date for an acknowledgement, where each record is on so many
/// brokers. With one or two, every one must be there for an append, or one is enough.
pub(super) fn in_sync(replication: u32) -> u32 {
    if replication < 3 { 1 } else { 2 }
}

/// What the topic must be like where each record is on so many brokers.
pub(super) fn rules(topic: Topic, replication: u32) -> Vec<SettingRule> {
    let rule = |setting, bound| SettingRule { setting, bound };
    let is = |value: &str| SettingBound::Is(value.to_owned());
    let mut rules = vec![
        rule(
            "min.insync.replicas",
            SettingBound::AtLeast(in_sync(replication).into()),
        ),
        // A broker that missed records must never decide what the log holds.
        rule("unclean.leader.election.enable", is("false")),
        rule(
            "max.message.bytes",
            SettingBound::AtLeast((MAX_RECORD_BYTES + FRAME_BYTES) as u64),
        ),
        // A sender's wrong clock must neither keep a segment open nor make it old.
        rule("message.timestamp.type", is("LogAppendTime")),
    ];
    let erased_within_a_week = [
        rule("segment.ms", SettingBound::AtMost(WEEK_MS)),
        rule("max.compaction.lag.ms", SettingBound::AtMost(WEEK_MS)),
    ];
    match topic {
        Topic::Events => {
            rules.push(rule("cleanup.policy", is("compact")));
            rules.extend(erased_within_a_week);
        }
        Topic::DeadLetter => {
            rules.push(rule("cleanup.policy", is("compact,delete")));
            rules.push(rule("retention.ms", is(&DEAD_LETTER_MS.to_string())));
            rules.push(rule("retention.bytes", is("-1")));
            rules.extend(erased_within_a_week);
        }
        Topic::Ledger | Topic::Catalogue => {
            rules.push(rule("cleanup.policy", is("delete")));
            rules.push(rule("retention.ms", is("-1")));
            rules.push(rule("retention.bytes", is("-1")));
        }
    }
    rules
}

/// What a new topic gets that no promise rests on.
pub(super) fn extras(topic: Topic) -> &'static [(&'static str, &'static str)] {
    match topic {
        // A close of a whole trust is large, and its rows are alike.
        Topic::Ledger => &[("compression.type", "zstd")],
        Topic::Events | Topic::DeadLetter | Topic::Catalogue => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_topic_is_created_with_is_safe() {
        for topic in Topic::ALL {
            for replication in [1, 2, 3, 5] {
                for rule in rules(topic, replication) {
                    let created = rule.value();
                    assert_eq!(rule.judge("t", Some(&created)), None, "{rule:?}");
                    assert!(rule.judge("t", None).is_some(), "{rule:?}");
                }
            }
        }
    }

    #[test]
    fn an_unsafe_setting_is_told_with_its_value_and_the_safe_one() {
        let told = |topic, setting: &str, found| {
            let rules = rules(topic, 3);
            let rule = rules.iter().find(|rule| rule.setting == setting).unwrap();
            let judged = rule.judge(topic.name(), Some(found));
            judged.map(|it| it.to_string()).unwrap_or_default()
        };
        assert_eq!(
            told(Topic::Events, "min.insync.replicas", "1"),
            "feedback.events: min.insync.replicas is 1; safe is at least 2"
        );
        assert_eq!(
            told(Topic::Events, "segment.ms", "604800001"),
            "feedback.events: segment.ms is 604800001; safe is at most 604800000"
        );
        assert_eq!(
            told(Topic::Ledger, "cleanup.policy", "compact"),
            "indicator.ledger: cleanup.policy is compact; safe is delete"
        );
        assert_eq!(
            told(Topic::Ledger, "retention.ms", "604800000"),
            "indicator.ledger: retention.ms is 604800000; safe is -1"
        );
        assert_eq!(
            told(Topic::DeadLetter, "cleanup.policy", "delete,compact"),
            ""
        );
        assert_eq!(told(Topic::Events, "max.compaction.lag.ms", "1000"), "");
    }
}
