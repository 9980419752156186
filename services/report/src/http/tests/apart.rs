//! What joins what others can see with what only answers tell is shown nowhere, neither of a
//! deployment whose catalogue is older than the rule nor of its old rows.

use std::sync::Arc;

use axum::http::StatusCode;
use medvirk_domain::catalogue::{Catalogue, CatalogueLimits, SourceFile, shipped};
use medvirk_domain::ids::CatalogueHash;
use serde_json::Value;

use super::sandbox::{Sandbox, problem};
use crate::sample::{month, months, row};

const UNIT: &str = "dal-dogn";
const WITHHELD: [&str; 8] = [
    "fit.alliance/sessions",
    "fit.child-alliance/sessions",
    "fit.group-alliance/sessions",
    "fit.outcome/share-dropped-out-unimproved",
    "fit.outcome/share-transferred",
    "fit.outcome/share-unplanned",
    "norse-2.state/forms",
    "norse-3.state/forms",
];

/// The catalogue that was shipped before the rule.
fn before_the_rule() -> Vec<SourceFile> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = root.join("../../tests/data/before-apart");
    let mut files = shipped();
    files.retain(|file| {
        !file.path.ends_with("-sessions.toml") && !file.path.ends_with(".forms.toml")
    });
    for file in &mut files {
        if let Ok(text) = std::fs::read_to_string(root.join(&file.path)) {
            file.text = text;
        }
    }
    files
}

fn logged(files: &[SourceFile], apart: bool) -> Arc<Catalogue> {
    let limits = CatalogueLimits {
        apart,
        ..CatalogueLimits::default()
    };
    Arc::new(Catalogue::load_logged(files, CatalogueHash::new([2; 32]), limits).unwrap())
}

/// A year of outcomes and one of alliances, as the old catalogue released them.
fn deployment() -> Sandbox {
    let sandbox = Sandbox::new();
    let outcome = |part: &str, first: &str, last: &str| {
        row("fit.outcome", UNIT, first, last, 6)
            .part(part)
            .sum("first", 120)
            .sum("change", 30)
            .sum("improved", 4)
            .sum("recovered", 2)
            .sum("deteriorated", 0)
            .sum("unplanned", 1)
            .sum("unplanned-unimproved", 1)
            .sum("transfer", 2)
            .done()
    };
    let alliance = row("fit.alliance", UNIT, "2024-03", "2024-03", 7)
        .sum("score", 250)
        .sum("below-cutoff", 3)
        .sum("sessions", 19)
        .done();
    sandbox.sources.with(|held| {
        held.catalogues = vec![(month("2024-01"), logged(&before_the_rule(), true))];
        held.rows = vec![
            outcome("clinical", "2024-01", "2024-04"),
            outcome("not-clinical", "2024-01", "2024-04"),
            alliance,
            outcome("clinical", "2025-01", "2025-01"),
        ];
    });
    sandbox
}

async fn listed(sandbox: &Sandbox) -> Vec<String> {
    let list = sandbox.json("/v1/indicators").await;
    let name = |it: &Value| {
        let text = |of: &str| it[of].as_str().unwrap().to_owned();
        text("measure") + "/" + &text("indicator")
    };
    list.as_array().unwrap().iter().map(name).collect()
}

/// Of each shown figure the indicator and the persons.
async fn shown(sandbox: &Sandbox, question: &str) -> Vec<(String, u64)> {
    let path = format!("/v1/figures?organisation={UNIT}&{question}");
    let figures = sandbox.json(&path).await;
    let of = |it: &Value| {
        let name = it["indicator"].as_str().unwrap().to_owned();
        let shown = it["shown"].as_bool().unwrap();
        shown.then(|| (name, it["persons"].as_u64().unwrap()))
    };
    figures.as_array().unwrap().iter().filter_map(of).collect()
}

#[tokio::test]
async fn an_old_deployment_shows_none_of_it_and_the_rest_as_it_was() {
    let sandbox = deployment();
    let listed = listed(&sandbox).await;
    for name in WITHHELD {
        assert!(!listed.iter().any(|it| it == name), "{name}");
        let (measure, indicator) = name.split_once('/').unwrap();
        let about = format!("measure={measure}&indicator={indicator}&organisation={UNIT}");
        for path in ["figures", "series", "comparison", "rest"] {
            let answer = sandbox.get(&format!("/v1/{path}?{about}")).await;
            problem(answer, StatusCode::NOT_FOUND).await;
        }
    }
    let of_outcome = shown(
        &sandbox,
        "measure=fit.outcome&period=span&from=2024-01&to=2024-12",
    )
    .await;
    let names: Vec<&str> = of_outcome.iter().map(|(name, _)| name.as_str()).collect();
    for name in [
        "mean-change",
        "mean-first",
        "share-improved",
        "share-recovered",
    ] {
        assert!(names.contains(&name), "{names:?}");
    }
    assert!(
        of_outcome
            .iter()
            .all(|(_, persons)| [6, 12].contains(persons))
    );
    let of_alliance = shown(&sandbox, "measure=fit.alliance").await;
    let both = ["mean-alliance", "share-below-cutoff"].map(|name| (name.to_owned(), 7));
    assert_eq!(of_alliance, both);
}

/// The catalogue of the rows decides, so a later one that has a variable of the same name, for
/// whatever reason, shows nothing of them.
#[tokio::test]
async fn old_rows_show_none_of_it_under_a_later_catalogue() {
    let sandbox = deployment();
    let later = logged(&before_the_rule(), false);
    sandbox.sources.with(|held| {
        held.catalogues.push((month("2025-01"), later));
        held.shown = months("2024-01", "2025-01");
    });
    let unplanned = "measure=fit.outcome&indicator=share-unplanned&period=year";
    let (old, new) = ("&from=2024-01&to=2024-12", "&from=2025-01&to=2025-12");
    let name = "share-unplanned".to_owned();
    assert_eq!(shown(&sandbox, &format!("{unplanned}{old}")).await, []);
    // Of all, and of the part.
    let all = shown(&sandbox, &format!("{unplanned}{new}")).await;
    assert_eq!(all, [(name.clone(), 6), (name, 6)]);
}

#[tokio::test]
async fn after_the_january_old_rows_are_shown_by_the_new_catalogue() {
    let sandbox = deployment();
    sandbox.sources.with(|held| {
        held.catalogues
            .push((month("2025-01"), logged(&shipped(), true)));
        held.rows.pop();
        held.shown = months("2024-01", "2025-01");
    });
    let listed = listed(&sandbox).await;
    assert!(listed.iter().any(|it| it == "fit.course/share-unplanned"));
    assert!(
        WITHHELD
            .iter()
            .all(|name| !listed.iter().any(|it| it == name))
    );
    let year = "period=year&from=2024-01&to=2024-12";
    assert_eq!(
        shown(&sandbox, &format!("measure=fit.course&{year}")).await,
        []
    );
    let change = format!("measure=fit.outcome&indicator=mean-change&{year}");
    let name = "mean-change".to_owned();
    let of_parts = [(name.clone(), 12), (name.clone(), 6), (name, 6)];
    assert_eq!(shown(&sandbox, &change).await, of_parts);
}
