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
use crate::workspace::{CargoPackage, CargoWorkspace};

/// How the source of a package from a registry begins; no other kind of source is allowed.
const REGISTRY: &str = "registry+";

const CONFIG: &str = ".cargo/deny.toml";

/// Fails naming every package that may not be built in, and why.
pub(super) fn check(workspace: &CargoWorkspace) -> Result<()> {
    let text = fs::read_to_string(workspace.root.join(CONFIG)).context("read deny.toml")?;
    let policy = DenyPolicy::parse(&text)?;
    let mut problems = policy.problems(&workspace.packages);
    problems.extend(policy.banned(&built(workspace)?));
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

/// The names of the crates that some target builds. What `cargo metadata` lists is more: crates
/// behind features that nobody asks for.
fn built(workspace: &CargoWorkspace) -> Result<BTreeSet<String>> {
    let mut tree = workspace.cargo();
    tree.args(["tree", "--workspace", "--target", "all", "--edges", "all"]);
    let listed = shell::output(tree.args(["--prefix", "none", "--format", "{p}"]))?;
    let names = listed.lines().filter_map(|line| line.split(' ').next());
    Ok(names.map(str::to_owned).collect())
}

/// What may be built in.
struct DenyPolicy {
    allowed: BTreeSet<String>,
    banned: BTreeSet<String>,
}

#[derive(Deserialize)]
struct DenyConfig {
    licenses: AllowedLicences,
    bans: BannedCrates,
}

#[derive(Deserialize)]
struct AllowedLicences {
    allow: BTreeSet<String>,
}

#[derive(Deserialize)]
struct BannedCrates {
    deny: Vec<BannedCrate>,
}

#[derive(Deserialize)]
struct BannedCrate {
    #[serde(rename = "crate")]
    name: String,
}

impl DenyPolicy {
    fn parse(text: &str) -> Result<Self> {
        let config: DenyConfig = toml::from_str(text).context("read deny.toml")?;
        Ok(Self {
            allowed: config.licenses.allow,
            banned: config.bans.deny.into_iter().map(|ban| ban.name).collect(),
        })
    }

    fn problems(&self, packages: &[CargoPackage]) -> Vec<String> {
        let mut problems = Vec::new();
        for package in packages {
            let name = format!("{} {}", package.name, package.version);
            let from_registry = |source: &String| source.starts_with(REGISTRY);
            if !package.source.as_ref().is_none_or(from_registry) {
                problems.push(format!("{name} does not come from the registry"));
            }
            let licence = package.license.as_deref().unwrap_or("none");
            if !self.allows(licence) {
                problems.push(format!("{name} has the licence {licence}"));
            }
        }
        problems
    }

    fn banned(&self, built: &BTreeSet<String>) -> Vec<String> {
        let banned = self.banned.intersection(built);
        banned.map(|name| format!("{name} is banned")).collect()
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

    fn policy() -> DenyPolicy {
        DenyPolicy::parse(include_str!("../../../../.cargo/deny.toml")).unwrap()
    }

    fn package(name: &str, license: Option<&str>, source: Option<&str>) -> CargoPackage {
        CargoPackage {
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
            package("secret", None, None),
            package("elsewhere", Some("MIT"), Some("git+https://example.org/x")),
        ];
        assert_eq!(
            policy().problems(&packages),
            [
                "secret 1.0.0 has the licence none",
                "elsewhere 1.0.0 does not come from the registry",
            ]
        );
    }

    #[test]
    fn a_banned_crate_is_named_only_when_it_is_built() {
        let built = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(
            policy().banned(&built(&["ring", "serde"])),
            ["ring is banned"]
        );
        assert!(policy().banned(&built(&["serde"])).is_empty());
    }
}
