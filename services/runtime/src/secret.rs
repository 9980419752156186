//! Secrets in files. Comes in: a path. Goes out: keys, and files that only their owner reads. The
//! invariant: a secret is never half written, never replaced by accident, never shown in `Debug`,
//! and wiped from memory when it is dropped.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER_PERMISSIVE as HEX;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// Why a secret cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file cannot be read or written.
    #[error("{} cannot be read or written", path.display())]
    File {
        /// The path of the file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// The file is open to everybody.
    #[error("{} can be read by everybody; only its owner may read it (chmod 600)", .0.display())]
    Exposed(PathBuf),
    /// The file does not hold what it should.
    #[error("{} does not hold a secret of the right form", .0.display())]
    Malformed(PathBuf),
    /// The machine gave no random bytes.
    #[error("the machine gave no random bytes")]
    Random,
}

/// A key of 32 random bytes, and its id.
#[derive(Clone)]
pub struct SecretKey {
    id: u32,
    bytes: Zeroizing<[u8; 32]>,
}

impl SecretKey {
    /// A key from bytes. `id` is 1 or more.
    pub fn new(id: u32, bytes: [u8; 32]) -> Self {
        Self {
            id,
            bytes: Zeroizing::new(bytes),
        }
    }

    /// Reads the key of a file; where there is no file, makes one with a fresh key of id 1. Such
    /// a file holds the id and 64 hexadecimal digits, parted by a blank.
    ///
    /// # Errors
    /// When the file cannot be read or made, is open to everybody, or does not hold a key.
    pub fn load_or_create(path: &Path) -> Result<Self, SecretError> {
        let fresh = || {
            let bytes = Zeroizing::new(random::<32>()?);
            let hex = Zeroizing::new(HEX.encode(&*bytes));
            Ok(Zeroizing::new(format!("1 {}\n", *hex).into_bytes()))
        };
        let text = load_or_create(path, fresh)?;
        Self::parse(&text).ok_or_else(|| SecretError::Malformed(path.to_owned()))
    }

    /// Its id; 1 or more.
    pub const fn id(&self) -> u32 {
        self.id
    }

    /// Tells two keys apart and nothing else: four bytes of a keyed hash, in hexadecimal.
    pub fn fingerprint(&self) -> String {
        let mut keyed = Hmac::<Sha256>::new_from_slice(self.bytes.as_slice())
            .expect("HMAC takes a key of any length");
        keyed.update(b"fingerprint of a key");
        HEX.encode(&keyed.finalize().into_bytes()[..4])
    }

    /// The 32 bytes of the key.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    fn parse(text: &[u8]) -> Option<Self> {
        let (id, hex) = std::str::from_utf8(text).ok()?.trim().split_once(' ')?;
        let id = id.parse().ok().filter(|id| *id > 0)?;
        let decoded = Zeroizing::new(HEX.decode(hex.as_bytes()).ok()?);
        let mut bytes = Zeroizing::new([0; 32]);
        if decoded.len() != bytes.len() {
            return None;
        }
        bytes.copy_from_slice(&decoded);
        Some(Self { id, bytes })
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey({}, redacted)", self.id)
    }
}

/// Tells two public keys apart: four bytes of a hash, in hexadecimal. Not for secrets, of which
/// [`SecretKey::fingerprint`] is.
pub fn fingerprint(public: &[u8]) -> String {
    HEX.encode(&Sha256::digest(public)[..4])
}

/// Random bytes from the operating system.
///
/// # Errors
/// When the machine has none.
pub fn random<const N: usize>() -> Result<[u8; N], SecretError> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| SecretError::Random)?;
    Ok(bytes)
}

/// Reads a secret file, or makes it if there is none; of several processes that make it at once
/// one wins and all read the same.
///
/// # Errors
/// When the file cannot be read or made, or is open to everybody.
pub fn load_or_create(
    path: &Path,
    fresh: impl FnOnce() -> Result<Zeroizing<Vec<u8>>, SecretError>,
) -> Result<Zeroizing<Vec<u8>>, SecretError> {
    match load(path) {
        Err(SecretError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
        found => return found,
    }
    let content = fresh()?;
    let made = beside(path, &content).and_then(|beside| {
        // Unlike a rename, a link does not replace what somebody else has made meanwhile.
        let linked = fs::hard_link(&beside, path);
        fs::remove_file(&beside)?;
        linked.or_else(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Ok(()),
            _ => Err(error),
        })
    });
    made.and_then(|()| sync_folder(path))
        .map_err(|source| file(path, source))?;
    load(path)
}

/// Reads a secret file.
///
/// # Errors
/// When it cannot be read, or is open to everybody.
pub fn load(path: &Path) -> Result<Zeroizing<Vec<u8>>, SecretError> {
    let mode = fs::metadata(path)
        .map_err(|source| file(path, source))?
        .permissions()
        .mode();
    if mode & 0o007 != 0 {
        return Err(SecretError::Exposed(path.to_owned()));
    }
    fs::read(path)
        .map(Zeroizing::new)
        .map_err(|source| file(path, source))
}

/// Writes a file that only its owner reads; what was there before is replaced whole.
///
/// # Errors
/// When it cannot be written.
pub fn replace(path: &Path, content: &[u8]) -> Result<(), SecretError> {
    beside(path, content)
        .and_then(|beside| fs::rename(beside, path))
        .and_then(|()| sync_folder(path))
        .map_err(|source| file(path, source))
}

/// Writes `content` to a new file in the folder of `path`.
fn beside(path: &Path, content: &[u8]) -> io::Result<PathBuf> {
    let suffix = random::<8>().map_err(io::Error::other)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}", HEX.encode(&suffix)));
    let beside = path.with_file_name(name);
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&beside)?;
    file.write_all(content)?;
    file.sync_all()?;
    Ok(beside)
}

fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn file(path: &Path, source: io::Error) -> SecretError {
    let path = path.to_owned();
    SecretError::File { path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_tells_keys_apart_and_shows_nothing_of_them() {
        let (one, other) = (SecretKey::new(1, [7; 32]), SecretKey::new(1, [8; 32]));
        assert_eq!(one.fingerprint(), SecretKey::new(2, [7; 32]).fingerprint());
        assert_ne!(one.fingerprint(), other.fingerprint());
        assert_eq!(one.fingerprint().len(), 8);
        assert!(!one.fingerprint().contains("0707"));
    }

    #[test]
    fn a_key_is_made_once_and_only_its_owner_reads_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        let made: Vec<_> = std::thread::scope(|scope| {
            let make = || SecretKey::load_or_create(&path).unwrap();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(make)).collect();
            let made = threads.into_iter().map(|thread| thread.join().unwrap());
            made.collect()
        });
        let again = SecretKey::load_or_create(&path).unwrap();
        assert!(made.iter().all(|key| key.bytes() == again.bytes()));
        assert_eq!(again.id(), 1);
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_everybody_reads_or_that_holds_no_key_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        for wrong in [
            "",
            "1",
            "1 00",
            "0 00",
            "x",
            &format!("0 {}", "00".repeat(32)),
        ] {
            replace(&path, wrong.as_bytes()).unwrap();
            let key = SecretKey::load_or_create(&path);
            assert!(matches!(key, Err(SecretError::Malformed(_))), "{wrong}");
        }
        replace(&path, format!("7 {}", "ab".repeat(32)).as_bytes()).unwrap();
        assert_eq!(SecretKey::load_or_create(&path).unwrap().id(), 7);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o604)).unwrap();
        assert!(matches!(
            SecretKey::load_or_create(&path),
            Err(SecretError::Exposed(_))
        ));
    }

    #[test]
    fn a_key_does_not_show_itself() {
        assert_eq!(
            format!("{:?}", SecretKey::new(3, [7; 32])),
            "SecretKey(3, redacted)"
        );
    }
}
