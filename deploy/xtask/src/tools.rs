//! What a machine must have, and what installs it: a Debian package, or for Node what
//! [`node`] says.

mod node;

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
    /// What brings it.
    origin: Origin,
    /// Program and arguments that succeed where the tool is.
    probe: &'static [&'static str],
}

/// What brings a tool to a machine.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// A package of Debian 12 and of Debian 13.
    Package(&'static str),
    /// Node, which may come from Debian or from elsewhere, and brings npm or does not.
    Node,
}

/// What installs the tools that are missing.
#[derive(Default)]
pub(crate) struct Installation {
    /// What `apt-get install` is told.
    pub(crate) packages: BTreeSet<&'static str>,
    /// What no package of this machine's Debian does, in sentences.
    pub(crate) remarks: Vec<String>,
}

/// What `up` needs, beside cargo.
pub(crate) const UP: &[Tool] = &[CC, MAKE, CXX, NPM, NODE];

/// What tests and lints need too.
pub(crate) const ALL: &[Tool] = &[
    CC, MAKE, CXX, NPM, NODE, CHROMIUM, GIT, VENV, UNSHARE, MOUNT, MAVEN, PKG_CONFIG, OPENSSL,
    CURL, FAKETIME,
];

/// What fetching Kafka needs. Maven's package brings a Java that can run it; where Maven came
/// without one, `kafka` fetches its own.
pub(crate) const KAFKA: &[Tool] = &[MAVEN];

/// What faults need, beside cargo.
pub(crate) const FAULTS: &[Tool] = &[CC, MAKE, CXX, NPM, UNSHARE, MOUNT, FAKETIME];

const CC: Tool = Tool {
    name: "a C compiler",
    used_for: "SQLite and the crypto library",
    origin: Origin::Package("build-essential"),
    probe: &["cc", "--version"],
};
const MAKE: Tool = Tool {
    name: "make",
    used_for: "libraries in C",
    origin: Origin::Package("build-essential"),
    probe: &["make", "--version"],
};
const CXX: Tool = Tool {
    name: "a C++ compiler",
    used_for: "librdkafka, the Kafka client",
    origin: Origin::Package("build-essential"),
    probe: &["c++", "--version"],
};
const NPM: Tool = Tool {
    name: "npm",
    used_for: "fetching the embedded engine, buf, and what the web page is built with",
    origin: Origin::Node,
    probe: &["npm", "--version"],
};
const NODE: Tool = Tool {
    name: "Node 20.19 or newer",
    used_for: "building the web page",
    origin: Origin::Node,
    probe: &[
        "node",
        "-e",
        "const [a, b] = process.versions.node.split('.'); process.exit(+a > 20 || (+a == 20 && +b >= 19) ? 0 : 1)",
    ],
};
const CHROMIUM: Tool = Tool {
    name: "Chromium",
    used_for: "testing the web page",
    origin: Origin::Package("chromium"),
    probe: &["chromium", "--version"],
};
const GIT: Tool = Tool {
    name: "git",
    used_for: "listing the files to check",
    origin: Origin::Package("git"),
    probe: &["git", "--version"],
};
const VENV: Tool = Tool {
    name: "Python 3 with venv",
    used_for: "the client in Python and the expected figures",
    origin: Origin::Package("python3-venv"),
    probe: &["python3", "-c", "import ensurepip, venv"],
};
const MAVEN: Tool = Tool {
    name: "Maven",
    used_for: "fetching Kafka, which the tests run against",
    origin: Origin::Package("maven"),
    probe: &["mvn", "--version"],
};

const PKG_CONFIG: Tool = Tool {
    name: "pkg-config",
    used_for: "finding OpenSSL and curl",
    origin: Origin::Package("pkg-config"),
    probe: &["pkg-config", "--version"],
};
const OPENSSL: Tool = Tool {
    name: "OpenSSL's headers",
    used_for: "TLS to Kafka (feature kafka-tls)",
    origin: Origin::Package("libssl-dev"),
    probe: &["pkg-config", "--exists", "openssl"],
};
const CURL: Tool = Tool {
    name: "curl's headers",
    used_for: "tokens for Kafka (feature kafka-tls)",
    origin: Origin::Package("libcurl4-openssl-dev"),
    probe: &["pkg-config", "--exists", "libcurl"],
};
const FAKETIME: Tool = Tool {
    name: "faketime",
    used_for: "clocks that jump in one process only",
    origin: Origin::Package("faketime"),
    probe: &["faketime", "--version"],
};
const UNSHARE: Tool = Tool {
    name: "unshare",
    used_for: "small disks that only one test sees",
    origin: Origin::Package("util-linux"),
    probe: &["unshare", "--version"],
};
const MOUNT: Tool = Tool {
    name: "mount",
    used_for: "small disks to fill",
    origin: Origin::Package("mount"),
    probe: &["mount", "--version"],
};

/// Fails naming everything that is missing and the one line that installs it on Debian.
pub(crate) fn require(tools: &[Tool]) -> Result<()> {
    let missing = missing(tools);
    if missing.is_empty() {
        return Ok(());
    }
    let mut lines = vec!["this machine lacks".to_owned()];
    for tool in &missing {
        lines.push(format!("  {} (for {})", tool.name, tool.used_for));
    }
    lines.extend(installation(&missing).advice());
    bail!("{}", lines.join("\n"));
}

/// What installs those of these tools that are missing.
pub(crate) fn installation_of(tools: &[Tool]) -> Installation {
    installation(&missing(tools))
}

impl Installation {
    /// What a person does next, a line each.
    pub(crate) fn advice(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if !self.packages.is_empty() {
            let packages: Vec<&str> = self.packages.iter().copied().collect();
            let packages = packages.join(" ");
            lines.push(format!("on Debian: sudo apt-get install {packages}"));
        }
        lines.extend(self.remarks.iter().cloned());
        lines
    }
}

fn missing(tools: &[Tool]) -> Vec<&Tool> {
    tools.iter().filter(|tool| !is_there(tool)).collect()
}

fn is_there(tool: &Tool) -> bool {
    let (program, arguments) = tool.probe.split_first().expect("every probe has a program");
    shell::succeeds(Command::new(program).args(arguments))
}

fn installation(missing: &[&Tool]) -> Installation {
    let mut installation = Installation::default();
    for tool in missing {
        if let Origin::Package(package) = tool.origin {
            installation.packages.insert(package);
        }
    }
    if missing.iter().any(|tool| tool.origin == Origin::Node) {
        let node = node::installation(&node::NodeOnMachine::look());
        installation.packages.extend(node.packages);
        installation.remarks.extend(node.remarks);
    }
    installation
}

#[cfg(test)]
mod tests;
