//! One broker. Comes in: its settings in its folder. Goes out: a process that answers. The
//! invariant: a broker that is tied to this process ends when this process does.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::program::KafkaProgram;

/// How long a broker may take until it answers, on a machine with much else to do.
const START: Duration = Duration::from_secs(180);
/// How often it is asked.
const POLL: Duration = Duration::from_millis(50);
/// How long one that was asked to end may take.
const END: Duration = Duration::from_secs(30);

/// Starts a broker, says its pid, and ends it when its own standard input closes: that is, when
/// whoever started it is gone. Then the broker's folder goes too, if it is a test's.
const TIED: &str = r#"
folder=$1; remove=$2; shift 2
"$@" </dev/null >>"$folder/log.txt" 2>&1 &
echo $!
cat >/dev/null
kill -9 $!
wait $! 2>/dev/null
if [ "$remove" = yes ]; then rm -rf "$folder"; rmdir "$(dirname "$folder")" 2>/dev/null; fi
"#;

/// One broker of a cluster.
#[derive(Debug)]
pub struct Broker {
    pub(crate) program: KafkaProgram,
    pub(crate) port: u16,
    /// With `server.properties`, `log4j2.properties`, `log.txt` and the folder `data`.
    pub(crate) folder: PathBuf,
    pub(crate) tls: bool,
    pub(crate) tie: BrokerTie,
    pub(crate) process: Option<BrokerProcess>,
}

/// What becomes of a broker when this process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BrokerTie {
    /// It ends too, and its folder is removed.
    ForTest,
    /// The broker stays when the process that started it ends.
    Stays,
}

#[derive(Debug)]
pub(crate) struct BrokerProcess {
    pid: u32,
    /// Absent where the broker stays.
    watchdog: Option<(Child, ChildStdin)>,
}

impl Broker {
    /// Its process, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(|process| process.pid)
    }

    /// Where clients reach it.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// The folder of its segments.
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// True if the bytes are in any of its files, also in those that it is about to remove. Of what
    /// is compressed there it sees nothing.
    pub fn has_on_disk(&self, bytes: &[u8]) -> bool {
        is_in(&self.data(), bytes)
    }

    /// Starts it, if it does not run; does not wait for it.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn launch(&mut self) -> Result<()> {
        if self.process.is_some() {
            return Ok(());
        }
        let mut java = self
            .program
            .command("kafka.Kafka", &self.folder.join("log4j2.properties"));
        java.arg(self.folder.join("server.properties"));
        self.process = Some(match self.tie {
            BrokerTie::ForTest => self.launch_tied(&java)?,
            BrokerTie::Stays => self.launch_apart(java)?,
        });
        Ok(())
    }

    /// Waits until it answers.
    ///
    /// # Errors
    /// When it ends instead, or takes three minutes; with the end of its log.
    pub fn ready(&self) -> Result<()> {
        let deadline = Instant::now() + START;
        while !answers(self.address(), self.tls) {
            let alive = self.pid().is_some_and(is_alive);
            if !alive || Instant::now() > deadline {
                let log = fs::read_to_string(self.folder.join("log.txt")).unwrap_or_default();
                let last: Vec<&str> = log.lines().rev().take(15).collect();
                let last: Vec<&str> = last.into_iter().rev().collect();
                bail!(
                    "the broker at {} does not answer:\n{}",
                    self.address(),
                    last.join("\n")
                );
            }
            thread::sleep(POLL);
        }
        Ok(())
    }

    /// Starts it and waits until it answers.
    ///
    /// # Errors
    /// As [`Broker::launch`] and [`Broker::ready`].
    pub fn start(&mut self) -> Result<()> {
        self.launch()?;
        self.ready()
    }

    /// `kill -9`; its data stay.
    pub fn kill(&mut self) {
        let Some(BrokerProcess { pid, watchdog }) = self.process.take() else {
            return;
        };
        if let Some((mut watchdog, _stdin)) = watchdog {
            // First, or it would remove the data.
            watchdog.kill().ok();
            watchdog.wait().ok();
        }
        signal(pid, "KILL");
        wait_until_gone(pid, END);
    }

    /// Stops it in the middle of what it does (SIGSTOP).
    pub fn pause(&self) {
        self.pid().into_iter().for_each(|pid| signal(pid, "STOP"));
    }

    /// Lets it go on (SIGCONT).
    pub fn resume(&self) {
        self.pid().into_iter().for_each(|pid| signal(pid, "CONT"));
    }

    fn launch_tied(&self, java: &Command) -> Result<BrokerProcess> {
        let mut watchdog = Command::new("sh");
        watchdog.args(["-c", TIED, "kafka"]).arg(&self.folder);
        watchdog
            .arg("yes")
            .arg(java.get_program())
            .args(java.get_args());
        watchdog.stdin(Stdio::piped()).stdout(Stdio::piped());
        // A group of its own: who ends the test's group must not end the watchdog first.
        watchdog.process_group(0);
        let mut watchdog = watchdog.spawn().context("start a broker's watchdog")?;
        let stdin = watchdog.stdin.take().context("its input is piped")?;
        let mut said = BufReader::new(watchdog.stdout.take().context("its output is piped")?);
        let mut pid = String::new();
        said.read_line(&mut pid).context("read a broker's pid")?;
        let pid = pid.trim().parse().context("read a broker's pid")?;
        Ok(BrokerProcess {
            pid,
            watchdog: Some((watchdog, stdin)),
        })
    }

    fn launch_apart(&self, mut java: Command) -> Result<BrokerProcess> {
        let log = append_to(&self.folder.join("log.txt"))?;
        // A group of its own: Ctrl-C in the terminal is not meant for it.
        java.process_group(0);
        java.stdout(log.try_clone().context("share a broker's log")?)
            .stderr(log);
        let pid = java.spawn().context("start a broker")?.id();
        Ok(BrokerProcess {
            pid,
            watchdog: None,
        })
    }
}

impl Drop for Broker {
    /// One that is tied ends now, and its folder goes.
    fn drop(&mut self) {
        if let Some((mut watchdog, stdin)) =
            self.process.take().and_then(|mut it| it.watchdog.take())
        {
            drop(stdin);
            watchdog.wait().ok();
        }
    }
}

/// Ends a broker that stays, by its pid, if that is still a broker of `folder`: asks it first.
pub fn end(pid: u32, folder: &Path) {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    if !String::from_utf8_lossy(&line).contains(&*folder.to_string_lossy()) {
        return;
    }
    signal(pid, "TERM");
    if !wait_until_gone(pid, END) {
        signal(pid, "KILL");
        wait_until_gone(pid, END);
    }
}

fn append_to(path: &Path) -> Result<File> {
    let opened = OpenOptions::new().create(true).append(true).open(path);
    opened.with_context(|| format!("open {}", path.display()))
}

fn signal(pid: u32, name: &str) {
    let mut kill = Command::new("kill");
    kill.args([&format!("-{name}"), &pid.to_string()]);
    // One that is gone needs no signal.
    kill.stderr(Stdio::null()).status().ok();
}

fn wait_until_gone(pid: u32, patience: Duration) -> bool {
    let deadline = Instant::now() + patience;
    while is_alive(pid) {
        if Instant::now() > deadline {
            return false;
        }
        thread::sleep(POLL);
    }
    true
}

fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // After the name in brackets comes the state; a zombie is not alive.
    stat.rsplit_once(')')
        .is_some_and(|(_, rest)| !rest.trim_start().starts_with(['Z', 'X']))
}

fn is_in(folder: &Path, bytes: &[u8]) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).any(|path| {
        if path.is_dir() {
            return is_in(&path, bytes);
        }
        // It may be gone meanwhile.
        let content = fs::read(path).unwrap_or_default();
        content.windows(bytes.len()).any(|window| window == bytes)
    })
}

/// Asks for the versions of its interface: a broker that answers has joined its cluster. Where it
/// wants TLS it is greeted badly, and says so.
fn answers(address: SocketAddr, tls: bool) -> bool {
    // What is asked, and what the answer must have after how many bytes.
    let (question, from, expected): (&[u8], usize, &[u8]) = if tls {
        // A greeting with nothing in it; an alert of some version 3.
        (&[0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0], 0, &[0x15, 3])
    } else {
        // Length, ApiVersions, version 0, number 7, no name; a length, and the number again.
        (
            &[0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 7, 0xFF, 0xFF],
            4,
            &[0, 0, 0, 7],
        )
    };
    let asked = || -> std::io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        stream.write_all(question)?;
        let mut begins = vec![0; from + expected.len()];
        stream.read_exact(&mut begins)?;
        Ok(begins)
    };
    asked().is_ok_and(|begins| begins[from..] == *expected)
}
