//! Addresses on the command line: one for everything, or one for each role.

use std::str::FromStr;

use clap::ValueEnum;
use medvirk_terminal::{CommandExit, error};

use super::TargetSystem;

/// A role that client commands talk to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ServiceRole {
    /// Takes submissions, surveys and what services say of themselves.
    Ingest,
    /// Folds the log, and runs the system.
    Aggregate,
    /// Gives the patient's own curve.
    Registrar,
    /// Gives the published indicators.
    Report,
    /// Gives datasets to registry teams.
    Extract,
}

/// Where a role is, or all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleAddress {
    role: Option<ServiceRole>,
    url: String,
}

impl FromStr for RoleAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (role, url) = match text.split_once('=') {
            // A URL may have the sign too, behind its scheme.
            Some((name, url)) if !name.contains(':') => {
                let role = ServiceRole::from_str(name, false).map_err(|_| {
                    "a role is one of ingest, aggregate, registrar, report, extract".to_owned()
                })?;
                (Some(role), url)
            }
            _ => (None, text),
        };
        Ok(Self {
            role,
            url: url.to_owned(),
        })
    }
}

impl TargetSystem {
    /// The address of a role; none where that of the local `up` is meant.
    pub fn url_of(&self, role: ServiceRole) -> anyhow::Result<Option<&str>> {
        let own = self.target.iter().rfind(|it| it.role == Some(role));
        let all = || self.target.iter().rfind(|it| it.role.is_none());
        if let Some(address) = own.or_else(all) {
            return Ok(Some(&address.url));
        }
        if self.target.is_empty() {
            return Ok(None);
        }
        let name = role.to_possible_value();
        let name = name.as_ref().map_or("ROLE", |it| it.get_name());
        let message =
            format!("this command talks to the role {name} too: give --target {name}=URL");
        Err(error(CommandExit::Usage, message))
    }

    /// One address for everything, and nothing else.
    #[cfg(test)]
    pub(crate) fn at(url: &str) -> Self {
        Self {
            target: vec![RoleAddress {
                role: None,
                url: url.to_owned(),
            }],
            data: "no-such-folder".into(),
            token: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_has_its_own_address_or_that_of_all() {
        let target = |addresses: &[&str]| TargetSystem {
            target: addresses.iter().map(|it| it.parse().unwrap()).collect(),
            ..TargetSystem::at("")
        };
        let url = |target: &TargetSystem, role| target.url_of(role).map(|it| it.map(str::to_owned));
        let both = target(&["http://all:1", "ingest=http://in:2/?a=b"]);
        use ServiceRole::{Aggregate, Ingest};
        assert_eq!(
            url(&both, Ingest).unwrap().as_deref(),
            Some("http://in:2/?a=b")
        );
        assert_eq!(
            url(&both, Aggregate).unwrap().as_deref(),
            Some("http://all:1")
        );
        let one = target(&["ingest=http://in:2"]);
        let told = url(&one, Aggregate).unwrap_err().to_string();
        assert!(told.contains("--target aggregate=URL"), "{told}");
        assert_eq!(url(&target(&[]), Ingest).unwrap(), None);
        let odd = target(&["http://all:1/?a=b"]);
        assert_eq!(
            url(&odd, Ingest).unwrap().as_deref(),
            Some("http://all:1/?a=b")
        );
        assert!("nobody=http://x".parse::<RoleAddress>().is_err());
    }
}
