//! Validation and scoring of one form. Comes in: a form as the log holds it. Goes out: its scores,
//! or what is wrong with which field. The invariant: what is wrong is said without what
//! was sent, and a score is a pure function of form and instrument, rounded once.

use super::instrument::{
    Basis, FormViolation, Instrument, Item, Scale, Score, ScoredForm, ScoringMethod,
};
use crate::fixed::FixedPoint;
use crate::form::{Form, ItemResponse, MissingReason};
use crate::ids::ItemId;

impl Instrument {
    /// Checks a form and scores it. The form is refused whole: the error has every violation, in
    /// the order of the form.
    pub fn score(&self, form: &Form) -> Result<ScoredForm, Vec<FormViolation>> {
        let violations = self.violations(form);
        if !violations.is_empty() {
            return Err(violations);
        }
        let scores = self.scores(form);
        Ok(ScoredForm { scores })
    }

    /// Checks a form as [`Self::score`] does and gives the values alone, in the order of the scales.
    ///
    /// # Errors
    /// With every violation, in the order of the form.
    pub fn score_values(
        &self,
        form: &Form,
    ) -> Result<Box<[Option<FixedPoint>]>, Vec<FormViolation>> {
        let violations = self.violations(form);
        if !violations.is_empty() {
            return Err(violations);
        }
        let responses = self.responses(form);
        let scales = self.scales.iter();
        let values = scales.map(|scale| self.score_of(scale, form, &responses).0);
        Ok(values.collect())
    }

    fn scores(&self, form: &Form) -> Vec<Score> {
        let responses = self.responses(form);
        let score = |scale: &Scale| {
            let (value, basis) = self.score_of(scale, form, &responses);
            Score {
                scale: scale.id.clone(),
                value,
                basis,
            }
        };
        self.scales.iter().map(score).collect()
    }

    fn score_of(
        &self,
        scale: &Scale,
        form: &Form,
        responses: &[Option<ItemResponse>],
    ) -> (Option<FixedPoint>, Basis) {
        match form.total {
            // Items are not invented from a total.
            Some(total) if self.total_only.as_ref() == Some(&scale.id) => {
                (Some(total), Basis::Total)
            }
            Some(_) => (None, Basis::Missing),
            None => scale.of_responses(&self.items, responses),
        }
    }

    /// What was sent for each item, in the instrument's order.
    pub(super) fn responses(&self, form: &Form) -> Vec<Option<ItemResponse>> {
        let items = self.items.iter().enumerate();
        items
            .map(|(place, item)| response(form, place, item))
            .collect()
    }

    /// Checks a form that may not be finished, or not begun.
    ///
    /// # Errors
    /// With every violation, in the order of the form.
    pub fn check_unfinished(&self, form: &Form) -> Result<(), Vec<FormViolation>> {
        let mut found = FormViolations(Vec::new());
        self.check_head(form, &mut found);
        if found.0.is_empty() {
            self.check_who(form, &mut found);
            self.check_items(form, &mut found);
        }
        if form.total.is_some() {
            found.add(
                "total",
                "must not be given: nothing is asked any more".to_owned(),
            );
        }
        if found.0.is_empty() {
            Ok(())
        } else {
            Err(found.0)
        }
    }

    fn violations(&self, form: &Form) -> Vec<FormViolation> {
        let mut found = FormViolations(Vec::new());
        self.check_head(form, &mut found);
        // The rest would be judged by rules that are not its own.
        if !found.0.is_empty() {
            return found.0;
        }
        self.check_who(form, &mut found);
        self.check_items(form, &mut found);
        match form.total {
            Some(total) => self.check_total(form, total, &mut found),
            None => self.check_presence(form, &mut found),
        }
        found.0
    }

    fn check_head(&self, form: &Form, found: &mut FormViolations) {
        if form.instrument != self.id {
            found.add("instrument", format!("is not {}", self.id));
        }
        if form.version != self.version {
            found.add("version", format!("is not {}", self.version));
        }
    }

    fn check_who(&self, form: &Form, found: &mut FormViolations) {
        if !self.respondents.contains(&form.respondent) {
            let allowed: Vec<_> = self.respondents.iter().map(|who| who.as_str()).collect();
            found.add(
                "respondent",
                format!("must be one of: {}", allowed.join(", ")),
            );
        }
        if form.age.is_some_and(|age| !self.ages.contains(&age)) {
            found.add("age", self.age_rule());
        }
    }

    fn age_rule(&self) -> String {
        if self.ages.is_empty() {
            return "must not be given: age plays no part in this instrument".to_owned();
        }
        let allowed: Vec<_> = self.ages.iter().map(|age| age.as_str()).collect();
        format!("must be one of: {}", allowed.join(", "))
    }

    fn check_items(&self, form: &Form, found: &mut FormViolations) {
        let mut seen = std::collections::BTreeSet::new();
        for (place, (id, response)) in form.items.iter().enumerate() {
            if !seen.insert(id.as_str()) {
                found.add(
                    &format!("items[{place}].item"),
                    "must not be there twice".to_owned(),
                );
            }
            match self.items.iter().find(|item| item.id == *id) {
                Some(item) => check_response(place, item, *response, found),
                None => found.add(
                    &format!("items[{place}].item"),
                    format!("is not an item of {} version {}", self.id, self.version),
                ),
            }
        }
    }

    fn check_total(&self, form: &Form, total: FixedPoint, found: &mut FormViolations) {
        if !form.items.is_empty() {
            found.add("total", "must not be sent together with items".to_owned());
        }
        let scale = self
            .total_only
            .as_ref()
            .and_then(|id| self.scales.iter().find(|scale| scale.id == *id));
        match scale {
            Some(scale) => {
                let step = scale.total_step.unwrap_or(FixedPoint::from_micros(1));
                check_number(
                    || "total".to_owned(),
                    total,
                    scale.min,
                    scale.max,
                    step,
                    found,
                );
            }
            None => found.add("total", "must not be sent alone: send the items".to_owned()),
        }
    }

    /// What a form without a total must have.
    fn check_presence(&self, form: &Form, found: &mut FormViolations) {
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
            if !form.items.iter().any(|(id, _)| *id == item.id) {
                found.add("items", format!("item {} is required", item.id));
            }
        }
    }
}

/// What was sent for the item at `place`. Most forms come in the instrument's order, so that place
/// is looked at first.
fn response(form: &Form, place: usize, item: &Item) -> Option<ItemResponse> {
    let of_item = |(id, _): &&(ItemId, ItemResponse)| *id == item.id;
    let here = form.items.get(place).filter(of_item);
    here.or_else(|| form.items.iter().find(of_item))
        .map(|(_, response)| *response)
}

fn check_response(place: usize, item: &Item, response: ItemResponse, found: &mut FormViolations) {
    match response {
        ItemResponse::Value(value) => check_number(
            || format!("items[{place}].value"),
            value,
            item.min,
            item.max,
            item.step,
            found,
        ),
        ItemResponse::Missing(reason) if !item.missing.contains(&reason) => {
            let allowed: Vec<_> = item.missing.iter().map(|reason| reason.as_str()).collect();
            let rule = if allowed.is_empty() {
                "must have a value".to_owned()
            } else {
                format!("must be one of: {}", allowed.join(", "))
            };
            found.add(&format!("items[{place}].missing"), rule);
        }
        ItemResponse::Missing(_) => {}
    }
}

/// Says the range and the step, never the value.
fn check_number(
    field: impl FnOnce() -> String,
    value: FixedPoint,
    min: FixedPoint,
    max: FixedPoint,
    step: FixedPoint,
    found: &mut FormViolations,
) {
    if value < min || value > max {
        found.add(&field(), format!("must be from {min} to {max}"));
    } else if !value.is_on_step(min, step) {
        found.add(&field(), format!("must be in steps of {step} from {min}"));
    }
}

struct FormViolations(Vec<FormViolation>);

impl FormViolations {
    fn add(&mut self, field: &str, rule: String) {
        self.0.push(FormViolation {
            field: field.to_owned(),
            rule,
        });
    }
}

// === impl Scale ===

impl Scale {
    /// The score, from the values of the instrument's items; `None` where too few were answered.
    pub(super) fn of_items(
        &self,
        items: &[Item],
        values: &[Option<FixedPoint>],
    ) -> Option<FixedPoint> {
        let responses: Vec<_> = values
            .iter()
            .map(|it| it.map(ItemResponse::Value))
            .collect();
        self.of_responses(items, &responses).0
    }

    /// The score, from what was sent for the instrument's items, and what it rests on.
    fn of_responses(
        &self,
        items: &[Item],
        responses: &[Option<ItemResponse>],
    ) -> (Option<FixedPoint>, Basis) {
        let answer = |place: &usize| {
            let item = &items[*place];
            // What a reason counts as is already in the direction of the scale.
            let value = match responses[*place]? {
                ItemResponse::Value(value) => Some(item.turned(value)),
                ItemResponse::Missing(reason) => self.counts_as(reason),
            };
            value.map(|value| (item, value))
        };
        let answered: Vec<(&Item, FixedPoint)> = self.items.iter().filter_map(answer).collect();
        let basis = self.basis(answered.len(), responses);
        let needed = match self.method {
            ScoringMethod::Sum => self.items.len(),
            ScoringMethod::Index { min_answered } | ScoringMethod::Mean { min_answered } => {
                min_answered
            }
        };
        if answered.is_empty() || answered.len() < needed {
            return (None, basis);
        }
        (Some(self.of_answered(&answered)), basis)
    }

    fn of_answered(&self, answered: &[(&Item, FixedPoint)]) -> FixedPoint {
        let values = answered.iter().map(|(_, value)| i128::from(value.micros()));
        let sum: i128 = values.sum();
        match self.method {
            ScoringMethod::Sum => FixedPoint::from_ratio(sum, 1),
            ScoringMethod::Mean { .. } => FixedPoint::from_ratio(sum, answered.len() as i128),
            ScoringMethod::Index { .. } => index(answered),
        }
    }

    /// What a reason counts as in this scale, where it counts.
    pub(super) fn counts_as(&self, reason: MissingReason) -> Option<FixedPoint> {
        let policy = self.missing_as.iter().find(|(of, _)| *of == reason);
        policy.map(|(_, value)| *value)
    }

    fn basis(&self, answered: usize, responses: &[Option<ItemResponse>]) -> Basis {
        if answered == self.items.len() && answered > 0 {
            return Basis::Full;
        }
        // All items but the trigger, where it has one.
        let trigger = self.adaptive.map(|adaptive| adaptive.trigger);
        let mut others = self.items.iter().filter(|it| Some(**it) != trigger);
        let by_design = Some(ItemResponse::Missing(MissingReason::ByDesign));
        let closed = !self.items.is_empty() && others.all(|place| responses[*place] == by_design);
        let own_trigger = trigger.is_some_and(|trigger| self.items.contains(&trigger));
        match (answered, closed) {
            (0, true) if !own_trigger => Basis::Closed,
            (0, _) => Basis::Missing,
            (_, true) => Basis::TriggerOnly,
            (_, false) => Basis::Partial,
        }
    }
}

/// The mean of the items, each moved to 0–100 by its own range. One common divisor, so that it is
/// rounded once; the loader has checked that it fits.
fn index(answered: &[(&Item, FixedPoint)]) -> FixedPoint {
    let range = |item: &Item| i128::from(item.max.micros() - item.min.micros());
    let common = answered.iter().map(|(item, _)| range(item)).fold(1, lcm);
    let sum: i128 = answered
        .iter()
        .map(|(item, value)| {
            i128::from(value.micros() - item.min.micros()) * (common / range(item))
        })
        .sum();
    let hundred = i128::from(FixedPoint::from_int(100).micros());
    FixedPoint::from_ratio(sum * hundred, common * answered.len() as i128)
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
