//! What a checked catalogue holds, and what readers may have of it. `load` makes one of files.

use std::collections::BTreeMap;

use super::instrument::Instrument;
use super::involvement::InvolvementForm;
use super::measure::{Indicator, Measure};
use super::organisation::Organisations;
use super::outside::{Denominator, OutsideShare};
use super::problem::ElementSites;
use super::withheld::WithheldByMeasure;
use crate::ids::{CatalogueHash, InstrumentId, MeasureId};
use crate::row::RowParts;

/// Everything that is in force together. Only [`Catalogue::load`] makes one.
#[derive(Debug, Clone)]
pub struct Catalogue {
    /// SHA-256 of its content, made by whoever keeps the content.
    pub hash: CatalogueHash,
    /// By id and version.
    pub instruments: BTreeMap<(InstrumentId, u32), Instrument>,
    /// Every measure by its id.
    pub measures: BTreeMap<MeasureId, Measure>,
    /// By measure and then in the order of the file.
    pub indicators: Vec<Indicator>,
    /// Who belongs to whom.
    pub organisations: Organisations,
    /// What others count; it plays no part in rows.
    pub denominators: Vec<Denominator>,
    /// The shares of it that measures show.
    pub shares: Vec<OutsideShare>,
    /// What services are asked about themselves, where they are.
    pub involvement: Option<InvolvementForm>,
    /// What readers never get of rows; empty unless the catalogue is older than the rule `apart`.
    pub(super) withheld: WithheldByMeasure,
    /// Where everything stands in the files.
    pub(super) sites: ElementSites,
}

impl Catalogue {
    /// The instrument of that id and version.
    pub fn instrument(&self, id: &str, version: u32) -> Option<&Instrument> {
        self.instruments.get(&(id.parse().ok()?, version))
    }

    /// What readers may have of a row that was released under this catalogue; `None` where that is
    /// nothing. Of a catalogue that obeys the rule `apart` it is the row as it is.
    pub fn readable(&self, row: RowParts) -> Option<RowParts> {
        self.withheld.readable(row)
    }

    /// What is withheld from readers, as MEASURE or MEASURE/VARIABLE; nothing unless the catalogue
    /// is older than the rule `apart`.
    pub fn withheld(&self) -> Vec<String> {
        self.withheld.names()
    }
}
