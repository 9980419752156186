//! What a machine must have, and which Debian package brings it.

use std::collections::BTreeSet;
use std::process::Command;

use anyhow::{Result, bail};

use crate::shell;

/// A tool of the machine.
pub(crate) struct Tool {
    /// As a person would call it.
    name: &'static str,
    /// What it is needed for.
    used_for: &'static str,
    /// The Debian package that brings it.
    package: &'static str,
    /// Program and arguments that succeed where the tool is.
    probe: &'static [&'static str],
}

/// What `up` needs, beside cargo.
pub(crate) const UP: &[Tool] = &[CC, MAKE, CXX, NPM];

/// What tests and lints need too.
pub(crate) const ALL: &[Tool] = &[
    CC, MAKE, CXX, NPM, GIT, VENV, UNSHARE, MOUNT, MAVEN, PKG_CONFIG, OPENSSL, CURL, FAKETIME,
];

/// What fetching Kafka needs. Maven's package brings a Java that can run it; where Maven came
/// without one, `kafka` fetches its own.
pub(crate) const KAFKA: &[Tool] = &[MAVEN];

/// What faults need, beside cargo.
pub(crate) const FAULTS: &[Tool] = &[CC, MAKE, CXX, NPM, UNSHARE, MOUNT, FAKETIME];

const CC: Tool = Tool {
    name: "a C compiler",
    used_for: "SQLite and the crypto library",
    package: "build-essential",
    probe: &["cc", "--version"],
};
const MAKE: Tool = Tool {
    name: "make",
    used_for: "libraries in C",
    package: "build-essential",
    probe: &["make", "--version"],
};
const CXX: Tool = Tool {
    name: "a C++ compiler",
    used_for: "librdkafka, the Kafka client",
    package: "build-essential",
    probe: &["c++", "--version"],
};
const NPM: Tool = Tool {
    name: "npm",
    used_for: "fetching the embedded engine and buf",
    package: "npm",
    probe: &["npm", "--version"],
};
const GIT: Tool = Tool {
    name: "git",
    used_for: "listing the files to check",
    package: "git",
    probe: &["git", "--version"],
};
const VENV: Tool = Tool {
    name: "Python 3 with venv",
    used_for: "the client in Python and the expected figures",
    package: "python3-venv",
    probe: &["python3", "-c", "import ensurepip, venv"],
};
const MAVEN: Tool = Tool {
    name: "Maven",
    used_for: "fetching Kafka, which the tests run against",
    package: "maven",
    probe: &["mvn", "--version"],
};

const PKG_CONFIG: Tool = Tool {
    name: "pkg-config",
    used_for: "finding OpenSSL and curl",
    package: "pkg-config",
    probe: &["pkg-config", "--version"],
};
const OPENSSL: Tool = Tool {
    name: "OpenSSL's headers",
    used_for: "TLS to Kafka (feature kafka-tls)",
    package: "libssl-dev",
    probe: &["pkg-config", "--exists", "openssl"],
};
const CURL: Tool = Tool {
    name: "curl's headers",
    used_for: "tokens for Kafka (feature kafka-tls)",
    package: "libcurl4-openssl-dev",
    probe: &["pkg-config", "--exists", "libcurl"],
};
const FAKETIME: Tool = Tool {
    name: "faketime",
    used_for: "clocks that jump in one process only",
    package: "faketime",
    probe: &["faketime", "--version"],
};
const UNSHARE: Tool = Tool {
    name: "unshare",
    used_for: "small disks that only one test sees",
    package: "util-linux",
    probe: &["unshare", "--version"],
};
const MOUNT: Tool = Tool {
    name: "mount",
    used_for: "small disks to fill",
    package: "mount",
    probe: &["mount", "--version"],
};

/// Fails naming everything that is missing and the one line that installs it on Debian.
pub(crate) fn require(tools: &[Tool]) -> Result<()> {
    let missing: Vec<&Tool> = tools.iter().filter(|tool| !is_there(tool)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    bail!("{}", complaint(&missing));
}

/// The Debian packages of the missing tools.
pub(crate) fn missing_packages(tools: &[Tool]) -> BTreeSet<&'static str> {
    let missing = tools.iter().filter(|tool| !is_there(tool));
    missing.map(|tool| tool.package).collect()
}

fn is_there(tool: &Tool) -> bool {
    let (program, arguments) = tool.probe.split_first().expect("every probe has a program");
    shell::succeeds(Command::new(program).args(arguments))
}

fn complaint(missing: &[&Tool]) -> String {
    let mut lines = vec!["this machine lacks".to_owned()];
    for tool in missing {
        lines.push(format!("  {} (for {})", tool.name, tool.used_for));
    }
    let packages: BTreeSet<&str> = missing.iter().map(|tool| tool.package).collect();
    let packages: Vec<&str> = packages.into_iter().collect();
    lines.push(format!(
        "on Debian: sudo apt-get install {}",
        packages.join(" ")
    ));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABSENT: Tool = Tool {
        name: "an abacus",
        used_for: "sums",
        package: "abacus",
        probe: &["medvirk-no-such-program"],
    };

    #[test]
    fn a_missing_tool_is_named_with_its_package() {
        let error = require(&[ABSENT, ABSENT]).unwrap_err().to_string();
        assert!(error.contains("an abacus (for sums)"), "{error}");
        assert!(error.ends_with("apt-get install abacus"), "{error}");
    }

    #[test]
    fn a_tool_that_is_there_is_not_complained_of() {
        let cargo = Tool {
            probe: &["cargo", "--version"],
            ..ABSENT
        };
        assert!(missing_packages(&[cargo]).is_empty());
    }
}
