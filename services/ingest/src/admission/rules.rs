//! What a submission is judged by.

use medvirk_domain::catalogue::Catalogue;
use medvirk_domain::ids::{TrustId, UnitId};
use medvirk_domain::time::{Day, Month};
use medvirk_runtime::auth::TokenUnits;

use crate::code::SurveyCodes;

/// What a submission is judged by.
pub struct AdmissionRules<'a> {
    /// The catalogue in force.
    pub catalogue: &'a Catalogue,
    /// The present day in Europe/Oslo.
    pub today: Day,
    /// The first month that is not closed.
    pub present: Month,
    /// What reads and checks survey codes.
    pub codes: &'a SurveyCodes,
    /// The units that the sender may send for.
    pub units: &'a TokenUnits,
}

/// References as the clinic wrote them.
#[derive(Clone, Copy)]
pub struct WrittenReferences<'a> {
    /// The reference to the patient.
    pub patient: &'a str,
    /// The reference to the episode.
    pub episode: &'a str,
}

/// The unit and trust where it happened.
#[derive(Clone, Copy)]
pub(super) struct UnitPlace<'a> {
    pub(super) unit: &'a UnitId,
    pub(super) trust: &'a TrustId,
    pub(super) number: u32,
}
