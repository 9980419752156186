//! Checkpoints: an optimisation of the start, and nothing else. Comes in: a fold and its place in
//! the log. Goes out: the same after a restart, or nothing. The invariant: a checkpoint that is
//! torn, foreign or of another program's fold is as good as none; the log has everything.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use medvirk_domain::fold::{FOLD_VERSION, Fold};

/// Changes whenever the fold's state changes its shape.
const MAGIC: &[u8; 12] = b"medvirk-ckp1";

/// Where one partition's checkpoint is kept.
#[derive(Clone)]
pub(crate) struct Checkpoints {
    path: PathBuf,
}

impl Checkpoints {
    /// `deployment` keeps one deployment's checkpoint from being read by another.
    pub(crate) fn new(dir: &Path, partition: u32) -> Self {
        Self {
            path: dir.join(format!("fold-{partition}.checkpoint")),
        }
    }

    /// Writes the fold and the offset of the next record; the old checkpoint stays until the new
    /// one is whole. Blocking.
    pub(crate) fn write(&self, fold: &Fold, next: u64) -> io::Result<()> {
        let mut body = Vec::from(FOLD_VERSION.to_le_bytes());
        body.extend(next.to_le_bytes());
        let body = postcard::to_extend(fold, body).map_err(io::Error::other)?;
        let dir = self.path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(dir)?;
        let beside = self.path.with_extension("new");
        let mut file = private_file(&beside)?;
        file.write_all(MAGIC)?;
        file.write_all(&crc32fast::hash(&body).to_le_bytes())?;
        file.write_all(&body)?;
        file.sync_all()?;
        fs::rename(&beside, &self.path)?;
        File::open(dir)?.sync_all()
    }

    /// The fold and the offset of the next record, if there is a whole checkpoint. Blocking.
    pub(crate) fn read(&self) -> Option<(Fold, u64)> {
        let bytes = fs::read(&self.path).ok()?;
        let (magic, rest) = bytes.split_at_checked(MAGIC.len())?;
        let (crc, body) = rest.split_first_chunk::<4>()?;
        if magic != MAGIC || u32::from_le_bytes(*crc) != crc32fast::hash(body) {
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
    use medvirk_domain::catalogue::{Catalogue, Limits, shipped};
    use medvirk_domain::ids::CatalogueHash;

    fn fold() -> Fold {
        let hash = CatalogueHash::new([1; 32]);
        let catalogue = Catalogue::load(&shipped(), hash, Limits::default()).unwrap();
        Fold::new(1, 2, "2024-01".parse().unwrap(), &catalogue)
    }

    #[test]
    fn a_checkpoint_reads_back() {
        let dir = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::new(dir.path(), 1);
        assert!(checkpoints.read().is_none());
        checkpoints.write(&fold(), 42).unwrap();
        let (fold, next) = checkpoints.read().unwrap();
        assert_eq!((fold.present().to_string().as_str(), next), ("2024-01", 42));
    }

    #[test]
    fn a_torn_or_foreign_checkpoint_is_as_good_as_none() {
        let dir = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::new(dir.path(), 1);
        checkpoints.write(&fold(), 42).unwrap();
        let whole = fs::read(&checkpoints.path).unwrap();
        for length in 0..whole.len() {
            fs::write(&checkpoints.path, &whole[..length]).unwrap();
            assert!(checkpoints.read().is_none(), "cut at {length}");
        }
        for place in 0..whole.len() {
            let mut changed = whole.clone();
            changed[place] ^= 1;
            fs::write(&checkpoints.path, changed).unwrap();
            assert!(checkpoints.read().is_none(), "changed at {place}");
        }
    }
}
