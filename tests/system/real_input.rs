//! Real patients through the whole system: "Beat the Blues", see `data/btheb/README.md`. What
//! comes out must equal what an independent script computes from the file and the release rule.

use std::collections::BTreeMap;
use std::process::Command;

use clickhouse::Row;
use medvirk_domain::time::Day;
use medvirk_proto::feedback::v1::Submission;
use medvirk_proto::feedback::v1::submission::Kind;
use medvirk_runtime::auth::{TokenRole, TokenUnits};
use medvirk_tests::{Clinic, System, bdi, closing, opening, root, session, submission};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use serde::Deserialize;
use serde_json::{Value, json};

/// Something that a credential sends on a day.
struct Sending {
    day: Day,
    credential: String,
    submission: Submission,
}

#[tokio::test(flavor = "multi_thread")]
async fn real_patients_come_out_as_an_independent_script_says() {
    let expected = expected();
    let catalogue = root().join("tests/data/btheb/catalogue");
    let system = System::builder()
        .catalogue(catalogue)
        .first_month("2024-01")
        .start()
        .await;
    let sendings = sendings();
    send_and_close(&system, &sendings).await;

    let rows = rows(&system).await;
    assert_eq!(rows, expected["rows"].as_array().unwrap()[..]);
    let persons: u64 = rows
        .iter()
        .map(|row| row["persons"].as_u64().unwrap())
        .sum();
    assert_eq!(persons, 97, "nobody is left out");
    let shown = figures(&system);
    assert_same_figures(&shown, expected["figures"].as_array().unwrap());

    // The same again, shuffled, from the same credentials: nothing changes.
    let mut again: Vec<&Sending> = sendings.iter().collect();
    again.shuffle(&mut StdRng::seed_from_u64(97));
    for sending in again.chunks(250) {
        send(&system, sending.iter().copied()).await;
    }
    system.close("2026-01").await;
    assert_eq!(self::rows(&system).await, rows);
    assert_eq!(figures(&system), shown);
}

/// What `medvirk indicators` prints of the two units, row by row and year by year.
fn figures(system: &System) -> Vec<Value> {
    let mut figures = Vec::new();
    for (period, org) in [
        ("row", "btheb"),
        ("row", "tau"),
        ("year", "btheb"),
        ("year", "tau"),
    ] {
        let span = [
            "--from", "2025-01", "--to", "2025-12", "--period", period, "--org", org,
        ];
        for mut figure in system.indicators(&span) {
            figure["period"] = json!(period);
            figures.push(figure);
        }
    }
    figures.retain(|figure| figure["shown"] == true);
    figures
}

/// Every figure of the script is there and no other; counts are equal, the rest to the last digit
/// that two ways of computing a quantile agree on.
fn assert_same_figures(shown: &[Value], expected: &[Value]) {
    assert_eq!(
        shown.len(),
        expected.len(),
        "as many figures as the script has"
    );
    for wanted in expected {
        let same = |figure: &&Value| {
            let keys = ["period", "organisation", "indicator", "from", "to"];
            keys.iter().all(|key| figure[key] == wanted[key])
        };
        let found = shown
            .iter()
            .find(same)
            .unwrap_or_else(|| panic!("{wanted} is not shown"));
        assert_eq!(found["persons"], wanted["persons"], "{wanted}");
        for number in ["value", "lower", "upper"] {
            match (found[number].as_f64(), wanted[number].as_f64()) {
                (None, None) => {}
                (Some(one), Some(other)) => {
                    assert!(
                        (one - other).abs() <= 1e-9 * other.abs().max(1.0),
                        "{number}: {one}, {wanted}"
                    );
                }
                _ => panic!("{number}: {found}, {wanted}"),
            }
        }
    }
}

/// Month by month, each month closed after it.
async fn send_and_close(system: &System, sendings: &[Sending]) {
    for year in [2024, 2025] {
        for number in 1..=12 {
            let month = format!("{year}-{number:02}");
            let of_month = |sending: &&Sending| sending.day.month().to_string() == month;
            send(system, sendings.iter().filter(of_month)).await;
            system.close(&month).await;
        }
    }
}

/// Each by its own credential; openings before what needs them.
async fn send(system: &System, sendings: impl Iterator<Item = &Sending>) {
    let mut by_credential: BTreeMap<&str, Vec<Submission>> = BTreeMap::new();
    for sending in sendings {
        by_credential
            .entry(&sending.credential)
            .or_default()
            .push(sending.submission.clone());
    }
    for (credential, submissions) in by_credential {
        clinic(system, credential).await.send(submissions).await;
    }
}

async fn clinic(system: &System, credential: &str) -> Clinic {
    assert!(
        !system
            .token(credential, &[TokenRole::FeedbackSubmit], TokenUnits::All)
            .is_empty()
    );
    system.clinic(credential).await
}

/// What the 100 patients send, as the README of the data says.
fn sendings() -> Vec<Sending> {
    let path = root().join("tests/data/btheb/btheb.csv");
    let mut reader = csv::Reader::from_path(path).unwrap();
    let columns = reader.headers().unwrap().clone();
    let column = |name: &str| columns.iter().position(|column| column == name).unwrap();
    let visits = ["bdi_pre", "bdi_2m", "bdi_4m", "bdi_6m", "bdi_8m"];
    let mut sendings = Vec::new();
    for record in reader.records() {
        let record = record.unwrap();
        let number: i32 = record[column("person")].parse().unwrap();
        let unit = record[column("treatment")].to_lowercase();
        let patient = format!("patient-{number}");
        let closes = Day(Day::from_civil(2025, 1, 1).0 + 37 * number % 365);
        let mut add = |day: Day, credential: &str, kind: Kind| {
            sendings.push(Sending {
                day,
                credential: credential.to_owned(),
                submission: submission(kind),
            });
        };
        let opens = Day(closes.0 - 240);
        let therapist = format!("t{}", number % 4 + 1);
        let opening = opening(&patient, &unit, &opens.to_string());
        let opening = medvirk_proto::feedback::v1::EpisodeOpening {
            therapist,
            ..opening
        };
        add(opens, "epj", Kind::EpisodeOpened(opening));
        for (visit, name) in (0..).zip(visits) {
            let Ok(total) = record[column(name)].parse::<f64>() else {
                continue;
            };
            let day = Day(closes.0 - 240 + 60 * visit);
            let session = session(
                &patient,
                &unit,
                &day.to_string(),
                visit as u32 + 1,
                bdi(total),
            );
            add(
                day,
                &format!("tablet-{}", number % 3 + 1),
                Kind::Session(session),
            );
        }
        add(
            closes,
            "epj",
            Kind::EpisodeClosed(closing(&patient, &unit, &closes.to_string())),
        );
    }
    sendings
}

/// What the independent script prints.
fn expected() -> Value {
    let python = std::env::var("MEDVIRK_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = root().join("tests/data/btheb/expected.py");
    let output = Command::new(python)
        .arg(script)
        .output()
        .expect("Python 3 runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A row as the indicator view shows it.
#[derive(Row, Deserialize)]
struct Read {
    close: u32,
    measure: String,
    level: String,
    organisation: String,
    first: u32,
    last: u32,
    persons: u32,
    new_in_year: u32,
    part: String,
    single_device: bool,
    single_therapist: bool,
    variables: Vec<String>,
    sums: Vec<i64>,
    squares: Vec<String>,
}

/// The rows as the indicator tables show them, in the order and shape of the script.
async fn rows(system: &System) -> Vec<Value> {
    let sql = "SELECT close_month AS close, toString(measure) AS measure, toString(level) AS level, organisation, \
        first_month AS first, last_month AS last, persons, assumeNotNull(new_in_year) AS new_in_year, \
        toString(part) AS part, single_device, single_therapist, \
        arrayMap(id -> toString(id), variable) AS variables, sum AS sums, \
        arrayMap(square -> if(isNull(square), '', toString(assumeNotNull(square))), sum_sq) AS squares \
        FROM indicator ORDER BY close, level, organisation";
    let rows: Vec<Read> = system
        .reader("indicators")
        .query(sql)
        .fetch_all()
        .await
        .unwrap();
    rows.into_iter().map(to_json).collect()
}

fn to_json(row: Read) -> Value {
    let month = |value: u32| format!("{:04}-{:02}", value / 100, value % 100);
    let squares = row.squares.iter().map(|square| match square.as_str() {
        "" => Value::Null,
        square => json!(square),
    });
    let sums = row.variables.iter().zip(row.sums).zip(squares);
    let variable = |((variable, sum), square): ((&String, i64), Value)| json!({ "variable": variable, "sum": sum, "sum_sq": square });
    json!({
        "closed": month(row.close), "first_month": month(row.first), "last_month": month(row.last),
        "level": row.level, "measure": row.measure, "new_in_year": row.new_in_year,
        "organisation": row.organisation, "part": row.part, "persons": row.persons,
        "single_device": row.single_device, "single_therapist": row.single_therapist,
        "variables": sums.map(variable).collect::<Vec<_>>(),
    })
}
