//! The one place where bytes of the log become records and back.
//!
//! Comes in: values of the four topics. Goes out: domain records, or a reason from a closed list.
//! The invariant: aggregator and registrar decode with the same function, so they set aside the
//! same records; and what version 1 wrote decodes for ever (`tests/golden`).
//!
//! What goes to the dead letter and what stops the task is decided here: a newer schema and an
//! unreadable control record stop, because skipping either would change figures silently.

mod dead_letter;
mod event;
mod involvement;
mod key;
mod ledger;
mod outline;
mod plans;
mod undecodable;

pub use dead_letter::{DeadLetter, decode_dead_letter, encode_dead_letter};
pub use event::{decode_event, encode_control, encode_event};
pub use involvement::{read_answers, read_year, write_answers};
pub use key::{KEY_BYTES, KEY_ID, control_key, event_key};
pub use ledger::{
    LedgerOutline, LedgerRecord, decode_ledger, encode_close, encode_genesis, outline_ledger,
};
pub use plans::{
    CatalogueRecord, decode_catalogue, encode_catalogue, encode_involvement, encode_plan,
};
pub use undecodable::{DecodeError, Reason, SCHEMA_VERSION};
