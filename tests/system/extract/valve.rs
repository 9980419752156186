//! A line between a client and a server that lets so many bytes of answers through and then no more,
//! so that a test knows how far the client has come. What is counted is what the frames of HTTP/2
//! (RFC 9113, section 4.1) hold as data: into how many frames a server cuts the same answer depends on
//! how fast its client reads. The invariants: what passes is what was sent; the same answer is the
//! same number of bytes.

use std::future::pending;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{self, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

/// So many bytes say of a frame how long it is, what sort, and of which stream.
const FRAME_HEAD: usize = 9;
/// The sort of frame that holds data.
const DATA: u8 = 0;

/// The line. Its connections break when it is dropped.
pub(super) struct Valve {
    address: SocketAddr,
    passing: Arc<Passing>,
    listening: AbortHandle,
}

struct Passing {
    /// How many bytes of answers may pass, and have passed, as data in frames.
    most: u64,
    passed: AtomicU64,
    shut: watch::Sender<bool>,
}

impl Drop for Valve {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Valve {
    /// A line to a server, for `most` bytes of answers, as data in frames.
    pub(super) async fn to(server: SocketAddr, most: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let passing = Arc::new(Passing {
            most,
            passed: AtomicU64::new(0),
            shut: watch::Sender::new(false),
        });
        let carried = passing.clone();
        let listening = tokio::spawn(async move {
            let mut lines = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                lines.spawn(carried.clone().carry(client, server));
            }
        });
        Self {
            address,
            passing,
            listening: listening.abort_handle(),
        }
    }

    /// Where clients reach it.
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many bytes of answers have passed, as data in frames.
    pub(super) fn passed(&self) -> u64 {
        self.passing.passed.load(Ordering::Relaxed)
    }

    /// Waits until all that may pass has passed.
    pub(super) async fn shut(&self) {
        let mut shut = self.passing.shut.subscribe();
        shut.wait_for(|shut| *shut).await.unwrap();
    }
}

impl Passing {
    async fn carry(self: Arc<Self>, client: TcpStream, server: SocketAddr) -> io::Result<()> {
        let server = TcpStream::connect(server).await?;
        let (mut questions, to_client) = client.into_split();
        let (answers, mut to_server) = server.into_split();
        let asked = io::copy(&mut questions, &mut to_server);
        // Whichever end goes away first takes the other with it.
        tokio::select! {
            asked = asked => asked.map(drop),
            answered = self.answer(answers, to_client) => answered,
        }
    }

    async fn answer(&self, from: OwnedReadHalf, mut to: OwnedWriteHalf) -> io::Result<()> {
        let mut from = BufReader::new(from);
        let mut head = [0; FRAME_HEAD];
        loop {
            match from.read_exact(&mut head).await {
                Err(end) if end.kind() == ErrorKind::UnexpectedEof => return to.shutdown().await,
                read => read?,
            };
            to.write_all(&head).await?;
            let [a, b, c, sort, ..] = head;
            let length = u64::from(u32::from_be_bytes([0, a, b, c]));
            let counts = sort == DATA;
            let left = self.most - self.passed.load(Ordering::Relaxed);
            let most = if counts { length.min(left) } else { length };
            io::copy(&mut (&mut from).take(most), &mut to).await?;
            if counts {
                self.passed.fetch_add(most, Ordering::Relaxed);
            }
            if counts && most == left {
                self.shut.send_replace(true);
                return pending().await;
            }
        }
    }
}
