//! A clock that jumps. Comes in: how wrong the clock of one process is to be. Goes out: what the
//! process must be started with so that it believes that. The invariant: only the time of day is
//! wrong; what has passed since some moment is not, as where somebody sets a machine's clock.

use std::path::{Path, PathBuf};

/// The time of day of one process.
pub(super) struct Clock {
    /// Where the library looks how wrong it is.
    file: PathBuf,
    library: PathBuf,
}

impl Clock {
    /// Right, so far.
    ///
    /// # Panics
    /// When the machine has no libfaketime.
    pub(super) fn new(file: PathBuf) -> Self {
        let library = library().expect("libfaketime is there (Debian's package faketime)");
        let clock = Self { file, library };
        clock.set(0);
        clock
    }

    /// Goes wrong by so many seconds; the process sees it within a second.
    pub(super) fn set(&self, seconds: i64) {
        let whole = self.file.with_extension("next");
        let written = std::fs::write(&whole, format!("{seconds:+}\n"));
        let there = written.and_then(|()| std::fs::rename(&whole, &self.file));
        there.expect("a folder of the deployment");
    }

    /// What the process must find in its environment.
    pub(super) fn environment(&self) -> [(&'static str, &Path); 4] {
        [
            ("LD_PRELOAD", &self.library),
            ("FAKETIME_TIMESTAMP_FILE", &self.file),
            ("FAKETIME_CACHE_DURATION", Path::new("1")),
            ("FAKETIME_DONT_FAKE_MONOTONIC", Path::new("1")),
        ]
    }
}

/// Where Debian has it, whatever the machine.
fn library() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").ok()?;
    let library = |folder: std::io::Result<std::fs::DirEntry>| {
        let library = folder.ok()?.path().join("faketime/libfaketimeMT.so.1");
        library.exists().then_some(library)
    };
    folders.into_iter().find_map(library)
}
