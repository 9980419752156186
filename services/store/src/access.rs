//! Users of a ClickHouse server and what they may do. Comes in: an administrator's connection, and
//! an account for each role. Goes out: users with their grants, and views that read with the
//! writer's. The invariants: a reader reaches views only; a password leaves this process as a
//! salted hash; doing it again changes nothing but the salt.
//!
//! The embedded engine has no users of its own; there its table user → connection decides.

use data_encoding::HEXUPPER;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::connection::{ClickHouseServer, DatabaseConnection, check_name, execute};
use crate::error::Error;

/// What an account is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountRole {
    /// Writes the indicators; the aggregator.
    IndicatorWriter,
    /// Reads them; the report, and the doctor.
    IndicatorReader,
    /// Writes the registry and erases from it; the registrar.
    RegistryWriter,
    /// Reads the registry without who has withdrawn; the registrar's curves, extracts.
    RegistryReader,
    /// Compares the registry's tables with the log; the doctor.
    RegistryExaminer,
}

/// A user and its password.
#[derive(Clone)]
pub struct DatabaseAccount {
    /// Name of the user: a-z, 0-9 and '_'.
    pub name: String,
    /// The password of the account.
    pub password: SecretString,
}

impl std::fmt::Debug for DatabaseAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DatabaseAccount({})", self.name)
    }
}

/// Whoever writes makes the tables at its start too, and rebuilds them. The embedded engine grants
/// its only user the same privileges, on everything.
pub const WRITING: &str = "SHOW, SELECT, INSERT, ALTER, CREATE DATABASE, CREATE TABLE, CREATE VIEW, \
    DROP, TRUNCATE, OPTIMIZE";
const INDICATOR_VIEWS: &[&str] = &["indicator", "closed", "shown_months", "deployment"];
const REGISTRY_VIEWS: &[&str] = &[
    "session_form",
    "session_form_received",
    "registry_form_received",
    "registry_form",
    "survey_form",
    "episode",
    "invitation",
    "deployment",
];
const REGISTRY_TABLES: &[&str] = &[
    "session_forms",
    "registry_forms",
    "survey_forms",
    "episodes",
    "invitations",
    "log_keys",
    "withdrawals",
    "period_closes",
    "deployments",
];

impl AccountRole {
    /// What it may do in its database: privileges, and on what.
    pub fn grants(self, database: &str) -> Vec<String> {
        let select = |of: &[&str]| {
            let one = |name: &&str| format!("SELECT ON {database}.{name}");
            of.iter().map(one).collect()
        };
        match self {
            // Old parts are looked for until they have left the disk.
            Self::IndicatorWriter | Self::RegistryWriter => vec![
                format!("{WRITING} ON {database}.*"),
                "SELECT ON system.parts".to_owned(),
            ],
            Self::IndicatorReader => select(INDICATOR_VIEWS),
            Self::RegistryReader => select(REGISTRY_VIEWS),
            Self::RegistryExaminer => select(REGISTRY_TABLES),
        }
    }

    /// The views that are read with its grants, so that readers need none on the tables.
    fn views(self) -> &'static [&'static str] {
        match self {
            Self::IndicatorWriter => INDICATOR_VIEWS,
            Self::RegistryWriter => REGISTRY_VIEWS,
            Self::IndicatorReader | Self::RegistryReader | Self::RegistryExaminer => &[],
        }
    }
}

/// Makes the user, or gives one that is there this password, and grants what the role needs; takes
/// nothing away. The database must have been migrated.
///
/// # Errors
/// If the name is no identifier, or the server fails or refuses.
pub async fn grant(
    administrator: &DatabaseConnection,
    role: AccountRole,
    account: &DatabaseAccount,
    salt: [u8; 16],
) -> Result<(), Error> {
    check_name(&account.name).map_err(|_| Error::UserName)?;
    let server = ClickHouseServer::new(administrator)?;
    for sql in statements(role, &administrator.database, account, salt) {
        execute("make a user and its grants", server.query(&sql)).await?;
    }
    Ok(())
}

/// What [`grant`] runs, in order. No password is in it.
pub fn statements(
    role: AccountRole,
    database: &str,
    account: &DatabaseAccount,
    salt: [u8; 16],
) -> Vec<String> {
    let name = &account.name;
    let salt = HEXUPPER.encode(&salt);
    let hashed = Sha256::new()
        .chain_update(account.password.expose_secret())
        .chain_update(&salt);
    let identified = format!(
        "IDENTIFIED WITH sha256_hash BY '{}' SALT '{salt}'",
        HEXUPPER.encode(&hashed.finalize())
    );
    let mut all = vec![
        format!("CREATE USER IF NOT EXISTS {name} {identified}"),
        format!("ALTER USER {name} {identified}"),
    ];
    let granted = role.grants(database);
    all.extend(
        granted
            .iter()
            .map(|grant| format!("GRANT {grant} TO {name}")),
    );
    let views = role.views().iter();
    all.extend(views.map(|view| {
        format!("ALTER TABLE {database}.{view} MODIFY SQL SECURITY DEFINER DEFINER = {name}")
    }));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLES: [AccountRole; 5] = [
        AccountRole::IndicatorWriter,
        AccountRole::IndicatorReader,
        AccountRole::RegistryWriter,
        AccountRole::RegistryReader,
        AccountRole::RegistryExaminer,
    ];

    fn account() -> DatabaseAccount {
        DatabaseAccount {
            name: "somebody".to_owned(),
            password: SecretString::from("canary"),
        }
    }

    #[test]
    fn a_password_is_in_no_statement() {
        for role in ROLES {
            let all = statements(role, "db", &account(), [7; 16]).join("\n");
            assert!(!all.contains("canary"), "{all}");
            // SHA-256 of "canary" and 32 letters of salt.
            assert!(all.contains("sha256_hash BY '"), "{all}");
        }
        assert!(!format!("{:?}", account()).contains("canary"));
    }

    #[test]
    fn every_view_is_of_a_reader_and_no_reader_has_a_table() {
        let named = |migrations: &[crate::migration::SchemaMigration], what: &str| -> Vec<String> {
            let begins = format!("CREATE {what} IF NOT EXISTS ");
            let names = migrations.iter().filter_map(|one| {
                let rest = one.sql.split_once(&begins)?.1;
                rest.split_whitespace().next().map(str::to_owned)
            });
            names.collect()
        };
        for (migrations, reader) in [
            (crate::indicator::MIGRATIONS, AccountRole::IndicatorReader),
            (crate::registry::MIGRATIONS, AccountRole::RegistryReader),
        ] {
            let granted = reader.grants("db").join(" ");
            let has = |name: &String| granted.split(' ').any(|word| word == format!("db.{name}"));
            let (views, tables) = (named(migrations, "VIEW"), named(migrations, "TABLE"));
            assert!(views.len() > 2 && tables.len() > 1);
            // Who is withdrawn is what the views leave out; nobody reads it by itself.
            let hidden = |view: &&String| view.as_str() != "withdrawn";
            assert!(views.iter().filter(hidden).all(has), "{views:?}, {granted}");
            assert!(!tables.iter().any(has), "{tables:?}, {granted}");
        }
    }
}
