//! `cargo xtask test`: everything that the tests need, then all tests. Comes in: a machine with what the
//! README names. Goes out: a verdict, and for other commands the surroundings that tests run in.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::steps::CommandSteps;
use crate::workspace::CargoWorkspace;
use crate::{engine, fhir, kafka, mutants, page, python, shell, tools};

/// What tests find by the variables of their environment.
pub(crate) struct TestEnvironment(Vec<(&'static str, PathBuf)>);

impl TestEnvironment {
    /// Fetches what tests need, and builds the programs that whole-system tests start.
    pub(crate) fn prepare(workspace: &CargoWorkspace, steps: &mut CommandSteps) -> Result<Self> {
        steps.must("tools", || tools::require(tools::ALL))?;
        let library = steps.must("engine", || engine::fetch(workspace))?;
        let python = steps.must("python", || python::fetch(workspace))?;
        let kafka = steps.must("kafka", || kafka::fetch(workspace))?;
        let fhir = steps.must("fhir schema", || fhir::fetch(workspace))?;
        steps.must("page", || page::build(workspace))?;
        // Also where it was built before: the tests drive a browser with what else is in its folder.
        steps.must("page's tools", || page::fetch(workspace))?;
        let medvirk = steps.must("build", || {
            workspace.build_medvirk(&["--workspace", "--bins"])
        })?;
        Ok(Self(vec![
            (engine::VARIABLE, library),
            (python::VARIABLE, python),
            (kafka::VARIABLE, kafka),
            (fhir::VARIABLE, fhir),
            ("MEDVIRK_BIN", medvirk),
        ]))
    }

    /// Gives a program these surroundings.
    pub(crate) fn of<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.envs(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// Runs all tests, or those that the arguments say.
pub(crate) fn run(workspace: &CargoWorkspace, arguments: &[String]) -> Result<()> {
    let mut steps = CommandSteps::start("test");
    let environment = TestEnvironment::prepare(workspace, &mut steps)?;
    steps.must("cargo test", || {
        let mut cargo = workspace.cargo();
        cargo.args(["test", "--workspace"]).args(arguments);
        shell::run(environment.of(&mut cargo))
    })?;
    if arguments.is_empty() {
        steps.must("mutants", || mutants::run(workspace))?;
        steps.must("kafka-tls", || protected_kafka(workspace, &environment))?;
    }
    steps.finish()
}

/// The tests of TLS and SASL to Kafka. A build of its own: it links libraries of the machine.
pub(crate) fn protected_kafka(
    workspace: &CargoWorkspace,
    environment: &TestEnvironment,
) -> Result<()> {
    let mut cargo = workspace.cargo();
    cargo.args(["test", "--workspace", "--test", "kafka"]);
    cargo.args(["--features", "medvirk-eventlog/kafka-tls"]);
    cargo.args(["--", "protected"]);
    shell::run(environment.of(&mut cargo))
}
