//! Where the tables are, and who may do what there. Comes in: the sections `indicators` and `registry`.
//! Goes out: logins. The invariant: a password comes from a file that only its owner reads, and where
//! it came from is known to whoever has to say that it is wrong.

use std::path::PathBuf;

use anyhow::Context;
use medvirk_store::DatabaseConnection;
use medvirk_store::access::DatabaseAccount;
use secrecy::SecretString;
use serde::Deserialize;

/// A ClickHouse server and the users that a role needs on it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DatabaseSection {
    /// The server's address, such as `http://127.0.0.1:8123`.
    pub(crate) url: String,
    /// Name of the database.
    pub(crate) database: String,
    /// Who writes; a process that only reads needs none.
    pub(crate) writer: Option<DatabaseUser>,
    /// Who reads; a process that only writes needs none.
    pub(crate) reader: Option<DatabaseUser>,
    /// Who reads the registry's tables for the doctor, as its `reader`; `admin migrate` alone needs
    /// to be told, to make the user.
    pub(crate) examiner: Option<DatabaseUser>,
    /// Who may make users, for `admin migrate` only.
    pub(crate) administrator: Option<DatabaseUser>,
}

/// A user of a ClickHouse server.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DatabaseUser {
    pub(crate) name: String,
    /// File with the password, readable by its owner only.
    pub(crate) password_file: PathBuf,
}

/// How a user reaches a database.
#[derive(Debug, Clone)]
pub(crate) struct DatabaseLogin {
    pub(crate) connection: DatabaseConnection,
    /// Where its password was read.
    pub(crate) password_file: PathBuf,
}

impl DatabaseSection {
    pub(crate) fn writer(&self) -> anyhow::Result<Option<DatabaseLogin>> {
        self.login(self.writer.as_ref())
    }

    pub(crate) fn reader(&self) -> anyhow::Result<Option<DatabaseLogin>> {
        self.login(self.reader.as_ref())
    }

    pub(crate) fn administrator(&self) -> anyhow::Result<Option<DatabaseLogin>> {
        self.login(self.administrator.as_ref())
    }

    fn login(&self, user: Option<&DatabaseUser>) -> anyhow::Result<Option<DatabaseLogin>> {
        let Some(user) = user else { return Ok(None) };
        let DatabaseAccount { name, password } = user.account()?;
        let connection = DatabaseConnection {
            url: self.url.clone(),
            user: name,
            password,
            database: self.database.clone(),
        };
        Ok(Some(DatabaseLogin {
            connection,
            password_file: user.password_file.clone(),
        }))
    }
}

impl DatabaseUser {
    pub(crate) fn account(&self) -> anyhow::Result<DatabaseAccount> {
        let password = medvirk_runtime::secret::load(&self.password_file)?;
        let password = std::str::from_utf8(&password).context("a password is text")?;
        Ok(DatabaseAccount {
            name: self.name.clone(),
            password: SecretString::from(password.trim().to_owned()),
        })
    }
}
