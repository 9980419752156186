//! registry
pub(crate) const MIGRATIONS: &[crate::migration::Migration] = &[];
/// x
pub struct RegistryBatch;
/// x
pub struct RegistryReader;
/// x
pub struct RegistryWriter;
