//! Validation and scoring of one form. Comes in: a form as it was sent. Goes out: its scores and
//! alerts, or what is wrong with which field. The invariant: what is wrong is said without what
//! was sent, and a score is a pure function of form and instrument, rounded once.

use super::instrument::{AlertWhen, Instrument, Item, Method, Scale, Score, Scored, Violation};
use crate::fixed::Fixed;
use crate::form::{Form, Response};
use crate::ids::RuleId;

impl Instrument {
    /// Checks a form and scores it. The form is refused whole: the error has every violation, in
    /// the order of the form.
    pub fn score(&self, form: &Form) -> Result<Scored, Vec<Violation>> {
        let violations = self.violations(form);
        if !violations.is_empty() {
            return Err(violations);
        }
        let scores = self.scores(form);
        let alerts = self.alerts(&scores);
        Ok(Scored { scores, alerts })
    }

    /// The alert rules that fire at these scores, in the instrument's order. A score that is not
    /// known fires none.
    pub fn alerts(&self, scores: &[Score]) -> Vec<RuleId> {
        let known = |rule: &super::AlertRule| {
            scores
                .iter()
                .find(|score| score.scale == rule.scale)
                .and_then(|score| score.value)
        };
        self.alerts
            .iter()
            .filter(|rule| match (known(rule), rule.when) {
                (Some(value), AlertWhen::Below(bound)) => value < bound,
                (Some(value), AlertWhen::Above(bound)) => value > bound,
                (None, _) => false,
            })
            .map(|rule| rule.id.clone())
            .collect()
    }

    fn scores(&self, form: &Form) -> Vec<Score> {
        let values = self.values(form);
        self.scales
            .iter()
            .map(|scale| Score {
                scale: scale.id.clone(),
                value: match form.total {
                    // Items are not invented from a total.
                    Some(total) => (self.total_only.as_ref() == Some(&scale.id)).then_some(total),
                    None => scale.of_items(&self.items, &values),
                },
            })
            .collect()
    }

    /// The values of the items, in the instrument's order.
    fn values(&self, form: &Form) -> Vec<Option<Fixed>> {
        let items = self.items.iter().enumerate();
        items
            .map(|(place, item)| match response(form, place, item) {
                Some(Response::Value(value)) => Some(value),
                Some(Response::Missing(_)) | None => None,
            })
            .collect()
    }

    fn violations(&self, form: &Form) -> Vec<Violation> {
        let mut found = Violations(Vec::new());
        if form.instrument != self.id.as_str() {
            found.add("instrument", format!("is not {}", self.id));
        }
        if form.version != self.version {
            found.add("version", format!("is not {}", self.version));
        }
        // The rest would be judged by rules that are not its own.
        if !found.0.is_empty() {
            return found.0;
        }
        if !self.respondents.contains(&form.respondent) {
            let allowed: Vec<_> = self.respondents.iter().map(|who| who.as_str()).collect();
            found.add(
                "respondent",
                format!("must be one of: {}", allowed.join(", ")),
            );
        }
        self.check_items(form, &mut found);
        match form.total {
            Some(total) => self.check_total(form, total, &mut found),
            None => self.check_presence(form, &mut found),
        }
        found.0
    }

    fn check_items(&self, form: &Form, found: &mut Violations) {
        let mut seen = std::collections::BTreeSet::new();
        for (place, (id, response)) in form.items.iter().enumerate() {
            if !seen.insert(id.as_str()) {
                found.add(
                    &format!("items[{place}].item"),
                    "must not be there twice".to_owned(),
                );
            }
            match self.items.iter().find(|item| item.id.as_str() == id) {
                Some(item) => check_response(place, item, *response, found),
                None => found.add(
                    &format!("items[{place}].item"),
                    format!("is not an item of {} version {}", self.id, self.version),
                ),
            }
        }
    }

    fn check_total(&self, form: &Form, total: Fixed, found: &mut Violations) {
        if !form.items.is_empty() {
            found.add("total", "must not be sent together with items".to_owned());
        }
        let scale = self
            .total_only
            .as_ref()
            .and_then(|id| self.scales.iter().find(|scale| scale.id == *id));
        match scale {
            Some(scale) => {
                let step = scale.total_step.unwrap_or(Fixed::from_micros(1));
                check_number(
                    || "total".to_owned(),
                    total,
                    (scale.min, scale.max, step),
                    found,
                );
            }
            None => found.add("total", "must not be sent alone: send the items".to_owned()),
        }
    }

    /// What a form without a total must have.
    fn check_presence(&self, form: &Form, found: &mut Violations) {
        if self.items.is_empty() {
            found.add("total", "is required".to_owned());
            return;
        }
        if form.items.is_empty() {
            let or_total = match self.total_only {
                Some(_) => ", or a total",
                None => "",
            };
            found.add("items", format!("must not be empty{or_total}"));
            return;
        }
        for item in self.items.iter().filter(|item| item.required) {
            if !form.items.iter().any(|(id, _)| id == item.id.as_str()) {
                found.add("items", format!("item {} is required", item.id));
            }
        }
    }
}

/// What was sent for the item at `place`. Most forms come in the instrument's order, so that place
/// is looked at first.
fn response(form: &Form, place: usize, item: &Item) -> Option<Response> {
    let of_item = |(id, _): &&(String, Response)| id == item.id.as_str();
    let here = form.items.get(place).filter(of_item);
    here.or_else(|| form.items.iter().find(of_item))
        .map(|(_, response)| *response)
}

fn check_response(place: usize, item: &Item, response: Response, found: &mut Violations) {
    match response {
        Response::Value(value) => check_number(
            || format!("items[{place}].value"),
            value,
            (item.min, item.max, item.step),
            found,
        ),
        Response::Missing(reason) if !item.missing.contains(&reason) => {
            let allowed: Vec<_> = item.missing.iter().map(|reason| reason.as_str()).collect();
            let rule = if allowed.is_empty() {
                "must have a value".to_owned()
            } else {
                format!("must be one of: {}", allowed.join(", "))
            };
            found.add(&format!("items[{place}].missing"), rule);
        }
        Response::Missing(_) => {}
    }
}

/// Says the range and the step, never the value.
fn check_number(
    field: impl FnOnce() -> String,
    value: Fixed,
    (min, max, step): (Fixed, Fixed, Fixed),
    found: &mut Violations,
) {
    if value < min || value > max {
        found.add(&field(), format!("must be from {min} to {max}"));
    } else if !value.is_on_step(min, step) {
        found.add(&field(), format!("must be in steps of {step} from {min}"));
    }
}

struct Violations(Vec<Violation>);

impl Violations {
    fn add(&mut self, field: &str, rule: String) {
        self.0.push(Violation {
            field: field.to_owned(),
            rule,
        });
    }
}

// === impl Scale ===

impl Scale {
    /// The score, from the values of the instrument's items; `None` where too few were answered.
    pub(super) fn of_items(&self, items: &[Item], values: &[Option<Fixed>]) -> Option<Fixed> {
        let answered: Vec<(&Item, Fixed)> = self
            .items
            .iter()
            .filter_map(|place| Some((&items[*place], values[*place]?)))
            .collect();
        let needed = match self.method {
            Method::Sum => self.items.len(),
            Method::Index { min_answered } | Method::Mean { min_answered } => min_answered,
        };
        if answered.is_empty() || answered.len() < needed {
            return None;
        }
        let sum: i128 = answered
            .iter()
            .map(|(_, value)| i128::from(value.micros()))
            .sum();
        Some(match self.method {
            Method::Sum => Fixed::from_ratio(sum, 1),
            Method::Mean { .. } => Fixed::from_ratio(sum, answered.len() as i128),
            Method::Index { .. } => index(&answered),
        })
    }
}

/// The mean of the items, each moved to 0–100 by its own range. One common divisor, so that it is
/// rounded once; the loader has checked that it fits.
fn index(answered: &[(&Item, Fixed)]) -> Fixed {
    let range = |item: &Item| i128::from(item.max.micros() - item.min.micros());
    let common = answered.iter().map(|(item, _)| range(item)).fold(1, lcm);
    let sum: i128 = answered
        .iter()
        .map(|(item, value)| {
            i128::from(value.micros() - item.min.micros()) * (common / range(item))
        })
        .sum();
    let hundred = i128::from(Fixed::from_int(100).micros());
    Fixed::from_ratio(sum * hundred, common * answered.len() as i128)
}

/// The least common multiple of two positive numbers.
pub(super) fn lcm(left: i128, right: i128) -> i128 {
    left / gcd(left, right) * right
}

/// The greatest common divisor of two numbers that are not negative.
pub(super) fn gcd(left: i128, right: i128) -> i128 {
    if right == 0 {
        left
    } else {
        gcd(right, left % right)
    }
}

#[cfg(test)]
mod tests;
