//! What can go wrong. Comes in: errors of the `clickhouse` crate. Goes out: what was attempted and
//! a code. The invariant: no text of the server about data gets through, since it may quote what
//! was inserted.

use std::fmt;

use medvirk_domain::ids::DeploymentId;

/// An attempt that failed. Whatever was to be inserted is still the caller's, and may be inserted
/// again as it is.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server did not do it.
    #[error("cannot {attempt}: {cause}")]
    Failed {
        /// What the store was about to do.
        attempt: &'static str,
        /// Why the attempt did not succeed.
        cause: FailureCause,
    },
    /// The table says something that a table of this version cannot say.
    #[error("cannot {attempt}: column {column} holds something unknown")]
    Foreign {
        /// What the store was about to do.
        attempt: &'static str,
        /// The name of the column.
        column: &'static str,
    },
    /// The tables name another deployment. Nothing was read or written.
    #[error(
        "the tables of {database} belong to deployment {found}, and this log to deployment {ours}; \
         give each deployment databases of its own"
    )]
    OtherDeployment {
        /// Name of the database.
        database: String,
        /// The deployment that the tables name.
        found: DeploymentId,
        /// The deployment of the log.
        ours: DeploymentId,
    },
    /// A migration that has run already has another text now.
    #[error("migration {number} of {database} has run already with another text")]
    Rewritten {
        /// Name of the database.
        database: String,
        /// Number of the migration.
        number: u32,
    },
    /// The database has migrations that this binary does not know.
    #[error("{database} is at migration {found}, this binary knows {known}")]
    TooNew {
        /// Name of the database.
        database: String,
        /// The newest that has run.
        found: u32,
        /// The newest that this binary has.
        known: u32,
    },
    /// A database's name that is not a plain identifier.
    #[error(
        "a database's name is 1 to 64 characters of a-z, 0-9 and '_', not starting with a digit"
    )]
    DatabaseName,
    /// A user's name that is not a plain identifier.
    #[error("a user's name is 1 to 64 characters of a-z, 0-9 and '_', not starting with a digit")]
    UserName,
    /// A rebuilt table that does not hold what its caller put into it.
    #[error("the rebuilt table differs from the ledger in partition {partition}, month {month}")]
    Disagrees {
        /// The partition of the log.
        partition: u32,
        /// The month of the close.
        month: medvirk_domain::time::Month,
    },
    /// Erased bytes are still on the disk.
    #[error("erased parts are still on the disk: {parts}")]
    NotYetErased {
        /// The number of data parts that still hold something.
        parts: u64,
    },
}

/// Why an attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureCause {
    /// It took too long.
    TimedOut,
    /// The server could not be reached, or the connection broke.
    Network,
    /// ClickHouse refused, with its code; 0 where it named none.
    Refused(u32),
    /// The row and the table do not fit together, or the answer was not understood.
    Mismatch,
}

impl fmt::Display for FailureCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut => f.write_str("it took too long"),
            Self::Network => f.write_str("the server could not be reached"),
            Self::Refused(code) => write!(f, "the server refused with code {code}"),
            Self::Mismatch => f.write_str("row and table do not fit together"),
        }
    }
}

impl Error {
    pub(crate) fn timed_out(attempt: &'static str) -> Self {
        let cause = FailureCause::TimedOut;
        Self::Failed { attempt, cause }
    }

    pub(crate) fn client(attempt: &'static str, error: &clickhouse::error::Error) -> Self {
        let cause = FailureCause::of(error);
        Self::Failed { attempt, cause }
    }

    /// True if the server does not know the user, or not with this password.
    pub fn is_refused_user(&self) -> bool {
        // UNKNOWN_USER, WRONG_PASSWORD, REQUIRED_PASSWORD and AUTHENTICATION_FAILED.
        let codes = [192, 193, 194, 516].map(FailureCause::Refused);
        matches!(self, Self::Failed { cause, .. } if codes.contains(cause))
    }

    /// True if the user may not do what was attempted.
    pub fn is_not_granted(&self) -> bool {
        // ACCESS_DENIED.
        matches!(self, Self::Failed { cause, .. } if *cause == FailureCause::Refused(497))
    }

    /// True if the server did not answer, as it does while it starts.
    pub fn is_unreachable(&self) -> bool {
        let causes = [FailureCause::Network, FailureCause::TimedOut];
        matches!(self, Self::Failed { cause, .. } if causes.contains(cause))
    }

    /// True if the database or its tables are not there (yet).
    pub fn is_not_migrated(&self) -> bool {
        // UNKNOWN_TABLE and UNKNOWN_DATABASE.
        let codes = [FailureCause::Refused(60), FailureCause::Refused(81)];
        matches!(self, Self::Failed { cause, .. } if codes.contains(cause))
    }
}

impl FailureCause {
    fn of(error: &clickhouse::error::Error) -> Self {
        use clickhouse::error::Error as Client;
        match error {
            Client::TimedOut => Self::TimedOut,
            Client::Network(_) | Client::Other(_) => Self::Network,
            Client::BadResponse(text) => Self::Refused(code_of(text)),
            _ => Self::Mismatch,
        }
    }
}

/// "Code: 60. DB::Exception: …" gives 60.
fn code_of(text: &str) -> u32 {
    let after = text.split_once("Code: ").map_or("", |(_, after)| after);
    let digits = after.bytes().take_while(u8::is_ascii_digit).count();
    after[..digits].parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_quotes_does_not_get_through() {
        let text = "Code: 27. DB::Exception: Cannot parse input: expected 7.25 before (X)";
        let inner = clickhouse::error::Error::BadResponse(text.to_owned());
        let error = Error::client("insert rows", &inner);
        let shown = format!("{error} {error:?}");
        assert!(shown.contains("27") && !shown.contains("7.25"), "{shown}");
    }
}
