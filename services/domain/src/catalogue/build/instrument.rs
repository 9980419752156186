//! `instruments/*.toml` → instruments. A scale's range follows from its items where it has any.

use std::collections::BTreeSet;

use toml::Spanned;

use super::builder::{CatalogueBuilder, SourceLines};
use super::titles::{names, titles};
use crate::catalogue::instrument::{
    AdaptiveScale, AlertRule, AlertWhen, ClinicalCutoff, CodedValue, ExpectedScore, Instrument,
    Item, ReferenceNorm, Scale, ScaleNorm, ScoringMethod,
};
use crate::catalogue::scoring::gcd;
use crate::catalogue::source::{
    RawAdaptive, RawAlert, RawCoded, RawCutoff, RawExpected, RawInstrument, RawItem, RawMethod,
    RawMissingAs, RawNorm, RawScale, RawScaleNorm, RawSentinel, RawTitles, RawWhen, SourceNumber,
};
use crate::fixed::FixedPoint;
use crate::form::MissingReason;
use crate::ids::ItemId;

impl CatalogueBuilder {
    /// Reads a file of its kind into the draft.
    pub(super) fn read_instrument(&mut self, source: &SourceLines<'_>) {
        match self.parse::<RawInstrument>(source) {
            Some(raw) => self.add_instrument(source, raw),
            None => self.draft.instrument_unread = true,
        }
    }

    fn add_instrument(&mut self, source: &SourceLines<'_>, raw: RawInstrument) {
        let (id, version) = (raw.id.get_ref().clone(), *raw.version.get_ref());
        let element = format!("instrument/{id}/{version}");
        if !self.declare(source, source.line(&raw.id), &element) {
            return;
        }
        let at = ElementPlace {
            source,
            element: &element,
        };
        self.note_instrument(&at, &raw);
        let items = self.items(&at, raw.items);
        let scales = self.scales(&at, raw.scales, &items);
        let alerts = self.alerts(&at, raw.alerts, &scales);
        let instrument = Instrument {
            id: id.clone(),
            version,
            title: titles(raw.title.into_inner()),
            respondents: raw.respondents.into_inner(),
            ages: raw.ages.map(Spanned::into_inner).unwrap_or_default(),
            default_age: raw.default_age.map(Spanned::into_inner),
            coding_declared: raw.coding_declared.is_some_and(Spanned::into_inner),
            sentinels: sentinels(raw.sentinels),
            items,
            total_only: raw.total_only.map(Spanned::into_inner),
            scales,
            alerts,
            norm: raw.norm.map(Spanned::into_inner).map(norm),
            sources: raw.sources,
            unverified: raw.unverified,
        };
        self.draft.instruments.insert((id, version), instrument);
    }

    fn note_instrument(&mut self, at: &ElementPlace<'_>, raw: &RawInstrument) {
        let (source, element) = (at.source, at.element);
        self.note_field(source, element, "version", Some(&raw.version));
        self.note_field(source, element, "title", Some(&raw.title));
        self.note_field(source, element, "respondents", Some(&raw.respondents));
        self.note_field(source, element, "ages", raw.ages.as_ref());
        self.note_field(source, element, "default_age", raw.default_age.as_ref());
        let declared = raw.coding_declared.as_ref();
        self.note_field(source, element, "coding_declared", declared);
        for (place, sentinel) in raw.sentinels.iter().enumerate() {
            let field = format!("sentinel/{place}");
            self.note_field(source, element, &field, Some(sentinel));
        }
        self.note_field(source, element, "total_only", raw.total_only.as_ref());
        self.note_field(source, element, "norm", raw.norm.as_ref());
    }

    fn items(&mut self, at: &ElementPlace<'_>, raw: Vec<Spanned<RawItem>>) -> Vec<Item> {
        let mut items = Vec::new();
        for item in raw.into_iter().map(Spanned::into_inner) {
            let element = format!("{}/item/{}", at.element, item.id.get_ref());
            if self.declare(at.source, at.source.line(&item.id), &element) {
                let id = item.id.into_inner();
                // Without a label it is shown by its code.
                let code = || names(RawTitles::Name(id.to_string()));
                items.push(Item {
                    label: item.label.map_or_else(code, titles),
                    id,
                    min: item.min.0,
                    max: item.max.0,
                    step: item.step.0,
                    missing: item.missing,
                    required: item.required,
                    reversed: item.reversed,
                    not_at_first: item.not_at_first,
                    seen: item.seen,
                    values: item.values.into_iter().map(coded).collect(),
                });
            }
        }
        items
    }

    fn scales(
        &mut self,
        at: &ElementPlace<'_>,
        raw: Vec<Spanned<RawScale>>,
        items: &[Item],
    ) -> Vec<Scale> {
        let mut scales = Vec::new();
        for scale in raw.into_iter().map(Spanned::into_inner) {
            let element = format!("{}/scale/{}", at.element, scale.id.get_ref());
            if self.declare(at.source, at.source.line(&scale.id), &element) {
                let at = ElementPlace {
                    source: at.source,
                    element: &element,
                };
                scales.extend(self.scale(&at, scale, items));
            }
        }
        scales
    }

    fn scale(&mut self, at: &ElementPlace<'_>, raw: RawScale, items: &[Item]) -> Option<Scale> {
        self.note_scale(at, &raw);
        let method = self.method(at, &raw)?;
        let places = self.item_places(at, &raw.items, items);
        let derived = method.derived_range(&places, items);
        let given =
            |number: &Option<Spanned<SourceNumber>>| number.as_ref().map(|it| it.get_ref().0);
        let range = given(&raw.min).or(derived.map(|range| range.0));
        let Some((min, max)) = range.zip(given(&raw.max).or(derived.map(|range| range.1))) else {
            let line = at.source.line(&raw.id);
            let message = "a scale without items needs min, max and step".to_owned();
            self.refuse(at.source, line, "scale-range", message);
            return None;
        };
        Some(Scale {
            id: raw.id.into_inner(),
            title: titles(raw.title),
            total_step: given(&raw.step).or_else(|| common_step(method, &places, items)),
            items: places,
            method,
            min,
            max,
            higher_is_better: raw.higher_is_better,
            cutoffs: cutoffs(raw.cutoff, raw.cutoffs),
            reliable_change: raw.reliable_change.map(|it| it.get_ref().0),
            missing_as: missing_as(raw.missing_as),
            adaptive: raw.adaptive.and_then(|it| self.adaptive(at, it, items)),
            norm: raw.norm.map(|it| scale_norm(it.get_ref())),
        })
    }

    /// When a scale is asked in full; a trigger that is no item is a problem.
    fn adaptive(
        &mut self,
        at: &ElementPlace<'_>,
        raw: Spanned<RawAdaptive>,
        items: &[Item],
    ) -> Option<AdaptiveScale> {
        let raw = raw.into_inner();
        let id = raw.trigger.get_ref();
        let Some(trigger) = items.iter().position(|item| item.id == *id) else {
            let line = at.source.line(&raw.trigger);
            self.refuse(
                at.source,
                line,
                "adaptive",
                format!("there is no item {id}"),
            );
            return None;
        };
        Some(AdaptiveScale {
            trigger,
            opens_above: raw.opens_above.0,
            closes_below: raw.closes_below.0,
        })
    }

    fn note_scale(&mut self, at: &ElementPlace<'_>, raw: &RawScale) {
        let (source, element) = (at.source, at.element);
        self.note_field(source, element, "method", Some(&raw.method));
        self.note_field(source, element, "items", raw.items.first());
        self.note_field(source, element, "min_answered", raw.min_answered.as_ref());
        self.note_field(source, element, "min", raw.min.as_ref());
        self.note_field(source, element, "max", raw.max.as_ref());
        self.note_field(source, element, "step", raw.step.as_ref());
        self.note_field(source, element, "cutoff/0", raw.cutoff.as_ref());
        let first = usize::from(raw.cutoff.is_some());
        for (place, cutoff) in (first..).zip(&raw.cutoffs) {
            let field = format!("cutoff/{place}");
            self.note_field(source, element, &field, Some(cutoff));
        }
        for (place, policy) in raw.missing_as.iter().enumerate() {
            let field = format!("missing_as/{place}");
            self.note_field(source, element, &field, Some(policy));
        }
        self.note_field(source, element, "adaptive", raw.adaptive.as_ref());
        self.note_field(source, element, "norm", raw.norm.as_ref());
        let change = raw.reliable_change.as_ref();
        self.note_field(source, element, "reliable_change", change);
    }

    fn method(&mut self, at: &ElementPlace<'_>, raw: &RawScale) -> Option<ScoringMethod> {
        let min_answered = raw.min_answered.as_ref().map(|it| *it.get_ref() as usize);
        match (raw.method.get_ref(), min_answered) {
            (RawMethod::Sum, None) => Some(ScoringMethod::Sum),
            (RawMethod::Index, Some(min_answered)) => Some(ScoringMethod::Index { min_answered }),
            (RawMethod::Mean, Some(min_answered)) => Some(ScoringMethod::Mean { min_answered }),
            (RawMethod::Sum, Some(_)) => {
                let message = "a sum needs all its items: min_answered is for index and mean";
                let line = at.source.line(&raw.method);
                self.refuse(at.source, line, "scale-method", message.to_owned());
                None
            }
            (RawMethod::Index | RawMethod::Mean, None) => {
                let message = "an index and a mean need min_answered";
                let line = at.source.line(&raw.method);
                self.refuse(at.source, line, "scale-method", message.to_owned());
                None
            }
        }
    }

    /// The places of a scale's items; unknown ones are a problem and left out.
    fn item_places(
        &mut self,
        at: &ElementPlace<'_>,
        named: &[Spanned<ItemId>],
        items: &[Item],
    ) -> Vec<usize> {
        let mut seen = BTreeSet::new();
        let mut places = Vec::new();
        for name in named {
            let id = name.get_ref();
            let line = at.source.line(name);
            if !seen.insert(id) {
                let message = format!("item {id} is named twice");
                self.refuse(at.source, line, "scale-items", message);
                continue;
            }
            match items.iter().position(|item| item.id == *id) {
                Some(place) => places.push(place),
                None => {
                    let message = format!("there is no item {id}");
                    self.refuse(at.source, line, "scale-items", message);
                }
            }
        }
        places
    }

    fn alerts(
        &mut self,
        at: &ElementPlace<'_>,
        raw: Vec<Spanned<RawAlert>>,
        scales: &[Scale],
    ) -> Vec<AlertRule> {
        let mut alerts = Vec::new();
        for alert in raw.into_iter().map(Spanned::into_inner) {
            let line = at.source.line(&alert.id);
            let element = format!("{}/alert/{}", at.element, alert.id.get_ref());
            if !self.declare(at.source, line, &element) {
                continue;
            }
            self.note_field(at.source, &element, "scale", Some(&alert.scale));
            let scale = scales
                .iter()
                .find(|scale| scale.id == *alert.scale.get_ref());
            match when(&alert, scale) {
                Ok(when) => alerts.push(AlertRule {
                    id: alert.id.into_inner(),
                    scale: alert.scale.into_inner(),
                    when,
                }),
                Err(message) => self.refuse(at.source, line, "alert", message.to_owned()),
            }
        }
        alerts
    }
}

/// When an alert fires; what it lacks or has too much is an error.
fn when(raw: &RawAlert, scale: Option<&Scale>) -> Result<AlertWhen, &'static str> {
    let when = match (raw.below, raw.above, raw.when) {
        (Some(bound), None, None) => AlertWhen::Below(bound.0),
        (None, Some(bound), None) => AlertWhen::Above(bound.0),
        (None, None, Some(when)) => named(when, raw, scale)?,
        _ => return Err("an alert needs one of below, above and when"),
    };
    let by = matches!(
        when,
        AlertWhen::WorseThanLast(_) | AlertWhen::WorseThanFirst(_)
    );
    if raw.by.is_some() && !by {
        return Err("by is for worse-than-last and worse-than-first");
    }
    if raw.scores.is_some() && !matches!(when, AlertWhen::NoChange { .. }) {
        return Err("scores is for no-change");
    }
    if raw.expected.is_some() && !matches!(when, AlertWhen::WorseThanExpected(_)) {
        return Err("expected is for worse-than-expected");
    }
    Ok(when)
}

fn named(when: RawWhen, raw: &RawAlert, scale: Option<&Scale>) -> Result<AlertWhen, &'static str> {
    let reliable = || scale.and_then(|scale| scale.reliable_change);
    let by = raw.by.map(|by| by.0).or_else(reliable);
    let by = by.ok_or("needs by, or a scale with a reliable change");
    Ok(match when {
        RawWhen::Clinical => AlertWhen::Clinical,
        RawWhen::Opens => AlertWhen::Opens,
        RawWhen::StartsOutsideClinical => AlertWhen::StartsOutsideClinical,
        RawWhen::WorseThanLast => AlertWhen::WorseThanLast(by?),
        RawWhen::WorseThanFirst => AlertWhen::WorseThanFirst(by?),
        RawWhen::NoChange => AlertWhen::NoChange {
            scores: raw
                .scores
                .ok_or("no-change needs scores: from how many on")?,
        },
        RawWhen::Recovered => AlertWhen::Recovered,
        RawWhen::WorseThanExpected => {
            let expected = raw.expected.as_ref().map(expected);
            AlertWhen::WorseThanExpected(expected.ok_or("worse-than-expected needs expected")?)
        }
    })
}

fn expected(raw: &RawExpected) -> ExpectedScore {
    ExpectedScore {
        instrument: raw.instrument.clone(),
        scale: raw.scale.clone(),
    }
}

fn coded(raw: RawCoded) -> CodedValue {
    CodedValue {
        value: raw.value.0,
        label: titles(raw.label),
        missing: raw.missing,
    }
}

fn sentinels(raw: Vec<Spanned<RawSentinel>>) -> Vec<(FixedPoint, MissingReason)> {
    let raw = raw.into_iter().map(Spanned::into_inner);
    raw.map(|it| (it.value.0, it.reason)).collect()
}

fn missing_as(raw: Vec<Spanned<RawMissingAs>>) -> Vec<(MissingReason, FixedPoint)> {
    let raw = raw.into_iter().map(Spanned::into_inner);
    raw.map(|it| (it.reason, it.value.0)).collect()
}

/// `cutoff = X` is one for everybody.
fn cutoffs(
    one: Option<Spanned<SourceNumber>>,
    many: Vec<Spanned<RawCutoff>>,
) -> Vec<ClinicalCutoff> {
    let one = one.map(|value| ClinicalCutoff {
        respondent: None,
        age: None,
        value: value.get_ref().0,
    });
    let many = many.into_iter().map(Spanned::into_inner);
    let many = many.map(|it| ClinicalCutoff {
        respondent: it.respondent,
        age: it.age,
        value: it.value.0,
    });
    one.into_iter().chain(many).collect()
}

fn norm(raw: RawNorm) -> ReferenceNorm {
    ReferenceNorm {
        id: raw.id,
        title: titles(raw.title),
        source: raw.source,
    }
}

fn scale_norm(raw: &RawScaleNorm) -> ScaleNorm {
    ScaleNorm {
        mean: raw.mean.0,
        sd: raw.sd.0,
        n: raw.n,
    }
}

/// The element that is being read.
struct ElementPlace<'a> {
    source: &'a SourceLines<'a>,
    element: &'a str,
}

/// The distance between two sums of the items.
fn common_step(method: ScoringMethod, places: &[usize], items: &[Item]) -> Option<FixedPoint> {
    if method != ScoringMethod::Sum {
        return None;
    }
    let step = places
        .iter()
        .map(|place| i128::from(items[*place].step.micros().unsigned_abs()))
        .fold(0, gcd);
    (step > 0).then(|| FixedPoint::from_ratio(step, 1))
}
