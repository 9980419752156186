//! What goes back. Comes in: scores and alerts, or why there are none. Goes out: `QuestionParameters`, or an
//! `OperationOutcome`. The invariant: they say what the gRPC replies say, by the same names.

use medvirk_domain::form::Respondent;
use medvirk_proto::feedback::v1 as wire;
use serde_json::{Map, Value, json};

/// Something that an OperationOutcome tells.
pub struct OutcomeIssue {
    /// A code of R4's `issue-type`.
    pub code: &'static str,
    /// For people: what is wrong and what is allowed.
    pub text: String,
    /// The element, where it is about one.
    pub expression: Option<String>,
}

/// What the forms of a submission came to.
pub struct ScoredSubmission<'a> {
    /// The scores of the form, one for each scale.
    pub scores: &'a [wire::Score],
    /// The alert rules that fired.
    pub alerts: &'a [wire::Alert],
    /// Rules that look at what was before, of which nothing was said.
    pub unjudged: &'a [wire::Alert],
    /// What to ask next time, of an adaptive form.
    pub next: &'a [wire::Asking],
}

/// Errors, one an issue.
pub fn outcome(issues: &[OutcomeIssue]) -> Value {
    let issue = |issue: &OutcomeIssue| {
        let mut told = json!({
            "severity": "error",
            "code": issue.code,
            "details": { "text": issue.text },
        });
        if let Some(expression) = &issue.expression {
            told["expression"] = json!([expression]);
        }
        told
    };
    let issues: Vec<_> = issues.iter().map(issue).collect();
    json!({ "resourceType": "OperationOutcome", "issue": issues })
}

/// Scores and alerts as the resource `QuestionParameters`.
pub fn parameters(scored: &ScoredSubmission<'_>) -> Value {
    let mut all = Vec::new();
    all.extend(scored.scores.iter().map(|it| group("score", score(it))));
    all.extend(scored.alerts.iter().map(|it| group("alert", alert(it))));
    all.extend(
        scored
            .unjudged
            .iter()
            .map(|it| group("unjudged", alert(it))),
    );
    all.extend(scored.next.iter().map(|it| group("next", asking(it))));
    let mut parameters = Map::new();
    parameters.insert("resourceType".to_owned(), "Parameters".into());
    // A list with nothing in it is not FHIR.
    if !all.is_empty() {
        parameters.insert("parameter".to_owned(), all.into());
    }
    parameters.into()
}

fn score(score: &wire::Score) -> Vec<Value> {
    let some = |name, value: Option<f64>| value.map(|value| decimal(name, value));
    let mut parts = vec![
        code("instrument", &score.instrument),
        code("respondent", respondent(score.respondent)),
        code("scale", &score.scale),
        code("basis", &word(score.basis().as_str_name(), "BASIS_")),
    ];
    parts.extend(some("value", score.value));
    parts.push(decimal("min", score.min));
    parts.push(decimal("max", score.max));
    parts.extend(some("cutoff", score.cutoff));
    parts.push(json!({ "name": "higher-is-better", "valueBoolean": score.higher_is_better }));
    parts.extend(some("reliable-change", score.reliable_change));
    if score.age() != wire::AgeBand::Unspecified {
        parts.push(code(
            "age-band",
            &word(score.age().as_str_name(), "AGE_BAND_"),
        ));
    }
    parts.extend(some("z", score.z));
    if !score.norm.is_empty() {
        parts.push(code("norm", &score.norm));
    }
    parts
}

fn alert(alert: &wire::Alert) -> Vec<Value> {
    vec![
        code("instrument", &alert.instrument),
        code("respondent", respondent(alert.respondent)),
        code("scale", &alert.scale),
        code("rule", &alert.rule),
    ]
}

fn asking(asking: &wire::Asking) -> Vec<Value> {
    let scale = |it: &wire::ScaleAsking| {
        let open = json!({ "name": "open", "valueBoolean": it.open });
        json!({ "name": "scale", "part": [code("id", &it.scale), open] })
    };
    let mut parts = vec![
        code("instrument", &asking.instrument),
        code("respondent", respondent(asking.respondent)),
    ];
    parts.extend(asking.scales.iter().map(scale));
    parts.extend(asking.items.iter().map(|item| code("item", item)));
    parts
}

fn group(name: &str, parts: Vec<Value>) -> Value {
    json!({ "name": name, "part": parts })
}

fn code(name: &str, value: &str) -> Value {
    json!({ "name": name, "valueCode": value })
}

fn decimal(name: &str, value: f64) -> Value {
    json!({ "name": name, "valueDecimal": value })
}

/// The word that catalogues use.
fn respondent(sent: i32) -> &'static str {
    let known = wire::Respondent::try_from(sent).ok().and_then(Into::into);
    known.unwrap_or(Respondent::Patient).as_str()
}

/// The word in FHIR for a name in protobuf: `BASIS_TRIGGER_ONLY` is `trigger-only`.
fn word(name: &str, prefix: &str) -> String {
    let name = name.strip_prefix(prefix).unwrap_or(name);
    name.to_lowercase().replace('_', "-")
}
