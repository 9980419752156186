//! Node and npm. Debian has them as two packages, others as one, and the two exclude each other:
//! Debian's `npm` cannot be installed beside a `nodejs` from elsewhere. So npm is never asked for
//! by itself where Node is not Debian's, and Node is never asked for where apt has only an older
//! one than the page needs, as Debian 12 has.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::installation::ToolInstallation;

/// What the web page needs, by its bundler.
const NEEDED: NodeVersion = NodeVersion {
    major: 20,
    minor: 19,
};

/// Where Node comes from when Debian's own is too old.
const ELSEWHERE: &str = "take Node 22 or newer from nodejs.org, unpack it and put its folder `bin` \
     on PATH (npm is in it), or add the repository of NodeSource, whose package nodejs has npm in it";

/// What this machine has of Node, and what apt would install.
#[derive(Debug, Default)]
pub(super) struct NodeOnMachine {
    /// The version of the `node` on PATH.
    node: Option<NodeVersion>,
    /// Whether there is an `npm` on PATH.
    npm: bool,
    /// The version of the Debian package that brought this `node`, if one did.
    package: Option<String>,
    /// The version of `nodejs` that `apt-get install` would bring.
    candidate: Option<String>,
}

/// The first two numbers of a version of Node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct NodeVersion {
    major: u32,
    minor: u32,
}

impl NodeOnMachine {
    /// Asks the machine; what it cannot say is `None`.
    pub(super) fn look() -> Self {
        Self {
            node: first_line("node", &["--version"]).and_then(|it| NodeVersion::parse(&it)),
            npm: first_line("npm", &["--version"]).is_some(),
            package: package_of_node(),
            candidate: candidate(),
        }
    }
}

/// What makes Node and npm good here. Empty where both are.
pub(super) fn installation(machine: &NodeOnMachine) -> ToolInstallation {
    let mut installation = ToolInstallation::default();
    let new_enough = machine.node.is_some_and(|version| version >= NEEDED);
    let apt = machine.candidate.as_deref();
    let apt_is_new_enough = apt
        .and_then(NodeVersion::parse)
        .is_some_and(|it| it >= NEEDED);
    if new_enough && machine.npm {
        return installation;
    }
    if new_enough {
        match machine.package.as_deref() {
            Some(version) if !has_npm_in_it(version) => {
                installation.packages.insert("npm");
            }
            _ => installation.remarks.push(
                "npm is missing beside a Node that is not Debian's: it comes with Node, so install \
                 Node again from where it came, or put its folder `bin` on PATH"
                    .to_owned(),
            ),
        }
        return installation;
    }
    // A Node that somebody unpacked or that a version manager has stays first on PATH: a package
    // would not be seen.
    let unpacked = machine.node.is_some() && machine.package.is_none();
    if apt_is_new_enough && !unpacked {
        installation.packages.insert("nodejs");
        if !machine.npm && !apt.is_some_and(has_npm_in_it) {
            installation.packages.insert("npm");
        }
        return installation;
    }
    installation.remarks.push(too_old(machine));
    installation
}

fn too_old(machine: &NodeOnMachine) -> String {
    let here = match (machine.node, machine.candidate.as_deref()) {
        (Some(NodeVersion { major, minor }), _) => format!("this machine has Node {major}.{minor}"),
        (None, Some(version)) => format!("apt has Node {version} here"),
        (None, None) => "apt has no Node here".to_owned(),
    };
    let NodeVersion { major, minor } = NEEDED;
    format!("{here}, and the web page needs {major}.{minor}: {ELSEWHERE}")
}

/// Debian's package of Node comes without npm, NodeSource's with it.
fn has_npm_in_it(version: &str) -> bool {
    version.contains("nodesource")
}

impl NodeVersion {
    /// Reads `v20.19.2` and `20.19.2+dfsg-1`.
    fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.trim().trim_start_matches('v').split('.');
        let major = numbers.next()?.parse().ok()?;
        let minor = numbers.next()?.parse().ok()?;
        Some(Self { major, minor })
    }
}

fn candidate() -> Option<String> {
    let policy = output("apt-cache", &["policy", "nodejs"])?;
    let line = policy
        .lines()
        .find_map(|line| line.trim().strip_prefix("Candidate: "))?;
    (line != "(none)").then(|| line.to_owned())
}

fn package_of_node() -> Option<String> {
    let node = fs::canonicalize(on_path("node")?).ok()?;
    output("dpkg-query", &["--search", node.to_str()?])?;
    first_line(
        "dpkg-query",
        &["--show", "--showformat", "${Version}", "nodejs"],
    )
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let mut places = env::split_paths(&path).map(|folder| folder.join(program));
    places.find(|place| place.is_file())
}

fn first_line(program: &str, arguments: &[&str]) -> Option<String> {
    Some(output(program, arguments)?.lines().next()?.to_owned())
}

/// What a program says, in English; `None` if it is not there or fails.
fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    command.args(arguments).env("LC_ALL", "C");
    let output = command.stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEBIAN_12: &str = "18.20.4+dfsg-1~deb12u1";
    const DEBIAN_13: &str = "20.19.2+dfsg-1";
    const NODESOURCE: &str = "22.12.0-1nodesource1";

    struct Here {
        node: &'static str,
        npm: bool,
        package: &'static str,
        candidate: &'static str,
    }

    fn check(here: Here, packages: &[&str], remark: &str) {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let found = installation(&NodeOnMachine {
            node: NodeVersion::parse(here.node),
            npm: here.npm,
            package: some(here.package),
            candidate: some(here.candidate),
        });
        let asked: Vec<&str> = found.packages.into_iter().collect();
        let remarks = found.remarks.join("\n");
        assert_eq!(asked, packages);
        assert_eq!(remarks.is_empty(), remark.is_empty(), "{remarks}");
        assert!(remarks.contains(remark), "{remarks}");
    }

    fn without_node(candidate: &'static str) -> Here {
        Here {
            node: "",
            npm: false,
            package: "",
            candidate,
        }
    }

    fn with_node(node: &'static str, npm: bool, package: &'static str) -> Here {
        Here {
            node,
            npm,
            package,
            candidate: DEBIAN_13,
        }
    }

    #[test]
    fn a_fresh_debian_13_has_both_as_packages() {
        check(without_node(DEBIAN_13), &["nodejs", "npm"], "");
    }

    #[test]
    fn a_fresh_debian_12_is_told_where_a_newer_one_is() {
        check(without_node(DEBIAN_12), &[], "18.20.4");
        check(without_node(""), &[], "apt has no Node");
    }

    #[test]
    fn nodesource_brings_npm_in_one_package() {
        check(without_node(NODESOURCE), &["nodejs"], "");
    }

    #[test]
    fn a_good_node_from_elsewhere_is_left_alone() {
        check(with_node("v22.1.0", true, ""), &[], "");
        check(with_node("v22.1.0", true, NODESOURCE), &[], "");
    }

    #[test]
    fn npm_is_a_package_of_its_own_only_beside_debians_node() {
        check(with_node("v20.19.2", false, DEBIAN_13), &["npm"], "");
        check(with_node("v22.1.0", false, ""), &[], "npm is missing");
        check(
            with_node("v22.12.0", false, NODESOURCE),
            &[],
            "npm is missing",
        );
    }

    #[test]
    fn an_old_node_is_replaced_by_apt_only_if_apt_brought_it() {
        check(with_node("v18.20.4", true, DEBIAN_12), &["nodejs"], "");
        check(with_node("v20.18.3", true, ""), &[], "has Node 20.18");
        let no_newer = Here {
            candidate: DEBIAN_12,
            ..with_node("v18.20.4", true, DEBIAN_12)
        };
        check(no_newer, &[], "has Node 18.20");
    }
}
