//! What an operator falls into: months without a record, another deployment's log or tables, a wrong
//! password.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use medvirk_tests::{Ran, System, medvirk};

#[tokio::test(flavor = "multi_thread")]
async fn months_without_a_record_stay_open_and_the_doctor_says_what_to_do() {
    let builder = System::builder().setting("AGGREGATOR__AUTO_CLOSE", "true");
    let system = builder.start().await;
    let told = medvirk_tests::eventually("it says that it closes nothing", || async {
        let told = system.told();
        told.contains("not closed").then_some(told)
    });
    assert!(told.await.contains("aggregator.close_empty"));
    let doctor = system.run(&["admin", "doctor"]);
    assert!(
        doctor.contains("2024-01 may be closed, and the log has no record of it"),
        "{doctor}"
    );
    assert_eq!(system.closed_until().await.as_deref(), Some(""));
    // Whoever asks for it gets it.
    system.run(&["admin", "close-period", "2024-01"]);
    assert_eq!(system.closed_until().await.as_deref(), Some("2024-01"));
}

#[tokio::test(flavor = "multi_thread")]
async fn with_close_empty_they_close() {
    let builder = System::builder()
        .setting("AGGREGATOR__AUTO_CLOSE", "true")
        .argument("--close-empty");
    let system = builder.start().await;
    let closed = || async {
        system
            .closed_until()
            .await
            .filter(|month| !month.is_empty())
    };
    medvirk_tests::eventually("months close", closed).await;
}

/// A role on an embedded log of its own, which is another deployment than that of the system.
fn report(data: &Path, password_file: &Path, system: &System) -> Ran {
    let indicators = system.addresses().unwrap()["indicators"].clone();
    let url = format!("\"http://{}\"", indicators.as_str().unwrap());
    let reader = format!(
        "{{ name = \"reader\", password_file = \"{}\" }}",
        password_file.display()
    );
    let (data, free) = (format!("\"{}\"", data.display()), "\"127.0.0.1:0\"");
    let variables = [
        ("MEDVIRK__DATA", data.as_str()),
        ("MEDVIRK__LISTEN__GRPC", free),
        ("MEDVIRK__LISTEN__HTTP", free),
        ("MEDVIRK__LISTEN__ADMIN", free),
        ("MEDVIRK__INDICATORS__URL", &url),
        ("MEDVIRK__INDICATORS__DATABASE", "\"medvirk\""),
        ("MEDVIRK__INDICATORS__READER", &reader),
    ];
    medvirk(&["report"], &variables)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_and_tables_of_another_deployment_end_with_64() {
    let system = System::builder().start().await;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let password_file = folder.path().join("reader-password");
    let write = |password: &str| {
        std::fs::write(&password_file, password).unwrap();
        let private = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(&password_file, private).unwrap();
    };
    write("wrong");
    let refused = report(&data, &password_file, &system).expect(64).err;
    assert!(refused.contains("refuses the user reader"), "{refused}");
    assert!(
        refused.contains(password_file.to_str().unwrap()),
        "{refused}"
    );

    let users = system.data().join("secrets/engine-indicators.json");
    let users: serde_json::Value = serde_json::from_slice(&std::fs::read(users).unwrap()).unwrap();
    let users = users.as_array().unwrap();
    let reader = users.iter().find(|user| user["name"] == "reader").unwrap();
    write(reader["password"].as_str().unwrap());
    let foreign = report(&data, &password_file, &system).expect(64).err;
    assert!(
        foreign.contains("belong to deployment") && foreign.contains("databases of its own"),
        "{foreign}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_one_deployment_do_not_open_the_log_of_another() {
    let (system, other) = (
        System::builder().start().await,
        System::builder().start().await,
    );
    assert!(system.told().contains("deployment "), "{}", system.told());
    assert_eq!(system.terminate().await, Some(0));
    assert_eq!(other.terminate().await, Some(0));
    let theirs = format!("\"{}\"", other.data().join("log").display());
    let data = system.data();
    let up = ["up", "--data", data.to_str().unwrap()];
    let free = "\"127.0.0.1:0\"";
    let variables = [
        ("MEDVIRK__LOG__DIR", theirs.as_str()),
        ("MEDVIRK__LISTEN__GRPC", free),
        ("MEDVIRK__LISTEN__HTTP", free),
        ("MEDVIRK__LISTEN__ADMIN", free),
        ("MEDVIRK__ENGINE__INDICATORS", free),
        ("MEDVIRK__ENGINE__REGISTRY", free),
    ];
    let told = medvirk(&up, &variables).expect(64).err;
    assert!(told.contains("the keys are those of deployment"), "{told}");
    // And nothing was begun: both start as before.
    system.start().await;
    other.start().await;
}
