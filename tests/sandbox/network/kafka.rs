//! Who calls a broker. Comes in: a fresh connection. Goes out: the `client.id` of its first request,
//! and the bytes that were read for it, which are still to be sent on.

use std::io;

use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

/// Length, kind, version and number of a request, and the length of the name after them.
const HEADER: usize = 14;

/// Processes of a deployment say their name. A broker names its threads, such as
/// `broker-2-fetcher-0`; it is one caller all the same.
pub(super) async fn who_calls(client: &mut TcpStream) -> io::Result<(String, Vec<u8>)> {
    let mut head = vec![0; HEADER];
    client.read_exact(&mut head).await?;
    let length = i16::from_be_bytes([head[HEADER - 2], head[HEADER - 1]]);
    let mut name = vec![0; usize::try_from(length).unwrap_or(0)];
    client.read_exact(&mut name).await?;
    head.extend(&name);
    let name = String::from_utf8_lossy(&name).into_owned();
    let caller = match name.split('-').collect::<Vec<_>>()[..] {
        ["broker", number, ..] => format!("broker-{number}"),
        _ => name,
    };
    Ok((caller, head))
}
