//! Limits and expiries that more than one stage holds. Each stands here once, so that no stage
//! takes what the next one refuses.

/// The most characters of an id of the catalogue.
pub const MAX_ID_LENGTH: usize = 64;

/// The most forms of one session.
pub const MAX_SESSION_FORMS: usize = 16;

/// The highest revision of a session or of a form of the register.
pub const MAX_REVISION: u32 = 1_000;

/// A survey code expires at the close of this many months after its own (§3).
pub const CODE_MONTHS: i32 = 2;
