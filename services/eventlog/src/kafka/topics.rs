//! The topics on the brokers. Comes in: what they must be like. Goes out: topics that are there
//! and are like that, or what is wrong with which. The invariant: nothing that is there already is
//! changed.

use std::time::{Duration, Instant};

use rdkafka::admin::{
    AdminClient, AdminOptions, ConfigResource, ConfigResourceResult, NewTopic, ResourceSpecifier,
    TopicReplication,
};
use rdkafka::config::FromClientConfigAndContext as _;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::metadata::Metadata;

use super::config::KafkaConfig;
use super::context::BrokerContext;
use super::refusal::{unreachable, unusable};
use super::rules::{extras, rules};
use crate::cause::{MissingTopics, PartitionCountMismatch, UnsafeSetting, UnsafeSettings};
use crate::error::{ClientStartError, LogSettingsError, TopicCreationError};
use crate::log::ROLL_EVERY;
use crate::topic::Topic;

/// How long a new topic may take until every broker knows it.
const KNOWN: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(100);

/// Creates the topics that are not there, and checks all. Returns those that were not there.
///
/// # Errors
/// Without brokers, where they refuse, and where a topic that is there already is not as it must be.
pub async fn create(
    config: &KafkaConfig,
    partitions: u32,
) -> Result<Vec<Topic>, TopicCreationError> {
    create_with(config, partitions, &[]).await
}

/// The same with other settings for those that are compacted, for tests.
pub(crate) async fn create_with(
    config: &KafkaConfig,
    partitions: u32,
    of_compacted: &[(&str, &str)],
) -> Result<Vec<Topic>, TopicCreationError> {
    config.check()?;
    // Without brokers the library would only say that it took too long.
    metadata(config).await?;
    let admin = admin(config).map_err(LogSettingsError::from)?;
    let mut created = Vec::new();
    for topic in Topic::ALL {
        let own = if topic.is_compacted() {
            of_compacted
        } else {
            &[]
        };
        if create_one(&admin, config, topic, partitions, own).await? {
            created.push(topic);
        }
    }
    let from = Instant::now();
    loop {
        match check(config, partitions).await {
            Err(LogSettingsError::NoTopics(_) | LogSettingsError::Unreachable(_))
                if from.elapsed() < KNOWN =>
            {
                tokio::time::sleep(POLL).await;
            }
            checked => {
                checked?;
                return Ok(created);
            }
        }
    }
}

async fn create_one(
    admin: &AdminClient<BrokerContext>,
    config: &KafkaConfig,
    topic: Topic,
    partitions: u32,
    own: &[(&str, &str)],
) -> Result<bool, TopicCreationError> {
    let name = config.topic_name(topic);
    let partitions = if topic.is_partitioned() {
        partitions
    } else {
        1
    };
    let replication = TopicReplication::Fixed(config.replication.cast_signed());
    let rules = rules(topic, config.replication);
    let values: Vec<(&str, String)> = rules.iter().map(|it| (it.setting, it.value())).collect();
    let mut new = NewTopic::new(&name, partitions.cast_signed(), replication);
    let safe = values
        .iter()
        .map(|(setting, value)| (*setting, value.as_str()));
    let own_settings = own.iter().copied();
    for (setting, value) in safe.chain(extras(topic).iter().copied()) {
        if !own.iter().any(|(name, _)| *name == setting) {
            new = new.set(setting, value);
        }
    }
    for (setting, value) in own_settings {
        new = new.set(setting, value);
    }
    let answers = admin.create_topics([&new], &options(config)).await;
    let away = |error| LogSettingsError::from(unreachable(config, error));
    match answers.map_err(away)?.into_iter().next() {
        Some(Ok(_)) => Ok(true),
        Some(Err((_, RDKafkaErrorCode::TopicAlreadyExists))) => Ok(false),
        Some(Err((topic, code))) => Err(TopicCreationError::NotCreated {
            topic,
            why: code.to_string(),
        }),
        None => Err(away(KafkaError::NoMessageReceived).into()),
    }
}

/// Fails unless all topics are there, with so many partitions and safe settings. Gives how long
/// after its tombstone a record may still be in the brokers' files.
pub(super) async fn check(
    config: &KafkaConfig,
    partitions: u32,
) -> Result<Duration, LogSettingsError> {
    let metadata = metadata(config).await?;
    let mut wrong = check_layout(config, partitions, &metadata)?;
    drop(metadata);
    let settings = settings(config).await?;
    for (topic, settings) in Topic::ALL.into_iter().zip(&settings) {
        let name = config.topic_name(topic);
        for rule in rules(topic, config.replication) {
            wrong.extend(rule.judge(&name, value(settings, rule.setting)));
        }
    }
    if wrong.is_empty() {
        Ok(erased_within(&settings))
    } else {
        Err(UnsafeSettings(wrong).into())
    }
}

/// Which topics have too few copies; fails where one is missing or has other partitions.
fn check_layout(
    config: &KafkaConfig,
    partitions: u32,
    metadata: &Metadata,
) -> Result<Vec<UnsafeSetting>, LogSettingsError> {
    let mut missing = Vec::new();
    let mut wrong = Vec::new();
    for topic in Topic::ALL {
        let name = config.topic_name(topic);
        let known = metadata.topics().iter().find(|it| it.name() == name);
        let Some(known) = known.filter(|it| it.error().is_none() && !it.partitions().is_empty())
        else {
            missing.push(name);
            continue;
        };
        let wanted = if topic.is_partitioned() {
            partitions
        } else {
            1
        };
        let found = u32::try_from(known.partitions().len()).unwrap_or(u32::MAX);
        if found != wanted {
            return Err(PartitionCountMismatch { found, wanted }.into());
        }
        let copies = known.partitions().iter().map(|it| it.replicas().len());
        let copies = copies.min().unwrap_or_default();
        if copies < config.replication as usize {
            wrong.push(UnsafeSetting {
                topic: name,
                setting: "replication.factor".to_owned(),
                found: copies.to_string(),
                safe: format!("at least {}", config.replication),
            });
        }
    }
    if missing.is_empty() {
        Ok(wrong)
    } else {
        Err(MissingTopics { topics: missing }.into())
    }
}

/// Reads the settings of all topics back.
async fn settings(config: &KafkaConfig) -> Result<Vec<ConfigResource>, LogSettingsError> {
    let names: Vec<String> = Topic::ALL.map(|topic| config.topic_name(topic)).into();
    let asked: Vec<_> = names
        .iter()
        .map(|it| ResourceSpecifier::Topic(it))
        .collect();
    let admin = admin(config)?;
    let answers = admin.describe_configs(&asked, &options(config)).await;
    let answers = answers.map_err(|error| unreachable(config, error))?;
    let told = answers.into_iter().map(known_settings);
    let settings: Result<Vec<ConfigResource>, RDKafkaErrorCode> = told.collect();
    Ok(settings.map_err(|code| unreachable(config, KafkaError::AdminOp(code)))?)
}

/// Every topic has settings. A broker that has not heard of a topic yet, as just after it was
/// created, tells none; that is no unsafe setting, and the next answer will have them.
pub(super) fn known_settings(answer: ConfigResourceResult) -> ConfigResourceResult {
    let settings = answer?;
    if settings.entries.is_empty() {
        return Err(RDKafkaErrorCode::UnknownTopicOrPartition);
    }
    Ok(settings)
}

fn value<'a>(settings: &'a ConfigResource, name: &str) -> Option<&'a str> {
    settings.get(name)?.value.as_deref()
}

/// A segment is closed by the first record that comes when it is old enough, is compacted when its
/// first record is, and its old files stay for a while.
fn erased_within(settings: &[ConfigResource]) -> Duration {
    let millis = |of: &ConfigResource, name| -> u64 {
        value(of, name)
            .and_then(|value| value.parse().ok())
            .unwrap_or(0)
    };
    let longest = Topic::ALL
        .into_iter()
        .zip(settings)
        .filter(|(topic, _)| topic.is_compacted())
        .map(|(_, of)| {
            millis(of, "segment.ms")
                + millis(of, "max.compaction.lag.ms")
                + millis(of, "file.delete.delay.ms")
        })
        .max();
    ROLL_EVERY + Duration::from_millis(longest.unwrap_or(0))
}

/// What the brokers say of themselves. Asks with a client that creates no topic by asking.
async fn metadata(config: &KafkaConfig) -> Result<Metadata, LogSettingsError> {
    let asking = BaseConsumer::from_config_and_context(&config.asking(), BrokerContext);
    let asking = asking.map_err(unusable)?;
    let timeout = config.request_timeout;
    let asked = tokio::task::spawn_blocking(move || {
        asking.poll(Duration::ZERO);
        asking.fetch_metadata(None, timeout)
    });
    let answer = asked.await.unwrap_or(Err(KafkaError::Canceled));
    Ok(answer.map_err(|error| unreachable(config, error))?)
}

fn admin(config: &KafkaConfig) -> Result<AdminClient<BrokerContext>, ClientStartError> {
    AdminClient::from_config_and_context(&config.base(), BrokerContext).map_err(unusable)
}

fn options(config: &KafkaConfig) -> AdminOptions {
    let timeout = Some(config.request_timeout);
    AdminOptions::new()
        .request_timeout(timeout)
        .operation_timeout(timeout)
}
