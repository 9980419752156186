//! What a person does about tools that are missing.

use std::collections::BTreeSet;

/// What installs the tools that are missing.
#[derive(Default)]
pub(crate) struct ToolInstallation {
    /// What `apt-get install` is told.
    pub(crate) packages: BTreeSet<&'static str>,
    /// What no package of this machine's Debian does, in sentences.
    pub(crate) remarks: Vec<String>,
}

impl ToolInstallation {
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
