//! One connection. Comes in: a client's stream, where the server is, and the weather. Goes out:
//! bytes, as the weather lets them pass. The invariant: bad weather breaks or delays a connection
//! and never changes what it carries.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::watch;

use super::{Line, Weather};

/// How much is carried at a time, in bytes.
const PIECE: usize = 64 << 10;

/// How long a refused client may take to have said everything.
const POLITE: Duration = Duration::from_secs(2);

/// Which way a piece goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Question,
    Answer,
}

/// Carries a connection until one end closes it or the weather breaks it.
pub(super) async fn carry(
    mut client: TcpStream,
    head: Vec<u8>,
    server: Option<SocketAddr>,
    line: Arc<Line>,
) -> io::Result<()> {
    let mut weather = line.weather.subscribe();
    while *weather.borrow_and_update() == Weather::Silent {
        line.feel();
        changed(&mut weather).await?;
    }
    let now = *weather.borrow();
    match now {
        Weather::Cut => return Err(line.break_off()),
        Weather::Refusing(status) => {
            line.feel();
            return refuse(&mut client, status).await;
        }
        _ => {}
    }
    let mut server = TcpStream::connect(server.ok_or_else(broken)?).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    server.write_all(&head).await?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::try_join!(
        line.pump(from_client, to_server, Way::Question, weather.clone()),
        line.pump(from_server, to_client, Way::Answer, weather),
    )?;
    Ok(())
}

impl Line {
    async fn pump(
        &self,
        mut from: OwnedReadHalf,
        mut to: OwnedWriteHalf,
        way: Way,
        mut weather: watch::Receiver<Weather>,
    ) -> io::Result<()> {
        let mut piece = vec![0; PIECE];
        loop {
            let read = tokio::select! {
                read = from.read(&mut piece) => read?,
                // Whatever breaks the connection does it now, also when nobody says anything.
                changed = changed(&mut weather) => {
                    changed?;
                    let now = *weather.borrow();
                    self.break_if(now)?;
                    continue;
                }
            };
            self.await_passage(way, &mut weather).await?;
            if read == 0 {
                return to.shutdown().await;
            }
            to.write_all(&piece[..read]).await?;
        }
    }

    /// Waits until a piece may pass.
    async fn await_passage(
        &self,
        way: Way,
        weather: &mut watch::Receiver<Weather>,
    ) -> io::Result<()> {
        loop {
            let now = *weather.borrow_and_update();
            self.break_if(now)?;
            match now {
                Weather::Deaf if way == Way::Answer => return Err(self.break_off()),
                Weather::Silent => {
                    self.feel();
                    changed(weather).await?;
                }
                Weather::Slow(time) => {
                    self.feel();
                    tokio::time::sleep(time).await;
                    let then = *weather.borrow();
                    return self.break_if(then);
                }
                _ => return Ok(()),
            }
        }
    }

    fn break_if(&self, weather: Weather) -> io::Result<()> {
        match weather {
            Weather::Cut | Weather::Refusing(_) => Err(self.break_off()),
            _ => Ok(()),
        }
    }

    fn break_off(&self) -> io::Error {
        self.feel();
        broken()
    }
}

async fn changed(weather: &mut watch::Receiver<Weather>) -> io::Result<()> {
    weather.changed().await.map_err(|_| broken())
}

/// Says no, as a ClickHouse server does, and lets the client finish.
async fn refuse(client: &mut TcpStream, status: u16) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    // Who only connects is told nothing.
    if client.read(&mut piece).await? == 0 {
        return Ok(());
    }
    let (code, why) = match status {
        401 | 403 => (516, "Authentication failed. (AUTHENTICATION_FAILED)"),
        _ => (241, "Memory limit exceeded. (MEMORY_LIMIT_EXCEEDED)"),
    };
    let body = format!("Code: {code}. DB::Exception: {why}\n");
    let answer = format!(
        "HTTP/1.1 {status} Refused\r\nX-ClickHouse-Exception-Code: {code}\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    client.write_all(answer.as_bytes()).await?;
    client.shutdown().await?;
    let rest = async { while client.read(&mut piece).await.is_ok_and(|read| read > 0) {} };
    tokio::time::timeout(POLITE, rest).await.ok();
    Ok(())
}

fn broken() -> io::Error {
    io::ErrorKind::ConnectionReset.into()
}
