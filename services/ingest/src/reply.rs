//! Replies. Comes in: what was admitted, scored. Goes out: scores and alerts as clients read them.
//! The invariant: what a patient's tablet shows is what the catalogue in force says.

use medvirk_domain::catalogue::Violation;
use medvirk_domain::form::Respondent;
use medvirk_proto::feedback::v1 as wire;

use crate::admission::Filled;
use crate::refusal::Refusal;

/// What the sender of one submission gets back.
#[derive(Default)]
pub(crate) struct Receipt {
    pub(crate) scores: Vec<wire::Score>,
    pub(crate) alerts: Vec<wire::Alert>,
    pub(crate) code: Option<IssuedCode>,
}

/// A new survey code.
pub(crate) struct IssuedCode {
    pub(crate) text: String,
    /// The last month in which it is taken, YYYY-MM.
    pub(crate) expires: String,
}

impl Receipt {
    /// Scores and alerts of the forms.
    pub(crate) fn of(filled: &[Filled<'_>], code: Option<IssuedCode>) -> Self {
        Self {
            scores: filled.iter().flat_map(scores).collect(),
            alerts: filled.iter().flat_map(alerts).collect(),
            code,
        }
    }
}

/// One entry of a batch's results.
pub(crate) fn result(id: String, outcome: Result<Receipt, Refusal>) -> wire::SubmissionResult {
    match outcome {
        Ok(receipt) => wire::SubmissionResult {
            submission_id: id,
            scores: receipt.scores,
            alerts: receipt.alerts,
            code_issued: receipt.code.map(|code| code.text).unwrap_or_default(),
            ..wire::SubmissionResult::default()
        },
        Err(refusal) => wire::SubmissionResult {
            submission_id: id,
            code: refusal.code().into(),
            message: refusal.message(),
            violations: refusal.violations().into_iter().map(violation).collect(),
            ..wire::SubmissionResult::default()
        },
    }
}

fn violation(violation: Violation) -> wire::FieldViolation {
    wire::FieldViolation {
        field: violation.field,
        description: violation.rule,
    }
}

fn scores(filled: &Filled<'_>) -> impl Iterator<Item = wire::Score> {
    let scales = filled.instrument.scales.iter();
    let scored = scales.zip(&filled.scored.scores);
    scored.map(|(scale, score)| wire::Score {
        instrument: filled.form.instrument.clone(),
        respondent: respondent(filled.form.respondent).into(),
        scale: scale.id.to_string(),
        value: score.value.map(|value| value.to_f64()),
        min: scale.min.to_f64(),
        max: scale.max.to_f64(),
        cutoff: scale.cutoff.map(|cutoff| cutoff.to_f64()),
    })
}

fn alerts(filled: &Filled<'_>) -> impl Iterator<Item = wire::Alert> {
    let rules = filled.instrument.alerts.iter();
    let fired = rules.filter(|rule| filled.scored.alerts.contains(&rule.id));
    fired.map(|rule| wire::Alert {
        instrument: filled.form.instrument.clone(),
        rule: rule.id.to_string(),
        scale: rule.scale.to_string(),
    })
}

const fn respondent(respondent: Respondent) -> wire::Respondent {
    match respondent {
        Respondent::Patient => wire::Respondent::Self_,
        Respondent::Caretaker => wire::Respondent::Caretaker,
        Respondent::Other => wire::Respondent::Other,
        Respondent::GroupMember => wire::Respondent::GroupMember,
    }
}
