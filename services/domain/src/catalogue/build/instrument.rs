//! `instruments/*.toml` → instruments. A scale's range follows from its items where it has any.

use std::collections::BTreeSet;

use toml::Spanned;

use super::{Builder, Source, titles};
use crate::catalogue::instrument::{AlertRule, AlertWhen, Instrument, Item, Method, Scale};
use crate::catalogue::scoring::gcd;
use crate::catalogue::source::{Number, RawAlert, RawInstrument, RawItem, RawMethod, RawScale};
use crate::fixed::Fixed;
use crate::ids::ItemId;

impl Builder {
    pub(super) fn add_instrument(&mut self, source: &Source<'_>, raw: RawInstrument) {
        let (id, version) = (raw.id.get_ref().clone(), *raw.version.get_ref());
        let element = format!("instrument/{id}/{version}");
        if !self.declare(source, source.line(&raw.id), &element) {
            return;
        }
        self.note_field(source, (&element, "version"), Some(&raw.version));
        self.note_field(source, (&element, "title"), Some(&raw.title));
        self.note_field(source, (&element, "respondents"), Some(&raw.respondents));
        self.note_field(source, (&element, "total_only"), raw.total_only.as_ref());
        let at = Place {
            source,
            element: &element,
        };
        let items = self.items(&at, raw.items);
        let scales = self.scales(&at, raw.scales, &items);
        let alerts = self.alerts(&at, raw.alerts);
        let instrument = Instrument {
            id: id.clone(),
            version,
            title: titles(raw.title.into_inner()),
            respondents: raw.respondents.into_inner(),
            items,
            total_only: raw.total_only.map(Spanned::into_inner),
            scales,
            alerts,
            sources: raw.sources,
        };
        self.draft.instruments.insert((id, version), instrument);
    }

    fn items(&mut self, at: &Place<'_>, raw: Vec<Spanned<RawItem>>) -> Vec<Item> {
        let mut items = Vec::new();
        for item in raw.into_iter().map(Spanned::into_inner) {
            let element = format!("{}/item/{}", at.element, item.id.get_ref());
            if self.declare(at.source, at.source.line(&item.id), &element) {
                items.push(Item {
                    id: item.id.into_inner(),
                    label: titles(item.label),
                    min: item.min.0,
                    max: item.max.0,
                    step: item.step.0,
                    missing: item.missing,
                    required: item.required,
                });
            }
        }
        items
    }

    fn scales(
        &mut self,
        at: &Place<'_>,
        raw: Vec<Spanned<RawScale>>,
        items: &[Item],
    ) -> Vec<Scale> {
        let mut scales = Vec::new();
        for scale in raw.into_iter().map(Spanned::into_inner) {
            let element = format!("{}/scale/{}", at.element, scale.id.get_ref());
            if self.declare(at.source, at.source.line(&scale.id), &element) {
                let at = Place {
                    source: at.source,
                    element: &element,
                };
                scales.extend(self.scale(&at, scale, items));
            }
        }
        scales
    }

    fn scale(&mut self, at: &Place<'_>, raw: RawScale, items: &[Item]) -> Option<Scale> {
        self.note_scale(at, &raw);
        let method = self.method(at, &raw)?;
        let places = self.item_places(at, &raw.items, items);
        let derived = derived_range(method, &places, items);
        let given = |number: &Option<Spanned<Number>>| number.as_ref().map(|it| it.get_ref().0);
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
            cutoff: raw.cutoff.map(|it| it.get_ref().0),
            reliable_change: raw.reliable_change.map(|it| it.get_ref().0),
        })
    }

    fn note_scale(&mut self, at: &Place<'_>, raw: &RawScale) {
        let (source, element) = (at.source, at.element);
        self.note_field(source, (element, "method"), Some(&raw.method));
        self.note_field(source, (element, "items"), raw.items.first());
        self.note_field(source, (element, "min_answered"), raw.min_answered.as_ref());
        self.note_field(source, (element, "min"), raw.min.as_ref());
        self.note_field(source, (element, "max"), raw.max.as_ref());
        self.note_field(source, (element, "step"), raw.step.as_ref());
        self.note_field(source, (element, "cutoff"), raw.cutoff.as_ref());
        let change = raw.reliable_change.as_ref();
        self.note_field(source, (element, "reliable_change"), change);
    }

    fn method(&mut self, at: &Place<'_>, raw: &RawScale) -> Option<Method> {
        let min_answered = raw.min_answered.as_ref().map(|it| *it.get_ref() as usize);
        match (raw.method.get_ref(), min_answered) {
            (RawMethod::Sum, None) => Some(Method::Sum),
            (RawMethod::Index, Some(min_answered)) => Some(Method::Index { min_answered }),
            (RawMethod::Mean, Some(min_answered)) => Some(Method::Mean { min_answered }),
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
        at: &Place<'_>,
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

    fn alerts(&mut self, at: &Place<'_>, raw: Vec<Spanned<RawAlert>>) -> Vec<AlertRule> {
        let mut alerts = Vec::new();
        for alert in raw.into_iter().map(Spanned::into_inner) {
            let line = at.source.line(&alert.id);
            let element = format!("{}/alert/{}", at.element, alert.id.get_ref());
            if !self.declare(at.source, line, &element) {
                continue;
            }
            self.note_field(at.source, (&element, "scale"), Some(&alert.scale));
            let when = match (alert.below, alert.above) {
                (Some(bound), None) => AlertWhen::Below(bound.0),
                (None, Some(bound)) => AlertWhen::Above(bound.0),
                _ => {
                    let message = "an alert needs one of below and above".to_owned();
                    self.refuse(at.source, line, "alert", message);
                    continue;
                }
            };
            alerts.push(AlertRule {
                id: alert.id.into_inner(),
                scale: alert.scale.into_inner(),
                when,
            });
        }
        alerts
    }
}

/// The element that is being read.
struct Place<'a> {
    source: &'a Source<'a>,
    element: &'a str,
}

/// The lowest and highest score that the items allow; `None` without items.
pub(in crate::catalogue) fn derived_range(
    method: Method,
    places: &[usize],
    items: &[Item],
) -> Option<(Fixed, Fixed)> {
    let first = &items[*places.first()?];
    Some(match method {
        Method::Sum => places
            .iter()
            .map(|place| &items[*place])
            .fold((Fixed::ZERO, Fixed::ZERO), |(min, max), item| {
                (min + item.min, max + item.max)
            }),
        Method::Index { .. } => (Fixed::ZERO, Fixed::from_int(100)),
        Method::Mean { .. } => (first.min, first.max),
    })
}

/// The distance between two sums of the items.
fn common_step(method: Method, places: &[usize], items: &[Item]) -> Option<Fixed> {
    if method != Method::Sum {
        return None;
    }
    let step = places
        .iter()
        .map(|place| i128::from(items[*place].step.micros().unsigned_abs()))
        .fold(0, gcd);
    (step > 0).then(|| Fixed::from_ratio(step, 1))
}
