//! Bad input against the real running system: each malformed submission gets its code and the
//! field that is wrong, is never quoted, and leaves nothing behind. The log is read after the
//! system has stopped.

mod cases;

mod raw;

use medvirk_proto::admin::v1::GetStatusRequest;
use medvirk_proto::admin::v1::admin_service_client::AdminServiceClient;
use medvirk_proto::feedback::v1::submission::Kind;
use medvirk_proto::feedback::v1::{Submission, SubmitBatchRequest, SubmitSessionRequest};
use medvirk_runtime::auth::{TokenRole, TokenUnits};
use medvirk_tests::{Clinic, System, eventually, submission};
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;

use cases::{Case, UNIT, good_session};

const ROLES: [TokenRole; 3] = [
    TokenRole::FeedbackSubmit,
    TokenRole::SurveyInvite,
    TokenRole::EpisodeManage,
];

#[tokio::test(flavor = "multi_thread")]
async fn malformed_submissions_are_refused_by_field_and_none_reaches_the_log() {
    let system = System::builder().start().await;
    let clinic = clinic(&system).await;
    let code = raw::issue_code(&clinic).await;
    let cases = cases::all(&code);
    let names: std::collections::BTreeSet<_> = cases.iter().map(Case::name).collect();
    assert_eq!(names.len(), cases.len(), "each is another");
    assert!(cases.len() >= 180, "{} cases", cases.len());
    let (pid, engines) = (system.pid(), system.children());

    for case in &cases {
        let refused = raw::send(&clinic, case.sent.clone()).await;
        case.check(&refused.expect_err(&case.name()));
    }
    in_one_batch(&clinic, &cases).await;

    // Only the code that was issued is in the log: nothing came behind it, and nothing was stored.
    assert_eq!(lags(&system).await, (0, 0));
    assert_eq!(system.registry_counts().await.unwrap().len(), 1);
    assert_eq!((system.pid(), system.children()), (pid, engines));
    assert_eq!(system.health("/readyz").await.0, 200);
    assert_eq!(system.terminate().await, Some(0));
    let records = system.log_records().await;
    assert_eq!(records["feedback.events"], 2, "the code and the good one");
    assert_eq!(records["feedback.dead-letter"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn unreadable_calls_and_wrong_tokens_are_refused_and_the_server_stays_up() {
    let system = System::builder().start().await;
    let clinic = clinic(&system).await;
    let mut refused = raw::unreadable(&clinic).await;
    refused += raw::counts(&clinic).await;
    refused += wrong_tokens(&system).await;
    assert!(refused >= 20, "{refused} tries");
    raw::noise(system.addresses().unwrap()["grpc"].as_str().unwrap()).await;

    take_a_good_one(&clinic).await;
    assert_eq!(lags(&system).await, (0, 0));
    assert_eq!(system.health("/readyz").await.0, 200);
    assert_eq!(system.terminate().await, Some(0));
    let records = system.log_records().await;
    assert_eq!(records["feedback.events"], 1, "the good one");
    assert_eq!(records["feedback.dead-letter"], 0);
}

/// A clinic that may send everything, for one unit only.
async fn clinic(system: &System) -> Clinic {
    let units = TokenUnits::parse([UNIT]).unwrap();
    system
        .sender(&system.token("tablet-bad", &ROLES, units))
        .await
}

/// All of them, and in their midst a good one.
async fn in_one_batch(clinic: &Clinic, cases: &[Case]) {
    let middle = cases.len() / 2;
    let mut all: Vec<Submission> = cases.iter().map(|case| case.sent.clone()).collect();
    all.insert(middle, submission(Kind::Session(good_session())));
    let mut results = clinic.try_send(all).await.unwrap();
    let good = results.remove(middle);
    assert_eq!((good.code, good.scores.len()), (0, 1), "{}", good.message);
    for (case, result) in cases.iter().zip(results) {
        assert_eq!(result.submission_id, case.sent.submission_id);
        let fields = result.violations.iter().map(|wrong| wrong.field.clone());
        let mut told: Vec<String> = vec![result.message.clone()];
        told.extend(result.violations.iter().map(|one| one.description.clone()));
        let code = Code::from_i32(result.code);
        case.check_told(code, fields.collect(), &told.join("\n"));
    }
}

impl Case {
    fn check(&self, refused: &Status) {
        let (fields, told) = (fields(refused), format!("{refused:?} {refused}"));
        // A call of its own kind names its body in its own words.
        let renamed = |field: String| match field.split_once('.') {
            Some(("opening", rest)) => format!("episode_opened.{rest}"),
            Some(("closing", rest)) => format!("episode_closed.{rest}"),
            Some(("survey", rest)) => format!("discharge_survey.{rest}"),
            _ => field,
        };
        self.check_told(
            refused.code(),
            fields.into_iter().map(renamed).collect(),
            &told,
        );
    }

    fn check_told(&self, code: Code, mut fields: Vec<String>, told: &str) {
        assert_eq!(code, self.code, "{}: {told}", self.name());
        let mut expected = self.fields.clone();
        expected.sort_unstable();
        fields.sort_unstable();
        assert_eq!(fields, expected, "{}", self.name());
        for value in self.planted() {
            let quoted = told.contains(&value) || told.contains(&format!("{:?}", value.as_bytes()));
            assert!(!quoted, "{}: {value} is quoted: {told}", self.name());
        }
    }
}

fn fields(refused: &Status) -> Vec<String> {
    let details = refused.get_error_details();
    let wrong = details
        .bad_request()
        .map(|bad| bad.field_violations.clone());
    let fields = wrong.unwrap_or_default().into_iter();
    fields.map(|violation| violation.field).collect()
}

/// Each comes with a good session and a token that does not do.
async fn wrong_tokens(system: &System) -> usize {
    let other = System::builder().start().await;
    let all = |roles: &[TokenRole]| system.token("tablet-1", roles, TokenUnits::All);
    let good = all(&ROLES);
    let mut other_signature = good.clone();
    other_signature.replace_range(
        good.len() - 20..good.len() - 19,
        if good.as_bytes()[good.len() - 20] == b'A' {
            "B"
        } else {
            "A"
        },
    );
    let unsigned = good.rsplit_once('.').unwrap().0.to_owned() + ".";
    let elsewhere = TokenUnits::parse(["fjord-dogn"]).unwrap();
    let tokens = [
        (String::new(), Code::Unauthenticated),
        ("not-a-token".to_owned(), Code::Unauthenticated),
        (other_signature, Code::Unauthenticated),
        (unsigned, Code::Unauthenticated),
        (
            other.token("tablet-1", &ROLES, TokenUnits::All),
            Code::Unauthenticated,
        ),
        (all(&[TokenRole::IndicatorRead]), Code::PermissionDenied),
        (all(&[TokenRole::EpisodeManage]), Code::PermissionDenied),
        (all(&[TokenRole::Admin]), Code::PermissionDenied),
        (
            system.token("tablet-1", &ROLES, elsewhere),
            Code::PermissionDenied,
        ),
    ];
    let request = || SubmitSessionRequest {
        submission_id: uuid::Uuid::new_v4().to_string(),
        session: Some(good_session()),
    };
    for (place, (token, code)) in tokens.iter().enumerate() {
        let sender = system.sender(token).await;
        let answer = sender
            .feedback()
            .submit_session(sender.request(request()))
            .await;
        let refused = answer.expect_err("a token that does not do");
        assert_eq!(refused.code(), *code, "token {place}: {refused}");
        assert!(token.is_empty() || !format!("{refused:?}").contains(token.as_str()));
    }
    let mut nobody = system.sender("").await.feedback();
    let refused = nobody
        .submit_session(Request::new(request()))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    tokens.len() + 1
}

async fn take_a_good_one(clinic: &Clinic) {
    let request = SubmitBatchRequest {
        submissions: vec![submission(Kind::Session(good_session()))],
    };
    let answer = clinic
        .feedback()
        .submit_batch(clinic.request(request))
        .await
        .unwrap();
    assert_eq!(answer.into_inner().results[0].code, 0);
}

/// How many records are not folded and not in the tables, once it does not change any more.
async fn lags(system: &System) -> (u64, u64) {
    let caught_up = || async {
        let mut admin = AdminServiceClient::new(system.channel().await);
        let status = admin.get_status(system.as_admin(GetStatusRequest {})).await;
        let status = status.ok()?.into_inner();
        (status.fold_lag + status.registry_lag == 0).then_some((0, 0))
    };
    eventually("what is in the log is folded and stored", caught_up).await
}
