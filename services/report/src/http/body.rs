//! JSON objects. Comes in: figures and indicators. Goes out: what clients parse. The invariant:
//! the names and their order are a promise; what is absent is null, so every object has the same
//! fields, but for `reason`.

use std::collections::BTreeMap;

use medvirk_domain::catalogue;
use serde::Serialize;

use crate::figures;

/// One figure.
#[derive(Serialize)]
pub(super) struct Figure<'a> {
    measure: &'a str,
    indicator: &'a str,
    organisation: &'a str,
    level: &'static str,
    part: &'a str,
    from: String,
    to: String,
    persons: Option<u64>,
    value: Option<f64>,
    lower: Option<f64>,
    upper: Option<f64>,
    target: Option<f64>,
    attainment: Option<&'static str>,
    shown: bool,
    /// Why nothing is shown, or why there is no interval.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    notes: &'a [String],
}

/// One indicator.
#[derive(Serialize)]
pub(super) struct Indicator<'a> {
    measure: &'a str,
    indicator: &'a str,
    kind: &'static str,
    higher_is_better: Option<bool>,
    target: Option<f64>,
    title: &'a BTreeMap<String, String>,
    parts: Vec<String>,
    identity: &'static str,
}

impl<'a> Figure<'a> {
    pub(super) fn new(figure: &'a figures::Figure) -> Self {
        let shown = figure.shown.as_ref();
        let interval = shown.map(|shown| shown.interval.as_ref());
        let ends = interval.ok().and_then(Result::ok);
        let reason = match interval {
            Ok(interval) => interval.err(),
            Err(reason) => Some(reason),
        };
        let attainment = shown.ok().and_then(|shown| shown.attainment);
        Self {
            measure: figure.measure.as_str(),
            indicator: figure.indicator.as_str(),
            organisation: &figure.organisation,
            level: figure.level.as_str(),
            part: &figure.part,
            from: figure.span.first.to_string(),
            to: figure.span.last.to_string(),
            persons: shown.ok().map(|shown| shown.persons),
            value: shown.ok().map(|shown| shown.value),
            lower: ends.map(|ends| ends.0),
            upper: ends.map(|ends| ends.1),
            target: figure.target,
            attainment: attainment.map(figures::Attainment::as_str),
            shown: shown.is_ok(),
            reason: reason.map(String::as_str),
            notes: &figure.notes,
        }
    }
}

impl<'a> Indicator<'a> {
    pub(super) fn new(
        indicator: &'a catalogue::Indicator,
        parts: Vec<String>,
        identity: catalogue::Identity,
    ) -> Self {
        Self {
            measure: indicator.measure.as_str(),
            indicator: indicator.id.as_str(),
            kind: indicator.kind.as_str(),
            higher_is_better: indicator.higher_is_better,
            target: indicator.target.map(|target| target.green.to_f64()),
            title: &indicator.title,
            parts,
            identity: identity.as_str(),
        }
    }
}
