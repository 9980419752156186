//! Which deployment a process belongs to. Comes in: its keys, and what the log was founded with. Goes
//! out: the line that it says at its start. The invariant: keys and log belong together. The folder of
//! the keys remembers the deployment, so a process that by mistake is told of another one's log, as with
//! a forgotten `log.kafka.prefix`, ends before it writes anything.

use std::fmt;
use std::path::Path;

use medvirk_domain::ids::DeploymentId;
use medvirk_domain::time::Month;
use medvirk_ingest::code::SurveyCodes;
use medvirk_runtime::auth::TokenIssuer;
use medvirk_runtime::pseudonym::PseudonymKey;
use medvirk_runtime::secret::{self, SecretKey};
use medvirk_terminal::{CommandExit, error};
use zeroize::Zeroizing;

/// Remembers the deployment, beside the keys.
const FILE: &str = "deployment.id";
/// The key without which nothing is written into a log.
const PSEUDONYM_KEY: &str = "pseudonym.key";

/// The keys of a deployment, in the folder `secrets`; made at the first start.
pub(super) struct DeploymentKeys {
    pub(super) issuer: TokenIssuer,
    pub(super) pseudonyms: PseudonymKey,
    pub(super) codes: SurveyCodes,
    fingerprints: String,
}

impl DeploymentKeys {
    /// Reads the keys, or makes them for a log that is new too.
    ///
    /// # Errors
    /// If the log is another deployment's than the keys, as far as that is known.
    pub(super) fn load_or_create(
        secrets: &Path,
        log: Option<DeploymentId>,
    ) -> anyhow::Result<Self> {
        check(secrets, log)?;
        let issuer = TokenIssuer::load_or_create(&secrets.join("token-key.pem"))?;
        let pseudonym = SecretKey::load_or_create(&secrets.join(PSEUDONYM_KEY))?;
        let code = SecretKey::load_or_create(&secrets.join("code.key"))?;
        let fingerprints = format!(
            "token {}, pseudonym {}:{}, code {}:{}",
            secret::fingerprint(issuer.public_key_pem().as_bytes()),
            pseudonym.id(),
            pseudonym.fingerprint(),
            code.id(),
            code.fingerprint(),
        );
        Ok(Self {
            issuer,
            pseudonyms: PseudonymKey::new(&pseudonym),
            codes: SurveyCodes::new(&code)?,
            fingerprints,
        })
    }
}

/// Before anything is made or written.
fn check(secrets: &Path, log: Option<DeploymentId>) -> anyhow::Result<()> {
    let remembered = secrets.join(FILE);
    if remembered.exists() {
        let known = read(&remembered, &secret::load(&remembered)?)?;
        return match log {
            Some(found) if found == known => Ok(()),
            Some(found) => Err(other(&remembered, known, &format!("of deployment {found}"))),
            None => Err(other(&remembered, known, "of nobody: it is empty")),
        };
    }
    match log {
        Some(found) if !secrets.join(PSEUDONYM_KEY).exists() => {
            let message = format!(
                "the log is that of deployment {found}, and {} has no keys: bring the keys of that \
                 deployment there, or, for a new one, give it a log of its own (log.kafka.prefix or \
                 log.dir)",
                secrets.display()
            );
            Err(error(CommandExit::Config, message))
        }
        _ => Ok(()),
    }
}

fn other(file: &Path, known: DeploymentId, log: &str) -> anyhow::Error {
    let message = format!(
        "{} says that the keys are those of deployment {known}, and the log is {log}; look at \
         log.kafka.brokers, log.kafka.prefix, log.dir and secrets",
        file.display()
    );
    error(CommandExit::Config, message)
}

/// Remembers whose the keys are. Where nobody may write there, nothing is lost but the check.
///
/// # Errors
/// If somebody has just remembered another deployment.
pub(super) fn remember(secrets: &Path, ours: DeploymentId) -> anyhow::Result<()> {
    let file = secrets.join(FILE);
    let fresh = || Ok(Zeroizing::new(format!("{ours}\n").into_bytes()));
    match secret::load_or_create(&file, fresh) {
        Ok(text) => match read(&file, &text)? {
            known if known == ours => Ok(()),
            known => Err(other(&file, known, &format!("of deployment {ours}"))),
        },
        Err(error) => {
            tracing::warn!(%error, "the keys do not remember their deployment");
            Ok(())
        }
    }
}

fn read(file: &Path, text: &[u8]) -> anyhow::Result<DeploymentId> {
    let text = String::from_utf8_lossy(text);
    let wrong = || {
        let message = format!("{} does not hold the id of a deployment", file.display());
        error(CommandExit::Config, message)
    };
    text.trim().parse().map_err(|_| wrong())
}

/// What a process says of itself at its start.
#[derive(Debug, Clone)]
pub(crate) struct DeploymentIdentity {
    pub(super) deployment: DeploymentId,
    pub(super) first_month: Month,
    keys: String,
    page: &'static str,
}

impl DeploymentIdentity {
    pub(super) fn new(deployment: DeploymentId, first_month: Month, keys: &DeploymentKeys) -> Self {
        let page = if medvirk_report::has_page() {
            "page built in"
        } else {
            "no page built in"
        };
        Self {
            deployment,
            first_month,
            keys: keys.fingerprints.clone(),
            page,
        }
    }
}

impl fmt::Display for DeploymentIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            deployment,
            first_month,
            keys,
            page,
        } = self;
        let version = env!("CARGO_PKG_VERSION");
        write!(
            f,
            "medvirk {version}, deployment {deployment} from {first_month}, keys {keys}, {page}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: DeploymentId = DeploymentId::new([1; 16]);
    const THEIRS: DeploymentId = DeploymentId::new([2; 16]);

    fn refused(secrets: &Path, log: Option<DeploymentId>) -> String {
        let error = DeploymentKeys::load_or_create(secrets, log).err().unwrap();
        let coded: &medvirk_terminal::CodedError = error.downcast_ref().unwrap();
        assert_eq!(coded.0, CommandExit::Config);
        coded.1.clone()
    }

    #[test]
    fn keys_of_one_deployment_open_no_log_of_another_nor_an_empty_one() {
        let secrets = tempfile::tempdir().unwrap();
        // A new deployment: no keys and no log.
        DeploymentKeys::load_or_create(secrets.path(), None).unwrap();
        remember(secrets.path(), OURS).unwrap();
        remember(secrets.path(), OURS).unwrap();
        DeploymentKeys::load_or_create(secrets.path(), Some(OURS)).unwrap();
        let told = refused(secrets.path(), Some(THEIRS));
        assert!(told.contains(&OURS.to_string()) && told.contains(&THEIRS.to_string()));
        assert!(told.contains("log.kafka.prefix"), "{told}");
        assert!(refused(secrets.path(), None).contains("empty"));
        assert!(remember(secrets.path(), THEIRS).is_err());
    }

    #[test]
    fn a_log_that_was_founded_is_not_opened_with_new_keys() {
        let secrets = tempfile::tempdir().unwrap();
        let told = refused(secrets.path(), Some(THEIRS));
        assert!(told.contains("has no keys"), "{told}");
        let made = std::fs::read_dir(secrets.path()).unwrap().count();
        assert_eq!(made, 0, "nothing was made");
    }

    #[test]
    fn keys_from_before_they_remembered_are_taken() {
        let secrets = tempfile::tempdir().unwrap();
        SecretKey::load_or_create(&secrets.path().join(PSEUDONYM_KEY)).unwrap();
        DeploymentKeys::load_or_create(secrets.path(), Some(OURS)).unwrap();
    }

    #[test]
    fn the_line_of_the_start_shows_no_key() {
        let secrets = tempfile::tempdir().unwrap();
        let keys = DeploymentKeys::load_or_create(secrets.path(), None).unwrap();
        let line = DeploymentIdentity::new(OURS, "2026-11".parse().unwrap(), &keys).to_string();
        for said in [
            "deployment 0101",
            "from 2026-11",
            "pseudonym 1:",
            "page built in",
        ] {
            assert!(line.contains(said), "{line}");
        }
        let text = std::fs::read_to_string(secrets.path().join(PSEUDONYM_KEY)).unwrap();
        let digits = text.trim().split_once(' ').unwrap().1;
        assert!(!line.contains(&digits[..8]), "{line}");
    }
}
