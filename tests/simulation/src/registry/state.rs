//! What the registry tables of the simulation hold.

use std::collections::BTreeMap;

use medvirk_domain::ids::Pseudonym;
use medvirk_domain::time::Month;
use medvirk_store::registry::{ControlMark, LogKey};

/// Partition and offset of a record.
pub(crate) type Place = (u32, u64);

/// Every table. A repeat replaces what is there.
#[derive(Default)]
pub(crate) struct RegistryState {
    pub(crate) keys: BTreeMap<Place, LogKey>,
    /// Whose a row is, and whether it is a form of the register.
    pub(crate) rows: BTreeMap<Place, (Pseudonym, bool)>,
    pub(super) marks: BTreeMap<Place, ControlMark>,
    pub(super) closes: BTreeMap<Place, Month>,
}
