//! Engines that hang. Comes in: where one listens, or its data. Goes out: that it has fallen silent,
//! or that it was killed. The invariants: an engine that is merely busy is not silent, because it
//! answers on a connection of its own whatever else it does; a machine that slept counts as one
//! question without an answer, however long it slept; only an engine on these very data is killed.

use std::ffi::OsStr;
use std::io;
use std::net::SocketAddr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// So many questions in a row must be without an answer.
const QUESTIONS: u32 = 3;

/// Waits until the engine at this address has answered nothing for so long.
pub(super) async fn silent(address: SocketAddr, patience: Duration) {
    let each = patience / QUESTIONS;
    let mut unanswered = 0;
    while unanswered < QUESTIONS {
        // A question has all of its time, also where it was refused at once.
        let next = tokio::time::sleep(each);
        unanswered = match tokio::time::timeout(each, ask(address)).await {
            Ok(Ok(true)) => 0,
            _ => unanswered + 1,
        };
        next.await;
    }
}

/// True if the engine runs statements. Anything else that answers there is no engine.
async fn ask(address: SocketAddr) -> io::Result<bool> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"GET /alive HTTP/1.0\r\n\r\n").await?;
    let mut status = [0; b"HTTP/1.0 200".len()];
    stream.read_exact(&mut status).await?;
    Ok(status.ends_with(b" 200"))
}

/// Kills the engine that holds these data, and says which process it was; none if it cannot be told,
/// or is no engine of ours. ClickHouse writes its process id into the file that it locks.
pub(super) fn kill_holder(data: &Path) -> Option<i32> {
    let status = std::fs::read_to_string(data.join("clickhouse").join("status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("PID: "))?;
    let number: i32 = line.trim().parse().ok()?;
    if !is_engine_on(data, number).ok()? {
        return None;
    }
    kill_process(Pid::from_raw(number)?, Signal::KILL).ok()?;
    Some(number)
}

/// True if this process is `medvirk engine` on these data, however it was told where they are.
fn is_engine_on(data: &Path, pid: i32) -> io::Result<bool> {
    let process = Path::new("/proc").join(pid.to_string());
    let (told, here) = (std::fs::read(process.join("cmdline"))?, process.join("cwd"));
    let (data, here) = (data.canonicalize()?, here.canonicalize()?);
    let arguments: Vec<&OsStr> = told
        .split(|byte| *byte == 0)
        .map(OsStr::from_bytes)
        .collect();
    let is_data = |argument: &&OsStr| {
        let path = here.join(argument).canonicalize();
        path.is_ok_and(|path| path == data)
    };
    Ok(arguments.get(1).is_some_and(|command| *command == "engine")
        && arguments.iter().any(is_data))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::net::TcpListener;

    use super::*;

    /// Long enough for a busy machine to answer a third of it.
    const PATIENCE: Duration = Duration::from_millis(1_500);

    #[tokio::test]
    async fn only_who_answers_nothing_for_long_enough_is_silent() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = AtomicUsize::new(0);
        let answers = async {
            let (refused, no) = (b"HTTP/1.0 503 No\r\n\r\n".as_slice(), b"".as_slice());
            let yes = b"HTTP/1.0 200 OK\r\n\r\n".as_slice();
            let answers = [no, refused, yes, no, no, yes, no, refused, no];
            for answer in answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                asked.fetch_add(1, Ordering::Relaxed);
                stream.write_all(answer).await.unwrap();
            }
            std::future::pending().await
        };
        tokio::select! {
            () = silent(address, PATIENCE) => {}
            () = answers => {}
        }
        assert_eq!(asked.into_inner(), 9, "the questions until it was silent");
    }

    #[test]
    fn nobody_but_an_engine_on_the_data_is_killed() {
        let data = tempfile::tempdir().unwrap();
        assert_eq!(kill_holder(data.path()), None, "nothing is told");
        let folder = data.path().join("clickhouse");
        std::fs::create_dir(&folder).unwrap();
        let own = std::process::id();
        std::fs::write(folder.join("status"), format!("PID: {own}\nStarted at: \n")).unwrap();
        assert_eq!(kill_holder(data.path()), None, "this test is no engine");
    }
}
