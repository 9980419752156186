//! Whether a running process can still do what it is there for. Comes in: its log and its tables. Goes
//! out: its readiness, and error lines. The invariant: a process is not ready while an append would not
//! be acknowledged, while its tables do not answer, or with settings of the log with which it would not
//! start.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use medvirk_domain::ids::DeploymentId;
use medvirk_eventlog::{CHECK_SETTINGS_EVERY, Log, PassingError as _};
use medvirk_runtime::{Readiness, StopToken};

use super::tables::TablesInUse;
use super::tasks::NodeTasks;

/// How often log and tables are asked.
const EVERY: Duration = Duration::from_secs(5);

/// The parts of a process that it watches.
const PARTS: [&str; 3] = ["quorum", "settings", "tables"];

/// Nothing is ready by silence; the settings were looked at when the log was opened.
pub(super) fn name_parts(readiness: &Readiness) {
    for part in PARTS {
        readiness.set(part, part == "settings");
    }
}

/// What is watched, and where it is said.
#[derive(Clone)]
pub(super) struct NodeWatch {
    pub(super) log: Arc<dyn Log>,
    pub(super) tables: Vec<TablesInUse>,
    pub(super) deployment: DeploymentId,
    pub(super) readiness: Readiness,
}

/// What one loop looks at.
#[derive(Clone, Copy)]
enum WatchedPart {
    Quorum,
    Settings,
    Tables,
}

impl WatchedPart {
    const fn every(self) -> Duration {
        match self {
            Self::Quorum | Self::Tables => EVERY,
            Self::Settings => CHECK_SETTINGS_EVERY,
        }
    }
}

impl NodeWatch {
    /// Watches until it is stopped.
    pub(super) fn spawn(self, loops: &mut NodeTasks, working: &StopToken) {
        for watched in [
            WatchedPart::Quorum,
            WatchedPart::Settings,
            WatchedPart::Tables,
        ] {
            loops.spawn(self.clone().keep_looking(watched, working.clone()));
        }
    }

    async fn keep_looking(self, watched: WatchedPart, stop: StopToken) -> anyhow::Result<()> {
        loop {
            tokio::select! {
                looked = self.look_at(watched) => looked?,
                () = stop.stopped() => return Ok(()),
            }
            tokio::select! {
                () = tokio::time::sleep(watched.every()) => {}
                () = stop.stopped() => return Ok(()),
            }
        }
    }

    async fn look_at(&self, watched: WatchedPart) -> anyhow::Result<()> {
        match watched {
            WatchedPart::Quorum => self.look_at_quorum().await,
            WatchedPart::Settings => self.look_at_settings().await,
            WatchedPart::Tables => return self.look_at_tables().await,
        }
        Ok(())
    }

    async fn look_at_quorum(&self) {
        let quorum = self.log.check_quorum().await;
        self.say("quorum", quorum.err().map(|error| error.to_string()));
    }

    /// An answer that does not come leaves everything as it was: that is the quorum's to say.
    async fn look_at_settings(&self) {
        match self.log.check_settings().await {
            Err(error) if error.is_passing() => {
                tracing::warn!(%error, "the settings of the log could not be looked at");
            }
            Err(error) => {
                // Each time, because what was acknowledged may be lost meanwhile.
                tracing::error!(%error, "the log is not safe; set the topics right");
                self.readiness.set("settings", false);
            }
            Ok(()) => self.readiness.set("settings", true),
        }
    }

    async fn look_at_tables(&self) -> anyhow::Result<()> {
        let mut trouble = None;
        for tables in &self.tables {
            let looked = tables.trouble(self.deployment).await;
            trouble = trouble.or(looked.context("look at the tables")?);
        }
        self.say("tables", trouble);
        Ok(())
    }

    /// Told when it begins and when it is over.
    fn say(&self, part: &'static str, trouble: Option<String>) {
        let was_missing = self.readiness.missing().contains(&part);
        self.readiness.set(part, trouble.is_none());
        match trouble {
            Some(why) if !was_missing => tracing::warn!(part, why, "not ready"),
            None if was_missing => tracing::info!(part, "ready"),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;
    use medvirk_eventlog::layer::{LayeredLog, LogLayer};
    use medvirk_eventlog::{
        LogSettingsError, QuorumError, UnreachableBrokers, UnsafeSetting, UnsafeSettings,
    };

    use super::*;

    /// A log whose settings somebody changes, or whose brokers go away.
    struct Changeable {
        log: Arc<dyn Log>,
        settings: Mutex<Option<LogSettingsError>>,
        quorum: Mutex<Option<QuorumError>>,
    }

    #[async_trait]
    impl LogLayer for Changeable {
        fn below(&self) -> &Arc<dyn Log> {
            &self.log
        }

        async fn check_settings(&self) -> Result<(), LogSettingsError> {
            self.settings.lock().unwrap().take().map_or(Ok(()), Err)
        }

        async fn check_quorum(&self) -> Result<(), QuorumError> {
            self.quorum.lock().unwrap().take().map_or(Ok(()), Err)
        }
    }

    async fn watch(dir: &std::path::Path) -> (Arc<LayeredLog<Changeable>>, NodeWatch) {
        let url = format!("file:{}", dir.display());
        let log = Arc::new(LayeredLog(Changeable {
            log: medvirk_eventlog::open(&url, 1).await.unwrap(),
            settings: Mutex::default(),
            quorum: Mutex::default(),
        }));
        let watch = NodeWatch {
            log: log.clone(),
            tables: Vec::new(),
            deployment: DeploymentId::new([1; 16]),
            readiness: Readiness::of(&PARTS),
        };
        (log, watch)
    }

    #[tokio::test]
    async fn with_unsafe_settings_it_is_not_ready_until_they_are_set_right() {
        let dir = tempfile::tempdir().unwrap();
        let (log, watch) = watch(dir.path()).await;
        let is_safe = async |found: Option<LogSettingsError>| {
            *log.settings.lock().unwrap() = found;
            watch.look_at_settings().await;
            !watch.readiness.missing().contains(&"settings")
        };
        let retention = UnsafeSetting {
            topic: "indicator.ledger".to_owned(),
            setting: "retention.ms".to_owned(),
            found: "604800000".to_owned(),
            safe: "-1".to_owned(),
        };
        assert!(is_safe(None).await);
        let unsafe_one = UnsafeSettings(vec![retention]);
        assert!(!is_safe(Some(unsafe_one.into())).await);
        // Brokers that do not answer tell nothing.
        let away = UnreachableBrokers {
            brokers: "broker:9092".to_owned(),
            why: "timed out".to_owned(),
        };
        assert!(!is_safe(Some(away.into())).await);
        assert!(is_safe(None).await);
    }

    #[tokio::test]
    async fn without_a_quorum_it_is_not_ready() {
        let dir = tempfile::tempdir().unwrap();
        let (log, watch) = watch(dir.path()).await;
        let no_quorum = || QuorumError::NoQuorum {
            topic: "feedback.events".to_owned(),
            partition: 3,
            in_sync: 1,
            needed: 2,
        };
        for (found, ready) in [(None, true), (Some(no_quorum()), false), (None, true)] {
            *log.quorum.lock().unwrap() = found;
            watch.look_at_quorum().await;
            assert_eq!(!watch.readiness.missing().contains(&"quorum"), ready);
        }
    }

    #[tokio::test]
    async fn without_tables_that_it_needs_nothing_is_missing() {
        let dir = tempfile::tempdir().unwrap();
        let (_log, watch) = watch(dir.path()).await;
        watch.look_at_tables().await.unwrap();
        assert_eq!(watch.readiness.missing(), ["quorum", "settings"]);
    }
}
