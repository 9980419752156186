//! What can be pulled, and in which formats. Comes in: a catalogue. Goes out: the datasets that it
//! makes. The invariants: names are part of the interface; every instrument whose forms are about
//! persons has its dataset, whoever wrote it.

use std::borrow::Cow;
use std::collections::BTreeSet;

use medvirk_domain::catalogue::{Catalogue, Population};
use medvirk_domain::ids::InstrumentId;
use medvirk_store::registry::FormSource;

/// Something that can be pulled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dataset {
    /// Every variable of every form.
    Codebook,
    /// The rows of period closes.
    Indicators,
    /// The same as the national publication service takes them.
    Skde,
    /// Every instrument, as FHIR R4.
    FhirQuestionnaire,
    /// Every indicator of every row, as FHIR R4.
    FhirMeasureReport,
    /// The forms on one instrument that were sent to the register, or filled in in sessions.
    Forms(FormSource, InstrumentId),
}

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatasetFormat {
    /// Text with a separator between the fields.
    Csv,
    /// A workbook of the kind that MRS has for its codebooks.
    Xlsx,
    /// JSON, a resource a line.
    Ndjson,
    /// Columns, with the labels of codes in the metadata.
    Parquet,
    /// Text as OpenQReg dumps have it.
    Openqreg,
    /// Text as MRS dumps have it.
    Mrs,
}

/// Which instruments a source has forms of.
#[derive(Debug, Clone, Default)]
pub(crate) struct ReceivedInstruments {
    pub(crate) register: BTreeSet<String>,
    pub(crate) sessions: BTreeSet<String>,
}

/// Datasets of the register whose names are not those of their instruments: name, instrument.
const NAMED: [(&str, &str); 2] = [
    ("registry.basis", "kvarus-basis"),
    ("registry.measurement-point", "kvarus-point"),
];
const REGISTER: &str = "registry.";
const SESSIONS: &str = "feedback.";

impl Dataset {
    /// Those that every catalogue has.
    const COMMON: [Self; 5] = [
        Self::Codebook,
        Self::Indicators,
        Self::Skde,
        Self::FhirQuestionnaire,
        Self::FhirMeasureReport,
    ];

    /// All that there are: the common ones, and of each instrument what it is used for. A measure says
    /// what an instrument is used for; so do forms that were received, whatever measures say. An
    /// instrument of which neither says anything may be used for both.
    pub(crate) fn all(catalogue: &Catalogue, received: &ReceivedInstruments) -> Vec<Self> {
        let mut all = Self::COMMON.to_vec();
        let forms = Self::of_instruments(catalogue, received);
        all.extend(forms.iter().filter(|it| it.is_of_register()).cloned());
        all.extend(forms.iter().filter(|it| !it.is_of_register()).cloned());
        all
    }

    fn of_instruments(catalogue: &Catalogue, received: &ReceivedInstruments) -> Vec<Self> {
        let mut ids: Vec<_> = catalogue.instruments.keys().map(|(id, _)| id).collect();
        ids.dedup();
        let mut found = Vec::new();
        for id in ids {
            let of_id = |of: &&Population| of.form().is_some_and(|form| form.instrument == *id);
            let measures = catalogue.measures.values().map(|it| &it.population);
            let read: Vec<_> = measures.filter(of_id).collect();
            let in_session = |of: &&Population| {
                matches!(of, Population::Session(_) | Population::EpisodeClosed(_))
            };
            let unread = read.is_empty();
            if unread
                || read.iter().any(|of| of.is_of_register())
                || received.register.contains(id.as_str())
            {
                found.push(Self::Forms(FormSource::Register, id.clone()));
            }
            if unread || read.iter().any(in_session) || received.sessions.contains(id.as_str()) {
                found.push(Self::Forms(FormSource::Sessions, id.clone()));
            }
        }
        found
    }

    /// The name of the dataset in the API.
    pub fn name(&self) -> Cow<'static, str> {
        let (source, id) = match self {
            Self::Codebook => return "codebook".into(),
            Self::Indicators => return "indicators".into(),
            Self::Skde => return "skde".into(),
            Self::FhirQuestionnaire => return "fhir.questionnaire".into(),
            Self::FhirMeasureReport => return "fhir.measure-report".into(),
            Self::Forms(source, id) => (source, id),
        };
        let named = NAMED.iter().find(|(_, of)| *of == id.as_str());
        match (source, named) {
            (FormSource::Register, Some((name, _))) => (*name).into(),
            (FormSource::Register, None) => format!("{REGISTER}{id}").into(),
            (FormSource::Sessions, _) => format!("{SESSIONS}{id}").into(),
        }
    }

    /// The dataset of that name, if the catalogue makes it. An instrument has its datasets whether or
    /// not it is used so: a file may be empty.
    pub(crate) fn named(name: &str, catalogue: &Catalogue) -> Option<Self> {
        let common = Self::COMMON.into_iter().find(|it| it.name() == name);
        let named = NAMED.iter().find(|(given, _)| *given == name);
        let has = |id: &InstrumentId| catalogue.instruments.keys().any(|(it, _)| it == id);
        let of = |source, id: &str| {
            let id: InstrumentId = id.parse().ok()?;
            has(&id).then_some(Self::Forms(source, id))
        };
        common
            .or_else(|| of(FormSource::Register, named?.1))
            .or_else(|| of(FormSource::Register, name.strip_prefix(REGISTER)?))
            .or_else(|| of(FormSource::Sessions, name.strip_prefix(SESSIONS)?))
    }

    /// A word of a closed list for a dataset of that name, for metrics.
    pub(crate) fn label(name: &str) -> &'static str {
        let common = Self::COMMON.iter().map(|it| match it.name() {
            Cow::Borrowed(name) => name,
            Cow::Owned(_) => "",
        });
        let mut known = common.chain(NAMED.iter().map(|(name, _)| *name));
        match known.find(|known| *known == name) {
            Some(known) => known,
            None if name.starts_with(REGISTER) => "registry",
            None if name.starts_with(SESSIONS) => "feedback",
            None => "unknown",
        }
    }

    /// One sentence on what the dataset holds.
    pub(crate) fn about(&self, catalogue: &Catalogue) -> String {
        let (source, id) = match self {
            Self::Codebook => return "every column of every file, with ranges and codes".into(),
            Self::Indicators => {
                return "the anonymous rows of period closes, a variable a line".into();
            }
            Self::Skde => {
                return "the indicators as the national publication service takes them".into();
            }
            Self::FhirQuestionnaire => return "every form as a FHIR R4 Questionnaire".into(),
            Self::FhirMeasureReport => {
                return "every row and indicator as a FHIR R4 MeasureReport, summary".into();
            }
            Self::Forms(source, id) => (source, id),
        };
        let newest = crate::content::versions(catalogue, id.as_str());
        let titles = newest.first().map(|it| &it.title);
        let title = titles.and_then(|it| it.get("en").or_else(|| it.values().next()));
        let title = title.map_or(id.as_str(), String::as_str);
        match source {
            FormSource::Register => {
                format!("{title}: what was sent to the register, a form a line")
            }
            FormSource::Sessions => format!("{title}: the forms of sessions, a form a line"),
        }
    }

    /// Its formats, the usual one first.
    pub const fn formats(&self) -> &'static [DatasetFormat] {
        match self {
            Self::Codebook => &[DatasetFormat::Csv, DatasetFormat::Xlsx],
            Self::Indicators => &[DatasetFormat::Csv, DatasetFormat::Parquet],
            Self::Skde => &[DatasetFormat::Csv],
            Self::FhirQuestionnaire | Self::FhirMeasureReport => &[DatasetFormat::Ndjson],
            Self::Forms(..) => &[
                DatasetFormat::Openqreg,
                DatasetFormat::Mrs,
                DatasetFormat::Parquet,
            ],
        }
    }

    /// The instrument of a dataset of forms, and where they were sent to.
    pub const fn forms(&self) -> Option<(FormSource, &InstrumentId)> {
        match self {
            Self::Forms(source, id) => Some((*source, id)),
            _ => None,
        }
    }

    const fn is_of_register(&self) -> bool {
        matches!(self, Self::Forms(FormSource::Register, _))
    }
}

impl DatasetFormat {
    /// The name of the format in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Ndjson => "ndjson",
            Self::Parquet => "parquet",
            Self::Openqreg => "openqreg",
            Self::Mrs => "mrs",
        }
    }

    /// What a file's name ends in.
    pub(crate) const fn ending(self) -> &'static str {
        match self {
            Self::Csv | Self::Openqreg | Self::Mrs => "csv",
            Self::Xlsx => "xlsx",
            Self::Ndjson => "ndjson",
            Self::Parquet => "parquet",
        }
    }
}

#[cfg(test)]
mod tests {
    use medvirk_domain::catalogue::{CatalogueLimits, shipped};
    use medvirk_domain::ids::CatalogueHash;

    use super::*;

    fn catalogue() -> Catalogue {
        Catalogue::load(
            &shipped(),
            CatalogueHash::new([0; 32]),
            CatalogueLimits::default(),
        )
        .unwrap()
    }

    fn names(received: &ReceivedInstruments) -> Vec<String> {
        let all = Dataset::all(&catalogue(), received);
        all.iter().map(|it| it.name().into_owned()).collect()
    }

    #[test]
    fn every_instrument_that_is_about_persons_has_its_dataset() {
        let names = names(&ReceivedInstruments::default());
        for wanted in [
            "registry.basis",
            "registry.measurement-point",
            "registry.lar-status",
            "feedback.fit-ors",
            "feedback.fit-srs",
            "feedback.fit-expected",
            "feedback.norse-3",
            "feedback.bdi-total",
        ] {
            assert!(names.contains(&wanted.to_owned()), "{wanted}: {names:?}");
        }
        // A survey has no person.
        assert!(!names.iter().any(|name| name.ends_with(".kem")));
        assert!(!names.contains(&"registry.fit-ors".to_owned()));
        let mut once = names.clone();
        once.sort();
        once.dedup();
        assert_eq!(once.len(), names.len());
    }

    #[test]
    fn what_was_received_has_a_dataset_whatever_measures_read() {
        let received = ReceivedInstruments {
            register: ["fit-ors".to_owned()].into(),
            sessions: ["kvarus-point".to_owned()].into(),
        };
        let names = names(&received);
        assert!(names.contains(&"registry.fit-ors".to_owned()));
        assert!(names.contains(&"feedback.kvarus-point".to_owned()));
    }

    #[test]
    fn a_name_leads_to_its_dataset() {
        let catalogue = catalogue();
        for dataset in Dataset::all(&catalogue, &ReceivedInstruments::default()) {
            assert_eq!(Dataset::named(&dataset.name(), &catalogue), Some(dataset));
        }
        let basis = Dataset::named("registry.kvarus-basis", &catalogue);
        assert_eq!(basis.unwrap().name(), "registry.basis");
        for unknown in ["", "registry.", "feedback.none", "registry.NONE", "fit-ors"] {
            assert_eq!(Dataset::named(unknown, &catalogue), None, "{unknown}");
        }
        assert_eq!(Dataset::label("feedback.anything"), "feedback");
        assert_eq!(Dataset::label("registry.basis"), "registry.basis");
        assert_eq!(Dataset::label("x"), "unknown");
    }
}
