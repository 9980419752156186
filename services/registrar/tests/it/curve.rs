//! The patient's own curve.

use std::time::Duration;

use medvirk_domain::fixed::FixedPoint;
use medvirk_domain::form::{AgeBand, Form, ItemResponse, MissingReason};
use medvirk_domain::record::EventBody;
use medvirk_proto::curve::v1::curve_service_client::CurveServiceClient;
use medvirk_proto::curve::v1::{GetCurveRequest, GetCurveResponse, Series};
use medvirk_runtime::Clock;
use medvirk_runtime::auth::{AccessToken, TokenRole, TokenUnits};
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

use crate::world::{HERE, THERE, World, day, ors, session};

/// Of another institution, in the trust of [`HERE`].
const BESIDE: &str = "fjord-ung";

async fn ask(
    world: &World,
    (role, units): (TokenRole, &str),
    [patient, unit]: [&str; 2],
) -> Result<GetCurveResponse, Status> {
    let token = AccessToken {
        subject: "tablet-1".to_owned(),
        roles: [role].into(),
        units: TokenUnits::parse(units.split(' ')).unwrap(),
    };
    let ttl = Duration::from_secs(600);
    let bearer = world
        .issuer
        .issue(&token, ttl, world.clock.now_ms())
        .unwrap();
    let mut request = Request::new(GetCurveRequest {
        patient: patient.to_owned(),
        episode: "1".to_owned(),
        unit: unit.to_owned(),
    });
    let header = format!("Bearer {bearer}").parse().unwrap();
    request.metadata_mut().insert("authorization", header);
    let mut client = CurveServiceClient::new(world.registrar().service());
    let answer = client.get_curve(request).await;
    answer.map(tonic::Response::into_inner)
}

async fn with_sessions() -> World {
    let world = World::start().await;
    for (number, score) in [(2, 26), (1, 20), (3, 25)] {
        let body = session(world.episode("4711"), number, 0, vec![ors(score)]);
        world.send(&world.event(HERE, rand::random(), body)).await;
    }
    let body = EventBody::EpisodeOpened {
        episode: world.episode("new"),
        day: day("2024-03-01"),
        therapist: None,
    };
    world.send(&world.event(HERE, rand::random(), body)).await;
    let running = world.run();
    running.caught_up(world.log.as_ref()).await;
    running.stop().await.unwrap();
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn a_curve_has_scores_cutoff_band_and_alerts() {
    let world = with_sessions().await;
    let tablet = (TokenRole::FeedbackSubmit, BESIDE);
    let answer = ask(&world, tablet, ["4711", BESIDE]).await.unwrap();
    let [series] = &answer.series[..] else {
        panic!("one scale was answered")
    };
    assert_eq!((&*series.instrument, &*series.scale), ("fit-ors", "total"));
    assert_eq!(
        (series.min, series.max, series.higher_is_better),
        (0.0, 40.0, true)
    );
    assert_eq!(series.cutoff, Some(25.0));
    assert_eq!(
        (series.reliable_low, series.reliable_high),
        (Some(15.0), Some(25.0))
    );
    let points: Vec<_> = series
        .points
        .iter()
        .map(|point| (&*point.date, point.number, point.value, point.alerts.len()))
        .collect();
    let expect = [
        ("2024-03-01", 1, Some(20.0), 1),
        ("2024-03-02", 2, Some(26.0), 1),
        ("2024-03-03", 3, Some(25.0), 1),
    ];
    assert_eq!(points, expect);
    // The curve is the history that rules look back at.
    assert_eq!(series.points[0].alerts, ["below-cutoff"]);
    assert_eq!(series.points[1].alerts, ["recovered"]);
}

/// An outcome form of an adolescent.
fn of_adolescent(total: i32) -> Form {
    Form {
        age: Some(AgeBand::Adolescent),
        ..ors(total)
    }
}

async fn curve_of(sessions: Vec<Vec<Form>>) -> Vec<Series> {
    let world = World::start().await;
    for (number, forms) in (1..).zip(sessions) {
        let body = session(world.episode("4711"), number, 0, forms);
        world.send(&world.event(HERE, rand::random(), body)).await;
    }
    let running = world.run();
    running.caught_up(world.log.as_ref()).await;
    running.stop().await.unwrap();
    let tablet = (TokenRole::FeedbackSubmit, HERE);
    ask(&world, tablet, ["4711", HERE]).await.unwrap().series
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adolescent_is_judged_by_the_cut_off_of_adolescents_until_of_age() {
    let series = curve_of(vec![vec![of_adolescent(26)], vec![ors(26)]]).await;
    let [series] = &series[..] else {
        panic!("one scale was answered")
    };
    let points: Vec<_> = series
        .points
        .iter()
        .map(|point| (point.age().as_str_name(), point.cutoff, &point.alerts[..]))
        .collect();
    let below = ["below-cutoff".to_owned()];
    let expect = [
        ("AGE_BAND_ADOLESCENT", Some(28.0), &below[..]),
        ("AGE_BAND_ADULT", Some(25.0), &[]),
    ];
    assert_eq!(points, expect);
    assert_eq!(series.cutoff, Some(25.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_expected_of_a_session_is_shown_and_judged_with_it() {
    let items = [("target-session", 25), ("lower-session", 22)];
    let value = |(item, value): (&str, i32)| {
        let value = ItemResponse::Value(FixedPoint::from_int(value));
        (item.parse().unwrap(), value)
    };
    let expected = Form {
        instrument: "fit-expected".parse().unwrap(),
        items: items.map(value).to_vec(),
        total: None,
        ..ors(0)
    };
    let series = curve_of(vec![vec![ors(24)], vec![ors(24), expected]]).await;
    let scales: Vec<_> = series
        .iter()
        .map(|it| (&*it.instrument, &*it.scale))
        .collect();
    let expect = [
        ("fit-ors", "total"),
        ("fit-expected", "target-session"),
        ("fit-expected", "lower-session"),
    ];
    assert_eq!(scales, expect, "of what was left out there is no series");
    assert_eq!(series[0].points[0].alerts, ["below-cutoff"]);
    assert_eq!(
        series[0].points[1].alerts,
        ["below-cutoff", "below-expected"]
    );
    assert_eq!(series[1].points[0].value, Some(25.0));
    assert_eq!(series[1].points[0].number, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_scale_is_not_a_missing_one_and_an_opening_is_told() {
    let norse = |trigger: i32| {
        let mut items = vec![(
            "q19".parse().unwrap(),
            ItemResponse::Value(FixedPoint::from_int(trigger)),
        )];
        let closed = ItemResponse::Missing(MissingReason::ByDesign);
        items.extend(["q105", "q77", "q106"].map(|item| (item.parse().unwrap(), closed)));
        Form {
            instrument: "norse-2".parse().unwrap(),
            items,
            total: None,
            ..ors(0)
        }
    };
    let series = curve_of(vec![vec![norse(1)], vec![norse(7)]]).await;
    let [series] = &series[..] else {
        panic!("one scale was answered")
    };
    assert_eq!(&*series.scale, "suicide");
    assert_eq!(series.norm, "mh-outpatients-2019");
    let points: Vec<_> = series
        .points
        .iter()
        .map(|point| {
            (
                point.basis().as_str_name(),
                point.open,
                point.alerts.len(),
                point.z.is_some(),
            )
        })
        .collect();
    let basis = "BASIS_TRIGGER_ONLY";
    assert_eq!(points, [(basis, false, 0, true), (basis, true, 1, true)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_see_a_curve_learns_nothing() {
    let world = with_sessions().await;
    let code = async |token, asked| {
        let answer: Result<GetCurveResponse, Status> = ask(&world, token, asked).await;
        answer
            .map(|answer| answer.series.len())
            .map_err(|status| status.code())
    };
    let tablet = (TokenRole::FeedbackSubmit, "*");
    assert_eq!(code(tablet, ["4711", HERE]).await, Ok(1));
    // An episode without sessions is known all the same.
    assert_eq!(code(tablet, ["new", HERE]).await, Ok(0));
    // Another trust's unit, an unknown patient.
    assert_eq!(code(tablet, ["4711", THERE]).await, Err(Code::NotFound));
    assert_eq!(code(tablet, ["nobody", HERE]).await, Err(Code::NotFound));
    assert_eq!(code(tablet, ["new", THERE]).await, Err(Code::NotFound));
    let elsewhere = (TokenRole::FeedbackSubmit, THERE);
    assert_eq!(
        code(elsewhere, ["4711", HERE]).await,
        Err(Code::PermissionDenied)
    );
    let other = (TokenRole::IndicatorRead, "*");
    assert_eq!(
        code(other, ["4711", HERE]).await,
        Err(Code::PermissionDenied)
    );
    let mut client = CurveServiceClient::new(world.registrar().service());
    let nobody = client.get_curve(GetCurveRequest::default()).await;
    assert_eq!(nobody.unwrap_err().code(), Code::Unauthenticated);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_request_names_the_field() {
    let world = World::start().await;
    let tablet = (TokenRole::FeedbackSubmit, "*");
    for (asked, field) in [
        (["", HERE], "patient"),
        (["4711", "Not An Id"], "unit"),
        (["4711", "nowhere"], "unit"),
    ] {
        let status = ask(&world, tablet, asked).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        let details = status.get_error_details();
        let violations = &details.bad_request().unwrap().field_violations;
        assert_eq!(violations[0].field, field);
    }
}
