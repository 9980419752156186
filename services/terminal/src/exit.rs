//! Exit codes of `sysexits`. An error carries the code that its command ends with.

/// What a command ends with when it is not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommandExit {
    /// Input of the user's that cannot be used.
    Usage = 2,
    /// Bad configuration, or a bad catalogue.
    Config = 64,
    /// Something is wrong inside.
    Internal = 70,
    /// It may go well another time.
    Temporary = 75,
}

/// An error that knows its code.
#[derive(Debug)]
pub struct CodedError(pub CommandExit, pub String);

impl std::fmt::Display for CodedError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.1)
    }
}

impl std::error::Error for CodedError {}

/// An error for the user, with its code.
pub fn error(code: CommandExit, message: impl Into<String>) -> anyhow::Error {
    CodedError(code, message.into()).into()
}
