//! The command line as its users meet it: what it prints, what it refuses, and its exit codes:
//! 0 done, 2 bad input, 64 bad configuration or catalogue, 75 another time.

mod admin;

mod catalogue;

mod usage;

pub(crate) use catalogue::copy;

use medvirk_tests::cohort::everybody;
use medvirk_tests::{System, eventually};
use serde_json::{Value, json};

/// A line of a file: an opening in protobuf JSON.
fn opening(patient: &str, date: &str) -> Value {
    let opening = json!({
        "patient": patient, "episode": format!("{patient}-1"), "unit": "north-a", "date": date,
    });
    json!({ "submissionId": uuid::Uuid::new_v4().to_string(), "episodeOpened": opening })
}

/// A line of a file: a session in protobuf JSON.
fn session(patient: &str, number: u32, total: f64) -> Value {
    let form = json!({ "instrument": "cohort-total", "version": 1, "total": total });
    let session = json!({
        "patient": patient, "episode": format!("{patient}-1"), "unit": "north-a",
        "date": "2024-01-10", "number": number, "forms": [form],
    });
    json!({ "submissionId": uuid::Uuid::new_v4().to_string(), "session": session })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_sent_and_sending_it_again_is_harmless() {
    let system = System::builder().cohort().start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("good.jsonl");
    let lines = (0..600).map(|number| session("patient-1", number + 1, 5.0).to_string());
    let all: Vec<String> = [opening("patient-1", "2024-01-03").to_string()]
        .into_iter()
        .chain(lines)
        .collect();
    std::fs::write(&path, all.join("\n")).unwrap();
    let path = path.to_str().unwrap();
    for _ in 0..2 {
        let ran = system.try_run(&["submit", path]).expect(0);
        assert!(ran.err.contains("601 taken, 0 refused"), "{}", ran.err);
    }
    let once = || async {
        let counts = system.registry_counts().await?;
        (counts.len() == 601).then_some(counts)
    };
    let counts = eventually("all of the file is in the registry", once).await;
    assert!(counts.values().all(|times| *times == 1), "and once each");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_bad_line_is_named_by_its_number_and_its_field() {
    let system = System::builder().cohort().start().await;
    let mut wrong_unit = session("planted-patient", 3, 7.0);
    wrong_unit["session"]["unit"] = json!("planted-unit");
    let mut unknown = session("planted-patient", 4, 7.0);
    unknown["session"]["planted-key"] = json!(1);
    let lines: [Vec<u8>; 8] = [
        opening("patient-1", "2024-01-03").to_string().into(),
        b"".to_vec(),
        session("planted-patient", 1, 1_234.5).to_string().into(),
        b"planted-line, not JSON".to_vec(),
        wrong_unit.to_string().into(),
        unknown.to_string().into(),
        b"{\"submissionId\":\"planted-\xff\"}".to_vec(),
        session("patient-1", 1, 7.0).to_string().into(),
    ];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bad.jsonl");
    std::fs::write(&path, lines.join(&b'\n')).unwrap();
    let ran = system.try_run(&["submit", path.to_str().unwrap()]);
    let told = ran.expect(2).err;
    for expected in [
        "line 3: session.forms[0].total",
        "line 4: no JSON, at column 1",
        "line 5: session.unit: must be the id of a unit",
        "line 6: session: has a name that is none of: patient, ",
        "line 7: no JSON, at column",
        "2 taken, 5 refused",
    ] {
        assert!(told.contains(expected), "{expected} in\n{told}");
    }
    for quoted in ["line 1:", "line 2:", "line 8:", "planted", "1234.5"] {
        assert!(!told.contains(quoted), "{quoted} in\n{told}");
    }
    let stored = || async {
        let sessions = system.registry_sessions().await;
        (sessions.len() == 1).then_some(())
    };
    eventually("the good session is there and no other", stored).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_file_is_silently_left_out() {
    let system = System::builder().start().await;
    let submit = |name: &str, file: &[u8]| {
        let path = system.data().join(name);
        std::fs::write(&path, file).unwrap();
        system.try_run(&["submit", path.to_str().unwrap()])
    };
    let cat = submit("cat", include_bytes!("commands/cases/01-cat.jsonl"))
        .expect(2)
        .err;
    assert!(
        cat.contains("line 2: something stands behind the object"),
        "{cat}"
    );
    assert!(cat.contains("1 taken, 1 refused"), "{cat}");
    let bom = submit("bom", include_bytes!("commands/cases/02-bom.jsonl"))
        .expect(0)
        .err;
    assert!(bom.contains("2 taken, 0 refused"), "{bom}");
    assert!(
        bom.contains("all sessions come from one credential"),
        "{bom}"
    );
    let utf16 = submit("utf16", include_bytes!("commands/cases/02b-utf16.jsonl"))
        .expect(2)
        .err;
    assert!(utf16.contains("is UTF-16; save it as UTF-8"), "{utf16}");
    let twice = submit("twice", include_bytes!("commands/cases/02d-dupkey.jsonl"))
        .expect(2)
        .err;
    assert!(
        twice.contains("line 1: a name stands twice in an object"),
        "{twice}"
    );
    let text = submit("README.md", b"# Title\n\nSome text.\n")
        .expect(2)
        .err;
    assert!(
        text.contains("README.md is not a file of submissions"),
        "{text}"
    );
    // The example is one that the shipped catalogue takes.
    let example = system.try_run(&["submit", "--example"]).expect(0).out;
    let taken = submit("example", example.as_bytes()).expect(0).err;
    assert!(taken.contains("2 taken, 0 refused"), "{taken}");
}

/// As the design of the interface says.
const COLUMNS: [&str; 14] = [
    "measure",
    "indicator",
    "organisation",
    "level",
    "part",
    "from",
    "to",
    "persons",
    "value",
    "lower",
    "upper",
    "target",
    "attainment",
    "shown",
];

#[tokio::test(flavor = "multi_thread")]
async fn indicators_come_as_table_csv_and_json() {
    let system = System::builder().cohort().start().await;
    let nothing = system.run(&["indicators"]);
    assert!(nothing.contains("No month is closed yet"), "{nothing}");
    // Enough people at one unit, too few at another.
    let mut people = everybody(&["north-a"], "2024-01");
    people.extend(everybody(&["south-a"], "2024-01").into_iter().take(3));
    system.send_people(&people).await;
    system.close("2024-01").await;

    let figures = system.indicators(&[]);
    for figure in &figures {
        let mut keys: Vec<&str> = figure
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        keys.retain(|key| *key != "reason");
        let mut columns = COLUMNS.to_vec();
        keys.sort_unstable();
        columns.sort_unstable();
        assert_eq!(keys, columns);
        // A figure that is not shown says why, and one without an interval does too.
        let shown = figure["shown"].as_bool().unwrap();
        assert_eq!(shown, figure["value"].is_f64(), "{figure}");
        let whole = shown && figure["lower"].is_f64();
        assert_eq!(whole, figure.get("reason").is_none(), "{figure}");
    }
    check_one(&system);
    check_filters(&system);

    let csv = system.run(&["indicators", "--format", "csv"]);
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let header: Vec<String> = reader
        .headers()
        .unwrap()
        .iter()
        .map(str::to_owned)
        .collect();
    assert_eq!(header[..14], COLUMNS);
    assert_eq!(header[14..], ["reason"]);
    assert_eq!(reader.records().count(), figures.len());
    let table = system.run(&["indicators"]);
    assert!(table.contains("cohort.outcome/mean-first"), "{table}");
    assert!(table.contains("Shown until 2024-01."), "{table}");
}

/// The mean of 1, 2, 4 … 512, and that too few are not shown.
fn check_one(system: &System) {
    let mean = ["--indicator", "mean-first", "--org", "north-a"];
    let figures = system.indicators(&mean);
    let [figure] = &figures[..] else {
        panic!("one figure: {figures:?}");
    };
    let expected = [
        ("measure", json!("cohort.outcome")),
        ("indicator", json!("mean-first")),
        ("organisation", json!("north-a")),
        ("level", json!("unit")),
        ("part", json!("")),
        ("from", json!("2024-01")),
        ("to", json!("2024-01")),
        ("persons", json!(10)),
        ("value", json!(102.3)),
        ("target", Value::Null),
        ("shown", json!(true)),
    ];
    for (key, value) in expected {
        assert_eq!(figure[key], value, "{key}");
    }
    let few = system.indicators(&["--indicator", "mean-first", "--org", "south-a"]);
    assert!(few.iter().all(|figure| figure["shown"] == false), "{few:?}");
    assert!(
        few.iter().all(|figure| figure["persons"].is_null()),
        "{few:?}"
    );
}

fn check_filters(system: &System) {
    let shown = |arguments: &[&str]| {
        let figures = system.indicators(arguments).into_iter();
        figures.filter(|figure| figure["shown"] == true).count()
    };
    let north = ["--org", "north-a"];
    assert_eq!(shown(&north), 2);
    assert_eq!(shown(&[&north[..], &["--period", "year"]].concat()), 2);
    assert_eq!(shown(&[&north[..], &["--period", "span"]].concat()), 2);
    assert_eq!(shown(&[&north[..], &["--from", "2024-02"]].concat()), 0);
    assert_eq!(shown(&[&north[..], &["--to", "2024-01"]].concat()), 2);
    for wrong in [
        ["--measure", "nothing"],
        ["--org", "nowhere"],
        ["--indicator", "nothing"],
        ["--from", "2024-13"],
        ["--to", "soon"],
    ] {
        let arguments = [&["indicators", "--format", "json"][..], &wrong].concat();
        let told = system.try_run(&arguments).expect(2).err;
        assert!(told.starts_with("medvirk: "), "{told}");
        assert_eq!(told.lines().count(), 1, "{told}");
    }
}

/// It has something to serve there only where a report runs.
#[tokio::test(flavor = "multi_thread")]
async fn a_role_listens_only_where_it_serves() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let http = format!("\"{}\"", taken.local_addr().unwrap());
    let data = format!("\"{}\"", folder.path().display());
    let any = "\"127.0.0.1:0\"";
    let ingest = tokio::process::Command::new(medvirk_tests::binary())
        .arg("ingest")
        .env("MEDVIRK__DATA", data)
        .env("MEDVIRK__LISTEN__GRPC", any)
        .env("MEDVIRK__LISTEN__HTTP", http)
        .env("MEDVIRK__LISTEN__ADMIN", any)
        .stdout(std::process::Stdio::null())
        .kill_on_drop(true)
        .spawn();
    let _ingest = ingest.unwrap();
    let told = || async {
        let told = std::fs::read(folder.path().join("addresses.json")).ok()?;
        serde_json::from_slice::<serde_json::Value>(&told).ok()
    };
    let told = eventually("it says where it listens", told).await;
    assert!(
        told["grpc"].is_string() && told["admin"].is_string(),
        "{told}"
    );
    assert!(told.get("http").is_none(), "{told}");
}
