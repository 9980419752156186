//! Finding and reaching a running system. Comes in: `--target`, `--token`, or the data folder of
//! the local `up`. Goes out: a channel that sends the token with every call. The invariant: no
//! message has a token in it.

mod role_channel;

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use medvirk_proto::codec::UnreadableMessage;
use medvirk_terminal::{CommandExit, error};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Endpoint;
use tonic::{Request, Status};

use crate::addresses::ProcessAddresses;
use crate::arguments::{ServiceRole, TargetSystem};

pub use role_channel::RoleChannel;

/// A channel that sends one token.
pub type RoleConnection = InterceptedService<RoleChannel, BearerToken>;

/// Adds the token to every call.
#[derive(Clone)]
pub struct BearerToken(MetadataValue<Ascii>);

impl Interceptor for BearerToken {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request
            .metadata_mut()
            .insert("authorization", self.0.clone());
        Ok(request)
    }
}

impl BearerToken {
    /// Sends this token with every call.
    pub fn new(token: &str) -> anyhow::Result<Self> {
        let mut value: MetadataValue<Ascii> =
            format!("Bearer {}", token.trim()).parse().map_err(|_| {
                error(
                    CommandExit::Usage,
                    "the token is not one line of plain characters",
                )
            })?;
        value.set_sensitive(true);
        Ok(Self(value))
    }
}

/// True if the connection broke in the middle of a call: what others call unavailable, this client
/// calls unknown, cancelled or internal, with a cause. A server's own status has none. An answer that
/// cannot be read has a cause too, and would be the same if it were asked for again.
pub fn is_broken(status: &tonic::Status) -> bool {
    use tonic::Code as Grpc;
    let code = matches!(
        status.code(),
        Grpc::Unknown | Grpc::Cancelled | Grpc::Internal
    );
    code && std::error::Error::source(status).is_some() && UnreadableMessage::of(status).is_none()
}

/// True where nobody can say whether it was done, and the same is to be sent again.
pub fn is_open(status: &Status) -> bool {
    use tonic::Code as Grpc;
    let code = matches!(
        status.code(),
        Grpc::Unavailable | Grpc::DeadlineExceeded | Grpc::ResourceExhausted
    );
    code || is_broken(status)
}

/// A channel to the role that takes this credential, with the token of that name in `tokens.json`
/// unless one was given.
pub async fn connect(target: &TargetSystem, credential: &str) -> anyhow::Result<RoleConnection> {
    let channel = channel(target, role_of(credential)).await?;
    let token = match &target.token {
        Some(path) => read_token(path)?,
        None => local_token(&target.data, credential)?,
    };
    Ok(InterceptedService::new(channel, BearerToken::new(&token)?))
}

/// Each credential of the local `up` is for one role.
fn role_of(credential: &str) -> ServiceRole {
    match credential {
        "admin" => ServiceRole::Aggregate,
        "dashboard" => ServiceRole::Report,
        "registry" => ServiceRole::Extract,
        _ => ServiceRole::Ingest,
    }
}

/// A channel to one role of the target.
pub async fn channel(target: &TargetSystem, role: ServiceRole) -> anyhow::Result<RoleChannel> {
    let url = match target.url_of(role)? {
        Some(url) => url.to_owned(),
        None => format!("http://{}", local_addresses(&target.data)?.grpc),
    };
    let endpoint = Endpoint::from_shared(url.clone())
        .map_err(|_| error(CommandExit::Usage, format!("{url} is not an address")))?
        .connect_timeout(Duration::from_secs(5));
    let channel = endpoint.connect().await.map_err(|why| {
        let message = format!(
            "Cannot connect to {url}: {}. Is the server running there? (--target)",
            innermost(&why)
        );
        error(CommandExit::Temporary, message)
    })?;
    Ok(RoleChannel::new(channel))
}

/// What lies at the bottom of a failed connection, in plain words.
fn innermost(error: &(dyn StdError + 'static)) -> String {
    let mut last = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    match last.downcast_ref::<std::io::Error>() {
        Some(io) => io.kind().to_string(),
        None => last.to_string(),
    }
}

/// Where the local `up` listens.
pub(crate) fn local_addresses(data: &Path) -> anyhow::Result<ProcessAddresses> {
    let path = data.join("addresses.json");
    let text = std::fs::read_to_string(&path).map_err(|_| {
        let message = format!(
            "No running Medvirk in {}. Go to the folder where `medvirk up` runs, or use --data DIR \
             or --target URL",
            data.display()
        );
        error(CommandExit::Usage, message)
    })?;
    serde_json::from_str(&text).with_context(|| format!("read {}", path.display()))
}

/// The token of that credential which the local `up` has written.
pub(crate) fn local_token(data: &Path, credential: &str) -> anyhow::Result<String> {
    let path = data.join("tokens.json");
    let bytes = medvirk_runtime::secret::load(&path)
        .with_context(|| "read the tokens of the local `up`; or give one with --token FILE")?;
    let mut tokens: BTreeMap<String, String> =
        serde_json::from_slice(&bytes).with_context(|| format!("read {}", path.display()))?;
    let missing = || {
        error(
            CommandExit::Usage,
            format!("{} has no token {credential}", path.display()),
        )
    };
    tokens.remove(credential).ok_or_else(missing)
}

fn read_token(path: &Path) -> anyhow::Result<String> {
    if is_token(&path.to_string_lossy()) && !path.exists() {
        let message = "--token wants a file, not the token itself. Save it (chmod 600) and give the \
                       path";
        return Err(error(CommandExit::Usage, message));
    }
    let bytes = medvirk_runtime::secret::load(path);
    let bytes = bytes.map_err(|why| error(CommandExit::Usage, format!("read the token: {why}")))?;
    String::from_utf8(bytes.to_vec()).map_err(|_| error(CommandExit::Usage, "a token is text"))
}

/// True for what looks like a token, as `admin token` prints it or as a header has it.
fn is_token(text: &str) -> bool {
    let text = text.strip_prefix("Bearer ").unwrap_or(text).trim();
    text.starts_with("eyJ") && text.split('.').count() == 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_cannot_be_read_is_final() {
        let mut broken = Status::internal("the connection is gone");
        broken.set_source(std::sync::Arc::new(std::io::Error::other("reset")));
        assert!(is_broken(&broken));
        let mut unreadable = Status::internal("no message");
        let source = UnreadableMessage {
            field: "scores".to_owned(),
        };
        unreadable.set_source(std::sync::Arc::new(source));
        assert!(!is_broken(&unreadable));
    }

    #[test]
    fn a_token_in_the_place_of_its_file_is_not_repeated() {
        for text in [
            "eyJhbGciOi.eyJzdWIi.c2ln",
            "Bearer eyJhbGciOi.eyJzdWIi.c2ln",
        ] {
            let told = read_token(Path::new(text)).unwrap_err().to_string();
            assert!(
                told.contains("wants a file") && !told.contains("eyJ"),
                "{told}"
            );
        }
        let told = read_token(Path::new("no-such-file"))
            .unwrap_err()
            .to_string();
        assert!(told.contains("no-such-file"), "{told}");
    }

    #[tokio::test]
    async fn where_nobody_listens_the_address_and_the_option_are_named() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", free.local_addr().unwrap());
        drop(free);
        let target = TargetSystem::at(&address);
        let told = channel(&target, ServiceRole::Ingest).await.err().unwrap();
        let expect = format!(
            "Cannot connect to {address}: connection refused. Is the server running there? (--target)"
        );
        assert_eq!(told.to_string(), expect);
    }
}
