//! The columns that every form has, with their names on each platform.

use medvirk_store::registry::FormSource;

use super::super::groups::ValueBanding;
use super::super::layout_of::LayoutOf;
use crate::dataset::DatasetFormat;
use crate::table::{CellKind, DatasetColumn};

/// Where a cell comes from.
#[derive(Clone, Copy)]
pub(super) enum CellSource {
    Person,
    Episode,
    Form,
    Resh,
    Unit,
    UnitTitle,
    Region,
    RegionTitle,
    Day,
    Month,
    Session,
    Respondent,
    AgeBand,
    /// Every form that is there is final.
    Final,
    Version,
    /// Place of the item, and whether it is a yes or no.
    Item(usize, bool),
    /// Place of the item, of whose value the band is given.
    Band(usize, ValueBanding),
    Total,
    /// Place of the scale.
    Score(usize),
    /// Place of the scale.
    Basis(usize),
    /// Place of the item among those that have reasons.
    Reason(usize),
    Taken,
    /// The value is not given out.
    Nobody,
}

impl CellSource {
    /// True for what an instrument has, and not every form.
    pub(super) const fn is_answer(self) -> bool {
        matches!(
            self,
            Self::Item(..)
                | Self::Band(..)
                | Self::Total
                | Self::Score(_)
                | Self::Basis(_)
                | Self::Reason(_)
        )
    }
}

/// In which files a column is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ColumnScope {
    All,
    Fine,
    Coarse,
    Sessions,
    /// Of instruments that know age bands, in sessions.
    SessionsWithAges,
}

/// A column that every form has.
pub(super) struct StandardColumn {
    openqreg: &'static str,
    /// Empty where MRS has none.
    mrs: &'static str,
    kind: CellKind,
    source: CellSource,
    label: &'static str,
    explanation: &'static str,
    within: ColumnScope,
}

impl StandardColumn {
    const fn new(
        names: [&'static str; 2],
        kind: CellKind,
        source: CellSource,
        label: &'static str,
    ) -> Self {
        Self {
            openqreg: names[0],
            mrs: names[1],
            kind,
            source,
            label,
            explanation: "",
            within: ColumnScope::All,
        }
    }

    const fn within(mut self, within: ColumnScope) -> Self {
        self.within = within;
        self
    }

    const fn explained(mut self, explanation: &'static str) -> Self {
        self.explanation = explanation;
        self
    }

    pub(super) const fn source(&self) -> CellSource {
        self.source
    }

    const fn name(&self, format: DatasetFormat) -> &'static str {
        match format {
            DatasetFormat::Mrs | DatasetFormat::Xlsx => self.mrs,
            _ => self.openqreg,
        }
    }

    /// The column as the format of a layout names it.
    pub(super) fn column(&self, of: LayoutOf) -> DatasetColumn {
        let column = DatasetColumn::new(self.name(of.format), self.kind, self.label);
        let mut column = column.explained(self.explanation);
        let details = &mut column.details;
        details.required = matches!(
            self.source,
            CellSource::Person
                | CellSource::Episode
                | CellSource::Form
                | CellSource::Day
                | CellSource::Month
        ) || (matches!(self.source, CellSource::Unit) && !of.coarse);
        // A session may have two forms of different respondents, sent at once.
        let one_form = of.source == FormSource::Register;
        details.unique = one_form && matches!(self.source, CellSource::Form);
        column
    }
}

const RESPONDENTS: &str = "self: pasienten; caretaker: pårørende; other: andre; \
    group-member: pasienten som medlem av en gruppe";
const BEFORE: [StandardColumn; 15] = [
    StandardColumn::new(
        ["mceid", "ForlopGUID"],
        CellKind::Text,
        CellSource::Episode,
        "Forløp, pseudonym",
    ),
    StandardColumn::new(
        ["patient_id", "PasientGUID"],
        CellKind::Text,
        CellSource::Person,
        "Pasient, pseudonym",
    )
    .explained("Det samme i alle filer fra denne installasjonen"),
    StandardColumn::new(
        ["form_id", "SkjemaGUID"],
        CellKind::Text,
        CellSource::Form,
        "Innsendingens id",
    )
    .within(ColumnScope::Fine),
    StandardColumn::new(
        ["centreid", "AvdRESH"],
        CellKind::Text,
        CellSource::Resh,
        "Enhetens RESH-nummer",
    ),
    StandardColumn::new(
        ["unit", "EnhetId"],
        CellKind::Text,
        CellSource::Unit,
        "Enhet",
    ),
    StandardColumn::new(
        ["unit_title", "db_unit_title"],
        CellKind::Text,
        CellSource::UnitTitle,
        "Enhetens navn",
    ),
    StandardColumn::new(
        ["region", "RegionId"],
        CellKind::Text,
        CellSource::Region,
        "Region",
    )
    .within(ColumnScope::Coarse)
    .explained("Enheten er tom der færre enn fem personer er like"),
    StandardColumn::new(
        ["region_title", "Region"],
        CellKind::Text,
        CellSource::RegionTitle,
        "Regionens navn",
    )
    .within(ColumnScope::Coarse),
    StandardColumn::new(
        ["form_date", "SkjemaDato"],
        CellKind::Day,
        CellSource::Day,
        "Dagen skjemaet gjelder",
    )
    .within(ColumnScope::Fine),
    StandardColumn::new(
        ["form_month", "SkjemaMaaned"],
        CellKind::Text,
        CellSource::Month,
        "Måneden skjemaet gjelder",
    )
    .within(ColumnScope::Coarse)
    .explained("ÅÅÅÅ-MM"),
    StandardColumn::new(
        ["form_status", ""],
        CellKind::Integer,
        CellSource::Final,
        "Skjemastatus",
    )
    .explained("1 er ferdigstilt; andre skjema er ikke i filen"),
    StandardColumn::new(
        ["form_version", "SkjemaVersjon"],
        CellKind::Integer,
        CellSource::Version,
        "Skjemaets versjon",
    ),
    StandardColumn::new(
        ["session_number", "SamtaleNummer"],
        CellKind::Integer,
        CellSource::Session,
        "Samtalens nummer",
    )
    .within(ColumnScope::Sessions),
    StandardColumn::new(
        ["respondent", "Respondent"],
        CellKind::Text,
        CellSource::Respondent,
        "Hvem som svarte",
    )
    .explained(RESPONDENTS),
    StandardColumn::new(
        ["age_band", "Aldersgruppe"],
        CellKind::Text,
        CellSource::AgeBand,
        "Aldersgruppe, der den er sagt",
    )
    .within(ColumnScope::SessionsWithAges)
    .explained("child: 6 til 12 år; adolescent: 13 til 17 år; adult: 18 år og eldre"),
];

const AFTER: [StandardColumn; 6] = [
    StandardColumn::new(
        ["tsupdated", "SistLagretDato"],
        CellKind::Time,
        CellSource::Taken,
        "Sist lagret",
    )
    .within(ColumnScope::Fine)
    .explained("Da systemet tok imot skjemaet, norsk tid (UTC i Parquet)"),
    StandardColumn::new(
        ["updatedby", ""],
        CellKind::Text,
        CellSource::Nobody,
        "Lagret av",
    )
    .explained("Utleveres ikke; alltid tom"),
    StandardColumn::new(
        ["first_time_closed", "FerdigstiltDato"],
        CellKind::Time,
        CellSource::Taken,
        "Ferdigstilt første gang",
    )
    .within(ColumnScope::Fine)
    .explained("Det samme som sist lagret"),
    StandardColumn::new(
        ["first_time_closed_by", ""],
        CellKind::Text,
        CellSource::Nobody,
        "Ferdigstilt av",
    )
    .explained("Utleveres ikke; alltid tom"),
    StandardColumn::new(
        ["tscreated", "OpprettetDato"],
        CellKind::Time,
        CellSource::Taken,
        "Opprettet",
    )
    .within(ColumnScope::Fine)
    .explained("Det samme som sist lagret"),
    StandardColumn::new(
        ["createdby", ""],
        CellKind::Text,
        CellSource::Nobody,
        "Opprettet av",
    )
    .explained("Utleveres ikke; alltid tom"),
];

/// The name of the column of a total that is sent alone.
pub(super) const TOTAL: &str = "total";

/// Every name of every platform.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    let all = BEFORE.iter().chain(&AFTER);
    all.flat_map(|it| [it.openqreg, it.mrs])
        .filter(|name| !name.is_empty())
        .chain([TOTAL])
}

/// Those that stand before the items; `ages` where the instrument knows age bands.
pub(super) fn before(of: LayoutOf, ages: bool) -> impl Iterator<Item = &'static StandardColumn> {
    const TABLE: &[StandardColumn] = &BEFORE;
    TABLE.iter().filter(move |it| is_there(it, of, ages))
}

/// Those that stand behind them.
pub(super) fn after(of: LayoutOf) -> impl Iterator<Item = &'static StandardColumn> {
    const TABLE: &[StandardColumn] = &AFTER;
    TABLE.iter().filter(move |it| is_there(it, of, false))
}

fn is_there(standard: &StandardColumn, of: LayoutOf, ages: bool) -> bool {
    let sessions = of.source == FormSource::Sessions;
    let within = match standard.within {
        ColumnScope::All => true,
        ColumnScope::Fine => !of.coarse,
        ColumnScope::Coarse => of.coarse,
        // How often somebody came is known to others.
        ColumnScope::Sessions => sessions && !of.coarse,
        ColumnScope::SessionsWithAges => sessions && ages,
    };
    within && !standard.name(of.format).is_empty()
}
