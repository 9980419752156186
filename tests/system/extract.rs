//! Extracts: what registry teams pull is read back by other people's programs, whole and once; who
//! may not have it does not get it; and who took it is known.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use clickhouse::{Client, Compression};
use medvirk_proto::feedback::v1::submission::Kind;
use medvirk_proto::feedback::v1::{
    Coding, EpisodeOpening, Form, ItemResponse, MissingReason, RegistryForm, Respondent, Session,
    item_response::Response,
};
use medvirk_runtime::auth::{TokenRole, TokenUnits};
use medvirk_tests::cohort::CREDENTIALS;
use medvirk_tests::{System, eventually, form, opening, root, submission};
use serde_json::Value;
use tempfile::TempDir;

mod cut_short;

mod valve;

/// A unit with an orgnr, and one without.
const UNITS: [&str; 2] = ["fjord-poliklinikk", "dal-allmenn"];
const PATIENTS: u32 = 12;
/// A trigger of an adaptive form, and an item of another scale.
const TRIGGER: &str = "q117";
const OTHER: &str = "q26";
const PULLS: [(&str, &[&str]); 7] = [
    ("codebook", &["csv", "xlsx"]),
    ("indicators", &["csv", "parquet"]),
    ("skde", &["csv"]),
    ("registry.basis", &["openqreg", "mrs", "parquet"]),
    (
        "registry.measurement-point",
        &["openqreg", "mrs", "parquet"],
    ),
    ("registry.lar-status", &["openqreg", "mrs", "parquet"]),
    ("feedback.norse-2", &["openqreg", "mrs", "parquet"]),
];

/// A form of the register about `patient`.
fn registered(patient: &str, unit: &str, instrument: &str, items: &[(&str, f64)]) -> Kind {
    let item = |(item, value): &(&str, f64)| ItemResponse {
        item: (*item).to_owned(),
        response: Some(Response::Value(*value)),
    };
    Kind::RegistryForm(RegistryForm {
        patient: patient.to_owned(),
        episode: format!("{patient}-1"),
        unit: unit.to_owned(),
        date: "2024-03-31".to_owned(),
        revision: 0,
        form: Some(Form {
            respondent: Respondent::Other as i32,
            items: items.iter().map(item).collect(),
            ..form(instrument)
        }),
    })
}

/// A session of `patient` with an adaptive form: one answer, and one item that did not apply.
fn session(patient: &str, unit: &str) -> Kind {
    let item = |item: &str, response| ItemResponse {
        item: item.to_owned(),
        response: Some(response),
    };
    Kind::Session(Session {
        patient: patient.to_owned(),
        episode: format!("{patient}-1"),
        unit: unit.to_owned(),
        date: "2024-03-20".to_owned(),
        number: 1,
        forms: vec![Form {
            items: vec![
                item(TRIGGER, Response::Value(2.0)),
                item(
                    OTHER,
                    Response::Missing(MissingReason::NotApplicable as i32),
                ),
            ],
            coding: Coding::Agreement as i32,
            ..form("norse-2")
        }],
        ..Session::default()
    })
}

/// Opening, basic information and measurement point of everybody. Ages tell who is who.
async fn fill(system: &System) {
    let mut sendings = Vec::new();
    for (place, unit) in (0..).zip(UNITS) {
        for number in 0..PATIENTS {
            let patient = &format!("patient-{unit}-{number}");
            let (opens, sends) = (number % CREDENTIALS, (number + 1) % CREDENTIALS);
            let opening = EpisodeOpening {
                therapist: format!("therapist-{}", number % 4),
                ..opening(patient, unit, "2024-03-01")
            };
            let age = f64::from(20 + number + 40 * place);
            let basis = [
                ("sex", f64::from(1 + number % 2)),
                ("age", age),
                ("earlier-treatment", f64::from(number % 2)),
                ("alcohol-units", f64::from(number) / 2.0),
            ];
            let active = [
                ("status", 1.0),
                ("plan", 2.0),
                ("crisis-plan", 3.0),
                ("benefit", 4.0),
            ];
            sendings.push((opens, submission(Kind::EpisodeOpened(opening))));
            let basis = registered(patient, unit, "kvarus-basis", &basis);
            sendings.push((sends, submission(basis)));
            let point = registered(patient, unit, "kvarus-point", &active);
            sendings.push((sends, submission(point)));
            let lar = registered(
                patient,
                unit,
                "lar-status",
                &[("opioids", 1.0), ("cannabis", 0.0)],
            );
            sendings.push((sends, submission(lar)));
            sendings.push((sends, submission(session(patient, unit))));
        }
    }
    system.send_all(sendings.into_iter()).await;
    system.settled().await;
}

/// Pulls, and gives what was said.
fn pull(system: &System, dataset: &str, format: &str, out: &Path) -> String {
    let out = out.to_str().unwrap();
    let arguments = ["pull", dataset, "--format", format, "--out", out];
    let purpose = ["--purpose", "a test of extracts"];
    // A year that still runs is published where its months are asked for only.
    let months: &[&str] = match dataset {
        "skde" => &["--from", "2024-01", "--to", "2024-03"],
        _ => &[],
    };
    system.run(&[&arguments[..], &purpose, months].concat())
}

/// Everything in every format, and what other programs read of it.
fn read_back(system: &System) -> (TempDir, Value) {
    let folder = tempfile::tempdir().unwrap();
    for (dataset, formats) in PULLS {
        for format in formats {
            pull(
                system,
                dataset,
                format,
                &folder.path().join(dataset).join(format),
            );
        }
    }
    let python = std::env::var("MEDVIRK_PYTHON").expect("it is set in .cargo/config.toml");
    let read = Command::new(&python)
        .arg(root().join("tests/python/read_back.py"))
        .arg(folder.path())
        .output();
    let read = read.unwrap_or_else(|why| panic!("{python}: {why}; `cargo xtask test` sets it up"));
    let told = String::from_utf8_lossy(&read.stderr).into_owned();
    assert!(read.status.success(), "{told}");
    (folder, serde_json::from_slice(&read.stdout).unwrap())
}

/// By age: sex, earlier treatment and units of alcohol a week.
fn basis(read: &Value) -> BTreeMap<String, [String; 3]> {
    let rows = read["registry.basis"].as_array().unwrap().iter();
    let cell = |row: &Value, name: &str| row[name].as_str().unwrap_or("none").to_owned();
    let row = |row: &Value| {
        let known = ["sex", "earlier_treatment", "alcohol_units"].map(|name| cell(row, name));
        assert_eq!(cell(row, "form_date"), "2024-03-31");
        assert_eq!(cell(row, "housing"), "none");
        (cell(row, "age"), known)
    };
    rows.map(row).collect()
}

fn sent(people: impl Iterator<Item = u32>) -> BTreeMap<String, [String; 3]> {
    let person = |age: u32| {
        let number = (age - 20) % 40;
        let half = if number.is_multiple_of(2) { "" } else { ".5" };
        let known = [
            (1 + number % 2).to_string(),
            (number % 2 == 1).to_string(),
            format!("{}{half}", number / 2),
        ];
        (age.to_string(), known)
    };
    people.map(person).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_pulled_is_what_was_sent_whoever_reads_it() {
    let system = System::builder().start().await;
    fill(&system).await;
    for month in ["2024-01", "2024-02", "2024-03"] {
        system.close(month).await;
    }
    let (folder, read) = read_back(&system);
    let everybody = || (20..20 + PATIENTS).chain(60..60 + PATIENTS);
    assert_eq!(basis(&read), sent(everybody()));
    let points = read["registry.measurement-point"].as_array().unwrap();
    assert_eq!(points.len() as u32, 2 * PATIENTS);
    assert!(
        points
            .iter()
            .all(|point| point["crisis_plan"] == "3" && point["plan"] == "2")
    );

    assert_sessions(&read);
    assert_aggregates(&read);
    assert_published_months(&system, folder.path());
    assert_can_be_imported(&system, folder.path());

    // Who withdraws is in no later pull.
    system
        .withdraw("hf-fjord", "patient-fjord-poliklinikk-3")
        .await;
    let gone = || async {
        let counted = "SELECT count() FROM registry_form";
        let left: u64 = system
            .reader("registry")
            .query(counted)
            .fetch_one()
            .await
            .ok()?;
        (left == u64::from(6 * PATIENTS - 3)).then_some(())
    };
    eventually("the patient's forms are gone", gone).await;
    let (_folder, read) = read_back(&system);
    assert_eq!(basis(&read), sent(everybody().filter(|age| *age != 23)));
    assert_audited(&system);
    assert_coarse(&system);
}

/// A coarse file has no day, no age and no id of a submission, and names no unit of a small group. How
/// many may be found is said before it comes.
fn assert_coarse(system: &System) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let pull = |more: &[&str]| {
        let arguments = [
            "pull",
            "registry.basis",
            "--out",
            out,
            "--purpose",
            "a test",
        ];
        system.try_run(&[&arguments[..], more].concat())
    };
    let fine = pull(&[]).expect(0).err;
    assert!(
        fine.contains("share unit, day,") && fine.contains("are of one person"),
        "{fine}"
    );
    let coarse = pull(&["--coarse"]).expect(0).err;
    assert!(coarse.contains("share unit or region, month,"), "{coarse}");
    let folders = std::fs::read_dir(folder.path()).unwrap().flatten();
    let dated = folders.map(|it| it.path()).find(|it| it.is_dir()).unwrap();
    let text = std::fs::read_to_string(dated.join("kvarus_basis_coarse.csv")).unwrap();
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap().split(';').collect();
    let place = |name: &str| header.iter().position(|it| *it == name);
    for gone in ["form_date", "form_id", "tsupdated"] {
        assert_eq!(place(gone), None, "{gone}");
    }
    let (mut named, mut whole) = (0, 0);
    for line in lines {
        let cells: Vec<&str> = line.split(';').collect();
        let cell = |name: &str| cells[place(name).unwrap()];
        assert_eq!(cell("form_month"), "2024-03");
        assert!(cell("age").ends_with('9'), "{}", cell("age"));
        assert!(!cell("region").is_empty());
        named += u32::from(!cell("unit").is_empty());
        whole += 1;
    }
    assert_eq!(whole, 2 * PATIENTS - 1);
    // Ages go up by one: of each unit and sex five are in a band, but where somebody has withdrawn.
    assert!(named < whole, "{named}");
    let refused = system.try_run(&[
        "pull",
        "skde",
        "--coarse",
        "--out",
        out,
        "--purpose",
        "a test",
    ]);
    assert!(refused.expect(2).err.contains("coarse"));
}

/// A session has its number, its scores, what they rest on, and why an item has no value.
fn assert_sessions(read: &Value) {
    let sessions = read["feedback.norse-2"].as_array().unwrap();
    assert_eq!(sessions.len() as u32, 2 * PATIENTS);
    for session in sessions {
        assert_eq!(
            [&session["session_number"], &session["respondent"]],
            ["1", "self"]
        );
        assert_eq!(session[TRIGGER], "2");
        assert_eq!(session[OTHER], Value::Null);
        assert_eq!(session[format!("{OTHER}_reason")], "not-applicable");
        let columns = session.as_object().unwrap();
        let scores = columns.iter().filter(|it| it.0.starts_with("score_"));
        assert!(scores.filter(|it| !it.1.is_null()).count() > 0);
        let bases = columns.iter().filter(|it| it.0.starts_with("basis_"));
        assert!(bases.map(|it| it.1).all(Value::is_string));
    }
    assert_eq!(
        read["registry.lar-status"].as_array().unwrap().len() as u32,
        2 * PATIENTS
    );
}

/// Aggregates are made of rows: one of each unit, and only the one with an orgnr is published.
fn assert_aggregates(read: &Value) {
    let rows = read["indicators"].as_array().unwrap();
    let of = |row: &&Value| row["measure"] == "kvarus.start" && row["variable"] == "plan";
    let persons: Vec<_> = rows
        .iter()
        .filter(of)
        .map(|row| (&row["organisation"], &row["persons"]))
        .collect();
    assert_eq!(persons.len(), 2, "{rows:?}");
    let published = read["skde"].as_array().unwrap();
    let plans = published
        .iter()
        .find(|row| row["ind_id"] == "kvarus_start_early_plan")
        .unwrap();
    assert_eq!(
        (&plans["orgnr"], &plans["year"]),
        (&"900000001".into(), &"2024".into())
    );
    assert_eq!(
        (&plans["var"], &plans["denominator"]),
        (&"12".into(), &"12".into())
    );
    let left_out = read["left_out"].as_array().unwrap();
    assert!(
        left_out.iter().any(|it| it["what"] == "dal-allmenn"),
        "{left_out:?}"
    );
}

/// The months that were asked for are named; without them there is no year, since none is closed.
fn assert_published_months(system: &System, folder: &Path) {
    let of_months = folder.join("skde/csv/skde_2024-01_2024-03.csv");
    assert!(of_months.exists(), "{of_months:?}");
    let out = tempfile::tempdir().unwrap();
    let arguments = ["pull", "skde", "--purpose", "a test of extracts", "--out"];
    let told = system.run(&[&arguments[..], &[out.path().to_str().unwrap()]].concat());
    assert!(told.contains("(0 rows)"), "{told}");
    let manifest = std::fs::read_dir(out.path()).unwrap();
    let manifest = manifest.map(|entry| entry.unwrap().path());
    let manifest = manifest.filter(|path| path.extension().is_some_and(|it| it == "json"));
    let manifest = std::fs::read_to_string(manifest.collect::<Vec<_>>()[0].as_path()).unwrap();
    assert!(
        manifest.contains("not every month of the year is closed"),
        "{manifest}"
    );
}

/// What was pulled can be sent in again, with its codebook.
fn assert_can_be_imported(system: &System, folder: &Path) {
    let openqreg = only_file(&only_file(&folder.join("registry.basis/openqreg")));
    let codebook = only_file(&folder.join("codebook/csv"));
    let (openqreg, codebook) = (openqreg.to_str().unwrap(), codebook.to_str().unwrap());
    let import = format!(
        "import registry {openqreg} --dialect openqreg --codebook {codebook} --form kvarus_basis \
         --instrument kvarus-basis --column patient=patient_id --column date=form_date \
         --column unit=unit --column status=form_status --item earlier-treatment=earlier_treatment \
         --item alcohol-units=alcohol_units --check"
    );
    let import: Vec<&str> = import.split(' ').collect();
    let told = system.try_run(&import).expect(0).err;
    assert!(
        told.contains(&format!("{} would be sent", 2 * PATIENTS)),
        "{told}"
    );
}

/// The only entry of a folder but manifests.
fn only_file(folder: &Path) -> PathBuf {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut files = entries.filter(|path| !path.to_str().unwrap().ends_with(".manifest.json"));
    let file = files.next().unwrap();
    assert!(files.next().is_none(), "{}", folder.display());
    file
}

fn audit(system: &System) -> Vec<Value> {
    let text = std::fs::read_to_string(system.data().join("extract/audit.jsonl")).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Every pull is there twice: before anything left, and with what left.
fn assert_audited(system: &System) {
    let lines = audit(system);
    let formats: usize = PULLS.iter().map(|(_, formats)| formats.len()).sum();
    // All of them twice, and the publication file once without months.
    assert_eq!(lines.len(), 2 * (2 * formats + 1));
    for two in lines.chunks(2) {
        let [begun, ended] = two else {
            panic!("a pull has two lines")
        };
        assert_eq!(
            (&begun["event"], &ended["event"]),
            (&"begun".into(), &"ended".into())
        );
        assert_eq!(begun["pull"], ended["pull"]);
        assert_eq!(
            (&ended["who"], &ended["outcome"]),
            (&"registry".into(), &"whole".into())
        );
        assert_eq!(ended["purpose"], "a test of extracts");
        if begun["format"] == "openqreg" {
            assert_eq!(begun["rows"], ended["rows"]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_have_it_gets_nothing_and_a_unit_gets_its_own() {
    let system = System::builder().start().await;
    fill(&system).await;
    let folder = tempfile::tempdir().unwrap();
    let with = |token: String, dataset: &str| {
        let path = folder.path().join("token");
        write_private(&path, &token);
        let out = folder.path().join("out");
        let arguments = [
            "pull",
            dataset,
            "--out",
            out.to_str().unwrap(),
            "--purpose",
            "a test",
            "--token",
            path.to_str().unwrap(),
        ];
        system.try_run(&arguments)
    };
    for role in TokenRole::ALL
        .into_iter()
        .filter(|role| *role != TokenRole::RegistryExtract)
    {
        let told = with(
            system.token("somebody", &[role], TokenUnits::All),
            "codebook",
        )
        .expect(2)
        .err;
        assert!(told.contains("registry.extract"), "{told}");
    }
    assert!(audit(&system).is_empty(), "what was refused is no pull");

    let units = TokenUnits::parse([UNITS[1]]).unwrap();
    let own = with(
        system.token("unit-head", &[TokenRole::RegistryExtract], units),
        "registry.basis",
    );
    assert!(own.expect(0).out.contains(&format!("({PATIENTS} rows)")));
    assert_eq!(audit(&system)[0]["units"], serde_json::json!([UNITS[1]]));

    // Nor does a purpose that says nothing do.
    let out = folder.path().join("none");
    let arguments = [
        "pull",
        "codebook",
        "--out",
        out.to_str().unwrap(),
        "--purpose",
        " ",
    ];
    system.try_run(&arguments).expect(2);

    assert_register_is_closed(&system).await;
}

/// The users of the indicators cannot read the register, on either engine, nor a file of the host.
async fn assert_register_is_closed(system: &System) {
    let users = system.data().join("secrets/engine-indicators.json");
    let users: Value = serde_json::from_slice(&std::fs::read(users).unwrap()).unwrap();
    let addresses = system.addresses().unwrap();
    for user in users.as_array().unwrap() {
        let client = Client::default()
            .with_url(format!(
                "http://{}",
                addresses["registry"].as_str().unwrap()
            ))
            .with_user(user["name"].as_str().unwrap())
            .with_password(user["password"].as_str().unwrap())
            .with_database("medvirk")
            .with_compression(Compression::None);
        let read = client
            .query("SELECT count() FROM registry_form")
            .fetch_one::<u64>()
            .await;
        assert!(read.is_err());
    }
    let reader = system.reader("indicators");
    let beside = reader
        .query("SELECT count() FROM registry_form")
        .fetch_one::<u64>()
        .await;
    assert!(beside.is_err());
    let file = "SELECT count() FROM file('/etc/passwd', LineAsString)";
    assert!(reader.query(file).fetch_one::<u64>().await.is_err());
}

fn write_private(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}
