//! Adaptive asking. Comes in: what was answered so far, and the episode's earlier scores. Goes
//! out: which scales are asked in full, and which items are next. The invariant: a trigger item is
//! always asked, and a scale closes only on three scores; what is not known opens rather than
//! closes.

use super::alerts::EarlierScore;
use super::instrument::{AdaptiveScale, Basis, Instrument, Item, Scale, ScoredForm, ScoringMethod};
use crate::fixed::FixedPoint;
use crate::form::{Form, ItemResponse};
use crate::ids::{ItemId, ScaleId};

/// A scale closes on the mean of so many scores.
const CLOSING_SCORES: usize = 3;

/// What to ask of an adaptive instrument.
#[derive(Clone, PartialEq, Eq)]
pub struct AdaptiveQuestions {
    /// Every adaptive scale, in the instrument's order, and whether it is asked in full.
    pub scales: Vec<(ScaleId, bool)>,
    /// The items to ask that are not in the form yet, in the instrument's order.
    pub items: Vec<ItemId>,
}

/// Which scales are open says what somebody answered.
impl std::fmt::Debug for AdaptiveQuestions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AdaptiveQuestions(redacted)")
    }
}

impl Instrument {
    /// True if some scale is not always asked in full.
    pub fn is_adaptive(&self) -> bool {
        self.scales.iter().any(|scale| scale.adaptive.is_some())
    }

    /// What to ask next in this form, which may be empty. `earlier` is oldest first.
    pub fn ask(&self, form: &Form, earlier: &[EarlierScore]) -> AdaptiveQuestions {
        let responses = self.responses(form);
        let open =
            |scale: &Scale| scale.is_opened(&self.items, &responses) || scale.stays_open(earlier);
        let adaptive = || self.scales.iter().filter(|scale| scale.adaptive.is_some());
        let opened: Vec<&Scale> = adaptive().filter(|scale| open(scale)).collect();
        let asked = |place: usize| {
            let of = |scale: &&Scale| scale.items.contains(&place);
            let is_trigger = |scale: &Scale| scale.trigger() == Some(place);
            adaptive().any(is_trigger)
                || !adaptive().any(|scale| of(&scale))
                || opened.iter().any(of)
        };
        let first = earlier.is_empty();
        let items = self.items.iter().enumerate();
        let next = items.filter(|(place, item)| {
            responses[*place].is_none() && asked(*place) && !(first && item.not_at_first)
        });
        AdaptiveQuestions {
            items: next.map(|(_, item)| item.id.clone()).collect(),
            scales: adaptive()
                .map(|scale| (scale.id.clone(), opened.iter().any(|it| it.id == scale.id)))
                .collect(),
        }
    }

    /// What to ask in the session after this form. `earlier` is oldest first.
    pub fn ask_next_time(
        &self,
        form: &Form,
        scored: &ScoredForm,
        earlier: &[EarlierScore],
    ) -> AdaptiveQuestions {
        let mut known = earlier.to_vec();
        known.extend(self.as_earlier(form, scored));
        let empty = Form {
            items: Vec::new(),
            total: None,
            ..form.clone()
        };
        self.ask(&empty, &known)
    }

    /// The scores of this form as those after it see them.
    pub fn as_earlier(&self, form: &Form, scored: &ScoredForm) -> Vec<EarlierScore> {
        let responses = self.responses(form);
        let pairs = self.scales.iter().zip(&scored.scores);
        let earlier = pairs.map(|(scale, score)| EarlierScore {
            scale: score.scale.clone(),
            value: score.value,
            open: matches!(score.basis, Basis::Full | Basis::Partial)
                || scale.is_opened(&self.items, &responses),
        });
        earlier.collect()
    }
}

impl Scale {
    fn trigger(&self) -> Option<usize> {
        self.adaptive.map(|adaptive| adaptive.trigger)
    }

    /// True if there is a score wherever the trigger has an answer, open or closed; also of a scale
    /// that is always asked in full.
    pub(super) fn is_scored_by_its_trigger(&self) -> bool {
        let needed = match self.method {
            ScoringMethod::Sum => self.items.len(),
            ScoringMethod::Index { min_answered } | ScoringMethod::Mean { min_answered } => {
                min_answered
            }
        };
        let own = |trigger| self.items.contains(&trigger) && needed <= 1;
        self.trigger().is_none_or(own)
    }

    /// True if the response to the trigger opens the scale.
    pub(super) fn is_opened(&self, items: &[Item], responses: &[Option<ItemResponse>]) -> bool {
        let Some(AdaptiveScale {
            trigger,
            opens_above,
            ..
        }) = self.adaptive
        else {
            return false;
        };
        let value = match responses[trigger] {
            Some(ItemResponse::Value(value)) => Some(items[trigger].turned(value)),
            Some(ItemResponse::Missing(reason)) => self.counts_as(reason),
            None => None,
        };
        value.is_some_and(|value| value > opens_above)
    }

    /// True if it was open at the last time and its last three scores do not close it.
    fn stays_open(&self, earlier: &[EarlierScore]) -> bool {
        let Some(adaptive) = self.adaptive else {
            return false;
        };
        let of_scale = || earlier.iter().filter(|it| it.scale == self.id);
        let was_open = of_scale().next_back().is_some_and(|it| it.open);
        let last: Vec<FixedPoint> = of_scale()
            .rev()
            .filter_map(|it| it.value)
            .take(CLOSING_SCORES)
            .collect();
        was_open && !(last.len() == CLOSING_SCORES && mean_is_below(&last, adaptive.closes_below))
    }
}

/// Exactly, without rounding the mean.
fn mean_is_below(scores: &[FixedPoint], bound: FixedPoint) -> bool {
    let sum: i128 = scores.iter().map(|it| i128::from(it.micros())).sum();
    sum < i128::from(bound.micros()) * scores.len() as i128
}

#[cfg(test)]
mod tests;
