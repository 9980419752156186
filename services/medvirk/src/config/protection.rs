//! How connections to Kafka are protected, and who this is. Comes in: `[log.kafka.tls]` and
//! `[log.kafka.sasl]`. Goes out: what the log needs. The invariant: a secret is in a file of its
//! own that only its owner may read, never in the configuration.

use std::path::{Path, PathBuf};

use anyhow::Context;
use medvirk_eventlog::kafka;
use medvirk_terminal::{CommandExit, error};
use secrecy::SecretString;
use serde::Deserialize;

/// TLS to the brokers. An empty section will do: then the machine's own authorities are believed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TlsSection {
    /// PEM file with the authorities that are believed; without it, the machine's own.
    pub(crate) ca_file: Option<PathBuf>,
    /// PEM file with this client's certificate, for brokers that want to see one.
    pub(crate) certificate_file: Option<PathBuf>,
    /// PEM file with its key, readable by its owner only.
    pub(crate) key_file: Option<PathBuf>,
}

/// Who this is. Needs TLS.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "mechanism", deny_unknown_fields)]
pub(crate) enum SaslSection {
    /// A user with a password.
    #[serde(rename = "SCRAM-SHA-256")]
    Sha256(BrokerUser),
    /// A user with a password.
    #[serde(rename = "SCRAM-SHA-512")]
    Sha512(BrokerUser),
    /// A client of an identity provider, by OpenID Connect.
    #[serde(rename = "OAUTHBEARER")]
    OAuth(IdentityClient),
}

/// A user of the brokers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BrokerUser {
    pub(crate) user: String,
    /// File with the password, readable by its owner only.
    pub(crate) password_file: PathBuf,
}

/// A client of an identity provider.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IdentityClient {
    /// Where it gives out tokens.
    pub(crate) token_url: String,
    pub(crate) client_id: String,
    /// File with the client's secret, readable by its owner only.
    pub(crate) client_secret_file: PathBuf,
    /// What is asked for; may be left out.
    #[serde(default)]
    pub(crate) scope: String,
}

/// What the log needs; reads the secret's file.
pub(crate) fn security(
    tls: Option<&TlsSection>,
    sasl: Option<&SaslSection>,
) -> anyhow::Result<kafka::KafkaSecurity> {
    Ok(kafka::KafkaSecurity {
        tls: tls.map(TlsSection::read).transpose()?,
        sasl: sasl.map(SaslSection::read).transpose()?,
    })
}

impl TlsSection {
    fn read(&self) -> anyhow::Result<kafka::KafkaTls> {
        let certificate = match (&self.certificate_file, &self.key_file) {
            (None, None) => None,
            (Some(certificate), Some(key)) => {
                // The library reads it by itself, and does not look who else may.
                medvirk_runtime::secret::load(key)?;
                Some((certificate.clone(), key.clone()))
            }
            _ => {
                let message =
                    "[log.kafka.tls] has one of certificate_file and key_file; it takes both";
                return Err(error(CommandExit::Config, message));
            }
        };
        Ok(kafka::KafkaTls {
            ca_file: self.ca_file.clone(),
            certificate,
        })
    }
}

impl SaslSection {
    fn read(&self) -> anyhow::Result<kafka::KafkaSasl> {
        let scram = |hash, user: &BrokerUser| {
            anyhow::Ok(kafka::KafkaSasl::Scram {
                hash,
                user: user.user.clone(),
                password: secret(&user.password_file)?,
            })
        };
        match self {
            Self::Sha256(user) => scram(kafka::ScramHash::Sha256, user),
            Self::Sha512(user) => scram(kafka::ScramHash::Sha512, user),
            Self::OAuth(client) => Ok(kafka::KafkaSasl::OAuth {
                token_url: client.token_url.clone(),
                client_id: client.client_id.clone(),
                client_secret: secret(&client.client_secret_file)?,
                scope: client.scope.clone(),
            }),
        }
    }
}

fn secret(path: &Path) -> anyhow::Result<SecretString> {
    let bytes = medvirk_runtime::secret::load(path)?;
    let text = std::str::from_utf8(&bytes).context("a password is text")?;
    Ok(SecretString::from(text.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn sasl(text: &str) -> Result<SaslSection, toml::de::Error> {
        toml::from_str(text)
    }

    #[test]
    fn a_password_comes_from_a_file_that_only_its_owner_may_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        std::fs::write(&file, "canary\n").unwrap();
        let text = format!(
            "mechanism = \"SCRAM-SHA-512\"\nuser = \"medvirk\"\npassword_file = \"{}\"",
            file.display()
        );
        let sasl = sasl(&text).unwrap();
        let mode = |mode| std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode));
        mode(0o644).unwrap();
        assert!(security(None, Some(&sasl)).is_err());
        mode(0o600).unwrap();
        let read = security(None, Some(&sasl)).unwrap();
        let kafka::KafkaSasl::Scram { password, .. } = read.sasl.as_ref().unwrap() else {
            panic!("{read:?}");
        };
        use secrecy::ExposeSecret as _;
        assert_eq!(password.expose_secret(), "canary");
        assert!(!format!("{sasl:?} {read:?}").contains("canary"));
    }

    #[test]
    fn what_is_not_known_is_an_error() {
        for wrong in [
            "mechanism = \"PLAIN\"\nuser = \"a\"\npassword_file = \"b\"",
            "mechanism = \"SCRAM-SHA-256\"\nuser = \"a\"\npassword = \"b\"",
            "mechanism = \"SCRAM-SHA-256\"\nuser = \"a\"\npassword_file = \"b\"\npassword = \"c\"",
            "mechanism = \"OAUTHBEARER\"\nclient_id = \"a\"",
        ] {
            assert!(sasl(wrong).is_err(), "{wrong}");
        }
        let half = TlsSection {
            key_file: Some("key.pem".into()),
            ..TlsSection::default()
        };
        assert!(security(Some(&half), None).is_err());
    }
}
