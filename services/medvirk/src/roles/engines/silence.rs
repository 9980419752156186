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

use bytes::Bytes;
use http::StatusCode;
use http_body_util::Empty;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use rustix::process::{Pid, Signal, kill_process};

/// So many questions in a row must be without an answer.
const QUESTIONS: u32 = 3;

/// Waits until the engine at this address has answered nothing for so long.
pub(super) async fn silent(address: SocketAddr, patience: Duration) {
    unanswered(patience, || ask(address)).await;
}

/// Asks until so many questions in a row, which together have so long, were without an answer.
async fn unanswered<A, E>(patience: Duration, ask: impl Fn() -> A)
where
    A: Future<Output = Result<bool, E>>,
{
    let each = patience / QUESTIONS;
    let mut unanswered = 0;
    while unanswered < QUESTIONS {
        // A question has all of its time, also where it was refused at once.
        let next = tokio::time::sleep(each);
        unanswered = match tokio::time::timeout(each, ask()).await {
            Ok(Ok(true)) => 0,
            _ => unanswered + 1,
        };
        next.await;
    }
}

/// True if the engine runs statements. Anything else that answers there is no engine. Each question has
/// a connection of its own: one that is kept could hang in an engine that accepts new ones.
async fn ask(address: SocketAddr) -> anyhow::Result<bool> {
    let client = Client::builder(TokioExecutor::new())
        .pool_max_idle_per_host(0)
        .build_http::<Empty<Bytes>>();
    let alive = format!("http://{address}/alive").parse()?;
    Ok(client.get(alive).await?.status() == StatusCode::OK)
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
    use std::cell::Cell;
    use std::net::Ipv4Addr;

    use tokio::io::AsyncWriteExt as _;
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn only_who_answers_nothing_for_long_enough_is_silent() {
        #[derive(Clone, Copy)]
        enum Engine {
            Answers,
            Refuses,
            IsNotThere,
            Hangs,
        }
        use Engine::{Answers, Hangs, IsNotThere, Refuses};
        let questions = [
            Hangs, Refuses, Answers, IsNotThere, Hangs, Answers, Hangs, Refuses, IsNotThere,
        ];
        let (patience, asked) = (Duration::from_secs(30), Cell::new(0));
        let ask = || {
            let engine = questions[asked.replace(asked.get() + 1)];
            async move {
                match engine {
                    Answers => Ok(true),
                    Refuses => Ok(false),
                    IsNotThere => Err(io::Error::from(io::ErrorKind::ConnectionRefused)),
                    Hangs => std::future::pending().await,
                }
            }
        };
        let begun = tokio::time::Instant::now();
        unanswered(patience, ask).await;
        assert_eq!(
            asked.get(),
            questions.len(),
            "the questions until it was silent"
        );
        assert!(begun.elapsed() >= 3 * patience, "each has its time");
    }

    #[tokio::test]
    async fn an_engine_says_that_it_runs_statements_and_nothing_else_is_one() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let answer = async |answer: &[u8]| {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(answer).await.unwrap();
        };
        let asked = async |text| tokio::join!(ask(address), answer(text)).0;
        assert!(asked(b"HTTP/1.0 200 OK\r\n\r\n").await.unwrap());
        assert!(!asked(b"HTTP/1.0 503 No\r\n\r\n").await.unwrap());
        assert!(asked(b"").await.is_err());
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
