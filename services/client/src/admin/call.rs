//! What every command of `medvirk admin` needs: a client of AdminService, and a line of output.

use std::io::Write as _;

use medvirk_proto::admin::v1::admin_service_client::AdminServiceClient;

use crate::arguments::TargetSystem;
use crate::connect::{RoleConnection, connect};

/// A client of the role that runs the system.
pub(super) async fn client(
    target: &TargetSystem,
) -> anyhow::Result<AdminServiceClient<RoleConnection>> {
    Ok(AdminServiceClient::new(connect(target, "admin").await?))
}

/// Writes a line on standard output.
pub(super) fn say(line: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}
