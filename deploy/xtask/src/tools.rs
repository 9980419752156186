//! What a machine must have, and what installs it: a Debian package, or for Node what
//! [`node`] says.

mod installation;
mod node;

use std::process::Command;

use anyhow::{Result, bail};

use crate::shell;
pub(crate) use installation::ToolInstallation;

/// A tool of the machine.
pub(crate) struct MachineTool {
    /// As a person would call it.
    name: &'static str,
    /// What it is needed for.
    used_for: &'static str,
    /// What brings the tool to a machine.
    origin: ToolOrigin,
    /// Program and arguments that succeed where the tool is.
    probe: &'static [&'static str],
}

/// What brings a tool to a machine.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ToolOrigin {
    /// A package of Debian 12 and of Debian 13.
    Package(&'static str),
    /// Node, which may come from Debian or from elsewhere, and brings npm or does not.
    Node,
}

/// What `up` needs, beside cargo.
pub(crate) const UP: &[MachineTool] = &[CC, MAKE, CXX, NPM, NODE];

/// What tests and lints need too.
pub(crate) const ALL: &[MachineTool] = &[
    CC, MAKE, CXX, NPM, NODE, CHROMIUM, GIT, VENV, UNSHARE, MOUNT, MAVEN, PKG_CONFIG, OPENSSL,
    CURL, FAKETIME,
];

/// What fetching Kafka needs. Maven's package brings a Java that can run it; where Maven came
/// without one, `kafka` fetches its own.
pub(crate) const KAFKA: &[MachineTool] = &[MAVEN];

/// What faults need, beside cargo.
pub(crate) const FAULTS: &[MachineTool] = &[CC, MAKE, CXX, NPM, UNSHARE, MOUNT, FAKETIME];

const CC: MachineTool = MachineTool {
    name: "a C compiler",
    used_for: "SQLite and the crypto library",
    origin: ToolOrigin::Package("build-essential"),
    probe: &["cc", "--version"],
};
const MAKE: MachineTool = MachineTool {
    name: "make",
    used_for: "libraries in C",
    origin: ToolOrigin::Package("build-essential"),
    probe: &["make", "--version"],
};
const CXX: MachineTool = MachineTool {
    name: "a C++ compiler",
    used_for: "librdkafka, the Kafka client",
    origin: ToolOrigin::Package("build-essential"),
    probe: &["c++", "--version"],
};
const NPM: MachineTool = MachineTool {
    name: "npm",
    used_for: "fetching the embedded engine, buf, and what the web page is built with",
    origin: ToolOrigin::Node,
    probe: &["npm", "--version"],
};
const NODE: MachineTool = MachineTool {
    name: "Node 20.19 or newer",
    used_for: "building the web page",
    origin: ToolOrigin::Node,
    probe: &[
        "node",
        "-e",
        "const [a, b] = process.versions.node.split('.'); process.exit(+a > 20 || (+a == 20 && +b >= 19) ? 0 : 1)",
    ],
};
const CHROMIUM: MachineTool = MachineTool {
    name: "Chromium",
    used_for: "testing the web page",
    origin: ToolOrigin::Package("chromium"),
    probe: &["chromium", "--version"],
};
const GIT: MachineTool = MachineTool {
    name: "git",
    used_for: "listing the files to check",
    origin: ToolOrigin::Package("git"),
    probe: &["git", "--version"],
};
const VENV: MachineTool = MachineTool {
    name: "Python 3 with venv",
    used_for: "the client in Python and the expected figures",
    origin: ToolOrigin::Package("python3-venv"),
    probe: &["python3", "-c", "import ensurepip, venv"],
};
const MAVEN: MachineTool = MachineTool {
    name: "Maven",
    used_for: "fetching Kafka, which the tests run against",
    origin: ToolOrigin::Package("maven"),
    probe: &["mvn", "--version"],
};

const PKG_CONFIG: MachineTool = MachineTool {
    name: "pkg-config",
    used_for: "finding OpenSSL and curl",
    origin: ToolOrigin::Package("pkg-config"),
    probe: &["pkg-config", "--version"],
};
const OPENSSL: MachineTool = MachineTool {
    name: "OpenSSL's headers",
    used_for: "TLS to Kafka (feature kafka-tls)",
    origin: ToolOrigin::Package("libssl-dev"),
    probe: &["pkg-config", "--exists", "openssl"],
};
const CURL: MachineTool = MachineTool {
    name: "curl's headers",
    used_for: "tokens for Kafka (feature kafka-tls)",
    origin: ToolOrigin::Package("libcurl4-openssl-dev"),
    probe: &["pkg-config", "--exists", "libcurl"],
};
const FAKETIME: MachineTool = MachineTool {
    name: "faketime",
    used_for: "clocks that jump in one process only",
    origin: ToolOrigin::Package("faketime"),
    probe: &["faketime", "--version"],
};
const UNSHARE: MachineTool = MachineTool {
    name: "unshare",
    used_for: "small disks that only one test sees",
    origin: ToolOrigin::Package("util-linux"),
    probe: &["unshare", "--version"],
};
const MOUNT: MachineTool = MachineTool {
    name: "mount",
    used_for: "small disks to fill",
    origin: ToolOrigin::Package("mount"),
    probe: &["mount", "--version"],
};

/// Fails naming everything that is missing and the one line that installs it on Debian.
pub(crate) fn require(tools: &[MachineTool]) -> Result<()> {
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
pub(crate) fn installation_of(tools: &[MachineTool]) -> ToolInstallation {
    installation(&missing(tools))
}

fn missing(tools: &[MachineTool]) -> Vec<&MachineTool> {
    tools.iter().filter(|tool| !is_there(tool)).collect()
}

fn is_there(tool: &MachineTool) -> bool {
    let (program, arguments) = tool.probe.split_first().expect("every probe has a program");
    shell::succeeds(Command::new(program).args(arguments))
}

fn installation(missing: &[&MachineTool]) -> ToolInstallation {
    let mut installation = ToolInstallation::default();
    for tool in missing {
        if let ToolOrigin::Package(package) = tool.origin {
            installation.packages.insert(package);
        }
    }
    if missing.iter().any(|tool| tool.origin == ToolOrigin::Node) {
        let node = node::installation(&node::NodeOnMachine::look());
        installation.packages.extend(node.packages);
        installation.remarks.extend(node.remarks);
    }
    installation
}

#[cfg(test)]
mod tests;
