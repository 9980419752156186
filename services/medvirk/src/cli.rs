//! The command line: what can be said, and nothing of what it does.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use medvirk_client::arguments::{
    AdminCommand, CatalogueCommand, CoverageArguments, IndicatorsArguments, InvolvementCommand,
    PullArguments, SubmitArguments,
};
use medvirk_importers::ImportCommand;
use medvirk_simulator::SimulateArguments;

/// Measures what patients say about their treatment and gives it back.
#[derive(Parser)]
#[command(version, about, arg_required_else_help = true)]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    pub(crate) command: MedvirkCommand,
}

#[derive(Subcommand)]
pub(crate) enum MedvirkCommand {
    /// Run every role in this process, on embedded storage
    Up(UpArguments),
    /// Run the ingest role: tablets to the log, by gRPC and FHIR on one port
    Ingest(RoleArguments),
    /// Run the aggregator: the log to the ledger and the indicators
    Aggregate(AggregateArguments),
    /// Run the registrar: the log to the registry, erasure, the patient's own curve
    Registrar(RoleArguments),
    /// Run the report: indicators over gRPC and HTTP
    Report(RoleArguments),
    /// Run the extracts: datasets for registry teams
    Extract(RoleArguments),
    /// Run the embedded ClickHouse engine; `up` starts two of these
    Engine(EngineArguments),
    /// Send submissions from a file, one protobuf-JSON `Submission` a line
    Submit(SubmitArguments),
    /// Send what other systems exported: OpenFIT, NORSE, registry dumps
    #[command(subcommand)]
    Import(ImportCommand),
    /// Send what simulated clinics would send
    Simulate(SimulateArguments),
    /// Look at instruments, measures, indicators and organisations, or check a catalogue
    #[command(subcommand)]
    Catalogue(CatalogueCommand),
    /// Show indicators
    Indicators(IndicatorsArguments),
    /// Take a dataset: codebooks, indicators, the register's forms
    Pull(PullArguments),
    /// Show coverage: how many of all episodes, discharges or patients are in the indicators
    Coverage(CoverageArguments),
    /// Send or list the yearly form on patient involvement in a unit
    #[command(subcommand)]
    Involvement(InvolvementCommand),
    /// Run the system
    #[command(subcommand)]
    Admin(AdminSubcommand),
}

/// How every role but the engine is configured.
#[derive(Args)]
pub(crate) struct RoleArguments {
    /// Configuration file; without it, the defaults and MEDVIRK__SECTION__KEY variables
    #[arg(long)]
    pub(crate) config: Option<PathBuf>,
}

/// How the aggregator is configured.
#[derive(Args)]
pub(crate) struct AggregateArguments {
    #[command(flatten)]
    pub(crate) role: RoleArguments,
    #[command(flatten)]
    pub(crate) closing: ClosingArguments,
}

/// How months are closed.
#[derive(Args)]
pub(crate) struct ClosingArguments {
    /// Close also months of which there is no record, for ever empty, as aggregator.close_empty does
    #[arg(long)]
    pub(crate) close_empty: bool,
}

#[derive(Args)]
pub(crate) struct UpArguments {
    /// Where everything is kept [default: ./medvirk-data]
    #[arg(long)]
    pub(crate) data: Option<PathBuf>,
    /// Configuration file
    #[arg(long)]
    pub(crate) config: Option<PathBuf>,
    /// Simulate two years of clinics through the public interface, then go on live
    #[arg(long)]
    pub(crate) demo: bool,
    #[command(flatten)]
    pub(crate) closing: ClosingArguments,
}

#[derive(Args)]
pub(crate) struct EngineArguments {
    /// Where the tables are kept
    #[arg(long)]
    pub(crate) data: PathBuf,
    /// A loopback address; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:8123")]
    pub(crate) listen: SocketAddr,
    /// JSON file with a writer and a reader, made if absent [default: users.json in the data]
    #[arg(long)]
    pub(crate) users: Option<PathBuf>,
    /// Name of the database
    #[arg(long, default_value = "medvirk")]
    pub(crate) database: String,
    /// The engine's library, libchdb.so [default: MEDVIRK_CHDB, or where `cargo xtask engine` puts it]
    #[arg(long)]
    pub(crate) library: Option<PathBuf>,
    /// Stop when standard input closes, so that it never outlives the process that started it
    #[arg(long)]
    pub(crate) with_parent: bool,
}

#[derive(Subcommand)]
pub(crate) enum AdminSubcommand {
    /// Bring the tables of the configured databases up to this version
    ///
    /// With an `administrator` in the configuration it also makes the users of the roles, and
    /// grants them what they need.
    Migrate(RoleArguments),
    /// Create the topics of the configured log, check their settings, and show what they hold
    Topics(RoleArguments),
    #[command(flatten)]
    Client(AdminCommand),
}
