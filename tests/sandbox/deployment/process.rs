//! One process of a deployment. Comes in: a program and its arguments. Goes out: a child that can be
//! killed, stopped and started again, and whatever it said. The invariant: it ends with the test,
//! also when the test is killed.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::process::{Child, Command};

use super::clock::Clock;
use crate::system::{ELSEWHERE, signal};

/// A process group that ends when the standard input of its leader closes: that is, when whoever
/// started it is gone. Children that join it are never mistaken for others, as pids may be.
pub(super) struct Group {
    leader: std::process::Child,
}

impl Group {
    pub(super) fn begin() -> Self {
        use std::os::unix::process::CommandExt as _;
        let leader = std::process::Command::new("sh")
            .args(["-c", "cat >/dev/null; kill -9 0"])
            // A group of its own: who ends the test's group does not end the leader first.
            .process_group(0)
            .stdin(Stdio::piped())
            .spawn();
        Self {
            leader: leader.expect("a shell starts"),
        }
    }

    fn id(&self) -> i32 {
        i32::try_from(self.leader.id()).expect("a process id")
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        drop(self.leader.stdin.take());
        self.leader.wait().ok();
    }
}

/// A process that may run or not.
pub(super) struct Process {
    program: PathBuf,
    arguments: Vec<String>,
    said: PathBuf,
    clock: Option<Clock>,
    child: Mutex<Option<Child>>,
}

impl Process {
    /// Not started yet; what it says goes to the file `said`. Without a clock of its own it has the
    /// machine's.
    pub(super) fn new(
        program: PathBuf,
        arguments: Vec<String>,
        said: PathBuf,
        clock: Option<Clock>,
    ) -> Self {
        Self {
            program,
            arguments,
            said,
            clock,
            child: Mutex::new(None),
        }
    }

    /// Starts the process in its group.
    pub(super) fn start(&self, group: &Group) {
        let said = File::options().create(true).append(true).open(&self.said);
        let said = said.expect("a log file in the folder of a deployment");
        let child = Command::new(&self.program)
            .args(&self.arguments)
            .env("TZ", ELSEWHERE)
            .envs(self.clock.iter().flat_map(Clock::environment))
            .stdin(Stdio::null())
            .stdout(said.try_clone().expect("a second handle"))
            .stderr(said)
            .process_group(group.id())
            .kill_on_drop(true)
            .spawn();
        *self.child() = Some(child.expect("the program starts"));
    }

    /// `kill -9`, also of one that stands still; says so if it did not run.
    pub(super) async fn kill(&self) -> bool {
        let Some(mut child) = self.child().take() else {
            return false;
        };
        child.kill().await.expect("our own child");
        true
    }

    /// STOP, CONT or TERM.
    pub(super) fn signal(&self, name: &str) {
        let pid = self.child().as_ref().and_then(Child::id);
        pid.into_iter().for_each(|pid| signal(pid, name));
    }

    /// Its clock goes wrong by so many seconds.
    ///
    /// # Panics
    /// When it has none of its own.
    pub(super) fn set_clock(&self, seconds: i64) {
        let clock = self.clock.as_ref();
        clock.expect("a role").set(seconds);
    }

    /// Its exit code, if it ended by itself since the last question; none for a signal.
    pub(super) fn has_ended(&self) -> io::Result<Option<Option<i32>>> {
        let mut child = self.child();
        let Some(running) = child.as_mut() else {
            return Ok(None);
        };
        let ended = running.try_wait()?;
        if ended.is_some() {
            *child = None;
        }
        Ok(ended.map(|status| status.code()))
    }

    pub(super) fn is_running(&self) -> bool {
        self.child().is_some()
    }

    /// What it said since the beginning, on both outputs.
    pub(super) fn told(&self) -> String {
        let told = std::fs::read(&self.said).unwrap_or_default();
        String::from_utf8_lossy(&told).into_owned()
    }

    pub(super) fn said(&self) -> &Path {
        &self.said
    }

    /// Held for a moment only.
    fn child(&self) -> MutexGuard<'_, Option<Child>> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
