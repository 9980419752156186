use std::collections::BTreeSet;

use super::*;

const ABSENT: MachineTool = MachineTool {
    name: "an abacus",
    used_for: "sums",
    origin: ToolOrigin::Package("abacus"),
    probe: &["medvirk-no-such-program"],
};

/// Part of every Debian, so nobody has to be told.
const ALWAYS_THERE: [&str; 2] = ["mount", "util-linux"];

#[test]
fn a_missing_tool_is_named_with_its_package() {
    let error = require(&[ABSENT, ABSENT]).unwrap_err().to_string();
    assert!(error.contains("an abacus (for sums)"), "{error}");
    assert!(error.ends_with("apt-get install abacus"), "{error}");
}

#[test]
fn a_tool_that_is_there_is_not_complained_of() {
    let cargo = MachineTool {
        probe: &["cargo", "--version"],
        ..ABSENT
    };
    assert!(installation_of(&[cargo]).packages.is_empty());
}

#[test]
fn the_readme_names_every_package_for_a_fresh_debian() {
    let readme = include_str!("../../../../README.md");
    let lines: Vec<BTreeSet<&str>> = readme
        .lines()
        .filter_map(|line| line.trim().strip_prefix("sudo apt-get install "))
        .map(|packages| packages.split(' ').collect())
        .collect();
    let own = ALL.iter().filter_map(|tool| match tool.origin {
        ToolOrigin::Package(package) => Some(package),
        ToolOrigin::Node => None,
    });
    let own: BTreeSet<&str> = own
        .filter(|package| !ALWAYS_THERE.contains(package))
        .collect();
    let mut of_debian_13 = own.clone();
    of_debian_13.extend(["nodejs", "npm"]);

    assert_eq!(lines, [of_debian_13, own], "Debian 13, then Debian 12");
}
