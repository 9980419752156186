//! What a codebook says of a column beside its name, in the language of the registries. Comes in: the
//! versions of an instrument. Goes out: how its values are to be read. The invariant: what decides a
//! score is said: what is reversed, which numbers stand for no answer, and what a reason counts as.

use std::collections::HashMap;

use medvirk_domain::catalogue::{Basis, Instrument, Item, Scale, ScoringMethod};
use medvirk_domain::fixed::FixedPoint;
use medvirk_domain::form::MissingReason;
use medvirk_domain::ids::{ItemId, ScaleId};

use super::groups::ValueBanding;
use super::{column_of, decimals, is_coded, name, text};
use crate::table::{CellKind, DatasetColumn};

/// Completes the column of an item with what its versions say, the newest first.
pub(super) fn item(column: &mut DatasetColumn, id: &ItemId, versions: &[&Instrument]) {
    let of = |it: &&Instrument| it.items.iter().find(|item| item.id == *id).cloned();
    let all: Vec<(&Instrument, Item)> = versions
        .iter()
        .filter_map(|it| Some((*it, of(it)?)))
        .collect();
    let items = || all.iter().map(|(_, item)| item);
    for other in items() {
        let codes = column_of(other).codes;
        let known = column.codes.clone();
        let new = codes
            .into_iter()
            .filter(|code| known.iter().all(|it| it.value != code.value));
        column.codes.extend(new);
    }
    let details = &mut column.details;
    details.coded = items().all(is_coded);
    // A value, and not a reason or a total in its place.
    let always = |item: &Item| item.required && item.missing.is_empty();
    let items_alone = versions.iter().all(|it| it.total_only.is_none());
    details.required = items_alone && all.len() == versions.len() && items().all(always);
    if !details.coded && column.kind != CellKind::Boolean {
        details.decimals = items().map(decimals).max();
        details.range = items()
            .map(|item| (item.min, item.max))
            .reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)));
    }
    let explained = all
        .iter()
        .map(|(instrument, item)| (instrument.version, sentences(instrument, item)));
    details.explanation = by_version(explained.collect());
    let logic = all
        .iter()
        .map(|(instrument, item)| (instrument.version, logic(instrument, item)));
    details.logic = by_version(logic.collect());
}

/// What is said of all versions alike is said once.
fn by_version(mut said: Vec<(u32, String)>) -> String {
    said.dedup_by(|other, one| other.1 == one.1);
    match said.as_slice() {
        [(_, one)] => one.clone(),
        several => {
            let one = |(version, text): &(u32, String)| {
                let text = if text.is_empty() { "som oppgitt" } else { text };
                format!("Versjon {version}: {text}")
            };
            several.iter().map(one).collect::<Vec<_>>().join("; ")
        }
    }
}

fn sentences(instrument: &Instrument, item: &Item) -> String {
    let mut said = Vec::new();
    if item.reversed {
        let ends = item.min + item.max;
        said.push(format!(
            "Snudd: verdien står slik den ble krysset av, og skalaene bruker {ends} minus verdien"
        ));
    }
    if !is_coded(item) && !super::is_boolean(item) {
        let codes = item.values.iter();
        said.extend(codes.map(|it| format!("{} = {}", it.value, text(&it.label))));
    }
    let sentinels = instrument.sentinels.iter();
    let sentinels = sentinels.filter(|(_, reason)| item.missing.contains(reason));
    said.extend(sentinels.map(|(value, reason)| {
        format!(
            "{value} i det som sendes inn betyr {} ({}); her er cellen da tom",
            reason.as_str(),
            meaning(*reason)
        )
    }));
    let place = instrument.items.iter().position(|it| it.id == item.id);
    for scale in &instrument.scales {
        if place.is_some_and(|place| scale.items.contains(&place)) {
            said.extend(counts_as(scale, item));
        }
    }
    said.join("; ")
}

/// What the reasons of an item count as in a scale.
fn counts_as(scale: &Scale, item: &Item) -> Vec<String> {
    let column = score_name(scale);
    let named = |reason: &MissingReason| item.missing.contains(reason);
    let counted = scale.missing_as.iter().filter(|(reason, _)| named(reason));
    let mut said: Vec<String> = counted
        .map(|(reason, value)| {
            format!(
                "{} teller som {value} i {column} og snus ikke",
                reason.as_str()
            )
        })
        .collect();
    let counts = |reason: &MissingReason| scale.missing_as.iter().any(|(it, _)| it == reason);
    let left: Vec<&str> = item
        .missing
        .iter()
        .filter(|reason| !counts(reason))
        .map(|reason| reason.as_str())
        .collect();
    if !left.is_empty() {
        said.push(format!("{} teller ikke med i {column}", left.join(", ")));
    }
    said
}

/// When an item is asked.
fn logic(instrument: &Instrument, item: &Item) -> String {
    let mut said = Vec::new();
    if item.not_at_first {
        said.push("Spørres ikke første gang".to_owned());
    }
    let place = instrument.items.iter().position(|it| it.id == item.id);
    for scale in &instrument.scales {
        let Some(adaptive) = scale.adaptive else {
            continue;
        };
        let column = score_name(scale);
        if place == Some(adaptive.trigger) {
            let above = adaptive.opens_above;
            said.push(format!(
                "Åpner {column} når verdien, i skalaens retning, er over {above}"
            ));
        } else if place.is_some_and(|place| scale.items.contains(&place)) {
            let trigger = name(instrument.items[adaptive.trigger].id.as_str());
            said.push(format!("Spørres når {column} er åpnet av {trigger}"));
        }
    }
    said.join("; ")
}

/// A number of which only the band is given.
pub(super) fn band(mut column: DatasetColumn, banding: ValueBanding) -> DatasetColumn {
    column.kind = CellKind::Text;
    column.codes.clear();
    column.details.range = None;
    column.details.decimals = None;
    let by = match banding {
        ValueBanding::Age => "Gitt som aldersgruppe: 0–17, 18–19 og så ti år om gangen",
        ValueBanding::Tens => "Gitt i grupper på ti",
    };
    column.details.explanation = match column.details.explanation.as_str() {
        "" => by.to_owned(),
        other => format!("{by}; {other}"),
    };
    column
}

/// A total that is sent alone.
pub(super) fn total(name: &str) -> DatasetColumn {
    DatasetColumn::new(
        name,
        CellKind::Decimal,
        "Sum, sendt uten svar på de enkelte spørsmålene",
    )
    .explained("Tom der svarene er sendt")
}

/// The column of a score: how it is computed, and from what.
pub(super) fn score(
    mut column: DatasetColumn,
    id: &ScaleId,
    versions: &[&Instrument],
    names: &HashMap<ItemId, String>,
) -> DatasetColumn {
    let mut all = Vec::new();
    for instrument in versions {
        let mut scales = instrument.scales.iter();
        if let Some(scale) = scales.find(|scale| scale.id == *id) {
            all.push((*instrument, scale));
        }
    }
    let details = &mut column.details;
    details.computed = true;
    details.range = all
        .iter()
        .map(|(_, scale)| (scale.min, scale.max))
        .reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)));
    let formulas = all
        .iter()
        .map(|(instrument, scale)| (instrument.version, formula(instrument, scale, names)));
    details.formula = by_version(formulas.collect());
    let explained = all
        .iter()
        .map(|(instrument, scale)| (instrument.version, direction(scale)));
    details.explanation = by_version(explained.collect());
    column
}

fn direction(scale: &Scale) -> String {
    let better = if scale.higher_is_better {
        "Høyere er bedre"
    } else {
        "Lavere er bedre"
    };
    let mut said = vec![better.to_owned()];
    if let Some(change) = scale.reliable_change {
        said.push(format!("pålitelig endring er {change} eller mer"));
    }
    said.join("; ")
}

fn formula(instrument: &Instrument, scale: &Scale, names: &HashMap<ItemId, String>) -> String {
    let term = |place: &usize| {
        let item = &instrument.items[*place];
        let column = names.get(&item.id).map_or(item.id.as_str(), String::as_str);
        if item.reversed {
            format!("{} - {column}", item.min + item.max)
        } else {
            column.to_owned()
        }
    };
    let terms: Vec<String> = scale.items.iter().map(term).collect();
    let terms = terms.join("; ");
    match scale.method {
        _ if terms.is_empty() => "total".to_owned(),
        ScoringMethod::Sum => format!("sum({terms})"),
        ScoringMethod::Mean { min_answered } => {
            format!("mean({terms}), minst {min_answered} besvart")
        }
        ScoringMethod::Index { min_answered } => {
            format!("mean({terms}), hvert ledd regnet om til 0-100, minst {min_answered} besvart")
        }
    }
}

/// What a score rests on.
pub(super) fn basis(name: String, of: &str) -> DatasetColumn {
    let mut column = DatasetColumn::new(name, CellKind::Text, format!("Hva {of} bygger på"));
    column.details.computed = true;
    column.explained(
        [
            (Basis::Full, "alle ledd"),
            (Basis::Partial, "noen ledd, andre mangler"),
            (
                Basis::TriggerOnly,
                "bare utløserspørsmålet, skalaen var lukket",
            ),
            (Basis::Closed, "ingenting, hele skalaen var lukket"),
            (Basis::Missing, "ingenting, ingen ledd er besvart"),
            (Basis::Total, "en sum som er sendt alene"),
        ]
        .map(|(basis, words)| format!("{}: {words}", basis.as_str()))
        .join("; "),
    )
}

/// Why an item has no value.
pub(super) fn reason(name: String, of: &str, allowed: &[MissingReason]) -> DatasetColumn {
    let column = DatasetColumn::new(name, CellKind::Text, format!("Grunn til at {of} mangler"));
    let said = |reason: &MissingReason| format!("{}: {}", reason.as_str(), meaning(*reason));
    let mut column = column.explained(allowed.iter().map(said).collect::<Vec<_>>().join("; "));
    column.details.logic = format!("Bare der {of} er tom og en grunn er oppgitt");
    column
}

const fn meaning(reason: MissingReason) -> &'static str {
    match reason {
        MissingReason::NotAnswered => "ikke besvart",
        MissingReason::NotApplicable => "ikke aktuelt",
        MissingReason::PreferNot => "vil ikke svare",
        MissingReason::ByDesign => "ikke spurt, av skjemaet selv",
    }
}

fn score_name(scale: &Scale) -> String {
    format!("score_{}", name(scale.id.as_str()))
}

/// A number as a range says it.
pub(crate) fn shown(number: FixedPoint) -> String {
    number.to_string().replace('.', ",")
}
