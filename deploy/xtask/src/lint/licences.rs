//! Licences, sources and banned crates, by `.cargo/deny.toml`.
//!
//! The built-in check always runs, because cargo-deny takes minutes to build; where cargo-deny is
//! installed it runs too. Both read the same file.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use spdx::{Expression, ParseMode};

use crate::shell;
use crate::workspace::{Package, Workspace};

const CONFIG: &str = ".cargo/deny.toml";

/// Fails naming every package that may not be built in, and why.
pub(super) fn check(workspace: &Workspace) -> Result<()> {
    let text = fs::read_to_string(workspace.root.join(CONFIG)).context("read deny.toml")?;
    let policy = Policy::parse(&text)?;
    let problems = policy.problems(&workspace.packages);
    if !problems.is_empty() {
        bail!("{}", problems.join("\n"));
    }
    eprintln!("   {} packages", workspace.packages.len());
    if shell::succeeds(workspace.cargo().args(["deny", "--version"])) {
        let mut deny = workspace.cargo();
        deny.args(["deny", "check", "--config", CONFIG]);
        shell::run(deny.args(["licenses", "bans", "sources"]))?;
    }
    Ok(())
}

/// What may be built in.
struct Policy {
    allowed: BTreeSet<String>,
    banned: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Config {
    licenses: Licenses,
    bans: Bans,
}

#[derive(Deserialize)]
struct Licenses {
    allow: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Deserialize)]
struct Ban {
    #[serde(rename = "crate")]
    name: String,
}

impl Policy {
    fn parse(text: &str) -> Result<Self> {
        let config: Config = toml::from_str(text).context("read deny.toml")?;
        Ok(Self {
            allowed: config.licenses.allow,
            banned: config.bans.deny.into_iter().map(|ban| ban.name).collect(),
        })
    }

    fn problems(&self, packages: &[Package]) -> Vec<String> {
        let mut problems = Vec::new();
        for package in packages {
            let name = format!("{} {}", package.name, package.version);
            if self.banned.contains(&package.name) {
                problems.push(format!("{name} is banned"));
            }
            // `registry+` is the one registry that cargo knows without being told.
            if let Some(source) = &package.source
                && !source.starts_with("registry+https://github.com/rust-lang/crates.io-index")
            {
                problems.push(format!("{name} does not come from the registry"));
            }
            let licence = package.license.as_deref().unwrap_or("none");
            if !self.allows(licence) {
                problems.push(format!("{name} has the licence {licence}"));
            }
        }
        problems
    }

    fn allows(&self, licence: &str) -> bool {
        // Old packages write a slash for "or".
        Expression::parse_mode(licence, ParseMode::LAX).is_ok_and(|expression| {
            expression.evaluate(|part| self.allowed.contains(&part.to_string()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> Policy {
        Policy::parse(include_str!("../../../../.cargo/deny.toml")).unwrap()
    }

    fn package(name: &str, license: Option<&str>, source: Option<&str>) -> Package {
        Package {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            license: license.map(str::to_owned),
            source: source.map(str::to_owned),
            manifest_path: "Cargo.toml".into(),
        }
    }

    #[test]
    fn one_allowed_alternative_is_enough_and_all_of_a_conjunction_are_needed() {
        let policy = policy();
        for allowed in [
            "MIT",
            "MIT/Apache-2.0",
            "GPL-3.0-only OR MIT",
            "Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
        ] {
            assert!(policy.allows(allowed), "{allowed}");
        }
        for refused in [
            "GPL-3.0-only",
            "MIT AND GPL-2.0-only",
            "MPL-2.0",
            "MIT OR",
            "none",
            "GPL-2.0-only WITH Classpath-exception-2.0",
        ] {
            assert!(!policy.allows(refused), "{refused}");
        }
    }

    #[test]
    fn every_reason_to_refuse_a_package_is_named() {
        let packages = [
            package("fine", Some("MIT"), None),
            package("ring", Some("ISC"), None),
            package("secret", None, None),
            package("elsewhere", Some("MIT"), Some("git+https://example.org/x")),
        ];
        assert_eq!(
            policy().problems(&packages),
            [
                "ring 1.0.0 is banned",
                "secret 1.0.0 has the licence none",
                "elsewhere 1.0.0 does not come from the registry",
            ]
        );
    }
}
