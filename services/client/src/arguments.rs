//! What the commands of this crate take on the command line.

mod target;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

pub use target::{RoleAddress, ServiceRole};

/// Which running system a client command talks to.
#[derive(Args)]
pub struct TargetSystem {
    /// gRPC address, such as http://127.0.0.1:50051 [default: that of the local `up`]
    ///
    /// Where roles have addresses of their own, one for each that the command talks to: ingest=URL,
    /// aggregate=URL, registrar=URL, report=URL, extract=URL. `submit` and `import` talk to ingest,
    /// `simulate` to ingest and aggregate, `admin` to aggregate.
    #[arg(long, value_name = "URL|ROLE=URL")]
    pub target: Vec<RoleAddress>,
    /// Data folder of the local `up`, for its address and tokens
    #[arg(long, default_value = "./medvirk-data")]
    pub data: PathBuf,
    /// File with the bearer token [default: from the local `up`]
    #[arg(long)]
    pub token: Option<PathBuf>,
}

#[derive(Args)]
pub struct SubmitArguments {
    /// One protobuf-JSON `Submission` a line; `-` is standard input
    #[arg(required_unless_present = "example")]
    pub file: Option<PathBuf>,
    /// Print lines as an example, and send nothing
    #[arg(long)]
    pub example: bool,
    /// Folder of the catalogue that says which units have one device [default: the shipped one]
    #[arg(long)]
    pub catalogue: Option<PathBuf>,
    #[command(flatten)]
    pub target: TargetSystem,
}

#[derive(Subcommand)]
pub enum CatalogueCommand {
    /// List what a catalogue has
    List {
        /// Folder of a catalogue [default: the shipped one]
        dir: Option<PathBuf>,
    },
    /// Show one instrument, measure or indicator
    Show {
        /// Its id; an indicator is MEASURE/INDICATOR
        id: String,
        /// Folder of a catalogue [default: the shipped one]
        #[arg(long)]
        dir: Option<PathBuf>,
    },
    /// Check a catalogue and say file, line and reason of everything that is wrong
    Check {
        /// Folder of a catalogue [default: the shipped one]
        dir: Option<PathBuf>,
    },
}

#[derive(Args)]
pub struct IndicatorsArguments {
    /// Only this measure
    #[arg(long)]
    pub measure: Option<String>,
    /// Only this indicator
    #[arg(long)]
    pub indicator: Option<String>,
    /// Only this organisation
    #[arg(long)]
    pub org: Option<String>,
    /// First month, YYYY-MM
    #[arg(long)]
    pub from: Option<String>,
    /// Last month, YYYY-MM
    #[arg(long)]
    pub to: Option<String>,
    /// How rows are put together in time
    #[arg(long, value_enum, default_value_t = PeriodArgument::Row)]
    pub period: PeriodArgument,
    /// In the table, also what cannot be shown, with the reason; CSV and JSON always have it
    #[arg(long)]
    pub all: bool,
    /// How to show them
    #[arg(long, value_enum, default_value_t = FormatArgument::Table)]
    pub format: FormatArgument,
    #[command(flatten)]
    pub target: TargetSystem,
}

#[derive(Args)]
pub struct CoverageArguments {
    /// CSV: organisation, year, counts (episodes, discharges or patients), number, source, date,
    /// note; all are required. Without a file: the numbers of the catalogue in force
    pub file: Option<PathBuf>,
    /// Only this measure
    #[arg(long)]
    pub measure: Option<String>,
    /// How to show it
    #[arg(long, value_enum, default_value_t = FormatArgument::Table)]
    pub format: FormatArgument,
    #[command(flatten)]
    pub target: TargetSystem,
}

#[derive(Subcommand)]
pub enum InvolvementCommand {
    /// Send the form of a unit and year; the last one counts, and is shown from a later close on
    Submit {
        /// TOML: unit, year, and a table `answers` of item to "no", "partly" or "yes", a number, or
        /// a list of choices
        file: PathBuf,
        #[command(flatten)]
        target: TargetSystem,
    },
    /// Show what units have said
    List {
        /// Only this unit
        #[arg(long)]
        unit: Option<String>,
        /// Only this year
        #[arg(long)]
        year: Option<u32>,
        /// How to show it
        #[arg(long, value_enum, default_value_t = FormatArgument::Table)]
        format: FormatArgument,
        #[command(flatten)]
        target: TargetSystem,
    },
}

/// A pull that is cut short goes on where it was when the same command is given again.
#[derive(Args)]
pub struct PullArguments {
    /// Name of the dataset
    #[arg(required_unless_present = "list")]
    pub dataset: Option<String>,
    /// Folder to write the file and its manifest into
    #[arg(long, required_unless_present = "list")]
    pub out: Option<PathBuf>,
    /// What it is for; goes into the audit log and the manifest
    #[arg(long, required_unless_present = "list")]
    pub purpose: Option<String>,
    /// One of its formats [default: its first]
    #[arg(long)]
    pub format: Option<String>,
    /// First month, YYYY-MM
    #[arg(long)]
    pub from: Option<String>,
    /// Last month, YYYY-MM
    #[arg(long)]
    pub to: Option<String>,
    /// Months, age bands and regions instead of days, ages and units where fewer than five persons
    /// are alike; of forms and of the codebook
    #[arg(long)]
    pub coarse: bool,
    /// Throw away what a pull that was cut short has left, and begin anew
    #[arg(long)]
    pub fresh: bool,
    /// List the datasets and their formats
    #[arg(long)]
    pub list: bool,
    #[command(flatten)]
    pub target: TargetSystem,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum PeriodArgument {
    /// Each row by itself
    Row,
    /// All rows in the asked span
    Span,
    /// All rows in each calendar year
    Year,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum FormatArgument {
    /// For people
    Table,
    /// With a header line
    Csv,
    /// An array of objects
    Json,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AnswerFormat {
    /// For people
    Text,
    /// One object
    Json,
}

/// A language that people are written to in.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LetterLanguage {
    /// Norwegian Bokmål
    Nb,
    /// Norwegian Nynorsk
    Nn,
    /// English
    En,
}

#[derive(Subcommand)]
pub enum AdminCommand {
    /// Put a catalogue in force
    #[command(subcommand)]
    Catalogue(AdminCatalogue),
    /// Close a month, after those before it
    ClosePeriod {
        /// YYYY-MM, at least five days past
        month: String,
        #[command(flatten)]
        target: TargetSystem,
    },
    /// Look at what could not be folded, or send it in again
    #[command(subcommand)]
    DeadLetter(DeadLetterCommand),
    /// Erase a patient or a survey code, and wait until it is done
    ///
    /// Prints a receipt, with which `admin withdrawal` asks again. Ends with 75 if it takes longer
    /// than ten minutes; it goes on by itself. Ends with 2, and writes nothing, if nobody is known by
    /// the reference: as given, in NFC, in NFD, and without outer white space.
    Withdraw {
        /// File with the clinic's own reference to the patient; `-` is standard input
        #[arg(long, conflicts_with = "code", requires = "trust")]
        patient: Option<PathBuf>,
        /// Id of the trust whose reference it is
        #[arg(long)]
        trust: Option<String>,
        /// File with a survey code; `-` is standard input
        #[arg(long)]
        code: Option<PathBuf>,
        /// Only the register's forms
        #[arg(long)]
        registry_only: bool,
        /// Withdraw also if nothing is known: a tablet may still hold something, which is then erased
        /// when it comes
        #[arg(long)]
        even_if_unknown: bool,
        /// Print the receipt and do not wait
        #[arg(long)]
        no_wait: bool,
        /// How to say it
        #[arg(long, value_enum, default_value_t = AnswerFormat::Text)]
        format: AnswerFormat,
        #[command(flatten)]
        target: TargetSystem,
    },
    /// Say how far a withdrawal has come
    ///
    /// Ends with 0 if it is carried out, 75 if it is not yet.
    Withdrawal {
        /// As `admin withdraw` printed it
        receipt: String,
        /// Print the letter that confirms it, in this language, once it is carried out
        #[arg(long, value_enum)]
        letter: Option<LetterLanguage>,
        /// How to say it
        #[arg(long, value_enum, default_value_t = AnswerFormat::Text)]
        format: AnswerFormat,
        #[command(flatten)]
        target: TargetSystem,
    },
    /// Let a patient who withdrew take part again
    Renew {
        /// File with the clinic's own reference to the patient; `-` is standard input
        #[arg(long)]
        patient: PathBuf,
        /// Id of the trust whose reference it is
        #[arg(long)]
        trust: String,
        #[command(flatten)]
        target: TargetSystem,
    },
    /// Build the indicator tables anew from the ledger
    RebuildIndicators {
        #[command(flatten)]
        target: TargetSystem,
    },
    /// Make a development token and print it
    Token(TokenArguments),
    /// Compare log, ledger and tables, and say what was found; changes nothing
    ///
    /// Ends with 0 if all agrees, 70 if a promise is broken, 75 if something could not be looked at.
    Doctor {
        /// How to say it
        #[arg(long, value_enum, default_value_t = AnswerFormat::Text)]
        format: AnswerFormat,
        #[command(flatten)]
        target: TargetSystem,
    },
}

#[derive(Subcommand)]
pub enum AdminCatalogue {
    /// Check a catalogue and put it in force from a month that is not closed
    Activate {
        /// Folder of the catalogue
        dir: PathBuf,
        /// First month, YYYY-MM
        #[arg(long)]
        from: String,
        #[command(flatten)]
        target: TargetSystem,
    },
}

#[derive(Subcommand)]
pub enum DeadLetterCommand {
    /// One line each
    List {
        #[command(flatten)]
        target: TargetSystem,
    },
    /// One of them, without its content
    Show {
        /// Its number in the list
        id: u64,
        #[command(flatten)]
        target: TargetSystem,
    },
    /// Send them in again
    Replay {
        /// Their numbers [default: all]
        ids: Vec<u64>,
        #[command(flatten)]
        target: TargetSystem,
    },
}

#[derive(Args)]
pub struct TokenArguments {
    /// Data folder of the local `up`, whose key signs the token
    #[arg(long, default_value = "./medvirk-data")]
    pub data: PathBuf,
    /// The credential: one device or one person
    #[arg(long)]
    pub subject: String,
    /// Such as feedback.submit; may be given several times
    #[arg(long = "role", required = true)]
    pub roles: Vec<String>,
    /// Id of a unit; may be given several times [default: every unit]
    #[arg(long = "unit")]
    pub units: Vec<String>,
    /// Folder of the catalogue that has the units [default: the one in force, of the running system]
    #[arg(long)]
    pub catalogue: Option<PathBuf>,
    /// Days until it expires
    #[arg(long, default_value_t = 90)]
    pub days: u32,
}
