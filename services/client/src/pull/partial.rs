//! What a pull has so far, in a folder beside the file that it becomes. Comes in: chunks. Goes out:
//! where to go on, and at last the file. The invariants: everything has its final name only once it
//! is on the disk; one process has the folder; a folder goes on with the pull that began it, and with
//! no other.

use std::fs::{self, File, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context;
use medvirk_extract::join;
use medvirk_proto::extract::v1::{Begun, Chunk, PullRequest, Snapshot};
use medvirk_terminal::{CommandExit, error};
use prost::Message as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The file that says what the folder is of.
const STATE: &str = "state.json";
/// The file that is locked.
const LOCK: &str = "lock";
/// What is written before it has its name.
const DRAFT: &str = "draft";

/// What is asked for.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct WantedDataset {
    pub(super) dataset: String,
    pub(super) format: String,
    pub(super) purpose: String,
    pub(super) from: String,
    pub(super) to: String,
    #[serde(default)]
    pub(super) coarse: bool,
}

/// What the server said when the pull began.
#[derive(Serialize, Deserialize)]
struct PullState {
    wanted: WantedDataset,
    /// The snapshot, encoded, in hexadecimal.
    snapshot: String,
    file: String,
    folder: String,
    join: String,
}

/// A pull that is not finished.
pub(super) struct PartialPull {
    out: PathBuf,
    folder: PathBuf,
    wanted: WantedDataset,
    state: Option<PullState>,
    /// Whole chunks, and how many rows each has.
    chunks: Vec<(PathBuf, u64)>,
    /// Held as long as this process goes on.
    _lock: File,
}

/// A chunk that is not whole.
pub(super) struct ChunkDraft {
    file: File,
    hasher: Sha256,
}

impl WantedDataset {
    pub(super) fn request(&self) -> PullRequest {
        PullRequest {
            dataset: self.dataset.clone(),
            format: self.format.clone(),
            purpose: self.purpose.clone(),
            from: self.from.clone(),
            to: self.to.clone(),
            coarse: self.coarse,
            ..PullRequest::default()
        }
    }
}

impl PartialPull {
    /// Opens what an earlier pull has left, or begins; `fresh` throws it away.
    pub(super) fn open(out: &Path, wanted: WantedDataset, fresh: bool) -> anyhow::Result<Self> {
        if !is_name(&wanted.dataset) || !(wanted.format.is_empty() || is_name(&wanted.format)) {
            let message = "there is no such dataset or format; `medvirk pull --list` names all";
            return Err(error(CommandExit::Usage, message));
        }
        let folder = out.join(format!(".pull-{}-{}", wanted.dataset, wanted.format));
        create_private(&folder)?;
        let lock = lock(&folder)?;
        // Without its state, what is there is left of a pull that was thrown away.
        if fresh || !folder.join(STATE).exists() {
            empty(&folder).with_context(|| format!("empty {}", folder.display()))?;
        }
        let mut partial = Self {
            out: out.to_owned(),
            folder,
            wanted,
            state: None,
            chunks: Vec::new(),
            _lock: lock,
        };
        partial.read()?;
        Ok(partial)
    }

    fn read(&mut self) -> anyhow::Result<()> {
        let path = self.folder.join(STATE);
        if !path.exists() {
            return Ok(());
        }
        let reading = || format!("read {}", path.display());
        let state: PullState = serde_json::from_slice(&fs::read(&path).with_context(reading)?)
            .with_context(reading)?;
        if state.wanted != self.wanted {
            let message = format!(
                "a pull of {} with another purpose or period, or not as coarse, was cut short in {}: \
                 finish that, or throw it away with --fresh",
                self.wanted.dataset,
                self.out.display()
            );
            return Err(error(CommandExit::Usage, message));
        }
        self.state = Some(state);
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if let Some((number, rows)) = entry.file_name().to_str().and_then(chunk_named) {
                found.push((number, entry.path(), rows));
            }
        }
        found.sort();
        for (expected, (number, path, rows)) in (0..).zip(found) {
            if number != expected {
                break;
            }
            self.chunks.push((path, rows));
        }
        Ok(())
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// True if a later pull has something to go on with.
    pub(super) const fn has_begun(&self) -> bool {
        self.state.is_some()
    }

    pub(super) const fn wanted(&self) -> &WantedDataset {
        &self.wanted
    }

    /// How many chunks are whole.
    pub(super) fn whole(&self) -> u32 {
        u32::try_from(self.chunks.len()).unwrap_or(u32::MAX)
    }

    /// How many rows are in them.
    pub(super) fn rows(&self) -> u64 {
        self.chunks.iter().map(|(_, rows)| rows).sum()
    }

    /// What the pull is of, if it has begun.
    pub(super) fn snapshot(&self) -> anyhow::Result<Option<Snapshot>> {
        let Some(state) = &self.state else {
            return Ok(None);
        };
        let bytes = data_encoding::HEXLOWER.decode(state.snapshot.as_bytes())?;
        Ok(Some(Snapshot::decode(bytes.as_slice())?))
    }

    /// Remembers what the server said, where it was not known yet.
    pub(super) fn begun(&mut self, begun: Begun) -> anyhow::Result<()> {
        if self.state.is_some() {
            return Ok(());
        }
        let folder_is_name = begun.folder.is_empty() || is_name(&begun.folder);
        if !is_name(&begun.file) || !folder_is_name {
            anyhow::bail!("the server names a file that may not be written");
        }
        let snapshot = begun.snapshot.unwrap_or_default().encode_to_vec();
        let state = PullState {
            wanted: self.wanted.clone(),
            snapshot: data_encoding::HEXLOWER.encode(&snapshot),
            file: begun.file,
            folder: begun.folder,
            join: begun.join,
        };
        write_whole(
            &self.folder.join(STATE),
            &serde_json::to_vec_pretty(&state)?,
        )?;
        self.state = Some(state);
        Ok(())
    }

    /// Begins the chunk that comes next.
    pub(super) fn draft(&self, head: &Chunk) -> anyhow::Result<ChunkDraft> {
        if head.number != self.whole() {
            anyhow::bail!(
                "the server sends chunk {} too early or too late",
                head.number
            );
        }
        let path = self.folder.join(DRAFT);
        let file = File::create(&path).with_context(|| format!("write {}", path.display()))?;
        let hasher = Sha256::new();
        Ok(ChunkDraft { file, hasher })
    }

    /// The chunk is whole.
    pub(super) fn keep(&mut self, draft: ChunkDraft, head: &Chunk) -> anyhow::Result<()> {
        if draft.hasher.finalize().as_slice() != head.sha256.as_slice() {
            anyhow::bail!("chunk {} has not the checksum that was sent", head.number);
        }
        draft.file.sync_all().context("write a chunk")?;
        let name = format!("chunk-{:06}-{}", head.number, head.rows);
        let path = self.folder.join(name);
        fs::rename(self.folder.join(DRAFT), &path)?;
        sync(&self.folder)?;
        self.chunks.push((path, head.rows));
        Ok(())
    }

    /// Makes the file and its manifest, and says so.
    pub(super) fn finish(self, manifest: &str) -> anyhow::Result<String> {
        let state = self.state.as_ref().context("the pull has begun")?;
        let folder = match state.folder.as_str() {
            "" => self.out.clone(),
            folder => self.out.join(folder),
        };
        fs::create_dir_all(&folder)?;
        let rows = self.rows();
        let mut manifest: serde_json::Value = serde_json::from_str(manifest)?;
        let told = manifest.get("rows").and_then(serde_json::Value::as_u64);
        if told.is_some_and(|told| told != rows) {
            anyhow::bail!("the chunks have {rows} rows, and the manifest says otherwise");
        }
        let (file, draft) = (folder.join(&state.file), self.folder.join(DRAFT));
        let chunks: Vec<PathBuf> = self.chunks.iter().map(|(path, _)| path.clone()).collect();
        let joined = join::join(&state.join, &chunks, &draft)?;
        manifest["file"] = serde_json::json!({
            "name": state.file,
            "rows": rows,
            "bytes": joined.bytes,
            "sha256": joined.sha256,
        });
        fs::rename(&draft, &file)?;
        sync(&folder)?;
        let beside = folder.join(format!("{}.manifest.json", state.file));
        write_whole(&beside, &serde_json::to_vec_pretty(&manifest)?)?;
        fs::remove_dir_all(&self.folder)?;
        Ok(format!("{} ({rows} rows)", file.display()))
    }
}

impl ChunkDraft {
    pub(super) fn write(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        self.hasher.update(bytes);
        Ok(self.file.write_all(bytes)?)
    }
}

/// Number and rows of a chunk, by the name of its file.
fn chunk_named(name: &str) -> Option<(u32, u64)> {
    let (number, rows) = name.strip_prefix("chunk-")?.split_once('-')?;
    Some((number.parse().ok()?, rows.parse().ok()?))
}

/// A name within a folder, whoever names it.
fn is_name(name: &str) -> bool {
    let allowed = |letter: char| letter.is_alphanumeric() || "-_.".contains(letter);
    (1..=200).contains(&name.len()) && !name.starts_with('.') && name.chars().all(allowed)
}

fn create_private(folder: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    let mut builder = fs::DirBuilder::new();
    let made = builder.recursive(true).mode(0o700).create(folder);
    made.with_context(|| format!("create {}", folder.display()))
}

fn lock(folder: &Path) -> anyhow::Result<File> {
    let lock = File::create(folder.join(LOCK))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => {
            let message = "another process is pulling the same into the same folder";
            Err(error(CommandExit::Temporary, message))
        }
        Err(TryLockError::Error(why)) => Err(why).context("lock the folder"),
    }
}

/// Everything but the lock goes.
fn empty(folder: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name() != LOCK {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// A small file, whole or not at all.
fn write_whole(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let folder = path.parent().context("a file is in a folder")?;
    let draft = path.with_extension("draft");
    let mut file = File::create(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    sync(folder)
}

/// Names in a folder are on the disk.
fn sync(folder: &Path) -> anyhow::Result<()> {
    Ok(File::open(folder)?.sync_all()?)
}
