//! Both protocols over the same rows: fields, ETag, tokens, refusals, and what must not change.

mod apart;
mod beside;
mod memory;
pub(super) mod sandbox;

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use medvirk_proto::indicator::v1 as wire;
use medvirk_proto::indicator::v1::indicator_service_server::IndicatorService;
use medvirk_runtime::auth::TokenRole;
use serde_json::{Value, json};
use tower::ServiceExt;
use xxhash_rust::xxh3::xxh3_128;

use crate::sample;
use sandbox::{Sandbox, bytes, header, problem};

#[tokio::test]
async fn a_figure_has_exactly_these_fields() {
    let sandbox = Sandbox::new();
    let response = sandbox
        .get("/v1/figures?measure=bdi.outcome&organisation=tau&from=2024-05&to=2024-05")
        .await;
    let body = String::from_utf8(bytes(response).await).unwrap();
    assert!(
        body.starts_with(
            "[{\"measure\":\"bdi.outcome\",\"indicator\":\"mean-change\",\"organisation\":\"tau\",\
         \"level\":\"unit\",\"part\":\"\",\"from\":\"2024-05\",\"to\":\"2024-05\",\"persons\":5,\
         \"value\":-8.0,\"lower\":"
        ),
        "{body}"
    );
    let figures: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        figures[2],
        json!({
            "measure": "bdi.outcome", "indicator": "mean-last", "organisation": "tau",
            "level": "unit", "part": "", "from": "2024-05", "to": "2024-05", "persons": 5,
            "value": 17.0, "lower": null, "upper": null, "target": null, "attainment": null,
            "shown": true, "reason": {"code": "two-means", "arguments": {}}, "notes": [],
        })
    );
    let share = figures[4].as_object().unwrap();
    assert_eq!(
        (&share["target"], &share["attainment"]),
        (&json!(60.0), &json!("moderate"))
    );
    assert!(!share.contains_key("reason"), "{share:?}");
}

#[tokio::test]
async fn what_is_not_shown_has_a_reason_and_no_number() {
    let sandbox = Sandbox::new();
    let figures = sandbox
        .json("/v1/figures?measure=kem.response&organisation=tau&period=year")
        .await;
    assert_eq!(
        figures,
        json!([{
            "measure": "kem.response", "indicator": "response", "organisation": "tau",
            "level": "unit", "part": "", "from": "2024-01", "to": "2024-12", "persons": null,
            "value": null, "lower": null, "upper": null, "target": null, "attainment": null,
            "shown": false,
            "reason": {"code": "too-few", "arguments": {}},
            "notes": [],
        }])
    );
}

#[tokio::test]
async fn the_list_names_what_can_be_asked_for() {
    let sandbox = Sandbox::new();
    let list = sandbox.json("/v1/indicators").await;
    assert_eq!(
        list.as_array().unwrap().len(),
        sample::catalogue().indicators.len()
    );
    assert_eq!(
        list[3],
        json!({
            "measure": "bdi.outcome", "indicator": "sessions", "kind": "mean",
            "higher_is_better": null, "target": null, "title": {"en": "bdi.outcome sessions"},
            "parts": [], "identity": "person", "aspect": "outcome", "yellow": null,
            "min_denominator": 1, "sensitive": false, "description": {}, "sources": [],
            "unverified": [], "part": "", "k": 5, "finest": "month",
        })
    );
    assert_eq!(list[8]["parts"], json!(["clinical", "other"]));
    assert_eq!(list[10]["identity"], "code");
}

#[tokio::test]
async fn an_unchanged_answer_is_not_sent_again() {
    let sandbox = Sandbox::new();
    let path = "/v1/figures?period=year";
    let first = sandbox.get(path).await;
    let etag = header(&first, "etag");
    assert_eq!(header(&first, "cache-control"), "private, no-cache");
    assert_eq!(header(&first, "content-type"), "application/json");
    assert_eq!(etag, format!("\"{:032x}\"", xxh3_128(&bytes(first).await)));

    let bearer = sandbox.bearer(TokenRole::IndicatorRead);
    let ask = async |tags: &str| {
        let headers = [("authorization", bearer.as_str()), ("if-none-match", tags)];
        sandbox.send(path, &headers).await
    };
    for tags in [etag.clone(), format!("\"x\", W/{etag}"), "*".to_owned()] {
        let again = ask(&tags).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{tags}");
        assert_eq!(header(&again, "etag"), etag);
        assert!(bytes(again).await.is_empty());
    }
    assert_eq!(ask("\"other\"").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn nothing_but_a_close_changes_an_answer() {
    let sandbox = Sandbox::new();
    let paths = [
        "/v1/indicators",
        "/v1/figures",
        "/v1/figures?period=year",
        "/v1/figures?organisation=tau&period=span&to=2025-12",
        "/v1/organisations",
        "/v1/series?measure=bdi.outcome&indicator=mean-first&organisation=tau",
        "/v1/comparison?measure=bdi.outcome&indicator=mean-first",
        "/v1/rest?measure=bdi.outcome&indicator=mean-first&organisation=tau",
    ];
    let look = async || {
        let mut answers = Vec::new();
        for path in paths {
            let response = sandbox.get(path).await;
            answers.push((header(&response, "etag"), bytes(response).await));
        }
        answers
    };
    let before = look().await;
    // One partition has closed the month, and a catalogue is activated for later.
    let january = sample::row("bdi.outcome", "tau", "2025-01", "2025-01", 9).sum("first", 9);
    sandbox.sources.with(|held| {
        held.rows.push(january.done());
        let mut later = sample::catalogue();
        later.indicators.clear();
        held.catalogues
            .push((sample::month("2025-01"), Arc::new(later)));
    });
    assert!(before == look().await);
    // The close is complete.
    sandbox
        .sources
        .with(|held| held.shown.insert(sample::month("2025-01")));
    assert!(
        before
            .iter()
            .zip(look().await)
            .all(|(before, after)| *before != after)
    );
}

#[tokio::test]
async fn a_token_with_the_role_is_needed() {
    let sandbox = Sandbox::new();
    for path in [
        "/v1/indicators",
        "/v1/organisations",
        "/v1/figures?measure=unknown",
        "/v1/series",
        "/v1/comparison",
        "/v1/rest",
    ] {
        let without = sandbox.send(path, &[]).await;
        assert_eq!(header(&without, "www-authenticate"), "Bearer");
        assert_eq!(
            problem(without, StatusCode::UNAUTHORIZED).await,
            "a bearer token is needed"
        );
        let wrong = sandbox
            .send(path, &[("authorization", "Bearer x.y.z")])
            .await;
        assert_eq!(
            problem(wrong, StatusCode::UNAUTHORIZED).await,
            "the token is not valid"
        );
        let other = sandbox.bearer(TokenRole::FeedbackSubmit);
        let other = sandbox.send(path, &[("authorization", &other)]).await;
        assert_eq!(
            problem(other, StatusCode::FORBIDDEN).await,
            "the token does not have the role `indicator.read`"
        );
    }
    let code = |status: tonic::Status| status.code();
    let request = tonic::Request::new(wire::ListIndicatorsRequest {});
    let without = sandbox.report.list_indicators(request).await;
    assert_eq!(
        without.map_err(code).unwrap_err(),
        tonic::Code::Unauthenticated
    );
    let request = sandbox.grpc(wire::QueryIndicatorsRequest::default(), TokenRole::Admin);
    let other = sandbox.report.query_indicators(request).await;
    assert_eq!(
        other.map_err(code).unwrap_err(),
        tonic::Code::PermissionDenied
    );
}

#[tokio::test]
async fn a_question_that_means_nothing_is_refused_alike() {
    let sandbox = Sandbox::new();
    let (bad, none) = (StatusCode::BAD_REQUEST, StatusCode::NOT_FOUND);
    let month = "a month is YYYY-MM, in the years 1900 to 2199";
    for (query, status, detail) in [
        (
            "organisation=nowhere",
            none,
            "there is no organisation \"nowhere\", now or in any year that is shown",
        ),
        (
            "measure=x",
            none,
            "there is no measure \"x\"; the list of indicators names them",
        ),
        ("from=2024-13", bad, &format!("from: {month}")),
        ("to=x", bad, &format!("to: {month}")),
        (
            "level=ward",
            bad,
            "level: a level is unit, institution, trust, region or nation",
        ),
        ("period=week", bad, "period: a period is row, span or year"),
        (
            &format!("measure={}", "x".repeat(65)),
            bad,
            "measure: an id has at most 64 characters",
        ),
        (
            "from=2024-02&to=2024-01",
            bad,
            "the last month, 2024-01, is before the first, 2024-02",
        ),
    ] {
        let response = sandbox.get(&format!("/v1/figures?{query}")).await;
        assert_eq!(problem(response, status).await, detail, "{query}");
    }
    for query in ["unit=tau", "measure=a&measure=b"] {
        let response = sandbox.get(&format!("/v1/figures?{query}")).await;
        assert!(
            problem(response, bad).await.starts_with("query: "),
            "{query}"
        );
    }
    let message = wire::QueryIndicatorsRequest {
        organisation: "nowhere".to_owned(),
        ..Default::default()
    };
    let request = sandbox.grpc(message, TokenRole::IndicatorRead);
    let status = sandbox.report.query_indicators(request).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::NotFound);
    assert!(status.message().contains("nowhere"));
    let message = wire::QueryIndicatorsRequest {
        period: 9,
        ..Default::default()
    };
    let request = sandbox.grpc(message, TokenRole::IndicatorRead);
    let status = sandbox.report.query_indicators(request).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::InvalidArgument);
}

#[tokio::test]
async fn grpc_says_the_same_as_json() {
    let sandbox = Sandbox::new();
    let figures = sandbox.json("/v1/figures?period=year").await;
    let message = wire::QueryIndicatorsRequest {
        period: wire::Period::Year.into(),
        ..Default::default()
    };
    let request = sandbox.grpc(message, TokenRole::IndicatorRead);
    let answer = sandbox
        .report
        .query_indicators(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(answer.shown_until, "2024-12");
    assert_eq!(answer.figures.len(), figures.as_array().unwrap().len());
    for (ours, json) in answer.figures.iter().zip(figures.as_array().unwrap()) {
        let mut expect = json!({
            "measure": ours.measure, "indicator": ours.indicator,
            "organisation": ours.organisation, "level": ours.level, "part": ours.part,
            "from": ours.from, "to": ours.to, "persons": ours.persons, "value": ours.value,
            "lower": ours.lower, "upper": ours.upper, "target": ours.target,
            "attainment": (!ours.attainment.is_empty()).then_some(&ours.attainment),
            "shown": ours.shown, "notes": ours.notes,
        });
        if let Some(reason) = &ours.reason {
            expect["reason"] = json!(reason);
        }
        // Read back like the other one: the reader may be off by a last digit.
        let expect: Value = serde_json::from_str(&expect.to_string()).unwrap();
        assert_eq!(&expect, json);
    }
    let list = sandbox.json("/v1/indicators").await;
    let request = sandbox.grpc(wire::ListIndicatorsRequest {}, TokenRole::IndicatorRead);
    let answer = sandbox
        .report
        .list_indicators(request)
        .await
        .unwrap()
        .into_inner();
    for (ours, json) in answer.indicators.iter().zip(list.as_array().unwrap()) {
        assert_eq!(
            (&json!(ours.indicator), &json!(ours.kind)),
            (&json["indicator"], &json["kind"])
        );
    }
}

#[tokio::test]
async fn a_failing_source_is_unavailable_and_says_no_more() {
    let sandbox = Sandbox::new();
    sandbox.sources.with(|held| held.broken = true);
    let response = sandbox.get("/v1/figures").await;
    assert_eq!(
        problem(response, StatusCode::SERVICE_UNAVAILABLE).await,
        "the indicators cannot be read now; try again"
    );
    sandbox.sources.with(|held| {
        held.broken = false;
        held.shown.clear();
        held.catalogues.clear();
    });
    let response = sandbox.get("/v1/figures").await;
    let detail = problem(response, StatusCode::SERVICE_UNAVAILABLE).await;
    assert_eq!(detail, "no catalogue is in force yet");
}

#[tokio::test]
async fn the_page_needs_no_token_and_loads_nothing_of_others() {
    let sandbox = Sandbox::new();
    let page = sandbox.send("/", &[]).await;
    assert_eq!(header(&page, "content-type"), "text/html; charset=utf-8");
    let policy = header(&page, "content-security-policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"));
    assert!(
        !policy.contains("unsafe") && !policy.contains("http"),
        "{policy}"
    );
    let etag = header(&page, "etag");
    let text = String::from_utf8(bytes(page).await).unwrap();
    assert!(text.contains("<title>Medvirk</title>"), "{text}");
    let again = sandbox.send("/", &[("if-none-match", &etag)]).await;
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    let missing = sandbox.send("/assets/../../Cargo.toml", &[]).await;
    problem(missing, StatusCode::NOT_FOUND).await;
    let elsewhere = sandbox.send("/v2", &[]).await;
    problem(elsewhere, StatusCode::NOT_FOUND).await;
    let request = Request::post("/v1/figures").body(Body::empty()).unwrap();
    let post = sandbox.report.router().oneshot(request).await.unwrap();
    problem(post, StatusCode::METHOD_NOT_ALLOWED).await;
}

#[tokio::test]
async fn no_answer_may_be_taken_for_another_kind() {
    let sandbox = Sandbox::new();
    let paths = [
        "/",
        "/v1/openapi.json",
        "/v1/indicators",
        "/v1/figures?no=1",
        "/nowhere",
    ];
    for path in paths {
        let response = sandbox.get(path).await;
        assert_eq!(
            header(&response, "x-content-type-options"),
            "nosniff",
            "{path}"
        );
    }
}

#[tokio::test]
async fn grpc_answers_over_the_wire_format() {
    let sandbox = Sandbox::new();
    let service = sandbox.report.service();
    let mut client = wire::indicator_service_client::IndicatorServiceClient::new(service);
    let message = wire::QueryIndicatorsRequest {
        measure: "bdi.outcome".to_owned(),
        level: "trust".to_owned(),
        period: wire::Period::Span.into(),
        ..Default::default()
    };
    let request = sandbox.grpc(message, TokenRole::IndicatorRead);
    let answer = client.query_indicators(request).await.unwrap().into_inner();
    let organisations: BTreeSet<&str> = answer
        .figures
        .iter()
        .map(|f| f.organisation.as_str())
        .collect();
    assert_eq!(organisations, BTreeSet::from(["hf", "hs"]));
}
