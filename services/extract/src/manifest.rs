//! The manifest: what a file is, for whoever has it years later. Comes in: what was pulled. Goes out:
//! a JSON object, to which the client adds the file's own size and checksum. The invariant: nothing in
//! it is a sum over persons but how large groups are in a file that has the persons themselves.

use std::borrow::Cow;

use medvirk_domain::catalogue::Catalogue;
use serde::Serialize;

use crate::content::groups::GroupSizes;
use crate::content::skde::OmittedFigure;
use crate::content::versions;
use crate::dataset::Dataset;

/// All local times in files.
const TIME_ZONE: &str = "Europe/Oslo";

/// What a file is.
#[derive(Debug, Serialize)]
pub(crate) struct DatasetManifest<'a> {
    pub(crate) dataset: Cow<'static, str>,
    pub(crate) about: String,
    pub(crate) format: &'static str,
    /// Months, bands and regions instead of days, ages and units.
    pub(crate) coarse: bool,
    pub(crate) pull: &'a str,
    /// When its snapshot was taken; RFC 3339.
    pub(crate) taken_at: String,
    pub(crate) who: &'a str,
    pub(crate) purpose: &'a str,
    pub(crate) period: ManifestPeriod,
    pub(crate) time_zone: &'static str,
    /// Units that the token is for; "*" for every one.
    pub(crate) units: Vec<String>,
    /// SHA-256 of the catalogue that says what the columns are.
    pub(crate) catalogue: String,
    pub(crate) instruments: Vec<ManifestInstrument<'a>>,
    /// Of a form of the register: how many there were when the snapshot was taken, and still are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rows: Option<u64>,
    pub(crate) chunks: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) k_anonymity: Option<AnonymitySummary>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) left_out: Vec<OmittedFigure>,
    pub(crate) program: &'static str,
}

/// The months that were asked for, none for all; of a file for the publication service those that
/// its lines are of.
#[derive(Debug, Serialize)]
pub(crate) struct ManifestPeriod {
    pub(crate) from: Option<String>,
    pub(crate) to: Option<String>,
}

/// An instrument whose items are columns.
#[derive(Debug, Serialize)]
pub(crate) struct ManifestInstrument<'a> {
    id: &'a str,
    version: u32,
}

/// How many persons share what others may know of them.
#[derive(Debug, Serialize)]
pub(crate) struct AnonymitySummary {
    quasi_identifiers: Vec<String>,
    groups: GroupSizeCounts,
    /// How many persons there are in the smallest group; none in a file without rows.
    smallest_group: Option<u64>,
}

/// How many groups there are, by how many persons share all of it.
#[derive(Debug, Serialize)]
struct GroupSizeCounts {
    of_1: u64,
    of_2_to_4: u64,
    of_5_or_more: u64,
}

impl AnonymitySummary {
    pub(crate) const fn of(quasi_identifiers: Vec<String>, sizes: GroupSizes) -> Self {
        Self {
            quasi_identifiers,
            groups: GroupSizeCounts {
                of_1: sizes.one,
                of_2_to_4: sizes.few,
                of_5_or_more: sizes.enough,
            },
            smallest_group: sizes.smallest,
        }
    }
}

impl DatasetManifest<'_> {
    pub(crate) const TIME_ZONE: &'static str = TIME_ZONE;
    pub(crate) const PROGRAM: &'static str = concat!("medvirk ", env!("CARGO_PKG_VERSION"));

    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("texts, numbers and lists can be written as JSON")
    }
}

/// The instruments of a dataset.
pub(crate) fn instruments<'a>(
    catalogue: &'a Catalogue,
    dataset: &Dataset,
) -> Vec<ManifestInstrument<'a>> {
    let all = match dataset {
        Dataset::Forms(_, id) => versions(catalogue, id.as_str()),
        Dataset::Codebook | Dataset::FhirQuestionnaire => catalogue.instruments.values().collect(),
        Dataset::Indicators | Dataset::Skde | Dataset::FhirMeasureReport => Vec::new(),
    };
    let mut found = Vec::new();
    for instrument in all {
        found.push(ManifestInstrument {
            id: instrument.id.as_str(),
            version: instrument.version,
        });
    }
    found
}
