//! The catalogue: what is measured, how, and who belongs to whom. Comes in: TOML files. Goes out:
//! a [`Catalogue`] whose every rule of the design's §4.1 has been checked. The invariant: a
//! catalogue that breaks a rule does not exist; the error names file, line and rule.

mod instrument;
mod measure;
mod organisation;

pub use instrument::{
    AlertRule, AlertWhen, Instrument, Item, Method, Scale, Score, Scored, Violation,
};
pub use measure::{
    Condition, Figure, Finest, FormRef, Identity, Indicator, IndicatorKind, Measure, Over, Parts,
    Per, Population, Target, Test, Value, Variable, VariableValue,
};
pub use organisation::{Institution, Nation, Organisations, Region, Titles, Trust, Unit};

use std::collections::BTreeMap;

use crate::ids::{CatalogueHash, InstrumentId, MeasureId};

/// Everything that is in force together.
#[derive(Debug, Clone)]
pub struct Catalogue {
    /// SHA-256 of its content, made by whoever keeps the content.
    pub hash: CatalogueHash,
    /// By id and version.
    pub instruments: BTreeMap<(InstrumentId, u32), Instrument>,
    /// By id.
    pub measures: BTreeMap<MeasureId, Measure>,
    /// By measure and then in the order of the file.
    pub indicators: Vec<Indicator>,
    /// Who belongs to whom.
    pub organisations: Organisations,
}

impl Catalogue {
    /// The instrument of that id and version.
    pub fn instrument(&self, id: &str, version: u32) -> Option<&Instrument> {
        self.instruments.get(&(id.parse().ok()?, version))
    }
}
