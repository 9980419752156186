//! A small disk that a test may fill to the last byte.
//!
//! Comes in: a test that wants one. Goes out: the test run where it may have one, and a file that
//! takes all the room there is until it is given back. The invariant: nothing outside the test's
//! own folder is filled, and no mount outlives the test.
//!
//! Three ways are tried: a mount namespace (for root), a user and mount namespace (where the
//! kernel lets everybody have one), and `/dev/shm` where it is as small as containers have it.
//! `MEDVIRK_SMALL_DISK` names a folder on another small file system. Without any of them the test
//! fails and says so.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

/// Set in a process that may mount, since nobody else sees its mounts.
const OWN_MOUNTS: &str = "MEDVIRK_OWN_MOUNTS";

/// Names a folder on a small file system that the test may fill.
const SMALL_DISK: &str = "MEDVIRK_SMALL_DISK";

/// A folder of memory that is this small may be filled.
const SMALL_BYTES: u64 = 256 << 20;

/// How the ballast is named in the folder of a disk.
const BALLAST: &str = "ballast";

/// Calls that give a program mounts of its own.
const NAMESPACES: [&[&str]; 2] = [
    &["unshare", "--mount"],
    &["unshare", "--user", "--map-root-user", "--mount"],
];

/// True where a test may have a small disk. Otherwise runs the test of this name, by itself, where
/// it may, and gives `false` once it has passed.
///
/// # Panics
/// When the test fails there, or when this machine gives no small disk at all.
pub fn with_small_disks(test: &str) -> bool {
    if [OWN_MOUNTS, SMALL_DISK]
        .iter()
        .any(|name| std::env::var_os(name).is_some())
    {
        return true;
    }
    let mut again = match namespace() {
        Some(words) => {
            let mut again = Command::new(words[0]);
            again
                .args(&words[1..])
                .arg(this_test())
                .env(OWN_MOUNTS, "1");
            again
        }
        None => {
            let memory = Path::new("/dev/shm");
            assert!(is_small(memory), "{}", no_disk());
            let mut again = Command::new(this_test());
            again.env(SMALL_DISK, memory);
            again
        }
    };
    again.args(["--exact", test, "--nocapture", "--quiet"]);
    let ended = again
        .stdin(Stdio::null())
        .status()
        .expect("it was just tried");
    assert!(ended.success(), "{test}, on a small disk: {ended}");
    false
}

fn no_disk() -> String {
    format!(
        "this machine gives no small file system to fill: neither `unshare --mount` nor \
         `unshare --user --map-root-user --mount` may mount a tmpfs, and /dev/shm is not one of \
         at most {} MB that is empty. Run it as root, allow user namespaces, or name a folder on \
         a small file system in {SMALL_DISK}",
        SMALL_BYTES >> 20
    )
}

fn this_test() -> PathBuf {
    std::env::current_exe().expect("the test's own path")
}

/// The first call that may mount something.
fn namespace() -> Option<&'static [&'static str]> {
    let place = TempDir::with_prefix("medvirk-").expect("a temporary folder");
    let may_mount = |words: &&&[&str]| {
        let mut mount = Command::new(words[0]);
        mount
            .args(&words[1..])
            .args(mount_words("1m"))
            .arg(place.path());
        mount.stdout(Stdio::null()).stderr(Stdio::null());
        mount.status().is_ok_and(|status| status.success())
    };
    NAMESPACES.iter().find(may_mount).copied()
}

fn mount_words(size: &str) -> [String; 6] {
    let options = format!("size={size},mode=0700");
    ["mount", "-t", "tmpfs", "-o", &options, "medvirk"].map(str::to_owned)
}

/// True if the file system of this folder is small and nearly empty.
fn is_small(folder: &Path) -> bool {
    let told = Command::new("stat")
        .args(["-f", "-c", "%S %b %f"])
        .arg(folder)
        .output();
    let told = told.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let numbers: Vec<u64> = told
        .unwrap_or_default()
        .split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect();
    match numbers[..] {
        [block, all, free] => block * all <= SMALL_BYTES && free * 20 >= all * 19,
        _ => false,
    }
}

/// A disk that is soon full.
pub(crate) struct Disk {
    ballast: PathBuf,
    filler: Option<Filler>,
    /// Where the disk is shared with others: its own folder. Else it is mounted.
    folder: Option<TempDir>,
}

/// Takes whatever becomes free, until it is stopped.
struct Filler {
    stop: Arc<AtomicBool>,
    thread: thread::JoinHandle<()>,
}

impl Disk {
    /// Puts a small disk, of so many MB where that can be chosen, at `place`.
    ///
    /// # Panics
    /// When this is not a process of [`with_small_disks`].
    pub(crate) fn put_at(place: &Path, megabytes: u32) -> Self {
        let folder = match std::env::var_os(SMALL_DISK) {
            Some(disk) => {
                let folder = TempDir::with_prefix_in("medvirk-", disk).expect("a small disk");
                std::os::unix::fs::symlink(folder.path(), place).expect("a free place");
                Some(folder)
            }
            None => {
                std::fs::create_dir(place).expect("a free place");
                let words = mount_words(&format!("{megabytes}m"));
                let mounted = Command::new(&words[0])
                    .args(&words[1..])
                    .arg(place)
                    .status();
                assert!(
                    mounted.expect("mount").success(),
                    "a test that called with_small_disks"
                );
                None
            }
        };
        Self {
            ballast: place.join(BALLAST),
            filler: None,
            folder,
        }
    }

    /// Fills it, and keeps it full: what somebody else gives back is taken as well.
    pub(crate) fn fill(&mut self) {
        let mut file = File::create(&self.ballast).expect("a file for the ballast");
        take_all(&mut file);
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                take_all(&mut file);
                thread::sleep(Duration::from_millis(5));
            }
        });
        self.filler = Some(Filler { stop, thread });
    }

    /// Gives back all the room.
    pub(crate) fn free(&mut self) {
        if let Some(Filler { stop, thread }) = self.filler.take() {
            stop.store(true, Ordering::Relaxed);
            thread.join().expect("it only writes");
            std::fs::remove_file(&self.ballast).expect("its own file");
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.free();
        if self.folder.is_none()
            && let Some(place) = self.ballast.parent()
        {
            // Whoever still writes there may go on doing so.
            let unmounted = Command::new("umount").arg("--lazy").arg(place).status();
            drop(unmounted);
        }
    }
}

/// Writes until not a byte goes in any more.
fn take_all(file: &mut File) {
    let zeros = [0; 64 << 10];
    let mut size = zeros.len();
    while size > 0 {
        if file.write_all(&zeros[..size]).is_err() {
            size /= 2;
        }
    }
}
