//! The columns that every form has, with their names on each platform.

use medvirk_store::registry::FormSource;

use super::{Banding, LayoutOf};
use crate::dataset::Format;
use crate::table::{Column, Kind};

/// Where a cell comes from.
#[derive(Clone, Copy)]
pub(super) enum Source {
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
    Band(usize, Banding),
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

impl Source {
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
enum In {
    All,
    Fine,
    Coarse,
    Sessions,
    /// Of instruments that know age bands, in sessions.
    SessionsWithAges,
}

/// A column that every form has.
pub(super) struct Standard {
    openqreg: &'static str,
    /// Empty where MRS has none.
    mrs: &'static str,
    kind: Kind,
    source: Source,
    label: &'static str,
    explanation: &'static str,
    within: In,
}

impl Standard {
    const fn new(
        names: [&'static str; 2],
        kind: Kind,
        source: Source,
        label: &'static str,
    ) -> Self {
        Self {
            openqreg: names[0],
            mrs: names[1],
            kind,
            source,
            label,
            explanation: "",
            within: In::All,
        }
    }

    const fn within(mut self, within: In) -> Self {
        self.within = within;
        self
    }

    const fn explained(mut self, explanation: &'static str) -> Self {
        self.explanation = explanation;
        self
    }

    pub(super) const fn source(&self) -> Source {
        self.source
    }

    const fn name(&self, format: Format) -> &'static str {
        match format {
            Format::Mrs | Format::Xlsx => self.mrs,
            _ => self.openqreg,
        }
    }

    /// The column as the format of a layout names it.
    pub(super) fn column(&self, of: LayoutOf) -> Column {
        let column = Column::new(self.name(of.format), self.kind, self.label);
        let mut column = column.explained(self.explanation);
        let details = &mut column.details;
        details.required = matches!(
            self.source,
            Source::Person | Source::Episode | Source::Form | Source::Day | Source::Month
        ) || (matches!(self.source, Source::Unit) && !of.coarse);
        // A session may have two forms of different respondents, sent at once.
        let one_form = of.source == FormSource::Register;
        details.unique = one_form && matches!(self.source, Source::Form);
        column
    }
}

const RESPONDENTS: &str = "self: pasienten; caretaker: pårørende; other: andre; \
    group-member: pasienten som medlem av en gruppe";
const BEFORE: [Standard; 15] = [
    Standard::new(
        ["mceid", "ForlopGUID"],
        Kind::Text,
        Source::Episode,
        "Forløp, pseudonym",
    ),
    Standard::new(
        ["patient_id", "PasientGUID"],
        Kind::Text,
        Source::Person,
        "Pasient, pseudonym",
    )
    .explained("Det samme i alle filer fra denne installasjonen"),
    Standard::new(
        ["form_id", "SkjemaGUID"],
        Kind::Text,
        Source::Form,
        "Innsendingens id",
    )
    .within(In::Fine),
    Standard::new(
        ["centreid", "AvdRESH"],
        Kind::Text,
        Source::Resh,
        "Enhetens RESH-nummer",
    ),
    Standard::new(["unit", "EnhetId"], Kind::Text, Source::Unit, "Enhet"),
    Standard::new(
        ["unit_title", "db_unit_title"],
        Kind::Text,
        Source::UnitTitle,
        "Enhetens navn",
    ),
    Standard::new(["region", "RegionId"], Kind::Text, Source::Region, "Region")
        .within(In::Coarse)
        .explained("Enheten er tom der færre enn fem personer er like"),
    Standard::new(
        ["region_title", "Region"],
        Kind::Text,
        Source::RegionTitle,
        "Regionens navn",
    )
    .within(In::Coarse),
    Standard::new(
        ["form_date", "SkjemaDato"],
        Kind::Day,
        Source::Day,
        "Dagen skjemaet gjelder",
    )
    .within(In::Fine),
    Standard::new(
        ["form_month", "SkjemaMaaned"],
        Kind::Text,
        Source::Month,
        "Måneden skjemaet gjelder",
    )
    .within(In::Coarse)
    .explained("ÅÅÅÅ-MM"),
    Standard::new(
        ["form_status", ""],
        Kind::Integer,
        Source::Final,
        "Skjemastatus",
    )
    .explained("1 er ferdigstilt; andre skjema er ikke i filen"),
    Standard::new(
        ["form_version", "SkjemaVersjon"],
        Kind::Integer,
        Source::Version,
        "Skjemaets versjon",
    ),
    Standard::new(
        ["session_number", "SamtaleNummer"],
        Kind::Integer,
        Source::Session,
        "Samtalens nummer",
    )
    .within(In::Sessions),
    Standard::new(
        ["respondent", "Respondent"],
        Kind::Text,
        Source::Respondent,
        "Hvem som svarte",
    )
    .explained(RESPONDENTS),
    Standard::new(
        ["age_band", "Aldersgruppe"],
        Kind::Text,
        Source::AgeBand,
        "Aldersgruppe, der den er sagt",
    )
    .within(In::SessionsWithAges)
    .explained("child: 6 til 12 år; adolescent: 13 til 17 år; adult: 18 år og eldre"),
];

const AFTER: [Standard; 6] = [
    Standard::new(
        ["tsupdated", "SistLagretDato"],
        Kind::Time,
        Source::Taken,
        "Sist lagret",
    )
    .within(In::Fine)
    .explained("Da systemet tok imot skjemaet, norsk tid (UTC i Parquet)"),
    Standard::new(["updatedby", ""], Kind::Text, Source::Nobody, "Lagret av")
        .explained("Utleveres ikke; alltid tom"),
    Standard::new(
        ["first_time_closed", "FerdigstiltDato"],
        Kind::Time,
        Source::Taken,
        "Ferdigstilt første gang",
    )
    .within(In::Fine)
    .explained("Det samme som sist lagret"),
    Standard::new(
        ["first_time_closed_by", ""],
        Kind::Text,
        Source::Nobody,
        "Ferdigstilt av",
    )
    .explained("Utleveres ikke; alltid tom"),
    Standard::new(
        ["tscreated", "OpprettetDato"],
        Kind::Time,
        Source::Taken,
        "Opprettet",
    )
    .within(In::Fine)
    .explained("Det samme som sist lagret"),
    Standard::new(
        ["createdby", ""],
        Kind::Text,
        Source::Nobody,
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
pub(super) fn before(of: LayoutOf, ages: bool) -> impl Iterator<Item = &'static Standard> {
    const TABLE: &[Standard] = &BEFORE;
    TABLE.iter().filter(move |it| is_there(it, of, ages))
}

/// Those that stand behind them.
pub(super) fn after(of: LayoutOf) -> impl Iterator<Item = &'static Standard> {
    const TABLE: &[Standard] = &AFTER;
    TABLE.iter().filter(move |it| is_there(it, of, false))
}

fn is_there(standard: &Standard, of: LayoutOf, ages: bool) -> bool {
    let sessions = of.source == FormSource::Sessions;
    let within = match standard.within {
        In::All => true,
        In::Fine => !of.coarse,
        In::Coarse => of.coarse,
        // How often somebody came is known to others.
        In::Sessions => sessions && !of.coarse,
        In::SessionsWithAges => sessions && ages,
    };
    within && !standard.name(of.format).is_empty()
}
