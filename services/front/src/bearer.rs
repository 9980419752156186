//! Who calls. Comes in: the metadata of a call. Goes out: its bearer token, or the status for a token
//! that does not count. The invariant: no status has anything of the token.

use std::sync::Arc;

use medvirk_runtime::auth::{AccessToken, TokenError, TokenRefusal, TokenRole, TokenVerifier};
use tonic::Status;
use tonic::metadata::MetadataMap;

/// The value of the header `authorization`, none where there is no such header.
///
/// # Errors
/// When the value is not plain text, which no token is.
pub fn bearer(metadata: &MetadataMap) -> Result<Option<&str>, TokenError> {
    let Some(value) = metadata.get("authorization") else {
        return Ok(None);
    };
    value.to_str().map(Some).map_err(|_| TokenError::Missing)
}

/// The token of a call, if it has the role at that time, in milliseconds since 1970.
///
/// # Errors
/// When there is no token, when it does not count, or when it lacks the role.
pub fn authorised(
    metadata: &MetadataMap,
    verifier: &TokenVerifier,
    role: TokenRole,
    now_ms: i64,
) -> Result<Arc<AccessToken>, TokenRefusal> {
    verifier.authorise(bearer(metadata)?, role, now_ms)
}

/// What a client is told of a token that does not count or lacks the role.
#[must_use]
pub fn refused(refused: &TokenRefusal) -> Status {
    match refused {
        TokenRefusal::Unauthenticated(error) => Status::unauthenticated(error.to_string()),
        TokenRefusal::Denied(denied) => Status::permission_denied(denied.to_string()),
    }
}
