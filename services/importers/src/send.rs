//! Sending, or only judging. Comes in: what is due. Goes out: the fate of each. The invariants:
//! what a refusal says is told by form and item, never by what was sent; no episode is closed of which
//! something was refused.

use std::collections::BTreeMap;

use indicatif::ProgressBar;
use medvirk_client::arguments::TargetSystem;
use medvirk_client::connect::{RoleConnection, connect};
use medvirk_client::submit;
use medvirk_domain::catalogue::{Catalogue, FormViolation};
use medvirk_ingest::admission::{
    AdmissionRules, RefusedSubmission, SentSubmission, SubmissionKind as Kinds, admit,
};
use medvirk_ingest::code::SurveyCodes;
use medvirk_proto::feedback::v1::feedback_service_client::FeedbackServiceClient;
use medvirk_proto::feedback::v1::submission::Kind;
use medvirk_proto::feedback::v1::{Form, Submission, SubmissionResult};
use medvirk_runtime::auth::TokenUnits;
use medvirk_runtime::secret::SecretKey;
use medvirk_runtime::{SystemClock, today};
use medvirk_terminal::{CommandExit, error};

use super::fate::{FateEnd, FateSubject, SubjectFate};
use super::plan::{DueSubmission, held_back};
use super::row::{EpisodeReference, RowProblem};
use crate::arguments::ImportSource;

/// As many as one call takes.
const BATCH: usize = 500;

/// Sends everything in its order. Whatever could not be sent is left open, and the error says why.
pub(super) async fn send(
    due: Vec<DueSubmission>,
    source: &ImportSource,
    bar: &ProgressBar,
) -> (Vec<SubjectFate>, anyhow::Result<()>) {
    let mut fates = Vec::new();
    let mut untaken = UntakenRows::default();
    let mut rest = due.into_iter().peekable();
    let mut went = Ok(());
    while let Some(first) = rest.peek() {
        let what = first.what;
        let of_kind: Vec<DueSubmission> =
            std::iter::from_fn(|| rest.next_if(|it| it.what == what)).collect();
        let (held, of_kind): (Vec<_>, Vec<_>) = of_kind
            .into_iter()
            .partition(|it| untaken.holds(it).is_some());
        bar.inc(held.len() as u64);
        fates.extend(held.iter().map(|due| fate(due, untaken.holds(due))));
        if of_kind.is_empty() {
            continue;
        }
        let mut client = match went {
            Ok(()) => match client(what, source).await {
                Ok(client) => Some(client),
                Err(why) => {
                    went = Err(why);
                    None
                }
            },
            Err(_) => None,
        };
        for batch in of_kind.chunks(BATCH) {
            let submissions = batch.iter().map(|it| it.submission.clone()).collect();
            let sent = match &mut client {
                Some(client) => submit::send(client, submissions).await,
                None => Ok(Vec::new()),
            };
            match sent {
                Ok(results) => {
                    let mut results = results.into_iter();
                    for due in batch {
                        let fate = fate(due, results.next().map(end(due)));
                        untaken.note(due, &fate);
                        fates.push(fate);
                    }
                }
                Err(why) => {
                    fates.extend(batch.iter().map(|due| fate(due, None)));
                    (client, went) = (None, Err(why));
                }
            }
            bar.inc(batch.len() as u64);
        }
    }
    (fates, went)
}

/// Episodes of which something was refused, and the first row of which it was.
#[derive(Default)]
struct UntakenRows(BTreeMap<EpisodeReference, usize>);

impl UntakenRows {
    fn note(&mut self, due: &DueSubmission, fate: &SubjectFate) {
        if matches!(fate.end, FateEnd::Refused(_)) {
            self.0.entry(due.about.clone()).or_insert(due.row);
        }
    }

    /// Why a closing is held back, if it is.
    fn holds(&self, due: &DueSubmission) -> Option<FateEnd> {
        let row = self
            .0
            .get(&due.about)
            .filter(|_| due.what == FateSubject::Closing)?;
        Some(FateEnd::Held(held_back(*row)))
    }
}

/// A client with the token of whoever may send this.
async fn client(
    what: FateSubject,
    source: &ImportSource,
) -> anyhow::Result<FeedbackServiceClient<RoleConnection>> {
    let target = &source.target;
    let connected = match what {
        FateSubject::Row | FateSubject::Form => connect(target, "tablet").await?,
        FateSubject::Opening | FateSubject::Closing => {
            if target.token.is_some() && source.episode_token.is_none() {
                let message = "the file opens or closes episodes: give --episode-token, the token of \
                     the record system; a form from the token that opened its episode never counts";
                return Err(error(CommandExit::Usage, message));
            }
            let target = TargetSystem {
                target: target.target.clone(),
                data: target.data.clone(),
                token: source.episode_token.clone(),
            };
            connect(&target, "epj").await?
        }
    };
    Ok(FeedbackServiceClient::new(connected))
}

fn fate(due: &DueSubmission, end: Option<FateEnd>) -> SubjectFate {
    SubjectFate {
        row: due.row,
        what: due.what,
        id: due.submission.submission_id.clone(),
        end: end.unwrap_or(FateEnd::Open),
    }
}

fn end(due: &DueSubmission) -> impl Fn(SubmissionResult) -> FateEnd + '_ {
    |result| {
        if result.code == 0 {
            return FateEnd::Sent;
        }
        let problems = result.violations.into_iter().map(|violation| {
            RowProblem::new(
                name(&due.submission, &violation.field),
                violation.description,
            )
        });
        let mut problems: Vec<RowProblem> = problems.collect();
        if problems.is_empty() {
            problems.push(RowProblem::new("row", result.message));
        }
        FateEnd::Refused(problems)
    }
}

/// Judges everything by the catalogue, as the system would.
pub(super) fn judge(
    due: Vec<DueSubmission>,
    catalogue: &Catalogue,
) -> anyhow::Result<Vec<SubjectFate>> {
    let today = today(&SystemClock);
    let rules = AdmissionRules {
        catalogue,
        today,
        present: today.month(),
        // No file has survey codes.
        codes: &SurveyCodes::new(&SecretKey::new(1, [0; 32]))?,
        units: &TokenUnits::All,
    };
    let mut untaken = UntakenRows::default();
    // Openings and forms come before closings.
    let fates = due.into_iter().map(|due| {
        if let Some(held) = untaken.holds(&due) {
            return fate(&due, Some(held));
        }
        let sent = SentSubmission {
            id: due.submission.submission_id.clone(),
            what: Kinds::of(due.submission.kind.as_ref()),
            root: Kinds::of(due.submission.kind.as_ref()).as_str(),
            body: due.submission.kind.clone(),
        };
        let violations: Vec<FormViolation> = match admit(&sent, &rules) {
            Ok(_) => Vec::new(),
            Err(RefusedSubmission::Unit { field }) => vec![FormViolation {
                field,
                rule: "may not be sent for".to_owned(),
            }],
            Err(RefusedSubmission::Invalid { violations, .. }) => violations,
        };
        let problems = violations.into_iter().map(|violation| {
            RowProblem::new(name(&due.submission, &violation.field), violation.rule)
        });
        let problems: Vec<RowProblem> = problems.collect();
        let end = if problems.is_empty() {
            FateEnd::WouldBeSent
        } else {
            FateEnd::Refused(problems)
        };
        let fate = fate(&due, Some(end));
        untaken.note(&due, &fate);
        fate
    });
    Ok(fates.collect())
}

/// What a user calls a field: `session.forms[0].items[2].value` is `fit-ors social`.
fn name(submission: &Submission, field: &str) -> String {
    let form = match &submission.kind {
        Some(Kind::Session(session)) => form_of(&session.forms, field),
        Some(Kind::Correction(correction)) => correction
            .session
            .as_ref()
            .and_then(|session| form_of(&session.forms, field)),
        Some(Kind::RegistryForm(form)) if field.contains(".form.") => form.form.as_ref(),
        _ => None,
    };
    let plain = field.rsplit('.').next().unwrap_or(field);
    let Some(form) = form else {
        return plain.to_owned();
    };
    match index(field, "items[").and_then(|index| form.items.get(index)) {
        Some(item) => format!("{} {}", form.instrument, item.item),
        None => format!("{} {plain}", form.instrument),
    }
}

fn form_of<'f>(forms: &'f [Form], field: &str) -> Option<&'f Form> {
    forms.get(index(field, "forms[")?)
}

fn index(field: &str, list: &str) -> Option<usize> {
    let (_, rest) = field.split_once(list)?;
    rest.split_once(']')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use medvirk_proto::feedback::v1::{ItemResponse, Session};

    use super::*;

    #[test]
    fn a_field_is_named_by_its_form_and_item() {
        let item = |item: &str| ItemResponse {
            item: item.to_owned(),
            response: None,
        };
        let form = Form {
            instrument: "fit-ors".to_owned(),
            items: vec![item("individual"), item("social")],
            ..Form::default()
        };
        let submission = Submission {
            submission_id: String::new(),
            kind: Some(Kind::Session(Session {
                forms: vec![form],
                ..Session::default()
            })),
        };
        for (field, named) in [
            ("session.forms[0].items[1].value", "fit-ors social"),
            ("session.forms[0].total", "fit-ors total"),
            ("session.forms[7].total", "total"),
            ("session.date", "date"),
        ] {
            assert_eq!(name(&submission, field), named);
        }
    }
}
