//! Replies. Comes in: what was admitted, scored. Goes out: scores and alerts as clients read them.
//! The invariant: what a patient's tablet shows is what the catalogue in force says.

use std::time::Duration;

use medvirk_domain::catalogue::{AdaptiveQuestions, FormViolation};
use medvirk_domain::fixed::FixedPoint;
use medvirk_domain::form::Form;
use medvirk_domain::ids::{RuleId, ScaleId};
use medvirk_proto::feedback::v1 as wire;

use crate::admission::{CheckedForm, NextQuestions};
use crate::refusal::SubmissionRefusal;

/// What the sender of one submission gets back.
#[derive(Default)]
pub(crate) struct SubmissionReceipt {
    pub(crate) scores: Vec<wire::Score>,
    pub(crate) alerts: Vec<wire::Alert>,
    pub(crate) unjudged: Vec<wire::Alert>,
    pub(crate) next: Vec<wire::Asking>,
    pub(crate) code: Option<IssuedCode>,
}

/// A new survey code.
pub(crate) struct IssuedCode {
    pub(crate) text: String,
    /// The last month in which it is taken, YYYY-MM.
    pub(crate) expires: String,
}

impl SubmissionReceipt {
    /// Scores and alerts of the forms.
    pub(crate) fn of(filled: &[CheckedForm<'_>], code: Option<IssuedCode>) -> Self {
        Self {
            scores: filled.iter().flat_map(scores).collect(),
            alerts: filled
                .iter()
                .flat_map(|one| alerts(one, &one.alerts.fired))
                .collect(),
            unjudged: filled
                .iter()
                .flat_map(|one| alerts(one, &one.alerts.unjudged))
                .collect(),
            next: filled.iter().filter_map(next).collect(),
            code,
        }
    }
}

/// One entry of a batch's results.
pub(crate) fn result(
    id: String,
    outcome: Result<SubmissionReceipt, SubmissionRefusal>,
) -> wire::SubmissionResult {
    match outcome {
        Ok(receipt) => wire::SubmissionResult {
            submission_id: id,
            scores: receipt.scores,
            alerts: receipt.alerts,
            unjudged: receipt.unjudged,
            next: receipt.next,
            code_issued: receipt.code.map(|code| code.text).unwrap_or_default(),
            ..wire::SubmissionResult::default()
        },
        Err(refusal) => wire::SubmissionResult {
            submission_id: id,
            code: refusal.code().into(),
            message: refusal.message(),
            violations: refusal.violations().into_iter().map(violation).collect(),
            refusal: refusal.reason().into(),
            retry_after_ms: refusal.retry().map(milliseconds),
            ..wire::SubmissionResult::default()
        },
    }
}

fn milliseconds(after: Duration) -> u32 {
    u32::try_from(after.as_millis()).unwrap_or(u32::MAX)
}

fn violation(violation: FormViolation) -> wire::FieldViolation {
    wire::FieldViolation {
        field: violation.field,
        description: violation.rule,
    }
}

fn scores(filled: &CheckedForm<'_>) -> impl Iterator<Item = wire::Score> {
    let CheckedForm {
        form, instrument, ..
    } = filled;
    let by = wire::Respondent::from(form.respondent);
    let of_age = instrument.age_of(form);
    let scored = instrument.scales.iter().zip(&filled.scored.scores);
    scored.map(move |(scale, score)| {
        let z = score.value.and_then(|value| scale.z(value));
        let norm = instrument.norm.as_ref().filter(|_| z.is_some());
        wire::Score {
            instrument: form.instrument.to_string(),
            respondent: by.into(),
            scale: scale.id.to_string(),
            value: score.value.map(FixedPoint::to_f64),
            min: scale.min.to_f64(),
            max: scale.max.to_f64(),
            cutoff: scale
                .cutoff(form.respondent, of_age)
                .map(FixedPoint::to_f64),
            higher_is_better: scale.higher_is_better,
            reliable_change: scale.reliable_change.map(FixedPoint::to_f64),
            age: wire::AgeBand::from(of_age).into(),
            basis: wire::Basis::from(score.basis).into(),
            z: z.map(FixedPoint::to_f64),
            norm: norm.map(|norm| norm.id.to_string()).unwrap_or_default(),
        }
    })
}

fn alerts(filled: &CheckedForm<'_>, named: &[RuleId]) -> impl Iterator<Item = wire::Alert> {
    let rules = filled.instrument.alerts.iter();
    let fired = rules.filter(|rule| named.contains(&rule.id));
    fired.map(|rule| wire::Alert {
        instrument: filled.form.instrument.to_string(),
        rule: rule.id.to_string(),
        scale: rule.scale.to_string(),
        respondent: wire::Respondent::from(filled.form.respondent).into(),
    })
}

fn next(filled: &CheckedForm<'_>) -> Option<wire::Asking> {
    let next = filled.next.as_ref()?;
    Some(asking(&filled.form, next))
}

/// What to ask next of a form that is being filled in.
pub(crate) fn asked(asked: &NextQuestions) -> wire::Asking {
    asking(&asked.form, &asked.asking)
}

fn asking(form: &Form, asking: &AdaptiveQuestions) -> wire::Asking {
    let scales = asking.scales.iter();
    let scale = |(scale, open): &(ScaleId, bool)| wire::ScaleAsking {
        scale: scale.to_string(),
        open: *open,
    };
    wire::Asking {
        instrument: form.instrument.to_string(),
        respondent: wire::Respondent::from(form.respondent).into(),
        scales: scales.map(scale).collect(),
        items: asking.items.iter().map(ToString::to_string).collect(),
    }
}
