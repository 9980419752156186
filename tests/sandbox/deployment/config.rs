//! The files that the processes of a deployment are told by. Comes in: who is where. Goes out:
//! secrets that all share, and a configuration for each. The invariant: a role is told of no
//! database that is not its own.

use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::Kind;

/// The two databases, as engines and roles call them.
pub(super) const DATABASES: [&str; 2] = ["indicators", "registry"];

/// What is the same for every process.
pub(super) struct Common {
    pub(super) secrets: PathBuf,
    pub(super) brokers: Vec<String>,
    pub(super) prefix: String,
    pub(super) partitions: u32,
    pub(super) first_month: String,
    pub(super) catalogue: Option<PathBuf>,
}

impl Common {
    /// Writes the passwords of every database, for engines and for roles.
    pub(super) fn write_passwords(&self) {
        for database in DATABASES {
            let password = |access: &str| format!("{access}-of-{database}");
            let user = |access: &str| json!({"name": access, "password": password(access), "access": access});
            let users = json!([user("writer"), user("reader")]).to_string();
            write_private(&self.users_of(database), &users);
            for access in ["writer", "reader"] {
                write_private(&self.password_of(database, access), &password(access));
            }
        }
    }

    /// The file of an engine's users.
    pub(super) fn users_of(&self, database: &str) -> PathBuf {
        self.secrets.join(format!("engine-{database}.json"))
    }

    fn password_of(&self, database: &str, access: &str) -> PathBuf {
        self.secrets.join(format!("{database}-{access}"))
    }

    /// The configuration of a role; `databases` says where it reaches each.
    pub(super) fn of_role(
        &self,
        kind: Kind,
        name: &str,
        data: &Path,
        databases: &[(&str, SocketAddr)],
    ) -> String {
        let brokers: Vec<String> = self.brokers.iter().map(|it| format!("\"{it}\"")).collect();
        let mut text = format!(
            "data = \"{data}\"\nsecrets = \"{secrets}\"\n\
             [log]\nbackend = \"kafka\"\npartitions = {partitions}\n\
             [log.kafka]\nbrokers = [{brokers}]\nprefix = \"{prefix}\"\n\
             replication = {replication}\ndelivery_timeout = \"4s\"\nrequest_timeout = \"2s\"\n\
             [log.kafka.client]\n\"client.id\" = \"{name}\"\n\"socket.timeout.ms\" = \"4000\"\n\
             [deployment]\nfirst_month = \"{month}\"\n",
            data = data.display(),
            secrets = self.secrets.display(),
            partitions = self.partitions,
            brokers = brokers.join(", "),
            prefix = self.prefix,
            replication = self.brokers.len().min(3),
            month = self.first_month,
        );
        if let Some(catalogue) = &self.catalogue {
            text += &format!("catalogue = \"{}\"\n", catalogue.display());
        }
        let any = "\"127.0.0.1:0\"";
        text += &format!("[listen]\ngrpc = {any}\nhttp = {any}\nadmin = {any}\n");
        text += "[aggregator]\nauto_close = false\n";
        for (database, address) in databases {
            let user = |access: &str| {
                let file = self.password_of(database, access);
                format!(
                    "{access} = {{ name = \"{access}\", password_file = \"{}\" }}\n",
                    file.display()
                )
            };
            text += &format!(
                "[{database}]\nurl = \"http://{address}\"\ndatabase = \"medvirk\"\n{}",
                user("reader")
            );
            if kind.database() == Some(*database) {
                text += &user("writer");
            }
        }
        text
    }
}

/// A file that only its owner reads.
fn write_private(path: &Path, text: &str) {
    use std::io::Write as _;
    let mut options = std::fs::File::options();
    let file = options.write(true).create_new(true).mode(0o600).open(path);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    written.expect("a fresh folder of secrets");
}
