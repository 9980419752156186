//! Exit codes of `sysexits`. An error carries the code that its command ends with.

/// What a command ends with when it is not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
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
pub struct Coded(pub Code, pub String);

impl std::fmt::Display for Coded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.1)
    }
}

impl std::error::Error for Coded {}

/// An error for the user, with its code.
pub fn error(code: Code, message: impl Into<String>) -> anyhow::Error {
    Coded(code, message.into()).into()
}
