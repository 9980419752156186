//! What instruments add to a reply: the cut-off in use, alerts that look back, the coding, and what
//! to ask next.

use medvirk_domain::form::{AgeBand as Band, ItemResponse, MissingReason};
use medvirk_domain::record::EventBody;
use medvirk_proto::feedback::v1::{
    AgeBand, Alert, Asking, Basis, Coding, EarlierScore, Form, GetNextItemsRequest, Respondent,
    Session, SubmitSessionResponse,
};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::clinic::Clinic;
use crate::requests::{missing, session, submit, value};

fn youth(total: f64) -> Form {
    Form {
        instrument: "youth".to_owned(),
        version: 1,
        total: Some(total),
        ..Form::default()
    }
}

fn norse(coding: Coding, items: &[(&str, f64)]) -> Form {
    Form {
        instrument: "norse".to_owned(),
        version: 1,
        coding: coding.into(),
        items: items.iter().map(|(item, of)| value(item, *of)).collect(),
        ..Form::default()
    }
}

fn earlier(instrument: &str, scale: &str, number: u32, value: f64) -> EarlierScore {
    EarlierScore {
        instrument: instrument.to_owned(),
        version: 1,
        respondent: 0,
        scale: scale.to_owned(),
        number,
        value: Some(value),
        open: true,
    }
}

fn with(number: u32, form: Form, earlier: Vec<EarlierScore>) -> Session {
    Session {
        number,
        forms: vec![form],
        earlier,
        ..session()
    }
}

async fn send(clinic: &Clinic, session: Session) -> Result<SubmitSessionResponse, Status> {
    let sent = clinic.at_tau(submit(session));
    let answer = clinic.feedback().submit_session(sent).await?;
    Ok(answer.into_inner())
}

async fn taken(session: Session) -> SubmitSessionResponse {
    send(&Clinic::open().await, session).await.unwrap()
}

/// The fields that are wrong.
async fn refused(session: Session) -> Vec<String> {
    let clinic = Clinic::open().await;
    let refused = send(&clinic, session).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(clinic.log.events().await.is_empty());
    fields(&refused)
}

fn fields(refused: &Status) -> Vec<String> {
    let details = refused.get_error_details();
    let violations = &details.bad_request().unwrap().field_violations;
    violations.iter().map(|it| it.field.clone()).collect()
}

fn rules(alerts: &[Alert]) -> Vec<&str> {
    alerts.iter().map(|alert| alert.rule.as_str()).collect()
}

#[tokio::test]
async fn the_cut_off_in_use_is_in_the_reply() {
    let check =
        async |age: AgeBand, respondent: Respondent, cutoff, used: AgeBand, alerts: &[&str]| {
            let mut form = youth(27.9);
            (form.age, form.respondent) = (age.into(), respondent.into());
            let answer = taken(with(1, form, vec![])).await;
            let score = &answer.scores[0];
            assert_eq!((score.cutoff, score.age), (cutoff, used.into()));
            assert_eq!(
                (score.basis, score.reliable_change),
                (Basis::Total.into(), Some(5.0))
            );
            assert!(score.higher_is_better);
            assert_eq!(rules(&answer.alerts), alerts);
        };
    let (own, caretaker) = (Respondent::Self_, Respondent::Caretaker);
    let (adult, youth) = (AgeBand::Adult, AgeBand::Adolescent);
    // Where no age is named, what is assumed is said.
    check(AgeBand::Unspecified, own, Some(25.0), adult, &[]).await;
    check(adult, own, Some(25.0), adult, &[]).await;
    check(youth, own, Some(28.0), youth, &["below-cutoff"]).await;
    // No cut-off is known.
    check(youth, caretaker, None, youth, &[]).await;
}

#[tokio::test]
async fn an_age_band_is_kept_with_the_form() {
    let clinic = Clinic::open().await;
    let mut form = youth(20.0);
    form.age = AgeBand::Adolescent.into();
    send(&clinic, with(1, form, vec![])).await.unwrap();
    let EventBody::Session { forms, .. } = &clinic.log.events().await[0].body else {
        panic!("a session");
    };
    assert_eq!(forms[0].age, Some(Band::Adolescent));

    let mut form = youth(20.0);
    form.age = AgeBand::Child.into();
    assert_eq!(
        refused(with(1, form, vec![])).await,
        ["session.forms[0].age"]
    );
    let mut form = youth(20.0);
    form.age = 9;
    assert_eq!(
        refused(with(1, form, vec![])).await,
        ["session.forms[0].age"]
    );
}

#[tokio::test]
async fn rules_look_back_at_what_the_tablet_says() {
    let before = |scores: &[(u32, f64)]| -> Vec<EarlierScore> {
        let score = |(number, value): &(u32, f64)| earlier("youth", "total", *number, *value);
        scores.iter().map(score).collect()
    };
    let check = async |number, scores: &[(u32, f64)], now, fired: &[&str], unjudged: &[&str]| {
        let answer = taken(with(number, youth(now), before(scores))).await;
        assert_eq!(rules(&answer.alerts), fired);
        assert_eq!(rules(&answer.unjudged), unjudged);
    };
    check(
        3,
        &[(1, 20.0), (2, 30.0)],
        25.0,
        &["fall", "recovered"],
        &[],
    )
    .await;
    // Their order is that of the sessions.
    check(
        3,
        &[(2, 30.0), (1, 20.0)],
        25.0,
        &["fall", "recovered"],
        &[],
    )
    .await;
    check(3, &[(1, 20.0), (2, 29.9)], 25.0, &["recovered"], &[]).await;
    // The first session has no history; in a later one silence means that nothing is known.
    check(1, &[], 20.0, &["below-cutoff"], &[]).await;
    check(2, &[], 20.0, &["below-cutoff"], &["fall", "recovered"]).await;
}

#[tokio::test]
async fn what_is_expected_of_a_session_is_compared_with_in_whatever_order_it_comes() {
    let course = |target: f64| Form {
        instrument: "course".to_owned(),
        version: 1,
        total: Some(target),
        ..Form::default()
    };
    let check = async |forms: Vec<Form>, fired: &[&str]| {
        let sent = Session {
            forms,
            ..with(1, youth(30.0), vec![])
        };
        assert_eq!(rules(&taken(sent).await.alerts), fired);
    };
    check(vec![youth(30.0)], &[]).await;
    check(vec![youth(30.0), course(30.0)], &[]).await;
    check(vec![youth(30.0), course(30.1)], &["off-track"]).await;
    check(vec![course(30.1), youth(30.0)], &["off-track"]).await;
}

#[tokio::test]
async fn earlier_scores_of_others_are_not_compared() {
    let mut of_caretaker = earlier("youth", "total", 1, 40.0);
    of_caretaker.respondent = Respondent::Caretaker.into();
    let mut of_version = earlier("youth", "total", 1, 40.0);
    of_version.version = 7;
    let of_other = earlier("norse", "two", 1, 7.0);
    let all = vec![of_caretaker, of_version, of_other];
    let answer = taken(with(2, youth(20.0), all)).await;
    assert_eq!(rules(&answer.alerts), ["below-cutoff"]);
    assert!(answer.unjudged.is_empty());
}

#[tokio::test]
async fn an_earlier_score_is_one_that_there_can_be() {
    let check = async |wrong: EarlierScore, field: &str| {
        let right = earlier("youth", "total", 1, 20.0);
        let sent = with(2, youth(20.0), vec![right, wrong]);
        assert_eq!(refused(sent).await, [format!("session.earlier[1].{field}")]);
    };
    check(earlier("nothing", "total", 1, 20.0), "instrument").await;
    check(earlier("youth", "sum", 1, 20.0), "scale").await;
    check(earlier("youth", "total", 1, 41.0), "value").await;
    check(earlier("youth", "total", 1, f64::NAN), "value").await;
    check(earlier("youth", "total", 2, 20.0), "number").await;
    check(earlier("youth", "total", 0, 20.0), "number").await;
    let mut stranger = earlier("youth", "total", 1, 20.0);
    stranger.respondent = 9;
    check(stranger, "respondent").await;
    let many = vec![earlier("youth", "total", 1, 20.0); 2_001];
    assert_eq!(
        refused(with(2, youth(20.0), many)).await,
        ["session.earlier"]
    );
}

#[tokio::test]
async fn a_coding_must_be_declared_and_the_log_has_what_was_marked() {
    let sent = |coding| with(1, norse(coding, &[("t1", 2.0), ("t2", 2.0)]), vec![]);
    let field = ["session.forms[0].coding"];
    assert_eq!(refused(sent(Coding::Unspecified)).await, field);
    let mut unknown = sent(Coding::Agreement);
    unknown.forms[0].coding = 9;
    assert_eq!(refused(unknown).await, field);
    let mut needless = with(1, youth(20.0), vec![]);
    needless.forms[0].coding = Coding::Agreement.into();
    assert_eq!(refused(needless).await, field);

    let check = async |coding, marked: i32, score| {
        let clinic = Clinic::open().await;
        let answer = send(&clinic, sent(coding)).await.unwrap();
        assert_eq!(answer.scores[1].value, Some(score));
        let EventBody::Session { forms, .. } = &clinic.log.events().await[0].body else {
            panic!("a session");
        };
        let marked = medvirk_domain::fixed::FixedPoint::from_int(marked);
        assert!(forms[0].items[1].1 == ItemResponse::Value(marked));
    };
    check(Coding::Agreement, 2, 6.0).await;
    check(Coding::HigherIsWorse, 6, 2.0).await;
}

#[tokio::test]
async fn a_sentinel_is_kept_as_its_reason() {
    let clinic = Clinic::open().await;
    let form = norse(Coding::HigherIsWorse, &[("t1", -98.0), ("t2", -98.0)]);
    let answer = send(&clinic, with(1, form, vec![])).await.unwrap();
    let scores: Vec<_> = answer.scores.iter().map(|score| score.value).collect();
    assert_eq!(scores, [Some(1.0), None]);
    let EventBody::Session { forms, .. } = &clinic.log.events().await[0].body else {
        panic!("a session");
    };
    let reason = ItemResponse::Missing(MissingReason::NotApplicable);
    assert!(forms[0].items.iter().all(|(_, sent)| *sent == reason));
    // What stands for no reason here is out of range.
    let form = norse(Coding::Agreement, &[("t1", -99.0)]);
    let wrong = refused(with(1, form, vec![])).await;
    assert_eq!(wrong, ["session.forms[0].items[0].value"]);
}

fn open(asking: &Asking) -> Vec<bool> {
    asking.scales.iter().map(|scale| scale.open).collect()
}

#[tokio::test]
async fn what_to_ask_at_the_next_session_is_in_the_reply() {
    let mut form = norse(Coding::Agreement, &[("t1", 4.0), ("t2", 7.0), ("a", 2.0)]);
    form.items.push(missing("b", 4));
    let answer = taken(with(1, form, vec![])).await;
    let bases: Vec<i32> = answer.scores.iter().map(|score| score.basis).collect();
    let expect = [Basis::Full, Basis::TriggerOnly].map(i32::from);
    assert_eq!(bases, expect);
    assert_eq!(rules(&answer.alerts), ["opens"]);
    let [asking] = &answer.next[..] else {
        panic!("one adaptive form")
    };
    assert_eq!(open(asking), [true, false]);
    assert_eq!(asking.items, ["t1", "t2", "a"]);
    // An instrument that is always asked in full says nothing.
    assert!(taken(with(1, youth(20.0), vec![])).await.next.is_empty());
}

#[tokio::test]
async fn a_tablet_asks_what_to_ask_next() {
    let clinic = Clinic::open().await;
    let ask = async |form: Option<Form>, earlier: Vec<EarlierScore>, unit: &str| {
        let unit = unit.to_owned();
        let request = clinic.at_tau(GetNextItemsRequest {
            unit,
            form,
            earlier,
        });
        let answer = clinic.feedback().get_next_items(request).await;
        answer.map(|answer| answer.into_inner().asking.unwrap())
    };
    let form = |items: &[(&str, f64)]| Some(norse(Coding::Agreement, items));
    let first = ask(form(&[]), vec![], "tau").await.unwrap();
    assert_eq!(
        (open(&first), &first.items[..]),
        (vec![false; 2], &["t1", "t2"].map(str::to_owned)[..])
    );
    // Low agreement with a reversed trigger opens it.
    let second = ask(form(&[("t1", 3.0), ("t2", 3.0)]), vec![], "tau")
        .await
        .unwrap();
    assert_eq!((open(&second), &*second.items[0]), (vec![false, true], "b"));
    // What was open stays open, until three scores close it.
    let scores = |value: f64| -> Vec<_> {
        (1..=3)
            .map(|number| earlier("norse", "one", number, value))
            .collect()
    };
    let stays = ask(form(&[("t1", 1.0)]), scores(2.0), "tau").await.unwrap();
    assert_eq!(
        (open(&stays), &*stays.items.concat()),
        (vec![true, false], "t2a")
    );
    let closes = ask(form(&[("t1", 1.0)]), scores(1.9), "tau").await.unwrap();
    assert_eq!(
        (open(&closes), &*closes.items.concat()),
        (vec![false; 2], "t2")
    );
    // Nothing of it is kept.
    assert!(clinic.log.events().await.is_empty());

    let none = ask(None, vec![], "tau").await.unwrap_err();
    assert_eq!(fields(&none), ["form"]);
    let wrong = ask(form(&[("t1", 9.0)]), vec![], "nowhere")
        .await
        .unwrap_err();
    assert_eq!(fields(&wrong), ["unit", "form.items[0].value"]);
    let foreign = ask(form(&[]), vec![], "north").await.unwrap_err();
    assert_eq!(foreign.code(), Code::PermissionDenied);
    let undeclared = ask(Some(norse(Coding::Unspecified, &[])), vec![], "tau").await;
    assert_eq!(fields(&undeclared.unwrap_err()), ["form.coding"]);
}
