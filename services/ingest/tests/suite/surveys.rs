//! Surveys: codes are issued, read, over, and not guessed.

use std::time::Duration;

use medvirk_domain::record::EventBody;
use medvirk_proto::survey::v1::{
    IssueInvitationRequest, IssueInvitationResponse, SubmitSurveyRequest,
};
use medvirk_runtime::clock::noon;
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::clinic::{Clinic, codes, day, month, pseudonyms};
use crate::refusals::reason;
use crate::requests::{ID, code, invitation, survey};

async fn invite(clinic: &Clinic) -> IssueInvitationResponse {
    let submission_id = ID.to_owned();
    let sent = IssueInvitationRequest {
        submission_id,
        invitation: Some(invitation()),
    };
    let answer = clinic.surveys().issue_invitation(clinic.at_tau(sent)).await;
    answer.unwrap().into_inner()
}

#[tokio::test]
async fn a_survey_needs_its_code_and_no_token() {
    let clinic = Clinic::open().await;
    let invited = invite(&clinic).await;
    assert_eq!(invited.expires, "2027-01");
    let mut answered = survey();
    answered.code = invited.code.to_lowercase().replace('-', " ");
    let submission_id = ID.to_owned();
    let sent = SubmitSurveyRequest {
        submission_id,
        survey: Some(answered),
    };
    let answer = clinic
        .surveys()
        .submit_survey(sent)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(answer.scores[0].value, Some(87.5));

    let claim = codes().read(&invited.code).unwrap();
    let nonce = claim.pseudonym(&pseudonyms());
    let events = clinic.log.events().await;
    assert!(
        matches!(events[0].body, EventBody::InvitationIssued { code, month: of } if code == nonce && of == month("2026-11"))
    );
    assert!(matches!(&events[1].body, EventBody::DischargeSurvey { code, .. } if *code == nonce));
    assert_eq!(
        (events[1].sender.as_str(), events[1].unit.as_str()),
        ("survey", "tau")
    );
    assert_ne!(invite(&clinic).await.code, invited.code);
}

#[tokio::test]
pub(crate) async fn a_code_is_taken_until_the_close_of_the_second_month_after_its_own() {
    let clinic = Clinic::open().await;
    let send = async |code: &str| {
        let mut sent = survey();
        sent.code = code.to_owned();
        let submission_id = ID.to_owned();
        let sent = SubmitSurveyRequest {
            submission_id,
            survey: Some(sent),
        };
        clinic.surveys().submit_survey(sent).await.map(drop)
    };
    let of_september = code(1, "2026-09");
    send(&of_september).await.unwrap();
    clinic.clock.set(noon(day("2026-12-07")));
    // The fifth day has passed, and November is still not closed.
    send(&of_september).await.unwrap();
    clinic.present.send_replace(month("2026-12"));
    assert_eq!(
        send(&of_september).await.unwrap_err().code(),
        Code::InvalidArgument
    );
}

#[tokio::test]
async fn guessing_codes_is_bounded_and_devices_go_on() {
    let config = medvirk_ingest::IngestConfig {
        wrong_codes_per_minute: 3,
    };
    let clinic = Clinic::with(config, Default::default()).await;
    let guess = || {
        let mut guess = survey();
        guess.code = "0000-0000-0000-0000-0000-0000-0000-0000".to_owned();
        SubmitSurveyRequest {
            submission_id: ID.to_owned(),
            survey: Some(guess),
        }
    };
    let good = || SubmitSurveyRequest {
        submission_id: ID.to_owned(),
        survey: Some(survey()),
    };
    for _ in 0..3 {
        clinic.surveys().submit_survey(good()).await.unwrap();
        let refused = clinic.surveys().submit_survey(guess()).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert_eq!(reason(&refused), "REFUSAL_CODE_WRONG_SURVEY_CODE");
    }
    let refused = clinic.surveys().submit_survey(good()).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert_eq!(reason(&refused), "REFUSAL_CODE_TOO_MANY_WRONG_CODES");
    assert!(refused.get_error_details().retry_info().is_some());
    clinic
        .surveys()
        .submit_survey(clinic.at_tau(good()))
        .await
        .unwrap();
    clinic.clock.advance(Duration::from_secs(20));
    clinic.surveys().submit_survey(good()).await.unwrap();
}
