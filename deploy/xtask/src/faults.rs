//! `cargo xtask faults`: real faults, as many as wanted. Comes in: what is struck, how many faults, at
//! how many of them the disk is full, and a seed. Goes out: each fault as it strikes, and a summary.
//! The invariant: they are the same tests that the test command runs in a short form.

use anyhow::Result;
use clap::Args;

use crate::steps::CommandSteps;
use crate::workspace::CargoWorkspace;
use crate::{engine, kafka, shell, tools};

/// The test that strikes `up`: its binary and its name.
const ONE: [&str; 2] = [
    "faults",
    "what_is_acknowledged_is_there_once_whatever_happens",
];
/// The one that strikes many processes on Kafka.
const MANY: [&str; 2] = [
    "matrix",
    "what_is_acknowledged_is_there_once_whatever_breaks_where",
];

/// What `cargo xtask faults` is told.
#[derive(Args)]
pub(crate) struct FaultsArguments {
    /// How many faults there are in all: kills of `up` and of each engine, engines that stand
    /// still, and moments when the disk is full.
    #[arg(long, default_value_t = 200)]
    kills: u32,
    /// Strike many processes on Kafka, and the network between them, instead of `up`.
    #[arg(long, conflicts_with = "full")]
    deployment: bool,
    /// Brokers of that deployment.
    #[arg(long, default_value_t = 3, requires = "deployment")]
    brokers: u32,
    /// Start three of everything on Kafka and kill each twice, while so many units send; with 500
    /// of them about 100,000 submissions.
    #[arg(long, value_name = "UNITS", num_args = 0..=1, default_missing_value = "500")]
    #[arg(conflicts_with_all = ["deployment", "full"])]
    three: Option<u32>,
    /// At how many of them the disk is full; one in eight if it is not said.
    #[arg(long)]
    full: Option<u32>,
    /// Repeats the choices of a run that printed this seed.
    #[arg(long)]
    seed: Option<u64>,
}

/// Builds what it needs and runs the test.
pub(crate) fn run(workspace: &CargoWorkspace, faults: &FaultsArguments) -> Result<()> {
    let mut steps = CommandSteps::start("faults");
    steps.must("tools", || tools::require(tools::FAULTS))?;
    let library = steps.must("engine", || engine::fetch(workspace))?;
    let [binary, test] = faults.test();
    let jars = match binary {
        "matrix" => Some(steps.must("kafka", || kafka::fetch(workspace))?),
        _ => None,
    };
    let medvirk = steps.must("build", || {
        workspace.build_medvirk(&["--package", "medvirk"])
    })?;
    steps.must("faults", || {
        let mut cargo = workspace.cargo();
        cargo.args(["test", "--quiet", "--package", "medvirk-tests"]);
        cargo.args(["--test", binary, "--", "--exact", test, "--nocapture"]);
        cargo.env(engine::VARIABLE, &library);
        cargo.env("MEDVIRK_BIN", &medvirk);
        cargo.env("MEDVIRK_FAULTS", faults.kills.to_string());
        cargo.env("MEDVIRK_BROKERS", faults.brokers.to_string());
        if let Some(jars) = &jars {
            cargo.env(kafka::VARIABLE, jars);
        }
        if let Some(units) = faults.three {
            cargo.env("MEDVIRK_UNITS", units.to_string());
        }
        if let Some(full) = faults.full {
            cargo.env("MEDVIRK_FULL", full.to_string());
        }
        if let Some(seed) = faults.seed {
            cargo.env("MEDVIRK_SEED", seed.to_string());
        }
        shell::run(&mut cargo)
    })?;
    steps.finish()
}

impl FaultsArguments {
    /// So many faults on `up`.
    pub(crate) const fn on_up(kills: u32) -> Self {
        Self {
            kills,
            deployment: false,
            brokers: 3,
            three: None,
            full: None,
            seed: None,
        }
    }

    /// So many faults on many processes and three brokers.
    pub(crate) const fn on_deployment(kills: u32) -> Self {
        Self {
            deployment: true,
            ..Self::on_up(kills)
        }
    }

    /// Three of everything, each killed twice while so many units send.
    pub(crate) const fn on_three(units: u32) -> Self {
        Self {
            three: Some(units),
            ..Self::on_up(200)
        }
    }

    /// Binary and name of the test that is run.
    fn test(&self) -> [&'static str; 2] {
        if self.deployment || self.three.is_some() {
            MANY
        } else {
            ONE
        }
    }
}
