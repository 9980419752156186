//! A line between a client and a server that lets so many bytes of answers through and then no more,
//! so that a test knows how far the client has come. The invariant: what passes is what was sent.

use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

/// The line. Its connections break when it is dropped.
pub(super) struct Valve {
    address: SocketAddr,
    passing: Arc<Passing>,
    listening: AbortHandle,
}

struct Passing {
    /// How many bytes of answers may pass, and have passed.
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
    /// A line to a server, for `most` bytes of answers.
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

    /// How many bytes of answers have passed.
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
        let asked = tokio::io::copy(&mut questions, &mut to_server);
        // Whichever end goes away first takes the other with it.
        tokio::select! {
            asked = asked => asked.map(drop),
            answered = self.answer(answers, to_client) => answered,
        }
    }

    async fn answer(&self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) -> io::Result<()> {
        let mut piece = vec![0; 64 << 10];
        loop {
            let left = self.most - self.passed.load(Ordering::Relaxed);
            if left == 0 {
                self.shut.send_replace(true);
                return pending().await;
            }
            let most = piece.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let read = from.read(&mut piece[..most]).await?;
            if read == 0 {
                return to.shutdown().await;
            }
            to.write_all(&piece[..read]).await?;
            self.passed.fetch_add(read as u64, Ordering::Relaxed);
        }
    }
}
