//! A built test program. Comes in: cargo's messages about what it has built. Goes out: programs that run
//! as `cargo test` would run them, and what failed in a run.

use std::fmt;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::test::TestEnvironment;

/// A program with tests in it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TestProgram {
    /// The package that it tests.
    pub(super) package: String,
    target: String,
    /// The folder of the package, where cargo runs it.
    folder: PathBuf,
    executable: PathBuf,
}

/// A run of a program that failed.
pub(super) struct FailedRun {
    /// The name of the program.
    pub(super) program: String,
    /// The tests that failed; none if the program ended before it could say so.
    pub(super) tests: Vec<String>,
    /// Where it is what the run printed.
    pub(super) printed: PathBuf,
}

/// What cargo says of something that it has built.
#[derive(Deserialize)]
struct CargoArtifact {
    reason: String,
    manifest_path: PathBuf,
    target: ArtifactTarget,
    profile: ArtifactProfile,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct ArtifactTarget {
    name: String,
}

#[derive(Deserialize)]
struct ArtifactProfile {
    test: bool,
}

impl TestProgram {
    /// The test programs among cargo's messages, one JSON object a line.
    pub(super) fn built(
        messages: &str,
        package_of: impl Fn(&PathBuf) -> Option<String>,
    ) -> Vec<Self> {
        let artifacts = messages
            .lines()
            .filter_map(|line| serde_json::from_str::<CargoArtifact>(line).ok());
        let tests = artifacts.filter(|it| it.reason == "compiler-artifact" && it.profile.test);
        let mut programs: Vec<Self> = tests
            .filter_map(|it| {
                Some(Self {
                    package: package_of(&it.manifest_path)?,
                    target: it.target.name,
                    folder: it.manifest_path.parent()?.to_owned(),
                    executable: it.executable?,
                })
            })
            .collect();
        programs.sort_by(|a, b| (&a.package, &a.target).cmp(&(&b.package, &b.target)));
        programs
    }

    /// Package and target, as a file may be named.
    pub(super) fn name(&self) -> String {
        format!("{}-{}", self.package, self.target)
    }

    /// True if a test has one of the names in its own.
    pub(super) fn has_test_named(&self, environment: &TestEnvironment, names: &[String]) -> bool {
        let mut command = self.command(environment);
        let listed = command.args(names).arg("--list").output();
        listed.is_ok_and(|output| lists_a_test(&String::from_utf8_lossy(&output.stdout)))
    }

    /// Runs the tests of these names, or all. What the run prints stays only if it fails.
    pub(super) fn run(
        &self,
        environment: &TestEnvironment,
        names: &[String],
        printed: &Path,
    ) -> Result<Option<FailedRun>> {
        let file = File::create(printed).context("keep what a run prints")?;
        let mut command = self.command(environment);
        command.args(names).stdin(Stdio::null());
        command.stdout(file.try_clone()?).stderr(file);
        let status = command.status();
        let status = status.with_context(|| format!("start {}", self.executable.display()))?;
        if status.success() {
            fs::remove_file(printed).context("remove what a good run printed")?;
            return Ok(None);
        }
        let text = fs::read(printed).context("read what a run printed")?;
        Ok(Some(FailedRun {
            program: self.name(),
            tests: failed_tests(&String::from_utf8_lossy(&text)),
            printed: printed.to_owned(),
        }))
    }

    fn command(&self, environment: &TestEnvironment) -> Command {
        let mut command = Command::new(&self.executable);
        command.current_dir(&self.folder);
        command.env("CARGO_MANIFEST_DIR", &self.folder);
        environment.of(&mut command);
        command
    }
}

fn lists_a_test(listed: &str) -> bool {
    listed.lines().any(|line| line.ends_with(": test"))
}

/// The names of the tests that failed, from what a test program prints.
fn failed_tests(printed: &str) -> Vec<String> {
    let of_line = |line: &str| {
        let name = line.strip_prefix("test ")?.strip_suffix(" ... FAILED")?;
        Some(name.trim_end().to_owned())
    };
    printed.lines().filter_map(of_line).collect()
}

impl fmt::Display for FailedRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tests = match &self.tests[..] {
            [] => "it ended before a test failed".to_owned(),
            tests => tests.join(", "),
        };
        let printed = self.printed.display();
        write!(f, "{}: {tests}; see {printed}", self.program)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_says_which_programs_have_tests() {
        let messages = r#"{"reason":"compiler-artifact","manifest_path":"/w/tests/Cargo.toml","target":{"name":"system"},"profile":{"test":true},"executable":"/t/system-1"}
{"reason":"compiler-artifact","manifest_path":"/w/tests/Cargo.toml","target":{"name":"sandbox"},"profile":{"test":false},"executable":null}
{"reason":"compiler-artifact","manifest_path":"/w/tests/Cargo.toml","target":{"name":"faults"},"profile":{"test":true},"executable":"/t/faults-1"}
{"reason":"compiler-artifact","manifest_path":"/elsewhere/Cargo.toml","target":{"name":"x"},"profile":{"test":true},"executable":"/t/x-1"}
{"reason":"build-finished","success":true}"#;
        let package_of = |manifest: &PathBuf| {
            manifest
                .starts_with("/w")
                .then(|| "medvirk-tests".to_owned())
        };
        let names: Vec<_> = TestProgram::built(messages, package_of)
            .iter()
            .map(|it| (it.name(), it.folder.clone()))
            .collect();
        let folder = PathBuf::from("/w/tests");
        assert_eq!(
            names,
            [
                ("medvirk-tests-faults".to_owned(), folder.clone()),
                ("medvirk-tests-system".to_owned(), folder),
            ]
        );
    }

    #[test]
    fn failed_tests_are_read_from_what_a_program_prints() {
        let printed = "running 3 tests\ntest a::one ... ok\ntest a::two ... FAILED\n\
            test three - should panic ... FAILED\n\nfailures:\n\n---- a::two stdout ----\nx\n";
        assert_eq!(failed_tests(printed), ["a::two", "three - should panic"]);
        assert!(failed_tests("Segmentation fault").is_empty());
    }

    #[test]
    fn a_program_without_a_test_of_the_name_is_told() {
        assert!(lists_a_test("a::one: test\n\n1 test, 0 benchmarks\n"));
        assert!(!lists_a_test("\n0 tests, 0 benchmarks\n"));
    }
}
