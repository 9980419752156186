//! The audit log: who took what, when and what for. Comes in: entries. Goes out: lines of JSON in a
//! file that is only ever appended to. The invariants: an entry is on the disk before [`AuditFile::note`]
//! returns; each line has the SHA-256 of the line before it, so a line that was changed or taken out
//! is found at the next start, and then nothing is given out until somebody has looked; one process
//! has the file.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Why there is no audit log.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The file cannot be read or written.
    #[error("cannot use the audit log")]
    Io(#[from] std::io::Error),
    /// Another process has it.
    #[error("another process has the audit log")]
    Taken,
    /// A line is not the one that was written.
    #[error("the audit log was changed: line {0} does not follow from the one before it")]
    Changed(usize),
}

/// The file that is open for appending.
#[derive(Debug)]
pub struct AuditFile(Mutex<OpenAuditFile>);

#[derive(Debug)]
struct OpenAuditFile {
    file: File,
    /// SHA-256 of the last line, in hexadecimal; empty where there is none.
    last: String,
}

impl Drop for OpenAuditFile {
    /// Closing is not enough: a child that another thread forks at this moment has the file open too,
    /// until it begins its own program. Unlocking lets go for all who have it open.
    fn drop(&mut self) {
        if let Err(error) = self.file.unlock() {
            tracing::warn!(%error, "the lock of the audit log is let go of by closing it only");
        }
    }
}

/// What is written down.
#[derive(Debug, Serialize)]
pub(crate) struct AuditEntry<'a> {
    /// The time of the entry, as RFC 3339 writes it.
    pub(crate) at: String,
    /// Links the beginning of a pull to its end.
    pub(crate) pull: &'a str,
    /// "begun" before anything leaves, "ended" afterwards.
    pub(crate) event: &'static str,
    /// Subject of the token.
    pub(crate) who: &'a str,
    pub(crate) dataset: &'a str,
    pub(crate) format: &'static str,
    /// Months, bands and regions instead of days, ages and units.
    pub(crate) coarse: bool,
    pub(crate) purpose: &'a str,
    /// First and last month that were asked for; empty for all.
    pub(crate) from: &'a str,
    pub(crate) to: &'a str,
    /// Units of the token; "*" for every one.
    pub(crate) units: Vec<String>,
    /// The first chunk that was asked for, from 0.
    pub(crate) first_chunk: u32,
    /// Of the register, forms received when it began, in every revision: no pull has more rows. Rows
    /// that were sent when it has ended.
    pub(crate) rows: u64,
    /// The same of chunks.
    pub(crate) chunks: u32,
    /// "whole", "cut-short", or why it failed; empty at its beginning.
    pub(crate) outcome: &'static str,
}

/// A line: the entry, and what it follows.
#[derive(Serialize)]
struct AuditLine<'a> {
    #[serde(flatten)]
    entry: &'a AuditEntry<'a>,
    previous: &'a str,
}

/// What is read back of a line.
#[derive(Deserialize)]
struct ReadAuditLine {
    previous: String,
}

impl AuditFile {
    /// Opens the log, or begins one, and looks at every line of it.
    ///
    /// # Errors
    /// If the file cannot be used, another process has it, or a line was changed.
    pub fn open(path: &Path) -> Result<Self, AuditError> {
        let mut options = OpenOptions::new();
        let options = options.append(true).read(true).create(true).mode(0o600);
        let file = options.open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(AuditError::Taken),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let last = String::new();
        // From here on whatever goes wrong lets go of the lock.
        let mut open = OpenAuditFile { file, last };
        let torn;
        (open.last, torn) = check(&open.file)?;
        if torn {
            // A crash in the middle of a line: nothing has left for it.
            open.file.write_all(b"\n")?;
            open.file.sync_all()?;
        }
        if let Some(folder) = path.parent() {
            File::open(folder)?.sync_all()?;
        }
        Ok(Self(Mutex::new(open)))
    }

    /// Writes an entry down; it is on the disk afterwards. It may take as long as a disk does.
    pub(crate) fn note(&self, entry: &AuditEntry<'_>) -> Result<(), AuditError> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let previous = open.last.clone();
        let line = AuditLine {
            entry,
            previous: &previous,
        };
        let line = serde_json::to_string(&line).expect("texts and numbers can be written as JSON");
        open.file.write_all(format!("{line}\n").as_bytes())?;
        open.file.sync_all()?;
        open.last = HEXLOWER.encode(&Sha256::digest(&line));
        Ok(())
    }
}

/// The hash of the last line, and whether that line is torn.
fn check(file: &File) -> Result<(String, bool), AuditError> {
    let mut lines = BufReader::new(file);
    let (mut last, mut line) = (String::new(), Vec::new());
    for number in 1.. {
        line.clear();
        if lines.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        let torn = line.last() != Some(&b'\n');
        let text = if torn {
            &line[..]
        } else {
            &line[..line.len() - 1]
        };
        let known: Option<ReadAuditLine> = serde_json::from_slice(text).ok();
        match known {
            Some(known) if known.previous == last => {}
            // Only a crash leaves what is no line, and what comes next follows from it.
            None if torn || is_half(text) => {}
            _ => return Err(AuditError::Changed(number)),
        }
        last = HEXLOWER.encode(&Sha256::digest(text));
        if torn {
            return Ok((last, true));
        }
    }
    Ok((last, false))
}

/// The beginning of a line.
fn is_half(text: &[u8]) -> bool {
    text.first().is_none_or(|first| *first == b'{') && text.last() != Some(&b'}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(purpose: &str) -> AuditEntry<'_> {
        AuditEntry {
            at: "2024-05-01T10:00:00Z".to_owned(),
            pull: "1",
            event: "begun",
            who: "registry",
            dataset: "registry.basis",
            format: "mrs",
            coarse: false,
            purpose,
            from: "",
            to: "",
            units: vec!["*".to_owned()],
            first_chunk: 0,
            rows: 3,
            chunks: 1,
            outcome: "",
        }
    }

    /// A log of three entries, written by two processes one after the other.
    fn written() -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        AuditFile::open(&path).unwrap().note(&entry("one")).unwrap();
        let again = AuditFile::open(&path).unwrap();
        again.note(&entry("two")).unwrap();
        again.note(&entry("three")).unwrap();
        (folder, path)
    }

    #[test]
    fn entries_follow_one_another_over_restarts() {
        let (_folder, path) = written();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 3);
        assert!(
            text.starts_with("{\"at\":\"2024-05-01T10:00:00Z\",\"pull\":\"1\",\"event\":\"begun\"")
        );
        assert!(AuditFile::open(&path).is_ok());
    }

    #[test]
    fn a_child_that_is_just_being_started_does_not_hold_a_closed_log() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        let audit = AuditFile::open(&path).unwrap();
        assert!(matches!(AuditFile::open(&path), Err(AuditError::Taken)));
        // What a child has between its fork and its own program.
        let of_child = audit.0.lock().unwrap().file.try_clone().unwrap();
        drop(audit);
        AuditFile::open(&path).unwrap();
        drop(of_child);
    }

    #[test]
    fn a_line_that_was_changed_or_taken_out_is_found() {
        let (_folder, path) = written();
        let text = std::fs::read_to_string(&path).unwrap();
        let check = |changed: String, line| {
            std::fs::write(&path, changed).unwrap();
            let found = AuditFile::open(&path).unwrap_err();
            assert!(
                matches!(found, AuditError::Changed(at) if at == line),
                "{found}"
            );
        };
        check(text.replace("\"one\"", "\"six\""), 2);
        let without: Vec<&str> = text.lines().skip(1).collect();
        check(without.join("\n") + "\n", 1);
        let lines: Vec<&str> = text.lines().collect();
        check(format!("{}\n{}\n", lines[0], lines[2]), 2);
        check(text.replacen('{', "", 1), 1);
    }

    #[test]
    fn a_line_that_a_crash_has_cut_is_no_change() {
        let (_folder, path) = written();
        let text = std::fs::read_to_string(&path).unwrap();
        for keep in [text.len() - 1, text.len() - 20] {
            std::fs::write(&path, &text[..keep]).unwrap();
            AuditFile::open(&path)
                .unwrap()
                .note(&entry("four"))
                .unwrap();
            assert!(AuditFile::open(&path).is_ok(), "{keep}");
        }
    }

    #[test]
    fn one_process_has_it() {
        let (_folder, path) = written();
        let _held = AuditFile::open(&path).unwrap();
        assert!(matches!(AuditFile::open(&path), Err(AuditError::Taken)));
    }
}
