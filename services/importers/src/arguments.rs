//! The command line of the importers.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use medvirk_client::arguments::TargetSystem;

/// Where rows come from.
#[derive(Subcommand)]
pub enum ImportCommand {
    /// Sessions of an OpenFIT file: ORSQ1 to SRS_Skip
    ///
    /// Columns: patient, episode, number, date; and where the file has them: unit, respondent, age,
    /// therapist, opened, closed, ending. Words: respondent self, caretaker, other, group-member;
    /// age child, adolescent, adult or years; ending planned, unplanned, transfer.
    Openfit(OpenfitArguments),
    /// Assessments of a NORSE export: columns such as M53_Q142_1
    ///
    /// Columns: patient, episode, date; and where the file has them: version, number, unit, test,
    /// submitted, therapist, opened, closed, ending. Without numbers of sessions, assessments are
    /// counted by date, so the file must hold every one of each treatment from the first on.
    Norse(NorseArguments),
    /// Forms of a registry's dump, with its codebook
    ///
    /// Columns: patient, episode, date; unit and status where the file has them. Every other column
    /// is the variable of an item, by the same name or by --item.
    Registry(RegistryArguments),
}

/// What all of them need.
#[derive(Args)]
pub struct ImportSource {
    /// The file
    pub file: PathBuf,
    /// Unit of every row, for files without such a column
    #[arg(long)]
    pub unit: Option<String>,
    /// Header of a column, such as patient=ClientID; nothing after = if the file has none
    #[arg(long = "column", value_name = "NAME=HEADER", value_parser = pair)]
    pub columns: Vec<(String, String)>,
    /// What a word or code of the file means, such as unit:4211=fjord-poliklinikk
    #[arg(long = "word", value_name = "NAME:THEIRS=OURS", value_parser = word)]
    pub words: Vec<(String, String, String)>,
    /// How a file is encoded that is not Unicode
    #[arg(long, value_enum)]
    pub encoding: Option<FileEncoding>,
    /// Send nothing; say what would become of each row
    #[arg(long)]
    pub check: bool,
    /// Where each row's fate is written [default: FILE.import.csv; FILE.check.csv with --check]
    #[arg(long)]
    pub report: Option<PathBuf>,
    /// Send also what an earlier report says was taken; that is harmless
    #[arg(long)]
    pub again: bool,
    /// File with a key, made if absent, that makes the submission ids the same in overlapping files;
    /// beside it stands what was sent, so that another content of a known form is noticed
    /// [default: ids are the same for the same file]
    #[arg(long)]
    pub key: Option<PathBuf>,
    /// Folder of the catalogue with the instruments [default: the shipped one]
    #[arg(long)]
    pub catalogue: Option<PathBuf>,
    /// File with the token that opens and closes episodes; never the one that sends their forms
    #[arg(long)]
    pub episode_token: Option<PathBuf>,
    #[command(flatten)]
    pub target: TargetSystem,
}

#[derive(Args)]
pub struct OpenfitArguments {
    #[command(flatten)]
    pub source: ImportSource,
    /// Instrument of the outcome scale, ID or ID@VERSION [default: fit-ors; fit-cors for children]
    #[arg(long)]
    pub ors: Option<String>,
    /// Instrument of the session scale, ID or ID@VERSION [default: fit-srs; fit-csrs for children]
    #[arg(long)]
    pub srs: Option<String>,
    /// Instrument that keeps the expected course, ID or ID@VERSION [default: fit-expected]
    #[arg(long)]
    pub expected: Option<String>,
    /// Send sessions as corrections with this revision; the highest one counts
    #[arg(long, value_name = "N")]
    pub revision: Option<u32>,
}

#[derive(Args)]
pub struct NorseArguments {
    #[command(flatten)]
    pub source: ImportSource,
    /// How reversed items are coded; nothing in the values tells for sure
    #[arg(long, value_enum)]
    pub coding: CodingArgument,
    /// Import although the audit speaks against the declared coding
    #[arg(long)]
    pub accept_coding: bool,
    /// Instrument of every row, ID or ID@VERSION, for files without a column of versions
    #[arg(long)]
    pub instrument: Option<String>,
    /// Instrument of a version, such as 3.1=norse-3@1 [default: 2, 2.1 and 3, 3.1]
    #[arg(long = "version-of", value_name = "VERSION=INSTRUMENT", value_parser = pair)]
    pub versions: Vec<(String, String)>,
    /// Column of an item, such as q140.1=Q140
    #[arg(long = "item", value_name = "ITEM=HEADER", value_parser = pair)]
    pub items: Vec<(String, String)>,
    /// A scale without reversed items, whose direction is trusted
    #[arg(long, default_values = ["worry", "sadness"])]
    pub trusted: Vec<String>,
    /// Send sessions as corrections with this revision; the highest one counts
    #[arg(long, value_name = "N")]
    pub revision: Option<u32>,
}

#[derive(Args)]
pub struct RegistryArguments {
    #[command(flatten)]
    pub source: ImportSource,
    /// Whose conventions the file follows
    #[arg(long, value_enum)]
    pub dialect: RegistryDialect,
    /// Codebook: the canonical one of 23 columns, OpenQReg's own, or a sheet of the MRS one, as CSV
    #[arg(long)]
    pub codebook: PathBuf,
    /// Form in the codebook [default: the only one]
    #[arg(long)]
    pub form: Option<String>,
    /// Instrument, ID or ID@VERSION
    #[arg(long)]
    pub instrument: String,
    /// Who answered [default: the only one whom the instrument allows]
    #[arg(long)]
    pub respondent: Option<String>,
    /// Variable of an item, such as satisfaction=eval_utbytte
    #[arg(long = "item", value_name = "ITEM=VARIABLE", value_parser = pair)]
    pub items: Vec<(String, String)>,
    /// Send forms as corrections with this revision; of one unit, episode and day the highest counts
    #[arg(long, value_name = "N")]
    pub revision: Option<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FileEncoding {
    /// Of older Windows programs
    #[value(name = "windows-1252")]
    Windows1252,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CodingArgument {
    /// As the respondent marked them: a high value agrees
    Agreement,
    /// Reversed already: a high value is always the worse one
    HigherIsWorse,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RegistryDialect {
    /// OpenQReg: YYYY-MM-DD, 1 and 0, forms of status 1
    Openqreg,
    /// MRS: DD.MM.YYYY, -1/0/1 or False/True, a nameless last column
    Mrs,
}

impl ImportCommand {
    /// What all of them need.
    pub fn source(&self) -> &ImportSource {
        match self {
            Self::Openfit(args) => &args.source,
            Self::Norse(args) => &args.source,
            Self::Registry(args) => &args.source,
        }
    }

    /// The revision of corrections, if what is sent is one.
    pub fn revision(&self) -> Option<u32> {
        match self {
            Self::Openfit(args) => args.revision,
            Self::Norse(args) => args.revision,
            Self::Registry(args) => args.revision,
        }
    }
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("must have a =")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

fn word(text: &str) -> Result<(String, String, String), String> {
    let (name, rest) = text.split_once(':').ok_or("must be NAME:THEIRS=OURS")?;
    let (theirs, ours) = pair(rest)?;
    Ok((name.trim().to_owned(), theirs, ours))
}
