//! Who may do what, and that nobody reaches the host.

use clickhouse::Client;

use crate::support::Sandbox;

async fn error(client: &Client, sql: &str) -> String {
    match client
        .query(sql)
        .fetch_bytes("TSV")
        .unwrap()
        .collect()
        .await
    {
        Ok(answer) => panic!("{sql} was answered: {answer:?}"),
        Err(error) => error.to_string(),
    }
}

async fn refused(client: &Client, statements: &[&str]) {
    for sql in statements {
        let error = error(client, sql).await;
        assert!(error.contains("Code: "), "{sql}: {error}");
    }
}

async fn prepared(sandbox: &Sandbox) -> Client {
    let writer = sandbox.writer();
    for sql in [
        "CREATE TABLE t (k UInt64, s String) ENGINE = ReplacingMergeTree ORDER BY k",
        "SYSTEM STOP MERGES",
        "INSERT INTO t VALUES (7, 'one')",
        "INSERT INTO t VALUES (7, 'two')",
    ] {
        let done = writer.query(sql).execute().await;
        assert_eq!(done.is_ok(), !sql.starts_with("SYSTEM"), "{sql}");
    }
    writer
}

#[tokio::test]
async fn a_wrong_password_is_error_516() {
    let sandbox = Sandbox::start();
    for (user, password) in [
        ("writer", "reader-secret"),
        ("reader", ""),
        ("nobody", "writer-secret"),
        ("", ""),
    ] {
        let client = sandbox.client(user, password);
        let error = error(&client, "SELECT 1").await;
        assert!(error.contains("Code: 516."), "{user}: {error}");
    }
    let (status, answer) = sandbox.raw("POST /?query=SELECT+1 HTTP/1.1\r\n", b"");
    assert_eq!(status, 403, "{answer}");
    assert!(
        answer
            .to_lowercase()
            .contains("x-clickhouse-exception-code: 516"),
        "{answer}"
    );
}

#[tokio::test]
async fn basic_authentication_is_taken() {
    let sandbox = Sandbox::start();
    let ask = |credentials: &str| {
        sandbox.raw(
            &format!("GET /?query=SELECT+42 HTTP/1.1\r\nAuthorization: Basic {credentials}\r\n"),
            b"",
        )
    };
    let (status, answer) = ask("cmVhZGVyOnJlYWRlci1zZWNyZXQ=");
    assert!(status == 200 && answer.contains("42"), "{answer}");
    assert_eq!(ask("cmVhZGVyOndyb25n").0, 403);
    assert_eq!(ask("!!").0, 403);
}

#[tokio::test]
async fn a_reader_changes_nothing() {
    let sandbox = Sandbox::start();
    let writer = prepared(&sandbox).await;
    refused(
        &sandbox.reader(),
        &[
            "INSERT INTO t VALUES (8, 'x')",
            "INSERT INTO t SELECT 8, 'x'",
            "CREATE TABLE u (a UInt8) ENGINE = Memory",
            "CREATE TEMPORARY TABLE u (a UInt8)",
            "DROP TABLE t",
            "TRUNCATE TABLE t",
            "ALTER TABLE t DELETE WHERE 1",
            "OPTIMIZE TABLE t FINAL",
            "SYSTEM STOP MERGES",
            "KILL QUERY WHERE 1",
            "DETACH TABLE t",
            "SELECT 1; DROP TABLE t",
        ],
    )
    .await;
    let count: u64 = writer
        .query("SELECT count() FROM t FINAL")
        .fetch_one()
        .await
        .unwrap();
    assert_eq!(count, 1);
}

#[tokio::test]
async fn a_reader_sees_merged_rows_and_cannot_loosen_that() {
    let sandbox = Sandbox::start();
    prepared(&sandbox).await;
    let reader = sandbox.reader();
    let count: u64 = reader
        .query("SELECT count() FROM t")
        .fetch_one()
        .await
        .unwrap();
    assert_eq!(count, 1);
    refused(
        &reader,
        &[
            "SELECT count() FROM t SETTINGS final = 0",
            "SELECT count() FROM (SELECT * FROM t SETTINGS final = 0)",
            "WITH a AS (SELECT * FROM t SETTINGS final = 0) SELECT count() FROM a",
            "SELECT * FROM view(SELECT count() FROM t SETTINGS final = 0)",
            "SELECT count() FROM t WHERE k IN (SELECT k FROM t SETTINGS readonly = 0)",
            "SELECT count() FROM merge('medvirk', 't')",
            "SET final = 0",
            "SET readonly = 0",
            "SET ROLE ALL",
            "USE default",
        ],
    )
    .await;
    for (name, value) in [("final", "0"), ("readonly", "0"), ("max_threads", "1")] {
        let loosened = reader.clone().with_setting(name, value);
        assert!(
            error(&loosened, "SELECT count() FROM t")
                .await
                .contains("Code: 164."),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_reader_does_not_see_what_others_run() {
    let sandbox = Sandbox::start();
    let reader = sandbox.reader();
    refused(
        &reader,
        &[
            "SHOW PROCESSLIST",
            "SELECT * FROM system.processes",
            "SELECT * FROM `system`.`processes`",
            "SELECT * FROM merge('system', 'proc')",
            "SELECT * FROM (SELECT query FROM system.processes)",
        ],
    )
    .await;
    refused(
        &reader.clone().with_database("system"),
        &["SELECT * FROM processes"],
    )
    .await;
}

#[tokio::test]
async fn nobody_reaches_the_host() {
    let sandbox = Sandbox::start();
    let writer = prepared(&sandbox).await;
    let secret = sandbox.directory().join("secret.csv");
    std::fs::write(&secret, "1,hello\n").unwrap();
    let path = secret.to_str().unwrap();
    let written = sandbox.directory().join("written");
    let out = written.to_str().unwrap();
    let statements = [
        format!("SELECT * FROM file('{path}', 'CSV', 'k UInt64, s String')"),
        format!("SELECT file('{path}')"),
        format!("SELECT `fil\\x65`('{path}')"),
        format!("SELECT \"file\"('{path}')"),
        format!("SELECT arrayMap(file, ['{path}'])"),
        format!("WITH x -> file(x) AS f SELECT f('{path}')"),
        format!("SELECT s FROM (SELECT '{path}' AS s) APPLY(file)"),
        format!("EXPLAIN SELECT file('{path}')"),
        format!("SELECT file('{path}') FORMAT Null"),
        format!("SELECT * APPLY(x -> concat(x, file('{path}'))) FROM t"),
        format!("SHOW TABLES WHERE file('{path}') = 'x'"),
        format!("graph = 1 SELECT 1 INTO OUTFILE '{out}'"),
        format!("SELECT file('{path}'); garbage("),
        format!("SELECT 1 FORMAT Template SETTINGS format_template_row = '{path}'"),
        format!("SELECT * FROM eval('SELECT file(\\'{path}\\')')"),
        format!("SELECT * FROM `{path}`"),
        format!("DESCRIBE TABLE file('{path}')"),
        format!("INSERT INTO t SELECT 1, file('{path}')"),
        format!("INSERT INTO t VALUES (1, file('{path}'))"),
        format!("INSERT INTO t FROM INFILE '{path}' FORMAT CSV"),
        format!("INSERT INTO t (k, s) FROM /* c */ INFILE '{path}' FORMAT CSV"),
        format!("INSERT INTO FUNCTION file('{out}', 'CSV', 'a UInt8') SELECT 1"),
        format!("INSERT INTO FUNCTION file('{out}', 'CSV', 'a UInt8') VALUES (1)"),
        format!("SELECT 1 INTO OUTFILE '{out}'"),
        format!("CREATE TABLE f (k UInt64, s String) ENGINE = File(CSV, '{path}')"),
        format!("CREATE VIEW v AS SELECT file('{path}')"),
        format!("CREATE TABLE d (s String DEFAULT file('{path}')) ENGINE = Memory"),
        format!("ALTER TABLE t UPDATE s = file('{path}') WHERE 1"),
        "CREATE FUNCTION f AS x -> file(x)".to_owned(),
        format!(
            "CREATE DICTIONARY d (k UInt64) PRIMARY KEY k SOURCE(FILE(path '{path}' format 'CSV')) LAYOUT(FLAT()) LIFETIME(0)"
        ),
        "CREATE DATABASE fs ENGINE = Filesystem('/')".to_owned(),
        format!("BACKUP TABLE t TO File('{out}')"),
        format!("SELECT s FROM t SETTINGS additional_result_filter = 'file(''{path}'') = s'"),
        "SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a UInt8')".to_owned(),
        "SELECT * FROM remote('127.0.0.1:1', system.one)".to_owned(),
        "SELECT * FROM executable('ls', 'TSV', 'a String')".to_owned(),
        "SELECT * FROM sqlite('/tmp/x', 't')".to_owned(),
        "CREATE USER x".to_owned(),
        "GRANT ALL ON *.* TO default".to_owned(),
        "exit".to_owned(),
    ];
    let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
    for client in [&writer, &sandbox.reader()] {
        refused(client, &statements).await;
    }
    assert!(!written.exists());
}

#[tokio::test]
async fn a_bound_name_does_not_reach_the_host() {
    let sandbox = Sandbox::start();
    for client in [sandbox.writer(), sandbox.reader()] {
        let query = client.query("SELECT arrayMap({f:Identifier}, ['/etc/hostname'])");
        let error = query.param("f", "file").execute().await.unwrap_err();
        assert!(error.to_string().contains("Code: 497."), "{error}");
    }
}

#[tokio::test]
async fn the_word_file_in_a_text_is_harmless() {
    let sandbox = Sandbox::start();
    let text: String = sandbox
        .reader()
        .query("SELECT ' Function file (it\\'s a file)\n Set'")
        .fetch_one()
        .await
        .unwrap();
    assert_eq!(text, " Function file (it's a file)\n Set");
}
