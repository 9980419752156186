//! `medvirk admin` against a running system, and the files that `up` leaves for it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use medvirk_proto::feedback::v1::submission::Kind;
use medvirk_runtime::{SystemClock, this_month};
use medvirk_tests::cohort::{everybody, total};
use medvirk_tests::{System, opening, root, session, submission};
use tonic::Code;

use super::catalogue::copy;

#[tokio::test(flavor = "multi_thread")]
async fn months_close_in_their_time_and_doctor_says_how_far() {
    let system = System::builder().cohort().start().await;
    let doctor = || system.run(&["admin", "doctor"]);
    let before = doctor();
    assert!(
        before.contains("last month closed:         none"),
        "{before}"
    );
    system
        .send_people(&everybody(&["north-a"], "2024-01"))
        .await;

    let present = this_month(&SystemClock).to_string();
    let early = system
        .try_run(&["admin", "close-period", &present])
        .expect(2);
    let expected =
        format!("medvirk: {present} may be closed five days after its end, not before\n");
    assert_eq!(early.err, expected);
    for wrong in ["2024", "2024-13", "soon"] {
        let told = system
            .try_run(&["admin", "close-period", wrong])
            .expect(2)
            .err;
        assert!(told.contains("a month is YYYY-MM"), "{told}");
    }

    let closed = system.run(&["admin", "close-period", "2024-03"]);
    assert_eq!(closed, "closed 2024-01, 2024-02, 2024-03\n");
    let again = system.run(&["admin", "close-period", "2024-02"]);
    assert_eq!(again, "it was closed before\n");
    let after = doctor();
    for expected in [
        "first month:               2024-01",
        "last month closed:         2024-03",
        "partitions:                2",
        "records not yet folded:    0",
    ] {
        assert!(after.contains(expected), "{expected} in\n{after}");
    }
    let rebuilt = system.run(&["admin", "rebuild-indicators"]);
    assert!(rebuilt.contains("1 rows of"), "{rebuilt}");
    assert_eq!(
        system.run(&["admin", "dead-letter", "list"]),
        "0 dead letters\n"
    );
    system
        .try_run(&["admin", "dead-letter", "show", "7"])
        .expect(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_measure_comes_into_force_without_a_restart() {
    let system = System::builder().cohort().start().await;
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().to_str().unwrap();
    copy(&root().join("tests/data/cohort/catalogue"), folder.path());
    add_measure(folder.path());
    let (pid, engines) = (system.pid(), system.children());
    // Not in force yet: nobody knows the instrument.
    let clinic = system.clinic("tablet").await;
    let refused = clinic.try_send(vec![mood("2024-01-10", 1)]).await.unwrap();
    assert_eq!(Code::from_i32(refused[0].code), Code::InvalidArgument);

    let activate = |from| system.try_run(&["admin", "catalogue", "activate", dir, "--from", from]);
    activate("2024-01").expect(2);
    activate("soon").expect(2);
    let said = activate("2024-02").expect(0).out;
    assert!(said.ends_with("is in force from 2024-02\n"), "{said}");
    system.run(&["admin", "close-period", "2024-01"]);

    send_moods(&system).await;
    system.run(&["admin", "close-period", "2024-02"]);
    let figures = system.indicators(&["--measure", "mood.month", "--org", "north-a"]);
    let shown: Vec<_> = figures.iter().filter(|one| one["shown"] == true).collect();
    assert_eq!(shown.len(), 1, "{figures:?}");
    assert_eq!(shown[0]["persons"], 10);
    assert_eq!(shown[0]["value"], 5.5);
    assert_eq!((system.pid(), system.children()), (pid, engines));
    let doctor = system.run(&["admin", "doctor"]);
    let hash = said.split(' ').nth(1).unwrap();
    assert!(doctor.contains(hash), "{hash} in\n{doctor}");

    // A broken one is told by file and line, before it is sent.
    std::fs::write(folder.path().join("measures/mood.month.toml"), "id = 7\n").unwrap();
    let told = activate("2024-12").expect(64).err;
    assert!(told.contains("measures/mood.month.toml:1"), "{told}");
}

/// Ten people of one unit, each once.
async fn send_moods(system: &System) {
    let openings = (1..=10).map(|person| {
        let patient = format!("patient-{person}");
        let opening = opening(&patient, "north-a", "2024-02-01");
        let therapist = format!("therapist-{}", person % 3);
        submission(Kind::EpisodeOpened(
            medvirk_proto::feedback::v1::EpisodeOpening {
                therapist,
                ..opening
            },
        ))
    });
    system.clinic("epj").await.send(openings.collect()).await;
    for tablet in 0..3 {
        let people = (1..=10).filter(|person| person % 3 == tablet);
        let moods = people.map(|person| mood("2024-02-10", person)).collect();
        let clinic = system.clinic(&format!("tablet-{tablet}")).await;
        clinic.send(moods).await;
    }
}

/// A session of this person with the new instrument.
fn mood(date: &str, person: u32) -> medvirk_proto::feedback::v1::Submission {
    let form = medvirk_proto::feedback::v1::Form {
        instrument: "mood".to_owned(),
        ..total(f64::from(person))
    };
    let patient = format!("patient-{person}");
    submission(Kind::Session(session(&patient, "north-a", date, 1, form)))
}

/// An instrument of one total and its monthly mean.
fn add_measure(dir: &Path) {
    let instrument = r#"
id = "mood"
version = 1
title = { nb = "Humør", nn = "Humør", en = "Mood" }
respondents = ["self"]
total_only = "total"
sources = ["Made up."]

[[scales]]
id = "total"
title = { nb = "Humør", nn = "Humør", en = "Mood" }
method = "sum"
min = 0
max = 20
step = 1
higher_is_better = true
"#;
    let measure = r#"
id = "mood.month"
title = { nb = "Humør per måned", nn = "Humør per månad", en = "Mood by month" }
per = "month"
finest = "month"
k = 5
r = 3

[population]
on = "session"
instrument = "mood"
version = 1
respondent = "self"

[[variables]]
id = "mood"
value = "score"
scale = "total"
min = 0
max = 20
grain = 1

[[indicators]]
id = "mean-mood"
kind = "mean"
variable = "mood"
min_denominator = 5
title = { nb = "Gjennomsnitt", nn = "Gjennomsnitt", en = "Mean mood" }
"#;
    std::fs::write(dir.join("instruments/mood.toml"), instrument).unwrap();
    std::fs::write(dir.join("measures/mood.month.toml"), measure).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_made_and_does_what_it_says() {
    let system = System::builder().cohort().start().await;
    let token = |arguments: &[&str]| {
        system.try_run(&[&["admin", "token", "--subject", "tablet-9"], arguments].concat())
    };
    let send = async |token: &str, unit: &str| {
        let form = total(5.0);
        let session = session("patient-1", unit, "2024-01-10", 1, form);
        let sender = system.sender(token.trim()).await;
        let sent = sender
            .try_send(vec![submission(Kind::Session(session))])
            .await;
        sent.map(|results| Code::from_i32(results[0].code))
    };
    let scoped = token(&["--role", "feedback.submit", "--unit", "north-a"])
        .expect(0)
        .out;
    assert_eq!(send(&scoped, "north-a").await.unwrap(), Code::Ok);
    assert_eq!(
        send(&scoped, "north-b").await.unwrap(),
        Code::PermissionDenied
    );
    let reader = token(&["--role", "indicator.read"]).expect(0).out;
    assert_eq!(
        send(&reader, "north-a").await.unwrap(),
        Code::PermissionDenied
    );
    let over = token(&["--role", "feedback.submit", "--days", "0"])
        .expect(0)
        .out;
    let refused = send(&over, "north-a").await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);

    let told = token(&["--role", "everything"]).expect(2).err;
    assert!(told.contains("a role is one of"), "{told}");
    token(&["--role", "feedback.submit", "--unit", "not a unit"]).expect(2);
    let told = token(&["--role", "feedback.submit", "--unit", "north-aa"])
        .expect(2)
        .err;
    assert!(
        told.contains("no unit \"north-aa\"") && told.contains("Close: north-a"),
        "{told}"
    );

    // A client command takes the token from a file, which must be its owner's alone.
    let path = system.data().join("reader.token");
    std::fs::write(&path, &reader).unwrap();
    let indicators = ["indicators", "--token", path.to_str().unwrap()];
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let told = system.try_run(&indicators).expect(2).err;
    assert!(told.contains("chmod 600"), "{told}");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    system.try_run(&indicators).expect(0);
    let doctor = ["admin", "doctor", "--token", path.to_str().unwrap()];
    let told = system.try_run(&doctor).expect(2).err;
    assert!(told.contains("does not have the role `admin`"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configured_catalogue_that_was_changed_since_is_told_at_start() {
    let folder = tempfile::tempdir().unwrap();
    copy_cohort(folder.path());
    let system = System::builder().catalogue(folder.path()).start().await;
    let told = || std::fs::read_to_string(system.log_path()).unwrap();
    let word = "the configured catalogue is not the one in force";
    assert!(!told().contains(word));
    assert_eq!(system.terminate().await, Some(0));
    let file = folder.path().join("organisations.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{text}\n# Changed.\n")).unwrap();
    system.start().await;
    let told = told();
    assert!(
        told.contains(word) && told.contains("admin catalogue activate"),
        "{told}"
    );
}

/// The made-up catalogue, in a folder that may be changed.
fn copy_cohort(to: &Path) {
    let from = medvirk_tests::root().join("tests/data/cohort/catalogue");
    for folder in ["", "instruments", "measures", "denominators"] {
        let Ok(files) = std::fs::read_dir(from.join(folder)) else {
            continue;
        };
        std::fs::create_dir_all(to.join(folder)).unwrap();
        for file in files {
            let file = file.unwrap();
            if file.file_type().unwrap().is_file() {
                std::fs::copy(file.path(), to.join(folder).join(file.file_name())).unwrap();
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_readable_by_their_owner_only() {
    let system = System::builder().start().await;
    let data = system.data();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for folder in [data.clone(), data.join("secrets")] {
        assert_eq!(mode(&folder), 0o700, "{}", folder.display());
    }
    assert_eq!(mode(&data.join("tokens.json")), 0o600);
    let mut secrets = 0;
    for entry in std::fs::read_dir(data.join("secrets")).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        secrets += 1;
    }
    assert!(secrets >= 5, "{secrets} secrets");
}
