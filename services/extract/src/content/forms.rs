//! Forms as the registries' platforms have them. Comes in: the versions of an instrument, and forms
//! of the register or of sessions. Goes out: one row a form. The invariants: an item has one column,
//! whatever version it comes from; no two columns of a file have the same name, whatever an instrument
//! calls its items; who filled a form in is not given out, though the platforms have columns for it.

mod names;
mod standard;

use std::collections::HashMap;

use medvirk_domain::catalogue::{Instrument, Organisations, ScoredForm};
use medvirk_domain::fixed::FixedPoint;
use medvirk_domain::form::{Form, ItemResponse, MissingReason};
use medvirk_domain::ids::{ItemId, ScaleId};
use medvirk_store::registry::ExtractedForm;

use super::explain;
use super::groups::{band_of, is_seen};
use super::layout_of::LayoutOf;
use super::{column_of, name, text};
use crate::table::{CellKind, ColumnDetails, DatasetColumn, TableCell};
use names::{ColumnNames, LONGEST, cut};
use standard::CellSource;

/// The columns of a form, and where its cells come from.
pub(crate) struct FormLayout {
    of: LayoutOf,
    columns: Vec<DatasetColumn>,
    sources: Vec<CellSource>,
    items: Vec<ItemId>,
    /// Items of which some version says that a value may be missing for a reason.
    reasons: Vec<ItemId>,
    /// Scales of all versions.
    scales: Vec<ScaleId>,
    /// How each version computes them; empty where there are none.
    scoring: HashMap<u32, Instrument>,
    units: HashMap<String, UnitCells>,
}

/// The cells of a unit.
struct UnitCells {
    id: TableCell,
    resh: TableCell,
    title: TableCell,
    region: TableCell,
    region_title: TableCell,
}

/// A form that is being written, with what was computed of it.
struct WrittenForm<'a> {
    form: &'a ExtractedForm,
    unit: Option<&'a UnitCells>,
    scored: Option<ScoredForm>,
    /// In a coarse file: the group is too small to name the unit.
    region_only: bool,
}

impl FormLayout {
    /// Of the versions of an instrument, the newest first: its items come first, then those that only
    /// older versions have.
    pub(crate) fn new(
        versions: &[&Instrument],
        of: LayoutOf,
        organisations: &Organisations,
    ) -> Self {
        let mut layout = Self {
            of,
            columns: Vec::new(),
            sources: Vec::new(),
            items: Vec::new(),
            reasons: Vec::new(),
            scales: Vec::new(),
            scoring: HashMap::new(),
            units: units(organisations),
        };
        let mut names = ColumnNames::reserve(standard::names());
        let ages = versions.iter().any(|it| !it.ages.is_empty());
        for standard in standard::before(of, ages) {
            layout.add(standard.column(of), standard.source());
        }
        let items = layout.add_items(versions, &mut names);
        if versions.iter().any(|it| it.total_only.is_some()) {
            layout.add(explain::total(standard::TOTAL), CellSource::Total);
        }
        layout.add_scores(versions, &mut names);
        layout.add_reasons(versions, &items, &mut names);
        for standard in standard::after(of) {
            layout.add(standard.column(of), standard.source());
        }
        layout
    }

    fn add(&mut self, column: DatasetColumn, source: CellSource) {
        self.columns.push(column);
        self.sources.push(source);
    }

    /// The items of all versions; gives the name of the column of each.
    fn add_items(&mut self, versions: &[&Instrument], names: &mut ColumnNames) -> Vec<String> {
        let mut given = Vec::new();
        for item in versions.iter().flat_map(|instrument| &instrument.items) {
            if self.items.contains(&item.id) {
                continue;
            }
            let mut column = column_of(item);
            column.name = names.give(&name(item.id.as_str()), "item");
            explain::item(&mut column, &item.id, versions);
            let place = self.items.len();
            let banding = band_of(item).filter(|_| self.of.coarse && is_seen(item));
            let source = match (banding, column.kind) {
                (Some(banding), _) => {
                    column = explain::band(column, banding);
                    CellSource::Band(place, banding)
                }
                (None, kind) => CellSource::Item(place, kind == CellKind::Boolean),
            };
            given.push(column.name.clone());
            self.add(column, source);
            self.items.push(item.id.clone());
        }
        given
    }

    /// The scores of all versions, each with what it rests on.
    fn add_scores(&mut self, versions: &[&Instrument], names: &mut ColumnNames) {
        for scale in versions.iter().flat_map(|instrument| &instrument.scales) {
            if self.scales.contains(&scale.id) {
                continue;
            }
            let place = self.scales.len();
            let id = name(scale.id.as_str());
            let score = DatasetColumn {
                name: names.give(&format!("score_{id}"), "scale"),
                kind: CellKind::Decimal,
                label: text(&scale.title).to_owned(),
                codes: Vec::new(),
                details: ColumnDetails::default(),
            };
            let score = explain::score(score, &scale.id, versions, &self.item_names());
            let basis = explain::basis(names.give(&format!("basis_{id}"), "scale"), &score.name);
            self.add(score, CellSource::Score(place));
            self.add(basis, CellSource::Basis(place));
            self.scales.push(scale.id.clone());
        }
        if !self.scales.is_empty() {
            let all = versions.iter().map(|it| (it.version, (*it).clone()));
            self.scoring = all.collect();
        }
    }

    /// Id of an item, and the name of its column.
    fn item_names(&self) -> HashMap<ItemId, String> {
        let columns = self.columns.iter().zip(&self.sources);
        let named = columns.filter_map(|(column, source)| match source {
            CellSource::Item(place, _) | CellSource::Band(place, _) => {
                Some((self.items[*place].clone(), column.name.clone()))
            }
            _ => None,
        });
        named.collect()
    }

    /// Why an item has no value, for each that may have a reason.
    fn add_reasons(&mut self, versions: &[&Instrument], items: &[String], names: &mut ColumnNames) {
        for (item, of) in self.items.clone().iter().zip(items) {
            let all = versions.iter().flat_map(|instrument| &instrument.items);
            let allowed = all.filter(|it| it.id == *item).flat_map(|it| &it.missing);
            let mut allowed: Vec<MissingReason> = allowed.copied().collect();
            allowed.sort_unstable();
            allowed.dedup();
            if allowed.is_empty() {
                continue;
            }
            let name = format!("{}_reason", cut(of, LONGEST - 7));
            let name = names.give(&name, "item");
            let place = self.reasons.len();
            self.add(
                explain::reason(name, of, &allowed),
                CellSource::Reason(place),
            );
            self.reasons.push(item.clone());
        }
    }

    pub(crate) fn columns(&self) -> &[DatasetColumn] {
        &self.columns
    }

    pub(crate) fn into_columns(self) -> Vec<DatasetColumn> {
        self.columns
    }

    /// The columns of items, scores and reasons alone.
    pub(crate) fn into_answers(self) -> Vec<DatasetColumn> {
        let all = self.columns.into_iter().zip(self.sources);
        let answers = all.filter(|(_, source)| source.is_answer());
        answers.map(|(column, _)| column).collect()
    }

    /// The items that are wanted of each form, in order.
    pub(crate) fn items(&self) -> &[ItemId] {
        &self.items
    }

    /// The items of which it is wanted why there is no value, in order.
    pub(crate) fn reasons(&self) -> &[ItemId] {
        &self.reasons
    }

    /// The cells of a form, in place of what `cells` had.
    pub(crate) fn fill(&self, form: &ExtractedForm, region_only: bool, cells: &mut Vec<TableCell>) {
        cells.clear();
        let written = WrittenForm {
            form,
            unit: self.units.get(&form.unit),
            scored: self.score(form),
            region_only,
        };
        let sources = self.sources.iter();
        cells.extend(sources.map(|source| self.cell(*source, &written)));
    }

    /// The scores, by the version that the form names; none where no version here does.
    fn score(&self, form: &ExtractedForm) -> Option<ScoredForm> {
        let instrument = self.scoring.get(&form.version)?;
        let reason = |item: &ItemId| {
            let place = self.reasons.iter().position(|it| it == item)?;
            form.reasons.get(place).copied().flatten()
        };
        let response = |(item, value): (&ItemId, &Option<FixedPoint>)| {
            let response = match value {
                Some(value) => ItemResponse::Value(*value),
                None => ItemResponse::Missing(reason(item)?),
            };
            Some((item.clone(), response))
        };
        let items = self.items.iter().zip(&form.values);
        let form = Form {
            instrument: instrument.id.clone(),
            version: form.version,
            respondent: form.respondent?,
            age: form.age,
            items: items.filter_map(response).collect(),
            total: form.total,
        };
        instrument.score(&form).ok()
    }

    /// A unit that left the tree has its id and nothing else.
    fn cell(&self, source: CellSource, written: &WrittenForm<'_>) -> TableCell {
        let form = written.form;
        let value = |place: usize| form.values.get(place).copied().flatten();
        match source {
            CellSource::Person => TableCell::Guid(*form.person.as_bytes()),
            CellSource::Episode => TableCell::Guid(*form.episode.as_bytes()),
            CellSource::Form => TableCell::Guid(form.submission_id),
            CellSource::Resh | CellSource::Unit | CellSource::UnitTitle if written.region_only => {
                TableCell::Missing
            }
            CellSource::Resh => of_unit(written, |unit| &unit.resh),
            CellSource::Unit => written.unit.map_or_else(
                || TableCell::text(form.unit.as_str()),
                |unit| unit.id.clone(),
            ),
            CellSource::UnitTitle => of_unit(written, |unit| &unit.title),
            CellSource::Region => of_unit(written, |unit| &unit.region),
            CellSource::RegionTitle => of_unit(written, |unit| &unit.region_title),
            CellSource::Day => TableCell::Day(form.day),
            CellSource::Month => TableCell::text(form.day.month().to_string()),
            CellSource::Session => TableCell::whole(form.number.into()),
            CellSource::Respondent => word(form.respondent.map(|it| it.as_str())),
            CellSource::AgeBand => word(form.age.map(|it| it.as_str())),
            CellSource::Final => TableCell::whole(1),
            CellSource::Version => TableCell::whole(form.version.into()),
            CellSource::Item(place, boolean) => match value(place) {
                None => TableCell::Missing,
                Some(value) if boolean => TableCell::Boolean(value != FixedPoint::ZERO),
                Some(value) => TableCell::Number(value),
            },
            CellSource::Band(place, banding) => value(place).map_or(TableCell::Missing, |value| {
                TableCell::text(banding.label(value))
            }),
            CellSource::Total => form.total.map_or(TableCell::Missing, TableCell::Number),
            CellSource::Score(_) | CellSource::Basis(_) => self.score_cell(source, written),
            CellSource::Reason(place) => {
                let reason = form.reasons.get(place).copied().flatten();
                word(reason.map(|it| it.as_str()))
            }
            CellSource::Taken => TableCell::Time(form.ingested_at),
            CellSource::Nobody => TableCell::Missing,
        }
    }

    fn score_cell(&self, source: CellSource, written: &WrittenForm<'_>) -> TableCell {
        let find = |place: usize| {
            let scores = &written.scored.as_ref()?.scores;
            scores.iter().find(|it| it.scale == self.scales[place])
        };
        match source {
            CellSource::Score(place) => find(place)
                .and_then(|score| score.value)
                .map_or(TableCell::Missing, TableCell::Number),
            CellSource::Basis(place) => word(find(place).map(|score| score.basis.as_str())),
            _ => TableCell::Missing,
        }
    }
}

fn of_unit(written: &WrittenForm<'_>, pick: fn(&UnitCells) -> &TableCell) -> TableCell {
    let unit = written.unit;
    unit.map_or(TableCell::Missing, |unit| pick(unit).clone())
}

fn word(word: Option<&'static str>) -> TableCell {
    word.map_or(TableCell::Missing, TableCell::text)
}

fn units(organisations: &Organisations) -> HashMap<String, UnitCells> {
    let cell = |text: &str| match text {
        "" => TableCell::Missing,
        text => TableCell::text(text),
    };
    let units = organisations.units.iter().map(|(id, unit)| {
        let region = organisations.region_of(id);
        let title = region.and_then(|region| organisations.regions.get(region));
        let named = UnitCells {
            id: TableCell::text(id.as_str()),
            resh: cell(unit.resh.as_deref().unwrap_or_default()),
            title: cell(text(&unit.title)),
            region: region.map_or(TableCell::Missing, |region| {
                TableCell::text(region.as_str())
            }),
            region_title: title.map_or(TableCell::Missing, |region| cell(text(&region.title))),
        };
        (id.to_string(), named)
    });
    units.collect()
}

#[cfg(test)]
mod tests;
