//! How a server is reached. Comes in: URL, user, password, database. Goes out: statements run and
//! rows inserted, each within a time limit. The invariant: nothing waits for ever on a stalled
//! server: the crate's own timeouts, and one around the whole call.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use clickhouse::{Client, Compression, RowOwned, RowRead, RowWrite};
use secrecy::{ExposeSecret, SecretString};

use crate::error::Error;

/// How long an ordinary statement may take.
pub(crate) const STATEMENT: Duration = Duration::from_secs(60);
/// How long a merge, a mutation or an exchange may take.
const UPKEEP: Duration = Duration::from_secs(600);
/// How long one chunk of an insert may take to leave.
const CHUNK: Duration = Duration::from_secs(10);

/// How a ClickHouse server, or the embedded engine, is reached.
#[derive(Clone)]
pub struct DatabaseConnection {
    /// The address of the server, such as `http://127.0.0.1:8123`.
    pub url: String,
    /// Name of the user.
    pub user: String,
    /// The password of the account.
    pub password: SecretString,
    /// Name of the database: a-z, 0-9 and '_'.
    pub database: String,
}

impl fmt::Debug for DatabaseConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            url,
            user,
            database,
            password: _,
        } = self;
        write!(f, "DatabaseConnection({user}@{url}/{database})")
    }
}

/// A client with its time limits. Cheap to clone.
#[derive(Clone)]
pub(crate) struct ClickHouseServer {
    client: Client,
    database: String,
}

impl ClickHouseServer {
    pub(crate) fn new(connection: &DatabaseConnection) -> Result<Self, Error> {
        // No compression: the embedded engine is on loopback, and batches are small.
        let client = Client::default()
            .with_url(&connection.url)
            .with_user(&connection.user)
            .with_password(connection.password.expose_secret())
            .with_compression(Compression::None);
        let database = connection.database.clone();
        check_name(&database)?;
        Ok(Self { client, database })
    }

    pub(crate) fn database(&self) -> &str {
        &self.database
    }

    /// A statement in the database, to bind values to.
    pub(crate) fn query(&self, sql: &str) -> clickhouse::query::Query {
        self.in_database().query(sql)
    }

    /// Creates the database where it is not there yet.
    pub(crate) async fn create_database(&self) -> Result<(), Error> {
        let sql = format!(
            "CREATE DATABASE IF NOT EXISTS {} ENGINE = Atomic",
            self.database
        );
        let run = self.client.query(&sql).execute();
        within(STATEMENT, "create the database", run).await
    }

    /// What the client remembers of tables is forgotten after a migration.
    pub(crate) async fn forget_schema(&self) {
        self.client.clear_cached_metadata().await;
    }

    /// Inserts all rows as one statement and one block. An empty list does nothing.
    pub(crate) async fn insert<T>(
        &self,
        attempt: &'static str,
        table: &str,
        rows: &[T],
    ) -> Result<(), Error>
    where
        T: for<'a> clickhouse::Row<Value<'a> = T> + RowWrite,
    {
        if rows.is_empty() {
            return Ok(());
        }
        let run = async {
            let insert = self.in_database().insert::<T>(table).await?;
            let mut insert = one_block(insert).with_timeouts(Some(CHUNK), Some(STATEMENT));
            for row in rows {
                insert.write(row).await?;
            }
            insert.end().await
        };
        within(STATEMENT, attempt, run).await
    }

    /// Removes parts that are not in use any more from the disk. A server does so by itself after
    /// `old_parts_lifetime`; the embedded engine does so seldom. Dropping a partition that does
    /// not exist drops nothing else, and clears old parts at once.
    pub(crate) async fn drop_old_parts(&self, table: &str) -> Result<(), Error> {
        let sql = format!("ALTER TABLE {table} DROP PARTITION ID 'none'");
        execute("clear old parts", self.query(&sql)).await
    }

    fn in_database(&self) -> Client {
        self.client.clone().with_database(&self.database)
    }
}

/// All rows of a query.
pub(crate) async fn fetch<T: RowOwned + RowRead>(
    attempt: &'static str,
    query: clickhouse::query::Query,
) -> Result<Vec<T>, Error> {
    within(STATEMENT, attempt, query.fetch_all::<T>()).await
}

/// The one row of a query.
pub(crate) async fn fetch_one<T: RowOwned + RowRead>(
    attempt: &'static str,
    query: clickhouse::query::Query,
) -> Result<T, Error> {
    within(STATEMENT, attempt, query.fetch_one::<T>()).await
}

/// Runs a statement without an answer; it may take long.
pub(crate) async fn execute(
    attempt: &'static str,
    query: clickhouse::query::Query,
) -> Result<(), Error> {
    within(UPKEEP, attempt, query.execute()).await
}

/// Blocks are as large as the insert, so that the rows become visible together.
fn one_block<T>(insert: clickhouse::insert::Insert<T>) -> clickhouse::insert::Insert<T> {
    const ROWS: &str = "100000000";
    const BYTES: &str = "10000000000";
    insert
        .with_setting("async_insert", "0")
        .with_setting("max_insert_block_size", ROWS)
        .with_setting("min_insert_block_size_rows", ROWS)
        .with_setting("min_insert_block_size_bytes", BYTES)
}

/// Gives up after `limit`.
pub(crate) async fn within<T>(
    limit: Duration,
    attempt: &'static str,
    run: impl Future<Output = clickhouse::error::Result<T>>,
) -> Result<T, Error> {
    match tokio::time::timeout(limit, run).await {
        Ok(done) => done.map_err(|error| Error::client(attempt, &error)),
        Err(_) => Err(Error::timed_out(attempt)),
    }
}

pub(crate) fn check_name(name: &str) -> Result<(), Error> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let starts = !name.starts_with(|first: char| first.is_ascii_digit());
    let fits = (1..=64).contains(&name.len()) && starts && name.bytes().all(allowed);
    fits.then_some(()).ok_or(Error::DatabaseName)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(database: &str) -> DatabaseConnection {
        DatabaseConnection {
            url: "http://127.0.0.1:1".to_owned(),
            user: "writer".to_owned(),
            password: "do-not-show".to_owned().into(),
            database: database.to_owned(),
        }
    }

    #[test]
    fn a_connection_does_not_show_its_password() {
        assert!(!format!("{:?}", connection("x")).contains("do-not-show"));
    }

    #[test]
    fn a_database_name_is_an_identifier() {
        for wrong in ["", "1a", "a b", "a;b", "A", "å"] {
            assert!(
                ClickHouseServer::new(&connection(wrong)).is_err(),
                "{wrong}"
            );
        }
        assert!(ClickHouseServer::new(&connection("indicator_2")).is_ok());
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_an_error_with_the_attempt() {
        let server = ClickHouseServer::new(&connection("x")).unwrap();
        let error = server.create_database().await.unwrap_err();
        let expect = "cannot create the database: the server could not be reached";
        assert_eq!(error.to_string(), expect);
    }

    #[derive(clickhouse::Row, serde::Serialize)]
    struct Number {
        number: u32,
    }

    /// With the clock paused, a wait for nothing but the time is over at once.
    #[tokio::test(start_paused = true)]
    async fn a_server_that_never_answers_is_given_up() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let silent = DatabaseConnection {
            url: format!("http://{}", listener.local_addr().unwrap()),
            ..connection("x")
        };
        let server = ClickHouseServer::new(&silent).unwrap();
        let rows = [Number { number: 1 }];
        let inserted = server.insert("insert numbers", "numbers", &rows).await;
        let read = fetch::<u32>("read numbers", server.query("SELECT number")).await;
        for error in [inserted.unwrap_err(), read.unwrap_err()] {
            let cause = crate::error::FailureCause::TimedOut;
            assert!(matches!(error, Error::Failed { cause: found, .. } if found == cause));
        }
    }
}
