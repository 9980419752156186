//! The engine's own configuration files, as this version wants them at every start.
//!
//! Comes in: the data directory. Goes out: `engine.xml` and `users.xml` in it, and the path the
//! engine keeps its data under. Kept: an insert that is acknowledged is on disk (`fsync`), and
//! the engine's only user has no grant on sources (files, URLs, other servers).

use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// Grants of the engine's only user. What is absent is refused: SOURCES, dictionaries,
/// functions, users, backups, SYSTEM, named collections.
pub const GRANTS: &str = "GRANT SHOW, SELECT, INSERT, ALTER, CREATE DATABASE, CREATE TABLE, CREATE VIEW, DROP, TRUNCATE, OPTIMIZE ON *.*";

/// MergeTree settings, all 1, that make an acknowledged insert durable, and keep it so when a
/// merge has replaced its part.
pub(crate) const DURABLE: [&str; 4] = [
    "fsync_after_insert",
    "fsync_part_directory",
    "min_rows_to_fsync_after_merge",
    "min_compressed_bytes_to_fsync_after_merge",
];

/// Where the engine finds its files.
#[derive(Debug, Clone)]
pub(crate) struct EnginePaths {
    pub(crate) config: PathBuf,
    pub(crate) data: PathBuf,
}

/// Makes the directories and writes both files.
pub(crate) fn write(directory: &Path) -> io::Result<EnginePaths> {
    // The data are of patients, even when pseudonymous: for the owner only.
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory.join("clickhouse"))?;
    let directory = directory.canonicalize()?;
    let users = directory.join("users.xml");
    let config = directory.join("engine.xml");
    keep(&users, &users_xml())?;
    keep(&config, &engine_xml(&users)?)?;
    Ok(EnginePaths {
        config,
        data: directory.join("clickhouse"),
    })
}

/// What is there already is not written again: on a full disk it would be lost.
fn keep(path: &Path, text: &str) -> io::Result<()> {
    match std::fs::read(path) {
        Ok(found) if found == text.as_bytes() => Ok(()),
        _ => std::fs::write(path, text),
    }
}

fn engine_xml(users: &Path) -> io::Result<String> {
    let users = users
        .to_str()
        .ok_or_else(|| io::Error::other("the data directory's path is not UTF-8"))?;
    let durable: String = DURABLE
        .iter()
        .map(|name| format!("    <{name}>1</{name}>\n"))
        .collect();
    Ok(format!(
        "<clickhouse>
  <logger><level>none</level></logger>
  <user_directories><users_xml><path>{}</path></users_xml></user_directories>
  <merge_tree>\n{durable}  </merge_tree>
</clickhouse>\n",
        escaped(users)
    ))
}

fn users_xml() -> String {
    format!(
        "<clickhouse>
  <profiles><default/></profiles>
  <quotas><default/></quotas>
  <users>
    <default>
      <password></password>
      <networks><ip>::/0</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <grants><query>{GRANTS}</query></grants>
    </default>
  </users>
</clickhouse>\n"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_path_with_markup_is_escaped() {
        let directory = tempfile::tempdir().unwrap();
        let files = write(&directory.path().join("a<b>&c")).unwrap();
        let config = std::fs::read_to_string(&files.config).unwrap();
        assert!(config.contains("a&lt;b&gt;&amp;c/users.xml"), "{config}");
        assert!(files.data.is_dir());
    }

    #[test]
    fn the_data_are_for_the_owner_only() {
        let directory = tempfile::tempdir().unwrap();
        let files = write(&directory.path().join("new")).unwrap();
        for path in [&files.data, files.data.parent().unwrap()] {
            let mode = path.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{}", path.display());
        }
    }
}
