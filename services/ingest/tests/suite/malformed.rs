//! Malformed submissions, as a table: each gets the right code, names the field, and leaves
//! nothing in the log. The same table goes through admission alone, through a batch, and through
//! the call of its own kind.

mod forms;
mod table;

use medvirk_eventlog::{Log as _, Topic};
use medvirk_ingest::admission::{
    AdmissionRules, RefusedSubmission, SentSubmission, SubmissionKind, admit,
};
use medvirk_proto::episode::v1::{CloseEpisodeRequest, OpenEpisodeRequest};
use medvirk_proto::feedback::v1::submission::Kind;
use medvirk_proto::feedback::v1::{CorrectSessionRequest, SubmitSessionRequest};
use medvirk_proto::registry::v1::SubmitRegistryFormRequest;
use medvirk_proto::survey::v1::{IssueInvitationRequest, SubmitSurveyRequest};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::clinic::{Clinic, PRESENT, TODAY, catalogue, codes, day, month, token};
use crate::requests::{batch, session, submission};
use table::table;

#[test]
fn admission_names_every_wrong_field() {
    let (catalogue, codes) = (catalogue(), codes());
    let units = token("tablet-1", &[], &["tau"]).units;
    let rules = AdmissionRules {
        catalogue: &catalogue,
        today: day(TODAY),
        present: month(PRESENT),
        codes: &codes,
        units: &units,
    };
    let cases = table();
    assert!(cases.len() >= 100, "{}", cases.len());
    for case in cases {
        let what = SubmissionKind::of(case.sent.kind.as_ref());
        let sent = SentSubmission {
            id: case.sent.submission_id,
            what,
            root: what.as_str(),
            body: case.sent.kind,
        };
        let found = match admit(&sent, &rules) {
            Ok(_) => panic!("{} was admitted", case.what),
            Err(RefusedSubmission::Unit { field }) => (Code::PermissionDenied, vec![field]),
            Err(RefusedSubmission::Invalid { violations, .. }) => {
                let fields = violations.into_iter().map(|violation| violation.field);
                (Code::InvalidArgument, fields.collect())
            }
        };
        check(case.what, case.code, &case.fields, found);
    }
}

#[tokio::test]
async fn a_batch_tells_each_of_its_submissions_and_keeps_none() {
    let clinic = Clinic::open().await;
    let cases = table();
    let all = cases.iter().map(|case| case.sent.clone()).collect();
    let sent = clinic.at_tau(batch(all));
    let answer = clinic
        .feedback()
        .submit_batch(sent)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(answer.results.len(), cases.len());
    for (case, result) in cases.iter().zip(answer.results) {
        assert_eq!(result.submission_id, case.sent.submission_id);
        assert!(!result.message.is_empty());
        let fields = result
            .violations
            .into_iter()
            .map(|violation| violation.field);
        let found = (Code::from_i32(result.code), fields.collect());
        check(case.what, case.code, &case.fields, found);
    }
    assert_eq!(logged(&clinic).await, 0);
}

#[tokio::test]
async fn each_call_refuses_its_own_and_the_server_stays_up() {
    let clinic = Clinic::open().await;
    for case in table() {
        let Some(kind) = case.sent.kind else {
            continue;
        };
        let (of_call, root) = root_of(&kind);
        let status = send(&clinic, case.sent.submission_id, kind)
            .await
            .unwrap_err();
        let fields = violations(&status).into_iter();
        let found = fields
            .map(|field| field.replacen(of_call, root, 1))
            .collect();
        check(case.what, case.code, &case.fields, (status.code(), found));
    }
    assert_eq!(logged(&clinic).await, 0);
    let good = submission(Kind::Session(session()));
    send(&clinic, good.submission_id, good.kind.unwrap())
        .await
        .unwrap();
    assert_eq!(logged(&clinic).await, 1);
}

fn check(what: &str, code: Code, fields: &[&str], (found, mut named): (Code, Vec<String>)) {
    assert_eq!(found, code, "{what}");
    let mut fields = fields.to_vec();
    fields.sort_unstable();
    named.sort_unstable();
    assert_eq!(named, fields, "{what}");
}

pub fn violations(status: &Status) -> Vec<String> {
    let details = status.get_error_details();
    let violations = details
        .bad_request()
        .map(|bad| bad.field_violations.clone());
    let fields = violations.unwrap_or_default().into_iter();
    fields.map(|violation| violation.field).collect()
}

/// How many records the topic of events has.
pub async fn logged(clinic: &Clinic) -> u64 {
    let mut count = 0;
    for partition in 0..clinic.log.partitions(Topic::Events) {
        count += clinic.log.end(Topic::Events, partition).await.unwrap();
    }
    count
}

/// Path of the body in the call of its kind, and in a batch.
fn root_of(kind: &Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::EpisodeOpened(_) => ("opening", "episode_opened"),
        Kind::EpisodeClosed(_) => ("closing", "episode_closed"),
        Kind::DischargeSurvey(_) => ("survey", "discharge_survey"),
        other => {
            let name = SubmissionKind::of(Some(other)).as_str();
            (name, name)
        }
    }
}

/// Sends it by the call of its kind.
async fn send(clinic: &Clinic, submission_id: String, kind: Kind) -> Result<(), Status> {
    macro_rules! send {
        ($client:ident . $call:ident ( $request:ident { $field:ident : $body:expr } )) => {{
            let request = clinic.at_tau($request {
                submission_id,
                $field: Some($body),
            });
            clinic.$client().$call(request).await.map(drop)
        }};
    }
    match kind {
        Kind::EpisodeOpened(body) => {
            send!(episodes.open_episode(OpenEpisodeRequest { opening: body }))
        }
        Kind::Session(body) => {
            send!(feedback.submit_session(SubmitSessionRequest { session: body }))
        }
        Kind::Correction(body) => {
            send!(feedback.correct_session(CorrectSessionRequest { correction: body }))
        }
        Kind::EpisodeClosed(body) => {
            send!(episodes.close_episode(CloseEpisodeRequest { closing: body }))
        }
        Kind::Invitation(body) => {
            send!(surveys.issue_invitation(IssueInvitationRequest { invitation: body }))
        }
        Kind::DischargeSurvey(body) => {
            send!(surveys.submit_survey(SubmitSurveyRequest { survey: body }))
        }
        Kind::RegistryForm(body) => {
            send!(registry.submit_registry_form(SubmitRegistryFormRequest {
                registry_form: body
            }))
        }
    }
}
