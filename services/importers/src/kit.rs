//! Kit of the importers' tests: a file and a command line in, rows out.

use clap::Parser as _;
use medvirk_client::catalogue::load;
use medvirk_domain::catalogue::Catalogue;
use medvirk_proto::feedback::v1::item_response::Response;
use medvirk_proto::feedback::v1::{Form, Session};

use super::fate::{FateEnd, FateSubject};
use super::ids::SubmissionIds;
use super::known::KnownForms;
use super::plan::ImportPlan;
use super::row::{ImportedRow, ImportedRows, RowOutcome};
use super::send::judge;
use crate::arguments::ImportCommand;

/// The catalogue that the program ships.
pub(super) fn catalogue() -> Catalogue {
    load(None).expect("the shipped catalogue")
}

/// The command line of the importers alone.
#[derive(clap::Parser)]
struct ImportCommandLine {
    #[command(subcommand)]
    import: ImportCommand,
}

/// A command line, such as `openfit FILE --unit UNIT`.
pub(super) fn command(words: &str) -> ImportCommand {
    let words = ["import"].into_iter().chain(words.split(' '));
    ImportCommandLine::parse_from(words).import
}

/// What an importer makes of a file.
pub(super) fn read(words: &str, text: &str) -> anyhow::Result<ImportedRows> {
    super::read(&command(words), text.as_bytes(), &catalogue())
}

/// Why a file is refused as a whole.
pub(super) fn refusal(words: &str, text: &str) -> String {
    match read(words, text) {
        Ok(_) => panic!("it is not refused"),
        Err(why) => format!("{why:#}"),
    }
}

/// A plan under a key, where nothing was sent before.
pub(super) fn plan(rows: Vec<ImportedRow>) -> ImportPlan {
    let ids = SubmissionIds::new(b"key");
    let known = KnownForms::nothing(&ids);
    ImportPlan::new(rows, &ids, None, &std::collections::BTreeSet::new(), &known)
}

/// What would become of each row, as `--check` tells it: row, what, and how it ended, with the
/// fields of a refusal.
pub(super) fn fates(rows: Vec<ImportedRow>) -> Vec<(usize, FateSubject, String)> {
    let ImportPlan { due, settled, .. } = plan(rows);
    let mut fates = judge(due, &catalogue()).expect("judged");
    fates.extend(settled);
    fates.sort_by_key(|fate| (fate.row, fate.what));
    let told = fates.into_iter().map(|fate| {
        let end = match fate.end {
            FateEnd::WouldBeSent => "sent".to_owned(),
            FateEnd::Sent => panic!("nothing is sent"),
            FateEnd::Known(_) => "known".to_owned(),
            FateEnd::Different(_) => "different".to_owned(),
            FateEnd::Held(_) => "held back".to_owned(),
            FateEnd::Skipped(_) => "skipped".to_owned(),
            FateEnd::Open => "open".to_owned(),
            FateEnd::Refused(problems) => {
                let fields: Vec<_> = problems.into_iter().map(|it| it.field).collect();
                format!("refused: {}", fields.join(", "))
            }
        };
        (fate.row, fate.what, end)
    });
    told.collect()
}

/// The session of a row.
pub(super) fn session(row: &ImportedRow) -> &Session {
    match &row.outcome {
        RowOutcome::Session(session) => session,
        _ => panic!("the row is no session"),
    }
}

/// Fields and reasons for which a row is refused.
pub(super) fn problems(row: &ImportedRow) -> Vec<(&str, &str)> {
    match &row.outcome {
        RowOutcome::Refuse(problems) => problems
            .iter()
            .map(|it| (it.field.as_str(), it.reason.as_str()))
            .collect(),
        _ => panic!("the row is not refused"),
    }
}

/// The value of an item, if it has one.
pub(super) fn value(form: &Form, item: &str) -> Option<f64> {
    let found = form.items.iter().find(|it| it.item == item)?;
    match found.response? {
        Response::Value(value) => Some(value),
        Response::Missing(_) => None,
    }
}
