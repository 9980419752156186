//! Who may connect, and what their connection may do.
//!
//! The library has no users of its own, so this table is the access control: a user's name and
//! password choose the arguments with which a connection is opened. Passwords are compared as
//! SHA-256 digests in constant time, and an unknown name costs as much as a wrong password.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

/// What a user's connections may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineAccess {
    /// Reads only; rows are always merged (`final=1`), and nothing can loosen either.
    Reader,
    /// Reads and changes the databases, without reaching the host's files or the network.
    Writer,
}

/// A user of the engine. `Debug` shows neither name nor password.
#[derive(Clone)]
pub struct EngineUser {
    /// Sent as `X-ClickHouse-User` or by basic authentication.
    pub name: String,
    /// Sent as `X-ClickHouse-Key` or by basic authentication.
    pub password: SecretString,
    /// What the user's connections may do.
    pub access: EngineAccess,
}

impl fmt::Debug for EngineUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineUser")
            .field("access", &self.access)
            .finish_non_exhaustive()
    }
}

/// The table user → access.
pub(crate) struct UserTable(Vec<([u8; 32], [u8; 32], EngineAccess)>);

impl UserTable {
    pub(crate) fn new(users: &[EngineUser]) -> Self {
        let entry = |user: &EngineUser| {
            (
                digest(&user.name),
                digest(user.password.expose_secret()),
                user.access,
            )
        };
        Self(users.iter().map(entry).collect())
    }

    /// The access of the user with this name and password. Looks at every entry.
    pub(crate) fn authenticate(&self, name: &str, password: &str) -> Option<EngineAccess> {
        let (name, password) = (digest(name), digest(password));
        let mut found = 0u8;
        for (index, (known_name, known_password, _)) in (1u8..).zip(&self.0) {
            let equal: Choice = known_name.ct_eq(&name) & known_password.ct_eq(&password);
            found.conditional_assign(&index, equal);
        }
        let index = usize::from(found).checked_sub(1)?;
        self.0.get(index).map(|(_, _, access)| *access)
    }
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str, password: &str, access: EngineAccess) -> EngineUser {
        EngineUser {
            name: name.to_owned(),
            password: password.into(),
            access,
        }
    }

    #[test]
    fn a_user_needs_both_name_and_password() {
        let users = UserTable::new(&[
            user("w", "one", EngineAccess::Writer),
            user("r", "two", EngineAccess::Reader),
        ]);
        assert_eq!(users.authenticate("w", "one"), Some(EngineAccess::Writer));
        assert_eq!(users.authenticate("r", "two"), Some(EngineAccess::Reader));
        for (name, password) in [
            ("r", "one"),
            ("w", "two"),
            ("w", ""),
            ("", ""),
            ("x", "one"),
            ("W", "one"),
        ] {
            assert_eq!(
                users.authenticate(name, password),
                None,
                "{name} {password}"
            );
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!("{:?}", user("eva", "hunter2", EngineAccess::Reader));
        assert_eq!(shown, "EngineUser { access: Reader, .. }");
    }
}
