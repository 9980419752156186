//! The worked example of `services/domain`: from nothing to a figure, by the commands of its page.

use std::path::Path;
use std::process::Command;

use medvirk_tests::{System, binary, root};

/// The lines of the page's commands.
fn commands(page: &str) -> Vec<String> {
    let blocks = page.split("```sh\n").skip(1);
    let blocks = blocks.map(|rest| rest.split("```").next().unwrap());
    let lines = blocks.flat_map(str::lines);
    lines.map(str::to_owned).collect()
}

/// Everything of a folder.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (path, copied) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &copied);
        } else {
            std::fs::copy(&path, &copied).unwrap();
        }
    }
}

/// Runs a line as a shell does, in the folder of the example and with the data of the system.
fn run(line: &str, folder: &Path, data: &Path) -> String {
    let program = binary();
    let needs_data = !line.starts_with("medvirk catalogue") && line.starts_with("medvirk");
    let at = match (needs_data, line.split_once(" > ")) {
        (false, _) => line.to_owned(),
        (true, None) => format!("{line} --data \"$DATA\""),
        (true, Some((command, file))) => format!("{command} --data \"$DATA\" > {file}"),
    };
    let output = Command::new("sh")
        .args([
            "-euc",
            &format!("umask 077\nmedvirk() {{ \"$PROGRAM\" \"$@\"; }}\n{at}"),
        ])
        .env("PROGRAM", program)
        .env("DATA", data)
        .current_dir(folder)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{line}: {told}");
    String::from_utf8(output.stdout).unwrap() + &told
}

#[tokio::test(flavor = "multi_thread")]
async fn the_worked_example_leads_to_a_figure_by_the_commands_of_its_page() {
    let example = root().join("services/domain/worked-example");
    let page = std::fs::read_to_string(example.with_extension("md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    copy(&example, folder.path());
    let settings = std::fs::read_to_string(example.join("up.toml")).unwrap();
    for setting in [
        "first_month = \"2026-01\"",
        "catalogue = \"./catalogue\"",
        "auto_close = false",
    ] {
        assert!(settings.contains(setting), "{setting}");
    }
    let (before, after) = page.split_once("medvirk up --config up.toml\n").unwrap();
    let system = System::builder()
        .first_month("2026-01")
        .catalogue(folder.path().join("catalogue"));
    let system = system.prepare();
    for line in commands(before).iter().filter(|it| !it.is_empty()) {
        run(line, folder.path(), &system.data());
    }
    system.start().await;
    let mut figures = String::new();
    for line in commands(after) {
        let told = run(&line, folder.path(), &system.data());
        if line.starts_with("medvirk submit") {
            system.settled().await;
        }
        if line.starts_with("medvirk indicators") {
            figures = told;
        }
    }
    assert!(
        figures.contains("havn-poliklinikk") || figures.contains("Havn"),
        "{figures}"
    );
    let of = |name: &str| std::fs::read_to_string(find(folder.path(), name)).unwrap();
    let forms = of("feedback_trivsel.csv");
    assert_eq!(forms.lines().count(), 7, "{forms}");
    assert_eq!(forms.matches(";not-applicable").count(), 1);
    let header = forms.lines().next().unwrap();
    let codebook = of("codebook.csv");
    for column in header.split(';') {
        assert!(
            codebook.contains(&format!("feedback_trivsel;Trivsel (samtaler);;;{column};")),
            "{column}"
        );
    }
    let shown = system.indicators(&["--measure", "trivsel.tilstand"]);
    let mean = shown
        .iter()
        .find(|it| it["organisation"] == "havn-poliklinikk");
    let mean = mean.unwrap();
    assert_eq!((&mean["persons"], &mean["value"]), (&6.into(), &9.0.into()));
}

/// The file of that name, in whatever folder below.
fn find(folder: &Path, name: &str) -> std::path::PathBuf {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|it| it == name) {
                return path;
            }
        }
    }
    panic!("there is no {name}");
}
