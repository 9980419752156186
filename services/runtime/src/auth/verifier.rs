//! Verification. Comes in: a bearer token and the time. Goes out: who it is. The invariant: the
//! algorithm is ours to choose, never the token's; only tokens that were valid are remembered, and
//! none longer than it is valid.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::{
    AUDIENCE, AccessToken, ISSUER, SURVEY_SUBJECT, TokenError, TokenRefusal, TokenRole, TokenUnits,
};

/// How many verified tokens are remembered.
const REMEMBERED: usize = 4_096;

/// Tells whether tokens count. Clones share what they remember.
#[derive(Clone)]
pub struct TokenVerifier(Arc<VerifierState>);

struct VerifierState {
    key: DecodingKey,
    validation: Validation,
    /// By SHA-256 of the token. A signature costs more to check than the rest of a submission
    /// costs to admit, and a device sends the same token for months.
    verified: RwLock<HashMap<[u8; 32], VerifiedToken>>,
}

#[derive(Clone)]
struct VerifiedToken {
    token: Arc<AccessToken>,
    from_ms: i64,
    until_ms: i64,
}

#[derive(Deserialize)]
struct TokenClaims {
    sub: String,
    exp: i64,
    #[serde(default)]
    nbf: Option<i64>,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    units: Vec<String>,
}

impl TokenVerifier {
    /// Believes tokens signed by the owner of this public key (P-256, SubjectPublicKeyInfo, PEM).
    ///
    /// # Errors
    /// When it is not such a key.
    pub fn from_public_key_pem(pem: &str) -> Result<Self, TokenError> {
        let key = DecodingKey::from_ec_pem(pem.as_bytes()).map_err(|_| TokenError::Key)?;
        let mut validation = Validation::new(Algorithm::ES256);
        validation.set_audience(&[AUDIENCE]);
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["aud", "exp", "iss", "sub"]);
        // The library would ask the machine for the time; `VerifiedToken::at` uses the caller's.
        validation.validate_exp = false;
        Ok(Self(Arc::new(VerifierState {
            key,
            validation,
            verified: RwLock::default(),
        })))
    }

    /// Tells who sends, by the value of the header `authorization`.
    ///
    /// # Errors
    /// When there is no bearer token, or it does not count.
    pub fn authenticate(
        &self,
        header: Option<&str>,
        now_ms: i64,
    ) -> Result<Arc<AccessToken>, TokenError> {
        let (scheme, bearer) = header
            .and_then(|header| header.split_once(' '))
            .ok_or(TokenError::Missing)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(TokenError::Missing);
        }
        self.verify(bearer.trim(), now_ms)
    }

    /// The same, and the token must have the role.
    ///
    /// # Errors
    /// When the token does not count, or lacks the role.
    pub fn authorise(
        &self,
        header: Option<&str>,
        role: TokenRole,
        now_ms: i64,
    ) -> Result<Arc<AccessToken>, TokenRefusal> {
        let token = self.authenticate(header, now_ms)?;
        token.require(role)?;
        Ok(token)
    }

    /// Tells who sends, by the token itself.
    ///
    /// # Errors
    /// When it does not count.
    pub fn verify(&self, bearer: &str, now_ms: i64) -> Result<Arc<AccessToken>, TokenError> {
        let digest = Sha256::digest(bearer.as_bytes()).into();
        if let Some(verified) = self.remembered(&digest) {
            return verified.at(now_ms);
        }
        let claims = decode::<TokenClaims>(bearer, &self.0.key, &self.0.validation)
            .map_err(TokenError::Invalid)?
            .claims;
        let verified = VerifiedToken::new(claims)?;
        let token = verified.at(now_ms)?;
        self.remember(digest, verified, now_ms);
        Ok(token)
    }

    #[cfg(test)]
    pub(super) fn remembered_count(&self) -> usize {
        self.0.verified.read().unwrap().len()
    }

    fn remembered(&self, digest: &[u8; 32]) -> Option<VerifiedToken> {
        let verified = self
            .0
            .verified
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        verified.get(digest).cloned()
    }

    fn remember(&self, digest: [u8; 32], new: VerifiedToken, now_ms: i64) {
        let mut verified = self
            .0
            .verified
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if verified.len() >= REMEMBERED {
            verified.retain(|_, known| known.at(now_ms).is_ok());
        }
        if verified.len() >= REMEMBERED {
            verified.clear();
        }
        verified.insert(digest, new);
    }
}

impl fmt::Debug for TokenVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenVerifier")
    }
}

impl VerifiedToken {
    fn new(claims: TokenClaims) -> Result<Self, TokenError> {
        // A role that this version does not know gives no right that it could check.
        let roles = claims.roles.iter().flat_map(|role| role.parse()).collect();
        let units = TokenUnits::parse(claims.units.iter().map(String::as_str))?;
        let token = AccessToken {
            subject: check_subject(claims.sub)?,
            roles,
            units,
        };
        Ok(Self {
            token: Arc::new(token),
            from_ms: claims.nbf.unwrap_or(0).saturating_mul(1_000),
            until_ms: claims.exp.saturating_mul(1_000),
        })
    }

    fn at(&self, now_ms: i64) -> Result<Arc<AccessToken>, TokenError> {
        if (self.from_ms..self.until_ms).contains(&now_ms) {
            Ok(self.token.clone())
        } else {
            Err(TokenError::Time)
        }
    }
}

/// A subject is the sender in the log: it is what keeps sources apart (design §4.5).
pub(super) fn check_subject(subject: String) -> Result<String, TokenError> {
    let fits = (1..=128).contains(&subject.len()) && !subject.contains(char::is_control);
    if fits && subject != SURVEY_SUBJECT {
        Ok(subject)
    } else {
        Err(TokenError::Claim("sub"))
    }
}
