//! A network that breaks when a test says so. Comes in: who talks to whom, and what the weather is
//! on that line. Goes out: addresses on the loopback interface that stay, wherever the other end
//! listens just now. The invariant: on a line in fair weather every byte arrives, in order.

mod kafka;

mod line;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;

/// What happens to what is said on a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weather {
    /// Everything arrives at once.
    Fair,
    /// Connections break, and new ones are closed at once.
    Cut,
    /// Nothing arrives, and nobody is told.
    Silent,
    /// Every piece comes so much later.
    Slow(Duration),
    /// Questions arrive; at the first byte of an answer the connection breaks.
    Deaf,
    /// The server is not asked; this HTTP status is the answer.
    Refusing(u16),
}

/// Who calls, on one address.
#[derive(Debug, Clone)]
pub(crate) enum Caller {
    /// A caller that always has the same name.
    Named(String),
    /// The `client.id` of its first Kafka request says so.
    KafkaClient,
}

/// All lines of a deployment. Clones are the same; what listens ends with the last of them.
#[derive(Clone, Default)]
pub struct Network {
    lines: Arc<Mutex<Lines>>,
}

#[derive(Default)]
struct Lines {
    /// By who calls and whom.
    lines: BTreeMap<(String, String), Arc<Line>>,
    /// Where a server is now.
    places: BTreeMap<String, SocketAddr>,
    listening: Vec<AbortHandle>,
}

/// The line between two processes.
struct Line {
    weather: watch::Sender<Weather>,
    /// How often the weather has broken, held up or refused something.
    felt: AtomicUsize,
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.listening.iter().for_each(AbortHandle::abort);
    }
}

impl Network {
    /// Changes the weather between a caller and a server, and for the calls under way. Says how
    /// often the weather before was felt.
    pub fn set(&self, from: &str, to: &str, weather: Weather) -> usize {
        let line = self.line(from, to);
        line.weather.send_replace(weather);
        line.felt.swap(0, Ordering::Relaxed)
    }

    /// Says where a server listens now.
    pub(crate) fn place(&self, server: &str, address: SocketAddr) {
        self.lines().places.insert(server.to_owned(), address);
    }

    /// A new address that leads to this server.
    pub(crate) async fn listen(&self, caller: Caller, server: &str) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a free port");
        let address = listener.local_addr().expect("an address");
        if let Caller::Named(from) = &caller {
            self.line(from, server);
        }
        // Weak, so that the network ends with those who use it.
        let (lines, server) = (Arc::downgrade(&self.lines), server.to_owned());
        let listening = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Some(lines) = lines.upgrade() else { return };
                let network = Self { lines };
                let (caller, server) = (caller.clone(), server.clone());
                tokio::spawn(async move {
                    // A connection that breaks is what this is for.
                    let _ = network.connect(client, caller, &server).await;
                });
            }
        });
        self.lines().listening.push(listening.abort_handle());
        address
    }

    async fn connect(
        self,
        mut client: TcpStream,
        caller: Caller,
        server: &str,
    ) -> std::io::Result<()> {
        let (from, head) = match caller {
            Caller::Named(name) => (name, Vec::new()),
            Caller::KafkaClient => kafka::who_calls(&mut client).await?,
        };
        let line = self.line(&from, server);
        let place = self.lines().places.get(server).copied();
        // A connection holds its line, not the network.
        drop(self);
        line::carry(client, head, place, line).await
    }

    fn line(&self, from: &str, to: &str) -> Arc<Line> {
        let mut lines = self.lines();
        let line = lines.lines.entry((from.to_owned(), to.to_owned()));
        line.or_insert_with(|| Arc::new(Line::fair())).clone()
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line {
    fn fair() -> Self {
        Self {
            weather: watch::Sender::new(Weather::Fair),
            felt: AtomicUsize::new(0),
        }
    }

    fn feel(&self) {
        self.felt.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
