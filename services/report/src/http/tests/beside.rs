//! Organisations, pages, series and comparisons over both protocols.

use super::*;

#[tokio::test]
async fn the_list_of_organisations_is_a_tree() {
    let sandbox = Sandbox::new();
    let list = sandbox.json("/v1/organisations").await;
    assert_eq!(
        (&list["shown_from"], &list["shown_until"]),
        (&json!("2024-01"), &json!("2024-12"))
    );
    let all = list["organisations"].as_array().unwrap();
    assert_eq!(
        all[0],
        json!({"organisation": "no", "level": "nation", "parent": "", "title": all[0]["title"]})
    );
    let ids = all.iter().map(|one| one["organisation"].as_str());
    let known: BTreeSet<Option<&str>> = ids.collect();
    for one in &all[1..] {
        assert!(known.contains(&one["parent"].as_str()), "{one}");
    }
}

#[tokio::test]
async fn pages_come_to_the_whole_answer_and_end_with_a_close() {
    let sandbox = Sandbox::new();
    let whole = sandbox.json("/v1/figures?period=year").await;
    let (mut path, mut together) = ("/v1/figures?period=year&limit=7".to_owned(), Vec::new());
    let last = loop {
        let response = sandbox.get(&path).await;
        let link = header(&response, "link");
        let page: Value = serde_json::from_slice(&bytes(response).await).unwrap();
        together.extend(page.as_array().unwrap().clone());
        match link.strip_suffix(">; rel=\"next\"") {
            Some(next) => next.trim_start_matches('<').clone_into(&mut path),
            None => break path,
        }
    };
    assert_eq!(Value::from(together), whole);
    let refused = async |path: &str| {
        let detail = problem(sandbox.get(path).await, StatusCode::BAD_REQUEST).await;
        assert!(detail.starts_with("page: "), "{detail}");
    };
    refused("/v1/figures?page=7").await;
    refused(&last.replace("period=year", "period=row")).await;
    let january = sample::month("2025-01");
    sandbox.sources.with(|held| held.shown.insert(january));
    refused(&last).await;
}

#[tokio::test]
async fn grpc_says_the_same_of_series_and_comparisons() {
    let sandbox = Sandbox::new();
    let of = "measure=bdi.outcome&indicator=share-improved";
    let series = sandbox
        .json(&format!("/v1/series?{of}&organisation=tau"))
        .await;
    let request = wire::GetSeriesRequest {
        measure: "bdi.outcome".to_owned(),
        indicator: "share-improved".to_owned(),
        organisation: "tau".to_owned(),
        ..Default::default()
    };
    let answer = sandbox
        .report
        .get_series(sandbox.grpc(request, TokenRole::IndicatorRead))
        .await;
    let same = |json: &Value, message: Value| {
        // Read back like the other one: the reader may be off by a last digit.
        let message: Value = serde_json::from_str(&message.to_string()).unwrap();
        assert_eq!(json, &message);
    };
    same(&series, json!(answer.unwrap().into_inner()));
    assert_eq!(series["points"].as_array().unwrap().len(), 12);
    let comparison = sandbox.json(&format!("/v1/comparison?{of}")).await;
    let request = wire::CompareRequest {
        measure: "bdi.outcome".to_owned(),
        indicator: "share-improved".to_owned(),
        ..Default::default()
    };
    let request = sandbox.grpc(request, TokenRole::IndicatorRead);
    let answer = IndicatorService::compare(&sandbox.report, request).await;
    same(&comparison, json!(answer.unwrap().into_inner()));
    assert_eq!(comparison["organisations"].as_array().unwrap().len(), 4);
    let rest = sandbox
        .json(&format!("/v1/rest?{of}&organisation=tau"))
        .await;
    let request = wire::CompareWithRestRequest {
        measure: "bdi.outcome".to_owned(),
        indicator: "share-improved".to_owned(),
        organisation: "tau".to_owned(),
        ..Default::default()
    };
    let request = sandbox.grpc(request, TokenRole::IndicatorRead);
    let answer = sandbox.report.compare_with_rest(request).await;
    same(&rest, json!(answer.unwrap().into_inner()));
    assert_eq!(rest["rests"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn a_question_about_one_indicator_names_it() {
    let sandbox = Sandbox::new();
    let (bad, none) = (StatusCode::BAD_REQUEST, StatusCode::NOT_FOUND);
    let of = "measure=bdi.outcome&indicator=share-improved";
    for (path, status, detail) in [
        (
            "series?indicator=x".to_owned(),
            bad,
            "organisation: an id is needed",
        ),
        (
            "series?organisation=tau".to_owned(),
            bad,
            "measure: an id is needed",
        ),
        (format!("series?{of}"), bad, "organisation: an id is needed"),
        (format!("rest?{of}"), bad, "organisation: an id is needed"),
        (
            format!("series?{of}&organisation=tau&period=week"),
            bad,
            "period: a period is month, tertial, year or rolling",
        ),
        (
            format!("series?{of}&organisation=tau&chart=x"),
            bad,
            "chart: a chart is xmr or p",
        ),
        (
            format!("series?{of}&organisation=tau&rules=x"),
            bad,
            "rules: rules are nhs or anhoj",
        ),
        (
            format!("comparison?{of}&part=x"),
            none,
            "the indicator has no part \"x\"; the list of indicators names them",
        ),
    ] {
        let response = sandbox.get(&format!("/v1/{path}")).await;
        assert_eq!(problem(response, status).await, detail, "{path}");
    }
}
