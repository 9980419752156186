use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::{Caller, Network, Weather};

/// Longer than anything takes on the loopback interface.
const SOON: Duration = Duration::from_secs(10);

/// A server that gives back what it gets and tells how much that was, behind a network.
async fn echo() -> (Network, std::net::SocketAddr, watch::Receiver<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (network, (heard, told)) = (Network::default(), watch::channel(0));
    network.place("server", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut piece = [0; 64];
            while let Ok(read @ 1..) = stream.read(&mut piece).await {
                heard.send_modify(|all| *all += read);
                stream.write_all(&piece[..read]).await.ok();
            }
        }
    });
    let caller = Caller::Named("client".to_owned());
    let address = network.listen(caller, "server").await;
    (network, address, told)
}

async fn say(stream: &mut TcpStream) -> std::io::Result<[u8; 4]> {
    let mut answer = [0; 4];
    stream.write_all(b"word").await?;
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}

#[tokio::test]
async fn in_fair_weather_everything_arrives_and_a_cut_breaks_what_is_under_way() {
    let (network, address, _) = echo().await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    assert_eq!(&say(&mut stream).await.unwrap(), b"word");
    network.set("client", "server", Weather::Cut);
    assert!(say(&mut stream).await.is_err());
    let mut new = TcpStream::connect(address).await.unwrap();
    assert!(say(&mut new).await.is_err());
    assert!(network.set("client", "server", Weather::Fair) > 0);
    let mut new = TcpStream::connect(address).await.unwrap();
    assert_eq!(&say(&mut new).await.unwrap(), b"word");
}

#[tokio::test]
async fn a_deaf_line_lets_the_question_arrive_and_loses_the_answer() {
    let (network, address, mut heard) = echo().await;
    network.set("client", "server", Weather::Deaf);
    let mut stream = TcpStream::connect(address).await.unwrap();
    assert!(say(&mut stream).await.is_err());
    let arrived = tokio::time::timeout(SOON, heard.wait_for(|all| *all == 4)).await;
    assert!(arrived.is_ok());
}

#[tokio::test]
async fn what_was_said_in_silence_arrives_after_it() {
    let (network, address, heard) = echo().await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    say(&mut stream).await.unwrap();
    network.set("client", "server", Weather::Silent);
    let waits = tokio::time::timeout(Duration::from_millis(100), say(&mut stream)).await;
    assert!(waits.is_err() && *heard.borrow() == 4);
    network.set("client", "server", Weather::Fair);
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"word");
}

#[tokio::test]
async fn a_refusal_is_an_answer_that_the_server_never_gave() {
    let (network, address, heard) = echo().await;
    network.set("client", "server", Weather::Refusing(401));
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 401 ") && answer.contains("Code: 516"));
    assert_eq!(*heard.borrow(), 0);
}
