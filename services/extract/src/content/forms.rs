//! Forms of the register as the registries' platforms have them. Comes in: the versions of an
//! instrument, and forms. Goes out: one row a form. The invariants: an item has one column, whatever
//! version it comes from; who filled a form in is not given out, though the platforms have columns
//! for it.

use std::collections::HashMap;

use medvirk_domain::catalogue::{Instrument, Organisations};
use medvirk_domain::fixed::Fixed;
use medvirk_domain::ids::ItemId;
use medvirk_store::registry::ExtractedForm;

use super::{column_of, text};
use crate::dataset::Format;
use crate::table::{Cell, Column, Kind};

/// The columns of a form, and where its cells come from.
pub(crate) struct Layout {
    columns: Vec<Column>,
    sources: Vec<Source>,
    items: Vec<ItemId>,
    units: HashMap<String, Named>,
}

/// The cells of a unit.
struct Named {
    id: Cell,
    resh: Cell,
    title: Cell,
}

/// Where a cell comes from.
#[derive(Clone, Copy)]
enum Source {
    Person,
    Episode,
    Form,
    Resh,
    Unit,
    UnitTitle,
    Day,
    /// Every form that is in the register is final.
    Final,
    Version,
    /// Place of the item, and whether it is a yes or no.
    Item(usize, bool),
    Taken,
    /// Not given out.
    Nobody,
}

/// A column that every form has: name with OpenQReg, name with MRS (empty where it has none), what it
/// holds, and its label.
type Standard = (&'static str, &'static str, Kind, Source, &'static str);

const BEFORE: [Standard; 9] = [
    ("mceid", "ForlopGUID", Kind::Text, Source::Episode, "Forløp"),
    (
        "patient_id",
        "PasientGUID",
        Kind::Text,
        Source::Person,
        "Pasient, pseudonym",
    ),
    ("form_id", "SkjemaGUID", Kind::Text, Source::Form, "Skjema"),
    (
        "centreid",
        "AvdRESH",
        Kind::Text,
        Source::Resh,
        "Enhetens RESH-nummer",
    ),
    ("unit", "EnhetId", Kind::Text, Source::Unit, "Enhet"),
    (
        "unit_title",
        "db_unit_title",
        Kind::Text,
        Source::UnitTitle,
        "Enhetens navn",
    ),
    (
        "form_date",
        "SkjemaDato",
        Kind::Day,
        Source::Day,
        "Dagen skjemaet gjelder",
    ),
    (
        "form_status",
        "",
        Kind::Integer,
        Source::Final,
        "Skjemastatus: 1 er ferdigstilt",
    ),
    (
        "form_version",
        "SkjemaVersjon",
        Kind::Integer,
        Source::Version,
        "Skjemaets versjon",
    ),
];

const AFTER: [Standard; 6] = [
    (
        "tsupdated",
        "SistLagretDato",
        Kind::Time,
        Source::Taken,
        "Sist lagret",
    ),
    (
        "updatedby",
        "",
        Kind::Text,
        Source::Nobody,
        "Lagret av; utleveres ikke",
    ),
    (
        "first_time_closed",
        "FerdigstiltDato",
        Kind::Time,
        Source::Taken,
        "Ferdigstilt første gang",
    ),
    (
        "first_time_closed_by",
        "",
        Kind::Text,
        Source::Nobody,
        "Ferdigstilt av; utleveres ikke",
    ),
    (
        "tscreated",
        "OpprettetDato",
        Kind::Time,
        Source::Taken,
        "Opprettet",
    ),
    (
        "createdby",
        "",
        Kind::Text,
        Source::Nobody,
        "Opprettet av; utleveres ikke",
    ),
];

impl Layout {
    /// Of the versions of an instrument, the newest first: its items come first, then those that only
    /// older versions have.
    pub(crate) fn new(
        versions: &[&Instrument],
        format: Format,
        organisations: &Organisations,
    ) -> Self {
        let mut layout = Self {
            columns: Vec::new(),
            sources: Vec::new(),
            items: Vec::new(),
            units: units(organisations),
        };
        layout.standard(&BEFORE, format);
        for item in versions.iter().flat_map(|instrument| &instrument.items) {
            if !layout.items.contains(&item.id) {
                let column = column_of(item);
                let source = Source::Item(layout.items.len(), column.kind == Kind::Boolean);
                layout.columns.push(column);
                layout.sources.push(source);
                layout.items.push(item.id.clone());
            }
        }
        layout.standard(&AFTER, format);
        layout
    }

    fn standard(&mut self, all: &[Standard], format: Format) {
        for (openqreg, mrs, kind, source, label) in all {
            let name = match format {
                Format::Mrs => mrs,
                _ => openqreg,
            };
            if !name.is_empty() {
                self.columns.push(Column::new(*name, *kind, *label));
                self.sources.push(*source);
            }
        }
    }

    pub(crate) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The items that are wanted of each form, in order.
    pub(crate) fn items(&self) -> &[ItemId] {
        &self.items
    }

    /// The cells of a form, in place of what `cells` had.
    pub(crate) fn fill(&self, form: &ExtractedForm, cells: &mut Vec<Cell>) {
        cells.clear();
        let unit = self.units.get(&form.unit);
        let sources = self.sources.iter();
        cells.extend(sources.map(|source| cell(*source, form, unit)));
    }
}

/// A unit that left the tree has its id and nothing else.
fn cell(source: Source, form: &ExtractedForm, unit: Option<&Named>) -> Cell {
    let of_unit = |pick: fn(&Named) -> &Cell| unit.map_or(Cell::Missing, |unit| pick(unit).clone());
    match source {
        Source::Person => Cell::Guid(*form.person.as_bytes()),
        Source::Episode => Cell::Guid(*form.episode.as_bytes()),
        Source::Form => Cell::Guid(form.submission_id),
        Source::Resh => of_unit(|unit| &unit.resh),
        Source::Unit => unit.map_or_else(|| Cell::text(form.unit.as_str()), |unit| unit.id.clone()),
        Source::UnitTitle => of_unit(|unit| &unit.title),
        Source::Day => Cell::Day(form.day),
        Source::Final => Cell::whole(1),
        Source::Version => Cell::whole(form.version.into()),
        Source::Item(place, boolean) => match form.values.get(place).copied().flatten() {
            None => Cell::Missing,
            Some(value) if boolean => Cell::Boolean(value != Fixed::ZERO),
            Some(value) => Cell::Number(value),
        },
        Source::Taken => Cell::Time(form.ingested_at),
        Source::Nobody => Cell::Missing,
    }
}

fn units(organisations: &Organisations) -> HashMap<String, Named> {
    let cell = |text: &str| match text {
        "" => Cell::Missing,
        text => Cell::text(text),
    };
    let units = organisations.units.iter().map(|(id, unit)| {
        let named = Named {
            id: Cell::text(id.as_str()),
            resh: cell(unit.resh.as_deref().unwrap_or_default()),
            title: cell(text(&unit.title)),
        };
        (id.to_string(), named)
    });
    units.collect()
}

#[cfg(test)]
mod tests {
    use medvirk_domain::catalogue::{Catalogue, Limits, shipped};
    use medvirk_domain::ids::{CatalogueHash, Pseudonym};

    use super::*;
    use crate::content::versions;

    fn catalogue() -> Catalogue {
        Catalogue::load(&shipped(), CatalogueHash::new([0; 32]), Limits::default()).unwrap()
    }

    fn layout(format: Format) -> Layout {
        let catalogue = catalogue();
        let versions = versions(&catalogue, "kvarus-basis");
        Layout::new(&versions, format, &catalogue.organisations)
    }

    fn names(format: Format) -> Vec<String> {
        let layout = layout(format);
        layout
            .columns()
            .iter()
            .map(|column| column.name.clone())
            .collect()
    }

    #[test]
    fn each_platform_has_its_columns() {
        let openqreg = names(Format::Openqreg);
        assert_eq!(
            openqreg[..4],
            ["mceid", "patient_id", "form_id", "centreid"]
        );
        assert!(openqreg.ends_with(&["tscreated".to_owned(), "createdby".to_owned()]));
        let mrs = names(Format::Mrs);
        assert_eq!(mrs[..3], ["ForlopGUID", "PasientGUID", "SkjemaGUID"]);
        assert!(
            !mrs.iter()
                .any(|name| name.ends_with("by") || name.is_empty())
        );
        for names in [openqreg, mrs] {
            assert!(names.contains(&"earlier_treatment".to_owned()));
        }
    }

    #[test]
    fn an_item_that_left_the_form_keeps_its_column_behind_the_others() {
        let catalogue = catalogue();
        let old = versions(&catalogue, "kvarus-basis")[0].clone();
        let mut new = old.clone();
        new.version = 2;
        new.items.retain(|item| item.id.as_str() != "housing");
        let layout = Layout::new(&[&new, &old], Format::Parquet, &catalogue.organisations);
        let last = layout.items().last().unwrap();
        assert_eq!(
            (last.as_str(), layout.items().len()),
            ("housing", old.items.len())
        );
    }

    #[test]
    fn a_form_fills_its_columns() {
        let layout = layout(Format::Openqreg);
        let mut values = vec![None; layout.items().len()];
        values[0] = Some(Fixed::from_int(2));
        values[7] = Some(Fixed::ONE);
        let form = ExtractedForm {
            person: Pseudonym::new([0xab; 16]),
            episode: Pseudonym::new([1; 16]),
            unit: "fjord-dogn".to_owned(),
            day: "2024-03-01".parse().unwrap(),
            submission_id: [2; 16],
            ingested_at: 0,
            version: 1,
            values,
        };
        let mut cells = vec![Cell::Missing];
        layout.fill(&form, &mut cells);
        assert_eq!(cells.len(), layout.columns().len());
        let named = |name: &str| {
            let place = layout
                .columns()
                .iter()
                .position(|column| column.name == name);
            cells[place.unwrap()].clone()
        };
        assert!(named("patient_id") == Cell::Guid([0xab; 16]));
        assert!(named("unit_title") == Cell::text("Fjord rus døgn"));
        assert!(named("sex") == Cell::Number(Fixed::from_int(2)));
        assert!(named("earlier_treatment") == Cell::Boolean(true));
        assert!(named("age") == Cell::Missing && named("createdby") == Cell::Missing);
        // This unit has no number in the register of health units.
        assert!(named("centreid") == Cell::Missing);
    }
}
