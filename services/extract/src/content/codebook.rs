//! The codebook. Comes in: a catalogue, and which datasets there are. Goes out: every column of every
//! file, in the canonical form of 23 columns. The invariants: a column is named and typed as in its
//! file, because both come from the same layout; no wording of an item, since there is none.

use medvirk_domain::catalogue::Catalogue;
use medvirk_domain::fixed::FixedPoint;
use medvirk_domain::ids::InstrumentId;
use medvirk_store::registry::FormSource;

use super::forms::FormLayout;
use super::layout_of::LayoutOf;
use super::{name, text, versions};
use crate::dataset::{Dataset, DatasetFormat};
use crate::table::{CellKind, CodedLabel, DatasetColumn, TableCell};

/// The canonical columns of a codebook, in their order; the importer of registers reads the same.
pub const COLUMNS: [&str; 23] = [
    "skjema_id",
    "skjemanamn",
    "kategori",
    "innleiing",
    "variabel_id",
    "variabeletikett",
    "forklaring",
    "variabeltype",
    "eining",
    "unik",
    "obligatorisk",
    "verdi",
    "verditekst",
    "manglande",
    "desimalar",
    "min",
    "maks",
    "min_rimeleg",
    "maks_rimeleg",
    "kommentar_rimeleg",
    "utrekningsformel",
    "logikk",
    "kommentar",
];

/// A form, or another file.
pub(crate) struct FormBook {
    /// Its id, as a name.
    pub(crate) id: String,
    pub(crate) title: String,
    /// The columns of its files, in their order.
    pub(crate) columns: Vec<DatasetColumn>,
}

/// What a variable is, in the words of codebooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VariableKind {
    Number,
    Category,
    Boolean,
    Day,
    Time,
    Computed,
    Text,
}

/// Every file that has columns: those of forms by their datasets, then the rows of period closes. An
/// instrument that has no dataset, as a survey's, is described by its items and scores. The names of
/// columns are those of the format: MRS' in its workbook, else OpenQReg's, which Parquet has too.
pub(crate) fn forms(catalogue: &Catalogue, datasets: &[Dataset], of: BookOf) -> Vec<FormBook> {
    let mut found = Vec::new();
    for dataset in datasets {
        if let Some((source, id)) = dataset.forms() {
            found.push(form(catalogue, source, id, of));
        }
    }
    let mut ids: Vec<_> = catalogue.instruments.keys().map(|(id, _)| id).collect();
    ids.dedup();
    let has = |id: &InstrumentId| {
        datasets
            .iter()
            .any(|it| matches!(it.forms(), Some((_, of)) if of == id))
    };
    for id in ids.into_iter().filter(|id| !has(id)) {
        found.push(answered(catalogue, id, of));
    }
    found.push(FormBook {
        id: name(&Dataset::Indicators.name()),
        title: "Rader ved periodeavslutning".to_owned(),
        columns: super::rows::columns(),
    });
    found.push(FormBook {
        id: name(&Dataset::Skde.name()),
        title: "Indikatorer for nasjonal publisering".to_owned(),
        columns: super::skde::columns(),
    });
    found
}

/// What a codebook is of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BookOf {
    /// The format of the files that it describes.
    pub(crate) format: DatasetFormat,
    /// It is of coarse files.
    pub(crate) coarse: bool,
}

fn form(catalogue: &Catalogue, source: FormSource, id: &InstrumentId, of: BookOf) -> FormBook {
    let versions = versions(catalogue, id.as_str());
    let layout = LayoutOf {
        source,
        format: of.format,
        coarse: of.coarse,
    };
    let title = versions.first().map_or("", |newest| text(&newest.title));
    let (id, title) = match source {
        FormSource::Register => (name(id.as_str()), title.to_owned()),
        FormSource::Sessions => (
            name(&Dataset::Forms(source, id.clone()).name()),
            format!("{title} (samtaler)"),
        ),
    };
    FormBook {
        id,
        title,
        columns: FormLayout::new(&versions, layout, &catalogue.organisations).into_columns(),
    }
}

/// The items and scores of an instrument, as a file of sessions would have them.
fn answered(catalogue: &Catalogue, id: &InstrumentId, of: BookOf) -> FormBook {
    let versions = versions(catalogue, id.as_str());
    let layout = LayoutOf {
        source: FormSource::Sessions,
        format: of.format,
        coarse: of.coarse,
    };
    let title = versions.first().map_or("", |newest| text(&newest.title));
    let layout = FormLayout::new(&versions, layout, &catalogue.organisations);
    FormBook {
        id: name(id.as_str()),
        title: title.to_owned(),
        columns: layout.into_answers(),
    }
}

impl DatasetColumn {
    /// What it is in a codebook.
    pub(crate) const fn variable_kind(&self) -> VariableKind {
        match self.kind {
            CellKind::Integer | CellKind::Decimal if self.details.computed => {
                VariableKind::Computed
            }
            _ if self.details.coded => VariableKind::Category,
            CellKind::Text => VariableKind::Text,
            CellKind::Integer | CellKind::Decimal => VariableKind::Number,
            CellKind::Boolean => VariableKind::Boolean,
            CellKind::Day => VariableKind::Day,
            CellKind::Time => VariableKind::Time,
        }
    }

    /// The codes that a codebook lists: those of a variable that has nothing else.
    pub(crate) fn listed_codes(&self) -> &[CodedLabel] {
        match self.variable_kind() {
            VariableKind::Category => &self.codes,
            _ => &[],
        }
    }
}

impl VariableKind {
    /// In the canonical codebook.
    pub(crate) const fn canonical(self) -> &'static str {
        match self {
            Self::Number => "numerisk",
            Self::Category => "kategorisk",
            Self::Boolean => "boolsk",
            Self::Day => "dato",
            Self::Time => "dato_kl",
            Self::Computed => "utrekna",
            Self::Text => "tekst",
        }
    }

    /// In the one of MRS.
    pub(crate) const fn mrs(self) -> &'static str {
        match self {
            Self::Number | Self::Computed => "Tallvariabel",
            Self::Category => "Listevariabel",
            Self::Boolean => "Avkrysningsboks",
            Self::Day | Self::Time => "Datovariabel",
            Self::Text => "Tekstvariabel",
        }
    }
}

/// The canonical columns of a codebook.
pub(crate) fn columns() -> Vec<DatasetColumn> {
    let column = |name: &&str| DatasetColumn::new(*name, CellKind::Text, *name);
    COLUMNS.iter().map(column).collect()
}

/// The canonical lines: one a variable, or one a code.
pub(crate) fn lines(forms: &[FormBook]) -> Vec<Vec<TableCell>> {
    let mut lines = Vec::new();
    for form in forms {
        for column in &form.columns {
            let codes = column.listed_codes();
            if codes.is_empty() {
                lines.push(line(form, column, None));
            }
            lines.extend(codes.iter().map(|code| line(form, column, Some(code))));
        }
    }
    lines
}

fn line(form: &FormBook, column: &DatasetColumn, code: Option<&CodedLabel>) -> Vec<TableCell> {
    let yes = |yes: bool| TableCell::text(if yes { "ja" } else { "nei" });
    let text = |text: &str| match text {
        "" => TableCell::Missing,
        text => TableCell::text(text),
    };
    let number = |number: Option<FixedPoint>| number.map_or(TableCell::Missing, TableCell::Number);
    let details = &column.details;
    let is_number = column.variable_kind() == VariableKind::Number;
    let decimals = details.decimals.filter(|_| is_number).map(u64::from);
    let blank = || TableCell::Missing;
    vec![
        text(&form.id),
        text(&form.title),
        blank(),
        blank(),
        text(&column.name),
        text(&column.label),
        text(&details.explanation),
        text(column.variable_kind().canonical()),
        blank(),
        yes(details.unique),
        yes(details.required),
        number(code.map(|code| code.value)),
        code.map_or(TableCell::Missing, |code| text(&code.label)),
        code.map_or(TableCell::Missing, |code| yes(code.missing)),
        decimals.map_or(TableCell::Missing, TableCell::whole),
        number(details.range.map(|range| range.0)),
        number(details.range.map(|range| range.1)),
        blank(),
        blank(),
        blank(),
        text(&details.formula),
        text(&details.logic),
        blank(),
    ]
}

#[cfg(test)]
mod tests;
