//! Whose tables these are. Comes in: the id of a deployment, from the genesis of its log. Goes out:
//! whether the tables are that deployment's. The invariant: tables that name another deployment are
//! neither read nor written, and who claims tables finds out if somebody else did at the same time.

use clickhouse::Row;
use medvirk_domain::ids::DeploymentId;
use serde::{Deserialize, Serialize};

use crate::connection::{ClickHouseServer, fetch};
use crate::error::Error;

/// Where the id stands.
const TABLE: &str = "deployments";
/// How readers see it.
const VIEW: &str = "deployment";

/// Whose tables these are, where they are nobody else's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableOwnership {
    /// They belong to the deployment that asks.
    Ours,
    /// They name no deployment: they are not there yet, or are older than this check.
    Unclaimed,
}

#[derive(Row, Serialize, Deserialize)]
struct DeploymentRow {
    id: [u8; 16],
}

/// As a writer or examiner sees it.
pub(crate) async fn of_table(
    server: &ClickHouseServer,
    ours: DeploymentId,
) -> Result<TableOwnership, Error> {
    look(server, TABLE, ours).await
}

/// As a reader sees it.
pub(crate) async fn of_view(
    server: &ClickHouseServer,
    ours: DeploymentId,
) -> Result<TableOwnership, Error> {
    look(server, VIEW, ours).await
}

/// Writes the id down. Two deployments that do so at the same moment are both refused, since the
/// tables then name both.
pub(crate) async fn claim(server: &ClickHouseServer, ours: DeploymentId) -> Result<(), Error> {
    if of_table(server, ours).await? == TableOwnership::Unclaimed {
        let row = DeploymentRow {
            id: *ours.as_bytes(),
        };
        server.insert("claim the tables", TABLE, &[row]).await?;
        of_table(server, ours).await?;
    }
    Ok(())
}

async fn look(
    server: &ClickHouseServer,
    from: &str,
    ours: DeploymentId,
) -> Result<TableOwnership, Error> {
    let sql = format!("SELECT id FROM {from}");
    let rows = fetch::<DeploymentRow>("read whose tables these are", server.query(&sql)).await;
    let rows = match rows {
        Err(error) if error.is_not_migrated() => return Ok(TableOwnership::Unclaimed),
        rows => rows?,
    };
    let ids = || rows.iter().map(|row| DeploymentId::new(row.id));
    match ids().find(|id| *id != ours) {
        Some(found) => Err(Error::OtherDeployment {
            database: server.database().to_owned(),
            found,
            ours,
        }),
        None if rows.is_empty() => Ok(TableOwnership::Unclaimed),
        None => Ok(TableOwnership::Ours),
    }
}
