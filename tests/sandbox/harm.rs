//! What may happen to a running system: it or one of its engines is killed or stands still, or its
//! disk is full. The invariant: only processes that this sandbox has started are hit.

use std::process::Command;
use std::sync::{MutexGuard, PoisonError};

use tokio::process::Child;

use crate::disk::Disk;
use crate::system::signal;
use crate::{System, eventually};

impl System {
    /// `kill -9` of `up` itself; its engines end because it is gone.
    pub async fn kill(&self) {
        let children = self.children();
        self.kill_at_once().await;
        let gone = || async { children.iter().all(|pid| !is_alive(*pid)).then_some(()) };
        eventually("the engines end with their parent", gone).await;
    }

    /// The same, while its engines may still be about to end.
    pub async fn kill_at_once(&self) {
        let mut child = self.child().take().expect("it is running");
        child.kill().await.expect("our own child");
    }

    /// `kill -9` of an engine, `indicators` or `registry`; `false` if it is not running just now.
    pub fn kill_engine(&self, name: &str) -> bool {
        let engine = self.engine(name);
        engine.inspect(|pid| signal(*pid, "KILL")).is_some()
    }

    /// Lets an engine stand still while `meanwhile` happens; `false` if it is not running just
    /// now.
    pub async fn frozen_engine(&self, name: &str, meanwhile: impl Future<Output = ()>) -> bool {
        let engine = self.engine(name);
        let Some(pid) = engine else { return false };
        signal(pid, "STOP");
        meanwhile.await;
        signal(pid, "CONT");
        true
    }

    /// Lets an engine stand still for good; its process id, or none if it is not running just now.
    pub fn hang_engine(&self, name: &str) -> Option<u32> {
        let engine = self.engine(name);
        engine.inspect(|pid| signal(*pid, "STOP"))
    }

    /// Process id of an engine, `indicators` or `registry`, if it is running just now.
    pub fn engine(&self, name: &str) -> Option<u32> {
        let folder = format!("engine/{name}");
        let is_it = |pid: &u32| {
            let told = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&told).contains(&folder)
        };
        self.children().into_iter().find(is_it)
    }

    /// Lets it stand still while `meanwhile` happens; its engines go on.
    pub async fn frozen<T>(&self, meanwhile: impl Future<Output = T>) -> T {
        signal(self.pid(), "STOP");
        let done = meanwhile.await;
        signal(self.pid(), "CONT");
        done
    }

    /// True while it runs.
    pub fn is_running(&self) -> bool {
        let mut child = self.child();
        let running = |child: &mut Child| matches!(child.try_wait(), Ok(None));
        child.as_mut().is_some_and(running)
    }

    /// Fills its disk, and keeps it full.
    ///
    /// # Panics
    /// When it was not built with [`crate::Builder::disk`].
    pub fn fill_disk(&self) {
        self.disk().fill();
    }

    /// Gives the room back.
    ///
    /// # Panics
    /// When it was not built with [`crate::Builder::disk`].
    pub fn free_disk(&self) {
        self.disk().free();
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        let disk = self.disk.as_ref().expect("it was built with a small disk");
        disk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What lies on a small disk goes with it: a copy stays.
    pub(crate) fn keep_data(&self) {
        if self.disk.is_none() {
            return;
        }
        self.free_disk();
        let kept = self.data().with_file_name("data-kept");
        let copied = Command::new("cp")
            .arg("-a")
            .arg(self.data())
            .arg(&kept)
            .status();
        if copied.is_ok_and(|status| status.success()) {
            eprintln!("a copy of the data: {}", kept.display());
        }
    }
}

/// True if there is such a process and it has not ended.
pub fn is_alive(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // After the name in brackets comes the state; a zombie is not alive.
    stat.rsplit_once(')')
        .is_some_and(|(_, rest)| !rest.trim_start().starts_with(['Z', 'X']))
}
