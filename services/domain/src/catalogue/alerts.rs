//! Alert rules. Comes in: a score, and what is known of the episode before it. Goes out: which
//! rules fire, and which cannot be judged. The invariant: pure; the same rule over the same scores
//! says the same to the tablet at once and in the curve later.

use super::instrument::{AlertRule, AlertWhen, ExpectedScore, Instrument, Scale, ScoredForm};
use crate::fixed::FixedPoint;
use crate::form::{Form, Respondent};
use crate::ids::{RuleId, ScaleId};

/// A score of the same instrument, version and respondent, from before in the same episode.
#[derive(Clone, PartialEq, Eq)]
pub struct EarlierScore {
    /// The scale that the score is of.
    pub scale: ScaleId,
    /// `None` when too few items were answered.
    pub value: Option<FixedPoint>,
    /// True if the scale was asked in full, or its trigger opened it.
    pub open: bool,
}

impl std::fmt::Debug for EarlierScore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EarlierScore(redacted)")
    }
}

/// What the alert rules say of a form.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FormAlerts {
    /// Rules that fired, in the instrument's order.
    pub fired: Vec<RuleId>,
    /// Rules that look at earlier scores, where nobody said which there are.
    pub unjudged: Vec<RuleId>,
}

/// What is known of an episode beside a form.
#[derive(Clone, Copy, Default)]
pub struct AlertContext<'a> {
    /// The scores before it, oldest first; `None` where it is not known whether there are any.
    pub earlier: Option<&'a [EarlierScore]>,
    /// The forms of the same session; it may be among them.
    pub session: &'a [(&'a Form, &'a ScoredForm)],
}

/// What a rule looks at in the session itself.
#[derive(Clone, Copy)]
struct SessionScores {
    /// The score; `None` when too few items were answered.
    score: Option<FixedPoint>,
    /// The cut-off for the form's respondent and age band.
    cutoff: Option<FixedPoint>,
    /// True if the scale's trigger is above its threshold.
    opens: bool,
}

impl Instrument {
    /// Judges all rules of a form that has been scored.
    pub fn alerts(&self, form: &Form, scored: &ScoredForm, known: AlertContext<'_>) -> FormAlerts {
        let mut alerts = FormAlerts::default();
        if self.alerts.is_empty() {
            return alerts;
        }
        let responses = self.responses(form);
        for rule in &self.alerts {
            let mut pairs = self.scales.iter().zip(&scored.scores);
            let Some((scale, score)) = pairs.find(|(scale, _)| scale.id == rule.scale) else {
                continue;
            };
            let now = SessionScores {
                score: score.value,
                cutoff: scale.cutoff(form.respondent, self.age_of(form)),
                opens: scale.is_opened(&self.items, &responses),
            };
            let of_scale = |all: &[EarlierScore]| -> Vec<FixedPoint> {
                let same = all.iter().filter(|it| it.scale == rule.scale);
                same.filter_map(|it| it.value).collect()
            };
            let earlier = known.earlier.map(of_scale);
            let expected = |of: &ExpectedScore| of.score(form.respondent, known);
            match rule.judge(scale, now, earlier.as_deref(), expected) {
                Some(true) => alerts.fired.push(rule.id.clone()),
                Some(false) => {}
                None => alerts.unjudged.push(rule.id.clone()),
            }
        }
        alerts
    }
}

impl ExpectedScore {
    /// The expected score that was sent in the same session, about the same respondent.
    fn score(&self, respondent: Respondent, known: AlertContext<'_>) -> Option<FixedPoint> {
        let mut forms = known.session.iter();
        let (_, scored) = forms.find(|(form, _)| {
            form.instrument == self.instrument && form.respondent == respondent
        })?;
        let mut scores = scored.scores.iter();
        scores.find(|score| score.scale == self.scale)?.value
    }
}

impl AlertRule {
    /// True if the rule fires, `None` if that depends on earlier scores and they are not known.
    /// A score that is not known fires none. `earlier` is oldest first; `expected` finds the score
    /// that was sent beside this one.
    fn judge(
        &self,
        scale: &Scale,
        now: SessionScores,
        earlier: Option<&[FixedPoint]>,
        expected: impl Fn(&ExpectedScore) -> Option<FixedPoint>,
    ) -> Option<bool> {
        if self.when == AlertWhen::Opens {
            return Some(now.opens);
        }
        let Some(score) = now.score else {
            return Some(false);
        };
        let clinical = |score| now.cutoff.map(|cutoff| scale.is_clinical(score, cutoff));
        Some(match &self.when {
            AlertWhen::Below(bound) => score < *bound,
            AlertWhen::Above(bound) => score > *bound,
            AlertWhen::Clinical => clinical(score) == Some(true),
            AlertWhen::Opens => now.opens,
            AlertWhen::WorseThanExpected(of) => {
                let expected = expected(of);
                expected.is_some_and(|expected| scale.gain(score, expected) > FixedPoint::ZERO)
            }
            AlertWhen::StartsOutsideClinical => {
                earlier?.is_empty() && clinical(score) == Some(false)
            }
            AlertWhen::WorseThanLast(by) => {
                let last = earlier?.last();
                last.is_some_and(|last| scale.gain(score, *last) >= *by)
            }
            AlertWhen::WorseThanFirst(by) => {
                let first = earlier?.first();
                first.is_some_and(|first| scale.gain(score, *first) >= *by)
            }
            AlertWhen::NoChange { scores } => {
                let (earlier, change) = (earlier?, scale.reliable_change?);
                let enough = earlier.len() + 1 >= *scores as usize;
                let gain = earlier.first().map(|first| scale.gain(*first, score));
                enough && gain.is_some_and(|gain| gain < change && -gain < change)
            }
            AlertWhen::Recovered => {
                let (earlier, change) = (earlier?, scale.reliable_change?);
                let first = earlier.first();
                first.is_some_and(|first| {
                    clinical(*first) == Some(true)
                        && clinical(score) == Some(false)
                        && scale.gain(*first, score) >= change
                })
            }
        })
    }
}

#[cfg(test)]
mod tests;
