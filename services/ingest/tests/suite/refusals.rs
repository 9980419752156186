//! What a client decides by: the code of a refusal, in a batch and in the details of a status.

use medvirk_proto::feedback::v1::submission::Kind;
use medvirk_proto::feedback::v1::{RefusalCode, Session};
use tonic::Status;
use tonic_types::StatusExt as _;

use crate::clinic::Clinic;
use crate::requests::{batch, session, submission, submit};

/// The code in the details of a status.
pub fn reason(status: &Status) -> String {
    let details = status.get_error_details();
    let told = details.error_info().expect("every refusal has a code");
    assert_eq!(told.domain, "medvirk");
    told.reason.clone()
}

#[tokio::test]
async fn a_client_is_told_what_to_do_about_a_submission() {
    let clinic = Clinic::open().await;
    let early: fn(&mut Session) = |it| it.date = "2199-01-01".to_owned();
    let other: fn(&mut Session) = |it| it.forms[0].instrument = "gone".to_owned();
    let number: fn(&mut Session) = |it| it.number = 0;
    type SessionChange = fn(&mut Session);
    let cases: [(&[SessionChange], RefusalCode); 6] = [
        (&[], RefusalCode::Unspecified),
        (&[early], RefusalCode::TooEarly),
        (&[other], RefusalCode::OtherCatalogue),
        (&[number], RefusalCode::WrongFields),
        (&[early, other], RefusalCode::WrongFields),
        (&[early, number], RefusalCode::WrongFields),
    ];
    for (changes, expect) in cases {
        let mut sent = session();
        changes.iter().for_each(|change| change(&mut sent));
        let all = batch(vec![submission(Kind::Session(sent.clone()))]);
        let answer = clinic.feedback().submit_batch(clinic.at_tau(all)).await;
        let result = answer.unwrap().into_inner().results.remove(0);
        let (found, expect) = (result.refusal().as_str_name(), expect.as_str_name());
        assert_eq!(found, expect, "{}", result.message);
        assert_eq!(result.retry_after_ms, None);
        let sent = clinic.at_tau(submit(sent));
        if let Err(refused) = clinic.feedback().submit_session(sent).await {
            assert_eq!(reason(&refused), expect);
        }
    }
}

#[tokio::test]
async fn who_is_not_known_is_told_to_authenticate() {
    let clinic = Clinic::open().await;
    let sent = tonic::Request::new(submit(session()));
    let refused = clinic.feedback().submit_session(sent).await.unwrap_err();
    assert_eq!(reason(&refused), "REFUSAL_CODE_UNAUTHENTICATED");
}
