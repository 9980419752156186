//! Good submissions: what is answered, what the log holds afterwards, and who may send what.

use medvirk_domain::fixed::FixedPoint;
use medvirk_domain::form::{ItemResponse, Respondent};
use medvirk_domain::partition::of_trust;
use medvirk_domain::record::{EpisodeEnding, EventBody};
use medvirk_eventlog::{Log as _, Topic};
use medvirk_proto::episode::v1::{CloseEpisodeRequest, OpenEpisodeRequest};
use medvirk_proto::feedback::v1::submission::Kind;
use medvirk_proto::feedback::v1::{CorrectSessionRequest, MissingReason, Session, Submission};
use medvirk_proto::registry::v1::SubmitRegistryFormRequest;
use medvirk_runtime::Clock as _;
use medvirk_runtime::auth::TokenRole;
use tonic::{Code, Request};

use crate::clinic::{Clinic, codes, day, pseudonyms, token, trust, with_header};
use crate::log::Mode;
use crate::malformed::logged;
use crate::requests::{
    ID, batch, closing, correction, invitation, kem, missing, opening, ors, registry_form, session,
    submission, submit,
};

#[tokio::test]
async fn a_session_is_scored_at_once_and_logged_under_pseudonyms() {
    let clinic = Clinic::open().await;
    let sent = clinic.at_tau(submit(session()));
    let answer = clinic
        .feedback()
        .submit_session(sent)
        .await
        .unwrap()
        .into_inner();
    let score = &answer.scores[0];
    assert_eq!(
        (score.instrument.as_str(), score.scale.as_str()),
        ("ors", "total")
    );
    assert_eq!(
        (score.value, score.min, score.max, score.cutoff),
        (Some(10.5), 0.0, 20.0, Some(12.0))
    );
    let alert = &answer.alerts[0];
    assert_eq!(
        (alert.rule.as_str(), alert.scale.as_str()),
        ("below-cutoff", "total")
    );

    let events = clinic.log.events().await;
    let [event] = events.as_slice() else {
        panic!("one event")
    };
    assert_eq!(
        (event.sender.as_str(), event.unit.as_str()),
        ("tablet-1", "tau")
    );
    assert_eq!(event.ingested_at, clinic.clock.now_ms());
    assert_eq!(event.submission_id[..2], [0x01, 0x90]);
    let EventBody::Session {
        episode,
        day: of,
        number,
        revision,
        forms,
    } = &event.body
    else {
        panic!("a session");
    };
    assert_eq!(
        episode.person,
        pseudonyms().patient(&trust(), "patient-4711")
    );
    assert_eq!(
        episode.episode,
        pseudonyms().episode(&trust(), "patient-4711", "episode-1")
    );
    assert_eq!((*of, *number, *revision), (day("2026-11-20"), 3, 0));
    assert_eq!(
        forms[0].items[0].1,
        ItemResponse::Value(FixedPoint::from_micros(4_500_000))
    );
}

#[tokio::test]
async fn what_is_missing_is_kept_as_missing_and_scores_nothing() {
    let clinic = Clinic::open().await;
    let mut sent = session();
    sent.forms[0].respondent = 0;
    sent.forms[0].items[0] = missing("individual", MissingReason::NotAnswered.into());
    let sent = clinic.at_tau(submit(sent));
    let answer = clinic
        .feedback()
        .submit_session(sent)
        .await
        .unwrap()
        .into_inner();
    assert_eq!((answer.scores[0].value, answer.alerts.len()), (None, 0));
    let EventBody::Session { forms, .. } = &clinic.log.events().await[0].body else {
        panic!("a session");
    };
    assert_eq!(forms[0].respondent, Respondent::Patient);
    assert!(matches!(forms[0].items[0].1, ItemResponse::Missing(_)));
}

#[tokio::test]
async fn an_episode_is_opened_corrected_and_closed() {
    let clinic = Clinic::open().await;
    let submission_id = ID.to_owned();
    let opened = OpenEpisodeRequest {
        submission_id,
        opening: Some(opening()),
    };
    clinic
        .episodes()
        .open_episode(clinic.at_tau(opened))
        .await
        .unwrap();
    let submission_id = ID.to_owned();
    let corrected = CorrectSessionRequest {
        submission_id,
        correction: Some(correction()),
    };
    let answer = clinic
        .feedback()
        .correct_session(clinic.at_tau(corrected))
        .await
        .unwrap();
    assert_eq!(answer.into_inner().scores.len(), 1);
    let submission_id = ID.to_owned();
    let closed = CloseEpisodeRequest {
        submission_id,
        closing: Some(closing()),
    };
    clinic
        .episodes()
        .close_episode(clinic.at_tau(closed))
        .await
        .unwrap();

    let events = clinic.log.events().await;
    let bodies: Vec<_> = events.iter().map(|event| &event.body).collect();
    let therapist = pseudonyms().therapist(&trust(), "therapist-7");
    assert!(
        matches!(bodies[0], EventBody::EpisodeOpened { therapist: Some(named), .. } if *named == therapist)
    );
    assert!(matches!(bodies[1], EventBody::Session { revision: 1, .. }));
    assert!(matches!(
        bodies[2],
        EventBody::EpisodeClosed {
            ending: EpisodeEnding::Planned,
            ..
        }
    ));
}

#[tokio::test]
async fn a_register_form_is_taken() {
    let clinic = Clinic::open().await;
    let submission_id = ID.to_owned();
    let sent = SubmitRegistryFormRequest {
        submission_id,
        registry_form: Some(registry_form()),
    };
    let answer = clinic
        .registry()
        .submit_registry_form(clinic.at_tau(sent))
        .await
        .unwrap();
    assert_eq!(answer.into_inner().scores[0].value, Some(17.0));
    let EventBody::RegistryForm { form, .. } = &clinic.log.events().await[0].body else {
        panic!("a register form");
    };
    assert_eq!(form.total, Some(FixedPoint::from_int(17)));
}

#[tokio::test]
pub(crate) async fn every_kind_needs_its_role() {
    let clinic = Clinic::open().await;
    let kinds = [
        (Kind::EpisodeOpened(opening()), TokenRole::EpisodeManage),
        (Kind::EpisodeClosed(closing()), TokenRole::EpisodeManage),
        (Kind::Session(session()), TokenRole::FeedbackSubmit),
        (Kind::Correction(correction()), TokenRole::FeedbackSubmit),
        (
            Kind::RegistryForm(registry_form()),
            TokenRole::FeedbackSubmit,
        ),
        (Kind::Invitation(invitation()), TokenRole::SurveyInvite),
    ];
    for (kind, needed) in kinds {
        for role in TokenRole::ALL {
            let bearer = token("device", &[role], &["*"]);
            let sent = clinic.sent_by(&bearer, batch(vec![submission(kind.clone())]));
            let answer = clinic
                .feedback()
                .submit_batch(sent)
                .await
                .unwrap()
                .into_inner();
            let expected = if role == needed {
                Code::Ok
            } else {
                Code::PermissionDenied
            };
            assert_eq!(
                Code::from_i32(answer.results[0].code),
                expected,
                "{role} {needed}"
            );
        }
        let sent = Request::new(batch(vec![submission(kind)]));
        let answer = clinic
            .feedback()
            .submit_batch(sent)
            .await
            .unwrap()
            .into_inner();
        assert_eq!(
            Code::from_i32(answer.results[0].code),
            Code::Unauthenticated
        );
    }
}

#[tokio::test]
async fn a_token_that_does_not_count_is_refused() {
    let clinic = Clinic::open().await;
    let other = Clinic::open().await;
    let bearer = |request: Request<_>| {
        request
            .metadata()
            .get("authorization")
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned()
    };
    let foreign = bearer(other.at_tau(submit(session())));
    let over = bearer(clinic.at_tau(submit(session())));
    clinic.clock.advance(std::time::Duration::from_secs(3_601));
    for header in [
        "Bearer",
        "Bearer x.y.z",
        "Basic dGF1OnRhdQ==",
        &foreign,
        &over,
    ] {
        let sent = with_header(submit(session()), header);
        let refused = clinic.feedback().submit_session(sent).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unauthenticated, "{header}");
    }
    let refused = clinic
        .feedback()
        .submit_session(submit(session()))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    assert_eq!(logged(&clinic).await, 0);
}

fn north(number: u32) -> Submission {
    let session = Session {
        unit: "north".to_owned(),
        number,
        ..session()
    };
    submission(Kind::Session(session))
}

fn tau(number: u32) -> Submission {
    submission(Kind::Session(Session {
        number,
        ..session()
    }))
}

#[tokio::test]
async fn a_batch_keeps_its_order_and_each_trust_its_partition() {
    let clinic = Clinic::open().await;
    let everywhere = token("tablet-1", &TokenRole::ALL, &["*"]);
    let mut all = vec![submission(Kind::EpisodeOpened(opening()))];
    all.extend((1..=20).flat_map(|number| [tau(number), north(number)]));
    all.push(submission(Kind::Invitation(invitation())));
    let sent = clinic.sent_by(&everywhere, batch(all));
    let answer = clinic
        .feedback()
        .submit_batch(sent)
        .await
        .unwrap()
        .into_inner();
    assert!(answer.results.iter().all(|result| result.code == 0));
    assert!(codes().read(&answer.results[41].code_issued).is_ok());
    assert_eq!(
        (
            answer.results[1].scores.len(),
            answer.results[1].alerts.len()
        ),
        (1, 1)
    );

    for (unit, trust) in [("tau", "hf"), ("north", "other")] {
        let partition = of_trust(&trust.parse().unwrap(), 2);
        let numbers: Vec<_> = events_of(&clinic, partition, unit).await;
        assert_eq!(numbers, (1..=20).collect::<Vec<_>>(), "{unit}");
    }
}

/// Numbers of the sessions of a unit in a partition, in log order.
async fn events_of(clinic: &Clinic, partition: u32, of: &str) -> Vec<u32> {
    let read = clinic.log.read(
        Topic::Events,
        partition,
        0,
        usize::MAX,
        std::time::Duration::ZERO,
    );
    let records = read.await.unwrap().records.into_iter();
    let decoded =
        records.map(|record| medvirk_records::codec::decode_event(&record.value.unwrap()).unwrap());
    decoded
        .filter_map(|record| match record {
            medvirk_domain::record::LogRecord::Event(event) if event.unit.as_str() == of => {
                match event.body {
                    EventBody::Session { number, .. } => Some(number),
                    _ => None,
                }
            }
            _ => None,
        })
        .collect()
}

#[tokio::test]
async fn in_a_batch_each_partition_fails_by_itself() {
    let clinic = Clinic::open().await;
    let everywhere = token("tablet-1", &TokenRole::ALL, &["*"]);
    clinic.log.set(Mode::HalfUnavailable);
    let all = vec![tau(1), north(1), tau(0), north(2)];
    let sent = clinic.sent_by(&everywhere, batch(all));
    let answer = clinic
        .feedback()
        .submit_batch(sent)
        .await
        .unwrap()
        .into_inner();
    let code_of = |trust: &str| match of_trust(&trust.parse().unwrap(), 2) {
        0 => Code::Unavailable,
        _ => Code::Ok,
    };
    let found: Vec<_> = answer
        .results
        .iter()
        .map(|result| Code::from_i32(result.code))
        .collect();
    let (hf, other) = (code_of("hf"), code_of("other"));
    assert_ne!(hf, other, "the test wants trusts of two partitions");
    assert_eq!(found, [hf, other, Code::InvalidArgument, other]);
    let failed = &answer.results[if hf == Code::Ok { 1 } else { 0 }];
    assert!(failed.scores.is_empty());
}

#[tokio::test]
async fn a_batch_has_1_to_500_submissions() {
    let clinic = Clinic::open().await;
    for count in [0, 501] {
        let all = vec![tau(1); count];
        let refused = clinic
            .feedback()
            .submit_batch(clinic.at_tau(batch(all)))
            .await
            .unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert_eq!(crate::malformed::violations(&refused), ["submissions"]);
    }
    assert_eq!(logged(&clinic).await, 0);
    let all = vec![tau(1); 500];
    let answer = clinic
        .feedback()
        .submit_batch(clinic.at_tau(batch(all)))
        .await
        .unwrap();
    assert!(
        answer
            .into_inner()
            .results
            .iter()
            .all(|result| result.code == 0)
    );
    assert_eq!(logged(&clinic).await, 500);
}

#[tokio::test]
async fn every_append_has_a_key_of_its_own() {
    let clinic = Clinic::open().await;
    for _ in 0..3 {
        clinic
            .feedback()
            .submit_session(clinic.at_tau(submit(session())))
            .await
            .unwrap();
    }
    let partition = of_trust(&"hf".parse().unwrap(), 2);
    let read = clinic.log.read(
        Topic::Events,
        partition,
        0,
        usize::MAX,
        std::time::Duration::ZERO,
    );
    let keys: Vec<_> = read
        .await
        .unwrap()
        .records
        .into_iter()
        .map(|record| record.key)
        .collect();
    assert!(keys[0][..16] == keys[1][..16] && keys[1][..16] == keys[2][..16]);
    assert!(keys[0] != keys[1] && keys[1] != keys[2] && keys[0] != keys[2]);
}

#[tokio::test]
async fn several_forms_are_scored_in_their_order() {
    let clinic = Clinic::open().await;
    let caretaker = medvirk_proto::feedback::v1::Form {
        respondent: medvirk_proto::feedback::v1::Respondent::Caretaker.into(),
        ..ors()
    };
    let forms = vec![ors(), caretaker, kem()];
    let sent = clinic.at_tau(submit(Session { forms, ..session() }));
    let answer = clinic
        .feedback()
        .submit_session(sent)
        .await
        .unwrap()
        .into_inner();
    let found: Vec<_> = answer
        .scores
        .iter()
        .map(|score| (score.instrument.as_str(), score.respondent))
        .collect();
    assert_eq!(found, [("ors", 1), ("ors", 2), ("kem", 1)]);
}
