//! `medvirk admin migrate`: the databases of the configured servers. Comes in: a configuration.
//! Goes out: tables of this version and, by an administrator, users with their grants. The
//! invariant: it may be done again at any time.

use anyhow::Context;
use medvirk_store::access::{AccountRole, grant};
use medvirk_store::{IndicatorWriter, RegistryWriter};
use medvirk_terminal::output::say;
use medvirk_terminal::{CommandExit, error};

use super::node::explained;
use crate::cli;
use crate::config::{self, DatabaseLogin, DatabaseSection, DatabaseUser};

/// Brings the tables of the configured databases up to this version, and makes the users of the
/// roles where an administrator is configured.
pub(crate) async fn migrate(role: cli::RoleArguments) -> anyhow::Result<()> {
    let config = config::load(role.config.as_deref())?;
    let (mut tables, mut users) = (false, 0);
    if let Some((database, by)) = whose(config.indicators.as_ref())? {
        let migrated = IndicatorWriter::new(&by.connection)?.migrate().await;
        migrated
            .context("migrate indicators")
            .map_err(|error| explained(&by, error))?;
        let accounts = [
            (AccountRole::IndicatorWriter, &database.writer),
            (AccountRole::IndicatorReader, &database.reader),
        ];
        tables = true;
        users += make_users(database, &accounts).await?;
    }
    if let Some((database, by)) = whose(config.registry.as_ref())? {
        let migrated = RegistryWriter::new(&by.connection)?.migrate().await;
        migrated
            .context("migrate registry")
            .map_err(|error| explained(&by, error))?;
        let accounts = [
            (AccountRole::RegistryWriter, &database.writer),
            (AccountRole::RegistryReader, &database.reader),
            (AccountRole::RegistryExaminer, &database.examiner),
        ];
        tables = true;
        users += make_users(database, &accounts).await?;
    }
    if !tables {
        let message = "the configuration names no writer of [indicators] or [registry]; `up` migrates its own tables";
        return Err(error(CommandExit::Config, message));
    }
    if users > 0 {
        say(&format!("{users} users are there, with their grants"))?;
    }
    say("the tables are of this version")
}

/// A database that can be migrated, and by whom: the administrator, or else the writer.
fn whose(
    database: Option<&DatabaseSection>,
) -> anyhow::Result<Option<(&DatabaseSection, DatabaseLogin)>> {
    let Some(database) = database else {
        return Ok(None);
    };
    let by = match database.administrator()? {
        Some(administrator) => Some(administrator),
        None => database.writer()?,
    };
    Ok(by.map(|by| (database, by)))
}

/// Gives how many. The writer comes first: views read with its grants.
async fn make_users(
    database: &DatabaseSection,
    accounts: &[(AccountRole, &Option<DatabaseUser>)],
) -> anyhow::Result<usize> {
    let Some(administrator) = database.administrator()? else {
        return Ok(0);
    };
    let mut made = 0;
    for (role, user) in accounts {
        if let Some(user) = user {
            let granted = grant(
                &administrator.connection,
                *role,
                &user.account()?,
                rand::random(),
            )
            .await;
            granted.with_context(|| format!("make the user {}", user.name))?;
            made += 1;
        }
    }
    Ok(made)
}
