//! Checkpoints: an optimisation of the start, and nothing else. Comes in: a fold and its place in
//! the log. Goes out: the same after a restart, or nothing. The invariant: a checkpoint that is
//! torn, foreign or of another program's fold is as good as none; the log has everything.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use medvirk_domain::fold::{FOLD_VERSION, Fold};

/// Changes whenever the fold's state changes its shape.
const MAGIC: &[u8; 12] = b"medvirk-ckp3";

/// Where checkpoints are kept: a few bytes per partition, opaque. A trait so that a test can lose
/// them and tear them.
pub trait CheckpointStore: Send + Sync + 'static {
    /// Replaces what is kept of a partition; the old stays until the new is whole.
    ///
    /// # Errors
    /// When it cannot be kept; the old one stays.
    fn put(&self, partition: u32, bytes: &[u8]) -> io::Result<()>;

    /// What is kept of a partition, if anything is.
    fn get(&self, partition: u32) -> Option<Vec<u8>>;
}

/// A folder of checkpoints, one file per partition. It blocks, so it needs a runtime of several
/// threads.
pub struct CheckpointFolder(PathBuf);

impl CheckpointFolder {
    /// The folder need not be there yet.
    pub fn new(dir: PathBuf) -> Self {
        Self(dir)
    }

    fn file(&self, partition: u32) -> PathBuf {
        self.0.join(format!("fold-{partition}.checkpoint"))
    }

    fn replace(&self, partition: u32, bytes: &[u8]) -> io::Result<()> {
        fs::create_dir_all(&self.0)?;
        let path = self.file(partition);
        let beside = path.with_extension("new");
        let mut file = private_file(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, &path)?;
        File::open(&self.0)?.sync_all()
    }
}

impl CheckpointStore for CheckpointFolder {
    fn put(&self, partition: u32, bytes: &[u8]) -> io::Result<()> {
        tokio::task::block_in_place(|| self.replace(partition, bytes))
    }

    fn get(&self, partition: u32) -> Option<Vec<u8>> {
        fs::read(self.file(partition)).ok()
    }
}

/// The checkpoint of one partition.
pub struct PartitionCheckpoint {
    kept: Arc<dyn CheckpointStore>,
    partition: u32,
}

impl PartitionCheckpoint {
    /// The checkpoint of a partition, wherever it is kept.
    pub fn new(kept: Arc<dyn CheckpointStore>, partition: u32) -> Self {
        Self { kept, partition }
    }

    /// Writes the fold and the offset of the next record.
    ///
    /// # Errors
    /// When it cannot be kept; the old one stays.
    pub fn write(&self, fold: &Fold, next: u64) -> io::Result<()> {
        let mut body = Vec::from(FOLD_VERSION.to_le_bytes());
        body.extend(next.to_le_bytes());
        let body = postcard::to_extend(fold, body).map_err(io::Error::other)?;
        let crc = crc32fast::hash(&body).to_le_bytes();
        self.kept
            .put(self.partition, &[&MAGIC[..], &crc, &body].concat())
    }

    /// The fold and the offset of the next record, if there is a whole checkpoint.
    pub fn read(&self) -> Option<(Fold, u64)> {
        let bytes = self.kept.get(self.partition)?;
        let (magic, rest) = bytes.split_at_checked(MAGIC.len())?;
        let (crc, body) = rest.split_first_chunk::<4>()?;
        let whole = u32::from_le_bytes(*crc) == crc32fast::hash(body);
        if magic != MAGIC || !whole {
            return None;
        }
        let (version, body) = body.split_first_chunk::<4>()?;
        let (next, body) = body.split_first_chunk::<8>()?;
        if u32::from_le_bytes(*version) != FOLD_VERSION {
            return None;
        }
        Some((postcard::from_bytes(body).ok()?, u64::from_le_bytes(*next)))
    }
}

/// A checkpoint holds scores: only its owner may read it.
fn private_file(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    File::options()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use medvirk_domain::catalogue::{Catalogue, CatalogueLimits, shipped};
    use medvirk_domain::ids::CatalogueHash;

    fn fold() -> Fold {
        let hash = CatalogueHash::new([1; 32]);
        let catalogue = Catalogue::load(&shipped(), hash, CatalogueLimits::default()).unwrap();
        Fold::new(1, 2, "2024-01".parse().unwrap(), &catalogue)
    }

    fn checkpoint(dir: &tempfile::TempDir) -> PartitionCheckpoint {
        PartitionCheckpoint::new(Arc::new(CheckpointFolder::new(dir.path().to_owned())), 1)
    }

    // A folder blocks, which needs several threads.
    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn a_checkpoint_reads_back() {
        let dir = tempfile::tempdir().unwrap();
        let checkpoint = checkpoint(&dir);
        assert!(checkpoint.read().is_none());
        checkpoint.write(&fold(), 42).unwrap();
        let (fold, next) = checkpoint.read().unwrap();
        assert_eq!((fold.present().to_string().as_str(), next), ("2024-01", 42));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn a_torn_or_foreign_checkpoint_is_as_good_as_none() {
        let dir = tempfile::tempdir().unwrap();
        let checkpoint = checkpoint(&dir);
        checkpoint.write(&fold(), 42).unwrap();
        let path = CheckpointFolder::new(dir.path().to_owned()).file(1);
        let whole = fs::read(&path).unwrap();
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            assert!(checkpoint.read().is_none(), "cut at {length}");
        }
        for place in 0..whole.len() {
            let mut changed = whole.clone();
            changed[place] ^= 1;
            fs::write(&path, changed).unwrap();
            assert!(checkpoint.read().is_none(), "changed at {place}");
        }
    }
}
