//! `medvirk up --demo`: simulated clinics fill two years through the public interface, and every
//! indicator of the shipped catalogue has figures; a restart does not tell the past again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use clickhouse::Row;
use medvirk_domain::catalogue::{Catalogue, CatalogueLimits, shipped};
use medvirk_records::catalogue::hash_of;
use medvirk_runtime::{SystemClock, this_month};
use medvirk_tests::{System, eventually};
use serde::Deserialize;
use serde_json::Value;

use crate::{attack, figures, page};

/// In the build that tests use, on a machine that builds beside.
const PATIENCE: Duration = Duration::from_secs(600);

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_comes_to_figures_of_every_indicator_and_goes_on_after_a_restart() {
    let begun = Instant::now();
    let january = this_month(&SystemClock).year_start().plus(-24);
    let system = System::builder()
        .first_month(january.to_string())
        .argument("--demo")
        .setting("AGGREGATOR__AUTO_CLOSE", "true")
        .start()
        .await;
    let ready = begun.elapsed();
    let told = until_live(&system, begun).await;
    let filled = begun.elapsed();
    eprintln!("ready after {ready:.1?}, all figures after {filled:.1?}");
    assert!(filled < PATIENCE, "{filled:?}");
    check_figures(&told);
    page::look(&system).await;
    check_register(&system);

    let (before, stored) = (rows(&system).await, received(&system).await);
    let (public, shown_figures) = (attack::rows(&system).await, figures::shown(&system).await);
    assert_eq!(system.terminate().await, Some(0));
    figures::compare(&system, &shown_figures).await;
    attack::attack(&system, &public).await;
    system.start().await;
    let again = || async {
        let told = std::fs::read_to_string(system.log_path()).ok()?;
        (told.matches("now send live").count() == 2).then_some(())
    };
    eventually("it goes on live again", again).await;
    assert_eq!(rows(&system).await, before, "the past is told once");
    check_past(&stored, &received(&system).await);
    assert_eq!(system.terminate().await, Some(0));
}

/// Waits until the past is told, and gives the figures of its years.
async fn until_live(system: &System, begun: Instant) -> Vec<Value> {
    let expected = indicators();
    while begun.elapsed() < PATIENCE {
        let figures = system.indicators(&["--period", "year"]);
        let told = std::fs::read_to_string(system.log_path()).unwrap();
        if shown(&figures) == expected && told.contains("now send live") {
            return figures;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("no figures of every indicator in {PATIENCE:?}");
}

/// Every indicator of the shipped catalogue.
fn indicators() -> BTreeSet<String> {
    let files = shipped();
    let catalogue = Catalogue::load(&files, hash_of(&files), CatalogueLimits::default()).unwrap();
    let indicators = catalogue.indicators.iter();
    indicators
        .map(|one| format!("{}/{}", one.measure, one.id))
        .collect()
}

fn shown(figures: &[Value]) -> BTreeSet<String> {
    let shown = figures.iter().filter(|figure| figure["shown"] == true);
    shown
        .map(|figure| {
            let name = |key: &str| figure[key].as_str().unwrap().to_owned();
            format!("{}/{}", name("measure"), name("indicator"))
        })
        .collect()
}

/// In both years, for many organisations, and what is not shown has a reason and no number.
fn check_figures(figures: &[Value]) {
    let mut organisations: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for figure in figures {
        if figure["shown"] == true {
            let text = |key: &str| figure[key].as_str().unwrap().to_owned();
            organisations
                .entry(text("from")[..4].to_owned())
                .or_default()
                .insert(text("organisation"));
        } else {
            assert!(
                figure["value"].is_null() && figure["persons"].is_null(),
                "{figure}"
            );
            assert!(figure["reason"].is_string(), "{figure}");
        }
    }
    let year = this_month(&SystemClock).year_start();
    for back in [24, 12] {
        let year = year.plus(-back).to_string()[..4].to_owned();
        let shown = organisations.get(&year).map_or(0, BTreeSet::len);
        assert!(shown >= 10, "{shown} organisations in {year}");
    }
}

/// Both forms of the register are there for who pulls them, the basic one for most episodes.
fn check_register(system: &System) {
    let out = tempfile::tempdir().unwrap();
    let out = out.path().to_str().unwrap();
    for (dataset, least) in [
        ("registry.basis", 1_000),
        ("registry.measurement-point", 3_000),
    ] {
        let told = system.run(&["pull", dataset, "--out", out, "--purpose", "a look"]);
        let rows = told
            .rsplit_once('(')
            .and_then(|(_, rows)| rows.split_once(' '));
        let rows: u32 = rows.unwrap().0.parse().unwrap();
        assert!(rows > least, "{dataset}: {rows}");
    }
}

/// What the rows of a closed month come to.
#[derive(Debug, PartialEq, Eq, Row, Deserialize)]
struct Close {
    month: u32,
    rows: u64,
    persons: u64,
    sums: i64,
}

async fn rows(system: &System) -> Vec<Close> {
    let sql = "SELECT close_month AS month, count() AS rows, sum(persons) AS persons, \
        sum(arraySum(sum)) AS sums FROM indicator GROUP BY month ORDER BY month";
    let engine = system.reader("indicators");
    engine.query(sql).fetch_all().await.unwrap()
}

async fn received(system: &System) -> BTreeMap<String, u64> {
    system.registry_counts().await.unwrap()
}

/// What was stored is still there, as often, and next to nothing came after it.
fn check_past(before: &BTreeMap<String, u64>, after: &BTreeMap<String, u64>) {
    assert!(before.len() > 10_000, "{} submissions", before.len());
    for (id, times) in before {
        assert_eq!(after.get(id), Some(times), "{id}");
    }
    let news = after.len() - before.len();
    assert!(news < 1_000, "{news} submissions more than before");
}
