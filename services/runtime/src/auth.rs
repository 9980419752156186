//! Access tokens: who sends, and what they may do (design §4.3 and §4.5 rest on it). Comes in: a
//! bearer token. Goes out: its subject, roles and units. The invariant: a token counts only if it
//! is signed with ES256 by the known key, meant for us, by the known issuer, and not over.

mod issuer;
mod verifier;

pub use issuer::TokenIssuer;
pub use verifier::TokenVerifier;

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use medvirk_domain::ids::UnitId;

/// Whom tokens are for.
pub const AUDIENCE: &str = "medvirk";
/// Who makes development tokens.
pub const ISSUER: &str = "medvirk-dev";
/// The credential under which surveys come in, which need no token; no token may have it.
pub const SURVEY_SUBJECT: &str = "survey";
/// What stands for every unit in the claim `units`.
const EVERY_UNIT: &str = "*";

/// Who sends, and what they may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessToken {
    /// The credential: belongs to one device or person, and stays the same when the token is
    /// issued anew. 1 to 128 bytes.
    pub subject: String,
    /// What it may do.
    pub roles: BTreeSet<TokenRole>,
    /// For which units it may do it.
    pub units: TokenUnits,
}

/// Something that a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TokenRole {
    /// Send sessions, corrections and register forms; see curves.
    FeedbackSubmit,
    /// Have survey codes issued.
    SurveyInvite,
    /// Open and close episodes.
    EpisodeManage,
    /// The holder may read indicators.
    IndicatorRead,
    /// The holder may pull datasets for a registry.
    RegistryExtract,
    /// Say for a unit how patients take part in it.
    ServiceManage,
    /// The holder may run the system.
    Admin,
}

/// The units that a token is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenUnits {
    /// The token is for every unit.
    All,
    /// The token is for these units alone.
    These(BTreeSet<UnitId>),
}

/// A valid token that may not do this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the token does not have the role `{needed}`")]
pub struct RoleDenied {
    /// The role that the token lacks.
    pub needed: TokenRole,
}

/// Not the name of a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a role is feedback.submit, survey.invite, episode.manage, indicator.read, registry.extract, \
     service.manage or admin"
)]
pub struct UnknownRole;

/// Why a token does not count, or cannot be made. No variant holds the token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// There is no `authorization: Bearer …`.
    #[error("a bearer token is needed")]
    Missing,
    /// It is not a token, or not signed as it must be, or not for us.
    #[error("the token is not valid")]
    Invalid(#[source] jsonwebtoken::errors::Error),
    /// Its subject or units are not well formed.
    #[error("the token's claim `{0}` is not well formed")]
    Claim(&'static str),
    /// Its time is over, or has not come.
    #[error("the token is not valid at this time")]
    Time,
    /// A key is not an ES256 key.
    #[error("the key is not a P-256 key in PEM form")]
    Key,
    /// The key file cannot be had.
    #[error("the signing key cannot be had")]
    Secret(#[from] crate::secret::SecretError),
}

/// Why a request may not go on.
#[derive(Debug, thiserror::Error)]
pub enum TokenRefusal {
    /// Nobody knows who it is.
    #[error("not authenticated")]
    Unauthenticated(#[from] TokenError),
    /// It may not do this.
    #[error(transparent)]
    Denied(#[from] RoleDenied),
}

// === impl Token ===

impl AccessToken {
    /// True if it has the role.
    pub fn has(&self, role: TokenRole) -> bool {
        self.roles.contains(&role)
    }

    /// Needs the role.
    ///
    /// # Errors
    /// When the token does not have it.
    pub fn require(&self, role: TokenRole) -> Result<(), RoleDenied> {
        if self.has(role) {
            Ok(())
        } else {
            Err(RoleDenied { needed: role })
        }
    }

    /// True if it is for that unit.
    pub fn allows_unit(&self, unit: &UnitId) -> bool {
        self.units.allow(unit)
    }
}

// === impl Role ===

impl TokenRole {
    /// All of them, in alphabetical order of their names but `admin` last.
    pub const ALL: [Self; 7] = [
        Self::EpisodeManage,
        Self::FeedbackSubmit,
        Self::IndicatorRead,
        Self::RegistryExtract,
        Self::ServiceManage,
        Self::SurveyInvite,
        Self::Admin,
    ];

    /// Its name in tokens.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FeedbackSubmit => "feedback.submit",
            Self::SurveyInvite => "survey.invite",
            Self::EpisodeManage => "episode.manage",
            Self::IndicatorRead => "indicator.read",
            Self::RegistryExtract => "registry.extract",
            Self::ServiceManage => "service.manage",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for TokenRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for TokenRole {
    type Err = UnknownRole;

    fn from_str(name: &str) -> Result<Self, UnknownRole> {
        let known = Self::ALL.into_iter().find(|role| role.as_str() == name);
        known.ok_or(UnknownRole)
    }
}

// === impl Units ===

impl TokenUnits {
    /// From the words of a command line or a claim: unit ids, or `*` alone for every unit.
    ///
    /// # Errors
    /// When a word is not an id.
    pub fn parse<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Self, TokenError> {
        let words: Vec<_> = words.into_iter().collect();
        if words == [EVERY_UNIT] {
            return Ok(Self::All);
        }
        let units = words.into_iter().map(str::parse).collect::<Result<_, _>>();
        units
            .map(Self::These)
            .map_err(|_| TokenError::Claim("units"))
    }

    /// True if the unit is one of them.
    pub fn allow(&self, unit: &UnitId) -> bool {
        match self {
            Self::All => true,
            Self::These(units) => units.contains(unit),
        }
    }

    /// The words that [`TokenUnits::parse`] reads.
    pub fn words(&self) -> Vec<String> {
        match self {
            Self::All => vec![EVERY_UNIT.to_owned()],
            Self::These(units) => units.iter().map(UnitId::to_string).collect(),
        }
    }
}

#[cfg(test)]
mod tests;
