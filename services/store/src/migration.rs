//! Migrations: numbered statements that a database goes through in order, once. Comes in: the
//! files of `migrations/`. Goes out: a database of the newest version. The invariant: each
//! statement may run twice (a crash may fall between it and its mark), and one that has run never
//! changes its text.

use std::collections::BTreeMap;

use clickhouse::Row;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::connection::{ClickHouseServer, execute, fetch};
use crate::error::Error;

/// One statement with its number in the order of migrations.
pub(crate) struct SchemaMigration {
    pub(crate) number: u32,
    pub(crate) sql: &'static str,
}

/// `migrations!["indicator": 1 "001_rows", …]` takes in the files of a folder.
macro_rules! migrations {
    ($folder:literal: $($number:literal $name:literal,)*) => {
        &[$(crate::migration::SchemaMigration {
            number: $number,
            sql: include_str!(concat!("../migrations/", $folder, "/", $name, ".sql")),
        }),*]
    };
}
pub(crate) use migrations;

#[derive(Row, Serialize, Deserialize)]
struct MigrationMark {
    number: u32,
    hash: u64,
}

const MARKS: &str = "CREATE TABLE IF NOT EXISTS migrations (number UInt32, hash UInt64) \
    ENGINE = ReplacingMergeTree ORDER BY number \
    SETTINGS fsync_after_insert = 1, fsync_part_directory = 1";

/// Brings the database to the newest version.
pub(crate) async fn migrate(
    server: &ClickHouseServer,
    migrations: &[SchemaMigration],
) -> Result<(), Error> {
    const READ: &str = "read the migrations that have run";
    server.create_database().await?;
    execute("create the table of migrations", server.query(MARKS)).await?;
    let marks = server.query("SELECT number, hash FROM migrations FINAL");
    let done = fetch::<MigrationMark>(READ, marks).await?;
    let done: BTreeMap<u32, u64> = done.iter().map(|mark| (mark.number, mark.hash)).collect();
    check(server.database(), migrations, &done)?;
    for migration in migrations {
        if done.contains_key(&migration.number) {
            continue;
        }
        run(server, migration).await?;
        let mark = MigrationMark {
            number: migration.number,
            hash: xxh3_64(migration.sql.as_bytes()),
        };
        let attempt = "mark a migration";
        server.insert(attempt, "migrations", &[mark]).await?;
        tracing::info!(
            database = server.database(),
            number = migration.number,
            "migration done"
        );
    }
    server.forget_schema().await;
    Ok(())
}

/// Runs every statement again, which brings back what was dropped and leaves the rest as it is.
pub(crate) async fn repeat(
    server: &ClickHouseServer,
    migrations: &[SchemaMigration],
) -> Result<(), Error> {
    for migration in migrations {
        run(server, migration).await?;
    }
    Ok(())
}

async fn run(server: &ClickHouseServer, migration: &SchemaMigration) -> Result<(), Error> {
    // A '?' in the text would be taken for a bound value.
    let sql = migration.sql.replace('?', "??");
    execute("run a migration", server.query(&sql)).await
}

fn check(
    database: &str,
    migrations: &[SchemaMigration],
    done: &BTreeMap<u32, u64>,
) -> Result<(), Error> {
    let known = migrations.last().map_or(0, |last| last.number);
    let found = done.keys().last().copied().unwrap_or(0);
    if found > known {
        let database = database.to_owned();
        return Err(Error::TooNew {
            database,
            found,
            known,
        });
    }
    for migration in migrations {
        let hash = done.get(&migration.number);
        if hash.is_some_and(|hash| *hash != xxh3_64(migration.sql.as_bytes())) {
            return Err(Error::Rewritten {
                database: database.to_owned(),
                number: migration.number,
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &[SchemaMigration] = &[
        SchemaMigration {
            number: 1,
            sql: "a",
        },
        SchemaMigration {
            number: 2,
            sql: "b",
        },
    ];

    #[test]
    fn a_migration_that_has_run_keeps_its_text() {
        let done = BTreeMap::from([(1, xxh3_64(b"a"))]);
        assert!(check("x", TWO, &done).is_ok());
        let changed = BTreeMap::from([(1, xxh3_64(b"other"))]);
        let error = check("x", TWO, &changed).unwrap_err();
        assert!(matches!(error, Error::Rewritten { number: 1, .. }));
    }

    #[test]
    fn a_database_of_a_newer_binary_is_refused() {
        let done = BTreeMap::from([(3, 0)]);
        let error = check("x", TWO, &done).unwrap_err();
        assert!(matches!(error, Error::TooNew { found: 3, .. }));
    }

    #[test]
    fn migrations_are_numbered_without_gaps() {
        for list in [crate::indicator::MIGRATIONS, crate::registry::MIGRATIONS] {
            let numbers: Vec<u32> = list.iter().map(|migration| migration.number).collect();
            let expect: Vec<u32> = (1..=list.len() as u32).collect();
            assert_eq!(numbers, expect);
        }
    }
}
