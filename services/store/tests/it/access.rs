//! Users and grants of a server. The embedded engine has none, but it reads the statements as a
//! server does.

use medvirk_store::access::{AccountRole, DatabaseAccount, WRITING, statements};
use medvirk_store::sandbox::client;
use secrecy::SecretString;

use crate::engine;

#[tokio::test]
async fn a_server_can_read_every_statement() {
    let engine = engine();
    let connection = engine.reader("default");
    let client = client(&connection);
    let read = async |sql: &str| {
        let query = client.query("SELECT formatQuery(?)").bind(sql);
        query.fetch_one::<String>().await
    };
    let account = DatabaseAccount {
        name: "somebody".to_owned(),
        password: SecretString::from("secret"),
    };
    for role in [
        AccountRole::IndicatorWriter,
        AccountRole::IndicatorReader,
        AccountRole::RegistryWriter,
        AccountRole::RegistryReader,
        AccountRole::RegistryExaminer,
    ] {
        for sql in statements(role, "medvirk", &account, [7; 16]) {
            let told = read(&sql).await;
            assert!(told.is_ok(), "{sql}: {told:?}");
        }
    }
    // It would have said so.
    for wrong in [
        "GRANT SELECTION ON a.b TO somebody",
        "CREATE USER somebody IDENTIFIED WITH sha256_hash",
        "ALTER TABLE a.b MODIFY SQL SECURITY SOMEHOW",
    ] {
        assert!(read(wrong).await.is_err(), "{wrong}");
    }
}

/// So that what the engine's tests do is allowed on a server too.
#[test]
fn a_writer_may_do_what_the_engine_allows_and_on_its_database_only() {
    let same = format!("GRANT {WRITING} ON *.*");
    assert_eq!(medvirk_engine::GRANTS, same);
    for role in [AccountRole::IndicatorWriter, AccountRole::RegistryWriter] {
        let grants = role.grants("medvirk");
        let expected = [
            format!("{WRITING} ON medvirk.*"),
            "SELECT ON system.parts".to_owned(),
        ];
        assert_eq!(grants, expected);
    }
}
