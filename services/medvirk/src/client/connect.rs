//! Finding and reaching a running system. Comes in: `--target`, `--token`, or the data folder of
//! the local `up`. Goes out: a channel that sends the token with every call.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

use crate::addresses::Addresses;
use crate::cli::Target;
use crate::exit::{Code, error, is_broken};

/// A channel that sends one token.
pub(crate) type Connected = InterceptedService<Channel, Bearer>;

/// Adds the token to every call.
#[derive(Clone)]
pub(crate) struct Bearer(MetadataValue<Ascii>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request
            .metadata_mut()
            .insert("authorization", self.0.clone());
        Ok(request)
    }
}

impl Bearer {
    /// Sends this token.
    pub(crate) fn new(token: &str) -> anyhow::Result<Self> {
        let mut value: MetadataValue<Ascii> = format!("Bearer {}", token.trim())
            .parse()
            .map_err(|_| error(Code::Usage, "the token is not one line of plain characters"))?;
        value.set_sensitive(true);
        Ok(Self(value))
    }
}

/// True where nobody can say whether it was done, and the same is to be sent again.
pub(crate) fn is_open(status: &Status) -> bool {
    use tonic::Code as Grpc;
    let code = matches!(
        status.code(),
        Grpc::Unavailable | Grpc::DeadlineExceeded | Grpc::ResourceExhausted
    );
    code || is_broken(status)
}

/// A channel to the target, with the token of that name in `tokens.json` unless one was given.
pub(crate) async fn connect(target: &Target, credential: &str) -> anyhow::Result<Connected> {
    let channel = channel(target).await?;
    let token = match &target.token {
        Some(path) => read_token(path)?,
        None => local_token(&target.data, credential)?,
    };
    Ok(InterceptedService::new(channel, Bearer::new(&token)?))
}

/// A channel to the target.
pub(crate) async fn channel(target: &Target) -> anyhow::Result<Channel> {
    let url = match &target.target {
        Some(url) => url.clone(),
        None => format!("http://{}", local_addresses(&target.data)?.grpc),
    };
    let endpoint = Endpoint::from_shared(url.clone())
        .map_err(|_| error(Code::Usage, format!("{url} is not an address")))?
        .connect_timeout(Duration::from_secs(5));
    let unreachable = || format!("reach {url}; is `medvirk up` running?");
    endpoint.connect().await.with_context(unreachable)
}

/// Where the local `up` listens.
pub(crate) fn local_addresses(data: &Path) -> anyhow::Result<Addresses> {
    let path = data.join("addresses.json");
    let text = std::fs::read_to_string(&path).map_err(|_| {
        let message = format!(
            "{} is not there: start `medvirk up`, or name the system with --target or --data",
            path.display()
        );
        error(Code::Temporary, message)
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
            Code::Usage,
            format!("{} has no token {credential}", path.display()),
        )
    };
    tokens.remove(credential).ok_or_else(missing)
}

fn read_token(path: &Path) -> anyhow::Result<String> {
    let bytes = medvirk_runtime::secret::load(path);
    let bytes = bytes.map_err(|why| error(Code::Usage, format!("read the token: {why}")))?;
    String::from_utf8(bytes.to_vec()).map_err(|_| error(Code::Usage, "a token is text"))
}
