//! Pseudonyms. Comes in: references to patients, episodes and therapists, as clinics write them,
//! and the nonces of survey codes. Goes out: HMAC-SHA-256 under a keyed secret, cut to 16 bytes.
//! The invariant: each kind has its own domain and each trust its own references, so that equal
//! texts of two kinds, or of two trusts, do not meet.

use std::fmt;
use std::path::Path;

use hmac::{Hmac, KeyInit as _, Mac as _};
use medvirk_domain::ids::{Pseudonym, TrustId};
use sha2::Sha256;

use crate::secret::{self, SecretKey};

/// Makes pseudonyms under one key.
///
/// ```
/// use medvirk_runtime::{pseudonym::PseudonymKey, secret::SecretKey};
/// let pseudonyms = PseudonymKey::new(&SecretKey::new(1, [7; 32]));
/// let (north, south) = ("north".parse().unwrap(), "south".parse().unwrap());
/// assert_eq!(pseudonyms.patient(&north, "4711"), pseudonyms.patient(&north, "4711"));
/// assert_ne!(pseudonyms.patient(&north, "4711"), pseudonyms.patient(&south, "4711"));
/// ```
#[derive(Clone)]
pub struct PseudonymKey {
    key_id: u32,
    /// Has taken in the key already, which halves the work per pseudonym.
    keyed: Hmac<Sha256>,
}

impl PseudonymKey {
    /// Makes pseudonyms under this key.
    pub fn new(key: &SecretKey) -> Self {
        let keyed = Hmac::new_from_slice(key.bytes()).expect("HMAC takes a key of any length");
        Self {
            key_id: key.id(),
            keyed,
        }
    }

    /// Under the key of a file, which is made if there is none.
    ///
    /// # Errors
    /// When the file cannot be had, see [`SecretKey::load_or_create`].
    pub fn load_or_create(path: &Path) -> Result<Self, secret::SecretError> {
        SecretKey::load_or_create(path).map(|key| Self::new(&key))
    }

    /// Id of the key; 1 or more.
    pub const fn key_id(&self) -> u32 {
        self.key_id
    }

    /// Of a patient. Two trusts may well call two persons the same.
    pub fn patient(&self, trust: &TrustId, patient: &str) -> Pseudonym {
        self.keyed("patient", &[trust.as_str(), patient].map(str::as_bytes))
    }

    /// Of an episode; two patients' episodes never have the same one, whatever the clinic calls
    /// them.
    pub fn episode(&self, trust: &TrustId, patient: &str, episode: &str) -> Pseudonym {
        self.keyed(
            "episode",
            &[trust.as_str(), patient, episode].map(str::as_bytes),
        )
    }

    /// The pseudonym of a therapist in a trust.
    pub fn therapist(&self, trust: &TrustId, therapist: &str) -> Pseudonym {
        self.keyed("therapist", &[trust.as_str(), therapist].map(str::as_bytes))
    }

    /// Of a survey code's nonce.
    pub fn nonce(&self, nonce: &[u8]) -> Pseudonym {
        self.keyed("nonce", &[nonce])
    }

    fn keyed(&self, domain: &str, parts: &[&[u8]]) -> Pseudonym {
        let mut mac = self.keyed.clone();
        mac.update(domain.as_bytes());
        mac.update(b"\0");
        for part in parts {
            // A part may hold any byte, so its end must be told by its length.
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        let tag = mac.finalize().into_bytes();
        let (half, _) = tag.split_at(16);
        Pseudonym::new(half.try_into().expect("split at 16"))
    }
}

impl fmt::Debug for PseudonymKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PseudonymKey({}, redacted)", self.key_id)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_pseudonym_is_the_hmac_that_anybody_with_the_key_computes() {
        // python3 -c 'import hmac; print(hmac.new(bytes([7]*32), b"patient\0" + (5).to_bytes(8,
        // "big") + b"north" + (4).to_bytes(8, "big") + b"4711", "sha256").hexdigest()[:32])'
        let pseudonyms = PseudonymKey::new(&SecretKey::new(1, [7; 32]));
        let hex = data_encoding::HEXLOWER.encode(pseudonyms.patient(&north(), "4711").as_bytes());
        assert_eq!(hex, "19e69adf2bbc1b4eaf0f807230a18118");
    }

    #[test]
    fn kinds_trusts_keys_and_borders_are_kept_apart() {
        let (north, south) = (north(), "south".parse().unwrap());
        let (one, other) = (
            PseudonymKey::new(&SecretKey::new(1, [1; 32])),
            PseudonymKey::new(&SecretKey::new(1, [2; 32])),
        );
        let all = BTreeSet::from([
            one.patient(&north, "a"),
            one.patient(&south, "a"),
            one.therapist(&north, "a"),
            one.therapist(&south, "a"),
            one.nonce(b"a"),
            one.episode(&north, "a", ""),
            one.episode(&north, "", "a"),
            one.episode(&north, "a", "bc"),
            one.episode(&north, "ab", "c"),
            one.episode(&south, "ab", "c"),
            other.patient(&north, "a"),
        ]);
        assert_eq!(all.len(), 11);
    }

    fn north() -> TrustId {
        "north".parse().unwrap()
    }
}
