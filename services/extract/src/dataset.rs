//! What can be pulled, and in which formats. The invariant: names are part of the interface.

/// Something that can be pulled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    /// The register's form at the beginning of a course.
    RegistryBasis,
    /// The register's measurement points.
    RegistryMeasurementPoint,
}

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Text with separators.
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

impl Dataset {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Codebook,
        Self::Indicators,
        Self::Skde,
        Self::RegistryBasis,
        Self::RegistryMeasurementPoint,
        Self::FhirQuestionnaire,
        Self::FhirMeasureReport,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Codebook => "codebook",
            Self::Indicators => "indicators",
            Self::Skde => "skde",
            Self::FhirQuestionnaire => "fhir.questionnaire",
            Self::FhirMeasureReport => "fhir.measure-report",
            Self::RegistryBasis => "registry.basis",
            Self::RegistryMeasurementPoint => "registry.measurement-point",
        }
    }

    /// The dataset of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dataset| dataset.name() == name)
    }

    /// What it holds.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Codebook => "every variable of every form, with ranges and codes",
            Self::Indicators => "the anonymous rows of period closes, a variable a line",
            Self::Skde => "the indicators as the national publication service takes them",
            Self::FhirQuestionnaire => "every form as a FHIR R4 Questionnaire",
            Self::FhirMeasureReport => {
                "every row and indicator as a FHIR R4 MeasureReport, summary"
            }
            Self::RegistryBasis => "the register's basic information, a form a line",
            Self::RegistryMeasurementPoint => "the register's measurement points, a form a line",
        }
    }

    /// Its formats, the usual one first.
    pub const fn formats(self) -> &'static [Format] {
        match self {
            Self::Codebook => &[Format::Csv, Format::Xlsx],
            Self::Indicators => &[Format::Csv, Format::Parquet],
            Self::Skde => &[Format::Csv],
            Self::FhirQuestionnaire | Self::FhirMeasureReport => &[Format::Ndjson],
            Self::RegistryBasis | Self::RegistryMeasurementPoint => {
                &[Format::Openqreg, Format::Mrs, Format::Parquet]
            }
        }
    }

    /// The instrument of a form of the register.
    pub const fn instrument(self) -> Option<&'static str> {
        match self {
            Self::RegistryBasis => Some("kvarus-basis"),
            Self::RegistryMeasurementPoint => Some("kvarus-point"),
            _ => None,
        }
    }

    /// The items that, with the unit, might tell who somebody is. Where there are none, the unit and
    /// the month of a form are looked at.
    pub const fn quasi_identifiers(self) -> &'static [&'static str] {
        match self {
            Self::RegistryBasis => &["sex", "age"],
            _ => &[],
        }
    }
}

impl Format {
    /// Its name.
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
