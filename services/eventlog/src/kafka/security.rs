//! How connections to the brokers are protected, and who this is. Comes in: files, names, secrets.
//! Goes out: the library's own settings. The invariants: a secret is never shown; nobody says who
//! they are over a connection that others can read.

use std::fmt;
use std::path::PathBuf;

use rdkafka::ClientConfig;
use secrecy::{ExposeSecret, SecretString};

use crate::cause::UnusableSetting;
use crate::error::LogConfigError;

/// True in a program that was built with the feature `kafka-tls`.
pub const HAS_TLS: bool = cfg!(feature = "kafka-tls");

/// How connections are protected, and who this is; the default is neither.
#[derive(Debug, Clone, Default)]
pub struct KafkaSecurity {
    /// TLS, if it is used.
    pub tls: Option<KafkaTls>,
    /// Who this is, if brokers ask; only over TLS.
    pub sasl: Option<KafkaSasl>,
}

/// TLS. The brokers' certificates must be signed by a known authority and name the host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KafkaTls {
    /// PEM file with the authorities that are believed; without it, the machine's own.
    pub ca_file: Option<PathBuf>,
    /// PEM files with a certificate and its key, for brokers that want to see one.
    pub certificate: Option<(PathBuf, PathBuf)>,
}

/// How this client says who it is.
#[derive(Clone)]
pub enum KafkaSasl {
    /// A user with a password, which is not sent.
    Scram {
        /// The hash that SCRAM uses.
        hash: ScramHash,
        /// Name of the user.
        user: String,
        /// The password of the user.
        password: SecretString,
    },
    /// A token of an identity provider (OAUTHBEARER), asked for by OpenID Connect with the
    /// credentials of a client.
    OAuth {
        /// Where tokens are given out.
        token_url: String,
        /// Id of the client.
        client_id: String,
        /// The secret of the client.
        client_secret: SecretString,
        /// What is asked for; may be empty.
        scope: String,
    },
}

/// A hash that SCRAM can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScramHash {
    /// The mechanism is SCRAM-SHA-256.
    Sha256,
    /// The mechanism is SCRAM-SHA-512.
    Sha512,
}

impl fmt::Debug for KafkaSasl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scram { hash, user, .. } => write!(f, "Scram({hash:?}, {user}, redacted)"),
            Self::OAuth {
                token_url,
                client_id,
                ..
            } => write!(f, "OAuth({token_url}, {client_id}, redacted)"),
        }
    }
}

impl KafkaSecurity {
    /// Checks what can be checked without brokers.
    pub(super) fn check(&self) -> Result<(), LogConfigError> {
        if self.sasl.is_some() && self.tls.is_none() {
            let name = "sasl without tls".to_owned();
            return Err(UnusableSetting { name }.into());
        }
        if self.tls.is_none() || HAS_TLS {
            Ok(())
        } else {
            Err(LogConfigError::NoTls)
        }
    }

    /// Sets these settings in the library's configuration.
    pub(super) fn apply(&self, config: &mut ClientConfig) {
        let Some(tls) = &self.tls else {
            return;
        };
        config.set("security.protocol", "ssl");
        config.set("enable.ssl.certificate.verification", "true");
        config.set("ssl.endpoint.identification.algorithm", "https");
        if let Some(file) = &tls.ca_file {
            config.set("ssl.ca.location", file.display().to_string());
        }
        if let Some((certificate, key)) = &tls.certificate {
            config.set(
                "ssl.certificate.location",
                certificate.display().to_string(),
            );
            config.set("ssl.key.location", key.display().to_string());
        }
        if let Some(sasl) = &self.sasl {
            config.set("security.protocol", "sasl_ssl");
            sasl.apply(config);
        }
    }
}

impl KafkaSasl {
    fn apply(&self, config: &mut ClientConfig) {
        match self {
            Self::Scram {
                hash,
                user,
                password,
            } => {
                let mechanism = match hash {
                    ScramHash::Sha256 => "SCRAM-SHA-256",
                    ScramHash::Sha512 => "SCRAM-SHA-512",
                };
                config.set("sasl.mechanism", mechanism);
                config.set("sasl.username", user);
                config.set("sasl.password", password.expose_secret());
            }
            Self::OAuth {
                token_url,
                client_id,
                client_secret,
                scope,
            } => {
                config.set("sasl.mechanism", "OAUTHBEARER");
                config.set("sasl.oauthbearer.method", "oidc");
                config.set("sasl.oauthbearer.token.endpoint.url", token_url);
                config.set("sasl.oauthbearer.client.id", client_id);
                config.set(
                    "sasl.oauthbearer.client.secret",
                    client_secret.expose_secret(),
                );
                if !scope.is_empty() {
                    config.set("sasl.oauthbearer.scope", scope);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scram() -> KafkaSasl {
        KafkaSasl::Scram {
            hash: ScramHash::Sha512,
            user: "medvirk".to_owned(),
            password: SecretString::from("canary"),
        }
    }

    #[test]
    fn a_secret_is_not_shown() {
        let oauth = KafkaSasl::OAuth {
            token_url: "https://login.example/token".to_owned(),
            client_id: "medvirk".to_owned(),
            client_secret: SecretString::from("canary"),
            scope: String::new(),
        };
        for sasl in [scram(), oauth] {
            let security = KafkaSecurity {
                tls: Some(KafkaTls::default()),
                sasl: Some(sasl),
            };
            let shown = format!("{security:?} {security:#?}");
            assert!(
                shown.contains("medvirk") && !shown.contains("canary"),
                "{shown}"
            );
        }
    }

    #[test]
    fn nobody_says_who_they_are_without_tls() {
        let open = KafkaSecurity {
            tls: None,
            sasl: Some(scram()),
        };
        assert!(matches!(open.check(), Err(LogConfigError::Setting(_))));
        let closed = KafkaSecurity {
            tls: Some(KafkaTls::default()),
            ..open
        };
        if HAS_TLS {
            closed.check().unwrap()
        } else {
            assert!(matches!(closed.check(), Err(LogConfigError::NoTls)))
        }
    }
}
