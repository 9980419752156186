//! Issuing, for development and small installations: elsewhere an identity provider does it.
//! Comes in: a key file. Goes out: signed tokens. The invariant: what it issues, the verifier
//! made from its public key takes.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use data_encoding::BASE64;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde::Serialize;
use zeroize::Zeroizing;

use super::verifier::check_subject;
use super::{AUDIENCE, AccessToken, ISSUER, TokenError, TokenRole, TokenVerifier};
use crate::secret;

/// Signs tokens with a key of its own.
pub struct TokenIssuer {
    key: EncodingKey,
    public_key_pem: String,
}

#[derive(Serialize)]
struct IssuedClaims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    iat: i64,
    exp: i64,
    roles: Vec<&'a str>,
    units: Vec<String>,
}

impl TokenIssuer {
    /// Signs with a fresh key, which is gone when this is dropped.
    ///
    /// # Errors
    /// When the machine has no random bytes.
    pub fn generate() -> Result<Self, TokenError> {
        Self::from_private_key_pem(&private_key_pem()?)
    }

    /// Signs with the key of a file (PKCS#8, PEM), which is made if there is none.
    ///
    /// # Errors
    /// When the file cannot be had, or does not hold a P-256 key.
    pub fn load_or_create(path: &Path) -> Result<Self, TokenError> {
        let fresh = || private_key_pem().map_err(|_| secret::SecretError::Random);
        Self::from_private_key_pem(&secret::load_or_create(path, fresh)?)
    }

    /// The public half (SubjectPublicKeyInfo, PEM).
    pub fn public_key_pem(&self) -> &str {
        &self.public_key_pem
    }

    /// Believes what this signs.
    pub fn verifier(&self) -> TokenVerifier {
        TokenVerifier::from_public_key_pem(&self.public_key_pem)
            .expect("the public key was written as PEM by this module")
    }

    /// Signs a token that counts from `now_ms` for the time `ttl`, to the second.
    ///
    /// # Errors
    /// When the subject is empty, longer than 128 bytes, or reserved.
    pub fn issue(
        &self,
        token: &AccessToken,
        ttl: Duration,
        now_ms: i64,
    ) -> Result<String, TokenError> {
        let subject = check_subject(token.subject.clone())?;
        let now = now_ms.div_euclid(1_000);
        let claims = IssuedClaims {
            iss: ISSUER,
            aud: AUDIENCE,
            sub: &subject,
            iat: now,
            exp: now.saturating_add_unsigned(ttl.as_secs()),
            roles: token.roles.iter().copied().map(TokenRole::as_str).collect(),
            units: token.units.words(),
        };
        encode(&Header::new(Algorithm::ES256), &claims, &self.key).map_err(TokenError::Invalid)
    }

    fn from_private_key_pem(pem: &[u8]) -> Result<Self, TokenError> {
        let key = EncodingKey::from_ec_pem(pem).map_err(|_| TokenError::Key)?;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key.as_bytes())
            .map_err(|_| TokenError::Key)?;
        let public: PublicKeyX509Der<'_> =
            pair.public_key().as_der().map_err(|_| TokenError::Key)?;
        Ok(Self {
            key,
            public_key_pem: pem_of("PUBLIC KEY", public.as_ref()),
        })
    }
}

impl fmt::Debug for TokenIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenIssuer(redacted)")
    }
}

fn private_key_pem() -> Result<Zeroizing<Vec<u8>>, TokenError> {
    let random = || TokenError::Secret(secret::SecretError::Random);
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| random())?;
    let document = pair.to_pkcs8v1().map_err(|_| random())?;
    let pem = pem_of("PRIVATE KEY", document.as_ref());
    Ok(Zeroizing::new(pem.into_bytes()))
}

/// The bytes as a PEM block, as RFC 7468 writes it.
fn pem_of(label: &str, der: &[u8]) -> String {
    let text = Zeroizing::new(BASE64.encode(der));
    let mut pem = format!("-----BEGIN {label}-----\n");
    for line in text.as_bytes().chunks(64) {
        pem.extend(line.iter().map(|byte| char::from(*byte)));
        pem.push('\n');
    }
    pem.push_str(&format!("-----END {label}-----\n"));
    pem
}
