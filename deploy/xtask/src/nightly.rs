//! `cargo xtask nightly`: what takes too long for every change. Comes in: which parts, or none for all.
//! Goes out: progress, and the time and fate of each part. The invariant: a part that fails does not keep
//! the next from running.

use std::hash::{BuildHasher as _, RandomState};

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::cargo_tools::MUTANTS;
use crate::faults::{self, FaultsArguments};
use crate::steps::CommandSteps;
use crate::test::{self, TestEnvironment};
use crate::workspace::CargoWorkspace;
use crate::{rounds, shell};

/// What `cargo xtask nightly` is told.
#[derive(Args)]
pub(crate) struct NightlyArguments {
    /// Parts to run; all if none is named.
    #[arg(value_enum)]
    parts: Vec<NightlyPart>,
    /// First seed of the simulation; another one every time if it is not said.
    #[arg(long)]
    seed: Option<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum NightlyPart {
    /// Two hundred faults on `up`.
    Faults,
    /// A hundred faults on many processes, brokers and the network between them.
    Deployment,
    /// Three of everything on Kafka, each killed twice under load.
    Three,
    /// The attacker on ten times as many clinics.
    Attacker,
    /// Ten times as many schedules of aggregator and registrar, with another seed.
    Simulation,
    /// Every expression of the fold changed, one after another.
    Mutants,
    /// Benchmarks that have goals.
    Benches,
    /// TLS and SASL to Kafka.
    KafkaTls,
    /// Twenty rounds of every test that could go otherwise, beside two busy loops.
    Rounds,
}

/// Benchmarks that have goals; `benches/README.md` says which.
const BENCHES: [&str; 7] = [
    "close",
    "dashboard",
    "ingest",
    "national",
    "start",
    "submit",
    "visible",
];

/// Runs the parts, one after another.
pub(crate) fn run(workspace: &CargoWorkspace, nightly: &NightlyArguments) -> Result<()> {
    let mut steps = CommandSteps::start("nightly");
    let environment = TestEnvironment::prepare(workspace, &mut steps)?;
    let seed = nightly.seed.unwrap_or_else(another_seed);
    eprintln!("   --seed {seed} makes the same schedules");
    for part in chosen(&nightly.parts) {
        let night = NightlyRun {
            workspace,
            environment: &environment,
            seed,
        };
        steps.check(part.name(), || night.run(part));
    }
    steps.finish()
}

/// What was asked for, in the order of the list and each once.
fn chosen(asked: &[NightlyPart]) -> Vec<NightlyPart> {
    let is_chosen = |part: &NightlyPart| asked.is_empty() || asked.contains(part);
    let all = NightlyPart::value_variants().iter().copied();
    all.filter(is_chosen).collect()
}

/// A number that is another one every time.
fn another_seed() -> u32 {
    let [a, b, c, d, ..] = RandomState::new().hash_one(0).to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

impl NightlyPart {
    /// As it is written on the command line.
    const fn name(self) -> &'static str {
        match self {
            Self::Faults => "faults",
            Self::Deployment => "deployment",
            Self::Three => "three",
            Self::Attacker => "attacker",
            Self::Simulation => "simulation",
            Self::Mutants => "mutants",
            Self::Benches => "benches",
            Self::KafkaTls => "kafka-tls",
            Self::Rounds => "rounds",
        }
    }
}

/// One run of the parts.
struct NightlyRun<'a> {
    workspace: &'a CargoWorkspace,
    environment: &'a TestEnvironment,
    seed: u32,
}

impl NightlyRun<'_> {
    fn run(&self, part: NightlyPart) -> Result<()> {
        match part {
            NightlyPart::Faults => faults::run(self.workspace, &FaultsArguments::on_up(200)),
            NightlyPart::Deployment => {
                faults::run(self.workspace, &FaultsArguments::on_deployment(100))
            }
            NightlyPart::Three => faults::run(self.workspace, &FaultsArguments::on_three(500)),
            NightlyPart::Attacker => self.test(
                &["--package", "medvirk-attacker", "--test", "attacks"],
                &[("MEDVIRK_ROUNDS", "10")],
            ),
            NightlyPart::Simulation => self.test(
                &["--package", "medvirk-simulation", "--test", "schedules"],
                &[
                    ("MEDVIRK_SEED", &self.seed.to_string()),
                    ("MEDVIRK_SCHEDULES", "200000"),
                ],
            ),
            NightlyPart::Mutants => self.mutants(),
            NightlyPart::Benches => self.benches(),
            NightlyPart::KafkaTls => test::protected_kafka(self.workspace, self.environment),
            NightlyPart::Rounds => rounds::run_nightly(self.workspace, self.environment),
        }
    }

    fn test(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Result<()> {
        let mut cargo = self.workspace.cargo();
        cargo.arg("test").args(arguments);
        cargo.args(["--", "--nocapture"]);
        self.environment.of(&mut cargo);
        shell::run(cargo.envs(variables.iter().copied()))
    }

    /// `tests/mutants/README.md` explains the survivors. What cargo-mutants writes is in
    /// `target/mutants.out`.
    fn mutants(&self) -> Result<()> {
        let mut mutants = MUTANTS.command(self.workspace)?;
        mutants.args(["--package", "medvirk-domain"]);
        mutants.args(["--file", "services/domain/src/fold.rs"]);
        mutants.args(["--file", "services/domain/src/fold/**"]);
        mutants.arg("--output").arg(&self.workspace.fetched);
        mutants.arg("--cargo-arg=--test=fold");
        // A failure is enough; how small its example could be made does not matter here.
        mutants.env("PROPTEST_MAX_SHRINK_ITERS", "0");
        shell::run(&mut mutants)
    }

    fn benches(&self) -> Result<()> {
        let mut cargo = self.workspace.cargo();
        cargo.args(["bench", "--package", "medvirk-benches"]);
        for bench in BENCHES {
            cargo.args(["--bench", bench]);
        }
        shell::run(self.environment.of(&mut cargo))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_parts_run_or_those_that_are_named_in_the_order_of_the_list() {
        let names = |asked: &[NightlyPart]| -> Vec<_> {
            chosen(asked).into_iter().map(NightlyPart::name).collect()
        };
        assert_eq!(names(&[]).len(), NightlyPart::value_variants().len());
        let asked = [
            NightlyPart::Rounds,
            NightlyPart::Faults,
            NightlyPart::Rounds,
        ];
        assert_eq!(names(&asked), ["faults", "rounds"]);
    }

    #[test]
    fn a_part_is_called_in_the_summary_as_on_the_command_line() {
        for part in NightlyPart::value_variants() {
            let value = part.to_possible_value().unwrap();
            assert_eq!(part.name(), value.get_name());
        }
    }

    #[test]
    fn every_benchmark_with_a_goal_is_there() {
        let manifest = include_str!("../../../benches/Cargo.toml");
        for bench in BENCHES {
            assert!(manifest.contains(&format!("name = \"{bench}\"")), "{bench}");
        }
    }
}
