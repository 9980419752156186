//! Why a value of the log cannot be decoded: a closed list, so that it can be a label.

use std::fmt;

/// Version of the schema that this program writes, and the newest that it reads.
pub const SCHEMA_VERSION: u32 = 1;

/// Why a value could not be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Written by a newer program. The task stops: to skip it would lose it.
    #[error("the record has schema version {schema_version}; this program reads {SCHEMA_VERSION}")]
    TooNew {
        /// The version of the schema.
        schema_version: u32,
    },
    /// A control record that is damaged. The task stops: to skip it would change figures.
    #[error("the control record cannot be read: {0}")]
    UnreadableControl(Reason),
    /// A record that is damaged; an event goes to the dead letter.
    #[error("the record is malformed: {0}")]
    Malformed(Reason),
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// What is wrong with a record; a closed list, so that it can be a label.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason {
            $($(#[$doc])* $name,)*
        }

        impl Reason {
            /// All values, in a fixed order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Its word in dead letters and metrics.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }
        }
    };
}

reasons! {
    /// A tombstone, where a value is needed.
    NoValue = "no-value",
    /// The value is no message of protobuf.
    Protobuf = "protobuf",
    /// The value has schema version 0.
    SchemaVersion = "schema-version",
    /// No body, several, or one that is not known.
    Body = "body",
    /// The envelope names no sender.
    Sender = "sender",
    /// A catalogue hash that is not 32 bytes long.
    CatalogueHash = "catalogue-hash",
    /// A submission id that is not 16 bytes long.
    SubmissionId = "submission-id",
    /// A time outside the years 1900 to 2199.
    IngestedAt = "ingested-at",
    /// Not exactly one pseudonym.
    PseudonymCount = "pseudonym-count",
    /// A pseudonym that is not 16 bytes long, or of an unknown key.
    Pseudonym = "pseudonym",
    /// A text that is no id of a unit.
    Unit = "unit",
    /// A day outside the years 1900 to 2199.
    Day = "day",
    /// A number that is no month.
    Month = "month",
    /// A session numbered 0.
    SessionNumber = "session-number",
    /// A correction with revision 0.
    Revision = "revision",
    /// No session in a correction.
    Session = "session",
    /// No form, or more than 16.
    FormCount = "form-count",
    /// Two forms of one instrument and respondent.
    FormTwice = "form-twice",
    /// No form where there must be one.
    Form = "form",
    /// A text that is no id of an instrument.
    Instrument = "instrument",
    /// A respondent that is not known.
    Respondent = "respondent",
    /// An age band that is not known.
    Age = "age",
    /// A text that is no id of an item.
    Item = "item",
    /// An item with neither value nor reason.
    Response = "response",
    /// A reason for a missing value that is not known.
    Missing = "missing",
    /// A number beyond a million.
    Value = "value",
    /// An ending that is not known.
    Ending = "ending",
    /// A withdrawal of nobody.
    Subject = "subject",
    /// A scope of withdrawal that is not known.
    Scope = "scope",
    /// A deployment's id that is not 16 bytes long.
    Deployment = "deployment",
    /// A number of partitions that is 0.
    Partitions = "partitions",
    /// A text that is no id of a measure.
    Measure = "measure",
    /// A word that is no level of an organisation.
    Level = "level",
    /// A text that is no id of a variable.
    Variable = "variable",
    /// A sum of squares that is not 16 bytes long.
    SumOfSquares = "sum-of-squares",
    /// A name that is no topic.
    Topic = "topic",
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
