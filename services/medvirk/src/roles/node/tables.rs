//! The tables of a process. Comes in: logins, and the deployment of the log. Goes out: tables that are
//! there and are this deployment's, however long that takes, and whether they still are. The invariant:
//! no role uses tables before they have said whose they are; tables that are away are waited for, and a
//! user that is refused is named, because no waiting mends that.

use std::time::Duration;

use medvirk_domain::ids::DeploymentId;
use medvirk_store::{
    Error as StoreError, IndicatorReader, IndicatorWriter, RegistryReader, RegistryWriter,
    TableOwnership,
};
use medvirk_terminal::{CommandExit, error};

use crate::config::{DatabaseLogin, DatabaseSection, MedvirkConfig};
use crate::log_errors;

/// How long to wait before tables that are away are asked again.
const PAUSE: Duration = Duration::from_secs(1);
/// How many failed attempts are told once.
const TOLD: u32 = 10;
/// Tables that have not said by then whose they are do not answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where the tables are, and who writes and reads them, as far as this process may.
#[derive(Default)]
pub(crate) struct NodeDatabases {
    pub(crate) indicators: DatabasePair,
    pub(crate) registry: DatabasePair,
}

/// The two users of one database.
#[derive(Default)]
pub(crate) struct DatabasePair {
    pub(crate) writer: Option<DatabaseLogin>,
    pub(crate) reader: Option<DatabaseLogin>,
}

impl NodeDatabases {
    /// Both, from the configuration.
    pub(crate) fn configured(config: &MedvirkConfig) -> anyhow::Result<Self> {
        let pair = |database: &Option<DatabaseSection>| {
            let Some(database) = database else {
                return Ok(DatabasePair::default());
            };
            anyhow::Ok(DatabasePair {
                writer: database.writer()?,
                reader: database.reader()?,
            })
        };
        Ok(Self {
            indicators: pair(&config.indicators)?,
            registry: pair(&config.registry)?,
        })
    }
}

/// A user without whom a role cannot be.
pub(super) fn needed<'a>(
    login: &'a Option<DatabaseLogin>,
    name: &str,
) -> anyhow::Result<&'a DatabaseLogin> {
    login.as_ref().ok_or_else(|| {
        let message = format!("this role needs {name}, and the configuration names none");
        error(CommandExit::Config, message)
    })
}

/// Tables as one user of this process sees them.
#[derive(Clone)]
pub(super) struct TablesInUse {
    login: DatabaseLogin,
    seen: SeenBy,
}

/// Who looks at them.
#[derive(Clone)]
pub(super) enum SeenBy {
    IndicatorReader(IndicatorReader),
    IndicatorWriter(IndicatorWriter),
    RegistryReader(RegistryReader),
    RegistryWriter(RegistryWriter),
}

macro_rules! seen_by {
    ($($name:ident,)*) => {
        $(impl From<&$name> for SeenBy {
            fn from(seen: &$name) -> Self {
                Self::$name(seen.clone())
            }
        })*
    };
}

seen_by! {
    IndicatorReader,
    IndicatorWriter,
    RegistryReader,
    RegistryWriter,
}

impl TablesInUse {
    pub(super) fn new(login: &DatabaseLogin, seen: impl Into<SeenBy>) -> Self {
        Self {
            login: login.clone(),
            seen: seen.into(),
        }
    }

    /// Waits until they are there and say that they are ours.
    pub(super) async fn wait_for(&self, ours: DeploymentId) -> anyhow::Result<()> {
        until_there(&self.login, async || Ok(self.ownership(ours).await?)).await
    }

    /// Why they cannot be used just now.
    ///
    /// # Errors
    /// Where they cannot be used by this process ever.
    pub(super) async fn trouble(&self, ours: DeploymentId) -> anyhow::Result<Option<String>> {
        match tokio::time::timeout(PATIENCE, self.ownership(ours)).await {
            Ok(Ok(TableOwnership::Ours)) => Ok(None),
            Ok(Ok(TableOwnership::Unclaimed)) => Ok(Some(unclaimed(&self.login))),
            Ok(Err(error @ StoreError::OtherDeployment { .. })) => Err(error.into()),
            // Whoever changes a password does so in two places, one after the other.
            Ok(Err(error)) => Ok(Some(explained(&self.login, error.into()).to_string())),
            Err(_) => Ok(Some(format!("{:?} does not answer", self.login.connection))),
        }
    }

    async fn ownership(&self, ours: DeploymentId) -> Result<TableOwnership, StoreError> {
        match &self.seen {
            SeenBy::IndicatorReader(reader) => reader.ownership(ours).await,
            SeenBy::IndicatorWriter(writer) => writer.ownership(ours).await,
            SeenBy::RegistryReader(reader) => reader.ownership(ours).await,
            SeenBy::RegistryWriter(writer) => writer.ownership(ours).await,
        }
    }
}

/// Tries until the tables are ours, as long as time may mend what is in the way.
///
/// # Errors
/// Where it does not.
pub(super) async fn until_there(
    login: &DatabaseLogin,
    attempt: impl AsyncFn() -> anyhow::Result<TableOwnership>,
) -> anyhow::Result<()> {
    for tried in 0_u32.. {
        let why = match attempt().await {
            Ok(TableOwnership::Ours) => return Ok(()),
            Ok(TableOwnership::Unclaimed) => unclaimed(login),
            Err(error) if is_passing(&error) => format!("{error:#}"),
            Err(error) => return Err(explained(login, error)),
        };
        if tried.is_multiple_of(TOLD) {
            tracing::warn!(why, tables = ?login.connection, "waiting for the tables");
        }
        tokio::time::sleep(PAUSE).await;
    }
    unreachable!("it tries for ever")
}

fn unclaimed(login: &DatabaseLogin) -> String {
    format!(
        "the tables of {} name no deployment yet: the process that writes them makes them when it \
         starts",
        login.connection.database
    )
}

/// The server does not answer; or the log, which is looked at before old tables are taken into use.
fn is_passing(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let store = cause.downcast_ref::<StoreError>();
        store.is_some_and(StoreError::is_unreachable) || log_errors::is_passing(cause)
    })
}

/// The same, with what to do about it where the server does not let the user in.
pub(crate) fn explained(login: &DatabaseLogin, error: anyhow::Error) -> anyhow::Error {
    let store = error.chain().find_map(|cause| cause.downcast_ref());
    let (url, user) = (&login.connection.url, &login.connection.user);
    let message = match store {
        Some(error) if StoreError::is_refused_user(error) => format!(
            "ClickHouse at {url} refuses the user {user}: look at the password in {}, and whether \
             `medvirk admin migrate` has made the user",
            login.password_file.display()
        ),
        Some(error) if StoreError::is_not_granted(error) => format!(
            "ClickHouse at {url} does not let the user {user} use the tables of {}: run `medvirk admin \
             migrate` of this version, with an administrator",
            login.connection.database
        ),
        _ => return error,
    };
    medvirk_terminal::error(CommandExit::Config, message)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use medvirk_store::DatabaseConnection;
    use medvirk_store::error::FailureCause;

    use super::*;

    fn login() -> DatabaseLogin {
        DatabaseLogin {
            connection: DatabaseConnection {
                url: "http://127.0.0.1:1".to_owned(),
                user: "indicator_reader".to_owned(),
                password: "canary".to_owned().into(),
                database: "medvirk_indicators".to_owned(),
            },
            password_file: "/etc/medvirk/secrets/indicator_reader".into(),
        }
    }

    fn failed(cause: FailureCause) -> anyhow::Error {
        let attempt = "read whose tables these are";
        StoreError::Failed { attempt, cause }.into()
    }

    /// With these answers, one after the other; the last is one that ends it.
    async fn outcome(
        mut answers: Vec<anyhow::Result<TableOwnership>>,
    ) -> (anyhow::Result<()>, usize) {
        answers.reverse();
        let answers = RefCell::new(answers);
        let ended = until_there(&login(), async || answers.borrow_mut().pop().unwrap()).await;
        let left = answers.borrow().len();
        (ended, left)
    }

    #[tokio::test(start_paused = true)]
    async fn tables_that_are_away_or_not_made_yet_are_waited_for() {
        let answers = vec![
            Err(failed(FailureCause::Network)),
            Err(failed(FailureCause::TimedOut)),
            Ok(TableOwnership::Unclaimed),
            Ok(TableOwnership::Ours),
        ];
        let (ended, left) = outcome(answers).await;
        ended.unwrap();
        assert_eq!(left, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_user_is_named_with_the_file_of_its_password_and_never_waited_for() {
        for code in [193, 194, 516] {
            let answers = vec![
                Err(failed(FailureCause::Refused(code))),
                Ok(TableOwnership::Ours),
            ];
            let (ended, left) = outcome(answers).await;
            let refused = ended.unwrap_err();
            assert_eq!(left, 1, "it is not asked again");
            let coded: &medvirk_terminal::CodedError = refused.downcast_ref().unwrap();
            assert_eq!(coded.0, CommandExit::Config);
            for named in ["indicator_reader", "/etc/medvirk/secrets/indicator_reader"] {
                assert!(coded.1.contains(named), "{}", coded.1);
            }
            assert!(!coded.1.contains("canary"));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_user_without_grants_is_sent_to_the_migration() {
        let (ended, _) = outcome(vec![Err(failed(FailureCause::Refused(497)))]).await;
        assert!(ended.unwrap_err().to_string().contains("admin migrate"));
    }
}
