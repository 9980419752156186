//! A catalogue as it was read, before the rules have looked at it.

use std::collections::{BTreeMap, BTreeSet};

use super::contents::Catalogue;
use super::instrument::Instrument;
use super::involvement::InvolvementForm;
use super::measure::{Indicator, Measure};
use super::organisation::Organisations;
use super::outside::{Denominator, OutsideShare};
use super::problem::ElementSites;
use super::withheld::WithheldByMeasure;
use crate::ids::{CatalogueHash, InstrumentId, MeasureId};

/// A catalogue that is not yet checked.
pub(super) struct CatalogueDraft {
    pub(super) instruments: BTreeMap<(InstrumentId, u32), Instrument>,
    pub(super) measures: BTreeMap<MeasureId, Measure>,
    pub(super) indicators: Vec<Indicator>,
    pub(super) organisations: Organisations,
    pub(super) denominators: Vec<Denominator>,
    pub(super) shares: Vec<OutsideShare>,
    pub(super) involvement: Option<InvolvementForm>,
    /// True if the file of an instrument could not be read: one that is missed may be in there.
    pub(super) instrument_unread: bool,
    /// Measures that are declared sensitive.
    pub(super) sensitive: BTreeSet<MeasureId>,
    pub(super) sites: ElementSites,
}

impl CatalogueDraft {
    /// The catalogue, once the rules hold.
    pub(super) fn finish(self, hash: CatalogueHash) -> Catalogue {
        Catalogue {
            hash,
            instruments: self.instruments,
            measures: self.measures,
            indicators: self.indicators,
            organisations: self.organisations,
            denominators: self.denominators,
            shares: self.shares,
            involvement: self.involvement,
            withheld: WithheldByMeasure::default(),
            sites: self.sites,
        }
    }

    /// The instrument that a measure reads.
    pub(super) fn instrument_of(&self, measure: &Measure) -> Option<&Instrument> {
        let form = measure.population.form()?;
        let key = (form.instrument.clone(), form.version);
        self.instruments.get(&key)
    }
}
