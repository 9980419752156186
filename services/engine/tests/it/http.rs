//! The HTTP interface itself, where the crate does not go.

use std::io::{Read, Write};
use std::net::TcpStream;

use medvirk_engine::{Engine, Error, MAX_BODY};

use crate::support::{Sandbox, config};

#[test]
fn ping_needs_no_user() {
    let sandbox = Sandbox::start();
    for target in ["/ping", "/"] {
        let (status, answer) = sandbox.raw(&format!("GET {target} HTTP/1.1\r\n"), b"");
        assert!(status == 200 && answer.ends_with("Ok.\n"), "{answer}");
    }
}

#[test]
fn bad_sql_gives_code_header_and_status() {
    let sandbox = Sandbox::start();
    for (sql, code, status) in [
        ("SELECT * FROM nowhere", 60, 404),
        ("SELECT nothing", 47, 404),
        ("SELEC 1", 62, 400),
        ("SELECT 1; SELECT 2", 62, 400),
        ("SELECT throwIf(1)", 395, 500),
        ("SYSTEM FLUSH LOGS", 48, 501),
        ("", 62, 400),
    ] {
        let (found, answer) = sandbox.post("/", "", sql.as_bytes());
        assert_eq!(found, status, "{sql}: {answer}");
        assert!(
            answer.contains(&format!("Code: {code}. DB::")),
            "{sql}: {answer}"
        );
        assert!(
            answer
                .to_lowercase()
                .contains(&format!("x-clickhouse-exception-code: {code}\r\n")),
            "{sql}: {answer}"
        );
    }
}

#[test]
fn what_is_not_spoken_is_refused_clearly() {
    let sandbox = Sandbox::start();
    for (target, headers, body, status, says) in [
        ("/?compress=1", "", "SELECT 1", 501, "compress"),
        ("/?session_id=a", "", "SELECT 1", 501, "session_id"),
        (
            "/?user=writer&password=x",
            "",
            "SELECT 1",
            501,
            "credentials",
        ),
        ("/?async_insert=1", "", "SELECT 1", 501, "async_insert"),
        (
            "/",
            "Content-Encoding: gzip\r\n",
            "SELECT 1",
            501,
            "Content-Encoding",
        ),
        (
            "/?decompress=1&query=SELECT+1",
            "",
            "not a block, but long enough to be one",
            400,
            "decompress",
        ),
        ("/?query=SELECT+1", "", "left over", 501, "data after"),
        (
            "/",
            "Content-Type: multipart/form-data; boundary=b\r\n",
            "no form",
            400,
            "form",
        ),
    ] {
        let (found, answer) = sandbox.post(target, headers, body.as_bytes());
        assert_eq!(found, status, "{target}: {answer}");
        assert!(answer.contains(says), "{target}: {answer}");
    }
    let put = "PUT / HTTP/1.1\r\nX-ClickHouse-User: writer\r\nX-ClickHouse-Key: writer-secret\r\n";
    assert_eq!(sandbox.raw(put, b"").0, 405);
}

#[test]
fn get_reads_and_never_writes() {
    let sandbox = Sandbox::start();
    let get = |query: &str| {
        let credentials = "X-ClickHouse-User: writer\r\nX-ClickHouse-Key: writer-secret\r\n";
        sandbox.raw(
            &format!("GET /?query={query} HTTP/1.1\r\n{credentials}"),
            b"",
        )
    };
    assert_eq!(get("SELECT+1").0, 200);
    for query in [
        "CREATE+TABLE+t+(a+UInt8)+ENGINE=Memory",
        "INSERT+INTO+t+VALUES+(1)",
        "SYSTEM+STOP+MERGES",
    ] {
        let (status, answer) = get(query);
        assert!(status == 403 && answer.contains("Code: 164."), "{answer}");
    }
}

#[test]
fn an_insert_says_how_many_rows_it_wrote() {
    let sandbox = Sandbox::start();
    assert_eq!(
        sandbox
            .post(
                "/",
                "",
                b"CREATE TABLE t (a UInt16) ENGINE = MergeTree ORDER BY a"
            )
            .0,
        200
    );
    let (status, answer) = sandbox.post(
        "/?query=INSERT+INTO+t+FORMAT+RowBinary",
        "",
        b"\n\n\n\n\x01\x00",
    );
    assert_eq!(status, 200, "{answer}");
    assert!(answer.contains(r#""written_rows":"3""#), "{answer}");
    let (_, answer) = sandbox.post("/?query=SELECT+groupArray(a)+FROM+t", "", b"");
    assert!(answer.contains("[1,2570,2570]"), "{answer}");
}

#[test]
fn parameters_and_settings_come_by_url() {
    let sandbox = Sandbox::start();
    let target = "/?query=SELECT+{a:UInt8},getSetting('max_threads')&param_a=7&max_threads=3&database=medvirk";
    let (status, answer) = sandbox.post(&target.replace('{', "%7B").replace('}', "%7D"), "", b"");
    assert!(status == 200 && answer.contains("7\t3"), "{answer}");
    let (_, answer) = sandbox.post("/?query=SELECT+getSetting('max_threads')", "", b"");
    assert!(!answer.ends_with("\n3\n"), "a setting stayed: {answer}");
    let (status, answer) = sandbox.post("/?database=nowhere", "", b"SELECT 1");
    assert!(status == 404 && answer.contains("Code: 81."), "{answer}");
}

#[test]
fn a_broken_insert_inserts_nothing() {
    let sandbox = Sandbox::start();
    sandbox.post(
        "/",
        "",
        b"CREATE TABLE t (a UInt16) ENGINE = MergeTree ORDER BY a",
    );
    let (status, answer) = sandbox.post(
        "/?query=INSERT+INTO+t+FORMAT+RowBinary",
        "",
        b"\x01\x00\x02",
    );
    assert!(status == 400 && answer.contains("Code: 33."), "{answer}");
    let (_, answer) = sandbox.post("/", "", b"SELECT count() + 100 FROM t");
    assert!(answer.contains("100"), "{answer}");
}

#[test]
fn a_body_is_sent_after_100_continue() {
    let sandbox = Sandbox::start();
    let mut stream = TcpStream::connect(sandbox.address()).unwrap();
    let head = "POST / HTTP/1.1\r\nHost: x\r\nX-ClickHouse-User: reader\r\nX-ClickHouse-Key: reader-secret\r\n\
        Expect: 100-continue\r\nConnection: close\r\nContent-Length: 9\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"SELECT 42").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.contains("42"),
        "{answer}"
    );
}

#[test]
fn a_body_over_the_limit_is_refused_before_it_is_read() {
    let sandbox = Sandbox::start();
    let mut stream = TcpStream::connect(sandbox.address()).unwrap();
    let length = MAX_BODY + 1;
    let head = format!(
        "POST / HTTP/1.1\r\nHost: x\r\nX-ClickHouse-User: writer\r\nX-ClickHouse-Key: writer-secret\r\n\
        Connection: close\r\nContent-Length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 413") && answer.contains("Code: 307."),
        "{answer}"
    );
}

#[tokio::test]
async fn only_loopback_is_listened_on() {
    let directory = tempfile::tempdir().unwrap();
    for address in ["0.0.0.0:0", "192.0.2.1:0", "[::]:0"] {
        let mut config = config(directory.path());
        config.listen = address.parse().unwrap();
        let error = Engine::bind(config).await.err().unwrap();
        assert!(matches!(error, Error::NotLoopback { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_missing_library_names_the_remedy() {
    let directory = tempfile::tempdir().unwrap();
    let mut config = config(directory.path());
    config.library = directory.path().join("libchdb.so");
    let error = Engine::bind(config).await.err().unwrap();
    assert!(error.to_string().contains("cargo xtask engine"), "{error}");
}
