//! What is said once a year, through a running system: numbers that others count, which come with a
//! catalogue, and what leaders say of their services. Both are shown from the next close on, and
//! nothing changes in between.

use std::path::Path;

use medvirk_runtime::auth::{TokenRole, TokenUnits};
use medvirk_tests::cohort::everybody;
use medvirk_tests::{System, root};
use serde_json::{Value, json};

use crate::commands::copy;

const PATHS: [&str; 2] = ["/v1/coverage", "/v1/involvement"];

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_once_a_year_is_shown_from_the_next_close_on() {
    let folder = tempfile::tempdir().unwrap();
    copy(&root().join("tests/data/cohort/catalogue"), folder.path());
    add_share(folder.path());
    add_form(folder.path());
    let system = System::builder().catalogue(folder.path()).start().await;
    system
        .send_people(&everybody(&["north-a"], "2024-01"))
        .await;
    system.close("2024-01").await;
    let nothing = answers(&system).await;
    assert_eq!(nothing, [json!([]), json!([])]);

    add_numbers(folder.path());
    let dir = folder.path().to_str().unwrap();
    // The plan of February stands already.
    system.run(&["admin", "catalogue", "activate", dir, "--from", "2024-03"]);
    submit(&system, folder.path(), "partly").expect(0);
    submit(&system, folder.path(), "yes").expect(0);
    assert_eq!(answers(&system).await, nothing, "a poller learns nothing");
    system.close("2024-02").await;
    system.close("2024-03").await;

    let [covered, said] = answers(&system).await;
    let persons = covered[0]["count"].as_u64().unwrap();
    assert!(persons > 0);
    assert_eq!(
        covered,
        json!([{
            "measure": "cohort.outcome", "share": "covered",
            "title": { "nb": "x", "nn": "x", "en": "x" }, "organisation": "north-a",
            "year": 2024, "until": "2024-03", "count": persons, "counts": "episodes", "of": 40,
            "percent": null,
            "reason": { "code": "not-closed", "arguments": { "month": "2024-04" } },
            "source": "a made-up register",
            "date": "2025-03-01", "excluded": [],
            "note": { "nb": "varierer", "nn": "varierer", "en": "registration varies" },
        }])
    );
    // The last one counts.
    assert_eq!(said[0]["item"], "council");
    assert_eq!(
        (&said[0]["answer"], &said[1]["answer"]),
        (&json!("yes"), &json!("3"))
    );
    // Choices have their names.
    let title = json!({ "nb": "Verktøy", "nn": "Verktøy", "en": "Feedback tool" });
    assert_eq!(
        said[2]["choices"],
        json!([{ "choice": "tool", "title": title }])
    );
    assert_eq!(said[0]["choices"], json!([]));
    assert_eq!(said.as_array().unwrap().len(), 3);
    check_commands(&system, persons);

    submit(&system, folder.path(), "no").expect(0);
    assert_eq!(answers(&system).await, [covered, said], "nor now");
    system.close("2024-04").await;
    assert_eq!(answers(&system).await[1][0]["answer"], "no");
}

/// What is refused, and nothing of it is kept.
#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_asked_for_is_taken_and_only_from_who_may_say_it() {
    let folder = tempfile::tempdir().unwrap();
    copy(&root().join("tests/data/cohort/catalogue"), folder.path());
    add_form(folder.path());
    let system = System::builder().catalogue(folder.path()).start().await;
    let told = submit(&system, folder.path(), "maybe").expect(2).err;
    assert!(told.contains("told.toml"), "{told}");
    let file = folder.path().join("told.toml");
    for (text, expected) in [
        ("unit = \"nowhere\"\nyear = 2024\n[answers]\n", "unit"),
        ("unit = \"north-a\"\nyear = 2190\n[answers]\n", "year"),
        (
            "unit = \"north-a\"\nyear = 2024\n[answers]\ncouncil = \"yes\"\n",
            "peers",
        ),
        (
            "unit = \"north-a\"\nyear = 2024\n[answers]\ncouncil = 1\npeers = 3\n",
            "partly",
        ),
    ] {
        std::fs::write(&file, text).unwrap();
        let told = tell(&system, &file, None).expect(2).err;
        assert!(told.contains(expected), "{expected} in {told}");
    }
    std::fs::write(&file, FORM_ANSWERED).unwrap();
    let elsewhere = TokenUnits::parse(["north-b"]).unwrap();
    for (roles, units) in [
        (vec![TokenRole::ServiceManage], elsewhere),
        (
            vec![TokenRole::FeedbackSubmit, TokenRole::Admin],
            TokenUnits::All,
        ),
    ] {
        let token = system.token("somebody", &roles, units);
        let path = system.data().join("somebody.token");
        write_secret(&path, &token);
        tell(&system, &file, path.to_str()).expect(2);
    }
    tell(&system, &file, None).expect(0);
    let metrics = system.health("/metrics").await.1;
    for outcome in ["unit", "role", "taken"] {
        let labels = format!("{{kind=\"involvement\",outcome=\"{outcome}\"}} 1");
        let line = format!("ingest_submissions_total{labels}");
        assert!(metrics.contains(&line), "{line} is not in:\n{metrics}");
    }
}

const FORM_ANSWERED: &str = "unit = \"north-a\"\nyear = 2024\n[answers]\ncouncil = \"yes\"\npeers = 3\ntools = [\"tool\"]\n";

fn write_secret(path: &Path, token: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::write(path, token).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

fn submit(system: &System, dir: &Path, council: &str) -> medvirk_tests::Ran {
    let file = dir.join("told.toml");
    std::fs::write(&file, FORM_ANSWERED.replace("yes", council)).unwrap();
    tell(system, &file, None)
}

fn tell(system: &System, file: &Path, token: Option<&str>) -> medvirk_tests::Ran {
    let mut arguments = vec!["involvement", "submit", file.to_str().unwrap()];
    if let Some(token) = token {
        arguments.extend(["--token", token]);
    }
    system.try_run(&arguments)
}

async fn answers(system: &System) -> [Value; 2] {
    let mut answers = [Value::Null, Value::Null];
    for (path, answer) in PATHS.iter().zip(&mut answers) {
        let (status, body) = system.report(path).await;
        assert_eq!(status, 200, "{body}");
        *answer = serde_json::from_str(&body).unwrap();
    }
    answers
}

/// The same by the commands.
fn check_commands(system: &System, persons: u64) {
    let json = system.run(&["coverage", "--format", "json"]);
    let covered: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(covered[0]["count"], persons);
    assert_eq!(covered[0]["note"], "registration varies");
    let table = system.run(&["coverage"]);
    assert!(table.contains("registration varies"), "{table}");
    assert!(table.contains("not yet: 2024-04 is not closed"), "{table}");
    let said = system.run(&["involvement", "list", "--format", "json"]);
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said[0]["answer"], "yes");
    let table = system.run(&["involvement", "list", "--unit", "north-a", "--year", "2024"]);
    assert!(
        table.contains("yes") && table.contains("Feedback tool"),
        "{table}"
    );
    system
        .try_run(&["involvement", "list", "--unit", "nowhere"])
        .expect(2);
}

fn add_share(dir: &Path) {
    let path = dir.join("measures/cohort.outcome.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let share = "\n[[outside]]\nid = \"covered\"\nover = \"episodes\"\n\
         title = { nb = \"x\", nn = \"x\", en = \"x\" }\n";
    std::fs::write(&path, text + share).unwrap();
}

fn add_numbers(dir: &Path) {
    std::fs::create_dir(dir.join("denominators")).unwrap();
    let text = "counts = \"episodes\"\nyear = 2024\nsource = \"a made-up register\"\n\
         date = \"2025-03-01\"\n\
         note = { nb = \"varierer\", nn = \"varierer\", en = \"registration varies\" }\n\
         numbers = [\n  { organisation = \"north-a\", number = 40 },\n  \
         { organisation = \"north-b\", number = 40 },\n]\n";
    std::fs::write(dir.join("denominators/episodes-2024.toml"), text).unwrap();
}

fn add_form(dir: &Path) {
    let item = |id: &str, asks: &str| {
        format!(
            "[[items]]\nid = \"{id}\"\nasks = {asks}\ntitle = {{ nb = \"x\", nn = \"x\", en = \"x\" }}\n"
        )
    };
    let text = format!(
        "title = {{ nb = \"x\", nn = \"x\", en = \"x\" }}\n{}{}{}",
        item("council", "\"degree\""),
        item("peers", "\"count\"\nmax = 9"),
        item(
            "tools",
            "\"choices\"\nchoices = [{ id = \"tool\", title = { nb = \"Verktøy\", nn = \"Verktøy\", en = \"Feedback tool\" } }]"
        ),
    );
    std::fs::write(dir.join("involvement.toml"), text).unwrap();
}
