//! Ids of submissions. The invariant: an id is a keyed function of what the submission says, so the
//! same row has the same id.

use hmac::{Hmac, KeyInit as _, Mac as _};
use medvirk_proto::feedback::v1::Submission;
use medvirk_proto::feedback::v1::submission::Kind;
use prost::Message as _;
use sha2::{Digest as _, Sha256};
use uuid::{Builder, Uuid};

/// Makes submission ids. The log and the registry keep them, so without the key nobody must be
/// able to try references by them.
pub(super) struct SubmissionIds(Hmac<Sha256>);

// === impl SubmissionIds ===

impl SubmissionIds {
    /// Under the key of a file's own content.
    pub(super) fn of_file(bytes: &[u8]) -> Self {
        Self::new(&Sha256::digest(bytes))
    }

    pub(super) fn new(key: &[u8]) -> Self {
        let keyed = Hmac::new_from_slice(key).expect("a key of any length");
        Self(keyed)
    }

    /// A keyed digest, for whoever makes digests under the same key.
    pub(super) fn keyed(&self) -> Hmac<Sha256> {
        self.0.clone()
    }

    /// The id of what is said.
    pub(super) fn of(&self, kind: &Kind) -> Uuid {
        let submission = Submission {
            submission_id: String::new(),
            kind: Some(kind.clone()),
        };
        let mut keyed = self.0.clone();
        keyed.update(b"medvirk import 1\0");
        keyed.update(&submission.encode_to_vec());
        let digest = keyed.finalize().into_bytes();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        Builder::from_custom_bytes(bytes).into_uuid()
    }
}
