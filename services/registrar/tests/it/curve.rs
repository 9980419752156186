//! The patient's own curve.

use std::time::Duration;

use medvirk_domain::record::EventBody;
use medvirk_proto::curve::v1::curve_service_client::CurveServiceClient;
use medvirk_proto::curve::v1::{GetCurveRequest, GetCurveResponse};
use medvirk_runtime::Clock;
use medvirk_runtime::auth::{Role, Token, Units};
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

use crate::world::{HERE, THERE, World, day, ors, session};

/// Of another institution, in the trust of [`HERE`].
const BESIDE: &str = "fjord-ung";

async fn ask(
    world: &World,
    (role, units): (Role, &str),
    [patient, unit]: [&str; 2],
) -> Result<GetCurveResponse, Status> {
    let token = Token {
        subject: "tablet-1".to_owned(),
        roles: [role].into(),
        units: Units::parse(units.split(' ')).unwrap(),
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
    let tablet = (Role::FeedbackSubmit, BESIDE);
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

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_see_a_curve_learns_nothing() {
    let world = with_sessions().await;
    let code = async |token, asked| {
        let answer: Result<GetCurveResponse, Status> = ask(&world, token, asked).await;
        answer
            .map(|answer| answer.series.len())
            .map_err(|status| status.code())
    };
    let tablet = (Role::FeedbackSubmit, "*");
    assert_eq!(code(tablet, ["4711", HERE]).await, Ok(1));
    // An episode without sessions is known all the same.
    assert_eq!(code(tablet, ["new", HERE]).await, Ok(0));
    // Another trust's unit, an unknown patient.
    assert_eq!(code(tablet, ["4711", THERE]).await, Err(Code::NotFound));
    assert_eq!(code(tablet, ["nobody", HERE]).await, Err(Code::NotFound));
    assert_eq!(code(tablet, ["new", THERE]).await, Err(Code::NotFound));
    let elsewhere = (Role::FeedbackSubmit, THERE);
    assert_eq!(
        code(elsewhere, ["4711", HERE]).await,
        Err(Code::PermissionDenied)
    );
    let other = (Role::IndicatorRead, "*");
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
    let tablet = (Role::FeedbackSubmit, "*");
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
