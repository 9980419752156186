//! Folders of keys and data, which belong to their owner alone.

use std::path::Path;

use anyhow::Context;

/// A folder that only its owner may enter.
pub(super) fn create_private(folder: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    let made = std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder);
    made.with_context(|| format!("create {}", folder.display()))
}
