//! The codebook. Comes in: a catalogue. Goes out: every variable of every form, in the canonical form
//! of 23 columns. The invariants: a variable of the register's forms is named and typed as in their
//! files, because both come from the same column; no wording of an item, since there is none.

use medvirk_domain::catalogue::{Catalogue, Instrument, Item, Method, Scale};
use medvirk_domain::fixed::Fixed;

use super::forms::Layout;
use super::{column_of, decimals, is_coded, name, text, versions};
use crate::dataset::{Dataset, Format};
use crate::table::{Cell, Code, Column, Kind};

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

/// A form.
pub(crate) struct FormBook {
    /// Its id, as a name.
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) variables: Vec<Variable>,
}

/// A variable of a form.
pub(crate) struct Variable {
    pub(crate) name: String,
    pub(crate) label: String,
    pub(crate) kind: VariableKind,
    pub(crate) required: bool,
    pub(crate) unique: bool,
    pub(crate) codes: Vec<Code>,
    pub(crate) decimals: Option<u32>,
    pub(crate) range: Option<(Fixed, Fixed)>,
    /// How it is computed.
    pub(crate) formula: String,
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

/// Every form in its newest version, by id.
pub(crate) fn forms(catalogue: &Catalogue) -> Vec<FormBook> {
    let mut ids: Vec<_> = catalogue.instruments.keys().map(|(id, _)| id).collect();
    ids.dedup();
    let newest = |id: &str| versions(catalogue, id).first().copied();
    let all = ids.into_iter().filter_map(|id| newest(id.as_str()));
    all.map(|instrument| form(catalogue, instrument)).collect()
}

fn form(catalogue: &Catalogue, instrument: &Instrument) -> FormBook {
    let id = instrument.id.as_str();
    let is_of_register = Dataset::ALL.iter().any(|it| it.instrument() == Some(id));
    let items = instrument.items.iter();
    let variables = if is_of_register {
        let layout = Layout::new(&[instrument], Format::Openqreg, &catalogue.organisations);
        let of = |column: &Column| {
            let mut items = items.clone();
            let item = items.find(|item| name(item.id.as_str()) == column.name);
            item.map_or_else(|| standard(column), variable)
        };
        layout.columns().iter().map(of).collect()
    } else {
        let scales = instrument.scales.iter();
        let scales = scales.map(|scale| computed(instrument, scale));
        items.map(variable).chain(scales).collect()
    };
    FormBook {
        id: name(id),
        title: text(&instrument.title).to_owned(),
        variables,
    }
}

fn variable(item: &Item) -> Variable {
    let Column {
        name,
        kind,
        label,
        codes,
    } = column_of(item);
    let kind = match kind {
        Kind::Boolean => VariableKind::Boolean,
        _ if is_coded(item) => VariableKind::Category,
        _ => VariableKind::Number,
    };
    let is_number = kind == VariableKind::Number;
    Variable {
        name,
        label,
        kind,
        required: item.required,
        unique: false,
        codes: if kind == VariableKind::Category {
            codes
        } else {
            Vec::new()
        },
        decimals: is_number.then(|| decimals(item)),
        range: is_number.then_some((item.min, item.max)),
        formula: String::new(),
    }
}

/// A column that every form of the register has.
fn standard(column: &Column) -> Variable {
    Variable {
        name: column.name.clone(),
        label: column.label.clone(),
        kind: match column.kind {
            Kind::Text => VariableKind::Text,
            Kind::Integer | Kind::Decimal => VariableKind::Number,
            Kind::Boolean => VariableKind::Boolean,
            Kind::Day => VariableKind::Day,
            Kind::Time => VariableKind::Time,
        },
        required: ["mceid", "patient_id", "form_id", "unit", "form_date"]
            .contains(&column.name.as_str()),
        unique: column.name == "form_id",
        codes: Vec::new(),
        decimals: (column.kind == Kind::Integer).then_some(0),
        range: None,
        formula: String::new(),
    }
}

/// A scale; its name cannot be that of an item.
fn computed(instrument: &Instrument, scale: &Scale) -> Variable {
    let items = scale.items.iter().map(|place| &instrument.items[*place]);
    let items: Vec<String> = items.map(|item| name(item.id.as_str())).collect();
    let items = items.join(", ");
    let formula = match scale.method {
        _ if items.is_empty() => String::new(),
        Method::Sum => format!("sum({items})"),
        Method::Mean { min_answered } => format!("mean({items}), at least {min_answered}"),
        Method::Index { min_answered } => {
            format!("mean of 0-100 ({items}), at least {min_answered}")
        }
    };
    Variable {
        name: format!("score_{}", name(scale.id.as_str())),
        label: text(&scale.title).to_owned(),
        kind: VariableKind::Computed,
        required: false,
        unique: false,
        codes: Vec::new(),
        decimals: None,
        range: Some((scale.min, scale.max)),
        formula,
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

/// The canonical columns.
pub(crate) fn columns() -> Vec<Column> {
    let column = |name: &&str| Column::new(*name, Kind::Text, *name);
    COLUMNS.iter().map(column).collect()
}

/// The canonical lines: one a variable, or one a code.
pub(crate) fn lines(catalogue: &Catalogue) -> Vec<Vec<Cell>> {
    let mut lines = Vec::new();
    for form in forms(catalogue) {
        for variable in &form.variables {
            if variable.codes.is_empty() {
                lines.push(line(&form, variable, None));
            }
            let codes = variable.codes.iter();
            lines.extend(codes.map(|code| line(&form, variable, Some(code))));
        }
    }
    lines
}

fn line(form: &FormBook, variable: &Variable, code: Option<&Code>) -> Vec<Cell> {
    let yes = |yes: bool| Cell::text(if yes { "ja" } else { "nei" });
    let text = |text: &str| match text {
        "" => Cell::Missing,
        text => Cell::text(text),
    };
    let number = |number: Option<Fixed>| number.map_or(Cell::Missing, Cell::Number);
    let decimals = variable.decimals.map(u64::from);
    let blank = || Cell::Missing;
    vec![
        text(&form.id),
        text(&form.title),
        blank(),
        blank(),
        text(&variable.name),
        text(&variable.label),
        blank(),
        text(variable.kind.canonical()),
        blank(),
        yes(variable.unique),
        yes(variable.required),
        number(code.map(|code| code.value)),
        code.map_or(Cell::Missing, |code| text(&code.label)),
        code.map_or(Cell::Missing, |code| yes(code.missing)),
        decimals.map_or(Cell::Missing, Cell::whole),
        number(variable.range.map(|range| range.0)),
        number(variable.range.map(|range| range.1)),
        blank(),
        blank(),
        blank(),
        text(&variable.formula),
        blank(),
        blank(),
    ]
}

#[cfg(test)]
mod tests {
    use medvirk_domain::catalogue::{Limits, shipped};
    use medvirk_domain::ids::CatalogueHash;

    use super::*;

    fn catalogue() -> Catalogue {
        Catalogue::load(&shipped(), CatalogueHash::new([0; 32]), Limits::default()).unwrap()
    }

    #[test]
    fn every_form_and_item_is_there() {
        let catalogue = catalogue();
        let forms = forms(&catalogue);
        let ids: std::collections::BTreeSet<_> = catalogue
            .instruments
            .keys()
            .map(|(id, _)| name(id.as_str()))
            .collect();
        assert!(ids.iter().eq(forms.iter().map(|form| &form.id)));
        for instrument in catalogue.instruments.values() {
            let form = forms
                .iter()
                .find(|form| form.id == name(instrument.id.as_str()));
            for item in &instrument.items {
                let wanted = name(item.id.as_str());
                let named = |variable: &&Variable| variable.name == wanted;
                assert_eq!(
                    form.unwrap().variables.iter().filter(named).count(),
                    1,
                    "{wanted}"
                );
            }
        }
    }

    #[test]
    fn a_line_has_a_cell_for_every_column_and_a_code_a_line() {
        let lines = lines(&catalogue());
        assert!(lines.iter().all(|line| line.len() == COLUMNS.len()));
        let sex = |line: &&Vec<Cell>| {
            line[0] == Cell::text("kvarus_basis") && line[4] == Cell::text("sex")
        };
        let sex: Vec<_> = lines.iter().filter(sex).collect();
        assert_eq!(sex.len(), 3);
        assert!(sex[0][13] == Cell::text("ja") && sex[1][13] == Cell::text("nei"));
        assert!(sex[2][12] == Cell::text("Kvinne") && sex[2][7] == Cell::text("kategorisk"));
    }

    #[test]
    fn what_has_decimals_says_how_many() {
        let forms = forms(&catalogue());
        let basis = forms.iter().find(|form| form.id == "kvarus_basis").unwrap();
        let named = |name: &str| basis.variables.iter().find(|it| it.name == name).unwrap();
        assert_eq!(named("alcohol_units").decimals, Some(1));
        assert_eq!(named("age").decimals, Some(0));
        assert_eq!(named("earlier_treatment").kind, VariableKind::Boolean);
        assert_eq!(named("tsupdated").kind, VariableKind::Time);
    }
}
